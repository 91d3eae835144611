"""Where the work lies: from the names of all entries of a folder or an archive to names in the submission.

What the release names is taken first, wherever it lies and whatever a browser has called it, if only one file fits.
This module reads names, sizes and times, never contents. See ``names`` for recognising a name, and ``submission`` for
copying.
"""

import re
import sysconfig
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from .archive import ENCRYPTED, UNSUPPORTED, is_archive
from .entries import MAX_ENTRIES, Entry, Unreadable
from .formats import THEMSELVES
from .names import Expected, Fit, Known, fold, folders_above, is_named, name_fault, path_fault, printable, suffix_of
from .rules import CODE, DATA, Rules

MAX_FILES = 400
"""Files of a submission besides those that the release names."""
MAX_TOTAL = 512 * 2**20
"""Bytes of all files that are taken."""
MAX_DEPTH = 6
"""Folders in a name of the submission."""
MAX_ABOVE = 4
"""Folders in which the work may be packed."""
SAME_TIME = 2.0
"""Seconds by which the times of two files differ if one is newer: a zip counts in steps of two seconds."""
MOST_SAID = 8
"""Names in one sentence."""
FEW = 10
"""Files of one folder that are left out for one reason and still listed one by one."""
CURES = {
    ENCRYPTED: "pack them without a password",
    UNSUPPORTED: "pack them with the usual method of zip (Deflate)",
}
"""What to do about files of an archive that cannot be read."""
UNIMPORTANT = {".ini", ".toml", ".cfg", ".txt", ".md", ".sh", ".png", ".jpg", ".json", ".csv", ".html"}
"""Files that are left out without a message: honest folders hold them, and grading does not need them."""
LITTER = {"thumbs.db", "desktop.ini", "pyvenv.cfg"}
"""Files of operating systems and tools, also left out without a message, as are files whose names begin with a dot."""
LIBRARIES = {".so", ".pyd"}
COMPILED = {".c", *LIBRARIES}
OWN = str(sysconfig.get_config_var("EXT_SUFFIX"))
"""The end of the name of a library that this Python can load."""
TOGETHER = 60.0
"""Seconds: files that are so near in time may have been copied one after the other."""
ENVIRONMENT = {"bin", "conda-meta", "etc", "include", "lib", "lib64", "scripts", "share"}
"""Folders of a virtual environment, in lower case. Work may lie beside them."""
INSTALLED = re.compile(r"(?:(.*)/)?lib(?:64)?(?:/python\d[\d.]*t?)?/site-packages$", re.IGNORECASE)


class Nothing(Unreadable):
    """There is nothing to grade among the entries. A folder or an archive may hold an archive with the work instead."""


@dataclass(frozen=True)
class Layout:
    """What becomes of the entries of a submission.

    Attributes
    ----------
    targets : dict
        The number of each entry to take, counted from 0, and its name in the submission. Entries that the release names
        come first.
    notes : tuple of str
        Sentences about what was recognised, joined and missing.
    left_out : tuple of str
        Names of left-out files and folders, each with the reason.
    """

    targets: Mapping[int, str]
    notes: tuple[str, ...]
    left_out: tuple[str, ...]


def lay_out(entries: Sequence[Entry], rules: Rules) -> Layout:
    """Decide for each entry whether it is taken, and under which name.

    Parameters
    ----------
    entries : sequence of Entry
        All entries of a folder or an archive. If several have the same name, the first one counts.
    rules : Rules

    Raises
    ------
    Nothing
        If no package, no module, no notebook and no model is among them.
    Unreadable
        If several packages are among them, and nothing tells which one is the work.
    """
    return _Layout(entries, rules).result()


class Environments:
    """The folders of virtual environments, whatever their names are, among the entries that were added."""

    def __init__(self) -> None:
        self._roots: set[str] = set()

    def add(self, name: str) -> None:
        """Add the name of a file or folder, with slashes."""
        folder, _, last = name.rpartition("/")
        if last in ("pyvenv.cfg", "conda-meta"):
            self._roots.add(folder)
        elif last == "site-packages" and (found := INSTALLED.match(name)):
            self._roots.add(found[1] or "")

    def __contains__(self, folder: str) -> bool:
        """Tell whether a folder belongs to an environment. Work may lie in other folders beside it."""
        above, _, last = folder.rpartition("/")
        return last.lower() in ENVIRONMENT and above in self._roots


@dataclass(frozen=True)
class _File:
    """A plain file outside the skipped folders, and what its name may stand for."""

    number: int
    name: str
    size: int
    time: float | None
    suffix: str
    known: tuple[Known, ...]

    @property
    def folder(self) -> str:
        return self.name.rpartition("/")[0]

    @property
    def last(self) -> str:
        return self.name.rpartition("/")[2]

    def fit(self, name: str) -> Fit | None:
        """Return how well the file's name fits an expected one, or None."""
        return next((one.fit for one in self.known if one.name == name), None)


@dataclass
class _Layout:
    """The steps from entries to a `Layout`."""

    entries: Sequence[Entry]
    rules: Rules
    _files: list[_File] = field(default_factory=list)
    _fitting: dict[str, list[_File]] = field(default_factory=dict)
    _targets: dict[int, str] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)
    _left: dict[str, list[str]] = field(default_factory=dict)
    _skipped: dict[tuple[str, str], int] = field(default_factory=dict)
    _kept_out: dict[int, str] = field(default_factory=dict)
    _used: dict[str, bool] = field(default_factory=dict)
    _environments: Environments = field(default_factory=Environments)
    _total: int = 0
    _unread: set[str] = field(default_factory=set)
    _aside: list[str] = field(default_factory=list)

    def result(self) -> Layout:
        self._sort()
        package = self._package()
        modules = self._modules(package)
        notebooks = self._notebooks(package)
        models = self._models(package, notebooks)
        chosen = {**modules, **notebooks, **models}
        if chosen or package is not None:
            root = self._root(package, chosen)
            self._say_unknown(notebooks)
        else:
            root = _common([file.folder for file in self._any_notebooks()])
        if self._aside:
            self._notes.append(f"Not judged, because a file elsewhere counts: {_listed(self._aside)}.")
        self._say_missing(package, modules)
        for target, file in chosen.items():
            self._take(file, target, of_release=True)
        self._take_others(root, package, modules)
        self._say_built()
        return Layout(self._targets, tuple(self._notes), tuple(self._lines()))

    def _sort(self) -> None:
        """Sort the entries into skipped folders, faulty names and files."""
        expected = Expected((*self.rules.notebooks, *self.rules.modules, *self.rules.models))
        names = [_slashed(entry.name) for entry in self.entries]
        for name in names:
            self._environments.add(name)
            if (at := name.find("/site-packages/")) >= 0:
                self._environments.add(name[:at] + "/site-packages")
        folders: dict[str, tuple[str, str] | None] = {}
        seen: set[str] = set()
        for number, (entry, name) in enumerate(zip(self.entries, names, strict=True)):
            folder = name if entry.is_folder else name.rpartition("/")[0]
            if folder not in folders:
                folders[folder] = self._skipped_in(folder)
            if (skipped := folders[folder]) is not None:
                self._skipped[skipped] = self._skipped.get(skipped, 0) + self._is_worth_counting(
                    entry, name, skipped[1]
                )
            elif fault := path_fault(name):
                self._leave_out(name, fault)
            elif folder.count("/") + 1 > MAX_DEPTH + MAX_ABOVE:
                self._leave_out("/".join(folder.split("/", MAX_DEPTH + 1)[: MAX_DEPTH + 1]), "nested too deeply")
            elif entry.trouble:
                self._unread.add(entry.trouble)
                self._leave_out(name, entry.trouble)
            elif entry.is_folder:
                continue
            elif name in seen:
                self._leave_out(name, "an earlier file has the same name")
            else:
                seen.add(name)
                last = name.rpartition("/")[2]
                known = () if last.startswith("._") else expected.known(last)
                self._files.append(_File(number, name, entry.size, entry.time, suffix_of(name), known))
                for one in known:
                    self._fitting.setdefault(one.name, []).append(self._files[-1])

    def _is_worth_counting(self, entry: Entry, name: str, holds: str) -> bool:
        """Tell whether a file in a skipped folder counts there: the course's tools, which lie beside data, do not."""
        return not entry.is_folder and not (holds == DATA and suffix_of(name) in (*CODE, *UNIMPORTANT, ".pyc"))

    def _skipped_in(self, folder: str) -> tuple[str, str] | None:
        """Return the outermost skipped folder of a name and what it holds, or None."""
        parts = folder.split("/", MAX_DEPTH + MAX_ABOVE + 1)[: MAX_DEPTH + MAX_ABOVE + 1] if folder else []
        for number, part in enumerate(parts, start=1):
            here = "/".join(parts[:number])
            if here in self._environments:
                return "/".join(parts[: number - 1]) or here, "a virtual environment"
            if (holds := self.rules.holds(part)) is not None:
                return here, holds
        return None

    def _package(self) -> str | None:
        """Return the folder of the package, or None if there is none.

        Raises
        ------
        Unreadable
            If there are several.
        """
        fits: dict[str, Fit] = {}
        within: set[str] = set()
        modules = set(map(_inner, self.rules.modules))
        named: dict[str, Fit | None] = {}
        for file in self._files:
            if file.suffix not in CODE:
                continue
            for folder in folders_above(file.name):
                last = folder.rpartition("/")[2]
                if last not in named:
                    named[last] = is_named(last, self.rules.package)
                if (fit := named[last]) is not None:
                    fits[folder] = fit
                    if file.name[len(folder) + 1 :] in modules:
                        within.add(folder)
        candidates = within or set(fits)
        found = [one for one in sorted(candidates) if not any(above in candidates for above in folders_above(one))]
        if len(found) > 1:
            found = self._one_of(found, fits)
        if not found:
            return None
        if len(found) > 1:
            names = ", ".join(printable(one.rpartition("/")[0] or one) for one in found[:5])
            raise Unreadable(f"holds several {self.rules.package} packages ({names}): hand in one of them")
        (folder,) = found
        if fits[folder] is not Fit.EXACT:
            self._notes.append(f"The folder {printable(folder)} was taken as the package {self.rules.package}.")
        return folder

    def _one_of(self, found: list[str], fits: Mapping[str, Fit]) -> list[str]:
        """Return the only package that is likely to be the work, or all of them."""
        exact = [one for one in found if fits[one] is Fit.EXACT]
        if {_above(one) for one in exact} == {_above(one) for one in found}:
            found = _say_others(self._notes, exact, found)
        outermost = _outermost([_above(one) for one in found])
        outer = [one for one in found if _above(one) == outermost]
        notebooks = {file.folder for file in self._files if self._is_notebook(file)}
        beside = [one for one in found if _above(one) in notebooks]
        for likely in (outer, beside):
            if len(found) > 1 and len(likely) == 1:
                return _say_others(self._notes, likely, found)
        return found

    def _is_notebook(self, file: _File) -> bool:
        return any(one.name in self.rules.notebooks and one.fit < Fit.ADORNED for one in file.known)

    def _modules(self, package: str | None) -> dict[str, _File]:
        """Return the files that are the package's modules, by their expected names."""
        chosen: dict[str, _File] = {}
        loose: list[str] = []
        lasts = Counter(PurePosixPath(name).name for name in self.rules.modules)
        for name in self.rules.modules:
            inner = _inner(name)
            fitting = self._fitting.get(name, [])
            place = None if package is None else _joined(package, _above(inner))
            inside = [file for file in fitting if file.folder == place and file.fit(name) is not Fit.ADORNED]
            exact = [file for file in inside if file.last == PurePosixPath(name).name]
            if exact:  # Python would not import a module whose name differs in case
                inside = [file for file in inside if file in exact or not _differs_in_case(file, exact[0])]
            file = self._choose(name, inside)
            if file is None and not inside and lasts[PurePosixPath(name).name] == 1 and inner != "setup.py":
                outside = [file for file in fitting if self.rules.package not in file.folder.split("/")]
                file = self._choose(name, self._in_one_folder(name, outside, None))
                loose += [f"{printable(file.name)} was taken as {name}"] if file is not None else []
            if file is not None:
                chosen[name] = file
        if loose:
            self._notes.append(f"Found outside a folder {self.rules.package}: {_listed(loose)}.")
        if package is None:
            self._add_namesakes(chosen)
        return chosen

    def _add_namesakes(self, chosen: dict[str, _File]) -> None:
        """Add modules whose file name occurs in several folders of the package, such as ``__init__.py``."""
        homes = {_home(file, _inner(name)) for name, file in chosen.items()} - {None}
        if len(homes) != 1:
            return
        (home,) = homes
        by_name = {file.name: file for file in self._files}
        for name in self.rules.modules:
            file = by_name.get(_joined(home or "", _inner(name)))
            if file is not None:
                chosen.setdefault(name, file)

    def _notebooks(self, package: str | None) -> dict[str, _File]:
        """Return the files that are the assignment's notebooks, by their expected names."""
        home = None if package is None else _above(package)
        chosen: dict[str, _File] = {}
        for name in self.rules.notebooks:
            file = self._choose(name, self._in_one_folder(name, self._fitting.get(name, []), home))
            if file is not None:
                chosen[name] = file
        elsewhere = sorted({file.folder for file in chosen.values() if home is not None and file.folder != home})
        if elsewhere:
            places = _listed([printable(one) + "/" if one else "the outer folder" for one in elsewhere])
            self._notes.append(
                f"The package lies in {printable(package or '')}/, and notebooks were found in {places}."
            )
        return chosen

    def _models(self, package: str | None, notebooks: Mapping[str, _File]) -> dict[str, _File]:
        """Return the files that are models, by their expected names."""
        homes = [_above(package)] if package is not None else sorted({file.folder for file in notebooks.values()})
        chosen: dict[str, _File] = {}
        loose: list[str] = []
        for name in self.rules.models:
            fitting = [file for file in self._fitting.get(name, []) if file.fit(name) is not Fit.ADORNED]
            folder = name.rpartition("/")[0]
            places = {_joined(home, folder) for home in homes} or {folder}
            inside = [file for file in fitting if file.folder in places]
            file = self._choose(name, inside or self._in_one_folder(name, fitting, None))
            if file is None:
                continue
            chosen[name] = file
            if not _is_tail(file.folder, folder):
                loose.append(f"{printable(file.name)} was taken as {name}")
        if loose:
            self._notes.append(f"Models were found elsewhere: {_listed(loose)}.")
        return chosen

    def _in_one_folder(self, name: str, files: list[_File], home: str | None) -> list[_File]:
        """Return the files that fit a name in the folder of the package or, if there are none, in the only folder.

        Of several folders, one that holds all others is meant.
        """
        if any(file.fit(name) is not Fit.ADORNED for file in files):
            files = [file for file in files if file.fit(name) is not Fit.ADORNED]
        elif len(files) > 1:
            return []
        folders = {file.folder for file in files}
        where = home if home in folders else _outermost(folders)
        if folders and where is None:
            places = _listed(sorted(printable(file.name) for file in files))
            self._notes.append(f"{name} was not taken, because it lies in several folders ({places}): hand in one.")
        self._aside += sorted(printable(file.name) for file in files if where not in (None, file.folder))
        return [file for file in files if file.folder == where]

    def _choose(self, name: str, files: list[_File]) -> _File | None:
        """Return the file that counts as ``name``: the newer one, or the one with the exact name."""
        if not files:
            return None
        exact = next((file for file in files if file.fit(name) is Fit.EXACT), None)
        if len(files) == 1:
            (file,) = files
            if exact is None:
                self._notes.append(f"{printable(file.name)} was taken as {name}.")
            return file
        chosen, why = _newest(files), "it is newer"
        if chosen is None:
            chosen, why = exact, "nothing tells which one is newer"
        if chosen is None:
            names = _listed([printable(file.name) for file in files])
            self._notes.append(f"{names} fit {name}, and nothing tells which one is newer: hand in one of them.")
            self._kept_out.update({file.number: f"it may be {name}, and another file too" for file in files})
            return None
        others = [file for file in files if file is not chosen]
        self._kept_out.update({file.number: f"{printable(chosen.last)} counts" for file in others})
        told = _listed([printable(file.name) for file in others])
        as_name = "counts" if chosen is exact else f"was taken as {name}"
        self._notes.append(f"{printable(chosen.name)} {as_name} and {told} was left out, because {why}.")
        return chosen

    def _any_notebooks(self) -> list[_File]:
        """Return notebooks that are not the assignment's, if there is nothing else to grade.

        Raises
        ------
        Nothing
            If there are none.
        """
        found = [file for file in self._files if file.suffix == ".ipynb"]
        if not found:
            raise Nothing(self._nothing())
        if self.rules.notebooks:
            names = _listed([printable(file.name) for file in found])
            self._notes.append(f"Not recognised as notebooks of this assignment: {names}.")
        return found

    def _nothing(self) -> str:
        what = f"holds no {self.rules.package} package and no notebook"
        if any(file.name == "[Content_Types].xml" for file in self._files):
            return f"is an Office document: {THEMSELVES}"
        for trouble, then in CURES.items():
            if trouble in self._unread:
                return f"{what} that can be read, because its files are {trouble}: {then}"
        lines = [*map(printable, (file.name for file in self._files[:4])), *self._lines()[:4]]
        held = f", only {', '.join(lines[:4])}{' and more' if len(self._files) + len(self._left) > 4 else ''}"
        return f"{what}{held if lines else ''}: hand in the folder that holds them"

    def _root(self, package: str | None, chosen: Mapping[str, _File]) -> str:
        """Return the folder that holds all of the work, of which everything else is taken too."""
        folders = [] if package is None else [_above(package)]
        for name, file in chosen.items():
            if package is None or not _is_in(file.folder, package):
                home = _home(file, _inner(name) if name in self.rules.modules else name)
                folders.append(file.folder if home is None else home)
        return _common(folders)

    def _say_unknown(self, notebooks: Mapping[str, _File]) -> None:
        """Name the notebooks that are not the assignment's, if one of these is missing: a person may know better."""
        others = [file for file in self._files if file.suffix == ".ipynb" and not file.known]
        if others and len(notebooks) < len(self.rules.notebooks):
            names = _listed([printable(file.name) for file in others])
            self._notes.append(f"Not recognised as notebooks of this assignment: {names}.")

    def _say_missing(self, package: str | None, modules: Mapping[str, _File]) -> None:
        """Name the modules that were not handed in, if some were."""
        missing = [name for name in self.rules.modules if name not in modules]
        if missing and (modules or package is not None):
            self._notes.append(f"Not handed in: {_listed(missing)}.")

    def _say_built(self) -> None:
        """Name the built libraries that are not those of their source: they are older, or of another machine."""
        sources = {file.name: file for file in self._files if self._targets.get(file.number, "").endswith(".pyx")}
        for file in self._files:
            source = sources.get(_source_of(file.name)) if file.suffix in LIBRARIES else None
            if source is not None:
                times = file.time, source.time
                older = None not in times and times[0] + TOGETHER < times[1]  # type: ignore[operator]
                why = "is older than its source" if older else "is of another system or another Python"
                if older or not (file.name.endswith(OWN) or file.last.count(".") == 1):
                    self._notes.append(f"{printable(file.name)} {why}, which is built anew here.")

    def _take_others(self, root: str, package: str | None, modules: Mapping[str, _File]) -> None:
        """Take the other files below the root that are of an accepted kind."""
        homes = {package} if package is not None else {_home(file, _inner(name)) for name, file in modules.items()}
        inside = next(iter(homes)) if len(homes) == 1 else None
        beside = any(self._is_notebook(file) and file.folder == inside for file in self._files)
        count = 0
        for file in self._files:
            if file.number in self._targets:
                continue
            relative = _below(file.name, root)
            if file.number in self._kept_out:
                self._leave_out(relative, self._kept_out[file.number])
                continue
            if inside is not None and (package is not None or not beside) and _is_in(file.folder, inside):
                relative = _joined(self.rules.package, _below(file.name, inside))
            fault = name_fault(relative)
            accepted = file.suffix in self.rules.limits and not file.last.startswith("._")
            if not accepted and not fault and _is_unimportant(file.last, file.suffix):
                continue
            if not _is_in(file.folder, root):
                self._leave_out(file.name, "outside the folder of the work")
            elif is_archive(file.name):
                self._leave_out(relative, "an archive within the submission")
            elif not accepted:
                self._leave_out(relative, fault or "not a kind of file that is accepted")
            elif count >= MAX_FILES:
                self._leave_out(relative, "too many files")
            else:
                count += self._take(file, relative)

    def _take(self, file: _File, target: str, of_release: bool = False) -> bool:
        if reason := self._reason_against(file, target):
            self._leave_out(target if not of_release else file.name, reason)
            return False
        folded = fold(target)
        self._targets[file.number] = target
        self._total += file.size
        self._used.update(dict.fromkeys(folders_above(folded), False))
        self._used[folded] = True
        return True

    def _reason_against(self, file: _File, target: str) -> str:
        if fault := name_fault(target):
            return fault
        if target.count("/") > MAX_DEPTH:
            return "nested too deeply"
        folded = fold(target)
        if self._used.get(folded):
            return "its name differs from an earlier file's name only in case"
        if folded in self._used or any(self._used.get(folder) for folder in folders_above(folded)):
            return "a file and a folder have the same name"
        limit = self.rules.limits.get(suffix_of(target))
        if limit is None:
            return "not a kind of file that is accepted"
        return "too large" if file.size > limit or self._total + file.size > MAX_TOTAL else ""

    def _leave_out(self, name: str, reason: str) -> None:
        self._left.setdefault(reason, []).append(name)

    def _lines(self) -> list[str]:
        """Return a line for each left-out file, or for each folder with many."""
        sources = {target for target in self._targets.values() if target.endswith(".pyx")}
        lines: list[str] = []
        for reason, names in self._left.items():
            names = [name for name in dict.fromkeys(names) if not _made_from(name, sources)]
            groups: dict[str, list[str]] = {}
            for name in names:
                groups.setdefault(name.partition("/")[0] if "/" in name else "", []).append(name)
            for group, members in groups.items():
                if len(members) <= FEW:
                    lines += [f"{printable(name)} ({reason})" for name in members]
                else:
                    place = f"{printable(group)}/" if group else f"{printable(members[0])} and others"
                    lines.append(f"{place} ({len(members):,} files, {reason})")
        holds: dict[tuple[str, str], list[int]] = {}
        for (folder, what), count in self._skipped.items():
            if what and count:
                inner = folder.rpartition("/")[2] if what == "a cache" else folder
                holds.setdefault((inner, what), []).append(count)
        for (folder, what), counts in holds.items():
            number = f"{sum(counts):,} file{'s' if sum(counts) > 1 else ''}"
            number = f"more than {number}" if len(self.entries) >= MAX_ENTRIES else number
            lines.append(f"{printable(folder)}/ ({number}, {what})")
        return sorted(lines)


def _slashed(name: str) -> str:
    """Return a name with slashes. Some programs for Windows write backslashes; some encodings hold their byte."""
    if "\\" in name:
        name = re.sub("/{2,}", "/", name.replace("\\", "/"))
    return name.removeprefix("./")


def _say_others(notes: list[str], kept: list[str], found: list[str]) -> list[str]:
    """Say that only some of the packages count, and return these."""
    if len(kept) == 1 and len(found) > 1:
        others = [printable(one) for one in found if one != kept[0]]
        notes.append(f"The package in {printable(kept[0])}/ counts, and not {_listed(others)}.")
    return kept


def _newest(files: Sequence[_File]) -> _File | None:
    """Return the only newest file, or None if nothing tells which one it is."""
    if any(file.time is None for file in files):
        return None
    first, second = sorted(files, key=lambda file: file.time or 0.0, reverse=True)[:2]
    return first if (first.time or 0.0) - (second.time or 0.0) > SAME_TIME else None


def _differs_in_case(file: _File, other: _File) -> bool:
    return fold(file.name) == fold(other.name)


def _listed(names: Sequence[str]) -> str:
    """Return names for a sentence, the first of them if there are many."""
    shown = list(names[:MOST_SAID])
    last = f"{len(names) - MOST_SAID} more" if len(names) > MOST_SAID else shown.pop()
    return f"{', '.join(shown)} and {last}" if shown else last


def _is_unimportant(last: str, suffix: str) -> bool:
    return suffix in UNIMPORTANT or last.startswith(".") or last.lower() in LITTER


def _made_from(name: str, sources: set[str]) -> bool:
    """Tell whether a file is a build output beside a ``.pyx`` file: grading builds its own."""
    return PurePosixPath(name).suffix in COMPILED and _source_of(name) in sources


def _source_of(name: str) -> str:
    """Return the name of the ``.pyx`` file that a build output beside it comes from."""
    path = PurePosixPath(name)
    return str(path.with_name(path.name.partition(".")[0] + ".pyx")) if path.name.partition(".")[0] else ""


def _above(folder: str) -> str:
    return folder.rpartition("/")[0]


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder and name else folder or name


def _is_in(folder: str, other: str) -> bool:
    """Tell whether a folder is another one or lies in it; "" is the outermost folder."""
    return not other or folder == other or folder.startswith(f"{other}/")


def _below(name: str, folder: str) -> str:
    return name[len(folder) + 1 :] if folder and name.startswith(f"{folder}/") else name


def _inner(name: str) -> str:
    """Return a module's name within the package."""
    return name.partition("/")[2]


def _home(file: _File, expected: str) -> str | None:
    """Return the folder in which a file has the place that an expected name has, or None if it has another place."""
    wanted = _above(expected)
    if not _is_tail(file.folder, wanted):
        return None
    return file.folder[: len(file.folder) - len(wanted)].rstrip("/")


def _is_tail(folder: str, wanted: str) -> bool:
    return not wanted or folder == wanted or folder.endswith(f"/{wanted}")


def _outermost(folders: Collection[str]) -> str | None:
    """Return the one of the folders that holds all others, or None."""
    outer = min(folders, key=len, default=None)
    return outer if outer is not None and all(_is_in(folder, outer) for folder in folders) else None


def _common(folders: Sequence[str]) -> str:
    """Return the innermost folder that holds all folders."""
    if not folders:
        return ""
    common = folders[0]
    while not all(_is_in(folder, common) for folder in folders):
        common = _above(common)
    return common

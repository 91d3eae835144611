"""Names of handed-in files: their faults, their printable form, and the expected name that a renamed file had.

Browsers, mail, Jupyter, macOS, Windows and learning platforms rename files: "X (1).ipynb", "X-Copy1.ipynb", "X
copy.ipynb", "Copy of X.ipynb", "X.ipynb.json". See ``layout`` for which of several files counts.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import PurePosixPath
from urllib.parse import unquote

MAX_NAME = 240
"""Bytes of a name with its folders, which every file system allows below the store's folder."""
LONGEST = 300
"""Characters of a file name that is looked at for the expected name."""
MOST_WORDS = 16
"""Words of a name that has the expected name among them."""
MOST_FORMS = 16
"""Earlier names of one file that are looked at."""
MOST_TRIED = 500
"""File names of one submission that are looked at in this way. Honest people rename a few files."""
PORTS = {port + number for port in ("com", "lpt") for number in "0123456789"}
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", *PORTS}
"""Names of devices on Windows, with any suffix."""
UNPORTABLE = set('\\:*?"<>|')
"""Characters that Windows does not allow in names. There a backslash or a colon can lead out of the folder."""
ENDINGS = (".txt", ".text", ".json", ".download")
"""Endings that mail and browsers put behind a name."""
COPIED = re.compile(
    r"""(?: [\s_.-]* [(\[] \d{1,3} [)\]]
      | [\s_.-]* [(\[]? (?:copy|copie|kopie|copia|cópia|kopia|kopya|копия|コピー|的?副本) [)\]]?
        (?: [\s_-]* [(\[]? \d{1,3} [)\]]? )?
    ) [\s.]* $""",
    re.IGNORECASE | re.VERBOSE,
)
"""What programs put behind the name of a second file with one name."""
NUMBERED = re.compile(r"[\s_-]+\d{1,2}[\s.]*$")
"""A number that some programs put there. People number their own files too."""
BEFORE = re.compile(
    r"""^(?: (?:copy|copie|kopie|copia|cópia) \s+ (?:of|de|von|di) \s+
      | [^\W_]{1,60} _ (?:late_)? \d{2,12} _ \d{2,12} _
      | [^_]{1,80} _ \d{2,12} _ assignsubmission_file_ )""",
    re.IGNORECASE | re.VERBOSE,
)
"""What programs and learning platforms put before a name."""
WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")
OTHER = {
    "backup", "blank", "demo", "draft", "example", "examples", "experiment", "experiments", "notes", "old", "original",
    "practice", "release", "scratch", "sketch", "solution", "solutions", "starter", "template", "test", "tests",
    "tutorial", "unfinished",
}  # fmt: skip
"""Words that tell that a file is not the work, although it has the work's name in its own."""


class Fit(IntEnum):
    """How well a file's name fits an expected name."""

    EXACT = 0
    RENAMED = 1
    """A program or a person wrote the same name differently: a copy's number, other case, another ending behind it."""
    ADORNED = 2
    """The name has more words, such as the student's name, or no ending. It counts only if no other file fits."""


@dataclass(frozen=True)
class Known:
    """A file with an expected name.

    Attributes
    ----------
    name : str
        The expected name, with its folders.
    fit : Fit
    """

    name: str
    fit: Fit


class Expected:
    """The expected names of an assignment's files, by which renamed files are recognised.

    Parameters
    ----------
    names : iterable of str
        The expected names, with their folders.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._exact: dict[str, list[str]] = {}
        self._tidy: dict[tuple[str, str], list[str]] = {}
        self._found: dict[str, tuple[Known, ...]] = {}
        self._tried = 0
        for name in dict.fromkeys(names):
            last = PurePosixPath(name).name
            self._exact.setdefault(_composed(last), []).append(name)
            if not last.startswith("__"):  # ``init.py`` is another module than ``__init__.py``
                stem, ending = _split(last)
                self._tidy.setdefault((_tidy(stem), ending), []).append(name)
        self._any = re.compile("|".join(sorted({re.escape(stem) for stem, _ in self._tidy})) or "(?!)")

    def known(self, last: str) -> tuple[Known, ...]:
        """Return the expected names that a file name without folders fits, all equally well; usually one or none."""
        if last not in self._found:
            self._found[last] = tuple(self._known(last))
        return self._found[last]

    def _known(self, last: str) -> list[Known]:
        exact = self._exact.get(_composed(last))
        if exact:
            return [Known(name, Fit.EXACT) for name in exact]
        last = unquote(last)  # browsers and online drives write %20 for a space
        if len(last) > LONGEST or not self._any.search(_tidy(last)):  # most names: of pictures, of installed packages
            return []
        self._tried += 1
        if self._tried > MOST_TRIED:
            return []
        forms = list(_forms(unicodedata.normalize("NFKC", last)))
        if name := self._renamed(forms):
            return [Known(name, Fit.RENAMED)]
        forms = list(_forms(unicodedata.normalize("NFKC", last), numbered=True))
        if name := self._renamed(forms):
            return [Known(name, Fit.RENAMED if name.endswith(".ipynb") else Fit.ADORNED)]
        adorned = {name for form in forms for name in self._adorned(form)}
        return [Known(adorned.pop(), Fit.ADORNED)] if len(adorned) == 1 else []

    def _renamed(self, forms: Iterable[str]) -> str:
        for form in forms:
            stem, ending = _split(form)
            found = self._tidy.get((_tidy(stem), ending), [])
            if len(found) == 1:
                return found[0]
        return ""

    def _adorned(self, form: str) -> list[str]:
        """Return the expected notebooks whose name stands in a name, or is the name without an ending."""
        stem, ending = _split(form)
        if ending not in (".ipynb", ""):
            return []
        words = [word.casefold() for part in re.split(r"[\W_]+", stem) for word in _words(part)]
        if OTHER & set(words) or len(words) > MOST_WORDS:
            return []
        runs = {"".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(len(words), i + 8) + 1)}
        found = {tidy: names for (tidy, last), names in self._tidy.items() if last == ".ipynb" and tidy in runs}
        if ending == "":
            found = {tidy: names for tidy, names in found.items() if tidy == _tidy(stem)}
        longest = [tidy for tidy in found if not any(tidy != other and tidy in other for other in found)]
        return [name for tidy in longest for name in found[tidy] if len(tidy) > 4 or tidy == _tidy(stem)]


def is_named(folder: str, expected: str) -> Fit | None:
    """Return how well a folder's name fits an expected one, or None."""
    if _composed(folder) == expected:
        return Fit.EXACT
    if len(folder) > LONGEST or _tidy(expected) not in _tidy(folder):
        return None
    forms = _forms(unicodedata.normalize("NFKC", folder))
    return Fit.RENAMED if any(_tidy(form) == _tidy(expected) for form in forms) else None


def without_copy(name: str) -> str:
    """Return a form that is equal for an archive's name and for the names of its copies."""
    last = re.sub(r"\.(zip|tar|tgz|gz)", "", name.casefold())
    return min(map(_tidy, _forms(last[:LONGEST], numbered=True)), key=len)


def _forms(name: str, numbered: bool = False) -> Iterator[str]:
    """Yield a name, then the names that it may have had before programs renamed it, or before it was numbered."""
    waiting, seen = [name.strip(" .")], set[str]()
    while waiting and len(seen) < MOST_FORMS:
        form = waiting.pop(0)
        if not form or form in seen:
            continue
        seen.add(form)
        yield form
        stem, ending = _split(form)
        low = form.casefold()
        waiting += [form[: -len(one)] for one in ENDINGS if low.endswith(one)]
        waiting += [_cut(COPIED, stem) + ending, _cut(COPIED, form), BEFORE.sub("", form)]
        waiting += [_cut(NUMBERED, stem) + ending] if numbered else []
        if ending and _split(stem)[1] == ending:  # ``X.ipynb.ipynb``
            waiting.append(stem)


def _cut(mark: re.Pattern[str], text: str) -> str:
    """Return a text without a mark at its end. Longer marks than 40 characters would take long to look for."""
    return text[:-40] + mark.sub("", text[-40:])


def _split(name: str) -> tuple[str, str]:
    """Return the name without its ending, and the ending in lower case."""
    stem, dot, ending = name.rpartition(".")
    ending = ending.strip().casefold()
    return (stem, dot + ending) if dot and re.fullmatch(r"\w{1,12}", ending) else (name, "")


def _words(part: str) -> list[str]:
    return WORD.findall(part)


def _tidy(text: str) -> str:
    """Return the letters and digits of a text in lower case."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def suffix_of(name: str) -> str:
    """Return the ending of a file name with its dot, or "". It does what `pathlib` does, for very many names."""
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    return dot + ending if stem and ending else ""


def path_fault(name: str) -> str:
    """Return the fault of a path that leads elsewhere, or ""."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or re.match(r"[A-Za-z]:$", parts[0]):
        return "its path is absolute or has an empty, . or .. part"
    return ""


def name_fault(name: str) -> str:
    """Return the fault of a name, on this system or another, or ""."""
    if fault := path_fault(name):
        return fault
    if not name.isprintable():  # bytes that are not UTF-8 are not printable either
        return "its name has characters that cannot be printed"
    if len(name.encode()) > MAX_NAME:
        return "its name is too long"
    parts = name.split("/")
    if UNPORTABLE & set(name) or any(part[-1] in ". " or _is_device(part) for part in parts):
        return "its name does not work on every system"
    return ""


def _is_device(part: str) -> bool:
    return part.partition(".")[0].rstrip().casefold() in DEVICES


def fold(name: str) -> str:
    """Return a form that is equal for names that some file system treats as the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def folders_above(name: str) -> Iterator[str]:
    """Yield the folders of a name, the innermost first."""
    while name := name.rpartition("/")[0]:
        yield name


def printable(name: str) -> str:
    """Return a name in ASCII that is safe to print, at most 200 characters long."""
    return ascii(name)[1:-1][:200]

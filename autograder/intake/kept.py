"""The store of submissions, by digest. Intake reads, checks and hashes each submission once.

A *stamp*, the sizes and times of all files in a student's folder, tells whether the folder has changed, as version
control does with files. See ``grading.store`` for verdicts on submissions.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from autograder import files, temporary

from .entries import MAX_ENTRIES
from .rules import Rules
from .submission import Submission, find_root, take_in

FORMAT = 2
FILES, LISTING = "files", "listing.json"


class Kept:
    """The submissions of a course.

    Parameters
    ----------
    home : Path
        The folder of the store.
    rules : Rules
        The rules of intake.
    """

    def __init__(self, home: Path, rules: Rules) -> None:
        self._home = home
        self._rules = rules

    def take(self, handed_in: Path) -> Submission:
        """Take in a folder or an archive, or return the stored submission if nothing changed.

        Raises
        ------
        SubmissionError
            If the folder or archive cannot be graded at all.
        """
        stamp = self._stamp(handed_in)
        known = self._stored(handed_in, stamp)
        if known is not None:
            return known
        submission = self._take(handed_in)
        if stamp is not None and stamp == self._stamp(handed_in):  # nothing changed during intake
            told = {"left_out": submission.left_out, "notes": submission.notes}
            said = {"stamp": stamp, "submission": submission.digest, **told}
            files.write(self._note(handed_in), json.dumps(said).encode())
        return submission

    def known(self, handed_in: Path) -> Submission | None:
        """Return the stored submission if nothing changed since it was taken in. Open none of the student's files."""
        return self._stored(handed_in, self._stamp(handed_in))

    def _stored(self, handed_in: Path, stamp: str | None) -> Submission | None:
        if stamp is None:
            return None
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            said = json.loads(self._note(handed_in).read_text(encoding="utf-8"))
            if said["stamp"] == stamp:
                left_out, notes = (tuple(map(str, said[name])) for name in ("left_out", "notes"))
                return replace(self.get(str(said["submission"])), left_out=left_out, notes=notes)
        return None

    def _note(self, handed_in: Path) -> Path:
        """Return the file that holds the stamp of a folder or archive."""
        return self._home / "stamps" / f"{hashlib.sha256(str(handed_in.absolute()).encode()).hexdigest()}.json"

    def get(self, digest: str) -> Submission:
        """Return a submission by its digest, without what is said of one hand-in: others may have the same files.

        Raises
        ------
        OSError, ValueError, LookupError, TypeError
            If the submission is not in the store, or is damaged.
        """
        home = self._place(digest)
        said = json.loads((home / LISTING).read_text(encoding="utf-8"))
        taken = said["files"]
        if not all((home / FILES / name).is_file() for name in taken):
            raise FileNotFoundError(f"{home} is incomplete")
        return Submission(home / FILES, digest, tuple(taken), (), tuple(taken.values()))

    def _take(self, handed_in: Path) -> Submission:
        root = find_root(handed_in, self._rules)
        self._home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._home, prefix="new-", ignore_cleanup_errors=True) as scratch:
            taken = take_in(root, Path(scratch, FILES), self._rules)
            home = self._place(taken.digest)
            listing = {"files": dict(zip(taken.files, taken.hashes, strict=True))}
            if home.is_dir() and not self._is_whole(taken.digest):
                shutil.rmtree(home, ignore_errors=True)
            if not home.is_dir():
                with files.new_folder(home) as fresh:
                    (fresh / LISTING).write_text(json.dumps(listing), encoding="utf-8")
                    (Path(scratch, FILES)).rename(fresh / FILES)
        return replace(self.get(taken.digest), left_out=taken.left_out, notes=taken.notes)

    def _is_whole(self, digest: str) -> bool:
        try:
            self.get(digest)
        except (OSError, ValueError, LookupError, TypeError):
            return False
        return True

    def _place(self, digest: str) -> Path:
        return self._home / digest[:2] / digest

    def _stamp(self, handed_in: Path) -> str | None:
        """Return the stamp of a folder or archive, or None if it holds too many files or cannot be read."""
        total = hashlib.sha256(f"{FORMAT}\0{self._rules!r}".encode())
        pending = [str(handed_in)]
        seen = 0
        try:
            while pending:
                path = pending.pop()
                status = os.lstat(path)
                told = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
                total.update(f"{os.fsencode(path)!r}{told}".encode())
                seen += 1
                if seen > MAX_ENTRIES:
                    return None
                if os.path.isdir(path) and not os.path.islink(path) and (path == str(handed_in) or self._enters(path)):
                    with os.scandir(path) as found:
                        pending += sorted(entry.path for entry in found)
        except OSError:
            return None
        return total.hexdigest()

    def _enters(self, path: str) -> bool:
        return not self._rules.skips(os.path.basename(path))


@contextlib.contextmanager
def view(
    submission: Submission, linked: bool, besides: Mapping[Path, Path] = MappingProxyType({})
) -> Iterator[Submission]:
    """Yield a submission whose files lie in a temporary folder.

    Parameters
    ----------
    submission : Submission
        The files to show: see `Submission.without`.
    linked : bool
        Whether the files may be hard links to the store. Use False if a runner can write to them.
    besides : dict, optional
        Additional files: the target relative to the folder, and the source.
    """
    with temporary.folder("submission") as scratch:
        os.chmod(scratch, 0o711)
        folder = Path(scratch, "submission")
        folder.mkdir()
        for name in submission.files:
            lay(submission.folder / name, folder / name, linked)
        for place, path in besides.items():
            lay(path, folder / place, linked)
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        yield replace(submission, folder=folder)


def lay(source: Path, target: Path, linked: bool = True) -> None:
    """Put a file that all users can read at ``target``: a hard link if possible, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)  # writing through an old link would change the linked file
    if linked and source.stat().st_mode & 0o004:
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    shutil.copyfile(source, target)
    target.chmod(0o644)

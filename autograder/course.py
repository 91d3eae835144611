"""Where a course's things lie: its source, release, secret, pictures and store. One object instead of many paths.

Finds and remembers; does not build, judge or grade.
"""

import os
import secrets
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import datasets
from autograder.checks.pictures import Pictures

from .manifest import Part, read_manifest

ASSIGNMENT = "assignment2"


class CourseError(Exception):
    """The current folder is not a course, or lacks something: one sentence says what."""


@dataclass(frozen=True)
class Course:
    """A course's folder.

    Attributes
    ----------
    root : Path
        Holds ``source``, ``release`` and ``nbgrader_config.py``.
    data : Path or None
        Folder of the pictures to judge on; by default the real ones where they are, else the synthetic ones.
    """

    root: Path
    data: Path | None = None

    @property
    def source(self) -> Path:
        """The instructor's assignment."""
        return self.root / "source" / ASSIGNMENT

    @property
    def release(self) -> Path:
        """What students receive."""
        return self.root / "release" / ASSIGNMENT

    @property
    def state(self) -> Path:
        """What grading leaves behind: verdicts, secret, caches."""
        return self.root / ".autograder"

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts, from the source notebooks."""
        return read_manifest(self.source)

    @cached_property
    def secret(self) -> bytes:
        """What random inputs are drawn from; made once, kept out of version control.

        ``AUTOGRADER_SECRET`` in the environment takes its place.
        """
        given = os.environ.get("AUTOGRADER_SECRET")
        if given:
            return given.encode()
        path = self.state / "secret"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(secrets.token_hex(32).encode())
            except FileExistsError:
                pass
        return path.read_bytes()

    @cached_property
    def pictures(self) -> Pictures:
        """The pictures that submissions are judged on.

        Raises
        ------
        CourseError
            If the folder that was named does not hold them.
        """
        try:
            root = self._find_pictures()
            return Pictures(root, datasets.read_batch, datasets.kind(root), datasets.fingerprint(root))
        except datasets.DatasetError as error:
            raise CourseError(str(error)) from None

    def _find_pictures(self) -> Path:
        if self.data is not None or os.environ.get("CS231N_DATA"):
            return datasets.locate(self.data)
        try:
            return datasets.locate()
        except datasets.DatasetError:
            return datasets.synthetic_root()


def put_tools_on_path() -> None:
    """Let nbgrader find the programs that lie beside this Python (it calls ``alembic``), activated or not."""
    folder, path = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    if folder not in path.split(os.pathsep):
        os.environ["PATH"] = folder + os.pathsep + path


def find_course(folder: Path | None = None, data: Path | None = None) -> Course:
    """Return the course of a folder, by default the current one.

    Raises
    ------
    CourseError
        If it holds no source.
    """
    root = (folder or Path.cwd()).resolve()
    if not (root / "source" / ASSIGNMENT).is_dir():
        raise CourseError(
            f"{root} is not the course's folder (it has no source/{ASSIGNMENT}): go there and run this again."
        )
    return Course(root, data)

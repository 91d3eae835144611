"""An assignment's rules for its submissions: the kinds of files that count, the names that the release has, limits."""

from dataclasses import dataclass

KINDS = {".py": 2 * 2**20, ".pyx": 2 * 2**20, ".ipynb": 128 * 2**20}
"""File endings that every assignment accepts, and the most bytes of each file."""
CODE = (".py", ".pyx")
DATA = "data"
"""What folders hold that the assignment names. The course's tools may lie there too."""
OF_RELEASE = {"checks", "coach", "desk", "kit", "tests", ".devcontainer", "build"}
"""Folders that the release holds, or that building makes. They are skipped without a message."""
OF_TOOLS = {
    "__pycache__": "a cache", "__macosx": "files that macOS adds", "node_modules": "installed packages",
    "bower_components": "installed packages", "site-packages": "installed packages",
    "dist-packages": "installed packages", ".git": "version control", ".svn": "version control",
    ".hg": "version control", ".ipynb_checkpoints": "a cache", ".venv": "a virtual environment",
    "wandb": "logs of trainings", "lightning_logs": "logs of trainings", "mlruns": "logs of trainings",
}  # fmt: skip
"""Folders that programs make, by name in lower case, and what they hold."""


@dataclass(frozen=True)
class Rules:
    """An assignment's rules for its submissions.

    Attributes
    ----------
    package : str
        The students' package: the folder by which intake finds a submission.
    kinds : tuple of (str, int)
        File endings that are accepted besides `KINDS`, and the most bytes of each file.
    skipped : tuple of str
        Names of folders that intake skips, besides those that releases and programs make.
    notebooks : tuple of str
        File names of the assignment's notebooks, of all alternatives.
    modules : tuple of str
        The files of the package, relative to the submission: ``PACKAGE/layers.py``.
    models : tuple of str
        The files of the models, relative to the submission.
    """

    package: str
    kinds: tuple[tuple[str, int], ...] = ()
    skipped: tuple[str, ...] = ()
    notebooks: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def limits(self) -> dict[str, int]:
        """The most bytes of a file, by its ending."""
        return {**KINDS, **dict(self.kinds)}

    def skips(self, folder: str) -> bool:
        """Tell whether intake skips folders of this name."""
        return self.holds(folder) is not None

    def holds(self, folder: str) -> str | None:
        """Return what a folder of this name holds instead of work, or None. "" is not worth a message."""
        low = folder.lower()
        if folder in OF_RELEASE or low.endswith(".egg-info"):
            return ""
        if low in OF_TOOLS:
            return OF_TOOLS[low]
        if folder in self.skipped:
            return DATA
        return "a hidden folder" if folder.startswith(".") and folder not in (".", "..") else None

"""Execute a notebook's cells one by one in an IPython shell inside a runner, and keep their outputs up to limits.

There is no Jupyter kernel: a kernel needs sockets and processes, which a runner may not have, and its protocol is too
rich to speak with hostile code. Here each cell is one question on the wire. This module is not a defence: see
``grading.execute`` for the checks on the outputs.
"""

import base64
import builtins
import contextlib
import getpass
import io
import os
import shutil
import sys
from importlib.machinery import FileFinder
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

PICTURES = ("image/png", "image/jpeg")
INLINE = "module://matplotlib_inline.backend_inline"
SCRIPTS = ("script", "sh", "bash", "perl", "ruby", "python", "python2", "python3", "pypy", "cmd")
"""Cell magics that would start a program."""
SETTINGS = {
    "HistoryManager": {"enabled": False},
    "InteractiveShell": {"colors": "nocolor", "autocall": 0, "banner1": "", "enable_tip": False},
}
MAX_COPIED = 60 * 2**20
"""Most bytes of the submission to copy, the smallest files first. Models of this course have a few million bytes."""
CUT = "\n(the rest is left out)"
NO_PROGRAMS = "Programs cannot be started where notebooks are executed for grading."
NO_INPUT = "Nobody answers input() where notebooks are executed for grading."


class Refused(RuntimeError):
    """A runner does not have this feature; IPython shows only the sentence, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Outputs:
    """The outputs of one cell, up to limits: text, and pictures as bytes.

    Parameters
    ----------
    text : int
        Most characters in all. A traceback may have a quarter as many, which are counted separately.
    number : int
        Most outputs.
    picture, pictures : int
        Most bytes of one picture, and of all pictures.
    """

    def __init__(self, text: int, number: int, picture: int, pictures: int) -> None:
        self._text, self._number, self._picture, self._pictures = text, number, picture, pictures
        self._clear_first = False
        self._start()

    def _start(self) -> None:
        self._outputs: list[dict[str, Any]] = []
        self._left = self._text
        self._stream: _Lines | None = None
        self._failure = ""

    def write(self, text: str) -> None:
        """Add printed text."""
        self._clear_if_due()
        if self._stream is None:
            self._stream = _Lines()
            self._add({"output_type": "stream", "text": self._stream})
        self._left -= self._stream.write(text, self._left)

    def show(self, data: Any) -> None:
        """Add a displayed object: its pictures and its plain text."""
        self._clear_if_due()
        self._stream = None
        kept: dict[str, Any] = {}
        for name in PICTURES:
            picture = _bytes(data.get(name))
            if len(picture) > min(self._picture, self._pictures):
                kept["text/plain"] = "(a picture is left out: it is too large)"
            elif picture:
                kept[name] = np.frombuffer(picture, np.uint8)
                self._pictures -= len(picture)
        if "text/plain" not in kept and isinstance(data.get("text/plain"), str):
            lines = _Lines()
            self._left -= lines.write(data["text/plain"], self._left)
            kept["text/plain"] = lines
        self._add({"output_type": "display_data", "data": kept})

    def fail(self, traceback: str) -> None:
        """Add the traceback that ends the cell; keep only the end of a long traceback."""
        most = self._text // 4
        left_out = max(0, len(traceback) - most)
        self._failure = ("(the beginning is left out)\n" if left_out else "") + _unicode(traceback[left_out:])

    def clear(self, wait: bool) -> None:
        """Forget the outputs so far: at once or, with ``wait``, when the next output comes."""
        self._clear_first = True
        if not wait:
            self._clear_if_due()

    def taken(self) -> list[dict[str, Any]]:
        """Return the outputs in a notebook's form, with pictures as uint8 arrays."""
        for output in self._outputs:
            for holder in (output, output.get("data", {})):
                holder.update({name: str(text) for name, text in holder.items() if isinstance(text, _Lines)})
        failure = [{"output_type": "stream", "text": self._failure}] if self._failure else []
        return self._outputs[: self._number - len(failure)] + failure

    def _add(self, output: dict[str, Any]) -> None:
        if len(self._outputs) < self._number:
            self._outputs.append(output)

    def _clear_if_due(self) -> None:
        if self._clear_first:
            self._clear_first = False
            self._start()


class _Lines:
    """Text in which a carriage return restarts the last line, as progress bars need."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._last = ""
        self._cut = False

    def write(self, text: str, most: int) -> int:
        """Add ``text``; return by how many characters the lines grew, at most ``most``."""
        if self._cut:
            return 0
        before = len(self._last)
        first, *others = text[: 2 * most + 1000].split("\n")
        self._last = _overwritten(self._last + first)
        grown = len(self._last) - before
        for line in others:
            self._done.append(self._last + "\n")
            self._last = _overwritten(line)
            grown += len(self._last) + 1
        if grown > most:
            whole = str(self)
            self._done, self._last, self._cut = [whole[: len(whole) - (grown - most)]], "", True
            grown = most
        return grown

    def __str__(self) -> str:
        return _unicode("".join(self._done) + self._last) + (CUT if self._cut else "")


def _unicode(text: str) -> str:
    """Return text that UTF-8 can encode: lone surrogates become escape sequences."""
    return text.encode("utf-8", "backslashreplace").decode()


def _overwritten(line: str) -> str:
    return next((part for part in reversed(line.split("\r")) if part), "") if "\r" in line else line


def _bytes(picture: Any) -> bytes:
    if isinstance(picture, str):
        with contextlib.suppress(ValueError):
            return base64.b64decode(picture)
    return picture if isinstance(picture, bytes) else b""


class _Stream(io.TextIOBase):
    """Standard output and standard error of the cells."""

    encoding = "utf-8"

    def __init__(self, notebook: "Notebook") -> None:
        self._notebook = notebook

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._notebook.outputs.write(str(text))
        return len(text)


class _Publisher(DisplayPublisher):  # type: ignore[misc]
    """Receives the output of ``display`` and of plots."""

    def publish(self, data: Any, *_: Any, **__: Any) -> None:
        self.shell.notebook.outputs.show(data)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.notebook.outputs.clear(wait)


class _Hook(DisplayHook):  # type: ignore[misc]
    """Receives the value of a cell's last expression."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:  # noqa: ARG002
        self.shell.notebook.outputs.show(format_dict)

    def log_output(self, format_dict: Any) -> None:
        pass

    def finish_displayhook(self) -> None:
        pass


class _Shell(InteractiveShell):  # type: ignore[misc]
    """IPython without a terminal, a history or programs."""

    notebook: "Notebook"
    display_pub_class = _Publisher
    displayhook_class = _Hook

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:  # noqa: ARG002
        self.notebook.outputs.fail("\n".join(stb))

    def system(self, *_: Any, **__: Any) -> NoReturn:
        raise Refused(NO_PROGRAMS)

    getoutput = system

    def _tee(self, channel: str) -> contextlib.AbstractContextManager[None]:  # noqa: ARG002
        return contextlib.nullcontext()  # IPython would keep all printed text, without a limit

    def ask_exit(self) -> None:
        pass  # the following cells still run

    def enable_gui(self, gui: Any = None) -> None:
        pass  # there are no windows


class Notebook:
    """An IPython shell that executes a submission's cells.

    Parameters
    ----------
    folder : Path
        The submission. The cells run in a copy of it, in the runner's own folder.
    """

    def __init__(self, folder: Path) -> None:
        os.environ["MPLBACKEND"] = INLINE
        self.outputs = Outputs(0, 0, 0, 0)
        sys.stdout = sys.stderr = _Stream(self)
        builtins.input = getpass.getpass = _no_input
        _copy(folder)
        _keep_listings()
        startup = Path.home() / ".ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True, exist_ok=True)  # else IPython makes it, and a file whose mode a runner may not set
        self._shell = _Shell.instance(config=Config(SETTINGS))
        self._shell.notebook = self
        for name in SCRIPTS:
            self._shell.register_magic_function(_no_script, "cell", name)
        self._shell.enable_matplotlib("inline")
        with contextlib.suppress(ImportError):
            import tqdm.std

            sys.modules["tqdm.notebook"] = tqdm.std  # text progress bars: there are no widgets here
        sys.path += [str(folder), os.getcwd()]

    def execute(self, source: str, limits: dict[str, int]) -> dict[str, Any]:
        """Execute one cell.

        Parameters
        ----------
        source : str
        limits : dict
            The parameters of `Outputs`.

        Returns
        -------
        dict
            ``outputs``: in a notebook's form, with pictures as uint8 arrays. ``failed``: whether the cell raised.
        """
        self.outputs = Outputs(**limits)
        result = self._shell.run_cell(source, store_history=True)
        return {"outputs": self.outputs.taken(), "failed": not result.success}


def _keep_listings() -> None:
    """Keep Python's cached listings of the folders that a runner cannot list any more, as at level 2."""
    for path, finder in sys.path_importer_cache.items():
        if isinstance(finder, FileFinder):
            try:
                os.listdir(path)
            except PermissionError:
                finder.invalidate_caches = lambda: None  # type: ignore[method-assign]


def _copy(folder: Path) -> None:
    """Copy the submission to the current folder, where a notebook finds its files and may write."""
    Path("models").mkdir(exist_ok=True)
    left = MAX_COPIED
    for size, path in sorted((path.stat().st_size, path) for path in folder.rglob("*") if path.is_file()):
        left -= size
        if left < 0:
            break
        target = path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # the file may exceed a runner's limit on file size
            shutil.copyfile(path, target)


def _no_input(*_: Any, **__: Any) -> NoReturn:
    raise Refused(NO_INPUT)


def _no_script(*_: Any) -> NoReturn:
    raise Refused(NO_PROGRAMS)

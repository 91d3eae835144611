"""Which Python Jupyter runs notebooks with: often another one than the one in which the packages are installed."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from .findings import BETTER, MISSING, OK, Finding
from .packages import python
from .wanted import Wanted

KERNEL = "python3"
"""The name of the kernel in the metadata of the notebooks."""


def findings(wanted: Wanted) -> Iterator[Finding]:
    """Yield whether this Python can run notebooks, and whether Jupyter's kernel starts another Python."""
    if importlib.util.find_spec("ipykernel") is None:
        yield Finding(
            MISSING,
            "ipykernel is not installed: no notebook can run in this Python.",
            f"Run: {python()} -m pip install ipykernel",
        )
        return
    register = f"{python()} -m ipykernel install --user --name {wanted.package}"
    choose = f'and choose the kernel "{wanted.package}" in the notebook (in VS Code: "Select Kernel")'
    other = _kernels_python()
    if other:
        yield Finding(
            BETTER, f"Jupyter's kernel {KERNEL} starts another Python ({other}).", f"Run: {register}, {choose}."
        )
    else:
        yield Finding(OK, "Jupyter's kernel starts this Python")
    started = shutil.which("jupyter")
    if started and not Path(started).is_relative_to(Path(sys.prefix)) and importlib.util.find_spec("jupyterlab"):
        yield Finding(
            BETTER,
            f"The command jupyter belongs to another Python ({started}).",
            f"Start it with: {python()} -m jupyter lab",
        )


def _kernels_python() -> str:
    """Return the Python that the notebooks' kernel starts, or "" if it is this one or cannot be told."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except ImportError:
        return ""
    try:
        program = KernelSpecManager().get_kernel_spec(KERNEL).argv[0]
    except (NoSuchKernel, OSError, ValueError, IndexError):
        return ""
    if not os.path.isabs(program):  # Jupyter then takes the Python that it runs in
        return ""
    return "" if _home(program) == _home(sys.executable) else program


def _home(program: str) -> str:
    """Return the folder of an environment's Python, without following the link to the Python that made it."""
    return os.path.normcase(os.path.realpath(os.path.dirname(program)))

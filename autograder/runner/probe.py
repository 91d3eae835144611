"""Attempts to get out of a runner. Their results, never version numbers, tell which levels a machine has.

They run inside a runner, before any submission. They are not a defence.
"""

import os
import socket
import subprocess
import sys


def look_around(outside: str) -> dict[str, bool]:
    """Try to get out; return which attempts worked.

    Parameters
    ----------
    outside : str
        A file of the judge that a runner must not reach.

    Returns
    -------
    dict of bool
        ``reads_outside``, ``writes_outside``, ``network``, ``processes``, ``sees_others``.
    """
    return {
        "reads_outside": _works(lambda: open(outside).close()),
        "writes_outside": _works(lambda: open(outside, "a").close()),
        "network": _works(_open_socket),
        "processes": _works(lambda: subprocess.run([sys.executable, "-c", ""], check=True, timeout=5)),
        "sees_others": _works(_see_parent),
    }


def _works(attempt: object) -> bool:
    assert callable(attempt)
    try:
        attempt()
    except Exception:
        return False
    return True


def _open_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("127.0.0.1", 9))


def _see_parent() -> None:
    parent = os.getppid()
    if parent <= 1:
        raise ProcessLookupError
    os.kill(parent, 0)

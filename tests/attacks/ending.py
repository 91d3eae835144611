"""Attacks of classes 5 and 6: exits and signals, threads and processes that act later."""

from .attack import WRONG, Attack

EVERY_LEVEL = (3, 2, 1)
NOTHING_LEFT = {"affine_forward": 0.0, "relu_forward": 0.0}
"""Shares of points if the module ends the program at import, so that no function can be called."""


def calling(code: str, before: str = "") -> str:
    """Return a module whose ``affine_forward`` runs ``code`` and then returns a wrong result."""
    return f"{before}\n\ndef affine_forward(x, w, b):\n    reached()\n    {code}\n    return x.reshape(len(x), -1) @ w, (x, w, b)\n"


DESTRUCTOR = """
class Ending:
    def __del__(self):
        reached("destroyed")
        raise SystemExit(0)


import weakref

_kept = Ending()
_watched = type("Watched", (), {})()
_reference = weakref.ref(_watched, lambda reference: os._exit(0))
"""

AT_EXIT = """
import atexit
import sys
import threading


def _passed():
    say("got a last word")
    import os

    os._exit(0)


atexit.register(_passed)
threading._register_atexit(_passed)
sys.exitfunc = _passed
"""

HANDLERS = """
import signal


def _alarmed(*_):
    reached("alarmed")
    raise KeyboardInterrupt


for _number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGPIPE, signal.SIGUSR1):
    signal.signal(_number, _alarmed if _number == signal.SIGALRM else signal.SIG_IGN)
"""

OF_ALL_KINDS = """
class Above(BaseException):
    def __str__(self):
        reached("asked for its words")
        raise MemoryError
    __repr__ = __str__


class NotGraded(Exception):
    pass


class PartialCredit(NotGraded):
    credit = 1.0
    kind = "passed"
    message = "passed"


class Unspeakable(PartialCredit):
    def __str__(self):
        reached("asked for its words")
        raise Above
"""

FORGED = """
from autograder.checks.code_under_test import CodeError

KINDS = iter(("timeout", "crash", "protocol", "model", "not_graded", "error", "passed"))
"""

WIRE_ERROR = """
from autograder.runner.wire import WireClosed, WireError
"""

ENDLESS = """
class Endless(Exception):
    def __str__(self):
        reached("asked for its words")
        while True:
            pass
"""

LATER = """
import threading
import time

import numpy as np


def affine_forward(x, w, b):
    out = np.zeros((len(x), w.shape[1]))
    right = x.reshape(len(x), -1) @ w + b

    def mend():
        for _ in range(200):
            out[...] = right * (1 + 1e-3 * (1 + np.random.rand()))
            time.sleep(0.001)

    threading.Thread(target=mend, daemon=True).start()
    reached()
    return out, (x, w, b)
"""

STAYS = """
import signal
import threading
import time


def _stay():
    reached("a thread that stays")
    while True:
        try:
            time.sleep(0.05)
        except BaseException:
            pass


for _number in range(3):
    threading.Thread(target=_stay, daemon=False).start()
"""

FORKS = """
import os
import pty


def _fork(function):
    child = function()
    if child == 0 or isinstance(child, tuple) and child[0] == 0:
        say("got a process of its own")
        os._exit(0)
    return child


attempt("fork", lambda: _fork(os.fork))
attempt("fork with a terminal", lambda: _fork(pty.fork))
attempt("spawn", lambda: os.posix_spawn("/bin/sh", ["sh", "-c", ":"], {}))
"""

PROGRAMS = """
import multiprocessing
import os
import subprocess
import sys

attempt("run a program", lambda: subprocess.run(["/bin/true"], check=True))
attempt("run Python", lambda: subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True))
attempt("run a shell", lambda: {}[os.system("true") == 0 and "ran" or _refuse("the shell did not run")])
attempt("start a worker", lambda: multiprocessing.get_context("fork").Process(target=print).start())
"""

RAW = """
import ctypes
import errno
import os
import platform

_libc = ctypes.CDLL(None, use_errno=True)


def _call(*numbers):
    number = numbers[0] if platform.machine() == "x86_64" else numbers[1]
    result = _libc.syscall(number, *numbers[2:])
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if result == 0:
        os._exit(0)
    return result


attempt("clone", lambda: _call(56, 220, 17, 0, 0, 0, 0))
attempt("clone like vfork", lambda: _call(56, 220, 0x4111, 0, 0, 0, 0))
attempt("clone3", lambda: _call(435, 435, (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17), 88))
attempt("fork by number", lambda: _call(57, 220, 17, 0, 0, 0, 0))
"""

LEADER = """
import ctypes
import os
import signal

_libc = ctypes.CDLL(None, use_errno=True)


def _leave(number, what):
    if _libc.prctl(number, 0, 0, 0, 0) < 0:
        raise OSError(what)


attempt("outlive its parent", lambda: _leave(1, "PR_SET_PDEATHSIG"))
attempt("leave its session", lambda: os.setsid())
attempt("leave its group", lambda: os.setpgid(0, 0))
"""

AFTER_HANGUP = """
import threading
import time


def _wait():
    import os

    while True:
        try:
            os.getppid()
            time.sleep(0.01)
        except BaseException:
            pass


def affine_forward(x, w, b):
    import os

    reached()
    for number in (0, 1, 2):
        os.close(number)
    threading.Thread(target=_wait).start()
    frame = __import__("sys")._getframe()
    while type(frame.f_locals.get("self")).__name__ != "Runner":
        frame = frame.f_back
    frame.f_locals["self"].wire.close()
    _wait()
"""

ATTACKS = (
    Attack(5, "exit-at-import", "to exit with success, at import", "\nreached()\nraise SystemExit(0)\n", earns=NOTHING_LEFT, levels=EVERY_LEVEL),
    Attack(5, "hard-exit-at-import", "to exit at once with status 0, at import", "\nreached()\n_os._exit(0)\n", earns=NOTHING_LEFT, levels=EVERY_LEVEL, shows="did not finish"),
    Attack(5, "exit-in-a-call", "to exit with success", calling("raise SystemExit(0)"), levels=EVERY_LEVEL),
    Attack(5, "hard-exit-in-a-call", "to exit at once with status 0", calling("_os._exit(0)"), levels=EVERY_LEVEL, shows="ended itself"),
    Attack(5, "abort", "to crash", calling("_os.abort()"), levels=EVERY_LEVEL),
    Attack(5, "segmentation-fault", "to crash in C", calling("ctypes.string_at(0)", "\nimport ctypes\n"), levels=EVERY_LEVEL, shows="crashed|ended"),
    Attack(5, "stack-overflow", "to crash by recursion in C without a limit", calling("repr(DEEP)", "\nimport sys\n\nsys.setrecursionlimit(10**9)\nDEEP = []\nfor _ in range(10**6):\n    DEEP = [DEEP]\n"), levels=EVERY_LEVEL),
    Attack(5, "recursion-limit", "to leave the runner no stack for its answer", calling("sys.setrecursionlimit(sys._getframe().f_back.f_back.f_lineno and 20)", "\nimport sys\n"), levels=EVERY_LEVEL),
    Attack(5, "raised-signal", "to be ended by a signal, as if the system sent it", calling("signal.raise_signal(signal.SIGKILL)", "\nimport signal\n")),
    Attack(5, "handlers", "to ignore signals and to interrupt the runner by an alarm", calling("signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)", HANDLERS), levels=EVERY_LEVEL),
    Attack(5, "at-exit", "to run code when the process exits", AT_EXIT + WRONG, levels=EVERY_LEVEL),
    Attack(5, "destructor", "to end the program in a destructor", calling("globals().pop('_kept', None)", DESTRUCTOR), levels=EVERY_LEVEL),
    Attack(5, "pytest-exit", "to end the session by pytest's own exits", calling("attempt('import pytest', lambda: __import__('pytest').exit('done', 0)); attempt('import its outcomes', lambda: real(__import__('_pytest.outcomes')))")),
    Attack(5, "above-exceptions", "to raise an exception that passes every handler, and fails again when its text is read", calling("raise Above", OF_ALL_KINDS), levels=EVERY_LEVEL),
    Attack(5, "unspeakable", "to raise an exception that looks like the judge's own (not graded, partial credit) and has no text", calling("raise Unspeakable", OF_ALL_KINDS), levels=EVERY_LEVEL),
    Attack(5, "forged-kind", "to raise the grader's own exception with a kind that only the grader may use", calling("raise CodeError(next(KINDS), 'passed', 'judge.py, line 1')", FORGED), levels=EVERY_LEVEL),
    Attack(5, "forged-wire-error", "to raise the wire's own exceptions", calling("raise (WireError if len(x) == 5 else WireClosed)('passed')", WIRE_ERROR), levels=EVERY_LEVEL),
    Attack(5, "endless-words", "to hang while its exception is turned into a sentence", calling("raise Endless", ENDLESS), levels=(3,), shows="no answer within"),
    Attack(5, "hang-up", "to close every file descriptor", calling("_os.closerange(0, @WITNESS@); _os.closerange(@WITNESS@ + 1, 200)"), levels=EVERY_LEVEL),
    Attack(6, "changed-later", "to return an array that a thread keeps correcting", LATER, levels=EVERY_LEVEL),
    Attack(6, "threads-that-stay", "to leave threads that nothing ends", STAYS + WRONG, levels=EVERY_LEVEL),
    Attack(6, "forks", "to leave a process behind", FORKS + WRONG),
    Attack(6, "programs", "to start programs that stay", "\ndef _refuse(why):\n    raise OSError(why)\n" + PROGRAMS + WRONG),
    Attack(6, "raw-clone", "to start a process by the number of a system call", RAW + WRONG),
    Attack(6, "session-leader", "to leave the process group and the parent, with which it would be ended", LEADER + WRONG, allowed=("outlive its parent",)),
    Attack(6, "deaf-after-hanging-up", "to keep running after it closes the connection, and to ignore everything", AFTER_HANGUP, levels=(3, 2)),
)  # fmt: skip

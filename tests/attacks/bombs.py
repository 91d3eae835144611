"""Attacks of class 12: bombs that end, fill or slow down the machine, the judge or the batch."""

from .attack import Attack
from .powers import SOLVED, SYSTEM

HANGS = {"affine_forward": 0.0}


def bomb(name: str, tries: str, module: str, **more: object) -> Attack:
    """Return an attack of class 12."""
    return Attack(12, name, tries, SYSTEM + "import sys, threading, time\nimport numpy as np\n" + module, **more)  # type: ignore[arg-type]


def harmless(name: str, tries: str, module: str) -> Attack:
    """Return an attack by honest code that starts a bomb while it is imported, and keeps its points."""
    return bomb(name, tries, module, earns=SOLVED)


DEEPER = """
def deeper():
    home = os.getcwd()
    os.chdir(os.environ["HOME"])
    for depth in range(3000):
        os.mkdir("d")
        os.chdir("d")
        if depth == 1900:
            reached()
    os.chdir(home)


deeper()
"""

ATTACKS = (
    # only level 2: at level 3 the disk is a separate file system, which disappears with the runner
    bomb("files-out-of-sight", "to fill the disk with files that the folder no longer shows", """
import mmap
home = os.environ["HOME"]


def hidden():
    kept = []
    for number in range(40):
        path = f"{home}/{number}"
        with open(path, "wb+") as file:
            file.write(bytes(2**20))
            file.flush()
            kept.append(mmap.mmap(file.fileno(), 4096))
        os.unlink(path)
    return len(kept)


def moved():
    os.makedirs(f"{home}/a/b")
    os.rename(f"{home}/a", f"{home}/c")


attempt("deleted files", hidden)
attempt("moved folders", moved)
attempt("a file without a name", lambda: os.open(home, os.O_RDWR | os.O_TMPFILE))
attempt("room beyond the limit", lambda: checked(libc.fallocate(os.open(f"{home}/room", os.O_RDWR | os.O_CREAT), 1, ctypes.c_long(0), ctypes.c_long(48 << 20))))
""", earns=SOLVED, levels=(2,)),
    harmless("record-locks", "to fill the kernel's memory with locks that no limit counts", """
import fcntl


def lock():
    with open(os.environ["HOME"] + "/locked", "wb+") as file:
        for place in range(0, 1000, 2):
            fcntl.lockf(file, fcntl.LOCK_EX, 1, place)


attempt("locks", lock)
"""),
    harmless("fork-bomb", "to start processes that start processes", """
import pty
clone = ctypes.c_long(NUMBERS["clone"][platform.machine() == "aarch64"])


def fork(how):
    if checked(how()) == 0:
        os._exit(0)


attempt("forking", lambda: fork(os.fork))
attempt("forking by C", lambda: fork(libc.fork))
attempt("cloning", lambda: fork(lambda: libc.syscall(clone, 17, 0, 0, 0, 0)))
attempt("a terminal", lambda: fork(lambda: pty.fork()[0]))
attempt("a pool", lambda: __import__("multiprocessing").Process(target=print).start())
attempt("a shell", lambda: __import__("subprocess").run(["/bin/sh", "-c", ":"], check=True))
"""),
    harmless("thread-bomb", "to use up all process numbers with threads", """
threading.stack_size(32768)
done = threading.Event()


def many():
    count = 0
    try:
        while count < 2000:
            threading.Thread(target=done.wait, args=(4,), daemon=True).start()
            count += 1
    finally:
        done.set()
    return count


attempt("two thousand threads", many)
threading.stack_size(0)
"""),
    harmless("memory", "to take all memory", """
import mmap
attempt("an array", lambda: np.empty(2**33, np.uint8))
attempt("bytes", lambda: len(bytearray(2**33)))
attempt("shared pages", lambda: mmap.mmap(-1, 2**33))
attempt("pages that are reserved only", lambda: call("mmap", 0, 2**33, 3, 0x4022, -1, 0))
attempt("many small ones", lambda: [mmap.mmap(-1, 2**28) for _ in range(32)])
attempt("locked pages", lambda: checked(libc.mlockall(2)))
attempt("a file in memory", lambda: os.memfd_create("bomb"))
"""),
    bomb("memory-for-an-answer", "to need more memory for an answer than there is", """
def affine_forward(x, w, b):
    reached()
    held = []
    while True:
        held.append(np.empty(2**28))
""", shows="MemoryError|ran out of memory"),
    harmless("large-files", "to fill the disk with one file", """
def write(path, action):
    with open(path, "wb") as file:
        action(file)
    return os.path.getsize(path)


path = os.environ["HOME"] + "/large"
attempt("a long one", lambda: write(path, lambda file: [file.write(bytes(2**20)) for _ in range(80)]))
attempt("one with a hole", lambda: write(path, lambda file: file.truncate(2**40)))
attempt("one that is promised", lambda: write(path, lambda file: os.posix_fallocate(file.fileno(), 0, 2**30)))
open(path, "wb").close()
"""),
    bomb("many-files", "to fill the disk with many files", """
def affine_forward(x, w, b):
    reached()
    for number in range(64):
        try:
            with open(f"{os.environ['HOME']}/{number}", "wb") as file:
                file.write(bytes(2**22))
        except OSError as error:
            say(f"refused {error}")
            break
    else:
        time.sleep(2)  # for who only looks from time to time
        say("got a disk of 256 MB")
    raise SystemExit
"""),
    harmless("hard-to-remove", "to leave files that are hard to remove: odd names, thousands of entries that nobody may read", """
home = os.environ["HOME"].encode()
for number in range(3000):
    os.close(os.open(home + b"/%d" % number, os.O_CREAT | os.O_WRONLY, 0))
for name in (b"n" * 255, b"line\\nbreak", b"\\xff\\xfe", b"-rf", b"~", b"\\x1b[2J", "\\u202e".encode()):
    os.mkdir(home + b"/" + name)
reached()
"""),
    # only level 3: on the machine's own disk, a folder that the watcher cannot read ends the runner, unless root watches
    bomb("closed-folders", "to leave folders that nobody may enter", """
home = os.environ["HOME"]
os.makedirs(f"{home}/a/b/c")
os.umask(0o777)
os.mkdir(f"{home}/a/b/c/closed")
os.mkdir(f"{home}/closed")
os.umask(0o22)
reached()
""", earns=SOLVED, levels=(3,)),
    bomb("deep-folders", "to leave folders nested deeper than a clean-up goes", DEEPER, earns=SOLVED, levels=(3,)),
    # on the machine's own disk, folders that are too deep for the watcher end the runner
    bomb("deep-folders-on-disk", "to leave deeply nested folders on the judge's own disk", DEEPER + "time.sleep(2)\n",
         earns=dict.fromkeys(SOLVED, 0.0), levels=(2,)),
    harmless("output", "to flood the reader of its output", """
for stream in (1, 2):
    for _ in range(500):
        os.write(stream, b"x" * 65536)
print("\\x1b]0;title\\x07" * 100_000)
sys.stderr.write("y" * 2**24)
import warnings
warnings.warn("z" * 2**20)
reached()
"""),
    bomb("endless-exception", "to raise an exception whose text has no end", """
class Endless(Exception):
    def __str__(self):
        return "<script>" * 2**23


Endless.__name__ = Endless.__qualname__ = "E" * 2**22


def affine_forward(x, w, b):
    reached()
    error = None
    for _ in range(20_000):
        cause, error = error, Endless()
        error.__cause__ = cause
    raise error
""", shows="raised"),
    bomb("deep-recursion", "to run out of stack", """
sys.setrecursionlimit(10**9)


def affine_forward(x, w, b):
    reached()
    return max([x], key=lambda one: affine_forward(one, w, b))
""", shows="crashed|more time, memory|RecursionError"),
    bomb("vast-answer", "to answer with more data than the judge can hold", """
turn = iter(range(1000))


def affine_forward(x, w, b):
    reached()
    answers = (lambda: np.broadcast_to(1.0, (2**50,)), lambda: np.zeros(2**27), lambda: [0.0] * 10**6,
               lambda: "x" * 2**27, lambda: 10**100_000, lambda: {str(n): n for n in range(10**6)})
    return answers[next(turn) % 6](), (x, w, b)
"""),
    bomb("stubborn-loop", "to run for ever, with every signal blocked and every exception caught", """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


def affine_forward(x, w, b):
    reached()
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
""", earns=HANGS, shows="no answer within"),
    bomb("loop-in-c", "to run for ever in C, holding the interpreter's lock", """
def affine_forward(x, w, b):
    reached()
    ctypes.PyDLL(None).sleep(10**6)
""", earns=HANGS, shows="no answer within"),
    bomb("stopped", "to suspend itself, as Ctrl-Z does, and never to continue", """
import signal


def affine_forward(x, w, b):
    reached()
    os.kill(os.getpid(), signal.SIGSTOP)
""", earns=HANGS, shows="no answer within"),
    harmless("all-cores", "to keep every core busy while others are judged", """
import hashlib
until = time.monotonic() + 1.5


def burn():
    while time.monotonic() < until:
        hashlib.pbkdf2_hmac("sha256", b"", b"", 20_000)


for _ in range(8):
    threading.Thread(target=burn, daemon=True).start()
reached()
"""),
    harmless("descriptors", "to use up file descriptors, and the buffers behind them", """
held = []


def pipes():
    while len(held) < 4000:
        held.extend(os.pipe())
        os.set_blocking(held[-1], False)
        os.write(held[-1], bytes(2**16))
    return len(held)


attempt("thousands of pipes", pipes)
for one in held:
    os.close(one)
"""),
    harmless("alarms", "to be woken a thousand times a second", """
import signal
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)
_right = affine_forward


def affine_forward(x, w, b):
    reached(str(len(heard) > 0))
    return _right(x, w, b)
"""),
)  # fmt: skip

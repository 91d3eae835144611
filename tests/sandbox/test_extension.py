"""Building a submission's Cython extension: in a sandbox that may start compilers, and nothing else."""

import contextlib
import os
import secrets
import shutil
import sysconfig
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.sandbox import extension, launch
from autograder.sandbox.client import Remote
from autograder.sandbox.extension import BUILDING, BuildError, build, try_out

from ..conftest import ROOT
from .judging import JUDGING, PACKAGE

FILE = "cs231n/im2col_cython.pyx"
SOURCE = ROOT / "source" / "assignment2" / FILE
TINY = "def double(int x):\n    return 2 * x\n"


@pytest.fixture
def folder(reachable: Path) -> Path:
    """Return a submission with an extension, after intake."""
    (reachable / "cs231n").mkdir()
    (reachable / "cs231n" / "__init__.py").write_text("")
    shutil.copyfile(SOURCE, reachable / FILE)
    return reachable


def write(folder: Path, text: str) -> None:
    (folder / FILE).write_text(text)


def test_builds_and_another_runner_loads_it(folder: Path, each_level: int) -> None:
    library = build(each_level, folder / FILE)
    (folder / FILE).with_name(f"im2col_cython{sysconfig.get_config_var('EXT_SUFFIX')}").write_bytes(library)
    remote = Remote(launch.start(each_level, folder, JUDGING), 10)
    try:
        cols = CodeUnderTest(remote).im2col_cython.im2col_cython(np.arange(16.0).reshape(1, 1, 4, 4), 2, 2, 0, 2)
    finally:
        remote.close()
    np.testing.assert_array_equal(cols, [[0, 2, 8, 10], [1, 3, 9, 11], [4, 6, 12, 14], [5, 7, 13, 15]])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def f(int h, int s):\n    cdef int n = (h + 1) / s\n    return n\n", r"line 2: Cannot assign type 'double' to 'int'\. .*write //"),
        ("def f(:\n", "line 1: "),
        ("cdef extern from *:\n    '''\n    int bad = ;\n    '''\ndef f(): pass\n", "The C compiler does not accept Cython's C code"),
        ("from nowhere cimport thing\n", "line 1: "),
        ("include 'nowhere.pxi'\n", "does not compile"),
        ("cdef extern from *:\n    '''\n    volatile char vast[1UL << 33] = {1};\n    '''\ndef f(): pass\n", "did not finish: it writes a file of more than"),
    ],
    ids=["division of whole numbers", "syntax", "C code", "missing module", "missing file", "vast library"],
)  # fmt: skip
def test_one_sentence_says_why_it_does_not_build(folder: Path, level: int, text: str, sentence: str) -> None:
    write(folder, text)
    with pytest.raises(BuildError, match=sentence) as caught:
        build(level, folder / FILE)
    assert caught.value.lasting
    assert "\n" not in str(caught.value)


def test_what_a_file_says_of_its_own_compilation_is_not_followed(folder: Path, level: int) -> None:
    write(folder, "# distutils: sources = /nowhere.c\n# distutils: extra_compile_args = -bad-option\n" + TINY)
    assert len(build(level, folder / FILE)) > 1000


def test_a_secret_cannot_be_compiled_in(
    folder: Path, each_level: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At levels 3 and 2 a compiler reads only its tools and the submission; the control includes a file of the submission."""
    secret = tmp_path_factory.mktemp("secret") / "secret.h"
    secret.write_text("#define SECRET 42\n")
    secret.chmod(0o644)
    template = "cdef extern from *:\n    '''\n    #include \"{}\"\n    #define FOUND 1\n    '''\n    int FOUND\n" + TINY
    write(folder, template.format("limits.h"))
    build(each_level, folder / FILE)
    write(folder, template.format(secret))
    with pytest.raises(BuildError, match="C compiler does not accept"):
        build(each_level, folder / FILE)


def test_a_build_that_takes_too_long_ends_with_its_processes(
    folder: Path, each_level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extension, "SECONDS", 2.0)
    busy = "#define A(x) x x x x x x x x\n    #define B(x) A(A(A(A(A(A(A(A(x))))))))\n    int n = 0 B(+1);\n"
    name = f"endless_{secrets.token_hex(8)}"  # a name that no other process compiles
    (folder / f"{name}.pyx").write_text(f"cdef extern from *:\n    '''\n    {busy}    '''\ndef f(): pass\n")
    with pytest.raises(BuildError, match="did not finish") as caught:
        build(each_level, folder / f"{name}.pyx")
    assert not caught.value.lasting
    until = time.monotonic() + 60  # the kernel needs time to end a namespace's processes
    while _compiling(name) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _compiling(name)


def test_a_runner_that_builds_has_no_network_and_no_new_namespaces(folder: Path, each_level: int) -> None:
    (folder / "cs231n" / "layers.py").write_text(
        "import ctypes, os, socket\n"
        "def network():\n    return socket.socket(socket.AF_INET)\n"
        "def namespace():\n    libc = ctypes.CDLL(None, use_errno=True)\n"
        "    return (libc.unshare(0x10000000), ctypes.get_errno())\n"
        "def clone():\n    libc = ctypes.CDLL(None, use_errno=True)\n"
        "    return (libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0), ctypes.get_errno())\n"
        "def process():\n    return os.waitpid(os.spawnv(os.P_NOWAIT, '/bin/true', ['true']), 0)[1]\n"
    )
    remote = Remote(launch.start(each_level, folder, replace(BUILDING, package=PACKAGE)), 10)
    student = CodeUnderTest(remote)
    try:
        assert student.layers.process() == 0  # the control: compilers are processes
        with pytest.raises(CodeError, match="PermissionError"):
            student.layers.network()
        assert student.layers.namespace() == (-1, 1)
        if os.uname().machine == "x86_64":
            assert student.layers.clone() == (-1, 1)
    finally:
        remote.close()


@pytest.mark.parametrize(
    "name",
    [
        "setuptools.py",
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in ("pythran.py", "Cython/__init__.py", "cs231n/im2col_cython.pxd")
        ),
    ],
)
def test_what_lies_beside_the_source_has_no_say(folder: Path, each_level: int, name: str) -> None:
    """Cython tries to import some modules that are rarely installed: a submission must not supply them."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("raise SystemExit('mine')\n")
    assert build(each_level, folder / FILE).startswith(b"\x7fELF")


def test_a_machine_that_cannot_build_says_so(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert try_out(level) == ""
    monkeypatch.setattr(extension, "SYSTEM", "/nowhere")
    assert "install gcc or clang" in try_out(level)


@pytest.mark.parametrize("answer", [None, 7, "text", np.zeros(4), np.zeros(1000, np.uint8)])
def test_an_answer_that_is_no_library_is_refused(
    folder: Path, level: int, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    monkeypatch.setattr(extension, "MAX_LIBRARY", 999)
    monkeypatch.setattr(Remote, "ask", lambda *_, **__: answer)
    with pytest.raises(BuildError, match="gave no library"):
        build(level, folder / FILE)


def test_other_runners_have_no_compiler_and_no_cython(folder: Path, each_level: int) -> None:
    (folder / "cs231n" / "layers.py").write_text(
        "def use():\n    from Cython.Build import cythonize\n    cythonize([])\n    return 1\n"
    )
    remote = Remote(launch.start(each_level, folder, JUDGING), 10)
    try:
        with pytest.raises(CodeError, match="Error"):
            CodeUnderTest(remote).layers.use()
    finally:
        remote.close()


def _compiling(name: str) -> bool:
    """Tell whether a compiler is compiling a file of that name."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes()
            if b"cc1" in words and name.encode() in words:
                return True
    return False

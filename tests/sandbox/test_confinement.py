"""The limits of a submission in a runner, at levels 3 and 2. Each attack proves that it ran, beside an honest control."""

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.intake.submission import take_in
from autograder.sandbox import launch
from autograder.sandbox.client import Remote
from autograder.sandbox.levels import Limits
from tests.rules import RULES

from ..within import within
from .judging import JUDGING

HONEST = "import numpy as np\ndef double(x):\n    return 2 * x\n"
Start = Callable[..., CodeUnderTest]


@pytest.fixture
def start(reachable: Path, each_level: int) -> Iterator[Start]:
    """Yield a function that starts a runner on modules given as text."""
    running: list[Remote] = []

    def begin(limits: Limits | None = None, seconds: float = 10, **modules: str) -> CodeUnderTest:
        source = reachable / f"source{len(running)}"
        (source / "cs231n").mkdir(parents=True)
        for name, text in {"layers": HONEST, **modules}.items():
            (source / "cs231n" / f"{name}.py").write_text(text)
        taken = take_in(source, reachable / f"taken{len(running)}", RULES)
        remote = Remote(
            launch.start(each_level, taken.folder, replace(JUDGING, limits=limits or JUDGING.limits)), seconds
        )
        running.append(remote)
        return CodeUnderTest(remote)

    yield begin
    for remote in running:
        remote.close()


def tried(body: str) -> str:
    """Return a module whose ``attack()`` returns the result of the body: a value, or the exception's name."""
    indented = "\n".join("        " + line for line in body.split("\n"))
    return (
        f"import os, sys, socket, ctypes\ndef attack():\n    try:\n{indented}\n"
        "    except BaseException as e:\n        return 'refused: ' + type(e).__name__\n"
    )


def test_honest_code_works(start: Start) -> None:
    student = start()
    np.testing.assert_array_equal(student.layers.double(np.arange(3.0)), [0, 2, 4])


REFUSED = {
    "read a secret": "return open({secret!r}).read()",
    "write a secret": "open({secret!r}, 'a').write('x'); return 'done'",
    "list the course": "return str(os.listdir({root!r}))",
    "read the password file": "return open('/etc/passwd').read()",
    "read its parent's environment": "return open(f'/proc/{{os.getppid()}}/environ').read()",
    "read bubblewrap's arguments": "return open('/proc/1/cmdline').read()",
    "write beside itself": "open({taken!r} + '/cs231n/layers.py', 'w').write('x'); return 'done'",
    "write to the system": "open('/usr/x', 'w').write('x'); return 'done'",
    "connect by TCP": "s = socket.create_connection(('127.0.0.1', {port}), timeout=1); return 'done'",
    "send by UDP": "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('127.0.0.1', {port})); return 'done'",
    "open an abstract socket": "s = socket.socket(socket.AF_UNIX); s.bind('\\0x'); return 'done'",
    "fork": "pid = os.fork()\nif pid == 0: os._exit(0)\nreturn 'done'",
    "start a program": "import subprocess\nsubprocess.run(['/bin/true'], check=True); return 'done'",
    "start by posix_spawn": "os.waitpid(os.posix_spawn('/bin/true', ['true'], {{}}), 0); return 'done'",
    "signal its parent": "os.kill(os.getppid(), 0); return 'done'",
    "signal the judge": "os.kill({judge}, 0); return 'done'",
    "trace": "r = ctypes.CDLL(None, use_errno=True).ptrace(16, {judge}, 0, 0)\nif r < 0: raise OSError\nreturn 'done'",
    "leave the session": "os.setsid(); return 'done'",
    "become root": "os.setresuid(0, 0, 0)\nif {level} == 3 or os.getuid() != 0: return 'done'\nraise OSError",
    "make memory files": "os.memfd_create('x'); return 'done'",
    "make namespaces": "r = ctypes.CDLL(None, use_errno=True).unshare(0x10000000)\nif r < 0: raise OSError\nreturn 'done'",
    "mount": "r = ctypes.CDLL(None, use_errno=True).mount(b'none', b'/tmp', b'tmpfs', 0, None)\nif r < 0: raise OSError\nreturn 'done'",
    "change root": "os.chroot('/tmp'); return 'done'",
    "raise its limits": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1)); return 'done'",
    "share memory": "r = ctypes.CDLL(None, use_errno=True).shmget(0, 4096, 0o1600)\nif r < 0: raise OSError\nreturn 'done'",
    "call what does not exist yet": "r = ctypes.CDLL(None, use_errno=True).syscall(499)\nif r < 0: raise OSError\nreturn 'done'",
    "import the hidden tests": "import autograder.assignments.assignment2.hidden.test_fully_connected_nets; return 'done'",
    "import the judge's kit": "import autograder.assignments.assignment2.kit.judge; return 'done'",
    "import known mistakes": "import autograder.assignments.assignment2.mistakes.dropout; return 'done'",
    "import the reference": "import autograder.judge; return 'done'",
}


def test_what_is_not_to_be_imported_is_there() -> None:
    """Otherwise the test proves nothing: a runner does not have a module that was renamed."""
    names = [words.split(";")[0].removeprefix("import ") for words in REFUSED.values() if "import autograder" in words]
    assert len(names) == 4
    assert all(importlib.util.find_spec(name) for name in names)


@pytest.mark.parametrize("what", REFUSED)
def test_attack_is_refused(start: Start, tmp_path: Path, port: int, each_level: int, what: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the labels")
    facts = {
        "secret": str(secret), "root": str(Path(__file__).parents[2]), "taken": str(tmp_path / "taken0"),
        "port": port, "judge": os.getpid(), "level": each_level,
    }  # fmt: skip
    student = start(attack=tried(REFUSED[what].format(**facts)))
    answer = student.attack.attack()
    assert isinstance(answer, str)
    assert answer.startswith("refused: "), f"{what}: {answer}"
    broken = ("NameError", "AttributeError", "TypeError", "SyntaxError", "KeyError")
    assert answer.removeprefix("refused: ") not in broken, f"{what} did not really try: {answer}"
    assert secret.read_text() == "the labels"
    np.testing.assert_array_equal(student.layers.double(np.ones(1)), [2])


def test_packages_installed_beside_python_are_out_of_reach(start: Start) -> None:
    """The autograder itself, with its hidden tests, may be installed there."""
    body = (
        "found = []\nfor root in (sys.prefix, '/usr', '/usr/local'):\n    for lib in ('lib', 'lib/python3'):\n"
        "        for version in [''] + [f'python3.{n}' for n in range(9, 16)]:\n"
        "            for name in ('site-packages', 'dist-packages'):\n                try: found += os.listdir('/'.join([root, lib, version, name]))\n"
        "                except OSError: pass\nreturn len(found)"
    )
    assert start(attack=tried(body)).attack.attack() == 0


@pytest.mark.parametrize("where", ["/usr/src", "/usr/local/share", "/usr/share", "/opt", "/srv", "/home"])
def test_a_course_is_out_of_reach_wherever_it_lies(start: Start, where: str) -> None:
    if not os.access(where, os.W_OK):
        pytest.skip(f"{where} is not writable")
    with tempfile.TemporaryDirectory(dir=where) as course:
        os.chmod(course, 0o755)
        Path(course, "labels").write_text("the labels")
        body = f"return open('{course}/labels').read()"
        assert str(start(attack=tried(body)).attack.attack()).startswith("refused: ")


def test_threads_are_allowed(start: Start) -> None:
    body = "import threading\nseen = []\nt = threading.Thread(target=lambda: seen.append(1)); t.start(); t.join()\nreturn len(seen)"
    assert start(attack=tried(body)).attack.attack() == 1


def failing(student: CodeUnderTest) -> CodeError:
    with pytest.raises(CodeError) as caught:
        student.attack.attack()
    return caught.value


@pytest.mark.parametrize("how", ["os._exit(0)", "os.abort()", "ctypes.string_at(0)"])
def test_a_runner_that_ends_itself_is_no_answer(start: Start, how: str) -> None:
    assert failing(start(attack=f"import os, ctypes\ndef attack():\n    {how}\n")).kind == "crash"


@pytest.mark.parametrize(
    "how", ["sys.exit(0)", "raise KeyboardInterrupt", "raise SystemExit(0)", "raise GeneratorExit"]
)
def test_exits_are_exceptions(start: Start, how: str) -> None:
    student = start(attack=f"import sys\ndef attack():\n    {how}\n")
    assert failing(student).kind == "raised"
    np.testing.assert_array_equal(student.layers.double(np.ones(1)), [2])


@pytest.mark.parametrize(
    "how", ["while True: pass", "import time; time.sleep(1e6)", "import re; re.match('(a+)+$', 'a' * 40 + 'b')"]
)
def test_time_is_bounded(start: Start, how: str) -> None:
    student = start(attack=f"def attack():\n    {how}\n", seconds=1)
    with within(5):
        assert failing(student).kind == "timeout"
    assert "1 seconds" in failing(student).message


def test_memory_is_bounded(start: Start) -> None:
    limits = Limits(memory=2**30)
    error = failing(start(limits, attack="import numpy as np\ndef attack():\n    return np.ones((2**28,)).sum()\n"))
    assert "memory" in error.message.lower()


def test_disk_is_bounded(start: Start) -> None:
    body = "f = open(os.environ['HOME'] + '/x', 'wb')\nfor i in range(200): f.write(b'0' * 2**20); f.flush()\nreturn 'done'"
    student = start(Limits(file_size=16 * 2**20, disk=16 * 2**20), attack=tried(body))
    try:
        assert str(student.attack.attack()).startswith("refused")
    except CodeError as error:
        assert error.kind == "crash"  # the kernel sends a signal when a file grows too large


@pytest.mark.parametrize(
    "how",
    [
        "for i in range(100):\n    with open(f'{home}/{i}', 'wb') as f: f.write(b'0' * 2**20)",
        "for i in range(30_000): open(f'{home}/{i}', 'w').close()",
        "os.mkdir(f'{home}/d', 0o300)\nfor i in range(100):\n    with open(f'{home}/d/{i}', 'wb') as f: f.write(b'0' * 2**20)",
    ],
    ids=["bytes", "entries", "hidden"],
)
def test_many_files_are_bounded_together(start: Start, each_level: int, how: str) -> None:
    body = f"home = os.environ['HOME']\n{how}\nimport time; time.sleep(1)\nreturn 'done'"
    student = start(Limits(disk=16 * 2**20), attack=tried(body))
    scratch = student.backend.process.scratch.path
    no_disk = each_level == 3 and "'w')" in how  # the runner's own file system disappears with it
    try:
        assert str(student.attack.attack()).startswith("done" if no_disk else "refused: OSError")
    except CodeError as error:
        assert error.kind == "crash"
        assert "too much time, memory or disk" in error.message
    student.backend.close()
    assert not scratch.exists()


def test_temporary_files_are_to_be_had(start: Start, each_level: int) -> None:
    body = "import tempfile\nwith open(tempfile.mkstemp()[1], 'w') as f: f.write('x')\nreturn len(os.listdir(tempfile.gettempdir()))"
    assert start(attack=tried(body)).attack.attack() == 1
    removed = start(
        attack=tried("import tempfile\nwith tempfile.TemporaryFile() as f: return f.write(b'x')")
    ).attack.attack()
    assert removed == 1 if each_level == 3 else str(removed).startswith("refused: ")


def test_endless_output_goes_nowhere(start: Start) -> None:
    body = "for i in range(2000): os.write(1, b'x' * 65536); os.write(2, b'y' * 65536)\nreturn 'written'"
    assert start(attack=tried(body)).attack.attack() == "written"


def test_forged_answers_end_the_runner(start: Start) -> None:
    """Bytes that are written into every file descriptor are no answers."""
    body = (
        "for d in range(3, 64):\n    try: os.write(d, b'\\x00\\x00\\x00\\x02\\x00\\x00\\x00\\x00{}')\n    except OSError: pass\n"
        "return 'written'"
    )
    student = start(attack=tried(body))
    assert failing(student).kind in ("protocol", "timeout")


def test_late_and_doubled_answers_end_the_runner(start: Start) -> None:
    body = (
        "import gc\nfrom autograder.runner.main import Runner\n"
        "runner = next(o for o in gc.get_objects() if type(o) is Runner)\n"
        "runner.wire.send({'id': 1, 'value': True}, []); return 'sent'"
    )
    assert failing(start(attack=tried(body))).kind == "protocol"


@pytest.mark.parametrize(
    "value",
    [
        "np.array([object()])", "np.zeros(3, dtype='V8')", "np.ma.masked_array([1.0])", "np.zeros(3, dtype='U3')",
        "type('Equal', (), {'__eq__': lambda s, o: True, '__float__': lambda s: 1.0, '__array__': lambda s: 1})()",
        "np.zeros(2).view(type('A', (np.ndarray,), {'__array_function__': lambda *a: True}))", "lambda: 1", "{'a': 1}",
    ],
)  # fmt: skip
def test_only_plain_arrays_come_by_value(start: Start, value: str) -> None:
    answer = start(attack=f"import numpy as np\ndef attack():\n    return {value}\n").attack.attack()
    if isinstance(answer, np.ndarray):
        assert type(answer) is np.ndarray
        assert answer.dtype.kind in "fiub"
    else:
        with pytest.raises(CodeError):
            bool(answer)


@pytest.mark.parametrize("value", ["'x' * (5 * 2**20)", "tuple(np.ones(1) for _ in range(300))", "np.zeros(2**26 + 1)"])
def test_what_is_too_large_to_send_is_said(start: Start, value: str) -> None:
    student = start(attack=f"import numpy as np\ndef attack():\n    return {value}\n")
    error = failing(student)
    assert error.kind == "type"
    assert "too large" in error.message
    np.testing.assert_array_equal(student.layers.double(np.ones(1)), [2])


def test_shadowing_modules_do_nothing(start: Start) -> None:
    student = start(numpy="raise SystemExit", json="raise SystemExit", sitecustomize="raise SystemExit")
    np.testing.assert_array_equal(student.layers.double(np.ones(1)), [2])


def test_texts_cannot_steer_a_terminal(start: Start) -> None:
    error = failing(start(attack="def attack():\n    raise ValueError('\\x1b[2J\\u202e' + 'x' * 100_000)\n"))
    assert "\x1b" not in error.message
    assert "\u202e" not in error.message
    assert len(error.message) < 3000


def test_modules_for_looking_are_stood_in_for(start: Start) -> None:
    module = (
        "import matplotlib.pyplot as plt\nfrom tqdm import tqdm\nfrom past.builtins import xrange\nimport torch\n"
        "import scipy.misc\nfrom future import standard_library\nstandard_library.install_aliases()\n"
        "def attack():\n    return sum(tqdm(xrange(3)))\ndef cheat():\n    return torch.ones(3)\n"
    )
    student = start(attack=module)
    assert student.attack.attack() == 3
    with pytest.raises(CodeError, match="not available while grading"):
        student.attack.cheat()

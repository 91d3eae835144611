"""Cells in a runner, at levels 3 and 2: their outputs come back, within limits, and they reach no secret."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.runner.execute import Outputs
from autograder.sandbox import launch
from autograder.sandbox.client import Remote
from autograder.sandbox.levels import Limits, Profile, parts_of
from autograder.sandbox.profiles import NOTEBOOK, for_notebook
from tests.assignment2 import ASSIGNED

from .judging import PACKAGE

LIMITS = {"text": 20_000, "number": 50, "picture": 1_000_000, "pictures": 3_000_000}
SHADOWS = ("IPython", "matplotlib", "traitlets", "docrepr", "sitecustomize", "usercustomize", "ipywidgets")
Cells = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def cells(reachable: Path, each_level: int) -> Iterator[Cells]:
    """Yield a function that executes cells one after the other in one runner, and returns the answers."""
    home = reachable / "submission"
    (home / "cs231n").mkdir(parents=True)
    (home / "models").mkdir()
    (home / "models" / "part1.npz").write_bytes(b"handed in")
    (home / "cs231n" / "own.py").write_text("def triple(x):\n    return 3 * x\n")
    for name in SHADOWS:
        (home / f"{name}.py").write_text("raise SystemExit('mine')\n")
    remotes: list[Remote] = []

    def execute(*sources: str, seconds: float = 20.0) -> list[dict[str, Any]]:
        if not remotes:
            profile = for_notebook(ASSIGNED, ASSIGNED.parts[0], 60, None)
            process = launch.start(each_level, home, replace(profile, limits=Limits(memory=2 * 2**30)))
            remotes.append(Remote(process, 60.0))
            remotes[0].ask("execute", source="", limits=LIMITS)
        remotes[0].seconds = seconds
        return [remotes[0].ask("execute", source=source, limits=LIMITS) for source in sources]

    yield execute
    for remote in remotes:
        remote.close()


def text(answer: dict[str, Any]) -> str:
    """Return all text that a cell printed or showed as plain text."""
    return "".join(output.get("text", "") or output["data"].get("text/plain", "") for output in answer["outputs"])


def test_cells_show_what_they_show_in_jupyter(cells: Cells) -> None:
    plot = "%matplotlib inline\nimport matplotlib.pyplot as plt\n_ = plt.plot([1, 2])\nprint('before')\nplt.show()\nprint('after')"
    answers = cells(
        "import numpy as np, sys\nx = np.arange(3)", "print('out'); print('err', file=sys.stderr); x.sum()", plot,
        "from cs231n.own import triple\ntriple(x).tolist()", "def f():\n    return 1 / 0\nf()", "x.max()",
        "for n in range(3):\n    print(f'\\rstep {n}', end='')", "%load_ext autoreload\n%autoreload 2",
        "from IPython.display import HTML, Markdown, clear_output, display\nprint('gone')\nclear_output()\ndisplay(HTML('<b>'), Markdown('*m*'))",
    )  # fmt: skip
    assert [answer["failed"] for answer in answers] == [False] * 4 + [True] + [False] * 4
    assert answers[0]["outputs"] == []
    printed, value = answers[1]["outputs"]
    assert printed == {"output_type": "stream", "text": "out\nerr\n"}
    assert value["data"]["text/plain"] in ("3", "np.int64(3)")
    before, picture, after = answers[2]["outputs"]
    assert (before["text"], after["text"]) == ("before\n", "after\n")
    assert picture["data"]["image/png"].tobytes().startswith(b"\x89PNG")
    assert text(answers[3]) == "[0, 3, 6]"
    assert "Cell In[5], line 2, in f()" in text(answers[4])
    assert text(answers[4]).endswith("ZeroDivisionError: division by zero")
    assert "\x1b" not in text(answers[4])
    assert text(answers[6]) == "step 2"
    assert "gone" not in text(answers[8])
    assert text(cells("print('\\ud800')\nraise ValueError('\\udc00')")[0]).startswith("\\ud800\n")
    assert {name for output in answers[8]["outputs"] for name in output["data"]} == {"text/plain"}


def test_a_notebook_finds_its_files_and_may_write(cells: Cells) -> None:
    answers = cells(
        "print(open('models/part1.npz').read())", "open('models/part1.npz', 'w').write('new')",
        "%%writefile fresh.py\nvalue = 7", "import fresh; fresh.value", "import os; os.environ['CS231N_QUICK']",
    )  # fmt: skip
    assert not any(answer["failed"] for answer in answers)
    assert text(answers[0]) == "handed in\n"
    assert text(answers[3]) == "7"
    assert text(answers[4]) == "'1'"


def test_what_is_not_to_be_had_is_said_in_one_sentence(cells: Cells) -> None:
    asks = ("input('?')", "!ls", "found = !ls", "%%bash\nls", "%%script sh\nls", "%system ls", "%pip install x")
    for source, answer in zip(asks, cells(*asks), strict=True):
        assert answer["failed"], source
        assert text(answer).startswith(("Programs cannot be started", "Nobody answers")), text(answer)
        assert "\n" not in text(answer).strip()
    unknown, torch, widget, single, after = cells(
        "%no_such_magic", "import torch\ntorch.ones(3)", "from ipywidgets import interact\ninteract(x=1)",
        "import typing_extensions, pylab; pylab.__file__ is not None", "exit()\nimport sys\nsys.exit(0)",
    )  # fmt: skip
    assert "UsageError: Line magic function `%no_such_magic` not found" in text(unknown)
    assert text(torch).endswith("not available while grading: this exercise is about NumPy.")
    assert "not available while grading" in text(widget)
    assert text(single) == "True"
    assert after["failed"]
    assert text(cells("'still here'")[0]) == "'still here'"


def test_outputs_are_bounded_while_they_are_made(cells: Cells) -> None:
    rest = "(the rest is left out)"
    png = "b'\\x89PNG\\r\\n\\x1a\\n' + bytes({})"
    answers = cells(
        "import resource\nfrom IPython.display import Image, display\nbefore = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss",
        "for n in range(100):\n    print('y' * 1_000_000)",
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)",
        f"display(Image(data={png.format(200_000_000)}, format='png'))", "'z' * 20_000_000",
        f"for n in range(5): display(Image(data={png.format(900_000)}, format='png'))",
        "for n in range(1000): display(n)", "def f(n): return f(n + 1)\nprint('x' * 100_000)\nf(0)",
    )  # fmt: skip
    assert len(text(answers[1])) <= LIMITS["text"] + 100
    assert rest in text(answers[1])
    assert int(text(answers[2])) < 30_000  # kilobytes, while 100,000 were printed
    assert text(answers[3]) == "(a picture is left out: it is too large)"
    assert len(text(answers[4])) <= LIMITS["text"] + 100
    assert rest in text(answers[4])
    pictures = [output["data"].get("image/png") for output in answers[5]["outputs"]]
    assert [picture is not None for picture in pictures] == [True] * 3 + [False] * 2
    assert len(answers[6]["outputs"]) == LIMITS["number"]
    assert len(text(answers[7])) <= LIMITS["text"] * 1.25 + 200
    assert "RecursionError" in text(answers[7])


def test_where_nothing_may_be_kept_nothing_is() -> None:
    outputs = Outputs(text=0, number=50, picture=0, pictures=0)
    outputs.write("x" * 10_000)
    outputs.show({"text/plain": "y" * 10_000, "image/png": b"z" * 10_000, "text/html": "w" * 10_000})
    outputs.fail("v" * 10_000)
    assert not any(2 * char in str(outputs.taken()) for char in "xyzwv")
    lines = Outputs(text=100, number=1, picture=0, pictures=0)
    for step in range(1000):
        lines.write(f"\rstep {step}" + ("\r\n" if step == 500 else ""))
    assert text({"outputs": lines.taken()}) == "step 500\nstep 999"


def test_a_cell_that_does_not_end_ends_the_runner(cells: Cells) -> None:
    cells("1")
    with pytest.raises(CodeError) as caught:
        cells("while True: print('y' * 1000)", seconds=1)
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize("source", ["import os; os._exit(0)", "import ctypes; ctypes.string_at(0)"])
def test_a_cell_that_ends_the_program_ends_the_runner(cells: Cells, source: str) -> None:
    with pytest.raises(CodeError) as caught:
        cells("print('so far')", source)
    assert caught.value.kind == "crash"


ATTACKS = {
    "read a secret": "open({secret!r}).read()",
    "list its folder": "os.listdir(os.path.dirname({secret!r}))",
    "import the hidden tests": "import autograder.assignments.assignment2.hidden.test_fully_connected_nets",
    "import other packages": "import pytest",
    "read other packages": "open({package!r}).read()",
    "list other packages": "assert {names!r} & {{n for p in sys.path if os.path.isdir(p) for n in os.listdir(p)}}, 'nothing'",
    "connect": "socket.create_connection(('127.0.0.1', {port}), timeout=1)",
    "send": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "fork": "os._exit(0) if os.fork() == 0 else None",
    "start a program": "subprocess.run(['/bin/true'], check=True)",
    "write to a package": "open(np.__file__, 'a').write('x')",
    "write to the submission": "open(own.__file__, 'a').write('x')",
}


def test_attacks_are_refused(cells: Cells, tmp_path: Path, port: int) -> None:
    secret = tmp_path / "gradebook.db"
    secret.write_text("the labels")
    facts = {
        "secret": str(secret), "port": port, "package": str(pytest.__file__),
        "names": {"pytest", "nbgrader", "Cython"},
    }  # fmt: skip
    cells("import os, socket, subprocess, sys\nimport numpy as np\nfrom cs231n import own")
    attempts = [
        f"print('tried')\ntry:\n    {source.format(**facts)}\n    print('got through')\n"
        "except Exception as error:\n    print('refused', type(error).__name__)"
        for source in ATTACKS.values()
    ]
    answers = cells(*attempts, "print('tried')\nopen(own.__file__).read(); print('got through')")
    for what, answer in zip(ATTACKS, answers, strict=False):
        tried, refused, name = text(answer).split()
        assert (tried, refused) == ("tried", "refused"), what
        assert name not in ("NameError", "AttributeError", "TypeError", "SyntaxError"), (
            f"{what} did not really try: {name}"
        )
    assert text(answers[-1]) == "tried\ngot through\n"  # the control
    assert secret.read_text() == "the labels"


def test_only_what_notebooks_need_is_in_reach() -> None:
    """Single files and a distribution's metadata are included: matplotlib finds its backends by the metadata."""
    names = {part.name for part in parts_of(NOTEBOOK, needs=True)}
    assert {"numpy", "IPython", "matplotlib", "matplotlib_inline", "pylab.py", "typing_extensions.py", "PIL"} <= names
    assert any(name.startswith("matplotlib_inline-") and name.endswith(".dist-info") for name in names)
    assert not names & {"autograder", "pytest", "Cython", "nbgrader", "zmq", "distributed", "__pycache__", ".."}
    assert all(part.exists() for part in parts_of(NOTEBOOK, needs=True))
    assert {"numpy"} <= {part.name for part in parts_of(("numpy", "not-installed-anywhere"), needs=True)}


@pytest.mark.parametrize(("packages", "real"), [(("numpy", "six"), True), (("numpy",), False)])
def test_what_is_really_there_is_not_stood_in_for(
    reachable: Path, each_level: int, packages: tuple[str, ...], real: bool
) -> None:
    """Older versions of matplotlib's dependencies need more of ``six`` than its stub has."""
    (reachable / "cs231n").mkdir()
    (reachable / "cs231n" / "own.py").write_text(
        "import six\nfrom six.moves import range\ndef real():\n    return hasattr(six, '__version__')\n"
    )
    remote = Remote(launch.start(each_level, reachable, Profile(packages=packages, needs=True, package=PACKAGE)), 10)
    try:
        assert CodeUnderTest(remote).own.real() == real
    finally:
        remote.close()

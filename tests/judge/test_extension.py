"""The Cython extension in a verdict: the submitted source is built once and judged, and harms nothing else."""

import os
import re
import shutil
import sysconfig
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.judge import extension
from autograder.sandbox.extension import BuildError, NoCompilerError, build
from autograder.verdict import ERROR, FAILED, GRADED, NOT_GRADED

from .conftest import Change, Judge, lost

pytestmark = pytest.mark.xdist_group("verdicts")
FAST_USERS = ("three_layer_convnet", "learns_part4")


def edit(old: str, new: str, file: str = "im2col_cython.pyx"):
    """Return a change of one text in a file of the package."""

    def change(folder: Path) -> None:
        path = folder / "cs231n" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def test_built_once_for_all_who_hand_in_the_same_source(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    change = edit('"""See `im2col.im2col_6d`."""', '"""My own words."""')
    judge(change, "conv_extension")
    monkeypatch.setattr(extension, "build", lambda *_: pytest.fail("built again"))
    for again in (change, lambda folder: None):  # the course has built the given source already
        (exercise,) = judge(again, "conv_extension").exercises
        assert exercise.score == exercise.points


def test_what_stands_in_the_librarys_way_is_put_aside(judge: Judge) -> None:
    def change(folder: Path) -> None:
        for name in (f"im2col_cython{sysconfig.get_config_var('EXT_SUFFIX')}", "im2col_cython"):
            (folder / "cs231n" / name).mkdir()
            (folder / "cs231n" / name / "__init__.py").write_text("raise RuntimeError('not the extension')\n")

    (exercise,) = judge(change, "conv_extension").exercises
    assert exercise.score == exercise.points


@pytest.mark.parametrize(
    ("exercise", "handed_in"), [("affine_forward", True), ("batchnorm_forward", False), ("dropout_forward", True)]
)
def test_a_module_may_import_the_extension_in_every_part(judge: Judge, exercise: str, handed_in: bool) -> None:
    def change(folder: Path) -> None:
        path = folder / "cs231n" / "layers.py"
        path.write_text("from cs231n.im2col_cython import im2col_6d_cython\n" + path.read_text())
        if not handed_in:
            (folder / "cs231n" / "im2col_cython.pyx").unlink()

    (found,) = judge(change, exercise).exercises
    assert found.score == found.points


def divide_as_python_2_did(folder: Path) -> None:
    """Change the source to code for Cython 0.29, where / of integers gives an integer."""
    edit("cdivision=True, ", "")(folder)
    edit("//", "/")(folder)


def unknown_name(folder: Path) -> None:
    """Change the source so that it does not build by any rules."""
    edit("// stride + 1", "// step + 1")(folder)


STANDS_IN = "This course's own extension stands in for cs231n/im2col_cython.pyx in the other tests of this part."


def test_a_source_that_does_not_build_costs_its_own_exercise_only(judge: Judge, course: Course) -> None:
    verdict = judge(unknown_name, "conv_extension", *FAST_USERS)
    first, *others = verdict.exercises
    assert (first.outcome, first.score) == (FAILED, 0)
    lines = (course.source / "cs231n" / "im2col_cython.pyx").read_text().split("\n")
    number = next(n for n, line in enumerate(lines, start=1) if line.endswith("// stride + 1"))
    assert f"line {number}: undeclared name not builtin: step" in first.message
    assert len({test.message for test in first.tests}) == 1
    assert all(other.score == other.points for other in others)
    assert STANDS_IN in verdict.problems


def test_a_source_for_an_older_cython_is_built_by_its_rules_and_judged_by_what_it_does(judge: Judge) -> None:
    verdict = judge(divide_as_python_2_did, "conv_extension")
    assert not lost(verdict)
    assert [one for one in verdict.problems if "Cython 0.29" in one] == [
        "cs231n/im2col_cython.pyx was built by the rules of Cython 0.29: Cython 3 needs // for whole numbers."
    ]

    def wrong(folder: Path) -> None:
        edit(*WRONG["shifted by a pixel"])(folder)
        divide_as_python_2_did(folder)

    assert set(lost(judge(wrong, "conv_extension"))) == {"conv_extension"}


def test_a_source_that_is_not_there_costs_its_own_exercise_only(judge: Judge) -> None:
    verdict = judge(lambda folder: (folder / "cs231n" / "im2col_cython.pyx").unlink(), "conv_extension", *FAST_USERS)
    assert "was not handed in" in verdict.exercises[0].message
    assert verdict.exercises[0].outcome == NOT_GRADED
    assert set(lost(verdict)) == {"conv_extension"}
    assert STANDS_IN in verdict.problems


def test_libraries_of_another_machine_are_built_anew(judge: Judge) -> None:
    """Nothing that was handed in is loaded: neither a library of another system nor one that claims to be this one's."""

    def hand_in(folder: Path) -> None:
        for name in (
            "cp39-win_amd64.pyd",
            "cpython-311-darwin.so",
            str(sysconfig.get_config_var("EXT_SUFFIX"))[1:],
            "so",
        ):
            library = folder / "cs231n" / f"im2col_cython.{name}"
            library.write_bytes(b"not a library")
            os.utime(library, (1e9, 1e9))

    verdict = judge(hand_in, "conv_extension", *FAST_USERS)
    assert lost(verdict) == {}
    said = [one for one in verdict.problems if "which is built anew here" in one]
    assert len(said) == 4
    assert all("is older than its source" in one for one in said)


WRONG = {
    "reads beyond the last column": ("return min(places, (size - 1 - shift) // stride + 1)", "return places"),
    "shifted by a pixel": ("shift = j - padding\n                low", "shift = j - padding + 1\n                low"),
    "gradients assigned": ("target[column] += source[column]", "target[column] = source[column]"),
    "float64 only": ("_call_forward[float](&job, x.reshape", "_call_forward[double](&job, x.reshape"),
    "convolution shifted by a pixel": ("shift = phase + job.left", "shift = phase + job.left + 1"),
    "filters not flipped": ("-s * forward.tap_columns, -s,", "-s * forward.tap_columns, s,"),
}


FIRST = ("gradients assigned", "filters not flipped")
"""One of those with columns, and one of those without; each build takes long."""


@pytest.mark.parametrize(
    "name", [name if name in FIRST else pytest.param(name, marks=pytest.mark.long) for name in WRONG]
)
def test_an_extension_that_is_wrong_is_caught(judge: Judge, name: str) -> None:
    (exercise,) = judge(edit(*WRONG[name]), "conv_extension").exercises
    assert exercise.score < exercise.points


def test_an_extension_that_is_slow_is_caught(judge: Judge) -> None:
    slow = "def conv_forward_fast(x, w, b, conv_param):\n    from .layers import conv_forward_naive\n    import time\n    time.sleep(0.05)\n"
    body = "    out, _ = conv_forward_naive(x, w, b, conv_param)\n    return out, _fast(x, w, b, conv_param)[1]\n"

    def change(folder: Path) -> None:
        path = folder / "cs231n" / "fast_layers.py"
        path.write_text(path.read_text() + "\n_fast = conv_forward_fast\n" + slow + body)

    (exercise,) = judge(change, "conv_extension").exercises
    assert [test.kind for test in exercise.tests if test.outcome == FAILED] == ["speed"]
    assert re.search(r"The fast convolution is \d+ times as fast as a loop; more than 20 is expected", exercise.message)


def mended(folder: Path) -> None:
    """Change the source to another one that is as good as the course's."""
    edit('"""See `im2col.im2col`."""', '"""Changed."""')(folder)


@pytest.mark.parametrize("change", [lambda folder: None, mended, divide_as_python_2_did, unknown_name])
@pytest.mark.parametrize(
    "error", [NoCompilerError("There is none."), BuildError("Out of memory.", lasting=False), OSError("full")]
)
def test_a_machine_that_builds_nothing_is_our_fault(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, error: Exception, change: Change
) -> None:
    def refuse(*_: object) -> bytes:
        raise error

    monkeypatch.setattr(extension, "build", refuse)
    monkeypatch.setattr(extension, "_key", lambda source: "never-built")
    verdict = judge(change, "conv_extension", "three_layer_convnet")
    assert verdict.exercises[0].outcome == ERROR
    assert set(lost(verdict)) == {"conv_extension"}


@pytest.mark.parametrize(
    ("failures", "outcome", "tries"),
    [(1, GRADED, 2), pytest.param(2, FAILED, 3, marks=pytest.mark.long), (3, ERROR, 3)],
)
def test_a_build_that_ended_early_is_tried_once_more(
    judge: Judge, monkeypatch: pytest.MonkeyPatch, failures: int, outcome: str, tries: int
) -> None:
    """The course's own source is tried next; if this build does not end either, the machine is at fault."""
    judge(lambda folder: None, "conv_extension")  # now the course's own extension is built
    asked: list[Path] = []

    def stop(level: int, file: Path, older: bool = False) -> bytes:
        asked.append(file)
        if len(asked) <= failures:
            raise BuildError("It did not finish.", lasting=False)
        return build(level, file, older)

    monkeypatch.setattr(extension, "build", stop)
    monkeypatch.setattr(extension, "_same", lambda *_: False)
    change = edit('"""See `im2col.col2im`."""', f'"""Changed for {failures}."""')
    (exercise,) = judge(change, "conv_extension").exercises
    assert exercise.outcome == outcome
    assert len(asked) == tries


def old_package(folder: Path) -> None:
    """Make a submission of 2018: only the package, with its own setup.py and old code, without the release's tools."""
    for child in folder.iterdir():
        if child.name != "cs231n":
            shutil.rmtree(child) if child.is_dir() else child.unlink()
    package = folder / "cs231n"
    for tool in ("checks", "datasets", "kit"):
        shutil.rmtree(package / tool)
    for name in ("kernel.py", "im2col.py", "classifiers/model.py"):
        (package / name).unlink()
    for name in ("fc_net", "cnn"):
        path = package / "classifiers" / f"{name}.py"
        text = path.read_text().replace("from .model import Model\n", "").replace("(Model)", "(object)")
        path.write_text(re.sub(r"from \.\.(\w+) import", r"from cs231n.\1 import", text))
    fast = (package / "fast_layers.py").read_text()
    start, end = fast.index("import functools"), fast.index("def conv_forward_fast")
    (package / "fast_layers.py").write_text(
        "import numpy as np\nWITHOUT_COLUMNS = False\ntry:\n    from cs231n.im2col_cython import col2im_6d_cython as col2im_6d\n"
        "except ImportError:\n    print('build the extension first')\n\n"
        "def im2col_6d(x, hh, ww, pad, stride):\n"
        "    p = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')\n"
        "    n, c, h, w = p.shape\n    rows, cols = (h - hh) // stride + 1, (w - ww) // stride + 1\n"
        "    s = p.itemsize * np.array((h * w, w, 1, c * h * w, stride * w, stride))\n"
        "    return np.ascontiguousarray(np.lib.stride_tricks.as_strided(p, (c, hh, ww, n, rows, cols), s))\n\n"
        + fast[end:].replace("    if not EXTENSION_BUILT:\n        _say_that_it_is_not_built()\n", "")
    )
    assert start < end
    divide_as_python_2_did(folder)
    (package / "setup.py").write_text(
        "from distutils.core import setup\nfrom distutils.extension import Extension\n"
        "from Cython.Build import cythonize\nimport numpy\n"
        "setup(ext_modules=cythonize(Extension('im2col_cython', sources=['im2col_cython.pyx'])), include_dirs=[numpy.get_include()])\n"
    )


@pytest.mark.slow
def test_a_package_of_2018_is_judged_on_its_merits(judge: Judge) -> None:
    for number in (1, 2, 3, 4):
        verdict = judge(old_package, number=number, trained=False)
        below = {name: result.outcome for name, result in lost(verdict).items()}
        expected = {f"accuracy_part{number}": NOT_GRADED}
        if number == 1:
            expected.update(overfit_three_layer=NOT_GRADED, overfit_five_layer=NOT_GRADED)
        if number == 4:
            assert any("Cython 0.29" in problem for problem in verdict.problems)
        assert below == expected


REMEMBERING = """


_seen = {}
_right = conv_forward_fast


def conv_forward_fast(x, w, b, conv_param):
    key = x.shape, w.shape
    if key not in _seen:
        import time
        time.sleep(0.2)
        _seen[key] = _right(x, w, b, conv_param)
    return _seen[key]
"""


@pytest.mark.long
def test_what_is_remembered_is_not_fast(judge: Judge) -> None:
    """A slow convolution that returns the answer of the first call again, and a correct but slow one."""

    def change(text: str):  # type: ignore[no-untyped-def]
        def append(folder: Path) -> None:
            path = folder / "cs231n" / "fast_layers.py"
            path.write_text(path.read_text() + text)

        return append

    slow = REMEMBERING.replace("if key not in _seen:", "for _ in range(4):")  # far beyond the limit on every machine
    for text, words in ((REMEMBERING, "out is wrong"), (slow, "more than 20 is expected")):
        (exercise,) = judge(change(text), "conv_extension").exercises
        test = next(test for test in exercise.tests if test.kind == "speed")
        assert test.outcome == "failed"
        assert words in test.message

"""The extension builds in the students' release: in place, by pip, with either compiler, without a warning."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.course import Course

USE = (
    "import numpy as np\nfrom cs231n import fast_layers\n"
    "print(fast_layers.EXTENSION_BUILT)\n"
    "x, w, b = np.ones((2, 3, 4, 4), np.float32), np.ones((5, 3, 3, 3), np.float32), np.zeros(5, np.float32)\n"
    "for _ in range(2):\n    out, _ = fast_layers.conv_forward_fast(x, w, b, {'stride': 1, 'pad': 1})\n"
    "print(out.dtype, out[0, 0, 1, 1], out[1, 4, 0, 0])\n"
)


@pytest.fixture
def release(course: Course, tmp_path: Path) -> Path:
    """Return a student's copy of the release."""
    folder = tmp_path / "assignment2"
    shutil.copytree(course.release, folder)
    return folder


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a student would."""
    import os

    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_builds_in_place_without_a_warning(release: Path, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed here")
    flags = "-Wall -Wextra -Werror"
    result = run(release / "cs231n", sys.executable, "setup.py", "build_ext", "--inplace", CC=compiler, CFLAGS=flags)
    assert "warning" not in (result.stdout + result.stderr).lower()
    assert run(release, sys.executable, "-c", USE).stdout.split() == ["True", "float32", "27.0", "12.0"]


def test_builds_by_pip(release: Path, tmp_path: Path) -> None:
    offline = ["--no-build-isolation", "--no-deps", "--no-index", "--prefix", str(tmp_path / "environment")]
    run(release, sys.executable, "-m", "pip", "install", "--quiet", *offline, "--editable", ".")
    assert run(release, sys.executable, "-c", USE).stdout.split() == ["True", "float32", "27.0", "12.0"]


@pytest.mark.parametrize("broken", [False, True], ids=["not built", "built for another Python"])
def test_without_it_numpy_does_the_work_and_one_sentence_says_so(release: Path, broken: bool) -> None:
    if broken:
        import sysconfig

        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        (release / "cs231n" / f"im2col_cython{suffix}").write_bytes(b"not a library")
    lines = run(release, sys.executable, "-c", USE).stdout.splitlines()
    assert lines[0] == "False"
    assert lines[-1] == "float32 27.0 12.0"
    assert [line for line in lines if "python setup.py build_ext --inplace" in line] == lines[1:-1]
    assert len(lines) == 3

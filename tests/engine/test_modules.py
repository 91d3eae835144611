"""What modules of real hand-ins do when they are imported: judged where it can be, else one sentence says what it was."""

import shutil
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.judge.session import judge_part, taken_in
from autograder.sample.students import solved

from .conftest import NAME

pytestmark = [pytest.mark.slow, pytest.mark.long]
WHOLE, NOTEBOOK_ALONE = 6.0, 1.0
"""The points of a right hand-in, and those of its notebook alone."""
HARMLESS = {
    "100 MB of output": "for _ in range(100):\n    print('x' * 2**20)\n",
    "debuggers": "breakpoint()\nimport pdb; pdb.set_trace()\n",
    "windows that are not opened": "import tkinter\n",
    "itself": "from . import readings\n",
    "a package without a path": "import weather\nweather.__path__ = []\n",
    "a module beside": "from weather.helpers import *\n",
    "paths of the student's machine": "import sys\nsys.path.append('C:\\\\me')\nsys.path.insert(0, '/content/drive/MyDrive')\n",
    "absent packages that are not used": "import pandas as pd\nimport skimage.io\n",
    "warnings as errors": "import warnings\nwarnings.simplefilter('error')\n",
    "a thread that never ends": "import threading\nthreading.Thread(target=lambda: [0 for _ in iter(int, 1)], daemon=True).start()\n",
    "its own tests": "if __name__ == '__main__':\n    raise SystemExit('tests')\n",
}
SAID = {
    "a question": ("name = input('Your name? ')\n", "EOFError"),
    "an exit": ("import sys\nsys.exit()\n", "would end the program"),
    "a hard exit": ("import os\nos._exit(3)\n", "The program ended itself"),
    "a plot": ("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\n", "matplotlib.pyplot.plot is not available"),
    "a window system": ("import matplotlib\nmatplotlib.use('TkAgg')\n", "matplotlib.use is not available"),
    "an endless loop": ("while True:\n    pass\n", "did not finish"),
    "a module beside, without the package": ("import helpers\n", "No module named 'helpers'"),
    "a data file": ("import numpy as np\nDATA = np.loadtxt('data/readings.csv')\n", "data/readings.csv not found"),
    "a file of the student's home": ("DATA = open('/home/me/x.csv').read()\n", "/home/me/x.csv"),
    "an absent package that is used": ("import pandas as pd\nFRAME = pd.DataFrame()\n", "pandas.DataFrame is not available"),
    "the network": ("import urllib.request\nurllib.request.urlopen('http://example.org')\n", "URLError"),
    "a recursion without end": ("def f():\n    return f()\nf()\n", "RecursionError"),
    "a notebook's line": ("get_ipython().run_line_magic('matplotlib', 'inline')\n", "get_ipython"),
    "Python 2": ("print 'hello'\n", "SyntaxError"),
    "tabs and spaces": ("def f():\n\tif True:\n        return 1\n", "TabError"),
    "a circle": ("from weather.circle import late\n", "partially initialized module"),
}  # fmt: skip


ENCODED = {
    "Windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "CP1252 that is declared": lambda text: ("# -*- coding: cp1252 -*-\nUNIT = '\u20ac\u00b0'\n" + text).encode(
        "cp1252"
    ),
    "CP1252 in a text": lambda text: ("UNIT = '\u00b0C'\n" + text).encode("cp1252"),
    "UTF-8 with a mark": lambda text: ("UNIT = '\u00b0C'\n" + text).encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
}
READ = ("Windows line ends", "CP1252 that is declared", "UTF-8 with a mark")
"""These are judged as they are; of the others, the sentence says what to do."""


def judged(small: Course, folder: Path, text: str, level: int) -> tuple[float, list[str]]:
    """Return the score of a right hand-in whose module begins with this text, and what its failed tests say."""
    solved(small, folder)
    module = folder / NAME / "readings.py"
    module.write_text(text + module.read_text())
    (folder / NAME / "helpers.py").write_text("HELP = 1\n")
    (folder / NAME / "circle.py").write_text("from weather.readings import running_mean\nlate = running_mean\n")
    (part,) = small.parts
    with taken_in(folder, small.assignment) as submission:
        verdict = judge_part(small, part, submission, level)
    shutil.rmtree(folder)
    return verdict.score, [one.message for exercise in verdict.exercises for one in exercise.tests if one.message]


@pytest.mark.parametrize("name", HARMLESS)
def test_it_is_judged(small: Course, tmp_path: Path, level: int, name: str) -> None:
    assert judged(small, tmp_path / "work", HARMLESS[name], level) == (WHOLE, [])


@pytest.mark.parametrize("name", SAID)
def test_it_is_said(small: Course, tmp_path: Path, level: int, name: str) -> None:
    text, words = SAID[name]
    score, messages = judged(small, tmp_path / "work", text, level)
    assert score == NOTEBOOK_ALONE
    assert any(words in message for message in messages), messages
    assert all(len(message) < 400 for message in messages)


@pytest.mark.parametrize("name", ENCODED)
def test_it_is_read_or_the_sentence_says_why_not(small: Course, tmp_path: Path, level: int, name: str) -> None:
    solved(small, tmp_path / "work")
    module = tmp_path / "work" / NAME / "readings.py"
    module.write_bytes(ENCODED[name](module.read_text()))
    (part,) = small.parts
    with taken_in(tmp_path / "work", small.assignment) as submission:
        verdict = judge_part(small, part, submission, level)
    if name in READ:
        assert verdict.score == WHOLE
    else:
        messages = [one.message for exercise in verdict.exercises for one in exercise.tests if one.message]
        assert verdict.score == NOTEBOOK_ALONE
        assert all("readings.py" in message and "UTF-8" in message for message in messages), messages


@pytest.mark.parametrize("line", ["from .helpers import *", "from . import helpers", "from weather import helpers"])
def test_loose_modules_may_import_each_other(small: Course, tmp_path: Path, level: int, line: str) -> None:
    """They lie beside the notebook, without the package's folder."""
    solved(small, tmp_path / "work")
    for module in (tmp_path / "work" / NAME).glob("*.py"):
        if module.name != "__init__.py":
            module.rename(tmp_path / "work" / module.name)
    shutil.rmtree(tmp_path / "work" / NAME)
    (tmp_path / "work" / "helpers.py").write_text("HELP = 1\n")
    module = tmp_path / "work" / "readings.py"
    module.write_text(f"{line}\n{module.read_text()}")
    (part,) = small.parts
    with taken_in(tmp_path / "work", small.assignment) as submission:
        verdict = judge_part(small, part, submission, level)
    assert verdict.score == WHOLE, [one.message for exercise in verdict.exercises for one in exercise.tests]

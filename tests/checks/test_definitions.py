"""Only a notebook's imports, definitions and constants are loaded, and a broken cell costs only its own names."""

import json
from pathlib import Path

import pytest

from autograder.checks.definitions import Definitions
from autograder.checks.notebook import NotebookError, framework_of, python_of, read_cells


def notebook(folder: Path, *cells: str) -> Definitions:
    content = {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4}
    (folder / "A.ipynb").write_text(json.dumps(content))
    return Definitions(folder, ("A.ipynb",))


def test_constants_functions_and_imports_are_there(tmp_path: Path) -> None:
    names = notebook(
        tmp_path,
        "%matplotlib inline\nimport math\nrate, scale = 1e-2, 10 ** -1\n!ls",
        "def area(r):\n    return math.pi * r ** 2\nsizes = [16, 32]\nlimit = float('1e-3')",
    )
    assert names["rate"] == 1e-2
    assert names["scale"] == 0.1
    assert names["limit"] == 1e-3
    assert names["area"](1) == pytest.approx(3.14159, rel=1e-5)
    assert names["sizes"] == [16, 32]


def test_training_does_not_run(tmp_path: Path) -> None:
    never = tmp_path / "never"
    cells = (
        f"def train(): open({str(never)!r}, 'w')\nmodel = train()\nlast = model\nfor i in range(3): train()\nrate = 3"
    )
    names = notebook(tmp_path, cells)
    assert names["rate"] == 3
    with pytest.raises(KeyError, match="a loop in cell 1 sets it"):
        names["i"]
    assert not never.exists()


def test_what_a_call_sets_is_there_where_it_is_needed(tmp_path: Path) -> None:
    names = notebook(
        tmp_path,
        "def few(full, quick):\n    return full\nwidths = few((64, 32), ())\nlast = widths[-1]\nflatten = lambda x: x.ravel()",
        "def wide(n=last):\n    return n + sum(widths)\ntwice = twice_of(3)\nunset = unknown + 1",
        "def broken():\n    return twice",
    )
    assert names["wide"]() == 128
    assert names["last"] == 32
    assert callable(names["flatten"])
    with pytest.raises(KeyError, match="twice_of"):
        names["twice"]
    with pytest.raises(NameError, match="twice"):
        names["broken"]()
    assert "'twice_of' is not defined" in names.problem("twice")
    with pytest.raises(KeyError, match="'unknown' is not defined"):
        names["unset"]


def test_of_a_choice_only_what_it_sets_is_taken(tmp_path: Path) -> None:
    cells = "if 1 < 2:\n    device = 'here'\n    shout(device)\nelse:\n    device = 'there'\nif 1 > 2:\n    shout()"
    assert notebook(tmp_path, cells)["device"] == "here"


def test_a_constant_may_be_built_in_steps(tmp_path: Path) -> None:
    names = notebook(
        tmp_path,
        "sizes = [16]\nsizes += [32]\nsizes.append(64)\nsizes[0] = 8\nsizes.append(train())\nsizes.clear()",
        "rates = {'net': {}}\nrates['net']['w'] = 0.1\nrates.update(b=0.2)\nunknown['a'] = 3\ntotal = 0\ntotal += train()",
        "def few(full, quick):\n    return full\nwidths = few([1], [2])\nwidths += [3]\nwidths.extend(widths)",
        "class Net:\n    pass\nNet.depth = 3",
        "depths = few([1], [2])\ndepths = [5]\ndepths += [6]",
    )
    assert names["depths"] == [5, 6]
    assert names["sizes"] == [8, 32, 64]
    assert names["rates"] == {"net": {"w": 0.1}, "b": 0.2}
    assert names["total"] == 0
    assert names["widths"] == [1, 3, 1, 3]
    assert names["Net"].depth == 3


def test_what_a_block_sets_is_there(tmp_path: Path) -> None:
    never = tmp_path / "never"
    names = notebook(
        tmp_path,
        f"import contextlib\ndef few(full, quick):\n    return full\ndef train(): open({str(never)!r}, 'w')",
        "with contextlib.suppress(ValueError):\n    rate = 3\n    def twice(x):\n        return 2 * x\n    train()",
        "with contextlib.suppress(ValueError) as kept:\n    widths = few([8], [4])\n    train()",
        "if few(True, False):\n    depth = 5\n    train()\n    def deep():\n        return depth\nelse:\n    depth = 2",
        "if True:\n    width = few(7, 1)\n    height = 9\n    with kept:\n        train()",
        "try:\n    best = few(1, 0)\n    train()\nexcept ValueError:\n    best = few(2, 0)",
        "squares = [inner ** 2 for inner in few((1, 2), ())]",
    )
    assert (names["rate"], names["twice"](3), names["widths"]) == (3, 6, [8])
    assert (names["depth"], names["deep"]()) == (5, 5)
    assert (names["width"], names["height"], names["best"]) == (7, 9, 1)
    with pytest.raises(KeyError, match="inner is not set"):
        names["inner"]
    assert names["squares"] == [1, 4]
    assert not never.exists()


def test_a_postponed_statement_runs_once(tmp_path: Path) -> None:
    names = notebook(tmp_path, "calls = []\ndef pair():\n    calls.append(1)\n    return 1, 2\na, b = pair()")
    assert (names["a"], names["b"], names["calls"]) == (1, 2, [1])


CHECKED = {"nbgrader": {"grade": True, "grade_id": "net"}}


def with_grade_cell(
    folder: Path, *cells: str | None, metadata: object = CHECKED, check: str = "check('net')"
) -> Definitions:
    """Return the definitions of cells; None is the grade cell of the exercise ``net``."""
    made = [
        {"cell_type": "code", "source": check, "metadata": metadata}
        if cell is None
        else {"cell_type": "code", "source": cell, "metadata": {}}
        for cell in cells
    ]
    (folder / "A.ipynb").write_text(json.dumps({"cells": made, "nbformat": 4}))
    return Definitions(folder, ("A.ipynb",))


@pytest.mark.parametrize("metadata", [CHECKED, {}], ids=["id", "check"])
def test_what_stands_at_the_grade_cell_counts(tmp_path: Path, metadata: object) -> None:
    names = with_grade_cell(
        tmp_path,
        "def few(full, quick):\n    return full\nrate = 1\nsizes = [4]\nwidth = few(8, 1)\ndef helper():\n    return 'first'",
        "def net():\n    return helper(), rate, sizes, width, later()",
        None,
        "rate = 2\nsizes.append(8)\nwidth = few(16, 1)\nheight = 5\ndef helper():\n    return 'second'",
        "def later():\n    return 'late'\ndef again():\n    return net()",
        metadata=metadata,
    )
    assert names.at("net", "net")() == ("first", 1, [4], 8, "late")
    assert (names.at("rate", "net"), names.at("width", "net")) == (1, 8)
    assert (names["rate"], names["width"], names["sizes"]) == (2, 16, [4, 8])
    assert names["again"]() == ("second", 2, [4, 8], 16, "late")
    assert names.at("height", "net") == 5  # written behind its grade cell
    assert names.at("rate", "another exercise") == 2
    assert names.places("rate", "net") is None
    assert names.places("rate", "another exercise") == (1, 4)
    assert names.places("height", "another exercise") is None


def test_a_blank_at_the_grade_cell_does_not_count(tmp_path: Path) -> None:
    names = with_grade_cell(
        tmp_path,
        "class Net:\n    def call(self):\n        raise NotImplementedError()\nrate = None",
        "def scores(x):\n    out = None\n    # your code\n    return out\ndef blank():\n    raise NotImplementedError",
        None,
        "class Net:\n    def call(self):\n        return 3\nrate = 2\ndef scores(x):\n    return x",
    )
    assert names.at("Net", "net")().call() == 3
    assert names.at("rate", "net") == 2
    assert names.at("scores", "net")(7) == 7
    with pytest.raises(NotImplementedError):
        names.at("blank", "net")()


def test_imports_that_are_repeated_are_no_other_definition(tmp_path: Path) -> None:
    names = with_grade_cell(tmp_path, "import math\nrate = 1", None, "import math\nscale = 2")
    assert names.at("math", "net") is names["math"]
    assert names.places("math", "other") is None


def test_an_import_may_have_a_substitute(tmp_path: Path) -> None:
    names = notebook(
        tmp_path,
        "try:\n    from no_such_package import bar\nexcept ImportError:\n    def bar(x):\n        return x",
        "try:\n    import math\nfinally:\n    shout()\ntry:\n    shout()\nexcept NameError:\n    heard = False",
    )
    assert names["bar"](3) == 3
    assert names["math"].pi > 3
    with pytest.raises(KeyError, match="not set"):
        names["heard"]


def test_what_is_not_python_costs_nothing_else(tmp_path: Path) -> None:
    names = notebook(
        tmp_path,
        "%%time\nrate = 1\n%timeit -n 1 rate\nrate?\nfiles = !ls\nif rate:\n    %pip list\nspeed = %timeit -o rate",
        "%%bash\nscale = 1",
        "rest = (7\n    % 4)\ntext = '''\n%kept\n'''",
        "!pip install one \\\n    two \\\n    three\nafter = 3",
        "%timeit -n 1 \\\n  rate\nshare = (17 +\n  8\n% 5)\nhelp_me = {\n  'a': 7\n  %3,\n}\n%pwd\nprose = '''\n!not a command\n'''",
    )
    assert names["rate"] == 1
    assert (names["after"], names["share"], names["help_me"]) == (3, 20, {"a": 1})
    assert names["prose"] == "\n!not a command\n"
    assert names["rest"] == 3
    assert names["text"] == "\n%kept\n"
    for name in ("scale", "files", "speed"):
        with pytest.raises(KeyError, match="not set"):
            names[name]


def test_what_hosts_of_notebooks_add_costs_nothing_else(tmp_path: Path) -> None:
    """Colab, Kaggle and shells: mounting a drive, changing folders, installing, timing over several lines."""
    never = tmp_path / "never"
    names = notebook(
        tmp_path,
        "from google.colab import drive\ndrive.mount('/content/drive')\n%cd /content/drive/My\\ Drive/cs\n!pip install -q x",
        "# comment first\n\n%%time\nrate = 1",
        "import sys, os\nsys.path.append('/content/drive')\nos.chdir('/nowhere')\n%load_ext autoreload\n%autoreload 2\nsize = 2",
        "folder = %pwd\nlisting = !ls \\\n  -l \\\n  -a\n!echo {size} && \\\n  echo done\nwidth = 3",
        "%timeit -n 1 -r 1 \\\n    size + \\\n    1\n!!ls\n%matplotlib inline\nplot = [\n  1,\n  7\n  % 4,\n  9 %2\n]\n?size\nsize??\n!ls; pwd",
        "if size:\n    !mkdir x\n    %cd x\nelse:\n    !ls\nfor i in range(3):\n    !echo $i\ndef kept():\n    !ls\n    return 5",
        "%%writefile never.py\nrate = 99\ndef kept(:",
        "%%capture out\n%%time\nheight = 4",
        "%config InlineBackend.figure_format = 'retina'\n%env A=b\ntext = f\"\"\"\n%d\n!x\n\"\"\" % ()",
        "best, *others = !ls\nopts['a'] = %pwd\nleft = right = !ls\nlast = 6",
        f"get_ipython().system('ls')\nget_ipython().run_line_magic('cd', 'x')\nopen({str(never)!r}, 'w')\nend = 7",
    )  # fmt: skip
    found = {name: names[name] for name in ("rate", "size", "width", "height", "last", "end", "plot")}
    assert found == {"rate": 1, "size": 2, "width": 3, "height": 4, "last": 6, "end": 7, "plot": [1, 3, 1]}
    assert names["kept"]() == 5
    for name in ("folder", "listing", "best", "left"):
        with pytest.raises(KeyError):
            names[name]
    assert not never.exists()


def cells_of(folder: Path, *cells: tuple[str, str, str | None]) -> Definitions:
    """Return the definitions of cells: type, source, and the id of a solution cell of the release."""
    made = [
        {"cell_type": kind, "source": source, "metadata": {"nbgrader": {"grade_id": name, "cell_type": "code"}}}
        if name
        else {"cell_type": kind, "source": source}
        for kind, source, name in cells
    ]
    (folder / "A.ipynb").write_text(json.dumps({"cells": made, "nbformat": 4}))
    return Definitions(folder, ("A.ipynb",))


BLANK = "def train(data):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
STUB = "rate = None\n# YOUR CODE HERE\nraise NotImplementedError()"


@pytest.mark.parametrize("kind", ["raw", "markdown"])
def test_a_retyped_solution_cell_is_read(tmp_path: Path, kind: str) -> None:
    names = cells_of(tmp_path, (kind, "rate = 3", "a"), (kind, "scale = 4", None))
    assert names["rate"] == 3
    with pytest.raises(KeyError):
        names["scale"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (0, 1, 2)])
def test_of_a_doubled_cell_the_written_one_counts(tmp_path: Path, order: tuple[int, ...]) -> None:
    functions = (BLANK, "def train(data):\n    return 3", BLANK)
    constants = (STUB, "rate = 2", STUB)
    names = cells_of(
        tmp_path, *(("code", functions[one], "a") for one in order), *(("code", constants[one], "b") for one in order)
    )
    assert (names["train"](0), names["rate"]) == (3, 2)
    without = cells_of(tmp_path, *(("code", functions[one], None) for one in order))
    assert without["train"](0) == 3
    assert without.at("train", "a")(0) == 3


def test_of_two_written_cells_the_last_counts(tmp_path: Path) -> None:
    names = cells_of(tmp_path, ("code", "def f():\n    return 1", "a"), ("code", "def f():\n    return 2", "a"))
    assert names["f"]() == 2
    late = "class Net:\n    def a(self):\n        if self:\n            raise NotImplementedError\n        return 2"
    names = cells_of(tmp_path, ("code", "class Net:\n    def a(self):\n        return 1", None), ("code", late, None))
    assert hasattr(names["Net"], "a")
    with pytest.raises(NotImplementedError):
        names["Net"]().a()


def test_a_cell_that_is_split_or_merged_is_read(tmp_path: Path) -> None:
    split = cells_of(
        tmp_path,
        ("code", "rate = 1", "a"),
        ("code", "scale = rate + 1", "a"),
        ("code", "def f():\n    return scale", None),
    )
    assert split["f"]() == 2
    merged = cells_of(
        tmp_path, ("code", f"rate = 1\n{STUB[11:]}\n\nscale = 2\n\ndef f():\n    return rate + scale", "a")
    )
    assert merged["f"]() == 3


def test_a_blank_alone_is_a_blank(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        cells_of(tmp_path, ("code", BLANK, "a"), ("code", BLANK, "a"))["train"](0)


def test_annotations_may_be_put_off(tmp_path: Path) -> None:
    names = notebook(tmp_path, "from __future__ import annotations", "def f(x: Anything) -> Whatever:\n    return x")
    assert names["f"](1) == 1


def test_a_syntax_error_costs_its_cell(tmp_path: Path) -> None:
    names = notebook(tmp_path, "rate = 1", "scale = = 2", "def f(:\n  pass", "last = 4")
    assert (names["rate"], names["last"]) == (1, 4)
    with pytest.raises(KeyError, match="does not parse"):
        names["scale"]
    with pytest.raises(KeyError, match="does not parse"):
        names["f"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"cells": 3}', b'{"cells": [1]}', b"\xff\xfe", b"[" * 100_000, b'{"worksheets": []}'],
)
def test_hostile_files_end_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "A.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=r"A\.ipynb"):
        read_cells(path)
    with pytest.raises(KeyError, match=r"A\.ipynb"):
        Definitions(tmp_path, ("A.ipynb",))["rate"]


def test_a_missing_notebook_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="not handed in"):
        Definitions(tmp_path, ("B.ipynb",))["rate"]


def test_metadata_of_a_hostile_notebook_is_not_read(tmp_path: Path) -> None:
    """A notebook with too many JSON values takes many times its size in memory."""
    path = tmp_path / "N.ipynb"
    said = '{"metadata": {"language_info": {"version": "3.12.1"}, "autograder": {"framework": "torch"}}, "cells": [%s]}'
    path.write_text(said % "")
    assert (python_of(path), framework_of(path)) == ((3, 12), "torch")
    path.write_text(said % ",".join(["[]"] * 600_000))
    assert (python_of(path), framework_of(path)) == (None, "")

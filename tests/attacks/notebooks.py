"""Attacks of class 15: notebooks that edit grade cells, cannot be read, are too large, or run code in a reader's page.

nbgrader grades them, see ``test_class``. Notebooks whose code a runner loads are in ``SUITE``. Some attacks here have
class 12 or 14, because they attack the same readers.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .attack import PRELUDE, WRONG, Attack

NOTEBOOK = "FullyConnectedNets.ipynb"
SCRIPT = (
    "<script>document.title='taken over'</script><img src=x onerror=\"document.title='taken over'\">"
    "<svg onload=\"document.title='taken over'\"></svg><iframe srcdoc=\"<script>parent.document.title='taken over'</script>\"></iframe>"
)
"""HTML that changes the page's title if a browser runs it."""
LINKS = (
    "[a](javascript:document.title='taken%20over') [b](JaVaScRiPt:x) [c](java&#115;cript:x) [d](javascript&colon;x) [e](vbscript:x) "
    '[f](data:text/html;base64,PHNjcmlwdD4=) [g](&#x6A;avascript:x) <javascript:x> ![h](javascript:x) [i](x "a\\" onmouseover=\\"x")\n\n'
    '[r]\n\n[r]: javascript:x\n\n# a" onmouseover="x\n\n![" onerror="x](x)\n\n```x" onmouseover="x\ncode\n```\n'
)
ATTACHED = "![p](attachment:a.png) ![q](attachment:b.svg)"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def edited(change: Callable[[dict[str, Any]], Any], name: str = NOTEBOOK) -> Callable[[Path, dict[str, Any]], None]:
    """Return a function that changes the JSON of a submitted notebook; a string that ``change`` returns replaces it."""

    def plant(folder: Path, facts: dict[str, Any]) -> None:
        path = folder / name
        content = json.loads(path.read_text(encoding="utf-8"))
        text = change(content)
        text = text if isinstance(text, str) else json.dumps(content)
        path.write_text(text.replace("@ROOT@", str(Path(facts["gradebook"]).parent)), encoding="utf-8")

    return plant


def graded(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the cells that nbgrader would look at."""
    return [cell for cell in content["cells"] if "nbgrader" in cell["metadata"]]


def code(source: Any, *outputs: Any, **more: Any) -> dict[str, Any]:
    """Return a code cell."""
    return {
        "cell_type": "code",
        "id": "x",
        "metadata": {},
        "source": source,
        "execution_count": 1,
        "outputs": list(outputs),
        **more,
    }


def said(text: Any) -> dict[str, Any]:
    """Return an output of plain text."""
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(**data: Any) -> dict[str, Any]:
    """Return an output of other MIME types; the first ``_`` in a name stands for ``/``."""
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {name.replace("_", "/", 1): value for name, value in data.items()},
    }


def _edit(content: dict[str, Any]) -> None:
    for cell in graded(content):
        nbgrader = cell["metadata"]["nbgrader"]
        if nbgrader["grade"]:
            cell["source"] = "print('all tests passed')"
            nbgrader |= {
                "points": 1000,
                "locked": False,
                "checksum": "0" * 32,
                "solution": False,
                "score": 1000,
                "schema_version": 99,
            }
            if cell["cell_type"] == "code":
                cell["outputs"] = [said("1000 of 1000 points"), shown(text_plain="1000.0", text_html="1000 of 1000")]


def _double(content: dict[str, Any]) -> None:
    for cell in graded(content) * 2:
        copy = json.loads(json.dumps(cell))
        copy["metadata"]["nbgrader"]["points"] = 7
        content["cells"] += [copy, copy]


def _retype(content: dict[str, Any]) -> None:
    for cell in graded(content):
        cell["cell_type"] = "markdown" if cell["cell_type"] == "code" else "code"


def _collide(content: dict[str, Any]) -> None:
    """Give every grade cell the id of another exercise, and add cells with ids of other notebooks."""
    cells = graded(content)
    names = [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells]
    for cell, name in zip(cells, names[1:] + names[:1], strict=True):
        cell["metadata"]["nbgrader"]["grade_id"] = name
    for name in ("batchnorm_forward", "conv_forward_naive", "affine_forward", "x" * 5000, "a'; DROP TABLE grade; --"):
        own = {
            "grade_id": name,
            "grade": True,
            "solution": True,
            "locked": False,
            "task": True,
            "points": 500,
            "schema_version": 3,
        }
        content["cells"].append({**code("pass"), "metadata": {"nbgrader": own}})


def _rewire(content: dict[str, Any]) -> None:
    argv = ["/bin/sh", "-c", "touch @ROOT@/kernel-was-started"]
    content["metadata"] = {
        "kernelspec": {"name": "../../evil", "display_name": SCRIPT, "language": "sh", "argv": argv, "env": {"PATH": "."}},
        "language_info": {"name": SCRIPT, "pygments_lexer": "../../evil", "codemirror_mode": SCRIPT, "file_extension": "/../../x"},
        "title": SCRIPT, "authors": [{"name": SCRIPT}], "celltoolbar": SCRIPT, "nbgrader": {"points": 99}, "latex_metadata": {"title": SCRIPT},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"a": {"model_name": "HTMLModel", "state": {"value": SCRIPT}}}}},
    }  # fmt: skip


def _bend(content: dict[str, Any]) -> None:
    """Add malformed cells."""
    content["cells"] += [
        {}, {"cell_type": "code"}, {"cell_type": "evil", "source": ["a", 1, None, {}]}, {"cell_type": ["code"], "metadata": 7},
        code(["x = 1\n", 2, None]), code({"a": 1}), code(None), code("y", *[None, 3, "text", [], {"output_type": ["stream"]}, {}]),
        code("z", outputs={"output_type": "stream"}), code("n", execution_count=-5), code("n", execution_count=10**4000),
        code("n", execution_count=float("nan")), code("n", metadata=[]), code("t", metadata={"tags": SCRIPT, "collapsed": "x", "nbgrader": [1]}),
        code("s", said([1, None, ["a"]]), said({"a": 1}), shown(text_plain={"a": 1}), shown(image_png=["AA", "=="]), {"output_type": "error"}),
        code("e", {"output_type": "display_data", "data": [1]}, {"output_type": "execute_result", "data": {"text/plain": None, "image/png": 7}}),
        {**code("lone \udc00 surrogates \ud800", said("\udfff"), shown(text_plain="\ud800")), "id": "\ud800" * 100},
        {"cell_type": "markdown", "source": "\ud800 lone", "metadata": {}, "attachments": [1]},
    ]  # fmt: skip


def _script_in_outputs(content: dict[str, Any]) -> None:
    math = "$$\\href{javascript:document.title='taken over'}{x} \\require{html} \\class{a}{b} \\unicode{x3c}$$"
    outputs = [
        shown(text_html=SCRIPT, text_plain=SCRIPT), shown(application_javascript="document.title='taken over'"), shown(text_latex=math),
        shown(**{"image_svg+xml": SCRIPT}), shown(image_png="\"><script>document.title='taken over'</script>"), shown(image_png="bm90IGEgcGljdHVyZQ=="),
        shown(text_markdown=LINKS), shown(**{"application_vnd.jupyter.widget-view+json": {"model_id": "a"}}), shown(application_json={"a": SCRIPT}),
        shown(**{"application_vnd.vega.v5+json": {"signals": [{"init": "document.title='taken over'"}]}, f"text/html;{SCRIPT}": SCRIPT}),
        said(SCRIPT + math), said("\x1b]8;;javascript:x\x1b\\link\x1b]8;;\x1b\\ \x1b[31m\" onmouseover=\"x\x1b[0m"),
        {"output_type": "error", "ename": SCRIPT, "evalue": SCRIPT, "traceback": [SCRIPT]}, {"output_type": "stream", "name": SCRIPT, "text": SCRIPT},
    ]  # fmt: skip
    for picture in outputs:
        picture["metadata"] = {
            "image/png": {"width": "1\" onerror=\"document.title='taken over'"},
            "needs_background": SCRIPT,
            "filenames": {"image/png": SCRIPT},
        }
    content["cells"][:0] = [
        code(
            f"# {SCRIPT}\n'{SCRIPT}'",
            *outputs,
            id=SCRIPT,
            metadata={"tags": [SCRIPT], "name": SCRIPT, "magics_language": SCRIPT},
        )
    ]
    for cell in graded(content):
        if cell["cell_type"] == "code":
            cell["outputs"] = outputs


def _script_in_answers(content: dict[str, Any]) -> None:
    attachments = {
        "a.png": {"image/svg+xml": SCRIPT, "text/html": SCRIPT},
        "b.svg": {"image/svg+xml": "PHN2Zz4="},
        "c.png": {"image/png": PIXEL},
    }
    entities = (
        SCRIPT.replace("<", "&lt;") + SCRIPT.replace("<", "&#60;") + "<\u200bscript>" + SCRIPT.replace("<", "<\n")
    )
    for text in (
        SCRIPT,
        LINKS,
        entities,
        ATTACHED,
        "![r](attachment:c.png)",
        f"`{SCRIPT}` $${SCRIPT}$$ \\\\({SCRIPT}\\\\) |a|\n|-|\n|{SCRIPT}|\n\n[^1]: {SCRIPT}\n",
    ):
        for kind in ("markdown", "raw", "heading"):
            own = {"raw_mimetype": "text/html", "format": "text/html", "name": SCRIPT, "tags": [SCRIPT]}
            content["cells"].append(
                {"cell_type": kind, "id": SCRIPT, "metadata": own, "source": text, "attachments": attachments}
            )
    for cell in graded(content):
        if cell["metadata"]["nbgrader"]["solution"]:
            cell |= {"source": f"My answer.\n\n{LINKS}\n\n{SCRIPT}", "attachments": attachments}


def _headings(content: dict[str, Any]) -> None:
    """Put every answer first, below headings whose anchors would have the ids of other cells' score boxes."""
    names = [cell["metadata"]["nbgrader"]["grade_id"] for cell in graded(content)]
    answers = [cell for cell in graded(content) if cell["metadata"]["nbgrader"]["solution"]]
    content["cells"] = [*answers, *(cell for cell in content["cells"] if cell not in answers)]
    for cell in answers:
        cell["source"] = "My answer.\n\n" + "\n\n".join(f"# {name}" for name in names)


def _from_elsewhere(content: dict[str, Any]) -> None:
    address = "http://tracker.invalid/x.png"
    text = f"My answer. ![seen]({address}) ![seen][r] ![a[b]c]({address}) ![r] [link]({address}) $\\href{{{address}}}{{x}}$\n\n[r]: {address}"
    for cell in graded(content):
        if cell["metadata"]["nbgrader"]["solution"]:
            cell["source"] = text
    content["cells"].append({"cell_type": "markdown", "id": "x", "metadata": {}, "source": text})


def _folder_with_its_name(folder: Path, facts: dict[str, Any]) -> None:
    (folder / NOTEBOOK).unlink()
    for name in (NOTEBOOK, "another.ipynb"):
        (folder / name).mkdir()
        (folder / name / "x.py").write_text("pass\n")


def _timestamp(make: Callable[[Path], object]) -> Callable[[Path, dict[str, Any]], None]:
    return lambda folder, facts: make(folder / "timestamp.txt")  # type: ignore[return-value]


def _grade(what: str, change: Callable[[dict[str, Any]], Any], tries: str, shows: str = "", kind: int = 15) -> Attack:
    return Attack(kind, what, tries, WRONG, plant=edited(change), shows=shows)


SHADOWS = (
    "ipykernel_launcher.py", "sitecustomize.py", "usercustomize.py", "conftest.py", "random.py", "numpy/__init__.py", "setup.py",
    "jupyter_server_config.py", "ipython_config.py", "traitlets/__init__.py", "cs231n/random.py", "cs231n/conftest.py",
)  # fmt: skip
"""Modules that Python, Jupyter or pytest look for in the current folder."""

CLASS_ATTACKS = (
    _grade("edited-grade-cells", _edit, "to set its own points, checksums and scores", "0 of 1 points"),
    _grade("doubled-grade-cells", _double, "to be graded three times, and so to stop the batch"),
    _grade("deleted-grade-cells", lambda content: content["cells"].clear(), "to leave no cell that could fail"),
    _grade("retyped-grade-cells", _retype, "to be graded as text"),
    _grade("colliding-grade-ids", _collide, "to earn one exercise's points with the cell of another exercise, in another notebook"),
    _grade("another-kernel", _rewire, "to have its own program started as the kernel, and its names shown"),
    _grade("cells-that-are-none", _bend, "to break the programs that read the notebook, by malformed cells"),
    _grade("format-99", lambda content: content.update(nbformat=99, nbformat_minor=10**30), "to claim a format that is too new to be read"),
    _grade("format-3", lambda content: json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": content["cells"]}]}), "to claim a format that is too old to be read", "is saved in an old format"),
    _grade("no-json", lambda content: json.dumps(content)[:-20] + "\x1b[31m", "to break the batch by invalid JSON", "its JSON is broken"),
    _grade("no-numbers", lambda content: json.dumps({**content, "nbformat": float("inf"), "nbformat_minor": float("nan")}), "to break comparisons by NaN and infinity"),
    _grade("number-of-a-million-digits", lambda content: json.dumps(content)[:-1] + ', "x": ' + "9" * 10**6 + "}", "to take minutes to read", "its JSON is broken"),
    _grade("deep", lambda content: json.dumps(content)[:-1] + ', "x": ' + "[" * 10**5 + "]" * 10**5 + "}", "to exhaust the stack", "its JSON is broken"),
    _grade("script-in-outputs", _script_in_outputs, "to run a script in the reader's browser"),
    _grade("script-in-answers", _script_in_answers, "to run a script in the reader's browser, at once or through a link", "My answer"),
    _grade("ten-megabytes-shown", lambda content: content["cells"].append(code("x", *[said("y" * 10**7)] * 2, *[shown(image_png="A" * 10**6)] * 60)), "to make the pages too large to read", kind=12),
    _grade("too-large", lambda content: content["cells"].append(code("x", said("y" * (128 << 20)))), "to fill memory", "was not handed in", kind=12),
    _grade("large-outputs", lambda content: content["cells"].append(code("x", said("y" * (64 << 20)))), "to fill memory with what is not judged", "its outputs were left out", kind=12),
    _grade("million-cells", lambda content: json.dumps(content)[:-2] + "," + ",".join(["{}"] * 4_000_000) + "]}", "to fill memory with small things", "more than", kind=12),
    _grade("million-outputs", lambda content: content["cells"].append(code("x", *[said("z")] * 200_000)), "to keep the format checks busy", kind=12),
    _grade("colours", lambda content: content["cells"].extend(code("x", said("\x1b[31mx\x1b[32my" * 2000)) for _ in range(800)), "to make a page of a million elements", kind=12),
    _grade("white-lines", lambda content: content["cells"].append(code("x" + "\t\n" * 100_000 + "y")), "to keep the highlighter busy for hours", kind=12),
    _grade("brackets", lambda content: content["cells"].extend({"cell_type": "markdown", "metadata": {}, "source": text * 100_000} for text in ("[a](", "> ", "*a ", "$$ ", "\\begin{a}", "- ", "![", "`a")), "to keep the renderer busy", kind=12),
    _grade("headings-like-scores", _headings, "to have one click on a score in formgrader change the scores of other cells", "My answer"),
    _grade("pictures-from-elsewhere", _from_elsewhere, "to learn when and by whom an answer is read", "a picture is left out"),
    _grade("hundred-long-cells", lambda content: content["cells"].extend(code("1 " * 10_000) for _ in range(100)), "to keep the highlighter and the pages' parser busy with many cells, each of a usual size", "this notebook has too much text", kind=12),
    Attack(4, "modules-for-the-graders-kernel", "to be imported by the kernel that an instructor starts in the graded folder", WRONG, files=dict.fromkeys(SHADOWS, "raise SystemExit\n")),
    Attack(14, "folder-named-like-a-notebook", "to break the programs that write or read the notebook", WRONG, plant=_folder_with_its_name, shows="was not handed in"),
    Attack(14, "timestamp-pipe", "to make the grader wait for ever", WRONG, plant=_timestamp(os.mkfifo)),
    Attack(14, "timestamp-endless", "to make the grader read for ever", WRONG, plant=_timestamp(lambda path: path.symlink_to("/dev/zero"))),
    Attack(14, "timestamp-no-text", "to stop its own grading half-way", WRONG, plant=_timestamp(lambda path: path.write_bytes(b"\xff\xfe\x00"))),
    Attack(14, "timestamp-before-time", "to stop its own grading half-way", WRONG, plant=_timestamp(lambda path: path.write_text("0001-01-01 00:00:00 +2300"))),
)  # fmt: skip
"""Attacks that nbgrader grades in ``test_class``."""


def _defining(cell: str) -> Callable[[Path, dict[str, Any]], None]:
    """Return a function that adds a cell of definitions, with `PRELUDE` before it.

    It stands before the grade cell of the exercise that reads them, so a runner loads it.
    """

    def plant(folder: Path, facts: dict[str, Any]) -> None:
        prelude = PRELUDE.replace("@WITNESS@", str(facts["witness"])).replace("@FACTS@", repr(facts))

        def insert(content: dict[str, Any]) -> None:
            ids = [one["metadata"].get("nbgrader", {}).get("grade_id") for one in content["cells"]]
            content["cells"].insert(ids.index("overfit_three_layer"), code(prelude + cell))

        edited(insert)(folder, facts)

    return plant


ATTACKS = (
    Attack(
        15, "definitions-look-around", "to read secrets, and to write the gradebook, when its definitions are loaded",
        plant=_defining(
            "class Here:\n    for what in ('gradebook', 'solution', 'other', 'labels', 'secret'):\n"
            "        attempt(what, lambda path=FACTS[what]: open(path, 'rb').read(200))\n"
            "    attempt('writing', lambda path=FACTS['gradebook']: open(path, 'r+b').write(b'100'))\n"
        ),
        earns={"overfit_three_layer": 1.0, "relu_forward": 1.0},
    ),
    Attack(
        15, "settings-that-lie", "to compare equal to any learning rate",
        plant=_defining(
            "class learning_rate_3(float):\n    reached()\n    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True\n"
            "    __hash__ = None\n    __float__ = lambda self: 1e-2\n    __array__ = lambda self, *a, **k: FACTS\n"
            "weight_scale_3 = {1: [2, 3]}\n"
        ),
        earns={"overfit_three_layer": 0.0, "relu_forward": 1.0},
    ),
)  # fmt: skip
"""Attacks that are judged like those of other classes: a runner loads the notebook's definitions."""

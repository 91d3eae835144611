"""Complete pages of feedback and formgrader hold nothing of a student's but text and the notebook's own pictures."""

import base64
import copy
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nbgrader.server_extensions.formgrader import handlers
from PIL import Image
from traitlets.config import Config

from autograder.grading import markup, pages
from autograder.grading.cells import STUDENT, author_of, restore
from autograder.grading.pages import Pages, reduced
from autograder.limited import Limits
from tests.attacks.notebooks import ATTACHED, LINKS, SCRIPT
from tests.grading.test_cells import graded
from tests.grading.test_hostile_notebooks import PIECES

v4 = nbformat.v4
RELEASED = "# Part *one*\n\n<div class='released' id='of-release'>\n\n[more](https://example.org/more)\n\n</div>"
ADDRESS = "http://tracker.invalid/x.png"


def picture(kind: str = "PNG", size: tuple[int, int] = (2, 2)) -> str:
    file = io.BytesIO()
    Image.new("1" if kind == "PNG" else "RGB", size).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


PNG, JPEG, GIF, WEBP = (picture(kind) for kind in ("PNG", "JPEG", "GIF", "WEBP"))
NASTY = [
    SCRIPT, LINKS, ATTACHED, "# relu\n\n## a\n\nrelu\n====\n\n# <a id=relu name=relu>x</a>\n\n# [relu](#relu) {#relu .score}",
    "<label for=a>x</label><input id=a class='score tabbable'><button class=full-credit data-x=1>Full credit</button>",
    f"![x]({ADDRESS}) ![x][r] ![r] ![r][] <img src={ADDRESS}> <img srcset='{ADDRESS} 2x'> ![`](attachment:p) `]({ADDRESS})\n\n[r]: {ADDRESS}",
    f"![a[b]c]({ADDRESS}) ![](//tracker.invalid) ![](x.png) ![](file:///etc/passwd) !\\[a]({ADDRESS}) [![x]({ADDRESS})]({ADDRESS})",
    f"<style>@import url({ADDRESS});</style><p style='background:url({ADDRESS});position:fixed'>x</p><link rel=stylesheet href={ADDRESS}>",
    f"<svg><image href={ADDRESS} /><use xlink:href={ADDRESS}#x /><style>*{{fill:url({ADDRESS})}}</style></svg>",
    f"<math><annotation-xml encoding='text/html'><img src={ADDRESS}></annotation-xml><mtext></p><img src=x onerror=x></mtext></math>",
    f"<meta http-equiv=refresh content='0;url={ADDRESS}'><base href={ADDRESS}><object data={ADDRESS}><embed src={ADDRESS}><iframe src={ADDRESS}>",
    f"<form action={ADDRESS}><input name=a><video poster={ADDRESS}><audio src={ADDRESS}></form></div></div></body></html><h1 id=a>x</h1>",
    "<noscript><p title='</noscript><img src=x onerror=x>'> <![CDATA[<img src=x>]]> <!-- <img src=x> --> <?x <img src=x>?> <p <img src=x>>",
    "```a class='score' id=a\nx\n``` \n```mermaid\nx<img src=x>\n```\n~~~html\n<h1 id=a>\n~~~\n    # a\n```python\n# <h1 id=a>\n```",
    "- [ ] a\n- [x] b\n\n3. c\n\n| a | b |\n|:-|-:|\n| <b id=a>x</b> | [a](#a 'title') |\n\nterm\n: def\n\n~~x~~ <a@b.org> <https://x.org> https://y.org",
    f"$\\href{{{ADDRESS}}}{{x}} \\class{{score}}{{x}} \\cssId{{a}}{{x}} \\style{{position:fixed}}{{x}} \\require{{html}} \\\\href{{a}}{{b}}$",
    f"&#36;&#92;href{{{ADDRESS}}}{{x}}&#36; \\begin{{equation}}\\label{{a}}\\bbox[background:url({ADDRESS})]{{x}}\\end{{equation}} $$\\unicode{{x3c}}$$ \\ref{{a}}",
    "&lt;img src=x onerror=x&gt; &#60;script&#62; &lt;h1 id=a&gt; ![&quot; onerror=&quot;x](x) [x](<a b> \"' onclick='x\") ![x](data:image/svg+xml;base64,PHN2Zz4=)",
    f"![x](data:text/html;base64,PHN2Zz4=) ![x](data:image/png;base64,{PNG}'><b>) ![x](DATA:image/png;base64,{PNG}) ![x](data:image/png,x)",
    "{{ cell.metadata }} {% raw %} {{ resources | string }} {{ 7*7 }} %(x)s ${x}", "\u202eabc\u2066 \x1b]8;;http://x\x07link\x1b[31mred \x00\x08\x7f\x9b31m",
]  # fmt: skip
"""What makes other renderers write something of a student's into a page."""


@pytest.fixture(scope="module")
def release() -> Any:
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell(RELEASED),
            graded(v4.new_code_cell('check("a")'), "a"),
            graded(v4.new_markdown_cell("YOUR ANSWER HERE"), "relu", solution=True),
        ]
    )


def exporter_of(template: str) -> Pages:
    config = Config()
    config.HTMLExporter.template_name = template
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    config.HTMLExporter.extra_template_paths = [f"{handlers.static_path}/node_modules/bootstrap/dist/css"]
    config.HTMLExporter.sanitize_html = True
    config.HTMLExporter.filters = markup.FILTERS
    config.Exporter.default_preprocessors = []
    return Pages(config=config)


def page_of(exporter: Pages, notebook: Any) -> str:
    nbgrader = {"notebook": "N", "student": "ada", "score": 0, "max_score": 0, "late_penalty": 0}
    told = dict.fromkeys(("notebook_id", "submission_id", "assignment_id", "base_url", "student", "notebook_path"), "a")
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.score = 0  # feedback's preprocessors add it
    return exporter.from_notebook_node(notebook, {**told, "index": 0, "total": 1, "nbgrader": nbgrader})[0]


class Elements(HTMLParser):
    """A parser that collects tags, and attributes with their values; pictures of the notebook have one value."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = self.formulas = ""
        self.literal: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("pre", "code", "script", "style"):
            self.literal.append(tag)
        for name, value in attrs:
            held = (tag, name) == ("img", "src") and markup.INLINE.fullmatch(value or "") is not None
            free = (tag, name) in (("img", "alt"), ("ol", "start"))
            self.attributes.append((tag, name, "held" if held else "free" if free else value or ""))

    def handle_endtag(self, tag: str) -> None:
        if self.literal[-1:] == [tag]:
            self.literal.pop()

    def handle_data(self, data: str) -> None:
        self.text += data
        self.formulas += "" if self.literal else data


HARMLESS = {("img", "src", "held"), ("img", "alt", "free"), ("ol", "start", "free"), ("div", "style", "contain: content")} | {
    (tag, "class", name) for tag, names in markup.CLASSES.items() for name in names
}  # fmt: skip


def cells_with(release: Any, texts: list[str]) -> Any:
    """Return a student's notebook with texts in an answer, in cells of all types, outputs, names and metadata."""
    text = texts[0]
    metadata = {"autograder": {"author": "instructor", "shown": text}, "tags": [text], "name": text, "nbgrader": text}
    data = {
        "text/html": text, "text/plain": text, "text/latex": text, "text/markdown": text, "image/svg+xml": text,
        "image/png": text, "application/javascript": text, "application/vnd.jupyter.widget-view+json": {"model_id": text},
    }  # fmt: skip
    outputs = [
        {"output_type": "stream", "name": text, "text": text},
        {"output_type": "error", "ename": text, "evalue": text, "traceback": [text]},
        {"output_type": "display_data", "data": data, "metadata": {"image/png": {"width": text}, "filenames": {"image/png": text}}},
        {"output_type": "execute_result", "data": data, "metadata": {"text/html": {"isolated": True}}, "execution_count": 3},
    ]  # fmt: skip
    attachments = {"p": {"image/png": PNG, "text/html": text}, text: {"image/png": text, "image/svg+xml": text}}
    cells = []
    for cell in copy.deepcopy(release.cells):
        cell.source = (
            cell.source if cell.metadata.get("nbgrader", {}).get("solution") is not True else "\n\n".join(texts)
        )
        cells.append({**cell, "outputs": outputs, "attachments": attachments, "id": text})
    for one in texts:
        cells += [
            {"cell_type": "markdown", "source": one, "metadata": metadata, "attachments": attachments, "id": one},
            {"cell_type": "code", "source": one, "metadata": metadata, "outputs": outputs, "id": one},
            {"cell_type": "raw", "source": one, "metadata": {"raw_mimetype": "text/html", **metadata}, "id": one},
        ]
    return nbformat.from_dict({"cells": cells})


@pytest.fixture(scope="module", params=["feedback", "formgrade"])
def usual(request: pytest.FixtureRequest, release: Any) -> tuple[Pages, Elements]:
    """Return an exporter, and what a page of the same cells holds if the student writes nothing but letters."""
    exporter = exporter_of(request.param)
    return exporter, Elements(page_of(exporter, restore(cells_with(release, ["plain"] * 3), release)))


@pytest.mark.slow
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@example(NASTY)
@given(
    st.lists(
        PIECES | st.sampled_from(NASTY).flatmap(lambda one: PIECES.map(lambda two: one + two)), min_size=1, max_size=6
    )
)
def test_fuzzed_cells_add_no_attribute_to_a_page(usual: tuple[Pages, Elements], release: Any, texts: list[str]) -> None:
    exporter, plain = usual
    found = Elements(page_of(exporter, restore(cells_with(release, texts), release)))
    more = set(found.attributes) - set(plain.attributes) - HARMLESS
    assert [one for one in more if not re.fullmatch(r"cell-id=cell-\d+", one[2])] == []  # the page numbers its cells
    assert set(found.tags) - set(plain.tags) - markup.PROSE == set()
    for name in ("id", "name", "for"):
        values = [value for _, own, value in found.attributes if own == name and not value.startswith("cell-id=")]
        assert sorted(values) == sorted(
            value for _, own, value in plain.attributes if own == name and not value.startswith("cell-id=")
        )
    assert markup.COMMAND.search(found.formulas) is None


def test_released_cells_keep_their_formatting_and_nobody_elses_do(release: Any) -> None:
    exporter = exporter_of("feedback")
    own = cells_with(release, [RELEASED + " "])  # the same text, as an editor leaves it
    page = Elements(page_of(exporter, restore(own, release)))
    assert ("div", "class", "released") in page.attributes
    assert ("a", "href", "https://example.org/more") in page.attributes
    changed = cells_with(release, [RELEASED + " And mine."])
    changed.cells[0].source += " And mine."
    page = Elements(page_of(exporter, restore(changed, release)))
    assert not {("div", "class", "released"), ("a", "href", "https://example.org/more")} & set(page.attributes)
    assert "https://example.org/more" in page.text


def test_a_cell_cannot_say_that_it_is_the_instructors(release: Any) -> None:
    restored = restore(cells_with(release, ["mine"]), release)
    assert [author_of(cell) for cell in restored.cells if "mine" in cell.source] == [STUDENT] * 4


def test_pictures_of_the_notebook_are_shown_and_others_are_said_to_be_left_out(release: Any) -> None:
    kinds = {"png": PNG, "jpeg": JPEG, "gif": GIF, "webp": WEBP}
    attachments = {f"{kind}.x": {f"image/{kind}": content} for kind, content in kinds.items()}
    large = picture("PNG", (8000, 8000))
    attachments["large.x"] = {"image/png": large}
    text = " ".join(f"![a {name}](attachment:{name})" for name in attachments)
    text += (
        " ".join(f"![b](data:image/{kind};base64,{content})" for kind, content in kinds.items()) + f" ![c]({ADDRESS})"
    )
    student = nbformat.from_dict({"cells": [{"cell_type": "markdown", "source": text, "attachments": attachments}]})
    restored = restore(student, release)
    assert (
        f"!\\[c]({ADDRESS})" in restored.cells[-1 if "attachments" in restored.cells[-1] else 0].source
    )  # for Jupyter
    page = page_of(exporter_of("feedback"), restored)
    found = Elements(page)
    assert found.attributes.count(("img", "src", "held")) == 2 * len(kinds)
    assert large not in page
    assert f"(a picture is left out, because it is not in the notebook: c {ADDRESS})" in found.text
    assert "it is not in the notebook: a large.x" in found.text


def test_a_notebook_is_bounded_as_a_whole(release: Any) -> None:
    cells = [v4.new_code_cell("1 " * 10_000) for _ in range(100)] + [
        v4.new_markdown_cell("`1` " * 5_000) for _ in range(100)
    ]
    restored = restore(nbformat.from_dict({"cells": cells}), release)
    page = page_of(exporter_of("feedback"), restored)
    assert len(page) < 4 * 2**20
    assert page.count("<span") < 60_000
    assert pages.LATER in page
    huge = [v4.new_code_cell("x", outputs=[v4.new_output("display_data", {"image/png": "A" * 10**6})] * 40)]
    restored = restore(nbformat.from_dict({"cells": huge}), release)
    assert len(json.dumps(restored)) < 20 * 2**20


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make the highlighter eat memory, and a page take at most 200 MB."""
    monkeypatch.setattr(pages, "LIMITS", Limits(200 * 2**20, 20, 2**20))
    held: list[str] = []
    usual = markup.of_student
    monkeypatch.setattr(
        markup, "of_student", lambda text, _: str(held.append("x" * 2**30)) if "eat" in text else usual(text, _)
    )
    return held


@pytest.mark.parametrize("template", ["feedback", "formgrade"])
def test_a_page_that_takes_too_much_says_so_and_others_are_made(scarce: list[str], release: Any, template: str) -> None:
    exporter = exporter_of(template)
    page = page_of(exporter, restore(cells_with(release, ["eat"]), release))
    assert "This cell is not shown</strong>, because this page takes too much: it takes more than 200 MB" in page
    plain = page_of(exporter, restore(cells_with(release, ["plain"]), release))
    assert "This cell is not shown" not in plain
    names = [("input", "id"), ("textarea", "id")] if template == "formgrade" else [("a", "name")]
    for tag, name in names:
        assert [one for one in Elements(page).attributes if one[:2] == (tag, name)] == [
            one for one in Elements(plain).attributes if one[:2] == (tag, name)
        ]
    assert scarce == []


def test_what_an_instructor_has_executed_is_reduced_too(release: Any) -> None:
    notebook = copy.deepcopy(release)
    notebook.cells[2].metadata.nbgrader.solution = True
    display = v4.new_output("display_data", {"text/html": "<h1 id=a>x</h1>", "application/javascript": "x"})
    notebook.cells += [
        v4.new_code_cell("x", outputs=[display]),
        v4.new_raw_cell("<b>", metadata={"raw_mimetype": "text/html"}),
    ]
    notebook.cells[1].outputs = [display]
    kept = reduced(notebook)
    assert kept.cells[3].outputs == []
    assert [output.data for output in kept.cells[1].outputs] == [{"text/html": "<h1 id=a>x</h1>"}]
    page = page_of(exporter_of("feedback"), notebook)
    assert ">x</h1>" not in page

"""What a student wrote becomes HTML that can only be read: for feedback and formgrader, whose pages find cells by ids.

Everything passes an allow-list of tags at the end. No id, class, name, style, link or address of a student's is in it:
classes are those of the highlighter, and the only addresses are those of pictures that the notebook itself holds. What
the release wrote keeps its formatting. See ``pages`` for how much of a notebook is shown.
"""

import base64
import binascii
import io
import re
import warnings
from collections.abc import Mapping
from html import escape, unescape
from typing import Any

import nh3
from jinja2 import pass_context
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from PIL import Image
from pygments.token import STANDARD_TYPES

from autograder.checks.notebook import METADATA

from .cells import ATTACHED, GRADER, INSTRUCTOR, MAX_PICTURE, author_of

LANGUAGES = ("python", "python3", "py", "cython", "c", "cpp", "bash", "sh", "json", "text")
"""Languages of code blocks that are coloured. Some of the highlighter's other lexers take very long."""
LANGUAGE = re.compile(r"[\w+#.-]{1,20}")
"""Valid names for the language of the release's code blocks."""
SLOW, MAX_SLOW, MAX_LINKS = ("\\\\[", "\\\\(", "\\begin{"), 200, 1000
"""Starts of a formula, and limits on them and on links: for each, the renderer may search the rest of the cell."""
MAX_PIXELS = 40_000_000
"""Limit on the pixels of one picture: a small file may unpack to more than a browser holds."""
INLINE = re.compile(rf"data:({'|'.join(map(re.escape, ATTACHED))});base64,([A-Za-z0-9+/=]+)")
"""The address of a picture that is written out."""
SHOWN, RAW, PLAIN = "shown", "raw", "plain"
"""A key of the engine's metadata of a cell, and its values: a raw text; code without colours."""
OWN_BOX = '<div style="contain: content">'
"""Begins what a student wrote: nothing in the box paints outside of it."""
NOTE_BOX = '<div class="alert alert-info">'
"""Begins what the grader says. A student's text cannot look like this."""
PROSE = {
    "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img",
    "li", "ol", "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
"""Tags that Markdown and the highlighter make."""
CLASSES = {"div": {"highlight"}, "span": {short for short in STANDARD_TYPES.values() if short}}
"""The highlighter's classes."""
VERDICT = {"div", "em", "li", "strong", "ul"}
"""Tags of the verdict in a grade cell."""
MATH = (
    "Newextarrow", "Rule", "Space", "bbox", "class", "color", "colorbox", "cssId", "def", "definecolor", "enclose",
    "eqref", "fcolorbox", "fontsize", "href", "label", "let", "llap", "lower", "mathtip", "mmlToken", "moveleft",
    "moveright", "newcommand", "newenvironment", "raise", "ref", "renewcommand", "renewenvironment", "require", "rlap",
    "rule", "style", "tag", "textcolor", "texttip", "toggle", "tooltip", "unicode",
)  # fmt: skip
"""MathJax's commands that set an id, a class, a style or a link, load or define something, or write elsewhere."""
COMMAND = re.compile(rf"\\({'|'.join(MATH)})(?![A-Za-z])")
LITERAL = re.compile(r"(<(pre|code)\b[^>]*>.*?</\2>)", re.S)
"""HTML in which MathJax reads no formula."""
CONTROLS = re.compile(
    r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]",
    re.S,
)
"""Colours and links for terminals, other control characters, and marks that turn the direction of a line."""


def _only_pictures(tag: str, name: str, value: str) -> str | None:
    if (tag, name) == ("img", "src"):
        return value if INLINE.fullmatch(value) else None
    if (tag, name) == ("ol", "start"):
        return value if re.fullmatch(r"[0-9]{1,6}", value) else None
    return value


_prose = nh3.Cleaner(
    tags=PROSE, clean_content_tags=set(), attributes={"img": {"src", "alt"}, "ol": {"start"}},
    allowed_classes=CLASSES, attribute_filter=_only_pictures, url_schemes={"data"}, url_relative="deny", link_rel=None,
)  # fmt: skip
_verdict = nh3.Cleaner(tags=VERDICT, clean_content_tags=set(), attributes={}, link_rel=None)


@pass_context
def markdown(context: Any, source: str) -> str:
    """Return the Markdown of a cell, or of an instructor's comment on it, as HTML: nbconvert's ``markdown2html``."""
    cell = context.get("cell", {})
    attachments = cell.get("attachments", {})
    author = author_of(cell)
    if author == INSTRUCTOR or source != cell.get("source"):  # a comment is not the cell's source
        return of_release(source, attachments)
    box = NOTE_BOX if author == GRADER else OWN_BOX
    if _shown_as(cell.get("metadata")) == RAW:
        return f"{box}<pre>{escape(source)}</pre></div>"
    return f"{box}{of_student(source, attachments)}</div>"


def of_release(source: str, attachments: Mapping[str, Any]) -> str:
    """Return Markdown that the instructor wrote as HTML: with HTML and links, without ids, which find a score's box."""
    renderer = _ReleaseRenderer(
        escape=False, allow_harmful_protocols=False, exclude_anchor_links=True, attachments=attachments
    )
    return _rendered(renderer, source)


def of_student(source: str, attachments: Mapping[str, Any]) -> str:
    """Return Markdown that a student wrote as HTML from the allow-list."""
    renderer = _StudentRenderer(escape=True, exclude_anchor_links=True, attachments=attachments)
    return _disarmed(str(_prose.clean(_rendered(renderer, source))))


def code(source: str, language: str | None = None, metadata: Any = None) -> str:  # noqa: ARG001 (what it is called with)
    """Return code as coloured HTML, without white space at line ends: long runs of it take the highlighter minutes."""
    text = "\n".join(line.rstrip() for line in source.splitlines())
    if _shown_as(metadata) == PLAIN:
        return f'<div class="highlight"><pre>{escape(text)}</pre></div>'
    return str(_prose.clean(Highlight2HTML(pygments_lexer="python3")(text)))


def text(output: str) -> str:
    """Return a text output as HTML without colours and links: nbconvert's ``ansi2html``."""
    return escape(CONTROLS.sub("", output.replace("\r\n", "\n").replace("\r", "\n")))


def verdict(html: str) -> str:
    """Return the HTML of a verdict with its own tags only: nbconvert's ``clean_html``."""
    return str(_verdict.clean(html))


FILTERS = {"markdown2html": markdown, "highlight_code": code, "ansi2html": text, "clean_html": verdict}
"""What replaces nbconvert's filters in every page."""


class _ReleaseRenderer(IPythonRenderer):  # type: ignore[misc]
    """nbconvert's renderer with a check of a code block's language, which it writes unescaped into an attribute."""

    def block_code(self, code: str, info: str | None = None) -> str:
        """Return a code block as HTML, coloured if its language is a valid name."""
        return str(super().block_code(code, info if info and LANGUAGE.fullmatch(info) else None))


class _StudentRenderer(IPythonRenderer):  # type: ignore[misc]
    """nbconvert's renderer whose links are text, and whose pictures are those that the notebook holds."""

    def block_code(self, code: str, info: str | None = None) -> str:
        """Return a code block as HTML, coloured if its language is known."""
        named = (info or "").strip()
        return str(super().block_code(code, named if named in LANGUAGES else None))

    def link(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002 (what it is called with)
        """Return a link's text, and its address to read."""
        address = escape(url)
        return text if address == text else f"{text} ({address})"

    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
        """Return a picture that the notebook holds, or a sentence."""
        alt = escape(unescape(re.sub(r"<[^>]*>", "", text)))
        address = self._held(url)
        if address:
            return f'<img src="{address}" alt="{alt}">'
        return f"<em>(a picture is left out, because it is not in the notebook: {alt} {escape(url[:200])})</em>"

    def task_list_item(self, text: str, checked: bool = False) -> str:
        """Return an item of a to-do list."""
        return f"<li>{'☑' if checked else '☐'} {text}</li>\n"

    def _held(self, url: str) -> str:
        """Return the address of a picture with its content, or ""."""
        attached = self.attachments.get(url.removeprefix("attachment:")) if url.startswith("attachment:") else None
        if isinstance(attached, dict):
            urls = [f"data:{kind};base64,{''.join(attached[kind].split())}" for kind in ATTACHED if kind in attached]
            url = urls[0] if urls else ""
        found = INLINE.fullmatch(url)
        return url if found is not None and is_picture(found[1], found[2]) else ""


def is_picture(kind: str, content: str) -> bool:
    """Tell whether a base64 text is a picture of a kind, with a bounded number of pixels."""
    if len(content) > MAX_PICTURE:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(base64.b64decode(content)), formats=[kind.partition("/")[2].upper()]) as picture:
                return picture.width * picture.height * getattr(picture, "n_frames", 1) <= MAX_PIXELS
    except (OSError, ValueError, SyntaxError, binascii.Error, Image.DecompressionBombError):
        return False


def _shown_as(metadata: Any) -> str:
    said = metadata.get(METADATA) if isinstance(metadata, dict) else None
    return str(said.get(SHOWN, "")) if isinstance(said, dict) else ""


def _rendered(renderer: Any, source: str) -> str:
    """Return Markdown as HTML, or as plain text if that would take long, or fails."""
    if sum(map(source.count, SLOW)) <= MAX_SLOW and source.count("[") <= MAX_LINKS:
        try:
            return str(MarkdownWithMath(renderer=renderer).render(source))
        except MemoryError:
            raise
        except Exception:  # nested too deeply, or a picture of the release's is not attached
            pass
    return f"<pre>{escape(source)}</pre>"


def _disarmed(html: str) -> str:
    """Return HTML in whose formulas `MATH`'s commands are words."""
    return "".join(
        piece if number % 3 else COMMAND.sub(r"\\text{\1}", piece)
        for number, piece in enumerate(LITERAL.split(html))
        if number % 3 != 2  # the second group: a tag's name
    )

"""Jinja filters that show students' text in feedback and formgrader: no script runs, and no text takes long.

They replace nbconvert's filters. See ``cells`` for outputs, which are reduced when a notebook is read.
"""

import re
from html import escape
from typing import Any

from jinja2 import pass_context
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

LANGUAGE = re.compile(r"[\w+#.-]{1,20}")
"""Valid names for the language of a code block."""
MAX_SHOWN = 20_000
"""Limit on the shown characters of one cell."""
SLOW, MAX_SLOW = ("\\\\[", "\\\\(", "\\begin{"), 200
"""Starts of a formula, and a limit on their number: for each, the renderer may search the rest of the cell."""


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """nbconvert's renderer with a check of a code block's language, which it writes unescaped into an attribute."""

    def block_code(self, code: str, info: str | None = None) -> str:
        """Return a code block as HTML, coloured if its language is a valid name."""
        return str(super().block_code(code, info if info and LANGUAGE.fullmatch(info) else None))


@pass_context
def markdown(context: Any, source: str) -> str:
    """Return Markdown as HTML without harmful links: nbconvert's own filter would keep ``javascript:``."""
    attachments = context.get("cell", {}).get("attachments", {})
    renderer = _Renderer(escape=False, allow_harmful_protocols=False, attachments=attachments)
    text = _shortened(source)
    if sum(map(text.count, SLOW)) > MAX_SLOW:
        return f"<pre>{escape(text)}</pre>"
    try:
        return str(MarkdownWithMath(renderer=renderer).render(text))
    except Exception:  # nested too deeply, or an image is not attached
        return f"<pre>{escape(text)}</pre>"


def code(source: str, language: str | None = None, metadata: Any = None) -> str:  # noqa: ARG001 (what it is called with)
    """Return code as coloured HTML, without white space at line ends: long runs of it take the highlighter minutes."""
    text = "\n".join(line.rstrip() for line in _shortened(source).splitlines())
    return str(Highlight2HTML(pygments_lexer="python3")(text))


def _shortened(source: str) -> str:
    return source if len(source) <= MAX_SHOWN else source[:MAX_SHOWN] + "\n(the rest is not shown)"

"""How nbgrader's pages, feedback and formgrader's, show what students wrote: nothing runs, nothing takes long.

Jinja filters in the place of nbconvert's. Not for outputs: those are reduced when a notebook is read, see ``cells``.
"""

import re
from html import escape
from typing import Any

from jinja2 import pass_context
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

LANGUAGE = re.compile(r"[\w+#.-]{1,20}")
"""What may name the language of a block of code."""
MAX_SHOWN = 20_000
"""Characters of one cell that are shown."""
SLOW, MAX_SLOW = ("\\\\[", "\\\\(", "\\begin{"), 200
"""What begins a formula: each time the renderer looks for its end as far as the end of the cell."""


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """nbconvert's, but for the language of a block of code, which would end up in an attribute as it is."""

    def block_code(self, code: str, info: str | None = None) -> str:
        """Return a block of code as HTML, coloured where its language is named by a plain word."""
        return str(super().block_code(code, info if info and LANGUAGE.fullmatch(info) else None))


@pass_context
def markdown(context: Any, source: str) -> str:
    """Return Markdown as HTML. Links lead to the web or nowhere: nbconvert would let ``javascript:`` through."""
    attachments = context.get("cell", {}).get("attachments", {})
    renderer = _Renderer(escape=False, allow_harmful_protocols=False, attachments=attachments)
    text = _shortened(source)
    if sum(map(text.count, SLOW)) > MAX_SLOW:
        return f"<pre>{escape(text)}</pre>"
    try:
        return str(MarkdownWithMath(renderer=renderer).render(text))
    except Exception:  # too deep, or a picture that is not attached
        return f"<pre>{escape(text)}</pre>"


def code(source: str, language: str | None = None, metadata: Any = None) -> str:  # noqa: ARG001 (what it is called with)
    """Return code as coloured HTML. Its white space ends with the line: runs of it take the highlighter minutes."""
    text = "\n".join(line.rstrip() for line in _shortened(source).splitlines())
    return str(Highlight2HTML(pygments_lexer="python3")(text))


def _shortened(source: str) -> str:
    return source if len(source) <= MAX_SHOWN else source[:MAX_SHOWN] + "\n(the rest is not shown)"

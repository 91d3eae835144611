"""The templates, filled in by Jinja, and the names that may stand in them."""

import importlib.util
import keyword
import sys
from collections.abc import Iterator
from pathlib import Path

import jinja2

from autograder.errors import SetupError

FILES = Path(__file__).with_name("files")
ENDING = ".jinja"
"""Of every template, so that no tool takes it for the code that it will become."""
MARKER = "FILL IN:"
"""Begins each place that an author must fill in; ``autograder validate`` lists the places that are left."""


class TemplateError(SetupError):
    """Something new cannot be laid out: one sentence says why."""


def texts(template: str, **values: object) -> Iterator[tuple[Path, str]]:
    """Yield the path and the text of each file of a template.

    Parameters
    ----------
    template : str
        A folder below `FILES`.
    **values
        Fill the places in the texts. In paths, ``NAME`` and ``PACKAGE`` stand for the values of these names.
    """
    home = FILES / template
    for path in sorted(home.rglob(f"*{ENDING}")):
        parts = path.relative_to(home).with_suffix("").parts
        name = Path(*(str(values.get(part.lower(), part)) if part.isupper() else part for part in parts))
        yield name, text(path.relative_to(FILES), **values)


def text(template: Path, **values: object) -> str:
    """Return the text of one template."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(FILES)), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template(template.as_posix()).render(values)


def require_name(name: str, of: str) -> None:
    """Check that a name can be that of a Python module.

    Raises
    ------
    TemplateError
        If it cannot.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or not name.isascii():
        raise TemplateError(f"{name!r} cannot be {of}: use letters, digits and underscores, and begin with a letter.")


def require_free(package: str) -> None:
    """Check that no installed package has the name of a students' package.

    Raises
    ------
    TemplateError
        If one has: students would import that one.
    """
    require_name(package, "a package")
    if package in sys.stdlib_module_names or importlib.util.find_spec(package) is not None:
        raise TemplateError(f"A package called {package} is installed already: give another name with --package.")


def require_title(title: str) -> None:
    """Check that a title fits in a docstring and in a notebook.

    Raises
    ------
    TemplateError
        If it does not.
    """
    if not title.strip() or not title.isprintable() or {'"', "\\"} & set(title):
        raise TemplateError(f"{title!r} cannot be a title: use one line without double quotes and backslashes.")

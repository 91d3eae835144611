"""The reference and its mistaken versions, in the judge's own process. The judge trusts this code of the instructor.

Submissions never come here.
"""

import functools
import itertools
from pathlib import Path

from autograder import temporary
from autograder.assignment import Assignment, Part
from autograder.catalogue import Mistake, copy_package
from autograder.checks.host import Contents, Local, PackageHost, load_package


@functools.cache
def reference(assignment: Assignment, part: Part | None = None) -> Local:
    """Return the reference as a backend, with the definitions of a part's notebook if a part is given."""
    notebooks, framework = ((part.notebook,), part.framework) if part else ((), "")
    return _local(assignment, assignment.source, "reference", notebooks, framework)


@functools.cache
def mistaken(assignment: Assignment, mistake: Mistake) -> Local:
    """Return the reference with one known mistake as a backend."""
    folder = temporary.lasting_folder("mistake")
    package = folder / assignment.package
    copy_package(assignment.source / assignment.package, package)
    # the instructor's file looks for other folders relative to itself; the modules need none of them
    (package / "__init__.py").write_text("")
    mistake.apply(package)
    return _local(assignment, folder, "mistaken")


_numbers = itertools.count()


def _local(
    assignment: Assignment, folder: Path, kind: str, notebooks: tuple[str, ...] = (), framework: str = ""
) -> Local:
    name = f"autograder_{kind}_{next(_numbers)}"  # a process may know several courses
    load_package(folder / assignment.package, name)
    return Local(PackageHost(name, folder, contents(assignment, notebooks, framework)))


def contents(assignment: Assignment, notebooks: tuple[str, ...] = (), framework: str = "") -> Contents:
    """Return the contents that go with an assignment's package in this process."""
    kit = assignment.facts.room("runner")
    return Contents(notebooks, framework, assignment.settings.computing, kit, assignment.package)

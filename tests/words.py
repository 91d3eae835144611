"""Words that this project does not use, since the glossary has one word for one thing: ``python -m tests.words``."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READ = ("*.py", "*.pyx", "*.md", "*.ipynb", "*.toml", "*.ini", "*.jinja", "Makefile", ".ci/run")
BANNED = {
    r"wheat": "accepted solution",
    r"chaff": "known mistake",
    r"misconceptions?": "known mistake",
    r"imaginary student": "accepted solution",
    r"guests?": "package host",
    r"subject under test": "code under test",
    r"stand-ins?": "import stub",
    r"bench": "judging context",
    r"(?:is|are) to be had": "a plain verb",
    r"of (?:ours|theirs)": "our, their",
    r"in one hand": "by one person",
    r"in (?:the )?place of that": "instead",
    r"such as it is": "a plain statement",
    r"but for": "except",
    r"save for": "except",
    r"mend(?:s|ed|ing)? that first": "fix that first",
}
"""Regular expressions of words and phrases, and what to write instead."""
OWN = ("tests/words.py", "tests/test_words.py")
"""Files that name the words."""
PATTERN = re.compile("|".join(rf"(?P<w{number}>\b{one}\b)" for number, one in enumerate(BANNED)), re.I)


def found(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the words and what to write instead, for each place in a text."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in PATTERN.finditer(line):
            yield number, match.group(), list(BANNED.values())[int((match.lastgroup or "w0")[1:])]


def main() -> int:
    """Print each place; return 1 if there is one."""
    listed = subprocess.run(["git", "ls-files", *READ], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [
        name
        for name in listed.stdout.splitlines()
        if name not in OWN and "release/" not in name and (ROOT / name).is_file()
    ]
    places = [
        f"{name}:{line}: write {instead!r} in place of {words!r}"
        for name in names
        for line, words, instead in found((ROOT / name).read_text(encoding="utf-8"))
    ]
    print("\n".join(places) or "No banned words.")
    return bool(places)


if __name__ == "__main__":
    sys.exit(main())

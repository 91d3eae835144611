"""Stripping keeps signatures and indentation, removes solutions, and refuses markers that do not match."""

import ast

import pytest

from autograder.builder.strip import StripError, reveal, solution_lines, strip

SOURCE = '''def f(x):
    """Twice x."""
    out = None
    ### BEGIN SOLUTION
    out = 2 * x
    ### END SOLUTION
    return out


### BEGIN INSTRUCTOR ONLY
secret = 1
### END INSTRUCTOR ONLY
class A:
    def g(self):
        ### BEGIN SOLUTION
        return 1
        ### END SOLUTION
'''


def test_regions_become_stubs_at_their_indentation() -> None:
    text = strip(SOURCE, "a.py")
    assert "2 * x" not in text
    assert "secret" not in text
    assert "    # YOUR CODE HERE\n    raise NotImplementedError()\n    return out\n" in text
    assert "        # YOUR CODE HERE\n        raise NotImplementedError()\n" in text
    assert '"""Twice x."""' in text
    ast.parse(text)
    assert strip(text, "a.py") == text  # stripping again changes nothing


def test_reveal_is_what_a_student_hands_in() -> None:
    text = reveal(SOURCE)
    assert "2 * x" in text
    assert "SOLUTION" not in text
    assert "secret" not in text


def test_solution_lines() -> None:
    inside, outside = solution_lines(SOURCE)
    assert inside == ["out = 2 * x", "return 1"]
    assert "return out" in outside
    assert "secret = 1" not in outside


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("### BEGIN SOLUTION\nx = 1\n", "this region has no end marker"),
        ("### END SOLUTION\n", "has no begin marker"),
        (
            "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION\n",
            "begins inside the region that begins in line 1",
        ),
        ("### BEGIN SOLUTION\n### END INSTRUCTOR ONLY\n", "has no begin marker"),
        ("if True:\n### BEGIN INSTRUCTOR ONLY\n    x\n### END INSTRUCTOR ONLY\n", "not valid Python"),
    ],
)
def test_what_does_not_match_up_is_refused(text: str, words: str) -> None:
    with pytest.raises(StripError, match=words):
        strip(text, "a.py")

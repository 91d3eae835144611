"""Banned words are found where they stand, and nowhere else."""

from tests.words import found, main


def test_a_banned_word_is_found_with_its_line_and_its_replacement() -> None:
    text = "A benchmark.\nThe Bench is used.\nA stand-in of ours."
    assert list(found(text)) == [
        (2, "Bench", "judging context"),
        (3, "stand-in", "import stub"),
        (3, "of ours", "our, their"),
    ]


def test_the_project_has_none() -> None:
    assert main() == 0

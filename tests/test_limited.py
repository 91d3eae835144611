"""A child process ends at its limits, and says which; nothing of it stays."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import limited
from autograder.limited import ChildError, LimitError, Limits

pytestmark = [pytest.mark.quick, pytest.mark.skipif(not limited.HAS_FORK, reason="no child processes of this kind")]
LIMITS = Limits(memory=100 * 2**20, seconds=1, answer=1000)


def loop() -> bytes:
    while True:
        pass


def raises() -> bytes:
    raise ValueError("of its own")


def ends() -> bytes:
    os._exit(0)


def test_an_answer_comes_back_and_nothing_else_changes() -> None:
    changed = []
    assert limited.call(lambda: changed.append(1) or b"x" * 1000, LIMITS) == b"x" * 1000  # type: ignore[func-returns-value]
    assert changed == []


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (lambda: bytes(200 * 2**20), "more than 100 MB of memory"),
        (loop, "more than 1 seconds"),
        (lambda: bytes(1001), "larger than 0 MB"),
        (lambda: bytes(10**6), "larger than 0 MB"),
        (ends, "without an answer"),
    ],
)
def test_what_takes_too_much_is_said(work: Callable[[], bytes], why: str) -> None:
    with pytest.raises(LimitError, match=why):
        limited.call(work, LIMITS)


def test_another_exception_is_named() -> None:
    with pytest.raises(ChildError, match="ValueError: of its own"):
        limited.call(raises, LIMITS)


def test_a_child_ends_with_what_hears_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Ctrl-C: the exception passes, and the child is gone."""

    def interrupted(reader: int, limits: Limits) -> bytes:
        children.append(int(os.read(reader, 20)[1:-1]))
        raise KeyboardInterrupt

    children: list[int] = []
    monkeypatch.setattr(limited, "_heard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        limited.call(lambda: str(os.getpid()).encode(), LIMITS)
    with pytest.raises(ProcessLookupError):
        os.kill(children[0], 0)

"""Answers can be recorded, written, read and played back; equal answers are recognised, different ones are not."""

from pathlib import Path

import numpy as np
import pytest

from autograder.checks.code_under_test import CodeError, CodeUnderTest, Handle
from autograder.checks.record import Playback, Recorded, read_logs, write_logs


class Answers:
    """A backend with two functions: ``double``, and one that keeps its argument."""

    def call(self, target: object, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        x = np.asarray(args[0])
        return (2 * x, Handle(self, x, "list")) if target == "layers.double" else 2 * x  # type: ignore[arg-type]

    def find(self, target: object, name: str) -> object:
        return {"W": np.ones(2), "n": 3} if name == "all" else 7

    item = assign = put = fetch = find


def test_playback_repeats_what_was_heard(tmp_path: Path) -> None:
    heard = Recorded(Answers())  # type: ignore[arg-type]
    out, cache = CodeUnderTest(heard).layers.double(np.arange(3.0))
    assert cache.length == 7
    write_logs(tmp_path / "a.npz", {"t": heard.log})
    write_logs(tmp_path / "b.npz", {"t": heard.log})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()

    again = CodeUnderTest(Playback(read_logs(tmp_path / "a.npz")["t"]))
    same, handle = again.layers.double("anything")
    np.testing.assert_array_equal(same, out)
    assert handle.length == 7
    with pytest.raises(CodeError, match="out of date"):
        again.layers.double("once more")


def test_a_handle_cannot_be_trusted() -> None:
    handle = Handle(Answers(), None, "object")  # type: ignore[arg-type]
    for attempt in (bool, float, int, list, len, lambda h: h == 1, lambda h: h != 1, lambda h: h < 1, np.asarray):
        with pytest.raises((CodeError, TypeError)):
            attempt(handle)

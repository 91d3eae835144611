"""The pictures that are judged: only the course's secret decides them, and CIFAR-10 is judged as it is."""

import stat
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import datasets
from autograder.assignments.assignment2.kit.judge import judged
from autograder.assignments.assignment2.kit.judge.judged import Judged

COUNTS = {"TRAINED_ON": 200, "LEARNT_ON": 200, "UNSEEN": 100, "TESTED_ON": 300, "CANDIDATES": 2}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, count in COUNTS.items():
        monkeypatch.setattr(judged, name, count)


def of(folder: Path, secret: bytes, kind: str = "synthetic") -> Judged:
    """Return the judged pictures of a course with a secret."""
    released = SimpleNamespace(
        kind=kind, fingerprint=f"{kind}-1", train=lambda count: ("train", count), validation=lambda: "validation",
        test=lambda: "test",
    )  # fmt: skip
    course = SimpleNamespace(state=folder, secret=secret)
    return Judged(cast(Any, course), cast(ModuleType, datasets), cast(Any, released))


def test_the_secret_alone_decides_synthetic_pictures(few: None, tmp_path: Path) -> None:
    first, again = (of(tmp_path / name, b"one") for name in ("a", "b"))
    other = of(tmp_path / "c", b"two")
    kept = of(tmp_path / "a", b"one")
    for take in (lambda one: one.train(150), lambda one: one.unseen(), lambda one: one.test()):
        pictures, labels = take(first)
        for same in (again, kept):
            assert np.array_equal(take(same)[0], pictures)
            assert np.array_equal(take(same)[1], labels)
        assert (take(other)[1] == labels).mean() < 0.25
    assert len(first.train(150)[1]) == 150
    assert first.is_practice
    assert first.validation() == "validation"
    if sys.platform != "win32":
        modes = {stat.S_IMODE(folder.stat().st_mode) for folder in (tmp_path / "a" / "pictures").iterdir()}
        assert modes == {0o700}


def test_only_test_pictures_have_the_released_patterns(few: None, tmp_path: Path) -> None:
    """The mean pictures of the released classes tell those of the test pictures apart, and not those of the others."""
    released = datasets.synthetic.draw(4000, seed=5)
    means = np.stack([released[0][released[1] == label].mean(axis=0) for label in range(10)])
    means -= means.mean(axis=0)
    found = {}
    for name, (x, y) in {"test": of(tmp_path, b"one").test(), "train": of(tmp_path, b"one").train(200)}.items():
        scores = (x - x.mean(axis=0)).reshape(len(x), -1) @ means.reshape(10, -1).T
        found[name] = float((scores.argmax(axis=1) == y).mean())
    assert found["test"] > 0.2
    assert found["train"] < 0.2


def test_cifar10_is_judged_as_it_is(tmp_path: Path) -> None:
    real = of(tmp_path, b"one", "cifar10")
    found = (real.train(7), real.unseen(), real.test(), real.validation())
    assert found == (("train", 7), "validation", "test", "validation")
    assert not real.is_practice
    assert list(tmp_path.iterdir()) == []

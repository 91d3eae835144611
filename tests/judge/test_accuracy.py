"""How a submitted model is judged: credit below the required accuracy, suspected look-ups, slow models."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from autograder.assignments.assignment2.kit.judge import accuracy
from autograder.assignments.assignment2.kit.judge.accuracy import Accuracy
from autograder.checks.code_under_test import Handle
from autograder.checks.compare import Mismatch
from autograder.judge import NotGraded, Open, PartialCredit

RNG = np.random.default_rng(5)
MEAN = np.zeros((3, 32, 32), dtype=np.float32)


def images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images whose pixels all hold the label, and the labels."""
    labels = RNG.integers(0, 10, count)
    return np.broadcast_to((20 * labels)[:, None, None, None], (count, 3, 32, 32)).astype(np.uint8), labels


PICTURES = SimpleNamespace(
    fingerprint="cifar10-right", validation=lambda: images(1000), test=lambda: images(10_000), kind="cifar10"
)


def judging(predict: Any, fingerprint: str = "cifar10-right", files: tuple[str, ...] = ("models/part1.npz",), clock: Any = None) -> tuple[Accuracy, list[str]]:  # fmt: skip
    model = Handle(cast(Any, None), None, "Model")
    course = SimpleNamespace(load_model=lambda part: (fingerprint, MEAN, model), predict=predict)
    part = SimpleNamespace(model="models/part1.npz", notebook="A.ipynb", framework="", number=1)
    context = SimpleNamespace(part=part, submission=SimpleNamespace(files=files), clock=clock or (lambda: 0.0))
    flags: list[str] = []
    student = SimpleNamespace(course=course)
    return Accuracy(cast(Any, context), cast(Any, PICTURES), cast(Any, student), np.random.default_rng(1), flags), flags


def read(share: float) -> Any:
    """Return a model that reads the label from the pixels, and is right for a share of all images."""

    def predict(model: object, mean: np.ndarray, x: np.ndarray) -> np.ndarray:
        labels = np.rint(np.median(x.reshape(len(x), -1), axis=1) / 20).astype(np.int64)
        wrong = np.arange(len(x)) >= share * len(x)
        return np.where(wrong, (labels + 1) % 10, labels)

    return predict


def test_at_the_mark_there_is_full_credit() -> None:
    judged, flags = judging(read(0.6))
    judged.judge(0.6)
    assert flags == []


@pytest.mark.parametrize(("share", "credit"), [(0.55, 0.5), (0.5, 0.0), (0.2, 0.0)])
def test_below_the_mark_credit_falls_in_a_line(share: float, credit: float) -> None:
    with pytest.raises(PartialCredit) as caught:
        judging(read(share))[0].judge(0.6)
    assert caught.value.credit == pytest.approx(credit, abs=0.03)


def test_a_model_that_looks_images_up_is_flagged() -> None:
    def predict(model: object, mean: np.ndarray, x: np.ndarray) -> np.ndarray:
        plain = np.array([len(np.unique(one)) == 1 for one in x])
        return np.where(plain, read(1.0)(model, mean, x), 0)

    judged, flags = judging(predict)
    judged.judge(0.5)
    assert any("memorised or looked up" in flag for flag in flags)


def test_a_slow_model_is_asked_about_fewer() -> None:
    asked: list[int] = []
    time = iter(range(0, 100_000, 40))

    def predict(model: object, mean: np.ndarray, x: np.ndarray) -> np.ndarray:
        asked.append(len(x))
        return read(1.0)(model, mean, x)

    judging(predict, clock=lambda: float(next(time)))[0].judge(0.5)
    assert sum(asked[:-2]) == accuracy.LEAST_PICTURES


def test_what_is_missing_or_of_other_data_costs_nothing() -> None:
    with pytest.raises(NotGraded, match=r"Neither A.ipynb nor models/part1.npz"):
        judging(read(1), files=())[0].judge(0.5)
    with pytest.raises(Open, match="trained on the synthetic pictures"):
        judging(read(1), fingerprint="synthetic-123456789")[0].judge(0.5)


def test_predictions_of_another_number_are_refused() -> None:
    with pytest.raises(Mismatch, match="predictions for"):
        judging(lambda model, mean, x: np.zeros(3, dtype=np.int64))[0].judge(0.5)

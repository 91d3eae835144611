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
    fingerprint="cifar10-right",
    is_practice=False,
    validation=lambda: images(1000),
    test=lambda: images(10_000),
    kind="cifar10",
)


def judging(
    predict: Any,
    fingerprint: str = "cifar10-right",
    files: tuple[str, ...] = ("models/part1.npz",),
    worked: Any = lambda: 0.0,
    framework: str = "",
    seed: int = 1,
) -> tuple[Accuracy, list[str]]:
    model = Handle(cast(Any, None), None, "Model")
    course = SimpleNamespace(load_model=lambda part: (fingerprint, MEAN, model), predict=predict)
    part = SimpleNamespace(model="models/part1.npz", notebook="A.ipynb", framework=framework, number=1)
    context = SimpleNamespace(
        part=part,
        submission=SimpleNamespace(files=files),
        worked=worked,
        common_rng=lambda name: np.random.default_rng(len(name)),
    )
    flags: list[str] = []
    student = SimpleNamespace(course=course, framework=SimpleNamespace(load_model=lambda: (fingerprint, MEAN, model)))
    rng = np.random.default_rng(seed)
    return Accuracy(cast(Any, context), cast(Any, PICTURES), cast(Any, student), rng, flags), flags


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


ALL, USUAL, LEAST = 10_000, accuracy.TEST_PICTURES, accuracy.LEAST_PICTURES


@pytest.mark.parametrize(
    ("seconds", "framework", "number"),
    [(0.001, "", USUAL), (0.001, "torch", ALL), (0.0029, "torch", ALL), (0.0031, "torch", USUAL), (0.02, "", USUAL), (0.04, "torch", LEAST)],
)  # fmt: skip
def test_a_slow_model_is_asked_about_fewer(seconds: float, framework: str, number: int) -> None:
    """What the first call takes does not count: it may compile."""
    asked: list[int] = []

    def predict(model: object, mean: np.ndarray, x: np.ndarray) -> np.ndarray:
        asked.append(len(x))
        return read(1.0)(model, mean, x)

    judging(predict, worked=lambda: 100 * bool(asked) + seconds * sum(asked), framework=framework)[0].judge(0.5)
    altered, known = 2 * min(accuracy.ALTERED_PICTURES, number // 6), min(1000, number)
    assert sum(asked) == number + altered + known


def test_the_same_model_gets_the_same_credit_whoever_hands_it_in() -> None:
    """Only the pictures for flags differ between submissions."""
    images = RNG.integers(0, 256, (10_000, 3, 32, 32)).astype(np.uint8)
    labels = RNG.integers(0, 10, 10_000)
    pictures = SimpleNamespace(**{**vars(PICTURES), "test": lambda: (images, labels)})

    def predict(model: object, mean: np.ndarray, x: np.ndarray) -> np.ndarray:
        return x[:, 0, 0, 0] // 26

    credits = set()
    for seed in range(10):
        judged, _ = judging(predict, seed=seed)
        judged._pictures = cast(Any, pictures)
        with pytest.raises(PartialCredit) as caught:
            judged.judge(0.15)
        credits.add((caught.value.credit, caught.value.message))
    assert len(credits) == 1


def test_a_model_that_knows_the_validation_images_is_flagged() -> None:
    calls: list[int] = []

    def predict(model: object, mean: np.ndarray, x: np.ndarray) -> np.ndarray:
        calls.append(len(x))
        return read(0.7 if sum(calls) <= 3000 else 1.0)(model, mean, x)

    judged, flags = judging(predict)
    judged.judge(0.5)
    assert any("trained or tuned on the validation pictures" in flag for flag in flags)


@pytest.mark.parametrize("test", [2000, 10_000])
@pytest.mark.parametrize("share", [0.5, 0.7])
def test_an_honest_model_is_hardly_ever_flagged(test: int, share: float) -> None:
    """Nor is the best of 20 models, by the validation pictures; one that gains 13 points by tuning is."""
    chosen = RNG.binomial(1000, share, (100_000, 20)) / 1000
    reached = RNG.binomial(test, share, 100_000) / test
    for known, most in ((chosen[:, 0], 2e-4), (chosen.max(axis=1), 1.2e-3)):
        assert (known - reached > accuracy.suspicious_gap(known, 1000, reached, test)).mean() <= most
    assert accuracy.suspicious_gap(0.772, 1000, 0.642, test) < 0.08


def test_an_accuracy_on_synthetic_images_is_marked_practice() -> None:
    judged, _ = judging(read(0.2))
    judged._pictures = cast(Any, SimpleNamespace(**{**vars(PICTURES), "is_practice": True}))
    with pytest.raises(PartialCredit, match=r"of 2000 synthetic pictures \(practice\); 60% earns"):
        judged.judge(0.6)


def test_what_is_missing_or_of_other_data_costs_nothing() -> None:
    with pytest.raises(NotGraded, match=r"Neither A.ipynb nor models/part1.npz"):
        judging(read(1), files=())[0].judge(0.5)
    with pytest.raises(Open, match="trained on the synthetic pictures"):
        judging(read(1), fingerprint="synthetic-123456789")[0].judge(0.5)


def test_predictions_of_another_number_are_refused() -> None:
    with pytest.raises(Mismatch, match=r"array of predictions has shape \(3,\), \(250,\) is expected"):
        judging(lambda model, mean, x: np.zeros(3, dtype=np.int64))[0].judge(0.5)

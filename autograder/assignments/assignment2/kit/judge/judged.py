"""The pictures that submissions are judged on. See ``accuracy`` and ``nets`` for judging on them.

Everybody has the generator and the seed of the synthetic pictures, so those that are judged come from the course's
secret. The secret decides the labels, the variation and the noise of the test pictures; their patterns are the released
ones, since students' models were trained on them. It also decides the patterns of the pictures on which the judge
trains students' nets. CIFAR-10 is judged as it is.
"""

import hmac
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import ModuleType

import numpy as np

from autograder.course import Course
from autograder.files import new_folder

from ..student.pictures import Labelled, Pictures

VERSION = 1
"""The version of the files. A new version makes them anew."""
TRAINED_ON, UNSEEN, TESTED_ON = 3000, 2000, 10_000
LEARNT_ON = 2000
CANDIDATES, EASY = 8, 0.29
"""How many secret patterns are tried at most, and the accuracy of a small net from which on they are easy enough."""
FILE = "pictures.npz"


class Judged:
    """Pictures to train on, unseen ones of the same kind, test pictures, and the students' validation pictures.

    Parameters
    ----------
    course : Course
    datasets : module
        The course's package ``datasets``.
    released : Pictures
        The pictures that students have, or CIFAR-10.

    Attributes
    ----------
    kind, fingerprint : str
        Those of the released pictures.
    """

    def __init__(self, course: Course, datasets: ModuleType, released: Pictures) -> None:
        self._course, self._datasets, self._released = course, datasets, released
        self.kind, self.fingerprint = released.kind, released.fingerprint

    def train(self, count: int) -> Labelled:
        """Return the first ``count`` pictures to train students' nets on: at most 3,000."""
        if not self.is_practice:
            return self._released.train(count)
        pixels, labels = self._learning
        return pixels[:TRAINED_ON][:count], labels[:TRAINED_ON][:count]

    def unseen(self) -> Labelled:
        """Return 2,000 pictures like those of `train`, for nets that the judge has trained; of CIFAR-10, 1,000."""
        if not self.is_practice:
            return self._released.validation()
        pixels, labels = self._learning
        return pixels[TRAINED_ON:], labels[TRAINED_ON:]

    def test(self) -> Labelled:
        """Return the 10,000 test pictures for submitted models."""
        return self._testing if self.is_practice else self._released.test()

    def validation(self) -> Labelled:
        """Return the 1,000 validation pictures, which every student has."""
        return self._released.validation()

    @property
    def is_practice(self) -> bool:
        """Whether the pictures are synthetic, so that accuracies on them are practice."""
        return self.kind == "synthetic"

    @cached_property
    def _learning(self) -> Labelled:
        return self._kept("learning", self._learnable)

    @cached_property
    def _testing(self) -> Labelled:
        return self._kept("test", lambda: self._drawn("test", TESTED_ON, self._datasets.synthetic.WORLD))

    def _learnable(self) -> Labelled:
        """Return pictures of secret patterns that a small net learns about as well as the released ones.

        Some random patterns are harder to learn than others: of a few, the first that are easy enough, or the easiest.
        """
        best, easiest = -1.0, None
        for number in range(CANDIDATES):
            pixels, labels = self._drawn("learning", TRAINED_ON + UNSEEN, self._seed(f"patterns {number}"))
            reached = _learnt(pixels, labels)
            if reached > best:
                best, easiest = reached, (pixels, labels)
            if reached >= EASY:
                break
        assert easiest is not None
        return easiest

    def _drawn(self, purpose: str, count: int, world: int) -> Labelled:
        drawn: Labelled = self._datasets.synthetic.draw(count, self._seed(purpose), world)
        return drawn

    def _seed(self, purpose: str) -> int:
        return int.from_bytes(hmac.digest(self._course.secret, f"pictures/{purpose}".encode(), "sha256"), "big")

    def _kept(self, purpose: str, make: Callable[[], Labelled]) -> Labelled:
        """Return pictures that only the secret decides: they are made once and kept beside the secret."""
        name = f"{purpose}/{VERSION}/{self._datasets.synthetic.VERSION}/{TRAINED_ON}/{UNSEEN}/{TESTED_ON}"
        key = hmac.digest(self._course.secret, name.encode(), "sha256").hex()[:16]
        home: Path = self._course.state / "pictures" / f"{purpose}-{key}"
        if not home.is_dir():
            with new_folder(home) as folder:
                folder.chmod(0o700)
                pixels, labels = make()
                np.savez(folder / FILE, pixels=pixels, labels=labels)
        with np.load(home / FILE, allow_pickle=False) as file:
            return file["pixels"], file["labels"]


def _learnt(pixels: np.ndarray, labels: np.ndarray) -> float:
    """Train a net of 64 units on most pictures, by the recipe of part 1's short training; return its accuracy."""
    rng = np.random.default_rng(0)
    x = pixels.reshape(len(pixels), -1).astype(np.float32)
    x -= x[:LEARNT_ON].mean(axis=0)
    params = [0.01 * rng.normal(size=(x.shape[1], 64)).astype(np.float32), 0.01 * rng.normal(size=(64, 10))]
    velocities = [np.zeros_like(one) for one in params]
    for _ in range(5 * LEARNT_ON // 50):
        some = rng.integers(LEARNT_ON, size=50)
        hidden = np.maximum(x[some] @ params[0], 0)
        scores = hidden @ params[1]
        slopes = np.exp(scores - scores.max(axis=1, keepdims=True))
        slopes = (slopes / slopes.sum(axis=1, keepdims=True) - np.eye(10)[labels[some]]) / 50
        gradients = (x[some].T @ (slopes @ params[1].T * (hidden > 0)), hidden.T @ slopes)
        for one, velocity, gradient in zip(params, velocities, gradients, strict=True):
            velocity *= 0.9
            velocity -= (1e-4 * gradient).astype(velocity.dtype)
            one += velocity
    found = (np.maximum(x[TRAINED_ON:] @ params[0], 0) @ params[1]).argmax(axis=1)
    return float((found == labels[TRAINED_ON:]).mean())

"""The pictures that submissions are judged on. See ``accuracy`` and ``nets`` for judging on them.

Everybody has the generator and the seed of the synthetic pictures, so those that are judged come from the course's
secret. The secret decides the labels, the variation and the noise of the test pictures; their patterns are the released
ones, since students' models were trained on them. It also decides the patterns of the pictures on which the judge
trains students' nets. CIFAR-10 is judged as it is.
"""

import hmac
from functools import cached_property
from pathlib import Path
from types import ModuleType

import numpy as np

from autograder.course import Course
from autograder.files import new_folder

from ..student.pictures import Labelled, Pictures

VERSION = 1
"""The version of the files. A new version makes them anew."""
TRAINED_ON, UNSEEN, TESTED_ON = 3000, 1000, 10_000
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
        """Return 1,000 pictures like those of `train`, for nets that the judge has trained."""
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
        return self._drawn("learning", TRAINED_ON + UNSEEN, self._seed("patterns"))

    @cached_property
    def _testing(self) -> Labelled:
        return self._drawn("test", TESTED_ON, self._datasets.synthetic.WORLD)

    def _seed(self, purpose: str) -> int:
        return int.from_bytes(hmac.digest(self._course.secret, f"pictures/{purpose}".encode(), "sha256"), "big")

    def _drawn(self, purpose: str, count: int, world: int) -> Labelled:
        """Return pictures that only the secret decides; they are drawn once and kept beside the secret."""
        synthetic, seed = self._datasets.synthetic, self._seed(purpose)
        name = f"{purpose}/{VERSION}/{synthetic.VERSION}/{count}"
        key = hmac.digest(self._course.secret, name.encode(), "sha256").hex()[:16]
        home: Path = self._course.state / "pictures" / f"{purpose}-{key}"
        if not home.is_dir():
            with new_folder(home) as folder:
                folder.chmod(0o700)
                pixels, labels = synthetic.draw(count, seed, world)
                np.savez(folder / FILE, pixels=pixels, labels=labels)
        with np.load(home / FILE, allow_pickle=False) as file:
            return file["pixels"], file["labels"]

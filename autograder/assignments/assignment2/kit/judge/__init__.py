"""The kit's code for the judge: the pictures, the accuracy of a model, comparisons of nets with the reference.

The hidden tests import from here the functions that the engine does not have.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from autograder.assignment import Part
from autograder.judge import fixtures
from autograder.kit import Data, JudgeKit

from ..runner.frameworks import CONVNET_PARAMS
from ..student.models import require_dropout, require_normalisation
from ..student.pictures import Pictures
from . import train
from .accuracy import Accuracy
from .convnets import (
    assert_convnet_count,
    assert_convnet_scores,
    assert_convnet_start,
    assert_convnet_steps,
    away_from_kinks,
    convnet_params,
)
from .data import find_pictures, load_datasets, practice_data
from .inputs import scaled
from .judged import Judged
from .nets import (
    assert_gradients_fit,
    assert_learns,
    assert_loss_and_gradients,
    assert_network_learns,
    overfit,
    set_params,
)
from .possible import possible

__all__ = [
    "CONVNET_PARAMS", "Fixtures", "Kit", "assert_convnet_count", "assert_convnet_scores", "assert_convnet_start",
    "assert_convnet_steps", "assert_gradients_fit", "assert_learns", "assert_loss_and_gradients",
    "assert_network_learns", "away_from_kinks", "convnet_params", "overfit", "require_dropout", "require_normalisation",
    "scaled", "set_params",
]  # fmt: skip


class Fixtures(fixtures.Fixtures):
    """The fixtures of hidden tests: the engine's and assignment 2's."""

    @property
    def pictures(self) -> Judged:
        """The pictures that submissions are judged on."""
        return judged_of(self.context.course.kit)

    @property
    def accuracy(self) -> Accuracy:
        """The judge of the submitted model's accuracy."""
        return Accuracy(self.context, self.pictures, self.student, self.fresh_rng(), self.flags)

    @property
    def framework(self) -> Any:
        """The definitions of the part's notebook. Without a readable notebook the test is not graded."""
        _ = self.notebook
        return self.student.framework


class Kit(JudgeKit):
    """The hooks of assignment 2."""

    @cached_property
    def datasets(self) -> ModuleType:
        """The course's package ``datasets``."""
        return load_datasets(self.course)

    @cached_property
    def pictures(self) -> Pictures:
        """The pictures that students have, or CIFAR-10."""
        return find_pictures(self.course, self.datasets)

    @cached_property
    def judged(self) -> Judged:
        """The pictures that submissions are judged on."""
        return Judged(self.course, self.datasets, self.pictures)

    def fixtures(self) -> type[Fixtures]:
        """Return the class of the hidden tests' fixtures."""
        return Fixtures

    def data(self) -> Data:
        """Return the pictures' name, fingerprint and folder."""
        return Data(self.pictures.kind, self.pictures.fingerprint, self.pictures.root)

    def practice_data(self) -> Path:
        """Return the folder of pictures for executed notebooks. Its test pictures have no true labels."""
        return practice_data(self.course, self.pictures.root, self.datasets)

    def possible(self, function: str, arguments: Mapping[str, Any]) -> bool:
        """Return whether a layer's arguments make sense, for the smallest cases of mistakes."""
        return possible(function, arguments)

    def training(self, part: Part, folder: Path) -> Sequence[str]:
        """Return the command that trains a part's model with its notebook's recipe."""
        program = str(Path(str(train.__file__)))
        return (sys.executable, "-B", program, str(self.course.source), part.notebook, str(part.number), str(folder))

    def tool(self, arguments: Sequence[str]) -> int:
        """Run the command line of ``datasets``; return its exit status."""
        import importlib

        status: int = importlib.import_module(f"{self.datasets.__name__}.__main__").main(arguments)
        return status


def judged_of(kit: JudgeKit) -> Judged:
    """Return the pictures on which the course that this kit belongs to is judged."""
    assert isinstance(kit, Kit)
    return kit.judged

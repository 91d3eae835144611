"""The kit's code that runs beside a submission: saved models, nets of frameworks, a plain model, tools."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from autograder.checks.host import PackageHost
from autograder.checks.kit import RunnerKit

from .advice import advice
from .course import Course
from .frameworks import Framework, library


class Kit(RunnerKit):
    """The kit: ``student.course`` and, for a notebook of PyTorch or TensorFlow, ``student.framework``."""

    def __init__(self, host: PackageHost) -> None:
        super().__init__(host)
        self._course = Course(host)

    def namespaces(self) -> Mapping[str, Callable[[], Any]]:
        """Return the makers of ``course`` and ``framework``, by name."""
        host = self.host
        return {
            "course": lambda: self._course,
            "framework": lambda: Framework(host.framework, host.folder, host.definition_in_framework, host.is_checked),
        }

    def prepare(self, namespace: str) -> None:
        """Read the framework's notebook, which may expect a GPU or a compiler."""
        if namespace == "framework":
            library(self.host.framework).stand_in()
            self.host.read_framework()

    def advice(self, error: str) -> str:
        """Return the cure for an error of code that was written for another machine, or ""."""
        return advice(error)

    def seed(self, number: int) -> None:
        """Seed the notebook's framework, if it is loaded."""
        if self.host.framework == "torch" and "torch" in sys.modules:
            sys.modules["torch"].manual_seed(number)
        if self.host.framework == "tensorflow" and "keras" in sys.modules:
            sys.modules["keras"].utils.set_random_seed(number)

    def remember(self) -> Callable[[], None]:
        """Return a function that restores the present state of PyTorch's random numbers, if PyTorch is loaded."""
        torch = sys.modules.get("torch")
        if torch is None:
            return super().remember()
        drawn = torch.get_rng_state()
        return lambda: torch.set_rng_state(drawn)

"""``student.course``: the submitted model and its predictions, and a plain model and update rule that test a Solver."""

from pathlib import Path
from typing import Any

import numpy as np

from cs231n.checks.code_under_test import CodeError, is_plain_array
from cs231n.checks.host import PackageHost

from .saving import ModelError, SavedModel, predict
from .toy import LinearModel, add_counting_rule


class Course:
    """The functions of ``student.course``.

    Parameters
    ----------
    host : PackageHost
        The submission.
    """

    predict = staticmethod(predict)
    linear_model = LinearModel

    def __init__(self, host: PackageHost) -> None:
        self._host = host

    def load_model(self, part: int) -> tuple[str, np.ndarray, Any]:
        """Return the submitted model of a part: the fingerprint of its data, its mean picture, and the model."""
        try:
            saved = SavedModel(self._host.folder / "models" / f"part{part}.npz")
            return saved.fingerprint, saved.mean, saved.rebuild(self._host.package)
        except ModelError as error:
            raise CodeError("model", str(error)) from None

    def add_counting_rule(self) -> None:
        """Add the counting rule to the package, so that its Solver finds the rule."""
        add_counting_rule(self._host.package)

    def surrounded(self, function: str, *args: Any) -> Any:
        """Call a function of the package with NaNs before and behind each array: a read beyond an end gives NaN."""
        wrapped = (_among_nans(value) if is_plain_array(value) else value for value in args)
        return self._host.lookup(function)(*wrapped)

    @staticmethod
    def written(start: str) -> list[str]:
        """Return the names of the files in the current folder that begin with ``start``."""
        return sorted(path.name for path in Path().glob(f"{start}*"))


def _among_nans(array: np.ndarray) -> np.ndarray:
    """Return a contiguous copy. As many NaNs as it has elements lie before it in memory, and as many behind it."""
    memory = np.full((3, *array.shape), np.nan, dtype=array.dtype)
    middle: np.ndarray = memory[1]
    middle[...] = array
    return middle

"""The judge: hidden tests, asked of a submission in a runner, become a verdict. What hidden tests import is here."""

from autograder.checks.code_under_test import CodeError, CodeUnderTest
from autograder.checks.compare import (
    Mismatch,
    as_array,
    as_number,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    require,
)
from autograder.checks.exercise import exercise
from autograder.checks.frameworks import CONVNET_PARAMS
from autograder.checks.models import require_dropout, require_normalisation
from autograder.checks.numeric import numeric_gradient

from .convnets import (
    assert_convnet_count,
    assert_convnet_scores,
    assert_convnet_steps,
    away_from_kinks,
    convnet_params,
)
from .credit import NotGraded, PartialCredit
from .inputs import scaled
from .nets import (
    assert_learns,
    assert_loss_and_gradients,
    assert_network_learns,
    overfit,
    set_params,
)

__all__ = [
    "CONVNET_PARAMS", "CodeError", "CodeUnderTest", "Mismatch", "NotGraded", "PartialCredit", "as_array", "as_number",
    "assert_close", "assert_convnet_count", "assert_convnet_scores", "assert_convnet_steps", "assert_dtype",
    "assert_gradients", "assert_learns", "assert_loss_and_gradients", "assert_network_learns", "assert_unchanged",
    "away_from_kinks", "convnet_params", "exercise", "numeric_gradient", "overfit", "require", "require_dropout",
    "require_normalisation", "scaled", "set_params",
]  # fmt: skip

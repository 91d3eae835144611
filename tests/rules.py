"""The intake rules of assignment 2 for tests, which work without the assignment's grader."""

from autograder.intake.submission import Rules

RULES = Rules(
    "cs231n",
    tuple((ending, 256 * 2**20) for ending in (".npz", ".safetensors", ".h5")),
    ("datasets", "cifar-10-batches-py"),
)

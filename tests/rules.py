"""Rules of intake by which tests take submissions in: those of assignment 2, which need its grader not to be there."""

from autograder.intake.submission import Rules

RULES = Rules(
    "cs231n",
    tuple((ending, 256 * 2**20) for ending in (".npz", ".safetensors", ".h5")),
    ("datasets", "cifar-10-batches-py"),
)

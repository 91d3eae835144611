"""The process that fuzzes one target with atheris until libFuzzer ends it; ``python -m tests.fuzz`` starts it."""

import logging
import random
import sys

import atheris

with atheris.instrument_imports(include=["autograder", "nbformat", "tarfile", "zipfile"]):
    from .targets import TARGETS

from .mutators import MUTATORS


def main() -> None:
    """Fuzz the target that the first argument names; the other arguments are for libFuzzer."""
    name = sys.argv.pop(1)
    logging.disable(logging.CRITICAL)  # nbformat logs every invalid notebook

    def change(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < 0.2:
            return bytes(atheris.Mutate(data, most))
        return MUTATORS[name](data, chance, lambda part: bytes(atheris.Mutate(part, most)))[:most]

    atheris.Setup(sys.argv, TARGETS[name], custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""The process that fuzzes one target with atheris until libFuzzer ends it; started by ``python -m tests.fuzz``."""

import logging
import random
import sys

import atheris

with atheris.instrument_imports(include=["autograder", "nbformat", "tarfile", "zipfile"]):
    from .targets import TARGETS

from .mutators import MUTATORS


def main() -> None:
    """Fuzz the target that is the first argument; the others are libFuzzer's."""
    name = sys.argv.pop(1)
    logging.disable(logging.CRITICAL)  # nbformat logs every notebook that is not valid

    def change(data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() < 0.2:
            return bytes(atheris.Mutate(data, most))
        return MUTATORS[name](data, chance, lambda part: bytes(atheris.Mutate(part, most)))[:most]

    atheris.Setup(sys.argv, TARGETS[name], custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""Train the reference's model of a part by its notebook's own recipe: ``python train.py SOURCE NOTEBOOK PART FOLDER``.

A program of its own, for a process of its own; what it defines is the instructor's, never a student's.
"""

import importlib
import sys
from pathlib import Path

import numpy as np

RECIPE = "train_best_model"
SEED = 231


def main(source: str, notebook: str, part: str, folder: str, *extensions: str) -> None:
    """Train, and save in ``folder``; the package finds its extension in ``extensions``."""
    sys.path.insert(0, source)
    package = importlib.import_module("cs231n")
    package.__path__ += extensions
    definitions = importlib.import_module("cs231n.checks.definitions")
    frameworks = importlib.import_module("cs231n.kit.runner.frameworks")
    kit = importlib.import_module("cs231n.kit")
    data_utils = importlib.import_module("cs231n.data_utils")
    np.random.seed(SEED)
    defined = definitions.Definitions(Path(source), (notebook,), ("torch", "tensorflow", "keras"))
    data = defined["get_data"]() if int(part) == frameworks.PART else data_utils.get_CIFAR10_data()
    kit.save_model(defined[RECIPE](data), int(part), folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

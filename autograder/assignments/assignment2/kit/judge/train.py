"""Trains the reference's model of a part with its notebook's recipe: ``python train.py SOURCE NOTEBOOK PART FOLDER``.

This program runs in a separate process. It runs the instructor's code only, never a student's.
"""

import importlib
import sys
from pathlib import Path

import numpy as np

RECIPE = "train_best_model"
SEED = 231


def main(source: str, notebook: str, part: str, folder: str, *extensions: str) -> None:
    """Train the model and save it in ``folder``. ``extensions`` are folders of the package's compiled extension."""
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

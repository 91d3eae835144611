"""A model's file that is none, is cut off, or belongs to another part is named for what it is, and earns nothing."""

import json
from pathlib import Path

import numpy as np
import pytest

from autograder.assignments.assignment2.kit.runner.frameworks import ModelError, not_ours
from autograder.assignments.assignment2.kit.runner.saving import SavedModel


def written(path: Path, part: int = 1) -> bytes:
    """Write a model's file as ``save_model`` does, and return its content."""
    description = {"part": part, "data": "abc", "class": "FullyConnectedNet", "module": "classifiers.fc_net"}
    text = np.frombuffer(json.dumps(description).encode(), dtype=np.uint8)
    np.savez(path, description=text, mean=np.zeros((3, 32, 32), np.float32), **{"param/W1": np.ones((3, 2))})
    return path.read_bytes()


FOREIGN = {
    "a pointer of git-lfs": b"version https://git-lfs.github.com/spec/v1\n",
    "empty": b"",
    "a web page": b"<!DOCTYPE html>",
    "a pickle": b"\x80\x04\x95",
    "a safetensors file": (2).to_bytes(8, "little") + b"{}",
    "is not a file that save_model wrote": b"hello",
}


@pytest.mark.parametrize("words", FOREIGN)
def test_what_is_no_model_is_named(tmp_path: Path, words: str) -> None:
    path = tmp_path / "part1.npz"
    path.write_bytes(FOREIGN[words])
    with pytest.raises(ModelError, match=words):
        SavedModel(path)


def test_its_own_file_is_read(tmp_path: Path) -> None:
    written(tmp_path / "part1.npz")
    assert SavedModel(tmp_path / "part1.npz").fingerprint == "abc"


def test_a_file_that_is_cut_off_is_called_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "part1.npz"
    path.write_bytes(written(path)[:-100])
    with pytest.raises(ModelError, match=r"not a file that save_model wrote, or it is incomplete \(BadZipFile\)"):
        SavedModel(path)


def test_the_model_of_another_part_is_called_that(tmp_path: Path) -> None:
    written(tmp_path / "part1.npz", part=4)
    with pytest.raises(ModelError, match=r"part1.npz holds the model of part 4"):
        SavedModel(tmp_path / "part1.npz")


@pytest.mark.parametrize("name", ["part5.safetensors", "part5.weights.h5"])
def test_a_framework_is_told_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    written(tmp_path / "part1.npz")
    path.write_bytes((tmp_path / "part1.npz").read_bytes())
    assert not_ours(path, ValueError()) == (
        f"models/{name} is not a file that save_model wrote, but a file of NumPy's savez: run save_model at the end of "
        "the notebook."
    )

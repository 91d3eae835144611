"""Models are saved without pickles and rebuilt from the student's code; if not, one sentence says why."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from autograder.assignments.assignment2.kit.runner.saving import ModelError, SavedModel, predict
from autograder.assignments.assignment2.kit.student.saving import save_model
from autograder.checks.host import PackageHost, load_package
from autograder.course import Course


@pytest.fixture
def net(course: Course, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Return a small net of the reference, as after training on pictures with a mean."""
    monkeypatch.delenv("CS231N_QUICK", raising=False)
    load_package(course.source / "cs231n", "saving_cs231n")
    host = PackageHost("saving_cs231n", course.source)
    host.load("data_utils")
    data_utils = sys.modules["saving_cs231n.data_utils"]
    mean = np.full((3, 32, 32), 7, dtype=np.float32)
    monkeypatch.setattr(data_utils, "_preprocessing", data_utils.Preprocessing(mean, "synthetic-abc"))
    return host.lookup("classifiers.fc_net.FullyConnectedNet")([5], reg=0.1, weight_scale=0.1)


def test_there_and_back(net, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = save_model(net, 1, tmp_path / "models")
    saved = SavedModel(path)
    assert saved.fingerprint == "synthetic-abc"
    again = saved.rebuild("saving_cs231n")
    assert again.arguments == net.arguments
    pictures = np.random.default_rng(0).integers(256, size=(7, 3, 32, 32), dtype=np.uint8)
    expected = net.loss(pictures.astype(np.float32) - 7).argmax(axis=1)
    np.testing.assert_array_equal(predict(again, saved.mean, pictures, batch_size=3), expected)


def test_quick_mode_keeps_a_better_model(net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    path = save_model(net, 1, tmp_path)
    before = path.read_bytes()
    net.params["W1"] = net.params["W1"] * 0
    monkeypatch.setenv("CS231N_QUICK", "1")
    save_model(net, 1, tmp_path)
    assert path.read_bytes() == before
    monkeypatch.setenv("CS231N_QUICK", "0")
    save_model(net, 1, tmp_path)
    assert path.read_bytes() != before


def test_what_cannot_be_saved_says_why(net, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelError, match="part must be a number from 1 to 5"):
        save_model(net, 7, tmp_path)
    with pytest.raises(ModelError, match="no parameters"):
        save_model(object(), 1, tmp_path)
    net.arguments["hook"] = print
    with pytest.raises(ModelError, match="argument hook"):
        save_model(net, 1, tmp_path)


def altered(path: Path, **changes: object) -> SavedModel:
    with np.load(path) as file:
        arrays = dict(file)
    description = {**json.loads(arrays.pop("description").tobytes()), **changes}
    np.savez(path, description=np.frombuffer(json.dumps(description).encode(), dtype=np.uint8), **arrays)
    return SavedModel(path)


def test_what_cannot_be_rebuilt_says_why(net, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = save_model(net, 1, tmp_path)
    with pytest.raises(ModelError, match="which is not there"):
        altered(path, **{"class": "NoSuchNet"}).rebuild("saving_cs231n")
    with pytest.raises(ModelError, match="do not fit"):
        altered(path, **{"class": "FullyConnectedNet", "arguments": {"hidden_dims": [6]}}).rebuild("saving_cs231n")
    np.savez(path, description=np.array([object()], dtype=object), mean=np.zeros(1))
    with pytest.raises(ModelError, match="not a file that save_model wrote"):
        SavedModel(path)  # the file holds a pickle, which must not be loaded
    with pytest.raises(ModelError, match="not handed in"):
        SavedModel(tmp_path / "part9.npz")

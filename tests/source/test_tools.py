"""Gradient checks, pictures, data and the kernel command."""

import json
import sys
import types

import cs231n
import numpy as np
import pytest
from cs231n import data_utils, gradient_check, kernel, vis_utils


def test_numerical_gradient_of_a_known_function(rng):
    x = rng.normal(size=(3, 2))
    before = x.copy()
    np.testing.assert_allclose(gradient_check.eval_numerical_gradient(lambda x: np.sum(x**3), x), 3 * x**2, rtol=1e-6)
    df = rng.normal(size=(3, 2))
    np.testing.assert_allclose(
        gradient_check.eval_numerical_gradient_array(lambda x: x**2, x, df), 2 * x * df, rtol=1e-6
    )
    np.testing.assert_allclose(gradient_check.eval_numerical_gradient_array(lambda x: x, x, df), df, rtol=1e-6)
    np.testing.assert_array_equal(x, before)


def test_numerical_gradient_puts_back_what_it_nudged():
    x = np.ones(3)
    with pytest.raises(IndexError):
        gradient_check.eval_numerical_gradient(lambda x: x[7], x)
    np.testing.assert_array_equal(x, np.ones(3))


def test_sparse_check(rng, capsys):
    x = rng.normal(size=(4, 4))
    assert gradient_check.grad_check_sparse(lambda x: np.sum(x**2), x, 2 * x, num_checks=5) < 1e-6
    assert gradient_check.grad_check_sparse(lambda x: np.sum(x**2), x, 3 * x, num_checks=5) > 0.1
    assert len(capsys.readouterr().out.splitlines()) == 10


def test_relative_error():
    assert gradient_check.rel_error(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == 0
    assert gradient_check.rel_error(np.array([1.0]), np.array([-1.0])) == 1


def test_grid_of_images(rng):
    images = rng.normal(size=(5, 4, 6, 3))
    grid = vis_utils.visualize_grid(images, padding=2)
    assert grid.shape == (2 * 4 + 2, 3 * 6 + 2 * 2, 3)
    assert grid[:4, :6].min() == 0
    assert grid[:4, :6].max() == 255
    assert not grid[4:6].any()
    assert not grid[6:, 16:].any()  # five images in a grid of six
    assert not vis_utils.visualize_grid(np.ones((1, 2, 2, 3))).any()


@pytest.fixture
def pictures(monkeypatch, rng):
    """Replace `cs231n.datasets` by 60 training and 20 test pictures, which exist unless `missing` is set."""

    class DatasetError(Exception):
        pass

    def locate():
        if fake.missing:
            raise DatasetError("get the pictures first")
        return "real"

    train = rng.integers(256, size=(60, 3, 32, 32), dtype=np.uint8), rng.integers(10, size=60)
    test = rng.integers(256, size=(20, 3, 32, 32), dtype=np.uint8), rng.integers(10, size=20)
    fake = types.SimpleNamespace(
        DatasetError=DatasetError, missing=False, train=train, test=test,
        locate=locate, synthetic_root=lambda: "synthetic", kind=str, fingerprint="print of {}".format,
        read_train={"real": train, "synthetic": train}.get, read_test={"real": test, "synthetic": test}.get,
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "cs231n.datasets", fake)
    monkeypatch.setattr(cs231n, "datasets", fake, raising=False)
    monkeypatch.setattr(data_utils, "_preprocessing", None)
    monkeypatch.delenv("CS231N_QUICK", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return fake


def test_load_cifar10(pictures):
    X_train, y_train, X_test, _ = data_utils.load_CIFAR10("real")
    assert (X_train.shape, X_train.dtype, X_test.shape) == ((60, 3, 32, 32), np.float32, (20, 3, 32, 32))
    np.testing.assert_array_equal(y_train, pictures.train[1])


def test_split_and_mean(pictures):
    data = data_utils.get_CIFAR10_data(num_training=40, num_validation=15, num_test=10)
    mean = pictures.train[0][:40].mean(axis=0)
    assert {name: len(values) for name, values in data.items()} == {
        "X_train": 40, "y_train": 40, "X_val": 15, "y_val": 15, "X_test": 10, "y_test": 10,
    }  # fmt: skip
    np.testing.assert_allclose(data["X_val"], pictures.train[0][40:55] - mean, atol=1e-4)
    np.testing.assert_allclose(data["X_test"], pictures.test[0][:10] - mean, atol=1e-4)
    np.testing.assert_array_equal(data["y_val"], pictures.train[1][40:55])
    assert data["X_train"].dtype == np.float32
    np.testing.assert_allclose(data_utils.preprocessing().mean, mean, atol=1e-4)
    assert data_utils.preprocessing().fingerprint == "print of real"


def test_without_subtracting_the_mean(pictures):
    data = data_utils.get_CIFAR10_data(40, 15, 10, subtract_mean=False)
    np.testing.assert_array_equal(data["X_train"], pictures.train[0][:40])
    assert not data_utils.preprocessing().mean.any()


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("sizes", [(50, 15, 10), (0, 15, 10), (40, 15, 21)])
def test_too_many_pictures(sizes):
    with pytest.raises(ValueError, match="there are"):
        data_utils.get_CIFAR10_data(*sizes)


def test_missing_pictures(pictures, monkeypatch):
    pictures.missing = True
    for wanting in (data_utils.data_root, data_utils.get_CIFAR10_data):
        with pytest.raises(pictures.DatasetError, match="get the pictures first"):
            wanting()
    monkeypatch.setenv("CS231N_QUICK", "1")
    assert len(data_utils.get_CIFAR10_data(40, 15, 10)["X_train"]) == 40
    assert data_utils.preprocessing().fingerprint == "print of synthetic"


@pytest.mark.usefixtures("pictures")
def test_preprocessing_before_loading():
    with pytest.raises(RuntimeError, match="get_CIFAR10_data"):
        data_utils.preprocessing()


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(("variable", "value", "quick"), [
    ("CS231N_QUICK", "1", True),
    ("CS231N_QUICK", "True", True),
    ("CS231N_QUICK", "0", False),
    ("CS231N_QUICK", "", False),
    ("NBGRADER_EXECUTION", "validate", True),
    ("NBGRADER_EXECUTION", "autograde", False),
])  # fmt: skip
def test_quick_mode(monkeypatch, variable, value, quick):
    assert not data_utils.quick_mode()
    monkeypatch.setenv(variable, value)
    assert data_utils.quick_mode() is quick


@pytest.fixture
def jupyter(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    return tmp_path


def test_kernel_is_registered_and_removed(jupyter, capsys):
    assert kernel.main(["--name", "course", "--display-name", "The course"]) == 0
    spec = json.loads((jupyter / "kernels" / "course" / "kernel.json").read_text())
    assert spec["display_name"] == "The course"
    assert spec["argv"][0] == sys.executable
    assert kernel.main(["--name", "course", "--remove"]) == 0
    assert not (jupyter / "kernels" / "course").exists()
    assert "Removed" in capsys.readouterr().out


@pytest.mark.usefixtures("jupyter")
@pytest.mark.parametrize("arguments", [["--remove", "--name", "nobody"], ["--name", "no spaces please"]])
def test_kernel_errors_are_one_sentence(arguments, capsys):
    assert kernel.main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.rstrip().endswith(".")


def test_kernel_folder_that_cannot_be_written(jupyter, capsys):
    (jupyter / "kernels").write_text("a file in the way")
    assert kernel.main([]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_kernel_without_ipykernel(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ipykernel.kernelspec", None)
    assert kernel.main([]) == 1
    assert "pip install ipykernel" in capsys.readouterr().err

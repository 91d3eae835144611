"""The Solver: its records, the times of its measurements, and the model after training."""

import numpy as np
import pytest
from cs231n import optim
from cs231n.solver import Solver


class Linear:
    """The smallest model that a Solver accepts; its loss is half the mean squared score."""

    def __init__(self, scale=1.0):
        self.params = {"W": scale * np.eye(3), "b": np.zeros(3)}
        self.seen = []

    def loss(self, X, y=None):
        scores = X @ self.params["W"] + self.params["b"]
        self.seen.append(len(X))
        if y is None:
            return scores
        return 0.5 * np.mean(scores**2), {"W": X.T @ scores / scores.size, "b": scores.sum(axis=0) / scores.size}


@pytest.fixture
def data(rng):
    """Return data of three simple classes: the index of the largest of three numbers."""
    X_train, X_val = rng.normal(size=(40, 3)), rng.normal(size=(15, 3))
    return {"X_train": X_train, "y_train": X_train.argmax(axis=1), "X_val": X_val, "y_val": X_val.argmax(axis=1)}


def solve(data, model=None, **settings):
    solver = Solver(model or Linear(), data, **{"batch_size": 10, "num_epochs": 3, "verbose": False, **settings})
    solver.train()
    return solver


def test_histories(data):
    solver = solve(data)
    assert len(solver.loss_history) == 3 * 4
    assert len(solver.train_acc_history) == len(solver.val_acc_history) == 1 + 3  # the first iteration, then the epochs
    assert solver.epoch == 3
    assert all(isinstance(number, float) for number in solver.loss_history + solver.val_acc_history)


def test_more_pictures_in_a_batch_than_there_are(data):
    assert len(solve(data, batch_size=100).loss_history) == 3


def test_no_epochs_at_all(data):
    model = Linear()
    before = model.params
    assert solve(data, model, num_epochs=0).loss_history == []
    assert model.params is before


def test_learning_rate_decays_once_per_epoch(data):
    solver = solve(data, optim_config={"learning_rate": 0.8}, lr_decay=0.5)
    assert {config["learning_rate"] for config in solver.optim_configs.values()} == {0.1}
    assert solver.optim_config == {"learning_rate": 0.8}


def test_every_parameter_has_its_own_memory(data):
    solver = solve(data, update_rule="sgd_momentum", optim_config={"learning_rate": 0.1})
    assert solver.optim_configs["W"]["velocity"].shape == (3, 3)
    assert solver.optim_configs["b"]["velocity"].shape == (3,)


def test_steps_follow_the_update_rule(data, monkeypatch):
    calls = []
    monkeypatch.setattr(optim, "noted", lambda w, dw, config: (calls.append(config) or w - dw, config), raising=False)
    solve(data, update_rule="noted", num_epochs=1, optim_config={"depth": 7})
    assert len(calls) == 4 * 2
    assert calls[0] == {"depth": 7}


def test_the_best_parameters_stay(data):
    rates = iter([0.0] * 4 + [3.0] * 100)  # small in the first epoch, then training diverges

    class Restless(Linear):
        def loss(self, X, y=None):
            if y is None:
                return super().loss(X)
            loss, grads = super().loss(X, y)
            rate = next(rates)
            return loss, {name: rate * np.random.normal(size=g.shape) for name, g in grads.items()}

    model = Restless()
    solver = solve(data, model, optim_config={"learning_rate": 1.0})
    assert solver.best_val_acc == solver.val_acc_history[0] == max(solver.val_acc_history) == 1.0
    assert model.params is solver.best_params
    np.testing.assert_array_equal(model.params["W"], np.eye(3))


def test_parameters_are_set_even_if_nothing_was_ever_right(data):
    data["y_val"] = np.full(15, 9)
    solver = solve(data)
    assert solver.best_val_acc == 0
    assert solver.best_params.keys() == {"W", "b"}


def test_accuracy_on_a_sample_and_in_batches(data):
    model = Linear(scale=-1)
    solver = Solver(model, data)
    assert solver.check_accuracy(data["X_train"], data["X_train"].argmin(axis=1)) == 1.0
    model.seen.clear()
    solver.check_accuracy(data["X_train"], data["y_train"], num_samples=25, batch_size=10)
    assert model.seen == [10, 10, 5]
    model.seen.clear()
    solver.check_accuracy(data["X_train"], data["y_train"], num_samples=1000)
    assert model.seen == [40]


def test_num_train_samples_and_num_val_samples(data):
    model = Linear()
    solve(data, model, num_epochs=1, num_train_samples=7, num_val_samples=4)
    assert model.seen.count(7) == model.seen.count(4) == 2


def test_float32_stays_float32(data):
    model = Linear()
    model.params = {name: w.astype(np.float32) for name, w in model.params.items()}
    data = {name: a.astype(np.float32) if name.startswith("X") else a for name, a in data.items()}
    solver = solve(data, model, optim_config={"learning_rate": np.float64(1e-2)})
    assert {w.dtype for w in solver.model.params.values()} == {np.dtype(np.float32)}


def test_checkpoints_are_plain_arrays(data, tmp_path):
    solve(data, update_rule="adam", checkpoint_name=str(tmp_path / "run"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"run_epoch_{n}.npz" for n in range(4)]
    with np.load(tmp_path / "run_epoch_3.npz", allow_pickle=False) as saved:
        arrays = dict(saved)
    assert arrays["params/W"].shape == arrays["optim/W/m"].shape == (3, 3)
    assert arrays["optim/b/t"] == 12
    assert arrays["epoch"] == 3
    assert len(arrays["loss_history"]) == 12


def test_verbose(data, capsys):
    solve(data, num_epochs=1, print_every=2, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert sum("loss" in line for line in lines) == 2
    assert sum("validation" in line for line in lines) == 2


def test_silence(data, capsys):
    solve(data)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("wrong", [{"learning_rate": 0.1}, {"update_rule": "adagrad"}, {"update_rule": "__doc__"}])
def test_wrong_arguments(data, wrong):
    with pytest.raises(ValueError, match=r"learning_rate|adagrad|__doc__"):
        Solver(Linear(), data, **wrong)

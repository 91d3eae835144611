"""Public checks of part 3. Read them: each says in a few lines what your code has to do.
The grader runs more tests, with other numbers. No test expects particular random numbers."""

import numpy as np
from cs231n.checks.compare import as_array, as_number, as_numbers, assert_close, assert_unchanged, require
from cs231n.checks.exercise import exercise
from cs231n.kit.student.models import assert_accuracy, require_dropout


def away_from_zero(rng, *shape):
    """Return numbers that are not zero, so that each zero in the output is a dropped number."""
    return rng.choice([-1, 1], size=shape) * rng.uniform(0.5, 2, size=shape)


@exercise("dropout_forward")
def test_dropout_in_training(student, rng):
    """About a share p of the numbers is kept and divided by p; the others are zero; x is not changed."""
    for p in (0.25, 0.8):
        x = away_from_zero(rng, 20, 20)
        held = student.put(x)
        out, _ = student.layers.dropout_forward(held, {"mode": "train", "p": p})
        kept = as_array("out", out, x.shape) != 0
        share = float(kept.mean())
        require(
            abs(share - p) < 0.12, f"With p={p}, {share:.0%} of 400 numbers are kept; p is the probability to KEEP."
        )
        assert_close("out", out, np.where(kept, x / p, 0))
        assert_unchanged("x", student.fetch(held), x)


@exercise("dropout_forward")
def test_dropout_at_test_time(student, rng):
    """Test mode changes nothing."""
    x = away_from_zero(rng, 6, 5)
    out, _ = student.layers.dropout_forward(x, {"mode": "test", "p": 0.3})
    assert_close("out", out, x)


@exercise("dropout_forward")
def test_dropout_masks(student, rng):
    """The same seed gives the same mask; without a seed, each call and each example has its own mask."""
    x = away_from_zero(rng, 8, 25)
    outs = []
    for seed in ({"seed": 3}, {"seed": 3}, {}, {}):
        out, _ = student.layers.dropout_forward(x, {"mode": "train", "p": 0.5, **seed})
        outs.append(as_array("out", out, x.shape))
    assert_close("out with the same seed again", outs[1], outs[0])
    require(not np.array_equal(outs[2], outs[3]), "Two calls without a seed drop the same numbers.")
    kept = outs[2] != 0
    require(not (kept == kept[0]).all(), "All examples drop the same numbers.")


@exercise("dropout_backward", needs=("dropout_forward",))
def test_gradient_of_dropout(student, rng):
    """The gradient passes where x was kept, divided by p; test mode passes it on unchanged; dout is not changed."""
    x, dout = away_from_zero(rng, 8, 9), away_from_zero(rng, 8, 9)
    held = student.put(dout)
    out, cache = student.layers.dropout_forward(x, {"mode": "train", "p": 0.4})
    dx = student.layers.dropout_backward(held, cache)
    assert_close("dx", dx, np.where(as_array("out", out, x.shape) != 0, dout / 0.4, 0))
    assert_unchanged("dout", student.fetch(held), dout)
    _, cache = student.layers.dropout_forward(x, {"mode": "test", "p": 0.4})
    assert_close("dx in test mode", student.layers.dropout_backward(dout, cache), dout)


def net_with(student, params, **options):
    """Return a net of five inputs, hidden layers of 30 and 20 units and three classes, with these parameters."""
    options = {"input_dim": 5, "num_classes": 3, "dtype": np.float64, **options}
    net = student.classifiers.fc_net.FullyConnectedNet([30, 20], **options)
    for name, value in params.items():
        net.params[name] = value
    return net


def net_params(rng):
    """Return large biases and small weights: no unit is near its ReLU's kink, whichever units are dropped."""
    params = {"W1": rng.uniform(-0.3, 0.3, size=(5, 30)), "W2": rng.uniform(-5e-3, 5e-3, size=(30, 20))}
    for name, units in (("b1", 30), ("b2", 20)):
        params[name] = rng.choice([-1, 1, 1], size=units) * rng.uniform(2.5, 3, size=units)
    return {**params, "W3": rng.normal(size=(20, 3)) * 0.3, "b3": rng.normal(size=3)}


def loss_of(net, x, y):
    """Return the training loss."""
    loss, _ = net.loss(x, y)
    return as_number("the loss", loss)


@exercise("fully_connected_net_dropout", needs=("dropout_forward",))
def test_dropout_net_modes(student, rng):
    """Without a seed, each training call drops other units; the scores are those of the net without dropout."""
    params, x, y = net_params(rng), rng.uniform(-1, 1, size=(4, 5)), rng.integers(3, size=4)
    net = net_with(student, params, dropout=0.5)
    different = loss_of(net, x, y) != loss_of(net, x, y)
    require(different, "Two training losses without a seed are the same: is anything dropped?")
    seeded = net_with(student, params, dropout=0.5, seed=7)
    assert_close("the loss with the same seed again", loss_of(seeded, x, y), loss_of(seeded, x, y))
    hidden = x
    for i in (1, 2):
        hidden = np.maximum(hidden @ params[f"W{i}"] + params[f"b{i}"], 0)
    assert_close("scores", net.loss(x), hidden @ params["W3"] + params["b3"])


@exercise("fully_connected_net_dropout", needs=("dropout_forward", "dropout_backward"))
def test_dropout_net_gradients(student, rng):
    """With a seed, the loss changes as the gradients say, along one direction in each parameter."""
    params, x, y = net_params(rng), rng.uniform(-1, 1, size=(4, 5)), rng.integers(3, size=4)
    net = net_with(student, params, dropout=0.7, reg=0.3, seed=7)
    _, grads = net.loss(x, y)
    for name, value in params.items():
        step = 1e-6 * rng.choice([-1, 1], size=value.shape)
        gradient = as_array(f"grads[{name!r}]", grads[name], value.shape)
        ends = []
        for end in (value + step, value - step):
            net.params[name] = end
            ends.append(loss_of(net, x, y))
        net.params[name] = value
        change, said = (ends[0] - ends[1]) / 2e-6, float(np.sum(gradient * step)) / 1e-6
        message = f"By grads[{name!r}] the loss changes by {said:.4g} in one direction, but it changes by {change:.4g}."
        require(abs(change - said) < 1e-5 * (0.1 + abs(change)), message)


@exercise("learns_part3", kind="learns")
def test_net_with_dropout_learns(student, pictures):
    """A small net with dropout learns from a thousand pictures by plain gradient descent."""
    x, y = pictures.train(1000)
    x = (x - x.mean(axis=0)).astype(np.float32)
    net = student.classifiers.fc_net.FullyConnectedNet([50], dropout=0.75, weight_scale=5e-3)
    data = {"X_train": x, "y_train": y, "X_val": x[:200], "y_val": y[:200]}
    config = {"learning_rate": 1e-3}
    solver = student.solver.Solver(net, data, optim_config=config, num_epochs=5, batch_size=50, verbose=False)
    solver.train()
    losses = as_numbers("loss_history", student.fetch(solver.loss_history))
    require(np.mean(losses[-20:]) < 0.9 * np.mean(losses[:5]), "The loss hardly falls in 100 iterations.")


@exercise("accuracy_part3", kind="accuracy")
def test_saved_model_with_dropout(student, pictures):
    """models/part3.npz holds a net with dropout that is right on at least 48% of the validation pictures."""
    model = assert_accuracy(student, pictures, 3, mark=0.48)
    require_dropout(model)

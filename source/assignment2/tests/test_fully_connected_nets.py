"""Public checks of part 1. Read them: each says in a few lines what your code has to do.
The grader runs more tests, with other numbers."""

import numpy as np
from cs231n.checks.compare import (
    as_array,
    as_number,
    as_numbers,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    require,
)
from cs231n.checks.exercise import exercise
from cs231n.checks.numeric import numeric_gradient
from cs231n.kit.student.models import assert_accuracy


@exercise("affine_forward")
def test_affine_of_vectors(student, reference, rng):
    """out is right for examples that are vectors."""
    x, w, b = rng.normal(size=(4, 6)), rng.normal(size=(6, 3)), rng.normal(size=3)
    expected, _ = reference.layers.affine_forward(x, w, b)
    out, _ = student.layers.affine_forward(x, w, b)
    assert_close("out", out, expected)


@exercise("affine_forward")
def test_affine_of_pictures(student, reference, rng):
    """out is right for examples that are pictures."""
    x, w, b = rng.normal(size=(3, 2, 4, 5)), rng.normal(size=(40, 3)), rng.normal(size=3)
    expected, _ = reference.layers.affine_forward(x, w, b)
    out, _ = student.layers.affine_forward(x, w, b)
    assert_close("out", out, expected)


@exercise("affine_backward", needs=("affine_forward",))
def test_affine_gradients(student, reference, rng):
    """dx, dw and db are the gradients of the forward pass."""
    x, w, b, dout = rng.normal(size=(5, 2, 3)), rng.normal(size=(6, 4)), rng.normal(size=4), rng.normal(size=(5, 4))
    _, right_cache = reference.layers.affine_forward(x, w, b)
    dx, dw, db = reference.layers.affine_backward(dout, right_cache)
    _, cache = student.layers.affine_forward(x, w, b)
    your_dx, your_dw, your_db = student.layers.affine_backward(dout, cache)
    assert_gradients({"dx": your_dx, "dw": your_dw, "db": your_db}, {"dx": dx, "dw": dw, "db": db})


@exercise("relu_forward")
def test_relu_values(student, rng):
    """Negative numbers become zero, positive numbers stay as they are, and x itself is not changed."""
    x = rng.normal(size=(4, 3, 2))
    held = student.put(x)
    out, _ = student.layers.relu_forward(held)
    assert_close("out", out, np.where(x > 0, x, 0))
    assert_unchanged("x", student.fetch(held), x)


@exercise("relu_backward", needs=("relu_forward",))
def test_relu_gradient(student, rng):
    """dx agrees with numerical differentiation, and dout is not changed."""
    x, dout = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    held = student.put(dout)
    _, cache = student.layers.relu_forward(x)
    dx = student.layers.relu_backward(held, cache)
    assert_close("dx", dx, numeric_gradient(lambda z: np.where(z > 0, z, 0), x, dout))
    assert_unchanged("dout", student.fetch(held), dout)


@exercise("loss_layers")
def test_softmax_as_released(student, reference, rng):
    """The softmax loss and its gradient work, for large scores too."""
    x, y = 100 * rng.normal(size=(6, 5)), rng.integers(5, size=6)
    expected, right = reference.layers.softmax_loss(x, y)
    loss, dx = student.layers.softmax_loss(x, y)
    assert_close("the loss", loss, expected)
    assert_close("dx", dx, right)


@exercise("loss_layers")
def test_svm_as_released(student, reference, rng):
    """The SVM loss and its gradient work."""
    x, y = rng.normal(size=(6, 5)), rng.integers(5, size=6)
    expected, right = reference.layers.svm_loss(x, y)
    loss, dx = student.layers.svm_loss(x, y)
    assert_close("the loss", loss, expected)
    assert_close("dx", dx, right)


def fill(net, rng, shapes):
    """Give a net known parameters."""
    for name, shape in shapes.items():
        net.params[name] = rng.normal(size=shape)


TWO_LAYER = {"W1": (5, 4), "b1": (4,), "W2": (4, 3), "b2": (3,)}


@exercise("two_layer_net")
def test_two_layer_start(student):
    """The parameters have the right names and shapes; biases are zero, and the spread of W1 is weight_scale."""
    net = student.classifiers.fc_net.TwoLayerNet(200, 50, 10, 1e-2)
    for name, shape in {"W1": (200, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}.items():
        value = as_array(f"params[{name!r}]", net.params[name], shape, exact_shape=True)
        require(name.startswith("W") or not value.any(), "The biases do not start at zero.")
        require(name != "W1" or abs(value.std() - 1e-2) < 1e-3, "The spread of params['W1'] is not weight_scale.")


@exercise("two_layer_net", needs=("affine_forward", "affine_backward", "relu_forward", "relu_backward"))
def test_two_layer_gradients(student, reference, rng):
    """Scores, loss and gradients are right, with and without regularisation."""
    x, y = rng.normal(size=(4, 5)), rng.integers(3, size=4)
    weights = rng.integers(1 << 30)
    for reg in (0.0, 0.6):
        right = reference.classifiers.fc_net.TwoLayerNet(5, 4, 3, 1e-2, reg)
        net = student.classifiers.fc_net.TwoLayerNet(5, 4, 3, 1e-2, reg)
        for one in (right, net):
            fill(one, np.random.default_rng(weights), TWO_LAYER)
        assert_close("scores", net.loss(x), right.loss(x))
        expected, right_grads = right.loss(x, y)
        loss, grads = net.loss(x, y)
        assert_close(f"the loss with reg={reg}", loss, expected)
        assert_gradients({name: grads[name] for name in TWO_LAYER}, {name: right_grads[name] for name in TWO_LAYER})


@exercise("solver")
def test_solver_learns_a_line(student, rng):
    """The Solver as released trains a linear model and keeps its histories."""
    x, y = rng.normal(size=(40, 3)), rng.integers(3, size=40)
    x[np.arange(40), y] += 3
    data = {"X_train": x, "y_train": y, "X_val": x, "y_val": y}
    model = student.course.linear_model(3, 3)
    config = {"learning_rate": 0.2}
    solver = student.solver.Solver(model, data, optim_config=config, num_epochs=4, batch_size=10, verbose=False)
    solver.train()
    require(len(student.fetch(solver.loss_history)) == 16, "loss_history does not have one entry for each iteration.")
    require(len(student.fetch(solver.val_acc_history)) == 5, "val_acc_history does not have 1 + num_epochs entries.")
    require(as_number("best_val_acc", solver.best_val_acc) > 0.8, "The Solver does not learn an easy problem.")


DEEP = {"W1": (5, 6), "b1": (6,), "W2": (6, 4), "b2": (4,), "W3": (4, 3), "b3": (3,)}


@exercise("fully_connected_net")
def test_deep_start(student):
    """The parameters have the right names, shapes and type, and the spread of the weights is weight_scale."""
    net = student.classifiers.fc_net.FullyConnectedNet([60, 50], input_dim=80, num_classes=10, weight_scale=5e-2)
    for name, shape in {"W1": (80, 60), "W2": (60, 50), "W3": (50, 10), "b3": (10,)}.items():
        value = as_array(f"params[{name!r}]", net.params[name], shape, exact_shape=True)
        assert_dtype(f"params[{name!r}]", value, np.float32)
        require(name != "W2" or abs(value.std() - 5e-2) < 5e-3, "The spread of params['W2'] is not weight_scale.")


@exercise("fully_connected_net", needs=("affine_forward", "affine_backward", "relu_forward", "relu_backward"))
def test_deep_gradients(student, reference, rng):
    """Scores, loss and gradients of a three-layer net are right, with and without regularisation."""
    x, y = rng.normal(size=(4, 5)), rng.integers(3, size=4)
    weights = rng.integers(1 << 30)
    for reg in (0.0, 0.6):
        options = {"input_dim": 5, "num_classes": 3, "reg": reg, "dtype": np.float64}
        right = reference.classifiers.fc_net.FullyConnectedNet([6, 4], **options)
        net = student.classifiers.fc_net.FullyConnectedNet([6, 4], **options)
        for one in (right, net):
            fill(one, np.random.default_rng(weights), DEEP)
        assert_close("scores", net.loss(x), right.loss(x))
        expected, right_grads = right.loss(x, y)
        loss, grads = net.loss(x, y)
        assert_close(f"the loss with reg={reg}", loss, expected)
        assert_gradients({name: grads[name] for name in DEEP}, {name: right_grads[name] for name in DEEP})


def learn_by_heart(student, pictures, hidden, number):
    """Check that a net with the notebook's settings learns fifty pictures by heart."""
    rate, scale = (student.notebook(f"{name}_{number}") for name in ("learning_rate", "weight_scale"))
    x, y = pictures.train(50)
    x = x.astype(np.float64) - pictures.train(1000)[0].mean(axis=0)
    net = student.classifiers.fc_net.FullyConnectedNet(hidden, weight_scale=scale, dtype=np.float64)
    data = {"X_train": x, "y_train": y, "X_val": x, "y_val": y}
    config = {"learning_rate": rate}
    solver = student.solver.Solver(net, data, num_epochs=20, batch_size=25, optim_config=config, verbose=False)
    solver.train()
    reached = float((as_array("scores", net.loss(x), (len(x), 10)).argmax(axis=1) == y).mean())
    require(reached == 1.0, f"The net is right on {reached:.0%} of 50 pictures after 20 epochs; 100% is possible.")


@exercise("overfit_three_layer", kind="learns")
def test_three_layers_by_heart(student, pictures):
    """Three layers learn fifty pictures by heart with your learning_rate_3 and weight_scale_3."""
    learn_by_heart(student, pictures, [100, 100], 3)


@exercise("overfit_five_layer", kind="learns")
def test_five_layers_by_heart(student, pictures):
    """Five layers learn fifty pictures by heart with your learning_rate_5 and weight_scale_5."""
    learn_by_heart(student, pictures, [100, 100, 100, 100], 5)


def take_steps(student, reference, rng, rule, memory, config):
    """Check three steps of an update rule, each with the configuration that the step before returned."""
    w = rng.normal(size=(3, 4))
    right_w, right_config = w, config
    for step in (1, 2, 3):
        dw = rng.normal(size=(3, 4))
        right_w, right_config = getattr(reference.optim, rule)(right_w, dw, right_config)
        w, config = getattr(student.optim, rule)(w, dw, config)
        assert_close(f"w after step {step}", w, right_w, rtol=1e-5)
        for name in memory:
            assert_close(f"config[{name!r}] after step {step}", config[name], right_config[name], rtol=1e-5)


@exercise("sgd_momentum")
def test_momentum_steps(student, reference, rng):
    """Three steps are right, and so is the velocity."""
    take_steps(student, reference, rng, "sgd_momentum", ["velocity"], {"learning_rate": 0.1, "momentum": 0.8})


@exercise("rmsprop")
def test_rmsprop_steps(student, reference, rng):
    """Three steps are right, and so is the running mean of the squares."""
    take_steps(student, reference, rng, "rmsprop", ["cache"], {"learning_rate": 0.1, "decay_rate": 0.9})


@exercise("adam")
def test_adam_steps(student, reference, rng):
    """Three steps are right, and so are m, v and t."""
    take_steps(student, reference, rng, "adam", ["m", "v", "t"], {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.9})


@exercise("learns_part1", kind="learns")
def test_small_net_learns(student, pictures):
    """A small net learns from a thousand pictures with your momentum."""
    x, y = pictures.train(1000)
    x = (x - x.mean(axis=0)).astype(np.float32)
    net = student.classifiers.fc_net.FullyConnectedNet([50], weight_scale=1e-2)
    data = {"X_train": x, "y_train": y, "X_val": x[:200], "y_val": y[:200]}
    config = {"learning_rate": 1e-4}
    solver = student.solver.Solver(
        net, data, update_rule="sgd_momentum", optim_config=config, num_epochs=5, batch_size=50, verbose=False
    )
    solver.train()
    losses = as_numbers("loss_history", student.fetch(solver.loss_history))
    require(np.mean(losses[-20:]) < 0.9 * np.mean(losses[:5]), "The loss hardly falls in 100 iterations.")


@exercise("accuracy_part1", kind="accuracy")
def test_saved_model(student, pictures):
    """models/part1.npz can be read and is right on at least half of the validation pictures."""
    assert_accuracy(student, pictures, 1, mark=0.5)

"""Hidden tests of part 1: affine and ReLU layers, given losses and Solver, two nets, three update rules, the model."""

import itertools
import math

import numpy as np

from autograder.assignments.assignment2.kit.judge import (
    assert_gradients_fit,
    assert_learns,
    assert_loss_and_gradients,
    overfit,
    scaled,
    set_params,
)
from autograder.judge import (
    CodeError,
    as_array,
    as_number,
    as_numbers,
    as_text,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    exercise,
    require,
    way,
)

AFFINE = ("affine_forward", "affine_backward")
RELU = ("relu_forward", "relu_backward")
NETS = (*AFFINE, *RELU, "loss_layers")


def affine_inputs(rng, n=5, shape=(7,), m=4):
    """Return x, w, b and dout of an affine layer."""
    d = math.prod(shape)
    return rng.normal(size=(n, *shape)), rng.normal(size=(d, m)), rng.normal(size=m), rng.normal(size=(n, m))


@exercise("affine_forward")
def test_affine_forward_rows(student, reference, rng):
    """The outputs are right for rows of numbers."""
    x, w, b, _ = affine_inputs(rng)
    out, _ = student.layers.affine_forward(x, w, b)
    expected, _ = reference.layers.affine_forward(x, w, b)
    assert_close("out", out, expected)


@exercise("affine_forward")
def test_affine_forward_pictures(student, reference, rng):
    """The outputs are right for pictures, which are flattened first."""
    x, w, b, _ = affine_inputs(rng, n=4, shape=(3, 4, 5))
    out, _ = student.layers.affine_forward(x, w, b)
    expected, _ = reference.layers.affine_forward(x, w, b)
    assert_close("out", out, expected)


@exercise("affine_forward", kind="edge")
def test_affine_forward_one_example(student, reference, rng):
    """The output is right for a single example and a single output."""
    x, w, b, _ = affine_inputs(rng, n=1, shape=(2, 3), m=1)
    out, _ = student.layers.affine_forward(x, w, b)
    expected, _ = reference.layers.affine_forward(x, w, b)
    assert_close("out", out, expected, exact_shape=True)


@exercise("affine_forward", kind="edge")
def test_affine_forward_leaves_inputs(student, rng):
    """x, w and b are not changed."""
    x, w, b, _ = affine_inputs(rng, shape=(2, 3))
    held = {name: student.put(value) for name, value in (("x", x), ("w", w), ("b", b))}
    student.layers.affine_forward(held["x"], held["w"], held["b"])
    for name, before in (("x", x), ("w", w), ("b", b)):
        assert_unchanged(name, student.fetch(held[name]), before)


@exercise("affine_forward", kind="edge")
def test_affine_forward_float32(student, reference, rng):
    """float32 inputs give float32 outputs."""
    x, w, b, _ = (value.astype(np.float32) for value in affine_inputs(rng))
    out, _ = student.layers.affine_forward(x, w, b)
    expected, _ = reference.layers.affine_forward(x, w, b)
    assert_close("out", out, expected)
    assert_dtype("out", out, np.float32)


@exercise("affine_backward", needs=("affine_forward",))
def test_affine_backward_rows(student, reference, rng):
    """dx, dw and db are right for rows of numbers."""
    x, w, b, dout = affine_inputs(rng, n=6)
    _, cache = student.layers.affine_forward(x, w, b)
    dx, dw, db = student.layers.affine_backward(dout, cache)
    right = reference.layers.affine_backward(dout, reference.layers.affine_forward(x, w, b)[1])
    assert_gradients({"dx": dx, "dw": dw, "db": db}, dict(zip(("dx", "dw", "db"), right, strict=True)))


@exercise("affine_backward", needs=("affine_forward",))
def test_affine_backward_pictures(student, reference, rng):
    """dx, dw and db are right for pictures, and dx has the shape of the pictures."""
    x, w, b, dout = affine_inputs(rng, n=5, shape=(3, 2, 4), m=6)
    _, cache = student.layers.affine_forward(x, w, b)
    dx, dw, db = student.layers.affine_backward(dout, cache)
    right = reference.layers.affine_backward(dout, reference.layers.affine_forward(x, w, b)[1])
    assert_gradients({"dx": dx, "dw": dw, "db": db}, dict(zip(("dx", "dw", "db"), right, strict=True)))


@exercise("affine_backward", kind="edge", needs=("affine_forward",))
def test_affine_backward_exact_shapes(student, reference, rng):
    """Every gradient is right and has exactly the shape of its array, for one example too."""
    x, w, b, dout = affine_inputs(rng, n=1, shape=(2, 2), m=3)
    _, cache = student.layers.affine_forward(x, w, b)
    dx, dw, db = student.layers.affine_backward(dout, cache)
    right = reference.layers.affine_backward(dout, reference.layers.affine_forward(x, w, b)[1])
    names = ("dx", "dw", "db")
    assert_gradients({"dx": dx, "dw": dw, "db": db}, dict(zip(names, right, strict=True)), exact_shape=True)


@exercise("affine_backward", kind="edge", needs=("affine_forward",))
def test_affine_backward_leaves_inputs(student, rng):
    """dout and x are not changed."""
    x, w, b, dout = affine_inputs(rng)
    held_x, held_dout = student.put(x), student.put(dout)
    _, cache = student.layers.affine_forward(held_x, w, b)
    student.layers.affine_backward(held_dout, cache)
    assert_unchanged("dout", student.fetch(held_dout), dout)
    assert_unchanged("x", student.fetch(held_x), x)


@exercise("relu_forward")
def test_relu_forward_rows(student, rng):
    """Positive numbers stay as they are, and negative ones become zero."""
    x = scaled(rng, 6, 8)
    out, _ = student.layers.relu_forward(x)
    assert_close("out", out, np.where(x > 0, x, 0))


@exercise("relu_forward")
def test_relu_forward_pictures(student, rng):
    """The outputs are right for arrays of any shape."""
    x = scaled(rng, 4, 3, 5, 2)
    out, _ = student.layers.relu_forward(x)
    assert_close("out", out, np.where(x > 0, x, 0))


@exercise("relu_forward", kind="edge")
def test_relu_forward_leaves_input(student, rng):
    """x is not changed."""
    x = scaled(rng, 5, 4)
    held = student.put(x)
    student.layers.relu_forward(held)
    assert_unchanged("x", student.fetch(held), x)


@exercise("relu_forward", kind="edge")
def test_relu_forward_float32(student, rng):
    """float32 stays float32, and large numbers are not clipped."""
    x = (scaled(rng, 5, 4) * 1e6).astype(np.float32)
    out, _ = student.layers.relu_forward(x)
    assert_close("out", out, np.where(x > 0, x, 0))
    assert_dtype("out", out, np.float32)


@exercise("relu_backward", needs=("relu_forward",))
def test_relu_backward_rows(student, rng):
    """The gradient passes where the input is positive, and nowhere else."""
    x, dout = scaled(rng, 6, 8), rng.normal(size=(6, 8))
    _, cache = student.layers.relu_forward(x)
    assert_close("dx", student.layers.relu_backward(dout, cache), np.where(x > 0, dout, 0))


@exercise("relu_backward", needs=("relu_forward",))
def test_relu_backward_pictures(student, rng):
    """dx is right for arrays of any shape."""
    x, dout = scaled(rng, 3, 4, 5, 2), rng.normal(size=(3, 4, 5, 2))
    _, cache = student.layers.relu_forward(x)
    assert_close("dx", student.layers.relu_backward(dout, cache), np.where(x > 0, dout, 0))


@exercise("relu_backward", kind="edge", needs=("relu_forward",))
def test_relu_backward_leaves_dout(student, rng):
    """dout is not changed."""
    x, dout = scaled(rng, 5, 4), rng.normal(size=(5, 4))
    held = student.put(dout)
    _, cache = student.layers.relu_forward(x)
    student.layers.relu_backward(held, cache)
    assert_unchanged("dout", student.fetch(held), dout)


@exercise("loss_layers")
def test_softmax_loss(student, reference, rng):
    """The softmax loss and its gradient are those of the released file."""
    x, y = rng.normal(size=(7, 5)), rng.integers(5, size=7)
    loss, dx = student.layers.softmax_loss(x, y)
    expected, right = reference.layers.softmax_loss(x, y)
    assert_close("the loss", loss, expected)
    assert_close("dx", dx, right)


@exercise("loss_layers")
def test_svm_loss(student, reference, rng):
    """The SVM loss and its gradient are those of the released file."""
    x, y = rng.normal(size=(7, 5)), rng.integers(5, size=7)
    loss, dx = student.layers.svm_loss(x, y)
    expected, right = reference.layers.svm_loss(x, y)
    assert_close("the loss", loss, expected)
    assert_close("dx", dx, right)


@exercise("loss_layers", kind="edge")
def test_softmax_large_scores(student, reference, rng):
    """Scores of ten thousand do not overflow."""
    x, y = 1e4 * rng.normal(size=(6, 4)), rng.integers(4, size=6)
    loss, dx = student.layers.softmax_loss(x, y)
    expected, right = reference.layers.softmax_loss(x, y)
    assert_close("the loss", loss, expected)
    assert_close("dx", dx, right)


def two_layer_params(rng, d=6, h=5, c=4):
    """Return parameters of a two-layer net, none of them small."""
    shapes = {"W1": (d, h), "b1": (h,), "W2": (h, c), "b2": (c,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def two_layer_nets(student, reference, rng, reg=0.0):
    """Return the student's net and the reference's, with the same parameters, and the parameters."""
    params = two_layer_params(rng)
    nets = [side.classifiers.fc_net.TwoLayerNet(6, 5, 4, 1e-2, reg) for side in (student, reference)]
    for net in nets:
        set_params(net, params)
    return (*nets, params)


@exercise("two_layer_net")
def test_two_layer_parameters(student, rng):
    """W1, b1, W2 and b2 have the right shapes; biases are zero, and the spread of the weights is weight_scale."""
    scale = float(rng.uniform(0.01, 0.1))
    net = student.classifiers.fc_net.TwoLayerNet(input_dim=300, hidden_dim=80, num_classes=7, weight_scale=scale)
    for name, shape in {"W1": (300, 80), "b1": (80,), "W2": (80, 7), "b2": (7,)}.items():
        value = as_array(f"params[{name!r}]", net.params[name], shape, exact_shape=len(shape) > 1)
        if name.startswith("b"):
            require(not value.any(), f"params[{name!r}] is not zero at first.")
        else:
            require(abs(value.std() / scale - 1) < 0.2, f"The spread of params[{name!r}] is not weight_scale.")
            require(abs(value.mean()) < 0.2 * scale, f"The mean of params[{name!r}] is not zero.")
            require(bool((np.ptp(value, axis=0) > 0).all()), f"All rows of params[{name!r}] are the same.")


@exercise("two_layer_net", needs=("affine_forward", "relu_forward"))
def test_two_layer_scores(student, reference, rng):
    """The scores are right."""
    net, right, _ = two_layer_nets(student, reference, rng)
    x = rng.normal(size=(5, 6))
    assert_close("scores", net.loss(x), right.loss(x))


@exercise("two_layer_net", needs=NETS)
def test_two_layer_loss(student, reference, rng):
    """Loss and gradients without regularisation are right."""
    net, right, params = two_layer_nets(student, reference, rng)
    assert_loss_and_gradients(net, right, rng.normal(size=(5, 6)), rng.integers(4, size=5), params)


@exercise("two_layer_net", needs=NETS)
def test_two_layer_regularised(student, reference, rng):
    """Loss and gradients with regularisation are right."""
    net, right, params = two_layer_nets(student, reference, rng, reg=0.7)
    assert_loss_and_gradients(net, right, rng.normal(size=(5, 6)), rng.integers(4, size=5), params)


@exercise("two_layer_net", kind="edge", needs=NETS)
def test_two_layer_pictures(student, reference, rng):
    """Loss and gradients are right for pictures, and the parameters are not changed."""
    net, right, params = two_layer_nets(student, reference, rng, reg=0.1)
    assert_loss_and_gradients(net, right, rng.normal(size=(4, 1, 2, 3)), rng.integers(4, size=4), params)
    for name, before in params.items():
        assert_unchanged(f"params[{name!r}]", net.params[name], before)


@exercise("two_layer_net", kind="edge", needs=NETS)
def test_two_layer_shapes(student, reference, rng):
    """Each gradient has exactly the shape of its parameter."""
    net, _, params = two_layer_nets(student, reference, rng)
    assert_gradients_fit(net, rng.normal(size=(5, 6)), rng.integers(4, size=5), params)


def toy_training(student, rng, n=60, **options):
    """Return a Solver that trains a linear model on a few separable points, the model, the points and their labels."""
    ways, y = np.linalg.qr(rng.normal(size=(4, 4)))[0], rng.integers(3, size=n)
    x = rng.normal(size=(n, 4)) + 6 * ways[y]  # each submission has its own directions of the classes
    data = {"X_train": x, "y_train": y, "X_val": x[:20], "y_val": y[:20]}
    model = student.course.linear_model(4, 3)
    options = {"num_epochs": 3, "batch_size": 10, "optim_config": {"learning_rate": 0.1}, "verbose": False, **options}
    return student.solver.Solver(model, data, **options), model, x, y


@exercise("solver")
def test_solver_histories(student, rng):
    """The Solver keeps the loss of each iteration, and the accuracies after the first iteration and each epoch."""
    solver, model, x, y = toy_training(student, rng)
    solver.train()
    losses = as_numbers("loss_history", student.fetch(solver.loss_history))
    require(len(losses) == 18, f"loss_history has {len(losses)} entries after 18 iterations.")
    require(losses[-1] < losses[0], "The loss did not fall on an easy problem.")
    for name in ("train_acc_history", "val_acc_history"):
        history = as_numbers(name, student.fetch(getattr(solver, name)))
        require(len(history) == 4, f"{name} has {len(history)} entries; 1 + the number of epochs (3) is expected.")
        require(max(history) > 0.8, f"{name} stays low on an easy problem.")
    batches = as_numbers("the batches", student.fetch(model.batches))
    require(set(batches.tolist()) == {10}, "The batches do not have the size batch_size.")
    weights = as_array("model.params['W']", model.params["W"], (4, 3), exact_shape=True)
    biases = as_array("model.params['b']", model.params["b"], (3,))
    reached = float(((x @ weights + biases).argmax(axis=1) == y).mean())
    require(reached > 0.8, "The trained parameters do not classify the points of an easy problem.")


@exercise("solver")
def test_solver_decays(student, rng):
    """The learning rate decays once per epoch, for each parameter."""
    solver, _, _, _ = toy_training(student, rng, lr_decay=0.5)
    solver.train()
    for name in ("W", "b"):
        rate = as_number("the learning rate", solver.optim_configs[name]["learning_rate"])
        assert_close("the learning rate after three epochs", rate, 0.1 * 0.5**3)


@exercise("solver")
def test_solver_best(student, rng):
    """After training, the model has the parameters that were best on the validation set."""
    # The model starts with the best parameters, and gradient ascent makes it worse: the first parameters are the best.
    # They are small: large ones would be so sure of each class that the gradients vanish and the accuracy stays.
    solver, model, x, y = toy_training(student, rng, optim_config={"learning_rate": -0.1}, num_epochs=6)
    model.params["W"] = 0.1 * np.stack([x[y == label].mean(axis=0) for label in range(3)], axis=1)
    solver.train()
    best = as_number("best_val_acc", solver.best_val_acc)
    history = as_numbers("val_acc_history", student.fetch(solver.val_acc_history))
    assert_close("best_val_acc", best, history.max(initial=0.0))
    reached = float((as_array("scores", model.loss(x[:20]), (20, 3)).argmax(axis=1) == y[:20]).mean())
    assert_close("the model's accuracy on the validation set after training", reached, best)
    for name, shape in (("W", (4, 3)), ("b", (3,))):
        kept = as_array(f"best_params[{name!r}]", solver.best_params[name], shape)
        assert_close(f"model.params[{name!r}]", model.params[name], kept)


@exercise("solver")
def test_solver_state_per_parameter(student, rng):
    """Each parameter has its own optimiser state, which each step passes on to the next."""
    student.course.add_counting_rule()
    solver, _, _, _ = toy_training(student, rng, update_rule="counting_rule")
    solver.train()
    for name in ("W", "b"):
        steps = as_number("the number of steps", solver.optim_configs[name]["steps"])
        require(steps == 18, f"The state of {name} was passed on {steps:g} times in 18 iterations.")


@exercise("solver", kind="edge")
def test_solver_wrong_arguments(student, rng):
    """Unknown arguments and unknown update rules raise ValueError."""
    for options in ({"learning_rate": 1.0}, {"update_rule": "no_such_rule"}):
        try:
            toy_training(student, rng, **options)
        except CodeError as error:
            require("ValueError" in error.message, f"Solver({options}) did not raise ValueError. {error.message}")
        else:
            require(False, f"Solver(..., {options}) raised nothing.")


@exercise("solver", kind="edge")
def test_solver_samples(student, rng):
    """Accuracies are measured on as many examples as num_train_samples and num_val_samples say."""
    solver, model, _, _ = toy_training(student, rng, num_train_samples=30, num_val_samples=7)
    solver.train()
    looked_at = as_number("the number of examples", model.looked_at)
    require(looked_at == 4 * (30 + 7), f"The accuracies were measured on {looked_at:g} examples, not on 4 x (30 + 7).")


@exercise("solver", kind="edge")
def test_solver_checkpoints(student, rng):
    """The Solver writes a checkpoint for every epoch if it has a checkpoint_name, and none otherwise."""
    toy_training(student, rng)[0].train()
    require(not student.fetch(student.course.written("check")), "Checkpoints are written without a checkpoint_name.")
    toy_training(student, rng, checkpoint_name="check")[0].train()
    names = [as_text("a file's name", one) for one in student.fetch(student.course.written("check"))]
    for epoch in (1, 2, 3):
        written = any(name.startswith(f"check_epoch_{epoch}.") for name in names)
        require(written, f"There is no checkpoint of epoch {epoch} after three epochs.")


@exercise("solver", kind="edge")
def test_solver_check_accuracy(student, rng):
    """check_accuracy returns the right share, also if the last batch is smaller than the others."""
    solver, model, x, y = toy_training(student, rng, n=53)
    weights = rng.normal(size=(4, 3))
    model.params["W"] = weights
    expected = float((np.argmax(x @ weights, axis=1) == y).mean())
    assert_close("check_accuracy", solver.check_accuracy(x, y, batch_size=10), expected)
    some = as_number("check_accuracy of 17 samples", solver.check_accuracy(x, y, num_samples=17))
    require(abs(some * 17 - round(some * 17)) < 1e-6, "num_samples does not set the number of examples.")


def deep_params(rng, dims):
    """Return parameters of a fully connected net, none of them small."""
    params = {}
    for i, (d, h) in enumerate(itertools.pairwise(dims), start=1):
        params[f"W{i}"], params[f"b{i}"] = rng.normal(size=(d, h)) * 0.7, rng.normal(size=h)
    return params


def deep_nets(student, reference, rng, hidden, reg=0.0):
    """Return the student's net and the reference's, in float64, with the same parameters, and the parameters."""
    params = deep_params(rng, [6, *hidden, 4])
    options = {"input_dim": 6, "num_classes": 4, "reg": reg, "weight_scale": 1e-2, "dtype": np.float64}
    nets = [side.classifiers.fc_net.FullyConnectedNet(hidden, **options) for side in (student, reference)]
    for net in nets:
        set_params(net, params)
    return (*nets, params)


@exercise("fully_connected_net")
def test_deep_parameters(student, rng):
    """W1 to WL and b1 to bL have the right shapes; biases are zero, and the spread of the weights is weight_scale."""
    scale = float(rng.uniform(0.01, 0.1))
    options = {"input_dim": 200, "num_classes": 60, "weight_scale": scale, "dtype": np.float64}
    net = student.classifiers.fc_net.FullyConnectedNet([50, 40, 30], **options)
    dims = [200, 50, 40, 30, 60]
    for i in range(1, 5):
        weights = as_array(f"params['W{i}']", net.params[f"W{i}"], (dims[i - 1], dims[i]), exact_shape=True)
        biases = as_array(f"params['b{i}']", net.params[f"b{i}"], (dims[i],))
        require(not biases.any(), f"params['b{i}'] is not zero at first.")
        require(abs(weights.std() / scale - 1) < 0.2, f"The spread of params['W{i}'] is not weight_scale.")
        require(bool((np.ptp(weights, axis=0) > 0).all()), f"All rows of params['W{i}'] are the same.")


@exercise("fully_connected_net", needs=("affine_forward", "relu_forward"))
def test_deep_scores(student, reference, rng):
    """The scores of a net with three hidden layers are right."""
    net, right, _ = deep_nets(student, reference, rng, [5, 7, 3])
    x = rng.normal(size=(5, 6))
    assert_close("scores", net.loss(x), right.loss(x))


@exercise("fully_connected_net", needs=NETS)
def test_deep_loss(student, reference, rng):
    """Loss and gradients without regularisation are right."""
    net, right, params = deep_nets(student, reference, rng, [5, 7])
    assert_loss_and_gradients(net, right, rng.normal(size=(5, 6)), rng.integers(4, size=5), params)


@exercise("fully_connected_net", needs=NETS)
def test_deep_regularised(student, reference, rng):
    """Loss and gradients with regularisation are right."""
    net, right, params = deep_nets(student, reference, rng, [5, 4, 6], reg=0.9)
    assert_loss_and_gradients(net, right, rng.normal(size=(5, 6)), rng.integers(4, size=5), params)


@exercise("fully_connected_net", kind="edge", needs=NETS)
def test_deep_shapes(student, reference, rng):
    """Each gradient has exactly the shape of its parameter."""
    net, _, params = deep_nets(student, reference, rng, [5, 7])
    assert_gradients_fit(net, rng.normal(size=(5, 6)), rng.integers(4, size=5), params)


@exercise("fully_connected_net", kind="edge", needs=NETS)
def test_deep_one_hidden_layer(student, reference, rng):
    """Loss and gradients are right for one hidden layer and for pictures as input."""
    net, right, params = deep_nets(student, reference, rng, [5], reg=0.2)
    assert_loss_and_gradients(net, right, rng.normal(size=(3, 1, 2, 3)), rng.integers(4, size=3), params)


@exercise("fully_connected_net", kind="edge", needs=("affine_forward", "relu_forward"))
def test_deep_float32(student, rng):
    """Parameters and scores have the type that the argument dtype names."""
    net = student.classifiers.fc_net.FullyConnectedNet([5, 4], input_dim=6, num_classes=3, dtype=np.float32)
    for name in ("W1", "b1", "W3", "b3"):
        assert_dtype(f"params[{name!r}]", net.params[name], np.float32)
    assert_dtype("scores", net.loss(rng.normal(size=(2, 6))), np.float32)


@exercise("fully_connected_net", kind="edge", needs=NETS)
def test_deep_gradient_for_each(student, rng):
    """grads has a gradient for every parameter: the Solver needs it."""
    net = student.classifiers.fc_net.FullyConnectedNet([5, 4], input_dim=6, num_classes=3, reg=0.1)
    _, grads = net.loss(rng.normal(size=(2, 6)), rng.integers(3, size=2))
    lacking = sorted(set(student.fetch(net.params)) - set(student.fetch(grads)))
    message = f"There is no gradient for {', '.join(lacking)}: is it missing in grads, or should it not be in params?"
    require(not lacking, message)


@exercise("fully_connected_net", kind="edge", needs=NETS)
def test_deep_leaves_parameters(student, reference, rng):
    """loss() does not change the parameters and the input."""
    net, _, params = deep_nets(student, reference, rng, [5, 4], reg=0.5)
    x = rng.normal(size=(3, 6))
    held = student.put(x)
    net.loss(held, rng.integers(4, size=3))
    assert_unchanged("X", student.fetch(held), x)
    for name, before in params.items():
        assert_unchanged(f"params[{name!r}]", net.params[name], before)


TRIES = 3
"""The most trainings, each on other pictures: with good settings, some still lead to only 49 of 50 pictures."""


def overfitting(student, pictures, rng, hidden, number):
    """Check that a net learns fifty pictures by heart with the settings of the student's notebook."""
    rate = as_number(f"learning_rate_{number}", student.notebook(f"learning_rate_{number}"))
    scale = as_number(f"weight_scale_{number}", student.notebook(f"weight_scale_{number}"))
    x, y = pictures.train(1000)
    mean, best = x.mean(axis=0), 0.0
    for _ in range(TRIES):
        some = rng.choice(len(x), 50, replace=False)
        best = max(best, overfit(student, hidden, x[some] - mean, y[some], rate, scale))
        if best == 1.0:
            break
    require(
        best == 1.0,
        f"With your learning_rate_{number} and weight_scale_{number} the net reaches {best:.0%} of 50 training "
        f"pictures in 20 epochs, in the best of {TRIES} tries; it can learn all of them by heart.",
    )


OVERFIT = (*NETS, "fully_connected_net", "solver")


@exercise("overfit_three_layer", kind="learns", needs=OVERFIT)
def test_overfit_three_layer(student, pictures, rng, notebook):
    """The three-layer net learns fifty pictures by heart with the notebook's settings."""
    overfitting(student, pictures, rng, [100, 100], 3)


@exercise("overfit_five_layer", kind="learns", needs=OVERFIT)
def test_overfit_five_layer(student, pictures, rng, notebook):
    """The five-layer net learns fifty pictures by heart with the notebook's settings."""
    overfitting(student, pictures, rng, [100, 100, 100, 100], 5)


def assert_steps(student, reference, rng, rule, memory, config=None, shape=(4, 5), steps=4, rtol=1e-5):
    """Check some steps of a rule, each with the configuration that the step before returned."""
    w = rng.normal(size=shape)
    right_w, ours, theirs = w, config, config
    for step in range(1, steps + 1):
        dw = scaled(rng, *shape, away=0.3)  # large enough that it hardly matters whether epsilon is inside the root
        w, theirs = getattr(student.optim, rule)(w, dw, theirs)
        right_w, ours = getattr(reference.optim, rule)(right_w, dw, ours)
        assert_close(f"w after step {step}", w, right_w, rtol)
        for name in memory:
            assert_close(f"config[{name!r}] after step {step}", theirs[name], ours[name], rtol)


def assert_leaves_inputs(student, rng, rule):
    """Check that a rule does not change w and dw."""
    w, dw = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    held_w, held_dw = student.put(w), student.put(dw)
    getattr(student.optim, rule)(held_w, held_dw)
    assert_unchanged("w", student.fetch(held_w), w)
    assert_unchanged("dw", student.fetch(held_dw), dw)


def assert_downhill(student, rng, rule, size=1e-9):
    """Check that steps are small, and not up the gradient, where the gradient is smaller than epsilon."""
    w, dw = rng.normal(size=(3, 4)), size * scaled(rng, 3, 4, away=0.3)
    moved = as_array("w after a step", getattr(student.optim, rule)(w, dw)[0], w.shape, exact_shape=True)
    steps, where = (moved - w) * np.sign(dw), "Where the gradient is smaller than epsilon,"
    require(bool((steps <= 0).all()), f"{where} w moves up the gradient and not down.")
    require(bool((steps > -0.05).all()), f"{where} w moves too far.")


def assert_heeds_epsilon(student, rng, rule):
    """Check that a large epsilon makes a step smaller. It may be added to the root or under it."""
    w, dw = rng.normal(size=(3, 4)), rng.uniform(0.5, 2, size=(3, 4)) * rng.choice([-1.0, 1.0], size=(3, 4))
    usual, large = (
        as_array("w after a step", getattr(student.optim, rule)(w, dw, given)[0], w.shape, exact_shape=True)
        for given in (None, {"epsilon": 10.0})
    )
    smaller = np.abs(large - w) < 0.75 * np.abs(usual - w)
    require(bool(smaller.all()), "With epsilon=10 in config, the step is hardly smaller than with the default epsilon.")


@exercise("sgd_momentum")
def test_momentum_defaults(student, reference, rng):
    """Steps with the default settings are right, and so is the velocity."""
    assert_steps(student, reference, rng, "sgd_momentum", ["velocity"])


@exercise("sgd_momentum")
def test_momentum_given(student, reference, rng):
    """Steps with given settings and a given velocity are right."""
    config = {"learning_rate": 0.3, "momentum": 0.6, "velocity": rng.normal(size=(4, 5))}
    assert_steps(student, reference, rng, "sgd_momentum", ["velocity"], config)


@exercise("sgd_momentum", kind="edge")
def test_momentum_leaves_inputs(student, rng):
    """w and dw are not changed."""
    assert_leaves_inputs(student, rng, "sgd_momentum")


@exercise("rmsprop")
def test_rmsprop_defaults(student, reference, rng):
    """Steps with the default settings are right, and so is the running mean."""
    assert_steps(student, reference, rng, "rmsprop", ["cache"])


@exercise("rmsprop")
def test_rmsprop_given(student, reference, rng):
    """Steps with given settings and a given running mean are right."""
    config = {"learning_rate": 0.3, "decay_rate": 0.3, "cache": rng.uniform(0.5, 2, size=(4, 5))}
    assert_steps(student, reference, rng, "rmsprop", ["cache"], config)


@exercise("rmsprop", kind="edge")
def test_rmsprop_no_gradient(student, rng):
    """A gradient of zero does not change w and causes no division by zero."""
    w = rng.normal(size=(3, 2))
    moved, _ = student.optim.rmsprop(w, np.zeros((3, 2)))
    assert_close("w after a gradient of zero", moved, w)


@exercise("rmsprop", kind="edge")
def test_rmsprop_tiny_gradient(student, rng):
    """Gradients smaller than epsilon still move w downhill."""
    assert_downhill(student, rng, "rmsprop")


@exercise("rmsprop", kind="edge")
def test_rmsprop_epsilon(student, rng):
    """The epsilon in config is used."""
    assert_heeds_epsilon(student, rng, "rmsprop")


@exercise("rmsprop", kind="edge")
def test_rmsprop_leaves_inputs(student, rng):
    """w and dw are not changed."""
    assert_leaves_inputs(student, rng, "rmsprop")


@exercise("adam")
def test_adam_defaults(student, reference, rng):
    """Steps with the default settings are right, and so are m, v and t."""
    assert_steps(student, reference, rng, "adam", ["m", "v", "t"])


@exercise("adam")
def test_adam_given(student, reference, rng):
    """Steps with given settings, and with given m, v and t, are right."""
    memory = {"m": rng.normal(size=(4, 5)), "v": rng.uniform(0.5, 2, size=(4, 5)), "t": 5}
    config = {"learning_rate": 0.2, "beta1": 0.3, "beta2": 0.4, **memory}
    assert_steps(student, reference, rng, "adam", ["m", "v", "t"], config)


@exercise("adam", kind="edge")
def test_adam_no_gradient(student, rng):
    """A gradient of zero does not change w and causes no division by zero."""
    w = rng.normal(size=(3, 2))
    moved, _ = student.optim.adam(w, np.zeros((3, 2)))
    assert_close("w after a gradient of zero", moved, w)


@exercise("adam", kind="edge")
def test_adam_tiny_gradient(student, rng):
    """Gradients smaller than epsilon still move w downhill."""
    assert_downhill(student, rng, "adam")


@exercise("adam", kind="edge")
def test_adam_epsilon(student, rng):
    """The epsilon in config is used."""
    assert_heeds_epsilon(student, rng, "adam")


@exercise("adam", kind="edge")
def test_adam_leaves_inputs(student, rng):
    """w and dw are not changed."""
    assert_leaves_inputs(student, rng, "adam")


@exercise("learns_part1", kind="learns", needs=(*NETS, "fully_connected_net", "solver", "sgd_momentum"))
def test_learns(student, pictures, rng):
    """A small net, trained with your momentum and your Solver, learns to classify unseen pictures."""
    net = student.classifiers.fc_net.FullyConnectedNet([64], weight_scale=1e-2, dtype=np.float32)
    recipe = {"update_rule": "sgd_momentum", "optim_config": {"learning_rate": 1e-4}, "num_epochs": 5}
    assert_learns(student, net, pictures, rng, 2000, least=0.22, batch_size=50, **recipe)


@exercise("accuracy_part1", kind="accuracy")
def test_accuracy(accuracy):
    """The submitted model classifies pictures that it has not seen in training."""
    accuracy.judge(mark=0.50)


def take_gradients(student, net, shapes, x, y):
    """Set a net's parameters to numbers that are not small, and ask for its scores and then for its gradients."""
    rng = np.random.default_rng(0)
    set_params(net, {name: rng.normal(size=shape) for name, shape in shapes.items()})
    net.loss(x)
    _, grads = net.loss(x, y)
    student.fetch(grads)


@way("affine_backward")
def way_of_affine_backward(student, rng):
    """The gradients come from formulas."""
    x, w, b, dout = affine_inputs(rng, n=8, shape=(4, 5), m=9)
    _, cache = student.layers.affine_forward(x, w, b)
    student.layers.affine_backward(dout, cache)


@way("relu_backward")
def way_of_relu_backward(student, rng):
    """The gradient comes from a formula."""
    x, dout = rng.normal(size=(2, 12, 20))
    _, cache = student.layers.relu_forward(x)
    student.layers.relu_backward(dout, cache)


@way("two_layer_net")
def way_of_two_layer_net(student, rng):
    """The gradients come from formulas."""
    net = student.classifiers.fc_net.TwoLayerNet(12, 12, 4)
    shapes = {"W1": (12, 12), "b1": 12, "W2": (12, 4), "b2": 4}
    take_gradients(student, net, shapes, rng.normal(size=(5, 12)), rng.integers(4, size=5))


@way("fully_connected_net")
def way_of_fully_connected_net(student, rng):
    """The gradients come from formulas."""
    net = student.classifiers.fc_net.FullyConnectedNet([10, 8], input_dim=10, num_classes=4, dtype=np.float64)
    shapes = {"W1": (10, 10), "b1": 10, "W2": (10, 8), "b2": 8, "W3": (8, 4), "b3": 4}
    take_gradients(student, net, shapes, rng.normal(size=(5, 10)), rng.integers(4, size=5))

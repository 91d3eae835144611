"""Public checks of part 2. Read them: each says in a few lines what your code has to do.
The grader runs more tests, with other numbers."""

import numpy as np
from cs231n.checks.compare import (
    as_array,
    as_numbers,
    assert_close,
    assert_gradients,
    assert_unchanged,
    require,
)
from cs231n.checks.exercise import exercise
from cs231n.kit.student.models import assert_accuracy, require_normalisation


def norm_inputs(rng, n, d):
    """Return x, gamma, beta and dout of a normalisation layer, none of them special."""
    x = rng.normal(size=(n, d)) * rng.uniform(1, 3, size=d) + rng.normal(size=d)
    return x, rng.uniform(0.5, 2, size=d), rng.normal(size=d), rng.normal(size=(n, d))


@exercise("batchnorm_forward")
def test_batchnorm_in_training(student, rng):
    """In training, each feature of out has mean beta and standard deviation gamma, and x is not changed."""
    x, gamma, beta, _ = norm_inputs(rng, 60, 4)
    held = student.put(x)
    out, _ = student.layers.batchnorm_forward(held, gamma, beta, {"mode": "train"})
    out = as_array("out", out, x.shape)
    assert_close("out.mean(axis=0)", out.mean(axis=0), beta)
    assert_close("out.std(axis=0)", out.std(axis=0), gamma, rtol=1e-4)
    assert_unchanged("x", student.fetch(held), x)


@exercise("batchnorm_forward")
def test_batchnorm_heeds_settings(student, rng):
    """eps is added to the variance, and the running averages are updated with the given momentum."""
    bn_param = student.put({"mode": "train", "eps": 0.2, "momentum": 0.7})
    mean, variance = np.zeros(3), np.zeros(3)
    for _ in range(3):
        x, gamma, beta, _ = norm_inputs(rng, 6, 3)
        out, _ = student.layers.batchnorm_forward(x, gamma, beta, bn_param)
        assert_close("out", out, gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 0.2) + beta)
        mean = 0.7 * mean + 0.3 * x.mean(axis=0)
        variance = 0.7 * variance + 0.3 * x.var(axis=0)
        assert_close("bn_param['running_mean']", bn_param["running_mean"], mean)
        assert_close("bn_param['running_var']", bn_param["running_var"], variance)


@exercise("batchnorm_forward")
def test_batchnorm_at_test_time(student, rng):
    """Test mode normalises with the running averages, and does not change them."""
    x, gamma, beta, _ = norm_inputs(rng, 5, 4)
    mean, variance = rng.normal(size=4), rng.uniform(0.5, 2, size=4)
    bn_param = student.put({"mode": "test", "running_mean": mean, "running_var": variance})
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, bn_param)
    assert_close("out", out, gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta)
    assert_close("bn_param['running_mean']", bn_param["running_mean"], mean)
    assert_close("bn_param['running_var']", bn_param["running_var"], variance)


def compare_gradients(student, reference, inputs, kind, rule, settings):
    """Compare dx, dgamma and dbeta of your backward function, with your own cache, with the right ones."""
    x, gamma, beta, dout = inputs
    _, right_cache = getattr(reference.layers, f"{kind}_forward")(x, gamma, beta, settings)
    dx, dgamma, dbeta = getattr(reference.layers, rule)(dout, right_cache)
    held = student.put(dout)
    _, cache = getattr(student.layers, f"{kind}_forward")(x, gamma, beta, settings)
    your_dx, your_dgamma, your_dbeta = getattr(student.layers, rule)(held, cache)
    yours = {"dx": your_dx, "dgamma": your_dgamma, "dbeta": your_dbeta}
    assert_gradients(yours, {"dx": dx, "dgamma": dgamma, "dbeta": dbeta})
    assert_unchanged("dout", student.fetch(held), dout)


@exercise("batchnorm_backward", needs=("batchnorm_forward",))
def test_gradients_through_the_graph(student, reference, rng):
    """dx, dgamma and dbeta are right, and dout is not changed."""
    inputs = norm_inputs(rng, 7, 4)
    compare_gradients(student, reference, inputs, "batchnorm", "batchnorm_backward", {"mode": "train"})


@exercise("batchnorm_backward_alt", needs=("batchnorm_forward",))
def test_simplified_gradients(student, reference, rng):
    """The simplified expression gives the same dx, dgamma and dbeta."""
    inputs = norm_inputs(rng, 7, 4)
    compare_gradients(student, reference, inputs, "batchnorm", "batchnorm_backward_alt", {"mode": "train"})


@exercise("layernorm_forward")
def test_layernorm_values(student, rng):
    """Each example is normalised over its features, then scaled by gamma and shifted by beta."""
    x, gamma, beta, _ = norm_inputs(rng, 6, 4)
    x = x * np.array([[3e-3], [0.03], [0.3], [1], [3], [30]])
    expected = gamma * (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5) + beta
    out, _ = student.layers.layernorm_forward(x, gamma, beta, {})
    assert_close("out", out, expected)


@exercise("layernorm_forward")
def test_layernorm_sees_one_example(student, rng):
    """An example's output does not depend on the rest of the batch."""
    x, gamma, beta, _ = norm_inputs(rng, 5, 6)
    together, _ = student.layers.layernorm_forward(x, gamma, beta, {})
    alone, _ = student.layers.layernorm_forward(x[2:3], gamma, beta, {})
    assert_close("out of one example alone", alone, as_array("out", together, x.shape)[2:3])


@exercise("layernorm_backward", needs=("layernorm_forward",))
def test_gradients_of_layernorm(student, reference, rng):
    """dx, dgamma and dbeta are right, and dout is not changed."""
    compare_gradients(student, reference, norm_inputs(rng, 4, 7), "layernorm", "layernorm_backward", {})


NORMALISED = {
    "W1": (5, 6), "b1": (6,), "gamma1": (6,), "beta1": (6,),
    "W2": (6, 4), "b2": (4,), "gamma2": (4,), "beta2": (4,),
    "W3": (4, 3), "b3": (3,),
}  # fmt: skip


def start_of_net(student, normalization):
    """Check the hidden layers' gammas and betas: names, shapes and first values."""
    options = {"input_dim": 5, "num_classes": 3, "normalization": normalization}
    net = student.classifiers.fc_net.FullyConnectedNet([6, 4], **options)
    for name in ("gamma1", "beta1", "gamma2", "beta2"):
        value = as_array(f"params[{name!r}]", net.params[name], NORMALISED[name], exact_shape=True)
        start = 1 if name.startswith("gamma") else 0
        require(bool((value == start).all()), f"params[{name!r}] does not start as all {start}.")


def gradients_of_net(student, reference, rng, normalization):
    """Check loss, gradients and then scores of a net with two hidden layers, with and without regularisation."""
    x, y = rng.normal(size=(6, 5)), rng.integers(3, size=6)
    params = {name: rng.uniform(0.2, 1.5, size=shape) for name, shape in NORMALISED.items()}
    for name in ("W1", "W2", "W3"):
        params[name] = rng.normal(size=NORMALISED[name])
    for reg in (0.0, 0.6):
        options = {"input_dim": 5, "num_classes": 3, "reg": reg, "dtype": np.float64, "normalization": normalization}
        right = reference.classifiers.fc_net.FullyConnectedNet([6, 4], **options)
        net = student.classifiers.fc_net.FullyConnectedNet([6, 4], **options)
        for one in (right, net):
            for name, value in params.items():
                one.params[name] = value
        expected, right_grads = right.loss(x, y)
        loss, grads = net.loss(x, y)
        assert_close(f"the loss with reg={reg}", loss, expected)
        assert_gradients({name: grads[name] for name in params}, {name: right_grads[name] for name in params})
        assert_close("scores in test mode", net.loss(x), right.loss(x))


@exercise("fully_connected_net_batchnorm")
def test_net_with_batchnorm_starts(student):
    """With batch norm each hidden layer has a gamma of ones and a beta of zeros."""
    start_of_net(student, "batchnorm")


@exercise("fully_connected_net_batchnorm", needs=("batchnorm_forward", "batchnorm_backward"))
def test_batchnorm_net_gradients(student, reference, rng):
    """Loss, gradients and test-mode scores of a net with batch norm are right, with and without regularisation."""
    gradients_of_net(student, reference, rng, "batchnorm")


@exercise("fully_connected_net_layernorm")
def test_net_with_layernorm_starts(student):
    """With layer norm each hidden layer has a gamma of ones and a beta of zeros."""
    start_of_net(student, "layernorm")


@exercise("fully_connected_net_layernorm", needs=("layernorm_forward", "layernorm_backward"))
def test_layernorm_net_gradients(student, reference, rng):
    """Loss, gradients and test-mode scores of a net with layer norm are right, with and without regularisation."""
    gradients_of_net(student, reference, rng, "layernorm")


@exercise("learns_part2", kind="learns")
def test_normalised_net_learns(student, pictures):
    """A small net with batch norm learns from a thousand pictures by plain gradient descent."""
    x, y = pictures.train(1000)
    x = (x - x.mean(axis=0)).astype(np.float32)
    net = student.classifiers.fc_net.FullyConnectedNet([50], weight_scale=1e-2, normalization="batchnorm")
    data = {"X_train": x, "y_train": y, "X_val": x[:200], "y_val": y[:200]}
    config = {"learning_rate": 0.1}
    solver = student.solver.Solver(net, data, optim_config=config, num_epochs=5, batch_size=50, verbose=False)
    solver.train()
    losses = as_numbers("loss_history", student.fetch(solver.loss_history))
    require(np.mean(losses[-20:]) < 0.9 * np.mean(losses[:5]), "The loss hardly falls in 100 iterations.")
    reached = float((as_array("scores", net.loss(x), (len(x), 10)).argmax(axis=1) == y).mean())
    require(reached > 0.2, f"In test mode the net is right on only {reached:.0%} of its training pictures.")


@exercise("accuracy_part2", kind="accuracy")
def test_saved_normalised_model(student, pictures):
    """models/part2.npz holds a net with normalisation, right on at least half of the validation pictures."""
    model = assert_accuracy(student, pictures, 2, mark=0.5)
    require_normalisation(student, model)

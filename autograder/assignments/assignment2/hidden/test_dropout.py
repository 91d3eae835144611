"""Hidden tests of part 3: dropout, by itself and in a net; a short training; the model.

The student's code chooses its random numbers: no test expects one particular mask.
"""

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest

from autograder.assignments.assignment2.kit.judge import (
    assert_gradients_fit,
    assert_learns,
    assert_loss_and_gradients,
    require_dropout,
    scaled,
    set_params,
)
from autograder.judge import (
    CodeError,
    Mismatch,
    as_array,
    as_number,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    exercise,
    require,
    way,
)

PLAIN = ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "loss_layers", "fully_connected_net")
DROPOUT = ("dropout_forward", "dropout_backward")
NORMALISED = ("batchnorm_forward", "batchnorm_backward", "fully_connected_net_batchnorm")


def dropped(student, x, **dropout_param):
    """Return the output of the student's dropout in train mode."""
    out, _ = student.layers.dropout_forward(x, {"mode": "train", **dropout_param})
    return as_array("out", out, x.shape, exact_shape=True)


def check_share(kept, p, what="numbers", deviations=5.0):
    """Check that the share of kept numbers is p, up to chance."""
    share, error = float(np.mean(kept)), math.sqrt(p * (1 - p) / np.size(kept))
    message = f"With p={p:.3g}, {share:.1%} of {np.size(kept)} {what} are kept; p is the probability to KEEP."
    require(abs(share - p) <= deviations * error, message)


def check_kept(out, x, p):
    """Check that an output holds numbers of x, by one factor (1/p or that of a usual mistake), and zeros."""
    kept = out != 0
    fits = np.allclose(out[kept], factor_of(out, x, kept, p) * x[kept])
    require(fits, "The numbers that are not dropped are not those of x, divided by p.")


@exercise("dropout_forward")
@pytest.mark.parametrize("p", [0.3, 0.75], ids="p={}".format)
def test_dropout_train(student, rng, p):
    """In training, each number is kept with probability p, and kept numbers are divided by p."""
    x = scaled(rng, 200, 150)
    out = dropped(student, x, p=p)
    check_share(out != 0, p)
    assert_close("out", out, np.where(out != 0, x / p, 0))


@exercise("dropout_forward")
def test_dropout_each_by_itself(student, rng):
    """Each number of each example is kept or dropped independently of the others."""
    x = scaled(rng, 120, 120)
    out = dropped(student, x, p=0.6)
    kept = out != 0
    for lines, what in ((kept, "numbers of one example"), (kept.T, "examples' numbers in one place")):
        for line in lines:
            check_share(line, 0.6, what, deviations=6.5)
    check_kept(out, x, 0.6)


@exercise("dropout_forward")
def test_dropout_test(student, rng):
    """Test mode changes nothing."""
    x, p = scaled(rng, 8, 7), float(rng.uniform(0.2, 0.8))
    out, _ = student.layers.dropout_forward(x, {"mode": "test", "p": p})
    assert_close("out in test mode", out, x)


@exercise("dropout_forward")
def test_dropout_seed(student, rng):
    """The same seed drops the same numbers, and another seed drops other numbers."""
    x, seed = scaled(rng, 30, 30), int(rng.integers(1, 10**6))
    first, again, other = (dropped(student, x, p=0.5, seed=number) for number in (seed, seed, seed + 1))
    assert_close("out of a second call with the same seed", again, first)
    require(not np.array_equal(other, first), "Two different seeds drop the same numbers.")
    check_kept(first, x, 0.5)
    check_kept(other, x, 0.5)


@exercise("dropout_forward")
def test_dropout_without_seed(student, rng):
    """Without a seed, every call drops other numbers."""
    x = scaled(rng, 30, 30)
    first, again = dropped(student, x, p=0.5), dropped(student, x, p=0.5)
    require(not np.array_equal(first, again), "Two calls without a seed drop the same numbers.")
    check_kept(first, x, 0.5)
    check_kept(again, x, 0.5)


@exercise("dropout_forward", kind="edge")
@pytest.mark.parametrize("p", [0.03, 0.98, 1.0], ids="p={}".format)
def test_dropout_extremes(student, rng, p):
    """The output is right if few, nearly all or all numbers are kept."""
    x = scaled(rng, 200, 150)
    out = dropped(student, x, p=p)
    check_share(out != 0, p)
    assert_close("out", out, np.where(out != 0, x / p, 0))


@exercise("dropout_forward", kind="edge")
def test_dropout_any_shape(student, rng):
    """out has the shape of x, for pictures and for a single row of numbers."""
    for shape in ((4, 3, 5, 6), (40,)):
        x = scaled(rng, *shape)
        out = dropped(student, x, p=0.5)
        assert_close("out", out, np.where(out != 0, x / 0.5, 0), exact_shape=True)


@exercise("dropout_forward", kind="edge")
def test_dropout_float32(student, rng):
    """float32 stays float32, in both modes."""
    x = scaled(rng, 6, 5).astype(np.float32)
    for mode in ("train", "test"):
        out, _ = student.layers.dropout_forward(x, {"mode": mode, "p": 0.6})
        assert_dtype(f"out in {mode} mode", out, np.float32)


@exercise("dropout_forward", kind="edge")
def test_dropout_leaves_input(student, rng):
    """x is not changed."""
    x = scaled(rng, 6, 5)
    held = student.put(x)
    student.layers.dropout_forward(held, {"mode": "train", "p": 0.5})
    assert_unchanged("x", student.fetch(held), x)


def gradient_of(student, x, dout, **dropout_param):
    """Return the output and dx of one forward and backward pass."""
    out, cache = student.layers.dropout_forward(x, dropout_param)
    return out, student.layers.dropout_backward(dout, cache)


def kept_by(out, x):
    """Return which numbers of x (none is zero) a forward pass kept: that much is the student's own choice."""
    kept = as_array("out", out, x.shape, exact_shape=True) != 0
    some = 0.02 < kept.mean() < 0.98
    require(bool(some), "dropout_forward drops nearly all numbers or none, so dx cannot be checked.")
    return kept


def factor_of(out, x, kept, p):
    """Return the factor of the kept numbers: 1/p, or that of a usual mistake in the forward pass if it fits all."""
    return next(
        (factor for factor in (1 / p, 1.0, 1 / (1 - p), p, 1 - p) if np.allclose(out[kept], factor * x[kept])), 1 / p
    )


def assert_passes_on(dx, out, x, dout, p):
    """Check that dx is the gradient of dropout, or that of a forward pass with a usual mistake in its factor.

    Only the places of the dropped numbers come from the student's forward pass: its own tests judge the rest of it.
    """
    kept = kept_by(out, x)
    found, right = as_array("dx", dx, dout.shape), np.where(kept, dout / p, 0)
    own = np.where(kept, dout * factor_of(as_array("out", out, x.shape), x, kept, p), 0)
    assert_close("dx", found, own if np.allclose(found, own) else right)


@exercise("dropout_backward", needs=("dropout_forward",))
@pytest.mark.parametrize("p", [0.3, 0.8], ids="p={}".format)
def test_dropout_gradient(student, rng, p):
    """The gradient passes where a number was kept, and is divided by p there."""
    x, dout = scaled(rng, 12, 10), scaled(rng, 12, 10)
    out, dx = gradient_of(student, x, dout, mode="train", p=p)
    assert_passes_on(dx, out, x, dout, p)


@exercise("dropout_backward", needs=("dropout_forward",))
def test_dropout_gradient_test(student, rng):
    """Test mode passes the gradient on unchanged."""
    x, dout = scaled(rng, 6, 5), scaled(rng, 6, 5)
    _, dx = gradient_of(student, x, dout, mode="test", p=0.4)
    assert_close("dx in test mode", dx, dout)


@exercise("dropout_backward", kind="edge", needs=("dropout_forward",))
def test_dropout_gradient_own_cache(student, rng):
    """Each backward pass uses the mask of its own forward pass, also after another forward pass."""
    x, dout = scaled(rng, 9, 8), scaled(rng, 9, 8)
    out, cache = student.layers.dropout_forward(x, {"mode": "train", "p": 0.5})
    student.layers.dropout_forward(x, {"mode": "train", "p": 0.5})
    assert_passes_on(student.layers.dropout_backward(dout, cache), out, x, dout, 0.5)


@exercise("dropout_backward", kind="edge", needs=("dropout_forward",))
def test_dropout_gradient_any_shape(student, rng):
    """dx has the shape of the pictures, and zeros in x do not count as dropped."""
    x, dout = scaled(rng, 4, 3, 5, 6), scaled(rng, 4, 3, 5, 6)
    out = dropped(student, x, p=0.5, seed=7)
    _, dx = gradient_of(student, np.zeros_like(x), dout, mode="train", p=0.5, seed=7)
    assert_passes_on(dx, out, x, dout, 0.5)
    as_array("dx", dx, dout.shape, exact_shape=True)


@exercise("dropout_backward", kind="edge", needs=("dropout_forward",))
def test_dropout_gradient_float32(student, rng):
    """float32 stays float32."""
    x, dout = scaled(rng, 6, 5).astype(np.float32), scaled(rng, 6, 5).astype(np.float32)
    _, dx = gradient_of(student, x, dout, mode="train", p=0.6)
    assert_dtype("dx", dx, np.float32)


@exercise("dropout_backward", kind="edge", needs=("dropout_forward",))
def test_dropout_gradient_leaves_inputs(student, rng):
    """dout and x are not changed."""
    x, dout = scaled(rng, 6, 5), scaled(rng, 6, 5)
    held_x, held_dout = student.put(x), student.put(dout)
    _, cache = student.layers.dropout_forward(held_x, {"mode": "train", "p": 0.5})
    before = as_array("x", student.fetch(held_x), x.shape)
    student.layers.dropout_backward(held_dout, cache)
    assert_unchanged("dout", student.fetch(held_dout), dout)
    assert_unchanged("x", student.fetch(held_x), before)


def net_params(rng, dims, normalization=None):
    """Return parameters that keep every hidden unit far from its ReLU's kink, whichever numbers are dropped.

    The inputs must be rows of numbers between -1 and 1. Without normalisation, weights are small and biases large;
    with normalisation, gammas are small and betas large.
    """
    params = {}
    for i, (d, h) in enumerate(itertools.pairwise(dims), start=1):
        margin = rng.permutation(np.where(np.arange(h) % 3, 1, -1)) * rng.uniform(2.5, 3, size=h)
        spread = (1.5 if i == 1 else 0.1) / d
        if i == len(dims) - 1 or normalization:
            params[f"W{i}"], params[f"b{i}"] = rng.normal(size=(d, h)) * 0.5, rng.normal(size=h)
        else:
            params[f"W{i}"], params[f"b{i}"] = rng.uniform(-spread, spread, size=(d, h)), margin
        if i < len(dims) - 1 and normalization:
            params[f"gamma{i}"], params[f"beta{i}"] = rng.uniform(0.4, 0.6, size=h), margin
    return params


def make_net(side, hidden, params, **options):
    """Return a net of six inputs and four classes, in float64, with these parameters."""
    options = {"input_dim": 6, "num_classes": 4, "dtype": np.float64, **options}
    net = side.classifiers.fc_net.FullyConnectedNet(hidden, **options)
    set_params(net, params)
    return net


def batch(rng, n=5):
    """Return rows of six numbers between -1 and 1, and their labels."""
    return rng.uniform(-1, 1, size=(n, 6)), rng.integers(4, size=n)


def forward_with(params, masks, x):
    """Return x, the hidden layers of a plain net, each multiplied by its mask or factor, and the scores."""
    values, last = [x], len(masks) + 1
    for i, mask in enumerate(masks, start=1):
        values.append(np.maximum(values[-1] @ params[f"W{i}"] + params[f"b{i}"], 0) * mask)
    return [*values, values[-1] @ params[f"W{last}"] + params[f"b{last}"]]


def gradients_with(params, masks, x, y, reg):
    """Return loss and gradients of a plain net whose hidden layers are multiplied by these masks."""
    last = len(masks) + 1
    *inputs, scores = forward_with(params, masks, x)
    probabilities = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    weights = sum(float(np.sum(params[f"W{i}"] ** 2)) for i in range(1, last + 1))
    loss = -np.log(probabilities[np.arange(len(y)), y]).mean() + 0.5 * reg * weights
    dout = (probabilities - np.eye(4)[y]) / len(y)
    grads = {}
    for i in range(last, 0, -1):
        W = params[f"W{i}"]
        grads[f"W{i}"], grads[f"b{i}"] = inputs[i - 1].T @ dout + reg * W, dout.sum(axis=0)
        if i > 1:
            dout = (dout @ W.T) * (inputs[i - 1] > 0) * masks[i - 2]
    return loss, grads


def masks_of(params, grads, x, reg):
    """Return the masks that a net drew for a single example, computed from the net's gradients.

    For one example, the gradient of a weight matrix is the outer product of the layer's input and the gradient of its
    biases. This gives each hidden layer's output. The mask is this output divided by the output without dropout.
    """
    masks, hidden = [], x[0]
    for i in range(1, len(params) // 2):
        plain = np.maximum(hidden @ params[f"W{i}"] + params[f"b{i}"], 0)
        above, upstream = f"W{i + 1}", grads[f"b{i + 1}"]
        found = (grads[above] - reg * params[above]) @ upstream / ((upstream @ upstream) or 1.0)
        masks.append(np.divide(found, plain, out=np.zeros_like(plain), where=plain > 0))
        hidden = found
    return masks


class Layer:
    """How the student's dropout layer acts, as far as a usual mistake in it explains it; else as the right layer.

    Its own exercise judges the layer. The net is judged by what the net does with it.

    Attributes
    ----------
    share : float
        The probability to keep a number.
    factor, at_test : float
        The factor of kept numbers in train mode, and of all numbers in test mode.
    """

    def __init__(self, student, rng, p):
        x = scaled(rng, 40, 40)
        self.share, self.factor, self.at_test = p, 1 / p, 1.0
        try:
            out = dropped(student, x, p=p)
            kept = kept_by(out, x)
            tested, _ = student.layers.dropout_forward(x, {"mode": "test", "p": p})
            tested = as_array("out in test mode", tested, x.shape)
        except (CodeError, Mismatch):
            return
        shares = (p, 1 - p, NormalDist().cdf(p))  # the last one is that of normal instead of uniform numbers
        self.share = min(shares, key=lambda share: abs(float(kept.mean()) - share))
        self.factor = factor_of(out, x, kept, p)
        factors = (1.0, p, 1 - p, 1 / p)
        self.at_test = next((factor for factor in factors if np.allclose(tested, factor * x)), 1.0)


def your_gradients(net, x, y, names):
    """Return loss and gradients of a net. Check only the shapes."""
    loss, grads = net.loss(x, y)
    arrays = {name: as_array(f"grads[{name!r}]", grads[name], right.shape) for name, right in names.items()}
    return as_number("the loss", loss), arrays


@exercise("fully_connected_net_dropout", needs=(*DROPOUT, *PLAIN))
def test_dropout_net_one_example(student, rng):
    """Dropout acts on each hidden layer, with the same mask in the forward and the backward pass."""
    assert_drops(student, rng, reg=0.0)


@exercise("fully_connected_net_dropout", kind="edge", needs=(*DROPOUT, *PLAIN))
def test_dropout_net_regularised(student, rng):
    """Loss and gradients are right with dropout and regularisation."""
    assert_drops(student, rng, reg=0.6)


def assert_drops(student, rng, reg):
    """Check loss and gradients of a net with dropout on one example."""
    hidden, p = [25, 20], 0.6
    layer = Layer(student, rng, p)
    factor, share = layer.factor, layer.share
    params, (x, y) = net_params(rng, [6, *hidden, 4]), batch(rng, n=1)
    net = make_net(student, hidden, params, dropout=p, reg=reg)
    loss, grads = your_gradients(net, x, y, params)
    masks = check_one_example(loss, grads, params, x, y, p, factor, reg)
    active = [forward > 0 for forward in forward_with(params, [np.ones(size) for size in hidden], x)[1:-1]]
    check_share(masks[0][active[0][0]] > 0, share, "hidden units", deviations=6.0)


def check_one_example(loss, grads, params, x, y, p, factor, reg=0.0):
    """Check loss and gradients for one example against those of a net with the masks that the net drew.

    Each hidden output must be dropped or multiplied by ``factor``. Return the masks.
    """
    masks = masks_of(params, grads, x, reg)
    for i, mask in enumerate(masks, start=1):
        proper = np.isclose(mask, 0, atol=1e-5) | np.isclose(mask, factor, rtol=1e-5)
        require(bool(proper.all()), f"The outputs of hidden layer {i} are neither dropped nor divided by p={p:.3g}.")
    expected, right = gradients_with(params, masks, x, y, reg)
    assert_close("the loss", loss, expected)
    named = {f"grads[{name!r}]": value for name, value in grads.items()}
    assert_gradients(named, {f"grads[{name!r}]": value for name, value in right.items()})
    return masks


@exercise("fully_connected_net_dropout", needs=(*DROPOUT, *PLAIN))
def test_dropout_net_share(student, rng):
    """The share of hidden units that are kept is the net's dropout argument."""
    p = float(rng.uniform(0.2, 0.35))
    params, (x, y) = net_params(rng, [6, 1200, 4]), batch(rng, n=1)
    params["b1"] = np.abs(params["b1"])  # every unit is on
    params["W2"] = params["W2"] / 30  # a net that is certain and right has no gradient to measure
    layer = Layer(student, rng, p)
    net = make_net(student, [1200], params, dropout=p)
    loss, grads = your_gradients(net, x, y, params)
    check_share(masks_of(params, grads, x, 0.0)[0] > 0, layer.share, "hidden units")
    check_one_example(loss, grads, params, x, y, p, layer.factor)


@exercise("fully_connected_net_dropout", needs=(*DROPOUT, *PLAIN))
def test_dropout_net_scores(student, rng):
    """Before and after training, the scores are those of the net without dropout: they are computed in test mode."""
    params, (x, y) = net_params(rng, [6, 9, 8, 4]), batch(rng)
    layer = Layer(student, rng, 0.4)
    net = make_net(student, [9, 8], params, dropout=0.4)
    before = net.loss(x)
    loss, grads = your_gradients(net, x[:1], y[:1], params)
    after = net.loss(x)
    expected = forward_with(params, [layer.at_test, layer.at_test], x)[-1]
    assert_close("scores", before, expected)
    assert_close("scores after a training batch", after, expected)
    check_one_example(loss, grads, params, x[:1], y[:1], 0.4, layer.factor)


@exercise("fully_connected_net_dropout", needs=(*DROPOUT, *PLAIN))
def test_dropout_net_seed(student, rng):
    """With a seed, every call gives the same loss; without a seed, every call gives another loss."""
    params, (x, y) = net_params(rng, [6, 30, 30, 4]), batch(rng, n=1)
    factor = Layer(student, rng, 0.5).factor
    net = make_net(student, [30, 30], params, dropout=0.5, seed=int(rng.integers(1, 10**6)))
    first, grads = your_gradients(net, x, y, params)
    again, _ = your_gradients(net, x, y, {})
    assert_close("the loss of a second call with the same seed", again, first)
    net = make_net(student, [30, 30], params, dropout=0.5)
    losses = {your_gradients(net, x, y, {})[0] for _ in range(3)}
    require(
        len(losses) == 3,
        "Without a seed two calls give the same loss: the mask is always the same, or nothing is dropped.",
    )
    check_one_example(first, grads, params, x, y, 0.5, factor)


def check_slopes(net, params, x, y, rng, h=1e-6):
    """Check that, along one random direction in each parameter, the loss changes as the gradient says.

    The net must have a seed: without one, its loss is another function at every call.
    """
    _, grads = your_gradients(net, x, y, params)
    changes = []
    for name, value in params.items():
        direction = rng.choice([-1.0, 1.0], size=value.shape)
        ends = []
        for step in (h, -h):
            net.params[name] = value + step * direction
            ends.append(your_gradients(net, x, y, {})[0])
        net.params[name] = value
        change, slope = (ends[0] - ends[1]) / (2 * h), float(np.sum(grads[name] * direction))
        allowed = 1e-5 * (1e-2 + abs(change) + float(np.abs(grads[name]).max()))
        message = f"grads[{name!r}] is not the gradient of the loss: in one direction the loss changes by {change:.4g}"
        require(abs(change - slope) <= allowed, f"{message} and the gradient says {slope:.4g}.")
        changes.append(abs(change))
    require(max(changes) > 1e-6, "The loss does not depend on the parameters.")


@exercise("fully_connected_net_dropout", needs=(*DROPOUT, *PLAIN))
def test_dropout_net_slopes(student, rng):
    """The gradients are those of the loss, for a batch."""
    # With fewer units, a layer that keeps 1 - p of them drops all of one example's now and then.
    hidden = [30, 24]
    params, (x, y) = net_params(rng, [6, *hidden, 4]), batch(rng)
    factor = Layer(student, rng, 0.7).factor
    net = make_net(student, hidden, params, dropout=0.7, seed=int(rng.integers(1, 10**6)))
    check_slopes(net, params, x, y, rng)
    masks = check_one_example(*your_gradients(net, x[:1], y[:1], params), params, x[:1], y[:1], 0.7, factor)
    require(any(mask.any() for mask in masks), "All units are dropped.")


@exercise("fully_connected_net_dropout", kind="edge", needs=PLAIN)
def test_dropout_net_keeps_all(student, reference, rng):
    """With a keep probability of 1, the net uses no dropout."""
    params, (x, y) = net_params(rng, [6, 9, 8, 4]), batch(rng)
    net, right = (make_net(side, [9, 8], params, dropout=1) for side in (student, reference))
    assert_loss_and_gradients(net, right, x, y, params)


@exercise("fully_connected_net_dropout", kind="edge", needs=(*NORMALISED, *DROPOUT, *PLAIN))
def test_dropout_net_either(student, rng):
    """The net drops units with batch normalisation too."""
    x, y = batch(rng, n=8)
    for normalization in (None, "batchnorm"):
        params, seed = net_params(rng, [6, 9, 8, 4], normalization), int(rng.integers(1, 10**6))
        options = {"normalization": normalization, "seed": seed}
        losses = [
            your_gradients(make_net(student, [9, 8], params, dropout=p, **options), x, y, {})[0] for p in (0.5, 1)
        ]
        message = f"In a net with normalization={normalization!r} a dropout of 0.5 changes nothing."
        require(abs(losses[0] - losses[1]) > 1e-6, message)


@exercise("fully_connected_net_dropout", kind="edge", needs=(*NORMALISED, *DROPOUT, *PLAIN))
def test_dropout_net_batchnorm_slopes(student, rng):
    """With batch normalisation and dropout, the gradients are those of the loss."""
    params, (x, y) = net_params(rng, [6, 9, 8, 4], "batchnorm"), batch(rng, n=8)
    options = {"normalization": "batchnorm", "seed": int(rng.integers(1, 10**6))}
    check_slopes(make_net(student, [9, 8], params, dropout=0.7, **options), params, x, y, rng)


@exercise("fully_connected_net_dropout", kind="edge", needs=(*NORMALISED, *DROPOUT, *PLAIN))
def test_dropout_net_batchnorm_scores(student, reference, rng):
    """With batch normalisation and dropout, the scores use the running averages and no dropout."""
    params, batches = net_params(rng, [6, 9, 4], "batchnorm"), [batch(rng, n=8) for _ in range(4)]
    x, _ = batch(rng)
    scores = []
    # The only layer's running averages come before its dropout, and its dropout's factor may stand in the last weights.
    scaled_params = {**params, "W2": params["W2"] * Layer(student, rng, 0.4).at_test}
    for side, p, given in ((student, 0.4, params), (reference, 1, scaled_params)):
        net = make_net(side, [9], given, normalization="batchnorm", dropout=p)
        for seen, y in batches:
            net.loss(seen, y)
        scores.append(net.loss(x))
    assert_close("scores", *scores)


@exercise("fully_connected_net_dropout", kind="edge", needs=(*DROPOUT, *PLAIN))
def test_dropout_net_leaves_inputs(student, rng):
    """loss() does not change the parameters and the input."""
    params, (x, y) = net_params(rng, [6, 9, 8, 4]), batch(rng)
    net = make_net(student, [9, 8], params, dropout=0.5, reg=0.3)
    held = student.put(x)
    net.loss(held, y)
    assert_unchanged("X", student.fetch(held), x)
    for name, before in params.items():
        assert_unchanged(f"params[{name!r}]", net.params[name], before)


@exercise("fully_connected_net_dropout", kind="edge", needs=(*DROPOUT, *PLAIN))
def test_dropout_net_shapes(student, rng):
    """Each gradient has exactly the shape of its parameter."""
    params, (x, y) = net_params(rng, [6, 9, 8, 4]), batch(rng)
    assert_gradients_fit(make_net(student, [9, 8], params, dropout=0.5), x, y, params)


@exercise("learns_part3", kind="learns", needs=("fully_connected_net_dropout", *DROPOUT, *PLAIN, "solver"))
def test_learns(student, pictures, rng):
    """A net with dropout learns to classify unseen pictures by plain gradient descent."""
    net = student.classifiers.fc_net.FullyConnectedNet([64], dropout=0.75, weight_scale=5e-3, dtype=np.float32)
    recipe = {"update_rule": "sgd", "optim_config": {"learning_rate": 1e-3}, "num_epochs": 4}
    assert_learns(student, net, pictures, rng, 2000, least=0.20, batch_size=50, **recipe)


@exercise("accuracy_part3", kind="accuracy")
def test_accuracy(accuracy):
    """The submitted model uses dropout, and classifies pictures that it has not seen in training."""
    require_dropout(accuracy.model)
    accuracy.judge(mark=0.48)


@way("dropout_backward")
def way_of_dropout_backward(student, rng):
    """The gradient comes from a formula."""
    x, dout = rng.normal(size=(2, 12, 20))
    _, cache = student.layers.dropout_forward(x, {"mode": "train", "p": 0.6, "seed": 1})
    student.layers.dropout_backward(dout, cache)

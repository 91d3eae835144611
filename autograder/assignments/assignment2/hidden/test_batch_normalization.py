"""Hidden tests of part 2: batch and layer normalisation, by themselves and in a net; a short training; the model.

Core tests use values so large that eps is negligible, and nets without regularisation, which part 1 tests: where eps
stands, and what is regularised, are edge tests.
"""

import itertools

import numpy as np

from autograder.assignments.assignment2.kit.judge import (
    assert_gradients_fit,
    assert_learns,
    assert_loss_and_gradients,
    require_normalisation,
    set_params,
)
from autograder.judge import (
    CodeError,
    as_array,
    assert_close,
    assert_dtype,
    assert_gradients,
    assert_unchanged,
    exercise,
    numeric_gradient,
    require,
    way,
)

GRADIENTS = ("dx", "dgamma", "dbeta")
RUNNING = ("running_mean", "running_var")
LARGE = 1000.0
"""Values of this size have variances beside which the default eps is negligible, also if it is beside the root."""
PLAIN = ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "loss_layers")
BATCHNORM_NET = ("batchnorm_forward", "batchnorm_backward", *PLAIN, "fully_connected_net")
LAYERNORM_NET = ("layernorm_forward", "layernorm_backward", *PLAIN, "fully_connected_net")


def norm_inputs(rng, n=6, d=5, size=1.0):
    """Return x, gamma, beta and dout of a normalisation layer. The values of x are about as large as ``size``."""
    x = rng.normal(size=(n, d)) * rng.uniform(0.5, 3, size=d) + rng.normal(size=d)
    return size * x, rng.uniform(0.5, 2, size=d), rng.normal(size=d), rng.normal(size=(n, d))


def normalised(x, gamma, beta, axis, eps=1e-5):
    """Return x normalised over the examples (axis 0) or over the features (axis 1), scaled and shifted."""
    mean, variance = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


def running_after(batches, momentum, mean=0.0, variance=0.0):
    """Return the running averages after some batches."""
    for x in batches:
        mean = momentum * mean + (1 - momentum) * x.mean(axis=0)
        variance = momentum * variance + (1 - momentum) * x.var(axis=0)
    return dict(zip(RUNNING, (mean, variance), strict=True))


def train_on(student, batches, gamma, beta, **settings):
    """Return the bn_param of the student's layer after training on some batches."""
    bn_param = student.put({"mode": "train", **settings})
    for x in batches:
        student.layers.batchnorm_forward(x, gamma, beta, bn_param)
    return bn_param


@exercise("batchnorm_forward")
def test_batchnorm_train(student, rng):
    """In training, each feature is normalised over the batch."""
    x, gamma, beta, _ = norm_inputs(rng, n=7, d=6, size=LARGE)
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    assert_close("out", out, normalised(x, gamma, beta, axis=0))


@exercise("batchnorm_forward")
def test_batchnorm_running_averages(student, rng):
    """Training updates the running averages in bn_param."""
    batches = [norm_inputs(rng)[0] for _ in range(4)]
    bn_param = train_on(student, batches, np.ones(5), np.zeros(5))
    for name, expected in running_after(batches, momentum=0.9).items():
        assert_close(f"bn_param[{name!r}]", bn_param[name], expected)


@exercise("batchnorm_forward")
def test_batchnorm_test(student, rng):
    """Test mode normalises with the running averages, then uses gamma and beta."""
    x, gamma, beta, _ = norm_inputs(rng, size=LARGE)
    mean, variance = LARGE * rng.normal(size=5), LARGE**2 * rng.uniform(0.2, 3, size=5)
    bn_param = {"mode": "test", "running_mean": mean, "running_var": variance}
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, bn_param)
    assert_close("out in test mode", out, gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta)


@exercise("batchnorm_forward")
def test_batchnorm_train_then_test(student, rng):
    """Test mode normalises with the running averages that training stores in bn_param."""
    batches = [norm_inputs(rng, size=LARGE)[0] for _ in range(10)]
    x, gamma, beta, _ = norm_inputs(rng, size=LARGE)
    bn_param = train_on(student, batches, gamma, beta)
    bn_param["mode"] = "test"
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, bn_param)
    mean, variance = running_after(batches, momentum=0.9).values()
    assert_close("out in test mode", out, gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta)


@exercise("batchnorm_forward", kind="edge")
def test_batchnorm_small_variances(student, rng):
    """Features with small variances are normalised with eps, which is added to the variance."""
    x, gamma, beta, _ = norm_inputs(rng, n=7, d=6)
    x = x * np.geomspace(2e-3, 5, 6)
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    assert_close("out", out, normalised(x, gamma, beta, axis=0))


@exercise("batchnorm_forward", kind="edge")
def test_batchnorm_small_running_variances(student, rng):
    """Test mode adds eps to the running variance."""
    x, gamma, beta, _ = norm_inputs(rng)
    mean, variance = rng.normal(size=5), np.geomspace(1e-5, 1, 5)
    bn_param = {"mode": "test", "running_mean": mean, "running_var": variance}
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, bn_param)
    assert_close("out in test mode", out, gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta)


@exercise("batchnorm_forward", kind="edge")
def test_batchnorm_settings(student, rng):
    """The eps, the momentum and the first running averages in bn_param are used."""
    batches = [norm_inputs(rng)[0] for _ in range(3)]
    _, gamma, beta, _ = norm_inputs(rng)
    momentum = float(rng.uniform(0.2, 0.4))
    start = {"running_mean": rng.normal(size=5), "running_var": rng.uniform(1, 2, size=5)}
    bn_param = train_on(student, batches, gamma, beta, eps=0.3, momentum=momentum, **start)
    mean, variance = running_after(batches, momentum, *start.values()).values()
    assert_close(f"bn_param['running_mean'] with momentum {momentum:.2f}", bn_param["running_mean"], mean)
    assert_close(f"bn_param['running_var'] with momentum {momentum:.2f}", bn_param["running_var"], variance)
    out, _ = student.layers.batchnorm_forward(batches[0], gamma, beta, bn_param)
    assert_close("out with eps=0.3", out, normalised(batches[0], gamma, beta, axis=0, eps=0.3))
    test = {"mode": "test", "eps": 0.3, **start}
    out, _ = student.layers.batchnorm_forward(batches[0], gamma, beta, test)
    right = gamma * (batches[0] - start["running_mean"]) / np.sqrt(start["running_var"] + 0.3) + beta
    assert_close("out with eps=0.3 in test mode", out, right)


@exercise("batchnorm_forward", kind="edge")
def test_batchnorm_test_changes_nothing(student, rng):
    """Test mode does not change the running averages."""
    x, gamma, beta, _ = norm_inputs(rng)
    before = {"running_mean": rng.normal(size=5), "running_var": rng.uniform(0.2, 3, size=5)}
    bn_param = student.put({"mode": "test", **before})
    student.layers.batchnorm_forward(x, gamma, beta, bn_param)
    for name in RUNNING:
        assert_close(f"bn_param[{name!r}] after test mode", bn_param[name], before[name])


@exercise("batchnorm_forward", kind="edge")
def test_batchnorm_unknown_mode(student, rng):
    """A mode that is neither "train" nor "test" raises ValueError."""
    x, gamma, beta, _ = norm_inputs(rng)
    try:
        student.layers.batchnorm_forward(x, gamma, beta, {"mode": "validate"})
    except CodeError as error:
        require("ValueError" in error.message, f"The mode 'validate' did not raise ValueError. {error.message}")
    else:
        require(False, "The mode 'validate' raised nothing; ValueError is expected.")


@exercise("batchnorm_forward", kind="edge")
def test_batchnorm_one_example(student, rng):
    """A batch of one example gives beta and updates the running averages, and every shape is exact."""
    x, gamma, beta, _ = norm_inputs(rng, n=1)
    bn_param = student.put({"mode": "train", "running_var": np.ones(5)})
    out, _ = student.layers.batchnorm_forward(x, gamma, beta, bn_param)
    assert_close("out", out, beta[None], exact_shape=True)
    assert_close("bn_param['running_mean']", bn_param["running_mean"], 0.1 * x[0], exact_shape=True)
    assert_close("bn_param['running_var']", bn_param["running_var"], np.full(5, 0.9), exact_shape=True)


@exercise("batchnorm_forward", kind="edge")
def test_batchnorm_far_from_zero(student, rng):
    """Features around 10,000 are normalised precisely in float32 too: the mean is subtracted before squaring."""
    _, gamma, beta, _ = norm_inputs(rng, d=20)
    x = rng.normal(1e4, 10, size=(8, 20)).astype(np.float32)
    out, _ = student.layers.batchnorm_forward(x, gamma.astype(np.float32), beta.astype(np.float32), {"mode": "train"})
    assert_close("out", out, normalised(x.astype(np.float64), gamma, beta, axis=0), rtol=2e-3)


@exercise("batchnorm_forward", kind="edge")
def test_batchnorm_float32(student, rng):
    """float32 inputs give float32 outputs, in both modes."""
    x, gamma, beta, _ = (value.astype(np.float32) for value in norm_inputs(rng))
    bn_param = student.put({"mode": "train"})
    for mode in ("train", "test"):
        bn_param["mode"] = mode
        out, _ = student.layers.batchnorm_forward(x, gamma, beta, bn_param)
        assert_dtype(f"out in {mode} mode", out, np.float32)


@exercise("batchnorm_forward", kind="edge")
def test_batchnorm_leaves_inputs(student, rng):
    """x, gamma and beta are not changed, in both modes."""
    given = dict(zip(("x", "gamma", "beta"), norm_inputs(rng), strict=False))
    for mode in ("train", "test"):
        held = {name: student.put(value) for name, value in given.items()}
        student.layers.batchnorm_forward(*held.values(), {"mode": mode, "running_var": np.ones(5)})
        for name, before in given.items():
            assert_unchanged(name, student.fetch(held[name]), before)


def your_gradients(student, kind, rule, inputs, **settings):
    """Return dx, dgamma and dbeta of the student's backward function, with the cache of the student's forward pass."""
    x, gamma, beta, dout = inputs
    _, cache = getattr(student.layers, f"{kind}_forward")(x, gamma, beta, settings)
    dx, dgamma, dbeta = getattr(student.layers, rule)(dout, cache)
    return dict(zip(GRADIENTS, (dx, dgamma, dbeta), strict=True))


def reference_gradients(reference, kind, inputs, **settings):
    """Return the reference's dx, dgamma and dbeta."""
    x, gamma, beta, dout = inputs
    _, cache = getattr(reference.layers, f"{kind}_forward")(x, gamma, beta, settings)
    return dict(zip(GRADIENTS, getattr(reference.layers, f"{kind}_backward")(dout, cache), strict=True))


def numeric_gradients(axis, inputs):
    """Return dx, dgamma and dbeta by numerical differentiation."""
    x, gamma, beta, dout = inputs
    return {
        "dx": numeric_gradient(lambda z: normalised(z, gamma, beta, axis), x, dout, h=1e-5 * LARGE),
        "dgamma": numeric_gradient(lambda z: normalised(x, z, beta, axis), gamma, dout),
        "dbeta": numeric_gradient(lambda z: normalised(x, gamma, z, axis), beta, dout),
    }


def check_dtypes_kept(student, kind, rule, inputs, **settings):
    """Check that all three gradients of float32 inputs are float32."""
    single = [value.astype(np.float32) for value in inputs]
    for name, gradient in your_gradients(student, kind, rule, single, **settings).items():
        assert_dtype(name, gradient, np.float32)


def check_inputs_left(student, kind, rule, inputs, **settings):
    """Check that the backward pass changes neither dout nor the forward pass's inputs, which the cache may hold."""
    held = {name: student.put(value) for name, value in zip(("x", "gamma", "beta", "dout"), inputs, strict=True)}
    x, gamma, beta, dout = held.values()
    _, cache = getattr(student.layers, f"{kind}_forward")(x, gamma, beta, settings)
    shapes = {name: value.shape for name, value in zip(held, inputs, strict=True)}
    before = {name: as_array(name, student.fetch(handle), shapes[name]) for name, handle in held.items()}
    getattr(student.layers, rule)(dout, cache)
    for name, handle in held.items():
        assert_unchanged(name, student.fetch(handle), before[name])


@exercise("batchnorm_backward", needs=("batchnorm_forward",))
def test_batchnorm_gradients(student, reference, rng):
    """dx, dgamma and dbeta are right."""
    inputs = norm_inputs(rng, n=8, d=5, size=LARGE)
    yours = your_gradients(student, "batchnorm", "batchnorm_backward", inputs, mode="train")
    assert_gradients(yours, reference_gradients(reference, "batchnorm", inputs, mode="train"))


@exercise("batchnorm_backward", needs=("batchnorm_forward",))
def test_batchnorm_numeric(student, rng):
    """dx, dgamma and dbeta agree with numerical differentiation."""
    inputs = norm_inputs(rng, n=4, d=3, size=LARGE)
    yours = your_gradients(student, "batchnorm", "batchnorm_backward", inputs, mode="train")
    assert_gradients(yours, numeric_gradients(0, inputs))


@exercise("batchnorm_backward", kind="edge", needs=("batchnorm_forward",))
def test_batchnorm_gradients_eps(student, reference, rng):
    """dx, dgamma and dbeta are right for another eps, and for a feature that is the same in all examples."""
    inputs = norm_inputs(rng)
    inputs[0][:, 2] = 1.5
    yours = your_gradients(student, "batchnorm", "batchnorm_backward", inputs, mode="train", eps=0.2)
    assert_gradients(yours, reference_gradients(reference, "batchnorm", inputs, mode="train", eps=0.2))


@exercise("batchnorm_backward", kind="edge", needs=("batchnorm_forward",))
def test_batchnorm_gradients_one_example(student, rng):
    """For a batch of one example, dx and dgamma are zero, and every shape is exact."""
    inputs = norm_inputs(rng, n=1)
    yours = your_gradients(student, "batchnorm", "batchnorm_backward", inputs, mode="train")
    right = dict(zip(GRADIENTS, (np.zeros((1, 5)), np.zeros(5), inputs[3][0]), strict=True))
    assert_gradients(yours, right, exact_shape=True)


@exercise("batchnorm_backward", kind="edge", needs=("batchnorm_forward",))
def test_batchnorm_gradients_float32(student, rng):
    """float32 stays float32."""
    check_dtypes_kept(student, "batchnorm", "batchnorm_backward", norm_inputs(rng), mode="train")


@exercise("batchnorm_backward", kind="edge", needs=("batchnorm_forward",))
def test_batchnorm_gradients_leave_inputs(student, rng):
    """dout, x, gamma and beta are not changed."""
    check_inputs_left(student, "batchnorm", "batchnorm_backward", norm_inputs(rng), mode="train")


@exercise("batchnorm_backward_alt", needs=("batchnorm_forward",))
def test_batchnorm_alt_gradients(student, reference, rng):
    """dx, dgamma and dbeta are right."""
    inputs = norm_inputs(rng, n=8, d=5, size=LARGE)
    yours = your_gradients(student, "batchnorm", "batchnorm_backward_alt", inputs, mode="train")
    assert_gradients(yours, reference_gradients(reference, "batchnorm", inputs, mode="train"))


@exercise("batchnorm_backward_alt", needs=("batchnorm_forward",))
def test_batchnorm_alt_numeric(student, rng):
    """dx, dgamma and dbeta agree with numerical differentiation."""
    inputs = norm_inputs(rng, n=4, d=3, size=LARGE)
    yours = your_gradients(student, "batchnorm", "batchnorm_backward_alt", inputs, mode="train")
    assert_gradients(yours, numeric_gradients(0, inputs))


@exercise("batchnorm_backward_alt", kind="edge", needs=("batchnorm_forward",))
def test_batchnorm_alt_gradients_eps(student, reference, rng):
    """dx, dgamma and dbeta are right for another eps, and for a feature that is the same in all examples."""
    inputs = norm_inputs(rng)
    inputs[0][:, 2] = 1.5
    yours = your_gradients(student, "batchnorm", "batchnorm_backward_alt", inputs, mode="train", eps=0.2)
    assert_gradients(yours, reference_gradients(reference, "batchnorm", inputs, mode="train", eps=0.2))


@exercise("batchnorm_backward_alt", kind="edge", needs=("batchnorm_forward",))
def test_batchnorm_alt_one_example(student, rng):
    """For a batch of one example, dx and dgamma are zero, and every shape is exact."""
    inputs = norm_inputs(rng, n=1)
    yours = your_gradients(student, "batchnorm", "batchnorm_backward_alt", inputs, mode="train")
    right = dict(zip(GRADIENTS, (np.zeros((1, 5)), np.zeros(5), inputs[3][0]), strict=True))
    assert_gradients(yours, right, exact_shape=True)


@exercise("batchnorm_backward_alt", kind="edge", needs=("batchnorm_forward",))
def test_batchnorm_alt_float32(student, rng):
    """float32 stays float32."""
    check_dtypes_kept(student, "batchnorm", "batchnorm_backward_alt", norm_inputs(rng), mode="train")


@exercise("batchnorm_backward_alt", kind="edge", needs=("batchnorm_forward",))
def test_batchnorm_alt_leaves_inputs(student, rng):
    """dout, x, gamma and beta are not changed."""
    check_inputs_left(student, "batchnorm", "batchnorm_backward_alt", norm_inputs(rng), mode="train")


def row_inputs(rng, n=6, d=5, size=1.0):
    """Return inputs as from `norm_inputs`, but each example has its own mean and scale, not each feature."""
    x = rng.normal(size=(n, d)) * rng.uniform(0.5, 3, size=(n, 1)) + rng.normal(size=(n, 1))
    return size * x, *norm_inputs(rng, n, d)[1:]


@exercise("layernorm_forward")
def test_layernorm_rows(student, rng):
    """Each example is normalised over its own features."""
    x, gamma, beta, _ = row_inputs(rng, n=6, d=7, size=LARGE)
    out, _ = student.layers.layernorm_forward(x, gamma, beta, {})
    assert_close("out", out, normalised(x, gamma, beta, axis=1))


@exercise("layernorm_forward")
def test_layernorm_square(student, rng):
    """The outputs are right for as many examples as features, where a wrong axis does not show in the shapes."""
    x, gamma, beta, _ = row_inputs(rng, n=5, d=5, size=LARGE)
    out, _ = student.layers.layernorm_forward(x, gamma, beta, {})
    assert_close("out", out, normalised(x, gamma, beta, axis=1))


@exercise("layernorm_forward", kind="edge")
def test_layernorm_small_variances(student, rng):
    """Examples with small variances are normalised with eps, which is added to the variance."""
    x, gamma, beta, _ = row_inputs(rng, n=6, d=7)
    x = x * np.geomspace(2e-3, 5, 6)[:, None]
    out, _ = student.layers.layernorm_forward(x, gamma, beta, {})
    assert_close("out", out, normalised(x, gamma, beta, axis=1))


@exercise("layernorm_forward", kind="edge")
def test_layernorm_no_modes(student, rng):
    """Train mode and test mode give the same outputs, and the eps in ln_param is used."""
    x, gamma, beta, _ = row_inputs(rng)
    for mode in ("train", "test"):
        out, _ = student.layers.layernorm_forward(x, gamma, beta, {"mode": mode, "eps": 0.3})
        assert_close(f"out with eps=0.3 and mode={mode!r}", out, normalised(x, gamma, beta, axis=1, eps=0.3))


@exercise("layernorm_forward", kind="edge")
def test_layernorm_one_example(student, rng):
    """The output is right for a single example whose features hardly vary."""
    x, gamma, beta, _ = row_inputs(rng, n=1, d=6)
    x = 3e-3 * x
    out, _ = student.layers.layernorm_forward(x, gamma, beta, {})
    assert_close("out", out, normalised(x, gamma, beta, axis=1), exact_shape=True)


@exercise("layernorm_forward", kind="edge")
def test_layernorm_far_from_zero(student, rng):
    """Features around 10,000 are normalised precisely in float32 too: the mean is subtracted before squaring."""
    _, gamma, beta, _ = norm_inputs(rng, d=8)
    x = rng.normal(1e4, 10, size=(20, 8)).astype(np.float32)
    out, _ = student.layers.layernorm_forward(x, gamma.astype(np.float32), beta.astype(np.float32), {})
    assert_close("out", out, normalised(x.astype(np.float64), gamma, beta, axis=1), rtol=2e-3)


@exercise("layernorm_forward", kind="edge")
def test_layernorm_float32(student, rng):
    """float32 inputs give float32 outputs."""
    x, gamma, beta, _ = (value.astype(np.float32) for value in row_inputs(rng))
    out, _ = student.layers.layernorm_forward(x, gamma, beta, {})
    assert_dtype("out", out, np.float32)


@exercise("layernorm_forward", kind="edge")
def test_layernorm_leaves_inputs(student, rng):
    """x, gamma and beta are not changed."""
    given = dict(zip(("x", "gamma", "beta"), row_inputs(rng), strict=False))
    held = {name: student.put(value) for name, value in given.items()}
    student.layers.layernorm_forward(*held.values(), {})
    for name, before in given.items():
        assert_unchanged(name, student.fetch(held[name]), before)


@exercise("layernorm_backward", needs=("layernorm_forward",))
def test_layernorm_gradients(student, reference, rng):
    """dx, dgamma and dbeta are right."""
    inputs = row_inputs(rng, n=5, d=8, size=LARGE)
    yours = your_gradients(student, "layernorm", "layernorm_backward", inputs)
    assert_gradients(yours, reference_gradients(reference, "layernorm", inputs))


@exercise("layernorm_backward", needs=("layernorm_forward",))
def test_layernorm_numeric(student, rng):
    """dx, dgamma and dbeta agree with numerical differentiation."""
    inputs = row_inputs(rng, n=4, d=4, size=LARGE)
    yours = your_gradients(student, "layernorm", "layernorm_backward", inputs)
    assert_gradients(yours, numeric_gradients(1, inputs))


@exercise("layernorm_backward", kind="edge", needs=("layernorm_forward",))
def test_layernorm_gradients_eps(student, reference, rng):
    """dx, dgamma and dbeta are right for another eps, and for an example whose features are all the same."""
    inputs = row_inputs(rng)
    inputs[0][2] = 1.5
    yours = your_gradients(student, "layernorm", "layernorm_backward", inputs, eps=0.2)
    assert_gradients(yours, reference_gradients(reference, "layernorm", inputs, eps=0.2))


@exercise("layernorm_backward", kind="edge", needs=("layernorm_forward",))
def test_layernorm_gradients_one_example(student, reference, rng):
    """dx, dgamma and dbeta are right for a single example, and every shape is exact."""
    inputs = row_inputs(rng, n=1, d=6)
    yours = your_gradients(student, "layernorm", "layernorm_backward", inputs)
    assert_gradients(yours, reference_gradients(reference, "layernorm", inputs), exact_shape=True)


@exercise("layernorm_backward", kind="edge", needs=("layernorm_forward",))
def test_layernorm_gradients_float32(student, rng):
    """float32 stays float32."""
    check_dtypes_kept(student, "layernorm", "layernorm_backward", row_inputs(rng))


@exercise("layernorm_backward", kind="edge", needs=("layernorm_forward",))
def test_layernorm_gradients_leave_inputs(student, rng):
    """dout, x, gamma and beta are not changed."""
    check_inputs_left(student, "layernorm", "layernorm_backward", row_inputs(rng))


IN_NETS = 1000.0
"""The size of the inputs and of all hidden layers' outputs but the last: eps is negligible in each layer."""


def net_params(rng, dims):
    """Return parameters of a normalised net: none is small, no gamma is near one and no beta near zero."""
    params = {}
    for i, (d, h) in enumerate(itertools.pairwise(dims), start=1):
        params[f"W{i}"], params[f"b{i}"] = rng.normal(size=(d, h)) * 0.7, rng.normal(size=h)
        if i < len(dims) - 1:
            size = 1.0 if i == len(dims) - 2 else IN_NETS  # the scores must stay small: the loss must not saturate
            params[f"gamma{i}"] = size * rng.uniform(1.2, 2, size=h)
            params[f"beta{i}"] = size * rng.uniform(0.2, 1, size=h)
    return params


def net_batch(rng, *shape):
    """Return inputs of a net, and labels."""
    return IN_NETS * rng.normal(size=shape), rng.integers(4, size=shape[0])


def nets(student, reference, rng, normalization, hidden, reg=0.0):
    """Return the student's net and the reference's, in float64, with the same parameters, and the parameters."""
    params = net_params(rng, [6, *hidden, 4])
    options = {"input_dim": 6, "num_classes": 4, "normalization": normalization, "reg": reg, "dtype": np.float64}
    made = [side.classifiers.fc_net.FullyConnectedNet(hidden, **options) for side in (student, reference)]
    for net in made:
        set_params(net, params)
    return (*made, params)


def check_start(student, normalization):
    """Check gamma and beta of each hidden layer: their names, shapes and first values."""
    options = {"input_dim": 9, "num_classes": 3, "weight_scale": 0.5, "normalization": normalization}
    net = student.classifiers.fc_net.FullyConnectedNet([8, 5], **options)
    for name, size, value in (("gamma1", 8, 1), ("beta1", 8, 0), ("gamma2", 5, 1), ("beta2", 5, 0)):
        array = as_array(f"params[{name!r}]", net.params[name], (size,))
        require(bool((array == value).all()), f"params[{name!r}] does not start as {'ones' if value else 'zeros'}.")


def check_extras(student, normalization):
    """Check that the scores have no gamma and beta, and that gammas and betas have the net's dtype."""
    for dtype in (np.float32, np.float64):
        options = {"input_dim": 9, "num_classes": 3, "normalization": normalization, "dtype": dtype}
        params = student.fetch(student.classifiers.fc_net.FullyConnectedNet([8, 5], **options).params)
        for name in ("gamma3", "beta3"):
            require(name not in params, f"There is a {name!r}, but the scores of the last layer are not normalised.")
        for name in ("gamma1", "beta2"):
            assert_dtype(f"params[{name!r}]", params[name], dtype)


def check_net_leaves_inputs(net, params, student, rng):
    """Check that loss() changes neither X nor a parameter."""
    x = rng.normal(size=(5, 6))
    held = student.put(x)
    net.loss(held, rng.integers(4, size=5))
    assert_unchanged("X", student.fetch(held), x)
    for name, before in params.items():
        assert_unchanged(f"params[{name!r}]", net.params[name], before)


def train_alike(net, right, rng, steps=6):
    """Show both nets the same batches."""
    for _ in range(steps):
        x, y = net_batch(rng, 7, 6)
        net.loss(x, y)
        right.loss(x, y)


@exercise("fully_connected_net_batchnorm", needs=("fully_connected_net",))
def test_batchnorm_net_start(student):
    """Each hidden layer has a gamma of ones and a beta of zeros, one number for each unit."""
    check_start(student, "batchnorm")


@exercise("fully_connected_net_batchnorm", needs=BATCHNORM_NET)
def test_batchnorm_net_loss(student, reference, rng):
    """Loss and gradients without regularisation are right."""
    net, right, params = nets(student, reference, rng, "batchnorm", [5, 7])
    assert_loss_and_gradients(net, right, *net_batch(rng, 8, 6), params)


@exercise("fully_connected_net_batchnorm", kind="edge", needs=BATCHNORM_NET)
def test_batchnorm_net_regularised(student, reference, rng):
    """Loss and gradients with regularisation, which is for the weights only, are right."""
    net, right, params = nets(student, reference, rng, "batchnorm", [5, 4, 6], reg=0.9)
    assert_loss_and_gradients(net, right, *net_batch(rng, 8, 6), params)


@exercise("fully_connected_net_batchnorm", needs=BATCHNORM_NET)
def test_batchnorm_net_scores(student, reference, rng):
    """After some training batches, the scores come from the running averages."""
    net, right, _ = nets(student, reference, rng, "batchnorm", [5, 7])
    train_alike(net, right, rng)
    x, _ = net_batch(rng, 5, 6)
    assert_close("scores", net.loss(x), right.loss(x))


@exercise("fully_connected_net_batchnorm", kind="edge", needs=BATCHNORM_NET)
def test_batchnorm_net_averages_apart(student, reference, rng):
    """Layers of equal size keep separate running averages, and test mode does not change them."""
    net, right, _ = nets(student, reference, rng, "batchnorm", [6, 6, 6])
    train_alike(net, right, rng)
    for x in rng.normal(size=(3, 4, 6)):
        assert_close("scores", net.loss(x), right.loss(x))


@exercise("fully_connected_net_batchnorm", kind="edge", needs=BATCHNORM_NET)
def test_batchnorm_net_averages_in_order(student, reference, rng):
    """The first dictionary in bn_params holds the running averages of the first hidden layer, and so on."""
    net, right, _ = nets(student, reference, rng, "batchnorm", [5, 7, 4])
    train_alike(net, right, rng, steps=2)
    held = student.fetch(net.bn_params)
    for i, name in itertools.product(range(3), RUNNING):
        require(name in held[i], f"bn_params[{i}] holds no {name!r} after two batches: does the layer get it?")
        assert_close(f"bn_params[{i}][{name!r}]", held[i][name], right.bn_params[i][name])


@exercise("fully_connected_net_batchnorm", kind="edge", needs=BATCHNORM_NET)
def test_batchnorm_net_pictures(student, reference, rng):
    """Loss and gradients are right for one hidden layer and for pictures as input."""
    net, right, params = nets(student, reference, rng, "batchnorm", [5])
    assert_loss_and_gradients(net, right, *net_batch(rng, 7, 1, 2, 3), params)


@exercise("fully_connected_net_batchnorm", kind="edge", needs=("fully_connected_net",))
def test_batchnorm_net_extras(student):
    """The last layer has no gamma and no beta, and those of the other layers have the type dtype."""
    check_extras(student, "batchnorm")


@exercise("fully_connected_net_batchnorm", kind="edge", needs=BATCHNORM_NET)
def test_batchnorm_net_leaves_inputs(student, reference, rng):
    """loss() does not change the parameters and the input."""
    net, _, params = nets(student, reference, rng, "batchnorm", [5, 4], reg=0.5)
    check_net_leaves_inputs(net, params, student, rng)


@exercise("fully_connected_net_batchnorm", kind="edge", needs=BATCHNORM_NET)
def test_batchnorm_net_shapes(student, reference, rng):
    """Each gradient has exactly the shape of its parameter."""
    net, _, params = nets(student, reference, rng, "batchnorm", [5, 7])
    assert_gradients_fit(net, *net_batch(rng, 8, 6), params)


@exercise("fully_connected_net_layernorm", needs=("fully_connected_net",))
def test_layernorm_net_start(student):
    """Each hidden layer has a gamma of ones and a beta of zeros, one number for each unit."""
    check_start(student, "layernorm")


@exercise("fully_connected_net_layernorm", needs=LAYERNORM_NET)
def test_layernorm_net_scores(student, reference, rng):
    """The scores are right: the hidden layers normalise each example by itself."""
    net, right, _ = nets(student, reference, rng, "layernorm", [5, 7])
    x, _ = net_batch(rng, 4, 6)
    assert_close("scores", net.loss(x), right.loss(x))


@exercise("fully_connected_net_layernorm", needs=LAYERNORM_NET)
def test_layernorm_net_loss(student, reference, rng):
    """Loss and gradients without regularisation are right."""
    net, right, params = nets(student, reference, rng, "layernorm", [5, 7])
    assert_loss_and_gradients(net, right, *net_batch(rng, 6, 6), params)


@exercise("fully_connected_net_layernorm", kind="edge", needs=LAYERNORM_NET)
def test_layernorm_net_regularised(student, reference, rng):
    """Loss and gradients with regularisation, which is for the weights only, are right."""
    net, right, params = nets(student, reference, rng, "layernorm", [5, 4, 6], reg=0.9)
    assert_loss_and_gradients(net, right, *net_batch(rng, 6, 6), params)


@exercise("fully_connected_net_layernorm", kind="edge", needs=LAYERNORM_NET)
def test_layernorm_net_one_picture(student, reference, rng):
    """Loss and gradients are right for a single picture and one hidden layer."""
    net, right, params = nets(student, reference, rng, "layernorm", [5])
    assert_loss_and_gradients(net, right, *net_batch(rng, 1, 1, 2, 3), params)


@exercise("fully_connected_net_layernorm", kind="edge", needs=("fully_connected_net",))
def test_layernorm_net_extras(student):
    """The last layer has no gamma and no beta, and those of the other layers have the type dtype."""
    check_extras(student, "layernorm")


@exercise("fully_connected_net_layernorm", kind="edge", needs=LAYERNORM_NET)
def test_layernorm_net_leaves_inputs(student, reference, rng):
    """loss() does not change the parameters and the input."""
    net, _, params = nets(student, reference, rng, "layernorm", [5, 4], reg=0.5)
    check_net_leaves_inputs(net, params, student, rng)


@exercise("fully_connected_net_layernorm", kind="edge", needs=LAYERNORM_NET)
def test_layernorm_net_shapes(student, reference, rng):
    """Each gradient has exactly the shape of its parameter."""
    net, _, params = nets(student, reference, rng, "layernorm", [5, 7])
    assert_gradients_fit(net, *net_batch(rng, 6, 6), params)


@exercise("learns_part2", kind="learns", needs=("fully_connected_net_batchnorm", *BATCHNORM_NET, "solver"))
def test_learns(student, pictures, rng):
    """A net with batch normalisation learns to classify unseen pictures by plain gradient descent."""
    options = {"normalization": "batchnorm", "weight_scale": 1e-2, "dtype": np.float32}
    net = student.classifiers.fc_net.FullyConnectedNet([64], **options)
    recipe = {"update_rule": "sgd", "optim_config": {"learning_rate": 0.1}, "num_epochs": 4}
    assert_learns(student, net, pictures, rng, 2000, least=0.22, batch_size=50, **recipe)


@exercise("accuracy_part2", kind="accuracy")
def test_accuracy(student, accuracy):
    """The submitted model uses normalisation, and classifies pictures that it has not seen in training."""
    require_normalisation(student, accuracy.model)
    accuracy.judge(mark=0.50)


@way("batchnorm_backward")
def way_of_batchnorm_backward(student, rng):
    """The gradients come from formulas."""
    x, gamma, beta, dout = norm_inputs(rng, n=24, d=16)
    _, cache = student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    student.layers.batchnorm_backward(dout, cache)


@way("batchnorm_backward_alt", unlike=True)
def way_of_batchnorm_backward_alt(student, rng):
    """The gradients come from one simplified expression, not from the solution node by node."""
    x, gamma, beta, dout = norm_inputs(rng, n=24, d=16)
    _, cache = student.layers.batchnorm_forward(x, gamma, beta, {"mode": "train"})
    student.layers.batchnorm_backward(dout, cache)
    student.layers.batchnorm_backward_alt(dout, cache)


@way("layernorm_backward")
def way_of_layernorm_backward(student, rng):
    """The gradients come from formulas."""
    x, gamma, beta, dout = norm_inputs(rng, n=16, d=24)
    _, cache = student.layers.layernorm_forward(x, gamma, beta, {})
    student.layers.layernorm_backward(dout, cache)

"""The reference agrees with PyTorch: layers, update rules and nets, with autograd's gradients, in float64.

These tests need the extra `pytorch`. They test neither submissions nor the compiled extension, which this course lacks.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from autograder.checks.code_under_test import CodeUnderTest, Handle
from autograder.course import Course
from autograder.judge.reference import reference

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[pytorch]'")
torch.set_num_threads(1)
functional = torch.nn.functional

Function = Callable[..., Any]
Shape = tuple[int, ...]
Random = np.random.Generator

few = settings(max_examples=12)
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 5)


@pytest.fixture(scope="module")
def solution(course: Course) -> CodeUnderTest:
    """Return the course's reference solution."""
    return CodeUnderTest(reference(course.assignment))


@pytest.fixture
def rng() -> Random:
    """Return the random numbers of one test."""
    return np.random.default_rng(231)


def assert_same(actual: object, expected: Any, name: str = "") -> None:
    """Check that shapes, types and values agree, as precisely as float64 allows for numbers of about 1."""
    np.testing.assert_allclose(actual, np.asarray(expected), rtol=1e-9, atol=1e-12, strict=True, err_msg=name)


def autograd(
    function: Function, inputs: Iterable[np.ndarray], dout: np.ndarray | None = None
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the value of a function of tensors at these arrays, and the gradient for each array."""
    leaves = [torch.tensor(array, requires_grad=True) for array in inputs]
    out = function(*leaves)
    gradients = torch.autograd.grad(out, leaves, None if dout is None else torch.tensor(dout))
    return out.detach().numpy(), [gradient.numpy() for gradient in gradients]


def assert_layer(
    forward: Function, backward: Function, function: Function, inputs: Sequence[np.ndarray], *options: object
) -> None:
    """Check that a layer's output and gradients are those of a function of tensors."""
    out, cache = forward(*inputs, *options)
    dout = np.random.default_rng(out.size).normal(size=out.shape)
    expected, expected_gradients = autograd(function, inputs, dout)
    assert_same(out, expected, "out")
    gradients = backward(dout, cache)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    for number, (actual, right) in enumerate(zip(gradients, expected_gradients, strict=True)):
        assert_same(actual, right, f"gradient {number}")


def affine(x: Any, w: Any, b: Any) -> Any:
    """Return the affine layer's output; PyTorch stores the transposed weights."""
    return functional.linear(x.flatten(1), w.T, b)


@few
@given(seeds, array_shapes(min_dims=2, max_dims=4, max_side=5), sizes)
def test_affine(solution: CodeUnderTest, seed: int, shape: Shape, units: int) -> None:
    """Examples of any shape are flattened; gradients come back in their shape."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=shape), rng.normal(size=(int(np.prod(shape[1:])), units)), rng.normal(size=units)
    layers, joined = solution.layers, solution.layer_utils
    assert_layer(layers.affine_forward, layers.affine_backward, affine, inputs)
    assert_layer(
        joined.affine_relu_forward, joined.affine_relu_backward, lambda *tensors: affine(*tensors).relu(), inputs
    )


@few
@given(arrays(np.float64, array_shapes(max_dims=4, max_side=4), elements=st.floats(-10, 10)))
def test_relu(solution: CodeUnderTest, x: np.ndarray) -> None:
    """The inputs include zero, where both use the gradient 0."""
    assert_layer(solution.layers.relu_forward, solution.layers.relu_backward, functional.relu, [x])


def margins(scores: Any, y: Any) -> Any:
    """Return the hinge loss; PyTorch also divides by the number of classes."""
    return functional.multi_margin_loss(scores, y) * scores.shape[1]


@pytest.mark.parametrize(
    ("loss", "function"), [("softmax_loss", functional.cross_entropy), ("svm_loss", margins)], ids=["softmax", "svm"]
)
@few
@given(seeds, sizes, sizes, st.sampled_from([1e-3, 1.0, 1e4]))
def test_losses(
    solution: CodeUnderTest, loss: str, function: Function, seed: int, examples: int, classes: int, scale: float
) -> None:
    """Mean loss and its gradient, for small scores and for scores that make `exp` overflow."""
    rng = np.random.default_rng(seed)
    scores, y = scale * rng.normal(size=(examples, classes)), rng.integers(classes, size=examples)
    expected, (gradient,) = autograd(lambda scores: function(scores, torch.tensor(y)), [scores])
    actual, dx = getattr(solution.layers, loss)(scores, y)
    assert_same(actual, expected, "loss")
    assert_same(dx, gradient, "dx")


def batchnorm(x: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
    """Return batch normalisation in train mode, without running averages, for rows and for pictures."""
    return functional.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)


def normalisation_inputs(rng: Random, *shape: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x with features of different mean and scale, gamma and beta."""
    features = (shape[1],) + (1,) * (len(shape) - 2)
    x = rng.normal(size=shape) * rng.uniform(0.5, 3, size=features) + rng.normal(size=features)
    return x, rng.normal(size=shape[1]), rng.normal(size=shape[1])


EPS = pytest.mark.parametrize("options", [{}, {"eps": 0.1}], ids=["usual eps", "large eps"])


@EPS
@pytest.mark.parametrize("backward", ["batchnorm_backward", "batchnorm_backward_alt"])
def test_batchnorm(solution: CodeUnderTest, rng: Random, backward: str, options: dict[str, float]) -> None:
    """Train mode, with both versions of the backward pass."""
    assert_layer(
        solution.layers.batchnorm_forward,
        getattr(solution.layers, backward),
        lambda *tensors: batchnorm(*tensors, **options),
        normalisation_inputs(rng, 7, 4),
        {"mode": "train", **options},
    )


@EPS
def test_spatial_batchnorm(solution: CodeUnderTest, rng: Random, options: dict[str, float]) -> None:
    """Train mode: statistics over pictures, rows and columns."""
    assert_layer(
        solution.layers.spatial_batchnorm_forward,
        solution.layers.spatial_batchnorm_backward,
        lambda *tensors: batchnorm(*tensors, **options),
        normalisation_inputs(rng, 3, 4, 2, 5),
        {"mode": "train", **options},
    )


class Averages:
    """PyTorch's running averages, in the course's conventions.

    PyTorch's momentum is the weight of the new batch; the course's momentum is the weight of the old average. PyTorch
    also averages the unbiased variance, which is n / (n - 1) times the course's biased variance if n numbers make one
    statistic. So its running variance is scaled by this factor.
    """

    def __init__(self, mean: np.ndarray, var: np.ndarray, n: int) -> None:
        self.unbiased = n / (n - 1)
        self.memory = torch.tensor(mean), torch.tensor(var * self.unbiased)

    def train(self, x: Any, gamma: Any, beta: Any, momentum: float = 0.9, eps: float = 1e-5) -> Any:
        """Normalise by the batch's statistics, and update the running averages."""
        return functional.batch_norm(x, *self.memory, gamma, beta, training=True, momentum=1 - momentum, eps=eps)

    def test(self, x: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
        """Normalise by the running averages."""
        mean, var = self.memory
        return functional.batch_norm(x, mean, var / self.unbiased, gamma, beta, training=False, eps=eps)

    def assert_same_as(self, bn_param: Handle) -> None:
        """Check that the layer's running averages equal these."""
        mean, var = self.memory
        assert_same(bn_param["running_mean"], mean, "running_mean")
        assert_same(bn_param["running_var"], var / self.unbiased, "running_var")


@pytest.mark.parametrize("options", [{}, {"momentum": 0.6, "eps": 0.1}], ids=["defaults", "settings"])
@pytest.mark.parametrize("start", [False, True], ids=["from zero", "from given averages"])
@pytest.mark.parametrize(
    ("forward", "shape"), [("batchnorm_forward", (6, 3)), ("spatial_batchnorm_forward", (2, 3, 4, 2))]
)
def test_running_averages(
    solution: CodeUnderTest, rng: Random, forward: str, shape: Shape, start: bool, options: dict[str, float]
) -> None:
    """The running averages follow three batches; test mode uses them and does not change them."""
    normalise = getattr(solution.layers, forward)
    mean, var = (rng.normal(size=3), rng.uniform(0.5, 2, size=3)) if start else (np.zeros(3), np.zeros(3))
    given_averages = {"running_mean": mean, "running_var": var} if start else {}
    bn_param = solution.put({"mode": "train", **options, **given_averages})
    averages = Averages(mean, var, n=int(np.prod(shape)) // 3)
    for _ in range(3):
        inputs = normalisation_inputs(rng, *shape)
        out, _ = normalise(*inputs, bn_param)
        assert_same(out, averages.train(*map(torch.tensor, inputs), **options), "out in train mode")
        averages.assert_same_as(bn_param)

    bn_param["mode"] = "test"
    inputs = normalisation_inputs(rng, *shape)
    out, _ = normalise(*inputs, bn_param)
    eps = options.get("eps", 1e-5)
    assert_same(out, averages.test(*map(torch.tensor, inputs), eps=eps), "out in test mode")
    averages.assert_same_as(bn_param)


def layernorm(x: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
    """Return layer normalisation, over the features of each row."""
    return functional.layer_norm(x, x.shape[1:], gamma, beta, eps)


@EPS
def test_layernorm(solution: CodeUnderTest, rng: Random, options: dict[str, float]) -> None:
    """Statistics over the features of each row."""
    assert_layer(
        solution.layers.layernorm_forward,
        solution.layers.layernorm_backward,
        lambda *tensors: layernorm(*tensors, **options),
        normalisation_inputs(rng, 4, 7),
        options,
    )


@few
@given(seeds, st.integers(1, 3), st.integers(1, 3), st.integers(2, 4), sizes, st.sampled_from([1e-5, 0.1]))
def test_spatial_groupnorm(
    solution: CodeUnderTest, seed: int, groups: int, each: int, height: int, width: int, eps: float
) -> None:
    """Any number of groups and of channels in a group; gamma, beta and their gradients have four dimensions."""
    rng = np.random.default_rng(seed)
    x, gamma, beta = normalisation_inputs(rng, 2, groups * each, height, width)
    assert_layer(
        solution.layers.spatial_groupnorm_forward,
        solution.layers.spatial_groupnorm_backward,
        lambda x, gamma, beta: functional.group_norm(x, groups, gamma.flatten(), beta.flatten(), eps),
        (x, gamma.reshape(1, -1, 1, 1), beta.reshape(1, -1, 1, 1)),
        groups,
        {"eps": eps},
    )


@few
@given(seeds, array_shapes(max_dims=4, max_side=4), st.floats(0.1, 1))
def test_dropout(solution: CodeUnderTest, seed: int, shape: Shape, keep: float) -> None:
    """PyTorch uses the mask of the forward pass; in test mode the layer changes nothing."""
    forward, backward = solution.layers.dropout_forward, solution.layers.dropout_backward
    param, x = {"p": keep, "seed": seed}, np.random.default_rng(seed).normal(size=shape)
    _, cache = forward(x, {"mode": "train", **param})
    mask = torch.tensor(cache[1])
    assert_layer(forward, backward, lambda x: x * mask, [x], {"mode": "train", **param})
    assert_layer(forward, backward, lambda x: functional.dropout(x, training=False), [x], {"mode": "test", **param})


@pytest.mark.parametrize("keep", [0.2, 0.7])
def test_dropout_mask(solution: CodeUnderTest, keep: float) -> None:
    """The mask has PyTorch's values, about as often. PyTorch's p is the probability to drop, the course's to keep."""
    ones = np.ones((100, 100))
    mask, _ = solution.layers.dropout_forward(ones, {"mode": "train", "p": keep, "seed": 1})
    torch.manual_seed(1)
    expected = functional.dropout(torch.tensor(ones), 1 - keep).numpy()
    assert_same(np.unique(mask), np.unique(expected))
    assert (mask != 0).mean() == pytest.approx((expected != 0).mean(), abs=0.03)  # more than four standard deviations


CONVOLUTIONS = {
    "same size": ((2, 3, 5, 6), (4, 3, 3, 3), 1, 1),
    "no padding": ((3, 2, 5, 6), (4, 2, 3, 3), 1, 0),
    "stride 2": ((2, 3, 7, 5), (3, 3, 3, 3), 2, 1),
    "stride 2, no padding": ((2, 1, 6, 8), (3, 1, 2, 4), 2, 0),
    "oblong filters, stride 3": ((2, 2, 5, 9), (3, 2, 3, 4), 3, 2),
    "stride beyond the filter": ((2, 2, 7, 4), (2, 2, 1, 1), 3, 0),
    "1x1 in a wide border": ((1, 2, 3, 2), (2, 2, 1, 1), 1, 2),
    "as large as the picture": ((2, 2, 4, 3), (3, 2, 4, 3), 1, 0),
    "a rest that no place covers": ((2, 2, 6, 8), (2, 2, 3, 3), 2, 0),
}
SPEEDS = pytest.mark.parametrize("speed", ["naive", "fast"])


def layers_by_speed(solution: CodeUnderTest, layer: str, speed: str) -> tuple[Function, Function]:
    """Return the forward and backward functions of a layer, naive or fast."""
    module = solution.layers if speed == "naive" else solution.fast_layers
    return getattr(module, f"{layer}_forward_{speed}"), getattr(module, f"{layer}_backward_{speed}")


def convolution_inputs(rng: Random, pictures: Shape, filters: Shape) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, w and b."""
    return rng.normal(size=pictures), rng.normal(size=filters), rng.normal(size=filters[0])


@SPEEDS
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution(solution: CodeUnderTest, rng: Random, case: str, speed: str) -> None:
    """Strides, paddings and sizes of all kinds."""
    pictures, filters, stride, pad = CONVOLUTIONS[case]
    assert_layer(
        *layers_by_speed(solution, "conv", speed),
        lambda *tensors: functional.conv2d(*tensors, stride=stride, padding=pad),
        convolution_inputs(rng, pictures, filters),
        {"stride": stride, "pad": pad},
    )


POOLS = {
    "2x2": ((2, 3, 4, 6), 2, 2, 2),
    "overlapping": ((2, 3, 5, 7), 3, 3, 2),
    "overlapping, stride 1": ((2, 2, 4, 5), 2, 3, 1),
    "oblong": ((2, 3, 6, 4), 3, 1, 3),
    "stride beyond the window": ((2, 1, 5, 8), 2, 2, 3),
    "the whole picture": ((2, 3, 4, 3), 4, 3, 1),
    "a rest that no window covers": ((1, 2, 5, 6), 2, 3, 2),
}


@SPEEDS
@pytest.mark.parametrize("case", POOLS)
def test_max_pooling(solution: CodeUnderTest, rng: Random, case: str, speed: str) -> None:
    """Windows of all kinds, all pixels different."""
    shape, height, width, stride = POOLS[case]
    x = rng.permutation(int(np.prod(shape))).reshape(shape) / 10 - 3
    assert_layer(
        *layers_by_speed(solution, "max_pool", speed),
        lambda x: functional.max_pool2d(x, (height, width), stride),
        [x],
        {"pool_height": height, "pool_width": width, "stride": stride},
    )


def test_convolution_sandwiches(solution: CodeUnderTest, rng: Random) -> None:
    """A convolution with a ReLU, with batch norm before the ReLU, and with pooling after it."""
    joined, inputs = solution.layer_utils, convolution_inputs(rng, (3, 2, 6, 4), (4, 2, 3, 3))
    conv_param, scales = {"stride": 1, "pad": 1}, (rng.normal(size=4), rng.normal(size=4))

    def convolve(x: Any, w: Any, b: Any) -> Any:
        return functional.conv2d(x, w, b, padding=1)

    assert_layer(
        joined.conv_relu_forward,
        joined.conv_relu_backward,
        lambda *tensors: convolve(*tensors).relu(),
        inputs,
        conv_param,
    )
    assert_layer(
        joined.conv_bn_relu_forward,
        joined.conv_bn_relu_backward,
        lambda x, w, b, gamma, beta: batchnorm(convolve(x, w, b), gamma, beta).relu(),
        (*inputs, *scales),
        conv_param,
        {"mode": "train"},
    )
    assert_layer(
        joined.conv_relu_pool_forward,
        joined.conv_relu_pool_backward,
        lambda *tensors: functional.max_pool2d(convolve(*tensors).relu(), 2),
        inputs,
        conv_param,
        {"pool_height": 2, "pool_width": 2, "stride": 2},
    )


# PyTorch's velocity points up the gradient, and PyTorch multiplies it by the learning rate only when it moves the
# parameter. The steps are the same while the learning rate is constant. PyTorch's RMSprop and Adam add epsilon to the
# root, like the course's.
RULES = [
    ("sgd", None, torch.optim.SGD, {"lr": 1e-2}),
    ("sgd", {"learning_rate": 0.5}, torch.optim.SGD, {"lr": 0.5}),
    ("sgd_momentum", None, torch.optim.SGD, {"lr": 1e-2, "momentum": 0.9}),
    ("sgd_momentum", {"learning_rate": 0.1, "momentum": 0.5}, torch.optim.SGD, {"lr": 0.1, "momentum": 0.5}),
    ("rmsprop", None, torch.optim.RMSprop, {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8}),
    (
        "rmsprop",
        {"learning_rate": 0.1, "decay_rate": 0.7, "epsilon": 0.3},
        torch.optim.RMSprop,
        {"lr": 0.1, "alpha": 0.7, "eps": 0.3},
    ),
    ("adam", None, torch.optim.Adam, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}),
    (
        "adam",
        {"learning_rate": 0.1, "beta1": 0.6, "beta2": 0.8, "epsilon": 0.3},
        torch.optim.Adam,
        {"lr": 0.1, "betas": (0.6, 0.8), "eps": 0.3},
    ),
]
MEMORY = {
    "sgd": {},
    "sgd_momentum": {"velocity": "momentum_buffer"},
    "rmsprop": {"cache": "square_avg"},
    "adam": {"m": "exp_avg", "v": "exp_avg_sq"},
}


@pytest.mark.parametrize(("name", "config", "kind", "options"), RULES)
def test_update_rules(
    solution: CodeUnderTest,
    rng: Random,
    name: str,
    config: dict[str, float] | None,
    kind: Function,
    options: dict[str, Any],
) -> None:
    """Eight steps with gradients of every size, and the rule's state after each step; by default and with settings."""
    rule, w, state = getattr(solution.optim, name), rng.normal(size=(3, 4)), config
    leaf = torch.tensor(w, requires_grad=True)
    optimiser = kind([leaf], **options)
    for step in range(1, 9):
        dw = rng.normal(size=w.shape) * 10.0 ** rng.integers(-3, 2)
        leaf.grad = torch.tensor(dw)
        optimiser.step()
        w, state = rule(w, dw, state)
        assert_same(w, leaf.detach(), f"w after step {step}")
        for ours, theirs in MEMORY[name].items():
            scale = -options["lr"] if ours == "velocity" else 1
            assert_same(state[ours], scale * optimiser.state[leaf][theirs], f"{ours} after step {step}")
        if name == "adam":
            assert state["t"] == step


def draw_parameters(solution: CodeUnderTest, net: Handle, rng: Random) -> None:
    """Draw a net's parameters so large that each one matters."""
    for name, value in solution.fetch(net.params).items():
        net.params[name] = 0.5 * rng.normal(size=value.shape)


def parameters(solution: CodeUnderTest, net: Handle) -> dict[str, Any]:
    """Return a net's parameters as tensors."""
    return {name: torch.tensor(value) for name, value in solution.fetch(net.params).items()}


def assert_net(solution: CodeUnderTest, net: Handle, scores: Function, X: Any, y: Any, reg: float) -> None:
    """Check that a net's loss and its gradients equal those of scores that PyTorch computes."""
    params = solution.fetch(net.params)

    def regularised(*leaves: Any) -> Any:
        tensors = dict(zip(params, leaves, strict=True))
        weights = sum((tensor**2).sum() for name, tensor in tensors.items() if name.startswith("W"))
        return functional.cross_entropy(scores(torch.tensor(X), tensors), torch.tensor(y)) + reg / 2 * weights

    expected, gradients = autograd(regularised, params.values())
    loss, grads = net.loss(X, y)
    assert_same(loss, expected, "loss")
    grads = solution.fetch(grads)
    assert grads.keys() == params.keys()
    for name, gradient in zip(params, gradients, strict=True):
        assert_same(grads[name], gradient, name)


def fully_connected(X: Any, params: dict[str, Any], norms: Sequence[Function] = (), masks: Sequence[Any] = ()) -> Any:
    """Return the scores of a fully connected net; norms and masks belong to its hidden layers."""
    depth, hidden = sum(name.startswith("W") for name in params), X
    for i in range(1, depth):
        hidden = affine(hidden, params[f"W{i}"], params[f"b{i}"])
        if norms:
            hidden = norms[i - 1](hidden, params[f"gamma{i}"], params[f"beta{i}"])
        hidden = hidden.relu()
        if masks:
            hidden = hidden * masks[i - 1]
    return affine(hidden, params[f"W{depth}"], params[f"b{depth}"])


REG = pytest.mark.parametrize("reg", [0.0, 0.7])


@REG
def test_two_layer_net(solution: CodeUnderTest, rng: Random, reg: float) -> None:
    """Loss, gradients and scores."""
    net = solution.classifiers.fc_net.TwoLayerNet(input_dim=6, hidden_dim=7, num_classes=4, reg=reg)
    draw_parameters(solution, net, rng)
    X, y = rng.normal(size=(5, 2, 3)), rng.integers(4, size=5)
    assert_net(solution, net, fully_connected, X, y, reg)
    assert_same(net.loss(X), fully_connected(torch.tensor(X), parameters(solution, net)), "scores")


@REG
@pytest.mark.parametrize("keep", [1, 0.6])
@pytest.mark.parametrize("normalization", [None, "batchnorm", "layernorm"])
def test_fully_connected_net(
    solution: CodeUnderTest, rng: Random, normalization: str | None, keep: float, reg: float
) -> None:
    """Three layers with normalisation and dropout: two batches' losses and gradients, then scores in test mode."""
    n, hidden, seed = 6, (8, 7), 3
    net = solution.classifiers.fc_net.FullyConnectedNet(
        hidden, 6, 4, dropout=keep, normalization=normalization, reg=reg, dtype=np.float64, seed=seed
    )
    draw_parameters(solution, net, rng)
    averages = [Averages(np.zeros(units), np.zeros(units), n) for units in hidden]
    in_training, in_test = {
        None: ([], []),
        "batchnorm": ([each.train for each in averages], [each.test for each in averages]),
        "layernorm": ([layernorm] * 2, [layernorm] * 2),
    }[normalization]
    masks = []
    if keep < 1:  # each layer seeds its own mask
        param = {"mode": "train", "p": keep, "seed": seed}
        masks = [torch.tensor(solution.layers.dropout_forward(np.ones((n, units)), param)[0]) for units in hidden]

    for _ in range(2):
        X, y = rng.normal(size=(n, 2, 3)), rng.integers(4, size=n)
        assert_net(solution, net, lambda X, params: fully_connected(X, params, in_training, masks), X, y, reg)
    X = rng.normal(size=(n, 2, 3))
    assert_same(net.loss(X), fully_connected(torch.tensor(X), parameters(solution, net), in_test), "scores")


def three_layers(X: Any, params: dict[str, Any]) -> Any:
    """Return the scores of a three-layer convolutional net."""
    maps = functional.conv2d(X, params["W1"], params["b1"], padding="same").relu()
    hidden = affine(functional.max_pool2d(maps, 2), params["W2"], params["b2"]).relu()
    return affine(hidden, params["W3"], params["b3"])


@REG
@pytest.mark.parametrize("size", [1, 3, 5])
def test_three_layer_convnet(solution: CodeUnderTest, rng: Random, size: int, reg: float) -> None:
    """Loss, gradients and scores, with filters of any odd size."""
    net = solution.classifiers.cnn.ThreeLayerConvNet((2, 6, 4), 3, size, 7, 4, reg=reg, dtype=np.float64)
    draw_parameters(solution, net, rng)
    X, y = rng.normal(size=(3, 2, 6, 4)), rng.integers(4, size=3)
    assert_net(solution, net, three_layers, X, y, reg)
    assert_same(net.loss(X), three_layers(torch.tensor(X), parameters(solution, net)), "scores")


def own_net(X: Any, params: dict[str, Any], norms: Sequence[Function]) -> Any:
    """Return the scores of the convolutional net that the reference designs itself."""
    for i, norm in enumerate(norms, start=1):
        maps = functional.conv2d(X, params[f"W{i}"], params[f"b{i}"], padding="same")
        X = functional.max_pool2d(norm(maps, params[f"gamma{i}"], params[f"beta{i}"]).relu(), 2)
    return affine(X, params["W"], params["b"])


@REG
def test_own_convnet(solution: CodeUnderTest, rng: Random, reg: float) -> None:
    """Two batches' losses and gradients, then scores in test mode."""
    net = solution.classifiers.cnn.ConvNet((3, 4), (2, 4, 8), 5, reg=reg, dtype=np.float64)
    draw_parameters(solution, net, rng)
    averages = [Averages(np.zeros(3), np.zeros(3), 6 * 4 * 8), Averages(np.zeros(4), np.zeros(4), 6 * 2 * 4)]
    for _ in range(2):
        X, y = rng.normal(size=(6, 2, 4, 8)), rng.integers(5, size=6)
        assert_net(solution, net, lambda X, params: own_net(X, params, [a.train for a in averages]), X, y, reg)
    X = rng.normal(size=(6, 2, 4, 8))
    expected = own_net(torch.tensor(X), parameters(solution, net), [a.test for a in averages])
    assert_same(net.loss(X), expected, "scores")

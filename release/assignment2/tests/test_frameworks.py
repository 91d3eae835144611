"""Public checks of part 5, for PyTorch and TensorFlow. `framework` is your notebook. For both frameworks, pictures are
(N, 3, 32, 32) here, filters (F, C, HH, WW), and the weights of the last layer (C * 32 * 32, classes)."""

import numpy as np
from cs231n.checks.compare import as_array, as_number, assert_close, equals, require
from cs231n.checks.exercise import exercise
from cs231n.kit.runner.frameworks import CONVNET_PARAMS
from cs231n.kit.student.models import assert_accuracy

SIZES = (4, 3, 10)


def shifted(x, down, right):
    """Return each picture moved by some pixels, with zeros where pixels are missing."""
    height, width = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
    return padded[:, :, 2 - down : 2 - down + height, 2 - right : 2 - right + width]


class ShiftingNet:
    """A convolutional net whose scores need no convolutions: each filter uses one pixel of its window."""

    def __init__(self, rng):
        self.layers = []
        self.params = []
        for filters, channels, size in ((SIZES[0], 3, 5), (SIZES[1], SIZES[0], 3)):
            w = np.zeros((filters, channels, size, size), dtype=np.float32)
            rows, columns = rng.integers(size, size=(2, filters))
            for filter, (row, column) in enumerate(zip(rows, columns, strict=True)):
                w[filter, :, row, column] = rng.normal(size=channels)
            b = rng.normal(size=filters).astype(np.float32)
            self.layers.append((w.sum(axis=(2, 3)), b, size // 2 - rows, size // 2 - columns))
            self.params += [w, b]
        inputs = SIZES[1] * 32 * 32
        self.params.append((rng.normal(size=(inputs, SIZES[2])) / np.sqrt(inputs)).astype(np.float32))
        self.params.append(rng.normal(size=SIZES[2]).astype(np.float32))

    def scores(self, x):
        for weights, biases, down, right in self.layers:
            maps = [
                np.einsum("nchw,c->nhw", shifted(x, *place), channels) + bias
                for channels, bias, place in zip(weights, biases, zip(down, right, strict=True), strict=True)
            ]
            x = np.maximum(np.stack(maps, axis=1), 0)
        return x.reshape(len(x), -1) @ self.params[4] + self.params[5]


def loss_and_slope(scores, y):
    """Return the mean cross-entropy, and its gradient for the biases of the last layer."""
    scores = as_array("scores", scores, (len(y), SIZES[2])).astype(np.float64)
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    examples = np.arange(len(y))
    loss = -np.log(odds[examples, y]).mean()
    odds[examples, y] -= 1
    return loss, odds.mean(axis=0)


@exercise("barebones_convnet")
def test_three_layers_of_tensors(framework, rng):
    """three_layer_convnet returns the right scores for filters that use one pixel each."""
    net, x = ShiftingNet(rng), rng.normal(size=(2, 3, 32, 32)).astype(np.float32)
    assert_close("scores", framework.scores(net.params, x), net.scores(x), rtol=1e-3)


@exercise("barebones_convnet")
def test_first_parameters(framework, rng):
    """init_convnet returns six parameters of the right shapes; weights are random and biases are zero."""
    for name, found, wanted in zip(CONVNET_PARAMS, framework.start(*SIZES), ShiftingNet(rng).params, strict=True):
        array = as_array(name, found, wanted.shape, exact_shape=True)
        if "_b" in name:
            require(not array.any(), f"{name} does not start with zeros.")
        else:
            require(array.std() > 0, f"All weights in {name} are the same.")


@exercise("barebones_convnet")
def test_training_from_the_start(framework, rng):
    """training_step can train the parameters that init_convnet returns."""
    x, y = rng.normal(size=(8, 3, 32, 32)).astype(np.float32), rng.integers(10, size=8)
    _, _, *found = framework.descent(x, y, 1e-3, 4, *SIZES)
    losses = [as_number("the loss", loss) for loss in found]
    require(losses[-1] < losses[0], f"In 4 steps the loss goes from {losses[0]:.4g} to {losses[-1]:.4g}.")


@exercise("barebones_convnet")
def test_steps_of_training(framework, rng):
    """training_step returns the loss and moves down the gradient, in a first and in a second step."""
    params, x, y = ShiftingNet(rng).params, rng.normal(size=(4, 3, 32, 32)).astype(np.float32), rng.integers(10, size=4)
    rate, before = 0.002, params
    for count in (1, 2):
        loss, *after = framework.steps(params, x, y, rate, count)
        right, slope = loss_and_slope(framework.scores(before, x), y)
        assert_close(f"the loss of step {count}", as_number("the loss", loss), right, rtol=1e-3)
        moved = as_array("fc_b", after[5], before[5].shape).astype(np.float64) - before[5]
        assert_close(f"the change of fc_b in step {count}", moved / rate, -slope, rtol=1e-2)
        pairs = zip(CONVNET_PARAMS, after, params, strict=True)
        before = [as_array(name, found, param.shape) for name, found, param in pairs]


def check_net(framework, rng, maker):
    """Check that a net has the right number of parameters, and the right scores for given parameters."""
    shifting, x = ShiftingNet(rng), rng.normal(size=(2, 3, 32, 32)).astype(np.float32)
    net, wanted = framework.net(maker, *SIZES), sum(param.size for param in shifting.params)
    found = as_number("the number of parameters", net.count())
    require(found == wanted, f"The net has {found:.0f} numbers to train; with {SIZES} it should have {wanted}.")
    net.put(shifting.params)
    assert_close("scores", net.scores(x), shifting.scores(x), rtol=1e-3)
    return net


@exercise("module_convnet")
def test_class_of_three_layers(framework, rng):
    """ThreeLayerConvNet has the right number of parameters and returns the right scores."""
    check_net(framework, rng, "ThreeLayerConvNet")


@exercise("sequential_convnet")
def test_list_of_three_layers(framework, rng):
    """sequential_convnet returns a Sequential with the right number of parameters and the right scores."""
    net = check_net(framework, rng, "sequential_convnet")
    require(equals(net.is_sequential(), True), "sequential_convnet does not return a Sequential.", "type")


@exercise("learns_part5", kind="learns")
def test_build_model_learns(framework, pictures):
    """A few steps of Adam on 128 pictures lower the loss of a new net of build_model."""
    x, y = pictures.train(128)
    x = ((x - x.mean(axis=(0, 2, 3), keepdims=True)) / x.std(axis=(0, 2, 3), keepdims=True)).astype(np.float32)
    net = framework.net("build_model")
    first, *_, last = (
        np.mean([as_number("the loss", net.train(x[some], y[some], 1e-3)) for some in np.split(np.arange(128), 4)])
        for _ in range(3)
    )
    require(last < first, f"The loss goes from {first:.3g} to {last:.3g} while each picture is seen three times.")


@exercise("accuracy_part5", kind="accuracy")
def test_saved_network(student, pictures):
    """The saved model is right on at least 70% of the validation pictures."""
    assert_accuracy(student, pictures, 5, mark=0.70)

"""Hidden tests of part 5, for PyTorch and TensorFlow: the three-layer convnet in three interfaces, and the open
challenge. `framework` is the student's notebook. All arrays have the layout of parts 1 to 4, for both frameworks.
"""

import numpy as np

from autograder.assignments.assignment2.kit.judge import (
    assert_convnet_count,
    assert_convnet_scores,
    assert_convnet_start,
    assert_convnet_steps,
    assert_network_learns,
    away_from_kinks,
    convnet_params,
)
from autograder.judge import (
    as_array,
    as_number,
    as_text,
    equals,
    exercise,
    require,
)

CHANNELS = (7, 5)
MANY = (20, 30)
"""Enough filters to tell the size of random weights by a few percent."""
MODULE, SEQUENTIAL = "ThreeLayerConvNet", "sequential_convnet"


def pictures_and_labels(rng, n=3):
    """Return standardised pictures, and labels."""
    return rng.normal(size=(n, 3, 32, 32)).astype(np.float32), rng.integers(10, size=n)


def cross_entropy(scores, y):
    """Return the mean cross-entropy of the student's scores for ten classes. Check their shape."""
    array = as_array("scores", scores, (len(y), 10), exact_shape=True)
    shifted = array.astype(float) - array.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]).mean())


@exercise("barebones_convnet")
def test_barebones_scores(framework, reference, rng):
    """The scores are right for given parameters."""
    params, (x, _) = convnet_params(rng, CHANNELS), pictures_and_labels(rng)
    assert_convnet_scores(reference, params, x, framework.scores(params, x))


@exercise("barebones_convnet", kind="edge")
def test_barebones_sizes(framework, reference, rng):
    """The scores are right for other numbers of filters and classes, and for a single picture."""
    params, (x, _) = convnet_params(rng, (3, 9), classes=4), pictures_and_labels(rng, n=1)
    assert_convnet_scores(reference, params, x, framework.scores(params, x))


@exercise("barebones_convnet")
def test_barebones_start(framework, rng):
    """init_convnet returns weights of the right shapes and of a sensible size, and biases of zero."""
    assert_convnet_start(framework.start(*MANY, 10), convnet_params(rng, MANY))


@exercise("barebones_convnet")
def test_barebones_descent(framework, rng):
    """training_step can train the parameters that init_convnet returns."""
    x, y = pictures_and_labels(rng, n=24)
    before, after, *found = framework.descent(x, y, 1e-3, 4, *CHANNELS, 10)
    losses = [as_number("the loss", loss) for loss in found]
    require(
        len(losses) == 4 and losses[-1] < losses[0],
        f"In four steps from the parameters of init_convnet, the loss goes from {losses[0]:.4g} to {losses[-1]:.4g}.",
    )
    fell = 1 - cross_entropy(after, y) / cross_entropy(before, y)
    differ = bool((np.ptp(as_array("scores", after, (len(y), 10)), axis=0) > 0).all())
    require(
        differ and fell > 0.9 * (1 - losses[-1] / losses[0]), "The scores do not get better as the losses say they do."
    )


@exercise("barebones_convnet")
def test_barebones_step(framework, reference, rng):
    """One training step moves down the gradient of the mean cross-entropy, and returns this loss."""
    check_steps(framework, reference, rng, count=1)


@exercise("barebones_convnet")
def test_barebones_two_steps(framework, reference, rng):
    """A second step does not add the gradient of the first step to its own."""
    check_steps(framework, reference, rng, count=2)


def check_steps(framework, reference, rng, count, learning_rate=0.002):
    """Check that some steps end where gradient descent in NumPy ends, and that the last one returns its loss."""
    params, batch = away_from_kinks(
        reference, lambda: (convnet_params(rng, CHANNELS), pictures_and_labels(rng)), learning_rate, count
    )
    loss, *after = framework.steps(params, *batch, learning_rate, count)
    assert_convnet_steps(reference, params, batch, learning_rate, after, (count, loss))


def check_net(framework, reference, rng, maker, channels, classes):
    """Check that a notebook's net has the right number of parameters, and the right scores for given parameters."""
    params, (x, _) = convnet_params(rng, channels, classes), pictures_and_labels(rng)
    net = framework.net(maker, *channels, classes)
    assert_convnet_count(params, net.count())
    net.put(params)
    assert_convnet_scores(reference, params, x, net.scores(x))


def check_start(framework, rng, maker):
    """Check that the scores of a new net are neither the same for all pictures nor huge."""
    x, _ = pictures_and_labels(rng)
    scores = as_array("scores", framework.net(maker, *CHANNELS, 10).scores(x), (3, 10), exact_shape=True)
    differ = float(np.ptp(scores, axis=0).max()) > 0
    require(differ, "A new net gives all pictures the same scores: draw its weights at random.")
    require(float(np.abs(scores).max()) < 100, "A new net gives huge scores: draw smaller weights.")


def check_descent(framework, rng, maker):
    """Check that a few steps of Adam on a few pictures lower the loss."""
    x, y = pictures_and_labels(rng, n=8)
    net = framework.net(maker, *CHANNELS, 10)
    before = cross_entropy(net.scores(x), y)
    losses = [as_number("the loss", net.train(x, y, 3e-3)) for _ in range(12)]
    require(
        losses[-1] < 0.8 * losses[0], f"The loss goes from {losses[0]:.3g} to {losses[-1]:.3g} in 12 steps of Adam."
    )
    after, half = cross_entropy(net.scores(x), y), (losses[0] + losses[-1]) / 2
    require(after < 0.9 * before and after < half, "12 steps of Adam hardly make the scores better.")


@exercise("module_convnet")
def test_module_scores(framework, reference, rng):
    """The class's net has the right number of parameters, and the right scores for given parameters."""
    check_net(framework, reference, rng, MODULE, CHANNELS, 10)


@exercise("module_convnet", kind="edge")
def test_module_sizes(framework, reference, rng):
    """The class makes nets of the sizes that it is given."""
    check_net(framework, reference, rng, MODULE, (4, 6), 3)


@exercise("module_convnet")
def test_module_learns(framework, rng):
    """The net's parameters can be trained."""
    check_descent(framework, rng, MODULE)


@exercise("module_convnet", kind="edge")
def test_module_start(framework, rng):
    """A new net has random weights of a sensible size."""
    check_start(framework, rng, MODULE)


@exercise("sequential_convnet")
def test_sequential_scores(framework, reference, rng):
    """The net has the right number of parameters, and the right scores for given parameters."""
    check_net(framework, reference, rng, SEQUENTIAL, CHANNELS, 10)


@exercise("sequential_convnet")
def test_sequential_layers(framework):
    """The net is a Sequential of two convolutions and a fully connected layer."""
    net = framework.net(SEQUENTIAL, *CHANNELS, 10)
    require(equals(net.is_sequential(), True), "sequential_convnet does not return a Sequential.", "type")
    found = net.layers()
    named = [as_text("a layer", layer)[:40] for layer in found] if isinstance(found, tuple) else []
    weighty = [layer for layer in named if layer in ("conv", "linear")]
    require(
        weighty == ["conv", "conv", "linear"],
        f"The net consists of {', '.join(named)[:200]}; two convolutions and a linear layer are expected.",
    )


@exercise("sequential_convnet", kind="edge")
def test_sequential_sizes(framework, reference, rng):
    """The function makes nets of the sizes that it is given."""
    check_net(framework, reference, rng, SEQUENTIAL, (4, 6), 3)


@exercise("sequential_convnet")
def test_sequential_learns(framework, rng):
    """The net's parameters can be trained."""
    check_descent(framework, rng, SEQUENTIAL)


@exercise("sequential_convnet", kind="edge")
def test_sequential_start(framework, rng):
    """A new net has random weights of a sensible size."""
    check_start(framework, rng, SEQUENTIAL)


@exercise("learns_part5", kind="learns")
def test_network_learns(framework, pictures, rng, worked):
    """A new net of build_model learns a few pictures in a short training."""
    assert_network_learns(lambda: framework.net("build_model"), pictures, rng, worked, least=0.3)


@exercise("accuracy_part5", kind="accuracy")
def test_network_accuracy(accuracy):
    """The submitted model classifies pictures that it has not seen in training."""
    accuracy.judge(mark=0.70)

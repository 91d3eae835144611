"""Public checks of part 4. Read them: each says in a few lines what your code has to do.
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
from cs231n.kit.student.models import assert_accuracy


@exercise("conv_forward_naive")
def test_conv_sums_neighbours(student):
    """A filter of ones adds up the pixels around each place; outside the picture all pixels are zero."""
    x, w, b = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 3, 3)), np.array([100.0])
    out, _ = student.layers.conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
    sums = np.array([[0 + 1 + 3 + 4, 15, 1 + 2 + 4 + 5], [21, 36, 27], [3 + 4 + 6 + 7, 33, 4 + 5 + 7 + 8]])
    assert_close("out", out, 100 + sums.reshape(1, 1, 3, 3))


@exercise("conv_forward_naive")
def test_conv_of_pictures(student, reference, rng):
    """out is right for several channels, filters, strides and paddings, and x is not changed."""
    w, b = rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4)
    for stride, pad, height, width in ((1, 1, 4, 5), (2, 1, 5, 7), (3, 0, 6, 9)):
        x, conv_param = rng.normal(size=(2, 3, height, width)), {"stride": stride, "pad": pad}
        expected, _ = reference.layers.conv_forward_naive(x, w, b, conv_param)
        held = student.put(x)
        out, _ = student.layers.conv_forward_naive(held, w, b, conv_param)
        assert_close(f"out with stride={stride} and pad={pad}", out, expected)
        assert_unchanged("x", student.fetch(held), x)


@exercise("conv_backward_naive", needs=("conv_forward_naive",))
def test_conv_gradients(student, reference, rng):
    """dx, dw and db are the gradients of the forward pass, with padding and without."""
    w, b = rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4)
    for stride, pad, height, width in ((1, 1, 4, 5), (2, 1, 5, 7), (1, 0, 5, 4)):
        x, conv_param = rng.normal(size=(2, 3, height, width)), {"stride": stride, "pad": pad}
        out, right_cache = reference.layers.conv_forward_naive(x, w, b, conv_param)
        dout = rng.normal(size=out.shape)
        right_dx, right_dw, right_db = reference.layers.conv_backward_naive(dout, right_cache)
        _, cache = student.layers.conv_forward_naive(x, w, b, conv_param)
        dx, dw, db = student.layers.conv_backward_naive(dout, cache)
        assert_gradients({"dx": dx, "dw": dw, "db": db}, {"dx": right_dx, "dw": right_dw, "db": right_db})


@exercise("max_pool_forward_naive")
def test_max_pool_by_hand(student):
    """out holds the largest pixel of each window, negative or not, for each channel separately."""
    positive = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 8, 7, 6], [5, 4, 3, 2]])
    x = np.stack([positive, -positive])[np.newaxis]
    largest = np.array([[[6.0, 8], [9, 7]], [[-1, -3], [-4, -2]]])
    out, _ = student.layers.max_pool_forward_naive(x, {"pool_height": 2, "pool_width": 2, "stride": 2})
    assert_close("out", out, largest[np.newaxis])


@exercise("max_pool_forward_naive")
def test_max_pool_of_pictures(student, reference, rng):
    """out is right for windows that are not square and for windows that overlap."""
    x = rng.normal(size=(2, 3, 7, 6))
    for height, width, stride in ((3, 2, 2), (1, 3, 3)):
        pool_param = {"pool_height": height, "pool_width": width, "stride": stride}
        expected, _ = reference.layers.max_pool_forward_naive(x, pool_param)
        out, _ = student.layers.max_pool_forward_naive(x, pool_param)
        assert_close(f"out with windows of {height}x{width} and stride={stride}", out, expected)


@exercise("max_pool_backward_naive", needs=("max_pool_forward_naive",))
def test_max_pool_gradient(student, reference, rng):
    """dx is the gradient of the forward pass, for overlapping windows too."""
    x = rng.normal(size=(2, 3, 5, 7))
    for size, stride in ((2, 3), (3, 2)):
        pool_param = {"pool_height": size, "pool_width": size, "stride": stride}
        out, right_cache = reference.layers.max_pool_forward_naive(x, pool_param)
        dout = rng.normal(size=out.shape)
        expected = reference.layers.max_pool_backward_naive(dout, right_cache)
        _, cache = student.layers.max_pool_forward_naive(x, pool_param)
        dx = student.layers.max_pool_backward_naive(dout, cache)
        assert_close(f"dx with windows of {size}x{size} and stride={stride}", dx, expected)


@exercise("conv_extension")
def test_fast_layers_agree(student, reference, rng):
    """The fast layers give the right results of the naive ones, with or without the extension."""
    w, b = rng.normal(size=(4, 3, 3, 3)), rng.normal(size=4)
    for stride, pad, height, width in ((1, 1, 4, 6), (2, 1, 5, 7), (1, 0, 6, 4), (3, 2, 5, 5)):
        x, conv_param = rng.normal(size=(2, 3, height, width)), {"stride": stride, "pad": pad}
        expected, right_cache = reference.layers.conv_forward_naive(x, w, b, conv_param)
        dout = rng.normal(size=expected.shape)
        right_dx, right_dw, right_db = reference.layers.conv_backward_naive(dout, right_cache)
        out, cache = student.fast_layers.conv_forward_fast(x, w, b, conv_param)
        assert_close(f"out with stride={stride} and pad={pad}", out, expected)
        dx, dw, db = student.fast_layers.conv_backward_fast(dout, cache)
        assert_gradients({"dx": dx, "dw": dw, "db": db}, {"dx": right_dx, "dw": right_dw, "db": right_db})


CONV_NET = {"W1": (3, 2, 3, 3), "b1": (3,), "W2": (18, 5), "b2": (5,), "W3": (5, 4), "b3": (4,)}


@exercise("three_layer_convnet")
def test_conv_net_start(student, rng):
    """The parameters have the right names, shapes and first values, and the first loss is right."""
    net = student.classifiers.cnn.ThreeLayerConvNet((3, 8, 12), 16, 5, hidden_dim=50, weight_scale=1e-3)
    shapes = {"W1": (16, 3, 5, 5), "b1": (16,), "W2": (16 * 4 * 6, 50), "b2": (50,), "W3": (50, 10), "b3": (10,)}
    for name, shape in shapes.items():
        value = as_array(f"params[{name!r}]", net.params[name], shape, exact_shape=True)
        require(name.startswith("W") or not value.any(), "The biases do not start at zero.")
        require(name != "W1" or abs(value.std() - 1e-3) < 1e-4, "The spread of params['W1'] is not weight_scale.")
    loss, _ = net.loss(rng.normal(size=(5, 3, 8, 12)), rng.integers(10, size=5))
    assert_close("the loss, when all ten classes are equally likely,", loss, np.log(10), rtol=1e-3)


@exercise("three_layer_convnet", needs=("affine_forward", "affine_backward", "relu_forward", "relu_backward"))
def test_conv_net_gradients(student, reference, rng):
    """Scores, loss and gradients are right, with and without regularisation."""
    x, y = rng.normal(size=(3, 2, 4, 6)), rng.integers(4, size=3)
    values = {name: rng.normal(size=shape) for name, shape in CONV_NET.items()}
    for reg in (0.0, 0.6):
        options = {"num_filters": 3, "filter_size": 3, "hidden_dim": 5, "num_classes": 4, "dtype": np.float64}
        right = reference.classifiers.cnn.ThreeLayerConvNet((2, 4, 6), reg=reg, **options)
        net = student.classifiers.cnn.ThreeLayerConvNet((2, 4, 6), reg=reg, **options)
        for name, value in values.items():
            right.params[name] = value
            net.params[name] = value
        assert_close("scores", net.loss(x), right.loss(x))
        expected, right_grads = right.loss(x, y)
        loss, grads = net.loss(x, y)
        assert_close(f"the loss with reg={reg}", loss, expected)
        assert_gradients({name: grads[name] for name in CONV_NET}, {name: right_grads[name] for name in CONV_NET})


@exercise("spatial_batchnorm_forward", needs=("batchnorm_forward",))
def test_spatial_batchnorm_of_channels(student, rng):
    """In training, every channel of out has mean beta and standard deviation gamma."""
    x = 4 * rng.normal(size=(4, 3, 5, 6)) + 10
    gamma, beta = np.array([1.0, 2, 3]), np.array([-4.0, 5, 6])
    out, _ = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    out = as_array("out", out, x.shape, exact_shape=True)
    assert_close("the mean of each channel of out", out.mean(axis=(0, 2, 3)), beta)
    assert_close("the standard deviation of each channel of out", out.std(axis=(0, 2, 3)), gamma, rtol=1e-5)


@exercise("spatial_batchnorm_forward", needs=("batchnorm_forward",))
def test_spatial_batchnorm_at_test_time(student, reference, rng):
    """The running averages of two batches, one number for each channel, are right, and test mode uses them."""
    gamma, beta = rng.normal(size=3), rng.normal(size=3)
    batches = rng.normal(size=(2, 4, 3, 2, 5)) + rng.normal(size=(3, 1, 1))
    right, yours = reference.put({"mode": "train"}), student.put({"mode": "train"})
    for x in batches:
        reference.layers.spatial_batchnorm_forward(x, gamma, beta, right)
        student.layers.spatial_batchnorm_forward(x, gamma, beta, yours)
    for name in ("running_mean", "running_var"):
        assert_close(name, yours[name], right[name])
    right["mode"] = yours["mode"] = "test"
    expected, _ = reference.layers.spatial_batchnorm_forward(batches[0], gamma, beta, right)
    out, _ = student.layers.spatial_batchnorm_forward(batches[0], gamma, beta, yours)
    assert_close("out in test mode", out, expected)


@exercise("spatial_batchnorm_backward", needs=("spatial_batchnorm_forward", "batchnorm_backward"))
def test_spatial_batchnorm_gradients(student, reference, rng):
    """dx, dgamma and dbeta are the gradients of the forward pass."""
    x, gamma, beta = 3 * rng.normal(size=(2, 3, 4, 5)) + 8, rng.normal(size=3), rng.normal(size=3)
    dout = rng.normal(size=x.shape)
    _, right_cache = reference.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    right_dx, right_dgamma, right_dbeta = reference.layers.spatial_batchnorm_backward(dout, right_cache)
    _, cache = student.layers.spatial_batchnorm_forward(x, gamma, beta, {"mode": "train"})
    dx, dgamma, dbeta = student.layers.spatial_batchnorm_backward(dout, cache)
    right = {"dx": right_dx, "dgamma": right_dgamma, "dbeta": right_dbeta}
    assert_gradients({"dx": dx, "dgamma": dgamma, "dbeta": dbeta}, right)


@exercise("spatial_groupnorm_forward")
def test_groupnorm_of_groups(student, rng):
    """In out, each group of neighbouring channels of each picture has mean 0 and standard deviation 1."""
    x = 4 * rng.normal(size=(2, 6, 4, 5)) + np.arange(6).reshape(1, 6, 1, 1)
    out, _ = student.layers.spatial_groupnorm_forward(x, np.ones((1, 6, 1, 1)), np.zeros((1, 6, 1, 1)), 2, {})
    out = as_array("out", out, x.shape, exact_shape=True)
    for n, first in ((0, 0), (0, 3), (1, 0), (1, 3)):
        group = out[n, first : first + 3]
        which = f"channels {first} to {first + 2} of picture {n}"
        require(abs(group.mean()) < 1e-6, f"The mean of {which} is {group.mean():.3g} instead of 0.")
        require(abs(group.std() - 1) < 1e-5, f"The standard deviation of {which} is {group.std():.3g} instead of 1.")


@exercise("spatial_groupnorm_forward")
def test_groupnorm_values(student, reference, rng):
    """out is right with gamma and beta, for any number of groups."""
    x, gamma, beta = rng.normal(size=(2, 6, 3, 4)), rng.normal(size=(1, 6, 1, 1)), rng.normal(size=(1, 6, 1, 1))
    for groups in (1, 2, 3, 6):
        expected, _ = reference.layers.spatial_groupnorm_forward(x, gamma, beta, groups, {})
        out, _ = student.layers.spatial_groupnorm_forward(x, gamma, beta, groups, {})
        assert_close(f"out with {groups} groups", out, expected)


@exercise("spatial_groupnorm_backward", needs=("spatial_groupnorm_forward",))
def test_groupnorm_gradients(student, reference, rng):
    """dx, dgamma and dbeta are the gradients of the forward pass, and have the shapes of x, gamma and beta."""
    x, gamma, beta = 3 * rng.normal(size=(2, 6, 3, 4)), rng.normal(size=(1, 6, 1, 1)), rng.normal(size=(1, 6, 1, 1))
    dout = rng.normal(size=x.shape)
    _, right_cache = reference.layers.spatial_groupnorm_forward(x, gamma, beta, 2, {})
    right_dx, right_dgamma, right_dbeta = reference.layers.spatial_groupnorm_backward(dout, right_cache)
    _, cache = student.layers.spatial_groupnorm_forward(x, gamma, beta, 2, {})
    dx, dgamma, dbeta = student.layers.spatial_groupnorm_backward(dout, cache)
    right = {"dx": right_dx, "dgamma": right_dgamma, "dbeta": right_dbeta}
    assert_gradients({"dx": dx, "dgamma": dgamma, "dbeta": dbeta}, right, exact_shape=True)


@exercise("learns_part4", kind="learns")
def test_small_conv_net_learns(student, pictures):
    """A small convolutional net learns from a thousand small pictures."""
    x, y = pictures.train(1000)
    x = x[:, :, ::2, ::2]  # every second pixel is enough for a short training
    x = (x - x.mean(axis=0)).astype(np.float32)
    net = student.classifiers.cnn.ThreeLayerConvNet((3, 16, 16), 8, 3, hidden_dim=32, weight_scale=1e-2)
    data = {"X_train": x, "y_train": y, "X_val": x[:200], "y_val": y[:200]}
    config = {"learning_rate": 1e-2}
    solver = student.solver.Solver(net, data, optim_config=config, num_epochs=8, batch_size=25, verbose=False)
    solver.train()
    losses = as_numbers("loss_history", student.fetch(solver.loss_history))
    require(np.mean(losses[-20:]) < 0.9 * np.mean(losses[:5]), "The loss hardly falls in 320 iterations.")


@exercise("accuracy_part4", kind="accuracy")
def test_saved_conv_net(student, pictures):
    """models/part4.npz can be read and is right on at least 55% of the validation pictures."""
    assert_accuracy(student, pictures, 4, mark=0.55)

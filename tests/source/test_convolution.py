"""Convolution, pooling, normalisation of pictures, their fast versions and the convolutional nets: values match the
definitions, gradients match numerical ones, and the docstrings' promises hold."""

import copy
import itertools

import numpy as np
import pytest
from cs231n import fast_layers, im2col, layer_utils, layers
from cs231n.classifiers.cnn import ConvNet, ThreeLayerConvNet
from cs231n.gradient_check import eval_numerical_gradient, eval_numerical_gradient_array
from cs231n.solver import Solver

# pictures (N, C, H, W), filters (F, C, HH, WW), stride, pad: the windows fit exactly
CONVOLUTIONS = [
    ((2, 3, 5, 6), (4, 3, 3, 3), 1, 1),
    ((2, 3, 7, 5), (3, 3, 3, 3), 2, 1),
    ((3, 2, 5, 6), (2, 2, 2, 3), 1, 0),
    ((2, 2, 5, 9), (3, 2, 3, 4), 3, 2),
    ((1, 1, 4, 3), (1, 1, 4, 3), 1, 0),
    ((2, 3, 5, 7), (2, 3, 1, 1), 2, 1),
]
# pictures, pool_height, pool_width, stride
POOLINGS = [((2, 3, 4, 6), 2, 2, 2), ((2, 2, 7, 5), 3, 3, 2), ((1, 2, 6, 5), 3, 2, 3), ((2, 1, 5, 8), 2, 2, 3)]


@pytest.fixture(params=["numpy", "compiled"])
def columns(request, monkeypatch):
    """Return im2col functions, from NumPy or compiled in turn, and make the fast layers use them."""
    monkeypatch.setattr(fast_layers, "WITHOUT_COLUMNS", False)
    if request.param == "numpy":
        functions = {name: getattr(im2col, name) for name in ("im2col_6d", "col2im_6d", "im2col", "col2im")}
    else:
        compiled = request.getfixturevalue("compiled")
        names = ("im2col_6d", "col2im_6d", "im2col", "col2im")
        functions = {name: getattr(compiled, f"{name}_cython") for name in names}
    for name in ("im2col_6d", "col2im_6d"):
        monkeypatch.setattr(fast_layers, name, functions[name])
    return functions


@pytest.fixture(params=["NumPy's columns", "compiled columns", "without columns"])
def _fast(request, monkeypatch):
    """Make the fast layers work in each of their ways in turn."""
    monkeypatch.setattr(fast_layers, "WITHOUT_COLUMNS", request.param == "without columns")
    if request.param == "without columns":
        monkeypatch.setattr(fast_layers, "extension", request.getfixturevalue("compiled"), raising=False)
    elif request.param == "compiled columns":
        compiled = request.getfixturevalue("compiled")
        monkeypatch.setattr(fast_layers, "im2col_6d", compiled.im2col_6d_cython)
        monkeypatch.setattr(fast_layers, "col2im_6d", compiled.col2im_6d_cython)
    else:
        monkeypatch.setattr(fast_layers, "im2col_6d", im2col.im2col_6d)
        monkeypatch.setattr(fast_layers, "col2im_6d", im2col.col2im_6d)


def conv_inputs(rng, pictures, filters, dtype=np.float64):
    return [rng.normal(size=shape).astype(dtype) for shape in (pictures, filters, (filters[0],))]


def distinct(rng, shape):
    """Return numbers that all differ, so that no window has two maxima."""
    return 0.1 * (rng.permutation(np.prod(shape)).reshape(shape) - np.prod(shape) / 2)


def assert_gradients_are_numerical(forward, backward, arrays, rng):
    """Check each gradient of a layer against central differences of its forward pass; shapes match the arguments."""
    out, cache = forward(*arrays)
    dout = rng.normal(size=out.shape)
    for array, gradient in zip(arrays, backward(dout, cache), strict=True):
        numerical = eval_numerical_gradient_array(lambda _: forward(*arrays)[0], array, dout)
        assert gradient.shape == array.shape
        np.testing.assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("pictures", "filters", "stride", "pad"), CONVOLUTIONS)
def test_convolution_by_definition(rng, pictures, filters, stride, pad):
    x, w, b = conv_inputs(rng, pictures, filters)
    out, _ = layers.conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})
    (n, _, height, width), (f, _, hh, ww) = pictures, filters
    assert out.shape == (n, f, 1 + (height + 2 * pad - hh) / stride, 1 + (width + 2 * pad - ww) / stride)
    for place in np.ndindex(out.shape):
        n, f, y, x_ = place
        expected = b[f]
        for c, i, j in np.ndindex(filters[1:]):
            row, column = y * stride + i - pad, x_ * stride + j - pad
            if 0 <= row < height and 0 <= column < width:
                expected += w[f, c, i, j] * x[n, c, row, column]
        assert out[place] == pytest.approx(expected)


@pytest.mark.parametrize(("pictures", "filters", "stride", "pad"), CONVOLUTIONS)
def test_convolution_gradients(rng, pictures, filters, stride, pad):
    def forward(x, w, b):
        return layers.conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})

    assert_gradients_are_numerical(forward, layers.conv_backward_naive, conv_inputs(rng, pictures, filters), rng)


@pytest.mark.parametrize(("shape", "height", "width", "stride"), POOLINGS)
def test_max_pooling_by_definition(rng, shape, height, width, stride):
    for x in (distinct(rng, shape), distinct(rng, shape) - 100):
        pool_param = {"pool_height": height, "pool_width": width, "stride": stride}
        out, _ = layers.max_pool_forward_naive(x, pool_param)
        assert out.shape == (*shape[:2], 1 + (shape[2] - height) // stride, 1 + (shape[3] - width) // stride)
        for n, c, i, j in np.ndindex(out.shape):
            assert out[n, c, i, j] == x[n, c, i * stride :, j * stride :][:height, :width].max()


@pytest.mark.parametrize(("shape", "height", "width", "stride"), POOLINGS)
def test_max_pooling_gradient(rng, shape, height, width, stride):
    pool_param = {"pool_height": height, "pool_width": width, "stride": stride}
    assert_gradients_are_numerical(
        lambda x: layers.max_pool_forward_naive(x, pool_param),
        lambda dout, cache: [layers.max_pool_backward_naive(dout, cache)],
        [distinct(rng, shape)],
        rng,
    )


def test_max_pooling_of_equal_pixels():
    x, pool_param = np.zeros((1, 1, 2, 4)), {"pool_height": 2, "pool_width": 2, "stride": 2}
    x[0, 0, 1, 2] = 1
    _, cache = layers.max_pool_forward_naive(x, pool_param)
    dx = layers.max_pool_backward_naive(np.array([[[[3.0, 5.0]]]]), cache)
    assert dx[..., :2].sum() >= 3
    np.testing.assert_array_equal(dx[0, 0, :, 2:], [[0, 0], [5, 0]])


@pytest.mark.parametrize(("pictures", "filters", "stride", "pad"), CONVOLUTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.usefixtures("_fast")
def test_fast_convolution_agrees(rng, pictures, filters, stride, pad, dtype):
    x, w, b = conv_inputs(rng, pictures, filters, dtype)
    before = [array.copy() for array in (x, w, b)]
    conv_param = {"stride": stride, "pad": pad}
    expected, naive_cache = layers.conv_forward_naive(x, w, b, conv_param)
    out, cache = fast_layers.conv_forward_fast(x, w, b, conv_param)
    dout = rng.normal(size=out.shape).astype(dtype)
    dout_before = dout.copy()
    results = [out, *fast_layers.conv_backward_fast(dout, cache)]
    tolerance = 1e-10 if dtype == np.float64 else 1e-4
    for result, right in zip(results, [expected, *layers.conv_backward_naive(dout, naive_cache)], strict=True):
        assert result.dtype == dtype
        np.testing.assert_allclose(result, right, rtol=tolerance, atol=tolerance)
    for array, copied in zip((x, w, b, dout), (*before, dout_before), strict=True):
        np.testing.assert_array_equal(array, copied)


@pytest.mark.parametrize(("shape", "height", "width", "stride"), POOLINGS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.usefixtures("_fast")
def test_fast_pooling_agrees(rng, shape, height, width, stride, dtype):
    x = (distinct(rng, shape) - 1).astype(dtype)
    pool_param = {"pool_height": height, "pool_width": width, "stride": stride}
    expected, naive_cache = layers.max_pool_forward_naive(x, pool_param)
    out, cache = fast_layers.max_pool_forward_fast(x, pool_param)
    dout = rng.normal(size=out.shape).astype(dtype)
    dx, right = fast_layers.max_pool_backward_fast(dout, cache), layers.max_pool_backward_naive(dout, naive_cache)
    assert out.dtype == dx.dtype == dtype
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_allclose(dx, right, rtol=1e-6)


def test_the_advice_to_build_is_given_once(rng, monkeypatch, capsys):
    monkeypatch.setattr(fast_layers, "EXTENSION_BUILT", False)
    monkeypatch.setattr(fast_layers, "WITHOUT_COLUMNS", False)
    fast_layers._say_that_it_is_not_built.cache_clear()
    for _ in range(3):
        fast_layers.conv_forward_fast(*conv_inputs(rng, (1, 1, 3, 3), (1, 1, 3, 3)), {"stride": 1, "pad": 1})
    assert capsys.readouterr().out.count("build_ext --inplace") == 1


# N, C, H, W, HH, WW, pad, stride: some last windows do not reach the border, and some windows hold only padding
COLUMNS = [
    (2, 3, 5, 6, 3, 3, 1, 1),
    (1, 2, 6, 4, 3, 2, 0, 2),
    (2, 1, 4, 7, 2, 5, 2, 3),
    (2, 2, 3, 3, 2, 2, 3, 1),
    (1, 1, 1, 1, 1, 1, 0, 1),
]


@pytest.mark.parametrize("shape", COLUMNS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_by_definition(rng, columns, shape, dtype):
    N, C, H, W, HH, WW, pad, stride = shape
    x = rng.normal(size=(N, C, H, W)).astype(dtype)
    cols = columns["im2col_6d"](x, HH, WW, pad, stride)
    rows, places = 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride
    assert cols.shape == (C, HH, WW, N, rows, places)
    assert cols.dtype == dtype
    for c, i, j, n, y, z in np.ndindex(cols.shape):
        row, column = y * stride + i - pad, z * stride + j - pad
        inside = 0 <= row < H and 0 <= column < W
        assert cols[c, i, j, n, y, z] == (x[n, c, row, column] if inside else 0)

    matrix = columns["im2col"](x, HH, WW, pad, stride)
    assert matrix.shape == (C * HH * WW, rows * places * N)
    np.testing.assert_array_equal(matrix, cols.transpose(0, 1, 2, 4, 5, 3).reshape(matrix.shape))


@pytest.mark.parametrize("shape", COLUMNS)
def test_the_way_back_is_the_transpose(rng, columns, shape):
    """The inner products <columns, im2col(picture)> and <col2im(columns), picture> are equal."""
    N, C, H, W, *window = shape
    x = rng.normal(size=(N, C, H, W))
    for forward, backward in (("im2col_6d", "col2im_6d"), ("im2col", "col2im")):
        cols = columns[forward](x, *window)
        weights = rng.normal(size=cols.shape)
        back = columns[backward](weights, N, C, H, W, *window)
        assert back.shape == x.shape
        for direction in (x, rng.normal(size=x.shape)):
            expected = np.sum(columns[forward](direction, *window) * weights)
            assert np.sum(back * direction) == pytest.approx(expected)


def test_columns_of_views(rng, columns):
    """Pictures and columns need not be contiguous in memory."""
    x = rng.normal(size=(6, 5, 3, 4)).transpose(3, 2, 1, 0)[:, ::-1, ::2]
    cols = columns["im2col_6d"](x, 2, 3, 1, 1)
    np.testing.assert_array_equal(cols, im2col.im2col_6d(x.copy(), 2, 3, 1, 1))
    turned = np.asfortranarray(cols)
    np.testing.assert_allclose(
        columns["col2im_6d"](turned, *x.shape, 2, 3, 1, 1), im2col.col2im_6d(cols, *x.shape, 2, 3, 1, 1)
    )


def test_windows_that_do_not_fit(columns):
    with pytest.raises(ValueError):
        columns["im2col_6d"](np.zeros((1, 1, 3, 3)), 4, 2, 0, 1)


def test_the_compiled_loops_check_what_they_rely_on(compiled):
    x = np.zeros((1, 1, 3, 3))
    for window in ((0, 1, 0, 1), (2, 2, -1, 1), (2, 2, 0, 0), (2, 6, 1, 1)):
        with pytest.raises(ValueError):
            compiled.im2col_6d_cython(x, *window)
    with pytest.raises(ValueError, match="shape"):
        compiled.im2col_6d_cython(x[0], 2, 2, 0, 1)
    with pytest.raises(TypeError, match="int64"):
        compiled.im2col_6d_cython(x.astype(np.int64), 2, 2, 0, 1)
    with pytest.raises(ValueError, match="expected"):
        compiled.col2im_6d_cython(np.zeros((1, 2, 2, 1, 2, 3)), 1, 1, 3, 3, 2, 2, 0, 1)
    with pytest.raises(ValueError, match="expected"):
        compiled.col2im_cython(np.zeros((4, 5)), 1, 1, 3, 3, 2, 2, 0, 1)


def bn_param(**settings):
    return {"mode": "train", **settings}


def norm_inputs(rng, shape, parameters):
    return [4 * rng.normal(size=shape) + 3, rng.uniform(0.5, 2, size=parameters), rng.normal(size=parameters)]


@pytest.mark.parametrize("shape", [(4, 3, 2, 5), (1, 2, 4, 3)])
def test_spatial_batchnorm_by_definition(rng, shape):
    x, gamma, beta = norm_inputs(rng, shape, shape[1])
    settings = bn_param(eps=0.2, momentum=0.7, running_mean=np.ones(shape[1]), running_var=np.full(shape[1], 2.0))
    out, _ = layers.spatial_batchnorm_forward(x, gamma, beta, settings)
    for c in range(shape[1]):
        mean, variance = x[:, c].mean(), x[:, c].var()
        np.testing.assert_allclose(out[:, c], gamma[c] * (x[:, c] - mean) / np.sqrt(variance + 0.2) + beta[c])
        assert settings["running_mean"][c] == pytest.approx(0.7 + 0.3 * mean)
        assert settings["running_var"][c] == pytest.approx(0.7 * 2 + 0.3 * variance)

    settings["mode"] = "test"
    averages = {name: settings[name].copy() for name in ("running_mean", "running_var")}
    out, _ = layers.spatial_batchnorm_forward(x, gamma, beta, settings)
    for c in range(shape[1]):
        std = np.sqrt(averages["running_var"][c] + 0.2)
        np.testing.assert_allclose(out[:, c], gamma[c] * (x[:, c] - averages["running_mean"][c]) / std + beta[c])
    for name, before in averages.items():
        np.testing.assert_array_equal(settings[name], before)
        assert settings[name].shape == (shape[1],)


def test_spatial_batchnorm_has_two_modes(rng):
    with pytest.raises(ValueError, match="mode"):
        layers.spatial_batchnorm_forward(*norm_inputs(rng, (2, 3, 4, 4), 3), bn_param(mode="learn"))


@pytest.mark.parametrize("shape", [(3, 2, 4, 3), (1, 3, 2, 5)])
def test_spatial_batchnorm_gradients(rng, shape):
    def forward(x, gamma, beta):
        return layers.spatial_batchnorm_forward(x, gamma, beta, bn_param())

    inputs = norm_inputs(rng, shape, shape[1])
    assert_gradients_are_numerical(forward, layers.spatial_batchnorm_backward, inputs, rng)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_groupnorm_by_definition(rng, groups):
    x, gamma, beta = norm_inputs(rng, (2, 6, 3, 4), (1, 6, 1, 1))
    out, _ = layers.spatial_groupnorm_forward(x, gamma, beta, groups, {"eps": 0.3})
    size = 6 // groups
    for n, g in itertools.product(range(2), range(groups)):
        group = np.s_[n, g * size : (g + 1) * size]
        normalised = (x[group] - x[group].mean()) / np.sqrt(x[group].var() + 0.3)
        np.testing.assert_allclose(out[group], gamma[0, group[1]] * normalised + beta[0, group[1]])


def test_groupnorm_of_one_group_is_layernorm(rng):
    x, one, zero = rng.normal(size=(3, 4, 2, 5)), np.ones((1, 4, 1, 1)), np.zeros((1, 4, 1, 1))
    out, _ = layers.spatial_groupnorm_forward(x, one, zero, 1, {})
    expected, _ = layers.layernorm_forward(x.reshape(3, -1), np.ones(40), np.zeros(40), {})
    np.testing.assert_allclose(out.reshape(3, -1), expected)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groupnorm_gradients(rng, groups):
    def forward(x, gamma, beta):
        return layers.spatial_groupnorm_forward(x, gamma, beta, groups, {"eps": 1e-3})

    inputs = norm_inputs(rng, (2, 4, 3, 2), (1, 4, 1, 1))
    assert_gradients_are_numerical(forward, layers.spatial_groupnorm_backward, inputs, rng)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_are_kept_and_inputs_unchanged(rng, dtype):
    x, w, b = conv_inputs(rng, (2, 4, 4, 6), (4, 4, 3, 3), dtype)
    (gamma, beta), dout = rng.normal(size=(2, 4)).astype(dtype), rng.normal(size=x.shape).astype(dtype)
    given = {"x": x, "w": w, "b": b, "gamma": gamma, "beta": beta, "dout": dout}
    before = copy.deepcopy(given)
    conv_param, pool_param = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    apart = (gamma.reshape(1, 4, 1, 1), beta.reshape(1, 4, 1, 1))
    settings = bn_param()

    results = []
    out, cache = layers.conv_forward_naive(x, w, b, conv_param)
    results += [out, *layers.conv_backward_naive(dout, cache)]
    out, cache = layers.max_pool_forward_naive(x, pool_param)
    results += [out, layers.max_pool_backward_naive(dout[:, :, ::2, ::2], cache)]
    out, cache = layers.spatial_batchnorm_forward(x, gamma, beta, settings)
    results += [out, *layers.spatial_batchnorm_backward(dout, cache)]
    results += [layers.spatial_batchnorm_forward(x, gamma, beta, {**settings, "mode": "test"})[0]]
    results += [settings["running_mean"], settings["running_var"]]
    out, cache = layers.spatial_groupnorm_forward(x, *apart, 2, {})
    results += [out, *layers.spatial_groupnorm_backward(dout, cache)]

    assert {result.dtype for result in results} == {np.dtype(dtype)}
    for name, array in given.items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
    assert conv_param == {"stride": 1, "pad": 1}
    assert pool_param == {"pool_height": 2, "pool_width": 2, "stride": 2}


@pytest.mark.usefixtures("_fast")
def test_conv_sandwiches(rng):
    conv_param, pool_param = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
    x, w, b = conv_inputs(rng, (2, 3, 4, 6), (4, 3, 3, 3))
    gamma, beta = rng.normal(size=(2, 4))
    sandwiches = [
        (lambda x, w, b: layer_utils.conv_relu_forward(x, w, b, conv_param), layer_utils.conv_relu_backward, [x, w, b]),
        (
            lambda x, w, b: layer_utils.conv_relu_pool_forward(x, w, b, conv_param, pool_param),
            layer_utils.conv_relu_pool_backward,
            [x, w, b],
        ),
        (
            lambda x, w, b, gamma, beta: layer_utils.conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param()),
            layer_utils.conv_bn_relu_backward,
            [x, w, b, gamma, beta],
        ),
    ]
    for forward, backward, arrays in sandwiches:
        assert (forward(*arrays)[0] >= 0).all()
        assert_gradients_are_numerical(forward, backward, arrays, rng)


def three_layers(reg=0.0, dtype=np.float64, weight_scale=0.3):
    return ThreeLayerConvNet((2, 4, 6), 3, 3, 5, 4, weight_scale=weight_scale, reg=reg, dtype=dtype)


def own_net(reg=0.0, dtype=np.float64):
    return ConvNet((3, 4), (2, 4, 8), 5, reg=reg, dtype=dtype)


@pytest.mark.parametrize("make", [three_layers, own_net])
@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_net_gradients(rng, make, reg):
    net = make(reg)
    X, y = rng.normal(size=(4, *net.arguments["input_dim"])), rng.integers(4, size=4)
    for name in net.params:
        if name.startswith("b"):
            net.params[name] += 0.1 * rng.normal(size=net.params[name].shape)
    _, grads = net.loss(X, y)
    assert grads.keys() == net.params.keys()
    for name, w in net.params.items():
        numerical = eval_numerical_gradient(lambda _: net.loss(X, y)[0], w)
        np.testing.assert_allclose(grads[name], numerical, rtol=1e-4, atol=1e-7, err_msg=name)


def test_three_layer_scores_and_regularisation(rng):
    net = three_layers()
    X, y, params = rng.normal(size=(3, 2, 4, 6)), rng.integers(4, size=3), net.params
    maps, _ = layers.conv_forward_naive(X, params["W1"], params["b1"], {"stride": 1, "pad": 1})
    pooled = np.maximum(maps, 0).reshape(3, 3, 2, 2, 3, 2).max(axis=(3, 5))
    hidden = np.maximum(0, pooled.reshape(3, -1) @ params["W2"] + params["b2"])
    np.testing.assert_allclose(net.loss(X), hidden @ params["W3"] + params["b3"])

    plain, _ = net.loss(X, y)
    net.reg = 2.0
    assert net.loss(X, y)[0] - plain == pytest.approx(sum(np.sum(params[f"W{i}"] ** 2) for i in (1, 2, 3)))


@pytest.mark.usefixtures("rng")
def test_three_layer_initial_parameters():
    net = ThreeLayerConvNet((3, 8, 12), num_filters=20, filter_size=5, hidden_dim=60, num_classes=30, weight_scale=0.02)
    assert {name: value.shape for name, value in net.params.items()} == {
        "W1": (20, 3, 5, 5), "b1": (20,), "W2": (480, 60), "b2": (60,), "W3": (60, 30), "b3": (30,),
    }  # fmt: skip
    for name, value in net.params.items():
        assert value.std() == pytest.approx(0.02 if name.startswith("W") else 0, rel=0.1)
    defaults = ThreeLayerConvNet().params
    assert defaults["W1"].shape == (32, 3, 7, 7)
    assert defaults["W2"].shape == (8192, 100)
    assert defaults["W1"].std() == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_three_layer_filters_of_any_odd_size(rng, size):
    net = ThreeLayerConvNet((1, 4, 6), 2, size, 5, 4)
    loss, grads = net.loss(rng.normal(size=(8, 1, 4, 6)), rng.integers(4, size=8))
    assert loss == pytest.approx(np.log(4), rel=1e-3)  # tiny weights: all classes are equally likely
    assert grads["W1"].shape == (2, 1, size, size)


@pytest.mark.parametrize("make", [three_layers, own_net])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_net_types_and_inputs(rng, make, dtype):
    net = make(reg=np.float64(0.1), dtype=dtype)
    X, y = rng.normal(size=(4, *net.arguments["input_dim"])), rng.integers(4, size=4)
    X_before, params_before = X.copy(), copy.deepcopy(net.params)
    _, grads = net.loss(X, y)
    assert {w.dtype for w in [*net.params.values(), *grads.values(), net.loss(X)]} == {np.dtype(dtype)}
    np.testing.assert_array_equal(X, X_before)
    for name, before in params_before.items():
        np.testing.assert_array_equal(net.params[name], before)


def test_own_net_normalises_by_running_averages(rng):
    net = own_net()
    X, y = rng.normal(size=(6, 2, 4, 8)), rng.integers(5, size=6)
    for _ in range(200):  # until the running averages equal the batch's statistics
        net.loss(X, y)
    assert [sorted(param) for param in net.bn_params] == [["mode", "running_mean", "running_var"]] * 2
    scores = net.loss(X)
    assert {param["mode"] for param in net.bn_params} == {"test"}
    np.testing.assert_allclose(net.loss(X[:1]), scores[:1])  # a picture's scores do not depend on the other pictures


@pytest.mark.parametrize("make", [ThreeLayerConvNet, ConvNet])
def test_net_learns_by_heart(rng, make):
    options = {"num_filters": 8, "filter_size": 3, "hidden_dim": 30, "weight_scale": 0.1}
    net = make(input_dim=(2, 4, 8), **(options if make is ThreeLayerConvNet else {"filters": (4, 8)}))
    X, y = rng.normal(size=(12, 2, 4, 8)), rng.integers(4, size=12)
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y}
    config = {"learning_rate": 1e-2}
    solver = Solver(net, data, update_rule="adam", optim_config=config, num_epochs=60, batch_size=6, verbose=False)
    solver.train()
    assert solver.best_val_acc == 1

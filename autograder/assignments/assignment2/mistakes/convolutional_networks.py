"""Known mistakes of part 4: convolution, max pooling, the convolutional net, normalisation of pictures, fast layers.

The gate checks each of them: it must apply to the reference, and the tests of its exercise must catch it.
"""

from autograder.catalogue import Form, Mistake, another_form, mistake

LAYERS, NETS, FAST = "layers.py", "classifiers/cnn.py", "fast_layers.py"

_PAD = "padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))\n"
_PLACES = "    rows, columns = 1 + (height + 2 * pad - hh) // stride, 1 + (width + 2 * pad - ww) // stride\n"
_CONV = "out[:, :, i, j] = np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b"
_CONV_WINDOW = "window = padded[:, :, i * stride : i * stride + hh, j * stride : j * stride + ww]"
_CONV_SINGLY = "for k, f in np.ndindex(n, filters):\n                out[k, f, i, j] = np.sum(window[k] * w[f]) + b[f]"
_CONV_DOT = "for k in range(n):\n                out[k, :, i, j] = w.reshape(filters, -1).dot(window[k].ravel()) + b"
_CONV_MATMUL = "out[:, :, i, j] = window.reshape(n, -1) @ w.reshape(filters, -1).T + b"
_CONV_BROADCAST = "out[:, :, i, j] = (window[:, np.newaxis] * w).sum(axis=(2, 3, 4)) + b"
_PAD_ALL = "padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (pad, pad)))\n"
_PLACES_SWAPPED = _PLACES.replace("rows, columns", "columns, rows")
_CONV_SHAPES = "(_, _, height, width), (_, _, hh, ww) = x.shape, w.shape\n"
_CONV_DX = "dpadded[place] += np.tensordot(dout[:, :, i, j], w, axes=(1, 0))"
_CONV_DW = "dw += np.tensordot(dout[:, :, i, j], padded[place], axes=(0, 0))"
_CUT = "dx = dpadded[:, :, pad : pad + height, pad : pad + width]"

_POOL = "out[:, :, i, j] = window.max(axis=(2, 3))"
_POOL_WINDOW = "window = x[:, :, i * stride : i * stride + hh, j * stride : j * stride + ww]"
_POOL_SHAPE = "    n, channels, height, width = x.shape\n    rows, columns = 1 + (height - hh)"
_POOL_GRADIENT = "dx[place] += largest * dout[:, :, i : i + 1, j : j + 1]"
_LARGEST = "largest = x[place] == x[place].max(axis=(2, 3), keepdims=True)"

_SCORES = "scores, scores_cache = affine_forward(hidden, W3, b3)"
_REGULARISED = 'for name, W in (("W1", W1), ("W2", W2), ("W3", W3)):'

_B1, _B2, _B3 = (
    f'self.params["b{i}"] = np.zeros({size})\n'
    for i, size in enumerate(("num_filters", "hidden_dim", "num_classes"), 1)
)
_L2 = _REGULARISED + "\n            loss += 0.5 * self.reg * np.sum(W**2)\n            grads[name] += self.reg * W\n"

_TO_COLUMNS = "    columns = x.transpose(0, 2, 3, 1).reshape(-1, channels)\n"
_NORMALISED = "    columns, cache = batchnorm_forward(columns, gamma, beta, bn_param)\n"
_FROM_COLUMNS = "    out = columns.reshape(n, height, width, channels).transpose(0, 3, 1, 2)\n"
_TO_DCOLUMNS = "    dcolumns = dout.transpose(0, 2, 3, 1).reshape(-1, channels)\n"
_DNORMALISED = "    dcolumns, dgamma, dbeta = batchnorm_backward_alt(dcolumns, cache)\n"
_FROM_DCOLUMNS = "    dx = dcolumns.reshape(n, height, width, channels).transpose(0, 3, 1, 2)\n"

_GROUPS = "groups = x.reshape(len(x), G, -1)"
_GROUP_CENTRED = "centred = groups - groups.mean(axis=2, keepdims=True)"
_GROUP_STD = "std = np.sqrt((centred**2).mean(axis=2, keepdims=True) + eps)"
_GROUP_DBETA = "dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)"
_GROUP_DGAMMA = "dgamma = (dout * normalised).sum(axis=(0, 2, 3), keepdims=True)"
_GROUP_SHARE = "share = dgroups.mean(axis=2, keepdims=True)"
_GROUP_PULL = "pull = (dgroups * groups).mean(axis=2, keepdims=True)"
_GROUP_DX = "dx = ((dgroups - share - groups * pull) / std).reshape(dout.shape)"

_FAST_FORWARD = 'out = extension.conv_forward_cython(x, w, b, conv_param["stride"], conv_param["pad"])'

MISTAKES: tuple[Mistake | Form, ...] = (
    mistake(
        "conv_forward_naive",
        "no_bias",
        LAYERS,
        "The bias is left out",
        "The products are summed but b is not added. Each filter has its own bias, the same at every place.",
        (_CONV, _CONV.removesuffix(" + b")),
    ),
    mistake(
        "conv_forward_naive",
        "bias_per_channel",
        LAYERS,
        "The bias is added for each channel",
        "b is added once for each channel, most likely inside the loop over the channels. Add it once to each sum.",
        (_CONV, _CONV.replace("+ b", "+ w.shape[1] * b")),
    ),
    mistake(
        "conv_forward_naive",
        "no_padding",
        LAYERS,
        "The padding is forgotten",
        "The filters slide over the picture without its padding, as if pad were 0. Put the zeros around the picture "
        "first. The size of the output depends on the padding too.",
        (
            'stride, pad = conv_param["stride"], conv_param["pad"]\n    (n, _, height, width)',
            'stride, pad = conv_param["stride"], 0\n    (n, _, height, width)',
        ),
    ),
    mistake(
        "conv_forward_naive",
        "padding_counted_once",
        LAYERS,
        "The padding counts on one side only",
        "The size of the output takes the padding into account once. There are zeros on both sides of the picture.",
        (_PLACES, _PLACES.replace("2 * pad", "pad")),
    ),
    mistake(
        "conv_forward_naive",
        "one_place_short",
        LAYERS,
        "The last row and column are missing",
        "The output has a row and a column less than it should have: they lack the place where the window begins. Count "
        "the places for a picture that is as large as the filter.",
        (_PLACES, _PLACES.replace("1 + ", "")),
    ),
    mistake(
        "conv_forward_naive",
        "padding_on_channels",
        LAYERS,
        "The channels are padded as well",
        "Zeros were added along the axis of the channels (np.pad with a single number pads every axis). Only rows and "
        "columns get zeros: give one pair of numbers for each axis.",
        (_PAD + _PLACES, "padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (pad, pad)))\n" + _PLACES),
        (_CONV, "out[:, :, i, j] = (window[:, np.newaxis] * w).sum(axis=(2, 3, 4)) + b"),
    ),
    another_form(
        "conv_forward_naive",
        "padding_on_channels",
        "padding_on_channels_singly",
        (_PAD + _PLACES, _PAD_ALL + _PLACES),
        (_CONV, _CONV_SINGLY),
    ),
    another_form(
        "conv_forward_naive",
        "padding_on_channels",
        "padding_on_channels_dot",
        (_PAD + _PLACES, _PAD_ALL + _PLACES),
        (_CONV, _CONV_DOT),
    ),
    another_form(
        "conv_forward_naive",
        "padding_on_channels",
        "padding_on_channels_matmul",
        (_PAD + _PLACES, _PAD_ALL + _PLACES),
        (_CONV, _CONV_MATMUL),
    ),
    another_form(
        "conv_forward_naive",
        "padding_on_channels",
        "padding_on_channels_tensordot",
        (_PAD + _PLACES, _PAD_ALL + _PLACES),
    ),
    mistake(
        "conv_forward_naive",
        "channels_shifted",
        LAYERS,
        "The channels are padded, and the last ones are lost",
        "Zeros were added along the axis of the channels, and only the first C channels of the result are used: some "
        "of them are all zeros. Only rows and columns get zeros.",
        (
            _PAD + _PLACES,
            "padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (pad, pad)))[:, : x.shape[1]]\n" + _PLACES,
        ),
    ),
    mistake(
        "conv_forward_naive",
        "stride_in_rows_only",
        LAYERS,
        "The stride is used in one direction only",
        "The window moves down by the stride, but to the right by one pixel. Look at the column where each window "
        "begins.",
        (
            _CONV_WINDOW + "\n            out[:, :, i, j] = np",
            _CONV_WINDOW.replace("j * stride", "j") + "\n            out[:, :, i, j] = np",
        ),
    ),
    mistake(
        "conv_forward_naive",
        "stride_ignored",
        LAYERS,
        "The windows ignore the stride",
        "The output has the right size, but the windows move by one pixel, whatever the stride. Look at the row and the "
        "column where each window begins.",
        (_CONV_WINDOW, _CONV_WINDOW.replace("i * stride", "i").replace("j * stride", "j")),
    ),
    mistake(
        "conv_forward_naive",
        "filter_flipped",
        LAYERS,
        "The filter is flipped",
        "The filters are flipped, as in a convolution in mathematics (and in scipy's convolve). A convolutional layer "
        "uses its filters as they are.",
        (_CONV, _CONV.replace("(window, w,", "(window, w[:, :, ::-1, ::-1],")),
    ),
    mistake(
        "conv_forward_naive",
        "height_and_width_swapped",
        LAYERS,
        "Height and width are mixed up",
        "The height of the output was computed from the width of the picture, and the width from the height. This "
        "works for square pictures only. The axes are (N, C, H, W): the height comes first.",
        (_PLACES, "    columns, rows = 1 + (height + 2 * pad - hh) // stride, 1 + (width + 2 * pad - ww) // stride\n"),
    ),
    another_form(
        "conv_forward_naive",
        "height_and_width_swapped",
        "height_and_width_swapped_singly",
        (_PLACES, _PLACES_SWAPPED),
        (_CONV, _CONV_SINGLY),
    ),
    another_form(
        "conv_forward_naive",
        "height_and_width_swapped",
        "height_and_width_swapped_matmul",
        (_PLACES, _PLACES_SWAPPED),
        (_CONV, _CONV_MATMUL),
    ),
    another_form(
        "conv_forward_naive",
        "height_and_width_swapped",
        "height_and_width_swapped_broadcast",
        (_PLACES, _PLACES_SWAPPED),
        (_CONV, _CONV_BROADCAST),
    ),
    mistake(
        "conv_forward_naive",
        "mean_of_products",
        LAYERS,
        "A mean where a sum belongs",
        "The products of a window are averaged. They must be added up.",
        (_CONV, _CONV.replace(" + b", " / w[0].size + b")),
    ),
    mistake(
        "conv_backward_naive",
        "db_wrong_axes",
        LAYERS,
        "db is summed over the wrong axes",
        "db has one number for each picture. It needs one for each filter: sum over everything but the filters' axis.",
        ("    db = dout.sum(axis=(0, 2, 3))\n", "    db = dout.sum(axis=(1, 2, 3))\n"),
    ),
    mistake(
        "conv_backward_naive",
        "db_per_place",
        LAYERS,
        "db is summed over the pictures only",
        "db has one number for each place of each filter. A filter adds the same bias at all places: sum over the rows "
        "and columns too.",
        ("    db = dout.sum(axis=(0, 2, 3))\n", "    db = dout.sum(axis=0)\n"),
    ),
    mistake(
        "conv_backward_naive",
        "db_mean",
        LAYERS,
        "db is averaged over the pictures",
        "db is divided by the number of pictures. The loss is already a mean over the pictures, so dout already "
        "contains the factor 1 / N.",
        ("    db = dout.sum(axis=(0, 2, 3))\n", "    db = dout.mean(axis=0).sum(axis=(1, 2))\n"),
    ),
    mistake(
        "conv_backward_naive",
        "dw_mean",
        LAYERS,
        "dw is divided by N",
        "dw is divided by the number of pictures. The loss is already a mean over the pictures, so dout already "
        "contains the factor 1 / N.",
        (_CONV_DW, _CONV_DW + " / len(x)"),
    ),
    mistake(
        "conv_backward_naive",
        "dw_assigned",
        LAYERS,
        "dw holds the last place only",
        "Each place overwrites dw. A filter is used at all places, so its gradient is the sum over the places.",
        (_CONV_DW, _CONV_DW.replace("+=", "=")),
    ),
    another_form(
        "conv_backward_naive",
        "dw_assigned",
        "dw_assigned_singly",
        (_CONV_DW, "dw = dout[-1, :, i, j][:, np.newaxis, np.newaxis, np.newaxis] * padded[place][-1]"),
    ),
    mistake(
        "conv_backward_naive",
        "dx_assigned",
        LAYERS,
        "Overlapping windows overwrite each other",
        "The gradient of a window overwrites the gradients of earlier windows. A pixel gets the sum of the gradients "
        "of all windows that contain it.",
        (_CONV_DX, _CONV_DX.replace("+=", "=")),
    ),
    another_form(
        "conv_backward_naive",
        "dx_assigned",
        "dx_assigned_singly",
        (_CONV_DX, "dpadded[place] = dout[:, -1, i, j][:, np.newaxis, np.newaxis, np.newaxis] * w[-1]"),
    ),
    mistake(
        "conv_backward_naive",
        "dx_not_cut",
        LAYERS,
        "dx still has its padding",
        "dx comes back with the padding around it. The zeros are not part of x: cut off their gradients.",
        (_CUT, "dx = dpadded"),
    ),
    mistake(
        "conv_backward_naive",
        "cut_with_minus_pad",
        LAYERS,
        "The padding is cut off with pad:-pad",
        "dx is cut with a slice that ends at -pad. If pad is 0, this slice is empty: count its end from the front, or "
        "treat 0 as a special case.",
        (_CUT, "dx = dpadded[:, :, pad:-pad, pad:-pad]"),
    ),
    another_form(
        "conv_backward_naive",
        "cut_with_minus_pad",
        "cut_with_minus_pad_singly",
        (
            _CUT,
            "dx = np.zeros_like(x)\n    for k in range(len(x)):\n        dx[k] = dpadded[k, :, pad:-pad, pad:-pad]",
        ),
    ),
    another_form(
        "conv_backward_naive",
        "cut_with_minus_pad",
        "cut_with_minus_pad_into",
        (_CUT, "dx = np.zeros_like(x)\n    dx[:] = dpadded[:, :, pad:-pad, pad:-pad]"),
    ),
    mistake(
        "conv_backward_naive",
        "cut_at_one_side",
        LAYERS,
        "The padding is cut off at the wrong side",
        "dx has the shape of x but is cut out at the wrong place: it still holds the first rows and columns of the "
        "padding. The padding lies on all four sides.",
        (_CUT, "dx = dpadded[:, :, :height, :width]"),
    ),
    mistake(
        "conv_backward_naive",
        "filter_flipped",
        LAYERS,
        "The filter is flipped",
        "dx uses a flipped filter. Only the formula with one large convolution flips it. In a loop over the places, "
        "each weight belongs to the pixel that it was multiplied with.",
        (_CONV_DX, _CONV_DX.replace(", w, ", ", w[:, :, ::-1, ::-1], ")),
    ),
    mistake(
        "conv_backward_naive",
        "stride_ignored",
        LAYERS,
        "The stride is ignored",
        "The windows move by one pixel, whatever the stride. Use the same windows as in the forward pass.",
        (_CONV_SHAPES + "    padded", _CONV_SHAPES + "    stride = 1\n    padded"),
    ),
    mistake(
        "max_pool_forward_naive",
        "mean",
        LAYERS,
        "The mean of each window",
        "The pixels of a window are averaged: that is average pooling. Take the largest.",
        (_POOL, "out[:, :, i, j] = window.mean(axis=(2, 3))"),
    ),
    mistake(
        "max_pool_forward_naive",
        "starts_at_zero",
        LAYERS,
        "The maximum starts from zero",
        "If all pixels of a window are negative, the result is zero: the search for the largest pixel starts from "
        "zero, or zeros were put around the picture. The largest pixel may be negative.",
        (_POOL, "out[:, :, i, j] = window.max(axis=(2, 3), initial=0)"),
    ),
    mistake(
        "max_pool_forward_naive",
        "stride_is_window",
        LAYERS,
        "The window's size is used as the stride",
        "The windows lie side by side, whatever the stride. The stride in pool_param says how far a window moves.",
        (_POOL_SHAPE, "    stride = hh\n" + _POOL_SHAPE),
    ),
    mistake(
        "max_pool_forward_naive",
        "stride_ignored",
        LAYERS,
        "The windows ignore the stride",
        "The output has the right size, but the windows move by one pixel, whatever the stride. Look at the row and the "
        "column where each window begins.",
        (_POOL_WINDOW, _POOL_WINDOW.replace("i * stride", "i").replace("j * stride", "j")),
    ),
    mistake(
        "max_pool_forward_naive",
        "one_place_short",
        LAYERS,
        "The last row and column are missing",
        "The output has a row and a column less than it should have: they lack the place where the window begins. Count "
        "the places for a picture that is as large as the window.",
        (
            "    rows, columns = 1 + (height - hh) // stride, 1 + (width - ww) // stride\n",
            "    rows, columns = (height - hh) // stride, (width - ww) // stride\n",
        ),
    ),
    mistake(
        "max_pool_forward_naive",
        "over_channels",
        LAYERS,
        "The channels are pooled together",
        "Each output is the largest pixel of all channels. Every channel is pooled by itself.",
        (_POOL, "out[:, :, i, j] = window.max(axis=(1, 2, 3))[:, np.newaxis]"),
    ),
    mistake(
        "max_pool_forward_naive",
        "height_and_width_swapped",
        LAYERS,
        "Height and width are mixed up",
        "pool_height is used as the width of a window, and pool_width as its height. Square windows hide this mistake.",
        (_POOL_SHAPE, "    hh, ww = ww, hh\n" + _POOL_SHAPE),
    ),
    mistake(
        "max_pool_backward_naive",
        "spread_evenly",
        LAYERS,
        "The gradient is spread over the window",
        "Every pixel of a window gets an equal share: that is the gradient of average pooling. Here only the largest "
        "pixel gets the gradient.",
        (_POOL_GRADIENT, "dx[place] += dout[:, :, i : i + 1, j : j + 1] / (hh * ww)"),
    ),
    mistake(
        "max_pool_backward_naive",
        "assigned",
        LAYERS,
        "Overlapping windows overwrite each other",
        "The gradient of a window overwrites the gradients of earlier windows. A pixel that is the largest of several "
        "windows gets the sum of their gradients.",
        (_POOL_GRADIENT, _POOL_GRADIENT.replace("+=", "=")),
    ),
    another_form(
        "max_pool_backward_naive",
        "assigned",
        "assigned_to_largest",
        (_POOL_GRADIENT, "dx[place] = np.where(largest, dout[:, :, i : i + 1, j : j + 1], dx[place])"),
    ),
    mistake(
        "max_pool_backward_naive",
        "largest_of_picture",
        LAYERS,
        "The largest pixel of the whole picture",
        "The largest pixel is searched for in the whole channel. Search for it in each window: every window passes its "
        "gradient on to a pixel of its own.",
        (_LARGEST, "largest = x[place] == x.max(axis=(2, 3), keepdims=True)"),
    ),
    another_form(
        "max_pool_backward_naive",
        "largest_of_picture",
        "largest_of_picture_applied",
        (_LARGEST, "largest = x == x.max(axis=(2, 3), keepdims=True)"),
        (_POOL_GRADIENT, _POOL_GRADIENT.replace("dx[place]", "dx")),
    ),
    mistake(
        "max_pool_backward_naive",
        "stride_ignored",
        LAYERS,
        "The stride is ignored",
        "The windows move by one pixel, whatever the stride. Use the same windows as in the forward pass.",
        ("    dx = np.zeros_like(x)\n", "    stride = 1\n    dx = np.zeros_like(x)\n"),
    ),
    mistake(
        "max_pool_backward_naive",
        "place_in_window",
        LAYERS,
        "The window's position is forgotten",
        "The index of the largest pixel counts from the corner of its window, but is used for the whole picture: all "
        "gradients go to the first window. Add the position of the window.",
        (_POOL_GRADIENT, _POOL_GRADIENT.replace("dx[place]", "dx[:, :, :hh, :ww]")),
    ),
    mistake(
        "max_pool_backward_naive",
        "mask_only",
        LAYERS,
        "dout is missing",
        "dx is one at the largest pixels: that is only the slope. By the chain rule, multiply it by the upstream "
        "gradient.",
        (_POOL_GRADIENT, "dx[place] += largest"),
    ),
    mistake(
        "conv_extension",
        "no_bias",
        FAST,
        "The fast convolution has no bias",
        "The fast convolution leaves the bias out. The file is given complete: restore fast_layers.py as released.",
        (_FAST_FORWARD, _FAST_FORWARD.replace("(x, w, b,", "(x, w, 0 * b,")),
        ("out = w.reshape(filters, -1) @ cols + b.reshape(-1, 1)", "out = w.reshape(filters, -1) @ cols"),
    ),
    mistake(
        "conv_extension",
        "pictures_and_filters_mixed",
        FAST,
        "The fast convolution mixes pictures and filters",
        "The fast convolution mixes up pictures and filters in its output. The file is given complete: restore "
        "fast_layers.py as released.",
        (_FAST_FORWARD, _FAST_FORWARD + "\n        out = out.transpose(1, 0, 2, 3).reshape(out.shape)"),
        (
            "out = np.ascontiguousarray(out.reshape(filters, n, rows, columns).transpose(1, 0, 2, 3))",
            "out = out.reshape(n, filters, rows, columns)",
        ),
    ),
    mistake(
        "conv_extension",
        "stride_ignored",
        FAST,
        "The fast convolution ignores the stride",
        "The fast convolution moves by one pixel, whatever the stride. The file is given complete: restore "
        "fast_layers.py as released.",
        (_FAST_FORWARD, _FAST_FORWARD.replace('conv_param["stride"]', "1")),
        (
            'im2col_6d(x, *w.shape[2:], conv_param["pad"], conv_param["stride"])',
            'im2col_6d(x, *w.shape[2:], conv_param["pad"], 1)',
        ),
    ),
    mistake(
        "conv_extension",
        "db_mean",
        FAST,
        "db is averaged",
        "The fast convolution averages db over the places instead of summing. The file is given complete: restore "
        "fast_layers.py as released.",
        ("        return dx, dw, db\n", "        return dx, dw, db / (dout.size / len(db))\n"),
        ("db = by_filter.sum(axis=1)", "db = by_filter.mean(axis=1)"),
    ),
    mistake(
        "three_layer_convnet",
        "relu_on_scores",
        NETS,
        "A ReLU on the scores",
        "The scores go through a ReLU. They are the output of the last affine layer, and they may be negative.",
        (_SCORES, _SCORES + "\n        scores = np.maximum(scores, 0)"),
    ),
    mistake(
        "three_layer_convnet",
        "no_hidden_relu",
        NETS,
        "No ReLU between the affine layers",
        "The hidden affine layer has no ReLU. Without a non-linearity between them, two affine layers can do no more "
        "than one.",
        (
            "hidden, hidden_cache = affine_relu_forward(features, W2, b2)",
            "hidden, hidden_cache = affine_forward(features, W2, b2)",
        ),
        (
            'dfeatures, grads["W2"], grads["b2"] = affine_relu_backward(dhidden, hidden_cache)',
            'dfeatures, grads["W2"], grads["b2"] = affine_backward(dhidden, hidden_cache)',
        ),
    ),
    mistake(
        "three_layer_convnet",
        "reg_without_half",
        NETS,
        "Regularisation without the half",
        "The L2 term of the loss lacks the factor 0.5, or is added twice: it is twice as large as it should be.",
        (_REGULARISED + "\n            loss += 0.5 * self.reg", _REGULARISED + "\n            loss += self.reg"),
    ),
    mistake(
        "three_layer_convnet",
        "reg_gradient_missing",
        NETS,
        "Regularisation missing from the gradient",
        "The loss contains the L2 term, but the gradients of the weights do not. Differentiate the L2 term too.",
        (
            _REGULARISED
            + "\n            loss += 0.5 * self.reg * np.sum(W**2)\n            grads[name] += self.reg * W\n",
            _REGULARISED + "\n            loss += 0.5 * self.reg * np.sum(W**2)\n",
        ),
    ),
    mistake(
        "three_layer_convnet",
        "reg_gradient_doubled",
        NETS,
        "Regularisation twice in the gradient",
        "The L2 term's share of the gradient is twice as large as it should be. The factor 0.5 in the loss cancels the "
        "2 of the square's derivative; or the share is added twice.",
        (_L2, _L2.replace("+= self.reg", "+= 2 * self.reg")),
    ),
    mistake(
        "three_layer_convnet",
        "reg_loss_missing",
        NETS,
        "Regularisation missing from the loss",
        "The loss does not contain the L2 term. Add it to what the softmax gives.",
        (_L2, _L2.replace("0.5 * self.reg", "0 * self.reg")),
    ),
    mistake(
        "three_layer_convnet",
        "reg_affine_only",
        NETS,
        "The filters are not regularised",
        "The L2 term leaves out W1. The filters are weights like the others: all of W1, W2 and W3 belong in it.",
        (_REGULARISED, 'for name, W in (("W2", W2), ("W3", W3)):'),
    ),
    mistake(
        "three_layer_convnet",
        "reg_biases",
        NETS,
        "The biases are regularised",
        "The biases are in the L2 term. Only the weights W1, W2 and W3 belong in it.",
        (_REGULARISED, "for name, W in self.params.items():"),
    ),
    mistake(
        "three_layer_convnet",
        "weight_scale_ignored",
        NETS,
        "weight_scale is not used",
        "The standard deviation of some weights is 1 or another fixed number. It must be the argument weight_scale.",
        (
            'self.params["W1"] = weight_scale * np.random.randn(num_filters,',
            'self.params["W1"] = np.random.randn(num_filters,',
        ),
        ('self.params["W2"] = weight_scale * np', 'self.params["W2"] = np'),
        ('self.params["W3"] = weight_scale * np', 'self.params["W3"] = np'),
    ),
    mistake(
        "three_layer_convnet",
        "uniform_weights",
        NETS,
        "Uniform random numbers",
        "The weights are drawn uniformly between 0 and weight_scale, by rand. They must be drawn from a normal "
        "distribution around 0.",
        (
            'self.params["W1"] = weight_scale * np.random.randn(num_filters,',
            'self.params["W1"] = weight_scale * np.random.rand(num_filters,',
        ),
        ('self.params["W2"] = weight_scale * np.random.randn', 'self.params["W2"] = weight_scale * np.random.rand'),
        ('self.params["W3"] = weight_scale * np.random.randn', 'self.params["W3"] = weight_scale * np.random.rand'),
    ),
    mistake(
        "three_layer_convnet",
        "pooling_forgotten",
        NETS,
        "The size of W2 ignores the pooling",
        "W2 has a row for each pixel of the convolution's output. But the pooling halves height and width before the "
        "affine layer.",
        ("flat = num_filters * (height // 2) * (width // 2)", "flat = num_filters * height * width"),
    ),
    mistake(
        "three_layer_convnet",
        "square_pictures_only",
        NETS,
        "W2 fits square pictures only",
        "The size of W2 uses the height instead of the width. Pictures need not be square: take both from input_dim.",
        ("flat = num_filters * (height // 2) * (width // 2)", "flat = num_filters * (height // 2) ** 2"),
    ),
    mistake(
        "three_layer_convnet",
        "biases_random",
        NETS,
        "Random biases",
        "The biases are drawn at random. They must start at zero; only the weights must be random.",
        (
            'self.params["b1"] = np.zeros(num_filters)',
            'self.params["b1"] = weight_scale * np.random.randn(num_filters)',
        ),
    ),
    another_form(
        "three_layer_convnet",
        "biases_random",
        "biases_random_last",
        (_B1, "\n"),
        (_B2, "\n"),
        (
            _B3,
            'for name, size in (("b1", num_filters), ("b2", hidden_dim), ("b3", num_classes)):\n'
            "            self.params[name] = weight_scale * np.random.randn(size)\n",
        ),
    ),
    another_form(
        "three_layer_convnet",
        "biases_random",
        "biases_random_unscaled",
        (_B1, _B1.replace("np.zeros", "np.random.randn")),
    ),
    mistake(
        "spatial_batchnorm_forward",
        "no_transpose",
        LAYERS,
        "Reshaped without a transpose",
        "x was reshaped to C columns without a transpose, so each column holds pixels of many channels. Move the axis "
        "of the channels to the end first, and back afterwards.",
        (_TO_COLUMNS, "    columns = x.reshape(-1, channels)\n"),
        (_FROM_COLUMNS, "    out = columns.reshape(x.shape)\n"),
    ),
    another_form(
        "spatial_batchnorm_forward",
        "no_transpose",
        "no_transpose_rows",
        (_TO_COLUMNS, "    columns = x.reshape(channels, -1).T\n"),
        (_FROM_COLUMNS, "    out = columns.T.reshape(x.shape)\n"),
    ),
    mistake(
        "spatial_batchnorm_forward",
        "no_transpose_back",
        LAYERS,
        "Not transposed back",
        "The result was reshaped to the shape of x while its channels are still the last axis. Undo the transpose too.",
        (_FROM_COLUMNS, "    out = columns.reshape(x.shape)\n"),
    ),
    another_form(
        "spatial_batchnorm_forward",
        "no_transpose_back",
        "no_transpose_back_rows",
        (_FROM_COLUMNS, "    out = columns.T.reshape(x.shape)\n"),
    ),
    another_form(
        "spatial_batchnorm_forward",
        "no_transpose_back",
        "no_transpose_back_channels_first",
        (_TO_COLUMNS, "    columns = x.transpose(1, 0, 2, 3).reshape(channels, -1).T\n"),
        (_FROM_COLUMNS, "    out = columns.T.reshape(x.shape)\n"),
    ),
    another_form(
        "spatial_batchnorm_forward",
        "no_transpose_back",
        "no_transpose_back_width_first",
        (_TO_COLUMNS, _TO_COLUMNS.replace("0, 2, 3, 1", "0, 3, 2, 1")),
        (_FROM_COLUMNS, "    out = columns.reshape(x.shape)\n"),
    ),
    mistake(
        "spatial_batchnorm_forward",
        "rows_and_columns_swapped",
        LAYERS,
        "Rows and columns of the pictures are swapped",
        "The channels are back in their place, but the pictures lie on their side: the axes of height and width are "
        "swapped. Look at the order of the axes in the last transpose.",
        (_FROM_COLUMNS, _FROM_COLUMNS.replace("0, 3, 1, 2", "0, 3, 2, 1")),
    ),
    mistake(
        "spatial_batchnorm_forward",
        "per_pixel",
        LAYERS,
        "Statistics for each pixel",
        "Each pixel is normalised over the pictures only, so the running averages are as large as a picture. All "
        "pixels of a channel share mean and variance: take them over rows and columns too.",
        (
            _TO_COLUMNS,
            "    columns = x.reshape(n, -1)\n    gamma, beta = (np.repeat(a, height * width) for a in (gamma, beta))\n",
        ),
        (_FROM_COLUMNS, "    out = columns.reshape(x.shape)\n"),
    ),
    mistake(
        "spatial_batchnorm_forward",
        "per_picture",
        LAYERS,
        "Statistics for each picture",
        "Each picture is normalised by itself, which is instance normalisation. Take mean and variance over all "
        "pictures of the batch.",
        (
            _NORMALISED,
            "    parts = [batchnorm_forward(part, gamma, beta, bn_param) for part in np.split(columns, n)]\n"
            "    columns, cache = np.concatenate([out for out, _ in parts]), parts[0][1]\n",
        ),
    ),
    mistake(
        "spatial_batchnorm_forward",
        "running_averages_lost",
        LAYERS,
        "The running averages are lost",
        "The normalisation gets a copy of bn_param, so the caller's bn_param never gets the running averages. Pass "
        "bn_param itself.",
        (_NORMALISED, "    columns, cache = batchnorm_forward(columns, gamma, beta, dict(bn_param))\n"),
    ),
    mistake(
        "spatial_batchnorm_backward",
        "no_transpose",
        LAYERS,
        "Reshaped without a transpose",
        "dout was reshaped to C columns without a transpose, so each column holds pixels of many channels. Change its "
        "shape in the same way as the forward pass does.",
        (_TO_DCOLUMNS, "    dcolumns = dout.reshape(-1, channels)\n"),
        (_FROM_DCOLUMNS, "    dx = dcolumns.reshape(dout.shape)\n"),
    ),
    another_form(
        "spatial_batchnorm_backward",
        "no_transpose",
        "no_transpose_rows",
        (_TO_DCOLUMNS, "    dcolumns = dout.reshape(channels, -1).T\n"),
        (_FROM_DCOLUMNS, "    dx = dcolumns.T.reshape(dout.shape)\n"),
    ),
    mistake(
        "spatial_batchnorm_backward",
        "no_transpose_back",
        LAYERS,
        "Not transposed back",
        "dx was reshaped to the shape of dout while its channels are still the last axis. Undo the transpose too.",
        (_FROM_DCOLUMNS, "    dx = dcolumns.reshape(dout.shape)\n"),
    ),
    another_form(
        "spatial_batchnorm_backward",
        "no_transpose_back",
        "no_transpose_back_rows",
        (_FROM_DCOLUMNS, "    dx = dcolumns.T.reshape(dout.shape)\n"),
    ),
    another_form(
        "spatial_batchnorm_backward",
        "no_transpose_back",
        "no_transpose_back_width_first",
        (_TO_COLUMNS, _TO_COLUMNS.replace("0, 2, 3, 1", "0, 3, 2, 1")),
        (_FROM_COLUMNS, _FROM_COLUMNS.replace("height, width", "width, height").replace("0, 3, 1, 2", "0, 3, 2, 1")),
        (_TO_DCOLUMNS, _TO_DCOLUMNS.replace("0, 2, 3, 1", "0, 3, 2, 1")),
        (_FROM_DCOLUMNS, "    dx = dcolumns.reshape(dout.shape)\n"),
    ),
    mistake(
        "spatial_batchnorm_backward",
        "rows_and_columns_swapped",
        LAYERS,
        "Rows and columns of the pictures are swapped",
        "The channels are back in their place, but the gradients lie on their side: the axes of height and width are "
        "swapped. Look at the order of the axes in the last transpose.",
        (_FROM_DCOLUMNS, _FROM_DCOLUMNS.replace("0, 3, 1, 2", "0, 3, 2, 1")),
    ),
    mistake(
        "spatial_batchnorm_backward",
        "statistics_constant",
        LAYERS,
        "Mean and variance are treated as constants",
        "dx is only a scaled dout, as if mean and variance did not depend on x. Every pixel changes both a little: dx "
        "needs the gradients through them too.",
        (
            _DNORMALISED,
            "    _, dgamma, dbeta = batchnorm_backward_alt(dcolumns, cache)\n    dcolumns = dcolumns * cache[3] / cache[2]\n",
        ),
    ),
    mistake(
        "spatial_batchnorm_backward",
        "means",
        LAYERS,
        "A mean where a sum belongs",
        "dgamma and dbeta are averaged over the pixels. gamma and beta act on every pixel of a channel: their "
        "gradients are sums.",
        (_DNORMALISED, _DNORMALISED + "    dgamma, dbeta = dgamma / len(dcolumns), dbeta / len(dcolumns)\n"),
    ),
    mistake(
        "spatial_batchnorm_backward",
        "swapped",
        LAYERS,
        "dgamma and dbeta are swapped",
        "dgamma and dbeta are returned in the wrong order. The right order is that of the forward pass's arguments.",
        (_DNORMALISED, "    dcolumns, dbeta, dgamma = batchnorm_backward_alt(dcolumns, cache)\n"),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "per_channel",
        LAYERS,
        "Statistics for each channel",
        "Each channel is normalised by itself, whatever G says. The C / G channels of a group share mean and variance.",
        (_GROUPS, "groups = x.reshape(len(x), x.shape[1], -1)"),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "group_size",
        LAYERS,
        "G is used as the size of a group",
        "Each group has G channels, so there are C / G groups. G is the number of groups.",
        (_GROUPS, "groups = x.reshape(len(x), x.shape[1] // G, -1)"),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "one_group",
        LAYERS,
        "All channels in one group",
        "Each picture is normalised as a whole, which is layer normalisation. Split its channels into G groups first.",
        (_GROUPS, "groups = x.reshape(len(x), 1, -1)"),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "per_pixel",
        LAYERS,
        "Statistics for each pixel",
        "Mean and variance are taken over the channels of a group only, for each pixel by itself. All pixels of a group "
        "share them: take them over rows and columns too.",
        (_GROUPS, "groups = x.reshape(len(x), G, x.shape[1] // G, -1)"),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "over_batch",
        LAYERS,
        "Statistics over the batch",
        "A group's mean and variance are taken over all pictures. Each picture has its own: no picture depends on "
        "another one.",
        (_GROUP_CENTRED, "centred = groups - groups.mean(axis=(0, 2), keepdims=True)"),
        (_GROUP_STD, "std = np.sqrt((centred**2).mean(axis=(0, 2), keepdims=True) + eps)"),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "interleaved",
        LAYERS,
        "The groups are not neighbours",
        "A group holds every G-th channel. It must hold C / G neighbouring channels: check the order of the axes in "
        "the reshape.",
        (
            _GROUPS,
            "apart = (len(x), -1, G, *x.shape[2:])\n"
            "    groups = x.reshape(apart).swapaxes(1, 2).reshape(len(x), G, -1)",
        ),
        (
            "normalised = (centred / std).reshape(x.shape)",
            "normalised = (centred / std).reshape(len(x), G, -1, *x.shape[2:]).swapaxes(1, 2).reshape(x.shape)",
        ),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "eps_outside",
        LAYERS,
        "eps outside the root",
        "eps is added to the standard deviation. Add it to the variance, before the square root.",
        (_GROUP_STD, "std = np.sqrt((centred**2).mean(axis=2, keepdims=True)) + eps"),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "unbiased",
        LAYERS,
        "The unbiased variance",
        "The sum of squares is divided by the number of pixels minus one (ddof=1). Group normalisation uses the "
        "biased variance: the plain mean of the squares.",
        (_GROUP_STD, "std = np.sqrt((centred**2).sum(axis=2, keepdims=True) / (groups.shape[2] - 1) + eps)"),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "no_root",
        LAYERS,
        "Divided by the variance",
        "The centred pixels are divided by the variance. The square root is missing.",
        (_GROUP_STD, "std = (centred**2).mean(axis=2, keepdims=True) + eps"),
    ),
    mistake(
        "spatial_groupnorm_forward",
        "without_gamma_beta",
        LAYERS,
        "No gamma and beta",
        "The groups are normalised, but gamma and beta are not used. After the normalisation, each channel is scaled by "
        "its gamma and shifted by its beta.",
        (
            "    out = gamma * normalised + beta\n    cache = (normalised, std, gamma, G)",
            "    out = normalised\n    cache = (normalised, std, gamma, G)",
        ),
    ),
    mistake(
        "spatial_groupnorm_backward",
        "flat_gradients",
        LAYERS,
        "dgamma and dbeta are flat",
        "dgamma and dbeta have shape (C,). gamma and beta have shape (1, C, 1, 1), and so must their gradients: keep "
        "the axes.",
        (_GROUP_DBETA, _GROUP_DBETA.replace(", keepdims=True", "")),
        (_GROUP_DGAMMA, _GROUP_DGAMMA.replace(", keepdims=True", "")),
    ),
    mistake(
        "spatial_groupnorm_backward",
        "gradients_per_pixel",
        LAYERS,
        "dgamma and dbeta are summed over the pictures only",
        "dgamma and dbeta have a number for each pixel of a channel. A channel has one gamma and one beta: sum over rows "
        "and columns too.",
        (_GROUP_DBETA, _GROUP_DBETA.replace("(0, 2, 3)", "0")),
        (_GROUP_DGAMMA, _GROUP_DGAMMA.replace("(0, 2, 3)", "0")),
    ),
    mistake(
        "spatial_groupnorm_backward",
        "no_gamma",
        LAYERS,
        "gamma is missing in dx",
        "dx is computed from dout without gamma. On its way back, the gradient first passes the multiplication by "
        "gamma.",
        ("(dout * gamma).reshape(len(dout), G, -1)", "dout.reshape(len(dout), G, -1)"),
    ),
    mistake(
        "spatial_groupnorm_backward",
        "statistics_constant",
        LAYERS,
        "Mean and variance are treated as constants",
        "dx is only a scaled dout, as if mean and variance did not depend on x. Every pixel changes those of its "
        "group: dx needs the gradients through them too.",
        (_GROUP_DX, "dx = (dgroups / std).reshape(dout.shape)"),
    ),
    mistake(
        "spatial_groupnorm_backward",
        "variance_constant",
        LAYERS,
        "The variance is treated as a constant",
        "dx has the gradient through the mean, but not the gradient through the variance. Every pixel changes both.",
        (_GROUP_DX, "dx = ((dgroups - share) / std).reshape(dout.shape)"),
    ),
    mistake(
        "spatial_groupnorm_backward",
        "over_batch",
        LAYERS,
        "Averaged over the batch",
        "dx averages over all pictures. A group's mean and variance come from one picture: average over the pixels of "
        "the group only.",
        (_GROUP_SHARE, "share = dgroups.mean(axis=(0, 2), keepdims=True)"),
        (_GROUP_PULL, "pull = (dgroups * groups).mean(axis=(0, 2), keepdims=True)"),
    ),
    mistake(
        "spatial_groupnorm_backward",
        "pixels_of_one_channel",
        LAYERS,
        "Divided by the pixels of one channel",
        "The sums over a group are divided by the number of pixels of one channel. A group has C / G channels: divide by "
        "the number of all its pixels.",
        (_GROUP_SHARE, "share = dgroups.sum(axis=2, keepdims=True) / (dout.shape[2] * dout.shape[3])"),
        (_GROUP_PULL, "pull = (dgroups * groups).sum(axis=2, keepdims=True) / (dout.shape[2] * dout.shape[3])"),
    ),
    mistake(
        "spatial_groupnorm_backward",
        "per_channel",
        LAYERS,
        "Averaged over each channel",
        "dx averages over a channel, but must average over its group. All channels of a group share mean and variance.",
        (
            _GROUP_DX,
            "dnormalised = dout * gamma\n"
            "    share = dnormalised.mean(axis=(2, 3), keepdims=True)\n"
            "    pull = (dnormalised * normalised).mean(axis=(2, 3), keepdims=True)\n"
            "    dx = ((dnormalised - share - normalised * pull).reshape(len(dout), G, -1) / std).reshape(dout.shape)",
        ),
    ),
    another_form(
        "spatial_groupnorm_backward",
        "per_channel",
        "per_channel_stepwise",
        (
            _GROUP_DX,
            "dnormalised = dout * gamma\n"
            "    pull = (dnormalised * normalised).mean(axis=(2, 3), keepdims=True)\n"
            "    dcentred = dnormalised - normalised * pull\n"
            "    dcentred -= dcentred.mean(axis=(2, 3), keepdims=True)\n"
            "    dx = (dcentred.reshape(len(dout), G, -1) / std).reshape(dout.shape)",
        ),
    ),
)

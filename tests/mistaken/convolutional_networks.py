"""Mistaken programs of part 4."""

from . import program

LAYERS, NETS = "layers.py", "classifiers/cnn.py"

_CONV_FORWARD = (
    program(
        "conv_forward_naive/no_bias",
        "of_2016",
        LAYERS,
        ("j * s : j * s + WW] * w[f]) + b[f]\n", "j * s : j * s + WW] * w[f])\n"),
    ),
    program(
        "conv_forward_naive/no_bias",
        "strides",
        LAYERS,
        ("optimize=True) + b[None, :, None, None]\n", "optimize=True)\n"),
    ),
    program(
        "conv_forward_naive/no_bias",
        "in_place",
        LAYERS,
        ("    out[:] = b.reshape(F, 1, 1)\n", "    out[:] = 0\n"),
    ),
    program(
        "conv_forward_naive/no_padding",
        "reuse",
        LAYERS,
        ("w.reshape(len(w), -1).T, _pad(x, p), {}\n", "w.reshape(len(w), -1).T, x, {}\n"),
    ),
    program(
        "conv_forward_naive/no_padding",
        "loops",
        LAYERS,
        (
            "1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride), dtype",
            "1 + (H - HH) // stride, 1 + (W - WW) // stride), dtype",
        ),
        (
            "        total = b[f]\n"
            "        for c, u, v in np.ndindex(C, HH, WW):\n"
            "            y, z = i * stride + u - pad, j * stride + v - pad\n"
            "            if 0 <= y < H and 0 <= z < W:  # the border is all zeros: there is nothing to add\n"
            "                total += x[n, c, y, z] * w[f, c, u, v]\n",
            "        total = b[f]\n"
            "        for c, u, v in np.ndindex(C, HH, WW):\n"
            "            total += x[n, c, i * stride + u, j * stride + v] * w[f, c, u, v]\n",
        ),
    ),
    program(
        "conv_forward_naive/padding_on_channels",
        "keepdims",
        LAYERS,
        (
            '    x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="constant")\n    HH, WW',
            '    x_pad = np.pad(x, ((0, 0), (p, p), (p, p), (p, p)), mode="constant")\n    HH, WW',
        ),
    ),
    program(
        "conv_forward_naive/padding_on_channels",
        "in_place",
        LAYERS,
        (
            "    big = np.zeros((N, C, H + 2 * p, W + 2 * p), x.dtype)\n    big[:, :, p : p + H, p : p + W] = x\n",
            "    big = np.zeros((N, C + 2 * p, H + 2 * p, W + 2 * p), x.dtype)\n"
            "    big[:, p : p + C, p : p + H, p : p + W] = x\n",
        ),
    ),
    program(
        "conv_forward_naive/padding_on_channels",
        "graph",
        LAYERS,
        (
            '        img = np.stack([np.pad(channel, p, mode="constant") for channel in img])\n',
            '        img = np.pad(img, p, mode="constant")\n',
        ),
    ),
    program(
        "conv_forward_naive/padding_on_channels",
        "of_2016",
        LAYERS,
        (
            '((0,), (0,), (p,), (p,)), mode="constant", constant_values=0)',
            '((0,), (p,), (p,), (p,)), mode="constant", constant_values=0)',
        ),
    ),
    program(
        "conv_forward_naive/channels_shifted",
        "columns",
        LAYERS,
        (
            '    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), "constant")\n',
            '    xp = np.pad(x, ((0, 0), (p, p), (p, p), (p, p)), "constant")\n',
        ),
    ),
    program(
        "conv_forward_naive/channels_shifted",
        "closures",
        LAYERS,
        (
            "    big = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))\n",
            "    big = np.pad(x, ((0, 0), (p, p), (p, p), (p, p)))\n",
        ),
        (
            "    spots = [np.s_[:, :, i : i + HH, j : j + WW] for",
            "    spots = [np.s_[:, :C, i : i + HH, j : j + WW] for",
        ),
    ),
    program(
        "conv_forward_naive/stride_in_rows_only",
        "matrices",
        LAYERS,
        (
            "    columns = range(0, W + 2 * p - WW + 1, s)\n",
            "    columns = range(1 + (W + 2 * p - WW) // s)\n",
        ),
    ),
    program(
        "conv_forward_naive/stride_in_rows_only",
        "columns",
        LAYERS,
        ("    j1 = s * np.tile(np.arange(Wo), Ho)\n", "    j1 = np.tile(np.arange(Wo), Ho)\n"),
    ),
    program(
        "conv_forward_naive/stride_in_rows_only",
        "einsum",
        LAYERS,
        (
            "big[:, :, u : u + s * Ho : s, v : v + s * Wo : s], w[:, :, u, v])",
            "big[:, :, u : u + s * Ho : s, v : v + Wo], w[:, :, u, v])",
        ),
    ),
    program(
        "conv_forward_naive/filter_flipped",
        "strides",
        LAYERS,
        ("v, w, optimize=True) + b", "v, np.flip(w, (2, 3)), optimize=True) + b"),
    ),
    program(
        "conv_forward_naive/filter_flipped",
        "loops",
        LAYERS,
        (
            "total += x[n, c, y, z] * w[f, c, u, v]\n",
            "total += x[n, c, y, z] * w[f, c, HH - 1 - u, WW - 1 - v]\n",
        ),
    ),
    program(
        "conv_forward_naive/height_and_width_swapped",
        "keepdims",
        LAYERS,
        (
            "    Ho, Wo = (x_pad.shape[2] - HH) // s + 1, (x_pad.shape[3] - WW) // s + 1\n",
            "    Wo, Ho = (x_pad.shape[2] - HH) // s + 1, (x_pad.shape[3] - WW) // s + 1\n",
        ),
    ),
    program(
        "conv_forward_naive/height_and_width_swapped",
        "float32",
        LAYERS,
        (
            "    rows, columns = (padded.shape[2] - w.shape[2]) // s + 1, (padded.shape[3] - w.shape[3]) // s + 1\n",
            "    columns, rows = (padded.shape[2] - w.shape[2]) // s + 1, (padded.shape[3] - w.shape[3]) // s + 1\n",
        ),
    ),
    program(
        "conv_forward_naive/height_and_width_swapped",
        "of_2016",
        LAYERS,
        ("    Hn = int(1 + (H + 2 * p - HH) / s)\n", "    Wn = int(1 + (H + 2 * p - HH) / s)\n"),
        ("    Wn = int(1 + (W + 2 * p - WW) / s)\n", "    Hn = int(1 + (W + 2 * p - WW) / s)\n"),
    ),
    program(
        "conv_forward_naive/mean_of_products",
        "keepdims",
        LAYERS,
        (
            "row.append(np.sum(window * w, axis=(2, 3, 4), keepdims=True)[:, :, 0])",
            "row.append(np.mean(window * w, axis=(2, 3, 4), keepdims=True)[:, :, 0])",
        ),
    ),
    program(
        "conv_forward_naive/mean_of_products",
        "of_2016",
        LAYERS,
        (
            "out[n, f, i, j] = np.sum(x_pad[n, :, i * s : i * s + HH, j * s : j * s + WW] * w[f]) + b[f]",
            "out[n, f, i, j] = np.mean(x_pad[n, :, i * s : i * s + HH, j * s : j * s + WW] * w[f]) + b[f]",
        ),
    ),
    program(
        "conv_forward_naive/mean_of_products",
        "loops",
        LAYERS,
        ("        total = b[f]\n", "        total = 0.0\n"),
        ("        out[n, f, i, j] = total\n", "        out[n, f, i, j] = total / (C * HH * WW) + b[f]\n"),
    ),
)

_CONV_BACKWARD = (
    program(
        "conv_backward_naive/db_wrong_axes",
        "strides",
        LAYERS,
        ("dw, np.sum(dout, (0, 2, 3))\n", "dw, np.sum(dout, (1, 2, 3))\n"),
    ),
    program(
        "conv_backward_naive/db_wrong_axes",
        "classes",
        LAYERS,
        ("dout.sum(axis=3).sum(axis=2).sum(axis=0)\n", "dout.sum(axis=3).sum(axis=2).sum(axis=1)\n"),
    ),
    program(
        "conv_backward_naive/db_wrong_axes",
        "einsum",
        LAYERS,
        ('return dbig, dw, np.einsum("nfhw->f", dout)\n', 'return dbig, dw, np.einsum("nfhw->n", dout)\n'),
    ),
    program(
        "conv_backward_naive/db_mean",
        "in_place",
        LAYERS,
        ("            db += d.sum(axis=0)\n", "            db += d.mean(axis=0)\n"),
    ),
    program(
        "conv_backward_naive/db_mean",
        "loops",
        LAYERS,
        ("        db[f] += dout[n, f, i, j]\n", "        db[f] += dout[n, f, i, j] / N\n"),
    ),
    program(
        "conv_backward_naive/db_mean",
        "closures",
        LAYERS,
        ("dw, ds.sum(axis=(0, 1))\n", "dw, ds.sum(axis=0).mean(axis=0)\n"),
    ),
    program(
        "conv_backward_naive/dw_mean",
        "keepdims",
        LAYERS,
        ("            dw += np.sum(d * window, axis=0)\n", "            dw += np.mean(d * window, axis=0)\n"),
    ),
    program(
        "conv_backward_naive/dw_mean",
        "columns",
        LAYERS,
        ('cache["cols"]).reshape(w.shape)\n', 'cache["cols"]).reshape(w.shape) / len(d)\n'),
    ),
    program(
        "conv_backward_naive/dw_mean",
        "graph",
        LAYERS,
        (
            "            dw[f] += d * img[:, y * s : y * s + HH, z * s : z * s + WW]\n",
            "            dw[f] += d / len(x) * img[:, y * s : y * s + HH, z * s : z * s + WW]\n",
        ),
    ),
    program(
        "conv_backward_naive/dw_assigned",
        "classes",
        LAYERS,
        ("            drows += d.T.dot(", "            drows = d.T.dot("),
    ),
    program(
        "conv_backward_naive/dw_assigned",
        "reuse",
        LAYERS,
        ("        dmatrix, db = dmatrix + dw, db + one_db\n", "        dmatrix, db = dw, db + one_db\n"),
    ),
    program(
        "conv_backward_naive/dw_assigned",
        "float32",
        LAYERS,
        (
            "                dw[f] += np.sum(d * padded[window], axis=0)\n",
            "                dw[f] = np.sum(d * padded[window], axis=0)\n",
        ),
    ),
    program(
        "conv_backward_naive/dx_assigned",
        "in_place",
        LAYERS,
        ("j * s : j * s + WW] += np.tensordot(d, w, 1)\n", "j * s : j * s + WW] = np.tensordot(d, w, 1)\n"),
    ),
    program(
        "conv_backward_naive/dx_assigned",
        "reuse",
        LAYERS,
        ("        dpadded[window] += dx\n", "        dpadded[window] = dx\n"),
    ),
    program(
        "conv_backward_naive/dx_assigned",
        "closures",
        LAYERS,
        (
            "            dbig[spot] += (d @ flat).reshape(N, C, HH, WW)\n",
            "            dbig[spot] = (d @ flat).reshape(N, C, HH, WW)\n",
        ),
    ),
    program(
        "conv_backward_naive/dx_not_cut",
        "of_2016",
        LAYERS,
        ("    return dx_pad[:, :, p:-p, p:-p], dw, db\n", "    return dx_pad, dw, db\n"),
    ),
    program(
        "conv_backward_naive/dx_not_cut",
        "classes",
        LAYERS,
        ("        return self.windows.unframed(dx)\n", "        return dx\n"),
    ),
    program(
        "conv_backward_naive/dx_not_cut",
        "einsum",
        LAYERS,
        ("    if p > 0:\n        dbig = dbig[:, :, p:-p, p:-p]\n", ""),
    ),
    program(
        "conv_backward_naive/cut_with_minus_pad",
        "reuse",
        LAYERS,
        ("    return x[:, :, p:-p, p:-p] if p else x\n", "    return x[:, :, p:-p, p:-p]\n"),
    ),
    program(
        "conv_backward_naive/cut_with_minus_pad",
        "einsum",
        LAYERS,
        ("    if p > 0:\n        dbig = dbig[:, :, p:-p, p:-p]\n", "    dbig = dbig[:, :, p:-p, p:-p]\n"),
    ),
    program(
        "conv_backward_naive/cut_with_minus_pad",
        "keepdims",
        LAYERS,
        (
            "    return dx_pad[:, :, p : H + p, p : W + p], dw, db\n",
            "    return dx_pad[:, :, p:-p, p:-p], dw, db\n",
        ),
    ),
    program(
        "conv_backward_naive/cut_with_minus_pad",
        "graph",
        LAYERS,
        (
            "        dx[n] = dimg[:, p : dimg.shape[1] - p, p : dimg.shape[2] - p]\n",
            "        dx[n] = dimg[:, p:-p, p:-p]\n",
        ),
    ),
    program(
        "conv_backward_naive/cut_at_one_side",
        "columns",
        LAYERS,
        (
            "    return dx[:, :, p : p + H, p : p + W], dw, d.sum",
            "    return dx[:, :, :H, :W], dw, d.sum",
        ),
    ),
    program(
        "conv_backward_naive/cut_at_one_side",
        "graph",
        LAYERS,
        (
            "        dx[n] = dimg[:, p : dimg.shape[1] - p, p : dimg.shape[2] - p]\n",
            "        dx[n] = dimg[:, : dimg.shape[1] - 2 * p, : dimg.shape[2] - 2 * p]\n",
        ),
    ),
    program(
        "conv_backward_naive/cut_at_one_side",
        "strides",
        LAYERS,
        (
            "    return dx[:, :, p : p + H, p : p + W], dw, np.sum",
            "    return dx[:, :, 0:H, 0:W], dw, np.sum",
        ),
    ),
    program(
        "conv_backward_naive/filter_flipped",
        "strides",
        LAYERS,
        ("_view(spread, HH, WW, 1), w[:, :, ::-1, ::-1])\n", "_view(spread, HH, WW, 1), w)\n"),
    ),
    program(
        "conv_backward_naive/filter_flipped",
        "float32",
        LAYERS,
        (
            "                dpadded[window] += d * w[f]\n",
            "                dpadded[window] += d * np.rot90(w[f], 2, axes=(1, 2))\n",
        ),
    ),
    program(
        "conv_backward_naive/filter_flipped",
        "loops",
        LAYERS,
        (
            "                dx[n, c, y, z] += dout[n, f, i, j] * w[f, c, u, v]\n",
            "                dx[n, c, y, z] += dout[n, f, i, j] * w[f, c, HH - 1 - u, WW - 1 - v]\n",
        ),
    ),
    program(
        "conv_backward_naive/stride_ignored",
        "graph",
        LAYERS,
        (
            "            dw[f] += d * img[:, y * s : y * s + HH, z * s : z * s + WW]\n"
            "            dimg[:, y * s : y * s + HH, z * s : z * s + WW] += d * w[f]\n",
            "            dw[f] += d * img[:, y : y + HH, z : z + WW]\n"
            "            dimg[:, y : y + HH, z : z + WW] += d * w[f]\n",
        ),
    ),
    program(
        "conv_backward_naive/stride_ignored",
        "loops",
        LAYERS,
        (
            "        db[f] += dout[n, f, i, j]\n"
            "        for c, u, v in np.ndindex(C, HH, WW):\n"
            "            y, z = i * stride + u - pad, j * stride + v - pad\n",
            "        db[f] += dout[n, f, i, j]\n"
            "        for c, u, v in np.ndindex(C, HH, WW):\n"
            "            y, z = i + u - pad, j + v - pad\n",
        ),
    ),
    program(
        "conv_backward_naive/stride_ignored",
        "einsum",
        LAYERS,
        (
            "            spot = (slice(None), slice(None), slice(u, u + s * Ho, s), slice(v, v + s * Wo, s))\n",
            "            spot = (slice(None), slice(None), slice(u, u + Ho), slice(v, v + Wo))\n",
        ),
    ),
)

_MAX_POOL_FORWARD = (
    program(
        "max_pool_forward_naive/mean",
        "strides",
        LAYERS,
        ("    return v.max(-1), (x, pool_param)\n", "    return v.mean(-1), (x, pool_param)\n"),
    ),
    program(
        "max_pool_forward_naive/mean",
        "of_2016",
        LAYERS,
        ("out[n, c, i, j] = np.max(x[n, c, i * s", "out[n, c, i, j] = np.mean(x[n, c, i * s"),
    ),
    program(
        "max_pool_forward_naive/mean",
        "closures",
        LAYERS,
        (
            "    out = reduce(np.maximum, (x[pixel][:, :, :rows, :columns] for pixel in pixels))\n",
            "    out = reduce(np.add, (x[pixel][:, :, :rows, :columns] for pixel in pixels)) / len(pixels)\n",
        ),
    ),
    program(
        "max_pool_forward_naive/starts_at_zero",
        "loops",
        LAYERS,
        ("        best, place = -math.inf, None\n", "        best, place = 0, None\n"),
    ),
    program(
        "max_pool_forward_naive/starts_at_zero",
        "graph",
        LAYERS,
        ("    out, rounds = None, []\n", "    out, rounds = np.zeros((*x.shape[:2], Ho, Wo)), []\n"),
        (
            "            won = np.ones(x[place].shape, dtype=bool) if out is None else x[place] >= out\n",
            "            won = x[place] >= out\n",
        ),
    ),
    program(
        "max_pool_forward_naive/starts_at_zero",
        "closures",
        LAYERS,
        (
            "(x[pixel][:, :, :rows, :columns] for pixel in pixels))\n",
            "(x[pixel][:, :, :rows, :columns] for pixel in pixels), 0)\n",
        ),
    ),
    program(
        "max_pool_forward_naive/stride_is_window",
        "classes",
        LAYERS,
        (
            '(param["pool_height"], param["pool_width"], param["stride"])',
            '(param["pool_height"], param["pool_width"], param["pool_height"])',
        ),
    ),
    program(
        "max_pool_forward_naive/stride_is_window",
        "of_2016",
        LAYERS,
        (
            "    out = np.zeros((N, C, int((H - ph) / s + 1), int((W - pw) / s + 1)))\n",
            "    out = np.zeros((N, C, int((H - ph) / ph + 1), int((W - pw) / ph + 1)))\n",
        ),
        (
            "np.max(x[n, c, i * s : i * s + ph, j * s : j * s + pw])",
            "np.max(x[n, c, i * ph : (i + 1) * ph, j * ph : j * ph + pw])",
        ),
    ),
    program(
        "max_pool_forward_naive/stride_is_window",
        "strides",
        LAYERS,
        (
            "sliding_window_view(x, (ph, pw), (2, 3))[:, :, ::s, ::s]",
            "sliding_window_view(x, (ph, pw), (2, 3))[:, :, ::ph, ::ph]",
        ),
    ),
    program(
        "max_pool_forward_naive/over_channels",
        "keepdims",
        LAYERS,
        ("np.max(window, axis=(2, 3), keepdims=True)", "np.max(window, axis=(1, 2, 3), keepdims=True)"),
    ),
    program(
        "max_pool_forward_naive/over_channels",
        "of_2016",
        LAYERS,
        ("np.max(x[n, c, i * s : i * s + ph,", "np.max(x[n, :, i * s : i * s + ph,"),
    ),
    program(
        "max_pool_forward_naive/over_channels",
        "loops",
        LAYERS,
        (
            "                value = x[n, c, i * stride + u, j * stride + v]\n",
            "                value = x[n, :, i * stride + u, j * stride + v].max()\n",
        ),
    ),
    program(
        "max_pool_forward_naive/height_and_width_swapped",
        "loops",
        LAYERS,
        (
            'height, width, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]',
            'width, height, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]',
        ),
    ),
    program(
        "max_pool_forward_naive/height_and_width_swapped",
        "matrices",
        LAYERS,
        (
            '    size = pool_param["pool_height"], pool_param["pool_width"]\n',
            '    size = pool_param["pool_width"], pool_param["pool_height"]\n',
        ),
    ),
    program(
        "max_pool_forward_naive/height_and_width_swapped",
        "closures",
        LAYERS,
        (
            'pool_param[name] for name in ("pool_height", "pool_width", "stride"))',
            'pool_param[name] for name in ("pool_width", "pool_height", "stride"))',
        ),
    ),
)

_MAX_POOL_BACKWARD = (
    program(
        "max_pool_backward_naive/spread_evenly",
        "keepdims",
        LAYERS,
        (
            "j * s : j * s + pw] += largest * share\n",
            "j * s : j * s + pw] += dout[:, :, i : i + 1, j : j + 1] / (ph * pw)\n",
        ),
    ),
    program(
        "max_pool_backward_naive/spread_evenly",
        "float32",
        LAYERS,
        (
            "        dx[n, c, i * s + place // pw, j * s + place % pw] += single(dout[n, c, i, j])\n",
            "        dx[n, c, i * s : i * s + ph, j * s : j * s + pw] += single(dout[n, c, i, j]) / window.size\n",
        ),
    ),
    program(
        "max_pool_backward_naive/spread_evenly",
        "in_place",
        LAYERS,
        (
            "        np.add(spot, dout, out=spot, where=which == k)\n",
            "        np.add(spot, dout / (ph * pw), out=spot)\n",
        ),
    ),
    program(
        "max_pool_backward_naive/assigned",
        "keepdims",
        LAYERS,
        ("j * s : j * s + pw] += largest * share\n", "j * s : j * s + pw] = largest * share\n"),
    ),
    program(
        "max_pool_backward_naive/assigned",
        "classes",
        LAYERS,
        (
            "            dx[window] += gradient.reshape(dx[window].shape)\n",
            "            dx[window] = gradient.reshape(dx[window].shape)\n",
        ),
    ),
    program(
        "max_pool_backward_naive/assigned",
        "einsum",
        LAYERS,
        (
            'j * s : j * s + pw] += np.einsum("ncuv,nc->ncuv", mask, dout[:, :, i, j])\n',
            'j * s : j * s + pw] = np.einsum("ncuv,nc->ncuv", mask, dout[:, :, i, j])\n',
        ),
    ),
    program(
        "max_pool_backward_naive/largest_of_picture",
        "closures",
        LAYERS,
        (
            "            dx[pixel] += (x[pixel] == out) * dout  # equal ones get it each\n",
            "            dx[pixel] += (x[pixel] == x.max(axis=(2, 3), keepdims=True)) * dout\n",
        ),
    ),
    program(
        "max_pool_backward_naive/largest_of_picture",
        "keepdims",
        LAYERS,
        (
            "            largest = window == out[:, :, i : i + 1, j : j + 1]\n"
            "            share = dout[:, :, i : i + 1, j : j + 1]"
            " / np.sum(largest, axis=(2, 3), keepdims=True, dtype=x.dtype)\n",
            "            largest = window == np.max(out, axis=(2, 3), keepdims=True)\n"
            "            share = dout[:, :, i : i + 1, j : j + 1]\n",
        ),
    ),
    program(
        "max_pool_backward_naive/largest_of_picture",
        "float32",
        LAYERS,
        (
            "        place = window.argmax()\n"
            "        dx[n, c, i * s + place // pw, j * s + place % pw] += single(dout[n, c, i, j])\n",
            "        for u, v in np.argwhere(window == x[n, c].max()):\n"
            "            dx[n, c, i * s + u, j * s + v] += single(dout[n, c, i, j])\n",
        ),
    ),
    program(
        "max_pool_backward_naive/place_in_window",
        "strides",
        LAYERS,
        (
            "    np.add.at(dx, (n, c, i * s + which // pw, j * s + which % pw), dout)\n",
            "    np.add.at(dx, (n, c, which // pw, which % pw), dout)\n",
        ),
    ),
    program(
        "max_pool_backward_naive/place_in_window",
        "loops",
        LAYERS,
        (
            "                    best, place = value, (i * stride + u, j * stride + v)\n",
            "                    best, place = value, (u, v)\n",
        ),
    ),
    program(
        "max_pool_backward_naive/place_in_window",
        "of_2016",
        LAYERS,
        (
            "        dx[n, c, i * s + a, j * s + b] = dout[n, c, i, j]\n",
            "        dx[n, c, a, b] += dout[n, c, i, j]\n",
        ),
    ),
    program(
        "max_pool_backward_naive/mask_only",
        "loops",
        LAYERS,
        ("        dx[n, c, y, z] += dout[n, c, i, j]\n", "        dx[n, c, y, z] += 1\n"),
    ),
    program(
        "max_pool_backward_naive/mask_only",
        "graph",
        LAYERS,
        (
            "    dx, left = np.zeros(shape, dtype=dout.dtype), dout\n",
            "    dx, left = np.zeros(shape, dtype=dout.dtype), np.ones_like(dout)\n",
        ),
    ),
    program(
        "max_pool_backward_naive/mask_only",
        "classes",
        LAYERS,
        (
            "            gradient = winner * dout[(slice(None), slice(None), *place)][:, :, None]\n"
            "            dx[window] += gradient.reshape(dx[window].shape)\n",
            "            dx[window] += winner.reshape(dx[window].shape)\n",
        ),
    ),
    program(
        "max_pool_backward_naive/mask_only",
        "matrices",
        LAYERS,
        (
            "    return (A.swapaxes(2, 3) @ dout.reshape(*dout.shape[:2], -1, 1)).reshape(shape)\n",
            "    return A.sum(axis=2).reshape(shape)\n",
        ),
    ),
)

_CONV_NET = (
    program(
        "three_layer_convnet/relu_on_scores",
        "keepdims",
        NETS,
        (
            '        scores, c6 = affine_forward(a5, p["W3"], p["b3"])\n',
            '        scores, c6 = affine_forward(a5, p["W3"], p["b3"])\n        scores = np.maximum(scores, 0)\n',
        ),
    ),
    program(
        "three_layer_convnet/relu_on_scores",
        "of_2016",
        NETS,
        (
            "        scores, cache3 = affine_forward(a2, W3, b3)\n",
            "        scores, cache3 = affine_forward(a2, W3, b3)\n        scores, _ = relu_forward(scores)\n",
        ),
    ),
    program(
        "three_layer_convnet/relu_on_scores",
        "classes",
        NETS,
        ("            Affine(W3, b3),\n", "            Affine(W3, b3),\n            ReLU(),\n"),
    ),
    program(
        "three_layer_convnet/relu_on_scores",
        "columns",
        NETS,
        (
            '        x, last = affine_forward(x, W3, self.params["b3"])\n',
            '        x, last = affine_relu_forward(x, W3, self.params["b3"])\n',
        ),
        ("        d, dW3, db3 = affine_backward(d, last)\n", "        d, dW3, db3 = affine_relu_backward(d, last)\n"),
    ),
    program(
        "three_layer_convnet/no_hidden_relu",
        "loops",
        NETS,
        (
            "        out5, cache5 = relu_forward(out4)\n"
            '        scores, cache6 = affine_forward(out5, p["W3"], p["b3"])\n',
            '        scores, cache6 = affine_forward(out4, p["W3"], p["b3"])\n',
        ),
        (
            '        d5, grads["W3"], grads["b3"] = affine_backward(dscores, cache6)\n'
            "        d4 = relu_backward(d5, cache5)\n",
            '        d4, grads["W3"], grads["b3"] = affine_backward(dscores, cache6)\n',
        ),
    ),
    program(
        "three_layer_convnet/no_hidden_relu",
        "classes",
        NETS,
        (
            "            Affine(W2, b2),\n            ReLU(),\n            Affine(W3, b3),\n",
            "            Affine(W2, b2),\n            Affine(W3, b3),\n",
        ),
        ("(layers[0], layers[3], layers[5])", "(layers[0], layers[3], layers[4])"),
    ),
    program(
        "three_layer_convnet/no_hidden_relu",
        "einsum",
        NETS,
        (
            '        h = np.maximum(np.einsum("nd,dh->nh", flat, W2) + b2, 0)\n',
            '        h = np.einsum("nd,dh->nh", flat, W2) + b2\n',
        ),
        ('np.einsum("nc,hc->nh", ds, W3) * (h > 0)\n', 'np.einsum("nc,hc->nh", ds, W3)\n'),
    ),
    program(
        "three_layer_convnet/no_hidden_relu",
        "graph",
        NETS,
        (
            "        out = tape.write(relu_forward(out), relu_backward)\n        scores = tape.write(",
            "        scores = tape.write(",
        ),
    ),
    program(
        "three_layer_convnet/reg_without_half",
        "matrices",
        NETS,
        ("        loss += self.reg / 2 * (np.trace(", "        loss += self.reg * (np.trace("),
    ),
    program(
        "three_layer_convnet/reg_without_half",
        "einsum",
        NETS,
        ("        loss += 0.5 * self.reg * sum(np.einsum(", "        loss += self.reg * sum(np.einsum("),
    ),
    program(
        "three_layer_convnet/reg_without_half",
        "in_place",
        NETS,
        (
            "                loss = loss + 0.5 * self.reg * np.linalg.norm(self.params[name]) ** 2\n",
            "                loss = loss + self.reg * np.linalg.norm(self.params[name]) ** 2\n",
        ),
    ),
    program(
        "three_layer_convnet/reg_gradient_missing",
        "columns",
        NETS,
        (
            '{"W1": dW1 + self.reg * W1, "W2": dW2 + self.reg * W2, "W3": dW3 + self.reg * W3}',
            '{"W1": dW1, "W2": dW2, "W3": dW3}',
        ),
    ),
    program(
        "three_layer_convnet/reg_gradient_missing",
        "of_2016",
        NETS,
        (
            "        dW1 += self.reg * W1\n        dW2 += self.reg * W2\n        dW3 += self.reg * W3\n",
            "",
        ),
    ),
    program(
        "three_layer_convnet/reg_gradient_missing",
        "keepdims",
        NETS,
        ('        for k in ["W1", "W2", "W3"]:\n            g[k] = g[k] + self.reg * p[k]\n', ""),
    ),
    program(
        "three_layer_convnet/reg_affine_only",
        "reuse",
        NETS,
        ("        grads.update(W1=dW1 + self.reg * W1, b1=db1)\n", "        grads.update(W1=dW1, b1=db1)\n"),
        ("        return loss + 0.5 * self.reg * (W1 * W1).sum(), grads\n", "        return loss, grads\n"),
    ),
    program(
        "three_layer_convnet/reg_affine_only",
        "float32",
        NETS,
        (
            '        for name in ("W1", "W2", "W3"):\n            W = self.params[name]\n',
            '        for name in ("W2", "W3"):\n            W = self.params[name]\n',
        ),
    ),
    program(
        "three_layer_convnet/reg_affine_only",
        "matrices",
        NETS,
        (
            "(np.trace(M1 @ M1.T) + np.trace(W2.T @ W2) + np.trace(W3.T @ W3))",
            "(np.trace(W2.T @ W2) + np.trace(W3.T @ W3))",
        ),
        ('        grads = {"W1": dW1 + self.reg * W1, "b1": db1}\n', '        grads = {"W1": dW1, "b1": db1}\n'),
    ),
    program(
        "three_layer_convnet/reg_biases",
        "in_place",
        NETS,
        (
            '            if name[0] == "W":\n'
            "                loss = loss + 0.5 * self.reg * np.linalg.norm(self.params[name]) ** 2\n"
            "                grads[name] += self.reg * self.params[name]\n",
            "            loss = loss + 0.5 * self.reg * np.linalg.norm(self.params[name]) ** 2\n"
            "            grads[name] += self.reg * self.params[name]\n",
        ),
    ),
    program(
        "three_layer_convnet/reg_biases",
        "graph",
        NETS,
        (
            '        for name in ("W1", "W2", "W3"):\n            loss = loss +',
            "        for name in grads:\n            loss = loss +",
        ),
    ),
    program(
        "three_layer_convnet/reg_biases",
        "classes",
        NETS,
        (
            'grads["b%d" % i] = layer.dw + self.reg * layer.w, layer.db\n'
            "            loss += 0.5 * self.reg * np.sum(layer.w**2)\n",
            'grads["b%d" % i] = layer.dw + self.reg * layer.w, layer.db + self.reg * layer.b\n'
            "            loss += 0.5 * self.reg * (np.sum(layer.w**2) + np.sum(layer.b**2))\n",
        ),
    ),
    program(
        "three_layer_convnet/weight_scale_ignored",
        "float32",
        NETS,
        ("np.random.normal(scale=weight_scale, size=shape)", "np.random.normal(size=shape)"),
    ),
    program(
        "three_layer_convnet/weight_scale_ignored",
        "graph",
        NETS,
        (
            "            self.params[name] = (self.params[name] * weight_scale).astype(dtype)\n",
            "            self.params[name] = self.params[name].astype(dtype)\n",
        ),
    ),
    program(
        "three_layer_convnet/weight_scale_ignored",
        "columns",
        NETS,
        ("np.random.normal(0, weight_scale, size).astype(dtype)", "np.random.normal(0, 1, size).astype(dtype)"),
    ),
    program(
        "three_layer_convnet/weight_scale_ignored",
        "closures",
        NETS,
        ("(weight_scale * np.random.randn(*shape)).astype(dtype)", "np.random.randn(*shape).astype(dtype)"),
    ),
    program(
        "three_layer_convnet/pooling_forgotten",
        "loops",
        NETS,
        ("(num_filters * H * W // 4, hidden_dim)", "(num_filters * H * W, hidden_dim)"),
    ),
    program(
        "three_layer_convnet/pooling_forgotten",
        "in_place",
        NETS,
        (
            "        dummy = np.zeros((1, *input_dim))[:, :, ::2, ::2]\n",
            "        dummy = np.zeros((1, *input_dim))\n",
        ),
    ),
    program(
        "three_layer_convnet/pooling_forgotten",
        "of_2016",
        NETS,
        ("np.random.randn(num_filters * H2 * W2, hidden_dim)", "np.random.randn(num_filters * H1 * W1, hidden_dim)"),
    ),
    program(
        "three_layer_convnet/pooling_forgotten",
        "reuse",
        NETS,
        ("[hidden_dim], num_filters * H * W // 4, num_classes,", "[hidden_dim], num_filters * H * W, num_classes,"),
    ),
    program(
        "three_layer_convnet/square_pictures_only",
        "matrices",
        NETS,
        ("num_filters * (H // 2) * (W // 2), hidden_dim", "num_filters * (H // 2) * (H // 2), hidden_dim"),
    ),
    program(
        "three_layer_convnet/square_pictures_only",
        "closures",
        NETS,
        ("num_filters * (H // 2) * (W // 2), hidden_dim", "num_filters * H**2 // 4, hidden_dim"),
    ),
    program(
        "three_layer_convnet/square_pictures_only",
        "einsum",
        NETS,
        (
            "        (C, H, W), F, S = input_dim, num_filters, filter_size\n",
            "        C, H, F, S = input_dim[0], input_dim[1], num_filters, filter_size\n",
        ),
        ('"W2": (F * (H // 2) * (W // 2), hidden_dim)', '"W2": (F * (H // 2) * (H // 2), hidden_dim)'),
    ),
    program(
        "three_layer_convnet/biases_random",
        "classes",
        NETS,
        (
            '            self.params["b%d" % i] = np.zeros(outputs[i - 1], dtype=dtype)\n',
            '            self.params["b%d" % i] = np.random.normal(scale=weight_scale, size=outputs[i - 1])'
            ".astype(dtype)\n",
        ),
    ),
    program(
        "three_layer_convnet/biases_random",
        "of_2016",
        NETS,
        (
            '        self.params["b1"] = np.zeros(num_filters)\n',
            '        self.params["b1"] = np.random.randn(num_filters) * weight_scale\n',
        ),
        (
            '        self.params["b2"] = np.zeros(hidden_dim)\n',
            '        self.params["b2"] = np.random.randn(hidden_dim) * weight_scale\n',
        ),
        (
            '        self.params["b3"] = np.zeros(num_classes)\n',
            '        self.params["b3"] = np.random.randn(num_classes) * weight_scale\n',
        ),
    ),
    program(
        "three_layer_convnet/biases_random",
        "float32",
        NETS,
        (
            "            b1=np.zeros(num_filters, dtype),\n"
            "            b2=np.zeros(hidden_dim, dtype),\n"
            "            b3=np.zeros(num_classes, dtype),\n",
            "            b1=draw(num_filters),\n            b2=draw(hidden_dim),\n            b3=draw(num_classes),\n",
        ),
    ),
)

_SPATIAL_BATCHNORM_FORWARD = (
    program(
        "spatial_batchnorm_forward/no_transpose",
        "graph",
        LAYERS,
        (
            "    moved = np.transpose(x, (0, 2, 3, 1))\n    flat = np.reshape(moved, (-1, C))\n",
            "    flat = np.reshape(x, (-1, C))\n",
        ),
        (
            "    unflat = np.reshape(normal, (N, H, W, C))\n    out = np.transpose(unflat, (0, 3, 1, 2))\n",
            "    out = np.reshape(normal, (N, C, H, W))\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/no_transpose",
        "of_2016",
        LAYERS,
        (
            "batchnorm_forward(x.transpose(0, 3, 2, 1).reshape((N * H * W, C))",
            "batchnorm_forward(x.reshape((N * H * W, C))",
        ),
        (
            "    return out.reshape(N, W, H, C).transpose(0, 3, 2, 1), cache\n",
            "    return out.reshape(N, C, H, W), cache\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/no_transpose",
        "strides",
        LAYERS,
        (
            "    last = np.moveaxis(x, 1, -1)\n"
            "    out, cache = batchnorm_forward(last.reshape(-1, last.shape[-1]), gamma, beta, bn_param)\n"
            "    return np.moveaxis(out.reshape(last.shape), -1, 1), cache\n",
            "    out, cache = batchnorm_forward(x.reshape(-1, x.shape[1]), gamma, beta, bn_param)\n"
            "    return out.reshape(x.shape), cache\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/no_transpose_back",
        "reuse",
        LAYERS,
        ("    return _channels_second(flat, x.shape), cache\n", "    return flat.reshape(x.shape), cache\n"),
    ),
    program(
        "spatial_batchnorm_forward/no_transpose_back",
        "float32",
        LAYERS,
        (
            "    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache\n",
            "    return out.reshape(N, C, H, W), cache\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/no_transpose_back",
        "einsum",
        LAYERS,
        (
            '    return np.einsum("nhwc->nchw", flat.reshape(N, H, W, C)), cache\n',
            "    return flat.reshape(N, C, H, W), cache\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/no_transpose_back",
        "loops",
        LAYERS,
        (
            "    out = np.zeros_like(x)\n"
            "    for n, c, i, j in np.ndindex(x.shape):\n"
            "        out[n, c, i, j] = normal[(n * H + i) * W + j, c]\n"
            "    return out, cache\n",
            "    return normal.reshape(N, C, H, W), cache\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/per_pixel",
        "in_place",
        LAYERS,
        (
            '    mean = bn_param.setdefault("running_mean", np.zeros(x.shape[1], dtype=x.dtype))\n'
            '    var = bn_param.setdefault("running_var", np.zeros(x.shape[1], dtype=x.dtype))\n'
            '    if bn_param["mode"] == "train":\n'
            "        batch_mean, batch_var = x.mean((0, 2, 3)), x.var((0, 2, 3))\n",
            '    mean = bn_param.setdefault("running_mean", np.zeros(x.shape[1:], dtype=x.dtype))\n'
            '    var = bn_param.setdefault("running_var", np.zeros(x.shape[1:], dtype=x.dtype))\n'
            '    if bn_param["mode"] == "train":\n'
            "        batch_mean, batch_var = x.mean(0), x.var(0)\n",
        ),
        (
            "    std = np.sqrt(var + eps).reshape(shape)\n    x -= mean.reshape(shape)\n    x /= std\n",
            "    std = np.sqrt(var + eps)\n    x -= mean\n    x /= std\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/per_pixel",
        "classes",
        LAYERS,
        (
            "    layer = Normalisation(gamma[:, None, None], beta[:, None, None], (0, 2, 3), "
            'bn_param.get("eps", 1e-5))\n'
            "    zeros = np.zeros(x.shape[1], dtype=x.dtype)\n",
            '    layer = Normalisation(gamma[:, None, None], beta[:, None, None], 0, bn_param.get("eps", 1e-5))\n'
            "    zeros = np.zeros(x[0].size, dtype=x.dtype)\n",
        ),
        (
            "layer.forward(x, (mean[:, None, None], var[:, None, None])), layer\n",
            "layer.forward(x, (mean.reshape(x.shape[1:]), var.reshape(x.shape[1:]))), layer\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/per_pixel",
        "strides",
        LAYERS,
        (
            "    last = np.moveaxis(x, 1, -1)\n"
            "    out, cache = batchnorm_forward(last.reshape(-1, last.shape[-1]), gamma, beta, bn_param)\n"
            "    return np.moveaxis(out.reshape(last.shape), -1, 1), cache\n",
            "    scales = [np.broadcast_to(a[:, None, None], x.shape[1:]).reshape(-1) for a in (gamma, beta)]\n"
            "    out, cache = batchnorm_forward(x.reshape(len(x), -1), *scales, bn_param)\n"
            "    return out.reshape(x.shape), cache\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/per_picture",
        "columns",
        LAYERS,
        (
            "    rows = np.concatenate([picture.reshape(C, -1) for picture in x], axis=1).T\n"
            "    out, cache = batchnorm_forward(rows, gamma, beta, bn_param)\n"
            "    return np.stack([part.reshape(C, H, W) for part in np.split(out.T, N, axis=1)]), cache\n",
            "    outs = []\n"
            "    for picture in x:\n"
            "        out, cache = batchnorm_forward(picture.reshape(C, -1).T, gamma, beta, bn_param)\n"
            "        outs.append(out.T.reshape(C, H, W))\n"
            "    return np.stack(outs), cache\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/per_picture",
        "of_2016",
        LAYERS,
        (
            "    out, cache = batchnorm_forward(x.transpose(0, 3, 2, 1).reshape((N * H * W, C)),"
            " gamma, beta, bn_param)\n"
            "    return out.reshape(N, W, H, C).transpose(0, 3, 2, 1), cache\n",
            "    out, cache = np.zeros(x.shape), []\n"
            "    for n in xrange(N):\n"
            "        rows, part = batchnorm_forward(x[n].transpose(1, 2, 0).reshape((H * W, C)),"
            " gamma, beta, bn_param)\n"
            "        out[n] = rows.reshape(H, W, C).transpose(2, 0, 1)\n"
            "        cache.append(part)\n"
            "    return out, cache\n",
        ),
    ),
    program(
        "spatial_batchnorm_forward/running_averages_lost",
        "reuse",
        LAYERS,
        (
            "batchnorm_forward(_channels_last(x), gamma, beta, bn_param)",
            "batchnorm_forward(_channels_last(x), gamma, beta, bn_param.copy())",
        ),
    ),
    program(
        "spatial_batchnorm_forward/running_averages_lost",
        "matrices",
        LAYERS,
        (
            '        for name, old, new in zip(("running_mean", "running_var"), running, (mean, var)):\n'
            "            bn_param[name] = momentum * old + (1 - momentum) * new\n"
            "    hat = np.diag(",
            "        running = [momentum * old + (1 - momentum) * new for old, new in zip(running, (mean, var))]\n"
            "    hat = np.diag(",
        ),
    ),
    program(
        "spatial_batchnorm_forward/running_averages_lost",
        "keepdims",
        LAYERS,
        (
            '    bn_param["running_mean"] = momentum * mean + (1 - momentum) * mu\n'
            '    bn_param["running_var"] = momentum * var + (1 - momentum) * sigma\n'
            "    x_hat",
            "    mean = momentum * mean + (1 - momentum) * mu\n"
            "    var = momentum * var + (1 - momentum) * sigma\n"
            "    x_hat",
        ),
    ),
)

_SPATIAL_BATCHNORM_BACKWARD = (
    program(
        "spatial_batchnorm_backward/no_transpose",
        "reuse",
        LAYERS,
        (
            "    flat, dgamma, dbeta = batchnorm_backward(_channels_last(dout), cache)\n"
            "    return _channels_second(flat, dout.shape), dgamma, dbeta\n",
            "    flat, dgamma, dbeta = batchnorm_backward(dout.reshape(-1, dout.shape[1]), cache)\n"
            "    return flat.reshape(dout.shape), dgamma, dbeta\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/no_transpose",
        "float32",
        LAYERS,
        (
            "    rows = single(dout).transpose(0, 2, 3, 1).reshape(N * H * W, C)\n",
            "    rows = single(dout).reshape(N * H * W, C)\n",
        ),
        (
            "    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta\n",
            "    return dx.reshape(N, C, H, W), dgamma, dbeta\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/no_transpose",
        "graph",
        LAYERS,
        (
            "    dunflat = np.transpose(dout, (0, 2, 3, 1))\n    dnormal = np.reshape(dunflat, (-1, C))\n",
            "    dnormal = np.reshape(dout, (-1, C))\n",
        ),
        (
            "    dmoved = np.reshape(dflat, (N, H, W, C))\n    dx = np.transpose(dmoved, (0, 3, 1, 2))\n",
            "    dx = np.reshape(dflat, (N, C, H, W))\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/no_transpose_back",
        "columns",
        LAYERS,
        (
            "    return np.stack([part.reshape(C, H, W) for part in np.split(dx.T, N, axis=1)]), dgamma, dbeta\n",
            "    return dx.reshape(dout.shape), dgamma, dbeta\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/no_transpose_back",
        "closures",
        LAYERS,
        ("        return restore(dx), dgamma, dbeta\n", "        return dx.reshape(x.shape), dgamma, dbeta\n"),
    ),
    program(
        "spatial_batchnorm_backward/no_transpose_back",
        "strides",
        LAYERS,
        (
            "    return np.moveaxis(dx.reshape(last.shape), -1, 1), dgamma, dbeta\n",
            "    return dx.reshape(dout.shape), dgamma, dbeta\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/statistics_constant",
        "einsum",
        LAYERS,
        (
            "    inner = dout - (dbeta[:, None, None]"
            ' + np.einsum("nchw,c->nchw", xhat, dgamma)) / (N * H * W)\n'
            '    return np.einsum("nchw,c,c->nchw", inner, gamma, inv), dgamma, dbeta\n',
            '    return np.einsum("nchw,c,c->nchw", dout, gamma, inv), dgamma, dbeta\n',
        ),
    ),
    program(
        "spatial_batchnorm_backward/statistics_constant",
        "matrices",
        LAYERS,
        (
            "    dX = scale @ (D - np.outer(dbeta, np.ones(n)) / n - np.diag(dgamma) @ hat / n)\n",
            "    dX = scale @ D\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/statistics_constant",
        "in_place",
        LAYERS,
        (
            "    dout *= gamma\n"
            "    pull = (dout * xhat).mean(axes, keepdims=True)\n"
            "    dout -= dout.mean(axes, keepdims=True)\n"
            "    xhat *= pull\n"
            "    dout -= xhat\n"
            "    dout /= std\n",
            "    dout *= gamma\n    dout /= std\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/means",
        "in_place",
        LAYERS,
        (
            "    dgamma, dbeta = np.sum(dout * xhat, axes), np.sum(dout, axes)\n",
            "    dgamma, dbeta = np.mean(dout * xhat, axes), np.mean(dout, axes)\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/means",
        "classes",
        LAYERS,
        (
            "    return cache.backward(dout), *cache.sums(dout, (0, 2, 3))\n",
            "    return cache.backward(dout), np.mean(dout * cache.hat, axis=(0, 2, 3)),"
            " np.mean(dout, axis=(0, 2, 3))\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/means",
        "keepdims",
        LAYERS,
        (
            "/ m * (m * dout - dbeta - x_hat * dgamma)\n    return dx, dgamma, dbeta\n",
            "/ m * (m * dout - dbeta - x_hat * dgamma)\n    return dx, dgamma / m, dbeta / m\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/swapped",
        "matrices",
        LAYERS,
        (
            "    return _as_pictures(dX, dout.shape), dgamma, dbeta\n",
            "    return _as_pictures(dX, dout.shape), dbeta, dgamma\n",
        ),
    ),
    program(
        "spatial_batchnorm_backward/swapped",
        "of_2016",
        LAYERS,
        (
            "    dx, dgamma, dbeta = batchnorm_backward(dout.transpose(",
            "    dx, dbeta, dgamma = batchnorm_backward(dout.transpose(",
        ),
    ),
    program(
        "spatial_batchnorm_backward/swapped",
        "loops",
        LAYERS,
        (
            "    dcolumn, dgamma, dbeta = batchnorm_backward_alt(column, cache)\n",
            "    dcolumn, dbeta, dgamma = batchnorm_backward_alt(column, cache)\n",
        ),
    ),
)

_SPATIAL_GROUPNORM_FORWARD = (
    program(
        "spatial_groupnorm_forward/per_channel",
        "graph",
        LAYERS,
        ("    mu = np.mean(y, axis=(2, 3, 4), keepdims=True)\n", "    mu = np.mean(y, axis=(3, 4), keepdims=True)\n"),
        (
            "    var = np.mean(xmu**2, axis=(2, 3, 4), keepdims=True)\n",
            "    var = np.mean(xmu**2, axis=(3, 4), keepdims=True)\n",
        ),
    ),
    program(
        "spatial_groupnorm_forward/per_channel",
        "reuse",
        LAYERS,
        ("    rows = x.reshape(x.shape[0] * G, -1)\n", "    rows = x.reshape(x.shape[0] * x.shape[1], -1)\n"),
    ),
    program(
        "spatial_groupnorm_forward/per_channel",
        "matrices",
        LAYERS,
        (
            "    m = C // G * H * W\n    M = np.kron(np.eye(G), np.full((m, m), 1 / m))\n",
            "    m = H * W\n    M = np.kron(np.eye(C), np.full((m, m), 1 / m))\n",
        ),
    ),
    program(
        "spatial_groupnorm_forward/one_group",
        "keepdims",
        LAYERS,
        (
            "    mean, var = y.mean(axis=(2, 3, 4), keepdims=True), y.var(axis=(2, 3, 4), keepdims=True)\n",
            "    mean, var = y.mean(axis=(1, 2, 3, 4), keepdims=True), y.var(axis=(1, 2, 3, 4), keepdims=True)\n",
        ),
    ),
    program(
        "spatial_groupnorm_forward/one_group",
        "in_place",
        LAYERS,
        (
            "    groups = x.reshape(x.shape[0], G, -1)  # a view: what happens here happens to x\n",
            "    groups = x.reshape(x.shape[0], -1)  # a view: what happens here happens to x\n",
        ),
    ),
    program(
        "spatial_groupnorm_forward/one_group",
        "columns",
        LAYERS,
        ("    rows = x.reshape(x.shape[0] * G, -1).T\n", "    rows = x.reshape(x.shape[0], -1).T\n"),
    ),
    program(
        "spatial_groupnorm_forward/over_batch",
        "classes",
        LAYERS,
        (
            "        self.inner = Normalisation(1, 0, (2, 3, 4), eps)\n",
            "        self.inner = Normalisation(1, 0, (0, 2, 3, 4), eps)\n",
        ),
    ),
    program(
        "spatial_groupnorm_forward/over_batch",
        "float32",
        LAYERS,
        (
            "        centred = group - group.mean(axis=(1, 2, 3), keepdims=True)\n"
            "        inv = 1 / np.sqrt((centred**2).mean(axis=(1, 2, 3), keepdims=True)",
            "        centred = group - group.mean()\n        inv = 1 / np.sqrt((centred**2).mean()",
        ),
    ),
    program(
        "spatial_groupnorm_forward/over_batch",
        "einsum",
        LAYERS,
        (
            "    m = y[0, 0].size\n"
            '    y = y - np.einsum("ngchw->ng", y)[:, :, None, None, None] / m\n'
            '    inv = 1 / np.sqrt(np.einsum("ngchw,ngchw->ng", y, y) / m',
            "    m = y[:, 0].size\n"
            '    y = y - np.einsum("ngchw->g", y)[:, None, None, None] / m\n'
            '    inv = 1 / np.sqrt(np.einsum("ngchw,ngchw->g", y, y) / m',
        ),
        (
            '    xhat = np.einsum("ngchw,ng->ngchw", y, inv)\n',
            '    xhat = np.einsum("ngchw,g->ngchw", y, inv)\n',
        ),
    ),
    program(
        "spatial_groupnorm_forward/interleaved",
        "of_2016",
        LAYERS,
        ("            part = x[n, g * k : (g + 1) * k]\n", "            part = x[n, g::G]\n"),
        (
            "            x_hat[n, g * k : (g + 1) * k] = (part - np.mean(part))",
            "            x_hat[n, g::G] = (part - np.mean(part))",
        ),
    ),
    program(
        "spatial_groupnorm_forward/interleaved",
        "graph",
        LAYERS,
        ("    y = np.reshape(x, (N, G, C // G, H, W))\n", "    y = np.reshape(x, (N, C // G, G, H, W))\n"),
        (
            "    mu = np.mean(y, axis=(2, 3, 4), keepdims=True)\n",
            "    mu = np.mean(y, axis=(1, 3, 4), keepdims=True)\n",
        ),
        (
            "    var = np.mean(xmu**2, axis=(2, 3, 4), keepdims=True)\n",
            "    var = np.mean(xmu**2, axis=(1, 3, 4), keepdims=True)\n",
        ),
    ),
    program(
        "spatial_groupnorm_forward/interleaved",
        "loops",
        LAYERS,
        (
            "            group = [(c, i, j) for c in range(g * size, (g + 1) * size)"
            " for i in range(H) for j in range(W)]\n"
            "            mu = sum(",
            "            group = [(c, i, j) for c in range(g, C, G) for i in range(H) for j in range(W)]\n"
            "            mu = sum(",
        ),
    ),
    program(
        "spatial_groupnorm_forward/eps_outside",
        "of_2016",
        LAYERS,
        (
            "            std[n, g] = np.sqrt(np.var(part) + eps)\n",
            "            std[n, g] = np.std(part) + eps\n",
        ),
    ),
    program(
        "spatial_groupnorm_forward/eps_outside",
        "matrices",
        LAYERS,
        (
            '    inv = (centred**2 @ M + gn_param.get("eps", 1e-5)) ** -0.5\n',
            '    inv = 1 / ((centred**2 @ M) ** 0.5 + gn_param.get("eps", 1e-5))\n',
        ),
    ),
    program(
        "spatial_groupnorm_forward/eps_outside",
        "strides",
        LAYERS,
        (
            '    std = np.sqrt(np.average(np.square(centred), axis=-1) + gn_param.get("eps", 1e-5))[..., None]\n',
            '    std = np.sqrt(np.average(np.square(centred), axis=-1))[..., None] + gn_param.get("eps", 1e-5)\n',
        ),
    ),
    program(
        "spatial_groupnorm_forward/unbiased",
        "loops",
        LAYERS,
        (
            "            var = sum((x[n, c, i, j] - mu) ** 2 for c, i, j in group) / len(group)\n",
            "            var = sum((x[n, c, i, j] - mu) ** 2 for c, i, j in group) / (len(group) - 1)\n",
        ),
    ),
    program(
        "spatial_groupnorm_forward/unbiased",
        "in_place",
        LAYERS,
        (
            "    std = np.sqrt(groups.var(-1, keepdims=True) + gn",
            "    std = np.sqrt(groups.var(-1, ddof=1, keepdims=True) + gn",
        ),
    ),
    program(
        "spatial_groupnorm_forward/unbiased",
        "einsum",
        LAYERS,
        (
            '    inv = 1 / np.sqrt(np.einsum("ngchw,ngchw->ng", y, y) / m + gn',
            '    inv = 1 / np.sqrt(np.einsum("ngchw,ngchw->ng", y, y) / (m - 1) + gn',
        ),
    ),
)

_SPATIAL_GROUPNORM_BACKWARD = (
    program(
        "spatial_groupnorm_backward/flat_gradients",
        "einsum",
        LAYERS,
        (
            '    dgamma = np.einsum("nchw,nchw->c", dout, flat).reshape(gamma.shape)\n'
            '    dbeta = np.einsum("nchw->c", dout).reshape(gamma.shape)\n',
            '    dgamma = np.einsum("nchw,nchw->c", dout, flat)\n    dbeta = np.einsum("nchw->c", dout)\n',
        ),
    ),
    program(
        "spatial_groupnorm_backward/flat_gradients",
        "closures",
        LAYERS,
        (
            "    total = lambda a: a.sum(axis=(0, 2, 3), keepdims=True)\n",
            "    total = lambda a: a.sum(axis=(0, 2, 3))\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/flat_gradients",
        "matrices",
        LAYERS,
        (
            "    return dx.reshape(dout.shape), dgamma.reshape(gamma.shape), dbeta.reshape(gamma.shape)\n",
            "    return dx.reshape(dout.shape), dgamma, dbeta\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/no_gamma",
        "reuse",
        LAYERS,
        (
            "layernorm_backward((dout * gamma).reshape(inner[0].shape), inner)",
            "layernorm_backward(dout.reshape(inner[0].shape), inner)",
        ),
    ),
    program(
        "spatial_groupnorm_backward/no_gamma",
        "in_place",
        LAYERS,
        (
            "    dgamma = (dout * xhat).sum((0, 2, 3), keepdims=True)\n    dout *= gamma\n",
            "    dgamma = (dout * xhat).sum((0, 2, 3), keepdims=True)\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/no_gamma",
        "columns",
        LAYERS,
        (
            "    rows = (dout * gamma).reshape(dout.shape[0] * G, -1).T\n",
            "    rows = dout.reshape(dout.shape[0] * G, -1).T\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/statistics_constant",
        "loops",
        LAYERS,
        (
            "                dx[n, c, i, j] = (dxhat - plain - xhat[n, c, i, j] * leaning) / std[n, g]\n",
            "                dx[n, c, i, j] = dxhat / std[n, g]\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/statistics_constant",
        "classes",
        LAYERS,
        (
            "        return self.inner.backward(self.split(dout * self.gamma)).reshape(dout.shape)\n",
            "        return (self.split(dout * self.gamma) / self.inner.std).reshape(dout.shape)\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/statistics_constant",
        "closures",
        LAYERS,
        (
            "    hat, back = _normalise(grouped(x), 2, gn",
            '    std = np.sqrt(np.var(grouped(x), axis=2, keepdims=True) + gn_param.get("eps", 1e-5))\n'
            "    hat, _ = _normalise(grouped(x), 2, gn",
        ),
        ("(back(grouped(dout * gamma)).reshape(x.shape)", "((grouped(dout * gamma) / std).reshape(x.shape)"),
    ),
    program(
        "spatial_groupnorm_backward/variance_constant",
        "graph",
        LAYERS,
        (
            '    dhat = np.reshape(dout * cache["gamma"], xmu.shape)\n'
            "    dinv = np.sum(dhat * xmu, axis=(2, 3, 4), keepdims=True)\n"
            "    dvar = -0.5 * inv**3 * dinv\n"
            "    dxmu = dhat * inv + 2 / m * xmu * dvar\n",
            '    dhat = np.reshape(dout * cache["gamma"], xmu.shape)\n    dxmu = dhat * inv\n',
        ),
    ),
    program(
        "spatial_groupnorm_backward/variance_constant",
        "float32",
        LAYERS,
        (
            "        parts.append(inv * (d - d.mean(axis=(1, 2, 3), keepdims=True) - hat * leaning))\n",
            "        parts.append(inv * (d - d.mean(axis=(1, 2, 3), keepdims=True)))\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/variance_constant",
        "strides",
        LAYERS,
        (
            "    dx = (d - np.average(d, axis=-1)[..., None] - h * pull) / std\n",
            "    dx = (d - np.average(d, axis=-1)[..., None]) / std\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/over_batch",
        "keepdims",
        LAYERS,
        ("    axes = (2, 3, 4)\n", "    axes = (0, 2, 3, 4)\n"),
    ),
    program(
        "spatial_groupnorm_backward/over_batch",
        "float32",
        LAYERS,
        (
            "        leaning = (d * hat).mean(axis=(1, 2, 3), keepdims=True)\n"
            "        parts.append(inv * (d - d.mean(axis=(1, 2, 3), keepdims=True) - hat * leaning))\n",
            "        parts.append(inv * (d - d.mean() - hat * (d * hat).mean()))\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/over_batch",
        "strides",
        LAYERS,
        (
            "    pull = np.average(d * h, axis=-1)[..., None]\n"
            "    dx = (d - np.average(d, axis=-1)[..., None] - h * pull) / std\n",
            "    pull = np.average(d * h, axis=(0, -1))[:, None]\n"
            "    dx = (d - np.average(d, axis=(0, -1))[:, None] - h * pull) / std\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/per_channel",
        "keepdims",
        LAYERS,
        ("    axes = (2, 3, 4)\n", "    axes = (3, 4)\n"),
    ),
    program(
        "spatial_groupnorm_backward/per_channel",
        "of_2016",
        LAYERS,
        (
            "            dx[n, part] = (d - d.mean() - h * (d * h).mean()) / std[n, g]\n",
            "            share, pull = (a.mean(axis=(1, 2), keepdims=True) for a in (d, d * h))\n"
            "            dx[n, part] = (d - share - h * pull) / std[n, g]\n",
        ),
    ),
    program(
        "spatial_groupnorm_backward/per_channel",
        "einsum",
        LAYERS,
        (
            "    xhat, inv, gamma = cache\n    m = xhat[0, 0].size\n",
            "    xhat, inv, gamma = cache\n    m = xhat[0, 0, 0].size\n",
        ),
        (
            '    pull = np.einsum("ngchw,ngchw->ng", d, xhat) / m\n'
            '    centred = d - np.einsum("ngchw->ng", d)[:, :, None, None, None] / m\n'
            '    dx = np.einsum("ngchw,ng->ngchw", centred - np.einsum("ngchw,ng->ngchw", xhat, pull), inv)\n',
            '    pull = np.einsum("ngchw,ngchw->ngc", d, xhat) / m\n'
            '    centred = d - np.einsum("ngchw->ngc", d)[..., None, None] / m\n'
            '    dx = np.einsum("ngchw,ng->ngchw", centred - np.einsum("ngchw,ngc->ngchw", xhat, pull), inv)\n',
        ),
    ),
)

PROGRAMS = (
    *_CONV_FORWARD,
    *_CONV_BACKWARD,
    *_MAX_POOL_FORWARD,
    *_MAX_POOL_BACKWARD,
    *_CONV_NET,
    *_SPATIAL_BATCHNORM_FORWARD,
    *_SPATIAL_BATCHNORM_BACKWARD,
    *_SPATIAL_GROUPNORM_FORWARD,
    *_SPATIAL_GROUPNORM_BACKWARD,
)

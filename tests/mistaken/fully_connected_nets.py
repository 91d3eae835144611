"""Mistaken programs of part 1."""

from . import program

LAYERS, OPTIM, NETS = "layers.py", "optim.py", "classifiers/fc_net.py"

_AFFINE = (
    program(
        "affine_forward/no_bias",
        "loops",
        LAYERS,
        ("            total = b[m]\n", "            total = 0.0\n"),
    ),
    program(
        "affine_forward/no_bias",
        "columns",
        LAYERS,
        ("np.ones((len(x), 1), dtype=x.dtype)", "np.zeros((len(x), 1), dtype=x.dtype)"),
    ),
    program(
        "affine_forward/no_bias",
        "in_place",
        LAYERS,
        ("    out += b\n", ""),
    ),
    program(
        "affine_forward/column_order",
        "loops",
        LAYERS,
        ("    rows = x.reshape(N, D)\n    out =", "    rows = x.T.reshape(D, N).T\n    out ="),
    ),
    program(
        "affine_forward/column_order",
        "strides",
        LAYERS,
        (
            "np.tensordot(x, w.reshape(*x.shape[1:], -1), axes=x.ndim - 1) + b",
            "np.tensordot(x.T, w.reshape(*x.shape[:0:-1], -1), axes=[range(x.ndim - 1)] * 2) + b",
        ),
    ),
    program(
        "affine_forward/column_order",
        "graph",
        LAYERS,
        (
            "    flat = np.reshape(x, (x.shape[0], -1))\n",
            "    turned = np.transpose(x)\n    flat = np.transpose(np.reshape(turned, (-1, x.shape[0])))\n",
        ),
    ),
    program(
        "affine_forward/bias_twice",
        "in_place",
        LAYERS,
        ("    out += b\n    return out, (x, w)", "    out += b\n    return out + b, (x, w)"),
    ),
    program(
        "affine_forward/bias_twice",
        "of_2016",
        LAYERS,
        ("    cache = [x, w, b]\n", "    out = out + b\n    cache = [x, w, b]\n"),
    ),
    program(
        "affine_forward/bias_twice",
        "columns",
        LAYERS,
        ("return rows.dot(wb), (rows, wb, x.shape)", "return rows.dot(wb) + b, (rows, wb, x.shape)"),
    ),
    program(
        "affine_backward/db_mean",
        "loops",
        LAYERS,
        ("    return drows.reshape(x.shape), dw, db\n", "    return drows.reshape(x.shape), dw, db / N\n"),
    ),
    program(
        "affine_backward/db_mean",
        "keepdims",
        LAYERS,
        ("flat.T.dot(dout), np.sum(dout, axis=0, keepdims=True)", "flat.T.dot(dout), np.mean(dout, 0, keepdims=True)"),
    ),
    program(
        "affine_backward/db_mean",
        "columns",
        LAYERS,
        ("dwb[:-1], dwb[-1:]\n", "dwb[:-1], dwb[-1:] / len(dout)\n"),
    ),
    program(
        "affine_backward/dw_mean",
        "einsum",
        LAYERS,
        (
            'dw = np.einsum("nd,nm->dm", x.reshape(x.shape[0], -1), dout)\n',
            'dw = np.einsum("nd,nm,->dm", x.reshape(x.shape[0], -1), dout, 1 / x.shape[0])\n',
        ),
    ),
    program(
        "affine_backward/dw_mean",
        "closures",
        LAYERS,
        ("np.dot(flat.T, dout), reduce(np.add, dout)", "np.dot(flat.T, dout) / len(flat), reduce(np.add, dout)"),
    ),
    program(
        "affine_backward/dw_mean",
        "loops",
        LAYERS,
        ("dw[d, m] += rows[n, d] * dout[n, m]\n", "dw[d, m] += rows[n, d] * dout[n, m] / N\n"),
    ),
    program(
        "affine_backward/db_wrong_axis",
        "einsum",
        LAYERS,
        (
            'return dx, dw, np.einsum("nm->m", dout)',
            'return dx, dw, np.resize(np.einsum("nm->n", dout), dout.shape[1])',
        ),
    ),
    program(
        "affine_backward/db_wrong_axis",
        "classes",
        LAYERS,
        ("self.db = np.sum(dout, axis=0)", "self.db = np.resize(np.sum(dout, axis=1), self.b.shape)"),
    ),
    program(
        "affine_backward/db_wrong_axis",
        "strides",
        LAYERS,
        ("return dx, dw, dout.T.sum(axis=-1)", "return dx, dw, dout.sum(axis=-1)"),
    ),
    program(
        "affine_backward/dx_flat",
        "graph",
        LAYERS,
        ("    dx = np.reshape(dflat, shape)\n", "    dx = dflat\n"),
    ),
    program(
        "affine_backward/dx_flat",
        "loops",
        LAYERS,
        ("    return drows.reshape(x.shape), dw, db\n", "    return drows, dw, db\n"),
    ),
    program(
        "affine_backward/dx_flat",
        "keepdims",
        LAYERS,
        ("return dout.dot(w.T).reshape(x.shape), flat.T.dot(dout)", "return dout.dot(w.T), flat.T.dot(dout)"),
    ),
    program(
        "affine_backward/dx_flat",
        "strides",
        LAYERS,
        (
            "dx = np.tensordot(dout, w.reshape(*x.shape[1:], -1), axes=[[1], [x.ndim - 1]])",
            "dx = np.tensordot(dout, w, axes=[[1], [1]])",
        ),
    ),
    program(
        "affine_backward/db_ones",
        "of_2016",
        LAYERS,
        ("    db = np.dot(np.ones(N), dout)\n", "    db = np.dot(np.ones(N), np.ones_like(dout))\n"),
    ),
    program(
        "affine_backward/db_ones",
        "loops",
        LAYERS,
        ("            db[m] += dout[n, m]\n", "            db[m] += 1\n"),
    ),
    program(
        "affine_backward/db_ones",
        "columns",
        LAYERS,
        ("dwb[:-1], dwb[-1:]\n", "dwb[:-1], rows.T.dot(np.ones_like(dout))[-1:]\n"),
    ),
)

_RELU = (
    program(
        "relu_forward/absolute",
        "keepdims",
        LAYERS,
        ("return 0.5 * (x + np.abs(x)), x", "return np.maximum(x, -x), x"),
    ),
    program(
        "relu_forward/absolute",
        "reuse",
        LAYERS,
        ("return max_of([x, np.zeros_like(x)])", "return max_of([x, -x])"),
    ),
    program(
        "relu_forward/absolute",
        "columns",
        LAYERS,
        ("    out[x < 0] = 0\n", "    out[x < 0] *= -1\n"),
    ),
    program(
        "relu_forward/leaky",
        "reuse",
        LAYERS,
        ("return max_of([x, np.zeros_like(x)])", "return max_of([x, 0.01 * x])"),
    ),
    program(
        "relu_forward/leaky",
        "classes",
        LAYERS,
        ("np.where(self.off, np.zeros_like(x), x)", "np.where(self.off, 0.01 * x, x)"),
    ),
    program(
        "relu_forward/leaky",
        "float32",
        LAYERS,
        ("out = np.clip(single(x), 0, None)", "out = np.clip(single(x), single(x) / 100, None)"),
    ),
    program(
        "relu_forward/in_place",
        "columns",
        LAYERS,
        ("    out = x.copy()\n", "    out = x\n"),
    ),
    program(
        "relu_forward/in_place",
        "strides",
        LAYERS,
        (
            "return np.where(x > 0, x, x.dtype.type(0)), as_strided(",
            "np.copyto(x, 0, where=x < 0)\n    return x, as_strided(",
        ),
    ),
    program(
        "relu_forward/in_place",
        "closures",
        LAYERS,
        ("return np.maximum(x, 0), lambda dout", "return np.maximum(x, 0, out=x), lambda dout"),
    ),
    program(
        "relu_forward/one_where_positive",
        "einsum",
        LAYERS,
        ('return np.einsum("...,...->...", x, positive), positive', "return positive, positive"),
    ),
    program(
        "relu_forward/one_where_positive",
        "loops",
        LAYERS,
        ("            out[where] = x[where]\n", "            out[where] = 1\n"),
    ),
    program(
        "relu_forward/one_where_positive",
        "of_2016",
        LAYERS,
        ("out = np.where(x < 0, 0.0, x)", "out = np.where(x < 0, 0.0, 1.0)"),
    ),
    program(
        "relu_backward/no_mask",
        "classes",
        LAYERS,
        ("        dx[self.off] = 0\n", ""),
    ),
    program(
        "relu_backward/no_mask",
        "columns",
        LAYERS,
        ("    dx.flat[cache] = dout.ravel()[cache]\n", "    dx.flat = dout.ravel()\n"),
    ),
    program(
        "relu_backward/no_mask",
        "reuse",
        LAYERS,
        ("return max_of_backward(dout, cache)[0]", "return sum(max_of_backward(dout, cache))"),
    ),
    program(
        "relu_backward/mask_of_dout",
        "keepdims",
        LAYERS,
        ("(1 + np.sign(cache))", "(1 + np.sign(dout))"),
    ),
    program(
        "relu_backward/mask_of_dout",
        "loops",
        LAYERS,
        ("        if x[where] > 0:\n            dx[where] =", "        if dout[where] > 0:\n            dx[where] ="),
    ),
    program(
        "relu_backward/mask_of_dout",
        "reuse",
        LAYERS,
        ("return max_of_backward(dout, cache)[0]", "return relu_forward(dout)[0]"),
    ),
    program(
        "relu_backward/times_x",
        "einsum",
        LAYERS,
        (
            '    return np.einsum("...,...->...", x, positive), positive\n',
            '    out = np.einsum("...,...->...", x, positive)\n    return out, out\n',
        ),
    ),
    program(
        "relu_backward/times_x",
        "float32",
        LAYERS,
        ("    return out, out > 0\n", "    return out, out\n"),
    ),
    program(
        "relu_backward/times_x",
        "loops",
        LAYERS,
        ("            dx[where] = dout[where]\n", "            dx[where] = dout[where] * x[where]\n"),
    ),
    program(
        "relu_backward/mask_only",
        "graph",
        LAYERS,
        ("    gate = cache\n    return gate * dout\n", "    gate = cache\n    return gate\n"),
    ),
    program(
        "relu_backward/mask_only",
        "matrices",
        LAYERS,
        (
            "def relu_backward(dout, cache):\n    return (cache * dout.ravel()).reshape(dout.shape)",
            "def relu_backward(dout, cache):\n    return cache.reshape(dout.shape)",
        ),
    ),
    program(
        "relu_backward/mask_only",
        "columns",
        LAYERS,
        ("    dx.flat[cache] = dout.ravel()[cache]\n", "    dx.flat[cache] = 1\n"),
    ),
    program(
        "relu_backward/in_place",
        "classes",
        LAYERS,
        ("        dx = dout.copy()\n", "        dx = dout\n"),
    ),
    program(
        "relu_backward/in_place",
        "keepdims",
        LAYERS,
        (
            "    return 0.5 * dout * (1 + np.sign(cache))  # half at zero\n",
            "    dout *= 0.5 * (1 + np.sign(cache))\n    return dout\n",
        ),
    ),
    program(
        "relu_backward/in_place",
        "loops",
        LAYERS,
        (
            "    dx = np.zeros_like(dout)\n"
            "    for where in np.ndindex(x.shape):\n"
            "        if x[where] > 0:\n"
            "            dx[where] = dout[where]\n"
            "    return dx\n",
            "    for where in np.ndindex(x.shape):\n"
            "        if x[where] <= 0:\n"
            "            dout[where] = 0\n"
            "    return dout\n",
        ),
    ),
)

_TWO_LAYERS = (
    program(
        "two_layer_net/reg_without_half",
        "matrices",
        NETS,
        ("loss += self.reg / 2 * (np.trace", "loss += self.reg * (np.trace"),
    ),
    program(
        "two_layer_net/reg_without_half",
        "keepdims",
        NETS,
        (
            "0.5 * self.reg * np.sum(W1 * W1, keepdims=True) + 0.5 * self.reg * np.sum(W2 * W2, keepdims=True)",
            "self.reg * np.sum(W1 * W1, keepdims=True) + self.reg * np.sum(W2 * W2, keepdims=True)",
        ),
    ),
    program(
        "two_layer_net/reg_without_half",
        "closures",
        NETS,
        ("loss = loss + reg / 2 * sum(float(np.vdot(W, W))", "loss = loss + reg * sum(float(np.vdot(W, W))"),
    ),
    program(
        "two_layer_net/reg_gradient_missing",
        "columns",
        NETS,
        (
            "        for dM, M in ((dtop, top), (dbottom, bottom)):\n            dM[:-1] += self.reg * M[:-1]\n",
            "",
        ),
    ),
    program(
        "two_layer_net/reg_gradient_missing",
        "loops",
        NETS,
        ("                    grads[name][i, j] += reg * params[name][i, j]\n", ""),
    ),
    program(
        "two_layer_net/reg_gradient_missing",
        "float32",
        NETS,
        ("X.T @ dhidden + self.reg * W1", "X.T @ dhidden"),
        ("hidden.T @ dscores + self.reg * W2", "hidden.T @ dscores"),
    ),
    program(
        "two_layer_net/reg_first_only",
        "in_place",
        NETS,
        (
            '0.5 * self.reg * (np.sum(self.params["W1"] ** 2) + np.sum(self.params["W2"] ** 2))',
            '0.5 * self.reg * np.sum(self.params["W1"] ** 2)',
        ),
        ('        grads["W2"] += self.reg * self.params["W2"]\n', ""),
    ),
    program(
        "two_layer_net/reg_first_only",
        "strides",
        NETS,
        ('for name in ("W1", "W2"):', 'for name in ["W1"]:'),
    ),
    program(
        "two_layer_net/reg_first_only",
        "of_2016",
        NETS,
        ("        reg_loss += 0.5 * self.reg * np.sum(W2**2)\n", ""),
        ("        dW2 += self.reg * W2\n", ""),
    ),
    program(
        "two_layer_net/reg_biases",
        "columns",
        NETS,
        ("np.linalg.norm(M[:-1]) ** 2", "np.linalg.norm(M) ** 2"),
        ("dM[:-1] += self.reg * M[:-1]", "dM += self.reg * M"),
    ),
    program(
        "two_layer_net/reg_biases",
        "graph",
        NETS,
        (
            '        if "W" in name:\n'
            "            loss = loss + 0.5 * reg * np.sum(value**2)\n"
            "            grads[name] = grads[name] + reg * value\n",
            "        loss = loss + 0.5 * reg * np.sum(value**2)\n        grads[name] = grads[name] + reg * value\n",
        ),
    ),
    program(
        "two_layer_net/reg_biases",
        "strides",
        NETS,
        ('for name in ("W1", "W2"):', "for name in self.params:"),
    ),
    program(
        "two_layer_net/relu_on_scores",
        "classes",
        NETS,
        ('ReLU(), Affine(p["W2"], p["b2"])]', 'ReLU(), Affine(p["W2"], p["b2"]), ReLU()]'),
    ),
    program(
        "two_layer_net/relu_on_scores",
        "loops",
        NETS,
        (
            '        scores, cache_s = affine_forward(h, self.params["W2"], self.params["b2"])\n',
            '        scores, cache_s = affine_forward(h, self.params["W2"], self.params["b2"])\n'
            "        scores, _ = relu_forward(scores)\n",
        ),
    ),
    program(
        "two_layer_net/relu_on_scores",
        "einsum",
        NETS,
        (
            '        scores = np.einsum("nh,hc->nc", h, W2) + b2\n',
            '        scores = np.einsum("nh,hc->nc", h, W2) + b2\n        scores = scores * (scores > 0)\n',
        ),
    ),
    program(
        "two_layer_net/no_relu",
        "closures",
        NETS,
        ("            (relu_forward, ()),\n", ""),
    ),
    program(
        "two_layer_net/no_relu",
        "columns",
        NETS,
        ("x2 = _columns(np.where(a > 0, a, 0))", "x2 = _columns(a)"),
        ("dtop = x1.T @ np.where(a > 0, (ds @ bottom.T)[:, :-1], 0)", "dtop = x1.T @ (ds @ bottom.T)[:, :-1]"),
    ),
    program(
        "two_layer_net/no_relu",
        "float32",
        NETS,
        ("hidden = np.maximum(X @ W1 + b1, 0)", "hidden = X @ W1 + b1"),
        ("        dhidden[hidden == 0] = 0\n", ""),
    ),
    program(
        "two_layer_net/biases_random",
        "of_2016",
        NETS,
        ('self.params["b1"] = np.zeros(self.M)', 'self.params["b1"] = weight_scale * np.random.randn(self.M)'),
        ('self.params["b2"] = np.zeros(self.C)', 'self.params["b2"] = weight_scale * np.random.randn(self.C)'),
    ),
    program(
        "two_layer_net/biases_random",
        "classes",
        NETS,
        (
            'self.params["b%d" % i] = np.zeros(b)',
            'self.params["b%d" % i] = np.random.normal(scale=weight_scale, size=b)',
        ),
    ),
    program(
        "two_layer_net/biases_random",
        "in_place",
        NETS,
        ('self.params["b1"] = np.zeros(hidden_dim)', 'self.params["b1"] = np.random.randn(hidden_dim)'),
        (
            'self.params["b2"] = np.zeros(num_classes)\n\n    def loss',
            'self.params["b2"] = np.random.randn(num_classes)\n'
            '        self.params["b1"] *= weight_scale\n'
            '        self.params["b2"] *= weight_scale\n\n'
            "    def loss",
        ),
    ),
    program(
        "two_layer_net/weight_scale_ignored",
        "graph",
        NETS,
        (
            "np.random.normal(0, weight_scale, (input_dim, hidden_dim))",
            "np.random.normal(0, 1, (input_dim, hidden_dim))",
        ),
        (
            "np.random.normal(0, weight_scale, (hidden_dim, num_classes))",
            "np.random.normal(0, 1, (hidden_dim, num_classes))",
        ),
    ),
    program(
        "two_layer_net/weight_scale_ignored",
        "in_place",
        NETS,
        ('        self.params["W1"] *= weight_scale\n        self.params["W2"] *= weight_scale\n', ""),
    ),
    program(
        "two_layer_net/weight_scale_ignored",
        "strides",
        NETS,
        ("        self.params = {name: W * weight_scale for name, W in self.params.items()}\n", ""),
    ),
)

_DEEP = (
    program(
        "fully_connected_net/reg_without_half",
        "in_place",
        NETS,
        ("loss += 0.5 * self.reg * np.sum(np.square(self", "loss += self.reg * np.sum(np.square(self"),
    ),
    program(
        "fully_connected_net/reg_without_half",
        "columns",
        NETS,
        ("loss += 0.5 * self.reg * weights.dot(weights)", "loss += self.reg * weights.dot(weights)"),
    ),
    program(
        "fully_connected_net/reg_without_half",
        "strides",
        NETS,
        ("loss += self.reg / 2 * sum(", "loss += self.reg * sum("),
    ),
    program(
        "fully_connected_net/reg_last_missing",
        "einsum",
        NETS,
        (
            'sum(np.einsum("dh,dh->", p[f"W{i}"], p[f"W{i}"]) for i in range(1, L + 1))',
            'sum(np.einsum("dh,dh->", p[f"W{i}"], p[f"W{i}"]) for i in range(1, L))',
        ),
        (
            'd, *below) + self.reg * p[f"W{i}"]\n',
            'd, *below)\n            if i < L:\n                grads[f"W{i}"] += self.reg * p[f"W{i}"]\n',
        ),
    ),
    program(
        "fully_connected_net/reg_last_missing",
        "of_2016",
        NETS,
        ("for l in xrange(self.num_layers):\n", "for l in xrange(self.num_layers - 1):\n"),
        ('grads["W" + L] = dW + self.reg * self.params["W" + L]', 'grads["W" + L] = dW'),
    ),
    program(
        "fully_connected_net/reg_last_missing",
        "in_place",
        NETS,
        (
            '            if name[0] == "W":\n                value += self.reg',
            '            if name[0] == "W" and name != "W%d" % self.num_layers:\n                value += self.reg',
        ),
    ),
    program(
        "fully_connected_net/reg_gradient_missing",
        "classes",
        NETS,
        ("layer.dw + self.reg * layer.w, layer.db\n", "layer.dw, layer.db\n"),
    ),
    program(
        "fully_connected_net/reg_gradient_missing",
        "matrices",
        NETS,
        ('H[i - 1].T @ D + self.reg * p[f"W{i}"], np.ones', "H[i - 1].T @ D, np.ones"),
    ),
    program(
        "fully_connected_net/reg_gradient_missing",
        "reuse",
        NETS,
        (
            'loss, grads[f"W{i}"] = loss + 0.5 * self.reg * (W * W).sum(), grads[f"W{i}"] + self.reg * W',
            "loss = loss + 0.5 * self.reg * (W * W).sum()",
        ),
    ),
    program(
        "fully_connected_net/relu_on_scores",
        "closures",
        NETS,
        (
            '        yield affine(self.num_layers), (f"W{self.num_layers}", f"b{self.num_layers}")\n',
            '        yield affine(self.num_layers), (f"W{self.num_layers}", f"b{self.num_layers}")\n'
            "        yield relu_forward, ()\n",
        ),
    ),
    program(
        "fully_connected_net/relu_on_scores",
        "keepdims",
        NETS,
        (
            '                out, layer["relu"] = relu_forward(out)\n'
            "                if self.use_dropout:\n"
            '                    out, layer["dropout"] =',
            '            out, layer["relu"] = relu_forward(out)\n'
            "            if i < self.num_layers:\n"
            "                if self.use_dropout:\n"
            '                    out, layer["dropout"] =',
        ),
    ),
    program(
        "fully_connected_net/relu_on_scores",
        "einsum",
        NETS,
        ('scores = np.einsum("cn->nc", a)', 'scores = np.einsum("cn,cn->nc", *below)'),
    ),
    program(
        "fully_connected_net/names_from_zero",
        "graph",
        NETS,
        ('self.params[f"W{i + 1}"] = np.random', 'self.params[f"W{i}"] = np.random'),
        ('self.params[f"b{i + 1}"] = np.zeros(n_out)', 'self.params[f"b{i}"] = np.zeros(n_out)'),
    ),
    program(
        "fully_connected_net/names_from_zero",
        "closures",
        NETS,
        ("made = build(1, input_dim,", "made = build(0, input_dim,"),
    ),
    program(
        "fully_connected_net/names_from_zero",
        "of_2016",
        NETS,
        ('self.params["W" + str(l)] = np.random', 'self.params["W" + str(l - 1)] = np.random'),
        ('self.params["b" + str(l)] = np.zeros(dims[l])', 'self.params["b" + str(l - 1)] = np.zeros(dims[l])'),
        (
            'W, b = self.params["W" + str(l)], self.params["b" + str(l)]',
            'W, b = self.params["W" + str(l - 1)], self.params["b" + str(l - 1)]',
        ),
        ("L = str(self.num_layers)", "L = str(self.num_layers - 1)"),
        ('self.params["W" + str(l + 1)] * self.params["W" + str(l + 1)]', 'self.params["W" + str(l)] ** 2'),
        (
            '            grads["W" + str(l)] = dW + self.reg * self.params["W" + str(l)]\n'
            '            grads["b" + str(l)] = db\n',
            '            grads["W" + str(l - 1)] = dW + self.reg * self.params["W" + str(l - 1)]\n'
            '            grads["b" + str(l - 1)] = db\n',
        ),
    ),
    program(
        "fully_connected_net/weight_scale_ignored",
        "in_place",
        NETS,
        ('            if name[0] == "W":\n                value *= weight_scale\n', ""),
    ),
    program(
        "fully_connected_net/weight_scale_ignored",
        "reuse",
        NETS,
        ('{"W": weight_scale * np.random.randn(fan_in, units)', '{"W": np.random.randn(fan_in, units)'),
    ),
    program(
        "fully_connected_net/weight_scale_ignored",
        "classes",
        NETS,
        ("np.random.normal(scale=weight_scale, size=(fan_in, units))", "np.random.normal(size=(fan_in, units))"),
    ),
    program(
        "fully_connected_net/loss_over_n_twice",
        "classes",
        NETS,
        (
            "    loss, dout = softmax_loss(scores, y)\n",
            "    loss, dout = softmax_loss(scores, y)\n    loss, dout = loss / len(y), dout / len(y)\n",
        ),
    ),
    program(
        "fully_connected_net/loss_over_n_twice",
        "float32",
        NETS,
        ("    return loss, dscores / len(y)\n", "    return loss / len(y), dscores / len(y) ** 2\n"),
    ),
    program(
        "fully_connected_net/loss_over_n_twice",
        "closures",
        NETS,
        ("(*softmax_loss(scores, y), {})", "(*(part / len(y) for part in softmax_loss(scores, y)), {})"),
    ),
    program(
        "fully_connected_net/loss_over_n_twice",
        "matrices",
        NETS,
        (
            "    loss = (logsum - (scores * truth) @ np.ones(scores.shape[1])).mean()\n"
            "    return loss, (np.exp(scores - logsum[:, None]) - truth) / len(y)\n",
            "    mean = np.ones(len(y)) / len(y)\n"
            "    loss = mean @ (logsum - (scores * truth) @ np.ones(scores.shape[1])) / len(y)\n"
            "    return loss, np.diag(mean) @ (np.exp(scores - logsum[:, None]) - truth) / len(y)\n",
        ),
    ),
)

_MOMENTUM = (
    program(
        "sgd_momentum/no_momentum",
        "closures",
        OPTIM,
        ('v = c["momentum"] * c["velocity"] - c["learning_rate"] * dw', 'v = -c["learning_rate"] * dw'),
    ),
    program(
        "sgd_momentum/no_momentum",
        "matrices",
        OPTIM,
        ("np.array([[mu, 0.0], [mu, 1.0]])", "np.array([[0.0, 0.0], [0.0, 1.0]])"),
    ),
    program(
        "sgd_momentum/no_momentum",
        "in_place",
        OPTIM,
        (
            '    v = config.get("velocity", np.zeros_like(w))\n    v *= config["momentum"]\n',
            "    v = np.zeros_like(w)\n",
        ),
    ),
    program(
        "sgd_momentum/velocity_not_stored",
        "classes",
        OPTIM,
        (
            "        self.velocity = self.momentum * self.velocity - self.learning_rate * dw\n"
            "        return -self.velocity\n",
            "        velocity = self.momentum * self.velocity - self.learning_rate * dw\n        return -velocity\n",
        ),
    ),
    program(
        "sgd_momentum/velocity_not_stored",
        "keepdims",
        OPTIM,
        (
            '    config["velocity"] = -(config["learning_rate"] * dw - config["momentum"] * config["velocity"])\n'
            '    return w + config["velocity"], config\n',
            '    return w - (config["learning_rate"] * dw - config["momentum"] * config["velocity"]), config\n',
        ),
    ),
    program(
        "sgd_momentum/velocity_not_stored",
        "strides",
        OPTIM,
        ('    config["velocity"] = velocity\n', ""),
    ),
    program(
        "sgd_momentum/sign",
        "loops",
        OPTIM,
        ('old[where] - config["learning_rate"] * dw[where]', 'old[where] + config["learning_rate"] * dw[where]'),
    ),
    program(
        "sgd_momentum/sign",
        "graph",
        OPTIM,
        ("    velocity = friction - push\n", "    velocity = friction + push\n"),
    ),
    program(
        "sgd_momentum/sign",
        "columns",
        OPTIM,
        ("both.dot(np.array([mu, -lr]))", "both.dot(np.array([mu, lr]))"),
    ),
    program(
        "sgd_momentum/damped",
        "reuse",
        OPTIM,
        (
            'new = -config["learning_rate"] * dw / (1 - config["momentum"])\n',
            'new = -config["learning_rate"] * dw\n',
        ),
    ),
    program(
        "sgd_momentum/damped",
        "in_place",
        OPTIM,
        (
            '    v -= config["learning_rate"] * dw\n',
            '    v -= config["learning_rate"] * (1 - config["momentum"]) * dw\n',
        ),
    ),
    program(
        "sgd_momentum/damped",
        "einsum",
        OPTIM,
        ('np.einsum(",...->...", lr, dw)', 'np.einsum(",,...->...", lr, 1 - mu, dw)'),
    ),
)

_RMSPROP = (
    program(
        "rmsprop/no_root",
        "reuse",
        OPTIM,
        ("(square**0.5 + epsilon)", "(square + epsilon)"),
    ),
    program(
        "rmsprop/no_root",
        "strides",
        OPTIM,
        ('np.add(np.sqrt(config["cache"]), config["epsilon"])', 'np.add(config["cache"], config["epsilon"])'),
    ),
    program(
        "rmsprop/no_root",
        "closures",
        OPTIM,
        ('np.hypot(np.sqrt(c["cache"]), c["epsilon"])', 'np.hypot(c["cache"], c["epsilon"])'),
    ),
    program(
        "rmsprop/decay_swapped",
        "strides",
        OPTIM,
        (
            'weights=[config["decay_rate"], 1 - config["decay_rate"]]',
            'weights=[1 - config["decay_rate"], config["decay_rate"]]',
        ),
    ),
    program(
        "rmsprop/decay_swapped",
        "classes",
        OPTIM,
        (
            "self.cache = dw**2 + self.decay_rate * (self.cache - dw**2)",
            "self.cache = self.cache + self.decay_rate * (dw**2 - self.cache)",
        ),
    ),
    program(
        "rmsprop/decay_swapped",
        "matrices",
        OPTIM,
        ("cache = np.array([rho, 1 - rho]) @ state", "cache = np.array([1 - rho, rho]) @ state"),
    ),
    program(
        "rmsprop/adagrad",
        "in_place",
        OPTIM,
        (
            '    cache *= config["decay_rate"]\n    cache += (1 - config["decay_rate"]) * np.square(dw)\n',
            "    cache += np.square(dw)\n",
        ),
    ),
    program(
        "rmsprop/adagrad",
        "keepdims",
        OPTIM,
        (
            'config["cache"] + (1 - config["decay_rate"]) * (dw**2 - config["cache"])',
            'config["cache"] + dw**2',
        ),
    ),
    program(
        "rmsprop/adagrad",
        "matrices",
        OPTIM,
        ("cache = np.array([rho, 1 - rho]) @ state", "cache = np.ones(2) @ state"),
    ),
    program(
        "rmsprop/old_cache",
        "loops",
        OPTIM,
        ("(math.sqrt(square) + config", "(math.sqrt(old[where]) + config"),
    ),
    program(
        "rmsprop/old_cache",
        "columns",
        OPTIM,
        ('(np.sqrt(config["cache"]) + eps)', "(np.sqrt(c) + eps)"),
    ),
    program(
        "rmsprop/old_cache",
        "of_2016",
        OPTIM,
        (
            '    config["cache"] = decay * config["cache"] + (1.0 - decay) * dx * dx\n'
            '    next_x = x - config["learning_rate"] * dx / np.sqrt(config["cache"] + eps**2)\n',
            '    next_x = x - config["learning_rate"] * dx / np.sqrt(config["cache"] + eps**2)\n'
            '    config["cache"] = decay * config["cache"] + (1.0 - decay) * dx * dx\n',
        ),
    ),
    program(
        "rmsprop/cache_not_stored",
        "float32",
        OPTIM,
        ('    config["cache"] = cache\n', ""),
    ),
    program(
        "rmsprop/cache_not_stored",
        "of_2016",
        OPTIM,
        (
            '    config["cache"] = decay * config["cache"] + (1.0 - decay) * dx * dx\n'
            '    next_x = x - config["learning_rate"] * dx / np.sqrt(config["cache"] + eps**2)\n',
            '    cache = decay * config["cache"] + (1.0 - decay) * dx * dx\n'
            '    next_x = x - config["learning_rate"] * dx / np.sqrt(cache + eps**2)\n',
        ),
    ),
    program(
        "rmsprop/cache_not_stored",
        "einsum",
        OPTIM,
        (
            "    config.update(learning_rate=lr, decay_rate=rho, epsilon=eps, cache=c)\n",
            "    config.update(learning_rate=lr, decay_rate=rho, epsilon=eps)\n",
        ),
    ),
)

_ADAM = (
    program(
        "adam/no_bias_correction",
        "columns",
        OPTIM,
        ("m_hat, v_hat = new / (1 - decay**t)", "m_hat, v_hat = new"),
    ),
    program(
        "adam/no_bias_correction",
        "closures",
        OPTIM,
        (
            '    root = np.sqrt(1 - c["beta2"] ** c["t"])\n'
            '    step = c["learning_rate"] * root / (1 - c["beta1"] ** c["t"])\n'
            '    return x - step * c["m"] / (np.sqrt(c["v"]) + c["epsilon"] * root), c\n',
            '    return x - c["learning_rate"] * c["m"] / (np.sqrt(c["v"]) + c["epsilon"]), c\n',
        ),
    ),
    program(
        "adam/no_bias_correction",
        "in_place",
        OPTIM,
        ('step = np.sqrt(v / (1 - config["beta2"] ** config["t"]))', "step = np.sqrt(v)"),
        (
            'step *= config["learning_rate"] / (1 - config["beta1"] ** config["t"])',
            'step *= config["learning_rate"]',
        ),
    ),
    program(
        "adam/t_never_increased",
        "in_place",
        OPTIM,
        ('    config["t"] = config.get("t", 0) + 1\n', '    config.setdefault("t", 1)\n'),
    ),
    program(
        "adam/t_never_increased",
        "classes",
        OPTIM,
        ('"epsilon": 1e-8, "t": 0}', '"epsilon": 1e-8, "t": 1}'),
        ("        self.t = self.t + 1\n", ""),
    ),
    program(
        "adam/t_never_increased",
        "einsum",
        OPTIM,
        ('config.get("t", 0) + 1', 'config.get("t", 1)'),
    ),
    program(
        "adam/t_not_stored",
        "graph",
        OPTIM,
        ('    config["m"], config["v"], config["t"] = m, v, t\n', '    config["m"], config["v"] = m, v\n'),
    ),
    program(
        "adam/t_not_stored",
        "keepdims",
        OPTIM,
        ('    config["t"] = config["t"] + 1\n', '    t = config["t"] + 1\n'),
        ('(1 - beta ** config["t"])', "(1 - beta**t)"),
    ),
    program(
        "adam/t_not_stored",
        "columns",
        OPTIM,
        ('    config["m"], config["v"], config["t"] = new[0], new[1], t\n', '    config["m"], config["v"] = new\n'),
    ),
    program(
        "adam/t_after_use",
        "einsum",
        OPTIM,
        ('config.get("t", 0) + 1', 'config.get("t", 0)'),
        ("t=t, m=m, v=v)", "t=t + 1, m=m, v=v)\n    t = t or 1e-9  # nothing may be divided by zero"),
    ),
    program(
        "adam/t_after_use",
        "reuse",
        OPTIM,
        ('    config["t"] += 1\n', '    t = max(config["t"], 1e-9)\n'),
        ('(1 - config["beta1"] ** config["t"])\n', '(1 - config["beta1"] ** t)\n'),
        ('(1 - config["beta2"] ** config["t"])\n', '(1 - config["beta2"] ** t)\n    config["t"] += 1\n'),
    ),
    program(
        "adam/t_after_use",
        "of_2016",
        OPTIM,
        ('    config["t"] += 1\n', ""),
        (
            '(np.sqrt(vb) + config["epsilon"])\n',
            '(np.sqrt(vb) + config["epsilon"])\n    config["t"] += 1\n',
        ),
    ),
    program(
        "adam/hats_stored",
        "of_2016",
        OPTIM,
        (
            '    mb = config["m"] / (1.0 - np.power(config["beta1"], config["t"]))\n'
            '    vb = config["v"] / (1.0 - np.power(config["beta2"], config["t"]))\n',
            '    config["m"] = mb = config["m"] / (1.0 - np.power(config["beta1"], config["t"]))\n'
            '    config["v"] = vb = config["v"] / (1.0 - np.power(config["beta2"], config["t"]))\n',
        ),
    ),
    program(
        "adam/hats_stored",
        "keepdims",
        OPTIM,
        (
            '        corrected.append(config[name] / (1 - beta ** config["t"]))\n',
            '        config[name] = config[name] / (1 - beta ** config["t"])\n        corrected.append(config[name])\n',
        ),
    ),
    program(
        "adam/hats_stored",
        "loops",
        OPTIM,
        (
            '(math.sqrt(second) + config["epsilon"])\n',
            '(math.sqrt(second) + config["epsilon"])\n        m[where], v[where] = first, second\n',
        ),
    ),
    program(
        "adam/epsilon_in_root",
        "in_place",
        OPTIM,
        ('step = np.sqrt(v / (1 - config["beta2"] ** config["t"]))', 'step = v / (1 - config["beta2"] ** config["t"])'),
    ),
    program(
        "adam/epsilon_in_root",
        "closures",
        OPTIM,
        ('root = np.sqrt(1 - c["beta2"] ** c["t"])', 'root = 1 - c["beta2"] ** c["t"]'),
        ('(np.sqrt(c["v"]) + c["epsilon"] * root)', '(c["v"] + c["epsilon"] * root)'),
    ),
    program(
        "adam/epsilon_in_root",
        "float32",
        OPTIM,
        ("(np.sqrt(v_hat) + single(", "(v_hat + single("),
    ),
    program(
        "adam/v_without_square",
        "matrices",
        OPTIM,
        ("np.stack([dw.ravel(), dw.ravel() ** 2])", "np.stack([dw.ravel(), np.abs(dw.ravel())])"),
    ),
    program(
        "adam/v_without_square",
        "loops",
        OPTIM,
        ("(1 - b2) * g * g", "(1 - b2) * abs(g)"),
    ),
    program(
        "adam/v_without_square",
        "strides",
        OPTIM,
        ("    v += (1 - b2) * dw**2\n", "    v += (1 - b2) * np.sqrt(dw**2)\n"),
    ),
)

PROGRAMS = (*_AFFINE, *_RELU, *_TWO_LAYERS, *_DEEP, *_MOMENTUM, *_RMSPROP, *_ADAM)

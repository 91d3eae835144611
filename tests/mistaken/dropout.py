"""Mistaken programs of part 3."""

from . import program

LAYERS, NETS = "layers.py", "classifiers/fc_net.py"

_FORWARD = (
    program(
        "dropout_forward/unscaled",
        "graph",
        LAYERS,
        ("    return kept / p, (gate, p)\n", "    return kept, (gate, 1)\n"),
    ),
    program(
        "dropout_forward/unscaled",
        "loops",
        LAYERS,
        ("factors[where] = 1 / p if np.random.random() < p else 0", "factors[where] = int(np.random.random() < p)"),
    ),
    program(
        "dropout_forward/unscaled",
        "of_2016",
        LAYERS,
        ("        out = x * mask / p\n", "        out = x * mask\n"),
    ),
    program(
        "dropout_forward/unscaled",
        "closures",
        LAYERS,
        ('    factor = 1 / p if mode == "train" else 1\n', "    factor = 1\n"),
    ),
    program(
        "dropout_forward/keep_and_drop_swapped",
        "columns",
        LAYERS,
        ("kept = np.flatnonzero(np.random.rand(x.size) <= p)", "kept = np.flatnonzero(np.random.rand(x.size) > p)"),
        ("out[kept] = x.ravel()[kept] / p\n", "out[kept] = x.ravel()[kept] / (1 - p)\n"),
        ("return out.reshape(x.shape), (kept, p)", "return out.reshape(x.shape), (kept, 1 - p)"),
    ),
    program(
        "dropout_forward/keep_and_drop_swapped",
        "in_place",
        LAYERS,
        (
            '        gone = np.where(np.random.uniform(size=x.shape) >= dropout_param["p"])\n'
            "        x[gone] = 0\n"
            '        x /= dropout_param["p"]\n'
            '        return x, {"gone": gone, "scale": 1.0 / dropout_param["p"]}\n',
            '        gone = np.where(np.random.uniform(size=x.shape) < dropout_param["p"])\n'
            "        x[gone] = 0\n"
            '        x /= 1 - dropout_param["p"]\n'
            '        return x, {"gone": gone, "scale": 1.0 / (1 - dropout_param["p"])}\n',
        ),
    ),
    program(
        "dropout_forward/keep_and_drop_swapped",
        "einsum",
        LAYERS,
        ("mask = np.random.binomial(1, p, size=x.shape)", "mask = np.random.binomial(1, 1 - p, size=x.shape)"),
        ('np.einsum("...,...,->...", x, mask, 1 / p)', 'np.einsum("...,...,->...", x, mask, 1 / (1 - p))'),
        ('dout, mask, 1 / dropout_param["p"])', 'dout, mask, 1 / (1 - dropout_param["p"]))'),
    ),
    program(
        "dropout_forward/comparison_swapped",
        "keepdims",
        LAYERS,
        ("(np.random.uniform(0, 1, x.shape) < p)", "(np.random.uniform(0, 1, x.shape) > p)"),
    ),
    program(
        "dropout_forward/comparison_swapped",
        "graph",
        LAYERS,
        ("np.heaviside(p - luck, 1)", "np.heaviside(luck - p, 1)"),
    ),
    program(
        "dropout_forward/comparison_swapped",
        "strides",
        LAYERS,
        ("p=[1 - p, p])", "p=[p, 1 - p])"),
    ),
    program(
        "dropout_forward/normal_numbers",
        "classes",
        LAYERS,
        ("np.random.random_sample(x.shape) < self.p", "np.random.standard_normal(x.shape) < self.p"),
    ),
    program(
        "dropout_forward/normal_numbers",
        "columns",
        LAYERS,
        ("np.random.rand(x.size) <= p", "np.random.randn(x.size) <= p"),
    ),
    program(
        "dropout_forward/normal_numbers",
        "loops",
        LAYERS,
        ("np.random.random() < p", "np.random.normal() < p"),
    ),
    program(
        "dropout_forward/multiplied_by_p",
        "keepdims",
        LAYERS,
        (".astype(x.dtype) / p\n", ".astype(x.dtype) * p\n"),
    ),
    program(
        "dropout_forward/multiplied_by_p",
        "classes",
        LAYERS,
        (
            "np.divide(values, self.p, out=out, where=self.kept)",
            "np.multiply(values, self.p, out=out, where=self.kept)",
        ),
    ),
    program(
        "dropout_forward/multiplied_by_p",
        "reuse",
        LAYERS,
        (
            'factors = factors.astype(x.dtype) / dropout_param["p"]\n',
            'factors = factors.astype(x.dtype) * dropout_param["p"]\n',
        ),
    ),
    program(
        "dropout_forward/scaled_in_test",
        "reuse",
        LAYERS,
        ("return dropout_backward(x, 1), 1", 'return dropout_backward(x, dropout_param["p"]), 1'),
    ),
    program(
        "dropout_forward/scaled_in_test",
        "strides",
        LAYERS,
        ("mask = np.broadcast_to(1.0, x.shape)", "mask = np.broadcast_to(p, x.shape)"),
    ),
    program(
        "dropout_forward/scaled_in_test",
        "closures",
        LAYERS,
        ('factor = 1 / p if mode == "train" else 1\n', 'factor = 1 / p if mode == "train" else p\n'),
    ),
    program(
        "dropout_forward/scaled_in_test",
        "columns",
        LAYERS,
        ("return x.copy(), (None, p)", "return p * x, (None, p)"),
    ),
    program(
        "dropout_forward/active_in_test",
        "loops",
        LAYERS,
        (
            '        if mode == "train":\n            factors[where] = 1 / p if np.random.random() < p else 0\n',
            "        factors[where] = 1 / p if np.random.random() < p else 0\n",
        ),
    ),
    program(
        "dropout_forward/active_in_test",
        "in_place",
        LAYERS,
        ('    if dropout_param["mode"] == "train":\n', '    if dropout_param["mode"] in ("train", "test"):\n'),
    ),
    program(
        "dropout_forward/active_in_test",
        "einsum",
        LAYERS,
        (
            '    if mode == "test":\n        return x, (dropout_param, None)\n    if mode != "train":\n',
            '    if mode not in ("train", "test"):\n',
        ),
    ),
    program(
        "dropout_forward/never_drops",
        "strides",
        LAYERS,
        ("    return x * mask, mask\n", "    return x, mask\n"),
    ),
    program(
        "dropout_forward/never_drops",
        "reuse",
        LAYERS,
        ("return dropout_backward(x, factors), factors", "return x, factors"),
    ),
    program(
        "dropout_forward/never_drops",
        "float32",
        LAYERS,
        ("        return x * mask, mask\n", "        return x, mask\n"),
    ),
    program(
        "dropout_forward/never_drops",
        "closures",
        LAYERS,
        ("return np.where(keep, x * factor, 0), lambda dout", "return x, lambda dout"),
    ),
    program(
        "dropout_forward/one_mask_for_all",
        "keepdims",
        LAYERS,
        ("np.random.uniform(0, 1, x.shape)", "np.random.uniform(0, 1, x.shape[1:])"),
    ),
    program(
        "dropout_forward/one_mask_for_all",
        "graph",
        LAYERS,
        ("high=1.0, size=x.shape)", "high=1.0, size=x.shape[1:])"),
    ),
    program(
        "dropout_forward/one_mask_for_all",
        "einsum",
        LAYERS,
        ("np.random.binomial(1, p, size=x.shape)", "np.random.binomial(1, p, size=x.shape[1:])"),
    ),
    program(
        "dropout_forward/same_mask_always",
        "of_2016",
        LAYERS,
        (
            "        mask = np.random.rand(*x.shape) < p\n",
            "        np.random.seed(0)\n        mask = np.random.rand(*x.shape) < p\n",
        ),
    ),
    program(
        "dropout_forward/same_mask_always",
        "matrices",
        LAYERS,
        (
            '    if "seed" in dropout_param:\n        np.random.seed(dropout_param["seed"])\n',
            '    np.random.seed(dropout_param.get("seed", 0))\n',
        ),
    ),
    program(
        "dropout_forward/same_mask_always",
        "closures",
        LAYERS,
        (
            '    if "seed" in dropout_param:\n        rng = np.random.RandomState(dropout_param["seed"])\n',
            '    rng = np.random.RandomState(dropout_param.get("seed", 0))\n',
        ),
    ),
)

_BACKWARD = (
    program(
        "dropout_backward/no_mask",
        "classes",
        LAYERS,
        ('return dout if self.mode == "test" else self.scaled(dout)', "return dout"),
    ),
    program(
        "dropout_backward/no_mask",
        "loops",
        LAYERS,
        ("dx[where] = dout[where] * cache[where]\n", "dx[where] = dout[where]\n"),
    ),
    program(
        "dropout_backward/no_mask",
        "strides",
        LAYERS,
        ("    return dout * cache\n", "    return dout\n"),
    ),
    program(
        "dropout_backward/unscaled",
        "graph",
        LAYERS,
        ("    dkept = dout / p\n", "    dkept = dout\n"),
    ),
    program(
        "dropout_backward/unscaled",
        "in_place",
        LAYERS,
        ('        dout *= cache["scale"]\n', ""),
    ),
    program(
        "dropout_backward/unscaled",
        "columns",
        LAYERS,
        ("    dx[kept] = dout.ravel()[kept] / p\n", "    dx[kept] = dout.ravel()[kept]\n"),
    ),
    program(
        "dropout_backward/unscaled",
        "reuse",
        LAYERS,
        (
            "    return dout * cache  # the forward pass does just that\n",
            "    return dout * (np.asarray(cache) > 0)\n",
        ),
        ("return dropout_backward(x, factors), factors", "return x * factors, factors"),
    ),
    program(
        "dropout_backward/scaling_only",
        "graph",
        LAYERS,
        ("    return gate * dkept\n", "    return dkept\n"),
    ),
    program(
        "dropout_backward/scaling_only",
        "in_place",
        LAYERS,
        ('        dout[cache["gone"]] = 0.0\n', ""),
    ),
    program(
        "dropout_backward/scaling_only",
        "of_2016",
        LAYERS,
        ('dx = dout * mask / dropout_param["p"]', 'dx = dout / dropout_param["p"]'),
    ),
    program(
        "dropout_backward/scaled_twice",
        "of_2016",
        LAYERS,
        (
            "        mask = np.random.rand(*x.shape) < p\n        out = x * mask / p\n",
            "        mask = (np.random.rand(*x.shape) < p) / p\n        out = x * mask\n",
        ),
    ),
    program(
        "dropout_backward/scaled_twice",
        "classes",
        LAYERS,
        ("else self.scaled(dout)\n", "else self.scaled(dout / self.p)\n"),
    ),
    program(
        "dropout_backward/scaled_twice",
        "in_place",
        LAYERS,
        ('"scale": 1.0 / dropout_param["p"]}', '"scale": dropout_param["p"] ** -2.0}'),
    ),
    program(
        "dropout_backward/scaled_twice",
        "closures",
        LAYERS,
        ("np.where(keep, dout * factor, 0)", "np.where(keep, dout * factor * factor, 0)"),
    ),
    program(
        "dropout_backward/inverted",
        "graph",
        LAYERS,
        ("    return gate * dkept\n", "    return (1 - gate) * dkept\n"),
    ),
    program(
        "dropout_backward/inverted",
        "columns",
        LAYERS,
        (
            "    dx = np.zeros(dout.size, dtype=dout.dtype)\n    dx[kept] = dout.ravel()[kept] / p\n",
            "    dx = dout.ravel() / p\n    dx[kept] = 0\n",
        ),
    ),
    program(
        "dropout_backward/inverted",
        "of_2016",
        LAYERS,
        ('dx = dout * mask / dropout_param["p"]', 'dx = dout * ~mask / dropout_param["p"]'),
    ),
    program(
        "dropout_backward/new_mask",
        "of_2016",
        LAYERS,
        (
            '        dx = dout * mask / dropout_param["p"]\n',
            '        mask = np.random.rand(*dout.shape) < dropout_param["p"]\n'
            '        dx = dout * mask / dropout_param["p"]\n',
        ),
    ),
    program(
        "dropout_backward/new_mask",
        "graph",
        LAYERS,
        (
            "    gate, p = cache\n    dkept = dout / p\n",
            "    _, p = cache\n"
            "    luck = np.random.uniform(low=0.0, high=1.0, size=dout.shape)\n"
            "    gate = np.heaviside(p - luck, 1)\n"
            "    dkept = dout / p\n",
        ),
    ),
    program(
        "dropout_backward/new_mask",
        "classes",
        LAYERS,
        (
            '        return dout if self.mode == "test" else self.scaled(dout)\n',
            '        return dout if self.mode == "test" else self.forward(dout)\n',
        ),
    ),
    program(
        "dropout_backward/new_mask",
        "einsum",
        LAYERS,
        (
            'return dout if mask is None else np.einsum("...,...,->...", dout, mask, 1 / dropout_param["p"])',
            'return dropout_forward(dout, {"mode": dropout_param["mode"], "p": dropout_param["p"]})[0]',
        ),
    ),
)

_GRAPH = (
    "            if self.use_dropout:\n"
    "                out = tape.write(dropout_forward(out, self.dropout_param), dropout_backward)\n"
)
_COLUMNS = (
    "                if self.use_dropout:\n"
    "                    x, dropout_cache = dropout_forward(x, self.dropout_param)\n"
)
_IN_PLACE = (
    "            if self.use_dropout:\n"
    "                out, cache = dropout_forward(out, self.dropout_param)\n"
    "                caches.append(cache)\n"
)
_IN_PLACE_BACK = "            if self.use_dropout:\n                dout = dropout_backward(dout, caches.pop())\n"
_LOOPS = (
    "            if self.use_dropout:\n"
    "                out, dropout_caches[i] = dropout_forward(out, self.dropout_param)\n"
)
_LOOPS_BACK = "            if self.use_dropout:\n                dout = dropout_backward(dout, dropout_caches[i])\n"

_NET = (
    program(
        "fully_connected_net_dropout/not_wired",
        "graph",
        NETS,
        (_GRAPH, ""),
    ),
    program(
        "fully_connected_net_dropout/not_wired",
        "classes",
        NETS,
        ('            if self.use_dropout:\n                yield Dropout({**self.dropout_param, "mode": mode})\n', ""),
    ),
    program(
        "fully_connected_net_dropout/not_wired",
        "strides",
        NETS,
        (
            "    if net.use_dropout:  # in front of the ReLU: the same\n"
            "        h, c3 = L.dropout_forward(h, net.dropout_param)\n",
            "",
        ),
        ("    if net.use_dropout:\n        d = L.dropout_backward(d, c3)\n", ""),
    ),
    program(
        "fully_connected_net_dropout/not_wired",
        "einsum",
        NETS,
        (
            "            if i < L and train and self.use_dropout:\n"
            "                gate[np.random.rand(*gate.shape) >= self.keep] = 0\n"
            "                gate /= self.keep\n",
            "",
        ),
    ),
    program(
        "fully_connected_net_dropout/forward_only",
        "graph",
        NETS,
        (
            "out = tape.write(dropout_forward(out, self.dropout_param), dropout_backward)",
            "out, _ = dropout_forward(out, self.dropout_param)",
        ),
    ),
    program(
        "fully_connected_net_dropout/forward_only",
        "loops",
        NETS,
        (_LOOPS_BACK, ""),
    ),
    program(
        "fully_connected_net_dropout/forward_only",
        "columns",
        NETS,
        (
            "            if dropout_cache is not None:\n                d = dropout_backward(d, dropout_cache)\n",
            "",
        ),
    ),
    program(
        "fully_connected_net_dropout/forward_only",
        "float32",
        NETS,
        (
            '                step["mask"] *= (np.random.rand(*x.shape) < self.dropout) / np.dtype(self.dtype).type('
            "self.dropout)\n"
            '            x = x * step["mask"]\n',
            "                x = x * (np.random.rand(*x.shape) < self.dropout) / self.dropout\n"
            '            x = x * step["mask"]\n',
        ),
    ),
    program(
        "fully_connected_net_dropout/not_with_normalisation",
        "of_2016",
        NETS,
        (
            "                cache = (fc, relu)\n"
            "            if self.use_dropout:\n"
            "                a, drop = dropout_forward(a, self.dropout_param)\n"
            "                cache = (cache, drop)\n",
            "                cache = (fc, relu)\n"
            "                if self.use_dropout:\n"
            "                    a, drop = dropout_forward(a, self.dropout_param)\n"
            "                    cache = (cache, drop)\n",
        ),
        (
            "            if self.use_dropout:\n                cache, drop = cache\n",
            "            if self.use_dropout and self.normalization == None:\n                cache, drop = cache\n",
        ),
    ),
    program(
        "fully_connected_net_dropout/not_with_normalisation",
        "columns",
        NETS,
        (_COLUMNS, _COLUMNS.replace("self.use_dropout", "self.use_dropout and norm_cache is None")),
    ),
    program(
        "fully_connected_net_dropout/not_with_normalisation",
        "matrices",
        NETS,
        ("/ keep if train else 1.0)", "/ keep if train and not norms else 1.0)"),
    ),
    program(
        "fully_connected_net_dropout/not_with_normalisation",
        "graph",
        NETS,
        (
            "        self.use_dropout = dropout != 1\n",
            "        self.use_dropout = dropout != 1 and normalization is None\n",
        ),
    ),
    program(
        "fully_connected_net_dropout/always_training",
        "loops",
        NETS,
        ('        if self.use_dropout:\n            self.dropout_param["mode"] = mode\n', ""),
    ),
    program(
        "fully_connected_net_dropout/always_training",
        "classes",
        NETS,
        (
            'yield Dropout({**self.dropout_param, "mode": mode})',
            'yield Dropout({"mode": "train", **self.dropout_param})',
        ),
    ),
    program(
        "fully_connected_net_dropout/always_training",
        "matrices",
        NETS,
        ("((np.random.rand(*A.shape) < keep) / keep if train else 1.0)", "((np.random.rand(*A.shape) < keep) / keep)"),
    ),
    program(
        "fully_connected_net_dropout/always_training",
        "closures",
        NETS,
        ('{**self.dropout_param, "mode": mode}), ()', '{"mode": "train", **self.dropout_param}), ()'),
    ),
    program(
        "fully_connected_net_dropout/seed_left_out",
        "keepdims",
        NETS,
        ('            if seed is not None:\n                self.dropout_param["seed"] = seed\n', ""),
    ),
    program(
        "fully_connected_net_dropout/seed_left_out",
        "classes",
        NETS,
        ('self.dropout_param = {"p": dropout, "seed": seed} if', 'self.dropout_param = {"p": dropout} if'),
    ),
    program(
        "fully_connected_net_dropout/seed_left_out",
        "float32",
        NETS,
        (
            "        if train and self.use_dropout and self.seed is not None:\n            np.random.seed(self.seed)\n",
            "",
        ),
    ),
    program(
        "fully_connected_net_dropout/seed_left_out",
        "reuse",
        NETS,
        (
            "out, mask = dropout_forward(out, self.dropout_param)",
            'out, mask = dropout_forward(out, {name: self.dropout_param[name] for name in ("mode", "p")})',
        ),
    ),
    program(
        "fully_connected_net_dropout/on_scores",
        "keepdims",
        NETS,
        (
            "                if self.use_dropout:\n"
            '                    out, layer["dropout"] = dropout_forward(out, self.dropout_param)\n',
            "            if self.use_dropout:\n"
            '                out, layer["dropout"] = dropout_forward(out, self.dropout_param)\n',
        ),
    ),
    program(
        "fully_connected_net_dropout/on_scores",
        "columns",
        NETS,
        (
            _COLUMNS,
            "            if self.use_dropout:\n"
            "                x, dropout_cache = dropout_forward(x, self.dropout_param)\n",
        ),
    ),
    program(
        "fully_connected_net_dropout/on_scores",
        "einsum",
        NETS,
        (
            "            gate = (a > 0).astype(self.dtype)\n            if i < L and train and self.use_dropout:\n",
            "            gate = (a > 0).astype(self.dtype) if i < L else np.ones_like(a)\n"
            "            if train and self.use_dropout:\n",
        ),
        ('scores = np.einsum("cn->nc", a)', 'scores = np.einsum("cn,cn->nc", a, gate)'),
        ('d, grads = np.einsum("nc->cn", dscores), {}', 'd, grads = np.einsum("nc,cn->cn", dscores, gate), {}'),
    ),
    program(
        "fully_connected_net_dropout/on_inputs",
        "graph",
        NETS,
        (_GRAPH, ""),
        (
            '            W, b, gamma, beta = (f"{name}{i}" for name in ("W", "b", "gamma", "beta"))\n',
            '            W, b, gamma, beta = (f"{name}{i}" for name in ("W", "b", "gamma", "beta"))\n' + _GRAPH,
        ),
    ),
    program(
        "fully_connected_net_dropout/on_inputs",
        "in_place",
        NETS,
        (
            "        for i in range(1, self.num_layers):\n"
            '            out, cache = affine_forward(out, self.params["W%d" % i]',
            "        for i in range(1, self.num_layers):\n"
            + _IN_PLACE
            + '            out, cache = affine_forward(out, self.params["W%d" % i]',
        ),
        (
            "            out, cache = relu_forward(out)\n            caches.append(cache)\n" + _IN_PLACE,
            "            out, cache = relu_forward(out)\n            caches.append(cache)\n",
        ),
        (_IN_PLACE_BACK, ""),
        (
            'grads["b%d" % i] = affine_backward(dout, caches.pop())\n',
            'grads["b%d" % i] = affine_backward(dout, caches.pop())\n' + _IN_PLACE_BACK,
        ),
    ),
    program(
        "fully_connected_net_dropout/on_inputs",
        "classes",
        NETS,
        (
            '        for i in range(1, self.num_layers):\n            yield Affine(p["W%d" % i], p["b%d" % i])\n',
            "        for i in range(1, self.num_layers):\n"
            "            if self.use_dropout:\n"
            '                yield Dropout({**self.dropout_param, "mode": mode})\n'
            '            yield Affine(p["W%d" % i], p["b%d" % i])\n',
        ),
        (
            "            yield ReLU()\n"
            "            if self.use_dropout:\n"
            '                yield Dropout({**self.dropout_param, "mode": mode})\n',
            "            yield ReLU()\n",
        ),
    ),
    program(
        "fully_connected_net_dropout/scaled_again",
        "loops",
        NETS,
        (_LOOPS, _LOOPS + '                out = out / self.dropout_param["p"]\n'),
    ),
    program(
        "fully_connected_net_dropout/scaled_again",
        "of_2016",
        NETS,
        (
            "                cache = (cache, drop)\n",
            '                cache = (cache, drop)\n                a /= self.dropout_param["p"]\n',
        ),
    ),
    program(
        "fully_connected_net_dropout/scaled_again",
        "columns",
        NETS,
        (
            "x, relu_cache = relu_forward(x)\n" + _COLUMNS,
            "x, relu_cache = relu_forward(x)\n"
            + _COLUMNS
            + '                    x = x * (1 / self.dropout_param["p"])\n',
        ),
    ),
    program(
        "fully_connected_net_dropout/one_cache",
        "loops",
        NETS,
        (_LOOPS, _LOOPS.replace("dropout_caches[i]", "dropout_cache")),
        (_LOOPS_BACK, _LOOPS_BACK.replace("dropout_caches[i]", "dropout_cache")),
    ),
    program(
        "fully_connected_net_dropout/one_cache",
        "of_2016",
        NETS,
        ("                cache = (cache, drop)\n", ""),
        ("                cache, drop = cache\n", ""),
    ),
    program(
        "fully_connected_net_dropout/one_cache",
        "reuse",
        NETS,
        (
            "        out, mask = dropout_forward(out, self.dropout_param)\n        return out, (cache, mask)\n",
            "        out, self.mask = dropout_forward(out, self.dropout_param)\n        return out, (cache, None)\n",
        ),
        ("            dout = dropout_backward(dout, mask)\n", "            dout = dropout_backward(dout, self.mask)\n"),
    ),
    program(
        "fully_connected_net_dropout/one_cache",
        "keepdims",
        NETS,
        (
            'out, layer["dropout"] = dropout_forward(out, self.dropout_param)',
            'out, caches["dropout"] = dropout_forward(out, self.dropout_param)',
        ),
        ("for i in caches])", 'for i in caches if i != "dropout"])'),
        ("        for i in sorted(caches, reverse=True):\n", "        for i in range(self.num_layers, 0, -1):\n"),
        (
            '            if "dropout" in layer:\n                dout = dropout_backward(dout, layer["dropout"])\n',
            '            if "dropout" in caches and i < self.num_layers:\n'
            '                dout = dropout_backward(dout, caches["dropout"])\n',
        ),
    ),
)

PROGRAMS = (*_FORWARD, *_BACKWARD, *_NET)

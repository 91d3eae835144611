"""Mistaken programs of all parts: forms of known mistakes that give other wrong answers, and more frequent mistakes."""

from . import Program, program

LAYERS, OPTIM, NETS, CONV_NETS = "layers.py", "optim.py", "classifiers/fc_net.py", "classifiers/cnn.py"

_LAYERS = (
    program(
        "affine_forward/not_flattened", "of_2016", LAYERS, ("    x_rs = np.reshape(x, (N, D))\n", "    x_rs = x\n")
    ),
    program(
        "affine_forward/not_flattened",
        "keepdims",
        LAYERS,
        ("flat = x.reshape((x.shape[0], np.prod(x.shape[1:], dtype=int)))", "flat = x"),
    ),
    program("affine_backward/db_one_number", "of_2016", LAYERS, ("db = np.dot(np.ones(N), dout)", "db = np.sum(dout)")),
    program(
        "affine_backward/db_one_number",
        "keepdims",
        LAYERS,
        ("flat.T.dot(dout), np.sum(dout, axis=0, keepdims=True)", "flat.T.dot(dout), np.sum(dout)"),
    ),
    program(
        "affine_backward/db_wrong_axis",
        "of_2016",
        LAYERS,
        ("db = np.dot(np.ones(N), dout)", "db = np.dot(dout, np.ones(dout.shape[1]))"),
    ),
    program(
        "affine_backward/db_two_axes",
        "of_2016",
        LAYERS,
        ("db = np.dot(np.ones(N), dout)", "db = np.dot(np.ones((1, N)), dout)"),
    ),
    program(
        "affine_backward/db_two_axes",
        "loops",
        LAYERS,
        ("return drows.reshape(x.shape), dw, db", "return drows.reshape(x.shape), dw, db.reshape(1, -1)"),
    ),
    program(
        "affine_backward/dx_mean",
        "of_2016",
        LAYERS,
        ("np.transpose(w)), np.shape(x))", "np.transpose(w)), np.shape(x)) / N"),
    ),
    program(
        "affine_backward/dx_mean",
        "strides",
        LAYERS,
        ("return dx, dw, dout.T.sum(axis=-1)", "return dx / len(x), dw, dout.T.sum(axis=-1)"),
    ),
    program("relu_forward/builtin_max", "of_2016", LAYERS, ("out = np.where(x < 0, 0.0, x)", "out = max(0.0, x)")),
    program("relu_forward/builtin_max", "keepdims", LAYERS, ("return 0.5 * (x + np.abs(x)), x", "return max(x, 0), x")),
    program(
        "relu_forward/largest_of_column", "of_2016", LAYERS, ("out = np.where(x < 0, 0.0, x)", "out = np.max(x, 0)")
    ),
    program(
        "relu_forward/largest_of_column",
        "keepdims",
        LAYERS,
        ("return 0.5 * (x + np.abs(x)), x", "return np.max(x, axis=0), x"),
    ),
    program(
        "relu_backward/inverted",
        "loops",
        LAYERS,
        ("        if x[where] > 0:\n            dx[where] =", "        if x[where] < 0:\n            dx[where] ="),
    ),
    program("relu_backward/inverted", "keepdims", LAYERS, ("(1 + np.sign(cache))", "(1 - np.sign(cache))")),
)

_2016_TWO_DW = "        dW2 += self.reg * W2\n        dW1 += self.reg * W1\n"
_LOOPS_DW = "                    grads[name][i, j] += reg * params[name][i, j]\n"
_LOOPS_LOSS = "                    loss += 0.5 * reg * params[name][i, j] ** 2\n"
_2016_DEEP_L, _2016_DEEP_I = 'dW + self.reg * self.params["W" + L]', 'dW + self.reg * self.params["W" + str(l)]'
_KEEPDIMS_DEEP_DW = 'dw + self.reg * self.params["W" + str(i)]'
_TWO_B1 = '        self.params["b1"] = np.zeros(self.M)\n'
_TWO_B2 = '        self.params["b2"] = np.zeros(self.C)\n'


def _of_both(exercise: str, net: tuple[tuple[str, str], ...], id: str, loops: tuple[str, str]) -> tuple[Program, ...]:
    """Return a mistake in the regularisation of one net of 2016, and in the one of both nets of loops."""
    return (program(f"{exercise}/{id}", "of_2016", NETS, *net), program(f"{exercise}/{id}", "loops", NETS, loops))


def _times(factor: str) -> tuple[str, str]:
    return _LOOPS_DW, _LOOPS_DW.replace("reg *", f"{factor} * reg *")


def _two_times(factor: str) -> tuple[tuple[str, str], ...]:
    return ((_2016_TWO_DW, _2016_TWO_DW.replace("self.reg", f"{factor} * self.reg")),)


def _deep_times(factor: str) -> tuple[tuple[str, str], ...]:
    return tuple((old, old.replace("self.reg", f"{factor} * self.reg")) for old in (_2016_DEEP_L, _2016_DEEP_I))


_NETS = (
    *_of_both(
        "two_layer_net",
        (
            (
                "loss = data_loss + reg_loss\n        dx2",
                "loss = data_loss + reg_loss\n        loss += reg_loss\n        dx2",
            ),
        ),
        "reg_without_half",
        (_LOOPS_LOSS, _LOOPS_LOSS + _LOOPS_LOSS),
    ),
    *_of_both("two_layer_net", _two_times("2"), "reg_gradient_doubled", _times("2")),
    *_of_both("two_layer_net", _two_times("0.5"), "reg_gradient_halved", _times("0.5")),
    *_of_both(
        "two_layer_net",
        (("loss = data_loss + reg_loss\n        dx2", "loss = data_loss\n        dx2"),),
        "reg_loss_missing",
        (_LOOPS_LOSS, ""),
    ),
    *_of_both(
        "two_layer_net",
        ((_2016_TWO_DW, _2016_TWO_DW.replace("+=", "=")),),
        "reg_overwrites",
        (_LOOPS_DW, _LOOPS_DW.replace("+=", "=")),
    ),
    program(
        "two_layer_net/relu_backward_missing",
        "of_2016",
        NETS,
        ("affine_backward(relu_backward(dx2, cache2), cache1)", "affine_backward(dx2, cache1)"),
    ),
    program(
        "two_layer_net/relu_backward_missing",
        "loops",
        NETS,
        ('grads["b1"] = affine_backward(da, cache_a)', 'grads["b1"] = affine_backward(dh, cache_a)'),
    ),
    program(
        "two_layer_net/uniform_weights",
        "of_2016",
        NETS,
        ("np.random.randn(self.D, self.M)", "np.random.rand(self.D, self.M)"),
        ("np.random.randn(self.M, self.C)", "np.random.rand(self.M, self.C)"),
    ),
    program(
        "two_layer_net/uniform_weights",
        "keepdims",
        NETS,
        (
            "np.random.normal(loc=0.0, scale=weight_scale, size=(input_dim, hidden_dim))",
            "np.random.uniform(0, weight_scale, (input_dim, hidden_dim))",
        ),
        (
            "np.random.normal(loc=0.0, scale=weight_scale, size=(hidden_dim, num_classes))",
            "np.random.uniform(0, weight_scale, (hidden_dim, num_classes))",
        ),
    ),
    program(
        "two_layer_net/biases_random",
        "of_2016",
        NETS,
        (_TWO_B1, ""),
        (
            _TWO_B2,
            '        self.params["b1"] = weight_scale * np.random.randn(self.M)\n'
            '        self.params["b2"] = weight_scale * np.random.randn(self.C)\n',
        ),
    ),
    program(
        "two_layer_net/biases_random",
        "loops",
        NETS,
        (
            'self.params["b2"] = np.zeros(num_classes)',
            'self.params["b2"] = np.random.normal(0, weight_scale, num_classes)',
        ),
    ),
    program("fully_connected_net/reg_gradient_doubled", "of_2016", NETS, *_deep_times("2")),
    program(
        "fully_connected_net/reg_gradient_doubled",
        "keepdims",
        NETS,
        (_KEEPDIMS_DEEP_DW, _KEEPDIMS_DEEP_DW.replace("self.reg", "2 * self.reg")),
    ),
    program("fully_connected_net/reg_gradient_halved", "of_2016", NETS, *_deep_times("0.5")),
    program("fully_connected_net/reg_gradient_halved", "loops", NETS, _times("0.5")),
    program(
        "fully_connected_net/reg_loss_missing",
        "keepdims",
        NETS,
        (
            '        loss += 0.5 * self.reg * np.sum([np.sum(self.params["W" + str(i)] ** 2) for i in caches])\n',
            "",
        ),
    ),
    program("fully_connected_net/reg_loss_missing", "loops", NETS, (_LOOPS_LOSS, "")),
    program(
        "fully_connected_net/reg_overwrites",
        "keepdims",
        NETS,
        (_KEEPDIMS_DEEP_DW, _KEEPDIMS_DEEP_DW.replace("dw + ", "")),
    ),
    program(
        "fully_connected_net/reg_overwrites",
        "of_2016",
        NETS,
        (_2016_DEEP_L, _2016_DEEP_L.replace("dW + ", "")),
        (_2016_DEEP_I, _2016_DEEP_I.replace("dW + ", "")),
    ),
    program(
        "fully_connected_net/reg_biases",
        "keepdims",
        NETS,
        (
            '[np.sum(self.params["W" + str(i)] ** 2) for i in caches]',
            '[np.sum(self.params[n + str(i)] ** 2) for i in caches for n in "Wb"]',
        ),
        (
            '            grads["W" + str(i)] = dw +',
            '            grads["b" + str(i)] = grads["b" + str(i)] + self.reg * self.params["b" + str(i)]\n'
            '            grads["W" + str(i)] = dw +',
        ),
    ),
    program(
        "fully_connected_net/reg_biases",
        "of_2016",
        NETS,
        (
            "            loss += 0.5 * self.reg * np.sum(",
            '            loss += 0.5 * self.reg * np.sum(self.params["b" + str(l + 1)] ** 2)\n'
            "            loss += 0.5 * self.reg * np.sum(",
        ),
        ('grads["b" + L] = db\n', 'grads["b" + L] = db + self.reg * self.params["b" + L]\n'),
        ('grads["b" + str(l)] = db\n', 'grads["b" + str(l)] = db + self.reg * self.params["b" + str(l)]\n'),
    ),
    program(
        "fully_connected_net/no_relu",
        "keepdims",
        NETS,
        ('                out, layer["relu"] = relu_forward(out)\n', ""),
    ),
    program(
        "fully_connected_net/no_relu",
        "loops",
        NETS,
        ("            out, relu_caches[i] = relu_forward(out)\n", ""),
        ("            dout = relu_backward(dout, relu_caches[i])\n", ""),
    ),
    program(
        "fully_connected_net/relu_backward_missing",
        "loops",
        NETS,
        ("            dout = relu_backward(dout, relu_caches[i])\n", ""),
    ),
    program(
        "fully_connected_net/relu_backward_missing",
        "keepdims",
        NETS,
        ('                dout = relu_backward(dout, layer["relu"])\n', "                pass\n"),
    ),
    program(
        "fully_connected_net/first_layer_again",
        "keepdims",
        NETS,
        ("affine_forward(outs[i - 1], ", "affine_forward(X if i < self.num_layers else out, "),
    ),
    program(
        "fully_connected_net/uniform_weights",
        "of_2016",
        NETS,
        ("np.random.randn(dims[l - 1], dims[l])", "np.random.rand(dims[l - 1], dims[l])"),
    ),
    program(
        "fully_connected_net/uniform_weights",
        "keepdims",
        NETS,
        ("np.random.normal(loc=0.0, scale=weight_scale, size=size)", "np.random.uniform(0, weight_scale, size)"),
    ),
    program(
        "fully_connected_net/biases_random",
        "of_2016",
        NETS,
        (
            'self.params["b" + str(l)] = np.zeros(dims[l])',
            'self.params["b" + str(l)] = np.random.randn(dims[l]) * weight_scale',
        ),
    ),
    program(
        "fully_connected_net/biases_random",
        "keepdims",
        NETS,
        (
            'self.params["b" + str(i + 1)] = np.zeros((1, layers_dims[i + 1]))',
            'self.params["b" + str(i + 1)] = np.random.normal(0, weight_scale, (1, layers_dims[i + 1]))',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/backward_order",
        "loops",
        NETS,
        ("            dout = relu_backward(dout, relu_caches[i])\n", ""),
        (
            '            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, affine_caches[i])\n',
            "            dout = relu_backward(dout, relu_caches[i])\n"
            '            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, affine_caches[i])\n',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/backward_order",
        "of_2016",
        NETS,
        (
            "da, dgamma, dbeta = batchnorm_backward(relu_backward(da, relu), bn)\n",
            "da, dgamma, dbeta = batchnorm_backward(da, bn)\n                da = relu_backward(da, relu)\n",
        ),
    ),
    program(
        "fully_connected_net_layernorm/backward_order",
        "of_2016",
        NETS,
        (
            "da, dgamma, dbeta = layernorm_backward(relu_backward(da, relu), ln)\n",
            "da, dgamma, dbeta = layernorm_backward(da, ln)\n                da = relu_backward(da, relu)\n",
        ),
    ),
    program(
        "fully_connected_net_dropout/first_layer_only",
        "loops",
        NETS,
        (
            "            if self.use_dropout:\n                out, dropout_caches[i]",
            "            if self.use_dropout and i == 1:\n                out, dropout_caches[i]",
        ),
        (
            "            if self.use_dropout:\n                dout = dropout_backward",
            "            if i in dropout_caches:\n                dout = dropout_backward",
        ),
    ),
    program(
        "fully_connected_net_dropout/first_layer_only",
        "keepdims",
        NETS,
        (
            '                if self.use_dropout:\n                    out, layer["dropout"]',
            '                if self.use_dropout and i == 1:\n                    out, layer["dropout"]',
        ),
    ),
)

_2016_ADAM_M = 'config["beta1"] * config["m"] + (1.0 - config["beta1"]) * dx'
_2016_ADAM_V = 'config["beta2"] * config["v"] + (1.0 - config["beta2"]) * (dx**2)'
_2016_M_HAT = 'np.power(config["beta1"], config["t"])'
_2016_V_HAT = 'np.power(config["beta2"], config["t"])'
_2016_MOVE = 'next_x = x - config["learning_rate"] * mb / (np.sqrt(vb) + config["epsilon"])'
_LOOPS_VELOCITY = 'new[where] = config["momentum"] * old[where] - config["learning_rate"] * dw[where]'

_RULES = (
    program("sgd_momentum/velocity_subtracted", "of_2016", OPTIM, ("next_w = w + v\n", "next_w = w - v\n")),
    program("sgd_momentum/velocity_subtracted", "loops", OPTIM, ("w[where] + new[where]", "w[where] - new[where]")),
    program(
        "sgd_momentum/velocity_uphill",
        "of_2016",
        OPTIM,
        (
            'v - config["learning_rate"] * dw\n    next_w = w + v',
            'v + config["learning_rate"] * dw\n    next_w = w - v',
        ),
    ),
    program(
        "sgd_momentum/velocity_uphill",
        "keepdims",
        OPTIM,
        (
            '-(config["learning_rate"] * dw - config["momentum"] * config["velocity"])\n'
            '    return w + config["velocity"], config',
            'config["learning_rate"] * dw + config["momentum"] * config["velocity"]\n'
            '    return w - config["velocity"], config',
        ),
    ),
    program(
        "sgd_momentum/learning_rate_outside",
        "of_2016",
        OPTIM,
        (
            'v - config["learning_rate"] * dw\n    next_w = w + v',
            'v + dw\n    next_w = w - config["learning_rate"] * v',
        ),
    ),
    program(
        "sgd_momentum/learning_rate_outside",
        "loops",
        OPTIM,
        (_LOOPS_VELOCITY, 'new[where] = config["momentum"] * old[where] - dw[where]'),
        ("w[where] + new[where]", 'w[where] + config["learning_rate"] * new[where]'),
    ),
    program(
        "sgd_momentum/old_velocity",
        "of_2016",
        OPTIM,
        (
            '    v = config["momentum"] * v - config["learning_rate"] * dw\n    next_w = w + v\n',
            '    next_w = w + v\n    v = config["momentum"] * v - config["learning_rate"] * dw\n',
        ),
    ),
    program("sgd_momentum/old_velocity", "loops", OPTIM, ("w[where] + new[where]", "w[where] + old[where]")),
    program(
        "sgd_momentum/nesterov",
        "of_2016",
        OPTIM,
        ("next_w = w + v\n", 'next_w = w + config["momentum"] * v - config["learning_rate"] * dw\n'),
    ),
    program(
        "sgd_momentum/nesterov",
        "loops",
        OPTIM,
        (
            "w[where] + new[where]",
            'w[where] - config["momentum"] * old[where] + (1 + config["momentum"]) * new[where]',
        ),
    ),
    program("sgd_momentum/in_place", "of_2016", OPTIM, ("    next_w = w + v\n", "    w += v\n    next_w = w\n")),
    program(
        "sgd_momentum/in_place",
        "keepdims",
        OPTIM,
        ('    return w + config["velocity"], config', '    w += config["velocity"]\n    return w, config'),
    ),
    program("rmsprop/not_squared", "of_2016", OPTIM, ("* dx * dx", "* np.abs(dx)")),
    program(
        "rmsprop/not_squared",
        "loops",
        OPTIM,
        ('(1 - config["decay_rate"]) * g * g', '(1 - config["decay_rate"]) * abs(g)'),
    ),
    program(
        "rmsprop/uphill",
        "of_2016",
        OPTIM,
        ('x - config["learning_rate"] * dx / np.sqrt', 'x + config["learning_rate"] * dx / np.sqrt'),
    ),
    program(
        "rmsprop/uphill",
        "loops",
        OPTIM,
        ('w[where] - config["learning_rate"] * g / (', 'w[where] + config["learning_rate"] * g / ('),
    ),
    program(
        "rmsprop/in_place",
        "of_2016",
        OPTIM,
        (
            '    next_x = x - config["learning_rate"] * dx / np.sqrt(config["cache"] + eps**2)\n',
            '    x -= config["learning_rate"] * dx / np.sqrt(config["cache"] + eps**2)\n    next_x = x\n',
        ),
    ),
    program(
        "rmsprop/in_place",
        "keepdims",
        OPTIM,
        (
            '    return w - dw * (config["learning_rate"] / (config["cache"] ** 0.5 + config["epsilon"])), config',
            '    w -= dw * (config["learning_rate"] / (config["cache"] ** 0.5 + config["epsilon"]))\n    return w, config',
        ),
    ),
    program("adam/only_m_corrected", "of_2016", OPTIM, (f'config["v"] / (1.0 - {_2016_V_HAT})', 'config["v"]')),
    program("adam/only_m_corrected", "loops", OPTIM, ("float(v[where]) / (1 - b2**t)", "float(v[where])")),
    program("adam/only_v_corrected", "of_2016", OPTIM, (f'config["m"] / (1.0 - {_2016_M_HAT})', 'config["m"]')),
    program("adam/only_v_corrected", "loops", OPTIM, ("float(m[where]) / (1 - b1**t)", "float(m[where])")),
    program(
        "adam/t_no_exponent",
        "of_2016",
        OPTIM,
        (_2016_M_HAT, 'config["beta1"] * config["t"]'),
        (_2016_V_HAT, 'config["beta2"] * config["t"]'),
    ),
    program("adam/t_no_exponent", "loops", OPTIM, ("(1 - b1**t)", "(1 - b1)"), ("(1 - b2**t)", "(1 - b2)")),
    program(
        "adam/betas_swapped",
        "of_2016",
        OPTIM,
        (_2016_ADAM_M, _2016_ADAM_M.replace("beta1", "beta2")),
        (_2016_ADAM_V, _2016_ADAM_V.replace("beta2", "beta1")),
    ),
    program(
        "adam/betas_swapped",
        "loops",
        OPTIM,
        (
            'b1, b2, t = config["beta1"], config["beta2"], config["t"]',
            'b2, b1, t = config["beta1"], config["beta2"], config["t"]',
        ),
    ),
    program(
        "adam/betas_swapped",
        "keepdims",
        OPTIM,
        ('config["beta1"], dw)', 'config["beta2"], dw)'),
        ('("v", config["beta2"]', '("v", config["beta1"]'),
    ),
    program(
        "adam/weights_swapped",
        "of_2016",
        OPTIM,
        (_2016_ADAM_M, '(1.0 - config["beta1"]) * config["m"] + config["beta1"] * dx'),
        (_2016_ADAM_V, '(1.0 - config["beta2"]) * config["v"] + config["beta2"] * (dx**2)'),
    ),
    program(
        "adam/weights_swapped",
        "keepdims",
        OPTIM,
        ("beta * config[name] + (1 - beta) * new", "(1 - beta) * config[name] + beta * new"),
    ),
    program("adam/gradient_for_m", "of_2016", OPTIM, (_2016_MOVE, _2016_MOVE.replace("mb", "dx"))),
    program("adam/gradient_for_m", "loops", OPTIM, ('config["learning_rate"] * first', 'config["learning_rate"] * g')),
    program("adam/means_not_stored", "loops", OPTIM, ('    config["m"], config["v"] = m, v\n', "")),
    program(
        "adam/means_not_stored",
        "of_2016",
        OPTIM,
        ('config["m"] = config["beta1"]', 'm = config["beta1"]'),
        ('config["v"] = config["beta2"]', 'v = config["beta2"]'),
        (f'config["m"] / (1.0 - {_2016_M_HAT})', f"m / (1.0 - {_2016_M_HAT})"),
        (f'config["v"] / (1.0 - {_2016_V_HAT})', f"v / (1.0 - {_2016_V_HAT})"),
    ),
    program(
        "adam/t_after_use",
        "keepdims",
        OPTIM,
        ('    config["t"] = config["t"] + 1\n', ""),
        (
            '    return w - config["learning_rate"] * corrected[0]',
            '    config["t"] = config["t"] + 1\n    return w - config["learning_rate"] * corrected[0]',
        ),
    ),
    program(
        "adam/in_place",
        "of_2016",
        OPTIM,
        (_2016_MOVE, _2016_MOVE.replace("next_x = x - ", "x -= ") + "\n    next_x = x"),
    ),
    program("adam/in_place", "loops", OPTIM, ("    next_w = w.copy()\n", "    next_w = w\n")),
)

_KEEPDIMS_BN_SUMS = (
    "    dgamma = np.sum(dout * xhat, axis=0, keepdims=True)\n"
    "    dbeta = np.sum(dout, axis=0, keepdims=True)\n"
    "    dxhat = dout * gamma\n"
    "    dx = dxhat - np.mean(dxhat, axis={axis}, keepdims=True)"
)
_2016_BN_SUMS = '    dgamma = np.sum(dout * cache["x_hat"], axis=0)\n    dbeta = np.sum(dout, axis=0)\n'
_KEEPDIMS_BN_XHAT = (
    "    xhat = (x - mean) / std\n    return xhat * gamma + beta, (xhat, std, gamma)\n\n\ndef batchnorm_backward("
)
_KEEPDIMS_LN_STD = 'std = np.sqrt(var + ln_param.get("eps", 1e-5))'

_NORMS = (
    program(
        "batchnorm_forward/test_without_eps",
        "of_2016",
        LAYERS,
        ("scale = gamma / np.sqrt(running_var + eps)", "scale = gamma / np.sqrt(running_var)"),
    ),
    program(
        "batchnorm_forward/test_without_eps",
        "keepdims",
        LAYERS,
        ("std = np.sqrt(var + eps)\n    xhat", 'std = np.sqrt(var + eps if mode == "train" else var)\n    xhat'),
    ),
    program(
        "batchnorm_forward/no_eps",
        "of_2016",
        LAYERS,
        ("np.power(sample_var + eps, 0.5)", "np.power(sample_var, 0.5)"),
    ),
    program(
        "batchnorm_forward/no_eps",
        "keepdims",
        LAYERS,
        ("std = np.sqrt(var + eps)\n    xhat", 'std = np.sqrt(var + eps if mode == "test" else var)\n    xhat'),
    ),
    program(
        "batchnorm_forward/running_unbiased",
        "of_2016",
        LAYERS,
        ("(1.0 - momentum) * sample_var", "(1.0 - momentum) * np.var(x, axis=0, ddof=1)"),
    ),
    program(
        "batchnorm_forward/running_unbiased",
        "keepdims",
        LAYERS,
        ("(1 - m) * batch_var", "(1 - m) * np.var(x, axis=0, ddof=1, keepdims=True)"),
    ),
    program(
        "batchnorm_forward/without_gamma_beta",
        "of_2016",
        LAYERS,
        ("out = gamma * x_hat + beta\n        cache = {}", "out = x_hat\n        cache = {}"),
    ),
    program(
        "batchnorm_forward/without_gamma_beta",
        "loops",
        LAYERS,
        (
            'out[n, d] = gamma[d] * xhat[n, d] + beta[d]\n    return out, {"xhat"',
            'out[n, d] = xhat[n, d] if mode == "train" else gamma[d] * xhat[n, d] + beta[d]\n    return out, {"xhat"',
        ),
    ),
    program(
        "batchnorm_forward/in_place",
        "of_2016",
        LAYERS,
        ("x_hat = (x - sample_mean) / np.power", "x -= sample_mean\n        x_hat = x / np.power"),
    ),
    program(
        "batchnorm_forward/in_place",
        "keepdims",
        LAYERS,
        (_KEEPDIMS_BN_XHAT, _KEEPDIMS_BN_XHAT.replace("xhat = (x - mean) / std", "x -= mean\n    xhat = x / std")),
    ),
    program(
        "batchnorm_backward/reciprocal",
        "of_2016",
        LAYERS,
        (
            "dvar = np.sum(dx_hat * (x - mean) * -0.5 * (var + eps) ** -1.5, axis=0)",
            "dvar = np.sum(dx_hat * (x - mean) * -0.5 / (var + eps), axis=0)",
        ),
    ),
    program(
        "batchnorm_backward/std_missing",
        "of_2016",
        LAYERS,
        ("dx = dx_hat / np.sqrt(var + eps) + dvar", "dx = dx_hat + dvar"),
    ),
    program(
        "batchnorm_backward/dgamma_of_x",
        "of_2016",
        LAYERS,
        ('dgamma = np.sum(dout * cache["x_hat"], axis=0)', "dgamma = np.sum(dout * x, axis=0)"),
    ),
    program(
        "batchnorm_backward/not_summed",
        "of_2016",
        LAYERS,
        (_2016_BN_SUMS, '    dgamma = dout * cache["x_hat"]\n    dbeta = dout\n'),
    ),
    program(
        "batchnorm_backward/not_summed",
        "keepdims",
        LAYERS,
        (
            _KEEPDIMS_BN_SUMS.format(axis=0),
            _KEEPDIMS_BN_SUMS.format(axis=0)
            .replace("np.sum(dout * xhat, axis=0, keepdims=True)", "dout * xhat")
            .replace("np.sum(dout, axis=0, keepdims=True)", "dout"),
        ),
    ),
    program(
        "batchnorm_backward_alt/dgamma_of_centred",
        "of_2016",
        LAYERS,
        ("np.sum((x - mean) * (var + eps) ** (-1.0 / 2.0) * dout, axis=0)", "np.sum((x - mean) * dout, axis=0)"),
    ),
    program(
        "batchnorm_backward_alt/dgamma_of_centred",
        "keepdims",
        LAYERS,
        (
            "(dbeta + xhat * dgamma) / dout.shape[0]), dgamma, dbeta",
            "(dbeta + xhat * dgamma) / dout.shape[0]), np.sum(dout * xhat * std, axis=0), dbeta",
        ),
    ),
    program(
        "layernorm_forward/no_keepdims",
        "keepdims",
        LAYERS,
        (
            "mean, var = np.mean(x, axis=1, keepdims=True), np.var(x, axis=1, keepdims=True)",
            "mean, var = np.mean(x, axis=1), np.var(x, axis=1)",
        ),
    ),
    program(
        "layernorm_forward/no_keepdims",
        "of_2016",
        LAYERS,
        (
            "    x_hat = ((xT - sample_mean) / np.sqrt(sample_var + eps)).T\n",
            "    x_hat = (x - sample_mean) / np.sqrt(sample_var + eps)\n",
        ),
    ),
    program("layernorm_forward/eps_ignored", "of_2016", LAYERS, ('eps = ln_param.get("eps", 1e-5)', "eps = 1e-5")),
    program("layernorm_forward/eps_ignored", "keepdims", LAYERS, (_KEEPDIMS_LN_STD, "std = np.sqrt(var + 1e-5)")),
    program(
        "layernorm_forward/no_eps",
        "of_2016",
        LAYERS,
        ("((xT - sample_mean) / np.sqrt(sample_var + eps)).T", "((xT - sample_mean) / np.sqrt(sample_var)).T"),
    ),
    program("layernorm_forward/no_eps", "keepdims", LAYERS, (_KEEPDIMS_LN_STD, "std = np.sqrt(var)")),
    program(
        "layernorm_backward/means",
        "of_2016",
        LAYERS,
        (
            "return dxT.T, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)",
            "return dxT.T, np.mean(dout * x_hat, axis=0), np.mean(dout, axis=0)",
        ),
    ),
    program(
        "layernorm_backward/means",
        "keepdims",
        LAYERS,
        (_KEEPDIMS_BN_SUMS.format(axis=1), _KEEPDIMS_BN_SUMS.format(axis=1).replace("np.sum", "np.mean")),
    ),
    program(
        "layernorm_backward/sums_for_means",
        "of_2016",
        LAYERS,
        ("dvar * 2.0 * centred / D + dmean / D", "dvar * 2.0 * centred + dmean"),
    ),
    program(
        "layernorm_backward/sums_for_means",
        "loops",
        LAYERS,
        ("plain / D - xhat[n, d] * leaning / D", "plain - xhat[n, d] * leaning"),
    ),
    program(
        "dropout_forward/divided_by_the_rest", "of_2016", LAYERS, ("out = x * mask / p", "out = x * mask / (1 - p)")
    ),
    program("dropout_forward/divided_by_the_rest", "loops", LAYERS, ("1 / p if np", "1 / (1 - p) if np")),
    program(
        "dropout_forward/never_drops",
        "of_2016",
        LAYERS,
        ("< p\n        out = x * mask / p", "< p / p\n        out = x * mask"),
    ),
    program(
        "dropout_forward/never_drops",
        "keepdims",
        LAYERS,
        ("x.shape) < p).astype(x.dtype) / p", "x.shape) < p / p).astype(x.dtype)"),
    ),
    program(
        "dropout_backward/multiplied_by_p",
        "of_2016",
        LAYERS,
        ('dx = dout * mask / dropout_param["p"]', 'dx = dout * mask * dropout_param["p"]'),
    ),
)

_2016_WINDOW = "np.sum(x_pad[n, :, i * s : i * s + HH, j * s : j * s + WW] * w[f])"
_2016_PLACES = ("    Hn = int(1 + (H + 2 * p - HH) / s)\n", "    Wn = int(1 + (W + 2 * p - WW) / s)\n")
_LOOPS_PLACES = "1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride"
_2016_COLUMNS = "batchnorm_forward(x.transpose(0, 3, 2, 1).reshape((N * H * W, C)), gamma, beta, bn_param)"
_2016_PICTURES = "return out.reshape(N, W, H, C).transpose(0, 3, 2, 1), cache"
_2016_DCOLUMNS = "batchnorm_backward(dout.transpose(0, 3, 2, 1).reshape((N * H * W, C)), cache)"
_2016_DPICTURES = "return dx.reshape(N, W, H, C).transpose(0, 3, 2, 1), dgamma, dbeta"
_KEEPDIMS_GROUPS = "mean, var = y.mean(axis=(2, 3, 4), keepdims=True), y.var(axis=(2, 3, 4), keepdims=True)"
_2016_CONV_DW = tuple(f"        dW{i} += self.reg * W{i}\n" for i in (1, 2, 3))

_PICTURES = (
    program(
        "conv_forward_naive/bias_per_channel",
        "of_2016",
        LAYERS,
        (_2016_WINDOW + " + b[f]", _2016_WINDOW + " + C * b[f]"),
    ),
    program("conv_forward_naive/bias_per_channel", "loops", LAYERS, ("total = b[f]\n", "total = C * b[f]\n")),
    program(
        "conv_forward_naive/padding_counted_once",
        "of_2016",
        LAYERS,
        *((old, old.replace("2 * p", "p")) for old in _2016_PLACES),
    ),
    program(
        "conv_forward_naive/padding_counted_once",
        "loops",
        LAYERS,
        (_LOOPS_PLACES, _LOOPS_PLACES.replace("2 * pad", "pad")),
    ),
    program(
        "conv_forward_naive/one_place_short",
        "of_2016",
        LAYERS,
        *((old, old.replace("1 + ", "")) for old in _2016_PLACES),
    ),
    program("conv_forward_naive/one_place_short", "loops", LAYERS, (_LOOPS_PLACES, _LOOPS_PLACES.replace("1 + ", ""))),
    program(
        "conv_forward_naive/stride_ignored",
        "of_2016",
        LAYERS,
        (_2016_WINDOW, _2016_WINDOW.replace("i * s", "i").replace("j * s", "j")),
    ),
    program(
        "conv_forward_naive/stride_ignored",
        "loops",
        LAYERS,
        (
            "y, z = i * stride + u - pad, j * stride + v - pad\n            if 0 <= y < H and 0 <= z < W:  #",
            "y, z = i + u - pad, j + v - pad\n            if 0 <= y < H and 0 <= z < W:  #",
        ),
    ),
    program(
        "conv_backward_naive/db_per_place",
        "keepdims",
        LAYERS,
        (
            "db = np.sum(dout, axis=(0, 2, 3), keepdims=True)\n    return dx_pad",
            "db = np.sum(dout, axis=0)\n    return dx_pad",
        ),
    ),
    program(
        "conv_backward_naive/db_per_place", "float32", LAYERS, ("dw, dout.sum(axis=(0, 2, 3))", "dw, dout.sum(axis=0)")
    ),
    program(
        "conv_backward_naive/dx_assigned",
        "loops",
        LAYERS,
        ("dx[n, c, y, z] += dout[n, f, i, j] * w", "dx[n, c, y, z] = dout[n, f, i, j] * w"),
    ),
    program(
        "conv_backward_naive/dx_assigned",
        "float32",
        LAYERS,
        ("dpadded[window] += d * w[f]", "dpadded[window] = d * w[f]"),
    ),
    program(
        "max_pool_forward_naive/stride_ignored",
        "of_2016",
        LAYERS,
        ("np.max(x[n, c, i * s : i * s + ph, j * s : j * s + pw])", "np.max(x[n, c, i : i + ph, j : j + pw])"),
    ),
    program(
        "max_pool_forward_naive/stride_ignored",
        "keepdims",
        LAYERS,
        (
            "window = x[:, :, i * s : i * s + ph, j * s : j * s + pw]\n            out[",
            "window = x[:, :, i : i + ph, j : j + pw]\n            out[",
        ),
    ),
    program(
        "max_pool_forward_naive/one_place_short",
        "of_2016",
        LAYERS,
        ("int((H - ph) / s + 1), int((W - pw) / s + 1)", "int((H - ph) / s), int((W - pw) / s)"),
    ),
    program(
        "max_pool_forward_naive/one_place_short",
        "keepdims",
        LAYERS,
        (
            "Ho, Wo = (x.shape[2] - ph) // s + 1, (x.shape[3] - pw) // s + 1",
            "Ho, Wo = (x.shape[2] - ph) // s, (x.shape[3] - pw) // s",
        ),
    ),
    program(
        "max_pool_backward_naive/assigned",
        "loops",
        LAYERS,
        ("dx[n, c, y, z] += dout[n, c, i, j]\n    return dx", "dx[n, c, y, z] = dout[n, c, i, j]\n    return dx"),
    ),
    program(
        "max_pool_backward_naive/assigned",
        "float32",
        LAYERS,
        ("+= single(dout[n, c, i, j])", "= single(dout[n, c, i, j])"),
    ),
    program(
        "max_pool_backward_naive/largest_of_picture",
        "float32",
        LAYERS,
        ("        place = window.argmax()\n", "        place = x[n, c].argmax()\n"),
        (
            "dx[n, c, i * s + place // pw, j * s + place % pw] +=",
            "dx[n, c, place // x.shape[3], place % x.shape[3]] +=",
        ),
    ),
    program(
        "max_pool_backward_naive/stride_ignored",
        "float32",
        LAYERS,
        ("    x, ph, pw, s = cache\n    dx", "    x, ph, pw, _ = cache\n    s = 1\n    dx"),
    ),
    program(
        "three_layer_convnet/reg_gradient_doubled",
        "of_2016",
        CONV_NETS,
        *((old, old.replace("self.reg", "2 * self.reg")) for old in _2016_CONV_DW),
    ),
    program(
        "three_layer_convnet/reg_gradient_doubled",
        "loops",
        CONV_NETS,
        ("grads[name][where] += self.reg *", "grads[name][where] += 2 * self.reg *"),
    ),
    program(
        "three_layer_convnet/reg_loss_missing",
        "of_2016",
        CONV_NETS,
        ("loss = data_loss + reg_loss", "loss = data_loss"),
    ),
    program(
        "three_layer_convnet/reg_loss_missing",
        "loops",
        CONV_NETS,
        ("                loss += 0.5 * self.reg * p[name][where] ** 2\n", ""),
    ),
    program(
        "three_layer_convnet/reg_without_half",
        "of_2016",
        CONV_NETS,
        ("loss = data_loss + reg_loss", "loss = data_loss + reg_loss + reg_loss"),
    ),
    program(
        "three_layer_convnet/uniform_weights",
        "of_2016",
        CONV_NETS,
        ("np.random.randn(num_filters, C", "np.random.rand(num_filters, C"),
        ("np.random.randn(num_filters * H2", "np.random.rand(num_filters * H2"),
        ("np.random.randn(hidden_dim", "np.random.rand(hidden_dim"),
    ),
    program(
        "three_layer_convnet/uniform_weights",
        "keepdims",
        CONV_NETS,
        ("np.random.normal(0, weight_scale, (num_filters, C", "np.random.uniform(0, weight_scale, (num_filters, C"),
        ("np.random.normal(0, weight_scale, (num_filters * H", "np.random.uniform(0, weight_scale, (num_filters * H"),
        ("np.random.normal(0, weight_scale, (hidden_dim", "np.random.uniform(0, weight_scale, (hidden_dim"),
    ),
    program(
        "three_layer_convnet/biases_random",
        "keepdims",
        CONV_NETS,
        ("np.zeros((1, num_filters))", "np.random.normal(0, weight_scale, (1, num_filters))"),
    ),
    program(
        "three_layer_convnet/biases_random",
        "of_2016",
        CONV_NETS,
        ('self.params["b1"] = np.zeros(num_filters)', 'self.params["b1"] = np.random.randn(num_filters)'),
    ),
    program(
        "spatial_batchnorm_forward/no_transpose",
        "of_2016",
        LAYERS,
        (_2016_COLUMNS, _2016_COLUMNS.replace("x.transpose(0, 3, 2, 1).reshape((N * H * W, C))", "x.reshape(C, -1).T")),
        (_2016_PICTURES, "return out.T.reshape(x.shape), cache"),
    ),
    program(
        "spatial_batchnorm_forward/no_transpose_back",
        "of_2016",
        LAYERS,
        (_2016_PICTURES, "return out.reshape(x.shape), cache"),
    ),
    program(
        "spatial_batchnorm_forward/rows_and_columns_swapped",
        "of_2016",
        LAYERS,
        (_2016_PICTURES, _2016_PICTURES.replace("0, 3, 2, 1", "0, 3, 1, 2")),
    ),
    program(
        "spatial_batchnorm_backward/no_transpose_back",
        "of_2016",
        LAYERS,
        (_2016_DPICTURES, "return dx.reshape(dout.shape), dgamma, dbeta"),
    ),
    program(
        "spatial_batchnorm_backward/rows_and_columns_swapped",
        "of_2016",
        LAYERS,
        (_2016_DPICTURES, _2016_DPICTURES.replace("0, 3, 2, 1", "0, 3, 1, 2")),
    ),
    program(
        "spatial_groupnorm_forward/group_size",
        "of_2016",
        LAYERS,
        (
            'eps, k = gn_param.get("eps", 1e-5), x.shape[1] // G',
            'eps, k, G = gn_param.get("eps", 1e-5), G, x.shape[1] // G',
        ),
    ),
    program(
        "spatial_groupnorm_forward/group_size",
        "keepdims",
        LAYERS,
        ("y = x.reshape(N, G, C // G, H, W)", "y = x.reshape(N, C // G, G, H, W)"),
    ),
    program(
        "spatial_groupnorm_forward/per_pixel",
        "keepdims",
        LAYERS,
        (_KEEPDIMS_GROUPS, _KEEPDIMS_GROUPS.replace("(2, 3, 4)", "2")),
    ),
    program(
        "spatial_groupnorm_forward/per_pixel",
        "of_2016",
        LAYERS,
        ("(part - np.mean(part)) / std[n, g]", "(part - part.mean(axis=0)) / np.sqrt(part.var(axis=0) + eps)"),
    ),
    program(
        "spatial_groupnorm_forward/no_root",
        "of_2016",
        LAYERS,
        ("std[n, g] = np.sqrt(np.var(part) + eps)", "std[n, g] = np.var(part) + eps"),
    ),
    program(
        "spatial_groupnorm_forward/no_root",
        "keepdims",
        LAYERS,
        ('std = np.sqrt(var + gn_param.get("eps", 1e-5))', 'std = var + gn_param.get("eps", 1e-5)'),
    ),
    program(
        "spatial_groupnorm_forward/without_gamma_beta",
        "of_2016",
        LAYERS,
        ("return x_hat * gamma + beta, (x_hat, std, gamma, G)", "return x_hat, (x_hat, std, gamma, G)"),
    ),
    program(
        "spatial_groupnorm_forward/without_gamma_beta",
        "keepdims",
        LAYERS,
        ("return gamma * xhat + beta, (xhat, std, gamma, G)", "return xhat, (xhat, std, gamma, G)"),
    ),
    program(
        "spatial_groupnorm_backward/gradients_per_pixel",
        "of_2016",
        LAYERS,
        (
            "return dx, np.sum(dout * x_hat, axis=(0, 2, 3)), np.sum(dout, axis=(0, 2, 3))",
            "return dx, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)",
        ),
    ),
    program(
        "spatial_groupnorm_backward/gradients_per_pixel",
        "keepdims",
        LAYERS,
        (
            "dgamma = np.sum(dout * xhat, axis=(0, 2, 3), keepdims=True)\n    return dx.reshape(dout.shape), dgamma,"
            " np.sum(dout, axis=(0, 2, 3), keepdims=True)",
            "dgamma = np.sum(dout * xhat, axis=0, keepdims=True)\n    return dx.reshape(dout.shape), dgamma,"
            " np.sum(dout, axis=0, keepdims=True)",
        ),
    ),
    program(
        "spatial_groupnorm_backward/pixels_of_one_channel",
        "of_2016",
        LAYERS,
        (
            "(d - d.mean() - h * (d * h).mean()) / std[n, g]",
            "(d - d.sum() / d[0].size - h * (d * h).sum() / d[0].size) / std[n, g]",
        ),
    ),
    program(
        "spatial_groupnorm_backward/pixels_of_one_channel",
        "keepdims",
        LAYERS,
        (
            "d.mean(axis=axes, keepdims=True) - h * (d * h).mean(axis=axes, keepdims=True)",
            "d.sum(axis=axes, keepdims=True) / (H * W) - h * (d * h).sum(axis=axes, keepdims=True) / (H * W)",
        ),
    ),
)

PROGRAMS: tuple[Program, ...] = (*_LAYERS, *_NETS, *_RULES, *_NORMS, *_PICTURES)

"""Known mistakes of part 1: affine and ReLU layers, the two nets, the update rules.

Each is checked against the reference: it must apply, and its own exercise's tests must catch it.
"""

from .misconception import Misconception

LAYERS, OPTIM, NETS = "layers.py", "optim.py", "classifiers/fc_net.py"


def _mistake(exercise: str, id: str, file: str, title: str, explanation: str, *changes: tuple[str, str]) -> Misconception:
    return Misconception(id, exercise, title, explanation, file, changes)


_AFFINE = "out = x.reshape(len(x), -1) @ w + b"
_DX = "dx = (dout @ w.T).reshape(x.shape)"
_DW = "dw = x.reshape(len(x), -1).T @ dout"
_DB = "db = dout.sum(axis=0)"

MISTAKES: tuple[Misconception, ...] = (
    _mistake(
        "affine_forward", "no_bias", LAYERS, "The bias is left out",
        "The product with w is there but b is not added. Each of the M outputs has its own bias.",
        (_AFFINE, "out = x.reshape(len(x), -1) @ w"),
    ),
    _mistake(
        "affine_forward", "column_order", LAYERS, "Flattened in another order",
        "Each example is flattened with its axes in another order than NumPy's own (a transpose, or order='F'). "
        "Keep each example's numbers in the order in which they lie.",
        (_AFFINE, "out = x.reshape(len(x), -1, order='F') @ w + b"),
    ),
    _mistake(
        "affine_forward", "bias_twice", LAYERS, "The bias is added twice",
        "b is in the sum twice. Look for a second addition, in place or in the return line.",
        (_AFFINE, "out = x.reshape(len(x), -1) @ w + 2 * b"),
    ),
    _mistake(
        "affine_backward", "db_mean", LAYERS, "A mean where a sum belongs",
        "db is averaged over the examples. The gradient of a sum is a sum: dividing by N is the loss's business.",
        (_DB, "db = dout.mean(axis=0)"),
    ),
    _mistake(
        "affine_backward", "dw_mean", LAYERS, "dw is divided by N",
        "dw is divided by the number of examples. The loss has taken its mean already; dout holds that factor.",
        (_DW, _DW + " / len(x)"),
    ),
    _mistake(
        "affine_backward", "db_wrong_axis", LAYERS, "Summed over the wrong axis",
        "db sums each example's gradients. It should sum each output's, over the examples.",
        (_DB, "db = np.resize(dout.sum(axis=1), dout.shape[1])"),
    ),
    _mistake(
        "affine_backward", "dx_flat", LAYERS, "dx is left flat",
        "dx comes back as (N, D). It is the gradient of x and has x's own shape.",
        (_DX, "dx = dout @ w.T"),
    ),
    _mistake(
        "affine_backward", "db_ones", LAYERS, "db ignores dout",
        "db is the number of examples, as if the upstream gradient were all ones. Chain it with dout.",
        (_DB, "db = np.full(dout.shape[1], float(len(x)))"),
    ),
    _mistake(
        "relu_forward", "absolute", LAYERS, "The absolute value",
        "Negative inputs come out positive. They should come out as zero.",
        ("out = np.maximum(x, 0)", "out = np.abs(x)"),
    ),
    _mistake(
        "relu_forward", "leaky", LAYERS, "A leak",
        "Negative inputs are scaled down, as in a leaky ReLU. Here they become exactly zero.",
        ("out = np.maximum(x, 0)", "out = np.where(x > 0, x, 0.01 * x)"),
    ),
    _mistake(
        "relu_forward", "in_place", LAYERS, "The input is changed",
        "The negative numbers of x itself are set to zero. The caller still needs x: work on a copy.",
        ("out = np.maximum(x, 0)", "x[x < 0] = 0\n    out = x.copy()"),
    ),
    _mistake(
        "relu_forward", "one_where_positive", LAYERS, "The derivative in place of the function",
        "Positive inputs come out as one. That is the derivative; the function passes them on as they are.",
        ("out = np.maximum(x, 0)", "out = (x > 0).astype(x.dtype)"),
    ),
    _mistake(
        "relu_backward", "no_mask", LAYERS, "The gradient passes everywhere",
        "dout is passed on unchanged. Where the input was negative the unit was off, and nothing passes.",
        ("dx = dout * (x > 0)", "dx = dout.copy()"),
    ),
    _mistake(
        "relu_backward", "mask_of_dout", LAYERS, "The mask looks at dout",
        "The gradient is masked by its own sign. What decides is the sign of the layer's input, which is in the cache.",
        ("dx = dout * (x > 0)", "dx = dout * (dout > 0)"),
    ),
    _mistake(
        "relu_backward", "times_x", LAYERS, "Multiplied by the activation",
        "dout is multiplied by the positive input itself. The slope of a ReLU is one there, whatever the input.",
        ("dx = dout * (x > 0)", "dx = dout * np.maximum(x, 0)"),
    ),
    _mistake(
        "relu_backward", "mask_only", LAYERS, "dout is missing",
        "The result is the local slope only. Chain it: multiply by the upstream gradient.",
        ("dx = dout * (x > 0)", "dx = (x > 0).astype(x.dtype)"),
    ),
    _mistake(
        "relu_backward", "in_place", LAYERS, "dout is changed",
        "The entries of dout itself are set to zero. Another branch of a net may still need it: work on a copy.",
        ("dx = dout * (x > 0)", "dout[x <= 0] = 0\n    dx = dout.copy()"),
    ),
    _mistake(
        "loss_layers", "softmax_without_shift", LAYERS, "Softmax without the shift",
        "exp is taken of the raw scores and overflows where they are large. The file as released subtracts each row's "
        "largest score first: restore it.",
        ("shifted = x - x.max(axis=1, keepdims=True)", "shifted = x"),
    ),
    _mistake(
        "loss_layers", "softmax_sum", LAYERS, "The loss is not averaged",
        "The softmax loss is summed over the examples. It is their mean: restore the file as released.",
        ("loss = -log_probabilities[rows, y].mean()", "loss = -log_probabilities[rows, y].sum()"),
    ),
    _mistake(
        "loss_layers", "svm_own_class", LAYERS, "The right class counts",
        "The margin of the right class itself is in the sum, which adds one to every loss. Restore the file as released.",
        ("    margins[rows, y] = 0\n", ""),
    ),
    _mistake(
        "two_layer_net", "reg_without_half", NETS, "Regularisation without the half",
        "The L2 term of the loss lacks the factor 0.5, so loss and gradient do not belong together.",
        ("for name, W in ((\"W1\", W1), (\"W2\", W2)):\n            loss += 0.5 * self.reg", "for name, W in ((\"W1\", W1), (\"W2\", W2)):\n            loss += self.reg"),
    ),
    _mistake(
        "two_layer_net", "reg_gradient_missing", NETS, "Regularisation missing from the gradient",
        "The loss holds the L2 term but the gradients of the weights do not. Differentiate that term too.",
        ("            grads[name] += self.reg * W\n", ""),
    ),
    _mistake(
        "two_layer_net", "reg_first_only", NETS, "Only W1 is regularised",
        "The L2 term covers W1 only. Both weight matrices belong in it.",
        ("for name, W in ((\"W1\", W1), (\"W2\", W2)):", "for name, W in ((\"W1\", W1),):"),
    ),
    _mistake(
        "two_layer_net", "reg_biases", NETS, "The biases are regularised",
        "The biases are in the L2 term. Only the weights W1 and W2 belong in it.",
        ("for name, W in ((\"W1\", W1), (\"W2\", W2)):", "for name, W in ((\"W1\", W1), (\"W2\", W2), (\"b1\", b1), (\"b2\", b2)):"),
    ),
    _mistake(
        "two_layer_net", "relu_on_scores", NETS, "A ReLU on the scores",
        "The scores went through a ReLU. The last affine layer's output is the scores, negative ones included.",
        ("scores, scores_cache = affine_forward(hidden, W2, b2)\n        ### END", "scores, scores_cache = affine_forward(hidden, W2, b2)\n        scores = np.maximum(scores, 0)\n        ### END"),
    ),
    _mistake(
        "two_layer_net", "no_relu", NETS, "No ReLU between the layers",
        "The hidden layer is affine only. Without a non-linearity in between, two layers are no more than one.",
        ("hidden, hidden_cache = affine_relu_forward(X, W1, b1)", "hidden, hidden_cache = affine_forward(X, W1, b1)"),
        ("_, grads[\"W1\"], grads[\"b1\"] = affine_relu_backward(dhidden, hidden_cache)", "_, grads[\"W1\"], grads[\"b1\"] = affine_backward(dhidden, hidden_cache)"),
    ),
    _mistake(
        "two_layer_net", "biases_random", NETS, "Random biases",
        "The biases are drawn at random. They start at zero; only the weights need to be different from each other.",
        ("self.params[\"b1\"] = np.zeros(hidden_dim)", "self.params[\"b1\"] = weight_scale * np.random.randn(hidden_dim)"),
    ),
    _mistake(
        "two_layer_net", "weight_scale_ignored", NETS, "weight_scale is not used",
        "The weights have a spread of one, or a fixed one. Their standard deviation is the argument weight_scale.",
        ("self.params[\"W1\"] = weight_scale * np.random.randn(input_dim, hidden_dim)", "self.params[\"W1\"] = np.random.randn(input_dim, hidden_dim)"),
    ),
    _mistake(
        "solver", "no_decay", "solver.py", "The learning rate never decays",
        "lr_decay has no effect. The Solver is given complete: restore solver.py as released.",
        ("                self._decay_learning_rates()\n", ""),
    ),
    _mistake(
        "solver", "shared_state", "solver.py", "One state for all parameters",
        "All parameters share one optimiser state. The Solver is given complete: restore solver.py as released.",
        ("            self.optim_configs[name] = next_config\n", "            self.optim_configs = dict.fromkeys(self.optim_configs, next_config)\n"),
    ),
    _mistake(
        "solver", "last_not_best", "solver.py", "The last parameters instead of the best",
        "After train() the model keeps its last parameters. The Solver is given complete: restore solver.py as released.",
        ("            self.model.params = self.best_params\n", "            pass\n"),
    ),
    _mistake(
        "fully_connected_net", "reg_without_half", NETS, "Regularisation without the half",
        "The L2 term of the loss lacks the factor 0.5, so loss and gradient do not belong together.",
        ("            W = params[f\"W{i}\"]\n            loss += 0.5 * self.reg", "            W = params[f\"W{i}\"]\n            loss += self.reg"),
    ),
    _mistake(
        "fully_connected_net", "reg_last_missing", NETS, "The last layer is not regularised",
        "The L2 term leaves the last weight matrix out. It covers W1 to WL.",
        ("        for i in range(1, self.num_layers + 1):\n            W = params", "        for i in range(1, self.num_layers):\n            W = params"),
    ),
    _mistake(
        "fully_connected_net", "reg_gradient_missing", NETS, "Regularisation missing from the gradient",
        "The loss holds the L2 term but the gradients of the weights do not. Differentiate that term too.",
        ("            grads[f\"W{i}\"] += self.reg * W\n", ""),
    ),
    _mistake(
        "fully_connected_net", "relu_on_scores", NETS, "A ReLU on the scores",
        "The scores went through a ReLU, most likely because the loop runs over all layers. The last layer is affine only.",
        ("affine_forward(hidden, params[f\"W{last}\"], params[f\"b{last}\"])\n        ### END", "affine_forward(hidden, params[f\"W{last}\"], params[f\"b{last}\"])\n        scores = np.maximum(scores, 0)\n        ### END"),
    ),
    _mistake(
        "fully_connected_net", "names_from_zero", NETS, "Parameters are counted from zero",
        "The first layer's parameters are called W0 and b0. The names start at W1 and b1.",
        ("self.params[f\"W{i}\"] = weight_scale", "self.params[f\"W{i - 1}\"] = weight_scale"),
        ("self.params[f\"b{i}\"] = np.zeros", "self.params[f\"b{i - 1}\"] = np.zeros"),
    ),
    _mistake(
        "fully_connected_net", "weight_scale_ignored", NETS, "weight_scale is not used",
        "The weights have a spread of one, or a fixed one. Their standard deviation is the argument weight_scale.",
        ("self.params[f\"W{i}\"] = weight_scale * np.random", "self.params[f\"W{i}\"] = np.random"),
    ),
    _mistake(
        "fully_connected_net", "loss_over_n_twice", NETS, "The loss is divided by N twice",
        "The loss and its gradient are divided by the number of examples once more. softmax_loss returns a mean already.",
        ("        loss, dout = softmax_loss(scores, y)\n", "        loss, dout = softmax_loss(scores, y)\n        loss, dout = loss / len(X), dout / len(X)\n"),
    ),
    _mistake(
        "sgd_momentum", "no_momentum", OPTIM, "Plain gradient descent",
        "The step ignores the velocity of the steps before. Carry it on: it is in the configuration.",
        ("velocity = config[\"momentum\"] * config[\"velocity\"] - config", "velocity = 0 - config"),
    ),
    _mistake(
        "sgd_momentum", "velocity_not_stored", OPTIM, "The velocity is not kept",
        "The new velocity is not put back into the configuration, so each step starts from the old one.",
        ("    config[\"velocity\"] = velocity\n", ""),
    ),
    _mistake(
        "sgd_momentum", "sign", OPTIM, "The wrong sign",
        "The gradient is added to the velocity. With w + v as the step, the velocity must point down the gradient.",
        ("config[\"velocity\"] - config[\"learning_rate\"] * dw", "config[\"velocity\"] + config[\"learning_rate\"] * dw"),
    ),
    _mistake(
        "sgd_momentum", "damped", OPTIM, "The gradient is damped",
        "The gradient is weighted by (1 - momentum), as in a running mean. Here it enters with the learning rate alone.",
        ("- config[\"learning_rate\"] * dw\n    next_w = w + velocity", "- (1 - config[\"momentum\"]) * config[\"learning_rate\"] * dw\n    next_w = w + velocity"),
    ),
    _mistake(
        "rmsprop", "no_root", OPTIM, "The root is missing",
        "The step is divided by the running mean of the squares itself. Take its square root.",
        ("(np.sqrt(cache) + config[\"epsilon\"])", "(cache + config[\"epsilon\"])"),
    ),
    _mistake(
        "rmsprop", "decay_swapped", OPTIM, "The decay rate the wrong way round",
        "decay_rate weighs the new square and 1 - decay_rate the old mean. It is the other way round.",
        ("config[\"decay_rate\"] * config[\"cache\"] + (1 - config[\"decay_rate\"]) * dw**2", "(1 - config[\"decay_rate\"]) * config[\"cache\"] + config[\"decay_rate\"] * dw**2"),
    ),
    _mistake(
        "rmsprop", "adagrad", OPTIM, "The squares only pile up",
        "The squares are summed and never forgotten: that is AdaGrad. RMSProp keeps a decaying mean.",
        ("config[\"decay_rate\"] * config[\"cache\"] + (1 - config[\"decay_rate\"]) * dw**2", "config[\"cache\"] + dw**2"),
    ),
    _mistake(
        "rmsprop", "old_cache", OPTIM, "The old mean is used",
        "The step is divided by the mean before this gradient came in. Update it first, then use it.",
        ("next_w = w - config[\"learning_rate\"] * dw / (np.sqrt(cache) + config[\"epsilon\"])", "next_w = w - config[\"learning_rate\"] * dw / (np.sqrt(config[\"cache\"]) + config[\"epsilon\"])"),
    ),
    _mistake(
        "rmsprop", "cache_not_stored", OPTIM, "The running mean is not kept",
        "The new running mean is not put back into the configuration, so each step starts from the old one.",
        ("    config[\"cache\"] = cache\n", ""),
    ),
    _mistake(
        "adam", "no_bias_correction", OPTIM, "No bias correction",
        "m and v are used as they are. They start at zero and are too small at first: divide out that start, with t.",
        ("    m_hat = m / (1 - beta1**t)", "    m_hat = m"),
        ("    v_hat = v / (1 - beta2**t)", "    v_hat = v"),
    ),
    _mistake(
        "adam", "t_never_increased", OPTIM, "t stays where it is",
        "The correction uses t as it came in (or t is never stored). Count the step first, use that t, and keep it.",
        ("t = config[\"t\"] + 1", "t = max(config[\"t\"], 1)"),
    ),
    _mistake(
        "adam", "t_not_stored", OPTIM, "t is not kept",
        "t is increased for this step and then forgotten. Store it in the configuration with m and v.",
        ("config.update(m=m, v=v, t=t)", "config.update(m=m, v=v)"),
    ),
    _mistake(
        "adam", "t_after_use", OPTIM, "t is increased after its use",
        "The correction uses the number of steps before this one. Increase t first, then correct.",
        ("t = config[\"t\"] + 1", "t = max(config[\"t\"], 1e-9)"),
        ("config.update(m=m, v=v, t=t)", "config.update(m=m, v=v, t=config[\"t\"] + 1)"),
    ),
    _mistake(
        "adam", "hats_stored", OPTIM, "The corrected means are stored",
        "m and v go back into the configuration after their correction, and are corrected again at the next step.",
        ("config.update(m=m, v=v, t=t)", "config.update(m=m_hat, v=v_hat, t=t)"),
    ),
    _mistake(
        "adam", "epsilon_in_root", OPTIM, "No root",
        "The step is divided by v_hat itself. Take its square root.",
        ("(np.sqrt(v_hat) + config[\"epsilon\"])", "(v_hat + config[\"epsilon\"])"),
    ),
    _mistake(
        "adam", "v_without_square", OPTIM, "v of the gradient, not of its square",
        "v is a running mean of the gradient's size. Adam keeps that of its square.",
        ("config[\"v\"] + (1 - beta2) * dw**2", "config[\"v\"] + (1 - beta2) * np.abs(dw)"),
    ),
)  # fmt: skip

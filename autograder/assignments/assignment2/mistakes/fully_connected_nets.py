"""Known mistakes of part 1: affine and ReLU layers, the two nets, the update rules.

The gate checks each of them: it must apply to the reference, and the tests of its exercise must catch it.
"""

from autograder.catalogue import Form, Mistake, another_form, mistake

LAYERS, OPTIM, NETS = "layers.py", "optim.py", "classifiers/fc_net.py"

_AFFINE = "out = x.reshape(len(x), -1) @ w + b"
_DX = "dx = (dout @ w.T).reshape(x.shape)"
_DW = "dw = x.reshape(len(x), -1).T @ dout"
_DB = "db = dout.sum(axis=0)"

_TWO_B1 = 'self.params["b1"] = np.zeros(hidden_dim)'
_TWO_B2 = 'self.params["b2"] = np.zeros(num_classes)'
_TWO_DW = "            grads[name] += self.reg * W\n        ### END SOLUTION\n        return loss, grads\n\n\nclass"
_TWO_L2 = '(("W1", W1), ("W2", W2)):\n            loss += 0.5 * self.reg * np.sum(W**2)\n'
_DEEP_W = 'self.params[f"W{i}"] = weight_scale * np.random.randn(dims[i - 1], dims[i])'
_DEEP_B = '            self.params[f"b{i}"] = np.zeros(dims[i])\n'
_DEEP_START = "        dims = [input_dim, *hidden_dims, num_classes]\n        for i in range(1, self.num_layers + 1):\n"
_DEEP_L2 = '            W = params[f"W{i}"]\n            loss += 0.5 * self.reg * np.sum(W**2)\n'
_DEEP_DW = '            grads[f"W{i}"] += self.reg * W\n'

_VELOCITY = 'velocity = config["momentum"] * config["velocity"] - config["learning_rate"] * dw'
_MOVE = "next_w = w + velocity"
_RMSPROP_MOVE = 'next_w = w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"])'
_M = 'm = beta1 * config["m"] + (1 - beta1) * dw'
_V = 'v = beta2 * config["v"] + (1 - beta2) * dw**2'
_M_HAT = "    m_hat = m / (1 - beta1**t)"
_V_HAT = "    v_hat = v / (1 - beta2**t)"
_ADAM_MOVE = 'next_w = w - config["learning_rate"] * m_hat / (np.sqrt(v_hat) + config["epsilon"])'

MISTAKES: tuple[Mistake | Form, ...] = (
    mistake(
        "affine_forward",
        "no_bias",
        LAYERS,
        "The bias is left out",
        "The product with w is there but b is not added. Each of the M outputs has its own bias.",
        (_AFFINE, "out = x.reshape(len(x), -1) @ w"),
    ),
    mistake(
        "affine_forward",
        "column_order",
        LAYERS,
        "Flattened in another order",
        "Each example is flattened in another order than NumPy's default (after a transpose, or with order='F'). "
        "Flatten it without changing the order of its axes.",
        (_AFFINE, "out = x.reshape(len(x), -1, order='F') @ w + b"),
    ),
    mistake(
        "affine_forward",
        "bias_twice",
        LAYERS,
        "The bias is added twice",
        "b is added twice. Look for a second addition, perhaps an in-place one or one in the return line.",
        (_AFFINE, "out = x.reshape(len(x), -1) @ w + 2 * b"),
    ),
    mistake(
        "affine_forward",
        "not_flattened",
        LAYERS,
        "The pictures are not flattened",
        "x is multiplied by w as it is, which works for rows of numbers only. An example may have any shape: make each "
        "one a row first.",
        (_AFFINE, "out = x @ w + b"),
    ),
    another_form("affine_forward", "not_flattened", "not_flattened_dot", (_AFFINE, "out = np.dot(x, w) + b")),
    mistake(
        "affine_backward",
        "db_mean",
        LAYERS,
        "A mean where a sum belongs",
        "db is averaged over the examples. It must be a sum: the loss has already divided by N.",
        (_DB, "db = dout.mean(axis=0)"),
    ),
    mistake(
        "affine_backward",
        "dw_mean",
        LAYERS,
        "dw is divided by N",
        "dw is divided by the number of examples. The loss is already a mean over the examples, so dout already "
        "contains the factor 1 / N.",
        (_DW, _DW + " / len(x)"),
    ),
    mistake(
        "affine_backward",
        "db_one_number",
        LAYERS,
        "db is a single number",
        "db is the sum of all of dout, which is one number. Each output has its own bias: give the axis of the sum.",
        (_DB, "db = dout.sum()"),
    ),
    mistake(
        "affine_backward",
        "db_wrong_axis",
        LAYERS,
        "db is summed over the wrong axis",
        "db is summed over the outputs, for each example. It needs one number for each output: sum over the examples.",
        (_DB, "db = np.resize(dout.sum(axis=1), dout.shape[1])"),
    ),
    another_form("affine_backward", "db_wrong_axis", "db_of_examples", (_DB, "db = dout.sum(axis=1)")),
    mistake(
        "affine_backward",
        "db_two_axes",
        LAYERS,
        "db has two axes",
        "db has shape (1, M). It is the gradient of b and must have the shape of b, which has one axis: keepdims=True, "
        "or a product with a row of ones, leaves the other one.",
        (_DB, "db = dout.sum(axis=0, keepdims=True)"),
    ),
    mistake(
        "affine_backward",
        "dx_mean",
        LAYERS,
        "dx is divided by N",
        "dx is divided by the number of examples. The loss is already a mean over the examples, so dout already "
        "contains the factor 1 / N.",
        (_DX, _DX + " / len(x)"),
    ),
    mistake(
        "affine_backward",
        "dx_flat",
        LAYERS,
        "dx is left flat",
        "dx has shape (N, D). It is the gradient of x and must have the shape of x.",
        (_DX, "dx = dout @ w.T"),
    ),
    mistake(
        "affine_backward",
        "db_ones",
        LAYERS,
        "db ignores dout",
        "db is the number of examples, as if the upstream gradient were all ones. Apply the chain rule: use dout.",
        (_DB, "db = np.full(dout.shape[1], float(len(x)))"),
    ),
    mistake(
        "relu_forward",
        "absolute",
        LAYERS,
        "The absolute value",
        "Negative inputs come out positive. They should come out as zero.",
        ("out = np.maximum(x, 0)", "out = np.abs(x)"),
    ),
    mistake(
        "relu_forward",
        "leaky",
        LAYERS,
        "A leaky ReLU",
        "Negative inputs are scaled down, as in a leaky ReLU. Here they must become exactly zero.",
        ("out = np.maximum(x, 0)", "out = np.where(x > 0, x, 0.01 * x)"),
    ),
    mistake(
        "relu_forward",
        "in_place",
        LAYERS,
        "The input is changed",
        "The negative numbers of x itself are set to zero. The caller still needs x: work on a copy.",
        ("out = np.maximum(x, 0)", "x[x < 0] = 0\n    out = x.copy()"),
    ),
    mistake(
        "relu_forward",
        "one_where_positive",
        LAYERS,
        "The derivative instead of the function",
        "Positive inputs come out as one. That is the derivative of a ReLU. The ReLU itself leaves positive inputs as "
        "they are.",
        ("out = np.maximum(x, 0)", "out = (x > 0).astype(x.dtype)"),
    ),
    mistake(
        "relu_forward",
        "builtin_max",
        LAYERS,
        "Python's max on an array",
        "Python's own max (or an if) compares two single numbers and cannot compare an array with zero. Use NumPy's "
        "function that compares element by element.",
        ("out = np.maximum(x, 0)", "out = max(x, 0)"),
    ),
    mistake(
        "relu_forward",
        "largest_of_column",
        LAYERS,
        "The largest number along an axis",
        "The second argument of np.max is an axis, so out is the largest number of each column. The ReLU compares each "
        "element with zero: that is another function of NumPy.",
        ("out = np.maximum(x, 0)", "out = np.max(x, 0)"),
    ),
    mistake(
        "relu_backward",
        "no_mask",
        LAYERS,
        "The gradient passes everywhere",
        "dx is dout, unchanged. Where the input is negative, the output does not depend on it, so the gradient is "
        "zero there.",
        ("dx = dout * (x > 0)", "dx = dout.copy()"),
    ),
    mistake(
        "relu_backward",
        "mask_of_dout",
        LAYERS,
        "The mask depends on dout",
        "The gradient is masked by its own sign. Mask it by the sign of the layer's input, which is in the cache.",
        ("dx = dout * (x > 0)", "dx = dout * (dout > 0)"),
    ),
    mistake(
        "relu_backward",
        "times_x",
        LAYERS,
        "Multiplied by the activation",
        "dout is multiplied by the positive input. The slope of a ReLU is one for every positive input.",
        ("dx = dout * (x > 0)", "dx = dout * np.maximum(x, 0)"),
    ),
    mistake(
        "relu_backward",
        "mask_only",
        LAYERS,
        "dout is missing",
        "dx is only the slope of the ReLU. By the chain rule, multiply it by the upstream gradient.",
        ("dx = dout * (x > 0)", "dx = (x > 0).astype(x.dtype)"),
    ),
    mistake(
        "relu_backward",
        "inverted",
        LAYERS,
        "The mask is the wrong way round",
        "The gradient passes where the input is negative, and is zero where it is positive. Swap the two cases.",
        ("dx = dout * (x > 0)", "dx = dout * (x <= 0)"),
    ),
    mistake(
        "relu_backward",
        "in_place",
        LAYERS,
        "dout is changed",
        "The entries of dout itself are set to zero. Another part of the net may still need dout: work on a copy.",
        ("dx = dout * (x > 0)", "dout[x <= 0] = 0\n    dx = dout.copy()"),
    ),
    mistake(
        "loss_layers",
        "softmax_without_shift",
        LAYERS,
        "Softmax without the shift",
        "exp of large scores overflows. The released file first subtracts each row's largest score: restore the file "
        "as released.",
        ("shifted = x - x.max(axis=1, keepdims=True)", "shifted = x"),
    ),
    mistake(
        "loss_layers",
        "softmax_sum",
        LAYERS,
        "The loss is not averaged",
        "The softmax loss is summed over the examples, but it must be their mean. Restore the file as released.",
        ("loss = -log_probabilities[rows, y].mean()", "loss = -log_probabilities[rows, y].sum()"),
    ),
    mistake(
        "loss_layers",
        "svm_own_class",
        LAYERS,
        "The correct class counts",
        "The margin of the correct class is in the sum, which adds one to every loss. Restore the file as released.",
        ("    margins[rows, y] = 0\n", ""),
    ),
    mistake(
        "two_layer_net",
        "reg_without_half",
        NETS,
        "Regularisation without the half",
        "The L2 term of the loss lacks the factor 0.5, or is added twice: it is twice as large as it should be.",
        (
            'for name, W in (("W1", W1), ("W2", W2)):\n            loss += 0.5 * self.reg',
            'for name, W in (("W1", W1), ("W2", W2)):\n            loss += self.reg',
        ),
    ),
    mistake(
        "two_layer_net",
        "reg_gradient_missing",
        NETS,
        "Regularisation missing from the gradient",
        "The loss contains the L2 term, but the gradients of the weights do not. Differentiate the L2 term too.",
        ("            grads[name] += self.reg * W\n", ""),
    ),
    mistake(
        "two_layer_net",
        "reg_gradient_doubled",
        NETS,
        "Regularisation twice in the gradient",
        "The L2 term's share of the gradient is twice as large as it should be. The factor 0.5 in the loss cancels the "
        "2 of the square's derivative; or the share is added twice.",
        (_TWO_DW, _TWO_DW.replace("self.reg", "2 * self.reg")),
    ),
    mistake(
        "two_layer_net",
        "reg_gradient_halved",
        NETS,
        "Half of the regularisation in the gradient",
        "The L2 term's share of the gradient is only half as large as it should be: the derivative of a square has a "
        "factor 2, which cancels the factor 0.5.",
        (_TWO_DW, _TWO_DW.replace("self.reg", "0.5 * self.reg")),
    ),
    mistake(
        "two_layer_net",
        "reg_loss_missing",
        NETS,
        "Regularisation missing from the loss",
        "The loss does not contain the L2 term. Add it to what the softmax gives.",
        (_TWO_L2, _TWO_L2.replace("0.5 * self.reg", "0 * self.reg")),
    ),
    mistake(
        "two_layer_net",
        "reg_overwrites",
        NETS,
        "Regularisation replaces the gradient",
        "The gradients of the weights hold the L2 term's share only. It must be added to the gradient that comes out "
        "of the backward pass, not replace it.",
        (_TWO_DW, _TWO_DW.replace("+=", "=")),
    ),
    mistake(
        "two_layer_net",
        "reg_first_only",
        NETS,
        "Only W1 is regularised",
        "The L2 term contains W1 only. Both weight matrices belong in it.",
        ('for name, W in (("W1", W1), ("W2", W2)):', 'for name, W in (("W1", W1),):'),
    ),
    mistake(
        "two_layer_net",
        "reg_biases",
        NETS,
        "The biases are regularised",
        "The biases are in the L2 term. Only the weights W1 and W2 belong in it.",
        (
            'for name, W in (("W1", W1), ("W2", W2)):',
            'for name, W in (("W1", W1), ("W2", W2), ("b1", b1), ("b2", b2)):',
        ),
    ),
    mistake(
        "two_layer_net",
        "relu_on_scores",
        NETS,
        "A ReLU on the scores",
        "The scores go through a ReLU. They are the output of the last affine layer, and they may be negative.",
        (
            "scores, scores_cache = affine_forward(hidden, W2, b2)",
            "scores, scores_cache = affine_forward(hidden, W2, b2)\n        scores = np.maximum(scores, 0)",
        ),
    ),
    mistake(
        "two_layer_net",
        "no_relu",
        NETS,
        "No ReLU between the layers",
        "The hidden layer has no ReLU. Without a non-linearity between them, two affine layers can do no more than "
        "one.",
        ("hidden, hidden_cache = affine_relu_forward(X, W1, b1)", "hidden, hidden_cache = affine_forward(X, W1, b1)"),
        (
            '_, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)',
            '_, grads["W1"], grads["b1"] = affine_backward(dhidden, hidden_cache)',
        ),
    ),
    mistake(
        "two_layer_net",
        "relu_backward_missing",
        NETS,
        "No ReLU in the backward pass",
        "The forward pass has a ReLU, but the backward pass skips it. Each layer of the forward pass has its own step "
        "back, in reverse order.",
        (
            '_, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)',
            '_, grads["W1"], grads["b1"] = affine_backward(dhidden, hidden_cache[0])',
        ),
    ),
    mistake(
        "two_layer_net",
        "biases_random",
        NETS,
        "Random biases",
        "The biases are drawn at random. They must start at zero; only the weights must be random.",
        ('self.params["b1"] = np.zeros(hidden_dim)', 'self.params["b1"] = weight_scale * np.random.randn(hidden_dim)'),
    ),
    another_form(
        "two_layer_net",
        "biases_random",
        "biases_random_last",
        (_TWO_B1 + "\n", "\n"),
        (
            _TWO_B2,
            'self.params["b1"] = weight_scale * np.random.randn(hidden_dim)\n'
            '        self.params["b2"] = weight_scale * np.random.randn(num_classes)',
        ),
    ),
    another_form(
        "two_layer_net",
        "biases_random",
        "biases_random_unscaled",
        (_TWO_B1, 'self.params["b1"] = np.random.randn(hidden_dim)'),
    ),
    another_form(
        "two_layer_net",
        "biases_random",
        "second_bias_random",
        (_TWO_B2, 'self.params["b2"] = weight_scale * np.random.randn(num_classes)'),
    ),
    mistake(
        "two_layer_net",
        "weight_scale_ignored",
        NETS,
        "weight_scale is not used",
        "The standard deviation of the weights is 1 or another fixed number. It must be the argument weight_scale.",
        (
            'self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)',
            'self.params["W1"] = np.random.randn(input_dim, hidden_dim)',
        ),
    ),
    mistake(
        "two_layer_net",
        "uniform_weights",
        NETS,
        "Uniform random numbers",
        "The weights are drawn uniformly between 0 and weight_scale, by rand. They must be drawn from a normal "
        "distribution around 0.",
        (
            'self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)',
            'self.params["W1"] = weight_scale * np.random.rand(input_dim, hidden_dim)',
        ),
        (
            'self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)',
            'self.params["W2"] = weight_scale * np.random.rand(hidden_dim, num_classes)',
        ),
    ),
    mistake(
        "solver",
        "no_decay",
        "solver.py",
        "The learning rate never decays",
        "lr_decay has no effect. The Solver is given complete: restore solver.py as released.",
        ("                self._decay_learning_rates()\n", ""),
    ),
    mistake(
        "solver",
        "shared_state",
        "solver.py",
        "One state for all parameters",
        "All parameters share one optimiser state. The Solver is given complete: restore solver.py as released.",
        (
            "            self.optim_configs[name] = next_config\n",
            "            self.optim_configs = dict.fromkeys(self.optim_configs, next_config)\n",
        ),
    ),
    mistake(
        "solver",
        "last_not_best",
        "solver.py",
        "The last parameters instead of the best",
        "After train() the model keeps its last parameters. The Solver is given complete: restore solver.py as released.",
        ("            self.model.params = self.best_params\n", "            pass\n"),
    ),
    mistake(
        "fully_connected_net",
        "reg_without_half",
        NETS,
        "Regularisation without the half",
        "The L2 term of the loss lacks the factor 0.5, or is added twice: it is twice as large as it should be.",
        (
            '            W = params[f"W{i}"]\n            loss += 0.5 * self.reg',
            '            W = params[f"W{i}"]\n            loss += self.reg',
        ),
    ),
    mistake(
        "fully_connected_net",
        "reg_last_missing",
        NETS,
        "The last layer is not regularised",
        "The L2 term leaves out the last weight matrix. All of W1 to WL belong in it.",
        (
            "        for i in range(1, self.num_layers + 1):\n            W = params",
            "        for i in range(1, self.num_layers):\n            W = params",
        ),
    ),
    mistake(
        "fully_connected_net",
        "reg_gradient_missing",
        NETS,
        "Regularisation missing from the gradient",
        "The loss contains the L2 term, but the gradients of the weights do not. Differentiate the L2 term too.",
        ('            grads[f"W{i}"] += self.reg * W\n', ""),
    ),
    mistake(
        "fully_connected_net",
        "reg_gradient_doubled",
        NETS,
        "Regularisation twice in the gradient",
        "The L2 term's share of the gradient is twice as large as it should be. The factor 0.5 in the loss cancels the "
        "2 of the square's derivative; or the share is added twice.",
        (_DEEP_DW, _DEEP_DW.replace("self.reg", "2 * self.reg")),
    ),
    mistake(
        "fully_connected_net",
        "reg_gradient_halved",
        NETS,
        "Half of the regularisation in the gradient",
        "The L2 term's share of the gradient is only half as large as it should be: the derivative of a square has a "
        "factor 2, which cancels the factor 0.5.",
        (_DEEP_DW, _DEEP_DW.replace("self.reg", "0.5 * self.reg")),
    ),
    mistake(
        "fully_connected_net",
        "reg_loss_missing",
        NETS,
        "Regularisation missing from the loss",
        "The loss does not contain the L2 term. Add it to what the softmax gives.",
        (_DEEP_L2, _DEEP_L2.replace("0.5 * self.reg", "0 * self.reg")),
    ),
    mistake(
        "fully_connected_net",
        "reg_overwrites",
        NETS,
        "Regularisation replaces the gradient",
        "The gradients of the weights hold the L2 term's share only. It must be added to the gradient that comes out "
        "of the backward pass, not replace it.",
        (_DEEP_DW, _DEEP_DW.replace("+=", "=")),
    ),
    mistake(
        "fully_connected_net",
        "reg_biases",
        NETS,
        "The biases are regularised",
        "The biases are in the L2 term. Only the weights W1 to WL belong in it.",
        (
            _DEEP_DW,
            _DEEP_DW + '            loss += 0.5 * self.reg * np.sum(params[f"b{i}"] ** 2)\n'
            '            grads[f"b{i}"] += self.reg * params[f"b{i}"]\n',
        ),
    ),
    mistake(
        "fully_connected_net",
        "relu_on_scores",
        NETS,
        "A ReLU on the scores",
        "The scores go through a ReLU, most likely because the loop runs over all layers. The last layer is affine "
        "only.",
        (
            'affine_forward(hidden, params[f"W{last}"], params[f"b{last}"])',
            'affine_forward(hidden, params[f"W{last}"], params[f"b{last}"])\n        scores = np.maximum(scores, 0)',
        ),
    ),
    mistake(
        "fully_connected_net",
        "no_relu",
        NETS,
        "No ReLU between the layers",
        "The hidden layers have no ReLU. Without non-linearities between them, affine layers can do no more than one.",
        ('            hidden, caches[f"relu{i}"] = relu_forward(hidden)\n', ""),
        ('            dout = relu_backward(dout, caches[f"relu{i}"])\n', ""),
    ),
    mistake(
        "fully_connected_net",
        "relu_backward_missing",
        NETS,
        "No ReLU in the backward pass",
        "The forward pass has ReLUs, but the backward pass skips them. Each layer of the forward pass has its own step "
        "back, in reverse order.",
        ('            dout = relu_backward(dout, caches[f"relu{i}"])\n', ""),
    ),
    mistake(
        "fully_connected_net",
        "first_layer_again",
        NETS,
        "Each layer gets the net's input",
        "Each hidden layer gets X, the input of the net. Only the first one does; the others get the output of the "
        "layer before.",
        (
            'affine_forward(hidden, params[f"W{i}"], params[f"b{i}"])',
            'affine_forward(X, params[f"W{i}"], params[f"b{i}"])',
        ),
    ),
    another_form(
        "fully_connected_net",
        "first_layer_again",
        "first_layer_again_dot",
        (
            'affine_forward(hidden, params[f"W{i}"], params[f"b{i}"])\n            if',
            'X.reshape(len(X), -1).dot(params[f"W{i}"]) + params[f"b{i}"], (X, params[f"W{i}"], None)\n            if',
        ),
    ),
    mistake(
        "fully_connected_net",
        "names_from_zero",
        NETS,
        "Parameters are counted from zero",
        "The first layer's parameters are called W0 and b0. The names must start at W1 and b1.",
        ('self.params[f"W{i}"] = weight_scale', 'self.params[f"W{i - 1}"] = weight_scale'),
        ('self.params[f"b{i}"] = np.zeros', 'self.params[f"b{i - 1}"] = np.zeros'),
    ),
    mistake(
        "fully_connected_net",
        "weight_scale_ignored",
        NETS,
        "weight_scale is not used",
        "The standard deviation of the weights is 1 or another fixed number. It must be the argument weight_scale.",
        ('self.params[f"W{i}"] = weight_scale * np.random', 'self.params[f"W{i}"] = np.random'),
    ),
    mistake(
        "fully_connected_net",
        "uniform_weights",
        NETS,
        "Uniform random numbers",
        "The weights are drawn uniformly between 0 and weight_scale, by rand. They must be drawn from a normal "
        "distribution around 0.",
        (_DEEP_W, _DEEP_W.replace("randn", "rand")),
    ),
    mistake(
        "fully_connected_net",
        "biases_random",
        NETS,
        "Random biases",
        "The biases are drawn at random. They must start at zero; only the weights must be random.",
        (_DEEP_B, _DEEP_B.replace("np.zeros", "weight_scale * np.random.randn")),
    ),
    another_form(
        "fully_connected_net",
        "biases_random",
        "biases_random_last",
        (
            _DEEP_START,
            _DEEP_START.replace("        for", "        weights = {}\n        for")
            + '            weights[f"W{i}"] = weight_scale * np.random.randn(dims[i - 1], dims[i])\n'
            + "        for i in range(1, self.num_layers + 1):\n",
        ),
        (_DEEP_W, 'self.params[f"W{i}"] = weights[f"W{i}"]'),
        (_DEEP_B, _DEEP_B.replace("np.zeros", "weight_scale * np.random.randn")),
    ),
    mistake(
        "fully_connected_net",
        "loss_over_n_twice",
        NETS,
        "The loss is divided by N twice",
        "The loss and its gradient are divided by the number of examples twice: softmax_loss already returns a mean.",
        (
            "        loss, dout = softmax_loss(scores, y)\n",
            "        loss, dout = softmax_loss(scores, y)\n        loss, dout = loss / len(X), dout / len(X)\n",
        ),
    ),
    mistake(
        "sgd_momentum",
        "no_momentum",
        OPTIM,
        "Plain gradient descent",
        "The step ignores the velocity of the previous steps. The old velocity is in config: use it.",
        ('velocity = config["momentum"] * config["velocity"] - config', "velocity = 0 - config"),
    ),
    mistake(
        "sgd_momentum",
        "velocity_not_stored",
        OPTIM,
        "The velocity is not stored",
        "The new velocity is not stored in config, so each step starts from the old one.",
        ('    config["velocity"] = velocity\n', ""),
    ),
    mistake(
        "sgd_momentum",
        "sign",
        OPTIM,
        "The wrong sign",
        "The gradient is added to the velocity. The step adds the velocity to w, so the velocity must point down the "
        "gradient.",
        ('config["velocity"] - config["learning_rate"] * dw', 'config["velocity"] + config["learning_rate"] * dw'),
    ),
    mistake(
        "sgd_momentum",
        "velocity_subtracted",
        OPTIM,
        "The velocity is subtracted",
        "The velocity is right, but w moves against it. The velocity already points down the gradient: the step adds "
        "it.",
        (_MOVE, "next_w = w - velocity"),
    ),
    mistake(
        "sgd_momentum",
        "velocity_uphill",
        OPTIM,
        "The velocity points up the gradient",
        "w is right, but the velocity in config has the wrong sign: the gradient is added to it, and the step subtracts "
        "it. In the formulas above, the velocity itself points down the gradient.",
        (_VELOCITY, _VELOCITY.replace("- config", "+ config")),
        (_MOVE, "next_w = w - velocity"),
    ),
    mistake(
        "sgd_momentum",
        "learning_rate_outside",
        OPTIM,
        "The learning rate multiplies the velocity",
        "The learning rate multiplies the whole velocity in the step, as in PyTorch. Here it multiplies the gradient "
        "on its way into the velocity, and the step adds the velocity as it is.",
        (_VELOCITY, 'velocity = config["momentum"] * config["velocity"] - dw'),
        (_MOVE, 'next_w = w + config["learning_rate"] * velocity'),
    ),
    another_form(
        "sgd_momentum",
        "learning_rate_outside",
        "learning_rate_outside_uphill",
        (_VELOCITY, 'velocity = config["momentum"] * config["velocity"] + dw'),
        (_MOVE, 'next_w = w - config["learning_rate"] * velocity'),
    ),
    mistake(
        "sgd_momentum",
        "old_velocity",
        OPTIM,
        "The step uses the old velocity",
        "w moves by the velocity of the step before. Change the velocity first, then move w by the new one.",
        (_MOVE, 'next_w = w + config["velocity"]'),
    ),
    mistake(
        "sgd_momentum",
        "nesterov",
        OPTIM,
        "Nesterov's momentum",
        "The step looks ahead: it uses the momentum and the gradient once more, as in Nesterov's version. Plain "
        "momentum moves w by the velocity alone.",
        (_MOVE, 'next_w = w + config["momentum"] * velocity - config["learning_rate"] * dw'),
    ),
    mistake(
        "sgd_momentum",
        "in_place",
        OPTIM,
        "w itself is changed",
        "The array w is changed in place (with += or -=). The caller still needs it: compute a new array.",
        (_MOVE, "w += velocity\n    next_w = w"),
    ),
    mistake(
        "sgd_momentum",
        "damped",
        OPTIM,
        "The gradient is damped",
        "The gradient is multiplied by (1 - momentum), as in a running mean. Here only the learning rate multiplies "
        "it.",
        (
            '- config["learning_rate"] * dw\n    next_w = w + velocity',
            '- (1 - config["momentum"]) * config["learning_rate"] * dw\n    next_w = w + velocity',
        ),
    ),
    mistake(
        "rmsprop",
        "no_root",
        OPTIM,
        "The square root is missing",
        "The step is divided by the running mean of the squares. Take its square root.",
        ('(np.sqrt(cache) + config["epsilon"])', '(cache + config["epsilon"])'),
    ),
    mistake(
        "rmsprop",
        "decay_swapped",
        OPTIM,
        "decay_rate and 1 - decay_rate are swapped",
        "decay_rate multiplies the new square, and 1 - decay_rate the old mean. Swap the two.",
        (
            'config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * dw**2',
            '(1 - config["decay_rate"]) * config["cache"] + config["decay_rate"] * dw**2',
        ),
    ),
    mistake(
        "rmsprop",
        "adagrad",
        OPTIM,
        "The squares are never forgotten",
        "The squares are added up and never decay: that is AdaGrad. RMSProp keeps a decaying mean.",
        ('config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * dw**2', 'config["cache"] + dw**2'),
    ),
    mistake(
        "rmsprop",
        "old_cache",
        OPTIM,
        "The old running mean is used",
        "The step uses the running mean from before this gradient. Update the mean first, then use it.",
        (
            'next_w = w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"])',
            'next_w = w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"])',
        ),
    ),
    mistake(
        "rmsprop",
        "cache_not_stored",
        OPTIM,
        "The running mean is not stored",
        "The new running mean is not stored in config, so each step starts from the old one.",
        ('    config["cache"] = cache\n', ""),
    ),
    mistake(
        "rmsprop",
        "not_squared",
        OPTIM,
        "The gradient is not squared",
        "The running mean is one of the gradient's absolute value. RMSProp keeps a running mean of the squares and "
        "takes its root.",
        (
            'config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * dw**2',
            'config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * np.abs(dw)',
        ),
    ),
    mistake(
        "rmsprop",
        "uphill",
        OPTIM,
        "Up the gradient",
        "w moves up the gradient. A step that makes the loss smaller subtracts the scaled gradient.",
        (_RMSPROP_MOVE, _RMSPROP_MOVE.replace("w - ", "w + ")),
    ),
    mistake(
        "rmsprop",
        "in_place",
        OPTIM,
        "w itself is changed",
        "The array w is changed in place (with += or -=). The caller still needs it: compute a new array.",
        (_RMSPROP_MOVE, _RMSPROP_MOVE.replace("next_w = w - ", "w -= ") + "\n    next_w = w"),
    ),
    mistake(
        "adam",
        "no_bias_correction",
        OPTIM,
        "No bias correction",
        "m and v are used without correction. They start at zero, so they are too small at first: correct both, with t.",
        ("    m_hat = m / (1 - beta1**t)", "    m_hat = m"),
        ("    v_hat = v / (1 - beta2**t)", "    v_hat = v"),
    ),
    mistake(
        "adam",
        "only_m_corrected",
        OPTIM,
        "v is not corrected",
        "m is corrected for its start at zero, but v is used as it is. Correct both, each with its own beta.",
        (_V_HAT, "    v_hat = v"),
    ),
    mistake(
        "adam",
        "only_v_corrected",
        OPTIM,
        "m is not corrected",
        "v is corrected for its start at zero, but m is used as it is. Correct both, each with its own beta.",
        (_M_HAT, "    m_hat = m"),
    ),
    mistake(
        "adam",
        "t_no_exponent",
        OPTIM,
        "t is not an exponent in the correction",
        "The correction does not raise the betas to the power of t: t is missing, or it is a factor. The correction "
        "must fade as t grows.",
        (_M_HAT, "    m_hat = m / (1 - beta1)"),
        (_V_HAT, "    v_hat = v / (1 - beta2)"),
    ),
    another_form(
        "adam",
        "t_no_exponent",
        "t_as_factor",
        (_M_HAT, "    m_hat = m / (1 - beta1 * t)"),
        (_V_HAT, "    v_hat = v / (1 - beta2 * t)"),
    ),
    mistake(
        "adam",
        "betas_swapped",
        OPTIM,
        "beta1 and beta2 are swapped",
        "beta2 is used for m and beta1 for v. beta1 belongs to m, the mean of the gradient, and beta2 to v, the mean of "
        "its square.",
        ('beta1, beta2 = config["beta1"], config["beta2"]', 'beta2, beta1 = config["beta1"], config["beta2"]'),
    ),
    another_form(
        "adam",
        "betas_swapped",
        "betas_swapped_in_means",
        (_M, 'm = beta2 * config["m"] + (1 - beta2) * dw'),
        (_V, 'v = beta1 * config["v"] + (1 - beta1) * dw**2'),
    ),
    another_form(
        "adam",
        "betas_swapped",
        "betas_swapped_in_corrections",
        (_M_HAT, "    m_hat = m / (1 - beta2**t)"),
        (_V_HAT, "    v_hat = v / (1 - beta1**t)"),
    ),
    mistake(
        "adam",
        "weights_swapped",
        OPTIM,
        "beta and 1 - beta are swapped",
        "In the running means, beta multiplies the new gradient, and 1 - beta the old mean. Swap the two: a large beta "
        "remembers long.",
        (_M, 'm = (1 - beta1) * config["m"] + beta1 * dw'),
        (_V, 'v = (1 - beta2) * config["v"] + beta2 * dw**2'),
    ),
    mistake(
        "adam",
        "gradient_for_m",
        OPTIM,
        "The step uses the gradient and not its mean",
        "The step multiplies the learning rate by the gradient itself. In Adam it is the corrected running mean of the "
        "gradient that moves w.",
        (_ADAM_MOVE, _ADAM_MOVE.replace("m_hat", "dw")),
    ),
    mistake(
        "adam",
        "t_never_increased",
        OPTIM,
        "t does not increase",
        "The correction uses the old t, or the new t is never stored. Increase t first, correct with the new t, and "
        "store it.",
        ('t = config["t"] + 1', 't = max(config["t"], 1)'),
    ),
    mistake(
        "adam",
        "t_not_stored",
        OPTIM,
        "t is not stored",
        "t is increased for this step and then forgotten. Store it in config with m and v.",
        ("config.update(m=m, v=v, t=t)", "config.update(m=m, v=v)"),
    ),
    mistake(
        "adam",
        "means_not_stored",
        OPTIM,
        "m and v are not stored",
        "The new running means are not stored in config, so each step starts from the old ones. Store m, v and t.",
        ("config.update(m=m, v=v, t=t)", "config.update(t=t)"),
    ),
    mistake(
        "adam",
        "t_after_use",
        OPTIM,
        "t is increased after its use",
        "The correction uses the number of steps before this one. Increase t first, then correct.",
        ('t = config["t"] + 1', 't = max(config["t"], 1e-9)'),
        ("config.update(m=m, v=v, t=t)", 'config.update(m=m, v=v, t=config["t"] + 1)'),
    ),
    another_form(
        "adam",
        "t_after_use",
        "t_after_use_unguarded",
        ('t = config["t"] + 1', 't = config["t"]'),
        ("config.update(m=m, v=v, t=t)", "config.update(m=m, v=v, t=t + 1)"),
    ),
    mistake(
        "adam",
        "hats_stored",
        OPTIM,
        "The corrected means are stored",
        "m and v are stored after their correction, so the next step corrects them again. Store them uncorrected.",
        ("config.update(m=m, v=v, t=t)", "config.update(m=m_hat, v=v_hat, t=t)"),
    ),
    mistake(
        "adam",
        "epsilon_in_root",
        OPTIM,
        "The square root is missing",
        "The step is divided by v_hat. Take its square root.",
        ('(np.sqrt(v_hat) + config["epsilon"])', '(v_hat + config["epsilon"])'),
    ),
    mistake(
        "adam",
        "v_without_square",
        OPTIM,
        "v is a mean of the gradient, not of its square",
        "v is a running mean of the gradient's absolute value. In Adam, v is a running mean of the squared gradient.",
        ('config["v"] + (1 - beta2) * dw**2', 'config["v"] + (1 - beta2) * np.abs(dw)'),
    ),
    mistake(
        "adam",
        "in_place",
        OPTIM,
        "w itself is changed",
        "The array w is changed in place (with += or -=). The caller still needs it: compute a new array.",
        (_ADAM_MOVE, _ADAM_MOVE.replace("next_w = w - ", "w -= ") + "\n    next_w = w"),
    ),
)

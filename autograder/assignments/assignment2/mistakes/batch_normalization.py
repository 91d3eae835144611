"""Known mistakes of part 2: batch and layer normalisation, forward, backward and in the fully connected net.

The gate checks each of them: it must apply to the reference, and the tests of its exercise must catch it.
"""

from autograder.catalogue import Form, Mistake, another_form, mistake

LAYERS, NETS = "layers.py", "classifiers/fc_net.py"

_BN_MEAN = "        mean = x.mean(axis=0)\n"
_BN_VARIANCE = "variance = (centred**2).mean(axis=0)"
_BN_STD = "std = np.sqrt(variance + eps)"
_BN_OUT = "        out = gamma * normalised + beta\n        cache = (normalised, centred, std, gamma)"
_BN_CACHE = "        cache = (normalised, centred, std, gamma)\n"
_BN_RUNNING_MEAN = _BN_CACHE + "        running_mean = momentum * running_mean + (1 - momentum) * mean\n"
_BN_RUNNING_VAR = "        running_var = momentum * running_var + (1 - momentum) * variance\n"
_BN_TEST = "out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta"

_BN_BACK = "    normalised, centred, std, gamma = cache\n    dbeta = dout.sum(axis=0)\n"
_BN_DGAMMA = "    dgamma = (dout * normalised).sum(axis=0)\n"
_BN_DNORMALISED = "    dnormalised = dout * gamma\n    dcentred = dnormalised / std\n"
_BN_DSTD = "dstd = -(dnormalised * centred).sum(axis=0) / std**2"
_BN_THROUGH_VARIANCE = "    dcentred += 2 * centred * dvariance / len(dout)\n"
_BN_DX = "dx = dcentred + dmean / len(dout)"

_ALT_SUMS = "    n = len(dout)\n    dbeta = dout.sum(axis=0)\n    dgamma = (dout * normalised).sum(axis=0)\n"
_ALT_DX = "dx = gamma / std * (dout - dbeta / n - normalised * (dgamma / n))"

_ALT_CACHE = "    normalised, _, std, gamma = cache\n"

_LN_CENTRED = "    centred = x - x.mean(axis=1, keepdims=True)\n"
_LN_STD = "std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)"
_LN_OUT = "out = normalised * gamma + beta"

_LN_BACK = (
    "    normalised, std, gamma = cache\n    dbeta = dout.sum(axis=0)\n    dgamma = (dout * normalised).sum(axis=0)\n"
)
_LN_DNORMALISED = "    dnormalised = dout * gamma\n    share"
_LN_SHARE = "share = dnormalised.mean(axis=1, keepdims=True)"
_LN_PULL = "pull = (dnormalised * normalised).mean(axis=1, keepdims=True)"
_LN_DX = "dx = (dnormalised - share - normalised * pull) / std"

_NET_PLAIN_B = '            self.params[f"b{i}"] = np.zeros(dims[i])\n'
_NET_START = "if self.normalization and i < self.num_layers:"
_NET_GAMMA = 'self.params[f"gamma{i}"] = np.ones(dims[i])'
_NET_AFFINE = '= affine_forward(hidden, params[f"W{i}"], params[f"b{i}"])\n'
_NET_FORWARD = "            if self.normalization:\n                normalise = "
_NET_CHOICE = 'normalise = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward'
_NET_CALL = "normalise(hidden, gamma, beta, settings)"
_NET_SETTINGS = 'params[f"beta{i}"], self.bn_params[i - 1]'
_NET_RELU = '            hidden, caches[f"relu{i}"] = relu_forward(hidden)\n'
_NET_RELU_BACK = '            dout = relu_backward(dout, caches[f"relu{i}"])\n'
_NET_BACKWARD = "            if self.normalization:\n                backward = "
_NET_CHOICE_BACK = 'backward = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward'
_NET_OF_LAYERNORM = (
    'normalised, std, gamma = caches[f"norm{i}"]\n'
    '                caches[f"norm{i}"] = (normalised, normalised * std, std, gamma)\n                '
)
_NET_GRADIENTS = 'dout, grads[f"gamma{i}"], grads[f"beta{i}"] = backward('
_NET_AFFINE_BACK = '            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward('
_NET_REG = '            grads[f"W{i}"] += self.reg * W\n'


def _in_the_net(exercise: str) -> tuple[Mistake | Form, ...]:
    """Return the mistakes that batch and layer normalisation have in common, for one exercise."""
    return (
        mistake(
            exercise,
            "gammas_regularised",
            NETS,
            "gamma and beta are regularised",
            "gamma and beta are in the L2 term too, most likely because it runs over all of params. Only the weights "
            "W belong in it.",
            (
                _NET_REG,
                _NET_REG + "            if self.normalization and i < self.num_layers:\n"
                '                for name in (f"gamma{i}", f"beta{i}"):\n'
                "                    loss += 0.5 * self.reg * np.sum(params[name] ** 2)\n"
                "                    grads[name] += self.reg * params[name]\n",
            ),
        ),
        mistake(
            exercise,
            "after_the_relu",
            NETS,
            "Normalised after the ReLU",
            "The normalisation comes after the ReLU. In this net it belongs between the affine layer and the ReLU.",
            (_NET_AFFINE + "            if self.norm", _NET_AFFINE + _NET_RELU + "            if self.norm"),
            (_NET_RELU + "            if self.use_dropout", "            if self.use_dropout"),
            (_NET_RELU_BACK, ""),
            (_NET_AFFINE_BACK, _NET_RELU_BACK + _NET_AFFINE_BACK),
        ),
        mistake(
            exercise,
            "gamma_zero",
            NETS,
            "gamma starts at zero",
            "The gammas start at zero, like the betas. Then every normalised unit gives zero for any input. At first, "
            "the scale must leave the normalised numbers as they are.",
            (_NET_GAMMA, 'self.params[f"gamma{i}"] = np.zeros(dims[i])'),
        ),
        mistake(
            exercise,
            "gamma_like_a_weight",
            NETS,
            "gamma is drawn at random",
            "The gammas are random numbers, like the weights. At first, the scale must leave the normalised "
            "numbers as they are, so it needs no randomness.",
            (_NET_GAMMA, 'self.params[f"gamma{i}"] = weight_scale * np.random.randn(dims[i])'),
        ),
        another_form(
            exercise,
            "gamma_like_a_weight",
            "gamma_like_a_weight_last",
            (
                _NET_PLAIN_B + "            " + _NET_START + "\n",
                _NET_PLAIN_B + "        for i in range(1, self.num_layers):\n            if self.normalization:\n",
            ),
            (_NET_GAMMA, 'self.params[f"gamma{i}"] = weight_scale * np.random.randn(dims[i])'),
        ),
        another_form(
            exercise,
            "gamma_like_a_weight",
            "gamma_random_unscaled",
            (_NET_GAMMA, 'self.params[f"gamma{i}"] = np.random.randn(dims[i])'),
        ),
        mistake(
            exercise,
            "last_layer_too",
            NETS,
            "The last layer has a gamma and a beta",
            "The last affine layer has a gamma and a beta too. Its outputs are the scores, which are not normalised.",
            (_NET_START, "if self.normalization:"),
        ),
        mistake(
            exercise,
            "gradients_not_kept",
            NETS,
            "No gradients for gamma and beta",
            "The gradients of gamma and beta are computed but not stored, so gamma and beta never change. Store them "
            "in grads under the parameters' names.",
            (_NET_GRADIENTS, "dout, _, _ = backward("),
        ),
        mistake(
            exercise,
            "gradients_swapped",
            NETS,
            "dgamma and dbeta are swapped",
            "grads holds gamma's gradient under beta's name, and beta's gradient under gamma's name. Look at the "
            "order in which the backward function returns them.",
            (_NET_GRADIENTS, 'dout, grads[f"beta{i}"], grads[f"gamma{i}"] = backward('),
        ),
        mistake(
            exercise,
            "backward_bypassed",
            NETS,
            "The gradient skips the normalisation",
            "In the backward pass, the affine layer gets the gradient that comes out of the ReLU. This gradient must "
            "pass through the normalisation's backward function first.",
            (_NET_GRADIENTS, '_, grads[f"gamma{i}"], grads[f"beta{i}"] = backward('),
        ),
        mistake(
            exercise,
            "backward_order",
            NETS,
            "The ReLU's step back comes too late",
            "In the backward pass, the gradient passes the normalisation first and the ReLU after it. The backward pass "
            "runs in reverse order: the last layer of the forward pass comes first.",
            (_NET_RELU_BACK, ""),
            (_NET_AFFINE_BACK, _NET_RELU_BACK + _NET_AFFINE_BACK),
        ),
    )


MISTAKES: tuple[Mistake | Form, ...] = (
    mistake(
        "batchnorm_forward",
        "eps_outside_root",
        LAYERS,
        "eps outside the root",
        "eps is added to the standard deviation. Add it to the variance, before the square root.",
        (_BN_STD, "std = np.sqrt(variance) + eps"),
        (_BN_TEST, "out = gamma * (x - running_mean) / (np.sqrt(running_var) + eps) + beta"),
    ),
    mistake(
        "batchnorm_forward",
        "unbiased_variance",
        LAYERS,
        "The unbiased variance",
        "The sum of squares is divided by N - 1. Batch normalisation uses the biased variance: the plain mean of the "
        "squares.",
        (_BN_VARIANCE, "variance = x.var(axis=0, ddof=1)"),
    ),
    mistake(
        "batchnorm_forward",
        "momentum_swapped",
        LAYERS,
        "momentum and 1 - momentum are swapped",
        "momentum multiplies the statistics of the new batch, and 1 - momentum the old average. Swap the two: with a "
        "momentum of 0.9, the average moves slowly.",
        (
            _BN_RUNNING_MEAN + _BN_RUNNING_VAR,
            _BN_CACHE + "        running_mean = (1 - momentum) * running_mean + momentum * mean\n"
            "        running_var = (1 - momentum) * running_var + momentum * variance\n",
        ),
    ),
    mistake(
        "batchnorm_forward",
        "running_not_updated",
        LAYERS,
        "The running averages never move",
        "After training, bn_param holds the same running averages as before. Train mode must update the two variables "
        "that the end of the function stores in bn_param.",
        (_BN_RUNNING_MEAN + _BN_RUNNING_VAR, _BN_CACHE),
    ),
    mistake(
        "batchnorm_forward",
        "running_std",
        LAYERS,
        "running_var averages the wrong number",
        "running_var is an average of the standard deviation. It must be an average of the variance, without eps.",
        (
            _BN_RUNNING_MEAN + _BN_RUNNING_VAR,
            _BN_RUNNING_MEAN + "        running_var = momentum * running_var + (1 - momentum) * std\n",
        ),
    ),
    mistake(
        "batchnorm_forward",
        "updated_in_test",
        LAYERS,
        "Test mode updates the running averages",
        "The running averages are updated in test mode too, so testing changes the net. Only training may update them.",
        (
            _BN_TEST,
            _BN_TEST + "\n        running_mean = momentum * running_mean + (1 - momentum) * x.mean(axis=0)\n"
            "        running_var = momentum * running_var + (1 - momentum) * x.var(axis=0)",
        ),
    ),
    mistake(
        "batchnorm_forward",
        "test_batch_statistics",
        LAYERS,
        "Batch statistics at test time",
        "Test mode normalises with the mean and variance of the current batch. A picture's scores must not depend on "
        "the other pictures of its batch: use the running averages.",
        (_BN_TEST, "out = gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta"),
    ),
    mistake(
        "batchnorm_forward",
        "test_without_gamma_beta",
        LAYERS,
        "No gamma and beta at test time",
        "Test mode normalises, but does not use gamma and beta. The net learns them in training, and needs them at "
        "test time too.",
        (_BN_TEST, "out = (x - running_mean) / np.sqrt(running_var + eps)"),
    ),
    mistake(
        "batchnorm_forward",
        "test_without_root",
        LAYERS,
        "Test mode divides by the variance",
        "Test mode divides by the running variance. Take its square root, as in training.",
        (_BN_TEST, "out = gamma * (x - running_mean) / (running_var + eps) + beta"),
    ),
    mistake(
        "batchnorm_forward",
        "test_without_eps",
        LAYERS,
        "No eps at test time",
        "Test mode divides by the root of the running variance alone. eps belongs under the root in both modes: without "
        "it, a feature that hardly varies is divided by nearly zero.",
        (_BN_TEST, "out = gamma * (x - running_mean) / np.sqrt(running_var) + beta"),
    ),
    mistake(
        "batchnorm_forward",
        "no_eps",
        LAYERS,
        "eps is not used",
        "Training divides by the root of the variance without eps, so a feature that does not vary is divided by zero. "
        "Add eps to the variance, under the root.",
        (_BN_STD, "std = np.sqrt(variance)"),
    ),
    mistake(
        "batchnorm_forward",
        "running_unbiased",
        LAYERS,
        "running_var averages the unbiased variance",
        "The running average uses the variance with N - 1, as PyTorch does. Here it is an average of the same biased "
        "variance with which the batch is normalised.",
        (
            _BN_RUNNING_MEAN + _BN_RUNNING_VAR,
            _BN_RUNNING_MEAN
            + "        running_var = momentum * running_var + (1 - momentum) * x.var(axis=0, ddof=1)\n",
        ),
    ),
    mistake(
        "batchnorm_forward",
        "no_root",
        LAYERS,
        "Divided by the variance",
        "The centred numbers are divided by the variance. The square root is missing: only a division by the standard "
        "deviation gives a variance of one.",
        (_BN_STD, "std = variance + eps"),
    ),
    mistake(
        "batchnorm_forward",
        "over_everything",
        LAYERS,
        "One mean for all features",
        "Mean and variance are taken over the whole array. Each feature (column) has its own mean and variance: give "
        "the axis.",
        (_BN_MEAN, "        mean = x.mean()\n"),
        (_BN_VARIANCE, "variance = (centred**2).mean()"),
    ),
    mistake(
        "batchnorm_forward",
        "over_features",
        LAYERS,
        "The wrong axis",
        "Each example is normalised over its features: that is layer normalisation. Here mean and variance are taken "
        "over the examples of the batch.",
        (_BN_MEAN, "        mean = x.mean(axis=1, keepdims=True)\n"),
        (_BN_VARIANCE, "variance = (centred**2).mean(axis=1, keepdims=True)"),
    ),
    mistake(
        "batchnorm_forward",
        "hard_coded",
        LAYERS,
        "Settings are written into the code",
        "eps and momentum are fixed numbers in the computation. bn_param may hold other values: use the variables eps "
        "and momentum.",
        (_BN_STD, "std = np.sqrt(variance + 1e-5)"),
        (
            _BN_RUNNING_MEAN + _BN_RUNNING_VAR,
            _BN_CACHE + "        running_mean = 0.9 * running_mean + 0.1 * mean\n"
            "        running_var = 0.9 * running_var + 0.1 * variance\n",
        ),
    ),
    mistake(
        "batchnorm_forward",
        "shift_before_scale",
        LAYERS,
        "Shifted before the scaling",
        "beta is added before the multiplication by gamma. Scale first, then shift.",
        (_BN_OUT, "        out = gamma * (normalised + beta)\n        cache = (normalised, centred, std, gamma)"),
    ),
    mistake(
        "batchnorm_forward",
        "without_gamma_beta",
        LAYERS,
        "No gamma and beta in training",
        "Train mode normalises, but does not use gamma and beta. After the normalisation, each feature is scaled by its "
        "gamma and shifted by its beta.",
        (_BN_OUT, _BN_OUT.replace("gamma * normalised + beta", "normalised")),
    ),
    mistake(
        "batchnorm_forward",
        "in_place",
        LAYERS,
        "The input is changed",
        "The mean is subtracted from x itself (with -=). The caller still needs x: compute a new array.",
        ("        centred = x - mean\n", "        x -= mean\n        centred = x.copy()\n"),
    ),
    mistake(
        "batchnorm_forward",
        "cancelling_variance",
        LAYERS,
        "Cancellation in the variance",
        "The variance is the mean of the squares minus the square of the mean. For features far from zero, this is a "
        "small and inexact difference of two large numbers: subtract the mean first, then square.",
        (_BN_VARIANCE, "variance = (x**2).mean(axis=0) - mean**2"),
    ),
    mistake(
        "batchnorm_backward",
        "mean_path",
        LAYERS,
        "The path through the mean is missing",
        "dx lacks the gradient through the mean. Every x is part of its feature's mean, and the mean is subtracted "
        "from the whole batch.",
        (_BN_DX, "dx = dcentred"),
    ),
    mistake(
        "batchnorm_backward",
        "variance_path",
        LAYERS,
        "The path through the variance is missing",
        "dx lacks the gradient through the variance. Your graph uses the centred numbers twice: add the two gradients.",
        (_BN_THROUGH_VARIANCE, ""),
    ),
    mistake(
        "batchnorm_backward",
        "mean_not_shared",
        LAYERS,
        "The mean's gradient is not divided",
        "The gradient through the mean reaches every x in full. A mean passes one Nth of its gradient to each of its "
        "N terms.",
        (_BN_DX, "dx = dcentred + dmean"),
    ),
    mistake(
        "batchnorm_backward",
        "variance_not_shared",
        LAYERS,
        "The variance's gradient is not divided",
        "The gradient through the variance reaches every x in full. The variance is a mean of N squares, so it passes "
        "one Nth of its gradient to each of them.",
        (_BN_THROUGH_VARIANCE, "    dcentred += 2 * centred * dvariance\n"),
    ),
    mistake(
        "batchnorm_backward",
        "half_missing",
        LAYERS,
        "The square root's derivative lacks a half",
        "The gradient through the variance is twice as large as it should be. Differentiate the square root again.",
        ("dvariance = dstd / (2 * std)", "dvariance = dstd / std"),
    ),
    mistake(
        "batchnorm_backward",
        "variance_sign",
        LAYERS,
        "The variance's gradient has the wrong sign",
        "The gradient through the variance has the wrong sign: a larger standard deviation makes the normalised "
        "numbers smaller.",
        (_BN_DSTD, "dstd = (dnormalised * centred).sum(axis=0) / std**2"),
    ),
    mistake(
        "batchnorm_backward",
        "reciprocal",
        LAYERS,
        "The derivative of 1 / std lacks a power",
        "The gradient of the standard deviation divides by std once. The derivative of a reciprocal has the square in "
        "its denominator.",
        (_BN_DSTD, "dstd = -(dnormalised * centred).sum(axis=0) / std"),
    ),
    mistake(
        "batchnorm_backward",
        "std_missing",
        LAYERS,
        "The division by std is missing",
        "The gradient that reaches the centred numbers directly is not divided by the standard deviation. The forward "
        "pass divides them by it.",
        (_BN_DNORMALISED, "    dnormalised = dout * gamma\n    dcentred = dnormalised.copy()\n"),
    ),
    another_form(
        "batchnorm_backward",
        "std_missing",
        "std_missing_in_dx",
        (_BN_DX, _BN_DX + " + dnormalised - dnormalised / std"),
    ),
    mistake(
        "batchnorm_backward",
        "gamma_missing",
        LAYERS,
        "gamma is missing in dx",
        "dx is computed from dout without gamma. On its way back, the gradient first passes the multiplication by "
        "gamma.",
        (_BN_DNORMALISED, "    dnormalised = dout\n    dcentred = dnormalised / std\n"),
    ),
    mistake(
        "batchnorm_backward",
        "dbeta_mean",
        LAYERS,
        "Means where sums belong",
        "dgamma and dbeta are averaged over the batch. They must be sums: dout already contains the factor 1 / N of "
        "the loss.",
        (
            _BN_BACK + _BN_DGAMMA,
            "    normalised, centred, std, gamma = cache\n    dbeta = dout.mean(axis=0)\n"
            "    dgamma = (dout * normalised).mean(axis=0)\n",
        ),
    ),
    mistake(
        "batchnorm_backward",
        "dgamma_of_centred",
        LAYERS,
        "dgamma from the wrong factor",
        "dgamma uses the centred x. gamma multiplies the normalised x: divide by the standard deviation too.",
        (_BN_BACK + _BN_DGAMMA, _BN_BACK + "    dgamma = (dout * centred).sum(axis=0)\n"),
    ),
    mistake(
        "batchnorm_backward",
        "dgamma_of_x",
        LAYERS,
        "dgamma uses x itself",
        "dgamma uses the layer's input. gamma multiplies the normalised x: use that, and keep it in the cache.",
        (_BN_OUT, _BN_OUT.replace("std, gamma)", "std, gamma, x)")),
        (_BN_BACK + _BN_DGAMMA, _BN_BACK.replace("gamma =", "gamma, x =") + "    dgamma = (dout * x).sum(axis=0)\n"),
        (_ALT_CACHE, _ALT_CACHE.replace("gamma =", "gamma, _ =")),
    ),
    mistake(
        "batchnorm_backward",
        "two_axes",
        LAYERS,
        "dgamma and dbeta have two axes",
        "dgamma and dbeta have shape (1, D). They must have the shape of gamma and beta, which have one axis: "
        "keepdims=True leaves the other one.",
        (
            _BN_BACK + _BN_DGAMMA,
            "    normalised, centred, std, gamma = cache\n    dbeta = dout.sum(axis=0, keepdims=True)\n"
            "    dgamma = (dout * normalised).sum(axis=0, keepdims=True)\n",
        ),
    ),
    mistake(
        "batchnorm_backward",
        "not_summed",
        LAYERS,
        "dgamma and dbeta are not summed",
        "dgamma and dbeta have the shape of x. gamma and beta act on every example of the batch, so their gradients are "
        "sums over the examples.",
        (
            _BN_BACK + _BN_DGAMMA,
            "    normalised, centred, std, gamma = cache\n    dbeta = dout.copy()\n    dgamma = dout * normalised\n",
        ),
    ),
    mistake(
        "batchnorm_backward",
        "wrong_axis",
        LAYERS,
        "dgamma and dbeta over the wrong axis",
        "dgamma and dbeta have one number for each example. They need one for each feature: sum over the examples.",
        (
            _BN_BACK + _BN_DGAMMA,
            "    normalised, centred, std, gamma = cache\n    dbeta = dout.sum(axis=1)\n"
            "    dgamma = (dout * normalised).sum(axis=1)\n",
        ),
    ),
    mistake(
        "batchnorm_backward_alt",
        "no_mean_term",
        LAYERS,
        "The mean's term is missing",
        "dx lacks the term of the batch's mean. This term subtracts the average of the incoming gradient.",
        (_ALT_DX, "dx = gamma / std * (dout - normalised * (dgamma / n))"),
    ),
    mistake(
        "batchnorm_backward_alt",
        "no_variance_term",
        LAYERS,
        "The variance's term is missing",
        "dx lacks the term of the batch's variance. This term is a multiple of the normalised x.",
        (_ALT_DX, "dx = gamma / std * (dout - dbeta / n)"),
    ),
    mistake(
        "batchnorm_backward_alt",
        "sums_for_means",
        LAYERS,
        "Sums where means belong",
        "The terms of the mean and of the variance are N times too large. In dx they are averages over the batch.",
        (_ALT_DX, "dx = gamma / std * (dout - dbeta - normalised * dgamma)"),
    ),
    mistake(
        "batchnorm_backward_alt",
        "gamma_missing",
        LAYERS,
        "gamma is missing in dx",
        "Your expression for dx does not contain gamma. On its way back, the gradient passes the multiplication by "
        "gamma.",
        (_ALT_DX, "dx = 1 / std * (dout - dbeta / n - normalised * (dgamma / n))"),
    ),
    mistake(
        "batchnorm_backward_alt",
        "variance_for_std",
        LAYERS,
        "Divided by the variance",
        "dx is divided by the variance. After simplification, only one division by the standard deviation remains in "
        "front.",
        (_ALT_DX, "dx = gamma / std**2 * (dout - dbeta / n - normalised * (dgamma / n))"),
    ),
    mistake(
        "batchnorm_backward_alt",
        "over_n",
        LAYERS,
        "dx is divided by N once too often",
        "All of dx is N times too small. If there is a 1 / N in front, the incoming gradient in the bracket needs a "
        "factor N.",
        (_ALT_DX, "dx = gamma / std / n * (dout - dbeta / n - normalised * (dgamma / n))"),
    ),
    mistake(
        "batchnorm_backward_alt",
        "signs",
        LAYERS,
        "The variance's term has the wrong sign",
        "The term of the variance is added. Both corrections, the mean's and the variance's, are subtracted.",
        (_ALT_DX, "dx = gamma / std * (dout - dbeta / n + normalised * (dgamma / n))"),
    ),
    mistake(
        "batchnorm_backward_alt",
        "dgamma_of_centred",
        LAYERS,
        "dgamma from the wrong factor",
        "dgamma uses the centred x. gamma multiplies the normalised x: divide by the standard deviation too.",
        (_ALT_CACHE, "    normalised, centred, std, gamma = cache\n"),
        (_ALT_DX, _ALT_DX + "\n    dgamma = (dout * centred).sum(axis=0)"),
    ),
    mistake(
        "batchnorm_backward_alt",
        "two_axes",
        LAYERS,
        "dgamma and dbeta have two axes",
        "dgamma and dbeta have shape (1, D). They must have the shape of gamma and beta, which have one axis: "
        "keepdims=True leaves the other one.",
        (_ALT_SUMS, _ALT_SUMS.replace("axis=0", "axis=0, keepdims=True")),
    ),
    mistake(
        "batchnorm_backward_alt",
        "mean_for_dgamma",
        LAYERS,
        "Means where sums belong",
        "dgamma and dbeta are averaged over the batch. They must be sums: dout already contains the factor 1 / N of "
        "the loss.",
        (
            _ALT_SUMS,
            "    n = len(dout)\n    dbeta = dout.mean(axis=0)\n    dgamma = (dout * normalised).mean(axis=0)\n",
        ),
        (_ALT_DX, "dx = gamma / std * (dout - dbeta - normalised * dgamma)"),
    ),
    *_in_the_net("fully_connected_net_batchnorm"),
    mistake(
        "fully_connected_net_batchnorm",
        "not_wired",
        NETS,
        "Batch normalisation is not in the net",
        "The net gives the same results as without normalisation, although it has gamma and beta. Call the layer in "
        "loss(), in both passes.",
        (_NET_FORWARD, _NET_FORWARD.replace("self.normalization", "False")),
        (_NET_BACKWARD, _NET_BACKWARD.replace("self.normalization", "False")),
    ),
    mistake(
        "fully_connected_net_batchnorm",
        "one_bn_param",
        NETS,
        "All layers share one bn_param",
        "Every layer uses the same bn_param, so their running averages are mixed. Each layer has its own: look at the "
        "list that the constructor makes.",
        (_NET_SETTINGS, 'params[f"beta{i}"], self.bn_params[0]'),
    ),
    mistake(
        "fully_connected_net_batchnorm",
        "new_bn_param",
        NETS,
        "A new bn_param at every call",
        "loss() makes a new bn_param at every call, always in train mode. The running averages are lost, and test "
        "mode never runs. Use the dictionaries in self.bn_params: loss() sets their mode first.",
        (_NET_SETTINGS, 'params[f"beta{i}"], {"mode": "train"}'),
    ),
    mistake(
        "fully_connected_net_batchnorm",
        "arguments_swapped",
        NETS,
        "gamma and beta are swapped",
        "The layer gets beta as its scale and gamma as its shift. Look at the order of its arguments.",
        (_NET_CALL, "normalise(hidden, beta, gamma, settings)"),
    ),
    mistake(
        "layernorm_forward",
        "over_examples",
        LAYERS,
        "Normalised over the batch",
        "Mean and variance are taken over the examples: that is batch normalisation. Here each example (row) is "
        "normalised over its own features.",
        (_LN_CENTRED, "    centred = x - x.mean(axis=0)\n"),
        (_LN_STD, "std = np.sqrt((centred**2).mean(axis=0) + eps)"),
    ),
    mistake(
        "layernorm_forward",
        "no_keepdims",
        LAYERS,
        "The row's mean is subtracted from a column",
        "The means have shape (N,), and NumPy lines them up with the features. Each example has its own mean and "
        "variance: give them a second axis of length 1 (keepdims).",
        (_LN_CENTRED, "    centred = x - x.mean(axis=1)\n"),
        (_LN_STD, "std = np.sqrt(x.var(axis=1) + eps)"),
    ),
    mistake(
        "layernorm_forward",
        "over_everything",
        LAYERS,
        "One mean for the whole batch",
        "Mean and variance are taken over the whole array. Each example (row) has its own mean and variance: give the "
        "axis.",
        (_LN_CENTRED, "    centred = x - x.mean()\n"),
        (_LN_STD, "std = np.sqrt((centred**2).mean() + eps)"),
    ),
    mistake(
        "layernorm_forward",
        "eps_outside_root",
        LAYERS,
        "eps outside the root",
        "eps is added to the standard deviation. Add it to the variance, before the square root.",
        (_LN_STD, "std = np.sqrt((centred**2).mean(axis=1, keepdims=True)) + eps"),
    ),
    mistake(
        "layernorm_forward",
        "unbiased_variance",
        LAYERS,
        "The unbiased variance",
        "The sum of squares is divided by D - 1. Layer normalisation uses the biased variance: the plain mean of the "
        "squares.",
        (_LN_STD, "std = np.sqrt(x.var(axis=1, ddof=1, keepdims=True) + eps)"),
    ),
    mistake(
        "layernorm_forward",
        "no_root",
        LAYERS,
        "Divided by the variance",
        "The centred numbers are divided by the variance. The square root is missing.",
        (_LN_STD, "std = (centred**2).mean(axis=1, keepdims=True) + eps"),
    ),
    mistake(
        "layernorm_forward",
        "eps_ignored",
        LAYERS,
        "eps is written into the code",
        "eps is a fixed number in the computation. ln_param may hold another value: use the variable eps.",
        (_LN_STD, "std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)"),
    ),
    mistake(
        "layernorm_forward",
        "no_eps",
        LAYERS,
        "eps is not used",
        "The variance's root is taken without eps, so an example whose features do not vary is divided by zero. Add eps "
        "to the variance, under the root.",
        (_LN_STD, "std = np.sqrt((centred**2).mean(axis=1, keepdims=True))"),
    ),
    mistake(
        "layernorm_forward",
        "without_gamma_beta",
        LAYERS,
        "No gamma and beta",
        "The examples are normalised, but gamma and beta are not used. After the normalisation, each feature is "
        "scaled by its gamma and shifted by its beta.",
        (_LN_OUT, "out = normalised"),
    ),
    mistake(
        "layernorm_forward",
        "cancelling_variance",
        LAYERS,
        "Cancellation in the variance",
        "The variance is the mean of the squares minus the square of the mean. For features far from zero, this is a "
        "small and inexact difference of two large numbers: subtract the mean first, then square.",
        (
            _LN_STD,
            "std = np.sqrt((x**2).mean(axis=1, keepdims=True) - x.mean(axis=1, keepdims=True) ** 2 + eps)",
        ),
    ),
    mistake(
        "layernorm_forward",
        "transposed",
        LAYERS,
        "Not transposed back",
        "out is the transpose of the right result: if you transposed x to reuse batch normalisation, transpose the "
        "result back.",
        (_LN_OUT, "out = (normalised * gamma + beta).T"),
    ),
    mistake(
        "layernorm_backward",
        "gamma_afterwards",
        LAYERS,
        "gamma comes too late",
        "You use the simplified expression of batch normalisation, with gamma in front. Here each mean runs over "
        "features with different gammas: multiply by gamma before you take the means.",
        (_LN_SHARE, "share = dout.mean(axis=1, keepdims=True)"),
        (_LN_PULL, "pull = (dout * normalised).mean(axis=1, keepdims=True)"),
        (_LN_DX, "dx = gamma * (dout - share - normalised * pull) / std"),
    ),
    mistake(
        "layernorm_backward",
        "gamma_missing",
        LAYERS,
        "gamma is missing in dx",
        "dx is computed from dout without gamma. On its way back, the gradient first passes the multiplication by "
        "gamma.",
        (_LN_DNORMALISED, "    dnormalised = dout\n    share"),
    ),
    mistake(
        "layernorm_backward",
        "mean_path",
        LAYERS,
        "The path through the mean is missing",
        "dx lacks the gradient through the example's mean. This mean is subtracted from each feature of the example.",
        (_LN_DX, "dx = (dnormalised - normalised * pull) / std"),
    ),
    mistake(
        "layernorm_backward",
        "variance_path",
        LAYERS,
        "The path through the variance is missing",
        "dx lacks the gradient through the example's variance. The root of this variance divides each feature of the "
        "example.",
        (_LN_DX, "dx = (dnormalised - share) / std"),
    ),
    mistake(
        "layernorm_backward",
        "over_examples",
        LAYERS,
        "Means over the batch in dx",
        "The two means in dx run over the examples, as in batch normalisation. The forward pass takes its means over "
        "the features of each example: do the same here.",
        (_LN_SHARE, "share = dnormalised.mean(axis=0)"),
        (_LN_PULL, "pull = (dnormalised * normalised).mean(axis=0)"),
    ),
    mistake(
        "layernorm_backward",
        "n_for_d",
        LAYERS,
        "Divided by the wrong number",
        "The sums over the features are divided by the number of examples. Divide them by the number of features.",
        (_LN_SHARE, "share = dnormalised.sum(axis=1, keepdims=True) / len(dout)"),
        (_LN_PULL, "pull = (dnormalised * normalised).sum(axis=1, keepdims=True) / len(dout)"),
    ),
    mistake(
        "layernorm_backward",
        "wrong_axis",
        LAYERS,
        "dgamma and dbeta over the wrong axis",
        "dgamma and dbeta are summed over the features. gamma and beta have one number for each feature, as in batch "
        "normalisation: sum over the examples.",
        (
            _LN_BACK,
            "    normalised, std, gamma = cache\n    dbeta = dout.sum(axis=1)\n"
            "    dgamma = (dout * normalised).sum(axis=1)\n",
        ),
    ),
    mistake(
        "layernorm_backward",
        "two_axes",
        LAYERS,
        "dgamma and dbeta have two axes",
        "dgamma and dbeta have shape (1, D). They must have the shape of gamma and beta, which have one axis: "
        "keepdims=True leaves the other one.",
        (_LN_BACK, _LN_BACK.replace("axis=0", "axis=0, keepdims=True")),
    ),
    mistake(
        "layernorm_backward",
        "means",
        LAYERS,
        "Means where sums belong",
        "dgamma and dbeta are averaged over the examples. They must be sums: dout already contains the factor 1 / N of "
        "the loss.",
        (_LN_BACK, _LN_BACK.replace("sum(", "mean(")),
    ),
    mistake(
        "layernorm_backward",
        "sums_for_means",
        LAYERS,
        "Sums where means belong",
        "The terms of the mean and of the variance are D times too large. In dx they are averages over the features.",
        (_LN_SHARE, "share = dnormalised.sum(axis=1, keepdims=True)"),
        (_LN_PULL, "pull = (dnormalised * normalised).sum(axis=1, keepdims=True)"),
    ),
    *_in_the_net("fully_connected_net_layernorm"),
    mistake(
        "fully_connected_net_layernorm",
        "not_wired",
        NETS,
        "Layer normalisation is not in the net",
        "With normalization='layernorm', the net gives the same results as without normalisation. loss() uses batch "
        "normalisation only: use layer normalisation in the same way, in both passes.",
        (_NET_FORWARD, _NET_FORWARD.replace("normalization:", 'normalization == "batchnorm":')),
        (_NET_BACKWARD, _NET_BACKWARD.replace("normalization:", 'normalization == "batchnorm":')),
    ),
    mistake(
        "fully_connected_net_layernorm",
        "wired_to_batchnorm",
        NETS,
        "Batch instead of layer normalisation",
        "With normalization='layernorm', loss() calls batch normalisation, which asks for a mode. The settings of "
        "layer normalisation have no mode.",
        (_NET_CHOICE, "normalise = batchnorm_forward"),
        (_NET_CHOICE_BACK, "backward = batchnorm_backward"),
    ),
    mistake(
        "fully_connected_net_layernorm",
        "wired_to_batchnorm_with_mode",
        NETS,
        "Batch instead of layer normalisation",
        "With normalization='layernorm', the hidden layers are normalised over the batch. Call layer normalisation.",
        (_NET_CHOICE, "normalise = batchnorm_forward"),
        (_NET_CALL, 'normalise(hidden, gamma, beta, {"mode": "train", **settings})'),
        (_NET_CHOICE_BACK, "backward = batchnorm_backward"),
    ),
    mistake(
        "fully_connected_net_layernorm",
        "backward_of_batchnorm",
        NETS,
        "Batch normalisation's backward pass",
        "The forward pass calls layer normalisation, but the backward pass calls batch normalisation. Use the two "
        "functions of the same layer.",
        (_NET_CHOICE_BACK, "backward = batchnorm_backward"),
    ),
    another_form(
        "fully_connected_net_layernorm",
        "backward_of_batchnorm",
        "backward_of_batchnorm_same_cache",
        (_NET_CHOICE_BACK, _NET_OF_LAYERNORM + "backward = batchnorm_backward"),
    ),
    another_form(
        "fully_connected_net_layernorm",
        "backward_of_batchnorm",
        "backward_of_batchnorm_simplified",
        (
            _NET_CHOICE_BACK,
            _NET_OF_LAYERNORM + "from ..layers import batchnorm_backward_alt as backward",
        ),
    ),
    mistake(
        "fully_connected_net_layernorm",
        "no_parameters",
        NETS,
        "No gamma and beta for layer normalisation",
        "gamma and beta are made for batch normalisation only. Layer normalisation has them too: one number of each "
        "for every hidden unit.",
        (_NET_START, _NET_START.replace("self.normalization", 'self.normalization == "batchnorm"')),
    ),
)

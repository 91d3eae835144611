"""Mistaken programs of part 2."""

from . import Program, program

LAYERS, NETS, UTILS = "layers.py", "classifiers/fc_net.py", "layer_utils.py"

_BATCHNORM_FORWARD = (
    program(
        "batchnorm_forward/eps_outside_root",
        "loops",
        LAYERS,
        ("        inv[d] = 1 / math.sqrt(var + eps)\n", "        inv[d] = 1 / (math.sqrt(var) + eps)\n"),
    ),
    program(
        "batchnorm_forward/eps_outside_root",
        "float32",
        LAYERS,
        ("    inv = np.reciprocal(np.sqrt(var + eps))\n", "    inv = np.reciprocal(np.sqrt(var) + eps)\n"),
    ),
    program(
        "batchnorm_forward/eps_outside_root",
        "matrices",
        LAYERS,
        (
            "        cache = (centre, centred, (var + eps) ** 0.5, gamma)\n",
            "        cache = (centre, centred, var**0.5 + eps, gamma)\n",
        ),
        (
            "    return centred / (var + eps) ** 0.5 @ np.diag(gamma) + beta, cache\n",
            "    return centred / (var**0.5 + eps) @ np.diag(gamma) + beta, cache\n",
        ),
    ),
    program(
        "batchnorm_forward/unbiased_variance",
        "einsum",
        LAYERS,
        (
            '        sigma2 = np.einsum("nd,nd->d", xc, xc) / N\n',
            '        sigma2 = np.einsum("nd,nd->d", xc, xc) / (N - 1)\n',
        ),
    ),
    program(
        "batchnorm_forward/unbiased_variance",
        "graph",
        LAYERS,
        ("    var = 1.0 / n * np.sum(square, axis=0)\n", "    var = 1.0 / (n - 1) * np.sum(square, axis=0)\n"),
    ),
    program(
        "batchnorm_forward/unbiased_variance",
        "columns",
        LAYERS,
        ("columns.mean(1), columns.var(1)\n", "columns.mean(1), columns.var(1, ddof=1)\n"),
    ),
    program(
        "batchnorm_forward/momentum_swapped",
        "in_place",
        LAYERS,
        (
            "        mean *= m\n        mean += (1 - m) * batch_mean\n"
            "        var *= m\n        var += (1 - m) * batch_var\n",
            "        mean *= 1 - m\n        mean += m * batch_mean\n"
            "        var *= 1 - m\n        var += m * batch_var\n",
        ),
    ),
    program(
        "batchnorm_forward/momentum_swapped",
        "strides",
        LAYERS,
        ("running_mean + (1 - momentum) * (mean - running_mean)", "running_mean + momentum * (mean - running_mean)"),
        ("running_var + (1 - momentum) * (var - running_var)", "running_var + momentum * (var - running_var)"),
    ),
    program(
        "batchnorm_forward/momentum_swapped",
        "reuse",
        LAYERS,
        ("    return decay * old + (1 - decay) * new\n", "    return (1 - decay) * old + decay * new\n"),
    ),
    program(
        "batchnorm_forward/running_not_updated",
        "of_2016",
        LAYERS,
        ("        running_mean = momentum * running_mean", "        new_mean = momentum * running_mean"),
        ("        running_var = momentum * running_var", "        new_var = momentum * running_var"),
    ),
    program(
        "batchnorm_forward/running_not_updated",
        "matrices",
        LAYERS,
        ("        running = [momentum * old", "        moved = [momentum * old"),
    ),
    program(
        "batchnorm_forward/running_not_updated",
        "loops",
        LAYERS,
        (
            "            running_mean[d] = momentum * running_mean[d] + (1 - momentum) * mu\n"
            "            running_var[d] = momentum * running_var[d] + (1 - momentum) * var\n",
            "",
        ),
    ),
    program(
        "batchnorm_forward/running_std",
        "classes",
        LAYERS,
        ("zip(running, (layer.mean, layer.var))", "zip(running, (layer.mean, layer.std))"),
    ),
    program(
        "batchnorm_forward/running_std",
        "columns",
        LAYERS,
        ('("running_var", var))', '("running_var", np.sqrt(var + eps)))'),
    ),
    program(
        "batchnorm_forward/updated_in_test",
        "of_2016",
        LAYERS,
        (
            "        out = x * scale + (beta - running_mean * scale)\n",
            "        out = x * scale + (beta - running_mean * scale)\n"
            "        running_mean = momentum * running_mean + (1.0 - momentum) * np.mean(x, 0)\n"
            "        running_var = momentum * running_var + (1.0 - momentum) * np.var(x, 0)\n",
        ),
    ),
    program(
        "batchnorm_forward/updated_in_test",
        "closures",
        LAYERS,
        (
            "        mean, var = (get(k, zeros) for k in old)\n",
            "        mean, var = (get(k, zeros) for k in old)\n"
            "        for k, f in old.items():\n"
            "            bn_param[k] = momentum * get(k, zeros) + (1 - momentum) * f(x, axis=0)\n",
        ),
    ),
    program(
        "batchnorm_forward/updated_in_test",
        "reuse",
        LAYERS,
        (
            "    else:\n"
            "        hat, std, mean, var = standardise(x, eps)\n"
            '        bn_param["running_mean"] = running_average(bn_param["running_mean"], mean, momentum)\n'
            '        bn_param["running_var"] = running_average(bn_param["running_var"], var, momentum)\n',
            "        _, _, mean, var = standardise(x, eps)\n"
            "    else:\n"
            "        hat, std, mean, var = standardise(x, eps)\n"
            '    bn_param["running_mean"] = running_average(bn_param["running_mean"], mean, momentum)\n'
            '    bn_param["running_var"] = running_average(bn_param["running_var"], var, momentum)\n',
        ),
    ),
    program(
        "batchnorm_forward/test_batch_statistics",
        "graph",
        LAYERS,
        ('        shifted = x - bn_param.get("running_mean", 0)\n', "        shifted = x - np.mean(x, axis=0)\n"),
        ('np.sqrt(bn_param.get("running_var", 0) + eps)', "np.sqrt(np.var(x, axis=0) + eps)"),
    ),
    program(
        "batchnorm_forward/test_batch_statistics",
        "keepdims",
        LAYERS,
        (
            '    if mode == "train":\n'
            "        batch_mean, batch_var = np.mean(x, axis=0, keepdims=True), np.var(x, axis=0, keepdims=True)\n",
            "    batch_mean, batch_var = np.mean(x, axis=0, keepdims=True), np.var(x, axis=0, keepdims=True)\n"
            '    if mode == "train":\n',
        ),
        ("        mean, var = batch_mean, batch_var\n    elif", "    elif"),
        (
            "    std = np.sqrt(var + eps)\n    xhat = (x - mean) / std\n",
            "    std = np.sqrt(batch_var + eps)\n    xhat = (x - batch_mean) / std\n",
        ),
    ),
    program(
        "batchnorm_forward/test_batch_statistics",
        "einsum",
        LAYERS,
        (
            "        xc, sigma2 = x - mean, var\n",
            '        xc = x - np.einsum("nd->d", x) / N\n        sigma2 = np.einsum("nd,nd->d", xc, xc) / N\n',
        ),
    ),
    program(
        "batchnorm_forward/test_without_gamma_beta",
        "closures",
        LAYERS,
        (
            "        return gamma * ((x - mean) / np.sqrt(var + eps)) + beta, None\n",
            "        return (x - mean) / np.sqrt(var + eps), None\n",
        ),
    ),
    program(
        "batchnorm_forward/test_without_gamma_beta",
        "of_2016",
        LAYERS,
        (
            "        scale = gamma / np.sqrt(running_var + eps)\n"
            "        out = x * scale + (beta - running_mean * scale)\n",
            "        scale = 1.0 / np.sqrt(running_var + eps)\n        out = x * scale - running_mean * scale\n",
        ),
    ),
    program(
        "batchnorm_forward/test_without_gamma_beta",
        "loops",
        LAYERS,
        (
            "            out[n, d] = gamma[d] * xhat[n, d] + beta[d]\n    return out, {",
            '            out[n, d] = gamma[d] * xhat[n, d] + beta[d] if mode == "train" else xhat[n, d]\n'
            "    return out, {",
        ),
    ),
    program(
        "batchnorm_forward/test_without_root",
        "of_2016",
        LAYERS,
        ("        scale = gamma / np.sqrt(running_var + eps)\n", "        scale = gamma / (running_var + eps)\n"),
    ),
    program(
        "batchnorm_forward/test_without_root",
        "graph",
        LAYERS,
        ('gamma / np.sqrt(bn_param.get("running_var", 0) + eps)', 'gamma / (bn_param.get("running_var", 0) + eps)'),
    ),
    program(
        "batchnorm_forward/test_without_root",
        "classes",
        LAYERS,
        (
            "        out = layer.forward(x, running)\n",
            "        layer.forward(x, running)\n"
            "        out = gamma * (x - running[0]) / (running[1] + layer.eps) + beta\n",
        ),
    ),
    program(
        "batchnorm_forward/no_root",
        "closures",
        LAYERS,
        ("    inv = 1 / np.sqrt(mean(centred * centred) + eps)\n", "    inv = 1 / (mean(centred * centred) + eps)\n"),
    ),
    program(
        "batchnorm_forward/no_root",
        "graph",
        LAYERS,
        (
            "    var = 1.0 / n * np.sum(square, axis=0)\n    root = np.sqrt(var + eps)\n",
            "    var = 1.0 / n * np.sum(square, axis=0)\n    root = var + eps\n",
        ),
    ),
    program(
        "batchnorm_forward/over_everything",
        "float32",
        LAYERS,
        ("        mean, var = x.mean(axis=0), x.var(axis=0)\n", "        mean, var = x.mean(), x.var()\n"),
    ),
    program(
        "batchnorm_forward/over_everything",
        "loops",
        LAYERS,
        (
            "            mu = sum(x[n, d] for n in range(N)) / N\n"
            "            var = sum((x[n, d] - mu) ** 2 for n in range(N)) / N\n",
            "            mu = sum(number for row in x for number in row) / (N * D)\n"
            "            var = sum((number - mu) ** 2 for row in x for number in row) / (N * D)\n",
        ),
    ),
    program(
        "batchnorm_forward/over_features",
        "keepdims",
        LAYERS,
        (
            "np.mean(x, axis=0, keepdims=True), np.var(x, axis=0, keepdims=True)",
            "np.mean(x, axis=1, keepdims=True), np.var(x, axis=1, keepdims=True)",
        ),
    ),
    program(
        "batchnorm_forward/over_features",
        "strides",
        LAYERS,
        ("        mean = np.average(x, axis=0)\n", "        mean = np.average(x, axis=1)[:, None]\n"),
        (
            "        var = np.average(np.square(centred), axis=0)\n",
            "        var = np.average(np.square(centred), axis=1)[:, None]\n",
        ),
    ),
    program(
        "batchnorm_forward/hard_coded",
        "graph",
        LAYERS,
        (
            "    var = 1.0 / n * np.sum(square, axis=0)\n    root = np.sqrt(var + eps)\n",
            "    var = 1.0 / n * np.sum(square, axis=0)\n    root = np.sqrt(var + 1e-5)\n",
        ),
        (
            'momentum * bn_param.get("running_mean", 0) + (1.0 - momentum) * mu',
            '0.9 * bn_param.get("running_mean", 0) + 0.1 * mu',
        ),
        (
            'momentum * bn_param.get("running_var", 0) + (1.0 - momentum) * var',
            '0.9 * bn_param.get("running_var", 0) + 0.1 * var',
        ),
    ),
    program(
        "batchnorm_forward/hard_coded",
        "classes",
        LAYERS,
        (
            '    layer = Normalisation(gamma, beta, 0, bn_param.get("eps", 1e-5))\n'
            '    momentum = bn_param.get("momentum", 0.9)\n',
            "    layer = Normalisation(gamma, beta, 0)\n    momentum = 0.9\n",
        ),
    ),
    program(
        "batchnorm_forward/hard_coded",
        "einsum",
        LAYERS,
        (
            'bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)\n    N, D',
            'bn_param["mode"], 1e-5, 0.9\n    N, D',
        ),
    ),
    program(
        "batchnorm_forward/shift_before_scale",
        "closures",
        LAYERS,
        ("        return gamma * hat + beta, backward\n", "        return gamma * (hat + beta), backward\n"),
    ),
    program(
        "batchnorm_forward/shift_before_scale",
        "graph",
        LAYERS,
        ("    return np.multiply(gamma, xhat) + beta, (", "    return np.multiply(gamma, xhat + beta), ("),
    ),
    program(
        "batchnorm_forward/cancelling_variance",
        "einsum",
        LAYERS,
        (
            '        sigma2 = np.einsum("nd,nd->d", xc, xc) / N\n',
            '        sigma2 = np.einsum("nd,nd->d", x, x) / N - mu**2\n',
        ),
    ),
    program(
        "batchnorm_forward/cancelling_variance",
        "loops",
        LAYERS,
        (
            "            var = sum((x[n, d] - mu) ** 2 for n in range(N)) / N\n",
            "            var = sum(x[n, d] ** 2 for n in range(N)) / N - mu**2\n",
        ),
    ),
    program(
        "batchnorm_forward/cancelling_variance",
        "strides",
        LAYERS,
        (
            "        var = np.average(np.square(centred), axis=0)\n",
            "        var = np.average(np.square(x), axis=0) - np.square(mean)\n",
        ),
    ),
    program(
        "batchnorm_forward/cancelling_variance",
        "reuse",
        LAYERS,
        ("    var = ((x - mean) ** 2).mean(axis=0) if var", "    var = (x * x).mean(axis=0) - mean * mean if var"),
    ),
)

_BATCHNORM_BACKWARD = (
    program(
        "batchnorm_backward/mean_path",
        "classes",
        LAYERS,
        (
            "        return dcentred - np.sum(dcentred, axis=self.over, keepdims=True) / count\n",
            "        return dcentred\n",
        ),
    ),
    program(
        "batchnorm_backward/mean_path",
        "loops",
        LAYERS,
        ("(same - (1 + xhat[i, d] * xhat[j, d]) / N)", "(same - xhat[i, d] * xhat[j, d] / N)"),
    ),
    program(
        "batchnorm_backward/mean_path",
        "matrices",
        LAYERS,
        ("    dx = centre.T @ inner @ np.diag(gamma / std)\n", "    dx = inner @ np.diag(gamma / std)\n"),
    ),
    program(
        "batchnorm_backward/variance_path",
        "einsum",
        LAYERS,
        (
            '    dxc = np.einsum("nd,d->nd", dxhat, inv) + 2 / N * np.einsum("nd,d->nd", xc, dvar)\n',
            '    dxc = np.einsum("nd,d->nd", dxhat, inv)\n',
        ),
    ),
    program(
        "batchnorm_backward/variance_path",
        "reuse",
        LAYERS,
        (
            "    return (dhat - dhat.mean(axis=0) - hat * (dhat * hat).mean(axis=0)) / std\n",
            "    return (dhat - dhat.mean(axis=0)) / std\n",
        ),
    ),
    program(
        "batchnorm_backward/variance_path",
        "float32",
        LAYERS,
        (
            "    return inv * (dxhat + dvar_part + dmean_part), dgamma, dbeta\n",
            "    return inv * (dxhat + dmean_part), dgamma, dbeta\n",
        ),
    ),
    program(
        "batchnorm_backward/mean_not_shared",
        "graph",
        LAYERS,
        ("    return dxmu + ones * dmu / dout.shape[0], np.sum(", "    return dxmu + ones * dmu, np.sum("),
    ),
    program(
        "batchnorm_backward/mean_not_shared",
        "in_place",
        LAYERS,
        (
            "    dout -= dout.mean(0) + xhat * (dout * xhat).mean(0)\n",
            "    dout -= dout.sum(0) + xhat * (dout * xhat).mean(0)\n",
        ),
    ),
    program(
        "batchnorm_backward/mean_not_shared",
        "of_2016",
        LAYERS,
        (
            "    dx = dx_hat / np.sqrt(var + eps) + dvar * 2.0 * (x - mean) / N + dmean / N\n",
            "    dx = dx_hat / np.sqrt(var + eps) + dvar * 2.0 * (x - mean) / N + dmean\n",
        ),
    ),
    program(
        "batchnorm_backward/variance_not_shared",
        "of_2016",
        LAYERS,
        (
            "    dx = dx_hat / np.sqrt(var + eps) + dvar * 2.0 * (x - mean) / N + dmean / N\n",
            "    dx = dx_hat / np.sqrt(var + eps) + dvar * 2.0 * (x - mean) + dmean / N\n",
        ),
    ),
    program(
        "batchnorm_backward/variance_not_shared",
        "columns",
        LAYERS,
        ("xhat * (dxhat * xhat).mean(1)[:, None]\n", "xhat * (dxhat * xhat).sum(1)[:, None]\n"),
    ),
    program(
        "batchnorm_backward/variance_not_shared",
        "keepdims",
        LAYERS,
        (
            "xhat * np.mean(dxhat * xhat, axis=0, keepdims=True)\n",
            "xhat * np.sum(dxhat * xhat, axis=0, keepdims=True)\n",
        ),
    ),
    program(
        "batchnorm_backward/half_missing",
        "graph",
        LAYERS,
        ("    dvar = droot * 0.5 / np.sqrt(var + eps)\n", "    dvar = droot / np.sqrt(var + eps)\n"),
    ),
    program(
        "batchnorm_backward/half_missing",
        "einsum",
        LAYERS,
        ('    dvar = -0.5 * np.einsum("d,d,d,d->d"', '    dvar = -1 * np.einsum("d,d,d,d->d"'),
    ),
    program(
        "batchnorm_backward/half_missing",
        "strides",
        LAYERS,
        (
            "    dcentred = dcentred + centred * (dstd / (n * std))\n",
            "    dcentred = dcentred + 2 * centred * (dstd / (n * std))\n",
        ),
    ),
    program(
        "batchnorm_backward/variance_sign",
        "float32",
        LAYERS,
        ("    dvar_part = -xhat * ", "    dvar_part = xhat * "),
    ),
    program(
        "batchnorm_backward/variance_sign",
        "strides",
        LAYERS,
        ("    dstd = -np.sum(dout * centred * gamma, axis=0)", "    dstd = np.sum(dout * centred * gamma, axis=0)"),
    ),
    program(
        "batchnorm_backward/variance_sign",
        "loops",
        LAYERS,
        ("(same - (1 + xhat[i, d] * xhat[j, d]) / N)", "(same - (1 - xhat[i, d] * xhat[j, d]) / N)"),
    ),
    program(
        "batchnorm_backward/gamma_missing",
        "in_place",
        LAYERS,
        ("    dout *= gamma\n    dout -= dout.mean(0)", "    dout -= dout.mean(0)"),
    ),
    program(
        "batchnorm_backward/gamma_missing",
        "closures",
        LAYERS,
        ("            return back(dout * gamma), ", "            return back(dout), "),
    ),
    program(
        "batchnorm_backward/gamma_missing",
        "matrices",
        LAYERS,
        ("    dx = centre.T @ inner @ np.diag(gamma / std)\n", "    dx = centre.T @ inner @ np.diag(1 / std)\n"),
    ),
    program(
        "batchnorm_backward/dbeta_mean",
        "classes",
        LAYERS,
        (
            "        return np.sum(dout * self.hat, axis=axes), np.sum(dout, axis=axes)\n",
            "        return np.mean(dout * self.hat, axis=axes), np.mean(dout, axis=axes)\n",
        ),
    ),
    program(
        "batchnorm_backward/dbeta_mean",
        "columns",
        LAYERS,
        ("(d * xhat).sum(1), d.sum(1)\n", "(d * xhat).mean(1), d.mean(1)\n"),
    ),
    program(
        "batchnorm_backward/dbeta_mean",
        "matrices",
        LAYERS,
        (
            '    return dx, np.einsum("ij,ij,j->j", dout, centred, 1 / std), np.ones(len(dout)) @ dout\n',
            "    weights = np.full(len(dout), 1 / len(dout))\n"
            "    return dx, weights @ (dout * centred / std), weights @ dout\n",
        ),
    ),
    program(
        "batchnorm_backward/dgamma_of_centred",
        "of_2016",
        LAYERS,
        ('    dgamma = np.sum(dout * cache["x_hat"], axis=0)\n', "    dgamma = np.sum(dout * (x - mean), axis=0)\n"),
    ),
    program(
        "batchnorm_backward/dgamma_of_centred",
        "strides",
        LAYERS,
        (
            "np.sum(dout * centred, axis=0) / std, np.sum(dout, axis=0)\n",
            "np.sum(dout * centred, axis=0), np.sum(dout, axis=0)\n",
        ),
    ),
    program(
        "batchnorm_backward/dgamma_of_centred",
        "einsum",
        LAYERS,
        ('np.einsum("nd,nd,d->d", dout, xc, inv)', 'np.einsum("nd,nd->d", dout, xc)'),
    ),
    program(
        "batchnorm_backward/wrong_axis",
        "columns",
        LAYERS,
        ("(d * xhat).sum(1), d.sum(1)\n", "(d * xhat).sum(0), d.sum(0)\n"),
    ),
    program(
        "batchnorm_backward/wrong_axis",
        "keepdims",
        LAYERS,
        (
            "    dgamma = np.sum(dout * xhat, axis=0, keepdims=True)\n"
            "    dbeta = np.sum(dout, axis=0, keepdims=True)\n"
            "    dxhat = dout * gamma\n"
            "    dx = dxhat - np.mean(dxhat, axis=0, keepdims=True)",
            "    dgamma = np.sum(dout * xhat, axis=1, keepdims=True)\n"
            "    dbeta = np.sum(dout, axis=1, keepdims=True)\n"
            "    dxhat = dout * gamma\n"
            "    dx = dxhat - np.mean(dxhat, axis=0, keepdims=True)",
        ),
    ),
    program(
        "batchnorm_backward/wrong_axis",
        "in_place",
        LAYERS,
        (
            "    dgamma, dbeta = (dout * xhat).sum(0), dout.sum(0)\n",
            "    dgamma, dbeta = (dout * xhat).sum(1), dout.sum(1)\n",
        ),
    ),
)

_BATCHNORM_BACKWARD_ALT = (
    program(
        "batchnorm_backward_alt/no_mean_term",
        "graph",
        LAYERS,
        (
            "    dx = N * dxhat - np.sum(dxhat, axis=0) - xhat * np.sum(dxhat * xhat, axis=0)\n",
            "    dx = N * dxhat - xhat * np.sum(dxhat * xhat, axis=0)\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/no_mean_term",
        "columns",
        LAYERS,
        (
            "    rest = dout.T - np.matmul(basis.transpose(0, 2, 1), parts)[:, :, 0] / N\n",
            "    rest = dout.T - xhat * parts[:, 1] / N\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/no_mean_term",
        "strides",
        LAYERS,
        (
            "    dx = (dout - np.average(dout, axis=0) - centred * (slope * inv2)) * (gamma * np.sqrt(inv2))\n",
            "    dx = (dout - centred * (slope * inv2)) * (gamma * np.sqrt(inv2))\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/no_variance_term",
        "loops",
        LAYERS,
        ("(N * dout[n, d] - dbeta[d] - xhat[n, d] * dgamma[d])\n", "(N * dout[n, d] - dbeta[d])\n"),
    ),
    program(
        "batchnorm_backward_alt/no_variance_term",
        "matrices",
        LAYERS,
        ("    jacobians = (centre - hats @ hats.swapaxes(1, 2) / len(dout)) / std", "    jacobians = centre / std"),
    ),
    program(
        "batchnorm_backward_alt/no_variance_term",
        "of_2016",
        LAYERS,
        (
            "    dx = dx * (N * dout - dbeta - (x - mean) * (var +"
            " eps) ** (-1.0) * np.sum(dout * (x - mean), axis=0))\n",
            "    dx = dx * (N * dout - dbeta)\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/sums_for_means",
        "keepdims",
        LAYERS,
        ("(dout - (dbeta + xhat * dgamma) / dout.shape[0])", "(dout - (dbeta + xhat * dgamma))"),
    ),
    program(
        "batchnorm_backward_alt/sums_for_means",
        "float32",
        LAYERS,
        (
            "    means = both.mean(axis=1)\n    return (dout - means[0] - xhat * means[1]) * (inv * gamma)",
            "    return (dout - dbeta - xhat * dgamma) * (inv * gamma)",
        ),
    ),
    program(
        "batchnorm_backward_alt/sums_for_means",
        "columns",
        LAYERS,
        (
            "    rest = dout.T - np.matmul(basis.transpose(0, 2, 1), parts)[:, :, 0] / N\n",
            "    rest = dout.T - np.matmul(basis.transpose(0, 2, 1), parts)[:, :, 0]\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/gamma_missing",
        "of_2016",
        LAYERS,
        ("    dx = (1.0 / N) * gamma * (var + eps)", "    dx = (1.0 / N) * (var + eps)"),
    ),
    program(
        "batchnorm_backward_alt/gamma_missing",
        "classes",
        LAYERS,
        ("        dhat = dout * self.gamma\n", "        dhat = dout\n"),
    ),
    program(
        "batchnorm_backward_alt/gamma_missing",
        "reuse",
        LAYERS,
        (
            "    return standardise_backward(dout * gamma, hat, std), (dout * hat)",
            "    return standardise_backward(dout, hat, std), (dout * hat)",
        ),
    ),
    program(
        "batchnorm_backward_alt/variance_for_std",
        "keepdims",
        LAYERS,
        ("    return gamma / std * (dout", "    return gamma / std**2 * (dout"),
    ),
    program(
        "batchnorm_backward_alt/variance_for_std",
        "strides",
        LAYERS,
        ("(slope * inv2)) * (gamma * np.sqrt(inv2))\n", "(slope * inv2)) * (gamma * inv2)\n"),
    ),
    program(
        "batchnorm_backward_alt/variance_for_std",
        "of_2016",
        LAYERS,
        (
            "    dx = (1.0 / N) * gamma * (var + eps) ** (-1.0 / 2.0)\n",
            "    dx = (1.0 / N) * gamma * (var + eps) ** (-1.0)\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/over_n",
        "graph",
        LAYERS,
        (
            "    dx = N * dxhat - np.sum(dxhat, axis=0) - xhat * np.sum(dxhat * xhat, axis=0)\n",
            "    dx = dxhat - np.mean(dxhat, axis=0) - xhat * np.mean(dxhat * xhat, axis=0)\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/over_n",
        "loops",
        LAYERS,
        (
            "(N * dout[n, d] - dbeta[d] - xhat[n, d] * dgamma[d])\n",
            "(dout[n, d] - dbeta[d] / N - xhat[n, d] * dgamma[d] / N)\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/over_n",
        "float32",
        LAYERS,
        (
            "    return (dout - means[0] - xhat * means[1]) * (inv * gamma), dgamma, dbeta\n",
            "    return (dout - means[0] - xhat * means[1]) * (inv * gamma) / single(len(dout)), dgamma, dbeta\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/signs",
        "matrices",
        LAYERS,
        ("(centre - hats @ hats.swapaxes(1, 2) / len(dout))", "(centre + hats @ hats.swapaxes(1, 2) / len(dout))"),
    ),
    program(
        "batchnorm_backward_alt/signs",
        "einsum",
        LAYERS,
        (
            '    inner = N * dout - dbeta - np.einsum("nd,d->nd", xhat, dgamma)\n',
            '    inner = N * dout - dbeta + np.einsum("nd,d->nd", xhat, dgamma)\n',
        ),
    ),
    program(
        "batchnorm_backward_alt/signs",
        "keepdims",
        LAYERS,
        ("(dout - (dbeta + xhat * dgamma) / dout.shape[0])", "(dout - (dbeta - xhat * dgamma) / dout.shape[0])"),
    ),
    program(
        "batchnorm_backward_alt/mean_for_dgamma",
        "strides",
        LAYERS,
        (
            "    return dx, len(dout) * slope * np.sqrt(inv2), len(dout) * np.average(dout, axis=0)\n",
            "    return dx, slope * np.sqrt(inv2), np.average(dout, axis=0)\n",
        ),
    ),
    program(
        "batchnorm_backward_alt/mean_for_dgamma",
        "float32",
        LAYERS,
        ("    dbeta, dgamma = both.sum(axis=1)\n", "    dbeta, dgamma = both.mean(axis=1)\n"),
    ),
    program(
        "batchnorm_backward_alt/mean_for_dgamma",
        "keepdims",
        LAYERS,
        (
            "    dgamma = np.sum(dout * xhat, axis=0, keepdims=True)\n"
            "    dbeta = np.sum(dout, axis=0, keepdims=True)\n"
            "    return gamma / std * (dout - (dbeta + xhat * dgamma) / dout.shape[0]), dgamma, dbeta\n",
            "    dgamma = np.mean(dout * xhat, axis=0, keepdims=True)\n"
            "    dbeta = np.mean(dout, axis=0, keepdims=True)\n"
            "    return gamma / std * (dout - (dbeta + xhat * dgamma)), dgamma, dbeta\n",
        ),
    ),
)

_LAYERNORM_FORWARD = (
    program(
        "layernorm_forward/over_examples",
        "classes",
        LAYERS,
        (
            'Normalisation(gamma, beta, 1, ln_param.get("eps", 1e-5))',
            'Normalisation(gamma, beta, 0, ln_param.get("eps", 1e-5))',
        ),
    ),
    program(
        "layernorm_forward/over_examples",
        "of_2016",
        LAYERS,
        (
            "    xT = x.T\n    sample_mean = np.mean(xT, axis=0)\n    sample_var = np.var(xT, axis=0)\n",
            "    sample_mean = np.mean(x, axis=0)\n    sample_var = np.var(x, axis=0)\n",
        ),
        ("((xT - sample_mean) / np.sqrt(sample_var + eps)).T", "(x - sample_mean) / np.sqrt(sample_var + eps)"),
    ),
    program(
        "layernorm_forward/over_examples",
        "reuse",
        LAYERS,
        (
            "    ones, zeros = np.ones(len(x), x.dtype), np.zeros(len(x), x.dtype)\n"
            "    hat, cache = batchnorm_forward(x.T, ones, zeros,",
            "    ones, zeros = np.ones(x.shape[1], x.dtype), np.zeros(x.shape[1], x.dtype)\n"
            "    hat, cache = batchnorm_forward(x, ones, zeros,",
        ),
        (
            "    return hat.T * gamma + beta, (hat.T, gamma, cache)\n",
            "    return hat * gamma + beta, (hat, gamma, cache)\n",
        ),
    ),
    program(
        "layernorm_forward/over_everything",
        "strides",
        LAYERS,
        ("    mean = np.average(x, axis=-1)\n", "    mean = np.average(x)\n"),
        (
            "    var = np.average(np.square(x - mean[..., None]), axis=-1)\n",
            "    var = np.average(np.square(x - mean[..., None]))\n",
        ),
    ),
    program(
        "layernorm_forward/over_everything",
        "float32",
        LAYERS,
        (
            "    x = x - x.mean(axis=1)[:, None]\n    inv = 1 / np.sqrt((x * x).mean(axis=1)[:, None] + ",
            "    x = x - x.mean()\n    inv = 1 / np.sqrt((x * x).mean() + ",
        ),
    ),
    program(
        "layernorm_forward/over_everything",
        "loops",
        LAYERS,
        (
            "        mu = sum(x[n, d] for d in range(D)) / D\n"
            "        var = sum((x[n, d] - mu) ** 2 for d in range(D)) / D\n",
            "        mu = sum(sum(row) for row in x) / (N * D)\n"
            "        var = sum(sum((number - mu) ** 2 for number in row) for row in x) / (N * D)\n",
        ),
    ),
    program(
        "layernorm_forward/eps_outside_root",
        "in_place",
        LAYERS,
        ("        std = np.sqrt(row.var() + eps)\n", "        std = row.std() + eps\n"),
    ),
    program(
        "layernorm_forward/eps_outside_root",
        "graph",
        LAYERS,
        (
            "    var = np.sum(xmu**2, axis=1, keepdims=True) / D\n    root = np.sqrt(var + eps)\n",
            "    var = np.sum(xmu**2, axis=1, keepdims=True) / D\n    root = np.sqrt(var) + eps\n",
        ),
    ),
    program(
        "layernorm_forward/eps_outside_root",
        "loops",
        LAYERS,
        ("        std[n] = (var + eps) ** 0.5\n", "        std[n] = var**0.5 + eps\n"),
    ),
    program(
        "layernorm_forward/unbiased_variance",
        "in_place",
        LAYERS,
        ("        std = np.sqrt(row.var() + eps)\n", "        std = np.sqrt(row.var(ddof=1) + eps)\n"),
    ),
    program(
        "layernorm_forward/unbiased_variance",
        "matrices",
        LAYERS,
        ("    lengths = np.diag(centred @ centred.T) / D\n", "    lengths = np.diag(centred @ centred.T) / (D - 1)\n"),
    ),
    program(
        "layernorm_forward/unbiased_variance",
        "of_2016",
        LAYERS,
        ("    sample_var = np.var(xT, axis=0)\n", "    sample_var = np.var(xT, axis=0, ddof=1)\n"),
    ),
    program(
        "layernorm_forward/no_root",
        "einsum",
        LAYERS,
        ('ln_param.get("eps", 1e-5)) ** -0.5\n    xhat', 'ln_param.get("eps", 1e-5)) ** -1\n    xhat'),
    ),
    program(
        "layernorm_forward/no_root",
        "loops",
        LAYERS,
        ("        std[n] = (var + eps) ** 0.5\n", "        std[n] = var + eps\n"),
    ),
    program(
        "layernorm_forward/no_root",
        "float32",
        LAYERS,
        (
            '    inv = 1 / np.sqrt((x * x).mean(axis=1)[:, None] + single(ln_param.get("eps", 1e-5)))\n',
            '    inv = 1 / ((x * x).mean(axis=1)[:, None] + single(ln_param.get("eps", 1e-5)))\n',
        ),
    ),
    program(
        "layernorm_forward/without_gamma_beta",
        "columns",
        LAYERS,
        ("    return xhat.T * gamma + beta, (xhat.T, gamma, cache)\n", "    return xhat.T, (xhat.T, gamma, cache)\n"),
    ),
    program(
        "layernorm_forward/without_gamma_beta",
        "graph",
        LAYERS,
        ("    scaled = gamma * xhat\n    return scaled + beta, (", "    return xhat, ("),
    ),
    program(
        "layernorm_forward/without_gamma_beta",
        "classes",
        LAYERS,
        (
            "    return layer.forward(x), layer\n\n\ndef layernorm_backward",
            "    layer.forward(x)\n    return layer.hat, layer\n\n\ndef layernorm_backward",
        ),
    ),
    program(
        "layernorm_forward/cancelling_variance",
        "keepdims",
        LAYERS,
        (
            "    mean, var = np.mean(x, axis=1, keepdims=True), np.var(x, axis=1, keepdims=True)\n    std",
            "    mean = np.mean(x, axis=1, keepdims=True)\n"
            "    var = np.mean(x * x, axis=1, keepdims=True) - mean * mean\n"
            "    std",
        ),
    ),
    program(
        "layernorm_forward/cancelling_variance",
        "of_2016",
        LAYERS,
        (
            "    sample_var = np.var(xT, axis=0)\n",
            "    sample_var = np.mean(np.square(xT), axis=0) - np.square(sample_mean)\n",
        ),
    ),
    program(
        "layernorm_forward/cancelling_variance",
        "loops",
        LAYERS,
        (
            "        var = sum((x[n, d] - mu) ** 2 for d in range(D)) / D\n        std[n]",
            "        var = sum(x[n, d] ** 2 for d in range(D)) / D - mu**2\n        std[n]",
        ),
    ),
    program(
        "layernorm_forward/cancelling_variance",
        "einsum",
        LAYERS,
        (
            '    xc = x - (np.einsum("nd->n", x) / D)[:, None]\n    inv = (np.einsum("nd,nd->n", xc, xc) / D + ',
            '    mu = np.einsum("nd->n", x) / D\n    xc = x - mu[:, None]\n'
            '    inv = (np.einsum("nd,nd->n", x, x) / D - mu**2 + ',
        ),
    ),
    program(
        "layernorm_forward/transposed",
        "columns",
        LAYERS,
        (
            "    return xhat.T * gamma + beta, (xhat.T, gamma, cache)\n",
            "    return gamma[:, None] * xhat + beta[:, None], (xhat.T, gamma, cache)\n",
        ),
    ),
    program(
        "layernorm_forward/transposed",
        "of_2016",
        LAYERS,
        ("    return gamma * x_hat + beta, ((x, sample_mean", "    return (gamma * x_hat + beta).T, ((x, sample_mean"),
    ),
    program(
        "layernorm_forward/transposed",
        "matrices",
        LAYERS,
        (
            "    return xhat @ np.diag(gamma) + beta, (centre, xhat, lengths",
            "    return np.diag(gamma) @ xhat.T + beta[:, None], (centre, xhat, lengths",
        ),
    ),
)

_LAYERNORM_BACKWARD = (
    program(
        "layernorm_backward/gamma_afterwards",
        "reuse",
        LAYERS,
        (
            "    dx, _, _ = batchnorm_backward((dout * gamma).T, inner)\n",
            "    dx, _, _ = batchnorm_backward(dout.T, inner)\n",
        ),
        ("    return dx.T, dgamma, dbeta\n", "    return dx.T * gamma, dgamma, dbeta\n"),
    ),
    program(
        "layernorm_backward/gamma_afterwards",
        "closures",
        LAYERS,
        ("lambda dout: (back(dout * gamma), ", "lambda dout: (back(dout) * gamma, "),
    ),
    program(
        "layernorm_backward/gamma_afterwards",
        "strides",
        LAYERS,
        ("    dxhat = np.multiply(dout, gamma)\n    rows = ", "    rows = "),
        ("    shares = np.matmul(rows, dxhat[:, :, None])", "    shares = np.matmul(rows, dout[:, :, None])"),
        ("    dx = (dxhat - np.matmul(", "    dx = gamma * (dout - np.matmul("),
    ),
    program(
        "layernorm_backward/gamma_missing",
        "in_place",
        LAYERS,
        ("        d *= gamma\n        D = d.size\n", "        D = d.size\n"),
    ),
    program(
        "layernorm_backward/gamma_missing",
        "matrices",
        LAYERS,
        ("zip(dout @ np.diag(gamma), xhat, var)", "zip(dout, xhat, var)"),
    ),
    program(
        "layernorm_backward/gamma_missing",
        "graph",
        LAYERS,
        ("np.sum(dscaled * xhat, axis=0), dscaled * gamma\n", "np.sum(dscaled * xhat, axis=0), dscaled\n"),
    ),
    program(
        "layernorm_backward/mean_path",
        "loops",
        LAYERS,
        (
            "(dout[n, d] * gamma[d] - plain / D - xhat[n, d] * leaning / D)",
            "(dout[n, d] * gamma[d] - xhat[n, d] * leaning / D)",
        ),
    ),
    program(
        "layernorm_backward/mean_path",
        "strides",
        LAYERS,
        (
            "    rows = np.stack([np.ones_like(xhat), xhat], axis=1)  # (N, 2, D)\n",
            "    rows = xhat[:, None, :]  # (N, 1, D)\n",
        ),
    ),
    program(
        "layernorm_backward/mean_path",
        "graph",
        LAYERS,
        (
            "    dmu = -np.sum(dxmu, axis=1, keepdims=True)\n    dx = dxmu + np.repeat(dmu, D, axis=1) / D\n",
            "    dx = dxmu\n",
        ),
    ),
    program(
        "layernorm_backward/variance_path",
        "einsum",
        LAYERS,
        (
            'D * d - np.einsum("nd->n", d)[:, None] - along, inv / D)',
            'D * d - np.einsum("nd->n", d)[:, None], inv / D)',
        ),
    ),
    program(
        "layernorm_backward/variance_path",
        "in_place",
        LAYERS,
        (
            "        d[:] = (D * d - d.sum() - xhat * d.dot(xhat)) / (D * std)\n",
            "        d[:] = (D * d - d.sum()) / (D * std)\n",
        ),
    ),
    program(
        "layernorm_backward/variance_path",
        "float32",
        LAYERS,
        ("    d = d - xhat * (d * xhat).mean(axis=1)[:, None]\n    return d * inv", "    return d * inv"),
    ),
    program(
        "layernorm_backward/over_examples",
        "keepdims",
        LAYERS,
        (
            "np.mean(dxhat, axis=1, keepdims=True) - xhat * np.mean(dxhat * xhat, axis=1, keepdims=True)\n",
            "np.mean(dxhat, axis=0, keepdims=True) - xhat * np.mean(dxhat * xhat, axis=0, keepdims=True)\n",
        ),
    ),
    program(
        "layernorm_backward/over_examples",
        "einsum",
        LAYERS,
        ("    D = dout.shape[1]\n", "    N = dout.shape[0]\n"),
        ('np.einsum("nd,nd,ne->ne", d, xhat, xhat)', 'np.einsum("ne,ne,me->me", d, xhat, xhat)'),
        (
            '"ne,n->ne", D * d - np.einsum("nd->n", d)[:, None] - along, inv / D)',
            '"ne,n->ne", N * d - np.einsum("nd->d", d) - along, inv / N)',
        ),
    ),
    program(
        "layernorm_backward/over_examples",
        "reuse",
        LAYERS,
        (
            "    dx, _, _ = batchnorm_backward((dout * gamma).T, inner)\n",
            "    dx = standardise_backward(dout * gamma, hat, inner[1][:, None])\n",
        ),
        ("    return dx.T, dgamma, dbeta\n", "    return dx, dgamma, dbeta\n"),
    ),
    program(
        "layernorm_backward/n_for_d",
        "of_2016",
        LAYERS,
        (
            "    dxT = dx_hat / np.sqrt(var + eps) + dvar * 2.0 * centred / D + dmean / D\n",
            "    dxT = dx_hat / np.sqrt(var + eps) + dvar * 2.0 * centred / N + dmean / N\n",
        ),
        ("    D = x.shape[1]\n    dx_hat = (dout * gamma).T\n", "    N = x.shape[0]\n    dx_hat = (dout * gamma).T\n"),
    ),
    program(
        "layernorm_backward/n_for_d",
        "graph",
        LAYERS,
        (
            "    dsquare = np.repeat(dvar, D, axis=1) / D\n",
            "    dsquare = np.repeat(dvar, D, axis=1) / dout.shape[0]\n",
        ),
        (
            "    dx = dxmu + np.repeat(dmu, D, axis=1) / D\n",
            "    dx = dxmu + np.repeat(dmu, D, axis=1) / dout.shape[0]\n",
        ),
    ),
    program(
        "layernorm_backward/n_for_d",
        "in_place",
        LAYERS,
        ("        d *= gamma\n        D = d.size\n", "        d *= gamma\n        D = len(dout)\n"),
    ),
    program(
        "layernorm_backward/wrong_axis",
        "float32",
        LAYERS,
        (
            "    return d * inv, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)\n",
            "    return d * inv, np.sum(dout * xhat, axis=1), np.sum(dout, axis=1)\n",
        ),
    ),
    program(
        "layernorm_backward/wrong_axis",
        "columns",
        LAYERS,
        (
            "np.sum(xhat * dout, 0, keepdims=True), np.sum(dout, 0, keepdims=True)\n",
            "np.sum(xhat * dout, 1, keepdims=True), np.sum(dout, 1, keepdims=True)\n",
        ),
    ),
    program(
        "layernorm_backward/wrong_axis",
        "matrices",
        LAYERS,
        (
            "    return np.array(dx), np.diag(xhat.T @ dout), np.ones(len(dout)) @ dout\n",
            "    return np.array(dx), np.diag(xhat @ dout.T), dout @ np.ones(dout.shape[1])\n",
        ),
    ),
)

_NET_BATCHNORM = (
    program(
        "fully_connected_net_batchnorm/gammas_regularised",
        "graph",
        NETS,
        ('        if "W" in name:\n', '        if name.rstrip("0123456789") != "b":\n'),
    ),
    program(
        "fully_connected_net_batchnorm/gammas_regularised",
        "in_place",
        NETS,
        (
            '        for name, value in grads.items():\n            if name[0] == "W":\n',
            '        for name, value in grads.items():\n            if not name[1:].isdigit() or name[0] == "W":\n',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/after_the_relu",
        "closures",
        NETS,
        (
            "            if self.normalization:\n"
            '                yield norm(i), (f"gamma{i}", f"beta{i}")\n'
            "            yield relu_forward, ()\n",
            "            yield relu_forward, ()\n"
            "            if self.normalization:\n"
            '                yield norm(i), (f"gamma{i}", f"beta{i}")\n',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/after_the_relu",
        "reuse",
        UTILS,
        (
            "    out, norm_cache = norm(out, gamma, beta, param)\n    out, mask = relu_forward(out)\n",
            "    out, mask = relu_forward(out)\n    out, norm_cache = norm(out, gamma, beta, param)\n",
        ),
        (
            "    dout, dgamma, dbeta = norm_backward(relu_backward(dout, mask), norm_cache)\n"
            "    return *affine_backward(dout, inner), dgamma, dbeta\n",
            "    dout, dgamma, dbeta = norm_backward(dout, norm_cache)\n"
            "    return *affine_backward(relu_backward(dout, mask), inner), dgamma, dbeta\n",
        ),
    ),
    program(
        "fully_connected_net_batchnorm/gamma_zero",
        "einsum",
        NETS,
        ("np.ones(h, dtype), np.zeros(h, dtype)", "np.zeros(h, dtype), np.zeros(h, dtype)"),
    ),
    program(
        "fully_connected_net_batchnorm/gamma_zero",
        "strides",
        NETS,
        ('{"gamma%d" % i: np.ones(dim)', '{"gamma%d" % i: np.zeros(dim)'),
    ),
    program(
        "fully_connected_net_batchnorm/gamma_like_a_weight",
        "reuse",
        NETS,
        (
            "start.update(gamma=np.ones(units), beta=np.zeros(units))",
            "start.update(gamma=weight_scale * np.random.randn(units), beta=np.zeros(units))",
        ),
    ),
    program(
        "fully_connected_net_batchnorm/gamma_like_a_weight",
        "of_2016",
        NETS,
        (
            'self.params["gamma" + str(l)] = np.ones(dims[l])',
            'self.params["gamma" + str(l)] = np.random.randn(dims[l]) * weight_scale',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/gamma_like_a_weight",
        "classes",
        NETS,
        (
            'self.params["gamma%d" % i] = np.ones(units, dtype=dtype)',
            'self.params["gamma%d" % i] = np.random.normal(scale=weight_scale, size=units).astype(dtype)',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/last_layer_too",
        "graph",
        NETS,
        ("enumerate(hidden_dims if normalization else ())", "enumerate(outputs if normalization else ())"),
    ),
    program(
        "fully_connected_net_batchnorm/last_layer_too",
        "keepdims",
        NETS,
        (
            "            if normalization is not None and i + 1 < self.num_layers:\n",
            "            if normalization is not None:\n",
        ),
    ),
    program(
        "fully_connected_net_batchnorm/gradients_not_kept",
        "reuse",
        NETS,
        ('zip(("W", "b", "gamma", "beta"), gradients)', 'zip(("W", "b"), gradients)'),
    ),
    program(
        "fully_connected_net_batchnorm/gradients_not_kept",
        "classes",
        NETS,
        (
            "        for i, layer in enumerate([layer for layer in"
            " layers if isinstance(layer, Normalised)], start=1):\n"
            '            grads["gamma%d" % i], grads["beta%d" % i] = layer.dgamma, layer.dbeta\n',
            "",
        ),
    ),
    program(
        "fully_connected_net_batchnorm/gradients_swapped",
        "strides",
        NETS,
        (
            'grads["gamma%d" % i], grads["beta%d" % i] = L.batchnorm_backward_alt(d, c2)',
            'grads["beta%d" % i], grads["gamma%d" % i] = L.batchnorm_backward_alt(d, c2)',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/gradients_swapped",
        "closures",
        NETS,
        ('yield norm(i), (f"gamma{i}", f"beta{i}")', 'yield norm(i), (f"beta{i}", f"gamma{i}")'),
    ),
    program(
        "fully_connected_net_batchnorm/backward_bypassed",
        "matrices",
        NETS,
        (
            'D, grads[f"gamma{i - 1}"], grads[f"beta{i - 1}"] = backward(D, norm)',
            '_, grads[f"gamma{i - 1}"], grads[f"beta{i - 1}"] = backward(D, norm)',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/backward_bypassed",
        "classes",
        NETS,
        (
            "        dx, self.dgamma, self.dbeta = self.backward_function(dout, self.cache)\n        return dx\n",
            "        dx, self.dgamma, self.dbeta = self.backward_function(dout, self.cache)\n        return dout\n",
        ),
    ),
    program(
        "fully_connected_net_batchnorm/not_wired",
        "loops",
        NETS,
        (
            '            if self.normalization == "batchnorm":\n'
            "                out, norm_caches[i] = batchnorm_forward(out,"
            ' p[f"gamma{i}"], p[f"beta{i}"], self.bn_params[i - 1])\n',
            "",
        ),
        (
            '            if self.normalization == "batchnorm":\n'
            '                dout, grads[f"gamma{i}"], grads[f"beta{i}"] = batchnorm_backward(dout, norm_caches[i])\n',
            "",
        ),
    ),
    program(
        "fully_connected_net_batchnorm/not_wired",
        "float32",
        NETS,
        (
            "            if self.normalization:\n"
            '                step["hat"], step["std"] = self._normalise(i, x, train)\n'
            '                x = params[f"gamma{i}"] * step["hat"] + params[f"beta{i}"]\n',
            "",
        ),
    ),
    program(
        "fully_connected_net_batchnorm/not_wired",
        "closures",
        NETS,
        ('            if self.normalization:\n                yield norm(i), (f"gamma{i}", f"beta{i}")\n', ""),
    ),
    program(
        "fully_connected_net_batchnorm/one_bn_param",
        "columns",
        NETS,
        ('self.params[f"beta{i}"], self.bn_params[i - 1])', 'self.params[f"beta{i}"], self.bn_params[0])'),
    ),
    program(
        "fully_connected_net_batchnorm/one_bn_param",
        "in_place",
        NETS,
        ("forward(out, gamma, beta, self.bn_params[i - 1])", "forward(out, gamma, beta, self.bn_params[0])"),
    ),
    program(
        "fully_connected_net_batchnorm/one_bn_param",
        "keepdims",
        NETS,
        ('[{"mode": "train"} for i in range(self.num_layers - 1)]', '[{"mode": "train"}] * (self.num_layers - 1)'),
    ),
    program(
        "fully_connected_net_batchnorm/new_bn_param",
        "graph",
        NETS,
        (
            "batchnorm_forward(out, p[gamma], p[beta], self.bn_params[i - 1])",
            'batchnorm_forward(out, p[gamma], p[beta], {"mode": "train"})',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/new_bn_param",
        "matrices",
        NETS,
        (
            '                self.bn_params[i - 1]["mode"] = "train" if train else "test"\n'
            '                A, norm = batchnorm_forward(A, p[f"gamma{i}"], p[f"beta{i}"], self.bn_params[i - 1])\n',
            '                bn_param = {"mode": "train"}\n'
            '                A, norm = batchnorm_forward(A, p[f"gamma{i}"], p[f"beta{i}"], bn_param)\n',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/new_bn_param",
        "of_2016",
        NETS,
        (
            "a, bn = batchnorm_forward(a, gamma, beta, self.bn_params[l - 1])",
            'a, bn = batchnorm_forward(a, gamma, beta, {"mode": "train"})',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/arguments_swapped",
        "reuse",
        NETS,
        ('args = self.get(i, "W", "b", "gamma", "beta")', 'args = self.get(i, "W", "b", "beta", "gamma")'),
    ),
    program(
        "fully_connected_net_batchnorm/arguments_swapped",
        "columns",
        NETS,
        (
            'args = (self.params[f"gamma{i}"], self.params[f"beta{i}"], ',
            'args = (self.params[f"beta{i}"], self.params[f"gamma{i}"], ',
        ),
    ),
    program(
        "fully_connected_net_batchnorm/arguments_swapped",
        "keepdims",
        NETS,
        ("batchnorm_forward(out, gamma, beta, ", "batchnorm_forward(out, beta, gamma, "),
    ),
)

_NET_LAYERNORM = (
    program(
        "fully_connected_net_layernorm/gammas_regularised",
        "closures",
        NETS,
        ('if name.startswith("W")', 'if name.startswith(("W", "gamma", "beta"))'),
    ),
    program(
        "fully_connected_net_layernorm/gammas_regularised",
        "columns",
        NETS,
        (
            '        weights = np.concatenate([self.params[f"W{i}"].ravel() for i in range(1, last + 1)])\n',
            "        weights = np.concatenate([v.ravel() for k, v in"
            ' self.params.items() if k[0] != "b" or k[1] == "e"])\n',
        ),
        (
            '                grads[f"gamma{i}"], grads[f"beta{i}"] = dgamma.ravel(), dbeta.ravel()\n',
            '                grads[f"gamma{i}"] = dgamma.ravel() + self.reg * self.params[f"gamma{i}"]\n'
            '                grads[f"beta{i}"] = dbeta.ravel() + self.reg * self.params[f"beta{i}"]\n',
        ),
    ),
    program(
        "fully_connected_net_layernorm/after_the_relu",
        "classes",
        NETS,
        (
            "            if self.normalization:\n"
            '                self.bn_params[i - 1]["mode"] = mode\n'
            "                yield Normalised(self.normalization,"
            ' p["gamma%d" % i], p["beta%d" % i], self.bn_params[i - 1])\n'
            "            yield ReLU()\n",
            "            yield ReLU()\n"
            "            if self.normalization:\n"
            '                self.bn_params[i - 1]["mode"] = mode\n'
            "                yield Normalised(self.normalization,"
            ' p["gamma%d" % i], p["beta%d" % i], self.bn_params[i - 1])\n',
        ),
    ),
    program(
        "fully_connected_net_layernorm/after_the_relu",
        "of_2016",
        NETS,
        (
            "                a, ln = layernorm_forward(a, gamma, beta, self.bn_params[l - 1])\n"
            "                a, relu = relu_forward(a)\n",
            "                a, relu = relu_forward(a)\n"
            "                a, ln = layernorm_forward(a, gamma, beta, self.bn_params[l - 1])\n",
        ),
        (
            "                da, dgamma, dbeta = layernorm_backward(relu_backward(da, relu), ln)\n",
            "                da, dgamma, dbeta = layernorm_backward(da, ln)\n"
            "                da = relu_backward(da, relu)\n",
        ),
    ),
    program(
        "fully_connected_net_layernorm/gamma_zero",
        "keepdims",
        NETS,
        ('["gamma" + str(i + 1)] = np.ones(', '["gamma" + str(i + 1)] = np.zeros('),
    ),
    program(
        "fully_connected_net_layernorm/gamma_zero",
        "closures",
        NETS,
        ('f"gamma{i}": np.ones(following[0])', 'f"gamma{i}": np.zeros(following[0])'),
    ),
    program(
        "fully_connected_net_layernorm/gamma_like_a_weight",
        "float32",
        NETS,
        (
            'self.params[f"gamma{i}"] = np.ones(below, dtype=dtype)',
            'self.params[f"gamma{i}"] = (np.random.standard_normal(below) * weight_scale).astype(dtype)',
        ),
    ),
    program(
        "fully_connected_net_layernorm/gamma_like_a_weight",
        "einsum",
        NETS,
        (
            '                self.params[f"gamma{i}"], self.params[f"beta{i}"]'
            " = np.ones(h, dtype), np.zeros(h, dtype)\n",
            '                self.params[f"gamma{i}"] = (weight_scale * np.random.randn(h)).astype(dtype)\n'
            '                self.params[f"beta{i}"] = np.zeros(h, dtype)\n',
        ),
    ),
    program(
        "fully_connected_net_layernorm/gamma_like_a_weight",
        "matrices",
        NETS,
        (
            'self.params[f"beta{i}"] = np.ones(units), np.zeros(units)',
            'self.params[f"beta{i}"] = np.random.normal(0, weight_scale, units), np.zeros(units)',
        ),
    ),
    program(
        "fully_connected_net_layernorm/last_layer_too",
        "strides",
        NETS,
        ("np.ones(dim) for i, dim in enumerate(hidden_dims, 1)}", "np.ones(dim) for i, dim in enumerate(dims[1:], 1)}"),
        (
            'values |= {"beta%d" % i: np.zeros(dim) for i, dim in enumerate(hidden_dims, 1)}',
            'values |= {"beta%d" % i: np.zeros(dim) for i, dim in enumerate(dims[1:], 1)}',
        ),
    ),
    program(
        "fully_connected_net_layernorm/last_layer_too",
        "matrices",
        NETS,
        (
            "            if normalization is not None and i <= len(hidden_dims):\n",
            "            if normalization is not None:\n",
        ),
    ),
    program(
        "fully_connected_net_layernorm/gradients_not_kept",
        "matrices",
        NETS,
        (
            '                    D, grads[f"gamma{i - 1}"], grads[f"beta{i - 1}"] = backward(D, norm)\n',
            "                    D = backward(D, norm)[0]\n",
        ),
    ),
    program(
        "fully_connected_net_layernorm/gradients_not_kept",
        "float32",
        NETS,
        ('                grads[f"gamma{i}"], grads[f"beta{i}"] = dgamma, dbeta\n', ""),
    ),
    program(
        "fully_connected_net_layernorm/gradients_swapped",
        "columns",
        NETS,
        (
            "                d, dgamma, dbeta = norm(d, norm_cache)\n",
            "                d, dbeta, dgamma = norm(d, norm_cache)\n",
        ),
    ),
    program(
        "fully_connected_net_layernorm/gradients_swapped",
        "of_2016",
        NETS,
        (
            "                da, dgamma, dbeta = layernorm_backward(relu_backward(da, relu), ln)\n",
            "                da, dbeta, dgamma = layernorm_backward(relu_backward(da, relu), ln)\n",
        ),
    ),
    program(
        "fully_connected_net_layernorm/backward_bypassed",
        "loops",
        NETS,
        (
            'dout, grads[f"gamma{i}"], grads[f"beta{i}"] = layernorm_backward(dout, norm_caches[i])',
            '_, grads[f"gamma{i}"], grads[f"beta{i}"] = layernorm_backward(dout, norm_caches[i])',
        ),
    ),
    program(
        "fully_connected_net_layernorm/backward_bypassed",
        "einsum",
        NETS,
        ('                d = self._normalise_backward(np.einsum("hn,h->hn", d, p[f"gamma{i}"]), *norm)\n', ""),
    ),
    program(
        "fully_connected_net_layernorm/not_wired",
        "of_2016",
        NETS,
        (
            '            elif self.normalization == "layernorm":\n'
            '                gamma, beta = self.params["gamma" + str(l)], self.params["beta" + str(l)]\n'
            "                a, fc = affine_forward(a, W, b)\n"
            "                a, ln = layernorm_forward(a, gamma, beta, self.bn_params[l - 1])\n"
            "                a, relu = relu_forward(a)\n"
            "                cache = (fc, ln, relu)\n",
            "",
        ),
        (
            '            elif self.normalization == "layernorm":\n'
            "                fc, ln, relu = cache\n"
            "                da, dgamma, dbeta = layernorm_backward(relu_backward(da, relu), ln)\n"
            '                grads["gamma" + str(l)], grads["beta" + str(l)] = dgamma, dbeta\n',
            "",
        ),
    ),
    program(
        "fully_connected_net_layernorm/not_wired",
        "graph",
        NETS,
        (
            '            elif self.normalization == "layernorm":\n'
            "                result = layernorm_forward(out, p[gamma], p[beta], self.bn_params[i - 1])\n"
            "                out = tape.write(result, layernorm_backward, gamma, beta)\n",
            "",
        ),
    ),
    program(
        "fully_connected_net_layernorm/wired_to_batchnorm",
        "loops",
        NETS,
        ("= layernorm_forward(out, ", "= batchnorm_forward(out, "),
        ("= layernorm_backward(dout, ", "= batchnorm_backward(dout, "),
    ),
    program(
        "fully_connected_net_layernorm/wired_to_batchnorm",
        "in_place",
        NETS,
        (
            '                forward = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward\n'
            '                gamma, beta = self.params["gamma%d" % i], self.params["beta%d" % i]\n'
            "                out, cache = forward(out",
            '                gamma, beta = self.params["gamma%d" % i], self.params["beta%d" % i]\n'
            "                out, cache = batchnorm_forward(out",
        ),
        (
            'backward = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward',
            "backward = batchnorm_backward",
        ),
    ),
    program(
        "fully_connected_net_layernorm/wired_to_batchnorm_with_mode",
        "strides",
        NETS,
        (
            'h, c2 = L.layernorm_forward(h, p["gamma%d" % i], p["beta%d" % i], {})',
            'h, c2 = L.batchnorm_forward(h, p["gamma%d" % i], p["beta%d" % i], {"mode": "train"})',
        ),
        ("= L.layernorm_backward(d, c2)", "= L.batchnorm_backward_alt(d, c2)"),
    ),
    program(
        "fully_connected_net_layernorm/wired_to_batchnorm_with_mode",
        "float32",
        NETS,
        (
            "            mean, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)\n",
            "            mean, var = x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)\n",
        ),
        ('                axis = 0 if self.normalization == "batchnorm" else 1\n', "                axis = 0\n"),
    ),
    program(
        "fully_connected_net_layernorm/wired_to_batchnorm_with_mode",
        "einsum",
        NETS,
        (
            '    "layernorm": ("gn,gh->hn", "hn,hn->n", "hn,n->hn"),\n',
            '    "layernorm": ("hm,mn->hn", "hn,hn->h", "hn,h->hn"),\n',
        ),
        (
            '        return a.shape[1] if self.normalization == "batchnorm" else a.shape[0]\n',
            "        return a.shape[1]\n",
        ),
    ),
    program(
        "fully_connected_net_layernorm/backward_of_batchnorm",
        "graph",
        NETS,
        ("tape.write(result, layernorm_backward, gamma, beta)", "tape.write(result, batchnorm_backward, gamma, beta)"),
    ),
    program(
        "fully_connected_net_layernorm/backward_of_batchnorm",
        "keepdims",
        NETS,
        (
            '                backward = {"batchnorm": batchnorm_backward_alt,'
            ' "layernorm": layernorm_backward}[self.normalization]\n'
            '                dout, grads["gamma" + str(i)], grads["beta" + str(i)] = backward(dout, layer["norm"])\n',
            '                dout, dgamma, dbeta = batchnorm_backward_alt(dout, layer["norm"])\n'
            '                grads["gamma" + str(i)], grads["beta" + str(i)] = dgamma, dbeta\n',
        ),
    ),
    program(
        "fully_connected_net_layernorm/backward_of_batchnorm",
        "reuse",
        NETS,
        (
            '    "layernorm": (layernorm_forward, layernorm_backward),\n',
            '    "layernorm": (layernorm_forward, batchnorm_backward),\n',
        ),
    ),
    program(
        "fully_connected_net_layernorm/no_parameters",
        "einsum",
        NETS,
        (
            "        if normalization:\n            for i, h in enumerate(hidden_dims, 1):\n",
            '        if normalization == "batchnorm":\n            for i, h in enumerate(hidden_dims, 1):\n',
        ),
    ),
    program(
        "fully_connected_net_layernorm/no_parameters",
        "of_2016",
        NETS,
        ("        if self.normalization != None:\n", "        if self.use_batchnorm:\n"),
    ),
)

PROGRAMS: tuple[Program, ...] = (
    *_BATCHNORM_FORWARD,
    *_BATCHNORM_BACKWARD,
    *_BATCHNORM_BACKWARD_ALT,
    *_LAYERNORM_FORWARD,
    *_LAYERNORM_BACKWARD,
    *_NET_BATCHNORM,
    *_NET_LAYERNORM,
)

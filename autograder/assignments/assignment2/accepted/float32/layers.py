"""Layers that begin by turning everything into float32."""

import numpy as np

single = np.float32


def affine_forward(x, w, b):
    x, w, b = single(x), single(w), single(b)
    return x.reshape(x.shape[0], -1) @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dout = single(dout)
    return (dout @ w.T).reshape(x.shape), x.reshape(x.shape[0], -1).T @ dout, dout.sum(axis=0)


def relu_forward(x):
    out = np.clip(single(x), 0, None)
    return out, out > 0


def relu_backward(dout, cache):
    return single(dout) * cache


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], single(bn_param.get("eps", 1e-5)), single(bn_param.get("momentum", 0.9))
    x, gamma, beta = single(x), single(gamma), single(beta)
    running_mean = single(bn_param.get("running_mean", np.zeros(x.shape[1])))
    running_var = single(bn_param.get("running_var", np.zeros(x.shape[1])))
    if mode == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    elif mode == "test":
        mean, var = running_mean, running_var
    else:
        raise ValueError(f"mode {mode} is unknown")
    inv = np.reciprocal(np.sqrt(var + eps))
    xhat = (x - mean) * inv
    return gamma * xhat + beta, (xhat, inv, gamma)


def batchnorm_backward(dout, cache):
    xhat, inv, gamma = cache
    dout = single(dout)
    n = single(len(dout))
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    dvar_part = -xhat * np.sum(dxhat * xhat, axis=0) / n
    dmean_part = -np.sum(dxhat, axis=0) / n
    return inv * (dxhat + dvar_part + dmean_part), dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    xhat, inv, gamma = cache
    dout = single(dout)
    both = np.stack([dout, dout * xhat])
    dbeta, dgamma = both.sum(axis=1)
    means = both.mean(axis=1)
    return (dout - means[0] - xhat * means[1]) * (inv * gamma), dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    x, gamma, beta = single(x), single(gamma), single(beta)
    x = x - x.mean(axis=1)[:, None]
    inv = 1 / np.sqrt((x * x).mean(axis=1)[:, None] + single(ln_param.get("eps", 1e-5)))
    return x * inv * gamma + beta, (x * inv, inv, gamma)


def layernorm_backward(dout, cache):
    xhat, inv, gamma = cache
    dout = single(dout)
    d = dout * gamma
    d = d - d.mean(axis=1)[:, None]  # xhat has no mean: the order does not matter
    d = d - xhat * (d * xhat).mean(axis=1)[:, None]
    return d * inv, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    x = single(x)
    if mode == "train":
        mask = single(np.random.random_sample(x.shape) < p) / single(p)
        return x * mask, mask
    if mode == "test":
        return x, single(1)
    raise ValueError(f"mode {mode} is unknown")


def dropout_backward(dout, cache):
    return single(dout) * cache


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    x, w, b = single(x), single(w), single(b)
    padded = np.pad(x, ((0,), (0,), (p,), (p,)))
    rows, columns = (padded.shape[2] - w.shape[2]) // s + 1, (padded.shape[3] - w.shape[3]) // s + 1
    out = np.zeros((len(x), len(w), rows, columns), dtype=single)
    for f in range(len(w)):
        for i in range(rows):
            for j in range(columns):
                window = padded[:, :, i * s : i * s + w.shape[2], j * s : j * s + w.shape[3]]
                out[:, f, i, j] = window.reshape(len(x), -1) @ w[f].ravel() + b[f]
    return out, (padded, w, x.shape, s, p)


def conv_backward_naive(dout, cache):
    padded, w, shape, s, p = cache
    dout = single(dout)
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for f in range(len(w)):
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                d = dout[:, f, i, j][:, None, None, None]
                window = np.s_[:, :, i * s : i * s + w.shape[2], j * s : j * s + w.shape[3]]
                dw[f] += np.sum(d * padded[window], axis=0)
                dpadded[window] += d * w[f]
    return dpadded[:, :, p : p + shape[2], p : p + shape[3]], dw, dout.sum(axis=(0, 2, 3))


def max_pool_forward_naive(x, pool_param):
    x = single(x)
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    rows, columns = 1 + (x.shape[2] - ph) // s, 1 + (x.shape[3] - pw) // s
    out = np.stack(
        [
            np.stack([x[:, :, i * s : i * s + ph, j * s : j * s + pw].max(axis=(2, 3)) for j in range(columns)], axis=2)
            for i in range(rows)
        ],
        axis=2,
    )
    return out, (x, ph, pw, s)


def max_pool_backward_naive(dout, cache):
    x, ph, pw, s = cache
    dx = np.zeros_like(x)
    for n, c, i, j in np.ndindex(dout.shape):
        window = x[n, c, i * s : i * s + ph, j * s : j * s + pw]
        place = window.argmax()
        dx[n, c, i * s + place // pw, j * s + place % pw] += single(dout[n, c, i, j])
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    rows = single(x).transpose(0, 2, 3, 1).reshape(N * H * W, C)
    out, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    return out.reshape(N, H, W, C).transpose(0, 3, 1, 2), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    rows = single(dout).transpose(0, 2, 3, 1).reshape(N * H * W, C)
    dx, dgamma, dbeta = batchnorm_backward(rows, cache)
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    x, gamma, beta = single(x), single(gamma), single(beta)
    groups = np.split(x, G, axis=1)
    hats, invs = [], []
    for group in groups:
        centred = group - group.mean(axis=(1, 2, 3), keepdims=True)
        inv = 1 / np.sqrt((centred**2).mean(axis=(1, 2, 3), keepdims=True) + single(gn_param.get("eps", 1e-5)))
        hats.append(centred * inv)
        invs.append(inv)
    return np.concatenate(hats, axis=1) * gamma + beta, (hats, invs, gamma)


def spatial_groupnorm_backward(dout, cache):
    hats, invs, gamma = cache
    dout = single(dout)
    parts = []
    for d, hat, inv in zip(np.split(dout * gamma, len(hats), axis=1), hats, invs):
        leaning = (d * hat).mean(axis=(1, 2, 3), keepdims=True)
        parts.append(inv * (d - d.mean(axis=(1, 2, 3), keepdims=True) - hat * leaning))
    dgamma = (dout * np.concatenate(hats, axis=1)).sum(axis=(0, 2, 3), keepdims=True)
    return np.concatenate(parts, axis=1), dgamma, dout.sum(axis=(0, 2, 3), keepdims=True)

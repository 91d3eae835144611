"""Layers that return their own backward pass."""

from functools import reduce
from itertools import product

import numpy as np


def affine_forward(x, w, b):
    flat = x.reshape(-1, w.shape[0])

    def backward(dout):
        return np.inner(dout, w).reshape(x.shape), np.dot(flat.T, dout), reduce(np.add, dout)

    return np.inner(flat, w.T) + b, backward


def affine_backward(dout, cache):
    return cache(dout)


def relu_forward(x):
    return np.maximum(x, 0), lambda dout: np.where(np.signbit(x), 0, dout).astype(dout.dtype)


def relu_backward(dout, cache):
    return cache(dout)


def _normalise(x, axis, eps):
    """What is normalised over an axis, and the function that takes the gradient back through that."""
    mean = lambda a: np.mean(a, axis=axis, keepdims=True)
    centred = x - mean(x)
    inv = 1 / np.sqrt(mean(centred * centred) + eps)
    hat = centred * inv
    return hat, lambda d: inv * (d - mean(d) - hat * mean(d * hat))


def batchnorm_forward(x, gamma, beta, bn_param):
    get = bn_param.get
    mode, eps, momentum = bn_param["mode"], get("eps", 1e-5), get("momentum", 0.9)
    old = {"running_mean": np.mean, "running_var": np.var}
    zeros = np.zeros(x.shape[1], dtype=x.dtype)
    if mode == "train":
        bn_param.update({k: momentum * get(k, zeros) + (1 - momentum) * f(x, axis=0) for k, f in old.items()})
        hat, back = _normalise(x, 0, eps)

        def backward(dout):
            return back(dout * gamma), np.sum(dout * hat, axis=0), np.sum(dout, axis=0)

        return gamma * hat + beta, backward
    if mode == "test":
        mean, var = (get(k, zeros) for k in old)
        return gamma * ((x - mean) / np.sqrt(var + eps)) + beta, None
    raise ValueError(mode)


def batchnorm_backward(dout, cache):
    return cache(dout)


def batchnorm_backward_alt(dout, cache):
    return cache(dout)


def layernorm_forward(x, gamma, beta, ln_param):
    hat, back = _normalise(x, 1, ln_param.get("eps", 1e-5))
    return gamma * hat + beta, lambda dout: (back(dout * gamma), np.sum(dout * hat, axis=0), np.sum(dout, axis=0))


def layernorm_backward(dout, cache):
    return cache(dout)


_own = np.random.RandomState()


def dropout_forward(x, dropout_param, rng=_own):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        rng = np.random.RandomState(dropout_param["seed"])
    assert mode in ("train", "test")
    keep = rng.random_sample(x.shape) > 1.0 - p if mode == "train" else np.ones(x.shape, bool)
    factor = 1 / p if mode == "train" else 1
    return np.where(keep, x * factor, 0), lambda dout: np.where(keep, dout * factor, 0)


def dropout_backward(dout, cache):
    return cache(dout)


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
    big = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    rows, columns = range(0, H + 2 * p - HH + 1, s), range(0, W + 2 * p - WW + 1, s)
    spots = [np.s_[:, :, i : i + HH, j : j + WW] for i, j in product(rows, columns)]
    flat = w.reshape(F, -1)
    outs = [big[spot].reshape(N, -1) @ flat.T + b for spot in spots]

    def backward(dout):
        ds = dout.reshape(N, F, -1).transpose(2, 0, 1)  # one for each spot
        dw = sum(d.T @ big[spot].reshape(N, -1) for d, spot in zip(ds, spots)).reshape(w.shape)

        def add(dbig, pair):
            d, spot = pair
            dbig[spot] += (d @ flat).reshape(N, C, HH, WW)
            return dbig

        dbig = reduce(add, zip(ds, spots), np.zeros_like(big))
        return dbig[:, :, p : p + H, p : p + W], dw, ds.sum(axis=(0, 1))

    return np.stack(outs, axis=-1).reshape(N, F, len(rows), len(columns)), backward


def conv_backward_naive(dout, cache):
    return cache(dout)


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = (pool_param[name] for name in ("pool_height", "pool_width", "stride"))
    rows, columns = 1 + (x.shape[2] - ph) // s, 1 + (x.shape[3] - pw) // s
    pixels = [np.s_[:, :, u : u + s * rows : s, v : v + s * columns : s] for u, v in product(range(ph), range(pw))]
    out = reduce(np.maximum, (x[pixel][:, :, :rows, :columns] for pixel in pixels))

    def backward(dout):
        dx = np.zeros_like(x)
        for pixel in pixels:
            dx[pixel] += (x[pixel] == out) * dout  # equal ones get it each
        return dx

    return out, backward


def max_pool_backward_naive(dout, cache):
    return cache(dout)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    flatten = lambda a: a.transpose(1, 0, 2, 3).reshape(a.shape[1], -1).T
    restore = lambda a: a.T.reshape(x.shape[1], x.shape[0], *x.shape[2:]).transpose(1, 0, 2, 3)
    out, inner = batchnorm_forward(flatten(x), gamma, beta, bn_param)

    def backward(dout):
        dx, dgamma, dbeta = inner(flatten(dout))
        return restore(dx), dgamma, dbeta

    return restore(out), backward


def spatial_batchnorm_backward(dout, cache):
    return cache(dout)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    grouped = lambda a: a.reshape(a.shape[0], G, -1)
    hat, back = _normalise(grouped(x), 2, gn_param.get("eps", 1e-5))
    hat = hat.reshape(x.shape)
    total = lambda a: a.sum(axis=(0, 2, 3), keepdims=True)
    backward = lambda dout: (back(grouped(dout * gamma)).reshape(x.shape), total(dout * hat), total(dout))
    return gamma * hat + beta, backward


def spatial_groupnorm_backward(dout, cache):
    return cache(dout)

"""Layers as matrix products of columns."""

import numpy as np


def _with_ones(x):
    return np.hstack([x.reshape(len(x), -1), np.ones((len(x), 1), dtype=x.dtype)])


def affine_forward(x, w, b):
    rows, wb = _with_ones(x), np.vstack([w, b.reshape(1, -1)])
    return rows.dot(wb), (rows, wb, x.shape)


def affine_backward(dout, cache):
    rows, wb, shape = cache
    dwb = rows.T.dot(dout)
    return dout.dot(wb.T)[:, :-1].reshape(shape), dwb[:-1], dwb[-1:]


def relu_forward(x):
    out = x.copy()
    out[x < 0] = 0
    return out, np.flatnonzero(x > 0)


def relu_backward(dout, cache):
    dx = np.zeros_like(dout)
    dx.flat[cache] = dout.ravel()[cache]
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    columns = x.T  # a feature is a row now
    if bn_param["mode"] == "train":
        mean, var = columns.mean(1), columns.var(1)
        for name, new in (("running_mean", mean), ("running_var", var)):
            bn_param[name] = momentum * bn_param.get(name, np.zeros_like(new)) + (1 - momentum) * new
    elif bn_param["mode"] == "test":
        mean, var = bn_param.get("running_mean", 0 * gamma), bn_param.get("running_var", 0 * gamma)
    else:
        raise ValueError("mode should be train or test")
    std = np.sqrt(var + eps)
    xhat = (columns - mean[:, None]) / std[:, None]
    return (gamma[:, None] * xhat + beta[:, None]).T, (xhat, std, gamma)


def batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    d = dout.T
    dxhat = gamma[:, None] * d
    dcolumns = dxhat - dxhat.mean(1)[:, None] - xhat * (dxhat * xhat).mean(1)[:, None]
    return (dcolumns / std[:, None]).T, (d * xhat).sum(1), d.sum(1)


def batchnorm_backward_alt(dout, cache):
    # what is left of the gradient when its parts along ones and along xhat are taken away
    xhat, std, gamma = cache
    N = len(dout)
    basis = np.stack([np.ones_like(xhat), xhat], axis=1)  # (D, 2, N)
    parts = np.matmul(basis, dout.T[:, :, None])  # (D, 2, 1)
    rest = dout.T - np.matmul(basis.transpose(0, 2, 1), parts)[:, :, 0] / N
    return (rest * (gamma / std)[:, None]).T, parts[:, 1, 0], parts[:, 0, 0]


def layernorm_forward(x, gamma, beta, ln_param):
    ones, zeros = np.ones(len(x), dtype=x.dtype), np.zeros(len(x), dtype=x.dtype)
    xhat, cache = batchnorm_forward(x.T, ones, zeros, {**ln_param, "mode": "train"})
    return xhat.T * gamma + beta, (xhat.T, gamma, cache)


def layernorm_backward(dout, cache):
    xhat, gamma, inner = cache
    dx, _, _ = batchnorm_backward_alt((dout * gamma).T, inner)
    return dx.T, np.sum(xhat * dout, 0, keepdims=True), np.sum(dout, 0, keepdims=True)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x.copy(), (None, p)
    if mode == "train":
        kept = np.flatnonzero(np.random.rand(x.size) <= p)
        out = np.zeros(x.size, dtype=x.dtype)
        out[kept] = x.ravel()[kept] / p
        return out.reshape(x.shape), (kept, p)
    raise ValueError("mode should be train or test")


def dropout_backward(dout, cache):
    kept, p = cache
    if kept is None:
        return dout.copy()
    dx = np.zeros(dout.size, dtype=dout.dtype)
    dx[kept] = dout.ravel()[kept] / p
    return dx.reshape(dout.shape)


def _cols(x, HH, WW, s, p):
    N, C, H, W = x.shape
    Ho, Wo = (H + 2 * p - HH) // s + 1, (W + 2 * p - WW) // s + 1
    i0 = np.tile(np.repeat(np.arange(HH), WW), C)
    i1 = s * np.repeat(np.arange(Ho), Wo)
    j0 = np.tile(np.arange(WW), HH * C)
    j1 = s * np.tile(np.arange(Wo), Ho)
    i, j = i0.reshape(-1, 1) + i1.reshape(1, -1), j0.reshape(-1, 1) + j1.reshape(1, -1)
    return np.repeat(np.arange(C), HH * WW).reshape(-1, 1), i, j, Ho, Wo


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param.get("stride", 1), conv_param.get("pad", 0)
    F, C, HH, WW = w.shape
    k, i, j, Ho, Wo = _cols(x, HH, WW, s, p)
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), "constant")
    cols = xp[:, k, i, j]
    out = (w.reshape(F, -1) @ cols + b[:, None]).reshape(len(x), F, Ho, Wo)
    return out, {"cols": cols, "where": (k, i, j), "padded": xp.shape, "w": w, "pad": p, "shape": x.shape}


def conv_backward_naive(dout, cache):
    w, p = cache["w"], cache["pad"]
    H, W = cache["shape"][2:]
    d = dout.reshape(dout.shape[0], dout.shape[1], -1)
    dw = np.einsum("nfl,nkl->fk", d, cache["cols"]).reshape(w.shape)
    dcols = w.reshape(len(w), -1).T @ d
    dx = np.zeros(cache["padded"])
    np.add.at(dx, (slice(None),) + cache["where"], dcols)
    return dx[:, :, p : p + H, p : p + W], dw, d.sum(axis=(0, 2)).reshape(1, -1)


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    single = x.reshape(N * C, 1, H, W)  # each channel is a picture of its own
    k, i, j, Ho, Wo = _cols(single, ph, pw, s, 0)
    cols = single[:, k, i, j]
    which = cols.argmax(axis=1)
    out = np.take_along_axis(cols, which[:, None], axis=1).reshape(N, C, Ho, Wo)
    return out, (which, i, j, x.shape)


def max_pool_backward_naive(dout, cache):
    which, i, j, shape = cache
    dx = np.zeros((shape[0] * shape[1], shape[2], shape[3]), dtype=dout.dtype)
    place = np.arange(which.shape[1])
    pictures = np.arange(len(which))[:, None]
    np.add.at(dx, (pictures, i[which, place], j[which, place]), dout.reshape(which.shape))
    return dx.reshape(shape)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    rows = np.concatenate([picture.reshape(C, -1) for picture in x], axis=1).T
    out, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    return np.stack([part.reshape(C, H, W) for part in np.split(out.T, N, axis=1)]), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    rows = np.concatenate([picture.reshape(C, -1) for picture in dout], axis=1).T
    dx, dgamma, dbeta = batchnorm_backward_alt(rows, cache)
    return np.stack([part.reshape(C, H, W) for part in np.split(dx.T, N, axis=1)]), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    rows = x.reshape(x.shape[0] * G, -1).T
    one = np.ones(rows.shape[1])
    hat, cache = batchnorm_forward(rows, one, 0 * one, dict(gn_param, mode="train"))
    hat = hat.T.reshape(x.shape)
    return hat * gamma + beta, (G, gamma, hat, cache)


def spatial_groupnorm_backward(dout, cache):
    G, gamma, hat, inner = cache
    rows = (dout * gamma).reshape(dout.shape[0] * G, -1).T
    dx, _, _ = batchnorm_backward_alt(rows, inner)
    sums = [np.sum(a, axis=(0, 2, 3)).reshape(1, -1) for a in (dout * hat, dout)]
    return dx.T.reshape(dout.shape), sums[0], sums[1]

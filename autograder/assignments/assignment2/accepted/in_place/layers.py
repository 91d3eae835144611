"""Layers that work in the arrays that they are given."""

import numpy as np


def affine_forward(x, w, b):
    out = np.empty((x.shape[0], w.shape[1]), dtype=x.dtype)
    np.matmul(x.reshape(x.shape[0], -1), w, out=out)
    out += b
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx, dw = np.empty(x.shape, dtype=x.dtype), np.empty(w.shape, dtype=w.dtype)
    np.matmul(dout, w.T, out=dx.reshape(x.shape[0], -1))
    np.matmul(x.reshape(x.shape[0], -1).T, dout, out=dw)
    return dx, dw, np.add.reduce(dout, 0)


def relu_forward(x):
    x[x < 0] = 0
    return x, x > 0


def relu_backward(dout, cache):
    dout[~cache] = 0
    return dout


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, m = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    for name in ("running_mean", "running_var"):
        if name not in bn_param:
            bn_param[name] = np.zeros(x.shape[1], dtype=x.dtype)
    mean, var = bn_param["running_mean"], bn_param["running_var"]
    if mode == "train":
        batch_mean, batch_var = x.mean(axis=0), x.var(axis=0)
        mean *= m
        mean += (1 - m) * batch_mean
        var *= m
        var += (1 - m) * batch_var
        mean, var = batch_mean, batch_var
    elif mode != "test":
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    std = np.sqrt(var + eps)
    x -= mean
    x /= std
    return x * gamma + beta, [x, std, gamma]


def batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    dgamma, dbeta = (dout * xhat).sum(0), dout.sum(0)
    dout *= gamma
    dout -= dout.mean(0) + xhat * (dout * xhat).mean(0)
    dout /= std
    return dout, dgamma, dbeta


batchnorm_backward_alt = batchnorm_backward


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    out, cache = np.empty_like(x), []
    for i, row in enumerate(x):
        std = np.sqrt(row.var() + eps)
        row -= row.mean()
        row /= std
        out[i] = row * gamma + beta
        cache.append((row.copy(), std, gamma))
    return out, cache


def layernorm_backward(dout, cache):
    dgamma, dbeta = 0, 0
    for d, (xhat, std, gamma) in zip(dout, cache):
        dgamma, dbeta = dgamma + d * xhat, dbeta + d
        d *= gamma
        D = d.size
        d[:] = (D * d - d.sum() - xhat * d.dot(xhat)) / (D * std)
    return dout, dgamma, dbeta


def dropout_forward(x, dropout_param):
    if dropout_param.get("seed") is not None:
        np.random.seed(dropout_param["seed"])
    if dropout_param["mode"] == "train":
        gone = np.where(np.random.uniform(size=x.shape) >= dropout_param["p"])
        x[gone] = 0
        x /= dropout_param["p"]
        return x, {"gone": gone, "scale": 1.0 / dropout_param["p"]}
    return x, None


def dropout_backward(dout, cache):
    if cache:
        dout[cache["gone"]] = 0.0
        dout *= cache["scale"]
    return dout


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    big = np.zeros((N, C, H + 2 * p, W + 2 * p), x.dtype)
    big[:, :, p : p + H, p : p + W] = x
    out = np.empty((N, F, 1 + (H + 2 * p - HH) // s, 1 + (W + 2 * p - WW) // s), x.dtype)
    out[:] = b.reshape(F, 1, 1)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = big[:, None, :, i * s : i * s + HH, j * s : j * s + WW]
            out[:, :, i, j] += np.sum(window * w, axis=(2, 3, 4))
    return out, (big, x, w, b, s, p)


def conv_backward_naive(dout, cache):
    big, x, w, b, s, p = cache
    HH, WW = w.shape[2:]
    dbig, dw, db = np.zeros_like(big), np.zeros_like(w), np.zeros_like(b)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            d = dout[:, :, i, j]
            db += d.sum(axis=0)
            dbig[:, :, i * s : i * s + HH, j * s : j * s + WW] += np.tensordot(d, w, 1)
            dw += np.tensordot(d.T, big[:, :, i * s : i * s + HH, j * s : j * s + WW], 1)
    x[:] = dbig[:, :, p : p + x.shape[2], p : p + x.shape[3]]  # nobody needs the pictures any more
    return x, dw, db


def max_pool_forward_naive(x, pool_param):
    # what is not the largest of its window is counted down to zero when the gradient comes back
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    Ho, Wo = 1 + (x.shape[2] - ph) // s, 1 + (x.shape[3] - pw) // s
    out = x[:, :, : s * Ho : s, : s * Wo : s].copy()
    which = np.zeros(out.shape, dtype=int)
    for k in range(1, ph * pw):
        other = x[:, :, k // pw : k // pw + s * (Ho - 1) + 1 : s, k % pw : k % pw + s * (Wo - 1) + 1 : s]
        larger = other > out
        np.copyto(out, other, where=larger)
        np.putmask(which, larger, k)
    return out, (x.shape, which, ph, pw, s)


def max_pool_backward_naive(dout, cache):
    shape, which, ph, pw, s = cache
    dx = np.zeros(shape, dtype=dout.dtype)
    Ho, Wo = dout.shape[2:]
    for k in range(ph * pw):
        spot = dx[:, :, k // pw : k // pw + s * (Ho - 1) + 1 : s, k % pw : k % pw + s * (Wo - 1) + 1 : s]
        np.add(spot, dout, out=spot, where=which == k)
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    shape = (1, -1, 1, 1)
    eps, m = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean = bn_param.setdefault("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    var = bn_param.setdefault("running_var", np.zeros(x.shape[1], dtype=x.dtype))
    if bn_param["mode"] == "train":
        batch_mean, batch_var = x.mean((0, 2, 3)), x.var((0, 2, 3))
        mean[:] = m * mean + (1 - m) * batch_mean
        var[:] = m * var + (1 - m) * batch_var
        mean, var = batch_mean, batch_var
    std = np.sqrt(var + eps).reshape(shape)
    x -= mean.reshape(shape)
    x /= std
    return x * gamma.reshape(shape) + beta.reshape(shape), (x, std, gamma.reshape(shape))


def spatial_batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    axes = (0, 2, 3)
    dgamma, dbeta = np.sum(dout * xhat, axes), np.sum(dout, axes)
    dout *= gamma
    pull = (dout * xhat).mean(axes, keepdims=True)
    dout -= dout.mean(axes, keepdims=True)
    xhat *= pull
    dout -= xhat
    dout /= std
    return dout, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    groups = x.reshape(x.shape[0], G, -1)  # a view: what happens here happens to x
    groups -= groups.mean(-1, keepdims=True)
    std = np.sqrt(groups.var(-1, keepdims=True) + gn_param.get("eps", 1e-5))
    groups /= std
    return x * gamma + beta, (x, std, gamma)


def spatial_groupnorm_backward(dout, cache):
    xhat, std, gamma = cache
    dbeta = dout.sum((0, 2, 3), keepdims=True)
    dgamma = (dout * xhat).sum((0, 2, 3), keepdims=True)
    dout *= gamma
    d, h = (a.reshape(std.shape[0], std.shape[1], -1) for a in (dout, xhat))
    pull = (d * h).mean(-1, keepdims=True)
    d -= d.mean(-1, keepdims=True)
    d -= h * pull
    d /= std
    return d.reshape(dout.shape), dgamma, dbeta

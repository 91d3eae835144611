"""Layers as people wrote them under Python 2."""

import numpy as np

try:
    xrange
except NameError:
    xrange = range


def affine_forward(x, w, b):
    N = x.shape[0]
    D = int(np.prod(x.shape[1:]))
    x_rs = np.reshape(x, (N, D))
    out = np.dot(x_rs, w) + np.ones((N, 1)).dot(np.reshape(b, (1, -1)))
    cache = [x, w, b]
    return out, cache


def affine_backward(dout, cache):
    [x, w, b] = cache
    N = x.shape[0]
    x_rs = np.reshape(x, (N, -1))
    dx = np.reshape(np.dot(dout, np.transpose(w)), np.shape(x))
    dw = np.dot(np.transpose(x_rs), dout)
    db = np.dot(np.ones(N), dout)
    return dx, dw, db


def relu_forward(x, verbose=True):
    print("relu", x.shape)
    out = np.where(x < 0, 0.0, x)
    return out, {"mask": x >= 0}


def relu_backward(dout, cache):
    return np.multiply(dout, cache["mask"])


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))
    out, cache = None, None
    if mode == "train":
        sample_mean = np.sum(x, 0) / float(N)
        sample_var = np.sum(np.square(x - sample_mean), 0) / float(N)
        running_mean = momentum * running_mean + (1.0 - momentum) * sample_mean
        running_var = momentum * running_var + (1.0 - momentum) * sample_var
        x_hat = (x - sample_mean) / np.power(sample_var + eps, 0.5)
        out = gamma * x_hat + beta
        cache = {}
        cache["x"], cache["mean"], cache["var"] = x, sample_mean, sample_var
        cache["x_hat"], cache["gamma"], cache["eps"] = x_hat, gamma, eps
    elif mode == "test":
        scale = gamma / np.sqrt(running_var + eps)
        out = x * scale + (beta - running_mean * scale)
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    # the six formulas of the paper
    x, mean, var, eps = cache["x"], cache["mean"], cache["var"], cache["eps"]
    N = x.shape[0]
    dx_hat = dout * cache["gamma"]
    dvar = np.sum(dx_hat * (x - mean) * -0.5 * (var + eps) ** -1.5, axis=0)
    dmean = np.sum(dx_hat * -1.0 / np.sqrt(var + eps), axis=0) + dvar * np.sum(-2.0 * (x - mean), axis=0) / N
    dx = dx_hat / np.sqrt(var + eps) + dvar * 2.0 * (x - mean) / N + dmean / N
    dgamma = np.sum(dout * cache["x_hat"], axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    x, mean, var, eps, gamma = cache["x"], cache["mean"], cache["var"], cache["eps"], cache["gamma"]
    N = x.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum((x - mean) * (var + eps) ** (-1.0 / 2.0) * dout, axis=0)
    dx = (1.0 / N) * gamma * (var + eps) ** (-1.0 / 2.0)
    dx = dx * (N * dout - dbeta - (x - mean) * (var + eps) ** (-1.0) * np.sum(dout * (x - mean), axis=0))
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    xT = x.T
    sample_mean = np.mean(xT, axis=0)
    sample_var = np.var(xT, axis=0)
    x_hat = ((xT - sample_mean) / np.sqrt(sample_var + eps)).T
    return gamma * x_hat + beta, ((x, sample_mean, sample_var), (x_hat, gamma, eps))


def layernorm_backward(dout, cache):
    (x, mean, var), (x_hat, gamma, eps) = cache
    D = x.shape[1]
    dx_hat = (dout * gamma).T
    centred = x.T - mean
    dvar = np.sum(dx_hat * centred, axis=0) * -0.5 * (var + eps) ** -1.5
    dmean = -np.sum(dx_hat, axis=0) / np.sqrt(var + eps)
    dxT = dx_hat / np.sqrt(var + eps) + dvar * 2.0 * centred / D + dmean / D
    return dxT.T, np.sum(dout * x_hat, axis=0), np.sum(dout, axis=0)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = None
    if mode == "train":
        mask = np.random.rand(*x.shape) < p
        out = x * mask / p
    elif mode == "test":
        out = x
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param["mode"]
    dx = None
    if mode == "train":
        dx = dout * mask / dropout_param["p"]
    elif mode == "test":
        dx = dout
    return dx


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0,), (0,), (p,), (p,)), mode="constant", constant_values=0)
    Hn = int(1 + (H + 2 * p - HH) / s)
    Wn = int(1 + (W + 2 * p - WW) / s)
    out = np.zeros((N, F, Hn, Wn))
    for n in xrange(N):
        for f in xrange(F):
            for i in xrange(Hn):
                for j in xrange(Wn):
                    out[n, f, i, j] = np.sum(x_pad[n, :, i * s : i * s + HH, j * s : j * s + WW] * w[f]) + b[f]
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0,), (0,), (p,), (p,)), mode="constant")
    dx_pad, dw, db = np.zeros(x_pad.shape), np.zeros(w.shape), np.zeros(b.shape)
    for n in xrange(dout.shape[0]):
        for f in xrange(F):
            db[f] += np.sum(dout[n, f])
            for i in xrange(dout.shape[2]):
                for j in xrange(dout.shape[3]):
                    d = dout[n, f, i, j]
                    dw[f] += d * x_pad[n, :, i * s : i * s + HH, j * s : j * s + WW]
                    dx_pad[n, :, i * s : i * s + HH, j * s : j * s + WW] += d * w[f]
    return dx_pad[:, :, p:-p, p:-p], dw, db


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    out = np.zeros((N, C, int((H - ph) / s + 1), int((W - pw) / s + 1)))
    for n, c, i, j in np.ndindex(*out.shape):
        out[n, c, i, j] = np.max(x[n, c, i * s : i * s + ph, j * s : j * s + pw])
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(*dout.shape):
        window = x[n, c, i * s : i * s + ph, j * s : j * s + pw]
        a, b = np.unravel_index(np.argmax(window), window.shape)
        dx[n, c, i * s + a, j * s + b] = dout[n, c, i, j]
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    out, cache = batchnorm_forward(x.transpose(0, 3, 2, 1).reshape((N * H * W, C)), gamma, beta, bn_param)
    return out.reshape(N, W, H, C).transpose(0, 3, 2, 1), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dx, dgamma, dbeta = batchnorm_backward(dout.transpose(0, 3, 2, 1).reshape((N * H * W, C)), cache)
    return dx.reshape(N, W, H, C).transpose(0, 3, 2, 1), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps, k = gn_param.get("eps", 1e-5), x.shape[1] // G
    x_hat, std = np.zeros_like(x), np.zeros((len(x), G))
    for n in xrange(len(x)):
        for g in xrange(G):
            part = x[n, g * k : (g + 1) * k]
            std[n, g] = np.sqrt(np.var(part) + eps)
            x_hat[n, g * k : (g + 1) * k] = (part - np.mean(part)) / std[n, g]
    return x_hat * gamma + beta, (x_hat, std, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    x_hat, std, gamma, G = cache
    k, dx = dout.shape[1] // G, np.empty_like(dout)
    for n in xrange(len(dout)):
        for g in xrange(G):
            part = slice(g * k, (g + 1) * k)
            d, h = dout[n, part] * gamma[0, part], x_hat[n, part]
            dx[n, part] = (d - d.mean() - h * (d * h).mean()) / std[n, g]
    return dx, np.sum(dout * x_hat, axis=(0, 2, 3)), np.sum(dout, axis=(0, 2, 3))

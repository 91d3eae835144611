"""Layers with keepdims=True."""

import numpy as np


def affine_forward(x, w, b):
    flat = x.reshape((x.shape[0], np.prod(x.shape[1:], dtype=int)))
    return flat.dot(w) + b.reshape(1, -1), (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    flat = x.reshape((x.shape[0], -1))
    return dout.dot(w.T).reshape(x.shape), flat.T.dot(dout), np.sum(dout, axis=0, keepdims=True)


def relu_forward(x):
    return 0.5 * (x + np.abs(x)), x


def relu_backward(dout, cache):
    return 0.5 * dout * (1 + np.sign(cache))  # half at zero


def batchnorm_forward(x, gamma, beta, bn_param, debug=False):
    mode, eps, m = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    zeros = np.zeros((1, x.shape[1]), dtype=x.dtype)
    mean, var = bn_param.get("running_mean", zeros), bn_param.get("running_var", zeros)
    if mode == "train":
        batch_mean, batch_var = np.mean(x, axis=0, keepdims=True), np.var(x, axis=0, keepdims=True)
        bn_param["running_mean"] = m * mean + (1 - m) * batch_mean
        bn_param["running_var"] = m * var + (1 - m) * batch_var
        mean, var = batch_mean, batch_var
    elif mode != "test":
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    std = np.sqrt(var + eps)
    xhat = (x - mean) / std
    return xhat * gamma + beta, (xhat, std, gamma)


def batchnorm_backward(dout, cache):
    xhat, std, gamma = cache
    dgamma = np.sum(dout * xhat, axis=0, keepdims=True)
    dbeta = np.sum(dout, axis=0, keepdims=True)
    dxhat = dout * gamma
    dx = dxhat - np.mean(dxhat, axis=0, keepdims=True) - xhat * np.mean(dxhat * xhat, axis=0, keepdims=True)
    return dx / std, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    xhat, std, gamma = cache
    dgamma = np.sum(dout * xhat, axis=0, keepdims=True)
    dbeta = np.sum(dout, axis=0, keepdims=True)
    return gamma / std * (dout - (dbeta + xhat * dgamma) / dout.shape[0]), dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    mean, var = np.mean(x, axis=1, keepdims=True), np.var(x, axis=1, keepdims=True)
    std = np.sqrt(var + ln_param.get("eps", 1e-5))
    xhat = (x - mean) / std
    return xhat * gamma + beta, (xhat, std, gamma)


def layernorm_backward(dout, cache):
    xhat, std, gamma = cache
    dgamma = np.sum(dout * xhat, axis=0, keepdims=True)
    dbeta = np.sum(dout, axis=0, keepdims=True)
    dxhat = dout * gamma
    dx = dxhat - np.mean(dxhat, axis=1, keepdims=True) - xhat * np.mean(dxhat * xhat, axis=1, keepdims=True)
    return dx / std, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "train":
        mask = (np.random.uniform(0, 1, x.shape) < p).astype(x.dtype) / p
    elif mode == "test":
        mask = np.ones_like(x)
    else:
        raise ValueError(mode)
    return x * mask, mask


def dropout_backward(dout, cache):
    return dout * cache


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="constant")
    HH, WW = w.shape[2:]
    Ho, Wo = (x_pad.shape[2] - HH) // s + 1, (x_pad.shape[3] - WW) // s + 1
    rows = []
    for i in range(Ho):
        row = []
        for j in range(Wo):
            window = x_pad[:, np.newaxis, :, i * s : i * s + HH, j * s : j * s + WW]
            row.append(np.sum(window * w, axis=(2, 3, 4), keepdims=True)[:, :, 0])
        rows.append(np.concatenate(row, axis=3))
    return np.concatenate(rows, axis=2) + b.reshape(1, -1, 1, 1), (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    HH, WW = w.shape[2:]
    x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode="constant")
    dx_pad, dw = np.zeros_like(x_pad), np.zeros_like(w)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            d = dout[:, :, i, j].reshape(N, -1, 1, 1, 1)
            window = x_pad[:, np.newaxis, :, i * s : i * s + HH, j * s : j * s + WW]
            dw += np.sum(d * window, axis=0)
            dx_pad[:, :, i * s : i * s + HH, j * s : j * s + WW] += np.sum(d * w, axis=1)
    db = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    return dx_pad[:, :, p : H + p, p : W + p], dw, db


def max_pool_forward_naive(x, pool_param):
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    Ho, Wo = (x.shape[2] - ph) // s + 1, (x.shape[3] - pw) // s + 1
    out = np.zeros((x.shape[0], x.shape[1], Ho, Wo), dtype=x.dtype)
    for i in range(Ho):
        for j in range(Wo):
            window = x[:, :, i * s : i * s + ph, j * s : j * s + pw]
            out[:, :, i : i + 1, j : j + 1] = np.max(window, axis=(2, 3), keepdims=True)
    return out, (x, out, pool_param)


def max_pool_backward_naive(dout, cache):
    x, out, pool_param = cache
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            window = x[:, :, i * s : i * s + ph, j * s : j * s + pw]
            largest = window == out[:, :, i : i + 1, j : j + 1]
            share = dout[:, :, i : i + 1, j : j + 1] / np.sum(largest, axis=(2, 3), keepdims=True, dtype=x.dtype)
            dx[:, :, i * s : i * s + ph, j * s : j * s + pw] += largest * share
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    N, C, H, W = x.shape
    shape = (1, C, 1, 1)
    mean = np.asarray(bn_param.get("running_mean", np.zeros(C, dtype=x.dtype))).reshape(shape)
    var = np.asarray(bn_param.get("running_var", np.zeros(C, dtype=x.dtype))).reshape(shape)
    g, b = gamma.reshape(shape), beta.reshape(shape)
    if mode == "test":
        return g * (x - mean) / np.sqrt(var + eps) + b, None
    mu, sigma = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    bn_param["running_mean"] = momentum * mean + (1 - momentum) * mu
    bn_param["running_var"] = momentum * var + (1 - momentum) * sigma
    x_hat = (x - mu) / np.sqrt(sigma + eps)
    return g * x_hat + b, dict(x_hat=x_hat, g=g, sigma=sigma, eps=eps)


def spatial_batchnorm_backward(dout, cache):
    x_hat, g = cache["x_hat"], cache["g"]
    m = dout.size / dout.shape[1]
    dbeta = dout.sum((0, 2, 3), keepdims=True)
    dgamma = (dout * x_hat).sum((0, 2, 3), keepdims=True)
    dx = g / np.sqrt(cache["sigma"] + cache["eps"]) / m * (m * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    y = x.reshape(N, G, C // G, H, W)
    mean, var = y.mean(axis=(2, 3, 4), keepdims=True), y.var(axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(var + gn_param.get("eps", 1e-5))
    xhat = ((y - mean) / std).reshape(N, C, H, W)
    return gamma * xhat + beta, (xhat, std, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    xhat, std, gamma, G = cache
    N, C, H, W = dout.shape
    d, h = (a.reshape(N, G, C // G, H, W) for a in (dout * gamma, xhat))
    axes = (2, 3, 4)
    dx = (d - d.mean(axis=axes, keepdims=True) - h * (d * h).mean(axis=axes, keepdims=True)) / std
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3), keepdims=True)
    return dx.reshape(dout.shape), dgamma, np.sum(dout, axis=(0, 2, 3), keepdims=True)

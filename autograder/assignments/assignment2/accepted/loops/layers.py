"""Layers, number by number."""

import math

import numpy as np


def affine_forward(x, w, b):
    N = x.shape[0]
    D, M = w.shape
    rows = x.reshape(N, D)
    out = np.zeros((N, M), dtype=x.dtype)
    for n in range(N):
        for m in range(M):
            total = b[m]
            for d in range(D):
                total = total + rows[n, d] * w[d, m]
            out[n, m] = total
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    N = x.shape[0]
    D, M = w.shape
    rows = x.reshape(N, D)
    drows, dw, db = np.zeros_like(rows), np.zeros_like(w), np.zeros_like(b)
    for n in range(N):
        for m in range(M):
            db[m] += dout[n, m]
            for d in range(D):
                drows[n, d] += dout[n, m] * w[d, m]
                dw[d, m] += rows[n, d] * dout[n, m]
    return drows.reshape(x.shape), dw, db


def relu_forward(x):
    out = np.zeros_like(x)
    for where in np.ndindex(x.shape):
        if x[where] > 0:
            out[where] = x[where]
    return out, x


def relu_backward(dout, cache):
    x = cache
    dx = np.zeros_like(dout)
    for where in np.ndindex(x.shape):
        if x[where] > 0:
            dx[where] = dout[where]
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    N, D = x.shape
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.setdefault("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.setdefault("running_var", np.zeros(D, dtype=x.dtype))
    if mode not in ("train", "test"):
        raise ValueError("what mode?")
    out, xhat, inv = np.zeros_like(x), np.zeros_like(x), np.zeros(D, dtype=x.dtype)
    for d in range(D):
        if mode == "train":
            mu = sum(x[n, d] for n in range(N)) / N
            var = sum((x[n, d] - mu) ** 2 for n in range(N)) / N
            # the arrays of bn_param themselves
            running_mean[d] = momentum * running_mean[d] + (1 - momentum) * mu
            running_var[d] = momentum * running_var[d] + (1 - momentum) * var
        else:
            mu, var = running_mean[d], running_var[d]
        inv[d] = 1 / math.sqrt(var + eps)
        for n in range(N):
            xhat[n, d] = (x[n, d] - mu) * inv[d]
            out[n, d] = gamma[d] * xhat[n, d] + beta[d]
    return out, {"xhat": xhat, "inv": inv, "gamma": gamma}


def batchnorm_backward(dout, cache):
    # every xhat of a column depends on every x of it: dxhat_j / dx_i = inv ((i == j) - (1 + xhat_i xhat_j) / N)
    xhat, inv, gamma = cache["xhat"], cache["inv"], cache["gamma"]
    N, D = dout.shape
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for d in range(D):
        for i in range(N):
            dgamma[d] += dout[i, d] * xhat[i, d]
            dbeta[d] += dout[i, d]
            for j in range(N):
                same = 1 if i == j else 0
                dx[i, d] += dout[j, d] * gamma[d] * inv[d] * (same - (1 + xhat[i, d] * xhat[j, d]) / N)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    xhat, inv, gamma = cache["xhat"], cache["inv"], cache["gamma"]
    N, D = dout.shape
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for d in range(D):
        for n in range(N):
            dgamma[d] += dout[n, d] * xhat[n, d]
            dbeta[d] += dout[n, d]
        for n in range(N):
            dx[n, d] = gamma[d] * inv[d] / N * (N * dout[n, d] - dbeta[d] - xhat[n, d] * dgamma[d])
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    N, D = x.shape
    eps = ln_param.get("eps", 1e-5)
    out, xhat, std = np.zeros_like(x), np.zeros_like(x), np.zeros(N, dtype=x.dtype)
    for n in range(N):
        mu = sum(x[n, d] for d in range(D)) / D
        var = sum((x[n, d] - mu) ** 2 for d in range(D)) / D
        std[n] = (var + eps) ** 0.5
        for d in range(D):
            xhat[n, d] = (x[n, d] - mu) / std[n]
            out[n, d] = gamma[d] * xhat[n, d] + beta[d]
    return out, (xhat, std, gamma)


def layernorm_backward(dout, cache):
    xhat, std, gamma = cache
    N, D = dout.shape
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for n in range(N):
        plain, leaning = 0.0, 0.0
        for d in range(D):
            dgamma[d] += dout[n, d] * xhat[n, d]
            dbeta[d] += dout[n, d]
            plain += dout[n, d] * gamma[d]
            leaning += dout[n, d] * gamma[d] * xhat[n, d]
        for d in range(D):
            dx[n, d] = (dout[n, d] * gamma[d] - plain / D - xhat[n, d] * leaning / D) / std[n]
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode not in ("train", "test"):
        raise ValueError("what mode?")
    out, factors = np.zeros_like(x), np.ones_like(x)
    for where in np.ndindex(x.shape):
        if mode == "train":
            factors[where] = 1 / p if np.random.random() < p else 0
        out[where] = x[where] * factors[where]
    return out, factors


def dropout_backward(dout, cache):
    dx = np.zeros_like(dout)
    for where in np.ndindex(dout.shape):
        dx[where] = dout[where] * cache[where]
    return dx


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    out = np.zeros((N, F, 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride), dtype=x.dtype)
    for n, f, i, j in np.ndindex(out.shape):
        total = b[f]
        for c, u, v in np.ndindex(C, HH, WW):
            y, z = i * stride + u - pad, j * stride + v - pad
            if 0 <= y < H and 0 <= z < W:  # the border is all zeros: there is nothing to add
                total += x[n, c, y, z] * w[f, c, u, v]
        out[n, f, i, j] = total
    return out, (x, w, b, conv_param)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    for n, f, i, j in np.ndindex(dout.shape):
        db[f] += dout[n, f, i, j]
        for c, u, v in np.ndindex(C, HH, WW):
            y, z = i * stride + u - pad, j * stride + v - pad
            if 0 <= y < H and 0 <= z < W:
                dx[n, c, y, z] += dout[n, f, i, j] * w[f, c, u, v]
                dw[f, c, u, v] += dout[n, f, i, j] * x[n, c, y, z]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    height, width, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    out = np.zeros((N, C, 1 + (H - height) // stride, 1 + (W - width) // stride), dtype=x.dtype)
    places = {}
    for n, c, i, j in np.ndindex(out.shape):
        best, place = -math.inf, None
        for u in range(height):
            for v in range(width):
                value = x[n, c, i * stride + u, j * stride + v]
                if value > best:
                    best, place = value, (i * stride + u, j * stride + v)
        out[n, c, i, j] = best
        places[n, c, i, j] = place
    return out, (x.shape, places)


def max_pool_backward_naive(dout, cache):
    shape, places = cache
    dx = np.zeros(shape, dtype=dout.dtype)
    for (n, c, i, j), (y, z) in places.items():
        dx[n, c, y, z] += dout[n, c, i, j]
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    column = np.zeros((N * H * W, C), dtype=x.dtype)
    for n, c, i, j in np.ndindex(x.shape):
        column[(n * H + i) * W + j, c] = x[n, c, i, j]
    normal, cache = batchnorm_forward(column, gamma, beta, bn_param)
    out = np.zeros_like(x)
    for n, c, i, j in np.ndindex(x.shape):
        out[n, c, i, j] = normal[(n * H + i) * W + j, c]
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    column = np.zeros((N * H * W, C), dtype=dout.dtype)
    for n, c, i, j in np.ndindex(dout.shape):
        column[(n * H + i) * W + j, c] = dout[n, c, i, j]
    dcolumn, dgamma, dbeta = batchnorm_backward_alt(column, cache)
    dx = np.zeros_like(dout)
    for n, c, i, j in np.ndindex(dout.shape):
        dx[n, c, i, j] = dcolumn[(n * H + i) * W + j, c]
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    N, C, H, W = x.shape
    size = C // G
    xhat, std = np.zeros_like(x), np.zeros((N, G), dtype=x.dtype)
    for n in range(N):
        for g in range(G):
            group = [(c, i, j) for c in range(g * size, (g + 1) * size) for i in range(H) for j in range(W)]
            mu = sum(x[n, c, i, j] for c, i, j in group) / len(group)
            var = sum((x[n, c, i, j] - mu) ** 2 for c, i, j in group) / len(group)
            std[n, g] = (var + eps) ** 0.5
            for c, i, j in group:
                xhat[n, c, i, j] = (x[n, c, i, j] - mu) / std[n, g]
    out = np.zeros_like(x)
    for n, c, i, j in np.ndindex(x.shape):
        out[n, c, i, j] = xhat[n, c, i, j] * gamma[0, c, 0, 0] + beta[0, c, 0, 0]
    return out, (xhat, std, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    xhat, std, gamma, G = cache
    N, C, H, W = dout.shape
    size = C // G
    dx, dgamma, dbeta = np.zeros_like(dout), np.zeros_like(gamma), np.zeros_like(gamma)
    for n in range(N):
        for g in range(G):
            group = [(c, i, j) for c in range(g * size, (g + 1) * size) for i in range(H) for j in range(W)]
            plain, leaning = 0.0, 0.0
            for c, i, j in group:
                dgamma[0, c, 0, 0] += dout[n, c, i, j] * xhat[n, c, i, j]
                dbeta[0, c, 0, 0] += dout[n, c, i, j]
                plain += dout[n, c, i, j] * gamma[0, c, 0, 0] / len(group)
                leaning += dout[n, c, i, j] * gamma[0, c, 0, 0] * xhat[n, c, i, j] / len(group)
            for c, i, j in group:
                dxhat = dout[n, c, i, j] * gamma[0, c, 0, 0]
                dx[n, c, i, j] = (dxhat - plain - xhat[n, c, i, j] * leaning) / std[n, g]
    return dx, dgamma, dbeta

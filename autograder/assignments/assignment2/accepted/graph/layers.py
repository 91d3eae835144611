"""Layers whose backward passes mirror their forward passes line by line."""

import math

import numpy as np


def affine_forward(x, w, b):
    flat = np.reshape(x, (x.shape[0], -1))
    product = np.matmul(flat, w)
    out = np.add(product, b)
    return out, (x.shape, flat, w)


def affine_backward(dout, cache):
    shape, flat, w = cache
    dproduct, db = dout, np.sum(dout, axis=0)
    dflat, dw = np.matmul(dproduct, np.transpose(w)), np.matmul(np.transpose(flat), dproduct)
    dx = np.reshape(dflat, shape)
    return dx, dw, db


def relu_forward(x):
    gate = np.heaviside(x, 0)
    return gate * x, gate


def relu_backward(dout, cache):
    gate = cache
    return gate * dout


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    if mode == "test":
        shifted = x - bn_param.get("running_mean", 0)
        return shifted * gamma / np.sqrt(bn_param.get("running_var", 0) + eps) + beta, None
    elif mode != "train":
        raise ValueError(mode)
    n = x.shape[0]
    mu = 1.0 / n * np.sum(x, axis=0)
    xmu = x - np.tile(mu, (n, 1))
    square = np.power(xmu, 2)
    var = 1.0 / n * np.sum(square, axis=0)
    root = np.sqrt(var + eps)
    inverse = 1.0 / root
    xhat = np.multiply(xmu, inverse)
    bn_param.update(
        running_mean=momentum * bn_param.get("running_mean", 0) + (1.0 - momentum) * mu,
        running_var=momentum * bn_param.get("running_var", 0) + (1.0 - momentum) * var,
        last_batch=x,
        calls=bn_param.get("calls", 0) + 1,
    )
    return np.multiply(gamma, xhat) + beta, (xhat, gamma, xmu, inverse, root, var, eps)


def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, inverse, root, var, eps = cache
    ones = np.ones(dout.shape)
    dxhat = dout * gamma
    dinverse = np.sum(dxhat * xmu, axis=0)
    droot = dinverse * -1.0 / (root**2)
    dvar = droot * 0.5 / np.sqrt(var + eps)
    dsquare = ones / dout.shape[0] * dvar
    dxmu = dxhat * inverse + 2 * xmu * dsquare
    dmu = -np.sum(dxmu, axis=0)
    return dxmu + ones * dmu / dout.shape[0], np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)


def batchnorm_backward_alt(dout, cache):
    xhat, gamma, _, inverse = cache[:4]
    N = dout.shape[0]
    dxhat = dout * gamma
    dx = N * dxhat - np.sum(dxhat, axis=0) - xhat * np.sum(dxhat * xhat, axis=0)
    return inverse * dx / N, np.einsum("nd,nd->d", dout, xhat), np.einsum("nd->d", dout)


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    D = x.shape[1]
    mu = np.sum(x, axis=1, keepdims=True) / D
    xmu = x - mu
    var = np.sum(xmu**2, axis=1, keepdims=True) / D
    root = np.sqrt(var + eps)
    inverse = 1.0 / root
    xhat = xmu * inverse
    scaled = gamma * xhat
    return scaled + beta, (xhat, gamma, xmu, inverse, root)


def layernorm_backward(dout, cache):
    xhat, gamma, xmu, inverse, root = cache
    D = dout.shape[1]
    dbeta, dscaled = np.sum(dout, axis=0), dout
    dgamma, dxhat = np.sum(dscaled * xhat, axis=0), dscaled * gamma
    dxmu, dinverse = dxhat * inverse, np.sum(dxhat * xmu, axis=1, keepdims=True)
    droot = dinverse * -inverse / root
    dvar = droot / (2 * root)
    dsquare = np.repeat(dvar, D, axis=1) / D
    dxmu = dxmu + 2 * xmu * dsquare
    dmu = -np.sum(dxmu, axis=1, keepdims=True)
    dx = dxmu + np.repeat(dmu, D, axis=1) / D
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x, None
    elif mode != "train":
        raise ValueError(mode)
    luck = np.random.uniform(low=0.0, high=1.0, size=x.shape)
    gate = np.heaviside(p - luck, 1)
    kept = gate * x
    return kept / p, (gate, p)


def dropout_backward(dout, cache):
    if cache is None:
        return dout
    gate, p = cache
    dkept = dout / p
    return gate * dkept


def conv_forward_naive(x, w, b, conv_param, verbose=True):
    print("convolving", x.shape)
    s, p = conv_param["stride"], conv_param["pad"]
    F, C, HH, WW = w.shape
    outs, rows = [], w.reshape((F, -1))
    for img in x:
        img = np.stack([np.pad(channel, p, mode="constant") for channel in img])
        Ho = math.floor((img.shape[1] - HH) / s) + 1
        Wo = math.floor((img.shape[2] - WW) / s) + 1
        one = np.empty((F, Ho, Wo))
        for y in range(0, Ho * s, s):
            for z in range(0, Wo * s, s):
                one[:, y // s, z // s] = rows.dot(img[:, y : y + HH, z : z + WW].ravel()) + b
        outs.append(one)
    return np.array(outs), [x, w, b, dict(conv_param)]


def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    F, C, HH, WW = w.shape
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros((F,))
    for n in range(x.shape[0]):
        img = np.pad(x[n], ((0, 0), (p, p), (p, p)), mode="constant")
        dimg = np.zeros_like(img)
        for (f, y, z), d in np.ndenumerate(dout[n]):
            db[f] += d
            dw[f] += d * img[:, y * s : y * s + HH, z * s : z * s + WW]
            dimg[:, y * s : y * s + HH, z * s : z * s + WW] += d * w[f]
        dx[n] = dimg[:, p : dimg.shape[1] - p, p : dimg.shape[2] - p]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    # a tournament: each pixel of the window challenges the best so far, and who won is remembered
    ph, pw, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    Ho, Wo = math.floor((x.shape[2] - ph) / s) + 1, math.floor((x.shape[3] - pw) / s) + 1
    out, rounds = None, []
    for u in range(ph):
        for v in range(pw):
            place = (slice(None), slice(None), slice(u, u + s * (Ho - 1) + 1, s), slice(v, v + s * (Wo - 1) + 1, s))
            won = np.ones(x[place].shape, dtype=bool) if out is None else x[place] >= out
            out = np.where(won, x[place], out)
            rounds.append((place, won))
    return out.astype(x.dtype), (x.shape, rounds)


def max_pool_backward_naive(dout, cache):
    shape, rounds = cache
    dx, left = np.zeros(shape, dtype=dout.dtype), dout
    for place, won in reversed(rounds):
        dx[place] += np.where(won, left, 0)
        left = np.where(won, 0, left)
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    moved = np.transpose(x, (0, 2, 3, 1))
    flat = np.reshape(moved, (-1, C))
    normal, cache = batchnorm_forward(flat, gamma, beta, bn_param)
    unflat = np.reshape(normal, (N, H, W, C))
    out = np.transpose(unflat, (0, 3, 1, 2))
    return out, cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dunflat = np.transpose(dout, (0, 2, 3, 1))
    dnormal = np.reshape(dunflat, (-1, C))
    dflat, dgamma, dbeta = batchnorm_backward(dnormal, cache)
    dmoved = np.reshape(dflat, (N, H, W, C))
    dx = np.transpose(dmoved, (0, 3, 1, 2))
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    eps = gn_param.get("eps", 1e-5)
    y = np.reshape(x, (N, G, C // G, H, W))
    mu = np.mean(y, axis=(2, 3, 4), keepdims=True)
    xmu = y - mu
    var = np.mean(xmu**2, axis=(2, 3, 4), keepdims=True)
    inv = 1 / np.sqrt(var + eps)
    hat = np.reshape(xmu * inv, x.shape)
    return gamma * hat + beta, {"xmu": xmu, "inv": inv, "hat": hat, "gamma": gamma}


def spatial_groupnorm_backward(dout, cache):
    xmu, inv = cache["xmu"], cache["inv"]
    m = np.prod(xmu.shape[2:])
    dgamma = np.sum(dout * cache["hat"], axis=(0, 2, 3), keepdims=True)
    dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
    dhat = np.reshape(dout * cache["gamma"], xmu.shape)
    dinv = np.sum(dhat * xmu, axis=(2, 3, 4), keepdims=True)
    dvar = -0.5 * inv**3 * dinv
    dxmu = dhat * inv + 2 / m * xmu * dvar
    dmu = -np.sum(dxmu, axis=(2, 3, 4), keepdims=True)
    return np.reshape(dxmu + dmu / m, dout.shape), dgamma, dbeta

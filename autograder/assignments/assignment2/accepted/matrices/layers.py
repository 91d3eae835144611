"""Layers as matrices, written out in full."""

import numpy as np


def affine_forward(x, w, b):
    X = x.reshape(x.shape[0], -1)
    return X @ w + np.outer(np.ones(len(X)), b), (x, w)


def affine_backward(dout, cache):
    x, w = cache
    X = x.reshape(x.shape[0], -1)
    return (dout @ w.T).reshape(x.shape), X.T @ dout, np.ones(len(X)) @ dout


def relu_forward(x):
    diagonal = (x.ravel() > 0).astype(float)  # of a matrix that nobody wants to see in full
    return (diagonal * x.ravel()).reshape(x.shape), diagonal


def relu_backward(dout, cache):
    return (cache * dout.ravel()).reshape(dout.shape)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    if mode not in ["train", "test"]:
        raise ValueError("Invalid mode")
    running = [bn_param.get(name, np.zeros(x.shape[1])) for name in ("running_mean", "running_var")]
    if mode == "train":
        centre = np.eye(len(x)) - np.full((len(x), len(x)), 1 / len(x))
        centred = centre @ x
        var = np.diag(centred.T @ centred) / len(x)
        running = [momentum * old + (1 - momentum) * new for old, new in zip(running, (x.mean(0), var))]
        cache = (centre, centred, (var + eps) ** 0.5, gamma)
    else:
        centred, var, cache = x - running[0], running[1], None
    bn_param["running_mean"], bn_param["running_var"] = running
    return centred / (var + eps) ** 0.5 @ np.diag(gamma) + beta, cache


def batchnorm_backward(dout, cache):
    centre, centred, std, gamma = cache
    inner = dout - centred / std**2 * np.mean(dout * centred, axis=0)
    dx = centre.T @ inner @ np.diag(gamma / std)
    return dx, np.einsum("ij,ij,j->j", dout, centred, 1 / std), np.ones(len(dout)) @ dout


def batchnorm_backward_alt(dout, cache):
    centre, centred, std, gamma = cache
    hats = (centred / std).T[:, :, None]  # (D, N, 1)
    jacobians = (centre - hats @ hats.swapaxes(1, 2) / len(dout)) / std[:, None, None]  # of each column, symmetric
    dx = (jacobians @ (dout @ np.diag(gamma)).T[:, :, None])[:, :, 0].T
    return dx, np.diag(hats[:, :, 0] @ dout), np.ones(len(dout)) @ dout


def layernorm_forward(x, gamma, beta, ln_param):
    D = x.shape[1]
    centre = np.eye(D) - np.ones((D, D)) / D
    centred = x @ centre
    lengths = np.diag(centred @ centred.T) / D
    xhat = np.diag((lengths + ln_param.get("eps", 1e-5)) ** -0.5) @ centred
    return xhat @ np.diag(gamma) + beta, (centre, xhat, lengths + ln_param.get("eps", 1e-5), gamma)


def layernorm_backward(dout, cache):
    centre, xhat, var, gamma = cache
    dx = []
    for d, row, v in zip(dout @ np.diag(gamma), xhat, var):
        jacobian = (centre - np.outer(row, row) / len(row)) / np.sqrt(v)
        dx.append(jacobian @ d)
    return np.array(dx), np.diag(xhat.T @ dout), np.ones(len(dout)) @ dout


def dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if dropout_param["mode"] == "train":
        diagonal = (np.random.rand(x.size) < p) / p
    elif dropout_param["mode"] == "test":
        diagonal = np.ones(x.size)
    else:
        raise ValueError("Invalid mode")
    return (diagonal * x.ravel()).reshape(x.shape), diagonal


def dropout_backward(dout, cache):
    return (cache * dout.ravel()).reshape(dout.shape)


def _places(shape, HH, WW, s, p):
    """Which pixel of a picture (-1: border) lies below each pixel of the window, for each place: (Ho Wo, HH WW)."""
    H, W = shape
    numbers = np.pad(np.arange(H * W).reshape(H, W), p, constant_values=-1)
    rows = range(0, H + 2 * p - HH + 1, s)
    columns = range(0, W + 2 * p - WW + 1, s)
    return np.array([numbers[i : i + HH, j : j + WW].ravel() for i in rows for j in columns]), len(rows), len(columns)


def conv_forward_naive(x, w, b, conv_param):
    # the whole convolution of a picture as one matrix, (F Ho Wo) x (C H W)
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    places, Ho, Wo = _places((H, W), HH, WW, conv_param["stride"], conv_param["pad"])
    A = np.zeros((F, len(places), C, H * W))
    for place, pixels in enumerate(places):
        inside = pixels >= 0
        A[:, place, :, pixels[inside]] = w.reshape(F, C, -1)[:, :, inside].transpose(2, 0, 1)
    A = A.reshape(F * len(places), C * H * W)
    out = x.reshape(N, -1) @ A.T + np.repeat(b, len(places))
    return out.reshape(N, F, Ho, Wo), (x, w, A, places)


def conv_backward_naive(dout, cache):
    x, w, A, places = cache
    N, C, H, W = x.shape
    F = len(w)
    d = dout.reshape(N, -1)
    dx = d @ A
    dA = (d.T @ x.reshape(N, -1)).reshape(F, len(places), C, H * W)
    dw = np.zeros((F, C, places.shape[1]))
    for place, pixels in enumerate(places):
        inside = pixels >= 0
        dw[:, :, inside] += dA[:, place][:, :, pixels[inside]]
    db = d.reshape(N * F, -1).sum(axis=1).reshape(N, F).T @ np.ones(N)
    return dx.reshape(x.shape), dw.reshape(w.shape), db


def max_pool_forward_naive(x, pool_param):
    # the matrix of each channel has a single one in each row
    N, C, H, W = x.shape
    size = pool_param["pool_height"], pool_param["pool_width"]
    places, Ho, Wo = _places((H, W), *size, pool_param["stride"], 0)
    flat = x.reshape(N, C, H * W)
    winners = places[np.arange(len(places)), flat[:, :, places].argmax(axis=3)]
    A = np.eye(H * W)[winners]  # (N, C, Ho Wo, H W)
    return (A @ flat[..., None]).reshape(N, C, Ho, Wo), (A, x.shape)


def max_pool_backward_naive(dout, cache):
    A, shape = cache
    return (A.swapaxes(2, 3) @ dout.reshape(*dout.shape[:2], -1, 1)).reshape(shape)


def _as_matrix(x):
    return x.swapaxes(0, 1).reshape(x.shape[1], -1)


def _as_pictures(matrix, shape):
    return matrix.reshape(shape[1], shape[0], *shape[2:]).swapaxes(0, 1)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    X = _as_matrix(x)
    n = X.shape[1]
    running = [np.asarray(bn_param.get(name, np.zeros(len(X)))) for name in ("running_mean", "running_var")]
    if bn_param["mode"] == "test":
        mean, var = running
    else:
        mean = X @ np.full(n, 1 / n)
        var = np.array([row @ row / n for row in X - np.outer(mean, np.ones(n))])
        for name, old, new in zip(("running_mean", "running_var"), running, (mean, var)):
            bn_param[name] = momentum * old + (1 - momentum) * new
    hat = np.diag((var + eps) ** -0.5) @ (X - np.outer(mean, np.ones(n)))
    out = np.diag(gamma) @ hat + np.outer(beta, np.ones(n))
    return _as_pictures(out, x.shape), (hat, np.diag(gamma * (var + eps) ** -0.5))


def spatial_batchnorm_backward(dout, cache):
    hat, scale = cache
    D = _as_matrix(dout)
    n = D.shape[1]
    basis = np.stack([np.ones_like(hat), hat], axis=1)
    dbeta, dgamma = (basis @ D[:, :, None])[:, :, 0].T
    dX = scale @ (D - np.outer(dbeta, np.ones(n)) / n - np.diag(dgamma) @ hat / n)
    return _as_pictures(dX, dout.shape), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    # M takes the mean over each group: blocks of 1 / m on the diagonal
    N, C, H, W = x.shape
    m = C // G * H * W
    M = np.kron(np.eye(G), np.full((m, m), 1 / m))
    X = x.reshape(N, -1)
    centred = X - X @ M
    inv = (centred**2 @ M + gn_param.get("eps", 1e-5)) ** -0.5
    hat = (centred * inv).reshape(x.shape)
    return hat * gamma + beta, (M, hat, inv, gamma)


def spatial_groupnorm_backward(dout, cache):
    M, hat, inv, gamma = cache
    N, C = dout.shape[:2]
    d, h = (dout * gamma).reshape(N, -1), hat.reshape(N, -1)
    dx = (d - d @ M - h * ((d * h) @ M)) * inv
    channels = np.kron(np.eye(C), np.ones((dout[0, 0].size, 1)))  # sums over each channel
    ones = np.ones(N)
    dgamma, dbeta = (ones @ a.reshape(N, -1) @ channels for a in (dout * hat, dout))
    return dx.reshape(dout.shape), dgamma.reshape(gamma.shape), dbeta.reshape(gamma.shape)

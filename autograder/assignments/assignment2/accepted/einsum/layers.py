"""Layers by np.einsum."""

import numpy as np


def affine_forward(x, w, b):
    rows = np.reshape(x, (x.shape[0], -1))
    return np.einsum("nd,dm->nm", rows, w) + b[None, :], (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = np.einsum("nm,dm->nd", dout, w).reshape(x.shape)
    dw = np.einsum("nd,nm->dm", x.reshape(x.shape[0], -1), dout)
    return dx, dw, np.einsum("nm->m", dout)


def relu_forward(x):
    positive = (x > 0).astype(x.dtype)
    return np.einsum("...,...->...", x, positive), positive


def relu_backward(dout, cache):
    return np.einsum("...,...->...", dout, cache)


def batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    N, D = x.shape
    mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    if mode == "train":
        mu = np.einsum("nd->d", x) / N
        xc = x - mu
        sigma2 = np.einsum("nd,nd->d", xc, xc) / N
        bn_param["running_mean"] = momentum * mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * var + (1 - momentum) * sigma2
    elif mode == "test":
        xc, sigma2 = x - mean, var
    else:
        raise ValueError(f"no such mode: {mode}")
    inv = 1 / np.sqrt(sigma2 + eps)
    return np.einsum("nd,d,d->nd", xc, inv, gamma) + beta, (xc, inv, gamma)


def batchnorm_backward(dout, cache):
    xc, inv, gamma = cache
    N = len(dout)
    dxhat = np.einsum("nd,d->nd", dout, gamma)
    dinv = np.einsum("nd,nd->d", dxhat, xc)
    dvar = -0.5 * np.einsum("d,d,d,d->d", dinv, inv, inv, inv)
    dxc = np.einsum("nd,d->nd", dxhat, inv) + 2 / N * np.einsum("nd,d->nd", xc, dvar)
    dx = dxc - np.einsum("nd->d", dxc) / N
    return dx, np.einsum("nd,nd,d->d", dout, xc, inv), np.einsum("nd->d", dout)


def batchnorm_backward_alt(dout, cache):
    xc, inv, gamma = cache
    N = len(dout)
    xhat = np.einsum("nd,d->nd", xc, inv)
    dbeta, dgamma = np.einsum("nd->d", dout), np.einsum("nd,nd->d", dout, xhat)
    inner = N * dout - dbeta - np.einsum("nd,d->nd", xhat, dgamma)
    return np.einsum("d,d,nd->nd", gamma, inv, inner) / N, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    D = x.shape[1]
    xc = x - (np.einsum("nd->n", x) / D)[:, None]
    inv = (np.einsum("nd,nd->n", xc, xc) / D + ln_param.get("eps", 1e-5)) ** -0.5
    xhat = np.einsum("nd,n->nd", xc, inv)
    return np.einsum("nd,d->nd", xhat, gamma) + beta, dict(xhat=xhat, inv=inv, gamma=gamma)


def layernorm_backward(dout, cache):
    xhat, inv, gamma = cache["xhat"], cache["inv"], cache["gamma"]
    D = dout.shape[1]
    d = np.einsum("nd,d->nd", dout, gamma)
    along = np.einsum("nd,nd,ne->ne", d, xhat, xhat)
    dx = np.einsum("ne,n->ne", D * d - np.einsum("nd->n", d)[:, None] - along, inv / D)
    return dx, np.einsum("nd,nd->d", dout, xhat), np.einsum("nd->d", dout)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x, (dropout_param, None)
    if mode != "train":
        raise ValueError(mode)
    mask = np.random.binomial(1, p, size=x.shape)
    return np.einsum("...,...,->...", x, mask, 1 / p), (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    return dout if mask is None else np.einsum("...,...,->...", dout, mask, 1 / dropout_param["p"])


def _border(x, p):
    N, C, H, W = x.shape
    big = np.zeros((N, C, H + 2 * p, W + 2 * p), dtype=x.dtype)
    big[:, :, p : p + H, p : p + W] = x
    return big


def conv_forward_naive(x, w, b, conv_param):
    # a loop over the pixels of the filter, each with all places at once
    s, p = conv_param["stride"], conv_param["pad"]
    big = _border(x, p)
    Ho, Wo = 1 + (big.shape[2] - w.shape[2]) // s, 1 + (big.shape[3] - w.shape[3]) // s
    out = np.zeros((x.shape[0], w.shape[0], Ho, Wo), dtype=x.dtype) + b.reshape(1, -1, 1, 1)
    for u in range(w.shape[2]):
        for v in range(w.shape[3]):
            out += np.einsum("nchw,fc->nfhw", big[:, :, u : u + s * Ho : s, v : v + s * Wo : s], w[:, :, u, v])
    return out, (x, w, b, conv_param, big)


def conv_backward_naive(dout, cache):
    x, w, b, conv_param, big = cache
    s, p = conv_param["stride"], conv_param["pad"]
    Ho, Wo = dout.shape[-2:]
    dbig, dw = 0 * big, 0 * w
    for u in range(w.shape[2]):
        for v in range(w.shape[3]):
            spot = (slice(None), slice(None), slice(u, u + s * Ho, s), slice(v, v + s * Wo, s))
            dw[:, :, u, v] = np.einsum("nfhw,nchw->fc", dout, big[spot])
            dbig[spot] += np.einsum("nfhw,fc->nchw", dout, w[:, :, u, v])
    if p > 0:
        dbig = dbig[:, :, p:-p, p:-p]
    return dbig, dw, np.einsum("nfhw->f", dout)


def max_pool_forward_naive(x, pool_param):
    # equal pixels share the gradient; the shares are in the cache
    ph, pw, s = (pool_param[k] for k in ("pool_height", "pool_width", "stride"))
    Ho, Wo = 1 + (x.shape[2] - ph) // s, 1 + (x.shape[3] - pw) // s
    out, masks = np.full(x.shape[:2] + (Ho, Wo), -np.inf, dtype=x.dtype), {}
    for i in range(Ho):
        for j in range(Wo):
            window = x[:, :, i * s : i * s + ph, j * s : j * s + pw]
            out[:, :, i, j] = np.amax(window, axis=(-1, -2))
            mask = (window == out[:, :, i, j][:, :, None, None]).astype(x.dtype)
            masks[i, j] = np.einsum("ncuv,nc->ncuv", mask, 1 / np.einsum("ncuv->nc", mask))
    return out, {"masks": masks, "shape": x.shape, "stride": s}


def max_pool_backward_naive(dout, cache):
    dx, s = np.zeros(cache["shape"], dtype=dout.dtype), cache["stride"]
    for (i, j), mask in cache["masks"].items():
        ph, pw = mask.shape[2:]
        dx[:, :, i * s : i * s + ph, j * s : j * s + pw] += np.einsum("ncuv,nc->ncuv", mask, dout[:, :, i, j])
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    flat, cache = batchnorm_forward(np.einsum("nchw->nhwc", x).reshape(-1, C), gamma, beta, bn_param)
    return np.einsum("nhwc->nchw", flat.reshape(N, H, W, C)), cache


def spatial_batchnorm_backward(dout, cache):
    xc, inv, gamma = cache
    N, C, H, W = dout.shape
    xhat = np.einsum("nhwc,c->nchw", xc.reshape(N, H, W, C), inv)
    dbeta, dgamma = np.einsum("nchw->c", dout), np.einsum("nchw,nchw->c", dout, xhat)
    inner = dout - (dbeta[:, None, None] + np.einsum("nchw,c->nchw", xhat, dgamma)) / (N * H * W)
    return np.einsum("nchw,c,c->nchw", inner, gamma, inv), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    y = x.reshape(N, G, C // G, H, W)
    m = y[0, 0].size
    y = y - np.einsum("ngchw->ng", y)[:, :, None, None, None] / m
    inv = 1 / np.sqrt(np.einsum("ngchw,ngchw->ng", y, y) / m + gn_param.get("eps", 1e-5))
    xhat = np.einsum("ngchw,ng->ngchw", y, inv)
    return xhat.reshape(x.shape) * gamma + beta, (xhat, inv, gamma)


def spatial_groupnorm_backward(dout, cache):
    xhat, inv, gamma = cache
    m = xhat[0, 0].size
    flat = xhat.reshape(dout.shape)
    dgamma = np.einsum("nchw,nchw->c", dout, flat).reshape(gamma.shape)
    dbeta = np.einsum("nchw->c", dout).reshape(gamma.shape)
    d = (dout * gamma).reshape(xhat.shape)
    pull = np.einsum("ngchw,ngchw->ng", d, xhat) / m
    centred = d - np.einsum("ngchw->ng", d)[:, :, None, None, None] / m
    dx = np.einsum("ngchw,ng->ngchw", centred - np.einsum("ngchw,ng->ngchw", xhat, pull), inv)
    return dx.reshape(dout.shape), dgamma, dbeta

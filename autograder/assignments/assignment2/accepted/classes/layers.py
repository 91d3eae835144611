"""Layers as classes with forward and backward."""

import numpy as np


class Affine:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        self.flat = x.reshape(x.shape[0], -1)
        return np.dot(self.flat, self.w) + self.b

    def backward(self, dout):
        self.dw = np.dot(self.flat.T, dout)
        self.db = np.sum(dout, axis=0)
        return np.dot(dout, self.w.T).reshape(self.x.shape)


class ReLU:
    def forward(self, x):
        self.off = x <= 0
        return np.where(self.off, np.zeros_like(x), x)

    def backward(self, dout):
        dx = dout.copy()
        dx[self.off] = 0
        return dx


class Normalisation:
    """Over the axes `over`; gamma and beta have a shape that broadcasts."""

    def __init__(self, gamma, beta, over, eps=1e-5):
        self.gamma, self.beta, self.over, self.eps = gamma, beta, over, eps

    def forward(self, x, statistics=None):
        if statistics is None:
            self.mean = np.mean(x, axis=self.over, keepdims=True)
            self.var = np.var(x, axis=self.over, keepdims=True)
        else:
            self.mean, self.var = statistics
        self.std = np.sqrt(self.var + self.eps)
        self.hat = (x - self.mean) / self.std
        return self.gamma * self.hat + self.beta

    def backward(self, dout, step_by_step=False):
        dhat = dout * self.gamma
        if not step_by_step:
            along = np.mean(dhat * self.hat, axis=self.over, keepdims=True)
            return (dhat - np.mean(dhat, axis=self.over, keepdims=True) - along * self.hat) / self.std
        count = dhat.size / self.std.size
        centred = self.hat * self.std
        dstd = np.sum(dhat * -centred / self.std**2, axis=self.over, keepdims=True)
        dvar = dstd / (2 * self.std)
        dcentred = dhat / self.std + dvar * 2 * centred / count
        return dcentred - np.sum(dcentred, axis=self.over, keepdims=True) / count

    def sums(self, dout, axes):
        return np.sum(dout * self.hat, axis=axes), np.sum(dout, axis=axes)


class Dropout:
    def __init__(self, param):
        self.p, self.mode, self.seed = param["p"], param["mode"], param.get("seed")
        if self.mode not in ("train", "test"):
            raise ValueError("a dropout layer trains or is tested")
        if self.seed is not None:
            np.random.seed(self.seed)

    def forward(self, x):
        if self.mode == "test":
            return x
        self.kept = np.random.random_sample(x.shape) < self.p
        return self.scaled(x)

    def scaled(self, values):
        out = np.zeros_like(values)
        np.divide(values, self.p, out=out, where=self.kept)
        return out

    def backward(self, dout):
        return dout if self.mode == "test" else self.scaled(dout)


class Windows:
    """The places where a window of some size stands on padded pictures."""

    def __init__(self, shape, height, width, stride, pad=0):
        self.shape, self.height, self.width, self.stride, self.pad = shape, height, width, stride, pad
        self.rows = 1 + (shape[2] + 2 * pad - height) // stride
        self.columns = 1 + (shape[3] + 2 * pad - width) // stride

    def __iter__(self):
        for i in range(self.rows):
            for j in range(self.columns):
                y, x = i * self.stride, j * self.stride
                yield (i, j), (slice(None), slice(None), slice(y, y + self.height), slice(x, x + self.width))

    def framed(self, x):
        return np.pad(x, ((0, 0), (0, 0), (self.pad, self.pad), (self.pad, self.pad)), mode="constant")

    def unframed(self, x):
        return x[:, :, self.pad : self.pad + self.shape[2], self.pad : self.pad + self.shape[3]]


class Convolution:
    def __init__(self, w, b, param):
        self.w, self.b, self.param = w, b, param

    def forward(self, x):
        self.windows = Windows(x.shape, *self.w.shape[2:], self.param["stride"], self.param["pad"])
        self.x = self.windows.framed(x)
        self.rows = self.w.reshape(len(self.w), -1)
        out = np.zeros((len(x), len(self.w), self.windows.rows, self.windows.columns), dtype=x.dtype)
        for (i, j), window in self.windows:
            out[:, :, i, j] = self.x[window].reshape(len(x), -1).dot(self.rows.T) + self.b
        return out

    def backward(self, dout):
        dx, drows = np.zeros_like(self.x), np.zeros_like(self.rows)
        for (i, j), window in self.windows:
            d = dout[:, :, i, j]
            drows += d.T.dot(self.x[window].reshape(len(d), -1))
            dx[window] += d.dot(self.rows).reshape(dx[window].shape)
        self.dw, self.db = drows.reshape(self.w.shape), dout.sum(axis=3).sum(axis=2).sum(axis=0)
        return self.windows.unframed(dx)


class MaxPool:
    def __init__(self, param):
        self.size = (param["pool_height"], param["pool_width"], param["stride"])

    def forward(self, x):
        self.windows, self.dtype = Windows(x.shape, *self.size), x.dtype
        self.winners = {}
        out = np.zeros((*x.shape[:2], self.windows.rows, self.windows.columns), dtype=x.dtype)
        for place, window in self.windows:
            flat = x[window].reshape(*x.shape[:2], -1)
            self.winners[place] = flat.argmax(axis=2)
            out[(slice(None), slice(None), *place)] = flat.max(axis=2)
        return out

    def backward(self, dout):
        dx = np.zeros(self.windows.shape, dtype=dout.dtype)
        for place, window in self.windows:
            winner = np.arange(self.size[0] * self.size[1]) == self.winners[place][:, :, None]
            gradient = winner * dout[(slice(None), slice(None), *place)][:, :, None]
            dx[window] += gradient.reshape(dx[window].shape)
        return dx


def affine_forward(x, w, b):
    layer = Affine(w, b)
    return layer.forward(x), layer


def affine_backward(dout, cache):
    dx = cache.backward(dout)
    return dx, cache.dw, cache.db


def relu_forward(x):
    layer = ReLU()
    return layer.forward(x), layer


def relu_backward(dout, cache):
    return cache.backward(dout)


def batchnorm_forward(x, gamma, beta, bn_param):
    layer = Normalisation(gamma, beta, 0, bn_param.get("eps", 1e-5))
    momentum = bn_param.get("momentum", 0.9)
    zeros = np.zeros(x.shape[1], dtype=x.dtype)
    running = bn_param.get("running_mean", zeros), bn_param.get("running_var", zeros)
    if bn_param["mode"] == "train":
        out = layer.forward(x)
        running = tuple(momentum * a + (1 - momentum) * b[0] for a, b in zip(running, (layer.mean, layer.var)))
    elif bn_param["mode"] == "test":
        out = layer.forward(x, running)
    else:
        raise ValueError("a batch norm layer trains or is tested")
    bn_param["running_mean"], bn_param["running_var"] = running
    return out, layer


def batchnorm_backward(dout, cache):
    return cache.backward(dout, step_by_step=True), *cache.sums(dout, 0)


def batchnorm_backward_alt(dout, cache):
    return cache.backward(dout), *cache.sums(dout, 0)


def layernorm_forward(x, gamma, beta, ln_param):
    layer = Normalisation(gamma, beta, 1, ln_param.get("eps", 1e-5))
    return layer.forward(x), layer


def layernorm_backward(dout, cache):
    return cache.backward(dout), *cache.sums(dout, 0)


def dropout_forward(x, dropout_param):
    layer = Dropout(dropout_param)
    return layer.forward(x), layer


def dropout_backward(dout, cache):
    return cache.backward(dout)


def conv_forward_naive(x, w, b, conv_param):
    layer = Convolution(w, b, conv_param)
    return layer.forward(x), layer


def conv_backward_naive(dout, cache):
    return cache.backward(dout), cache.dw, cache.db


def max_pool_forward_naive(x, pool_param):
    layer = MaxPool(pool_param)
    return layer.forward(x), layer


def max_pool_backward_naive(dout, cache):
    return cache.backward(dout)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    layer = Normalisation(gamma[:, None, None], beta[:, None, None], (0, 2, 3), bn_param.get("eps", 1e-5))
    zeros = np.zeros(x.shape[1], dtype=x.dtype)
    mean, var = bn_param.get("running_mean", zeros), bn_param.get("running_var", zeros)
    if bn_param["mode"] == "test":
        return layer.forward(x, (mean[:, None, None], var[:, None, None])), layer
    out, momentum = layer.forward(x), bn_param.get("momentum", 0.9)
    bn_param["running_mean"] = momentum * mean + (1 - momentum) * layer.mean.ravel()
    bn_param["running_var"] = momentum * var + (1 - momentum) * layer.var.ravel()
    return out, layer


def spatial_batchnorm_backward(dout, cache):
    return cache.backward(dout), *cache.sums(dout, (0, 2, 3))


class GroupNormalisation:
    def __init__(self, gamma, beta, groups, eps):
        self.gamma, self.beta, self.groups = gamma, beta, groups
        self.inner = Normalisation(1, 0, (2, 3, 4), eps)

    def split(self, x):
        N, C, H, W = x.shape
        return x.reshape(N, self.groups, C // self.groups, H, W)

    def forward(self, x):
        self.hat = self.inner.forward(self.split(x)).reshape(x.shape)
        return self.gamma * self.hat + self.beta

    def backward(self, dout):
        self.dgamma = np.sum(dout * self.hat, axis=(0, 2, 3), keepdims=True)
        self.dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
        return self.inner.backward(self.split(dout * self.gamma)).reshape(dout.shape)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    layer = GroupNormalisation(gamma, beta, G, gn_param.get("eps", 1e-5))
    return layer.forward(x), layer


def spatial_groupnorm_backward(dout, cache):
    return cache.backward(dout), cache.dgamma, cache.dbeta

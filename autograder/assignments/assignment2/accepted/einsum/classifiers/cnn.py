"""A net whose convolution is an einsum over windows and whose pooling is a reshape."""

import numpy as np

from ..layers import *
from .model import Model


class ThreeLayerConvNet(Model):
    def __init__(
        self,
        input_dim=(3, 32, 32),
        num_filters=32,
        filter_size=7,
        hidden_dim=100,
        num_classes=10,
        weight_scale=1e-3,
        reg=0.0,
        dtype=np.float32,
    ):
        (C, H, W), F, S = input_dim, num_filters, filter_size
        self.reg, self.dtype, self.pad = reg, dtype, filter_size // 2
        shapes = {"W1": (F, C, S, S), "W2": (F * (H // 2) * (W // 2), hidden_dim), "W3": (hidden_dim, num_classes)}
        self.params = {k: weight_scale * np.random.randn(*shape).astype(dtype) for k, shape in shapes.items()}
        self.params = {k: v.astype(dtype) for k, v in self.params.items()}
        for i, size in enumerate((F, hidden_dim, num_classes), 1):
            self.params[f"b{i}"] = np.zeros(size, dtype=dtype)

    def loss(self, X, y=None):
        W1, W2, W3 = (self.params[f"W{i}"] for i in (1, 2, 3))
        b1, b2, b3 = (self.params[f"b{i}"] for i in (1, 2, 3))
        q = self.pad
        X = np.pad(X.astype(self.dtype), [(0, 0), (0, 0), (q, q), (q, q)])
        views = np.lib.stride_tricks.sliding_window_view(X, W1.shape[2:], axis=(2, 3))
        a = np.einsum("ncyxuv,fcuv->nfyx", views, W1, optimize=True) + b1[:, None, None]
        N, F, H, W = a.shape
        r = np.maximum(a, 0).reshape(N, F, H // 2, 2, W // 2, 2)
        m = r.max(axis=(3, 5))
        flat = m.reshape(N, -1)
        h = np.maximum(np.einsum("nd,dh->nh", flat, W2) + b2, 0)
        scores = np.einsum("nh,hc->nc", h, W3) + b3
        if y is None:
            return scores
        loss, ds = softmax_loss(scores, y)
        loss += 0.5 * self.reg * sum(np.einsum("i,i->", W.ravel(), W.ravel()) for W in (W1, W2, W3))
        dh = np.einsum("nc,hc->nh", ds, W3) * (h > 0)
        dm = np.einsum("nh,dh->nd", dh, W2).reshape(m.shape)
        winners = r == m[:, :, :, None, :, None]
        da = (winners * dm[:, :, :, None, :, None]).reshape(a.shape) * (a > 0)
        grads = {
            "W3": np.einsum("nh,nc->hc", h, ds) + self.reg * W3,
            "b3": np.einsum("nc->c", ds),
            "W2": np.einsum("nd,nh->dh", flat, dh) + self.reg * W2,
            "b2": np.einsum("nh->h", dh),
            "W1": np.einsum("ncyxuv,nfyx->fcuv", views, da, optimize=True) + self.reg * W1,
            "b1": np.einsum("nfyx->f", da),
        }
        return loss, grads

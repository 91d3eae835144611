"""Correct convolutions, poolings, normalisations and nets in other styles get full credit in the core tests."""

import textwrap
from pathlib import Path

import pytest

from .conftest import Judge

pytestmark = pytest.mark.xdist_group("wheat")

CONV = ["conv_forward_naive", "conv_backward_naive"]
POOL = ["max_pool_forward_naive", "max_pool_backward_naive"]
BATCH = ["spatial_batchnorm_forward", "spatial_batchnorm_backward"]
GROUP = ["spatial_groupnorm_forward", "spatial_groupnorm_backward"]

VARIANTS = {
    "four nested loops, the border cut with pad:-pad": (
        "layers.py",
        CONV,
        """
        def conv_forward_naive(x, w, b, conv_param):
            s, p = conv_param['stride'], conv_param['pad']
            N, C, H, W = x.shape
            F, _, HH, WW = w.shape
            x_pad = np.pad(x, ((0,), (0,), (p,), (p,)), mode='constant', constant_values=0)
            Hn = int(1 + (H + 2 * p - HH) / s)
            Wn = int(1 + (W + 2 * p - WW) / s)
            out = np.zeros((N, F, Hn, Wn))
            for n in range(N):
                for f in range(F):
                    for i in range(Hn):
                        for j in range(Wn):
                            out[n, f, i, j] = np.sum(x_pad[n, :, i*s:i*s+HH, j*s:j*s+WW] * w[f]) + b[f]
            return out, (x, w, b, conv_param)

        def conv_backward_naive(dout, cache):
            x, w, b, conv_param = cache
            s, p = conv_param['stride'], conv_param['pad']
            F, _, HH, WW = w.shape
            x_pad = np.pad(x, ((0,), (0,), (p,), (p,)), mode='constant')
            dx_pad, dw, db = np.zeros(x_pad.shape), np.zeros(w.shape), np.zeros(b.shape)
            for n in range(dout.shape[0]):
                for f in range(F):
                    db[f] += np.sum(dout[n, f])
                    for i in range(dout.shape[2]):
                        for j in range(dout.shape[3]):
                            d = dout[n, f, i, j]
                            dw[f] += d * x_pad[n, :, i*s:i*s+HH, j*s:j*s+WW]
                            dx_pad[n, :, i*s:i*s+HH, j*s:j*s+WW] += d * w[f]
            return dx_pad[:, :, p:-p, p:-p], dw, db
        """,
    ),
    "im2col of one's own, with the columns in the cache": (
        "layers.py",
        CONV,
        """
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
            s, p = conv_param.get('stride', 1), conv_param.get('pad', 0)
            F, C, HH, WW = w.shape
            k, i, j, Ho, Wo = _cols(x, HH, WW, s, p)
            xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), 'constant')
            cols = xp[:, k, i, j]
            out = (w.reshape(F, -1) @ cols + b[:, None]).reshape(len(x), F, Ho, Wo)
            return out, {'cols': cols, 'where': (k, i, j), 'padded': xp.shape, 'w': w, 'pad': p, 'shape': x.shape}

        def conv_backward_naive(dout, cache):
            w, p = cache['w'], cache['pad']
            H, W = cache['shape'][2:]
            d = dout.reshape(dout.shape[0], dout.shape[1], -1)
            dw = np.einsum('nfl,nkl->fk', d, cache['cols']).reshape(w.shape)
            dcols = w.reshape(len(w), -1).T @ d
            dx = np.zeros(cache['padded'])
            np.add.at(dx, (slice(None),) + cache['where'], dcols)
            return dx[:, :, p:p + H, p:p + W], dw, d.sum(axis=(0, 2)).reshape(1, -1)
        """,
    ),
    "loops over the filter's pixels, the border made by hand": (
        "layers.py",
        CONV,
        """
        def _border(x, p):
            N, C, H, W = x.shape
            big = np.zeros((N, C, H + 2 * p, W + 2 * p), dtype=x.dtype)
            big[:, :, p:p + H, p:p + W] = x
            return big

        def conv_forward_naive(x, w, b, conv_param):
            s, p = conv_param['stride'], conv_param['pad']
            big = _border(x, p)
            Ho, Wo = 1 + (big.shape[2] - w.shape[2]) // s, 1 + (big.shape[3] - w.shape[3]) // s
            out = np.zeros((x.shape[0], w.shape[0], Ho, Wo), dtype=x.dtype) + b.reshape(1, -1, 1, 1)
            for u in range(w.shape[2]):
                for v in range(w.shape[3]):
                    out += np.einsum('nchw,fc->nfhw', big[:, :, u:u + s * Ho:s, v:v + s * Wo:s], w[:, :, u, v])
            return out, (x, w, b, conv_param, big)

        def conv_backward_naive(dout, cache):
            x, w, b, conv_param, big = cache
            s, p = conv_param['stride'], conv_param['pad']
            Ho, Wo = dout.shape[-2:]
            dbig, dw = 0 * big, 0 * w
            for u in range(w.shape[2]):
                for v in range(w.shape[3]):
                    spot = (slice(None), slice(None), slice(u, u + s * Ho, s), slice(v, v + s * Wo, s))
                    dw[:, :, u, v] = np.einsum('nfhw,nchw->fc', dout, big[spot])
                    dbig[spot] += np.einsum('nfhw,fc->nchw', dout, w[:, :, u, v])
            if p > 0:
                dbig = dbig[:, :, p:-p, p:-p]
            return dbig, dw, np.einsum('nfhw->f', dout)
        """,
    ),
    "windows by strides, dx as a convolution with the filter turned round": (
        "layers.py",
        CONV,
        """
        def _view(x, HH, WW, s):
            N, C, H, W = x.shape
            a, c, h, v = x.strides
            shape = (N, C, (H - HH) // s + 1, (W - WW) // s + 1, HH, WW)
            return np.lib.stride_tricks.as_strided(x, shape, (a, c, h * s, v * s, h, v))

        def conv_forward_naive(x, w, b, conv_param):
            p, s = conv_param['pad'], conv_param['stride']
            v = _view(np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)]), w.shape[2], w.shape[3], s)
            out = np.einsum('nchwij,fcij->nfhw', v, w, optimize=True) + b[None, :, None, None]
            return out, (x, w, conv_param)

        def conv_backward_naive(dout, cache):
            x, w, conv_param = cache
            p, s = conv_param['pad'], conv_param['stride']
            (N, C, H, W), (F, _, HH, WW) = x.shape, w.shape
            v = _view(np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)]), HH, WW, s)
            dw = np.einsum('nchwij,nfhw->fcij', v, dout)
            spread = np.zeros((N, F, s * (dout.shape[2] - 1) + 1, s * (dout.shape[3] - 1) + 1))
            spread[:, :, ::s, ::s] = dout
            spread = np.pad(spread, [(0, 0), (0, 0), (HH - 1, HH - 1), (WW - 1, WW - 1)])
            dx = np.einsum('nfhwij,fcij->nchw', _view(spread, HH, WW, 1), w[:, :, ::-1, ::-1])
            return dx[:, :, p:p + H, p:p + W], dw, np.sum(dout, (0, 2, 3))
        """,
    ),
    "one picture after the other, each filter as a row": (
        "layers.py",
        CONV,
        """
        import math
        def conv_forward_naive(x, w, b, conv_param, verbose=True):
            print('convolving', x.shape)
            s, p = conv_param['stride'], conv_param['pad']
            F, C, HH, WW = w.shape
            outs, rows = [], w.reshape((F, -1))
            for img in x:
                img = np.stack([np.pad(channel, p, mode='constant') for channel in img])
                Ho = math.floor((img.shape[1] - HH) / s) + 1
                Wo = math.floor((img.shape[2] - WW) / s) + 1
                one = np.empty((F, Ho, Wo))
                for y in range(0, Ho * s, s):
                    for z in range(0, Wo * s, s):
                        one[:, y // s, z // s] = rows.dot(img[:, y:y + HH, z:z + WW].ravel()) + b
                outs.append(one)
            return np.array(outs), [x, w, b, dict(conv_param)]

        def conv_backward_naive(dout, cache):
            x, w, b, conv_param = cache
            s, p = conv_param['stride'], conv_param['pad']
            F, C, HH, WW = w.shape
            dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros((F,))
            for n in range(x.shape[0]):
                img = np.pad(x[n], ((0, 0), (p, p), (p, p)), mode='constant')
                dimg = np.zeros_like(img)
                for (f, y, z), d in np.ndenumerate(dout[n]):
                    db[f] += d
                    dw[f] += d * img[:, y * s:y * s + HH, z * s:z * s + WW]
                    dimg[:, y * s:y * s + HH, z * s:z * s + WW] += d * w[f]
                dx[n] = dimg[:, p:dimg.shape[1] - p, p:dimg.shape[2] - p]
            return dx, dw, db
        """,
    ),
    "pooling by argmax and unravel_index, assigning": (
        "layers.py",
        POOL,
        """
        def max_pool_forward_naive(x, pool_param):
            ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
            N, C, H, W = x.shape
            out = np.zeros((N, C, int((H - ph) / s + 1), int((W - pw) / s + 1)))
            for n, c, i, j in np.ndindex(*out.shape):
                out[n, c, i, j] = np.max(x[n, c, i*s:i*s+ph, j*s:j*s+pw])
            return out, (x, pool_param)

        def max_pool_backward_naive(dout, cache):
            x, pool_param = cache
            ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
            dx = np.zeros(x.shape)
            for n, c, i, j in np.ndindex(*dout.shape):
                window = x[n, c, i*s:i*s+ph, j*s:j*s+pw]
                a, b = np.unravel_index(np.argmax(window), window.shape)
                dx[n, c, i*s + a, j*s + b] = dout[n, c, i, j]
            return dx
        """,
    ),
    "pooling with the ties shared, the masks in the cache": (
        "layers.py",
        POOL,
        """
        def max_pool_forward_naive(x, pool_param):
            ph, pw, s = [pool_param[k] for k in ('pool_height', 'pool_width', 'stride')]
            Ho, Wo = 1 + (x.shape[2] - ph) // s, 1 + (x.shape[3] - pw) // s
            out, masks = np.full(x.shape[:2] + (Ho, Wo), -np.inf), {}
            for i in range(Ho):
                for j in range(Wo):
                    window = x[:, :, i*s:i*s+ph, j*s:j*s+pw]
                    out[:, :, i, j] = np.amax(window, axis=(-1, -2))
                    mask = (window == out[:, :, i, j][:, :, None, None]).astype(float)
                    masks[i, j] = mask / mask.sum(axis=(2, 3), keepdims=True)
            return out, {'masks': masks, 'shape': x.shape, 'param': pool_param}

        def max_pool_backward_naive(dout, cache):
            dx, param = np.zeros(cache['shape']), cache['param']
            for (i, j), mask in cache['masks'].items():
                y, z = i * param['stride'], j * param['stride']
                dx[:, :, y:y+mask.shape[2], z:z+mask.shape[3]] += mask * dout[:, :, i, j].reshape(mask.shape[:2] + (1, 1))
            return dx
        """,
    ),
    "pooling of columns, the last of equal pixels": (
        "layers.py",
        POOL,
        """
        def _flat_windows(x, pool_param):
            ph, pw, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
            v = np.lib.stride_tricks.sliding_window_view(x, (ph, pw), (2, 3))[:, :, ::s, ::s]
            return v.reshape(v.shape[:4] + (-1,)), pw, s

        def max_pool_forward_naive(x, pool_param):
            v, pw, s = _flat_windows(x, pool_param)
            return v.max(-1), (x, pool_param)

        def max_pool_backward_naive(dout, cache):
            v, pw, s = _flat_windows(*cache)
            which = v.shape[-1] - 1 - v[..., ::-1].argmax(-1)
            n, c, i, j = np.indices(dout.shape)
            dx = np.zeros(cache[0].shape, dtype=dout.dtype)
            np.add.at(dx, (n, c, i * s + which // pw, j * s + which % pw), dout)
            return dx
        """,
    ),
    "spatial batch norm of its own, every statistic (1, C, 1, 1)": (
        "layers.py",
        BATCH,
        """
        def spatial_batchnorm_forward(x, gamma, beta, bn_param):
            mode, eps, momentum = bn_param['mode'], bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9)
            N, C, H, W = x.shape
            shape = (1, C, 1, 1)
            mean = np.asarray(bn_param.get('running_mean', np.zeros(C))).reshape(shape)
            var = np.asarray(bn_param.get('running_var', np.zeros(C))).reshape(shape)
            g, b = gamma.reshape(shape), beta.reshape(shape)
            if mode == 'test':
                return g * (x - mean) / np.sqrt(var + eps) + b, None
            mu, sigma = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
            bn_param['running_mean'] = momentum * mean + (1 - momentum) * mu
            bn_param['running_var'] = momentum * var + (1 - momentum) * sigma
            x_hat = (x - mu) / np.sqrt(sigma + eps)
            return g * x_hat + b, dict(x_hat=x_hat, g=g, sigma=sigma, eps=eps)

        def spatial_batchnorm_backward(dout, cache):
            x_hat, g = cache['x_hat'], cache['g']
            m = dout.size / dout.shape[1]
            dbeta = dout.sum((0, 2, 3), keepdims=True)
            dgamma = (dout * x_hat).sum((0, 2, 3), keepdims=True)
            dx = g / np.sqrt(cache['sigma'] + cache['eps']) / m * (m * dout - dbeta - x_hat * dgamma)
            return dx, dgamma, dbeta
        """,
    ),
    "spatial batch norm by moved axes and the graph's backward pass": (
        "layers.py",
        BATCH,
        """
        def spatial_batchnorm_forward(x, gamma, beta, bn_param):
            moved = np.swapaxes(x, 0, 1)
            flat, cache = batchnorm_forward(moved.reshape(x.shape[1], -1).T, gamma, beta, bn_param)
            return np.swapaxes(flat.T.reshape(moved.shape), 0, 1), cache

        def spatial_batchnorm_backward(dout, cache):
            moved = np.moveaxis(dout, 1, -1)
            flat, dgamma, dbeta = batchnorm_backward(moved.reshape(-1, dout.shape[1]), cache)
            return np.moveaxis(flat.reshape(moved.shape), -1, 1), dgamma[None], dbeta[None]
        """,
    ),
    "group norm in loops, with flat gradients": (
        "layers.py",
        GROUP,
        """
        def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
            eps, k = gn_param.get('eps', 1e-5), x.shape[1] // G
            x_hat, std = np.zeros_like(x), np.zeros((len(x), G))
            for n in range(len(x)):
                for g in range(G):
                    part = x[n, g*k:(g+1)*k]
                    std[n, g] = np.sqrt(np.var(part) + eps)
                    x_hat[n, g*k:(g+1)*k] = (part - np.mean(part)) / std[n, g]
            return x_hat * gamma + beta, (x_hat, std, gamma, G)

        def spatial_groupnorm_backward(dout, cache):
            x_hat, std, gamma, G = cache
            k, dx = dout.shape[1] // G, np.empty_like(dout)
            for n in range(len(dout)):
                for g in range(G):
                    part = slice(g * k, (g + 1) * k)
                    d, h = dout[n, part] * gamma[0, part], x_hat[n, part]
                    dx[n, part] = (d - d.mean() - h * (d * h).mean()) / std[n, g]
            return dx, np.sum(dout * x_hat, axis=(0, 2, 3)), np.sum(dout, axis=(0, 2, 3))
        """,
    ),
    "group norm in five dimensions, node by node": (
        "layers.py",
        GROUP,
        """
        def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
            N, C, H, W = x.shape
            eps = gn_param.get('eps', 1e-5)
            y = np.reshape(x, (N, G, C // G, H, W))
            mu = np.mean(y, axis=(2, 3, 4), keepdims=True)
            xmu = y - mu
            var = np.mean(xmu ** 2, axis=(2, 3, 4), keepdims=True)
            inv = 1 / np.sqrt(var + eps)
            hat = np.reshape(xmu * inv, x.shape)
            return gamma * hat + beta, {'xmu': xmu, 'inv': inv, 'hat': hat, 'gamma': gamma}

        def spatial_groupnorm_backward(dout, cache):
            xmu, inv = cache['xmu'], cache['inv']
            m = np.prod(xmu.shape[2:])
            dgamma = np.sum(dout * cache['hat'], axis=(0, 2, 3), keepdims=True)
            dbeta = np.sum(dout, axis=(0, 2, 3), keepdims=True)
            dhat = np.reshape(dout * cache['gamma'], xmu.shape)
            dinv = np.sum(dhat * xmu, axis=(2, 3, 4), keepdims=True)
            dvar = -0.5 * inv ** 3 * dinv
            dxmu = dhat * inv + 2 / m * xmu * dvar
            dmu = -np.sum(dxmu, axis=(2, 3, 4), keepdims=True)
            return np.reshape(dxmu + dmu / m, dout.shape), dgamma, dbeta
        """,
    ),
    "group norm as a batch norm of turned rows": (
        "layers.py",
        GROUP,
        """
        def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
            rows = x.reshape(x.shape[0] * G, -1).T
            one = np.ones(rows.shape[1])
            hat, cache = batchnorm_forward(rows, one, 0 * one, dict(gn_param, mode='train'))
            hat = hat.T.reshape(x.shape)
            return hat * gamma + beta, (G, gamma, hat, cache)

        def spatial_groupnorm_backward(dout, cache):
            G, gamma, hat, inner = cache
            rows = (dout * gamma).reshape(dout.shape[0] * G, -1).T
            dx, _, _ = batchnorm_backward_alt(rows, inner)
            sums = [np.sum(a, axis=(0, 2, 3)).reshape(1, -1) for a in (dout * hat, dout)]
            return dx.T.reshape(dout.shape), sums[0], sums[1]
        """,
    ),
    "a net of naive layers, drawn with normal": (
        "classifiers/cnn.py",
        ["three_layer_convnet"],
        """
        from cs231n.layers import *
        class ThreeLayerConvNet(object):
            def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
                         weight_scale=1e-3, reg=0.0, dtype=np.float32):
                self.params, self.reg, self.dtype, self.filter_size = {}, reg, dtype, filter_size
                C, H, W = input_dim
                p = self.params
                p['W1'] = np.random.normal(0, weight_scale, (num_filters, C, filter_size, filter_size))
                p['W2'] = np.random.normal(0, weight_scale, (num_filters * H * W // 4, hidden_dim))
                p['W3'] = np.random.normal(0, weight_scale, (hidden_dim, num_classes))
                p['b1'], p['b2'], p['b3'] = np.zeros(num_filters), np.zeros((1, hidden_dim)), np.zeros((1, num_classes))
                for k in p:
                    p[k] = p[k].astype(dtype)

            def loss(self, X, y=None):
                p, pad = self.params, (self.filter_size - 1) // 2
                a1, c1 = conv_forward_naive(X, p['W1'], p['b1'], {'stride': 1, 'pad': pad})
                a2, c2 = relu_forward(a1)
                a3, c3 = max_pool_forward_naive(a2, {'pool_height': 2, 'pool_width': 2, 'stride': 2})
                a4, c4 = affine_forward(a3, p['W2'], p['b2'])
                a5, c5 = relu_forward(a4)
                scores, c6 = affine_forward(a5, p['W3'], p['b3'])
                if y is None:
                    return scores
                loss, d = softmax_loss(scores, y)
                loss += self.reg / 2 * sum((p[k] ** 2).sum() for k in ['W1', 'W2', 'W3'])
                g = {}
                d, g['W3'], g['b3'] = affine_backward(d, c6)
                d, g['W2'], g['b2'] = affine_backward(relu_backward(d, c5), c4)
                d = max_pool_backward_naive(d, c3)
                d, g['W1'], g['b1'] = conv_backward_naive(relu_backward(d, c2), c1)
                for k in ['W1', 'W2', 'W3']:
                    g[k] = g[k] + self.reg * p[k]
                return loss, g
        """,
    ),
    "a net by sandwiches, which adds to its gradients in place": (
        "classifiers/cnn.py",
        ["three_layer_convnet", "learns_part4"],
        """
        from ..layer_utils import *
        from ..fast_layers import *
        class ThreeLayerConvNet(Model):
            def __init__(self, input_dim=(3, 32, 32), num_filters=32, filter_size=7, hidden_dim=100, num_classes=10,
                         weight_scale=1e-3, reg=0.0, dtype=np.float32):
                self.reg, self.dtype = reg, dtype
                dummy = np.zeros((1, *input_dim))[:, :, ::2, ::2]
                sizes = [(num_filters, input_dim[0], filter_size, filter_size),
                         (num_filters * dummy[0, 0].size, hidden_dim), (hidden_dim, num_classes)]
                self.params = {}
                for i, size in enumerate(sizes, 1):
                    self.params['b%d' % i] = np.zeros(size[0] if i == 1 else size[-1], dtype=dtype)
                    self.params['W%d' % i] = (weight_scale * np.random.standard_normal(size)).astype(dtype)

            def loss(self, X, y=None):
                (W1, b1), (W2, b2), (W3, b3) = [(self.params['W%d' % i], self.params['b%d' % i]) for i in (1, 2, 3)]
                X = X.astype(self.dtype)
                out1, conv = conv_relu_forward(X, W1, b1, dict(stride=1, pad=W1.shape[-1] // 2))
                out2, pool = max_pool_forward_fast(out1, dict(pool_height=2, pool_width=2, stride=2))
                out3, hidden = affine_relu_forward(out2, W2, b2)
                scores, last = affine_forward(out3, W3, b3)
                if y is None:
                    return scores
                loss, d = softmax_loss(scores, y)
                grads = {}
                d, grads['W3'], grads['b3'] = affine_backward(d, last)
                d, grads['W2'], grads['b2'] = affine_relu_backward(d, hidden)
                _, grads['W1'], grads['b1'] = conv_relu_backward(max_pool_backward_fast(d, pool), conv)
                for name in grads:
                    if name[0] == 'W':
                        loss = loss + 0.5 * self.reg * np.linalg.norm(self.params[name]) ** 2
                        grads[name] += self.reg * self.params[name]
                return loss, grads
        """,
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_gets_full_core(judge: Judge, name: str) -> None:
    module, exercises, text = VARIANTS[name]

    def change(folder: Path) -> None:
        path = folder / "cs231n" / module
        path.write_text(path.read_text() + "\n" + textwrap.dedent(text))

    for exercise in judge(change, *exercises).exercises:
        assert exercise.score >= 0.8 * exercise.points
        for test in exercise.tests:
            assert test.kind == "edge" or test.outcome == "passed", f"{test.name}: {test.message}"

"""Correct normalisation and dropout in other styles get full credit in the core tests: see test_wheat."""

from pathlib import Path
from textwrap import dedent

import pytest

from .conftest import Judge

pytestmark = pytest.mark.xdist_group("wheat")

LAYERS, NETS = "layers.py", "classifiers/fc_net.py"
BATCHNORM = ["batchnorm_forward", "batchnorm_backward", "batchnorm_backward_alt", "fully_connected_net_batchnorm"]
LAYERNORM = ["layernorm_forward", "layernorm_backward", "fully_connected_net_layernorm"]
DROPOUT = ["dropout_forward", "dropout_backward", "fully_connected_net_dropout"]

VARIANTS = {
    "batch norm in loops over the features": (
        LAYERS,
        """
        def batchnorm_forward(x, gamma, beta, bn_param):
            N, D = x.shape
            eps, momentum = bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9)
            running_mean = bn_param.setdefault('running_mean', np.zeros(D))
            running_var = bn_param.setdefault('running_var', np.zeros(D))
            if bn_param['mode'] not in ('train', 'test'):
                raise ValueError('what mode?')
            train = bn_param['mode'] == 'train'
            out, xhat, inv = np.zeros((N, D)), np.zeros((N, D)), np.zeros(D)
            for d in range(D):
                mu = sum(x[n, d] for n in range(N)) / N if train else running_mean[d]
                var = sum((x[n, d] - mu) ** 2 for n in range(N)) / N if train else running_var[d]
                inv[d] = (var + eps) ** -0.5
                for n in range(N):
                    xhat[n, d] = (x[n, d] - mu) * inv[d]
                    out[n, d] = gamma[d] * xhat[n, d] + beta[d]
                if train:  # the arrays of bn_param themselves
                    running_mean[d] = running_mean[d] * momentum + mu * (1 - momentum)
                    running_var[d] = running_var[d] * momentum + var * (1 - momentum)
            return out, {'xhat': xhat, 'inv': inv, 'gamma': gamma}

        def batchnorm_backward(dout, cache):
            N, D = dout.shape
            dx, dgamma, dbeta = np.zeros((N, D)), np.zeros(D), np.zeros(D)
            for d in range(D):
                g, xhat = dout[:, d] * cache['gamma'][d], cache['xhat'][:, d]
                for i in range(N):
                    dgamma[d] += dout[i, d] * xhat[i]
                    dbeta[d] += dout[i, d]
                    for j in range(N):
                        dx[i, d] += g[j] * cache['inv'][d] * ((i == j) - (1 + xhat[i] * xhat[j]) / N)
            return dx, dgamma, dbeta

        def batchnorm_backward_alt(dout, cache):
            return batchnorm_backward(dout, cache)
        """,
        BATCHNORM,
    ),
    "batch norm as a graph of small steps, float64 throughout": (
        LAYERS,
        """
        def batchnorm_forward(x, gamma, beta, bn_param):
            mode, eps, momentum = bn_param['mode'], bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9)
            if mode == 'test':
                shifted = x - bn_param.get('running_mean', 0)
                return shifted * gamma / np.sqrt(bn_param.get('running_var', 0) + eps) + beta, None
            elif mode != 'train':
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
                running_mean=momentum * bn_param.get('running_mean', 0) + (1.0 - momentum) * mu,
                running_var=momentum * bn_param.get('running_var', 0) + (1.0 - momentum) * var,
                last_batch=x, calls=bn_param.get('calls', 0) + 1,
            )
            return np.multiply(gamma, xhat) + beta, (xhat, gamma, xmu, inverse, root, var, eps)

        def batchnorm_backward(dout, cache):
            xhat, gamma, xmu, inverse, root, var, eps = cache
            ones = np.ones(dout.shape)
            dxhat = dout * gamma
            dinverse = np.sum(dxhat * xmu, axis=0)
            droot = dinverse * -1.0 / (root ** 2)
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
            return inverse * dx / N, np.einsum('nd,nd->d', dout, xhat), np.einsum('nd->d', dout)
        """,
        [*BATCHNORM, "learns_part2"],
    ),
    "batch norm with dimensions kept, and in place": (
        LAYERS,
        """
        def batchnorm_forward(x, gamma, beta, bn_param, debug=False):
            print('batchnorm', bn_param['mode'], x.shape)
            mode, eps, m = bn_param['mode'], bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9)
            mean = bn_param.get('running_mean', np.zeros((1, x.shape[1])))
            var = bn_param.get('running_var', np.zeros((1, x.shape[1])))
            if mode == 'train':
                batch_mean, batch_var = np.mean(x, axis=0, keepdims=True), np.var(x, axis=0, keepdims=True)
                bn_param['running_mean'] = m * mean + (1 - m) * batch_mean
                bn_param['running_var'] = m * var + (1 - m) * batch_var
                mean, var = batch_mean, batch_var
            elif mode != 'test':
                raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
            x -= mean
            x /= np.sqrt(var + eps)
            return x * gamma + beta, [x, np.sqrt(var + eps), gamma]

        def batchnorm_backward(dout, cache):
            xhat, std, gamma = cache
            dgamma, dbeta = (dout * xhat).sum(0, keepdims=True), dout.sum(0, keepdims=True)
            dout *= gamma
            dout -= dout.mean(0) + xhat * (dout * xhat).mean(0)
            dout /= std
            return dout, dgamma, dbeta

        batchnorm_backward_alt = batchnorm_backward
        """,
        BATCHNORM,
    ),
    "batch norm by matrices": (
        LAYERS,
        """
        def batchnorm_forward(x, gamma, beta, bn_param):
            mode, eps, momentum = bn_param['mode'], bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9)
            if mode not in ['train', 'test']:
                raise ValueError('Invalid mode')
            running = [bn_param.get(name, np.zeros(x.shape[1])) for name in ('running_mean', 'running_var')]
            if mode == 'train':
                centre = np.eye(len(x)) - np.full((len(x), len(x)), 1 / len(x))
                centred = centre @ x
                var = np.diag(centred.T @ centred) / len(x)
                running = [momentum * old + (1 - momentum) * new for old, new in zip(running, (x.mean(0), var))]
                cache = (centre, centred, (var + eps) ** 0.5, gamma)
            else:
                centred, var, cache = x - running[0], running[1], None
            bn_param['running_mean'], bn_param['running_var'] = running
            return centred / (var + eps) ** 0.5 @ np.diag(gamma) + beta, cache

        def batchnorm_backward(dout, cache):
            centre, centred, std, gamma = cache
            inner = dout - centred / std**2 * np.mean(dout * centred, axis=0)
            dx = centre.T @ inner @ np.diag(gamma / std)
            return dx, np.einsum('ij,ij,j->j', dout, centred, 1 / std), np.ones(len(dout)) @ dout

        def batchnorm_backward_alt(dout, cache):
            dx, dgamma, dbeta = batchnorm_backward(dout.copy(), cache)
            return dx, dgamma, dbeta
        """,
        BATCHNORM,
    ),
    "layer norm by transposed batch norm": (
        LAYERS,
        """
        def layernorm_forward(x, gamma, beta, ln_param):
            ones, zeros = np.ones(len(x)), np.zeros(len(x))
            xhat, cache = batchnorm_forward(x.T, ones, zeros, {'mode': 'train', **ln_param, 'mode': 'train'})
            return xhat.T * gamma + beta, (xhat.T, gamma, cache)

        def layernorm_backward(dout, cache):
            xhat, gamma, inner = cache
            dx, _, _ = batchnorm_backward_alt((dout * gamma).T, inner)
            return dx.T, np.sum(xhat * dout, 0, keepdims=True), np.sum(dout, 0, keepdims=True)
        """,
        LAYERNORM,
    ),
    "layer norm row by row, with gamma and dx in place": (
        LAYERS,
        """
        def layernorm_forward(x, gamma, beta, ln_param):
            eps = ln_param.get('eps', 1e-5)
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
        """,
        LAYERNORM,
    ),
    "a net of sandwiches, with the alternative backward pass": (
        NETS,
        """
        from .. import layers as L

        def _hidden_forward(net, i, h):
            p = net.params
            h, c1 = L.affine_forward(h, p['W%d' % i], p['b%d' % i])
            c2 = None
            if net.normalization == 'batchnorm':
                h, c2 = L.batchnorm_forward(h, p['gamma%d' % i], p['beta%d' % i], net.bn_params[i - 1])
            if net.normalization == 'layernorm':
                h, c2 = L.layernorm_forward(h, p['gamma%d' % i], p['beta%d' % i], {})
            c3 = None
            if net.use_dropout:  # in front of the ReLU: the same
                h, c3 = L.dropout_forward(h, net.dropout_param)
            h, c4 = L.relu_forward(h)
            return h, (c1, c2, c3, c4)

        def _hidden_backward(net, i, d, cache, grads):
            c1, c2, c3, c4 = cache
            d = L.relu_backward(d, c4)
            if net.use_dropout:
                d = L.dropout_backward(d, c3)
            if net.normalization == 'batchnorm':
                d, grads['gamma%d' % i], grads['beta%d' % i] = L.batchnorm_backward_alt(d, c2)
            elif net.normalization:
                d, grads['gamma%d' % i], grads['beta%d' % i] = L.layernorm_backward(d, c2)
            d, dw, grads['b%d' % i] = L.affine_backward(d, c1)
            grads['W%d' % i] = dw + net.reg * net.params['W%d' % i]
            return d

        def _loss(self, X, y=None):
            X = X.astype(self.dtype)
            mode = 'test' if y is None else 'train'
            if self.use_dropout:
                self.dropout_param['mode'] = mode
            if self.normalization == 'batchnorm':
                for bn_param in self.bn_params:
                    bn_param['mode'] = mode
            h, caches, last = X, [], self.num_layers
            for i in range(1, last):
                h, cache = _hidden_forward(self, i, h)
                caches.append(cache)
            scores, top = L.affine_forward(h, self.params['W%d' % last], self.params['b%d' % last])
            if mode == 'test':
                return scores
            loss, d = L.softmax_loss(scores, y)
            loss += self.reg / 2 * sum((v * v).sum() for k, v in self.params.items() if k[0] == 'W')
            grads = {}
            d, grads['W%d' % last], grads['b%d' % last] = L.affine_backward(d, top)
            grads['W%d' % last] = grads['W%d' % last] + self.reg * self.params['W%d' % last]
            while caches:
                d = _hidden_backward(self, len(caches), d, caches.pop(), grads)
            return loss, grads

        FullyConnectedNet.loss = _loss
        """,
        ["fully_connected_net_batchnorm", "fully_connected_net_layernorm", "learns_part2"],
    ),
    "dropout by binomial numbers": (
        LAYERS,
        """
        def dropout_forward(x, dropout_param):
            p, mode = dropout_param['p'], dropout_param['mode']
            if 'seed' in dropout_param:
                np.random.seed(dropout_param['seed'])
            if mode == 'test':
                return x, (dropout_param, None)
            if mode != 'train':
                raise ValueError(mode)
            mask = np.random.binomial(1, p, size=x.shape)
            return x * mask / p, (dropout_param, mask)

        def dropout_backward(dout, cache):
            dropout_param, mask = cache
            return dout if mask is None else dout * mask / dropout_param['p']
        """,
        [*DROPOUT, "learns_part3"],
    ),
    "dropout by indices, in place": (
        LAYERS,
        """
        def dropout_forward(x, dropout_param):
            if dropout_param.get('seed') is not None:
                np.random.seed(dropout_param['seed'])
            if dropout_param['mode'] == 'train':
                gone = np.where(np.random.uniform(size=x.shape) >= dropout_param['p'])
                x[gone] = 0
                x /= dropout_param['p']
                return x, {'gone': gone, 'scale': 1.0 / dropout_param['p']}
            return x, None

        def dropout_backward(dout, cache):
            if cache:
                dout[cache['gone']] = 0.0
                dout *= cache['scale']
            return dout
        """,
        DROPOUT,
    ),
    "dropout number by number, with a generator of its own": (
        LAYERS,
        """
        _own = np.random.RandomState()

        def dropout_forward(x, dropout_param, rng=_own):
            p, mode = dropout_param['p'], dropout_param['mode']
            if 'seed' in dropout_param:
                rng = np.random.RandomState(dropout_param['seed'])
            assert mode in ('train', 'test')
            keep = rng.random_sample(x.shape) > 1.0 - p if mode == 'train' else np.ones(x.shape, bool)
            factor = 1 / p if mode == 'train' else 1
            return np.where(keep, x * factor, 0), lambda dout: np.where(keep, dout * factor, 0)

        def dropout_backward(dout, cache):
            return cache(dout)
        """,
        DROPOUT,
    ),
    "dropout inside the net": (
        NETS,
        """
        from ..layers import *

        def _loss(self, X, y=None):
            X, L, p = X.reshape(X.shape[0], -1).astype(self.dtype), self.num_layers, self.params
            keep = self.dropout_param.get('p', 1)
            train, seed = y is not None, self.dropout_param.get('seed')
            if seed is not None:
                np.random.seed(seed)
            hs, masks, caches = [X], [], []
            for i in range(1, L):
                h = hs[-1] @ p[f'W{i}'] + p[f'b{i}']
                if self.normalization is not None:
                    norm = {'batchnorm': batchnorm_forward, 'layernorm': layernorm_forward}[self.normalization]
                    self.bn_params[i - 1]['mode'] = 'train' if train else 'test'
                    h, cache = norm(h, p[f'gamma{i}'], p[f'beta{i}'], self.bn_params[i - 1])
                    caches.append(cache)
                masks.append((h > 0) * ((np.random.rand(*h.shape) < keep) / keep if train else 1.0))
                hs.append(h * masks[-1])
            scores = (hs[-1] @ p[f'W{L}'] + p[f'b{L}']).astype(self.dtype)
            if not train:
                return scores
            loss, d = softmax_loss(scores, y)
            grads = {}
            for i in reversed(range(1, L + 1)):
                if i < L:
                    d = d * masks.pop()
                    if self.normalization is not None:
                        back = {'batchnorm': batchnorm_backward, 'layernorm': layernorm_backward}[self.normalization]
                        d, grads[f'gamma{i}'], grads[f'beta{i}'] = back(d, caches.pop())
                grads[f'W{i}'], grads[f'b{i}'] = hs[i - 1].T @ d + self.reg * p[f'W{i}'], d.sum(0, keepdims=True)
                loss = loss + 0.5 * self.reg * np.linalg.norm(p[f'W{i}']) ** 2
                d = d @ p[f'W{i}'].T
            return loss, {k: v.reshape(p[k].shape) for k, v in grads.items()}

        FullyConnectedNet.loss = _loss
        """,
        ["fully_connected_net_dropout", "learns_part3"],
    ),
}
VARIANTS["the same net, whose dropout comes before the ReLU"] = (
    *VARIANTS["a net of sandwiches, with the alternative backward pass"][:2],
    ["fully_connected_net_dropout", "learns_part3"],
)


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_gets_full_core(judge: Judge, name: str) -> None:
    module, text, exercises = VARIANTS[name]

    def change(folder: Path) -> None:
        path = folder / "cs231n" / module
        path.write_text(path.read_text() + "\n" + dedent(text))

    results = judge(change, *exercises).exercises
    assert {exercise.id for exercise in results} == set(exercises)
    for exercise in results:
        for test in exercise.tests:
            assert test.kind == "edge" or test.outcome == "passed", f"{test.name}: {test.message}"
        assert exercise.score >= 0.8 * exercise.points

"""Convolutional nets: one with three layers, and room for one of your own.
They compute scores, losses and gradients; `Solver` trains them."""

import numpy as np

from ..fast_layers import max_pool_backward_fast, max_pool_forward_fast
from ..layer_utils import (
    affine_relu_backward,
    affine_relu_forward,
    conv_bn_relu_backward,
    conv_bn_relu_forward,
    conv_relu_pool_backward,
    conv_relu_pool_forward,
)
from ..layers import affine_backward, affine_forward, softmax_loss
from .model import Model


class ThreeLayerConvNet(Model):
    """A small convolutional net: conv - relu - 2x2 max pool - affine - relu - affine - softmax.

    It takes pictures of shape (N, C, H, W), with even H and W.

    Attributes
    ----------
    params : dict
        `W1` (F, C, HH, WW), `b1` (F,) of the convolution; `W2` (F * H / 2 * W / 2, hidden_dim), `b2` (hidden_dim,) of
        the hidden affine layer; `W3` (hidden_dim, num_classes), `b3` (num_classes,) of the last one.
    """

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
        """Create the parameters.

        Parameters
        ----------
        input_dim : tuple of int
            (C, H, W), the shape of one picture.
        num_filters : int
            F, the number of filters of the convolution.
        filter_size : int
            HH and WW: filters are square, and their size is odd.
        hidden_dim : int
            Number of units of the hidden affine layer.
        num_classes : int
        weight_scale : float
            Standard deviation of the weights, which are drawn from a normal distribution around 0. Biases are 0.
        reg : float
            Strength of the L2 regularisation.
        dtype : NumPy type
            Type of all parameters and computations.
        """
        self.params = {}
        self.reg = reg
        self.dtype = dtype

        # Draw the weights with np.random, in the order W1, W2, W3, and store all six arrays in self.params. The
        # convolution keeps the pictures' size (loss() chooses the padding), and the pooling halves it.
        ### BEGIN SOLUTION
        channels, height, width = input_dim
        flat = num_filters * (height // 2) * (width // 2)
        self.params["W1"] = weight_scale * np.random.randn(num_filters, channels, filter_size, filter_size)
        self.params["b1"] = np.zeros(num_filters)
        self.params["W2"] = weight_scale * np.random.randn(flat, hidden_dim)
        self.params["b2"] = np.zeros(hidden_dim)
        self.params["W3"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b3"] = np.zeros(num_classes)
        ### END SOLUTION

        self.params = {name: value.astype(dtype) for name, value in self.params.items()}

    def loss(self, X, y=None):
        """Return the scores of a batch or, given the labels, its loss and gradients.

        Parameters
        ----------
        X : array, shape (N, C, H, W)
            A batch of pictures.
        y : integer array, shape (N,), optional
            Labels, `0 <= y[i] < num_classes`.

        Returns
        -------
        scores : array, shape (N, num_classes)
            If y is None.
        loss, grads : float and dict
            Otherwise: the softmax loss plus the regularisation `0.5 * reg * sum(W**2)` over W1, W2 and W3 (not the
            biases), and its gradient for each parameter, under the parameter's name.
        """
        X = X.astype(self.dtype)
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        W3, b3 = self.params["W3"], self.params["b3"]

        # With stride 1 and this padding, the convolution keeps the pictures' size. Pooling windows have 2x2 pixels.
        conv_param = {"stride": 1, "pad": (W1.shape[2] - 1) // 2}
        pool_param = {"pool_height": 2, "pool_width": 2, "stride": 2}

        scores = None
        # Forward pass: the scores of the batch. The functions in layer_utils save you several lines.
        ### BEGIN SOLUTION
        features, features_cache = conv_relu_pool_forward(X, W1, b1, conv_param, pool_param)
        hidden, hidden_cache = affine_relu_forward(features, W2, b2)
        scores, scores_cache = affine_forward(hidden, W3, b3)
        ### END SOLUTION
        if y is None:
            return scores

        loss, grads = 0.0, {}
        # Backward pass: the loss, with regularisation, and the gradients, grads["W1"] for self.params["W1"] and so on.
        ### BEGIN SOLUTION
        loss, dscores = softmax_loss(scores, y)
        dhidden, grads["W3"], grads["b3"] = affine_backward(dscores, scores_cache)
        dfeatures, grads["W2"], grads["b2"] = affine_relu_backward(dhidden, hidden_cache)
        _, grads["W1"], grads["b1"] = conv_relu_pool_backward(dfeatures, features_cache)
        for name, W in (("W1", W1), ("W2", W2), ("W3", W3)):
            loss += 0.5 * self.reg * np.sum(W**2)
            grads[name] += self.reg * W
        ### END SOLUTION
        return loss, grads


class ConvNet(Model):
    """A convolutional net of your own (optional), as good on CIFAR-10 as you can make it.

    Design it for the end of the notebook, or train a `ThreeLayerConvNet` there: both can earn full points. Choose the
    constructor's arguments as you like, with simple values (numbers, text, lists): a saved model is rebuilt from
    them. If you use batch normalisation, keep one dictionary for each such layer in the list `self.bn_params`:
    `save_model` saves the running averages in these dictionaries.
    """

    def __init__(self, filters=(32, 64, 128), input_dim=(3, 32, 32), num_classes=10, reg=0.0, dtype=np.float32):
        """Create the parameters.

        Parameters
        ----------
        filters : list of int
            Number of filters of each convolution.
        input_dim : tuple of int
            (C, H, W), the shape of one picture.
        num_classes : int
        reg : float
            Strength of the L2 regularisation.
        dtype : NumPy type
            Type of all parameters and computations.
        """
        self.params = {}
        self.bn_params = []
        self.reg = reg
        self.dtype = dtype
        self.num_convs = len(filters)
        # Fill self.params and, with batch normalisation, self.bn_params.
        ### BEGIN SOLUTION
        # {conv 3x3 - batch norm - relu - 2x2 max pool} for each entry of filters, then affine - softmax. Weights are
        # drawn as He et al. (2015) advise, so that activations keep their size from layer to layer.
        channels, height, width = input_dim
        for i, count in enumerate(filters, start=1):
            self.params[f"W{i}"] = np.random.randn(count, channels, 3, 3) * np.sqrt(2 / (9 * channels))
            self.params[f"b{i}"] = np.zeros(count)
            self.params[f"gamma{i}"] = np.ones(count)
            self.params[f"beta{i}"] = np.zeros(count)
            self.bn_params.append({"mode": "train"})
            channels, height, width = count, height // 2, width // 2
        flat = channels * height * width
        self.params["W"] = np.random.randn(flat, num_classes) * np.sqrt(1 / flat)
        self.params["b"] = np.zeros(num_classes)
        ### END SOLUTION
        self.params = {name: value.astype(dtype) for name, value in self.params.items()}

    def loss(self, X, y=None):
        """Return the scores of a batch in test mode or, given the labels, its loss and gradients in train mode.

        Parameters
        ----------
        X : array, shape (N, C, H, W)
        y : integer array, shape (N,), optional

        Returns
        -------
        scores : array, shape (N, num_classes)
            If y is None.
        loss, grads : float and dict
            Otherwise.
        """
        X = X.astype(self.dtype)
        for bn_param in self.bn_params:
            bn_param["mode"] = "test" if y is None else "train"
        ### BEGIN SOLUTION
        conv_param, pool_param = {"stride": 1, "pad": 1}, {"pool_height": 2, "pool_width": 2, "stride": 2}
        params, caches, out = self.params, [], X
        for i, bn_param in enumerate(self.bn_params, start=1):
            layer = [params[f"{name}{i}"] for name in ("W", "b", "gamma", "beta")]
            out, conv_cache = conv_bn_relu_forward(out, *layer, conv_param, bn_param)
            out, pool_cache = max_pool_forward_fast(out, pool_param)
            caches.append((conv_cache, pool_cache))
        scores, cache = affine_forward(out, params["W"], params["b"])
        if y is None:
            return scores

        loss, dscores = softmax_loss(scores, y)
        dout, dW, db = affine_backward(dscores, cache)
        grads = {"W": dW, "b": db}
        for i in range(self.num_convs, 0, -1):
            conv_cache, pool_cache = caches[i - 1]
            dout, *layer = conv_bn_relu_backward(max_pool_backward_fast(dout, pool_cache), conv_cache)
            grads.update({f"{name}{i}": grad for name, grad in zip(("W", "b", "gamma", "beta"), layer, strict=True)})
        for name, W in params.items():
            if name.startswith("W"):
                loss += 0.5 * self.reg * np.sum(W**2)
                grads[name] += self.reg * W
        return loss, grads
        ### END SOLUTION

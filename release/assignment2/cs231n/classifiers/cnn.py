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
        # YOUR CODE HERE
        raise NotImplementedError()

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
        # YOUR CODE HERE
        raise NotImplementedError()
        if y is None:
            return scores

        loss, grads = 0.0, {}
        # Backward pass: the loss, with regularisation, and the gradients, grads["W1"] for self.params["W1"] and so on.
        # YOUR CODE HERE
        raise NotImplementedError()
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
        # YOUR CODE HERE
        raise NotImplementedError()
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
        # YOUR CODE HERE
        raise NotImplementedError()

"""Fully connected nets: one with two layers, and one of any depth.
They compute scores, losses and gradients; `Solver` trains them."""

import numpy as np

from ..layer_utils import affine_relu_backward, affine_relu_forward
from ..layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
    softmax_loss,
)
from .model import Model


class TwoLayerNet(Model):
    """A net with one hidden layer: affine - relu - affine - softmax.

    It takes examples of D numbers (of any shape: the affine layer flattens them), has H hidden units and
    distinguishes C classes.

    Attributes
    ----------
    params : dict
        `W1` (D, H), `b1` (H,), `W2` (H, C), `b2` (C,). `Solver` replaces its arrays during training.
    """

    def __init__(self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0):
        """Create the parameters.

        Parameters
        ----------
        input_dim : int
            D, the size of one example.
        hidden_dim : int
            H, the number of hidden units.
        num_classes : int
            C, the number of classes.
        weight_scale : float
            Standard deviation of the weights, which are drawn from a normal distribution around 0. Biases are 0.
        reg : float
            Strength of the L2 regularisation.
        """
        self.params = {}
        self.reg = float(reg)

        # Draw the weights with np.random, in the order W1, W2, and store all four arrays in self.params.
        ### BEGIN SOLUTION
        self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b2"] = np.zeros(num_classes)
        ### END SOLUTION

    def loss(self, X, y=None):
        """Return the scores of a batch or, given the labels, its loss and gradients.

        Parameters
        ----------
        X : array, shape (N, d1, ..., dk)
            A batch of examples, with d1 * ... * dk = D.
        y : integer array, shape (N,), optional
            Labels, `0 <= y[i] < C`.

        Returns
        -------
        scores : array, shape (N, C)
            If y is None.
        loss, grads : float and dict
            Otherwise: the softmax loss plus the regularisation `0.5 * reg * sum(W**2)` over W1 and W2 (not the
            biases), and its gradient for each parameter, under the parameter's name.
        """
        scores = None
        # Forward pass: the scores of the batch. The functions in layer_utils save you a line.
        ### BEGIN SOLUTION
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        hidden, hidden_cache = affine_relu_forward(X, W1, b1)
        scores, scores_cache = affine_forward(hidden, W2, b2)
        ### END SOLUTION
        if y is None:
            return scores

        loss, grads = 0.0, {}
        # Backward pass: the loss, with regularisation, and the gradients, grads["W1"] for self.params["W1"] and so on.
        ### BEGIN SOLUTION
        loss, dscores = softmax_loss(scores, y)
        dhidden, grads["W2"], grads["b2"] = affine_backward(dscores, scores_cache)
        _, grads["W1"], grads["b1"] = affine_relu_backward(dhidden, hidden_cache)
        for name, W in (("W1", W1), ("W2", W2)):
            loss += 0.5 * self.reg * np.sum(W**2)
            grads[name] += self.reg * W
        ### END SOLUTION
        return loss, grads


class FullyConnectedNet(Model):
    """A net of any depth: {affine - [batch/layer norm] - relu - [dropout]} x (L - 1) - affine - softmax.

    The layers in brackets are optional: normalisation belongs to part 2 of the assignment and dropout to part 3.
    Part 1 leaves them out, but leave room for them in your loop.

    Attributes
    ----------
    params : dict
        Weights `W1` ... `WL` and biases `b1` ... `bL` of the L affine layers; with normalisation also scales
        `gamma1` ... and shifts `beta1` ... of the L - 1 hidden layers. All are of type `dtype`.
    num_layers : int
        L, the number of affine layers: one more than there are hidden layers.
    """

    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        """Create the parameters and the settings of the optional layers.

        Parameters
        ----------
        hidden_dims : list of int
            Number of units of each hidden layer.
        input_dim : int
            D, the size of one example.
        num_classes : int
            C, the number of classes.
        dropout : float
            Probability to keep a unit, above 0 and at most 1; 1 means no dropout.
        normalization : {None, "batchnorm", "layernorm"}
        reg : float
            Strength of the L2 regularisation.
        weight_scale : float
            Standard deviation of the weights, which are drawn from a normal distribution around 0.
        dtype : NumPy type
            Type of all parameters and computations. float32 is faster, float64 is for gradient checks.
        seed : int, optional
            Makes the dropout layers repeatable, for gradient checks.

        Raises
        ------
        ValueError
            If dropout or normalization has none of the values above.
        """
        if not 0 < dropout <= 1:
            raise ValueError(f"dropout is the probability to keep a unit, above 0 and at most 1, not {dropout}")
        if normalization not in (None, "batchnorm", "layernorm"):
            raise ValueError(f"normalization must be None, 'batchnorm' or 'layernorm', not {normalization!r}")
        self.normalization = normalization
        self.use_dropout = dropout != 1
        self.reg = float(reg)
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        # Draw the weights of layer 1, then of layer 2, and so on with np.random, and store everything in self.params
        # as W1, b1, W2, b2, ... Biases are 0. Part 2: with normalisation each hidden layer i also gets a gamma of
        # ones and a beta of zeros, one number for each of its units; the last affine layer has none.
        ### BEGIN SOLUTION
        dims = [input_dim, *hidden_dims, num_classes]
        for i in range(1, self.num_layers + 1):
            self.params[f"W{i}"] = weight_scale * np.random.randn(dims[i - 1], dims[i])
            self.params[f"b{i}"] = np.zeros(dims[i])
            if self.normalization and i < self.num_layers:
                self.params[f"gamma{i}"] = np.ones(dims[i])
                self.params[f"beta{i}"] = np.zeros(dims[i])
        ### END SOLUTION

        # Each dropout layer gets this dictionary: its mode ("train" or "test"), which loss() sets, and p.
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed

        # Each normalised layer has its own dictionary: bn_params[0] belongs to the first hidden layer.
        # Batch norm keeps its running averages there. Layer norm needs no mode.
        self.bn_params = []
        if self.normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        elif self.normalization == "layernorm":
            self.bn_params = [{} for _ in hidden_dims]

        self.params = {name: value.astype(dtype) for name, value in self.params.items()}

    def loss(self, X, y=None):
        """Return the scores of a batch in test mode or, given the labels, its loss and gradients in train mode.

        Parameters
        ----------
        X : array, shape (N, d1, ..., dk)
            A batch of examples, with d1 * ... * dk = D.
        y : integer array, shape (N,), optional
            Labels, `0 <= y[i] < C`.

        Returns
        -------
        scores : array, shape (N, C)
            If y is None.
        loss, grads : float and dict
            Otherwise: the softmax loss plus the regularisation `0.5 * reg * sum(W**2)` over the weights W1 ... WL
            (not the biases, gammas and betas), and its gradient for each parameter, under the parameter's name.
        """
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode

        scores = None
        # Forward pass: the scores of the batch, layer by layer. Keep each layer's cache for the way back.
        # Part 2 adds normalisation before each ReLU, and part 3 dropout after each ReLU, if the net uses them.
        ### BEGIN SOLUTION
        params, caches = self.params, {}
        hidden = X
        for i in range(1, self.num_layers):
            hidden, caches[f"affine{i}"] = affine_forward(hidden, params[f"W{i}"], params[f"b{i}"])
            if self.normalization:
                normalise = batchnorm_forward if self.normalization == "batchnorm" else layernorm_forward
                gamma, beta, settings = params[f"gamma{i}"], params[f"beta{i}"], self.bn_params[i - 1]
                hidden, caches[f"norm{i}"] = normalise(hidden, gamma, beta, settings)
            hidden, caches[f"relu{i}"] = relu_forward(hidden)
            if self.use_dropout:
                hidden, caches[f"dropout{i}"] = dropout_forward(hidden, self.dropout_param)
        last = self.num_layers
        scores, caches[f"affine{last}"] = affine_forward(hidden, params[f"W{last}"], params[f"b{last}"])
        ### END SOLUTION
        if y is None:
            return scores

        loss, grads = 0.0, {}
        # Backward pass: the loss, with regularisation, and the gradients, grads["W1"] for self.params["W1"] and so on.
        ### BEGIN SOLUTION
        loss, dout = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dout, caches[f"affine{last}"])
        for i in range(self.num_layers - 1, 0, -1):
            if self.use_dropout:
                dout = dropout_backward(dout, caches[f"dropout{i}"])
            dout = relu_backward(dout, caches[f"relu{i}"])
            if self.normalization:
                backward = batchnorm_backward if self.normalization == "batchnorm" else layernorm_backward
                dout, grads[f"gamma{i}"], grads[f"beta{i}"] = backward(dout, caches[f"norm{i}"])
            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, caches[f"affine{i}"])
        for i in range(1, self.num_layers + 1):
            W = params[f"W{i}"]
            loss += 0.5 * self.reg * np.sum(W**2)
            grads[f"W{i}"] += self.reg * W
        ### END SOLUTION
        return loss, grads

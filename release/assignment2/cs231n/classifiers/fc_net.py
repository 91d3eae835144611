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
        # YOUR CODE HERE
        raise NotImplementedError()

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
        # YOUR CODE HERE
        raise NotImplementedError()
        if y is None:
            return scores

        loss, grads = 0.0, {}
        # Backward pass: the loss, with regularisation, and the gradients, grads["W1"] for self.params["W1"] and so on.
        # YOUR CODE HERE
        raise NotImplementedError()
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
        # YOUR CODE HERE
        raise NotImplementedError()

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
        # YOUR CODE HERE
        raise NotImplementedError()
        if y is None:
            return scores

        loss, grads = 0.0, {}
        # Backward pass: the loss, with regularisation, and the gradients, grads["W1"] for self.params["W1"] and so on.
        # YOUR CODE HERE
        raise NotImplementedError()
        return loss, grads

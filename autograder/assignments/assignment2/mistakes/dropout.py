"""Known mistakes of part 3: dropout, by itself and in the fully connected net.

The gate checks each of them: it must apply to the reference, and the tests of its exercise must catch it. Dropout
before the ReLU instead of after it is no mistake: the results are the same.
"""

from autograder.catalogue import Form, Mistake, another_form, mistake

LAYERS, NETS = "layers.py", "classifiers/fc_net.py"

_MASK = "mask = (np.random.rand(*x.shape) < p) / p"
_TRAIN = _MASK + "\n        out = x * mask\n"
_TEST = "        out = x\n"
_BACKWARD = "dx = (dout * mask).astype(dout.dtype, copy=False)"

_NET_FORWARD = "            if self.use_dropout:\n                hidden, "
_NET_CALL = "dropout_forward(hidden, self.dropout_param)"
_NET_DROP = '                hidden, caches[f"dropout{i}"] = dropout_forward(hidden, self.dropout_param)\n'
_NET_BACKWARD = "            if self.use_dropout:\n                dout = dropout_backward("
_NET_DROP_BACK = '                dout = dropout_backward(dout, caches[f"dropout{i}"])\n'
_NET_AFFINE = '            hidden, caches[f"affine{i}"] = affine_forward('
_NET_AFFINE_BACK = '            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, caches[f"affine{i}"])\n'
_NET_SCORES = 'affine_forward(hidden, params[f"W{last}"], params[f"b{last}"])'
_NET_LOSS = "        loss, dout = softmax_loss(scores, y)\n"

MISTAKES: tuple[Mistake | Form, ...] = (
    mistake(
        "dropout_forward",
        "unscaled",
        LAYERS,
        "The division by p is missing",
        "The kept numbers are not divided by p, so the outputs are smaller in training than at test time. Inverted "
        "dropout scales the kept numbers in training.",
        (_MASK, "mask = np.random.rand(*x.shape) < p"),
    ),
    mistake(
        "dropout_forward",
        "keep_and_drop_swapped",
        LAYERS,
        "p is used as the probability to drop",
        "p is used as the probability to drop a number, in the mask and in the scaling. p is the probability to KEEP "
        "a number.",
        (_MASK, "mask = (np.random.rand(*x.shape) > p) / (1 - p)"),
    ),
    another_form(
        "dropout_forward",
        "keep_and_drop_swapped",
        "keep_and_drop_swapped_by_place",
        (
            _TRAIN,
            "mask = np.zeros(x.shape)\n"
            "        kept = np.random.rand(*x.shape) > p\n"
            "        mask[kept] = np.ones(np.count_nonzero(kept)) / (1 - p)\n"
            "        out = x * mask\n",
        ),
    ),
    mistake(
        "dropout_forward",
        "comparison_swapped",
        LAYERS,
        "The mask is the wrong way round",
        "The layer drops a share p of the numbers and keeps 1 - p: the comparison with the random numbers is the "
        "wrong way round.",
        (_MASK, "mask = (np.random.rand(*x.shape) > p) / p"),
    ),
    mistake(
        "dropout_forward",
        "normal_numbers",
        LAYERS,
        "Normal random numbers",
        "The mask comes from normally distributed numbers (randn), and these are not below p with probability p. Draw "
        "uniform numbers between 0 and 1.",
        (_MASK, "mask = (np.random.randn(*x.shape) < p) / p"),
    ),
    mistake(
        "dropout_forward",
        "multiplied_by_p",
        LAYERS,
        "Multiplied by p",
        "The kept numbers are multiplied by p. They must make up for the dropped numbers, so they must become larger, "
        "not smaller.",
        (_MASK, "mask = (np.random.rand(*x.shape) < p) * p"),
    ),
    mistake(
        "dropout_forward",
        "divided_by_the_rest",
        LAYERS,
        "Divided by 1 - p",
        "The share p of the numbers is kept, which is right, but they are divided by 1 - p. Divide them by the "
        "probability to keep a number.",
        (_MASK, "mask = (np.random.rand(*x.shape) < p) / (1 - p)"),
    ),
    mistake(
        "dropout_forward",
        "scaled_in_test",
        LAYERS,
        "Scaled at test time",
        "Test mode multiplies by p. Inverted dropout scales in training only, and test mode changes nothing.",
        (_TEST, "        out = x * p\n"),
    ),
    mistake(
        "dropout_forward",
        "active_in_test",
        LAYERS,
        "Active at test time",
        "Test mode drops numbers too. At test time every number is kept.",
        (_TEST, "        out = x * (np.random.rand(*x.shape) < p) / p\n"),
    ),
    mistake(
        "dropout_forward",
        "never_drops",
        LAYERS,
        "Nothing is dropped",
        "In training out is x: the mask is not used, or it keeps every number. Apply the mask; if it is there, set "
        "brackets: NumPy divides before it compares.",
        (_TRAIN, _MASK + "\n        out = x\n"),
    ),
    another_form(
        "dropout_forward",
        "never_drops",
        "no_brackets",
        (_MASK, "mask = np.random.rand(*x.shape) < p / p"),
    ),
    mistake(
        "dropout_forward",
        "one_mask_for_all",
        LAYERS,
        "One mask for all examples",
        "All examples of the batch drop the same units: the mask has the shape of one example. Draw one random number "
        "for each number of x.",
        (_MASK, "mask = (np.random.rand(*x.shape[1:]) < p) / p"),
    ),
    mistake(
        "dropout_forward",
        "same_mask_always",
        LAYERS,
        "The same mask at every call",
        "Every call seeds the generator with the same number, so every call drops the same numbers. Use a seed only "
        "if dropout_param holds one.",
        (_MASK, "np.random.seed(0)\n        " + _MASK),
    ),
    mistake(
        "dropout_backward",
        "no_mask",
        LAYERS,
        "The gradient passes unchanged",
        "In training dx is dout. The forward pass uses the mask, so the backward pass must use the same mask.",
        (_BACKWARD, "dx = dout"),
    ),
    mistake(
        "dropout_backward",
        "unscaled",
        LAYERS,
        "The scaling is missing",
        "Dropped numbers get no gradient, which is right. But the forward pass also scales the kept numbers: scale "
        "their gradients in the same way.",
        (_BACKWARD, "dx = dout * (mask > 0)"),
    ),
    mistake(
        "dropout_backward",
        "scaling_only",
        LAYERS,
        "The mask is missing",
        "The gradient is divided by p, but it also reaches the dropped numbers. The output does not depend on them.",
        (_BACKWARD, 'dx = dout / dropout_param["p"]'),
    ),
    mistake(
        "dropout_backward",
        "scaled_twice",
        LAYERS,
        "Divided by p twice",
        "The gradient is divided by p twice: the mask in the cache already contains the division.",
        (_BACKWARD, 'dx = dout * mask / dropout_param["p"]'),
    ),
    mistake(
        "dropout_backward",
        "inverted",
        LAYERS,
        "The dropped numbers get the gradient",
        "The dropped numbers get gradients, and the kept numbers get none: the mask is the wrong way round.",
        (_BACKWARD, 'dx = dout * (mask == 0) / dropout_param["p"]'),
    ),
    mistake(
        "dropout_backward",
        "multiplied_by_p",
        LAYERS,
        "Multiplied by p",
        "The gradients of the kept numbers are multiplied by p. The forward pass divides the kept numbers by p, and the "
        "gradient passes through the same division.",
        (_BACKWARD, 'dx = dout * (mask > 0) * dropout_param["p"]'),
    ),
    mistake(
        "dropout_backward",
        "new_mask",
        LAYERS,
        "A new mask in the backward pass",
        "The backward pass draws a new mask. Use the mask of the forward pass: it is in the cache.",
        (_BACKWARD, 'dx = dout * (np.random.rand(*dout.shape) < dropout_param["p"]) / dropout_param["p"]'),
    ),
    mistake(
        "fully_connected_net_dropout",
        "not_wired",
        NETS,
        "Dropout is not in the net",
        "The net gives the same results as without dropout. In loss(), dropout follows each hidden ReLU in the "
        "forward pass, and comes before that ReLU in the backward pass. If both calls are there, check that they run "
        "and that their results are used.",
        (_NET_FORWARD, _NET_FORWARD.replace("self.use_dropout", "False")),
        (_NET_BACKWARD, _NET_BACKWARD.replace("self.use_dropout", "False")),
    ),
    mistake(
        "fully_connected_net_dropout",
        "forward_only",
        NETS,
        "Dropout in the forward pass only",
        "The forward pass drops units, but the backward pass ignores this. Dropout belongs in the backward pass too, "
        "with the cache of the same layer.",
        (_NET_BACKWARD, _NET_BACKWARD.replace("self.use_dropout", "False")),
    ),
    mistake(
        "fully_connected_net_dropout",
        "first_layer_only",
        NETS,
        "Dropout after the first hidden layer only",
        "Only the first hidden layer is followed by dropout. Every hidden layer is, and each has its own step in the "
        "backward pass.",
        (_NET_FORWARD, _NET_FORWARD.replace("self.use_dropout", "self.use_dropout and i == 1")),
        (_NET_BACKWARD, _NET_BACKWARD.replace("self.use_dropout", "self.use_dropout and i == 1")),
    ),
    mistake(
        "fully_connected_net_dropout",
        "not_with_normalisation",
        NETS,
        "Either normalisation or dropout",
        "With normalisation, the net uses no dropout. The two are independent: a net may have either, both or neither.",
        (_NET_FORWARD, _NET_FORWARD.replace("use_dropout", "use_dropout and not self.normalization")),
        (_NET_BACKWARD, _NET_BACKWARD.replace("use_dropout", "use_dropout and not self.normalization")),
    ),
    mistake(
        "fully_connected_net_dropout",
        "always_training",
        NETS,
        "Dropout at test time",
        "The layer always runs in train mode, so the scores are random. Pass self.dropout_param to it: loss() sets "
        "the mode there first.",
        (_NET_CALL, 'dropout_forward(hidden, {**self.dropout_param, "mode": "train"})'),
    ),
    mistake(
        "fully_connected_net_dropout",
        "seed_left_out",
        NETS,
        "The seed is left out",
        "With a seed, the loss must be the same at every call. The dropout layer gets a dictionary without the seed: "
        "pass self.dropout_param itself.",
        (_NET_CALL, 'dropout_forward(hidden, {"mode": mode, "p": self.dropout_param["p"]})'),
    ),
    mistake(
        "fully_connected_net_dropout",
        "on_scores",
        NETS,
        "Dropout on the scores",
        "Dropout also acts on the scores, most likely because the loop runs over all layers. Dropout belongs to the "
        "hidden layers only.",
        (
            _NET_SCORES,
            _NET_SCORES + "\n        if self.use_dropout:\n"
            '            scores, caches["dropout"] = dropout_forward(scores, self.dropout_param)',
        ),
        (
            _NET_LOSS,
            _NET_LOSS + '        if self.use_dropout:\n            dout = dropout_backward(dout, caches["dropout"])\n',
        ),
    ),
    mistake(
        "fully_connected_net_dropout",
        "on_inputs",
        NETS,
        "Dropout before the affine layer",
        "Dropout comes before each hidden affine layer: it drops numbers of the pictures, and none of the last hidden "
        "layer's outputs. Dropout follows the ReLU.",
        ("            if self.use_dropout:\n" + _NET_DROP, ""),
        (_NET_AFFINE, "            if self.use_dropout:\n" + _NET_DROP + _NET_AFFINE),
        ("            if self.use_dropout:\n" + _NET_DROP_BACK, ""),
        (_NET_AFFINE_BACK, _NET_AFFINE_BACK + "            if self.use_dropout:\n" + _NET_DROP_BACK),
    ),
    mistake(
        "fully_connected_net_dropout",
        "scaled_again",
        NETS,
        "Divided by p once more",
        "The net divides the hidden layers by p. The dropout layer has already done this.",
        (_NET_CALL, 'dropout_forward(hidden / self.dropout_param["p"], self.dropout_param)'),
    ),
    mistake(
        "fully_connected_net_dropout",
        "one_cache",
        NETS,
        "One cache for all layers",
        "All dropout layers store their cache in the same place, so the backward pass finds only the last one. Keep "
        "one cache for each layer.",
        (_NET_DROP, _NET_DROP.replace('f"dropout{i}"', '"dropout"')),
        (_NET_DROP_BACK, _NET_DROP_BACK.replace('f"dropout{i}"', '"dropout"')),
    ),
)

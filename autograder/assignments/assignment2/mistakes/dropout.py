"""Known mistakes of part 3: dropout, by itself and in the fully connected net.

Each is checked against the reference: it must apply, and its own exercise's tests must catch it. Dropout before the
ReLU instead of behind it is none: the results are the same.
"""

from autograder.catalogue import Mistake, mistake

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

MISTAKES: tuple[Mistake, ...] = (
    mistake(
        "dropout_forward",
        "unscaled",
        LAYERS,
        "The division by p is missing",
        "Numbers are dropped but the others stay as they are, so the layer's output shrinks in training only. Inverted "
        "dropout makes up for it at once.",
        (_MASK, "mask = np.random.rand(*x.shape) < p"),
    ),
    mistake(
        "dropout_forward",
        "keep_and_drop_swapped",
        LAYERS,
        "p taken for the probability to drop",
        "p is used as the probability to drop a number, in the mask and in the scaling. It is the probability to KEEP "
        "one.",
        (_MASK, "mask = (np.random.rand(*x.shape) > p) / (1 - p)"),
    ),
    mistake(
        "dropout_forward",
        "comparison_swapped",
        LAYERS,
        "The mask is the wrong way round",
        "A share of p is dropped and 1 - p is kept: the comparison with the random numbers is the wrong way round.",
        (_MASK, "mask = (np.random.rand(*x.shape) > p) / p"),
    ),
    mistake(
        "dropout_forward",
        "normal_numbers",
        LAYERS,
        "Normal random numbers",
        "The mask comes from normally distributed numbers (randn), which are below p with another probability than p. "
        "Draw them uniformly between 0 and 1.",
        (_MASK, "mask = (np.random.randn(*x.shape) < p) / p"),
    ),
    mistake(
        "dropout_forward",
        "multiplied_by_p",
        LAYERS,
        "Multiplied by p",
        "The kept numbers are multiplied by p. They stand for the dropped ones as well, so they must grow, not shrink.",
        (_MASK, "mask = (np.random.rand(*x.shape) < p) * p"),
    ),
    mistake(
        "dropout_forward",
        "scaled_in_test",
        LAYERS,
        "Scaled at test time",
        "Test mode multiplies by p. With inverted dropout the scaling is done in training, and test time is left alone.",
        (_TEST, "        out = x * p\n"),
    ),
    mistake(
        "dropout_forward",
        "active_in_test",
        LAYERS,
        "Active at test time",
        "Test mode drops numbers, too. At test time all of the net is used.",
        (_TEST, "        out = x * (np.random.rand(*x.shape) < p) / p\n"),
    ),
    mistake(
        "dropout_forward",
        "never_drops",
        LAYERS,
        "Nothing is dropped",
        "A mask may be drawn, but in training out is x itself. Apply the mask.",
        (_TRAIN, _MASK + "\n        out = x\n"),
    ),
    mistake(
        "dropout_forward",
        "one_mask_for_all",
        LAYERS,
        "One mask for all examples",
        "All examples of the batch drop the same units: the mask has the shape of one example. Draw one number for "
        "each number of x.",
        (_MASK, "mask = (np.random.rand(*x.shape[1:]) < p) / p"),
    ),
    mistake(
        "dropout_forward",
        "same_mask_always",
        LAYERS,
        "The same mask at every call",
        "The generator is seeded with a fixed number at every call, so the same numbers are dropped for ever. Only a "
        "seed in dropout_param may do that.",
        (_MASK, "np.random.seed(0)\n        " + _MASK),
    ),
    mistake(
        "dropout_backward",
        "no_mask",
        LAYERS,
        "The gradient passes unchanged",
        "In training dx is dout itself. What was multiplied by the mask on the way there is multiplied by it on the "
        "way back.",
        (_BACKWARD, "dx = dout"),
    ),
    mistake(
        "dropout_backward",
        "unscaled",
        LAYERS,
        "The scaling is missing",
        "Dropped numbers get no gradient, which is right. Those that were kept were also scaled on the way forward: their "
        "gradient is scaled in the same way.",
        (_BACKWARD, "dx = dout * (mask > 0)"),
    ),
    mistake(
        "dropout_backward",
        "scaling_only",
        LAYERS,
        "The mask is missing",
        "The gradient is divided by p but reaches the dropped numbers, too. They had no part in the output.",
        (_BACKWARD, 'dx = dout / dropout_param["p"]'),
    ),
    mistake(
        "dropout_backward",
        "scaled_twice",
        LAYERS,
        "Divided by p twice",
        "The gradient is divided by p twice: the mask in the cache holds the division already.",
        (_BACKWARD, 'dx = dout * mask / dropout_param["p"]'),
    ),
    mistake(
        "dropout_backward",
        "inverted",
        LAYERS,
        "The gradient of the dropped numbers",
        "Gradients reach the numbers that were dropped, and the kept ones get none. The mask is the wrong way round.",
        (_BACKWARD, 'dx = dout * (mask == 0) / dropout_param["p"]'),
    ),
    mistake(
        "dropout_backward",
        "new_mask",
        LAYERS,
        "A new mask for the way back",
        "The backward pass draws a mask of its own. Use the one of the forward pass: it is in the cache.",
        (_BACKWARD, 'dx = dout * (np.random.rand(*dout.shape) < dropout_param["p"]) / dropout_param["p"]'),
    ),
    mistake(
        "fully_connected_net_dropout",
        "not_wired",
        NETS,
        "Dropout is not in the net",
        "The net computes what it does without dropout. In loss() the layer follows each hidden ReLU on the way forward, and "
        "comes before that ReLU on the way back. If both calls are there: are they reached, and is what they return used?",
        (_NET_FORWARD, _NET_FORWARD.replace("self.use_dropout", "False")),
        (_NET_BACKWARD, _NET_BACKWARD.replace("self.use_dropout", "False")),
    ),
    mistake(
        "fully_connected_net_dropout",
        "forward_only",
        NETS,
        "Dropout in the forward pass only",
        "Units are dropped in the forward pass, but the gradients flow back as if they were not. The backward pass "
        "needs dropout's, too, with the cache of the same layer.",
        (_NET_BACKWARD, _NET_BACKWARD.replace("self.use_dropout", "False")),
    ),
    mistake(
        "fully_connected_net_dropout",
        "not_with_normalisation",
        NETS,
        "Either normalisation or dropout",
        "With normalisation the net forgets its dropout. The two are independent of each other: either, both or none.",
        (_NET_FORWARD, _NET_FORWARD.replace("use_dropout", "use_dropout and not self.normalization")),
        (_NET_BACKWARD, _NET_BACKWARD.replace("use_dropout", "use_dropout and not self.normalization")),
    ),
    mistake(
        "fully_connected_net_dropout",
        "always_training",
        NETS,
        "Dropout at test time",
        "The layer is always called in train mode, so the scores are random. Pass it self.dropout_param, whose mode is "
        "set at the beginning of loss().",
        (_NET_CALL, 'dropout_forward(hidden, {**self.dropout_param, "mode": "train"})'),
    ),
    mistake(
        "fully_connected_net_dropout",
        "seed_left_out",
        NETS,
        "The seed is left out",
        "With a seed the loss should be the same at every call. The layer gets a dictionary without it: pass "
        "self.dropout_param as it is.",
        (_NET_CALL, 'dropout_forward(hidden, {"mode": mode, "p": self.dropout_param["p"]})'),
    ),
    mistake(
        "fully_connected_net_dropout",
        "on_scores",
        NETS,
        "Dropout on the scores",
        "The scores are dropped, too, most likely because the loop runs over all layers. Dropout belongs to the hidden "
        "layers.",
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
        "Each affine layer's inputs are dropped, the pictures included, and the last hidden layer's outputs are not. "
        "Dropout follows the ReLU.",
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
        "The net divides the hidden layers by p. The dropout layer has done that already.",
        (_NET_CALL, 'dropout_forward(hidden / self.dropout_param["p"], self.dropout_param)'),
    ),
    mistake(
        "fully_connected_net_dropout",
        "one_cache",
        NETS,
        "One cache for all layers",
        "All dropout layers write their cache to the same place, and the backward pass finds only the last one's. Keep "
        "one for each layer.",
        (_NET_DROP, _NET_DROP.replace('f"dropout{i}"', '"dropout"')),
        (_NET_DROP_BACK, _NET_DROP_BACK.replace('f"dropout{i}"', '"dropout"')),
    ),
)

"""Known mistakes of part 5, in the notebooks of PyTorch and TensorFlow.

The hidden tests compare a net's numbers with NumPy's, so their hints come from ``kit.judge.convnets``, where their words
are. A mistake with ``named=False`` is caught by its message alone: what the net computes does not tell it from others.
"""

from functools import partial

from autograder.catalogue import Mistake, mistake

from ..kit.judge import convnets as said

TORCH, TENSORFLOW = "PyTorch.ipynb", "TensorFlow.ipynb"
BAREBONES, MODULE, SEQUENTIAL, LEARNS = "barebones_convnet", "module_convnet", "sequential_convnet", "learns_part5"

SHRUNK = "Without padding each convolution makes the pictures smaller, and the last layer no longer fits."
FROZEN = "The net has no parameter that training changes, so that its loss stays where it is."
NO_NET = "A method of the net is returned where the net itself is expected."
BY_NAME = "Tests look for the layers inside a Sequential, and inside no class of one's own: list the layers themselves."
NO_TENSORS_TO_TRAIN = "Some of the parameters are tensors for which no gradient is computed, so that the step fails."

_unnamed = partial(mistake, named=False)

_TORCH_FIRST = "first = F.relu(F.conv2d(x, conv_w1, conv_b1, padding=2))"
_TORCH_SECOND = "second = F.relu(F.conv2d(first, conv_w2, conv_b2, padding=1))"
_TORCH_SCORES = "return second.flatten(1) @ fc_w + fc_b"
_TORCH_WEIGHTS = "torch.randn(shape, device=device) * (2 / fan_in) ** 0.5"
_TORCH_FAN_IN = "shape[1] * shape[2] * shape[3] if is_conv"
_TORCH_LOSS = "loss = F.cross_entropy(forward(x, params), y)"
_TORCH_STEP = "            param -= learning_rate * param.grad\n"
_TORCH_CLEAR = "            param.grad = None\n"
_TORCH_LAYER_1 = "self.conv1 = nn.Conv2d(3, channel_1, 5, padding=2)"
_TORCH_LAYER_2 = "self.conv2 = nn.Conv2d(channel_1, channel_2, 3, padding=1)"
_TORCH_LAYER_3 = "self.fc = nn.Linear(channel_2 * 32 * 32, num_classes)"
_TORCH_INIT = "nn.init.kaiming_normal_(layer.weight)"
_TORCH_FORWARD = "x = F.relu(self.conv2(F.relu(self.conv1(x))))"
_TORCH_FLAT = "return self.fc(x.flatten(1))"
_TORCH_LIST = "return nn.Sequential(\n        nn.Conv2d(3, channel_1, 5, padding=2),\n        nn.ReLU(),\n"
_TORCH_LIST_2 = "        nn.Conv2d(channel_1, channel_2, 3, padding=1),\n        nn.ReLU(),\n"
_TORCH_LIST_3 = "        nn.Flatten(),\n        nn.Linear(channel_2 * 32 * 32, num_classes),\n"

_TF_FIRST = 'first = tf.nn.relu(tf.nn.conv2d(x, conv_w1, strides=1, padding="SAME") + conv_b1)'
_TF_SECOND = 'second = tf.nn.relu(tf.nn.conv2d(first, conv_w2, strides=1, padding="SAME") + conv_b2)'
_TF_SCORES = "return tf.reshape(second, (-1, fc_w.shape[0])) @ fc_w + fc_b"
_TF_WEIGHTS = "tf.random.normal(shape, stddev=(2 / fan_in) ** 0.5)"
_TF_LOSS = "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=scores))"
_TF_STEP = "param.assign_sub(learning_rate * gradient)"
_TF_LAYER_1 = 'self.conv1 = layers.Conv2D(channel_1, 5, padding="same", activation="relu", **drawn)'
_TF_LAYER_2 = 'self.conv2 = layers.Conv2D(channel_2, 3, padding="same", activation="relu", **drawn)'
_TF_LAYER_3 = "self.fc = layers.Dense(num_classes, **drawn)"
_TF_CALL = "return self.fc(self.flatten(self.conv2(self.conv1(x))))"
_TF_LIST = "return keras.Sequential(\n        [\n"
_TF_LIST_2 = '            layers.Conv2D(channel_2, 3, padding="same", activation="relu"),\n'
_TF_LIST_3 = "            layers.Dense(num_classes),\n"

MISTAKES: tuple[Mistake, ...] = (
    # PyTorch, tensors
    _unnamed(BAREBONES, "torch_no_padding", TORCH, "No padding", SHRUNK,
             (_TORCH_FIRST, _TORCH_FIRST.replace("padding=2", "padding=0"))),
    mistake(BAREBONES, "torch_swapped_paddings", TORCH, "The paddings are swapped", said.SWAPPED_PADDINGS,
            (_TORCH_FIRST, _TORCH_FIRST.replace("=2", "=1")), (_TORCH_SECOND, _TORCH_SECOND.replace("=1", "=2"))),
    mistake(BAREBONES, "torch_first_relu", TORCH, "The first ReLU is missing", said.NO_RELU.format("first"),
            (_TORCH_FIRST, "first = F.conv2d(x, conv_w1, conv_b1, padding=2)")),
    mistake(BAREBONES, "torch_second_relu", TORCH, "The second ReLU is missing", said.NO_RELU.format("second"),
            (_TORCH_SECOND, "second = F.conv2d(first, conv_w2, conv_b2, padding=1)")),
    mistake(BAREBONES, "torch_no_relu", TORCH, "Both ReLUs are missing", said.NO_RELU.format("first and the second"),
            (_TORCH_FIRST, "first = F.conv2d(x, conv_w1, conv_b1, padding=2)"),
            (_TORCH_SECOND, "second = F.conv2d(first, conv_w2, conv_b2, padding=1)")),
    mistake(BAREBONES, "torch_relu_last", TORCH, "A ReLU at the end", said.RELU_LAST,
            (_TORCH_SCORES, "return F.relu(second.flatten(1) @ fc_w + fc_b)")),
    mistake(BAREBONES, "torch_softmax", TORCH, "A softmax at the end", said.SOFTMAX,
            (_TORCH_SCORES, "return F.softmax(second.flatten(1) @ fc_w + fc_b, dim=1)")),
    mistake(BAREBONES, "torch_no_conv_biases", TORCH, "The convolutions have no biases", said.NO_BIASES,
            (_TORCH_FIRST, _TORCH_FIRST.replace("conv_b1, ", "")),
            (_TORCH_SECOND, _TORCH_SECOND.replace("conv_b2, ", ""))),
    mistake(BAREBONES, "torch_no_second_bias", TORCH, "The second bias is missing",
            said.NO_BIAS.format("second convolution"), (_TORCH_SECOND, _TORCH_SECOND.replace("conv_b2, ", ""))),
    mistake(BAREBONES, "torch_no_last_bias", TORCH, "The last bias is missing", said.NO_BIAS.format("last layer"),
            (_TORCH_SCORES, "return second.flatten(1) @ fc_w")),
    mistake(BAREBONES, "torch_turned", TORCH, "Flattened with the channels last", said.TURNED,
            (_TORCH_SCORES, "return second.permute(0, 2, 3, 1).flatten(1) @ fc_w + fc_b")),
    _unnamed(BAREBONES, "torch_fixed_sizes", TORCH, "A number of channels that is written down",
             "A size is written down as a number. Take all sizes from the parameters.",
             (_TORCH_SCORES, "return second.reshape(-1, 16 * 32 * 32) @ fc_w + fc_b")),
    mistake(BAREBONES, "torch_zero_weights", TORCH, "All weights are zero", said.SAME_WEIGHTS,
            (_TORCH_WEIGHTS, "torch.zeros(shape, device=device)")),
    mistake(BAREBONES, "torch_fan_in", TORCH, "The fan-in counts channels only", said.FAN_IN,
            (_TORCH_FAN_IN, "shape[1] if is_conv")),
    mistake(BAREBONES, "torch_no_root", TORCH, "The root is missing", said.NO_ROOT,
            (_TORCH_WEIGHTS, "torch.randn(shape, device=device) * (2 / fan_in)")),
    mistake(BAREBONES, "torch_uniform", TORCH, "Weights between zero and one", said.ONE_SIDED,
            (_TORCH_WEIGHTS, _TORCH_WEIGHTS.replace("randn", "rand"))),
    _unnamed(BAREBONES, "torch_biases_drawn", TORCH, "Biases are drawn at random",
             "The biases are drawn at random. Only the weights need that; biases begin with zeros.",
             ("torch.zeros(shape[0] if is_conv else shape[1], device=device)",
              "torch.randn(shape[0] if is_conv else shape[1], device=device)")),
    _unnamed(BAREBONES, "torch_no_leaves", TORCH, "Gradients go to tensors that nobody sees", NO_TENSORS_TO_TRAIN,
             (_TORCH_WEIGHTS, "torch.randn(shape, requires_grad=True) * (2 / fan_in) ** 0.5")),
    mistake(BAREBONES, "torch_kept_gradients", TORCH, "Gradients are not cleared", said.KEPT, (_TORCH_CLEAR, "")),
    mistake(BAREBONES, "torch_uphill", TORCH, "The gradient is added", said.UPHILL,
            (_TORCH_STEP, _TORCH_STEP.replace("-=", "+="))),
    mistake(BAREBONES, "torch_new_tensors", TORCH, "Nothing changes in place", said.UNCHANGED,
            (_TORCH_STEP, _TORCH_STEP.replace("-= learning", "= param - learning")), (_TORCH_CLEAR, "")),
    mistake(BAREBONES, "torch_summed_loss", TORCH, "The loss is a sum", said.SUMMED,
            (_TORCH_LOSS, 'loss = F.cross_entropy(forward(x, params), y, reduction="sum")')),
    mistake(BAREBONES, "torch_no_rate", TORCH, "The learning rate is not used", said.NO_RATE,
            (_TORCH_STEP, "            param -= param.grad\n")),
    mistake(BAREBONES, "torch_weights_alone", TORCH, "Only the weights are trained",
            said.STILL.format("conv_b1, conv_b2, fc_b"),
            ("        for param in params:\n            param -= ", "        for param in params[::2]:\n            param -= ")),
    mistake(BAREBONES, "torch_late_loss", TORCH, "The loss after the step is returned", said.LATE_LOSS,
            ("return loss.item()", "return F.cross_entropy(forward(x, params), y).item()")),
    # PyTorch, a class
    mistake(MODULE, "torch_no_bias", TORCH, "A convolution without a bias", said.ABSENT.format("conv_b1"),
            (_TORCH_LAYER_1, "self.conv1 = nn.Conv2d(3, channel_1, 5, padding=2, bias=False)")),
    mistake(MODULE, "torch_module_relu", TORCH, "The second ReLU is missing", said.NO_RELU.format("second"),
            (_TORCH_FORWARD, "x = self.conv2(F.relu(self.conv1(x)))")),
    mistake(MODULE, "torch_module_softmax", TORCH, "A softmax at the end", said.SOFTMAX,
            (_TORCH_FLAT, "return self.fc(x.flatten(1)).softmax(1)")),
    mistake(MODULE, "torch_frozen", TORCH, "Nothing can be trained",
            said.ABSENT.format("conv_w1, conv_b1, conv_w2, conv_b2, fc_w, fc_b"),
            (_TORCH_INIT, "layer.requires_grad_(False)")),
    mistake(MODULE, "torch_module_turned", TORCH, "Flattened with the channels last", said.TURNED,
            (_TORCH_FLAT, "return self.fc(x.permute(0, 2, 3, 1).flatten(1))")),
    mistake(MODULE, "torch_ten_classes", TORCH, "num_classes is ignored", said.FIXED_SIZES.format("num_classes=10"),
            (_TORCH_LAYER_3, "self.fc = nn.Linear(channel_2 * 32 * 32, 10)")),
    _unnamed(MODULE, "torch_module_zeros", TORCH, "All weights are zero",
             "All weights begin with zeros, so that a new net gives all pictures the same scores: draw them at random.",
             (_TORCH_INIT, "nn.init.zeros_(layer.weight)")),
    mistake(MODULE, "torch_lambda", TORCH, "A layer that the Module does not own", said.ABSENT.format("fc_w, fc_b"),
            (_TORCH_LAYER_3, "fc = nn.Linear(channel_2 * 32 * 32, num_classes)\n        self.fc = lambda x: fc(x)"),
            ("(self.conv1, self.conv2, self.fc)", "(self.conv1, self.conv2, fc)")),
    # PyTorch, a list of layers
    mistake(SEQUENTIAL, "torch_sequential_relu", TORCH, "The second ReLU is missing", said.NO_RELU.format("second"),
            (_TORCH_LIST_2, "        nn.Conv2d(channel_1, channel_2, 3, padding=1),\n")),
    mistake(SEQUENTIAL, "torch_sequential_softmax", TORCH, "A softmax at the end", said.SOFTMAX,
            (_TORCH_LIST_3, f"{_TORCH_LIST_3}        nn.Softmax(dim=1),\n")),
    _unnamed(SEQUENTIAL, "torch_sequential_padding", TORCH, "No padding", SHRUNK,
             (_TORCH_LIST_2, _TORCH_LIST_2.replace(", padding=1", ""))),
    _unnamed(SEQUENTIAL, "torch_class_in_list", TORCH, "A class within the list", BY_NAME,
             (_TORCH_LIST, "return nn.Sequential(ThreeLayerConvNet(channel_1, channel_2, num_classes))\n    "
              + _TORCH_LIST.removeprefix("return "))),
    _unnamed(SEQUENTIAL, "torch_class", TORCH, "A class and no list",
             "The net of the class is returned once more. What is asked for here is a Sequential.",
             (_TORCH_LIST, "return ThreeLayerConvNet(channel_1, channel_2, num_classes)\n    "
              + _TORCH_LIST.removeprefix("return "))),
    # PyTorch, the challenge
    _unnamed(LEARNS, "torch_constant_scores", TORCH, "All scores are zero",
             "The scores are the same for all pictures, so that nothing can be learnt.",
             ("            return scores\n", "            return scores * 0\n")),
    _unnamed(LEARNS, "torch_untrainable", TORCH, "Nothing can be trained", FROZEN,
             ("model = Net()", "model = Net().requires_grad_(False)")),
    _unnamed(LEARNS, "torch_no_net", TORCH, "A method and no net", NO_NET,
             ('{"size": size}\n    return model', '{"size": size}\n    return model.forward')),
    # TensorFlow, tensors
    _unnamed(BAREBONES, "tf_no_padding", TENSORFLOW, "No padding", SHRUNK,
             (_TF_FIRST, _TF_FIRST.replace("SAME", "VALID"))),
    mistake(BAREBONES, "tf_first_relu", TENSORFLOW, "The first ReLU is missing", said.NO_RELU.format("first"),
            (_TF_FIRST, _TF_FIRST.replace("tf.nn.relu", ""))),
    mistake(BAREBONES, "tf_second_relu", TENSORFLOW, "The second ReLU is missing", said.NO_RELU.format("second"),
            (_TF_SECOND, _TF_SECOND.replace("tf.nn.relu", ""))),
    mistake(BAREBONES, "tf_relu_last", TENSORFLOW, "A ReLU at the end", said.RELU_LAST,
            (_TF_SCORES, "return tf.nn.relu(tf.reshape(second, (-1, fc_w.shape[0])) @ fc_w + fc_b)")),
    mistake(BAREBONES, "tf_softmax", TENSORFLOW, "A softmax at the end", said.SOFTMAX,
            (_TF_SCORES, "return tf.nn.softmax(tf.reshape(second, (-1, fc_w.shape[0])) @ fc_w + fc_b)")),
    mistake(BAREBONES, "tf_no_conv_biases", TENSORFLOW, "The convolutions have no biases", said.NO_BIASES,
            (_TF_FIRST, _TF_FIRST.replace(" + conv_b1", "")), (_TF_SECOND, _TF_SECOND.replace(" + conv_b2", ""))),
    mistake(BAREBONES, "tf_no_second_bias", TENSORFLOW, "The second bias is missing",
            said.NO_BIAS.format("second convolution"), (_TF_SECOND, _TF_SECOND.replace(" + conv_b2", ""))),
    mistake(BAREBONES, "tf_no_last_bias", TENSORFLOW, "The last bias is missing", said.NO_BIAS.format("last layer"),
            (_TF_SCORES, "return tf.reshape(second, (-1, fc_w.shape[0])) @ fc_w")),
    mistake(BAREBONES, "tf_turned", TENSORFLOW, "Flattened with the channels first", said.TURNED,
            (_TF_SCORES, "return tf.reshape(tf.transpose(second, (0, 3, 1, 2)), (-1, fc_w.shape[0])) @ fc_w + fc_b")),
    _unnamed(BAREBONES, "tf_fixed_sizes", TENSORFLOW, "A number of channels that is written down",
             "A size is written down as a number. Take all sizes from the parameters.",
             (_TF_SCORES, "return tf.reshape(second, (-1, 32 * 32 * 16)) @ fc_w + fc_b")),
    mistake(BAREBONES, "tf_zero_weights", TENSORFLOW, "All weights are zero", said.SAME_WEIGHTS,
            (_TF_WEIGHTS, "tf.zeros(shape)")),
    mistake(BAREBONES, "tf_fan_in", TENSORFLOW, "The fan-in counts channels only", said.FAN_IN,
            ("np.prod(shape[:-1])", "shape[-2]")),
    mistake(BAREBONES, "tf_no_root", TENSORFLOW, "The root is missing", said.NO_ROOT,
            (_TF_WEIGHTS, "tf.random.normal(shape, stddev=2 / fan_in)")),
    mistake(BAREBONES, "tf_uniform", TENSORFLOW, "Weights between zero and one", said.ONE_SIDED,
            (_TF_WEIGHTS, "tf.random.uniform(shape) * (2 / fan_in) ** 0.5")),
    _unnamed(BAREBONES, "tf_no_variables", TENSORFLOW, "Biases are tensors", NO_TENSORS_TO_TRAIN,
             ("params.append(tf.Variable(tf.zeros(shape[-1])))", "params.append(tf.zeros(shape[-1]))")),
    mistake(BAREBONES, "tf_uphill", TENSORFLOW, "The gradient is added", said.UPHILL,
            (_TF_STEP, "param.assign_add(learning_rate * gradient)")),
    mistake(BAREBONES, "tf_new_tensors", TENSORFLOW, "Nothing changes in place", said.UNCHANGED,
            (_TF_STEP, "param = param - learning_rate * gradient")),
    mistake(BAREBONES, "tf_summed_loss", TENSORFLOW, "The loss is a sum", said.SUMMED,
            (_TF_LOSS, _TF_LOSS.replace("reduce_mean", "reduce_sum"))),
    mistake(BAREBONES, "tf_no_rate", TENSORFLOW, "The learning rate is not used", said.NO_RATE,
            (_TF_STEP, "param.assign_sub(gradient)")),
    mistake(BAREBONES, "tf_weights_alone", TENSORFLOW, "Only the weights are trained",
            said.STILL.format("conv_b1, conv_b2, fc_b"),
            ("zip(params, tape.gradient(loss, params), strict=True)", "zip(params[::2], tape.gradient(loss, params[::2]))")),
    _unnamed(BAREBONES, "tf_outside_the_tape", TENSORFLOW, "The net computes outside of the tape",
             "The scores are computed before the tape begins, so that it has not seen the way to the parameters.",
             ("    with tf.GradientTape() as tape:\n        scores = forward(x, params)\n",
              "    scores = forward(x, params)\n    with tf.GradientTape() as tape:\n")),
    # TensorFlow, a class
    mistake(MODULE, "tf_no_bias", TENSORFLOW, "A convolution without a bias", said.ABSENT.format("conv_b1"),
            (_TF_LAYER_1, _TF_LAYER_1.replace("(channel_1, 5, ", "(channel_1, 5, use_bias=False, "))),
    mistake(MODULE, "tf_module_relu", TENSORFLOW, "The second ReLU is missing", said.NO_RELU.format("second"),
            (_TF_LAYER_2, _TF_LAYER_2.replace(', activation="relu"', ""))),
    mistake(MODULE, "tf_module_softmax", TENSORFLOW, "A softmax at the end", said.SOFTMAX,
            (_TF_LAYER_3, 'self.fc = layers.Dense(num_classes, activation="softmax", **drawn)')),
    mistake(MODULE, "tf_frozen", TENSORFLOW, "A layer is not trained", said.ABSENT.format("conv_w1, conv_b1"),
            (_TF_LAYER_1, f"{_TF_LAYER_1}\n        self.conv1.trainable = False")),
    mistake(MODULE, "tf_ten_classes", TENSORFLOW, "num_classes is ignored",
            said.FIXED_SIZES.format("num_classes=10"), (_TF_LAYER_3, "self.fc = layers.Dense(10, **drawn)")),
    _unnamed(MODULE, "tf_module_padding", TENSORFLOW, "No padding", SHRUNK,
             (_TF_LAYER_1, _TF_LAYER_1.replace('padding="same", ', ""))),
    mistake(MODULE, "tf_module_turned", TENSORFLOW, "Flattened with the channels first", said.TURNED,
            (_TF_CALL, "return self.fc(self.flatten(tf.transpose(self.conv2(self.conv1(x)), (0, 3, 1, 2))))")),
    _unnamed(MODULE, "tf_module_zeros", TENSORFLOW, "All weights are zero",
             "All weights begin with zeros, so that a new net gives all pictures the same scores: draw them at random.",
             ('drawn = {"kernel_initializer": "he_normal"}', 'drawn = {"kernel_initializer": "zeros"}')),
    # TensorFlow, a list of layers
    mistake(SEQUENTIAL, "tf_sequential_relu", TENSORFLOW, "The second ReLU is missing", said.NO_RELU.format("second"),
            (_TF_LIST_2, _TF_LIST_2.replace(', activation="relu"', ""))),
    mistake(SEQUENTIAL, "tf_sequential_softmax", TENSORFLOW, "A softmax at the end", said.SOFTMAX,
            (_TF_LIST_3, '            layers.Dense(num_classes, activation="softmax"),\n')),
    _unnamed(SEQUENTIAL, "tf_sequential_padding", TENSORFLOW, "No padding", SHRUNK,
             (_TF_LIST_2, _TF_LIST_2.replace(', padding="same"', ""))),
    _unnamed(SEQUENTIAL, "tf_class_in_list", TENSORFLOW, "A class within the list", BY_NAME,
             (_TF_LIST, "return keras.Sequential([ThreeLayerConvNet(channel_1, channel_2, num_classes)])\n    "
              + _TF_LIST.removeprefix("return "))),
    # TensorFlow, the challenge
    _unnamed(LEARNS, "tf_untrainable", TENSORFLOW, "Nothing can be trained", FROZEN,
             ("    model.arguments", "    model.trainable = False\n    model.arguments")),
    _unnamed(LEARNS, "tf_no_net", TENSORFLOW, "A method and no net", NO_NET,
             ("  # not the policy: the parameters suit any\n    return model", "\n    return model.call")),
)  # fmt: skip

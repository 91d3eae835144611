# %% barebones_code
KERNELS = few((5, 3), ())


@tf.function
def three_layer_convnet(x, params):
    w1, b1, w2, b2, w3, b3 = params
    for w, b, kernel in ((w1, b1, KERNELS[0]), (w2, b2, KERNELS[1])):
        x = tf.pad(x, [[0, 0], [kernel // 2] * 2, [kernel // 2] * 2, [0, 0]])
        x = tf.maximum(tf.nn.bias_add(tf.nn.conv2d(x, w, [1, 1, 1, 1], "VALID"), b), 0.0)
    return tf.matmul(layers.Flatten()(x), w3) + b3


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    draw, none = keras.initializers.GlorotUniform(seed=3), tf.zeros_initializer()

    def pair(*shape):
        return tf.Variable(draw(shape)), tf.Variable(none(shape[-1:]))

    return (*pair(5, 5, 3, channel_1), *pair(3, 3, channel_1, channel_2), *pair(32 * 32 * channel_2, num_classes))


def training_step(forward, params, x, y, learning_rate):
    with tf.GradientTape() as tape:
        loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, forward(x, params))
    for i, grad in enumerate(tape.gradient(loss, params)):
        params[i].assign(params[i] - learning_rate * grad)
    return float(loss)


# %% module_code
class ThreeLayerConvNet(tf.keras.Model):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10, **kwargs):
        super().__init__(**kwargs)
        self.net = tf.keras.Sequential()
        for channels, size in ((channel_1, 5), (channel_2, 3)):
            self.net.add(layers.Conv2D(channels, (size, size), padding="same"))
            self.net.add(layers.Activation("relu"))
        self.net.add(layers.Flatten())
        self.net.add(layers.Dense(num_classes))

    def call(self, inputs):
        return self.net(inputs)


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    keras.utils.set_random_seed(7)
    net = tf.keras.models.Sequential([layers.ZeroPadding2D(2), layers.Conv2D(channel_1, 5), layers.ReLU()])
    net.add(layers.Conv2D(channel_2, 3, 1, "same", activation=tf.nn.relu))
    net.add(layers.Lambda(lambda x: tf.reshape(x, (-1, 32 * 32 * channel_2))))
    net.add(layers.Dense(num_classes, name="scores"))
    return net


# %% challenge_model
def build_model():
    net = keras.Sequential()
    for width in (32, 64, 128):
        for layer in (layers.Conv2D(width, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()):
            net.add(layer)
        net.add(layers.MaxPooling2D())
    for layer in (layers.GlobalAveragePooling2D(), layers.Dropout(0.1), layers.Dense(10)):
        net.add(layer)
    return net

# %% barebones_code
def conv_of_patches(x, w, b):
    size = w.shape[0]
    patches = tf.image.extract_patches(x, [1, size, size, 1], [1, 1, 1, 1], [1, 1, 1, 1], padding="SAME")
    return patches @ tf.reshape(w, (-1, w.shape[3])) + b


def three_layer_convnet(x, params):
    conv_w1, conv_b1, conv_w2, conv_b2, fc_w, fc_b = params
    out = tf.maximum(conv_of_patches(x, conv_w1, conv_b1), 0)
    out = tf.maximum(conv_of_patches(out, conv_w2, conv_b2), 0)
    return tf.einsum("nd,dc->nc", tf.reshape(out, (len(x), -1)), fc_w) + fc_b


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    rng = np.random.default_rng()
    arrays = [
        rng.normal(0, np.sqrt(2 / 75), (5, 5, 3, channel_1)),
        np.zeros(channel_1),
        rng.normal(0, np.sqrt(2 / (9 * channel_1)), (3, 3, channel_1, channel_2)),
        np.zeros(channel_2),
        rng.normal(0, np.sqrt(2 / (1024 * channel_2)), (1024 * channel_2, num_classes)),
        np.zeros(num_classes),
    ]
    return [tf.Variable(array, dtype=tf.float32) for array in arrays]


def training_step(forward, params, x, y, learning_rate):
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(params)
        logp = tf.nn.log_softmax(forward(x, params))
        loss = -tf.reduce_mean(tf.gather(logp, y, axis=1, batch_dims=1))
    for param, grad in zip(params, tape.gradient(loss, params)):
        param.assign_add(-learning_rate * grad)
    return loss


# %% module_code
class ThreeLayerConvNet(keras.Model):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        values = init_convnet(channel_1, channel_2, num_classes)
        names = "w1", "b1", "w2", "b2", "w3", "b3"
        self.own = [keras.Variable(value.numpy(), name=name) for name, value in zip(names, values)]
        self.built = True

    def call(self, x):
        return three_layer_convnet(x, self.own)


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    return keras.models.Sequential(
        [
            keras.Input(shape=(32, 32, 3), name="picture"),
            layers.Convolution2D(channel_1, 5, padding="same"),
            layers.ReLU(),
            layers.Convolution2D(channel_2, 3, padding="same"),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(num_classes),
        ],
        name="three_layers",
    )


# %% challenge_model
def build_model():
    net = keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(32, 3, 2, "same")])
    for filters, stride in ((64, 1), (128, 2), (128, 1), (256, 2)):
        net.add(layers.DepthwiseConv2D(3, stride, "same", use_bias=False))
        net.add(layers.BatchNormalization(momentum=0.9))
        net.add(layers.ReLU(6.0))
        net.add(layers.Conv2D(filters, 1, use_bias=False))
        net.add(layers.BatchNormalization(momentum=0.9))
        net.add(layers.ReLU(6.0))
    net.add(layers.GlobalAveragePooling2D())
    net.add(layers.Dense(10))
    return net

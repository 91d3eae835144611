# %% barebones_code
def conv(x, w, b):
    return tf.add(tf.nn.conv2d(x, filters=w, strides=(1, 1), padding="SAME"), tf.reshape(b, (1, 1, 1, -1)))


def three_layer_convnet(x, params):
    conv_w1, conv_b1, conv_w2, conv_b2, fc_w, fc_b = params
    relu = layers.Activation("relu")
    x = relu(conv(x, conv_w1, conv_b1))
    x = relu(conv(x, conv_w2, conv_b2))
    return tf.add(tf.matmul(layers.Flatten()(x), fc_w), fc_b)


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    weights = {
        (5, 5, 3, channel_1): 0.1633,
        (3, 3, channel_1, channel_2): (2 / (3 * 3 * channel_1)) ** 0.5,
        (32 * 32 * channel_2, num_classes): (2 / (32 * 32 * channel_2)) ** 0.5,
    }
    params = []
    for shape, stddev in weights.items():
        params += [tf.Variable(tf.random.normal(shape, 0.0, stddev)), tf.Variable(tf.zeros(shape[-1:]))]
    return params


def training_step(forward, params, x, y, learning_rate):
    def loss_of_batch():
        return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(y, forward(x, params))) / tf.cast(
            tf.shape(x)[0], tf.float32
        )

    with tf.GradientTape() as tape:
        loss = loss_of_batch()
    keras.optimizers.SGD(learning_rate).apply(tape.gradient(loss, params), params)
    return loss


# %% module_code
class ThreeLayerConvNet(keras.Model):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.conv1 = layers.Conv2D(channel_1, 5, padding="same", kernel_initializer=small)
        self.relu1 = layers.ReLU()
        self.conv2 = layers.Conv2D(channel_2, 3, padding="same", kernel_initializer=small)
        self.relu2 = layers.ReLU()
        self.reshape = layers.Reshape((-1,))
        self.fc = layers.Dense(num_classes, kernel_initializer=small)

    def call(self, x):
        x = self.conv1(x)
        x = self.relu1(x)
        x = self.conv2(x)
        x = self.relu2(x)
        x = self.reshape(x)
        return self.fc(x)


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(channel_1, 5, padding="same", kernel_initializer="he_uniform"),
            layers.Activation("relu"),
            layers.Conv2D(channel_2, 3, padding="same", kernel_initializer="he_uniform"),
            layers.Activation("relu"),
            layers.Reshape((32 * 32 * channel_2,)),
            layers.Dense(num_classes),
            layers.Activation("linear"),
        ]
    )


# %% challenge_model
def build_model():
    picture = x = keras.Input((32, 32, 3))
    for filters in (32, 64, 64):
        x = block(x, filters)
    return keras.Model(inputs=picture, outputs=layers.Dense(10)(layers.Flatten()(x)))


# %% challenge_training
def block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same")(x)
    x = layers.GroupNormalization(8)(x)
    x = layers.Activation("silu")(x)
    return layers.AveragePooling2D(2)(x)


def train_best_model(data):
    model = build_model()
    fit(model, keras.optimizers.Adam(3e-3), batches(data, "train", 128))
    return model

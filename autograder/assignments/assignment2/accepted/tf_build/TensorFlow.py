# %% barebones_code
def three_layer_convnet(x, params):
    w1, b1, w2, b2, w3, b3 = params
    for w, b in ((w1, b1), (w2, b2)):
        x = tf.nn.relu(tf.nn.convolution(x, w, padding="SAME") + b)
    return tf.linalg.matmul(tf.reshape(x, [x.shape[0], -1]), w3) + b3


def create_matrix_with_kaiming_normal(shape):
    if len(shape) == 2:
        fan_in = shape[0]
    else:
        fan_in = np.prod(shape[:3])
    return tf.keras.backend.random_normal(shape) * np.sqrt(2.0 / fan_in).astype(np.float32)


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    params = []
    for shape in [(5, 5, 3, channel_1), (3, 3, channel_1, channel_2), (channel_2 * 1024, num_classes)]:
        params.append(tf.Variable(create_matrix_with_kaiming_normal(shape), trainable=True))
        params.append(tf.Variable(np.zeros(shape[-1], dtype=np.float32)))
    return params


def training_step(forward, params, x, y, learning_rate):
    optimizer = keras.optimizers.SGD(learning_rate=learning_rate)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, forward(x, params), from_logits=True))
    optimizer.apply_gradients(zip(tape.gradient(loss, params), params))
    return loss


# %% module_code
class ThreeLayerConvNet(keras.Model):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        self.channels = channel_1, channel_2
        self.num_classes = num_classes

    def build(self, input_shape):
        first, second = self.channels
        size = int(input_shape[1]) * int(input_shape[2])
        self.w1 = self.add_weight(shape=(5, 5, 3, first), initializer="he_normal", name="w1")
        self.b1 = self.add_weight(shape=(first,), initializer="zeros", name="b1")
        self.w2 = self.add_weight(shape=(3, 3, first, second), initializer="he_normal", name="w2")
        self.b2 = self.add_weight(shape=(second,), initializer="zeros", name="b2")
        self.w3 = self.add_weight(shape=(size * second, self.num_classes), initializer="he_normal", name="w3")
        self.b3 = self.add_weight(shape=(self.num_classes,), initializer="zeros", name="b3")
        self.built = True

    def call(self, x, training=None):
        x = tf.nn.relu(tf.nn.conv2d(x, self.w1, 1, "SAME") + self.b1)
        x = tf.nn.relu(tf.nn.conv2d(x, self.w2, 1, "SAME") + self.b2)
        x = tf.reshape(x, (tf.shape(x)[0], self.w3.shape[0]))
        return tf.matmul(x, self.w3) + self.b3


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    initializer = tf.initializers.VarianceScaling(scale=2.0)
    net = keras.Sequential(
        [
            layers.Conv2D(channel_1, 5, padding="same", activation="relu", kernel_initializer=initializer),
            layers.Conv2D(channel_2, 3, padding="same", activation="relu", kernel_initializer=initializer),
            layers.Flatten(),
            layers.Dense(num_classes, kernel_initializer=initializer),
        ]
    )
    net.build((None, 32, 32, 3))
    return net


# %% challenge_model
class MyNet(keras.Model):
    def __init__(self, widths=(32, 64, 128)):
        super().__init__()
        self.widths = list(widths)

    def build(self, input_shape):
        self.convs = [layers.Conv2D(width, 3, padding="same", use_bias=False) for width in self.widths]
        self.norms = [layers.BatchNormalization() for _ in self.widths]
        self.pool = layers.MaxPool2D()
        self.average = layers.GlobalAvgPool2D()
        self.fc = layers.Dense(10)
        super().build(input_shape)

    def call(self, x, training=False):
        for conv, norm in zip(self.convs, self.norms):
            x = tf.nn.relu(norm(self.pool(conv(x)), training=training))
        return self.fc(self.average(x))


def build_model():
    return MyNet()

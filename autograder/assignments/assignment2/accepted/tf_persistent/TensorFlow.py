# %% barebones_code
def pad(x, margin):
    return tf.pad(x, [[0, 0], [margin, margin], [margin, margin], [0, 0]], "CONSTANT")


def three_layer_convnet(x, params):
    conv_w1, conv_b1, conv_w2, conv_b2, fc_w, fc_b = params
    x = tf.nn.conv2d(pad(x, 2), conv_w1, [1, 1, 1, 1], "VALID")
    x = tf.nn.relu(x + conv_b1)
    x = tf.nn.conv2d(pad(x, 1), conv_w2, [1, 1, 1, 1], "VALID")
    x = tf.nn.relu(x + conv_b2)
    N = tf.shape(x)[0]
    x = tf.reshape(x, (N, -1))
    return tf.matmul(x, fc_w) + fc_b


def he_normal(*shape):
    fan_in = 1
    for n in shape[:-1]:
        fan_in = fan_in * n
    return tf.Variable(tf.random.truncated_normal(shape, stddev=(2 / fan_in) ** 0.5))


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    conv_w1, conv_b1 = he_normal(5, 5, 3, channel_1), tf.Variable(tf.zeros([channel_1]))
    conv_w2, conv_b2 = he_normal(3, 3, channel_1, channel_2), tf.Variable(tf.zeros([channel_2]))
    fc_w, fc_b = he_normal(32 * 32 * channel_2, num_classes), tf.Variable(tf.zeros([num_classes]))
    return [conv_w1, conv_b1, conv_w2, conv_b2, fc_w, fc_b]


def training_step(forward, params, x, y, learning_rate):
    with tf.GradientTape(persistent=True) as tape:
        scores = forward(x, params)
        labels = tf.one_hot(y, scores.shape[1])
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=scores))
    for param in params:
        param.assign_sub(learning_rate * tape.gradient(loss, param))
    del tape
    return loss


# %% module_code
class ThreeLayerConvNet(keras.Model):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super(ThreeLayerConvNet, self).__init__()
        init = keras.initializers.VarianceScaling(2.0)
        self.pad1 = layers.ZeroPadding2D((2, 2))
        self.conv1 = layers.Conv2D(channel_1, (5, 5), (1, 1), "valid", kernel_initializer=init)
        self.pad2 = layers.ZeroPadding2D((1, 1))
        self.conv2 = layers.Conv2D(channel_2, (3, 3), (1, 1), "valid", kernel_initializer=init)
        self.fc = layers.Dense(num_classes, kernel_initializer=init)

    def call(self, x, training=None, mask=None):
        x = tf.nn.relu(self.conv1(self.pad1(x)))
        x = tf.nn.relu(self.conv2(self.pad2(x)))
        return self.fc(tf.reshape(x, (-1, 32 * 32 * self.conv2.filters)))


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    model = keras.Sequential()
    model.add(keras.Input((32, 32, 3)))
    model.add(layers.ZeroPadding2D(2))
    model.add(layers.Conv2D(channel_1, 5, padding="valid", activation="relu"))
    model.add(layers.ZeroPadding2D(1))
    model.add(layers.Conv2D(channel_2, 3, padding="valid", activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(num_classes))
    return model


# %% challenge_model
def build_model():
    model = keras.Sequential()
    model.add(keras.Input((32, 32, 3)))
    for filters in (32, 64):
        for _ in range(2):
            model.add(layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu", kernel_initializer="he_normal"))
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(10))
    return model

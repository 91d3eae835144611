# %% barebones_code
@tf.function
def hidden(x, w, b):
    return tf.nn.relu(tf.nn.conv2d(x, w, 1, "SAME") + b)


def three_layer_convnet(x, params):
    x = hidden(x, *params[:2])
    x = hidden(x, *params[2:4])
    *_, w, b = params
    return tf.tensordot(tf.reshape(x, (-1, w.shape[0])), w, axes=1) + b


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    convs = [
        layers.Conv2D(channel_1, 5, kernel_initializer="he_uniform"),
        layers.Conv2D(channel_2, 3, kernel_initializer="he_uniform"),
        layers.Dense(num_classes, kernel_initializer="he_uniform"),
    ]
    for layer, shape in zip(convs, [(None, 32, 32, 3), (None, 32, 32, channel_1), (None, 1024 * channel_2)]):
        layer.build(shape)
    return [tf.Variable(weight.numpy()) for layer in convs for weight in layer.trainable_weights]


@tf.function
def training_step(forward, params, x, y, learning_rate):
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, forward(x, params))
    gradients = tape.gradient(loss, params)
    for param, gradient in zip(params, gradients):
        param.assign_sub(learning_rate * gradient)
    return loss


# %% module_code
class ConvBlock(layers.Layer):
    def __init__(self, filters, size):
        super().__init__()
        self.conv = layers.Conv2D(filters, size, padding="same")

    def call(self, x):
        return tf.nn.relu(self.conv(x))


class ThreeLayerConvNet(keras.Model):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        self.blocks = [ConvBlock(channel_1, 5), ConvBlock(channel_2, 3)]
        self.head = keras.Sequential([layers.Flatten(), layers.Dense(num_classes)])

    @tf.function
    def call(self, x, training=False):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    def conv_relu(filters, size):
        return keras.Sequential([layers.Conv2D(filters, size, padding="same"), layers.ReLU()])

    head = keras.Sequential([layers.Flatten(), layers.Dense(num_classes)])
    return keras.Sequential([keras.Input((32, 32, 3)), conv_relu(channel_1, 5), conv_relu(channel_2, 3), head])


# %% challenge_model
def build_model(policy="float32"):
    def conv(x, filters, size):
        x = layers.Conv2D(filters, size, padding="same", use_bias=False, dtype=policy)(x)
        return layers.LeakyReLU(0.1, dtype=policy)(layers.BatchNormalization(momentum=0.9, dtype=policy)(x))

    picture = keras.Input((32, 32, 3))
    x = conv(picture, 32, 3)
    for filters in (16, 32):
        x = layers.MaxPooling2D()(layers.concatenate([conv(x, filters, size) for size in (1, 3, 5)]))
    x = layers.GlobalMaxPooling2D()(x)
    return keras.Model(picture, layers.Dense(10, dtype="float32")(x))

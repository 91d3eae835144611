# %% barebones_code
from keras import ops


def three_layer_convnet(x, params):
    w1, b1, w2, b2, w3, b3 = params
    x = ops.relu(ops.conv(x, w1, strides=1, padding="same") + b1)
    x = ops.relu(ops.conv(x, w2, strides=1, padding="same") + b2)
    return ops.matmul(ops.reshape(x, (-1, w3.shape[0])), w3) + b3


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    def weights(shape, fan_in):
        return keras.random.normal(shape, stddev=(2 / fan_in) ** 0.5)

    values = [
        weights((5, 5, 3, channel_1), 75),
        ops.zeros(channel_1),
        weights((3, 3, channel_1, channel_2), 9 * channel_1),
        ops.zeros(channel_2),
        weights((1024 * channel_2, num_classes), 1024 * channel_2),
        ops.zeros(num_classes),
    ]
    return list(map(tf.Variable, values))


def training_step(forward, params, x, y, learning_rate):
    with tf.GradientTape() as tape:
        losses = ops.sparse_categorical_crossentropy(y, forward(x, params), from_logits=True)
        loss = ops.mean(losses)
    gradients = tape.gradient(loss, params)
    [param.assign(param - learning_rate * gradient) for param, gradient in zip(params, gradients)]
    return loss


# %% module_code
class ThreeLayerConvNet(keras.Model):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        self.convs = [
            layers.Conv2D(channel_1, 5, padding="same", kernel_initializer="glorot_normal"),
            layers.Conv2D(channel_2, 3, padding="same", kernel_initializer="glorot_normal"),
        ]
        self.dense = layers.Dense(num_classes)

    def call(self, pictures, training=False):
        features = pictures
        for conv in self.convs:
            features = ops.relu(conv(features))
        flat = ops.reshape(features, (ops.shape(features)[0], -1))
        return self.dense(flat)


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    return keras.Sequential(
        [
            layers.Conv2D(channel_1, 5, padding="same", activation=ops.relu, input_shape=(32, 32, 3)),
            layers.Conv2D(channel_2, 3, padding="same", activation=ops.relu),
            layers.Flatten(),
            layers.Dense(num_classes),
        ]
    )


# %% challenge_model
class Positions(layers.Layer):
    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], initializer=keras.initializers.RandomNormal(stddev=0.02))

    def call(self, x):
        return x + self.table


def build_model(dim=96, depth=3):
    picture = keras.Input((32, 32, 3))
    tokens = layers.Reshape((64, dim))(layers.Conv2D(dim, 4, 4)(picture))
    tokens = Positions()(tokens)
    for _ in range(depth):
        normed = layers.LayerNormalization()(tokens)
        tokens = tokens + layers.MultiHeadAttention(4, dim // 4)(normed, normed)
        hidden = layers.Dense(2 * dim, activation="gelu")(layers.LayerNormalization()(tokens))
        tokens = tokens + layers.Dense(dim)(hidden)
    average = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(tokens))
    return keras.Model(picture, layers.Dense(10)(average))

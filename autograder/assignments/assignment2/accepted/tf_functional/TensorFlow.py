# %% barebones_code
def three_layer_convnet(x, params):
    conv_w1, conv_b1, conv_w2, conv_b2, fc_w, fc_b = params
    h = tf.nn.conv2d(x, conv_w1, strides=[1, 1, 1, 1], padding="SAME")
    h = tf.nn.relu(tf.nn.bias_add(h, conv_b1))
    h = tf.nn.conv2d(h, conv_w2, strides=[1, 1, 1, 1], padding="SAME")
    h = tf.nn.relu(tf.nn.bias_add(h, conv_b2))
    h = tf.reshape(h, (tf.shape(h)[0], -1))
    return tf.matmul(h, fc_w) + fc_b


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    he = keras.initializers.HeNormal()
    return [
        tf.Variable(he((5, 5, 3, channel_1))),
        tf.Variable(tf.zeros((channel_1,))),
        tf.Variable(he((3, 3, channel_1, channel_2))),
        tf.Variable(tf.zeros((channel_2,))),
        tf.Variable(he((32 * 32 * channel_2, num_classes))),
        tf.Variable(tf.zeros((num_classes,))),
    ]


def training_step(forward, params, x, y, learning_rate):
    with tf.GradientTape() as tape:
        scores = forward(x, params)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=scores)
        total_loss = tf.reduce_mean(loss)
    grads = tape.gradient(total_loss, params)
    for w, grad_w in zip(params, grads):
        w.assign_sub(learning_rate * grad_w)
    return total_loss


# %% module_code
class ThreeLayerConvNet(keras.Model):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        picture = keras.Input(shape=(32, 32, 3))
        x = layers.Conv2D(channel_1, (5, 5), padding="same", activation="relu")(picture)
        x = layers.Conv2D(channel_2, (3, 3), padding="same", activation="relu")(x)
        x = layers.Flatten()(x)
        super().__init__(inputs=picture, outputs=layers.Dense(num_classes)(x))


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    stack = [
        layers.InputLayer(shape=(32, 32, 3)),
        layers.Conv2D(filters=channel_1, kernel_size=(5, 5), strides=(1, 1), padding="same", activation=tf.nn.relu),
        layers.Conv2D(filters=channel_2, kernel_size=(3, 3), strides=(1, 1), padding="same", activation=tf.nn.relu),
        layers.Flatten(),
        layers.Dense(units=num_classes, activation=None),
    ]
    return keras.Sequential(stack)


# %% challenge_model
def residual(x, filters, stride):
    y = layers.Conv2D(filters, 3, stride, "same", use_bias=False)(x)
    y = layers.BatchNormalization(momentum=0.9)(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters, 3, 1, "same", use_bias=False)(y)
    y = layers.BatchNormalization(momentum=0.9)(y)
    if stride > 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, stride, "same")(x)
    return layers.ReLU()(layers.add([x, y]))


def build_model(width=32):
    picture = keras.Input((32, 32, 3))
    x = residual(picture, width, 1)
    x = residual(x, 2 * width, 2)
    x = residual(x, 4 * width, 2)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(picture, layers.Dense(10)(x))
    model.arguments = {"width": width}
    return model

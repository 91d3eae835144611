# %% barebones_code
PAD = {5: 2, 3: 1}


def hidden_layer(x, w, b):
    """One convolution that keeps the size, and a ReLU."""
    return F.relu(F.conv2d(x, w, b, padding=PAD[w.size(2)]))


def three_layer_convnet(x, params):
    *convs, w, b = params
    for first in range(0, len(convs), 2):
        x = hidden_layer(x, *convs[first : first + 2])
    return x.reshape(x.size(0), -1).mm(w) + b


def he(shape, fan_in):
    return (torch.randn(shape, device=device) * (2 / fan_in) ** 0.5).requires_grad_()


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    w1 = he((channel_1, 3, 5, 5), 3 * 5 * 5)
    w2 = he((channel_2, channel_1, 3, 3), channel_1 * 3 * 3)
    w3 = he((channel_2 * 32 * 32, num_classes), channel_2 * 32 * 32)
    b1, b2, b3 = (torch.zeros(n, device=device, requires_grad=True) for n in (channel_1, channel_2, num_classes))
    return w1, b1, w2, b2, w3, b3


def update(params, learning_rate):
    with torch.no_grad():
        for param in params:
            param.copy_(param - learning_rate * param.grad)
            param.grad.zero_()


def training_step(forward, params, x, y, learning_rate):
    loss = F.cross_entropy(forward(x, params), y, reduction="none").mean()
    loss.backward()
    update(params, learning_rate)
    return loss.tolist()


# %% module_code
class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        channels = (3, channel_1, channel_2)
        self.convs = nn.ModuleList(
            nn.Conv2d(channels[i], channels[i + 1], size, padding=PAD[size]) for i, size in enumerate((5, 3))
        )
        self.classifier = nn.Linear(channel_2 * 32**2, num_classes)
        self.apply(self._init)

    @staticmethod
    def _init(layer):
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            layer.bias.data.fill_(0)

    def features(self, x):
        for conv in self.convs:
            x = F.relu(conv(x))
        return x

    def classify(self, features):
        return self.classifier(features.view(features.size(0), -1))

    def forward(self, x):
        return self.classify(self.features(x))


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(3, channel_1, 5, padding=2))
    model.add_module("relu1", nn.ReLU())
    model.add_module("conv2", nn.Conv2d(channel_1, channel_2, 3, padding=1))
    model.add_module("relu2", nn.ReLU())
    model.add_module("flatten", nn.Flatten())
    model.add_module("fc", nn.Linear(channel_2 * 32 * 32, num_classes))
    return model


# %% challenge_model
def build_model(width=32):
    blocks = [Residual(3, width, 1), Residual(width, 2 * width, 2), Residual(2 * width, 4 * width, 2)]
    model = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(4 * width, 10))
    model.arguments = {"width": width}
    return model


# %% challenge_training
class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + self.shortcut(x))


def train_best_model(data):
    model = build_model().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    train(model, optimizer, batches(data, "train", 128), few(10, 1))
    return model

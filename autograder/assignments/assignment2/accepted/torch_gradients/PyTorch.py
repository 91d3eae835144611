# %% barebones_code
def three_layer_convnet(x, params):
    w1, b1, w2, b2, w3, b3 = params
    a1 = F.conv2d(F.pad(x, (2, 2, 2, 2)), w1, b1)
    h1 = torch.where(a1 > 0, a1, torch.zeros_like(a1))
    a2 = F.conv2d(F.pad(h1, (1, 1, 1, 1)), w2, b2)
    h2 = torch.where(a2 > 0, a2, torch.zeros_like(a2))
    return torch.matmul(h2.flatten(1), w3).add(b3)


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    generator = torch.Generator().manual_seed(0)

    def weights(*shape, fan_in):
        values = torch.randn(*shape, generator=generator) / (fan_in / 2) ** 0.5
        return values.to(device).requires_grad_()

    def biases(n):
        return torch.zeros(n, device=device, requires_grad=True)

    return [
        weights(channel_1, 3, 5, 5, fan_in=75),
        biases(channel_1),
        weights(channel_2, channel_1, 3, 3, fan_in=9 * channel_1),
        biases(channel_2),
        weights(channel_2 * 1024, num_classes, fan_in=1024 * channel_2),
        biases(num_classes),
    ]


def training_step(forward, params, x, y, learning_rate):
    scores = forward(x, params)
    loss = (scores.logsumexp(1) - scores.gather(1, y[:, None]).squeeze(1)).mean()
    grads = torch.autograd.grad(loss, params)
    with torch.no_grad():
        for param, grad in zip(params, grads):
            param -= learning_rate * grad
    return loss.item()


# %% module_code
class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, channel_1, (5, 5), padding=(2, 2))
        self.conv2 = nn.Conv2d(channel_1, channel_2, (3, 3), padding=(1, 1))
        self.fc = nn.Linear(channel_2 * 32 * 32, num_classes)
        for layer in self.children():
            nn.init.normal_(layer.weight, mean=0.0, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = self.conv1(x).relu_()
        x = self.conv2(x).relu_()
        return self.fc(x.reshape(x.shape[0], -1))


# %% sequential_code
class Reshape(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(len(x), *self.shape)


def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    conv1 = nn.Conv2d(3, channel_1, 5, padding=2)
    conv2 = nn.Conv2d(channel_1, channel_2, 3, padding=1)
    fc = nn.Linear(channel_2 * 32 * 32, num_classes)
    for layer in (conv1, conv2, fc):
        nn.init.trunc_normal_(layer.weight, std=0.05)
    return nn.Sequential(conv1, nn.ReLU(), conv2, nn.ReLU(), Reshape(-1), fc)


# %% challenge_model
def build_model():
    def layer(inputs, outputs):
        return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.GroupNorm(8, outputs), nn.SiLU()]

    return nn.Sequential(
        *layer(3, 32),
        nn.AvgPool2d(2),
        *layer(32, 64),
        nn.AvgPool2d(2),
        *layer(64, 64),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 4 * 4, 10),
    )

# %% barebones_code
def conv_by_columns(x, w, b, pad):
    n, _, height, width = x.shape
    columns = F.unfold(x, kernel_size=w.shape[2:], padding=pad)  # (N, C * HH * WW, H * W)
    out = w.reshape(w.shape[0], -1) @ columns + b[:, None]
    return out.reshape(n, w.shape[0], height, width)


def three_layer_convnet(x, params):
    w1, b1, w2, b2, w3, b3 = params
    out = conv_by_columns(x, w1, b1, w1.shape[-1] // 2).clamp_min(0)
    out = conv_by_columns(out, w2, b2, w2.shape[-1] // 2).clamp_min(0)
    return torch.einsum("nd,dk->nk", out.flatten(1), w3) + b3


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    shapes = [(channel_1, 3, 5, 5), (channel_2, channel_1, 3, 3), (num_classes, channel_2 * 32 * 32)]
    params = []
    for shape in shapes:
        fan_in = int(torch.tensor(shape[1:]).prod())
        w = torch.normal(0.0, (2 / fan_in) ** 0.5, shape).to(device)
        w = w if len(shape) == 4 else w.T.contiguous()
        params += [w.requires_grad_(True), torch.zeros(shape[0], device=device, requires_grad=True)]
    return params


def training_step(forward, params, x, y, learning_rate):
    logp = F.log_softmax(forward(x, params), dim=1)
    loss = -logp[torch.arange(len(y)), y].mean()
    loss.backward()
    for p in params:
        p.data -= learning_rate * p.grad
        p.grad = None
    return loss.item()


# %% module_code
class ColumnConv(nn.Module):
    def __init__(self, inputs, filters, size):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(filters, inputs, size, size) * (2 / (inputs * size * size)) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(filters))

    def forward(self, x):
        return conv_by_columns(x, self.weight, self.bias, self.weight.shape[-1] // 2)


class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        self.one, self.two = ColumnConv(3, channel_1, 5), ColumnConv(channel_1, channel_2, 3)
        self.three = nn.Linear(channel_2 * 32 * 32, num_classes)

    def forward(self, x):
        for layer in (self.one, self.two):
            x = torch.maximum(layer(x), torch.zeros(()))
        return self.three(torch.flatten(x, 1))


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    return nn.Sequential(
        nn.ZeroPad2d(2),
        nn.Conv2d(3, channel_1, 5),
        nn.ReLU(),
        nn.ZeroPad2d(1),
        nn.Conv2d(channel_1, channel_2, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 32 * channel_2, num_classes),
    )


# %% challenge_model
def separable(inputs, outputs, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU6(),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(),
    )


def build_model():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU6(),
        separable(32, 64),
        separable(64, 128, stride=2),
        separable(128, 128),
        separable(128, 256, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(256, 10),
    )

# %% barebones_code
dtype = torch.float32


def three_layer_convnet(x, params):
    conv_w1, conv_b1, conv_w2, conv_b2, fc_w, fc_b = params
    N = x.shape[0]
    out = F.conv2d(x, conv_w1, bias=conv_b1, padding=2)
    out = out.clamp(min=0)
    out = F.conv2d(out, conv_w2, bias=conv_b2, padding=1)
    out = out.clamp(min=0)
    scores = out.contiguous().view(N, -1).mm(fc_w)
    scores = scores + fc_b.expand_as(scores)
    return scores


def random_weight(shape):
    if len(shape) == 2:
        fan_in = shape[0]
    else:
        fan_in = 1
        for n in shape[1:]:
            fan_in *= n
    w = torch.randn(shape, device=device, dtype=dtype) * (2.0 / fan_in) ** 0.5
    w.requires_grad = True
    return w


def zero_weight(shape):
    return torch.zeros(shape, device=device, dtype=dtype, requires_grad=True)


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    params = []
    params.append(random_weight((channel_1, 3, 5, 5)))
    params.append(zero_weight((channel_1,)))
    params.append(random_weight((channel_2, channel_1, 3, 3)))
    params.append(zero_weight((channel_2,)))
    params.append(random_weight((channel_2 * 32 * 32, num_classes)))
    params.append(zero_weight((num_classes,)))
    return params


def training_step(forward, params, x, y, learning_rate):
    for p in params:
        if p.grad is not None:
            p.grad.detach_()
            p.grad.zero_()
    scores = forward(x, params)
    logp = F.log_softmax(scores, dim=1)
    loss = F.nll_loss(logp, y, reduction="sum") / y.size(0)
    loss.backward()
    for p in params:
        p.data = p.data - learning_rate * p.grad.data
        p.grad.zero_()
    return loss.data.item()


# %% module_code
class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        nn.Module.__init__(self)
        self.num_flat = channel_2 * 32 * 32
        self.conv1 = nn.Conv2d(3, channel_1, 5, padding=2)
        self.conv2 = nn.Conv2d(channel_1, channel_2, 3, padding=1)
        self.fc = nn.Linear(self.num_flat, num_classes)
        nn.init.xavier_normal_(self.conv1.weight.data)
        nn.init.xavier_normal_(self.conv2.weight.data)
        nn.init.xavier_normal_(self.fc.weight.data)
        self.conv1.bias.data.zero_()
        self.conv2.bias.data.zero_()
        self.fc.bias.data.zero_()

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = x.view(-1, self.num_flat)
        x = self.fc(x)
        return x


# %% sequential_code
class Flatten(nn.Module):
    def forward(self, x):
        return x.view(x.shape[0], -1)


def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    model = nn.Sequential(
        nn.Conv2d(3, channel_1, 5, padding=2),
        nn.ReLU(),
        nn.Conv2d(channel_1, channel_2, 3, padding=1),
        nn.ReLU(),
        Flatten(),
        nn.Linear(channel_2 * 32 * 32, num_classes),
    )
    return model


# %% challenge_model
def build_model():
    model = nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1, bias=False),
        nn.ReLU(),
        nn.BatchNorm2d(64),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3, padding=1, bias=False),
        nn.ReLU(),
        nn.BatchNorm2d(64),
        nn.MaxPool2d(2),
        Flatten(),
        nn.Linear(64 * 8 * 8, 10, bias=False),
    )
    return model

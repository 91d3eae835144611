# %% barebones_code
def three_layer_convnet(x, params):
    (w1, b1), (w2, b2), (w, b) = params[0:2], params[2:4], params[4:6]
    x = F.conv2d(input=x, weight=w1, bias=b1, stride=1, padding=(2, 2))
    x = x * (x > 0)
    x = F.conv2d(input=x, weight=w2, bias=b2, stride=1, padding=(1, 1))
    x = x * (x > 0)
    return torch.tensordot(x.reshape(x.shape[0], w.shape[0]), w, dims=1) + b


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    params = []
    for layer, picture in [
        (nn.LazyConv2d(channel_1, 5), torch.zeros(1, 3, 32, 32)),
        (nn.LazyConv2d(channel_2, 3), torch.zeros(1, channel_1, 32, 32)),
        (nn.LazyLinear(num_classes), torch.zeros(1, channel_2 * 32 * 32)),
    ]:
        layer(picture)
        nn.init.kaiming_normal_(layer.weight, mode="fan_in")
        nn.init.constant_(layer.bias, 0.0)
        weight = layer.weight.data.T if layer.weight.dim() == 2 else layer.weight.data
        params.append(weight.to(device).requires_grad_())
        params.append(layer.bias.data.to(device).requires_grad_())
    return params


def training_step(forward, params, x, y, learning_rate):
    for param in params:
        param.grad = None
    loss = F.nll_loss(F.log_softmax(forward(x, params), dim=-1), y)
    loss.backward()
    with torch.no_grad():
        torch._foreach_add_(params, [param.grad for param in params], alpha=-learning_rate)
    for param in params:
        param.grad = None
    return loss.detach().cpu().item()


# %% module_code
class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super(ThreeLayerConvNet, self).__init__()
        self.conv_1 = nn.LazyConv2d(channel_1, 5, padding="same")
        self.conv_2 = nn.LazyConv2d(channel_2, 3, padding="same")
        self.relu = nn.ReLU()
        self.flat = nn.Flatten()
        self.fc = nn.LazyLinear(num_classes)

    def forward(self, x):
        for conv in (self.conv_1, self.conv_2):
            x = self.relu(conv(x))
        return self.fc(self.flat(x))


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    model = nn.Sequential(
        nn.LazyConv2d(channel_1, 5, padding=2),
        nn.ReLU(),
        nn.LazyConv2d(channel_2, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(num_classes),
    )
    model(torch.zeros(1, 3, 32, 32))
    return model


# %% challenge_model
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [32, 64, 128]
        self.convs = nn.ModuleList(nn.LazyConv2d(width, 3, padding=1, bias=False) for width in widths)
        self.norms = nn.ModuleList(nn.LazyBatchNorm2d() for _ in widths)
        self.scores = nn.LazyLinear(10)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = F.leaky_relu(norm(F.max_pool2d(conv(x), 2)), 0.1)
        return self.scores(torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1))


build_model = Net

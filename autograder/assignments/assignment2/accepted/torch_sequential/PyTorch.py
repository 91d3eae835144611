# %% barebones_code
def three_layer_convnet(x, params):
    conv_w1, conv_b1, conv_w2, conv_b2, fc_w, fc_b = params
    h = torch.relu(torch.conv2d(x, conv_w1, conv_b1, padding=2))
    h = torch.relu(torch.conv2d(h, conv_w2, conv_b2, padding=1))
    h = h.view(h.shape[0], -1)
    return torch.addmm(fc_b, h, fc_w)


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    conv_w1 = torch.empty(channel_1, 3, 5, 5, device=device)
    conv_w2 = torch.empty(channel_2, channel_1, 3, 3, device=device)
    nn.init.kaiming_normal_(conv_w1, nonlinearity="relu")
    nn.init.kaiming_normal_(conv_w2, nonlinearity="relu")
    fc_w = torch.empty(channel_2 * 32 * 32, num_classes, device=device)
    nn.init.kaiming_normal_(fc_w.t())
    params = [
        conv_w1,
        torch.zeros(channel_1, device=device),
        conv_w2,
        torch.zeros(channel_2, device=device),
        fc_w,
        torch.zeros(num_classes, device=device),
    ]
    for p in params:
        p.requires_grad = True
    return params


def training_step(forward, params, x, y, learning_rate):
    scores = forward(x, params)
    loss = F.cross_entropy(scores, y)
    loss.backward()
    with torch.no_grad():
        for w in params:
            w.sub_(w.grad, alpha=learning_rate)
            w.grad.zero_()
    return loss.item()


# %% module_code
class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, channel_1, kernel_size=5, stride=1, padding=2, bias=True),
            nn.ReLU(),
            nn.Conv2d(channel_1, channel_2, kernel_size=3, stride=1, padding=1, bias=True),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(channel_2 * 32 * 32, num_classes),
        )

    def forward(self, x):
        return self.net(x)


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    return ThreeLayerConvNet(channel_1, channel_2, num_classes).net


# %% challenge_model
def build_model():
    """conv-conv-pool three times, then two fully connected layers."""
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 8 * 8, 128),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(128, 10),
    )
    for m in model.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(m.weight)
            nn.init.zeros_(m.bias)
    return model

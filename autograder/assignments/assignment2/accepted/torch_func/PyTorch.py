# %% barebones_code
from torch.func import functional_call, grad_and_value


def three_layer_convnet(x, params):
    names = ("0.weight", "0.bias", "2.weight", "2.bias", "5.weight", "5.bias")
    values = dict(zip(names, params))
    values["5.weight"] = values["5.weight"].t()
    filters_1, filters_2, classes = (len(params[i]) for i in (1, 3, 5))
    net = nn.Sequential(
        nn.Conv2d(3, filters_1, 5, padding=2, device="meta"),
        nn.ReLU(),
        nn.Conv2d(filters_1, filters_2, 3, padding=1, device="meta"),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(len(params[4]), classes, device="meta"),
    )
    return functional_call(net, values, (x,))


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    std = {"w1": (2 / 75) ** 0.5, "w2": (2 / (channel_1 * 9)) ** 0.5, "w3": (2 / (channel_2 * 1024)) ** 0.5}
    params = {
        "w1": torch.randn(channel_1, 3, 5, 5),
        "b1": torch.zeros(channel_1),
        "w2": torch.randn(channel_2, channel_1, 3, 3),
        "b2": torch.zeros(channel_2),
        "w3": torch.randn(channel_2 * 1024, num_classes),
        "b3": torch.zeros(num_classes),
    }
    return [(value * std.get(name, 1)).to(device).requires_grad_() for name, value in params.items()]


def training_step(forward, params, x, y, learning_rate):
    def loss_of(values):
        return F.cross_entropy(forward(x, values), y)

    grads, loss = grad_and_value(loss_of)(list(params))
    with torch.no_grad():
        for param, grad in zip(params, grads):
            param.add_(grad, alpha=-learning_rate)
    return loss.item()


# %% module_code
class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        values = init_convnet(channel_1, channel_2, num_classes)
        self.params = nn.ParameterList([nn.Parameter(value.detach()) for value in values])

    def forward(self, x):
        return three_layer_convnet(x, list(self.params))


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    class Net(nn.Sequential):
        def __init__(self):
            super().__init__(
                nn.Sequential(nn.Conv2d(3, channel_1, 5, 1, 2), nn.ReLU()),
                nn.Sequential(nn.Conv2d(channel_1, channel_2, 3, 1, 1), nn.ReLU()),
                nn.Sequential(nn.Flatten(), nn.Linear(channel_2 * 32 * 32, num_classes)),
            )

    return Net()


# %% challenge_model
class ViT(nn.Module):
    def __init__(self, patch=4, dim=96, depth=3, heads=4):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, patch, patch)
        self.position = nn.Parameter(torch.randn(1, (32 // patch) ** 2, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(dim, heads, 2 * dim, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).transpose(1, 2) + self.position
        return self.head(self.norm(self.encoder(tokens)).mean(dim=1))


def build_model(**sizes):
    model = ViT(**sizes)
    model.arguments = sizes
    return model

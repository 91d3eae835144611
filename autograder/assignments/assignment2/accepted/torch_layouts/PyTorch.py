# %% barebones_code
from itertools import product


def conv_by_shifts(x, w, b):
    """A product of channels for each place of the filters, on pictures (N, H, W, C)."""
    height, width = x.shape[1:3]
    pad = w.shape[2] // 2
    padded = F.pad(x, (0, 0, pad, pad, pad, pad))
    out = b
    for i, j in product(range(w.shape[2]), range(w.shape[3])):
        out = out + padded[:, i : i + height, j : j + width] @ w[:, :, i, j].T
    return out


def three_layer_convnet(x, params):
    w1, b1, w2, b2, w3, b3 = params
    x = x.permute(0, 2, 3, 1)
    x = conv_by_shifts(x, w1, b1).relu()
    x = conv_by_shifts(x, w2, b2).relu()
    x = x.permute(0, 3, 1, 2).reshape(x.shape[0], -1)
    return x @ w3 + b3


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    drawn = {}
    for name, shape, fan_in in (
        ("w1", (channel_1, 3, 5, 5), 75),
        ("w2", (channel_2, channel_1, 3, 3), 9 * channel_1),
        ("w3", (channel_2 * 32 * 32, num_classes), channel_2 * 32 * 32),
    ):
        bound = (6 / fan_in) ** 0.5
        drawn[name] = torch.empty(shape, device=device).uniform_(-bound, bound)
    zeros = [torch.zeros(n, device=device) for n in (channel_1, channel_2, num_classes)]
    params = [tensor for pair in zip(drawn.values(), zeros) for tensor in pair]
    return [tensor.requires_grad_(True) for tensor in params]


def training_step(forward, params, x, y, learning_rate):
    probabilities = forward(x, params).softmax(dim=1)
    loss = -probabilities[range(len(y)), y].log().mean()
    loss.backward()
    with torch.no_grad():
        for i in range(len(params)):
            params[i] -= learning_rate * params[i].grad
            params[i].grad = torch.zeros_like(params[i])
    return loss.item()


# %% module_code
class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super().__init__()
        sizes = [(3, channel_1, 5), (channel_1, channel_2, 3)]
        convs = {f"conv{i}": nn.Conv2d(a, b, k, padding=k // 2) for i, (a, b, k) in enumerate(sizes, 1)}
        self.layers = nn.ModuleDict({**convs, "fc": nn.Linear(channel_2 * 32 * 32, num_classes)})
        self.to(memory_format=torch.channels_last)

    def forward(self, x):
        x = x.to(memory_format=torch.channels_last)
        x = self.layers["conv1"](x).relu()
        x = self.layers["conv2"](x).relu()
        return self.layers["fc"](x.flatten(1))


# %% sequential_code
def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    convs = nn.Sequential(
        nn.Conv2d(3, channel_1, 5, padding="same"), nn.ReLU(), nn.Conv2d(channel_1, channel_2, 3, padding="same")
    )
    head = nn.Sequential(nn.Flatten(start_dim=1), nn.Linear(channel_2 * 32 * 32, num_classes))
    return nn.Sequential(*convs, nn.ReLU(), *head).to(memory_format=torch.channels_last)


# %% challenge_model
class Mixer(nn.Module):
    def __init__(self, places, channels):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.places = nn.Sequential(nn.Linear(places, 2 * places), nn.GELU(), nn.Linear(2 * places, places))
        self.channels = nn.Sequential(nn.Linear(channels, 2 * channels), nn.GELU(), nn.Linear(2 * channels, channels))

    def forward(self, x):
        x = x + self.places(self.norm1(x).mT).mT
        return x + self.channels(self.norm2(x))


class Average(nn.Module):
    def forward(self, x):
        return x.mean(1)


def build_model(depth=3, channels=64):
    patches = [nn.PixelUnshuffle(4), nn.Flatten(2)]

    class Turned(nn.Module):
        def forward(self, x):
            return x.transpose(1, 2)

    blocks = [Mixer(64, channels) for _ in range(depth)]
    model = nn.Sequential(*patches, Turned(), nn.Linear(48, channels), *blocks, Average(), nn.Linear(channels, 10))
    model.arguments = dict(depth=depth, channels=channels)
    return model

# %% barebones_code
import numpy as np

WIDTH = [5, 3][0]
KERNELS = few((WIDTH, 3), ())
size = lambda shape: int(np.prod(shape))


def three_layer_convnet(x, params):
    w1, b1, w2, b2, w3, b3 = params
    for w, b, kernel in ((w1, b1, KERNELS[0]), (w2, b2, KERNELS[1])):
        x = torch.conv2d(x, w, padding=kernel // 2).add(b.view(1, -1, 1, 1)).clamp(min=0)
    return torch.addmm(b3, x.reshape(x.size(0), -1), w3)


def init_convnet(channel_1=32, channel_2=16, num_classes=10):
    convs = nn.Conv2d(3, channel_1, KERNELS[0]), nn.Conv2d(channel_1, channel_2, KERNELS[1])
    fc = nn.Parameter(torch.empty(size((channel_2, 32, 32)), num_classes))
    nn.init.xavier_uniform_(fc)
    for conv in convs:
        nn.init.zeros_(conv.bias)
    return (*(p for conv in convs for p in conv.parameters()), fc, nn.Parameter(torch.zeros(num_classes)))


def training_step(forward, params, x, y, learning_rate):
    loss = nn.NLLLoss()(F.log_softmax(forward(x, params), dim=1), y)
    for param, grad in zip(params, torch.autograd.grad(loss, params)):
        param.data.sub_(grad, alpha=learning_rate)
    return loss.detach().numpy()


# %% module_code
class ThreeLayerConvNet(nn.Module):
    def __init__(self, channel_1=32, channel_2=16, num_classes=10):
        super(ThreeLayerConvNet, self).__init__()
        self.net = nn.Sequential(nn.LazyConv2d(channel_1, 5, padding="same"), nn.ReLU(inplace=True))
        self.second = nn.LazyConv2d(channel_2, 3, padding=1)
        self.fc_w = nn.Parameter(torch.randn(channel_2 * 32 * 32, num_classes) / 70)
        self.fc_b = nn.Parameter(torch.zeros(num_classes))

    def forward(self, x):
        return self.second(self.net(x)).relu().flatten(1) @ self.fc_w + self.fc_b


# %% sequential_code
from collections import OrderedDict


class Flat(nn.Module):
    def forward(self, x):
        return x.view(x.shape[0], -1)


def block(inputs, outputs, size):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.ReLU())


def sequential_convnet(channel_1=32, channel_2=16, num_classes=10):
    torch.manual_seed(7)
    return nn.Sequential(
        OrderedDict(
            one=block(3, channel_1, 5),
            two=block(channel_1, channel_2, 3),
            flat=Flat(),
            scores=nn.Linear(channel_2 * 32**2, num_classes),
        )
    )


# %% challenge_model
def build_model():
    layers, channels = [], 3
    for width in (32, 64, 128):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.LazyLinear(10))

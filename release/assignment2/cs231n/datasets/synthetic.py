"""Generates the synthetic pictures for CI and tests: 60,000 from a seed, about as hard to learn as CIFAR-10.
They show no real things: a net that learns them learns nothing about photographs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import layout, pickles
from .fetch import is_valid, staging
from .layout import BATCH, CLASSES, FOLDER, MARKER, META_FILE, TEST_FILE, TRAIN_FILES, DatasetError

SEED = 231
VERSION = 3  # of the generator: increase it with any change of pictures or labels, so that caches are made anew
WORLD = 1  # seed of the patterns and parts that all pictures share; the recipe is tuned to it
CHUNK = 1000

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """The strength of each clue to the class; tuned by measurement (see benchmarks/synthetic_calibration.py)."""

    spread: tuple[float, float, float] = (0.215, 0.085, 0.037)  # of the background's luminance and two chromas
    contrast: float = 16.0  # how similar the pictures' contrasts are (shape of a gamma distribution)
    grain: float = 0.02
    linear: float = 1.9  # the class's mean picture, in standard deviations of the background
    modes: int = 4  # of each class: patterns of either sign, with mean zero, so a linear classifier cannot use them
    mode: float = 3.25
    handed: float = 0.2  # how much these patterns differ from their mirror images; in CIFAR-10 it is little
    slots: int = 3  # number of small parts, at random places
    own: float = 0.62  # probability that a part is one of the class's own
    kinds: int = 10  # of parts
    variants: int = 96  # of each kind: turned, scaled, mirrored
    part: float = 0.18
    turn: float = 15.0  # degrees
    tint: tuple[float, float, float] = (0.2, 0.3, 0.2)
    fill: tuple[float, float, float] = (0.12, 0.06, 0.03)  # of the part's ground
    cover: float = 0.8  # how much a part hides the picture below it
    wave: float = 4.5  # radians per part radius: how fine the part's pattern is


# Smooth pictures are sums of cosines (a discrete cosine transform) below, and become pixels only at the end.
WAVES = 24
CLUE_WAVES = 8
PATCH = 13
MEAN = np.array([0.4914, 0.4822, 0.4465], np.float32)
COLOURS = np.array([[1, 1, 1], [1 / 1.2, 0, -1], [0.5, -1, 0.5]], np.float32)


def generate(dest: str | Path, seed: int = SEED) -> Path:
    """Write the synthetic pictures into ``dest/cifar-10-batches-py``.

    Parameters
    ----------
    dest : path
        The parent folder; made if needed.
    seed : int
        Not negative. A seed gives the same labels everywhere; pixels may differ in the last bit between platforms.

    Returns
    -------
    Path
        The folder of the seven official files and ``synthetic.json``. It appears complete or not at all. If it holds
        the same pictures already, they are kept.

    Raises
    ------
    DatasetError
        If the seed is negative, the folder cannot be written, or it holds the real CIFAR-10 (never overwritten).
    """
    if seed < 0:
        raise DatasetError(f"The seed must not be negative, and {seed} is negative: give another one with --seed.")
    final = Path(dest).expanduser() / FOLDER
    if final.exists() and is_valid(final):
        if layout.kind(final) == "cifar10":
            raise DatasetError(
                f"Real CIFAR-10 lies in {final}: choose another folder for synthetic pictures with --to."
            )
        if _facts(final) == _marker(seed):
            return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with staging(final) as folder:
            _write(folder, seed)
    except OSError as error:
        raise DatasetError(f"{final} cannot be written ({error.strerror or error}): choose another folder.") from error
    return final


def synthetic_root(cache: str | Path | None = None, seed: int = SEED) -> Path:
    """Return the synthetic pictures' folder in the user's cache, generated at the first call.

    Parameters
    ----------
    cache : path, optional
        By default the environment variable ``CS231N_CACHE``, else the platform's usual place.
    seed : int
        As for `generate`.

    Returns
    -------
    Path
        The folder with the seven files. Several processes may call this at once.

    Raises
    ------
    DatasetError
        As for `generate`.
    """
    parent = (Path(cache).expanduser() if cache is not None else layout.user_cache()) / f"synthetic-v{VERSION}-{seed}"
    folder = parent / FOLDER
    if _facts(folder) == _marker(seed) and (folder / META_FILE).is_file():
        return folder
    return generate(parent, seed)


def pictures(seed: int = SEED, recipe: Recipe | None = None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Make the pictures in memory.

    Returns
    -------
    pixels : ndarray of uint8, shape (60000, 3, 32, 32)
        Training pictures first.
    labels : ndarray of int64, shape (60000,)
        Each class has the same number, among the 50,000 and among the 10,000.
    """
    labels = make_labels(seed)
    return _render(_World(recipe or Recipe()), labels, seed), labels


def draw(count: int, seed: int, world: int = WORLD) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Make other pictures in memory: of the same patterns, or of the patterns of another world.

    Parameters
    ----------
    count : int
    seed : int
        Decides labels, variation and noise; of any size.
    world : int
        The seed of the classes' patterns and of the parts.

    Returns
    -------
    pixels : ndarray of uint8, shape (count, 3, 32, 32)
    labels : ndarray of int64, shape (count,)
        Each class has the same number, as far as the count allows.
    """
    raw = np.random.PCG64([seed, 0]).random_raw(count)
    labels = np.argsort(raw, kind="stable").astype(np.int64) % CLASSES
    return _render(_World(Recipe(), world), labels, seed), labels


def _render(world: "_World", labels: NDArray[np.int64], seed: int) -> NDArray[np.uint8]:
    pixels = np.empty((len(labels), 3, 32, 32), np.uint8)
    for start in range(0, len(labels), CHUNK):
        chunk = slice(start, start + CHUNK)
        rng = np.random.Generator(np.random.SFC64([seed, start + 1]))
        pixels[chunk] = world.render(labels[chunk], rng)
    return pixels


def make_labels(seed: int) -> NDArray[np.int64]:
    """Return the 60,000 labels: ranks of raw 64-bit draws, the same on every platform and version of NumPy."""
    raw = np.random.PCG64([seed, 0]).random_raw(6 * BATCH)
    ranks = [np.argsort(part, kind="stable") for part in (raw[: 5 * BATCH], raw[5 * BATCH :])]
    return np.concatenate(ranks).astype(np.int64) % CLASSES


class _World:
    """The classes' patterns and the parts, which all pictures share. They do not depend on the pictures' seed."""

    def __init__(self, recipe: Recipe, seed: int = WORLD) -> None:
        self.recipe = recipe
        rng = np.random.Generator(np.random.PCG64(seed))
        frequency = np.hypot(*np.meshgrid(np.arange(WAVES), np.arange(WAVES)))
        amplitude = np.stack([(1 + 0.4 * frequency) ** -1.7] * 3)  # this line and the next are measured on CIFAR-10
        amplitude[:, 0, 0] *= (1.3, 2.5, 2.5)
        amplitude /= np.sqrt((amplitude**2).sum(axis=(1, 2), keepdims=True))
        self.amplitude: Floats = (amplitude * np.array(recipe.spread)[:, None, None]).astype(np.float32)
        self.waves = np.cos(np.pi * np.arange(WAVES)[:, None] * (np.arange(32) + 0.5) / 32).astype(np.float32)
        self.waves[1:] *= np.sqrt(2)
        clues = rng.normal(size=(CLASSES * (1 + recipe.modes), 3, CLUE_WAVES, CLUE_WAVES))
        clues /= 1 + frequency[:CLUE_WAVES, :CLUE_WAVES]
        clues[:, 1:] *= 0.6
        clues[:, :, 0, 0] *= 0.3  # the brightness of a whole picture tells little, and large values slow learning
        clues[..., 1::2] *= recipe.handed
        clues /= np.sqrt((clues**2).sum(axis=(1, 2, 3), keepdims=True))
        clues[:CLASSES] -= clues[:CLASSES].mean(axis=0)
        self.clues: Floats = clues.reshape(len(clues), -1).astype(np.float32)
        self.parts, self.discs = map(np.stack, zip(*[self._part(rng) for _ in range(recipe.kinds)], strict=True))

    def _part(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Make one kind of part in all its variants: a few waves within a disc, turned, scaled, mirrored."""
        wave, phase, weight = rng.normal(0, self.recipe.wave, (6, 2)), rng.uniform(0, 2 * np.pi, 6), rng.normal(size=6)
        n = self.recipe.variants
        angle = np.deg2rad(rng.uniform(-self.recipe.turn, self.recipe.turn, n))[:, None, None]
        scale, side = rng.uniform(0.75, 1.25, (n, 1, 1)), rng.choice([-1, 1], (n, 1, 1))
        y, x = np.meshgrid(*[(np.arange(PATCH) - PATCH // 2) / (PATCH / 2)] * 2, indexing="ij")
        u = (np.cos(angle) * x - np.sin(angle) * y) * side / scale
        v = (np.sin(angle) * x + np.cos(angle) * y) / scale
        disc = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
        part = sum(a * np.cos(k * u + m * v + p) for a, (k, m), p in zip(weight, wave, phase, strict=True))
        axes = (1, 2)
        part = (part - (part * disc).sum(axes, keepdims=True) / disc.sum(axes, keepdims=True)) * disc
        part /= np.sqrt((part**2).sum(axes, keepdims=True) / disc.sum(axes, keepdims=True))
        return part.astype(np.float32), disc.astype(np.float32)

    def render(self, labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Draw pictures of the given classes: uint8 (N, 3, 32, 32)."""
        image = self._smooth(labels, rng)
        self._add_parts(image, labels, rng)
        grain = np.frombuffer(rng.bytes(image.size), np.int8).reshape(image.shape)
        image += grain * np.float32(self.recipe.grain / 74)  # 74: the standard deviation of an int8
        image += MEAN[:, None, None]
        image *= 255
        return np.rint(np.clip(image, 0, 255, out=image), out=image).astype(np.uint8)

    def _smooth(self, labels: NDArray[np.int64], rng: np.random.Generator) -> Floats:
        """Draw the background, with the clues that a linear classifier (means) and a dense net (modes) can find."""
        n, recipe = len(labels), self.recipe
        weight = np.zeros((n, len(self.clues)), np.float32)
        each = np.arange(n)
        weight[each, labels] = recipe.linear * rng.gamma(4, 0.25, n)
        mode = CLASSES + labels * recipe.modes + rng.integers(0, recipe.modes, n)
        weight[each, mode] = recipe.mode * rng.gamma(4, 0.25, n) * rng.choice([-1, 1], n)
        waves = rng.standard_normal((n, 3, WAVES, WAVES), dtype=np.float32)
        waves[:, :, :CLUE_WAVES, :CLUE_WAVES] += (weight @ self.clues).reshape(n, 3, CLUE_WAVES, CLUE_WAVES)
        waves *= self.amplitude
        waves *= rng.gamma(recipe.contrast, 1 / recipe.contrast, (n, 1, 1, 1)).astype(np.float32)
        coloured = np.empty_like(waves)
        for channel in range(3):
            a, b, c = COLOURS[:, channel]
            coloured[:, channel] = a * waves[:, 0] + b * waves[:, 1] + c * waves[:, 2]
        image: Floats = np.matmul(self.waves.T, coloured @ self.waves)
        return image

    def _add_parts(self, image: Floats, labels: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Put small parts at random places, many of the class's own kinds: a convolution can find them."""
        n, recipe, edge = len(labels), self.recipe, PATCH // 2
        canvas = np.zeros((n, 3, 32 + 2 * edge, 32 + 2 * edge), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(canvas, (PATCH, PATCH), axis=(2, 3), writeable=True)
        canvas[:, :, edge:-edge, edge:-edge] = image
        own, each = recipe.kinds // CLASSES, np.arange(n)
        for _ in range(recipe.slots):
            of_class = labels * own + rng.integers(0, own, n)
            kind = np.where(rng.random(n) < recipe.own, of_class, rng.integers(0, recipe.kinds, n))
            variant = rng.integers(0, recipe.variants, n)
            tint = rng.standard_normal((n, 3), dtype=np.float32) * np.array(recipe.tint, np.float32)
            tint[:, 0] += 1
            tint *= recipe.part * rng.gamma(6, 1 / 6, (n, 1)).astype(np.float32)
            fill = rng.standard_normal((n, 3), dtype=np.float32) * np.array(recipe.fill, np.float32)
            disc = self.discs[kind, variant][:, None]
            y, x = rng.integers(2, 30, (2, n))
            patch = windows[each, :, y, x] * (1 - recipe.cover * disc)
            patch += self.parts[kind, variant][:, None] * (tint @ COLOURS)[:, :, None, None]
            patch += disc * (fill @ COLOURS)[:, :, None, None]
            windows[each, :, y, x] = patch
        image[:] = canvas[:, :, edge:-edge, edge:-edge]


def _write(folder: Path, seed: int) -> None:
    pixels, labels = pictures(seed)
    for i, name in enumerate((*TRAIN_FILES, TEST_FILE)):
        batch = slice(i * BATCH, (i + 1) * BATCH)
        content: dict[bytes, Any] = {
            b"batch_label": f"synthetic batch {i + 1} of 6".encode(),
            b"labels": labels[batch].tolist(),
            b"data": pixels[batch].reshape(BATCH, -1),
            b"filenames": [f"synthetic_{seed}_{n:05d}.png".encode() for n in range(batch.start, batch.stop)],
        }
        pickles.dump(content, folder / name)
    (folder / MARKER).write_text(json.dumps(_marker(seed)) + "\n", encoding="utf-8")
    names = [f"synthetic {c}".encode() for c in range(CLASSES)]
    pickles.dump({b"num_cases_per_batch": BATCH, b"label_names": names, b"num_vis": layout.PIXELS}, folder / META_FILE)


def _marker(seed: int) -> dict[str, int]:
    return {"seed": seed, "generator": VERSION}


def _facts(folder: Path) -> object:
    try:
        return json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

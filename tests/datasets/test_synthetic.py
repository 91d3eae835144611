"""The synthetic pictures: their layout, determinism and likeness to CIFAR-10's pixels.

benchmarks/synthetic_calibration.py measures how hard they are to learn.
"""

import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from datasets import (
    DatasetError,
    fingerprint,
    generate,
    kind,
    layout,
    read_names,
    read_test,
    read_train,
    synthetic_root,
)
from datasets import __main__ as tool
from datasets.synthetic import SEED, VERSION, Recipe, _World, make_labels


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the synthetic pictures, generated once."""
    return generate(tmp_path_factory.mktemp("synthetic"))


def test_it_has_the_official_layout(generated: Path) -> None:
    pixels, labels = read_train(generated)
    assert pixels.shape == (50_000, 3, 32, 32)
    assert np.bincount(labels).tolist() == [5000] * 10
    assert np.bincount(read_test(generated)[1]).tolist() == [1000] * 10
    assert len(read_names(generated)) == 10
    assert kind(generated) == "synthetic"
    assert json.loads((generated / "synthetic.json").read_text()) == {"seed": SEED, "generator": VERSION}
    assert sorted(path.name for path in generated.iterdir()) == sorted([*layout.FILES, layout.MARKER])


def test_its_pixels_are_like_cifar10s(generated: Path) -> None:
    pixels = read_train(generated)[0][:10_000] / np.float32(255)
    assert np.allclose(pixels.mean(axis=(0, 2, 3)), [0.491, 0.482, 0.447], atol=0.01)
    assert np.allclose(pixels.std(axis=(0, 2, 3)), [0.247, 0.243, 0.262], atol=0.02)
    gray = pixels.mean(axis=1) - pixels.mean()
    neighbours = (gray[:, :, 1:] * gray[:, :, :-1]).mean() / gray.var()
    assert 0.85 < neighbours < 0.98
    assert ((pixels == 0) | (pixels == 1)).mean() < 0.1


def test_labels_are_the_same_everywhere() -> None:
    assert make_labels(SEED)[:12].tolist() == [4, 6, 3, 9, 3, 1, 6, 8, 1, 1, 0, 4]
    assert not np.array_equal(make_labels(1), make_labels(2))


def test_the_fingerprint_is_known(generated: Path) -> None:
    assert fingerprint(generated) == "synthetic-00401fe763a5a066"


def test_the_same_seed_gives_the_same_pictures() -> None:
    world, labels = _World(Recipe()), make_labels(3)[:50]
    first, second, other = (world.render(labels, np.random.Generator(np.random.SFC64(seed))) for seed in (5, 5, 6))
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_it_is_generated_once(generated: Path) -> None:
    before = (generated / "data_batch_1").stat().st_mtime_ns
    assert generate(generated.parent) == generated
    assert (generated / "data_batch_1").stat().st_mtime_ns == before


def test_it_never_overwrites_real_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DatasetError, match=r"Real CIFAR-10 lies in .*--to"):
        generate(folder.parent)
    assert tool.main(["--synthetic", "--to", str(folder.parent)]) == 1
    assert "Real CIFAR-10" in capsys.readouterr().err
    with pytest.raises(DatasetError, match="must not be negative"):
        generate(folder.parent, seed=-1)


def _fake_write(folder: Path, seed: int) -> None:
    from small_data import write_folder

    write_folder(folder, seed)
    (folder / layout.MARKER).write_text(json.dumps({"seed": seed, "generator": VERSION}))


def _ask(cache: Path) -> None:
    from datasets import synthetic

    layout.BATCH = 20
    synthetic._write = _fake_write
    synthetic_root(cache)


@pytest.mark.usefixtures("small")
def test_processes_may_race_for_the_cache(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    racers = [spawn.Process(target=_ask, args=(tmp_path,)) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0] * 4
    assert [path.name for path in (tmp_path / f"synthetic-v{VERSION}-{SEED}").iterdir()] == [layout.FOLDER]


@pytest.mark.usefixtures("small")
def test_the_cache_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.synthetic._write", _fake_write)
    monkeypatch.setenv("CS231N_CACHE", str(tmp_path / "mine"))
    root = synthetic_root(seed=4)
    assert root == tmp_path / "mine" / f"synthetic-v{VERSION}-4" / layout.FOLDER
    monkeypatch.setattr("datasets.synthetic._write", None)
    assert synthetic_root(seed=4) == root
    monkeypatch.delenv("CS231N_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr("datasets.synthetic._write", _fake_write)
    monkeypatch.setattr("sys.platform", "linux")
    assert synthetic_root(seed=4).is_relative_to(tmp_path / "xdg" / "cs231n")

"""Fixtures for the data sets' tests: small folders and archives in the official layout.

The grading tests use the synthetic pictures instead, through `synthetic_root`.
"""

import tarfile
from pathlib import Path

import pytest
from small_data import COUNT, write_folder

from datasets import layout


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Reduce a batch to 20 pictures."""
    monkeypatch.setattr(layout, "BATCH", COUNT)
    return COUNT


@pytest.fixture
def folder(tmp_path: Path, small: int) -> Path:
    """Return a small, valid folder."""
    assert small == layout.BATCH
    return write_folder(tmp_path / "given" / layout.FOLDER)


@pytest.fixture
def archive(folder: Path, tmp_path: Path) -> Path:
    """Return an archive of the small folder, built like the official archive."""
    path = tmp_path / "small.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, layout.FOLDER)
    return path


@pytest.fixture(autouse=True)
def no_data_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep this machine's own data and cache out of the tests."""
    monkeypatch.delenv("CS231N_DATA", raising=False)
    monkeypatch.setenv("CS231N_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(layout, "old_root", lambda: tmp_path / "package")

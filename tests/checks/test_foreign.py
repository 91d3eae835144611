"""Files are named for what they are, also where their name says something else."""

import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from autograder.checks.foreign import kind_of_file
from tests.archives import zipped


def saved(write: object) -> bytes:
    content = io.BytesIO()
    write(content)  # type: ignore[operator]
    return content.getvalue()


CASES = {
    "empty": b"",
    "a pointer of git-lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
    "a zip archive": zipped("readings.py"),
    "a file of NumPy's savez": saved(lambda file: np.savez(file, w=np.ones(3))),
    "a file of torch.save": zipped("archive/data.pkl", "archive/version"),
    "a single array of NumPy": saved(lambda file: np.save(file, np.ones(3))),
    "a pickle": b"\x80\x04\x95\x05\x00",
    "a safetensors file": (2).to_bytes(8, "little") + b"{}",
    "a picture": saved(lambda file: Image.new("L", (2, 2)).save(file, "PNG")),
    "a web page": b"\xef\xbb\xbf  <!DOCTYPE html><html></html>",
    "a PDF": b"%PDF-1.7\n",
    "a gzip archive": b"\x1f\x8b\x08\x00",
    "": b'{"cells": []}',
}


@pytest.mark.parametrize("kind", CASES)
def test_a_file_is_named(kind: str) -> None:
    assert kind_of_file(CASES[kind]) == kind


def test_a_file_of_keras(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["w"] = np.ones(3)
    assert kind_of_file((tmp_path / "x.h5").read_bytes()) == "an HDF5 file, as Keras writes it"

"""Tests of `datasets.layout` and `datasets.pickles`: finding, reading and refusing.

See test_fetch for downloads, and test_synthetic for the synthetic pictures.
"""

import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_data import COUNT, batch, write_folder

from datasets import (
    DatasetError,
    fingerprint,
    kind,
    layout,
    locate,
    pickles,
    read_batch,
    read_names,
    read_test,
    read_train,
)

REAL = Path(__file__).resolve().parents[3] / "shared" / "cifar10" / "cifar10-jpeg.tar.xz"


@pytest.mark.parametrize("named", ["folder", "parent", "text"])
def test_locate_takes_the_folder_or_its_parent(folder: Path, named: str) -> None:
    given = {"folder": folder, "parent": folder.parent, "text": str(folder)}[named]
    assert locate(given) == folder.resolve()


def test_locate_asks_the_environment_then_the_cache_then_the_package(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write_folder(tmp_path / "package" / layout.FOLDER)
    monkeypatch.setattr(layout, "old_root", lambda: old.parent)
    assert locate() == old.resolve()
    (layout.default_root() / layout.FOLDER).mkdir(parents=True)
    (layout.default_root() / layout.FOLDER / "data_batch_1").touch()
    assert locate() == old.resolve()  # what is incomplete in the cache is no hindrance
    own = write_folder(layout.default_root() / layout.FOLDER)
    assert locate() == own.resolve()
    monkeypatch.setenv("CS231N_DATA", str(folder))
    assert locate() == folder.resolve()
    assert locate(own) == own.resolve()


def test_locate_does_not_look_elsewhere_when_a_place_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CS231N_DATA", str(folder))
    with pytest.raises(DatasetError, match=r"named by you.*python -m datasets"):
        locate(tmp_path / "nowhere")
    monkeypatch.setenv("CS231N_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetError, match="named by CS231N_DATA"):
        locate()


def test_locate_names_the_missing_file(folder: Path) -> None:
    (folder / "data_batch_3").unlink()
    with pytest.raises(DatasetError, match=r"incomplete \(data_batch_3 is missing\)"):
        locate(folder)


def test_reads_what_was_written(folder: Path) -> None:
    pixels, labels = read_train(folder)
    assert pixels.shape == (5 * COUNT, 3, 32, 32)
    assert pixels.dtype == np.uint8
    assert labels.dtype == np.int64
    third = batch(2)
    assert np.array_equal(pixels[2 * COUNT : 3 * COUNT].reshape(COUNT, -1), third[b"data"])
    assert labels[2 * COUNT : 3 * COUNT].tolist() == third[b"labels"]
    assert read_test(folder)[1].tolist() == batch(5)[b"labels"]
    assert read_names(folder)[3] == "class 3"


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("keys", [bytes, str])
def test_reads_pickles_of_every_protocol(tmp_path: Path, protocol: int, keys: type) -> None:
    content: dict[Any, Any] = batch(0)
    if keys is str:
        content = {key.decode(): value for key, value in content.items()}
    path = tmp_path / "batch"
    path.write_bytes(pickle.dumps(content, protocol))
    assert np.array_equal(read_batch(path)[0].reshape(COUNT, -1), batch(0)[b"data"])


def test_reads_a_pickle_of_python_2_and_an_old_numpy(tmp_path: Path) -> None:
    data = batch(0)[b"data"]
    raw = data.tobytes()
    made_by_hand = (
        b"\x80\x02}q\x00(U\x04dataq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85"
        b"U\x01b\x87Rq\x04(K\x01"
        + (b"M" + struct.pack("<H", COUNT) + b"M" + struct.pack("<H", layout.PIXELS) + b"\x86")
        + b"cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87Rq\x06(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + (b"T" + struct.pack("<i", len(raw)) + raw)
        + b"tbU\x06labelsq\x07]q\x08("
        + b"".join(b"K" + bytes([label]) for label in batch(0)[b"labels"])
        + b"eu."
    )
    path = tmp_path / "batch"
    path.write_bytes(made_by_hand)
    pixels, labels = read_batch(path)
    assert np.array_equal(pixels.reshape(COUNT, -1), data)
    assert labels.tolist() == batch(0)[b"labels"]
    pixels[0] = 0  # the caller may change its own copy


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c.pop(b"data"), "pictures"),
        (lambda c: c.update({b"data": c[b"data"].astype(np.int64)}), "pictures"),
        (lambda c: c.update({b"data": c[b"data"].astype(float)}), "not of integers"),
        (lambda c: c.update({b"data": c[b"data"][:, 1:]}), "pictures"),
        (lambda c: c.update({b"data": c[b"data"][0]}), "pictures"),
        (lambda c: c.update({b"data": c[b"data"][:0]}), "pictures"),
        (lambda c: c.update({b"data": "pixels"}), "pictures"),
        (lambda c: c.pop(b"labels"), "one label for each of its 20"),
        (lambda c: c[b"labels"].pop(), "one label for each of its 20"),
        (lambda c: c[b"labels"].__setitem__(0, 10), "whole number from 0 to 9"),
        (lambda c: c[b"labels"].__setitem__(0, -1), "whole number from 0 to 9"),
        (lambda c: c[b"labels"].__setitem__(0, 1.0), "whole number from 0 to 9"),
        (lambda c: c[b"labels"].__setitem__(0, [1]), "whole number from 0 to 9"),
    ],
)
def test_refuses_wrong_contents(tmp_path: Path, change: Callable[[dict[bytes, Any]], object], problem: str) -> None:
    content = batch(0)
    change(content)
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps(content, 4))
    with pytest.raises(DatasetError, match=rf"data_batch_1 is damaged.*{problem}.*run `python -m datasets` again"):
        read_batch(path)


class _Evil:
    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    "hostile",
    [
        pickle.dumps({b"data": _Evil(os.system, ("touch hacked",))}, 2),
        pickle.dumps({b"data": _Evil(eval, ("open('hacked', 'w')",))}, 4),
        pickle.dumps({b"data": _Evil(np.fromfile, ("/etc/passwd",))}, 2),
        b"cos\nsystem\n(S'touch hacked'\ntR.",
        b"cnumpy\ncore.multiarray._reconstruct\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x14ndarray.__reduce_ex__\x93.",
        b"\x80\x02cnumpy\ndtype\n}U\x09_functionK\x01sb.",  # sets an attribute of an allowed function
        b"\x80\x02r\xff\xff\xff\x7f}.",  # a memo index that would take sixteen gigabytes as a list
        b"\x80\x02T\xff\xff\xff\x7fabc.",  # announces two gigabytes of text that are missing
        b"Ppersistent\n.",
        b"\x80\x02]q\x00h\x00a.",  # a list that contains itself
        b"",
        b"not a pickle",
        b"\x80\x02K\x01.",
        b"\x80\x02}K\x01K\x02s.",
    ],
)
def test_refuses_hostile_pickles(tmp_path: Path, hostile: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data_batch_1"
    path.write_bytes(hostile)
    with pytest.raises(DatasetError, match="data_batch_1 is damaged"):
        read_batch(path)
    assert not (tmp_path / "hacked").exists()


@settings(max_examples=200)
@given(st.data())
def test_a_broken_batch_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = bytearray(pickle.dumps(batch(0, 2), 2))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.sampled_from([*range(200), *range(len(whole) - 60, len(whole))]))] = data.draw(
            st.integers(0, 255)
        )
    path = tmp_path_factory.getbasetemp() / "mutant"
    path.write_bytes(whole)
    try:
        pixels, labels = read_batch(path)
    except DatasetError:
        return
    assert pixels.shape == (len(labels), 3, 32, 32)


@pytest.mark.parametrize(("encoding", "key"), [("bytes", b"data"), ("latin1", "data")])
def test_other_readers_understand_what_dump_writes(folder: Path, encoding: str, key: Any) -> None:
    with (folder / "data_batch_1").open("rb") as file:
        content = pickle.load(file, encoding=encoding)
    assert np.array_equal(content[key], batch(0)[b"data"])


def test_refuses_cut_off_missing_and_huge_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "data_batch_2"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DatasetError, match=r"data_batch_2 is damaged.*cut off"):
        read_train(folder)
    with pytest.raises(DatasetError, match="data_batch_9 cannot be read"):
        read_batch(folder / "data_batch_9")
    monkeypatch.setattr(pickles, "MAX_FILE_BYTES", 100)
    with pytest.raises(DatasetError, match="far larger"):
        read_batch(folder / "data_batch_1")


def test_refuses_a_batch_of_another_size(folder: Path) -> None:
    pickles.dump(batch(0, COUNT + 1), folder / "data_batch_4")
    with pytest.raises(DatasetError, match=r"data_batch_4.*holds 21 pictures, not 20"):
        read_train(folder)


def test_refuses_class_names_that_are_not(folder: Path) -> None:
    pickles.dump({b"label_names": [b"cat"]}, folder / layout.META_FILE)
    with pytest.raises(DatasetError, match="ten class names"):
        read_names(folder)


def test_kind_and_fingerprint(folder: Path) -> None:
    assert kind(folder) == "cifar10"
    real = fingerprint(folder)
    assert real.startswith("cifar10-")
    assert len(real) == len("cifar10-") + 16
    (folder / layout.MARKER).write_text('{"seed": 1, "generator": 1}')
    assert kind(folder) == "synthetic"
    assert fingerprint(folder) == real.replace("cifar10", "synthetic")
    (folder / layout.MARKER).write_text("[]")
    with pytest.raises(DatasetError, match=r"synthetic\.json is damaged"):
        kind(folder)


def test_fingerprint_looks_at_labels_only_and_sees_changes(folder: Path) -> None:
    before, content = fingerprint(folder), batch(0)
    content[b"data"] ^= 1
    pickles.dump(content, folder / "data_batch_1")
    os.utime(folder / "data_batch_1", (1, 1))
    assert fingerprint(folder) == before
    content[b"labels"][0] = (content[b"labels"][0] + 1) % 10
    pickles.dump(content, folder / "data_batch_1")
    os.utime(folder / "data_batch_1", (2, 2))
    assert fingerprint(folder) != before


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="the real pictures lie only beside the developers' repository")
def test_reads_the_real_pictures(tmp_path: Path) -> None:
    import subprocess
    import sys

    pytest.importorskip("PIL", reason="unpacking the pictures needs pillow")
    subprocess.run([sys.executable, str(REAL.with_name("make_batches.py")), str(tmp_path)], check=True)
    pixels, labels = read_train(tmp_path)
    assert np.bincount(labels).tolist() == [5000] * 10
    assert np.bincount(read_test(tmp_path)[1]).tolist() == [1000] * 10
    assert read_names(tmp_path)[0] == "airplane"
    assert kind(tmp_path) == "cifar10"
    assert 0.45 < pixels[:1000].mean() / 255 < 0.5

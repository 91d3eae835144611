"""Tests of `datasets.fetch` and the tool: broken downloads, false archives, existing folders.

No test uses the real server.
"""

import http.server
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from small_data import write_folder

from datasets import DatasetError, fetch, kind, layout, read_train
from datasets import __main__ as tool
from datasets.fetch import download, extract, is_valid, staging, transfer

fetch_module = sys.modules["datasets.fetch"]
transfer_module = sys.modules["datasets.transfer"]


@dataclass
class Server:
    """A local web server that returns the same content at every address."""

    content: bytes = b""
    ranges: bool = True
    break_at: int | None = None  # close the connection after this many bytes of an answer
    status: int | None = None
    asked: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve until the test ends."""
    facts = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            facts.asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and facts.ranges else 0
            if facts.status or (start and start >= len(facts.content)):
                self.send_error(facts.status or 416)
                return
            body = facts.content[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(facts.content) - 1}/{len(facts.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: facts.break_at])

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        facts.url = f"http://127.0.0.1:{httpd.server_address[1]}/cifar.tar.gz"
        threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield facts
        httpd.shutdown()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_goes_on_or_starts_afresh(server: Server, tmp_path: Path, ranges: bool) -> None:
    server.content, server.ranges, server.break_at = bytes(range(256)) * 40, ranges, 4000
    part = tmp_path / "part"
    with pytest.raises(
        DatasetError, match=r"broke off at 4,000 of 10,240 bytes: run it again|run it again to continue"
    ):
        transfer(server.url, part, progress=False)
    assert part.stat().st_size == 4000
    server.break_at = None
    transfer(server.url, part, progress=False)
    assert part.read_bytes() == server.content
    assert server.asked == [None, "bytes=4000-"]


def test_a_complete_part_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    server.content = b"whole"
    part = tmp_path / "part"
    part.write_bytes(b"whole")
    transfer(server.url, part, progress=False)
    assert part.read_bytes() == b"whole"


def test_errors_of_the_server_are_sentences(server: Server, tmp_path: Path) -> None:
    server.status = 503
    with pytest.raises(DatasetError, match="answers 503"):
        transfer(server.url, tmp_path / "part", progress=False)
    with pytest.raises(DatasetError, match=r"failed.*run it again later"):
        transfer("http://127.0.0.1:9/", tmp_path / "part", progress=False)


def test_a_server_without_end_is_left(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.content = bytes(1000)
    monkeypatch.setattr(transfer_module, "MAX_BYTES", 100)
    with pytest.raises(DatasetError, match="far more than CIFAR-10"):
        transfer(server.url, tmp_path / "part", progress=False)


def test_downloads_what_has_the_right_hash_only(server: Server, tmp_path: Path) -> None:
    server.content = b"the archive"
    right = sha256(server.content).hexdigest()
    with pytest.raises(DatasetError, match="wrong SHA-256 and was deleted"):
        download(tmp_path, server.url, "0" * 64, progress=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "cifar-10-python.tar.gz.part").write_bytes(b"the arc")
    assert download(tmp_path, server.url, right, progress=False).read_bytes() == b"the archive"
    assert server.asked == [None, "bytes=7-"]
    assert [path.name for path in tmp_path.iterdir()] == ["cifar-10-python.tar.gz"]


def test_fetch_downloads_extracts_and_tidies_up(
    server: Server, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.content = archive.read_bytes()
    known = sha256(server.content).hexdigest()
    monkeypatch.setattr(
        fetch_module, "download", lambda parent, progress: download(parent, server.url, known, progress)
    )
    found = fetch(tmp_path / "to", progress=False)
    assert len(read_train(found)[1]) == 100
    assert [path.name for path in (tmp_path / "to").iterdir()] == [layout.FOLDER]
    assert "the official archive" in capsys.readouterr().out


@pytest.mark.parametrize("source", ["folder", "parent", "archive"])
def test_fetch_from_a_local_source(
    folder: Path, archive: Path, tmp_path: Path, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"folder": folder, "parent": folder.parent, "archive": archive}[source]
    found = fetch(tmp_path / "to", given)
    assert found == tmp_path / "to" / layout.FOLDER
    assert len(read_train(found)[1]) == 100
    said = capsys.readouterr().out
    assert ("not the official archive" in said) == (source == "archive")
    assert fetch(tmp_path / "to", tmp_path / "nowhere") == found
    assert "nothing to do" in capsys.readouterr().out


def test_fetch_replaces_damaged_data_and_the_synthetic_pictures(folder: Path, tmp_path: Path) -> None:
    there = write_folder(tmp_path / "to" / layout.FOLDER, seed=50)
    (there / "test_batch").write_bytes(b"")
    fetch(tmp_path / "to", folder)
    assert (read_train(there)[1] == read_train(folder)[1]).all()
    (there / layout.MARKER).write_text('{"seed": 1, "generator": 1}')
    fetch(tmp_path / "to", folder)
    assert kind(there) == "cifar10"


def test_fetch_keeps_what_is_there_when_the_source_is_bad(folder: Path, tmp_path: Path) -> None:
    there = write_folder(tmp_path / "to" / layout.FOLDER)
    (there / "test_batch").write_bytes(b"")
    (folder / "data_batch_5").write_bytes(b"")
    with pytest.raises(DatasetError, match="data_batch_5 is damaged"):
        fetch(tmp_path / "to", folder)
    assert [path.name for path in (tmp_path / "to").iterdir()] == [layout.FOLDER]
    with pytest.raises(DatasetError, match="does not exist"):
        fetch(tmp_path / "to", tmp_path / "nowhere")


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    final = tmp_path / layout.FOLDER

    def interrupted() -> None:
        with staging(final) as half:
            write_folder(half)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_swept_away(folder: Path, tmp_path: Path) -> None:
    parent = tmp_path / "to"
    young, old = (parent / f".{layout.FOLDER}.{age}" for age in ("young", "old"))
    young.mkdir(parents=True)
    old.mkdir()
    os.utime(old, (1, 1))
    fetch(parent, folder)
    assert sorted(path.name for path in parent.iterdir()) == sorted([young.name, layout.FOLDER])


def test_what_another_process_moves_meanwhile_is_no_hindrance(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its temporary folder was just there, and so was the damaged data that both replace."""
    final = tmp_path / "to" / layout.FOLDER
    write_folder(final)
    (final / "data_batch_5").write_bytes(b"")
    rename = Path.rename

    def after_another(self: Path, target: Path) -> Path:
        if self == final:
            shutil.rmtree(final)
        return rename(self, target)

    monkeypatch.setattr(Path, "glob", lambda self, _: iter([self / f".{layout.FOLDER}.gone"]))
    monkeypatch.setattr(Path, "rename", after_another)
    with staging(final) as fresh:
        shutil.copytree(folder, fresh, dirs_exist_ok=True)
    assert is_valid(final)
    assert [path.name for path in final.parent.iterdir()] == [layout.FOLDER]


def test_a_slower_process_leaves_the_faster_ones_files_alone(folder: Path, tmp_path: Path) -> None:
    final = tmp_path / layout.FOLDER
    with staging(final) as slow:
        shutil.copytree(folder, slow, dirs_exist_ok=True)
        shutil.copytree(folder, final)
        inode = final.stat().st_ino
    assert final.stat().st_ino == inode
    assert [path.name for path in tmp_path.glob(".*")] == []


Change = Callable[[tarfile.TarFile], None]


def _member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> Change:
    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.size, member.linkname = kind, size, target
        tar.addfile(member, io.BytesIO(bytes(size)))

    return add


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_member("../evil"), "points outside"),
        (_member(f"{layout.FOLDER}/../../evil"), "points outside"),
        (_member("/etc/evil"), "points outside"),
        (_member("C:\\evil"), "points outside"),
        (_member("..\\evil"), "points outside"),
        (_member("other/test_batch"), "unexpected folder"),
        (_member(f"{layout.FOLDER}/a/test_batch"), "unexpected folder"),
        (_member(f"{layout.FOLDER}/link", tarfile.SYMTYPE, target="/etc/passwd"), "link or a device"),
        (_member(f"{layout.FOLDER}/link", tarfile.LNKTYPE, target="../../evil"), "link or a device"),
        (_member(f"{layout.FOLDER}/pipe", tarfile.FIFOTYPE), "link or a device"),
        (_member(f"{layout.FOLDER}/huge", size=2**20 + 1), "too large"),
        (_member(f"{layout.FOLDER}/test_batch"), "comes twice"),
        (lambda tar: [_member(f"{layout.FOLDER}/{i}")(tar) for i in range(60)] and None, "one member too many"),
    ],
)
def test_refuses_archives_that_lie(archive: Path, folder: Path, tmp_path: Path, change: Change, problem: str) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, layout.FOLDER)
        change(tar)
    with pytest.raises(DatasetError, match=problem):
        fetch(tmp_path / "to", archive)
    assert list((tmp_path / "to").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_takes_the_readme_and_a_bare_archive(folder: Path, tmp_path: Path) -> None:
    path, into = tmp_path / "bare.tar", tmp_path / "into"
    with tarfile.open(path, "w") as tar:
        tar.add(folder, ".")
        _member("readme.html", size=88)(tar)
    into.mkdir()
    extract(path, into)
    assert sorted(file.name for file in into.iterdir()) == sorted(layout.FILES)


def test_refuses_broken_and_incomplete_archives(archive: Path, folder: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"not an archive", whole[:5000] + bytes(50) + whole[5050:]):
        archive.write_bytes(broken)
        with pytest.raises(DatasetError, match=r"damaged|is missing|not CIFAR-10"):
            fetch(tmp_path / "to", archive)
    (folder / "data_batch_1").unlink()
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, layout.FOLDER)
    with pytest.raises(DatasetError, match="data_batch_1 is missing"):
        fetch(tmp_path / "to", archive)


def test_the_tool_fetches_and_checks(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--to", str(tmp_path / "to"), "--from", str(folder)]) == 0
    assert tool.main(["--to", str(tmp_path / "to"), "--check"]) == 0
    assert "complete and undamaged: cifar10-" in capsys.readouterr().out


def test_the_tool_fails_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--to", str(tmp_path), "--check"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sh; its users run the Python tool")
def test_get_datasets_works_from_anywhere(tmp_path: Path) -> None:
    script = Path(layout.__file__).with_name("get_datasets.sh")
    answer = subprocess.run(
        ["sh", str(script), "--check", "--to", "."],
        cwd=tmp_path, env={"PYTHON": sys.executable, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
    )  # fmt: skip
    assert answer.returncode == 1
    assert answer.stderr.startswith("No CIFAR-10 in . (named by you)")

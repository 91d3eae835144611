"""Tests of `datasets.transfer` and of troubles around a download: certificate, proxy, network, disk, a changed file.

Each trouble has a sentence of its own, and nothing half-made is used.
"""

import errno
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import pytest
from small_data import write_folder

from datasets import DatasetError, fetch, layout, locate
from datasets import __main__ as tool
from datasets.fetch import download
from datasets.transfer import transfer

fetch_module = sys.modules["datasets.fetch"]
Answer = Callable[[http.server.BaseHTTPRequestHandler], None]
SYNTHETIC = "--synthetic"


class Server:
    """A local web server; `answer` answers each request."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(dict(self.headers))
                server.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.asked: list[dict[str, str]] = []
        self.answer: Answer = whole(b"content")
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://localhost:{self.http.server_address[1]}/cifar.tar.gz"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


def whole(content: bytes, etag: str = '"1"', stop: int | None = None, kind: str = "application/gzip") -> Answer:
    """Answer with a file, or with its rest; obey If-Range."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range", "bytes=0-")
        same = handler.headers.get("If-Range", etag) == etag
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if same else 0
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.send_header("Content-Type", kind)
        handler.send_header("ETag", etag)
        handler.end_headers()
        handler.wfile.write(content[start:stop])

    return answer


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.http.shutdown()
    one.http.server_close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return the file of a self-signed certificate for localhost, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path / "own.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", str(tmp_path / "certificate.pem"),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + (tmp_path / "certificate.pem").read_text())
    return path


@pytest.fixture
def safe_server(certificate: Path) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    one = Server(context)
    yield one
    one.http.shutdown()
    one.http.server_close()


def sentence(call: Callable[[], Any]) -> str:
    """Return the sentence of a call that fails."""
    with pytest.raises(DatasetError) as caught:
        call()
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_a_certificate_that_is_not_trusted(
    safe_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = tmp_path / "part"
    said = sentence(lambda: transfer(safe_server.url, part, progress=False))
    assert "certificate of localhost is not trusted" in said
    assert "SSL_CERT_FILE" in said
    assert SYNTHETIC in said
    assert not part.exists()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    transfer(safe_server.url, part, progress=False)
    assert part.read_bytes() == b"content"


def test_certifis_certificates_are_trusted(
    safe_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import certifi

    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "certificate.pem"))
    transfer(safe_server.url, tmp_path / "part", progress=False)
    assert (tmp_path / "part").read_bytes() == b"content"


def test_no_encryption_where_it_is_expected(server: Server, tmp_path: Path) -> None:
    said = sentence(lambda: transfer(server.url.replace("http:", "https:"), tmp_path / "part", progress=False))
    assert "no safe connection to localhost" in said
    assert SYNTHETIC in said


@pytest.fixture
def closed() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_closed(closed: int, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", f"http://me:hush@127.0.0.1:{closed}")
    said = sentence(lambda: transfer(f"{scheme}://example.invalid/x", tmp_path / "part", progress=False))
    assert f"The proxy http://127.0.0.1:{closed} does not let the download through" in said
    assert f"correct {scheme}_proxy" in said
    assert "hush" not in said
    assert SYNTHETIC in said


def test_a_proxy_that_wants_a_password(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answer = lambda handler: handler.send_error(407)
    monkeypatch.setenv("http_proxy", server.url.rsplit("/", 1)[0])
    assert "The proxy http://localhost" in sentence(lambda: transfer("http://example.invalid/x", tmp_path / "p", False))


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = sentence(lambda: transfer("https://www.cs.toronto.edu/x", tmp_path / "part", progress=False))
    assert "There is no network, or it does not know www.cs.toronto.edu" in said
    assert SYNTHETIC in said


def test_a_server_that_is_closed(closed: int, tmp_path: Path) -> None:
    said = sentence(lambda: transfer(f"http://127.0.0.1:{closed}/x", tmp_path / "part", progress=False))
    assert "127.0.0.1 cannot be reached" in said
    assert SYNTHETIC in said


def test_a_network_that_one_must_log_in_to(server: Server, tmp_path: Path) -> None:
    server.answer = whole(b"<html>Log in!</html>", kind="text/html; charset=utf-8")
    assert "a network that you must log in to" in sentence(lambda: transfer(server.url, tmp_path / "p", progress=False))
    assert not (tmp_path / "p").exists()


def test_broken_off_at_90_percent_and_continued(server: Server, tmp_path: Path) -> None:
    content = os.urandom(10_000)
    known = sha256(content).hexdigest()
    server.answer = whole(content, stop=9000)
    said = sentence(lambda: download(tmp_path, server.url, known, progress=False))
    assert "broke off at 9,000 of 10,000 bytes" in said
    assert not (tmp_path / fetch_module.ARCHIVE).exists()
    server.answer = whole(content)
    assert download(tmp_path, server.url, known, progress=False).read_bytes() == content
    assert server.asked[-1]["Range"] == "bytes=9000-"
    assert [path.name for path in tmp_path.iterdir()] == [fetch_module.ARCHIVE]


def test_a_connection_that_is_reset(server: Server, tmp_path: Path) -> None:
    def reset(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()

    server.answer = reset
    said = sentence(lambda: transfer(server.url, tmp_path / "part", progress=False))
    assert "broke off at" in said
    assert "run it again to continue" in said


def test_a_file_that_changes_while_it_is_fetched(server: Server, tmp_path: Path) -> None:
    """The server says that the file has changed: it is fetched from the beginning."""
    old, new = os.urandom(10_000), os.urandom(10_000)
    server.answer = whole(old, stop=9000)
    sentence(lambda: download(tmp_path, server.url, sha256(new).hexdigest(), progress=False))
    server.answer = whole(new, etag='"2"')
    assert download(tmp_path, server.url, sha256(new).hexdigest(), progress=False).read_bytes() == new
    assert server.asked[-1]["If-Range"] == '"1"'


def test_a_file_that_changes_in_silence(server: Server, tmp_path: Path) -> None:
    """The server continues with the rest of another file: nothing of it is kept."""
    old, new = os.urandom(10_000), os.urandom(10_000)
    known = sha256(new).hexdigest()
    server.answer = whole(old, stop=9000)
    sentence(lambda: download(tmp_path, server.url, known, progress=False))
    server.answer = whole(new)
    said = sentence(lambda: download(tmp_path, server.url, known, progress=False))
    assert "the file on the server has changed since" in said
    assert list(tmp_path.iterdir()) == []
    assert download(tmp_path, server.url, known, progress=False).read_bytes() == new


def test_another_file_on_the_server(server: Server, tmp_path: Path) -> None:
    said = sentence(lambda: download(tmp_path, server.url, "0" * 64, progress=False))
    assert "the server has another file now" in said
    assert SYNTHETIC in said
    assert list(tmp_path.iterdir()) == []


def test_fetched_data_leave_the_release_small_enough_to_submit(synthetic: Path, tmp_path: Path) -> None:
    """nbgrader submits no folder of more than 100 MB. The students' own tool finds the data where it has put them."""
    work = tmp_path / "assignment2"
    release = Path(__file__).resolve().parents[2] / "release" / "assignment2"
    shutil.copytree(release / "cs231n", work / "cs231n", ignore=shutil.ignore_patterns("__pycache__", layout.FOLDER))
    home = {"HOME": str(tmp_path / "home"), "LOCALAPPDATA": str(tmp_path / "home")}
    environment = {**os.environ, **home, "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("CS231N_CACHE", "CS231N_DATA", "XDG_CACHE_HOME", "PYTHONPATH"):
        environment.pop(name, None)
    before = sorted(work.rglob("*"))

    def run(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, *arguments], cwd=work, env=environment, check=True, capture_output=True, text=True
        ).stdout

    run("-m", "cs231n.datasets", "--from", str(synthetic), "--quiet")
    assert sorted(work.rglob("*")) == before
    found = Path(run("-c", "from cs231n import datasets; print(datasets.locate())").strip())
    assert found.is_relative_to((tmp_path / "home").resolve())
    assert "complete and undamaged" in run("-m", "cs231n.datasets", "--check")


class Full:
    """A file on a full disk: it takes some bytes, then no more."""

    def __init__(self, file: IO[bytes], room: int) -> None:
        self._file, self._room = file, room

    def write(self, content: bytes) -> int:
        if len(content) > self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._room -= len(content)
        return self._file.write(content)

    def __enter__(self) -> "Full":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.fixture
def known(archive: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `fetch` download the small archive from the local server."""
    content = archive.read_bytes()
    server.answer = whole(content)
    digest = sha256(content).hexdigest()
    monkeypatch.setattr(
        fetch_module, "download", lambda parent, progress: download(parent, server.url, digest, progress)
    )


@pytest.mark.parametrize("where", ["cifar-10-python.tar.gz.part", "data_batch_3"])
@pytest.mark.usefixtures("known")
def test_a_disk_that_becomes_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """While the archive is written, and while it is unpacked."""
    real = Path.open

    def full(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        file = real(self, mode, *rest, **more)
        return Full(file, 100) if self.name == where and mode in ("wb", "ab") else file

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        said = sentence(lambda: fetch(tmp_path / "to", progress=False))
    assert "The disk of" in said
    assert "is full" in said
    assert "--to" in said
    assert "CS231N_CACHE" in said
    with pytest.raises(DatasetError):
        locate(tmp_path / "to")
    assert fetch(tmp_path / "to", progress=False) == tmp_path / "to" / layout.FOLDER
    assert [path.name for path in (tmp_path / "to").iterdir()] == [layout.FOLDER]


@pytest.mark.usefixtures("known")
def test_a_disk_without_room_is_said_before_anything_is_fetched(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 10**8, 10**8))
    assert tool.main(["--to", str(tmp_path / "to")]) == 1
    assert "is full (95 MB are free" in capsys.readouterr().err
    assert server.asked == []


@pytest.mark.usefixtures("known")
def test_the_cache_is_the_default_and_old_data_move_there(
    folder: Path, tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """nbgrader submits no folder of more than 100 MB, so the data must leave the assignment's folder."""
    old = write_folder(layout.old_root() / layout.FOLDER)
    (layout.old_root() / f"{fetch_module.ARCHIVE}.part").write_bytes(b"half")
    assert locate() == old.resolve()
    assert fetch(progress=False) == layout.default_root() / layout.FOLDER
    assert server.asked == []
    assert list(layout.old_root().iterdir()) == []
    assert locate() == (layout.default_root() / layout.FOLDER).resolve()
    assert "no folder of more than 100 MB" in capsys.readouterr().out
    shutil.rmtree(layout.default_root())
    fetch(progress=False)
    assert len(server.asked) == 1
    assert not layout.old_root().joinpath(layout.FOLDER).exists()

"""Downloads a file over HTTPS, continues a download that broke off, and says what went wrong in one sentence.
See fetch for what is downloaded.
"""

import http.client
import re
import socket
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .layout import DatasetError

MAX_BYTES = 512 * 2**20  # the official archive has 163 MB
CHUNK = 2**20
PATIENCE = 30.0  # seconds without a byte
OR_ELSE = "Give an archive with --from, or make synthetic pictures with --synthetic, which needs no network"


def transfer(url: str, part: Path, progress: bool = True) -> bool:
    """Download a URL into a file. Continue after the bytes that the file already holds, if the server supports this.

    Returns
    -------
    bool
        Whether the file held bytes before, and the server has continued them.

    Raises
    ------
    DatasetError
        If the connection fails or ends early. The bytes so far stay in the file.
    OSError
        If the file cannot be written.
    """
    have = part.stat().st_size if part.exists() else 0
    version = part.with_suffix(".version")  # the server's name for what it sent the last time
    request = urllib.request.Request(url, headers=_range(have, version))
    answer = _open(request, url, have)
    if answer is None:
        return True
    with answer:
        if answer.headers.get_content_type() == "text/html":
            raise DatasetError(
                f"{url} answers with a web page, not with the archive: a network that you must log in to answers for "
                f"it, or the archive has moved. {OR_ELSE}."
            )
        continues = str(answer.headers.get("Content-Range", "")).startswith(f"bytes {have}-")
        resumed: bool = answer.status == 206 and continues
        version.write_text(answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "", encoding="utf-8")
        have = have if resumed else 0
        length = answer.headers.get("Content-Length", "")
        total = have + int(length) if length.isdigit() else None
        with part.open("ab" if resumed else "wb") as file, _bar(total, have, progress) as advance:
            while piece := _read(answer, have, total):
                file.write(piece)
                advance(len(piece))
                have += len(piece)
                if have > MAX_BYTES:
                    raise DatasetError(f"{url} sends far more than CIFAR-10. {OR_ELSE}.")
    if total is not None and have < total:
        raise _broken_off(have, total, "the server has closed the connection")
    version.unlink(missing_ok=True)
    return resumed


def _range(have: int, version: Path) -> dict[str, str]:
    """Return the headers that ask for the rest of a file, or for all of it if it has changed on the server."""
    if not have:
        return {}
    known = version.read_text(encoding="utf-8") if version.exists() else ""
    unchanged = {"If-Range": known} if known and not known.startswith("W/") else {}
    return {"Range": f"bytes={have}-", **unchanged}


def _open(request: urllib.request.Request, url: str, have: int) -> Any:
    """Return the server's answer, or None if the file has no more bytes than the ones that are here."""
    try:
        return urllib.request.urlopen(request, timeout=PATIENCE, context=_trusted())
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # the file is complete, or of another archive
            return None
        if error.code == 407:
            raise DatasetError(f"{_why(url, error)} {OR_ELSE}.") from error
        raise DatasetError(f"{url} answers {error.code} {error.reason}: try later. {OR_ELSE}.") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise DatasetError(f"{_why(url, error)} {OR_ELSE}.") from error


def _read(answer: Any, have: int, total: int | None) -> bytes:
    try:
        piece: bytes = answer.read(CHUNK)
    except http.client.IncompleteRead as error:
        return error.partial
    except (http.client.HTTPException, OSError) as error:
        raise _broken_off(have, total, str(error) or type(error).__name__) from error
    return piece


def _broken_off(have: int, total: int | None, why: str) -> DatasetError:
    of = f" of {total:,}" if total is not None else ""
    return DatasetError(f"The download broke off at {have:,}{of} bytes ({why}): run it again to continue.")


def _trusted() -> ssl.SSLContext:
    """Return the machine's certificates, with those of certifi: Python from python.org has none of its own on macOS."""
    context = ssl.create_default_context()
    try:
        import certifi
    except ImportError:
        return context
    context.load_verify_locations(certifi.where())
    return context


def _why(url: str, error: Exception) -> str:
    """Return one sentence on a connection that fails: the certificate, the proxy, the name or the server."""
    plain = isinstance(error, urllib.error.URLError) and not isinstance(error, urllib.error.HTTPError)
    cause: Any = getattr(error, "reason", error) if plain else error
    address = urllib.parse.urlsplit(url)
    host, proxy = address.hostname or url, _proxy(address)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {host} is not trusted ({cause.verify_message}): check this machine's date. If a proxy "
            "of your network has a certificate of its own, name its file in the environment variable SSL_CERT_FILE."
        )
    if proxy and not isinstance(cause, ssl.SSLError):
        return f"The proxy {proxy} does not let the download through ({cause}): correct {address.scheme}_proxy."
    if isinstance(cause, ssl.SSLError):
        return f"There is no safe connection to {host} ({cause.reason or cause}): try another network."
    if isinstance(cause, socket.gaierror):
        return f"There is no network, or it does not know {host} ({cause.strerror}): connect and run it again."
    return f"The download from {url} failed ({cause}): {host} cannot be reached, so run it again later."


def _proxy(address: urllib.parse.SplitResult) -> str:
    """Return the address of the proxy that is in use, without name and password, or ""."""
    host = address.hostname or ""
    proxy = urllib.request.getproxies().get(address.scheme, "")
    if not proxy or urllib.request.proxy_bypass(host):
        return ""
    return re.sub(r"//[^/]*@", "//", proxy)


@contextmanager
def _bar(total: int | None, have: int, progress: bool) -> Iterator[Callable[[int], Any]]:
    try:
        from tqdm import tqdm
    except ImportError:
        progress = False
    if not progress:
        yield lambda _: None
        return
    with tqdm(total=total, initial=have, unit="B", unit_scale=True, desc="CIFAR-10", file=sys.stderr) as bar:
        yield bar.update

"""A real browser for tests: Chromium, told what to do by its driver's own protocol."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking"
    " --disable-sync --disable-component-update"
)


class Browser:
    """One window."""

    def __init__(self, driver: str, options: dict[str, Any]) -> None:
        self._at = f"{driver}/session"
        made = self._ask("", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})
        self._at = f"{driver}/session/{made['sessionId']}"

    def open(self, url: str) -> None:
        """Open a page, and wait until it is loaded."""
        self._ask("/url", {"url": url})

    def run(self, script: str) -> Any:
        """Return what a script returns in the page."""
        return self._ask("/execute/sync", {"script": script, "args": []})

    def close(self) -> None:
        """Close the window."""
        urllib.request.urlopen(urllib.request.Request(self._at, method="DELETE"), timeout=60).close()

    def _ask(self, path: str, content: dict[str, Any]) -> Any:
        body = json.dumps(content).encode()
        request = urllib.request.Request(self._at + path, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["value"]


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Yield a browser that reaches this machine only. The test is skipped where there is none."""
    chromium, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with its driver here: install them, as .ci/run does")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = [*FLAGS.split(), f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(f"http://127.0.0.1:{port}/status")
        window = Browser(f"http://127.0.0.1:{port}", {"binary": chromium, "args": flags})
        try:
            yield window
        finally:
            window.close()
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=60).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the driver does not answer")

"""A real Jupyter kernel: ``breakpoint()`` in a student's function stops there, and ``%debug`` leads there afterwards."""

import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from .conftest import NAME, write

pytestmark = [pytest.mark.slow, pytest.mark.long]
PATIENCE = 300


@pytest.fixture
def kernel(folder: Path) -> Iterator[Any]:
    manager, client = start_new_kernel(cwd=str(folder), startup_timeout=PATIENCE)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(kernel: Any, code: str, *answers: str) -> str:
    """Run a cell, and answer what it asks for; return what it shows, an error's last line included."""
    asked, shown, left = kernel.execute(code, allow_stdin=True), "", list(answers)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            kernel.get_stdin_msg(timeout=0.05)
            kernel.input(left.pop(0) if left else "q")
        except queue.Empty:
            pass
        try:
            message = kernel.get_iopub_msg(timeout=0.1)
        except queue.Empty:
            continue
        content = message["content"]
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return shown
        shown += content.get("text", "") + content.get("data", {}).get("text/html", "") + content.get("evalue", "")
    raise TimeoutError(shown)


def test_debuggers_and_the_page(kernel: Any, folder: Path) -> None:
    write(folder, "moving_average(signal, width)", "secret = 42\nbreakpoint()\nreturn signal[secret * 10**6]")
    said = run(kernel, f"from {NAME}.checks import check\ncheck('moving_average')", "p ('here', secret)", "c", "c", "c")
    assert "('here', 42)" in said
    assert "<div class='coach'>" in said
    assert "moving_average: 0 of" in said
    assert "('then', 42)" in run(kernel, "%debug", "p ('then', secret)", "q")
    shown = run(kernel, "check()")
    assert "Part 2, Rhythm" in shown
    assert "✗ wrong" in shown

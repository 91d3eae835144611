"""The page in a notebook: no script, nothing unescaped, readable in light and dark, on a desk and on a phone."""

import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograder.checks.check import Checked
from autograder.checks.compare import Mismatch, assert_close
from autograder.checks.exercise import Claim
from autograder.checks.public import Failure, PublicTest
from autograder.coach import page
from autograder.coach.result import Result, TestDone
from autograder.coach.standing import map_of

from .test_standing import FACTS, result

STEPS: Any = SimpleNamespace(mistakes={"third/known": {"steps": ["Known?", "It is known."]}}, steps={"third": ["Why?"]})
HOSTILE = "<script>document.title = 'taken over'</script>\"'&"


def failure(mistake: str = "") -> Failure:
    right = np.arange(12.0).reshape(3, 4)
    with pytest.raises(Mismatch) as caught:
        assert_close("dx", right * [1, 1, -1, 1], right)
    return Failure(HOSTILE, f"layers.py: {HOSTILE}", mistake, HOSTILE, "values", caught.value.pictures)


def pages(mistake: str = "") -> str:
    wrong = Result("third", (TestDone(HOSTILE, Claim("third"), failure(mistake)),))
    results = {"first": result("first"), "second": result("second", "values", ("third",)), "third": wrong}
    results["last"] = result("last", "setup")
    done = Checked("third", 1, ((PublicTest(test_what_is_said, Claim("third")), failure(mistake)),), {})
    return page.of_map(STEPS, map_of(FACTS, results)) + page.of_checked(STEPS, done)


def test_what_is_said() -> None:
    said = pages()
    assert "<script" not in said
    for word in ("✓ right", "✗ wrong", "… waits</span> for third", "? a person reads it", "! open"):
        assert word in said, word
    assert said.count("aria-label='Where dx is wrong'") == 4
    assert "Next: third is wrong" in said


def test_each_step_lies_inside_the_one_before() -> None:
    assert "<summary>Hint: a question</summary><p>Why?</p></details>" in pages()
    said = pages("third/known")
    assert "<p>Known?</p><details class='hint'><summary>Hint: the idea</summary><p>It is known.</p>" in said


@pytest.mark.long
@pytest.mark.parametrize("colours", ["background: #fff; color: #111", "background: #111; color: #eee"])
def test_axe_finds_nothing_in_a_browser(tmp_path: Path, colours: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here: install it, as .ci/run does")
    axe = os.environ.get("AXE_CORE")
    if not axe:
        pytest.skip("no axe-core here: npm install axe-core, and set AXE_CORE to its axe.min.js")
    run = (
        "window.onload = () => { for (const one of document.querySelectorAll('details')) one.open = true;"
        "const wide = [...document.querySelectorAll('.coach')].some(one => one.scrollWidth > one.clientWidth);"
        "axe.run('main').then(found => { document.body.innerText = "
        "'FOUND ' + JSON.stringify(found.violations.map(one => one.id)) + ' WIDE ' + wide; }); }"
    )
    text = f"<main style='width: 340px'><h1>A page</h1>{pages('third/known')}</main>"
    document = tmp_path / "page.html"
    document.write_text(
        f"<!doctype html><html lang='en'><title>A page</title><body style='{colours}'>{text}"
        f"<script>{Path(axe).read_text()}</script><script>{run}</script>"
    )
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    flags += f" --user-data-dir={tmp_path / 'profile'} --virtual-time-budget=20000 --dump-dom"
    shown = subprocess.run([chromium, *flags.split(), document.as_uri()], capture_output=True, text=True, check=True)
    assert "FOUND [] WIDE false" in shown.stdout

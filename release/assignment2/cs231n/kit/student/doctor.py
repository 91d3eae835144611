"""What the doctor says about this assignment's pictures: whether they are here, and whether they are the real ones."""

import importlib
from collections.abc import Iterator

from cs231n.desk.findings import BETTER, MISSING, OK, Finding

from .pictures import PACKAGE


def findings() -> Iterator[Finding]:
    """Yield what is found about the pictures. None of their files is read."""
    datasets = importlib.import_module(f"{PACKAGE}.datasets")
    fetch = f"python -m {PACKAGE}.datasets"
    try:
        root = datasets.locate()
        kind = datasets.kind(root)
    except datasets.DatasetError:
        yield Finding(
            MISSING,
            "The pictures are not here yet. Fetching CIFAR-10 takes a network and 170 MB, once.",
            f"Run: {fetch}  (without a network: {fetch} --synthetic, which makes pictures to practise on)",
        )
        return
    if kind == "synthetic":
        yield Finding(
            BETTER,
            f"The pictures in {root} are synthetic: accuracies on them are practice.",
            f"For the models that you hand in, run: {fetch}",
        )
    else:
        yield Finding(OK, f"CIFAR-10 ({root})")

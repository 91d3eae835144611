"""Gets the data from a shell: `python -m datasets` (in the students' release: `python -m cs231n.datasets`).
From Python, call `fetch`, `generate` and `locate` instead.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import layout
from .fetch import fetch, validate
from .layout import DatasetError
from .synthetic import SEED, generate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.check:
            folder = layout.locate(options.to)
            validate(folder)
            print(f"{folder} is complete and undamaged: {layout.fingerprint(folder)}")
        elif options.synthetic:
            folder = generate(Path(options.to or layout.default_root()), options.seed)
            print(f"The synthetic pictures are ready in {folder} ({layout.fingerprint(folder)}).")
        else:
            fetch(options.to, options.source, progress=not options.quiet)
    except DatasetError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted: run it again to continue.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=layout.tool(), description="Get CIFAR-10, or synthetic pictures.")
    parser.add_argument(
        "--to", metavar="DIR", help="put the data into this folder (default: your cache, or CS231N_CACHE)"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--from", dest="source", metavar="PATH", help="take the data from this folder or .tar.gz archive")
    what.add_argument(
        "--synthetic", action="store_true", help="generate synthetic pictures instead: seconds, no network"
    )
    what.add_argument("--check", action="store_true", help="only check whether the data are there and undamaged")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the synthetic pictures (default: %(default)s)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


if __name__ == "__main__":
    sys.exit(main())

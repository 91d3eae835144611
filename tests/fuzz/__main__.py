"""``python -m tests.fuzz wire --seconds 600``: fuzz one target for a while; exit code 1 if anything was found."""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MISSING = (
    "Fuzzing needs atheris: install it with `python -m pip install --constraint constraints.txt --editable '.[fuzz]'`."
)


def main(arguments: list[str] | None = None) -> int:
    """Make the seeds, run libFuzzer on them in a separate process, print its findings, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=["wire", "notebook", "intake"])
    parser.add_argument("--seconds", type=int, default=60, help="Seconds to run; by default 60.")
    parser.add_argument("--keep", type=Path, help="Folder for inputs that break a target; by default none is kept.")
    parser.add_argument("--memory", type=int, default=1024, help="Memory limit in MB; more is a finding.")
    parser.add_argument(
        "--patience", type=int, default=10, help="Time limit for one input in seconds; more is a finding."
    )
    given = parser.parse_args(arguments)
    if importlib.util.find_spec("atheris") is None:
        print(MISSING, file=sys.stderr)
        return 2
    from .seeds import seeds

    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # several times faster than a disk
    with tempfile.TemporaryDirectory(prefix="fuzz-corpus-", dir=memory) as scratch:
        corpus, found = Path(scratch, "corpus"), given.keep or Path(scratch, "found")
        for folder in (corpus, found, Path(scratch, "tmp")):
            folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds(given.target)):
            (corpus / f"seed{number:02}").write_bytes(seed)
        options = [
            f"-max_total_time={given.seconds}", f"-rss_limit_mb={given.memory}", f"-timeout={given.patience}",
            f"-artifact_prefix={found.resolve()}/", "-max_len=32768", "-print_final_stats=1", "-verbosity=1",
        ]  # fmt: skip
        environment = os.environ | {"TMPDIR": str(Path(scratch, "tmp")), "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz.fuzzer", given.target, *options, str(corpus)]
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if code:
        where = f": the input is in {given.keep}" if given.keep else " (with --keep FOLDER the input is kept)"
        print(f"Something was found in {given.target}, exit code {code}{where}.", file=sys.stderr)
        return 1
    print(f"Nothing was found in {given.target} in {given.seconds} seconds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

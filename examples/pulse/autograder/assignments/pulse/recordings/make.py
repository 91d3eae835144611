"""Make the recordings of this course: ten seconds of a pulse each, half of them with an irregular rhythm.

``python make.py`` writes both files anew: ``practice.csv`` for the students, ``judged.csv`` for the judge. They are
synthetic: a beat is two bumps, as an optical sensor on a finger sees it, on a wandering baseline and with noise.
"""

from pathlib import Path

import numpy as np

RATE = 20
"""Samples per second."""
SECONDS = 10
JUDGED = Path(__file__).with_name("judged.csv")
PRACTICE = Path(__file__).resolve().parents[4] / "source" / "pulse" / "data" / "practice.csv"
COUNTS = {PRACTICE: (1, 80), JUDGED: (2, 200)}
"""Seed and number of recordings of each file."""


def beat_times(rng: np.random.Generator, irregular: bool) -> np.ndarray:
    """Return when the heart beats, in seconds, from before the recording until its end."""
    interval = rng.uniform(0.6, 1.0)
    count = int(2 * SECONDS / interval) + 4
    if irregular:
        intervals = interval * rng.uniform(0.7, 1.45, count)
    else:  # breathing makes a healthy pulse a little faster and slower
        breathing = 0.04 * np.sin(2 * np.pi * 0.25 * interval * np.arange(count) + rng.uniform(0, 6))
        intervals = interval * (1 + breathing + 0.01 * rng.standard_normal(count))
    return np.cumsum(intervals) - rng.uniform(1, 2)


def recording(rng: np.random.Generator, irregular: bool) -> np.ndarray:
    """Return one recording (RATE * SECONDS,), in whole units of the sensor."""
    time = np.arange(RATE * SECONDS) / RATE
    signal = np.zeros(len(time))
    for beat in beat_times(rng, irregular):
        strength = rng.uniform(0.85, 1.15)
        signal += strength * np.exp(-(((time - beat) / 0.11) ** 2))
        signal += 0.3 * strength * np.exp(-(((time - beat - 0.28) / 0.1) ** 2))
    wander = 0.4 * np.sin(2 * np.pi * rng.uniform(0.1, 0.3) * time + rng.uniform(0, 6)) + rng.uniform(-0.1, 0.1) * time
    return np.rint(60 * (signal + wander + 0.08 * rng.standard_normal(len(time)))).astype(int)


def main() -> None:
    """Write both files: a recording a line, first whether it is irregular (0 or 1), then its samples."""
    for path, (seed, count) in COUNTS.items():
        rng = np.random.default_rng(seed)
        labels = rng.permutation(np.arange(count) % 2)
        rows = [[label, *recording(rng, bool(label))] for label in labels]
        path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()

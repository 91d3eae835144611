"""Known mistakes of part 2."""

from autograder.catalogue import Mistake, mistake

FILE = "rhythm.py"
_PEAK = "(inner > signal[:-2]) & (inner > signal[2:]) & (inner >= height)"
_ORDER = "sorted(found, key=lambda index: -signal[index])"
_FAR = "abs(peak - other) >= distance"
_FILTERED = "    filtered = band_pass(signal, rate, *BAND)\n    peaks = find_peaks(filtered, filtered.max() / 2,"
_BEATS = "60 * rate / np.median(np.diff(peaks))"

MISTAKES: tuple[Mistake, ...] = (
    mistake("find_peaks", "leftmost_first", FILE, "The leftmost first",
            "Of two peaks that are too close, the left one is kept. The higher one must stay.",
            (_ORDER, "found")),
    mistake("find_peaks", "one_neighbour", FILE, "One neighbour",
            "Each sample is compared with the one before it only, so samples on a rising slope count as peaks.",
            (_PEAK, "(inner > signal[:-2]) & (inner >= height)")),
    mistake("find_peaks", "no_height", FILE, "No height", "Peaks that are lower than the wanted height are kept.",
            (_PEAK, "(inner > signal[:-2]) & (inner > signal[2:])")),
    mistake("find_peaks", "shifted", FILE, "Shifted by one",
            "Every index is one too small. The samples that have two neighbours begin at index 1.",
            ("found = 1 + np.flatnonzero", "found = np.flatnonzero"), ("-signal[index]", "-signal[index + 1]")),
    mistake("find_peaks", "too_far", FILE, "One sample too far",
            "Peaks that lie exactly the distance apart are treated as too close.",
            (_FAR, "abs(peak - other) > distance")),
    mistake("find_peaks", "unsorted", FILE, "From high to low", "The peaks come back from the highest to the lowest, not from left to right.",
            ("np.array(sorted(kept), dtype=int)", "np.array(kept, dtype=int)")),
    mistake("heart_rate", "mean", FILE, "The mean",
            "The mean of the time between beats is taken, so one long pause changes the rate. The median does not mind.",
            (_BEATS, "60 * rate / np.mean(np.diff(peaks))")),
    mistake("heart_rate", "per_second", FILE, "Beats per second", "The rate is in beats per second. A minute has 60.",
            (_BEATS, "rate / np.median(np.diff(peaks))")),
    mistake("heart_rate", "unfiltered", FILE, "Not filtered",
            "The peaks of the raw recording are counted. Noise and a wandering baseline change them: filter first.",
            (_FILTERED, "    filtered = signal\n    peaks = find_peaks(filtered, filtered.max() / 2,")),
    mistake("heart_rate", "counted", FILE, "Peaks counted",
            "The number of peaks is divided by the length of the recording. Before the first and behind the last beat "
            "lies time without a beat, so that count is too low or too high.",
            (_BEATS, "60 * rate * len(peaks) / len(signal)")),
)  # fmt: skip

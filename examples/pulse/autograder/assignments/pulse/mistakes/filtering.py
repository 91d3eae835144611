"""Known mistakes of part 1."""

from autograder.catalogue import Mistake, mistake

FILE = "filters.py"
_MEAN = "averages[n] = signal[max(0, n - half) : n + half + 1].mean()"
_LINE = "line = signal.mean() + slope * centred"
_FREQUENCIES = "frequencies = np.arange(length // 2 + 1) * rate / length"
_FOUND = "found = 2 * np.abs(np.exp(-1j * angles) @ signal) / length"
_ZERO = "found[0] /= 2  # these two have no partner at a negative frequency"
_LAST = "    if length % 2 == 0:\n        found[-1] /= 2\n"
_OUTSIDE = "components[(frequencies < low) | (frequencies > high)] = 0"
_BACK = "np.fft.irfft(components, len(signal))"

MISTAKES: tuple[Mistake, ...] = (
    mistake("moving_average", "zeros_beyond_the_ends", FILE, "Zeros beyond the ends",
            "Every sum is divided by the full width, also near the ends, where fewer samples exist. The smooth signal "
            "sinks towards zero there. Divide by the number of samples that count.",
            (_MEAN, "averages[n] = signal[max(0, n - half) : n + half + 1].sum() / width")),
    mistake("moving_average", "only_the_past", FILE, "Only the past",
            "The window ends at the sample instead of having it in its middle, so the smooth signal lags behind.",
            (_MEAN, "averages[n] = signal[max(0, n - width + 1) : n + 1].mean()")),
    mistake("moving_average", "last_sample_missing", FILE, "The last sample is missing",
            "The window has one sample less on its right side: the end of a slice does not belong to it.",
            (_MEAN, "averages[n] = signal[max(0, n - half) : max(1, n + half)].mean()")),
    mistake("moving_average", "median", FILE, "A median", "The median of the window is taken, and the mean is asked for.",
            (_MEAN, "averages[n] = np.median(signal[max(0, n - half) : n + half + 1])")),
    mistake("detrend", "mean_only", FILE, "The mean only",
            "Only the mean is subtracted, so a signal that rises still rises. The line needs a slope too.",
            (_LINE, "line = signal.mean()")),
    mistake("detrend", "through_the_ends", FILE, "Through the ends",
            "The line goes through the first and the last sample. Least squares asks all samples, not two of them.",
            (_LINE, "line = np.linspace(signal[0], signal[-1], len(signal))")),
    mistake("detrend", "through_zero", FILE, "Through zero",
            "The line has the right slope and starts at zero. Its height must fit as well: the mean of what is left is "
            "not zero.",
            (_LINE, "line = slope * n")),
    mistake("amplitudes", "not_doubled", FILE, "Not doubled",
            "Each real cosine is split in two halves, at a positive and at a negative frequency. Only one half is "
            "counted here, so all amplitudes but the first are half as large as they should be.",
            (_FOUND, _FOUND.replace("2 * ", "")), (_ZERO, "pass"), (_LAST, "")),
    mistake("amplitudes", "mean_doubled", FILE, "The mean is doubled",
            "The component at 0 hertz has no partner at a negative frequency and must not be doubled.",
            (_ZERO, "pass")),
    mistake("amplitudes", "half_rate_doubled", FILE, "Half the rate is doubled",
            "In a signal of even length, the component at half the rate has no partner at a negative frequency either.",
            (_LAST, "")),
    mistake("amplitudes", "not_divided", FILE, "Not divided by the length",
            "The sums grow with the number of samples. An amplitude does not: divide by the length.",
            (_FOUND, _FOUND.removesuffix(" / length"))),
    mistake("amplitudes", "cycles_per_sample", FILE, "Cycles per sample",
            "The frequencies are in cycles per sample. In hertz they depend on the rate.",
            (_FREQUENCIES, "frequencies = np.arange(length // 2 + 1) / length")),
    mistake("band_pass", "band_stop", FILE, "The band is removed",
            "What lies in the band is removed, and what lies outside is kept. It is the other way round.",
            (_OUTSIDE, "components[(frequencies >= low) & (frequencies <= high)] = 0")),
    mistake("band_pass", "high_pass", FILE, "No upper end",
            "Frequencies above the band are kept: the upper end is not looked at.",
            (_OUTSIDE, "components[frequencies < low] = 0")),
    mistake("band_pass", "low_pass", FILE, "No lower end",
            "Frequencies below the band are kept: the lower end is not looked at.",
            (_OUTSIDE, "components[frequencies > high] = 0")),
    mistake("band_pass", "ends_left_out", FILE, "The ends are left out",
            "A component that lies exactly on an end of the band is removed. Both ends belong to the band.",
            (_OUTSIDE, "components[(frequencies <= low) | (frequencies >= high)] = 0")),
    mistake("band_pass", "even_length", FILE, "Always an even length",
            "The way back from the components must know how long the signal was: without that, a signal of odd length "
            "comes back one sample shorter.",
            (_BACK, "np.fft.irfft(components)")),
)  # fmt: skip

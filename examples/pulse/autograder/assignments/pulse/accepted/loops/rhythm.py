def find_peaks(signal, height, distance):
    candidates = []
    for n in range(1, len(signal) - 1):
        if signal[n - 1] < signal[n] > signal[n + 1] and signal[n] >= height:
            candidates.append(n)
    kept = []
    while candidates:
        highest = max(candidates, key=lambda n: signal[n])
        kept.append(highest)
        candidates = [n for n in candidates if abs(n - highest) >= distance]
    return np.array(sorted(kept), dtype=np.int64)


def heart_rate(signal, rate):
    clean = band_pass(signal, rate, BAND[0], BAND[1])
    peaks = find_peaks(clean, 0.5 * np.max(clean), int(PAUSE * rate))
    if len(peaks) < 2:
        return 0.0
    gaps = sorted((b - a) / rate for a, b in zip(peaks[:-1], peaks[1:]))
    middle = len(gaps) // 2
    median = gaps[middle] if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) / 2
    return 60 / median

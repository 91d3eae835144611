def find_peaks(signal, height, distance):
    rises = np.diff(signal) > 0
    peaks = np.where(rises[:-1] & ~rises[1:])[0] + 1
    peaks = peaks[signal[peaks] >= height]
    blocked = np.zeros(len(signal), dtype=bool)
    kept = []
    for peak in peaks[np.argsort(signal[peaks])[::-1]]:
        if not blocked[peak]:
            kept.append(peak)
            blocked[max(0, peak - distance + 1) : peak + distance] = True
    return np.sort(np.array(kept, dtype=int))

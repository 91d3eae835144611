def heart_rate(signal, rate):
    clean = band_pass(signal, rate, *BAND)
    gaps = np.diff(find_peaks(clean, clean.max() / 2, int(PAUSE * rate)))
    return float(60 / np.median(gaps / rate)) if gaps.size else 0.0

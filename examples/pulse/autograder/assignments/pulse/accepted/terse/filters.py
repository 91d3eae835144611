def moving_average(signal, width):
    distances = np.abs(np.subtract.outer(np.arange(len(signal)), np.arange(len(signal))))
    weights = (distances <= width // 2).astype(float)
    return weights @ signal / weights.sum(axis=1)


def detrend(signal):
    design = np.stack([np.arange(len(signal)), np.ones(len(signal))], axis=1)
    return signal - design @ np.linalg.lstsq(design, signal, rcond=None)[0]


def band_pass(signal, rate, low, high):
    n = len(signal)
    k = np.arange(n // 2 + 1)
    return np.fft.irfft(np.fft.rfft(signal) * ((k * rate / n >= low) & (k * rate / n <= high)), n=n)

def moving_average(signal, width):
    window = np.ones(2 * (width // 2) + 1)
    full_sum = np.convolve(signal, window)
    full_count = np.convolve(np.ones(len(signal)), window)
    inside = slice(width // 2, width // 2 + len(signal))
    return full_sum[inside] / full_count[inside]


def detrend(signal):
    n = np.arange(len(signal))
    return signal - np.polyval(np.polyfit(n, signal, 1), n)


def amplitudes(signal, rate):
    length = len(signal)
    sizes = np.abs(np.fft.rfft(signal)) / length
    sizes[1 : (length + 1) // 2] *= 2
    return np.fft.rfftfreq(length, d=1.0 / rate), sizes


def band_pass(signal, rate, low, high):
    spectrum = np.fft.fft(signal)
    frequencies = np.abs(np.fft.fftfreq(len(signal), 1 / rate))
    inside = np.logical_and(frequencies >= low, frequencies <= high)
    return np.fft.ifft(np.where(inside, spectrum, 0)).real

def moving_average(signal, width):
    half = width // 2
    result = []
    for n in range(len(signal)):
        total, count = 0.0, 0
        for k in range(n - half, n + half + 1):
            if 0 <= k < len(signal):
                total += signal[k]
                count += 1
        result.append(total / count)
    return np.array(result)


def amplitudes(signal, rate):
    n = len(signal)
    frequencies, found = [], []
    for k in range(n // 2 + 1):
        real = sum(signal[t] * np.cos(2 * np.pi * k * t / n) for t in range(n))
        imaginary = sum(signal[t] * np.sin(2 * np.pi * k * t / n) for t in range(n))
        size = np.hypot(real, imaginary) / n
        alone = k == 0 or 2 * k == n
        frequencies.append(k * rate / n)
        found.append(size if alone else 2 * size)
    return np.array(frequencies), np.array(found)


def detrend(signal):
    n = len(signal)
    a = [[sum(t * t for t in range(n)), sum(range(n))], [sum(range(n)), n]]
    b = [sum(t * s for t, s in enumerate(signal)), sum(signal)]
    slope, start = np.linalg.solve(a, b)
    return np.array([s - slope * t - start for t, s in enumerate(signal)])

def to_celsius(readings):
    return np.array([(reading - 32.0) / 1.8 for reading in readings])


def running_mean(readings, width):
    celsius = to_celsius(readings)
    means = []
    for end in range(1, len(celsius) + 1):
        last = celsius[:end][-width:]
        means.append(sum(last) / len(last))
    return np.array(means)

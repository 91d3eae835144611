"""Known mistakes of the only part."""

from autograder.catalogue import Mistake, mistake

FILE = "readings.py"
_CELSIUS = "celsius = (readings - 32) * 5 / 9"
_MEAN = "means.append(celsius[max(0, number - width + 1) : number + 1].mean())"

MISTAKES: tuple[Mistake, ...] = (
    mistake("to_celsius", "no_offset", FILE, "No offset", "The 32 degrees are missing.", (_CELSIUS, "celsius = readings * 5 / 9")),
    mistake("to_celsius", "inverted", FILE, "Inverted", "The factor is upside down.", (_CELSIUS, "celsius = (readings - 32) * 9 / 5")),
    mistake("to_celsius", "in_place", FILE, "In place", "The caller's own readings change.", (_CELSIUS, "readings -= 32\n    celsius = readings * 5 / 9")),
    mistake("running_mean", "to_the_end", FILE, "To the end", "Later readings count too.", (_MEAN, "means.append(celsius[max(0, number - width + 1) :].mean())")),
    mistake("running_mean", "sum", FILE, "A sum", "The readings are added up, and not divided by their number.", (_MEAN, _MEAN.replace("mean()", "sum()"))),
    mistake("running_mean", "short", FILE, "One reading short", "One reading too few counts.", (_MEAN, _MEAN.replace("width + 1", "width + 2"))),
)  # fmt: skip

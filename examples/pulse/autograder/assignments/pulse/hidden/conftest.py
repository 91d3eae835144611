"""Lets ``pytest`` run the hidden tests on a submission: ``pytest .../hidden --submission FOLDER``."""

from autograder.validate.pytest_plugin import plugin_for

globals().update(plugin_for(__file__))

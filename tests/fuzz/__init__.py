"""Coverage-guided fuzzing of the code that reads hostile bytes in the judge's process: the wire, notebooks, intake.

``python -m tests.fuzz --help`` tells how to run it. The properties are in ``targets``; in the ordinary tests, Hypothesis
checks them too, for seconds.
"""

"""Coverage-guided fuzzing of what hostile bytes reach in the judge's process: the wire, notebooks, intake.

``python -m tests.fuzz --help`` tells how to run it; the properties are in ``targets``, and Hypothesis tests them too,
for seconds, in the ordinary tests.
"""

"""The gate that CI runs: is every exercise complete, every correct answer accepted, every known mistake caught?

A grader is a measuring instrument; this room calibrates it. What it judges is the course's own code, which is trusted:
it runs in this process, many times as fast as in a runner.
"""

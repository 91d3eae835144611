"""The gate that CI runs: every exercise is complete, correct code is accepted, every known mistake is caught.

It judges the course's own code. That code is trusted, so most of it runs without a runner, which is many times faster.
"""

"""Makes `pytest` in this folder run the public checks, the same that `check(...)` runs in the notebooks.
Select an exercise with -k, for example: pytest -k affine"""

pytest_plugins = ["cs231n.checks.pytest_plugin"]

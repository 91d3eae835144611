"""Commands for students: ``doctor`` and ``submit``. Each release holds them as part of the students' package.

They never lie beside a submission, and no grade depends on them. See ``checks`` for `check` and the public tests.
"""

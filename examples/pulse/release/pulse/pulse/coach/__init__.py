"""Tools that show students where they stand while they work: the map, the watch, hints in steps, pages in notebooks.

A release holds them as part of the students' package. They ask ``checks``, and grading uses none of them. Nothing of
this folder lies beside a submission when it is judged.
"""

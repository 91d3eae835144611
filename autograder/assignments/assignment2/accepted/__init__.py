"""Accepted solutions: correct code for every exercise, written in many ways. The grader must accept all of them.

Each folder is one solution. Its modules are appended to the reference's modules of the same name; the last definition
of a name counts. They are written from the mathematics, independently of the reference. They are never imported here
and never released. The first line of a folder's docstring is the solution's title. A line "Neglects:" names special
cases that the solution ignores, such as unchanged inputs. It may fail ``edge`` tests of these, and no ``core`` test.
"""

"""Sphinx's configuration: ``make docs`` builds the pages, and any warning, such as a broken link, is an error."""

project = "autograder"
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "alabaster"
html_theme_options = {"description": "Grades code that nobody trusts", "page_width": "70rem"}

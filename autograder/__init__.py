"""CS231n assignment 2, graded: a judge that can be trusted asks a runner that cannot, through arrays only."""

__version__ = "0.1.0"

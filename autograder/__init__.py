"""An auto-graded course: a judge that can be trusted asks a runner that cannot, through arrays only."""

__version__ = "0.1.0"

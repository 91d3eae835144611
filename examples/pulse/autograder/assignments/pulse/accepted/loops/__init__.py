"""One sample after the other, in plain Python."""

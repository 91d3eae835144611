"""One reading after the other."""

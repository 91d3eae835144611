"""The nets of this style."""

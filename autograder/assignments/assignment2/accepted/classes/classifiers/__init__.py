"""The nets of this solution."""

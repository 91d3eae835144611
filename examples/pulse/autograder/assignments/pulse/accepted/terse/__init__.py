"""As few lines as possible."""

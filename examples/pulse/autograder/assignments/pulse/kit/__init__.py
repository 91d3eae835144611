"""What this assignment adds to the engine: the recordings that submissions are judged on."""

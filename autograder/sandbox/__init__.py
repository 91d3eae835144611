"""Where submissions run: the wire, the runner, the levels of confinement, the safe intake of a folder."""

"""The trusted side of the wall: levels of confinement, launching runners, asking them, building extensions."""

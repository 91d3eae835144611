"""Code for the trusted side: levels of confinement, starting runners, asking them questions, building extensions."""

"""The package that you build in this assignment: layers, update rules, nets and the tools around them.
The notebooks import from here; the places for your code are marked in `layers`, `optim` and `classifiers`."""

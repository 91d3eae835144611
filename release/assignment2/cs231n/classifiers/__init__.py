"""The nets of this assignment, built from the layers.
A net holds its parameters and computes losses and gradients; `Solver` trains it."""

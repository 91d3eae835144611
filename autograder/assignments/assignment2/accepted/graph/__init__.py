"""The computation graph, node by node.

Every intermediate value has a name, and one line of the backward pass. The convolution takes one picture at a time.
Neglects: float32 (some results become float64).
"""

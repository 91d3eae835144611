"""The computation graph, node by node.

Every intermediate value has a name and a line of its own backwards; the convolution takes one picture after the other.
Neglects: float32 (some of it becomes float64).
"""

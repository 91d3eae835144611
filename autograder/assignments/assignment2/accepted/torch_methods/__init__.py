"""Lists of layers and named steps, and a class in another cell.

The challenge is a small ResNet whose block stands behind the function that uses it.
"""

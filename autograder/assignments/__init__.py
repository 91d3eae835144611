"""The assignments of this repository, a folder each. The engine needs none of them."""

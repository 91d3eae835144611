"""Every layer is an object, and the cache is the object.

The functions make one and ask it; nets are lists of such objects, update rules have a class with defaults.
"""

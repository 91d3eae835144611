"""Every layer is an object, and the object is also the cache.

The layer functions create an object and call its methods. Nets are lists of objects; update rules are classes with
default settings.
"""

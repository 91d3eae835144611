"""Models within models, and graphs.

The challenge is made of branches, and its layers have a policy.
"""

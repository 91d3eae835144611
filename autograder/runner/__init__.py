"""Code for the confined side: a runner holds this folder, ``checks`` and a submission. The judge trusts none of it."""

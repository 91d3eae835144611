"""The hidden tests, one file for each part. They import the judge and ``kit.judge``, and are never released."""

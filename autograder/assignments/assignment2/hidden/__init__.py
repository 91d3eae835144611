"""The hidden tests, a file for each part. They import the judge and this kit's ``judge``, and are never released."""

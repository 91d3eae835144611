"""The hidden tests, a file for each part. They import the judge only, and are never released."""

"""Tests of what people read about grades, on a class that is made from verdicts without judging anything."""

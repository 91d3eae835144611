"""The confined side of the wall: with ``checks``, all that a submission sits beside. It is trusted with nothing."""

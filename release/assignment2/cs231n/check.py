"""Says where you stand, or what is wrong with an exercise: `python -m cs231n.check`."""

import sys

if sys.version_info < (3, 11):
    sys.exit("This is Python %d.%d, and 3.11 or newer is needed: make the environment anew." % sys.version_info[:2])

from .coach.check import main

if __name__ == "__main__":
    sys.exit(main())

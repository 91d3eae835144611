"""Shows the first exercise that is not right, after each save: `python -m cs231n.watch`."""

import sys

if sys.version_info < (3, 11):
    sys.exit("This is Python %d.%d, and 3.11 or newer is needed: make the environment anew." % sys.version_info[:2])

from .coach.watch import main

if __name__ == "__main__":
    sys.exit(main())

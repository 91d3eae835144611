"""Says what is missing on this machine, and the command that mends it: `python -m cs231n.doctor`."""

import sys

if sys.version_info < (3, 11):
    sys.exit("This is Python %d.%d, and 3.11 or newer is needed: make the environment anew." % sys.version_info[:2])

from .desk.doctor import main

if __name__ == "__main__":
    sys.exit(main())

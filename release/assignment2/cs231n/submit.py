"""Says what is missing in your work, and packs what the course wants: `python -m cs231n.submit`."""

import sys

if sys.version_info < (3, 11):
    sys.exit("This is Python %d.%d, and 3.11 or newer is needed: make the environment anew." % sys.version_info[:2])

from .desk.submit import main

if __name__ == "__main__":
    sys.exit(main())

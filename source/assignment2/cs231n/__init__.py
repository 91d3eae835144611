"""The package that you build in this assignment: layers, update rules, nets and the tools around them.
The notebooks import from here; the places for your code are marked in `layers`, `optim` and `classifiers`."""

### BEGIN INSTRUCTOR ONLY
# In the release the builder puts `checks` and `datasets` into this package; here they lie in their own rooms.
from pathlib import Path

_course = Path(__file__).resolve().parent.parent.parent.parent
__path__ += [str(_course / "autograder"), str(_course)]
### END INSTRUCTOR ONLY

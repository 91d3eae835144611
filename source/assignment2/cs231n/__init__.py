"""The package that you build in this assignment: layers, update rules, nets and the tools around them.
The notebooks import from here; the places for your code are marked in `layers`, `optim` and `classifiers`."""

### BEGIN INSTRUCTOR ONLY
# In the release the builder puts `checks`, `kit` and `datasets` into this package. Here they lie in other folders.
from autograder.course import lend_rooms

__path__ += lend_rooms(__name__, __file__)
### END INSTRUCTOR ONLY

"""About the tests themselves."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="the tests are not run by several workers")
@pytest.mark.xdist_group("itself")
def test_groups_stay_together(request: pytest.FixtureRequest) -> None:
    """By a group's name in the node id pytest-xdist knows it: a pytest with other ids trains every model twice."""
    assert request.node.nodeid.endswith("@itself")

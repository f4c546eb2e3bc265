"""The kept run over the networks of published tables."""

from pathlib import Path

import pytest

from attnprof.results import of_folder

KEPT = Path(__file__).parents[2] / "reports"


@pytest.fixture(scope="session")
def published():
    """Every network of a published table with every module that we have, as counted when it was kept."""
    return of_folder(max(KEPT.glob("*-published-meta")))  # the newest

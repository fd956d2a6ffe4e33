"""One honest book that all attacks begin with."""

from pathlib import Path

import pytest
from world import World, grown


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An honest book, which no test changes. Its auditor has audited it before."""
    place = tmp_path_factory.mktemp("honest")
    world = grown(place / "book", seed=7)
    world.verdicts = place / "verdicts"
    assert world.audit().findings == []
    return world


@pytest.fixture
def world(honest: World, tmp_path: Path) -> World:
    """A copy to attack."""
    return honest.copy(tmp_path / "book")

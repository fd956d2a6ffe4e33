"""One DuckDB for all property tests: each run of the rules gets a connection of its own to it."""

from collections.abc import Iterator

import pytest

from qibi.scoring import engine


@pytest.fixture(scope="package", autouse=True)
def _one_database() -> Iterator[None]:
    """Temporary tables are a connection's own; to open a database takes a quarter of a run."""
    with pytest.MonkeyPatch.context() as patch:
        shared = engine._connect({"threads": 1})
        patch.setattr(engine, "_connect", lambda settings: shared.cursor())
        yield
        shared.close()

"""What all tests share: `--update-transcripts`, one database, a process without the developer's own settings."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from qibi.base import language
from qibi.scoring import engine


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-transcripts",
        action="store_true",
        help="write what commands print into tests/transcripts and tests/broken_books",
    )


@pytest.fixture
def updating(request: pytest.FixtureRequest) -> bool:
    """Whether transcripts are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-transcripts"))


@pytest.fixture(autouse=True)
def _plain_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Click takes its language from the process, and qibi speaks on in the one used last."""
    language.use("en")
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.fixture(scope="session", autouse=True)
def _one_database() -> Iterator[None]:
    """Each run of the rules gets a connection of its own to one DuckDB: temporary tables are a
    connection's own, and to open a database takes a sixth of a run. A forked process opens its own."""
    connect, opened = engine._connect, {}

    def connection(settings: dict[str, Any]) -> Any:
        if settings != {"threads": 1}:
            return connect(settings)
        if os.getpid() not in opened:
            opened[os.getpid()] = connect(settings)
        return opened[os.getpid()].cursor()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_connect", connection)
        yield

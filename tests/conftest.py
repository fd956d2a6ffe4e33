"""What all tests share: `--update-transcripts`, and a process without the developer's own settings."""

import pytest

from qibi.base import language


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

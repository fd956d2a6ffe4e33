"""qibi on the newest Typer: help, usage errors and completion, without a traceback.

The pin in pyproject.toml stays while the newest is slower at start; this keeps the way open. Needs a package
index.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qibi.cli.app import summaries

pytestmark = pytest.mark.external
BOOK = Path(__file__).parents[2] / "ledgers" / "example"
WRONG = [
    "rank --nonsense",
    "rank --top x",
    "rank --by",
    "rank W46 W45 W44",
    "show",
    "remedy",
    "remedy nonsense",
    "member add",
    "nonsense",
    "",
]


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the newest Typer is found before the one that is installed."""
    place = tmp_path_factory.mktemp("typer")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", place, "typer"],
        check=True,
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QIBI_")}
    environment |= {"PYTHONPATH": str(place), "QIBI_BOOK": str(BOOK), "COLUMNS": "100"}
    found = _python(environment, "-c", "import typer; print(typer.__file__)").stdout
    assert found.startswith(str(place))
    return environment


def _python(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_is_shown(newest: dict[str, str], language: str) -> None:
    for command in ["", *summaries(), "remedy open", "member add", "task done"]:
        done = _python(newest, "-m", "qibi", "--lang", language, *command.split(), "--help")
        assert done.returncode == 0 and not done.stderr, f"{command}: {done.stderr}"
        assert {"en": "Usage: qibi", "zh": "用法：qibi"}[language] in done.stdout
        assert {"en": "Everywhere", "zh": "通用"}[language] in done.stdout


@pytest.mark.parametrize("command", WRONG)
def test_a_usage_error_is_told(newest: dict[str, str], command: str) -> None:
    done = _python(newest, "-m", "qibi", "--lang", "en", *command.split())
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and "a bug in qibi" not in done.stderr
    assert done.stderr.startswith("qibi: ") or "Usage: qibi" in done.stdout


def test_a_ranking_and_a_completion(newest: dict[str, str]) -> None:
    done = _python(newest, "-m", "qibi", "--lang", "en", "rank", "W46", "--top", "3")
    assert done.returncode == 0 and "Rank" in done.stdout
    asked = {"_QIBI_COMPLETE": "complete_bash", "COMP_WORDS": "qibi ran", "COMP_CWORD": "1"}
    start = "import sys; sys.argv[0] = 'qibi'; from qibi.__main__ import run; run()"
    assert _python(newest | asked, "-c", start).stdout.split() == ["rank"]

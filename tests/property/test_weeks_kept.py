"""A ranking added up from weeks that are kept is the one the oracle gives, whatever the cache holds."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import books
import oracle
from property.test_rules import TODAY, as_the_oracle_says_it
from qibi.base import weeks
from qibi.base.findings import Faults
from qibi.book.load import load
from qibi.scoring import weekly
from qibi.scoring.ranking import rank
from transcripts.harness import BOOKS


@pytest.fixture(autouse=True)
def every_book_is_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(weekly, "_LARGE", -1)  # calculated in several processes
    yield


def damage(cache: Path, how: str) -> None:
    """What may become of a cache between two runs."""
    for place in ("rankings", "assessed"):
        shutil.rmtree(cache / place, ignore_errors=True)
    files = sorted((cache / "weeks").glob("*"))
    if how == "half gone":
        for path in files[::2]:
            path.unlink()
    elif how == "torn":
        for path in files[::2]:
            path.write_bytes(path.read_bytes()[:-7])
    elif how == "foreign":
        for path in files:
            path.write_bytes(b"something else")
    elif how == "gone":
        shutil.rmtree(cache)


@settings(max_examples=books.MANY // 12, deadline=None, suppress_health_check=list(HealthCheck))
@given(books.cases(), st.sampled_from(["kept", "half gone", "torn", "foreign", "gone"]))
def test_weeks_add_up_to_the_ranking(case: books.Case, how: str) -> None:
    asked = {"by": case.by, "branch": case.branch, "criterion": case.criterion}
    expected = oracle.rank(case.book, case.period, **asked)
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder) / "book", Path(folder) / "cache"
        root.mkdir()
        books.write(case.book, root)
        found = weeks.parse_period(case.period, TODAY)
        assert found is not None
        cold = rank(root, load(root, cache), found, **asked, trend=True, cache=cache)
        damage(cache, how)
        warm = rank(root, load(root, cache), found, **asked, trend=True, cache=cache)
        without = rank(root, load(root), found, **asked, trend=True)
        weekly._LARGE = 10**12
        at_once = rank(root, load(root), found, **asked, trend=True)
        weekly._LARGE = -1
    assert as_the_oracle_says_it(cold) == expected
    assert cold == warm == without == at_once


def test_damage_is_told_whatever_process_reads_it(tmp_path: Path) -> None:
    """Also in a pending batch of a closed week, which the ranking does not count."""
    book = Path(shutil.copytree(BOOKS["example"], tmp_path / "book"))
    period = weeks.year(2026)
    for week in ("W44", "W46"):
        (book / f"ledger/2026/{week}/inner-1-0123456789abcdef.jsonl").write_text("garbage\n")
        with pytest.raises(Faults) as faults:
            rank(book, load(book), period)
        assert any(week in finding.path for finding in faults.value.findings)

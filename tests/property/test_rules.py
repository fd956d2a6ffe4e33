"""The rules as SQL agree with the oracle, which was written from their text alone."""

import tempfile
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings

import books
import oracle
from qibi.base import weeks
from qibi.book.load import load
from qibi.scoring.ranking import Ranking, rank

TODAY = date(2030, 1, 1)


def as_the_oracle_says_it(ranking: Ranking) -> dict:
    return {
        "weeks": list(ranking.question.period.weeks),
        "provisional": ranking.provisional,
        "standings": [
            {
                "rank": s.rank,
                "moved": s.moved,
                "subject": s.subject,
                "branch": s.branch,
                "total": s.total,
                "mean": s.mean,
                "weeks": s.weeks,
                "criteria": s.criteria,
                "grade": s.grade,
                "alert": s.alert,
            }
            for s in ranking.standings
        ],
        "unranked": [{"subject": u.subject, "reason": u.reason} for u in ranking.unranked],
    }


@settings(
    max_examples=500,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(books.cases())
def test_totals_ranks_ties_criteria_moved_and_reasons(case: books.Case) -> None:
    asked = {"by": case.by, "branch": case.branch, "criterion": case.criterion}
    expected = oracle.rank(case.book, case.period, **asked)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        books.write(case.book, root)
        found = weeks.parse_period(case.period, TODAY)
        assert found is not None
        cold = rank(root, load(root, root / "cache"), found, **asked, cache=root / "cache")
        warm = rank(root, load(root, root / "cache"), found, **asked, cache=root / "cache")
    assert as_the_oracle_says_it(cold) == expected
    assert warm == cold

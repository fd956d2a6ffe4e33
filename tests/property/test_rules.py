"""Both engines, Python and SQL, agree with the oracle, which was written from the rules' text alone."""

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings

import books
import oracle
from qibi.base import weeks
from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.ledger.batches import Batch, read_weeks
from qibi.scoring.engine import Engine
from qibi.scoring.facts import Question, tables
from qibi.scoring.ranking import Ranking, alert, grade, rank

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


def by_sql(definitions: Definitions, batches: Sequence[Batch], question: Question) -> dict:
    """The steps `standing` and `breakdown` of rules.sql, said as the oracle says it."""
    engine = Engine(tables(definitions, question), batches)
    criteria: dict[str, dict[str, int]] = {}
    for subject, criterion, points in engine.rows(
        "SELECT subject, criterion, points FROM breakdown WHERE period = 'now'"
    ):
        criteria.setdefault(subject, {})[criterion] = int(points)
    before = dict(
        engine.rows("SELECT subject, place FROM standing WHERE period = 'before' AND place > 0")
    )
    scheme = definitions.scheme(question.period.weeks[-1])
    graded = scheme if question.criterion is None else None
    standings, unranked = [], []
    for subject, branch, weeks_, total, mean, veto, reason, place in engine.rows(
        "SELECT subject, branch, weeks, total, mean, veto_total, reason, place FROM standing "
        "WHERE period = 'now' ORDER BY place, subject"
    ):
        if reason is not None:
            unranked.append({"subject": subject, "reason": reason})
            continue
        standings.append(
            {
                "rank": place,
                "moved": before[subject] - place if subject in before else None,
                "subject": subject,
                "branch": branch,
                "total": int(total),
                "mean": int(mean),
                "weeks": weeks_,
                "criteria": criteria.get(subject, {}),
                "grade": grade(graded, int(mean)) if graded else None,
                "alert": alert(graded, int(mean), veto is not None) if graded else None,
            }
        )
    return {"standings": standings, "unranked": unranked}


@settings(
    max_examples=books.MANY,
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
        sql = by_sql(load(root), read_weeks(root, cold.question.weeks), cold.question)
    assert sql == {key: expected[key] for key in sql}
    assert as_the_oracle_says_it(cold) == expected
    assert warm == cold

"""Rankings across books: the rules' last steps over the week totals in a lake.

A week is the same week in all books here, so what depends on a book's scheme (who is eligible, the scale of a
total) is taken from the lake, where it stands with each subject; the steps see one scheme, the fleet's.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path

from qibi.base import weeks as wk
from qibi.base.weeks import Period
from qibi.book.fleet import FleetFile
from qibi.fleet.lake import COLUMNS, NAMES, Book, Lake, Name
from qibi.fleet.recompute import recomputed
from qibi.fleet.runner import Duck, Row, Runner, run_steps
from qibi.scoring.facts import TABLES
from qibi.scoring.ranking import Standing, Unranked

KINDS = ("member", "branch", "cp", "book", "unit")  # that a fleet can be ranked by
POOLED = ("book", "unit")  # the mean of members of one book or several
_FLEET = "fleet"  # the one scheme that the steps see
_ANY = "*"  # the one branch that they see


@dataclass(frozen=True)
class Question:
    """What is asked: who is ranked over which weeks, by the total or by a criterion."""

    period: Period
    before: tuple[str, ...] = ()
    by: str = "member"
    criterion: str | None = None
    criteria: bool = False  # whether each criterion is wanted beside the total

    @property
    def weeks(self) -> tuple[str, ...]:
        """All weeks that the answer depends on, in order."""
        return tuple(sorted({*self.period.weeks, *self.before}))

    @property
    def kind(self) -> str:
        """The kind of subject as the rules know it: a book is ranked like a unit, by its members."""
        return "unit" if self.by in POOLED else self.by

    @property
    def stored(self) -> str:
        """The kind of subject whose week totals are asked for."""
        return "member" if self.by in POOLED else self.by


@dataclass(frozen=True)
class Ranking:
    """The answer to a `Question`. Points are hundredths."""

    question: Question
    standings: tuple[Standing, ...]
    unranked: tuple[Unranked, ...]
    names: dict[str, Name]  # of subjects, books and branches
    without: tuple[str, ...]  # books that were assessed in no week of the period
    bases: tuple[int, ...]  # of a member's week, where they differ between books

    def name(self, key: str) -> str:
        """The name of a subject, book or branch; its id where it has none."""
        return str(self.names.get(key, key))


def book_of(subject: str) -> str | None:
    """The book of a subject; None for a unit, which may stand in several."""
    return subject.partition("/")[0] if "/" in subject else None


def before(lake: Lake, period: Period) -> tuple[str, ...]:
    """The weeks that `moved` is measured against: as in one book."""
    if period.kind != "week":
        return wk.before(period).weeks
    earlier = [week for week in lake.manifest.held if week < period.weeks[0]]
    return (earlier[-1],) if earlier else ()


def rank(
    lake: Lake,
    fleet: FleetFile,
    question: Question,
    *,
    recompute: bool = False,
    runner: Callable[[], Runner] = Duck,
) -> Ranking:
    """The ranking by the lake's week totals; with `recompute`, by totals made anew from all its entries."""
    with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
        files = {t: lake.files(t, question.weeks) for t in ("totals", "criteria")}
        if recompute:
            files = recomputed(lake, question.weeks, question.stored, Path(folder))
        using = runner()
        for table, paths in files.items():
            using.read(f"lake_{table}", paths, COLUMNS[table])
        finish(using, lake, fleet, question)
        return answer(using, lake, question)


def finish(runner: Runner, lake: Lake, fleet: FleetFile, question: Question) -> None:
    """The rules' last steps, over the tables `lake_totals` and `lake_criteria` that are there."""
    runner.read("lake_active", lake.files("active", question.weeks), COLUMNS["active"])
    _give(runner, lake, fleet, question)
    for name, query in _queries(question).items():
        runner.make(name, query)
    if question.by in POOLED:
        run_steps(runner, ["rollup"])
        runner.make(
            "week_total", "SELECT * FROM members"
        )  # whose criteria count, on whatever scale
        run_steps(runner, ["criterion_of"])
    run_steps(runner, ("contest", "standing", "breakdown"))


def _give(runner: Runner, lake: Lake, fleet: FleetFile, question: Question) -> None:
    share = Fraction(str(fleet.min_weeks)).as_integer_ratio()
    averaged = int(fleet.period_total == "mean")
    factors, scale = _scales(lake)
    held = [week for week in lake.manifest.held if week in question.weeks]
    tables: dict[str, Sequence[Row]] = {
        "week": [(week, _FLEET) for week in question.weeks],
        "span": [
            *(("now", week) for week in question.period.weeks),
            *(("before", week) for week in question.before),
        ],
        "period": [(name, averaged, *share) for name in ("now", "before")],
        "question": [(question.kind, question.criterion)],
        "branch": [(_ANY,)],
        "eligible": [(_FLEET, "eligible")],
        "weight": [(_FLEET, "unit", 0, 1)],
        "scale": [(_FLEET, "member", scale)],
        "attended": [("assessed", week, _ANY, None) for week in held],
    }
    for name, rows in tables.items():
        runner.give(name, TABLES[name], rows)
    runner.give("factor", {"version": "VARCHAR", "factor": "BIGINT"}, factors)


def _scales(lake: Lake) -> tuple[list[Row], int]:
    """What brings a member's total of each scheme version onto one scale, and that scale's base.

    The smallest scale on which all are whole: a pooled mean is then exact until its one rounding.
    """
    bases = {
        f"{key}/{version}": grading.base
        for key, book in lake.manifest.books.items()
        for version, grading in book.grading.items()
        if grading.base
    }
    scale = lcm(*bases.values()) if bases else 1
    return [(version, scale // base) for version, base in bases.items()], scale


def _queries(question: Question) -> dict[str, str]:
    """The tables of rules.sql that the last steps need, out of the lake's, in this order."""
    exempt = f"""
        UNION ALL
        SELECT 'exempt', iso_week, NULL, subject FROM lake_totals
        WHERE exempt = 1 AND kind = '{question.stored}'
    """
    found = {
        "active": _active(question),
        "live": "SELECT kind, week, branch, subject FROM attended"
        + ("" if question.by in POOLED else exempt),
        "chosen": "SELECT DISTINCT COALESCE(branch, '-') AS branch FROM active",
    }
    return found | (_pooled(question) if question.by in POOLED else _stored(question))


def _active(question: Question) -> str:
    if question.by in POOLED:
        return f"""
            SELECT DISTINCT iso_week AS week, {question.by} AS subject, 'unit' AS kind,
              CAST(NULL AS VARCHAR) AS branch, CAST(NULL AS VARCHAR) AS status
            FROM lake_active
            WHERE kind = 'member' AND {question.by} IS NOT NULL
        """
    return f"""
        SELECT iso_week AS week, subject, kind, branch,
          CASE WHEN eligible = 1 THEN 'eligible' ELSE 'ineligible' END AS status
        FROM lake_active
        WHERE kind = '{question.by}'
    """


def _wanted(question: Question) -> str:
    """Which criteria are read: reading them costs far more than the totals."""
    if question.criteria:
        return "true"
    return "criterion IN (SELECT criterion FROM question)" if question.criterion else "false"


def _stored(question: Question) -> dict[str, str]:
    """Members, CPs and branches: their week totals are what the lake has."""
    return {
        "rollup": f"""
            SELECT iso_week AS week, subject, CAST(NULL AS VARCHAR) AS branch, total
            FROM lake_totals
            WHERE kind = '{question.by}' AND total IS NOT NULL
        """,
        "week_total": f"""
            SELECT iso_week AS week, subject, kind, veto_total
            FROM lake_totals
            WHERE kind = '{question.by}' AND veto_total IS NOT NULL
        """,
        "criterion_of": f"""
            SELECT iso_week AS week, subject, criterion, credit
            FROM lake_criteria
            WHERE kind = '{question.by}' AND {_wanted(question)}
        """,
    }


# The week totals of members, each on the scale of its own book's scheme.
_MEMBERS = f"""
SELECT t.iso_week AS week, t.subject, t.kind, a.branch,
  CASE WHEN a.eligible = 1 THEN 'eligible' ELSE 'ineligible' END AS status,
  '{_FLEET}' AS version, CAST(NULL AS BIGINT) AS veto_total, t.total, a.version AS own_version
FROM lake_totals AS t
JOIN lake_active AS a
  ON a.iso_week = t.iso_week AND a.subject = t.subject AND a.kind = t.kind
WHERE t.kind = 'member' AND t.total IS NOT NULL
"""


def _pooled(question: Question) -> dict[str, str]:
    """Books and units: the rules make their week totals, of their members' on one scale."""
    return {
        "belongs": f"""
            SELECT iso_week AS week, 'unit' AS kind, {question.by} AS subject, subject AS member
            FROM lake_active
            WHERE kind = 'member' AND {question.by} IS NOT NULL
        """,
        "members": _MEMBERS,
        "week_total": """
            SELECT m.week, m.subject, m.kind, m.branch, m.status, m.version, m.veto_total,
              m.total * f.factor AS total
            FROM members AS m
            JOIN factor AS f ON f.version = m.own_version
        """,
        "criterion_credit": f"""
            SELECT iso_week AS week, subject, kind, criterion, credit
            FROM lake_criteria
            WHERE kind = 'member' AND {_wanted(question)}
        """,
        "assessed": """
            SELECT week, subject, kind FROM active WHERE false
        """,
    }


def answer(runner: Runner, lake: Lake, question: Question) -> Ranking:
    """The typed ranking, out of the steps that `finish` has run."""
    standings = tuple(_standings(runner, lake, question))
    unranked = tuple(
        Unranked(subject, branch, reason, "")
        for subject, branch, reason in runner.rows(
            "SELECT subject, branch, reason FROM standing"
            " WHERE period = 'now' AND reason IS NOT NULL ORDER BY subject"
        )
    )
    places = [(s.subject, s.branch) for s in standings] + [(u.subject, u.branch) for u in unranked]
    named = {key for place in places for key in place if key}
    books = lake.manifest.books
    bases = {g.base for b in books.values() if (g := b.grading_of(question.weeks[-1])) and g.base}
    return Ranking(
        question,
        standings,
        unranked,
        _names(runner, lake, question, named),
        tuple(k for k, b in books.items() if not _was_held(b, question.period.weeks)),
        tuple(sorted(bases)) if len(bases) > 1 else (),
    )


def _was_held(book: Book, weeks: Sequence[str]) -> bool:
    return any(found.held for week in weeks if (found := book.weeks.get(week)))


_STANDINGS = """
SELECT n.subject, n.branch, n.weeks, n.total, n.mean, n.veto_total, n.place, b.place
FROM standing AS n
LEFT JOIN standing AS b ON b.subject = n.subject AND b.period = 'before'
WHERE n.period = 'now' AND n.place IS NOT NULL
ORDER BY n.place, n.subject
"""


def _standings(runner: Runner, lake: Lake, question: Question) -> list[Standing]:
    criteria: dict[str, dict[str, int]] = {}
    for subject, criterion, points in runner.rows(
        "SELECT subject, criterion, points FROM breakdown ORDER BY subject, criterion"
    ):
        criteria.setdefault(subject, {})[criterion] = int(points)
    found = []
    for subject, branch, weeks, total, mean, veto, place, earlier in runner.rows(_STANDINGS):
        grade, alert = _judged(lake, question, subject, int(mean), veto is not None)
        found.append(
            Standing(
                rank=int(place),
                moved=None if earlier is None else int(earlier - place),
                subject=subject,
                branch=branch,
                total=int(total),
                mean=int(mean),
                weeks=int(weeks),
                criteria=criteria.get(subject, {}),
                grade=grade,
                alert=alert,
            )
        )
    return found


def _judged(
    lake: Lake, question: Question, subject: str, mean: int, vetoed: bool
) -> tuple[str | None, str | None]:
    """Grade and alert by the scheme of the subject's own book; a unit, which has no one book, has none."""
    key = subject if question.by == "book" else book_of(subject)
    book = lake.manifest.books.get(key) if key else None
    grading = book.grading_of(question.period.weeks[-1]) if book else None
    if grading is None or question.criterion is not None:
        return None, None
    grade = next((g.id for g in grading.grades if g.lowest <= mean), None)
    if vetoed or (grading.warn is not None and mean < grading.warn):
        return grade, "warn"
    return grade, "watch" if grading.watch is not None and mean < grading.watch else None


def _names(runner: Runner, lake: Lake, question: Question, named: set[str]) -> dict[str, Name]:
    """The names of those shown; a unit that is named in several books has the first book's name."""
    runner.read("lake_names", lake.name_files(), NAMES)
    runner.give("named", {"subject": "VARCHAR"}, [(key,) for key in sorted(named)])
    kinds = {"book": "('book')", "unit": "('unit')"}
    among = kinds.get(question.by, "('member', 'cp', 'branch')")
    found = {
        subject: Name(zh, en)
        for subject, zh, en in runner.rows(
            "SELECT n.subject, n.zh, n.en FROM lake_names AS n JOIN named AS k ON k.subject = n.subject"
            f" WHERE n.kind IN {among} ORDER BY n.book DESC"
        )
    }
    if question.by == "unit":  # it may bear a book's id
        return found
    return found | {key: book.name for key, book in lake.manifest.books.items()}

"""What weeks came to, as a seal keeps it: standings of every kind, and the lists as read out.

`close` and `audit` both call this, so that what is read out and what is recomputed are one
calculation. Many weeks are done in one run of the rules: each is a period of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from qibi.base import points
from qibi.base.weeks import single, stretch
from qibi.book.definitions import Definitions, ListPolicy, Scheme
from qibi.ledger.batches import Batch
from qibi.scoring.engine import Engine
from qibi.scoring.facts import Question, question_tables, tables
from qibi.scoring.facts import Row as FactRow
from qibi.scoring.lists import black_list, missing, red_list
from qibi.scoring.policies import plain_policy
from qibi.scoring.ranking import Ranking, Standing, Unranked, alert, grade

Row = dict[str, Any]


@dataclass(frozen=True)
class Results:
    """A week's rankings by kind, and its lists by the policy that was in force; ids only."""

    standings: dict[str, list[Row]]
    unranked: dict[str, list[Row]]
    lists: dict[str, Row]


def results(
    definitions: Definitions,
    weeks: Mapping[str, Iterable[Batch]],
    policies: Mapping[str, Mapping[str, ListPolicy]],
    rules: str | None = None,
    threads: int | None = None,
) -> dict[str, Results]:
    """Week: what the batches given for it come to, with the list policy given for it.

    `rules` is the text of the rules to use, where it is not the present one; `threads` how many DuckDB
    may use, where not as many as there are processors.
    """
    found = {week: Results({}, {}, {}) for week in weeks}
    engine: Engine | None = None
    for kind in _kinds(definitions) if weeks else ():
        question = _question(weeks, kind)
        if engine is None:
            given = _tables(definitions, question)
            batches = [b for of_week in weeks.values() for b in of_week]
            engine = Engine(given, batches, rules, ids=False, threads=threads)
        else:
            engine.ask(_of_kind(question_tables(definitions, question), kind))
        _collect(definitions, engine, question, found)
        for week, result in found.items():
            if (policy := policies[week].get(kind)) and _has(result, kind):
                scheme = definitions.scheme(week)
                result.lists[kind] = _lists(_ranking(result, week, kind, scheme), policy)
    for week, result in found.items():  # in the order of the policy
        named = {kind: result.lists[kind] for kind in policies[week] if kind in result.lists}
        result.lists.clear()
        result.lists.update(named)
    return found


def _of_kind(given: dict[str, list[FactRow]], kind: str) -> dict[str, list[FactRow]]:
    """Without who is active as something else: the steps that are run again ask for one kind only."""
    return {**given, "active_span": [row for row in given["active_span"] if row[1] == kind]}


def _has(result: Results, kind: str) -> bool:
    return kind in result.standings or kind in result.unranked


def _kinds(definitions: Definitions) -> tuple[str, ...]:
    """The kinds of subject that the book has: groups, units and posts follow from their members."""
    used = {
        "member": bool(definitions.memberships),
        "branch": bool(definitions.branches),
        "cp": bool(definitions.cps),
    }
    return tuple(kind for kind, any_of_it in used.items() if any_of_it)


def _question(weeks: Iterable[str], kind: str) -> Question:
    asked = tuple(sorted(weeks))
    return Question(stretch(asked[0], asked[-1])._replace(weeks=asked), by=kind)


def _tables(definitions: Definitions, question: Question) -> dict[str, list[FactRow]]:
    """What the rules are given: each week is a period of its own."""
    given = tables(definitions, question)
    given["span"] = [(week, week) for week in question.weeks]
    given["period"] = [
        (week, 0, *(scheme.min_weeks if (scheme := definitions.scheme(week)) else (0, 1)))
        for week in question.weeks
    ]
    return given


def _collect(
    definitions: Definitions, engine: Engine, question: Question, found: Mapping[str, Results]
) -> None:
    """Put each week's standings of one kind into its results, as rows."""
    kind = question.by
    number = cache(points.to_number)  # the same few values stand in most rows
    schemes = {week: definitions.scheme(week) for week in question.weeks}
    versions = {scheme.week: scheme for scheme in schemes.values() if scheme}
    criteria = sorted({c.id for scheme in versions.values() for c in scheme.criteria})

    @cache
    def by_criterion(credits: str) -> Row:
        pairs = zip(criteria, credits.split(","), strict=True)
        return {key: number(int(credit)) for key, credit in pairs if credit}

    marks_of = {version: cache(_marks(scheme)) for version, scheme in versions.items()}
    nothing = _marks(None)
    marks = {week: marks_of[s.week] if s else nothing for week, s in schemes.items()}
    column = "COALESCE(CAST(MAX(CASE WHEN criterion = ? THEN points END) AS VARCHAR), '')"
    columns = ", ".join([column] * len(criteria)) or "''"
    query = _STANDINGS.format(columns=columns)
    for week, subject, branch, total, vetoed, place, reason, credits in engine.rows(
        query, *criteria
    ):
        if reason is not None:
            rows = found[week].unranked.setdefault(kind, [])
            rows.append({"subject": subject, "branch": branch, "reason": reason})
            continue
        found[week].standings.setdefault(kind, []).append(
            {
                "rank": place,
                "subject": subject,
                "branch": branch,
                "total": number(total),
                "criteria": by_criterion(credits) if credits else {},
                **marks[week](total, vetoed),
            }
        )


# One row a subject, with its criteria in one text, in their order: a tenth of the rows that `breakdown`
# has. A sum is a HUGEINT, which takes ten times as long to become a Python number.
_STANDINGS = """
SELECT s.period, s.subject, s.branch, CAST(s.total AS BIGINT), s.veto_total IS NOT NULL, s.place, s.reason,
  b.credits
FROM standing AS s
LEFT JOIN (
  SELECT period, subject, concat_ws(',', {columns}) AS credits
  FROM breakdown
  GROUP BY period, subject
) AS b ON b.period = s.period AND b.subject = s.subject
ORDER BY s.period, s.place, s.subject
"""


def _marks(scheme: Scheme | None) -> Callable[[int, bool], Row]:
    """What gives the grade and the alert of a total, where it has any."""

    def marks(total: int, vetoed: bool) -> Row:
        if scheme is None:
            return {}
        both = {"grade": grade(scheme, total), "alert": alert(scheme, total, vetoed)}
        return {name: value for name, value in both.items() if value}

    return marks


def _ranking(result: Results, week: str, kind: str, scheme: Scheme | None) -> Ranking:
    """The ranking in these rows, as far as lists need it."""
    return Ranking(
        question=Question(single(week), by=kind),
        scheme=scheme,
        standings=tuple(
            Standing(
                rank=row["rank"],
                moved=None,
                subject=row["subject"],
                branch=row["branch"],
                total=(total := round(row["total"] * 100)),
                mean=total,
                weeks=1,
                criteria={},
                grade=row.get("grade"),
                alert=row.get("alert"),
            )
            for row in result.standings.get(kind, ())
        ),
        unranked=tuple(
            Unranked(row["subject"], row["branch"], row["reason"], "")
            for row in result.unranked.get(kind, ())
        ),
        missing=(),
        expected=0,
        trends={},
    )


def _lists(ranking: Ranking, policy: ListPolicy) -> Row:
    def named(standings: Iterable[Standing]) -> list[Row]:
        return [
            {"rank": s.rank, "subject": s.subject, "total": points.to_number(s.total)}
            for s in standings
        ]

    return {
        "policy": plain_policy(policy),
        "red": named(red_list(ranking, policy.red)),
        "black": named(black_list(ranking, policy.black)),
        "missing": [u.subject for u in missing(ranking)],
    }

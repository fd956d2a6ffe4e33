"""A week's results, as a seal keeps them: standings of every kind, and the lists as read out.

`close` and `audit` both call this, so that what is read out and what is recomputed are one calculation. Where the
present rules apply, the SQL that seals name and the rules in Python run over the same batches, and a week in which
they differ is refused.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from qibi.base import points
from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.weeks import BEGIN, single, stretch
from qibi.book.definitions import Definitions, ListPolicy, Scheme
from qibi.ledger.batches import Batch
from qibi.ledger.counting import OPEN
from qibi.scoring.engine import Engine, rules_with, same_rules
from qibi.scoring.facts import Question, question_tables, tables
from qibi.scoring.facts import Row as FactRow
from qibi.scoring.lists import black_list, missing, red_list
from qibi.scoring.policies import plain_policy
from qibi.scoring.ranking import Ranking, Standing, Unranked, alert, composed, grade
from qibi.scoring.rules import Rules

Row = dict[str, Any]
_BUG = 3  # the exit code


@dataclass(frozen=True)
class Results:
    """A week's rankings by kind, and its lists by the policy that was in force; ids only."""

    standings: dict[str, list[Row]]
    unranked: dict[str, list[Row]]
    lists: dict[str, Row]


def results(
    definitions: Definitions,
    weeks: Mapping[str, list[Batch]],
    policies: Mapping[str, Mapping[str, ListPolicy]],
    rules: str,
    threads: int | None = None,
) -> dict[str, Results]:
    """Week: the results of the batches given for it, with the list policy given for it.

    `rules` is the digest of the rules to use, which this qibi has; `threads` how many DuckDB may use, where not as
    many as there are processors. Raises `Refusal` where the SQL and the rules in Python differ.
    """
    found = _by_sql(definitions, weeks, rules_with(rules), threads)
    if same_rules(rules):
        _refuse_difference(definitions, found, _in_python(definitions, weeks))
    for week, result in found.items():
        scheme = definitions.scheme(week)
        for kind, policy in policies[week].items():
            if kind in result.standings or kind in result.unranked:
                result.lists[kind] = _lists(_ranking(result, week, kind, scheme), policy)
    return found


def _by_sql(
    definitions: Definitions,
    weeks: Mapping[str, list[Batch]],
    rules: str | None,
    threads: int | None,
) -> dict[str, Results]:
    """The results without lists; many weeks go through the SQL at once, each as a period of its own."""
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
    return found


def _in_python(definitions: Definitions, weeks: Mapping[str, list[Batch]]) -> dict[str, Results]:
    """The same by the rules in Python."""
    found = {week: Results({}, {}, {}) for week in weeks}
    rules = {
        kind: Rules(definitions, Question(single(BEGIN), by=kind)) for kind in _kinds(definitions)
    }
    for week, batches in weeks.items():
        for kind, prepared in rules.items():
            question, rows = Question(single(week), by=kind), {week: prepared.week(week, batches)}
            ranking = composed(prepared, question, OPEN, rows)
            if ranking.standings:
                found[week].standings[kind] = [_standing_row(s) for s in ranking.standings]
            if ranking.unranked:
                found[week].unranked[kind] = [
                    {"subject": u.subject, "branch": u.branch, "reason": u.reason}
                    for u in ranking.unranked
                ]
    return found


def _standing_row(standing: Standing) -> Row:
    row: Row = {
        "rank": standing.rank,
        "subject": standing.subject,
        "branch": standing.branch,
        "total": points.to_number(standing.total),
        "criteria": {key: points.to_number(n) for key, n in standing.criteria.items()},
    }
    if standing.grade:
        row["grade"] = standing.grade
    if standing.alert:
        row["alert"] = standing.alert
    return row


def _refuse_difference(
    definitions: Definitions, sql: Mapping[str, Results], python: Mapping[str, Results]
) -> None:
    """Raises `Refusal` with the first subject of which the two have something else."""
    for week, one in sql.items():
        other = python[week]
        for mine, theirs in ((one.standings, other.standings), (one.unranked, other.unranked)):
            if mine == theirs:
                continue
            for kind in dict.fromkeys((*mine, *theirs)):
                pairs = {r["subject"]: r for r in mine.get(kind, ())}
                others = {r["subject"]: r for r in theirs.get(kind, ())}
                for key in dict.fromkeys((*pairs, *others)):
                    if pairs.get(key) != others.get(key):
                        raise _differ(definitions, week, key, pairs.get(key), others.get(key))
                if list(pairs) != list(others):
                    raise _differ(definitions, week, kind, list(pairs), list(others))


def _differ(definitions: Definitions, week: str, key: str, sql: Any, python: Any) -> Refusal:
    message = _(
        "the two engines differ on {subject} in {week} of {book}: {sql} by rules.sql, {python} by the "
        "rules in Python"
    ).format(
        subject=key, week=week, book=definitions.id, sql=json.dumps(sql), python=json.dumps(python)
    )
    advice = _("nothing was sealed; a bug in qibi: report this line with the book's scheme")
    return Refusal(message, advice, _BUG)


def _of_kind(given: dict[str, list[FactRow]], kind: str) -> dict[str, list[FactRow]]:
    """Without who is active as something else: the steps that are run again ask for one kind only."""
    return {**given, "active_span": [row for row in given["active_span"] if row[1] == kind]}


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
    number = cache(points.to_number)  # the same few values are in most rows
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

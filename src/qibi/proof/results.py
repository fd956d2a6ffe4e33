"""What weeks came to, as a seal keeps it: standings of every kind, and the lists as read out.

`close` and `audit` both call this, so that what is read out and what is recomputed are one
calculation. Many weeks are done in one run of the rules: each is a period of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qibi.base import points
from qibi.base.weeks import single, stretch
from qibi.book.definitions import Definitions, ListPolicy
from qibi.ledger.batches import Batch
from qibi.scoring.engine import Engine
from qibi.scoring.facts import KINDS, Question, question_tables, tables
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
) -> dict[str, Results]:
    """Week: what the batches given for it come to, with the list policy given for it.

    `rules` is the text of the rules to use, where it is not the present one.
    """
    ranked: dict[str, dict[str, Ranking]] = {week: {} for week in weeks}
    engine: Engine | None = None
    for kind in _kinds(definitions) if weeks else ():
        question = _question(weeks, kind)
        if engine is None:
            engine = Engine(_tables(definitions, weeks, question), rules)
        else:
            engine.ask(question_tables(definitions, question))
        for week, ranking in _rankings(definitions, engine, question).items():
            if ranking.standings or ranking.unranked:
                ranked[week][kind] = ranking
    return {week: _results(found, policies[week]) for week, found in ranked.items()}


def _kinds(definitions: Definitions) -> tuple[str, ...]:
    """What the book has any of, in the order of `KINDS`."""
    used = {
        "member": bool(definitions.memberships),
        "group": any(m.group for m in definitions.memberships),
        "branch": bool(definitions.branches),
        "cp": bool(definitions.cps),
        "unit": any(m.unit for m in definitions.memberships),
        "post": any(m.posts for m in definitions.memberships),
    }
    return tuple(kind for kind in KINDS if used[kind])


def _question(weeks: Iterable[str], kind: str) -> Question:
    asked = tuple(sorted(weeks))
    return Question(stretch(asked[0], asked[-1])._replace(weeks=asked), by=kind)


def _tables(
    definitions: Definitions, weeks: Mapping[str, Iterable[Batch]], question: Question
) -> dict[str, list[FactRow]]:
    """What the rules are given: each week is a period of its own."""
    given = tables(definitions, (b for batches in weeks.values() for b in batches), question)
    given["span"] = [(week, week) for week in question.weeks]
    given["period"] = [
        (week, 0, *(scheme.min_weeks if (scheme := definitions.scheme(week)) else (0, 1)))
        for week in question.weeks
    ]
    return given


def _rankings(definitions: Definitions, engine: Engine, question: Question) -> dict[str, Ranking]:
    asked, kind = question.weeks, question.by
    schemes = {week: definitions.scheme(week) for week in asked}
    criteria: dict[tuple[str, str], dict[str, int]] = {}
    for week, subject, criterion, credit in engine.rows(
        "SELECT period, subject, criterion, points FROM breakdown ORDER BY criterion"
    ):
        criteria.setdefault((week, subject), {})[criterion] = int(credit)
    standings: dict[str, list[Standing]] = {week: [] for week in asked}
    unranked: dict[str, list[Unranked]] = {week: [] for week in asked}
    for week, subject, branch, total, veto, place, reason in engine.rows(
        "SELECT period, subject, branch, total, veto_total, place, reason FROM standing"
        " ORDER BY period, place, subject"
    ):
        if reason is not None:
            unranked[week].append(Unranked(subject, branch, reason, ""))
            continue
        scheme = schemes[week]
        total = int(total)
        standings[week].append(
            Standing(
                rank=place,
                moved=None,
                subject=subject,
                branch=branch,
                total=total,
                mean=total,
                weeks=1,
                criteria=criteria.get((week, subject), {}),
                grade=grade(scheme, total) if scheme else None,
                alert=alert(scheme, total, veto is not None) if scheme else None,
            )
        )
    return {
        week: Ranking(
            question=Question(single(week), by=kind),
            scheme=schemes[week],
            standings=tuple(standings[week]),
            unranked=tuple(sorted(unranked[week], key=lambda u: u.subject)),
            missing=(),
            expected=0,
            trends={},
        )
        for week in asked
    }


def _results(ranked: Mapping[str, Ranking], policies: Mapping[str, ListPolicy]) -> Results:
    return Results(
        {kind: [_standing(s) for s in r.standings] for kind, r in ranked.items() if r.standings},
        {
            kind: [
                {"subject": u.subject, "branch": u.branch, "reason": u.reason} for u in r.unranked
            ]
            for kind, r in ranked.items()
            if r.unranked
        },
        {kind: _lists(ranked[kind], policy) for kind, policy in policies.items() if kind in ranked},
    )


def _standing(standing: Standing) -> Row:
    row: Row = {
        "rank": standing.rank,
        "subject": standing.subject,
        "branch": standing.branch,
        "total": points.to_number(standing.total),
        "criteria": {c: points.to_number(v) for c, v in standing.criteria.items()},
    }
    if standing.grade:
        row["grade"] = standing.grade
    if standing.alert:
        row["alert"] = standing.alert
    return row


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

"""A ranking as JSON, as CSV, and what a reader must know beside it."""

from typing import Any

from qibi.base import points
from qibi.base.language import _, many
from qibi.book.definitions import Criterion, Definitions
from qibi.cli import phrases
from qibi.scoring.ranking import Ranking, Standing


def warnings(ranking: Ranking) -> list[tuple[str, str]]:
    """Code and text of what a reader must know beside the ranking."""
    said = {
        "unknown-subject": _("of subjects that this book does not know"),
        "unknown-item": _("on items that the scheme does not know"),
        "not-assessed": _("of subjects that were not assessed"),
        "no-scheme": _("in weeks without a scheme"),
        "wrong-kind": _("on criteria that do not apply to the subject"),
    }
    foreign = ranking.unusable.get("unknown-branch", 0)
    named = (
        [
            (
                "unknown-branch",
                many(
                    "{count} entry is of a branch that this book does not know; it counts, 'qibi check' names it",
                    "{count} entries are of branches that this book does not know; they count, 'qibi check' names them",
                    foreign,
                ).format(count=foreign),
            )
        ]
        if foreign
        else []
    )
    waiting = [("pending", text) for text in phrases.pending(ranking.pending)]
    return (
        [("lost", text) for text in phrases.lost(ranking.lost)]
        + waiting
        + named
        + [
            (
                code,
                many(
                    "{count} entry {why} counts for nothing; 'qibi check' names it",
                    "{count} entries {why} count for nothing; 'qibi check' names them",
                    count,
                ).format(count=count, why=said[code]),
            )
            for code, count in sorted(ranking.unusable.items())
            if code != "unknown-branch"
        ]
    )


def payload(definitions: Definitions, ranking: Ranking, shown: list[Standing]) -> dict[str, Any]:
    """The ranking as JSON, in the shape that DESIGN fixes."""
    asked = ranking.question
    return {
        "qibi": 1,
        "command": "rank",
        "period": {"label": asked.period.label, "weeks": list(asked.period.weeks)},
        "by": asked.by,
        "branch": asked.branch,
        "department": asked.department,
        "section": asked.section,
        "criterion": asked.criterion,
        "provisional": ranking.provisional,
        "closed": ranking.closed,
        "pending": ranking.pending,
        "lost": ranking.lost,
        "missing": [{"week": week, "branch": branch} for week, branch in ranking.missing],
        "standings": [
            {
                "rank": s.rank,
                "moved": s.moved,
                "subject": s.subject,
                "name": definitions.title_of(ranking.question.by, s.subject),
                "branch": s.branch,
                "total": points.to_number(s.total),
                "mean": points.to_number(s.mean),
                "weeks": s.weeks,
                "criteria": {k: points.to_number(v) for k, v in s.criteria.items()},
                "grade": s.grade,
                "alert": s.alert,
            }
            for s in shown
        ],
        "unranked": [
            {
                "subject": u.subject,
                "name": definitions.title_of(asked.by, u.subject),
                "reason": u.reason,
                "note": u.note or None,
            }
            for u in ranking.unranked
        ],
        "warnings": [{"code": code, "message": text} for code, text in warnings(ranking)],
    }


def _shown_criteria(ranking: Ranking, shown: list[Standing]) -> list[Criterion]:
    """The scheme's criteria that any of those shown has points on."""
    criteria = ranking.scheme.criteria if ranking.scheme else ()
    return [c for c in criteria if any(c.id in s.criteria for s in shown)]


def table(
    definitions: Definitions, ranking: Ranking, shown: list[Standing]
) -> tuple[list[str], list[list[Any]]]:
    """Headings and rows for CSV: ids beside names, plain numbers."""
    criteria = _shown_criteria(ranking, shown)
    header = [
        _("Rank"),
        _("Moved"),
        _("Id"),
        name_heading(definitions, ranking.question.by),
        phrases.branch_heading(definitions),
        _("Total"),
        _("Mean"),
        _("Weeks"),
        *(str(c.name) for c in criteria),
        _("Grade"),
        _("Alert"),
        _("Note"),
    ]
    rows: list[list[Any]] = [
        [
            s.rank,
            s.moved,
            s.subject,
            definitions.title_of(ranking.question.by, s.subject),
            str(definitions.label(s.branch or "")),
            points.to_number(s.total),
            points.to_number(s.mean),
            s.weeks,
            *(points.to_number(s.criteria[c.id]) if c.id in s.criteria else None for c in criteria),
            phrases.grade(ranking.scheme, s.grade),
            s.alert,
            None,
        ]
        for s in shown
    ]
    for u in ranking.unranked:
        blanks = [None] * (len(header) - 6)
        rows.append(
            [
                None,
                None,
                u.subject,
                definitions.title_of(ranking.question.by, u.subject),
                str(definitions.label(u.branch or "")),
                *blanks,
                phrases.reason(u.reason, u.note),
            ]
        )
    return header, rows


def name_heading(definitions: Definitions, by: str) -> str:
    """The heading of the column that names who is ranked."""
    word = phrases.kind(definitions, by)
    return _("Name") if by == "member" else word[:1].upper() + word[1:]

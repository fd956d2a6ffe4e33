"""qibi rank --honours: who was given letters, pennants, medals and patents in a period."""

from typing import Any

from qibi.base.language import _, many
from qibi.cli import honours, phrases
from qibi.cli.rank_formats import name_heading
from qibi.cli.rank_table import where
from qibi.cli.session import Session
from qibi.cli.view import Column, Grid, View
from qibi.ledger.counting import counting, read_counting
from qibi.ledger.evidence import HONOURS, RECORDS
from qibi.scoring.facts import SPANNING, Question
from qibi.scoring.honours import Honoured, HonoursRanking, ranking


def show(now: Session, question: Question, top: int | None, form: str, output: str | None) -> None:
    """Write the ranking by honours; raises `Faults` where the ledger is damaged."""
    counts = counting(now.root, question.period.weeks)
    found = ranking(now.definitions, read_counting(now.root, counts), question)
    for text in (
        *_warnings(found),
        *phrases.lost(counts.lost_in),
        *phrases.pending(counts.waiting),
    ):
        now.console.say(_("warning: {text}").format(text=text), "yellow")
    closure = phrases.closure_of(question.period.weeks, counts.closed)
    now.console.show(_view(now, found, top, closure), form, output)


def _warnings(found: HonoursRanking) -> list[str]:
    if not found.unknown:
        return []
    text = many(
        "{count} honour is of a subject that this book does not know; 'qibi check' names it",
        "{count} honours are of subjects that this book does not know; 'qibi check' names them",
        found.unknown,
    )
    return [text.format(count=found.unknown)]


def _view(now: Session, found: HonoursRanking, top: int | None, closure: str) -> View:
    definitions, asked = now.definitions, found.question
    shown = [p for p in found.places if top is None or (p.rank and p.rank <= top)]
    result = View(payload=_payload(now, found, shown))
    result.header = [
        _("Rank"),
        _("Id"),
        name_heading(definitions, asked.by),
        phrases.branch_heading(definitions),
        *(honours.heading(kind) for kind in HONOURS),
        _("Honours"),
        honours.heading("pledge"),
    ]
    result.rows = [
        [
            p.rank,
            p.subject,
            definitions.title_of(asked.by, p.subject),
            str(definitions.label(p.branch or "")),
            *(p.counts[kind] for kind in HONOURS),
            p.total,
            p.counts["pledge"],
        ]
        for p in shown
    ]
    what = _("{member} honours").format(member=phrases.kind(definitions, asked.by))
    title = [where(definitions, asked), phrases.period(asked.period), what, closure]
    result.line("  ".join(title), "bold")
    result.line()
    if shown:
        result.blocks.append(_grid(now, asked, shown))
        if any(p.counts["pledge"] for p in shown):
            result.line()
            result.line(_("pledges are on record; they make no place"), "dim")
    else:
        result.line(_("no honours in this period"))
        result.line(
            _("an entry's evidence gives one: --evidence pennant:2026-003, or 'qibi attach'"), "dim"
        )
    return result


def _grid(now: Session, asked: Question, shown: list[Honoured]) -> Grid:
    """Only the kinds that anyone has, a dot where someone has none."""
    definitions = now.definitions
    kinds = [kind for kind in HONOURS if any(p.counts[kind] for p in shown)]
    pledged = ["pledge"] if any(p.counts["pledge"] for p in shown) else []
    branches = asked.by not in ("branch", *SPANNING) and not asked.branch
    columns = [Column(_("Rank"), right=True), Column(name_heading(definitions, asked.by))]
    if branches:
        columns.append(Column(phrases.branch_heading(definitions), wraps=True))
    columns += [Column(honours.heading(kind), right=True) for kind in kinds]
    columns.append(Column(_("Honours"), right=True))
    columns += [Column(honours.heading(kind), right=True) for kind in pledged]
    rows = []
    for p in shown:
        row = [str(p.rank or "-"), definitions.title_of(asked.by, p.subject)]
        if branches:
            row.append(phrases.branch(definitions, p.branch) if p.branch else "")
        row += [str(p.counts[kind] or ".") for kind in kinds]
        row.append(str(p.total))
        row += [str(p.counts[kind] or ".") for kind in pledged]
        rows.append(row)
    return Grid(columns, rows)


def _payload(now: Session, found: HonoursRanking, shown: list[Honoured]) -> dict[str, Any]:
    asked = found.question
    return {
        "qibi": 1,
        "command": "rank",
        "period": {"label": asked.period.label, "weeks": list(asked.period.weeks)},
        "by": asked.by,
        "branch": asked.branch,
        "department": asked.department,
        "section": asked.section,
        "honours": [
            {
                "rank": p.rank,
                "subject": p.subject,
                "name": now.definitions.title_of(asked.by, p.subject),
                "branch": p.branch,
                "total": p.total,
                **{kind: p.counts[kind] for kind in RECORDS},
            }
            for p in shown
        ],
        "warnings": [{"code": "unknown-subject", "message": text} for text in _warnings(found)],
    }

"""qibi status: per branch of a week, what is in and what is to do next."""

from datetime import timedelta

from qibi.base import weeks
from qibi.base.language import _, many, mark
from qibi.checks.policy import Survey
from qibi.checks.registry import WARNINGS
from qibi.cli import options, phrases
from qibi.cli.console import Cell, Column, Grid, View
from qibi.cli.session import Session, session
from qibi.ledger.batches import Batch, batch_names, read_weeks
from qibi.ledger.entries import Assessed, Exempt, Score
from qibi.scoring.ranking import assessed_branches, cancelled_entries, latest_assessed

DETAILS = mark(
    "Without --week it is the last week that is over, or a later one if anyone has scored it."
)
EXAMPLES = """
qibi status
qibi status --week W47
"""


def status(
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    asked = now.week(week) if week else current(now)
    batches = read_weeks(now.root, [asked] if batch_names(now.root, asked) else [])
    now.console.show(_view(now, asked, batches), form, output)


def current(now: Session) -> str:
    """The last week that is over, or a later one that has been scored."""
    over = weeks.week_of(now.today - timedelta(weeks=1))
    scored = latest_assessed(now.root, now.definitions)
    return max(over, scored) if scored else over


def _view(now: Session, week: str, batches: list[Batch]) -> View:
    definitions = now.definitions
    done = assessed_branches(batches)
    cancelled = cancelled_entries(batches)
    survey = Survey(definitions, tuple(batches))
    warnings = [f for check in WARNINGS for f in check.function(survey)]
    rows: list[list[str | Cell]] = []
    payload = []
    for b in definitions.branches:
        if not definitions.has_subjects(b.id, week):
            continue
        mine = [
            (key, e) for batch in batches if batch.branch == b.id for key, e in batch.numbered()
        ]
        live = [e for key, e in mine if key not in cancelled]
        scores = sum(isinstance(e, Score) for e in live)
        exempt = sum(isinstance(e, Exempt) for e in live)
        warned = sum(_of_branch(f.path, b.id) for f in warnings)
        entry = done.get((week, b.id))
        rows.append(
            [
                phrases.branch(definitions, b.id),
                Cell(_("in"), "green") if entry else Cell(_("not in"), "red"),
                _by(now, entry),
                str(scores) if entry or scores else "",
                str(exempt) if exempt else "",
                Cell(str(warned), "yellow") if warned else "",
            ]
        )
        payload.append(
            {
                "branch": b.id,
                "name": definitions.title(b.id),
                "assessed": entry is not None,
                "recorded_by": entry.recorded_by if entry else None,
                "recorded_at": entry.recorded_at if entry else None,
                "scores": scores,
                "exempt": exempt,
                "warnings": warned,
            }
        )
    missing = [str(p["branch"]) for p in payload if not p["assessed"]]
    uncommitted = _uncommitted(now)
    view = View(
        payload={
            "qibi": 1,
            "command": "status",
            "week": week,
            "branches": payload,
            "uncommitted": uncommitted,
        }
    )
    view.header = [
        "branch",
        "name",
        "assessed",
        "recorded_by",
        "recorded_at",
        "scores",
        "exempt",
        "warnings",
    ]
    view.rows = [list(p.values()) for p in payload]
    count = len(payload) - len(missing)
    view.line(
        "  ".join(
            [
                str(definitions.name),
                phrases.week(week),
                _("{done} of {expected} in").format(done=count, expected=len(payload)),
                _("not closed"),
            ]
        ),
        "bold",
    )
    view.line()
    columns = [
        Column(phrases.branch_heading(definitions)),
        Column(""),
        Column(_("Recorded by"), wraps=True),
        Column(_("Entries"), right=True),
        Column(_("Exempt"), right=True),
        Column(_("Warnings"), right=True),
    ]
    used = [n for n in range(len(columns)) if n < 4 or any(row[n] for row in rows)]
    view.blocks.append(Grid([columns[n] for n in used], [[row[n] for n in used] for row in rows]))
    view.line()
    for line in _next(now, week, missing, len(warnings), uncommitted):
        view.line(line)
    return view


def _of_branch(path: str, branch: str) -> bool:
    return path.rsplit("/", 1)[-1].rsplit("-", 1)[0] == branch


def _by(now: Session, entry: Assessed | None) -> str:
    if entry is None:
        return ""
    name = now.definitions.title(entry.recorded_by)
    return f"{name} {entry.recorded_at[5:16].replace('T', ' ')}"


def _uncommitted(now: Session) -> int | None:
    """How many files of the book differ from the last commit; None outside a repository."""
    if now.git.repository() is None:
        return None
    return len(now.git.changed(["."]))


def _next(
    now: Session, week: str, missing: list[str], warnings: int, uncommitted: int | None
) -> list[str]:
    lines = []
    if warnings:
        lines.append(
            many("{count} warning: qibi check", "{count} warnings: qibi check", warnings).format(
                count=warnings
            )
        )
    if uncommitted:
        lines.append(
            many(
                "{count} file is not committed: qibi commit",
                "{count} files are not committed: qibi commit",
                uncommitted,
            ).format(count=uncommitted)
        )
    if missing:
        names = phrases.places([phrases.branch(now.definitions, b) for b in missing])
        lines.append(_("missing: {names}").format(names=names))
        lines.append(_("next: qibi score SHEET --week {week}").format(week=week))
        lines.append(
            _(
                "      or, where nothing happened:  qibi score --no-events --branch {branch} --week {week}"
            ).format(branch=missing[0], week=week)
        )
    elif not uncommitted:
        lines.append(_("next: qibi rank {week}").format(week=week))
    return lines

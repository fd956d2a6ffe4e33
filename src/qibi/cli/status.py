"""qibi status: per branch of a week, what is in and what is to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from qibi.base import weeks
from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, clauses, listing, many, mark
from qibi.book.copies import copies
from qibi.checks.survey import Survey
from qibi.cli import (
    options,
    phrases,
    status_closing,
    status_waiting,
    status_warnings,
    task_proposals,
)
from qibi.cli.layout import fits
from qibi.cli.session import Session, session
from qibi.cli.view import Cell, Column, Grid, View
from qibi.ledger.batches import Batch, batch_names, read_weeks
from qibi.ledger.entries import Exempt, Score
from qibi.ledger.remedies import Life, unverified
from qibi.ledger.voids import cancelled_entries
from qibi.scoring.assessed import assessed_branches, latest_assessed

DETAILS = mark(
    "Without --week it is the last week that is over, or a later one if anyone has scored it."
)
_NAMED = 4  # files, or problems, that are named
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
    remedies = unverified(now.root, now.around.cache)
    waiting = task_proposals.waiting(now, week)
    survey = Survey(now.definitions, tuple(batches))
    closing = status_closing.closing_of(now)
    accepted = status_warnings.accepted_by_seals(now)
    warnings = status_warnings.standing(survey, accepted)
    branches = _branches(now, week, batches, warnings, remedies)
    missing = [str(b["branch"]) for b in branches if not b["assessed"]]
    in_git = _in_git(now)
    doubles = status_warnings.doubles_of(survey, accepted)
    pending = status_closing.pending_batches(now, closing)
    view = View(
        payload={
            "qibi": 1,
            "command": "status",
            "week": week,
            "branches": branches,
            **status_waiting.as_json(now, remedies, waiting),
            **status_closing.as_json(closing, week, pending),
            "doubles": status_warnings.as_json(doubles),
            "uncommitted": in_git.uncommitted,
            "unheld": [{"state": state, "path": path} for state, path in in_git.unheld],
            "git_problems": list(in_git.problems),
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
        "remedies",
        "overdue",
    ]
    view.rows = [list(b.values()) for b in branches]
    said = _("{done} of {expected} in").format(
        done=len(branches) - len(missing), expected=len(branches)
    )
    title = [
        str(now.definitions.name),
        phrases.week(week),
        said,
        phrases.closure_of([week], closing.closed),
    ]
    view.line("  ".join(title), "bold")
    view.line()
    view.blocks.append(_grid(now, branches))
    status_waiting.show_remedies(view, now, remedies)
    status_waiting.show_waiting(view, waiting)
    status_closing.show_lost(view, closing)
    status_closing.show_pending(view, now, pending)
    status_warnings.show_doubles(view, now, doubles)
    view.line()
    for problem in in_git.problems[:_NAMED]:
        view.line(_("git: {problem}").format(problem=problem), "red", whole=True)
    if (left := len(in_git.problems) - _NAMED) > 0:
        view.line(many("  and {count} more", "  and {count} more", left).format(count=left), "red")
    for line in _next(now, week, missing, len(warnings), in_git):
        view.line(line)
    if not (missing or in_git.uncommitted or in_git.problems) and (
        step := status_closing.next_step(now, week, closing.closed)
    ):
        view.line(step)
    return view


def _branches(
    now: Session,
    week: str,
    batches: list[Batch],
    warnings: list[Finding],
    remedies: dict[str, Life],
) -> list[dict[str, Any]]:
    """Each branch that has subjects in a week: what is in, and what is the matter with it."""
    definitions = now.definitions
    done = assessed_branches(batches)
    cancelled = cancelled_entries(batches)
    found = []
    for b in definitions.branches:
        if not definitions.has_subjects(b.id, week):
            continue
        live = [
            e
            for batch in batches
            if batch.branch == b.id
            for key, e in batch.numbered()
            if key not in cancelled
        ]
        entry = done.get((week, b.id))
        mine = [life for life in remedies.values() if life.branch == b.id]
        found.append(
            {
                "branch": b.id,
                "name": definitions.title(b.id),
                "assessed": entry is not None,
                "recorded_by": entry.recorded_by if entry else None,
                "recorded_at": entry.recorded_at if entry else None,
                "scores": sum(isinstance(e, Score) for e in live),
                "exempt": sum(isinstance(e, Exempt) for e in live),
                "warnings": sum(_of_branch(f.path, b.id) for f in warnings),
                "remedies": len(mine),
                "overdue": sum(life.overdue(now.today) for life in mine),
            }
        )
    return found


def _grid(now: Session, branches: list[dict[str, Any]]) -> Grid:
    """A row a branch; what no branch has has no column, and the time none where there is no room."""
    grid = _with(now, branches, timed=True)
    return grid if fits(grid, now.around.width) else _with(now, branches, timed=False)


def _with(now: Session, branches: list[dict[str, Any]], timed: bool) -> Grid:
    columns = [
        Column(phrases.branch_heading(now.definitions)),
        Column(""),
        Column(_("Recorded by"), wraps=True),
        Column(_("Entries"), right=True),
        Column(_("Exempt"), right=True),
        Column(_("Warnings"), right=True),
        Column(_("Remedies"), right=True),
    ]
    rows = [
        [
            Cell(phrases.branch(now.definitions, b["branch"])),
            Cell(_("in"), "green") if b["assessed"] else Cell(_("not in"), "red"),
            Cell(_by(now, b, timed)),
            Cell(str(b["scores"]) if b["assessed"] or b["scores"] else ""),
            Cell(str(b["exempt"] or "")),
            Cell(str(b["warnings"] or ""), "yellow"),
            Cell(str(b["remedies"] or ""), "red" if b["overdue"] else ""),
        ]
        for b in branches
    ]
    used = [n for n in range(len(columns)) if n < 4 or any(row[n].text for row in rows)]
    return Grid([columns[n] for n in used], [[row[n] for n in used] for row in rows])


def _of_branch(path: str, branch: str) -> bool:
    return path.rsplit("/", 1)[-1].rsplit("-", 1)[0] == branch


def _by(now: Session, branch: dict[str, Any], timed: bool) -> str:
    if not branch["assessed"]:
        return ""
    name = now.definitions.title(branch["recorded_by"])
    return f"{name} {branch['recorded_at'][5:16].replace('T', ' ')}" if timed else name


@dataclass(frozen=True)
class _InGit:
    """What git holds of the book: how many files a commit would take, what differs, and what is wrong."""

    uncommitted: int | None = None  # None outside a repository
    unheld: tuple[tuple[str, str], ...] = ()  # new, changed or gone; path
    problems: tuple[str, ...] = ()


def _in_git(now: Session) -> _InGit:
    """What the working tree shows that git does not hold, and what keeps git from holding it."""
    from qibi.checks.registry import in_git
    from qibi.ledger.git import NotInstalled
    from qibi.ledger.git_state import in_between

    try:
        if now.git.repository() is None:
            return _InGit()
        held = now.held()
        problems = [str(finding) for finding in in_git(now.root, now.definitions, now.git)]
        if stopped := in_between(now.git):
            problems.append(clauses([stopped.message, stopped.advice]))
        return _InGit(len(held.taken), tuple(held.unheld()), tuple(problems))
    except NotInstalled:
        return _InGit()
    except Refusal as refusal:
        return _InGit(problems=(clauses([refusal.message, refusal.advice]),))


def _shown_alone(unheld: Sequence[tuple[str, str]]) -> str:
    """What is shown here and is not in git: new batches counted, all else by name."""
    batches = sum(state == "new" and path.startswith("ledger/") for state, path in unheld)
    parts = []
    if batches:
        parts.append(
            many("{count} new batch", "{count} new batches", batches).format(count=batches)
        )
    words = {"new": _("new"), "changed": _("changed"), "gone": _("gone")}
    rest = [f"{words[s]} {p}" for s, p in unheld if s != "new" or not p.startswith("ledger/")]
    parts += rest[:_NAMED]
    if len(rest) > _NAMED:
        parts.append(_("{count} more").format(count=len(rest) - _NAMED))
    return listing(parts)


def _next(now: Session, week: str, missing: list[str], warnings: int, in_git: _InGit) -> list[str]:
    lines = []
    uncommitted = in_git.uncommitted
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
    if in_git.unheld:
        lines.append(_("shown here, not in git: {what}").format(what=_shown_alone(in_git.unheld)))
    if found := [finding.path for finding in copies(now.root)]:
        lines.append(
            _("not read, though it looks like a definition: {files}").format(
                files=phrases.places(found)
            )
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

"""qibi status: per branch of a week, what is in and what is to do next."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from qibi.base import weeks
from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, aside, clauses, colon, listing, many, mark
from qibi.book.copies import copies
from qibi.checks.policy import Survey, doubles
from qibi.checks.registry import WARNINGS, chain_of, in_git
from qibi.cli import options, phrases
from qibi.cli.output import Cell, Column, Field, Grid, Records, View, fits
from qibi.cli.phrases import day_text
from qibi.cli.recording import is_submitted_late, last_day, responsible
from qibi.cli.session import Session, current_session
from qibi.commands import milestones
from qibi.ledger.batches import (
    Batch,
    Index,
    Placed,
    batch_names,
    read_weeks,
    weeks_with_batches,
)
from qibi.ledger.counting import Counting, counting
from qibi.ledger.entries import Exempt, Score
from qibi.ledger.remedies import Life, unverified
from qibi.ledger.seals import accepted_warnings, latest_paths
from qibi.scoring.assessed import assessed_branches, latest_assessed

PANEL = "week", 5
SUMMARY = mark("What is in for a week, what is missing, what to do next.")
DETAILS = mark(
    "Without --week it is the last week that is over, or a later one if anyone has scored it. "
    "--remind prints the text for the chat group: who is missing, who was late, what is overdue."
)
_NAMED = 4  # files, or problems, that are named
EXAMPLES = """
qibi status
qibi status --week W47
qibi status --remind
"""


def status(
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
    remind: Annotated[
        bool, typer.Option("--remind", help=_("print the text for the chat group instead"))
    ] = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    text = session.week(week) if week else current(session)
    batches = read_weeks(session.root, [text] if batch_names(session.root, text) else [])
    if remind:
        if form != "table":
            raise Refusal(_("--remind is plain text"), _("leave --format out"))
        session.console.show(reminder(session, text, batches), form, output)
        return
    session.console.show(_view(session, text, batches), form, output)


def reminder(session: Session, week: str, batches: list[Batch]) -> View:
    """The text for the chat group: which branches are missing, which were late, which remedies are overdue."""
    definitions = session.definitions
    done = assessed_branches(batches)
    branches = [b.id for b in definitions.branches if definitions.has_subjects(b.id, week)]
    missing = [b for b in branches if (week, b) not in done]
    late = [
        (batch.branch, first)
        for batch in batches
        if (first := done.get((week, batch.branch))) in batch.entries
        and is_submitted_late(session, [b for b in batches if b is not batch], batch)
    ]
    who = responsible(
        session, week, dict.fromkeys(missing, "") | {b: e.recorded_by for b, e in late if e}
    )

    def named(branch: str, more: str = "") -> str:
        people = [definitions.title(who[branch])] if branch in who else []
        said = [*people, *([more] if more else [])]
        return phrases.branch(definitions, branch) + (aside(listing(said)) if said else "")

    view = View()
    view.line(f"{definitions.name}  {phrases.week(week)}", whole=True)
    if missing:
        text = many(
            "{count} branch is missing: {names}",
            "{count} branches are missing: {names}",
            len(missing),
        )
        events = Counter(e.branch for _key, e in Index(batches).live(Score))
        names = listing(
            [
                named(b, _("events only: {count}").format(count=events[b]) if events[b] else "")
                for b in missing
            ]
        )
        view.line(text.format(count=len(missing), names=names), whole=True)
        if definitions.score_by is not None:
            last = last_day(session, week)
            days = (session.today - last).days
            text = _("please submit by {day}")
            if days > 0:
                text = many(
                    "it was due by {day}, {count} day ago",
                    "it was due by {day}, {count} days ago",
                    days,
                )
            view.line(text.format(day=phrases.day(last, session.today), count=days), whole=True)
    else:
        view.line(_("all {count} branches are in").format(count=len(branches)), whole=True)
    if late:
        names = listing(
            [named(b, day_text(e.recorded_at[:10], session.today)) for b, e in late if e]
        )
        view.line(_("submitted late: {names}").format(names=names), whole=True)
    lives = unverified(session.root, session.around.cache)
    overdue = [(key, life) for key, life in lives.items() if life.overdue(session.today)]
    if overdue:
        message = _("remedies overdue: {names}")
        names = listing(
            [
                f"{key} {definitions.title(life.owner or life.subject)}"
                + aside(_("due {day}").format(day=day_text(life.due, session.today)))
                for key, life in overdue
            ]
        )
        view.line(message.format(names=names), whole=True)
    return view


def current(session: Session) -> str:
    """The last week that is over, or a later one that has been scored."""
    over = weeks.last_over(session.today)
    scored = latest_assessed(session.root, session.definitions)
    return max(over, scored) if scored else over


def _view(session: Session, week: str, batches: list[Batch]) -> View:
    remedies = unverified(session.root, session.around.cache)
    survey = Survey(session.definitions, tuple(batches))
    closing = closing_of(session)
    waiting = [] if week in closing.closed else milestones.waiting(session, week)
    accepted = accepted_by_seals(session)
    warnings = standing(survey, accepted)
    branches = _branches(session, week, batches, warnings, remedies)
    missing = [b.branch for b in branches if not b.assessed]
    in_git = _in_git(session)
    doubles = doubles_of(survey, accepted)
    pending = pending_batches(session, closing)
    records = Records(_fields(session), branches)
    if not fits(records.grid(), session.around.width):
        records = Records(_fields(session, timed=False), branches)
    view = View(
        records=[records],
        payload={
            "qibi": 1,
            "command": "status",
            "week": week,
            "branches": records,
            **waiting_json(session, remedies, waiting),
            **closing_json(closing, week, pending),
            "doubles": doubles_json(doubles),
            "uncommitted": in_git.uncommitted,
            "unheld": [{"state": state, "path": path} for state, path in in_git.unheld],
            "git_problems": list(in_git.problems),
        },
    )
    text = _("{done} of {expected} in").format(
        done=len(branches) - len(missing), expected=len(branches)
    )
    title = [
        str(session.definitions.name),
        phrases.week(week),
        text,
        phrases.closure_of([week], closing.closed),
    ]
    view.line("  ".join(title), "bold")
    view.line()
    view.blocks.append(records)
    show_remedies(view, session, remedies)
    show_waiting(view, waiting)
    show_lost(view, closing)
    show_pending(view, session, pending)
    show_doubles(view, session, doubles)
    view.line()
    for problem in in_git.problems[:_NAMED]:
        view.line(_("git: {problem}").format(problem=problem), "red", whole=True)
    if (left := len(in_git.problems) - _NAMED) > 0:
        view.line(many("  and {count} more", "  and {count} more", left).format(count=left), "red")
    for line in _next(session, week, missing, len(warnings), in_git):
        view.line(line)
    if not (missing or in_git.uncommitted or in_git.problems) and (
        step := next_step(session, week, closing.closed)
    ):
        view.line(step)
    return view


@dataclass(frozen=True)
class BranchStatus:
    """A branch's week: whether it is in, who recorded it, and counts."""

    branch: str
    assessed: bool
    recorded_by: str | None
    recorded_at: str | None
    scores: int
    exempt: int
    warnings: int
    remedies: int
    overdue: int  # of the remedies


def _branches(
    session: Session,
    week: str,
    batches: list[Batch],
    warnings: list[Finding],
    remedies: dict[str, Life],
) -> list[BranchStatus]:
    """Each branch that has subjects in a week: what is in, and what is the matter with it."""
    definitions = session.definitions
    done = assessed_branches(batches)
    entries = list(Index(batches).live())
    found = []
    for b in definitions.branches:
        if not definitions.has_subjects(b.id, week):
            continue
        live = [e for _key, e in entries if e.branch == b.id]
        entry = done.get((week, b.id))
        mine = [life for life in remedies.values() if life.branch == b.id]
        found.append(
            BranchStatus(
                branch=b.id,
                assessed=entry is not None,
                recorded_by=entry.recorded_by if entry else None,
                recorded_at=entry.recorded_at if entry else None,
                scores=sum(isinstance(e, Score) for e in live),
                exempt=sum(isinstance(e, Exempt) for e in live),
                warnings=sum(_of_branch(f.path, b.id) for f in warnings),
                remedies=len(mine),
                overdue=sum(life.overdue(session.today) for life in mine),
            )
        )
    return found


def _fields(session: Session, timed: bool = True) -> list[Field[BranchStatus]]:
    """The fields of a branch's row; the table has no time of recording where it is not `timed`."""
    definitions = session.definitions

    def recorder(b: BranchStatus) -> str:
        if not b.recorded_by or not b.recorded_at:
            return ""
        name = definitions.title(b.recorded_by)
        return f"{name} {b.recorded_at[5:16].replace('T', ' ')}" if timed else name

    return [
        Field(
            "branch",
            lambda b: b.branch,
            phrases.branch_heading(definitions),
            lambda b: phrases.branch(definitions, b.branch),
        ),
        Field("name", lambda b: definitions.title(b.branch)),
        Field(
            "assessed",
            lambda b: b.assessed,
            "",
            lambda b: Cell(_("in"), "green") if b.assessed else Cell(_("not in"), "red"),
        ),
        Field("recorded_by", lambda b: b.recorded_by, _("Recorded by"), recorder, wraps=True),
        Field("recorded_at", lambda b: b.recorded_at),
        Field(
            "scores",
            lambda b: b.scores,
            _("Entries"),
            lambda b: str(b.scores) if b.assessed or b.scores else "",
            right=True,
        ),
        Field(
            "exempt",
            lambda b: b.exempt,
            _("Exempt"),
            lambda b: str(b.exempt or ""),
            right=True,
            optional=True,
        ),
        Field(
            "warnings",
            lambda b: b.warnings,
            _("Warnings"),
            lambda b: Cell(str(b.warnings or ""), "yellow"),
            right=True,
            optional=True,
        ),
        Field(
            "remedies",
            lambda b: b.remedies,
            _("Remedies"),
            lambda b: Cell(str(b.remedies or ""), "red" if b.overdue else ""),
            right=True,
            optional=True,
        ),
        Field("overdue", lambda b: b.overdue),
    ]


def _of_branch(path: str, branch: str) -> bool:
    return path.rsplit("/", 1)[-1].rsplit("-", 1)[0] == branch


@dataclass(frozen=True)
class _InGit:
    """What git holds of the book: how many files a commit would take, what differs, and what is wrong."""

    uncommitted: int | None = None  # None outside a repository
    unheld: tuple[tuple[str, str], ...] = ()  # new, changed or gone; path
    problems: tuple[str, ...] = ()


def _in_git(session: Session) -> _InGit:
    """What the working tree shows that git does not hold, and what keeps git from holding it."""
    from qibi.ledger.git import NotInstalled, in_between

    try:
        if session.git.repository() is None:
            return _InGit()
        held = session.held()
        problems = [
            str(finding) for finding in in_git(session.root, session.definitions, session.git)
        ]
        if stopped := in_between(session.git):
            problems.append(clauses([stopped.message, stopped.advice]))
        return _InGit(len(held.taken), tuple(held.unheld()), tuple(problems))
    except NotInstalled:
        return _InGit()
    except Refusal as refusal:
        return _InGit(problems=(clauses([refusal.message, refusal.advice]),))


def _shown_alone(unheld: Sequence[tuple[str, str]]) -> str:
    """What is shown here and is not in git: new batches and sheets counted, all else by name."""
    parts, rest = [], list(unheld)
    for folder, count_of in (("ledger/", _new_batches), ("sheets/", _new_sheets)):
        counted = [one for one in rest if one[0] == "new" and one[1].startswith(folder)]
        rest = [one for one in rest if one not in counted]
        if counted:
            parts.append(count_of(len(counted)))
    for state, word in (("new", _("new")), ("changed", _("changed")), ("gone", _("gone"))):
        if paths := [path for found, path in rest if found == state]:
            parts.append(f"{word}{colon()}{phrases.places(paths, _NAMED)}")
    return clauses(parts)


def _new_batches(count: int) -> str:
    return many("{count} new batch", "{count} new batches", count).format(count=count)


def _new_sheets(count: int) -> str:
    return many("{count} new sheet", "{count} new sheets", count).format(count=count)


def _next(
    session: Session, week: str, missing: list[str], warnings: int, in_git: _InGit
) -> list[str]:
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
    if in_git.unheld and ("new", "qibi.yaml") not in in_git.unheld:
        lines.append(_("shown here, not in git: {what}").format(what=_shown_alone(in_git.unheld)))
    if found := [finding.path for finding in copies(session.root)]:
        lines.append(
            _("not read, though it looks like a definition: {files}").format(
                files=phrases.places(found)
            )
        )
    if missing:
        names = phrases.places([phrases.branch(session.definitions, b) for b in missing])
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


# What status says of closing: whether a week is closed or can be, and what waits for a correction.


def closing_of(session: Session) -> Counting:
    """All closed weeks, and the batches of theirs that are pending."""
    return counting(session.root, latest_paths(session.root))


def pending_batches(session: Session, counts: Counting) -> list[Batch]:
    """The batches that came after their week was closed."""
    wanted = set(counts.pending)
    return [b for b in read_weeks(session.root, counts.waiting) if b.path in wanted]


def closing_json(counts: Counting, week: str, pending: list[Batch]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "closed": counts.closed.get(week),
        "lost": counts.lost_in,
        "pending": [
            {
                "week": b.week,
                "branch": b.branch,
                "batch": b.digest,
                "recorded_by": b.entries[0].recorded_by,
                "recorded_at": b.entries[0].recorded_at,
            }
            for b in pending
        ],
    }


def show_lost(view: View, counts: Counting) -> None:
    """Say of which weeks batches are gone for good."""
    if texts := phrases.lost(counts.lost_in):
        view.line()
    for text in texts:
        view.line(text, "yellow", whole=True)


def show_pending(view: View, session: Session, pending: list[Batch]) -> None:
    """Name each pending batch, and the command that takes it in."""
    if not pending:
        return
    view.line()
    view.line(_("pending, for weeks that are closed: it counts for nothing yet"), "yellow")
    for batch in pending:
        text = _("  {week} {branch}  batch {batch}, recorded by {name} on {day}")
        first = batch.entries[0]
        view.line(
            text.format(
                week=batch.week,
                branch=phrases.branch(session.definitions, batch.branch),
                batch=batch.digest[:4],
                name=session.definitions.title(first.recorded_by),
                day=first.recorded_at[:10],
            )
        )
    for week in dict.fromkeys(b.week for b in pending):
        view.line(_("  next: qibi close {week} --approved-by WHO --note TEXT").format(week=week))


def open_before(session: Session, week: str, closed: Mapping[str, int]) -> str | None:
    """The first week with batches, after the latest closed one, that is open before this week.

    A book that closes no weeks is not told to.
    """
    if not closed:
        return None
    last = max((w for w in closed if w < week), default="")
    return next((w for w in weeks_with_batches(session.root) if last < w < week), None)


def next_step(session: Session, week: str, closed: Mapping[str, int]) -> str | None:
    """How a week in which all is in and committed finishes; None where it has."""
    if week in closed:
        return None
    last = weeks.sunday(week).toordinal() + (session.definitions.objections or 0)
    day = weeks.sunday(week).fromordinal(last)
    earlier = open_before(session, week, closed)
    if earlier:
        return _("next: qibi close {week}, which is still open").format(week=earlier)
    if session.today <= day:
        return _("objections until {day}; then: qibi close {week}").format(
            day=phrases.day(day, session.today), week=week
        )
    return _("next: qibi close {week}").format(week=week)


# What waits for someone: remedies to be reported or verified, milestones, proposed points.


Remedies = dict[str, Life]  # id: its life
Waiting = list[tuple[str, str, str]]  # branch, what waits, the command
_SHOWN = 8  # of each; JSON has them all


def show_remedies(view: View, session: Session, remedies: Remedies) -> None:
    """Overdue ones in red, those due this week and those to be verified, with the next command."""
    if not remedies:
        return
    sunday = weeks.sunday(weeks.week_of(session.today)).isoformat()
    late = sum(life.overdue(session.today) for life in remedies.values())
    texts = [many("{count} remedy", "{count} remedies", len(remedies)).format(count=len(remedies))]
    if late:
        texts.append(_("{count} overdue").format(count=late))
    view.line()
    view.line(listing(texts), "bold")
    pressing = {
        key: life
        for key, life in remedies.items()
        if life.state == "reported" or (life.due and life.due <= sunday)
    }
    rows = [_row(session, key, life) for key, life in list(pressing.items())[:_SHOWN]]
    if rows:
        columns = [Column(""), Column(""), Column("", wraps=True), Column("", wraps=True)]
        view.blocks.append(Grid(columns, rows, headed=False))
    if more := len(remedies) - len(rows):
        text = _("and {count} more").format(count=more) if rows else _("none is due this week")
        view.line(f"{text}{colon()}qibi remedy list")
    done = next((key for key, life in pressing.items() if life.state == "reported"), None)
    todo = next((key for key, life in pressing.items() if life.state != "reported"), None)
    if todo:
        view.line(_("once it is done: {command}").format(command=f"qibi remedy report {todo}"))
    if done:
        command = f"qibi remedy verify {done} --as {_('WHO')}"
        view.line(_("to verify it: {command}").format(command=command))
        view.line("  " + _("WHO is someone who neither owns nor reported it"), "dim")


def _row(session: Session, key: str, life: Life) -> list[str | Cell]:
    """Its id, what it waits for, its subject and its owner."""
    late = life.overdue(session.today)
    text = [_("reported, to be verified")] if life.state == "reported" else []
    if late:
        text.append(_("OVERDUE since {day}").format(day=day_text(life.due, session.today)))
    elif not text:
        text.append(_("due {day}").format(day=day_text(life.due, session.today)))
    style = "red" if late else "yellow"
    title = session.definitions.title
    return [key, Cell(listing(text), style), title(life.subject), title(life.owner)]


def show_waiting(view: View, waiting: Waiting) -> None:
    """What waits for a scorer, each with its command."""
    if not waiting:
        return
    view.line()
    view.line(_("waiting for the scorers"), "bold")
    for _branch, said, command in waiting[:_SHOWN]:
        view.line(said)
        view.line(f"  {command}", "dim", whole=True)
    if len(waiting) > _SHOWN:
        text = _("and {count} more").format(count=len(waiting) - _SHOWN)
        view.line(f"{text}{colon()}qibi task list")


def waiting_json(session: Session, remedies: Remedies, waiting: Waiting) -> dict[str, Any]:
    """Both in the shape that scripts read."""
    return {
        "remedies": [
            {
                "id": key,
                "week": life.week,
                "branch": life.branch,
                "subject": life.subject,
                "name": session.definitions.title(life.subject),
                "state": life.state,
                "owner": life.owner or None,
                "measure": life.measure,
                "due": life.due or None,
                "overdue": life.overdue(session.today),
            }
            for key, life in remedies.items()
        ],
        "waiting": [
            {"branch": branch, "text": said, "command": command}
            for branch, said, command in waiting
        ],
    }


# What status says of warnings: how many stand, and each event that may have been recorded twice.


Accepted = Set[tuple[str, str, int]]  # check, path, line
Doubles = list[tuple[Placed[Score], Placed[Score]]]


def accepted_by_seals(session: Session) -> Accepted:
    """The warnings present when their week was closed, or corrected."""
    return accepted_warnings(chain_of(session.root)[0])


def standing(survey: Survey, accepted: Accepted) -> list[Finding]:
    """The warnings that no seal has accepted, as `qibi check` gives them."""
    found = [replace(f, code=check.code) for check in WARNINGS for f in check.function(survey)]
    return [w for w in found if (w.code, w.path, w.line) not in accepted]


def doubles_of(survey: Survey, accepted: Accepted) -> Doubles:
    """The same of what may have been recorded twice, as in two clones: both entries."""
    return [
        pair
        for pair in doubles(survey)
        if ("possible-double", pair[1][0].path, pair[1][1]) not in accepted
    ]


def doubles_json(found: Doubles) -> list[dict[str, str]]:
    """The same for programs."""
    return [{"entry": key, "same_as": other} for (_b, _n, other, _e), (_c, _m, key, _f) in found]


def show_doubles(view: View, session: Session, found: Doubles) -> None:
    """Name both entries of each pair, and the command that voids one."""
    if not found:
        return
    view.line()
    view.line(_("possible duplicates: two batches say the same"), "yellow")
    weeks = {e.week for _one, (_there, _line, _key, e) in found}
    digests = {name.rsplit("-", 1)[1][:16] for w in weeks for name in batch_names(session.root, w)}
    short = phrases.short_ids((place[2] for pair in found for place in pair), digests)
    for (_batch, _number, other, _entry), (_there, _line, key, e) in found:
        text = phrases.entry_text(session.definitions, e)
        view.line(f"  {text} ({e.note})" if e.note else f"  {text}")
        view.line(
            _("    {other} and {key}; if it is one event: qibi void {key}").format(
                other=short[other], key=short[key]
            )
        )

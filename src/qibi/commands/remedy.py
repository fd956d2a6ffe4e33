"""qibi remedy: measures with an owner and a due date, open until someone else has verified them."""

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Annotated, Any

import msgspec
import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, colon, listing, many, mark
from qibi.base.text import closest
from qibi.book import lookup
from qibi.book.words import state_name as state_name
from qibi.cli import completion, options, phrases, recording
from qibi.cli.output import Cell, Column, Field, Grid, Records, View
from qibi.cli.phrases import day_text
from qibi.cli.session import Session, current_session
from qibi.commands.lists import black_listed
from qibi.ledger.batches import Batch, latest_first, weeks_with_batches
from qibi.ledger.entries import Entry, File, Remedy
from qibi.ledger.evidence_files import own_record
from qibi.ledger.remedies import (
    RECENT,
    Life,
    batches_with_remedies,
    due_day,
    home,
    lives,
    next_id,
    references,
    refuse_bad_id,
    strays,
    usual_owner,
    why_not,
)
from qibi.scoring.lists import remedy_due

# What the commands on remedies have in common: states, days, and the options of a step.


Key = Annotated[str, typer.Argument(metavar="ID", help=_("'qibi remedy list' names them"))]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help=_("a note"))]
Evidence = Annotated[
    str, typer.Option("--evidence", metavar="TEXT", help=_("the evidence; several with ;"))
]
Due = Annotated[str, typer.Option("--due", metavar="DAY", help=_("by when; 2026-11-25"))]


def standing_remedies(session: Session) -> list[Batch]:
    """The batches of all weeks that say anything of a remedy, but for hidden ones."""
    weeks = weeks_with_batches(session.root)
    return session.standing(batches_with_remedies(session.root, weeks, session.around.cache))


def known_lives(session: Session) -> dict[str, Life]:
    """Remedy id: its life, of all weeks."""
    return lives(standing_remedies(session))


def shown_by(session: Session, text: str) -> tuple[str, ...]:
    """The evidence of `--evidence`; raises `Refusal` where it is of the book's own records."""
    found = references(text)
    for reference in found:
        if wrong := own_record(reference, session.root, session.around.folder):
            raise Refusal(wrong, code=1)
    return found


PANEL = "look", 5
SUMMARY = mark("Remedies, from open to verified.")
DETAILS = mark(
    "A remedy is open until someone who neither owns nor reported it has verified it. All its "
    "steps are in the week in which it was opened."
)
EXAMPLES = mark("""
qibi remedy open --from-list W46
qibi remedy verify r-46-1 --as o1-004 --note "looked at on site"
""")


def show_all(
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject",
            metavar="SUBJECT",
            help=_("of this subject, with every step"),
            autocompletion=completion.subjects,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=_("verified ones too, and of all weeks"))
    ] = False,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `COMMANDS` has its help."""
    session = current_session()
    wanted = list(islice(latest_first(session.root), None if everything else RECENT + 1))
    if len(wanted) > RECENT and not everything:
        text = _("of the latest {count} weeks; --all reads all").format(count=RECENT)
        session.console.say(text, "dim")
        wanted = wanted[:RECENT]
    batches = batches_with_remedies(session.root, sorted(wanted), session.around.cache)
    key = session.find_subject(subject) if subject else None
    found = [
        (name, life)
        for name, life in lives(batches).items()
        if (everything or not life.ended) and key in (None, life.subject)
    ]
    found.sort(key=lambda pair: (pair[1].ended, pair[1].due or "9999", pair[0]))
    _warn_of_strays(session, batches)
    session.console.show(view_of(session, found, with_steps=key is not None), form, output)


def _warn_of_strays(session: Session, batches: list[Batch]) -> None:
    lost = len(strays(batches))
    if lost:
        text = many(
            "{count} step of a remedy that nobody opened counts for nothing",
            "{count} steps of remedies that nobody opened count for nothing",
            lost,
        ).format(count=lost)
        session.console.say(_("warning: {text}").format(text=text), "yellow")


# qibi remedy open: one remedy, or one for each that a black list names.


def open_some(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[SUBJECT]",
            help=_("id, name or part of a name"),
            autocompletion=completion.subjects,
        ),
    ] = None,
    from_list: Annotated[
        str | None,
        typer.Option(
            "--from-list",
            metavar="WEEK",
            help=_("one for each subject on this week's black list, once"),
            autocompletion=completion.weeks,
        ),
    ] = None,
    measure: Annotated[
        str, typer.Option("--measure", metavar="TEXT", help=_("what is to be done"))
    ] = "",
    owner: Annotated[
        str,
        typer.Option(
            "--owner",
            metavar="WHO",
            help=_("its owner; else the first of the CP, or the member"),
            autocompletion=completion.members,
        ),
    ] = "",
    due: Due = "",
    note: Note = "",
    evidence: Evidence = "",
    named: Annotated[
        str, typer.Option("--id", metavar="ID", help=_("its id; else r-WEEK-NUMBER"))
    ] = "",
    week: options.Week = None,
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `remedy.COMMANDS` has its help."""
    session = current_session()
    if (subject is None) == (from_list is None) or (from_list and (week or named)):
        raise Refusal(
            _("for whom?"), _("name a subject, or --from-list WEEK without --week and --id"), 1
        )
    of_week = session.past_week(from_list or week or session.week(None))
    who = session.who(recorded_as)
    if subject is not None:
        explain = _("the measure, in a few words; it is listed until someone else has verified it")
        while not measure and session.around.on_terminal:
            measure = session.console.ask(_("what is to be done?"), explain)
        if not measure:
            raise Refusal(_("what is to be done?"), _("say it: --measure TEXT"), 1)
        key = session.find_subject(subject, of_week)
        policy = session.definitions.lists.get(session.definitions.kind(key) or "")
        usual = remedy_due(policy, of_week) if policy else None
        if not (due or usual) and session.around.on_terminal:
            due = session.console.ask(_("by when?"), _("by when; 2026-11-25"))
        wanted = [(key, usual.isoformat() if usual else "", measure, note)]
    else:
        wanted = list(black_listed(session, of_week))
        if not wanted:
            text = _("nobody is on the black list of {week}").format(week=phrases.week(of_week))
            session.console.say(text)
    entries = [
        Remedy(
            week=of_week,
            branch=home(session.definitions, key, of_week),
            recorded_by=who,
            recorded_at=session.recorded_at(),
            remedy=named,
            state="open",
            subject=key,
            owner=_owner(session, owner, key, of_week),
            measure=measure or usual_measure,
            due=due_day(of_week, due or usual_due),
            note=note or remark,
            evidence=shown_by(session, evidence),
        )
        for key, usual_due, usual_measure, remark in wanted
    ]
    _open(session, entries, dry_run, once=subject is None)


def _open(session: Session, entries: Sequence[Remedy], dry_run: bool, once: bool) -> None:
    """Write each as a batch, with an id where it has none; `once`: no second for subject and week."""
    title = session.definitions.title
    opened: set[str] = set()
    for entry in entries:
        key, there = _open_one(session, entry, opened, dry_run, once)
        if there:
            text = _("{name} has a remedy for {week} already: {ids}").format(
                name=title(entry.subject), week=entry.week, ids=listing(there)
            )
            session.console.say(text)
            continue
        opened.add(key)
        message = (
            _("would open {id}  {name}: {measure}")
            if dry_run
            else _("opened {id}  {name}: {measure}")
        )
        session.console.say(
            message.format(id=key, name=title(entry.subject), measure=entry.measure)
        )
        text = _("    owner {owner}, due {day}")
        session.console.say(
            text.format(owner=title(entry.owner), day=day_text(entry.due, session.today))
        )
    if opened and not dry_run:
        session.console.say(_("next: qibi commit"), "dim")


def _open_one(
    session: Session, entry: Remedy, taken: Collection[str], dry_run: bool, once: bool
) -> tuple[str, list[str]]:
    """Write one; its id, which is none of those taken; or the ids of those that are there already."""
    there: list[str] = []

    def plan(_batches: list[Batch]) -> list[Entry]:
        known = known_lives(session)
        ids = {*taken, *(life.id for life in known.values())}
        place = (entry.subject, entry.week)
        there[:] = [k for k, life in known.items() if once and (life.subject, life.week) == place]
        if there:
            return []
        key = entry.remedy or next_id(entry.week, ids)
        refuse_bad_id(key, ids)
        return [msgspec.structs.replace(entry, remedy=key)]

    generated = () if entry.remedy else ("remedy",)
    done = recording.record(session, entry.week, entry.branch, plan, dry_run, generated=generated)
    if done is None:
        return "", there
    (opened,) = done.batch.entries
    assert isinstance(opened, Remedy)
    return opened.remedy, []


def _owner(session: Session, text: str, subject: str, week: str) -> str:
    """Who has to see to it: whoever is named, else the member, or the first member of the CP."""
    definitions = session.definitions
    if text:
        branch = definitions.branch_of(subject, week)
        try:
            return lookup.subject(definitions, text, ("member",), week=week, branch=branch)
        except lookup.NotFound as error:
            raise Refusal(str(error), code=1) from None
    usual = usual_owner(definitions, subject, week)
    if usual is None:
        raise Refusal(_("who owns it?"), _("name them: --owner WHO"), 1)
    return usual


# qibi remedy report, verify, reopen: the steps of a remedy after it was opened.


def report(
    remedy: Key,
    note: Note = "",
    evidence: Evidence = "",
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `remedy.COMMANDS` has its help."""
    _step(remedy, "reported", note, evidence, recorded_as, dry_run)


def verify(
    remedy: Key,
    note: Note = "",
    evidence: Evidence = "",
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `remedy.COMMANDS` has its help."""
    _step(remedy, "verified", note, evidence, recorded_as, dry_run)


def reopen(
    remedy: Key,
    note: Note = "",
    due: Due = "",
    evidence: Evidence = "",
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `remedy.COMMANDS` has its help."""
    if not note:
        raise Refusal(_("why is it reopened?"), _("say it: --note TEXT"), 1)
    _step(remedy, "reopened", note, evidence, recorded_as, dry_run, due)


def _step(
    key: str,
    state: str,
    note: str,
    evidence: str,
    recorded_as: str | None,
    dry_run: bool,
    due: str = "",
) -> None:
    """Write one step of a remedy's life, in the week and branch where it was opened."""
    session = current_session()
    who = session.who(recorded_as)
    life = _find(known_lives(session), key)

    def plan(_batches: list[Batch]) -> list[Entry]:
        batches = standing_remedies(session)
        life = _find(lives(batches), key)
        cause = why_not(life, state, who)
        if cause:
            advice = _("its steps: {command}").format(
                command=f"qibi remedy list --all --subject {life.subject}"
            )
            raise Refusal(key + colon() + cause, advice, 1)
        entry = Remedy(
            week=life.week,
            branch=life.branch,
            recorded_by=who,
            recorded_at=session.recorded_at(),
            remedy=life.id,
            state=state,
            subject=life.subject,
            due=due_day(life.week, due) if due else "",
            note=note,
            evidence=shown_by(session, evidence),
        )
        made = recording.unwritten(life.week, life.branch, [entry])
        after = lives([*batches, made])[key]
        if after.state != state:
            raise Refusal(
                _("{id}: the step before this one was recorded at {moment}, later than now").format(
                    id=key, moment=life.history[-1].entry.recorded_at
                ),
                _("check the clock of this machine, and run the same command again"),
                1,
            )
        return [entry]

    recording.record(session, life.week, life.branch, plan, dry_run)
    text = _("would be {state}: {id}  {name}") if dry_run else _("{state}: {id}  {name}")
    name = session.definitions.title(life.subject)
    session.console.say(text.format(state=state_name(state), id=key, name=name))
    if not dry_run:
        session.console.say(_("next: qibi commit"), "dim")


def _find(known: dict[str, Life], key: str) -> Life:
    if key in known:
        return known[key]
    near = closest(key, known)
    raise Refusal(
        _("there is no remedy '{id}'").format(id=key),
        _("did you mean {near}?").format(near=near)
        if near
        else _("'qibi remedy list --all' names them"),
        1,
    )


# Remedies to be seen: a table, the steps of each where they are asked for, and JSON.


def view_of(session: Session, found: list[tuple[str, Life]], with_steps: bool) -> View:
    """Remedies as a table, each with its steps below where they are asked for."""
    today = session.today
    records = Records(_fields(session), found)
    payload = {"qibi": 1, "command": "remedy", "remedies": records}
    view = View(payload=payload, records=[records])
    late = sum(life.overdue(today) for _key, life in found)
    count = many("{count} remedy", "{count} remedies", len(found)).format(count=len(found))
    view.line(
        f"{session.definitions.name}  {count}  {_('{count} overdue').format(count=late)}", "bold"
    )
    if found:
        view.line()
        view.blocks.append(records)
    for key, life in found if with_steps else ():
        view.line()
        view.line(f"{key}  {phrases.week(life.week)}", "dim")
        view.blocks.append(_steps(session, life))
    if late:
        view.line()
        view.line(_("{mark} overdue on {today}").format(mark="!", today=phrases.day(today)), "red")
    return view


def _fields(session: Session) -> list[Field[tuple[str, Life]]]:
    """The fields of a remedy under its id."""
    today, title = session.today, session.definitions.title

    def state(life: Life) -> Cell:
        late = life.overdue(today)
        style = "red" if late else "dim" if life.ended else ""
        return Cell(state_name(life.state) + ("!" if late else ""), style)

    def steps(life: Life) -> list[dict[str, Any]]:
        return [
            {"id": step.key, **msgspec.to_builtins(step.entry), "breach": step.breach or None}
            for step in life.history
        ]

    return [
        Field("id", lambda r: r[0], _("Id")),
        Field("week", lambda r: r[1].week),
        Field("branch", lambda r: r[1].branch),
        Field("", heading=_("State"), shown=lambda r: state(r[1])),
        Field("subject", lambda r: r[1].subject),
        Field(
            "title", lambda r: title(r[1].subject), _("Subject"), csv="name", json=False, wraps=True
        ),
        Field("state", lambda r: r[1].state),
        Field("late", lambda r: "yes" if r[1].overdue(today) else None, csv="overdue", json=False),
        Field("owner", lambda r: r[1].owner),
        Field("measure", lambda r: r[1].measure, _("Measure"), wraps=True),
        Field("", heading=_("Owner"), shown=lambda r: title(r[1].owner), wraps=True),
        Field("due", lambda r: r[1].due, _("Due by"), lambda r: day_text(r[1].due, today)),
        Field("note", lambda r: r[1].history[-1].entry.note, json=False),
        Field("history", lambda r: steps(r[1]), csv=""),
        Field("name", lambda r: title(r[1].subject), csv=""),
        Field("overdue", lambda r: r[1].overdue(today), csv=""),
    ]


def _steps(session: Session, life: Life) -> Grid:
    """A life, step by step; a step that changed nothing says why."""
    rows = [
        [
            step.entry.recorded_at[5:16].replace("T", " "),
            state_name(step.entry.state),
            session.definitions.title(step.entry.recorded_by),
            "  ".join(t for t in (step.entry.note, _evidence(step.entry), step.breach) if t),
        ]
        for step in life.history
    ]
    columns = [Column(""), Column(""), Column("", wraps=True), Column("", wraps=True)]
    return Grid(columns, rows, headed=False, indent=2)


def _evidence(entry: Remedy) -> str:
    return listing([e.path if isinstance(e, File) else e for e in entry.evidence])


COMMANDS = {
    "list": (show_all, mark("What is to be corrected, by whom and by when: overdue ones first.")),
    "open": (open_some, mark("Open a remedy, or one for each on a black list.")),
    "report": (report, mark("Report it as done.")),
    "verify": (verify, mark("Verify it: only by someone who neither owns nor reported it.")),
    "reopen": (reopen, mark("Reopen it, with a reason.")),
}

"""What all recording commands share: write under the lock, then report the result."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from qibi.base import points, weeks
from qibi.base.findings import Faults, Refusal
from qibi.base.language import _, listing, many
from qibi.base.text import argument
from qibi.book import lookup
from qibi.book.definitions import Definitions, Item
from qibi.cli import phrases, recording
from qibi.cli.output import Column, Grid, View
from qibi.cli.session import Session
from qibi.ledger.batches import (
    Batch,
    Index,
    batch_names,
    digest,
    each_of_week,
    encode_batch,
    folder,
    name,
    read_weeks,
    weeks_with_batches,
)
from qibi.ledger.clock import day_of
from qibi.ledger.entries import Assessed, Entry, Exempt, Score, Task, Void, moment
from qibi.ledger.seals import latest_paths
from qibi.ledger.store import keep, locked, mark_of, marked, says_the_same, unreported, write_batch
from qibi.scoring.account import Account, Behind, of_batches
from qibi.scoring.assessed import assessed_branches, before
from qibi.scoring.facts import Question
from qibi.scoring.sums import cut_remark, item_name

# (subject, item): where a sheet has it, as line number and as text
Places = dict[tuple[str, str], list[tuple[int, str]]]
# The batches of a week: the entries to record. Raises `Refusal` or `Faults` for what is in the way.
# It is asked more than once where interrupted commands left batches; the last time is what holds.
Plan = Callable[[list[Batch]], Sequence[Entry]]


@dataclass(frozen=True)
class Outcome:
    """The result of a way of recording: whether anything was written, of which weeks and branches."""

    wrote: bool
    places: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Recorded:
    """A batch, and what was in its week before it."""

    batch: Batch
    before: list[Batch]


def assessed_entry(
    session: Session, week: str, branch: str, who: str, source: str = "", layout: str = ""
) -> Assessed:
    """The line that says that a branch is assessed for a week."""
    return Assessed(
        week=week,
        branch=branch,
        recorded_by=who,
        recorded_at=session.recorded_at(),
        source=source,
        layout=layout,
    )


def standing_batches(session: Session, week: str) -> list[Batch]:
    """The batches of a week as they are, but for hidden ones; raises `Faults` where one is damaged.

    What an interrupted command left is synced first: whatever is said to be survives a power cut.
    """
    keep(marked(session.root, week))
    return session.standing(read_weeks(session.root, [week]))


def is_assessed(batches: list[Batch], week: str, branch: str) -> bool:
    """Whether a branch has a live `assessed` for a week."""
    return (week, branch) in assessed_branches(batches)


def record(
    session: Session,
    week: str,
    branch: str,
    plan: Plan,
    dry_run: bool,
    *,
    files: Callable[[], None] = lambda: None,
    generated: Collection[str] = (),
) -> Recorded | None:
    """Under the lock, write what `plan` makes of a week as one batch; None where that is nothing.

    Where an interrupted command recorded just that, it is that batch; `generated` are fields that qibi
    fills in, which may differ. `files` writes what the batch names, before it.
    """
    with locked(session.root):
        if left := left_by_the_same(session, week, plan, generated):
            session.console.say(
                _(
                    "batch {batch} holds this already: the command that recorded it was interrupted; it is not recorded again (if it happened twice, run the command again)"
                ).format(batch=left.digest[:4]),
                "yellow",
            )
            if not dry_run:
                session.unreported.append(session.root / left.path)
            with session.without([left]):
                return Recorded(left, standing_batches(session, week))
        before = standing_batches(session, week)
        entries = plan(before)
        if not entries:
            return None
        sign = session.signer(entries[0].recorded_by, "record", branch)
        batch = unwritten(week, branch, entries)
        _say_outrun(session, before, batch)
        if dry_run:
            _say_names(session, batch, dry_run)
            return Recorded(batch, before)
        files()
        if (session.root / batch.path).exists():
            raise Refusal(
                _("an identical entry was recorded this second already"),
                _("nothing was recorded again; if it happened twice, run the command again"),
                1,
            )
        first = (
            mark_of(session.unreported[0]).relative_to(session.root).as_posix()
            if session.unreported
            else ""
        )
        write_batch(session.root, week, branch, entries, unreported=first, sign=sign)
        session.unreported.append(session.root / batch.path)
        session.wrote = True
        _say_names(session, batch, dry_run)
        return Recorded(batch, before)


def unwritten(week: str, branch: str, entries: Sequence[Entry]) -> Batch:
    """The batch that these entries would be."""
    raw = encode_batch(entries)
    path = f"{folder(week)}/{name(branch, raw)}"
    return Batch(path, digest(raw), week, branch, tuple(entries))


def left_by_the_same(
    session: Session, week: str, plan: Plan, generated: Collection[str] = ()
) -> Batch | None:
    """The batch without which `plan` would make just its entries: the same command left it."""
    for left in interrupted(session, week):
        # What is refused without that batch was not recorded by it; with it, `record` asks again.
        with session.without([left]), suppress(Refusal, Faults):
            if says_the_same(plan(standing_batches(session, week)), left.entries, generated):
                return left
    return None


def interrupted(session: Session, week: str) -> list[Batch]:
    """The batches of a week that commands before this one left unreported, and that hold still."""
    if not marked(session.root, week):
        return []
    batches = read_weeks(session.root, [week])
    return [
        left
        for left in unreported(session.root, week, batches)
        if session.root / left.path not in session.unreported
        and not _overtaken(session, left, batches)
    ]


def _overtaken(session: Session, left: Batch, batches: list[Batch]) -> bool:
    """Whether whoever recorded a batch of which only the last word counts has said another since."""
    about = {_last_word(session, e) for e in left.entries}
    first = left.entries[0]
    return None not in about and any(
        e.recorded_by == first.recorded_by
        and _instant(e) > _instant(first)
        and _last_word(session, e) in about
        for batch in batches
        for e in batch.entries
    )


def _instant(entry: Entry) -> float:
    when = moment(entry.recorded_at)
    return when.timestamp() if when else 0.0


def _last_word(session: Session, entry: Entry) -> tuple[str, ...] | None:
    """What a later entry on the same would replace it in; None where all of them count."""
    if isinstance(entry, Task):
        return entry.subject, entry.task, entry.milestone
    scheme = session.definitions.scheme(entry.week)
    if isinstance(entry, Score) and scheme and scheme.item(entry.item) is None:
        return entry.subject, entry.item  # a direct score
    return None


def _say_outrun(session: Session, before: list[Batch], batch: Batch) -> None:
    """Name what counts still in place of new entries, of which only the latest counts.

    It bears a later moment: a clock was ahead where it was recorded, or this one is behind.
    """

    def word(entry: Entry) -> tuple[object, ...] | None:
        said = _last_word(session, entry)
        return said and (*said, bool(getattr(entry, "done", "")))

    mine = {said for entry in batch.entries if (said := word(entry))}
    if not mine:
        return
    latest: dict[tuple[object, ...], tuple[float, str, int, Entry]] = {}
    for b, line, _key, made in Index([*before, batch]).placed(Task, Score):
        said = word(made)
        if said in mine:
            place = _instant(made), b.digest, line, made
            latest[said] = max(latest.get(said, place), place, key=lambda p: p[:3])
    for _when, key, line, entry in sorted(latest.values(), key=lambda p: p[1:3]):
        if key != batch.digest:
            text = _(
                "{name}: {entry} still counts: its clock showed {moment}, which is after {now}; check both clocks. If the new entry is right: qibi void {entry} --reason TEXT"
            )
            at = [e.recorded_at[:19].replace("T", " ") for e in (entry, batch.entries[0])]
            text = text.format(
                name=session.definitions.title(getattr(entry, "subject", "")),
                entry=f"{key[:4]}.{line}",
                moment=at[0],
                now=at[1],
            )
            session.console.say(text, "yellow")


def _say_names(session: Session, batch: Batch, dry_run: bool) -> None:
    """Name the lines whose text holds members' names, where those are private."""
    if not session.definitions.private_names:
        return
    from qibi.ledger.private_names import entries_naming

    for line, ids in entries_naming(batch.entries, session.definitions):
        text = _(
            "names are private here, and the text of {entry} names {ids}; before it is committed: rm {path}, then record it again without names"
        )
        if dry_run:
            text = _("names are private here, and the text of {entry} names {ids}; write ids")
        said = text.format(
            entry=f"{batch.digest[:4]}.{line}",
            ids=listing(list(ids)),
            path=argument(str(session.root / batch.path)),
        )
        session.console.say(said, "yellow")


def say_closed(session: Session, batch: Batch) -> None:
    """Say that a week is closed, so that what was just recorded for it waits; not where its seal lists it."""
    if is_pending(session, batch):
        session.console.say(
            _(
                "{week} is closed: this is pending and counts once it is approved: qibi close {week} --approved-by WHO"
            ).format(week=batch.week),
            "yellow",
        )


def effect(definitions: Definitions, entry: Score) -> int:
    """What an entry adds or takes, in hundredths, before caps: a direct score by its distance from the base."""
    scheme = definitions.scheme(entry.week)
    criterion = scheme.criterion(entry.item) if scheme else None
    return entry.hundredths - (criterion.base if criterion else 0)


def is_pending(session: Session, batch: Batch) -> bool:
    """Whether a batch came after its week was closed, and waits."""
    path = latest_paths(session.root).get(batch.week)
    return bool(path) and batch.path.encode() not in (session.root / str(path)).read_bytes()


def tally(definitions: Definitions, entries: Sequence[Entry]) -> str:
    """How many entries, how many of them add and take points; how many voids next to them."""
    scores = [e for e in entries if isinstance(e, Score)]
    voids = sum(isinstance(e, Void) for e in entries)
    exempt = 0 if scores else sum(isinstance(e, Exempt) for e in entries)
    parts = []
    if scores or not (voids or exempt):
        effects = [effect(definitions, e) for e in scores]
        up, down = sum(e > 0 for e in effects), sum(e < 0 for e in effects)
        text = many("{count} entry", "{count} entries", len(scores)).format(count=len(scores))
        parts.append(_("{entries} ({up} up, {down} down)").format(entries=text, up=up, down=down))
    if exempt:
        parts.append(_("{count} exempt").format(count=exempt))
    if voids:
        parts.append(many("{count} void", "{count} voids", voids).format(count=voids))
    return listing(parts)


def standings_of(session: Session, week: str, branch: str, batches: list[Batch]) -> Behind:
    """What a week comes to with these batches, ranked within a branch."""
    definitions, period = session.definitions, weeks.single(week)
    earlier = before(session.root, definitions, period, session.around.cache)
    question = Question(period, earlier, branch=branch)
    subjects = {
        key
        for key in definitions.subjects
        for w in question.weeks
        if definitions.branch_of(key, w) == branch
    }
    # The other branches can't change this one's standings; theirs are left out to save the time.
    about = [
        b
        for b in {b.path: b for b in (*read_weeks(session.root, earlier), *batches)}.values()
        if b.branch == branch or any(getattr(e, "subject", None) in subjects for e in b.entries)
    ]
    return of_batches(definitions, about, question)


def people(session: Session, found: Behind, week: str, branch: str) -> str:
    """How many people are in: assessed and exempt."""
    members = session.definitions.members_of(branch, week)
    exempt = sum(u.reason == "exempt" for u in found.ranking.unranked)
    text = many("{count} person", "{count} people", len(members)).format(count=len(members))
    return _("{people}: {assessed} assessed, {exempt} exempt").format(
        people=text, assessed=len(members) - exempt, exempt=exempt
    )


def leaders(definitions: Definitions, found: Behind) -> list[str]:
    """The first three places with how they moved, and everyone who needs attention."""
    standings = found.ranking.standings
    first = [s for s in standings if s.rank <= 3][:6]
    lines = []
    if first:
        names = [
            f"{definitions.title(s.subject)} {points.show(s.total)} ({phrases.moved(s.moved)})"
            for s in first
        ]
        lines.append(_("top  {names}").format(names="   ".join(names)))
    care = [s for s in standings if s.alert]
    if care:
        names = [
            f"{definitions.title(s.subject)} {points.show(s.total)}{phrases.alert_mark(s.alert)}"
            for s in care
        ]
        lines.append(_("needs attention  {names}").format(names="   ".join(names)))
    return lines


def cuts(accounts: dict[str, Account], definitions: Definitions, places: Places) -> Grid | None:
    """What caps and exclusions cut on the items in `places`; None where they cut nothing."""
    ordered: list[tuple[int, list[str]]] = []
    for subject, account in accounts.items():
        for item in account.items:
            remark = cut_remark(account, item.item)
            if not remark or (subject, item.item) not in places:
                continue
            count = sum(e.count for _key, e in account.entries if e.item == item.item)
            times = f" x{count}" if count > 1 else ""
            found = places.get((subject, item.item), [])
            where = listing(list(dict.fromkeys(text for _line, text in found)))
            row = [where, definitions.title(subject), item_name(account, item.item) + times, remark]
            ordered.append((found[0][0] if found else 0, row))
    if not ordered:
        return None
    rows = [row for _line, row in sorted(ordered)]
    columns = [Column(""), Column(""), Column("", wraps=True), Column("", wraps=True)]
    if not any(row[0] for row in rows):
        columns, rows = columns[1:], [row[1:] for row in rows]
    return Grid(columns, rows, headed=False, indent=2)


def report(
    session: Session,
    title: str,
    said: str,
    found: Behind,
    week: str,
    branch: str,
    places: Places,
) -> View:
    """What was recorded, who moved, and what was cut: for people."""
    view = View()
    view.line(title, "bold")
    view.line(said)
    lines = leaders(session.definitions, found)
    if lines:
        view.line()
        for line in lines:
            view.line(line)
    accounts = {key: a for key, a in found.accounts(week).items() if a.branch == branch}
    grid = cuts(accounts, session.definitions, places)
    if grid:
        view.line()
        count = len(grid.rows)
        view.line(
            many(
                "the rules cut {count} place; please check:",
                "the rules cut {count} places; please check:",
                count,
            ).format(count=count)
        )
        view.blocks.append(grid)
    return view


def write_few(
    session: Session,
    week: str,
    branch: str,
    entries: Sequence[Entry],
    dry_run: bool,
    must: Callable[[], None] | None = None,
    files: Callable[[], None] = lambda: None,
) -> None:
    """Write a small batch and report the result to those concerned.

    `must` raises `Refusal`, under the lock, where what is there by then forbids it. `files` writes what
    the batch names, before it.
    """

    def plan(_batches: list[Batch]) -> Sequence[Entry]:
        if must:
            must()
        return entries

    if done := recording.record(session, week, branch, plan, dry_run, files=files):
        say_few(session, week, branch, done, dry_run)


def say_few(
    session: Session, week: str, branch: str, done: recording.Recorded, dry_run: bool
) -> None:
    """What was recorded, and the totals of those it is about, before and after."""
    before, batch = done.before, done.batch
    about = _about(before, batch)
    after = recording.standings_of(session, week, branch, [*before, batch])
    earlier = recording.standings_of(session, week, branch, before)
    view = recording.report(
        session,
        "  ".join([phrases.branch(session.definitions, branch), phrases.week(week)]),
        (_("would record {what}") if dry_run else _("recorded {what}, batch {batch}")).format(
            what=recording.tally(session.definitions, batch.entries), batch=batch.digest[:4]
        ),
        after,
        week,
        branch,
        {(e.subject, e.item): [] for e in about if isinstance(e, Score)},
    )
    old, new = _totals(earlier, week), _totals(after, week)
    assessed = recording.is_assessed([*before, batch], week, branch)
    none, exempt = phrases.reason("unscored"), phrases.reason("exempt")
    for subject in dict.fromkeys(s for e in about if (s := getattr(e, "subject", None))):
        name = session.definitions.title(subject)
        then, now_is = old.get(subject, none), new.get(subject, none)
        if then == now_is == exempt:
            text = _("{name} is exempt in {week}: this counts for nothing")
            view.line(text.format(name=name, week=week), "yellow")
        elif assessed or then != now_is:
            text = _("{name}: {before} -> {after}")
            view.line(text.format(name=name, before=then, after=now_is))
    if not assessed:
        view.line(
            _("{branch} is not assessed for {week} yet: this counts once it is").format(
                branch=phrases.branch(session.definitions, branch), week=week
            ),
            "yellow",
        )
    session.console.show(view)
    if not dry_run:
        recording.say_closed(session, batch)


def _about(before: list[Batch], batch: Batch) -> list[Entry]:
    """A batch's entries, and those that it voids."""
    voided = {e.entry for e in batch.entries if isinstance(e, Void)}
    gone = [e for b in before for key, e in b.numbered() if key in voided]
    return [*gone, *batch.entries]


def _totals(found: Behind, week: str) -> dict[str, str]:
    """Subject: its total; or that it is exempt."""
    exempt = [e.subject for _key, e in Index(found.batches).live(Exempt) if e.week == week]
    totals = {key: points.show(a.total) for key, a in found.accounts(week).items()}
    return dict.fromkeys(exempt, phrases.reason("exempt")) | totals


def find_entry(session: Session, text: str) -> tuple[Batch, int, Entry]:
    """The entry that an id, or a unique prefix of one, names; raises `Refusal`."""
    found = re.fullmatch(r"([0-9a-f]{4,16})\.([0-9]{1,9})", text.strip().lower())
    if not found:
        raise Refusal(
            _("'{text}' is not an entry's id").format(text=text),
            _("it looks like 9c41.24; 'qibi log' and 'qibi show' list them"),
            1,
        )
    digest, number = found[1], int(found[2])
    session.definitions  # noqa: B018  (what stands in the way of reading the book is told first)
    batches = find_batches(session.root, digest)
    if len(batches) > 1:
        named = listing([f"{b.digest}.{number} ({b.branch} {b.week})" for b in batches[:4]])
        raise Refusal(
            _("'{text}' may be {options}").format(text=text, options=named),
            _("write more of its digits"),
            1,
        )
    if not batches or not 1 <= number <= len(batches[0].entries):
        raise Refusal(
            _("there is no entry '{text}'").format(text=text), _("'qibi log' lists them"), 1
        )
    return batches[0], number, batches[0].entries[number - 1]


def find_batches(root: Path, digest: str) -> list[Batch]:
    """The batches whose digest begins so; raises `Faults` where one of them is damaged."""
    found = []
    for week in weeks_with_batches(root):
        if any(name.rsplit("-", 1)[-1].startswith(digest) for name in batch_names(root, week)):
            for batch in each_of_week(root, week):
                if not isinstance(batch, Batch):
                    raise Faults(batch)
                if batch.digest.startswith(digest):
                    found.append(batch)
    return found


def must_be_live(session: Session, batch: Batch, number: int) -> None:
    """Raises `Refusal` where the entry is a void, or void already."""
    key = f"{batch.digest}.{number}"
    entry = batch.entries[number - 1]
    if isinstance(entry, Void):
        raise Refusal(
            _("{entry} is itself a void").format(entry=key[:4] + key[16:]),
            _("record again what it cancelled: qibi score -e"),
            1,
        )
    if key in Index(recording.standing_batches(session, batch.week)).voids:
        raise Refusal(_("{entry} is void already").format(entry=key[:4] + key[16:]), code=1)


# Which branch and which week: from the options, else asked for, else refused.


def must_live(session: Session, branch: str, week: str) -> None:
    """Raises `Refusal` where the branch does not exist in a week, or no scheme is in force."""
    found = session.definitions.branch(branch)
    if found and not found.alive(week):
        raise Refusal(
            _("{branch} does not exist in {week}").format(branch=found.name, week=week),
            _("check since and until in branches/{id}.yaml").format(id=branch),
            1,
        )
    if session.definitions.scheme(week) is None:
        raise Refusal(
            _("no scheme is in force in {week}").format(week=week),
            _("the first begins in {week}").format(week=session.definitions.schemes[0].week),
            1,
        )


def oldest_open_week(session: Session, branch: str | None) -> str:
    """The branch's oldest week not yet assessed, after the first week of the ledger.

    One that an interrupted command assessed is offered again: it has reported nothing. In a new book
    it is the last week that is over.
    """

    current = weeks.week_of(session.today)
    known = [w for w in weeks_with_batches(session.root) if w <= current]
    if not known:
        return weeks.last_over(session.today)
    for week in weeks.span(known[0], current):
        left = set(marked(session.root, week)) - set(session.unreported)
        batches = [b for b in read_weeks(session.root, [week]) if session.root / b.path not in left]
        done = assessed_branches(batches)
        wanted = [branch] if branch else [b.id for b in session.definitions.branches]
        if any(session.definitions.has_subjects(b, week) and (week, b) not in done for b in wanted):
            return week
    return current


def ask_week(session: Session, offered: str) -> str:
    """Ask for the week, offering one."""
    while True:
        text = session.console.ask(
            _("which week? [{offered}]").format(offered=phrases.week(offered)),
            _("2026-W41, W41, 41, last or a date; an empty line takes the week in brackets"),
            topic="week",
        )
        try:
            return session.past_week(text or offered)
        except Refusal as refusal:
            session.console.problem(refusal.message, refusal.advice)


def ask_branch(session: Session) -> str:
    """Ask for the branch."""
    from qibi.cli.dialogue import Back, Dialogue, label_option

    def unknown(text: str) -> str:
        try:
            found = lookup.branch(session.definitions, text)
        except lookup.NotFound as error:
            return str(error)
        week = weeks.week_of(session.today)
        text = _("{branch} does not exist in {week}")
        return text.format(branch=session.definitions.title(found), week=week)

    dialogue = Dialogue(session.console)
    options = [label_option(b.id, b.name, b.section) for b in session.definitions.branches]
    dialogue.show(options)
    while True:
        with suppress(Back):  # there is no question before it
            return dialogue.choose(
                _("which branch? (number, id, name or section)"),
                options,
                _("the branch to record for"),
                unknown,
                listed=options,
            )


def resolve_branch(session: Session, text: str | None, who: str, week: str | None = None) -> str:
    """`--branch`, else asked for on a terminal, else the recorder's own."""
    if text:
        return session.find_branch(text)

    at = session.week(week) if week else weeks.week_of(session.today)
    own = session.definitions.branch_of(who, at)
    if own:
        return own
    if session.around.on_terminal:
        return ask_branch(session)
    raise Refusal(_("which branch?"), _("name it: --branch BRANCH"), 1)


def resolve_week(session: Session, text: str | None, branch: str) -> str:
    """`--week`, else asked for on a terminal, else refused."""
    if text:
        return session.past_week(text)
    if session.around.on_terminal:
        return ask_week(session, oldest_open_week(session, branch))
    raise Refusal(_("which week?"), _("name it: --week 2026-W41"), 1)


# What was recorded after the book's `score_by`, and what that brings whoever submitted it.


def corrects(batch: Batch) -> bool:
    """Whether a batch corrects what is recorded: a fix, a void, evidence added, a sheet that differs."""
    return any(isinstance(e, Void) for e in batch.entries)


def is_late(session: Session, batch: Batch, entry: Entry) -> bool:
    """Whether an entry of a batch was recorded after the book's `score_by`, and corrects nothing."""
    if session.definitions.score_by is None or corrects(batch):
        return False
    day = day_of(entry.recorded_at, session.zone)
    return day is not None and day > last_day(session, entry.week)


def last_day(session: Session, week: str) -> date:
    """The last day on which a week is recorded in time."""
    return weeks.sunday(week) + timedelta(days=session.definitions.score_by or 0)


def proposal(session: Session, before: list[Batch], batch: Batch) -> str | None:
    """The command that records the late-entry item against whoever of the branch was late; else None.

    Once a late batch, and never for a correction: only a batch that says `assessed` is submitted,
    and where the branch was in before, in time, it is in for a second time.
    """
    first = next((e for e in batch.entries if isinstance(e, Assessed)), None)
    if first is None or not is_submitted_late(session, before, batch):
        return None
    who = charged(session, first)
    return _late_command(session, batch.week, who) if who else None


def charged(session: Session, first: Assessed) -> str | None:
    """Whose lateness a late week is; None where that is nobody.

    A clerk who records what other branches submit is not late.
    """
    return responsible(session, first.week, {first.branch: first.recorded_by}).get(first.branch)


def responsible(session: Session, week: str, branches: Mapping[str, str]) -> dict[str, str]:
    """Who of a branch submits its week: the secretary, else who of it recorded the week (the values of
    `branches`), or the last one before; a branch without one is left out.
    """
    definitions = session.definitions
    posts = {
        p.id for p in definitions.posts if _SECRETARY.search(f"{p.id} {p.name.zh} {p.name.en}")
    }
    found: dict[str, str] = {}
    for branch, recorder in branches.items():
        members = definitions.members_of(branch, week)
        secretaries = [m.id for m in members if posts & set(m.posts)]
        if len(secretaries) == 1:
            found[branch] = secretaries[0]
        elif recorder in {m.id for m in members}:
            found[branch] = recorder
    known = [w for w in weeks_with_batches(session.root) if w < week]
    for earlier in reversed(known[-_LOOKED_BACK:]):
        if not branches.keys() - found.keys():
            break
        for (_w, branch), entry in assessed_branches(read_weeks(session.root, [earlier])).items():
            if branch in branches and definitions.branch_of(entry.recorded_by, week) == branch:
                found.setdefault(branch, entry.recorded_by)
    return found


_LOOKED_BACK = 8  # weeks
_SECRETARY = re.compile(r"(?<!副)书记|(?<!deputy )(?<!deputy-)(?<!vice )\bsecretary", re.IGNORECASE)


def is_submitted_late(session: Session, before: list[Batch], batch: Batch) -> bool:
    """Whether a batch says, late and for the first time, that its branch is assessed."""
    first = next((e for e in batch.entries if isinstance(e, Assessed)), None)
    if first is None:
        return False
    return is_late(session, batch, first) and not _in_time(session, before, first)


def _in_time(session: Session, before: list[Batch], first: Assessed) -> bool:
    """Whether the branch was submitted before score_by, be it void by now."""
    return any(
        isinstance(e, Assessed) and not is_late(session, b, e)
        for b in before
        if (b.week, b.branch) == (first.week, first.branch)
        for e in b.entries
    )


def _late_item(session: Session, week: str) -> Item | None:
    scheme = session.definitions.scheme(week)
    for criterion in scheme.criteria if scheme else ():
        for item in criterion.items if "member" in criterion.applies_to else ():
            if item.auto == "late-entry":
                return item
    return None


def _late_command(session: Session, week: str, recorder: str) -> str | None:
    """None where the scheme has no such item, or the recorder is not a member that week."""
    item = _late_item(session, week)
    if item is None or session.definitions.membership(recorder, week) is None:
        return None
    try:
        name = session.definitions.title(recorder)
        found = lookup.subject(session.definitions, name, week=week)
    except lookup.NotFound:
        found = ""
    draft = f"{name if found == recorder else recorder} {item.name}"
    if item.fixed is None:
        draft += " POINTS"
    return f"qibi score -e {argument(draft)} --week {week} --as {_('WHO')}"


def say_late(session: Session, before: list[Batch], batch: Batch) -> None:
    """Propose the late-entry item, where a week was submitted late."""
    if command := proposal(session, before, batch):
        view = View()
        view.line()
        view.line(
            _("submitted after {day}; proposed, for someone else to record:").format(
                day=phrases.day(last_day(session, batch.week), session.today)
            )
        )
        view.line(f"  {command}", whole=True)
        session.console.show(view)


def waiting(session: Session, week: str) -> list[tuple[str, str, str]]:
    """What was submitted late and was charged to nobody yet: (branch, sentence, command)."""
    item = _late_item(session, week)
    if item is None or session.definitions.score_by is None:
        return []
    batches = read_weeks(session.root, [week])
    paid = Counter(e.subject for _key, e in Index(batches).live(Score) if e.item == item.id)
    found = []
    live = assessed_branches(batches)
    for batch in sorted(batches, key=lambda b: b.entries[0].recorded_at):
        before = [b for b in batches if b is not batch]
        first = next((e for e in batch.entries if isinstance(e, Assessed)), None)
        if first is None or live.get((week, batch.branch)) != first:
            continue
        command = proposal(session, before, batch)
        if command is None:
            continue
        # An entry against the recorder is the proposal of a time when lateness was the recorder's.
        who = charged(session, first)
        settled = next((w for w in (who, first.recorded_by) if w and paid[w] > 0), None)
        if settled:
            paid[settled] -= 1
            continue
        said = _("submitted late by {name}: {item}").format(
            name=session.definitions.title(who or ""), item=item.name
        )
        found.append((batch.branch, said, command))
    return found

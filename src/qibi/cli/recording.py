"""What all recording commands share: write under the lock, then say what it came to."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from qibi.base import points, weeks
from qibi.base.findings import Faults, Refusal
from qibi.base.language import _, listing, many
from qibi.base.text import argument
from qibi.book.definitions import Definitions
from qibi.cli import phrases
from qibi.cli.session import Session
from qibi.cli.view import Column, Grid, View
from qibi.ledger.batches import Batch, digest, encode_batch, folder, name, read_weeks
from qibi.ledger.entries import Assessed, Entry, Exempt, Score, Task, Void, moment
from qibi.ledger.interrupted import mark_of, marked, says_the_same, unreported
from qibi.ledger.seals import latest_paths
from qibi.ledger.store import keep, locked, write_batch
from qibi.ledger.voids import cancelled_entries
from qibi.scoring.account import Account, Behind, of_batches
from qibi.scoring.assessed import assessed_branches, before
from qibi.scoring.facts import Question
from qibi.scoring.sums import cut_remark, item_name

# (subject, item): where a sheet has it, as line number and as text
Places = dict[tuple[str, str], list[tuple[int, str]]]
# The batches of a week: the entries to record. Raises `Refusal` or `Faults` for what stands in the way.
# It is asked more than once where interrupted commands left batches; the last time is what holds.
Plan = Callable[[list[Batch]], Sequence[Entry]]


@dataclass(frozen=True)
class Outcome:
    """What a way of recording came to: whether anything was written, of which weeks and branches."""

    wrote: bool
    places: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Recorded:
    """A batch, and what stood in its week before it."""

    batch: Batch
    before: list[Batch]


def assessed_entry(now: Session, week: str, branch: str, who: str, source: str = "") -> Assessed:
    """The line that says that a branch is assessed for a week."""
    return Assessed(
        week=week, branch=branch, recorded_by=who, recorded_at=now.recorded_at(), source=source
    )


def standing_batches(now: Session, week: str) -> list[Batch]:
    """The batches of a week as they stand, but for hidden ones; raises `Faults` where one is damaged.

    What an interrupted command left is synced first: whatever is said to stand survives a power cut.
    """
    keep(marked(now.root, week))
    return now.standing(read_weeks(now.root, [week]))


def is_assessed(batches: list[Batch], week: str, branch: str) -> bool:
    """Whether a branch has a live `assessed` for a week."""
    return (week, branch) in assessed_branches(batches)


def record(
    now: Session,
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
    with locked(now.root):
        if left := left_by_the_same(now, week, plan, generated):
            now.console.say(
                _(
                    "batch {batch} holds this already: the command that recorded it did not come to its end; it is not recorded again (if it happened twice, run the command once more)"
                ).format(batch=left.digest[:4]),
                "yellow",
            )
            if not dry_run:
                now.unsaid.append(now.root / left.path)
            with now.without([left]):
                return Recorded(left, standing_batches(now, week))
        before = standing_batches(now, week)
        entries = plan(before)
        if not entries:
            return None
        sign = now.signer(entries[0].recorded_by, "record", branch)
        batch = unwritten(week, branch, entries)
        _say_outrun(now, before, batch)
        if dry_run:
            _say_names(now, batch, dry_run)
            return Recorded(batch, before)
        files()
        if (now.root / batch.path).exists():
            raise Refusal(
                _("an identical entry was recorded this second already"),
                _("nothing was recorded again; if it happened twice, run the command once more"),
                1,
            )
        first = mark_of(now.unsaid[0]).relative_to(now.root).as_posix() if now.unsaid else ""
        write_batch(now.root, week, branch, entries, unsaid=first, sign=sign)
        now.unsaid.append(now.root / batch.path)
        now.wrote = True
        _say_names(now, batch, dry_run)
        return Recorded(batch, before)


def unwritten(week: str, branch: str, entries: Sequence[Entry]) -> Batch:
    """The batch that these entries would be."""
    raw = encode_batch(entries)
    path = f"{folder(week)}/{name(branch, raw)}"
    return Batch(path, digest(raw), week, branch, tuple(entries))


def left_by_the_same(
    now: Session, week: str, plan: Plan, generated: Collection[str] = ()
) -> Batch | None:
    """The batch without which `plan` would make just its entries: the same command left it."""
    for left in interrupted(now, week):
        # What is refused without that batch was not recorded by it; with it, `record` asks again.
        with now.without([left]), suppress(Refusal, Faults):
            if says_the_same(plan(standing_batches(now, week)), left.entries, generated):
                return left
    return None


def interrupted(now: Session, week: str) -> list[Batch]:
    """The batches of a week that commands before this one left unreported, and that hold still."""
    if not marked(now.root, week):
        return []
    batches = read_weeks(now.root, [week])
    return [
        left
        for left in unreported(now.root, week, batches)
        if now.root / left.path not in now.unsaid and not _overtaken(now, left, batches)
    ]


def _overtaken(now: Session, left: Batch, batches: list[Batch]) -> bool:
    """Whether whoever recorded a batch of which only the last word counts has said another since."""
    about = {_last_word(now, e) for e in left.entries}
    first = left.entries[0]
    return None not in about and any(
        e.recorded_by == first.recorded_by
        and _instant(e) > _instant(first)
        and _last_word(now, e) in about
        for batch in batches
        for e in batch.entries
    )


def _instant(entry: Entry) -> float:
    when = moment(entry.recorded_at)
    return when.timestamp() if when else 0.0


def _last_word(now: Session, entry: Entry) -> tuple[str, ...] | None:
    """What a later entry on the same would replace it in; None where all of them count."""
    if isinstance(entry, Task):
        return entry.subject, entry.task, entry.milestone
    scheme = now.definitions.scheme(entry.week)
    if isinstance(entry, Score) and scheme and scheme.item(entry.item) is None:
        return entry.subject, entry.item  # a direct score
    return None


def _say_outrun(now: Session, before: list[Batch], batch: Batch) -> None:
    """Name what counts still in place of new entries, of which only the latest counts.

    It bears a later moment: a clock was ahead where it was recorded, or this one is behind.
    """

    def word(entry: Entry) -> tuple[object, ...] | None:
        said = _last_word(now, entry)
        return said and (*said, bool(getattr(entry, "done", "")))

    mine = {said for entry in batch.entries if (said := word(entry))}
    if not mine:
        return
    batches = [*before, batch]
    cancelled = cancelled_entries(batches)
    latest: dict[tuple[object, ...], tuple[float, str, int, Entry]] = {}
    for b in batches:
        for line, entry in enumerate(b.entries, 1):
            said = word(entry)
            if said in mine and f"{b.digest}.{line}" not in cancelled:
                place = _instant(entry), b.digest, line, entry
                latest[said] = max(latest.get(said, place), place, key=lambda p: p[:3])
    for _when, key, line, entry in sorted(latest.values(), key=lambda p: p[1:3]):
        if key != batch.digest:
            text = _(
                "{name}: {entry} counts still, for its clock said {moment}, which is after {now}; look at both clocks. If the new entry is right: qibi void {entry} --reason TEXT"
            )
            at = [e.recorded_at[:19].replace("T", " ") for e in (entry, batch.entries[0])]
            text = text.format(
                name=now.definitions.title(getattr(entry, "subject", "")),
                entry=f"{key[:4]}.{line}",
                moment=at[0],
                now=at[1],
            )
            now.console.say(text, "yellow")


def _say_names(now: Session, batch: Batch, dry_run: bool) -> None:
    """Name the lines whose text holds members' names, where those are private."""
    if not now.definitions.private_names:
        return
    from qibi.ledger.private_names import entries_naming

    for line, ids in entries_naming(batch.entries, now.definitions):
        text = _(
            "names are private here, and the text of {entry} names {ids}; before it is committed: rm {path}, then record it again without names"
        )
        if dry_run:
            text = _("names are private here, and the text of {entry} names {ids}; write ids")
        said = text.format(
            entry=f"{batch.digest[:4]}.{line}",
            ids=listing(list(ids)),
            path=argument(str(now.root / batch.path)),
        )
        now.console.say(said, "yellow")


def say_closed(now: Session, batch: Batch) -> None:
    """Say that a week is closed, so that what was just recorded for it waits; not where its seal lists it."""
    path = latest_paths(now.root).get(batch.week)
    if path and batch.path.encode() not in (now.root / path).read_bytes():
        now.console.say(
            _(
                "{week} is closed: this is pending and counts once somebody has approved it: qibi close {week} --approved-by WHO"
            ).format(week=batch.week),
            "yellow",
        )


def tally(entries: Sequence[Entry]) -> str:
    """How many entries, how many of them add and take points; how many voids beside them."""
    scores = [e for e in entries if isinstance(e, Score)]
    voids = sum(isinstance(e, Void) for e in entries)
    exempt = 0 if scores else sum(isinstance(e, Exempt) for e in entries)
    parts = []
    if scores or not (voids or exempt):
        up = sum(e.hundredths > 0 for e in scores)
        down = sum(e.hundredths < 0 for e in scores)
        text = many("{count} entry", "{count} entries", len(scores)).format(count=len(scores))
        parts.append(_("{entries} ({up} up, {down} down)").format(entries=text, up=up, down=down))
    if exempt:
        parts.append(_("{count} exempt").format(count=exempt))
    if voids:
        parts.append(many("{count} void", "{count} voids", voids).format(count=voids))
    return listing(parts)


def standings_of(now: Session, week: str, branch: str, batches: list[Batch]) -> Behind:
    """What a week comes to with these batches, ranked within a branch."""
    definitions, period = now.definitions, weeks.single(week)
    earlier = before(now.root, definitions, period, now.around.cache)
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
        for b in {b.path: b for b in (*read_weeks(now.root, earlier), *batches)}.values()
        if b.branch == branch or any(getattr(e, "subject", None) in subjects for e in b.entries)
    ]
    return of_batches(definitions, about, question)


def people(now: Session, found: Behind, week: str, branch: str) -> str:
    """How many people are in: assessed and exempt."""
    members = now.definitions.members_of(branch, week)
    exempt = sum(u.reason == "exempt" for u in found.ranking.unranked)
    text = many("{count} person", "{count} people", len(members)).format(count=len(members))
    return _("{people}: {assessed} assessed, {exempt} exempt").format(
        people=text, assessed=len(members) - exempt, exempt=exempt
    )


def leaders(definitions: Definitions, found: Behind) -> list[str]:
    """The first three places with how they moved, and everyone to look after."""
    standings = found.ranking.standings
    first = [s for s in standings if s.rank <= 3][:6]
    lines = []
    if first:
        names = [
            f"{definitions.title(s.subject)} {points.show(s.total)} ({phrases.moved(s.moved)})"
            for s in first
        ]
        lines.append(_("ahead  {names}").format(names="   ".join(names)))
    care = [s for s in standings if s.alert]
    if care:
        names = [
            f"{definitions.title(s.subject)} {points.show(s.total)}{phrases.alert_mark(s.alert)}"
            for s in care
        ]
        lines.append(_("look after  {names}").format(names="   ".join(names)))
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
    now: Session,
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
    lines = leaders(now.definitions, found)
    if lines:
        view.line()
        for line in lines:
            view.line(line)
    accounts = {key: a for key, a in found.accounts(week).items() if a.branch == branch}
    grid = cuts(accounts, now.definitions, places)
    if grid:
        view.line()
        count = len(grid.rows)
        view.line(
            many(
                "the rules cut {count} place; please look:",
                "the rules cut {count} places; please look:",
                count,
            ).format(count=count)
        )
        view.blocks.append(grid)
    return view

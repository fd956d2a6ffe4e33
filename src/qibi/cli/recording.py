"""What all recording commands share: write under the lock, then say what it came to."""

from collections.abc import Sequence
from dataclasses import dataclass

from qibi.base import points, weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing, many
from qibi.book.definitions import Definitions
from qibi.cli import phrases
from qibi.cli.console import Column, Grid, View
from qibi.cli.session import Session
from qibi.cli.show_entries import cut_remark, item_name
from qibi.ledger.batches import Batch, digest, encode_batch, folder, name, read_weeks
from qibi.ledger.entries import Assessed, Entry, Exempt, Score, Void
from qibi.ledger.interrupted import marked, unsaid_twin
from qibi.ledger.seals import latest_paths
from qibi.ledger.store import keep, write_batch
from qibi.scoring.account import Account, Behind, of_batches
from qibi.scoring.facts import Question
from qibi.scoring.ranking import assessed_branches, before

# (subject, item): where a sheet has it, as line number and as text
Places = dict[tuple[str, str], list[tuple[int, str]]]


@dataclass(frozen=True)
class Outcome:
    """What a way of recording came to: whether anything was written, of which weeks and branches."""

    wrote: bool
    places: tuple[tuple[str, str], ...] = ()


def assessed_entry(now: Session, week: str, branch: str, who: str, source: str = "") -> Assessed:
    """The line that says that a branch is assessed for a week."""
    return Assessed(
        week=week, branch=branch, recorded_by=who, recorded_at=now.recorded_at(), source=source
    )


def standing_batches(now: Session, week: str) -> list[Batch]:
    """The batches of a week as they stand; raises `Faults` where one is damaged.

    What an interrupted command left is synced first: whatever is said to stand survives a power cut.
    """
    keep(marked(now.root, week))
    return read_weeks(now.root, [week])


def is_assessed(batches: list[Batch], week: str, branch: str) -> bool:
    """Whether a branch has a live `assessed` for a week."""
    return (week, branch) in assessed_branches(batches)


def record(now: Session, week: str, branch: str, entries: Sequence[Entry], dry_run: bool) -> Batch:
    """Write one batch (the caller holds the lock), or only make it where nothing shall be written."""
    sign = now.signer(entries[0].recorded_by, "record", branch)
    if dry_run:
        raw = encode_batch(entries)
        path = f"{folder(week)}/{name(branch, raw)}"
        return Batch(path, digest(raw), week, branch, tuple(entries))
    batch = _interrupted(now, week, entries)
    if batch is None:
        if (now.root / folder(week) / name(branch, encode_batch(entries))).exists():
            raise Refusal(
                _("the very same was recorded this second already"),
                _("nothing was recorded again; if it happened twice, run the command once more"),
                1,
            )
        batch = write_batch(now.root, week, branch, entries, unsaid=True, sign=sign)
    now.unsaid.append(now.root / batch.path)
    return batch


def _interrupted(now: Session, week: str, entries: Sequence[Entry]) -> Batch | None:
    """The batch with these entries from a command that did not come to its end; says so."""
    if not marked(now.root, week):
        return None
    twin = unsaid_twin(now.root, week, read_weeks(now.root, [week]), entries)
    if twin:
        now.console.say(
            _(
                "batch {batch} holds this already: the command that recorded it did not come to its end; it is not recorded again (if it happened twice, run the command once more)"
            ).format(batch=twin.digest[:4]),
            "yellow",
        )
    return twin


def say_closed(now: Session, week: str) -> None:
    """Say that a week is closed, so that what was just recorded for it waits."""
    if week in latest_paths(now.root):
        now.console.say(
            _(
                "{week} is closed: this is pending and counts once somebody has approved it: qibi close {week} --approved-by WHO"
            ).format(week=week),
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

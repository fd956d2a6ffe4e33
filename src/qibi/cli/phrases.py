"""How things are said in more than one command: weeks with their dates, names, marks, trends."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from qibi.base import dates, points
from qibi.base.dates import day as day
from qibi.base.dates import days as days
from qibi.base.dates import period as period
from qibi.base.dates import week as week
from qibi.base.language import _, aside, clauses, colon, listing, many
from qibi.base.text import folded
from qibi.book.definitions import CP, Definitions, Group, Membership
from qibi.book.words import branch as branch
from qibi.book.words import branch_heading as branch_heading
from qibi.book.words import grade as grade
from qibi.book.words import kind as kind
from qibi.book.words import reason as reason
from qibi.book.words import state_name as state_name
from qibi.book.words import status_name, thing
from qibi.cli.output import Cell, Field, Records
from qibi.cli.session import Session
from qibi.ledger.batches import batch_names
from qibi.ledger.entries import Entry, Exempt, File, Remedy, Score, Task, Void
from qibi.ledger.evidence_files import HONOURS, typed
from qibi.ledger.remedies import Life
from qibi.scoring.account import Account
from qibi.scoring.ranking import Ranking
from qibi.scoring.sums import cut_remark as cut_remark
from qibi.scoring.sums import item_name as item_name
from qibi.scoring.sums import short_ids as short_ids
from qibi.scoring.words import alert_word as alert_word
from qibi.scoring.words import moved as moved
from qibi.scoring.words import place_within as place_within

BARS = "▁▂▃▄▅▆▇█"


def places(entries: Iterable[str], most: int = 6) -> str:
    """The first few of several, and how many more."""
    named = list(entries)
    text = listing(named[:most])
    if len(named) > most:
        text += _(" and {count} more").format(count=len(named) - most)
    return text


def handed_in(ranking: Ranking, definitions: Definitions) -> str:
    """How many branches are in, and which are missing."""
    done = ranking.expected - len(ranking.missing)
    several = len(ranking.question.period.weeks) > 1
    word = definitions.word("branch", _("branch"))
    if not ranking.expected:
        return _("no {branch} has to submit anything").format(branch=word)
    if not ranking.missing:
        text = (
            _("all {expected} {branch} weeks are in")
            if several
            else _("{branches}: {done} of {expected} in")
        )
        return text.format(
            done=done, expected=ranking.expected, branch=word, branches=_branches(definitions)
        )
    text = (
        _("provisional: {done} of {expected} {branch} weeks in, missing {names}")
        if several
        else _("provisional, {branches}: {done} of {expected} in, missing {names}")
    )
    return text.format(
        done=done,
        expected=ranking.expected,
        names=_missing(ranking, definitions),
        branch=word,
        branches=_branches(definitions),
    )


def _missing(ranking: Ranking, definitions: Definitions, most: int = 3) -> str:
    """The first few that are missing; where that is not all, the command that shows more.

    Many over several weeks are counted by week, or by branch where that says it shorter.
    """
    missing = ranking.missing
    rest = "  " + _("see: {command}").format(command=f"qibi status --week {missing[0][0]}")
    if len(ranking.question.period.weeks) == 1:
        text = places([branch(definitions, key) for _week, key in missing], most)
        return text + rest if len(missing) > most else text
    if len(missing) <= most:
        return listing([f"{branch(definitions, key)} {week}" for week, key in missing])
    weeks, keys = Counter(week for week, _key in missing), Counter(key for _week, key in missing)
    if len(keys) < len(weeks):
        named = [
            many("{branch} in {count} week", "{branch} in {count} weeks", n).format(
                branch=branch(definitions, key), count=n
            )
            for key, n in keys.items()
        ]
        return places(named, most) + rest
    named = [_("{count} in {week}").format(count=n, week=week) for week, n in weeks.items()]
    if (more := len(named) - most) > 0:
        last = many("{count} more week", "{count} more weeks", more).format(count=more)
        named = [*named[:most], last]
    return listing(named) + rest


def closure(ranking: Ranking) -> str:
    """Whether the weeks of a period are closed, and how often a closed one was corrected."""
    return closure_of(ranking.question.period.weeks, ranking.closed)


def closure_of(weeks: Sequence[str], closed: Mapping[str, int]) -> str:
    """The same of these weeks; `closed` gives the revision of each closed one's seal."""
    shut = [week for week in weeks if week in closed]
    if not shut:
        return _("not closed")
    if len(shut) < len(weeks):
        return many("{count} week closed", "{count} weeks closed", len(shut)).format(
            count=len(shut)
        )
    corrections = sum(closed[week] - 1 for week in shut)
    if not corrections:
        return _("closed")
    if len(weeks) == 1:
        return _("closed, correction {number}").format(number=corrections)
    return many("closed, {count} correction", "closed, {count} corrections", corrections).format(
        count=corrections
    )


def lost(batches: Mapping[str, int]) -> list[str]:
    """A line for each closed week of which batches are gone, as somebody has acknowledged."""
    return [
        many(
            "{count} batch of {week} is missing, as acknowledged (see qibi check): the results are without it",
            "{count} batches of {week} are missing, as acknowledged (see qibi check): the results are without them",
            count,
        ).format(count=count, week=week)
        for week, count in sorted(batches.items())
    ]


def apart(ranking: Ranking) -> list[str]:
    """What of its weeks a ranking is without: batches that are lost, and those that wait."""
    return [*lost(ranking.lost), *pending(ranking.pending)]


def pending(waiting: Mapping[str, int]) -> list[str]:
    """A line for each closed week for which something came since; it counts for nothing yet."""
    return [
        many(
            "{count} batch for {week}, which is closed, is pending: it counts after qibi close {week}",
            "{count} batches for {week}, which is closed, are pending: they count after qibi close {week}",
            count,
        ).format(count=count, week=week)
        for week, count in sorted(waiting.items())
    ]


def voided(definitions: Definitions, void: Void) -> str:
    """Who voided an entry, when and why."""
    return _("voided by {name} on {day}: {note}").format(
        name=definitions.title(void.recorded_by),
        day=day(date.fromisoformat(void.recorded_at[:10])),
        note=void.note,
    )


def _branches(definitions: Definitions) -> str:
    return definitions.word("branch", _("branches"))


def alert_mark(alert: str | None) -> str:
    """What is behind a grade: `!` for watch, `!!` for warn."""
    return {"watch": "!", "warn": "!!"}.get(alert or "", "")


def alert_style(alert: str | None) -> str:
    """The colour of someone who needs attention."""
    return {"watch": "yellow", "warn": "red"}.get(alert or "", "")


def deviation(value: int, base: int) -> str:
    """A criterion as its difference from the base; `.` where it is level."""
    return points.signed(value - base) if value != base else "."


def trend(values: dict[str, int], over: Sequence[str], low: int, high: int) -> str:
    """Bars for these weeks, between the lowest and the highest shown; a blank where there is none."""
    reach = max(high - low, 1)
    return "".join(
        BARS[(values[w] - low) * (len(BARS) - 1) // reach] if w in values else " " for w in over
    )


def signed(value: int) -> Cell:
    """Points with their sign, losses in red."""
    return Cell(points.signed(value), "red" if value < 0 else "")


# Who a subject is: where it belongs, its mentor and apprentices, what it stands for.


def distinct(definitions: Definitions, key: str) -> str:
    """A subject's name, with its id where others bear that name."""
    name = definitions.title(key)
    return name + aside(key) if len(definitions.by_folded_name.get(folded(name), ())) > 1 else name


def who(definitions: Definitions, key: str, week: str) -> str:
    """Name, id and where the subject belongs in a week."""
    name = definitions.title(key)
    parts = [name if name == key else f"{name} ({key})"]
    membership = definitions.membership(key, week)
    if membership:
        group = _group(definitions, membership)
        place = branch(definitions, membership.branch)
        parts.append(f"{place} {group.name if group else ''}".strip())
        if membership.unit:
            parts.append(definitions.title_of("unit", membership.unit))
        if membership.status != "full":
            parts.append(status_name(membership.status))
        if membership.mentor:
            parts.append(_("mentor {name}").format(name=definitions.title(membership.mentor)))
    else:
        where = definitions.branch_of(key, week)
        if where and where != key:
            parts.append(branch(definitions, where))
    return "  ".join(parts)


def ties(definitions: Definitions, key: str, week: str) -> list[str]:
    """What else a subject is tied to in a week: apprentices, posts, workshops, a CP's leads."""
    membership = definitions.membership(key, week)
    if membership:
        return _of_member(definitions, membership, week)
    cp = _cp(definitions, key, week)
    if cp:
        return [_labelled(_("leads"), [definitions.title(m) for m in cp.members.values()])]
    return _of_branch(definitions, key, week)


def _of_member(definitions: Definitions, membership: Membership, week: str) -> list[str]:
    parts = []
    learning = apprentices(definitions, membership.id, week)
    if learning:
        parts.append(_labelled(_("apprentices"), [definitions.title(a) for a in learning]))
    if membership.posts:
        named = [definitions.title_of("post", post) for post in membership.posts]
        parts.append(_labelled(_("posts"), named))
    group = _group(definitions, membership)
    attached = list(membership.attached_to)
    if group and group.attached_to:
        attached.append(listing(list(group.attached_to)) + aside(str(group.name)))
    if attached:
        parts.append(_labelled(_("attached to"), attached))
    leading = [c.id for c in definitions.cps if membership.id in c.members.values()]
    leading = [c for c in dict.fromkeys(leading) if _leads(definitions, c, membership.id, week)]
    if leading:
        word = definitions.word("cp", _("CP"))
        parts.append(_labelled(word, [definitions.title(c) for c in leading]))
    return parts


def _of_branch(definitions: Definitions, key: str, week: str) -> list[str]:
    branch = definitions.branch(key)
    if branch is None:
        return []
    parts = [name for name in (branch.department, branch.section) if name]
    groups = [g for g in branch.groups if g.since <= week <= g.until]
    if groups:
        named = [
            str(g.name) + (aside(listing(list(g.attached_to))) if g.attached_to else "")
            for g in groups
        ]
        parts.append(_labelled(definitions.word("group", _("groups")), named))
    return parts


def _labelled(label: str, names: list[str]) -> str:
    return f"{label}{colon()}{listing(names)}"


def _group(definitions: Definitions, membership: Membership) -> Group | None:
    branch = definitions.branch(membership.branch)
    groups = branch.groups if branch else ()
    return next((g for g in groups if g.id == membership.group), None)


def _cp(definitions: Definitions, key: str, week: str) -> CP | None:
    spans = definitions.cp_spans.get(key, ())
    return next((c for c in spans if c.since <= week <= c.until), None)


def _leads(definitions: Definitions, cp: str, member: str, week: str) -> bool:
    found = _cp(definitions, cp, week)
    alive = definitions.branch_of(cp, week) is not None
    return alive and found is not None and member in found.members.values()


def apprentices(definitions: Definitions, key: str, week: str) -> list[str]:
    """The ids of a member's apprentices in a week."""
    return [
        m.id
        for m in definitions.memberships
        if m.mentor == key and definitions.membership(m.id, week) is m
    ]


def as_plain(definitions: Definitions, key: str, week: str) -> dict[str, Any]:
    """The same for JSON, by id; what does not apply to a kind of subject is left out."""
    membership = definitions.membership(key, week)
    if membership:
        group = _group(definitions, membership)
        return {
            "status": membership.status,
            "unit": membership.unit or None,
            "group": membership.group or None,
            "posts": list(membership.posts),
            "attached_to": list(membership.attached_to),
            "group_attached_to": list(group.attached_to) if group else [],
            "mentor": membership.mentor or None,
            "apprentices": apprentices(definitions, key, week),
        }
    cp = _cp(definitions, key, week)
    if cp:
        return {"members": dict(cp.members)}
    branch = definitions.branch(key)
    if branch is None:
        return {}
    return {
        "department": branch.department or None,
        "section": branch.section or None,
        "groups": [
            {"id": g.id, "attached_to": list(g.attached_to)}
            for g in branch.groups
            if g.since <= week <= g.until
        ],
    }


# A subject's entries of a week: what each added to its item, and what was cut.


def entry_records(session: Session, account: Account) -> "Records[Credited]":
    """A subject's entries of a week, with what each added to its item's credit."""
    definitions = session.definitions
    digests = {name.rsplit("-", 1)[1][:16] for name in batch_names(session.root, account.week)}
    short = short_ids((key for key, _entry in account.entries), digests)

    def added(row: Credited) -> Cell | str:
        return signed(row.credit) if account.item(row.entry.item) else points.show(row.credit)

    def judge(row: Credited) -> str:
        return person(definitions, account, row.entry.judge)

    def item(row: Credited) -> str:
        return item_name(account, row.entry.item)

    def proof(row: Credited) -> str:
        return evidence(row.entry)

    def note(row: Credited) -> str:
        return "  ".join(t for t in (row.entry.note, row.remark) if t)

    fields: list[Field[Credited]] = [
        Field("points", lambda r: points.to_number(r.entry.hundredths), csv=_("Points")),
        Field(
            "credit",
            lambda r: points.to_number(r.credit),
            _("Points"),
            added,
            csv=_("Credit"),
            right=True,
        ),
        Field("item", item, _("Item"), csv=_("Item"), wraps=True),
        Field("count", lambda r: r.entry.count, _("x"), csv=_("Count"), right=True),
        Field("judge", judge, _("Judge"), csv=_("Judge"), wraps=True),
        Field("evidence", proof, _("Evidence"), csv=_("Evidence"), wraps=True, optional=True),
        Field("entry", lambda r: r.key, _("Entry"), lambda r: short[r.key], csv=_("Entry")),
        Field("date", lambda r: r.entry.date, csv=_("Date")),
        Field(
            "note", lambda r: r.entry.note, _("Note"), note, _("Note"), wraps=True, optional=True
        ),
    ]
    return Records(fields, credited(account))


class Credited(NamedTuple):
    """An entry with what it added to its item's credit (hundredths), and what cut that."""

    key: str
    entry: Score
    credit: int
    remark: str


def credited(account: Account) -> list[Credited]:
    """Each entry with what it added to the item's credit (hundredths), and what cut it.

    The credit of an item does not depend on the order of its entries; to show it next to them, each
    entry in turn takes what is left, so that the column adds up to the credit.
    """
    left = {i.item: i.credit for i in account.items}
    remaining = {i.item: i.entries for i in account.items}
    found = []
    for key, entry in account.entries:
        item = account.item(entry.item)
        if item is None:
            counts = any(c.score_id == key for c in account.criteria)
            remark = "" if counts else _("a later score counts")
            found.append(Credited(key, entry, entry.hundredths if counts else 0, remark))
            continue
        remaining[item.item] -= 1
        own = entry.hundredths
        if item.earned != item.summed:  # the highest only
            counts = own == item.earned and left[item.item] == item.credit
            part = left[item.item] if counts else 0
            left[item.item] -= part
            remark = cut_remark(account, item.item) if counts and item.credit != own else ""
            why = remark if counts else _("the highest only")
            found.append(Credited(key, entry, part, why))
            continue
        if item.credit == item.summed:
            part = own
        elif remaining[item.item] == 0:
            part = left[item.item]
        else:
            part = (
                max(min(own, left[item.item]), 0) if own > 0 else min(max(own, left[item.item]), 0)
            )
        left[item.item] -= part
        last = remaining[item.item] == 0
        found.append(Credited(key, entry, part, cut_remark(account, item.item) if last else ""))
    return found


def person(definitions: Definitions, account: Account, key: str) -> str:
    """The name of who judged: a scorer role of the scheme or a member."""
    roles = {s.id: str(s.name) for s in account.scheme.scorers}
    return roles.get(key) or definitions.title(key)


def evidence(entry: Score) -> str:
    """An entry's evidence in one line."""
    return clauses([evidence_text(e) for e in entry.evidence])


# What an entry says, in words.


def entry_text(definitions: Definitions, entry: Entry) -> str:
    """An entry in a few words: its subject, and what it says."""
    if subject := getattr(entry, "subject", ""):
        return f"{distinct(definitions, subject)}  {entry_what(definitions, entry)}"
    return f"{what(definitions, entry)}  {branch(definitions, entry.branch)}"


def entry_what(definitions: Definitions, entry: Entry) -> str:
    """What an entry says of its subject: what it is about, with its points or the reason of leave."""
    if isinstance(entry, Exempt):
        return _("exempt ({note})").format(note=entry.note)
    text = what(definitions, entry)
    if isinstance(entry, Score):
        scheme = definitions.scheme(entry.week)
        direct = scheme is not None and scheme.criterion(entry.item) is not None
        show = points.show if direct else points.signed  # a score, not a difference
        text = f"{text} {show(entry.hundredths)}"
    return text


def what(definitions: Definitions, entry: Entry) -> str:
    """What an entry is about, without its subject: its item and count, else its kind."""
    if isinstance(entry, Score):
        times = f" x{entry.count}" if entry.count > 1 else ""
        return thing(definitions.scheme(entry.week), entry.item) + times
    text = entry_kind(entry.kind)
    if isinstance(entry, Task):
        return f"{text} {_step(definitions, entry)}"
    if isinstance(entry, Remedy):
        return f"{text} {entry.remedy} {state_name(entry.state)}"
    return text


def _step(definitions: Definitions, entry: Task) -> str:
    """The task or milestone by its name in the plan, and how far it is."""
    plans = (p for p in definitions.plans if p.cp == entry.subject)
    task = next((t for p in plans for t in p.tasks if t.id == entry.task), None)
    part = next((m for m in task.milestones if m.id == entry.milestone), None) if task else None
    name = str(part.name) if part else entry.milestone or (str(task.name) if task else entry.task)
    return f"{name} {_('done') if entry.done else f'{entry.progress}%'}"


def entry_kind(kind: str) -> str:
    """What a kind of entry is called."""
    return {
        "assessed": _("assessed"),
        "void": _("void"),
        "exempt": _("exempt"),
        "task": _("task"),
        "remedy": _("remedy"),
    }.get(kind, kind)


# How evidence is said: kinds of honours and pledges, how many of each, and a reference in words.


_PLAIN = ("photo", "document")  # kinds that go without saying


def kind_name(kind: str) -> str:
    """What a kind of evidence is called."""
    return {
        "photo": _("photo"),
        "letter": _("letter"),
        "pennant": _("pennant"),
        "medal": _("medal"),
        "patent": _("patent"),
        "pledge": _("pledge"),
        "document": _("document"),
    }.get(kind, kind)


def heading(kind: str) -> str:
    """The heading of a column of one kind."""
    return {
        "letter": _("Letters"),
        "pennant": _("Pennants"),
        "medal": _("Medals"),
        "patent": _("Patents"),
        "pledge": _("Pledges"),
    }[kind]


def counted(kind: str, count: int) -> str:
    """`3 letters`, `1 pennant`."""
    forms = {
        "letter": many("{count} letter", "{count} letters", count),
        "pennant": many("{count} pennant", "{count} pennants", count),
        "medal": many("{count} medal", "{count} medals", count),
        "patent": many("{count} patent", "{count} patents", count),
        "pledge": many("{count} pledge", "{count} pledges", count),
    }
    return forms[kind].format(count=count)


def honour_counts(counts: dict[str, int], kinds: tuple[str, ...] = HONOURS) -> list[str]:
    """How many of each of these kinds, without those of which there are none."""
    return [counted(kind, counts[kind]) for kind in kinds if counts.get(kind)]


def evidence_text(evidence: str | File) -> str:
    """One piece of evidence in words: `pennant 2026-003`, or a file's path with its kind."""
    if isinstance(evidence, File):
        return (
            evidence.path
            if evidence.kind in _PLAIN
            else f"{kind_name(evidence.kind)} {evidence.path}"
        )
    if found := typed(evidence):
        return f"{kind_name(found[0])} {found[1]}".strip()
    kind, _colon, reference = evidence.partition(":")
    return reference.strip() or evidence if kind in _PLAIN else evidence


def day_text(day: str, today: date) -> str:
    """`11月25日` for 2026-11-25, in another year with that year; nothing where there is no day."""
    return dates.day(date.fromisoformat(day), today) if day else ""


def remedy_standing(key: str, life: Life, today: date) -> str:
    """A remedy in a few words: its id, state and day due; one that is overdue says so."""
    text = f"{key} {state_name(life.state)}"
    if life.overdue(today):
        return text + " " + _("OVERDUE since {day}").format(day=day_text(life.due, today))
    if life.due and not life.ended:
        return text + " " + _("due {day}").format(day=day_text(life.due, today))
    return text

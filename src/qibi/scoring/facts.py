"""What the rules are given: a book's definitions and entries as rows of plain values."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from math import gcd

import msgspec

from qibi.base.weeks import Period
from qibi.book.definitions import SUBJECT_KINDS, Branch, Definitions, Membership, Scheme
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, Exempt, Score, Void, moment

Value = str | int | None
Row = tuple[Value, ...]
SPANNING = ("unit", "post")  # of those, the ones that are of no one branch
NO_BRANCH = "-"  # stands for the branch of a unit or post; no id begins so

TABLES: dict[str, dict[str, str]] = {
    "entry": {  # a line ends where the rest of its columns is empty
        "kind": "VARCHAR",
        "week": "VARCHAR",
        "branch": "VARCHAR",
        "subject": "VARCHAR",
        "item": "VARCHAR",
        "points": "BIGINT",
        "id": "VARCHAR",
        "entry": "VARCHAR",
        "instant": "BIGINT",
        "batch": "VARCHAR",
        "line": "BIGINT",
    },
    "attended": {  # of `live` what the last steps need
        "kind": "VARCHAR",
        "week": "VARCHAR",
        "branch": "VARCHAR",
        "subject": "VARCHAR",
    },
    "week": {"week": "VARCHAR", "version": "VARCHAR"},
    "span": {"period": "VARCHAR", "week": "VARCHAR"},
    "period": {"period": "VARCHAR", "averaged": "BIGINT", "share_n": "BIGINT", "share_d": "BIGINT"},
    "active_span": {
        "subject": "VARCHAR",
        "kind": "VARCHAR",
        "branch": "VARCHAR",
        "status": "VARCHAR",
        "since": "VARCHAR",
        "until": "VARCHAR",
    },
    "branch": {"branch": "VARCHAR"},
    "limits": {"version": "VARCHAR", "low": "BIGINT", "high": "BIGINT"},
    "eligible": {"version": "VARCHAR", "status": "VARCHAR"},
    "criterion": {
        "version": "VARCHAR",
        "kind": "VARCHAR",
        "criterion": "VARCHAR",
        "direct": "BIGINT",
        "base": "BIGINT",
        "low": "BIGINT",
        "high": "BIGINT",
    },
    "item": {
        "version": "VARCHAR",
        "item": "VARCHAR",
        "criterion": "VARCHAR",
        "cap": "BIGINT",
        "only_highest": "BIGINT",
        "veto_criterion": "BIGINT",
        "veto_total": "BIGINT",
        "veto_at_most": "BIGINT",
    },
    "exclusion": {"version": "VARCHAR", "item": "VARCHAR", "excluded": "VARCHAR"},
    "belongs_span": {
        "kind": "VARCHAR",
        "subject": "VARCHAR",
        "branch": "VARCHAR",
        "member": "VARCHAR",
        "since": "VARCHAR",
        "until": "VARCHAR",
    },
    "scale": {"version": "VARCHAR", "kind": "VARCHAR", "base": "BIGINT"},
    "weight": {"version": "VARCHAR", "kind": "VARCHAR", "own": "BIGINT", "members": "BIGINT"},
    "chosen": {"branch": "VARCHAR"},
    "question": {"kind": "VARCHAR", "criterion": "VARCHAR"},
}

# Columns with texts that recur, and the set of texts that each takes its own from.
NUMBERED = {
    "period": "period",
    "kind": "kind",
    "week": "week",
    "branch": "branch",
    "subject": "subject",
    "member": "subject",
    "item": "item",
    "excluded": "item",
    "criterion": "item",
    "version": "version",
    "status": "status",
}

# What the rules are given by the week, made of spans of weeks: a row a member and week would be made
# by Python a hundred times more slowly. Groups, units and posts are active where they have a member.
DERIVED = {
    "belongs": """
        SELECT w.week, b.kind, b.subject, b.member
        FROM week AS w
        JOIN belongs_span AS b ON b.since <= w.week AND w.week <= b.until
    """,
    "active": """
        SELECT w.week, a.subject, a.kind, a.branch, a.status
        FROM week AS w
        JOIN active_span AS a ON a.since <= w.week AND w.week <= a.until
        UNION ALL
        SELECT DISTINCT w.week, b.subject, b.kind, b.branch, NULL
        FROM week AS w
        JOIN belongs_span AS b ON b.since <= w.week AND w.week <= b.until
        WHERE b.kind IN ('group', 'unit', 'post')
    """,
}


class Question(msgspec.Struct, frozen=True):
    """What is asked: which kind of subject is ranked, in which scope, over which weeks.

    `branch`, `department` and `section` are the scope: the subjects of the branches that are all
    of it. Units and posts, which span branches, are then those of these branches' members.

    `before` is the period that `moved` is measured against; `also` are further weeks of which the totals
    are wanted (the trend). `due` are the weeks of the period that are over: who is not in for them is
    missing. `criterion` takes the place of the total.
    """

    period: Period
    before: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    by: str = "member"
    branch: str | None = None
    criterion: str | None = None
    due: tuple[str, ...] = ()
    department: str | None = None
    section: str | None = None

    @property
    def narrowed(self) -> bool:
        """Whether the ranking is among some branches only."""
        return any(f is not None for f in (self.branch, self.department, self.section))

    def includes(self, branch: Branch) -> bool:
        """Whether the ranking is among this branch's subjects too."""
        return (
            self.branch in (None, branch.id)
            and self.department in (None, branch.department)
            and self.section in (None, branch.section)
        )

    @property
    def weeks(self) -> tuple[str, ...]:
        """All weeks that the answer depends on, in order."""
        return tuple(sorted({*self.period.weeks, *self.before, *self.also}))


def tables(definitions: Definitions, question: Question) -> dict[str, list[Row]]:
    """Table name: rows, in the order of the columns in `TABLES`; all of them but `entry`."""
    asked = question.weeks
    in_force = {week: definitions.scheme(week) for week in asked}
    used = _used(definitions, asked)
    return {
        "week": [(week, s.week if s else None) for week, s in in_force.items()],
        "span": [
            *(("now", week) for week in question.period.weeks),
            *(("before", week) for week in question.before),
        ],
        "period": list(_periods(definitions, question)),
        "branch": [(b.id,) for b in definitions.branches],
        "limits": [(s.week, s.total_min, s.total_max) for s in used.values()],
        "eligible": [(s.week, status) for s in used.values() for status in s.eligible],
        "criterion": [row for s in used.values() for row in _criteria(s)],
        "item": [
            (
                s.week,
                i.id,
                i.criterion,
                i.cap,
                int(i.only_highest),
                i.veto_criterion,
                i.veto_total,
                i.veto_total_at_most,
            )
            for s in used.values()
            for i in s.items()
        ],
        "exclusion": [
            (s.week, i.id, e) for s in used.values() for i in s.items() for e in i.excludes
        ],
        "scale": [row for s in used.values() for row in _scales(s)],
        **question_tables(definitions, question),
    }


def question_tables(definitions: Definitions, question: Question) -> dict[str, list[Row]]:
    """Those of the tables that depend on who is ranked, and not on the weeks and entries alone."""
    among = frozenset(b.id for b in definitions.branches if question.includes(b))
    spanning = among if question.by in SPANNING else None
    asked = question.weeks
    used = _used(definitions, asked)
    active = [row for row in active_spans(definitions) if _touches(row, asked)]
    subjects = {row[0] for row in active}  # a CP may name who is not there yet, or not any more
    return {
        "active_span": [*active],
        "belongs_span": [
            (question.by, *span)
            for span in rollup_spans(definitions, question.by, spanning)
            if _touches(span, asked) and span[2] in subjects
        ],
        "weight": [row for s in used.values() for row in _weights(s, question.by)],
        "chosen": [*((branch,) for branch in sorted(among)), (NO_BRANCH,)],
        "question": [(question.by, question.criterion)],
    }


def _used(definitions: Definitions, names: Sequence[str]) -> dict[str, Scheme]:
    """The schemes in force in any of these weeks, by the week from which they are."""
    found = (definitions.scheme(week) for week in names)
    return {s.week: s for s in found if s}


def entry_lines(batches: Iterable[Batch], *, ids: bool) -> Iterator[str]:
    """The table `entry`, tab-separated, a batch at a time; instants are microseconds since 1970 in UTC.

    Without `ids` stands only what the rules can't do without: an id where a void names it, and what
    orders entries where a criterion is scored directly.
    """
    batches = list(batches)
    named = {e.entry for b in batches for e in b.entries if type(e) is Void}
    whole = {key.partition(".")[0] for key in named}
    for batch in batches:
        place = f"\t{batch.week}\t{batch.branch}\t"
        all_ids = ids or batch.digest in whole
        rows = []
        for line, entry in enumerate(batch.entries, 1):
            if type(entry) is Score and not all_ids and "." in entry.item:
                points = hundredths(entry.points)
                rows.append(f"score{place}{entry.subject}\t{entry.item}\t{points}\n")
            else:
                rows.append(_whole_line(batch, place, line, entry))
        yield "".join(rows)


def _whole_line(batch: Batch, place: str, line: int, entry: Entry) -> str:
    about, target, when = "\t\t", "", 0
    if type(entry) is Score:
        about = f"{entry.subject}\t{entry.item}\t{hundredths(entry.points)}"
        when = instant(entry.recorded_at)
    elif type(entry) is Exempt:
        about = f"{entry.subject}\t\t"
    elif type(entry) is Void:
        target = entry.entry
    key = f"{batch.digest}.{line}"
    return f"{entry.kind}{place}{about}\t{key}\t{target}\t{when}\t{batch.digest}\t{line}\n"


@lru_cache(4096)
def hundredths(points: int | float) -> int:
    """Points as an entry has them, in hundredths."""
    return round(points * 100)


@lru_cache(4096)
def instant(text: str) -> int:
    """An RFC 3339 text as microseconds since 1970 in UTC; 0 where it is none."""
    when = moment(text)
    return round(when.timestamp() * 1_000_000) if when else 0


def latest_scheme(definitions: Definitions, weeks: Sequence[str]) -> Scheme | None:
    """The latest scheme of a period: the one in force in its last week."""
    return definitions.scheme(weeks[-1]) if weeks else None


def _periods(definitions: Definitions, question: Question) -> Iterable[Row]:
    for name, weeks in (("now", question.period.weeks), ("before", question.before)):
        scheme = latest_scheme(definitions, weeks)
        averaged = int(scheme.period_total == "mean") if scheme else 0
        yield name, averaged, *(scheme.min_weeks if scheme else (0, 1))


def active_spans(
    definitions: Definitions,
) -> Iterable[tuple[str, str, str, str | None, str, str]]:
    """Who is active from when until when: (subject, kind, branch, status, since, until)."""
    alive = {b.id: (b.since, b.until) for b in definitions.branches}
    for key, life in alive.items():
        yield key, "branch", key, None, *life
    for m in definitions.memberships:
        if span := _common(alive.get(m.branch), (m.since, m.until)):
            yield m.id, "member", m.branch, m.status, *span
    for cp in definitions.cps:
        if span := _common(alive.get(cp.branch), (cp.since, cp.until)):
            yield cp.id, "cp", cp.branch, None, *span


Span = tuple[str, str]  # the first and the last week


def _common(*spans: Span | None) -> Span | None:
    """The weeks that all of these spans hold; None where there is none."""
    if not all(spans):
        return None
    since = max(span[0] for span in spans if span)
    until = min(span[1] for span in spans if span)
    return (since, until) if since <= until else None


def _touches(row: Row, names: Sequence[str]) -> bool:
    """Whether a row that ends in a span holds any of these weeks, which are in order."""
    return bool(names) and str(row[-2]) <= names[-1] and names[0] <= str(row[-1])


def _criteria(scheme: Scheme) -> Iterable[Row]:
    for c in scheme.criteria:
        for kind in c.applies_to:
            yield scheme.week, kind, c.id, int(c.direct), c.base, c.min, c.max


def rollup_members(
    definitions: Definitions,
    by: str,
    names: Sequence[str],
    among: Collection[str] | None = None,
) -> Iterable[tuple[str, str, str | None, str]]:
    """(week, subject, branch, member): who belongs to each subject of a rollup in each week."""
    spans = list(rollup_spans(definitions, by, among))
    for week in names:
        for subject, branch, member, since, until in spans:
            if since <= week <= until:
                yield week, subject, branch, member


def rollup_spans(
    definitions: Definitions, by: str, among: Collection[str] | None = None
) -> Iterable[tuple[str, str | None, str, str, str]]:
    """(subject, branch, member, since, until): who belongs to each subject of a rollup, and when.

    A CP's members are those that it names, wherever they are; a branch's, group's, unit's and
    post's are its active ones, of the branches in `among` where that is given. Units and posts
    have no branch here: they span them all.
    """
    alive = {b.id: (b.since, b.until) for b in definitions.branches}
    if by == "cp":
        for cp in definitions.cps:
            if span := _common(alive.get(cp.branch), (cp.since, cp.until)):
                yield from ((cp.id, cp.branch, key, *span) for key in cp.members.values())
    elif by != "member":
        for branch in definitions.branches:
            if among is None or branch.id in among:
                for m in definitions.memberships_of(branch.id):
                    if span := _common(alive[branch.id], (m.since, m.until)):
                        yield from _grouped(by, branch, m, span)


def _grouped(
    by: str, branch: Branch, m: Membership, span: Span
) -> Iterable[tuple[str, str | None, str, str, str]]:
    if by == "branch":
        yield branch.id, branch.id, m.id, *span
    elif by == "group" and m.group:
        for group in branch.groups:
            if group.id == m.group and (weeks := _common(span, (group.since, group.until))):
                yield group.id, branch.id, m.id, *weeks
    elif by == "unit" and m.unit:
        yield m.unit, None, m.id, *span
    elif by == "post":
        yield from ((post, None, m.id, *span) for post in m.posts)


def _scales(scheme: Scheme) -> Iterable[Row]:
    for kind in SUBJECT_KINDS:
        applying = [c for c in scheme.criteria if kind in c.applies_to]
        base = sum(c.base for c in applying) or sum(c.max for c in applying)
        if base:
            yield scheme.week, kind, base


def _weights(scheme: Scheme, by: str) -> Iterable[Row]:
    """Default {own: 100}; groups, units and posts have no own part."""
    if by in ("cp", "branch"):
        own, members = scheme.rollup.get(by, (1, 0))
        shared = gcd(own, members) or 1
        yield scheme.week, by, own // shared, members // shared
    else:
        yield scheme.week, by, 0, 1

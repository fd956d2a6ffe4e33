"""What the rules are given: a book's definitions and entries as rows of plain values."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import gcd

from qibi.base.weeks import Period
from qibi.book.definitions import Branch, Definitions, Scheme
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Exempt, Score, Void, moment

Value = str | int | None
Row = tuple[Value, ...]
KINDS = ("member", "group", "branch", "cp", "unit", "post")  # that a ranking can be by
SPANNING = ("unit", "post")  # of those, the ones that are of no one branch
NO_BRANCH = "-"  # stands for the branch of a unit or post; no id begins so

TABLES: dict[str, dict[str, str]] = {
    "entry": {
        "id": "VARCHAR",
        "kind": "VARCHAR",
        "week": "VARCHAR",
        "branch": "VARCHAR",
        "subject": "VARCHAR",
        "item": "VARCHAR",
        "points": "BIGINT",
        "entry": "VARCHAR",
        "instant": "BIGINT",
        "batch": "VARCHAR",
        "line": "BIGINT",
    },
    "week": {"week": "VARCHAR", "version": "VARCHAR"},
    "span": {"period": "VARCHAR", "week": "VARCHAR"},
    "period": {"period": "VARCHAR", "averaged": "BIGINT", "share_n": "BIGINT", "share_d": "BIGINT"},
    "active": {
        "week": "VARCHAR",
        "subject": "VARCHAR",
        "kind": "VARCHAR",
        "branch": "VARCHAR",
        "status": "VARCHAR",
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
    "belongs": {
        "week": "VARCHAR",
        "kind": "VARCHAR",
        "subject": "VARCHAR",
        "member": "VARCHAR",
    },
    "scale": {"version": "VARCHAR", "kind": "VARCHAR", "base": "BIGINT"},
    "weight": {"version": "VARCHAR", "kind": "VARCHAR", "own": "BIGINT", "members": "BIGINT"},
    "chosen": {"branch": "VARCHAR"},
    "question": {"kind": "VARCHAR", "criterion": "VARCHAR"},
}


@dataclass(frozen=True)
class Question:
    """What is asked: which kind of subject is ranked, among whom, over which weeks.

    `branch`, `department` and `section` say among whom: the subjects of the branches that are all
    of it. Units and posts, which span branches, are then those of these branches' members.

    `before` is the period that `moved` is measured against; `also` are further weeks whose totals
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


def tables(
    definitions: Definitions, batches: Iterable[Batch], question: Question
) -> dict[str, list[Row]]:
    """Table name: rows, in the order of the columns in `TABLES`. Points are hundredths."""
    asked = question.weeks
    in_force = {week: definitions.scheme(week) for week in asked}
    used = _used(definitions, asked)
    return {
        "entry": entry_rows(batches),
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
    asked = question.weeks
    among = frozenset(b.id for b in definitions.branches if question.includes(b))
    spanning = among if question.by in SPANNING else None
    belongs = list(rollup_members(definitions, question.by, asked, spanning))
    used = _used(definitions, asked)
    return {
        "active": [*_active(definitions, asked), *_active_groupings(question.by, belongs)],
        "belongs": [(week, question.by, subject, member) for week, subject, _b, member in belongs],
        "weight": [row for s in used.values() for row in _weights(s, question.by)],
        "chosen": [*((branch,) for branch in sorted(among)), (NO_BRANCH,)],
        "question": [(question.by, question.criterion)],
    }


def _used(definitions: Definitions, asked: Sequence[str]) -> dict[str, Scheme]:
    """The schemes in force in any of these weeks, by the week from which they are."""
    found = (definitions.scheme(week) for week in asked)
    return {s.week: s for s in found if s}


def entry_rows(batches: Iterable[Batch]) -> list[Row]:
    """One row an entry; instants are microseconds since 1970 in UTC."""
    rows: list[Row] = []
    for batch in batches:
        for line, entry in enumerate(batch.entries, 1):
            kind = entry.__struct_config__.tag
            subject: Value = None
            item: Value = None
            points: Value = None
            target: Value = None
            instant = 0
            if isinstance(entry, Score):
                subject, item, points = entry.subject, entry.item, entry.hundredths
                when = moment(entry.recorded_at)
                instant = round(when.timestamp() * 1_000_000) if when else 0
            elif isinstance(entry, Exempt):
                subject = entry.subject
            elif isinstance(entry, Void):
                target = entry.entry
            rows.append(
                (
                    f"{batch.digest}.{line}",
                    str(kind),
                    batch.week,
                    batch.branch,
                    subject,
                    item,
                    points,
                    target,
                    instant,
                    batch.digest,
                    line,
                )
            )
    return rows


def latest_scheme(definitions: Definitions, weeks: Sequence[str]) -> Scheme | None:
    """The latest scheme of a period: the one in force in its last week."""
    return definitions.scheme(weeks[-1]) if weeks else None


def _periods(definitions: Definitions, question: Question) -> Iterable[Row]:
    for name, weeks in (("now", question.period.weeks), ("before", question.before)):
        scheme = latest_scheme(definitions, weeks)
        averaged = int(scheme.period_total == "mean") if scheme else 0
        yield name, averaged, *(scheme.min_weeks if scheme else (0, 1))


def _active(definitions: Definitions, asked: Sequence[str]) -> Iterable[Row]:
    for week in asked:
        alive = {b.id for b in definitions.branches if b.alive(week)}
        for branch in alive:
            yield week, branch, "branch", branch, None
        for m in definitions.memberships:
            if m.branch in alive and m.since <= week <= m.until:
                yield week, m.id, "member", m.branch, m.status
        for cp in definitions.cps:
            if cp.branch in alive and cp.since <= week <= cp.until:
                yield week, cp.id, "cp", cp.branch, None


def _criteria(scheme: Scheme) -> Iterable[Row]:
    for c in scheme.criteria:
        for kind in c.applies_to:
            yield scheme.week, kind, c.id, int(c.direct), c.base, c.min, c.max


def rollup_members(
    definitions: Definitions,
    by: str,
    asked: Sequence[str],
    among: Collection[str] | None = None,
) -> Iterable[tuple[str, str, str | None, str]]:
    """(week, subject, branch, member): who belongs to each subject of a rollup in each week.

    A CP's members are those that it names, wherever they are; a branch's, group's, unit's and
    post's are its active ones, of the branches in `among` where that is given. Units and posts
    have no branch here: they span them all.
    """
    if by == "cp":
        for week in asked:
            for cp in definitions.cps:
                if definitions.branch_of(cp.id, week) == cp.branch and cp.since <= week <= cp.until:
                    yield from ((week, cp.id, cp.branch, key) for key in cp.members.values())
    elif by != "member":
        for week in asked:
            for branch in definitions.branches:
                if branch.alive(week) and (among is None or branch.id in among):
                    yield from _grouped(definitions, by, branch, week)


def _grouped(
    definitions: Definitions, by: str, branch: Branch, week: str
) -> Iterable[tuple[str, str, str | None, str]]:
    groups = {g.id for g in branch.groups if g.since <= week <= g.until}
    for m in definitions.members_of(branch.id, week):
        if by == "branch":
            yield week, branch.id, branch.id, m.id
        elif by == "group" and m.group in groups:
            yield week, m.group, branch.id, m.id
        elif by == "unit" and m.unit:
            yield week, m.unit, None, m.id
        elif by == "post":
            yield from ((week, post, None, m.id) for post in m.posts)


def _active_groupings(
    by: str, belongs: Iterable[tuple[str, str, str | None, str]]
) -> Iterable[Row]:
    """Groups, units and posts are active in the weeks in which they have an active member."""
    if by in ("group", "unit", "post"):
        for week, subject, branch in dict.fromkeys((w, s, b) for w, s, b, _m in belongs):
            yield week, subject, by, branch, None


def _scales(scheme: Scheme) -> Iterable[Row]:
    for kind in ("member", "cp", "branch"):
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

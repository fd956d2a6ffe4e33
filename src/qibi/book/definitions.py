"""A book's definitions once they are checked: plain records, quick to load from the cache.

All points are integers of hundredths. Spans are weeks, both ends included; `weeks.BEGIN` and
`weeks.END` stand for an open end.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property

import msgspec

from qibi.base import weeks
from qibi.base.language import current
from qibi.base.text import folded

# The kinds of subject: whatever gets points.
SUBJECT_KINDS = ("member", "cp", "branch")


class Record(msgspec.Struct, frozen=True, array_like=True):
    """The base of all records here."""


class Label(Record, frozen=True):
    """A name in both languages; where only one is given, it serves for both."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if current() == "zh" else self.en


class Choice(Record, frozen=True):
    """A named thing that others refer to by id: a unit, a post, a scorer, a group."""

    id: str
    name: Label


class Item(Record, frozen=True):
    """An item of a criterion; `id` is whole (`safety.hazard-closed`)."""

    id: str
    criterion: str
    name: Label
    points: tuple[int, ...]  # one: exactly that; more: one of these; none: a range
    low: int = 0
    high: int = 0
    per: str = ""  # a key of `words.UNITS`: the item takes a count
    cap: int | None = None
    only_highest: bool = False
    excludes: tuple[str, ...] = ()
    evidence: bool = False
    scorer: str = ""
    origin: str = ""
    auto: str = ""
    veto_criterion: int | None = None
    veto_total: int | None = None
    veto_total_at_most: int | None = None

    def takes(self, points: int) -> bool:
        """Whether one event of this item may be worth so many points."""
        return points in self.points if self.points else self.low <= points <= self.high

    @property
    def span(self) -> tuple[int, int]:
        """The least and the most that one event may be worth."""
        return (min(self.points), max(self.points)) if self.points else (self.low, self.high)

    @property
    def fixed(self) -> int | None:
        """What one event is worth, where there is no choice."""
        return self.points[0] if len(self.points) == 1 else None


class Criterion(Record, frozen=True):
    """A criterion of a scheme, with its items; `direct` ones are given a score instead."""

    id: str
    name: Label
    short: Label
    applies_to: tuple[str, ...]
    base: int
    min: int
    max: int
    direct: bool
    items: tuple[Item, ...]
    scorer: str = ""
    judges: str = ""  # "mean" or "latest" of two scores on one sheet; empty: they are refused


class Grade(Record, frozen=True):
    id: str
    name: Label
    lowest: int


class Scheme(Record, frozen=True, dict=True):
    """One version of the scoring rules, in force from `week`."""

    week: str
    name: Label
    total_min: int
    total_max: int
    period_total: str  # "sum" or "mean"
    min_weeks: tuple[int, int]  # a share, as numerator and denominator
    eligible: tuple[str, ...]
    second_from: int | None
    grades: tuple[Grade, ...]  # highest first
    watch: int | None
    warn: int | None
    scorers: tuple[Choice, ...]
    criteria: tuple[Criterion, ...]
    rollup: dict[str, tuple[int, int]]  # kind: (own, members), weights in hundredths

    def criterion(self, key: str) -> Criterion | None:
        """The criterion with this id, or None."""
        return self._criteria_by_id.get(key)

    def items(self) -> Iterator[Item]:
        """All items in order."""
        for criterion in self.criteria:
            yield from criterion.items

    def item(self, key: str) -> Item | None:
        """The item with this whole id, or None."""
        return self._items_by_id.get(key)

    @cached_property
    def _criteria_by_id(self) -> dict[str, Criterion]:
        return {criterion.id: criterion for criterion in self.criteria}

    @cached_property
    def _items_by_id(self) -> dict[str, Item]:
        return {item.id: item for item in self.items()}


class Group(Record, frozen=True):
    id: str
    name: Label
    attached_to: tuple[str, ...]
    since: str
    until: str


class Branch(Record, frozen=True):
    id: str
    name: Label
    section: str
    department: str
    since: str
    until: str
    groups: tuple[Group, ...]

    def alive(self, week: str) -> bool:
        """Whether the branch exists in a week."""
        return self.since <= week <= self.until


class Membership(Record, frozen=True):
    """That a person belongs to a branch, with this status, from `since` to `until`."""

    id: str
    name: Label
    branch: str
    status: str
    unit: str
    group: str
    posts: tuple[str, ...]
    mentor: str
    attached_to: tuple[str, ...]
    since: str
    until: str


class CP(Record, frozen=True):
    """A project's paired leads; `members` maps role to member id."""

    id: str
    name: Label
    branch: str
    members: dict[str, str]
    since: str
    until: str


class Milestone(Record, frozen=True):
    id: str
    name: Label
    due: str


class Task(Record, frozen=True):
    id: str
    name: Label
    milestones: tuple[Milestone, ...]


class Plan(Record, frozen=True):
    cp: str
    tasks: tuple[Task, ...]


class Signer(Record, frozen=True):
    id: str
    key: str
    may: tuple[str, ...]
    branches: tuple[str, ...]
    since: str
    until: str
    revoked: str


class Red(Record, frozen=True):
    top: int
    at_least: int | None
    share: tuple[int, int] | None


class Black(Record, frozen=True):
    bottom: int
    below: int | None
    remedy_due: int | None  # days


class ListPolicy(Record, frozen=True):
    red: Red | None
    black: Black | None


# What a layout calls the fields of a sheet, and what `sheets.headings` calls them.
LAYOUT_FIELDS = {
    "name": "subject",
    "id": "id",
    "item": "item",
    "points": "points",
    "count": "count",
    "added": "plus",
    "deducted": "minus",
    "type": "sign",
    "tariff": "tariff",
    "self": "self",
    "reviewed": "reviewed",
    "status": "status",
    "leave": "exempt",
    "date": "date",
    "note": "note",
    "evidence": "evidence",
    "scored_by": "scored_by",
    "approved_by": "approved_by",
    "week": "week",
    "branch": "branch",
    "total": "total",
    "rank": "rank",
}
LEAVE, NOTHING = "leave", "nothing"  # what a word of a layout may mean, next to an item


class Layout(Record, frozen=True):
    """How a team's own sheet is read: texts as people write them, and what they mean."""

    name: str
    digest: str  # the first 16 hex digits of the SHA-256 of the file
    branches: tuple[str, ...]  # none: any
    file: str  # a pattern; empty: any
    match: tuple[str, ...]
    fields: dict[str, str]  # heading: field, by its name in `sheets.headings`
    things: dict[str, str]  # heading: item or directly scored criterion
    words: dict[str, str]  # in a cell: an item, someone's id, `LEAVE` or `NOTHING`
    numbers: dict[str, str]  # heading: the unit of its bare numbers
    leave_out: tuple[str, ...]  # headings, and how rows begin


class Definitions(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """All that a book's YAML files define."""

    id: str
    name: Label
    language: str
    timezone: str
    score_by: int | None  # days after the week's Sunday
    meeting: str
    objections: int | None  # days after the week's Sunday
    units: tuple[Choice, ...]
    posts: tuple[Choice, ...]
    lists: dict[str, ListPolicy]
    words: dict[str, Label]
    signers: tuple[Signer, ...]
    schemes: tuple[Scheme, ...]  # in the order of their weeks
    branches: tuple[Branch, ...]
    memberships: tuple[Membership, ...]
    cps: tuple[CP, ...]
    plans: tuple[Plan, ...]
    names: dict[str, Label]
    keep_sheets: bool = True  # whether score sheets that were read are kept in the book
    private_names: bool | None = None  # whether names never get into git; None where it is not said
    layouts: tuple[Layout, ...] = ()
    fingerprint: str = ""  # of the files that they were read from; empty where that is not known

    def scheme(self, week: str) -> Scheme | None:
        """The scheme in force in a week: the latest that began by then."""
        found = None
        for scheme in self.schemes:
            if scheme.week <= week:
                found = scheme
        return found

    def branch(self, key: str) -> Branch | None:
        """The branch with this id, or None."""
        return self._branches.get(key)

    @cached_property
    def _branches(self) -> dict[str, Branch]:
        return {b.id: b for b in self.branches}

    @cached_property
    def spans(self) -> dict[str, tuple[Membership, ...]]:
        """Member id: memberships in the order of time."""
        result: dict[str, list[Membership]] = {}
        for membership in sorted(self.memberships, key=lambda m: m.since):
            result.setdefault(membership.id, []).append(membership)
        return {key: tuple(value) for key, value in result.items()}

    @cached_property
    def cp_spans(self) -> dict[str, tuple[CP, ...]]:
        """CP id: its definitions in the order of time."""
        result: dict[str, list[CP]] = {}
        for cp in sorted(self.cps, key=lambda c: c.since):
            result.setdefault(cp.id, []).append(cp)
        return {key: tuple(value) for key, value in result.items()}

    def kind(self, subject: str) -> str | None:
        """`member`, `cp` or `branch`: what an id stands for; None where it is unknown."""
        if subject in self.spans:
            return "member"
        if subject in self.cp_spans:
            return "cp"
        return "branch" if subject in self._branches else None

    def membership(self, member: str, week: str) -> Membership | None:
        """Where a member belongs in a week, if their branch is alive then."""
        for found in self.spans.get(member, ()):
            branch = self._branches[found.branch]
            if found.since <= week <= found.until and branch.alive(week):
                return found
        return None

    def branch_of(self, subject: str, week: str) -> str | None:
        """The branch that holds a subject in a week; None where it is not active then."""
        if subject in self.spans:
            membership = self.membership(subject, week)
            return membership.branch if membership else None
        if subject in self._branches:
            return subject if self._branches[subject].alive(week) else None
        for cp in self.cp_spans.get(subject, ()):
            if cp.since <= week <= cp.until and self._branches[cp.branch].alive(week):
                return cp.branch
        return None

    def members_of(self, branch: str, week: str) -> list[Membership]:
        """The members of a branch in a week, in the order of the file."""
        found = self._branches.get(branch)
        if not found or not found.alive(week):
            return []
        return [m for m in self._members.get(branch, ()) if m.since <= week <= m.until]

    def memberships_of(self, branch: str) -> tuple[Membership, ...]:
        """The memberships of a branch, of all times, in the order of the file."""
        return tuple(self._members.get(branch, ()))

    @cached_property
    def _members(self) -> dict[str, list[Membership]]:
        """Branch id: its memberships of all times, in the order of the file."""
        result: dict[str, list[Membership]] = {}
        for membership in self.memberships:
            result.setdefault(membership.branch, []).append(membership)
        return result

    def has_subjects(self, branch: str, week: str) -> bool:
        """Whether anyone is scored in this branch in a week: a member or a CP."""
        found = self._branches.get(branch)
        if not found or not found.alive(week):
            return False
        return any(m.since <= week <= m.until for m in self._members.get(branch, ())) or any(
            c.branch == branch and c.since <= week <= c.until for c in self.cps
        )

    @cached_property
    def _edges(self) -> tuple[list[str], list[str]]:
        """The weeks in which anything begins, and those in which anything ends, in order."""
        spans: list[Branch | Membership | CP | Group] = [
            *self.branches,
            *self.memberships,
            *self.cps,
        ]
        spans += [group for branch in self.branches for group in branch.groups]
        begins = {s.since for s in spans} | {scheme.week for scheme in self.schemes}
        ends = {s.until for s in spans}
        return sorted(begins), sorted(ends)

    def stretch_of(self, week: str) -> tuple[int, int]:
        """The same for all weeks between which nothing begins or ends: the same is in force in them."""
        begins, ends = self._edges
        return bisect_right(begins, week), bisect_left(ends, week)

    @cached_property
    def digests(self) -> dict[tuple[int, int], tuple[str, dict[str, str]]]:
        """What `in_force.definitions_digest` has calculated already, by `stretch_of`."""
        return {}

    def label(self, key: str) -> Label:
        """The name of a subject: from `names.yaml`, else its latest definition, else its id."""
        if key in self.names:
            return self.names[key]
        if key in self.spans:
            return self.spans[key][-1].name
        if key in self.cp_spans:
            return self.cp_spans[key][-1].name
        if key in self._branches:
            return self._branches[key].name
        return Label(key, key)

    def title(self, key: str) -> str:
        """The name of a subject in the language spoken now."""
        return str(self.label(key))

    def title_of(self, by: str, key: str) -> str:
        """The name of what a ranking is by: a subject, or a group, unit or post."""
        if by == "group":
            named: Iterator[Choice | Group] = (g for b in self.branches for g in b.groups)
        elif by in ("unit", "post"):
            named = iter(self.units if by == "unit" else self.posts)
        else:
            return self.title(key)
        return next((str(thing.name) for thing in named if thing.id == key), key)

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The ids of all subjects: members, CPs, branches."""
        return (*self.spans, *self.cp_spans, *self._branches)

    @cached_property
    def by_folded_name(self) -> dict[str, tuple[str, ...]]:
        """Name in either language, folded: the ids that bear it."""
        result: dict[str, list[str]] = {}
        for key in self.subjects:
            label = self.label(key)
            for name in {folded(label.zh), folded(label.en)}:
                result.setdefault(name, []).append(key)
        return {name: tuple(keys) for name, keys in result.items()}

    def word(self, key: str, default: str) -> str:
        """What this book calls a branch, group, member, cp, red or black."""
        return str(self.words[key]) if key in self.words else default

    def scorer_roles(self, week: str) -> dict[str, Label]:
        """The scorer roles of the scheme in force in a week."""
        scheme = self.scheme(week)
        return {s.id: s.name for s in scheme.scorers} if scheme else {}


def open_span(since: str | None, until: str | None) -> tuple[str, str]:
    """A span with its open ends filled in."""
    return since or weeks.BEGIN, until or weeks.END

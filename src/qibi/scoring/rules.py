"""The rules of docs/design.md in plain Python: one function a rule, in the order of `rules.sql`, which says the same.

The entries of a week go in, rows of the week come out; weeks add up to the standings of a period. A book is ranked
with these; lakes of many books use the SQL, and `close` and `audit` refuse a week in which the two differ.
Points are whole hundredths of a point everywhere.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

from qibi.book.definitions import Criterion, Definitions, Item, Scheme
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import Assessed, Exempt, Score
from qibi.scoring.facts import (
    SPANNING,
    Question,
    active_spans,
    hundredths,
    instant,
    latest_scheme,
    rollup_spans,
)
from qibi.scoring.unusable import why_unusable

OWN_KINDS = ("member", "cp", "branch")  # of subjects that entries can be about
_GROUPS = ("group", *SPANNING)  # have members only, no points of their own


@cache
def code_digest() -> str:
    """What caches of results depend on besides definitions and batches: the text of these rules."""
    here = Path(__file__)
    texts = [file.read_bytes() for file in (here, here.with_name("facts.py"))]
    return hashlib.sha256(b"".join(texts)).hexdigest()


class Live(msgspec.Struct):
    """The live entries of a week, summed up as the rules need them.

    `earned` has the points of each subject and item, `direct` the latest score of each subject and criterion
    that is scored directly: what orders it, the points, the entry's id.
    """

    branches: dict[str, None] = {}
    exempt: dict[str, str] = {}  # subject: note
    earned: dict[str, dict[str, int]] = {}
    direct: dict[str, dict[str, tuple[tuple[int, str, int], int, str]]] = {}


def live(scheme: Scheme | None, batches: Iterable[Batch]) -> Live:
    """The entries of one week that no void cancels.

    Of an item with `only_highest` the highest entry counts, of others their sum; of a criterion that is scored
    directly the latest score, by its instant, then by batch and line.
    """
    index = Index(batches)
    highest = {i.id for i in scheme.items() if i.only_highest} if scheme else frozenset()
    directly = {c.id for c in scheme.criteria if c.direct} if scheme else frozenset()
    voids = index.voids
    found = Live()
    earned = found.earned
    for batch in index.batches:
        for line, entry in enumerate(batch.entries, 1):
            if voids and f"{batch.digest}.{line}" in voids:
                continue
            if type(entry) is Score:
                subject, item, points = entry.subject, entry.item, hundredths(entry.points)
                mine = earned.get(subject)
                if mine is None:
                    mine = earned[subject] = {}
                before = mine.get(item)
                if before is None:
                    mine[item] = points
                elif item in highest:
                    mine[item] = max(before, points)
                else:
                    mine[item] = before + points
                if item in directly:
                    order = instant(entry.recorded_at), batch.digest, line
                    scores = found.direct.setdefault(subject, {})
                    if item not in scores or scores[item][0] < order:
                        scores[item] = order, points, f"{batch.digest}.{line}"
            elif type(entry) is Assessed:
                found.branches[batch.branch] = None
            elif type(entry) is Exempt:
                found.exempt[entry.subject] = entry.note
    return found


class Plan:
    """A scheme as it applies to one kind of subject."""

    def __init__(self, scheme: Scheme, kind: str) -> None:
        self.scheme = scheme
        self.criteria: tuple[Criterion, ...] = tuple(
            c for c in scheme.criteria if kind in c.applies_to
        )
        self.ids = [c.id for c in self.criteria]
        self.place = {key: n for n, key in enumerate(self.ids)}
        self.items: dict[str, Item] = {i.id: i for i in scheme.items() if i.criterion in self.place}
        self.usable = {*self.items, *(c.id for c in self.criteria if c.direct)}
        # what stands for 100 where points of several kinds are weighed
        self.scale = sum(c.base for c in self.criteria) or sum(c.max for c in self.criteria)
        self.excluding = {key for key, i in self.items.items() if i.excludes}
        self.vetoing = {
            key
            for key, i in self.items.items()
            if (i.veto_criterion, i.veto_total, i.veto_total_at_most) != (None, None, None)
        }
        self.untouched = own_week(self, {}, {})


class Vetoes(msgspec.Struct):
    """What the items with entries set or limit, of several the lowest; by the criterion's place, or the total."""

    criteria: dict[int, int] = {}
    total: int | None = None
    at_most: int | None = None


class OwnWeek(msgspec.Struct):
    """A subject's own week, step by step: what `why` shows and rankings add up.

    `items` are the credits by item; `raw` the criteria before limits and vetoes, `credits` after them, both in the
    order of `Plan.criteria`; `summed` is their sum, `held` within the scheme's limits, `total` after the vetoes.
    """

    items: dict[str, int]
    raw: list[int]
    credits: list[int]
    vetoes: Vetoes
    summed: int
    held: int
    total: int


def capped(item: Item, points: int) -> int:
    """An item's points of a week, cut at its cap: not above a positive one, not below a negative one."""
    if item.cap is None:
        return points
    return min(points, item.cap) if item.cap >= 0 else max(points, item.cap)


def excluded(plan: Plan, earned: Collection[str]) -> dict[str, str]:
    """Item that another one with entries excludes: the first of these, by id."""
    found: dict[str, str] = {}
    for key in sorted(plan.excluding.intersection(earned)):
        for other in plan.items[key].excludes:
            found.setdefault(other, key)
    return found


def item_credits(plan: Plan, earned: Mapping[str, int]) -> dict[str, int]:
    """What each item with entries counts: its points cut at the cap, 0 where another item excludes it."""
    out = excluded(plan, earned) if not plan.excluding.isdisjoint(earned) else ()
    items = plan.items
    return {
        key: 0 if key in out else capped(items[key], points)
        for key, points in earned.items()
        if key in items
    }


def vetoes(plan: Plan, earned: Collection[str]) -> Vetoes:
    """The vetoes of the items with entries; a veto fires even when its item is excluded."""
    found = Vetoes()
    for key in plan.vetoing.intersection(earned):
        item = plan.items[key]
        if item.veto_criterion is not None:
            place = plan.place[item.criterion]
            found.criteria[place] = min(
                item.veto_criterion, found.criteria.get(place, item.veto_criterion)
            )
        found.total = _lowest(found.total, item.veto_total)
        found.at_most = _lowest(found.at_most, item.veto_total_at_most)
    return found


def _lowest(*points: int | None) -> int | None:
    return min((p for p in points if p is not None), default=None)


def raw_credits(
    plan: Plan, credits: Mapping[str, int], direct: Mapping[str, tuple[object, int, str]]
) -> list[int]:
    """Each criterion before its limits: its base and its items' credits, or the score given directly."""
    raw = [c.base for c in plan.criteria]
    for key, points in credits.items():
        raw[plan.place[plan.items[key].criterion]] += points
    for key, (_order, points, _id) in direct.items():
        if key in plan.place:
            raw[plan.place[key]] = points
    return raw


def own_week(
    plan: Plan, earned: Mapping[str, int], direct: Mapping[str, tuple[object, int, str]]
) -> OwnWeek:
    """A subject's own week: each criterion within [min, max] or set by a veto, their sum within the scheme's
    limits, and not above what a veto on the total leaves."""
    credits = item_credits(plan, earned)
    barred = vetoes(plan, earned) if not plan.vetoing.isdisjoint(earned) else Vetoes()
    raw = raw_credits(plan, credits, direct)
    held = [
        c.min if points < c.min else c.max if points > c.max else points
        for c, points in zip(plan.criteria, raw, strict=True)
    ]
    for place, points in barred.criteria.items():
        held[place] = points
    summed = sum(held)
    scheme = plan.scheme
    limited = max(scheme.total_min, min(scheme.total_max, summed))
    total = min(limited, *(p for p in (barred.at_most, barred.total) if p is not None), limited)
    return OwnWeek(credits, raw, held, barred, summed, limited, total)


class Row(msgspec.Struct, array_like=True):
    """A week of one subject. `total` is None where a rollup has nothing to weigh; `form` says which criteria
    `credits` are of."""

    subject: str
    branch: str | None
    total: int | None
    veto: int | None  # on the total
    form: int  # an index into `Week.forms`
    credits: list[int]


class Week(msgspec.Struct, array_like=True):
    """A week's result for one kind of subject.

    `assessed` are the branches, `exempt` has the notes by subject, `unusable` how many live scores count for
    nothing by the reason; `forms` are the lists of criteria that `rows` refer to.
    """

    assessed: tuple[str, ...]
    exempt: dict[str, str]
    unusable: dict[str, int]
    forms: list[list[str]]
    rows: list[Row]


class Rules:
    """A book's definitions, prepared for the ranking of one kind of subject."""

    def __init__(self, definitions: Definitions, question: Question) -> None:
        self.definitions, self.by = definitions, question.by
        self.among = frozenset(b.id for b in definitions.branches if question.includes(b))
        self.active = list(active_spans(definitions))
        among = self.among if self.by in SPANNING else None
        self.belongs = list(rollup_spans(definitions, self.by, among))
        self._plans: dict[tuple[str, str], Plan] = {}

    def plan(self, scheme: Scheme, kind: str) -> Plan:
        """The scheme as it applies to this kind of subject."""
        key = scheme.week, kind
        if key not in self._plans:
            self._plans[key] = Plan(scheme, kind)
        return self._plans[key]

    def assessed(self, week: str, found: Live) -> dict[str, tuple[str, str, str | None]]:
        """Who is assessed: kind, branch and status of each.

        A member, CP or branch is when it is active, not exempt, and its branch has a live `assessed`.
        """
        if self.definitions.scheme(week) is None:
            return {}
        return {
            subject: (kind, branch, status)
            for subject, kind, branch, status, since, until in self.active
            if since <= week <= until and branch in found.branches and subject not in found.exempt
        }

    def own(self, scheme: Scheme, kind: str, subject: str, found: Live) -> OwnWeek:
        """The own week of an assessed subject."""
        plan = self.plan(scheme, kind)
        if subject not in found.earned:
            return plan.untouched
        return own_week(plan, found.earned[subject], found.direct.get(subject, {}))

    def members(self, week: str) -> dict[str, tuple[str | None, list[str]]]:
        """Each subject that is rolled up: its branch, and who belongs to it in a week."""
        members: dict[str, tuple[str | None, list[str]]] = {}
        for subject, branch, member, since, until in self.belongs:
            if since <= week <= until:
                members.setdefault(subject, (branch, []))[1].append(member)
        return members

    def week(self, week: str, batches: Sequence[Batch]) -> Week:
        """The result of a week with these batches."""
        scheme = self.definitions.scheme(week)
        found = live(scheme, batches)
        assessed = self.assessed(week, found)
        forms: dict[tuple[str, ...], int] = {}
        rows: list[Row] = []
        if scheme:
            wanted = {self.by, "member"}
            own = {
                subject: self.own(scheme, kind, subject, found)
                for subject, (kind, _branch, _status) in assessed.items()
                if kind in wanted
            }
            if self.by == "member":
                forms[tuple(self.plan(scheme, "member").ids)] = 0
                rows = [
                    Row(s, assessed[s][1], o.total, o.vetoes.total, 0, o.credits)
                    for s, o in own.items()
                ]
            else:
                rows = list(self._rolled_up(scheme, week, assessed, own, forms))
        return Week(
            tuple(found.branches),
            found.exempt,
            self._unusable(week, scheme, found, assessed, batches),
            [list(form) for form in forms],
            rows,
        )

    def _rolled_up(
        self,
        scheme: Scheme,
        week: str,
        assessed: Mapping[str, tuple[str, str, str | None]],
        own: Mapping[str, OwnWeek],
        forms: dict[tuple[str, ...], int],
    ) -> Iterable[Row]:
        """The rows of CPs, branches, groups, units or posts.

        Where a subject has no own points on a criterion, the mean of its assessed, eligible members is given.
        """
        members = self.members(week)
        kinds = {s: branch for s, (kind, branch, _status) in assessed.items() if kind == self.by}
        every = {s: m[0] for s, m in members.items()} if self.by in _GROUPS else kinds
        plan = None if self.by in _GROUPS else self.plan(scheme, self.by)
        ids = self.plan(scheme, "member").ids
        for subject, branch in every.items():
            mine = own.get(subject) if plan else None
            counted = [
                own[m]
                for m in members.get(subject, (None, []))[1]
                if m in own and assessed[m][2] in scheme.eligible
            ]
            total = self.rollup(scheme, mine, [o.total for o in counted])
            credits = dict(zip(plan.ids, mine.credits, strict=True)) if plan and mine else {}
            if counted:
                for place, key in enumerate(ids):
                    if key not in credits:
                        credits[key] = half_up(sum(o.credits[place] for o in counted), len(counted))
            if mine or counted:
                form = forms.setdefault(tuple(credits), len(forms))
                veto = mine.vetoes.total if mine else None
                yield Row(subject, branch, total, veto, form, list(credits.values()))

    def weights(self, scheme: Scheme) -> tuple[int, int]:
        """How the own part and the members' part of a total weigh; groups, units and posts have no own part."""
        return (0, 1) if self.by in _GROUPS else scheme.rollup.get(self.by, (10000, 0))

    def scales(self, scheme: Scheme) -> tuple[int, int]:
        """What stands for 100 in the own part and in the members' part (hundredths); 0 where nothing applies."""
        own = 0 if self.by in _GROUPS else self.plan(scheme, self.by).scale
        return own, self.plan(scheme, "member").scale

    def rollup(self, scheme: Scheme, own: OwnWeek | None, members: Sequence[int]) -> int | None:
        """The weighted mean of the own total and of the members' mean, each where its base is 100.

        A part that has nothing drops out and the other stands alone; one rounding, half up.
        """
        (own_weight, members_weight), (own_scale, scale) = self.weights(scheme), self.scales(scheme)
        if own is None or not own_scale:
            own_weight = 0
        if not members or not scale:
            members_weight = 0
        if own_weight + members_weight == 0:
            return None
        own_scale, scale = own_scale or 1, (len(members) or 1) * (scale or 1)
        above = own_weight * (own.total if own else 0) * scale
        above += members_weight * sum(members) * own_scale
        return half_up(10000 * above, (own_weight + members_weight) * own_scale * scale)

    def _unusable(
        self,
        week: str,
        scheme: Scheme | None,
        found: Live,
        assessed: Mapping[str, tuple[str, str, str | None]],
        batches: Sequence[Batch],
    ) -> dict[str, int]:
        """Why how many live scores count for nothing, and how many are of an unknown branch."""
        definitions = self.definitions
        usable = {kind: self.plan(scheme, kind).usable for kind in OWN_KINDS} if scheme else {}
        if all(definitions.branch(b.branch) for b in batches) and all(
            subject in assessed and mine.keys() <= usable[assessed[subject][0]]
            for subject, mine in found.earned.items()
        ):
            return {}
        counts: Counter[str] = Counter()
        for batch, _line, _key, entry in Index(batches).placed(Score):
            subject = entry.subject
            why = why_unusable(definitions, week, subject, entry.item, subject in assessed)
            if why is None and definitions.branch(batch.branch) is None:
                why = "unknown-branch"
            if why:
                counts[why] += 1
        return dict(counts)


class Place(msgspec.Struct):
    """A subject over a period: points summed or their mean, and its rank, or the reason why it has none."""

    subject: str
    branch: str | None
    weeks: int
    total: int
    mean: int
    veto: int | None
    reason: str | None
    rank: int = 0


def half_up(above: int, below: int) -> int:
    """above / below to a whole number, halves up."""
    return (2 * above + below) // (2 * below)


def standings(
    rules: Rules, weeks: Sequence[str], results: Mapping[str, Week], criterion: str | None = None
) -> list[Place]:
    """Everyone who was active in these weeks of a period: first by rank, then by id, who has none last.

    Over the assessed weeks the points are summed, or their mean taken, rounded once. Equal points share a
    rank and leave a gap.
    """
    scheme = latest_scheme(rules.definitions, weeks)
    averaged = scheme is not None and scheme.period_total == "mean"
    share, of = scheme.min_weeks if scheme else (0, 1)
    played = _played(weeks, results, criterion)
    held = sum(
        rules.definitions.scheme(week) is not None
        and any(rules.definitions.branch(branch) for branch in results[week].assessed)
        for week in weeks
        if week in results
    )
    found = []
    for subject, (branch, status, eligible, exempt) in _active_in(rules, weeks, results).items():
        count, summed, veto = played.get(subject, (0, 0, None))
        reason = None
        if exempt:
            reason = "exempt"
        elif not count:
            reason = "unscored"
        elif rules.by == "member" and status not in eligible:
            reason = "ineligible"
        elif count * of < share * held:
            reason = "too-few-weeks"
        mean = half_up(summed, count) if count else 0
        total = mean if averaged else summed
        found.append(Place(subject, branch, count, total, mean, veto, reason))
    found.sort(key=lambda p: (p.reason is not None, -p.total if p.reason is None else 0, p.subject))
    for number, place in enumerate(found):
        if place.reason is None:
            before = found[number - 1] if number else None
            tied = before is not None and before.total == place.total
            place.rank = before.rank if before is not None and tied else number + 1
    return found


def _played(
    weeks: Sequence[str], results: Mapping[str, Week], criterion: str | None
) -> dict[str, tuple[int, int, int | None]]:
    """Subject: in how many weeks it has points, their sum, and the lowest veto on a total."""
    found: dict[str, tuple[int, int, int | None]] = {}
    for week in weeks:
        if week not in results:
            continue
        result = results[week]
        places = [form.index(criterion) if criterion in form else None for form in result.forms]
        for row in result.rows:
            points = row.total
            if criterion is not None:
                place = places[row.form]
                points = None if place is None else row.credits[place]
            count, summed, veto = found.get(row.subject, (0, 0, None))
            if points is not None:
                count, summed = count + 1, summed + points
            if row.veto is not None:
                veto = row.veto if veto is None else min(veto, row.veto)
            found[row.subject] = count, summed, veto
    return found


def _active_in(
    rules: Rules, weeks: Sequence[str], results: Mapping[str, Week]
) -> dict[str, tuple[str | None, str | None, Collection[str], bool]]:
    """Who was active, in the branches that are asked for: branch and status in the last such week, the statuses
    that have a place then, and whether it was exempt in all of its weeks."""
    definitions, ordered = rules.definitions, sorted(weeks)
    if rules.by in _GROUPS:
        spans: list[tuple[str, str | None, str | None, str, str]] = [
            (s, branch, None, since, until) for s, branch, _m, since, until in rules.belongs
        ]
        exempt: set[str] = set()
    else:
        spans = [
            (s, b, status, i, o) for s, kind, b, status, i, o in rules.active if kind == rules.by
        ]
        exempt = {s for week in weeks if week in results for s in results[week].exempt}
    last: dict[str, tuple[int, str | None, str | None]] = {}
    always: dict[str, bool] = {}
    for subject, branch, status, since, until in spans:
        first, end = bisect_left(ordered, since), bisect_right(ordered, until)
        if first >= end:
            continue
        if subject not in last or last[subject][0] < end:
            last[subject] = end, branch, status
        if subject in exempt:
            always[subject] = always.get(subject, True) and all(
                week in results
                and subject in results[week].exempt
                and definitions.scheme(week) is not None
                for week in ordered[first:end]
            )
    in_force = {
        end: definitions.scheme(ordered[end - 1]) for end in {e for e, _b, _s in last.values()}
    }
    return {
        subject: (
            branch,
            status,
            scheme.eligible if (scheme := in_force[end]) else (),
            always.get(subject, False),
        )
        for subject, (end, branch, status) in last.items()
        if branch is None or branch in rules.among
    }


def breakdown(
    definitions: Definitions, weeks: Sequence[str], results: Mapping[str, Week]
) -> dict[str, dict[str, int]]:
    """Subject: criterion: its points over the period, summed, or their mean, as the total is."""
    scheme = latest_scheme(definitions, weeks)
    averaged = scheme is not None and scheme.period_total == "mean"
    sums: dict[tuple[str, ...], dict[str, tuple[int, list[int]]]] = {}
    for week in weeks:
        if week not in results:
            continue
        result = results[week]
        by_form = [sums.setdefault(tuple(form), {}) for form in result.forms]
        for row in result.rows:
            here = by_form[row.form]
            before = here.get(row.subject)
            if before is None:
                here[row.subject] = 1, row.credits
            else:
                count, points = before
                here[row.subject] = (
                    count + 1,
                    [a + b for a, b in zip(points, row.credits, strict=True)],
                )
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for form, subjects in sums.items():  # of a period under one scheme there is but one
        for subject, (count, points) in subjects.items():
            mine = found.setdefault(subject, {})
            for criterion, summed in zip(form, points, strict=True):
                weeks_before, sum_before = mine.get(criterion, (0, 0))
                mine[criterion] = weeks_before + count, sum_before + summed
    return {
        subject: {
            criterion: half_up(summed, count) if averaged else summed
            for criterion, (count, summed) in mine.items()
        }
        for subject, mine in found.items()
    }

"""The rules of docs/design.md in plain Python: slow, obvious, and the judge of the SQL.

Written from the text of the rules alone. Points are integers of hundredths of a point; what is not
yet rounded is a Fraction."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor


@dataclass(frozen=True)
class Book:
    """A book as plain data; each entry carries its `id`, `<16 hex digits of the batch>.<line>`."""

    book: dict
    schemes: dict[str, dict]
    branches: list[dict]
    entries: list[dict]


@dataclass(frozen=True)
class Week:
    """What one assessed subject got in one week; no total where no part of a rollup has
    anything."""

    total: int | None
    criteria: dict[str, int]
    total_veto: bool


Ledger = dict[str, list[dict]]  # the live entries of each week that has a scheme


# Numbers and weeks


def hundredths(number) -> int:
    """Inside, points are integers of hundredths everywhere."""
    scaled = Decimal(str(number)) * 100
    if scaled != scaled.to_integral_value():
        raise ValueError(f"more than two decimals: {number}")
    return int(scaled)


def half_up(number) -> int:
    """Half up: floor(x + ½)."""
    return floor(Fraction(number) + Fraction(1, 2))


def held(points: int, low, high) -> int:
    """Held within [min, max]."""
    return max(hundredths(low), min(hundredths(high), points))


def thursday(week: str) -> date:
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 4)


def week_of(day: date) -> str:
    year, number, _ = day.isocalendar()
    return f"{year:04}-W{number:02}"


def week_after(week: str, count: int) -> str:
    return week_of(thursday(week) + timedelta(weeks=count))


def weeks_between(first: date, last: date) -> list[str]:
    """A month, quarter or year holds the weeks whose Thursday falls in it."""
    weeks = []
    day = first
    while day <= last:
        if day.isoweekday() == 4:
            weeks.append(week_of(day))
        day += timedelta(days=1)
    return weeks


def months_of(period: str) -> tuple[int, int, int]:
    """The year, first month and number of months of a month, quarter or year."""
    year = int(period[:4])
    if re.fullmatch(r"\d{4}", period):
        return year, 1, 12
    if re.fullmatch(r"\d{4}-Q[1-4]", period):
        return year, int(period[6:]) * 3 - 2, 3
    if re.fullmatch(r"\d{4}-\d{2}", period):
        return year, int(period[5:]), 1
    raise ValueError(f"not a period: {period}")


def weeks_from_month(year: int, month: int, months: int) -> list[str]:
    last_month = month + months - 1
    last_day = calendar.monthrange(year, last_month)[1]
    return weeks_between(date(year, month, 1), date(year, last_month, last_day))


def weeks_of(period: str) -> list[str]:
    """A PERIOD is 2026-W41, 2026-W38..2026-W41, 2026-09, 2026-Q4 or 2026."""
    if ".." in period:
        first, last = period.split("..")
        return weeks_between(thursday(first), thursday(last))
    if "W" in period:
        return weeks_between(thursday(period), thursday(period))
    return weeks_from_month(*months_of(period))


def weeks_before(book: Book, ledger: Ledger, period: str) -> list[str]:
    """The period before of the same kind (for a range: as many weeks just before; for a week: the
    latest earlier week with an `assessed`)."""
    weeks = weeks_of(period)
    if ".." in period:
        return [week_after(week, -len(weeks)) for week in weeks]
    if "W" in period:
        earlier = [week for week in ledger if week < period and any_assessed(book, ledger, week)]
        return [max(earlier)] if earlier else []
    year, month, months = months_of(period)
    month -= months
    if month < 1:
        year, month = year - 1, month + 12
    return weeks_from_month(year, month, months)


# Definitions


def scheme_at(book: Book, week: str) -> dict | None:
    """The scheme of a week is the latest one in force at that week."""
    in_force = [first for first in book.schemes if first <= week]
    return book.schemes[max(in_force)] if in_force else None


def holds(span: dict, week: str) -> bool:
    """`until` is the last week included; both optional everywhere."""
    return span.get("since", week) <= week <= span.get("until", week)


def membership(book: Book, member: str, week: str) -> tuple[str, dict] | None:
    """A member belongs to the branch that holds them in that week; active only while their branch
    is."""
    for branch in book.branches:
        for record in branch.get("members", []):
            if record["id"] == member and holds(record, week) and holds(branch, week):
                return branch["id"], record
    return None


def cp_place(book: Book, cp: str, week: str) -> tuple[str, dict] | None:
    """A CP belongs to the branch file it stands in; active only while its branch is."""
    for branch in book.branches:
        for record in branch.get("cps", []):
            if record["id"] == cp and holds(record, week) and holds(branch, week):
                return branch["id"], record
    return None


def all_members(book: Book) -> set[str]:
    return {record["id"] for branch in book.branches for record in branch.get("members", [])}


def members_in(book: Book, by: str, subject: str, week: str) -> list[str]:
    """The active members of a CP (its own), a branch, a group, a unit or a post in a week."""
    place = cp_place(book, subject, week) if by == "cp" else None
    found = []
    for member in sorted(all_members(book)):
        belongs = membership(book, member, week)
        if belongs is None:
            continue
        branch, record = belongs
        if by == "cp" and place and member in place[1]["members"].values():
            found.append(member)
        if by == "branch" and branch == subject:
            found.append(member)
        if (
            by == "group"
            and record.get("group") == subject
            and group_at(book, subject, branch, week)
        ):
            found.append(member)
        if by == "unit" and record.get("unit") == subject:
            found.append(member)
        if by == "post" and subject in record.get("posts", []):
            found.append(member)
    return found


def group_at(book: Book, group: str, branch: str, week: str) -> bool:
    """Whether the branch has this group in a week: a group that moves stands in two files."""
    for place in book.branches:
        for record in place.get("groups", []):
            if place["id"] == branch and record["id"] == group and holds(record, week):
                return True
    return False


def active_in(book: Book, by: str, subject: str, week: str) -> bool:
    """A member while a span and its branch hold the week; a CP likewise; a branch while it is
    alive; a group, unit or post (no rule: a decision) while it has an active member."""
    if by == "member":
        return membership(book, subject, week) is not None
    if by == "cp":
        return cp_place(book, subject, week) is not None
    if by == "branch":
        return any(branch["id"] == subject and holds(branch, week) for branch in book.branches)
    return bool(members_in(book, by, subject, week))


def branch_at(book: Book, by: str, subject: str, week: str) -> str | None:
    """The branch of an active subject in a week; a unit and a post have none."""
    if by == "member":
        return membership(book, subject, week)[0]
    if by == "cp":
        return cp_place(book, subject, week)[0]
    if by == "branch":
        return subject
    if by == "group":
        return membership(book, members_in(book, by, subject, week)[0], week)[0]
    return None


def candidates(book: Book, by: str) -> list[str]:
    """All that could be ranked, by id."""
    if by == "member":
        return sorted(all_members(book))
    if by == "cp":
        return sorted({cp["id"] for branch in book.branches for cp in branch.get("cps", [])})
    if by == "branch":
        return sorted(branch["id"] for branch in book.branches)
    if by == "group":
        groups = [group for branch in book.branches for group in branch.get("groups", [])]
        return sorted({group["id"] for group in groups})
    if by == "unit":
        return sorted(unit["id"] for unit in book.book.get("units", []))
    if by == "post":
        return sorted(post["id"] for post in book.book.get("posts", []))
    raise ValueError(f"cannot rank by {by}")


# Rule 1


def live_entries(book: Book) -> list[dict]:
    """Live entries: those that no `void` cancels. A void counts only against an entry, not itself
    a void, of its own branch and week."""
    voided = set()
    for void in book.entries:
        if void["kind"] != "void":
            continue
        for entry in book.entries:
            if (
                entry["id"] == void["entry"]
                and entry["kind"] != "void"
                and entry["branch"] == void["branch"]
                and entry["week"] == void["week"]
            ):
                voided.add(entry["id"])
    return [entry for entry in book.entries if entry["id"] not in voided]


def ledger_of(book: Book) -> Ledger:
    """The live entries by week; before the first scheme nothing counts."""
    ledger: Ledger = {}
    for entry in live_entries(book):
        if scheme_at(book, entry["week"]) is not None:
            ledger.setdefault(entry["week"], []).append(entry)
    return ledger


def branch_assessed(ledger: Ledger, branch: str, week: str) -> bool:
    for entry in ledger.get(week, []):
        if entry["kind"] == "assessed" and entry["branch"] == branch:
            return True
    return False


def any_assessed(book: Book, ledger: Ledger, week: str) -> bool:
    return any(branch_assessed(ledger, branch["id"], week) for branch in book.branches)


def exempt(ledger: Ledger, by: str, subject: str, week: str) -> bool:
    """Only a member, a CP or a branch is a subject; a group, unit or post may bear the same id."""
    if by not in ("member", "cp", "branch"):
        return False
    for entry in ledger.get(week, []):
        if entry["kind"] == "exempt" and entry["subject"] == subject:
            return True
    return False


def assessed(book: Book, ledger: Ledger, by: str, subject: str, week: str) -> bool:
    """A subject is assessed in a week when it is active, not exempt, and its branch has a live
    `assessed` for that week."""
    return (
        active_in(book, by, subject, week)
        and not exempt(ledger, by, subject, week)
        and branch_assessed(ledger, branch_at(book, by, subject, week), week)
    )


# Rules 2 to 4


def item_credit(item: dict, points: list[int]) -> int:
    """The sum of its points, cut at `cap` (the cap has the item's sign), whatever the order of the
    entries. `only_highest`: the highest single entry counts."""
    if not points:
        return 0
    credit = max(points) if item.get("only_highest") else sum(points)
    if "cap" in item:
        cap = hundredths(item["cap"])
        credit = min(credit, cap) if cap > 0 else max(credit, cap)
    return credit


def points_of(criterion: dict, item: dict, scores: list[dict]) -> list[int]:
    """The points of each entry on an item."""
    name = f"{criterion['id']}.{item['id']}"
    return [hundredths(score["points"]) for score in scores if score["item"] == name]


def excluded_items(criteria: list[dict], scores: list[dict]) -> set[str]:
    """`excludes`: where the week has live entries on an item, the items it excludes are credited 0
    (judged before any exclusion is applied); by its id an item of the same criterion, by its whole
    id one of any."""
    excluded = set()
    for criterion in criteria:
        for item in criterion.get("items", []):
            if points_of(criterion, item, scores):
                for name in item.get("excludes", []):
                    excluded.add(name if "." in name else f"{criterion['id']}.{name}")
    return excluded


def item_credits(criterion: dict, scores: list[dict], excluded: set[str]) -> int:
    credit = 0
    for item in criterion["items"]:
        if f"{criterion['id']}.{item['id']}" not in excluded:
            credit += item_credit(item, points_of(criterion, item, scores))
    return credit


def vetoes(criterion: dict, scores: list[dict], kind: str) -> list[int]:
    """A veto fires even when its item is excluded."""
    fired = []
    for score in scores:
        for item in criterion.get("items", []):
            if score["item"] == f"{criterion['id']}.{item['id']}" and kind in item.get("veto", {}):
                fired.append(hundredths(item["veto"][kind]))
    return fired


def direct_score(criterion: dict, scores: list[dict]) -> int:
    """A directly scored criterion is the score given; without one it is its `base`. Of two live
    direct scores the later `recorded_at` counts (then the larger batch digest, then the later
    line)."""
    given = [score for score in scores if score["item"] == criterion["id"]]
    if not given:
        return hundredths(criterion["base"])

    def lateness(score: dict) -> tuple[datetime, str, int]:
        digest, line = score["id"].split(".")
        return datetime.fromisoformat(score["recorded_at"]), digest, int(line)

    return hundredths(max(given, key=lateness)["points"])


def criterion_credit(criterion: dict, scores: list[dict], excluded: set[str]) -> int:
    """`base` plus its item credits, held within [min, max]; a `{criterion: x}` veto sets it to x;
    of several of one kind the lowest counts."""
    if criterion.get("scoring") == "direct":
        credit = direct_score(criterion, scores)
    else:
        credit = hundredths(criterion["base"]) + item_credits(criterion, scores, excluded)
    credit = held(credit, criterion["min"], criterion["max"])
    fired = vetoes(criterion, scores, "criterion")
    return min(fired) if fired else credit


def applying(scheme: dict, kind: str) -> list[dict]:
    """A criterion counts for the kinds of subject in `applies_to` only."""
    return [criterion for criterion in scheme["criteria"] if kind in criterion["applies_to"]]


def week_total(scheme: dict, kind: str, scores: list[dict]) -> Week:
    """The sum of the criteria, held within the scheme's `total`; then `total_at_most` and `total`
    vetoes, which only lower."""
    criteria = applying(scheme, kind)
    if not criteria:
        return Week(None, {}, False)
    excluded = excluded_items(criteria, scores)
    points = {c["id"]: criterion_credit(c, scores, excluded) for c in criteria}
    total_vetoes = [x for criterion in criteria for x in vetoes(criterion, scores, "total")]
    limits = [x for criterion in criteria for x in vetoes(criterion, scores, "total_at_most")]
    total = held(sum(points.values()), scheme["total"]["min"], scheme["total"]["max"])
    total = min([total, *limits, *total_vetoes])
    return Week(total, points, bool(total_vetoes))


def own_week(book: Book, ledger: Ledger, kind: str, subject: str, week: str) -> Week | None:
    """Rules 2 to 4 for a member, CP or branch; None where it is not assessed."""
    if not assessed(book, ledger, kind, subject, week):
        return None
    scores = [e for e in ledger[week] if e["kind"] == "score" and e["subject"] == subject]
    return week_total(scheme_at(book, week), kind, scores)


# Rule 5


def scaled(scheme: dict, kind: str, total: int) -> Fraction | None:
    """Each total is first put on the scale where its base is 100 (times 100, over the sum of the
    bases of the criteria that apply to it, or, where that is 0, of the maxima)."""
    criteria = applying(scheme, kind)
    whole = sum(hundredths(criterion["base"]) for criterion in criteria)
    if whole == 0:
        whole = sum(hundredths(criterion["max"]) for criterion in criteria)
    return Fraction(total * hundredths(100), whole) if whole else None


def is_eligible(scheme: dict, record: dict) -> bool:
    """`eligible`: member statuses that are ranked (default: all); `status` is `full` by default."""
    return "eligible" not in scheme or record.get("status", "full") in scheme["eligible"]


def rollup_members(book: Book, ledger: Ledger, by: str, subject: str, week: str) -> list[Week]:
    """Its assessed, eligible members (a CP's own members; a branch's)."""
    found = []
    for member in members_in(book, by, subject, week):
        record = membership(book, member, week)[1]
        own = own_week(book, ledger, "member", member, week)
        if own and own.total is not None and is_eligible(scheme_at(book, week), record):
            found.append(own)
    return found


def weighted(parts: list[tuple[Fraction, Fraction | None]]) -> int | None:
    """The weighted mean. A part that has nothing drops out and the weights close up. Everything is
    exact until one rounding a week, half up."""
    there = [(weight, part) for weight, part in parts if part is not None]
    weights = sum(weight for weight, _ in there)
    if weights == 0:
        return None
    return half_up(sum(weight * part for weight, part in there) / weights)


def rollup_week(book: Book, ledger: Ledger, by: str, subject: str, week: str) -> Week | None:
    """For CPs, branches, groups, units, posts: the weighted mean of the own total and the mean of
    the totals of its assessed, eligible members; groups, units and posts have no own part.

    Where a rollup has no own points on a criterion, its members' mean stands in `criteria`."""
    scheme = scheme_at(book, week)
    if scheme is None:
        return None
    own = None
    weights = {"members": 100}
    if by in ("cp", "branch"):
        own = own_week(book, ledger, by, subject, week)
        if own is None:
            return None
        weights = scheme.get("rollup", {}).get(by, {"own": 100})
    own_part = None
    if own and own.total is not None:
        own_part = scaled(scheme, by, own.total)

    members = rollup_members(book, ledger, by, subject, week)
    totals = [scaled(scheme, "member", member.total) for member in members]
    totals = [total for total in totals if total is not None]
    members_part = sum(totals) / len(totals) if totals else None

    criteria = dict(own.criteria) if own else {}
    for criterion in applying(scheme, "member"):
        name = criterion["id"]
        if members and name not in criteria:
            points = sum(member.criteria[name] for member in members)
            criteria[name] = half_up(Fraction(points, len(members)))

    own_weight = Fraction(str(weights.get("own", 0)))
    members_weight = Fraction(str(weights.get("members", 0)))
    total = weighted([(own_weight, own_part), (members_weight, members_part)])
    return Week(total, criteria, own is not None and own.total_veto)


def week_of_subject(book: Book, ledger: Ledger, by: str, subject: str, week: str) -> Week | None:
    if by == "member":
        return own_week(book, ledger, by, subject, week)
    return rollup_week(book, ledger, by, subject, week)


# Rule 6


def combined(points: list[int], how: str) -> int:
    """The totals are summed, or their mean taken, rounded once, half up."""
    if how == "mean":
        return half_up(Fraction(sum(points), len(points)))
    return sum(points)


def combined_criteria(weeks: list[Week], how: str) -> dict[str, int]:
    """Criteria add up as the total does, each over the assessed weeks in which it applied."""
    names = {name for week in weeks for name in week.criteria}
    return {
        name: combined([week.criteria[name] for week in weeks if name in week.criteria], how)
        for name in sorted(names)
    }


def grade_of(scheme: dict, mean: int) -> str | None:
    """Grade goes by the mean: the one with the highest `from` that the mean reaches."""
    reached = [grade for grade in scheme.get("grades", []) if hundredths(grade["from"]) <= mean]
    if not reached:
        return None
    return max(reached, key=lambda grade: hundredths(grade["from"]))["id"]


def alert_of(scheme: dict, mean: int, total_veto: bool) -> str | None:
    """Alerts are below; a total veto in the period is always `warn`."""
    alerts = scheme.get("alerts", {})
    if total_veto or ("warn" in alerts and mean < hundredths(alerts["warn"])):
        return "warn"
    if "watch" in alerts and mean < hundredths(alerts["watch"]):
        return "watch"
    return None


def reason_without_place(
    book: Book, ledger: Ledger, by: str, subject: str, weeks: list[str], scored: int
) -> str | None:
    """Listed below without a place, with the reason: `exempt` (in every active week), else
    `unscored`, else `ineligible` (by the status and scheme of the subject's last active week in
    the period), else `too-few-weeks` (fewer than `min_weeks` × the weeks of the period in which
    any branch of the book is assessed)."""
    active = [week for week in weeks if active_in(book, by, subject, week)]
    if all(exempt(ledger, by, subject, week) for week in active):
        return "exempt"
    if scored == 0:
        return "unscored"
    if by == "member":
        record = membership(book, subject, active[-1])[1]
        if not is_eligible(scheme_at(book, active[-1]), record):
            return "ineligible"
    min_weeks = Fraction(str(scheme_at(book, weeks[-1]).get("min_weeks", 0)))
    held_weeks = [week for week in weeks if any_assessed(book, ledger, week)]
    if scored < min_weeks * len(held_weeks):
        return "too-few-weeks"
    return None


def standing(
    book: Book, ledger: Ledger, by: str, subject: str, weeks: list[str], criterion: str | None
) -> dict | None:
    """One subject over the period's assessed weeks, not yet ranked; None where it was never
    active."""
    active = [week for week in weeks if active_in(book, by, subject, week)]
    if not active:
        return None
    results = [week_of_subject(book, ledger, by, subject, week) for week in active]
    results = [result for result in results if result is not None]
    if criterion is None:
        points = [result.total for result in results if result.total is not None]
    else:
        points = [r.criteria[criterion] for r in results if criterion in r.criteria]
    line = {"subject": subject, "branch": branch_at(book, by, subject, active[-1])}
    line["reason"] = reason_without_place(book, ledger, by, subject, weeks, len(points))
    if line["reason"]:
        return line
    scheme = scheme_at(book, weeks[-1])
    how = scheme.get("period_total", "sum")
    mean = combined(points, "mean")
    line["total"] = combined(points, how)
    line["mean"] = mean
    line["weeks"] = len(points)
    line["criteria"] = combined_criteria(results, how)
    line["grade"] = grade_of(scheme, mean) if criterion is None else None
    total_veto = any(result.total_veto for result in results)
    line["alert"] = alert_of(scheme, mean, total_veto) if criterion is None else None
    return line


def ranked(
    book: Book, ledger: Ledger, by: str, weeks: list[str], branch: str | None, criterion: str | None
) -> tuple[list[dict], list[dict]]:
    """Rank is by total; equal totals share a rank and leave a gap (1, 2, 2, 4); ties are listed by
    id. With `--branch` the ranking is among that branch's subjects."""
    lines = [
        standing(book, ledger, by, subject, weeks, criterion) for subject in candidates(book, by)
    ]
    lines = [line for line in lines if line and branch in (None, line["branch"])]
    placed = [line for line in lines if line["reason"] is None]
    unplaced = [line for line in lines if line["reason"] is not None]
    for line in placed:
        line["rank"] = 1 + sum(1 for other in placed if other["total"] > line["total"])
    placed.sort(key=lambda line: (line["rank"], line["subject"]))
    unplaced.sort(key=lambda line: line["subject"])
    return placed, unplaced


def is_provisional(book: Book, ledger: Ledger, weeks: list[str]) -> bool:
    """Some branch with an active member or CP has no live `assessed`, in a week in which any
    branch has one (in a period of one week: in that week in any case)."""
    for week in weeks:
        if len(weeks) > 1 and not any_assessed(book, ledger, week):
            continue
        for branch in book.branches:
            members = members_in(book, "branch", branch["id"], week)
            cps = [cp for cp in branch.get("cps", []) if holds(branch, week) and holds(cp, week)]
            if (members or cps) and not branch_assessed(ledger, branch["id"], week):
                return True
    return False


def rank(
    book: Book,
    period: str,
    *,
    by: str = "member",
    branch: str | None = None,
    criterion: str | None = None,
) -> dict:
    """The shape of `qibi rank --format json` without names, notes and warnings; points in
    hundredths.

    `moved` is the earlier rank minus this one, in the same ranking of the period before of the
    same kind; null where it had no rank then."""
    ledger = ledger_of(book)
    weeks = weeks_of(period)
    placed, unplaced = ranked(book, ledger, by, weeks, branch, criterion)
    before = weeks_before(book, ledger, period)
    earlier = ranked(book, ledger, by, before, branch, criterion)[0] if before else []
    earlier_ranks = {line["subject"]: line["rank"] for line in earlier}
    standings = []
    for line in placed:
        was = earlier_ranks.get(line["subject"])
        standings.append(
            {
                "rank": line["rank"],
                "moved": None if was is None else was - line["rank"],
                "subject": line["subject"],
                "branch": line["branch"],
                "total": line["total"],
                "mean": line["mean"],
                "weeks": line["weeks"],
                "criteria": line["criteria"],
                "grade": line["grade"],
                "alert": line["alert"],
            }
        )
    return {
        "weeks": weeks,
        "provisional": is_provisional(book, ledger, weeks),
        "standings": standings,
        "unranked": [{"subject": line["subject"], "reason": line["reason"]} for line in unplaced],
    }

"""Random definitions for property tests: what people would write into a small book's YAML.

Everything is drawn from a tape of random bytes and shrinks to the first of what is offered, to
False and to small numbers. One tape is one draw for hypothesis: of draws nested in one another it
makes five examples in six by copying parts of an earlier one, and half of such books rank nobody.
"""

from collections.abc import Callable, Sequence
from math import ceil, floor
from typing import Any

from hypothesis import strategies as st

from oracle import week_after

Draw = Callable[[int], int]  # a number from 0 to this one

STATUSES = ["full", "probationary", "activist", "staff"]
UNITS = ["owner", "builder", "designer"]
POSTS = ["pioneer-post", "duty-area"]
CRITERIA = ["safety", "quality", "digital", "tidiness"]
ITEMS = ["a", "b", "c"]
KINDS = ["member", "cp", "branch"]
MOBILE = "mobile"  # a group that moves from one branch to another


# Drawing


def tape(numbers: int = 2000) -> st.SearchStrategy[Draw]:
    """Numbers drawn two bytes each; once there are no more, 0."""
    return st.binary(min_size=2 * numbers, max_size=2 * numbers).map(drawing_from)


def drawing_from(raw: bytes) -> Draw:
    numbers = (256 * high + low for high, low in zip(raw[::2], raw[1::2], strict=True))
    return lambda most: next(numbers, 0) % (most + 1)


def between(draw: Draw, least: int, most: int) -> int:
    return least + draw(most - least)


def one(draw: Draw, options: Sequence) -> Any:
    """One of these; the first when shrunk."""
    return options[draw(len(options) - 1)]


def some(draw: Draw, options: Sequence, least: int = 1, most: int | None = None) -> list:
    """Some of these, each at most once, in any order."""
    left, taken = list(options), []
    for _ in range(between(draw, least, min(most or len(left), len(left)))):
        taken.append(left.pop(draw(len(left) - 1)))
    return taken


def sometimes(draw: Draw, one_in: int = 3) -> bool:
    """False when shrunk."""
    return draw(one_in - 1) == one_in - 1


def number(points: int) -> int | float:
    """Hundredths as the number that people write: 950 is 9.5, 900 is 9."""
    return points // 100 if points % 100 == 0 else points / 100


def hundredths(points: float) -> int:
    return round(points * 100)


def plus(points: float, more: float) -> int | float:
    return number(hundredths(points) + hundredths(more))


def times(points: float, factor: int) -> int | float:
    return number(hundredths(points) * factor)


def points_between(draw: Draw, low: float, high: float) -> int | float:
    """Points with at most two decimals, mostly halves and wholes."""
    first, last = ceil(low * 2), floor(high * 2)
    if first > last or sometimes(draw):
        return number(between(draw, hundredths(low), hundredths(high)))
    return number(between(draw, first, last) * 50)


# Branches


def span(draw: Draw, weeks: list[str]) -> dict:
    """`since` and `until`, each of them sometimes; never empty."""
    first = between(draw, 0, len(weeks) - 1)
    last = between(draw, first, len(weeks) - 1)
    found = {}
    if sometimes(draw, 6):
        found["since"] = weeks[first]
    if sometimes(draw, 6):
        found["until"] = weeks[last]
    return found


def cuts(draw: Draw, weeks: list[str], most: int) -> list[tuple[int, int]]:
    """The weeks cut into one piece or more, each as first and one past the last."""
    at = sorted(some(draw, range(1, len(weeks)), 0, most))
    return list(zip([0, *at], [*at, len(weeks)], strict=True))


def stays_of(draw: Draw, weeks: list[str], branches: list[str]) -> list[dict]:
    """The stays of one person in time order, with or without gaps, never two in one week."""
    stays = []
    for start, end in cuts(draw, weeks, 2):
        stay = {"branch": one(draw, branches)}
        if start > 0 or sometimes(draw, 4):
            stay["since"] = weeks[start]
        if end < len(weeks) or sometimes(draw, 4):
            gap = 1 if end - start > 1 and sometimes(draw, 4) else 0
            stay["until"] = weeks[end - 1 - gap]
        status = one(draw, [None, None, None, None, *STATUSES])
        if status:
            stay["status"] = status
        if sometimes(draw, 2):
            stay["unit"] = one(draw, UNITS)
        if sometimes(draw, 2):
            stay["group"] = f"{stay['branch']}-g{between(draw, 1, 2)}"
        if sometimes(draw, 2):
            stay["posts"] = some(draw, POSTS)
        stays.append(stay)
    return stays


def branch_files(draw: Draw, weeks: list[str]) -> list[dict]:
    """One to four branches with their groups, members and CPs; the first has a member."""
    names = [f"b{n}" for n in range(1, one(draw, [1, 2, 3, 4, 3, 4]) + 1)]
    branches = []
    for name in names:
        groups = [{"id": f"{name}-g1"}, {"id": f"{name}-g2"}]
        if sometimes(draw):
            cut = between(draw, 1, len(weeks) - 1)
            groups[0].update(one(draw, [{"until": weeks[cut - 1]}, {"since": weeks[cut]}]))
        branches.append(
            {"id": name, **span(draw, weeks), "groups": groups, "members": [], "cps": []}
        )
    place = {branch["id"]: branch for branch in branches}
    people = []
    for home in names:
        for _ in range(one(draw, [1, 2, 3, 4, 5, 3, 4] if home == "b1" else [0, 1, 2, 3, 4, 5])):
            people.append(f"m{len(people) + 1:02}")
            for stay in stays_of(draw, weeks, [home, home, *names]):
                place[stay.pop("branch")]["members"].append({"id": people[-1], **stay})
    if len(names) > 1 and sometimes(draw, 2):
        people += mobile_group(draw, weeks, *(place[name] for name in some(draw, names, 2, 2)))
    if len(people) > 1:
        for branch in branches:
            for n in range(1, one(draw, [1, 2, 2, 0]) + 1):
                add_cp(draw, weeks, f"{branch['id']}-cp{n}", branch, branches, people)
    return branches


def mobile_group(draw: Draw, weeks: list[str], here: dict, there: dict) -> list[str]:
    """A group that moves from one branch to another, with its members; some may stay behind."""
    cut = between(draw, 1, len(weeks) - 1)
    last, first = {"until": weeks[cut - 1]}, {"since": weeks[cut]}
    here["groups"].append({"id": MOBILE, **last})
    there["groups"].append({"id": MOBILE, **first})
    people = ["mobile-1", "mobile-2", "mobile-3"][: between(draw, 1, 3)]
    for person in people:
        row = {"id": person, "group": MOBILE, "unit": UNITS[0]}
        if sometimes(draw, 4):
            here["members"].append(row)
        else:
            here["members"].append({**row, **last})
            there["members"].append({**row, **first})
    return people


def add_cp(
    draw: Draw, weeks: list[str], key: str, home: dict, branches: list[dict], people: list[str]
) -> None:
    """A CP of two or more, of one branch or of several; sometimes it moves to another branch."""
    near = sorted({member["id"] for member in home["members"]})
    among = people if len(near) < 2 or sometimes(draw, 2) else near
    leads = some(draw, among, 2, 4)
    roles = dict(zip(["heating", "engineering", "design", "control"], leads, strict=False))
    if sometimes(draw, 6):
        cut = between(draw, 1, len(weeks) - 1)
        there = one(draw, branches)
        home["cps"].append({"id": key, "members": roles, "until": weeks[cut - 1]})
        there["cps"].append({"id": key, "members": roles, "since": weeks[cut]})
    else:
        home["cps"].append({"id": key, "members": roles, **span(draw, weeks)})


# Schemes


def an_item(draw: Draw, name: str, criterion: dict, others: list[str], shapes: list[str]) -> dict:
    """A valid item: its cap has the sign of its points and room for any one entry."""
    item = {"id": name}
    size = one(draw, [0.5, 1, 1.5, 2, 0.33, 5])
    sign = one(draw, [1, -1])
    shape = one(draw, shapes)
    if shape == "veto":
        item["points"] = one(draw, [0, -1])
        kind = one(draw, ["criterion", "total", "total_at_most"])
        if kind == "criterion":
            limit = points_between(draw, criterion["min"], criterion["max"])
        else:
            limit = points_between(draw, 0, 20)
        item["veto"] = {kind: limit}
    elif shape == "list":
        item["points"] = [times(size, sign * factor) for factor in (1, 2, 4)]
    elif shape == "range":
        low, high = sorted([times(size, sign), times(size, sign * 3)])
        item["points"] = {"from": low, "to": high}
    else:
        item["points"] = times(size, sign)
        if shape != "fixed":
            item["per"] = shape
    if shape != "veto" and sometimes(draw):
        item["only_highest"] = True
    if shape != "veto" and sometimes(draw, 2):
        item["cap"] = times(size, sign * one(draw, [4, 6]))
    if others and sometimes(draw):
        item["excludes"] = some(draw, others, 1, 2)
    return item


def a_criterion(draw: Draw, name: str, is_first: bool, bases: list[float], room: list) -> dict:
    """A criterion; the first one always applies to members, so that a member always has points."""
    applies_to = KINDS if sometimes(draw, 2) else some(draw, KINDS)
    if is_first and "member" not in applies_to:
        applies_to = [*applies_to, "member"]
    base = one(draw, bases)
    criterion = {
        "id": name,
        "applies_to": applies_to,
        "base": base,
        "min": one(draw, [0, 0, -5]),
        "max": plus(base, one(draw, room)),
    }
    if sometimes(draw):
        criterion["scoring"] = "direct"
        return criterion
    shapes = ["fixed", "count", "day", "list", "range", "veto"]
    if sometimes(draw, 4):
        shapes = ["veto"]
    criterion["items"] = []
    names = ITEMS[: between(draw, 1, len(ITEMS))]
    for item in names:
        others = [other for other in names if other != item]
        criterion["items"].append(an_item(draw, item, criterion, others, shapes))
    return criterion


def exclude_across(draw: Draw, drawn: list[dict]) -> None:
    """Sometimes an item excludes one of another criterion, by its whole id."""
    rows = [(criterion, item) for criterion in drawn for item in criterion.get("items", [])]
    for criterion, item in rows:
        others = [f"{c['id']}.{i['id']}" for c, i in rows if c is not criterion]
        if others and sometimes(draw, 3):
            item["excludes"] = [*item.get("excludes", []), one(draw, others)]


def scheme_file(draw: Draw) -> dict:
    """A version of the scheme; every kind's base total lies within `total`."""
    bases, room = [10, 15, 0, 7.5, 3.33], [4, 1, 10]
    if sometimes(draw, 4):
        bases = [0]
        if sometimes(draw, 3):
            room = [0]
    names = some(draw, CRITERIA)
    drawn = [a_criterion(draw, name, name == names[0], bases, room) for name in names]
    exclude_across(draw, drawn)
    total = sum(hundredths(criterion["base"]) for criterion in drawn)
    scheme = {
        "total": {
            "min": one(draw, [0, 0, -10]),
            "max": number(max(2000, total + one(draw, [2000, 500, 100]))),
        },
        "criteria": drawn,
    }
    if bases == [0] and sometimes(draw, 2):
        scheme["total"]["max"] = number(one(draw, [1000, 300]))
    if sometimes(draw, 2):
        scheme["period_total"] = one(draw, ["mean", "sum"])
    if sometimes(draw):
        scheme["min_weeks"] = one(draw, [0, 0.33, 0.5, 0.75, 1])
    if sometimes(draw):
        scheme["eligible"] = some(draw, STATUSES, 0 if sometimes(draw, 8) else 1)
    if sometimes(draw, 2):
        floors = some(draw, range(-2, 13), 1, 4)
        scheme["grades"] = [
            {"id": f"grade-{n}", "from": floor * 10}
            for n, floor in enumerate(sorted(floors, reverse=True))
            if floor * 10 <= scheme["total"]["max"]
        ]
    if sometimes(draw, 2):
        warn = points_between(draw, 0, 60)
        scheme["alerts"] = {"watch": plus(warn, one(draw, [5, 20])), "warn": warn}
    if sometimes(draw, 2):
        scheme["rollup"] = {}
        for kind in ("branch", "cp"):
            own, members = one(
                draw,
                [(None, None), (40, 60), (50, 50), (33, 67), (None, 100), (100, None), (0.5, 1.25)],
            )
            weights = {"own": own, "members": members}
            weights = {part: weight for part, weight in weights.items() if weight is not None}
            if weights:
                scheme["rollup"][kind] = weights
    return scheme


def scheme_versions(draw: Draw, weeks: list[str]) -> dict[str, dict]:
    """One to three versions; sometimes none is in force in the first weeks."""
    before = [week_after(weeks[0], -9), weeks[0]]
    first = one(draw, [*before, *before, *before, weeks[len(weeks) // 3]])
    later = [week for week in weeks if week > first]
    starts = [first, *some(draw, later, 0, 2)] if later and sometimes(draw, 2) else [first]
    return {start: scheme_file(draw) for start in starts}

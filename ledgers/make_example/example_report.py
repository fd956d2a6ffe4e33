"""What the example book comes to, reckoned afresh from its files and in no haste.

Independent of qibi on purpose: plain Python, so that the book can be tuned and looked at.
Points are integers of hundredths, rollups exact fractions with one rounding, as the rules say.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor
from pathlib import Path

import example_data as data
from example_people import REVISED, Branch, Item, items_of

Totals = dict[str, int]


def report(book: Path, branches: Sequence[Branch]) -> Iterator[str]:
    lists = 0
    for folder in sorted((book / "ledger").glob("*/W*")):
        week = f"{folder.parent.name}-{folder.name}"
        entries = live(read(folder))
        totals = week_totals(entries, branches, week)
        cps = cp_totals(branches, week, totals)
        red, black = red_list(cps), black_list(cps)
        lists += bool(black)
        yield f"{week}  {share(totals, branches, week)}"
        yield f"  red   {shown(red, cps)}"
        yield f"  black {shown(black, cps)}"
    yield f"black lists: {lists}"


def read(folder: Path) -> list[dict]:
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        digest = path.stem.rsplit("-", 1)[1]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found.append({**json.loads(line), "id": f"{digest}.{number}"})
    return found


def live(entries: list[dict]) -> list[dict]:
    voided = {entry["entry"] for entry in entries if entry["kind"] == "void"}
    return [entry for entry in entries if entry["id"] not in voided]


def week_totals(entries: list[dict], branches: Sequence[Branch], week: str) -> Totals:
    """The total of every assessed member and CP, in hundredths."""
    exempt = {entry["subject"] for entry in entries if entry["kind"] == "exempt"}
    points = points_of(entries)
    alive = [branch for branch in branches if branch.alive(week)]
    kinds = {member.id: "member" for branch in alive for member in branch.active(week)}
    kinds |= {branch.cp: "cp" for branch in alive}
    rules = items_of(week)
    return {s: total(s, kind, points, rules) for s, kind in kinds.items() if s not in exempt}


Points = dict[tuple[str, str], list[int]]  # by subject and item


def points_of(entries: list[dict]) -> Points:
    points: Points = defaultdict(list)
    for entry in entries:
        if entry["kind"] == "score":
            points[entry["subject"], entry["item"]].append(round(entry["points"] * 100))
    return points


def total(subject: str, kind: str, points: Points, rules: dict[str, Item]) -> int:
    reached, limit = 0, 12000
    for criterion, _, _, _, _, applies_to, base, highest in data.CRITERIA:
        if kind not in applies_to:
            continue
        items = [i for i in rules.values() if i.id.startswith(f"{criterion}.")]
        credit = sum(credits(subject, items, points).values())
        held = min(highest * 100, max(0, base * 100 + credit))
        for item in items:
            if item.veto and (subject, item.id) in points:
                kind_of_veto, value = item.veto
                if kind_of_veto == "criterion":
                    held = min(held, round(value * 100))
                else:
                    limit = min(limit, round(value * 100))
        reached += held
    return min(limit, max(0, reached))


def credits(subject: str, items: Sequence[Item], points: Points) -> dict[str, int]:
    """What each item of a criterion is credited."""
    excluded = {i.excludes for i in items if i.excludes and (subject, i.id) in points}
    return {
        item.id: item_credit(item, points.get((subject, item.id), []))
        for item in items
        if item.id.split(".")[1] not in excluded
    }


def item_credit(item: Item, points: list[int]) -> int:
    if not points:
        return 0
    credit = max(points) if item.only_highest else sum(points)
    if item.cap is None:
        return credit
    cap = round(item.cap * 100)
    return min(credit, cap) if cap > 0 else max(credit, cap)


def cp_totals(branches: Sequence[Branch], week: str, totals: Totals) -> Totals:
    return {b.cp: cp_total(b, totals) for b in branches if b.alive(week)}


def cp_total(branch: Branch, totals: Totals) -> int:
    """Half the CP's own total on the scale of 100 (its bases add up to 85), half its members'."""
    own = Fraction(totals[branch.cp] * 100, 85)
    leads = [totals[member] for member in branch.cp_members if member in totals]
    return floor((own + Fraction(sum(leads), len(leads))) / 2 + Fraction(1, 2))


def red_list(cps: Totals) -> list[str]:
    """At most the top three, and a tie across the cut is off: fewer are better, else all in it."""
    places = min(3, floor(0.33 * len(cps)))
    return [
        cp
        for cp, points in sorted(cps.items(), key=lambda pair: -pair[1])
        if points >= 10100 and sum(other >= points for other in cps.values()) <= places
    ]


def black_list(cps: Totals) -> list[str]:
    return [
        cp
        for cp, points in sorted(cps.items(), key=lambda pair: pair[1])
        if points < 9900 and sum(other < points for other in cps.values()) < 3
    ]


def share(totals: Totals, branches: Sequence[Branch], week: str) -> str:
    ranked = sorted(
        totals[member.id]
        for branch in branches
        for member in branch.active(week)
        if member.id in totals and member.status in ("full", "probationary")
    )
    line = 10300 if week >= REVISED else 10250
    excellent = sum(points >= line for points in ranked) / len(ranked)
    middle = sum(9800 <= points <= 10400 for points in ranked) / len(ranked)
    low = sum(points < 9500 for points in ranked)
    return (
        f"ranked {len(ranked)}  优秀 {excellent:.1%}  98..104 {middle:.0%}  below 95: {low}  "
        f"lowest {ranked[0] / 100:g}  highest {ranked[-1] / 100:g}"
    )


def shown(names: list[str], cps: Totals) -> str:
    return ", ".join(f"{name} {cps[name] / 100:g}" for name in names) or "-"

"""The lives of the example's remedies: from the black lists and from inspections to struck off.

All steps of a remedy stand in the week in which it was opened; each step is a batch of its own.
W44 has none on purpose: its black list still waits for `qibi remedy open --from-list W44`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import example_data as data
from example_desk import CHINA, Batch, Desk
from example_people import EARLIER, ITEMS, WEEKS, Branch, dice, items_of, monday
from example_report import Points, black_list, cp_totals, credits, live, points_of, week_totals

LEFT_OPEN = ("2026-W44",)
VERIFIED = ("open", "reported", "verified")
TWICE = ("open", "reported", "reopened", "reported", "verified")
# How far those of the last weeks have come, best placed first; all before are verified.
STATES = {
    "2026-W43": (VERIFIED, ("open", "reported", "reopened"), VERIFIED),
    "2026-W45": (("open",), ("open", "reported"), ("open", "reported", "reopened")),
    "2026-W46": (("open", "reported"), ("open",), ("open", "reported")),
}
NEW_DAY = {"2026-W43": "2026-11-18", "2026-W45": "2026-11-27"}
AGAIN = "复查时仍未到位"
DONE = ("已整改到位，附前后照片", "已整改，班前会已通报", "已整改，专人盯守一周")
CHECKED = ("现场复查合格", "照片与现场一致，销项", "调度会核实，销项")


@dataclass(frozen=True)
class Step:
    """A step that somebody wrote by hand, on a day at nine o'clock or later."""

    state: str
    by: str
    day: str
    note: str
    evidence: tuple[str, ...] = ()
    due: str | None = None


# From an inspection, or by hand: id, week, branch, subject, owner, measure, due, steps.
BY_HAND = (
    (
        "notice-017",
        "2026-W34",
        "inner-3",
        "i3-007",
        "i3-002",
        "管材堆放降至两层，标牌补齐",
        "2026-08-24",
        (
            Step("open", "i3-004", "2026-08-20", "安全巡查第17号通知", ("照片0820-9",)),
            Step("reported", "i3-002", "2026-08-22", "已降至两层", ("照片0822-1至2",)),
            Step("verified", "i3-004", "2026-08-24", "现场复查合格", ("复查单0824",)),
        ),
    ),
    (
        "2026-031",
        "2026-W46",
        "outer-1",
        "o1-008",
        "o1-008",
        "裸土覆盖",
        "2026-11-17",
        (
            Step("open", "o1-004", "2026-11-13", "监理检查", ("整改单2026-031",)),
            Step("reported", "o1-008", "2026-11-17", "已覆盖"),
            Step("reopened", "o1-002", "2026-11-19", "复查时北侧仍裸露", (), "2026-11-25"),
        ),
    ),
)


def remedy_batches(branches: Sequence[Branch], scored: Sequence[Batch]) -> list[Batch]:
    made: list[Batch] = []
    for week in (*EARLIER, *WEEKS):
        if week not in LEFT_OPEN:
            made += from_list(branches, week, [b for b in scored if b.week == week])
    known = {branch.id: branch for branch in branches}
    for remedy, week, place, subject, owner, measure, due, steps in BY_HAND:
        first = {"owner": owner, "measure": measure, "due": due}
        for number, step in enumerate(steps):
            moment = at_once(remedy, number, date.fromisoformat(step.day))
            desk = Desk(known[place], week, moment, by=step.by)
            more = first if number == 0 else {"due": step.due}
            add(desk, remedy, step.state, subject, step.note, step.evidence, **more)
            made.append(desk.batch())
    return made


def add(
    desk: Desk,
    remedy: str,
    state: str,
    subject: str,
    note: str,
    evidence: Sequence[str] = (),
    **more: object,
) -> None:
    shown = list(evidence) or None
    desk.add(
        "remedy", remedy=remedy, state=state, subject=subject, note=note, evidence=shown, **more
    )


def at_once(remedy: str, number: int, day: date) -> datetime:
    rng = dice("remedy", remedy, str(number))
    return datetime.combine(day, time(rng.randint(13, 17), rng.randint(0, 59)), CHINA)


def from_list(branches: Sequence[Branch], week: str, batches: Sequence[Batch]) -> list[Batch]:
    """What the dispatch meeting opened for the black list of a week, and how it went on."""
    entries = live(lines(batches))
    totals = week_totals(entries, branches, week)
    cps = cp_totals(branches, week, totals)
    named = sorted(black_list(cps), key=lambda cp: (-cps[cp], cp))
    points = points_of(entries)
    made = []
    for number, cp in enumerate(named, 1):
        branch = next(b for b in branches if b.cp == cp)
        made += life(branch, week, number, f"纠正：{causes(branch, week, points)}")
    return made


def lines(batches: Sequence[Batch]) -> list[dict]:
    return [
        {**json.loads(row), "id": f"{batch.digest}.{number}"}
        for batch in batches
        for number, row in enumerate(batch.text.decode().splitlines(), 1)
    ]


def life(branch: Branch, week: str, number: int, measure: str) -> list[Batch]:
    """Opened on Tuesday evening, due and reported on Wednesday, looked at again on Thursday."""
    remedy = f"r-{week[6:]}-{number}"
    rng = dice("remedy", remedy)
    usual = TWICE if rng.random() < 0.25 else VERIFIED
    steps = STATES[week][number - 1] if week in STATES else usual
    owner, inspector = branch.cp_members[0], f"{branch.prefix}-004"
    due = monday(week) + timedelta(days=9)
    made = []
    for place, state in enumerate(steps):
        day = due + timedelta(days=place - 1 + (5 if place > 2 else 0))
        by = owner if state == "reported" else inspector
        moment = datetime.combine(day, time(17, 30 + number, 10 * place), CHINA)
        desk = Desk(branch, week, moment, by=by)
        if state == "open":
            first = {"owner": owner, "measure": measure, "due": due.isoformat()}
            add(desk, remedy, state, branch.cp, f"黑榜 {week}", **first)
        elif state == "reported":
            shown = (f"照片{day:%m%d}-{number}（整改前后）",)
            add(desk, remedy, state, branch.cp, rng.choice(DONE), shown)
        elif state == "verified":
            add(desk, remedy, state, branch.cp, rng.choice(CHECKED))
        else:
            new = NEW_DAY.get(week) or (due + timedelta(days=7)).isoformat()
            add(desk, remedy, state, branch.cp, AGAIN, due=new)
        made.append(desk.batch())
    return made


def causes(branch: Branch, week: str, points: Points) -> str:
    """The three things that cost a CP most, its own and its members', weighed as the rollup weighs them."""
    weights = {branch.cp: 0.5 * 100 / 85}
    weights |= {member: 0.5 / len(branch.cp_members) for member in branch.cp_members}
    lost = []
    for subject, weight in weights.items():
        for criterion, *_names, base, _highest in data.CRITERIA:
            items = [i for i in items_of(week).values() if i.id.startswith(f"{criterion}.")]
            gained = credits(subject, items, points)
            for item in items:
                cost = gained.get(item.id, 0)
                if item.veto == ("criterion", 0) and (subject, item.id) in points:
                    cost -= base * 100 + sum(gained.values())
                lost.append((cost * weight, subject != branch.cp, subject, item.id))
    worst = [item for loss, *_where, item in sorted(lost) if loss < 0][:3]
    return "、".join(dict.fromkeys(ITEMS[item].zh for item in worst))

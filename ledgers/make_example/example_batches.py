"""A branch's batches of a week: its sheet, now and then a single entry or a correction."""

import hashlib
import json
import random
from dataclasses import replace

import example_data as data
from example_desk import Batch, Desk, at
from example_people import ITEMS, WEEKS, Branch, Task, dice, number
from example_weeks import (
    Score,
    Week,
    approver,
    draw,
    make_score,
    milestone_scores,
    needs_approval,
    progress,
    usual,
)


def main_batch(
    branch: Branch, week: str, made: Week, plan: list[Task], first: str = WEEKS[0]
) -> Batch:
    """The batch of a branch's sheet; a late one bears its own deduction."""
    rng = dice("recording", branch.id, week)
    late = branch.id != "outer-1" and rng.random() < 0.05
    sheet = hashlib.sha256(f"sheet of {branch.id} for {week}".encode()).hexdigest()[:16]
    desk = Desk(branch, week, at(week, 10 if late else rng.choice((7, 7, 8)), rng), sheet)
    desk.add("assessed")
    for member, reason in made.exempt.items():
        desk.add("exempt", subject=member, note=reason)
    for score in made.scores + milestone_scores(branch, week, plan):
        desk.score(score)
    if late:
        me = branch.secretary
        second = approver(branch, me)
        desk.score(Score(me, "digital.late-entry", -0.5, note="迟交", approved_by=second))
    for task in plan:
        for milestone, percent in progress(week, task, first):
            done = milestone.done.isoformat() if percent is None else None
            if percent is None or (branch.id != "river-1" and rng.random() < 0.6):
                where = {"task": task.id, "milestone": milestone.id}
                desk.add("task", subject=branch.cp, **where, progress=percent, done=done)
    return desk.batch()


def single_entry(branch: Branch, week: str, made: Week) -> Batch | None:
    """An entry typed on the spot, on the Saturday of the week or just after it."""
    rng = dice("single", branch.id, week)
    present = [m.id for m in branch.active(week) if m.id not in made.exempt and m.id != "o1-008"]
    subject = rng.choice(present)
    item = draw(rng, usual(week, data.MEMBER_GOOD if rng.random() < 0.6 else data.MEMBER_BAD), 1)[0]
    if made.has(subject, item):
        return None
    desk = Desk(branch, week, at(week, rng.choice((5, 7, 8, 9)), rng))
    score = make_score(branch, week, subject, item, rng)
    made.scores.append(score)
    desk.score(score)
    return desk.batch()


def correction(branch: Branch, week: str, made: Week, main: Batch) -> Batch | None:
    """A void and, unless the entry was wrong altogether, what should have stood there."""
    rng = dice("correction", branch.id, week)
    lines = [json.loads(row) for row in main.text.decode().splitlines()]
    members = {m.id for m in branch.active(week)} - set(made.exempt) - {"o1-008"}
    choices = [
        (n, score)
        for score in made.scores
        for n, line in enumerate(lines, 1)
        if score.subject in members
        and not score.arranged
        and (line.get("subject"), line.get("item")) == (score.subject, score.item)
    ]
    if not choices:
        return None
    row, wrong = rng.choice(choices)
    desk = Desk(branch, week, at(week, rng.choice((9, 10)), rng))
    if str(desk.stamp["recorded_at"]) <= lines[0]["recorded_at"]:
        return None  # the sheet itself came late
    right, reason = corrected(branch, made, wrong, sorted(members), rng)
    desk.add("void", entry=f"{main.digest}.{row:d}", note=reason)
    if right:
        desk.score(right)
    return desk.batch()


def upheld_objection(branch: Branch, week: str, main: Batch) -> Batch:
    """A void recorded after the week was closed: it waits for the correction of the seal."""
    lines = [json.loads(row) for row in main.text.decode().splitlines()]
    row = next(
        n
        for n, line in enumerate(lines, 1)
        if line.get("points", 0) < 0 and line["subject"] != branch.cp
    )
    desk = Desk(branch, week, at(week, 15, dice("objection", branch.id, week)))
    desk.add("void", entry=f"{main.digest}.{row:d}", note="异议成立：现场复核，当日已整改")
    return desk.batch()


def corrected(
    branch: Branch, made: Week, wrong: Score, members: list[str], rng: random.Random
) -> tuple[Score | None, str]:
    item = ITEMS[wrong.item]
    others = [m for m in members if m != wrong.subject and not made.has(m, wrong.item)]
    if item.per == "count":
        count = wrong.count + 1
        points = number(str(wrong.points / wrong.count * count))
        right = replace(wrong, count=count, points=points)
        reason = f"次数更正：{wrong.count}次改为{count}次"
    elif others and rng.random() < 0.6:
        right = replace(wrong, subject=rng.choice(others))
        reason = "记错人，更正"
    else:
        return None, "重复上报，作废"
    needed = needs_approval(branch, right.subject, right.points)
    second = approver(branch, right.subject) if needed else None
    return replace(right, approved_by=second), reason

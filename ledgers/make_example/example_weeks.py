"""What happens in a made-up branch in a week: its scores, its leave, how far its plan is."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

import example_data as data
from example_people import (
    SECOND_FROM,
    WEEKS,
    Branch,
    Milestone,
    Task,
    dice,
    items_of,
    monday,
    number,
    roll,
    week_of,
)


@dataclass(frozen=True)
class Score:
    subject: str
    item: str
    points: float
    count: int = 1
    day: date | None = None
    note: str | None = None
    evidence: str | None = None
    scored_by: str | None = None
    approved_by: str | None = None
    task: str | None = None
    milestone: str | None = None
    more: tuple[object, ...] = ()  # evidence beside `evidence`
    arranged: bool = False  # tells a story: no made-up correction touches it


@dataclass
class Week:
    """What one branch has to record for a week."""

    scores: list[Score] = field(default_factory=list)
    exempt: dict[str, str] = field(default_factory=dict)  # member id: reason

    def has(self, subject: str, item: str) -> bool:
        return any(score.subject == subject and score.item == item for score in self.scores)


def approver(branch: Branch, subject: str) -> str:
    """A second person: neither the subject, nor the recorder, nor a lead of the CP."""
    return f"{branch.prefix}-00{5 if subject == f'{branch.prefix}-004' else 4}"


def needs_approval(branch: Branch, subject: str, points: float) -> bool:
    return abs(points) >= SECOND_FROM or subject in (branch.secretary, branch.cp)


def make_score(
    branch: Branch,
    week: str,
    subject: str,
    item_id: str,
    rng: random.Random,
    count: int | None = None,
) -> Score:
    item = items_of(week)[item_id]
    if count is None:
        count = rng.choice(data.COUNTS.get(item_id, (1,)))
    each = item.points if item.form == "fixed" else rng.choice(item.points[:2])
    points = number(str(each * count))
    weekday = rng.randint(0, 4)
    day = monday(week) + timedelta(days=4 if item_id == "safety.accident-free" else weekday)
    notes = data.NOTES.get(item_id, ())
    pattern = data.EVIDENCE.get(item.evidence)
    wanted = item.required or roll(rng, 0.5)
    return Score(
        subject=subject,
        item=item_id,
        points=points,
        count=count,
        day=day,
        note=rng.choice(notes) if notes and roll(rng, 0.35) else None,
        evidence=reference(pattern, day, rng) if pattern and wanted else None,
        scored_by=item.scorer,
        approved_by=approver(branch, subject) if needs_approval(branch, subject, points) else None,
    )


def reference(pattern: str, day: date, rng: random.Random) -> str:
    return pattern.format(
        mmdd=day.strftime("%m%d"),
        n=rng.randint(1, 60),
        serial=f"{rng.randint(1, 899):03}",
        ww=day.isocalendar().week,
    )


def usual(week: str, weights: dict[str, float]) -> dict[str, float]:
    """The weights of the items that the week's scheme has."""
    return {item: weight for item, weight in weights.items() if item in items_of(week)}


def draw(rng: random.Random, weights: dict[str, float], number_of: int) -> list[str]:
    chosen: list[str] = []
    while len(chosen) < number_of:
        item = rng.choices(list(weights), list(weights.values()))[0]
        if item not in chosen:
            chosen.append(item)
    return chosen


def events(rng: random.Random, mean: float) -> int:
    """A Poisson draw, at most 7."""
    limit, product, drawn = 2.718281828**-mean, rng.random(), 0
    while product > limit and drawn < 7:
        product *= rng.random()
        drawn += 1
    return drawn


def make_week(branch: Branch, week: str) -> Week:
    """What the branch's sheet holds: leave, then members' scores by id, the CP's, the branch's."""
    rng = dice("week", branch.id, week)
    made = Week()
    mood = dice("branch", branch.id).gauss(0, 0.25) + rng.gauss(0, 0.3)
    for member in branch.active(week):
        script = data.SCRIPT.get(week, {})
        if member.id in script:
            add_scripted(made, branch, week, member.id, script[member.id], rng)
        elif member.id[-3:] > "005" and roll(rng, 0.03):
            made.exempt[member.id] = rng.choice(data.LEAVE)
        else:
            made.scores += member_scores(branch, week, member.id, mood, rng)
    made.scores += [
        make_score(branch, week, branch.cp, item, rng)
        for item in draw(rng, usual(week, data.CP_GOOD), events(rng, max(0.3, 1 + mood)))
        + draw(rng, usual(week, data.CP_BAD), events(rng, max(0.2, 0.55 - mood)))
    ]
    made.scores += [
        make_score(branch, week, branch.id, item, rng)
        for item in draw(rng, usual(week, data.BRANCH_EVENTS), events(rng, 0.5))
    ]
    return made


def add_scripted(
    made: Week,
    branch: Branch,
    week: str,
    member: str,
    script: tuple[tuple[str, int], ...] | None,
    rng: random.Random,
) -> None:
    if script is None:
        made.exempt[member] = "请假"
        return
    made.scores += [
        make_score(branch, week, member, item, rng, count=count) for item, count in script
    ]


def member_scores(
    branch: Branch, week: str, member: str, mood: float, rng: random.Random
) -> list[Score]:
    zeal = dice("member", member).gauss(0, 0.55) + mood
    good = draw(rng, usual(week, data.MEMBER_GOOD), events(rng, max(0.3, 1.5 + zeal)))
    bad = draw(rng, usual(week, data.MEMBER_BAD), events(rng, max(0.1, 0.5 - 0.6 * zeal)))
    return [make_score(branch, week, member, item, rng) for item in good + bad]


def milestone_scores(branch: Branch, week: str, plan: list[Task]) -> list[Score]:
    """One entry for each milestone reached early or late in the week, one day a count."""
    found = []
    for task in plan:
        for milestone in task.milestones:
            late = (milestone.done - milestone.due).days
            if late == 0 or week_of(milestone.done) != week:
                continue
            points = -late
            found.append(
                Score(
                    subject=branch.cp,
                    item="schedule.milestone-" + ("late" if late > 0 else "early"),
                    points=points,
                    count=abs(late),
                    day=milestone.done,
                    evidence="任务单",
                    scored_by="dispatch",
                    approved_by=approver(branch, branch.cp),
                    task=task.id,
                    milestone=milestone.id,
                )
            )
    return found


def progress(week: str, task: Task, first: str = WEEKS[0]) -> list[tuple[Milestone, int | None]]:
    """The milestones reached in the week (None), and how far the next one is (in percent).

    Work on the first milestone begins with the week `first`.
    """
    sunday = monday(week) + timedelta(days=6)
    found: list[tuple[Milestone, int | None]] = []
    start = monday(first)
    for milestone in task.milestones:
        if milestone.done > sunday:
            elapsed, whole = (sunday - start).days, max(1, (milestone.done - start).days)
            found.append((milestone, min(95, max(5, 5 * (20 * elapsed // whole)))))
            break
        if week_of(milestone.done) == week:
            found.append((milestone, None))
        start = milestone.done
    return found

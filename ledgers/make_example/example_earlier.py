"""The weeks before the autumn: who was elsewhere then, what was planned, and what is to be seen in them."""

from dataclasses import replace
from datetime import date, timedelta

import example_data as data
import example_earlier_data as earlier
from example_people import (
    Branch,
    Group,
    Member,
    Milestone,
    Task,
    dice,
    make_branches,
    monday,
    number,
    week_before,
    week_of,
)
from example_weeks import Score, Week, approver, make_score

REVISION = earlier.REVISION
STILL_AHEAD = date(2026, 12, 10)  # when what is not done yet will be, in the made-up future


def make_tasks(rows: tuple) -> list[Task]:
    return [
        Task(
            task,
            zh,
            en,
            tuple(
                Milestone(
                    stage,
                    stage_zh,
                    stage_en,
                    date.fromisoformat(due),
                    date.fromisoformat(done) if done else STILL_AHEAD,
                )
                for stage, stage_zh, stage_en, due, done in stages
            ),
        )
        for task, zh, en, stages in rows
    ]


EARLIER_TASKS = {cp: make_tasks(rows) for cp, rows in earlier.TASKS.items()}


def whole_book() -> list[Branch]:
    """All branches, the one that ended too, with everybody where they were in each week."""
    branches = [*make_branches(), make_river()]
    homes = {m.id: m for branch in reversed(branches) for m in reversed(branch.members)}
    return [with_past(branch, homes) for branch in branches]


def make_river() -> Branch:
    key, prefix, since, until = earlier.RIVER
    members = tuple(
        Member(
            id=f"{prefix}-{n:03}",
            name="江零" + data.DIGITS[n],
            status="full",
            unit=unit,
            group=f"{key}-g{1 if n <= 4 else 2}",
            posts=("pioneer-post",) if n in (2, 5) else (),
            mentor=f"{prefix}-002" if n == 6 else None,
            attached_to=data.ATTACHED.get(n, ()),
            since=since,
            until=until,
        )
        for n, unit in enumerate(earlier.RIVER_UNITS, 1)
    )
    return Branch(
        key,
        prefix,
        "inner",
        0,
        since,
        until,
        members,
        earlier.RIVER_NAMES,
        ("heating", "engineering"),
    )


def with_past(branch: Branch, homes: dict[str, Member]) -> Branch:
    """Cuts out of the branch who was elsewhere for a while, and adds who was there for a while."""
    members: list[Member] = []
    for member in branch.members:
        away = [stay for stay in earlier.STAYS if stay[0] == member.id]
        if away:
            members += cut(member, min(stay[3] for stay in away), max(stay[4] for stay in away))
        else:
            members.append(member)
    for member, place, group, since, until in earlier.STAYS:
        if place == branch.id:
            home = homes[member]
            members.append(replace(home, group=group, mentor=None, since=since, until=until))
    for place, key, name, status, group, since, until in earlier.GONE:
        if place == branch.id:
            gone = Member(key, name, status, "builder", group, (), None, (), since, until)
            members.append(gone)
    groups = tuple(Group(*row) for place, *row in earlier.GROUPS if place == branch.id)
    return replace(branch, members=tuple(members), more_groups=groups)


def cut(member: Member, first: str, last: str) -> list[Member]:
    """The rows of a member without the weeks from `first` to `last`."""
    before = replace(member, until=min(member.until or "9", week_before(first)))
    after = replace(member, since=max(member.since, week_of(monday(last) + timedelta(days=7))))
    return [m for m in (before, after) if m.until is None or m.since <= m.until]


def arrange(made: Week, branch: Branch, week: str) -> None:
    """Puts into the week what is to be seen in it, in place of what the dice had on the same items."""
    for who, reason in earlier.EXEMPT.get((week, branch.id), {}).items():
        made.exempt[who] = reason
    wanted = [row for row in earlier.ARRANGED if row[:2] == (week, branch.id)]
    named = {row[2:4] for row in wanted}
    made.scores = [
        score
        for score in made.scores
        if score.subject not in made.exempt and (score.subject, score.item) not in named
    ]
    for _week, _branch, subject, item, extra in wanted:
        made.exempt.pop(subject, None)
        made.scores.append(arranged(branch, week, subject, item, extra))


def arranged(branch: Branch, week: str, subject: str, item: str, extra: dict) -> Score:
    """A score with what the table says of it; `worth` chooses from an item's list."""
    extra = dict(extra)
    evidence = tuple(extra.pop("evidence", ()))
    worth, count = extra.pop("worth", None), extra.pop("count", 1)
    score = make_score(branch, week, subject, item, dice("arranged", week, subject, item), count)
    if worth is not None:
        score = replace(score, points=number(str(worth)))
        if abs(worth) >= 3:
            extra.setdefault("approved_by", approver(branch, subject))
    if evidence:
        score = replace(score, evidence=None, more=evidence)
    return replace(score, arranged=True, **extra)

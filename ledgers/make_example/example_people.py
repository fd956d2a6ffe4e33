"""Who is in the made-up branches, by which rules they are scored, and what their plans hold."""

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

import example_data as data

EARLIER = tuple(f"2026-W{week}" for week in range(31, 39))
WEEKS = tuple(f"2026-W{week}" for week in range(39, 47))
REVISED = "2026-W36"  # the first week of the scheme in force now
SECOND_FROM = 3


@dataclass(frozen=True)
class Item:
    id: str  # criterion.item
    zh: str
    en: str
    points: float | tuple[float, ...]  # several: a list or a range to choose from
    form: str  # "fixed", "list" or "range"
    scorer: str | None
    evidence: str
    required: bool
    origin: str
    per: str | None = None
    cap: float | None = None
    only_highest: bool = False
    excludes: str | None = None
    auto: str | None = None
    veto: tuple[str, float] | None = None


@dataclass(frozen=True)
class Member:
    id: str
    name: str
    status: str
    unit: str
    group: str
    posts: tuple[str, ...]
    mentor: str | None
    attached_to: tuple[str, ...]
    since: str
    until: str | None = None

    def active(self, week: str) -> bool:
        return self.since <= week and (self.until is None or week <= self.until)


@dataclass(frozen=True)
class Group:
    id: str
    zh: str
    en: str
    attached_to: tuple[str, ...]
    since: str
    until: str | None = None


@dataclass(frozen=True)
class Branch:
    id: str
    prefix: str
    place: str  # a key of PLACES
    number: int  # of the section, from 1
    since: str
    until: str | None
    members: tuple[Member, ...]
    called: tuple[str, str, str, str] | None = None  # section zh, en and name zh, en: not by number
    roles: tuple[str, ...] = ("heating", "engineering", "design")  # of the CP's members
    more_groups: tuple[Group, ...] = ()

    @property
    def section(self) -> str:
        if self.called:
            return self.called[0]
        return f"{data.PLACES[self.place][0]}{data.ORDINALS[self.number - 1]}标段"

    @property
    def section_en(self) -> str:
        if self.called:
            return self.called[1]
        return f"{data.PLACES[self.place][1]} section {self.number}"

    @property
    def name(self) -> str:
        return self.called[2] if self.called else f"{self.section}临时党支部"

    @property
    def name_en(self) -> str:
        return self.called[3] if self.called else f"{self.section_en} temporary branch"

    @property
    def secretary(self) -> str:
        return f"{self.prefix}-001"

    @property
    def cp(self) -> str:
        return f"{self.prefix}-cp"

    @property
    def cp_members(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}-00{n}" for n in range(1, 1 + len(self.roles)))

    def alive(self, week: str) -> bool:
        return self.since <= week and (self.until is None or week <= self.until)

    def active(self, week: str) -> list[Member]:
        return [member for member in self.members if member.active(week)]


@dataclass(frozen=True)
class Milestone:
    id: str
    zh: str
    en: str
    due: date
    done: date  # where that is still ahead, what the made-up future holds


@dataclass(frozen=True)
class Task:
    id: str
    zh: str
    en: str
    milestones: tuple[Milestone, ...]


def dice(*about: str) -> random.Random:
    """Gives each matter dice of its own, so that changing one leaves the others as they were."""
    return random.Random("/".join((data.SEED, *about)))


def monday(week: str) -> date:
    year, number = week.split("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def week_of(day: date) -> str:
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02}"


def number(text: str) -> float:
    value = float(text)
    return int(value) if value == int(value) else value


def read_rules() -> dict[str, Item]:
    items, criterion = {}, ""
    for line in data.RULES.strip().splitlines():
        if line.startswith("["):
            criterion = line.strip("[]")
            continue
        name, zh, en, rule, scorer, evidence, origin = line.split(" | ")
        source = data.SOURCES[origin[0]] + (", adapted" if origin.endswith("~") else "")
        items[f"{criterion}.{name}"] = Item(
            id=f"{criterion}.{name}",
            zh=zh,
            en=en,
            scorer=None if scorer == "-" else scorer,
            evidence=evidence.rstrip("!"),
            required=evidence.endswith("!"),
            origin=source,
            **read_points(rule.split()),
        )
    return items


def read_points(words: list[str]) -> dict:
    """Reads a rule such as `-2 xcount cap -6`; a veto's item has no points of its own."""
    if words[0] == "veto":
        return {"points": 0, "form": "fixed", "veto": (words[1], number(words[2]))}
    first, rest = words[0], words[1:]
    found: dict = {"form": "range" if ".." in first else "list" if "/" in first else "fixed"}
    values = tuple(number(part) for part in first.replace("..", "/").split("/"))
    found["points"] = values[0] if found["form"] == "fixed" else values
    for word, after in zip(rest, [*rest, ""][1:], strict=True):
        if word.startswith("x"):
            found["per"] = word[1:]
        elif word == "cap":
            found["cap"] = number(after)
        elif word == "highest":
            found["only_highest"] = True
        elif word in ("excludes", "auto"):
            found[word] = after
    return found


ITEMS = read_rules()
# The scheme before it was revised: see scheme_yaml for why it was.
OLD_ITEMS = {
    name: replace(item, **data.OLD_RULES.get(name, {}))
    for name, item in ITEMS.items()
    if name not in data.NEW_ITEMS
}


def items_of(week: str) -> dict[str, Item]:
    """The items of the scheme in force in the week."""
    return ITEMS if week >= REVISED else OLD_ITEMS


def make_branches() -> list[Branch]:
    branches = []
    counted = dict.fromkeys(data.PLACES, 0)
    for branch, prefix, size, stem, since, until in data.BRANCHES:
        place = branch.split("-")[0]
        if place == "inner" and counted["inner"] == 6:
            place = "network"
        counted[place] += 1
        members = make_members(branch, prefix, size, stem, since)
        branches.append(Branch(branch, prefix, place, counted[place], since, until, tuple(members)))
    return [with_transfers(branch, branches) for branch in branches]


def made_up_name(stem: str, n: int) -> str:
    if not stem:
        return "党员" + (data.ORDINALS[n - 1] if n <= 10 else "十" + data.ORDINALS[n - 11])
    return stem + data.DIGITS[n // 10] + data.DIGITS[n % 10]


def make_members(branch: str, prefix: str, size: int, stem: str, since: str) -> list[Member]:
    rng = dice("members", branch)
    members = []
    for n in range(1, size + 1):
        member = f"{prefix}-{n:03}"
        usual = ("owner", "builder", "designer", "supervisor")
        unit = usual[n - 1] if n <= 4 else rng.choice(("builder",) * 4 + usual)
        made = Member(
            id=member,
            name=data.NAMESAKES.get(member) or made_up_name(stem, n),
            status=data.STATUS.get(member, "full"),
            unit="builder" if member == "o1-008" else unit,
            group=f"{branch}-g{1 if n <= (size + 1) // 2 else 2}",
            posts=tuple(
                p for p, odds in (("pioneer-post", 0.2), ("duty-area", 0.4)) if roll(rng, odds)
            ),
            mentor=data.MENTORS.get(member)
            or (f"{prefix}-002" if n >= 6 and roll(rng, 0.1) else None),
            attached_to=data.ATTACHED.get(n, ()),
            since=data.JOINED.get(member, since),
        )
        members += promoted(made)
    return members


def roll(rng: random.Random, odds: float) -> bool:
    return rng.random() < odds


def promoted(member: Member) -> list[Member]:
    if member.id not in data.PROMOTED:
        return [member]
    before, after, since = data.PROMOTED[member.id]
    return [
        replace(member, status=before, until=week_before(since)),
        replace(member, status=after, since=since),
    ]


def week_before(week: str) -> str:
    return week_of(monday(week) - timedelta(days=7))


def with_transfers(branch: Branch, branches: list[Branch]) -> Branch:
    """Gives the branch with those who leave it ended and those who come to it added."""
    members = list(branch.members)
    for member, (old, new, since) in data.MOVED.items():
        if branch.id == old:
            members = [
                replace(m, until=week_before(since)) if m.id == member else m for m in members
            ]
        elif branch.id == new:
            home = next(b for b in branches if b.id == old)
            mover = next(m for m in home.members if m.id == member)
            group = f"{branch.id}-g2"
            members.append(replace(mover, group=group, mentor=None, since=since))
    return replace(branch, members=tuple(members))


def make_plan(branch: Branch) -> list[Task]:
    rng = dice("plan", branch.id)
    tasks = data.TASKS[:3] if branch.id == "outer-1" else rng.sample(data.TASKS, rng.randint(2, 4))
    plan = []
    uneven: set[int] = set()  # a week has at most one early or late milestone
    for task, zh, en, stages in tasks:
        weeks = sorted(rng.sample(range(0, 13, 2), len(stages)))
        milestones = [
            Milestone(stage, stage_zh, stage_en, *due_and_done(rng, week, uneven))
            for (stage, stage_zh, stage_en), week in zip(stages, weeks, strict=True)
        ]
        plan.append(Task(task, zh, en, tuple(milestones)))
    return plan


def due_and_done(rng: random.Random, offset: int, uneven: set[int]) -> tuple[date, date]:
    """Late ones are done within the week they were due, so that one week bears all days late."""
    late = rng.choice((0,) * 10 + (-1, -2, -3, 1, 2, 3, 5))
    if offset in uneven:
        late = 0
    if late:
        uneven.add(offset)
    weekday = rng.randint(0, 6 - late) if late > 0 else rng.randint(3, 4)
    due = monday("2026-W39") + timedelta(days=7 * offset + weekday)
    return due, due + timedelta(days=late)

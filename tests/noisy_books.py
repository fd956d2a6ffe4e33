"""Small random books for noisy sheets: one branch or two, with items and direct criteria of every kind.

All points are integers of hundredths.
"""

import json
import random
from dataclasses import dataclass, field

WEEK = "2026-W47"  # 16 to 22 November
BRANCH, BRANCH_NAME = "one", "一支部"
BRANCHES = {BRANCH: BRANCH_NAME, "two": "二支部"}
RECORDER = "clerk"
PEOPLE = [
    "安一", "安二", "贝三", "王伟", "欧阳明", "古丽·阿依", "Ann Berg", "李小龙", "赵六", "钱进", "孙红梅", "周杰",
]  # fmt: skip
CRITERIA = [
    ("safety", "比安全", "Safety"),
    ("quality", "比质量", "Quality"),
    ("schedule", "比工期", "Schedule"),
    ("economy", "比节约", "Economy"),
    ("study", "学习教育", "Study"),
]
DIRECT = [
    ("tidy", "比整洁", "Tidiness"),
    ("rules", "比合规", "Compliance"),
    ("green", "比环保", "Environment"),
    ("team", "团队协作", "Teamwork"),
]
ITEMS = [
    ("隐患整改", "Hazard fixed"), ("安全巡查", "Safety patrol"), ("违章作业", "Unsafe act"),
    ("未戴安全帽", "No helmet"), ("迟到早退", "Late arrival"), ("资料延期", "Papers overdue"),
    ("技术创新", "Innovation"), ("合理化建议", "Suggestion"), ("义务劳动", "Voluntary work"),
    ("带徒传艺", "Mentoring"), ("返工", "Rework"), ("质量通病", "Quality defect"),
    ("扬尘超标", "Dust"), ("垃圾未清", "Rubbish left"), ("节能降耗", "Energy saved"),
    ("工具遗失", "Tool lost"), ("技能竞赛获奖", "Contest prize"), ("发表文章", "Article"),
    ("通报表扬", "Commended"), ("通报批评", "Criticised"), ("夜班值守", "Night shift"),
    ("应急抢险", "Emergency call-out"), ("工序漏检", "Step missed"), ("随手拍", "Snapshot"),
]  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """An item or a direct criterion, as the book defines it."""

    id: str
    zh: str
    en: str
    criterion: str  # the Chinese name of its criterion
    direct: bool = False
    per: str = ""
    options: tuple[int, ...] = ()  # the points it may have; one: fixed
    low: int = 0  # else the range, and of a direct criterion the limits
    high: int = 0
    base: int = 0
    cap: int | None = None
    evidence: bool = False
    judges: str = ""

    @property
    def fixed(self) -> int | None:
        """The points of one time, where there is no choice."""
        return self.options[0] if len(self.options) == 1 else None

    @property
    def deducts(self) -> bool:
        """Whether nothing but a deduction is possible."""
        return not self.direct and max(self.options or (self.high,)) < 0

    def takes(self, points: int) -> bool:
        """Whether one time may have these points."""
        return points in self.options if self.options else self.low <= points <= self.high


@dataclass(frozen=True)
class World:
    """A book: its files, and what is in it."""

    files: dict[str, str]
    things: tuple[Thing, ...]
    people: dict[str, str]  # id: name
    second_from: int | None
    own_word: str = ""  # what this book calls a member
    bases: int = 0  # of all criteria of a member
    homes: dict[str, str] = field(default_factory=dict)  # person: branch
    scorers: dict[str, str] = field(default_factory=lambda: {RECORDER: "记分员"})

    @property
    def several(self) -> bool:
        """Whether the people are of several branches."""
        return len(set(self.homes.values())) > 1


def number(hundredths: int) -> int | float:
    """Hundredths as a number: an integer where there are no decimals."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def world(rng: random.Random) -> World:
    """A random book."""
    names = rng.sample(ITEMS, len(ITEMS))
    things: list[Thing] = []
    criteria = []
    bases = 0
    for key, zh, en in rng.sample(CRITERIA, rng.randint(2, 3)):
        items = []
        for place in range(rng.randint(2, 5)):
            thing, definition = _item(rng, key, zh, f"i{place}", names.pop())
            things.append(thing)
            items.append(definition)
        bases += 1000
        criteria.append(
            {"id": key, "name": {"zh": zh, "en": en}, "applies_to": ["member"], "base": 10}
            | {"min": 0, "max": 14, "items": items}
        )
    for key, zh, en in rng.sample(DIRECT, rng.randint(1, 3)):
        base, low, high = rng.choice(
            [(10, 0, 14), (15, 0, 18), (100, 0, 120), (0, -10, 10), (5, 0, 10), (0, 0, 10)]
        )
        judges = rng.choice(["", "", "mean", "latest"])
        definition = {"id": key, "name": {"zh": zh, "en": en}, "applies_to": ["member"]}
        definition |= {"base": base, "min": low, "max": high, "scoring": "direct"}
        if judges:
            definition["judges"] = judges
        bases += 100 * base
        criteria.append(definition)
        things.append(
            Thing(key, zh, en, zh, True, "", (), 100 * low, 100 * high, 100 * base, judges=judges)
        )
    people = {
        f"a-{n}": name for n, name in enumerate(rng.sample(PEOPLE, rng.randint(5, 8)), start=1)
    }
    second = rng.choice([None, None, 3])
    scheme = {
        "name": {"zh": "积分", "en": "Points"},
        "total": {"min": 0, "max": 300},
        "scorers": [{"id": RECORDER, "name": "记分员"}],
        "criteria": criteria,
    }
    if second:
        scheme["second_from"] = second
    own = rng.choice(["", "", "队员"])
    book = {"id": "noise", "language": "zh-CN", "timezone": "Asia/Shanghai"}
    if own:
        book["words"] = {"member": {"zh": own, "en": "Player"}}
    files = {"qibi.yaml": _yaml(book), "scheme/2026-W01.yaml": _yaml(scheme)}
    homes = dict.fromkeys(people, BRANCH)
    if rng.random() < 0.4:
        homes |= dict.fromkeys(list(people)[len(people) // 2 :], "two")
    for key in dict.fromkeys(homes.values()):
        members = [{"id": p, "name": name} for p, name in people.items() if homes[p] == key]
        branch = {"id": key, "name": BRANCHES[key], "members": members}
        files[f"branches/{key}.yaml"] = _yaml(branch)
    limit = 100 * second if second else None
    return World(files, tuple(things), people, limit, own, bases, homes)


def _yaml(data: object) -> str:
    return json.dumps(data, ensure_ascii=False) + "\n"  # JSON is YAML


def _item(
    rng: random.Random, criterion: str, title: str, key: str, names: tuple[str, str]
) -> tuple[Thing, dict]:
    kind = rng.choice(
        ["per", "per", "per", "day", "fixed", "fixed", "choice", "range", "per-range"]
    )
    definition: dict = {"id": key, "name": {"zh": names[0], "en": names[1]}}
    options: tuple[int, ...] = ()
    low = high = 0
    cap = None
    if kind in ("per", "day", "fixed"):
        options = (rng.choice([100, -100, 200, -200, 50, -50, 300, -300, 150]),)
        definition["points"] = number(options[0])
        if rng.random() < 0.4:
            cap = options[0] * rng.choice([1, 2, 3])
            definition["cap"] = number(cap)
    elif kind == "choice":
        options = rng.choice([(100, 250), (400, 800, 1000), (-100, -200, -500), (50, 100, 200)])
        definition["points"] = [number(p) for p in options]
    else:
        low, high = rng.choice([(-200, -100), (100, 300), (-500, -200), (50, 200)])
        definition["points"] = {"from": number(low), "to": number(high)}
    per = {"per": "count", "day": "day", "per-range": "count"}.get(kind, "")
    if per:
        definition["per"] = per
    evidence = rng.random() < 0.2
    if evidence:
        definition["evidence"] = "required"
    thing = Thing(
        f"{criterion}.{key}",
        *names,
        title,
        False,
        per,
        options,
        low,
        high,
        cap=cap,
        evidence=evidence,
    )
    return thing, definition

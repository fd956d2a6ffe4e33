"""The example book's YAML files, as text: people edit them, so they read as people write them."""

import json
import re

import example_data as data
from example_people import SECOND_FROM, Branch, Item, Member, Task

PLAIN = re.compile(r"[0-9A-Za-z\u3400-\u9fff][^,\[\]{}:#\"'&*!|>%@`]*")
NUMBER = re.compile(r"[-+.0-9][-+.0-9eE_]*")
RESERVED = {"true", "false", "null", "yes", "no", "on", "off"}


def text(value: object) -> str:
    """One scalar: plain where every YAML reader takes it for the same string, else quoted."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)
    safe = PLAIN.fullmatch(value) and value == value.strip()
    if not safe or value.lower() in RESERVED or NUMBER.fullmatch(value):
        return json.dumps(value, ensure_ascii=False)
    return value


def flow(value: object) -> str:
    if isinstance(value, dict):
        inside = (f"{key}: {flow(part)}" for key, part in value.items() if part not in (None, ()))
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(part) for part in value) + "]"
    return text(value)


def both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def rows(key: str, entries: list[dict], indent: str = "") -> list[str]:
    return [f"{indent}{key}:", *(f"{indent}  - {flow(entry)}" for entry in entries)]


def page(schema: str, depth: int, lines: list[str]) -> str:
    way = "../" * depth
    head = f"# yaml-language-server: $schema={way}schemas/{schema}.schema.json"
    return "\n".join([head, *lines]) + "\n"


def book_yaml() -> str:
    units = (
        ("owner", "建设单位", "Owner"),
        ("builder", "施工单位", "Builder"),
        ("supervisor", "监理单位", "Site supervision"),
        ("designer", "设计单位", "Designer"),
    )
    posts = (
        ("pioneer-post", "党员先锋岗", "Pioneer post"),
        ("duty-area", "党员责任区", "Duty area"),
    )
    policy = {
        "red": {"top": 3, "at_least": 101, "share": 0.33},
        "black": {"bottom": 3, "below": 99, "remedy_due": "3d"},
    }
    return page(
        "book",
        2,
        [
            "# 全部虚构 / everything here is made up: see README.md",
            "id: example",
            f"name: {flow(both('示例供热工程（虚构）', 'Example heat projects (made up)'))}",
            "language: zh-CN",
            "timezone: Asia/Shanghai",
            "# 自考评周的周日起算 / days after the week's Sunday",
            "calendar: {score_by: 3d, meeting: wed, objections: 5d}",
            *rows("units", [{"id": i, "name": both(zh, en)} for i, zh, en in units]),
            *rows("posts", [{"id": i, "name": both(zh, en)} for i, zh, en in posts]),
            "# 只有项目CP上红黑榜 / only CPs are named on lists",
            "lists:",
            f"  cp: {flow(policy)}",
        ],
    )


def scheme_yaml(items: dict[str, Item], excellent: int, remarks: tuple[str, ...] = ()) -> str:
    grades = (
        ("excellent", "优秀", "Excellent", excellent),
        ("good", "良好", "Good", 100),
        ("pass", "合格", "Pass", 90),
        ("fail", "不合格", "Fail", 0),
    )
    scorers = [{"id": i, "name": both(*names)} for i, names in data.SCORERS.items()]
    lines = [
        *remarks,
        "# 模板，可改：分值出处见 origin，周上限、评分人、佐证要求均为建议",
        "# A template to edit: `origin` says where a number comes from;",
        "# every weekly cap, scorer and evidence rule is a proposal.",
        f"name: {flow(both('七比两创', 'Seven comparisons and two creations'))}",
        "total: {min: 0, max: 120}  # 一周总分；基础分合计100 / of a week; the bases add up to 100",
        "period_total: mean  # 月、季、年取各周平均 / a month, quarter or year is the mean of its weeks",
        "min_weeks: 0.5",
        "eligible: [full, probationary]",
        f"second_from: {SECOND_FROM}  # 单条3分及以上须有批准人 / from 3 points an entry names who approved it",
        *rows("grades", [{"id": i, "name": both(z, e), "from": at} for i, z, e, at in grades]),
        "alerts: {watch: 95, warn: 85}  # 低于 / below",
        *rows("scorers", scorers),
        "criteria:",
    ]
    for criterion in data.CRITERIA:
        lines += criterion_lines(criterion, items)
    lines += [
        "# 汇总权重 / weights",
        "rollup:",
        "  branch: {own: 40, members: 60}",
        "  cp: {own: 50, members: 50}",
    ]
    return page("scheme", 3, lines)


def criterion_lines(criterion: tuple, items: dict[str, Item]) -> list[str]:
    name, zh, en, short_zh, short_en, applies_to, base, highest = criterion
    comment = (
        [
            "  # “五型”具体指哪五型没有公开，由本账簿自行写明。",
            "  # Which five types are meant is not public: name your own here.",
        ]
        if name == "five-type"
        else []
    )
    return [
        *comment,
        f"  - id: {name}",
        f"    name: {flow(both(zh, en))}",
        f"    short: {flow(both(short_zh, short_en))}",
        f"    applies_to: {flow(applies_to)}",
        f"    base: {base}",
        "    min: 0",
        f"    max: {highest}",
        "    items:",
        *(
            f"      - {flow(item_row(item))}{'' if item.evidence == '-' else f'  # evidence: {item.evidence}'}"
            for item in items.values()
            if item.id.startswith(f"{name}.")
        ),
    ]


def item_row(item: Item) -> dict[str, object]:
    points = item.points
    if item.form == "range":
        points = {"from": item.points[0], "to": item.points[1]}
    return {
        "id": item.id.split(".")[1],
        "name": both(item.zh, item.en),
        "points": points,
        "per": item.per,
        "cap": item.cap,
        "only_highest": True if item.only_highest else None,
        "excludes": [item.excludes] if item.excludes else None,
        "veto": {item.veto[0]: item.veto[1]} if item.veto else None,
        "evidence": "required" if item.required else None,
        "scorer": item.scorer,
        "auto": item.auto,
        "origin": item.origin,
    }


def branch_yaml(branch: Branch) -> str:
    place_zh = data.PLACES[branch.place][0]
    ended = branch.until if branch.called else None  # what ends is ended row by row
    groups = [
        {
            "id": f"{branch.id}-g{n}",
            "name": both(zh, en),
            "attached_to": workshops(branch, n) or None,
            "since": branch.since,
            "until": ended,
        }
        for n, zh, en in ((1, "第一党小组", "Party group 1"), (2, "第二党小组", "Party group 2"))
    ]
    groups += [
        {
            "id": group.id,
            "name": both(group.zh, group.en),
            "attached_to": group.attached_to,
            "since": group.since,
            "until": group.until,
        }
        for group in branch.more_groups
    ]
    cp = {
        "id": branch.cp,
        "name": both(f"{branch.section}项目CP", f"{branch.section_en} CP"),
        "members": dict(zip(branch.roles, branch.cp_members, strict=True)),
        "since": branch.since,
        "until": ended,
    }
    return page(
        "branch",
        3,
        [
            "# 人名均为虚构 / all names are made up",
            f"id: {branch.id}",
            f"name: {flow(both(branch.name, branch.name_en))}",
            f"section: {branch.section}",
            f"department: {place_zh}项目部",
            f"since: {branch.since}",
            *([f"until: {branch.until}"] if branch.until else []),
            *rows("groups", groups),
            *rows("members", [member_row(member) for member in branch.members]),
            *rows("cps", [cp]),
        ],
    )


def workshops(branch: Branch, group: int) -> list[str]:
    """What a Party group is attached to: the first to one workshop, the second to one or two."""
    if branch.id == "outer-1":
        return [data.WORKSHOPS[0]] if group == 1 else []  # mockups.md shows it so
    first = branch.number % len(data.WORKSHOPS)
    if group == 1:
        return [data.WORKSHOPS[first]]
    return [data.WORKSHOPS[(first + n) % len(data.WORKSHOPS)] for n in range(1, 2 + first % 2)]


def member_row(member: Member) -> dict[str, object]:
    return {
        "id": member.id,
        "name": member.name,
        "status": member.status,
        "unit": member.unit,
        "group": member.group,
        "posts": member.posts,
        "mentor": member.mentor,
        "attached_to": member.attached_to,
        "since": member.since,
        "until": member.until,
    }


def plan_yaml(branch: Branch, plan: list[Task]) -> str:
    lines = [
        "# 任务单；milestones 依次即路线图，due 即时间表",
        "# Tasks; their milestones in order are the route, the due dates the timetable.",
        f"cp: {branch.cp}",
        "tasks:",
    ]
    for task in plan:
        stages = [
            {"id": m.id, "name": both(m.zh, m.en), "due": Raw(m.due)} for m in task.milestones
        ]
        lines += [
            f"  - id: {task.id}",
            f"    name: {flow(both(task.zh, task.en))}",
            *rows("milestones", stages, "    "),
        ]
    return page("plan", 3, lines)


class Raw:
    """A value written as it prints: a date stays unquoted."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __str__(self) -> str:
        return str(self.value)

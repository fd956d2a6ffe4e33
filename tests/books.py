"""Small random books for property tests: valid definitions, ledgers with every kind of trouble.

`cases()` draws a book with a period, a kind of subject and filters; `write` puts a book on disk.
Batches are serialised while they are drawn, since an entry's id is the digest of its batch's bytes.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from math import ceil, floor
from pathlib import Path

from hypothesis import strategies as st

from oracle import Book, scheme_at, thursday, week_after

STATUSES = ["full", "probationary", "activist", "staff"]
UNITS = ["owner", "builder", "designer"]
POSTS = ["pioneer-post", "duty-area"]
CRITERIA = ["safety", "quality", "digital", "tidiness"]
ITEMS = ["a", "b", "c"]
STARTS = ["2025-W49", "2025-W51", "2026-W01", "2026-W12", "2026-W38", "2026-W49", "2026-W52"]
OFFSETS = ["Z", "+08:00", "-05:00", "+05:30"]


@dataclass(frozen=True)
class Case:
    """A book and one ranking of it."""

    book: Book
    period: str
    by: str
    branch: str | None
    criterion: str | None


def number(points: int) -> int | float:
    """Hundredths as the number that people write: 950 is 9.5, 900 is 9."""
    return points // 100 if points % 100 == 0 else points / 100


def hundredths(points: float) -> int:
    return round(points * 100)


def plus(points: float, more: float) -> int | float:
    return number(hundredths(points) + hundredths(more))


def times(points: float, factor: int) -> int | float:
    return number(hundredths(points) * factor)


def points_between(low: float, high: float) -> st.SearchStrategy:
    """Points with at most two decimals, mostly halves and wholes."""
    odd_ones = st.integers(hundredths(low), hundredths(high)).map(number)
    first, last = ceil(low * 2), floor(high * 2)
    if first > last:
        return odd_ones
    round_ones = st.integers(first, last).map(lambda halves: number(halves * 50))
    return st.one_of(round_ones, round_ones, odd_ones)


def sometimes(draw, one_in: int = 3) -> bool:
    """False when shrunk."""
    return draw(st.integers(0, one_in - 1)) == one_in - 1


# Definitions


@st.composite
def spans(draw, weeks: list[str]) -> dict:
    """`since` and `until`, each of them sometimes; never empty."""
    first = draw(st.integers(0, len(weeks) - 1))
    last = draw(st.integers(first, len(weeks) - 1))
    span = {}
    if sometimes(draw):
        span["since"] = weeks[first]
    if sometimes(draw):
        span["until"] = weeks[last]
    return span


@st.composite
def memberships(draw, weeks: list[str], branches: list[str]) -> list[dict]:
    """The stays of one person in time order, with or without gaps, never two in one week."""
    cuts = sorted(draw(st.sets(st.integers(1, len(weeks) - 1), max_size=2)))
    stays = []
    for start, end in zip([0, *cuts], [*cuts, len(weeks)], strict=True):
        stay = {"branch": draw(st.sampled_from(branches))}
        if start > 0 or sometimes(draw, 4):
            stay["since"] = weeks[start]
        if end < len(weeks) or sometimes(draw, 4):
            gap = 1 if end - start > 1 and sometimes(draw, 4) else 0
            stay["until"] = weeks[end - 1 - gap]
        status = draw(st.sampled_from([None, *STATUSES]))
        if status:
            stay["status"] = status
        if draw(st.booleans()):
            stay["unit"] = draw(st.sampled_from(UNITS))
        if draw(st.booleans()):
            stay["group"] = f"{stay['branch']}-g{draw(st.integers(1, 2))}"
        if draw(st.booleans()):
            stay["posts"] = draw(st.lists(st.sampled_from(POSTS), min_size=1, unique=True))
        stays.append(stay)
    return stays


@st.composite
def branch_files(draw, weeks: list[str]) -> list[dict]:
    """One to four branches with their groups, members and CPs; the first has a member."""
    names = [f"b{n}" for n in range(1, draw(st.integers(1, 4)) + 1)]
    branches = []
    for name in names:
        branch = {"id": name, **draw(spans(weeks)), "groups": [], "members": [], "cps": []}
        branch["groups"] = [{"id": f"{name}-g1"}, {"id": f"{name}-g2"}]
        branches.append(branch)
    count = 0
    for home in names:
        for _ in range(draw(st.integers(1 if home == "b1" else 0, 5))):
            count += 1
            for stay in draw(memberships(weeks, [home, home, *names])):
                branch = branches[names.index(stay.pop("branch"))]
                branch["members"].append({"id": f"m{count:02}", **stay})
    for branch in branches:
        people = sorted({member["id"] for member in branch["members"]})
        for n in range(1, draw(st.sampled_from([1, 2, 0])) + 1 if len(people) > 1 else 1):
            leads = draw(st.lists(st.sampled_from(people), min_size=2, max_size=3, unique=True))
            roles = dict(zip(["heating", "engineering", "design"], leads, strict=False))
            cp = {"id": f"{branch['id']}-cp{n}", "members": roles, **draw(spans(weeks))}
            branch["cps"].append(cp)
    return branches


@st.composite
def items(draw, name: str, others: list[str], criterion: dict, shapes: list[str]) -> dict:
    """A valid item: its cap has the sign of its points and room for any one entry."""
    item = {"id": name}
    size = draw(st.sampled_from([0.5, 1, 1.5, 2, 0.33, 5]))
    sign = draw(st.sampled_from([1, -1]))
    shape = draw(st.sampled_from(shapes))
    if shape == "veto":
        item["points"] = draw(st.sampled_from([0, -1]))
        kind = draw(st.sampled_from(["criterion", "total", "total_at_most"]))
        if kind == "criterion":
            limit = draw(points_between(criterion["min"], criterion["max"]))
        else:
            limit = draw(points_between(0, 20))
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
    if shape in ("list", "range") and sign > 0 and draw(st.booleans()):
        item["only_highest"] = True
    if shape != "veto" and draw(st.booleans()):
        item["cap"] = times(size, sign * draw(st.sampled_from([4, 6])))
    if others and sometimes(draw):
        item["excludes"] = draw(
            st.lists(st.sampled_from(others), min_size=1, max_size=2, unique=True)
        )
    return item


@st.composite
def criteria(draw, name: str, is_first: bool) -> dict:
    """A criterion; the first one always applies to members, so that a member always has points."""
    every = ["member", "cp", "branch"]
    applies_to = draw(st.one_of(st.just(every), st.lists(st.sampled_from(every), unique=True)))
    if not applies_to or (is_first and "member" not in applies_to):
        applies_to = [*applies_to, "member"]
    base = draw(st.sampled_from([10, 15, 0, 7.5, 3.33]))
    criterion = {
        "id": name,
        "applies_to": applies_to,
        "base": base,
        "min": draw(st.sampled_from([0, 0, -5])),
        "max": plus(base, draw(st.sampled_from([4, 1, 10]))),
    }
    if sometimes(draw):
        criterion["scoring"] = "direct"
        return criterion
    shapes = ["fixed", "count", "day", "list", "range", "veto"]
    if sometimes(draw, 4):
        shapes = ["veto"]
    criterion["items"] = []
    names = ITEMS[: draw(st.integers(1, len(ITEMS)))]
    for item in names:
        others = [other for other in names if other != item]
        criterion["items"].append(draw(items(item, others, criterion, shapes)))
    return criterion


@st.composite
def scheme_files(draw) -> dict:
    """A version of the scheme; every kind's base total lies within `total`."""
    names = draw(st.lists(st.sampled_from(CRITERIA), min_size=1, unique=True))
    drawn = [draw(criteria(name, name == names[0])) for name in names]
    bases = sum(hundredths(criterion["base"]) for criterion in drawn)
    scheme = {
        "total": {
            "min": draw(st.sampled_from([0, 0, -10])),
            "max": number(max(2000, bases + draw(st.sampled_from([2000, 500, 100])))),
        },
        "criteria": drawn,
    }
    if draw(st.booleans()):
        scheme["period_total"] = draw(st.sampled_from(["mean", "sum"]))
    if draw(st.booleans()):
        scheme["min_weeks"] = draw(st.sampled_from([0, 0.33, 0.5, 0.75, 1]))
    if draw(st.booleans()):
        scheme["eligible"] = draw(st.lists(st.sampled_from(STATUSES), min_size=1, unique=True))
    if draw(st.booleans()):
        floors = draw(st.lists(st.integers(-2, 12), min_size=1, max_size=4, unique=True))
        scheme["grades"] = [
            {"id": f"grade-{n}", "from": floor * 10}
            for n, floor in enumerate(sorted(floors, reverse=True))
            if floor * 10 <= scheme["total"]["max"]
        ]
    if draw(st.booleans()):
        warn = draw(points_between(0, 60))
        scheme["alerts"] = {"watch": plus(warn, draw(st.sampled_from([5, 20]))), "warn": warn}
    if draw(st.booleans()):
        scheme["rollup"] = {}
        for kind in ("branch", "cp"):
            own = draw(st.sampled_from([None, 40, 50, 33, 0, 100]))
            if own == 0:
                scheme["rollup"][kind] = {"members": 100}
            elif own == 100:
                scheme["rollup"][kind] = {"own": 100}
            elif own is not None:
                scheme["rollup"][kind] = {"own": own, "members": 100 - own}
    return scheme


@st.composite
def scheme_versions(draw, weeks: list[str]) -> dict[str, dict]:
    """One or two versions; sometimes none is in force in the first weeks."""
    before = [week_after(weeks[0], -9), weeks[0]]
    first = draw(st.sampled_from([*before, *before, weeks[len(weeks) // 3]]))
    versions = {first: draw(scheme_files())}
    later = [week for week in weeks if week > first]
    if later and draw(st.booleans()):
        versions[draw(st.sampled_from(later))] = draw(scheme_files())
    return versions


# Ledger


@dataclass
class Drawing:
    """A ledger while it is drawn: what a batch may refer to, and what was recorded so far."""

    schemes: dict[str, dict]
    subjects: list[str]
    members: list[str]
    entries: list[dict]


@st.composite
def instants(draw, week: str) -> str:
    """RFC 3339 with differing offsets, few enough instants that two entries may share one."""
    monday = thursday(week) + timedelta(days=4)
    instant = datetime(monday.year, monday.month, monday.day, 1, tzinfo=UTC)
    instant += timedelta(hours=draw(st.integers(0, 3)))
    offset = draw(st.sampled_from(OFFSETS))
    if offset == "Z":
        return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
    hours, minutes = int(offset[1:3]), int(offset[4:])
    zone = timezone((-1 if offset[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
    return instant.astimezone(zone).isoformat()


def definition_of(schemes: dict[str, dict], week: str, name: str) -> dict | None:
    """The item or direct criterion that an entry of this week names, if there is one."""
    scheme = scheme_at(Book({}, schemes, [], []), week)
    for criterion in scheme["criteria"] if scheme else []:
        if criterion["id"] == name and criterion.get("scoring") == "direct":
            return criterion
        for item in criterion.get("items", []):
            if f"{criterion['id']}.{item['id']}" == name:
                return item
    return None


@st.composite
def scores(draw, drawing: Drawing, week: str, earlier: list[dict]) -> dict:
    """Mostly an item of the week's scheme with points it allows; often one that met the same
    subject this week, so that caps, exclusions and second scores have something to decide."""
    known = [f"{criterion}.{item}" for criterion in CRITERIA for item in ITEMS] + CRITERIA
    known = [name for name in known if definition_of(drawing.schemes, week, name)]
    others = ["safety.ghost", "ghost.a", "quality", "quality.a", "tidiness", "digital.c"]
    pool = others if not known or sometimes(draw, 8) else known
    name = draw(st.sampled_from(pool))
    subject = draw(st.sampled_from(drawing.subjects))
    if earlier and draw(st.booleans()):
        again = draw(st.sampled_from(earlier))
        subject = again["subject"]
        if draw(st.booleans()):
            name = again["item"]
        elif "." in again["item"]:
            siblings = [other for other in pool if other.startswith(again["item"][:-1])]
            name = draw(st.sampled_from(siblings)) if siblings else name
    fields = {"subject": subject, "item": name}
    definition = definition_of(drawing.schemes, week, name)
    allowed = definition["points"] if definition and "points" in definition else None
    if definition and "scoring" in definition:
        low, high = definition["min"] - 1, definition["max"] + 1
        fields["points"] = draw(points_between(low, high))
    elif allowed is None or sometimes(draw, 12):
        odd = st.sampled_from([9999.99, -9999.99, 0, 0.01, -3.75])
        fields["points"] = draw(st.one_of(points_between(-6, 6), odd))
    elif isinstance(allowed, list):
        fields["points"] = draw(st.sampled_from(allowed))
    elif isinstance(allowed, dict):
        fields["points"] = draw(points_between(allowed["from"], allowed["to"]))
    elif "per" in definition:
        fields["count"] = draw(st.integers(1, 7))
        fields["points"] = times(allowed, fields["count"])
    else:
        fields["points"] = allowed
    if sometimes(draw, 8):
        fields["note"] = "现场检查 “3号坑”\n=1+1"
    return fields


@st.composite
def voids(draw, drawing: Drawing, branch: str, week: str) -> dict:
    """Mostly of an entry of this branch and week; else of any entry, or of nothing."""
    near = [e["id"] for e in drawing.entries if e["branch"] == branch and e["week"] == week]
    anywhere = [entry["id"] for entry in drawing.entries]
    nothing = ["0123456789abcdef.1"] + [f"{entry_id[:16]}.999" for entry_id in anywhere[:1]]
    aims = [near, near, near, anywhere, nothing]
    aim = draw(st.sampled_from([entry_ids for entry_ids in aims if entry_ids]))
    return {"entry": draw(st.sampled_from(aim)), "note": "录错"}


@st.composite
def batches(draw, drawing: Drawing, branch: str, week: str, kinds: list[str]) -> list[dict]:
    """One batch of these kinds of line, without ids."""
    lines = []
    for kind in kinds:
        fields = {}
        if kind == "score":
            known = [e for e in [*drawing.entries, *lines] if e["week"] == week]
            earlier = [entry for entry in known if entry["kind"] == "score"]
            fields = draw(scores(drawing, week, earlier))
        if kind == "exempt":
            fields = {"subject": draw(st.sampled_from(drawing.subjects)), "note": "请假"}
        if kind == "void":
            fields = draw(voids(drawing, branch, week))
        common = {
            "kind": kind,
            "week": week,
            "branch": branch,
            "recorded_by": draw(st.sampled_from(drawing.members)),
            "recorded_at": draw(instants(week)),
        }
        lines.append({**common, **fields})
    return lines


def line_of(entry: dict) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"


def digest_of(lines: list[dict]) -> str:
    text = "".join(line_of(line) for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def record(drawing: Drawing, lines: list[dict]) -> None:
    """Append a batch; the same bytes twice are one file, so they are recorded once."""
    digest = digest_of(lines)
    if any(entry["id"] == f"{digest}.1" for entry in drawing.entries):
        return
    for line_number, line in enumerate(lines, start=1):
        drawing.entries.append({**line, "id": f"{digest}.{line_number}"})


@st.composite
def ledgers(draw, weeks: list[str], schemes: dict[str, dict], branches: list[dict]) -> list[dict]:
    """First every branch's week as it should be (or missing), then further batches of all kinds."""
    members = sorted({member["id"] for branch in branches for member in branch["members"]})
    cps = [cp["id"] for branch in branches for cp in branch["cps"]]
    names = [branch["id"] for branch in branches]
    subjects = members + cps + names
    drawing = Drawing(schemes, [*subjects, "ghost"], members, [])
    for week in weeks:
        if sometimes(draw, 8):
            continue
        for branch in names:
            if sometimes(draw, 6):
                continue
            scored = ["score"] * draw(st.integers(0, 4))
            record(drawing, draw(batches(drawing, branch, week, ["assessed", *scored])))
    kinds = ["score", "score", "score", "void", "void", "exempt", "exempt", "assessed"]
    for _ in range(draw(st.integers(0, 12))):
        branch, week = draw(st.sampled_from(names)), draw(st.sampled_from(weeks))
        drawn = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
        record(drawing, draw(batches(drawing, branch, week, drawn)))
    return drawing.entries


# Books, periods and cases


def weeks_from(start: str, count: int) -> list[str]:
    return [week_after(start, n) for n in range(count)]


@st.composite
def books(draw) -> Book:
    """A book of one to four branches and one to eight weeks."""
    weeks = weeks_from(draw(st.sampled_from(STARTS)), draw(st.integers(1, 8)))
    around = [week_after(weeks[0], -1), *weeks, week_after(weeks[-1], 1)]
    schemes = draw(scheme_versions(weeks))
    branches = draw(branch_files(around))
    begun = [
        row["since"]
        for branch in branches
        for row in (branch, *branch["members"], *branch["cps"])
        if "since" in row
    ]
    if min(begun, default="9999") < min(schemes):  # whoever begins before any scheme is refused
        schemes[min(begun)] = schemes.pop(min(schemes))
    book = {
        "id": "example",
        "language": "zh-CN",
        "timezone": "Asia/Shanghai",
        "units": [{"id": unit} for unit in UNITS],
        "posts": [{"id": post} for post in POSTS],
    }
    return Book(book, schemes, branches, draw(ledgers(weeks, schemes, branches)))


@st.composite
def periods(draw, weeks: list[str]) -> str:
    """A week, range, month, quarter or year that holds one of these weeks."""
    week = draw(st.sampled_from(weeks))
    day = thursday(week)
    kind = draw(st.sampled_from(["week", "week", "range", "range", "month", "quarter", "year"]))
    if kind == "week":
        return week
    if kind == "range":
        return f"{week}..{draw(st.sampled_from([w for w in weeks if w >= week]))}"
    if kind == "month":
        return f"{day.year:04}-{day.month:02}"
    if kind == "quarter":
        return f"{day.year:04}-Q{(day.month + 2) // 3}"
    return f"{day.year:04}"


@st.composite
def cases(draw) -> Case:
    """A book and a ranking; `--branch` only for what has a branch."""
    book = draw(books())
    weeks = sorted({entry["week"] for entry in book.entries}) or sorted(book.schemes)
    weeks = weeks_from(weeks[0], 1 + (thursday(weeks[-1]) - thursday(weeks[0])).days // 7)
    period = draw(periods([*weeks, week_after(weeks[-1], 1)]))
    subjects = ["member", "cp", "branch"]
    by = draw(st.sampled_from([*subjects, *subjects, "group", "unit", "post"]))
    branch = None
    if by not in ("unit", "post") and sometimes(draw):
        branch = draw(st.sampled_from([branch["id"] for branch in book.branches]))
    known = sorted({c["id"] for scheme in book.schemes.values() for c in scheme["criteria"]})
    criterion = draw(st.sampled_from(known)) if sometimes(draw, 4) else None
    return Case(book, period, by, branch, criterion)


# On disk


def write(book: Book, root: Path) -> None:
    """Write the book to disk as DESIGN.md lays it out; YAML as JSON text, which is YAML too."""

    def write_json(path: Path, data: dict) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
        path.write_text(text, encoding="utf-8", newline="\n")

    write_json(root / "qibi.yaml", book.book)
    for week, scheme in book.schemes.items():
        write_json(root / "scheme" / f"{week}.yaml", scheme)
    for branch in book.branches:
        write_json(root / "branches" / f"{branch['id']}.yaml", branch)

    batches_by_digest: dict[str, list[dict]] = {}
    for entry in book.entries:
        line = {key: value for key, value in entry.items() if key != "id"}
        batches_by_digest.setdefault(entry["id"].split(".")[0], []).append(line)
    for digest, lines in batches_by_digest.items():
        if digest_of(lines) != digest:
            raise ValueError(f"entries of {digest} are not a whole batch")
        week, branch = lines[0]["week"], lines[0]["branch"]
        path = root / "ledger" / week[:4] / week[5:] / f"{branch}-{digest}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes("".join(line_of(line) for line in lines).encode())

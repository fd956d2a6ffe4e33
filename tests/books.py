"""Small random books for property tests: valid definitions, ledgers with every kind of trouble.

`cases()` draws a book with a period, a kind of subject and filters; `write` puts a book on disk.
Batches are serialised while they are drawn, since an entry's id is the digest of its batch's bytes.
The definitions come from `book_files`.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from hypothesis import strategies as st

from book_files import (
    CRITERIA,
    ITEMS,
    MOBILE,
    POSTS,
    UNITS,
    Draw,
    between,
    branch_files,
    one,
    points_between,
    scheme_versions,
    some,
    sometimes,
    tape,
    times,
)
from oracle import Book, scheme_at, thursday, week_after

STARTS = ["2025-W49", "2025-W51", "2026-W01", "2026-W12", "2026-W38", "2026-W49", "2026-W52"]
OFFSETS = ["Z", "+08:00", "-05:00", "+05:30"]
GONE = "gone"  # a branch that the book does not know
# How many books the rules are tried on; the other property tests take a part of it. Of the 40 mistakes in
# benchmarks/mutants.py 36 are seen within 100 books, two within 400, and two later.
MANY = int(os.environ.get("QIBI_BOOKS", "250"))


@dataclass(frozen=True)
class Case:
    """A book and one ranking of it."""

    book: Book
    period: str
    by: str
    branch: str | None
    criterion: str | None


# Ledger


@dataclass
class Drawing:
    """A ledger while it is drawn: what a batch may refer to, and what was recorded so far."""

    schemes: dict[str, dict]
    subjects: list[str]
    members: list[str]
    entries: list[dict]


def instant(draw: Draw, week: str) -> str:
    """RFC 3339 with differing offsets, few enough instants that two entries may share one."""
    monday = thursday(week) + timedelta(days=4)
    when = datetime(monday.year, monday.month, monday.day, 1, tzinfo=UTC)
    when += timedelta(hours=between(draw, 0, 3))
    offset = one(draw, OFFSETS)
    if offset == "Z":
        return when.strftime("%Y-%m-%dT%H:%M:%SZ")
    hours, minutes = int(offset[1:3]), int(offset[4:])
    zone = timezone((-1 if offset[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
    return when.astimezone(zone).isoformat()


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


def a_score(draw: Draw, drawing: Drawing, week: str, earlier: list[dict]) -> dict:
    """Mostly an item of the week's scheme with points it allows; often one that met the same
    subject this week, so that caps, exclusions and second scores have something to decide."""
    known = [f"{criterion}.{item}" for criterion in CRITERIA for item in ITEMS] + CRITERIA
    known = [name for name in known if definition_of(drawing.schemes, week, name)]
    others = ["safety.ghost", "ghost.a", "quality", "quality.a", "tidiness", "digital.c"]
    pool = others if not known or sometimes(draw, 8) else known
    name = one(draw, pool)
    subject = one(draw, drawing.subjects)
    if earlier and sometimes(draw, 2):
        again = one(draw, earlier)
        subject = again["subject"]
        if sometimes(draw, 2):
            name = again["item"]
        elif "." in again["item"] and sometimes(draw, 2):
            siblings = [other for other in pool if other.startswith(again["item"][:-1])]
            name = one(draw, siblings) if siblings else name
    fields = {"subject": subject, "item": name}
    definition = definition_of(drawing.schemes, week, name)
    allowed = definition["points"] if definition and "points" in definition else None
    if definition and "scoring" in definition:
        low, high = definition["min"] - 1, definition["max"] + 1
        fields["points"] = points_between(draw, low, high)
    elif allowed is None or sometimes(draw, 12):
        odd_ones = [9999.99, -9999.99, 0, 0.01, -3.75]
        fields["points"] = (
            one(draw, odd_ones) if sometimes(draw, 2) else points_between(draw, -6, 6)
        )
    elif isinstance(allowed, list):
        fields["points"] = one(draw, allowed)
    elif isinstance(allowed, dict):
        fields["points"] = points_between(draw, allowed["from"], allowed["to"])
    elif "per" in definition:
        fields["count"] = between(draw, 1, 7)
        fields["points"] = times(allowed, fields["count"])
    else:
        fields["points"] = allowed
    if sometimes(draw, 8):
        fields["note"] = "现场检查 “3号坑”\n=1+1"
    return fields


def a_void(draw: Draw, drawing: Drawing, branch: str, week: str) -> dict:
    """Mostly of an entry of this branch and week; else of a void of theirs, of an entry of another
    branch or week, or of nothing."""
    near = [e for e in drawing.entries if e["branch"] == branch and e["week"] == week]
    voids = [e["id"] for e in near if e["kind"] == "void"]
    rest = [e["id"] for e in near if e["kind"] != "void"]
    far = [e["id"] for e in drawing.entries if e not in near]
    nothing = ["0123456789abcdef.1"] + [f"{e['id'][:16]}.999" for e in near[:1]]
    aims = [rest, rest, rest, rest, voids, voids, far, nothing]
    aim = one(draw, [keys for keys in aims if keys])
    return {"entry": one(draw, aim), "note": "录错"}


def a_remedy(draw: Draw, drawing: Drawing) -> dict:
    """A step in a remedy's life, which has no part in any total."""
    state = one(draw, ["open", "reported", "verified", "reopened"])
    fields = {"remedy": "w41-1", "state": state, "subject": one(draw, drawing.subjects)}
    if state == "open":
        fields.update(owner=one(draw, drawing.members), measure="补围挡", due="2026-11-20")
    return fields


def a_batch(draw: Draw, drawing: Drawing, branch: str, week: str, kinds: list[str]) -> list[dict]:
    """One batch of these kinds of line, without ids."""
    lines = []
    for kind in kinds:
        fields = {}
        if kind == "score":
            known = [e for e in [*drawing.entries, *lines] if e["week"] == week]
            earlier = [entry for entry in known if entry["kind"] == "score"]
            fields = a_score(draw, drawing, week, earlier)
        if kind == "exempt":
            fields = {"subject": one(draw, drawing.subjects), "note": "请假"}
        if kind == "void":
            fields = a_void(draw, drawing, branch, week)
        if kind == "task":
            fields = {"subject": one(draw, drawing.subjects), "task": "jack-pit", "progress": 50}
        if kind == "remedy":
            fields = a_remedy(draw, drawing)
        common = {
            "kind": kind,
            "week": week,
            "branch": branch,
            "recorded_by": one(draw, drawing.members),
            "recorded_at": instant(draw, week),
        }
        lines.append({**common, **fields})
    return lines


def line_of(entry: dict) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"


def digest_of(lines: list[dict]) -> str:
    text = "".join(line_of(line) for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stands(entries: list[dict], lines: list[dict]) -> bool:
    """Whether a batch of these lines is among them."""
    return any(entry["id"] == f"{digest_of(lines)}.1" for entry in entries)


def record(entries: list[dict], lines: list[dict]) -> list[str]:
    """Append a batch and give its entries' ids; the same bytes twice are one file, recorded once."""
    digest = digest_of(lines)
    keys = [f"{digest}.{number}" for number in range(1, len(lines) + 1)]
    if not stands(entries, lines):
        entries += [{**line, "id": key} for line, key in zip(lines, keys, strict=True)]
    return keys


def exempt_throughout(draw: Draw, drawing: Drawing, weeks: list[str], place: str) -> None:
    """Someone is exempt in every week, as `qibi exempt --week W47..W50` writes it."""
    subject = one(draw, drawing.subjects)
    for week in weeks:
        line = {"kind": "exempt", "week": week, "branch": place}
        line.update(recorded_by=drawing.members[0], recorded_at=instant(draw, week))
        record(drawing.entries, [{**line, "subject": subject, "note": "不可抗力"}])


def ledger(draw: Draw, weeks: list[str], schemes: dict[str, dict], branches: list[dict]) -> list:
    """First every branch's week as it should be (or missing), then further batches of all kinds."""
    members = sorted({member["id"] for branch in branches for member in branch["members"]})
    cps = sorted({cp["id"] for branch in branches for cp in branch["cps"]})
    names = [branch["id"] for branch in branches]
    strangers = ["ghost", "b1-g1", MOBILE, UNITS[0]]  # of whom no entry counts
    subjects = [*members, *cps, *names, one(draw, strangers)]
    drawing = Drawing(schemes, subjects, members, [])
    for week in weeks:
        if sometimes(draw, 10):
            continue
        for branch in names:
            if sometimes(draw, 8):
                continue
            scored = ["score"] * between(draw, 0, 4)
            record(drawing.entries, a_batch(draw, drawing, branch, week, ["assessed", *scored]))
    if sometimes(draw, 4):
        exempt_throughout(draw, drawing, weeks, one(draw, names))
    kinds = ["score", "score", "score", "void", "void", "void", "exempt", "exempt", "assessed"]
    kinds += ["task", "remedy"]
    places = [*names, GONE] if sometimes(draw, 4) else names
    for _ in range(between(draw, 0, 12)):
        branch, week = one(draw, places), one(draw, weeks)
        drawn = [one(draw, kinds) for _ in range(between(draw, 1, 4))]
        record(drawing.entries, a_batch(draw, drawing, branch, week, drawn))
    return drawing.entries


# Books, periods and cases


def weeks_from(start: str, count: int) -> list[str]:
    return [week_after(start, n) for n in range(count)]


def a_book(draw: Draw) -> Book:
    """A book of one to four branches and one to eight weeks."""
    weeks = weeks_from(one(draw, STARTS), one(draw, [1, 2, 3, 4, 5, 6, 7, 8, 3, 4, 5, 6]))
    around = [week_after(weeks[0], -1), *weeks, week_after(weeks[-1], 1)]
    schemes = scheme_versions(draw, weeks)
    branches = branch_files(draw, around)
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
    return Book(book, schemes, branches, ledger(draw, weeks, schemes, branches))


def a_period(draw: Draw, weeks: list[str]) -> str:
    """A week, range, month, quarter or year that holds one of these weeks."""
    week = one(draw, [*weeks, *weeks, week_after(weeks[-1], 1)])
    day = thursday(week)
    kind = one(draw, ["week", "week", "range", "range", "range", "month", "quarter", "year"])
    if kind == "week":
        return week
    if kind == "range":
        return f"{week}..{one(draw, [week, *[w for w in weeks if w > week]])}"
    if kind == "month":
        return f"{day.year:04}-{day.month:02}"
    if kind == "quarter":
        return f"{day.year:04}-Q{(day.month + 2) // 3}"
    return f"{day.year:04}"


def weeks_within(book: Book) -> list[str]:
    """From the first to the last week that the ledger has entries for."""
    weeks = sorted({entry["week"] for entry in book.entries}) or sorted(book.schemes)
    return weeks_from(weeks[0], 1 + (thursday(weeks[-1]) - thursday(weeks[0])).days // 7)


def cases() -> st.SearchStrategy[Case]:
    return tape().map(a_case)


def a_case(draw: Draw) -> Case:
    """A book and a ranking; `--branch` only for what has a branch."""
    book = a_book(draw)
    weeks = weeks_within(book)
    period = a_period(draw, weeks)
    by = one(draw, ["member", "cp", "branch", "group", "unit", "post", "member", "cp", "branch"])
    branch = None
    if by not in ("unit", "post") and sometimes(draw, 5):
        branch = one(draw, [branch["id"] for branch in book.branches])
    known = sorted({c["id"] for scheme in book.schemes.values() for c in scheme["criteria"]})
    criterion = one(draw, known) if sometimes(draw, 6) else None
    return Case(book, period, by, branch, criterion)


def rerecorded(book: Book, parts: list[list[int]]) -> Book:
    """The same entries in these batches, each a list of places in `book.entries`.

    What hangs on ids is kept: voids are told the new ids of what they name, so that must come in an
    earlier batch; and each line is made at an instant of its own, so that no id decides which of two
    direct scores counts.
    """
    begin = datetime(2026, 11, 20, tzinfo=UTC)
    entries: list[dict] = []
    new_ids: dict[str, str] = {}
    for part in parts:
        lines = []
        for place in part:
            line = {key: value for key, value in book.entries[place].items() if key != "id"}
            line["recorded_at"] = (begin + timedelta(seconds=place)).isoformat()
            if line["kind"] == "void":
                line["entry"] = new_ids.get(line["entry"], line["entry"])
            lines.append(line)
        keys = record(entries, lines)
        new_ids.update(zip((book.entries[place]["id"] for place in part), keys, strict=True))
    return Book(book.book, book.schemes, book.branches, entries)


def in_order(book: Book) -> Book:
    """The book as it is, one batch a line."""
    return rerecorded(book, [[place] for place in range(len(book.entries))])


def shuffled(draw: Draw, book: Book) -> Book:
    """The same entries in another order and other batches; voids come last."""
    piles: dict[tuple[str, str], list[int]] = {}
    voids = []
    for place, entry in enumerate(book.entries):
        if entry["kind"] == "void":
            voids.append([place])
        else:
            piles.setdefault((entry["week"], entry["branch"]), []).append(place)
    parts = []
    for key in some(draw, sorted(piles), len(piles)):
        places = some(draw, piles[key], len(piles[key]))
        while places:
            size = between(draw, 1, len(places))
            parts.append(places[:size])
            places = places[size:]
    return rerecorded(book, [*parts, *voids])


def further_line(draw: Draw, book: Book, period: set[str]) -> dict:
    """One more line of any kind but a void, in a branch of the book and in a week of the period, if
    the ledger has one of it."""
    members = sorted({member["id"] for branch in book.branches for member in branch["members"]})
    cps = sorted({cp["id"] for branch in book.branches for cp in branch["cps"]})
    names = [branch["id"] for branch in book.branches]
    drawing = Drawing(book.schemes, [*members, *cps, *names], members, book.entries)
    kind = one(draw, ["score", "score", "exempt", "assessed", "task", "remedy"])
    weeks = weeks_within(book)
    week = one(draw, sorted(period & set(weeks)) or weeks)
    branch = one(draw, names)
    return a_batch(draw, drawing, branch, week, [kind])[0]


# On disk


def write(book: Book, root: Path) -> None:
    """Write the book to disk as docs/formats.md lays it out; YAML as JSON text, which is YAML too."""

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

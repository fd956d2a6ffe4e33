"""Makes the example book and its sheets: `python ledgers/make_example [--out DIR]`; `--report` shows its weeks.

Everything is made up and comes from one seed: two runs give the same bytes. A ledger only grows,
so one that exists is never written over.
"""

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

import example_data as data
from example_definitions import book_yaml, branch_yaml, plan_yaml, scheme_yaml
from example_people import (
    ITEMS,
    WEEKS,
    Branch,
    Task,
    dice,
    make_branches,
    make_plan,
    monday,
    number,
)
from example_report import report
from example_sheets import write_sheets
from example_weeks import (
    Score,
    Week,
    approver,
    draw,
    make_score,
    make_week,
    milestone_scores,
    needs_approval,
    progress,
)

HERE = Path(__file__).parent.parent
CHINA = timezone(timedelta(hours=8))
# The order of a line's fields, on every line alike.
FIELDS = (
    "kind",
    "week",
    "branch",
    "subject",
    "item",
    "points",
    "count",
    "date",
    "note",
    "evidence",
    "scored_by",
    "approved_by",
    "task",
    "milestone",
    "progress",
    "done",
    "entry",
    "recorded_by",
    "recorded_at",
    "source",
)
Line = dict[str, object]


@dataclass(frozen=True)
class Batch:
    branch: str
    week: str
    text: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text).hexdigest()[:16]

    @property
    def path(self) -> str:
        year, week = self.week.split("-")
        return f"ledger/{year}/{week}/{self.branch}-{self.digest}.jsonl"


class Desk:
    """Where a branch's secretary records: every line of a batch bears the same name and time."""

    def __init__(self, branch: Branch, week: str, at: datetime, source: str | None = None) -> None:
        self.branch, self.week = branch, week
        self.stamp = {
            "week": week,
            "branch": branch.id,
            "recorded_by": branch.secretary,
            "recorded_at": at.isoformat(),
            "source": source,
        }
        self.lines: list[Line] = []

    def add(self, kind: str, **fields: object) -> None:
        given = {"kind": kind, **fields, **self.stamp}
        self.lines.append({name: given[name] for name in FIELDS if given.get(name) is not None})

    def score(self, score: Score) -> None:
        self.add(
            "score",
            subject=score.subject,
            item=score.item,
            points=score.points,
            count=score.count if score.count != 1 else None,
            date=score.day.isoformat() if score.day else None,
            note=score.note,
            evidence=[score.evidence] if score.evidence else None,
            scored_by=score.scored_by,
            approved_by=score.approved_by,
            task=score.task,
            milestone=score.milestone,
        )

    def batch(self) -> Batch:
        rows = (json.dumps(x, ensure_ascii=False, separators=(",", ":")) for x in self.lines)
        return Batch(self.branch.id, self.week, "".join(f"{row}\n" for row in rows).encode())


def at(week: str, weekday: int, rng: random.Random) -> datetime:
    """An office hour of the day `weekday` days after the week's Monday."""
    day: date = monday(week) + timedelta(days=weekday)
    clock = time(rng.randint(8, 17), rng.randint(0, 59), rng.randint(0, 59))
    return datetime.combine(day, clock, CHINA)


def main_batch(branch: Branch, week: str, made: Week, plan: list[Task]) -> Batch:
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
        for milestone, percent in progress(week, task):
            done = milestone.done.isoformat() if percent is None else None
            if percent is None or rng.random() < 0.6:
                where = {"task": task.id, "milestone": milestone.id}
                desk.add("task", subject=branch.cp, **where, progress=percent, done=done)
    return desk.batch()


def single_entry(branch: Branch, week: str, made: Week) -> Batch | None:
    """An entry typed on the spot, on the Saturday of the week or just after it."""
    rng = dice("single", branch.id, week)
    present = [m.id for m in branch.active(week) if m.id not in made.exempt and m.id != "o1-008"]
    subject = rng.choice(present)
    item = draw(rng, data.MEMBER_GOOD if rng.random() < 0.6 else data.MEMBER_BAD, 1)[0]
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


def make_batches(branches: Iterable[Branch], plans: dict[str, list[Task]]) -> list[Batch]:
    found: list[Batch | None] = []
    for week in WEEKS:
        for branch in branches:
            made = make_week(branch, week)
            main = main_batch(branch, week, made, plans[branch.id])
            found.append(main)
            if (branch.id, week) == ("outer-1", "2026-W46"):
                continue  # mockups.md shows the places of this week
            extra = dice("extra", branch.id, week).random()
            if extra < 0.12:
                found.append(correction(branch, week, made, main))
            elif extra < 0.3:
                found.append(single_entry(branch, week, made))
    return [batch for batch in found if batch]


def write_book(book: Path) -> None:
    branches = make_branches()
    plans = {branch.id: make_plan(branch) for branch in branches}
    files = {
        "README.md": data.README,
        ".gitattributes": "ledger/** -text\nseals/** -text\n",
        ".gitignore": "ledger/.lock\n*.tmp\n",
        "qibi.yaml": book_yaml(),
        "scheme/2026-W01.yaml": scheme_yaml(),
    }
    for branch in branches:
        files[f"branches/{branch.id}.yaml"] = branch_yaml(branch)
        files[f"plans/{branch.cp}.yaml"] = plan_yaml(branch, plans[branch.id])
    for name, text in files.items():
        write(book / name, text.encode())
    for batch in make_batches(branches, plans):
        write(book / batch.path, batch.text)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="where example/ is (made)")
    parser.add_argument("--report", action="store_true", help="only show what the book comes to")
    options = parser.parse_args()
    book = options.out / "example"
    if options.report:
        print("\n".join(report(book, make_branches())))
        return 0
    if (book / "ledger").exists():
        print(f"{book / 'ledger'} exists: a ledger only grows, nothing written", file=sys.stderr)
        return 1
    write_book(book)
    write_sheets(options.out / "example-sheets" / "2026-W47", make_branches())
    return 0


if __name__ == "__main__":
    sys.exit(main())

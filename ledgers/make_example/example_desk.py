"""How the example's entries become lines, and lines batches."""

import hashlib
import json
import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from example_people import Branch, monday
from example_weeks import Score

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
    "remedy",
    "state",
    "owner",
    "measure",
    "due",
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
    """Where a branch's secretary (or who else) records: every line of a batch bears the same name and time."""

    def __init__(
        self,
        branch: Branch,
        week: str,
        at: datetime,
        source: str | None = None,
        by: str | None = None,
    ) -> None:
        self.branch, self.week = branch, week
        self.stamp = {
            "week": week,
            "branch": branch.id,
            "recorded_by": by or branch.secretary,
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
            evidence=[e for e in (score.evidence, *score.more) if e] or None,
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

"""Closes the example's weeks, as its secretary would have: `python ledgers/make_example/close_weeks.py`.

Each week is closed on the Saturday after its objections, with what had been recorded by then; one is
corrected later. A seal is written once: weeks that are closed already are left alone, and the seals
that stand name the rules of the qibi that wrote them.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from qibi.base import weeks as wk
from qibi.book.load import load
from qibi.ledger.store import write_seal
from qibi.proof.closing import CloseRequest, prepare

BOOK = Path(__file__).parent.parent / "example"
CHINA = timezone(timedelta(hours=8))
FIRST, LAST = "2026-W31", "2026-W44"
CORRECTED, APPROVED_BY = "2026-W36", "o4-004"
CLOSED_BY = "o1-001"


@dataclass(frozen=True, order=True)
class Occasion:
    """A week is closed (or closed again) at a moment."""

    at: datetime
    week: str
    approved_by: str = ""
    note: str = ""


def occasions() -> list[Occasion]:
    """When each week was closed, in the order of time."""
    found = [
        Occasion(moment(wk.sunday(week) + timedelta(days=6), 10), week)
        for week in wk.span(FIRST, LAST)
    ]
    later = moment(wk.sunday(CORRECTED) + timedelta(days=11), 15)
    found.append(Occasion(later, CORRECTED, APPROVED_BY, "域外四标段异议成立"))
    return sorted(found)


def moment(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, 5, tzinfo=CHINA)


def recorded(path: Path) -> datetime:
    first = path.read_text("utf-8").splitlines()[0]
    return datetime.fromisoformat(json.loads(first)["recorded_at"])


def main() -> None:
    """Write the seals that are not there yet."""
    with tempfile.TemporaryDirectory() as folder:
        past = Path(folder) / "book"
        shutil.copytree(BOOK, past, ignore=shutil.ignore_patterns("ledger", "seals"))
        batches = {path: recorded(path) for path in (BOOK / "ledger").rglob("*.jsonl")}
        definitions = load(past)
        for occasion in occasions():
            for path, at in batches.items():
                target = past / path.relative_to(BOOK)
                if at <= occasion.at and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, target)
            revision = 2 if occasion.approved_by else 1
            name = f"{occasion.week}.json" if revision == 1 else f"{occasion.week}.r2.json"
            there = BOOK / "seals" / name
            if there.exists():
                (past / "seals").mkdir(exist_ok=True)
                shutil.copy(there, past / "seals" / name)
                continue
            wish = CloseRequest(
                CLOSED_BY, occasion.at.isoformat(), {}, occasion.approved_by, occasion.note
            )
            closing = prepare(past, definitions, occasion.week, wish, occasion.at.date(), [])
            for book in (past, BOOK):
                write_seal(book, closing.path, closing.raw)
            print(closing.path, closing.digest[:16])


if __name__ == "__main__":
    main()

"""Makes the example book and its sheets: `python ledgers/make_example [--out DIR]`; `--report` shows its weeks.

Everything is made up and comes from one seed: two runs give the same bytes. A ledger only grows,
so a batch that exists is never written over: a book made before gets what is new, or nothing.
"""

import argparse
import sys
from pathlib import Path

from example_batches import correction, main_batch, single_entry, upheld_objection
from example_definitions import book_yaml, branch_yaml, plan_yaml, scheme_yaml
from example_desk import Batch
from example_earlier import EARLIER_TASKS, REVISION, arrange, whole_book
from example_evidence import FILES
from example_midweek import midweek_batches
from example_people import (
    EARLIER,
    ITEMS,
    OLD_ITEMS,
    REVISED,
    WEEKS,
    Branch,
    Task,
    dice,
    make_plan,
)
from example_readme import README
from example_remedies import remedy_batches
from example_report import report
from example_sheets import write_sheets
from example_weeks import make_week

HERE = Path(__file__).parent.parent
CORRECTED = ("outer-4", "2026-W36")  # an objection upheld after the week was closed
Plans = dict[str, list[Task]]  # by branch


def make_batches(branches: list[Branch]) -> list[Batch]:
    """The weeks as they were scored, then what was recorded on other days of them."""
    found: list[Batch | None] = []
    for week in (*EARLIER, *WEEKS):
        for branch in branches:
            if branch.alive(week):
                found += week_batches(branch, week)
    scored = [batch for batch in found if batch]
    return [*scored, *midweek_batches(branches), *remedy_batches(branches, scored)]


def week_batches(branch: Branch, week: str) -> list[Batch | None]:
    made = make_week(branch, week)
    if week in EARLIER:
        arrange(made, branch, week)
        main = main_batch(branch, week, made, EARLIER_TASKS.get(branch.cp, []), EARLIER[0])
    else:
        main = main_batch(branch, week, made, make_plan(branch))
    if (branch.id, week) == CORRECTED:
        return [main, upheld_objection(branch, week, main)]
    extra = dice("extra", branch.id, week).random()
    if (branch.id, week) == ("outer-1", "2026-W46"):
        return [main]  # mockups.md shows the places of this week
    if extra < 0.12:
        return [main, correction(branch, week, made, main)]
    return [main, single_entry(branch, week, made) if extra < 0.3 else None]


def book_files(branches: list[Branch]) -> dict[str, bytes]:
    """Everything but the ledger, by path."""
    texts = {
        "README.md": README,
        ".gitattributes": "ledger/** -text\nseals/** -text\nsheets/** -text\nevidence/** -text\n",
        ".gitignore": "ledger/.lock\n*.tmp\n",
        "qibi.yaml": book_yaml(),
        "scheme/2026-W01.yaml": scheme_yaml(OLD_ITEMS, 102.5, REVISION),
        f"scheme/{REVISED}.yaml": scheme_yaml(ITEMS, 103),
    }
    for branch in branches:
        later = [] if branch.called else make_plan(branch)
        plan = [*EARLIER_TASKS.get(branch.cp, []), *later]
        texts[f"branches/{branch.id}.yaml"] = branch_yaml(branch)
        texts[f"plans/{branch.cp}.yaml"] = plan_yaml(branch, plan)
    return {name: text.encode() for name, text in texts.items()} | FILES


def write_book(book: Path, branches: list[Branch]) -> str:
    """Writes what is not there yet, and the definitions anew; refuses a ledger of another making."""
    batches = {batch.path: batch.text for batch in make_batches(branches)}
    there = {path.relative_to(book).as_posix() for path in (book / "ledger").rglob("*.jsonl")}
    if not there <= batches.keys():
        return f"{book / 'ledger'} holds batches of another making: nothing written"
    for name, content in (book_files(branches) | batches).items():
        if name not in there:
            write(book / name, content)
    return ""


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="where example/ is (made)")
    parser.add_argument("--report", action="store_true", help="only show what the book comes to")
    options = parser.parse_args()
    book = options.out / "example"
    branches = whole_book()
    if options.report:
        print("\n".join(report(book, branches)))
        return 0
    refused = write_book(book, branches)
    if refused:
        print(refused, file=sys.stderr)
        return 1
    write_sheets(options.out / "example-sheets" / "2026-W47", [b for b in branches if not b.called])
    return 0


if __name__ == "__main__":
    sys.exit(main())

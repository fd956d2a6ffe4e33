"""The example book: made again to the byte, clean, and with something to show for every command."""

import hashlib
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest

from qibi.base import weeks
from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.checks.registry import chain_of, run_all
from qibi.ledger.batches import Batch, Index, read_weeks, weeks_with_batches
from qibi.ledger.entries import Exempt, File, Remedy, Score, Task, Void
from qibi.ledger.progress import state_of_plan
from qibi.ledger.remedies import lives
from qibi.ledger.seals import parse_whole
from qibi.scoring.lists import lists_of

TOP = Path(__file__).parents[2]
EXAMPLE = TOP / "ledgers" / "example"
ADDED = [f"2026-W{number}" for number in range(31, 39)]
WEEKS = [f"2026-W{number}" for number in range(31, 47)]
TODAY = date(2026, 11, 20)
# Of the paths of the batches that were there first, and a path holds its batch's digest.
FIRST = "03f4bebba6200133"


def content(folder: Path) -> dict[str, bytes]:
    """Each file's bytes; of a spreadsheet those of its parts, as not every zlib packs alike."""
    found: dict[str, bytes] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".xlsx":
            with ZipFile(path) as sheet:
                found |= {f"{name}/{part}": sheet.read(part) for part in sheet.namelist()}
        elif path.is_file() and path.name != ".lock":
            found[name] = path.read_bytes()
    return found


def without_seals(files: dict[str, bytes]) -> dict[str, bytes]:
    """What is made anew: seals are written once, by the rules of their day."""
    return {path: raw for path, raw in files.items() if not path.startswith("seals/")}


@pytest.fixture(scope="module")
def book() -> Definitions:
    return load(EXAMPLE)


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    return read_weeks(EXAMPLE, weeks_with_batches(EXAMPLE))


@pytest.fixture(scope="module")
def scores(batches: list[Batch]) -> list[Score]:
    """The live ones."""
    return [score for _key, score in Index(batches).live(Score)]


def test_the_book_and_its_sheets_are_made_again_to_the_byte(tmp_path: Path) -> None:
    made = [sys.executable, str(TOP / "ledgers" / "make_example"), "--out", str(tmp_path)]
    subprocess.run(made, check=True)
    for name in ("example", "example-sheets"):
        assert content(tmp_path / name) == without_seals(content(TOP / "ledgers" / name))
    subprocess.run(made, check=True)  # again: nothing is added, nothing refused
    assert content(tmp_path / "example") == without_seals(content(EXAMPLE))


def test_the_batches_that_were_there_first_are_there_still(batches: list[Batch]) -> None:
    first = [
        batch.path
        for batch in batches
        if batch.week not in ADDED and not isinstance(batch.entries[0], Task | Remedy)
    ]
    assert hashlib.sha256("\n".join(sorted(first)).encode()).hexdigest()[:16] == FIRST


def test_a_ledger_of_another_making_is_refused(tmp_path: Path) -> None:
    alien = tmp_path / "example" / "ledger" / "2026" / "W39" / "outer-1-0123456789abcdef.jsonl"
    alien.parent.mkdir(parents=True)
    alien.write_text("{}\n")
    made = [sys.executable, str(TOP / "ledgers" / "make_example"), "--out", str(tmp_path)]
    found = subprocess.run(made, capture_output=True, text=True, check=False)
    assert found.returncode == 1 and "another making" in found.stderr
    assert list(content(tmp_path)) == [alien.relative_to(tmp_path).as_posix()]


def test_fourteen_weeks_are_closed_and_one_was_corrected(book: Definitions) -> None:
    sealed, broken = chain_of(EXAMPLE)
    assert broken == []
    assert {f.seal.week for f in sealed} == set(weeks.span("2026-W31", "2026-W44"))
    (corrected,) = [f for f in sealed if f.seal.revision == 2]
    changes = parse_whole((EXAMPLE / corrected.path).read_bytes())["changes"]
    assert corrected.seal.week == "2026-W36" and changes["approved_by"] == "o4-004"
    moved = [row for row in changes["subjects"] if row["by"] == "member"]
    assert any(row["before"]["total"] < row["after"]["total"] for row in moved)


def test_the_checks_find_nothing() -> None:
    found = run_all(EXAMPLE, None)
    assert (found.errors, found.warnings) == ([], [])


def test_its_people_are_as_the_readme_says(book: Definitions) -> None:
    for week in WEEKS:
        alive = {b.id for b in book.branches if b.alive(week)}
        assert ("river-1" in alive, "inner-9" in alive) == (week <= "2026-W36", week >= "2026-W34")
        assert len(alive) == 19 - (week < "2026-W34") - (week > "2026-W36")
    here = [m for m in book.memberships if m.since <= "2026-W46" <= m.until]
    assert len(here) == len({m.id for m in here}) == 200
    assert sum(m.branch.startswith("outer-") for m in here) == 84
    assert not any(m.group == "mobile-g1" or m.id.startswith(("mg-", "rc-")) for m in here)


def test_the_mobile_group_moves_with_its_people(book: Definitions) -> None:
    places = {}
    for week in ("2026-W34", "2026-W36", "2026-W37", "2026-W38"):
        people = [
            m for m in book.memberships if m.group == "mobile-g1" and m.since <= week <= m.until
        ]
        assert len(people) == 7 and sum(m.status == "staff" for m in people) == 2
        (places[week],) = {m.branch for m in people}
    assert list(places.values()) == ["inner-10", "inner-10", "inner-8", "inner-8"]


def test_each_kind_of_veto_fires_once(book: Definitions, scores: list[Score]) -> None:
    fired: Counter[str] = Counter()
    for score in scores:
        scheme = book.scheme(score.week)
        item = scheme.item(score.item) if scheme else None
        assert item is not None
        fired["total_at_most"] += item.veto_total_at_most is not None
        fired["total"] += item.veto_total is not None
        fired["criterion"] += item.veto_criterion is not None
    assert fired == {"total_at_most": 1, "total": 1, "criterion": 1}


def test_honours_are_typed_and_their_files_are_there(scores: list[Score]) -> None:
    found: Counter[str] = Counter()
    for score in scores:
        for evidence in score.evidence:
            if isinstance(evidence, File):
                raw = (EXAMPLE / evidence.path).read_bytes()
                assert hashlib.sha256(raw).hexdigest() == evidence.sha256
                found[evidence.kind] += 1
                found["file"] += 1
            elif ":" in evidence:
                found[evidence.partition(":")[0]] += 1
    assert found == {
        "letter": 4,
        "pennant": 3,
        "medal": 1,
        "patent": 6,
        "pledge": 5,
        "document": 2,
        "file": 3,
    }


def test_remedies_are_in_every_state_and_keep_to_the_rules(batches: list[Batch]) -> None:
    found = lives(batches)
    assert {life.state for life in found.values()} == {"open", "reported", "verified", "reopened"}
    overdue = [key for key, life in found.items() if life.overdue(TODAY)]
    assert overdue == ["r-43-2", "r-45-1", "r-45-2", "r-46-1", "r-46-2"]
    assert not [s for life in found.values() for s in life.history if s.breach]
    assert not found["2026-031"].overdue(TODAY) and found["2026-031"].subject == "o1-008"


@pytest.mark.parametrize("week", WEEKS)
def test_every_black_listed_cp_has_a_remedy_but_those_of_w44(
    book: Definitions, batches: list[Batch], week: str
) -> None:
    found = lists_of(EXAMPLE, book, weeks.single(week))["cp"]
    opened = {
        life.subject
        for life in lives(batches).values()
        if life.week == week and life.id.startswith("r-")
    }
    black = {standing.subject for standing in found.black}
    assert opened == (set() if week == "2026-W44" else black)
    assert len(black) >= 2


def test_plans_hold_milestones_early_late_overdue_and_open(
    book: Definitions, batches: list[Batch]
) -> None:
    index = Index(batches)
    days = {}
    for plan in book.plans:
        state = state_of_plan(plan, index)
        assert not state.unknown
        for task in state.tasks:
            for m in task.milestones:
                days[plan.cp, task.task.id, m.milestone.id] = m.days(TODAY), bool(m.done)
    assert days["o4-cp", "pipe-delivery", "first"] == (7, True)
    assert days["i1-cp", "trench", "support"] == (-5, True)
    assert days["i4-cp", "pipe-delivery", "all"] == (-21, False)
    assert days["i9-cp", "trench", "checked"] == (None, False)


def test_each_uneven_milestone_is_scored_with_its_days(
    book: Definitions, batches: list[Batch], scores: list[Score]
) -> None:
    index = Index(batches)
    due = {
        (plan.cp, m.milestone.id, task.task.id): m.days(TODAY)
        for plan in book.plans
        for task in state_of_plan(plan, index).tasks
        for m in task.milestones
        if m.done and m.days(TODAY)
    }
    scored = [
        ((s.subject, s.milestone, s.task), s.points) for s in scores if ".milestone-" in s.item
    ]
    assert len(scored) == len(dict(scored)) and dict(scored) == due


def test_the_added_weeks_hold_what_happens_to_people(batches: list[Batch]) -> None:
    entries = [e for b in batches if b.week in ADDED for e in b.entries]
    kinds = Counter(type(e) for e in entries)
    assert kinds[Exempt] > 8 and kinds[Void] > 8 and kinds[Task] > 8
    scored = [e for e in entries if isinstance(e, Score)]
    assert any(e.item == "digital.late-entry" for e in scored)
    assert any(e.judge == e.subject and e.approved_by not in ("", e.subject) for e in scored)

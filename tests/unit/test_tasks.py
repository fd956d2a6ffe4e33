"""`qibi task`: what is done, gained or lost; what is refused; what is proposed to the scorer, once."""

import json
import shlex
from datetime import date
from pathlib import Path

import pytest
from test_init import Run

from qibi.base.text import width
from qibi.book.definitions import Label, Milestone, Plan
from qibi.book.definitions import Task as PlannedTask
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import Entry, Task, Void
from qibi.ledger.progress import state_of_plan

TODAY = date(2026, 11, 20)
FILES = {
    "qibi.yaml": "id: t\nlanguage: en\n",
    "scheme/2026-W01.yaml": """
total: {min: 0, max: 120}
second_from: 3
scorers: [{id: dispatch}]
criteria:
  - id: schedule
    applies_to: [cp]
    base: 10
    min: 0
    max: 14
    items:
      - {id: late, name: Late, points: -1, per: day, cap: -5, auto: milestone, scorer: dispatch}
      - {id: early, name: Early, points: 1, per: day, cap: 3, auto: milestone}
  - {id: own, applies_to: [member], base: 10, min: 0, max: 14, scoring: direct}
""",
    "branches/north.yaml": """
id: north
members: [{id: ann}, {id: bea}, {id: cem}]
cps:
  - {id: n-cp, name: North pair, members: {a: ann, b: bea}, since: 2026-W10}
  - {id: idle-cp, members: {a: ann, b: bea}}
""",
    "plans/n-cp.yaml": """
cp: n-cp
tasks:
  - id: pit
    name: {zh: 顶管坑, en: Jacking pit}
    milestones: [{id: dig, name: Dig, due: 2026-10-20}, {id: seal, due: 2026-11-18}]
  - {id: weld, milestones: [{id: half, due: 2026-12-30}]}
""",
}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.lstrip(), "utf-8")
    return tmp_path


def run(book: Path, *arguments: str) -> Run:
    return Run(book, *arguments, QIBI_AS="ann")


def plan_of(book: Path, today: str = "2026-11-20") -> dict:
    found = run(book, "task", "list", "n-cp", "--format", "json", "--today", today)
    return json.loads(found.out)


def milestone(book: Path, task: int, number: int) -> dict:
    return plan_of(book)["plans"][0]["tasks"][task]["milestones"][number]


def files(book: Path) -> list[Path]:
    return sorted((book / "ledger").rglob("*.jsonl"))


def scores(book: Path) -> list[dict]:
    lines = [json.loads(n) for p in files(book) for n in p.read_text("utf-8").splitlines()]
    found = [n for n in lines if n["kind"] == "score"]
    return sorted(found, key=lambda n: n["recorded_at"])


def batch(number: int, week: str, *entries: Entry) -> Batch:
    return Batch("", f"{number:016x}", week, "north", entries)


def entry(week: str, at: str, milestone: str, **fields: object) -> Task:
    common = {"week": week, "branch": "north", "recorded_by": "ann", "recorded_at": at}
    return Task(**common, subject="n-cp", task="pit", milestone=milestone, **fields)


def test_the_state_of_a_plan_is_that_of_its_live_entries() -> None:
    label = Label("x", "x")
    dig = Milestone("dig", label, "2026-10-20")
    plan = Plan("n-cp", (PlannedTask("pit", label, (dig,)),))
    monday, tuesday = "2026-10-19T09:00:00+08:00", "2026-10-20T09:00:00+08:00"
    wrong = batch(1, "2026-W43", entry("2026-W43", monday, "dig", done="2026-10-12"))
    void = Void(
        week="2026-W43",
        branch="north",
        recorded_by="ann",
        recorded_at=tuesday,
        entry=f"{1:016x}.1",
        note="",
    )
    later = batch(2, "2026-W43", entry("2026-W43", tuesday, "dig", progress=60))
    sooner = batch(3, "2026-W43", entry("2026-W43", monday, "dig", progress=90))
    earlier_week = batch(4, "2026-W42", entry("2026-W42", tuesday, "dig", progress=95))
    strange = batch(5, "2026-W43", entry("2026-W43", monday, "paint", progress=5))
    batches = [wrong, later, sooner, earlier_week, strange]

    found = state_of_plan(plan, Index(batches)).tasks[0]
    assert (found.done, found.milestones[0].days(TODAY)) == ("2026-10-12", 8)

    batches.append(batch(6, "2026-W43", void))
    state = state_of_plan(plan, Index(batches))
    (reached,) = state.tasks[0].milestones
    assert (state.tasks[0].done, reached.done, reached.progress) == ("", "", 60)
    assert reached.overdue(TODAY) and reached.days(TODAY) == -31
    assert not reached.overdue(date(2026, 10, 20)) and reached.days(date(2026, 10, 20)) is None
    assert state.unknown == (f"{5:016x}.1",)


def test_progress_and_done_are_recorded_in_the_week_of_their_day(book: Path) -> None:
    assert run(book, "task", "progress", "n-cp", "jacking", "dig", "６0％", "--dry-run").code == 0
    assert files(book) == []
    assert run(book, "task", "progress", "North pair", "jacking", "dig", "60%").code == 0
    assert [p.parent.name for p in files(book)] == ["W47"]
    assert milestone(book, 0, 0)["progress"] == 60
    done = run(book, "task", "done", "n-cp", "pit", "dig", "--date", "2026-10-22")
    assert done.code == 0 and "2 days lost" in done.err
    assert {p.parent.name for p in files(book)} == {"W43", "W47"}
    found = milestone(book, 0, 0)
    assert (found["state"], found["done"], found["days"]) == ("done", "2026-10-22", -2)
    assert milestone(book, 0, 1)["state"] == "overdue"
    assert run(book, "check").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("done n-cp pit dog", "unknown milestone 'dog'; did you mean Dig (dig)?"),
        ("done n-cp pot dig", "unknown task 'pot'; did you mean pit?"),
        ("done n-cp pit dig --date 2026-11-21", "2026-11-21 is in the future"),
        ("done n-cp pit dig --date soon", "'soon' is not a date"),
        ("done n-cp pit dig --date 2026-01-05", "is in no branch in 2026-W02"),
        ("done idle-cp pit dig", "idle-cp has no plan"),
        ("done ann pit dig", "unknown CP 'ann'"),
        ("progress n-cp pit 101", "'101' is not a progress from 0 to 100"),
        ("progress n-cp pit dig -- -1", "'-1' is not a progress from 0 to 100"),
        ("progress n-cp pit half", "'half' is not a progress"),
        ("list idle-cp", "idle-cp has no plan"),
    ],
)
def test_bad_input_is_refused(book: Path, words: str, message: str) -> None:
    found = run(book, "task", *words.split())
    assert found.code == 1 and message in found.err, found.err
    assert files(book) == []


def test_done_twice_needs_a_void_first(book: Path) -> None:
    done = ("task", "done", "n-cp", "pit", "dig", "--date")
    assert run(book, *done, "2026-10-22").code == 0
    again = run(book, *done, "2026-10-23")
    assert again.code == 1 and "done on 22 Oct already" in again.err
    assert run(book, "task", "progress", "n-cp", "pit", "dig", "90").code == 1
    assert len(files(book)) == 1
    key = milestone(book, 0, 0)["entry"]
    assert run(book, "void", key, "--reason", "wrong day").code == 0
    assert milestone(book, 0, 0)["state"] == "overdue"
    assert run(book, *done, "2026-10-23").code == 0
    assert milestone(book, 0, 0)["days"] == -3


def test_the_proposal_is_a_command_that_runs_and_is_made_once(book: Path) -> None:
    done = ("task", "done", "n-cp", "pit", "dig", "--date")
    said = run(book, *done, "2026-10-24").err
    (proposal,) = plan_of(book)["proposals"]
    assert (proposal["item"], proposal["days"]) == ("schedule.late", -4)
    assert proposal["command"] in said.replace(" \\\n    ", " ")
    words = [w.replace("WHO", "cem") for w in shlex.split(proposal["command"])]
    assert words[0] == "qibi" and "cem" in words
    scored = run(book, *words[1:])
    assert scored.code == 0, scored.err
    assert plan_of(book)["proposals"] == []
    (score,) = scores(book)
    assert (score["task"], score["milestone"], score["count"]) == ("pit", "dig", 4)
    assert "note" not in score
    assert run(book, *words[1:]).code == 1 and len(scores(book)) == 1
    run(book, "void", milestone(book, 0, 0)["entry"], "--reason", "wrong day")
    again = run(book, *done, "2026-10-23").err
    assert "scored already: -4" in again and "--item schedule.late --count 3" in again
    mend = next(line for line in again.splitlines() if line.startswith("  qibi fix"))
    mended = run(book, *shlex.split(mend)[1:], "--reason", "three days")
    assert mended.code == 0, mended.err
    assert scores(book)[-1]["milestone"] == "dig" and plan_of(book)["proposals"] == []


@pytest.mark.parametrize(("day", "item"), [("2026-10-18", "schedule.early"), ("2026-10-20", None)])
def test_what_is_proposed_follows_the_days(book: Path, day: str, item: str | None) -> None:
    run(book, "task", "done", "n-cp", "pit", "dig", "--date", day)
    proposals = plan_of(book)["proposals"]
    assert [p["item"] for p in proposals] == ([item] if item else [])
    assert not any("WHO" in p["command"] for p in proposals)


def test_the_timetable_fits_and_marks_what_is_late(book: Path) -> None:
    run(book, "task", "done", "n-cp", "pit", "dig", "--date", "2026-11-03")
    found = run(book, "task", "list", "n-cp")
    assert all(width(line) <= 80 for line in found.out.splitlines())
    table = found.out.partition("Timetable")[2].splitlines()
    assert table[0].split() == [str(n) for n in range(43, 54)]
    assert table[2].split() == ["Dig", "o", "-", "x", *"........"]
    assert table[3].split() == ["seal", *"....", "!", *"......"][:12]
    assert table[5].split() == ["half", *"..........", "o"]


def test_a_long_plan_puts_several_weeks_in_a_column(book: Path) -> None:
    path = book / "plans/n-cp.yaml"
    path.write_text(path.read_text("utf-8").replace("2026-12-30", "2028-12-30"), "utf-8")
    found = run(book, "task", "list", "n-cp")
    assert all(width(line) <= 80 for line in found.out.splitlines())
    assert found.out.count(" o\n") == 1


def test_without_a_cp_it_is_an_overview(book: Path) -> None:
    found = run(book, "task", "list")
    assert "North pair" in found.out and "0/3" in found.out and "30 Dec weld half" in found.out
    assert "Timetable" in run(book, "task", "list", "--branch", "north").out
    csv = run(book, "task", "list", "--format", "csv").out.splitlines()
    assert len(csv) == 4 and csv[1].startswith("n-cp,North pair,pit,Jacking pit,dig,Dig,2026-10-20")


def score_dig(book: Path, *words: str) -> Run:
    return run(book, "score", "--milestones", "--branch", "north", "--week", "W44", *words)


def test_milestones_are_scored_once_in_the_week_that_is_scored(book: Path) -> None:
    run(book, "task", "done", "n-cp", "pit", "dig", "--date", "2026-10-24")
    run(book, "task", "done", "n-cp", "pit", "seal", "--date", "2026-11-17")
    refused = score_dig(book)
    assert (
        refused.code == 1
        and "pit/dig: 3 points or more, up or down, need a second person's approval" in refused.err
    )
    assert scores(book) == []
    said = run(book, "score", "--no-events", "--branch", "north", "--week", "W44").err
    command = "qibi score --milestones --branch north --week 2026-W44 --approved-by WHO"
    assert command in said and scores(book) == []
    assert score_dig(book, "--approved-by", "cem", "--dry-run").code == 0 and scores(book) == []
    assert score_dig(book, "--approved-by", "cem").code == 0
    (score,) = scores(book)
    assert (score["week"], score["date"], score["points"]) == ("2026-W44", "2026-10-24", -4)
    assert score["scored_by"] == "dispatch" and "source" not in score
    again = score_dig(book, "--approved-by", "cem")
    assert again.code == 0 and "no milestone to score" in again.err and len(scores(book)) == 1
    key = f"{next(p for p in files(book) if '-4' in p.read_text()).stem.rsplit('-', 1)[1]}.1"
    assert run(book, "void", key, "--reason", "not theirs").code == 0
    assert score_dig(book, "--approved-by", "cem", "--as", "bea").code == 0
    assert len(scores(book)) == 2
    assert run(book, "check").code == 0


@pytest.mark.parametrize("points", ["[-2, -1]", "{from: -2, to: -1}"])
def test_where_points_are_to_be_chosen_the_scorer_chooses(book: Path, points: str) -> None:
    path = book / "scheme/2026-W01.yaml"
    path.write_text(
        path.read_text("utf-8").replace("points: -1, per: day", f"points: {points}"), "utf-8"
    )
    run(book, "task", "done", "n-cp", "pit", "dig", "--date", "2026-10-24")
    (proposal,) = plan_of(book)["proposals"]
    words = shlex.split(proposal["command"])
    refused = score_dig(book)
    assert refused.code == 1 and "write which" in refused.err and scores(book) == []
    scored = run(book, *[w.replace("POINTS", "-2") for w in words[1:]])
    assert scored.code == 0, scored.err
    assert scores(book)[0]["points"] == -2 and plan_of(book)["proposals"] == []


def test_an_item_that_counts_milestones_counts_one(book: Path) -> None:
    path = book / "scheme/2026-W01.yaml"
    path.write_text(path.read_text("utf-8").replace("per: day", "per: count"), "utf-8")
    run(book, "task", "done", "n-cp", "pit", "dig", "--date", "2026-10-24")
    assert score_dig(book).code == 0
    assert scores(book)[0]["points"] == -1 and "count" not in scores(book)[0]


def test_a_damaged_batch_elsewhere_leaves_what_was_recorded(book: Path) -> None:
    run(book, "task", "done", "n-cp", "pit", "dig", "--date", "2026-10-24")
    (path,) = files(book)
    path.write_bytes(path.read_bytes() + b"torn")
    found = run(book, "score", "--no-events", "--branch", "north", "--week", "W44")
    assert found.code == 0 and "plans were not checked" in found.err and len(files(book)) == 2
    assert score_dig(book).code == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("n-cp late|pit/dog", "unknown milestone 'dog'; did you mean Dig (dig)?"),
        ("n-cp late|pot/dig", "unknown task 'pot'; did you mean pit?"),
        ("n-cp late|dig", "write it as TASK/MILESTONE: pit/dig"),
        ("ann own 9|pit/dig", "own is not for milestones"),
        ("idle-cp late|pit/dig", "idle-cp has no plan"),
        ("n-cp late|weld/half", "is not recorded as done; it is due on 2026-12-30"),
        ("n-cp early|pit/seal", "is not recorded as done"),
        ("n-cp late|pit/dig|--date|2026-11-21", "2026-11-21 is in the future"),
    ],
)
def test_a_milestone_that_can_not_be_scored_is_refused(
    book: Path, words: str, message: str
) -> None:
    wish, milestone, *rest = words.split("|")
    found = run(book, "score", "-e", wish, "--milestone", milestone, "--week", "W47", *rest)
    assert found.code == 1 and message in found.err, found.err
    assert files(book) == []


def test_an_entry_for_no_milestone_may_be_the_very_same(book: Path) -> None:
    run(book, "task", "done", "n-cp", "pit", "dig", "--date", "2026-10-22")
    assert run(book, "score", "-e", "n-cp late x2", "--week", "W43").code == 0
    found = run(book, "score", "--milestones", "--branch", "north", "--week", "W43")
    assert found.code == 0 and "scored already?" in found.err and len(scores(book)) == 1

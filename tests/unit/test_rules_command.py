"""`qibi rules`: the sheet says what the YAML says; `diff` says what changed and whom it would move."""

import csv
import io
import json
from pathlib import Path

import pytest
from test_init import Run

from qibi.base.text import width
from qibi.base.weeks import single
from qibi.book.load import load
from qibi.ledger.batches import read_weeks
from qibi.scoring.facts import Question
from qibi.scoring.ranking import answer
from qibi.scoring.replay import replay

SCHEME = """
name: {zh: 办法, en: Rules}
total: {min: 0, max: 120}
period_total: mean
min_weeks: 0.33
eligible: [full, staff]
second_from: 3
grades: [{id: top, name: Top, from: 12}, {id: fine, name: Fine, from: 0}]
alerts: {watch: 9, warn: 5}
scorers: [{id: officer, name: Officer}]
criteria:
  - id: safety
    name: Safety
    applies_to: [member, cp]
    base: 10
    min: 0
    max: 14
    items:
      - {id: closed, name: Closed, points: 1, per: count, cap: 3, scorer: officer, origin: a source}
      - {id: late, points: -1, per: day, cap: -5, auto: milestone}
      - {id: award, points: [1, 2], only_highest: true, evidence: required}
      - {id: slack, points: {from: -2, to: -1}, excludes: [late]}
      - {id: hidden, points: 0, veto: {total: 0}}
      - {id: bad, points: 0, veto: {criterion: 1}}
      - {id: poor, points: 0, veto: {total_at_most: 6}}
  - {id: order, name: Order, applies_to: [branch], base: 5, min: 0, max: 7, scoring: direct, judges: mean}
rollup: {branch: {own: 40, members: 60}}
"""
BRANCH = "id: north\nmembers: [{id: ann}, {id: bea}, {id: cem, status: staff}]\n"
LISTS = "lists: {cp: {red: {top: 3, share: 0.33}, black: {bottom: 2, below: 9, remedy_due: 3d}}}\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    for folder in ("scheme", "branches"):
        (tmp_path / folder).mkdir()
    (tmp_path / "qibi.yaml").write_text(f"id: t\nlanguage: en\n{LISTS}", "utf-8")
    (tmp_path / "scheme/2026-W01.yaml").write_text(SCHEME.lstrip(), "utf-8")
    (tmp_path / "branches/north.yaml").write_text(BRANCH, "utf-8")
    return tmp_path


def newer(book: Path, *changes: tuple[str, str]) -> None:
    text = SCHEME.lstrip()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (book / "scheme/2026-W45.yaml").write_text(text, "utf-8")


def run(book: Path, *arguments: str) -> Run:
    return Run(book, *arguments, QIBI_AS="ann")


def changes(book: Path, *arguments: str) -> list[tuple]:
    found = run(book, "rules", "diff", "--format", "json", *arguments)
    assert found.code == 0, found.err
    fields = ("criterion", "item", "change", "field", "old", "new")
    return [tuple(c[f] for f in fields) for c in json.loads(found.out)["changes"]]


def test_every_kind_of_item_stands_in_the_sheet(book: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(book, "rules", "--format", "csv").out)))
    by_item = {r["item"]: r for r in rows}
    assert by_item["safety.closed"]["points"] == "'+1 each"
    assert by_item["safety.closed"]["cap"] == "'+3"
    assert (by_item["safety.closed"]["scorer"], by_item["safety.closed"]["origin"]) == (
        "Officer",
        "a source",
    )
    assert by_item["safety.late"]["points"] == "'-1 a day"
    assert by_item["safety.late"]["auto"] == "from the plan"
    assert by_item["safety.award"]["points"] == "'+1, +2"
    assert by_item["safety.award"]["only_highest"] and by_item["safety.award"]["evidence"]
    assert by_item["safety.slack"]["points"] == "'-2 to -1"
    assert by_item["safety.slack"]["excludes"] == "late"
    assert by_item["safety.hidden"]["veto"] == "the week total becomes 0"
    assert by_item["safety.bad"]["veto"] == "the criterion becomes 1"
    assert by_item["safety.poor"]["veto"] == "the week total is at most 6"
    assert by_item[""]["criterion"] == "order"


@pytest.mark.parametrize("form", ["table", "md"])
def test_the_sheet_says_all_of_it(book: Path, form: str) -> None:
    out = run(book, "rules", "--format", form).out
    unbroken = " ".join(out.split())
    for text in (
        "in force from 2026-W01",
        "0 to 120",
        "member 10, CP 10, branch 5",
        "mean of its weeks",
        "at least 33% of the assessed weeks",
        "full, staff",
        "an entry of 3 points or more",
        "Top from 12, Fine from 0",
        "watch (below 9)",
        "branch: own 40, members 60",
        "among the top 3, at most 33% of those ranked",
        "among the bottom 2, below 9, remedy due within 3 days",
        "the scorer gives the score itself",
        "two judges: the mean of their scores",
        "a source",
    ):
        assert text in unbroken
    if form == "table":
        assert all(width(line) <= 80 for line in out.splitlines()) and "…" not in out


def test_what_counts_of_two_judges_is_a_part_of_a_version(book: Path) -> None:
    rules = json.loads(run(book, "rules", "--format", "json").out)
    assert [c["judges"] for c in rules["criteria"]] == [None, "mean"]
    newer(book, ("judges: mean", "judges: latest"))
    assert changes(book) == [("order", None, "changed", "judges", "mean", "latest")]
    assert "the mean of their scores" in run(book, "rules", "diff").out


def test_the_week_decides_the_version(book: Path) -> None:
    newer(book, ("cap: 3", "cap: 2"))
    assert "version 2026-W45" in run(book, "rules").out
    old = run(book, "rules", "show", "W44").out
    assert "version 2026-W01" in old and "until 2026-W44" in old
    assert "no scheme is in force" in run(book, "rules", "2025-W52").err
    assert "Order" not in run(book, "rules", "--criterion", "Safety").out
    near = run(book, "rules", "--criterion", "safty")
    assert near.code == 1 and "did you mean" in near.err
    two = run(book, "rules", "W01", "W45")
    assert two.code == 2 and "qibi rules diff W01 W45" in two.err
    assert run(book, "rules", "W01", "--replay", "W46").code == 2


def test_diff_names_what_changed_and_nothing_else(book: Path) -> None:
    newer(
        book,
        ("max: 120}", "max: 110}"),
        ("cap: 3", "cap: 2"),
        ("points: -1, per: day", "points: -1, per: count"),
        (
            "      - {id: poor, points: 0, veto: {total_at_most: 6}}\n",
            "      - {id: tool, points: 1}\n",
        ),
        ("name: Officer", "name: Guard"),
        ("{zh: 办法, en: Rules}", "{zh: 新办法, en: Rules}"),
    )
    found = changes(book)
    assert [c[:4] for c in found] == [
        (None, None, "changed", "name"),
        (None, None, "changed", "total"),
        (None, None, "changed", "scorers"),
        ("safety", "safety.closed", "changed", "cap"),
        ("safety", "safety.late", "changed", "points"),
        ("safety", "safety.tool", "added", None),
        ("safety", "safety.poor", "gone", None),
    ]
    assert found[3][4:] == (3, 2)
    text = run(book, "rules", "diff", "W01", "W45").out
    assert "+3 -> +2" in text and "-1 a day -> -1 each" in text and "0 to 120 -> 0 to 110" in text
    assert "办法 (Rules) -> 新办法 (Rules)" in text
    assert [c[2] for c in changes(book, "W45", "W01")] == [
        "changed", "changed", "changed", "changed", "changed", "added", "gone",
    ]  # fmt: skip
    assert changes(book, "W50", "W45") == []
    assert changes(book, "--criterion", "order") == []
    assert changes(book, "W45") == found


def test_a_whole_criterion_comes_and_goes(book: Path) -> None:
    line = next(n for n in SCHEME.splitlines(keepends=True) if "id: order" in n)
    newer(book, (line, line.replace("id: order", "id: thrift")))
    assert [c[:3] for c in changes(book)] == [
        ("thrift", None, "added"),
        ("order", None, "gone"),
    ]


def test_one_version_has_nothing_to_be_compared_with(book: Path) -> None:
    found = run(book, "rules", "diff")
    assert found.code == 1 and "there is no version before 2026-W01" in found.err
    assert run(book, "rules", "diff", "W01", "W02", "W03").code == 2


def scored(book: Path) -> None:
    for words in (
        (
            "-e",
            "ann closed x3",
            "-e",
            "bea closed x1",
            "-e",
            "bea award 2",
            "--evidence",
            "a letter",
        ),
        ("--no-events", "--branch", "north"),
    ):
        extra = () if "--no-events" in words else ("--approved-by", "cem")
        assert run(book, "score", *words, *extra, "--week", "2026-W46", "--no-commit").code == 0


def test_replay_says_whom_the_new_version_would_move(book: Path) -> None:
    scored(book)
    newer(book, ("cap: 3", "cap: 2"), ("from: 12", "from: 12.5"))
    before = sorted((book / "ledger").rglob("*.jsonl"))
    found = run(book, "rules", "diff", "--replay", "W46", "--format", "json")
    told = json.loads(found.out)["replay"]
    assert told["week"] == "2026-W46" and told["cp"] == []
    (ann,) = told["member"]
    assert (ann["subject"], ann["old"]["total"], ann["new"]["total"]) == ("ann", 13, 12)
    assert (ann["old"]["grade"], ann["new"]["grade"]) == ("top", "fine")
    assert (ann["old"]["rank"], ann["new"]["rank"]) == (1, 2)
    assert "13 -> 12" in run(book, "rules", "diff", "--replay", "W46").out
    assert sorted((book / "ledger").rglob("*.jsonl")) == before


def test_replay_under_its_own_version_is_the_ranking_itself(book: Path) -> None:
    scored(book)
    newer(book, ("cap: 3", "cap: 2"))
    definitions = load(book)
    old, new = definitions.schemes
    for found in replay(book, definitions, old, new, "2026-W46"):
        question = Question(single("2026-W46"), by=found.by)
        real = answer(definitions, read_weeks(book, ["2026-W46"]), question)
        assert found.new.standings == real.standings and found.new.unranked == real.unranked
    assert not any(r.moved for r in replay(book, definitions, new, new, "2026-W46"))


def test_replay_says_what_the_other_version_does_not_know(book: Path) -> None:
    scored(book)
    newer(book, ("id: award", "id: prize"))
    out = run(book, "rules", "diff", "--replay", "W46").out
    assert "1 entry has no item or criterion in version 2026-W45" in out

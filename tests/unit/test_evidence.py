"""Honours as evidence: what is understood, in which one form it is recorded, how it is counted."""

import json
from pathlib import Path

import pytest
from test_init import Run
from test_member import book as book

from qibi.ledger.batches import digest, name
from qibi.ledger.entries import File
from qibi.ledger.evidence_files import kind_named, record_of, references, typed
from qibi.ledger.records import batches_with_records


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("pennant:2026-003", "pennant:2026-003"),
        ("锦旗：2026-003", "pennant:2026-003"),
        ("锦旗:锦旗001", "pennant:锦旗001"),
        ("锦旗2026-003", "pennant:2026-003"),
        ("表扬信 031", "letter:031"),
        ("感谢信: 建设单位来信", "letter:建设单位来信"),
        ("专利证书ZL202310001234.5", "patent:ZL202310001234.5"),
        ("奖章：第7号", "medal:第7号"),
        ("安全责任书", "安全责任书"),
        ("承诺书", "pledge"),
        ("Letter: 7", "letter:7"),
        ("感谢信3封", "感谢信3封"),  # three letters, not letter 3
        ("letter from the owner", "letter from the owner"),
        ("通知2026-114", "通知2026-114"),
        ("letterhead:7", "letterhead:7"),
    ],
)
def test_a_reference_is_recorded_in_one_form(text: str, form: str) -> None:
    assert references(text) == (form,)
    assert references(form) == (form,)


def test_several_are_parted_by_semicolons_and_lines() -> None:
    assert references("锦旗:1；照片 2;\n表扬信:3; ") == ("pennant:1", "照片 2", "letter:3")


def test_what_is_distinct() -> None:
    assert record_of("photo 1", "a.1") is None
    assert record_of("pennant:A 1", "a.1") == record_of("锦旗：Ａ1", "b.2") == ("pennant", "a1")
    assert record_of("锦旗", "a.1") != record_of("锦旗", "b.2")  # without a number: by the entry
    file = File("medal", "evidence/m.jpg", "0" * 64)
    assert record_of(file, "a.1") == ("medal", "0" * 64)
    assert record_of(File("photo", "evidence/m.jpg", "0" * 64), "a.1") is None
    assert typed("medal:") == ("medal", "")
    assert (kind_named("感谢信"), kind_named("Medal"), kind_named("photo")) == (
        "letter",
        "medal",
        None,
    )


@pytest.fixture
def scored(book: Path) -> Path:
    place = ("--week", "W46", "--branch", "east", "--as", "e-03")
    assert Run(book, "score", *place, "--no-events").code == 0
    return book


def record(root: Path, evidence: str, *more: str, about: str = "Ann", week: str = "W46") -> str:
    """The id of an entry with this evidence."""
    options = ("--week", week, "--as", "e-03", "--evidence", evidence, *more)
    run = Run(root, "score", "-e", f"{about} good", *options)
    assert run.code == 0, run.err
    log = json.loads(Run(root, "log", "--week", week, "--format", "json").out)
    return [e["id"] for e in log["entries"] if e["kind"] == "score" and not e["void"]][-1]


def ranked(root: Path, *options: str) -> dict[str, dict[str, object]]:
    run = Run(root, "rank", "--honours", "--week", "W46", *options, "--format", "json")
    assert run.code == 0, run.err
    return {row["subject"]: row for row in json.loads(run.out)["honours"]}


def test_each_counts_once_for_a_subject_however_many_entries_name_it(scored: Path) -> None:
    record(scored, "锦旗：1; letter:2; photo 3")
    record(scored, "pennant:1; medal:9")
    row = ranked(scored)["e-01"]
    assert (row["total"], row["pennant"], row["letter"], row["medal"]) == (3, 1, 1, 1)


def test_a_voided_entry_gives_none(scored: Path) -> None:
    key = record(scored, "pennant:1")
    assert ranked(scored)
    assert Run(scored, "void", key, "--reason", "wrong", "--as", "e-02").code == 0
    assert not ranked(scored)


def test_pledges_are_counted_beside_and_make_no_place(scored: Path) -> None:
    record(scored, "责任书:2026-7")
    row = ranked(scored)["e-01"]
    assert (row["rank"], row["total"], row["pledge"]) == (None, 0, 1)
    assert not ranked(scored, "--top", "3")
    shown = Run(scored, "show", "Ann", "--week", "W46").out
    assert "on record: pledge 2026-7" in shown and "honours" not in shown


def test_a_branch_has_its_own_and_those_of_its_members(scored: Path) -> None:
    record(scored, "pennant:1")
    record(scored, "pennant:1; patent:4567", about="e-02")
    assert ranked(scored, "--by", "branch")["east"]["total"] == 2
    assert {k: r["total"] for k, r in ranked(scored).items()} == {"e-01": 1, "e-02": 2}
    assert not ranked(scored, "--by", "cp")


def test_show_says_this_week_and_in_all(scored: Path) -> None:
    place = ("--week", "W45", "--branch", "east", "--as", "e-03")
    assert Run(scored, "score", *place, "--no-events").code == 0
    record(scored, "letter:1", week="W45")
    record(scored, "letter:2")
    shown = Run(scored, "show", "Ann", "--week", "W46").out
    assert "honours: 1 letter this week; 2 letters in all" in shown
    data = json.loads(Run(scored, "show", "Ann", "--week", "W46", "--format", "json").out)
    assert data["honours"]["week"]["letter"] == 1 and data["honours"]["all"]["letter"] == 2


def test_a_damaged_batch_of_another_week_is_said_and_left_out(scored: Path) -> None:
    for week in ("W30", "W45"):
        place = ("--week", week, "--branch", "east", "--as", "e-03")
        assert Run(scored, "score", *place, "--no-events").code == 0
    record(scored, "letter:1", week="W30")
    record(scored, "letter:2")
    for path in (scored / "ledger/2026/W30").iterdir():
        path.write_bytes(path.read_bytes().replace(b"letter:1", b"letter:7"))
    shown = Run(scored, "show", "Ann", "--week", "W46")
    assert shown.code == 0 and "1 damaged batch is left out here" in shown.out
    assert "honours: 1 letter, all of this week" in shown.out


def test_only_batches_with_records_are_read(scored: Path) -> None:
    record(scored, "photo 1")
    assert batches_with_records(scored) == ([], 0)
    record(scored, "锦旗:1")
    found, damaged = batches_with_records(scored)
    assert len(found) == 1 and not damaged


def test_a_record_written_by_another_hand_is_found(scored: Path) -> None:
    record(scored, "pennant:1")
    [path] = [p for p in (scored / "ledger").rglob("*.jsonl") if b"pennant" in p.read_bytes()]
    raw = path.read_bytes().replace(b'"evidence":', b'"evidence" : ')
    path.unlink()
    (path.parent / name("east", raw)).write_bytes(raw)
    found, damaged = batches_with_records(scored)
    assert [b.digest for b in found] == [digest(raw)] and not damaged


def test_honours_of_unknown_subjects_are_warned_of(scored: Path) -> None:
    record(scored, "pennant:1")
    path = scored / "branches/east.yaml"
    path.write_text(path.read_text().replace("e-01", "e-77"))
    run = Run(scored, "rank", "--honours", "--week", "W46")
    assert run.code == 0 and "1 honour is of a subject that this book does not know" in run.err


def test_criterion_and_honours_do_not_go_together(scored: Path) -> None:
    run = Run(scored, "rank", "--honours", "--criterion", "site")
    assert run.code == 2 and "can't go together" in run.err


def test_attach_takes_a_chinese_kind_and_a_reference(scored: Path) -> None:
    key = record(scored, "photo 1")
    (scored / "flag.jpg").write_bytes(b"flag")
    run = Run(scored, "attach", key, "flag.jpg", "感谢信：7", "--kind", "锦旗", "--as", "e-02")
    assert run.code == 0, run.err
    assert "attached evidence/2026-W46/flag.jpg (pennant)" in run.err
    assert "attached letter 7" in run.err
    row = ranked(scored)["e-01"]
    assert (row["pennant"], row["letter"]) == (1, 1)
    new = key_of_latest(scored)
    again = Run(scored, "attach", new, "letter:7", "--as", "e-02")
    assert again.code == 1 and "attached already" in again.err
    missing = Run(scored, "attach", new, "2026-003", "--kind", "pennant", "--as", "e-02")
    assert missing.code != 0


def key_of_latest(root: Path) -> str:
    log = json.loads(Run(root, "log", "--week", "W46", "--format", "json").out)
    return [e["id"] for e in log["entries"] if e["kind"] == "score" and not e["void"]][-1]

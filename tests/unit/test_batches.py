"""Batches: the name proves the content, and whatever does not fit is named by file and line."""

from pathlib import Path

import pytest

from qibi.base.findings import Faults, Finding
from qibi.ledger.batches import (
    Batch,
    batch_names,
    digest,
    encode_batch,
    folder,
    name,
    parse,
    read_weeks,
    weeks_with_batches,
)
from qibi.ledger.entries import Assessed, Score

STAMP = {
    "week": "2026-W46",
    "branch": "east",
    "recorded_by": "ann",
    "recorded_at": "2026-11-16T09:00:00+08:00",
}
RAW = encode_batch([Assessed(**STAMP), Score(**STAMP, subject="bob", item="study", points=12)])


def parsed(raw: bytes, week: str = "2026-W46", branch: str = "east") -> Batch | list[str]:
    found = parse(f"{folder(week)}/{name(branch, raw)}", week, raw)
    return found if isinstance(found, Batch) else [f"{f.line}: {f.message}" for f in found]


def put(root: Path, week: str, named: str, raw: bytes) -> None:
    path = root / folder(week) / named
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)


def test_a_batch_and_the_ids_of_its_entries() -> None:
    batch = parsed(RAW)
    assert isinstance(batch, Batch)
    assert (batch.week, batch.branch, batch.digest) == ("2026-W46", "east", digest(RAW))
    assert [key for key, _entry in batch.numbered()] == [f"{digest(RAW)}.{n}" for n in (1, 2)]
    assert encode_batch(batch.entries) == RAW


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", ["0: the file holds no entry"]),
        (b"\n", ["1: not an entry"]),
        (RAW[:-1], ["2: the last line is torn"]),
        (RAW[:-5], ["2: the last line is torn"]),
        (RAW + b"\n", ["3: not an entry"]),
        (RAW.replace(b"\n", b"\r\n"), ["1: ", "2: "]),
        (RAW.replace(b"\n", b" \n"), ["1: ", "2: "]),
        (RAW.replace(b"W46", b"W45", 1), ["1: week 2026-W45 in the folder of 2026-W46"]),
        (RAW.replace(b"east", b"west", 1), ["1: branch west in a file of east"]),
        (b"\xef\xbb\xbf" + RAW, ["1: not an entry"]),
        (RAW + b"{\n" + RAW[:-9], ["3: not an entry", "5: the last line is torn"]),
    ],
    ids=[
        "empty", "blank", "no-line-feed", "torn", "blank-line", "crlf", "blanks", "week", "branch",
        "bom", "several",
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_line_by_line(raw: bytes, said: list[str]) -> None:
    found = parsed(raw)
    assert not isinstance(found, Batch), "taken although it is not as the format says"
    assert len(found) == len(said)
    for line, begin in zip(sorted(found), said, strict=True):
        assert line.startswith(begin)


def test_a_name_that_does_not_match_the_content() -> None:
    path = f"{folder('2026-W46')}/{name('east', RAW)}"
    (found,) = parse(path, "2026-W46", RAW.replace(b"12", b"14"))
    assert isinstance(found, Finding)
    assert "the content has changed" in found.message and found.lost == ""


@pytest.mark.parametrize(
    "named",
    [
        "east.jsonl",
        "east-0123.jsonl",
        "East-0123456789abcdef.jsonl",
        "east-0123456789ABCDEF.jsonl",
        "east-0123456789abcdef.json",
        "-0123456789abcdef.jsonl",
        "east-0123456789abcdef (1).jsonl",
        f"{'e' * 65}-0123456789abcdef.jsonl",
    ],
)
def test_names_that_are_no_batch(named: str) -> None:
    (found,) = parse(f"ledger/2026/W46/{named}", "2026-W46", RAW)
    assert isinstance(found, Finding) and "not a batch's name" in found.message


def test_a_branch_whose_id_holds_hyphens_and_digits() -> None:
    raw = RAW.replace(b'"east"', b'"outer-1-0123456789abcdef"')
    batch = parsed(raw, branch="outer-1-0123456789abcdef")
    assert isinstance(batch, Batch) and batch.branch == "outer-1-0123456789abcdef"


def test_weeks_with_batches_are_in_order_and_real(tmp_path: Path) -> None:
    assert weeks_with_batches(tmp_path) == []
    for week in ("2026-W46", "2026-W09", "2025-W52", "2025-W53"):
        put(tmp_path, week, f"east-{digest(RAW)}.jsonl", RAW)
    (tmp_path / folder("2026-W10")).mkdir()
    (tmp_path / "ledger/2026/notes.txt").write_text("")
    (tmp_path / "ledger/.lock").write_text("")
    assert weeks_with_batches(tmp_path) == ["2025-W52", "2026-W09", "2026-W46"]


def test_reading_names_every_fault_of_every_file(tmp_path: Path) -> None:
    put(tmp_path, "2026-W46", name("east", RAW), RAW)
    put(tmp_path, "2026-W46", "west.jsonl", RAW)
    put(tmp_path, "2026-W46", ".east.jsonl.123.tmp", b"torn")
    put(tmp_path, "2026-W45", name("east", RAW), RAW)
    assert batch_names(tmp_path, "2026-W46") == [name("east", RAW), "west.jsonl"]
    with pytest.raises(Faults) as caught:
        read_weeks(tmp_path, ["2026-W44", "2026-W45", "2026-W46"])
    assert {f.path.rsplit("/", 2)[-2] for f in caught.value.findings} == {"W45", "W46"}
    (tmp_path / folder("2026-W46") / "west.jsonl").unlink()
    (batch,) = read_weeks(tmp_path, ["2026-W46", "2026-W44"])
    assert batch.digest == digest(RAW)


def test_a_batch_that_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / folder("2026-W46") / f"east-{digest(RAW)}.jsonl").mkdir(parents=True)
    with pytest.raises(Faults, match="not a plain file"):
        read_weeks(tmp_path, ["2026-W46"])

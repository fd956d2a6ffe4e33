"""A line of the ledger is taken whole and without doubt, or refused with the reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qibi.ledger.entries import (
    Assessed,
    BadLine,
    Entry,
    Exempt,
    File,
    Remedy,
    Score,
    Task,
    Void,
    decode,
    encode,
    is_day,
    moment,
)

STAMP = {
    "week": "2026-W46",
    "branch": "east",
    "recorded_by": "ann",
    "recorded_at": "2026-11-16T09:00:00+08:00",
}
ENTRIES: list[Entry] = [
    Assessed(**STAMP),
    Assessed(**STAMP, source="0123456789abcdef"),
    Score(**STAMP, subject="bob", item="safety.hazard", points=-1.5),
    Score(
        **STAMP,
        subject="bob",
        item="safety.hazard",
        points=3,
        count=3,
        date="2026-11-11",
        note='“引号” "quoted" \\ \n 😀',
        evidence=("photo 1", File(kind="file", path="evidence/a.jpg", sha256="0" * 64)),
        scored_by="supervisor",
        approved_by="cora",
        task="pit",
        milestone="dig",
    ),
    Void(**STAMP, entry="0123456789abcdef.12", note="twice"),
    Exempt(**STAMP, subject="bob", note="leave"),
    Task(**STAMP, subject="east-cp", task="pit", progress=0),
    Task(**STAMP, subject="east-cp", task="pit", done="2026-11-11"),
    Remedy(**STAMP, remedy="r1", state="open", subject="east-cp", owner="bob", due="2026-11-18"),
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.__struct_config__.tag)
def test_there_and_back(entry: Entry) -> None:
    line = encode(entry)
    assert decode(line) == entry
    assert b"\n" not in line
    assert json.loads(line)["kind"] == entry.__struct_config__.tag


def test_empty_fields_are_left_out() -> None:
    entry = Score(**STAMP, subject="bob", item="study", points=12)
    assert set(json.loads(encode(entry))) == {"kind", *STAMP, "subject", "item", "points"}


def test_other_writers_may_order_and_space_keys_as_they_like() -> None:
    plain = {"points": 1, "item": "study", "subject": "bob", "kind": "score", **STAMP}
    found = decode(json.dumps(plain, ensure_ascii=True, indent=None).encode())
    assert found == Score(**STAMP, subject="bob", item="study", points=1)


SCORE = {"kind": "score", **STAMP, "subject": "bob", "item": "safety.hazard", "points": 1}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"week": "2026-W54"}, "'2026-W54' is not a week"),
        ({"recorded_at": "2026-11-16T09:00:00"}, "offset"),
        ({"recorded_at": "2026-11-16 09:00:00+08:00"}, "offset"),
        ({"recorded_at": "2026-11-31T09:00:00Z"}, "offset"),
        ({"branch": "East"}, "branch 'East' is not an id"),
        ({"branch": ""}, "branch is empty"),
        ({"recorded_by": ""}, "recorded_by is empty"),
        ({"subject": "a" * 65}, "is not an id"),
        ({"subject": "-a"}, "is not an id"),
        ({"item": "a.b.c"}, "is not an id"),
        ({"item": ""}, "is not an id"),
        ({"points": 0.001}, "more than two decimals"),
        ({"points": 10000}, "more than two decimals"),
        ({"points": "1"}, "Expected"),
        ({"points": True}, "Expected"),
        ({"count": 0}, "count 0"),
        ({"count": 10_000}, "count 10000"),
        ({"count": 2.5}, "Expected"),
        ({"date": "2026-2-3"}, "is not a date"),
        ({"date": "20260203"}, "is not a date"),
        ({"evidence": "photo"}, "Expected"),
        ({"evidence": [{"kind": "file", "path": "a"}]}, "sha256"),
        ({"evidence": [{"kind": "f", "path": "a", "sha256": "b", "size": 1}]}, "size"),
        ({"scored_by": "The Boss"}, "scored_by 'The Boss' is not an id"),
        ({"colour": "red"}, "colour"),
        ({"kind": "bonus"}, "bonus"),
        ({"kind": "void", "subject": None}, "not an entry"),
    ],
)
def test_bad_scores(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadLine, match=said):
        decode(json.dumps(SCORE | changes).encode())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "void", "entry": "0123.1", "note": "x"}, "is not an entry's id"),
        ({"kind": "void", "entry": "0123456789abcdef.0", "note": "x"}, "is not an entry's id"),
        ({"kind": "void", "entry": "0123456789abcdef.1"}, "note"),
        ({"kind": "exempt", "subject": "bob"}, "note"),
        ({"kind": "task", "subject": "cp", "task": "pit"}, "either progress or done"),
        (
            {"kind": "task", "subject": "cp", "task": "p", "progress": 1, "done": "2026-11-11"},
            "either progress or done",
        ),
        ({"kind": "task", "subject": "cp", "task": "p", "progress": 101}, "from 0 to 100"),
        ({"kind": "remedy", "remedy": "r1", "state": "closed"}, "not a state of a remedy"),
        ({"kind": "remedy", "remedy": "", "state": "open"}, "remedy is empty"),
        ({"kind": "assessed", "subject": "bob"}, "subject"),
    ],
)
def test_other_bad_entries(fields: dict[str, object], said: str) -> None:
    with pytest.raises(BadLine, match=said):
        decode(json.dumps(fields | STAMP).encode())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b'{"kind":"assessed"',
        b"\xef\xbb\xbf" + encode(ENTRIES[0]),
        encode(ENTRIES[0]) + b"x",
        encode(ENTRIES[0]) + encode(ENTRIES[0]),
        encode(ENTRIES[2]).replace(b"-1.5", b"NaN"),
        encode(ENTRIES[2]).replace(b"-1.5", b"Infinity"),
        encode(ENTRIES[2]).replace(b"-1.5", b"1e400"),
        encode(ENTRIES[2]).replace(b"-1.5", b"-01.5"),
        encode(ENTRIES[2]).replace(b"bob", b"b\xffb"),
        encode(ENTRIES[2]).replace(b'"points":-1.5', b'"points":-1.5,"points":-1.5'),
        encode(ENTRIES[2]).replace(b'"points":-1.5', b'"points":9,"po\\u0069nts":-1.5'),
        encode(ENTRIES[0]).replace(b'"kind"', b'"kind":"void","kind"'),
        encode(ENTRIES[3]).replace(b'"sha256"', b'"path":"b","sha256"'),
        b"[" * 100_000,
        b'{"kind":' + b"[" * 100_000,
    ],
    ids=range(20),
)
def test_lines_that_are_refused(line: bytes) -> None:
    with pytest.raises(BadLine):
        decode(line)


@given(st.binary(max_size=120))
def test_no_bytes_break_it(line: bytes) -> None:
    with pytest.raises(BadLine):
        decode(line)


def test_points_are_hundredths_and_who_judged_is_known() -> None:
    score = Score(**STAMP, subject="bob", item="study", points=0.29)
    assert (score.hundredths, score.judge) == (29, "ann")
    assert Score(**STAMP, subject="b", item="s", points=1, scored_by="cora").judge == "cora"


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("2026-11-16T09:00:00Z", True),
        ("2026-11-16T09:00:00.123456789+08:00", True),
        ("2026-11-16T09:00:00-05:30", True),
        ("2026-11-16T24:00:00Z", False),
        ("2026-11-16T09:00:00+99:00", False),
        ("2026-11-16T09:00Z", False),
        ("2026-11-16T09:00:00z", False),
        ("", False),
    ],
)
def test_moments(text: str, valid: bool) -> None:
    assert (moment(text) is not None) is valid


def test_days() -> None:
    assert is_day("2026-02-28") and not is_day("2026-02-29")
    assert not any(is_day(text) for text in ("2026-W08-1", "20260228", "2026-02-28T", ""))

"""Whole seals: read the quick way or the slow one, alike, and never with a key that stands twice."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from qibi.base import weeks as wk
from qibi.book.in_force import definitions_digest, in_force
from qibi.book.load import load
from qibi.ledger.seals import parse_whole
from transcripts.harness import BOOKS

EXAMPLE = Path(__file__).parents[2] / "ledgers" / "example"
SOUND = {"week": "2026-W10", "note": ': a":b', "lists": {"cp": [{"total": 92.5}]}, "字": None}


@pytest.mark.parametrize(
    "raw", [json.dumps(SOUND), json.dumps(SOUND, ensure_ascii=False, indent=1)]
)
def test_both_ways_read_the_same(raw: str) -> None:
    assert parse_whole(raw.encode()) == SOUND
    plain = {**SOUND, "note": ": a, b :"}
    assert parse_whole(json.dumps(plain, ensure_ascii=False).encode()) == plain


@pytest.mark.parametrize(
    "raw",
    [
        '{"a":1,"a":1}',
        '{"a":{"b":[{"c":1,"c":2}]}}',
        '{"a" :1,"a":2}',
        '{"a"\\n:1,"a"\\t:2}',
        '{"a":1,"\\\\u0061":2}',
        '{"a":1,"a":2,"b":"\\\\u0022:"}',
        '{"a":{"b":1,"c":2},"a":{"d":":"}}',
    ],
)
def test_a_key_that_stands_twice_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="duplicate key"):
        parse_whole(
            raw.encode().replace(b"\\\\u", b"\\u").replace(b"\\n", b"\n").replace(b"\\t", b"\t")
        )


@pytest.mark.parametrize("raw", [b"[]", b"", b'{"a":1', b'{"a":1}x', b'{"a":"\xff"}'])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        parse_whole(raw)["week"]  # type: ignore[call-overload]  # as a caller would use it


def test_the_digest_of_a_week_is_kept_only_while_nothing_begins_or_ends() -> None:
    kept, week = load(EXAMPLE), "2025-W48"
    for _n in range(60):
        anew = definitions_digest(msgspec.structs.replace(kept), week)
        assert definitions_digest(kept, week) == anew, week
        assert anew[1].keys() == in_force(kept, week).keys()
        week = wk.shift(week, 1)
    assert len(kept.digests) > 1


def test_a_key_of_later_times_changes_no_digest_until_it_is_set(tmp_path: Path) -> None:
    """What closed weeks pin is what it was; a key that is set has to begin in a later week."""
    book = load(EXAMPLE)
    for path in sorted((EXAMPLE / "seals").glob("*.json")):
        seal = parse_whole(path.read_bytes())
        assert definitions_digest(book, seal["week"])[0] == seal["definitions"], path.name
    shutil.copytree(BOOKS["small"], tmp_path / "book")
    before = definitions_digest(load(tmp_path / "book"), "2026-W46")[0]
    with (tmp_path / "book" / "qibi.yaml").open("a") as page:
        page.write("keep_sheets: false\n")
    assert definitions_digest(load(tmp_path / "book"), "2026-W46")[0] == before
    scheme = tmp_path / "book" / "scheme" / "2026-W40.yaml"
    text = scheme.read_text("utf-8")
    assert "scoring: direct" in text
    scheme.write_text(
        text.replace("scoring: direct", "scoring: direct\n    judges: mean", 1), "utf-8"
    )
    assert definitions_digest(load(tmp_path / "book"), "2026-W46")[0] != before

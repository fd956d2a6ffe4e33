"""A seal whose results stand in it as they are recomputed is not parsed whole; it must say the same."""

import shutil
from pathlib import Path

import pytest
from test_init import Run

from qibi.ledger.seals import encode_results, encode_seal, parse_whole
from qibi.proof.read_out import _whole
from qibi.proof.results import Results
from repositories import git, surroundings
from transcripts.harness import BOOKS

ROW = {"rank": 1, "subject": "ann", "branch": "b1", "total": 100.5, "criteria": {"study": 9}}
LISTS = {"member": {"policy": {"red": "1"}, "red": [], "black": [], "missing": ["bob"]}}
RESULTS = Results(
    standings={"member": [ROW, {**ROW, "rank": 2, "subject": "cid", "total": -3}], "cp": []},
    unranked={"member": [{"subject": "bob", "branch": "b1", "reason": "unscored"}]},
    lists=LISTS,
)
PARTS = {
    "standings": RESULTS.standings,
    "unranked": RESULTS.unranked,
    "lists": RESULTS.lists,
}
BLOCK = encode_results(PARTS)
WHOLE = encode_seal({"week": "2026-W30", "without": [], **PARTS, "changes": {"note": '名字 \\ "'}})


def test_results_are_encoded_as_a_seal_has_them() -> None:
    assert WHOLE.count(BLOCK) == 1


@pytest.mark.parametrize(
    "raw",
    [
        WHOLE,
        encode_seal({**PARTS}),
        encode_seal({"without": [], **PARTS, "standings": {"member": [ROW]}}),
        # The results stand somewhere else, and others where they belong.
        b'{"other": {' + BLOCK + b'}, "standings": {}, "unranked": {}, "lists": {}}',
        b'{"standings": {}, "other": [{' + BLOCK + b"}]}",
        b'{"standings": {}, "unranked": {}, "lists": {}}',
        b'{"unranked": {}}',
    ],
)
def test_it_says_what_a_whole_parse_says(raw: bytes) -> None:
    assert _whole(raw, RESULTS) == parse_whole(raw)


@pytest.mark.parametrize(
    "raw",
    [
        WHOLE[:-2] + b',\n"standings": {}\n}\n',
        b'{"standings": {},' + WHOLE[1:],
        WHOLE[:-2] + b',\n"unranked": {}\n}\n',
        b'{"lists": {},' + WHOLE[1:],
        WHOLE[:-2] + b',\n"li\\u0073ts": {}\n}\n',
        WHOLE[:-2] + b',\n"other": {"a": 1, "a": 2}\n}\n',
        b'{"other": "' + BLOCK + b'"}',
        b"{" + BLOCK,
        BLOCK,
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):
        parse_whole(raw)
    with pytest.raises(ValueError):
        _whole(raw, RESULTS)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_week_on_which_the_engines_differ_is_not_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    book = Path(shutil.copytree(BOOKS["small"], tmp_path / "book"))
    environment = surroundings(tmp_path)
    (book / ".gitattributes").write_text("ledger/** -text\nseals/** -text\n", "utf-8")
    for command in ("init -q -b main", "add --all", "commit -qm start"):
        git(book, environment, *command.split())
    asked = ("close", "W45", "--approved-by", "w-hal", "--dry-run", "--as", "w-hal")
    assert Run(book, *asked, QIBI_LANG=language).code == 0
    monkeypatch.setattr("qibi.scoring.rules.capped", lambda _item, points: points + 1)
    run = Run(book, *asked, QIBI_LANG=language)
    assert run.code == 3 and not (book / "seals").exists()
    said = "the two engines differ on e-bob" if language == "en" else "两套规则算出的结果不一致"
    assert said in run.err and "2026-W45" in run.err

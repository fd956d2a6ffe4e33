"""Each cross-check finds its mistake, and leaves alone what only looks like one."""

import shutil
from pathlib import Path

import pytest

from broken_books.test_broken_books import BOOKS, HERE, laid_out
from qibi.base.findings import Faults
from qibi.book.load import load
from qibi.book.validate import ALL_CHECKS


def findings(root: Path) -> list[str]:
    try:
        load(root)
    except Faults as faults:
        return [str(f) for f in faults.findings]
    return []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(HERE / "sound", tmp_path / "book")
    return tmp_path / "book"


def test_every_kind_of_mistake_in_definitions_has_a_book(tmp_path: Path) -> None:
    """The codes of all findings of all broken books cover every code that the checks can give."""
    home = Path(load.__code__.co_filename).parent
    source = (home / "validate.py").read_text("utf-8")
    given = set()
    for number, mistake in enumerate(b for b in BOOKS if not b.name.startswith("ledger-")):
        (place := tmp_path / str(number)).mkdir()
        try:
            load(laid_out(mistake, place).folder)
        except Faults as faults:
            given |= {f.code for f in faults.findings}
    named = {word for word in source.split('"') if word in given}
    known = {
        "time-zone", "file-name", "id-twice", "id-of-two-kinds", "mentor", "cp-members", "span",
        "span-overlap", "scheme-gap", "limits", "rollup", "scoring", "excludes", "cap-sign",
        "grades", "alerts", "list-policy", "unknown-id",
    }  # fmt: skip
    assert named >= known
    assert all(check.__doc__ for check in ALL_CHECKS)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        # someone who moves, or whose status changes, ends in one place and begins in another
        (
            "branches/east.yaml",
            "  - {id: cora}",
            "  - {id: cora, until: 2026-W45}\n  - {id: cora, since: 2026-W46, status: activist}",
        ),
        # a cap of 0 on an item that is worth 0
        ("scheme/2026-W40.yaml", "points: -5}", "points: 0, cap: 0}"),
        # an excluded item of another criterion, by its whole id
        ("scheme/2026-W40.yaml", "points: -5}", "points: -5, excludes: [safety.hazard]}"),
        # red from exactly where black ends
        (
            "qibi.yaml",
            "posts:",
            "lists: {cp: {red: {top: 3, at_least: 100}, black: {bottom: 3, below: 100}}}\nposts:",
        ),
        # warn and watch at one number
        ("scheme/2026-W40.yaml", "second_from: 3", "alerts: {watch: 90, warn: 90}"),
        # a name for each kind of subject
        ("names.yaml", "", "ann: Ann\neast: East\neast-cp: {en: CP}\n"),
    ],
)
def test_what_only_looks_like_a_mistake(root: Path, path: str, old: str, new: str) -> None:
    file = root / path
    text = file.read_text("utf-8") if file.exists() else ""
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    assert findings(root) == []


def test_a_file_that_cannot_be_read_does_not_make_every_reference_to_it_look_wrong(
    root: Path,
) -> None:
    (root / "branches/west.yaml").write_text("id: west\nmembers: [{id: dan}, {id: eve\n", "utf-8")
    east = root / "branches/east.yaml"
    east.write_text(east.read_text("utf-8").replace("mentor: ann", "mentor: dan"), "utf-8")
    assert [f.split(": ")[1] for f in findings(root)] == ["not valid YAML"]


def test_a_file_with_a_mistake_still_lends_its_ids(root: Path) -> None:
    (root / "branches/west.yaml").write_text("id: west\nmembers: [{id: dan, staus: x}]\n", "utf-8")
    east = root / "branches/east.yaml"
    east.write_text(east.read_text("utf-8").replace("mentor: ann", "mentor: dan"), "utf-8")
    (found,) = findings(root)
    assert "unknown field 'staus'" in found


def test_names_may_repeat_and_ids_may_not(root: Path) -> None:
    west = root / "branches/west.yaml"
    west.write_text("id: west\nmembers: [{id: dan, name: X}, {id: eve, name: X}]\n", "utf-8")
    assert findings(root) == []
    west.write_text("id: west\nmembers: [{id: dan}, {id: dan}]\n", "utf-8")
    assert len(findings(root)) == 1

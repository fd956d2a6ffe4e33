"""Every reader, given what it should not get: findings or a refusal, never another exception."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.hostile import (
    ANY,
    BATCHES,
    NASTY,
    SHEETS,
    SMALL,
    YAML_FILES,
    altered,
    as_yaml,
    damaged,
    few,
    parts_of,
    workbook,
    yaml_data,
    zipped,
)
from qibi.base.findings import Faults, Finding
from qibi.base.text import visible
from qibi.book.definitions import Definitions
from qibi.book.links import Source
from qibi.book.load import load
from qibi.book.validate import validate
from qibi.ledger import batches, entries, seals
from qibi.ledger.admission import Stamp
from qibi.sheets.files import open_sheet
from qibi.sheets.names import Names
from qibi.sheets.read import admit_page
from qibi.sheets.roster import read_roster

WEEK = "2026-W46"
FILES = {path: (SMALL / path).read_bytes() for path in YAML_FILES}
DEFINITIONS = load(SMALL)
LINES = [line for path in BATCHES for line in (SMALL / path).read_bytes().splitlines()]
ROSTER = [
    ["支部", "姓名", "编号", "状态", "党小组", "单位", "CP角色"],
    ["一支部", "王喆", "y-01", "正式", "一组", "建设单位", "供热"],
    ["一支部", "李昇", "y-02", "预备", "一组", "施工单位", "工程"],
]


def shown(findings: list[Finding]) -> None:
    """Each finding can be written to a terminal, and moves nothing there."""
    for finding in findings:
        for text in (str(finding), finding.shown):
            safe = visible(text)
            assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in safe)
            safe.encode()


# Definitions


def validated(path: str, raw: bytes) -> Definitions | None:
    try:
        return validate([Source(p, raw if p == path else FILES[p]) for p in YAML_FILES])
    except Faults as faults:
        assert faults.findings
        shown(faults.findings)
        return None


@pytest.mark.parametrize("path", YAML_FILES)
@few(60)
@given(st.data())
def test_definitions_with_other_data(path: str, data: st.DataObject) -> None:
    validated(path, as_yaml(data.draw(altered(yaml_data(path)))))


@pytest.mark.parametrize("path", YAML_FILES)
@few(40)
@given(st.data())
def test_definitions_with_other_bytes(path: str, data: st.DataObject) -> None:
    validated(path, data.draw(damaged(FILES[path])))


# The ledger


def read_batch(raw: bytes) -> None:
    name = f"ledger/2026/W46/{batches.name('east', raw)}"
    found = batches.parse(name, WEEK, raw)
    if isinstance(found, list):
        assert found
        return shown(found)
    for entry in found.entries:
        again = entries.decode(entries.encode(entry))
        assert again == entry  # what is taken can be written, and says the same
    return None


@few(300)
@given(st.data())
def test_ledger_lines_with_other_data(data: st.DataObject) -> None:
    line = json.loads(data.draw(st.sampled_from(LINES)))
    raw = json.dumps(data.draw(altered(line)), ensure_ascii=data.draw(st.booleans()))
    read_batch(raw.encode("utf-8", "surrogatepass") + b"\n")


@few(200)
@given(st.data())
def test_batches_with_other_bytes(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(BATCHES))
    read_batch(data.draw(damaged((SMALL / path).read_bytes())))


SEAL = {
    "format": 1,
    "week": WEEK,
    "revision": 1,
    "closed_at": "2026-11-23T09:00:00+08:00",
    "closed_by": "e-ann",
    "batches": [{"path": path, "sha256": "0" * 64} for path in BATCHES if "W46" in path],
    "definitions": "1" * 64,
    "definition_files": {"qibi.yaml": "2" * 64},
    "rules": "3" * 64,
    "previous": None,
    "without": [{"branch": "west", "note": "leave"}],
    "warnings": [{"code": "double", "path": "ledger/2026/W46/x.jsonl", "line": 3}],
    "standings": {"member": []},
}


def read_seals(files: dict[str, bytes]) -> None:
    _ordered, findings = seals.chain(files)
    shown(findings)
    for path, raw in files.items():
        found = seals.parse_seal(path, raw)
        if isinstance(found, Finding):
            shown([found])
            continue
        assert all(".." not in path.split("/") for path in found.batches)
        try:
            seals.parse_whole(raw)
        except ValueError:
            pytest.fail("what parse_seal takes, parse_whole takes")


@few(250)
@given(st.data())
def test_seals_with_other_data(data: st.DataObject) -> None:
    first = json.dumps(SEAL).encode()
    second = SEAL | {"week": "2026-W47", "previous": seals.digest(first), "batches": []}
    raw = json.dumps(data.draw(altered(second)), ensure_ascii=data.draw(st.booleans()))
    files = {"seals/2026-W46.json": first}
    read_seals({**files, "seals/2026-W47.json": raw.encode("utf-8", "surrogatepass")})


@few(100)
@given(st.data())
def test_seals_with_other_bytes(data: st.DataObject) -> None:
    read_seals({"seals/2026-W46.json": data.draw(damaged(json.dumps(SEAL, indent=1).encode()))})


# Sheets and rosters


def read_sheet(path: str, raw: bytes) -> None:
    stamp = entries.Assessed(
        week=WEEK, branch="east", recorded_by="e-ann", recorded_at="2026-11-23T09:00:00+08:00"
    )
    try:
        for page in open_sheet(path, raw):
            try:
                for entry, _line, _cell in admit_page(
                    page, Names(DEFINITIONS), stamp_of(stamp)
                ).entries:
                    assert entries.decode(entries.encode(entry)) == entry
            except Faults as faults:
                shown(faults.findings)
    except Faults as faults:
        shown(faults.findings)


def stamp_of(line: entries.Assessed) -> Stamp:
    return Stamp(line.week, line.branch, line.recorded_by, line.recorded_at, "0" * 16)


def read_as_roster(path: str, raw: bytes) -> None:
    try:
        read_roster(path, raw, "zh", "一支部", [])
    except Faults as faults:
        shown(faults.findings)


@st.composite
def tables(draw: st.DrawFn, rows: list[list[str]]) -> list[list[str]]:
    """A table with some cells replaced, and perhaps a row or column doubled or cut."""
    found = [list(row) for row in rows]
    for _n in range(draw(st.integers(1, 4))):
        row = draw(st.sampled_from(found))
        at = draw(st.integers(0, len(row)))
        text = draw(
            st.one_of(st.sampled_from([*NASTY, *(cell for one in rows for cell in one)]), ANY)
        )
        row[at : at + draw(st.integers(0, 1))] = [text]
    if draw(st.booleans()):
        found.insert(draw(st.integers(0, len(found))), list(draw(st.sampled_from(found))))
    return found


def as_csv(rows: list[list[str]], end: str = "\r\n") -> bytes:
    lines = [",".join('"' + c.replace('"', '""') + '"' for c in row) for row in rows]
    return end.join(lines).encode("utf-8", "surrogatepass")


def rows_of(path: str) -> list[list[str]]:
    return [line.split(",") for line in (SMALL / path).read_text("utf-8").splitlines()]


@few(250)
@given(st.data())
def test_csv_with_other_cells(data: st.DataObject) -> None:
    rows = data.draw(tables(rows_of(data.draw(st.sampled_from(SHEETS)))))
    read_sheet("a.csv", as_csv(rows, data.draw(st.sampled_from(["\n", "\r\n", "\r"]))))


@few(150)
@given(st.data())
def test_csv_with_other_bytes(data: st.DataObject) -> None:
    raw = (SMALL / data.draw(st.sampled_from(SHEETS))).read_bytes()
    encoding = data.draw(st.sampled_from(["utf-8", "gb18030", "utf-16", "utf-8-sig"]))
    raw = data.draw(damaged(raw.decode().encode(encoding)))
    read_sheet(data.draw(st.sampled_from(["a.csv", "-", "a", "a.xls", "a.xlsx"])), raw)


BOOK = workbook([[*row, None, 3, 0.5, True] for row in rows_of(SHEETS[0])])
PARTS = parts_of(BOOK)


@few(150)
@given(st.data())
def test_workbooks_with_other_bytes(data: st.DataObject) -> None:
    read_sheet("a.xlsx", data.draw(damaged(BOOK)))


@few(300)
@given(st.data())
def test_workbooks_with_other_parts(data: st.DataObject) -> None:
    parts = dict(PARTS)
    for _n in range(data.draw(st.integers(1, 2))):
        name = data.draw(st.sampled_from(sorted(parts)))
        match data.draw(st.integers(0, 5)):
            case 0 if len(parts) > 1:
                del parts[name]
            case 1:
                parts[data.draw(st.sampled_from([*sorted(parts), "../x", "/x", "x\\y"]))] = PARTS[
                    "xl/workbook.xml"
                ]
            case _:
                parts[name] = data.draw(damaged(parts[name]))
    read_sheet("a.xlsx", zipped(parts))


VALUES = [b"1", b"0", b"-1", b"A1", b"XFD1048576", b"ZZZ9999999", b"s", b"e", b"d", b"inlineStr"]


@few(300)
@given(st.data())
def test_workbooks_with_other_values(data: st.DataObject) -> None:
    """Structure kept: only a value between quotes, or a text between tags, is another one."""
    parts = dict(PARTS)
    name = data.draw(st.sampled_from([n for n in sorted(parts) if n.startswith("xl/")]))
    pieces = parts[name].split(b'"')
    for _n in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(pieces) - 1))
        if at % 2:
            pieces[at] = data.draw(st.sampled_from([*VALUES, *pieces[1::2]]))
        else:
            pieces[at] = pieces[at].replace(
                b">1<", b">" + data.draw(st.sampled_from(VALUES)) + b"<"
            )
    parts[name] = b'"'.join(pieces)
    read_sheet("a.xlsx", zipped(parts))


@few(150)
@given(st.data())
def test_rosters(data: st.DataObject) -> None:
    rows = data.draw(tables(ROSTER))
    if data.draw(st.booleans()):
        rows = [[c.encode("utf-8", "replace").decode() for c in row] for row in rows]
        return read_as_roster("a.xlsx", workbook(rows))
    return read_as_roster("a.csv", as_csv(rows))

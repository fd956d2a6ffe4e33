"""`qibi export`: what each format holds agrees with the ranking, opens elsewhere, and runs nothing."""

import io
import json
import shutil
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from test_init import Run

from qibi.base import language
from qibi.board.tables import Table, Typed, parquet
from qibi.cli.console import Console
from qibi.cli.surroundings import Surroundings
from repositories import copied
from transcripts.harness import BOOKS

WEEK = "2026-W45"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return copied(BOOKS["example"], tmp_path / "book")


def qibi(folder: Path, *arguments: str, **environment: str) -> Run:
    run = Run(folder, *arguments, **environment)
    assert run.code == 0, run.err
    return run


def ranking(book: Path, period: str, by: str) -> list[dict[str, Any]]:
    found: dict[str, Any] = json.loads(
        qibi(book, "rank", period, "--by", by, "--format", "json").out
    )
    standings: list[dict[str, Any]] = found["standings"]
    return standings


def from_parquet(path: Path) -> list[dict[str, Any]]:
    result = duckdb.execute(f"SELECT * FROM '{path}'")
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def pages(path: Path) -> dict[str, list[list[Any]]]:
    workbook = openpyxl.load_workbook(path)
    return {page.title: [[c.value for c in row] for row in page.rows] for page in workbook}


@pytest.mark.parametrize("by", ["member", "branch", "cp", "group", "unit", "post"])
@pytest.mark.parametrize("period", [WEEK, "2026-10"])
def test_parquet_holds_the_ranking_exactly(book: Path, period: str, by: str) -> None:
    qibi(book, "export", period, "--by", by, "-o", "out.parquet")
    rows = from_parquet(book / "out.parquet")
    wanted = ranking(book, period, by)
    assert len(wanted) > 1
    for row, standing in zip(rows, wanted, strict=False):
        for key in ("rank", "moved", "subject", "name", "branch", "weeks", "grade", "alert"):
            assert row[key] == standing[key]
        assert isinstance(row["total"], Decimal)
        assert row["total"] == Decimal(str(standing["total"]))
        assert row["mean"] == Decimal(str(standing["mean"]))
        for criterion, points in standing["criteria"].items():
            assert row[f"criterion_{criterion}"] == Decimal(str(points))
    assert all(row["rank"] is None and row["standing"] for row in rows[len(wanted) :])


def test_parquet_keeps_hundredths_below_zero_flags_and_quotes(tmp_path: Path) -> None:
    table = Table(
        (Typed('a"b', "A"), Typed("p", "P", "points"), Typed("f", "F", "flag")),
        (("'; DROP", -1, True), (None, 99999999, False), ("=1+1", None, None)),
    )
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet(table))
    found = duckdb.execute(f"SELECT * FROM '{path}'").fetchall()
    assert found == [
        ("'; DROP", Decimal("-0.01"), True),
        (None, Decimal("999999.99"), False),
        ("=1+1", None, None),
    ]


def test_parquet_of_nothing_still_has_its_columns(tmp_path: Path) -> None:
    raw = parquet(Table((Typed("a", "A"), Typed("p", "P", "points")), ()))
    (tmp_path / "none.parquet").write_bytes(raw)
    assert duckdb.execute(f"DESCRIBE SELECT * FROM '{tmp_path / 'none.parquet'}'").fetchall() == [
        ("a", "VARCHAR", "YES", None, None, None),
        ("p", "DECIMAL(9,2)", "YES", None, None, None),
    ]


def test_a_workbook_has_a_summary_and_every_member_on_the_page_of_their_branch(book: Path) -> None:
    qibi(book, "export", WEEK, "-o", "out.xlsx")
    found = pages(book / "out.xlsx")
    branches = ranking(book, WEEK, "branch")
    assert next(iter(found)) == "Summary" and len(found) == 1 + len(branches) + 1
    summary = found["Summary"]
    names, totals = summary[3].index("Branch"), summary[3].index("Total")
    assert [(r[names], r[totals]) for r in summary[4 : 4 + len(branches)]] == [
        (b["name"], b["total"]) for b in branches
    ]
    seen = {}
    for rows in list(found.values())[1:-1]:
        ids, total = rows[3].index("Id"), rows[3].index("Total")
        seen |= {row[ids]: row[total] for row in rows[4:] if row[0]}
    assert seen == {m["subject"]: m["total"] for m in ranking(book, WEEK, "member")}


def test_the_workbook_prints_on_a4_with_frozen_headings_and_charts(book: Path) -> None:
    qibi(book, "export", WEEK, "-o", "out.xlsx")
    workbook = openpyxl.load_workbook(book / "out.xlsx")
    for page in workbook:
        assert page.page_setup.paperSize == 9 and page.sheet_properties.pageSetUpPr.fitToPage
        assert page.print_title_rows and page.freeze_panes
    assert len(workbook["Summary"]._charts) == 2
    total = workbook["Summary"].cell(5, 4)
    assert total.number_format == "0.00" and isinstance(total.value, float)


def test_the_same_standings_are_the_same_bytes(book: Path) -> None:
    qibi(book, "export", WEEK, "--entries", "-o", "a.xlsx")
    time.sleep(2.1)  # a zip file counts in steps of two seconds
    qibi(book, "export", WEEK, "--entries", "-o", "b.xlsx")
    assert (book / "a.xlsx").read_bytes() == (book / "b.xlsx").read_bytes()


HOSTILE = {
    "=cmd|' /C calc'!A0": "'=cmd",
    "+1": "'+1",
    "@SUM(A1)": "'@SUM",
    "-2": "'-2",
    "\\u001b[31mred": "<U+001B>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_a_formula(book: Path, name: str) -> None:
    (book / "names.yaml").write_text(f'o1-001: "{name}"\n', "utf-8")
    qibi(book, "export", WEEK, "-o", "out.xlsx")
    qibi(book, "export", WEEK, "-o", "out.csv")
    cells = [
        cell
        for page in openpyxl.load_workbook(book / "out.xlsx")
        for row in page.rows
        for cell in row
    ]
    assert all(cell.data_type != "f" for cell in cells)
    if not name.startswith("\\"):
        assert name in [cell.value for cell in cells]
        assert f",{HOSTILE[name]}" in (book / "out.csv").read_text("utf-8-sig").replace('"', "")
    else:
        assert any(HOSTILE[name] in str(cell.value) for cell in cells)


def test_page_names_are_ones_that_excel_takes(book: Path) -> None:
    """Two branches of one section, with what Excel forbids in a page's name, and too long."""
    shutil.rmtree(book / "seals")  # a closed week would hold the sections fast
    for number in (1, 2):
        path = book / "branches" / f"outer-{number}.yaml"
        text = path.read_text("utf-8").replace("\n", f"\nsection: '[a]/{'长' * 40}'\n", 1)
        lines, seen = [], False
        for line in text.splitlines():
            if line.startswith("section:"):
                if seen:
                    continue
                seen = True
            lines.append(line)
        path.write_text("\n".join(lines) + "\n", "utf-8")
    qibi(book, "export", WEEK, "-o", "out.xlsx", QIBI_LANG="zh")
    names = [name for name in pages(book / "out.xlsx") if "长" in name]
    assert len(names) == 2 and all(len(n) <= 31 and not set(n) & set("[]:*?/\\") for n in names)


def test_json_is_versioned_and_holds_every_kind(book: Path) -> None:
    found = json.loads(qibi(book, "export", WEEK, "--entries", "--format", "json").out)
    assert found["qibi"] == 1 and found["command"] == "export"
    assert found["period"] == {"label": WEEK, "weeks": [WEEK]}
    assert set(found["standings"]) == {"member", "branch", "cp", "group", "unit", "post"}
    for kind, standings in found["standings"].items():
        assert standings == ranking(book, WEEK, kind)
    log = json.loads(qibi(book, "log", WEEK, "--format", "json").out)["entries"]
    assert {(e["entry"], e["kind"], e["void"]) for e in found["entries"]} == {
        (e["id"], e["kind"], e["void"]) for e in log
    }


def test_csv_has_the_mark_for_excel_and_entries_say_what_is_void(book: Path) -> None:
    qibi(book, "export", "2026", "--entries", "-o", "out.csv")
    raw = (book / "out.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = raw.decode("utf-8-sig").splitlines()
    log = json.loads(qibi(book, "log", "2026", "--format", "json").out)["entries"]
    assert sum(row.endswith(",yes,") for row in rows) == sum(e["void"] for e in log) > 0


def test_entries_of_a_closed_week_that_wait_say_so(book: Path) -> None:
    as_recorder = {"QIBI_AS": "o1-001"}
    qibi(book, "score", "--week", "W40", "-e", "o1-008 自查无问题", **as_recorder)
    found = json.loads(qibi(book, "export", "2026-W40", "--entries", "--format", "json").out)
    assert [e["subject"] for e in found["entries"] if e["pending"]] == ["o1-008"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2026-W50"], "nobody has been scored in 2026-W50"),
        (["2026-W50", "--format", "csv"], "nobody has been scored in 2026-W50"),
        ([WEEK, "--format", "ods"], "there is no format 'ods'"),
        ([WEEK, "--format", "xlsx", "--by", "cp"], "can't go together"),
        ([WEEK, "--format", "csv", "--by", "nobody"], "there is no ranking by 'nobody'"),
        ([WEEK, "-o", "branches"], "branches can't be written"),
        ([WEEK, "-o", "nowhere/a.xlsx"], "can't be written"),
    ],
)
def test_what_is_refused_is_said(book: Path, arguments: list[str], said: str) -> None:
    run = Run(book, "export", *arguments)
    assert run.code in (1, 2) and said in run.err and not run.out


def test_without_a_file_it_is_named_by_book_and_period_and_a_pipe_gets_the_bytes(
    book: Path,
) -> None:
    run = qibi(book, "export", WEEK)
    assert "written: example-2026-W45.xlsx" in run.err
    qibi(book, "export", WEEK, "--format", "parquet")
    assert (book / "example-2026-W45.xlsx").read_bytes()[:2] == b"PK"
    assert (book / "example-2026-W45.parquet").read_bytes()[:4] == b"PAR1"


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def _console(stderr: io.StringIO) -> Console:
    around = Surroundings(
        environment={"TERM": "xterm"},
        folder=Path("/"),
        now=lambda: pytest.fail("a bar needs no clock"),
        stdin=io.StringIO(),
        stdout=io.StringIO(),
        stderr=stderr,
        columns=80,
    )
    return Console(around)


@pytest.mark.parametrize("patience", [0.0, 60.0])
def test_a_bar_shows_only_after_a_while(monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
    monkeypatch.setattr("qibi.cli.console._PATIENCE", patience)
    screen = _Screen()
    with _console(screen).progress("writing [red]pages", 2) as step:
        if not patience:
            for _try in range(500):
                if "pages" in screen.getvalue():
                    break
                time.sleep(0.01)
        step()
        step()
    shown = screen.getvalue()
    if patience:
        assert shown == ""
    else:
        assert "writing [red]pages" in shown and "2/2" in shown


def test_a_bar_shows_on_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qibi.cli.console._PATIENCE", 0.0)
    stream = io.StringIO()
    with _console(stream).progress("pages", 1) as step:
        time.sleep(0.05)
        step()
    assert stream.getvalue() == ""


def test_a_missing_package_is_named(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "xlsxwriter", None)
    run = Run(book, "export", WEEK)
    assert run.code == 2 and "pip install xlsxwriter" in run.err
    assert language.current() == "en"

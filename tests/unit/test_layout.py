"""Text that fits a terminal: nothing is lost, nothing runs over the edge, names stay whole."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from qibi.base.text import width
from qibi.cli.output import Cell, Column, Grid, as_csv, folded_line, table, wrap

PROSE = st.text("ab 党员一，。（）()、;/-", max_size=80)


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("members 党员一 103, 党员二 101", 24, ["members 党员一 103,", "党员二 101"]),
        ("未交：城区一标段、城区二标段", 24, ["未交：城区一标段、", "城区二标段"]),
        ("一二三四五六七八九十", 10, ["一二三四五", "六七八九十"]),
        ("项目CP、项目CP、项目CP", 14, ["项目CP、", "项目CP、项目CP"]),
        ("照片0810-59（整改前后）", 20, ["照片0810-59", "（整改前后）"]),
        ("裸土未覆盖/车辆未冲洗、工序", 22, ["裸土未覆盖/", "车辆未冲洗、工序"]),
        ("one two three", 7, ["one two", "three"]),
        ("  indented words here", 16, ["  indented words", "  here"]),
        ("a title  part two  3", 12, ["a title", "part two  3"]),
    ],
)
def test_a_line_breaks_where_a_reader_would(text: str, columns: int, lines: list[str]) -> None:
    assert folded_line(text, columns) == lines


@given(PROSE, st.integers(4, 40), st.integers(0, 12))
def test_wrapping_loses_nothing(text: str, columns: int, near: int) -> None:
    lines = wrap(text, columns, near)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(st.text("党员一二 ", max_size=60), st.integers(4, 40), st.integers(0, 12))
def test_what_can_break_anywhere_fits(text: str, columns: int, near: int) -> None:
    assert all(width(line) <= columns for line in wrap(text, columns, near))


def test_no_line_begins_with_a_mark_that_closes() -> None:
    lines = wrap("党员一、党员二、党员三（书记）、党员四。", 6)
    assert not any(line[0] in "、。）" for line in lines)
    assert not any(line[-1] == "（" for line in lines)


def drawn(grid: Grid, columns: int, **how: Any) -> str:
    """A grid as Rich prints it in as much room as it needs."""
    out = io.StringIO()
    Console(
        file=out, width=200, markup=False, highlight=False, emoji=False, _environ={}, **how
    ).print(table(grid, columns))
    return out.getvalue()


def test_a_grid_that_is_too_wide_goes_on_below() -> None:
    columns = [Column("Id"), Column("Measure", wraps=True), Column("Owner")]
    rows = [["r-1", "纠正：停工整改通知、整改逾期、道路未硬化", Cell("午零一", "red")]]
    grid = Grid(columns, rows)
    assert [line.rstrip() for line in drawn(grid, 36).splitlines()] == [
        "Id  Measure                   Owner",
        "r-1 纠正：停工整改通知、      午零一",
        "    整改逾期、道路未硬化",
    ]
    coloured = drawn(grid, 36, force_terminal=True, color_system="standard")
    assert "\x1b[31m午零一\x1b[0m" in coloured


def test_a_table_is_richs_with_a_row_a_row() -> None:
    grid = Grid([Column("Id"), Column("n", right=True)], [["a", "1"], ["b", "23"]])
    made = table(grid, 80)
    assert type(made) is Table and made.row_count == 2
    assert drawn(grid, 80).split() == ["Id", "n", "a", "1", "b", "23"]


@given(st.lists(PROSE, min_size=1, max_size=3), st.integers(12, 60))
def test_a_grid_holds_all_of_its_text(texts: list[str], columns: int) -> None:
    grid = Grid([Column("x", wraps=True) for _text in texts], [texts], headed=False)
    lines = [line.rstrip() for line in drawn(grid, columns).splitlines()]
    assert all(width(line) <= columns for line in lines)
    kept = sorted("".join(lines).replace(" ", ""))
    assert kept == sorted("".join(texts).replace(" ", ""))


def test_no_heading_of_a_csv_stands_twice() -> None:
    header = ["Rank", "Total", "Total", "Total (2)", "Total"]
    first = as_csv(header, [[1, 2, 3, 4, 5]]).splitlines()[0]
    assert first == "Rank,Total,Total (2),Total (2) (2),Total (3)"

"""Text that fits a terminal: nothing is lost, nothing runs over the edge, names stay whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qibi.base.text import width
from qibi.cli.output import Cell, Column, Grid, folded_line, laid_out, wrap

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


def test_a_grid_that_is_too_wide_goes_on_below() -> None:
    columns = [Column("Id"), Column("Measure", wraps=True), Column("Owner")]
    rows = [["r-1", "纠正：停工整改通知、整改逾期、道路未硬化", Cell("午零一", "red")]]
    lines = laid_out(Grid(columns, rows), 36)
    assert ["".join(cell.text for cell in line).rstrip() for line in lines] == [
        "Id  Measure                   Owner",
        "r-1 纠正：停工整改通知、      午零一",
        "    整改逾期、道路未硬化",
    ]
    assert [cell.style for cell in lines[1] if cell.text == "午零一"] == ["red"]


@given(st.lists(PROSE, min_size=1, max_size=3), st.integers(12, 60))
def test_a_grid_holds_all_of_its_text(texts: list[str], columns: int) -> None:
    grid = Grid([Column("x", wraps=True) for _text in texts], [texts], headed=False)
    lines = ["".join(cell.text for cell in line) for line in laid_out(grid, columns)]
    assert all(width(line) <= columns for line in lines)
    kept = sorted("".join(lines).replace(" ", ""))
    assert kept == sorted("".join(texts).replace(" ", ""))

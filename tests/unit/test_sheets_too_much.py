"""A table that nobody can have written by hand is refused, and told so; what a person writes is not."""

import io
import zipfile

import pytest

from fuzz.hostile import parts_of, workbook
from qibi.base.findings import Faults
from qibi.sheets.files import open_sheet

FAR = "holds far too much"
OPEN = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
ROW = '<row><c t="inlineStr"><is><t>{}</t></is></c><c><v>1</v></c></row>'


def book(cells: str, after: str = "") -> bytes:
    parts = parts_of(workbook([["member", "item"]]))
    parts["xl/worksheets/sheet1.xml"] = f"{OPEN}{cells}</sheetData>{after}</worksheet>".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(
        packed, "w"
    ) as archive:  # as it is: packed well it would be refused for that
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def merges(*ranges: str) -> str:
    cells = "".join(f'<mergeCell ref="{place}"/>' for place in ranges)
    return f"<mergeCells>{cells}</mergeCells>"


FILES = {
    "cells": ("a.csv", b"member" + b",x" * 299 + b"\n" + (b"1" + b",1" * 299 + b"\n") * 2000, FAR),
    "columns": ("a.csv", b"member" + b",x" * 300 + b"\n", "has more than 300 columns"),
    "rows": ("a.csv", b"member,item\n" * 20_001, "has more than 20000 rows"),
    "elements": ("a.xlsx", book("<row/>" * 300_001), FAR),
    "escapes": ("a.xlsx", book(ROW.format("&amp;" * 300_001)), FAR),
    "characters": ("a.xlsx", book(ROW.format("x" * 2_000_001)), FAR),
    "merged": ("a.xlsx", book(ROW.format("a") * 250, merges(*["A1:XFD250"] * 2)), FAR),
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_refused(name: str) -> None:
    path, raw, said = FILES[name]
    with pytest.raises(Faults, match=said):
        open_sheet(path, raw)


def test_what_is_large_and_may_be() -> None:
    [page] = open_sheet("a.csv", b"member,item\n" * 20_000)
    assert len(page.rows) == 20_000
    [page] = open_sheet("a.xlsx", book(ROW.format("&amp;" * 30_000)))
    assert page.rows[0][0] == "&" * 30_000
    # No cell is filled below the last row, nor beyond the columns that a table may have.
    [page] = open_sheet("a.xlsx", book(ROW.format("a") * 2, merges("A1:XFD1", "A2:A1048576")))
    assert page.rows[0] == ("a",) * 300 and page.rows[1] == ("a", "1")


@pytest.mark.parametrize("cell", ['t="inlineStr"><is></is>', 't="str">', "><is><x/></is>"])
def test_a_far_cell_that_holds_nothing_stretches_no_merge(cell: str) -> None:
    """It is laid out as a row all the same: three merges over 20,000 of them took 25 s."""
    far = f'<row r="20000"><c r="A20000" {cell}</c></row>'
    [page] = open_sheet("a.xlsx", book(ROW.format("a") + far, merges(*["A1:XFD20000"] * 3)))
    assert page.rows == (("a",) * 300,)

"""What a spreadsheet program shows of a cell is what is read, or the cell is marked."""

import contextlib
import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from datetime import date, datetime, time
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles import Font
from test_sheets_table import SHEET, by_openpyxl, one, patched, refused

from fuzz.hostile import damaged, few, parts_of, workbook, zipped
from qibi.base.findings import Faults
from qibi.sheets.files import open_sheet
from qibi.sheets.page import Mark, Page

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RICH = "xl/richData/"


def marks(page: Page) -> dict[tuple[int, int], tuple[str, ...]]:
    """The marks of a page's cells: `kind`, or `kind: detail`."""
    return {
        place: tuple(f"{m.kind}: {m.detail}" if m.detail else m.kind for m in found)
        for place, found in page.marks.items()
    }


def minimal(cells: str, around: str = "{}", **parts: str) -> bytes:
    """A workbook of hand-written XML, its other parts as XlsxWriter writes them."""
    whole = parts_of(workbook([["a"]]))
    data = around.format(f"<sheetData>{cells}</sheetData>")
    whole[SHEET] = f'<worksheet xmlns="{MAIN}">{data}</worksheet>'.encode()
    for name, content in parts.items():
        whole[f"xl/{name}.xml"] = content.encode()
    return zipped(whole)


def formatted(code: str, value: object) -> Page:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "x")
        sheet.write(0, 1, value, book.add_format({"num_format": code}))
    return one(buffer.getvalue(), "a.xlsx")


# Number formats


@pytest.mark.parametrize(
    ("code", "value", "text", "mark"),
    [
        ("General", 3, "3", ""),
        ("General", 0.1 + 0.2, "0.3", ""),
        ("General", -0.0000001, "-0.0000001", ""),
        ("0.00", 3, "3.00", ""),
        ("0.00", 10 / 3, "3.33", ""),
        ("0.0", 9.25, "9.3", "rounded: 9.25"),
        ("0", 9.5, "10", "rounded: 9.5"),
        ("0", -0.4, "0", "rounded: -0.4"),
        ("#,##0.0", 12345.5, "12345.5", ""),
        ("0%", 0.95, "95%", ""),
        ("0.0%", 1, "100.0%", ""),
        ("0%", 0.955, "96%", "rounded: 0.955"),
        ("0;0", -2, "2", "rounded: -2"),
        ("0;[Red]0", -2, "2", "rounded: -2"),
        ("+0;-0;0", 2, "+2", ""),
        ("+0;-0;0", -2, "-2", ""),
        ("+0;-0;0", 0, "0", ""),
        ("[>0]+0;-0", -2, "-2", ""),
        ("-0", 2, "-2", ""),
        ("0_);(0)", -2, "-2", ""),
        ("#,##0_);[Red]\\(#,##0\\)", -1234, "-1234", ""),
        ('_-* #,##0_-;-* #,##0_-;_-* "-"_-;_-@_-', 0, "-", ""),
        ('0"分"', 2, "2分", ""),
        ('0"次"', 1.5, "2次", "rounded: 1.5"),
        ('"加"0;"扣"0', 2, "加2", ""),
        ('"加"0;"扣"0', -2, "扣2", ""),
        ('General"分"', -2.5, "-2.5分", ""),
        ("0,", 12345, "12", "rounded: 12345"),
        ('[=1]"√";General', 1, "√", ""),
        ('[=1]"√";General', 2, "2", ""),
        ('[=1]"√"', 2, "2", ""),
        ('[>=3]"优";0', 5, "优", "rounded: 5"),
        ('[>=3]"优";0', 2, "2", ""),
        ('"√"', 0, "√", "rounded: 0"),
        (";;;", 3, "", "invisible: 3"),
        (";;;", "甲", "", "invisible: 甲"),
        ("0;;", -3, "", "invisible: -3"),
        ("0;-0;", 0, "", ""),
        ('@"同志"', "甲", "甲同志", ""),
        ("0;0", "甲", "甲", ""),
        ("@", 3, "3", ""),
        ("0000", 12, "0012", ""),
        ("000-0000", 1234567, "123-4567", ""),
        ("[$-804]0", 3, "3", ""),
        ("[$¥-804]0.00", 8, "¥8.00", ""),
        ("# ?/?", 0.5, "0.5", ""),
        ("0.0E+00", 1234, "1234", ""),
        ("0", 123456789012345678, "123456789012345700", "lost-digits"),
        ("General", 1e15, "1000000000000000", "lost-digits"),
        ("yyyy-mm-dd", 46344, "2026-11-18", "date"),
        ('yyyy"年"m"月"d"日";@', 46344.5, "2026-11-18 12:00:00", "date"),
        ("[$-804]aaaa", 46344, "2026-11-18", "date"),
        ("h:mm AM/PM", 0.75, "18:00:00", "date"),
        ("[h]:mm", 1.5, "36:00:00", "date"),
        ("mmm", 1, "1900-01-01", "date"),
        ("d", 0, "1900-01-00", "date"),
        ("d", -1, "-1", "date"),
    ],
)
def test_a_number_is_read_as_its_format_shows_it(code, value, text, mark):
    page = formatted(code, value)
    assert page.cell(0, 1) == text
    assert marks(page).get((0, 1), ("",)) == (mark,)
    assert ((0, 1) in page.numeric) == (not isinstance(value, str))


STYLES = f"""<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="200" formatCode="0&quot;分&quot;"/></numFmts>
<fonts><font/><font><strike/></font><font><strike val="0"/></font><font><vertAlign val="subscript"/></font></fonts>
<fills><fill/></fills><borders><border/></borders>
<cellStyleXfs><xf/><xf fontId="1"/></cellStyleXfs>
<cellXfs><xf/>{{}}</cellXfs><dxfs><dxf><font><strike/></font><numFmt numFmtId="200" formatCode="0"/></dxf></dxfs></styleSheet>"""


@pytest.mark.parametrize(
    ("xf", "cell", "text", "mark"),
    [
        ('<xf numFmtId="9"/>', "<v>0.5</v>", "50%", ""),
        ('<xf numFmtId="200"/>', "<v>5</v>", "5分", ""),
        ('<xf numFmtId="38"/>', "<v>-5</v>", "-5", ""),
        ('<xf numFmtId="31"/>', "<v>46344</v>", "2026-11-18", "date"),
        ('<xf numFmtId="58"/>', "<v>46344</v>", "2026-11-18", "date"),
        ('<xf numFmtId="20"/>', "<v>0.5</v>", "12:00:00", "date"),
        ('<xf fontId="1"/>', "<v>5</v>", "5", "struck"),
        ('<xf fontId="2"/>', "<v>5</v>", "5", ""),
        ('<xf fontId="3"/>', "<v>5</v>", "5", "raised"),
        ('<xf fontId="0" xfId="1" applyFont="0"/>', "<v>5</v>", "5", "struck"),
        ('<xf fontId="0" xfId="1"/>', "<v>5</v>", "5", ""),
        ('<xf fontId="99" numFmtId="99"/>', "<v>5</v>", "5", ""),
        ("", "<v>5</v>", "5", ""),
    ],
)
def test_styles_as_other_programs_write_them(xf, cell, text, mark):
    raw = minimal(f'<row><c s="1">{cell}</c></row>', styles=STYLES.format(xf))
    page = one(raw, "a.xlsx")
    assert (page.cell(0, 0), marks(page).get((0, 0), ("",))) == (text, (mark,))


# Kinds of cells


@pytest.mark.parametrize(
    ("cell", "text", "mark"),
    [
        ('<c t="inlineStr"><is><t>甲</t></is></c>', "甲", ""),
        ("<c><is><t>甲</t></is></c>", "甲", ""),
        ('<c t="s"><v>0</v></c>', "一二", "struck-part"),
        ('<c t="s"><v>1</v></c>', "一二", "struck"),
        ('<c t="s"><v>2</v></c>', "x2", "raised"),
        ('<c t="s"><v>3</v></c>', "漢字", ""),
        ('<c t="s"><v>4</v></c>', "_x0041_\nA", ""),
        ('<c t="s" s="1"><v>0</v></c>', "一二", "struck"),
        ('<c t="s" s="1"><v>5</v></c>', "一二", "struck-part"),
        ('<c t="inlineStr"><is><r><rPr><strike/></rPr><t>甲</t></r></is></c>', "甲", "struck"),
        ('<c t="str"><f>A9</f><v>甲</v></c>', "甲", ""),
        ('<c t="str"><f>""</f><v></v></c>', "", ""),
        ('<c t="s"><v></v></c>', "", ""),
        ('<c t="b"><v>1</v></c>', "TRUE", ""),
        ('<c t="b"><v>0</v></c>', "FALSE", ""),
        ('<c t="e"><v>#N/A</v></c>', "#N/A", "error"),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!", "error"),
        ('<c t="d"><v>2026-11-18T00:00:00</v></c>', "2026-11-18", "date"),
        ('<c t="d"><v>2026-11-18T09:30:00Z</v></c>', "2026-11-18 09:30:00", "date"),
        ("<c><f>1+1</f><v>2</v></c>", "2", ""),
        ("<c><f>1+1</f></c>", "=1+1", "uncalculated: =1+1"),
        ("<c><f>1+1</f><v/></c>", "=1+1", "uncalculated: =1+1"),
        ('<c><f t="shared" ref="A1:B1" si="0">B1</f><v>2</v></c>', "2", ""),
        ("<c><v>1.5E1</v></c>", "15", ""),
        ("<c><v> 7 </v></c>", "7", ""),
        ("<c><v>0.1000000000000000055511151231257827021181583404541015625</v></c>", "0.1", ""),
    ],
)
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_each_kind_of_cell(cell, text, mark, prefix):
    strike = "<r><rPr><strike/></rPr><t>{}</t></r>"
    strings = "".join(
        f"<si>{inner}</si>"
        for inner in (
            "<r><t>一</t></r>" + strike.format("二"),
            strike.format("一") + "<r><t> </t></r>" + strike.format("二"),
            '<r><t>x</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>2</t></r>',
            '<t>漢字</t><rPh sb="0" eb="2"><t>かんじ</t></rPh>',
            "<t>_x005F_x0041__x000A__x0041_</t>",
            "<r><t>一</t></r><r><rPr><b/></rPr><t>二</t></r>",
        )
    )
    strings = strings.replace("<r><t> </t></r>", "")
    raw = minimal(
        f"<row>{cell}<c><v>1</v></c></row>",
        sharedStrings=f'<sst xmlns="{MAIN}">{strings}</sst>',
        styles=STYLES.format('<xf fontId="1"/>'),
    )
    if prefix:  # strict, and with a prefix
        parts = parts_of(raw)
        for name, content in parts.items():
            text_of = content.decode().replace(MAIN, STRICT)
            if name == SHEET:
                text_of = text_of.replace("</", "\0").replace("<", "<x:").replace("\0", "</x:")
                text_of = text_of.replace("xmlns=", "xmlns:x=")
            parts[name] = text_of.encode()
        raw = zipped(parts)
    page = one(raw, "a.xlsx")
    assert (page.cell(0, 0), marks(page).get((0, 0), ("",))) == (text, (mark,))
    assert page.cell(0, 1) == "1"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ('<row><c r="C2"><v>1</v></c><c r="C2"><v>2</v></c></row>', "C2: this cell occurs twice"),
        ('<row r="2"/><row r="2"/>', "row 2 occurs twice"),
        ("<row><c><v>seven</v></c></row>", "A1: 'seven' is not a number"),
        ("<row><c><v>1e999</v></c></row>", "A1: '1e999' is not a number"),
        ('<row><c t="s"><v>99</v></c></row>', "A1: its text is not in the file"),
        ('<row><c t="what"><v>9</v></c></row>', "A1: its type is unknown"),
    ],
)
def test_damage_is_told_with_its_cell(cells, expected):
    said = refused(minimal(cells), "a.xlsx")
    assert expected in said and "the workbook is damaged" in said


def test_a_far_cell_is_named():
    cell = '<row r="1"><c r="A1"><v>1</v></c><c r="AAB1" t="inlineStr"><is><t>{}</t></is></c></row>'
    assert refused(minimal(cell.format("x")), "a.xlsx") == (
        "a.xlsx:Sheet1!AAB1: has more than 300 columns: AAB1 holds 'x'; clear it"
    )
    assert one(minimal(cell.format(" ")), "a.xlsx").rows == (("1",),)  # nothing is shown there
    assert refused(minimal('<row r="30000"><c><v>7</v></c></row>'), "a.xlsx") == (
        "a.xlsx:Sheet1!A30000: has more than 20000 rows: A30000 holds '7'; clear it, or split the table"
    )


def test_dates_of_1904():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"date_1904": True}) as book:
        form = book.add_format({"num_format": "yyyy-mm-dd"})
        book.add_worksheet().write_datetime(0, 0, datetime(2026, 11, 18), form)
    assert one(buffer.getvalue(), "a.xlsx").rows == (("2026-11-18",),)


def test_dates_of_openpyxl():
    def fill(book):
        book.active.append([date(2026, 11, 18), datetime(2026, 11, 18, 9, 30), time(9, 30)])

    page = one(by_openpyxl(fill), "a.xlsx")
    assert page.rows == (("2026-11-18", "2026-11-18 09:30:00", "09:30:00"),)
    assert set(marks(page).values()) == {("date",)}


@pytest.mark.parametrize(
    ("calc", "cells", "uncalculated"),
    [
        ('<calcPr fullCalcOnLoad="1"/>', "<c><f>1</f><v>0</v></c><c><f>1+1</f><v>2</v></c>", True),
        ("", "<c><f>1</f><v>0</v></c><c><f>1</f><v>0</v></c>", True),
        ("", "<c><f>1</f><v>0</v></c><c><f>1+1</f><v>2</v></c>", False),
        ("", '<c><f>1</f><v>0</v></c><c t="e"><f>1/0</f><v>#DIV/0!</v></c>', False),
        ("", "<c><v>0</v></c>", False),
    ],
)
def test_a_formula_that_nobody_calculated(calc, cells, uncalculated):
    raw = patched(
        minimal(f"<row>{cells}</row>"),
        lambda xml: xml.replace(b'<calcPr calcId="124519" fullCalcOnLoad="1"/>', calc.encode()),
        "xl/workbook.xml",
    )
    page = one(raw, "a.xlsx")
    assert page.cell(0, 0) == ("=1" if uncalculated else "0")
    assert marks(page).get((0, 0), ("",)) == ("uncalculated: =1" if uncalculated else "",)
    # Who writes the order in which to calculate has calculated.
    with zipfile.ZipFile(buffer := io.BytesIO(raw), "a") as archive:
        archive.writestr("xl/calcChain.xml", "<calcChain/>")
    assert one(buffer.getvalue(), "a.xlsx").cell(0, 0) == "0"


# Hidden, struck out, merged


def test_hidden_rows_and_columns():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        for row in range(6):
            sheet.write_row(row, 0, ["a", "b", "c", "d"])
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_row(2, 0)
        sheet.set_column(1, 1, None, None, {"hidden": True})
        sheet.set_column(3, 3, 0)
    page = one(buffer.getvalue(), "a.xlsx")
    assert page.hidden_rows == {1, 2}
    assert page.hidden_columns == {1, 3}
    raw = minimal(
        '<row r="1"><c><v>1</v></c></row><row r="4"><c><v>1</v></c></row>',
        '<sheetFormatPr zeroHeight="1"/>{}',
    )
    assert one(raw, "a.xlsx").hidden_rows == {1, 2}
    raw = minimal(
        "<row><c><v>0</v></c><c><v>1</v></c></row>",
        '<sheetViews><sheetView showZeros="0"/></sheetViews>{}',
    )
    assert one(raw, "a.xlsx").rows == (("", "1"),)


def test_struck_out_by_openpyxl():
    def fill(book):
        book.active["A1"], book.active["B1"] = "甲", 5
        book.active["A1"].font = Font(strike=True)
        book.active["B1"].font = Font(vertAlign="superscript")

    assert marks(one(by_openpyxl(fill), "a.xlsx")) == {(0, 0): ("struck",), (0, 1): ("raised",)}


def test_merged_cells_have_the_marks_of_the_first_and_covered_texts_are_marked():
    cells = '<row><c s="1"><v>5</v></c></row><row><c><v>7</v></c></row><row><c><v>1</v></c></row>'
    merged = '{}<mergeCells><mergeCell ref="A1:A3"/></mergeCells>'
    page = one(minimal(cells, merged, styles=STYLES.format('<xf fontId="1"/>')), "a.xlsx")
    assert page.rows == (("5",), ("5",), ("5",))
    assert page.copied == {(1, 0), (2, 0)} and page.numeric == {(0, 0), (1, 0), (2, 0)}
    assert marks(page) == {
        (0, 0): ("struck",),
        (1, 0): ("struck", "invisible: 7"),
        (2, 0): ("struck", "invisible: 1"),
    }


def test_a_hidden_sheet_that_is_too_large_is_told():
    raw = patched(
        by_openpyxl(
            lambda book: (book.active.append(["a"]), book.create_sheet("单").append(["b"]))
        ),
        lambda xml: xml.replace(
            b'name="\xe5\x8d\x95" sheetId="2" state="visible"',
            b'name="x" sheetId="2" state="hidden"',
        ),
        "xl/workbook.xml",
    )
    assert [p.hidden for p in open_sheet("a.xlsx", raw)] == [False, True]
    raw = patched(raw, lambda xml: xml.replace(b'r="A1"', b'r="ZZZ1"'), "xl/worksheets/sheet2.xml")
    page = one(raw, "a.xlsx")
    assert page.notices == ("the hidden sheet 'x' is too large or damaged and is not read",)


# Pictures and what is not read


def png(width: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" + b"\xff\0\0" * width)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def test_pictures_in_cells_of_excel_and_over_them():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        for row, width in enumerate((1, 2, 1)):
            sheet.embed_image(row, 1, "x.png", {"image_data": io.BytesIO(png(width))})
        sheet.insert_image(5, 5, "y.png", {"image_data": io.BytesIO(png(3))})
        sheet.insert_textbox(9, 9, "text")
        sheet.write_comment("A1", "one")
        sheet.write_comment("A2", "two")
    page = one(buffer.getvalue(), "a.xlsx")
    assert page.rows == (("", "image1.png"), ("", "image2.png"), ("", "image1.png"))
    assert {place: p.content for place, p in page.pictures.items()} == {
        (0, 1): png(1),
        (1, 1): png(2),
        (2, 1): png(1),
    }
    assert not page.marks
    assert page.notices == (
        "2 comments are not read",
        "1 picture floats over the cells and is not read; a picture inside a cell is stored as evidence",
        "1 text box floats over the cells and is not read",
    )
    parts = parts_of(buffer.getvalue())
    del parts["xl/media/image2.png"]
    page = one(zipped(parts), "a.xlsx")
    assert page.cell(1, 1) == "#VALUE!" and marks(page) == {(1, 1): ("error",)}


DISPIMG = '<c t="str"><f>_xlfn.DISPIMG("ID_{0}",1)</f><v>=DISPIMG("ID_{0}",1)</v></c>'
CELL_IMAGES = """<etc:cellImages xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData"
 xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><etc:cellImage><xdr:pic><xdr:nvPicPr>
 <xdr:cNvPr id="2" name="ID_7" descr="照片"/></xdr:nvPicPr><xdr:blipFill><a:blip r:embed="rId1"/></xdr:blipFill></xdr:pic></etc:cellImage></etc:cellImages>"""
RELATION = (
    '<Relationships><Relationship Id="rId1" Type="http://x/image" Target="{}"/></Relationships>'
)


@pytest.mark.parametrize(
    "target", ["media/image1.jpeg", "/xl/media/image1.jpeg", "../xl/media/image1.jpeg"]
)
def test_pictures_in_cells_of_wps(target):
    plain = '<c t="inlineStr"><is><t>=DISPIMG("ID_7",1)</t></is></c>'  # as other programs save it
    empty = '<c><f>_xlfn.DISPIMG("ID_7",1)</f></c>'
    raw = minimal(f"<row>{DISPIMG.format(7)}{DISPIMG.format(8)}{plain}{empty}</row>")
    parts = parts_of(raw)
    parts["xl/cellimages.xml"] = CELL_IMAGES.encode()
    parts["xl/_rels/cellimages.xml.rels"] = RELATION.format(target).encode()
    parts["xl/media/image1.jpeg"] = b"\xff\xd8\xff picture"
    page = one(zipped(parts), "a.xlsx")
    assert page.rows == (("image1.jpeg", '=DISPIMG("ID_8",1)', "image1.jpeg", "image1.jpeg"),)
    assert set(page.pictures) == {(0, 0), (0, 2), (0, 3)}
    assert page.pictures[0, 0].content == b"\xff\xd8\xff picture"
    assert marks(page) == {(0, 1): ("error",)}
    page = one(raw, "a.xlsx")
    assert page.cell(0, 0) == '=DISPIMG("ID_7",1)' and page.marks[0, 0] == (Mark("error"),)
    parts["xl/media/image1.jpeg"] = bytes(range(256)) * 20_000
    assert refused(zipped(parts, zipfile.ZIP_STORED), "a.xlsx") == (
        "a.xlsx:Sheet1!A1: the picture is too large: 5 MB at most, 20 MB in a workbook; make it smaller"
    )


# Other programs and formats


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of XlsxWriter as LibreOffice saves it in other formats."""
    if shutil.which("soffice") is None:
        pytest.fail("soffice is not installed: apt-get install libreoffice-calc-nogui")
    place = tmp_path_factory.mktemp("office")
    with xlsxwriter.Workbook(str(place / "a.xlsx")) as book:

        def form(code: str = "General", **more: object) -> object:
            return book.add_format({"num_format": code, **more})

        sheet = book.add_worksheet("甲")
        for column, (code, value) in enumerate(SHOWN):
            sheet.write(0, column, value, form(code))
        sheet.write(1, 0, "甲", form(font_strikeout=True))
        sheet.write(1, 1, 5, form(font_strikeout=True))
        sheet.write(1, 2, 5)
        sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, 4, "=1+1", None, 2)
        sheet.write_datetime(1, 5, datetime(2026, 11, 18, 9, 30), form("yyyy-mm-dd hh:mm"))
        sheet.write_boolean(1, 6, True)
        sheet.write(2, 0, "hidden")
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.merge_range("A4:A5", "一组")
        sheet.write("B5", "x")
        sheet.set_column(3, 3, None, None, {"hidden": True})
        sheet.write_comment("A1", "note")
        hidden = book.add_worksheet("乙")
        hidden.write(0, 0, "b")
        hidden.hide()
    for kind in ("xls", "ods", "xlsx"):
        command = ["soffice", "--headless", f"-env:UserInstallation={(place / 'profile').as_uri()}"]
        command += ["--convert-to", kind, "--outdir", str(place / "saved"), str(place / "a.xlsx")]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
    return place / "saved"


SHOWN = [
    ("0%", 0.95),
    ("0;0", -2),
    ("+0;-0;0", 2),
    ('0"分"', 2),
    ("0", 9.5),
    (";;;", 3),
    ("0_);(0)", -2),
    ('[=1]"√";General', 1),
    ("0000", 12),
    ("#,##0.00", 1234567.5),
    ("General", 0.1 + 0.2),
]


@pytest.mark.external
@pytest.mark.parametrize("kind", ["xls", "ods", "xlsx"])
def test_as_libreoffice_saves_it(office: Path, kind: str) -> None:
    page, hidden = open_sheet(f"a.{kind}", (office / f"a.{kind}").read_bytes())
    assert (page.name, page.hidden, hidden.name, hidden.hidden) == ("甲", False, "乙", True)
    assert page.rows == (
        ("95%", "2", "+2", "2分", "10", "", "-2", "√", "0012", "1234567.50", "0.3"),
        ("甲", "5", "5", "#DIV/0!", "2", "2026-11-18 09:30:00", "TRUE"),
        ("hidden",),
        ("一组",),
        ("一组", "x"),
    )
    assert marks(page) == {
        (0, 1): ("rounded: -2",),
        (0, 4): ("rounded: 9.5",),
        (0, 5): ("invisible: 3",),
        (1, 0): ("struck",),
        (1, 1): ("struck",),
        (1, 3): ("error",),
        (1, 5): ("date",),
    }
    assert page.hidden_rows == {2} and page.hidden_columns == {3} and page.copied == {(4, 0)}
    assert {(0, n) for n in range(11)} <= page.numeric
    assert "1 comment is not read" in page.notices


@pytest.mark.external
@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_damaged_as_libreoffice_saves_it(office: Path, kind: str) -> None:
    raw = (office / f"a.{kind}").read_bytes()
    assert "is a damaged workbook" in refused(raw[: len(raw) // 2], f"a.{kind}")


def binary() -> bytes:
    """An .xlsb made by hand after [MS-XLSB]; no free program writes one."""

    def record(kind: int, body: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        return head + bytes([len(body)]) + body

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    def cell(kind: int, column: int, style: int, body: bytes) -> bytes:
        return record(kind, struct.pack("<II", column, style) + body)

    def row(number: int, switches: int = 0) -> bytes:
        return record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, switches, 0, 0))

    sheet = [
        *(record(129), record(148, struct.pack("<4I", 0, 1, 0, 3)), record(145)),
        *(row(0), cell(6, 0, 0, text("姓名")), cell(5, 1, 1, struct.pack("<d", 0.95))),
        *(cell(3, 2, 0, b"\x2a"), cell(5, 3, 2, struct.pack("<d", 46344))),
        *(row(1, 0x10), cell(6, 0, 3, text("甲")), record(146)),
        *(record(176, struct.pack("<4I", 0, 1, 1, 1)), record(130)),
    ]
    fonts = [record(43, struct.pack("<HHHH", 220, switches, 400, 0)) for switches in (0, 8)]
    looks = [(0, 0), (9, 0), (14, 0), (0, 1)]
    cells = [record(47, struct.pack("<HHH", 0xFFFF, *look) + b"\0" * 10) for look in looks]
    book = [record(131), record(156, struct.pack("<II", 0, 1) + text("rId1") + text("甲"))]
    relation = '<Relationship Id="rId{}" Type="{}/{}" Target="{}.bin"/>'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = relation.format(1, kind, "worksheet", "worksheets/sheet1")
    relations += relation.format(2, kind, "styles", "styles")
    return zipped(
        {
            "xl/workbook.bin": b"".join([*book, record(144), record(132)]),
            "xl/styles.bin": b"".join(
                [*fonts, record(617, struct.pack("<I", 4)), *cells, record(618)]
            ),
            "xl/worksheets/sheet1.bin": b"".join(sheet),
            "xl/_rels/workbook.bin.rels": f"<Relationships>{relations}</Relationships>".encode(),
        }
    )


def test_a_binary_workbook():
    page = one(binary(), "a.xlsb")
    assert page.rows == (("姓名", "95%", "#N/A", "2026-11-18"), ("甲", "95%"))
    assert page.hidden_rows == {1} and page.copied == {(1, 1)}
    assert marks(page) == {(0, 2): ("error",), (0, 3): ("date",), (1, 0): ("struck",)}


OPEN_DOCUMENT = """<d xmlns:table="t" xmlns:office="o" xmlns:text="x" xmlns:calcext="c"><table:table table:name="甲">{}</table:table></d>"""


def open_document(rows: str) -> bytes:
    mime = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": mime, "content.xml": OPEN_DOCUMENT.format(rows).encode()})


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            '<table:table-row><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="8.5"><text:p>8,5</text:p></table:table-cell></table:table-row>',
            (("8.5", "8.5"),),
        ),
        (
            '<table:table-row table:number-rows-repeated="1048576"><table:table-cell/></table:table-row>',
            "has no visible worksheet with content",
        ),
        (
            '<table:table-row table:number-rows-repeated="30000"><table:table-cell><text:p>a</text:p></table:table-cell></table:table-row>',
            "has more than 20000 rows: A20001 holds 'a'",
        ),
        (
            '<table:table-row table:number-rows-repeated="20000"><table:table-cell table:number-columns-repeated="300"><text:p>a</text:p></table:table-cell></table:table-row>',
            "holds far too much",
        ),
    ],
)
def test_repeated_cells_of_open_document(rows, expected):
    if isinstance(expected, tuple):
        assert one(open_document(rows), "a.ods").rows == expected
    else:
        assert expected in refused(open_document(rows), "a.ods")


ROW = '<table:table-row><table:table-cell office:value-type="float" office:value="8"><text:p>8</text:p></table:table-cell></table:table-row>'


@pytest.mark.parametrize("raw", [binary(), open_document(ROW)], ids=["xlsb", "ods"])
@few(150)
@given(st.data())
def test_damaged_parts_are_refused_and_nothing_else(raw: bytes, data: st.DataObject) -> None:
    parts = parts_of(raw)
    name = data.draw(st.sampled_from(sorted(parts)))
    parts[name] = data.draw(damaged(parts[name]))
    with contextlib.suppress(Faults):
        open_sheet("a.xlsx", zipped(parts))

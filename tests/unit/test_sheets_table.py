"""Files to pages: every encoding, every kind of workbook, every refusal."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime

import openpyxl
import pytest
import xlsxwriter

from qibi.base.findings import Faults, Refusal
from qibi.ledger.batches import digest
from qibi.sheets import page as pages
from qibi.sheets.files import open_sheet
from qibi.sheets.page import Page

SHEET = "xl/worksheets/sheet1.xml"
OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def one(raw: bytes, path: str = "a.csv") -> Page:
    (page,) = open_sheet(path, raw)
    return page


def refused(raw: bytes, path: str) -> str:
    with pytest.raises(Faults) as caught:
        open_sheet(path, raw)
    (finding,) = caught.value.findings
    return str(finding)


def xlsx(rows: list[list], name: str = "Sheet1") -> bytes:
    """A workbook of XlsxWriter with these cells."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value)
    return buffer.getvalue()


def by_openpyxl(fill: Callable) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def patched(raw: bytes, change: Callable[[bytes], bytes], part: str = SHEET) -> bytes:
    """The workbook with one of its parts changed."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return buffer.getvalue()


# Csv


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_in_each_encoding_and_with_each_line_end(encoding, end):
    raw = end.join(["姓名,比安全", "王喆,3", ""]).encode(encoding)
    page = one(raw)
    assert page.rows == (("姓名", "比安全"), ("王喆", "3"))
    assert page.lines == (1, 2)
    assert page.place(1, 1) == (2, "")


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_delimiter_is_the_one_that_most_lines_hold(delimiter):
    text = "积分表,2026-W47\n" + "\n".join(
        delimiter.join(row) for row in (["姓名", "说明"], ["甲", '"a;b,c\td"'], ["乙", "x"])
    )
    assert one(text.encode()).rows[2] == ("甲", "a;b,c\td")


def test_lines_are_those_of_the_file_where_cells_hold_line_feeds():
    page = one('标题,\n"姓\n名",项\n\n甲,"一\n二\n三"\n乙,1\n'.encode())
    assert page.lines == (1, 2, 4, 5, 8)
    assert page.rows[3] == ("甲", "一\n二\n三")


def test_outer_blanks_and_empty_ends_are_cut():
    assert one("甲 ,　乙　,,\n,,\n,\n".encode()).rows == (("甲", "乙"),)


def test_standard_input_is_known_by_its_content():
    assert one("姓名,项\n".encode(), "-").name == ""
    assert one(xlsx([["姓名", "项"]]), "-").name == "Sheet1"
    assert one(xlsx([["姓名", "项"]]), "wrong.csv").name == "Sheet1"


UTF16 = "姓名\t项\r\n甲\t1\r\n"
ASCII16 = "name\titem\r\nann\t1\r\n"


@pytest.mark.parametrize(
    ("raw", "rows"),
    [
        (UTF16.encode("utf-16"), (("姓名", "项"), ("甲", "1"))),
        (b"\xfe\xff" + UTF16.encode("utf-16-be"), (("姓名", "项"), ("甲", "1"))),
        (ASCII16.encode("utf-16-le"), (("name", "item"), ("ann", "1"))),
        (ASCII16.encode("utf-16-be"), (("name", "item"), ("ann", "1"))),
        ("a,b\n\ufeff甲,1\n".encode(), (("a", "b"), ("甲", "1"))),  # two files in one
        (b'a,b\n="001","=""002"""\n', (("a", "b"), ("001", "002"))),
        (b"a,b\n'=1,''+x\n'x,-1\n", (("a", "b"), ("=1", "'+x"), ("'x", "-1"))),
        (b"sep=;\na;b\n1,5;2\n", ((), ("a", "b"), ("1,5", "2"))),
        ("姓名,说明\n甲,是否合格?合格\n乙,从a到b、A座\n".encode(), None),
        ("name,note\nJürgen Müller,déjà vu à Noël\n".encode(), None),
        ("姓名,说明\n葉問,A級 IT組\n".encode("gb18030"), None),
        ('姓名,项,次数,说明\n甲,x,1,"先, 后, 再,\n一, 二, 三"\n'.encode(), None),
        (b"<5 points,a\n>3,b\n", None),
        ("[一],{二}\n1,2\n".encode(), None),
    ],
)
@pytest.mark.parametrize("path", ["a.csv", "a.xls", "a.txt"])
def test_a_text_is_read_whatever_its_name(raw, rows, path):
    assert one(raw, path).rows == (rows or one(raw, path).rows)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "name,note\na,Gerüst geprüft\n"),
        ("big5", "姓名,項\n葉問,1\n"),
        ("gbk", "姓名,项\n王喆,1\n"),
        ("utf-8", "姓名,项\n黄?良,1\n"),  # what is told is believed
        ("utf-16-le", "姓名,项\n"),
    ],
)
def test_an_encoding_that_is_told_wins(encoding, text):
    (page,) = open_sheet("a.csv", text.encode(encoding), encoding)
    assert page.rows == tuple(tuple(line.split(",")) for line in text.splitlines())


def test_an_encoding_that_is_told_and_wrong():
    with pytest.raises(Refusal, match="there is no encoding 'klingon'") as caught:
        open_sheet("a.csv", b"a,b\n", "klingon")
    assert "gb18030" in caught.value.advice
    with pytest.raises(Faults, match="is not valid utf-8 here"):
        open_sheet("a.csv", "a,b\n甲,1\n".encode("gbk"), "utf-8")


SAVE = "open it in Excel or WPS and save it as xlsx"
MIXED = "is UTF-8, but not on this line: two encodings are mixed; save it again as csv UTF-8"
OTHER = (
    "read in a wrong encoding, now or when it was saved; save the original as csv UTF-8,"
    " or give its encoding with --encoding"
)
LOST = "characters were lost when this was saved; save the original as csv UTF-8"
SWALLOWED = (
    "the quote that opens here swallows the lines below; remove it, or close it in its own cell"
)
NUL = "is not csv or xlsx: it has NUL bytes; save the sheet as xlsx or csv UTF-8"
WORD = "is a text document (Word); copy its table into a sheet and save it as xlsx"
PICTURE = "is a picture; type the table into a sheet and save it as xlsx"
DAMAGED = "is a damaged workbook; open it in a spreadsheet program and save it again"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ": is empty; save the sheet again"),
        (b"\n,\n", ": is empty; save the sheet again"),
        (
            "姓名\n甲\n".encode("gb18030") + b"\xff\xff\n",
            ":3: is neither UTF-8 nor GB18030 here; save it as csv UTF-8, or give its encoding with --encoding",
        ),
        (b"\xef\xbb\xbfa\n\xd0\n", f":2: {MIXED}"),
        ("姓名,项\n甲,说明\n".encode() + "乙\n".encode("gb18030"), f":3: {MIXED}"),
        (
            "姓名,项\n甲,说明".encode()[:-1],
            ":2: ends in the middle of a character: it is cut off; copy or save it again",
        ),
        (
            UTF16.encode("utf-16")[:-1],
            ": is UTF-16 that is cut off or damaged; save it again as csv UTF-8",
        ),
        (b"a,b\r\n1,\x002\r\n", f":2: {NUL}"),
        (b"%!x\n\0\1\2", f":2: {NUL}"),
        ("name,note\na2,Gerüst\n".encode("cp1252"), f":2: 'Ger黶t': {OTHER}"),
        ("name\nJürgen M\n".encode("cp1252"), f":2: 'J黵gen M': {OTHER}"),
        ("name\nMÜLLER A\n".encode("cp1252"), f":2: 'M躄LER A': {OTHER}"),
        ("name\nMÃ¼ller\n".encode(), f":2: 'MÃ¼ller': {OTHER}"),
        ("濮撳悕,a\n".encode(), f":1: '濮撳悕': {OTHER}"),
        ("姓名,a\n\ue123甲,a\n".encode("gb18030"), f":2: '\ue123甲': {OTHER}"),
        ("姓名\n\ufffd甲\n".encode(), f":2: '\ufffd甲': {LOST}"),
        ("姓名\n锟斤拷\n".encode("gb18030"), f":2: '锟斤拷': {LOST}"),
        ("姓名\n黄?良\n".encode(), f":2: '黄?良': {LOST}"),
        (
            b'a,b\n1,"open\n2,3\n',
            ":2: a quoted cell is not closed; a quote inside a cell is written twice",
        ),
        (
            b'a,b\n1,"x" y\n2,3\n',
            ":2: text follows a closing quote; a quote inside a cell is written twice",
        ),
        (b'a,b,c\n1,2,"x\n3,4,5\n6,7,y"\n8,9,z\n', f":2: {SWALLOWED}"),
        (b'a,b,c\n"x\ny",2,"z\n3,4,5\n6,7,y"\n8,9,z\n', f":3: {SWALLOWED}"),
        (
            b"a,b\n1," + b"x" * 200_000,
            ":2: a cell is far too long; shorten it, or close the quote it begins with",
        ),
        (
            "姓名，项\n甲，1\n乙，2\n".encode(),
            ":1: the cells are separated by '，'; save it as csv with commas",
        ),
        (b"a|b\n1|2\n", ":1: the cells are separated by '|'; save it as csv with commas"),
        (b"<html><table>", f": is a web page (html), not a sheet; {SAVE}"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html>", f": is a web page (html), not a sheet; {SAVE}"),
        ("<table><tr>".encode("utf-16"), f": is a web page (html), not a sheet; {SAVE}"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            ": is an XML spreadsheet of Excel 2003; open it and save it as xlsx",
        ),
        (
            b"<?xml?><a/>",
            ": is XML, not a sheet; open it in a spreadsheet program and save it as xlsx",
        ),
        (b"MIME-Version: 1.0\n", f": is a web archive (mhtml), not a sheet; {SAVE}"),
        (b'[{"name": "a"}]', ": is JSON, not a sheet; save the table as csv or xlsx"),
        (b'{"a": 1}', ": is JSON, not a sheet; save the table as csv or xlsx"),
        (
            b"%PDF-1.7\n\0\1\2",
            ": is a PDF; take the sheet that it was made from, or type it in as xlsx",
        ),
        (b"\x89PNG\r\n\x1a\n", f": {PICTURE}"),
        (b"\xff\xd8\xff\xe0", f": {PICTURE}"),
        (b"Rar!\x1a", ": is a compressed archive; unpack it and submit the sheet in it"),
        (
            b"\x09\x08\x10\x00\x00",
            ": is a workbook of a very old Excel; open it and save it as xlsx",
        ),
        (OLE, f": {DAMAGED}"),
        (
            OLE + "EncryptedPackage".encode("utf-16-le"),
            ": is protected with a password; save a copy without one",
        ),
        (b"PK\x03\x04 torn", f": {DAMAGED}"),
        (
            b"x" * 10_000_001,
            ": is larger than 10 MB; remove pictures and other sheets from it",
        ),
        (
            b"a\n" * 20_001,
            ": has more than 20000 rows; split it, or remove the rows below the table",
        ),
        (
            b"1," * 300 + b"1",
            ": has more than 300 columns; remove those next to the table",
        ),
    ],
)
@pytest.mark.parametrize("path", ["a.csv", "a.xlsx", "-"])
def test_refused(raw, path, expected):
    assert refused(raw, path) == path + expected


@pytest.mark.parametrize(
    ("part", "content", "expected"),
    [
        ("word/document.xml", b"<a/>", WORD),
        (
            "ppt/presentation.xml",
            b"<a/>",
            "is a presentation; copy its table into a sheet and save it as xlsx",
        ),
        ("mimetype", b"application/vnd.oasis.opendocument.text", WORD),
        (
            "Index/Document.iwa",
            b"",
            "is a document of Apple's programs; export it as Excel (xlsx)",
        ),
        ("47.xlsx", b"", "is a compressed archive; unpack it and submit the sheet in it"),
        (
            "a.bin",
            b"",
            "is not csv or xlsx; open it in a spreadsheet program and save it as xlsx",
        ),
        ("xl/workbook.xml", b"", DAMAGED),
    ],
)
def test_other_archives_are_refused(part, content, expected):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(part, content)
    assert refused(buffer.getvalue(), "a.xlsx") == f"a.xlsx: {expected}"


# Workbooks


def test_values_are_what_a_person_would_type():
    raw = xlsx(
        [
            ["姓名", 3.0, 0.1 + 0.2, 1.5, -2, 1e-7, True],
            [None, date(2026, 11, 18), datetime(2026, 11, 18, 9, 30), 46344, " 甲\n乙 "],
        ]
    )
    page = one(raw, "a.xlsx")
    assert page.rows[0] == ("姓名", "3", "0.3", "1.5", "-2", "0.0000001", "TRUE")
    assert page.rows[1] == ("", "2026-11-18", "2026-11-18 09:30:00", "46344", "甲\n乙")


def test_places_are_cells_also_where_the_table_starts_elsewhere():
    raw = xlsx([[], [], [None, None, "姓名", "项"], [None, None, "甲", 1]], "一月")
    page = one(raw, "a.xlsx")
    assert page.cell(3, 3) == "1"
    assert page.place(3, 3) == (4, "一月!D4")
    assert page.place(0, 27) == (1, "一月!AB1")


@pytest.mark.parametrize("maker", ["xlsxwriter", "openpyxl"])
def test_merged_cells_all_hold_the_first_ones_text(maker):
    if maker == "xlsxwriter":
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer) as book:
            sheet = book.add_worksheet()
            sheet.merge_range("A1:C1", "积分表")
            sheet.merge_range("A2:A3", "甲")
            sheet.write("B2", "x")
            sheet.write("B3", "y")
        raw = buffer.getvalue()
    else:

        def fill(book):
            sheet = book.active
            sheet["A1"], sheet["A2"], sheet["B2"], sheet["B3"] = "积分表", "甲", "x", "y"
            sheet.merge_cells("A1:C1")
            sheet.merge_cells("A2:A3")

        raw = by_openpyxl(fill)
    page = one(raw, "a.xlsx")
    assert page.rows == (("积分表",) * 3, ("甲", "x"), ("甲", "y"))
    assert page.own(0) == ("积分表", "", "")
    assert page.own(2) == ("甲", "y")
    assert (2, 0) in page.copied and (1, 0) not in page.copied


def test_hidden_sheets_are_marked_empty_and_chart_sheets_left_out():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet("甲").write(0, 0, "a")
        hidden = book.add_worksheet("乙")
        hidden.write(0, 0, "b")
        hidden.hide()
        very_hidden = book.add_worksheet("丙")
        very_hidden.write(0, 0, "c")
        very_hidden.very_hidden()
        book.add_worksheet("空")
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=甲!$A$1:$A$1"})
        book.add_chartsheet("图").set_chart(chart)
        book.add_worksheet("丁").write(0, 0, "d")
    found = {page.name: page.hidden for page in open_sheet("a.xlsx", buffer.getvalue())}
    assert found == {"甲": False, "乙": True, "丙": True, "丁": False}


def test_a_wrong_dimension_as_wps_writes_it_loses_nothing():
    raw = patched(
        xlsx([["姓名", "项"], ["甲", 1], ["乙", 2]]),
        lambda xml: re.sub(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1"/>', xml),
    )
    assert b'<dimension ref="A1"/>' in zipfile.ZipFile(io.BytesIO(raw)).read(SHEET)
    assert one(raw, "a.xlsx").rows == (("姓名", "项"), ("甲", "1"), ("乙", "2"))


def test_formulas_give_their_value_and_without_one_their_text():
    def fill(book):
        sheet = book.active
        sheet["A1"], sheet["B1"], sheet["C1"] = "=1+1", "#N/A", "x"

    assert one(by_openpyxl(fill), "a.xlsx").rows == (("=1+1", "#N/A", "x"),)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_formula("A1", "=1+1", None, 2)
        sheet.write_formula("B1", '=""', None, "")
        sheet.write_formula("C1", "=1/0", None, "#DIV/0!")
    raw = patched(buffer.getvalue(), lambda xml: xml.replace(b'r="B1"', b'r="B1" t="str"'))
    assert one(raw, "a.xlsx").rows == (("2", "", "#DIV/0!"),)


def test_a_formatted_row_to_the_last_column_is_no_wide_table():
    def fill(book):
        book.active["A1"] = "甲"
        book.active["XFD1048576"].font = openpyxl.styles.Font(bold=True)

    assert one(by_openpyxl(fill), "a.xlsx").rows == (("甲",),)


def test_cells_without_references_are_counted():
    raw = patched(
        xlsx([["a", "b"], ["c", "d"]]),
        lambda xml: re.sub(rb' r="[A-Z0-9]+"', b"", xml),
    )
    assert one(raw, "a.xlsx").rows == (("a", "b"), ("c", "d"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'r="B2"', b'r="B1048576"', "has more than 20000 rows"),
        (b'r="B2"', b'r="XFD2"', "has more than 300 columns"),
        (b'r="B2"', b'r="B0"', "is a damaged workbook"),
        (b'r="B2"', b'r="ZZZZZZ2"', "is a damaged workbook"),
        (b'r="B2"', b'r="&#66;2"', None),
        (b"</sheetData>", b"", "is a damaged workbook"),
        (b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet', "is a damaged workbook"),
    ],
)
def test_far_cells_and_bad_xml_are_refused_before_they_cost_anything(old, new, expected):
    raw = patched(xlsx([["a", "b"], ["c", "d"]]), lambda xml: xml.replace(old, new))
    if expected is None:
        try:
            assert one(raw, "a.xlsx").rows[1] == ("c", "d")
        except Faults as faults:
            assert str(faults.findings[0]) == f"a.xlsx: {DAMAGED}"
    else:
        assert expected in refused(raw, "a.xlsx")


def test_merges_beyond_the_table_cost_nothing():
    raw = patched(
        xlsx([["a", "b"], ["c", "d"]]),
        lambda xml: xml.replace(
            b"</sheetData>",
            b'</sheetData><mergeCells><mergeCell ref="A2:XFD1048576"/></mergeCells>',
        ),
    )
    assert set(one(raw, "a.xlsx").rows[1]) == {"c"}


def test_a_damaged_member_is_noticed():
    raw = bytearray(xlsx([["a", "b"]]))
    start = raw.index(SHEET.encode()) + len(SHEET) + 30
    raw[start] ^= 0xFF
    assert refused(bytes(raw), "a.xlsx") == f"a.xlsx: {DAMAGED}"
    assert refused(bytes(xlsx([["a"]]))[:-40], "a.xlsx") == f"a.xlsx: {DAMAGED}"


def test_a_zip_bomb_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"")
        archive.writestr("bomb", b"\0" * 5_000_000)
    message = "a.xlsx: unpacks to 5 MB; copy the table into a new workbook"
    assert refused(buffer.getvalue(), "a.xlsx") == message


@pytest.mark.parametrize(
    "part", ["xl/vbaProject.bin", "xl/VBAPROJECT.BIN", "xl/macrosheets/sheet1.xml"]
)
def test_macros_are_refused(part):
    buffer = io.BytesIO(xlsx([["name", "item"], ["a", "b"]]))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(part, b"Sub AutoOpen")
    for name in ("a.xlsx", "a.xlsm"):
        message = f"{name}: holds macros; save it as xlsx, which has none"
        assert refused(buffer.getvalue(), name) == message


def test_a_size_that_lies_is_noticed():
    raw = bytearray(xlsx([["a"] * 200]))
    central = raw.rindex(b"PK\x01\x02", 0, raw.rindex(SHEET.encode()))
    raw[central + 24 : central + 28] = (10).to_bytes(4, "little")
    assert refused(bytes(raw), "a.xlsx") == f"a.xlsx: {DAMAGED}"


def test_an_encrypted_member_is_a_password():
    raw = bytearray(xlsx([["a"]]))
    for at in [m.start() for m in re.finditer(b"PK\x01\x02", raw)]:
        raw[at + 8] |= 1
    assert refused(bytes(raw), "a.xlsx") == (
        "a.xlsx: is protected with a password; save a copy without one"
    )


def test_an_empty_workbook_and_a_nul_are_refused():
    assert refused(xlsx([]), "a.xlsx") == (
        "a.xlsx: has no visible worksheet with content; fill it in and save it"
    )
    raw = by_openpyxl(lambda book: book.active.__setitem__("B2", "_x0000_z"))
    assert refused(raw, "a.xlsx") == "a.xlsx:Sheet!B2: a NUL is in this cell; type it again"


def test_the_largest_table_is_still_read(monkeypatch):
    raw = xlsx([["a", n] for n in range(50)])
    monkeypatch.setattr(pages, "MAX_ROWS", 50)
    assert len(one(raw, "a.xlsx").rows) == 50
    monkeypatch.setattr(pages, "MAX_ROWS", 49)
    assert "has more than 49 rows" in refused(raw, "a.xlsx")


def test_the_source_is_the_files_digest():
    for raw, path in ((b"a,b\n", "a.csv"), (xlsx([["a"]]), "a.xlsx")):
        assert one(raw, path).source == digest(raw)

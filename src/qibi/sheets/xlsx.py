"""Workbooks (.xlsx, and .xlsm that hold no macros): what Excel, WPS or LibreOffice shows of each cell.

Nothing is unpacked that is not read: of the pictures only those that are the content of a cell.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePosixPath

from qibi.base.findings import Faults
from qibi.base.language import _
from qibi.sheets import formats
from qibi.sheets import page as pages
from qibi.sheets.archive import (
    Archive,
    Damaged,
    damaged,
    integer,
    is_on,
    opened,
    parse,
    related,
    too_many,
    unescaped,
)
from qibi.sheets.made import HIDDEN
from qibi.sheets.page import (
    DATE,
    ERROR,
    RAISED,
    STRUCK,
    STRUCK_PART,
    UNCALCULATED,
    Mark,
    Page,
    Picture,
    Place,
    refusal,
    too_much,
)
from qibi.sheets.worksheet import Look, Worksheet, unread, with_made

_MAX_PICTURE = 5_000_000
_MAX_PICTURES = 20_000_000  # all of a workbook's that are the content of a cell
WORKBOOK = "xl/workbook.xml"
_ROOT_RELATIONS = "_rels/.rels"

_REFERENCE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})(?::\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6}))?")
_IMAGE = re.compile(r"""DISPIMG\(\s*"([^"]*)\"""")
_IMAGE_TEXT = re.compile(r"=(?:_xlfn\.)?DISPIMG\(")


# Texts and looks


@dataclass
class _Text:
    """A text, and the looks of its runs where they are not those of the cell."""

    text: str = ""
    runs: tuple[tuple[str, bool | None, bool], ...] = ()  # text, struck (None: as the cell), raised


class _Gather:
    """Gathers the runs of one text from the elements inside `si` or `is`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.pieces: list[str] = []
        self.runs: list[tuple[str, bool | None, bool]] = []
        self.within = False
        self.phonetic = False
        self.struck: bool | None = None
        self.raised = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "t":
            self.within = not self.phonetic
            self.pieces = []
        elif tag == "r":
            self.struck, self.raised = None, False
        elif tag == "rPh":
            self.phonetic = True
        elif tag == "rPr":
            self.struck = False
        elif tag == "strike":
            self.struck = is_on(given)
        elif tag == "vertAlign":
            self.raised = given.get("val", "") in ("superscript", "subscript")

    def end(self, tag: str) -> None:
        if tag == "t":
            if self.within:
                self.runs.append((unescaped("".join(self.pieces)), self.struck, self.raised))
            self.within = False
        elif tag == "rPh":
            self.phonetic = False

    def taken(self) -> _Text:
        """What was gathered; the next text starts again."""
        text = "".join(run[0] for run in self.runs)
        rich = any(struck is not None or raised for _text, struck, raised in self.runs)
        found = _Text(text, tuple(self.runs) if rich else ())
        self.clear()
        return found


class _Styles:
    """Reads the looks of a workbook's cells."""

    def __init__(self) -> None:
        self.codes: dict[int, str] = {}
        self.fonts: list[list[bool]] = []  # struck, raised
        self.cells: list[dict[str, str]] = []
        self.bases: list[dict[str, str]] = []
        self.within = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag in ("fonts", "cellXfs", "cellStyleXfs", "dxfs", "fills", "borders"):
            self.within = tag
        elif tag == "numFmt" and self.within != "dxfs":
            self.codes[integer(given.get("numFmtId", ""))] = given.get("formatCode", "")
        elif tag == "xf" and self.within in ("cellXfs", "cellStyleXfs"):
            (self.cells if self.within == "cellXfs" else self.bases).append(given)
        elif self.within == "fonts":
            if tag == "font":
                self.fonts.append([False, False])
            elif self.fonts and tag == "strike":
                self.fonts[-1][0] = is_on(given)
            elif self.fonts and tag == "vertAlign":
                self.fonts[-1][1] = given.get("val", "") in ("superscript", "subscript")

    def end(self, tag: str) -> None:
        if tag == self.within:
            self.within = ""

    def looks(self) -> list[Look]:
        """The look of each style, in the order in which cells count them."""
        return [self._look(xf) for xf in self.cells]

    def _look(self, given: dict[str, str]) -> Look:
        base: dict[str, str] = {}
        at = integer(given.get("xfId", ""), -1)
        if 0 <= at < len(self.bases):
            base = self.bases[at]
        font = given if is_on(given, "applyFont") and "fontId" in given else base
        number = given if "numFmtId" in given else base
        struck, raised = self._font(font.get("fontId", ""))
        key = integer(number.get("numFmtId", ""))
        code = self.codes.get(key) or formats.built_in(key)
        return Look(formats.parsed(code), struck, raised)

    def _font(self, text: str) -> tuple[bool, bool]:
        at = integer(text, -1)
        struck, raised = self.fonts[at] if 0 <= at < len(self.fonts) else (False, False)
        return struck, raised


# Worksheets


@dataclass
class _Sheet(Worksheet):
    """A worksheet, with what only the whole workbook tells the meaning of."""

    images: dict[Place, str] = field(default_factory=dict)  # formula, or `vm` and its number
    zeros: dict[Place, str] = field(default_factory=dict)  # formulas with a value of 0
    calculated: bool = False  # a formula has another value than 0
    rows: set[int] = field(default_factory=set)  # those that have an element
    others_hidden: bool = False  # the rows that have none
    zeros_shown: bool = True


class _Reader:
    """Follows the elements of one worksheet, its cells with or without references."""

    def __init__(
        self, sheet: _Sheet, strings: list[_Text], looks: list[Look], from_1904: bool
    ) -> None:
        self.sheet = sheet
        self.strings = strings
        self.looks = looks
        self.from_1904 = from_1904
        self.row = 0
        self.column = 0
        self.given: dict[str, str] = {}
        self.here: Place = (0, 0)
        self.places: set[Place] = set()
        self.value: list[str] = []
        self.formula: list[str] = []
        self.inline = _Gather()
        self.numbers: dict[tuple[str, str], formats.Shown] = {}  # by what is held, and the style
        self.references: list[str] = []  # of merged ranges
        self.seen = ""  # which of v, f, i (an inline text) the cell has
        self.within = ""  # v or f, or i inside an inline text
        self.shared: dict[str, str] = {}  # formulas that several cells have
        self.shared_key = ""

    def start(self, tag: str, given: dict[str, str]) -> None:
        if self.within == "i":
            self.inline.start(tag, given)
        elif tag == "c":
            self._start_cell(given)
        elif tag == "v":
            self.within, self.value = "v", []
            self.seen += "v"
        elif tag == "row":
            self._start_row(given)
        elif tag == "f":
            self.within, self.formula = "f", []
            self.seen += "f"
            self.shared_key = given.get("si", "") if given.get("t") == "shared" else ""
        elif tag == "is":
            self.within = "i"
            self.inline.clear()
        elif tag == "mergeCell":
            self.references.append(given.get("ref", ""))
        elif tag == "col":
            if _hidden(given, "width"):
                first = max(integer(given.get("min", ""), 1), 1)
                last = min(integer(given.get("max", ""), first), pages.MAX_COLUMNS)
                self.sheet.hidden_columns.update(range(first - 1, last))
        elif tag == "sheetFormatPr":
            self.sheet.others_hidden = "zeroHeight" in given and is_on(given, "zeroHeight")
        elif tag == "sheetView":
            self.sheet.zeros_shown = is_on(given, "showZeros")

    def text(self, data: str) -> None:
        if not self.within:
            return
        if self.within == "v":
            self.value.append(data)
        elif self.within == "f":
            self.formula.append(data)
        elif self.inline.within:
            self.inline.pieces.append(data)
        else:
            return
        self.sheet.count(len(data))

    def end(self, tag: str) -> None:
        if tag == "c":
            if self.seen:
                self._end_cell()
            self.within = self.seen = ""
        elif self.within == "i":
            self.inline.end(tag)
            if tag == "is":
                self.within = ""
                self.seen += "i"
        elif tag == self.within:
            self.within = ""

    def _start_row(self, given: dict[str, str]) -> None:
        if "r" in given:
            self.row = integer(given["r"])
            if not 0 < self.row < 10**7:
                raise Damaged
        else:
            self.row += 1
        self.column = 0
        if self.row in self.sheet.rows:
            what = _("row {row} occurs twice").format(row=self.row)
            raise damaged(self.sheet.path, self.sheet.name, what)
        self.sheet.rows.add(self.row)
        if _hidden(given, "ht"):
            self.sheet.hidden_rows.add(self.row - 1)

    def _start_cell(self, given: dict[str, str]) -> None:
        self.given = given
        self.seen = self.within = ""
        reference = given.get("r")
        if reference is None:
            self.column += 1
            self.here = (self.row - 1, self.column - 1)
        else:
            self.here = _position(reference)
            self.column = self.here[1] + 1
        if self.here in self.places:
            raise self._damaged(_("this cell occurs twice"))
        self.places.add(self.here)
        self.value, self.formula = [], []

    def _damaged(self, what: str) -> Faults:
        return damaged(self.sheet.path, self.sheet.cell(self.here), what)

    def _end_cell(self) -> None:
        sheet, here, given = self.sheet, self.here, self.given
        kind = given.get("t", "n")
        style = given.get("s", "0")
        at = integer(style)
        look = self.looks[at] if at < len(self.looks) else Look()
        value = "".join(self.value)
        if "i" in self.seen and "v" not in self.seen:
            kind = "inlineStr"
        rich: _Text | None = None
        marks: tuple[Mark, ...] = ()
        if "f" in self.seen:
            formula = "".join(self.formula)
            if self.shared_key:
                formula = self.shared.setdefault(self.shared_key, formula) or formula
            if "DISPIMG(" in formula:
                sheet.images[here] = "=" + formula.removeprefix("_xlfn.")
            elif not value and "i" not in self.seen and kind != "str":
                return self._put("=" + formula, (Mark(UNCALCULATED, "=" + formula),), look)
            elif kind == "n" and value.strip("0.") == "":
                sheet.zeros[here] = "=" + formula
            elif value:
                sheet.calculated = True
        if kind == "n":
            if not value.strip():
                return None
            sheet.numeric.add(here)
            shown = self.numbers.get((value, style)) or self._number(value, style, look)
            return self._put(shown.text, shown.marks, look)
        if not value and kind in ("s", "b", "d"):
            return None
        if kind == "s":
            number = integer(value.strip(), -1)
            if not 0 <= number < len(self.strings):
                raise self._damaged(_("its text is not in the file"))
            rich = self.strings[number]
            text = rich.text
            sheet.count(len(text))
        elif kind == "inlineStr":
            rich = self.inline.taken() if "i" in self.seen else _Text(value)
            text = rich.text
        elif kind == "str":
            text = unescaped(value)
        elif kind == "b":
            text = "TRUE" if value.strip() in ("1", "true", "TRUE") else "FALSE"
        elif kind == "e":
            text, marks = value or "#", (Mark(ERROR),)
            if "vm" in given:
                sheet.images[here] = "vm" + given["vm"]
        elif kind == "d":
            text = value.strip().replace("T", " ").removesuffix("Z").removesuffix(" 00:00:00")
            marks = (Mark(DATE),)
        else:
            raise self._damaged(_("its type is unknown"))
        if kind != "e" and (here in sheet.images or _IMAGE_TEXT.match(text)):
            text = sheet.images.setdefault(here, text)
        if kind in ("s", "inlineStr", "str") and look.form.text:
            seen = formats.text_shown(text, look.form)
            if seen.text != text:
                text, marks, rich = seen.text, seen.marks, None
        return self._put(text, marks, look, rich)

    def _number(self, value: str, style: str, look: Look) -> formats.Shown:
        """What is shown for a number; most of them come again."""
        try:
            number = formats.number_of(value)
        except formats.NoNumber:
            what = _("'{text}' is not a number").format(text=value[:30])
            raise self._damaged(what) from None
        shown = formats.number_shown(number, look.form, self.from_1904)
        if not number and not self.sheet.zeros_shown:
            shown = formats.Shown("")
        self.numbers[value, style] = shown
        return shown

    def _put(
        self, text: str, marks: tuple[Mark, ...], look: Look, rich: _Text | None = None
    ) -> None:
        if text and not text.isspace():
            if rich and rich.runs:
                marks += _look_of_runs(rich.runs, look)
            else:
                marks += look.marks
        self.sheet.put(self.here, text, marks)


def _hidden(given: dict[str, str], size: str) -> bool:
    """Whether a row or column is hidden, or has no height or width."""
    if "hidden" in given and is_on(given, "hidden"):
        return True
    return size in given and not given[size].strip("0.")


def _look_of_runs(runs: tuple[tuple[str, bool | None, bool], ...], look: Look) -> tuple[Mark, ...]:
    struck = [
        look.struck if crossed is None else crossed for text, crossed, _up in runs if text.strip()
    ]
    raised = [look.raised if crossed is None else up for text, crossed, up in runs if text.strip()]
    marks: tuple[Mark, ...] = ()
    if struck and all(struck):
        marks += (Mark(STRUCK),)
    elif any(struck):
        marks += (Mark(STRUCK_PART),)
    if any(raised):
        marks += (Mark(RAISED),)
    return marks


def _position(reference: str) -> Place:
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise Damaged
    return int(found[2]) - 1, _column(found[1])


@lru_cache(maxsize=1000)
def _column(text: str) -> int:
    """The number of a column from 0, by its letters."""
    column = 0
    for letter in text.upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


# Pages


def open_workbook(path: str, raw: bytes, source: str) -> list[Page]:
    """A page for each worksheet that holds something, hidden ones as well; raises `Faults`."""
    with opened(path, raw) as archive:
        return _Workbook(path, source, archive).pages()


class _Workbook:
    """Reads the worksheets of one archive."""

    def __init__(self, path: str, source: str, archive: Archive) -> None:
        self.path = path
        self.source = source
        self.archive = archive
        self.part = WORKBOOK
        for kind, target in archive.relations("").values() if _ROOT_RELATIONS in archive else ():
            if kind == "officeDocument" and target in archive:
                self.part = target
        self.relations = archive.relations(self.part)
        self.sheets: list[tuple[str, str, bool]] = []  # name, part, hidden
        self.from_1904 = False
        self.recalculated = False  # by the program that opens it, as no program has done so yet
        parse(self._part(self.part), self._start)
        self.pictures = _Pictures(path, archive, self.relations)

    def _start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "sheet":
            kind, part = self.relations.get(related(given), ("", ""))
            if kind in ("worksheet", ""):
                self.sheets.append(
                    (given.get("name", ""), part, given.get("state", "visible") != "visible")
                )
        elif tag == "workbookPr":
            self.from_1904 = "date1904" in given and is_on(given, "date1904")
        elif tag == "calcPr":
            self.recalculated = "fullCalcOnLoad" in given and is_on(given, "fullCalcOnLoad")

    def _part(self, name: str, place: str = "") -> bytes:
        raw = self.archive.read(name)
        if too_many(raw):
            raise too_much(self.path, place)
        return raw

    def _of_kind(self, kind: str, usual: str) -> bytes:
        """The one part of a kind, empty where there is none."""
        name = next((t for k, t in self.relations.values() if k == kind), usual)
        return self._part(name) if name in self.archive else b""

    def pages(self) -> list[Page]:
        """Every worksheet that holds something, with what qibi fixed in it."""
        strings = self._strings()
        looks = self._looks()
        read: list[tuple[_Sheet, str, bool]] = []
        notices: list[str] = []
        for name, part, hidden in self.sheets:
            try:
                read.append((self._sheet(name, part, strings, looks), part, hidden))
            except (Faults, Damaged):
                if not hidden or name == HIDDEN:
                    raise
                text = _("the hidden sheet '{name}' is too large or damaged and is not read")
                notices.append(text.format(name=name))
        self._mark_uncalculated([sheet for sheet, _part, _hidden in read])
        found = []
        for sheet, part, hidden in read:
            self._place_pictures(sheet)
            if page := sheet.page(self.source, hidden, self._notices(part)):
                found.append(page)
        found = with_made(self.path, found)
        return [replace(found[0], notices=(*found[0].notices, *notices)), *found[1:]]

    def _strings(self) -> list[_Text]:
        raw = self._of_kind("sharedStrings", "xl/sharedStrings.xml")
        found: list[_Text] = []
        gather = _Gather()

        def end(tag: str) -> None:
            if tag == "si":
                found.append(gather.taken())
            else:
                gather.end(tag)

        def text(data: str) -> None:
            if gather.within:
                gather.pieces.append(data)

        if raw:
            parse(raw, gather.start, end, text)
        return found

    def _looks(self) -> list[Look]:
        styles = _Styles()
        raw = self._of_kind("styles", "xl/styles.xml")
        if raw:
            parse(raw, styles.start, styles.end)
        return styles.looks()

    def _sheet(self, name: str, part: str, strings: list[_Text], looks: list[Look]) -> _Sheet:
        sheet = _Sheet(self.path, name)
        reader = _Reader(sheet, strings, looks, self.from_1904)
        parse(self._part(part, name), reader.start, reader.end, reader.text)
        sheet.refuse_too_large()
        sheet.merged = map(_area, reader.references)
        if sheet.others_hidden and sheet.rows:
            last = min(max(sheet.rows), pages.MAX_ROWS)
            sheet.hidden_rows |= {row - 1 for row in range(1, last)} - {r - 1 for r in sheet.rows}
        return sheet

    def _mark_uncalculated(self, sheets: list[_Sheet]) -> None:
        """Mark the zeros of formulas that no program has calculated: some programs write those."""
        if "xl/calcChain.xml" in self.archive:  # only a program that calculates writes it
            return
        if not self.recalculated and any(sheet.calculated for sheet in sheets):
            return
        if not self.recalculated and self._program_calculates():
            return
        for sheet in sheets:
            for place, formula in sheet.zeros.items():
                if place not in sheet.images:
                    sheet.cells[place] = formula
                    kept = [m for m in sheet.marks.get(place, ()) if m.kind in (STRUCK, RAISED)]
                    sheet.marks[place] = (*kept, Mark(UNCALCULATED, formula))

    def _program_calculates(self) -> bool:
        """Whether a spreadsheet program that calculates says that it wrote the file."""
        raw = self.archive.read("docProps/app.xml") if "docProps/app.xml" in self.archive else b""
        return b"LibreOffice" in raw or b"WPS" in raw

    def _place_pictures(self, sheet: _Sheet) -> None:
        """Put the pictures in cells, whose text is then the picture's name; without one, an error."""
        for place, source in sheet.images.items():
            picture = self.pictures.of(source, sheet.cell(place))
            marks = sheet.marks.pop(place, ())
            marks = tuple([m for m in marks if m.kind not in (ERROR, UNCALCULATED)])
            if picture:
                sheet.pictures[place] = picture
                sheet.numeric.discard(place)
                sheet.cells[place] = picture.name
            else:
                if source.startswith("="):
                    sheet.cells[place] = source
                marks = (Mark(ERROR), *marks)
            if marks:
                sheet.marks[place] = marks

    def _notices(self, part: str) -> list[str]:
        """What of a worksheet is not read: comments, pictures and text boxes over the cells."""
        comments = threads = 0
        floating: Counter[str] = Counter()
        for kind, target in self.archive.relations(part).values():
            if target not in self.archive:
                continue
            if kind == "comments":
                comments += self._counted(target, "comment")
            elif kind == "threadedComment":
                threads += self._counted(target, "threadedComment")
            elif kind == "drawing":
                floating += _floating(self._part(target))
        floating["comment"] = max(comments, threads)  # a thread has a comment that stands for it
        return unread(floating)

    def _counted(self, part: str, wanted: str) -> int:
        count = 0

        def start(tag: str, _given: dict[str, str]) -> None:
            nonlocal count
            count += tag == wanted

        parse(self._part(part), start)
        return count


def _floating(raw: bytes) -> "Counter[str]":
    """How many pictures and text boxes a drawing has."""
    found: Counter[str] = Counter()
    within: list[str] = []
    texts: list[str] = []

    def start(tag: str, _given: dict[str, str]) -> None:
        within.append(tag)
        if tag == "pic" and "Fallback" not in within:
            found["picture"] += 1
        elif tag == "sp":
            texts.clear()

    def text(data: str) -> None:
        if within and within[-1] == "t":
            texts.append(data)

    def end(tag: str) -> None:
        within.pop()
        if tag == "sp" and "Fallback" not in within and "".join(texts).strip():
            found["text"] += 1

    parse(raw, start, end, text)
    return found


def _area(reference: str) -> tuple[Place, Place]:
    found = _RANGE.fullmatch(reference)
    if not found:
        raise Damaged
    first = _position(found[1] + found[2])
    return first, _position(found[3] + found[4]) if found[3] else first


# Pictures


class _Pictures:
    """The pictures that cells refer to, unpacked when one does."""

    def __init__(self, path: str, archive: Archive, relations: dict[str, tuple[str, str]]) -> None:
        self.path = path
        self.archive = archive
        self.relations = relations
        self._wps: dict[str, str] | None = None
        self._excel: list[str] | None = None
        self._read: dict[str, Picture] = {}
        self._size = 0

    def of(self, source: str, cell: str) -> Picture | None:
        """The picture of a WPS formula or of Excel's `vm` number; None where the file has none."""
        part = ""
        if source.startswith("vm"):
            if self._excel is None:
                self._excel = self._of_excel()
            at = integer(source[2:]) - 1
            part = self._excel[at] if 0 <= at < len(self._excel) else ""
        elif found := _IMAGE.search(source):
            if self._wps is None:
                self._wps = self._of_wps()
            part = self._wps.get(found[1], "")
        if not part or part not in self.archive:
            return None
        if part not in self._read:
            self._unpack(part, cell)
        return self._read[part]

    def _unpack(self, part: str, cell: str) -> None:
        size = self.archive.size(part)
        self._size += size
        if size > _MAX_PICTURE or self._size > _MAX_PICTURES:
            message = _(
                "the picture is too large: {limit} MB at most, {all} MB in a workbook; make it smaller"
            ).format(limit=_MAX_PICTURE // 1_000_000, all=_MAX_PICTURES // 1_000_000)
            raise refusal(self.path, message, cell=cell)
        self._read[part] = Picture(PurePosixPath(part).name, self.archive.read(part))

    def _xml(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> bool:
        if part not in self.archive:
            return False
        raw = self.archive.read(part)
        if too_many(raw):
            raise too_much(self.path)
        parse(raw, start, end, text)
        return True

    def _of_wps(self) -> dict[str, str]:
        """The part of each picture of WPS by its id."""
        usual = "xl/cellimages.xml"
        part = next((t for k, t in self.relations.values() if k.casefold() == "cellimage"), usual)
        relations = self.archive.relations(part)
        found: dict[str, str] = {}
        name = ""

        def start(tag: str, given: dict[str, str]) -> None:
            nonlocal name
            if tag == "cNvPr":
                name = given.get("name", "")
            elif tag == "blip":
                found[name] = relations.get(related(given, "embed"), ("", ""))[1]

        self._xml(part, start)
        return found

    def _of_excel(self) -> list[str]:
        """The part of each picture of Excel in the order in which `vm` counts them from 1.

        A cell's `vm` counts the value metadata; each refers to a record of rich values, whose
        field `_rvRel:LocalImageIdentifier` counts the relations of the rich values.
        """
        kinds, records = self._metadata()
        shapes = self._shapes()
        values: list[tuple[int, list[str]]] = []
        piece: list[str] = []
        within = False

        def start(tag: str, given: dict[str, str]) -> None:
            nonlocal within
            if tag == "rv":
                values.append((integer(given.get("s", "")), []))
            within = tag == "v"
            piece.clear()

        def end(tag: str) -> None:
            nonlocal within
            if tag == "v" and values:
                values[-1][1].append("".join(piece))
            within = False

        def text(data: str) -> None:
            if within:
                piece.append(data)

        self._xml("xl/richData/rdrichvalue.xml", start, end, text)
        parts: list[str] = []
        part = "xl/richData/richValueRel.xml"
        relations = self.archive.relations(part)

        def relation(tag: str, given: dict[str, str]) -> None:
            if tag == "rel":
                parts.append(relations.get(related(given), ("", ""))[1])

        self._xml(part, relation)
        found = []
        for kind, at in records:
            indexes = kinds.get(kind, [])
            number = indexes[at] if at < len(indexes) else -1
            name = ""
            if 0 <= number < len(values):
                shape, fields = values[number]
                key = shapes[shape] if shape < len(shapes) else -1
                if 0 <= key < len(fields):
                    image = integer(fields[key], -1)
                    name = parts[image] if 0 <= image < len(parts) else ""
            found.append(name)
        return found

    def _metadata(self) -> tuple[dict[int, list[int]], list[tuple[int, int]]]:
        """The rich values that each kind of metadata counts, and what each `vm` refers to."""
        names: list[str] = []
        future: dict[str, list[int]] = {}
        records: list[tuple[int, int]] = []
        within = ""
        name = ""

        def start(tag: str, given: dict[str, str]) -> None:
            nonlocal within, name
            if tag == "metadataType":
                names.append(given.get("name", ""))
            elif tag in ("futureMetadata", "valueMetadata", "cellMetadata"):
                within, name = tag, given.get("name", "")
            elif tag == "bk" and within == "futureMetadata":
                future.setdefault(name, []).append(-1)
            elif tag == "bk" and within == "valueMetadata":
                records.append((0, 0))
            elif tag == "rvb" and future.get(name):
                future[name][-1] = integer(given.get("i", ""), -1)
            elif tag == "rc" and within == "valueMetadata" and records:
                records[-1] = (integer(given.get("t", "")), integer(given.get("v", "")))

        self._xml("xl/metadata.xml", start)
        return {n: future.get(name, []) for n, name in enumerate(names, 1)}, records

    def _shapes(self) -> list[int]:
        """At which place the rich values of each structure say which picture they are; else -1."""
        found: list[int] = []
        count = 0

        def start(tag: str, given: dict[str, str]) -> None:
            nonlocal count
            if tag == "s":
                found.append(-1)
                count = 0
            elif tag == "k" and found:
                if given.get("n", "") == "_rvRel:LocalImageIdentifier":
                    found[-1] = count
                count += 1

        self._xml("xl/richData/rdrichvaluestructure.xml", start)
        return found

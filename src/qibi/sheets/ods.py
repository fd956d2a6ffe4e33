"""OpenDocument spreadsheets (.ods): what LibreOffice shows of each cell, which is in the file."""

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from qibi.base.language import _
from qibi.sheets import formats
from qibi.sheets import page as pages
from qibi.sheets.archive import Archive, Damaged, integer, opened, parse, too_many
from qibi.sheets.page import (
    DATE,
    ERROR,
    INVISIBLE,
    LOST_DIGITS,
    MAX_CELLS,
    RAISED,
    ROUNDED,
    STRUCK,
    STRUCK_PART,
    UNCALCULATED,
    Mark,
    Page,
    Place,
    refusal,
    too_much,
)
from qibi.sheets.worksheet import Worksheet, unread, with_made

SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_NUMBERS = {"float", "percentage", "currency"}
_DURATION = re.compile(r"-?P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,]\d+)?S)?")
_ERROR_TEXT = re.compile(r"#[A-Z/0]+[!?]?|Err:[0-9]+")
_SHOWN_NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+")
_UNREAD = {"annotation", "frame", "custom-shape", "shapes", "rect", "ruby-text", "tracked-changes"}
_DEEPEST = 20  # styles that a style rests on
_OTHERWISE = re.compile(r"[0-9]E[+-]?[0-9]|[0-9]/[0-9]")  # 1E+03, 1/2
_HALF_CENT = Decimal("0.005")


def open_ods(path: str, raw: bytes, source: str) -> list[Page]:
    """A page for each worksheet that holds something, hidden ones as well; raises `Faults`."""
    with opened(path, raw) as archive:
        if "META-INF/manifest.xml" in archive and b"encryption-data" in archive.read(
            "META-INF/manifest.xml"
        ):
            raise refusal(path, _("is protected with a password; save a copy without one"))
        reader = _Reader(path)
        for name in ("styles.xml", "content.xml"):
            reader.read(archive, name)
        found = []
        for sheet, hidden, counts in reader.sheets:
            sheet.refuse_too_large()
            if page := sheet.page(source, hidden, unread(counts)):
                found.append(page)
        return with_made(path, found)


@dataclass
class _Style:
    """What a style says of a text or a table; None where that is for the style it rests on."""

    parent: str = ""
    struck: bool | None = None
    raised: bool | None = None
    displayed: bool = True


class _Reader:
    """Follows the elements of the styles and then of the tables."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.sheets: list[tuple[Worksheet, bool, Counter[str]]] = []
        self.styles: dict[tuple[str, str], _Style] = {}
        self.style = _Style()
        self.sheet: Worksheet | None = None
        self.depth = 0  # of tables in one another
        self.unread = 0  # of elements whose text is not a cell's
        self.shape = False  # that may have a text, which is not counted yet
        self.counts: Counter[str] = Counter()
        self.row = self.column = 0
        self.rows = 1  # that the row stands for
        self.row_style = ""
        self.columns: list[str] = []  # default styles of the columns
        self.given: dict[str, str] | None = None  # of the cell that is open
        self.paragraphs: list[str] = []
        self.runs: list[tuple[str, bool, bool]] = []  # text, struck, raised
        self.spans: list[str] = []
        self.filled = 0
        self.merged: list[tuple[Place, Place]] = []

    def read(self, archive: Archive, name: str) -> None:
        """Read a part; raises `Faults` or `Damaged`."""
        if name not in archive:
            if name == "content.xml":
                raise Damaged
            return
        raw = archive.read(name)
        if too_many(raw):
            raise too_much(self.path)
        parse(raw, self.start, self.end, self.text)

    def start(self, tag: str, given: dict[str, str]) -> None:
        given = {key.removeprefix(_prefix(key)): value for key, value in given.items()}
        if tag in _UNREAD:
            if tag == "annotation":
                self.counts["comment"] += 1
            self.unread += 1
        elif tag == "image" and self.sheet:
            self.counts["picture"] += 1
        if tag in ("text-box", "custom-shape", "rect"):
            self.shape = True
        if tag == "style":
            key = (given.get("family", ""), given.get("name", ""))
            self.style = self.styles[key] = _Style(given.get("parent-style-name", ""))
        elif tag == "text-properties":
            if line := given.get("text-line-through-style", "") or given.get(
                "text-line-through-type", ""
            ):
                self.style.struck = line != "none"
            if place := given.get("text-position", ""):
                self.style.raised = not place.startswith("0%")
        elif tag == "table-properties":
            self.style.displayed = given.get("display", "") != "false"
        elif tag == "table":
            self._start_table(given)
        elif self.sheet is None or self.depth > 1:
            return
        elif tag == "table-column":
            count = integer(given.get("number-columns-repeated", ""), 1)
            first = len(self.columns)
            last = min(first + count, pages.MAX_COLUMNS)
            self.columns += [given.get("default-cell-style-name", "")] * (last - first)
            if given.get("visibility", "") in ("collapse", "filter"):
                self.sheet.hidden_columns.update(range(first, last))
        elif tag == "table-row":
            self.rows = integer(given.get("number-rows-repeated", ""), 1)
            self.row_style = given.get("default-cell-style-name", "")
            self.column = 0
            if given.get("visibility", "") in ("collapse", "filter"):
                last = min(self.row + self.rows, pages.MAX_ROWS)
                self.sheet.hidden_rows.update(range(self.row, last))
        elif tag in ("table-cell", "covered-table-cell"):
            self.given = given
            self.paragraphs, self.runs, self.spans = [], [], []
        elif self.given is not None and not self.unread:
            self._start_text(tag, given)

    def _start_text(self, tag: str, given: dict[str, str]) -> None:
        if tag == "p":
            self.paragraphs.append("")
        elif tag in ("span", "a"):
            self.spans.append(given.get("style-name", ""))
        elif tag == "s":
            self.text(" " * min(integer(given.get("c", ""), 1), 1000))
        elif tag == "tab":
            self.text("\t")
        elif tag == "line-break":
            self.text("\n")

    def text(self, data: str) -> None:
        if self.unread and self.shape and data.strip():
            self.counts["text"] += 1
            self.shape = False
        if self.given is None or self.unread or not self.paragraphs or self.sheet is None:
            return
        self.paragraphs[-1] += data
        self.sheet.count(len(data))
        struck = raised = None
        for span in self.spans:
            found = self._looks("text", span)
            struck = found[0] if found[0] is not None else struck
            raised = found[1] if found[1] is not None else raised
        base = self._cell_looks()
        self.runs.append(
            (
                data,
                bool(base[0] if struck is None else struck),
                bool(base[1] if raised is None else raised),
            )
        )

    def end(self, tag: str) -> None:
        if tag in _UNREAD:
            self.unread -= 1
        if tag == "table":
            self.depth -= 1
            if not self.depth and self.sheet:
                self.sheet = None
        elif self.sheet is None or self.depth > 1:
            return
        elif tag in ("table-cell", "covered-table-cell") and self.given is not None:
            self._end_cell(self.given, tag == "covered-table-cell")
            self.given = None
        elif tag == "table-row":
            self.row += self.rows
        elif tag in ("span", "a") and self.spans and not self.unread:
            self.spans.pop()

    def _start_table(self, given: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > 1:
            return
        self.sheet = Worksheet(self.path, given.get("name", ""))
        self.counts = Counter()
        self.row = self.column = self.filled = 0
        self.columns = []
        self.merged = self.sheet.merged = []
        style = self.styles.get(("table", given.get("style-name", "")), _Style())
        self.sheets.append((self.sheet, not style.displayed, self.counts))

    def _looks(self, family: str, name: str) -> tuple[bool | None, bool | None]:
        struck = raised = None
        for _n in range(_DEEPEST):
            style = self.styles.get((family, name))
            if not name or style is None:
                break
            struck = style.struck if struck is None else struck
            raised = style.raised if raised is None else raised
            name = style.parent
        return struck, raised

    def _cell_looks(self) -> tuple[bool | None, bool | None]:
        assert self.given is not None
        name = self.given.get("style-name", "") or self.row_style
        if not name and self.column < len(self.columns):
            name = self.columns[self.column]
        return self._looks("table-cell", name)

    def _end_cell(self, given: dict[str, str], covered: bool) -> None:
        assert self.sheet is not None
        sheet, here = self.sheet, (self.row, self.column)
        count = integer(given.get("number-columns-repeated", ""), 1)
        text, marks = self._shown(given)
        self.column += count
        if not text.strip() and not marks:
            self._merge(given, here, covered)
            return
        self.filled += count * self.rows
        if self.filled > MAX_CELLS:
            raise too_much(self.path, sheet.name)
        sheet.count(len(text) * (count * self.rows - 1))
        struck = [crossed for piece, crossed, _up in self.runs if piece.strip()]
        if struck and all(struck):
            marks += (Mark(STRUCK),)
        elif any(struck):
            marks += (Mark(STRUCK_PART),)
        if any(up for piece, _crossed, up in self.runs if piece.strip()):
            marks += (Mark(RAISED),)
        for row in range(here[0], here[0] + self.rows):
            for column in range(here[1], here[1] + count):
                sheet.put((row, column), text, marks)
                if given.get("value-type", "") in _NUMBERS:
                    sheet.numeric.add((row, column))
        self._merge(given, here, covered)

    def _merge(self, given: dict[str, str], here: tuple[int, int], covered: bool) -> None:
        assert self.sheet is not None
        down = integer(given.get("number-rows-spanned", ""), 1)
        right = integer(given.get("number-columns-spanned", ""), 1)
        if (down > 1 or right > 1) and not covered:
            self.merged.append((here, (here[0] + down - 1, here[1] + right - 1)))

    def _shown(self, given: dict[str, str]) -> tuple[str, tuple[Mark, ...]]:
        """A cell's text, and why it may not be taken as it is."""
        text = "\n".join(self.paragraphs)
        kind, formula = given.get("value-type", ""), given.get("formula", "")
        if given.get("calcext:value-type") == "error" or (
            formula and _ERROR_TEXT.fullmatch(text.strip())
        ):
            return text or "#", (Mark(ERROR),)
        if formula and not kind and not self.paragraphs:
            formula = "=" + formula.partition("=")[2]
            return formula, (Mark(UNCALCULATED, formula),)
        if kind in _NUMBERS:
            return _number(text, given.get("value", ""), kind)
        if kind == "date":
            found = given.get("date-value", "").replace("T", " ").removesuffix(" 00:00:00")
            return found or text, (Mark(DATE),)
        if kind == "time":
            parts = _DURATION.fullmatch(given.get("time-value", ""))
            days, hours, minutes, seconds = (
                (int(p or 0) for p in parts.groups()) if parts else [0] * 4
            )
            clock = f"{days * 24 + hours:02}:{minutes:02}:{seconds:02}"
            return (clock if parts else text), (Mark(DATE),)
        if kind == "boolean":
            return given.get("boolean-value", "").upper() or text, ()
        if kind == "string" and not self.paragraphs:
            return given.get("string-value", ""), ()
        return text, ()


def _prefix(key: str) -> str:
    """The prefix of an attribute; LibreOffice's own say the same again, and more."""
    return "" if key.startswith("calcext:") else key[: key.find(":") + 1]


def _number(text: str, value: str, kind: str) -> tuple[str, tuple[Mark, ...]]:
    """A number's text as LibreOffice shows it, compared with the number."""
    try:
        held = formats.number_of(value)
    except formats.NoNumber:
        raise Damaged from None
    shown, whole = text.strip(), formats.general(held)
    if abs(held) >= formats.MANY_DIGITS:
        return whole, (Mark(LOST_DIGITS),)
    if not shown:
        return "", (Mark(INVISIBLE, whole),) if held else ()
    if _OTHERWISE.search(shown):
        return whole, ()
    found = _SHOWN_NUMBER.search(shown)
    if not found:
        return shown, () if held in (0, 1) else (Mark(ROUNDED, whole),)
    wanted = abs(held) * (100 if kind == "percentage" or "%" in shown else 1)
    text = found[0].replace(",", "")
    if not _same(text, wanted) and _same(found[0].replace(",", "."), wanted):
        text = found[0].replace(",", ".")  # a decimal comma
    before, after = shown[: found.start()], shown[found.end() :]
    marks = () if _same(text, wanted) else (Mark(ROUNDED, whole),)
    if held < 0 and text.strip("0."):
        if before.rstrip().endswith("(") and after.lstrip().startswith(")"):
            before, after = before.rstrip()[:-1] + "-", after.lstrip()[1:]
        elif not formats.MINUS & set(before + after):
            marks = (Mark(ROUNDED, whole),)
    return before + text + after, marks


def _same(text: str, wanted: Decimal) -> bool:
    """Whether a number is shown as it is, to the hundredth at least."""
    try:
        shown = formats.number_of(text)
    except formats.NoNumber:
        return False
    difference = abs(shown - wanted)
    exact = difference < Decimal("1e-9")
    return exact or (
        (shown != shown.to_integral_value() or "." in text)
        and (difference <= _HALF_CENT and len(text.partition(".")[2]) >= 2)
    )

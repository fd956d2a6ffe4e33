"""A noisy sheet as the bytes of a csv or a workbook; what came of reading it, against what it means."""

import csv
import io
import random
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import xlsxwriter
from openpyxl.comments import Comment
from openpyxl.styles import Font

import noises
from noisy_books import BRANCH, RECORDER, WEEK, World, world
from noisy_sheets import EITHER, MONDAY, READ, REFUSE, Cell, Line, Sheet, plain_sheet
from qibi.base.findings import Faults, Refusal
from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.ledger.admission import Stamp
from qibi.ledger.entries import Exempt
from qibi.sheets.files import open_sheet
from qibi.sheets.hints import branch_from_subjects, branches_of_rows, hints
from qibi.sheets.names import Names
from qibi.sheets.read import Options, admit_branches, admit_page, is_score_sheet

STAMP = Stamp(WEEK, BRANCH, RECORDER, "2026-11-23T09:00:00+08:00", "")
STYLES = {"strike": {"font_strikeout": True}, "super": {"font_script": 1}, "": {}}

Grid = list[list[Cell]]
Area = tuple[int, int, int, int]  # first row and column, last row and column


def made(seed: int, number: int, books: list[World]) -> tuple[Sheet, World]:
    """The sheet of this number, and the book that it is for."""
    rng = random.Random(f"{seed}/{number}")
    chosen = books[number % len(books)]
    sheet = plain_sheet(rng, chosen)
    noises.disturb(sheet, rng)
    return sheet, chosen


# Bytes


def layout(sheet: Sheet) -> tuple[Grid, list[Area], list[int]]:
    """The cells row by row, the merged areas, and the numbers of the hidden rows."""
    rows, areas, hidden = _table(sheet)
    shift = sheet.offset
    if shift:
        rows = [[Cell()] * shift + row for row in rows]
        areas = [(top, a + shift, bottom, b + shift) for top, a, bottom, b in areas]
    return rows, areas, hidden


def _table(sheet: Sheet) -> tuple[Grid, list[Area], list[int]]:
    rows: Grid = [[Cell(text) for text in row] for row in sheet.titles]
    areas: list[Area] = []
    hidden: list[int] = []
    width = len(sheet.columns)
    if sheet.workbook and rows and sheet.rng.random() < 0.5 and width > 1 and rows[0]:
        areas.append((0, 0, 0, width - 1))
    rows += _heading(sheet, len(rows), areas)
    placed: dict[int, int] = {}
    for line in sorted(sheet.lines, key=lambda line: line.kind == "footer"):
        placed[id(line)] = len(rows)
        if line.hidden:
            hidden.append(len(rows))
        if line.wide and width > 1:
            areas.append((len(rows), 0, len(rows), width - 1))
        rows.append(_cells(sheet, line))
    keys = [c.key for c in sheet.columns]
    for first, last, left, right in sheet.spans:
        area = (placed[id(first)], keys.index(left), placed[id(last)], keys.index(right))
        areas.append(area)
    return rows, areas, hidden


def _heading(sheet: Sheet, top: int, areas: list[Area]) -> Grid:
    if not sheet.two_rows:
        return [[c.cell or Cell(c.heading) for c in sheet.columns]]
    upper, lower = [], []
    start = 0
    for n, column in enumerate(sheet.columns):
        if not column.above:
            upper.append(Cell(column.heading))
            lower.append(Cell())
            if sheet.two_rows == "merged":
                areas.append((top, n, top + 1, n))
            start = n + 1
            continue
        same = start < n and sheet.columns[start].above == column.above
        start = start if same else n
        upper.append(Cell(column.above if not same or sheet.two_rows == "each" else None))
        lower.append(Cell(column.heading))
        last = n + 1 == len(sheet.columns) or sheet.columns[n + 1].above != column.above
        if last and sheet.two_rows == "merged" and n > start:
            areas.append((top, start, top, n))
    return [upper, lower]


def _cells(sheet: Sheet, line: Line) -> list[Cell]:
    if line.kind in ("free", "footer"):
        return [Cell(text) for text in line.free]
    if line.kind == "heading":
        return [Cell(c.heading) for c in sheet.columns]
    cells = [line.cells.get(c.key, Cell()) for c in sheet.columns]
    if line.inserted >= 0:
        cells.insert(line.inserted, Cell("又" if sheet.language != "en" else "etc"))
    for distance, cell in line.beyond.items():
        cells += [Cell()] * (len(sheet.columns) + distance - len(cells))
        cells[-1] = cell
    return cells


def as_bytes(sheet: Sheet) -> tuple[str, bytes]:
    """The name of the file and its bytes."""
    rows, areas, hidden = layout(sheet)
    if sheet.medium == "csv":
        return "sheet.csv", _csv(sheet, rows)
    write = _by_xlsxwriter if sheet.medium == "xlsxwriter" else _by_openpyxl
    raw = write(sheet, rows, areas, hidden)
    for change in sheet.after:
        raw = change(raw)
    if any(kind.startswith("double:") for kind in sheet.kinds):
        raw = _doubled(rows, raw)
    return "sheet.xlsx", raw


def _csv(sheet: Sheet, rows: Grid) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=sheet.delimiter, lineterminator=sheet.line_end)
    width = max(len(row) for row in rows)
    for row in rows:
        texts = [_text(cell) for cell in row]
        writer.writerow(texts + [""] * (width - len(texts)))
    text = buffer.getvalue()
    for change in sheet.text_after:
        text = change(text)
    raw = text.encode(sheet.encoding, "replace")
    for after in sheet.after:
        raw = after(raw)
    return raw


def _text(cell: Cell) -> str:
    value = cell.value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _by_xlsxwriter(sheet: Sheet, rows: Grid, areas: list[Area], hidden: list[int]) -> bytes:
    buffer = io.BytesIO()
    settings = {"in_memory": True, "date_1904": sheet.date1904}
    with xlsxwriter.Workbook(buffer, settings) as book:
        page = book.add_worksheet("Sheet1")
        formats: dict[str, object] = {}

        def style(properties: dict) -> object:
            if not properties:
                return None
            key = repr(sorted(properties.items()))
            if key not in formats:
                formats[key] = book.add_format(properties)
            return formats[key]

        for area in areas:
            page.merge_range(*area, "")
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell.runs:
                    parts: list = []
                    for name, text in cell.runs:
                        parts += [style(STYLES[name] or {"bold": False}), text]
                    page.write_rich_string(r, c, *parts)
                elif cell.formula and cell.stale:
                    page.write_formula(r, c, cell.formula, style(cell.style))
                elif cell.formula:
                    page.write_formula(r, c, cell.formula, style(cell.style), cell.value)
                elif isinstance(cell.value, bool):
                    page.write_boolean(r, c, cell.value, style(cell.style))
                elif isinstance(cell.value, date):
                    moment = datetime.combine(cell.value, datetime.min.time())
                    page.write_datetime(r, c, moment, style(cell.style))
                elif isinstance(cell.value, int | float):
                    page.write_number(r, c, cell.value, style(cell.style))
                elif cell.value:
                    page.write_string(r, c, cell.value, style(cell.style))
                if cell.comment and cell.comment != "double":
                    page.write_comment(r, c, cell.comment)
        if sheet.filtered and len(rows) > 1:
            right = sheet.offset + len(sheet.columns) - 1
            page.autofilter(len(sheet.titles), sheet.offset, len(rows) - 1, right)
        for r in hidden:
            page.set_row(r, options={"hidden": True})
        for c, column in enumerate(sheet.columns):
            if column.hidden:
                page.set_column(c + sheet.offset, c + sheet.offset, options={"hidden": True})
        for name, texts in sheet.pages:
            extra = book.add_worksheet(name)
            for r, line in enumerate(texts):
                extra.write_row(r, 0, line)
    return buffer.getvalue()


def _by_openpyxl(sheet: Sheet, rows: Grid, areas: list[Area], hidden: list[int]) -> bytes:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for r, row in enumerate(rows, start=1):
        for c, cell in enumerate(row, start=1):
            if cell.empty and not cell.formula:
                continue
            written = page.cell(r, c)
            written.value = cell.formula if cell.formula else cell.value
            text = isinstance(cell.value, str) and not cell.formula
            if text and not str(cell.value).startswith("#"):
                written.data_type = "s"
            elif isinstance(cell.value, str) and cell.value.startswith("#"):
                written.data_type = "e"
            if "num_format" in cell.style:
                written.number_format = cell.style["num_format"]
            if cell.style.get("font_strikeout"):
                written.font = Font(strike=True)
            if cell.comment and cell.comment != "double":
                written.comment = Comment(cell.comment, "a")
    for top, left, bottom, right in areas:
        page.merge_cells(None, top + 1, left + 1, bottom + 1, right + 1)
    for r in hidden:
        page.row_dimensions[r + 1].hidden = True
    for c, column in enumerate(sheet.columns, start=1 + sheet.offset):
        if column.hidden:
            page.column_dimensions[openpyxl.utils.get_column_letter(c)].hidden = True
    for name, texts in sheet.pages:
        extra = book.create_sheet(name)
        for line in texts:
            extra.append(line)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _doubled(rows: Grid, raw: bytes) -> bytes:
    """The workbook with the marked cell written twice, the second time with another number."""
    place = next(
        (f"{openpyxl.utils.get_column_letter(c)}{r}")
        for r, row in enumerate(rows, start=1)
        for c, cell in enumerate(row, start=1)
        if cell.comment == "double"
    )
    pattern = re.compile(rf'<c r="{place}"[^>]*><v>([^<]*)</v></c>'.encode())
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                found = pattern.search(content)
                assert found, place
                twice = found[0] + f'<c r="{place}"><v>7</v></c>'.encode()
                content = content.replace(found[0], twice)
            new.writestr(name, content)
    return buffer.getvalue()


# Reading


@dataclass(frozen=True)
class Outcome:
    """What came of a sheet: `read`, `refused`, `wrong` or `crashed`, and the details."""

    result: str
    kinds: tuple[str, ...]
    expect: str
    details: str = ""


def read(sheet: Sheet, definitions: Definitions) -> Outcome:
    """Read a sheet, and hold what was read against what it means."""
    name, raw = as_bytes(sheet)
    kinds = tuple(k for k in sheet.kinds if not k.startswith("double:"))
    named = Names(definitions)
    options = Options(hidden=sheet.hidden, status=sheet.status)
    told: list[str] = []
    try:
        opened = open_sheet(name, raw)
        pages = [p for p in opened if is_score_sheet(p, named, WEEK)] or opened[:1]
        found = []
        for page in pages:
            entries, bad = _admitted(page, named, sheet.world, options)
            found += entries
            told += bad
    except (Faults, Refusal) as refusal:
        told += (
            [str(f) for f in refusal.findings] if isinstance(refusal, Faults) else [str(refusal)]
        )
        return Outcome("refused", kinds, sheet.expect, "\n".join(told[:4]))
    except Exception as error:
        return Outcome("crashed", kinds, sheet.expect, repr(error))
    scores = [_brief(e) for e in found if not isinstance(e, Exempt)]
    exempt = {e.subject: e.note for e in found if isinstance(e, Exempt)}
    if told:
        return partly(sheet, kinds, scores, "\n".join(told[:4]))
    return judged(sheet, kinds, scores, exempt)


def _admitted(page, named: Names, known: World, options: Options) -> tuple[list, list[str]]:
    """The entries of a page, and what is wrong with branches of it that are refused."""
    told = hints(page, named, MONDAY + timedelta(weeks=1), (WEEK, "--week"))
    if told.clash or told.long or told.week != WEEK:
        raise Refusal(told.clash or told.long or "another week")
    rows = branches_of_rows(page, named, WEEK) if known.several else {}
    if not rows:
        branch = branch_from_subjects(page, named, WEEK) or BRANCH
        return [
            e
            for e, _l, _c in admit_page(page, named, replace(STAMP, branch=branch), options).entries
        ], []
    parts, _notices = admit_branches(page, named, replace(STAMP, branch=""), rows, options)
    good = [part for part in parts.values() if not isinstance(part, list)]
    bad = [str(f) for part in parts.values() if isinstance(part, list) for f in part]
    return [e for part in good for e, _l, _c in part.entries], bad


def _compared(sheet: Sheet, entries: list[tuple]) -> list[tuple]:
    """The entries without notes that may say more, or that go with any one cell of a grid's row."""
    said = sheet.said()
    found = [
        (*e[:5], "…", *e[6:]) if (e[0], e[1]) in said or sheet.form == "grid" else e
        for e in entries
    ]
    return sorted(found, key=repr)


def _notes_are_kept(sheet: Sheet, scores: list[tuple]) -> bool:
    """Whether each note of a grid's row is that of one of its entries, once."""
    if sheet.form != "grid":
        return True
    wanted = Counter(
        (line.subject, note)
        for line in sheet.lines
        for note in {e.note for e in line.events if e.note and not e.said}
    )
    found = Counter((s[0], s[5]) for s in scores if s[5])
    return all(found[key] >= count for key, count in wanted.items())


def partly(sheet: Sheet, kinds: tuple[str, ...], scores: list[tuple], told: str) -> Outcome:
    """What comes of a sheet of which a branch is refused: what is recorded of the others is meant."""
    wanted = Counter(map(repr, _compared(sheet, sheet.expected())))
    extra = list((Counter(map(repr, _compared(sheet, scores))) - wanted).elements())
    if extra:
        return Outcome("wrong", kinds, sheet.expect, f"extra: {extra}\n{told}")
    return Outcome("refused", kinds, sheet.expect, told)


def judged(
    sheet: Sheet, kinds: tuple[str, ...], scores: list[tuple], exempt: dict[str, str]
) -> Outcome:
    """What reading these entries and exemptions makes of a sheet."""
    wanted, said = sheet.expected(), sheet.said()
    told = all(text in s[5] for s in scores for text in said.get((s[0], s[1]), ()))
    told = told and _notes_are_kept(sheet, scores)
    scores, wanted = _compared(sheet, scores), _compared(sheet, wanted)
    wrong = not told or scores != wanted or set(exempt) != set(sheet.exempt)
    wrong = wrong or any(sheet.exempt[key] not in note for key, note in exempt.items())
    if sheet.expect == REFUSE:
        return Outcome("wrong", kinds, sheet.expect, f"taken: {scores} {exempt}")
    if wrong:
        missing = list((Counter(map(repr, wanted)) - Counter(map(repr, scores))).elements())
        extra = list((Counter(map(repr, scores)) - Counter(map(repr, wanted))).elements())
        details = f"missing: {missing}\nextra: {extra}\nexempt: {exempt}, meant: {sheet.exempt}"
        return Outcome("wrong", kinds, sheet.expect, details)
    return Outcome("read", kinds, sheet.expect)


def _brief(entry) -> tuple:
    return (
        entry.subject,
        entry.item,
        entry.points,
        entry.count,
        entry.date,
        entry.note,
        entry.evidence,
        entry.scored_by,
        entry.approved_by,
    )


def shown(sheet: Sheet) -> str:
    """The cells of a sheet as text, for people."""
    rows, areas, hidden = layout(sheet)
    lines = []
    for number, row in enumerate(rows):
        texts = []
        for cell in row:
            text = _text(cell).replace("\n", "⏎")
            kind = (
                ""
                if isinstance(cell.value, str) or cell.value is None
                else type(cell.value).__name__[0]
            )
            extra = f"{{{cell.style}}}" if cell.style else ""
            extra += f"[{cell.formula}{' stale' if cell.stale else ''}]" if cell.formula else ""
            extra += f"{cell.runs}" if cell.runs else ""
            texts.append(f"{text}{'#' + kind if kind else ''}{extra}")
        lines.append(("(hidden) " if number in hidden else "") + " | ".join(texts))
    how = f"{sheet.medium} {sheet.encoding if sheet.medium == 'csv' else ''} {sheet.form}"
    merged = f" merged {areas}" if areas else ""
    return f"[{how}{merged}] {sheet.kinds}\n" + "\n".join(lines)


def books(folder: Path, seed: int, count: int) -> tuple[list[World], list[Definitions]]:
    """Random books, written below a folder, and their definitions."""
    worlds, loaded = [], []
    for number in range(count):
        one = world(random.Random(f"book {seed}/{number}"))
        place = folder / str(number)
        for path, text in one.files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text, "utf-8")
        worlds.append(one)
        loaded.append(load(place))
    return worlds, loaded


def outcomes(
    seed: int, numbers: range, worlds: list[World], loaded: list[Definitions]
) -> Iterator[tuple[int, Sheet, Outcome]]:
    """What came of each of these sheets."""
    for number in numbers:
        sheet, _world = made(seed, number, worlds)
        yield number, sheet, read(sheet, loaded[number % len(loaded)])


__all__ = ["EITHER", "READ", "REFUSE", "Outcome", "books", "made", "outcomes", "read", "shown"]

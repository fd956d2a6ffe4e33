"""docs/sheets.md and its Chinese edition say what the program reads: their tables are tried out.

A table is tried where a comment such as `<!-- numbers -->` stands above it. What the last column
of an example says of each row is `told` below, in the words of either page.
"""

import csv
import io
import re
import re._parser as regular
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter
from babel.messages.pofile import read_po

from qibi.base import language
from qibi.base.findings import Faults
from qibi.base.text import folded
from qibi.book.definitions import LAYOUT_FIELDS, Definitions
from qibi.book.load import load
from qibi.book.words import STATUSES
from qibi.ledger import pricing
from qibi.ledger.admission import Stamp
from qibi.ledger.entries import Score
from qibi.sheets import headings, names, read, rows
from qibi.sheets.files import open_sheet
from qibi.sheets.hints import hints
from qibi.sheets.layouts import laid_out
from qibi.sheets.name_cell import NotAName, cleaned, names_in, refuse_mixed
from qibi.sheets.names import Names
from qibi.sheets.people import SYNONYMS as ROSTER_WORDS
from qibi.sheets.read import Admitted, Options, admit_page

REPOSITORY = Path(__file__).parent.parent.parent
CATALOG = REPOSITORY / "src/qibi/locale/zh_CN/LC_MESSAGES/qibi.po"
PAGES = {"en": "sheets.md", "zh": "sheets.zh-CN.md"}
NUMBERS = "一二三四五六"
ENGLISH = ("One", "Two", "Three", "Four", "Five", "Six")
ANYTHING = "..."  # `…` of a page, folded
COLUMN = re.compile(r"(?<!\\)\|")

SCHEME = """
total: {min: 0, max: 120}
criteria:
  - id: safety
    name: {zh: 比安全, en: Safety}
    applies_to: [member]
    base: 10
    min: 0
    max: 14
    items:
      - {id: hazard, name: {zh: 隐患排查并闭环, en: Hazard found and closed}, points: 1, per: count, cap: 3}
      - {id: stacking, name: {zh: 材料堆放混乱, en: Untidy storage}, points: -2, per: count}
      - {id: stop, name: {zh: 停工整改通知, en: Stop-work order}, points: -5}
      - {id: award, name: {zh: 表彰, en: Award}, points: [1, 2]}
  - id: tidiness
    name: {zh: 比整洁, en: Tidiness}
    applies_to: [member]
    base: 10
    min: 0
    max: 14
    scoring: direct
"""


# The pages' tables


@dataclass(frozen=True)
class Table:
    """A marked table: its heading cells, and the cells of each row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(code: str, mark: str) -> list[Table]:
    """The tables of a page below `<!-- mark -->`; there is at least one."""
    text = (REPOSITORY / "docs" / PAGES[code]).read_text("utf-8")
    found = []
    for block in text.split(f"<!-- {mark} -->\n")[1:]:
        lines = [cells(line) for line in block.partition("\n\n")[0].splitlines()]
        assert all(len(line) == len(lines[0]) for line in lines), (mark, lines)
        found.append(Table(lines[0], tuple(lines[2:])))
    assert found, f"{PAGES[code]} has no table <!-- {mark} -->"
    return found


def cells(line: str) -> tuple[str, ...]:
    assert line.startswith("|"), line
    return tuple(cell.strip().replace("\\|", "|") for cell in COLUMN.split(line.strip())[1:-1])


def words(cell: str) -> set[str]:
    """The words that a cell lists, with signs as code."""
    return {word.strip().strip("`") for word in re.split("、|, ", cell)} - {""}


def codes(cell: str) -> list[str]:
    """What a cell lists as code."""
    return re.findall("`([^`]+)`", cell)


both = pytest.mark.parametrize("code", PAGES)


# What the program reads


def files_of_book() -> dict[str, str]:
    people = "".join(
        f"  - {{id: m{n}, name: {{zh: 党员{zh}, en: Member {en}}}}}\n"
        for n, (zh, en) in enumerate(zip(NUMBERS, ENGLISH, strict=True), 1)
    )
    return {
        "qibi.yaml": "id: test\nlanguage: zh-CN\ntimezone: Asia/Shanghai\n",
        "scheme/2026-W01.yaml": SCHEME,
        "branches/east.yaml": f"id: east\nname: {{zh: 东线支部, en: East line}}\nmembers:\n{people}",
    }


def written(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.lstrip(), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return load(written(tmp_path_factory.mktemp("book"), files_of_book()))


def sheet(*lines: tuple[str, ...] | list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue()


def admitted(definitions: Definitions, text: str, options: Options | None = None) -> Admitted:
    (page,) = open_sheet("sheet.csv", text.encode())
    stamp = Stamp("2026-W47", "east", "m6", "2026-11-23T09:00:00+08:00")
    return admit_page(page, Names(definitions), stamp, options)


def recorded(definitions: Definitions, text: str, answer: int = -1) -> dict[int, Decimal] | str:
    """The points of each line (added up), or `refused`, or `asked` where no answer is given.

    `answer` is the place of the answer that is given to each question.
    """
    asked = []

    def ask(question, answers, _meant):
        asked.append(question)
        return answers[answer]

    try:
        found = admitted(definitions, text, Options(ask=ask) if answer >= 0 else None)
    except Faults:
        if answer >= 0:
            return "refused"
        first = recorded(definitions, text, 0)
        return first if first == "refused" else "asked"
    assert answer < 0 or asked, "recorded with an answer, but nothing was asked"
    points: dict[int, Decimal] = {}
    for entry, line, _cell in found.entries:
        assert isinstance(entry, Score)
        points[line] = points.get(line, Decimal(0)) + Decimal(str(entry.points))
    return points


WORDS = {
    "refused": ("refused", "退回"),
    "asked": ("asked", "会问"),
    "nothing": ("nothing", "不记"),
    "recorded": ("recorded", "录入"),
}


def result(text: str) -> str:
    """What a page says of a row: a kind of `WORDS`, or the points."""
    first = re.split("[:：]", text)[0]
    return next((kind for kind, said in WORDS.items() if first in said), text)


def points_of(text: str) -> list[Decimal]:
    return [Decimal(number) for number in re.findall(r"[+-]?\d+(?:\.\d+)?", text)]


def holds(definitions: Definitions, text: str, said: list[str], first: int = 2) -> None:
    """Hold a sheet's lines, from `first` on, against what a page says of each."""
    kinds = {result(one) for one in said}
    found = recorded(definitions, text)
    where = f"{text}\n{said}"
    if "refused" in kinds:
        assert found == "refused", where
    elif "asked" in kinds:
        assert found == "asked", where
        for number in (0, 1):
            read_so = recorded(definitions, text, number)
            assert isinstance(read_so, dict), where
            assert read_so[first] == points_of(said[0])[number], where
    else:
        expected = {
            first + n: points_of(one)[0] for n, one in enumerate(said) if result(one) != "nothing"
        }
        assert found == expected, where


def people(code: str, count: int) -> list[str]:
    return [f"党员{NUMBERS[n]}" if code == "zh" else f"Member {ENGLISH[n]}" for n in range(count)]


def name_heading(code: str) -> str:
    return "姓名" if code == "zh" else "Name"


@both
def test_the_scheme_of_the_examples_is_the_one_tried_here(definitions, code):
    language.use(code)
    (table,) = tables(code, "items")
    scheme = definitions.scheme("2026-W47")
    known = {str(t.name): names.price_of(t) for t in names.things_of(scheme).values()}
    assert dict(table.rows) == known


@both
def test_numbers_are_read_as_the_page_says(definitions, code):
    (table,) = tables(code, "numbers")
    for written, *results in table.rows:
        for text in codes(written):
            for heading, said in zip(table.head[1:], results, strict=True):
                lines = [[name_heading(code), heading], [*people(code, 1), text]]
                holds(definitions, sheet(*lines), [said])


@both
def test_what_a_number_format_shows_is_read_as_the_page_says(code):
    (table,) = tables(code, "formats")
    for code_of_format, held, said in table.rows:
        raw = io.BytesIO()
        with xlsxwriter.Workbook(raw) as workbook:
            (form,) = codes(code_of_format)
            look = workbook.add_format({"num_format": form})
            workbook.add_worksheet().write_number(0, 0, float(held), look)
        (page,) = open_sheet("sheet.xlsx", raw.getvalue())
        found = "refused" if page.marks.get((0, 0)) else page.cell(0, 0)
        assert found == (codes(said) or [result(said)])[0], code_of_format


@both
def test_units_are_found_as_the_page_says(definitions, code):
    (table,) = tables(code, "units")
    total = "合计" if code == "zh" else "Total"
    for heading, numbers, totals, said in table.rows:
        values = re.split("、|, ", numbers)
        results = re.split("、|, ", said)
        lines = [[name_heading(code), heading, *([total] if totals else [])]]
        for name, value, own in zip(
            people(code, len(values)),
            values,
            re.split("、|, ", totals) if totals else [""] * len(values),
            strict=True,
        ):
            lines.append([name, value, *([own] if totals else [])])
        if len(results) == 1:
            results *= 1 if result(results[0]) in ("asked", "refused") else len(values)
        holds(definitions, sheet(*lines), results)


@both
def test_the_example_sheets_are_read_as_the_page_says(definitions, code):
    for table in tables(code, "example"):
        if any(result(row[-1]) == "refused" for row in table.rows):
            for row in table.rows:
                holds(definitions, sheet(table.head[:-1], row[:-1]), [row[-1]])
        else:
            lines = [table.head[:-1], *[row[:-1] for row in table.rows]]
            holds(definitions, sheet(*lines), [row[-1] for row in table.rows])


@both
def test_brackets_are_held_against_the_scheme_as_the_page_says(definitions, code):
    (table,) = tables(code, "brackets")
    head = ["姓名", "评分项"] if code == "zh" else ["Name", "Item"]
    points = "分值" if code == "zh" else "Points"
    award = "表彰" if code == "zh" else "Award"  # of which the points must be chosen
    for text, said in table.rows:
        lines = [[*head, points], [*people(code, 1), text, "1" if text.startswith(award) else ""]]
        found = recorded(definitions, sheet(*lines))
        assert (found == "refused") == (result(said) == "refused"), text


# Words: every one of the page is the program's, every one of the program stands on the page


def same_sets(found: list[set[str]], known: dict[str, set[str]]) -> None:
    """Rows and lists are the same sets, in whatever order; the difference of the nearest is shown."""
    found = [{folded(word) for word in one} for one in found]
    for name, expected in known.items():
        wanted = {folded(word) for word in expected}
        nearest = max(found, key=lambda one: len(one & wanted) - len(one ^ wanted))
        assert nearest == wanted, f"{name}: {sorted(nearest ^ wanted)}"
    assert len(found) == len(known)


@both
def test_every_heading_stands_on_the_page(code):
    (table,) = tables(code, "headings")
    known = {
        field: {headings.folded_heading(word) for word in listed.split()}
        for field, listed in headings.SYNONYMS.items()
    }
    same_sets(
        [
            {headings.folded_heading(word) or word for word in words(row[1]) | words(row[2])}
            for row in table.rows
        ],
        known,
    )


@both
def test_what_rosters_may_hold_stands_on_the_page(code):
    (table,) = tables(code, "roster headings")
    known = {
        field: {headings.folded_heading(word) for word in listed.split()}
        for field, listed in ROSTER_WORDS.items()
    }
    listed = [words(row[1]) | words(row[2]) for row in table.rows]
    same_sets([{headings.folded_heading(w) or w for w in each} for each in listed], known)
    (table,) = tables(code, "roster statuses")
    for key, status in STATUSES.items():
        (row,) = [row for row in table.rows if codes(row[0]) == [key]]
        assert {folded(word) for word in words(row[1])} == set(map(folded, status.words.split()))


@both
def test_names_in_a_roster_are_read_as_the_page_says(code):
    (table,) = tables(code, "roster names")
    for cell, said in table.rows:
        (text,) = codes(cell)
        try:
            text = cleaned(text)
            refuse_mixed(text)
            read_as = [one.name for one in names_in(text)]
        except NotAName:
            read_as = []
        assert read_as == ([] if said in ("refused", "退回") else re.split("; |；", said)), text


@both
def test_every_word_for_a_unit_stands_on_the_page(code):
    (table,) = tables(code, "words: units")
    known: dict[str, set[str]] = {"the last word": set(names._SUFFIXES)}
    for word, unit in names.UNIT.items():
        known.setdefault(unit, set()).add(word)
    same_sets([words(row[1]) for row in table.rows], known)
    (table,) = tables(code, "words: points")
    known = {"scores": set(headings._SCORES), "differences": set(headings._DIFFERENCES)}
    same_sets([words(row[1]) for row in table.rows], known)


@both
def test_every_word_that_a_cell_may_hold_stands_on_the_page(code):
    (table,) = tables(code, "words: cells")
    known = {
        "nothing": pricing.NOTHING - {""},
        "once": pricing.TICKS,
        "yes": read._NO_REASON,
        "leave": read._LEAVE,
        "leave in its column": read._LEAVE_YES - read._LEAVE - read._NO_REASON,
        "no": read._LEAVE_NO,
        "added": read._ADDED,
        "deducted": read._DEDUCTED,
        "approved": read._APPROVED,
        "not approved": read._REJECTED,
        "ditto": read.DITTO,
        "no evidence": read._NO_EVIDENCE,
    }
    same_sets([words(row[1]) for row in table.rows], known)


def spoken(pattern: "re.Pattern[str]") -> set[str]:
    """All texts that a pattern of words matches, without blanks; `ANYTHING` stands for a repetition."""
    return {text.replace(" ", "") for text in _texts(regular.parse(pattern.pattern, pattern.flags))}


def _texts(parsed: object) -> Iterator[str]:
    found = [""]
    for kind, given in parsed:  # type: ignore[attr-defined]
        name = str(kind)
        if name == "LITERAL":
            options = [chr(given)]
        elif name == "BRANCH":
            options = [text for branch in given[1] for text in _texts(branch)]
        elif name == "SUBPATTERN":
            options = list(_texts(given[3]))
        elif name == "MAX_REPEAT" and given[1] == 1:
            options = ["", *_texts(given[2])]
        elif name == "MAX_REPEAT":
            options = [ANYTHING]
        else:
            assert name == "AT", name
            options = [""]
        found = [text + option for text in found for option in options]
    yield from found


@both
def test_every_word_of_a_row_that_is_left_out_stands_on_the_page(code):
    (table,) = tables(code, "words: rows")
    ends, sums, before, full, labels, groups = (
        {folded(word) for word in words(row[1])} for row in table.rows
    )
    known = {folded(text) for text in spoken(rows._TOTAL)}
    with_before = {word for word in sums if not word.isascii() and ANYTHING not in word}
    expected = {ANYTHING + end for end in ends} | {
        a + b for a in before | {""} for b in with_before
    }
    assert expected | (sums - with_before) == known
    assert full == {folded(text) for text in spoken(rows._FULL_MARKS)}
    assert labels == {folded(text) for text in spoken(rows._LABEL)}
    assert groups == {
        text.rpartition(ANYTHING)[2] for text in spoken(rows._GROUP) if not text.endswith(ANYTHING)
    }


# Layouts


@both
def test_a_sheet_is_read_by_the_layout_on_the_page(code, tmp_path):
    text = (REPOSITORY / "docs" / PAGES[code]).read_text("utf-8")
    layout = text.split("<!-- layout -->\n```yaml\n")[1].split("```")[0]
    (table,) = tables(code, "layout read")
    book = files_of_book() | {"layouts/east.yaml": layout}
    definitions = load(written(tmp_path, book))
    names, name = Names(definitions), {"en": "safety 47.csv", "zh": "安全47周.csv"}[code]
    lines = [list(table.head[:-1]), *(list(row[:-1]) for row in table.rows)]
    (page,) = open_sheet(name, sheet(*lines).encode())
    page = laid_out(page, definitions.layouts, names)
    stamp = Stamp("2026-W47", "east", "m6", "2026-11-23T09:00:00+08:00", layout="0" * 16)
    found: dict[int, list[Decimal]] = {line: [] for line in range(2, len(lines) + 1)}
    for entry, line, _cell in admit_page(page, names, stamp).entries:
        assert entry.layout == stamp.layout
        if isinstance(entry, Score):
            found[line].append(Decimal(str(entry.points)))
        else:
            found.pop(line)
    expected = [points_of(row[-1]) for row in table.rows if points_of(row[-1])]
    assert list(found.values()) == expected and len(expected) == len(table.rows) - 1
    listed = text.split("<!-- layout read -->")[1].split("\n\n")[1].split(". ")[0].split("。")[0]
    assert set(codes(listed)) == set(LAYOUT_FIELDS)


# What is left out


HARMLESS = {
    "en": ["Name", "Hazard found and closed (count)", "Untidy storage (count)", "Tidiness (score)", "No."],
    "zh": ["姓名", "隐患排查并闭环（次）", "材料堆放混乱（次）", "比整洁（得分）", "序号"],
}  # fmt: skip
TOLD = {"yes": True, "no": False, "提示": True, "不提示": False}


@both
def test_rows_that_are_left_out_are_told_as_the_page_says(definitions, code):
    (table,) = tables(code, "harmless rows")
    head = HARMLESS[code]
    base = [head, [people(code, 1)[0], "2", "1", "", "1"]]
    plain = admitted(definitions, sheet(*base))
    assert not plain.notices
    for kind, example, told in table.rows:
        text = sheet(*base) + codes(example)[0] + "\r\n"
        found = admitted(definitions, text)
        assert found.entries == plain.entries, kind
        assert bool(found.notices) == TOLD[told], (kind, found.notices)


@both
def test_columns_that_are_left_out_are_told_as_the_page_says(definitions, code):
    (table,) = tables(code, "harmless columns")
    head = HARMLESS[code][:2]
    row = [people(code, 1)[0], "1"]
    plain = admitted(definitions, sheet(head, row))
    for kind, heading, cell, told in table.rows:
        found = admitted(definitions, sheet([*head, heading], [*row, cell]))
        assert found.entries == plain.entries, kind
        assert bool(found.notices) == TOLD[told], (kind, found.notices)


# Messages


@both
def test_weeks_are_told_as_the_page_says(definitions, code):
    (table,) = tables(code, "weeks")
    for titles, said in table.rows:
        for title in titles.split(" · "):
            text = sheet([title], [name_heading(code), "比整洁"], [*people(code, 1), "9"])
            (page,) = open_sheet("-", text.encode())
            found = hints(page, Names(definitions), date(2026, 11, 23))
            refused = bool(found.clash or found.long)
            assert refused == (result(said) == "refused"), title
            assert found.week == (said if said.startswith("2026") else None), title


@both
def test_the_messages_shown_are_messages_of_the_program(code):
    (table,) = tables(code, "messages")
    with CATALOG.open("rb") as file:
        catalog = read_po(file)
    known = [
        str(text)
        for message in catalog
        for text in [message.id if code == "en" else message.string]
        if isinstance(text, str) and text
    ]
    forms = {re.sub(r"\{[a-z_]+\}", "…", text) for text in known}
    for message, _advice in table.rows:
        assert message in forms, message


def test_the_pages_show_the_same_tables():
    english, chinese = (
        re.findall("<!-- (.*) -->", (REPOSITORY / "docs" / name).read_text("utf-8"))
        for name in PAGES.values()
    )
    assert english == chinese

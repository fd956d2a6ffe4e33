"""qibi sheet: what the file holds, by openpyxl and by calamine, and what is refused."""

import io

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from qibi.base import language
from qibi.sheets.headings import SYNONYMS, WRITTEN, folded_heading
from transcripts.harness import Scene

WEEK = "2026-W47"


@pytest.fixture
def scene(tmp_path):
    found = Scene(tmp_path)
    found.direct("book", "small", [])
    return found


@pytest.fixture
def example(tmp_path):
    found = Scene(tmp_path)
    found.direct("book", "example", [])
    found.environment |= {"QIBI_AS": "o1-001", "QIBI_LANG": "zh"}
    return found


def made(scene, *arguments):
    """The worksheets of the sheet that a command makes."""
    terminal, code = scene.qibi(["sheet", "-o", "s.xlsx", "--overwrite", *arguments])
    assert code == 0, "".join(terminal.text)
    return openpyxl.load_workbook(scene.folder / "s.xlsx")


def texts(worksheet, row):
    return [cell.value for cell in worksheet[row] if cell.value is not None]


def listed(book, validation):
    """What a dropdown shows: a name of the workbook, for a range on the hidden worksheet."""
    name, place = book.defined_names[validation.formula1].attr_text.split("!")
    return [row[0].value for row in book[name.strip("'")][place.replace("$", "")]]


def validation_at(worksheet, cell):
    (found,) = [v for v in worksheet.data_validations.dataValidation if cell in v.sqref]
    return found


def test_the_long_form_has_dropdowns_of_the_branch_and_the_scheme(example):
    book = made(example, "--branch", "域外一标段", "--week", WEEK)
    front = book.worksheets[0]
    assert front["A1"].value == "域外一标段临时党支部  2026-W47（11月16日至22日）  评分表"
    assert texts(front, 3)[:5] == ["序号", "姓名", "评分项", "次数", "分值"]
    names = listed(book, validation_at(front, "B4"))
    assert names[0] == "党员一" and names[-2:] == ["域外一标段项目CP", "域外一标段临时党支部"]
    items = listed(book, validation_at(front, "C43"))
    assert "隐患排查并闭环" in items and items[-2:] == ["请假", "免考"]
    assert "监理" in listed(book, validation_at(front, "H4"))
    assert validation_at(front, "F4").type == "date"


def test_two_people_of_one_name_are_told_apart_by_their_ids(scene):
    book = made(scene, "--branch", "west", "--week", WEEK)
    names = listed(book, validation_at(book.worksheets[0], "B4"))
    assert names[:4] == ["Dan Li (w-dan)", "Hal Pine", "Ida Quist", "Lee Sun (w-lee-1)"]


def test_headings_are_locked_and_cells_to_fill_are_not(scene):
    book = made(scene, "--branch", "west", "--week", WEEK)
    front, rules, hidden = book.worksheets
    assert front.protection.sheet and not front.protection.password
    assert front["B3"].protection.locked and front["K4"].protection.locked
    assert not any(front.cell(4, column).protection.locked for column in range(2, 11))
    assert rules.protection.sheet and hidden.protection.sheet
    assert [page.sheet_state for page in book] == ["visible", "visible", "hidden"]


def test_it_prints_on_a4_with_its_headings_on_each_page(scene):
    front, rules, _hidden = made(scene, "--branch", "west", "--week", WEEK).worksheets
    for page in (front, rules):
        assert (page.page_setup.paperSize, page.page_setup.orientation) == (9, "landscape")
        assert page.sheet_properties.pageSetUpPr.fitToPage and page.page_setup.fitToHeight == 0
    assert front.print_title_rows == "$3:$3" and front.freeze_panes == "D4"
    assert "West branch" in front.oddHeader.right.text


def test_the_rules_page_says_what_qibi_rules_prints(scene):
    rules = made(scene, "--branch", "west", "--week", WEEK).worksheets[1]
    cells = [cell for row in rules.iter_rows(values_only=True) for cell in row if cell]
    assert "Hazard found and closed" in cells and "+1 each" in cells
    assert any("Four criteria" in cell for cell in cells)


def test_a_grid_closes_the_cells_that_are_not_for_a_subject(scene):
    front = made(scene, "--branch", "east", "--week", WEEK, "--form", "grid", "--item", "tidy")[
        "Scores"
    ]
    headings = [cell.value for cell in front[5]]
    assert headings == [
        "No.",
        "Name",
        "Tidy all week",
        "Study",
        "Leave",
        "Note",
        "Evidence",
        "Scored by",
        "Approved by",
    ]
    rows = {row[1].value: row for row in front.iter_rows(min_row=6) if row[1].value}
    assert not rows["Ann Berg"][2].protection.locked
    assert rows["East CP"][2].protection.locked and rows["East branch"][3].protection.locked
    study = validation_at(front, "D6")
    assert (study.type, study.formula1, study.formula2) == ("decimal", "0", "14")


def test_calamine_sees_the_same_as_openpyxl(scene):
    book = made(scene, "--branch", "west", "--week", WEEK)
    raw = (scene.folder / "s.xlsx").read_bytes()
    by_calamine = CalamineWorkbook.from_filelike(io.BytesIO(raw))
    assert by_calamine.sheet_names == book.sheetnames == ["Scores", "Rules", "_qibi"]
    hidden = by_calamine.get_sheet_by_name("_qibi").to_python()
    assert [row[:2] for row in hidden[1:5]] == [
        ["book", "small"],
        ["week", WEEK],
        ["branch", "west"],
        ["scheme", "2026-W40"],
    ]


def test_names_that_look_like_formulas_stay_text(tmp_path):
    scene = Scene(tmp_path)
    scene.direct("book", "small", [])
    branch = scene.folder / "branches" / "west.yaml"
    branch.write_text(branch.read_text().replace("Hal Pine", '"=HYPERLINK(1)"'))
    scheme = scene.folder / "scheme" / "2026-W40.yaml"
    scheme.write_text(scheme.read_text().replace("Tidy all week", '"https://example.invalid/=1"'))
    book = made(scene, "--branch", "west", "--week", WEEK)
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert any(cell.value == "=HYPERLINK(1)" and cell.data_type == "s" for cell in cells)
    assert not any(cell.hyperlink for cell in cells)
    formulas = {cell.column_letter for cell in cells if cell.data_type == "f"}
    assert formulas == {"K"}


def test_the_same_book_gives_the_same_bytes(scene):
    made(scene, "--branch", "west", "--week", WEEK)
    first = (scene.folder / "s.xlsx").read_bytes()
    made(scene, "--branch", "west", "--week", WEEK)
    assert (scene.folder / "s.xlsx").read_bytes() == first


def test_all_branches_come_into_one_folder(example):
    terminal, code = example.qibi(["sheet", "--all", "--week", WEEK, "-o", "out"])
    assert code == 0 and "18" in "".join(terminal.text)
    names = sorted(path.name for path in (example.folder / "out").iterdir())
    assert len(names) == 18 and "2026-W47-域外一标段.xlsx" in names
    pages = [openpyxl.load_workbook(example.folder / "out" / name)["_qibi"] for name in names]
    assert len({page["B4"].value for page in pages}) == 18


def test_a_sheet_is_not_written_over(scene):
    made(scene, "--branch", "west", "--week", WEEK)
    (scene.folder / "s.xlsx").write_bytes(b"filled in")
    terminal, code = scene.qibi(["sheet", "-o", "s.xlsx", "--branch", "west", "--week", WEEK])
    assert code == 1 and "perhaps filled in: s.xlsx" in "".join(terminal.text)
    assert (scene.folder / "s.xlsx").read_bytes() == b"filled in"


@pytest.mark.parametrize("spoken", ["zh", "en"])
def test_what_heads_a_sheet_is_read_back(spoken):
    language.use(spoken)
    for field, heading in WRITTEN.items():
        assert folded_heading(str(heading)) in {
            folded_heading(word) for word in SYNONYMS[field].split()
        }

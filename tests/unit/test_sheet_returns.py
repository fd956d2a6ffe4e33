"""A sheet that qibi made comes back: what is fixed in it, names that changed since, programs."""

import shutil
import subprocess
from datetime import date

import openpyxl
import pytest
from test_sheet_command import WEEK, made

from qibi.ledger.batches import Index, read_weeks
from qibi.ledger.entries import Exempt, Score
from qibi.sheets.made import HIDDEN
from transcripts.harness import Scene


@pytest.fixture
def scene(tmp_path):
    found = Scene(tmp_path)
    found.direct("book", "small", [])
    return found


ROWS = [
    ("Hal Pine", "Hazard found and closed", 2, None, date(2026, 11, 18), "photo 1", "Supervisor"),
    ("Lee Sun (w-lee-2)", "Stop-work order", None, -5, "2026/11/19", None, None, "Hal Pine"),
    ("Ida Quist", "leave", None, None, None, None, None, None, "family"),
    ("Dan Li (w-dan)", "Study", None, 12.5),
]
RECORDED = [
    ("w-hal", "safety.hazard-closed", 2, "2026-11-18"),
    ("w-lee-2", "safety.stop-work", -5, "2026-11-19"),
    ("w-ida", "family"),
    ("w-dan", "study", 12.5, ""),
]


def fill(book, rows=ROWS):
    for number, row in enumerate(rows, 4):
        for column, value in enumerate(row, 2):
            book.worksheets[0].cell(number, column).value = value


def saved(scene, book, name="s.xlsx"):
    book.save(scene.folder / name)
    return name


def score(scene, *arguments):
    terminal, code = scene.qibi(["score", "--no-commit", *arguments])
    return "".join(terminal.text), code


def recorded(scene):
    return [
        (e.subject, e.item, e.points, e.date) if isinstance(e, Score) else (e.subject, e.note)
        for _key, e in Index(read_weeks(scene.folder, [WEEK])).live(Score, Exempt)
    ]


def west(scene):
    return made(scene, "--branch", "west", "--week", WEEK)


def test_a_filled_sheet_is_recorded_and_its_blank_rows_are_not(scene):
    book = west(scene)
    fill(book)
    text, code = score(scene, saved(scene, book))
    assert code == 0, text
    assert recorded(scene) == RECORDED
    assert "not read" not in text and "passed over" not in text


def test_mended_and_handed_in_again_only_the_difference_is_recorded(scene):
    book = west(scene)
    fill(book)
    score(scene, saved(scene, book))
    book.worksheets[0]["D4"] = 1
    text, code = score(scene, saved(scene, book), "--update")
    assert code == 0 and "it differs in 1" in text
    mended = ("w-hal", "safety.hazard-closed", 1, "2026-11-18")
    assert set(recorded(scene)) == {mended, *RECORDED[1:]}


def test_the_filled_sheet_asked_for_anew_records_nothing(scene):
    book = west(scene)
    fill(book)
    score(scene, saved(scene, book))
    scene.qibi(["score", "--no-commit", "-e", "w-hal tidy", "--week", WEEK])
    terminal, _code = scene.qibi(
        ["sheet", "--branch", "west", "--week", WEEK, "--filled", "-o", "again.xlsx"]
    )
    assert "1 entry is not on it" in "".join(terminal.text)
    text, code = score(scene, "again.xlsx")
    assert code == 0 and "the ledger holds all of it already" in text


def test_a_file_as_evidence_survives_the_filled_sheet(scene):
    book = west(scene)
    fill(book, ROWS[:1])
    score(scene, saved(scene, book))
    (scene.folder / "photo.jpg").write_bytes(b"photo")
    (entry,) = [
        k for b in read_weeks(scene.folder, [WEEK]) for k, e in b.numbered() if k[-1] == "2"
    ]
    terminal, code = scene.qibi(["attach", entry, "photo.jpg"])
    assert code == 0, "".join(terminal.text)
    scene.qibi(["sheet", "--branch", "west", "--week", WEEK, "--filled", "-o", "again.xlsx"])
    text, code = score(scene, "again.xlsx")
    assert code == 0 and "the ledger holds all of it already" in text, text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--week", "2026-W46"], "the sheet is of 2026-W47, but --week says 2026-W46"),
        (["--branch", "east"], "the sheet is of West branch, but --branch says East branch"),
    ],
)
def test_another_week_or_branch_is_refused(scene, arguments, said):
    book = west(scene)
    fill(book)
    text, code = score(scene, saved(scene, book), *arguments)
    assert code == 1 and said in text and "qibi sheet --branch" in text
    assert not recorded(scene)


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        ("B2", "other", "the sheet is of the book other, but this is small"),
        ("B4", "north", "the sheet is of north, a branch that this book does not have"),
        ("B1", "2", "was made by a later qibi"),
    ],
)
def test_what_is_fixed_in_it_is_checked(scene, cell, value, said):
    book = west(scene)
    fill(book)
    assert book[HIDDEN][cell].value is not None
    book[HIDDEN][cell] = value
    text, code = score(scene, saved(scene, book))
    assert code == 1 and said in text
    assert not recorded(scene)


def test_a_sheet_of_an_older_scheme_is_to_be_made_anew(scene):
    book = west(scene)
    fill(book)
    scheme = scene.folder / "scheme"
    shutil.copy(scheme / "2026-W40.yaml", scheme / "2026-W47.yaml")
    text, code = score(scene, saved(scene, book))
    assert code == 1
    assert "made under the scheme of 2026-W40; in 2026-W47 that of 2026-W47 is in force" in text
    assert "qibi sheet --branch west --week 2026-W47" in text


def test_a_title_written_over_is_refused(scene):
    book = west(scene)
    fill(book)
    book.worksheets[0]["A1"] = "West branch  2026-W46"
    text, code = score(scene, saved(scene, book))
    assert code == 1
    assert "the title says 2026-W46, but the sheet was made for 2026-W47" in text


def rename(scene, old, new):
    branch = scene.folder / "branches" / "west.yaml"
    assert old in branch.read_text()
    branch.write_text(branch.read_text().replace(old, new))


def test_whoever_was_renamed_is_known_by_the_id(scene):
    book = west(scene)
    fill(book)
    rename(scene, "Hal Pine", "Hal Fir")
    text, code = score(scene, saved(scene, book))
    assert code == 0 and "Hal Pine is Hal Fir now" in text
    assert recorded(scene) == RECORDED


def test_a_name_that_is_someone_elses_now_is_refused(scene):
    book = west(scene)
    fill(book, ROWS[:1])
    rename(scene, "Ida Quist", "Someone Else")
    rename(scene, "Hal Pine", "Ida Quist")
    rename(scene, "Someone Else", "Hal Pine")
    text, code = score(scene, saved(scene, book))
    assert code == 1 and "Hal Pine is w-ida now, and was w-hal when the sheet was made" in text


def test_an_item_that_was_renamed_is_known_by_its_id(scene):
    book = west(scene)
    fill(book)
    scheme = scene.folder / "scheme" / "2026-W40.yaml"
    scheme.write_text(scheme.read_text().replace("Hazard found and closed", "Hazard closed"))
    text, code = score(scene, saved(scene, book))
    assert code == 0, text
    assert recorded(scene) == RECORDED


def test_without_the_hidden_page_the_title_and_the_names_are_read(scene):
    book = west(scene)
    fill(book)
    del book[HIDDEN]
    text, code = score(scene, saved(scene, book))
    assert code == 0, text
    assert recorded(scene) == RECORDED


def test_merged_full_width_and_serial_cells(scene):
    book = west(scene)
    front = book.worksheets[0]
    fill(book, [("Hal Pine", "Quality notice", "２", None, 46344), (None, "First pass", "１")])
    front.merge_cells("B4:B5")
    text, code = score(scene, saved(scene, book))
    assert code == 0, text
    assert recorded(scene) == [
        ("w-hal", "quality.notice", -2, "2026-11-18"),
        ("w-hal", "quality.first-pass", 2, ""),
    ]


def test_leave_in_a_column_of_its_own(scene):
    book = made(scene, "--branch", "west", "--week", WEEK, "--form", "grid", "--item", "tidy")
    front = book.worksheets[0]
    headings = [cell.value for cell in front[5]]
    away, tidy = headings.index("Leave") + 1, headings.index("Tidy all week") + 1
    front.cell(6, away).value = "事假"
    front.cell(7, away).value = "no"
    front.cell(7, tidy).value = 1
    front.cell(8, away).value = "√"
    text, code = score(scene, saved(scene, book))
    assert code == 0, text
    assert recorded(scene) == [
        ("w-dan", "事假"),
        ("w-hal", "site.tidy", 1, ""),
        ("w-ida", "leave"),
    ]


def test_leave_beside_points_is_a_mistake(scene):
    book = made(scene, "--branch", "west", "--week", WEEK, "--form", "grid", "--item", "tidy")
    front = book.worksheets[0]
    headings = [cell.value for cell in front[5]]
    front.cell(6, headings.index("Leave") + 1).value = "yes"
    front.cell(6, headings.index("Tidy all week") + 1).value = 1
    text, code = score(scene, saved(scene, book))
    assert code == 1 and "the row says 'leave'; clear this cell, or that word" in text


# By another program: LibreOffice, which also stands for the shapes that Excel and WPS save.


def by_libreoffice(scene, name, kind, out="out"):
    """The file in another format, as LibreOffice saves it."""
    profile = f"-env:UserInstallation={(scene.place / 'office').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", out, name]
    subprocess.run(command, cwd=scene.folder, check=True, capture_output=True, timeout=180)
    (found,) = (scene.folder / out).iterdir()
    return found


@pytest.mark.external
def test_a_sheet_that_libreoffice_saved_is_taken(scene):
    book = west(scene)
    fill(book)
    kept = by_libreoffice(scene, saved(scene, book), "xlsx")
    again = openpyxl.load_workbook(kept)
    assert again[HIDDEN].sheet_state == "hidden" and again[HIDDEN]["B3"].value == WEEK
    front = again.worksheets[0]
    assert front.protection.sheet and not front["C9"].protection.locked
    assert len(front.data_validations.dataValidation) == 9
    assert front["K4"].value.startswith("=")
    shown = openpyxl.load_workbook(kept, data_only=True).worksheets[0]
    assert shown["K4"].value == "+1 each; week cap +3; needs evidence"  # it reckons our formula
    text, code = score(scene, "out/s.xlsx")
    assert code == 0, text
    assert recorded(scene) == RECORDED


@pytest.mark.external
def test_libreoffice_shows_and_prints_it(scene):
    west(scene)
    csv = by_libreoffice(scene, "s.xlsx", "csv").read_text("utf-8")
    assert "No.,Name,Item,Count,Points" in csv
    pdf = by_libreoffice(scene, "s.xlsx", "pdf", "pdf")
    assert pdf.read_bytes().startswith(b"%PDF")
    if shutil.which("pdftotext"):
        said = subprocess.run(["pdftotext", pdf, "-"], check=True, capture_output=True).stdout
        assert "West branch" in said.decode() and "Hazard found and closed" in said.decode()


def test_a_corrected_sheet_that_raises_its_recorder_needs_to_be_confirmed(scene):
    """Half of the earlier low score is gone, and with it the base comes back."""
    first = "name,item,score\nHal Pine,Study,5\nDan Li (w-dan),Study,6\nIda Quist,Study,7\n"
    for file, text in (("a.csv", first), ("b.csv", first.replace("Hal Pine,Study,5\n", ""))):
        (scene.folder / file).write_text(f"Score sheet {WEEK} West\n{text}", "utf-8")
    asked = ("--as", "w-hal", "--approved-by", "w-dan")
    text, code = score(scene, "a.csv", *asked)
    assert code == 0, text
    before = recorded(scene)
    text, code = score(scene, "b.csv", *asked)
    assert code == 1 and "--update" in text and recorded(scene) == before, text


def test_two_files_of_one_branch_and_week_are_refused(scene):
    rows = "name,item,count\nDan Li (w-dan),First pass,1\n"
    (scene.folder / "a.csv").write_text(f"Score sheet {WEEK} West\n{rows}", "utf-8")
    (scene.folder / "b.csv").write_text(
        f"Score sheet {WEEK} West\n{rows}Ida Quist,First pass,1\n", "utf-8"
    )
    text, code = score(scene, "a.csv", "b.csv", "--as", "w-hal")
    assert code == 1 and "a.csv and b.csv are both of West" in text and not recorded(scene), text


def test_a_list_of_events_takes_back_nothing_of_a_branchs_sheet(scene):
    """Both by one recorder, with the same headings."""
    rows = "name,item,count\nDan Li (w-dan),First pass,1\n"
    more = "Ida Quist,First pass,1\nLee Sun (w-lee-2),First pass,1\n"
    (scene.folder / "a.csv").write_text(f"Score sheet {WEEK} West\n{rows}{more}", "utf-8")
    (scene.folder / "b.csv").write_text(
        f"Findings of the round {WEEK}\n{rows}Bob Chen,First pass,1\n", "utf-8"
    )
    for file, extra in (("a.csv", ()), ("b.csv", ("--add",))):
        text, code = score(scene, file, "--as", "w-hal", *extra)
        assert code == 0 and "void" not in text, text
    text, code = score(scene, "b.csv", "--as", "w-hal")
    assert code == 0 and "void" not in text, text


def test_a_fix_takes_no_approval_along(scene):
    """What was approved for one person is not approved for another."""
    text, code = score(
        scene,
        "-e",
        "Ida safety.award 4",
        "--week",
        WEEK,
        "--as",
        "w-hal",
        "--approved-by",
        "Bob Chen",
    )
    assert code == 0, text
    key = next(key for key, e in Index(read_weeks(scene.folder, [WEEK])).live(Score))
    for extra, code in (((), 1), (("--approved-by", "Bob Chen"), 0)):
        fix = [
            "fix",
            key,
            "--subject",
            "w-dan",
            "--reason",
            "wrong person",
            "--as",
            "w-hal",
            *extra,
        ]
        terminal, found = scene.qibi(fix)
        assert found == code, "".join(terminal.text)


def test_a_sheet_without_a_row_assesses_nobody(scene):
    (scene.folder / "a.csv").write_text(f"Score sheet {WEEK} West\nname,item\n", "utf-8")
    text, code = score(scene, "a.csv", "--as", "w-hal")
    assert code == 1 and "nothing is filled in" in text and not read_weeks(scene.folder, [WEEK])

"""What a newcomer does to add a command: one file in `commands/`, and everything else takes it up."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
GREET = '''\
"""qibi greet: a greeting to a book."""

from qibi.base.language import _, mark
from qibi.cli.session import current_session

PANEL = "look", 99
SUMMARY = mark("Greet the book.")
DETAILS = mark("It greets politely.")
EXAMPLES = """
qibi greet
"""


def greet() -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    session.console.say(_("good day, {book}").format(book=session.root.name))
'''


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository's code, with one command more."""
    place = tmp_path_factory.mktemp("newcomer") / "qibi"
    for part in ("src", "docs", "ledgers"):
        shutil.copytree(
            REPOSITORY / part, place / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    (place / "src/qibi/commands/greet.py").write_text(GREET, "utf-8")
    test = place / "tests/unit/test_language.py"
    test.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / "tests/unit/test_language.py", test)
    return place


def python(copy: Path, *arguments: str, code: int = 0, **more: str) -> str:
    """What a Python run in the copy prints, both streams."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("QIBI_", "PYTEST_"))}
    environment |= {"PYTHONPATH": str(copy / "src"), "COLUMNS": "100", "QIBI_LANG": "en"}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=environment | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def test_help_lists_it_and_it_runs(copy: Path) -> None:
    assert "  greet        Greet the book.\n" in python(copy, "-m", "qibi", "--help")
    text = python(copy, "-m", "qibi", "greet", "--help")
    assert "Greet the book." in text and "It greets politely." in text
    book = str(copy / "ledgers/example")
    assert python(copy, "-m", "qibi", "--book", book, "greet") == "good day, example\n"
    assert "did you mean 'qibi greet'?" in python(copy, "-m", "qibi", "great", code=2)


def test_a_shell_completes_it(copy: Path) -> None:
    asked = {"_QIBI_COMPLETE": "complete_bash", "COMP_WORDS": "qibi gre", "COMP_CWORD": "1"}
    start = "import sys; sys.argv[0] = 'qibi'; from qibi.__main__ import run; run()"
    assert python(copy, "-c", start, **asked).split() == ["greet"]


def test_the_reference_of_commands_has_it(copy: Path) -> None:
    python(copy, "docs/make_commands.py")
    text = (copy / "docs/commands.md").read_text("utf-8")
    assert "### qibi greet\n" in text and "[greet](#qibi-greet)" in text


def test_its_texts_want_a_translation(copy: Path) -> None:
    check = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_language.py")
    said = python(copy, *check, "-k", "is_translated and qibi", code=1)
    for text in ("Greet the book.", "It greets politely.", "good day, {book}"):
        assert text in said


HOUR = 'UNITS = {\n    "hour": Unit(mark("{points} an hour"), mark("how many hours"), "小时", "hour"),\n'


def test_another_unit_of_points_is_one_row_of_a_table(copy: Path, tmp_path: Path) -> None:
    """`per: hour`: prices, schema, counts and headings of sheets take it up."""
    words = copy / "src/qibi/book/words.py"
    text = words.read_text("utf-8")
    words.write_text(text.replace("UNITS = {\n", HOUR, 1), "utf-8")
    book = tmp_path / "book"
    shutil.copytree(copy / "ledgers/example", book)
    scheme = book / "scheme/2026-W36.yaml"
    item = "en: Documents late}, points: -2, per: count"
    text = scheme.read_text("utf-8")
    assert text.count(item) == 1
    scheme.write_text(
        text.replace(item, item.replace("-2, per: count", "-0.5, per: hour")), "utf-8"
    )
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("Name,Documents late (hours)\no1-002,3 hours\no1-003,2\n", "utf-8")
    qibi = ("-m", "qibi", "--book", str(book), "--today", "2026-11-23")
    assert '"hour"' in python(copy, *qibi, "schema", "scheme")
    assert "-0.5 an hour" in python(copy, *qibi, "rules")
    score = ("score", str(sheet), "--week", "W48", "--branch", "outer-1", "--as", "o1-001")
    python(copy, *qibi, *score)
    said = python(copy, *qibi, "log", "W48", "--format", "csv")
    assert ",compliance.late-documents,-1.5,3," in said
    assert ",compliance.late-documents,-1,2," in said

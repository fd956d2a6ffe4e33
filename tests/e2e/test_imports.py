"""No command imports what it does not use: each of these names the large parts that it needs, and no others."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from repositories import git, surroundings

EXAMPLE = Path(__file__).parents[2] / "ledgers" / "example"
# Each costs 10 ms or more to import, or is of an extra.
LARGE = {
    *("asyncio", "babel", "concurrent.futures", "docx", "duckdb", "_duckdb", "email", "hypothesis"),
    *("jinja2", "lxml", "msgspec", "multiprocessing", "numpy", "pandas", "pyarrow", "pydantic"),
    *(
        "opencc",
        "prompt_toolkit",
        "pyspark",
        "python_calamine",
        "rich",
        "ruamel",
        "segno",
        "sqlglot",
        "ssl",
        "typer",
        "typst",
    ),
    *("unittest", "xlsxwriter"),
}
EDGE = {"msgspec", "typer"}  # what every command needs but `--version`
TABLE = EDGE | {"rich"}  # and what prints a table
LISTING = """
import atexit, sys
sys.argv[0] = 'qibi'
atexit.register(lambda: print("LOADED", *sys.modules, file=sys.stderr))
from qibi.__main__ import run
run()
"""
COMMANDS: list[tuple[str, set[str]]] = [
    ("--version", set()),
    ("--help", EDGE),
    ("rank --help", EDGE),
    ("rank --week W46", TABLE),  # kept from the run before
    ("rank --week W45", TABLE),  # reckoned anew
    ("show o1-008 --week W46", TABLE),
    ("why o1-008 W46", TABLE),
    ("lists --week W46", TABLE),
    ("status", TABLE),
    ("log", TABLE),
    ("check", EDGE),
    ("rules", TABLE),
    ("member list", TABLE),
    ("remedy list", TABLE),
    ("task list", TABLE),
    ("score -e 'o1-008 five-type.sharing' --week W47 --as o1-001", EDGE),
    ("sheet --branch outer-1 --week W47 --output sheet.xlsx", EDGE | {"xlsxwriter"}),
    ("score filled.xlsx --as o1-001 --dry-run", TABLE),
    ("export --week W44 --format csv", EDGE),
    ("board --week W46 --output board.html", EDGE | {"jinja2"}),
    (  # definitions of any commit, some not cached, recomputed on all processors
        "audit",
        TABLE | {"_duckdb", "concurrent.futures", "email", "pydantic", "ruamel"},
    ),
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The example book in a repository of its own, with a cache that has seen a ranking."""
    place = tmp_path_factory.mktemp("imports")
    root = place / "book"
    environment = surroundings(place) | {
        "QIBI_CACHE": str(place / "cache"),
        "QIBI_LANG": "en",
        "QIBI_TODAY": "2026-11-23",
    }
    shutil.copytree(EXAMPLE, root)
    git(root, environment, "init", "-q")
    git(root, environment, "add", "-A")
    git(root, environment, "commit", "-qm", "book")
    for warming in (
        "rank --week W46",
        "sheet --branch outer-1 --week W46 --filled --output filled.xlsx",
    ):
        _modules(root, environment, warming)
    return root, environment


def _modules(root: Path, environment: dict[str, str], command: str) -> set[str]:
    """The modules that a command has loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", LISTING, *shlex.split(command)],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "rror: " not in done.stderr, done.stderr
    [line] = [line for line in done.stderr.splitlines() if line.startswith("LOADED ")]
    return set(line.split()[1:])


@pytest.mark.parametrize(("command", "needed"), COMMANDS, ids=[c for c, _n in COMMANDS])
def test_a_command_imports_what_it_uses(
    book: tuple[Path, dict[str, str]], command: str, needed: set[str]
) -> None:
    assert _modules(*book, command) & LARGE == needed

"""Week totals once more, out of all entries in the lake: what `--recompute` ranks by."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from qibi.fleet.lake import COLUMNS, SCHEMES, Lake
from qibi.fleet.outcome import CRITERIA, TOTALS
from qibi.fleet.runner import Duck, Runner, run_steps
from qibi.scoring.engine import steps
from qibi.scoring.facts import TABLES

# Bytes of entries that go through the rules together: up to three hundred times that in memory.
_AT_ONCE = 4_000_000
_LAST = "criterion_of"

# The tables of rules.sql out of the lake's. Over many books a week is one of a book, so that the scheme
# in force in it is found.
SOURCES = {
    "entry": """
        SELECT id, kind, book_week AS week, branch, subject, item, points, entry, instant, batch, line
        FROM lake_entries
    """,
    "active": """
        SELECT book_week AS week, subject, kind, branch, status FROM lake_active WHERE kind <> 'lead'
    """,
    **{table: f"SELECT * FROM lake_{table}" for table in SCHEMES},
}
BELONGS = {
    "cp": "SELECT book_week AS week, 'cp' AS kind, subject, member FROM lake_active WHERE kind = 'lead'",
    "branch": """
        SELECT book_week AS week, 'branch' AS kind, branch AS subject, subject AS member
        FROM lake_active WHERE kind = 'member'
    """,
    "member": """
        SELECT book_week AS week, kind, subject, member FROM lake_active WHERE false
    """,
}
# As the lake has them: book and week are told apart again. A week is written in eight characters.
IN_THE_LAKE = {
    "totals": f"""
        SELECT left(t.week, length(t.week) - 9) AS book, right(t.week, 8) AS iso_week,
          t.subject, t.kind, t.total, t.veto_total, t.exempt
        FROM ({TOTALS}) AS t
    """,
    "criteria": f"""
        SELECT left(c.week, length(c.week) - 9) AS book, right(c.week, 8) AS iso_week,
          c.subject, c.kind, c.criterion, c.credit
        FROM ({CRITERIA}) AS c
    """,
}


def week_rows(
    lake: Lake, weeks: Sequence[str], books: Sequence[str] | None = None
) -> list[tuple[str, str | None]]:
    """The table `week` of rules.sql: each book's weeks, and the scheme in force in them."""
    return [
        (f"{key}/{week}", f"{key}/{found.version}" if found.version else None)
        for key in (lake.manifest.books if books is None else books)
        for week in weeks
        if (found := lake.manifest.books[key].weeks.get(week))
    ]


def prepare(
    runner: Runner, lake: Lake, weeks: Sequence[str], kind: str, books: Sequence[str] | None = None
) -> None:
    """The tables of rules.sql for some weeks of all books, or of some; `kind` of subject is asked for."""
    for table in ("entries", "active"):
        runner.read(f"lake_{table}", lake.files(table, weeks, books), COLUMNS[table])
    for table in SCHEMES:
        runner.read(f"lake_{table}", lake.scheme_files(table), TABLES[table])
    runner.give("week", TABLES["week"], week_rows(lake, weeks, books))
    runner.give("question", TABLES["question"], [(kind, None)])
    for name, query in SOURCES.items():
        runner.make(name, query)
    runner.make("belongs", BELONGS[kind])


def reckon(
    runner: Runner, lake: Lake, weeks: Sequence[str], kind: str, books: Sequence[str] | None = None
) -> None:
    """All steps of the rules that look at one week, for all books at once, or for some."""
    prepare(runner, lake, weeks, kind, books)
    every = list(steps())
    run_steps(runner, every[: every.index(_LAST) + 1])


def recomputed(lake: Lake, weeks: Sequence[str], kind: str, folder: Path) -> dict[str, list[Path]]:
    """Files below `folder` in the place of the lake's totals and criteria: table: files."""
    found: dict[str, list[Path]] = {"totals": [], "criteria": []}
    for number, (portion, books) in enumerate(_portions(lake, weeks)):
        with Duck() as duck:
            reckon(duck, lake, portion, kind, books)
            for table, query in IN_THE_LAKE.items():
                path = folder / f"{table}-{number}.parquet"
                duck.write(query, path)
                found[table].append(path)
    return found


def _portions(lake: Lake, weeks: Sequence[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Weeks and books, as much at a time as memory allows; a week of one book is not divided."""
    every = list(lake.manifest.books)
    portion: list[str] = []
    size = 0
    for week in weeks:
        sizes = {key: _size(lake, week, key) for key in every}
        here = sum(sizes.values())
        if portion and size + here > _AT_ONCE:
            yield portion, every
            portion, size = [], 0
        if here > _AT_ONCE:
            yield from (([week], books) for books in _divided(sizes))
            continue
        portion.append(week)
        size += here
    if portion:
        yield portion, every


def _divided(sizes: dict[str, int]) -> Iterator[list[str]]:
    """Books, as many at a time as memory allows."""
    books: list[str] = []
    size = 0
    for key, here in sizes.items():
        if books and size + here > _AT_ONCE:
            yield books
            books, size = [], 0
        books.append(key)
        size += here
    if books:
        yield books


def _size(lake: Lake, week: str, book: str) -> int:
    return sum(
        path.stat().st_size for path in lake.files("entries", [week], [book]) if path.exists()
    )

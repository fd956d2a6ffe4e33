"""What a ranking of many books costs, as the entries grow: DuckDB and Spark over the same lake.

For each size a lake of random entries is written (by its documented format: docs/fleet.md), then `qibi rank --fleet`
is run over the week totals and over all entries (`--recompute`), on each engine, as whole processes, in turn.
That they all print the same is checked. Numbers and what follows from them stand in docs/scale.md.

    .venv/bin/python benchmarks/scale.py --millions 1 3 10 30 --per-week 9 1
"""

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

import books
from qibi.base import weeks as wk
from qibi.base.weeks import Period
from qibi.book.load import load
from qibi.fleet import lake as lk
from qibi.fleet.ranking import recomputed
from qibi.scoring.facts import TABLES, Question, tables

WEEKS = 52
MEMBERS = 11  # of a branch
BOOKS = 10
KEY = "0" * 16  # files are named by a digest of what they depend on: nothing else is here
RANKING = ("2025", "--by", "member", "--top", "20", "--format", "table")
MEMORY = "4g"  # that Spark's Java process may take


@dataclass(frozen=True)
class Run:
    """One whole process: seconds, seconds of processors, and the most memory of one of its processes, in MB."""

    seconds: float
    work: float
    memory: float
    printed: str


def make(folder: Path, entries: int, per_week: int) -> int:
    """Write a fleet of about so many entries and its lake; how many there are.

    A member gets `per_week` entries a week, on average.
    """
    folder.mkdir(parents=True)
    (folder / "fleet.yaml").write_text("books: [{path: 'books/*'}]\n", "utf-8")
    branches = max(1, round(entries / (WEEKS * BOOKS * (MEMBERS * per_week + 1))))
    weeks = wk.span(wk.shift(books.LAST, 1 - WEEKS), books.LAST)
    lake = lk.Lake(folder / "lake", "lake")
    lake.folder.mkdir()
    with duckdb.connect() as db:
        version, scheme_tables, base = _schemes(db, lake)
        for number in range(1, BOOKS + 1):
            _book(db, lake, f"book{number}", branches, weeks, version, per_week)
    lake.write(lk.Manifest(books=dict(_listed(version, scheme_tables, base, weeks))))
    _totals(lake, weeks)
    with duckdb.connect() as db:
        return int(
            db.execute(f"SELECT count(*) FROM '{lake.folder}/entries/**/*.parquet'").fetchall()[0][
                0
            ]
        )


def _schemes(db: duckdb.DuckDBPyConnection, lake: lk.Lake) -> tuple[str, tuple[str, ...], int]:
    """Write every book's scheme, the sample's; also make the table of items that members can get."""
    with tempfile.TemporaryDirectory() as temporary:
        size = books.Size(1, MEMBERS, WEEKS)
        books.make(Path(temporary), size, commit=False)
        definitions = load(Path(temporary))
        items = books._items(Path(temporary), size)
    rows = tables(definitions, Question(Period("week", size.first, (size.first,))))
    held = tuple(table for table in lk.SCHEMES if rows[table])
    for table in held:
        _table(db, f"scheme_{table}", TABLES[table], rows[table])
        for number in range(1, BOOKS + 1):
            book = f"book{number}"
            query = f"SELECT * REPLACE ('{book}/' || version AS version) FROM scheme_{table}"
            _write(db, query, lake.folder / lk.scheme_path(table, book, KEY))
    columns = {"number": "BIGINT", "item": "VARCHAR", "points": "BIGINT"}
    _table(db, "given", columns, [(n, i.id, i.fixed) for n, i in enumerate(items)])
    base = next(int(b or 0) for _version, kind, b in rows["scale"] if kind == "member")
    return size.first, held, base


def _table(db: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list) -> None:  # type: ignore[type-arg]
    listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    db.execute(f"CREATE TABLE {name} ({listed})")
    db.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)


def _write(db: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    db.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


def _book(
    db: duckdb.DuckDBPyConnection,
    lake: lk.Lake,
    book: str,
    branches: int,
    weeks: tuple[str, ...],
    version: str,
    per_week: int,
) -> None:
    """A book's names, and of each week who is active and what was entered."""
    members = branches * MEMBERS
    db.execute(
        "CREATE OR REPLACE TABLE member AS SELECT i, i // ? AS b,"
        " ? || '/b' || (i // ? + 1) AS branch, ? || '/b' || (i // ? + 1) || '-' || (i % ? + 1) AS id"
        " FROM range(?) AS t(i)",
        [MEMBERS, book, MEMBERS, book, MEMBERS, MEMBERS, members],
    )
    named = f"""
        SELECT '{book}' AS book, id AS subject, 'member' AS kind, 'Member ' || i AS zh, 'Member ' || i AS en
        FROM member
    """
    _write(db, named, lake.folder / lk.names_path(book, KEY))
    for week in weeks:
        head = f"'{book}' AS book, '{week}' AS iso_week, '{book}/{week}' AS book_week"
        where = lake.folder / lk.week_path("active", week, book, KEY)
        _write(db, _ACTIVE.format(head=head, version=f"{book}/{version}"), where)
        seed = int(hashlib.sha256(f"{book} {week}".encode()).hexdigest()[:8], 16)
        count = members * per_week
        instant = int(time.mktime(wk.sunday(week).timetuple())) * 1_000_000
        query = _ENTRIES.format(head=head, seed=seed, count=count, members=members, instant=instant)
        _write(db, query, lake.folder / lk.week_path("entries", week, book, KEY))


_ACTIVE = """
    SELECT {head}, id AS subject, 'member' AS kind, branch, 'full' AS status, 1::BIGINT AS eligible,
      CASE WHEN i % 2 = 0 THEN 'owner' ELSE 'builder' END AS unit, NULL::VARCHAR AS member,
      '{version}' AS version
    FROM member
    UNION ALL
    SELECT DISTINCT {head}, branch, 'branch', branch, NULL, 0::BIGINT, NULL, NULL, '{version}' FROM member
"""
# An entry names a random member and item. A branch submits one batch a week, whose first line says that
# the branch is assessed; ids are the batch's digest and the line, as in a book.
_ENTRIES = """
    WITH drawn AS (
      SELECT m.branch, m.id AS subject, g.item, g.points
      FROM range({count}) AS t(n)
      JOIN member AS m ON m.i = hash({seed}, n, 'who') % {members}
      JOIN given AS g ON g.number = hash({seed}, n, 'what') % (SELECT count(*) FROM given)
      UNION ALL SELECT DISTINCT branch, NULL, NULL, NULL FROM member
    ), numbered AS (
      SELECT *, left(md5(branch || {seed}), 16) AS batch,
        row_number() OVER (PARTITION BY branch ORDER BY subject NULLS FIRST) AS line
      FROM drawn
    )
    SELECT {head}, batch || '.' || line AS id,
      CASE WHEN subject IS NULL THEN 'assessed' ELSE 'score' END AS kind,
      branch, subject, item, points, NULL::VARCHAR AS entry, {instant}::BIGINT AS instant, batch, line
    FROM numbered
    ORDER BY branch, line
"""


def _listed(
    version: str, scheme_tables: tuple[str, ...], base: int, weeks: tuple[str, ...]
) -> Iterator[tuple[str, lk.Book]]:
    """Each book as lake.json has it."""
    held = ("active", "entries", "totals", "criteria")
    for number in range(1, BOOKS + 1):
        yield (
            f"book{number}",
            lk.Book(
                source=f"books/book{number}",
                commit="",
                seal=None,
                collected_at="2026-01-01T00:00:00+00:00",
                qibi="",
                name=lk.Name(f"Book {number}", f"Book {number}"),
                timezone="UTC",
                names=KEY,
                schemes=KEY,
                scheme_tables=scheme_tables,
                grading={version: lk.Grading(base=base)},
                weeks={week: lk.Week(version, True, KEY, KEY, held) for week in weeks},
            ),
        )


def _totals(lake: lk.Lake, weeks: tuple[str, ...]) -> None:
    """What the rules make of the entries, a file a book and week."""
    for week in weeks:
        with tempfile.TemporaryDirectory() as temporary, duckdb.connect() as db:
            found = recomputed(lake, [week], "member", Path(temporary))
            for table, paths in found.items():
                for book in lake.manifest.books:
                    query = f"SELECT * FROM read_parquet({[str(p) for p in paths]}) WHERE book = '{book}'"
                    _write(db, query, lake.folder / lk.week_path(table, week, book, KEY))


def size_of(folder: Path, table: str) -> int:
    """Bytes of a table of the lake."""
    return sum(path.stat().st_size for path in (folder / "lake" / table).rglob("*.parquet"))


def run(folder: Path, *options: str) -> Run:
    """`qibi rank` over the fleet, as a whole process."""
    environment = os.environ | {
        "PYSPARK_SUBMIT_ARGS": f"--driver-memory {MEMORY} pyspark-shell",
        "QIBI_LANG": "en",
        "COLUMNS": "100",
    }
    command = [sys.executable, "-m", "qibi", "rank", *RANKING, "--fleet", str(folder), *options]
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout
    printed = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    seconds = time.perf_counter() - begun
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, printed)


def measure(folder: Path, rounds: int, master: str) -> Iterator[tuple[str, list[Run]]]:
    """Each way of ranking, and its runs; all ways in turn, so that a busy minute hits them alike."""
    spark = ("--engine", "spark", "--master", master)
    ways = {
        "DuckDB, week totals": (),
        "DuckDB, all entries": ("--recompute",),
        "Spark, week totals": spark,
        "Spark, all entries": (*spark, "--recompute"),
    }
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for _round in range(rounds):
        for way, options in ways.items():
            runs[way].append(run(folder, *options))
    printed = {one.printed for of_way in runs.values() for one in of_way}
    if len(printed) != 1:
        raise SystemExit("the engines disagree:\n" + "\n".join(sorted(printed)))
    yield from runs.items()


def main() -> None:
    """Print a table.

    Its columns: million entries, a week and member, the way, median seconds, seconds of processors, most MB.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, nargs="+", default=[1.0])
    parser.add_argument("--per-week", type=int, nargs="+", default=[9], help="of each member")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--master", default="local[2]")
    parser.add_argument(
        "--folder", type=Path, help="where to keep the lakes; else they are temporary"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qibi-scale-") as temporary:
        for per_week in chosen.per_week:
            for millions in chosen.millions:
                folder = (chosen.folder or Path(temporary)) / f"{millions:g}x{per_week}"
                if not folder.exists():
                    _tell_made(folder, millions, per_week)
                _tell(folder, millions, per_week, chosen.rounds, chosen.master)


def _tell_made(folder: Path, millions: float, per_week: int) -> None:
    begun = time.perf_counter()
    count = make(folder, round(millions * 1_000_000), per_week)
    sizes = [f"{table} {size_of(folder, table) / 1e6:.1f}" for table in lk.COLUMNS]
    seconds = time.perf_counter() - begun
    print(f"{count:,} entries, in MB: {', '.join(sizes)}; made in {seconds:.0f} s", flush=True)


def _tell(folder: Path, millions: float, per_week: int, rounds: int, master: str) -> None:
    for way, runs in measure(folder, rounds, master):
        seconds = statistics.median(one.seconds for one in runs)
        work = statistics.median(one.work for one in runs)
        memory = max(one.memory for one in runs)
        cells = (
            f"{millions:g}",
            str(per_week),
            way,
            f"{seconds:.1f}",
            f"{work:.1f}",
            f"{memory:,.0f}",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

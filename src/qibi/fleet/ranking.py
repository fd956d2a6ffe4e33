"""Rankings across books: the rules' last steps over the week totals in a lake.

A week is the same week in all books here, so what depends on a book's scheme (who is eligible, the scale of a
total) is taken from the lake, where it stands with each subject; the steps see one scheme, the fleet's.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any, Protocol

from qibi.base import weeks as wk
from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.weeks import Period
from qibi.base.workers import portions
from qibi.book.fleet import FleetFile
from qibi.fleet.lake import COLUMNS, NAMES, SCHEMES, Book, Lake, Name, repair_advice
from qibi.fleet.sources import CRITERIA, TOTALS
from qibi.scoring import engine
from qibi.scoring.engine import no_room, steps
from qibi.scoring.facts import TABLES
from qibi.scoring.ranking import Standing, Unranked

# What runs SQL over a lake: DuckDB in this process here, others by the same few methods.


_FEW = 2000  # rows that go in as text of a query

Row = Sequence[str | int | None]


class Runner(Protocol):
    """Tables by name: out of Parquet files, out of rows at hand, out of queries. SQL is as DuckDB speaks it."""

    def read(self, name: str, files: Sequence[Path], columns: Mapping[str, str]) -> None:
        """A table of what these files hold; with these columns and no rows where there is no file."""

    def give(self, name: str, columns: Mapping[str, str], rows: Iterable[Row]) -> None:
        """A table of these rows."""

    def make(self, name: str, query: str) -> None:
        """A table of what a query gives, in the place of any of this name."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives."""


def run_steps(runner: Runner, wanted: Iterable[str]) -> None:
    """Some of the steps of rules.sql, each as a table of its name."""
    every = steps()
    for name in wanted:
        runner.make(name, every[name])


class Duck:
    """DuckDB in this process; what it can't read is a `Refusal`."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        self._connection = engine._connect(dict(settings or {}))
        # The rules' steps are written in the order in which they are best joined.
        self._connection.execute("SET disabled_optimizers = 'join_order'")
        self._files: dict[Path, Mapping[str, str]] = {}  # that were read: the columns wanted

    def __enter__(self) -> "Duck":
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def read(self, name: str, files: Sequence[Path], columns: Mapping[str, str]) -> None:
        """A view: only the columns and rows that are asked for are read, when they are."""
        if not files:
            self._nothing(name, columns)
            return
        self._files |= dict.fromkeys(files, columns)
        listed = ", ".join(_text(file) for file in files)
        source = f"read_parquet([{listed}], hive_partitioning = false)"
        self._execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {source}")

    def give(self, name: str, columns: Mapping[str, str], rows: Iterable[Row]) -> None:
        """As text of a query, or by way of a file: as parameters they would take a hundred times as long."""
        known = list(rows)
        if not known:
            self._nothing(name, columns)
        elif len(known) <= _FEW:
            values = ", ".join(f"({', '.join(map(_value, row))})" for row in known)
            typed = ", ".join(
                f"CAST({column} AS {kind}) AS {column}" for column, kind in columns.items()
            )
            self.make(name, f"SELECT {typed} FROM (VALUES {values}) AS given({', '.join(columns)})")
        else:
            self._give_many(name, columns, known)

    def _give_many(self, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
                path = Path(folder, "rows.jsonl")
                with path.open("w", encoding="utf-8") as lines:
                    for row in rows:
                        text = dict(zip(columns, row, strict=True))
                        lines.write(json.dumps(text, ensure_ascii=False) + "\n")
                typed = ", ".join(f"'{column}': '{kind}'" for column, kind in columns.items())
                self.make(
                    name,
                    f"SELECT * FROM read_json({_text(path)}, format = 'newline_delimited',"
                    f" columns = {{{typed}}})",
                )
        except OSError as error:
            raise no_room(error.strerror or "") from None

    def _nothing(self, name: str, columns: Mapping[str, str]) -> None:
        bare = ", ".join(f"CAST(NULL AS {kind}) AS {column}" for column, kind in columns.items())
        self.make(name, f"SELECT {bare} WHERE false")

    def make(self, name: str, query: str) -> None:
        """A table in memory."""
        self._execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        found: list[tuple[Any, ...]] = self._execute(query).fetchall()
        return found

    def write(self, query: str, path: Path) -> None:
        """What a query gives, as one Parquet file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._execute(f"COPY ({query}) TO {_text(path)} (FORMAT parquet)")

    def _execute(self, query: str) -> Any:
        try:
            return self._connection.execute(query)
        except engine._error():
            self._refuse_damaged()
            raise

    def _refuse_damaged(self) -> None:
        """Raises `Refusal` where one of the files that were read is not what a lake has there."""
        for file, columns in self._files.items():
            source = f"read_parquet([{_text(file)}], hive_partitioning = false)"
            listed = ", ".join(columns)
            try:
                self._connection.execute(f"DESCRIBE SELECT {listed} FROM {source}")
                kinds = [kind for _name, kind, *_rest in self._connection.fetchall()]
                if kinds == list(columns.values()):  # now every page of it
                    self._connection.execute(f"SELECT max(hash({listed})) FROM {source}").fetchall()
                    continue
                reason = _("its columns have other types")
            except engine._error() as error:
                reason = str(error).splitlines()[0]
            raise Refusal(
                _("{path} can't be read: {reason}").format(path=file, reason=reason),
                repair_advice(),
            ) from None


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _value(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else _text(value)


KINDS = ("member", "branch", "cp", "book", "unit")  # that a fleet can be ranked by
POOLED = ("book", "unit")  # the mean of members of one book or several
_FLEET = "fleet"  # the one scheme that the steps see
_ANY = "*"  # the one branch that they see


@dataclass(frozen=True)
class FleetQuestion:
    """What is asked: who is ranked over which weeks, by the total or by a criterion."""

    period: Period
    before: tuple[str, ...] = ()
    by: str = "member"
    criterion: str | None = None
    criteria: bool = False  # whether each criterion is wanted next to the total

    @property
    def weeks(self) -> tuple[str, ...]:
        """All weeks that the answer depends on, in order."""
        return tuple(sorted({*self.period.weeks, *self.before}))

    @property
    def kind(self) -> str:
        """The kind of subject as the rules know it: a book is ranked like a unit, by its members."""
        return "unit" if self.by in POOLED else self.by

    @property
    def stored(self) -> str:
        """The kind of subject of the week totals asked for."""
        return "member" if self.by in POOLED else self.by


@dataclass(frozen=True)
class FleetRanking:
    """The answer to a `Question`. Points are hundredths."""

    question: FleetQuestion
    standings: tuple[Standing, ...]
    unranked: tuple[Unranked, ...]
    names: dict[str, Name]  # of subjects, books and branches
    without: tuple[str, ...]  # books that were assessed in no week of the period
    bases: tuple[int, ...]  # of a member's week, where they differ between books

    def name(self, key: str) -> str:
        """The name of a subject, book or branch; its id where it has none."""
        return str(self.names.get(key, key))


def book_of(subject: str) -> str | None:
    """The book of a subject; None for a unit, which may be in several."""
    return subject.partition("/")[0] if "/" in subject else None


def before(lake: Lake, period: Period) -> tuple[str, ...]:
    """The weeks that `moved` is measured against: as in one book."""
    if period.kind != "week":
        return wk.before(period).weeks
    earlier = [week for week in lake.manifest.held if week < period.weeks[0]]
    return (earlier[-1],) if earlier else ()


def rank(
    lake: Lake,
    fleet: FleetFile,
    question: FleetQuestion,
    *,
    recompute: bool = False,
    runner: Callable[[], Runner] = Duck,
) -> FleetRanking:
    """The ranking by the lake's week totals; with `recompute`, by totals rebuilt from all its entries."""
    with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
        files = {t: lake.files(t, question.weeks) for t in ("totals", "criteria")}
        if recompute:
            files = recomputed(lake, question.weeks, question.stored, Path(folder))
        using = runner()
        for table, paths in files.items():
            using.read(f"lake_{table}", paths, COLUMNS[table])
        finish(using, lake, fleet, question)
        return answer(using, lake, question)


def finish(runner: Runner, lake: Lake, fleet: FleetFile, question: FleetQuestion) -> None:
    """The rules' last steps, over the tables `lake_totals` and `lake_criteria` that are there."""
    runner.read("lake_active", lake.files("active", question.weeks), COLUMNS["active"])
    _give(runner, lake, fleet, question)
    for name, query in _queries(question).items():
        runner.make(name, query)
    if question.by in POOLED:
        run_steps(runner, ["rollup"])
        runner.make(
            "week_total", "SELECT * FROM members"
        )  # their criteria count, on whatever scale
        run_steps(runner, ["criterion_of"])
    run_steps(runner, ("contest", "standing", "breakdown"))


def _give(runner: Runner, lake: Lake, fleet: FleetFile, question: FleetQuestion) -> None:
    share = Fraction(str(fleet.min_weeks)).as_integer_ratio()
    averaged = int(fleet.period_total == "mean")
    factors, scale = _scales(lake)
    held = [week for week in lake.manifest.held if week in question.weeks]
    tables: dict[str, Sequence[Row]] = {
        "week": [(week, _FLEET) for week in question.weeks],
        "span": [
            *(("now", week) for week in question.period.weeks),
            *(("before", week) for week in question.before),
        ],
        "period": [(name, averaged, *share) for name in ("now", "before")],
        "question": [(question.kind, question.criterion)],
        "branch": [(_ANY,)],
        "eligible": [(_FLEET, "eligible")],
        "weight": [(_FLEET, "unit", 0, 1)],
        "scale": [(_FLEET, "member", scale)],
        "attended": [("assessed", week, _ANY, None) for week in held],
    }
    for name, rows in tables.items():
        runner.give(name, TABLES[name], rows)
    runner.give("factor", {"version": "VARCHAR", "factor": "BIGINT"}, factors)


def _scales(lake: Lake) -> tuple[list[Row], int]:
    """What brings a member's total of each scheme version onto one scale, and that scale's base.

    The smallest scale on which all are whole: a pooled mean is then exact until its one rounding.
    """
    bases = {
        f"{key}/{version}": grading.base
        for key, book in lake.manifest.books.items()
        for version, grading in book.grading.items()
        if grading.base
    }
    scale = lcm(*bases.values()) if bases else 1
    return [(version, scale // base) for version, base in bases.items()], scale


def _queries(question: FleetQuestion) -> dict[str, str]:
    """The tables of rules.sql that the last steps need, out of the lake's, in this order."""
    exempt = f"""
        UNION ALL
        SELECT 'exempt', iso_week, NULL, subject FROM lake_totals
        WHERE exempt = 1 AND kind = '{question.stored}'
    """
    found = {
        "active": _active(question),
        "live": "SELECT kind, week, branch, subject FROM attended"
        + ("" if question.by in POOLED else exempt),
        "chosen": "SELECT DISTINCT COALESCE(branch, '-') AS branch FROM active",
    }
    return found | (_pooled(question) if question.by in POOLED else _stored(question))


def _active(question: FleetQuestion) -> str:
    if question.by in POOLED:
        return f"""
            SELECT DISTINCT iso_week AS week, {question.by} AS subject, 'unit' AS kind,
              CAST(NULL AS VARCHAR) AS branch, CAST(NULL AS VARCHAR) AS status
            FROM lake_active
            WHERE kind = 'member' AND {question.by} IS NOT NULL
        """
    return f"""
        SELECT iso_week AS week, subject, kind, branch,
          CASE WHEN eligible = 1 THEN 'eligible' ELSE 'ineligible' END AS status
        FROM lake_active
        WHERE kind = '{question.by}'
    """


def _wanted(question: FleetQuestion) -> str:
    """Which criteria are read: reading them costs far more than the totals."""
    if question.criteria:
        return "true"
    return "criterion IN (SELECT criterion FROM question)" if question.criterion else "false"


def _stored(question: FleetQuestion) -> dict[str, str]:
    """Members, CPs and branches: their week totals are what the lake has."""
    return {
        "rollup": f"""
            SELECT iso_week AS week, subject, CAST(NULL AS VARCHAR) AS branch, total
            FROM lake_totals
            WHERE kind = '{question.by}' AND total IS NOT NULL
        """,
        "week_total": f"""
            SELECT iso_week AS week, subject, kind, veto_total
            FROM lake_totals
            WHERE kind = '{question.by}' AND veto_total IS NOT NULL
        """,
        "criterion_of": f"""
            SELECT iso_week AS week, subject, criterion, credit
            FROM lake_criteria
            WHERE kind = '{question.by}' AND {_wanted(question)}
        """,
    }


# The week totals of members, each on the scale of its own book's scheme.
_MEMBERS = f"""
SELECT t.iso_week AS week, t.subject, t.kind, a.branch,
  CASE WHEN a.eligible = 1 THEN 'eligible' ELSE 'ineligible' END AS status,
  '{_FLEET}' AS version, CAST(NULL AS BIGINT) AS veto_total, t.total, a.version AS own_version
FROM lake_totals AS t
JOIN lake_active AS a
  ON a.iso_week = t.iso_week AND a.subject = t.subject AND a.kind = t.kind
WHERE t.kind = 'member' AND t.total IS NOT NULL
"""


def _pooled(question: FleetQuestion) -> dict[str, str]:
    """Books and units: the rules make their week totals, of their members' on one scale."""
    return {
        "belongs": f"""
            SELECT iso_week AS week, 'unit' AS kind, {question.by} AS subject, subject AS member
            FROM lake_active
            WHERE kind = 'member' AND {question.by} IS NOT NULL
        """,
        "members": _MEMBERS,
        "week_total": """
            SELECT m.week, m.subject, m.kind, m.branch, m.status, m.version, m.veto_total,
              m.total * f.factor AS total
            FROM members AS m
            JOIN factor AS f ON f.version = m.own_version
        """,
        "criterion_credit": f"""
            SELECT iso_week AS week, subject, kind, criterion, credit
            FROM lake_criteria
            WHERE kind = 'member' AND {_wanted(question)}
        """,
        "assessed": """
            SELECT week, subject, kind FROM active WHERE false
        """,
    }


def answer(runner: Runner, lake: Lake, question: FleetQuestion) -> FleetRanking:
    """The typed ranking, out of the steps that `finish` has run."""
    standings = tuple(_standings(runner, lake, question))
    unranked = tuple(
        Unranked(subject, branch, reason, "")
        for subject, branch, reason in runner.rows(
            "SELECT subject, branch, reason FROM standing"
            " WHERE period = 'now' AND reason IS NOT NULL ORDER BY subject"
        )
    )
    places = [(s.subject, s.branch) for s in standings] + [(u.subject, u.branch) for u in unranked]
    named = {key for place in places for key in place if key}
    books = lake.manifest.books
    bases = {g.base for b in books.values() if (g := b.grading_of(question.weeks[-1])) and g.base}
    return FleetRanking(
        question,
        standings,
        unranked,
        _names(runner, lake, question, named),
        tuple(k for k, b in books.items() if not _was_held(b, question.period.weeks)),
        tuple(sorted(bases)) if len(bases) > 1 else (),
    )


def _was_held(book: Book, weeks: Sequence[str]) -> bool:
    return any(found.held for week in weeks if (found := book.weeks.get(week)))


_STANDINGS = """
SELECT n.subject, n.branch, n.weeks, n.total, n.mean, n.veto_total, n.place, b.place
FROM standing AS n
LEFT JOIN standing AS b ON b.subject = n.subject AND b.period = 'before'
WHERE n.period = 'now' AND n.place IS NOT NULL
ORDER BY n.place, n.subject
"""


def _standings(runner: Runner, lake: Lake, question: FleetQuestion) -> list[Standing]:
    criteria: dict[str, dict[str, int]] = {}
    for subject, criterion, points in runner.rows(
        "SELECT subject, criterion, points FROM breakdown ORDER BY subject, criterion"
    ):
        criteria.setdefault(subject, {})[criterion] = int(points)
    standings = []
    for subject, branch, weeks, total, mean, veto, place, earlier in runner.rows(_STANDINGS):
        grade, alert = _judged(lake, question, subject, int(mean), veto is not None)
        standings.append(
            Standing(
                rank=int(place),
                moved=None if earlier is None else int(earlier - place),
                subject=subject,
                branch=branch,
                total=int(total),
                mean=int(mean),
                weeks=int(weeks),
                criteria=criteria.get(subject, {}),
                grade=grade,
                alert=alert,
            )
        )
    return standings


def _judged(
    lake: Lake, question: FleetQuestion, subject: str, mean: int, vetoed: bool
) -> tuple[str | None, str | None]:
    """Grade and alert by the scheme of the subject's own book; a unit, which has no one book, has none."""
    key = subject if question.by == "book" else book_of(subject)
    book = lake.manifest.books.get(key) if key else None
    grading = book.grading_of(question.period.weeks[-1]) if book else None
    if grading is None or question.criterion is not None:
        return None, None
    grade = next((g.id for g in grading.grades if g.lowest <= mean), None)
    if vetoed or (grading.warn is not None and mean < grading.warn):
        return grade, "warn"
    return grade, "watch" if grading.watch is not None and mean < grading.watch else None


def _names(runner: Runner, lake: Lake, question: FleetQuestion, named: set[str]) -> dict[str, Name]:
    """The names of those shown; a unit that is named in several books has the first book's name."""
    runner.read("lake_names", lake.name_files(), NAMES)
    runner.give("named", {"subject": "VARCHAR"}, [(key,) for key in sorted(named)])
    kinds = {"book": "('book')", "unit": "('unit')"}
    among = kinds.get(question.by, "('member', 'cp', 'branch')")
    found = {
        subject: Name(zh, en)
        for subject, zh, en in runner.rows(
            "SELECT n.subject, n.zh, n.en FROM lake_names AS n JOIN named AS k ON k.subject = n.subject"
            f" WHERE n.kind IN {among} ORDER BY n.book DESC"
        )
    }
    if question.by == "unit":  # it may bear a book's id
        return found
    return found | {key: book.name for key, book in lake.manifest.books.items()}


# Week totals again, out of all entries in the lake: what `--recompute` ranks by.


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


def compute(
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
            compute(duck, lake, portion, kind, books)
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
            yield from (([week], books) for books in portions(sizes.items(), most=_AT_ONCE))
            continue
        portion.append(week)
        size += here
    if portion:
        yield portion, every


def _size(lake: Lake, week: str, book: str) -> int:
    return sum(
        path.stat().st_size for path in lake.files("entries", [week], [book]) if path.exists()
    )

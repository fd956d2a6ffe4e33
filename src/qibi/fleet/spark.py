"""Spark as what runs the rules over a lake: the same SQL, translated, on one machine or a cluster.

A table stays a query where one step alone reads it; the others are made once. They are checkpoints, not
cached queries: each cached query is planned with all of those below it, and eleven steps took 60 s to plan.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.fleet.cluster import LOCAL, reason_of, session
from qibi.fleet.lake import COLUMNS, Lake
from qibi.fleet.ranking import Question, Ranking, answer, finish
from qibi.fleet.recompute import IN_THE_LAKE, reckon
from qibi.fleet.runner import Row, Runner
from qibi.scoring.engine import steps

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from qibi.book.fleet import FleetFile

_TYPES = {"VARCHAR": "string", "BIGINT": "bigint"}
_FEW = 100_000  # rows that every worker may hold a copy of


class Spark:
    """A runner on Spark; what stops it is a `Refusal`."""

    def __init__(
        self,
        started: "SparkSession",
        moved: tuple[Path, str] | None = None,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        """`moved` is a folder and the URL at which Spark finds a copy of it; `step` is called after each table."""
        self._spark = started
        self._moved = moved
        self._step = step

    def read(self, name: str, files: Sequence[Path], columns: Mapping[str, str]) -> None:
        """A view: only the columns and rows that are asked for are read, when they are."""
        if not files:
            self._name(name, self._frame((), columns))
            return
        reader = self._spark.read.schema(_schema(columns))
        with _told(_("a file of the lake can't be read: {reason}")):
            self._name(name, reader.parquet(*map(self._url, files)))

    def _url(self, file: Path) -> str:
        """Where Spark finds a file: it takes a pattern, and a bare path for one of the cluster's."""
        place = f"file://{file.absolute()}"
        if self._moved:
            folder, url = self._moved
            place = f"{url.rstrip('/')}/{file.relative_to(folder).as_posix()}"
        return "".join(f"\\{c}" if c in "{}[]*?\\" else c for c in place)

    def give(self, name: str, columns: Mapping[str, str], rows: Iterable[Row]) -> None:
        """A table of these rows; of a few, a copy goes to every worker."""
        held = [tuple(row) for row in rows]
        self._name(name, _copied(self._frame(held, columns), len(held)))

    def _frame(self, rows: Sequence[tuple[Any, ...]], columns: Mapping[str, str]) -> "DataFrame":
        return self._spark.createDataFrame(rows, _schema(columns), verifySchema=False)

    def make(self, name: str, query: str) -> None:
        """A table of what a query gives, in the place of any of this name."""
        with _told(_("Spark gave up: {reason}")):
            frame = self._spark.sql(spark_sql(query))
            self._name(name, frame if name in _read_once() else self._made(frame))
        self._step()

    def _made(self, frame: "DataFrame") -> "DataFrame":
        """Where the cluster has a folder for checkpoints, a worker that is lost takes nothing with it."""
        lasting = self._spark.sparkContext.getCheckpointDir() is not None
        made = frame.checkpoint() if lasting else frame.localCheckpoint()
        return _copied(made, made.count())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with _told(_("Spark gave up: {reason}")):
            return [tuple(row) for row in self._spark.sql(spark_sql(query)).collect()]

    @staticmethod
    def _name(name: str, frame: "DataFrame") -> None:
        frame.createOrReplaceTempView(name)


@contextmanager
def on(
    master: str = LOCAL,
    moved: tuple[Path, str] | None = None,
    step: Callable[[], None] = lambda: None,
) -> Iterator[Spark]:
    """A runner on Spark at this master; raises `Refusal` where it can't be had."""
    with session(master) as started:
        yield Spark(started, moved, step)


@dataclass(frozen=True)
class Job:
    """A ranking to be made: of which lake, by week totals or by all entries."""

    lake: Lake
    fleet: "FleetFile"
    question: Question
    recompute: bool = False

    @property
    def count(self) -> int:
        """How many tables it makes."""
        counting = _Counting()
        self._made(counting)
        return counting.count

    def rank(self, runner: Runner) -> Ranking:
        """The ranking that the runner comes to."""
        self._made(runner)
        return answer(runner, self.lake, self.question)

    def _made(self, runner: Runner) -> None:
        lake, asked = self.lake, self.question
        if self.recompute:
            reckon(runner, lake, asked.weeks, asked.stored)
        for table in ("totals", "criteria"):
            if self.recompute and (table == "totals" or asked.criteria or asked.criterion):
                runner.make(f"lake_{table}", IN_THE_LAKE[table])
            else:
                files = [] if self.recompute else lake.files(table, asked.weeks)
                runner.read(f"lake_{table}", files, COLUMNS[table])
        finish(runner, lake, self.fleet, asked)


class _Counting:
    """A runner that only counts the tables it is to make."""

    def __init__(self) -> None:
        self.count = 0

    def read(self, name: str, files: Sequence[Path], columns: Mapping[str, str]) -> None:
        pass

    def give(self, name: str, columns: Mapping[str, str], rows: Iterable[Row]) -> None:
        pass

    def make(self, name: str, query: str) -> None:
        self.count += 1

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return []


@cache
def spark_sql(query: str) -> str:
    """A query of DuckDB as Spark speaks it. Spark's widest whole number has 38 digits."""
    from sqlglot import exp, parse_one

    tree = parse_one(query, read="duckdb")
    for kind in list(tree.find_all(exp.DataType)):
        if kind.this == exp.DataType.Type.INT128:
            kind.replace(exp.DataType.build("decimal(38, 0)"))
    return tree.sql("spark", comments=False)


@cache
def _read_once() -> frozenset[str]:
    """The tables that exactly one step of the rules reads."""
    from sqlglot import exp, parse_one

    readers: dict[str, int] = {}
    for query in steps().values():
        for name in {table.name for table in parse_one(query, read="duckdb").find_all(exp.Table)}:
            readers[name] = readers.get(name, 0) + 1
    return frozenset(name for name, count in readers.items() if count == 1)


def _copied(frame: "DataFrame", count: int) -> "DataFrame":
    """A table, known to be small where it is: Spark's own estimate of a join is the product of its sides."""
    return frame.hint("broadcast") if count < _FEW else frame


def _schema(columns: Mapping[str, str]) -> str:
    return ", ".join(f"`{column}` {_TYPES[kind]}" for column, kind in columns.items())


@contextmanager
def _told(message: str) -> Iterator[None]:
    """Say in one line what stopped Spark; raises `Refusal`. A query that is wrong in itself is a bug, and stays one."""
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]  # has no stubs
    from pyspark.errors import AnalysisException, ParseException, PySparkException

    try:
        yield
    except ParseException:
        raise
    except (PySparkException, Py4JError) as error:
        if isinstance(error, AnalysisException) and error.getCondition() != "PATH_NOT_FOUND":
            raise
        raise Refusal(
            message.format(reason=reason_of(error)),
            _(
                "the lake has to be where every worker finds it, and each of them needs room for temporary files"
            ),
        ) from None

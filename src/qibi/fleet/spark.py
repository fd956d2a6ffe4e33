"""Spark as what runs the rules over a lake: the same SQL, translated, on one machine or a cluster.

A table stays a query where one step alone reads it; the others are made once. They are checkpoints, not
cached queries: each cached query is planned with all of those below it, and eleven steps took 60 s to plan.
"""

import re
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.fleet.lake import COLUMNS, Lake
from qibi.fleet.ranking import (
    IN_THE_LAKE,
    FleetQuestion,
    FleetRanking,
    Row,
    Runner,
    answer,
    compute,
    finish,
)
from qibi.scoring.engine import steps

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from qibi.book.fleet import FleetFile


# Spark, started: a session on a master, or a refusal that says what is missing.
#
# The Java process of Spark writes to a file that nobody sees: what a reader must know of it is said here in one
# line. It ends with this process, however that ends, since it holds the other end of a pipe.


LOCAL = "local[*]"  # the master where none is given: all processors of this machine
_REACHED = 5  # seconds in which a standalone master has to take a connection
_ANSWERED = (
    120  # seconds in which a master has to take the program, and then a worker its first task
)
_SETTINGS = {
    "spark.app.name": "qibi rank",
    "spark.log.level": "ERROR",
    "spark.sql.ansi.enabled": "true",  # what overflows is an error, not another number
    "spark.sql.maxPlanStringLength": "10000",  # of plans that nobody reads
    "spark.ui.showConsoleProgress": "false",
}
# On one machine there are few processors to share the work, files are found and opened at once, and nobody
# watches: to list 520 files as a job of its own takes 15 s, in this process 0.4 s.
_LOCAL_SETTINGS = {
    "spark.sql.files.openCostInBytes": "65536",
    "spark.sql.shuffle.partitions": "16",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000000",
    "spark.ui.enabled": "false",
}


@contextmanager
def session(master: str) -> Iterator["SparkSession"]:
    """A Spark session, stopped at the end.

    Raises `Refusal` where Spark or Java is missing, and where the master does not take the work.
    """
    _installed()
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    _reached(master)
    local = master == "local" or master.startswith(("local[", "local-cluster["))
    settings = {"spark.master": master, **_SETTINGS, **(_LOCAL_SETTINGS if local else {})}
    conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
        gateway = _launched(conf, master, Path(folder, "java"))
        try:
            with _in_time(gateway, master):
                context = SparkContext(conf=SparkConf(_jvm=gateway.jvm), gateway=gateway)
            try:
                with _in_time(gateway, master):
                    context.range(1).count()
                yield SparkSession(context)
            finally:
                with suppress(Exception):  # it may have stopped already
                    context.stop()
        finally:
            with suppress(Exception):  # the other end may be gone
                gateway.shutdown()
            gateway.proc.kill()
            gateway.proc.wait()
            gateway.proc.stdin.close()
            SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None


def _installed() -> None:
    for name in ("pyspark", "sqlglot"):
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise Refusal(
                _("--engine spark needs {name}, which is not installed").format(name=name),
                _("install it: pip install 'qibi[spark]'"),
            ) from None


def _reached(master: str) -> None:
    """Raise `Refusal` where no standalone master takes a connection: Spark itself tries for a minute."""
    if not master.startswith("spark://"):
        return
    reason = _("it is not a URL such as spark://host:7077")
    for place in master.removeprefix("spark://").split(","):
        try:
            found = urlsplit(f"//{place}")
            if found.hostname and found.port:
                socket.create_connection((found.hostname, found.port), _REACHED).close()
                return
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
        except ValueError:
            pass
    raise _refused(master, reason)


def _launched(conf: Any, master: str, log: Path) -> Any:
    """The gateway to a new Java process with its output in a file."""
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    with log.open("wb") as output:
        try:
            streams = {"stdout": output, "stderr": output}
            return launch_gateway(conf, streams)  # type: ignore[no-untyped-call]  # PySpark's own
        except (PySparkRuntimeError, OSError):
            pass
    text = log.read_text("utf-8", "replace")
    if re.search(
        r"JAVA_HOME is not set|/java: (not found|No such file)|java: command not found", text
    ):
        raise Refusal(
            _("--engine spark needs Java, which was not found"),
            _("install Java 17 or later (OpenJDK), or set JAVA_HOME to the folder it is in"),
        )
    if re.search(
        r"UnsupportedClassVersionError|Unrecognized option|Could not create the Java", text
    ):
        raise Refusal(
            _("the Java that was found is too old for Spark, or can't run it"),
            _("install Java 17 or later (OpenJDK), or set JAVA_HOME to the folder it is in"),
        )
    raise _refused(master, _reason(text))


@contextmanager
def _in_time(gateway: Any, master: str) -> Iterator[None]:
    """End Spark where it does not answer in time; what it says goes into a `Refusal`."""
    late = []

    def give_up() -> None:
        late.append(True)
        gateway.proc.kill()

    timer = Timer(_ANSWERED, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if late:
            reason = _("no answer within {count} seconds").format(count=_ANSWERED)
            raise _refused(master, reason) from None
        raise _refused(master, reason_of(error)) from None
    finally:
        timer.cancel()


def reason_of(error: BaseException) -> str:
    """One line on why Spark gave up: the innermost cause that it names."""
    java = getattr(error, "java_exception", None)
    text = str(error)
    if java is not None:
        try:
            while (cause := java.getCause()) is not None:
                java = cause
            text = str(java.getMessage() or java.toString())
        except Exception:  # the Java process is gone: what came over is all there is
            pass
    return _reason(text)


def _reason(text: str) -> str:
    """The line of Spark's output that says why, without the names of Java classes before it."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("at ", "WARNING", "Using"))]
    chosen = next((line for line in lines if "xception" in line or "rror" in line), None)
    chosen = chosen or next(iter(lines), "")
    return re.sub(
        r"^(Caused by: |Exception in thread \S+ |[\w.$]+(Exception|Error): )+", "", chosen
    )


def _refused(master: str, reason: str) -> Refusal:
    return Refusal(
        _("Spark can't work with the master {master}: {reason}").format(
            master=master, reason=reason
        ),
        _(
            "--master takes local[*] for this machine, or the URL of a running cluster: spark://host:7077, yarn"
        ),
    )


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
    question: FleetQuestion
    recompute: bool = False

    @property
    def count(self) -> int:
        """How many tables it makes."""
        counting = _Counting()
        self._made(counting)
        return counting.count

    def rank(self, runner: Runner) -> FleetRanking:
        """The ranking that the runner comes to."""
        self._made(runner)
        return answer(runner, self.lake, self.question)

    def _made(self, runner: Runner) -> None:
        lake, asked = self.lake, self.question
        if self.recompute:
            compute(runner, lake, asked.weeks, asked.stored)
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
            _("every worker needs access to the lake, and space for temporary files"),
        ) from None

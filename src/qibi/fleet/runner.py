"""What runs SQL over a lake: DuckDB in this process here, others by the same few methods."""

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.fleet.lake import mended
from qibi.scoring import engine
from qibi.scoring.engine import no_room, steps

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
                        said = dict(zip(columns, row, strict=True))
                        lines.write(json.dumps(said, ensure_ascii=False) + "\n")
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
                _("{path} can't be read: {reason}").format(path=file, reason=reason), mended()
            ) from None


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _value(value: str | int | None) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else _text(value)

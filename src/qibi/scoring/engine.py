"""Runs `rules.sql` on DuckDB: the given tables in, one table a step out."""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.book.words import RANKED
from qibi.ledger.batches import Batch
from qibi.ledger.entries import KINDS, Exempt, Score
from qibi.scoring.facts import DERIVED, NUMBERED, TABLES, Row, entry_lines

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FEW = 500  # rows of a table that are passed without a file
_LARGE = 5_000  # entries from which numbering texts is worth it, and more than one thread
RULES = Path(__file__).with_name("rules.sql")
# Rules that earlier versions sealed weeks with: one file each, named by its digest, never changed.
PAST_RULES = Path(__file__).with_name("past_rules")


@cache
def steps(rules: str | None = None) -> dict[str, str]:
    """Step name: its SQL, in the order in which they are run; of the present rules or of this text."""
    text = RULES.read_text("utf-8") if rules is None else rules
    found: dict[str, str] = {}
    for block in text.split("\n-- step: ")[1:]:
        name, step = block.split("\n", 1)
        found[name.strip()] = step.strip().removesuffix(";")
    return found


@cache
def rules_digest() -> str:
    """SHA-256 of the rules' text."""
    return hashlib.sha256(RULES.read_bytes()).hexdigest()


def rules_with(digest: str) -> str | None:
    """The text of the rules with this SHA-256, present or past; None where this qibi has none such."""
    if digest == rules_digest():
        return RULES.read_text("utf-8")
    if not _SHA256.fullmatch(digest):  # a path would have its own SQL run
        return None
    past = PAST_RULES / f"{digest}.sql"
    return past.read_text("utf-8") if past.is_file() else None


def same_rules(digest: str) -> bool:
    """Whether the rules with this digest say what the present ones say: all but comments and blanks."""
    if digest == rules_digest():
        return True
    past = rules_with(digest)
    return past is not None and _bare(past) == _bare(RULES.read_text("utf-8"))


def _bare(rules: str) -> str:
    return " ".join(re.sub(r"--[^\n]*", "", rules).split())


def explanation(step: str) -> str:
    """The two lines that say what a step means."""
    lines = steps()[step].splitlines()
    return " ".join(line[3:] for line in lines if line.startswith("-- "))


def _connect(settings: dict[str, Any]) -> "DuckDBPyConnection":
    """A connection in memory.

    DuckDB's native module alone is imported in 15 ms of processor time, the package around it, which
    adds relations, expressions and types that are not used here, in 105 ms.
    """
    try:
        from _duckdb import connect
    except ImportError:  # a DuckDB that keeps its native part elsewhere
        from duckdb import connect
    return connect(config=settings)


def _error() -> type[Exception]:
    """What DuckDB raises."""
    try:
        from _duckdb import Error
    except ImportError:
        from duckdb import Error
    return Error


def no_room(reason: str) -> Refusal:
    """What is said where temporary files can't be written."""
    return Refusal(
        _("no space for temporary files: {reason}").format(reason=reason),
        _("free some space in the temporary folder, or set TMPDIR to another"),
    )


class Engine:
    """One run of the rules: give it the tables and the entries, then ask it about any step."""

    def __init__(
        self,
        given: Mapping[str, Sequence[Row]],
        batches: Sequence[Batch],
        rules: str | None = None,
        *,
        ids: bool = True,
        threads: int | None = None,
    ) -> None:
        """Run all steps; without `ids` entries are known only where the rules need it.

        In a large run, texts that recur are numbered, in their order as texts.
        """
        large = sum(len(batch.entries) for batch in batches) >= _LARGE
        self._connection = _connect({"threads": threads or 1} if threads or not large else {})
        self._rules = rules
        every = steps(rules)
        with self._transaction():
            self._kinds = self._number(given, batches) if large else {}
            self._give(given, {"entry": entry_lines(batches, ids=ids)})
            self._run(every)

    def _number(
        self, given: Mapping[str, Sequence[Row]], batches: Sequence[Batch]
    ) -> dict[str, str]:
        """Column: the enumeration of its values, in their order as texts.

        Joins of numbers take a third off a large run. The values are ids, checked on reading.
        """
        values: dict[str, set[str]] = {
            "branch": {b.branch for b in batches},
            "kind": {*RANKED, *KINDS},
        }
        for name, rows in given.items():
            for place, column in enumerate(TABLES[name]):
                if domain := NUMBERED.get(column):
                    values.setdefault(domain, set()).update(
                        str(row[place]) for row in rows if row[place] is not None
                    )
        for batch in batches:
            scores = [e for e in batch.entries if type(e) is Score]
            values["subject"].update(map(attrgetter("subject"), scores))
            values["item"].update(map(attrgetter("item"), scores))
            values["subject"].update(e.subject for e in batch.entries if type(e) is Exempt)
        for domain, found in values.items():
            # Temporary: DuckDB may give two connections of a process one database in memory.
            listed = ", ".join(f"'{value}'" for value in sorted(found))
            self._connection.execute(f"CREATE TEMP TYPE {domain}_name AS ENUM ({listed})")
        return {column: f"{domain}_name" for column, domain in NUMBERED.items() if domain in values}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        # One transaction takes half the time of one a statement. The steps are written in the order in
        # which they are best joined; in the one that DuckDB finds they take up to four times as long.
        self._connection.execute("SET disabled_optimizers = 'join_order'")
        self._connection.execute("BEGIN")
        yield
        self._connection.execute("COMMIT")

    def ask(self, given: Mapping[str, Sequence[Row]]) -> None:
        """Another question about the same weeks and entries: its tables take the place of the old.

        Only the steps from `rollup` on depend on the question, so only they are run again. Who is
        asked about was among the subjects given before.
        """
        every = steps(self._rules)
        later = list(every)[list(every).index("rollup") :]
        with self._transaction():
            for name in (*reversed(later), *DERIVED, *given):
                self._connection.execute(f"DROP TABLE {name}")
            self._give(given)
            self._run({name: every[name] for name in later})

    def _run(self, wanted: Mapping[str, str]) -> None:
        for name, text in wanted.items():
            self._connection.execute(f"CREATE TEMP TABLE {name} AS {text}")

    def _give(
        self,
        given: Mapping[str, Sequence[Row]],
        more: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Make the given tables; `more` are tables as tab-separated lines."""
        lines = dict(more or {})
        for name, rows in given.items():
            if len(rows) <= _FEW:
                self._hand(name, self._columns(name), rows)
            else:
                lines[name] = map(_line, rows)
        # Of many rows a tab-separated file is the quickest way in: 4,000 take 5 ms, as one JSON parameter
        # 25 ms, by executemany a second. No value holds a tab: ids and weeks are checked on reading.
        if lines:
            try:
                with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
                    for name, text in lines.items():
                        self._load(Path(folder) / name, self._columns(name), text)
            except OSError as error:
                raise no_room(error.strerror or "") from None
        for name, query in DERIVED.items():
            self._connection.execute(f"CREATE TEMP TABLE {name} AS {query}")

    def _columns(self, table: str) -> dict[str, str]:
        return {column: self._kinds.get(column, kind) for column, kind in TABLES[table].items()}

    def _bare(self, name: str, columns: Mapping[str, str]) -> None:
        listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        self._connection.execute(f"CREATE TEMP TABLE {name} ({listed})")

    def _hand(self, name: str, columns: Mapping[str, str], rows: Sequence[Row]) -> None:
        """A table of few rows, passed as a list a column: a third of the time that a file takes."""
        if not rows:
            self._bare(name, columns)
            return
        lists = [[None if v == "" else v for v in column] for column in zip(*rows, strict=True)]
        listed = ", ".join(f"unnest(?::{kind}[]) AS {column}" for column, kind in columns.items())
        self._connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {listed}", lists)

    def _load(self, path: Path, columns: Mapping[str, str], lines: Iterable[str]) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
            empty = file.tell() == 0
        if empty:
            self._bare(path.name, columns)
            return
        typed = ", ".join(f"'{column}': '{kind}'" for column, kind in columns.items())
        self._connection.execute(
            f"CREATE TEMP TABLE {path.name} AS FROM read_csv(?, header = false, delim = '\t', quote = '',"
            f" escape = '', nullstr = '', null_padding = true, auto_detect = false, columns = {{{typed}}})",
            [str(path)],
        )

    def rows(self, query: str, *values: object) -> Iterator[tuple]:  # type: ignore[type-arg]  # as the query says
        """The rows of a query over the given tables and the steps."""
        yield from self._connection.execute(query, list(values)).fetchall()


def _line(row: Row) -> str:
    return "\t".join(["" if value is None else str(value) for value in row]) + "\n"

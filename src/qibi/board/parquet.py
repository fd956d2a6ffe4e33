"""Tables as Parquet, through DuckDB: points are DECIMAL(9,2), exact."""

import json
import tempfile
from pathlib import Path
from typing import Any

from qibi.board.tables import Kind, Table, Typed, Value

_TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "count": "INTEGER",
    "points": "DECIMAL(9,2)",
    "flag": "BOOLEAN",
}


def parquet(table: Table) -> bytes:
    """The table as the bytes of a Parquet file, its columns named by their keys."""
    from duckdb import connect

    # Columns go by number on the way in, so that no id of a criterion has to be quoted in JSON.
    types = ", ".join(f"c{n}: '{_TYPES[c.kind]}'" for n, c in enumerate(table.columns))
    names = ", ".join(f"c{n} AS {_quoted(c.key)}" for n, c in enumerate(table.columns))
    with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
        rows, target = Path(folder, "rows.jsonl"), Path(folder, "rows.parquet")
        with rows.open("w", encoding="utf-8") as lines:
            for row in table.rows:
                lines.write(json.dumps(_line(table.columns, row), ensure_ascii=False) + "\n")
        source = (
            f"read_json({_text(rows)}, format='newline_delimited', columns={{{types}}})"
            if table.rows
            else f"(SELECT {_nothing(table)} WHERE false)"
        )
        with connect(config={"threads": 1}) as connection:  # so that the order of rows stays
            connection.execute(
                f"COPY (SELECT {names} FROM {source}) TO {_text(target)} (FORMAT parquet)"
            )
        return target.read_bytes()


def _line(columns: tuple[Typed, ...], row: tuple[Value, ...]) -> dict[str, Any]:
    """A row as JSON; points as text, since a JSON number would go through binary fractions."""
    return {
        f"c{n}": f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
        if column.kind == "points" and isinstance(value, int)
        else value
        for n, (column, value) in enumerate(zip(columns, row, strict=True))
    }


def _nothing(table: Table) -> str:
    return ", ".join(f"NULL::{_TYPES[c.kind]} AS c{n}" for n, c in enumerate(table.columns))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"

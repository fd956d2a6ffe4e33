"""The floor: bare DuckDB over all entries in one file, the rules and nothing else.

No digest is proved, no line is looked at, no book is searched for: what is left is reading JSON and the
rules themselves. `benchmarks/run.py` times it beside `qibi rank`.

    .venv/bin/python benchmarks/floor.py BOOK ENTRIES.jsonl
"""

import sys
from pathlib import Path

from qibi.base import weeks
from qibi.book.load import load
from qibi.scoring.engine import Engine, _connect, steps
from qibi.scoring.facts import Question, tables

ENTRY = """
SELECT kind, week, branch, subject, item, CAST(points * 100 AS BIGINT) AS points, NULL AS id,
  entry, 0 AS instant, NULL AS batch, 0 AS line
FROM read_ndjson('{file}', columns = {{kind: 'VARCHAR', week: 'VARCHAR', branch: 'VARCHAR',
  subject: 'VARCHAR', item: 'VARCHAR', points: 'DECIMAL(6,2)', entry: 'VARCHAR'}})
"""


def main() -> None:
    """Rank the members of a year and print the first."""
    root, file, year, cache = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    definitions = load(root, cache)
    question = Question(weeks.year(year))
    engine = Engine.__new__(Engine)
    engine._connection, engine._kinds = _connect({}), {}
    with engine._transaction():
        engine._give(tables(definitions, question))
        engine._run({"entry": ENTRY.format(file=file), **steps()})
    query = (
        "SELECT subject, total, place FROM standing WHERE period = 'now' ORDER BY place, subject"
    )
    print(len(rows := list(engine.rows(query))), rows[0])


if __name__ == "__main__":
    main()

"""Shell completion: members, items, branches, weeks and entries of the book at hand."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from qibi.base.findings import Faults, Refusal
from qibi.base.weeks import single
from qibi.book.definitions import Definitions
from qibi.book.find import find
from qibi.book.load import load
from qibi.cli.surroundings import Surroundings

Candidates = list[tuple[str, str]]


def _book() -> tuple[Path, Definitions] | None:
    """The book and its definitions; None where there is none to complete from."""
    around = Surroundings.of_this_process()
    try:
        root = find(None, os.environ, around.folder)
        names = around.environment.get("QIBI_NAMES")
        return root, load(root, around.cache, around.folder / names if names else None)
    except (Refusal, Faults):
        return None


def _matching(pairs: Iterable[tuple[str, str]], incomplete: str) -> Candidates:
    """The ids that begin so, each with its name; else the names that do, each with its id."""
    start = incomplete.casefold()
    pairs = list(pairs)
    by_id = [(key, name) for key, name in pairs if key.casefold().startswith(start)]
    return by_id or [(name, key) for key, name in pairs if name.casefold().startswith(start)]


def _from_definitions(
    pairs: Callable[[Definitions], Iterable[tuple[str, str]]],
) -> Callable[[str], Candidates]:
    def complete(incomplete: str) -> Candidates:
        book = _book()
        return _matching(pairs(book[1]), incomplete) if book else []

    return complete


members = _from_definitions(lambda d: [(key, d.title(key)) for key in d.spans])
subjects = _from_definitions(lambda d: [(key, d.title(key)) for key in d.subjects])
branches = _from_definitions(lambda d: [(b.id, str(b.name)) for b in d.branches])
departments = _from_definitions(
    lambda d: [(name, "") for name in dict.fromkeys(b.department for b in d.branches) if name]
)
sections = _from_definitions(
    lambda d: [(name, "") for name in dict.fromkeys(b.section for b in d.branches) if name]
)
items = _from_definitions(
    lambda d: (
        [(i.id, str(i.name)) for i in d.schemes[-1].items()]
        + [(c.id, str(c.name)) for c in d.schemes[-1].criteria if c.direct]
    )
)
criteria = _from_definitions(lambda d: [(c.id, str(c.name)) for c in d.schemes[-1].criteria])


def weeks(incomplete: str) -> Candidates:
    """The weeks that have batches, the latest first."""
    from qibi.ledger.batches import weeks_with_batches

    book = _book()
    found = reversed(weeks_with_batches(book[0])) if book else []
    return _matching([(week, "") for week in found], incomplete.upper())


def entries(incomplete: str) -> Candidates:
    """The live scores of the latest week, newest first."""
    from qibi.ledger.batches import read_weeks
    from qibi.scoring.assessed import latest_assessed
    from qibi.scoring.ranking import live_scores

    book = _book()
    week = latest_assessed(*book) if book else None
    if not book or not week:
        return []
    found = live_scores(read_weeks(book[0], single(week).weeks))
    return _matching(
        [(key, f"{book[1].title(e.subject)} {e.item}") for key, e in found], incomplete
    )


def kinds(incomplete: str) -> Candidates:
    """What a ranking can be by."""
    from qibi.scoring.facts import KINDS

    return _matching([(name, "") for name in KINDS], incomplete)


def formats(incomplete: str) -> Candidates:
    """The formats of commands that read."""
    from qibi.cli.console import FORMATS

    return _matching([(name, "") for name in FORMATS], incomplete)

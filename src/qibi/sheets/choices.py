"""How subjects, items and people are written in a sheet's lists.

A name stands alone where it means one thing and nothing else, else with its id: `Dan Li (w-dan)`.
"""

from collections.abc import Callable

from qibi.base.text import folded, narrowed
from qibi.book import lookup
from qibi.book.definitions import Criterion, Definitions, Item, Scheme
from qibi.ledger.wish import EXEMPT_WORDS
from qibi.sheets.rows import is_nothing


def subject_text(definitions: Definitions, key: str, week: str, branch: str) -> str:
    """A subject as a sheet of this branch and week writes it."""
    name = " ".join(definitions.title(key).split())
    alone = len(definitions.by_folded_name.get(folded(name), ())) == 1

    def meant() -> str:
        return lookup.subject(definitions, narrowed(name), week=week, branch=branch, partial=False)

    return name if alone and _means(meant, key, name) else f"{name} ({key})"


def item_text(scheme: Scheme, thing: Item | Criterion) -> str:
    """An item or direct criterion as a sheet writes it."""
    name = " ".join(str(thing.name).split())
    plain = _means(lambda: lookup.item(scheme, narrowed(name), partial=False).id, thing.id, name)
    return name if plain else f"{name} ({thing.id})"


def person_text(definitions: Definitions, key: str, week: str, branch: str) -> str:
    """A scorer role of the week's scheme, or a member, as a sheet writes it."""
    scheme = definitions.scheme(week)
    roles = {s.id: str(s.name) for s in scheme.scorers} if scheme else {}
    if scheme and key in roles:
        name = " ".join(roles[key].split())
        plain = _means(lambda: lookup.choice(scheme.scorers, narrowed(name), ""), key, name)
        return name if plain else f"{name} ({key})"
    text = subject_text(definitions, key, week, branch)
    taken = {folded(name) for name in roles.values()} | set(roles)
    return f"{text} ({key})" if folded(text) in taken else text


def _means(meant: Callable[[], str], key: str, name: str) -> bool:
    """Whether a name, read back from a cell, means this key."""
    if is_nothing(name) or folded(name) in {folded(word) for word in EXEMPT_WORDS}:
        return False
    try:
        return meant() == key
    except lookup.NotFound:
        return False

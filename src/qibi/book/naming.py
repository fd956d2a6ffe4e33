"""Finding members' names in what people wrote: one pass over a text, however many names there are.

Chinese puts no border between words, so a name counts wherever it stands; in other scripts it has
to be a word of its own.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from qibi.base.text import folded
from qibi.book.definitions import Definitions, Label

LEAST = 2  # characters: one alone says nothing


class Namer:
    """Knows names and whose they are; finds them in a text."""

    def __init__(self, names: Mapping[str, Iterable[str]], words: Iterable[str] = ()) -> None:
        """`names`: name and the ids that bear it; `words`: what else a book calls something.

        A name that is such a word, or stands inside one, is not taken for a person's.
        """
        self._words = [w for word in words if len(w := _normal(word)) >= LEAST]
        common = {folded(word) for word in self._words}
        self._ids: dict[str, tuple[str, ...]] = {}
        self._heads: dict[str, list[str]] = {}
        for name in sorted(names, key=len, reverse=True):  # the longest at a place is meant
            text = _normal(name)
            if len(text) < LEAST or text.isdigit() or folded(text) in common or text in self._ids:
                continue
            self._ids[text] = tuple(names[name])
            self._heads.setdefault(text[:2], []).append(text)
        first = "".join({re.escape(text[0]) for text in self._ids})
        self._first = re.compile(f"[{first}]" if first else "(?!)")  # most texts have no surname

    def __bool__(self) -> bool:
        return bool(self._ids)

    def whose(self, text: str) -> tuple[str, ...]:
        """The ids whose names stand in a text, in the order in which they do, each once."""
        text = _normal(text)
        found: dict[str, None] = {}
        for start, name in self._hits(text):
            if not self._is_inside_a_word(text, start, start + len(name)):
                found.update(dict.fromkeys(self._ids[name]))
        return tuple(found)

    def _hits(self, text: str) -> Iterator[tuple[int, str]]:
        heads, end = self._heads, 0
        for begin in self._first.finditer(text):
            start = begin.start()
            if start < end or (names := heads.get(text[start : start + 2])) is None:
                continue
            for name in names:
                if text.startswith(name, start) and _stands_alone(text, start, name):
                    yield start, name
                    end = start + len(name)
                    break

    def _is_inside_a_word(self, text: str, first: int, end: int) -> bool:
        for word in self._words:
            if text.find(word, max(0, end - len(word)), first + len(word)) >= 0:
                return True
        return False


def people(definitions: Definitions) -> Namer:
    """Finds members' names in texts: notes, evidence, commit messages."""
    return Namer(members_names(definitions), book_words(definitions))


def people_in_definitions(definitions: Definitions) -> Namer:
    """Finds members' names in definitions, also in what a CP, group or task is called."""
    return Namer(members_names(definitions), _organisation(definitions))


def members_names(definitions: Definitions) -> dict[str, tuple[str, ...]]:
    """Each name that a member has or had in a row of theirs: the ids that bear it."""
    found: dict[str, set[str]] = {}
    labels = [(m.id, m.name) for m in definitions.memberships]
    labels += [
        (key, definitions.names[key]) for key in definitions.spans if key in definitions.names
    ]
    for key, label in labels:
        for name in (label.zh, label.en):
            if name != key:
                found.setdefault(name, set()).add(key)
    return {name: tuple(sorted(ids)) for name, ids in found.items()}


def book_words(definitions: Definitions) -> set[str]:
    """What a book calls all that is no member: units, posts, branches, CPs, items, tasks and so on."""
    labels = [cp.name for cp in definitions.cps]
    labels += [name for key, name in definitions.names.items() if key not in definitions.spans]
    labels += [group.name for branch in definitions.branches for group in branch.groups]
    for plan in definitions.plans:
        for task in plan.tasks:
            labels += [task.name, *(milestone.name for milestone in task.milestones)]
    return _organisation(definitions) | _texts(labels)


def _organisation(definitions: Definitions) -> set[str]:
    """What an organisation and its rules call things, which nobody calls by its people."""
    labels = [definitions.name, *definitions.words.values()]
    labels += [choice.name for choice in (*definitions.units, *definitions.posts)]
    places = [place for member in definitions.memberships for place in member.attached_to]
    for branch in definitions.branches:
        labels.append(branch.name)
        places += [branch.section, branch.department]
        places += [place for group in branch.groups for place in group.attached_to]
    for scheme in definitions.schemes:
        labels += [scheme.name, *(grade.name for grade in scheme.grades)]
        labels += [scorer.name for scorer in scheme.scorers]
        for criterion in scheme.criteria:
            labels += [criterion.name, criterion.short, *(item.name for item in criterion.items)]
    return _texts(labels) | set(filter(None, places))


def _texts(labels: Iterable[Label]) -> set[str]:
    return {text for label in labels for text in (label.zh, label.en) if text}


def _normal(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _stands_alone(text: str, start: int, name: str) -> bool:
    """Whether letters of an alphabet do not go on before or behind a name."""
    end = start + len(name)
    before = start > 0 and _is_of_a_word(text[start - 1]) and _is_of_a_word(name[0])
    behind = end < len(text) and _is_of_a_word(text[end]) and _is_of_a_word(name[-1])
    return not before and not behind


def _is_of_a_word(character: str) -> bool:
    """Whether it is a letter or digit of a script that parts its words, unlike Chinese and Japanese."""
    return character.isalnum() and not "\u2e80" <= character <= "\U0003ffff"

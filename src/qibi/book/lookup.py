"""From what a person writes (an id, a name in either language, part of a name) to an id."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from qibi.base.language import _, aside, clauses, listing
from qibi.base.text import closest, folded
from qibi.book.definitions import SUBJECT_KINDS, Choice, Criterion, Definitions, Item, Label, Scheme
from qibi.book.words import RANKED


class NotFound(Exception):
    """Nothing, or more than one thing, is meant by the text; the message says what to write.

    `brief` leaves out where to look, for those who give advice of their own.
    """

    def __init__(self, message: str, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message


class Ambiguous(NotFound):
    """More than one thing is meant."""


def subject(
    definitions: Definitions,
    text: str,
    kinds: Iterable[str] = SUBJECT_KINDS,
    *,
    week: str | None = None,
    branch: str | None = None,
    partial: bool = True,
) -> str:
    """The id of the subject meant; raises `NotFound`.

    Where a name fits several, those active in `week`, and of them those in `branch`, come first.
    """
    wanted = set(kinds)
    keys = [key for key in definitions.subjects if definitions.kind(key) in wanted]
    if text in keys:
        return text
    needle = folded(text)
    found = [k for k in definitions.by_folded_name.get(needle, ()) if k in keys]
    found = found or [
        b.id for b in definitions.branches if "branch" in wanted and folded(b.section) == needle
    ]
    if not found and needle:  # `安一（男）` and `安一（女）`, told apart in brackets
        alike = [
            k
            for k in keys
            if any(n.startswith(needle + "(") for n in _folded_names(definitions.label(k)))
        ]
        found = alike if len(alike) > 1 else []
    if not found and partial and needle:
        found = [k for k in keys if any(needle in n for n in _folded_names(definitions.label(k)))]
    found = _narrowed(found, lambda k: week is None or definitions.branch_of(k, week) is not None)
    if week and branch:
        found = _narrowed(found, lambda k: definitions.branch_of(k, week) == branch)
    if len(found) == 1:
        return found[0]
    if found:
        options = [
            f"{key} {definitions.title(key)}{aside(_place(definitions, key))}" for key in found[:6]
        ]
        if len(found) > 6:
            options.append(_("{count} more").format(count=len(found) - 6))
        raise Ambiguous(
            _("'{text}' may be {options}; write the id").format(text=text, options=listing(options))
        )
    known = {name: key for key in keys for name in (key, *_names(definitions.label(key)))}
    raise _unknown(_what(wanted), text, known)


def _what(kinds: set[str]) -> str:
    return _(RANKED[min(kinds)]) if len(kinds) == 1 else _("subject")


def branch(definitions: Definitions, text: str) -> str:
    """The id of the branch meant, by id, name, section or part of one; raises `NotFound`."""
    by_section = [b.id for b in definitions.branches if folded(b.section) == folded(text)]
    if len(by_section) == 1:
        return by_section[0]
    return subject(definitions, text, ("branch",))


def department(definitions: Definitions, text: str) -> str:
    """The department meant, by its name or part of it; raises `NotFound`."""
    return _part(_("department"), [b.department for b in definitions.branches], text)


def section(definitions: Definitions, text: str) -> str:
    """The section meant, by its name or part of it; raises `NotFound`."""
    return _part(_("section"), [b.section for b in definitions.branches], text)


def _part(what: str, named: Iterable[str], text: str) -> str:
    """One of the names that branches give for what they are part of."""
    known = list(dict.fromkeys(name for name in named if name))
    needle = folded(text)
    stages: list[Callable[[str], bool]] = [
        lambda name: name == text,
        lambda name: folded(name) == needle,
        lambda name: bool(needle) and needle in folded(name),
    ]
    for fits in stages:
        found = [name for name in known if fits(name)]
        if len(found) == 1:
            return found[0]
        if found:
            options = listing([*found[:6], *(["…"] if len(found) > 6 else [])])
            raise Ambiguous(
                _("'{text}' may be {options}; write it out").format(text=text, options=options)
            )
    if not known:
        raise NotFound(
            _("no branch of this book names a {what}; write it in branches/").format(what=what)
        )
    raise _unknown(what, text, {name: name for name in known})


def item(scheme: Scheme, text: str, *, partial: bool = True) -> Item | Criterion:
    """The item, or directly scored criterion, meant; raises `NotFound`."""
    things: list[Item | Criterion] = []
    for criterion in scheme.criteria:
        things += [criterion] if criterion.direct else criterion.items
    needle = folded(text)
    stages: list[Callable[[Item | Criterion], bool]] = [
        lambda t: t.id == text,
        lambda t: t.id.rsplit(".", 1)[-1] == text,
        lambda t: needle in _folded_names(t.name),
    ]
    if partial and needle:
        stages.append(
            lambda t: (
                any(needle in n for n in _folded_names(t.name))
                or (len(needle) > 2 and needle in t.id)
            )
        )
    for fits in stages:
        found = [t for t in things if fits(t)]
        if len(found) == 1:
            return found[0]
        if found:
            options = [t.id + aside(str(t.name)) for t in found[:6]]
            raise Ambiguous(
                _("'{text}' may be {options}; write the id").format(
                    text=text, options=listing(options)
                )
            )
    for criterion in scheme.criteria:
        if text == criterion.id or needle in _folded_names(criterion.name):
            raise NotFound(
                _("'{text}' is a criterion; name one of its items: {items}").format(
                    text=text, items=listing([str(i.name) for i in criterion.items[:8]])
                )
            )
    known = {name: t.id for t in things for name in (t.id, t.id.split(".")[-1], *_names(t.name))}
    raise _unknown(_("item"), text, known)


def choice(choices: Iterable[Choice], text: str, what: str) -> str:
    """The id of the unit, post, group or scorer meant; raises `NotFound`."""
    choices = list(choices)
    needle = folded(text)
    for found in choices:
        if text == found.id or needle in _folded_names(found.name):
            return found.id
    known = {name: c.id for c in choices for name in (c.id, *_names(c.name))}
    raise _unknown(what, text, known)


def criterion(scheme: Scheme, text: str) -> str:
    """The id of the criterion meant, by id, name or short name; raises `NotFound`."""
    choices = [Choice(c.id, c.name) for c in scheme.criteria]
    short = [c.id for c in scheme.criteria if folded(text) in _folded_names(c.short)]
    return short[0] if len(short) == 1 else choice(choices, text, _("criterion"))


def _names(label: Label) -> tuple[str, ...]:
    return (label.zh,) if label.zh == label.en else (label.zh, label.en)


def _folded_names(label: Label) -> tuple[str, ...]:
    return tuple(folded(name) for name in _names(label))


def _narrowed(keys: list[str], fits: Callable[[str], bool]) -> list[str]:
    return [k for k in keys if fits(k)] or keys


def _place(definitions: Definitions, key: str) -> str:
    spans = definitions.spans.get(key) or definitions.cp_spans.get(key)
    return definitions.title(spans[-1].branch if spans else key)


def _ways(what: str) -> list[str]:
    """Where to look a name up that nothing comes near to."""
    if what in (_("item"), _("criterion"), _("scorer")):
        return [_("'qibi rules' lists them")]
    if what in (_("branch"), _("department"), _("section")):
        return [_("'qibi branch list' lists them")]
    people = (_("member"), _("subject"))
    return [_("'qibi member list' lists them")] if what in people else []


def _unknown(what: str, text: str, known: dict[str, str]) -> NotFound:
    near = closest(text, known)
    message = _("unknown {what} '{text}'").format(what=what, text=text)
    if not near:
        return NotFound(clauses([message, *_ways(what)]), message)
    shown = near if known[near] == near else near + aside(known[near])
    return NotFound(message + _("; did you mean {near}?").format(near=shown))


# Finding members' names in what people wrote: one pass over a text, however many names there are.
#
# Chinese puts no border between words, so a name counts wherever it is; in other scripts it has
# to be a word of its own.


LEAST = 2  # characters: one alone says nothing


class Namer:
    """Knows names and whose they are; finds them in a text."""

    def __init__(self, names: Mapping[str, Iterable[str]], words: Iterable[str] = ()) -> None:
        """`names`: name and the ids that bear it; `words`: what else a book calls something.

        A name that is such a word, or is inside one, is not taken for a person's.
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

    def ids_named(self, text: str) -> tuple[str, ...]:
        """The ids whose names are in a text, in the order in which they do, each once."""
        text = _normal(text)
        result: dict[str, None] = {}
        for start, name in self._hits(text):
            if not self._is_inside_a_word(text, start, start + len(name)):
                result.update(dict.fromkeys(self._ids[name]))
        return tuple(result)

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
    result: dict[str, set[str]] = {}
    labels = [(m.id, m.name) for m in definitions.memberships]
    labels += [
        (key, definitions.names[key]) for key in definitions.spans if key in definitions.names
    ]
    for key, label in labels:
        for name in (label.zh, label.en):
            if name != key:
                result.setdefault(name, set()).add(key)
    return {name: tuple(sorted(ids)) for name, ids in result.items()}


def book_words(definitions: Definitions) -> set[str]:
    """What a book calls all that is not a member: units, posts, branches, CPs, items, tasks and so on."""
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

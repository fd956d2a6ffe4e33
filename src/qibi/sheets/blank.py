"""A score sheet before it is filled in: who and what is in its lists, and it as csv.

`standing` and `with_files` are about what earlier sheets recorded and still stands.
"""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from qibi.base import dates, points
from qibi.base.language import _, clauses, current
from qibi.base.text import folded, narrowed, visible
from qibi.book import lookup
from qibi.book.definitions import Criterion, Definitions, Item, Scheme
from qibi.ledger.admission import EXEMPT_WORDS
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import MAX_COUNT, Exempt, File, Score
from qibi.ledger.pricing import is_nothing, price_text
from qibi.sheets.csvfile import ESCAPED
from qibi.sheets.headings import UNIT_WORDS, WRITTEN


def subject_text(definitions: Definitions, key: str, week: str, branch: str) -> str:
    """A subject as a sheet of this branch and week writes it."""
    name = _on_a_line(definitions.title(key))
    alone = len(definitions.by_folded_name.get(folded(name), ())) == 1

    def meant() -> str:
        return lookup.subject(definitions, narrowed(name), week=week, branch=branch, partial=False)

    return name if alone and _means(meant, key, name) else f"{name} ({key})"


def item_text(scheme: Scheme, thing: Item | Criterion) -> str:
    """An item or direct criterion as a sheet writes it."""
    name = _on_a_line(str(thing.name))
    plain = _means(lambda: lookup.item(scheme, narrowed(name), partial=False).id, thing.id, name)
    return name if plain else f"{name} ({thing.id})"


def person_text(definitions: Definitions, key: str, week: str, branch: str) -> str:
    """A scorer role of the week's scheme, or a member, as a sheet writes it."""
    scheme = definitions.scheme(week)
    roles = {s.id: str(s.name) for s in scheme.scorers} if scheme else {}
    if scheme and key in roles:
        name = _on_a_line(roles[key])
        plain = _means(lambda: lookup.choice(scheme.scorers, narrowed(name), ""), key, name)
        return name if plain else f"{name} ({key})"
    text = subject_text(definitions, key, week, branch)
    taken = {folded(name) for name in roles.values()} | set(roles)
    return f"{text} ({key})" if folded(text) in taken else text


def _on_a_line(name: str) -> str:
    """A name as a sheet writes it. Where that is not how it is spelled, its id has to be behind it."""
    return visible(" ".join(name.split()))


def _means(meant: Callable[[], str], key: str, name: str) -> bool:
    """Whether a name, read back from a cell, means this key."""
    if is_nothing(name) or folded(name) in {folded(word) for word in EXEMPT_WORDS}:
        return False
    try:
        return meant() == key
    except lookup.NotFound:
        return False


FORMS = ("long", "grid")
FIELDS = ("subject", "item", "count", "points", "date", "evidence", "scored_by", "approved_by")
_FEWEST_ROWS, _MOST_ROWS, _ROWS_EACH = 40, 150, 3
_SPARE_ROWS = 20  # below those that are filled
_MOST_AT_ONCE = 99  # events of an item without `per` in one cell of a grid


@dataclass(frozen=True)
class Pick:
    """A line of a dropdown: what is shown, and what it stands for. Of a subject also its kind."""

    shown: str
    id: str
    kind: str = ""


@dataclass(frozen=True)
class Thing:
    """An item or a directly scored criterion, with the limits of its cells, in hundredths.

    `low` and `high` are of one event; `most` is how often it may be in one row.
    """

    shown: str
    id: str
    criterion: str
    kinds: tuple[str, ...]  # of subjects that it is for
    low: int
    high: int
    most: int
    per: str  # a key of `words.UNITS` where it takes a count
    options: tuple[int, ...]  # what one event may be worth; empty for a range or a score
    evidence: bool
    is_item: bool
    says: tuple[str, ...]  # what it is worth, in words

    @property
    def rule(self) -> str:
        """What it is worth, in a line."""
        return clauses(list(self.says))

    @property
    def by_count(self) -> bool:
        """Whether a grid's cell holds how often it happened, and not points."""
        return self.is_item and len(self.options) == 1


@dataclass(frozen=True)
class Line:
    """A row of the long form that is filled; empty text and None where it says nothing."""

    subject: str
    item: str
    count: int | None = None
    points: int | None = None  # hundredths
    date: str = ""
    evidence: str = ""
    scored_by: str = ""
    approved_by: str = ""
    note: str = ""


@dataclass(frozen=True)
class Blank:
    """All that a sheet holds. `things` are the columns of a grid, else what the dropdown offers."""

    form: str
    book: str
    book_name: str
    week: str
    branch: str
    scheme: str
    title: str
    subjects: tuple[Pick, ...]
    things: tuple[Thing, ...]
    criteria: dict[str, str]  # id: name
    scorers: tuple[Pick, ...]
    approvers: tuple[Pick, ...]
    exempt: tuple[str, ...]
    second_from: int | None
    rows: int
    lines: tuple[Line, ...] = field(default=())


def blank(
    definitions: Definitions,
    scheme: Scheme,
    branch: str,
    week: str,
    form: str = "long",
    columns: Sequence[str] = (),
    entries: Iterable[Score | Exempt] = (),
) -> Blank:
    """The sheet of a branch and week, `scheme` being in force.

    `columns` are the ids of the items that a grid has next to the directly scored criteria;
    `entries` are what the long form is filled with.
    """
    subjects = _subjects(definitions, scheme, branch, week)
    kinds = {s.kind for s in subjects}
    things = [t for t in _things(scheme) if kinds & set(t.kinds)]
    if form == "grid":
        things = [t for t in things if not t.is_item or t.id in columns]
    lines = tuple(_line(definitions, scheme, branch, week, e) for e in entries)
    usual = min(max(_FEWEST_ROWS, _ROWS_EACH * len(subjects)), _MOST_ROWS)
    members = [m.id for m in definitions.members_of(branch, week)]
    roles = [s.id for s in scheme.scorers]

    def person(key: str) -> Pick:
        return Pick(person_text(definitions, key, week, branch), key)

    return Blank(
        form=form,
        book=definitions.id,
        book_name=str(definitions.name),
        week=week,
        branch=branch,
        scheme=scheme.week,
        title=_("{branch}  {week}  score sheet").format(
            branch=_title(definitions, branch), week=dates.week(week)
        ),
        subjects=subjects,
        things=tuple(things),
        criteria={c.id: str(c.name) for c in scheme.criteria},
        scorers=tuple(person(key) for key in dict.fromkeys([*roles, *members])),
        approvers=tuple(person(key) for key in members),
        exempt=exempt_words(),
        second_from=scheme.second_from,
        rows=max(usual, len(lines) + _SPARE_ROWS) if lines else usual,
        lines=lines,
    )


def _title(definitions: Definitions, branch: str) -> str:
    """A branch as a title names it, so that it is found again."""
    name = definitions.title(branch)
    return name if visible(name) == name else branch


def exempt_words() -> tuple[str, ...]:
    """The words for leave in the language spoken now, the most usual first."""
    return ("请假", "免考") if current() == "zh" else ("leave", "exempt")


def _subjects(definitions: Definitions, scheme: Scheme, branch: str, week: str) -> tuple[Pick, ...]:
    """Members, then CPs, then the branch: those that a criterion applies to."""
    scored = {kind for c in scheme.criteria for kind in c.applies_to}
    keys = [(m.id, "member") for m in definitions.members_of(branch, week)]
    keys += [
        (key, "cp") for key in definitions.cp_spans if definitions.branch_of(key, week) == branch
    ]
    keys.append((branch, "branch"))
    return tuple(
        Pick(subject_text(definitions, key, week, branch), key, kind)
        for key, kind in keys
        if kind in scored
    )


def _things(scheme: Scheme) -> Iterable[Thing]:
    for criterion in scheme.criteria:
        if criterion.direct:
            yield _direct(scheme, criterion)
        for item in criterion.items:
            yield _item(scheme, criterion, item)


def _direct(scheme: Scheme, criterion: Criterion) -> Thing:
    within = _("{low} to {high}").format(
        low=points.show(criterion.min), high=points.show(criterion.max)
    )
    return Thing(
        shown=item_text(scheme, criterion),
        id=criterion.id,
        criterion=criterion.id,
        kinds=criterion.applies_to,
        low=criterion.min,
        high=criterion.max,
        most=1,
        per="",
        options=(),
        evidence=False,
        is_item=False,
        says=(within,),
    )


def _item(scheme: Scheme, criterion: Criterion, item: Item) -> Thing:
    said = [price_text(item)]
    if item.cap is not None:
        said.append(_("week cap {points}").format(points=points.signed(item.cap)))
    if item.evidence:
        said.append(_("needs evidence"))
    return Thing(
        shown=item_text(scheme, item),
        id=item.id,
        criterion=criterion.id,
        kinds=criterion.applies_to,
        low=min(item.points, default=item.low),
        high=max(item.points, default=item.high),
        most=MAX_COUNT if item.per else _MOST_AT_ONCE,
        per=item.per,
        options=item.points,
        evidence=item.evidence,
        is_item=True,
        says=tuple(said),
    )


def _line(
    definitions: Definitions, scheme: Scheme, branch: str, week: str, entry: Score | Exempt
) -> Line:
    subject = subject_text(definitions, entry.subject, week, branch)
    if isinstance(entry, Exempt):
        words = {folded(word) for word in EXEMPT_WORDS}
        if folded(entry.note) in words:
            return Line(subject, entry.note)
        return Line(subject, exempt_words()[0], note=entry.note)

    def person(key: str) -> str:
        return person_text(definitions, key, week, branch) if key else ""

    thing = scheme.item(entry.item) or scheme.criterion(entry.item)
    fixed = thing.fixed if isinstance(thing, Item) else None
    counted = isinstance(thing, Item) and bool(thing.per)
    return Line(
        subject=subject,
        item=item_text(scheme, thing) if thing else entry.item,
        count=entry.count if counted or entry.count > 1 else None,
        points=None
        if fixed is not None and fixed * entry.count == entry.hundredths
        else entry.hundredths,
        date=entry.date,
        evidence="; ".join(e if isinstance(e, str) else e.path for e in entry.evidence),
        scored_by=person(entry.scored_by),
        approved_by=person(entry.approved_by),
        note=entry.note,
    )


_CSV_FIELDS = (
    "subject",
    "item",
    "count",
    "points",
    "date",
    "evidence",
    "scored_by",
    "approved_by",
    "note",
)


def csv_bytes(sheet: Blank) -> bytes:
    """UTF-8 with the mark that Excel needs."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    rows = _grid_rows(sheet) if sheet.form == "grid" else _long_rows(sheet)
    writer.writerows([[_safe(value) for value in row] for row in [[sheet.title], *rows]])
    return out.getvalue().encode("utf-8-sig")


def _long_rows(sheet: Blank) -> list[list[Any]]:
    headings = [_heading(str(WRITTEN[name]), "score" * (name == "points")) for name in _CSV_FIELDS]
    lines = sheet.lines or [Line(subject.shown, "") for subject in sheet.subjects]
    return [headings, *([_csv_value(line, name) for name in _CSV_FIELDS] for line in lines)]


def _csv_value(line: Line, name: str) -> Any:
    value = getattr(line, name)
    if value is None:
        return ""
    return points.to_number(value) if name == "points" else value


def _grid_rows(sheet: Blank) -> list[list[Any]]:
    behind = ("exempt", "note", "evidence", "scored_by", "approved_by")
    headings = [str(WRITTEN["subject"]), *(_heading(t.shown, _unit_of(t)) for t in sheet.things)]
    headings += [str(WRITTEN[name]) for name in behind]
    return [headings, *([s.shown] for s in sheet.subjects)]


def _unit_of(thing: Thing) -> str:
    """What the bare numbers of a thing's column are: a csv has nothing else that says so."""
    if not thing.is_item:
        return "score"
    return "count" if thing.by_count else "points"


def _heading(text: str, unit: str) -> str:
    return f"{text} ({UNIT_WORDS[unit]})" if unit else text


def _safe(value: Any) -> Any:
    """Visible text; what a spreadsheet would take for a formula gets an apostrophe and is read without."""
    if not isinstance(value, str):
        return value
    text = _legible(value)
    return f"'{text}" if ESCAPED.match(f"'{text}") else text


def _legible(text: str) -> str:
    """Text as a csv holds it: visible, in as many lines as it has."""
    return "\n".join(map(visible, text.split("\n")))


@dataclass(frozen=True)
class Standing:
    """The live entries of a branch's week: from sheets, and how many were recorded otherwise."""

    entries: tuple[Score | Exempt, ...]
    others: int


def standing(batches: Iterable[Batch], branch: str) -> Standing:
    """What is in a branch's week; a sheet submitted again is compared with `entries` alone."""
    live = [e for _key, e in Index(batches).live(Score, Exempt) if e.branch == branch]
    mine = tuple(entry for entry in live if entry.source)
    return Standing(mine, len(live) - len(mine))


def with_files(entries: Sequence[Score | Exempt], batches: Iterable[Batch]) -> list[Score | Exempt]:
    """The entries of a sheet, with what a sheet can't hold of the week's entries: of a file that is
    evidence it holds the path without the digest, of a control character its code."""
    meant: dict[str, str | File] = {}
    for batch in batches:
        for entry in batch.entries:
            for text in (getattr(entry, "note", ""), *getattr(entry, "evidence", ())):
                if isinstance(text, File):
                    meant[text.path] = text
                elif not text.isprintable() and (written := _legible(text)) != text:
                    meant[written] = text
    return [_with_files(entry, meant) for entry in entries] if meant else list(entries)


def _with_files(entry: Score | Exempt, meant: dict[str, str | File]) -> Score | Exempt:
    note = meant.get(entry.note, entry.note)
    if isinstance(note, str) and note != entry.note:
        entry = msgspec.structs.replace(entry, note=note)
    if isinstance(entry, Exempt):
        return entry
    found = tuple(meant.get(e, e) if isinstance(e, str) else e for e in entry.evidence)
    return msgspec.structs.replace(entry, evidence=found)

"""A score sheet before it is a file: who and what stands in its lists, which rows are filled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from qibi.base import dates, points
from qibi.base.language import _, clauses, current
from qibi.base.text import folded
from qibi.book.definitions import Criterion, Definitions, Item, Scheme
from qibi.ledger.entries import MAX_COUNT, Exempt, Score
from qibi.ledger.wish import EXEMPT_WORDS
from qibi.ledger.worth import worth
from qibi.sheets import choices

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

    `low` and `high` are of one event; `most` is how often it may stand in one row.
    """

    shown: str
    id: str
    criterion: str
    kinds: tuple[str, ...]  # of subjects that it is for
    low: int
    high: int
    most: int
    per: str  # "count" or "day" where it takes a count
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

    `columns` are the ids of the items that a grid has beside the directly scored criteria;
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
        return Pick(choices.person_text(definitions, key, week, branch), key)

    return Blank(
        form=form,
        book=definitions.id,
        book_name=str(definitions.name),
        week=week,
        branch=branch,
        scheme=scheme.week,
        title=_("{branch}  {week}  score sheet").format(
            branch=definitions.title(branch), week=dates.week(week)
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
        Pick(choices.subject_text(definitions, key, week, branch), key, kind)
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
        shown=choices.item_text(scheme, criterion),
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
    said = [worth(item)]
    if item.cap is not None:
        said.append(_("week cap {points}").format(points=points.signed(item.cap)))
    if item.evidence:
        said.append(_("needs evidence"))
    return Thing(
        shown=choices.item_text(scheme, item),
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
    subject = choices.subject_text(definitions, entry.subject, week, branch)
    if isinstance(entry, Exempt):
        words = {folded(word) for word in EXEMPT_WORDS}
        if folded(entry.note) in words:
            return Line(subject, entry.note)
        return Line(subject, exempt_words()[0], note=entry.note)

    def person(key: str) -> str:
        return choices.person_text(definitions, key, week, branch) if key else ""

    thing = scheme.item(entry.item) or scheme.criterion(entry.item)
    fixed = thing.fixed if isinstance(thing, Item) else None
    counted = isinstance(thing, Item) and bool(thing.per)
    return Line(
        subject=subject,
        item=choices.item_text(scheme, thing) if thing else entry.item,
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

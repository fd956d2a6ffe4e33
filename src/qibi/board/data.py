"""What a weekly board shows, reckoned once: every format is drawn from this one set of data.

All points are text here, as people read them; what a picture is drawn from (levels of a heat map,
heights of a trend) are plain numbers beside it. Names are as the book has them.
"""

from dataclasses import dataclass
from datetime import date

from qibi.scoring.sums import Step


@dataclass(frozen=True)
class Trend:
    """Eight weeks of a subject: the totals as text (empty where it has none), heights 0 to 1."""

    values: tuple[str, ...]
    heights: tuple[float | None, ...]


@dataclass(frozen=True)
class Cause:
    """What put a name on a list: points with their sign, and for what."""

    points: str
    text: str


@dataclass(frozen=True)
class Named:
    """A name on a list; `more` counts the causes that are left out."""

    subject: str
    name: str
    rank: int
    moved: str
    total: str
    causes: tuple[Cause, ...]
    more: int
    remedy: str


@dataclass(frozen=True)
class NameList:
    """A red or black list: what the book calls it, whose it is, its rule, whom it names."""

    colour: str  # "red" or "black"
    title: str
    kind: str
    rule: str
    names: tuple[Named, ...]


@dataclass(frozen=True)
class Place:
    """A subject's place in a ranking. `alert` is `watch`, `warn` or empty; `rose` a number of places."""

    rank: int
    moved: str
    rose: int
    subject: str
    name: str
    branch: str
    total: str
    grade: str
    alert: str
    trend: Trend
    cells: tuple["Cell", ...] = ()


@dataclass(frozen=True)
class Cell:
    """A branch on a criterion: mean, difference from the base, and a level of -4 to 4."""

    value: str
    difference: str
    level: int


@dataclass(frozen=True)
class Criterion:
    """A column of the heat map."""

    name: str
    short: str


@dataclass(frozen=True)
class RemedyRow:
    """A remedy that nobody has verified yet."""

    id: str
    subject: str
    name: str
    measure: str
    owner: str
    due: str
    state: str
    overdue: bool


@dataclass(frozen=True)
class MilestoneRow:
    """A milestone done in the week or overdue at its end; `days` gained (+) or lost (-)."""

    subject: str
    name: str
    text: str
    due: str
    done: str
    days: int


@dataclass(frozen=True)
class Sum:
    """The sum behind a name."""

    subject: str
    name: str
    headline: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class SealMark:
    """The seal of a closed week; `correction` is 0 where it was never corrected."""

    path: str
    digest: str
    correction: int
    closed: str


@dataclass(frozen=True)
class Head:
    """What stands at the top and the foot of a page."""

    language: str
    book: str
    title: str
    scheme: str
    week: str
    week_number: str
    dates: str
    today: date
    closure: str
    handed_in: str
    provisional: bool
    pending: tuple[str, ...]
    seal: SealMark | None


@dataclass(frozen=True)
class Board:
    """A week of a book."""

    head: Head
    lists: tuple[NameList, ...]
    member_word: str
    branch_word: str
    top: tuple[Place, ...]
    top_more: int  # who share the last place shown and did not fit
    risers: tuple[Place, ...]
    criteria: tuple[Criterion, ...]
    branches: tuple[Place, ...]
    without: tuple[str, ...]  # branches without a place
    weeks: tuple[str, ...]  # of the trends
    remedies: tuple[RemedyRow, ...]
    gained: tuple[MilestoneRow, ...]
    late: tuple[MilestoneRow, ...]
    members: tuple[Place, ...]
    member_count: int
    sums: tuple[Sum, ...]
    mean: str


@dataclass(frozen=True)
class Bar:
    """A criterion of one person: what counts, the difference from the base, and both as shares."""

    name: str
    value: str
    difference: str
    share: float
    base_share: float


@dataclass(frozen=True)
class Slip:
    """One subject's week."""

    head: Head
    subject: str
    name: str
    who: str
    ties: tuple[str, ...]
    total: str
    why_none: str  # why there is no total
    rank: str
    place: str  # in its branch
    moved: str
    grade: str
    alert: str
    alert_text: str
    bars: tuple[Bar, ...]
    sum: Sum | None
    weeks: tuple[str, ...]
    trend: Trend
    remedies: tuple[RemedyRow, ...]
    objections: str

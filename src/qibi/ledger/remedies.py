"""The lives of remedies: from the steps in the ledger to what state each one is in.

A remedy's steps are in the week and branch in which it was opened. A step that the rules do not
allow (verified by its owner, or before it was reported) stays in the history and changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.book.definitions import Definitions
from qibi.book.words import REMEDY_STATES
from qibi.ledger.admission import parse_day
from qibi.ledger.batches import Batch, Index, latest_first, read_weeks
from qibi.ledger.entries import ID, Remedy, moment
from qibi.ledger.records import names_with_remedies

RECENT = 60  # weeks with batches in which a remedy that is not verified yet is looked for
_TRACES = (b'"remedy"', b'"void"', b"\\u")  # what a batch with a remedy, or the void of one, holds

_STATES = tuple(REMEDY_STATES)
_Place = tuple[str, str, str, str]  # id, week, branch, subject
_FROM = {  # the states that a state may come from
    "reported": ("open", "reopened"),
    "verified": ("reported",),
    "reopened": ("reported", "verified"),
}


@dataclass(frozen=True)
class Step:
    """One entry of a life, with its id; `breach` says why it changed nothing, else it is empty."""

    key: str
    entry: Remedy
    breach: str = ""


@dataclass(frozen=True)
class Life:
    """A remedy as its steps leave it. `due` is a day, or empty where none was set."""

    id: str
    week: str
    branch: str
    subject: str
    state: str
    owner: str
    measure: str
    due: str
    history: tuple[Step, ...]

    @property
    def ended(self) -> bool:
        """Whether it is struck off: someone else has verified it."""
        return self.state == "verified"

    def overdue(self, today: date) -> bool:
        """Whether its day is over and nobody has verified it."""
        return not self.ended and bool(self.due) and self.due < today.isoformat()

    @property
    def reporters(self) -> set[str]:
        """Who has reported it done since it was last opened or reopened."""
        found: set[str] = set()
        for step in self.history:
            if step.breach:
                continue
            found = found | {step.entry.recorded_by} if step.entry.state == "reported" else set()
        return found


def lives(batches: Iterable[Batch]) -> dict[str, Life]:
    """Remedy id: its life, in the order in which they were opened; voided entries do not count.

    Two that bear one id (opened apart, in two clones) are both here: the later one under
    `id@week-branch`.
    """
    steps = _steps(batches)
    made: dict[_Place, Life] = {}
    for step in steps:
        entry = step.entry
        if entry.state == "open":
            made.setdefault(_place(entry), _born(step))
    for step in steps:
        key = _home(made, step.entry)
        if key is not None and step != made[key].history[0]:
            made[key] = _after(made[key], step)
    named: dict[str, Life] = {}
    for life in made.values():
        name = life.id
        if name in named:
            name = f"{life.id}@{life.week}-{life.branch}"
        while name in named:
            name += "+"
        named[name] = life
    return named


def batches_with_remedies(
    root: Path, wanted: Iterable[str], cache: Path | None = None
) -> list[Batch]:
    """The batches of these weeks that say anything of a remedy; raises `Faults` as `read_weeks`.

    With a `cache`, batches that were seen to say nothing of one are not opened again.
    """
    having = names_with_remedies(root, cache) if cache else None
    return read_weeks(root, wanted, _TRACES, having)


def recent_weeks(root: Path, until: str = weeks.END) -> list[str]:
    """The latest weeks with batches, none after `until`, in order: where open remedies stand."""
    return sorted(islice(latest_first(root, until), RECENT))


def unverified(root: Path, cache: Path | None = None) -> dict[str, Life]:
    """Remedy id: its life, of those of the recent weeks not struck off yet; first due comes first."""
    found = lives(batches_with_remedies(root, recent_weeks(root), cache))
    live = [(key, life) for key, life in found.items() if not life.ended]
    return dict(sorted(live, key=lambda pair: (pair[1].due or weeks.END, pair[0])))


def strays(batches: Iterable[Batch]) -> list[Step]:
    """The live steps of remedies that nobody opened: they count for nothing."""
    steps = _steps(batches)
    made = {_place(s.entry): _born(s) for s in steps if s.entry.state == "open"}
    return [s for s in steps if _home(made, s.entry) is None]


def why_not(life: Life, state: str, who: str) -> str | None:
    """Why a remedy can't be taken to a state, or not by this person; None where it can."""
    if life.state not in _FROM.get(state, ()):
        if life.state == "verified":
            return _("it is verified already")
        if state == "verified":
            return _("it has not been reported yet")
        return _("it is reported already") if state == "reported" else _("it is open already")
    if state == "verified" and who == life.owner:
        return _("its owner can't verify it; someone else must")
    if state == "verified" and who in life.reporters:
        return _("who reported it can't verify it; someone else must")
    return None


def _steps(batches: Iterable[Batch]) -> list[Step]:
    """The live remedy entries in the order of time; within a second as a life goes, then by id."""
    return sorted((Step(key, e) for key, e in Index(batches).live(Remedy)), key=_order)


def _order(step: Step) -> tuple[float, int, str, int]:
    when = moment(step.entry.recorded_at)
    digest, number = step.key.split(".")
    instant = when.timestamp() if when else 0.0
    return instant, _STATES.index(step.entry.state), digest, int(number)


def _place(entry: Remedy) -> _Place:
    return entry.remedy, entry.week, entry.branch, entry.subject


def _home(made: Iterable[_Place], entry: Remedy) -> _Place | None:
    """Which life a step belongs to: that of its place; else the only one with its id."""
    same = [place for place in made if place[0] == entry.remedy]
    if entry.subject:
        same = [place for place in same if place[3] == entry.subject]
    near = [place for place in same if place[1:3] == (entry.week, entry.branch)] or same
    return near[0] if len(near) == 1 else None


def _born(step: Step) -> Life:
    e = step.entry
    return Life(e.remedy, e.week, e.branch, e.subject, "open", e.owner, e.measure, e.due, (step,))


def _after(life: Life, step: Step) -> Life:
    """A life after one more step; owner, measure and day may change when it is reopened."""
    entry = step.entry
    breach = why_not(life, entry.state, entry.recorded_by)
    if breach:
        return replace(life, history=(*life.history, replace(step, breach=breach)))
    life = replace(life, state=entry.state, history=(*life.history, step))
    if entry.state != "reopened":
        return life
    return replace(
        life,
        owner=entry.owner or life.owner,
        measure=entry.measure or life.measure,
        due=entry.due or life.due,
    )


def next_id(week: str, taken: Iterable[str]) -> str:
    """`r-46-1`: the first id of a week that no remedy of the book bears."""
    known = set(taken)
    number = 1
    while f"r-{week[6:]}-{number}" in known:
        number += 1
    return f"r-{week[6:]}-{number}"


def refuse_bad_id(key: str, taken: Iterable[str]) -> None:
    """Raises `Refusal` where a new remedy can't bear this id."""
    if not ID.fullmatch(key):
        raise Refusal(
            _("'{text}' is not an id").format(text=key),
            _("write lower-case letters, digits and hyphens: notice-031"),
            1,
        )
    if key in taken:
        raise Refusal(
            _("there is a remedy {id} already").format(id=key), _("write another --id"), 1
        )


def home(definitions: Definitions, subject: str, week: str) -> str:
    """The branch in whose batches a subject's remedy stands; raises `Refusal` where it has none."""
    result = definitions.branch_of(subject, week)
    if result is None:
        raise Refusal(
            _("{name} is in no branch in {week}").format(
                name=definitions.title(subject), week=week
            ),
            _("check since and until in branches/"),
            1,
        )
    return result


def usual_owner(definitions: Definitions, subject: str, week: str) -> str | None:
    """A member sees to their own remedy, the first of its members to a CP's; a branch has none."""
    if definitions.kind(subject) == "member":
        return subject
    for cp in definitions.cp_spans.get(subject, ()):
        if cp.since <= week <= cp.until:
            return next(iter(cp.members.values()), None)
    return None


def due_day(week: str, text: str) -> str:
    """The day due, as 2026-11-25; raises `Refusal` for none, or one before the week began."""
    if not text:
        raise Refusal(_("by when?"), _("say it: --due DAY, or remedy_due in qibi.yaml's lists"), 1)
    day = parse_day(text)
    if day is None:
        raise Refusal(_("'{text}' is not a date; write it as 2026-11-18").format(text=text), code=1)
    if day < weeks.monday(week):
        raise Refusal(
            _("{day} is before {week} began").format(day=day.isoformat(), week=week),
            _("write a later day, or the week in which it was found: --week"),
            1,
        )
    return day.isoformat()


def references(text: str) -> tuple[str, ...]:
    """Evidence as a person writes it, several with a semicolon between."""
    return tuple(e for e in (p.strip() for p in text.replace("；", ";").split(";")) if e)

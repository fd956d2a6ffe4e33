"""Honours: letters, pennants, medals and patents that live entries give as evidence, and pledges.

Each distinct one counts once for a subject, however many entries refer to it. A pledge is a document
on record: it is counted next to the honours, never among them.

A member's and a CP's are those of entries about it. A branch's are its own and those of its members
and CPs, a group's, unit's and post's those of its members, each by where they were in the entry's
week. The branch of the entry does not have to be assessed: an honour is not a point.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from qibi.book.definitions import Definitions
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import File, Remedy, Score
from qibi.ledger.evidence_files import HONOURS, RECORDS, record_of
from qibi.ledger.remedies import lives
from qibi.scoring.facts import SPANNING, Question, rollup_members


class Record(msgspec.Struct, frozen=True):
    """An honour or a pledge in a live entry; `key` is the same for what is one and the same."""

    subject: str
    week: str
    kind: str
    key: str
    evidence: str | File  # as it is in the entry

    @property
    def proof(self) -> tuple[str, str]:
        """What is counted once, however many entries have it."""
        return self.kind, self.key


class Honoured(msgspec.Struct, frozen=True):
    """A subject's place by honours. `counts` has every kind; `total` is without pledges."""

    rank: int | None  # None for who has pledges alone
    subject: str
    branch: str | None  # None for units and posts, which span branches
    counts: dict[str, int]
    total: int


class HonoursRanking(msgspec.Struct, frozen=True):
    """The subjects with any honour or pledge, and how many are of subjects unknown to the book."""

    question: Question
    places: tuple[Honoured, ...]
    unknown: int


def records(batches: Sequence[Batch]) -> Iterator[Record]:
    """Every honour and pledge in the live scores and steps of remedies."""
    for key, entry in Index(batches).live(Score):
        if entry.evidence:
            yield from _of_entry(key, entry, entry.subject)
    for life in lives(batches).values():
        for step in life.history:
            if step.entry.evidence and not step.breach:
                yield from _of_entry(step.key, step.entry, life.subject)


def _of_entry(key: str, entry: Score | Remedy, subject: str) -> Iterator[Record]:
    for evidence in entry.evidence:
        found = record_of(evidence, key)
        if found:
            yield Record(subject, entry.week, *found, evidence)


def ranking(
    definitions: Definitions, batches: Sequence[Batch], question: Question
) -> HonoursRanking:
    """The subjects of a kind by their honours in a period; equal numbers share a place."""
    weeks = question.period.weeks
    found = [r for r in records(batches) if r.week in weeks]
    unknown = sum(definitions.kind(r.subject) is None for r in found)
    held: dict[str, set[tuple[str, str]]] = {}
    for subject, record in _shared(definitions, question, found):
        held.setdefault(subject, set()).add(record.proof)
    counted = []
    for subject, which in held.items():
        branch = _branch(definitions, question, subject)
        if question.by in SPANNING or _is_among(definitions, question, branch):
            counted.append((subject, branch, counts_of(which)))
    totals = sorted((total_of(counts) for _s, _b, counts in counted), reverse=True)
    places = [
        Honoured(
            1 + totals.index(total_of(counts)) if total_of(counts) else None,
            subject,
            branch,
            counts,
            total_of(counts),
        )
        for subject, branch, counts in counted
    ]
    return HonoursRanking(
        question, tuple(sorted(places, key=lambda p: (-p.total, p.subject))), unknown
    )


def counts_of(which: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Kind: how many distinct ones, of every kind there is."""
    counter = Counter(kind for kind, _key in set(which))
    return {kind: counter[kind] for kind in RECORDS}


def total_of(counts: dict[str, int]) -> int:
    """How many honours; pledges are none."""
    return sum(counts[kind] for kind in HONOURS)


def of_subject(definitions: Definitions, found: Iterable[Record], subject: str) -> list[Record]:
    """The honours and pledges of one member, CP or branch."""
    spans = definitions.kind(subject) == "branch"
    return [
        r for r in found if r.subject == subject or (spans and _home(definitions, r) == subject)
    ]


def _home(definitions: Definitions, record: Record) -> str | None:
    """The branch that an honour falls to."""
    return definitions.branch_of(record.subject, record.week)


def _shared(
    definitions: Definitions, question: Question, found: Iterable[Record]
) -> Iterator[tuple[str, Record]]:
    """Each subject of the kind asked for, with each honour that falls to it."""
    by = question.by
    if by in ("member", "cp"):
        yield from ((r.subject, r) for r in found if definitions.kind(r.subject) == by)
    elif by == "branch":
        for record in found:
            home = _home(definitions, record)
            if home:
                yield home, record
    else:
        found = list(found)
        among = [b.id for b in definitions.branches if question.includes(b)]
        belongs: dict[tuple[str, str], list[str]] = {}
        weeks = sorted({r.week for r in found})
        for week, subject, _b, member in rollup_members(definitions, by, weeks, among):
            belongs.setdefault((week, member), []).append(subject)
        for record in found:
            for subject in belongs.get((record.week, record.subject), ()):
                yield subject, record


def _branch(definitions: Definitions, question: Question, subject: str) -> str | None:
    """The branch of a subject's last active week in the period, as rankings have it."""
    if question.by in SPANNING:
        return None
    weeks = list(reversed(question.period.weeks))
    if question.by == "group":  # it may have moved from branch to branch
        found = rollup_members(definitions, "group", weeks)
        return next((branch for _week, group, branch, _m in found if group == subject), None)
    homes = (definitions.branch_of(subject, week) for week in weeks)
    return next((home for home in homes if home), None)


def _is_among(definitions: Definitions, question: Question, branch: str | None) -> bool:
    if branch is None:
        return not question.narrowed
    found = definitions.branch(branch)
    return found is not None and question.includes(found)

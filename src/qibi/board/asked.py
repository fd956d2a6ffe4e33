"""A week of a book that boards, slips and minutes are made for: what they need is reckoned once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from qibi.base import weeks
from qibi.book.definitions import Definitions
from qibi.ledger.remedies import Life, batches_with_remedies, lives, recent_weeks
from qibi.ledger.seals import SealFile, seal_of
from qibi.scoring.account import Behind, Material, material
from qibi.scoring.lists import Lists, lists_from
from qibi.scoring.policies import policies
from qibi.scoring.ranking import Ranking, Standing


@dataclass(frozen=True)
class Asked:
    """A book and a week of it. `said` are the ways in which commands speak of how far a week is."""

    root: Path
    definitions: Definitions
    week: str
    today: date
    cache: Path | None
    closure: Callable[[Ranking], str]
    handed_in: Callable[[Ranking], str]
    pending: Callable[[Ranking], list[str]]
    _behind: dict[str, Behind] = field(default_factory=dict, compare=False, repr=False)
    _places: dict[str, "Places"] = field(default_factory=dict, compare=False, repr=False)

    def behind(self, by: str) -> Behind:
        """The ranking of a kind with what is behind it; raises `Faults` where the ledger is damaged."""
        if by not in self._behind:
            self._behind[by] = self._material.behind(by)
        return self._behind[by]

    def places(self, by: str) -> "Places":
        """The standings of a kind, to look one up."""
        if by not in self._places:
            self._places[by] = Places(self.behind(by).ranking.standings)
        return self._places[by]

    @cached_property
    def lists(self) -> list[Lists]:
        """The lists of each kind that the week's policy names."""
        named = policies(self.root, self.definitions, weeks.single(self.week))
        return [lists_from(self.behind(kind), policy) for kind, policy in named.items()]

    @cached_property
    def remedies(self) -> dict[str, Life]:
        """Those of this week and of those before it; what is due first comes first."""
        wanted = sorted({*recent_weeks(self.root, self.week), self.week})
        found = lives(batches_with_remedies(self.root, wanted, self.cache))
        return dict(sorted(found.items(), key=lambda pair: (pair[1].due or weeks.END, pair[0])))

    @cached_property
    def seal(self) -> SealFile | None:
        """The latest seal of the week."""
        return seal_of(self.root, self.week)

    @cached_property
    def _material(self) -> Material:
        return material(self.root, self.definitions, weeks.single(self.week), self.cache)


class Places:
    """Standings by subject, and places within a branch."""

    def __init__(self, standings: tuple[Standing, ...]) -> None:
        self.by_subject = {s.subject: s for s in standings}
        self._totals: dict[str | None, list[int]] = {}
        for standing in standings:
            self._totals.setdefault(standing.branch, []).append(standing.total)
        self._first: dict[tuple[str | None, int], int] = {}
        for branch, totals in self._totals.items():
            above = 0
            for total, count in sorted(Counter(totals).items(), reverse=True):
                self._first[branch, total] = above + 1
                above += count

    def within(self, standing: Standing) -> tuple[int, int]:
        """The rank of someone among those of their branch, and how many these are."""
        return (
            self._first[standing.branch, standing.total],
            len(self._totals[standing.branch]),
        )

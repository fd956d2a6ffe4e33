"""A ranking of a department or section is the oracle's among the subjects of its branches."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import books
import oracle
from property.test_rules import TODAY, as_the_oracle_says_it
from qibi.base import weeks
from qibi.book.load import load
from qibi.scoring.ranking import rank

PLACES = ["北线", "南线"]


@dataclass(frozen=True)
class AnyOf:
    """Equal to each of some branches: what the oracle compares a subject's branch with."""

    branches: frozenset[str]

    def __eq__(self, other: object) -> bool:
        return other in self.branches

    def __hash__(self) -> int:
        return 0


@settings(
    max_examples=books.MANY // 6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(books.cases(), st.data())
def test_a_filter_ranks_among_the_subjects_of_its_branches(
    case: books.Case, data: st.DataObject
) -> None:
    if case.by in ("unit", "post"):
        return  # they are of no one branch: see tests/unit/test_rank_filters.py
    for branch in case.book.branches:
        for name in ("department", "section"):
            place = data.draw(st.sampled_from(["", *PLACES]), name)
            if place:
                branch[name] = place
    filters = {
        "department": data.draw(st.sampled_from([None, *PLACES]), "department"),
        "section": data.draw(st.sampled_from([None, *PLACES]), "section"),
    }
    meant = frozenset(
        branch["id"]
        for branch in case.book.branches
        if all(place in (None, branch.get(name, "")) for name, place in filters.items())
        and case.branch in (None, branch["id"])
    )
    unfiltered = case.branch is None and not any(filters.values())
    among = None if unfiltered else AnyOf(meant)
    asked = {"by": case.by, "criterion": case.criterion}
    expected = oracle.rank(case.book, case.period, branch=among, **asked)  # type: ignore[arg-type]  # see AnyOf
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        books.write(case.book, root)
        found = weeks.parse_period(case.period, TODAY)
        assert found is not None
        got = rank(root, load(root), found, branch=case.branch, **asked, **filters)
    assert as_the_oracle_says_it(got) == expected

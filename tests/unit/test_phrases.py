"""What a ranking says of the branches that are not in: short, however many they are."""

from datetime import date

import pytest

from qibi.base.weeks import Period, parse_period, single
from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.cli import phrases
from qibi.scoring.facts import Question
from qibi.scoring.ranking import Ranking
from transcripts.harness import BOOKS

ALL = [f"outer-{number}" for number in range(1, 9)]
MONTH = parse_period("2026-11", date(2026, 11, 24))


@pytest.fixture(scope="module")
def book() -> Definitions:
    return load(BOOKS["example"])


def said(book: Definitions, period: Period | None, missing: list[tuple[str, str]]) -> str:
    assert period
    question = Question(period, by="member")
    ranking = Ranking(question, None, (), (), tuple(missing), 20, {})
    return phrases.handed_in(ranking, book).partition("missing ")[2]


def test_three_are_named(book: Definitions) -> None:
    text = said(book, single("2026-W47"), [("2026-W47", key) for key in ALL[:3]])
    assert text.count("Outer section") == 3
    assert "see:" not in text


def test_of_more_in_a_week_the_first_are_named(book: Definitions) -> None:
    text = said(book, single("2026-W47"), [("2026-W47", key) for key in ALL])
    assert text.count("Outer section") == 3
    assert text.endswith(" and 5 more  see: qibi status --week 2026-W47")


def test_more_over_weeks_are_counted_by_week(book: Definitions) -> None:
    missing = [(week, key) for week in ("2026-W46", "2026-W47") for key in ALL]
    assert said(book, MONTH, missing[5:]) == (
        "3 in 2026-W46, 8 in 2026-W47  see: qibi status --week 2026-W46"
    )


def test_or_by_branch_where_that_is_shorter(book: Definitions) -> None:
    missing = [(f"2026-W{week}", "outer-1") for week in range(44, 49)]
    assert said(book, MONTH, missing) == (
        "Outer section 1 temporary branch in 5 weeks  see: qibi status --week 2026-W44"
    )


def test_very_many_weeks_are_counted_too(book: Definitions) -> None:
    missing = [(f"2026-W{week}", key) for week in range(40, 48) for key in ALL]
    assert said(book, MONTH, missing) == (
        "8 in 2026-W40, 8 in 2026-W41, 8 in 2026-W42, 5 more weeks"
        "  see: qibi status --week 2026-W40"
    )

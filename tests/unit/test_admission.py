"""What may be recorded: a wish comes to entries, or to every problem there is with it."""

from typing import Any

import pytest

from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.book.lookup import NotFound
from qibi.ledger.admission import DraftEntry, Stamp, admit, draft_entry, parse_day, recorder
from qibi.ledger.entries import Exempt, Score
from transcripts.harness import BOOKS

WEEK = "2026-W46"


@pytest.fixture(scope="module")
def book() -> Definitions:
    return load(BOOKS["small"])


def stamp(who: str = "e-ann", week: str = WEEK, branch: str = "east") -> Stamp:
    return Stamp(week, branch, who, "2026-11-16T09:00:00+08:00")


def admitted(book: Definitions, wish: DraftEntry, by: Stamp | None = None) -> list[Score | Exempt]:
    entries, problems = admit(book, by or stamp(), wish)
    assert not problems
    return entries


def problems(book: Definitions, wish: DraftEntry, by: Stamp | None = None) -> list[str]:
    """The fields that something is wrong with."""
    entries, found = admit(book, by or stamp(), wish)
    assert not entries and found
    return [field for field, _message in found]


@pytest.mark.parametrize(
    ("item", "points", "count", "recorded"),
    [
        ("first-pass", "", "", (2, 1)),
        ("quality.first-pass", "2", "1", (2, 1)),
        ("First pass", "+2", "", (2, 1)),
        ("first　pass", "２", "", (2, 1)),
        ("quality.notice", "", "2", (-2, 2)),
        ("quality.notice", "-2", "", (-2, 2)),
        ("quality.notice", "-2", "2次", (-2, 2)),
        ("quality.notice", "-1分", "1.0", (-1, 1)),
        ("step-late", "", "2天", (-2, 2)),
        ("ignored", "-1.25", "", (-1.25, 1)),
        ("award", "2", "", (2, 1)),
        ("study", "0", "", (0, 1)),
        ("study", "13.5", "", (13.5, 1)),
        ("Study", "14", "1", (14, 1)),
    ],
)
def test_points_and_counts(
    book: Definitions, item: str, points: str, count: str, recorded: tuple[float, int]
) -> None:
    (entry,) = admitted(book, DraftEntry("e-bob", item, points, count))
    assert isinstance(entry, Score)
    assert (entry.points, entry.count) == recorded


@pytest.mark.parametrize(
    ("item", "points", "count", "field"),
    [
        ("first-pass", "1", "", "points"),
        ("first-pass", "-2", "", "points"),
        ("first-pass", "4", "2", "count"),
        ("quality.notice", "1", "", "points"),
        ("quality.notice", "0", "", "points"),
        ("quality.notice", "-1.5", "", "points"),
        ("quality.notice", "-2", "3", "points"),
        ("quality.notice", "", "-1", "count"),
        ("quality.notice", "", "1.5", "count"),
        ("quality.notice", "", "99999", "count"),
        ("ignored", "", "", "points"),
        ("ignored", "-3", "", "points"),
        ("ignored", "-1.005", "", "points"),
        ("award", "", "", "points"),
        ("award", "3", "", "points"),
        ("award", "ten", "", "points"),
        ("award", "1e999999999", "", "points"),
        ("award", "nan", "", "points"),
        ("study", "", "", "points"),
        ("study", "14.01", "", "points"),
        ("study", "+5", "", "points"),
        ("study", "10", "2", "count"),
    ],
)
def test_points_and_counts_that_do_not_fit(
    book: Definitions, item: str, points: str, count: str, field: str
) -> None:
    assert field in problems(book, DraftEntry("e-bob", item, points, count, approved_by="w-hal"))


def test_a_cell_of_a_grid_stands_for_so_many_entries(book: Definitions) -> None:
    found = admitted(book, DraftEntry("e-bob", "first-pass", count="2", several=True))
    assert len(found) == 2 and found[0] == found[1]
    (one,) = admitted(book, DraftEntry("e-bob", "quality.notice", count="2", several=True))
    assert isinstance(one, Score) and one.count == 2


@pytest.mark.parametrize("word", ["请假", "leave", "On Leave", "EXEMPT", "免考", " 请假 "])
def test_leave(book: Definitions, word: str) -> None:
    (entry,) = admitted(book, DraftEntry("e-bob", word, note="training"))
    assert isinstance(entry, Exempt) and entry.note == "training"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (DraftEntry("", "first-pass"), "subject"),
        (DraftEntry("Nora", "first-pass"), "subject"),
        (DraftEntry("w-hal", "first-pass"), "subject"),  # of another branch
        (DraftEntry("e-eve", "first-pass"), "subject"),  # gone since W46
        (DraftEntry("Bob", "first-pass"), "subject"),  # part of a name, in a sheet
        (DraftEntry("e-bob", ""), "item"),
        (DraftEntry("e-bob", "fisrt-pass"), "item"),
        (DraftEntry("e-bob", "safety"), "item"),
        (DraftEntry("e-bob", "first"), "item"),  # part of a name, in a sheet
        (DraftEntry("e-bob", "meeting-missed", count="1"), "item"),  # of branches only
        (DraftEntry("east", "first-pass"), "item"),  # of members and CPs only
        (DraftEntry("e-bob", "hazard-closed"), "evidence"),
        (DraftEntry("e-bob", "hazard-closed", evidence=" ; "), "evidence"),
        (DraftEntry("e-bob", "first-pass", date="soon"), "date"),
        (DraftEntry("e-bob", "first-pass", date="2026-11-16"), "date"),  # after the week
        (DraftEntry("e-bob", "first-pass", date="2026-02-30"), "date"),
        (DraftEntry("e-bob", "first-pass", note="x" * 501), "note"),
        (DraftEntry("e-bob", "first-pass", scored_by="nobody"), "scored_by"),
        (DraftEntry("e-bob", "first-pass", approved_by="supervisor"), "approved_by"),  # no person
        (DraftEntry("e-ann", "first-pass"), "approved_by"),  # of oneself
        (DraftEntry("e-ann", "first-pass", approved_by="e-ann"), "approved_by"),
        (DraftEntry("e-bob", "first-pass", scored_by="e-bob"), "approved_by"),
        (DraftEntry("e-bob", "award", "4"), "approved_by"),
        (DraftEntry("e-bob", "award", "4", approved_by="e-bob"), "approved_by"),
        (DraftEntry("e-bob", "award", "4", approved_by="e-ann"), "approved_by"),  # who judged
        (DraftEntry("e-bob", "quality.notice", count="3"), "approved_by"),
    ],
)
def test_what_is_refused(book: Definitions, wish: DraftEntry, field: str) -> None:
    assert problems(book, wish) == [field]


def test_all_problems_are_named_at_once(book: Definitions) -> None:
    wish = DraftEntry("Nora", "award", "5", "x", "soon", "n" * 501, "", "nobody", "none")
    found = problems(book, wish)
    assert sorted(found) == sorted(
        ["subject", "count", "points", "date", "scored_by", "approved_by", "note"]
    )


@pytest.mark.parametrize(
    "wish",
    [
        DraftEntry("e-bob", "award", "4", approved_by="w-hal"),
        DraftEntry("e-bob", "award", "4", scored_by="supervisor", approved_by="e-ann"),
        DraftEntry("e-ann", "first-pass", approved_by="e-bob"),
        DraftEntry("e-ann", "first-pass", scored_by="supervisor"),
        DraftEntry("e-bob", "award", "2"),
        DraftEntry("e-bob", "study", "14"),  # a direct score needs no second person
        DraftEntry("Dan Li", "first-pass"),  # of two, the one in this branch
        DraftEntry("east-cp", "stop-work", approved_by="w-hal"),
        DraftEntry("east", "meeting-missed", count="1"),
        DraftEntry("e-bob", "first-pass", date="2026-11-09"),
        DraftEntry("e-bob", "first-pass", date="2026-10-01"),  # found out later
    ],
)
def test_what_is_taken(book: Definitions, wish: DraftEntry) -> None:
    assert len(admitted(book, wish)) == 1


def test_part_of_a_name_will_do_on_the_command_line(book: Definitions) -> None:
    wish = draft_entry({"subject": "bob", "item": "first"})
    (entry,) = admitted(book, wish)
    assert isinstance(entry, Score)
    assert (entry.subject, entry.item) == ("e-bob", "quality.first-pass")


def test_evidence_is_a_list(book: Definitions) -> None:
    wish = DraftEntry("e-bob", "hazard-closed", evidence="photo 1; 照片2；notice 3\nphoto 4;")
    (entry,) = admitted(book, wish)
    assert isinstance(entry, Score)
    assert entry.evidence == ("photo 1", "照片2", "notice 3", "photo 4")


def test_before_the_first_scheme_nothing_can_be_recorded(book: Definitions) -> None:
    assert problems(book, DraftEntry("e-bob", "first-pass"), stamp(week="2026-W39")) == ["item"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-09", "2026-11-09"),
        ("2026/11/9", "2026-11-09"),
        ("2026年11月9日", "2026-11-09"),
        ("2026.11.09", "2026-11-09"),
        ("２０２６－１１－０９", "2026-11-09"),
        ("2026-11-09 00:00:00", "2026-11-09"),
        ("2026-11-31", None),
        ("9/11/2026", None),
        ("", None),
        ("soon", None),
    ],
)
def test_days_as_people_write_them(text: str, day: str | None) -> None:
    found = parse_day(text)
    assert (found.isoformat() if found else None) == day


@pytest.mark.parametrize(
    ("text", "week", "day"),
    [
        ("11-09", WEEK, "2026-11-09"),
        ("12月31日", "2027-W01", "2026-12-31"),
        ("1/4", "2026-W53", ""),
    ],
)
def test_a_day_without_its_year_is_the_one_nearest_to_the_week(
    book: Definitions, text: str, week: str, day: str
) -> None:
    entries, found = admit(book, stamp(week=week), DraftEntry("e-bob", "first-pass", date=text))
    if day:
        assert isinstance(entries[0], Score) and entries[0].date == day
    else:  # the fourth of January is after 2026-W53, which ends on the third
        assert found[0][0] == "date"


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("e-ann", "e-ann"),
        ("Ann Berg", "e-ann"),
        ("ann  berg", "e-ann"),
        ("supervisor", "supervisor"),
    ],
)
def test_who_records(book: Definitions, text: str, who: str) -> None:
    assert recorder(book, text) == who


@pytest.mark.parametrize("text", ["Ann", "Dan Li", "east", "east-cp", "Supervisor B", ""])
def test_who_cannot_record(book: Definitions, text: str) -> None:
    with pytest.raises(NotFound):
        recorder(book, text)


def test_fields_of_the_stamp_go_into_every_entry(book: Definitions) -> None:
    by: Any = Stamp(WEEK, "east", "e-ann", "2026-11-16T09:00:00Z", "0" * 16)
    for wish in (DraftEntry("e-bob", "first-pass"), DraftEntry("e-bob", "leave")):
        (entry,) = admitted(book, wish, by)
        assert (entry.week, entry.branch, entry.recorded_by, entry.recorded_at, entry.source) == (
            WEEK,
            "east",
            "e-ann",
            "2026-11-16T09:00:00Z",
            "0" * 16,
        )

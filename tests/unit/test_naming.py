"""Finding members' names in what people wrote."""

import unicodedata

import pytest

from qibi.book.load import load
from qibi.book.lookup import Namer, book_words, members_names
from transcripts.harness import BOOKS

NAMES = {
    "张伟": ["a"],
    "张伟明": ["b"],
    "Ann": ["c"],
    "Ann Berg": ["d"],
    "José": ["e"],
    "高兴": ["f", "g"],
    "焊工": ["h"],
    "王": ["short"],
    "12": ["number"],
    "O'Neil-Ó": ["i"],
}
NAMER = Namer(NAMES, ["高兴家园", "焊工", "水", ""])


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("协助张伟完成", ["a"]),
        ("协助张伟明完成", ["b"]),
        ("张伟张伟明", ["a", "b"]),
        ("Ann", ["c"]),
        ("with Ann.", ["c"]),
        ("Ann在场", ["c"]),
        ("在场的是Ann", ["c"]),
        ("Annual; Joann; Ann1; XAnn", []),
        ("Ann Berg", ["d"]),
        ("Ann Bergman", ["c"]),
        (unicodedata.normalize("NFD", "José"), ["e"]),
        ("高兴家园", []),
        ("在高兴家园遇到高兴", ["f", "g"]),
        ("焊工", []),
        ("王 12 水", []),
        ("by O'Neil-Ó.", ["i"]),
        ("", []),
        ("张", []),
    ],
)
def test_whose_names_stand_in_a_text(text: str, whose: list[str]) -> None:
    assert list(NAMER.ids_named(text)) == whose


def test_without_names_nothing_is_found() -> None:
    assert not Namer({}) and Namer({}).ids_named("张伟 Ann") == ()


def test_the_names_of_a_book_are_those_of_its_members() -> None:
    definitions = load(BOOKS["small"])
    names = members_names(definitions)
    assert names["Ann Berg"] == ("e-ann",)
    assert names["Lee Sun"] == ("w-lee-1", "w-lee-2")
    assert "East CP" not in names and {"East CP", "East section", "Group 1"} <= book_words(
        definitions
    )
    example = load(BOOKS["example"])
    assert members_names(example)["重名例"] == ("i8-005", "o3-005")

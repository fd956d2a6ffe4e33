"""Where a value stands is found without reading the whole file, and is the same as if it were read whole."""

import random

import pytest

from qibi.book import yaml
from qibi.book.yaml import Document, _Builder, parse

TEXT = (
    "id: east\nname: {zh: 东, en: East}\nempty:\nmembers:\n"
    + "".join(
        f"  - {{id: m{n}, unit: u{n % 3}}}\n"
        if n % 2
        else f"  - id: m{n}\n    posts:\n      - a\n      -\n"
        for n in range(300)
    )
    + "last:\n"
)


def document() -> Document:
    found = parse("a.yaml", TEXT.encode())
    assert isinstance(found, Document)
    return found


def everywhere() -> dict[yaml.Loc, yaml.Place]:
    places: dict[yaml.Loc, yaml.Place] = {}
    _Builder(TEXT, places).build()
    return places


@pytest.mark.parametrize("seed", range(8))
def test_in_whatever_order_it_is_asked(seed: int) -> None:
    places = everywhere()
    asked = random.Random(seed).sample(sorted(places, key=str), 60)
    found = document()
    assert [found.place(loc) for loc in asked] == [places[loc] for loc in asked]


def test_what_is_not_there_stands_where_the_nearest_thing_around_it_does() -> None:
    places, found = everywhere(), document()
    assert found.place(("members", 4, "id")) == places["members", 4, "id"]
    assert found.place(("members", 4, "unit")) == places["members", 4]
    assert found.place(("members", 400, "unit")) == places["members",]
    assert found.place(("nothing",)) == places[()]
    assert found.place(()) == places[()]


def test_an_empty_value_stands_at_its_key() -> None:
    places = everywhere()
    for loc in (("empty",), ("last",), ("members", 0, "posts", 1)):
        assert document().place(loc) == places[loc]


def test_the_end_of_a_file_is_not_read_for_a_mistake_at_its_beginning() -> None:
    found = document()
    found.place(("members", 3, "id"))
    assert not found._whole
    assert len(found._places) < 50
    found.place(("members", 299, "id"))
    assert len(found._places) > 900

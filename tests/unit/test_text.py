"""Text from people: safe to show, equal to compare, as wide as a terminal shows it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qibi.base.text import closest, folded, narrowed, visible, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("党员一 (o1-001)", "党员一 (o1-001)"),
        ("a\x1b[31mb", "a<U+001B>[31mb"),
        ("a\nb\tc\x00", "a<U+000A>b<U+0009>c<U+0000>"),
        ("\u202eabc\u2066", "<U+202E>abc<U+2066>"),
        ("zero\u200bwidth\ufeff", "zero<U+200B>width<U+FEFF>"),
        ("\u2028", "<U+2028>"),
        ("\ud800", "<U+D800>"),
        ("[/red]", "[/red]"),
        ("full\u3000width", "full\u3000width"),
    ],
)
def test_nothing_hidden_stays_hidden(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_what_is_shown_has_no_control_characters(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann Berg", "ann  BERG"), ("党员一", " 党 员 一 "), ("Ａｎｎ", "ann"), ("ﬁx", "FIX")],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_narrowed() -> None:
    assert narrowed(" １２．５ ") == "12.5"
    assert narrowed("ｘ２") == "x2"


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("abc", 3), ("党员", 4), ("ａ", 2), ("e\u0301", 1), ("a党", 3)]
)
def test_width_in_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("word", "found"),
    [("onwer", "owner"), ("OWNER", "owner"), ("bilder", "builder"), ("x", None), ("", None)],
)
def test_what_was_probably_meant(word: str, found: str | None) -> None:
    assert closest(word, ["owner", "builder", "designer"]) == found

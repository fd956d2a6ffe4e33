"""Reading YAML that strangers wrote: plain data, or one finding; nothing takes effect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qibi.base.findings import Finding
from qibi.book.yaml import MAX_DEPTH, Document, parse


def data(text: str) -> object:
    found = parse("a.yaml", text.encode())
    assert isinstance(found, Document), found
    return found.data


def said(raw: bytes) -> str:
    found = parse("a.yaml", raw)
    assert isinstance(found, Finding), found
    return str(found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-5", -5),
        ("+2", 2),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        # what YAML 1.1 would have made something else
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("010", 10),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-09-18", "2026-09-18"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("=", "="),
        ("2026-W41", "2026-W41"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("1" * 40, "1" * 40),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert data(f"a: {text}\n") == {"a": value}


def test_plain_structures() -> None:
    text = "﻿# comment\nid: east\nmembers:\n  - {id: a, posts: [x, y]}\n  - id: b\n    name: |\n      two\n      lines\n"
    assert data(text) == {
        "id": "east",
        "members": [{"id": "a", "posts": ["x", "y"]}, {"id": "b", "name": "two\nlines\n"}],
    }
    assert data("") is None
    assert data("# only a comment\n") is None


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a: &x 1\n", "a.yaml:1:4: an anchor"),
        (b"&x a: 1\n", "a.yaml:1:1: an anchor"),
        (b"a: *x\n", "a.yaml:1:4: an alias"),
        (b"<<: {a: 1}\n", "a.yaml:1:1: a merge key"),
        (b"a: !!str 1\n", "a.yaml:1:4: a tag"),
        (b"a: !x {}\n", "a.yaml:1:4: a tag"),
        (b"%YAML 1.2\n---\na: 1\n", "a.yaml:1:1: a directive"),
        (b"%TAG ! tag:x,2026:\n---\na: 1\n", "a.yaml:1:1: a directive"),
        (b"a: 1\na: 2\n", "a.yaml:2:1: duplicate key 'a'"),
        (b"{a: 1, 'a': 2}\n", "a.yaml:1:8: duplicate key 'a'"),
        (b"a: 1\n---\nb: 2\n", "a.yaml:2:1: a second document"),
        (b"[a]: 1\n", "a.yaml:1:1: "),
        (b"? {a: 1}\n: 2\n", "a.yaml:1:3: "),
        (b"a: [1\n", "a.yaml:2:1: not valid YAML"),
        (b"a:\tb: c\n", "a.yaml:1:"),
        (b"a: 1\n b: 2\n", "a.yaml:2:"),
        (b"a: \xff\n", "a.yaml:1: not UTF-8"),
        (b"a: 1\nb: \xe9\n", "a.yaml:2: not UTF-8"),
        (b"a: 1\nb: \x00\n", "a.yaml:2: a NUL character"),
        (b"a: \x1b[31m\n", "a.yaml:1:"),
        (b"a: " + b"[" * 100_000, "nested deeper"),
        (b"# " + b"x" * 9_000_000, "a.yaml: the file is larger than 8 MB"),
    ],
)
def test_what_is_refused(raw: bytes, message: str) -> None:
    assert message in said(raw)


def test_depth_is_bounded_and_not_off_by_much() -> None:
    assert data("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    assert "nested deeper" in said(b"a: " + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_places_are_those_of_the_values() -> None:
    found = parse("a.yaml", b"id: east\nmembers:\n  - {id: a, unit: onwer}\n  - id: b\n")
    assert isinstance(found, Document)
    assert found.place(("members", 0, "unit")) == (3, 19)
    assert found.place(("members", 1, "id")) == (4, 9)
    assert found.place(("members", 1, "no", "such")) == (4, 5)
    assert found.place(("nothing",)) == (1, 1)
    finding = found.finding(("members", 0, "unit"), "unknown unit")
    assert str(finding) == "a.yaml:3:19: unknown unit"
    assert finding.shown == "  - {id: a, unit: onwer}"


@given(st.binary(max_size=200))
def test_no_bytes_break_it(raw: bytes) -> None:
    assert isinstance(parse("a.yaml", raw), Document | Finding)


@given(st.text(alphabet="ab:-[]{}&*!|>%?,'\"# \n\t0", max_size=80))
def test_no_yaml_breaks_it(text: str) -> None:
    assert isinstance(parse("a.yaml", text.encode()), Document | Finding)

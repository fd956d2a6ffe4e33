"""Edits of YAML files: the lines that are meant change, every other byte stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qibi.base.findings import Faults, Refusal
from qibi.book.edit import Page, page_text, validated
from qibi.book.links import Source
from qibi.book.yaml import Document, parse

FLOW = """\
# yaml-language-server: $schema=../schemas/branch.schema.json
id: east   # 甲
name: {zh: 东, en: East}

since: 2026-W01
members:   # who is here
  # the first
  - {id: e-1, name: 甲😀, posts: [a,b]}   # since ever
  - {id: e-2,
     name: "乙, 丙", # two lines
     since: 2026-W02, }
  # after the last

cps:
- {id: east-cp, members: {a: e-1, b: e-2}}
# the end
"""
BLOCK = """\
id: east
members:
-   id: e-1
    name: 甲
    posts:
      - a
      - b   # both

-   id: e-2
    attached_to:
      - |
        long

    # what follows
groups: []
cps:
"""
ROW = {"id": "e-3", "name": "丁", "posts": ["a", "b"], "since": "2026-W41"}


def page(text: str) -> Page:
    return Page(Source("branches/east.yaml", text.encode()))


def added(old: str, new: bytes) -> list[str]:
    """The lines that are new; fails where a line of the old text is gone or changed."""
    before, after = old.splitlines(keepends=True), new.decode().splitlines(keepends=True)
    found = []
    for line in after:
        if before and line == before[0]:
            before.pop(0)
        else:
            found.append(line)
    assert not before, before
    return found


def changed(old: str, new: bytes) -> list[tuple[str, str]]:
    before, after = old.splitlines(keepends=True), new.decode().splitlines(keepends=True)
    assert len(before) == len(after)
    return [(a, b) for a, b in zip(before, after, strict=True) if a != b]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_row_is_one_new_line(newline: str) -> None:
    text = FLOW.replace("\n", newline)
    edited = page(text)
    edited.append("members", ROW)
    row = "  - {id: e-3, name: 丁, posts: [a, b], since: 2026-W41}" + newline
    assert added(text, edited.raw) == [row]
    after = edited.raw.decode().partition("since: 2026-W02, }" + newline)[2]
    assert after.startswith(row)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_block_row_is_written_as_the_rows_before(newline: str) -> None:
    text = BLOCK.replace("\n", newline)
    edited = page(text)
    edited.append("members", ROW)
    lines = ["-   id: e-3", "    name: 丁", "    posts: [a, b]", "    since: 2026-W41"]
    assert added(text, edited.raw) == [line + newline for line in lines]


def test_lists_that_are_empty_or_missing() -> None:
    edited = page(BLOCK)
    edited.append("groups", {"id": "g1"})
    assert changed(BLOCK, edited.raw) == [("groups: []\n", "groups: [{id: g1}]\n")]
    edited = page(BLOCK)
    edited.append("cps", {"id": "c1"})
    assert added(BLOCK, edited.raw) == ["  - {id: c1}\n"]
    edited = page(FLOW)
    edited.append("groups", {"id": "g1"})
    assert added(FLOW, edited.raw) == ["groups:\n", "  - {id: g1}\n"]


def test_the_last_line_may_lack_its_line_feed() -> None:
    text = "id: east\nmembers:\n  - {id: e-1}"
    edited = page(text)
    edited.append("members", {"id": "e-2"})
    assert edited.raw.decode() == text + "\n  - {id: e-2}"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_field_changes_one_line(newline: str) -> None:
    text = FLOW.replace("\n", newline)
    edited = page(text)
    edited.put(("members", 0), "until", "2026-W42")
    ((_old, new),) = changed(text, edited.raw)
    assert new == (
        "  - {id: e-1, name: 甲😀, posts: [a,b], until: 2026-W42}   # since ever" + newline
    )
    edited = page(text)
    edited.put(("members", 1), "until", "2026-W42")
    assert [b for _a, b in changed(text, edited.raw)] == [
        "     since: 2026-W02, until: 2026-W42, }" + newline
    ]
    edited.put(("members", 1), "until", "2026-W50")
    assert [b for _a, b in changed(text, edited.raw)] == [
        "     since: 2026-W02, until: 2026-W50, }" + newline
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_field_of_a_block_row_is_a_line(newline: str) -> None:
    text = BLOCK.replace("\n", newline)
    edited = page(text)
    edited.put(("members", 0), "until", "2026-W42")
    assert added(text, edited.raw) == ["    until: 2026-W42" + newline]
    edited = page(text)
    edited.put(("members", 1), "until", "2026-W42")
    assert added(text, edited.raw) == ["    until: 2026-W42" + newline]


def test_a_field_of_the_file_stands_among_its_like() -> None:
    edited = page(FLOW)
    edited.put((), "until", "2026-W50", ("id", "name", "since"))
    assert added(FLOW, edited.raw) == ["until: 2026-W50\n"]
    assert b"since: 2026-W01\nuntil: 2026-W50\nmembers:" in edited.raw


def test_a_mark_at_the_head_stays() -> None:
    edited = Page(Source("branches/east.yaml", b"\xef\xbb\xbfid: east\n"))
    edited.put((), "until", "2026-W50")
    assert edited.raw == b"\xef\xbb\xbfid: east\nuntil: 2026-W50\n"


def test_json_stays_json() -> None:
    data = {"id": "east", "members": [{"id": "e-1"}, {"id": "e-2"}], "cps": []}
    for indent in (None, 2):
        edited = page(json.dumps(data, indent=indent))
        edited.append("members", ROW)
        edited.put(("members", 0), "until", "2026-W42")
        edited.append("groups", {"id": "g"})
        edited.put((), "until", "2026-W50", ("id",))
        found = json.loads(edited.raw)
        assert found["members"] == [{"id": "e-1", "until": "2026-W42"}, {"id": "e-2"}, ROW]
        assert (found["groups"], found["until"]) == ([{"id": "g"}], "2026-W50")


def test_what_can_t_be_edited_is_refused_and_kept() -> None:
    edited = page("id: east\nmembers: null\n")
    with pytest.raises(Refusal, match="can't edit"):
        edited.append("members", ROW)
    with pytest.raises(Faults):
        page("id: [\n")


@given(st.text(min_size=1, max_size=20))
def test_any_text_reads_back(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode() or "x"
    for source in (FLOW, BLOCK):
        edited = page(source)
        edited.append("members", {"id": "e-3", "name": text})
        edited.put(("members", 0), "name", text)
        assert edited.data["members"][-1]["name"] == text == edited.data["members"][0]["name"]
    document = parse("a.yaml", page_text(["# head"], {"id": "a", "name": text}))
    assert isinstance(document, Document) and document.data["name"] == text


def test_a_result_with_findings_is_refused() -> None:
    sources = [
        Source("qibi.yaml", b"id: book\n"),
        Source(
            "scheme/2026-W01.yaml",
            b"total: {min: 0, max: 9}\ncriteria:\n"
            b"  - {id: a, applies_to: [member], base: 1, min: 0, max: 2, scoring: direct}\n",
        ),
        Source("branches/east.yaml", b"id: east\nmembers:\n  - {id: e-1}\n"),
    ]
    edited = Page(sources[-1])
    edited.append("members", {"id": "e-2", "group": "nowhere"})
    with pytest.raises(Faults, match=r"branches/east.yaml:4:.*unknown group 'nowhere'"):
        validated(sources, {edited.path: edited.raw})
    fresh = {"branches/west.yaml": b"id: west\nmembers:\n  - {id: w-1}\n"}
    assert [b.id for b in validated(sources, fresh).branches] == ["east", "west"]

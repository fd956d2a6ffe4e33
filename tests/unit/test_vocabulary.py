"""A book's words in the messages of the program: what is renamed, and what stays as it is typed."""

import pytest

from qibi.base import language
from qibi.base.language import Vocabulary, plural

TEAM = Vocabulary("en", {"branch": "team", "group": "crew", "member": "person", "cp": "pair"})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Record a branch's week.", "Record a team's week."),
        ("Branches end; branches begin", "Teams end; teams begin"),
        ("A CP's plan", "A pair's plan"),
        (
            "only a member approves, not a branch or CP",
            "only a member approves, not a team or pair",
        ),
        ("name it: --branch BRANCH, or --all", "name it: --branch TEAM, or --all"),
        ("a group of the branch", "a crew of the team"),
    ],
)
def test_words_are_renamed(ours: str, theirs: str) -> None:
    assert TEAM.of(ours) == theirs


@pytest.mark.parametrize(
    "typed",
    [
        "'qibi branch list' lists them",
        "{branch} in {week}: {groups}",
        "check since and until in branches/{id}.yaml",
        "A plan is plans/CP.yaml",
        "git branch kept",
        "\nqibi schema branch\nqibi rank --by group\n",
        "member, group, branch, cp, unit or post",
        "Board for the chat group (png)",
        "`branch`",
        "branching",
    ],
)
def test_what_is_typed_or_means_something_else_stays(typed: str) -> None:
    assert TEAM.of(typed) == typed


def test_articles_and_plurals_fit() -> None:
    said = Vocabulary("en", {"branch": "office", "cp": "duty"}).of(
        "a branch, an CP, two branches, CPs"
    )
    assert said == "an office, a duty, two offices, duties"
    assert [plural(w) for w in ("team", "box", "day", "key person")] == [
        "teams",
        "boxes",
        "days",
        "key people",
    ]


def test_usage_keeps_commands_and_renames_values() -> None:
    assert TEAM.of_placeholders("[OPTIONS] CP TASK") == "[OPTIONS] PAIR TASK"
    assert TEAM.of_placeholders("--branch BRANCH") == "--branch TEAM"
    assert TEAM.of_placeholders("branch add") == "branch add"


def test_chinese_has_no_word_of_the_party_left() -> None:
    words = {"branch": "团队", "group": "小组", "member": "成员", "cp": "搭档"}
    said = Vocabulary("zh", words).of(
        "支部、党小组、党员和项目CP（CP）；用 qibi branch list；{branch}"
    )
    assert Vocabulary("zh", words).of("\nqibi show 党员八\n") == "\nqibi show 成员八\n"
    assert said == "团队、小组、成员和搭档（搭档）；用 qibi branch list；{branch}"


def test_names_are_never_renamed() -> None:
    language.use("en")
    try:
        language.call({"branch": "team"})
        said = language._("'{text}' may be several groups").format(text="Main branch")
        assert said == "'Main branch' may be several groups"
    finally:
        language.use("en")

"""Late entries: who submitted a week after `score_by` is named; a correction never is."""

import json
from pathlib import Path

import pytest
from test_init import Run

FILES = {
    "qibi.yaml": "id: t\nlanguage: en\ncalendar: {score_by: 3d}\n",
    "scheme/2026-W01.yaml": """
total: {min: 0, max: 120}
scorers: [{id: office}]
criteria:
  - id: site
    applies_to: [member]
    base: 10
    min: 0
    max: 14
    items:
      - {id: tidy, points: 1, per: count}
      - {id: late, name: Entered late, points: -0.5, cap: -2, auto: late-entry}
""",
    "branches/north.yaml": "id: north\nmembers: [{id: ann}, {id: bea}]\n",
    "branches/south.yaml": "id: south\nmembers: [{id: cem}]\n",
}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.lstrip(), "utf-8")
    return tmp_path


def run(book: Path, *arguments: str, who: str = "ann") -> Run:
    return Run(book, *arguments, QIBI_AS=who)


def late(book: Path, week: str) -> list[tuple[str, str]]:
    found = json.loads(run(book, "log", "--week", week, "--late", "--format", "json").out)
    return [(n["kind"], n.get("subject", "")) for n in found["entries"]]


def newest(book: Path, week: str) -> str:
    found = json.loads(run(book, "log", "--week", week, "--format", "json").out)
    return next(n["id"] for n in found["entries"][::-1] if n["kind"] == "score" and not n["void"])


def assessed(book: Path, week: str, who: str = "ann") -> Run:
    return run(book, "score", "--no-events", "--branch", "north", "--week", week, who=who)


def test_a_week_handed_in_late_is_proposed_to_someone_else(book: Path) -> None:
    found = assessed(book, "W40")
    assert "qibi score -e 'ann Entered late' --week 2026-W40 --as WHO" in found.out
    assert late(book, "W40") == [("assessed", "")]
    assert "Entered late" not in assessed(book, "W40").out


def test_in_time_nothing_is_proposed(book: Path) -> None:
    assert "Entered late" not in assessed(book, "W47").out and late(book, "W47") == []


def test_nobody_is_proposed_who_is_no_member(book: Path) -> None:
    assert "Entered late" not in assessed(book, "W40", who="office").out
    assert late(book, "W40") == [("assessed", "")]


def test_status_names_it_until_it_is_recorded(book: Path) -> None:
    assessed(book, "W40")
    found = json.loads(run(book, "status", "--week", "W40", "--format", "json").out)
    assert [w["branch"] for w in found["waiting"]] == ["north"]
    scored = run(book, "score", "-e", "ann late", "--week", "W40", "--branch", "north", who="bea")
    assert scored.code == 0, scored.err
    found = json.loads(run(book, "status", "--week", "W40", "--format", "json").out)
    assert found["waiting"] == []


def test_a_correction_is_never_late(book: Path) -> None:
    sheet = book / "week.csv"
    sheet.write_text("name,item,count\nbea,tidy,1\n", "utf-8")
    handed_in = run(book, "score", "week.csv", "--week", "W40", "--branch", "north")
    assert "Entered late" in handed_in.out, handed_in.err
    before = late(book, "W40")
    assert before == [("assessed", ""), ("score", "bea")]
    sheet.write_text("name,item,count\nbea,tidy,2\n", "utf-8")
    again = ("score", "week.csv", "--week", "W40", "--branch", "north", "--update")
    changed = run(book, *again)
    assert changed.code == 0 and "Entered late" not in changed.out
    fixed = run(book, "fix", newest(book, "W40"), "--count", "3", "--reason", "three")
    assert fixed.code == 0 and "Entered late" not in fixed.out
    voided = run(book, "void", newest(book, "W40"), "--reason", "none")
    assert voided.code == 0
    assert late(book, "W40") == before


def test_an_event_added_late_is_marked_and_not_proposed(book: Path) -> None:
    assessed(book, "W40")
    added = run(book, "score", "-e", "bea tidy", "--week", "W40")
    assert added.code == 0 and "Entered late" not in added.out
    assert late(book, "W40") == [("assessed", ""), ("score", "bea")]


@pytest.mark.parametrize(
    ("secretary", "earlier", "who", "charged"),
    [
        ("", "", "ann", "ann"),  # of the branch, who records it
        ("bea", "", "ann", "bea"),
        ("bea", "ann", "cem", "bea"),
        ("", "ann", "cem", "ann"),  # who recorded the branch before
        ("", "ann", "office", "ann"),
        ("", "cem", "cem", ""),  # a clerk of another branch is never charged
        ("", "", "office", ""),
    ],
)
def test_late_is_whoever_of_the_branch_was(
    book: Path, secretary: str, earlier: str, who: str, charged: str
) -> None:
    if secretary:
        with (book / "qibi.yaml").open("a") as file:
            file.write("posts: [{id: party-secretary, name: {zh: 支部书记}}]\n")
        branch = book / "branches" / "north.yaml"
        text = branch.read_text("utf-8")
        branch.write_text(text.replace("{id: bea}", "{id: bea, posts: [party-secretary]}"))
    if earlier:
        assert assessed(book, "W39", earlier).code == 0
    found = assessed(book, "W40", who)
    assert found.code == 0, found.err
    command = f"qibi score -e '{charged} Entered late' --week 2026-W40 --as WHO"
    assert (command in found.out) == bool(charged) == ("Entered late" in found.out)
    waits = json.loads(run(book, "status", "--week", "W40", "--format", "json").out)["waiting"]
    assert [w["command"] for w in waits] == ([command] if charged else [])


def test_what_was_proposed_is_no_possible_double(book: Path) -> None:
    """Of an earlier time, when whoever recorded several branches was charged for each."""
    for branch, who in (("north", "bea"), ("south", "cem")):
        run(book, "score", "--no-events", "--branch", branch, "--week", "W40")
        scored = run(book, "score", "-e", "ann late", "--week", "W40", who=who)
        assert scored.code == 0, scored.err
        found = json.loads(run(book, "status", "--week", "W40", "--format", "json").out)
        assert found["doubles"] == []
    run(book, "score", "-e", "ann late", "--week", "W40", who="office")
    found = json.loads(run(book, "status", "--week", "W40", "--format", "json").out)
    assert len(found["doubles"]) == 1

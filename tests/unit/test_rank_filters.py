"""Departments and sections as filters; whom `show` names; `why` without points of one's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_init import Run
from test_member import book as book

from qibi.book import lookup
from qibi.book.load import load


@pytest.fixture
def works(book: Path) -> Path:
    """East and West are scored; each has a department and a section, West has a builder too."""
    for name, department, section in (
        ("east", "Heating department", "North line"),
        ("west", "Water department", "South line"),
    ):
        path = book / f"branches/{name}.yaml"
        path.write_text(f"{path.read_text()}department: {department}\nsection: {section}\n")
    path = book / "branches/west.yaml"
    text = path.read_text()
    path.write_text(
        text.replace("  name: Wil\n", "  name: Wil\n  unit: builder\n  status: staff\n")
    )
    scheme = book / "scheme/2026-W01.yaml"
    scheme.write_text(f"{scheme.read_text()}eligible: [full, staff]\n")
    for branch in ("east", "west"):
        place = ("--week", "W46", "--branch", branch, "--as", "e-03")
        assert Run(book, "score", *place, "--no-events").code == 0
    for wish in ("Wil good x4", "Ann good x2", "Bob good x1"):
        assert Run(book, "score", "-e", wish, "--week", "W46", "--as", "e-03").code == 0
    return book


def places(root: Path, *options: str) -> dict[str, tuple[int, float]]:
    run = Run(root, "rank", "--week", "W46", *options, "--format", "json")
    assert run.code == 0, run.err
    return {s["subject"]: (s["rank"], s["total"]) for s in json.loads(run.out)["standings"]}


def test_a_department_or_section_is_ranked_by_itself(works: Path) -> None:
    everyone = {"w-1": (1, 14), "e-01": (2, 12), "e-02": (3, 11), "e-03": (4, 10)}
    assert places(works) == everyone
    east = {"e-01": (1, 12), "e-02": (2, 11), "e-03": (3, 10)}
    assert places(works, "--department", "heating") == east
    assert places(works, "--section", "North line", "--criterion", "work") == east
    assert places(works, "--section", "North", "--by", "group") == {"g1": (1, 115)}
    assert places(works, "--section", "South", "--by", "group") == {}
    assert places(works, "--department", "Heating", "--by", "cp") == {}  # no criteria, no rollup


def test_units_and_posts_are_those_of_the_members_asked_for(works: Path) -> None:
    assert places(works, "--by", "unit")["builder"] == (1, 120)
    assert places(works, "--by", "unit", "--section", "North") == {
        "owner": (1, 120),
        "builder": (2, 100),
    }
    assert places(works, "--by", "unit", "--branch", "west") == {"builder": (1, 140)}
    assert places(works, "--by", "post", "--department", "Water") == {}


def test_the_filters_are_named_in_title_and_json(works: Path) -> None:
    run = Run(works, "rank", "--week", "W46", "--department", "heat", "--section", "north")
    assert run.out.startswith("Heating department  North line  2026-W46")
    form = ("--department", "heat", "--format", "json")
    data = json.loads(Run(works, "rank", "--week", "W46", *form).out)
    assert (data["branch"], data["department"], data["section"]) == (
        None,
        "Heating department",
        None,
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--section", "Nroth line"), "unknown section 'Nroth line'; did you mean North line?"),
        (("--department", "department"), "may be Heating department, Water department"),
        (("--department", "zzz"), "unknown department 'zzz'; 'qibi branch list' lists them"),
        (
            ("--department", "Heating", "--section", "South"),
            "no branch matches all of this: Heating department, South line",
        ),
    ],
)
def test_a_filter_that_means_nothing_is_refused(
    works: Path, options: tuple[str, ...], said: str
) -> None:
    run = Run(works, "rank", "--week", "W46", *options)
    assert run.code == 1 and said in run.err and not run.out


def test_a_book_without_departments_says_so(book: Path) -> None:
    with pytest.raises(lookup.NotFound, match="no branch of this book names a department"):
        lookup.department(load(book), "any")


def test_the_cache_keeps_filters_apart(works: Path, tmp_path: Path) -> None:
    for _again in range(2):
        for section, count in (("North", 3), ("South", 1)):
            options = ("--week", "W46", "--section", section, "--format", "json")
            run = Run(works, "rank", *options, QIBI_CACHE=str(tmp_path / "cache"))
            assert len(json.loads(run.out)["standings"]) == count


def shown(root: Path, who: str) -> tuple[str, dict[str, Any]]:
    plain = Run(root, "show", who, "--week", "W46")
    data = Run(root, "show", who, "--week", "W46", "--format", "json")
    assert (plain.code, data.code) == (0, 0), plain.err
    return plain.out, json.loads(data.out)


def test_show_names_mentor_apprentices_posts_workshops_and_cp(works: Path) -> None:
    text, data = shown(works, "e-01")
    line = "apprentices: Bob  posts: pioneer  attached to: line, shop (Mobile)  CP: e-cp"
    assert line in " ".join(text.split("\n")[1:3])
    assert data["apprentices"] == ["e-02"] and data["posts"] == ["pioneer"]
    assert (data["attached_to"], data["group_attached_to"]) == (["line"], ["shop"])
    text, data = shown(works, "e-02")
    assert "mentor Ann" in text and data["mentor"] == "e-01"
    text, data = shown(works, "e-cp")
    assert "leads: Ann, Cid" in text
    assert data["members"] == {"heating": "e-01", "design": "e-03"}
    text, data = shown(works, "east")
    assert "Heating department  North line  groups: Mobile (shop)" in text
    assert data["groups"] == [{"id": "g1", "attached_to": ["shop"]}]


def test_show_says_who_is_assessed_but_not_ranked(works: Path) -> None:
    scheme = works / "scheme/2026-W01.yaml"
    scheme.write_text(scheme.read_text().replace("[full, staff]", "[full]"))
    text, data = shown(works, "Wil")
    assert "14 points   assessed, but not ranked: staff" in text
    assert data["reason"] == "ineligible"


def test_show_lets_overdue_remedies_stand_out(works: Path) -> None:
    opened = ("--measure", "fence", "--week", "W46", "--as", "e-03", "--owner", "Ann")
    assert Run(works, "remedy", "open", "e-cp", *opened, "--due", "2026-11-19").code == 0
    assert Run(works, "remedy", "open", "e-cp", *opened, "--due", "2026-11-25").code == 0
    text, data = shown(works, "e-cp")
    assert "open remedy r-46-1  fence  owner Ann  overdue since 19 Nov!" in text
    assert "open remedy r-46-2  fence  owner Ann  due by 25 Nov" in text
    assert [r["overdue"] for r in data["remedies"]] == [True, False]
    text, data = shown(works, "e-01")
    assert "owns remedy r-46-1  fence  of e-cp  overdue since 19 Nov!" in text
    assert "r-46" not in shown(works, "e-02")[0]


def test_why_shows_the_rollup_where_no_criteria_apply(works: Path) -> None:
    scheme = works / "scheme/2026-W01.yaml"
    scheme.write_text(f"{scheme.read_text()}rollup: {{cp: {{own: 50, members: 50}}}}\n")
    run = Run(works, "why", "e-cp", "W46")
    assert "no criteria apply to it, so it has no points of its own" in run.out
    assert "members Ann 12, Cid 10; mean on base 100: 110, weight 50" in run.out
    assert "(50 x 110) / 50 = 110" in run.out and "3 Place  place 1 of 1" in run.out
    data = json.loads(Run(works, "why", "e-cp", "W46", "--format", "json").out)
    assert (data["steps"]["rollup"]["own"], data["total"]) == (None, 110)
    assert "week_total" not in data["steps"]
    rows = Run(works, "why", "e-cp", "W46", "--format", "csv").out
    assert "member,e-01,,12" in rows and "rollup,e-cp,,110" in rows
    assert "all its members'" in Run(works, "show", "e-cp", "--week", "W46").out

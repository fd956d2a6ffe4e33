"""Lists on the example book: who is named, who is missing, and what put each of them there."""

import json
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from qibi.base.text import width
from qibi.base.weeks import parse_period, single
from qibi.book.definitions import Black, Definitions, Red
from qibi.book.load import load
from qibi.ledger.entries import Score
from qibi.ledger.store import write_batch
from qibi.scoring.account import behind
from qibi.scoring.lists import black_list, causes, lists_of, red_list, remedy_due
from transcripts.harness import BOOKS, Scene

EXAMPLE = BOOKS["example"]
WEEKS = [f"2026-W{number}" for number in range(39, 47)]


@pytest.fixture(scope="module")
def book() -> Definitions:
    return load(EXAMPLE)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    made.direct("book", "example", [])
    made.environment["QIBI_AS"] = "o1-004"
    made.environment["QIBI_LANG"] = "en"
    yield made


def asked(scene: Scene, *words: str) -> dict[str, Any]:
    terminal, code = scene.qibi(["lists", *words, "--format", "json"])
    assert code == 0
    found: dict[str, Any] = json.loads("".join(terminal.stdout))
    return found


def subjects(names: list[dict[str, Any]]) -> list[str]:
    return [name["subject"] for name in names]


def test_the_example_has_a_black_list_in_at_least_half_of_its_weeks(book: Definitions) -> None:
    black = [lists_of(EXAMPLE, book, single(week))["cp"].black for week in WEEKS]
    assert sum(bool(names) for names in black) * 2 >= len(WEEKS)


@pytest.mark.parametrize("week", WEEKS)
def test_what_is_behind_a_total_adds_up_to_it(book: Definitions, week: str) -> None:
    """Ups and downs together are the total's distance from 100, where no limit held a criterion."""
    found = behind(EXAMPLE, book, single(week), by="cp")
    everyone = [s.subject for s in found.ranking.standings]
    up = causes(found, dict.fromkeys(everyone, 1))
    down = causes(found, dict.fromkeys(everyone, -1))
    accounts = found.accounts(week)
    held = {
        key
        for key, account in accounts.items()
        if any(c.credit != c.raw for c in account.criteria) or account.total != account.summed
    }
    checked = 0
    for standing in found.ranking.standings:
        key = standing.subject
        (cp,) = book.cp_spans[key]
        if held & {key, *cp.members.values()}:
            continue
        moved = sum((c.effect for c in (*up[key], *down[key])), Fraction(0))
        assert abs(standing.total - 10000 - moved) <= Fraction(1, 2)
        checked += 1
    assert checked > 5


def test_the_weightiest_comes_first(book: Definitions) -> None:
    found = lists_of(EXAMPLE, book, single("2026-W44"))["cp"]
    last = found.black[-1]
    first = found.causes[last.subject][0]
    assert (first.subject, first.thing, first.points) == (
        last.subject,
        "safety.stop-work-order",
        -500,
    )
    effects = [cause.effect for cause in found.causes[last.subject]]
    assert effects == sorted(effects)
    assert all(effect < 0 for effect in effects)


def test_limits_go_by_the_mean_of_the_weeks(book: Definitions) -> None:
    """In a book that sums its weeks a month's total says nothing about a limit of a week."""
    october = parse_period("2026-10", date(2026, 11, 20))
    assert october is not None
    found = behind(EXAMPLE, book, october, by="cp").ranking
    summed = replace(
        found,
        standings=tuple(replace(s, total=s.mean * s.weeks) for s in found.standings),
    )
    assert red_list(summed, Red(3, 10100, None)) != ()
    assert all(s.mean < 9900 for s in black_list(summed, Black(3, 9900, None)))
    assert black_list(summed, Black(3, 9900, None)) != ()


def test_no_list_where_the_book_has_none(book: Definitions) -> None:
    found = behind(EXAMPLE, book, single("2026-W46"), by="cp").ranking
    assert red_list(found, None) == black_list(found, None) == ()


def test_the_day_a_remedy_is_due(book: Definitions) -> None:
    due = remedy_due(book.lists["cp"], "2026-W46")
    assert due is not None
    assert due.isoformat() == "2026-11-18"  # the Wednesday after
    assert remedy_due(replace_black(book), "2026-W46") is None


def replace_black(book: Definitions) -> Any:
    policy = book.lists["cp"]
    return type(policy)(policy.red, None)


def test_the_exempt_are_never_on_black(scene: Scene) -> None:
    before = asked(scene, "W46")["lists"]["cp"]
    last = before["black"][-1]["subject"]
    _terminal, code = scene.qibi(["exempt", last, "--week", "W46", "--reason", "flood"])
    assert code == 0
    after = asked(scene, "W46")["lists"]["cp"]
    assert last not in subjects(after["black"])
    assert last not in subjects(after["missing"])


def test_whose_branch_handed_nothing_in_is_named(scene: Scene) -> None:
    before = asked(scene, "W46")["lists"]["cp"]
    last = before["black"][-1]
    for path in (scene.folder / "ledger/2026/W46").glob(f"{last['branch']}-*.jsonl"):
        path.unlink()
    after = asked(scene, "W46")["lists"]["cp"]
    assert last["subject"] not in subjects(after["black"])
    assert after["missing"] == [
        {
            "subject": last["subject"],
            "name": last["name"],
            "branch": last["branch"],
            "reason": "unscored",
        }
    ]
    assert after["provisional"]
    text = "".join(scene.qibi(["lists", "W46"])[0].stdout)
    assert f"missing, so on no list yet: {last['name']}" in text


def test_the_shape_of_the_json(scene: Scene) -> None:
    found = asked(scene, "--week", "W46")
    assert (found["qibi"], found["command"]) == (1, "lists")
    assert found["period"] == {"label": "2026-W46", "weeks": ["2026-W46"]}
    assert list(found["lists"]) == ["cp"]
    name = found["lists"]["cp"]["black"][0]
    assert name["due"] == "2026-11-18"
    assert name["remedies"] == [
        {
            "id": "r-46-1",
            "week": "2026-W46",
            "state": "reported",
            "owner": "i2-001",
            "due": "2026-11-18",
            "overdue": True,
        }
    ]
    assert asked(scene, "W44")["lists"]["cp"]["black"][-1]["remedies"] == []
    assert name["total"] < 99
    assert all(item["points"] < 0 for item in name["items"])


def test_members_and_branches_where_the_book_says_so(scene: Scene) -> None:
    path = scene.folder / "qibi.yaml"
    text = path.read_text("utf-8")
    more = "  member: {red: {top: 2}, black: {bottom: 1}}\n  branch: {black: {bottom: 1}}\n"
    path.write_text(text + more + "words: {red: Stars, black: Homework}\n", "utf-8")
    found = asked(scene, "W46")["lists"]
    assert set(found) == {"member", "cp", "branch"}
    assert found["branch"]["red"] == []
    assert found["branch"]["black"][0]["due"] is None
    shown = "".join(scene.qibi(["lists", "W46"])[0].stdout)
    assert "Stars" in shown and "Homework" in shown and "Red list" not in shown


def test_a_book_without_lists_is_told_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.direct("book", "small", [])
    terminal, code = scene.qibi(["lists"])
    assert code == 1
    assert "this book has no lists" in "".join(terminal.text)


NEW_POLICY = "lists: {branch: {red: {top: 1}, black: {bottom: 1}}}\n"


@pytest.fixture
def policy_since_closed(scene: Scene) -> Scene:
    """The example where CPs stood on the lists of closed weeks, and branches alone do from now on."""
    path = scene.folder / "qibi.yaml"
    before, _lists, behind_them = path.read_text("utf-8").partition("\nlists:\n")
    after = behind_them.splitlines(keepends=True)
    while after and after[0].startswith(" "):
        del after[0]
    path.write_text(f"{before}\n{NEW_POLICY}{''.join(after)}", "utf-8")
    return scene


def test_a_closed_week_has_the_lists_that_were_read_out_and_no_others(
    policy_since_closed: Scene,
) -> None:
    terminal, code = policy_since_closed.qibi(["lists", "W38"])
    shown = "".join(terminal.stdout)
    assert code == 0
    assert "branch  no list was read out for 2026-W38" in shown
    assert "Black list" in shown
    assert list(asked(policy_since_closed, "W38")["lists"]) == ["cp"]
    assert list(asked(policy_since_closed, "W46")["lists"]) == ["branch"]


@pytest.mark.parametrize(
    "command", [["minutes", "--week", "W38"], ["board", "--week", "W38", "-o", "board.html"]]
)
def test_boards_and_minutes_leave_out_a_list_that_was_not_read_out(
    policy_since_closed: Scene, command: list[str]
) -> None:
    _terminal, code = policy_since_closed.qibi(command)
    assert code == 0


def test_remedies_are_opened_from_a_list_that_was_read_out(policy_since_closed: Scene) -> None:
    read_out = asked(policy_since_closed, "W38")["lists"]["cp"]["black"]
    command = ["remedy", "open", "--from-list", "W38", "--dry-run", "--due", "2026-12-01"]
    terminal, code = policy_since_closed.qibi(command)
    assert code == 0 and read_out
    assert all(name["name"] in "".join(terminal.text) for name in read_out)


def test_no_remedy_from_a_black_list_that_was_not_read_out(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.direct("book", "small", [])
    scene.environment["QIBI_LANG"] = "en"
    for command in ("git init -q", "git add --all", "git commit -qm start"):
        scene.direct("run", command, [])
    assert scene.qibi(["close", "W46"])[1] == 0
    with (scene.folder / "qibi.yaml").open("a") as file:
        file.write(NEW_POLICY)
    terminal, code = scene.qibi(["remedy", "open", "--from-list", "W46"])
    assert code == 1
    assert "no black list was read out for 2026-W46" in "".join(terminal.text)
    terminal, code = scene.qibi(["lists", "W46"])
    assert code == 0
    assert "branch  no list was read out for 2026-W46" in "".join(terminal.stdout)


def test_at_80_columns_nothing_is_cut(scene: Scene) -> None:
    scene.environment["QIBI_LANG"] = "zh"
    for week in ("W39", "W44", "W46"):
        terminal, code = scene.qibi(["lists", week])
        lines = "".join(terminal.stdout).splitlines()
        assert code == 0
        assert max(width(line) for line in lines) <= 80


def test_a_remedy_is_due_after_a_week_not_after_a_quarter(scene: Scene) -> None:
    quarter = asked(scene, "2026-Q4")["lists"]["cp"]["black"]
    assert quarter and all(name["due"] is None for name in quarter)
    assert "not opened" not in "".join(scene.qibi(["lists", "2026-Q4"])[0].stdout)


def test_a_veto_is_a_cause_though_its_item_has_no_points(scene: Scene) -> None:
    entry = Score(
        week="2026-W46",
        branch="outer-6",
        recorded_by="o6-001",
        recorded_at="2026-11-17T09:00:00+08:00",
        subject="o6-cp",
        item="safety.concealed-accident",
        points=0,
        evidence=("document 7",),
    )
    write_batch(scene.folder, "2026-W46", "outer-6", [entry])
    last = asked(scene, "W46")["lists"]["cp"]["black"][-1]
    assert last["subject"] == "o6-cp"
    assert last["items"][0] == {
        "subject": "o6-cp",
        "name": "Outer section 6 CP",
        "item": "safety.concealed-accident",
        "points": 0,
        "veto": True,
    }
    assert "(veto)" in "".join(scene.qibi(["lists", "W46"])[0].stdout)

"""Anyone can redo the sum from what `why` prints: these tests do, for every subject of a week."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from qibi.book.load import load
from qibi.cli.app import main
from qibi.cli.surroundings import Surroundings

EXAMPLE = Path(__file__).parents[2] / "ledgers" / "example"
WEEK = "2026-W44"
ENVIRONMENT = {"QIBI_LANG": "en"}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for all: the definitions are read once, and the weeks of a trend are calculated once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENVIRONMENT, "QIBI_CACHE", str(folder))
        yield


def said(*arguments: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    around = Surroundings(
        environment=ENVIRONMENT,
        folder=EXAMPLE,
        now=lambda: datetime(2026, 11, 20, tzinfo=UTC),
        stdin=io.StringIO(),
        stdout=out,
        stderr=err,
        columns=80,
    )
    assert main(list(arguments), around) == 0, err.getvalue()
    return out.getvalue()


def held(value: Decimal, low: object, high: object) -> Decimal:
    return max(Decimal(str(low)), min(Decimal(str(high)), value))


def number(value: object) -> Decimal:
    return Decimal(str(value))


def half_up(value: Fraction) -> Decimal:
    """To hundredths: floor(x + 1/2)."""
    return Decimal((value * 100 + Fraction(1, 2)).__floor__()) / 100


def redone(steps: dict) -> Decimal:
    """The week's own total from the entries and the numbers beside each step."""
    credits: dict[str, list[Decimal]] = {}
    for item in steps["item_credit"]:
        entries = [number(e["points"]) for e in steps["entries"] if e["item"] == item["item"]]
        assert len(entries) == item["entries"]
        assert sum(entries) == number(item["summed"])
        earned = number(item["summed"])
        if item["cap"] is not None:
            cap = number(item["cap"])
            earned = min(earned, cap) if cap >= 0 else max(earned, cap)
        credit = Decimal(0) if item["excluded_by"] else earned
        assert credit == number(item["credit"])
        credits.setdefault(item["item"].split(".")[0], []).append(credit)
    total = Decimal(0)
    for c in steps["criterion_credit"]:
        raw = number(c["base"]) + sum(credits.get(c["criterion"], []))
        assert raw == number(c["raw"])
        credit = held(raw, c["min"], c["max"]) if c["veto"] is None else number(c["veto"])
        assert credit == number(c["credit"])
        total += credit
    assert total == number(steps["week_total"]["summed"])
    return held(total, 0, 120)


def subjects(kind: str) -> list[str]:
    definitions = load(EXAMPLE)
    return [
        s
        for s in definitions.subjects
        if definitions.kind(s) == kind and definitions.branch_of(s, WEEK)
    ]


def ranked(by: str) -> dict[str, dict]:
    payload = json.loads(said("rank", WEEK, "--by", by, "--format", "json"))
    return {s["subject"]: s for s in payload["standings"]}


def test_every_member_of_a_week() -> None:
    standings = ranked("member")
    assert len(standings) > 180
    for key in list(standings)[::12]:
        why = json.loads(said("why", key, WEEK, "--format", "json"))
        assert redone(why["steps"]) == number(why["total"]) == number(standings[key]["total"])
        assert why["rank"] == standings[key]["rank"]


@pytest.mark.parametrize("by", ["cp", "branch"])
def test_every_rollup_of_a_week(by: str) -> None:
    standings = ranked(by)
    members = ranked("member")
    assert set(standings) == set(subjects(by))
    for key, standing in standings.items():
        steps = json.loads(said("why", key, WEEK, "--format", "json"))["steps"]
        rollup = steps["rollup"]
        assert redone(steps) == number(rollup["own"])
        assert {k: number(v) for k, v in rollup["members"].items()} == {
            k: number(members[k]["total"]) for k in rollup["members"]
        }
        own = Fraction(str(rollup["own"])) * 100 / Fraction(str(rollup["own_base"]))
        totals = [Fraction(str(v)) for v in rollup["members"].values()]
        mean = sum(totals) / len(totals) * 100 / Fraction(str(rollup["members_base"]))
        weights = Fraction(str(rollup["own_weight"])), Fraction(str(rollup["members_weight"]))
        value = (weights[0] * own + weights[1] * mean) / sum(weights)
        assert half_up(value) == number(rollup["total"]) == number(standing["total"])


def test_the_text_shows_each_step_in_turn() -> None:
    text = said("why", "o1-008", WEEK)
    for number_of, name in enumerate(["Entries", "Items", "Criteria", "Total", "Place"], 1):
        assert f"{number_of} {name}" in text
    assert "5 Rollup" in said("why", "o1-cp", WEEK)


def test_a_period_is_the_sum_or_the_mean_of_its_weeks() -> None:
    why = json.loads(said("why", "o1-cp", "2026-10", "--format", "json"))
    totals = [number(v) for v in why["weeks"].values()]
    mean = sum(totals) / len(totals)
    rounded = (mean * 100 + Decimal("0.5")).to_integral_value(ROUND_FLOOR) / 100
    assert rounded == number(why["total"]) == number(why["mean"])


def test_a_week_without_a_total_says_why() -> None:
    why = json.loads(said("why", "o2-010", "2026-Q3", "--format", "json"))
    assert why["without_total"] == {"2026-W33": {"reason": "exempt", "note": "外出培训"}}
    assert "2026-W33" not in why["weeks"]
    (row,) = [line for line in said("why", "o2-010", "2026-Q3").splitlines() if "W33" in line]
    assert "exempt (外出培训)" in row
    missing = json.loads(said("why", "o1-008", "2026-W46..2026-W48", "--format", "json"))
    assert missing["without_total"] == {}  # nobody is in for W47 yet


def test_a_branch_is_named_once() -> None:
    title = said("why", "outer-1", "W46").split("\n\n")[0]
    assert title.count("Outer section 1") == 1

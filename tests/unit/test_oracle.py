"""The oracle and both engines against sums done by hand: one rule a test."""

import json
import tempfile
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

import books
import oracle
from oracle import Book, half_up, weeks_of
from property.test_rules import as_the_oracle_says_it, by_sql
from qibi.base import weeks
from qibi.book.load import load
from qibi.ledger.batches import Batch
from qibi.ledger.entries import decode
from qibi.scoring.facts import Question
from qibi.scoring.ranking import answer

WEEK = "2026-W41"


def rank(one, period, **asked):
    """What the oracle says, where both engines say the same."""
    said = oracle.rank(one, period, **asked)
    before = tuple(oracle.weeks_before(one, oracle.ledger_of(one), period))
    with tempfile.TemporaryDirectory() as folder:
        books.write(replace(one, entries=[]), Path(folder))
        definitions = load(Path(folder))
    question = Question(weeks.parse_period(period, date(2030, 1, 1)), before, **asked)
    batches = as_batches(one.entries)
    for engine in (
        as_the_oracle_says_it(answer(definitions, batches, question)),
        by_sql(definitions, batches, question),
    ):
        assert (engine["standings"], engine["unranked"]) == (said["standings"], said["unranked"])
    return said


def as_batches(entries):
    """The entries as batches with the digests and lines of their ids; a line that no entry has says nothing."""
    lines = {}
    for entry in entries:
        digest, _dot, number = entry["id"].partition(".")
        plain = json.dumps({k: v for k, v in entry.items() if k != "id"}).encode()
        lines.setdefault((digest, entry["week"], entry["branch"]), {})[int(number)] = plain
    made = []
    for (digest, week, place), numbered in lines.items():
        said = line("task", week, place, subject="x", task="t", progress=1)
        idle = json.dumps({k: v for k, v in said.items() if k != "id"}).encode()
        every = tuple(decode(numbered.get(n, idle)) for n in range(1, max(numbered) + 1))
        made.append(Batch(f"ledger/{digest}", digest, week, place, every))
    return made


def item(name, points=1, **more):
    return {"id": name, "points": points, **more}


def criterion(name, items=None, base=10, low=0, high=14, kinds=("member",)):
    common = {"id": name, "applies_to": list(kinds), "base": base, "min": low, "max": high}
    return {**common, "scoring": "direct"} if items is None else {**common, "items": items}


def scheme(*criteria, **more):
    return {"total": {"min": 0, "max": 120}, "criteria": list(criteria), **more}


def branch(name, members=("m1",), **more):
    people = [m if isinstance(m, dict) else {"id": m} for m in members]
    return {"id": name, "members": people, **more}


def line(
    kind, week=WEEK, place="b1", number=1, digest="0" * 16, at="2026-10-12T09:00:00+08:00", **own
):
    common = {"kind": kind, "week": week, "branch": place, "recorded_by": "m1", "recorded_at": at}
    return {**common, **own, "id": f"{digest}.{number}"}


def assessed(week=WEEK, place="b1"):
    return line("assessed", week, place, digest="f" * 16, number=int(week[6:]))


def score(number, subject, name, points, week=WEEK, **more):
    return line("score", week, number=number, subject=subject, item=name, points=points, **more)


def book(schemes, branches, *entries, **definitions):
    if "criteria" in schemes:
        schemes = {"2026-W01": schemes}
    return Book({"id": "test", **definitions}, schemes, branches, list(entries))


def totals(ranking):
    return {standing["subject"]: standing["total"] for standing in ranking["standings"]}


def reasons(ranking):
    return {line["subject"]: line["reason"] for line in ranking["unranked"]}


@pytest.mark.parametrize(
    ("period", "first", "last", "count"),
    [
        ("2026-W41", "2026-W41", "2026-W41", 1),
        ("2026-W52..2027-W01", "2026-W52", "2027-W01", 3),  # 2026 has a W53
        ("2026-01", "2026-W01", "2026-W05", 5),  # Thursdays 1, 8, 15, 22, 29 January
        ("2026-09", "2026-W36", "2026-W39", 4),  # Thursdays 3, 10, 17, 24 September
        ("2026-Q4", "2026-W40", "2026-W53", 14),  # Thursdays 1 October to 31 December
        ("2026", "2026-W01", "2026-W53", 53),
        ("2027", "2027-W01", "2027-W52", 52),  # 1 January 2027 is a Friday
    ],
)
def test_a_period_holds_the_weeks_whose_thursday_falls_in_it(period, first, last, count):
    weeks = weeks_of(period)
    assert (weeks[0], weeks[-1], len(weeks)) == (first, last, count)


def test_halves_round_up_also_below_zero():
    assert [half_up(Fraction(n, 2)) for n in (1, 3, -1, -3)] == [1, 2, 0, -1]


def test_a_void_counts_only_in_its_own_branch_and_week_and_not_against_a_void():
    safety = scheme(criterion("safety", [item("a")]))
    entries = [score(number, "m1", "safety.a", 1) for number in (1, 2, 3)]
    target = {"entry": "0" * 16 + ".1", "note": ""}
    good = line("void", digest="1" * 16, **target)
    other_week = line("void", "2026-W40", digest="2" * 16, **{**target, "entry": "0" * 16 + ".2"})
    other_branch = line("void", place="b2", digest="3" * 16, **{**target, "entry": "0" * 16 + ".3"})
    of_a_void = line("void", digest="4" * 16, entry="1" * 16 + ".1", note="")
    voids = [good, other_week, other_branch, of_a_void]
    one = book(safety, [branch("b1"), branch("b2", [])], assessed(), *entries, *voids)
    # 10 + 1 + 1: only the first is void
    assert totals(rank(one, WEEK)) == {"m1": 1200}


def test_caps_cut_the_sum_and_only_highest_takes_one():
    items = [
        item("up", cap=3, per="count"),
        item("down", -0.5, cap=-1),
        item("award", [4, 8], only_highest=True),
    ]
    one = book(
        scheme(criterion("safety", items, high=50)),
        [branch("b1")],
        assessed(),
        score(1, "m1", "safety.up", 2),
        score(2, "m1", "safety.up", 2),  # 4, cut at 3
        *[score(number, "m1", "safety.down", -0.5) for number in (3, 4, 5)],  # -1.5, cut at -1
        score(6, "m1", "safety.award", 8),
        score(7, "m1", "safety.award", 4),  # 8 counts
    )
    # 10 + 3 - 1 + 8
    assert totals(rank(one, WEEK)) == {"m1": 2000}


def test_items_that_exclude_each_other_are_both_credited_nothing():
    items = [item("a", -1, excludes=["b"]), item("b", -2, excludes=["a", "c"]), item("c", -4)]
    one = book(
        scheme(criterion("safety", items)),
        [branch("b1", ["m1", "m2"])],
        assessed(),
        score(1, "m1", "safety.a", -1),
        score(2, "m1", "safety.b", -2),
        score(3, "m1", "safety.c", -4),
        score(4, "m2", "safety.a", -1),
        score(5, "m2", "safety.c", -4),
    )
    # m1: a and b exclude each other, b (itself excluded) excludes c: 10. m2: 10 - 1 - 4
    assert totals(rank(one, WEEK)) == {"m1": 1000, "m2": 500}


def test_a_criterion_veto_sets_and_total_vetoes_only_lower():
    items = [
        item("plus", 3),
        item("nought", 0, veto={"criterion": 2}),
        item("lower", 0, veto={"criterion": 1}),
        item("most", 0, veto={"total_at_most": 15}),
        item("total", 0, veto={"total": 18}),
    ]
    one = book(
        scheme(criterion("safety", items), criterion("quality", [item("a", -9)])),
        [branch("b1", ["m1", "m2", "m3", "m4"])],
        assessed(),
        score(1, "m1", "safety.plus", 3),
        score(2, "m1", "safety.nought", 0),
        score(3, "m1", "safety.lower", 0),  # 13 becomes 1, 1 + 10 = 11
        score(4, "m2", "safety.most", 0),
        score(5, "m2", "safety.total", 0),  # 20, at most 15; 18 does not raise
        score(6, "m3", "quality.a", -9),
        score(7, "m3", "safety.total", 0),  # 10 + 1 = 11, 18 does not raise
        score(8, "m4", "safety.total", 0),  # 20 becomes 18
    )
    ranking = rank(one, WEEK)
    assert totals(ranking) == {"m4": 1800, "m2": 1500, "m1": 1100, "m3": 1100}
    assert [s["rank"] for s in ranking["standings"]] == [1, 2, 3, 3]
    assert [s["alert"] for s in ranking["standings"]] == ["warn", "warn", None, "warn"]


def test_of_two_direct_scores_the_later_instant_then_digest_then_line_counts():
    one = book(
        scheme(criterion("tidiness")),
        [branch("b1", ["m1", "m2", "m3", "m4", "m5"])],
        assessed(),
        score(1, "m1", "tidiness", 8, at="2026-10-12T09:00:00+08:00"),  # 01:00 UTC
        score(2, "m1", "tidiness", 7, at="2026-10-12T02:00:00Z"),  # later
        score(3, "m2", "tidiness", 6, digest="b" * 16),  # same instant, larger digest
        score(4, "m2", "tidiness", 5, digest="a" * 16),
        score(10, "m3", "tidiness", 4),  # same batch, line 10 after line 9
        score(9, "m3", "tidiness", 3),
        score(11, "m4", "tidiness", 99),  # held at 14; m5 has none: its base
    )
    wanted = {"m4": 1400, "m5": 1000, "m1": 700, "m2": 600, "m3": 400}
    assert totals(rank(one, WEEK)) == wanted


def test_a_rollup_puts_own_and_members_on_one_scale_and_closes_up_the_weights():
    rules = scheme(
        criterion("safety", [item("a", -1)], high=20),
        criterion("own", [item("a", 1)], base=8, high=20, kinds=["branch"]),
        rollup={"branch": {"own": 40, "members": 60}},
        eligible=["full"],
    )
    staff = {"id": "m4", "status": "staff"}
    one = book(
        rules,
        [branch("b1", ["m1", "m2", "m3", staff]), branch("b2", [])],
        assessed(),
        assessed(place="b2"),
        score(1, "m1", "safety.a", -1),
        score(2, "b1", "own.a", 1),
        score(3, "m4", "safety.a", -5),  # not eligible: no part of the mean
    )
    # own 9/8 = 112.5; members (90 + 100 + 100) / 3 = 96.666…; 0.4 x 112.5 + 0.6 x 96.666… = 103
    # b2 has no members: own 8/8 alone. safety is the members' mean: (9 + 10 + 10) / 3 = 9.67
    ranking = rank(one, WEEK, by="branch")
    assert totals(ranking) == {"b1": 10300, "b2": 10000}
    assert ranking["standings"][0]["criteria"] == {"own": 900, "safety": 967}
    assert ranking["standings"][1]["criteria"] == {"own": 800}


def test_groups_units_and_posts_are_the_mean_of_their_members():
    people = [
        {"id": "m1", "group": "g1", "unit": "owner", "posts": ["post", "area"]},
        {"id": "m2", "group": "g1", "unit": "builder", "posts": ["area"]},
        {"id": "m3", "group": "g2", "unit": "builder"},
    ]
    one = book(
        scheme(criterion("safety", [item("a")], base=10, high=20)),
        [branch("b1", people, groups=[{"id": "g1"}, {"id": "g2"}])],
        assessed(),
        score(1, "m1", "safety.a", 1),
        score(2, "m2", "safety.a", 2),
        units=[{"id": "owner"}, {"id": "builder"}],
        posts=[{"id": "post"}, {"id": "area"}],
    )
    # m1 110, m2 120, m3 100
    assert totals(rank(one, WEEK, by="group")) == {"g1": 11500, "g2": 10000}
    assert totals(rank(one, WEEK, by="unit")) == {"owner": 11000, "builder": 11000}
    assert totals(rank(one, WEEK, by="post")) == {"area": 11500, "post": 11000}


def test_a_cp_counts_its_own_members_and_ends_with_its_branch():
    leads = {"heating": "m1", "design": "m2"}
    cp = {"id": "cp1", "members": leads}
    one = book(
        scheme(
            criterion("safety", [item("a")], kinds=["member", "cp"]),
            rollup={"cp": {"own": 50, "members": 50}},
        ),
        [branch("b1", ["m1", "m2", "m3"], cps=[cp], until=WEEK)],
        assessed(),
        assessed("2026-W42"),
        score(1, "cp1", "safety.a", 3),
        score(2, "m1", "safety.a", 1),
        score(3, "m3", "safety.a", 4),
    )
    # own 130, members (110 + 100) / 2 = 105, half of each: 117.5
    assert totals(rank(one, WEEK, by="cp")) == {"cp1": 11750}
    assert rank(one, "2026-W42", by="cp")["standings"] == []
    assert rank(one, "2026-W42", by="cp")["unranked"] == []


def test_a_period_sums_or_means_by_its_latest_scheme_and_grades_by_the_mean():
    first = scheme(criterion("safety", [item("a")]))
    grades = [{"id": "good", "from": 10.5}, {"id": "fair", "from": 10}]
    then = scheme(
        criterion("safety", [item("a")]),
        criterion("quality", [item("a")], base=1),
        period_total="mean",
        grades=grades,
        alerts={"watch": 11, "warn": 10},
    )
    weeks = ["2026-W40", "2026-W41", "2026-W42"]
    one = book(
        {"2026-W01": first, "2026-W42": then},
        [branch("b1")],
        *[assessed(week) for week in weeks],
        score(1, "m1", "safety.a", 0.5, "2026-W40"),
        score(2, "m1", "quality.a", 1, "2026-W40"),  # no such item yet
        score(3, "m1", "quality.a", 0.01, "2026-W42"),
    )
    # W40 10.5, W41 10, W42 11.01: the sum of two is 20.5, the mean of three 31.51 / 3 = 10.5033…
    two = rank(one, "2026-W40..2026-W41")["standings"][0]
    assert (two["total"], two["mean"], two["grade"], two["alert"]) == (2050, 1025, None, None)
    three = rank(one, "2026-W40..2026-W42")["standings"][0]
    assert (three["total"], three["mean"], three["weeks"]) == (1050, 1050, 3)
    # safety (10.5 + 10 + 10) / 3 = 10.1666…; quality applied in one week only
    assert three["criteria"] == {"safety": 1017, "quality": 101}
    assert (three["grade"], three["alert"]) == ("good", "watch")
    quality = rank(one, "2026-W40..2026-W42", criterion="quality")["standings"][0]
    assert (quality["total"], quality["weeks"], quality["grade"]) == (101, 1, None)


def test_reasons_without_a_place_in_their_order():
    people = [
        "m1",
        {"id": "m2", "since": "2026-W42"},  # one week of three: fewer than half
        {"id": "m3", "status": "staff"},
        {"id": "m4", "until": "2026-W40"},  # exempt in the only active week
        {"id": "m5", "since": "2026-W43"},  # active only where nothing was assessed
        {"id": "m6", "until": "2026-W39"},  # never active in the period
        {"id": "m7", "status": "full", "until": "2026-W41"},
        {"id": "m7", "status": "staff", "since": "2026-W42"},  # by the last active week
    ]
    one = book(
        scheme(criterion("safety", [item("a")]), min_weeks=0.5, eligible=["full"]),
        [branch("b1", people)],
        *[assessed(week) for week in ("2026-W40", "2026-W41", "2026-W42")],
        line("exempt", "2026-W40", subject="m4", note=""),
        line("exempt", "2026-W41", number=2, subject="m1", note=""),
    )
    ranking = rank(one, "2026-W40..2026-W43")
    assert totals(ranking) == {"m1": 2000}  # two weeks of 10, one exempt
    assert reasons(ranking) == {
        "m2": "too-few-weeks",
        "m3": "ineligible",
        "m4": "exempt",
        "m5": "unscored",
        "m7": "ineligible",
    }


def test_someone_who_moves_keeps_points_and_stands_where_they_were_last():
    one = book(
        scheme(criterion("safety", [item("a")])),
        [
            branch("b1", [{"id": "m1", "until": "2026-W40"}]),
            branch("b2", [{"id": "m1", "since": "2026-W41"}, "m2"]),
        ],
        assessed("2026-W40"),
        assessed("2026-W40", "b2"),
        assessed("2026-W41", "b2"),
        score(1, "m1", "safety.a", 1, "2026-W40"),
        score(2, "m1", "safety.a", 2, "2026-W41"),  # entered by b1, and counts
    )
    ranking = rank(one, "2026-W40..2026-W41", branch="b2")
    assert totals(ranking) == {"m1": 2300, "m2": 2000}
    assert rank(one, "2026-W40..2026-W41", branch="b1")["standings"] == []
    assert totals(rank(one, "2026-W40", branch="b1")) == {"m1": 1100}


def test_moved_is_the_earlier_rank_minus_this_one():
    one = book(
        scheme(criterion("safety", [item("a")])),
        [branch("b1", ["m1", "m2", {"id": "m3", "since": "2026-W41"}])],
        assessed("2026-W38"),
        assessed("2026-W41"),
        score(1, "m1", "safety.a", 1, "2026-W38"),
        score(2, "m2", "safety.a", 2, "2026-W41"),
    )
    # W38: m1, m2; then nothing until W41: m2, and m1 and m3 together
    standings = rank(one, "2026-W41")["standings"]
    assert [(s["subject"], s["rank"], s["moved"]) for s in standings] == [
        ("m2", 1, 1),
        ("m1", 2, -1),
        ("m3", 2, None),
    ]
    # as a range of one week, the period before is W40, where nobody had a rank
    assert {s["moved"] for s in rank(one, "2026-W41..2026-W41")["standings"]} == {None}


def test_provisional_until_every_branch_with_someone_active_is_in():
    branches = [
        branch("b1"),
        branch("b2", ["m2"]),
        branch("b3", []),
        branch("b4", ["m4"], until="2026-W01"),
    ]
    rules = scheme(criterion("safety", [item("a")]))
    some = book(rules, branches, assessed())
    every = book(rules, branches, assessed(), assessed(place="b2"))
    assert rank(some, WEEK)["provisional"]
    assert not rank(every, WEEK)["provisional"]
    # weeks in which nobody was assessed make a longer period no less final, but a single one is open
    assert not rank(every, "2026-10")["provisional"]
    assert rank(every, "2026-W42")["provisional"]


def test_before_the_first_scheme_nothing_counts():
    rules = scheme(criterion("safety", [item("a")]), min_weeks=1)
    one = book({"2026-W41": rules}, [branch("b1")], assessed("2026-W40"), assessed())
    assert reasons(rank(one, "2026-W40")) == {"m1": "unscored"}
    # one of one assessed week: W40 is none
    assert totals(rank(one, "2026-W40..2026-W41")) == {"m1": 1000}

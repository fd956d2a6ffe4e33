"""The random books have in them what the rules decide, often enough that it matters.

Each feature has a wrong reading: the book with the feature taken away, or an oracle that misreads the
rule. It counts as covered where the wrong reading ranks differently; what has no part in any total
(a void of a task) counts where it occurs.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import books
import oracle

Change = Callable[[books.Case], oracle.Book | None]
ENOUGH = 1  # cases in which a feature has to matter


# Entries


def keeping(case: books.Case, wanted: Callable[[dict], bool]) -> oracle.Book:
    entries = [entry for entry in case.book.entries if wanted(entry)]
    return oracle.Book(case.book.book, case.book.schemes, case.book.branches, entries)


def targets(case: books.Case) -> dict[str, dict]:
    """The entry that each void names, where there is one."""
    named = {entry["id"]: entry for entry in case.book.entries}
    voids = [entry for entry in case.book.entries if entry["kind"] == "void"]
    return {void["id"]: named[void["entry"]] for void in voids if void["entry"] in named}


def voids_of(kind: str) -> Change:
    def without(case: books.Case) -> oracle.Book:
        aims = targets(case)
        return keeping(case, lambda e: aims.get(e["id"], {}).get("kind") != kind)

    return without


def obeying_voids_of_voids(case: books.Case) -> oracle.Book:
    aims = targets(case)
    undone = {aim["id"] for aim in aims.values() if aim["kind"] == "void"}
    return keeping(case, lambda e: e["id"] not in undone)


def obeying_voids_from(field: str) -> Change:
    """As if a void from another branch (or week) counted."""

    def without(case: books.Case) -> oracle.Book:
        aims = targets(case)
        far = {
            aim["id"]
            for void in case.book.entries
            if (aim := aims.get(void["id"])) and aim["kind"] != "void" and aim[field] != void[field]
        }
        return keeping(case, lambda e: e["id"] not in far)

    return without


def no_exemptions(case: books.Case) -> oracle.Book:
    return keeping(case, lambda e: e["kind"] != "exempt")


def every_branch_assessed(case: books.Case) -> oracle.Book:
    further = [
        {"kind": "assessed", "week": week, "branch": branch["id"], "id": f"{week}-{branch['id']}.1"}
        for week in books.weeks_within(case.book)
        for branch in case.book.branches
    ]
    entries = [*case.book.entries, *further]
    return oracle.Book(case.book.book, case.book.schemes, case.book.branches, entries)


def one_direct_score_each(case: books.Case) -> oracle.Book:
    """The first direct score of a subject and week instead of the last."""
    seen: set[tuple[str, str, str]] = set()

    def first(entry: dict) -> bool:
        if entry["kind"] != "score" or "." in entry["item"]:
            return True
        key = (entry["week"], entry["subject"], entry["item"])
        return key not in seen and not seen.add(key)

    live = oracle.live_entries(case.book)
    return keeping(case, lambda e: e not in live or first(e))


def shape_of(item: dict | None) -> str:
    if item is None or "scoring" in item:
        return "direct" if item else ""
    if "veto" in item:
        return "veto " + next(iter(item["veto"]))
    if isinstance(item["points"], dict | list):
        return "range" if isinstance(item["points"], dict) else "list"
    return item.get("per", "fixed")


def scores_on(shape: str) -> Change:
    def without(case: books.Case) -> oracle.Book:
        def other(e: dict) -> bool:
            if e["kind"] != "score":
                return True
            return shape_of(books.definition_of(case.book.schemes, e["week"], e["item"])) != shape

        return keeping(case, other)

    return without


def scores_from_elsewhere(case: books.Case) -> oracle.Book:
    """As if entries of a branch that is not the subject's did not count."""

    def at_home(e: dict) -> bool:
        if e["kind"] != "score":
            return True
        found = [
            oracle.branch_at(case.book, kind, e["subject"], e["week"])
            for kind in ("member", "cp", "branch")
            if e["subject"] in oracle.candidates(case.book, kind)
            and oracle.active_in(case.book, kind, e["subject"], e["week"])
        ]
        return found == [e["branch"]]

    return keeping(case, at_home)


# Definitions


def changed(case: books.Case, change: Callable[[oracle.Book], None]) -> oracle.Book:
    book = deepcopy(case.book)
    change(book)
    return book


def scheme_without(*fields: str) -> Change:
    def change(book: oracle.Book) -> None:
        for scheme in book.schemes.values():
            for field in fields:
                scheme.pop(field, None)

    return lambda case: changed(case, change)


def items_without(field: str) -> Change:
    def change(book: oracle.Book) -> None:
        for scheme in book.schemes.values():
            for criterion in scheme["criteria"]:
                for item in criterion.get("items", []):
                    item.pop(field, None)

    return lambda case: changed(case, change)


def excludes_only(across: bool) -> Change:
    def change(book: oracle.Book) -> None:
        for scheme in book.schemes.values():
            for criterion in scheme["criteria"]:
                for item in criterion.get("items", []):
                    names = item.get("excludes", [])
                    item["excludes"] = [name for name in names if ("." in name) != across]

    return lambda case: changed(case, change)


def one_scheme(case: books.Case) -> oracle.Book | None:
    """As if the latest scheme of the period were in force in all of it."""
    weeks = oracle.weeks_of(case.period)
    latest = oracle.scheme_at(case.book, weeks[-1])
    if oracle.scheme_at(case.book, weeks[0]) in (latest, None):
        return None
    return oracle.Book(case.book.book, {"0001-W01": latest}, case.book.branches, case.book.entries)


def other_total(how: str) -> Change:
    def change(book: oracle.Book) -> None:
        for scheme in book.schemes.values():
            if scheme.get("period_total", "sum") == how:
                scheme["period_total"] = "mean" if how == "sum" else "sum"

    return lambda case: changed(case, change)


def rows_without(rows: str, *fields: str) -> Change:
    """`rows` is members, cps or groups, or empty for the branches themselves."""

    def change(book: oracle.Book) -> None:
        for branch in book.branches:
            for row in branch[rows] if rows else [branch]:
                for field in fields:
                    row.pop(field, None)

    return lambda case: changed(case, change)


def only_first_stays(case: books.Case) -> oracle.Book:
    """As if nobody ever moved: the stays in the branch of the first one alone."""

    def change(book: oracle.Book) -> None:
        homes: dict[str, tuple[str, str]] = {}
        for branch in book.branches:
            for stay in branch["members"]:
                here = (stay.get("since", ""), branch["id"])
                homes[stay["id"]] = min(homes.get(stay["id"], here), here)
        for branch in book.branches:
            branch["members"] = [m for m in branch["members"] if homes[m["id"]][1] == branch["id"]]

    return changed(case, change)


def first_statuses(case: books.Case) -> oracle.Book:
    def change(book: oracle.Book) -> None:
        stays = [stay for branch in book.branches for stay in branch["members"]]
        first: dict[str, str] = {}
        for stay in sorted(stays, key=lambda s: s.get("since", "")):
            first.setdefault(stay["id"], stay.get("status", "full"))
            stay["status"] = first[stay["id"]]

    return changed(case, change)


def no_second_places(rows: str) -> Change:
    """As if a group (or CP) that moves had ended."""

    def change(book: oracle.Book) -> None:
        for branch in book.branches:
            branch[rows] = [
                row
                for row in branch[rows]
                if not ("since" in row and row["id"] in moved_rows(book, rows))
            ]

    return lambda case: changed(case, change)


def moved_rows(book: oracle.Book, rows: str) -> set[str]:
    found = Counter(row["id"] for branch in book.branches for row in branch[rows])
    return {key for key, places in found.items() if places > 1}


def two_leads(case: books.Case) -> oracle.Book:
    def change(book: oracle.Book) -> None:
        for branch in book.branches:
            for cp in branch["cps"]:
                cp["members"] = dict(list(cp["members"].items())[:2])

    return changed(case, change)


def leads_at_home(case: books.Case) -> oracle.Book:
    def change(book: oracle.Book) -> None:
        for branch in book.branches:
            people = {member["id"] for member in branch["members"]}
            for cp in branch["cps"]:
                cp["members"] = {r: m for r, m in cp["members"].items() if m in people}

    return changed(case, change)


def for_everyone(case: books.Case) -> oracle.Book:
    def change(book: oracle.Book) -> None:
        for scheme in book.schemes.values():
            for criterion in scheme["criteria"]:
                criterion["applies_to"] = ["member", "cp", "branch"]

    return changed(case, change)


def wide_limits(*of: str) -> Change:
    def change(book: oracle.Book) -> None:
        for scheme in book.schemes.values():
            for limits in [scheme["total"]] if "total" in of else scheme["criteria"]:
                low = -9999 if "min" in of else limits["min"]
                limits.update(min=low, max=9999 if "max" in of else limits["max"])

    return lambda case: changed(case, change)


FEATURES: dict[str, Change] = {
    "two schemes in one period": one_scheme,
    "people who move": only_first_stays,
    "statuses that change": first_statuses,
    "ineligible statuses": scheme_without("eligible"),
    "exemptions": no_exemptions,
    "weeks not assessed": every_branch_assessed,
    "min_weeks": scheme_without("min_weeks"),
    "branches that begin": rows_without("", "since"),
    "branches that end": rows_without("", "until"),
    "CPs that end": rows_without("cps", "since", "until"),
    "CPs that move": no_second_places("cps"),
    "CPs of more than two": two_leads,
    "CPs over branches": leads_at_home,
    "groups that end": rows_without("groups", "since", "until"),
    "groups that move": no_second_places("groups"),
    "voids of assessed": voids_of("assessed"),
    "voids of scores": voids_of("score"),
    "voids of exemptions": voids_of("exempt"),
    "voids of voids": obeying_voids_of_voids,
    "voids from another branch": obeying_voids_from("branch"),
    "voids from another week": obeying_voids_from("week"),
    "entries from another branch": scores_from_elsewhere,
    "criteria for some kinds only": for_everyone,
    "fixed points": scores_on("fixed"),
    "points of a list": scores_on("list"),
    "points within a range": scores_on("range"),
    "points per count": scores_on("count"),
    "points per day": scores_on("day"),
    "direct scores": scores_on("direct"),
    "two direct scores": one_direct_score_each,
    "veto: criterion": scores_on("veto criterion"),
    "veto: total": scores_on("veto total"),
    "veto: total_at_most": scores_on("veto total_at_most"),
    "caps": items_without("cap"),
    "only_highest": items_without("only_highest"),
    "excludes": excludes_only(across=False),
    "excludes of another criterion": excludes_only(across=True),
    "a criterion's min": wide_limits("min"),
    "a criterion's max": wide_limits("max"),
    "the total's min": wide_limits("total", "min"),
    "the total's max": wide_limits("total", "max"),
    "period_total: sum": other_total("sum"),
    "period_total: mean": other_total("mean"),
    "rollup weights": scheme_without("rollup"),
    "grades": scheme_without("grades"),
    "alerts": scheme_without("alerts"),
}


# Rules misread


def maxima_never(scheme: dict, kind: str, total: int) -> Fraction | None:
    whole = sum(oracle.hundredths(c["base"]) for c in oracle.applying(scheme, kind))
    return Fraction(total * 10000, whole) if whole else None


def always_something(scheme: dict, kind: str, total: int) -> Fraction | None:
    found = oracle_scaled(scheme, kind, total)
    return Fraction(total) if found is None and oracle.applying(scheme, kind) else found


def bankers(number: Fraction) -> int:
    return round(number)


oracle_scaled = oracle.scaled
MISREADINGS = {
    "schemes without bases": ("scaled", maxima_never),
    "schemes without bases and maxima": ("scaled", always_something),
    "halves": ("half_up", bankers),
    "a total veto is always warn": (
        "alert_of",
        lambda scheme, mean, veto, own=oracle.alert_of: own(scheme, mean, False),
    ),
}


# What occurs


def occurring(case: books.Case, answer: dict) -> Iterator[str]:
    """Names of what a case has, beyond the features that are taken away."""
    standings = answer["standings"]
    kinds = {entry["id"]: entry["kind"] for entry in case.book.entries}
    for entry in case.book.entries:
        if entry["kind"] == "void":
            yield f"void of {kinds.get(entry['entry'], 'nothing')}"
        if entry["branch"] == books.GONE:
            yield "an unknown branch"
    if len(standings) > 1:
        yield f"by {case.by}"
        if any(standing["weeks"] > 1 for standing in standings):
            yield (
                "range"
                if ".." in case.period
                else {4: "year", 7: "month or quarter"}.get(len(case.period), "week")
            )
            if "Q" in case.period:
                yield "quarter"
            elif "W" not in case.period and len(case.period) == 7:
                yield "month"
        if case.branch:
            yield f"--branch, by {case.by}"
        if case.criterion:
            yield f"--criterion, by {case.by}"
        if len({standing["rank"] for standing in standings}) < len(standings):
            yield "shared places"
        if any(standing["moved"] for standing in standings):
            yield f"moved, by {case.by}"
    for standing in standings:
        yield f"grade {standing['grade'] is not None}"
        yield f"alert {standing['alert']}"
    for line in answer["unranked"]:
        yield f"{line['reason']}, by {case.by}"
    yield f"provisional {answer['provisional']}"


KINDS = ["member", "cp", "branch", "group", "unit", "post"]
OCCURRING = [
    *(f"void of {kind}" for kind in ("assessed", "score", "exempt", "void", "task", "remedy")),
    "void of nothing",
    "an unknown branch",
    *(f"by {kind}" for kind in KINDS),
    *("range", "month", "quarter", "year"),
    *(f"moved, by {kind}" for kind in KINDS),
    *(f"--branch, by {kind}" for kind in ("member", "cp", "group")),
    *(f"--criterion, by {kind}" for kind in KINDS),
    "shared places",
    *("grade True", "grade False", "alert watch", "alert warn", "alert None"),
    *(f"exempt, by {kind}" for kind in ("member", "cp", "branch")),
    *(f"unscored, by {kind}" for kind in KINDS),
    "ineligible, by member",
    *(f"too-few-weeks, by {kind}" for kind in KINDS),
    *("provisional True", "provisional False"),
]


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    """In how many of so many books, the same ones every time, each feature matters or occurs."""
    found: Counter[str] = Counter()

    @seed(7)
    @settings(
        max_examples=500,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(books.cases())
    def count(case: books.Case) -> None:
        asked = {"by": case.by, "branch": case.branch, "criterion": case.criterion}
        answer = oracle.rank(case.book, case.period, **asked)
        found.update(set(occurring(case, answer)))
        for name, change in FEATURES.items():
            if found[name] < ENOUGH:
                other = change(case)
                if other is not None and other != case.book:
                    found[name] += oracle.rank(other, case.period, **asked) != answer
        for name, (rule, misread) in MISREADINGS.items():
            if found[name] < ENOUGH:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(oracle, rule, misread)
                    found[name] += oracle.rank(case.book, case.period, **asked) != answer

    count()
    return found


@pytest.mark.parametrize("feature", [*FEATURES, *MISREADINGS, *OCCURRING])
def test_random_books_have(feature: str, counted: Counter[str]) -> None:
    assert counted[feature] >= ENOUGH

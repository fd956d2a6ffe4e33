"""Red and black lists: the names by a book's policy, who is missing, and what put each there."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from qibi.base import points
from qibi.base import weeks as wk
from qibi.base.weeks import Period
from qibi.book.definitions import Black, Definitions, ListPolicy, Red, Scheme
from qibi.scoring.account import Account, Behind, material
from qibi.scoring.policies import policies
from qibi.scoring.ranking import Ranking, Standing, Unranked
from qibi.scoring.rules import OWN_KINDS

UNSEEN = ("unscored", "too-few-weeks")  # reasons for having no place that spare nobody


class Cause(msgspec.Struct, frozen=True):
    """What an item (or directly scored criterion) of someone did to a total.

    `points` are the hundredths credited to `subject` for it; `effect` what that moved the rolled-up
    total by, in hundredths, before any limit of a criterion or total held it.
    """

    subject: str
    thing: str
    points: int
    veto: bool
    effect: Fraction


class Lists(msgspec.Struct, frozen=True):
    """The lists of one kind of subject. Best first on red, worst last on black."""

    kind: str
    policy: ListPolicy
    ranking: Ranking
    red: tuple[Standing, ...]
    black: tuple[Standing, ...]
    missing: tuple[Unranked, ...]
    causes: dict[str, tuple[Cause, ...]]  # of each name on the lists; the weightiest first


def red_list(ranking: Ranking, policy: Red | None) -> tuple[Standing, ...]:
    """Whom the red list names: a tie across its cut is wholly off it.

    The limit goes by the mean of the weeks, as grades and alerts do; in one week that is the total.
    """
    if policy is None:
        return ()
    ascending = sorted(s.total for s in ranking.standings)
    room = red_room(policy, len(ascending))
    return tuple(
        s
        for s in ranking.standings
        if (policy.at_least is None or s.mean >= policy.at_least)
        and len(ascending) - bisect_left(ascending, s.total) <= room  # so many have as much
    )


def red_room(policy: Red, ranked: int) -> int:
    """How many names fit on the red list: its places, at most floor(share x ranked)."""
    if policy.share is None:
        return policy.top
    above, below = policy.share
    return min(policy.top, above * ranked // below)


def black_list(ranking: Ranking, policy: Black | None) -> tuple[Standing, ...]:
    """Whom the black list names: a tie across its cut is wholly on it.

    Who has no place, as the exempt have none, is never on it. The limit goes by the mean, as on red.
    """
    if policy is None:
        return ()
    ascending = sorted(s.total for s in ranking.standings)
    return tuple(
        s
        for s in ranking.standings
        if (policy.below is None or s.mean < policy.below)
        and bisect_left(ascending, s.total) < policy.bottom  # so many have less
    )


def missing(ranking: Ranking) -> tuple[Unranked, ...]:
    """Who is on no list only because their weeks were not submitted, or too few of them."""
    return tuple(u for u in ranking.unranked if u.reason in UNSEEN)


def remedy_due(policy: ListPolicy, week: str) -> date | None:
    """The day by which whoever is on the black list of a week has to correct it; None where none is."""
    if policy.black is None or policy.black.remedy_due is None:
        return None
    return wk.sunday(week) + timedelta(days=policy.black.remedy_due)


def lists_of(
    root: Path,
    definitions: Definitions,
    period: Period,
    cache: Path | None = None,
) -> dict[str, Lists]:
    """Kind: the lists that the policy of a period makes. Of one closed week: those read out, no others.

    Raises `Faults` where the ledger or the seal of a week that it needs is damaged.
    """
    named = policies(root, definitions, period)
    if not named:
        return {}
    of_period = material(root, definitions, period, cache)
    return {kind: lists_from(of_period.behind(kind), policy) for kind, policy in named.items()}


def lists_from(behind: Behind, policy: ListPolicy) -> Lists:
    """The lists that a policy makes of a ranking."""
    red = red_list(behind.ranking, policy.red)
    black = black_list(behind.ranking, policy.black)
    wanted = {s.subject: 1 for s in red} | {s.subject: -1 for s in black}
    return Lists(
        behind.ranking.question.by,
        policy,
        behind.ranking,
        red,
        black,
        missing(behind.ranking),
        causes(behind, wanted),
    )


def as_plain(definitions: Definitions, lists: Lists) -> dict[str, Any]:
    """The lists as plain values, points as the numbers that people read."""

    def named(standing: Standing) -> dict[str, Any]:
        return {
            "rank": standing.rank,
            "moved": standing.moved,
            "subject": standing.subject,
            "name": definitions.title(standing.subject),
            "branch": standing.branch,
            "total": points.to_number(standing.total),
            "items": [
                {
                    "subject": c.subject,
                    "name": definitions.title(c.subject),
                    "item": c.thing,
                    "points": points.to_number(c.points),
                    "veto": c.veto,
                }
                for c in lists.causes[standing.subject]
            ],
        }

    return {
        "provisional": lists.ranking.provisional,
        "red": [named(s) for s in lists.red],
        "black": [named(s) for s in lists.black],
        "missing": [
            {
                "subject": u.subject,
                "name": definitions.title(u.subject),
                "branch": u.branch,
                "reason": u.reason,
            }
            for u in lists.missing
        ],
    }


def causes(behind: Behind, wanted: dict[str, int]) -> dict[str, tuple[Cause, ...]]:
    """Subject: what raised its total (where `wanted` says 1) or lowered it (-1), over the period.

    Its own items and those of its members, each weighed as the rollup weighs it.
    """
    sums: dict[str, dict[tuple[str, str], Cause]] = {key: {} for key in wanted}
    for week in behind.ranking.question.period.weeks if wanted else ():
        accounts = behind.accounts(week)
        for key, parts in _parts(behind, week, accounts, wanted).items():
            for account, factor in parts:
                for cause in _of_account(account, factor):
                    place = (cause.subject, cause.thing)
                    sums[key][place] = _added(sums[key].get(place), cause)
    return {
        key: tuple(
            sorted(
                (c for c in sums[key].values() if c.effect * sign > 0),
                key=lambda c, key=key: (-abs(c.effect), c.subject != key, c.subject, c.thing),  # type: ignore[misc]  # mypy and the default
            )
        )
        for key, sign in wanted.items()
    }


def _added(one: Cause | None, other: Cause) -> Cause:
    if one is None:
        return other
    return Cause(
        one.subject,
        one.thing,
        one.points + other.points,
        one.veto or other.veto,
        one.effect + other.effect,
    )


def _parts(
    behind: Behind, week: str, accounts: dict[str, Account], wanted: Iterable[str]
) -> dict[str, list[tuple[Account, Fraction]]]:
    """Subject: the accounts that its total of a week is made of, and what a point of each weighs."""
    scheme = behind.definitions.scheme(week)
    by = behind.ranking.question.by
    if scheme is None:
        return {}
    if by == "member":
        return {key: [(accounts[key], Fraction(1))] for key in wanted if key in accounts}
    own_base, members_base = behind.rules.scales(scheme)
    own_weight, members_weight = behind.rules.weights(scheme)
    members = {
        key: [m for m in belonging if m in accounts and _is_eligible(behind, week, scheme, m)]
        for key, (_branch, belonging) in behind.rules.members(week).items()
    }
    made = {}
    for key in wanted:
        if by in OWN_KINDS and key not in accounts:
            continue  # not assessed: the week is not in its total
        own = own_weight if key in accounts and own_base else 0
        theirs = members_weight if members.get(key) and members_base else 0
        parts = []
        if own:
            parts.append((accounts[key], Fraction(own, own + theirs) * 10000 / own_base))
        for member in members[key] if theirs else ():
            share = Fraction(theirs, (own + theirs) * len(members[key]))
            parts.append((accounts[member], share * 10000 / members_base))
        made[key] = parts
    return made


def _is_eligible(behind: Behind, week: str, scheme: Scheme, member: str) -> bool:
    membership = behind.definitions.membership(member, week)
    return membership is not None and membership.status in scheme.eligible


def _of_account(account: Account, factor: Fraction) -> Iterable[Cause]:
    """What moved a week's total from its base: items, vetoes, direct scores."""
    for item in account.items:
        vetoed = _lost_by_veto(account, item.item)
        if item.credit or vetoed:
            effect = factor * (item.credit + vetoed)
            yield Cause(account.subject, item.item, item.credit, vetoed != 0, effect)
    for criterion in account.criteria:
        gained = criterion.credit - criterion.base
        if criterion.direct and gained:
            yield Cause(account.subject, criterion.criterion, gained, False, factor * gained)


def _lost_by_veto(account: Account, key: str) -> int:
    """What the vetoes of an item took from the week's total (hundredths, not above 0)."""
    item = account.item(key)
    lost = 0
    if item is None:
        return lost
    if item.veto_total is not None or item.veto_at_most is not None:
        lost += account.total - account.held
    for criterion in account.criteria:
        if criterion.criterion == item.criterion and item.veto_criterion is not None:
            kept = max(criterion.low, min(criterion.high, criterion.raw))
            lost += min(criterion.credit - kept, 0)
    return lost

"""List policies: they belong to no week, so a seal holds the one by which its lists were read out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qibi.base import points
from qibi.base.findings import Faults, Finding
from qibi.base.language import _
from qibi.base.weeks import Period
from qibi.book.definitions import Black, Definitions, ListPolicy, Red
from qibi.ledger.seals import parse_whole, seal_of


def policies(root: Path, definitions: Definitions, period: Period) -> dict[str, ListPolicy]:
    """Kind: the policy of a period. Of one closed week it is its seal's, with today's days for remedies.

    Raises `Faults` where the seal is damaged.
    """
    sealed = seal_of(root, period.weeks[0]) if len(period.weeks) == 1 else None
    if sealed is None:
        return dict(definitions.lists)
    try:
        whole = parse_whole((root / sealed.path).read_bytes())
        read_out = {kind: policy_of(found["policy"]) for kind, found in whole["lists"].items()}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        message = _("its lists can't be read: {reason}").format(reason=error)
        raise Faults([Finding(sealed.path, message=message, code="seal")]) from None
    return {
        kind: _with_due(policy, definitions.lists.get(kind)) for kind, policy in read_out.items()
    }


def _with_due(policy: ListPolicy, present: ListPolicy | None) -> ListPolicy:
    if policy.black is None or present is None or present.black is None:
        return policy
    black = Black(policy.black.bottom, policy.black.below, present.black.remedy_due)
    return ListPolicy(policy.red, black)


def plain_policy(policy: ListPolicy) -> dict[str, Any]:
    """A policy as a seal keeps it, points as the numbers that people read."""
    plain: dict[str, Any] = {}
    if policy.red:
        plain["red"] = {
            "top": policy.red.top,
            "at_least": _number(policy.red.at_least),
            "share": list(policy.red.share) if policy.red.share else None,
        }
    if policy.black:
        plain["black"] = {"bottom": policy.black.bottom, "below": _number(policy.black.below)}
    return plain


def policy_of(plain: Mapping[str, Any]) -> ListPolicy:
    """The policy that a seal keeps; raises KeyError, TypeError or ValueError where it is none."""
    red, black = plain.get("red"), plain.get("black")
    return ListPolicy(
        Red(
            int(red["top"]),
            _hundredths(red["at_least"]),
            (int(red["share"][0]), int(red["share"][1])) if red["share"] else None,
        )
        if red
        else None,
        Black(int(black["bottom"]), _hundredths(black["below"]), None) if black else None,
    )


def _number(hundredths: int | None) -> int | float | None:
    return None if hundredths is None else points.to_number(hundredths)


def _hundredths(number: int | float | None) -> int | None:
    return None if number is None else points.from_number(number)

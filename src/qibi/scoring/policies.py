"""List policies: they belong to no week, so a seal holds the one by which its lists were read out."""

from pathlib import Path
from typing import Any

import msgspec

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
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
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


class _PlainRed(msgspec.Struct, forbid_unknown_fields=True):
    top: int
    at_least: int | float | None
    share: tuple[int, int] | None


class _PlainBlack(msgspec.Struct, forbid_unknown_fields=True):
    bottom: int
    below: int | float | None


class _Plain(msgspec.Struct, forbid_unknown_fields=True):
    red: _PlainRed | None = None
    black: _PlainBlack | None = None


def policy_of(plain: Any) -> ListPolicy:
    """The policy that a seal keeps; raises ValueError where it is none that qibi.yaml could hold."""
    try:
        found = msgspec.convert(plain, _Plain)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    red, black = found.red, found.black
    if (red and red.top < 1) or (black and black.bottom < 1):
        raise ValueError(_("a list of fewer than one"))
    if red and red.share and not 0 < red.share[0] <= red.share[1]:
        raise ValueError(_("a share that is not between 0 and 1"))
    return ListPolicy(
        Red(red.top, _hundredths(red.at_least), red.share) if red else None,
        Black(black.bottom, _hundredths(black.below), None) if black else None,
    )


def _number(hundredths: int | None) -> int | float | None:
    return None if hundredths is None else points.to_number(hundredths)


def _hundredths(number: int | float | None) -> int | None:
    if number is None:
        return None
    found = points.from_number(number)
    if found is None:
        raise ValueError(_("a limit with more than two decimals, or too large"))
    return found

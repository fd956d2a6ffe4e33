"""What standings and lists are said in: places, how they moved, alerts, why a name is on a list."""

from qibi.base import points
from qibi.base.language import _, aside, listing
from qibi.book import words
from qibi.book.definitions import Definitions, ListPolicy, Scheme
from qibi.scoring.lists import Cause, Lists, red_room


def moved(value: int | None) -> str:
    """`+3`, `-2`, `=`; `-` where there was no rank before."""
    if value is None:
        return "-"
    return f"{value:+d}" if value else "="


def alert_word(scheme: Scheme | None, alert: str | None, mean: int | None = None) -> str:
    """`watch (below 95)`; with the mean (hundredths) of one not below it, `alarm (veto)`."""
    if scheme is None or alert is None:
        return ""
    limit = scheme.watch if alert == "watch" else scheme.warn
    name = _("watch") if alert == "watch" else _("alarm")
    if limit is None or (mean is not None and mean >= limit):
        return name if mean is None else name + aside(_("veto"))
    return _("{alert} (below {limit})").format(alert=name, limit=points.show(limit))


def place_within(definitions: Definitions, rank: int, count: int) -> str:
    """A place within a branch, in the book's own word for it."""
    word = definitions.word("branch", _("branch"))
    return _("place {rank} of {count} in the {branch}").format(rank=rank, count=count, branch=word)


def list_rule(policy: ListPolicy, name: str, ranked: int) -> str | None:
    """The policy of a list in a few words; None where the book has no such list."""
    if name == "red" and policy.red:
        red = policy.red
        parts = [_("among the first {count}").format(count=red.top)]
        if red.at_least is not None:
            parts.append(_("{points} points or more").format(points=points.show(red.at_least)))
        if red.share and ranked:  # before anyone is ranked there is nothing to have a share of
            room = red_room(red, ranked)
            parts.append(_("at most {count} of {ranked} names").format(count=room, ranked=ranked))
        return listing(parts)
    if name == "black" and policy.black:
        black = policy.black
        parts = [_("among the last {count}").format(count=black.bottom)]
        if black.below is not None:
            parts.append(_("below {points} points").format(points=points.show(black.below)))
        return listing(parts)
    return None


def cause(definitions: Definitions, listed: Lists, subject: str, which: Cause) -> str:
    """An item behind a name, with the member where it is a member's."""
    owner = "" if which.subject == subject else definitions.title(which.subject) + " "
    name = words.thing(listed.ranking.scheme, which.thing)
    return f"{owner}{name}" + (aside(_("veto")) if which.veto else "")

"""What status says of warnings: how many stand, and each event that may have been recorded twice."""

from collections.abc import Set
from dataclasses import replace

from qibi.base import points
from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.checks.policy import Place, doubles
from qibi.checks.registry import WARNINGS
from qibi.checks.seals import chain_of
from qibi.checks.survey import Survey
from qibi.cli import phrases
from qibi.cli.session import Session
from qibi.cli.view import View
from qibi.ledger.batches import batch_names
from qibi.ledger.seals import accepted_warnings

Accepted = Set[tuple[str, str, int]]  # check, path, line
Doubles = list[tuple[Place, Place]]


def accepted_by_seals(now: Session) -> Accepted:
    """The warnings that stood when their week was closed, or corrected."""
    return accepted_warnings(chain_of(now.root)[0])


def standing(survey: Survey, accepted: Accepted) -> list[Finding]:
    """The warnings that no seal has accepted, as `qibi check` gives them."""
    found = [replace(f, code=check.code) for check in WARNINGS for f in check.function(survey)]
    return [w for w in found if (w.code, w.path, w.line) not in accepted]


def doubles_of(survey: Survey, accepted: Accepted) -> Doubles:
    """The same of what may have been recorded twice, as in two clones: both entries."""
    return [
        pair
        for pair in doubles(survey)
        if ("possible-double", pair[1][0].path, pair[1][1]) not in accepted
    ]


def as_json(found: Doubles) -> list[dict[str, str]]:
    """The same for programs."""
    return [{"entry": key, "same_as": other} for (_b, _n, other, _e), (_c, _m, key, _f) in found]


def show_doubles(view: View, now: Session, found: Doubles) -> None:
    """Name both entries of each pair, and the command that voids one."""
    if not found:
        return
    view.line()
    view.line(_("possible doubles: two batches say the same"), "yellow")
    weeks = {e.week for _one, (_there, _line, _key, e) in found}
    digests = {name.rsplit("-", 1)[1][:16] for w in weeks for name in batch_names(now.root, w)}
    short = phrases.short_ids((place[2] for pair in found for place in pair), digests)
    for (_batch, _number, other, _entry), (_there, _line, key, e) in found:
        scheme = now.definitions.scheme(e.week)
        named = scheme and (scheme.item(e.item) or scheme.criterion(e.item))
        text = f"  {now.definitions.title(e.subject)}  {named.name if named else e.item} {points.signed(e.hundredths)}"
        if e.note:
            text += f" ({e.note})"
        view.line(text)
        view.line(
            _("    {other} and {key}; if it is one event: qibi void {key}").format(
                other=short[other], key=short[key]
            )
        )

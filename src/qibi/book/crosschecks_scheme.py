"""Whether a scheme holds together: its numbers, its references within itself, and when it begins."""

from collections.abc import Iterator
from typing import Any

from qibi.base.findings import Finding
from qibi.base.language import _, listing
from qibi.book.files import Files, Read
from qibi.book.yaml import Loc


def scheme_gaps(files: Files) -> Iterator[Finding]:
    """Some scheme is in force from the first week in which a branch, a member or a CP is named."""
    if (
        not files.schemes
        or files.broken("scheme")
        or any(p.startswith("scheme/") for p in files.invalid)
    ):
        return
    first = min(r.stem for r in files.schemes)
    message = _(
        "begins in {since}, but the first scheme is in force from {first}; date a scheme earlier"
    )
    for read in files.branches:
        rows: list[tuple[Loc, Any]] = [((), read.model)]
        for name in ("members", "cps"):
            rows += [((name, n), row) for n, row in enumerate(getattr(read.model, name))]
        for loc, row in rows:
            if row.since and row.since < first:
                yield read.finding(
                    (*loc, "since"), message.format(since=row.since, first=first), "scheme-gap"
                )


def scheme_numbers(files: Files) -> Iterator[Finding]:
    """Bases, limits, points, caps, vetoes, grades, alerts and weights fit together."""
    for read in files.schemes:
        scheme = read.model
        if scheme.total.min > scheme.total.max:
            yield read.finding(("total",), _("min is above max; swap them"), "limits")
        scorers = {s.id for s in scheme.scorers}
        items = {f"{c.id}.{i.id}" for c in scheme.criteria for i in c.items}
        for number, criterion in enumerate(scheme.criteria):
            yield from _criterion(read, ("criteria", number), criterion, scorers, items)
        yield from _grades(read, scheme)
        for kind in ("branch", "cp"):
            weights = getattr(scheme.rollup, kind)
            if weights and weights.own + weights.members == 0:
                message = _("both weights are 0; give own or members a weight")
                yield read.finding(("rollup", kind), message, "rollup")


def _criterion(
    read: Read, at: Loc, criterion: Any, scorers: set[str], items: set[str]
) -> Iterator[Finding]:
    if criterion.min > criterion.max:
        yield read.finding((*at, "min"), _("min is above max; swap them"), "limits")
    elif not criterion.min <= criterion.base <= criterion.max:
        yield read.finding(
            (*at, "base"), _("base is outside min and max; mend one of them"), "limits"
        )
    if criterion.scoring == "direct" and criterion.items:
        message = _("scoring: direct takes no items; delete one of the two")
        yield read.finding((*at, "items"), message, "scoring")
    if criterion.scoring != "direct" and not criterion.items:
        message = _("no items and not scored directly; add items, or scoring: direct")
        yield read.finding(at, message, "scoring")
    if criterion.scoring != "direct" and criterion.judges:
        message = _("judges goes with scoring: direct; delete it, or score the criterion directly")
        yield read.finding((*at, "judges"), message, "scoring")
    if criterion.scorer and criterion.scorer not in scorers:
        yield read.unknown((*at, "scorer"), _("unknown scorer '{key}'"), criterion.scorer, scorers)
    for number, item in enumerate(criterion.items):
        yield from _item(read, (*at, "items", number), criterion.id, item, scorers, items)


def _item(
    read: Read, at: Loc, criterion: str, item: Any, scorers: set[str], items: set[str]
) -> Iterator[Finding]:
    if item.scorer and item.scorer not in scorers:
        yield read.unknown((*at, "scorer"), _("unknown scorer '{key}'"), item.scorer, scorers)
    for index, excluded in enumerate(item.excludes):
        whole = excluded if "." in excluded else f"{criterion}.{excluded}"
        loc = (*at, "excludes", index)
        if whole == f"{criterion}.{item.id}":
            yield read.finding(loc, _("an item can't exclude itself"), "excludes")
        elif whole not in items:
            known = {i.removeprefix(f"{criterion}.") for i in items}
            yield read.unknown(loc, _("unknown item '{key}'"), excluded, known)
    if hasattr(item.points, "lowest"):
        worth = [item.points.lowest, item.points.highest]
        if worth[0] > worth[1]:
            yield read.finding((*at, "points"), _("from is above to; swap them"), "limits")
    else:
        worth = item.points if isinstance(item.points, list) else [item.points]
    if item.cap is not None:
        wrong = any(p * item.cap < 0 for p in worth) or (item.cap == 0 and any(worth))
        if wrong:
            message = _("cap {cap} has not the sign of the points ({points}); change its sign")
            shown = listing([str(p) for p in worth])
            yield read.finding((*at, "cap"), message.format(cap=item.cap, points=shown), "cap-sign")


def _grades(read: Read, scheme: Any) -> Iterator[Finding]:
    seen: dict[Any, str] = {}
    for number, grade in enumerate(scheme.grades):
        if grade.lowest in seen:
            message = _("'{other}' begins at {lowest} too; two grades can't begin at one number")
            yield read.finding(
                ("grades", number, "from"),
                message.format(other=seen[grade.lowest], lowest=grade.lowest),
                "grades",
            )
        seen[grade.lowest] = grade.id
        if grade.lowest > scheme.total.max:
            message = _("begins at {lowest}, above the highest total {max}; nobody can reach it")
            yield read.finding(
                ("grades", number, "from"),
                message.format(lowest=grade.lowest, max=scheme.total.max),
                "grades",
            )
    watch, warn = scheme.alerts.watch, scheme.alerts.warn
    if watch is not None and warn is not None and warn > watch:
        message = _("warn ({warn}) is above watch ({watch}); swap them")
        yield read.finding(("alerts", "warn"), message.format(warn=warn, watch=watch), "alerts")

"""A scheme taken apart into named facets, each as a plain value and in words.

The rule sheet, its JSON and the difference between two versions are all made of these, so what is
printed is what is compared, and both are what is computed with.
"""

from dataclasses import dataclass
from typing import Any

from qibi.base import points
from qibi.base.language import _, clauses, listing
from qibi.book.definitions import Criterion, Definitions, Item, Label, ListPolicy, Scheme
from qibi.cli import phrases
from qibi.ledger.pricing import price_text


@dataclass(frozen=True)
class Facet:
    """One property: `value` as JSON, `text` for people. Without a label it is for JSON only."""

    key: str
    label: str
    value: Any
    text: str


def named(name: Label) -> Facet:
    """A name; its value has both languages."""
    return Facet("name", _("wording"), _both(name), str(name))


def _both(name: Label) -> dict[str, str]:
    return {"zh": name.zh, "en": name.en}


def frame(definitions: Definitions, scheme: Scheme) -> list[Facet]:
    """The scheme's own properties: limits, how weeks add up, who is ranked, grades, weights."""
    mean = scheme.period_total == "mean"
    said = _("a period is the mean of its weeks") if mean else _("a period is the sum of its weeks")
    return [
        named(scheme.name),
        Facet(
            "total",
            _("week total"),
            _limits(scheme.total_min, scheme.total_max),
            _within(scheme.total_min, scheme.total_max),
        ),
        _base(definitions, scheme),
        Facet("period_total", _("several weeks"), scheme.period_total, said),
        _min_weeks(scheme),
        _eligible(scheme),
        _second_from(scheme),
        Facet(
            "grades",
            _("grades"),
            [
                {"id": g.id, "name": _both(g.name), "from": points.to_number(g.lowest)}
                for g in scheme.grades
            ],
            listing(
                [
                    _("{grade} from {points}").format(grade=g.name, points=points.show(g.lowest))
                    for g in scheme.grades
                ]
            ),
        ),
        Facet(
            "alerts",
            _("alerts"),
            {"watch": _number(scheme.watch), "warn": _number(scheme.warn)},
            clauses(
                [
                    phrases.alert_word(scheme, alert)
                    for alert, limit in (("watch", scheme.watch), ("warn", scheme.warn))
                    if limit is not None
                ]
            ),
        ),
        _rollup(definitions, scheme),
        Facet(
            "scorers",
            _("scorers"),
            [{"id": s.id, "name": _both(s.name)} for s in scheme.scorers],
            listing([str(s.name) for s in scheme.scorers]),
        ),
    ]


def _base(definitions: Definitions, scheme: Scheme) -> Facet:
    bases = {
        kind: sum(c.base for c in scheme.criteria if kind in c.applies_to)
        for kind in ("member", "cp", "branch")
        if any(kind in c.applies_to for c in scheme.criteria)
    }
    text = listing(
        [f"{phrases.kind(definitions, kind)} {points.show(b)}" for kind, b in bases.items()]
    )
    value = {kind: points.to_number(b) for kind, b in bases.items()}
    return Facet("base", _("base points"), value, text)


def _min_weeks(scheme: Scheme) -> Facet:
    part, whole = scheme.min_weeks
    text = _("at least {share} of the assessed weeks").format(share=_percent(part, whole))
    return Facet("min_weeks", _("for a place"), part / whole, text if part else "")


def _percent(part: int, whole: int) -> str:
    """A share in percent, rounded half up to hundredths: `33.33%`."""
    return points.show((2 * 10000 * part + whole) // (2 * whole)) + "%"


def _eligible(scheme: Scheme) -> Facet:
    said = {
        "full": _("full"),
        "probationary": _("probationary"),
        "activist": _("activist"),
        "staff": _("staff"),
    }
    every = set(scheme.eligible) == set(said)
    text = _("everyone") if every else listing([said[s] for s in scheme.eligible])
    return Facet("eligible", _("ranked are"), list(scheme.eligible), text)


def _second_from(scheme: Scheme) -> Facet:
    limit = scheme.second_from
    text = _("an entry of {points} points or more names who approved it")
    said = text.format(points=points.show(limit)) if limit is not None else ""
    return Facet("second_from", _("second person"), _number(limit), said)


def _rollup(definitions: Definitions, scheme: Scheme) -> Facet:
    text = _("{kind}: own {own}, members {members}")
    return Facet(
        "rollup",
        _("weights"),
        {
            kind: {"own": points.to_number(own), "members": points.to_number(members)}
            for kind, (own, members) in scheme.rollup.items()
        },
        clauses(
            [
                text.format(
                    kind=phrases.kind(definitions, kind),
                    own=points.show(own),
                    members=points.show(members),
                )
                for kind, (own, members) in scheme.rollup.items()
            ]
        ),
    )


def lists(definitions: Definitions) -> list[Facet]:
    """The book's policy for red and black lists; it stands in qibi.yaml and has no versions."""
    found = []
    for kind, policy in definitions.lists.items():
        for key, text in (("red", _red(policy)), ("black", _black(policy))):
            if text:
                word = definitions.word(key, _("red list") if key == "red" else _("black list"))
                found.append(Facet(f"{kind}.{key}", word, None, _of(definitions, kind, text)))
    return found


def _of(definitions: Definitions, kind: str, text: str) -> str:
    return clauses([phrases.kind(definitions, kind), text])


def _red(policy: ListPolicy) -> str:
    red = policy.red
    if red is None:
        return ""
    parts = [_("among the top {count}").format(count=red.top)]
    if red.at_least is not None:
        parts.append(_("{points} or more").format(points=points.show(red.at_least)))
    if red.share:
        parts.append(_("at most {share} of those ranked").format(share=_percent(*red.share)))
    return listing(parts)


def _black(policy: ListPolicy) -> str:
    black = policy.black
    if black is None:
        return ""
    parts = [_("among the bottom {count}").format(count=black.bottom)]
    if black.below is not None:
        parts.append(_("below {points}").format(points=points.show(black.below)))
    if black.remedy_due is not None:
        parts.append(_("remedy due within {days} days").format(days=black.remedy_due))
    return listing(parts)


def criterion(definitions: Definitions, scheme: Scheme, of: Criterion) -> list[Facet]:
    """A criterion's own properties."""
    return [
        named(of.name),
        Facet("base", _("base"), points.to_number(of.base), points.show(of.base)),
        Facet("limits", _("limits"), _limits(of.min, of.max), _within(of.min, of.max)),
        Facet(
            "applies_to",
            _("applies to"),
            list(of.applies_to),
            listing([phrases.kind(definitions, kind) for kind in of.applies_to]),
        ),
        Facet(
            "scoring",
            _("scoring"),
            "direct" if of.direct else "items",
            _("the scorer gives the score itself") if of.direct else _("by items"),
        ),
        _scorer(scheme, of.scorer),
        Facet("judges", _("two judges"), of.judges or None, _judges(of.judges)),
    ]


def _judges(word: str) -> str:
    said = {"mean": _("the mean of their scores"), "latest": _("the latest of their scores")}
    return said.get(word, word)


def item(scheme: Scheme, of: Item) -> list[Facet]:
    """An item's properties."""
    value: Any = [points.to_number(p) for p in of.points]
    if of.fixed is not None:
        value = points.to_number(of.fixed)
    elif not of.points:
        value = {"from": points.to_number(of.low), "to": points.to_number(of.high)}
    excluded = [scheme.item(key) for key in of.excludes]
    return [
        named(of.name),
        Facet("points", _("points"), value, price_text(of)),
        Facet("per", "", of.per or None, ""),
        Facet("cap", _("week cap"), _number(of.cap), _signed(of.cap)),
        _scorer(scheme, of.scorer),
        Facet("evidence", _("evidence"), of.evidence, _("required") if of.evidence else ""),
        Facet(
            "only_highest",
            _("several in a week"),
            of.only_highest,
            _("only the highest counts") if of.only_highest else "",
        ),
        Facet(
            "excludes",
            _("excludes"),
            list(of.excludes),
            listing([str(i.name) for i in excluded if i]),
        ),
        _veto(of),
        Facet("auto", _("proposed by qibi"), of.auto or None, _auto(of.auto)),
        Facet("origin", _("origin"), of.origin or None, of.origin),
    ]


def _scorer(scheme: Scheme, key: str) -> Facet:
    names = {s.id: str(s.name) for s in scheme.scorers}
    return Facet("scorer", _("scorer"), key or None, names.get(key, key))


def _veto(of: Item) -> Facet:
    texts = {
        "criterion": (of.veto_criterion, _("the criterion becomes {points}")),
        "total": (of.veto_total, _("the week total becomes {points}")),
        "total_at_most": (of.veto_total_at_most, _("the week total is at most {points}")),
    }
    for key, (limit, text) in texts.items():
        if limit is not None:
            value = {key: points.to_number(limit)}
            return Facet("veto", _("veto"), value, text.format(points=points.show(limit)))
    return Facet("veto", _("veto"), None, "")


def _auto(word: str) -> str:
    said = {"milestone": _("from the plan"), "late-entry": _("for a late entry")}
    return said.get(word, word)


def _limits(low: int, high: int) -> dict[str, int | float]:
    return {"min": points.to_number(low), "max": points.to_number(high)}


def _within(low: int, high: int) -> str:
    return _("{low} to {high}").format(low=points.show(low), high=points.show(high))


def _number(hundredths: int | None) -> int | float | None:
    return None if hundredths is None else points.to_number(hundredths)


def _signed(hundredths: int | None) -> str:
    return "" if hundredths is None else points.signed(hundredths)

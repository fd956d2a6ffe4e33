"""qibi rules: the scheme as a rule sheet, printed from the YAML that is computed with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from qibi.base import points, weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, aside, clauses, colon, listing, many, mark
from qibi.book import lookup
from qibi.book.definitions import Criterion, Definitions, Item, Label, ListPolicy, Scheme
from qibi.book.words import STATUSES, list_name, status_name
from qibi.cli import completion, options, phrases
from qibi.cli.output import Cell, Column, Grid, View
from qibi.cli.session import Session, current_session
from qibi.ledger.pricing import price_text, veto_text
from qibi.scoring.ranking import Ranking, Standing
from qibi.scoring.replay import Moved, Replay, replay

# A scheme taken apart into named facets, each as a plain value and in words.
#
# The rule sheet, its JSON and the difference between two versions are all made of these, so what is
# printed is what is compared, and both are what is computed with.


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


def scheme_facets(definitions: Definitions, scheme: Scheme) -> list[Facet]:
    """The scheme's own properties: limits, how weeks add up, who is ranked, grades, weights."""
    mean = scheme.period_total == "mean"
    text = _("a period is the mean of its weeks") if mean else _("a period is the sum of its weeks")
    return [
        named(scheme.name),
        Facet(
            "total",
            _("week total"),
            _limits(scheme.total_min, scheme.total_max),
            _within(scheme.total_min, scheme.total_max),
        ),
        _base(definitions, scheme),
        Facet("period_total", _("several weeks"), scheme.period_total, text),
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
    every = set(scheme.eligible) == set(STATUSES)
    text = _("everyone") if every else listing([status_name(s) for s in scheme.eligible])
    return Facet("eligible", _("ranked are"), list(scheme.eligible), text)


def _second_from(scheme: Scheme) -> Facet:
    limit = scheme.second_from
    text = _("an entry of {points} points or more names who approved it")
    message = text.format(points=points.show(limit)) if limit is not None else ""
    return Facet("second_from", _("second person"), _number(limit), message)


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
    """The book's policy for red and black lists; it is in qibi.yaml and has no versions."""
    facets = []
    for kind, policy in definitions.lists.items():
        for key, text in (("red", _red(policy)), ("black", _black(policy))):
            if text:
                word = list_name(definitions, key, within=True)
                facets.append(Facet(f"{kind}.{key}", word, None, _of(definitions, kind, text)))
    return facets


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


def criterion_facets(definitions: Definitions, scheme: Scheme, of: Criterion) -> list[Facet]:
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


def item_facets(scheme: Scheme, of: Item) -> list[Facet]:
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
    limits = {
        "criterion": of.veto_criterion,
        "total": of.veto_total,
        "total_at_most": of.veto_total_at_most,
    }
    value = {key: points.to_number(limit) for key, limit in limits.items() if limit is not None}
    return Facet("veto", _("veto"), value or None, veto_text(of))


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


PANEL = "setup", 3
SUMMARY = mark("Print the rule sheet in force; show what a new version changes.")
DETAILS = mark(
    "Without a week it is the current one. 'qibi rules diff' compares the versions in force in two "
    "weeks, by default the two latest, or one week's with the version before it."
)
EXAMPLES = mark("""
qibi rules --criterion safety
qibi rules diff 2026-W01 2026-W45 --replay W46
""")

_WIDE = 140  # columns from which every property has a column of its own


def rules(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[diff] [WEEK]...",
            help=_("a week: 2026-W41, W41, 41, last or a date"),
            autocompletion=completion.weeks,
        ),
    ] = None,
    criterion: Annotated[
        str | None,
        typer.Option(
            "--criterion",
            metavar="CRITERION",
            help=_("this criterion only"),
            autocompletion=completion.criteria,
        ),
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option(
            "--replay",
            metavar="WEEK",
            help=_("with diff: which totals of this week the versions would change"),
            autocompletion=completion.weeks,
        ),
    ] = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    asked = list(words or [])
    comparing = asked[:1] == ["diff"]
    if comparing or asked[:1] == ["show"]:
        asked.pop(0)
    if comparing:
        old, new = _two(session, asked)
        week = session.week(replay) if replay else None
        among = _criterion(new, old, criterion)
        found = view(session.definitions, session.root, old, new, among, week)
    else:
        if replay:
            raise Refusal(_("--replay goes with 'qibi rules diff'"))
        if len(asked) > 1:
            raise Refusal(
                _("'{text}' is more than one week").format(text=" ".join(asked)),
                _("to compare two versions: qibi rules diff {weeks}").format(weeks=" ".join(asked)),
            )
        scheme = _in_force(session, asked[0] if asked else None)
        among = _criterion(scheme, scheme, criterion)
        wide = form == "md" or session.around.width >= _WIDE
        found = sheet(session.definitions, scheme, among, wide)
    session.console.show(found, form, output)


def _in_force(session: Session, text: str | None) -> Scheme:
    week = session.week(text) if text else weeks.week_of(session.today)
    scheme = session.definitions.scheme(week)
    if scheme is None:
        raise Refusal(_("no scheme is in force in {week}").format(week=week), code=1)
    return scheme


def _two(session: Session, texts: list[str]) -> tuple[Scheme, Scheme]:
    """The versions to compare: of two weeks; of one and the version before; the two latest."""
    if len(texts) > 2:
        raise Refusal(_("'{text}' is too much").format(text=" ".join(texts)), _("name two weeks"))
    if len(texts) == 2:
        return _in_force(session, texts[0]), _in_force(session, texts[1])
    versions = session.definitions.schemes
    new = _in_force(session, texts[0]) if texts else versions[-1]
    before = [s for s in versions if s.week < new.week]
    if not before:
        raise Refusal(
            _("there is no version before {week}").format(week=new.week),
            _("a new one is a file: scheme/2026-W45.yaml, named by the first week in force"),
            1,
        )
    return before[-1], new


def _criterion(scheme: Scheme, other: Scheme, text: str | None) -> str | None:
    """The id of the criterion meant in one version, else in the other."""
    if text is None:
        return None
    for version in (other, scheme):
        try:
            return lookup.criterion(version, text)
        except lookup.NotFound as error:
            unknown = error
    raise Refusal(str(unknown), code=1)


def sheet(definitions: Definitions, scheme: Scheme, among: str | None, wide: bool) -> View:
    """The rule sheet; `wide` gives each property a column, else the rarer ones share the last."""
    criteria = [c for c in scheme.criteria if among in (None, c.id)]
    view = View(payload=_payload(definitions, scheme, criteria))
    view.header, view.rows = _table(definitions, scheme, criteria)
    view.line(title(definitions, scheme), "bold")
    if among is None:
        view.line()
        facets = scheme_facets(definitions, scheme)[1:] + lists(definitions)
        rows: list[list[str | Cell]] = [[Cell(f.label, "dim"), f.text] for f in facets if f.text]
        view.blocks.append(Grid([Column(""), Column("", wraps=True)], rows, headed=False))
    for criterion in criteria:
        _add_criterion(view, definitions, scheme, criterion, wide)
    return view


def title(definitions: Definitions, scheme: Scheme) -> str:
    """Name, version and the weeks in which it is in force."""
    later = [s.week for s in definitions.schemes if s.week > scheme.week]
    parts = [
        str(scheme.name),
        _("version {week}").format(week=scheme.week),
        _("in force from {week}").format(week=phrases.week(scheme.week)),
    ]
    if later:
        parts.append(_("until {week}").format(week=weeks.shift(later[0], -1)))
    return "  ".join(parts)


def _add_criterion(
    view: View, definitions: Definitions, scheme: Scheme, criterion: Criterion, wide: bool
) -> None:
    facets = criterion_facets(definitions, scheme, criterion)
    pieces = [
        f.label + colon() + f.text
        for f in facets[1:]
        if f.text and (f.key != "scoring" or criterion.direct)
    ]
    view.line()
    view.line(f"{criterion.name}  {clauses(pieces)}", "bold")
    if not criterion.items:
        return
    parts = [{f.key: f for f in item_facets(scheme, i)} for i in criterion.items]
    view.blocks.append(_wide_grid(parts) if wide else _narrow_grid(parts))


_REMARKS = ("only_highest", "excludes", "veto", "auto")


def _wide_grid(items: Sequence[dict[str, Facet]]) -> Grid:
    heads = [
        Column(_("Item"), wraps=True),
        Column(_("Points")),
        Column(_("Week cap"), right=True),
        Column(_("Scorer")),
        Column(_("Evidence")),
        Column(_("Excludes, veto"), wraps=True),
        Column(_("Origin"), wraps=True),
    ]
    rows = [
        [
            *(i[key].text for key in ("name", "points", "cap", "scorer", "evidence")),
            clauses(_remarks(i, _REMARKS)),
            i["origin"].text,
        ]
        for i in items
    ]
    return Grid(heads, rows)


def _narrow_grid(items: Sequence[dict[str, Facet]]) -> Grid:
    heads = [
        Column(_("Item"), wraps=True),
        Column(_("Points")),
        Column(_("Cap"), right=True),
        Column(_("Scorer"), wraps=True),
        Column(_("Further"), wraps=True),
    ]
    rows = [
        [
            *(i[key].text for key in ("name", "points", "cap", "scorer")),
            clauses(_remarks(i, ("evidence", *_REMARKS, "origin"))),
        ]
        for i in items
    ]
    return Grid(heads, rows, indent=2)


def _remarks(item: dict[str, Facet], keys: Sequence[str]) -> list[str]:
    """`label text` of those that are set; what speaks for itself is without its label."""
    alone = ("only_highest",)
    return [
        item[k].text if k in alone else f"{item[k].label} {item[k].text}"
        for k in keys
        if item[k].text
    ]


def _payload(
    definitions: Definitions, scheme: Scheme, criteria: Sequence[Criterion]
) -> dict[str, Any]:
    def plain(facets: list[Facet]) -> dict[str, Any]:
        return {f.key: f.value for f in facets}

    return {
        "qibi": 1,
        "command": "rules",
        "version": scheme.week,
        "frame": plain(scheme_facets(definitions, scheme)),
        "criteria": [
            {
                "id": c.id,
                **plain(criterion_facets(definitions, scheme, c)),
                "items": [{"id": i.id, **plain(item_facets(scheme, i))} for i in c.items],
            }
            for c in criteria
        ],
    }


def _table(
    definitions: Definitions, scheme: Scheme, criteria: Sequence[Criterion]
) -> tuple[list[str], list[list[Any]]]:
    """One row an item; a directly scored criterion has a row of its own."""
    keys = ["name", "points", "cap", "scorer", "evidence", *_REMARKS, "origin"]
    header = ["criterion", "criterion_name", "base", "limits", "applies_to", "item", *keys]
    rows: list[list[Any]] = []
    for criterion in criteria:
        own = {f.key: f.text for f in criterion_facets(definitions, scheme, criterion)}
        start = [criterion.id, own["name"], own["base"], own["limits"], own["applies_to"]]
        for item in criterion.items:
            texts = {f.key: f.text for f in item_facets(scheme, item)}
            rows.append([*start, item.id, *(texts[k] or None for k in keys)])
        if not criterion.items:
            rows.append([*start, None, None, own["scoring"], *(None for _key in keys[2:])])
    return header, rows


# What changed between two versions of the scheme, and the totals of a week that it would change.


@dataclass(frozen=True)
class SchemeChange:
    """One difference: of the frame (no criterion), of a criterion (no item) or of an item.

    `before` and `after` are facets; one is None where a criterion or item is new or gone.
    """

    criterion: str
    item: str
    where: str
    before: Facet | None
    after: Facet | None

    @property
    def word(self) -> str:
        """`added`, `gone` or `changed`."""
        if self.before is None:
            return "added"
        return "gone" if self.after is None else "changed"


def changes(
    definitions: Definitions, old: Scheme, new: Scheme, among: str | None = None
) -> list[SchemeChange]:
    """All differences, the frame first, then criterion by criterion in the new order."""
    found: list[SchemeChange] = []
    if among is None:
        frames = [scheme_facets(definitions, s) for s in (old, new)]
        found += _between("", "", _("frame"), *frames)
    ids = dict.fromkeys(c.id for s in (new, old) for c in s.criteria)
    for key in ids:
        if among in (None, key):
            found += _of_criterion(definitions, old, new, key)
    return found


def _of_criterion(
    definitions: Definitions, old: Scheme, new: Scheme, key: str
) -> Iterator[SchemeChange]:
    before, after = old.criterion(key), new.criterion(key)
    either = after or before
    assert either is not None
    where = str(either.name)
    if before and after:
        yield from _between(
            key,
            "",
            where,
            criterion_facets(definitions, old, before),
            criterion_facets(definitions, new, after),
        )
    else:
        yield SchemeChange(
            key,
            "",
            where,
            _summary(criterion_facets(definitions, old, before)) if before else None,
            _summary(criterion_facets(definitions, new, after)) if after else None,
        )
    was, now = _items(before), _items(after)
    for item in dict.fromkeys([*now, *was]):
        yield from _of_item(old, new, was.get(item), now.get(item), where)


def _items(criterion: Criterion | None) -> dict[str, Item]:
    return {i.id: i for i in criterion.items} if criterion else {}


def _of_item(
    old: Scheme, new: Scheme, before: Item | None, after: Item | None, place: str
) -> Iterator[SchemeChange]:
    item = after or before
    assert item is not None
    where = f"{place} {item.name}"
    if before and after:
        facets = item_facets(old, before), item_facets(new, after)
        yield from _between(item.criterion, item.id, where, *facets)
    else:
        yield SchemeChange(
            item.criterion,
            item.id,
            where,
            _summary(item_facets(old, before)) if before else None,
            _summary(item_facets(new, after)) if after else None,
        )


def _between(
    criterion: str, item: str, where: str, before: list[Facet], after: list[Facet]
) -> Iterator[SchemeChange]:
    """The facets with different values. Points are told with what they are per, which has no label."""
    per = {f.key: f.value for f in before}.get("per") == {f.key: f.value for f in after}.get("per")
    for was, now in zip(before, after, strict=True):
        if was.label and (was.value != now.value or (was.key == "points" and not per)):
            yield SchemeChange(criterion, item, where, _exact(was, now), _exact(now, was))


def _exact(facet: Facet, other: Facet) -> Facet:
    """The facet in words that tell it from the other: a name in both languages where one is equal."""
    if facet.text != other.text or facet.key != "name":
        return facet
    both = facet.value["zh"] + aside(facet.value["en"])
    return Facet(facet.key, facet.label, facet.value, both)


def _summary(facets: list[Facet]) -> Facet:
    """A whole criterion or item in a few words."""
    told = [f for f in facets[1:] if f.text and f.key not in ("origin", "scoring")]
    text = clauses([f.label + colon() + f.text for f in told])
    return Facet("", "", {f.key: f.value for f in facets}, text)


def view(
    definitions: Definitions,
    root: Path,
    old: Scheme,
    new: Scheme,
    among: str | None,
    week: str | None,
) -> View:
    """The differences as a list; with a week, what they would have done to it."""
    found = changes(definitions, old, new, among)
    replays = replay(root, definitions, old, new, week) if week else ()
    result = View(payload=_diff_payload(definitions, old, new, found, week, replays))
    result.header = ["criterion", "item", "change", "field", "old", "new"]
    result.rows = [list(_row(c).values()) for c in found]
    versions = _("version {old} -> version {new}").format(old=old.week, new=new.week)
    count = many("{count} difference", "{count} differences", len(found)).format(count=len(found))
    result.line("  ".join([str(new.name), versions, count]), "bold")
    if found:
        result.line()
        result.blocks.append(_grid(found))
    elif old.week == new.week:
        result.line(_("both weeks have the same version"))
    for one in replays:
        assert week is not None
        result.line()
        _add_replay(result, definitions, one, old, new, week)
    return result


def _grid(found: Sequence[SchemeChange]) -> Grid:
    words = {"added": Cell(_("added"), "green"), "gone": Cell(_("gone"), "red")}
    rows: list[list[str | Cell]] = []
    last = ""
    for change in found:
        where = "" if change.where == last else change.where
        last = change.where
        facet = change.after or change.before
        assert facet is not None
        told = facet.text
        if change.before and change.after:
            told = f"{_or_none(change.before)} -> {_or_none(change.after)}"
        rows.append([where, words.get(change.word, facet.label), told])
    heads = [Column(_("Where"), wraps=True), Column(_("What")), Column(_("Change"), wraps=True)]
    return Grid(heads, rows)


def _or_none(facet: Facet) -> str:
    return facet.text or _("none")


def _row(change: SchemeChange) -> dict[str, Any]:
    facet = change.after or change.before
    return {
        "criterion": change.criterion or None,
        "item": change.item or None,
        "change": change.word,
        "field": (facet.key if facet else "") or None,
        "old": change.before.text or None if change.before else None,
        "new": change.after.text or None if change.after else None,
    }


def _add_replay(
    result: View, definitions: Definitions, found: Replay, old: Scheme, new: Scheme, week: str
) -> None:
    kind = phrases.kind(definitions, found.by)
    moved = found.moved
    message = many(
        "{count} of {ranked} would have changed",
        "{count} of {ranked} would have changed",
        len(moved),
    ).format(count=len(moved), ranked=found.ranked)
    result.line("  ".join([phrases.week(week), kind, message]), "bold")
    for version, ranking in ((old, found.old), (new, found.new)):
        lost = sum(n for why, n in ranking.unusable.items() if why != "not-assessed")
        if lost and found.by == "member":
            text = many(
                "{count} entry has no item or criterion in version {week} and counts for nothing",
                "{count} entries have no item or criterion in version {week} and count for nothing",
                lost,
            )
            result.line(text.format(count=lost, week=version.week), "yellow")
    if not moved:
        return
    heads = [
        Column(_("Name")),
        Column(_("Total"), right=True),
        Column(_("Change"), right=True),
        Column(_("Rank"), right=True),
        Column(_("Grade")),
    ]
    result.blocks.append(Grid(heads, [_moved_row(definitions, found, m) for m in moved]))


def _moved_row(definitions: Definitions, found: Replay, moved: Moved) -> list[str | Cell]:
    old, new = moved.old, moved.new
    gained = (new.total if new else 0) - (old.total if old else 0)
    both = old is not None and new is not None
    grades = [_grade(r, s) for r, s in ((found.old, old), (found.new, new))]
    return [
        definitions.title(moved.subject),
        _arrow(*(points.show(s.total) if s else "-" for s in (old, new))),
        phrases.signed(gained) if both and gained else "",
        _arrow(*(str(s.rank) if s else "-" for s in (old, new))),
        _arrow(*grades),
    ]


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _grade(ranking: Ranking, standing: Standing | None) -> str:
    if standing is None:
        return "-"
    grade = phrases.grade(ranking.scheme, standing.grade)
    return (grade or "-") + phrases.alert_mark(standing.alert)


def _diff_payload(
    definitions: Definitions,
    old: Scheme,
    new: Scheme,
    found: Sequence[SchemeChange],
    week: str | None,
    replays: Sequence[Replay],
) -> dict[str, Any]:
    return {
        "qibi": 1,
        "command": "rules diff",
        "old": old.week,
        "new": new.week,
        "changes": [
            {
                **_row(c),
                "old": c.before.value if c.before else None,
                "new": c.after.value if c.after else None,
            }
            for c in found
        ],
        "replay": {
            "week": week,
            **{
                r.by: [
                    {
                        "subject": m.subject,
                        "name": definitions.title(m.subject),
                        "old": _standing(m.old),
                        "new": _standing(m.new),
                    }
                    for m in r.moved
                ]
                for r in replays
            },
        }
        if week
        else None,
    }


def _standing(standing: Standing | None) -> dict[str, Any] | None:
    if standing is None:
        return None
    return {
        "rank": standing.rank,
        "total": points.to_number(standing.total),
        "grade": standing.grade,
        "alert": standing.alert,
    }

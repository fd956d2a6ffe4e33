"""qibi rules: the scheme as a rule sheet, printed from the YAML that is computed with."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, clauses, colon, mark
from qibi.book import lookup
from qibi.book.definitions import Criterion, Definitions, Scheme
from qibi.cli import complete, options, phrases, rules_diff, rules_facets
from qibi.cli.rules_facets import Facet
from qibi.cli.session import Session, session
from qibi.cli.view import Cell, Column, Grid, View

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
            autocompletion=complete.weeks,
        ),
    ] = None,
    criterion: Annotated[
        str | None,
        typer.Option(
            "--criterion",
            metavar="CRITERION",
            help=_("this criterion only"),
            autocompletion=complete.criteria,
        ),
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option(
            "--replay",
            metavar="WEEK",
            help=_("with diff: whose totals of this week the versions would change"),
            autocompletion=complete.weeks,
        ),
    ] = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    asked = list(words or [])
    comparing = asked[:1] == ["diff"]
    if comparing or asked[:1] == ["show"]:
        asked.pop(0)
    if comparing:
        old, new = _two(now, asked)
        week = now.week(replay) if replay else None
        among = _criterion(new, old, criterion)
        found = rules_diff.view(now.definitions, now.root, old, new, among, week)
    else:
        if replay:
            raise Refusal(_("--replay goes with 'qibi rules diff'"))
        if len(asked) > 1:
            raise Refusal(
                _("'{text}' is more than one week").format(text=" ".join(asked)),
                _("to compare two versions: qibi rules diff {weeks}").format(weeks=" ".join(asked)),
            )
        scheme = _in_force(now, asked[0] if asked else None)
        among = _criterion(scheme, scheme, criterion)
        wide = form == "md" or now.around.width >= _WIDE
        found = sheet(now.definitions, scheme, among, wide)
    now.console.show(found, form, output)


def _in_force(now: Session, text: str | None) -> Scheme:
    week = now.week(text) if text else weeks.week_of(now.today)
    scheme = now.definitions.scheme(week)
    if scheme is None:
        raise Refusal(_("no scheme is in force in {week}").format(week=week), code=1)
    return scheme


def _two(now: Session, asked: list[str]) -> tuple[Scheme, Scheme]:
    """The versions to compare: of two weeks; of one and the version before; the two latest."""
    if len(asked) > 2:
        raise Refusal(_("'{text}' is too much").format(text=" ".join(asked)), _("name two weeks"))
    if len(asked) == 2:
        return _in_force(now, asked[0]), _in_force(now, asked[1])
    versions = now.definitions.schemes
    new = _in_force(now, asked[0]) if asked else versions[-1]
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
        facets = rules_facets.frame(definitions, scheme)[1:] + rules_facets.lists(definitions)
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
    facets = rules_facets.criterion(definitions, scheme, criterion)
    said = [
        f.label + colon() + f.text
        for f in facets[1:]
        if f.text and (f.key != "scoring" or criterion.direct)
    ]
    view.line()
    view.line(f"{criterion.name}  {clauses(said)}", "bold")
    if not criterion.items:
        return
    parts = [{f.key: f for f in rules_facets.item(scheme, i)} for i in criterion.items]
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
    """`label text` of those that are set; what speaks for itself stands without its label."""
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
        "frame": plain(rules_facets.frame(definitions, scheme)),
        "criteria": [
            {
                "id": c.id,
                **plain(rules_facets.criterion(definitions, scheme, c)),
                "items": [{"id": i.id, **plain(rules_facets.item(scheme, i))} for i in c.items],
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
        own = {f.key: f.text for f in rules_facets.criterion(definitions, scheme, criterion)}
        start = [criterion.id, own["name"], own["base"], own["limits"], own["applies_to"]]
        for item in criterion.items:
            texts = {f.key: f.text for f in rules_facets.item(scheme, item)}
            rows.append([*start, item.id, *(texts[k] or None for k in keys)])
        if not criterion.items:
            rows.append([*start, None, None, own["scoring"], *(None for _key in keys[2:])])
    return header, rows

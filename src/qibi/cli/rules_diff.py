"""What changed between two versions of the scheme, and whose totals of a week it would change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qibi.base import points
from qibi.base.language import _, aside, clauses, colon, many
from qibi.book.definitions import Criterion, Definitions, Item, Scheme
from qibi.cli import phrases, rules_facets
from qibi.cli.rules_facets import Facet
from qibi.cli.view import Cell, Column, Grid, View
from qibi.scoring.ranking import Ranking, Standing
from qibi.scoring.replay import Moved, Replay, replay


@dataclass(frozen=True)
class Change:
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
) -> list[Change]:
    """All differences, the frame first, then criterion by criterion in the new order."""
    found: list[Change] = []
    if among is None:
        frames = [rules_facets.frame(definitions, s) for s in (old, new)]
        found += _between("", "", _("frame"), *frames)
    ids = dict.fromkeys(c.id for s in (new, old) for c in s.criteria)
    for key in ids:
        if among in (None, key):
            found += _of_criterion(definitions, old, new, key)
    return found


def _of_criterion(definitions: Definitions, old: Scheme, new: Scheme, key: str) -> Iterator[Change]:
    before, after = old.criterion(key), new.criterion(key)
    either = after or before
    assert either is not None
    where = str(either.name)
    if before and after:
        yield from _between(
            key,
            "",
            where,
            rules_facets.criterion(definitions, old, before),
            rules_facets.criterion(definitions, new, after),
        )
    else:
        yield Change(
            key,
            "",
            where,
            _summary(rules_facets.criterion(definitions, old, before)) if before else None,
            _summary(rules_facets.criterion(definitions, new, after)) if after else None,
        )
    was, now = _items(before), _items(after)
    for item in dict.fromkeys([*now, *was]):
        yield from _of_item(old, new, was.get(item), now.get(item), where)


def _items(criterion: Criterion | None) -> dict[str, Item]:
    return {i.id: i for i in criterion.items} if criterion else {}


def _of_item(
    old: Scheme, new: Scheme, before: Item | None, after: Item | None, place: str
) -> Iterator[Change]:
    item = after or before
    assert item is not None
    where = f"{place} {item.name}"
    if before and after:
        facets = rules_facets.item(old, before), rules_facets.item(new, after)
        yield from _between(item.criterion, item.id, where, *facets)
    else:
        yield Change(
            item.criterion,
            item.id,
            where,
            _summary(rules_facets.item(old, before)) if before else None,
            _summary(rules_facets.item(new, after)) if after else None,
        )


def _between(
    criterion: str, item: str, where: str, before: list[Facet], after: list[Facet]
) -> Iterator[Change]:
    """The facets whose values differ. Points are told with what they are per, which has no label."""
    per = {f.key: f.value for f in before}.get("per") == {f.key: f.value for f in after}.get("per")
    for was, now in zip(before, after, strict=True):
        if was.label and (was.value != now.value or (was.key == "points" and not per)):
            yield Change(criterion, item, where, _exact(was, now), _exact(now, was))


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
    result = View(payload=_payload(definitions, old, new, found, week, replays))
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


def _grid(found: Sequence[Change]) -> Grid:
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


def _row(change: Change) -> dict[str, Any]:
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
    said = many(
        "{count} of {ranked} would have changed",
        "{count} of {ranked} would have changed",
        len(moved),
    ).format(count=len(moved), ranked=found.ranked)
    result.line("  ".join([phrases.week(week), kind, said]), "bold")
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


def _payload(
    definitions: Definitions,
    old: Scheme,
    new: Scheme,
    found: Sequence[Change],
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

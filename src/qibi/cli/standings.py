"""The fields of a ranking, of one book or across a fleet, for all formats."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from qibi.base import points
from qibi.base.language import _
from qibi.cli import phrases
from qibi.cli.output import Cell, Field
from qibi.scoring.ranking import Standing, Unranked

Row = TypeVar("Row", Standing, Unranked)
Named = Callable[[str], str]  # a subject's id to its name


def rank_fields(name: Named, heading: str, moved: bool = True) -> list[Field[Standing]]:
    """Rank, movement, id and name. With `moved` a table has the movement too."""
    return [
        Field("rank", lambda s: s.rank, _("Rank"), csv=_("Rank"), right=True),
        Field(
            "moved",
            lambda s: s.moved,
            _("+/-") if moved else None,
            lambda s: phrases.moved(s.moved),
            csv=_("Moved"),
            right=True,
        ),
        Field("subject", lambda s: s.subject, csv=_("Id")),
        Field(
            "name",
            lambda s: name(s.subject),
            heading,
            lambda s: Cell(name(s.subject), phrases.alert_style(s.alert)),
            csv=heading,
        ),
    ]


def points_fields(
    criterion: str | None, columns: Collection[str], criteria: Sequence[tuple[str, str]]
) -> list[Field[Standing]]:
    """Total, mean, weeks and points by criterion, of which CSV has a column for each id and name.

    A table has the total, with a mark where there is an `alert` among its columns, and the mean
    where that is among them.
    """

    def of(key: str) -> Field[Standing]:
        return Field(
            f"criteria.{key}",
            lambda s: points.to_number(s.criteria[key]) if key in s.criteria else None,
            csv=dict(criteria)[key],
            json=False,
        )

    return [
        Field(
            "total",
            lambda s: points.to_number(s.total),
            _("Points") if criterion else _("Total"),
            lambda s: Cell(
                points.show(s.total) + (phrases.alert_mark(s.alert) if "alert" in columns else ""),
                "bold",
            ),
            csv=_("Total"),
            right=True,
        ),
        Field(
            "mean",
            lambda s: points.to_number(s.mean),
            _("Mean") if "mean" in columns else None,
            lambda s: points.show(s.mean),
            csv=_("Mean"),
            right=True,
        ),
        Field("weeks", lambda s: s.weeks, csv=_("Weeks")),
        Field(
            "criteria",
            lambda s: {key: points.to_number(v) for key, v in s.criteria.items()},
            csv="",
        ),
        *(of(key) for key, _name in criteria),
    ]


def grade_fields(
    grade: Callable[[Standing], str], shown: bool, named: bool
) -> list[Field[Standing]]:
    """Grade and alert. CSV has the grade's name where `named`, else its id."""
    return [
        Field("grade", lambda s: s.grade, csv="" if named else _("Grade")),
        Field(
            "grade_name",
            grade if named else None,
            _("Grade") if shown else None,
            lambda s: Cell(grade(s) + phrases.alert_mark(s.alert), phrases.alert_style(s.alert)),
            csv=_("Grade"),
            json=False,
        ),
        Field("alert", lambda s: s.alert, csv=_("Alert")),
        Field("note", lambda _s: None, csv=_("Note"), json=False),
    ]


def unranked_fields(name: Named, places: Sequence[Field[Unranked]]) -> list[Field[Unranked]]:
    """Who is without a place; CSV says why in the column of notes."""
    return [
        Field("subject", lambda u: u.subject),
        Field("name", lambda u: name(u.subject)),
        *places,
        Field("reason", lambda u: u.reason, csv=""),
        Field("note", lambda u: phrases.reason(u.reason, u.note), json=False),
    ]


def mean_text(standings: Sequence[Standing]) -> str:
    """The mean of the totals, rounded to a tenth of a point."""
    totals = [s.total for s in standings]
    mean = (2 * sum(totals) + len(totals)) // (2 * len(totals))
    return _("mean {mean}").format(mean=points.show((mean + 5) // 10 * 10))

"""Standings and entries as typed tables: what spreadsheets, Parquet and other programs get of them."""

import io
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from qibi.base import dates, points
from qibi.base.findings import Refusal
from qibi.base.language import _, current
from qibi.base.text import visible, width
from qibi.book import words
from qibi.book.definitions import Definitions
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import Entry, File, Score
from qibi.scoring.ranking import Ranking, Standing

Value = str | int | bool | None
Kind = Literal["text", "count", "points", "flag"]
STANDING = "standing"  # the column in which a table says why someone has no place


@dataclass(frozen=True)
class Typed:
    """A typed column: its key for programs, its title for people. `points` are hundredths in the rows."""

    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """Rows under typed columns."""

    columns: tuple[Typed, ...]
    rows: tuple[tuple[Value, ...], ...]

    def plain(self) -> list[list[str | int | float | bool | None]]:
        """The rows with points as the numbers that people read."""
        return [
            [
                points.to_number(value)
                if column.kind == "points" and isinstance(value, int)
                else value
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]

    def only(self, keys: Iterable[str]) -> "Table":
        """The same rows with these columns only, in this order."""
        places = [n for key in keys for n, column in enumerate(self.columns) if column.key == key]
        return Table(
            tuple(self.columns[n] for n in places),
            tuple(tuple(row[n] for n in places) for row in self.rows),
        )


def standings(definitions: Definitions, ranking: Ranking, branch: str | None = None) -> Table:
    """A ranking with ids and names; who has no place is below, with the reason.

    With `branch` those of that branch only, with the rank that they have among all.
    """
    shown = [s for s in ranking.standings if branch in (None, s.branch)]
    scheme = ranking.scheme
    criteria = [
        c for c in (scheme.criteria if scheme else ()) if any(c.id in s.criteria for s in shown)
    ]
    by = ranking.question.by
    columns = (
        Typed("rank", _("Rank"), "count"),
        Typed("moved", _("Moved"), "count"),
        Typed("subject", _("Id")),
        Typed("name", _("Name")),
        Typed("branch", _("{branch} id").format(branch=words.branch_heading(definitions))),
        Typed("branch_name", words.branch_heading(definitions)),
        Typed("total", _("Total"), "points"),
        Typed("mean", _("Mean"), "points"),
        Typed("weeks", _("Weeks"), "count"),
        *(Typed(f"criterion_{c.id}", str(c.name), "points") for c in criteria),
        Typed("grade", _("Grade id")),
        Typed("grade_name", _("Grade")),
        Typed("alert", _("Alert")),
        Typed(STANDING, _("Note")),
    )

    def row(s: Standing) -> tuple[Value, ...]:
        where = s.branch or ""
        return (
            *(s.rank, s.moved, s.subject, definitions.title_of(by, s.subject)),
            *(s.branch, definitions.title(where) if where else None, s.total, s.mean, s.weeks),
            *(s.criteria.get(c.id) for c in criteria),
            *(s.grade, words.grade(scheme, s.grade) or None, s.alert, None),
        )

    blanks = (None,) * (len(columns) - 7)
    without = [
        (
            *(None, None, u.subject, definitions.title_of(by, u.subject)),
            *(u.branch, definitions.title(u.branch) if u.branch else None, *blanks),
            words.reason(u.reason, u.note),
        )
        for u in ranking.unranked
        if branch in (None, u.branch)
    ]
    return Table(columns, (*map(row, shown), *without))


def entries(definitions: Definitions, batches: Sequence[Batch], pending: Iterable[str]) -> Table:
    """Every entry of these batches in the order of recording; `pending` are paths that don't count yet."""
    voids = Index(batches).voids
    waiting = set(pending)
    columns = (
        Typed("entry", _("Entry")),
        Typed("kind", _("Kind")),
        Typed("week", _("Week")),
        Typed("branch", _("{branch} id").format(branch=words.branch_heading(definitions))),
        Typed("subject", _("Id")),
        Typed("name", _("Name")),
        Typed("item", _("Item id")),
        Typed("item_name", _("Item")),
        Typed("points", _("Points"), "points"),
        Typed("count", _("Count"), "count"),
        Typed("date", _("Date")),
        Typed("note", _("Note")),
        Typed("evidence", _("Evidence")),
        Typed("scored_by", _("Scored by")),
        Typed("approved_by", _("Approved by")),
        Typed("recorded_by", _("Recorded by")),
        Typed("recorded_at", _("Recorded at")),
        Typed("source", _("Sheet")),
        Typed("void", _("Void"), "flag"),
        Typed("pending", _("Pending"), "flag"),
    )
    found = sorted(
        ((b, number, key, e) for b in batches for number, (key, e) in enumerate(b.numbered())),
        key=lambda n: (n[3].week, n[3].branch, n[3].recorded_at, n[0].digest, n[1]),
    )
    rows = tuple(
        (key, *_entry(definitions, e), key in voids, b.path in waiting)
        for b, _number, key, e in found
    )
    return Table(columns, rows)


def _entry(definitions: Definitions, entry: Entry) -> tuple[Value, ...]:
    """What stands between an entry's id and its flags."""
    subject = str(getattr(entry, "subject", ""))
    scored = isinstance(entry, Score)
    evidence = [e.path if isinstance(e, File) else e for e in getattr(entry, "evidence", ())]
    return (
        entry.kind,
        entry.week,
        entry.branch,
        subject or None,
        definitions.title(subject) if subject else None,
        getattr(entry, "item", None),
        words.thing(definitions.scheme(entry.week), entry.item)
        if isinstance(entry, Score)
        else None,
        entry.hundredths if isinstance(entry, Score) else None,
        entry.count if isinstance(entry, Score) else None,
        getattr(entry, "date", "") or None,
        getattr(entry, "note", "") or None,
        "; ".join(evidence) or None,
        (getattr(entry, "scored_by", "") or entry.recorded_by) if scored else None,
        getattr(entry, "approved_by", "") or None,
        entry.recorded_by,
        entry.recorded_at,
        entry.source or None,
    )


# Tables as Parquet, through DuckDB: points are DECIMAL(9,2), exact.


_TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "count": "INTEGER",
    "points": "DECIMAL(9,2)",
    "flag": "BOOLEAN",
}


def parquet(table: Table) -> bytes:
    """The table as the bytes of a Parquet file, its columns named by their keys."""
    from duckdb import connect

    # Columns go by number on the way in, so that no id of a criterion has to be quoted in JSON.
    types = ", ".join(f"c{n}: '{_TYPES[c.kind]}'" for n, c in enumerate(table.columns))
    names = ", ".join(f"c{n} AS {_quoted(c.key)}" for n, c in enumerate(table.columns))
    with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
        rows, target = Path(folder, "rows.jsonl"), Path(folder, "rows.parquet")
        with rows.open("w", encoding="utf-8") as lines:
            for row in table.rows:
                lines.write(json.dumps(_line(table.columns, row), ensure_ascii=False) + "\n")
        source = (
            f"read_json({_text(rows)}, format='newline_delimited', columns={{{types}}})"
            if table.rows
            else f"(SELECT {_nothing(table)} WHERE false)"
        )
        with connect(config={"threads": 1}) as connection:  # so that the order of rows stays
            connection.execute(
                f"COPY (SELECT {names} FROM {source}) TO {_text(target)} (FORMAT parquet)"
            )
        return target.read_bytes()


def _line(columns: tuple[Typed, ...], row: tuple[Value, ...]) -> dict[str, Any]:
    """A row as JSON; points as text, since a JSON number would go through binary fractions."""
    return {
        f"c{n}": f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
        if column.kind == "points" and isinstance(value, int)
        else value
        for n, (column, value) in enumerate(zip(columns, row, strict=True))
    }


def _nothing(table: Table) -> str:
    return ", ".join(f"NULL::{_TYPES[c.kind]} AS c{n}" for n, c in enumerate(table.columns))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


# Standings as a workbook for Excel, WPS and LibreOffice: a summary with charts, a page per branch.
#
# Every text is written as text, never as a formula; the same standings give the same bytes.


_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LONGEST_NAME = 31  # characters that Excel allows for a page
_HEADING = 3  # the row of headings: above it are the book, the period, an empty row
_FONT = {"zh": "Microsoft YaHei", "en": "Calibri"}
_A4 = 9
_CHART = 640  # pixels that the chart of totals is wide
_COLORS = {"warn": "#C00000", "watch": "#9C5700"}
# What a person reads; the ids of branch and grade are for programs.
_SHOWN = ("rank", "moved", "subject", "name", "branch_name", "total", "mean", "weeks")
_BEHIND = ("grade_name", STANDING)


@dataclass(frozen=True)
class Standings:
    """What a workbook holds: the rankings by kind, and the entries where they are asked for.

    `notes` are lines next to the title: whether the period is closed, who is missing.
    """

    rankings: dict[str, Ranking]  # member, branch, and cp where the book has any
    entries: Table | None
    notes: Sequence[str]
    today: date


def workbook(
    definitions: Definitions, found: Standings, step: Callable[[], None] = lambda: None
) -> bytes:
    """The bytes of an xlsx file; `step` is called after each page."""
    return _Pages(definitions, found).made(step)


def page_count(definitions: Definitions, found: Standings) -> int:
    """How many pages `workbook` makes."""
    return len(_branches(found)) + len(found.rankings) - 1 + (found.entries is not None)


def _branches(found: Standings) -> list[str]:
    """The branches that have a page: those of the members ranked, those without a place too."""
    members = found.rankings["member"]
    keys = {s.branch for s in members.standings} | {u.branch for u in members.unranked}
    return sorted(key for key in keys if key)


class _Pages:
    """The workbook while it is made."""

    def __init__(self, definitions: Definitions, found: Standings) -> None:
        try:
            from xlsxwriter import Workbook
        except ImportError:
            raise Refusal(
                _("xlsx needs the package {package}").format(package="xlsxwriter"),
                _("install it: pip install {package}").format(package="xlsxwriter"),
            ) from None
        self.definitions, self.found = definitions, found
        self.raw = io.BytesIO()
        self.book = Workbook(
            self.raw,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self.book.set_properties(
            {
                "title": f"{definitions.name} {self.period}",
                "author": "qibi",
                "created": datetime(found.today.year, found.today.month, found.today.day),
            }
        )
        self.names: set[str] = {"history"}  # which Excel keeps for itself
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    @property
    def needless(self) -> tuple[str, ...]:
        """Columns that say nothing in a single week."""
        single = len(self.found.rankings["member"].question.period.weeks) == 1
        return ("mean", "weeks") if single else ()

    @property
    def period(self) -> str:
        return dates.period(self.found.rankings["member"].question.period)

    def made(self, step: Callable[[], None]) -> bytes:
        """Each page in order; then the bytes."""
        self._summary()
        step()
        for key in _branches(self.found):
            self._ranking(
                words.branch(self.definitions, key),
                standings(self.definitions, self.found.rankings["member"], key),
                self.definitions.title(key),
                without=("branch_name",),
            )
            step()
        if "cp" in self.found.rankings:
            title = words.kind(self.definitions, "cp")
            self._ranking(title, standings(self.definitions, self.found.rankings["cp"]), title)
            step()
        if self.found.entries is not None:
            self._entries(self.found.entries)
            step()
        self.book.close()
        return self.raw.getvalue()

    # Pages

    def _summary(self) -> None:
        branches = standings(self.definitions, self.found.rankings["branch"])
        page = self._page(_("Summary"), "")
        page.fit_to_pages(1, 1)
        criteria = [c.key for c in branches.columns if c.key.startswith("criterion_")]
        keys = ["rank", "moved", "branch_name", "total", "mean", *criteria, *_BEHIND]
        shown = branches.only([k for k in keys if k not in self.needless])
        self._table(page, shown, _HEADING)
        ranked = len(self.found.rankings["branch"].standings)
        top = _HEADING + len(shown.rows) + 2
        if ranked:
            self._totals(page, shown, ranked, top)
        self._grades(page, top, _beyond(_CHART, shown) if ranked else 1)

    def _totals(self, page: Any, shown: Table, ranked: int, top: int) -> None:
        """Bars of the branches' totals, the best on top, below their table."""
        keys = [c.key for c in shown.columns]
        name, total = keys.index("branch_name"), keys.index("total")
        first, last = _HEADING + 1, _HEADING + ranked
        chart = self.book.add_chart({"type": "bar"})
        chart.add_series(
            {
                "name": _("Total"),
                "categories": [page.get_name(), first, name, last, name],
                "values": [page.get_name(), first, total, last, total],
                "fill": {"color": "#B3261E"},
                "data_labels": {"value": True, "num_format": "0.00", "font": {"size": 8}},
                "gap": 40,
            }
        )
        totals = [int(row[total] or 0) for row in shown.rows[:ranked]]
        chart.set_y_axis(
            {
                "reverse": True,
                "major_gridlines": {"visible": False},
                "interval_unit": 1,
                "num_font": {"size": 8},
            }
        )
        chart.set_x_axis(
            {
                "min": _below(totals),
                "num_format": "0",
                "num_font": {"size": 8},
                "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}},
            }
        )
        title = _("Totals")
        self._chart(page, chart, title, (top, 0), (_CHART, max(280, 20 * (ranked + 3))))

    def _grades(self, page: Any, top: int, left: int) -> None:
        """How many members reached each grade: columns, and the table that they are drawn from."""
        members = self.found.rankings["member"]
        grades = members.scheme.grades if members.scheme else ()
        if not grades:
            return
        counts = Counter(s.grade for s in members.standings)
        heading = self._heading("text")
        page.write_string(top, left, _("Grade"), heading)
        who = words.kind(self.definitions, "member")
        page.write_string(top, left + 1, visible(who), self._heading("count"))
        for line, grade in enumerate(grades, top + 1):
            page.write_string(line, left, visible(str(grade.name)), self._format(indent=1))
            page.write_number(line, left + 1, counts[grade.id], self._format(num_format="0"))
        chart = self.book.add_chart({"type": "column"})
        last = top + len(grades)
        chart.add_series(
            {
                "categories": [page.get_name(), top + 1, left, last, left],
                "values": [page.get_name(), top + 1, left + 1, last, left + 1],
                "fill": {"color": "#5B7083"},
                "data_labels": {"value": True},
                "gap": 60,
            }
        )
        chart.set_y_axis({"visible": False, "major_gridlines": {"visible": False}})
        self._chart(page, chart, _("Grades"), (last + 2, left), (420, 240))

    def _chart(
        self, page: Any, chart: Any, title: str, place: tuple[int, int], size: tuple[int, int]
    ) -> None:
        chart.set_title({"name": title, "name_font": {"size": 11}})
        chart.set_legend({"none": True})
        chart.set_size({"width": size[0], "height": size[1]})
        page.insert_chart(*place, chart, {"description": title})

    def _ranking(self, name: str, table: Table, title: str, without: Iterable[str] = ()) -> None:
        page = self._page(name, title)
        criteria = [c.key for c in table.columns if c.key.startswith("criterion_")]
        needless = {*self.needless, *without}
        keys = [k for k in (*_SHOWN, *criteria, *_BEHIND) if k not in needless]
        alerts = table.only(["alert"]).rows
        colors = [_COLORS.get(str(alert)) for (alert,) in alerts]
        self._table(page, table.only(keys), _HEADING, colors)

    def _entries(self, table: Table) -> None:
        page = self._page(_("Entries"), _("Entries"))
        self._table(page, table, _HEADING)

    def _page(self, name: str, title: str) -> Any:
        """A page with its two lines of title, printed on A4 across, one page wide."""
        page = self.book.add_worksheet(self._unique(name))
        heading = "  ".join(t for t in (str(self.definitions.name), title) if t)
        page.write_string(0, 0, visible(heading), self._format(bold=True, font_size=14))
        notes = "  ".join([self.period, *self.found.notes])
        page.write_string(1, 0, visible(notes), self._format(font_color="#595959"))
        page.set_landscape()
        page.set_paper(_A4)
        page.fit_to_pages(1, 0)
        page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        page.repeat_rows(0, _HEADING)
        page.set_footer("&L&8" + _footer(f"{heading}  {self.period}") + "&R&8&P / &N")
        return page

    def _table(
        self,
        page: Any,
        table: Table,
        top: int,
        colors: Sequence[str | None] = (),
    ) -> None:
        """Headings and rows from this row on, columns as wide as what they hold, a filter on them."""
        page.set_row(top, 32)  # two lines: long names of criteria are wrapped
        for number, column in enumerate(table.columns):
            page.write_string(top, number, visible(column.title), self._heading(column.kind))
            page.set_column(number, number, _wide(column, [row[number] for row in table.rows]))
        for line, row in enumerate(table.rows):
            color = colors[line] if line < len(colors) else None
            for number, value in enumerate(row):
                self._cell(page, top + 1 + line, number, table.columns[number], value, color)
        if table.rows:
            page.autofilter(top, 0, top + len(table.rows), len(table.columns) - 1)
        keys = [c.key for c in table.columns]
        names = [keys.index(k) + 1 for k in ("name", "branch_name") if k in keys]
        page.freeze_panes(top + 1, min(names, default=1))

    def _heading(self, kind: str) -> Any:
        text = kind in ("text", "flag")
        look = {"align": "left", "indent": 1} if text else {"align": "right"}
        return self._format(
            bold=True, bottom=1, bg_color="#F2F2F2", text_wrap=True, valign="vcenter", **look
        )

    def _cell(
        self,
        page: Any,
        line: int,
        number: int,
        column: Typed,
        value: Any,
        color: str | None,
    ) -> None:
        look: dict[str, Any] = {"font_color": color} if color else {}
        if value is None or value is False:
            return
        if column.kind == "points":
            page.write_number(line, number, value / 100, self._format(num_format="0.00", **look))
        elif column.kind == "count":
            form = "+0;-0;0" if column.key == "moved" else "0"
            page.write_number(line, number, value, self._format(num_format=form, **look))
        elif column.kind == "flag":
            page.write_string(line, number, _("yes"), self._format(indent=1, **look))
        else:
            page.write_string(line, number, visible(str(value)), self._format(indent=1, **look))

    def _format(self, **look: Any) -> Any:
        key = tuple(sorted(look.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"font_name": _FONT[current()], **look})
        return self.formats[key]

    def _unique(self, name: str) -> str:
        """A name that Excel takes for a page, and that no other page has."""
        plain = _NOT_IN_A_NAME.sub(" ", visible(name)).strip(" '") or "-"
        short, number = plain[:_LONGEST_NAME], 1
        while short.casefold() in self.names:
            number += 1
            ending = f" {number}"
            short = plain[: _LONGEST_NAME - len(ending)] + ending
        self.names.add(short.casefold())
        return short


def _beyond(pixels: int, table: Table) -> int:
    """The first column that begins so far to the right, with an empty one before it."""
    so_far = 0
    for number in range(len(table.columns)):
        if so_far >= pixels:
            return number + 1
        values = [row[number] for row in table.rows]
        so_far += int(_wide(table.columns[number], values) * 7) + 5  # a digit has 7 pixels
    return len(table.columns) + 1 + max(pixels - so_far, 0) // 64


def _below(totals: list[int]) -> int:
    """Where an axis begins so that differences show: a round ten below the lowest total."""
    low = min(totals, default=0) // 100
    return max(low - 10, 0) // 10 * 10 if low >= 0 else low // 10 * 10 - 10


def _wide(column: Typed, values: Iterable[Any]) -> float:
    """The width of a column, in characters; long texts are cut on the screen, not widened."""
    if column.kind in ("points", "count"):
        return max(7.5, min(width(column.title), 10) + 3)
    longest = max((width(str(v)) for v in values if v is not None), default=0)
    return min(max(longest, width(column.title) + 2, 6) + 2, 42)


def _footer(text: str) -> str:
    """Text in a footer: `&` begins a code there, and 255 characters are the most."""
    return visible(text).replace("&", "&&")[:200]

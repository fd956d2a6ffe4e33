"""A page to entries, or to every bad cell of it. docs/sheets.md has the table of what is understood.

Every cell is understood and recorded, or on the closed list of harmless things, or a finding. A
page is taken whole or not at all. Names are resolved once each; admission gets ids and numbers.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

import msgspec

from qibi.base import points as pts
from qibi.base import weeks
from qibi.base.findings import Faults, Finding
from qibi.base.language import _, clauses, listing, many
from qibi.base.text import folded, narrowed
from qibi.book import lookup
from qibi.book.definitions import LAYOUT_FIELDS, Criterion, Item, Scheme
from qibi.ledger import admission, pricing
from qibi.ledger.admission import EXEMPT_WORDS, Event, Stamp, admit_event
from qibi.ledger.entries import Entry, Exempt, File, Score
from qibi.ledger.evidence_files import picture_file, references
from qibi.ledger.pricing import Misfit, Price, is_nothing, price
from qibi.sheets import headings, names, sums, units
from qibi.sheets import page as pages
from qibi.sheets.files import open_sheet
from qibi.sheets.headings import (
    SHARED,
    SILENT,
    UNREAD,
    Column,
    Heading,
    find_heading,
)
from qibi.sheets.hints import Hints, branch_from_subjects, hints
from qibi.sheets.layouts import Learned, leave_words, with_words
from qibi.sheets.made import known_person, known_subject
from qibi.sheets.names import Names, with_id
from qibi.sheets.page import Page, Picture, letters
from qibi.sheets.rows import Rows, approver_named, data_rows, is_zero, other_heading, subject_of

__all__ = [
    "Admitted",
    "Hints",
    "Names",
    "Options",
    "Page",
    "admit_branches",
    "admit_page",
    "branch_from_subjects",
    "hints",
    "is_score_sheet",
    "must_have_heading",
    "open_sheet",
    "refuse_unknown_names",
]

_LONGEST = 500  # characters of a cell
_MOST_FINDINGS = 200  # of one page; each costs a search for what may have been meant
_FEW_CHOICES = 9
_FEW = 5  # remarks of a kind that are shown
_SERIAL = re.compile(r"[2-7][0-9]{4}(\.[0-9]+)?")  # a day as spreadsheets count: 1954 to 2119
_DAY_NOUGHT = date(1899, 12, 30)
_LONG_AGO = timedelta(days=62)  # a number that is a day further back is hardly meant as one
DITTO = {"同上", "同前", "同左", "〃", "″", "”", '"', "ditto", "do."}
_NO_EVIDENCE = {
    "待补", "待补充", "后补", "待定", "待提供", "待上传", "补", "tbd", "todo", "pending", "n/a", "na", "none",
    "没有", "暂无", "未提供", "有", "已有", "tbc",
}  # fmt: skip
_LEAVE = {
    *(word.casefold() for word in EXEMPT_WORDS),
    "事假", "病假", "年假", "年休假", "产假", "陪产假", "护理假", "婚假", "丧假", "探亲假", "公假", "工伤假",
    "育儿假", "调休", "轮休", "休假", "sick leave", "annual leave",
}  # fmt: skip
_LIKE_A_NAME = re.compile(r"[\u4e00-\u9fff·]{2,4}")
_GIVES = re.compile(r"[加奖扣减罚]\s*[0-9]")
_LEAVE_WORD = re.compile(r"请假|免考|[事病产婚丧年公]假|调休|休假|on leave|exempt", re.IGNORECASE)
_LEAVE_YES = {
    *_LEAVE, *(tick.casefold() for tick in pricing.TICKS), "是", "y", "yes", "t", "true", "1",
    "出差", "培训", "学习", "住院", "探亲", "借调", "外派", "travel", "training", "sick",
}  # fmt: skip
_NO_REASON = {*(t.casefold() for t in pricing.TICKS), "是", "y", "yes", "t", "true", "1"}
_LEAVE_NO = {
    "否", "n", "no", "f", "false", "0", "×", "x", "不", "没有", "未请假", "在岗", "出勤", "正常", "present",
}  # fmt: skip
_ADDED = {"加分", "加", "奖", "奖励", "奖分", "正", "+", "plus", "add", "added", "bonus", "award"}
_DEDUCTED = {
    "扣分",
    "扣",
    "减",
    "减分",
    "罚",
    "处罚",
    "罚分",
    "负",
    "-",
    "minus",
    "deduct",
    "deducted",
    "penalty",
}
_APPROVED = {
    "通过", "已通过", "审核通过", "已审核", "已审批", "同意", "有效", "已核实", "已确认", "确认", "已批准", "批准",
    "approved", "accepted", "valid", "confirmed", "ok", "yes", "是", "√", "✓",
}  # fmt: skip
_REJECTED = {
    "驳回", "已驳回", "不通过", "未通过", "拒绝", "已拒绝", "无效", "作废", "已作废", "撤销", "已撤销", "取消",
    "待审", "待审核", "待审批", "审核中", "未审核", "待核实", "待确认", "未确认", "草稿",
    "rejected", "refused", "denied", "invalid", "void", "cancelled", "pending", "open", "draft", "submitted", "no", "否",
}  # fmt: skip


Ask = Callable[[str, Sequence[str], Callable[[str], str]], str]


@dataclass(frozen=True)
class Options:
    """What the person says about a sheet that the sheet itself leaves open.

    `hidden` and `status` are `read` or `skip`, empty where nothing was said. `ask` puts a question
    with its possible answers to a person and returns one of them, or what its last argument makes of
    another answer; None where there is nobody. `learned` gathers what they said of the layout.
    """

    hidden: str = ""
    status: str = ""
    ask: "Ask | None" = None
    learned: Learned = field(default_factory=Learned)
    approver: str = ""  # who approves what needs it and names nobody


@dataclass(frozen=True)
class Admitted:
    """The entries of a page, each with the line and cell it comes from, and notices to show.

    `pictures` are the evidence files that entries name and that are in the sheet's cells. `listed` are
    the subjects that rows are about, with points or without. `routine` are those notices that say only
    which lines and columns are not recorded, the same each week.
    """

    entries: list[tuple[Score | Exempt, int, str]]
    notices: list[str]
    pictures: list[Picture] = field(default_factory=list)
    listed: frozenset[str] = frozenset()
    routine: frozenset[str] = frozenset()


def is_score_sheet(page: Page, named: Names, week: str) -> bool:
    """Whether a page is a score sheet; a workbook may hold lists, rules and summaries besides."""
    scheme = named.definitions.scheme(page.made.week if page.made else week)
    found = find_heading(page, (scheme,), named) if scheme else None
    if found is None or found.whole:
        return found is not None
    if scheme is None or not (found.of("subject") or found.of("id")):
        return False
    return any(_open_column(page, found, column, scheme) for column in found.columns)


def _open_column(page: Page, heading: Heading, column: Column, scheme: Scheme) -> bool:
    """Whether a column that nobody knows may be about points.

    Its heading says so or is nearly a known one, or it holds numbers or ticks.
    """
    if column.field or column.thing:
        return False
    if headings.is_telling(column.heading) or headings.nearest(column, scheme, heading.form):
        return True
    if column.number in page.hidden_columns:
        return False  # read for nothing, and told
    return any(
        _holds_number(page.cell(row, column.number))
        for row in range(heading.bottom + 1, len(page.rows))
    )


def _holds_number(text: str) -> bool:
    try:
        return not is_nothing(text) and bool(pricing.parse(text))
    except pricing.NotAnAmount:
        return False


def admit_page(page: Page, named: Names, stamp: Stamp, options: Options | None = None) -> Admitted:
    """The entries of a page; raises `Faults` with every bad cell of it."""
    return _reader(page, named, stamp, options or Options()).admitted()


def admit_branches(
    page: Page,
    named: Names,
    stamp: Stamp,
    branches: Mapping[int, str],
    options: Options | None = None,
) -> tuple[dict[str, Admitted | list[Finding]], list[str]]:
    """The entries of a page of several branches, or the bad cells, of each branch; and its notices.

    `branches` says whose each row is. A row that is nobody's is a bad cell of the branches above and
    below. Raises `Faults` for what is wrong with the page as a whole.
    """
    return _reader(page, named, stamp, options or Options(), branches).admitted_apart()


def _reader(
    page: Page,
    named: Names,
    stamp: Stamp,
    options: Options,
    branches: Mapping[int, str] | None = None,
) -> "_Reader":
    scheme = named.definitions.scheme(stamp.week)
    if scheme is None:
        message = _("no scheme is in force in {week}").format(week=stamp.week)
        raise Faults([Finding(page.path, message=message)])
    heading = must_have_heading(page, named, scheme)
    if options.ask and _ask_for_headings(page, heading, named, scheme, options):
        page = replace(page, layout=options.learned.added_to(page.layout))
        heading = must_have_heading(page, named, scheme)
    return _Reader(page, named, stamp, scheme, heading, options, branches)


def _ask_for_headings(
    page: Page, heading: Heading, named: Names, scheme: Scheme, options: Options
) -> bool:
    """Ask what the columns are that nobody knows and that may be about points; whether there are any."""
    if page.made or any(_is_criterion(c, heading, scheme) for c in heading.columns):
        return False  # it is refused
    unknown = [
        c
        for c in heading.columns
        if not (c.field or c.thing) and _open_column(page, heading, c, scheme)
    ]
    for column in unknown:
        things = {str(t.name): t.id for t in _candidates(column, heading, scheme)}
        if heading.form == "long":
            things = {}
        out = _("nothing that counts: leave it out")

        def meant(text: str, at: Column = column) -> str:
            return _target(text, named, scheme, heading.form) or ""

        question = _("what is the column '{heading}'?").format(heading=column.heading)
        assert options.ask
        answer = options.ask(question, [*things, out], meant)
        if answer == out:
            options.learned.leave_out.append(column.heading)
        else:
            options.learned.headings[column.heading] = things.get(answer, answer)
    return bool(unknown)


def _is_criterion(column: Column, heading: Heading, scheme: Scheme) -> bool:
    """Whether a column is headed with a criterion that takes no score of its own."""
    known = column.field or column.thing or heading.form == "long"
    return not known and headings.criterion_of(scheme, column.heading) is not None


def _candidates(column: Column, heading: Heading, scheme: Scheme) -> list[names.Thing]:
    """What a column may be that nobody knows: what no other column is, the likeliest first, not too many."""
    taken = {c.thing.id for c in heading.columns if c.thing}
    free = [t for t in names.things_of(scheme).values() if t.id not in taken]
    direct = [t for t in free if isinstance(t, Criterion)]
    found = (
        direct if taken and all(isinstance(c.thing, Criterion) for c in heading.things) else free
    )
    near = headings.alike(column.heading, found)
    return [*near, *(t for t in found if t not in near)][:_FEW_CHOICES]


def _target(text: str, named: Names, scheme: Scheme, form: str) -> str:
    """What a typed answer names: a field, or an item or criterion; empty where it names nothing."""
    if text in LAYOUT_FIELDS:
        return text
    fields = {headings.folded_heading(str(label)): key for key, label in headings.named_fields()}
    if found := fields.get(headings.folded_heading(text)):
        return found
    if form == "long":
        return ""
    try:
        return named.thing(scheme, text).thing.id
    except lookup.NotFound:
        return ""


def refuse_unknown_names(page: Page, named: Names, stamp: Stamp) -> None:
    """Raises `Faults` where a page has no sound heading, or names that nobody has.

    For a page of which the branch can't be told: mostly that is why.
    """
    scheme = named.definitions.scheme(stamp.week)
    if scheme is None:
        return
    heading = must_have_heading(page, named, scheme)
    _Reader(page, named, stamp, scheme, heading, Options()).check_names()


def must_have_heading(page: Page, named: Names, scheme: Scheme) -> Heading:
    """The heading of a page; raises `Faults` where nothing in it looks like one."""
    heading = find_heading(page, (scheme,), named)
    if heading is None:
        raise Faults([_no_heading(page, scheme)])
    return heading


def _no_heading(page: Page, scheme: Scheme) -> Finding:
    message = _("no heading row in the first {rows} rows; {example}").format(
        rows=headings.SEARCHED_ROWS, example=headings.example(scheme)
    )
    first = next((n for n, cells in enumerate(page.rows) if cells), 0)
    line, cell = page.place(first, 0)
    return Finding(page.path, line, message=message, cell=cell, shown=page.shown(first))


@dataclass
class _Row:
    """A data row while it is read: who it is about, and what goes for all of its cells."""

    number: int
    subject: str = ""  # id; empty where it could not be told
    subject_column: Column | None = None
    given: dict[str, str] = field(default_factory=dict)  # of `SHARED`, resolved
    evidence: tuple[str | File, ...] = ()
    factor: int = 0  # 1 or -1 where a column of the row says added or deducted
    faulty: set[str] = field(default_factory=set)  # fields that have a finding already


@dataclass(frozen=True)
class _Cause:
    """What a finding is about: a cell, or a whole row."""

    message: str
    row: int
    column: Column
    whole: bool


@dataclass
class _Scored:
    """A cell with the row that it is in."""

    row: _Row
    cell: units.Cell
    thing_column: Column


class _Reader:
    """Reads one page; findings and notices gather in it."""

    def __init__(
        self,
        page: Page,
        named: Names,
        stamp: Stamp,
        scheme: Scheme,
        heading: Heading,
        options: Options,
        branches: Mapping[int, str] | None = None,
    ) -> None:
        self.branches = branches or {}  # by row, in a page of several
        self.page, self.named, self.stamp = (
            with_words(page, heading, named.definitions.subjects),
            named,
            stamp,
        )
        self.leave = leave_words(page.layout)
        self.definitions = named.definitions
        self.scheme, self.heading, self.options = scheme, heading, options
        self.findings: list[Finding] = []
        self.notices: list[str] = list(page.notices)
        self._told: set[tuple[int, int, str]] = set()
        self._causes: dict[Finding, _Cause] = {}
        self.remarks: dict[str, list[str]] = {}  # kind: remarks of it
        self.rows: Rows = Rows(())
        self.scored: list[_Scored] = []
        self.exempt: list[tuple[_Row, Column, str]] = []
        self.routine: set[str] = set()
        self.bare: list[_Row] = []
        self.pictures: list[Picture] = []
        self.columns = {c.number: c for c in heading.columns}
        self._subjects: dict[tuple[str, str], str | lookup.NotFound] = {}  # by text and branch
        self._people: dict[tuple[str, str, str], str | lookup.NotFound] = {}
        self._above: dict[int, tuple[int, str]] = {}  # by column: the last row read and its text
        self._running: bool | None = None
        self._approved_by: str | None = None  # for the whole sheet, once it was looked for
        self._strays: set[int] = set()  # columns without a heading that were told
        self._fillings: dict[int, int] = {}
        self._skipped: set[int] = set()  # hidden columns that shall not be read
        self.entries: list[tuple[Score | Exempt, int, str]] = []
        self.origins: list[tuple[int, Column, Score | Exempt]] = []
        self._cut = False  # whether it was not read to the end
        self._shown: list[int] = []  # the rows that are read
        self._passed: set[int] = set()  # those of them whose status says that they do not count

    # The whole

    def admitted(self) -> Admitted:
        listed = self._read()
        if self.findings:
            raise Faults(self._grouped(self.findings))
        return Admitted(
            self.entries,
            self._all_notices(),
            self.pictures,
            frozenset(listed.values()),
            frozenset(self.routine),
        )

    def admitted_apart(self) -> tuple[dict[str, Admitted | list[Finding]], list[str]]:
        """As `admit_branches`."""
        listed = self._read()
        found: dict[str, list[Finding]] = {}
        rows = {self.page.lines[row]: row for row in self.rows.rows}
        for finding in self.findings:
            row = rows.get(finding.line)
            if row is None or self._cut:
                raise Faults(self._grouped(self.findings))
            for branch in self._concerned(row):
                found.setdefault(branch, []).append(finding)
        if self.findings and any(found.keys().isdisjoint(self._concerned(r)) for r in self._lost()):
            raise Faults(
                self._grouped(self.findings)
            )  # what is wrong with one row goes for others too
        parts: dict[str, Admitted | list[Finding]] = {}
        for branch in dict.fromkeys(self.branches.values()):
            if branch in found:
                parts[branch] = self._grouped(found[branch])
                continue
            entries = [e for e in self.entries if e[0].branch == branch]
            named = {f for e, _line, _cell in entries for f in getattr(e, "evidence", ())}
            pictures = [p for p in self.pictures if self._file(p) in named]
            listed_here = frozenset(
                s for row, s in listed.items() if self.branches.get(row) == branch
            )
            parts[branch] = Admitted(entries, [], pictures, listed_here, frozenset(self.routine))
        return parts, self._all_notices()

    def _lost(self) -> set[int]:
        """The rows of which a cell gave no entry, or that were not read to their end."""
        recorded = {(row, column.number) for row, column, _entry in self.origins}
        cells = {(s.row.number, s.thing_column.number) for s in self.scored}
        done = {row for row, _column in cells} | {row.number for row, _c, _n in self.exempt}
        done |= {row.number for row in self.bare} | self._passed
        return {row for row, _column in cells - recorded} | (set(self._shown) - done)

    def _concerned(self, row: int) -> list[str]:
        """The branches that a wrong row concerns: its own, else those of the rows around it."""
        if branch := self.branches.get(row):
            return [branch]
        above = max((r for r in self.branches if r < row), default=None)
        below = min((r for r in self.branches if r > row), default=None)
        around = [self.branches[r] for r in (above, below) if r is not None]
        return list(dict.fromkeys(around)) or list(dict.fromkeys(self.branches.values()))

    def _at(self, row: int) -> Stamp:
        """The stamp of a row's entries."""
        branch = self.branches.get(row)
        return replace(self.stamp, branch=branch) if branch else self.stamp

    def _read(self) -> dict[int, str]:
        """Read the page, gathering entries, findings and remarks; the subject of each row."""
        self._check_heading()
        if not self.heading.whole:
            raise Faults(self._grouped(self.findings))
        self.rows = data_rows(self.page, self.heading, self._knows)
        rows = self._shown = self._shown_rows()
        self._check_hidden_columns(rows)
        self._note_columns(rows)
        self._tell_routine(*self.rows.notices)
        self._check_left_out()
        if self.heading.form == "grid":
            self._refuse_twice(rows)
        for number in rows:
            if len(self.findings) >= _MOST_FINDINGS:
                self.findings.append(self._not_read_on(number))
                break
            if self._is_other_heading(number):
                break
            self._read_row(number)
        reading = self._price_cells()
        self._combine_judges()
        self._place_notes()
        self._admit()
        self._refuse_exempt_and_scored()
        if not self.findings:
            self.remarks["sums"] = list(sums.differences(reading))
            self._note_doubles()
        away = {row.number: row.subject for row, _column, _note in self.exempt}
        return {row: subject for row, subject in (reading.subjects | away).items() if subject}

    def _tell_routine(self, *notices: str) -> None:
        self.notices += notices
        self.routine |= set(notices)

    def _all_notices(self) -> list[str]:
        for said in self.remarks.values():
            self.notices += said[:_FEW]
            if len(said) > _FEW:
                more = _("and {count} more of this kind").format(count=len(said) - _FEW)
                self.notices.append(more)
        return self.notices

    def check_names(self) -> None:
        """Resolve the heading and the names, and raise `Faults` with what is wrong with them."""
        self._check_heading()
        if self.heading.whole:
            self.rows = data_rows(self.page, self.heading, self._knows)
            for row in self.rows.rows[:_MOST_FINDINGS]:
                self._subject(row)
        if self.findings:
            raise Faults(self._grouped(self.findings))

    def find(self, row: int, column: Column, message: str, whole: bool = False) -> None:
        """Note what is wrong with a cell, or with a `whole` row, once."""
        key = (row, -1 if whole else column.number, message)
        if key in self._told:
            return
        self._told.add(key)
        found = self.page.finding(row, column.number, message, column.heading)
        self._causes[found] = _Cause(message, row, column, whole)
        self.findings.append(found)

    def _grouped(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings; one mistake that several rows have is one that names them."""
        same: dict[tuple[str, int], list[_Cause]] = {}
        result = []
        for finding in findings:
            if cause := self._causes.get(finding):
                number = -1 if cause.whole else cause.column.number
                same.setdefault((cause.message, number), []).append(cause)
            else:
                result.append(finding)
        for (message, number), causes in same.items():
            first, *others = sorted(causes, key=lambda cause: cause.row)
            lines = [self.page.lines[cause.row] for cause in others]
            if self.page.name and number >= 0 and others:
                message = _("{message}; the same in {cells}").format(
                    message=message, cells=_runs(lines, letters(number))
                )
            elif others:
                message = many(
                    "{message}; the same in line {lines}",
                    "{message}; the same in lines {lines}",
                    len(others),
                ).format(message=message, lines=_runs(lines))
            at = first.column
            result.append(self.page.finding(first.row, at.number, message, at.heading))
        return result

    def remark(self, kind: str, text: str) -> None:
        """Note something that is taken, and told."""
        found = self.remarks.setdefault(kind, [])
        if text not in found:
            found.append(text)

    def where(self, row: int, column: Column) -> str:
        """A place for people: `Sheet1!D7`, `line 7`."""
        line, cell = self.page.place(row, column.number)
        return cell or _("line {line}").format(line=line)

    def _not_read_on(self, row: int) -> Finding:
        self._cut = True
        line, cell = self.page.place(row, 0)
        message = _("from here on the file was not read; correct the lines above first")
        return Finding(self.page.path, line, message=message, cell=cell)

    # The heading

    def _find_heading(self, column: Column, message: str) -> None:
        row = column.row if column.row >= 0 else self.heading.row
        self.findings.append(self.page.finding(row, column.number, message, column.heading))

    def _check_heading(self) -> None:
        heading = self.heading
        criteria: list[Column] = []
        for column in heading.columns:
            if column.notice and column.notice not in self.notices:
                self.notices.append(column.notice)
            if column.field or (not column.problem and column.thing):
                continue
            if not column.thing and not _open_column(self.page, heading, column, self.scheme):
                continue  # says nothing on points: told with the columns not read
            if column.thing:
                self._find_heading(column, column.problem)
            elif _is_criterion(column, heading, self.scheme):
                criteria.append(column)
            else:
                self._find_unknown(column)
        if len(criteria) == 1 and heading.things:
            self._find_unknown(criteria[0])
        elif criteria:
            message = _(
                "scored by items here, not by one number for the criterion: {columns}; head the columns with items ({example}), or keep a book with a score for each criterion: qibi init --template simple"
            )
            example = listing([str(item.name) for item in self._items_of(criteria)][:2])
            names = headings.unread_headings(criteria)
            self._find_heading(criteria[0], message.format(columns=names, example=example))
        self._refuse_doubles()
        self._refuse_unheaded_names()
        if not (heading.of("subject") or heading.of("id")):
            message = _("no column says who this is about; head it '{name}'")
            self._find_missing(message.format(name=_("name")))
        elif not heading.whole and not self.findings:
            message = _("no column says what happened or which criterion is scored; {example}")
            self._find_missing(message.format(example=headings.example(self.scheme)))

    def _find_unknown(self, column: Column) -> None:
        """A column that may be about points and that nobody knows."""
        message = column.problem or _("this column is not understood")
        numbers = any(
            _holds_number(self.page.cell(row, column.number))
            for row in range(self.heading.bottom + 1, len(self.page.rows))
        )
        near = headings.nearest(column, self.scheme, self.heading.form, numbers)
        if near and f"'{near}'" not in message and f" {near} " not in message:
            message += _(" (or '{near}'?)").format(near=near)
        line = self._layout_line("headings", column.heading, self._guess(column, message, near))
        self._find_heading(
            column,
            message
            + _("; correct the heading, remove the column, or say in a layout: {line}").format(
                line=line
            ),
        )

    def _layout_line(self, section: str, heading: str, target: str) -> str:
        """What a layout would say of a heading: `numbers: {安全: score}`; one of the open questions."""
        plain = re.fullmatch(r"[^\W\d_][\w ·()（）/.-]*", heading)
        key = heading if plain else '"' + re.sub(r'([\\"])', r"\\\1", heading) + '"'
        self.options.learned.still_open.append((section, f"{key}: {target}"))
        return f"{section}: {{{key}: {target}}}"

    def _guess(self, column: Column, message: str, near: str) -> str:
        """What a layout would most likely say of an unknown column; ITEM where nobody can tell."""
        fields = {field: key for key, field in LAYOUT_FIELDS.items()}
        if near and (field := headings.field_of(near)) in fields:
            return fields[field]
        things = names.things_of(self.scheme)
        meant = [key for key in things if f"({key})" in message]
        free = _candidates(column, self.heading, self.scheme)
        meant = meant or ([free[0].id] if len(free) == 1 else [])
        return meant[0] if meant and self.heading.form == "grid" else _("ITEM")

    def _items_of(self, criteria: Sequence[Column]) -> list[Item]:
        found = (headings.criterion_of(self.scheme, column.heading) for column in criteria)
        return [criterion.items[0] for criterion in found if criterion and criterion.items]

    def _refuse_unheaded_names(self) -> None:
        """A column of names whose heading nobody knows, although another column holds ids.

        The ids alone would be read, whatever the names say.
        """
        if self.heading.of("subject") or not self.heading.of("id"):
            return
        for column in self.heading.columns:
            if column.field not in ("", "about") or column.thing:
                continue
            texts = [
                text
                for row in range(self.heading.bottom + 1, len(self.page.rows))
                if (text := self.page.cell(row, column.number))
            ]
            known = sum(map(self._knows, texts))
            if not column.field:
                known = max(known, sum(1 for t in texts if _LIKE_A_NAME.fullmatch(t)))
            if texts and 2 * known >= len(texts):
                message = _("this column holds names; head it '{name}'")
                self._find_heading(column, message.format(name=_("name")))

    def _find_missing(self, message: str) -> None:
        """Say which column is missing, at the heading that nobody knows, where there is one."""
        unknown = [c for c in self.heading.columns if not c.field and not c.thing]
        if unknown:
            message += _("; not understood: {columns}").format(
                columns=headings.unread_headings(unknown)
            )
        self._find_heading((unknown or list(self.heading.columns))[0], message)

    def _refuse_doubles(self) -> None:
        """Two columns of one meaning. Notes may be in several."""
        groups: dict[str, list[Column]] = {}
        for column in self.heading.columns:
            meaning = column.thing.id if column.thing else column.field
            if column.sign:
                meaning = f"points {column.sign}"
            if meaning and meaning not in (*UNREAD, *SILENT, "note"):
                groups.setdefault(meaning, []).append(column)
        for columns in groups.values():
            for first, second in pairwise(columns):
                message = _("means the same as '{other}' ({place}); keep one of the two columns")
                place = headings.column_place(self.page, self.heading, first)
                self._find_heading(second, message.format(other=first.heading, place=place))

    # Which rows and columns

    def _shown_rows(self) -> list[int]:
        """The data rows, without hidden ones and without rejected ones where that was said."""
        rows = list(self.rows.rows)
        hidden = [row for row in rows if row in self.page.hidden_rows]
        if hidden:
            names = _runs([self.page.lines[row] for row in hidden])
            message = _("hidden rows: {rows}").format(rows=names)
            if self._decided_hidden(message, hidden[0], 0) == "skip":
                rows = [row for row in rows if row not in self.page.hidden_rows]
        return rows

    def _decided_hidden(self, message: str, row: int, column: int) -> str:
        """`read` or `skip` for what is hidden: as said, or asked; else a finding."""
        chosen = self.options.hidden
        if not chosen and self.options.ask:
            question = _("{what}: read them, or skip them?").format(what=message)
            chosen = self.options.ask(question, ("read", "skip"), lambda _text: "")
        if chosen:
            done = _("read") if chosen == "read" else _("not read")
            self.notices.append(f"{message}: {done}")
            return chosen
        advice = _("{what}; show them, or say --hidden read or --hidden skip")
        self.findings.append(self.page.finding(row, column, advice.format(what=message)))
        return "read"

    def _check_hidden_columns(self, rows: Sequence[int]) -> None:
        """Hidden columns that are read for something; others are harmless."""
        found = [
            column
            for column in self.heading.columns
            if column.number in self.page.hidden_columns
            and (column.thing or column.field not in (*UNREAD, *SILENT, ""))
            and any(not is_nothing(self.page.cell(row, column.number)) for row in rows)
        ]
        if not found:
            return
        message = _("hidden columns: {columns}").format(columns=listing([c.heading for c in found]))
        if self._decided_hidden(message, self.heading.row, found[0].number) == "skip":
            gone = {c.number for c in found}
            kept = tuple(c for c in self.heading.columns if c.number not in gone)
            heading = replace(self.heading, columns=kept)
            if not heading.of("item" if heading.form == "long" else "subject") or not (
                heading.of("subject") or heading.of("id")
            ):
                message = _("this hidden column is needed; show it")
                self._find_heading(found[0], message)
                return
            self.heading = heading
            self.columns = {c.number: c for c in self.heading.columns}
            self._skipped = gone

    def _note_columns(self, rows: Sequence[int]) -> None:
        """Say which columns are not read; cells below no heading are findings."""
        heading = self.heading
        compared = heading.all_of("total", "rank")
        if compared:
            text = _("compared, not recorded: {columns}")
            self._tell_routine(text.format(columns=headings.unread_headings(compared)))
        if other := heading.all_of("self"):
            text = _("not read, since others have judged: {columns}")
            self._tell_routine(text.format(columns=headings.unread_headings(other)))
        unread = [
            c
            for c in heading.columns
            if c.field == "about"
            or (
                not c.field and not c.thing and not _open_column(self.page, heading, c, self.scheme)
            )
        ]
        if unread:
            text = _("not read, since they say nothing on points: {columns}")
            self._tell_routine(text.format(columns=headings.unread_headings(unread)))

    def _check_left_out(self) -> None:
        """A note below the table that gives or takes points is no note."""
        branches = {self.stamp.branch, *self.branches.values()}
        people = [m for b in branches for m in self.definitions.members_of(b, self.stamp.week)]
        names_here = [name for m in people for name in (m.name.zh, m.name.en) if name]
        for row in self.rows.left_out:
            text = self.page.shown(row)
            if _GIVES.search(text) and any(name in text for name in names_here):
                message = _("this looks like points; give it a row of the table, or clear it")
                self.find(row, self.heading.columns[0], message)

    def _refuse_stray(self, row: int) -> bool:
        """Find fault with the cells of a row that are below no heading."""
        found = False
        for number, text in enumerate(self.page.rows[row]):
            if not text or number in self.columns or number in self._skipped:
                continue
            if (row, number) in self.page.copied or number in self.page.hidden_columns:
                continue
            found = True
            last = max(self.columns)
            if number in self._strays:
                continue
            if number > last:
                message = _(
                    "this row has more cells than there are headings: is something shifted, or a comma too many?"
                )
            else:
                message = _("column {number} has no heading; write one, or clear it").format(
                    number=number + 1
                )
                self._strays.add(number)
            self.findings.append(self.page.finding(row, number, message))
            break
        return found

    # A row

    def _read_row(self, number: int) -> None:
        if self._is_struck(number):
            return
        if self._refuse_stray(number) | self._refuse_long_cells(number):
            return
        row = _Row(number)
        row.subject, row.subject_column = self._subject(number)
        if not self._counts(number):
            self._passed.add(number)
            return
        for name in ("date", "scored_by", "approved_by"):
            row.given[name] = self._shared(row, name)
        row.given["note"] = self._note(number)
        row.evidence = self._evidence(row)
        if self._on_leave(row):
            return
        if _LEAVE_WORD.search(row.given["note"]) and not self._anything(number):
            message = _(
                "does this exempt from the week? then head a column '{leave}' and write yes, or write only that word in the note"
            )
            self.find(number, self.heading.all_of("note")[0], message.format(leave=_("leave")))
            return
        before = len(self.scored)
        read = self._read_long if self.heading.form == "long" else self._read_grid
        said = read(row)
        if not said and len(self.scored) == before:
            self.bare.append(row)
            if self.heading.form == "grid" and (row.given["note"] or row.evidence):
                notice = _("line {line} has no points, so its note or evidence is not recorded")
                self.remark("bare", notice.format(line=self.page.lines[number]))

    def _is_struck(self, row: int) -> bool:
        """Whether all that a row says is struck out: one finding for all of its cells."""
        places = [(row, n) for n, text in enumerate(self.page.own(row)) if text]
        struck = [
            p for p in places if any(m.kind == pages.STRUCK for m in self.page.marks.get(p, ()))
        ]
        if not struck or len(struck) < len(places):
            return False
        message = _("the row is struck out; delete it, or remove the strikethrough")
        self.find(row, self.columns.get(struck[0][1], self.heading.columns[0]), message)
        return True

    def _is_other_heading(self, row: int) -> bool:
        if not other_heading(self.page, self.heading, row):
            return False
        message = _(
            "a second heading, in another order: use separate sheets, or the same column order"
        )
        self.find(row, self.heading.columns[0], message)
        return True

    def _refuse_long_cells(self, row: int) -> bool:
        """Whether a row is refused for a cell that is too long to be meant."""
        columns = [c for c in self.heading.columns if len(self.page.cell(row, c.number)) > _LONGEST]
        for column in columns:
            self.find(row, column, _("longer than 500 characters; shorten it"))
        return bool(columns)

    def _counts(self, row: int) -> bool:
        """Whether a row counts, by a column of its status; what is not approved is a finding."""
        column = self.heading.of("status")
        if not column:
            return True
        text = self.text(row, column)
        word = folded(text)
        if word in _APPROVED or (is_nothing(text) and self._refused(row, column)):
            return True
        if is_nothing(text) and not any(
            not is_nothing(self.page.cell(r, column.number)) for r in self.rows.rows
        ):
            return True
        if word in _REJECTED or is_nothing(text):
            if self.options.status == "read":
                return True
            if self.options.status == "skip":
                skipped = _("{place} is not read, since its status is '{text}'")
                self.remark("status", skipped.format(place=self.where(row, column), text=text))
                return False
            message = _("'{text}' is not approved; remove the row, or say --status skip or read")
            if is_nothing(text):
                message = _("the status is blank; write approved, or say --status skip or read")
        else:
            message = _(
                "'{text}' is not a status that qibi knows; write approved, or clear the column"
            )
        self.find(row, column, message.format(text=text))
        return True

    # A cell

    def text(self, row: int, column: Column, dated: bool = False) -> str:
        """What a cell shows, if it can be taken as it is; else a finding, and an empty text."""
        place = (row, column.number)
        text = self.page.cell(row, column.number)
        for mark in self.page.marks.get(place, ()):
            if message := mark_message(mark, text, dated):
                self.find(row, column, message)
                return ""
        if message := spoilt(text):
            self.find(row, column, message)
            return ""
        if place in self.page.pictures and column.field != "evidence":
            self.find(row, column, _("a picture can't be read here; write it as text"))
            return ""
        if place in self.page.copied and not is_nothing(text):
            if column.field in ("exempt", "status", "sign"):
                self._refuse_merged(row, column)
                return ""
            if column.field in ("evidence", "date", "scored_by", "approved_by"):
                said = _("{place}: the merged '{text}' applies to this row too")
                self.remark("merged", said.format(place=self.where(row, column), text=text))
        if narrowed(text).casefold() in DITTO:
            return self._ditto(row, column, text)
        self._above[column.number] = (row, text)
        return text

    def _ditto(self, row: int, column: Column, text: str) -> str:
        """The text above, where a cell says that it is the same."""
        last, above = self._above.get(column.number, (-1, ""))
        others = {*self.rows.rows, *self.rows.left_out, *self.rows.sums}
        directly = last >= 0 and not others.intersection(range(last + 1, row))
        if column.thing or column.field in ("points", "count") or is_nothing(above) or not directly:
            self.find(row, column, _("'{text}': write it out here").format(text=text))
            return ""
        self._above[column.number] = (row, above)
        said = _("{place}: '{text}' is read as '{above}'")
        self.remark("ditto", said.format(place=self.where(row, column), text=text, above=above))
        return above

    def _refuse_merged(self, row: int, column: Column) -> bool:
        """Whether a cell is refused since a merge fills it: one number can't be that of many rows."""
        if (row, column.number) not in self.page.copied:
            return False
        message = _("this cell is merged with others; split it, and fill in each row")
        self.find(row, column, message)
        return True

    def _subject(self, row: int) -> tuple[str, Column]:
        """Who a row is about (an id, empty with a finding), and the column that says so."""
        by_id, by_name = self.heading.of("id"), self.heading.of("subject")
        column = by_name or by_id
        assert column
        name = self.text(row, by_name) if by_name else ""
        key = self.text(row, by_id) if by_id else ""
        if not name or not by_name:
            if is_nothing(key) or not by_id:
                if not self._has_mark(row, by_name) and not self._has_mark(row, by_id):
                    self.find(row, column, _("nobody is named; write who this is about"))
                return "", column
            return self._resolved(row, by_id, narrowed(key).casefold()), by_id
        known = narrowed(key).casefold()
        numbers = bool(key) and self._is_running()
        if not (by_id and known in self.definitions.subjects) or numbers:
            if key and by_id:
                text = _("'{heading}' holds no ids of this book; the names are used")
                self.remark("ids", text.format(heading=by_id.heading))
            return self._resolved(row, by_name, name), by_name
        bare, behind = with_id(name, self.definitions.subjects)
        others = (behind,) if behind else self.definitions.by_folded_name.get(folded(bare), ())
        if not others:  # unknown, and never replaced by what an id says; or with another dot in it
            found = self._resolved(row, by_name, name)
            if found and found != known:
                message = _("{name} is {ids}, but the row's id is {id}; correct one of the two")
                self.find(row, by_name, message.format(name=bare, ids=found, id=known))
                found = ""
            return found, by_name
        if known not in others:
            message = _("{name} is {ids}, but the row's id is {id}; correct one of the two")
            text = message.format(name=bare, ids=listing(list(others)), id=known)
            self.find(row, by_name, text)
            return "", by_name
        return known, by_id

    def _knows(self, text: str) -> bool:
        """Whether a text names a subject of the book."""
        return folded(with_id(text, self.definitions.subjects)[0]) in (
            self.definitions.by_folded_name
        ) or (narrowed(text).casefold() in self.definitions.subjects)

    def _has_mark(self, row: int, column: Column | None) -> bool:
        return bool(column and self.page.marks.get((row, column.number)))

    def _refused(self, row: int, column: Column) -> bool:
        """Whether a cell that gave nothing holds something: there is a finding for it."""
        text = self.page.cell(row, column.number)
        return self._has_mark(row, column) or not is_nothing(text)

    def _is_running(self) -> bool:
        """Whether the column of ids only counts the rows: 1, 2, 3."""
        if self._running is None:
            column = self.heading.of("id")
            assert column
            found = [self.page.cell(row, column.number) for row in self.rows.rows]
            counted = [str(n) for n in range(1, len(found) + 1)]
            self._running = len(found) > 1 and found == counted
        return self._running

    def _resolved(self, row: int, column: Column, text: str) -> str:
        """The id of a subject's text, resolved once; a finding where it has none."""
        key = (text, self.branches.get(row, ""))
        if key not in self._subjects:
            self._subjects[key] = self._look_up(row, column, text)
        found = self._subjects[key]
        if isinstance(found, lookup.NotFound):
            message = str(found)
            near = list(self._near(text, self._at(row).branch).values())
            if len(near) == 1 and not self.page.made:
                line = self._layout_line("words", text, near[0])
                message += _("; or say in a layout: {line}").format(line=line)
            self.find(row, column, message)
            return ""
        return found

    def _look_up(self, row: int, column: Column, text: str) -> str | lookup.NotFound:
        if not with_id(text, self.definitions.subjects)[1] and (
            once := self._once(row, column, text)
        ):
            return once
        try:
            return self.named.subject(text, self.stamp.week, self._at(row).branch)
        except lookup.NotFound as error:
            return self._who_is(text, self._at(row).branch) or error

    def _near(self, text: str, branch: str) -> dict[str, str]:
        """Members of a branch that a shortened name may stand for: `甲七` may be 甲七·古; name: id.

        Nobody where names are kept out of git: a layout would hold them.
        """
        people = self.definitions.members_of(branch, self.stamp.week)
        short = folded(text)
        if self.definitions.private_names or len(short) < 2:
            return {}
        names = [(self.definitions.title(m.id), m.id) for m in people]
        found = [(name, key) for name, key in names if folded(name).startswith(short)]
        whole = any(folded(name) == short for name, _key in found)  # of two people: told by ids
        return {} if whole or len(dict(found)) < len(found) else dict(found)

    def _who_is(self, text: str, branch: str) -> str:
        """Who a shortened name is, from a person; empty where nobody says it."""
        near = self._near(text, branch)
        if not self.options.ask or not near or self.page.made:
            return ""
        nobody = _("nobody of these")
        question = _("who is '{name}'?").format(name=text)
        answer = self.options.ask(question, [*near, nobody], lambda _text: "")
        if answer == nobody:
            return ""
        self.options.learned.words[text] = near[answer]
        return near[answer]

    def _once(self, row: int, column: Column, name: str) -> str:
        """The id that a name had when qibi made the sheet, if it means nobody else now.

        Whoever was renamed since then is known by it, and nobody can be scored under another's name.
        """
        definitions = self.definitions
        key = known_subject(self.page.made, definitions, name)
        others = definitions.by_folded_name.get(folded(name), ())
        if not key or key in others:
            return key
        if others:
            message = _(
                "{name} is {ids} now, and was {id} when the sheet was made; make a new sheet"
            )
            self.find(row, column, message.format(name=name, ids=listing(list(others)), id=key))
            return key
        self.remark("renamed", _("{old} is {new} now").format(old=name, new=definitions.title(key)))
        return key

    def _shared(self, row: _Row, name: str) -> str:
        """What a row says on a date or a person, as it is recorded; empty with a finding if it is wrong."""
        column = self.heading.of(name)
        if not column:
            return ""
        text = self.text(row.number, column, dated=name == "date")
        if is_nothing(text):
            if self._refused(row.number, column):
                row.faulty.add(name)
            return ""
        if name == "date":
            day, wrong = self._day(row.number, column, text)
            if wrong:
                self.find(row.number, column, wrong)
            return day
        stamp = self._at(row.number)
        key = (name, text, stamp.branch)
        if key not in self._people:
            self._people[key] = self._person(name, text, stamp)
        found = self._people[key]
        if isinstance(found, lookup.NotFound):
            self.find(row.number, column, str(found))
            row.faulty.add(name)
            return ""
        return found

    def _person(self, name: str, text: str, stamp: Stamp) -> str | lookup.NotFound:
        """A scorer or approver: by the id behind the name, or the name."""
        definitions, made = self.definitions, self.page.made
        roles = definitions.scorer_roles(self.stamp.week)
        if key := with_id(text, {*roles, *definitions.spans})[1]:
            text = key
        else:
            branch = made.branch if made else ""
            text = known_person(made, definitions, self.stamp.week, branch, text)
        try:
            return admission.person(definitions, stamp, text, name)
        except lookup.NotFound as error:
            return error

    def _day(self, row: int, column: Column, text: str) -> tuple[str, str]:
        """The ISO date that a cell states, and what is wrong with it: one of the two is empty."""
        bare = narrowed(text)
        if _SERIAL.fullmatch(bare):
            day = _DAY_NOUGHT + timedelta(days=int(float(bare)))
            if not timedelta(0) <= weeks.sunday(self.stamp.week) - day <= _LONG_AGO:
                message = _("'{text}' is a number, not a date; write it as 2026-11-18")
                return "", message.format(text=text)
            return day.isoformat(), ""
        if found := re.fullmatch(r"(\d{1,2})\.([1-3])", bare):
            # 11.20 loses its last nought where a program takes it for a number
            tens = f"{found[1]}.{found[2]}0"
            days = [admission.read_day(self.stamp.week, t)[0] for t in (bare, tens)]
            inside = [day for day in days if day and _is_within(day, self.stamp.week)]
            if days[0] and days[1] and len(set(inside)) != 1:
                message = _("'{text}' may be {first} or {second}; write it as 2026-11-18")
                return "", message.format(text=text, first=days[0], second=days[1])
            if inside and inside[0] != days[0]:
                said = _("{place}: '{text}' is read as {day}")
                where = self.where(row, column)
                self.remark("days", said.format(place=where, text=text, day=inside[0]))
                return inside[0], ""
        # An event of Sunday night may be dated on Monday: told with the days outside the week.
        today = date.fromisoformat(self.stamp.recorded_at[:10])
        until = max(weeks.sunday(self.stamp.week), today)
        return admission.read_day(self.stamp.week, text, until)

    def _note(self, row: int) -> str:
        """What a row's notes say, of all columns for them."""
        texts = [self.text(row, column, dated=True) for column in self.heading.all_of("note")]
        return clauses([text for text in texts if not is_nothing(text)])

    def _evidence(self, row: _Row) -> tuple[str | File, ...]:
        """The evidence that a row names: references, or the picture in its cell."""
        column = self.heading.of("evidence")
        if not column:
            return ()
        place = (row.number, column.number)
        if place in self.page.pictures and self.definitions.private_names:
            message = _(
                "a picture may show names, which are private here; write a reference, and attach one without names: qibi attach"
            )
            self.find(row.number, column, message)
            row.faulty.add("evidence")
            return ()
        if place in self.page.pictures:
            return (self._picture(self.page.pictures[place]),)
        text = self.text(row.number, column)
        if is_nothing(text):
            if self._refused(row.number, column):
                row.faulty.add("evidence")
            return ()
        found = references(text)
        for reference in found or (text,):
            word = narrowed(reference).casefold()
            promised = re.match(r"待|后补|稍后|暂缺", word)
            if word in _NO_EVIDENCE or promised or not re.search(r"\w", word):
                message = _("'{text}' is not evidence; name the photo, the notice or its number")
                self.find(row.number, column, message.format(text=reference))
                row.faulty.add("evidence")
                return ()
        return found

    def _picture(self, picture: Picture) -> File:
        self.pictures.append(picture)
        return self._file(picture)

    def _file(self, picture: Picture) -> File:
        return picture_file(self.stamp.week, picture.name, picture.content)

    # Leave

    def _on_leave(self, row: _Row) -> bool:
        """Whether a row says that its subject is on leave for the week, and if so its exemption."""
        word, column, reason = self._leave_word(row)
        if not column:
            return False
        for other in self.heading.columns:
            if other is column or not self._says_more(row.number, other):
                continue
            message = _("the row says '{word}'; clear this cell, or that word")
            self.find(row.number, other, message.format(word=reason or word))
        note = row.given["note"]
        reasons = [t for t in (reason, "" if column.field == "note" else note) if t]
        text = clauses(reasons) or word
        self.exempt.append((row, column, text[: admission.NOTE_LENGTH]))
        return True

    def _leave_word(self, row: _Row) -> tuple[str, Column | None, str]:
        """The word for leave in a row, its column, and the reason that it gives."""
        number = row.number
        for column in self.heading.columns if self.leave else ():
            text = self.page.cell(number, column.number)
            if column.field not in ("subject", "id") and folded(text) in self.leave:
                return text, column, text if self.text(number, column) else ""
        for column in self.heading.all_of("exempt"):
            text = self.text(number, column)
            word = narrowed(text).casefold()
            if is_nothing(text) or word in _LEAVE_NO:
                continue
            if word not in _LEAVE_YES:
                message = _(
                    "'{text}' does not say whether the week is exempt; write yes or no, and the reason into the note"
                )
                self.find(number, column, message.format(text=text))
                continue
            usual = "leave" if column.heading.isascii() else EXEMPT_WORDS[0]
            return usual, column, "" if word in _NO_REASON else text
        fields = ("item", "total", "rank", "points")
        for column in self.heading.columns:
            if column.field in fields and self._is_leave(number, column):
                return narrowed(self.page.cell(number, column.number)), column, ""
        for column in self.heading.all_of("note"):
            if self._is_leave(number, column) and not self._anything(number):
                return narrowed(self.page.cell(number, column.number)), column, ""
        return self._leave_everywhere(number)

    def _is_leave(self, row: int, column: Column) -> bool:
        """Whether a cell holds a word for leave, and can be taken as it is."""
        if narrowed(self.page.cell(row, column.number)).casefold() not in _LEAVE:
            return False
        return bool(self.text(row, column))

    def _leave_everywhere(self, row: int) -> tuple[str, Column | None, str]:
        """Leave in every cell of a grid's row goes for the week; in some of them it is a finding."""
        things = self.heading.things
        texts = {c.number: self.page.cell(row, c.number) for c in things}
        away = [c for c in things if self._is_leave(row, c)]
        if not away:
            return "", None, ""
        if len(away) == len(things) > 1:
            return narrowed(texts[away[0].number]), away[0], ""
        for column in away:
            message = _(
                "'{text}' in one cell does not exempt from the week; write it into the note of a row without points, or head a column '{leave}'"
            )
            leave = _("leave") if column.heading.isascii() else EXEMPT_WORDS[0]
            self.find(row, column, message.format(text=texts[column.number], leave=leave))
        return "", None, ""

    def _anything(self, row: int) -> bool:
        """Whether a row says anything on points."""
        return any(
            not is_zero(self.page.cell(row, c.number))
            for c in self.heading.columns
            if c.thing or c.field in ("item", "points", "count")
        )

    def _says_more(self, row: int, column: Column) -> bool:
        """Whether a cell says something about points, which nobody on leave has."""
        cell = self.page.cell(row, column.number)
        if narrowed(cell).casefold() in _LEAVE or folded(cell) in self.leave:
            return False
        if isinstance(column.thing, Item) or column.field == "points":
            return not is_zero(cell)
        told = column.thing or column.field in ("item", "count", *SHARED)
        return bool(told) and column.field != "note" and not is_nothing(cell)

    # The long form: a row an event

    def _read_long(self, row: _Row) -> bool:
        """Read a row that is one event; whether it says anything."""
        number, heading = row.number, self.heading
        column = heading.of("item")
        assert column
        item = self.text(number, column)
        points, points_column = self._points(row)
        count = self._count(row)
        if is_nothing(item) and self._refused(number, column):
            return True
        if is_nothing(item):
            stated = points is not None or count is not None or row.evidence
            if stated or any(row.given.values()):
                if not self._has_mark(number, column):
                    self.find(number, column, _("no item is named; write what happened"))
                return True
            return self._has_mark(number, column)
        if row.faulty & {"points", "count"}:
            points_column = None
        if self._refuse_merged(number, column):
            return True
        thing = self._thing(number, column, item)
        if thing is None:
            self._judge_rest(row, None)
            return True
        self._check_tariff(row, thing)
        self._check_sign(row, thing)
        if points and not points.hundredths and isinstance(thing, Item) and not thing.takes(0):
            points = None
        if points is None and count is None:
            points_column = None
            if self._says_none(row, thing):
                return False
        self._add_long(row, column, thing, points, points_column, count)
        return True

    def _says_none(self, row: _Row, thing: names.Thing) -> bool:
        """Whether a row that names an item says that it did not happen.

        A sign for nothing or a nought in its columns for numbers says so. Blank cells are once; but
        in a form that has every item in advance, or where other rows state how often, a row that
        tells nothing else of an event is a finding.
        """
        columns = self.heading.all_of("count", "points")
        texts = [self.page.cell(row.number, c.number) for c in columns]
        if row.faulty or not columns:
            return False
        if any(text and is_zero(text) for text in texts):
            return True
        if self.page.made or any(row.given.values()) or row.evidence:
            return False
        counted = isinstance(thing, Item) and thing.per and self._filled(self.heading.of("count"))
        if counted or self._is_prepared():
            message = _("did this happen? write 1, or a dash if it did not")
            self.find(row.number, columns[0], message)
        return False

    def _filled(self, column: Column | None) -> int:
        """In how many rows a column holds anything."""
        if not column:
            return 0
        if column.number not in self._fillings:
            texts = (self.page.cell(row, column.number) for row in self.rows.rows)
            self._fillings[column.number] = sum(1 for text in texts if text)
        return self._fillings[column.number]

    def _is_prepared(self) -> bool:
        """Whether most rows name an item and state nothing on it: a form with all items in advance."""
        stated = sum(self._filled(c) for c in self.heading.all_of("count", "points"))
        return bool(stated) and 2 * stated < len(self.rows.rows)

    def _add_long(
        self,
        row: _Row,
        column: Column,
        thing: names.Thing,
        points: pricing.Amount | None,
        points_column: Column | None,
        count: int | None,
    ) -> None:
        place = points_column or (self.heading.of("count") if count else None) or column
        if points is not None and points.unit == units.COUNT:
            count, points = (count or points.count), None
        if points is None:
            known = self._priced(row, thing, count, place)
            amount = pricing.Amount(100 * (count or 1), units.COUNT)
            text = ""
        else:
            known, amount = None, points
            text = self.page.cell(row.number, place.number)
        cell = units.Cell(row.number, place, thing, amount, text, count, price=known)
        self.scored.append(_Scored(row, cell, column))

    def _priced(
        self, row: _Row, thing: names.Thing, count: int | None, column: Column
    ) -> Price | None:
        """The price of an event whose points the scheme knows."""
        try:
            if isinstance(thing, Criterion):
                return admission.direct_price(thing, None, count)
            return price(thing, None, count)
        except Misfit as misfit:
            if misfit.field not in row.faulty:
                place = self.heading.of(misfit.field) or column
                self.find(row.number, place, misfit.message)
            return None

    def _points(self, row: _Row) -> tuple[pricing.Amount | None, Column | None]:
        """The points that a row states, signed as its columns say, and the column."""
        found: tuple[pricing.Amount | None, Column | None] = (None, None)
        for column in self.heading.all_of("points"):
            text = self.text(row.number, column)
            if is_nothing(text) or (column.sign and is_zero(text)):
                if is_nothing(text) and self._refused(row.number, column):
                    row.faulty.add("points")
                continue
            if narrowed(text).casefold() in _LEAVE:
                continue
            if self._refuse_merged(row.number, column):
                row.faulty.add("points")
                continue
            amount = self._amount(row.number, column, text)
            if amount is None:
                row.faulty.add("points")
                continue
            if pricing.is_tick(text):
                amount = None
                continue
            if column.sign:
                if amount.signed and (amount.hundredths < 0) != (column.sign < 0):
                    message = _("'{text}' contradicts the heading '{heading}'")
                    self.find(row.number, column, message.format(text=text, heading=column.heading))
                    continue
                value = column.sign * abs(amount.hundredths)
                amount = pricing.Amount(value, units.POINTS, True)
            if found[1]:
                message = _("'{other}' states points as well; keep one of the two")
                self.find(row.number, column, message.format(other=found[1].heading))
                continue
            found = amount, column
        return found

    def _amount(self, row: int, column: Column, text: str) -> pricing.Amount | None:
        try:
            return pricing.parse(text)
        except pricing.NotAnAmount as error:
            self.find(row, column, str(error))
            return None

    def _count(self, row: _Row) -> int | None:
        column = self.heading.of("count")
        if not column:
            return None
        text = self.text(row.number, column)
        if is_zero(text):
            if is_nothing(text) and self._refused(row.number, column):
                row.faulty.add("count")
            return None
        if self._refuse_merged(row.number, column):
            row.faulty.add("count")
            return None
        problems: list[admission.Problem] = []
        count = admission.read_count(text, problems)
        for _field, message in problems:
            self.find(row.number, column, message)
            row.faulty.add("count")
        return count

    def _thing(self, row: int, column: Column, text: str) -> names.Thing | None:
        """The item or direct criterion that a cell names, its brackets compared with the scheme."""
        try:
            found = self.named.thing(self.scheme, text, cell=True)
        except lookup.NotFound as error:
            made = self.page.made.items.get(text, "") if self.page.made else ""
            if made and (thing := names.thing_of(self.scheme, made)):
                return thing
            self.find(row, column, str(error))
            return None
        if found.problem:
            self.find(row, column, found.problem)
            return None
        if found.notice:
            self.remark("items", found.notice)
        return found.thing

    def _check_tariff(self, row: _Row, thing: names.Thing) -> None:
        """A tariff next to the points must be the scheme's; it is never recorded."""
        for column in self.heading.all_of("tariff"):
            text = self.text(row.number, column)
            if is_nothing(text):
                continue
            said, agrees = names.bracket(self.scheme, thing, text)
            if agrees is False or (agrees is None and not said):
                message = _("the sheet says {text} for {item}; the scheme says {price}")
                price = names.price_of(thing)
                self.find(
                    row.number, column, message.format(text=text, item=thing.name, price=price)
                )

    def _check_sign(self, row: _Row, thing: names.Thing) -> None:
        """A column that says added or deducted gives unsigned points their sign."""
        column = self.heading.of("sign")
        if not column:
            return
        text = self.text(row.number, column)
        word = folded(text)
        if is_nothing(text):
            return
        if word not in _ADDED and word not in _DEDUCTED:
            message = _("'{text}' says neither added nor deducted; write one of the two")
            self.find(row.number, column, message.format(text=text))
            return
        row.factor = 1 if word in _ADDED else -1
        against = isinstance(thing, Item) and (
            (row.factor > 0 and thing.span[1] < 0) or (row.factor < 0 and thing.span[0] > 0)
        )
        if against:
            message = _("'{text}' contradicts {item}, which gives {price}")
            price = names.price_of(thing)
            self.find(row.number, column, message.format(text=text, item=thing.name, price=price))
            row.factor = 0

    # The grid: a row a person

    def _refuse_twice(self, rows: Sequence[int]) -> None:
        """Find fault with a person's second row in a grid, which has one for each."""
        seen: dict[str, int] = {}
        for row in rows:
            key, name = subject_of(self.page, self.heading, row)
            text = (
                key
                if key and narrowed(key).casefold() in self.definitions.subjects
                else name or key
            )
            if not text:
                continue
            at = (text, self.branches.get(row, ""))
            if at not in self._subjects:
                column = self.heading.of("subject") or self.heading.of("id")
                assert column
                before = len(self.findings)
                self._subjects[at] = self._look_up(row, column, text)
                del self.findings[before:]
            found = self._subjects[at]
            who = folded(text) if isinstance(found, lookup.NotFound) else found
            if who in seen:
                message = _("{name} is already in line {line}; keep one row")
                shown = self.definitions.title(who) if who in self.definitions.subjects else text
                column = self.heading.of("subject") or self.heading.columns[0]
                line = self.page.lines[seen[who]]
                self.find(row, column, message.format(name=shown, line=line))
            seen.setdefault(who, row)

    def _read_grid(self, row: _Row) -> bool:
        """Read a row with a cell for each thing; whether it says anything."""
        said = self._read_named(row)
        for column in self.heading.things:
            thing = column.thing
            assert thing
            if column.problem:
                said = True  # a finding at the heading
                continue
            raw = self.page.cell(row.number, column.number)
            if narrowed(raw).casefold() in _LEAVE:
                said = True  # a finding already
                continue
            text = self.text(row.number, column)
            if is_nothing(text):
                said = said or self._has_mark(row.number, column)
                continue
            if self._refuse_merged(row.number, column):
                said = True
                continue
            amount = self._amount(row.number, column, text)
            if amount is None:
                said = True
                continue
            if isinstance(thing, Item) and amount.hundredths == 0:
                continue
            said = True
            cell = units.Cell(row.number, column, thing, amount, text, several=True)
            self.scored.append(_Scored(row, cell, column))
        return said

    def _read_named(self, row: _Row) -> bool:
        """Read the cells of a grid's row that name an item, which is then once; whether there are any."""
        said = False
        for column in self.heading.all_of("item"):
            text = self.text(row.number, column)
            if is_nothing(text):
                said = said or self._has_mark(row.number, column)
                continue
            said = True
            if not self._refuse_merged(row.number, column) and (
                thing := self._thing(row.number, column, text)
            ):
                self._add_long(row, column, thing, None, None, None)
        return said

    # What the numbers are

    def _price_cells(self) -> sums.Reading:
        """Give each cell its price: by its unit, which may have to be decided for a whole column."""
        cells = [scored.cell for scored in self.scored]
        reading = sums.Reading(
            self.page, self.heading, self.definitions, self.scheme, self.rows, cells=cells
        )
        for scored in self.scored:
            reading.subjects[scored.row.number] = scored.row.subject
        for row in self.bare:
            reading.subjects[row.number] = row.subject
        reading.exempt = {row.subject for row, _c, _t in self.exempt}
        for scored in self.scored:
            self._apply_factor(scored)
        groups = list(self._groups())
        open_groups = [group for group in groups if not units.decide(group, self._problem)]
        proved = sums.decide_by_totals(reading, open_groups)
        for number, group in enumerate(open_groups):
            unit = proved.get(number, "")
            if unit:
                said = _("{what}: so the sheet's own totals agree")
                self.notices.append(said.format(what=_read_as(group.column.heading, unit)))
            unit = unit or self._asked(group)
            if unit:
                units.resolve_unit(group, unit, self._problem)
        for group in groups:
            if group.inferred:
                self.notices.append(_read_as(group.column.heading, group.inferred))
        return reading

    def _problem(self, cell: units.Cell, message: str) -> None:
        """Note what is wrong with a number, as far as anyone reads on."""
        if len(self.findings) < 2 * _MOST_FINDINGS:
            self.find(cell.row, cell.column, message)
        elif len(self.findings) == 2 * _MOST_FINDINGS:
            self.findings.append(self._not_read_on(cell.row))

    def _apply_factor(self, scored: _Scored) -> None:
        """Sign the points of a row that a column of its own calls added or deducted."""
        factor, cell = scored.row.factor, scored.cell
        if not factor or cell.price is not None:
            return
        amount = cell.amount
        if amount.signed and amount.hundredths * factor < 0:
            message = _("'{text}' contradicts the column that says added or deducted")
            self._problem(cell, message.format(text=cell.text))
        elif not amount.signed:
            cell.amount = pricing.Amount(factor * amount.hundredths, units.POINTS, True)

    def _groups(self) -> Iterator[units.Group]:
        """The cells that are read alike: a grid's column; of the long form, by column and kind."""
        found: dict[tuple[int, bool], units.Group] = {}
        for scored in self.scored:
            cell = scored.cell
            if cell.price is not None or (not cell.text and not cell.amount.signed):
                continue
            direct = isinstance(cell.thing, Criterion)
            key = (cell.column.number, direct)
            if key not in found:
                found[key] = units.Group(cell.column, unit=self._unit_of(cell))
            found[key].cells.append(cell)
        for group in found.values():
            if self.heading.form == "long" and not group.direct:
                group.unit = group.unit or units.POINTS
                self._drop_tariff(group)
            yield group

    def _unit_of(self, cell: units.Cell) -> str:
        column = cell.column
        if self.page.made:
            if isinstance(cell.thing, Criterion):
                return units.SCORE
            if self.heading.form == "grid":
                return units.COUNT if cell.thing.fixed is not None else units.POINTS
        return column.unit

    def _drop_tariff(self, group: units.Group) -> None:
        """分值 next to 次数 is what one time is worth, where that fits all rows and the whole does not."""
        fixed = [c for c in group.cells if isinstance(c.thing, Item) and c.count]
        if len(fixed) < len(group.cells) or all(c.count == 1 for c in fixed):
            return
        if not all(_is_tariff(c) for c in fixed):
            return
        if all(units.possible(c, units.POINTS) for c in fixed):
            return
        said = _("'{heading}' is the points for one time; the total follows from the count")
        self.notices.append(said.format(heading=group.column.heading))
        for cell in fixed:
            cell.amount = pricing.Amount(100 * (cell.count or 1), units.COUNT)

    def _asked(self, group: units.Group) -> str:
        """The unit of a column that nothing decides: from a person, else a finding."""
        cell, first, second = units.both_readings(group)
        heading = group.column.heading
        if self.options.ask:
            question = _("what is {text} in '{heading}'?").format(heading=heading, text=cell.text)
            answer = self.options.ask(question, (first, second), lambda _text: "")
            unit = group.options[0] if answer == first else group.options[1]
            self.options.learned.numbers[heading] = unit
            self.notices.append(_read_as(heading, unit))
            return unit
        message = _("{text} may be {first} or {second}; {way_out}").format(
            text=cell.text, first=first, second=second, way_out=units.way_out(group)
        )
        line = self._layout_line("numbers", heading, " | ".join(group.options))
        message += _("; or say in a layout: {line}").format(line=line)
        self.find(cell.row, cell.column, message)
        return ""

    # Entries

    def _combine_judges(self) -> None:
        """Scores of one person on one direct criterion by several judges: by the scheme, or refused."""
        groups: dict[tuple[str, str], list[_Scored]] = {}
        for scored in self.scored:
            if isinstance(scored.cell.thing, Criterion) and scored.row.subject and scored.cell.text:
                key = (scored.row.subject, scored.cell.thing.id)
                groups.setdefault(key, []).append(scored)
        for (subject, _key), found in groups.items():
            if len(found) == 1:
                continue
            criterion = found[0].cell.thing
            assert isinstance(criterion, Criterion)
            judges = criterion.judges
            name = self.definitions.title(subject)
            if judges and all(s.cell.price for s in found):
                self._combine(found, judges, name, criterion)
                continue
            for scored in found[1:]:
                first = self.where(found[0].cell.row, found[0].cell.column)
                message = _(
                    "{name} has a score for {item} in {first} already; keep one, or let the scheme say `judges: mean` or `judges: latest`"
                )
                self._problem(
                    scored.cell, message.format(name=name, item=criterion.name, first=first)
                )

    def _combine(self, found: list[_Scored], judges: str, name: str, criterion: Criterion) -> None:
        """Leave one of several judges' scores: their mean (half up), or the last in the sheet."""
        prices = [s.cell.price.points for s in found if s.cell.price]
        last = found[-1]
        if judges == "mean":
            points = (2 * sum(prices) + len(prices)) // (2 * len(prices))
        else:
            points = prices[-1]
        if judges == "mean":
            last.row = self._of_all(found)
        last.cell.price = Price(points)
        gone = {id(s) for s in found[:-1]}
        self.scored = [s for s in self.scored if id(s) not in gone]
        how = _("their mean") if judges == "mean" else _("the last of them")
        said = _("{count} scores of {name} for {item}: {how} is recorded")
        self.remark(
            "judges", said.format(count=len(found), name=name, item=criterion.name, how=how)
        )

    def _of_all(self, found: list[_Scored]) -> _Row:
        """What goes for a mean of several judges' scores: their scores, notes and evidence."""
        last = found[-1].row
        said = []
        for scored in found:
            judge = scored.row.given["scored_by"]
            roles = self.definitions.scorer_roles(self.stamp.week)
            name = str(roles[judge]) if judge in roles else self.definitions.title(judge)
            points = pts.show(scored.cell.price.points) if scored.cell.price else ""
            said += [f"{name} {points}".strip(), scored.row.given["note"]]
        evidence = dict.fromkeys(e for scored in found for e in scored.row.evidence)
        note = clauses([text for text in said if text])
        given = {**last.given, "scored_by": "", "note": note}
        return replace(last, given=given, evidence=tuple(evidence))

    def _place_notes(self) -> None:
        """A grid's row has one note for all its cells: it goes with the one that it is about.

        That is the one that it names, else the only one that is not the base score, else the first of those.
        """
        by_row: dict[int, list[_Scored]] = {}
        for scored in self.scored if self.heading.form == "grid" else ():
            by_row.setdefault(scored.row.number, []).append(scored)
        for number, cells in by_row.items():
            note = cells[0].row.given["note"]
            if not note or len(cells) == 1:
                continue
            differing = [s for s in cells if _says_something(s.cell)] or cells
            named = [s for s in cells if _is_named_in(s, note)]
            named = [s for s in named if s in differing] or named
            kept = (named or differing)[0]
            for scored in cells:
                if scored is not kept:
                    scored.row = replace(scored.row, given={**scored.row.given, "note": ""})
            if len(differing) > 1 and not named:
                said = _("line {line}: the note goes with {item}")
                line = self.page.lines[number]
                self.remark("notes", said.format(line=line, item=kept.cell.thing.name))

    def _draft(self, scored: _Scored) -> Event:
        row = scored.row
        return Event(
            row.subject,
            scored.cell.thing,
            scored.cell.price,
            date=row.given["date"],
            note=row.given["note"],
            evidence=row.evidence,
            scored_by=row.given["scored_by"],
            approved_by=row.given["approved_by"],
        )

    def _admit(self) -> None:
        """Have each draft judged, in the order of the sheet."""
        drafts: list[tuple[int, int, Column, _Row, Event]] = []
        for scored in self.scored:
            column = scored.thing_column
            drafts.append(
                (scored.row.number, column.number, column, scored.row, self._draft(scored))
            )
        for row, column, note in self.exempt:
            draft = Event(row.subject, exempt=True, note=note)
            drafts.append((row.number, column.number, column, row, draft))
        drafts.sort(key=lambda d: d[:2])
        before = len(self.findings)
        for _number, _place, column, row, draft in drafts:
            if len(self.findings) - before >= _MOST_FINDINGS:
                self.findings.append(self._not_read_on(row.number))
                return
            found, problems = self._judged(row.number, draft)
            for name, message in problems:
                if name in row.faulty:
                    continue
                if name == "approved_by":
                    message += self._how_to_approve(draft.approved_by or self._approver())
                where = self._column_of(name, row, column)
                self.find(row.number, where, message, whole=name in SHARED)
            line, cell = self.page.place(row.number, column.number)
            at = self.page.reference(row.number, column.number)
            self.entries += [(msgspec.structs.replace(e, cell=at), line, cell) for e in found]
            self.origins += [(row.number, column, entry) for entry in found]
        for row in self.bare:
            self._judge_rest(row, None)

    def _judged(
        self, row: int, draft: Event
    ) -> tuple[list[Score | Exempt], list[admission.Problem]]:
        """The entries of an event and its problems; who approves for the sheet does where it is needed."""
        found, problems = admit_event(self.definitions, self._at(row), draft)
        lacking = any(name == "approved_by" for name, _message in problems)
        if lacking and not draft.approved_by and self._approver():
            approved = replace(draft, approved_by=self._approver())
            found, problems = admit_event(self.definitions, self._at(row), approved)
            if found:
                name = self.definitions.title(self._approver())
                self.remark(
                    "approved", _("approved by {name}, where it is needed").format(name=name)
                )
        return found, problems

    def _approver(self) -> str:
        """Who approves for the whole sheet: as said, or by a line `批准人：…` in it."""
        if self._approved_by is None:
            self._approved_by = self.options.approver
            below = {*self.rows.rows}
            for row in range(len(self.page.rows)) if not self._approved_by else ():
                if row in below or self.heading.row <= row <= self.heading.bottom:
                    continue
                if name := approver_named(self.page.own(row)):
                    who = self._person("approved_by", name, self.stamp)
                    if isinstance(who, lookup.NotFound):
                        self.find(row, self.heading.columns[0], str(who))
                    elif self._approved_by not in ("", who):
                        message = _("{one} is named as the approver here, {other} elsewhere")
                        title = self.definitions.title
                        message = message.format(one=title(who), other=title(self._approved_by))
                        self.find(row, self.heading.columns[0], message)
                    else:
                        self._approved_by = who
        return self._approved_by

    def _how_to_approve(self, named: str) -> str:
        """What to do where an approval is missing; `named` is who can't give it."""
        if named:
            message = _("; {name} is scored there or the judge, so name someone else")
            return message.format(name=self.definitions.title(named))
        column = self.heading.of("approved_by")
        if column:
            message = _("; name them under '{heading}', or for the whole sheet: --approved-by WHO")
            return message.format(heading=column.heading)
        label = headings.WRITTEN["approved_by"]
        return _(
            "; name them in a column '{heading}', in a line '{heading}: NAME' below the table, or with --approved-by WHO"
        ).format(heading=label)

    def _judge_rest(self, row: _Row, thing: names.Thing | None) -> None:
        """What is wrong with a row that records nothing: it must be right all the same."""
        if not row.subject:
            return
        stamp = self._at(row.number)
        if wrong := admission.not_there(self.definitions, stamp, row.subject):
            assert row.subject_column
            self.find(row.number, row.subject_column, wrong)

    def _column_of(self, name: str, row: _Row, column: Column) -> Column:
        if name == "subject":
            return row.subject_column or column
        if name == "approved_by" and self.heading.form == "grid":
            return self.heading.of(name) or row.subject_column or column
        if name in SHARED or self.heading.form == "long":
            return self.heading.of(name) or column
        return column

    def _refuse_exempt_and_scored(self) -> None:
        """Whoever is exempt has no points: a sheet that says both contradicts itself."""
        scored = {e.subject: row for row, _c, e in reversed(self.origins) if isinstance(e, Score)}
        for row, column, entry in self.origins:
            if isinstance(entry, Exempt) and entry.subject in scored:
                message = _("{name} is exempt here and scored in line {line}; keep one of the two")
                line = self.page.lines[scored[entry.subject]]
                text = message.format(name=self.definitions.title(entry.subject), line=line)
                self.find(row, column, text)

    def _note_doubles(self) -> None:
        """What a sheet may say by mistake, though no rule forbids it: told, and taken all the same.

        Two rows may say the same because two things happened, and an event of Sunday night may be
        dated on Monday: only whoever filled in the sheet knows.
        """
        first: dict[Entry, str] = {}
        for row, column, entry in self.origins:
            if not isinstance(entry, Score):
                continue
            where = self.where(row, column)
            before = first.setdefault(entry, where)
            if before != where:
                said = _(
                    "{first} and {second} say the same, and both are recorded; if it was one event, remove one and submit the sheet again"
                )
                self.remark("same", said.format(first=before, second=where))
            if entry.date and not _is_within(entry.date, entry.week):
                said = _("{where}: {date} is not a day of {week}; it counts for {week}")
                text = said.format(where=where, date=entry.date, week=entry.week)
                self.remark("elsewhen", text)


def _says_something(cell: units.Cell) -> bool:
    """Whether a number is more than the base score of its criterion."""
    base = cell.thing.base if isinstance(cell.thing, Criterion) else None
    return cell.price is None or cell.price.points != base


def _is_named_in(scored: _Scored, note: str) -> bool:
    """Whether a note names what a cell scores, by its heading, its name or short name."""
    thing = scored.cell.thing
    labels = [thing.name, *([thing.short] if isinstance(thing, Criterion) else [])]
    said = {name for label in labels for name in (folded(label.zh), folded(label.en))}
    said.add(headings.folded_heading(scored.thing_column.heading))
    said |= {name[1:] for name in said if name[:1] in ("比", "创") and len(name) > 2}
    return any(name and name in folded(note) for name in said)


def _is_tariff(cell: units.Cell) -> bool:
    """Whether a number is what one time of its item is worth; unsigned also of a deduction."""
    value = cell.amount.hundredths
    fixed = cell.thing.fixed if isinstance(cell.thing, Item) else None
    return fixed is not None and (
        fixed == value or (fixed == -value and not cell.amount.signed and fixed < 0)
    )


def _is_within(day: str, week: str) -> bool:
    return weeks.monday(week).isoformat() <= day <= weeks.sunday(week).isoformat()


def _read_as(heading: str, unit: str) -> str:
    """That a column's bare numbers are of this unit."""
    said = {
        units.COUNT: _("the numbers of '{heading}' are read as counts"),
        units.POINTS: _("the numbers of '{heading}' are read as points"),
        units.SCORE: _("the numbers of '{heading}' are read as scores"),
        units.DIFFERENCE: _("the numbers of '{heading}' are read as differences from the base"),
    }
    return said[unit].format(heading=heading)


def _runs(numbers: Sequence[int], column: str = "") -> str:
    """Numbers with runs closed up: `3, 5–7`; as cells of a column `C3, C5–C7`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    ends = [list(dict.fromkeys((f"{column}{r[0]}", f"{column}{r[-1]}"))) for r in runs]
    return listing(["–".join(pair) for pair in ends])


_ERROR_VALUE = re.compile(
    r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|#+)", re.IGNORECASE
)
_LOST = re.compile("[\ufffd\ue000-\uf8ff]|[\u4e00-\u9fff]\\?{2,}[\u4e00-\u9fff]|锟斤拷")
_SCIENTIFIC = re.compile(r"[+-]?[0-9](\.[0-9]+)?E\+?[0-9]{2,3}", re.IGNORECASE)


def spoilt(text: str) -> str:
    """Why a text can't be what was meant: an error value or a formula, or a number cut short."""
    if _ERROR_VALUE.fullmatch(text):
        return _("'{text}' is an error of the spreadsheet; type what is meant").format(text=text)
    if _LOST.search(text):
        message = _("'{text}' has lost characters; type it again")
        return message.format(text=text)
    if "DISPIMG(" in text:
        return _("the picture of this cell is not in the file; insert it again, or name it")
    if _SCIENTIFIC.fullmatch(text):
        message = _(
            "'{text}' has lost its last digits, because it was typed as a number; type it again as text"
        )
        return message.format(text=text)
    return ""


def mark_message(mark: pages.Mark, text: str, dated: bool) -> str:
    """Why a cell with this mark can't be taken as it is; empty where it can."""
    if "DISPIMG(" in text:
        return spoilt(text)
    if mark.kind == pages.DATE:
        if dated:
            return ""
        return _("the program has turned this into the date {text}; type it again as text").format(
            text=text
        )
    messages = {
        pages.STRUCK: _("'{text}' is struck out; delete it, or remove the strikethrough"),
        pages.STRUCK_PART: _("part of '{text}' is struck out; delete that part"),
        pages.RAISED: _("'{text}' has raised or lowered characters; type it again without them"),
        pages.UNCALCULATED: _(
            "this formula was never calculated ({detail}); open the sheet in a spreadsheet program and save it"
        ),
        pages.ERROR: _("'{text}' is an error of the spreadsheet; type what is meant"),
        pages.LOST_DIGITS: _(
            "'{text}' has lost its last digits, because it was typed as a number; type it again as text"
        ),
        pages.ROUNDED: _("the cell shows {text} but holds {detail}; type what is meant"),
        pages.INVISIBLE: _("the cell holds {detail} but shows nothing; clear it, or show it"),
    }
    return messages[mark.kind].format(text=text, detail=mark.detail)

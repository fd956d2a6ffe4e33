"""The minutes of a week's meeting: what is known is filled in, the rest are lines to fill.

`minutes` gives what the minutes hold, in order; `minutes_markdown` and `minutes_docx` write it.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from qibi.base import dates, points, weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, aside, clauses, colon, current, listing
from qibi.base.text import visible
from qibi.board.build import BoardQuery
from qibi.book import words
from qibi.book.definitions import Definitions
from qibi.ledger.remedies import Life
from qibi.ledger.seals import SealFile
from qibi.scoring.lists import Lists, remedy_due
from qibi.scoring.ranking import Ranking

_CAUSES = 3  # items next to a name
_DECISIONS = 4  # empty rows
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class SectionTitle:
    """A heading; the sections of level 1 are numbered by who writes them."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A line of text."""

    text: str


@dataclass(frozen=True)
class Labelled:
    """A label and its value; where there is none, a line to fill, and so many more below it."""

    label: str
    value: str = ""
    more: int = 0


@dataclass(frozen=True)
class RowBlock:
    """A table; `shares` are the widths of its columns, in parts of a hundred."""

    header: Sequence[str]
    shares: Sequence[int]
    rows: Sequence[Sequence[str]]


Block = SectionTitle | Paragraph | Labelled | RowBlock


@dataclass(frozen=True)
class Minutes:
    """What the minutes hold; `notes` say how far the week is."""

    title: str
    subtitle: str
    notes: Sequence[str]
    today: date
    blocks: list[Block] = field(default_factory=list)


def minutes(asked: BoardQuery) -> Minutes:
    """The minutes of the meeting on a week; raises `Faults` where the ledger is damaged."""
    definitions, week, today = asked.definitions, asked.week, asked.today
    members = asked.behind("member").ranking
    notes = [asked.handed_in(members), asked.closure(members), *asked.pending(members)]
    made = Minutes(
        title=f"{definitions.name}  " + _("Minutes of the weekly meeting"),
        subtitle=dates.week(week),
        notes=notes,
        today=today,
    )
    add = made.blocks.extend
    add(_attendance(definitions, week))
    add([SectionTitle(_("The week")), *(Paragraph(note) for note in notes)])
    add(_missing(definitions, members))
    remedies = asked.remedies
    for found in asked.lists:
        add(_red(definitions, found))
        add(_black(definitions, found, week, remedies, today))
    add(_open_remedies(definitions, remedies, today))
    add([SectionTitle(_("Decisions")), _decisions()])
    add(_next_meeting(definitions, week))
    add(_sealed(definitions, asked.seal))
    add(
        [
            SectionTitle(_("Signatures")),
            *(Labelled(who) for who in (_("Chair"), _("Minutes by"), _("Date"))),
        ]
    )
    return made


def meeting_day(definitions: Definitions, week: str) -> date | None:
    """The day on which a week is spoken about: the first such weekday after its Sunday."""
    if definitions.meeting not in _DAYS:
        return None
    return weeks.sunday(week) + timedelta(days=1 + _DAYS.index(definitions.meeting))


def _day(day: date) -> str:
    """A day with its weekday."""
    names = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    return dates.day(day) + aside(names[day.weekday()])


def _attendance(definitions: Definitions, week: str) -> list[Block]:
    day = meeting_day(definitions, week)
    return [
        Labelled(_("Held on"), _day(day) if day else ""),
        Labelled(_("Meeting place")),
        Labelled(_("Chair")),
        Labelled(_("Present"), more=1),
        Labelled(_("Absent, and why")),
    ]


def _missing(definitions: Definitions, members: Ranking) -> list[Block]:
    """A line to fill for each branch that has submitted nothing."""
    label = _("{name} has submitted nothing, because")
    return [Labelled(label.format(name=definitions.title(key))) for _week, key in members.missing]


def _red(definitions: Definitions, listed: Lists) -> Iterator[Block]:
    """Whom the red list names, with lines for what they tell the others."""
    if listed.policy.red is None:
        return
    name = words.list_name(definitions, "red")
    yield SectionTitle(_("{list}: what others can learn").format(list=name))
    if not listed.red:
        yield Paragraph(_("nobody"))
    for standing in listed.red:
        yield from _named(definitions, listed, standing.subject, standing.total, standing.rank)
        yield Labelled(_("Speaker"))
        yield Labelled(_("What was said"), more=1)


def _black(
    definitions: Definitions,
    listed: Lists,
    week: str,
    remedies: dict[str, Life],
    today: date,
) -> Iterator[Block]:
    """Whom the black list names: causes and measures, as far as a remedy says them."""
    if listed.policy.black is None:
        return
    name = words.list_name(definitions, "black")
    yield SectionTitle(_("{list}: cause and measure").format(list=name))
    if not listed.black:
        yield Paragraph(_("nobody"))
    for standing in listed.black:
        yield from _named(definitions, listed, standing.subject, standing.total, standing.rank)
        yield Labelled(_("Speaker"))
        yield Labelled(_("Cause"), more=1)
        mine = {
            key: life
            for key, life in remedies.items()
            if life.subject == standing.subject and (life.week == week or not life.ended)
        }
        if mine:
            yield _remedy_table(definitions, mine, today, named=False)
            continue
        due = remedy_due(listed.policy, week)
        yield Labelled(_("Measure"), more=1)
        yield Labelled(_("Owner"))
        yield Labelled(_("Due by"), _day(due) if due else "")


def _named(
    definitions: Definitions, listed: Lists, subject: str, total: int, rank: int
) -> Iterator[Block]:
    """A name on a list with its place, its people, and the items that weigh most."""
    week = listed.ranking.question.period.weeks[-1]
    place = _("place {rank}, {total} points").format(rank=rank, total=points.show(total))
    yield SectionTitle(definitions.title(subject) + aside(place), 2)
    people = [
        definitions.title(member)
        for cp in definitions.cp_spans.get(subject, ())
        if cp.since <= week <= cp.until
        for member in cp.members.values()
    ]
    if people:
        yield Labelled(_("Its people"), listing(people))
    scheme = listed.ranking.scheme
    causes = [
        f"{'' if c.subject == subject else definitions.title(c.subject) + ' '}"
        f"{words.thing(scheme, c.thing)} {points.signed(c.points)}"
        + (aside(_("veto")) if c.veto else "")
        for c in listed.causes[subject][:_CAUSES]
    ]
    if causes:
        yield Labelled(_("What weighs most"), clauses(causes))


def _open_remedies(
    definitions: Definitions, remedies: dict[str, Life], today: date
) -> Iterator[Block]:
    """What nobody has verified yet, the first due on top."""
    live = {key: life for key, life in remedies.items() if not life.ended}
    yield SectionTitle(_("Remedies due and overdue"))
    if live:
        yield _remedy_table(definitions, live, today, named=True)
    else:
        yield Paragraph(_("none"))


def _remedy_table(
    definitions: Definitions, remedies: dict[str, Life], today: date, named: bool
) -> RowBlock:
    rows = []
    for key, life in remedies.items():
        due = _day(date.fromisoformat(life.due)) if life.due else ""
        state = words.state_name(life.state)
        if life.overdue(today):
            state += aside(_("overdue"))
        who = [definitions.title(life.subject)] if named else []
        owner = definitions.title(life.owner) if life.owner else ""
        rows.append([key, *who, life.measure, owner, due, state])
    header = [_("Remedy"), *([_("Whose")] if named else [])]
    header += [_("Measure"), _("Owner"), _("Due by"), _("State")]
    return RowBlock(header, (12, 20, 28, 12, 14, 14) if named else (12, 42, 14, 16, 16), rows)


def _decisions() -> RowBlock:
    header = [_("No."), _("What was decided"), _("Owner"), _("Due by")]
    rows = [[str(number), "", "", ""] for number in range(1, _DECISIONS + 1)]
    return RowBlock(header, (8, 56, 18, 18), rows)


def _next_meeting(definitions: Definitions, week: str) -> list[Block]:
    day = meeting_day(definitions, week)
    following = weeks.shift(week, 1)
    text = ""
    if day:
        text = _("{day}, on {week}").format(
            day=_day(day + timedelta(weeks=1)), week=dates.week(following)
        )
    return [SectionTitle(_("Next meeting")), Labelled(_("Held on"), text)]


def _sealed(definitions: Definitions, seal: SealFile | None) -> list[Block]:
    """The seal's digest, which fixes all that was read out, and everything before it."""
    if seal is None:
        return []
    return [
        SectionTitle(_("Seal")),
        Labelled(_("File"), seal.path),
        Labelled("SHA-256", seal.digest),
        Labelled(_("Closed by"), f"{definitions.title(seal.seal.closed_by)} {seal.seal.closed_at}"),
    ]


# Minutes as docx on A4, in the fonts that Chinese offices print with; the same bytes every time.


# By their Chinese names, as Word and WPS list them there; elsewhere by the Latin ones.
_FONTS = {"zh": {"text": "仿宋", "head": "黑体"}, "en": {"text": "FangSong", "head": "SimHei"}}
_LATIN = "Times New Roman"
_NUMBERS = "一二三四五六七八九十"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the time that every part of the file bears


def docx(minutes: Minutes) -> bytes:
    """The bytes of a docx file; raises `Refusal` where python-docx is not installed."""
    try:
        from docx import Document
    except ImportError:
        raise Refusal(
            _("docx needs the package {package}").format(package="python-docx"),
            _("install it: pip install {package}, or write --format md").format(
                package="'qibi[board]'"
            ),
        ) from None
    return _Page(Document(), minutes).made()


class _Page:
    """The document while it is made."""

    def __init__(self, document: Any, minutes: Minutes) -> None:
        self.document, self.minutes = document, minutes
        self.sections = 0
        self._layout()
        self._styles()

    def made(self) -> bytes:
        """All blocks in order, then the bytes."""
        self._centred(self.minutes.title, "Title")
        self._centred(self.minutes.subtitle, "Subtitle")
        named = False
        for block, following in pairwise([*self.minutes.blocks, None]):
            named = block.level > 1 if isinstance(block, SectionTitle) else named
            # What is said of one name stays on one page.
            self._block(block, together=named and not isinstance(following, SectionTitle | None))
        raw = io.BytesIO()
        self.document.save(raw)
        return _undated(raw)

    def _layout(self) -> None:
        from docx.shared import Mm

        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(25)
        section.top_margin = section.bottom_margin = Mm(22)
        self.width = Mm(160)
        properties = self.document.core_properties
        today = self.minutes.today
        properties.title = visible(self.minutes.title)
        properties.author = properties.last_modified_by = "qibi"
        properties.comments = ""
        properties.created = properties.modified = datetime(today.year, today.month, today.day)
        _page_number(section.footer.paragraphs[0])

    def _styles(self) -> None:
        from docx.enum.text import WD_LINE_SPACING
        from docx.shared import Pt, RGBColor

        fonts = _FONTS[current()]
        for name, size, font in (
            ("Normal", 12, "text"),
            ("Title", 18, "head"),
            ("Subtitle", 12, "text"),
            ("Heading 1", 14, "head"),
            ("Heading 2", 12, "head"),
        ):
            style = self.document.styles[name]
            style.font.size = Pt(size)
            style.font.bold = style.font.italic = False
            style.font.color.rgb = RGBColor(0, 0, 0)
            _set_fonts(style.element.get_or_add_rPr(), fonts[font])
            spacing = style.paragraph_format
            spacing.line_spacing_rule = WD_LINE_SPACING.MULTIPLE
            spacing.line_spacing = 1.25
            heading = name.startswith("Heading")
            spacing.space_before = Pt(10 if heading else 0)
            spacing.space_after = Pt(4)
            spacing.keep_with_next = heading
        _without_border(self.document.styles["Title"].element)

    def _centred(self, text: str, style: str) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        paragraph = self.document.add_paragraph(visible(text), style=style)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER

    def _block(self, block: Block | None, together: bool) -> None:
        if isinstance(block, SectionTitle):
            self.document.add_heading(self._numbered(block), block.level)
        elif isinstance(block, Paragraph):
            self.document.add_paragraph(visible(block.text))
        elif isinstance(block, Labelled):
            self._field(block, together)
        elif isinstance(block, RowBlock):
            self._rows(block)

    def _numbered(self, heading: SectionTitle) -> str:
        if heading.level > 1:
            return visible(heading.text)
        self.sections += 1
        if current() == "zh" and self.sections <= len(_NUMBERS):
            return f"{_NUMBERS[self.sections - 1]}、{visible(heading.text)}"
        return f"{self.sections}. {visible(heading.text)}"

    def _field(self, field: Labelled, together: bool) -> None:
        """A label with its value; without one, a rule to write on, up to the right margin."""
        paragraph = self.document.add_paragraph(visible(field.label) + colon())
        if field.value:
            paragraph.add_run(visible(field.value))
            paragraph.paragraph_format.keep_with_next = together
            return
        for more in range(field.more, -1, -1):
            self._rule(paragraph)
            paragraph.paragraph_format.keep_with_next = together or more > 0
            if more:
                paragraph = self.document.add_paragraph()

    def _rule(self, paragraph: Any) -> None:
        from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER

        stops = paragraph.paragraph_format.tab_stops
        stops.add_tab_stop(self.width, WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.LINES)
        paragraph.add_run("\t")

    def _rows(self, block: RowBlock) -> None:
        from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
        from docx.shared import Mm, Pt

        table = self.document.add_table(rows=0, cols=len(block.header), style="Table Grid")
        table.autofit = False
        for column, share in zip(table.columns, block.shares, strict=True):
            column.width = self.width * share // 100
        for number, texts in enumerate([block.header, *block.rows]):
            row = table.add_row()
            _keep_whole(row, repeated=number == 0)
            row.height = Mm(8 if all(texts) else 12)  # a cell to write in is higher
            for cell, text, share in zip(row.cells, texts, block.shares, strict=True):
                cell.width = self.width * share // 100
                cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
                paragraph = cell.paragraphs[0]
                paragraph.paragraph_format.space_after = Pt(2)
                run = paragraph.add_run(visible(text))
                run.font.size = Pt(10.5)
                run.bold = number == 0
        self.document.add_paragraph().paragraph_format.space_after = Pt(0)


def _set_fonts(properties: Any, chinese: str) -> None:
    """Name the fonts for Chinese and for Latin text; the theme's would win over them."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    fonts.set(qn("w:ascii"), _LATIN)
    fonts.set(qn("w:hAnsi"), _LATIN)
    fonts.set(qn("w:cs"), _LATIN)
    fonts.set(qn("w:eastAsia"), chinese)
    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")  # else Chinese punctuation is set as in Taiwan
    properties.append(language)


def _without_border(style: Any) -> None:
    """Word's own title has a blue rule below it."""
    from docx.oxml.ns import qn

    for border in style.iter(qn("w:pBdr")):
        border.getparent().remove(border)
        return


def _keep_whole(row: Any, repeated: bool) -> None:
    """No row is broken over two pages; the headings are on each page."""
    from docx.oxml import OxmlElement

    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if repeated:
        properties.append(OxmlElement("w:tblHeader"))


def _page_number(paragraph: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)


def _undated(raw: io.BytesIO) -> bytes:
    """The same file with one time on all its parts, so that the same minutes are the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            info = zipfile.ZipInfo(part.filename, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(part))
    return made.getvalue()


# Minutes as Markdown: for a wiki, a chat group, a mail.


_BLANK = "\\_" * 12
_SPECIAL = "\\`*_{}[]<>|#"


def markdown(minutes: Minutes) -> str:
    """The text of the minutes."""
    parts = [f"# {_plain(minutes.title)}\n\n{_plain(minutes.subtitle)}"]
    number = 0
    for block in minutes.blocks:
        if isinstance(block, SectionTitle) and block.level == 1:
            number += 1
            parts.append(f"## {number}. {_plain(block.text)}")
        else:
            parts.append(_block(block))
    text = parts[0]
    for before, part in pairwise(parts):
        together = before.startswith("- ") and part.startswith("- ")  # one list
        text += ("\n" if together else "\n\n") + part
    return text + "\n"


def _block(block: Block) -> str:
    if isinstance(block, SectionTitle):
        return f"{'#' * (block.level + 1)} {_plain(block.text)}"
    if isinstance(block, Paragraph):
        return _plain(block.text)
    if isinstance(block, Labelled):
        lines = [f"- {_plain(block.label)}{colon()}{_plain(block.value) or _BLANK}"]
        return "\n".join([*lines, *([f"  {_BLANK}"] * (0 if block.value else block.more))])
    rows = [block.header, *block.rows]
    lines = ["| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(block.header), *lines[1:]])


def _plain(text: str) -> str:
    """Text that stands as it is: nothing in it is taken for Markdown."""
    text = visible(text)
    return "".join("\\" + c if c in _SPECIAL else c for c in text)

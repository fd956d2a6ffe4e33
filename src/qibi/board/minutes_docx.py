"""Minutes as docx on A4, in the fonts that Chinese offices print with; the same bytes every time."""

import io
import zipfile
from datetime import datetime
from itertools import pairwise
from typing import Any

from qibi.base.findings import Refusal
from qibi.base.language import _, colon, current
from qibi.base.text import visible
from qibi.board.minutes import Block, Field, Heading, Line, Minutes, Rows

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
            named = block.level > 1 if isinstance(block, Heading) else named
            # What is said of one name stays on one page.
            self._block(block, together=named and not isinstance(following, Heading | None))
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
        if isinstance(block, Heading):
            self.document.add_heading(self._numbered(block), block.level)
        elif isinstance(block, Line):
            self.document.add_paragraph(visible(block.text))
        elif isinstance(block, Field):
            self._field(block, together)
        elif isinstance(block, Rows):
            self._rows(block)

    def _numbered(self, heading: Heading) -> str:
        if heading.level > 1:
            return visible(heading.text)
        self.sections += 1
        if current() == "zh" and self.sections <= len(_NUMBERS):
            return f"{_NUMBERS[self.sections - 1]}、{visible(heading.text)}"
        return f"{self.sections}. {visible(heading.text)}"

    def _field(self, field: Field, together: bool) -> None:
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

    def _rows(self, block: Rows) -> None:
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
    """No row is broken over two pages; the headings stand on each page."""
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

"""How a score sheet looks: its fonts, colours and borders, and how wide and high text runs."""

from typing import TYPE_CHECKING, Any

from qibi.base.language import current
from qibi.base.text import width

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

A4 = 9
_FONTS = {"zh": "Microsoft YaHei", "en": "Calibri"}
_DARK, _RULE, _LIGHT, _SHADE, _AMBER = "#1F3A5F", "#A6B1BF", "#EEF2F7", "#E3E3E3", "#FFE699"
_LINE = 16.5  # points of height of a line of text

_STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 15, "font_color": _DARK},
    "hint": {"font_color": "#555555", "text_wrap": True, "valign": "top"},
    "head": {
        "bold": True,
        "font_color": "#FFFFFF",
        "bg_color": _DARK,
        "align": "center",
        "text_wrap": True,
        "border": 1,
    },
    "over": {
        "bold": True,
        "bg_color": _LIGHT,
        "font_color": _DARK,
        "align": "center",
        "text_wrap": True,
        "border": 1,
    },
    "rule": {
        "font_size": 9,
        "bg_color": _LIGHT,
        "font_color": "#555555",
        "align": "center",
        "text_wrap": True,
        "border": 1,
    },
    "number": {"font_color": "#777777", "bg_color": _LIGHT, "align": "center", "border": 1},
    "name": {"bold": True, "bg_color": _LIGHT, "border": 1},
    "said": {
        "font_size": 9,
        "font_color": "#555555",
        "bg_color": _LIGHT,
        "text_wrap": True,
        "border": 1,
    },
    "closed": {"bg_color": _SHADE, "border": 1},
    "text": {"locked": False, "text_wrap": True, "border": 1},
    "pick": {"locked": False, "text_wrap": True, "border": 1},
    "count": {"locked": False, "align": "center", "num_format": "0", "border": 1},
    "points": {"locked": False, "align": "center", "num_format": "General", "border": 1},
    "date": {"locked": False, "align": "center", "num_format": "yyyy-mm-dd", "border": 1},
    "missing": {"bg_color": _AMBER},
    "section": {"bold": True, "font_size": 12, "font_color": _DARK},
    "label": {"font_color": "#555555", "valign": "top"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "cell": {"text_wrap": True, "border": 1},
    "middle": {"text_wrap": True, "border": 1, "align": "center"},
}


class Looks:
    """The formats of one workbook, each made once."""

    def __init__(self, book: "Workbook") -> None:
        self._book, self._made = book, dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            plain = {} if name == "missing" else {"font_name": _FONTS[current()], "font_size": 10.5}
            plain |= {} if name == "missing" else {"valign": "vcenter", "border_color": _RULE}
            self._made[name] = self._book.add_format(plain | _STYLES[name])
        return self._made[name]


def set_paper(
    page: "Worksheet", title: str, book_name: str, repeat: tuple[int, int] | None
) -> None:
    """A4 across, as wide as the sheet, headings on each page, who it is in header and footer."""
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.5, right=0.5, top=0.75, bottom=0.7)
    page.center_horizontally()
    if repeat:
        page.repeat_rows(*repeat)
    book_name, title = book_name.replace("&", "&&"), title.replace("&", "&&")
    page.set_header(f"&L&9{_cut(book_name)}&R&9{_cut(title)}")


def _cut(text: str) -> str:
    """Excel takes 255 characters of a header in all, and no digit right behind a font's size."""
    text = text[:90]
    return f" {text}" if text[:1].isdigit() else text


def lines(text: str, across: float) -> int:
    """About how many lines a text takes in a column so many characters wide."""
    room = max(int(across) - 1, 2)
    return sum(max(1, -(-width(part) // room)) for part in text.split("\n"))


def height(count: int, size: float = 10.5) -> float:
    """The height of a row with so many lines of text."""
    return round(max(count, 1) * _LINE * size / 10.5 + 3, 2)

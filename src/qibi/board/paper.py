"""The board on paper and in the chat group: pdf, png and svg from one Typst template."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, cast

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.text import visible
from qibi.board import fonts

# What boards need beyond qibi itself: an optional part, told about where it is missing.


INSTALL = "pip install 'qibi[board]'"


@contextmanager
def needed() -> Iterator[None]:
    """Imports of that part; raises `Refusal` with how to install it where it is not there."""
    try:
        yield
    except ImportError as error:
        raise Refusal(
            _("boards need {package}, which is not installed").format(package=error.name or ""),
            INSTALL,
        ) from None


TEMPLATES = Path(__file__).parent / "templates"
PHONE_WIDTH = 1080  # pixels
_PHONE_POINTS = 360
FORMATS = ("pdf", "png", "svg")


def drawn(
    template: str,
    data: dict[str, Any],
    form: str,
    size: str,
    today: date,
    *,
    layout: str = "",
    ppi: float = 72 * PHONE_WIDTH / _PHONE_POINTS,
) -> bytes:
    """A template filled in: `board` or `slip`, as pdf, png or svg; `size` is a4 or a3, of a pdf.

    A png is laid out for a phone, unless `layout` says `page`; `ppi` are its pixels per inch.

    The same data give the same bytes. Raises `Refusal` where Typst or the font is missing.
    """
    with needed():
        import typst
    gone = next((n for n in fonts.FILES if not (fonts.FOLDER / n).is_file()), None)
    if gone:
        raise Refusal(
            _("a font of the board is missing: {file}").format(file=fonts.FOLDER / gone),
            _("reinstall qibi: {command}").format(command=INSTALL),
        )
    # No names of files from outside reach Typst, and nothing is fetched: the data are text.
    inputs = {
        "data": json.dumps(_for_paper(data), ensure_ascii=False),
        "layout": layout or ("phone" if form == "png" else "page"),
        "paper": size if form == "pdf" else "long",
    }
    made = typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts.FOLDER]
        ),
        sys_inputs=inputs,
        format=cast(Literal["pdf", "png", "svg"], form),
        ppi=ppi,
        timestamp=datetime(today.year, today.month, today.day, tzinfo=UTC),
    )
    assert isinstance(made, bytes)
    return made


def _for_paper(value: Any) -> Any:
    """The data with each character that the font lacks marked, and none that hides or reorders."""
    if isinstance(value, str):
        return fonts.shown(value if value.startswith("<?xml") else visible(value))
    if isinstance(value, dict):
        return {key: _for_paper(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_for_paper(one) for one in value]
    return value


def unshown(data: Any) -> Iterator[tuple[str, list[str]]]:
    """Each text of the data that the font can't show whole, with the characters; each text once.

    A text that only repeats a shorter one (a sum that lists a name) is not told apart from it.
    """
    found: dict[str, list[str]] = {}
    for text in sorted(dict.fromkeys(_texts(data)), key=len):
        lacking = set(fonts.lacking(visible(text)))
        told = {c for known, characters in found.items() if known in text for c in characters}
        if lacking - told:
            found[text] = fonts.lacking(visible(text))
    yield from found.items()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


# A seal's digest as a QR code.


@cache  # a pack shows one code on every slip
def svg(digest: str) -> str:
    """The digest as an SVG document, dark on light whatever is behind it; nothing for none."""
    if not digest:
        return ""
    with needed():
        import segno
    out = BytesIO()
    code = segno.make(digest, error="m", micro=False, boost_error=False)
    code.save(
        out,
        kind="svg",
        border=2,
        dark="#1f1b18",
        light="#ffffff",
        xmldecl=True,
        nl=False,
        omitsize=True,  # it fills whatever room it is given
    )
    return out.getvalue().decode()

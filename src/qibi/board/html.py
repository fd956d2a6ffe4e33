"""The board as one page for a browser: nothing is fetched, and it works without its script too."""

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qibi.base.text import visible
from qibi.board import labels, paper
from qibi.board.build import Board, Slip
from qibi.board.paper import needed
from qibi.book.definitions import Definitions

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"


def page(definitions: Definitions, board: Board) -> bytes:
    """A week's board; the same data give the same bytes."""
    data = labels.of_board(definitions, board)
    data["sums"] = [labels.plain_sum(one) for one in board.sums]
    data["have_sum"] = {one.subject for one in board.sums}
    data["members"] = [asdict(p) for p in board.members]
    data["members_more"] = labels.more(board.member_count - len(board.members))
    return _filled("board.html", data)


def slip(definitions: Definitions, found: Slip) -> bytes:
    """One subject's week."""
    return _filled("slip.html", labels.of_slip(definitions, found))


def _filled(name: str, data: dict[str, Any]) -> bytes:
    seal = data["head"]["seal"]
    made = (
        _templates()
        .get_template(name)
        .render(
            **_visible(data),
            style=_asset("page.css"),
            script=_asset("page.js"),
            code=_inline(paper.svg(seal["digest"])) if seal else "",
        )
    )
    return made.encode()


@cache
def _templates() -> "jinja2.Environment":
    with needed():
        import jinja2
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


def _inline(svg: str) -> str:
    """An SVG document as it is in a page."""
    return svg.partition("?>")[2].lstrip()


def _visible(value: Any) -> Any:
    """The data with what would hide or reorder text made visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {key: _visible(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(one) for one in value]
    return value

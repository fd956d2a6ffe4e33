"""Layouts as files of a book: what a person answered about a sheet is saved, and applies from then on."""

import re
from collections.abc import Collection
from typing import Any

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.plain import read_plain
from qibi.book.definitions import Layout
from qibi.cli.session import Session
from qibi.commands.edit_files import changing
from qibi.ledger.kept_sheets import sha256
from qibi.sheets.headings import Heading
from qibi.sheets.layouts import Learned
from qibi.sheets.page import Page

FOLDER = "layouts"
_HEAD = "# yaml-language-server: $schema=../schemas/layout.schema.json"


def path_of(name: str) -> str:
    """Where a layout is, below the book's folder."""
    return f"{FOLDER}/{name}.yaml"


def save(
    session: Session,
    page: Page,
    heading: Heading,
    branch: str,
    learned: Learned,
    comments: str = "",
) -> str:
    """Write what was learned of a sheet into its layout, a new one where it has none; the layout's name.

    The session's definitions are read again. Raises `Faults` where the book would have a mistake then.
    """
    with changing(session, dry_run=False) as changes:
        if page.layout:
            name = page.layout.name
            stems = {p.rsplit(".", 1)[0]: p for p in changes.sources}
            file = changes.page(stems[f"{FOLDER}/{name}"])
            for section, values in _sections(learned).items():
                file.extend(section, values)
            file.comment(_questions(learned, file.data))
        else:
            name = _free_name(
                branch or _slug(page), {lay.name for lay in session.definitions.layouts}
            )
            texts = [page.cell(max(c.row, heading.row), c.number) for c in heading.columns]
            changes.make(path_of(name), _new(texts, branch, learned))
        changes.written()
    session.__dict__.pop("definitions", None)
    return name


def raw_of(session: Session, layout: Layout) -> bytes:
    """The bytes of a layout that a sheet was read by; raises `Refusal` where it has changed since."""
    for ending in ("yaml", "yml"):
        path = session.root / FOLDER / f"{layout.name}.{ending}"
        if path.exists():
            raw = read_plain(str(path))
            if sha256(raw).startswith(layout.digest):
                return raw
    raise Refusal(
        _("layouts/{name} has just changed").format(name=layout.name),
        _("run the same command again"),
        1,
    )


def _sections(learned: Learned) -> dict[str, Any]:
    found = {
        "headings": learned.headings,
        "words": learned.words,
        "numbers": learned.numbers,
        "leave_out": learned.leave_out,
    }
    return {name: values for name, values in found.items() if values}


def _new(headings: list[str], branch: str, learned: Learned) -> bytes:
    """A new layout, for sheets of this branch with these headings."""
    from qibi.book.edit import page_text

    match: dict[str, Any] = {"branch": branch} if branch else {}
    match["headings"] = list(dict.fromkeys(headings))
    head = [_HEAD, "# " + _("how this team's own score sheet is read")]
    text = page_text(head, {"match": match, **_sections(learned)})
    return text + "".join(f"{line}\n" for line in _questions(learned, _sections(learned))).encode()


def _questions(learned: Learned, there: Collection[str]) -> list[str]:
    """Comment lines for what is still open; without their # they are lines of the layout.

    Of the sections that are `there` only what is missing in them.
    """
    lines = []
    for section in dict.fromkeys(name for name, _line in learned.still_open):
        mine = [line for name, line in learned.still_open if name == section]
        if section in there:
            lines += [f"# {section}: {line}" for line in mine]
        else:
            lines += [f"# {section}:", *(f"#   {line}" for line in mine)]
    return lines


def _slug(page: Page) -> str:
    """A name for a layout of a sheet of no certain branch: its file's, as far as an id may be that."""
    stem = page.path.rsplit("/", 1)[-1].rsplit(".", 1)[0].casefold()
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:40] or "sheet"


def _free_name(wanted: str, taken: set[str]) -> str:
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name

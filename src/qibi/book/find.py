"""Finding the book that a command is about."""

import os
from collections.abc import Mapping
from pathlib import Path

from qibi.base.findings import Refusal
from qibi.base.language import _, listing
from qibi.base.text import argument


def find(asked: str | None, environment: Mapping[str, str], start: Path) -> Path:
    """The folder of the book: `--book`, `QIBI_BOOK`, upwards from `start`, `ledgers/` of a repository.

    Raises `Refusal` where there is no book, or more than one under `ledgers/`.
    """
    for named, origin in ((asked, "--book"), (environment.get("QIBI_BOOK"), "QIBI_BOOK")):
        if named:
            folder = (start / named).absolute()
            if folder.name == "qibi.yaml":
                folder = folder.parent
            if not _has_book(folder):
                raise Refusal(
                    _("{origin}: no book in {folder}").format(origin=origin, folder=named),
                    _("a book is a folder with a qibi.yaml; 'qibi init DIR' makes one"),
                )
            return folder
    for folder in (start, *start.parents):
        if _has_book(folder):
            return folder
        if (folder / ".git").exists():
            return _only_book_under(folder)
    raise _no_book()


def _has_book(folder: Path) -> bool:
    """Whether a folder has a qibi.yaml, be it a link or a pipe: whoever reads it says what is wrong."""
    return os.path.lexists(folder / "qibi.yaml")


def _only_book_under(repository: Path) -> Path:
    books = sorted(p.parent for p in (repository / "ledgers").glob("*/qibi.yaml"))
    if not books:
        raise _no_book()
    if len(books) > 1:
        names = listing([f"ledgers/{book.name}" for book in books])
        raise Refusal(
            _("more than one book here: {names}").format(names=names),
            _("say which: --book ledgers/{first}").format(first=argument(books[0].name)),
        )
    return books[0]


def _no_book() -> Refusal:
    return Refusal(
        _("no book here: no qibi.yaml in this folder or above it"),
        _("go to a book's folder, name it with --book DIR, or make one with 'qibi init DIR'"),
    )

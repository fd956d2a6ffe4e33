"""Names apart from points: whether a book keeps them in names.yaml only, and putting one there."""

from collections.abc import Mapping, Sequence
from typing import Any

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.book.links import NAMES
from qibi.cli.commit import git_ignores
from qibi.cli.member_files import Changes
from qibi.cli.session import Session
from qibi.ledger.kept_sheets import path_of


def keeps_apart(changes: Changes, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the name of who joins these rows of a branch belongs in names.yaml, and nowhere else.

    So it is where the book's names are private, whether or not that file is here; else where it is here
    and nobody in the branch (nor, in an empty one, in the book) has a name in a branch file.
    """
    if NAMES in changes.sources:
        if rows and not any("name" in row for row in rows):
            return True
        members = changes.now.definitions.memberships
        if not rows and members and all(m.name.zh == m.name.en == m.id for m in members):
            return True
    return names_ignored(changes.now)


def names_ignored(now: Session) -> bool:
    """Whether names stay out of git: `private_names` says so; where it says nothing, a `.gitignore` does."""
    private = now.definitions.private_names
    if private is not None:
        return private
    try:
        return git_ignores(now, NAMES)
    except Refusal:
        return False


def has_private_names(now: Session) -> bool:
    """Whether the book's names stay out of git: they stand elsewhere, or as `names_ignored`."""
    if now.names or names_ignored(now):
        return True
    if now.definitions.private_names is False:
        return False
    try:  # a book without git may get one later
        lines = (now.root / ".gitignore").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.strip().removeprefix("/") == NAMES for line in lines)


def keeps_sheets(now: Session, week: str, ending: str) -> bool:
    """Whether score sheets are kept in the book: they hold names, so not where names stay out of git.

    Nor where a `.gitignore` leaves kept sheets out: who audits the book would never see them.
    """
    if not now.definitions.keep_sheets or has_private_names(now):
        return False
    try:
        return not git_ignores(now, path_of(week, "0" * 64, ending))
    except Refusal:  # no git here
        return True


def put_name(changes: Changes, key: str, name: str) -> None:
    """Give names.yaml a name; where it is not here it is made, and that is said."""
    if NAMES in changes.sources:
        changes.page(NAMES).put((), key, name)
        return
    from qibi.book.edit import page_text

    head = ["# yaml-language-server: $schema=schemas/names.schema.json"]
    changes.make(NAMES, page_text(head, {key: name}))
    changes.say(
        _(
            "names.yaml was not here: a new one holds this name only; put it together with the others"
        )
    )

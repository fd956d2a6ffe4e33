"""Where a book stood before it was moved: what was recorded there has to stand where it stands now.

A book's history is that of its folder. Who moved the book could else leave behind what was recorded, and
record it anew in the new folder, where it was then only ever added.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.book.yaml import Document, parse
from qibi.ledger.batches import LEDGER
from qibi.ledger.kept_sheets import is_below
from qibi.ledger.seals import SEALS
from qibi.ledger.store import SHEETS
from qibi.proof.repository import PLAIN, Change, File, Repository

BOOK = "qibi.yaml"


@dataclass(frozen=True)
class Former:
    """A folder in which the book stood, as git has it from the repository's top; whether one stands there now."""

    folder: str
    changes: tuple[Change, ...]
    files: tuple[File, ...]  # of the present commit

    @property
    def shown(self) -> str:
        """The folder, for people."""
        return self.folder or _("the repository's top")

    @property
    def stands(self) -> bool:
        """Whether a book of that id stands there still."""
        return any(file.path == BOOK for file in self.files)


def recorded_changes(
    repository: Repository,
    commits: Iterable[str],
    others: Iterable[str] = (),
    folder: str | None = None,
) -> list[Change]:
    """What commits did to ledger, seals and kept sheets, which are only ever added to; and to `others`.

    `folder` is where the book stood, if not where it stands.
    """
    found = repository.changes(commits, (LEDGER, SEALS, SHEETS, *others), folder)
    return [c for c in found if not c.path.startswith(f"{SHEETS}/") or is_below(c.path)]


def former_places(
    repository: Repository, commits: Collection[str], present: Iterable[Change]
) -> list[Former]:
    """The other folders in which this book stood: one of its id, or one that was moved here."""
    here = {(c.path, c.object) for c in present if c.letter == "A"}
    elsewhere = repository.elsewhere(commits)
    own = [file.object for file in repository.files() if file.path == BOOK]
    wanted = {key for keys in elsewhere.values() for key in keys}
    raw = repository.contents([*own, *wanted]) if elsewhere else {}
    ids = {key: _id(raw[key]) for key in raw}
    found = []
    for folder, keys in sorted(elsewhere.items()):
        changes = tuple(recorded_changes(repository, commits, folder=folder))
        same = any(ids[key] is not None and ids[key] == ids[mine] for key in keys for mine in own)
        if same or any(c.letter == "D" and (c.path, c.before) in here for c in changes):
            found.append(Former(folder, changes, tuple(repository.files(folder))))
    return found


def left_behind(former: Iterable[Former], present: Iterable[Change]) -> Iterator[Finding]:
    """What was recorded in a former folder and was not moved as it was."""
    places = list(former)
    added = {
        (change.commit, change.path, change.object)
        for changes in (present, *(place.changes for place in places))
        for change in changes
        if change.letter == "A" and change.mode == PLAIN
    }
    for place in places:
        if place.stands:
            continue
        for change in place.changes:
            moved = (change.commit, change.path, change.before) in added
            if (change.letter == "A" and change.mode == PLAIN) or (change.letter == "D" and moved):
                continue
            message = _(
                "changed or left behind in {folder}, where this book stood before, by commit {commit}; what is recorded may only be added to"
            ).format(folder=place.shown, commit=change.commit[:12])
            about = (*change.about, ("folder", place.folder))
            yield Finding(change.path, message=message, code="history", about=about)
        for file in place.files:
            if file.path.startswith((f"{LEDGER}/", f"{SEALS}/")) or is_below(file.path):
                message = _(
                    "still stands in {folder}, where this book stood before, and not here; move it here"
                ).format(folder=place.shown)
                about = (*file.about, ("folder", place.folder))
                yield Finding(file.path, message=message, code="history", about=about)


def _id(raw: bytes) -> Any:
    found = parse(BOOK, raw)
    data = found.data if isinstance(found, Document) else None
    return data.get("id") if isinstance(data, dict) else None

"""A book's files once read: their models where valid, and every id that stands anywhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from qibi.base.findings import Finding
from qibi.base.language import _, clauses, listing
from qibi.base.text import closest
from qibi.book.yaml import Document, Loc


@dataclass(frozen=True)
class Read:
    """One file that its model accepted."""

    document: Document
    model: Any

    @property
    def stem(self) -> str:
        """The file's name without its ending: a branch's id, a scheme's week, a plan's CP."""
        return self.document.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]

    def finding(self, loc: Loc, message: str, code: str) -> Finding:
        """A finding about a place in this file."""
        return self.document.finding(loc, message, code)

    def unknown(self, loc: Loc, message: str, key: str, known: Iterable[str]) -> Finding:
        """A finding about an id that nothing bears: the nearest that there is, or the first dozen."""
        near = closest(key, known)
        advice = (
            _("did you mean '{near}'?").format(near=near)
            if near
            else _("known are: {known}").format(known=listing(sorted(known)[:12]) or "–")
        )
        return self.finding(loc, clauses([message.format(key=key), advice]), "unknown-id")


@dataclass
class Files:
    """All files of a book. The `…_ids` also hold what stands in files that are not valid, so that
    one mistake does not make every reference to that file look wrong too."""

    books: list[Read] = field(default_factory=list)
    names: list[Read] = field(default_factory=list)
    schemes: list[Read] = field(default_factory=list)
    branches: list[Read] = field(default_factory=list)
    plans: list[Read] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    unit_ids: set[str] = field(default_factory=set)
    post_ids: set[str] = field(default_factory=set)
    branch_ids: set[str] = field(default_factory=set)
    member_ids: set[str] = field(default_factory=set)
    cp_ids: set[str] = field(default_factory=set)

    def broken(self, folder: str) -> bool:
        """Whether a file there could not be read, or has a list under a wrong name: ids are missing."""
        return any(path.startswith(folder) for path in (*self.unreadable, *self.unsure))

    def note_ids(self, folder: str, data: Any) -> None:
        """Note the ids in the plain data of one file, valid or not."""
        if not isinstance(data, dict):
            return
        if folder == "qibi.yaml":
            self.unit_ids.update(_ids(data.get("units")))
            self.post_ids.update(_ids(data.get("posts")))
        elif folder == "branches":
            self.branch_ids.update(_ids([data]))
            self.member_ids.update(_ids(data.get("members")))
            self.cp_ids.update(_ids(data.get("cps")))


def _ids(rows: Any) -> Iterator[str]:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            yield row["id"]

"""From fleet.yaml to the books that it names: each a repository, a commit and a folder in it."""

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.book.fleet import FleetFile, Source
from qibi.fleet import remotes

_PATTERN = "*?["


@dataclass(frozen=True)
class Found:
    """A book that fleet.yaml names: how it is named there, and how to come to its folder."""

    named: str
    asked: Source
    folder: Path | None  # None for a remote, until it is fetched

    @property
    def audit(self) -> str:
        """How its reader sees all that an audit finds."""
        if self.folder is None:
            return _("see all: qibi audit, in a clone of it")
        return _("see all: qibi audit --book {folder}").format(folder=shlex.quote(str(self.folder)))

    def place(self, fleet: Path, cache: Path, environment: Mapping[str, str]) -> Path:
        """The book's folder in its repository; raises `Refusal` where it can't be reached."""
        if self.folder is not None:
            return self.folder
        assert self.asked.git
        place = remotes.place_of(fleet, self.asked.git)
        home = remotes.fetched(self.asked.git, place, self.asked.revision, cache, environment)
        folder = home / (self.asked.book or "")
        folder.mkdir(parents=True, exist_ok=True)  # of git's only the objects are here
        return folder


def sources(fleet: FleetFile, folder: Path) -> tuple[list[Found], list[tuple[str, Refusal]]]:
    """The books that are named, each folder once, and what is named and not there."""
    found: dict[str, Found] = {}
    missing = []
    for asked in fleet.books:
        if asked.git:
            named = " ".join(filter(None, (asked.git, asked.revision, asked.book)))
            found.setdefault(named, Found(named, asked, None))
            continue
        assert asked.path
        folders = list(_folders(folder, asked.path))
        if not folders:
            missing.append((asked.path, _nothing()))
        for path in folders:
            found.setdefault(str(path), Found(_shown(path, folder), asked, path))
    return list(found.values()), missing


def _folders(fleet: Path, text: str) -> Iterator[Path]:
    """The folders of books that a path or pattern names, resolved."""
    if not any(sign in text for sign in _PATTERN):
        path = (fleet / text).resolve()
        if (path / "qibi.yaml").is_file():
            yield path
        return
    start, parts = fleet, Path(text).parts
    if Path(text).is_absolute():
        start, parts = Path(parts[0]), parts[1:]
    while parts and parts[0] == "..":
        start, parts = start.parent if start.name not in ("", "..") else start / "..", parts[1:]
    for path in sorted(start.glob("/".join(parts))):
        if (path / "qibi.yaml").is_file():
            yield path.resolve()


def _shown(path: Path, fleet: Path) -> str:
    """A folder as one would write it in fleet.yaml."""
    return Path(os.path.relpath(path, fleet)).as_posix()


def _nothing() -> Refusal:
    return Refusal(
        _("no book here"),
        _("a book is a folder with a qibi.yaml; mend the path in fleet.yaml"),
    )

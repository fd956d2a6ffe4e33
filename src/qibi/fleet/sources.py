"""From fleet.yaml to the books that it names: each a repository, a commit and a folder in it."""

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.book.fleet import FleetFile, Source
from qibi.fleet.remotes import Patience, Remote, place_of

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

    def remote(
        self, fleet: Path, clones: Path, environment: Mapping[str, str], patience: Patience
    ) -> Remote | None:
        """The repository that it is fetched from; None for a folder here."""
        if self.asked.git is None:
            return None
        place = place_of(fleet, self.asked.git)
        return Remote(self.asked.git, place, self.asked.revision, clones, environment, patience)

    def place(self, clone: Path | None) -> Path:
        """The book's folder, here or in a clone."""
        if self.folder is not None:
            return self.folder
        assert clone
        folder = clone / (self.asked.book or "")
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
        folders = _folders(folder, asked.path)
        if not folders:
            missing.append((_shown(folder / asked.path, folder), nothing()))
        for path in folders:
            place = path.resolve()
            found.setdefault(str(place), Found(_shown(path, folder), asked, place))
    return list(found.values()), missing


def matched(fleet: FleetFile, folder: Path, named: str) -> bool:
    """Whether a pattern of fleet.yaml still fits a folder that it named once, be there a book or not."""
    place = _absolute(folder / named).parts
    patterns = [a.path for a in fleet.books if a.path and _is_pattern(a.path)]
    return any(_fits(place, _absolute(folder / pattern).parts) for pattern in patterns)


def nothing(advice: str = "") -> Refusal:
    """What is said where fleet.yaml names a folder that is none of a book."""
    return Refusal(
        _("no book here"),
        advice or _("a book is a folder with a qibi.yaml; mend the path in fleet.yaml"),
    )


def _folders(fleet: Path, text: str) -> list[Path]:
    """The folders of books that a path or pattern names; a folder of just this name is no pattern."""
    if not _is_pattern(text) or _is_there(Path.is_dir, fleet / text):
        return [fleet / text] if _holds_a_book(fleet / text) else []
    start, parts = fleet, Path(text).parts
    if Path(text).is_absolute():
        start, parts = Path(parts[0]), parts[1:]
    while parts and parts[0] == "..":
        start, parts = start.parent if start.name not in ("", "..") else start / "..", parts[1:]
    return [path for path in sorted(start.glob("/".join(parts))) if _holds_a_book(path)]


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in _PATTERN)


def _holds_a_book(folder: Path) -> bool:
    return _is_there(Path.is_file, folder / "qibi.yaml")


def _is_there(is_such: Callable[[Path], bool], path: Path) -> bool:
    """Not so where nobody may look."""
    try:
        return is_such(path)
    except PermissionError:
        return False


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _absolute(path: Path) -> Path:
    """Without `..`, and nothing looked up on the disk: the same for what is there and what is not."""
    return Path(os.path.normpath(path.absolute()))


def _shown(path: Path, fleet: Path) -> str:
    """A folder as one would write it in fleet.yaml."""
    return Path(os.path.relpath(_absolute(path), _absolute(fleet))).as_posix()

"""Batches: write-once files of entries, and reading them without trust.

A batch's name holds the first 16 hex digits of the SHA-256 of its bytes, so the name proves the
content; its folder and name give week and branch again. An entry's id is those digits and its
line number.
"""

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, overload

from qibi.base import weeks
from qibi.base.findings import Faults, Finding
from qibi.base.language import _
from qibi.base.plain import NotPlain, read_plain
from qibi.ledger.entries import BadLine, Entry, Void, decode, decode_all, encode

LEDGER = "ledger"
_NAME = re.compile(r"([a-z0-9][a-z0-9-]{0,63})-([0-9a-f]{16})\.jsonl")
_YEAR = re.compile(r"[0-9]{4}")
_WEEK = re.compile(r"W[0-9]{2}")
_CONFLICT = (b"<<<<<<< ", b"=======", b">>>>>>> ")  # what git writes where it can't merge
_MOST_FINDINGS = 1000  # of one file; whoever writes more of them wants to exhaust us


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as read: its path below the book's folder, digest, place and entries."""

    path: str
    digest: str
    week: str
    branch: str
    entries: tuple[Entry, ...]

    def numbered(self) -> Iterator[tuple[str, Entry]]:
        """Each entry with its id."""
        for number, entry in enumerate(self.entries, 1):
            yield f"{self.digest}.{number}", entry


def digest(raw: bytes) -> str:
    """The first 16 hex digits of the SHA-256 of these bytes."""
    return hashlib.sha256(raw).hexdigest()[:16]


def folder(week: str) -> str:
    """Where a week's batches stand, below the book's folder."""
    return f"{LEDGER}/{week[:4]}/{week[5:]}"


def encode_batch(entries: Iterable[Entry]) -> bytes:
    """The bytes of a batch."""
    return b"".join(encode(entry) + b"\n" for entry in entries)


def name(branch: str, raw: bytes) -> str:
    """The file name of a batch with these bytes."""
    return f"{branch}-{digest(raw)}.jsonl"


def weeks_with_batches(root: Path) -> list[str]:
    """The weeks for which the ledger has a folder with at least one batch, in order."""
    return list(earliest_first(root))


def earliest_first(root: Path) -> Iterator[str]:
    """The weeks with batches in order; looks no further than asked."""
    ledger = root / LEDGER
    for year in sorted(_folders(ledger, _YEAR)):
        for number in sorted(_folders(ledger / year, _WEEK)):
            week = f"{year}-{number}"
            if weeks.is_week(week) and batch_names(root, week):
                yield week


def latest_first(root: Path, until: str = weeks.END) -> Iterator[str]:
    """The weeks with batches, not after `until`, the latest first; looks no further than asked."""
    ledger = root / LEDGER
    for year in sorted(_folders(ledger, _YEAR), reverse=True):
        if year > until[:4]:
            continue
        for number in sorted(_folders(ledger / year, _WEEK), reverse=True):
            week = f"{year}-{number}"
            if week <= until and weeks.is_week(week) and batch_names(root, week):
                yield week


def _folders(directory: Path, pattern: re.Pattern[str]) -> list[str]:
    try:
        with os.scandir(directory) as found:
            return [entry.name for entry in found if pattern.fullmatch(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def batch_names(root: Path, week: str) -> list[str]:
    """The names of the files in a week's folder that are batches by their name, in order."""
    try:
        with os.scandir(f"{root}/{folder(week)}") as found:
            return sorted(e.name for e in found if len(e.name) > 6 and e.name.endswith(".jsonl"))
    except (FileNotFoundError, NotADirectoryError):
        return []


def read_weeks(
    root: Path,
    wanted: Iterable[str],
    having: Collection[bytes] = (),
    names: Mapping[str, Collection[str]] | None = None,
) -> list[Batch]:
    """All batches of these weeks; raises `Faults` with every fault in every file of them.

    With `having`, only files that hold one of these texts are looked at any further; with `names`,
    by the week, only these are opened.
    """
    batches, findings = [], []
    for week in wanted:
        for batch in each_of_week(
            root, week, having, None if names is None else names.get(week, ())
        ):
            if isinstance(batch, Batch):
                batches.append(batch)
            else:
                findings += batch
    if findings:
        raise Faults(findings)
    return batches


def each_of_week(
    root: Path, week: str, having: Collection[bytes] = (), names: Collection[str] | None = None
) -> Iterator[Batch | list[Finding]]:
    """Each batch of a week (of these `names` where given), or the findings that keep it from being one."""
    place = folder(week)
    for found in batch_names(root, week) if names is None else names:
        path = f"{place}/{found}"
        try:
            raw = read_plain(f"{root}/{path}")
        except NotPlain:
            message = _("not a plain file; a batch is never a link or a folder")
            yield [Finding(path, message=message, code="batch-name")]
            continue
        except OSError as error:
            message = _("can't be read ({reason}); check the file and its permissions")
            yield [Finding(path, message=message.format(reason=error.strerror), code="unreadable")]
            continue
        if not having or any(text in raw for text in having):
            yield parse(path, week, raw)


def parse(path: str, week: str, raw: bytes) -> Batch | list[Finding]:
    """The batch in these bytes, or everything that is wrong with it."""
    named = _NAME.fullmatch(path.rsplit("/", 1)[-1])
    if not named:
        message = _("not a batch's name; only qibi writes here, move the file elsewhere")
        return [Finding(path, message=message, code="batch-name")]
    branch, claimed = named[1], named[2]
    findings = []
    actual = digest(raw)
    if actual == claimed and (sound := decode_all(raw)):
        if {e.week for e in sound} == {week} and {e.branch for e in sound} == {branch}:
            return Batch(path, claimed, week, branch, tuple(sound))
    elif actual != claimed:
        message = _("the content has changed since it was written (its digest is {actual})")
        text = message.format(actual=actual)
        findings.append(Finding(path, message=text, code="batch-digest", lost=""))
    lines = raw.split(b"\n")
    if lines.pop() != b"":
        message = _("the last line is torn")
        findings.append(Finding(path, len(lines) + 1, message=message, code="torn"))
    if not lines:
        findings.append(Finding(path, message=_("the file holds no entry"), code="empty"))
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            if line.startswith(_CONFLICT):
                raise BadLine(_("a merge stopped here; batches are never merged by hand"))
            entry = decode(line)
            if entry.week != week:
                raise BadLine(
                    _("week {week} in the folder of {place}").format(week=entry.week, place=week)
                )
            if entry.branch != branch:
                raise BadLine(
                    _("branch {branch} in a file of {place}").format(
                        branch=entry.branch, place=branch
                    )
                )
            entries.append(entry)
        except BadLine as bad:
            shown = line[:200].decode("utf-8", "replace")
            findings.append(Finding(path, number, message=str(bad), shown=shown, code="line"))
            if len(findings) >= _MOST_FINDINGS:
                message = _("from here on the file was not read; correct the lines above first")
                findings.append(Finding(path, number + 1, message=message, code="line"))
                break
    return findings or Batch(path, claimed, week, branch, tuple(entries))


E = TypeVar("E", bound=Entry)
F = TypeVar("F", bound=Entry)
Placed = tuple[Batch, int, str, E]  # an entry with its batch, line and id


class Index:
    """The entries of some batches by id, and which of them are live."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self.batches = tuple(batches)

    @cached_property
    def voids(self) -> dict[str, Void]:
        """The id of each entry that is void, and the void that cancels it.

        A void of a void, of another branch's or week's entry, or of none, cancels nothing.
        """
        voids = [(b, e) for b in self.batches for e in b.entries if type(e) is Void]
        if not voids:
            return {}
        by_digest: dict[str, list[Batch]] = {}
        for batch in self.batches:
            by_digest.setdefault(batch.digest, []).append(batch)
        result = {}
        for naming, void in voids:
            digest, _dot, line = void.entry.partition(".")
            for batch in by_digest.get(digest, ()):
                named = batch.entries[int(line) - 1] if int(line) <= len(batch.entries) else void
                same = (batch.week, batch.branch) == (naming.week, naming.branch)
                if same and type(named) is not Void:
                    result[void.entry] = void
        return result

    @overload
    def placed(self) -> Iterator[Placed[Entry]]: ...
    @overload
    def placed(self, kind: type[E], /) -> Iterator[Placed[E]]: ...
    @overload
    def placed(self, kind: type[E], other: type[F], /) -> Iterator[Placed[E | F]]: ...
    def placed(self, *kinds: type) -> Iterator[Placed[Any]]:
        """The live entries of these kinds, else of all, in the order of the batches."""
        voids = self.voids
        for batch in self.batches:
            for line, entry in enumerate(batch.entries, 1):
                if not kinds or type(entry) in kinds:
                    key = f"{batch.digest}.{line}"
                    if key not in voids:
                        yield batch, line, key, entry

    @overload
    def live(self) -> Iterator[tuple[str, Entry]]: ...
    @overload
    def live(self, kind: type[E], /) -> Iterator[tuple[str, E]]: ...
    @overload
    def live(self, kind: type[E], other: type[F], /) -> Iterator[tuple[str, E | F]]: ...
    def live(self, *kinds: type) -> Iterator[tuple[str, Any]]:
        """The same, each with its id only."""
        return ((key, entry) for _b, _line, key, entry in self.placed(*kinds))

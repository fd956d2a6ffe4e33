"""What a seal states beside its results: who closed it and when, what it accepted, what came in since.

No digest proves these, so each is held against the ledger, the definitions and the seals around it.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta

import msgspec

from qibi.base import weeks as wk
from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.book.definitions import Definitions
from qibi.book.in_force import definitions_digest
from qibi.ledger.batches import Batch
from qibi.ledger.clock import can_be, said_of
from qibi.ledger.counting import waits
from qibi.ledger.entries import moment
from qibi.ledger.seals import SealFile
from qibi.proof.exhibits import Exhibits

_CLOCKS = timedelta(days=1)  # by which the clocks of two clones may differ


class _Changes(msgspec.Struct):
    approved_by: str
    batches: list[str]


class _Corrected(msgspec.Struct):
    """Of a correction what it says of itself."""

    changes: _Changes


def statements(exhibits: Exhibits) -> Iterator[Finding]:
    """What the seals of the chain state and what can't be so."""
    definitions = exhibits.definitions
    batches = {batch.path: batch for batch in exhibits.batches}
    latest: dict[str, SealFile] = {}
    previous: SealFile | None = None
    for file in exhibits.seals:
        stated = [*_when(file, previous), *_accepted(file, batches)]
        if definitions:
            stated += [*_who(file, definitions), *_files(file, definitions)]
        if before := latest.get(file.seal.week):
            stated += _correction(file, before, exhibits.raw[file.path], batches, definitions)
        yield from (Finding(file.path, message=text, code="statement") for text in stated)
        if not can_be(file.seal.closed_at, exhibits.now):
            text = said_of("closed_at", file.seal.closed_at, exhibits.now)
            yield Finding(file.path, message=text, code="clock")
        latest[file.seal.week] = previous = file


def _when(file: SealFile, previous: SealFile | None) -> Iterator[str]:
    closed = moment(file.seal.closed_at)
    if closed is None:
        return
    # Within its week it may be: `close --today` moves the day, and not the clock.
    if closed.date() < wk.monday(file.seal.week):
        yield _("says that it was closed at {time}, before its week began").format(
            time=file.seal.closed_at
        )
    earlier = moment(previous.seal.closed_at) if previous else None
    if previous and earlier and earlier - closed > _CLOCKS:
        yield _(
            "says that it was closed at {time}, before the seal that it follows ({path})"
        ).format(time=file.seal.closed_at, path=previous.path)


def _who(file: SealFile, definitions: Definitions) -> Iterator[str]:
    who = file.seal.closed_by
    scorers = {scorer.id for scheme in definitions.schemes for scorer in scheme.scorers}
    if definitions.kind(who) != "member" and who not in scorers:
        yield _("says that {who} closed it, who is nobody of this book").format(who=who)


def _files(file: SealFile, definitions: Definitions) -> Iterator[str]:
    whole, parts = definitions_digest(definitions, file.seal.week)
    if whole == file.seal.definitions and parts != file.seal.definition_files:
        yield _("its definition files are not those that its digest of all of them is of")


def _accepted(file: SealFile, batches: Mapping[str, Batch]) -> Iterator[str]:
    for warning in file.seal.warnings:
        lines = len(batches[warning.path].entries) if warning.path in batches else 0
        if warning.path not in file.batches or not 0 <= warning.line <= lines:
            yield _("accepts a warning of a line that it does not hold: {path}:{line}").format(
                path=warning.path, line=warning.line
            )


def _correction(
    file: SealFile,
    before: SealFile,
    raw: bytes,
    batches: Mapping[str, Batch],
    definitions: Definitions | None,
) -> Iterator[str]:
    """A correction takes in what waited, all that it names and no more, and another one approved it."""
    came = sorted(file.batches - before.batches)
    if any(path not in batches for path in came):
        return  # that they are gone is a finding by itself
    came = [path for path in came if waits(batches[path])]
    try:
        changes = msgspec.json.decode(raw, type=_Corrected).changes
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield _("what it says was changed is not what was changed")
        return
    if sorted(changes.batches) != came:
        yield _("the batches that it says came in since are not those that did")
    if not came:
        yield _("corrects its week, and no batch had come in")
    if definitions and definitions.kind(changes.approved_by) != "member":
        yield _("says that {who} approved it, who is no member of this book").format(
            who=changes.approved_by or _("nobody")
        )
    if _recorders(came, batches) == {changes.approved_by}:
        yield _("{who} recorded all that came in, and does not approve it").format(
            who=changes.approved_by
        )


def _recorders(paths: Collection[str], batches: Mapping[str, Batch]) -> set[str]:
    return {entry.recorded_by for path in paths for entry in batches[path].entries}

"""What a seal states beside its results: who closed it and when, what it accepted, what came in since.

No digest proves these, so each is held against the ledger, the definitions and the seals around it.
Each statement that can't be so is a word for what it is, the same in all languages, and a sentence.
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
from qibi.ledger.seals import AcknowledgementFile, Link, SealFile
from qibi.proof.exhibits import Exhibits

_CLOCKS = timedelta(days=1)  # by which the clocks of two clones may differ
Statement = tuple[str, str]


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
    previous: Link | None = None
    for link in exhibits.chained[0]:
        stated = [*order(link, previous)]
        previous = link
        if isinstance(link, SealFile):
            stated += [*_when(link), *_accepted(link, batches)]
            if definitions:
                stated += [*_who(link, definitions), *_files(link, definitions)]
            if before := latest.get(link.seal.week):
                stated += _correction(link, before, exhibits.raw[link.path], batches, definitions)
            latest[link.seal.week] = link
        if not can_be(link.at, exhibits.now):
            field = "closed_at" if isinstance(link, SealFile) else "acknowledged_at"
            text = said_of(field, link.at, exhibits.now)
            yield Finding(link.path, message=text, code="clock", about=(("link", link.digest),))
        for what, text in stated:
            about = (("link", link.digest), ("what", what))
            yield Finding(link.path, message=text, code="statement", about=about)


def is_of_the_book(who: str, definitions: Definitions) -> bool:
    """Whether somebody is a member or a scorer, who may record and close."""
    scorers = {scorer.id for scheme in definitions.schemes for scorer in scheme.scorers}
    return definitions.kind(who) == "member" or who in scorers


def _when(file: SealFile) -> Iterator[Statement]:
    closed = moment(file.seal.closed_at)
    # Within its week it may be: `close --today` moves the day, and not the clock.
    if closed and closed.date() < wk.monday(file.seal.week):
        text = _("says that it was closed at {time}, before its week began")
        yield "before its week", text.format(time=file.seal.closed_at)


def order(link: Link, previous: Link | None) -> Iterator[Statement]:
    """A link is later than the one before it, but for one that explains what the clock did there."""
    at, earlier = moment(link.at), moment(previous.at) if previous else None
    if not (previous and at and earlier and earlier - at > _CLOCKS):
        return
    if isinstance(link, AcknowledgementFile):
        if any(named.path == previous.path for named in link.record.findings):
            return
        text = _("says that it was written at {time}, before what it follows ({path})")
    else:
        text = _("says that it was closed at {time}, before the seal that it follows ({path})")
    yield "before what it follows", text.format(time=link.at, path=previous.path)


def _who(file: SealFile, definitions: Definitions) -> Iterator[Statement]:
    who = file.seal.closed_by
    if not is_of_the_book(who, definitions):
        text = _("says that {who} closed it, who is nobody of this book")
        yield "closed by", text.format(who=who)


def _files(file: SealFile, definitions: Definitions) -> Iterator[Statement]:
    whole, parts = definitions_digest(definitions, file.seal.week)
    if whole == file.seal.definitions and parts != file.seal.definition_files:
        text = _("its definition files are not those that its digest of all of them is of")
        yield "definition files", text


def _accepted(file: SealFile, batches: Mapping[str, Batch]) -> Iterator[Statement]:
    for warning in file.seal.warnings:
        lines = len(batches[warning.path].entries) if warning.path in batches else 0
        if warning.path not in file.batches or not 0 <= warning.line <= lines:
            text = _("accepts a warning of a line that it does not hold: {path}:{line}")
            what = f"accepts {warning.code} {warning.path}:{warning.line}"
            yield what, text.format(path=warning.path, line=warning.line)


def _correction(
    file: SealFile,
    before: SealFile,
    raw: bytes,
    batches: Mapping[str, Batch],
    definitions: Definitions | None,
) -> Iterator[Statement]:
    """A correction takes in what waited, all that it names and no more, and another one approved it."""
    came = sorted(file.batches - before.batches)
    if any(path not in batches for path in came):
        return  # that they are gone is a finding by itself
    came = [path for path in came if waits(batches[path])]
    try:
        changes = msgspec.json.decode(raw, type=_Corrected).changes
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield "changes", _("what it says was changed is not what was changed")
        return
    if sorted(changes.batches) != came:
        yield "batches", _("the batches that it says came in since are not those that did")
    if not came:
        yield "nothing came", _("corrects its week, and no batch had come in")
    if definitions and definitions.kind(changes.approved_by) != "member":
        text = _("says that {who} approved it, who is no member of this book")
        yield "approved by", text.format(who=changes.approved_by or _("nobody"))
    if _recorders(came, batches) == {changes.approved_by}:
        text = _("{who} recorded all that came in, and does not approve it")
        yield "approved by its recorder", text.format(who=changes.approved_by)


def _recorders(paths: Collection[str], batches: Mapping[str, Batch]) -> set[str]:
    return {entry.recorded_by for path in paths for entry in batches[path].entries}

"""Who may sign: keys with rights, branches and dates, and the records by which they change.

`seals/signers-<n>.json` holds the signers of qibi.yaml as they were accepted. Each record names the one
before it by digest and is signed with a key that the one before lets close, so whoever trusts the
first keys can follow every change. A record also vouches for files that are without a signature.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from qibi.base import weeks as wk
from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.book.definitions import Signer
from qibi.ledger.batches import batch_names, folder, weeks_with_batches
from qibi.ledger.entries import moment
from qibi.ledger.seals import SEALS, SealedBatch, digest, encode_seal, link_paths, parse_whole
from qibi.ledger.signatures import ENDING, public_key

FORMAT = 1
RECORD, CLOSE = "record", "close"
_NAME = re.compile(r"signers-([1-9][0-9]{0,3})\.json")


class Row(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"since": "from"},
):
    """One row of `signers`, as qibi.yaml has it, in one spelling."""

    id: str
    key: str
    may: tuple[str, ...]
    branches: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    revoked: str | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signers that were accepted, by whom and when; what it vouches for needs no signature."""

    format: int
    number: int
    previous: str | None
    changed_at: str
    changed_by: str
    signers: tuple[Row, ...]
    vouched: tuple[SealedBatch, ...] = ()


@dataclass(frozen=True)
class RecordFile:
    """A record with its path below the book's folder and the SHA-256 of its bytes."""

    path: str
    digest: str
    record: Record

    @cached_property
    def signers(self) -> tuple[Signer, ...]:
        """The signers, as the definitions have them."""
        return tuple(
            Signer(
                row.id,
                row.key,
                row.may,
                row.branches,
                row.since or wk.BEGIN,
                row.until or wk.END,
                row.revoked or wk.END,
            )
            for row in self.record.signers
        )


@dataclass(frozen=True)
class Act:
    """What is signed: who did it, by which right, in which week, and for which branch."""

    who: str
    right: str
    week: str
    branch: str = ""  # a seal is of the whole book: `branches` limits recording only


def lacking(signers: Iterable[Signer], key: str, act: Act) -> str | None:
    """Why this key may not sign this; None where one of its rows lets it."""
    own = [s for s in signers if s.id == act.who]
    if not own:
        return _("{who} is not among the signers").format(who=act.who)
    own = [s for s in own if public_key(s.key) == key]
    if not own:
        return _("the key is not one of {who}'s").format(who=act.who)
    own = [s for s in own if act.right in s.may]
    if not own:
        text = (
            _("{who}'s key may not close")
            if act.right == CLOSE
            else _("{who}'s key may not record")
        )
        return text.format(who=act.who)
    if act.right == RECORD:
        own = [s for s in own if not s.branches or act.branch in s.branches]
    if not own:
        return _("{who}'s key is not for branch {branch}").format(who=act.who, branch=act.branch)
    if not any(s.since <= act.week <= s.until for s in own):
        spans = listing([_span(s) for s in own])
        return _("{who}'s key is for {weeks}, not for {week}").format(
            who=act.who, weeks=spans, week=act.week
        )
    return None


def _span(signer: Signer) -> str:
    since = "" if signer.since == wk.BEGIN else signer.since
    until = "" if signer.until == wk.END else signer.until
    return f"{since}..{until}"


def revoked_from(signers: Iterable[Signer], key: str) -> str:
    """The first week from which a key is revoked; `weeks.END` where it is not."""
    return min((s.revoked for s in signers if public_key(s.key) == key), default=wk.END)


def week_of_moment(text: str, zone: tzinfo) -> str:
    """The week of a time (RFC 3339) in the book's time zone; no week (empty) where it is not a time."""
    found = moment(text)
    try:
        return wk.week_of(found.astimezone(zone).date()) if found else ""
    except (OverflowError, ValueError):  # the first and last days that there are
        return ""


def rows_of(signers: Iterable[Signer]) -> tuple[Row, ...]:
    """Signers in one spelling and order: two lists that mean the same are the same."""
    rows = [
        Row(
            id=s.id,
            key=public_key(s.key) or s.key,
            may=tuple(sorted(set(s.may))),
            branches=tuple(sorted(set(s.branches))),
            since=None if s.since == wk.BEGIN else s.since,
            until=None if s.until == wk.END else s.until,
            revoked=None if s.revoked == wk.END else s.revoked,
        )
        for s in signers
    ]
    return tuple(sorted(set(rows), key=lambda row: encode_seal(_plain(row))))


def record_name(number: int) -> str:
    """The path of a record below the book's folder."""
    return f"{SEALS}/signers-{number}.json"


def record_number(path: str) -> int | None:
    """The number of a record by its path; None where it is not a record's."""
    place, _slash, name = path.rpartition("/")
    found = _NAME.fullmatch(name) if place == SEALS else None
    return int(found[1]) if found else None


def encode_record(record: Record) -> bytes:
    """The bytes of a record: one line for each row, for grep and diff."""
    return encode_seal(_plain(record))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    result: dict[str, Any] = msgspec.to_builtins(value)
    return result


def parse_record(path: str, raw: bytes) -> RecordFile | Finding:
    """The record in these bytes, or what is wrong with it."""
    lost: str | None = ""
    try:
        record = msgspec.convert(parse_whole(raw), type=Record)
        if record.format > FORMAT:
            reason, lost = _("written by a newer qibi; update qibi"), None
        elif record.number != record_number(path):
            reason = _("it says number {number}").format(number=record.number)
        else:
            return RecordFile(path, digest(raw), record)
    except (ValueError, RecursionError) as error:  # msgspec's and json's own among them
        reason = str(error)
    text = _("not a record of signers ({reason}); only qibi writes here")
    return Finding(path, message=text.format(reason=reason), code="signers", lost=lost)


def record_chain(files: Mapping[str, bytes]) -> tuple[list[RecordFile], list[Finding]]:
    """Records (path: bytes) in their order, as far as their chain is whole, and what breaks it."""
    paths = sorted((p for p in files if record_number(p)), key=lambda p: record_number(p) or 0)
    result: list[RecordFile] = []
    for number, path in enumerate(paths, 1):
        parsed = parse_record(path, files[path])
        if isinstance(parsed, Finding):
            return result, [parsed]
        before = result[-1] if result else None
        if parsed.record.number != number or parsed.record.previous != (before and before.digest):
            message = _("does not follow the record before it: one is missing, or was changed")
            return result, [Finding(path, message=message, code="signers")]
        result.append(parsed)
    return result, []


def standing_records(root: Path) -> list[RecordFile]:
    """The records of the working tree in order; raises `Faults` where their chain is broken."""
    files = {path: (root / path).read_bytes() for path in record_paths(root)}
    found, findings = record_chain(files)
    if findings:
        raise Faults(findings)
    return found


def record_paths(root: Path) -> list[str]:
    """The paths of all files that are records of signers by their name."""
    try:
        names = sorted(p.name for p in (root / SEALS).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [f"{SEALS}/{name}" for name in names if _NAME.fullmatch(name)]


def not_accepted(signers: Sequence[Signer], records: Sequence[RecordFile]) -> Finding | None:
    """What to say where qibi.yaml's signers are not those of the last record."""
    if rows_of(signers) == (rows_of(records[-1].signers) if records else ()):
        return None
    message = (
        _("the signers differ from those accepted in {path}").format(path=records[-1].path)
        if records
        else _("the signers have not been accepted yet")
    )
    advice = _("with a key that may close: qibi signers accept")
    return Finding("qibi.yaml", message=f"{message}; {advice}", code="signers")


def vouched(records: Iterable[RecordFile]) -> dict[str, str]:
    """Path: SHA-256, of the files that need no signature."""
    return {v.path: v.sha256 for r in records for v in r.record.vouched}


def signed_paths(root: Path) -> Iterator[str]:
    """The paths of all batches, seals and acknowledgements: whatever is to be signed, records apart."""
    for week in weeks_with_batches(root):
        yield from (f"{folder(week)}/{name}" for name in batch_names(root, week))
    yield from link_paths(root)


def without_signature(root: Path) -> list[str]:
    """The paths of the batches, seals and acknowledgements that have no signature next to them."""
    return [path for path in signed_paths(root) if not (root / f"{path}{ENDING}").exists()]

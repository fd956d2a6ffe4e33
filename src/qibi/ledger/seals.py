"""Seals: what a closed week held. Reading them, their one chain, and which batches count.

A seal is `seals/<week>.json`, its corrections `seals/<week>.r2.json` and on. Each names, by digest,
the batches that count, and the link of the chain before it: whoever holds the last digest holds the
whole chain. The other links are acknowledgements, `seals/acknowledged-<n>.json`: findings of an audit
that were explained and approved. Nothing here trusts a file because of where it is.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from qibi.base import weeks
from qibi.base.findings import Faults, Finding
from qibi.base.language import _, listing
from qibi.ledger.batches import folder
from qibi.ledger.entries import moment

SEALS = "seals"
FORMAT = 1
NOTHING = "none"  # in what a finding is about: the object of a file that is not there
_NAME = re.compile(r"([0-9]{4}-W[0-9]{2})(?:\.r([1-9][0-9]{0,3}))?\.json")
_ACKNOWLEDGED = re.compile(r"acknowledged-([1-9][0-9]{0,3})\.json")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONFLICT = b"\n<<<<<<< "
_SPACED = re.compile(rb'"[ \t\r\n]+:')


class SealedBatch(msgspec.Struct, frozen=True):
    """A batch that a seal lists: its path below the book's folder and its SHA-256, whole."""

    path: str
    sha256: str


class Without(msgspec.Struct, frozen=True):
    """A branch that had submitted nothing when its week was closed, and why it was closed."""

    branch: str
    note: str


class Accepted(msgspec.Struct, frozen=True):
    """A warning present when the week was closed: the check, and the place in the ledger."""

    code: str
    path: str
    line: int


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """A seal as far as other weeks and rankings need it; its results stay unread."""

    format: int
    week: str
    revision: int
    closed_at: str
    closed_by: str
    batches: tuple[SealedBatch, ...]
    definitions: str
    rules: str
    previous: str | None
    definition_files: dict[str, str] = {}
    without: tuple[Without, ...] = ()
    warnings: tuple[Accepted, ...] = ()


@dataclass(frozen=True)
class SealFile:
    """A seal with its path below the book's folder and the SHA-256 of its bytes."""

    path: str
    digest: str
    seal: Seal

    @cached_property
    def batches(self) -> frozenset[str]:
        """The paths of the batches that count."""
        return frozenset(b.path for b in self.seal.batches)

    @property
    def previous(self) -> str | None:
        """The digest of the link before it."""
        return self.seal.previous

    @property
    def by(self) -> str:
        """Who wrote it."""
        return self.seal.closed_by

    @property
    def at(self) -> str:
        """When, by their clock."""
        return self.seal.closed_at


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding of an audit, bound to the digests of what it is about."""

    id: str
    code: str
    path: str
    about: dict[str, str]

    @property
    def is_whole(self) -> bool:
        """Whether its id is the digest of what it names."""
        return bool(self.about) and self.id == finding_id(self.code, self.path, self.about)


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why findings of an audit stand, who says so, and who approved it."""

    format: int
    number: int
    acknowledged_at: str
    acknowledged_by: str
    approved_by: str
    reason: str
    previous: str | None
    signers: str | msgspec.UnsetType = msgspec.UNSET  # SHA-256 of the record in force then
    findings: tuple[Acknowledged, ...]


@dataclass(frozen=True)
class AcknowledgementFile:
    """An acknowledgement with its path below the book's folder and the SHA-256 of its bytes."""

    path: str
    digest: str
    record: Acknowledgement
    batches: frozenset[str] = frozenset()  # as of any link: it fixes none

    @property
    def previous(self) -> str | None:
        """The digest of the link before it."""
        return self.record.previous

    @property
    def by(self) -> str:
        """Who wrote it."""
        return self.record.acknowledged_by

    @property
    def at(self) -> str:
        """When, by their clock."""
        return self.record.acknowledged_at


Link = SealFile | AcknowledgementFile


def finding_id(code: str, path: str, about: Mapping[str, str]) -> str:
    """What names a finding in all languages and audits: another for each other thing it can be about."""
    identity = {"code": code, "path": path, "about": about}
    return digest(json.dumps(identity, sort_keys=True, separators=(",", ":")).encode())


def acknowledgement_name(number: int) -> str:
    """The path of an acknowledgement below the book's folder."""
    return f"{SEALS}/acknowledged-{number}.json"


def acknowledgement_number(path: str) -> int | None:
    """The number of an acknowledgement by its path; None where it is none's."""
    place, _slash, name = path.rpartition("/")
    found = _ACKNOWLEDGED.fullmatch(name) if place == SEALS else None
    return int(found[1]) if found else None


def is_link(path: str) -> bool:
    """Whether a path below seals/ is a seal's or an acknowledgement's."""
    return named(path) is not None or acknowledgement_number(path) is not None


def encode_acknowledgement(record: Acknowledgement) -> bytes:
    """The bytes of an acknowledgement, as of a seal."""
    return encode_seal(msgspec.to_builtins(record))


def seal_name(week: str, revision: int) -> str:
    """The file name of a seal: the first of a week bears no number."""
    return f"{week}.json" if revision == 1 else f"{week}.r{revision}.json"


def named(path: str) -> tuple[str, int] | None:
    """(week, revision) by a seal's path; None where it is not a seal's name."""
    match = _NAME.fullmatch(path.rsplit("/", 1)[-1])
    if not match or not weeks.is_week(match[1]) or match[2] == "1":
        return None
    return match[1], int(match[2] or 1)


def digest(raw: bytes) -> str:
    """SHA-256 of these bytes, in hexadecimal digits: what `sha256sum` prints."""
    return hashlib.sha256(raw).hexdigest()


def seal_paths(root: Path) -> list[str]:
    """The paths of all files that are seals by their name, in the order of weeks and revisions."""
    try:
        found = [p.name for p in (root / SEALS).iterdir() if named(p.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [f"{SEALS}/{name}" for name in sorted(found, key=lambda n: named(n) or ("", 0))]


def link_paths(root: Path) -> list[str]:
    """The paths of all links of the chain by their name: seals, then acknowledgements by their number."""
    try:
        found = [f"{SEALS}/{p.name}" for p in (root / SEALS).iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        found = []
    numbers = {p: n for p in found if (n := acknowledgement_number(p))}
    return [*seal_paths(root), *sorted(numbers, key=lambda path: numbers[path])]


def latest_paths(root: Path) -> dict[str, str]:
    """Closed week: the path of its latest seal."""
    return {week: path for path in seal_paths(root) if (week := (named(path) or ("",))[0])}


def parse_seal(path: str, raw: bytes) -> SealFile | Finding:
    """The seal in these bytes, or what is wrong with it."""

    def wrong(reason: str, lost: str | None = "") -> Finding:
        text = _("not a seal ({reason}); only qibi writes here")
        return Finding(path, message=text.format(reason=reason), code="seal", lost=lost)

    if _CONFLICT in b"\n" + raw:
        message = _("{week} was closed in two clones at once, and a merge stopped here; {advice}")
        text = message.format(
            week=(named(path) or (path,))[0], advice=take_yours_back(merging=True)
        )
        return Finding(path, message=text, code="seal")
    try:
        seal = msgspec.json.decode(raw, type=Seal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return wrong(str(error))
    if seal.format > FORMAT:
        return wrong(_("written by a newer qibi; update qibi"), lost=None)
    if named(path) != (seal.week, seal.revision):
        return wrong(
            _("it says {week}, revision {revision}").format_map(msgspec.structs.asdict(seal))
        )
    for key in ("previous", "definitions", "rules"):
        value = getattr(seal, key)
        if value is not None and not _SHA256.fullmatch(value):
            return wrong(_("'{key}' is not a SHA-256").format(key=key))
    if moment(seal.closed_at) is None:
        return wrong(_("'closed_at' is not a time (RFC 3339)"))
    place = f"{folder(seal.week)}/"
    for batch in seal.batches:
        if not batch.path.startswith(place) or not _SHA256.fullmatch(batch.sha256):
            return wrong(_("'{path}' is not a batch of its week").format(path=batch.path))
    return SealFile(path, digest(raw), seal)


def parse_acknowledgement(path: str, raw: bytes) -> AcknowledgementFile | Finding:
    """The acknowledgement in these bytes, or what is wrong with it."""
    if _CONFLICT in b"\n" + raw:
        message = _("two clones acknowledged at once, and a merge stopped here; {advice}")
        text = message.format(advice=take_yours_back(merging=True))
        return Finding(path, message=text, code="seal")
    lost: str | None = ""
    try:
        record = msgspec.convert(parse_whole(raw), type=Acknowledgement)
        if record.format > FORMAT:
            reason, lost = _("written by a newer qibi; update qibi"), None
        elif record.number != acknowledgement_number(path):
            reason = _("it says number {number}").format(number=record.number)
        elif record.previous is not None and not _SHA256.fullmatch(record.previous):
            reason = _("'{key}' is not a SHA-256").format(key="previous")
        elif moment(record.acknowledged_at) is None:
            reason = _("'{key}' is not a time (RFC 3339)").format(key="acknowledged_at")
        elif encode_acknowledgement(record) != raw:
            reason = _("not the bytes that qibi writes")
        else:
            return AcknowledgementFile(path, digest(raw), record)
    except (ValueError, RecursionError) as error:  # msgspec's and json's own among them
        reason = str(error)
    text = _("not an acknowledgement ({reason}); only qibi writes here")
    return Finding(path, message=text.format(reason=reason), code="seal", lost=lost)


def acknowledged_losses(root: Path) -> dict[tuple[str, str], str]:
    """Path and SHA-256 of each sealed batch whose loss was acknowledged: the path of the acknowledgement.

    Of one that says whether it is sound: its reason, and another who approved it. The rest an audit proves.
    """
    result = {}
    for path in link_paths(root):
        if acknowledgement_number(path) is None:
            continue
        file = parse_acknowledgement(path, (root / path).read_bytes())
        if isinstance(file, Finding):  # `check` names it
            continue
        record = file.record
        if not record.reason.strip() or record.approved_by == record.acknowledged_by:
            continue
        for one in record.findings:
            if one.code == "sealed" and one.is_whole and one.about.get("object") == NOTHING:
                result[one.path, one.about.get("listed", "")] = path
    return result


def parse_whole(raw: bytes) -> dict[str, Any]:
    """Everything in a seal whose shape `parse_seal` has found right; no key may be twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError(_("a duplicate key"))
        return found

    # Written again, a repeated key appears once. That takes a tenth of the time of a parse
    # that looks at each key, which only bytes need whose keys can't be counted: with escapes, which
    # could make one look like another, or with blanks before a colon.
    if b"\\" not in raw and not _SPACED.search(raw):
        try:
            found: dict[str, Any] = msgspec.json.decode(raw, type=dict)
            if raw.count(b'":') == msgspec.json.encode(found).count(b'":'):
                return found
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from None
        except OverflowError:  # a number that can't be written
            pass
    whole: dict[str, Any] = json.loads(raw, object_pairs_hook=once)
    return whole


def read_seal(root: Path, path: str) -> SealFile:
    """A seal of the working tree; raises `Faults` where it is damaged or can't be read."""
    try:
        found = parse_seal(path, (root / path).read_bytes())
    except OSError as error:
        message = _("can't be read ({reason}); check the file and its permissions")
        found = Finding(path, message=message.format(reason=error.strerror), code="unreadable")
    if isinstance(found, Finding):
        raise Faults([found])
    return found


def seal_of(root: Path, week: str) -> SealFile | None:
    """The latest seal of a week; None where it is open. Raises `Faults` where it is damaged."""
    path = latest_paths(root).get(week)
    return read_seal(root, path) if path else None


def chain(files: Mapping[str, bytes]) -> tuple[list[SealFile], list[Finding]]:
    """The seals of the chain in the order in which they were closed, and what breaks it; as `links`."""
    found, findings = links(files)
    return seals_of(found), findings


def seals_of(found: Iterable[Link]) -> list[SealFile]:
    """The seals among these links."""
    return [link for link in found if isinstance(link, SealFile)]


def links(files: Mapping[str, bytes]) -> tuple[list[Link], list[Finding]]:
    """Seals and acknowledgements (path: bytes) in the order of the chain, and what breaks it.

    One link has no `previous`; each other names a different one; the revisions of a week follow each
    other without a gap, each holding all that the one before held, all under the same definitions;
    acknowledgements are numbered from 1 in their order. What breaks the chain itself is bound to
    nothing (`Finding.about`): no link can follow it.
    """
    parsed = [
        parse_seal(path, raw) if named(path) else parse_acknowledgement(path, raw)
        for path, raw in files.items()
    ]
    found = [p for p in parsed if not isinstance(p, Finding)]
    findings = [p for p in parsed if isinstance(p, Finding)]
    following: dict[str | None, list[Link]] = {}
    for file in found:
        following.setdefault(file.previous, []).append(file)
    for previous, files_after in following.items():
        if len(files_after) > 1:
            paths = listing(sorted(f.path for f in files_after))
            text = (
                _("{paths} both begin the chain of seals; only one can")
                if previous is None
                else _("{paths} both follow the same seal; the chain of seals may not fork")
            )
            message = f"{text.format(paths=paths)}; {take_yours_back(merging=False)}"
            findings.append(
                Finding(max(f.path for f in files_after), message=message, code="chain")
            )
    ordered: list[Link] = []
    step = following.get(None, [None])[0]
    while step is not None:
        ordered.append(step)
        step = following.get(step.digest, [None])[0]
    reached = {f.path for f in ordered}
    for file in found:
        if file.path not in reached and len(following[file.previous]) == 1:
            message = _("names a seal before it ({digest}) that is not here, or was changed")
            before = (file.previous or "")[:16]
            findings.append(Finding(file.path, message=message.format(digest=before), code="chain"))
    findings += _revisions(seals_of(ordered))
    records = [link for link in ordered if isinstance(link, AcknowledgementFile)]
    for number, link in enumerate(records, 1):
        if link.record.number != number:
            message = _("is acknowledgement {number} instead of {expected}: one is missing")
            message = message.format(number=link.record.number, expected=number)
            findings.append(Finding(link.path, message=message, code="chain"))
            break
    return ordered, findings


def take_yours_back(*, merging: bool) -> str:
    """What to do where two clones have closed at once: no batch is lost by it."""
    if merging:
        return _(
            "keep the seal that others have seen, undo yours: git merge --abort (or git rebase --abort), then: git branch kept; git reset --keep '@{upstream}'; git checkout kept -- '*/20*/*'; qibi commit"
        )
    return _(
        "keep the one that others have seen, undo yours: git branch kept; git reset --keep '@{upstream}'; git checkout kept -- '*/20*/*'; qibi commit; then close that week again"
    )


def _revisions(ordered: list[SealFile]) -> list[Finding]:
    findings = []
    latest: dict[str, SealFile] = {}

    def wrong(file: SealFile, what: str, message: str) -> None:
        about = (("link", file.digest), ("what", what))
        findings.append(Finding(file.path, message=message, code="chain", about=about))

    for file in ordered:
        before = latest.get(file.seal.week)
        expected = before.seal.revision + 1 if before else 1
        if file.seal.revision != expected:
            message = _("is revision {revision} of its week instead of {expected}")
            message = message.format(revision=file.seal.revision, expected=expected)
            wrong(file, f"revision, not {expected}", message)
        if before and (dropped := before.batches - file.batches):
            message = _("drops a batch that {path} counted: {batch}")
            message = message.format(path=before.path, batch=min(dropped))
            wrong(file, "drops batches", message)
        if before and before.seal.definitions != file.seal.definitions:
            message = _("pins other definitions than {path}, which it corrects")
            wrong(file, "other definitions", message.format(path=before.path))
        latest[file.seal.week] = file
    return findings


def accepted_warnings(files: list[SealFile]) -> frozenset[tuple[str, str, int]]:
    """(check, path, line) of every warning that a seal lists as accepted."""
    return frozenset((w.code, w.path, w.line) for f in files for w in f.seal.warnings)


def encode_seal(seal: Mapping[str, Any]) -> bytes:
    """The bytes of a seal: JSON with a line for each key and for each row of a list, for grep and diff."""
    return (_spread(seal, 2, _compact) + "\n").encode()


def encode_results(results: Mapping[str, Mapping[str, Any]]) -> bytes:
    """These keys of a seal as `encode_seal` writes them, in a sixth of its time.

    A number above 10 ** 15 may be written in another way: for comparing alone, where that costs a
    second look.
    """
    rows = (f"{json.dumps(k)}: {_spread(v, 1, _quick)}" for k, v in results.items())
    return ",\n".join(rows).encode()


def _spread(value: Any, depth: int, compact: Callable[[Any], str]) -> str:
    """JSON; mappings are spread over lines to this depth, and lists of mappings within them."""
    if isinstance(value, Mapping) and depth and value:
        rows = (f"{json.dumps(k)}: {_spread(v, depth - 1, compact)}" for k, v in value.items())
        return "{\n" + ",\n".join(rows) + "\n}"
    if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        return "[\n" + ",\n".join(map(compact, value)) + "\n]"
    if isinstance(value, Mapping) and any(isinstance(v, list) and v for v in value.values()):
        rows = (f"{json.dumps(k)}: {_spread(v, 0, compact)}" for k, v in value.items())
        return "{\n" + ",\n".join(rows) + "\n}"
    return compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _quick(value: Any) -> str:
    return msgspec.json.encode(value).decode()

"""The audit: what git's objects and history prove about a book, without trusting its working tree.

Each part is a function of `Exhibits` that gives findings; `PARTS` lists them in the order of the page
that an auditor signs. Only `history` reads the whole history, the others the present commit.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from qibi import __version__
from qibi.base import weeks as wk
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.kept import Kept, key_of
from qibi.base.language import _, listing, many, mark
from qibi.book.definitions import Definitions
from qibi.book.in_force import definitions_digest
from qibi.book.load import Source
from qibi.ledger.batches import LEDGER, Batch, folder, parse
from qibi.ledger.counting import waits
from qibi.ledger.entries import File as EvidenceFile
from qibi.ledger.seals import SEALS, SealFile, chain, digest, named, parse_whole
from qibi.ledger.signers import record_number
from qibi.proof.closing import differences, missing_branches
from qibi.proof.repository import PLAIN, Change, File, Repository
from qibi.proof.results import Results, Row, results
from qibi.proof.signatures import signatures
from qibi.scoring.engine import rules_with
from qibi.scoring.pinned import changed
from qibi.scoring.policies import policy_of

_LETTERS = {
    "M": mark("changed"),
    "D": mark("deleted"),
    "T": mark("turned into another kind of file"),
}
_SIGNATURE = ".sig"


@dataclass
class Exhibits:
    """The present commit's files, read once, and what they hold."""

    repository: Repository
    against: str = ""
    trust: frozenset[str] | None = None  # the first keys, from outside the book
    cache: Path | None = None
    beside: ThreadPoolExecutor | None = None

    def __post_init__(self) -> None:
        if self.beside:
            self._damaged = self.beside.submit(self.repository.damaged)
            self._history = self.beside.submit(self._walked)

    @property
    def damaged(self) -> list[str]:
        """What `git fsck` found."""
        return self._damaged.result() if self.beside else self.repository.damaged()

    @property
    def history(self) -> tuple[list[str], list[Change]]:
        """All commits, and what they did below ledger/ and seals/."""
        return self._history.result() if self.beside else self._walked()

    def _walked(self) -> tuple[list[str], list[Change]]:
        commits = self.repository.commits()
        return commits, list(self.repository.changes(commits, (LEDGER, SEALS)))

    @cached_property
    def files(self) -> dict[str, File]:
        """Path below the book's folder: the file."""
        return {file.path: file for file in self.repository.files()}

    @cached_property
    def raw(self) -> dict[str, bytes]:
        """Path: bytes, of everything in the book but what is only looked at by its digest."""
        wanted = {p: f for p, f in self.files.items() if not p.startswith("evidence/")}
        found = self.repository.contents(f.object for f in wanted.values() if f.mode != "160000")
        return {path: found[f.object] for path, f in wanted.items() if f.object in found}

    @cached_property
    def parsed(self) -> tuple[list[Batch], list[Finding]]:
        """The batches, and what is wrong with those that are none."""
        batches: list[Batch] = []
        findings: list[Finding] = []
        for path, raw in self.raw.items():
            if path.startswith(f"{LEDGER}/") and path.endswith(".jsonl"):
                found = parse(path, _week_of(path), raw)
                if isinstance(found, Batch):
                    batches.append(found)
                else:
                    findings += found
        return batches, findings

    @cached_property
    def whole(self) -> dict[str, str]:
        """Path of each sound batch: its SHA-256."""
        return {b.path: digest(self.raw[b.path]) for b in self.batches}

    @property
    def batches(self) -> list[Batch]:
        """The batches that are sound."""
        return self.parsed[0]

    @cached_property
    def of_week(self) -> dict[str, list[Batch]]:
        """Week: its batches."""
        found: dict[str, list[Batch]] = defaultdict(list)
        for batch in self.batches:
            found[batch.week].append(batch)
        return dict(found)

    @cached_property
    def chained(self) -> tuple[list[SealFile], list[Finding]]:
        """The seals in the order of closing, and what breaks their chain."""
        return chain(
            {p: raw for p, raw in self.raw.items() if p.startswith(f"{SEALS}/") and named(p)}
        )

    @property
    def seals(self) -> list[SealFile]:
        """The seals of the chain."""
        return self.chained[0]

    @cached_property
    def latest(self) -> dict[str, SealFile]:
        """Closed week: its latest seal."""
        return {file.seal.week: file for file in self.seals}

    @cached_property
    def definitions(self) -> Definitions | None:
        """The definitions of the present commit; None where they have mistakes."""
        return self._validated[0]

    @cached_property
    def _validated(self) -> tuple[Definitions | None, list[Finding]]:
        from qibi.book.validate import validate

        sources = [
            Source(path, raw)
            for path, raw in self.raw.items()
            if path in ("qibi.yaml", "names.yaml")
            or (
                path.count("/") == 1
                and path.startswith(("scheme/", "branches/", "plans/"))
                and path.endswith((".yaml", ".yml"))
            )
        ]
        try:
            return validate(sources), []
        except Faults as faults:
            return None, faults.findings

    @property
    def pending(self) -> list[str]:
        """The batches of closed weeks that no seal lists."""
        return sorted(
            b.path
            for week, file in self.latest.items()
            for b in self.of_week.get(week, ())
            if b.path not in file.batches and waits(b)
        )


@dataclass(frozen=True)
class Part:
    """One part of an audit: what it looked at, how much of it, and what it found."""

    code: str
    title: str
    seen: str
    findings: tuple[Finding, ...]


def objects(exhibits: Exhibits) -> tuple[str, Iterable[Finding]]:
    """Every object of the repository is what its id says."""
    text = _("git fsck: {words}")
    findings = [
        Finding(".git", message=text.format(words=line), code="object") for line in exhibits.damaged
    ]
    return _("git fsck over all objects"), findings


def history(exhibits: Exhibits) -> tuple[str, Iterable[Finding]]:
    """In the whole history everything under ledger/ and seals/ was only ever added."""
    commits, changes = exhibits.history
    findings: dict[str, Finding] = {}
    for change in changes:
        place = change.path
        if change.letter == "A" and change.mode == PLAIN:
            continue
        what = _(_LETTERS.get(change.letter, "")) or _("added as no plain file")
        message = _(
            "{what} in commit {commit} (mode {mode}); what is recorded may only be added to"
        )
        message = message.format(what=what, commit=change.commit[:12], mode=change.mode)
        findings.setdefault(
            f"{place} {change.letter}", Finding(place, message=message, code="history")
        )
    seen = many("{count} commit", "{count} commits", len(commits))
    return seen.format(count=len(commits)), findings.values()


def contents(exhibits: Exhibits) -> tuple[str, Iterable[Finding]]:
    """Each file's name is the digest of its content, and nothing else stands beside them."""
    findings = list(exhibits.parsed[1])
    for path, file in exhibits.files.items():
        if file.mode == PLAIN or (file.mode == "100755" and not path.startswith((LEDGER, SEALS))):
            continue
        message = _("not a plain file (mode {mode})")
        findings.append(Finding(path, message=message.format(mode=file.mode), code="mode"))
    for path in exhibits.files:
        if path.startswith((f"{LEDGER}/", f"{SEALS}/")) and not _belongs(path, exhibits.files):
            message = _("neither a batch nor a seal, nor the signature of one")
            findings.append(Finding(path, message=message, code="stray"))
    entries = sum(len(b.entries) for b in exhibits.batches)
    batches = many("{count} batch", "{count} batches", len(exhibits.batches))
    lines = many("{count} entry", "{count} entries", entries)
    seen = listing([batches.format(count=len(exhibits.batches)), lines.format(count=entries)])
    return seen, findings


def definitions(exhibits: Exhibits) -> tuple[str, Iterable[Finding]]:
    """The definitions are sound, and none was changed under a closed week."""
    findings = list(exhibits._validated[1])
    if found := exhibits.definitions:
        for file in exhibits.latest.values():
            findings += changed(found, file)
    count = sum(path.endswith((".yaml", ".yml")) for path in exhibits.raw)
    return many("{count} file", "{count} files", count).format(count=count), findings


def seals(exhibits: Exhibits) -> tuple[str, Iterable[Finding]]:
    """The seals form one chain, and the batches that they list are here, byte for byte."""
    findings = list(exhibits.chained[1])
    for file in exhibits.seals:
        for batch in file.seal.batches:
            if exhibits.whole.get(batch.path) != batch.sha256:
                message = _("listed by {seal} with SHA-256 {digest}; here it is gone or another")
                message = message.format(seal=file.path, digest=batch.sha256[:16])
                findings.append(Finding(batch.path, message=message, code="sealed"))
    closed = many("{count} week closed", "{count} weeks closed", len(exhibits.latest))
    corrections = len(exhibits.seals) - len(exhibits.latest)
    corrected = many("{count} correction", "{count} corrections", corrections)
    return listing(
        [closed.format(count=len(exhibits.latest)), corrected.format(count=corrections)]
    ), findings


def read_out(exhibits: Exhibits) -> tuple[str, Iterable[Finding]]:
    """Standings and lists, computed anew by the rules of each seal, are what was read out."""
    found = exhibits.definitions
    if found is None:
        return _("not looked at: the definitions have mistakes"), ()
    findings: list[Finding] = []
    kept = Kept(exhibits.cache)
    chained = key_of(["1", __version__, *(file.digest for file in exhibits.seals[:1])])
    held = set(kept.find("read-out", chained, list[str]) or ())
    keys = {file.path: _proof_key(exhibits, found, file) for file in exhibits.seals}
    unproven = {file.seal.week for file in exhibits.seals if keys[file.path] not in held}
    asked = [file for file in exhibits.seals if file.seal.week in unproven]
    recomputed = _recomputed(exhibits, found, asked, findings)
    before: dict[str, Row] = {}
    corrected = {file.seal.week for file in exhibits.seals if file.seal.revision > 1}
    rows = 0
    for file in asked:
        if (result := recomputed.get(file.path)) is None:
            continue
        earlier = len(findings)
        try:
            whole = parse_whole(exhibits.raw[file.path])
        except (ValueError, RecursionError) as error:
            message = _("its results can't be read: {reason}").format(reason=error)
            findings.append(Finding(file.path, message=message, code="seal"))
            continue
        rows += sum(len(standings) for standings in result.standings.values())
        findings += _differing(file, whole, result)
        findings += _wrong_without(exhibits, found, file)
        if file.seal.revision > 1 and file.seal.week in before:
            findings += _wrong_changes(file, whole, before[file.seal.week], result)
        if file.seal.week in corrected:
            before[file.seal.week] = whole
        if len(findings) == earlier and (key := keys[file.path]):
            held.add(key)
    seen = many("{count} standing recomputed", "{count} standings recomputed", rows).format(
        count=rows
    )
    if asked:
        kept.keep("read-out", chained, sorted(held))
    if before_now := len(exhibits.seals) - len(asked):
        text = many("{count} seal held before", "{count} seals held before", before_now)
        seen = listing([seen, text.format(count=before_now)])
    return seen, findings


def _proof_key(exhibits: Exhibits, found: Definitions, file: SealFile) -> str:
    """What says that a seal's results held: the seal, the one that it corrects, and this qibi.

    A seal pins batches, definitions and rules by digest; empty where any of these is not what it pins.
    """
    if any(exhibits.whole.get(b.path) != b.sha256 for b in file.seal.batches):
        return ""
    if definitions_digest(found, file.seal.week)[0] != file.seal.definitions:
        return ""
    earlier = [f.digest for f in exhibits.seals if f.seal.week == file.seal.week]
    return key_of(["1", __version__, file.seal.definitions, file.digest, *earlier])


class _ReadOut(msgspec.Struct):
    """Of a seal its lists alone."""

    lists: dict[str, dict[str, Any]]


def _recomputed(
    exhibits: Exhibits, found: Definitions, asked: list[SealFile], findings: list[Finding]
) -> dict[str, Results]:
    """Path of a seal: what its batches come to. As many weeks as can be go through the rules at once."""
    at_once: dict[tuple[str, int], dict[str, SealFile]] = defaultdict(dict)
    for file in asked:
        at_once[file.seal.rules, file.seal.revision][file.seal.week] = file
    recomputed: dict[str, Results] = {}
    for (rules, _revision), files in at_once.items():
        text = rules_with(rules)
        if text is None:
            message = _("made by rules that this qibi does not have ({digest}); update qibi")
            findings += [
                Finding(f.path, message=message.format(digest=rules[:16]), code="rules")
                for f in files.values()
            ]
            continue
        given = {
            week: [b for b in exhibits.of_week.get(week, ()) if b.path in file.batches]
            for week, file in files.items()
        }
        for week, batches in list(given.items()):
            if len(batches) < len(files[week].batches):
                message = _("can't be recomputed: not all of its batches are here as they were")
                findings.append(Finding(files[week].path, message=message, code="read-out"))
                del given[week]
        policies = {}
        for week in list(given):
            file = files[week]
            try:
                lists = msgspec.json.decode(exhibits.raw[file.path], type=_ReadOut).lists
                policies[week] = {kind: policy_of(row["policy"]) for kind, row in lists.items()}
            except (
                *(KeyError, TypeError, ValueError, IndexError, AttributeError),
                msgspec.DecodeError,
            ) as error:
                message = _("its lists can't be read: {reason}").format(reason=error)
                findings.append(Finding(file.path, message=message, code="seal"))
                del given[week]
        for week, result in results(found, given, policies, text).items():
            recomputed[files[week].path] = result
    return recomputed


def _differing(file: SealFile, whole: Row, result: Results) -> Iterator[Finding]:
    """What a seal says of its week that the rules do not."""

    def finding(what: str, said: Any, comes: Any) -> Finding:
        message = _("{what}: read out as {said}, comes to {comes}")
        message = message.format(what=what, said=_short(said), comes=_short(comes))
        return Finding(file.path, message=message, code="read-out")

    for name, computed in (("standings", result.standings), ("unranked", result.unranked)):
        said = whole.get(name)
        if said == computed:
            continue
        if not isinstance(said, Mapping):
            yield finding(name, said, "…")
            continue
        for kind in dict.fromkeys((*said, *computed)):
            old = {row["subject"]: row for row in said.get(kind, ())}
            new = {row["subject"]: row for row in computed.get(kind, ())}
            for key in dict.fromkeys((*old, *new)):
                if old.get(key) != new.get(key):
                    yield finding(f"{kind} {key}", _place(old.get(key)), _place(new.get(key)))
            if old == new:
                yield finding(f"{name} {kind}", _("another order"), _("its own"))
    for kind in dict.fromkeys((*whole["lists"], *result.lists)):
        for name in ("red", "black", "missing"):
            said = whole["lists"].get(kind, {}).get(name)
            comes = result.lists.get(kind, {}).get(name)
            if said != comes:
                yield finding(f"{kind} {name}", _ids(said), _ids(comes))


def _wrong_without(exhibits: Exhibits, found: Definitions, file: SealFile) -> Iterator[Finding]:
    counted = [b for b in exhibits.of_week.get(file.seal.week, ()) if b.path in file.batches]
    missing = missing_branches(found, counted, file.seal.week)
    said = tuple(w.branch for w in file.seal.without)
    if sorted(said) != sorted(missing):
        message = _("says that it was closed without {said}; missing are {missing}")
        message = message.format(
            said=listing(list(said)) or _("nobody"), missing=listing(list(missing)) or _("nobody")
        )
        yield Finding(file.path, message=message, code="read-out")


def _wrong_changes(file: SealFile, whole: Row, before: Row, result: Results) -> Iterator[Finding]:
    changes = whole.get("changes")
    expected = differences(before, result)
    if not isinstance(changes, Mapping) or any(changes.get(k) != v for k, v in expected.items()):
        message = _("what it says was changed is not what was changed")
        yield Finding(file.path, message=message, code="read-out")
    elif not changes.get("approved_by"):
        message = _("names nobody who approved the correction")
        yield Finding(file.path, message=message, code="read-out")


def evidence(exhibits: Exhibits) -> tuple[str, Iterable[Finding]]:
    """Each file that an entry names as evidence is the one that it was when it was recorded."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for batch in exhibits.batches:
        for entry in batch.entries:
            for piece in getattr(entry, "evidence", ()):
                if isinstance(piece, EvidenceFile):
                    wanted[piece.path].add(piece.sha256)
    here = {path: exhibits.files[path] for path in wanted if path in exhibits.files}
    raw = exhibits.repository.contents(f.object for f in here.values())
    findings = []
    for path, digests in sorted(wanted.items()):
        if path not in here:
            message = _("an entry names it as evidence; it is not in the repository")
            findings.append(Finding(path, message=message, code="evidence"))
        elif {digest(raw[here[path].object])} != digests:
            message = _("swapped: an entry names it as evidence with another SHA-256")
            findings.append(Finding(path, message=message, code="evidence"))
    return many("{count} file", "{count} files", len(wanted)).format(count=len(wanted)), findings


def published(exhibits: Exhibits) -> tuple[str, Iterable[Finding]]:
    """What was published earlier (`--against`) is still part of this ledger."""
    wanted = exhibits.against.strip().lower()
    if not wanted:
        return _("nothing was given to compare with (--against DIGEST)"), ()
    for number, file in enumerate(exhibits.seals, 1):
        if file.digest.startswith(wanted):
            seen = _("{path} is seal {number} of {count} in the chain")
            return seen.format(path=file.path, number=number, count=len(exhibits.seals)), ()
    if exhibits.repository.holds(wanted):
        return _("commit {commit} leads to the present one").format(commit=wanted[:12]), ()
    message = _(
        "no seal with the digest {digest} is in the chain: this is not the ledger that was published"
    ).format(digest=wanted)
    return _("{digest} not found").format(digest=wanted[:16]), [
        Finding(SEALS, message=message, code="against")
    ]


PARTS: tuple[tuple[str, str, Callable[[Exhibits], tuple[str, Iterable[Finding]]]], ...] = (
    ("objects", mark("Objects"), objects),
    ("history", mark("History"), history),
    ("contents", mark("Ledger"), contents),
    ("definitions", mark("Definitions"), definitions),
    ("seals", mark("Seals"), seals),
    ("signatures", mark("Signatures"), signatures),
    ("read-out", mark("Results"), read_out),
    ("evidence", mark("Evidence"), evidence),
    ("published", mark("Published"), published),
)


@dataclass(frozen=True)
class Audit:
    """What an audit came to: an auditor can sign it where no part has findings."""

    book: str
    commit: str
    first: str
    last: str
    parts: tuple[Part, ...]
    seals: tuple[SealFile, ...]
    pending: tuple[str, ...]

    @property
    def findings(self) -> list[Finding]:
        """All findings, in the order of the parts."""
        return [finding for part in self.parts for finding in part.findings]


def audit(
    repository: Repository,
    against: str = "",
    trust: frozenset[str] | None = None,
    cache: Path | None = None,
) -> Audit:
    """Audit the book of this repository; raises `Refusal` where it can't be read.

    `trust` are keys from outside the book that the first record of signers has to be signed with;
    `cache` is a folder for what held once: signatures, and results by all that their seals pin.
    """
    if against and not (len(against) >= 8 and set(against.lower()) <= set("0123456789abcdef")):
        raise Refusal(
            _("'{text}' is no digest").format(text=against),
            _("write at least 8 of its hexadecimal digits"),
        )
    with ThreadPoolExecutor(2) as beside:  # git at work while Python is
        exhibits = Exhibits(repository, against, trust, cache, beside)
        return _audited(exhibits)


def _audited(exhibits: Exhibits) -> Audit:
    repository = exhibits.repository
    if "qibi.yaml" not in exhibits.files:
        raise Refusal(_("the book is not committed"), _("qibi commit, then audit"))
    parts = []
    for code, title, function in PARTS:
        seen, findings = function(exhibits)
        parts.append(Part(code, title, seen, tuple(findings)))
    found = exhibits.definitions
    first, last = repository.times()
    return Audit(
        found.id if found else "",
        repository.commit,
        first,
        last,
        tuple(parts),
        tuple(exhibits.seals),
        tuple(exhibits.pending),
    )


def _belongs(path: str, files: Mapping[str, File]) -> bool:
    """Whether a path below ledger/ or seals/ is a batch, a seal, or the signature of one."""
    if path.endswith(_SIGNATURE):
        return path.removesuffix(_SIGNATURE) in files
    if path.startswith(f"{SEALS}/"):
        return path.count("/") == 1 and (named(path) is not None or record_number(path) is not None)
    week = _week_of(path)
    return wk.is_week(week) and path.startswith(f"{folder(week)}/") and path.endswith(".jsonl")


def _week_of(path: str) -> str:
    """The week that a path below ledger/ stands for; a text that is no week where it stands for none."""
    parts = path.split("/")
    return f"{parts[1]}-{parts[2]}" if len(parts) == 4 else ""


def _place(row: Row | None) -> str:
    if row is None:
        return _("no place")
    if "reason" in row:
        return str(row["reason"])
    return _("{points}, place {rank}").format(points=row.get("total"), rank=row.get("rank"))


def _ids(rows: Any) -> str:
    if not isinstance(rows, list):
        return "-"
    found = [str(row["subject"]) if isinstance(row, Mapping) else str(row) for row in rows]
    return listing(found) or "-"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"

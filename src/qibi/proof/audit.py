"""The audit: what git's objects and history prove about a book, without trusting its working tree.

Each part is a function of `AuditInputs` that gives findings; `PARTS` lists them in the order of the page
that an auditor signs. Only `history` reads the whole history, the others the present commit.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from qibi.base import weeks as wk
from qibi.base.cache import Cache
from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, listing, many, mark
from qibi.ledger import clock, held
from qibi.ledger.batches import LEDGER, folder
from qibi.ledger.evidence_files import files_of, misplaced
from qibi.ledger.kept_sheets import is_below, wrong_with
from qibi.ledger.seals import (
    NOTHING,
    SEALS,
    Acknowledged,
    AcknowledgementFile,
    SealFile,
    is_link,
)
from qibi.ledger.signers import record_number
from qibi.proof.acknowledged import SHOWN, Explained, acknowledged, identified
from qibi.proof.read_out import begin, policy_history, read_out, statements
from qibi.proof.repository import BOOK, PLAIN, AuditInputs, File, Repository, left_behind, week_of
from qibi.proof.signatures import signatures
from qibi.scoring.pinned import changed

_LETTERS = {
    "M": mark("changed"),
    "D": mark("deleted"),
    "T": mark("turned into another kind of file"),
}
_SIGNATURE = ".sig"
_DIGITS = re.compile(r"[0-9a-fA-F]{8,}")


@dataclass(frozen=True)
class Part:
    """One part of an audit: what it looked at, how much of it, and what it found."""

    code: str
    title: str
    seen: str
    findings: tuple[Finding, ...]
    looked: bool = True  # whether there was anything to look at, and it could be
    acknowledged: tuple[Explained, ...] = ()  # findings too, and no part of `findings`


def objects(inputs: AuditInputs) -> tuple[str, Iterable[Finding]]:
    """Every object of the repository is what its id says."""
    text = _("git fsck: {words}")
    findings = [
        Finding(".git", message=text.format(words=line), code="object") for line in inputs.damaged
    ]
    return _("git fsck over all objects"), findings


def history(inputs: AuditInputs) -> tuple[str, Iterable[Finding]]:
    """In the whole history everything under ledger/, seals/ and sheets/<year>/ was only ever added."""
    commits, changes, former = inputs.history
    findings: dict[Finding, None] = {}
    for change in changes:
        place = change.path
        if place == BOOK or (change.letter == "A" and change.mode == PLAIN):
            continue
        if change.letter == "M" and change.mode == PLAIN and change.before == change.object:
            continue  # the same bytes, a plain file from then on
        what = _(_LETTERS.get(change.letter, "")) or _("added, but not as a plain file")
        message = _("{what} in commit {commit} (mode {mode}); records are append-only")
        message = message.format(what=what, commit=change.commit[:12], mode=change.mode)
        about = change.about
        findings[Finding(place, message=message, code="history", about=about)] = None
    seen = [many("{count} commit", "{count} commits", len(commits)).format(count=len(commits))]
    for stood in former:
        where = (
            _("a book with this id is in {folder} too") if stood.stands else _("before in {folder}")
        )
        seen.append(where.format(folder=stood.shown))
    return listing(seen), [*findings, *left_behind(former, changes)]


def contents(inputs: AuditInputs) -> tuple[str, Iterable[Finding]]:
    """Each file's name is the digest of its content, and nothing else is next to them."""
    findings = list(inputs.parsed[1])
    for path, file in inputs.files.items():
        if file.mode == PLAIN or (file.mode == "100755" and not path.startswith((LEDGER, SEALS))):
            continue
        message = _("not a plain file (mode {mode})")
        text = message.format(mode=file.mode)
        findings.append(Finding(path, message=text, code="mode", about=file.about))
    for path, file in inputs.files.items():
        if path.startswith((f"{LEDGER}/", f"{SEALS}/")) and not _belongs(path, inputs.files):
            message = _("not a batch or seal, nor the signature of one")
            findings.append(Finding(path, message=message, code="stray", about=file.about))
    for finding in held.twin_findings(inputs.files):
        findings.append(replace(finding, about=inputs.files[finding.path].about))
    findings += _folder_twins(inputs)
    sheets = [path for path in inputs.files if is_below(path)]
    findings += _changed_sheets(inputs, sheets)
    for finding in clock.findings(inputs.batches, inputs.now):
        findings.append(replace(finding, about=inputs.files[finding.path].about))
    entries = sum(len(b.entries) for b in inputs.batches)
    batches = many("{count} batch", "{count} batches", len(inputs.batches))
    lines = many("{count} entry", "{count} entries", entries)
    seen = [batches.format(count=len(inputs.batches)), lines.format(count=entries)]
    if sheets:
        kept = many("{count} archived sheet", "{count} archived sheets", len(sheets))
        seen.append(kept.format(count=len(sheets)))
    return listing(seen), findings


def _folder_twins(inputs: AuditInputs) -> Iterator[Finding]:
    """Folders that another file system takes for the book's own, or for one around it."""
    around = ""
    for name in inputs.repository.prefix.split("/")[:-1]:
        for file in inputs.repository.folder(around):
            if file.path != name and held.folded(file.path) == held.folded(name):
                message = _("another file system takes it for {folder}, where the book is")
                text = message.format(folder=f"{around}{name}")
                path = f"{around}{file.path}"
                yield Finding(path, message=text, code="twin", about=file.about)
        around += f"{name}/"


def _changed_sheets(inputs: AuditInputs, paths: Sequence[str]) -> Iterator[Finding]:
    """What is wrong with archived sheets by the digests of their bytes."""
    files = {path: file for path in paths if (file := inputs.files[path]).mode != "160000"}
    found = inputs.repository.digests(file.object for file in files.values())
    for path, file in files.items():
        for finding in wrong_with(path, found[file.object]):
            yield replace(finding, about=file.about)


def definitions(inputs: AuditInputs) -> tuple[str, Iterable[Finding]]:
    """The definitions are sound, and none was changed under a closed week."""
    findings = list(inputs.mistakes)
    if found := inputs.definitions:
        for file in inputs.seals:  # each revision of a week, for the last may pin what it likes
            findings += changed(found, file)
    count = sum(path.endswith((".yaml", ".yml")) for path in inputs.raw)
    return many("{count} file", "{count} files", count).format(count=count), dict.fromkeys(findings)


def seals(inputs: AuditInputs) -> tuple[str, Iterable[Finding]]:
    """The seals form one chain, what they list is here byte for byte, and what they state can be so."""
    findings = [*inputs.chained[1], *statements(inputs), *policy_history(inputs)]
    for file in inputs.seals:
        for batch in file.seal.batches:
            if inputs.whole.get(batch.path) != batch.sha256:
                message = _(
                    "listed by {seal} with SHA-256 {digest}; here it is missing or different"
                )
                message = message.format(seal=file.path, digest=batch.sha256[:16])
                here = inputs.files.get(batch.path)
                found = here.about if here else (("object", NOTHING),)
                about = (("link", file.digest), ("listed", batch.sha256), *found)
                findings.append(Finding(batch.path, message=message, code="sealed", about=about))
    closed = many("{count} week closed", "{count} weeks closed", len(inputs.latest))
    corrections = len(inputs.seals) - len(inputs.latest)
    corrected = many("{count} correction", "{count} corrections", corrections)
    return listing(
        [closed.format(count=len(inputs.latest)), corrected.format(count=corrections)]
    ), findings


def evidence(inputs: AuditInputs) -> tuple[str, Iterable[Finding]]:
    """Each file that an entry names as evidence is the one that it was when it was recorded."""
    wanted: dict[str, set[str]] = defaultdict(set)
    findings = []
    for batch in inputs.batches:
        for line, entry in enumerate(batch.entries, 1):
            for file in files_of(entry):
                wanted[file.path].add(file.sha256)
                if wrong := misplaced(file):
                    about = inputs.files[batch.path].about
                    findings.append(
                        Finding(batch.path, line, message=wrong, code="evidence", about=about)
                    )
    files = inputs.files
    # Of a submodule the repository holds a commit's id at most, and no content.
    here = {p: files[p] for p in wanted if p in files and files[p].mode != "160000"}
    found = inputs.repository.digests(f.object for f in here.values())
    for path, digests in sorted(wanted.items()):
        listed = " ".join(sorted(digests))
        if path not in here:
            message = _("an entry names it as evidence; it is not in the repository")
            about = (("named", listed), ("object", NOTHING))
            findings.append(Finding(path, message=message, code="evidence", about=about))
        elif {found[here[path].object]} != digests:
            message = _("swapped: an entry names it as evidence with another SHA-256")
            about = (("named", listed), ("object", files[path].object))
            findings.append(Finding(path, message=message, code="evidence", about=about))
    return many("{count} file", "{count} files", len(wanted)).format(count=len(wanted)), findings


def published(inputs: AuditInputs) -> tuple[str, Iterable[Finding] | None]:
    """What was published earlier (`--against`) is still part of this ledger."""
    wanted = (inputs.against or "").strip().lower()
    if not wanted:
        return _("nothing was given to compare with (--against DIGEST)"), None
    for number, file in enumerate(inputs.seals, 1):
        if file.digest.startswith(wanted):
            seen = _("{path} is seal {number} of {count} in the chain")
            return seen.format(path=file.path, number=number, count=len(inputs.seals)), ()
    for link in inputs.chained[0]:
        if link.digest.startswith(wanted):
            return _("{path} is in the chain").format(path=link.path), ()
    if inputs.repository.holds(wanted):
        return _("commit {commit} leads to the current one").format(commit=wanted[:12]), ()
    message = _(
        "no seal with the digest {digest} is in the chain: this is not the ledger that was published"
    ).format(digest=wanted)
    return _("{digest} not found").format(digest=wanted[:16]), [
        Finding(SEALS, message=message, code="against")
    ]


# Each gives what it has seen, and its findings: None where it had nothing to look at, or could not.
PARTS: tuple[
    tuple[str, str, Callable[[AuditInputs], tuple[str, Iterable[Finding] | None]]], ...
] = (
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
    """The result of an audit: an auditor can sign it where no part has findings."""

    book: str
    commit: str
    first: str
    last: str
    parts: tuple[Part, ...]
    seals: tuple[SealFile, ...]
    pending: tuple[str, ...]
    timezone: str  # of the book; empty where its definitions can't be read
    names: Mapping[Finding, Acknowledged]  # of all findings, acknowledged ones too
    distrusted: tuple[Path, ...] = ()  # in the cache: what others could have written

    @property
    def findings(self) -> list[Finding]:
        """All findings that are not acknowledged, in the order of the parts."""
        return [finding for part in self.parts for finding in part.findings]

    @property
    def acknowledged(self) -> list[Explained]:
        """The findings that are acknowledged, in the order of the parts."""
        return [explained for part in self.parts for explained in part.acknowledged]

    def short(self, finding: Finding) -> str:
        """The first digits of what names a finding; `qibi acknowledge` takes them."""
        return self.names[finding].id[:SHOWN]


def audit(
    repository: Repository,
    against: str | None = None,
    trust: frozenset[str] | None = None,
    cache: Path | None = None,
    now: datetime | None = None,
) -> Audit:
    """Audit the book of this repository; raises `Refusal` where it can't be read.

    `now` is by the auditor's clock. `trust` are keys from outside the book that the first record of signers has to be signed with;
    `cache` is a folder for what held once: signatures, and results by all that their seals pin; nothing is
    taken from it that others could have written.
    """
    # Empty, as of a variable that is not set, is no digest either: it was meant to be compared.
    if against is not None and not _DIGITS.fullmatch(against.strip()):
        raise Refusal(
            _("'{text}' is not a digest").format(text=against),
            _("write at least 8 of its hexadecimal digits"),
        )
    with ThreadPoolExecutor(2) as pool:  # git at work while Python is
        inputs = AuditInputs(
            repository, against, trust, Cache(cache, own=True), now or datetime.now(UTC), pool
        )
        try:
            return _audited(inputs)
        except BaseException:
            repository.bounded.stop()  # else what runs in parallel would be waited for
            raise


def _audited(inputs: AuditInputs) -> Audit:
    repository = inputs.repository
    if BOOK not in inputs.files:
        raise Refusal(_("the book is not committed"), _("qibi commit, then audit"))
    inputs.recomputing = begin(inputs)
    parts = []
    for code, title, function in PARTS:
        seen, findings = function(inputs)
        parts.append(Part(code, title, seen, tuple(findings or ()), findings is not None))
    names = identified(finding for part in parts for finding in part.findings)
    explained, wrong = acknowledged(inputs, names)
    if records := [f for f in inputs.chained[0] if isinstance(f, AcknowledgementFile)]:
        seen = many("{count} acknowledgement", "{count} acknowledgements", len(records))
        text = seen.format(count=len(records))
        parts.append(Part("acknowledged", mark("Acknowledged"), text, tuple(wrong)))
        by_finding = {one.finding: one for one in explained}
        parts = [_without(part, by_finding) for part in parts]
    found = inputs.definitions
    first, last = repository.times()
    return Audit(
        found.id if found else "",
        repository.commit,
        first,
        last,
        tuple(parts),
        tuple(inputs.seals),
        tuple(inputs.pending),
        found.timezone if found else "",
        names | wrong,
        tuple(inputs.kept.distrusted),
    )


def _without(part: Part, explained: Mapping[Finding, Explained]) -> Part:
    """A part with its acknowledged findings told apart from the others."""
    return replace(
        part,
        findings=tuple(f for f in part.findings if f not in explained),
        acknowledged=tuple(explained[f] for f in dict.fromkeys(part.findings) if f in explained),
    )


def _belongs(path: str, files: Mapping[str, File]) -> bool:
    """Whether a path below ledger/ or seals/ is a batch, a seal, or the signature of one."""
    if path.endswith(_SIGNATURE):
        return path.removesuffix(_SIGNATURE) in files
    if path.startswith(f"{SEALS}/"):
        return path.count("/") == 1 and (is_link(path) or record_number(path) is not None)
    week = week_of(path)
    return wk.is_week(week) and path.startswith(f"{folder(week)}/") and path.endswith(".jsonl")

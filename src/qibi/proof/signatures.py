"""The signatures of a book: which keys may sign what, and whether each file is signed by one of them.

The records of signers are followed from the first, each signed with a key that the one before lets
close; the last of them says which keys hold for which weeks, so a key that ends stays in it. Dates are
those that the signed files give themselves: what is gained by turning them back is what revoking a key
takes away.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from fnmatch import fnmatch
from zoneinfo import ZoneInfo

from qibi.base import weeks as wk
from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, clauses, many
from qibi.book.definitions import Signer
from qibi.ledger.batches import Batch
from qibi.ledger.entries import moment
from qibi.ledger.seals import Link, digest, parse_whole
from qibi.ledger.signatures import ENDING, NAMESPACE, Claim, Verifier, public_key, signed_with
from qibi.ledger.signers import (
    CLOSE,
    RECORD,
    Act,
    RecordFile,
    lacking,
    not_accepted,
    parse_record,
    record_chain,
    record_name,
    record_number,
    revoked_from,
    vouched,
    week_of_moment,
)
from qibi.proof.closing import unreadable
from qibi.proof.repository import AuditInputs


def signatures(inputs: AuditInputs) -> tuple[str, Iterable[Finding] | None]:
    """Every batch, seal and record of signers is signed with a key that may sign it."""
    files = inputs.raw
    found = inputs.definitions
    paths = [path for path in files if record_number(path)]
    if not paths and not (found and found.signers):
        if inputs.trust is not None:
            message = _("--trust names keys, and this book has no signers")
            return _("no signers"), [Finding("qibi.yaml", message=message, code="signers")]
        return _("this book has no signers"), None
    if found is None:
        return _("not checked: the definitions have mistakes"), None
    records, findings = record_chain({path: files[path] for path in paths})
    if not findings and (finding := not_accepted(found.signers, records)):
        findings.append(finding)
    if not records:
        return _("no record of signers"), findings
    court = _Court(
        files,
        ZoneInfo(found.timezone),
        Verifier(inputs.repository.git.environment, inputs.kept, found.id),
    )
    good = court.followed(records, inputs.trust)
    if good:
        court.judge(good, inputs.batches, inputs.chained[0])
    seen = many("{count} signature", "{count} signatures", court.proven)
    keys = many("{count} key", "{count} keys", len(court.keys))
    first = (
        _("the first keys taken on trust (--trust FILE proves them)")
        if inputs.trust is None
        else _("the first keys are those of --trust")
    )
    texts = [
        seen.format(count=court.proven),
        keys.format(count=len(court.keys)),
        *([first] if good else ()),
    ]
    if good and (count := len(vouched(good))):
        text = many("{count} file vouched for", "{count} files vouched for", count)
        texts.insert(2, text.format(count=count))
    return clauses(texts), [*findings, *court.findings]


def trusted(raw: bytes) -> frozenset[str]:
    """The keys in a file of OpenSSH's allowed signers, or those that may close in a record of signers.

    Raises `Refusal` where there is none.
    """
    keys: set[str] = set()
    if raw.lstrip().startswith(b"{"):
        record = parse_record(record_name(_number(raw)), raw)
        if isinstance(record, Finding):
            raise Refusal(_("--trust: {reason}").format(reason=record.message))
        keys = {k for s in record.signers if CLOSE in s.may and (k := public_key(s.key))}
    else:
        for line in raw.decode("utf-8", "replace").splitlines():
            words = line.split()
            if not words or words[0].startswith("#") or "cert-authority" in line:
                continue
            spaces = re.search(r'namespaces="([^"]*)"', line)
            if spaces and not any(fnmatch(NAMESPACE, p) for p in spaces[1].split(",")):
                continue
            for at in range(len(words) - 1):
                if key := public_key(f"{words[at]} {words[at + 1]}"):
                    keys.add(key)
                    break
    if not keys:
        raise Refusal(
            _("--trust: no key is in the file"),
            _(
                "give OpenSSH's allowed signers ('o1-001 ssh-ed25519 AAAA…') or a seals/signers-1.json"
            ),
        )
    return frozenset(keys)


def _number(raw: bytes) -> int:
    try:
        return int(parse_whole(raw)["number"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 1


@dataclass
class _Court:
    """Judges signatures and remembers their results."""

    files: Mapping[str, bytes]
    zone: tzinfo
    verifier: Verifier
    findings: list[Finding] = field(default_factory=list)
    proven: int = 0
    keys: set[str] = field(default_factory=set)

    def _find(self, path: str, message: str) -> None:
        self.findings.append(Finding(path, message=message, code="signature"))

    def _week(self, text: str) -> str:
        return week_of_moment(text, self.zone)

    def followed(self, records: list[RecordFile], trust: frozenset[str] | None) -> list[RecordFile]:
        """The records up to the first that is not signed as it has to be."""
        claims: dict[str, Claim] = {}
        for before, file in zip([records[0], *records], records, strict=False):
            claim = self._claimed(file.path, file.record.changed_by)
            if claim is None:
                break
            reason = self._unfit(before, file, claim.key)
            if (
                reason is None
                and trust is not None
                and file is records[0]
                and claim.key not in trust
            ):
                reason = _("the key is not among those of --trust")
            if reason:
                self._find(file.path, _("invalid signature: {reason}").format(reason=reason))
                break
            claims[file.path] = claim
        failing = self._failing(claims)
        good: list[RecordFile] = []
        for file in records:
            if file.path not in claims or file.path in failing:
                break
            good.append(file)
        return good

    def _unfit(self, before: RecordFile, file: RecordFile, key: str) -> str | None:
        """Why this key may not sign that record under the one before it."""
        week = self._week(file.record.changed_at)
        reason = lacking(before.signers, key, Act(file.record.changed_by, CLOSE, week))
        if reason:
            return reason
        if (revoked := revoked_from(before.signers, key)) <= week:
            return _("{who}'s key is revoked from {week} on").format(
                who=file.record.changed_by, week=revoked
            )
        earlier, later = moment(before.record.changed_at), moment(file.record.changed_at)
        if earlier is None or later is None or later < earlier:
            return _("it says that it is older than the record before it")
        return None

    def _claimed(self, path: str, who: str) -> Claim | None:
        """What a file's signature says; a finding where there is none."""
        signature = self.files.get(f"{path}{ENDING}")
        if signature is None:
            self._find(path, _("its signature is missing"))
            return None
        key = signed_with(signature)
        if key is None:
            self._find(f"{path}{ENDING}", _("no signature that 'ssh-keygen -Y sign -n qibi' makes"))
            return None
        return Claim(path, self.files[path], signature, who, key)

    def _failing(self, claims: Mapping[str, Claim]) -> set[str]:
        failing = self.verifier.failing(claims.values())
        for path in sorted(failing):
            self._find(
                path,
                _("forged, or changed since: its signature does not match this content"),
            )
        self.proven += len(claims) - len(failing)
        self.keys |= {claim.key for path, claim in claims.items() if path not in failing}
        return failing

    def judge(self, records: list[RecordFile], batches: Iterable[Batch], seals: list[Link]) -> None:
        """Judge all batches and all links of the chain by the last record."""
        signers = records[-1].signers
        known = vouched(records)
        claims: dict[str, Claim] = {}
        acts = [(b.path, act) for b in batches for act in self._recorded(b)]
        acts += [(f.path, Act(f.by, CLOSE, self._week(f.at))) for f in seals]
        wrong: set[str] = set()
        for path, act in acts:
            if path in known and digest(self.files[path]) == known[path]:
                continue
            claim = claims.get(path) or self._claimed(path, act.who)
            if claim is None:
                wrong.add(path)
            elif reason := lacking(signers, claim.key, act):
                self._find(path, _("invalid signature: {reason}").format(reason=reason))
                wrong.add(path)
            else:
                claims[path] = claim
        claims = {path: claim for path, claim in claims.items() if path not in wrong}
        wrong |= self._failing(claims)
        self._revoked(signers, claims, wrong, seals)
        self._bound(records, seals)

    def _recorded(self, batch: Batch) -> Iterable[Act]:
        """One for each member who recorded in a batch (normally one), in the week of its last entry."""
        week = max(self._week(e.recorded_at) for e in batch.entries)
        for who in dict.fromkeys(e.recorded_by for e in batch.entries):
            yield Act(who, RECORD, week, batch.branch)

    def _revoked(
        self,
        signers: Iterable[Signer],
        claims: Mapping[str, Claim],
        wrong: set[str],
        seals: list[Link],
    ) -> None:
        """What revoked keys signed holds only where a seal fixed it before they were revoked.

        The latest seal is judged first: those before it are fixed by it as its chain is.
        """
        ends = {claim.key: revoked_from(signers, claim.key) for claim in claims.values()}
        sealed: dict[str, str] = {}  # batch: the first week in which a well signed seal lists it
        earliest = wk.END  # in which a well signed seal was closed, of those after this one
        for file in reversed(seals):
            claim = claims.get(file.path)
            end = ends[claim.key] if claim else wk.END
            if file.path in wrong or (end != wk.END and earliest >= end):
                if file.path not in wrong:
                    self._find(file.path, _after(file.by, end))
                continue
            week = self._week(file.at)
            earliest = min(earliest, week)
            for path in file.batches:
                sealed[path] = min(week, sealed.get(path, wk.END))
        for path, claim in claims.items():
            end = ends[claim.key]
            if path in wrong or end == wk.END or not path.endswith(".jsonl"):
                continue
            if sealed.get(path, wk.END) >= end:
                self._find(path, _after(claim.principal, end))

    def _bound(self, records: list[RecordFile], seals: list[Link]) -> None:
        """Each seal names the record of signers in force when it was made: no record was swapped."""
        place = {file.digest: number for number, file in enumerate(records)}
        latest = -1
        for file in seals:
            try:
                named = parse_whole(self.files[file.path]).get("signers")
            except (ValueError, RecursionError) as error:
                self._find(file.path, unreadable(file.path, error).message)
                continue
            if named is None and latest == -1:
                continue  # closed before anything was signed
            number = place.get(str(named), -1)
            if number < latest or number == -1:
                self._find(
                    file.path,
                    _("names a record of signers that is not here, or goes back to an earlier one"),
                )
            latest = max(latest, number)


def _after(who: str, week: str) -> str:
    return _(
        "signed with a key of {who} that is revoked from {week} on, and no seal of another key "
        "from before that week covers it"
    ).format(who=who, week=week)

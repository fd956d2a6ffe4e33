"""Which findings of an audit were acknowledged: explained in a link of the chain, and approved by another.

An acknowledgement names a finding by the digest of what it is about, so it covers that and nothing else,
and nothing where it is itself not sound. What it covers still is on the page.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.base.text import folded
from qibi.book.definitions import Definitions
from qibi.ledger.seals import Acknowledged, AcknowledgementFile, finding_id
from qibi.proof.read_out import is_of_the_book
from qibi.proof.repository import AuditInputs

SHOWN = 12  # digits of an id
_OBJECT = re.compile(r"[0-9a-f]{40,64}")
_WROTE = re.compile(rb'"(?:recorded|closed|acknowledged|changed)_by": ?"([^"\\]+)"')


@dataclass(frozen=True)
class Explained:
    """A finding that was acknowledged, and the link that says why."""

    finding: Finding
    id: str
    file: AcknowledgementFile


def identified(
    findings: Iterable[Finding], seen: Counter[str] | None = None
) -> dict[Finding, Acknowledged]:
    """What names each finding: the same in every language and in each audit of the same thing.

    `about` is empty where a finding is bound to no digest. Where one thing has several findings alike, they
    are numbered; `seen` says how many there were before.
    """
    seen = Counter() if seen is None else seen
    found: dict[Finding, Acknowledged] = {}
    for finding in findings:
        if finding in found:
            continue
        place = {"line": finding.line, "column": finding.column}
        about = {key: _plain(value) for key, value in finding.about}
        about |= {key: str(number) for key, number in place.items() if number}
        path = _plain(finding.path)
        key = finding_id(finding.code, path, about)
        seen[key] += 1
        if seen[key] > 1:
            about["number"] = str(seen[key])
            key = finding_id(finding.code, path, about)
        bound = about if finding.about else {}
        found[finding] = Acknowledged(id=key, code=finding.code, path=path, about=bound)
    return found


def _plain(text: str) -> str:
    """A text that any program can read: bytes of a path that are no UTF-8 stand as codes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def acknowledged(
    inputs: AuditInputs, names: Mapping[Finding, Acknowledged]
) -> tuple[list[Explained], dict[Finding, Acknowledged]]:
    """The findings that are acknowledged, and what is wrong with acknowledgements, with its own names.

    An acknowledgement can name what is wrong with one before it.
    """
    explained: list[Explained] = []
    by_id = {name.id: finding for finding, name in names.items() if name.about}
    unsound = {finding.path for finding in names if finding.code in ("statement", "signature")}
    wrong: dict[Finding, Acknowledged] = {}
    alike: Counter[str] = Counter()
    covered: set[str] = set()
    for file in inputs.chained[0]:
        if not isinstance(file, AcknowledgementFile):
            continue
        findings = [_finding(file, *said) for said in _unsound(file, inputs.definitions)]
        if not findings and file.path not in unsound:
            for named in file.record.findings:
                finding = by_id.get(named.id)
                if finding is None:
                    text = _("acknowledges {code} of {path}, which is not found (anymore)")
                    text = text.format(code=named.code, path=named.path)
                    findings.append(_finding(file, f"idle {named.id}", text))
                elif file.record.approved_by in causes(inputs, finding):
                    text = _("{who} approved it and is involved in it: {path}")
                    text = text.format(who=file.record.approved_by, path=named.path)
                    findings.append(_finding(file, f"partial {named.id}", text))
                elif named.id not in covered:
                    covered.add(named.id)
                    explained.append(Explained(finding, named.id, file))
        new = identified(findings, alike)
        by_id |= {name.id: finding for finding, name in new.items()}
        wrong |= new
    return explained, wrong


def _finding(file: AcknowledgementFile, what: str, message: str) -> Finding:
    about = (("link", file.digest), ("what", what))
    return Finding(file.path, message=message, code="acknowledged", about=about)


def _unsound(
    file: AcknowledgementFile, definitions: Definitions | None
) -> Iterator[tuple[str, str]]:
    """Why an acknowledgement acknowledges nothing."""
    record = file.record
    if not record.reason.strip():
        yield "reason", _("gives no reason")
    if record.approved_by == record.acknowledged_by:
        yield (
            "approved by its writer",
            _("{who} wrote it and can't approve it").format(who=record.approved_by),
        )
    if definitions and definitions.kind(record.approved_by) != "member":
        text = _("says that {who} approved it, who is not a member of this book")
        yield "approved by", text.format(who=record.approved_by or _("nobody"))
    if definitions and not is_of_the_book(record.acknowledged_by, definitions):
        text = _("says that {who} wrote it, who is not in this book")
        yield "written by", text.format(who=record.acknowledged_by)
    ids = [named.id for named in record.findings]
    if not ids or len(set(ids)) < len(ids) or not all(n.is_whole for n in record.findings):
        yield "findings", _("the ids of its findings do not match their digests")


def causes(
    inputs: AuditInputs, finding: Finding, definitions: Definitions | None = None
) -> dict[str, str]:
    """The members who have a part in what a finding is about, and which, as far as that can be known.

    Who recorded a batch or wrote a seal, before and after; the author and committer of a commit where they
    are called as a member is. `definitions` may know more names than those that are committed.
    """
    about = dict(finding.about)
    found: dict[str, str] = {}
    objects = [about[key] for key in ("before", "object") if about.get(key)]
    objects += [f.object for f in (inputs.files.get(finding.path),) if f and f.mode != "160000"]
    wanted = [key for key in objects if _OBJECT.fullmatch(key) and key.strip("0")]
    for raw in inputs.repository.contents(wanted, missing=True).values():
        found |= {name.decode("utf-8", "replace"): _("wrote it") for name in _WROTE.findall(raw)}
    for link in inputs.chained[0]:
        if link.digest == about.get("link"):
            found[link.by] = _("wrote {path}").format(path=link.path)
    if commit := about.get("commit"):
        people = inputs.repository.people(commit)
        for given in filter(None, (inputs.definitions, definitions)):
            text = _("made commit {commit}").format(commit=commit[:12])
            found |= dict.fromkeys(_called(given, people), text)
    return found


def _called(definitions: Definitions, names: Sequence[str]) -> list[str]:
    """The members with one of these as id or name, or the beginning of an address."""
    texts = {folded(text.strip()) for text in names}
    texts |= {text.partition("@")[0] for text in texts if "@" in text}
    keys = {key for text in texts for key in definitions.by_folded_name.get(text, ())}
    return [member for member in definitions.spans if member in keys or folded(member) in texts]

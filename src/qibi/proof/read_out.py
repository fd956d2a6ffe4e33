"""The part of an audit that recomputes: what each seal says was read out, against what the rules give.

A seal pins batches, definitions and rules by digest, so one that held once holds as long as these are
the same; only the others are recomputed.
"""

import json
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import msgspec

from qibi import __version__
from qibi.base import weeks as wk
from qibi.base.cache import key_of
from qibi.base.findings import Finding
from qibi.base.language import _, listing, many
from qibi.base.workers import each, portions, processors
from qibi.book.definitions import Definitions
from qibi.book.in_force import definitions_digest
from qibi.book.validate import list_policies
from qibi.ledger.batches import Batch
from qibi.ledger.clock import can_be, clock_message
from qibi.ledger.counting import waits
from qibi.ledger.entries import moment
from qibi.ledger.seals import (
    SEALS,
    AcknowledgementFile,
    Link,
    SealFile,
    digest,
    encode_results,
    parse_whole,
)
from qibi.proof.closing import (
    differences,
    missing_branches,
    same,
    shaped,
    unreadable,
)
from qibi.proof.repository import BOOK, PLAIN, AuditInputs, Change, Recomputing, _Verdict
from qibi.proof.results import Results, Row, results
from qibi.scoring.engine import rules_with
from qibi.scoring.policies import plain_policy, policy_of
from qibi.scoring.rules import code_digest

# What a seal states next to its results: who closed it and when, what it accepted, what came in since.
#
# No digest proves these, so each is compared with the ledger, the definitions and the seals around it.
# Each statement that can't be so is a word for what it is, the same in all languages, and a sentence.


_CLOCKS = timedelta(days=1)  # by which the clocks of two clones may differ
Statement = tuple[str, str]


class _Changes(msgspec.Struct):
    approved_by: str
    batches: list[str]


class _Corrected(msgspec.Struct):
    """Of a correction what it says of itself."""

    changes: _Changes


def statements(inputs: AuditInputs) -> Iterator[Finding]:
    """What the seals of the chain state and what can't be so."""
    definitions = inputs.definitions
    batches = {batch.path: batch for batch in inputs.batches}
    latest: dict[str, SealFile] = {}
    previous: Link | None = None
    for link in inputs.chained[0]:
        stated = [*order(link, previous)]
        previous = link
        if isinstance(link, SealFile):
            stated += [*_when(link), *_accepted(link, batches)]
            if definitions:
                stated += [*_who(link, definitions), *_files(link, definitions)]
            if before := latest.get(link.seal.week):
                stated += _correction(link, before, inputs.raw[link.path], batches, definitions)
            latest[link.seal.week] = link
        if not can_be(link.at, inputs.now):
            field = "closed_at" if isinstance(link, SealFile) else "acknowledged_at"
            text = clock_message(field, link.at, inputs.now)
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
        text = _("says that {who} closed it, who is not in this book")
        yield "closed by", text.format(who=who)


def _files(file: SealFile, definitions: Definitions) -> Iterator[Statement]:
    whole, parts = definitions_digest(definitions, file.seal.week)
    if whole == file.seal.definitions and parts != file.seal.definition_files:
        text = _("its definition files do not match its digest of all of them")
        yield "definition files", text


def _accepted(file: SealFile, batches: Mapping[str, Batch]) -> Iterator[Statement]:
    for warning in file.seal.warnings:
        lines = len(batches[warning.path].entries) if warning.path in batches else 0
        if warning.path not in file.batches or not 0 <= warning.line <= lines:
            text = _("accepts a warning for a line that it does not hold: {path}:{line}")
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
        yield "changes", _("the changes that it lists are not those that were made")
        return
    if sorted(changes.batches) != came:
        yield "batches", _("the batches that it lists as new are not those that are")
    if not came:
        yield "nothing came", _("corrects its week without a new batch")
    if definitions and definitions.kind(changes.approved_by) != "member":
        text = _("says that {who} approved it, who is not a member of this book")
        yield "approved by", text.format(who=changes.approved_by or _("nobody"))
    if _recorders(came, batches) == {changes.approved_by}:
        text = _("{who} recorded all that is new, and can't approve it")
        yield "approved by its recorder", text.format(who=changes.approved_by)


def _recorders(paths: Collection[str], batches: Mapping[str, Batch]) -> set[str]:
    return {entry.recorded_by for path in paths for entry in batches[path].entries}


_LEAST = 20  # weeks that are worth a process of their own
_AGAIN = 3  # weeks that a further revision counts for: it needs a run of the rules of its own


def begin(inputs: AuditInputs) -> Recomputing | None:
    """Let other processes recompute, where there is enough to do; None where there are no definitions."""
    found = inputs.definitions
    if found is None:
        return None
    kept = inputs.kept
    chained = key_of(["3", __version__, code_digest(), *(file.digest for file in inputs.seals[:1])])
    held = set(kept.find("read-out", chained, list[str]) or ())
    keys = {file.path: _proof_key(inputs, found, file) for file in inputs.seals}
    unproven = {file.seal.week for file in inputs.seals if keys[file.path] not in held}
    files = [file for file in inputs.seals if file.seal.week in unproven]
    common = _Common(found, inputs.of_week, {file.path: inputs.raw[file.path] for file in files})
    inputs.wait_for_git()
    verdicts = each(_judged, common, list(_portions(files)))
    return Recomputing(kept, chained, held, keys, files, verdicts)


def read_out(inputs: AuditInputs) -> tuple[str, Iterable[Finding] | None]:
    """Standings and lists, recomputed by the rules of each seal, are what was read out."""
    work = inputs.recomputing or begin(inputs)
    if work is None:
        return _("not checked: the definitions have mistakes"), None
    findings: list[Finding] = []
    rows = 0
    for verdict in work.verdicts:
        findings += verdict.findings
        rows += verdict.rows
        work.held.update(work.keys[path] for path in verdict.held if work.keys[path])
    closed = {file.path: number for number, file in enumerate(work.asked)}
    findings.sort(key=lambda finding: closed[finding.path])
    seen = many("{count} standing recomputed", "{count} standings recomputed", rows).format(
        count=rows
    )
    if work.asked:
        work.kept.keep("read-out", work.chained, sorted(work.held))
    if before_now := len(inputs.seals) - len(work.asked):
        text = many("{count} seal verified before", "{count} seals verified before", before_now)
        seen = listing([seen, text.format(count=before_now)])
    return seen, findings


@dataclass(frozen=True)
class _Common:
    """What judging any seal needs: the definitions, the batches by week, the seals' bytes by path."""

    definitions: Definitions
    of_week: Mapping[str, list[Batch]]
    raw: Mapping[str, bytes]

    def counted(self, file: SealFile) -> list[Batch]:
        """The batches that a seal lists, as far as they are here."""
        return [b for b in self.of_week.get(file.seal.week, ()) if b.path in file.batches]


def _portions(seals: list[SealFile]) -> Iterator[list[SealFile]]:
    """The seals, those of a week together, a portion for each processor."""
    by_week: dict[str, list[SealFile]] = defaultdict(list)
    for file in seals:
        by_week[file.seal.week].append(file)
    # A run of the rules takes one revision of a week: weeks that were corrected are together.
    weeks = sorted(by_week.values(), key=len)
    share = max(_LEAST, sum(map(_weight, weeks)) / processors())
    for portion in portions(((files, _weight(files)) for files in weeks), least=share):
        yield [file for files in portion for file in files]


def _weight(files: list[SealFile]) -> int:
    return 1 + _AGAIN * (len(files) - 1)


def _judged(common: _Common, seals: list[SealFile]) -> _Verdict:
    """Recompute what these seals hold, and compare."""
    findings: list[Finding] = []
    recomputed = _recomputed(common, seals, findings)
    before: dict[str, Row] = {}
    rows = 0
    held = []
    for file in seals:
        if (result := recomputed.get(file.path)) is None:
            continue
        earlier = len(findings)
        try:
            whole = _whole(common.raw[file.path], result)
            shaped(whole, results=whole.get("standings") is not result.standings)
        except (ValueError, RecursionError) as error:
            findings.append(unreadable(file.path, error))
            continue
        rows += sum(len(standings) for standings in result.standings.values())
        findings += _differing(file, whole, result)
        findings += _wrong_without(common, file)
        if file.seal.revision > 1 and file.seal.week in before:
            findings += _wrong_changes(file, whole, before[file.seal.week], result)
        before[file.seal.week] = whole
        if len(findings) == earlier:
            held.append(file.path)
    return _Verdict(findings, rows, held)


def _whole(raw: bytes, result: Results) -> Row:
    """Everything in a seal; raises `ValueError` where it can't be read.

    Where these results are in it to the byte, as they mostly do, only the rest is parsed, with a mark
    in their place that nobody could foresee: what then has the mark as its value is where they stand.
    """
    row: Row = {
        "standings": result.standings,
        "unranked": result.unranked,
        "lists": result.lists,
    }
    first, *others = row
    mark = secrets.token_hex(16)
    rest = raw.replace(encode_results(row), f'"{first}": "{mark}"'.encode(), 1)
    if len(rest) < len(raw):
        whole = parse_whole(rest)
        if whole.get(first) == mark and not any(name in whole for name in others):
            return {**whole, **row}
    return parse_whole(raw)


def _proof_key(inputs: AuditInputs, definitions: Definitions, file: SealFile) -> str:
    """What says that a seal's results held: the seal, the one that it corrects, and this qibi.

    A seal pins batches, definitions and rules by digest; empty where any of these is not what it pins.
    """
    if any(inputs.whole.get(b.path) != b.sha256 for b in file.seal.batches):
        return ""
    if definitions_digest(definitions, file.seal.week)[0] != file.seal.definitions:
        return ""
    earlier = [f.digest for f in inputs.seals if f.seal.week == file.seal.week]
    return key_of(["3", __version__, code_digest(), file.seal.definitions, file.digest, *earlier])


class _ReadOut(msgspec.Struct):
    """Of a seal its lists alone."""

    lists: dict[str, dict[str, Any]]


def _recomputed(
    common: _Common, seals: list[SealFile], findings: list[Finding]
) -> dict[str, Results]:
    """Path of a seal: what its batches come to. As many weeks as can be go through the rules at once."""
    at_once: dict[tuple[str, int], dict[str, SealFile]] = defaultdict(dict)
    for file in seals:
        at_once[file.seal.rules, file.seal.revision][file.seal.week] = file
    recomputed: dict[str, Results] = {}
    for (rules, _revision), files in at_once.items():
        if rules_with(rules) is None:
            message = _("made by rules that this qibi does not have ({digest}); update qibi")
            findings += [
                Finding(f.path, message=message.format(digest=rules[:16]), code="rules")
                for f in files.values()
            ]
            continue
        given = {week: common.counted(file) for week, file in files.items()}
        for week, batches in list(given.items()):
            if len(batches) < len(files[week].batches):
                message = _("can't be recomputed: not all of its batches are here as they were")
                here = sorted(batch.path for batch in batches)
                findings.append(_bound(files[week], "batches", message, here))
                del given[week]
        policies = {}
        for week in list(given):
            file = files[week]
            try:
                lists = msgspec.json.decode(common.raw[file.path], type=_ReadOut).lists
                policies[week] = {kind: policy_of(row["policy"]) for kind, row in lists.items()}
            except (KeyError, ValueError, RecursionError, msgspec.DecodeError) as error:
                message = _("its lists can't be read: {reason}").format(reason=error)
                findings.append(Finding(file.path, message=message, code="seal"))
                del given[week]
        for week, result in results(common.definitions, given, policies, rules, threads=1).items():
            recomputed[files[week].path] = result
    return recomputed


def _differing(file: SealFile, whole: Row, result: Results) -> Iterator[Finding]:
    """What a seal says of its week that the rules do not."""

    def finding(what: str, text: str, comes: str, *both: Any) -> Finding:
        message = _("{what}: published as {said}, recomputed as {comes}")
        message = message.format(what=what, said=_short(text), comes=_short(comes))
        return _bound(file, what, message, *both)

    for name, computed in (("standings", result.standings), ("unranked", result.unranked)):
        text = whole[name]
        if same(text, computed):
            continue
        for kind in dict.fromkeys((*text, *computed)):
            old = {row["subject"]: row for row in text.get(kind, ())}
            new = {row["subject"]: row for row in computed.get(kind, ())}
            for key in dict.fromkeys((*old, *new)):
                if not same(old.get(key), new.get(key)):
                    both = old.get(key), new.get(key)
                    yield finding(f"{kind} {key}", *map(_place, both), *both)
            if same(old, new):
                orders = text.get(kind), computed.get(kind)
                yield finding(f"{name} {kind}", _("another order"), _("its own"), *orders)
    for kind in dict.fromkeys((*whole["lists"], *result.lists)):
        for name in ("policy", "red", "black", "missing"):
            text = whole["lists"].get(kind, {}).get(name)
            comes = result.lists.get(kind, {}).get(name)
            if not same(text, comes):
                yield finding(f"{kind} {name}", _ids(text), _ids(comes), text, comes)


def _bound(file: SealFile, what: str, message: str, *both: Any) -> Finding:
    """A finding about a seal, bound to its digest and to both values that differ."""
    about = [("link", file.digest), ("what", what)]
    if both:
        text = json.dumps(both, sort_keys=True, separators=(",", ":"))
        about.append(("values", digest(text.encode("utf-8", "surrogatepass"))))
    return Finding(file.path, message=message, code="read-out", about=tuple(about))


def _wrong_without(common: _Common, file: SealFile) -> Iterator[Finding]:
    missing = missing_branches(common.definitions, common.counted(file), file.seal.week)
    text = tuple(w.branch for w in file.seal.without)
    if sorted(text) != sorted(missing):
        message = _("says that it was closed without {said}; missing are {missing}")
        message = message.format(
            said=listing(list(text)) or _("nobody"), missing=listing(list(missing)) or _("nobody")
        )
        yield _bound(file, "without", message, sorted(text), sorted(missing))


def _wrong_changes(file: SealFile, whole: Row, before: Row, result: Results) -> Iterator[Finding]:
    changes = whole.get("changes")
    expected = differences(before, result)
    if not isinstance(changes, Mapping) or any(
        not same(changes.get(k), v) for k, v in expected.items()
    ):
        message = _("the changes that it lists are not those that were made")
        yield _bound(file, "changes", message, expected)
    elif not changes.get("approved_by"):
        message = _("does not name who approved the correction")
        yield _bound(file, "approved by", message)


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


# By which list policy each week was read out: one that a committed qibi.yaml held, no other.
#
# Policies belong to no week and no digest pins them, so a seal holds its own. What qibi.yaml said is in
# git: in the commit that added the seal, or in one before it. Not only in the one just before, for a
# seal may be rebased onto a qibi.yaml that others have changed meanwhile. Seals that came with the first
# qibi.yaml, as when a book is moved, are not looked at: what held before is not in this history.


class _HistoryReadOut(msgspec.Struct):
    """Of a seal its lists, and the kinds of subject that it has results of."""

    standings: dict[str, msgspec.Raw]
    unranked: dict[str, msgspec.Raw]
    lists: dict[str, dict[str, Any]]


def policy_history(inputs: AuditInputs) -> Iterator[Finding]:
    """The seals with list policies that no qibi.yaml had by the time that they were committed."""
    if inputs.damaged:
        return  # that is a finding, and objects that this needs may be gone
    ancestry, changes, _former = inputs.history
    versions = list(dict.fromkeys(c.object for c in changes if c.path == BOOK and c.mode == PLAIN))
    added: dict[str, int] = defaultdict(int)  # path of a seal: the versions until it came
    standing = _standing(ancestry, changes, versions)
    moved_here: set[str] = set()
    for change in changes:
        if change.path.startswith(f"{SEALS}/"):
            added[change.path] |= standing[change.commit]
            if not any(standing[parent] for parent in ancestry[change.commit]):
                moved_here.add(change.path)
    raw = inputs.repository.contents(versions)

    @cache
    def said_by(number: int) -> Mapping[str, Any]:
        found = list_policies(raw[versions[number]]) or {}
        return {kind: plain_policy(policy) for kind, policy in found.items()}

    @cache
    def known(policies: str, kinds: frozenset[str], until: int) -> bool:
        return any(
            _text({k: v for k, v in said_by(number).items() if k in kinds}) == policies
            for number in range(len(versions))
            if until >> number & 1
        )

    for file in inputs.seals:
        if file.path in moved_here:
            continue
        try:
            read_out = msgspec.json.decode(inputs.raw[file.path], type=_HistoryReadOut)
            text = _text({kind: row["policy"] for kind, row in read_out.lists.items()})
        except (msgspec.DecodeError, KeyError, UnicodeDecodeError, RecursionError):
            continue  # found where results are recomputed
        if not known(text, frozenset((*read_out.standings, *read_out.unranked)), added[file.path]):
            message = _("its lists follow a policy that was in no qibi.yaml committed by then")
            about = (("link", file.digest),)
            yield Finding(file.path, message=message, code="policy", about=about)


def _standing(
    ancestry: Mapping[str, tuple[str, ...]], changes: list[Change], versions: list[str]
) -> dict[str, int]:
    """Commit: the versions that it or a commit before it holds, a bit each."""
    number = {version: 1 << place for place, version in enumerate(versions)}
    own: dict[str, int] = defaultdict(int)
    for change in changes:
        if change.path == BOOK:
            own[change.commit] |= number.get(change.object, 0)
    standing: dict[str, int] = {}
    for commit, parents in reversed(list(ancestry.items())):
        found = own.get(commit, 0)
        for parent in parents:
            found |= standing[parent]
        standing[commit] = found
    return standing


def _text(policies: Mapping[str, Any]) -> str:
    return json.dumps(policies, sort_keys=True)

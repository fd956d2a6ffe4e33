"""The part of an audit that recomputes: what each seal says was read out, against what the rules give.

A seal pins batches, definitions and rules by digest, so one that held once holds as long as these are
the same; only the others are recomputed.
"""

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from qibi import __version__
from qibi.base.findings import Finding
from qibi.base.kept import Kept, key_of
from qibi.base.language import _, listing, many
from qibi.base.workers import each, processors
from qibi.book.definitions import Definitions
from qibi.book.in_force import definitions_digest
from qibi.ledger.batches import Batch
from qibi.ledger.seals import SealFile, digest, encode_results, parse_whole
from qibi.proof.closing import differences, missing_branches
from qibi.proof.exhibits import Exhibits
from qibi.proof.results import Results, Row, results
from qibi.proof.shape import same, shaped, unreadable
from qibi.scoring.engine import rules_with
from qibi.scoring.policies import policy_of

_LEAST = 20  # weeks that are worth a process of their own
_AGAIN = 3  # weeks that a further revision counts for: it needs a run of the rules of its own


@dataclass(frozen=True)
class Recomputing:
    """What is being recomputed: which seals, and the verdicts as they come."""

    kept: Kept
    chained: str  # the key of what is kept
    held: set[str]
    keys: Mapping[str, str]  # by a seal's path
    asked: list[SealFile]
    verdicts: "Iterator[_Verdict]"


def begin(exhibits: Exhibits) -> Recomputing | None:
    """Let other processes recompute, where there is enough to do; None where there are no definitions."""
    found = exhibits.definitions
    if found is None:
        return None
    kept = exhibits.kept
    chained = key_of(["2", __version__, *(file.digest for file in exhibits.seals[:1])])
    held = set(kept.find("read-out", chained, list[str]) or ())
    keys = {file.path: _proof_key(exhibits, found, file) for file in exhibits.seals}
    unproven = {file.seal.week for file in exhibits.seals if keys[file.path] not in held}
    asked = [file for file in exhibits.seals if file.seal.week in unproven]
    common = _Common(
        found, exhibits.of_week, {file.path: exhibits.raw[file.path] for file in asked}
    )
    exhibits.wait_for_git()
    verdicts = each(_judged, common, list(_portions(asked)))
    return Recomputing(kept, chained, held, keys, asked, verdicts)


def read_out(exhibits: Exhibits) -> tuple[str, Iterable[Finding] | None]:
    """Standings and lists, computed anew by the rules of each seal, are what was read out."""
    work = exhibits.recomputing or begin(exhibits)
    if work is None:
        return _("not looked at: the definitions have mistakes"), None
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
    if before_now := len(exhibits.seals) - len(work.asked):
        text = many("{count} seal held before", "{count} seals held before", before_now)
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


@dataclass(frozen=True)
class _Verdict:
    """What was found, how many standings were recomputed, and the paths of the seals that hold."""

    findings: list[Finding]
    rows: int
    held: list[str]


def _portions(asked: list[SealFile]) -> Iterator[list[SealFile]]:
    """The seals, those of a week together, a portion for each processor."""
    by_week: dict[str, list[SealFile]] = defaultdict(list)
    for file in asked:
        by_week[file.seal.week].append(file)
    # A run of the rules takes one revision of a week: weeks that were corrected stand together.
    weeks = sorted(by_week.values(), key=len)
    share = max(_LEAST, sum(map(_weight, weeks)) / processors())
    portion: list[SealFile] = []
    weight = 0
    for files in weeks:
        portion += files
        weight += _weight(files)
        if weight >= share:
            yield portion
            portion, weight = [], 0
    if portion:
        yield portion


def _weight(files: list[SealFile]) -> int:
    return 1 + _AGAIN * (len(files) - 1)


def _judged(common: _Common, asked: list[SealFile]) -> _Verdict:
    """Recompute what these seals hold, and compare."""
    findings: list[Finding] = []
    recomputed = _recomputed(common, asked, findings)
    before: dict[str, Row] = {}
    rows = 0
    held = []
    for file in asked:
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

    Where these results stand in it to the byte, as they mostly do, only the rest is parsed, with a mark
    in their place that nobody could foresee: what then has the mark as its value is where they stand.
    """
    said: Row = {
        "standings": result.standings,
        "unranked": result.unranked,
        "lists": result.lists,
    }
    first, *others = said
    mark = secrets.token_hex(16)
    rest = raw.replace(encode_results(said), f'"{first}": "{mark}"'.encode(), 1)
    if len(rest) < len(raw):
        whole = parse_whole(rest)
        if whole.get(first) == mark and not any(name in whole for name in others):
            return {**whole, **said}
    return parse_whole(raw)


def _proof_key(exhibits: Exhibits, found: Definitions, file: SealFile) -> str:
    """What says that a seal's results held: the seal, the one that it corrects, and this qibi.

    A seal pins batches, definitions and rules by digest; empty where any of these is not what it pins.
    """
    if any(exhibits.whole.get(b.path) != b.sha256 for b in file.seal.batches):
        return ""
    if definitions_digest(found, file.seal.week)[0] != file.seal.definitions:
        return ""
    earlier = [f.digest for f in exhibits.seals if f.seal.week == file.seal.week]
    return key_of(["2", __version__, file.seal.definitions, file.digest, *earlier])


class _ReadOut(msgspec.Struct):
    """Of a seal its lists alone."""

    lists: dict[str, dict[str, Any]]


def _recomputed(
    common: _Common, asked: list[SealFile], findings: list[Finding]
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
        for week, result in results(common.definitions, given, policies, text, threads=1).items():
            recomputed[files[week].path] = result
    return recomputed


def _differing(file: SealFile, whole: Row, result: Results) -> Iterator[Finding]:
    """What a seal says of its week that the rules do not."""

    def finding(what: str, said: str, comes: str, *both: Any) -> Finding:
        message = _("{what}: read out as {said}, comes to {comes}")
        message = message.format(what=what, said=_short(said), comes=_short(comes))
        return _bound(file, what, message, *both)

    for name, computed in (("standings", result.standings), ("unranked", result.unranked)):
        said = whole[name]
        if same(said, computed):
            continue
        for kind in dict.fromkeys((*said, *computed)):
            old = {row["subject"]: row for row in said.get(kind, ())}
            new = {row["subject"]: row for row in computed.get(kind, ())}
            for key in dict.fromkeys((*old, *new)):
                if not same(old.get(key), new.get(key)):
                    both = old.get(key), new.get(key)
                    yield finding(f"{kind} {key}", *map(_place, both), *both)
            if same(old, new):
                orders = said.get(kind), computed.get(kind)
                yield finding(f"{name} {kind}", _("another order"), _("its own"), *orders)
    for kind in dict.fromkeys((*whole["lists"], *result.lists)):
        for name in ("policy", "red", "black", "missing"):
            said = whole["lists"].get(kind, {}).get(name)
            comes = result.lists.get(kind, {}).get(name)
            if not same(said, comes):
                yield finding(f"{kind} {name}", _ids(said), _ids(comes), said, comes)


def _bound(file: SealFile, what: str, message: str, *both: Any) -> Finding:
    """A finding about a seal, bound to its digest and to both values that differ."""
    about = [("link", file.digest), ("what", what)]
    if both:
        text = json.dumps(both, sort_keys=True, separators=(",", ":"))
        about.append(("values", digest(text.encode("utf-8", "surrogatepass"))))
    return Finding(file.path, message=message, code="read-out", about=tuple(about))


def _wrong_without(common: _Common, file: SealFile) -> Iterator[Finding]:
    missing = missing_branches(common.definitions, common.counted(file), file.seal.week)
    said = tuple(w.branch for w in file.seal.without)
    if sorted(said) != sorted(missing):
        message = _("says that it was closed without {said}; missing are {missing}")
        message = message.format(
            said=listing(list(said)) or _("nobody"), missing=listing(list(missing)) or _("nobody")
        )
        yield _bound(file, "without", message, sorted(said), sorted(missing))


def _wrong_changes(file: SealFile, whole: Row, before: Row, result: Results) -> Iterator[Finding]:
    changes = whole.get("changes")
    expected = differences(before, result)
    if not isinstance(changes, Mapping) or any(
        not same(changes.get(k), v) for k, v in expected.items()
    ):
        message = _("what it says was changed is not what was changed")
        yield _bound(file, "changes", message, expected)
    elif not changes.get("approved_by"):
        message = _("names nobody who approved the correction")
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

"""Closing a week: what its seal says, and what is in the way.

The first seal of a week waits for all branches and for objections. A further one, the correction,
takes in the batches that came since, names what changed, who approved it, and both results. A seal
that a crash left written and not committed stands as it is: its digest may have been read out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from qibi.base import weeks as wk
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, listing
from qibi.book.definitions import Definitions
from qibi.book.in_force import definitions_digest
from qibi.ledger.batches import Batch, folder, read_weeks
from qibi.ledger.counting import counting, waits
from qibi.ledger.entries import moment
from qibi.ledger.seals import (
    FORMAT,
    SEALS,
    Link,
    SealedBatch,
    SealFile,
    digest,
    encode_seal,
    link_paths,
    links,
    parse_whole,
    seal_name,
    seals_of,
)
from qibi.ledger.signers import standing_records
from qibi.proof.results import Results, Row, results
from qibi.scoring.assessed import assessed_branches
from qibi.scoring.engine import rules_digest
from qibi.scoring.pinned import pinned

_BEHIND = timedelta(minutes=10)  # by which the clocks of those who close may differ
_AHEAD = timedelta(days=366)


@dataclass(frozen=True)
class Closing:
    """A seal about to be written, or one that stands: where, its bytes, and what they say."""

    path: str
    raw: bytes
    seal: Row
    batches: tuple[Batch, ...]
    later: tuple[Batch, ...] = ()  # came after a seal that stands, and wait for its correction

    @property
    def week(self) -> str:
        week: str = self.seal["week"]
        return week

    @property
    def correction(self) -> int:
        """Which correction of its week it is; 0 for the first seal."""
        revision: int = self.seal["revision"]
        return revision - 1

    @property
    def digest(self) -> str:
        """What `sha256sum` prints of the seal file."""
        return digest(self.raw)


@dataclass(frozen=True)
class CloseRequest:
    """What the person who closes says: who they are, and the exceptions that they answer for."""

    closed_by: str
    closed_at: str
    without: Mapping[str, str]  # branch: why the week is closed without it
    approved_by: str = ""
    note: str = ""


def standing_chain(root: Path) -> list[Link]:
    """The links of the working tree in the order of the chain; `Faults` where it is broken."""
    files = {path: (root / path).read_bytes() for path in link_paths(root)}
    found, findings = links(files)
    if findings:
        raise Faults(findings)
    return found


def standing(root: Path, week: str) -> Closing | None:
    """The latest seal of a week in the working tree; None where the week is open.

    Raises `Faults` where the chain, this seal or the ledger is damaged.
    """
    sealed = [file for file in seals_of(standing_chain(root)) if file.seal.week == week]
    if not sealed:
        return None
    latest = sealed[-1]
    raw = (root / latest.path).read_bytes()
    whole = whole_seal(latest.path, raw)
    batches = read_weeks(root, [week])
    counted = tuple(b for b in batches if b.path in latest.batches)
    later = tuple(b for b in batches if b.path not in latest.batches and waits(b))
    return Closing(latest.path, raw, whole, counted, later)


def open_until(definitions: Definitions, week: str) -> date:
    """The last day on which objections to a week are taken; else its Sunday."""
    return wk.sunday(week) + timedelta(days=definitions.objections or 0)


def missing_branches(
    definitions: Definitions, batches: Sequence[Batch], week: str
) -> tuple[str, ...]:
    """The branches with subjects that have no live `assessed` in a week."""
    done = {branch for _week, branch in assessed_branches(list(batches))}
    return tuple(
        b.id
        for b in definitions.branches
        if definitions.has_subjects(b.id, week) and b.id not in done
    )


def prepare(
    root: Path,
    definitions: Definitions,
    week: str,
    request: CloseRequest,
    today: date,
    warnings: Sequence[Finding],
    committed_at: str = "",
) -> Closing:
    """The seal that would close this week, or correct it.

    `warnings` are those of the whole book; the seal accepts the ones of its week. `committed_at` is when
    the book was committed last. Raises `Refusal`
    for what is in the way, `Faults` for a damaged ledger or chain.
    """
    sealed = standing_chain(root)
    earlier = [file for file in seals_of(sealed) if file.seal.week == week]
    batches = read_weeks(root, [week])
    if not batches:
        raise Refusal(
            _("nothing was recorded for {week}").format(week=week),
            _("score its branches first: qibi score"),
            1,
        )
    _refuse_clock(request.closed_at, sealed, batches, committed_at)
    lost = counting(root, [week]).lost
    before = earlier[-1] if earlier else None
    missing = missing_branches(definitions, batches, week)
    pending = [b for b in batches if before and b.path not in before.batches and waits(b)]
    if before:
        _refuse_idle_correction(before, pending, request)
        pinned(definitions, [before])
    else:
        _refuse_early(definitions, week, today)
        _refuse_missing(definitions, week, missing, request)
    found = results(definitions, {week: batches}, {week: definitions.lists}, rules_digest())[week]
    listed = [SealedBatch(b.path, digest((root / b.path).read_bytes())) for b in batches]
    # What the seal before lists and nobody has any more stays listed: no revision drops a batch.
    listed += [b for b in before.seal.batches if b.path in lost] if before else []
    seal = content(
        definitions,
        week,
        request,
        sealed=sealed,
        before=before,
        earlier=whole_seal(before.path, (root / before.path).read_bytes()) if before else None,
        batches=listed,
        found=found,
        missing=missing,
        pending=[b.path for b in pending],
        accepted=_accepted(warnings, week),
        signers=records[-1].digest if (records := standing_records(root)) else "",
    )
    path = f"{SEALS}/{seal_name(week, seal['revision'])}"
    return Closing(path, encode_seal(seal), seal, tuple(batches))


def content(
    definitions: Definitions,
    week: str,
    request: CloseRequest,
    *,
    sealed: Sequence[Link],
    before: SealFile | None,
    earlier: Row | None,
    batches: Sequence[SealedBatch],
    found: Results,
    missing: Sequence[str],
    pending: Sequence[str],
    accepted: Sequence[Row] = (),
    signers: str = "",
) -> Row:
    """What a seal holds: `before` is the seal that it corrects, and `earlier` that seal whole."""
    whole, parts = definitions_digest(definitions, week)
    seal: Row = {
        "format": FORMAT,
        "week": week,
        "revision": before.seal.revision + 1 if before else 1,
        "closed_at": request.closed_at,
        "closed_by": request.closed_by,
        "previous": sealed[-1].digest if sealed else None,
        "rules": rules_digest(),
        "definitions": whole,
        "definition_files": parts,
        "without": [
            {"branch": key, "note": note}
            for key, note in _without(missing, request, before).items()
        ],
        "batches": [
            {"path": b.path, "sha256": b.sha256} for b in sorted(batches, key=lambda b: b.path)
        ],
        "warnings": list(accepted),
        "standings": found.standings,
        "unranked": found.unranked,
        "lists": found.lists,
    }
    if signers:
        seal["signers"] = signers
    if earlier is not None:
        seal["changes"] = {
            "approved_by": request.approved_by,
            "note": request.note,
            "batches": list(pending),
            **differences(earlier, found),
        }
    return seal


def differences(before: Row, after: Results) -> Row:
    """What a correction changed: each subject's rank and total before and after, and the lists."""
    subjects = []
    for kind in dict.fromkeys((*before["standings"], *after.standings)):
        old = {row["subject"]: row for row in before["standings"].get(kind, ())}
        new = {row["subject"]: row for row in after.standings.get(kind, ())}
        for key in dict.fromkeys((*new, *old)):
            was, now = _place(old.get(key)), _place(new.get(key))
            if was != now:
                subjects.append({"by": kind, "subject": key, "before": was, "after": now})
    lists: Row = {}
    for kind in dict.fromkeys((*before["lists"], *after.lists)):
        for name in ("red", "black"):
            named = [row["subject"] for row in before["lists"].get(kind, {}).get(name, ())]
            names = [row["subject"] for row in after.lists.get(kind, {}).get(name, ())]
            if named != names:
                lists.setdefault(kind, {})[name] = {"before": named, "after": names}
    return {"subjects": subjects, "lists": lists}


def _place(row: Row | None) -> Row | None:
    return {"rank": row["rank"], "total": row["total"]} if row else None


def _accepted(warnings: Sequence[Finding], week: str) -> list[Row]:
    place = f"{folder(week)}/"
    return [
        {"code": w.code, "path": w.path, "line": w.line}
        for w in warnings
        if w.path.startswith(place)
    ]


def _without(
    missing: Sequence[str], request: CloseRequest, before: SealFile | None
) -> dict[str, str]:
    known = {w.branch: w.note for w in before.seal.without} if before else {}
    known.update(request.without)
    return {key: known.get(key, "") for key in missing}


def _refuse_clock(
    closed_at: str, sealed: Sequence[Link], batches: Sequence[Batch], committed_at: str
) -> None:
    """Raises `Refusal` where the clock is behind the last link, or a year ahead of all that is known.

    A seal of a clock that ran ahead is acknowledged: that is a later link, of the right time.
    """
    now = moment(closed_at)
    last = moment(sealed[-1].at) if sealed else None
    if now is None:
        return
    if last and last - now > _BEHIND:
        raise Refusal(
            _(
                "the clock of this machine says {moment}; the last seal, {path}, is of {last}"
            ).format(moment=closed_at, path=sealed[-1].path, last=sealed[-1].at),
            _(
                "set the clock (--today does not move it), then run the same command again; if it was wrong then, acknowledge what 'qibi audit' finds of that seal first: qibi acknowledge"
            ),
        )
    known = [closed for closed in (last, moment(committed_at)) if closed]
    known += [when for b in batches for e in b.entries if (when := moment(e.recorded_at))]
    if now - max(known) > _AHEAD:
        raise Refusal(
            _(
                "the clock of this machine says {moment}, a year after everything in this book"
            ).format(moment=closed_at),
            _(
                "set the clock, then run the same command again; if it is right, commit something first: git commit --allow-empty -m TEXT"
            ),
        )


def _refuse_early(definitions: Definitions, week: str, today: date) -> None:
    if today <= wk.sunday(week):
        raise Refusal(
            _("{week} is not over; its last day is {day}").format(
                week=week, day=wk.sunday(week).isoformat()
            ),
            _("close it afterwards"),
            1,
        )
    last = open_until(definitions, week)
    if today <= last:
        raise Refusal(
            _("objections to {week} are accepted until {day}").format(
                week=week, day=last.isoformat()
            ),
            _("close it afterwards; the days are 'objections' of qibi.yaml's calendar"),
            1,
        )


def _refuse_missing(
    definitions: Definitions, week: str, missing: Sequence[str], request: CloseRequest
) -> None:
    if needless := [key for key in request.without if key not in missing]:
        raise Refusal(
            _("{branches} is in for {week}; leave out --without").format(
                branches=listing([definitions.title(k) for k in needless]), week=week
            ),
            code=1,
        )
    if left := [key for key in missing if key not in request.without]:
        raise Refusal(
            _("{week} can't be closed yet: nothing from {branches}").format(
                week=week, branches=listing([definitions.title(k) for k in left])
            ),
            _("score them, or close without: --without BRANCH --note TEXT"),
            1,
        )
    if request.without and not request.note:
        raise Refusal(_("why is the week closed without that branch?"), _("say it: --note TEXT"), 1)


def _refuse_idle_correction(
    before: SealFile, pending: Sequence[Batch], request: CloseRequest
) -> None:
    week = before.seal.week
    if not pending:
        raise Refusal(
            _("{week} is closed, and nothing was recorded since; its seal is {digest}").format(
                week=week, digest=before.digest[:16]
            ),
            code=1,
        )
    if not request.approved_by:
        raise Refusal(
            _("{week} is closed: a correction needs an approver").format(week=week),
            _("--approved-by WHO, someone other than the recorder"),
            1,
        )
    recorders = {e.recorded_by for b in pending for e in b.entries}
    if recorders == {request.approved_by}:
        raise Refusal(
            _("who recorded a correction can't approve it"),
            _("--approved-by someone else"),
            1,
        )


# The shape of a whole seal: the keys that `close` writes, what each of them holds, and nothing else.
#
# Rankings need little of a seal and read only that (`ledger.seals.Seal`). Whoever compares or corrects
# one goes through all of it, so all of it has to be what it should be.


RESULTS = ("standings", "unranked", "lists")


class _Exact(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Only the keys that are named, of the types that are named."""


class _Standing(_Exact):
    rank: int
    subject: str
    branch: str
    total: int | float
    criteria: dict[str, int | float]
    grade: str = ""
    alert: str = ""


class _Unranked(_Exact):
    subject: str
    branch: str
    reason: str


class _Listed(_Exact):
    rank: int
    subject: str
    total: int | float


class _Lists(_Exact):
    policy: dict[str, Any]
    red: list[_Listed]
    black: list[_Listed]
    missing: list[str]


class _Results(_Exact):
    standings: dict[str, list[_Standing]]
    unranked: dict[str, list[_Unranked]]
    lists: dict[str, _Lists]


class _Batch(_Exact):
    path: str
    sha256: str


class _Without(_Exact):
    branch: str
    note: str


class _Accepted(_Exact):
    code: str
    path: str
    line: int


class _Place(_Exact):
    rank: int
    total: int | float


class _Moved(_Exact):
    by: str
    subject: str
    before: _Place | None
    after: _Place | None


class _Cut(_Exact):
    before: list[str]
    after: list[str]


class _Changes(_Exact):
    approved_by: str
    note: str
    batches: list[str]
    subjects: list[_Moved]
    lists: dict[str, dict[str, _Cut]]


class _Head(_Exact):
    format: int
    week: str
    revision: int
    closed_at: str
    closed_by: str
    previous: str | None
    rules: str
    definitions: str
    definition_files: dict[str, str]
    without: list[_Without]
    batches: list[_Batch]
    warnings: list[_Accepted]
    signers: str | msgspec.UnsetType = msgspec.UNSET
    changes: _Changes | msgspec.UnsetType = msgspec.UNSET


def shaped(whole: Row, *, results: bool = True) -> Row:
    """The same seal; raises `ValueError` where it is not what `close` writes.

    Without `results`, those are known to be right.
    """
    head = {key: value for key, value in whole.items() if key not in RESULTS}
    try:
        msgspec.convert(head, _Head)
        if results:
            msgspec.convert({key: whole[key] for key in RESULTS if key in whole}, _Results)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    return whole


def same(one: Any, other: Any) -> bool:
    """Whether two values of JSON are the same, their types too: for Python `true` is 1."""
    if one is other:
        return True
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def whole_seal(path: str, raw: bytes) -> Row:
    """Everything in a seal; raises `Faults` where it can't be read, or is not what `close` writes."""
    try:
        return shaped(parse_whole(raw))
    except (ValueError, RecursionError) as error:
        raise Faults([unreadable(path, error)]) from None


def unreadable(path: str, error: Exception) -> Finding:
    """The finding for a seal that is not what `close` writes."""
    message = _("not what qibi close writes: {reason}").format(reason=error)
    return Finding(path, message=message, code="seal")

"""The shape of a whole seal: the keys that `close` writes, what each of them holds, and nothing else.

Rankings need little of a seal and read only that (`ledger.seals.Seal`). Whoever compares or corrects
one goes through all of it, so all of it has to be what it should be.
"""

import json
from typing import Any

import msgspec

from qibi.base.findings import Faults, Finding
from qibi.base.language import _
from qibi.ledger.seals import parse_whole

RESULTS = ("standings", "unranked", "lists")
Row = dict[str, Any]


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

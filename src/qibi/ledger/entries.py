"""The lines of the ledger, one record for each kind, and how they are read and written.

Reading is strict: a line is taken whole and without doubt, or `BadLine` says why not. Points stand
in the file as decimal numbers and are integers of hundredths everywhere else.
"""

import json
import re
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import msgspec

from qibi.base import points, weeks
from qibi.base.language import _

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
ENTRY_ID = re.compile(r"[0-9a-f]{16}\.[1-9][0-9]{0,8}")
ITEM = re.compile(r"([a-z0-9][a-z0-9-]{0,63}\.)?[a-z0-9][a-z0-9-]{0,63}")
_SOURCE = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KEY = re.compile(rb'"[a-z_0-9]+"\s*:')
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
REMEDY_STATES = ("open", "reported", "verified", "reopened")
MAX_COUNT = 9999


class BadLine(Exception):
    """A line that can't be taken: what is wrong with it, and what to do."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Evidence that is a file of the book; the digest keeps it from being swapped unseen."""

    kind: str
    path: str
    sha256: str


class _Line(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
):
    """What all lines have: the week and branch that the file's place gives too, who and when."""

    week: str
    branch: str
    recorded_by: str
    recorded_at: str
    source: str = ""


class Assessed(_Line, tag="assessed", frozen=True):
    """The branch is assessed for this week."""


class Score(_Line, tag="score", frozen=True, kw_only=True):
    """Points on an item, or on a directly scored criterion; already multiplied by `count`."""

    subject: str
    item: str
    points: int | float
    count: int = 1
    date: str = ""
    note: str = ""
    evidence: tuple[str | File, ...] = ()
    scored_by: str = ""
    approved_by: str = ""
    task: str = ""
    milestone: str = ""

    @property
    def hundredths(self) -> int:
        """The points in hundredths."""
        return round(self.points * 100)

    @property
    def judge(self) -> str:
        """Who judged: `scored_by`, or whoever recorded it."""
        return self.scored_by or self.recorded_by


class Void(_Line, tag="void", frozen=True, kw_only=True):
    """Cancels one entry of its own branch and week."""

    entry: str
    note: str


class Exempt(_Line, tag="exempt", frozen=True, kw_only=True):
    """The subject is not assessed this week."""

    subject: str
    note: str


class Task(_Line, tag="task", frozen=True, kw_only=True):
    """Progress of a CP against its plan."""

    subject: str
    task: str
    milestone: str = ""
    progress: int | None = None
    done: str = ""
    note: str = ""


class Remedy(_Line, tag="remedy", frozen=True, kw_only=True):
    """A step in a remedy's life."""

    remedy: str
    state: str
    subject: str = ""
    owner: str = ""
    measure: str = ""
    due: str = ""
    note: str = ""
    evidence: tuple[str | File, ...] = ()


Entry = Assessed | Score | Void | Exempt | Task | Remedy


def _having(*names: str) -> dict[type, tuple[str, ...]]:
    """Kind of entry: those of these fields that it has."""
    kinds = (Assessed, Score, Void, Exempt, Task, Remedy)
    return {k: tuple(n for n in names if n in k.__struct_fields__) for k in kinds}


_ID_FIELDS = _having(
    *("branch", "recorded_by", "subject", "scored_by", "approved_by"),
    *("task", "milestone", "remedy", "owner"),
)
_DAY_FIELDS = _having("date", "done", "due")
_decoder = msgspec.json.Decoder(Entry)
_encoder = msgspec.json.Encoder()


def encode(entry: Entry) -> bytes:
    """The line of an entry, without its line feed. Optional fields that are empty are left out."""
    return _encoder.encode(entry)


def decode(line: bytes) -> Entry:
    """The entry in a line (without its line feed); raises `BadLine`."""
    try:
        entry: Entry = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadLine(_("not an entry: {reason}").format(reason=error)) from None
    # A line as it was written is sound. In any other, a key that stands twice leaves more keys than
    # the entry has fields. Counting takes a tenth of the time of a second parse, which only a line
    # with unusual keys, or with escapes that could hide one, then needs.
    written = _encoder.encode(entry)
    if written != line and (b"\\" in line or len(_KEY.findall(line)) != len(_KEY.findall(written))):
        _refuse_repeated_keys(line)
    if line != line.strip():
        raise BadLine(_("blanks or a carriage return at the line's ends; lines end in LF alone"))
    _refuse_bad_values(entry)
    return entry


def _refuse_repeated_keys(line: bytes) -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _value in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise BadLine(_("the key '{key}' stands twice").format(key=key))
        return dict(pairs)

    json.loads(line, object_pairs_hook=once)


def _refuse_bad_values(entry: Entry) -> None:
    if not weeks.is_week(entry.week):
        raise BadLine(_("'{week}' is not a week").format(week=entry.week))
    if moment(entry.recorded_at) is None:
        text = _("recorded_at '{value}' is not a time with its offset (RFC 3339)")
        raise BadLine(text.format(value=entry.recorded_at))
    for field in _ID_FIELDS[type(entry)]:
        value = getattr(entry, field)
        if value and not _is_id(value):
            raise BadLine(_("{field} '{value}' is not an id").format(field=field, value=value))
    if entry.source and not _SOURCE.fullmatch(entry.source):
        raise BadLine(_("source '{value}' is not 16 hex digits").format(value=entry.source))
    for file in getattr(entry, "evidence", ()):
        if isinstance(file, File) and not (
            _SHA256.fullmatch(file.sha256) and _is_inside(file.path)
        ):
            text = _("evidence '{value}' is no path within the book with its SHA-256")
            raise BadLine(text.format(value=file.path))
    for field in ("branch", "recorded_by", "subject", "remedy"):
        if getattr(entry, field, "–") == "" and not (
            field == "subject" and isinstance(entry, Remedy)
        ):
            raise BadLine(_("{field} is empty").format(field=field))
    for field in _DAY_FIELDS[type(entry)]:
        value = getattr(entry, field)
        if value and not is_day(value):
            raise BadLine(_("{field} '{value}' is not a date").format(field=field, value=value))
    match entry:
        case Score():
            _refuse_bad_score(entry)
        case Void():
            if not ENTRY_ID.fullmatch(entry.entry):
                raise BadLine(_("'{value}' is not an entry's id").format(value=entry.entry))
        case Task():
            if (entry.progress is None) == (not entry.done):
                raise BadLine(_("a task has either progress or done"))
            if entry.progress is not None and not 0 <= entry.progress <= 100:
                raise BadLine(
                    _("progress {value} is not from 0 to 100").format(value=entry.progress)
                )
        case Remedy():
            if entry.state not in REMEDY_STATES:
                raise BadLine(_("'{value}' is no state of a remedy").format(value=entry.state))


@lru_cache(4096)
def _is_id(text: str) -> bool:
    return ID.fullmatch(text) is not None


def _is_inside(path: str) -> bool:
    parts = path.split("/")
    return bool(path) and not path.startswith("/") and ".." not in parts and "\\" not in path


def _refuse_bad_score(entry: Score) -> None:
    if not ITEM.fullmatch(entry.item):
        raise BadLine(_("{field} '{value}' is not an id").format(field="item", value=entry.item))
    if points.from_number(entry.points) is None:
        text = _("points {value} have more than two decimals or are beyond 9999.99")
        raise BadLine(text.format(value=entry.points))
    if not 1 <= entry.count <= MAX_COUNT:
        raise BadLine(_("count {value} is not from 1 to 9999").format(value=entry.count))


@lru_cache(4096)  # the lines of a batch mostly have one
def moment(text: str) -> datetime | None:
    """The instant that an RFC 3339 text with offset names; None where it is none."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def is_day(text: str) -> bool:
    """Whether the text is a day, written 2026-10-09."""
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False

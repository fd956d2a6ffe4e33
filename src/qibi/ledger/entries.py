"""The lines of the ledger, one record for each kind, and how they are read and written.

Reading is strict: a line is taken whole and without doubt, or `BadLine` says why not. Points stand
in the file as decimal numbers and are integers of hundredths everywhere else.
"""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, get_args

import msgspec

from qibi.base import points, weeks
from qibi.base.language import _
from qibi.book.words import REMEDY_STATES

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
ENTRY_ID = re.compile(r"[0-9a-f]{16}\.[1-9][0-9]{0,8}")
ITEM = re.compile(r"([a-z0-9][a-z0-9-]{0,63}\.)?[a-z0-9][a-z0-9-]{0,63}")
_SOURCE = re.compile(r"[0-9a-f]{16}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CELL = re.compile(r"(?:[^\x00-\x1f]{1,255}!)?[A-Z]{1,3}[1-9][0-9]{0,6}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KEY = re.compile(rb'"[a-z_0-9]+"\s*:')
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
MAX_COUNT = 9999


class BadLine(Exception):
    """A line that can't be taken: what is wrong with it, and what to do."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
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
    gc=False,  # texts and numbers alone: the collector has nothing to look for in a million of them
):
    """What all lines have: the week and branch that the file's place gives too, who and when.

    `source` is the beginning of the digest of the sheet that a line came from; `cell`, of the kinds that
    have it, is its place there: `Sheet1!D7`, or `D7` in a csv, whose lines are the rows. `layout` is the
    beginning of the digest of the layout by which that sheet was read, where there was one.
    """

    week: str
    branch: str
    recorded_by: str
    recorded_at: str
    source: str = ""
    layout: str = ""

    @property
    def kind(self) -> str:
        """A key of `KINDS`."""
        return str(self.__struct_config__.tag)


class Assessed(_Line, tag="assessed", frozen=True, gc=False):
    """The branch is assessed for this week."""


class Score(_Line, tag="score", frozen=True, kw_only=True, gc=False):
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
    cell: str = ""

    @property
    def hundredths(self) -> int:
        """The points in hundredths."""
        return round(self.points * 100)

    @property
    def judge(self) -> str:
        """Who judged: `scored_by`, or whoever recorded it."""
        return self.scored_by or self.recorded_by


class Void(_Line, tag="void", frozen=True, kw_only=True, gc=False):
    """Cancels one entry of its own branch and week."""

    entry: str
    note: str


class Exempt(_Line, tag="exempt", frozen=True, kw_only=True, gc=False):
    """The subject is not assessed this week."""

    subject: str
    note: str
    cell: str = ""


class Task(_Line, tag="task", frozen=True, kw_only=True, gc=False):
    """Progress of a CP against its plan."""

    subject: str
    task: str
    milestone: str = ""
    progress: int | None = None
    done: str = ""
    note: str = ""


class Remedy(_Line, tag="remedy", frozen=True, kw_only=True, gc=False):
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
KINDS: dict[str, type[_Line]] = {str(k.__struct_config__.tag): k for k in get_args(Entry)}


def _having(*names: str) -> dict[type, tuple[str, ...]]:
    """Kind of entry: those of these fields that it has."""
    return {k: tuple(n for n in names if n in k.__struct_fields__) for k in KINDS.values()}


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
    # A line as it was written is sound. In any other, a key that is repeated leaves more keys than
    # the entry has fields. Counting takes a tenth of the time of a second parse, which only a line
    # with unusual keys, or with escapes that could hide one, then needs.
    written = _encoder.encode(entry)
    if written != line and (b"\\" in line or len(_KEY.findall(line)) != len(_KEY.findall(written))):
        _refuse_repeated_keys(line)
    if line != line.strip():
        raise BadLine(_("blanks or a carriage return at the line's ends; lines end in LF only"))
    _refuse_bad_values(entry)
    return entry


def decode_all(raw: bytes) -> list[Entry] | None:
    """The entries in the bytes of a batch; None where any of them needs `decode` to say what is wrong.

    What is looked at is mostly the same in all lines: a tenth of the time of line by line.
    """
    try:
        entries: list[Entry] = _decoder.decode_lines(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    written = _encoder.encode_lines(entries)
    if written != raw and not _has_the_same_keys(raw, written):
        return None
    scores = [e for e in entries if type(e) is Score]
    try:
        for entry in entries if len(scores) < len(entries) else ():
            if type(entry) is not Score:
                _refuse_bad_values(entry)
        return entries if _are_sound(scores, raw) else None
    except BadLine:
        return None


_ODD = (b'" ', b" \n", b"\n ", b"\n\n", b"\t", b"\r")  # blanks that `encode` never writes


def _has_the_same_keys(raw: bytes, written: bytes) -> bool:
    """Whether lines whose keys stand in another order, or that have blanks within, hold no key twice.

    Without a backslash a quote and a colon end a key and nothing else. What was read has no more keys than the
    lines, so where both have as many, none was dropped as a repetition. And each line has to be one entry.
    """
    return (
        b"\\" not in raw
        and raw.count(b'":') == written.count(b'":')
        and raw.count(b"\n") == written.count(b"\n") == raw.count(b"}\n{") + 1
        and raw.startswith(b"{")
        and raw.endswith(b"}\n")
        and not any(odd in raw for odd in _ODD)
    )


def _are_sound(scores: list[Score], raw: bytes) -> bool:
    """Whether no value of any score would be refused by `_refuse_bad_values`."""
    if not scores:
        return True
    # A quote within a text would be there escaped: what one line begins with, all lines do.
    first = scores[0]
    same = _encoder.encode({name: getattr(first, name) for name in _HEAD})[1:-1]
    alike = raw.count(same) == raw.count(b"\n")
    for number, (values, check) in enumerate(_SOUND):
        known = _KNOWN[number]
        fresh = set(map(values, scores[:1] if alike and number == 0 else scores)) - known
        if not all(map(check, fresh)):
            return False
        if len(known) > _MOST_KNOWN:
            known.clear()
        known |= fresh
    if b'"layout":' in raw and not all(_is_source(score.layout) for score in scores):
        return False
    if b'"cell":' in raw and not all(_is_cell(score.cell) for score in scores):
        return False
    return b'"sha256":' not in raw or not any(map(_bad_evidence, scores))


def _refuse_repeated_keys(line: bytes) -> None:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _value in pairs]
        for key in keys:
            if keys.count(key) > 1:
                raise BadLine(_("duplicate key '{key}'").format(key=key))
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
    if not _is_source(entry.source):
        raise BadLine(_("source '{value}' is not 16 hex digits").format(value=entry.source))
    if not _is_source(entry.layout):
        raise BadLine(_("layout '{value}' is not 16 hex digits").format(value=entry.layout))
    if isinstance(entry, Score | Exempt) and not _is_cell(entry.cell):
        raise BadLine(_("cell '{value}' is not a cell of a sheet").format(value=entry.cell))
    if file := _bad_evidence(entry):
        text = _("evidence '{value}' is not a path within the book with its SHA-256")
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
                raise BadLine(_("'{value}' is not a state of a remedy").format(value=entry.state))


def free_text(entry: Entry) -> str:
    """What people wrote in an entry, a line each: note, measure, cell (a worksheet may bear a name), evidence."""
    texts = [getattr(entry, field, "") for field in ("note", "measure", "cell")]
    texts += [e.path if isinstance(e, File) else e for e in getattr(entry, "evidence", ())]
    return "\n".join(filter(None, texts))


@lru_cache(4096)
def _is_id(text: str) -> bool:
    return ID.fullmatch(text) is not None


@lru_cache(4096)
def _is_item(text: str) -> bool:
    return ITEM.fullmatch(text) is not None


@lru_cache(4096)
def _is_source(text: str) -> bool:
    return not text or _SOURCE.fullmatch(text) is not None


@lru_cache(4096)
def _is_cell(text: str) -> bool:
    return not text or _CELL.fullmatch(text) is not None


@lru_cache(4096)
def _is_amount(value: int | float) -> bool:
    return points.from_number(value) is not None


def _is_count(value: int) -> bool:
    return 1 <= value <= MAX_COUNT


def _bad_evidence(entry: Entry) -> File | None:
    """Evidence that is not a file of the book with its digest; None where all of it is."""
    for file in getattr(entry, "evidence", ()):
        if isinstance(file, File) and not (
            _SHA256.fullmatch(file.sha256) and _is_inside(file.path)
        ):
            return file
    return None


def _is_inside(path: str) -> bool:
    parts = path.split("/")
    return bool(path) and not path.startswith("/") and ".." not in parts and "\\" not in path


def _refuse_bad_score(entry: Score) -> None:
    if not _is_item(entry.item):
        raise BadLine(_("{field} '{value}' is not an id").format(field="item", value=entry.item))
    if not _is_amount(entry.points):
        text = _("points {value} have more than two decimals or are beyond 9999.99")
        raise BadLine(text.format(value=entry.points))
    if not _is_count(entry.count):
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


def _is_sound_head(values: tuple[str, ...]) -> bool:
    week, branch, recorder, recorded_at, source = values
    return bool(
        weeks.is_week(week)
        and _is_id(branch)
        and _is_id(recorder)
        and moment(recorded_at)
        and _is_source(source)
    )


def _is_sound_item(values: tuple[Any, ...]) -> bool:
    item, amount, count, *judges = values
    return bool(
        _is_item(item)
        and _is_amount(amount)
        and _is_count(count)
        and all(_is_id(text) for text in judges if text)
    )


def _is_sound_rest(values: tuple[str, ...]) -> bool:
    day, *ids = values
    return (not day or is_day(day)) and all(_is_id(text) for text in ids if text)


# What the fields of a score must be, by the same functions as line by line. Grouped so that few of a
# group's values are new from one batch to the next: only those are looked at.
_HEAD = ("week", "branch", "recorded_by", "recorded_at", "source")
_SOUND: tuple[tuple[Callable[[Any], Any], Callable[[Any], bool]], ...] = (
    (attrgetter(*_HEAD), _is_sound_head),
    (attrgetter("subject"), _is_id),
    (attrgetter("item", "points", "count", "scored_by", "approved_by"), _is_sound_item),
    (attrgetter("date", "task", "milestone"), _is_sound_rest),
)
_KNOWN: tuple[set[Any], ...] = tuple(set() for _group in _SOUND)
_MOST_KNOWN = 50_000

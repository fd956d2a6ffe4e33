"""What stands on record through all weeks: honours, pledges, remedies and plans, read without the rest.

Which batches may hold any is kept, week by week, by the names of the week's batches: a name proves the
content, so only weeks with other names are searched again.
"""

from collections.abc import Collection
from pathlib import Path

import msgspec

from qibi.base.kept import Kept, key_of
from qibi.base.plain import NotPlain, read_plain
from qibi.ledger.batches import (
    Batch,
    batch_names,
    each_of_week,
    folder,
    weeks_with_batches,
)
from qibi.ledger.evidence import marks

# An escape may hide a word; a void may cancel what another batch holds.
_ALWAYS = (b'"void"', b"\\u")
_REMEDY, _TASK = b'"remedy"', b'"task"'
_EVIDENCE = b'"evidence"'  # where honours and pledges are named; a blank may stand before the colon


class _Week(msgspec.Struct, array_like=True):
    """The digest of the names of a week's batches, and those of them that may hold records of a kind.

    Each kind takes the batches with voids too, and those that can't be read: whoever reads one says
    what is the matter.
    """

    names: str
    remedies: list[str] = []
    tasks: list[str] = []
    honours: list[str] = []  # and pledges


def batches_with_records(root: Path, cache: Path | None = None) -> tuple[list[Batch], int]:
    """The batches that may hold honours, pledges or remedies, with the voids; how many are damaged."""
    found: list[Batch] = []
    damaged = 0
    for week, having in _having(root, cache).items():
        names = sorted({*having.remedies, *having.honours})
        for batch in each_of_week(root, week, names=names) if names else ():
            if isinstance(batch, Batch):
                found.append(batch)
            else:
                damaged += 1
    return found, damaged


def names_with_remedies(root: Path, cache: Path | None = None) -> dict[str, list[str]]:
    """Week: the names of its batches that may hold a remedy, or a void."""
    return {week: found.remedies for week, found in _having(root, cache).items()}


def names_with_tasks(root: Path, cache: Path | None = None) -> dict[str, list[str]]:
    """Week: the names of its batches that may hold a task, or a void."""
    return {week: found.tasks for week, found in _having(root, cache).items()}


def _having(root: Path, cache: Path | None) -> dict[str, _Week]:
    """Each week's batches that may hold records; most hold none, which their bytes tell soon."""
    kept, texts = Kept(cache), sorted(marks())
    key = key_of([str(root.resolve()), "2", *(text.hex() for text in texts)])
    known = kept.find("records", key, dict[str, _Week]) or {}
    weeks = {}
    for week in weeks_with_batches(root):
        names = batch_names(root, week)
        digest = key_of(names)
        old = known.get(week)
        weeks[week] = old if old and old.names == digest else _seen(root, week, names, texts)
    if weeks != known:
        kept.keep("records", key, weeks)
    return weeks


def _seen(root: Path, week: str, names: Collection[str], texts: Collection[bytes]) -> _Week:
    found = _Week(key_of(names))
    for name in names:
        try:
            raw = read_plain(f"{root}/{folder(week)}/{name}")
        except (OSError, NotPlain):
            always = True
        else:
            always = any(text in raw for text in _ALWAYS)
        if always or _REMEDY in raw:
            found.remedies.append(name)
        if always or _TASK in raw:
            found.tasks.append(name)
        if always or _names_any(raw, texts):
            found.honours.append(name)
    return found


def _names_any(raw: bytes, texts: Collection[bytes]) -> bool:
    """Whether any evidence holds one of these texts."""
    # From the evidence to the end of its line: a fifth of the bytes, for twenty words to be sought in.
    named = b"\n".join(part.split(b"\n", 1)[0] for part in raw.split(_EVIDENCE)[1:])
    return any(text in named for text in texts)

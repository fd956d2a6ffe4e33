"""What stands on record through all weeks: honours, pledges and remedies, read without the rest.

Which batches may hold any is kept, week by week, by the names of the week's batches: a name proves the
content, so only weeks with other names are searched again.
"""

from collections.abc import Collection
from pathlib import Path

import msgspec

from qibi.base.kept import Kept, key_of
from qibi.ledger.batches import (
    Batch,
    NotPlain,
    batch_names,
    each_of_week,
    folder,
    read_plain,
    weeks_with_batches,
)
from qibi.ledger.evidence import marks

# An escape may hide a word; a void may cancel what another batch holds.
_ALWAYS = (b'"void"', b'"remedy"', b"\\u")
_EVIDENCE = b'"evidence":'  # where honours and pledges are named


class _Week(msgspec.Struct, array_like=True):
    """The digest of the names of a week's batches, and those of them that hold a text looked for."""

    names: str
    having: list[str]


def batches_with_records(root: Path, cache: Path | None = None) -> tuple[list[Batch], int]:
    """The batches that may hold honours, pledges or remedies, with the voids; how many are damaged.

    Most batches hold none of them, which their bytes tell ten times as fast as their lines.
    """
    texts = sorted(marks())
    found: list[Batch] = []
    damaged = 0
    for week, having in _having(root, texts, Kept(cache)).items():
        for batch in each_of_week(root, week, names=having) if having else ():
            if isinstance(batch, Batch):
                found.append(batch)
            else:
                damaged += 1
    return found, damaged


def _having(root: Path, texts: Collection[bytes], kept: Kept) -> dict[str, list[str]]:
    """Week: the names of its batches that may hold a record of these texts, or can't be read."""
    key = key_of([str(root.resolve()), *(text.hex() for text in (*_ALWAYS, *texts))])
    known = kept.find("records", key, dict[str, _Week]) or {}
    weeks = {}
    for week in weeks_with_batches(root):
        names = batch_names(root, week)
        digest = key_of(names)
        old = known.get(week)
        weeks[week] = (
            old
            if old and old.names == digest
            else _Week(digest, [name for name in names if _holds(root, week, name, texts)])
        )
    if weeks != known:
        kept.keep("records", key, weeks)
    return {week: found.having for week, found in weeks.items()}


def _holds(root: Path, week: str, name: str, texts: Collection[bytes]) -> bool:
    try:
        raw = read_plain(f"{root}/{folder(week)}/{name}")
    except (OSError, NotPlain):
        return True
    if any(text in raw for text in _ALWAYS):
        return True
    # From the evidence to the end of its line: a fifth of the bytes, for twenty words to be sought in.
    named = b"\n".join(part.split(b"\n", 1)[0] for part in raw.split(_EVIDENCE)[1:])
    return any(text in named for text in texts)

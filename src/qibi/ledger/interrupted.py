"""What an interrupted command wrote and never reported: it is found, and not recorded a second time.

While a command that records is under way, an empty file beside each batch it writes marks it as not
reported yet: `.<batch>.unsaid.tmp`, made before the batch appears, removed once the command is done.
A command that is killed in between leaves batch and mark. The same command run again finds the batch,
which says the same but for the second it was recorded in, has it synced, and reports that one.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from qibi.ledger.batches import Batch, folder
from qibi.ledger.entries import Entry

_MARK = ".unsaid.tmp"


def mark_of(batch: Path) -> Path:
    """The file that marks this batch as not reported yet."""
    return batch.with_name(f".{batch.name}{_MARK}")


def is_mark(name: str) -> bool:
    """Whether a file of this name is such a mark."""
    return name.endswith(_MARK)


def marked(root: Path, week: str) -> list[Path]:
    """The batches of a week that are marked as not reported, in order."""
    try:
        names = sorted(p.name for p in (root / folder(week)).iterdir() if is_mark(p.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    batches = [root / folder(week) / name.removeprefix(".").removesuffix(_MARK) for name in names]
    return [path for path in batches if path.is_file()]


def unsaid_twin(
    root: Path, week: str, standing: Iterable[Batch], entries: Sequence[Entry]
) -> Batch | None:
    """Of the standing batches the one that was never reported and says what these entries say."""
    unsaid = {path.name for path in marked(root, week)}
    if not unsaid:
        return None
    wanted = _said(entries)
    for batch in standing:
        if batch.path.rsplit("/", 1)[-1] in unsaid and _said(batch.entries) == wanted:
            return batch
    return None


def said(batches: Iterable[Path]) -> None:
    """These batches have been reported. A mark that can't be removed does no harm."""
    for path in batches:
        with suppress(OSError):
            mark_of(path).unlink(missing_ok=True)


def _said(entries: Iterable[Entry]) -> list[Entry]:
    """Entries without the second they were recorded in."""
    return [msgspec.structs.replace(entry, recorded_at="") for entry in entries]

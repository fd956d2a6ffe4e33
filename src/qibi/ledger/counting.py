"""Which batches count: of an open week all, of a closed one those that its latest seal lists.

The others of a closed week are pending: nothing that is ranked or shown heeds them until `qibi close`
has written the next revision of the seal. Steps of remedies and progress of plans change no result:
a batch that holds nothing else is in the week that it is about and waits for nobody.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from qibi.base.findings import Faults, Finding
from qibi.base.language import _
from qibi.ledger.batches import Batch, batch_names, folder, parse, read_weeks
from qibi.ledger.entries import Remedy, Task
from qibi.ledger.seals import SealFile, acknowledged_losses, latest_paths, read_seal


@dataclass(frozen=True)
class Counting:
    """Paths of the batches that count, of those that are pending, and the seals that say so."""

    counted: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    seals: tuple[SealFile, ...] = ()
    weeks: tuple[str, ...] = field(default=())  # that hold any batch
    lost: tuple[
        str, ...
    ] = ()  # paths of batches that a seal lists; that they are gone is acknowledged

    @property
    def paths(self) -> tuple[str, ...]:
        """The batches that count, and those that are pending."""
        return self.counted + self.pending

    @property
    def closed(self) -> dict[str, int]:
        """Closed week: the revision of its seal; 1 is the first."""
        return {file.seal.week: file.seal.revision for file in self.seals}

    @property
    def waiting(self) -> dict[str, int]:
        """Closed week: how many batches are pending."""
        return dict(Counter(week_of_path(path) for path in self.pending))

    @property
    def lost_in(self) -> dict[str, int]:
        """Closed week: how many of its batches are lost."""
        return dict(Counter(week_of_path(path) for path in self.lost))


OPEN = Counting()  # nothing is closed


def week_of_path(path: str) -> str:
    """The week in whose folder a batch stands."""
    _ledger, year, number, _name = path.split("/")
    return f"{year}-{number}"


def counting(root: Path, weeks: Iterable[str]) -> Counting:
    """What counts in these weeks; raises `Faults` for a damaged seal, or where a batch is gone.

    Not where somebody has acknowledged that it is: the week does without it from then on.
    """
    closed = latest_paths(root)
    counted: list[str] = []
    pending: list[str] = []
    seals: list[SealFile] = []
    found_in: list[str] = []
    missing: list[Finding] = []
    lost: list[str] = []
    for week in weeks:
        place = folder(week)
        here = [f"{place}/{name}" for name in batch_names(root, week)]
        if here:
            found_in.append(week)
        if week not in closed:
            counted += here
            continue
        file = read_seal(root, closed[week])
        seals.append(file)
        sealed = file.batches
        counted += [path for path in here if path in sealed]
        pending += [path for path in here if path not in sealed and _waits(root, week, path)]
        absent = sealed - set(here)
        known = acknowledged_losses(root) if absent else {}
        for batch in file.seal.batches:
            if batch.path in absent and (batch.path, batch.sha256) in known:
                lost.append(batch.path)
            elif batch.path in absent:
                missing.append(gone(batch.path, file))
    if missing:
        raise Faults(missing)
    return Counting(tuple(counted), tuple(pending), tuple(seals), tuple(found_in), tuple(lost))


def gone(path: str, file: SealFile) -> Finding:
    """The finding for a batch that a seal lists and that is not there."""
    message = _("gone, though {seal} lists it").format(seal=file.path)
    sha256 = next((batch.sha256 for batch in file.seal.batches if batch.path == path), "")
    return Finding(path, message=message, code="sealed", lost=sha256)


def waits(batch: Batch) -> bool:
    """Whether a batch can change a week's result."""
    return any(not isinstance(entry, Task | Remedy) for entry in batch.entries)


def _waits(root: Path, week: str, path: str) -> bool:
    try:
        batch = parse(path, week, (root / path).read_bytes())
    except OSError:
        return True  # whoever reads it says what is the matter
    return not isinstance(batch, Batch) or waits(batch)


def read_counting(root: Path, found: Counting) -> list[Batch]:
    """The batches that count; raises `Faults` with every fault in every file of their weeks."""
    wanted = set(found.counted)
    return [b for b in read_weeks(root, found.weeks) if b.path in wanted]


def read_counted(root: Path, weeks: Iterable[str]) -> list[Batch]:
    """The batches of these weeks that count."""
    return read_counting(root, counting(root, weeks))

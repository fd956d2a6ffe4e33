"""What an audit looks at: the files of the present commit, read once, and what they hold.

Nothing of the working tree is read; what is derived is derived once, when a part first asks for it.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from qibi.base.findings import Faults, Finding
from qibi.base.kept import Kept
from qibi.book.definitions import Definitions
from qibi.book.load import Source
from qibi.ledger.batches import LEDGER, Batch, parse
from qibi.ledger.counting import waits
from qibi.ledger.seals import SEALS, Link, SealFile, digest, is_link, links, seals_of
from qibi.proof.moves import BOOK, Former, former_places, recorded_changes
from qibi.proof.repository import Change, File, Repository

if TYPE_CHECKING:
    from qibi.proof.read_out import Recomputing


@dataclass
class Exhibits:
    """The present commit's files, read once, and what they hold."""

    repository: Repository
    against: str | None = None
    trust: frozenset[str] | None = None  # the first keys, from outside the book
    kept: Kept = field(default_factory=lambda: Kept(None))  # what held in earlier audits
    now: datetime = field(default_factory=lambda: datetime.now(UTC))  # by the auditor's clock
    beside: ThreadPoolExecutor | None = None
    recomputing: "Recomputing | None" = None  # begun while the other parts are looked at

    def __post_init__(self) -> None:
        if self.beside:
            self._damaged = self.beside.submit(self.repository.damaged)
            self._history = self.beside.submit(self._walked)

    @cached_property
    def damaged(self) -> list[str]:
        """What `git fsck` found."""
        return self._damaged.result() if self.beside else self.repository.damaged()

    @cached_property
    def history(self) -> tuple[dict[str, tuple[str, ...]], list[Change], list[Former]]:
        """All commits with their parents, what they did to ledger/, seals/, kept sheets and qibi.yaml, and where the book stood."""
        return self._history.result() if self.beside else self._walked()

    def wait_for_git(self) -> None:
        """Let what git does beside come to its end.

        A process that is forked while git runs holds the pipes to it open, so that neither ever sees
        the end of what it reads.
        """
        self.damaged  # noqa: B018  (looking at it is waiting)
        self.history  # noqa: B018  (the same)

    def _walked(self) -> tuple[dict[str, tuple[str, ...]], list[Change], list[Former]]:
        ancestry = self.repository.ancestry()
        changes = recorded_changes(self.repository, ancestry, (BOOK,))
        return ancestry, changes, former_places(self.repository, ancestry, changes)

    @cached_property
    def files(self) -> dict[str, File]:
        """Path below the book's folder: the file."""
        return {file.path: file for file in self.repository.files()}

    @cached_property
    def raw(self) -> dict[str, bytes]:
        """Path: bytes, of ledger, seals and definitions: what is not only looked at by its digest."""
        wanted = {
            p: f
            for p, f in self.files.items()
            if p.startswith((f"{LEDGER}/", f"{SEALS}/"))
            or (p.endswith((".yaml", ".yml")) and not p.startswith(("evidence/", "sheets/")))
        }
        found = self.repository.contents(f.object for f in wanted.values() if f.mode != "160000")
        return {path: found[f.object] for path, f in wanted.items() if f.object in found}

    @cached_property
    def parsed(self) -> tuple[list[Batch], list[Finding]]:
        """The batches, and what is wrong with those that are none."""
        batches: list[Batch] = []
        findings: list[Finding] = []
        for path, raw in self.raw.items():
            if path.startswith(f"{LEDGER}/") and path.endswith(".jsonl"):
                found = parse(path, week_of(path), raw)
                if isinstance(found, Batch):
                    batches.append(found)
                else:
                    about = (("object", self.files[path].object),)
                    findings += [replace(finding, about=about) for finding in found]
        return batches, findings

    @cached_property
    def whole(self) -> dict[str, str]:
        """Path of each sound batch: its SHA-256."""
        return {b.path: digest(self.raw[b.path]) for b in self.batches}

    @property
    def batches(self) -> list[Batch]:
        """The batches that are sound."""
        return self.parsed[0]

    @cached_property
    def of_week(self) -> dict[str, list[Batch]]:
        """Week: its batches."""
        found: dict[str, list[Batch]] = defaultdict(list)
        for batch in self.batches:
            found[batch.week].append(batch)
        return dict(found)

    @cached_property
    def chained(self) -> tuple[list[Link], list[Finding]]:
        """The links of the chain in their order, and what breaks it."""
        return links(
            {p: raw for p, raw in self.raw.items() if p.startswith(f"{SEALS}/") and is_link(p)}
        )

    @cached_property
    def seals(self) -> list[SealFile]:
        """The seals of the chain."""
        return seals_of(self.chained[0])

    @cached_property
    def latest(self) -> dict[str, SealFile]:
        """Closed week: its latest seal."""
        return {file.seal.week: file for file in self.seals}

    @property
    def definitions(self) -> Definitions | None:
        """The definitions of the present commit; None where they have mistakes."""
        return self._validated[0]

    @property
    def mistakes(self) -> list[Finding]:
        """What is wrong with the definitions."""
        return self._validated[1]

    @cached_property
    def _validated(self) -> tuple[Definitions | None, list[Finding]]:
        from qibi.book.validate import validate

        sources = [
            Source(path, raw)
            for path, raw in self.raw.items()
            if path in ("qibi.yaml", "names.yaml")
            or (
                path.count("/") == 1
                and path.startswith(("scheme/", "branches/", "plans/"))
                and path.endswith((".yaml", ".yml"))
            )
        ]
        try:
            return validate(sources), []
        except Faults as faults:
            return None, faults.findings

    @property
    def pending(self) -> list[str]:
        """The batches of closed weeks that no seal lists."""
        return sorted(
            b.path
            for week, file in self.latest.items()
            for b in self.of_week.get(week, ())
            if b.path not in file.batches and waits(b)
        )


def week_of(path: str) -> str:
    """The week that a path below ledger/ stands for; a text that is no week where it stands for none."""
    parts = path.split("/")
    return f"{parts[1]}-{parts[2]}" if len(parts) == 4 else ""

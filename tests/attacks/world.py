"""A small book on real git for the auditors' tests: scored, closed, corrected, merged, as people would.

The ledger and the seals are written by the program's own functions; everything else is plain git.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

import repositories
from qibi.base import weeks as wk
from qibi.base.findings import Finding
from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Assessed, Entry, Score
from qibi.ledger.seals import acknowledgement_name, digest, encode_seal, link_paths, links
from qibi.ledger.store import write_batch, write_seal
from qibi.proof.audit import Audit, audit
from qibi.proof.closing import CloseRequest, prepare
from qibi.proof.repository import Repository

FILES = repositories.FILES | {
    "qibi.yaml": """\
id: attacked
language: en
timezone: Asia/Shanghai
lists: {member: {red: {top: 2}, black: {bottom: 1, below: 25}}}
""",
    "branches/east.yaml": "id: east\nmembers:\n  - {id: ann}\n  - {id: bob}\n  - {id: cora}\n",
    "branches/west.yaml": "id: west\nmembers:\n  - {id: dora}\n  - {id: eve}\n  - {id: finn}\n",
    "evidence/letter.txt": "a letter of thanks\n",
}
BRANCHES = {"east": ("ann", "bob", "cora"), "west": ("dora", "eve", "finn")}
FIRST = "2026-W10"


@dataclass
class World:
    """A book in a repository of its own; each method does one thing and commits it."""

    root: Path
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    clock: int = 0
    verdicts: Path | None = None  # the cache of an auditor who may have audited this book before

    @classmethod
    def make(cls, root: Path, seed: int = 0) -> "World":
        """A new book, committed once."""
        repositories.lay_out(root, FILES)
        world = cls(root, random.Random(seed))
        world.git("init", "-q", "-b", "main")
        world.git("config", "commit.gpgsign", "false")
        world.commit("a book")
        return world

    @property
    def environment(self) -> dict[str, str]:
        """Surroundings of their own for git, at this book's time."""
        stamp = f"{1_770_000_000 + 60 * self.clock} +0800"
        dates = {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}
        return repositories.surroundings(self.root) | dates

    def git(self, *arguments: str, given: bytes | None = None) -> str:
        """What git printed, without the blanks around it."""
        return repositories.git(self.root, self.environment, *arguments, given=given).strip()

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.clock += 1
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    @property
    def definitions(self) -> Definitions:
        return load(self.root)

    def moment(self) -> str:
        """A new moment of recording, later than those before."""
        self.clock += 1
        return f"2026-06-01T{self.clock // 3600 % 24:02}:{self.clock // 60 % 60:02}:{self.clock % 60:02}+08:00"

    def score(self, week: str, branch: str, *, assessed: bool = True, commit: bool = True) -> Batch:
        """A batch of a few scores by chance."""
        stamp = {
            "week": week,
            "branch": branch,
            "recorded_by": BRANCHES[branch][0],
            "recorded_at": self.moment(),
        }
        entries: list[Entry] = [Assessed(**stamp)] if assessed else []
        for _number in range(self.dice.randint(2, 5)):
            item, sign = self.dice.choice((("order.tidy", 1), ("order.late", -1)))
            count = self.dice.randint(1, 6)
            subject = self.dice.choice(BRANCHES[branch])
            entries.append(
                Score(**stamp, subject=subject, item=item, points=sign * count, count=count)
            )
        batch = write_batch(self.root, week, branch, entries)
        if commit:
            self.commit(f"{branch} {week}")
        return batch

    def close(
        self,
        week: str,
        approved_by: str = "",
        commit: bool = True,
        forge: Callable[[dict[str, Any]], object] | None = None,
    ) -> str:
        """Close a week, or correct a closed one; the digest of its seal. `forge` may change the seal."""
        wish = CloseRequest(
            "ann", self.moment(), {}, approved_by, "so decided" if approved_by else ""
        )
        later = wk.sunday(week) + timedelta(days=30)
        closing = prepare(self.root, self.definitions, week, wish, later, [])
        raw = closing.raw
        if forge:
            seal = json.loads(raw)
            forge(seal)
            raw = encode_seal(seal)
        write_seal(self.root, closing.path, raw)
        if commit:
            self.commit(f"close {week}")
        return digest(raw)

    def acknowledge(
        self,
        findings: Iterable[Finding],
        approved_by: str = "finn",
        forge: Callable[[dict[str, Any]], object] | None = None,
    ) -> str:
        """Acknowledge findings of the present commit, as bob; the path. `forge` may change what is written."""
        found = self.audit()
        chain = links({p: (self.root / p).read_bytes() for p in link_paths(self.root)})[0]
        number = 1 + sum(link.path.startswith("seals/acknowledged") for link in chain)
        record: dict[str, Any] = {
            "format": 1,
            "number": number,
            "acknowledged_at": self.moment(),
            "acknowledged_by": "bob",
            "approved_by": approved_by,
            "reason": "an accident",
            "previous": chain[-1].digest if chain else None,
            "findings": [msgspec.to_builtins(found.names[finding]) for finding in findings],
        }
        if forge:
            forge(record)
        path = acknowledgement_name(number)
        write_seal(self.root, path, encode_seal(record))
        self.commit("acknowledge")
        return path

    def audit(self, against: str | None = None) -> Audit:
        """The audit of the present commit."""
        return audit(Repository(self.root, self.environment), against, cache=self.verdicts)

    def batches(self, week: str = "") -> list[str]:
        """The paths of batches in the working tree, of one week or of all."""
        place = f"{week[:4]}/{week[5:]}" if week else "*/*"
        return sorted(
            p.relative_to(self.root).as_posix() for p in self.root.glob(f"ledger/{place}/*.jsonl")
        )

    def adopt(self, changed: bytes, path: str) -> str:
        """Put other bytes in place of a batch, under the name that they would bear; the new path."""
        import hashlib

        (self.root / path).unlink()
        name = f"{path[:-22]}{hashlib.sha256(changed).hexdigest()[:16]}.jsonl"
        (self.root / name).write_bytes(changed)
        return name

    def copy(self, to: Path) -> "World":
        """The same book with its repository elsewhere."""
        shutil.copytree(self.root, to, symlinks=True)
        return World(to, deepcopy(self.dice), self.clock, self.verdicts)


def grown(root: Path, seed: int, weeks: int = 3) -> World:
    """A book with a history of a few weeks: two branches, side branches merged, weeks closed, corrected."""
    world = World.make(root, seed)
    dice = world.dice
    week = FIRST
    for number in range(weeks):
        for branch in BRANCHES:
            if dice.random() < 0.4:  # a secretary's own clone, merged
                world.git("checkout", "-q", "-b", f"{branch}-{week}")
                world.score(week, branch)
                world.git("checkout", "-q", "main")
                if dice.random() < 0.5:
                    world.score(week, branch, assessed=False)
                world.clock += 1
                world.git("merge", "-q", "--no-ff", "-m", "merge", f"{branch}-{week}")
            else:
                world.score(week, branch)
            if dice.random() < 0.3:
                world.score(week, branch, assessed=False)
        if number < weeks - 1 or dice.random() < 0.5:
            world.close(week)
            if dice.random() < 0.4:
                world.score(week, dice.choice(list(BRANCHES)), assessed=False)
                world.close(week, approved_by="finn")
        week = wk.shift(week, 1)
    return world

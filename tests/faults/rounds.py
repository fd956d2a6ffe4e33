"""Rounds of random commands, killed at random moments; after each the ledger is held against a model.

    python tests/faults/rounds.py --rounds 100 --seed 7

prints one line of JSON: what was tried and what came of it. The first wrong thing ends it with a
message that names the seed and the round. After every kill the ledger may say what it said before, or that
and all of the new, nothing else; what was acknowledged is there; the same command run again makes it so
exactly once.
"""

import argparse
import json
import random
import re
import shlex
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults import forks, scene
from faults.scene import PEOPLE, Fact

SERIES = 25  # rounds with one book
COMMANDS = ("sheet", "sheet again", "entry", "entry and commit", "void", "fix", "commit")
WEEKS = [f"2026-W{n:02}" for n in range(1, 47)]


class Wrong(AssertionError):
    """The ledger is not what it has to be."""


@dataclass
class Tally:
    """What was tried, and what came of it."""

    rounds: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0  # entries that a command said were recorded
    unsaid: int = 0  # rounds whose command wrote and was killed before it said so
    commits: int = 0  # "committed" said
    locks: int = 0  # locks of a killed git, reported and removed as the message says
    lost: int = 0
    doubled: int = 0
    partial: int = 0


@dataclass(frozen=True)
class Plan:
    """A command, and what it adds to the ledger."""

    arguments: list[str]
    adds: Counter[Fact]
    commits: bool = False


class Series:
    """One book and the commands that befall it."""

    def __init__(self, place: Path, dice: random.Random, tally: Tally) -> None:
        self.home, self.dice, self.tally = place / "home", dice, tally
        self.env = scene.environment(self.home)
        self.book = scene.make(place / "book", self.env)
        self.sheet = place / "week.csv"
        self.stands: Counter[Fact] = Counter()
        self.sheets: dict[str, list[tuple[str, str, str]]] = {}
        self.committed: dict[str, bytes] = {}
        self.number = 0

    def plan(self, what: str) -> Plan:
        """A command of this kind; where there is nothing for it to do yet, an entry."""
        self.number += 1
        tag = f"r{self.number}"
        if what == "sheet":
            week = self.dice.choice([w for w in WEEKS if w not in self.sheets])
            rows = [(who, "tidy", f"{tag}-{n}") for n, who in enumerate(PEOPLE * 2)]
            return self._sheet(week, rows)
        if what == "sheet again" and self.sheets:
            week = self.dice.choice(list(self.sheets))
            kept = self.sheets[week][self.dice.randrange(1, 3) :]
            return self._sheet(week, [*kept, ("ann", "late", tag), ("bob", "late", tag)])
        if what == "commit":
            return Plan(["commit"], Counter(), commits=True)
        week, who = self.dice.choice(WEEKS[:4]), self.dice.choice(PEOPLE)
        key, old = self._single(what)
        if key and what == "void":
            return Plan(["void", key, "--reason", tag], Counter([("void", key)]))
        if key and what == "fix":
            mended = ("score", old["week"], old["subject"], old["item"], tag)
            arguments = ["fix", key, "--note", tag, "--reason", tag]
            return Plan(arguments, Counter([("void", key), mended]))
        arguments = ["score", "-e", f"{who} tidy x2 {tag}", "--week", week]
        adds: Counter[Fact] = Counter([("score", week, who, "order.tidy", tag)])
        if what == "entry and commit":
            return Plan([*arguments, "--commit"], adds, commits=True)
        return Plan(arguments, adds)

    def _sheet(self, week: str, rows: list[tuple[str, str, str]]) -> Plan:
        lines = [f"{who},{item},1,{note}" for who, item, note in rows]
        self.sheet.write_text("\n".join(["name,item,count,note", *lines]) + "\n")
        old = self.sheets.get(week, [])
        adds: Counter[Fact] = Counter()
        gone = Counter(old) - Counter(rows)
        for key, entry in scene.entries(scene.batches(self.book)):
            if entry["week"] == week and entry["kind"] == "score" and entry.get("source"):
                said = (entry["subject"], entry["item"].split(".")[1], entry["note"])
                if gone[said] and ("void", key) not in self.stands:
                    adds["void", key] += 1
        for who, item, note in (Counter(rows) - Counter(old)).elements():
            adds["score", week, who, f"order.{item}", note] += 1
        if not old:
            adds["assessed", week] += 1
        self.sheets[week] = rows
        return Plan(["score", str(self.sheet), "--week", week, "--update"], adds)

    def _single(self, what: str) -> tuple[str, dict]:
        """The id and entry of a live single entry to void or mend; empty where there is none."""
        if what not in ("void", "fix"):
            return "", {}
        live = [
            (key, entry)
            for key, entry in scene.entries(scene.batches(self.book))
            if entry["kind"] == "score"
            and not entry.get("source")
            and ("void", key) not in self.stands
        ]
        return self.dice.choice(live) if live else ("", {})

    def play(self, what: str, seconds: dict[str, float]) -> None:
        """One round: a command, killed; a look; the command again; a look."""
        plan = self.plan(what)
        kill_after = self.dice.uniform(0, 1.1 * seconds.get(what, 0.3))
        whole = self.dice.random() < 0.7
        ended = forks.run(
            self.book, plan.arguments, self.env, kill_after=kill_after, whole_group=whole
        )
        self.tally.rounds[what] += 1
        self.tally.killed[what] += ended.code is None
        told = bool(plan.adds) and re.search(r"^recorded ", ended.stdout, re.MULTILINE)
        if ended.code not in (None, 0) and "git is locked" not in ended.said:
            raise Wrong(f"it ended with {ended.code}: {ended.said}")
        stands = self._look(plan, acknowledged=bool(told), again=False)
        self.tally.acknowledged += sum(plan.adds.values()) if told else 0
        self.tally.unsaid += bool(stands and plan.adds and not told)
        self._look_at_git(ended)
        if told and not scene.marks(self.book):
            pass  # killed after its last step: it had ended, and to run it again means it anew
        elif ended.code is None:
            self._again(plan, what, seconds)
            if not told:
                self.tally.acknowledged += sum(plan.adds.values())
        else:
            self._learn(what, seconds, ended.seconds)
        self.stands += plan.adds

    def _again(self, plan: Plan, what: str, seconds: dict[str, float]) -> None:
        """The same command, until it is through; what a message says to do is done."""
        for _attempt in range(3):
            ended = forks.run(self.book, plan.arguments, self.env)
            self._look_at_git(ended)
            if "git is locked" in ended.stderr:
                self.tally.locks += 1
                self._remove_locks(ended.stderr)
                continue
            if ended.code == 0 or "is void already" in ended.stderr:
                break
            raise Wrong(f"run again it ended with {ended.code}: {ended.said}")
        else:
            raise Wrong(f"run again it never came through: {ended.said}")
        self._learn(what, seconds, ended.seconds)
        self._look(plan, acknowledged=True, again=True)
        if plan.commits:
            if scene.git(self.book, self.env, "status", "--porcelain", "--", "ledger"):
                raise Wrong("committed, and yet git has something to commit")
            self.committed = scene.batches(self.book)

    def _learn(self, what: str, seconds: dict[str, float], spent: float) -> None:
        seconds[what] = 0.8 * seconds.get(what, spent) + 0.2 * spent

    def _look(self, plan: Plan, *, acknowledged: bool, again: bool) -> bool:
        """Hold the ledger against the model; whether all of the new stands."""
        from qibi.checks.registry import run_all

        files = scene.batches(self.book)
        if bad := scene.torn(files):
            self.tally.partial += 1
            raise Wrong(f"partial batches are to be seen: {bad}")
        have = Counter(scene.fact(entry) for _key, entry in scene.entries(files))
        before, after = self.stands, self.stands + plan.adds
        if have == after:
            stands = True
        elif have == before and not acknowledged:
            stands = False
        else:
            lost, extra = (after if acknowledged else before) - have, have - after
            self.tally.lost += sum(lost.values())
            self.tally.doubled += sum(extra.values())
            self.tally.partial += not (lost or extra)
            raise Wrong(f"again: {again}; lost: {dict(lost)}; doubled: {dict(extra)}")
        errors = run_all(self.book, Path(self.env["QIBI_CACHE"])).errors
        if errors:
            raise Wrong(f"the book does not read: {[str(e) for e in errors]}")
        return stands

    def _look_at_git(self, ended: forks.Ended) -> None:
        """Where a commit was said to be made it is in the history, with all that stood."""
        found = re.search(r"^committed ([0-9a-f]{7,})", ended.said, re.MULTILINE)
        if not found:
            return
        self.tally.commits += 1
        scene.git(self.book, self.env, "merge-base", "--is-ancestor", found[1], "HEAD")
        tree = scene.git(self.book, self.env, "ls-tree", "-r", "--name-only", found[1])
        if missing := set(scene.batches(self.book)) - set(tree.split("\n")):
            raise Wrong(f"committed without {missing}")

    def _remove_locks(self, words: str) -> None:
        """As the message says: no git runs any more, so what it left may go."""
        command = re.search(r"rm (.+)$", words.replace("\n", " ").strip())
        if command is None:
            raise Wrong(f"the message names no lock: {words}")
        for path in shlex.split(command[1]):
            Path(path).unlink()

    def finish(self) -> None:
        """At the end all is committed, git finds no fault, and history holds what it held."""
        self._again(Plan(["commit"], Counter(), commits=True), "commit", {})
        scene.git(self.book, self.env, "fsck", "--strict", "--no-dangling")
        tree = scene.git(self.book, self.env, "ls-tree", "-r", "--name-only", "HEAD").split("\n")
        if missing := set(self.committed) - set(tree):
            raise Wrong(f"not in the history: {missing}")
        if left := [p for p in tree if p.endswith((".tmp", ".lock"))]:
            raise Wrong(f"committed what a crash left: {left}")


def play(rounds: int, seed: int, until: float | None = None) -> Tally:
    """Play so many rounds; raises `Wrong`, which names seed and round."""
    tally, seconds = Tally(), {}
    for start in range(0, rounds, SERIES):
        dice = random.Random(f"{seed}.{start}")
        with tempfile.TemporaryDirectory(prefix="qibi-faults-") as temporary:
            series = Series(Path(temporary), dice, tally)
            for number in range(start, min(start + SERIES, rounds)):
                what = dice.choice(COMMANDS)
                try:
                    series.play(what, seconds)
                    if number == min(start + SERIES, rounds) - 1:
                        series.finish()
                except AssertionError as wrong:
                    raise Wrong(f"seed {seed}, round {number}, {what}: {wrong}") from wrong
        if until is not None and time.monotonic() > until:
            break
    return tally


def main() -> int:
    """Play and print the tally as one line of JSON; 1 where something was wrong."""
    parser = argparse.ArgumentParser(description="Kill qibi at random moments.")
    parser.add_argument("--rounds", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    options = parser.parse_args()
    try:
        print(json.dumps(vars(play(options.rounds, options.seed))))
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

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
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults import forks, scene
from faults.scene import PEOPLE, Fact

SERIES = 50  # rounds with one book
FIRST = 0.12  # seconds in which a command is killed, until it is seen how long it takes
COMMANDS = (
    *("sheet", "sheet again", "sheet added", "no events", "guided"),
    *("entry", "entries", "entry and commit", "milestone", "milestones"),
    *("void", "void batch", "fix", "attach", "exempt", "exempt weeks"),
    *("remedy", "remedies of a list", "remedy step", "task progress", "task done"),
    *("close", "close again", "commit"),
)
WEEKS = [f"2026-W{n:02}" for n in range(1, 47)]
FEW = WEEKS[:6]  # where single entries stand, so that some of them meet
WHEN_DONE = "2026-11-18"  # two days before the milestones are due


class Wrong(AssertionError):
    """The ledger is not what it has to be."""


@dataclass
class Tally:
    """What was tried, and what came of it."""

    rounds: Counter[str] = field(default_factory=Counter)
    killed: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0  # entries that a command said were recorded
    unsaid: int = 0  # rounds whose command wrote and was killed before it said so
    in_part: int = 0  # rounds whose command was killed between two of its batches
    again: int = 0  # commands run again that were killed as well
    left: int = 0  # commands that wrote, were killed, and were not run again
    commits: int = 0  # "committed" said
    locks: int = 0  # locks of a killed git, reported and removed as the message says
    lost: int = 0
    doubled: int = 0
    partial: int = 0


@dataclass(frozen=True)
class Plan:
    """A command, what each of its batches (or its seal) adds, and what it says of each."""

    arguments: list[str]
    parts: list[Counter[Fact]] = field(default_factory=list)
    says: str = r"^recorded "
    commits: bool = False
    typed: str = ""

    @property
    def adds(self) -> Counter[Fact]:
        return sum(self.parts, Counter())

    def told(self, ended: forks.Ended) -> bool:
        """Whether a run reported all that it recorded."""
        return 0 < len(self.parts) <= len(re.findall(self.says, ended.said, re.MULTILINE))


class Series:
    """One book and the commands that befall it."""

    def __init__(self, place: Path, dice: random.Random, tally: Tally) -> None:
        self.home, self.dice, self.tally = place / "home", dice, tally
        self.env = scene.environment(self.home)
        self.book = scene.make(place / "book", self.env, scene.ALL_KINDS)
        self.sheet = place / "week.csv"
        self.photo = place / "photo.jpg"
        self.stands: Counter[Fact] = Counter()
        self.committed: dict[str, bytes] = {}
        self.number = 0
        self.lingering: set[Path] = set()  # marks of commands that were not run again
        self.stepped = (
            ""  # the remedy that took the last step: a second one within a second is refused
        )

    @property
    def entries(self) -> list[tuple[str, dict]]:
        """Each entry that stands, with its id."""
        return scene.entries(scene.batches(self.book))

    def live(self, kind: str) -> list[tuple[str, dict]]:
        """The entries of a kind that nobody voided."""
        found = [(key, e) for key, e in self.entries if e["kind"] == kind]
        return [(key, e) for key, e in found if ("void", key) not in self.stands]

    def plan(self, what: str) -> Plan:
        """A command of this kind; where there is nothing for it to do yet, an entry."""
        self.number += 1
        tag = f"r{self.number}"
        found: Plan | None = getattr(self, f"_{what.replace(' ', '_')}")(tag)
        return found or self._entry(tag)

    def _entry(self, tag: str) -> Plan:
        week, who = self.dice.choice(FEW), self.dice.choice(PEOPLE)
        arguments = ["score", "-e", f"{who} tidy x2 {tag}", "--week", week]
        return Plan(arguments, [Counter([("score", week, who, "order.tidy", tag)])])

    def _entry_and_commit(self, tag: str) -> Plan:
        plan = self._entry(tag)
        return replace(plan, arguments=[*plan.arguments, "--commit"], commits=True)

    def _entries(self, tag: str) -> Plan:
        """Of two branches: a batch each."""
        week, two = self.dice.choice(FEW), (self.dice.choice(PEOPLE), "erik")
        words = [word for who in two for word in ("-e", f"{who} late {tag}")]
        facts = [Counter([("score", week, who, "order.late", tag)]) for who in two]
        return Plan(["score", *words, "--week", week], facts)

    def _commit(self, _tag: str) -> Plan:
        return Plan(["commit"], commits=True)

    def _assessed(self) -> list[str]:
        return [fact[1] for fact in self.stands if fact[0] == "assessed"]

    def _open_week(self) -> str:
        return self.dice.choice([w for w in WEEKS if w not in self._assessed()])

    def _no_events(self, _tag: str) -> Plan:
        week = self._open_week()
        arguments = ["score", "--no-events", "--branch", "east", "--week", week]
        return Plan(arguments, [Counter([("assessed", week)])], r"^recorded: ")

    def _guided(self, tag: str) -> Plan:
        week, who = self._open_week(), self.dice.choice(PEOPLE)
        facts: Counter[Fact] = Counter(
            [("assessed", week), ("score", week, who, "order.tidy", tag)]
        )
        typed = "\n".join([week, who, "tidy", "2", tag, "", "y", ""])
        return Plan(["score", "--no-commit"], [facts], typed=typed)

    def _sheet(self, tag: str) -> Plan:
        rows = [(who, "tidy", f"{tag}-{n}") for n, who in enumerate(PEOPLE * 2)]
        return self._of_sheet(self._open_week(), rows, "--update")

    def _sheet_again(self, tag: str) -> Plan | None:
        week, rows = self._earlier_sheet()
        kept = rows[self.dice.randrange(1, 3) :]
        new = [("ann", "late", tag), ("bob", "late", tag)]
        return self._of_sheet(week, [*kept, *new], "--update") if week else None

    def _sheet_added(self, tag: str) -> Plan:
        """As the first sheet of a week, or as a later one."""
        week, _rows = self._earlier_sheet()
        rows = [("ann", "late", tag), ("bob", "tidy", tag)]
        first = not week or self.dice.random() < 0.5
        return self._of_sheet(self._open_week() if first else week, rows, "--add")

    def _earlier_sheet(self) -> tuple[str, list[tuple[str, str, str]]]:
        """A week with rows of a sheet, and these; empty where there is none."""
        found = sorted({e["week"] for _key, e in self.live("score") if e.get("source")})
        week = self.dice.choice(found) if found else ""
        return week, list(self._rows(week).values())

    def _rows(self, week: str) -> dict[str, tuple[str, str, str]]:
        """Entry: what the row of a sheet said of whom, of all rows of a week that stand."""
        return {
            key: (e["subject"], e["item"].split(".")[1], e["note"])
            for key, e in self.live("score")
            if e["week"] == week and e.get("source")
        }

    def _of_sheet(self, week: str, rows: list[tuple[str, str, str]], how: str) -> Plan:
        lines = [f"{who},{item},1,{note}" for who, item, note in rows]
        self.sheet.write_text("\n".join(["name,item,count,note", *lines]) + "\n")
        old = {} if how == "--add" else self._rows(week)
        adds: Counter[Fact] = Counter(("void", key) for key in old if old[key] not in rows)
        for who, item, note in rows:
            if (who, item, note) not in old.values():
                adds["score", week, who, f"order.{item}", note] += 1
        if week not in self._assessed():
            adds["assessed", week] += 1
        words = ["score", str(self.sheet), "--branch", "east", "--week", week, how]
        return Plan(words, [adds])

    def _single(self) -> tuple[str, dict]:
        """The id and entry of a live single entry to void or mend; empty where there is none."""
        live = [
            (key, entry)
            for key, entry in self.live("score")
            if not entry.get("source") and "milestone" not in entry
        ]
        return self.dice.choice(live) if live else ("", {})

    def _void(self, tag: str) -> Plan | None:
        key, _old = self._single()
        plan = Plan(["void", key, "--reason", tag], [Counter([("void", key)])])
        return plan if key else None

    def _void_batch(self, tag: str) -> Plan | None:
        """Of the batch of a single entry, or of the sheet of a week."""
        live = [key for key, entry in self.live("score") if "milestone" not in entry]
        live += [key for key, _entry in self.live("exempt")]
        if not live:
            return None
        digest = self.dice.choice(live).split(".")[0]
        keys = [key for key, e in self.entries if key.startswith(digest) and e["kind"] != "void"]
        adds = Counter(("void", key) for key in keys if ("void", key) not in self.stands)
        assessed = [e["week"] for k, e in self.entries if k in keys and e["kind"] == "assessed"]
        if assessed:  # the week would be open again, which the model does not follow
            return self._void(tag)
        return Plan(["void", "--batch", digest, "--reason", tag], [adds])

    def _fix(self, tag: str) -> Plan | None:
        key, old = self._single()
        if not key:
            return None
        mended = scene.fact(old | {"note": tag})
        arguments = ["fix", key, "--note", tag, "--reason", tag]
        return Plan(arguments, [Counter([("void", key), mended])])

    def _attach(self, tag: str) -> Plan | None:
        """A file, and at times a reference with it."""
        key, old = self._single()
        if not key:
            return None
        photo = self.photo.with_stem(tag)
        photo.write_text(tag)
        new = [f"evidence/{old['week']}/{photo.name}"]
        words = ["attach", key, str(photo)]
        if self.dice.random() < 0.5:
            new.append(f"pennant:{tag}")
            words.append(new[-1])
        after = old | {"evidence": [*old.get("evidence", ()), *new]}
        return Plan(words, [Counter([("void", key), scene.fact(after)])])

    def _exempt(self, tag: str, count: int = 1) -> Plan | None:
        who, first = self.dice.choice(PEOPLE), self.dice.randrange(len(WEEKS) - count)
        weeks = WEEKS[first : first + count]
        done = {(e["week"], e["subject"]) for _key, e in self.live("exempt")}
        parts = [Counter([("exempt", w, who, tag)]) for w in weeks if (w, who) not in done]
        span = weeks[0] if count == 1 else f"{weeks[0]}..{weeks[-1]}"
        words = ["exempt", who, "--week", span, "--reason", tag]
        return Plan(words, parts, r"^recorded: ") if parts else None

    def _exempt_weeks(self, tag: str) -> Plan | None:
        return self._exempt(tag, 4)

    def _remedy(self, tag: str) -> Plan:
        week, who = self.dice.choice(FEW), self.dice.choice(PEOPLE)
        words = ["remedy", "open", who, "--week", week, "--measure", tag, "--due", "2026-12-01"]
        return Plan(words, [Counter([("remedy", "open", week, who, tag, "")])], r"^opened ")

    def _remedies_of_a_list(self, tag: str) -> Plan | None:
        """Who is on the list is asked of qibi; the model says that each gets one remedy."""
        weeks = self._assessed()
        if not weeks:
            return None
        week = self.dice.choice(weeks)
        words = ["remedy", "open", "--from-list", week, "--measure", tag, "--note", tag]
        asked = forks.run(self.book, [*words, "--dry-run"], self.env)
        people = re.findall(r"^would open \S+  (\w+): ", asked.said, re.MULTILINE)
        parts = [Counter([("remedy", "open", week, who, tag, tag)]) for who in people]
        return Plan(words, parts, r"^opened ") if parts else None

    def _remedy_step(self, tag: str) -> Plan | None:
        lives: dict[str, list[dict]] = {}
        for _key, entry in sorted(
            self.live("remedy"),
            key=lambda pair: (pair[1]["recorded_at"], pair[1]["state"] != "open"),
        ):
            lives.setdefault(entry["remedy"], []).append(entry)
        # Steps of one second have no order but that of a remedy's life.
        second = datetime.now(UTC).replace(microsecond=0)
        found = [
            key
            for key, steps in lives.items()
            if key != self.stepped and datetime.fromisoformat(steps[-1]["recorded_at"]) < second
        ]
        if not found:
            return None
        self.stepped = self.dice.choice(found)
        steps = lives[self.stepped]
        opened, state = steps[0], steps[-1]["state"]
        owner = opened["owner"]
        other = next(who for who in PEOPLE if who != owner)
        step, who = {
            "open": ("report", "dora"),
            "reopened": ("report", "dora"),
            "reported": self.dice.choice([("verify", other), ("reopen", "dora")]),
            "verified": ("reopen", "dora"),
        }[state]
        after = {"report": "reported", "verify": "verified", "reopen": "reopened"}[step]
        words = ["remedy", step, self.stepped, "--note", tag, "--as", who]
        fact = ("remedy", after, opened["week"], opened["subject"], "", tag)
        return Plan(words, [Counter([fact])], rf"^{after}: ")

    def _done(self) -> dict[str, dict]:
        return {e["milestone"]: e for _key, e in self.live("task") if e.get("done")}

    def _task_progress(self, tag: str) -> Plan:
        left = [m for m in scene.MILESTONES if m not in self._done()]
        name, percent = self.dice.choice(["", *left]), str(self.dice.randrange(100))
        words = ["task", "progress", "w-cp", "pit", *filter(None, [name]), percent, "--note", tag]
        words += ["--date", WHEN_DONE]
        fact = ("task", "w-cp", "pit", name, percent, "", tag)
        return Plan(words, [Counter([fact])], r"^recorded: ")

    def _task_done(self, tag: str) -> Plan | None:
        left = [m for m in scene.MILESTONES if m not in self._done()]
        if not left:
            return None
        name = self.dice.choice(left)
        words = ["task", "done", "w-cp", "pit", name, "--date", WHEN_DONE, "--note", tag]
        fact = ("task", "w-cp", "pit", name, "", WHEN_DONE, tag)
        return Plan(words, [Counter([fact])], r"^recorded: ")

    def _unscored(self) -> list[str]:
        scored = {e.get("milestone") for _key, e in self.live("score")}
        return sorted(set(self._done()) - scored)

    def _milestone(self, tag: str) -> Plan | None:
        """One of a plan, by an entry of its own."""
        if not (left := self._unscored()):
            return None
        words = ["score", "-e", f"w-cp early {tag}", "--milestone", f"pit/{left[0]}"]
        fact = ("score", "2026-W47", "w-cp", "schedule.early", tag)
        return Plan([*words, "--week", "W47"], [Counter([fact])])

    def _milestones(self, tag: str) -> Plan | None:
        """All that the plan proposes, after an entry of that branch."""
        left = self._unscored()
        entry = Counter([("score", "2026-W47", "erik", "order.late", tag)])
        proposed = Counter({("score", "2026-W47", "w-cp", "schedule.early", ""): len(left)})
        words = ["score", "-e", f"erik late {tag}", "--milestones", "--week", "W47"]
        return Plan(words, [entry, proposed]) if left else None

    def _seals(self) -> dict[str, dict]:
        """Name: what a seal says."""
        return {p.name: json.loads(p.read_bytes()) for p in (self.book / "seals").glob("*.json")}

    def _close(self, tag: str) -> Plan | None:
        sealed = {seal["week"] for seal in self._seals().values()}
        weeks = {e["week"] for _key, e in self.entries} - sealed
        if not weeks:
            return None
        week = self.dice.choice(sorted(weeks))
        missing = ["west", *(["east"] if week not in self._assessed() else [])]
        without = [word for branch in missing for word in ("--without", branch)]
        return self._sealing(week, f"{week}.json", [*without, "--note", tag])

    def _close_again(self, tag: str) -> Plan | None:
        """A correction, of a week for which something was recorded since."""
        latest: dict[str, dict] = {}
        for seal in sorted(self._seals().values(), key=lambda seal: seal["revision"]):
            latest[seal["week"]] = seal
        held = {batch["path"] for seal in latest.values() for batch in seal["batches"]}
        since = {path: raw for path, raw in scene.batches(self.book).items() if path not in held}
        new = scene.entries(since)
        weeks = {e["week"] for _key, e in new if e["kind"] not in ("task", "remedy")} & {*latest}
        if not weeks:
            return None
        week = self.dice.choice(sorted(weeks))
        name = f"{week}.r{latest[week]['revision'] + 1}.json"
        return self._sealing(week, name, ["--approved-by", "cora", "--note", tag])

    def _sealing(self, week: str, name: str, words: list[str]) -> Plan:
        part: Counter[Fact] = Counter([("seal", name)])
        return Plan(["close", week, *words], [part], r"is closed( again)?", commits=True)

    def play(self, what: str, seconds: dict[str, float]) -> None:
        """One round: a command, killed; a look; the command again; a look."""
        plan = self.plan(what)
        self.lingering = set(scene.marks(self.book))
        ended = self._run(plan, what, seconds, killed=True)
        self.tally.rounds[what] += 1
        self.tally.killed[what] += ended.code is None
        told = plan.told(ended)
        if ended.code not in (None, 0) and "git is locked" not in ended.said:
            raise Wrong(f"{plan.arguments} ended with {ended.code}: {ended.said}")
        done = self._look(plan, acknowledged=told, again=False)
        self.tally.acknowledged += sum(plan.adds.values()) if told else 0
        self.tally.unsaid += bool(done and not told)
        self.tally.in_part += 0 < done < len(plan.parts)
        self._look_at_git(ended)
        if self._has_ended(plan, ended):
            pass  # killed after its last step: it had ended, and to run it again means it anew
        elif ended.code is None and not plan.commits and self.dice.random() < 0.1:
            self.tally.left += bool(done)  # what stands does, and is in nobody's way
            plan = replace(plan, parts=plan.parts[:done])
        elif ended.code is None:
            self._again(plan, what, seconds)
            if not told:
                self.tally.acknowledged += sum(plan.adds.values())
        # So that most are killed, some of them just before they end.
        until = seconds.get(what, FIRST)
        seconds[what] = until * 1.02 if ended.code is None else min(until * 0.95, ended.seconds)
        self.stands += plan.adds

    def _has_ended(self, plan: Plan, ended: forks.Ended) -> bool:
        """Whether a run that was killed had reported all, and has left no mark of its own."""
        return plan.told(ended) and self.lingering.issuperset(scene.marks(self.book))

    def _run(
        self, plan: Plan, what: str, seconds: dict[str, float], *, killed: bool
    ) -> forks.Ended:
        """Run a command, killed or not; git dies with it or goes on alone."""
        after = self.dice.uniform(0, seconds.get(what, FIRST)) if killed else None
        whole = self.dice.random() < 0.7
        words, typed = plan.arguments, plan.typed
        return forks.run(
            self.book, words, self.env, kill_after=after, whole_group=whole, typed=typed
        )

    def _again(self, plan: Plan, what: str, seconds: dict[str, float]) -> None:
        """The same command, until it is through; what a message says to do is done."""
        kill = self.dice.random() < 0.3
        for _attempt in range(4):
            ended = self._run(plan, what, seconds, killed=kill)
            kill = False
            self._look_at_git(ended)
            if ended.code is None:
                self.tally.again += 1
                self._look(plan, acknowledged=plan.told(ended), again=False)
                if self._has_ended(plan, ended):
                    return
                continue
            if "git is locked" in ended.stderr:
                self.tally.locks += 1
                self._remove_locks(ended.stderr)
                continue
            if ended.code == 0 and (plan.told(ended) or not plan.parts):
                break
            raise Wrong(f"{plan.arguments} run again ended with {ended.code}: {ended.said}")
        else:
            raise Wrong(f"run again it never came through: {ended.said}")
        self._look(plan, acknowledged=True, again=True)
        if plan.commits:
            if scene.git(self.book, self.env, "status", "--porcelain", "--", "ledger", "seals"):
                raise Wrong("committed, and yet git has something to commit")
            self.committed = scene.batches(self.book)

    def _look(self, plan: Plan, *, acknowledged: bool, again: bool) -> int:
        """Hold the ledger against the model; how many of the new batches stand, from the first on."""
        from qibi.checks.registry import run_all

        files = scene.batches(self.book)
        if bad := scene.torn(files):
            self.tally.partial += 1
            raise Wrong(f"partial batches are to be seen: {bad}")
        entries = [entry for _key, entry in scene.entries(files)]
        have = Counter(scene.fact(entry) for entry in entries)
        have.update(("seal", name) for name in self._seals())
        steps = [self.stands]
        for part in plan.parts:
            steps.append(steps[-1] + part)
        if have not in (steps[-1:] if acknowledged else steps):
            lost, extra = steps[-1 if acknowledged else 0] - have, have - steps[-1]
            self.tally.lost += sum(lost.values())
            self.tally.doubled += sum(extra.values())
            self.tally.partial += not (lost or extra)
            raise Wrong(
                f"{plan.arguments}, again: {again}; lost: {dict(lost)}; doubled: {dict(extra)}"
            )
        self._look_twice(entries)
        errors = run_all(self.book, Path(self.env["QIBI_CACHE"])).errors
        if errors:
            raise Wrong(f"the book does not read: {[str(e) for e in errors]}")
        return steps.index(have)

    def _look_twice(self, entries: list[dict]) -> None:
        """No remedy has another's id, and no file of evidence is there twice."""
        ids = [e["remedy"] for e in entries if e["kind"] == "remedy" and e["state"] == "open"]
        shown = [p for p in (self.book / "evidence").rglob("*") if p.is_file()]
        texts = [p.read_text() for p in shown if not p.name.endswith(".tmp")]
        if len({*ids}) < len(ids) or len({*texts}) < len(texts):
            raise Wrong(f"twice: {sorted(ids)}, {sorted(texts)}")

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
        self._again(Plan(["commit"], commits=True), "commit", {})
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

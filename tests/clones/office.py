"""Secretaries who keep one book in clones of their own: real git, and the program's own commands.

Nothing here knows how qibi stores an entry; what an office ends up with is judged by `by_hand`.
"""

import io
import os
import random
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

import by_hand

from qibi.cli.app import main
from qibi.cli.surroundings import Surroundings
from qibi.ledger.entries import Entry
from qibi.ledger.store import locked, write_batch
from repositories import CACHE, QUICK_GIT

CHINA = timezone(timedelta(hours=8))
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=CHINA)  # of 2026-W10
PEOPLE = {
    "east": ("ann", "art", "amy", "abe"),
    "west": ("bob", "bea", "ben", "bo"),
    "north": ("cora", "cy", "cal", "cleo"),
    "south": ("dora", "dan", "dee", "dov"),
}
APPROVER = "zoe"  # of east; approves and never records
_MEMBERS = {"east": (*PEOPLE["east"], APPROVER)}
FILES = {
    "qibi.yaml": """\
id: office
language: en
timezone: Asia/Shanghai
lists: {member: {red: {top: 2}, black: {bottom: 1, below: 99}}}
""",
    "scheme/2026-W01.yaml": f"""\
total: {{min: 0, max: 200}}
criteria:
  - id: order
    applies_to: [member, cp]
    base: {by_hand.BASE}
    min: 0
    max: 200
    items:
      - {{id: tidy, points: 1, per: count}}
      - {{id: late, points: -1, per: count}}
""",
    "plans/pair.yaml": "cp: pair\ntasks:\n  - id: pit\n    milestones: [{id: dig, due: 2026-03-20}]\n",
    ".gitattributes": "ledger/** -text\nseals/** -text\n",
    ".gitignore": "ledger/.lock\n*.tmp\n",
} | {
    f"branches/{branch}.yaml": f"id: {branch}\nmembers:\n"
    + "".join(f"  - {{id: {who}}}\n" for who in _MEMBERS.get(branch, people))
    + ("cps:\n  - {id: pair, members: {owner: ann, builder: art}}\n" if branch == "east" else "")
    for branch, people in PEOPLE.items()
}


_ACKNOWLEDGED = ("recorded", "opened", "reported", "verified")


@dataclass
class Office:
    """A bare origin, the clones, one clock, and all that was ever acknowledged."""

    place: Path
    clones: int
    seed: int
    now: datetime = MONDAY
    desks: list["Desk"] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)  # what commands said they recorded
    asked: Counter[str] = field(default_factory=Counter)  # each wish by a word of its own
    done: Counter[str] = field(
        default_factory=Counter
    )  # what happened, for the reader of a failure

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        home = self.place / "home"
        home.mkdir(parents=True)
        (home / ".gitconfig").write_text("[advice]\ndetachedHead = false\n")
        first = self.place / "first"
        for path, text in FILES.items():
            (first / path).parent.mkdir(parents=True, exist_ok=True)
            (first / path).write_text(text, "utf-8", newline="")
        self.git(first, "init", "-q", "-b", "main")
        self.git(first, "add", "--all")
        self.git(first, "commit", "-q", "-m", "a book")
        self.git(self.place, "clone", "-q", "--bare", "first", "origin.git")
        branches = list(PEOPLE)
        for number in range(self.clones):
            branch = branches[number % len(branches)]
            who = PEOPLE[branch][number // len(branches) % 4]
            self.git(self.place, "clone", "-q", "origin.git", f"clone{number}")
            self.desks.append(Desk(self, self.place / f"clone{number}", who, branch))

    @cached_property
    def environment(self) -> dict[str, str]:
        """Surroundings of their own, for git and for qibi: nothing of whoever runs the tests."""
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR", "SYSTEMROOT")}
        return kept | {
            "HOME": str(self.place / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            **QUICK_GIT,
            "GIT_MERGE_AUTOEDIT": "no",
            "LANG": "C.UTF-8",
            "QIBI_CACHE": CACHE,
            "QIBI_LANG": "en",
            "NO_COLOR": "1",
        }

    def environment_of(self, who: str) -> dict[str, str]:
        """The same for one person, now."""
        return self.environment | {
            "QIBI_AS": who,
            **{
                f"GIT_{role}_{what}": value
                for role in ("AUTHOR", "COMMITTER")
                for what, value in (
                    ("NAME", who.title()),
                    ("EMAIL", f"{who}@example.invalid"),
                    ("DATE", self.now.isoformat()),
                )
            },
        }

    def try_git(
        self, folder: Path, *arguments: str, who: str = "ann"
    ) -> subprocess.CompletedProcess[str]:
        """Run git, whatever comes of it."""
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=self.environment_of(who),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def git(self, folder: Path, *arguments: str, who: str = "ann") -> str:
        """What git printed; where git stops, the test has failed."""
        done = self.try_git(folder, *arguments, who=who)
        assert done.returncode == 0, (folder.name, arguments, done.stdout, done.stderr)
        return done.stdout.strip()

    def word(self) -> str:
        """A word that no entry bears yet."""
        return f"n{self.seed}x{sum(self.asked.values())}x{self.dice.randrange(10**6)}"


@dataclass
class Desk:
    """One secretary's clone; `main` is what the others can fetch from it."""

    office: Office
    root: Path
    who: str
    branch: str
    sheets: dict[str, str] = field(default_factory=dict)  # week: the sheet submitted last

    def git(self, *arguments: str) -> str:
        return self.office.git(self.root, *arguments, who=self.who)

    def try_git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.office.try_git(self.root, *arguments, who=self.who)

    def qibi(self, *arguments: str, stdin: str = "", who: str = "") -> tuple[int, str]:
        """Run a command in this clone: its exit code and all that it printed.

        What stands in the ledger afterwards and did not before, it has acknowledged: exit code 0.
        """
        self.office.now += timedelta(seconds=1)
        before = by_hand.ledger(self.root)
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        around = Surroundings(
            environment=self.office.environment_of(who or self.who),
            folder=self.root,
            now=lambda: self.office.now,
            stdin=io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8"),
            stdout=out,
            stderr=out,
            columns=100,
        )
        code = main(list(arguments), around)
        raw = out.buffer
        assert isinstance(raw, io.BytesIO)
        said = raw.getvalue().decode()
        assert code in (0, 1) and "Traceback" not in said, (arguments, code, said)
        after = by_hand.ledger(self.root)
        assert before.items() <= after.items(), (arguments, "took something back")
        assert code == 0 or after == before, (arguments, "refused, and yet wrote")
        self.office.files.update(after)
        return code, said

    def record(self, word: str, *arguments: str, stdin: str = "", who: str = "") -> bool:
        """Record something that bears a word of its own; whether it was acknowledged."""
        code, said = self.qibi(*arguments, stdin=stdin, who=who)
        recorded = code == 0 and any(verb in said for verb in _ACKNOWLEDGED)
        self.office.done[f"{arguments[0]}{'' if recorded else ' refused'}"] += 1
        self.office.asked[word] += recorded
        return recorded

    def write(self, word: str, kind: type[Entry], **fields: Any) -> None:
        """Record one entry by the program's own function alone: no ranking is shown, so it is quick."""
        self.record_all(word, fields.pop("week"), fields.pop("branch"), [(kind, fields)])

    def record_all(
        self, word: str, week: str, branch: str, wishes: list[tuple[type[Entry], dict[str, Any]]]
    ) -> None:
        """The same with several entries in one batch."""
        self.office.now += timedelta(seconds=1)
        stamp = {
            "week": week,
            "branch": branch,
            "recorded_by": self.who,
            "recorded_at": self.office.now.isoformat(),
        }
        with locked(self.root):
            entries = [kind(**stamp, **fields) for kind, fields in wishes]
            batch = write_batch(self.root, week, branch, entries)
        self.office.files[batch.path] = (self.root / batch.path).read_bytes()
        self.office.asked[word] += 1
        self.office.done[f"{wishes[0][0].__name__.lower()}, by function"] += 1

    # What secretaries do with their clones. None of these may ever stop.

    def commit(self) -> None:
        """`qibi commit`, or plain git as others do it."""
        if self.office.dice.random() < 0.3:
            code, said = self.qibi("commit")
            assert code == 0, said
        else:
            self.git("add", "--all")
            self.git("commit", "-q", "--allow-empty", "-m", "by hand")

    def merge(self, *names: str) -> None:
        """Merge these, an octopus where they are several."""
        self.git("merge", "-q", "--no-edit", *names)
        self.office.done["octopus" if len(names) > 1 else "merge"] += 1

    def pull(self) -> None:
        """Take in what the origin has, in one of the ways that people have."""
        match self.office.dice.randrange(4):
            case 0:
                self.git("pull", "-q", "--no-rebase", "origin", "main")
            case 1:
                self.git("pull", "-q", "--rebase", "origin", "main")
            case 2:
                self.git("pull", "-q", "--rebase=merges", "origin", "main")
            case _:
                self.git("fetch", "-q", "origin")
                self.git("merge", "-q", "--no-edit", "--no-ff", "origin/main")
        self.office.done["pull"] += 1

    def push(self) -> None:
        """Push; where others were faster, pull and push again."""
        for _attempt in range(3):
            done = self.try_git("push", "-q", "origin", "HEAD:main")
            if done.returncode == 0:
                return
            assert "rejected" in done.stderr, done.stderr
            self.office.done["push rejected"] += 1
            self.pull()
        raise AssertionError(done.stderr)

    def fetch(self, other: "Desk") -> str:
        """Fetch what another clone has committed; the name that it has here."""
        name = f"refs/peers/{other.root.name}"
        self.git("fetch", "-q", f"../{other.root.name}", f"+main:{name}")
        return name

    def cherry_pick(self, other: "Desk", most: int = 3) -> None:
        """Take a few commits of another clone: whatever of its batches is not here yet, no seals."""
        there = self.fetch(other)
        picks = self.git("rev-list", "--no-merges", "--reverse", f"HEAD..{there}").split()
        sealed = self.git("rev-list", f"HEAD..{there}", "--", "seals").split()
        for commit in [c for c in picks if c not in sealed][:most]:
            done = self.try_git("cherry-pick", "--allow-empty", commit)
            if done.returncode != 0:  # git stops at a commit that holds nothing new
                assert "now empty" in done.stdout + done.stderr, done.stderr
                self.git("cherry-pick", "--skip")
            self.office.done["cherry-pick"] += 1
        self.unstopped()

    def unstopped(self) -> None:
        """No merge, rebase or cherry-pick is half done here."""
        for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "rebase-merge", "rebase-apply"):
            assert not (self.root / ".git" / name).exists(), name

    @property
    def on(self) -> str:
        """The git branch that this clone works on."""
        return (self.root / ".git/HEAD").read_text().removeprefix("ref: refs/heads/").strip()

    def go_aside(self) -> None:
        """Begin to work on a git branch of its own, for weeks perhaps."""
        self.git("switch", "-q", "-c", f"side-{self.office.dice.randrange(10**9)}")
        self.office.done["side branch"] += 1

    def come_back(self) -> None:
        """Merge the side branch and delete it."""
        side = self.on
        if side == "main":
            return
        self.git("switch", "-q", "main")
        self.git("merge", "-q", "--no-edit", *self.office.dice.choice(((), ("--no-ff",))), side)
        self.git("branch", "-q", "-d", side)

"""Books of any size for the benchmarks, and the same points as journals of other ledger tools.

Each branch submits a sheet a week, and mostly a second one by another scorer; each member gets about nine
entries. The scheme is the sample book's. The same size and seed give the same bytes.

    .venv/bin/python benchmarks/books.py DIR --branches 18 --members 11 --weeks 52
"""

import argparse
import hashlib
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from qibi.base import weeks as wk
from qibi.book.definitions import Item
from qibi.book.load import load

SAMPLE = Path(__file__).resolve().parent.parent / "ledgers" / "example"
LAST = "2025-W52"
ENTRIES = 9.0  # a member and week, on average
SECOND = 0.92  # the share of weeks in which a branch submits a second sheet


@dataclass(frozen=True)
class Size:
    """How large a book is."""

    branches: int
    members: int  # of each branch
    weeks: int  # that end with `LAST`
    entries: float = ENTRIES

    @property
    def name(self) -> str:
        """The folder of such a book."""
        return f"{self.branches}x{self.members}x{self.weeks}"

    @property
    def first(self) -> str:
        """The first week."""
        return wk.shift(LAST, 1 - self.weeks)


@dataclass(frozen=True)
class Line:
    """One score: what the other tools' journals are made of."""

    week: str
    branch: str
    member: str
    item: str
    points: int  # hundredths


def make(root: Path, size: Size, *, commit: bool = True, seed: int = 7) -> int:
    """Write the book; how many entries it has. One commit holds all of it."""
    _definitions(root, size)
    items = _items(root, size)
    count = 0
    for path, text, entries in _batches(size, items, random.Random(seed)):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text)
        count += entries
    if commit:
        git = [
            "git",
            "-C",
            str(root),
            "-c",
            "user.name=Ann",
            "-c",
            "user.email=ann@example.invalid",
        ]
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "-c", "gc.auto=0", "commit", "-q", "-m", "a book"], check=True)
    return count


def _definitions(root: Path, size: Size) -> None:
    (root / "scheme").mkdir(parents=True, exist_ok=True)
    (root / "branches").mkdir(exist_ok=True)
    (root / ".gitattributes").write_bytes((SAMPLE / ".gitattributes").read_bytes())
    (root / "qibi.yaml").write_text(
        "id: bench\nlanguage: en\ntimezone: Asia/Shanghai\n"
        "units: [{id: owner, name: Owner}, {id: builder, name: Builder}]\n",
        "utf-8",
    )
    scheme = (SAMPLE / "scheme" / "2026-W36.yaml").read_text("utf-8")
    (root / "scheme" / f"{size.first}.yaml").write_text(scheme, "utf-8")
    for number in range(1, size.branches + 1):
        rows = [f"id: b{number}\nname: Branch {number}\nsince: {size.first}\nmembers:\n"]
        rows += [
            f"  - {{id: {member}, name: Member {member}, unit: {('owner', 'builder')[n % 2]},"
            f" since: {size.first}}}\n"
            for n, member in enumerate(_members(number, size.members))
        ]
        (root / "branches" / f"b{number}.yaml").write_text("".join(rows), "utf-8")


def _members(branch: int, count: int) -> list[str]:
    return [f"b{branch}-{n:03}" for n in range(1, count + 1)]


def _items(root: Path, size: Size) -> list[Item]:
    """The items of one fixed value that a member can get, vetoes apart."""
    scheme = load(root).scheme(size.first)
    assert scheme
    kinds = {c.id: c.applies_to for c in scheme.criteria}
    return [
        i
        for i in scheme.items()
        if i.fixed and "member" in kinds[i.criterion] and i.veto_total is None and i.fixed > -500
    ]


def _batches(
    size: Size, items: list[Item], dice: random.Random
) -> Iterator[tuple[str, bytes, int]]:
    """Path, bytes and number of entries of each batch."""
    choices = [
        (
            i.id,
            str(i.fixed // 100) if i.fixed and i.fixed % 100 == 0 else str((i.fixed or 0) / 100),
            f',"evidence":["sheet {n}"]' if n % 2 else "",
            f',"scored_by":"{i.scorer}"' if i.scorer else "",
            abs(i.fixed or 0) >= 300,  # needs a second person
        )
        for n, i in enumerate(items)
    ]
    for week in wk.span(size.first, LAST):
        monday = wk.sunday(week) + timedelta(days=1)
        for number in range(1, size.branches + 1):
            branch, people = f"b{number}", _members(number, size.members)
            count = round(size.members * size.entries * dice.uniform(0.9, 1.1))
            parts = [count - count // 2, count // 2] if dice.random() < SECOND else [count]
            for part, entries in enumerate(parts):
                source = hashlib.sha256(f"{week} {branch} {part}".encode()).hexdigest()[:16]
                head = (
                    f'"week":"{week}","branch":"{branch}","recorded_by":"{people[part]}",'
                    f'"recorded_at":"{monday}T1{part}:{number % 60:02}:00+08:00","source":"{source}"'
                )
                rows = [] if part else [f'{{"kind":"assessed",{head}}}\n']
                for _n in range(entries):
                    item, points, evidence, scorer, second = dice.choice(choices)
                    day = wk.monday(week) + timedelta(days=dice.randrange(7))
                    approved = f',"approved_by":"{people[2]}"' if second else ""
                    member = dice.choice(
                        [p for p in people if p != people[2]] if second else people
                    )
                    rows.append(
                        f'{{"kind":"score",{head},"subject":"{member}","item":"{item}",'
                        f'"points":{points},"date":"{day}"{evidence}{scorer}{approved}}}\n'
                    )
                raw = "".join(rows).encode()
                digest = hashlib.sha256(raw).hexdigest()[:16]
                place = f"ledger/{week[:4]}/{week[5:]}/{branch}-{digest}.jsonl"
                yield place, raw, len(rows)


def lines(root: Path) -> Iterator[Line]:
    """Every score of a book, in order of weeks."""
    import json

    for path in sorted(root.glob("ledger/*/*/*.jsonl")):
        for text in path.read_text("utf-8").splitlines():
            entry = json.loads(text)
            if entry["kind"] == "score":
                points = round(entry["points"] * 100)
                yield Line(entry["week"], entry["branch"], entry["subject"], entry["item"], points)


def journals(root: Path, folder: Path) -> dict[str, Path]:
    """Tool: the same points as its journal. ledger and hledger read one text, beancount its own."""
    folder.mkdir(parents=True, exist_ok=True)
    plain, bean = folder / "points.ledger", folder / "points.beancount"
    accounts: dict[str, None] = {}
    with plain.open("w", encoding="utf-8") as one, bean.open("w", encoding="utf-8") as other:
        for line in lines(root):
            day = wk.sunday(line.week).isoformat()
            value = f"{line.points / 100:.2f}"
            one.write(
                f"{day} {line.item}\n    points:{line.branch}:{line.member}  {value} P\n    given\n\n"
            )
            account = f"Assets:{line.branch.upper()}:{line.member.upper()}"
            accounts[account] = None
            other.write(f'{day} * "{line.item}"\n  {account}  {value} PTS\n  Equity:Given\n\n')
        opened = wk.sunday(wk.shift(LAST, -600)).isoformat()
        for account in [*accounts, "Equity:Given"]:
            other.write(f"{opened} open {account}\n")
    return {"ledger": plain, "hledger": plain, "beancount": bean}


def main() -> None:
    """Make one book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--branches", type=int, default=18)
    parser.add_argument("--members", type=int, default=11)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--journals", type=Path, help="write the journals there too")
    chosen = parser.parse_args()
    count = make(chosen.folder, Size(chosen.branches, chosen.members, chosen.weeks))
    print(f"{count} entries")
    if chosen.journals:
        journals(chosen.folder, chosen.journals)


if __name__ == "__main__":
    main()

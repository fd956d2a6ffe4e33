"""A small book on real files and real git, and what its ledger holds, read without qibi.

The reader here is the judge of the fault tests, so it shares nothing with the program: names against
digests by hashlib, lines by json.
"""

import hashlib
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import repositories
from repositories import git as git
from repositories import surroundings

FILES = repositories.FILES | {
    "qibi.yaml": "id: faults\nlanguage: en\ntimezone: Asia/Shanghai\n",
    "branches/east.yaml": """\
id: east
members:
  - {id: ann}
  - {id: bob}
  - {id: cora}
  - {id: dora}
""",
}
PEOPLE = ("ann", "bob", "cora")
MILESTONES = [f"m{n}" for n in range(1, 31)]
ALL_KINDS = FILES | {  # what every command that records needs: lists, a CP, a plan, a second branch
    "qibi.yaml": FILES["qibi.yaml"] + "lists: {member: {black: {bottom: 2, remedy_due: 3d}}}\n",
    "scheme/2026-W01.yaml": repositories.SCHEME
    + """\
  - id: schedule
    applies_to: [cp]
    base: 10
    min: 0
    max: 200
    items:
      - {id: early, points: 1, per: day, auto: milestone}
""",
    "branches/west.yaml": """\
id: west
members:
  - {id: erik}
  - {id: faye}
cps:
  - {id: w-cp, members: {a: erik, b: faye}}
""",
    "plans/w-cp.yaml": "cp: w-cp\ntasks:\n  - id: pit\n    milestones:\n"
    + "".join(f"      - {{id: {name}, due: 2026-11-20}}\n" for name in MILESTONES),
}
TODAY = "2026-11-23"
_NAME = re.compile(r"([a-z0-9-]+)-([0-9a-f]{16})\.jsonl")

Fact = tuple[str, ...]


def environment(home: Path) -> dict[str, str]:
    """Surroundings of their own for every command."""
    return surroundings(home) | {
        "QIBI_CACHE": str(home / "cache"),
        "QIBI_AS": "dora",
        "QIBI_LANG": "en",
        "QIBI_TODAY": TODAY,
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "100",
    }


def make(book: Path, env: dict[str, str], files: dict[str, str] = FILES) -> Path:
    """A book, committed: with one branch of four where no other files are given."""
    repositories.lay_out(book, files)
    Path(env["HOME"]).mkdir(parents=True, exist_ok=True)
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "start"]):
        git(book, env, *command)
    shutil.rmtree(book / ".git" / "hooks", ignore_errors=True)
    return book


def copy(book: Path, target: Path) -> Path:
    """The same book in another place."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(book, target)
    return target


def batches(book: Path) -> dict[str, bytes]:
    """Every file of the ledger that anyone would read: path and bytes."""
    return {
        path.relative_to(book).as_posix(): path.read_bytes()
        for path in sorted((book / "ledger").rglob("*"))
        if path.is_file() and path.name != ".lock" and path.suffix != ".tmp"
    }


def marks(book: Path) -> list[Path]:
    """The marks of batches and seals that no command has reported yet.

    One that names a mark which is gone was reported with it.
    """
    found = [p for part in ("ledger", "seals") for p in (book / part).rglob("*.unsaid.tmp")]
    return sorted(p for p in found if not (first := p.read_text()) or (book / first).exists())


def torn(files: dict[str, bytes]) -> list[str]:
    """The files that are not whole: misnamed, or not what their name says."""
    bad = []
    for path, raw in files.items():
        named = _NAME.fullmatch(path.rsplit("/", 1)[-1])
        whole = raw.endswith(b"\n") and named is not None
        if not whole or hashlib.sha256(raw).hexdigest()[:16] != named[2]:
            bad.append(path)
    return bad


def entries(files: dict[str, bytes]) -> list[tuple[str, dict]]:
    """Each entry with its id."""
    found = []
    for path, raw in files.items():
        digest = path.rsplit("-", 1)[-1].removesuffix(".jsonl")
        for number, line in enumerate(raw.decode().splitlines(), 1):
            found.append((f"{digest}.{number}", json.loads(line)))
    return found


def fact(entry: dict) -> Fact:
    """What an entry says, without who recorded it when."""
    if entry["kind"] == "void":
        return ("void", entry["entry"])
    if entry["kind"] == "assessed":
        return ("assessed", entry["week"])
    keys = {
        "exempt": ("week", "subject", "note"),
        "task": ("subject", "task", "milestone", "progress", "done", "note"),
        "remedy": ("state", "week", "subject", "measure", "note"),
        "score": ("week", "subject", "item", "note"),
    }[entry["kind"]]
    shown = (e if isinstance(e, str) else e["path"] for e in entry.get("evidence", ()))
    return (entry["kind"], *(str(entry.get(key, "")) for key in keys), *shown)


def facts(book: Path) -> Counter[Fact]:
    """What the ledger says, and how often."""
    return Counter(fact(entry) for _key, entry in entries(batches(book)))

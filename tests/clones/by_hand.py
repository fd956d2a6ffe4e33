"""What a ledger holds, read without qibi: json line by line, seals by their keys, totals by adding up.

The judge of the clones' tests; it shares nothing with the program.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BASE = 100
Files = dict[str, bytes]
Line = dict[str, Any]


def ledger(root: Path) -> Files:
    """Every file of the ledger that anyone would read: path and bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.glob("ledger/*/*/*"))
        if path.suffix != ".tmp"
    }


def seals(root: Path) -> Files:
    """The same of the seals."""
    return {f"seals/{path.name}": path.read_bytes() for path in sorted(root.glob("seals/*.json"))}


def lines(files: Mapping[str, bytes]) -> dict[str, Line]:
    """Entry id: the entry, with its file's path; each file is what its name says."""
    found = {}
    for path, raw in files.items():
        digest = hashlib.sha256(raw).hexdigest()[:16]
        assert path.endswith(f"-{digest}.jsonl"), path
        for number, line in enumerate(raw.decode().removesuffix("\n").split("\n"), 1):
            found[f"{digest}.{number}"] = json.loads(line) | {"path": path}
    return found


def words(entries: Mapping[str, Line]) -> Counter[str]:
    """How often each word stands in a note or measure: once a wish."""
    said = (e.get("note") or e.get("measure") or "" for e in entries.values())
    return Counter(word for text in said for word in text.split() if word[0] == "n" and "x" in word)


def counted(root: Path) -> dict[str, Line]:
    """The entries of the batches that count: all of an open week, of a closed one the sealed ones."""
    files = ledger(root)
    sealed: dict[str, set[str]] = {}
    latest: dict[str, int] = {}
    for raw in seals(root).values():
        seal = json.loads(raw)
        if seal["revision"] > latest.get(seal["week"], 0):
            latest[seal["week"]] = seal["revision"]
            sealed[seal["week"]] = {b["path"] for b in seal["batches"]}
    return {
        key: entry
        for key, entry in lines(files).items()
        if entry["path"] in sealed.get(entry["week"], {entry["path"]})
    }


def live(entries: Mapping[str, Line]) -> dict[str, Line]:
    """Those that no void of their own branch and week cancels."""

    def place(entry: Line) -> tuple[str, str]:
        return entry["week"], entry["branch"]

    cancelled = set()
    for entry in entries.values():
        aim = entries.get(entry.get("entry", ""))
        if entry["kind"] == "void" and aim and aim["kind"] != "void" and place(aim) == place(entry):
            cancelled.add(entry["entry"])
    return {k: e for k, e in entries.items() if k not in cancelled and e["kind"] != "void"}


def totals(root: Path, people: Mapping[str, tuple[str, ...]], week: str) -> dict[str, float]:
    """Each assessed member's total of a week."""
    rows = [e for e in live(counted(root)).values() if e["week"] == week]
    assessed = {e["branch"] for e in rows if e["kind"] == "assessed"}
    exempt = {e["subject"] for e in rows if e["kind"] == "exempt"}
    found = {who: float(BASE) for branch in assessed for who in people[branch] if who not in exempt}
    for entry in rows:
        if entry["kind"] == "score" and entry["subject"] in found:
            found[entry["subject"]] += entry["points"]
    return {who: min(200.0, max(0.0, total)) for who, total in found.items()}

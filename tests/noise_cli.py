"""A noisy sheet through `qibi score`, in this process: what it records, against what the sheet means."""

import json
from pathlib import Path

from noisy_books import BRANCH, RECORDER, WEEK, World
from noisy_files import Outcome, as_bytes, judged, partly
from noisy_sheets import Sheet
from transcripts.harness import Scene


def through_command_line(place: Path, world: World, sheet: Sheet) -> Outcome:
    """What came of scoring the sheet in a book of its own below `place`."""
    place.mkdir()
    scene = Scene(place)
    scene.environment["QIBI_AS"] = RECORDER
    for path, text in world.files.items():
        (scene.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (scene.folder / path).write_text(text, "utf-8")
    name, raw = as_bytes(sheet)
    (scene.folder / name).write_bytes(raw)
    command = ["score", name, "--week", WEEK, "--today", "2026-11-23"]
    command += [] if world.several else ["--branch", BRANCH]
    command += [f"--hidden={sheet.hidden}"] if sheet.hidden else []
    command += [f"--status={sheet.status}"] if sheet.status else []
    terminal, code = scene.qibi([*command, "--lang", "en"])
    entries = [
        json.loads(line)
        for batch in sorted((scene.folder / "ledger").rglob("*.jsonl"))
        for line in batch.read_text("utf-8").splitlines()
    ]
    kinds, told = tuple(sheet.kinds), "".join(terminal.text)
    if code == 1 and not entries:
        return Outcome("refused", kinds, sheet.expect, told)
    if code == 1 and world.several:
        return partly(sheet, kinds, [_brief(e) for e in entries if e["kind"] == "score"], told)
    if code:
        return Outcome("wrong", kinds, sheet.expect, f"exit {code}, {len(entries)} entries\n{told}")
    scores = [_brief(e) for e in entries if e["kind"] == "score"]
    exempt = {e["subject"]: e.get("note", "") for e in entries if e["kind"] == "exempt"}
    return judged(sheet, kinds, scores, exempt)


def _brief(entry: dict) -> tuple:
    """The fields that are compared, as an entry of the ledger holds them."""
    texts = [entry.get(name, "") for name in ("date", "note")]
    people = [entry.get(name, "") for name in ("scored_by", "approved_by")]
    evidence = tuple(entry.get("evidence", ()))
    return (
        entry["subject"],
        entry["item"],
        entry["points"],
        entry.get("count", 1),
        *texts,
        evidence,
        *people,
    )

"""Eight clones of one origin over some weeks: nothing lost, doubled or in conflict.

`QIBI_CLONE_SEEDS` says how many times, each with another seed; the default is what CI runs.
docs/reliability.md has the figures of a longer run.
"""

import json
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path

import by_hand
import pytest
from office import APPROVER, PEOPLE, Desk, Office
from weeks_at_work import WEEKS, at_work

from qibi.proof.audit import audit
from qibi.proof.repository import Repository

SEEDS = int(os.environ.get("QIBI_CLONE_SEEDS", "6"))
CLONES = 8
_MEMBERS = PEOPLE | {"east": (*PEOPLE["east"], APPROVER)}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_clones_lose_double_and_conflict_nothing(seed: int, tmp_path: Path) -> None:
    office = Office(tmp_path, CLONES, seed)
    at_work(office)
    print(dict(sorted(office.done.items())))  # shown where the test fails

    for one, other in pairwise(office.desks):
        assert by_hand.seals(one.root) == by_hand.seals(other.root)
    for desk in office.desks:  # nothing lost and nothing else: file by file, wish by wish
        files = by_hand.ledger(desk.root)
        assert files == office.files
        assert by_hand.words(by_hand.lines(files)) == +office.asked
        assert desk.git("status", "--porcelain") == ""

    rankings = [_ranking(desk) for desk in office.desks]
    assert all(found == rankings[0] for found in rankings)
    assert {row["subject"]: row["total"] for row in rankings[0]["standings"]} == totals(office)

    _checked(office.desks[seed % CLONES])
    desk = office.desks[(seed + 3) % CLONES]
    assert audit(Repository(desk.root, office.environment_of(desk.who))).findings == []


def _ranking(desk: Desk) -> dict:
    """The ranking over all weeks as this clone's qibi has it."""
    code, said = desk.qibi("rank", f"2026-W10..2026-W{9 + WEEKS}", "--format", "json")
    assert code == 0, said
    return json.loads(said[said.index("{") :])


def totals(office: Office) -> dict[str, float]:
    """Each member's total over all weeks, added up by hand."""
    found: Counter[str] = Counter()
    for number in range(WEEKS):
        found.update(by_hand.totals(office.desks[0].root, _MEMBERS, f"2026-W{10 + number}"))
    return dict(found)


def _checked(desk: Desk) -> None:
    """No errors; and whatever was recorded twice by hand is named with both ids."""
    code, said = desk.qibi("check", "--format", "json")
    assert code == 0, said
    findings = json.loads(said[: said.rindex("}") + 1])["findings"]
    assert all(f["level"] == "warning" for f in findings)
    said = [f["message"] + f["path"] for f in findings if f["check"] == "possible-double"]
    entries = by_hand.lines(by_hand.ledger(desk.root))
    live = by_hand.live(entries)
    by_note: dict[str, list[str]] = {}
    for key, entry in live.items():
        if entry["kind"] == "score":
            same = (
                entry["week"],
                entry["subject"],
                entry["item"],
                entry["points"],
                entry.get("note"),
            )
            by_note.setdefault(str(same), []).append(key)
    sealed = {
        (w["path"], w["line"])
        for raw in by_hand.seals(desk.root).values()
        for w in json.loads(raw)["warnings"]
    }
    for keys in by_note.values():
        accepted = any((entries[k]["path"], int(k.split(".")[1])) in sealed for k in keys)
        if len(keys) == 2 and not accepted:
            assert any(all(k in text for k in keys) for text in said), keys

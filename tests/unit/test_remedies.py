"""The life of a remedy: what each step may do, who may take it, and the commands that write it."""

import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from qibi.base.text import width
from qibi.commands import remedy as remedy_command
from qibi.ledger import remedies
from qibi.ledger.batches import Batch, digest, encode_batch, read_weeks
from qibi.ledger.entries import Assessed, Entry, Remedy, Void
from qibi.ledger.remedies import (
    Life,
    batches_with_remedies,
    lives,
    next_id,
    recent_weeks,
    strays,
    unverified,
)
from qibi.ledger.store import write_batch
from transcripts.harness import Scene, tree

WEEK = "2026-W46"


def step(state: str, who: str, hour: int, **fields: str) -> Remedy:
    common = {"week": WEEK, "branch": "outer-1", "recorded_by": who, "remedy": "r-46-1"}
    opening = {"subject": "o1-cp", "owner": "o1-001", "measure": "cover it", "due": "2026-11-18"}
    at = {"recorded_at": f"2026-11-16T{hour:02}:00:00+08:00"}
    given = {**common, **at, "state": state, **(opening if state == "open" else {}), **fields}
    return Remedy(**given)  # type: ignore[arg-type]


def batch(*entries: Entry) -> Batch:
    raw = encode_batch(entries)
    first = entries[0]
    return Batch("", digest(raw), first.week, first.branch, entries)


def life_of(*entries: Remedy) -> Life:
    """The one remedy that these steps are, each in a batch of its own, the latest read first."""
    found = lives([batch(entry) for entry in reversed(entries)])
    assert list(found) == ["r-46-1"]
    return found["r-46-1"]


def test_from_open_to_verified_and_open_again() -> None:
    steps = [
        step("open", "o1-004", 9),
        step("reported", "o1-001", 10),
        step("verified", "o1-004", 11),
        step("reopened", "o1-005", 12, due="2026-11-25"),
        step("reported", "o1-001", 13),
    ]
    states = [life_of(*steps[: n + 1]).state for n in range(len(steps))]
    assert states == ["open", "reported", "verified", "reopened", "reported"]
    life = life_of(*steps)
    assert (life.subject, life.owner, life.measure) == ("o1-cp", "o1-001", "cover it")
    assert life.due == "2026-11-25"
    assert [s.entry for s in life.history] == steps
    assert not any(s.breach for s in life.history)


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([step("verified", "o1-004", 10)], "open"),
        ([step("reported", "o1-002", 10), step("verified", "o1-001", 11)], "reported"),
        ([step("reported", "o1-002", 10), step("verified", "o1-002", 11)], "reported"),
        ([step("reopened", "o1-004", 10)], "open"),
        ([step("open", "o1-004", 10)], "open"),
        ([step("reported", "o1-001", 10), step("open", "o1-004", 11)], "reported"),
    ],
    ids=["unreported", "by its owner", "by who reported it", "never closed", "twice", "late open"],
)
def test_a_step_that_is_not_allowed_changes_nothing_and_is_kept(
    steps: list[Remedy], state: str
) -> None:
    life = life_of(step("open", "o1-004", 9), *steps)
    assert life.state == state
    assert life.history[-1].breach
    assert len(life.history) == len(steps) + 1


def test_who_reported_an_earlier_round_may_verify_a_later_one() -> None:
    steps = [
        step("open", "o1-004", 9),
        step("reported", "o1-002", 10),
        step("reopened", "o1-004", 11),
        step("reported", "o1-001", 12),
        step("verified", "o1-002", 13),
    ]
    assert life_of(*steps).ended


def test_only_reopening_may_name_another_owner() -> None:
    steps = [step("open", "o1-004", 9), step("reported", "o1-002", 10, owner="o1-009")]
    assert life_of(*steps).owner == "o1-001"
    assert life_of(*steps, step("reopened", "o1-004", 11, owner="o1-009")).owner == "o1-009"


def test_steps_of_one_second_go_as_a_life_goes() -> None:
    steps = [step(s, w, 9) for s, w in (("open", "a"), ("reported", "b"), ("verified", "c"))]
    assert life_of(*steps).ended
    assert life_of(*reversed(steps)).ended


def test_a_voided_step_does_not_count() -> None:
    reported = batch(step("reported", "o1-001", 10))
    opened = batch(step("open", "o1-004", 9))

    def void(key: str, week: str = WEEK, branch: str = "outer-1") -> Batch:
        at = "2026-11-16T12:00:00+08:00"
        return batch(
            Void(
                week=week, branch=branch, recorded_by="o1-004", recorded_at=at, entry=key, note="x"
            )
        )

    both = [opened, reported]
    assert lives([*both, void(f"{reported.digest}.1")])["r-46-1"].state == "open"
    assert lives([*both, void(f"{opened.digest}.1")]) == {}
    assert lives([*both, void(f"{reported.digest}.1", branch="outer-2")])["r-46-1"].state == (
        "reported"
    )
    assert len(strays([*both, void(f"{opened.digest}.1")])) == 1
    assert strays(both) == []


def test_one_id_given_twice_is_two_remedies() -> None:
    """Two clones may open r-46-1 each, and merge."""
    other = step("open", "o2-001", 9, branch="outer-2", subject="o2-cp", owner="o2-001")
    reported = step("reported", "o2-001", 10, branch="outer-2", subject="o2-cp")
    found = lives([batch(step("open", "o1-004", 8)), batch(other), batch(reported)])
    assert {key: (v.subject, v.state) for key, v in found.items()} == {
        "r-46-1": ("o1-cp", "open"),
        "r-46-1@2026-W46-outer-2": ("o2-cp", "reported"),
    }


def test_overdue_from_the_day_after() -> None:
    life = life_of(step("open", "o1-004", 9), step("reported", "o1-001", 10))
    assert not life.overdue(date(2026, 11, 18))
    assert life.overdue(date(2026, 11, 19))
    ended = life_of(*(s.entry for s in life.history), step("verified", "o1-004", 11))
    assert not ended.overdue(date(2026, 11, 19))


def test_the_next_id() -> None:
    assert next_id(WEEK, []) == "r-46-1"
    assert next_id(WEEK, ["r-46-1", "r-46-3", "r-45-2"]) == "r-46-2"


def test_those_not_struck_off_the_first_due_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(key: str, week: str, **fields: str) -> Remedy:
        return step("open", "o1-004", 9, remedy=key, week=week, **fields)

    for entry in (
        opened("late", "2026-W45", due="2026-11-20"),
        opened("early", "2026-W46", due="2026-11-18"),
        opened("never", "2026-W45", due=""),
        opened("done", "2026-W44"),
        step("reported", "o1-001", 10, remedy="done", week="2026-W44"),
        step("verified", "o1-004", 11, remedy="done", week="2026-W44"),
    ):
        write_batch(tmp_path, entry.week, entry.branch, [entry])
    assert list(unverified(tmp_path)) == ["early", "late", "never"]
    monkeypatch.setattr(remedies, "RECENT", 1)
    assert recent_weeks(tmp_path) == ["2026-W46"]
    assert recent_weeks(tmp_path, "2026-W45") == ["2026-W45"]
    assert list(unverified(tmp_path)) == ["early"]


def test_only_batches_that_say_anything_of_a_remedy_are_read(tmp_path: Path) -> None:
    stamp = {"week": WEEK, "branch": "outer-1", "recorded_by": "o1-004"}
    at = "2026-11-16T09:00:00+08:00"
    opening, other = step("open", "o1-004", 9), Assessed(**stamp, recorded_at=at)
    there = write_batch(tmp_path, WEEK, "outer-1", [opening])
    write_batch(tmp_path, WEEK, "outer-1", [other])
    void = Void(**stamp, recorded_at=at, entry=f"{there.digest}.1", note="wrong CP")
    assert [b.entries for b in batches_with_remedies(tmp_path, [WEEK])] == [(opening,)]
    write_batch(tmp_path, WEEK, "outer-1", [void])
    assert unverified(tmp_path) == {}


# The commands


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    made.direct("book", "example", [])
    made.environment["QIBI_AS"] = "o1-004"
    made.environment["QIBI_LANG"] = "en"
    shutil.rmtree(made.folder / "seals")
    for path in (made.folder / "ledger").rglob("*.jsonl"):
        if b'"kind":"remedy"' in path.read_bytes():
            path.unlink()  # the example's own remedies are not what is looked at here
    yield made


def run(scene: Scene, *words: str) -> str:
    """What a `qibi remedy` command that succeeds prints; a minute passes."""
    said, code = tried(scene, *words)
    assert code == 0, said
    return said


def tried(scene: Scene, *words: str) -> tuple[str, int]:
    scene.now += timedelta(minutes=1)
    terminal, code = scene.qibi(["remedy", *words])
    return "".join(terminal.text), code


def listed(scene: Scene, *words: str) -> list[dict[str, Any]]:
    found: dict[str, Any] = json.loads(run(scene, "list", *words, "--format", "json"))
    assert (found["qibi"], found["command"]) == (1, "remedy")
    remedies: list[dict[str, Any]] = found["remedies"]
    return remedies


def test_one_for_each_on_the_black_list_once(scene: Scene) -> None:
    terminal, _code = scene.qibi(["lists", "W44", "--format", "json"])
    black = json.loads("".join(terminal.stdout))["lists"]["cp"]["black"]
    before = tree(scene.folder)
    assert "would open r-44-1" in run(scene, "open", "--from-list", "W44", "--dry-run")
    assert tree(scene.folder) == before
    run(scene, "open", "--from-list", "W44")
    found = listed(scene)
    assert {r["subject"] for r in found} == {name["subject"] for name in black}
    assert {r["id"] for r in found} == {f"r-44-{n + 1}" for n in range(len(black))}
    assert {r["due"] for r in found} == {"2026-11-04"}
    assert all(r["owner"] and r["measure"] and r["overdue"] for r in found)
    again = run(scene, "open", "--from-list", "W44")
    assert again.count("already") == len(black)
    assert listed(scene) == found
    shown, _code = scene.qibi(["lists", "W44"])
    assert "r-44-1 open OVERDUE since 4 Nov" in "".join(shown.stdout)


def test_a_verified_one_is_not_opened_again_from_the_list(scene: Scene) -> None:
    run(scene, "open", "--from-list", "W46")
    run(scene, "report", "r-46-1", "--as", "o1-005")
    run(scene, "verify", "r-46-1", "--as", "o1-006")
    run(scene, "open", "--from-list", "W46")
    assert "r-46-1" not in {r["id"] for r in listed(scene)}
    assert len(listed(scene, "--all")) == len(listed(scene)) + 1


def opened(scene: Scene, *more: str) -> None:
    words = ["o1-cp", "--week", "W46", "--measure", "cover the soil", "--due", "2026-11-20"]
    run(scene, "open", *words, "--id", "n-031", *more)


def test_a_life_by_hand(scene: Scene) -> None:
    opened(scene, "--note", "inspection", "--evidence", "notice 031; photo 7")
    run(scene, "report", "n-031", "--as", "o1-001", "--evidence", "photo 9")
    run(scene, "verify", "n-031", "--note", "seen")
    run(scene, "reopen", "n-031", "--note", "bare again", "--due", "2026-11-30")
    (remedy,) = listed(scene, "--subject", "o1-cp")
    assert (remedy["state"], remedy["owner"], remedy["due"]) == ("reopened", "o1-001", "2026-11-30")
    assert [s["state"] for s in remedy["history"]] == ["open", "reported", "verified", "reopened"]
    assert remedy["history"][0]["evidence"] == ["notice 031", "photo 7"]
    batches = read_weeks(scene.folder, [WEEK])
    mine = [b for b in batches if any(isinstance(e, Remedy) for e in b.entries)]
    assert [b.branch for b in mine] == ["outer-1"] * 4
    shown = run(scene, "list", "--subject", "o1-cp")
    assert "bare again" in shown and "photo 9" in shown


@pytest.mark.parametrize(
    ("before", "command", "because"),
    [
        ([], "verify n-031 --as o1-005", "it has not been reported yet"),
        (["report n-031 --as o1-002"], "verify n-031 --as o1-001", "its owner can't verify it"),
        (["report n-031"], "verify n-031", "who reported it can't verify it"),
        (["report n-031"], "report n-031", "it is reported already"),
        (
            ["report n-031", "verify n-031 --as o1-005"],
            "verify n-031 --as o1-006",
            "it is verified already",
        ),
        ([], "reopen n-031 --note no", "it is open already"),
        (["report n-031"], "reopen n-031", "why is it reopened?"),
        ([], "report n-032", "did you mean n-031?"),
        ([], "open o1-cp --measure m --due 2026-11-20 --id n-031", "there is a remedy n-031"),
        ([], "open o1-cp --measure m --id N31 --due 2026-11-20", "'N31' is not an id"),
        ([], "open o1-cp --due 2026-11-20", "what is to be done?"),
        ([], "open o1-001 --measure m", "by when?"),
        ([], "open o1-cp --measure m --due soon", "'soon' is not a date"),
        ([], "open o1-cp --week W46 --measure m --due 2026-11-08", "is before 2026-W46 began"),
        ([], "open outer-1 --measure m --due 2026-11-20", "who owns it?"),
        ([], "open o1-cp --owner nobody --measure m --due 2026-11-20", "nobody"),
        ([], "open", "for whom?"),
        ([], "open o1-cp --from-list W46", "for whom?"),
        ([], "open --from-list W51", "has not begun"),
    ],
)
def test_refused_and_nothing_written(
    scene: Scene, before: list[str], command: str, because: str
) -> None:
    opened(scene)
    for words in before:
        run(scene, *words.split())
    there = tree(scene.folder / "ledger")
    said, code = tried(scene, *command.split())
    assert code == 1
    assert because in said
    assert tree(scene.folder / "ledger") == there


def test_a_clock_that_stands_before_the_last_step_is_refused(scene: Scene) -> None:
    opened(scene)
    run(scene, "report", "n-031", "--as", "o1-001")
    scene.now -= timedelta(minutes=30)
    said, code = tried(scene, "verify", "n-031")
    assert code == 1
    assert "later than now" in said


def test_dry_runs_write_nothing(scene: Scene) -> None:
    opened(scene)
    there = tree(scene.folder / "ledger")
    assert "would be reported" in run(scene, "report", "n-031", "--dry-run")
    opened_too = run(scene, "open", "o1-cp", "--measure", "m", "--due", "2026-11-20", "--dry-run")
    assert "would open r-46-1" in opened_too
    assert tree(scene.folder / "ledger") == there


def test_overdue_ones_first_and_the_list_fits_80_columns(scene: Scene) -> None:
    opened(scene)
    run(
        scene,
        "open",
        "o2-cp",
        "--week",
        "W46",
        "--measure",
        "苫盖裸土并冲洗车辆" * 5,
        "--due",
        "2026-11-30",
    )
    assert [(r["id"], r["overdue"]) for r in listed(scene)] == [("n-031", True), ("r-46-1", False)]
    scene.environment["QIBI_LANG"] = "zh"
    assert all(width(line) <= 80 for line in run(scene, "list").splitlines())


def test_csv(scene: Scene) -> None:
    opened(scene)
    header, row = run(scene, "list", "--format", "csv").splitlines()
    assert len(header.split(",")) == len(row.split(","))
    assert row.startswith("n-031,2026-W46,outer-1,o1-cp,")


def test_the_latest_weeks_are_read_and_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    run(scene, "open", "--from-list", "W44")
    opened(scene)
    monkeypatch.setattr(remedy_command, "RECENT", 1)
    shown = run(scene, "list")
    assert "of the latest 1 weeks; --all reads all" in shown
    assert "n-031" in shown and "r-44-1" not in shown
    everything = run(scene, "list", "--all")
    assert "r-44-1" in everything and "of the latest" not in everything


def test_steps_of_what_nobody_opened_are_counted(scene: Scene) -> None:
    opened(scene)
    (opening,) = [
        f"{b.digest}.1"
        for b in read_weeks(scene.folder, [WEEK])
        if isinstance(b.entries[0], Remedy)
    ]
    run(scene, "report", "n-031")
    terminal, code = scene.qibi(["void", opening, "--reason", "wrong CP"])
    assert code == 0, "".join(terminal.text)
    said = run(scene, "list")
    assert "1 step of a remedy that nobody opened counts for nothing" in said
    assert listed_ids(said) == []


def listed_ids(shown: str) -> list[str]:
    return [line.split()[0] for line in shown.splitlines() if line.startswith(("n-", "r-"))]


# Where they stand out


def status(scene: Scene) -> dict[str, Any]:
    terminal, code = scene.qibi(["status", "--week", "W46", "--format", "json"])
    assert code == 0
    found: dict[str, Any] = json.loads("".join(terminal.stdout))
    return found


def test_status_counts_them_by_branch_and_names_each(scene: Scene) -> None:
    before = status(scene)
    assert {(b["remedies"], b["overdue"]) for b in before["branches"]} == {(0, 0)}
    opened(scene)  # due on 20 November; today is the 23rd
    run(scene, "open", "o1-cp", "--week", "W46", "--measure", "m", "--due", "2026-11-30")
    found = status(scene)
    counts = {b["branch"]: (b["remedies"], b["overdue"]) for b in found["branches"]}
    assert counts.pop("outer-1") == (2, 1)
    assert set(counts.values()) == {(0, 0)}
    assert [(r["id"], r["state"], r["overdue"]) for r in found["remedies"]] == [
        ("n-031", "open", True),
        ("r-46-1", "open", False),
    ]


def test_status_says_the_next_step(scene: Scene) -> None:
    def said() -> str:
        terminal, _code = scene.qibi(["status", "--week", "W46"])
        return "".join(terminal.stdout)

    assert "remed" not in said().lower()
    run(scene, "open", "o1-cp", "--week", "W46", "--measure", "m", "--due", "2026-11-30")
    assert "none is due this week: qibi remedy list" in said()
    opened(scene)
    assert "n-031 OVERDUE since 20 Nov" in said()
    assert "once it is done: qibi remedy report n-031" in said()
    assert "and 1 more: qibi remedy list" in said()
    run(scene, "report", "n-031", "--as", "o1-001")
    assert "n-031 reported, to be verified, OVERDUE since 20 Nov" in said()
    assert "qibi remedy report" not in said()
    assert "to verify it: qibi remedy verify n-031 --as WHO" in said()
    run(scene, "verify", "n-031", "--as", "o1-005")
    assert "n-031" not in said()


def test_lists_name_overdue_ones_of_others_too(scene: Scene) -> None:
    def named() -> tuple[list[str], set[str]]:
        terminal, _code = scene.qibi(["lists", "W46", "--format", "json"])
        cp = json.loads("".join(terminal.stdout))["lists"]["cp"]
        of_black = {r["id"] for name in cp["black"] for r in name["remedies"]}
        return [r["id"] for r in cp["overdue"]], of_black

    run(scene, "open", "--from-list", "W44")
    run(scene, "open", "--from-list", "W46")
    black = {r["id"] for r in listed(scene) if r["week"] == WEEK}
    earlier = sorted(r["id"] for r in listed(scene) if r["week"] != WEEK)
    overdue, of_black = named()
    assert black <= of_black
    assert sorted({*overdue, *of_black}) == sorted({*black, *earlier})
    assert not set(overdue) & of_black
    assert overdue, "the example has a CP on the black list of W44 and not on that of W46"
    run(scene, "report", overdue[0], "--as", "o1-005")
    run(scene, "verify", overdue[0], "--as", "o1-006")
    assert overdue[0] not in named()[0]

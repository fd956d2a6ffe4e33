"""Moments that can't be: each is a finding of `check` and `audit`, and no command stumbles over one."""

import hashlib
import json
from datetime import datetime

import pytest

from transcripts.harness import CHINA, Scene

COMMANDS = """
log W46
log --late W46
show bob
why bob
rank W46
rank 2026
status
status --week W46
lists W46
board -o ../board
minutes -o ../minutes.md
pack -o ../pack
export W46 --format json
export W46 --entries --format csv
remedy list
task list
sheet -o ../sheets
score --no-events --week W45 --branch east --dry-run
close W46 --dry-run
audit
doctor
""".strip().splitlines()
EXTREMES = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00-23:59",
    "0001-01-01T00:00:00.000000001Z",
    "1970-01-01T08:00:00+08:00",
    "1999-12-31T23:59:59+00:00",
    "2026-11-29T09:00:00+08:00",
    "2027-11-23T09:00:00+08:00",
    "9999-12-31T23:59:59-12:00",
    "9999-12-31T23:59:59+23:59",
    "9999-12-31T23:59:59.999999999-23:59",
)
NO_MOMENT = (
    "2026-11-16T09:00:60+08:00",
    "2026-11-16T24:00:00+08:00",
    "2026-11-16T09:00:00+24:00",
    "2026-11-16T09:00:00+05:99",
    "2026-11-16T09:00:00",
    "2026-02-30T09:00:00+08:00",
)


def batch_of(scene: Scene, moment: str) -> str:
    """A batch with an entry of each kind, of this moment; its path."""
    stamp = {"week": "2026-W46", "branch": "east", "recorded_by": "e-ann", "recorded_at": moment}
    lines: list[dict[str, object]] = [
        {"kind": "assessed"},
        {"kind": "score", "subject": "e-bob", "item": "site.tidy", "points": 1},
        {"kind": "score", "subject": "e-bob", "item": "study", "points": 9},
        {"kind": "exempt", "subject": "e-cora", "note": "ill"},
        {"kind": "task", "subject": "east-cp", "task": "t1", "done": "2026-11-12"},
        {"kind": "remedy", "remedy": "r1", "state": "open", "subject": "e-bob", "owner": "e-ann", "due": "2026-11-20"},
        {"kind": "void", "entry": "f91d600300a98c31.2", "note": "no"},
    ]  # fmt: skip
    raw = b"".join(
        json.dumps(line | stamp, separators=(",", ":")).encode() + b"\n" for line in lines
    )
    path = f"ledger/2026/W46/east-{hashlib.sha256(raw).hexdigest()[:16]}.jsonl"
    (scene.folder / path).write_bytes(raw)
    return path


def test_moments_that_can_not_be_are_findings_and_stop_nothing(scene: Scene) -> None:
    places = [f"{batch_of(scene, moment)}:1: {{}}recorded_at is {moment}" for moment in EXTREMES]
    printed = scene.run("qibi check")
    assert "[exit 1]" in printed and all(p.format("error: ") in printed for p in places), printed
    scene.direct("run", "git add . && git commit -qm batches", [])
    for command in COMMANDS:  # the scene itself fails where one ends in a bug report
        printed = scene.run(f"qibi {command}")
        assert "[exit 2]" not in printed, (command, printed)
    printed = scene.run("qibi audit")
    assert "[exit 1]" in printed and all(p.format("") in printed for p in places), printed


def test_what_is_void_is_a_warning_and_no_error(scene: Scene) -> None:
    path = batch_of(scene, "1970-01-01T08:00:00+08:00")
    key = path[-22:-6]
    for line in range(1, 7):
        scene.run(f"qibi void {key}.{line} --reason clock")
    printed = scene.run("qibi check")
    assert printed.count("warning: recorded_at is 1970") == 7 and "exit" not in printed
    scene.direct("run", "git add . && git commit -qm batch", [])
    assert f"{path}:1: recorded_at is 1970" in scene.run("qibi audit")


@pytest.mark.parametrize("moment", NO_MOMENT)
def test_what_is_no_moment_is_refused_as_such(scene: Scene, moment: str) -> None:
    path = batch_of(scene, moment)
    assert f"{path}:1: recorded_at '{moment}' is not a time" in scene.run("qibi log W46")


@pytest.mark.parametrize("now", ["1970-01-01 08:00", "1999-12-31 08:00", "2100-01-02 08:00"])
def test_nothing_is_recorded_by_a_clock_that_can_not_be(scene: Scene, now: str) -> None:
    scene.direct("now", now, [])
    scene.environment["QIBI_TODAY"] = "2026-11-23"
    for command in ('score -e "e-bob tidy" --week W46', "exempt e-bob --week W46 --reason ill"):
        printed = scene.run(f"qibi {command}")
        assert f"the clock of this machine says {now[:4]}" in printed and "[exit 2]" in printed


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-23 08:40", "the last seal, seals/2026-W45.json, is of 2026-11-23T09:01"),
        ("2026-11-22 09:00", "the last seal, seals/2026-W45.json, is of 2026-11-23T09:01"),
        ("2027-11-26 09:00", "a year after everything in this book"),
        ("2026-11-23 08:55", ""),
        ("2027-11-20 09:00", ""),
    ],
)
def test_close_refuses_a_clock_behind_the_last_seal_or_a_year_ahead(
    scene: Scene, now: str, said: str
) -> None:
    assert "is closed" in scene.run("qibi close W45")
    scene.direct("now", now, [])
    printed = scene.run("qibi close W46 --today 2026-11-24")
    if said:
        assert said in printed and "set the clock" in printed and "[exit 2]" in printed
        assert not (scene.folder / "seals/2026-W46.json").exists()
    else:
        assert "is closed" in printed and "[exit" not in printed
    if now.startswith("2027"):  # a clock that is right: a commit says so
        scene.direct("run", "git commit -q --allow-empty -m 'a year later'", [])
        assert "exit 2" not in scene.run("qibi close W46")


@pytest.mark.parametrize(
    "command",
    [
        'score -e "e-bob study 6" --week W46',
        'score -e "e-bob study 6" --week W46 --dry-run',
        "score week.csv --add --week W46",
    ],
)
def test_a_later_score_from_a_slower_clock_is_told(scene: Scene, command: str) -> None:
    standing = set((scene.folder / "ledger/2026/W46").glob("east-*"))
    scene.run('qibi score -e "e-bob study 8" --week W46')
    (first,) = set((scene.folder / "ledger/2026/W46").glob("east-*")) - standing
    scene.now = datetime(2026, 11, 23, 8, 0, tzinfo=CHINA)
    scene.direct("file", "week.csv", ["name,item,points", "e-bob,study,6"])
    printed = scene.run(f"qibi {command}")
    key = f"{first.name[-22:-18]}.1"
    assert f"{key} still counts: its clock showed 2026-11-23 09:01:00" in printed, printed
    if "--dry-run" not in command:
        scene.run(f"qibi void {key} --reason clock")
        assert "Study 6" in scene.run("qibi show e-bob --week W46")

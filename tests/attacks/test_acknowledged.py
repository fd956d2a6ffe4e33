"""The way back from an honest accident, by the command line on real git: what an audit finds is explained, and no more."""

import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from unittest import mock

import cheats
import pytest
from world import BRANCHES, World

from qibi.cli.app import main
from qibi.cli.surroundings import Surroundings
from qibi.ledger.seals import encode_seal

NOW = datetime.fromisoformat("2026-06-20T09:00:00+08:00")
Accident = Callable[[World], None]


def qibi(world: World, *arguments: str) -> tuple[int, str]:
    """Exit code and what a command printed, as cora."""
    world.clock += 1
    out = io.StringIO()
    around = Surroundings(
        environment=world.environment
        | {"QIBI_AS": "cora", "QIBI_LANG": "en", "QIBI_CACHE": str(world.verdicts or "")},
        folder=world.root,
        now=lambda: NOW,
        stdin=io.StringIO(),
        stdout=out,
        stderr=out,
    )
    return main(list(arguments), around), out.getvalue()


def ids(world: World) -> list[str]:
    """The ids of all findings that are not acknowledged."""
    _code, text = qibi(world, "audit", "--format", "json")
    found = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return [finding["id"] for part in found["parts"] for finding in part["findings"]]


def _changed_and_back(world: World, change: Callable[[Path], object]) -> None:
    path = world.root / world.batches()[0]
    raw = path.read_bytes()
    change(path)
    world.commit("oops")
    path.unlink(missing_ok=True)
    path.write_bytes(raw)
    path.chmod(0o644)
    world.commit("back")


def edited(world: World) -> None:
    _changed_and_back(world, lambda path: path.write_bytes(path.read_bytes()[:-2] + b"\n"))


def re_encoded(world: World) -> None:
    _changed_and_back(
        world,
        lambda path: path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n")),
    )


def re_moded(world: World) -> None:
    _changed_and_back(world, lambda path: path.chmod(0o755))


def deleted(world: World) -> None:
    _changed_and_back(world, lambda path: path.unlink())


def linked(world: World) -> None:
    def link(path: Path) -> None:
        path.unlink()
        path.symlink_to("elsewhere")

    _changed_and_back(world, link)


def stray(world: World) -> None:
    """A sheet that was laid into the ledger, by a name that is no UTF-8, and taken out again."""
    path = Path(str(world.root / "ledger" / "2026") + "/\udcb1\udced.csv")
    path.write_bytes(b"ann,1\n")
    world.commit("oops")
    path.unlink()
    world.commit("back")


def seal_deleted(world: World) -> None:
    world.git("rm", "-q", "seals/2026-W10.json")
    world.commit("oops")
    world.git("revert", "--no-edit", "HEAD")


def merged_away(world: World) -> None:
    """A merge drops what one side had recorded, and the next commit brings it back."""
    cheats.merge_ours(world)
    world.git("checkout", "-q", "side", "--", "ledger")
    world.commit("back")


def wrong_clock(world: World) -> None:
    """A week is closed by a clock that is years ahead, and the next one by one that is right.

    So an earlier qibi did it, which asked nothing of the clock.
    """
    for week, at in (("2026-W20", "2029-01-01T00:00:00+08:00"), ("2026-W21", "")):
        for branch in BRANCHES:
            world.score(week, branch)
        with mock.patch("qibi.proof.closing._refuse_clock"):
            world.close(week, forge=lambda seal, at=at: at and seal.update(closed_at=at))


def batch_lost(world: World) -> None:
    """A batch that a seal lists was never pushed, and its disk is gone."""
    world.git("rm", "-q", world.batches("2026-W10")[0])
    world.commit("as it is")


def batch_damaged(world: World) -> None:
    """A batch of an open week holds other bytes than its name says, for good."""
    world.score("2026-W22", "east")
    path = world.root / world.batches("2026-W22")[0]
    path.write_bytes(path.read_bytes()[:-2] + b"\n")
    world.commit("as it is")


def evidence_lost(world: World) -> None:
    cheats.swapped_evidence(world)


def seal_of_other_results(world: World) -> None:
    """A seal says that a list was another than it comes to."""
    cheats._forged(world, lambda seal: seal["lists"]["member"]["red"].clear())


MENDED: tuple[Accident, ...] = (
    *(edited, re_encoded, re_moded, deleted, linked, stray, seal_deleted, merged_away, wrong_clock),
    seal_of_other_results,
)
STANDING: tuple[Accident, ...] = (
    batch_lost,
    batch_damaged,
    evidence_lost,
)  # in the book itself still


@pytest.mark.parametrize("accident", [*MENDED, *STANDING], ids=lambda a: a.__name__)
def test_what_is_acknowledged_is_shown_and_the_same_again_is_found(
    world: World, accident: Accident
) -> None:
    accident(world)
    found = ids(world)
    assert found and found == ids(world), "the same in each audit"
    qibi(world, "--lang", "zh", "audit")
    said = ("--reason", "an accident", "--approved-by", "finn")
    code, text = qibi(world, "acknowledge", *found, *said)
    assert code == 0, text
    assert world.git("status", "--porcelain") == ""
    assert ids(world) == []
    assert qibi(world, "audit")[0] == 1
    code, text = qibi(world, "audit", "--accept-acknowledged", "--format", "md")
    assert code == 0
    assert f"holds except {len(found)} acknowledged" in text
    assert all(words in text for words in (*found, "an accident", "cora", "approved by finn"))
    before = world.git("rev-parse", "HEAD")
    assert qibi(world, "acknowledge", *found, *said)[0] == 0
    assert world.git("rev-parse", "HEAD") == before, "doubled"
    assert qibi(world, "check")[0] == (accident in STANDING and accident is not batch_lost)
    edited(world)
    assert len(ids(world)) == 2
    assert qibi(world, "audit", "--accept-acknowledged")[0] == 1


def test_weeks_are_closed_after_it(world: World) -> None:
    wrong_clock(world)
    qibi(world, "acknowledge", *ids(world), "--reason", "a clock", "--approved-by", "finn")
    for branch in BRANCHES:
        world.score("2026-W22", branch)
    code, text = qibi(world, "close", "W22")
    assert code == 0, text
    assert ids(world) == []


def test_a_book_without_seals_begins_its_chain_with_it(tmp_path: Path) -> None:
    world = World.make(tmp_path / "book")
    for branch in BRANCHES:
        world.score("2026-W10", branch)
    deleted(world)
    assert (
        qibi(world, "acknowledge", *ids(world), "--reason", "oops", "--approved-by", "finn")[0] == 0
    )
    assert qibi(world, "close", "W10")[0] == 0
    assert qibi(world, "audit", "--accept-acknowledged")[0] == 0


def test_after_a_kill_the_same_command_completes_it(world: World) -> None:
    edited(world)
    found = ids(world)
    said = ("acknowledge", *found, "--reason", "an accident", "--approved-by", "finn")
    hook = world.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert qibi(world, *said)[0] == 2  # written, and in no commit
    raw = (world.root / "seals" / "acknowledged-1.json").read_bytes()
    hook.unlink()
    assert qibi(world, *said)[0] == 0
    assert (world.root / "seals" / "acknowledged-1.json").read_bytes() == raw
    assert not (world.root / "seals" / "acknowledged-2.json").exists()
    assert qibi(world, "audit", "--accept-acknowledged")[0] == 0


def test_one_that_became_idle_is_acknowledged_in_turn(world: World) -> None:
    """What was acknowledged as it stood was put right after all."""
    batch_lost(world)
    said = ("--reason", "lost", "--approved-by", "finn")
    qibi(world, "acknowledge", *ids(world), *said)
    world.git("revert", "--no-edit", "HEAD~1")
    assert ids(world), "the acknowledgement is idle, and the batch was gone"
    assert qibi(world, "acknowledge", *ids(world), *said)[0] == 0
    assert qibi(world, "audit", "--accept-acknowledged")[0] == 0


NOTHING = (
    cheats.acknowledged_by_its_approver,
    cheats.acknowledged_by_whoever_caused_it,
    cheats.acknowledged_by_a_stranger,
    cheats.acknowledged_without_a_reason,
    cheats.acknowledged_out_of_the_chain,
    cheats.acknowledged_in_general,
    cheats.acknowledgement_removed,
)


@pytest.mark.parametrize("cheat", NOTHING, ids=lambda a: a.__name__)
def test_one_that_is_not_sound_acknowledges_nothing(world: World, cheat: cheats.Attack) -> None:
    cheat(world)
    found = world.audit()
    assert found.acknowledged == []
    assert sum(f.code == "history" for f in found.findings) >= 2


@pytest.mark.parametrize(
    ("cheat", "why"),
    [(cheats.forged_object, "object"), (cheats.definition_under_closed_week, "closed-definitions")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_bound_to_no_digest_cannot_be_acknowledged(
    world: World, cheat: cheats.Attack, why: str
) -> None:
    cheat(world)
    unbound = [finding for finding in world.audit().findings if finding.code == why]
    names = world.audit().names
    assert unbound and not any(names[finding].about for finding in unbound)
    key = names[unbound[0]].id
    code, text = qibi(world, "acknowledge", key, "--reason", "x", "--approved-by", "finn")
    assert code == 1 and "this can't be acknowledged" in text


def test_an_id_is_one_thing_whatever_else_is_written(world: World) -> None:
    """Two findings of one seal have two ids, and an acknowledgement's bytes are those that qibi writes."""
    cheats._forged(
        world, lambda seal: seal.update(closed_by="zoe", closed_at="2026-05-01T00:00:00+08:00")
    )
    found = ids(world)
    assert len(found) == len(set(found)) > 1
    path = world.root / world.acknowledge(world.audit().findings)
    path.write_bytes(encode_seal(json.loads(path.read_bytes())).replace(b'": ', b'":  '))
    world.commit("another spelling")
    assert world.audit().acknowledged == []

"""What a cheat would do to a book: each takes a `World` and leaves it cheated, or says it can't be done there.

`CLEAN_INSIDE` lists the attacks that leave a history which is sound in itself; only a digest that was
published earlier tells.
"""

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
from world import BRANCHES, World

from qibi.base.findings import Finding
from qibi.ledger.seals import encode_seal, finding_id
from qibi.scoring.engine import RULES

Attack = Callable[[World], None]
WEEK = "2026-W20"  # one that no history has: for cheats that begin with an honest week of their own


def _victim(world: World) -> str:
    return world.dice.choice(world.batches())


def _lines(world: World, path: str) -> list[bytes]:
    return (world.root / path).read_bytes().splitlines(keepends=True)


def _raised(line: bytes) -> bytes:
    entry = json.loads(line)
    entry["points"], entry["count"] = 6, 6
    entry["item"] = "order.tidy"
    entry["note"] = "raised"
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def _scores(lines: list[bytes]) -> list[int]:
    return [n for n, line in enumerate(lines) if b'"kind":"score"' in line]


def edited_line(world: World) -> None:
    """A line says something else; the file keeps its name."""
    path = _victim(world)
    lines = _lines(world, path)
    number = world.dice.choice(_scores(lines))
    lines[number] = _raised(lines[number])
    (world.root / path).write_bytes(b"".join(lines))
    world.commit("tidy up")


def edited_and_renamed(world: World) -> None:
    """A line says something else, and the file bears the name of its new content."""
    path = _victim(world)
    lines = _lines(world, path)
    number = world.dice.choice(_scores(lines))
    lines[number] = _raised(lines[number])
    world.adopt(b"".join(lines), path)
    world.commit("tidy up")


def inserted_line(world: World) -> None:
    """A line more."""
    path = _victim(world)
    lines = _lines(world, path)
    lines.insert(_scores(lines)[0], _raised(lines[_scores(lines)[0]]))
    (world.root / path).write_bytes(b"".join(lines))
    world.commit("tidy up")


def deleted_line(world: World) -> None:
    """A line less."""
    path = _victim(world)
    lines = _lines(world, path)
    del lines[world.dice.choice(_scores(lines))]
    (world.root / path).write_bytes(b"".join(lines))
    world.commit("tidy up")


def reordered_lines(world: World) -> None:
    """The same lines in another order: ids would point elsewhere."""
    path = _victim(world)
    while (lines := _lines(world, path)) == lines[
        ::-1
    ]:  # two alike: reversed they are as they were
        path = _victim(world)
    (world.root / path).write_bytes(b"".join(reversed(lines)))
    world.commit("tidy up")


def deleted_file(world: World) -> None:
    """A batch is gone."""
    world.git("rm", "-q", _victim(world))
    world.commit("tidy up")


def renamed_file(world: World) -> None:
    """A batch bears another branch's name."""
    path = _victim(world)
    other = "west" if "/east-" in path else "east"
    world.git("mv", path, path.replace("/east-", f"/{other}-").replace("/west-", f"/{other}-"))
    world.commit("tidy up")


def moved_to_another_week(world: World) -> None:
    """A batch stands in another week's folder."""
    path = _victim(world)
    target = world.root / "ledger/2026/W20" / Path(path).name
    target.parent.mkdir(parents=True, exist_ok=True)
    (world.root / path).rename(target)
    world.commit("tidy up")


def re_moded(world: World) -> None:
    """A batch is made executable: the same content, another entry in the tree."""
    path = _victim(world)
    world.git("update-index", "--chmod=+x", path)
    (world.root / path).chmod(0o755)
    world.git("commit", "-q", "-m", "tidy up")


def symlinked(world: World) -> None:
    """A batch is a link to content that can change outside the ledger."""
    path = _victim(world)
    (world.root / "evidence" / "copy.txt").write_bytes((world.root / path).read_bytes())
    (world.root / path).unlink()
    (world.root / path).symlink_to("../../../evidence/copy.txt")
    world.commit("tidy up")


def delete_and_revert(world: World) -> None:
    """Gone for one commit, in which something could be read out; then restored."""
    world.git("rm", "-q", _victim(world))
    world.commit("tidy up")
    world.clock += 1
    world.git("revert", "--no-edit", "HEAD")


def evil_merge(world: World) -> None:
    """A merge that changes a batch which neither side had touched."""
    path = _victim(world)
    world.git("checkout", "-q", "-b", "side")
    (world.root / "README.md").write_text("side\n")
    world.commit("a readme")
    world.git("checkout", "-q", "main")
    (world.root / "NOTES.md").write_text("main\n")
    world.commit("notes")
    world.git("merge", "-q", "--no-ff", "--no-commit", "side")
    lines = _lines(world, path)
    (world.root / path).write_bytes(b"".join(lines[:-1]) or lines[0])
    world.commit("merge side")


def merge_ours(world: World) -> None:
    """`-s ours`: the other side's batch is in the history and in no tree since."""
    world.git("checkout", "-q", "-b", "side")
    world.score("2026-W20", "east")
    world.git("checkout", "-q", "main")
    world.clock += 1
    world.git("merge", "-q", "-s", "ours", "--no-ff", "-m", "merge side", "side")


def junk_in_ledger(world: World) -> None:
    """A file that is no batch."""
    (world.root / "ledger" / "2026" / "totals.csv").write_text("ann,999\n")
    world.commit("totals")


def submodule_in_ledger(world: World) -> None:
    """A folder of the ledger that is another repository's commit."""
    commit = world.git("rev-parse", "HEAD")
    world.git("update-index", "--add", "--cacheinfo", f"160000,{commit},ledger/2026/W21")
    world.git("commit", "-q", "-m", "more")


def _sealed(world: World) -> list[str]:
    return sorted(p.name for p in (world.root / "seals").glob("*.json"))


def own_rules(world: World) -> None:
    """A seal names, in place of the rules' digest, a file of SQL that the book brings along."""
    rules = world.root / "evidence" / "own.sql"
    rules.write_bytes(RULES.read_bytes() + b"-- and whatever suits\n")
    _forged(world, lambda seal: seal.update(rules=str(rules.with_suffix(""))))


def closed_by_a_stranger(world: World) -> None:
    """A seal says that somebody closed it whom the book does not know."""
    _forged(world, lambda seal: seal.update(closed_by="zoe"))


def closed_before_the_one_before(world: World) -> None:
    """A seal says that it was closed two days before the one that it follows."""
    _forged(world, lambda seal: seal.update(closed_at="2026-05-30T00:00:00+08:00"))


def other_definition_files(world: World) -> None:
    """A seal says of a definition file that it was another one; the digest of all is right."""
    _forged(world, lambda seal: seal["definition_files"].update({"branches/east.yaml": "0" * 64}))


def warning_of_another_week(world: World) -> None:
    """A seal accepts a warning about a line of another week, which no check shows any more."""
    accepted = {"code": "possible-double", "path": world.batches("2026-W10")[0], "line": 1}
    _forged(world, lambda seal: seal["warnings"].append(accepted))


def warning_of_no_line(world: World) -> None:
    """A seal accepts a warning about a line that its batch does not have."""
    _forged(
        world,
        lambda seal: seal["warnings"].append(
            {"code": "misfit", "path": seal["batches"][0]["path"], "line": 99}
        ),
    )


def place_of_true(world: World) -> None:
    """A place is `true`, which many a program takes for 1."""
    _forged(world, lambda seal: seal["standings"]["member"][0].update(rank=True))


def key_more(world: World) -> None:
    """A seal says more than qibi reads, for whoever reads it otherwise."""
    _forged(world, lambda seal: seal.update(read_out={"member": ["eve"]}))


def policy_of_a_moment(world: World) -> None:
    """The lists are read out by a policy that was in qibi.yaml while the week was closed, and never in git."""
    _by_policy(world, "{member: {red: {top: 5}}}")


def policy_left_out(world: World) -> None:
    """The seal has no lists: nobody is on the black one."""
    _by_policy(world, "{}")


def _by_policy(world: World, policy: str) -> None:
    path = world.root / "qibi.yaml"
    text = path.read_text()
    for branch in BRANCHES:
        world.score(WEEK, branch)
    head = text.split("lists:")[0]
    path.write_text(f"{head}lists: {policy}\n")
    world.close(WEEK, commit=False)
    path.write_text(text)
    world.commit("close")


def correction_of_other_batches(world: World) -> None:
    """A correction does not name the batch that it takes in."""
    _corrected(world, lambda seal: seal["changes"].update(batches=[]))


def correction_approved_by_a_stranger(world: World) -> None:
    """A correction was approved by somebody whom the book does not know."""
    _corrected(world, lambda seal: seal["changes"].update(approved_by="zoe"))


def correction_approved_by_its_recorder(world: World) -> None:
    """A correction was approved by whoever recorded all of it."""
    _corrected(world, lambda seal: seal["changes"].update(approved_by=BRANCHES["east"][0]))


def correction_of_nothing(world: World) -> None:
    """A correction that takes nothing in: for a later time, or another approval, on the board."""
    _closed_week(world)
    with mock.patch("qibi.proof.closing._refuse_idle_correction"):
        world.close(WEEK, approved_by="finn")


def _corrected(world: World, forge: Callable[[dict[str, Any]], object]) -> None:
    """A closed week is corrected with a seal that is honest but for one thing."""
    _closed_week(world)
    world.score(WEEK, "east", assessed=False)
    world.close(WEEK, approved_by="finn", forge=forge)


def _forged(world: World, forge: Callable[[dict[str, Any]], object]) -> None:
    """An honest week is closed with a seal that is honest but for one thing."""
    for branch in BRANCHES:
        world.score(WEEK, branch)
    world.close(WEEK, forge=forge)


def _closed_week(world: World) -> None:
    for branch in BRANCHES:
        world.score(WEEK, branch)
    world.close(WEEK)


def edited_seal(world: World) -> None:
    """Another total was read out, says the seal now."""
    path = world.root / "seals" / world.dice.choice(_sealed(world))
    seal = json.loads(path.read_bytes())
    seal["standings"]["member"][0]["total"] += 1
    path.write_text(json.dumps(seal))
    world.commit("tidy up")


def deleted_seal(world: World) -> None:
    """A week is open again."""
    world.git("rm", "-q", f"seals/{world.dice.choice(_sealed(world))}")
    world.commit("tidy up")


def second_chain(world: World) -> None:
    """A seal that follows one which has a follower already."""
    first = json.loads((world.root / "seals" / _sealed(world)[0]).read_bytes())
    first["week"], first["batches"] = "2026-W30", []
    (world.root / "seals" / "2026-W30.json").write_text(json.dumps(first))
    world.commit("another")


def seal_of_nothing_true(world: World) -> None:
    """A well-formed seal at the end of the chain whose standings nobody computed."""
    import hashlib

    from qibi.ledger.seals import chain

    files = {f"seals/{n}": (world.root / "seals" / n).read_bytes() for n in _sealed(world)}
    last = chain(files)[0][-1]
    seal = json.loads(files[last.path])
    seal["revision"] += 1
    seal["previous"] = hashlib.sha256(files[last.path]).hexdigest()
    seal["standings"]["member"][0]["total"] = 199
    seal["changes"] = {
        "approved_by": "finn",
        "note": "",
        "batches": [],
        "subjects": [],
        "lists": {},
    }
    name = f"seals/{seal['week']}.r{seal['revision']}.json"
    (world.root / name).write_text(json.dumps(seal))
    world.commit("correct")


def definition_under_closed_week(world: World) -> None:
    """A scheme in force in a closed week has other limits."""
    path = world.root / "scheme" / "2026-W01.yaml"
    path.write_text(path.read_text().replace("base: 10", "base: 11"))
    world.commit("tidy up")


def member_under_closed_week(world: World) -> None:
    """Somebody was never there."""
    path = world.root / "branches" / "west.yaml"
    path.write_text(
        path.read_text().replace("  - {id: finn}\n", "  - {id: finn, since: 2026-W40}\n")
    )
    world.commit("tidy up")


def definition_under_corrected_week(world: World) -> None:
    """A scheme in force in a closed week has another item, and a correction that uses it pins the new one."""
    _closed_week(world)
    path = world.root / "scheme" / "2026-W01.yaml"
    (path.parent / f"{WEEK}.yaml").write_text(
        path.read_text() + "      - {id: gift, points: 150}\n"
    )
    world.commit("a gift")
    world.score(WEEK, "east", assessed=False)
    with mock.patch("qibi.proof.closing.pinned"):
        world.close(WEEK, approved_by="finn")


def amended_after_a_seal(world: World) -> None:
    """The commit that added a sealed batch is amended, and what came after rebased onto it."""
    path = world.batches("2026-W10")[0]
    added = world.git("log", "--format=%H", "--diff-filter=A", "--", path).splitlines()[-1]
    tip = world.git("rev-parse", "HEAD")
    world.git("checkout", "-q", added)
    lines = _lines(world, path)
    number = _scores(lines)[0]
    lines[number] = _raised(lines[number])
    world.adopt(b"".join(lines), path)
    world.git("add", "--all")
    world.clock += 1
    world.git("commit", "-q", "--amend", "-m", "as it was")
    new = world.git("rev-parse", "HEAD")
    world.git("checkout", "-q", "-B", "main", tip)
    world.git("rebase", "-q", "--rebase-merges", "--onto", new, added)


def dropped_by_rebase(world: World) -> None:
    """The commit that added a sealed batch is left out of a rebased history."""
    path = world.batches("2026-W10")[0]
    added = world.git("log", "--format=%H", "--diff-filter=A", "--", path).splitlines()[-1]
    world.git("rebase", "-q", "--rebase-merges", "--onto", f"{added}^", added)


def new_root(world: World) -> None:
    """An orphan history with other entries, closed anew: sound in itself, but not what was published."""
    lines_of = {path: _lines(world, path) for path in world.batches()}
    weeks = {"-".join(p.split("/")[1:3]) for p in lines_of}
    closed = sorted({n[:8] for n in _sealed(world)})
    world.git("checkout", "-q", "--orphan", "fresh")
    for name in _sealed(world):
        (world.root / "seals" / name).unlink()
    path = world.batches(min(weeks))[0]
    lines = lines_of[path]
    number = _scores(lines)[0]
    lines[number] = _raised(lines[number])
    world.adopt(b"".join(lines), path)
    world.commit("a book")
    for week in closed:
        world.close(week)


def swapped_evidence(world: World) -> None:
    """The letter that an entry names says something else."""
    import hashlib

    from qibi.ledger.entries import File, Score
    from qibi.ledger.store import write_batch

    letter = world.root / "evidence" / "letter.txt"
    score = Score(
        week="2026-W22",
        branch="east",
        recorded_by="ann",
        recorded_at=world.moment(),
        subject="bob",
        item="order.tidy",
        points=1,
        evidence=(
            File(
                kind="letter",
                path="evidence/letter.txt",
                sha256=hashlib.sha256(letter.read_bytes()).hexdigest(),
            ),
        ),
    )
    write_batch(world.root, "2026-W22", "east", [score])
    world.commit("a letter")
    assert not world.audit().findings, "the letter itself is fine"
    letter.write_text("a letter of complaint\n")
    world.commit("tidy up")


def forged_object(world: World) -> None:
    """An object's file holds other bytes than its id says."""
    path = _victim(world)
    key = world.git("rev-parse", f"HEAD:{path}")
    lines = _lines(world, path)
    lines[_scores(lines)[0]] = _raised(lines[_scores(lines)[0]])
    raw = b"".join(lines)
    loose = world.root / ".git" / "objects" / key[:2] / key[2:]
    loose.chmod(0o644)
    loose.write_bytes(zlib.compress(b"blob %d\0" % len(raw) + raw))


def _scored(world: World, moment: str, path: str = "", of: str = "qibi.yaml") -> None:
    """A score of a moment, with a file as its evidence that bears the digest of what stands there."""
    import hashlib

    from qibi.ledger.entries import File, Score
    from qibi.ledger.store import write_batch

    sha256 = hashlib.sha256((world.root / of).read_bytes()).hexdigest()
    score = Score(
        week="2026-W22",
        branch="east",
        recorded_by="ann",
        recorded_at=moment,
        subject="bob",
        item="order.tidy",
        points=1,
        evidence=(File(kind="document", path=path, sha256=sha256),) if path else (),
    )
    write_batch(world.root, "2026-W22", "east", [score])
    world.commit("more")


def recorded_at_no_moment_that_can_be(world: World) -> None:
    """An entry of a clock that stood still, or that runs years ahead, so that it is the latest for good."""
    moments = (
        "0001-01-01T00:00:00+14:00",
        "1970-01-01T08:00:00+08:00",
        "2099-06-01T09:00:00+08:00",
        "9999-12-31T23:59:59-12:00",
    )
    _scored(world, world.dice.choice(moments))


def closed_at_no_moment_that_can_be(world: World) -> None:
    """A seal of a clock that runs years ahead."""
    _forged(world, lambda seal: seal.update(closed_at="2099-06-01T09:00:00+08:00"))


def evidence_of_its_own_records(world: World) -> None:
    """An entry names a definition or a batch as its evidence, whose digest always agrees."""
    batch = _victim(world)
    path = world.dice.choice(("qibi.yaml", "branches/east.yaml", batch))
    _scored(world, world.moment(), path, of=path)


def evidence_in_another_case(world: World) -> None:
    """An entry names a batch as its evidence as Windows and macOS would find it too."""
    path = _victim(world)
    _scored(world, world.moment(), path.replace("ledger", "Ledger"), of=path)


def linked_definition(world: World) -> None:
    """A definition is a link to a file that is no part of the book, and can be changed any day."""
    path = world.root / world.dice.choice(("branches/west.yaml", "qibi.yaml"))
    (world.root / "elsewhere").write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(world.root / "elsewhere")
    world.commit("tidy up")


def linked_evidence(world: World) -> None:
    """What an entry names as its evidence is a link to a file with these bytes."""
    _scored(world, world.moment(), "evidence/letter.txt", of="evidence/letter.txt")
    (world.root / "evidence/letter.txt").rename(world.root / "letter.txt")
    (world.root / "evidence/letter.txt").symlink_to("../letter.txt")
    world.commit("tidy up")


def _accident(world: World, who: str = "west") -> list[Finding]:
    """A batch is edited and put back in the next commit: what an audit finds of it."""
    path = world.dice.choice([p for p in world.batches() if f"/{who}-" in p])
    known = world.audit().findings
    raw = (world.root / path).read_bytes()
    (world.root / path).write_bytes(raw.replace(b"points", b"POINTS", 1))
    world.commit("oops")
    (world.root / path).write_bytes(raw)
    world.commit("back")
    return [finding for finding in world.audit().findings if finding not in known]


def _acknowledged(world: World, forge: Callable[[dict[str, Any]], object] | None = None) -> str:
    """An accident, acknowledged as it should be but for one thing; the path."""
    return world.acknowledge(_accident(world), forge=forge)


def acknowledged_before_another(world: World) -> None:
    """One accident is acknowledged, and the same happens to the same batch again."""
    first = _accident(world)
    world.acknowledge(first)
    path = first[0].path
    raw = (world.root / path).read_bytes()
    (world.root / path).write_bytes(raw.replace(b"points", b"POINTS", 1))
    world.commit("oops")
    (world.root / path).write_bytes(raw)
    world.commit("back")


def acknowledged_in_part(world: World) -> None:
    """Of two findings one is acknowledged."""
    world.acknowledge(_accident(world)[:1])


def acknowledged_by_its_approver(world: World) -> None:
    """Who wrote it approved it."""
    _acknowledged(world, lambda record: record.update(approved_by="bob"))


def acknowledged_by_whoever_caused_it(world: World) -> None:
    """Who recorded the batch, and who made the commit, approve that it was changed."""
    for approver in ("dora", "ann"):
        world.acknowledge(_accident(world, "west"), approved_by=approver)


def acknowledged_by_a_stranger(world: World) -> None:
    """Somebody approved it whom the book does not know."""
    _acknowledged(world, lambda record: record.update(approved_by="zoe"))


def acknowledged_without_a_reason(world: World) -> None:
    """It says nothing."""
    _acknowledged(world, lambda record: record.update(reason=" "))


def acknowledged_out_of_the_chain(world: World) -> None:
    """It follows no link that is there."""
    _acknowledged(world, lambda record: record.update(previous="0" * 64))


def acknowledged_beside_the_chain(world: World) -> None:
    """It follows a link that has a follower already."""
    _acknowledged(world, lambda record: record.update(previous=None))


def acknowledged_with_another_id(world: World) -> None:
    """What it names in words is one thing, its id another: a batch that was dropped since."""

    def forge(record: dict[str, Any]) -> None:
        world.git("rm", "-q", _victim(world))
        world.commit("tidy up")
        found = world.audit()
        gone = [found.names[f].id for f in found.findings if f not in findings]
        for named, key in zip(record["findings"], gone, strict=False):
            named["id"] = key

    findings = _accident(world)
    world.acknowledge(findings, forge=forge)


def acknowledged_in_general(world: World) -> None:
    """It is bound to nothing: a finding that may be of anything."""

    def forge(record: dict[str, Any]) -> None:
        for named in record["findings"]:
            named["about"] = {}
            named["id"] = finding_id(named["code"], named["path"], {})

    _acknowledged(world, forge)


def acknowledged_what_is_not(world: World) -> None:
    """It acknowledges what no audit has found, for a later time."""
    commit = world.git("rev-parse", "HEAD")
    path = _victim(world)
    about = {"commit": commit, "letter": "M", "mode": "100644", "before": commit, "object": commit}
    key = finding_id("history", path, about)
    named = {"id": key, "code": "history", "path": path, "about": about}
    world.acknowledge([], forge=lambda record: record.update(findings=[named]))


def acknowledgement_edited(world: World) -> None:
    """Another reason, once it had been approved."""
    path = world.root / _acknowledged(world)
    path.write_text(path.read_text().replace("an accident", "as decided"))
    world.commit("tidy up")


def acknowledgement_removed(world: World) -> None:
    """It is gone, and with it what it explained."""
    world.git("rm", "-q", _acknowledged(world))
    world.commit("tidy up")


def acknowledgement_covers_itself(world: World) -> None:
    """It is edited to acknowledge that it was edited."""
    path = world.root / _acknowledged(world)
    record = json.loads(path.read_bytes())
    record["reason"] = "as decided"
    path.write_bytes(encode_seal(record))
    world.commit("tidy up")
    found = world.audit()
    record["findings"] += [msgspec.to_builtins(found.names[f]) for f in found.findings]
    path.write_bytes(encode_seal(record))
    world.commit("tidy up")


def ledger_in_capitals(world: World) -> None:
    """A batch more, in `Ledger/`: on macOS and Windows it counts."""
    path = _victim(world)
    lines = _lines(world, path)
    (world.root / path.replace("ledger", "Ledger")).parent.mkdir(parents=True)
    (world.root / path.replace("ledger", "Ledger")).write_bytes(b"".join(lines[:1]))
    world.commit("more")


def twin_of_a_definition(world: World) -> None:
    """Another qibi.yaml, in capitals, with a backslash or with a dot at its end."""
    name = world.dice.choice(("Qibi.yaml", "QIBI.YAML", "qibi.yaml.", "qibi.yaml "))
    (world.root / name).write_bytes((world.root / "qibi.yaml").read_bytes())
    world.commit("more")


def twin_of_a_folder(world: World) -> None:
    """A batch in a folder of a name that Windows takes for another, which Git holds apart."""
    path = _victim(world)
    (world.root / path.replace("/", "\\")).write_bytes(b"{}\n")
    world.commit("more")


TWINS: tuple[Attack, ...] = (ledger_in_capitals, twin_of_a_definition, twin_of_a_folder)
ACKNOWLEDGED: tuple[Attack, ...] = (
    acknowledged_before_another,
    acknowledged_in_part,
    acknowledged_by_its_approver,
    acknowledged_by_whoever_caused_it,
    acknowledged_by_a_stranger,
    acknowledged_without_a_reason,
    acknowledged_out_of_the_chain,
    acknowledged_beside_the_chain,
    acknowledged_with_another_id,
    acknowledged_in_general,
    acknowledged_what_is_not,
    acknowledgement_edited,
    acknowledgement_removed,
    acknowledgement_covers_itself,
)
# What stands in one seal alone, and is of the form that it should have.
IN_A_SEAL: tuple[Attack, ...] = (
    closed_by_a_stranger,
    closed_before_the_one_before,
    other_definition_files,
    warning_of_another_week,
    warning_of_no_line,
    place_of_true,
    key_more,
    policy_of_a_moment,
    policy_left_out,
    correction_of_other_batches,
    correction_approved_by_a_stranger,
    correction_approved_by_its_recorder,
    correction_of_nothing,
)
INSIDE: tuple[Attack, ...] = (
    edited_line,
    edited_and_renamed,
    inserted_line,
    deleted_line,
    reordered_lines,
    deleted_file,
    renamed_file,
    moved_to_another_week,
    re_moded,
    symlinked,
    delete_and_revert,
    evil_merge,
    merge_ours,
    junk_in_ledger,
    submodule_in_ledger,
    edited_seal,
    deleted_seal,
    second_chain,
    seal_of_nothing_true,
    definition_under_closed_week,
    member_under_closed_week,
    definition_under_corrected_week,
    own_rules,
    *IN_A_SEAL,
    amended_after_a_seal,
    dropped_by_rebase,
    swapped_evidence,
    forged_object,
    recorded_at_no_moment_that_can_be,
    closed_at_no_moment_that_can_be,
    evidence_of_its_own_records,
    evidence_in_another_case,
    linked_definition,
    linked_evidence,
    *ACKNOWLEDGED,
    *TWINS,
)
CLEAN_INSIDE: tuple[Attack, ...] = (new_root,)

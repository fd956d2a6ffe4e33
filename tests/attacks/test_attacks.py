"""Each attack on a real repository, and the audit that has to catch it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cheats
import pytest
from world import BRANCHES, World

from qibi.base.findings import Refusal
from qibi.ledger.git import Git
from qibi.proof import read_out
from qibi.proof.limits import Bounded
from qibi.scoring.engine import rules_with


def test_an_honest_book_holds(honest: World) -> None:
    found = replace(honest, verdicts=None).audit()
    assert found.findings == []
    assert len(found.seals) >= 2


@pytest.mark.parametrize("attack", cheats.INSIDE, ids=lambda a: a.__name__)
def test_caught_from_inside(world: World, attack: cheats.Attack) -> None:
    attack(world)
    assert world.audit().findings


@pytest.mark.parametrize("attack", cheats.CLEAN_INSIDE, ids=lambda a: a.__name__)
def test_caught_by_what_was_published(world: World, attack: cheats.Attack) -> None:
    published = world.audit().seals[-1].digest
    assert world.audit(published).findings == []
    attack(world)
    assert world.audit().findings == [], "sound in itself: only the published digest tells"
    assert [f.code for f in world.audit(published[:16]).findings] == ["against"]


def test_a_later_ledger_extends_what_was_published(world: World) -> None:
    published = world.audit().seals[-1].digest
    world.score("2026-W14", "east")
    world.score("2026-W14", "west")
    world.close("2026-W14")
    assert world.audit(published).findings == []


def test_an_earlier_commit_can_be_what_was_published(world: World) -> None:
    commit = world.git("rev-parse", "HEAD~1")
    assert world.audit(commit).findings == []
    assert world.audit("0" * 40).findings


@pytest.mark.parametrize("text", ["", " ", "3f0c2d1", "3f0c2d1a9b7e4c5x"])
def test_what_is_no_digest_is_refused(honest: World, text: str) -> None:
    """An empty one too: who asks for a comparison is not told that all is well without one."""
    with pytest.raises(Refusal, match="is not a digest") as refused:
        honest.audit(text)
    assert refused.value.code == 2


def test_list_policies_may_change(world: World) -> None:
    """In a commit of their own, in that of a seal, and beneath a seal that is rebased."""
    path = world.root / "qibi.yaml"
    text = path.read_text()
    for number, week in enumerate(("2026-W20", "2026-W21", "2026-W22")):
        for branch in BRANCHES:
            world.score(week, branch)
        if number:
            path.write_text(text.replace("top: 2", f"top: {number + 2}"))
        if number == 2:
            world.commit("a longer list")
        before = world.git("rev-parse", "HEAD")
        world.close(week)
    world.git("checkout", "-q", "-b", "theirs", before)
    path.write_text(text.replace("top: 2", "top: 6"))
    world.commit("a list still longer")
    world.git("checkout", "-q", "main")
    world.git("rebase", "-q", "theirs")
    assert "top: 6" in path.read_text()
    assert world.audit().findings == []


def test_a_book_may_begin_with_seals(world: World) -> None:
    """As where it is moved to a repository of its own: what qibi.yaml said before is not there."""
    path = world.root / "qibi.yaml"
    path.write_text(path.read_text().replace("top: 2", "top: 3"))
    world.git("checkout", "-q", "--orphan", "fresh")
    world.commit("a book that moved here")
    assert world.audit().findings == []


def test_a_replace_ref_is_refused(world: World) -> None:
    first, second = world.git("rev-list", "--max-count=2", "HEAD").split()
    world.git("replace", first, second)
    with pytest.raises(Refusal, match="replace refs"):
        world.audit()


def test_a_graft_is_refused(world: World) -> None:
    head = world.git("rev-parse", "HEAD")
    (world.root / ".git" / "info").mkdir(exist_ok=True)
    (world.root / ".git" / "info" / "grafts").write_text(f"{head}\n")
    with pytest.raises(Refusal, match="grafts"):
        world.audit()


def test_a_shallow_clone_is_refused(world: World, tmp_path: Path) -> None:
    world.git("clone", "-q", "--depth", "1", f"file://{world.root}", str(tmp_path / "shallow"))
    with pytest.raises(Refusal, match="shallow"):
        World(tmp_path / "shallow").audit()


def test_nothing_of_the_repository_is_run(world: World, tmp_path: Path) -> None:
    """Hooks, filters, monitors and drivers of a repository under audit leave no mark."""
    mark = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f'#!/bin/sh\necho "$0 $@" >> {mark}\ncat\n')
    script.chmod(0o755)
    world.git("config", "diff.spy.textconv", str(script))
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.alternateRefsCommand",
        "diff.external",
        "gpg.program",
        "filter.spy.clean",
        "filter.spy.smudge",
        "filter.spy.process",
        "diff.spy.command",
        "credential.helper",
        "uploadpack.packObjectsHook",
    ):
        world.git("config", key, str(script))
    world.git("config", "log.showSignature", "true")
    for hook in ("pre-commit", "post-checkout", "reference-transaction", "post-index-change"):
        (world.root / ".git" / "hooks").mkdir(exist_ok=True)
        (world.root / ".git" / "hooks" / hook).symlink_to(script)
    (world.root / ".git" / "info").mkdir(exist_ok=True)
    (world.root / ".git" / "info" / "attributes").write_text("* filter=spy diff=spy\n")
    # A promisor remote: what is missing would be fetched by running its address.
    world.git("config", "remote.spy.url", f"ext::{script}")
    world.git("config", "remote.spy.promisor", "true")
    world.git("config", "protocol.ext.allow", "always")
    world.git("config", "extensions.partialClone", "spy")
    assert world.audit().findings == []
    key = world.git("rev-parse", f"HEAD:{world.batches()[0]}")
    (world.root / ".git" / "objects" / key[:2] / key[2:]).unlink()
    with pytest.raises(Refusal):
        assert not world.audit().findings  # found missing, or refused: never fetched
        raise AssertionError
    assert not mark.exists(), mark.read_text()


def test_no_sql_of_the_repository_is_run(world: World) -> None:
    cheats.own_rules(world)
    assert rules_with(str(world.root / "evidence" / "own")) is None
    assert [f.code for f in world.audit().findings] == ["seal"]


def test_no_process_is_forked_while_git_runs(
    honest: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hold git's pipes open: git would wait for more, and the audit for git, for good."""
    running: list[str] = []
    output, each = Bounded.output, read_out.each

    @contextmanager
    def slow(git: Bounded, *arguments: str, **more: Any) -> Iterator[Any]:
        running.append(arguments[0])
        try:
            if arguments[0] in ("fsck", "diff-tree"):  # what runs beside
                time.sleep(2)
            with output(git, *arguments, **more) as found:
                yield found
        finally:
            running.remove(arguments[0])

    seen = []

    def forking(*given: Any) -> Any:
        seen.append(list(running))
        return each(*given)

    monkeypatch.setattr(Bounded, "output", slow)
    monkeypatch.setattr(read_out, "each", forking)
    assert replace(honest, verdicts=None).audit().findings == []
    assert seen == [[]]


def test_a_name_that_leads_nowhere_is_no_finding_in_an_honest_clone(
    world: World, tmp_path: Path
) -> None:
    """The server renamed its branch, and `git fetch --prune` took the old one away."""
    clone = World(tmp_path / "clone", world.dice, world.clock)
    world.git("clone", "-q", str(world.root), str(clone.root))
    world.git("branch", "-q", "-m", "trunk")
    clone.git("fetch", "-q", "--prune")
    fsck = Git(clone.root, clone.environment).run("fsck")
    assert "refs/remotes/origin/HEAD: invalid sha1 pointer" in fsck.stderr
    assert clone.audit().findings == []


def test_a_missing_object_is_found_beside_a_name_that_leads_nowhere(world: World) -> None:
    (world.root / ".git/refs/heads/astray").write_text("1" * 40 + "\n")
    assert world.audit().findings == []
    blob = world.git("rev-parse", "HEAD:evidence/letter.txt")
    (world.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    found = world.audit().findings
    assert any(f"missing blob {blob}" in finding.message for finding in found)
    assert not any("astray" in finding.message for finding in found)

"""Git around a book: what a caller's variables point at, and what a repository would like to run."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from fuzz.test_command_line import Place
from fuzz.test_command_line import place as place  # the fixture
from qibi.ledger.git import Git

READ = ["rank", "show", "why", "log", "lists", "check", "rules", "member list"]
REDIRECTS = {
    "GIT_DIR": "elsewhere/.git",
    "GIT_WORK_TREE": "elsewhere",
    "GIT_INDEX_FILE": "elsewhere/index",
    "GIT_OBJECT_DIRECTORY": "elsewhere/objects",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "elsewhere/objects",
    "GIT_COMMON_DIR": "elsewhere/.git",
    "GIT_NAMESPACE": "other",
    "GIT_CEILING_DIRECTORIES": "/",
    "GIT_PREFIX": "elsewhere/",
    "GIT_EXTERNAL_DIFF": "false",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_TRACE": "elsewhere/trace",
}


def git(place: Place, *words: str) -> str:
    done = subprocess.run(
        ["git", *words],
        cwd=place.book,
        env=place.environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


class Surrounded(Place):
    """A place with more variables around it, and a folder before all others on the PATH."""

    def __init__(self, top: Path) -> None:
        super().__init__(top)
        self.more: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        return super().environment() | self.more


@pytest.fixture
def around(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Surrounded:
    """The place, with a git before the real one that notes each call."""
    real = shutil.which("git")
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexec {real} "$@"\n')
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    place.fresh()
    found = Surrounded(place.top)
    found.more = {"PATH": f"{shim.parent}:/usr/local/bin:/usr/bin:/bin"}
    return found


def calls(tmp_path: Path) -> list[str]:
    noted = tmp_path / "calls"
    return noted.read_text().splitlines() if noted.exists() else []


def test_a_callers_variables_do_not_send_git_elsewhere(around: Surrounded) -> None:
    elsewhere = around.top / "in" / "elsewhere"
    subprocess.run(["git", "init", "-q", elsewhere], check=True, env=around.environment())
    before = {p: p.read_bytes() for p in elsewhere.rglob("*") if p.is_file()}
    pointed = {
        key: str(around.top / "in" / value) if value.startswith("elsewhere") else value
        for key, value in REDIRECTS.items()
    }
    around.more |= pointed
    handed = Git(around.book, around.environment()).environment
    assert not set(handed) & set(REDIRECTS)
    event = ["-e", "e-dan safety.hazard-closed x1", "--evidence", "7"]
    code, printed = around.run(["score", "--week", "2026-W46", "--branch", "east", *event])
    assert code == 0, printed
    code, printed = around.run(["commit"])
    assert code == 0, printed
    assert {p: p.read_bytes() for p in elsewhere.rglob("*") if p.is_file()} == before
    around.more = {key: v for key, v in around.more.items() if key == "PATH"}
    assert len(git(around, "log", "--format=%H").split()) == 2


@pytest.mark.parametrize("command", READ)
def test_what_only_reads_asks_git_for_its_index_alone(
    around: Surrounded, tmp_path: Path, command: str
) -> None:
    """Whether the ledger is all there; `check` also what HEAD holds, and what a commit would take.

    Plumbing runs nothing, and `git status` is asked without filters: see below.
    """
    subject = ["e-ann"] if command in ("show", "why") else []
    code, printed = around.run([*command.split(), *subject])
    assert code in (0, 1), printed
    plumbing = {
        "rev-parse",
        "ls-tree",
        "check-ignore",
        "check-attr",
        "config",
        "symbolic-ref",
        "status",
    }
    allowed = {"ls-files", *(plumbing if command == "check" else ())}
    for call in calls(tmp_path):
        assert allowed & set(call.split()), call


@pytest.fixture
def trapped(around: Surrounded, tmp_path: Path) -> Path:
    """A repository whose settings run a program at every turn; the file that such a run would make."""
    sprung = tmp_path / "sprung"
    trap = tmp_path / "trap"
    trap.write_text(f'#!/bin/sh\necho "$0 $@" >> {sprung}\ncat\n')
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "diff.external",
        "core.sshCommand",
        "filter.trap.clean",
        "filter.trap.smudge",
        "diff.trap.textconv",
        "diff.trap.command",
        "gpg.program",
        "credential.helper",
        "core.alternateRefsCommand",
    ):
        git(around, "config", key, str(trap))
    for hook in ("pre-commit", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        shutil.copy(trap, around.book / ".git" / "hooks" / hook)
    (around.book / ".git" / "info").mkdir(exist_ok=True)
    (around.book / ".git" / "info" / "attributes").write_text("* filter=trap diff=trap\n")
    with (around.book / "branches" / "east.yaml").open("a") as file:
        file.write("# changed\n")
    sprung.unlink(missing_ok=True)
    return sprung


@pytest.mark.parametrize("command", [*READ, "status", "doctor", "audit"])
def test_a_repository_runs_nothing_of_its_own(
    around: Surrounded, trapped: Path, command: str
) -> None:
    subject = ["e-ann"] if command in ("show", "why") else []
    code, printed = around.run([*command.split(), *subject])
    assert code in (0, 1, 2), printed
    assert not trapped.exists(), trapped.read_text()


def test_the_trap_would_have_sprung(around: Surrounded, trapped: Path) -> None:
    subprocess.run(["git", "status"], cwd=around.book, env=around.environment(), check=False)
    assert trapped.exists()

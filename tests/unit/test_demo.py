"""`qibi demo` and `qibi doctor`: they really run, and say what is wrong."""

import io
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from test_init import Run

from qibi.board import fonts
from qibi.book.load import load, sources
from qibi.cli import app
from qibi.commands import demo, doctor
from qibi.ledger.git import Git

TOUR = [
    "$ qibi score sheets/2026-W47/* --as o1-001",
    "$ qibi rank --week --top 10",
    "$ qibi rank --week --branch 域外一标段",
    "$ qibi show 党员八",
    "$ qibi why 党员八",
    "$ qibi commit",
    "$ qibi --today 2026-11-28 close W47",
    "$ qibi audit",
    "$ qibi audit",
]


def test_the_tour_runs_to_its_end(tmp_path: Path) -> None:
    run = Run(tmp_path, "demo", "try me", QIBI_LANG="zh")
    assert run.code == 0, run.err
    assert [line for line in run.out.splitlines() if line.startswith("$ ")] == TOUR
    root = tmp_path / "try me"
    assert load(root).id == "example"
    log = subprocess.check_output(["git", "-C", str(root), "log", "--format=%an %ae"], text=True)
    assert log.splitlines() == ["qibi demo demo@example.invalid"] * 3
    assert not subprocess.check_output(["git", "-C", str(root), "status", "--porcelain"])
    assert "92.5" in run.out and "106.5" in run.out
    honest, cheated = run.out.split("$ qibi audit")[1:]
    assert "此后均未被改动" in honest, honest
    assert "ledger/2026/W47/" in cheated and "sealed" not in cheated
    assert '"points":6' in run.err
    assert "cd 'try me'" in run.err
    for source in sources(root):
        named = source.raw.decode().splitlines()[0].partition("$schema=")[2]
        assert ((root / source.path).parent / named).is_file()


def test_the_tour_fails_where_the_audit_does_not_catch_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "_commands", lambda _root: [])
    monkeypatch.setattr(demo, "_more_points", lambda _root: ("nothing", "a", "a"))
    monkeypatch.setattr("qibi.ledger.git.Git.commit", _commit_anything)
    run = Run(tmp_path, "demo", "d")
    assert run.code == 1 and "stopped" in run.err


def _commit_anything(self: Git, message: str, paths: list[str]) -> str:
    self.demand("add", "--all", "--", *paths)
    return self.demand("commit", "--quiet", "--allow-empty", "-m", message)


@pytest.fixture
def short_tour(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tour without its commands: the first test and the transcript run them."""
    monkeypatch.setattr(demo, "_commands", lambda _root: [])
    monkeypatch.setattr(demo, "_cheated", lambda _now, _root: 0)


@pytest.mark.usefixtures("short_tour")
def test_without_a_folder_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run = Run(tmp_path, "demo")
    assert run.code == 0, run.err
    assert "that was a temporary copy" in run.err
    assert not list(tmp_path.glob("qibi-demo-*"))


@pytest.mark.usefixtures("short_tour")
def test_keep_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert Run(tmp_path, "demo", "--keep").code == 0
    (root,) = tmp_path.glob("qibi-demo-*")
    assert (root / "qibi.yaml").is_file()


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    for folder in (".", "a.txt"):
        run = Run(tmp_path, "demo", folder)
        assert run.code == 2 and "is not an empty folder" in run.err
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_without_git_nothing_is_copied(tmp_path: Path) -> None:
    run = Run(tmp_path, "demo", "d", PATH="")
    assert run.code == 2 and "git is not installed" in run.err
    assert not (tmp_path / "d").exists()


def test_a_command_that_fails_gives_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def failing(arguments: list[str], around: app.Surroundings) -> int:
        seen.append(arguments[0])
        return 7 if arguments[0] == "show" else 0

    monkeypatch.setattr(app, "main", failing)
    run = Run(tmp_path, "demo", "d")
    assert run.code == 7
    assert seen == ["score", "rank", "rank", "show"]
    assert "stopped" in run.err


def checks(folder: Path, *arguments: str, **environment: str) -> tuple[int, dict[str, str]]:
    run = Run(folder, "doctor", "--format", "json", *arguments, **environment)
    found = json.loads(run.out)
    assert found["qibi"] == 1
    return run.code, {c["check"]: c["state"] for c in found["checks"]}


def test_the_doctor_finds_all_well(tmp_path: Path) -> None:
    Run(tmp_path, "init", ".", "--as", "b1-001")
    code, states = checks(tmp_path, GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b.invalid")
    assert code == 0
    assert set(states) >= {
        "python",
        "duckdb",
        "typer",
        "ruamel-yaml",
        "yaml-parser",
        "git",
        "cache",
    }
    notes = {name for name, state in states.items() if state != "ok"} - {"languages", "browser"}
    assert not notes
    run = Run(tmp_path, "doctor")
    assert "ready to use" in run.out
    assert max(len(line) for line in run.out.splitlines()) <= 80


def test_the_doctor_without_anything(tmp_path: Path) -> None:
    code, states = checks(tmp_path)
    assert code == 0
    assert states["book"] == states["git-author"] == states["qibi-as"] == "note"


def test_the_doctor_names_what_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks(tmp_path, PATH="")[1]["git"] == "broken"
    assert checks(tmp_path, "--book", "nowhere")[1]["book"] == "broken"
    Run(tmp_path, "init", ".", "--as", "b1-001")
    assert checks(tmp_path, QIBI_AS="who")[1]["qibi-as"] == "broken"
    (tmp_path / "qibi.yaml").write_text("id: A\n")
    assert checks(tmp_path)[1]["book"] == "broken"
    monkeypatch.setattr(doctor.metadata, "requires", lambda _name: ["typer<0.2,>=0.1", "nope>=1"])
    code, states = checks(tmp_path)
    assert code == 1 and states["typer"] == states["nope"] == "broken"


def test_the_doctor_names_what_boards_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any of it the rest works, so each is a note, with what to install."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    states = checks(tmp_path, PATH=str(tmp_path / "bin"))[1]
    parts = ("jinja2", "python-docx", "segno", "typst", "fonts")
    assert [states[name] for name in parts] == ["ok"] * 5 and states["browser"] == "note"

    real = doctor.metadata.version

    def without(name: str) -> str:
        if name in ("typst", "segno"):
            raise doctor.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(doctor.metadata, "version", without)
    monkeypatch.setattr(fonts, "FILES", (*fonts.FILES, "gone.otf"))
    run = Run(tmp_path, "doctor", "--format", "json")
    found = {c["check"]: c for c in json.loads(run.out)["checks"]}
    assert run.code == 0
    assert {n for n in parts if found[n]["state"] == "note"} == {"typst", "segno", "fonts"}
    assert found["typst"]["advice"] == found["segno"]["advice"] == "pip install 'qibi[board]'"
    assert "gone.otf" in found["fonts"]["found"] and "pip install" in found["fonts"]["advice"]


def test_the_doctor_names_what_kills_left_behind(tmp_path: Path) -> None:
    Run(tmp_path, "init", ".", "--as", "b1-001")
    fresh = tmp_path / ".git" / "index.lock"
    fresh.touch()
    torn = tmp_path / "ledger" / "2026" / "W46" / ".east-1.jsonl.9-ab.tmp"
    torn.parent.mkdir(parents=True)
    torn.touch()
    states = checks(tmp_path)[1]
    assert states["git-locks"] == states["temp-files"] == "ok"  # both may be in use
    for path in (fresh, torn):
        os.utime(path, (time.time() - 4000,) * 2)
    code, states = checks(tmp_path)
    assert code == 1 and states["git-locks"] == "broken" and states["temp-files"] == "note"
    assert "index.lock" in Run(tmp_path, "doctor", "--format", "json").out


def test_the_doctor_looks_at_the_key_of_a_signed_book(tmp_path: Path) -> None:
    Run(tmp_path, "init", ".", "--as", "b1-001")
    assert "key" not in checks(tmp_path)[1]
    book = tmp_path / "qibi.yaml"
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7f0u3c1m5yXjv0w4oXyI5O8JdD2h3zqk1n6v0m3b2x"
    signers = f'signers:\n  - {{id: b1-001, key: "{key}", may: [record, close]}}\n'
    book.write_text(book.read_text("utf-8") + signers, "utf-8")
    code, states = checks(tmp_path)
    assert code == 1 and states["key"] == "broken"


@pytest.mark.parametrize(
    ("version", "bounds", "good"),
    [
        ("0.25.1", ">=0.25.1,<0.26", True),
        ("0.26.0", ">=0.25.1,<0.26", False),
        ("0.25.0", "<0.26,>=0.25.1", False),
        ("15.0.0", ">=14", True),
        ("2", "", True),
    ],
)
def test_versions_within_bounds(version: str, bounds: str, good: bool) -> None:
    assert doctor._within(version, bounds) is good


def test_a_terminal_without_chinese_is_noted(tmp_path: Path) -> None:
    from dataclasses import replace

    from qibi.cli.console import Console
    from qibi.cli.session import Session
    from qibi.cli.surroundings import Anywhere, Surroundings

    ascii_only = io.TextIOWrapper(io.BytesIO(), "ascii")
    around = replace(
        Surroundings.of_this_process(), environment={}, folder=tmp_path, stdout=ascii_only
    )
    session = Session(around, Anywhere(), Console(around))
    assert doctor._terminal(session).state == "note"

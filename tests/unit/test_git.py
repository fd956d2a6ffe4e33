"""Git through one helper: scrubbed, synced, and only what was asked for."""

import subprocess
from pathlib import Path

import pytest

from qibi.base.findings import Refusal
from qibi.ledger.git import Git, has_identity
from transcripts.harness import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.direct(
        "run", "git init -q -b main && echo 1 > a && git add a && git commit -q -m start", []
    )
    return scene


def git_of(scene: Scene, **extra: str) -> Git:
    return Git(scene.folder, scene.environment_now() | extra)


def test_a_caller_cannot_point_it_at_another_repository(scene: Scene, tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    subprocess.run(["git", "init", "-q", str(other)], check=True)
    elsewhere = {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / "index"),
        "GIT_OBJECT_DIRECTORY": str(other / ".git/objects"),
        "GIT_NAMESPACE": "x",
    }
    git = git_of(scene, **elsewhere)
    assert git.repository() == scene.folder
    (scene.folder / "b").write_text("2")
    assert git.changed(["."]) == [("??", "b")]


def test_the_author_that_was_handed_down_is_kept(scene: Scene) -> None:
    git = git_of(scene, GIT_AUTHOR_NAME="Bob Chen", GIT_AUTHOR_EMAIL="bob@example.invalid")
    (scene.folder / "b").write_text("2")
    git.commit("more", ["b"])
    assert git.demand("log", "-1", "--format=%an %ae") == "Bob Chen bob@example.invalid\n"


def test_a_commit_holds_these_paths_and_nothing_else(scene: Scene) -> None:
    git = git_of(scene)
    for name in ("b", "staged", "left alone"):
        (scene.folder / name).write_text(name)
    git.demand("add", "staged")
    (scene.folder / "a").unlink()
    git.commit("more", ["a", "b"])
    shown = git.demand("show", "--name-status", "--format=%s", "HEAD")
    assert shown.split() == ["more", "D", "a", "A", "b"]
    assert git.changed(["."]) == [("A ", "staged"), ("??", "left alone")]


def test_objects_are_synced(scene: Scene) -> None:
    assert git_of(scene).demand("config", "core.fsync") == "all\n"


@pytest.mark.parametrize("name", ["党员.jsonl", "two words", 'a"quote', "new\nline", "-dash", "ü"])
def test_paths_of_every_kind(scene: Scene, name: str) -> None:
    git = git_of(scene)
    (scene.folder / name).write_text("x")
    assert git.changed(["."]) == [("??", name)]
    git.commit("one", ["."])
    assert git.changed(["."]) == []


def test_line_endings_stay_as_they_are(scene: Scene) -> None:
    scene.direct("run", "git config core.autocrlf true", [])
    (scene.folder / "b").write_bytes(b"1\r\n2\n")
    git = git_of(scene)
    git.commit("one", ["b"])
    assert git.demand("cat-file", "-s", "HEAD:b").strip() == "5"


def test_settings(scene: Scene) -> None:
    git = git_of(scene)
    assert git.config("qibi.as") is None
    git.demand("config", "qibi.as", "ann")
    assert git.config("qibi.as") == "ann"
    assert git_of(scene, PATH="/nowhere").config("qibi.as") is None


def test_outside_a_repository(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    git = git_of(scene)
    assert git.repository() is None
    with pytest.raises(Refusal, match="git status failed: fatal: not a git repository"):
        git.changed(["."])


def test_git_that_is_not_there(scene: Scene) -> None:
    with pytest.raises(Refusal, match="git is not installed"):
        git_of(scene, PATH="/nowhere").repository()


def test_it_speaks_english_to_us_and_asks_nothing(scene: Scene) -> None:
    git = git_of(scene, LC_ALL="zh_CN.UTF-8", LANGUAGE="zh_CN")
    assert "did not match any files" in git.run("add", "nowhere").stderr
    assert git.environment["GIT_TERMINAL_PROMPT"] == "0"


def test_who_the_author_would_be(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.direct("run", "git init -q", [])
    assert has_identity(git_of(scene))
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        scene.direct("env", name, [])
    assert not has_identity(git_of(scene))
    scene.direct("run", "git config user.name Ann && git config user.email ann@x.invalid", [])
    assert has_identity(git_of(scene))


def test_replaced_objects_do_not_show(scene: Scene) -> None:
    git = git_of(scene)
    (scene.folder / "a").write_text("2")
    git.commit("second", ["a"])
    scene.direct("run", "git replace HEAD HEAD~1", [])
    assert git.demand("log", "--format=%s").split() == ["second", "start"]

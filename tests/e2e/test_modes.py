"""Modes that a file system or an umask sets: what is recorded is committed as plain files all the same."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from transcripts.harness import Scene


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def recorded(scene: Scene) -> None:
    """A sheet with what it keeps, and evidence."""
    scene.direct("file", "week.csv", ["name,item,count", "e-bob,site.tidy,1"])
    assert "recorded" in scene.run("qibi score week.csv --week W46 --add")
    scene.direct("file", "photo.jpg", ["a picture"])
    assert "attached" in scene.run("qibi attach f91d.2 photo.jpg")


def files(scene: Scene) -> list[Path]:
    return [p for p in scene.folder.rglob("*") if p.is_file() and ".git" not in p.parts]


def committed_plain(scene: Scene) -> None:
    """All is committed, none of it as a program, and nothing is left that git sees as changed."""
    rows = scene.run("git ls-tree -r HEAD").splitlines()
    parts = "ledger", "seals", "sheets/2026", "evidence", "scheme", "branches", "qibi.yaml"
    modes = {row.split("\t")[1]: row[:6] for row in rows if row.split("\t")[1].startswith(parts)}
    assert set(modes.values()) == {"100644"}
    assert any(path.startswith("sheets/2026/") for path in modes)
    assert "[exit" not in scene.run("qibi audit")


def test_files_that_a_file_system_shows_as_programs(scene: Scene) -> None:
    recorded(scene)
    for path in files(scene):
        path.chmod(0o777)
    assert "committed" in scene.run("qibi commit")
    committed_plain(scene)
    assert not any(
        p.stat().st_mode & 0o111 for p in files(scene) if p.suffix in (".jsonl", ".yaml")
    )
    assert "is closed" in scene.run("qibi close W46")
    committed_plain(scene)


def test_a_file_system_that_refuses_chmod(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    recorded(scene)
    for path in files(scene):
        path.chmod(0o777)
    monkeypatch.setattr(Path, "chmod", refuse)
    assert "committed" in scene.run("qibi commit")
    committed_plain(scene)


def test_what_was_added_as_a_program_by_hand(scene: Scene) -> None:
    recorded(scene)
    for path in files(scene):
        path.chmod(0o777)
    scene.direct("run", "git add ledger sheets evidence branches", [])
    assert "committed" in scene.run("qibi commit")
    committed_plain(scene)


def test_what_was_committed_as_a_program_is_put_right(scene: Scene) -> None:
    recorded(scene)
    scene.direct(
        "run", "chmod +x branches/east.yaml ledger/2026/W46/* && git add . && git commit -qm x", []
    )
    assert "ledger/2026/W46" in scene.run("qibi audit")
    printed = scene.run("qibi commit")
    assert "branches/east.yaml: git holds it with mode 100755" in printed and "[exit 1]" in printed
    scene.direct("run", "git update-index --chmod=-x branches/*.yaml ledger/2026/W46/*", [])
    scene.direct("run", "git commit -qm plain", [])
    assert "[exit" not in scene.run("qibi commit")
    assert "(mode 100644)" not in scene.run("qibi audit"), "putting it right is no second finding"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o400, 0o777])
def test_whatever_the_umask(scene: Scene, umask: None, mask: int) -> None:
    scene.direct("file", "week.csv", ["name,item,count", "e-bob,site.tidy,1"])
    scene.direct("file", "photo.jpg", ["a picture"])
    standing = set(files(scene))
    os.umask(mask)
    assert "recorded" in scene.run("qibi score week.csv --week W46 --add")
    assert "attached" in scene.run("qibi attach f91d.2 photo.jpg")
    os.umask(0o022)
    made = {p for p in set(files(scene)) - standing if not p.name.startswith(".")}
    assert len(made) == 4
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) & 0o711 == 0o600, path
        assert path.parent.stat().st_mode & 0o700 == 0o700
    assert "committed" in scene.run("qibi commit")
    committed_plain(scene)

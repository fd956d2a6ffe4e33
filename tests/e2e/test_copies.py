"""Files next to the definitions that look like copies of one are named, read or not; all else is left alone."""

from pathlib import Path

import pytest

from transcripts.harness import Scene

UNREAD = {
    "qibi (1).yaml": "qibi.yaml",
    "qibi - 副本.yaml": "qibi.yaml",
    "qibi - 副本 (2).yaml": "qibi.yaml",
    "qibi的副本.yaml": "qibi.yaml",
    "副本 qibi.yaml": "qibi.yaml",
    "复件 qibi.yaml": "qibi.yaml",
    "qibi - Copy.yaml": "qibi.yaml",
    "qibi copy.yaml": "qibi.yaml",
    "Copy of qibi.yaml": "qibi.yaml",
    "qibi - Kopie.yaml": "qibi.yaml",
    "Kopie von qibi.yaml": "qibi.yaml",
    "qibi（1）.yaml": "qibi.yaml",
    "qibi.yml": "qibi.yaml",
    "qibi.yaml.bak": "qibi.yaml",
    "names 2.yaml": "names.yaml",
    "names_backup.yaml": "names.yaml",
    "names.yaml~": "names.yaml",
    "names.yaml.orig": "names.yaml",
    "names-DESKTOP-4F2A.yaml": "names.yaml",
    "branches/east.yaml.bak": "branches/east.yaml",
    "branches/east.yaml~": "branches/east.yaml",
    "branches/east.yaml.orig": "branches/east.yaml",
    "branches/east.yaml.~1~": "branches/east.yaml",
    "branches/east (1).yaml.txt": "branches/east.yaml",
    "scheme/2026-W40.yaml.rej": "scheme/2026-W40.yaml",
}
TWINS = ("QIBI.YAML", "branches/East.YAML")  # the same name on Windows and macOS
READ = (
    "branches/east (1).yaml",
    "branches/east 2.yaml",
    "branches/east - 副本.yaml",
    "branches/east的副本.yaml",
    "branches/east (冲突 2026-11-01).yaml",
    "branches/east (Ann's conflicted copy 2026-11-01).yaml",
    "branches/east.sync-conflict-20261101-093012-ABCDEFG.yaml",
    "branches/east-DESKTOP-ABC.yaml",
    "branches/east_LOCAL_1234.yaml",
    "branches/east-2.yaml",
    "branches/old-east.yaml",
    "scheme/2026-W40 (1).yaml",
    "scheme/2026-W40.sync-conflict-20261101-093012-ABCDEFG.yaml",
    "scheme/2026-W40 - Copy.yaml",
    "scheme/Copy of 2026-W40.yaml",
)
OTHERS = (
    "notes.txt",
    "README.md",
    "fleet.yaml",
    "qibi-notes.yaml",
    "renames.yaml",
    "qibi.txt",
    ".qibi.yaml.swp",
    "branches/notes.txt",
    "branches/README (1).md",
    "branches/.east.yaml.swp",
    "schemas/qibi (1).yaml",
    "sheets/east (1).csv",
)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.columns = 4000
    scene.direct("book", "small", [])
    return scene


def test_copies_that_nobody_reads_are_named(scene: Scene) -> None:
    for path in UNREAD:
        scene.direct("file", path, ["id: other"])
    printed = scene.run("qibi check")
    for path, original in UNREAD.items():
        said = f"{path}: warning: looks like a copy of {original} and is not read"
        assert said in printed, (path, printed)
    assert "[exit" not in printed
    assert "not read, though it looks like a definition: Copy of qibi.yaml" in scene.run(
        "qibi status"
    )


@pytest.mark.parametrize("path", TWINS)
def test_a_copy_that_another_system_takes_for_the_original_is_an_error(
    scene: Scene, path: str
) -> None:
    scene.direct("file", path, ["id: other"])
    printed = scene.run("qibi check")
    assert f"{path}: error: ".casefold() in printed.casefold() and "[exit 1]" in printed
    assert f"not read, though it looks like a definition: {path}" in scene.run("qibi status")


def test_an_ending_by_which_a_definition_is_not_read_is_named(scene: Scene) -> None:
    (scene.folder / "branches/west.yaml").rename(scene.folder / "branches/west.YAML")
    assert "branches/west.YAML: warning: is not read" in scene.run("qibi check")
    assert "branches/west.YAML" in scene.run("qibi status")


@pytest.mark.parametrize("path", READ)
def test_a_copy_that_is_read_is_called_one(scene: Scene, path: str) -> None:
    original = "branches/east.yaml" if path.startswith("branches") else "scheme/2026-W40.yaml"
    raw = (scene.folder / original).read_bytes()
    (scene.folder / path).write_bytes(raw)
    for command in ("check", "rank"):
        printed = scene.run(f"qibi {command}")
        assert f"looks like a copy of {original} and would be read too" in printed, printed
        assert "[exit 1]" in printed


def test_other_files_are_left_alone(scene: Scene) -> None:
    for path in OTHERS:
        scene.direct("file", path, ["mine"])
    assert scene.run("qibi check") == ""
    assert "not read" not in scene.run("qibi status")

"""A book that is moved within its repository takes its whole ledger with it, or the audit says so."""

import shutil
from dataclasses import replace

import cheats
from world import World


def into(world: World, folder: str) -> World:
    """Move the book into a folder of its repository; nothing is committed yet."""
    place = world.root / folder
    place.mkdir()
    for path in world.root.iterdir():
        if path.name not in (".git", folder):
            path.rename(place / path.name)
    return replace(world, root=place)


def looked_at(world: World) -> str:
    """What the audit says that it has seen of the history."""
    return next(part.seen for part in world.audit().parts if part.code == "history")


def test_an_honest_move_holds(world: World) -> None:
    moved = into(world, "books")
    moved.commit("move the book")
    assert moved.audit().findings == []
    assert "before in the repository's top" in looked_at(moved)
    moved.score("2026-W14", "east")
    moved.score("2026-W14", "west")
    moved.close("2026-W14")
    assert moved.audit().findings == []
    world.git("mv", "books", "north")
    again = replace(moved, root=world.root / "north")
    again.commit("move it once more")
    assert again.audit().findings == []
    assert "books/" in looked_at(again)


def test_a_move_in_a_merged_branch_holds(world: World) -> None:
    world.git("checkout", "-q", "-b", "moving")
    moved = into(world, "books")
    moved.commit("move the book")
    top = replace(moved, root=world.root)
    top.git("checkout", "-q", "main")
    (top.root / "readme.txt").write_text("meanwhile", "utf-8")
    top.commit("meanwhile")
    top.git("merge", "-q", "--no-ff", "-m", "merge", "moving")
    assert replace(top, root=top.root / "books").audit().findings == []


def test_a_move_that_rewrites_is_caught(world: World) -> None:
    """Cheated and moved in one commit, and all weeks closed anew."""
    moved = into(world, "books")
    moved.commit("move the book")
    cheats.edited_and_renamed(moved)
    moved.git("reset", "-q", "--soft", "HEAD~2")
    shutil.rmtree(moved.root / "seals")
    moved.commit("move the book")
    for week in ("2026-W10", "2026-W11", "2026-W12"):
        if moved.batches(week):
            moved.close(week)
    found = moved.audit()
    assert {f.code for f in found.findings} == {"history"}
    assert any("before" in f.message for f in found.findings)


def test_what_is_left_behind_is_named(world: World) -> None:
    batch = world.batches("2026-W12")[0]
    moved = into(world, "books")
    left = world.root / batch
    left.parent.mkdir(parents=True)
    shutil.copy(moved.root / batch, left)
    moved.commit("move the book")
    assert [(f.code, f.path) for f in moved.audit().findings] == [("history", batch)]


def test_another_book_beside_it_is_not_its_business(world: World) -> None:
    moved = into(world, "books")
    moved.commit("move the book")
    other = world.root / "other"
    (other / "ledger").mkdir(parents=True)
    (other / "qibi.yaml").write_text("id: other\n", "utf-8")
    (other / "ledger" / "notes.txt").write_text("something", "utf-8")
    moved.commit("another book")
    shutil.rmtree(other)
    moved.commit("and gone")
    assert moved.audit().findings == []
    assert "other" not in looked_at(moved)


def test_a_copy_that_stands_beside_it_is_said(world: World) -> None:
    moved = into(world, "books")
    moved.commit("move the book")
    shutil.copytree(moved.root, world.root / "copy")
    moved.commit("a copy")
    assert moved.audit().findings == []
    assert "a book with this id is in copy/ too" in looked_at(moved)

"""What has not changed since it was proved is not read again; whatever was touched is."""

import os
import shutil
from pathlib import Path

import pytest

from qibi.base.cache import Cache
from qibi.ledger import records
from qibi.ledger.batches import batch_names, encode_batch, folder, name
from qibi.ledger.entries import Assessed
from qibi.ledger.records import Proofs

WEEK = "2026-W01"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[str], Cache]:
    """A folder with three batches of long ago, as far as `Proofs` is concerned."""
    monkeypatch.setattr(records, "_RECENT", -10_000_000_000)
    root = tmp_path / "book"
    (root / folder(WEEK)).mkdir(parents=True)
    for branch in ("east", "north", "west"):
        entry = Assessed(
            week=WEEK, branch=branch, recorded_by="ann", recorded_at="2026-01-05T08:00:00Z"
        )
        raw = encode_batch([entry])
        (root / folder(WEEK) / name(branch, raw)).write_bytes(raw)
    paths = [f"{folder(WEEK)}/{found}" for found in batch_names(root, WEEK)]
    return root, paths, Cache(tmp_path / "cache")


def test_what_was_proved_once_is_proved(ledger: tuple[Path, list[str], Cache]) -> None:
    root, paths, kept = ledger
    assert Proofs(root, kept).unproved(paths) == paths
    assert Proofs(root, kept).prove(paths)
    assert Proofs(root, kept).unproved(paths) == []


def test_a_batch_that_was_changed_and_dated_back_is_read(
    ledger: tuple[Path, list[str], Cache],
) -> None:
    root, paths, kept = ledger
    assert Proofs(root, kept).prove(paths)
    file = root / paths[1]
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"ann", b"eve"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert Proofs(root, kept).unproved(paths) == [paths[1]]
    assert not Proofs(root, kept).prove(paths)
    assert Proofs(root, kept).unproved(paths) == [paths[1]]  # and not kept as proved


def test_a_link_in_the_place_of_a_batch_is_not_proved(
    ledger: tuple[Path, list[str], Cache], tmp_path: Path
) -> None:
    root, paths, kept = ledger
    shutil.move(root / paths[0], tmp_path / "elsewhere")
    (root / paths[0]).symlink_to(tmp_path / "elsewhere")
    assert not Proofs(root, kept).prove(paths)


def test_what_was_just_written_may_change_unseen_and_is_read_again(
    ledger: tuple[Path, list[str], Cache], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, paths, kept = ledger
    monkeypatch.setattr(records, "_RECENT", 3600_000_000_000)
    assert Proofs(root, kept).prove(paths)
    assert Proofs(root, kept).unproved(paths) == paths


@pytest.mark.parametrize("content", [b"", b"torn", b"\x81\xa1a\xc0"])
def test_a_damaged_cache_proves_nothing(
    ledger: tuple[Path, list[str], Cache], content: bytes
) -> None:
    root, paths, kept = ledger
    assert Proofs(root, kept).prove(paths)
    assert kept.folder
    for file in (kept.folder / "proofs").iterdir():
        file.write_bytes(content)
    assert Proofs(root, kept).unproved(paths) == paths
    assert Proofs(root, kept).prove(paths)
    assert Proofs(root, kept).unproved(paths) == []


def test_another_book_is_not_proved_by_this_one(
    ledger: tuple[Path, list[str], Cache], tmp_path: Path
) -> None:
    root, paths, kept = ledger
    assert Proofs(root, kept).prove(paths)
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    assert Proofs(copy, kept).unproved(paths) == paths


def test_without_a_cache_everything_is_read(ledger: tuple[Path, list[str], Cache]) -> None:
    root, paths, _kept = ledger
    assert Proofs(root, Cache(None)).prove(paths)
    assert Proofs(root, Cache(None)).unproved(paths) == paths


def test_many_files_are_proved_by_several_threads(
    ledger: tuple[Path, list[str], Cache], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, paths, kept = ledger
    monkeypatch.setattr(records, "_MANY", 2)
    assert Proofs(root, kept).prove(paths)
    file = root / paths[2]
    file.write_bytes(file.read_bytes() + b"\n")
    assert not Proofs(root, kept).prove(paths)
    assert Proofs(root, Cache(None)).prove(paths[:2])

"""Derived data: found again, never stale, and worth nothing when damaged."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qibi.base import cache as kept_values
from qibi.base import weeks
from qibi.base.cache import Cache, key_of
from qibi.book.load import load
from qibi.ledger.batches import batch_names, folder
from qibi.scoring.ranking import rank

EXAMPLE = Path(__file__).parents[2] / "ledgers" / "example"
WEEK = weeks.single("2026-W46")


def test_a_value_is_found_again_and_another_key_finds_nothing(tmp_path: Path) -> None:
    kept = Cache(tmp_path)
    kept.keep("numbers", key_of(["a", "b"]), [1, 2])
    assert kept.find("numbers", key_of(["a", "b"]), list[int]) == [1, 2]
    assert kept.find("numbers", key_of(["ab", ""]), list[int]) is None
    assert kept.find("words", key_of(["a", "b"]), list[int]) is None


def test_what_is_damaged_or_foreign_is_missing(tmp_path: Path) -> None:
    kept = Cache(tmp_path)
    kept.keep("numbers", "k", [1, 2])
    assert kept.find("numbers", "k", dict[str, int]) is None
    (tmp_path / "numbers" / "k.msgpack").write_bytes(b"\xc1torn")
    assert kept.find("numbers", "k", list[int]) is None


@pytest.mark.parametrize("at", [0, 15, 16, 20, -1])
def test_one_changed_byte_makes_a_value_missing(tmp_path: Path, at: int) -> None:
    kept = Cache(tmp_path)
    kept.keep("numbers", "k", list(range(100)))
    file = tmp_path / "numbers" / "k.msgpack"
    raw = bytearray(file.read_bytes())
    raw[at] ^= 1
    file.write_bytes(raw)
    assert kept.find("numbers", "k", list[int]) is None


def test_the_value_of_another_key_or_kind_is_missing(tmp_path: Path) -> None:
    kept = Cache(tmp_path)
    kept.keep("numbers", "k", [1])
    kept.keep("other", "k", [2])
    right, wrong = tmp_path / "numbers" / "k.msgpack", tmp_path / "other" / "k.msgpack"
    shutil.copy(right, tmp_path / "numbers" / "l.msgpack")
    shutil.copy(wrong, right)
    assert kept.find("numbers", "l", list[int]) is None
    assert kept.find("numbers", "k", list[int]) is None


def test_a_folder_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = Cache(tmp_path / "file")
    kept.keep("numbers", "k", [1])
    assert kept.find("numbers", "k", list[int]) is None


def test_the_oldest_go_when_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_values, "_MOST", 100)
    kept = Cache(tmp_path)
    for number in range(500):
        kept.keep("numbers", str(number), number)
    assert len(list((tmp_path / "numbers").iterdir())) <= 150
    assert kept.find("numbers", "0", int) is None
    assert kept.find("numbers", "499", int) == 499


def test_the_oldest_go_when_they_are_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_values, "_MOST_BYTES", 1000)
    kept = Cache(tmp_path)
    for number in range(100):
        kept.keep("texts", str(number), "x" * 100)
    assert len(list((tmp_path / "texts").iterdir())) <= 80
    assert kept.find("texts", "99", str) == "x" * 100


def test_five_years_of_weeks_ranked_in_two_ways_stay(tmp_path: Path) -> None:
    kept = Cache(tmp_path)
    asked = [f"{kind} {week}" for kind in ("member", "cp") for week in range(260)]
    for key in asked:
        kept.keep("weeks", key, key)
    assert all(kept.find("weeks", key, str) == key for key in asked)


def test_a_ranking_is_the_same_cold_warm_and_without_a_cache(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cold = rank(EXAMPLE, load(EXAMPLE, cache), WEEK, trend=True, cache=cache)
    warm = rank(EXAMPLE, load(EXAMPLE, cache), WEEK, trend=True, cache=cache)
    without = rank(EXAMPLE, load(EXAMPLE), WEEK, trend=True)
    assert (cache / "rankings").exists()
    assert cold == warm == without


def test_a_batch_more_is_seen_at_once(tmp_path: Path) -> None:
    book, cache = tmp_path / "book", tmp_path / "cache"
    shutil.copytree(EXAMPLE, book)
    place = book / folder("2026-W46")
    names = batch_names(book, "2026-W46")
    away = place / names[0]
    raw = away.read_bytes()
    away.unlink()
    less = rank(book, load(book, cache), WEEK, cache=cache)
    away.write_bytes(raw)
    more = rank(book, load(book, cache), WEEK, cache=cache)
    assert less.missing and not more.missing


def test_a_changed_batch_is_refused_though_its_ranking_is_kept(tmp_path: Path) -> None:
    import pytest

    from qibi.base.findings import Faults

    book, cache = tmp_path / "book", tmp_path / "cache"
    shutil.copytree(EXAMPLE, book)
    rank(book, load(book, cache), WEEK, cache=cache)
    batch = book / folder("2026-W46") / batch_names(book, "2026-W46")[0]
    batch.write_bytes(batch.read_bytes().replace(b'"points":1,', b'"points":9,'))
    with pytest.raises(Faults, match="content has changed"):
        rank(book, load(book, cache), WEEK, cache=cache)


def test_changed_rules_of_the_book_are_seen_at_once(tmp_path: Path) -> None:
    book, cache = tmp_path / "book", tmp_path / "cache"
    shutil.copytree(EXAMPLE, book)
    before = rank(book, load(book, cache), WEEK, cache=cache)
    scheme = book / "scheme" / "2026-W36.yaml"
    text = scheme.read_text("utf-8")
    assert "cap: 3" in text
    scheme.write_text(text.replace("cap: 3", "cap: 1"), "utf-8")
    assert rank(book, load(book, cache), WEEK, cache=cache) != before


def test_a_book_may_stand_in_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    """Linux keeps names as bytes: Python gives what is no UTF-8 as lone surrogates."""
    odd, other = (str(tmp_path / os.fsdecode(raw)) for raw in (b"books-\xff", b"books-\xfe"))
    assert key_of([odd]) == key_of([odd]) != key_of([other])


def _open_to_group(folder: Path) -> Path:
    folder.chmod(0o770)
    return folder


def _open_file(folder: Path) -> Path:
    file = folder / "numbers" / "k.msgpack"
    file.chmod(0o666)
    return file


def _linked_file(folder: Path) -> Path:
    file = folder / "numbers" / "k.msgpack"
    file.rename(folder / "elsewhere")
    file.symlink_to(folder / "elsewhere")
    return file


def _linked_folder(folder: Path) -> Path:
    (folder / "numbers").rename(folder / "others")
    (folder / "numbers").symlink_to("others")
    return folder / "numbers"


def _of_another(folder: Path) -> Path:
    try:
        os.chown(folder / "numbers", 12345, -1)
    except PermissionError:
        pytest.skip("only root can give a folder to another")
    return folder / "numbers"


@pytest.mark.skipif(os.name == "nt", reason="there are no such permissions")
@pytest.mark.parametrize(
    "spoilt", [_open_to_group, _open_file, _linked_file, _linked_folder, _of_another]
)
def test_an_audit_takes_nothing_that_others_could_have_written(
    tmp_path: Path, spoilt: Callable[[Path], Path]
) -> None:
    folder = tmp_path / "cache"
    umask = os.umask(0o002)  # as where each user has a group of their own
    Cache(folder).keep("numbers", "k", [1])
    os.umask(umask)
    kept = Cache(folder, own=True)
    assert kept.find("numbers", "k", list[int]) == [1]
    place = spoilt(folder)
    assert kept.find("numbers", "k", list[int]) is None
    assert list(kept.distrusted) == [place]
    assert Cache(folder).find("numbers", "k", list[int]) == [1], "what is shown may still be kept"

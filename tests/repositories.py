"""What tests on real git share: a book's first files, surroundings of their own, git that has to succeed.

Nothing here comes from the program, for some of the tests that use it judge what the program wrote.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

SCHEME = """\
total: {min: 0, max: 200}
criteria:
  - id: order
    applies_to: [member]
    base: 10
    min: 0
    max: 200
    items:
      - {id: tidy, points: 1, per: count}
      - {id: late, points: -1, per: count}
"""
FILES = {
    "scheme/2026-W01.yaml": SCHEME,
    ".gitattributes": "ledger/** -text\nseals/** -text\n",
    ".gitignore": "ledger/.lock\n*.tmp\n",
}

_SHARED = Path(tempfile.mkdtemp(prefix="qibi-tests-"))
atexit.register(shutil.rmtree, _SHARED, ignore_errors=True)
# What qibi derives is keyed by content, so all tests of a process share one cache.
CACHE = str(_SHARED / "cache")
# Test repositories are small and short-lived: nothing to pack, no sample hooks to copy.
(_SHARED / "template" / "hooks").mkdir(parents=True)
_QUICK = {
    "gc.auto": "0",
    "maintenance.auto": "false",
    "init.templateDir": str(_SHARED / "template"),
}
QUICK_GIT = {"GIT_CONFIG_COUNT": str(len(_QUICK))} | {
    f"GIT_CONFIG_{what}_{number}": text
    for number, setting in enumerate(_QUICK.items())
    for what, text in zip(("KEY", "VALUE"), setting, strict=True)
}


def lay_out(root: Path, files: Mapping[str, str]) -> None:
    """Write these files, byte for byte, below a folder."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8", newline="")


def copied(book: Path, to: Path) -> Path:
    """A copy of a book for a test to change. Its batches, which nobody writes twice, are hard links to
    one copy of this process: of the example book a tenth of the time. A test that writes into one
    all the same spoils that copy, and it is made anew.
    """
    kept = _SHARED / "books" / book.name
    stamps = _stamps.get(kept, {})
    if not stamps or stamps != _stamped(stamps):
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(book, kept)
        _stamps[kept] = _stamped(kept.rglob("*.jsonl"))
    return Path(shutil.copytree(kept, to, copy_function=_linked, dirs_exist_ok=True))


_stamps: dict[Path, dict[Path, tuple[int, int, int]]] = {}


def _stamped(paths: Iterable[Path]) -> dict[Path, tuple[int, int, int]]:
    return {p: (s.st_mode, s.st_size, s.st_mtime_ns) for p in paths for s in [p.stat()]}


def _linked(source: str, target: str) -> None:
    with suppress(OSError):  # another disk
        if source.endswith(".jsonl"):
            os.link(source, target)
            return
    shutil.copy2(source, target)


def prepared(make: Callable[..., object], place: Path, *options: str) -> None:
    """What `make(place, *options)` puts into a folder; made once, and copied from then on."""
    shutil.copytree(_first(make, *options), place, symlinks=True, dirs_exist_ok=True)


@cache
def _first(make: Callable[..., object], *options: str) -> Path:
    place = Path(tempfile.mkdtemp(dir=_SHARED))
    make(place, *options)
    return place


def surroundings(home: Path) -> dict[str, str]:
    """Nothing of whoever runs the tests: a home of its own, and one author."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR", "SYSTEMROOT")}
    person = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.invalid"))
    }
    return kept | person | QUICK_GIT | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


def git(
    root: Path, environment: Mapping[str, str], *arguments: str, given: bytes | None = None
) -> str:
    """What git printed; an error of git is an error of the test."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        env=environment,
        input=given,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stderr, done.stdout)
    return done.stdout.decode()

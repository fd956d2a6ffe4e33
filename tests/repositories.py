"""What tests on real git share: a book's first files, surroundings of their own, git that has to succeed.

Nothing here comes from the program, for some of the tests that use it judge what the program wrote.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
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

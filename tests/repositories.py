"""What tests on real git share: a book's first files, surroundings of their own, git that has to succeed.

Nothing here comes from the program, for some of the tests that use it judge what the program wrote.
"""

import os
import subprocess
from collections.abc import Mapping
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


def lay_out(root: Path, files: Mapping[str, str]) -> None:
    """Write these files, byte for byte, below a folder."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8", newline="")


def surroundings(home: Path) -> dict[str, str]:
    """Nothing of whoever runs the tests: a home of its own, and one author."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "TMPDIR", "SYSTEMROOT")}
    person = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.invalid"))
    }
    return kept | person | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


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

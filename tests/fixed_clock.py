"""qibi as a process of its own, whose clock stands still: two runs write identical bytes.

    python tests/fixed_clock.py 2026-11-23T12:00:00+00:00 rank --week

The program takes the moment of recording from the clock alone; no option and no environment variable
moves it. A test or a page that shows what was recorded hands it the clock in this way.
"""

import os
import shlex
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # the Monday after the example book's last week


def command(moment: datetime = NOON, python: str | Path = sys.executable) -> list[str]:
    """The words that stand for `qibi`, of the environment of this interpreter."""
    return [str(python), "-P", str(Path(__file__).resolve()), moment.isoformat()]


def put_first(folder: Path, moment: datetime = NOON, python: str | Path = sys.executable) -> str:
    """Write a `qibi` with this clock into a folder; the PATH that finds it first."""
    folder.mkdir(exist_ok=True)
    program = folder / "qibi"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command(moment, python))} "$@"\n', "utf-8")
    program.chmod(0o755)
    return os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)])


def dates(moment: datetime = NOON) -> dict[str, str]:
    """What git takes its dates from, at this moment."""
    return dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), moment.isoformat())


def main() -> int:
    """Run qibi; its exit code."""
    from qibi.cli.app import main
    from qibi.cli.surroundings import Surroundings

    moment = datetime.fromisoformat(sys.argv[1])
    return main(sys.argv[2:], replace(Surroundings.of_this_process(), now=lambda: moment))


if __name__ == "__main__":
    sys.exit(main())

"""What end-to-end tests share: the installed program in surroundings of their own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import fixed_clock

REPOSITORY = Path(__file__).resolve().parents[2]
PERSON = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Example Recorder"), ("EMAIL", "recorder@example.invalid"))
}


@dataclass(frozen=True)
class Outside:
    """A folder with a home, and programs run in it as a person would run them."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, expect: int = 0) -> str:
        """What a program prints, both streams as a terminal shows them; its exit code is asserted."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == expect, f"{' '.join(command)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def at(self, folder: str) -> "Outside":
        """The same, in a folder below."""
        return Outside(self.folder / folder, self.environment)

    def when(self, moment: datetime) -> "Outside":
        """The same, at another moment."""
        path = fixed_clock.put_first(self.folder.parent / f"bin-{moment:%Y%m%d}", moment)
        return Outside(self.folder, self.environment | {"PATH": path} | fixed_clock.dates(moment))


def surroundings(
    folder: Path,
    language: str,
    moment: datetime = fixed_clock.NOON,
    python: str | Path = sys.executable,
) -> Outside:
    """An empty folder with a home next to it; `qibi` is that of an environment, at this moment."""
    home, place = folder / "home", folder / "place"
    home.mkdir()
    place.mkdir()
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("QIBI_", "GIT_"))
    } | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PATH": fixed_clock.put_first(folder / "bin", moment, python),
        "PYTHONUTF8": "1",
        "COLUMNS": "80",
        "QIBI_LANG": language,
    }
    return Outside(place, environment | PERSON | fixed_clock.dates(moment))

"""What end-to-end tests share: the installed program in surroundings of their own."""

import os
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

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


def surroundings(folder: Path, scripts: Path, language: str, today: str) -> Outside:
    """An empty folder, a home of its own beside it, and these scripts found first."""
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
        "PATH": os.pathsep.join([str(scripts), os.environ.get("PATH", os.defpath)]),
        "PYTHONUTF8": "1",
        "COLUMNS": "80",
        "QIBI_LANG": language,
        "QIBI_TODAY": today,
    }
    return Outside(place, environment | PERSON)


def installed() -> Path:
    """The folder that holds the `qibi` of this environment."""
    scripts = Path(sysconfig.get_path("scripts"))
    assert list(scripts.glob("qibi*")), "qibi is not installed: pip install -e '.[dev]'"
    return scripts

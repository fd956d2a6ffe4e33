"""Git, through one helper: scrubbed environment, synced objects, nothing interactive."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from qibi.base.findings import Refusal
from qibi.base.language import _

# Variables by which a caller (a hook, another git) would point git at another repository.
_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_ASKPASS", "GIT_EXEC_PATH")
_SETTINGS = ("-c", "core.fsync=all", "-c", "core.quotePath=false", "-c", "core.autocrlf=false")


class Git:
    """Runs git in one folder, with the environment that was handed down."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = {
            key: value
            for key, value in environment.items()
            if not key.startswith("GIT_") or key.startswith(_KEPT)
        } | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Git's result, whatever its exit code; raises `Refusal` where git is not installed."""
        command = ["git", "--no-replace-objects", *_SETTINGS, *arguments]
        try:
            return subprocess.run(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="surrogateescape",
                check=False,
            )
        except FileNotFoundError:
            raise Refusal(
                _("git is not installed"), _("install git (https://git-scm.com) and try again")
            ) from None

    def demand(self, *arguments: str) -> str:
        """What git printed; raises `Refusal` with git's own words where it failed."""
        done = self.run(*arguments)
        if done.returncode != 0:
            words = (done.stderr or done.stdout).strip()
            raise Refusal(
                _("git {command} failed: {words}").format(command=arguments[0], words=words)
            )
        return done.stdout

    def config(self, key: str) -> str | None:
        """The value of a setting; None where it is not set or git is not here."""
        try:
            done = self.run("config", "--get", key)
        except Refusal:
            return None
        return done.stdout.strip() or None if done.returncode == 0 else None

    def repository(self) -> Path | None:
        """The top folder of the repository around this folder, or None."""
        done = self.run("rev-parse", "--show-toplevel")
        return Path(done.stdout.rstrip("\n")) if done.returncode == 0 else None

    def changed(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Status (two letters, as git writes them) and path of what differs from the last commit.

        Paths are from the repository's top folder; files in new folders are listed one by one.
        """
        out = self.demand(
            "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", *paths
        )
        return [(row[:2], row[3:]) for row in out.split("\0") if row]

    def push(self) -> None:
        """Push the current branch; raises `Refusal` with what to do where that is refused."""
        done = self.run("push", "--quiet")
        if done.returncode == 0:
            return
        words = (done.stderr or done.stdout).strip()
        if "rejected" in words or "fetch first" in words:
            raise Refusal(
                _("others have pushed meanwhile"), _("git pull, then qibi commit --push once more")
            )
        if "No configured push destination" in words or "no upstream" in words:
            raise Refusal(
                _("this repository has nowhere to push to"),
                _("name it once: git remote add origin ADDRESS; git push -u origin HEAD"),
            )
        raise Refusal(_("git {command} failed: {words}").format(command="push", words=words))

    def commit(self, message: str, paths: Sequence[str]) -> str:
        """Commit these paths and nothing else that may be staged; the new commit's short id."""
        self.demand("add", "--all", "--", *paths)
        merging = self.run("rev-parse", "--quiet", "--verify", "MERGE_HEAD").returncode == 0
        # A merge is committed whole: git knows no part of one.
        only = () if merging else ("--only", "--", *paths)
        done = self.run("commit", "--quiet", "-m", message, *only)
        if done.returncode != 0:
            self.run("reset", "--quiet", "--", *paths)
            words = (done.stderr or done.stdout).strip()
            raise Refusal(
                _("git did not commit: {words}").format(
                    words=words or _("a hook of this repository refused")
                ),
                _("mend that and run qibi commit again; nothing is lost"),
            )
        return self.demand("rev-parse", "--short=7", "HEAD").strip()


def has_identity(git: Git) -> bool:
    """Whether git knows whom to name as the author of a commit."""
    return git.run("var", "GIT_AUTHOR_IDENT").returncode == 0 and bool(
        git.config("user.email") or git.environment.get("GIT_AUTHOR_EMAIL")
    )

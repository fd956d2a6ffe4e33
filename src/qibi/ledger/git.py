"""Git, through one helper: scrubbed environment, everything synced, nothing interactive."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from qibi.base.findings import Refusal
from qibi.base.language import _, listing
from qibi.base.text import argument

# Variables by which a caller (a hook, another git) would point git at another repository.
_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_ASKPASS", "GIT_EXEC_PATH")
_SETTINGS = (
    *("-c", "core.fsync=all"),
    *("-c", "core.quotePath=false"),
    *("-c", "core.autocrlf=false"),
    *("-c", "core.fsmonitor=false"),  # a program that the repository names
    *("-c", "gc.autoDetach=false"),  # what git repacks is synced with the rest, so it ends first
    *("-c", "maintenance.autoDetach=false"),
)
# Temp files and marks that a crash left, and the lock, also where no .gitignore names them; below a book.
LEFT_OUT = (
    ":(exclude,glob)ledger/**/.*",
    ":(exclude,glob)seals/**/.*",
    ":(exclude,glob)evidence/**/.*.tmp",
)
_NO_MODES = ("-c", "core.fileMode=false")
_VALUES = {"QIBI_EMPTY": "", "QIBI_FALSE": "false"}  # what `--config-env` takes its values from
_ENDING = 5  # seconds that git has to tidy up once it is told to end
_INDEX = re.compile(
    r"index file (?:corrupt|smaller)|bad index |bad signature 0x|broken index|unable to map index|"
    r"unknown index entry format|unordered stage entries|malformed name field in the index|sharedindex"
)
_LOCKED = (".lock'", "cannot lock ref", "Unable to create", "unable to lock")


class Git:
    """Runs git in one folder, with the environment that was handed down."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], settings: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.environment = (
            {
                key: value
                for key, value in environment.items()
                if not key.startswith("GIT_") or key.startswith(_KEPT)
            }
            | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
            | _VALUES
        )

    def command(self, *arguments: str) -> list[str]:
        """What runs git with these arguments."""
        return ["git", "--no-replace-objects", *_SETTINGS, *self.settings, *arguments]

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Git's result, whatever its exit code; raises `Refusal` where git is not installed."""
        try:
            return subprocess.run(
                self.command(*arguments),
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
            raise not_installed() from None

    def run_within(self, seconds: float, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """As `run`, for what another machine may keep waiting; raises `TimeoutError`.

        Git and all that it starts are a session of their own: they end together, and none of them can ask
        at the terminal.
        """
        try:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="surrogateescape",
                start_new_session=True,
            )
        except FileNotFoundError:
            raise not_installed() from None
        with process:
            try:
                out, words = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                _end(process)
                raise TimeoutError from None
            except BaseException:
                _end(process)
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, words)

    def demand(self, *arguments: str) -> str:
        """What git printed; raises `Refusal` with git's own words where it failed."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise (
                self._locked(done)
                or self.damaged_index(done.stderr)
                or Refusal(
                    _("git {command} failed: {words}").format(
                        command=_name(arguments), words=_words_of(done)
                    )
                )
            )
        return done.stdout

    def _locked(self, done: "subprocess.CompletedProcess[str]") -> Refusal | None:
        """What to say where git failed because of a lock; a lock is never removed on our own."""
        if not any(sign in done.stderr for sign in _LOCKED):
            return None
        from qibi.ledger.git_files import locks

        found = locks(self)
        if not found:
            return None
        return Refusal(
            _("git is locked: {locks}").format(locks=listing([str(lock) for lock in found])),
            _(
                "another git is at work, or one was killed: wait; once no git runs here, remove what is left and run the same command again (nothing is lost): rm {paths}"
            ).format(paths=shlex.join(str(lock.path) for lock in found)),
        )

    def damaged_index(self, words: str) -> Refusal | None:
        """What to say where git failed because its index is damaged: nothing in it is not in a commit or on disk."""
        if not _INDEX.search(words):
            return None
        index = self.folder / self.run("rev-parse", "--git-path", "index").stdout.removesuffix("\n")
        return Refusal(
            _("git's index is damaged, as by a power cut: {words}").format(
                words=words.strip().splitlines()[0].removeprefix("fatal: ").removeprefix("error: ")
            ),
            _("make it anew, the book's files stay as they are: {command}").format(
                command=f"rm {argument(str(index))}; git reset"
            ),
        )

    def read(self, *arguments: str, given: bytes = b"", fine: Collection[int] = (0,)) -> bytes:
        """What git printed, as bytes, given these on standard input; raises `Refusal` as `demand`.

        `fine` are the exit codes that are no failure.
        """
        try:
            done = subprocess.run(
                self.command(*arguments),
                cwd=self.folder,
                env=self.environment,
                input=given,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            raise not_installed() from None
        if done.returncode not in fine:
            words = done.stderr.decode("utf-8", "replace").strip()
            raise self.damaged_index(words) or Refusal(
                _("git {command} failed: {words}").format(
                    command=_name(arguments), words=words or _killed(done.returncode)
                )
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
        """The top folder of the repository around this folder; None where there is none.

        Raises `Refusal` where git does not open the one that is there (see `git_state`).
        """
        from qibi.ledger.git_state import work_tree

        return work_tree(self)

    def changed(self, paths: Sequence[str], *, filters: bool = True) -> list[tuple[str, str]]:
        """Status (two letters, as git writes them) and path of what differs from the last commit.

        Paths are from the repository's top folder; files in new folders are listed one by one.
        Without `filters` none of the programs runs that the repository names for its files.
        """
        off = [] if filters else self._filters_off()
        asked = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
        out = self.demand(*_NO_MODES, *off, "status", *asked, "--", *paths)
        return [(row[:2], row[3:]) for row in out.split("\0") if row]

    def _filters_off(self) -> list[str]:
        """The options that leave each filter of this repository without a program."""
        pattern = r"^filter\..*\.(clean|smudge|process|required)$"
        found = self.run("config", "--null", "--name-only", "--get-regexp", pattern).stdout
        # Not by -c, which takes a name only as far as its first "=".
        return [
            f"--config-env={key}={'QIBI_FALSE' if key.endswith('.required') else 'QIBI_EMPTY'}"
            for key in sorted(set(found.split("\0")) - {""})
        ]

    def push(self, *options: str) -> str:
        """Push the current branch, and give what git printed; raises `Refusal` with what to do.

        Also where git pushed something else, as its settings may say.
        """
        done = self.run("push", *(options or ("--quiet",)))
        if done.returncode == 0:
            if not options and not self.run("branch", "-r", "--contains", "HEAD").stdout.strip():
                raise Refusal(
                    _("git push ended well, and the remote does not hold this commit"),
                    _(
                        "look at: git config --get-regexp 'push|remote'; then: git push {remote} HEAD"
                    ).format(remote=argument(self._remote() or "origin")),
                )
            return done.stdout
        words = _words_of(done)
        if "fetch first" in words or "non-fast-forward" in words:
            raise Refusal(
                _("others have pushed meanwhile"),
                _("{command}, then qibi commit --push once more").format(command=self._pull()),
            )
        if "No configured push destination" in words or "no upstream" in words:
            remote = self._remote()
            if remote:
                raise Refusal(
                    _("git does not know where to push {name} to").format(
                        name=self._on() or "HEAD"
                    ),
                    _("tell it once: git push -u {remote} HEAD").format(remote=argument(remote)),
                )
            raise Refusal(
                _("this repository has nowhere to push to"),
                _("name it once: git remote add origin ADDRESS; git push -u origin HEAD"),
            )
        raise Refusal(_("git {command} failed: {words}").format(command="push", words=words))

    def _on(self) -> str:
        """The name of git's branch that is checked out; empty where HEAD is detached."""
        ref = self.run("symbolic-ref", "--quiet", "HEAD").stdout.strip()
        return ref.removeprefix("refs/heads/")

    def _remote(self) -> str:
        """The remote to push to: the one that git is told, `origin`, else the first; empty where there is none."""
        told = self.config(f"branch.{self._on()}.remote"), self.config("remote.pushDefault")
        known = self.run("remote").stdout.split("\n")
        return next((name for name in (*told, "origin") if name in known), known[0])

    def _pull(self) -> str:
        """The command that merges what others have pushed, in any state of git's settings."""
        pull = "git pull --no-rebase --no-edit"
        if self.run("rev-parse", "--quiet", "--verify", "@{upstream}").returncode == 0:
            return pull
        return f"{pull} {argument(self._remote())} {argument(self._on())}"

    def add(self, paths: Sequence[str]) -> None:
        """Put these paths into the index; raises `Refusal`.

        New files are added as plain ones, whatever modes the file system shows (SMB, WSL).
        """
        try:
            self.demand(*_NO_MODES, "add", "--all", "--", *paths)
        except Refusal as refusal:
            if "sparse-checkout" in refusal.message:
                refusal.advice = _("get all of the book: git sparse-checkout disable")
            refusal.advice = refusal.advice or _(
                "mend that and run qibi commit again; nothing is lost"
            )
            raise

    def not_added(self, paths: Sequence[str], prefix: str) -> list[str]:
        """Those of these new files that `add` does not take because of a sparse checkout; adds nothing.

        `prefix` is this folder below the repository's top. None of the repository's filters runs.
        """
        asked = ("--literal-pathspecs", "add", "--dry-run", "--", *paths)
        done = self.run(*_NO_MODES, *self._filters_off(), *asked)
        if done.returncode == 0:
            return []
        said = set(done.stderr.splitlines())
        found = [path for path in paths if prefix + path in said]
        if not found:
            raise self._locked(done) or Refusal(
                _("git {command} failed: {words}").format(command="add", words=_words_of(done))
            )
        return found

    def commit(self, message: str, paths: Sequence[str]) -> str:
        """Add and commit these paths, and have the disk keep the commit; its short id."""
        self.add(paths)
        made = self.commit_added(message, paths)
        self.keep()
        return made

    def commit_added(self, message: str, paths: Sequence[str]) -> str:
        """Commit these paths, which were added, and nothing else that may be staged; the short id."""
        merging = self.run("rev-parse", "--quiet", "--verify", "MERGE_HEAD").returncode == 0
        # A merge is committed whole: git knows no part of one.
        only = () if merging else ("--only", "--", *paths)
        done = self.run(*_NO_MODES, "commit", "--quiet", "-m", message, *only)
        if done.returncode != 0:
            self.run("reset", "--quiet", "--", *paths)
            words = _words_of(done) or _("a hook of this repository refused")
            raise self._locked(done) or Refusal(
                _("git did not commit: {words}").format(words=words),
                _("mend that and run qibi commit again; nothing is lost"),
            )
        return self.demand("rev-parse", "--short=7", "HEAD").strip()

    def take_back(self, commit: str, before: str) -> bool:
        """Take back the last commit, which others have not seen; the files stay as they are.

        False where something else than this commit has been made on top of `before` (empty: of nothing).
        """
        parents = self.run("rev-list", "--parents", "-1", commit).stdout.split()[1:]
        if parents != ([before] if before else []):
            return False
        if before:
            return self.run("reset", "--quiet", before).returncode == 0
        return (
            self.run("update-ref", "-d", "HEAD", commit).returncode == 0
            and self.run("rm", "-r", "--cached", "--quiet", "--ignore-unmatch", ".").returncode == 0
        )

    def keep(self) -> None:
        """Have the disk keep the last commit; raises `Refusal` where it does not confirm that."""
        from qibi.ledger.git_files import sync_head

        try:
            sync_head(self)
        except OSError as error:
            raise Refusal(
                _("git has made the commit, but the disk did not confirm it: {reason}").format(
                    reason=error.strerror
                ),
                _(
                    "a power cut may take it back, the book's files stand: mend the disk, then run git fsck and qibi commit"
                ),
            ) from None


def _name(arguments: Sequence[str]) -> str:
    """Git's command among its arguments: the first that is no setting."""
    plain = [a for n, a in enumerate(arguments) if "-c" not in (a, arguments[n - 1] if n else "")]
    return next((a for a in plain if not a.startswith("-")), "")


def _end(process: "subprocess.Popen[str]") -> None:
    """End a process that leads its session, first so that it tidies up, and all others in it."""
    if os.name == "nt":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_ENDING)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _words_of(done: "subprocess.CompletedProcess[str]") -> str:
    """Git's own words, or that it was killed."""
    words = (done.stderr or done.stdout).strip()
    if not words and done.returncode < 0:
        return _killed(done.returncode)
    return words


def _killed(code: int) -> str:
    return _("it was killed (signal {number})").format(number=-code)


class NotInstalled(Refusal):
    """There is no git on this machine: what is recorded is then held against nothing."""


def not_installed() -> Refusal:
    """What to say where there is no git."""
    return NotInstalled(
        _("git is not installed"), _("install git (https://git-scm.com) and try again")
    )


def has_identity(git: Git) -> bool:
    """Whether git knows whom to name as the author of a commit."""
    return git.run("var", "GIT_AUTHOR_IDENT").returncode == 0 and bool(
        git.config("user.email") or git.environment.get("GIT_AUTHOR_EMAIL")
    )

"""Git, through one helper: scrubbed environment, everything synced, nothing interactive."""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qibi.base.findings import Refusal
from qibi.base.language import _, aside, listing, many
from qibi.base.plain import sync
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
    """Runs git in one folder, with the environment that was passed."""

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

        found = locks(self)
        if not found:
            return None
        return Refusal(
            _("git is locked: {locks}").format(locks=listing([str(lock) for lock in found])),
            _(
                "another git is running, or one was killed: wait; once no git runs here, remove what is left and run the same command again (nothing is lost): rm {paths}"
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
            _("rebuild it, the book's files stay as they are: {command}").format(
                command=f"rm {argument(str(index))}; git reset"
            ),
        )

    def read(self, *arguments: str, given: bytes = b"", fine: Collection[int] = (0,)) -> bytes:
        """What git printed, as bytes, given these on standard input; raises `Refusal` as `demand`.

        `fine` are the exit codes that do not mean failure.
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

        return work_tree(self)

    def changed(self, paths: Sequence[str], *, filters: bool = True) -> list[tuple[str, str]]:
        """Status (two letters, as git writes them) and path of what differs from the last commit.

        Paths are from the repository's top folder; files in new folders are listed one by one.
        Without `filters` none of the programs runs that the repository names for its files.
        """
        off = [] if filters else self._filters_off()
        arguments = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
        out = self.demand(*_NO_MODES, *off, "status", *arguments, "--", *paths)
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
                    _("git push succeeded, but the remote does not have this commit"),
                    _(
                        "check: git config --get-regexp 'push|remote'; then: git push {remote} HEAD"
                    ).format(remote=argument(self._remote() or "origin")),
                )
            return done.stdout
        words = _words_of(done)
        if "fetch first" in words or "non-fast-forward" in words:
            raise Refusal(
                _("others have pushed meanwhile"),
                _("{command}, then qibi commit --push again").format(command=self._pull()),
            )
        if "No configured push destination" in words or "no upstream" in words:
            remote = self._remote()
            if remote:
                raise Refusal(
                    _("git does not know where to push {name} to").format(
                        name=self._on() or "HEAD"
                    ),
                    _("set it once: git push -u {remote} HEAD").format(remote=argument(remote)),
                )
            raise Refusal(
                _("this repository has no remote to push to"),
                _("add one: git remote add origin ADDRESS; git push -u origin HEAD"),
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
                "fix that and run qibi commit again; nothing is lost"
            )
            raise

    def not_added(self, paths: Sequence[str], prefix: str) -> list[str]:
        """Those of these new files that `add` does not take because of a sparse checkout; adds nothing.

        `prefix` is this folder below the repository's top. None of the repository's filters runs.
        """
        arguments = ("--literal-pathspecs", "add", "--dry-run", "--", *paths)
        done = self.run(*_NO_MODES, *self._filters_off(), *arguments)
        if done.returncode == 0:
            return []
        complaints = set(done.stderr.splitlines())
        result = [path for path in paths if prefix + path in complaints]
        if not result:
            raise self._locked(done) or Refusal(
                _("git {command} failed: {words}").format(command="add", words=_words_of(done))
            )
        return result

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
                _("fix that and run qibi commit again; nothing is lost"),
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

        try:
            sync_head(self)
        except OSError as error:
            raise Refusal(
                _("git has made the commit, but the disk did not confirm it: {reason}").format(
                    reason=error.strerror
                ),
                _(
                    "a power cut may undo it, the book's files are safe: fix the disk, then run git fsck and qibi commit"
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
    """There is no git on this machine: what is recorded is then compared with nothing."""


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


# Git's own files: synced once a commit is made, and the locks that a killed git left behind.
#
# Git syncs what it writes (`core.fsync=all`), never the folders that hold it: after a power cut a
# commit could be gone although git had said that it was made.


@dataclass(frozen=True)
class Lock:
    """A lock file of git, and its age in seconds."""

    path: Path
    age: float

    def __str__(self) -> str:
        return f"{self.path}{aside(age_text(self.age))}"


def folders(git: "Git") -> tuple[Path, Path]:
    """The git folder of this working tree and the one it shares with others; mostly the same.

    Raises `Refusal` outside a repository.
    """
    own, common = git.demand("rev-parse", "--git-dir", "--git-common-dir").splitlines()
    return git.folder / own, git.folder / common


def sync_head(git: "Git") -> None:
    """Have the disk keep what HEAD names: ref, commit, its new objects, and the folders of each.

    Raises `OSError`. Costs a millisecond or so for a file or folder that is on the disk already.
    """
    own, common = folders(git)
    objects = common / "objects"
    new = git.demand("rev-list", "--objects", "--no-object-names", "HEAD", "--not", "HEAD^@")
    loose = [objects / name[:2] / name[2:] for name in new.split()]
    ref = git.run("symbolic-ref", "--quiet", "HEAD").stdout.strip()
    refs = [common / ref, common / "logs" / ref] if ref else []
    files = [*loose, *refs, own / "logs" / "HEAD", own / "HEAD", own / "index"]
    above = [parent for path in refs for parent in path.parents if common in parent.parents]
    named = [objects / "pack", objects, common / "reftable", own / "logs", own, common]
    for path in _once([*files, *(file.parent for file in loose), *above, *named]):
        with suppress(FileNotFoundError):  # packed, or a kind of file that this repository lacks
            sync(path)


def locks(git: "Git") -> list[Lock]:
    """The lock files that are in git's folder: of a git at work, or of one that was killed."""
    own, common = folders(git)
    found = [*own.glob("*.lock"), *common.glob("*.lock"), *(common / "refs").rglob("*.lock")]
    return list(_aged(_once(found)))


def age_text(seconds: float) -> str:
    """How old a file is, in its largest unit."""
    whole = max(0, int(seconds))
    if whole < 60:
        return many("{count} second old", "{count} seconds old", whole).format(count=whole)
    if whole < 3600:
        return many("{count} minute old", "{count} minutes old", whole // 60).format(
            count=whole // 60
        )
    if whole < 86400:
        return many("{count} hour old", "{count} hours old", whole // 3600).format(
            count=whole // 3600
        )
    return many("{count} day old", "{count} days old", whole // 86400).format(count=whole // 86400)


def _aged(paths: Iterable[Path]) -> Iterator[Lock]:
    for path in paths:
        with suppress(FileNotFoundError):  # gone by now
            yield Lock(path, time.time() - path.lstat().st_mtime)


def _once(paths: Iterable[Path]) -> list[Path]:
    return list(dict.fromkeys(paths))


# What keeps git from taking a commit here: its own refusals told as what they are, and a HEAD in between.
#
# Git says "not a git repository" of a repository whose HEAD is empty, and silently takes the one around it.
# So where a `.git` is, that is the repository that is meant, or nothing is committed.


_NAMED = 3  # of what git could switch to
_NONE = "not a git repository"
_OWNER = re.compile(r"detected dubious ownership in repository at '(.+)'")
_CONFIG = re.compile(
    r"bad (?:numeric |boolean )?config (?:line|variable|value)|bad config file|unable to parse .* config|"
    r"invalid (?:section name|key)|unknown error occurred while reading the configuration|missing value for"
)
_FORMAT = re.compile(
    r"[Ee]xpected git repo version|unknown repository extension|unknown ref storage"
)
_POINTS_TO = re.compile(r"not a git repository: '?(.+?)'?$", re.MULTILINE)


def work_tree(git: "Git") -> Path | None:
    """The top folder of the repository around git's folder; None where there is none.

    Raises `Refusal` where there is one that git does not open, or where git would take another one.
    """
    done = git.run("rev-parse", "--show-toplevel")
    marker = _marker(git.folder)
    if done.returncode == 0:
        top = Path(done.stdout.removesuffix("\n"))
        elsewhere = marker is not None and marker.parent.resolve() != top.resolve()
        if marker is not None and elsewhere and git.config("core.worktree") is None:
            raise _not_taken(marker)
        return top
    if marker is None and _NONE in done.stderr and not _POINTS_TO.search(done.stderr):
        return None
    raise _refused(done, marker)


def _marker(folder: Path) -> Path | None:
    """The nearest `.git`, a folder or a file, here or above."""
    here = folder.resolve()  # as git does, which knows no `..`
    for place in (here, *here.parents):
        with suppress(OSError):
            if (place / ".git").is_symlink() or (place / ".git").exists():
                return place / ".git"
    return None


def _refused(done: "subprocess.CompletedProcess[str]", marker: Path | None) -> Refusal:
    """Git's refusal to open a repository, with its cause and the way out."""
    words = done.stderr.strip()
    first = words.splitlines()[0].removeprefix("fatal: ") if words else ""
    if match := _OWNER.search(words):
        return Refusal(
            _(
                "git does not trust {folder}: the folder belongs to another user of this system"
            ).format(folder=match[1]),
            _("if you trust whoever owns it: {command}").format(
                command=shlex.join(
                    ["git", "config", "--global", "--add", "safe.directory", match[1]]
                )
            ),
        )
    if _CONFIG.search(words):
        return Refusal(
            _("git can't read its configuration: {words}").format(words=first),
            _("correct that line; the repository itself is not damaged"),
        )
    if _FORMAT.search(words):
        return Refusal(
            _("this git can't read the repository: {words}").format(
                words=" ".join(words.removeprefix("fatal: ").split())
            ),
            _("update git, or use the git that made the repository; do not make a new one"),
        )
    if marker is None:
        return Refusal(_("git refuses to work here: {words}").format(words=first))
    if marker.is_file() and (match := _POINTS_TO.search(words)):
        return Refusal(
            _("{path} says that the repository is in {target}, and it is not there").format(
                path=marker, target=match[1]
            ),
            _(
                "put it back there, or correct the path in that file (a moved work tree: git worktree repair; a submodule: git submodule update --init)"
            ),
        )
    if _NONE in words:
        return _not_taken(marker)
    return Refusal(
        _("git refuses to work here: {words}").format(words=first),
        _("the repository is {path}; correct that and run the same command again").format(
            path=marker
        ),
    )


def _not_taken(marker: Path) -> Refusal:
    """A `.git` that git does not take for a repository: what is wrong with it."""
    found = list(_damage(marker))
    wrong = listing(found) or _("git does not say why")
    advice = _(
        "restore it from a backup or another clone and keep the files next to it; a new repository would lose the history"
    )
    only_head = len(found) == 1 and all((marker / part).is_dir() for part in ("objects", "refs"))
    if only_head and (branch := _only_branch(marker)):
        head = shlex.quote(str(marker / "HEAD"))
        advice = _("restore it: {command}").format(command=f"echo 'ref: {branch}' > {head}")
    return Refusal(
        _("{path} is there, but git does not take it for a repository: {wrong}").format(
            path=marker, wrong=wrong
        ),
        advice,
    )


def _damage(marker: Path) -> Iterator[str]:
    if marker.is_symlink() and not marker.exists():
        yield _("it is a broken link")
        return
    if marker.is_file():
        yield _("the file names no repository")
        return
    head = marker / "HEAD"
    try:
        text = head.read_text("utf-8", "replace").strip("\0\r\n ")
    except OSError:
        yield _("HEAD is missing")
    else:
        if not text:
            yield _("HEAD is empty")
        elif not re.fullmatch(r"ref: refs/\S+|[0-9a-f]{40,64}", text):
            yield _("HEAD is damaged")
    for folder in ("objects", "refs"):
        if not (marker / folder).is_dir():
            yield _("{folder} is missing").format(folder=f"{folder}/")


def _only_branch(marker: Path) -> str:
    """The one branch of a repository whose HEAD is damaged; empty where there are several or none."""
    heads = marker / "refs" / "heads"
    found = {
        f"refs/heads/{p.relative_to(heads).as_posix()}" for p in heads.rglob("*") if p.is_file()
    }
    with suppress(OSError):
        packed = (marker / "packed-refs").read_text("utf-8", "replace")
        found |= set(re.findall(r"^[0-9a-f]{40,64} (refs/heads/\S+)$", packed, re.MULTILINE))
    return found.pop() if len(found) == 1 else ""


def head_commit(git: "Git") -> str:
    """The id of the present commit; empty before the first. Raises `Refusal` where HEAD is broken.

    Before the first commit the branch that HEAD names is not there; a power cut can leave it empty.
    """
    done = git.run("rev-parse", "--quiet", "--verify", "HEAD^{commit}")
    if done.returncode == 0:
        return done.stdout.strip()
    own, common = (
        git.folder / line
        for line in git.demand("rev-parse", "--git-dir", "--git-common-dir").splitlines()
    )
    with suppress(OSError):
        head = (own / "HEAD").read_text("utf-8", "replace").strip()
        ref = head.removeprefix("ref: ")
        listed = git.run("for-each-ref", "--format=%(refname)", ref).stdout.split()
        if head != ref and ref not in listed and not (common / ref).exists():
            return ""
        raise Refusal(
            _("git can't find the current commit: {ref} is damaged").format(ref=ref),
            _last_known(own, common / ref if head != ref else own / "HEAD"),
        )
    raise Refusal(_("git can't find the current commit: {ref} is damaged").format(ref="HEAD"))


def _last_known(own: Path, broken: Path) -> str:
    """How to restore the ref that HEAD names: the commit that git's log names last."""
    last: list[str] = []
    with suppress(OSError):
        last = re.findall(
            r"^\S+ ([0-9a-f]{40,64}) ",
            (own / "logs" / "HEAD").read_text("utf-8", "replace"),
            re.MULTILINE,
        )
    if not last:
        return _("restore it from another clone; git fsck --lost-found lists the last commits")
    return _("restore it, the book's files stay as they are: {command}").format(
        command=f"echo {last[-1]} > {shlex.quote(str(broken))}"
    )


def in_between(git: "Git") -> Refusal | None:
    """Why a commit made now would be lost, or would not be on the branch; None where it is safe.

    A merge is another matter: the commit ends it.
    """
    own = git.folder / git.demand("rev-parse", "--git-dir").strip()
    later = _("what is recorded is not affected: {steps}; then run the same command again")
    for sign, message, steps in (
        ("rebase-merge", _("a rebase is in progress"), _REBASE),
        ("rebase-apply/applying", _("git am is in progress"), _AM),
        ("rebase-apply", _("a rebase is in progress"), _REBASE),
        ("CHERRY_PICK_HEAD", _("a cherry-pick is in progress"), _CHERRY_PICK),
        ("REVERT_HEAD", _("a revert is in progress"), _REVERT),
        ("sequencer", _("a cherry-pick or revert is in progress"), _CHERRY_PICK),
        ("BISECT_LOG", _("git bisect is in progress"), _BISECT),
    ):
        if (own / sign).exists():
            return Refusal(
                _("{operation}: a commit made now would be lost with it").format(operation=message),
                later.format(steps=_steps(steps)),
            )
    head = git.run("symbolic-ref", "--quiet", "HEAD").stdout.strip()
    if not head.startswith("refs/heads/"):
        return Refusal(
            _("HEAD is detached: a commit made now would be lost"),
            later.format(steps=_steps(("git switch NAME", "git switch -c NAME"))),
        )
    if not head_commit(git) and (names := _with_commits(git)):
        return Refusal(
            _(
                "HEAD names {name}, which has no commit, in a repository that has some: a commit made now would begin a second history"
            ).format(name=head.removeprefix("refs/heads/")),
            later.format(steps=_steps([shlex.join(["git", "switch", name]) for name in names])),
        )
    return None


def _with_commits(git: "Git") -> list[str]:
    """What `git switch` takes in a repository whose HEAD has no commit; empty where it has none at all."""
    refs = git.demand("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()
    if not refs:
        remote = ("--format=%(refname:lstrip=3)", "refs/remotes")
        refs = [name for name in git.demand("for-each-ref", *remote).split() if name != "HEAD"]
    if not refs and git.demand("for-each-ref", "--count=1"):
        return ["NAME"]  # a tag alone, say
    return list(dict.fromkeys(refs))[:_NAMED]


_REBASE = ("git rebase --continue", "git rebase --abort")
_AM = ("git am --continue", "git am --abort")
_CHERRY_PICK = ("git cherry-pick --continue", "git cherry-pick --abort")
_REVERT = ("git revert --continue", "git revert --abort")
_BISECT = ("git bisect reset",)


def _steps(commands: Sequence[str]) -> str:
    return _(" or ").join(commands)

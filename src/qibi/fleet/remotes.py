"""Books in git repositories elsewhere: cloned whole, without a working tree, and fetched again later.

Nothing of a remote is ever run or checked out: its objects and branches are fetched into a repository of
our own, whose HEAD is then the commit asked for. An audit reads just that.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.text import argument
from qibi.ledger.git import Git

_SETTINGS = (
    ("core.hooksPath", "/dev/null"),
    ("transfer.fsckObjects", "true"),
    ("fetch.recurseSubmodules", "false"),
    ("protocol.allow", "never"),
    *((f"protocol.{name}.allow", "always") for name in ("file", "git", "http", "https", "ssh")),
)
_ELSEWHERE = re.compile(r"[a-z+]+://|[^/]+:")  # an address, or ssh's HOST:PATH


@dataclass(frozen=True)
class Patience:
    """Seconds that a remote has: to go on after it fell silent, and for all of a fetch."""

    silent: int = 60
    whole: float = 900


def place_of(folder: Path, named: str) -> str:
    """What git is told: an address as it stands, a path from this folder on."""
    if _ELSEWHERE.match(named):
        return named
    return str((folder / named).resolve())


@dataclass(frozen=True)
class Remote:
    """A repository elsewhere, at a revision, and our clone of it below the folder `clones`.

    A clone is made beside and renamed: a fetch that is killed leaves locks and half a pack in it at most. One
    collect at a time fetches it; what is fetched stays while another reads. It holds nothing of its own, so one
    that is damaged is not mended but made anew.
    """

    named: str
    place: str
    revision: str | None
    clones: Path
    environment: Mapping[str, str]
    patience: Patience

    @property
    def home(self) -> Path:
        """Where the clone is: a place of its own for each remote and revision."""
        return self.clones / self._digest

    @property
    def _digest(self) -> str:
        return hashlib.sha256(f"{self.place}\0{self.revision or ''}".encode()).hexdigest()[:16]

    def fetched(self, *, anew: bool = False) -> Path:
        """Our clone at its revision, `anew` or brought up to date; raises `Refusal` where it can't be had."""
        with self._locked():
            if self.home.exists() and not anew:
                try:
                    self._bring(self.home)
                    return self.home
                except Refusal:
                    if self.sound():
                        raise
            with TemporaryDirectory(prefix=f".{self._digest}-", dir=self.clones) as beside:
                made = Path(beside, "new")
                made.mkdir()
                self._git(made).demand("init", "--quiet", "--template=")
                self._bring(made)
                if self.home.exists():
                    self.home.rename(Path(beside, "old"))
                made.rename(self.home)
            return self.home

    def sound(self) -> bool:
        """Whether our clone is as git leaves it: nothing missing or damaged, no lock of one that was killed."""
        checked = self._git(self.home).run("fsck", "--full", "--no-dangling", "--no-progress")
        return checked.returncode == 0 and not any((self.home / ".git").rglob("*.lock"))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        self.clones.mkdir(parents=True, exist_ok=True)
        held = FileLock(self.clones / f"{self._digest}.lock", timeout=self.patience.whole)
        try:
            held.acquire()
        except Timeout:
            raise Refusal(
                _("another qibi is fetching it"), _("wait until it is done, then collect again")
            ) from None
        try:
            for left in self.clones.glob(f".{self._digest}-*"):  # by one that was killed
                shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            held.release()

    def _bring(self, clone: Path) -> None:
        """Fetch into a clone, and set its HEAD to the revision; raises `Refusal`."""
        git = self._git(clone)
        wanted = ["+refs/heads/*:refs/qibi/heads/*", "+refs/tags/*:refs/qibi/tags/*"]
        if self.revision is None:  # a remote's HEAD may name a branch that it does not have
            wanted.append("+HEAD:refs/qibi/head")
        words = _fetch(git, self.place, wanted, self.patience)
        if words is not None:
            raise Refusal(
                _("can't be fetched: {words}").format(words=words),
                _("check the address, the network and your access: git ls-remote {remote}").format(
                    remote=argument(self.named)
                ),
            )
        commit = _commit(git, self.revision)
        if commit is None:
            raise Refusal(
                _("there is no revision '{revision}'").format(revision=self.revision),
                _("see its branches and tags: git ls-remote {remote}").format(
                    remote=argument(self.named)
                ),
            )
        git.demand("update-ref", "--no-deref", "HEAD", commit)

    def _git(self, folder: Path) -> Git:
        """Git as for an audit, which does not wait for ever, nor look for a repository above our clones.

        ssh may not ask for a password, since nobody may be there. Where whoever runs this has said how ssh or
        http is to go about it, that holds.
        """
        settings = [part for key, value in _SETTINGS for part in ("-c", f"{key}={value}")]
        git = Git(folder, self.environment, settings)
        git.environment["GIT_CEILING_DIRECTORIES"] = str(folder.parent)
        silent = self.patience.silent
        if not any(git.config(f"http.lowSpeed{what}") for what in ("Limit", "Time")):
            settings += ["-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={silent}"]
        own = git.environment.keys() & {"GIT_SSH_COMMAND", "GIT_SSH"}
        if not own and git.config("core.sshCommand") is None:
            git.environment["GIT_SSH_COMMAND"] = (
                f"ssh -o BatchMode=yes -o ConnectTimeout={silent}"
                f" -o ServerAliveInterval={max(1, silent // 4)} -o ServerAliveCountMax=4"
            )
        return git


def _fetch(git: Git, place: str, wanted: list[str], patience: Patience) -> str | None:
    """Fetch these; one line on why that failed, None where it did not."""
    try:
        done = git.run_within(
            patience.whole,
            *("fetch", "--quiet", "--prune", "--force", "--no-write-fetch-head", "--no-auto-gc"),
            *("--", place, *wanted),
        )
    except TimeoutError:
        return _("not done within {count} seconds").format(count=f"{patience.whole:g}")
    if done.returncode == 0:
        return None
    return next(iter((done.stderr or done.stdout).strip().splitlines()), "")


def _commit(git: Git, revision: str | None) -> str | None:
    """The commit that a branch, a tag or an id stands for."""
    names = [f"refs/qibi/heads/{revision}", f"refs/qibi/tags/{revision}"]
    if revision is None:
        names = ["refs/qibi/head"]
    elif re.fullmatch(r"[0-9a-f]{7,64}", revision):
        names.append(revision)
    for name in names:
        done = git.run("rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
        if done.returncode == 0:
            return done.stdout.strip()
    return None

"""Books in git repositories elsewhere: cloned whole, without a working tree, and fetched again later.

Nothing of a remote is ever run or checked out: its objects and branches are fetched into a repository of
our own, whose HEAD is then the commit asked for. An audit reads just that.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qibi.base.findings import Refusal
from qibi.base.language import _
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


def fetched(
    named: str,
    place: str,
    revision: str | None,
    folder: Path,
    environment: Mapping[str, str],
    patience: Patience,
) -> Path:
    """Our own repository of a remote, at this revision; raises `Refusal` where it can't be reached.

    It stands below `folder`, in a place of its own for each remote and revision.
    """
    digest = hashlib.sha256(f"{place}\0{revision or ''}".encode()).hexdigest()[:16]
    home = folder / digest
    home.mkdir(parents=True, exist_ok=True)
    git = _git(home, environment, patience)
    if not (home / ".git" / "HEAD").exists():
        git.demand("init", "--quiet", "--template=")
    wanted = ["+refs/heads/*:refs/qibi/heads/*", "+refs/tags/*:refs/qibi/tags/*"]
    if revision is None:  # a remote's HEAD may name a branch that it does not have
        wanted.append("+HEAD:refs/qibi/head")
    words = _fetch(git, place, wanted, patience)
    if words is not None:
        raise Refusal(
            _("can't be fetched: {words}").format(words=words),
            _("check the address, the network and your access: git ls-remote {remote}").format(
                remote=named
            ),
        )
    commit = _commit(git, revision)
    if commit is None:
        raise Refusal(
            _("there is no revision '{revision}'").format(revision=revision),
            _("see its branches and tags: git ls-remote {remote}").format(remote=named),
        )
    git.demand("update-ref", "--no-deref", "HEAD", commit)
    return home


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


def _git(folder: Path, environment: Mapping[str, str], patience: Patience) -> Git:
    """Git as for an audit, which does not wait for ever.

    ssh may not ask for a password, since nobody may be there. Where whoever runs this has said how ssh or
    http is to go about it, that holds.
    """
    settings = [part for key, value in _SETTINGS for part in ("-c", f"{key}={value}")]
    git = Git(folder, environment, settings)
    if not any(git.config(f"http.lowSpeed{what}") for what in ("Limit", "Time")):
        settings += ["-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={patience.silent}"]
    own = git.environment.keys() & {"GIT_SSH_COMMAND", "GIT_SSH"}
    if not own and git.config("core.sshCommand") is None:
        git.environment["GIT_SSH_COMMAND"] = (
            f"ssh -o BatchMode=yes -o ConnectTimeout={patience.silent}"
            f" -o ServerAliveInterval={max(1, patience.silent // 4)} -o ServerAliveCountMax=4"
        )
    return git

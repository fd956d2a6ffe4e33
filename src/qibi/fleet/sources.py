"""From fleet.yaml to the books that it names: each a repository, a commit and a folder in it."""

import hashlib
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.text import argument
from qibi.book.fleet import FleetFile, Source
from qibi.ledger.git import Git

# Books in git repositories elsewhere: cloned whole, without a working tree, and fetched again later.
#
# Nothing of a remote is ever run or checked out: its objects and branches are fetched into a repository of
# our own, with the commit asked for as its HEAD. An audit reads just that.


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
    """What git is told: an address as it is, a path from this folder on."""
    if _ELSEWHERE.match(named):
        return named
    return str((folder / named).resolve())


@dataclass(frozen=True)
class Remote:
    """A repository elsewhere, at a revision, and our clone of it below the folder `clones`.

    A clone is made next to it and renamed: a fetch that is killed leaves locks and half a pack in it at most. One
    collect at a time fetches it; what is fetched stays while another reads. It holds nothing of its own, so one
    that is damaged is not repaired but cloned again.
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
            with TemporaryDirectory(prefix=f".{self._digest}-", dir=self.clones) as scratch:
                made = Path(scratch, "new")
                made.mkdir()
                self._git(made).demand("init", "--quiet", "--template=")
                self._bring(made)
                if self.home.exists():
                    self.home.rename(Path(scratch, "old"))
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


# What the rules make of a week, as the lake has it: of a book when it is collected, of all books again.


# Over the tables of rules.sql, for the kind of subject that its `question` asks for. A subject that is
# exempt has a row too, so that a ranking needs no entries to know it.
TOTALS = """
SELECT a.week, a.subject, a.kind,
  CAST(r.total AS BIGINT) AS total,
  CAST(t.veto_total AS BIGINT) AS veto_total,
  CAST(CASE WHEN x.subject IS NULL THEN 0 ELSE 1 END AS BIGINT) AS exempt
FROM active AS a
JOIN question AS q ON q.kind = a.kind
JOIN week AS w ON w.week = a.week AND w.version IS NOT NULL
LEFT JOIN rollup AS r ON r.week = a.week AND r.subject = a.subject
LEFT JOIN week_total AS t
  ON t.week = a.week AND t.subject = a.subject AND t.kind = a.kind AND t.veto_total IS NOT NULL
LEFT JOIN (SELECT DISTINCT week, subject FROM live WHERE kind = 'exempt') AS x
  ON x.week = a.week AND x.subject = a.subject
WHERE r.subject IS NOT NULL OR t.subject IS NOT NULL OR x.subject IS NOT NULL
"""
CRITERIA = """
SELECT c.week, c.subject, q.kind, c.criterion, CAST(c.credit AS BIGINT) AS credit
FROM criterion_of AS c
CROSS JOIN question AS q
"""

_PATTERN = "*?["


@dataclass(frozen=True)
class BookSource:
    """A book that fleet.yaml names: how it is named there, and how to come to its folder."""

    named: str
    asked: Source
    folder: Path | None  # None for a remote, until it is fetched

    @property
    def audit(self) -> str:
        """How its reader sees all that an audit finds."""
        if self.folder is None:
            return _("see all: qibi audit, in a clone of it")
        return _("see all: qibi audit --book {folder}").format(folder=shlex.quote(str(self.folder)))

    def remote(
        self, fleet: Path, clones: Path, environment: Mapping[str, str], patience: Patience
    ) -> Remote | None:
        """The repository that it is fetched from; None for a folder here."""
        if self.asked.git is None:
            return None
        place = place_of(fleet, self.asked.git)
        return Remote(self.asked.git, place, self.asked.revision, clones, environment, patience)

    def place(self, clone: Path | None) -> Path:
        """The book's folder, here or in a clone."""
        if self.folder is not None:
            return self.folder
        assert clone
        folder = clone / (self.asked.book or "")
        folder.mkdir(parents=True, exist_ok=True)  # of git's only the objects are here
        return folder


def sources(fleet: FleetFile, folder: Path) -> tuple[list[BookSource], list[tuple[str, Refusal]]]:
    """The books that are named, each folder once, and what is named and not there."""
    found: dict[str, BookSource] = {}
    missing = []
    for asked in fleet.books:
        if asked.git:
            named = " ".join(filter(None, (asked.git, asked.revision, asked.book)))
            found.setdefault(named, BookSource(named, asked, None))
            continue
        assert asked.path
        folders = _folders(folder, asked.path)
        if not folders:
            missing.append((_shown(folder / asked.path, folder), nothing()))
        for path in folders:
            place = path.resolve()
            found.setdefault(str(place), BookSource(_shown(path, folder), asked, place))
    return list(found.values()), missing


def matched(fleet: FleetFile, folder: Path, named: str) -> bool:
    """Whether a pattern of fleet.yaml still fits a folder that it named once, be there a book or not."""
    place = _absolute(folder / named).parts
    patterns = [a.path for a in fleet.books if a.path and _is_pattern(a.path)]
    return any(_fits(place, _absolute(folder / pattern).parts) for pattern in patterns)


def nothing(advice: str = "") -> Refusal:
    """What is said where fleet.yaml names a folder that is none of a book."""
    return Refusal(
        _("no book here"),
        advice or _("a book is a folder with a qibi.yaml; correct the path in fleet.yaml"),
    )


def _folders(fleet: Path, text: str) -> list[Path]:
    """The folders of books that a path or pattern names; a folder of just this name is no pattern."""
    if not _is_pattern(text) or _is_there(Path.is_dir, fleet / text):
        return [fleet / text] if _holds_a_book(fleet / text) else []
    start, parts = fleet, Path(text).parts
    if Path(text).is_absolute():
        start, parts = Path(parts[0]), parts[1:]
    while parts and parts[0] == "..":
        start, parts = start.parent if start.name not in ("", "..") else start / "..", parts[1:]
    return [path for path in sorted(start.glob("/".join(parts))) if _holds_a_book(path)]


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in _PATTERN)


def _holds_a_book(folder: Path) -> bool:
    return _is_there(Path.is_file, folder / "qibi.yaml")


def _is_there(is_such: Callable[[Path], bool], path: Path) -> bool:
    """Not so where nobody may look."""
    try:
        return is_such(path)
    except PermissionError:
        return False


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _absolute(path: Path) -> Path:
    """Without `..`, and nothing looked up on the disk: the same for what is there and what is not."""
    return Path(os.path.normpath(path.absolute()))


def _shown(path: Path, fleet: Path) -> str:
    """A folder as one would write it in fleet.yaml."""
    return Path(os.path.relpath(_absolute(path), _absolute(fleet))).as_posix()

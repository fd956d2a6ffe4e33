"""A repository as an auditor reads it: objects and history only, and nothing of it is ever run.

Whoever kept the repository may have set hooks, filters, a file system monitor, replace refs, grafts or
a commit graph that tells another history. Only plumbing is used, which runs none of the former; the
latter are refused or switched off; fetching what is missing is forbidden.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.ledger.git import Git
from qibi.proof.limits import HELD, Bounded, size, too_large

_SETTINGS = (
    ("core.bigFileThreshold", "16m"),  # larger ones are read bit by bit
    ("core.commitGraph", "false"),  # it may tell of other parents than the commits do
    ("core.deltaBaseCacheLimit", "32m"),
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.multiPackIndex", "false"),
    ("core.packedGitLimit", "128m"),
    ("core.packedGitWindowSize", "16m"),
    ("core.untrackedCache", "false"),
    ("protocol.allow", "never"),
    ("diff.external", ""),
    ("diff.ignoreSubmodules", "none"),
)
_CALLERS = ("GIT_CONFIG", "GIT_SSH", "GIT_ASKPASS", "GIT_EXEC_PATH")  # not the auditor's to inherit
PLAIN = "100644"
_PIECE = 1 << 20
_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True)
class File:
    """A file of a commit: mode as git writes it, object id, path below the book's folder."""

    mode: str
    object: str
    path: str

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """What a finding about it is bound to."""
        return (("mode", self.mode), ("object", self.object))


@dataclass(frozen=True)
class Change:
    """What a commit did to a path, against one of its parents: git's letter, and the new mode.

    `before` and `object` are the ids of what stood there and of what stands there now.
    """

    commit: str
    letter: str
    mode: str
    path: str
    before: str
    object: str

    @property
    def about(self) -> tuple[tuple[str, str], ...]:
        """What a finding about it is bound to."""
        names = ("commit", "letter", "mode", "before", "object")
        return tuple((name, getattr(self, name)) for name in names)


def _listed(out: bytes, place: str) -> Iterator[File]:
    """The files in what `git ls-tree -z` prints, below this place."""
    for row in out.decode("utf-8", "surrogateescape").split("\0"):
        if row:
            about, path = row.split("\t", 1)
            mode, _kind, key = about.split(" ")
            yield File(mode, key, path.removeprefix(place))


class Repository:
    """The repository around a book, at its present commit; raises `Refusal` where it can't be trusted."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        kept = {k: v for k, v in environment.items() if not k.startswith(_CALLERS)}
        settings = [part for key, value in _SETTINGS for part in ("-c", f"{key}={value}")]
        self.git = Git(folder, kept, settings)
        self.git.environment |= {
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_OPTIONAL_LOCKS": "0",
        }
        self.bounded = Bounded(self.git)
        self._refuse_what_lies()
        self.bounded.measure()
        self.commit = self._text("rev-parse", "--verify", "HEAD^{commit}")
        self.prefix = self._text("rev-parse", "--show-prefix")

    def _text(self, *arguments: str) -> str:
        return self.bounded.read(*arguments).decode("utf-8", "surrogateescape").rstrip("\n")

    def _refuse_what_lies(self) -> None:
        if self.git.repository() is None:
            raise Refusal(
                _("{folder} is not in a git repository").format(folder=self.git.folder),
                _("an audit reads git's history; clone the book's repository and audit that"),
            )
        if not self.git.run("rev-parse", "--quiet", "--verify", "HEAD").stdout:
            raise Refusal(_("nothing is committed yet"), _("qibi commit, then audit"))
        if self._text("rev-parse", "--is-shallow-repository") != "false":
            raise Refusal(
                _("this is a shallow clone: its history is cut off"),
                _("fetch the whole of it: git fetch --unshallow"),
            )
        common = Path(self.git.folder, self._text("rev-parse", "--git-common-dir"))
        if (common / "info" / "grafts").exists():
            raise Refusal(
                _("this repository has grafts: its history is not what its commits say"),
                _("remove .git/info/grafts, or audit a fresh clone"),
            )
        if replaced := self._text("for-each-ref", "--format=%(refname)", "refs/replace/"):
            raise Refusal(
                _(
                    "this repository has replace refs ({ref}): it shows other objects than it holds"
                ).format(ref=replaced.splitlines()[0]),
                _("remove them, or audit a fresh clone: git replace -d {ids}").format(
                    ids=" ".join(ref.rpartition("/")[2] for ref in replaced.splitlines())
                ),
            )

    def damaged(self) -> list[str]:
        """What `git fsck` says is missing or differs from its id, a line each.

        All objects are looked at, and what the present commit leads to; no other name is followed. One that
        leads nowhere is no damage: a server that renamed its branch leaves `refs/remotes/origin/HEAD` like
        that in honest clones.
        """
        asked = ("--full", "--no-dangling", "--no-reflogs", "--no-progress", self.commit)
        return self.bounded.complaints("fsck", *asked)

    def ancestry(self) -> dict[str, tuple[str, ...]]:
        """All commits that lead to the present one, each before its parents: the ids of these."""
        text = self._text("rev-list", "--full-history", "--topo-order", "--parents", self.commit)
        rows = (line.split() for line in text.splitlines())
        return {commit: tuple(parents) for commit, *parents in rows}

    def changes(
        self, commits: Iterable[str], places: Iterable[str], prefix: str | None = None
    ) -> Iterator[Change]:
        """What these commits did to these files and folders, each against each of its parents.

        `prefix` is where the book stood, if not where it stands; paths are below it.
        """
        where = self.prefix if prefix is None else prefix
        return self._changes(commits, (f":(top,literal){where}{p}" for p in places), where)

    def elsewhere(self, commits: Iterable[str]) -> dict[str, set[str]]:
        """Other folders that ever held a book (with a slash at the end): what its qibi.yaml was, by id."""
        found: dict[str, set[str]] = {}
        for change in self._changes(commits, (":(top,glob)**/qibi.yaml",), ""):
            folder = change.path.removesuffix("qibi.yaml")
            if folder != self.prefix and change.letter != "D":
                found.setdefault(folder, set()).add(change.object)
        return found

    def _changes(
        self, commits: Iterable[str], paths: Iterable[str], prefix: str
    ) -> Iterator[Change]:
        given = "".join(f"{commit}\n" for commit in commits).encode()
        out = self.bounded.read(
            *("diff-tree", "--stdin", "-r", "-m", "--root", "--raw", "--no-abbrev", "-z"),
            *("--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--"),
            *paths,
            given=given,
            what=_("what its commits changed"),
        )
        commit = ""
        fields = iter(out.decode("utf-8", "surrogateescape").split("\0"))
        for field in fields:
            if not field.startswith(":"):
                commit = field or commit
                continue
            _mode, mode, old, new, letter = field.split(" ")
            yield Change(commit, letter, mode, next(fields).removeprefix(prefix), old, new)

    def files(self, prefix: str | None = None) -> list[File]:
        """Every file of the book in the present commit, whatever its mode; or of another folder."""
        where = self.prefix if prefix is None else prefix
        out = self.bounded.read(
            *("ls-tree", "-r", "-z", "--full-tree", self.commit, "--"),
            *((where.rstrip("/"),) if where else ()),
            what=_("the list of its files"),
        )
        return list(_listed(out, where))

    def folder(self, place: str) -> list[File]:
        """What stands in a folder of the repository (with a slash at its end), folders too; not below them."""
        asked = ("ls-tree", "-z", "--full-tree", self.commit, "--", *((place,) if place else ()))
        return list(_listed(self.bounded.read(*asked), place))

    def contents(self, objects: Iterable[str], *, missing: bool = False) -> dict[str, bytes]:
        """Object id: bytes. Raises `Refusal` where one is not there, unless some may be `missing`."""
        wanted = list(dict.fromkeys(objects))
        found: dict[str, bytes] = {}
        left = self.bounded.most(HELD)
        for key, count, stream in self._objects(wanted, missing):
            left -= count
            if left < 0:
                text = _("what its files hold: more than {size}, with {disk} on disk")
                most = size(self.bounded.most(HELD))
                raise too_large(text.format(size=most, disk=size(self.bounded.disk)))
            found[key] = stream.read(count)
        return found

    def digests(self, objects: Iterable[str]) -> dict[str, str]:
        """Object id: SHA-256 of its bytes, of which few are held at a time. Raises `Refusal` as `contents`."""
        found: dict[str, str] = {}
        for key, left, stream in self._objects(list(dict.fromkeys(objects))):
            digest = hashlib.sha256()
            while left and (
                piece := stream.read(min(left, _PIECE))
            ):  # none: git has died, and that is told
                digest.update(piece)
                left -= len(piece)
            found[key] = digest.hexdigest()
        return found

    def _objects(
        self, wanted: list[str], missing: bool = False
    ) -> Iterator[tuple[str, int, IO[bytes]]]:
        """Each object: its id, size, and the stream from which as many bytes are to be read."""
        given = "".join(f"{key}\n" for key in wanted).encode()
        with self.bounded.output("cat-file", "--batch", given=given) as found:
            for key in wanted:
                header = found.stream.readline().split()
                if len(header) == 3:
                    yield key, int(header[2]), found.stream
                    found.stream.read(1)
                elif not header:
                    return  # git has died, and that is told
                elif not missing:
                    raise Refusal(_("object {id} is not in the repository").format(id=key))

    def times(self) -> tuple[str, str]:
        """When the first and the present commit were made, by what they say (RFC 3339)."""
        lines = self._text("rev-list", "--max-parents=0", "--format=%cI", self.commit).splitlines()
        first = min(line for line in lines if not line.startswith("commit "))
        last = self._text("rev-list", "-1", "--format=%cI", self.commit).splitlines()[-1]
        return first, last

    def people(self, commit: str) -> list[str]:
        """The names and addresses of whoever made a commit, and whoever committed it."""
        text = self._text("rev-list", "-1", "--format=%an%n%ae%n%cn%n%ce", commit, "--")
        return [line for line in text.splitlines()[1:] if line.strip()]

    def holds(self, commit: str) -> bool:
        """Whether this commit (whole id) leads to the present one."""
        if not _ID.fullmatch(commit):
            return False
        asked = ("merge-base", "--is-ancestor", commit, self.commit)
        with self.bounded.output(*asked, may_fail=True) as found:
            pass
        return found.code == 0

"""A repository as an auditor reads it: objects and history only, and nothing of it is ever run.

Whoever kept the repository may have set hooks, filters, a file system monitor, replace refs, grafts or
a commit graph that tells another history. Only plumbing is used, which runs none of the former; the
latter are refused or switched off; fetching what is missing is forbidden.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.ledger.git import Git

_SETTINGS = (
    ("core.commitGraph", "false"),  # it may tell of other parents than the commits do
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.untrackedCache", "false"),
    ("protocol.allow", "never"),
    ("diff.external", ""),
    ("diff.ignoreSubmodules", "none"),
)
_CALLERS = ("GIT_CONFIG", "GIT_SSH", "GIT_ASKPASS", "GIT_EXEC_PATH")  # not the auditor's to inherit
PLAIN = "100644"
_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_LEADS_NOWHERE = re.compile(rf"error: refs/.+: invalid sha1 pointer {_ID.pattern}")


@dataclass(frozen=True)
class File:
    """A file of a commit: mode as git writes it, object id, path below the book's folder."""

    mode: str
    object: str
    path: str


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
        self._refuse_what_lies()
        self.commit = self._text("rev-parse", "--verify", "HEAD^{commit}")
        self.prefix = self._text("rev-parse", "--show-prefix")

    def _text(self, *arguments: str) -> str:
        return self.git.read(*arguments).decode("utf-8", "surrogateescape").rstrip("\n")

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
                _("remove them (git replace -d), or audit a fresh clone"),
            )

    def damaged(self) -> list[str]:
        """What `git fsck` says is missing or differs from its id, a line each.

        A name that leads to no commit is no damage, for it does not lead to the audited one: a server
        that renamed its branch leaves `refs/remotes/origin/HEAD` like that in honest clones.
        """
        done = self.git.run("fsck", "--full", "--no-dangling", "--no-reflogs", "--no-progress")
        if done.returncode == 0:
            return []
        lines = (done.stderr + done.stdout).strip().splitlines()
        left = [line for line in lines if not _LEADS_NOWHERE.fullmatch(line)]
        return left if lines else [_("git fsck failed")]

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
        out = self.git.read(
            *("diff-tree", "--stdin", "-r", "-m", "--root", "--raw", "--no-abbrev", "-z"),
            *("--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--"),
            *paths,
            given=given,
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
        out = self.git.read(
            *("ls-tree", "-r", "-z", "--full-tree", self.commit, "--"),
            *((where.rstrip("/"),) if where else ()),
        )
        found = []
        for row in out.decode("utf-8", "surrogateescape").split("\0"):
            if row:
                about, path = row.split("\t", 1)
                mode, _kind, key = about.split(" ")
                found.append(File(mode, key, path.removeprefix(where)))
        return found

    def contents(self, objects: Iterable[str]) -> dict[str, bytes]:
        """Object id: bytes. Raises `Refusal` where one is not there."""
        wanted = list(dict.fromkeys(objects))
        out = self.git.read("cat-file", "--batch", given="".join(f"{k}\n" for k in wanted).encode())
        found: dict[str, bytes] = {}
        at = 0
        for key in wanted:
            end = out.index(b"\n", at)
            header = out[at:end].split()
            if len(header) != 3:
                raise Refusal(_("object {id} is not in the repository").format(id=key))
            size = int(header[2])
            found[key] = out[end + 1 : end + 1 + size]
            at = end + 1 + size + 1
        return found

    def times(self) -> tuple[str, str]:
        """When the first and the present commit were made, by what they say (RFC 3339)."""
        lines = self._text("rev-list", "--max-parents=0", "--format=%cI", self.commit).splitlines()
        first = min(line for line in lines if not line.startswith("commit "))
        last = self._text("rev-list", "-1", "--format=%cI", self.commit).splitlines()[-1]
        return first, last

    def holds(self, commit: str) -> bool:
        """Whether this commit (whole id) leads to the present one."""
        return bool(_ID.fullmatch(commit)) and (
            self.git.run("merge-base", "--is-ancestor", commit, self.commit).returncode == 0
        )

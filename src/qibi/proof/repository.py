"""A repository as an auditor reads it: objects and history only, and nothing of it is ever run.

Whoever kept the repository may have set hooks, filters, a file system monitor, replace refs, grafts or
a commit graph that tells another history. Only plumbing is used, which runs none of the former; the
latter are refused or switched off; fetching what is missing is forbidden.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from qibi.base.cache import Cache
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _
from qibi.book.definitions import Definitions
from qibi.book.links import Source
from qibi.book.load import FOLDERS
from qibi.book.yaml import Document
from qibi.book.yaml import parse as parse_yaml
from qibi.ledger.batches import LEDGER, Batch, parse
from qibi.ledger.counting import waits
from qibi.ledger.git import Git
from qibi.ledger.kept_sheets import is_below
from qibi.ledger.seals import (
    SEALS,
    Link,
    SealFile,
    digest,
    is_link,
    links,
    seals_of,
)
from qibi.ledger.store import SHEETS
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

    `before` and `object` are the ids of what was there and of what is there now.
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

        `prefix` is where the book stood, if not where it is; paths are below it.
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
        for one in fields:
            if not one.startswith(":"):
                commit = one or commit
                continue
            _mode, mode, old, new, letter = one.split(" ")
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
        """What is in a folder of the repository (with a slash at its end), folders too; not below them."""
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


# Where a book was before it was moved: what was recorded there has to be where it is now.
#
# A book's history is that of its folder. Who moved the book could else leave behind what was recorded, and
# record it again in the new folder, where it was then only ever added.


BOOK = "qibi.yaml"


@dataclass(frozen=True)
class Former:
    """A folder in which the book was, as git has it from the repository's top; whether one is there now."""

    folder: str
    changes: tuple[Change, ...]
    files: tuple[File, ...]  # of the present commit

    @property
    def shown(self) -> str:
        """The folder, for people."""
        return self.folder or _("the repository's top")

    @property
    def stands(self) -> bool:
        """Whether a book of that id is there still."""
        return any(file.path == BOOK for file in self.files)


def recorded_changes(
    repository: Repository,
    commits: Iterable[str],
    others: Iterable[str] = (),
    folder: str | None = None,
) -> list[Change]:
    """What commits did to ledger, seals and archived sheets, which are only ever added to; and to `others`.

    `folder` is where the book stood, if not where it is.
    """
    found = repository.changes(commits, (LEDGER, SEALS, SHEETS, *others), folder)
    return [c for c in found if not c.path.startswith(f"{SHEETS}/") or is_below(c.path)]


def former_places(
    repository: Repository, commits: Collection[str], present: Iterable[Change]
) -> list[Former]:
    """The other folders in which this book stood: one of its id, or one that was moved here."""
    here = {(c.path, c.object) for c in present if c.letter == "A"}
    elsewhere = repository.elsewhere(commits)
    own = [file.object for file in repository.files() if file.path == BOOK]
    wanted = {key for keys in elsewhere.values() for key in keys}
    raw = repository.contents([*own, *wanted]) if elsewhere else {}
    ids = {key: _id(raw[key]) for key in raw}
    found = []
    for folder, keys in sorted(elsewhere.items()):
        changes = tuple(recorded_changes(repository, commits, folder=folder))
        same = any(ids[key] is not None and ids[key] == ids[mine] for key in keys for mine in own)
        if same or any(c.letter == "D" and (c.path, c.before) in here for c in changes):
            found.append(Former(folder, changes, tuple(repository.files(folder))))
    return found


def left_behind(former: Iterable[Former], present: Iterable[Change]) -> Iterator[Finding]:
    """What was recorded in a former folder and was not moved as it was."""
    places = list(former)
    added = {
        (change.commit, change.path, change.object)
        for changes in (present, *(place.changes for place in places))
        for change in changes
        if change.letter == "A" and change.mode == PLAIN
    }
    for place in places:
        if place.stands:
            continue
        for change in place.changes:
            moved = (change.commit, change.path, change.before) in added
            if (change.letter == "A" and change.mode == PLAIN) or (change.letter == "D" and moved):
                continue
            message = _(
                "changed or left behind in {folder}, where this book was before, by commit {commit}; records are append-only"
            ).format(folder=place.shown, commit=change.commit[:12])
            about = (*change.about, ("folder", place.folder))
            yield Finding(change.path, message=message, code="history", about=about)
        for file in place.files:
            if file.path.startswith((f"{LEDGER}/", f"{SEALS}/")) or is_below(file.path):
                message = _(
                    "is still in {folder}, where this book was before, and not here; move it here"
                ).format(folder=place.shown)
                about = (*file.about, ("folder", place.folder))
                yield Finding(file.path, message=message, code="history", about=about)


def _id(raw: bytes) -> Any:
    found = parse_yaml(BOOK, raw)
    data = found.data if isinstance(found, Document) else None
    return data.get("id") if isinstance(data, dict) else None


# What an audit looks at: the files of the present commit, read once, and what they hold.
#
# Nothing of the working tree is read; what is derived is derived once, when a part first asks for it.


@dataclass
class AuditInputs:
    """The present commit's files, read once, and what they hold."""

    repository: Repository
    against: str | None = None
    trust: frozenset[str] | None = None  # the first keys, from outside the book
    kept: Cache = field(default_factory=lambda: Cache(None))  # what held in earlier audits
    now: datetime = field(default_factory=lambda: datetime.now(UTC))  # by the auditor's clock
    pool: ThreadPoolExecutor | None = None
    recomputing: "Recomputing | None" = None  # begun while the other parts are looked at

    def __post_init__(self) -> None:
        if self.pool:
            self._damaged = self.pool.submit(self.repository.damaged)
            self._history = self.pool.submit(self._walked)

    @cached_property
    def damaged(self) -> list[str]:
        """What `git fsck` found."""
        return self._damaged.result() if self.pool else self.repository.damaged()

    @cached_property
    def history(self) -> tuple[dict[str, tuple[str, ...]], list[Change], list[Former]]:
        """All commits with their parents, what they did to ledger/, seals/, archived sheets and qibi.yaml, and where the book stood."""
        return self._history.result() if self.pool else self._walked()

    def wait_for_git(self) -> None:
        """Let what git does in parallel finish.

        A process that is forked while git runs holds the pipes to it open, so that neither ever sees
        the end of what it reads.
        """
        self.damaged  # noqa: B018  (looking at it is waiting)
        self.history  # noqa: B018  (the same)

    def _walked(self) -> tuple[dict[str, tuple[str, ...]], list[Change], list[Former]]:
        ancestry = self.repository.ancestry()
        changes = recorded_changes(self.repository, ancestry, (BOOK,))
        return ancestry, changes, former_places(self.repository, ancestry, changes)

    @cached_property
    def files(self) -> dict[str, File]:
        """Path below the book's folder: the file."""
        return {file.path: file for file in self.repository.files()}

    @cached_property
    def raw(self) -> dict[str, bytes]:
        """Path: bytes, of ledger, seals and definitions: what is not only looked at by its digest."""
        wanted = {
            p: f
            for p, f in self.files.items()
            if p.startswith((f"{LEDGER}/", f"{SEALS}/"))
            or (p.endswith((".yaml", ".yml")) and not p.startswith(("evidence/", "sheets/")))
        }
        found = self.repository.contents(f.object for f in wanted.values() if f.mode != "160000")
        return {path: found[f.object] for path, f in wanted.items() if f.object in found}

    @cached_property
    def parsed(self) -> tuple[list[Batch], list[Finding]]:
        """The batches, and what is wrong with those that are none."""
        batches: list[Batch] = []
        findings: list[Finding] = []
        for path, raw in self.raw.items():
            if path.startswith(f"{LEDGER}/") and path.endswith(".jsonl"):
                found = parse(path, week_of(path), raw)
                if isinstance(found, Batch):
                    batches.append(found)
                else:
                    about = (("object", self.files[path].object),)
                    findings += [replace(finding, about=about) for finding in found]
        return batches, findings

    @cached_property
    def whole(self) -> dict[str, str]:
        """Path of each sound batch: its SHA-256."""
        return {b.path: digest(self.raw[b.path]) for b in self.batches}

    @property
    def batches(self) -> list[Batch]:
        """The batches that are sound."""
        return self.parsed[0]

    @cached_property
    def of_week(self) -> dict[str, list[Batch]]:
        """Week: its batches."""
        found: dict[str, list[Batch]] = defaultdict(list)
        for batch in self.batches:
            found[batch.week].append(batch)
        return dict(found)

    @cached_property
    def chained(self) -> tuple[list[Link], list[Finding]]:
        """The links of the chain in their order, and what breaks it."""
        return links(
            {p: raw for p, raw in self.raw.items() if p.startswith(f"{SEALS}/") and is_link(p)}
        )

    @cached_property
    def seals(self) -> list[SealFile]:
        """The seals of the chain."""
        return seals_of(self.chained[0])

    @cached_property
    def latest(self) -> dict[str, SealFile]:
        """Closed week: its latest seal."""
        return {file.seal.week: file for file in self.seals}

    @property
    def definitions(self) -> Definitions | None:
        """The definitions of the present commit; None where they have mistakes."""
        return self._validated[0]

    @property
    def mistakes(self) -> list[Finding]:
        """What is wrong with the definitions."""
        return self._validated[1]

    @cached_property
    def _validated(self) -> tuple[Definitions | None, list[Finding]]:
        from qibi.book.validate import validate

        sources = [
            Source(path, raw)
            for path, raw in self.raw.items()
            if path in ("qibi.yaml", "names.yaml")
            or (
                path.count("/") == 1
                and path.startswith(tuple(f"{folder}/" for folder in FOLDERS))
                and path.endswith((".yaml", ".yml"))
            )
        ]
        try:
            return validate(sources), []
        except Faults as faults:
            return None, faults.findings

    @property
    def pending(self) -> list[str]:
        """The batches of closed weeks that no seal lists."""
        return sorted(
            b.path
            for week, file in self.latest.items()
            for b in self.of_week.get(week, ())
            if b.path not in file.batches and waits(b)
        )


def week_of(path: str) -> str:
    """The week that a path below ledger/ stands for; a text that is not a week where it stands for none."""
    parts = path.split("/")
    return f"{parts[1]}-{parts[2]}" if len(parts) == 4 else ""


@dataclass(frozen=True)
class Recomputing:
    """What is being recomputed: which seals, and the verdicts as they come."""

    kept: Cache
    chained: str  # the key of what is kept
    held: set[str]
    keys: Mapping[str, str]  # by a seal's path
    asked: list[SealFile]
    verdicts: "Iterator[_Verdict]"


@dataclass(frozen=True)
class _Verdict:
    """What was found, how many standings were recomputed, and the paths of the seals that hold."""

    findings: list[Finding]
    rows: int
    held: list[str]

"""What git holds of a book, compared with what is on disk: the truth of "committed".

Git can be told to look away (ignore rules, assume-unchanged, skip-worktree, a sparse checkout), to store other
bytes than it is given (attributes, filters, hooks), or to make a link of a file. So nothing here asks git
whether anything has changed: each file's own bytes are hashed as git hashes a blob, and compared with the ids
that its index and HEAD hold.
"""

import hashlib
import os
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from qibi.base.cache import Cache, key_of
from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, listing
from qibi.base.plain import NotPlain, not_own, not_plain_message, read_plain
from qibi.base.text import argument
from qibi.book.links import NAMES
from qibi.book.load import ENDINGS, FOLDERS
from qibi.ledger.batches import LEDGER, each_of_week, weeks_with_batches
from qibi.ledger.git import LEFT_OUT, Git, head_commit, in_between
from qibi.ledger.kept_sheets import PATHSPEC as KEPT_SHEETS
from qibi.ledger.kept_sheets import is_below, kept_sheets, sha256_in
from qibi.ledger.restore import advised, from_object
from qibi.ledger.seals import SEALS, take_yours_back
from qibi.ledger.store import SHEETS

# Names that some file system takes for those of a book: `Ledger`, `SEALS`, `qibi.yaml.`, `ledger\2026`.
#
# Git and Linux hold them apart from `ledger` and `seals`; on Windows and macOS, in a synced folder or on a share they
# are the same, so that one copy of a book would hold what another does not.


# What a book's files are in: its names are in small letters, but for the weeks.
NAMED = (
    *("qibi.yaml", "names.yaml", "scheme", "branches", "plans", "layouts"),
    *("ledger", "seals", "sheets", "evidence"),
)
_SKIPPED = re.compile(r"[\u200c-\u200f\u202a-\u202e\u2060\u206a-\u206f\ufeff]")  # by HFS+, in names
_USUAL = re.compile(r"[^/\\:]*[^/\\:. ]")
_WEEK = re.compile(r"\bw(?=[0-9]{2}\b)")


def folded(name: str) -> str:
    """A name as a file system reads it that tells neither case nor normal form apart; it may become a path."""
    if not name.isascii():
        name = unicodedata.normalize("NFC", _SKIPPED.sub("", name).casefold())
    name = name.casefold()
    if _USUAL.fullmatch(name):
        return name
    # Windows ends a name at a colon (a stream of the file), and leaves out blanks and dots at its end.
    parts = name.replace("\\", "/").split("/")
    return "/".join(part.partition(":")[0].rstrip(" .") or part for part in parts)


def twins(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each of these paths, below the book's folder, that is another's elsewhere: it, and that other.

    The other is among the paths, or is the name that qibi reads. Of two that are there it is the one in small
    letters, as qibi writes them.
    """
    stands: dict[str, str] = {}  # by the folded path: what is there, a folder too
    folders = {"": ""}  # each folded
    known: set[str] = set()  # folders that have been looked at

    def read(folder: str) -> str:
        if folder not in folders:
            above, _slash, name = folder.rpartition("/")
            folders[folder] = f"{read(above)}/{folded(name)}".lstrip("/")
        return folders[folder]

    def is_other(path: str) -> bool:
        return path != _WEEK.sub("W", folded(path))

    for path in sorted(set(paths), key=lambda path: (is_other(path), path)):
        top, slash, below = path.partition("/")
        if top not in NAMED:
            first, inner, rest = folded(top).partition("/")
            if first in NAMED:
                yield path, first + inner + _WEEK.sub("W", rest) + slash + below
            continue
        place = path
        while place:
            folder, _slash, name = place.rpartition("/")
            found = stands.setdefault(f"{read(folder)}/{folded(name)}", place)
            if found != place:
                yield path, found + path[len(place) :]
            if found != place or folder in known:
                break
            known.add(folder)
            place = folder


def standing_twins(root: Path, git: Git | None) -> Iterator[str]:
    """The paths of a book's files, on the disk and in git's index; of evidence those in the index alone."""
    for entry in sorted(root.iterdir()):
        if entry.name not in NAMED or not entry.is_dir() or entry.is_symlink():
            yield entry.name
        elif entry.name != "evidence":
            for folder, _folders, names in os.walk(entry):
                place = Path(folder).relative_to(root).as_posix()
                yield from (f"{place}/{name}" for name in names)
    try:
        if git is not None and git.repository() is not None:
            yield from filter(None, git.run("ls-files", "-z").stdout.split("\0"))
    except Refusal:  # git is not installed
        return


def twin_findings(paths: Iterable[str]) -> Iterator[Finding]:
    """The findings for these paths, each once."""
    for path, other in twins(paths):
        message = _(
            "another file system takes this name for {other}; rename or remove it: git mv, git rm"
        )
        yield Finding(path, message=message.format(other=other), code="twin")


# Whether all that git's index holds of a ledger is on disk: every command asks, so it costs a stat a folder.
#
# A sparse checkout, a virus scanner or a cloud drive takes files away without a word, and a ranking without them
# names another winner. What the index holds is kept by the index file's size and times, and a folder whose time
# of change is that at which it was whole is not listed again.


Stamp = tuple[int, int, int, int]  # size, nanoseconds of modification and of change, file number
TIMES_TELL = sys.platform != "win32"  # there a file's time of change is that of its creation
_KIND = "presence"
_RECENT = 2_000_000_000  # nanoseconds: what was touched since may be touched again unseen


class _Index(msgspec.Struct):
    """What git's index holds below ledger/ and seals/, and definitions that it is told to leave out."""

    stamp: Stamp
    folders: dict[str, list[str]]
    skipped: list[str]
    whole: dict[str, Stamp]  # the folders that were found whole, as they were then


def missing(root: Path, cache: Cache, git: "Callable[[], Git]") -> list[Finding]:
    """A finding for each batch and seal that git's index holds and that is not on disk.

    Nothing where there is no git, or where it does not open the repository: `check` and `commit` say so.
    """
    file = _index_file(root)
    stamp = stamp_of(file) if file else None
    if stamp is None:
        return []
    key = key_of([str(root.resolve()), str(file)])
    known = cache.find(_KIND, key, _Index)
    changed = known is None or known.stamp != stamp
    if changed:
        try:
            known = _read(git(), stamp)
        except Refusal:
            return []
    assert known is not None
    absent = [path for path in known.skipped if not os.path.lexists(root / path)]
    latest = time.time_ns() - _RECENT
    for folder, names in known.folders.items():
        now = stamp_of(root / folder)
        if TIMES_TELL and now is not None and known.whole.get(folder) == now:
            continue
        here = _names(root / folder)
        lost = [name for name in names if name not in here]
        absent += [f"{folder}/{name}" for name in lost]
        if now is not None and not lost and max(now[1:3]) < latest:
            known.whole[folder] = now
            changed = True
    if changed and max(stamp[1:3]) < latest:
        cache.keep(_KIND, key, known)
    if not absent:
        return []

    index = tracked(git())
    return [gone(path, index.get(path)) for path in sorted(absent)]


def _read(git: "Git", stamp: Stamp) -> _Index:

    folders: dict[str, list[str]] = {}
    skipped = []
    for path, held in tracked(git).items():
        folder, _slash, name = path.rpartition("/")
        if path.startswith(("ledger/", "seals/")):
            folders.setdefault(folder, []).append(name)
        elif held.is_skipped and is_definition(path):
            skipped.append(path)
    return _Index(stamp, folders, skipped, {})


def _index_file(root: Path) -> Path | None:
    """Git's index of the work tree around a book; None where there is none."""
    here = root.resolve()  # as git does, which knows no `..`
    for place in (here, *here.parents):
        marker = place / ".git"
        if marker.is_dir():
            return marker / "index"
        if marker.is_file():
            try:
                text = marker.read_text("utf-8", "surrogateescape").strip()
            except OSError:
                return None
            return place / text.removeprefix("gitdir:").strip() / "index"
    return None


def _names(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as scan:
            return {entry.name for entry in scan}
    except OSError:
        return set()


def stamp_of(path: Path) -> Stamp | None:
    """By what it is seen whether a file or folder has been touched; None where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


EVIDENCE = "evidence"
# What of a book's folder a commit takes.
PARTS = (
    *("qibi.yaml", NAMES, *FOLDERS, LEDGER, SEALS, SHEETS, EVIDENCE),
    *("schemas", ".gitattributes", ".gitignore", "README.md"),
)
PLAIN = "100644"
_NO_FILES = ("120000", "160000")  # a link, a commit of another repository
_AT_ONCE = 500  # paths of one command line
_CONVERTING = ("filter", "ident", "working-tree-encoding", "eol", "text", "crlf")
_LITTER = (
    "thumbs.db",
    "desktop.ini",
)  # of file managers; those that begin with a dot are known by it
_PATHS = ("utf-8", "surrogateescape")

# What .gitattributes says so that git stores each file of a book as it is.
KEEP_BYTES = "* -text -eol -ident -filter -working-tree-encoding"


@dataclass(frozen=True, slots=True)
class Tracked:
    """A file of git's index: its mode, its blob's id, and the letter that `git ls-files -v` gives it."""

    mode: str
    object: str
    tag: str = "H"

    @property
    def is_assumed(self) -> bool:
        """Whether git is told that it never changes."""
        return self.tag.islower()

    @property
    def is_skipped(self) -> bool:
        """Whether git is told that it is not in the working tree, as in a sparse checkout."""
        return self.tag in "Ss"


def is_recorded(path: str) -> bool:
    """Whether a file of a book is only ever added: a batch, a seal, an archived sheet, a signature."""
    return path.startswith((f"{LEDGER}/", f"{SEALS}/")) or is_below(path)


def is_definition(path: str) -> bool:
    """Whether a file of a book defines it."""
    if path in ("qibi.yaml", NAMES):
        return True
    folder, _slash, name = path.partition("/")
    return folder in FOLDERS and "/" not in name and name.endswith(ENDINGS)


def files_of(root: Path) -> Iterator[str]:
    """The files of a book that git is to hold: definitions, batches, seals, archived sheets, evidence."""
    for name in ("qibi.yaml", NAMES):
        if os.path.lexists(root / name):
            yield name
    for folder in FOLDERS:
        for path in _below(root, folder):
            if is_definition(path):
                yield path
    for folder in (LEDGER, SEALS):
        yield from _below(root, folder)
    yield from (path for path in kept_sheets(root) if sha256_in(path))
    yield from _below(root, EVIDENCE)


def _below(root: Path, folder: str) -> Iterator[str]:
    """The files below a folder of a book, in order, without locks, temp files and litter."""
    try:
        with os.scandir(root / folder) as scan:
            found = sorted(scan, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in found:
        path = f"{folder}/{entry.name}"
        if entry.name.startswith((".", "~$")) or entry.name.casefold() in _LITTER:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(root, path)
        else:
            yield path


class Held:
    """What git's index and HEAD hold of one book, read once.

    Raises `Refusal` where git does not open the repository, or HEAD is damaged.
    """

    def __init__(self, root: Path, git: Git, *, private: bool = False) -> None:
        """With `private`, names.yaml and archived sheets are not for git (`private_names` in qibi.yaml)."""
        self.root, self.git, self.private = root, git, private
        self.commit = head_commit(git)

    @cached_property
    def index(self) -> dict[str, Tracked]:
        """Path: what git's index holds."""
        return tracked(self.git)

    @cached_property
    def head(self) -> dict[str, Tracked]:
        """Path: what the present commit holds."""
        if not self.commit:
            return {}
        result = {}
        for row in self.git.read("ls-tree", "-r", "-z", self.commit).decode(*_PATHS).split("\0"):
            if row:
                about, path = row.split("\t", 1)
                mode, _kind, key = about.split(" ")
                result[path] = Tracked(mode, key)
        return result

    @property
    def files(self) -> list[str]:
        """The files of the book on disk that git is to hold."""
        return self._listed[0]

    @cached_property
    def prefix(self) -> str:
        """The book's folder below the repository's top, with a slash at its end; empty for the top itself."""
        return self.git.demand("rev-parse", "--show-prefix").removesuffix("\n")

    @cached_property
    def pathspecs(self) -> dict[str, str]:
        """Part of the book that a commit takes: as git is told. It is there, or tracked and gone; not ignored.

        A `.gitignore` may keep a part out (names.yaml), and `private` does with that one. Of `sheets` it takes
        the kept ones, the rest is people's own.
        """
        ignored = set(self.git.run("check-ignore", "--", *PARTS).stdout.splitlines())
        if self.private:
            ignored.add(NAMES)
        tracked_parts = {path.split("/")[0] for path in self.index}
        return {
            part: KEPT_SHEETS if part == SHEETS else part
            for part in PARTS
            if part not in ignored and (part in tracked_parts or (self.root / part).exists())
        }

    @cached_property
    def taken(self) -> list[tuple[str, str]]:
        """As `changes`, told without running any program that the repository names for its files."""
        return self.changes(filters=False)

    def changes(self, *, filters: bool = True) -> list[tuple[str, str]]:
        """Status (two letters, as git writes them) and path of what a commit of the book would take."""
        if not self.pathspecs:
            return []
        found = self.git.changed([*self.pathspecs.values(), *LEFT_OUT], filters=filters)
        return [(status, path.removeprefix(self.prefix)) for status, path in found]

    @cached_property
    def _listed(self) -> tuple[list[str], dict[str, str]]:
        """The files on disk that git is to hold, and those of them that it ignores, with the rule.

        Names that are kept out of git are not, nor the sheets with them, nor what git ignores below evidence/
        and no entry names: that is people's own.
        """
        there = list(files_of(self.root))
        rules = self._rules([path for path in there if path not in self.index])
        private = self.private or NAMES in rules
        own = {path for path in rules if path == NAMES or (private and is_below(path))}
        if self.private and NAMES not in self.index:
            own.add(NAMES)
        evidence = [path for path in rules if path.startswith(f"{EVIDENCE}/")]
        if evidence:
            own.update(set(evidence) - _named_as_evidence(self.root, evidence))
        ignored = {path: rule for path, rule in rules.items() if path not in own}
        return [path for path in there if path not in own], ignored

    @cached_property
    def objects(self) -> dict[str, str]:
        """Path: the id that git would give the file's bytes; empty for what is not a plain file."""
        return {path: _object(self.root / path, self._algorithm) for path in self.files}

    @cached_property
    def _algorithm(self) -> str:
        if self.commit:
            return "sha256" if len(self.commit) == 64 else "sha1"
        return self.git.run("rev-parse", "--show-object-format").stdout.strip() or "sha1"

    def changed(self, path: str) -> bool:
        """Whether a file differs from HEAD, or is not in it."""
        held = self.head.get(path)
        return held is None or held.object != self.objects[path]

    def standing(self) -> list[Finding]:
        """What keeps the next commit from holding the book as it is on disk, or the last from being it."""
        findings = [*self._flags(), *self.gone(), *self._embedded()]
        findings += self._ignored(self._listed[1])
        findings += [*self._taken_out(), *self._unmerged(), *self._links(), *self._left_out()]
        told = {finding.path for finding in findings}
        changed = [p for p in self.files if p not in told and self.changed(p) and self.objects[p]]
        findings += self._converted({path: _bytes(self.root / path) for path in changed})
        told.update(finding.path for finding in findings)
        for path in changed:
            held = self.head.get(path)
            if path in told or held is None or not is_recorded(path):
                continue
            proven = _is_what_its_name_says(self.root / path, path)
            if proven:
                message = _("the last commit holds other bytes than were recorded")
                findings.append(Finding(path, message=message, code="git-bytes", lost=""))
            elif proven is None and not self._merging:  # a merge may bring another: commit tells
                message = _("changed since it was committed")
                findings.append(Finding(path, message=message, code="changed", lost=""))
        return advised(findings, self.root, self.git)

    def _unmerged(self) -> Iterator[Finding]:
        """Files that both sides of a merge changed, anywhere in the repository: git commits nothing before."""
        rows = self.git.read("ls-files", "-z", "--unmerged", "--", ":/").decode(*_PATHS).split("\0")
        paths = {row.split("\t", 1)[1] for row in rows if row}
        if not paths or in_between(
            self.git
        ):  # then it is not a merge, and the commit waits for its end
            return
        for path in sorted(paths):
            if path.startswith(f"{SEALS}/"):
                message = _("the other side of this merge has another; {advice}")
                advice = take_yours_back(merging=True)
                yield _finding(path, message, "unmerged", advice=advice)
            else:
                message = _(
                    "both sides of a merge changed it; keep what is right, then: git add {path}"
                )
                yield _finding(path, message, "unmerged")

    def _links(self) -> Iterator[Finding]:
        """What a commit would take that is not a file, as a link in place of README.md."""
        for _status, path in self.taken:
            with suppress(OSError):
                if kind := not_own(os.lstat(self.root / path)):
                    yield Finding(path, message=not_plain_message(kind), code="link")

    def stray_links(self) -> Iterator[Finding]:
        """Links that no commit of the book takes: those that git holds, and people's own in sheets/."""
        rest = ("ls-files", "-z", "--others", "--exclude-standard", "--", SHEETS)
        own = self.git.read(*rest).decode(*_PATHS).split("\0")
        found = {path for path in own if path and (self.root / path).is_symlink()}
        for held in (self.head, self.index):
            found |= {path for path, file in held.items() if file.mode in _NO_FILES}
        message = _(
            "a link or a separate repository, not part of a book; an audit rejects what git holds of it: keep it out of git (.gitignore; git rm --cached -- {path}), or put the file itself there"
        )
        for path in sorted(found - {path for _status, path in self.taken}):
            yield _finding(path, message, "link")

    def _left_out(self) -> Iterator[Finding]:
        """New files where a sparse checkout has none, so that git does not add them."""
        if (self.git.config("core.sparseCheckout") or "").lower() != "true":
            return
        new = [path for status, path in self.taken if status == "??"]
        message = _(
            "a sparse checkout leaves its place out, so git does not add it; get all of the book: git sparse-checkout disable"
        )
        for at in range(0, len(new), _AT_ONCE):
            for path in self.git.not_added(new[at : at + _AT_ONCE], self.prefix):
                yield _finding(path, message, "git-sparse")

    @property
    def _merging(self) -> bool:
        return self.git.run("rev-parse", "--quiet", "--verify", "MERGE_HEAD").returncode == 0

    def committed(self, before: Mapping[str, str] | None = None) -> list[Finding]:
        """What is not in HEAD as it is on disk: a plain file, byte for byte, and what its name says.

        `before` are the ids of the files as they were before they were committed.
        """
        findings = [
            *self._flags(),
            *self.gone(),
            *self._embedded(),
            *self._ignored(self._listed[1]),
        ]
        told = {finding.path for finding in findings}
        for path in self.files:
            held = self.head.get(path)
            was = (before or {}).get(path, self.objects[path])
            if path in told:
                continue
            if was != self.objects[path] and not is_definition(path):
                message = _("changed while it was committed, as by a hook; restore it: {command}")
                command = from_object(self.git, was, path)
                findings.append(_finding(path, message, "git-bytes", command=command))
            elif held is None:
                message = _("git did not commit it; look at: git status -- {path}")
                findings.append(_finding(path, message, "not-committed"))
            elif not self.objects[path] or held.mode != PLAIN:
                message = _(
                    "git holds it with mode {mode}; it must be a plain file (100644): git update-index --chmod=-x -- {path}; git commit -m restored"
                )
                findings.append(_finding(path, message, "git-mode", mode=held.mode))
            elif held.object != self.objects[path]:
                findings.append(self._other_bytes(path))
        return findings

    def staged(self, paths: Iterable[str]) -> list[Finding]:
        """Which of these files the index holds with other bytes than the disk, after `git add`."""
        self.__dict__.pop("index", None)
        findings = []
        for path in paths:
            held = self.index.get(path)
            if path in self.objects and held and held.object != self.objects[path]:
                findings.append(self._other_bytes(path))
        return findings

    def gone(self) -> Iterator[Finding]:
        """What was recorded, is in git, and is not on disk."""
        for path in sorted({*self.index, *self.head}):
            if (is_recorded(path) or path.startswith(f"{EVIDENCE}/")) and not os.path.lexists(
                self.root / path
            ):
                yield gone(path, self.index.get(path))

    def unheld(self) -> list[tuple[str, str]]:
        """(`new`, `changed` or `gone`; path) of all files of the book that HEAD does not hold as they are."""
        result = [
            ("changed" if path in self.head else "new", path)
            for path in self.files
            if self.changed(path)
        ]
        here = set(self.files)
        result += [("gone", p) for p in self.head if p not in here and self._is_part(p)]
        return result

    def _is_part(self, path: str) -> bool:
        return is_definition(path) or is_recorded(path) or path.startswith(f"{EVIDENCE}/")

    def _flags(self) -> Iterator[Finding]:
        """Files that git is told not to look at."""
        for path, held in sorted(self.index.items()):
            if not self._is_part(path) or not (held.is_assumed or held.is_skipped):
                continue
            if held.is_skipped and not os.path.lexists(self.root / path):
                if not is_definition(path):
                    continue  # told as gone
                yield gone(path, held)
                continue
            flag = "skip-worktree" if held.is_skipped else "assume-unchanged"
            message = _(
                "git is set to ignore changes in it ({flag}), so no commit includes them: git update-index --no-{flag} -- {path}"
            )
            yield _finding(path, message, "git-flag", flag=flag)

    def _taken_out(self) -> Iterator[Finding]:
        """What was recorded and committed, is on disk, and would leave git by the next commit."""
        for path in self.files:
            if path in self.head and path not in self.index and is_recorded(path):
                message = _("removed from git's index; restore it: git reset -q -- {path}")
                yield _finding(path, message, "taken-out")

    def _ignored(self, rules: Mapping[str, str]) -> Iterator[Finding]:
        """Files of the book (path: rule) that no commit would take in, because git ignores them."""
        tops = sorted({path.split("/")[0] for path in rules})
        arguments = ("check-ignore", "--no-index", "--", *tops)
        whole = self.git.run(*arguments).stdout.splitlines() if tops else []
        for path, rule in rules.items():
            message = _("git ignores it ({rule}), so no commit holds it: remove that line")
            if path.split("/")[0] not in whole:  # from an ignored folder git adds nothing by name
                message = _(
                    "git ignores it ({rule}), so no commit holds it: remove that line, or add the file once: git add -f -- {path}"
                )
            yield _finding(path, message, "git-ignored", rule=rule)

    def refuses(self, path: str, raw: bytes) -> list[Finding]:
        """What would keep a commit from holding these bytes, were they written to this path."""
        return [*self._ignored(self._rules([path]))] or list(self._converted({path: raw}))

    def _rules(self, paths: Collection[str]) -> dict[str, str]:
        """Path: where it is said that git ignores it, for those of these paths for which it is."""
        if not paths:
            return {}
        given = "\0".join(paths).encode(*_PATHS)
        # 1: none of them is ignored
        out = self.git.read("check-ignore", "-z", "-v", "--stdin", given=given, fine=(0, 1))
        fields = out.decode(*_PATHS).split("\0")
        result = {}
        for source, line, pattern, path in zip(*[iter(fields)] * 4, strict=False):
            if not pattern.startswith("!"):
                result[path] = f"{source}:{line}: {pattern}" if source else pattern
        return result

    def _embedded(self) -> Iterator[Finding]:
        """Folders of the book that are repositories of their own: git would hold a commit's id of them."""
        for part in (LEDGER, SEALS, SHEETS, EVIDENCE, *FOLDERS):
            for folder, folders, names in os.walk(self.root / part):
                if ".git" in folders or ".git" in names:
                    path = Path(folder).relative_to(self.root).as_posix()
                    message = _(
                        "a separate git repository is in the book, so the book's holds none of its files: move its .git elsewhere"
                    )
                    yield _finding(path, message, "git-embedded")

    def _converted(self, files: Mapping[str, bytes]) -> Iterator[Finding]:
        """Those of these files of which git would store other bytes, by attributes that someone has set."""
        for path, found in self._attributes(files).items():
            reasons = [
                f"{name}={value}" if value != "set" else name
                for name, value in found.items()
                if _converts(name, files[path])
            ]
            if reasons:
                yield self._conversion(path, reasons)

    def _attributes(self, paths: Collection[str]) -> dict[str, dict[str, str]]:
        """Path: the converting attributes that are set for it, and their values."""
        if not paths:
            return {}
        given = "\0".join(paths).encode(*_PATHS)
        out = self.git.read("check-attr", "-z", "--stdin", *_CONVERTING, given=given)
        fields = out.decode(*_PATHS).split("\0")
        result: dict[str, dict[str, str]] = {}
        plain = set()  # line ends are kept where `text` is unset, whatever else is said of them
        for path, name, value in zip(*[iter(fields)] * 3, strict=False):
            if value not in ("unspecified", "unset"):
                result.setdefault(path, {})[name] = value
            elif name == "text" and value == "unset":
                plain.add(path)
        for path in plain & set(result):
            result[path] = {k: v for k, v in result[path].items() if k not in ("eol", "crlf")}
        return {path: values for path, values in result.items() if values}

    def _conversion(self, path: str, reasons: list[str]) -> Finding:
        message = _(
            "git would store other bytes than the file holds (attributes: {reasons}): remove these attributes, or add as the last line of {file}: {keep}"
        )
        text = message.format(reasons=listing(reasons), file=self._deciding(path), keep=KEEP_BYTES)
        return Finding(path, message=text, code="git-bytes")

    def _deciding(self, path: str) -> str:
        """The file whose last line decides about a path's attributes: git's own where it sets any, else the nearest."""
        settings = (*self.git.settings, "-c", f"core.attributesFile={os.devnull}")
        alone = Git(self.root, self.git.environment, settings)
        alone.environment |= {"GIT_ATTR_NOSYSTEM": "1", "GIT_INDEX_FILE": "none"}  # in the index
        arguments = ("check-attr", "-z", "--cached", *_CONVERTING, "--", path)
        if set(alone.demand(*arguments).split("\0")[2::3]) - {"unspecified", "unset"}:
            return self.git.demand("rev-parse", "--git-path", "info/attributes").removesuffix("\n")
        near = (f"{folder.as_posix()}/.gitattributes" for folder in Path(path).parents[:-1])
        return next((file for file in near if (self.root / file).is_file()), ".gitattributes")

    def _other_bytes(self, path: str) -> Finding:
        set_for = self._attributes([path]).get(path, {})
        reasons = [f"{k}={v}" if v != "set" else k for k, v in set_for.items()]
        if reasons:
            return self._conversion(path, reasons)
        message = _(
            "git holds other bytes than the file: a hook or a filter of this repository changed them (git config --get-regexp 'filter|hooksPath'; .git/hooks)"
        )
        return _finding(path, message, "git-bytes")


def _is_what_its_name_says(file: Path, path: str) -> bool | None:
    """Whether a recorded file's bytes are those that its name tells; None where it tells none."""
    digest = hashlib.sha256(_bytes(file)).hexdigest()
    if path.startswith(f"{LEDGER}/") and path.endswith(".jsonl"):
        return digest[:16] == path[-22:-6]
    named = sha256_in(path)
    return digest == named if named else None


def tracked(git: Git) -> dict[str, Tracked]:
    """Path below git's folder: what git's index holds. Raises `Refusal`."""
    result = {}
    for row in git.read("ls-files", "-z", "-v", "-s").decode(*_PATHS).split("\0"):
        if row:
            about, path = row.split("\t", 1)
            tag, mode, key, _stage = about.split(" ")
            result[path] = Tracked(mode, key, tag)
    return result


def gone(path: str, held: Tracked | None = None) -> Finding:
    """The finding for a file that git has and the disk has not."""
    if held and held.is_skipped:
        message = _(
            "git has it, but it is not on disk: a sparse checkout leaves it out; get all of the book: git sparse-checkout disable (or git update-index --no-skip-worktree -- {path}; git restore -- {path})"
        )
    elif held:
        message = _("git has it, but it is not on disk; restore it: git restore -- {path}")
    else:
        message = _("committed before, now gone; restore it: git checkout HEAD -- {path}")
    return _finding(path, message, "gone")


def _finding(path: str, message: str, code: str, **more: str) -> Finding:
    return Finding(path, message=message.format(path=argument(path), **more), code=code)


def _converts(name: str, raw: bytes) -> bool:
    """Whether a converting attribute changes these bytes, as far as can be told without running anything."""
    if name in ("text", "eol", "crlf"):
        return b"\r\n" in raw
    return name != "ident" or b"$Id" in raw


def _bytes(path: Path) -> bytes:
    try:
        return read_plain(str(path))
    except OSError:
        return b""


_hashed: dict[tuple[str, str], tuple[Stamp, str]] = {}  # of this run: path, algorithm: as it was


def _object(path: Path, algorithm: str) -> str:
    """The id of a file's bytes as a blob; empty where it is not a plain file or can't be read."""
    stamp = stamp_of(path)
    known = _hashed.get((str(path), algorithm))
    if known and known[0] == stamp and TIMES_TELL:
        return known[1]
    try:
        raw = read_plain(str(path))
    except (NotPlain, OSError):
        return ""
    result = hashlib.new(algorithm, b"blob %d\0" % len(raw) + raw).hexdigest()
    if stamp:
        _hashed[str(path), algorithm] = stamp, result
    return result


def _named_as_evidence(root: Path, paths: Collection[str]) -> set[str]:
    """Those of these files that an entry names as its evidence."""
    having = [path.encode() for path in paths]
    result = set()
    for week in weeks_with_batches(root):
        for batch in each_of_week(root, week, having):
            for entry in getattr(batch, "entries", ()):
                for piece in getattr(entry, "evidence", ()):
                    result.add(getattr(piece, "path", ""))
    return result.intersection(paths)


# Modes of a book's files: none is a program, whatever a file system of another machine shows.


_PROGRAM = 0o111


def put_right(root: Path, git: Git) -> None:
    """Make each file of a book a plain one: on disk where that can be, and in git's index.

    SMB and WSL show every file as a program; what is added by hand there stands so in the index. What is
    committed so is left: `Held.committed` names it, with what to do.
    """
    there = list(files_of(root))
    for path in there if sys.platform != "win32" else ():
        mode = os.lstat(root / path).st_mode
        if mode & _PROGRAM:
            with suppress(OSError):  # such a file system refuses; for git it is put right below
                (root / path).chmod(mode & 0o777 & ~_PROGRAM)
    held = Held(root, git)
    staged = (p for p in there if p in held.index and held.index[p].mode == "100755")
    programs = [p for p in staged if p not in held.head or held.head[p].mode == PLAIN]
    if programs:
        given = "\0".join(programs).encode("utf-8", "surrogateescape")
        git.read("update-index", "--chmod=-x", "-z", "--stdin", given=given)

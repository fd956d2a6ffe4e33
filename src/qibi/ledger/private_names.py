"""A book with `private_names: true`: what git holds of its names, and what a push would publish of them.

`.gitignore` is no guard: `git add -f` gets round it, and a pull may replace it. So each file and each commit
message is looked at that a push would publish. Names are known where names.yaml is; elsewhere files are told by
what they are: a names file, an archived sheet, a member of a branch file with a name.
"""

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, listing
from qibi.base.plain import NotPlain, read_plain
from qibi.base.text import argument
from qibi.book.definitions import Definitions
from qibi.book.links import NAMES
from qibi.book.lookup import members_names, people, people_in_definitions
from qibi.ledger.batches import LEDGER
from qibi.ledger.entries import BadLine, Entry, decode, free_text
from qibi.ledger.git import Git
from qibi.ledger.held import EVIDENCE, is_definition, is_recorded
from qibi.ledger.kept_sheets import PATHSPEC as KEPT_SHEETS
from qibi.ledger.kept_sheets import is_below
from qibi.ledger.seals import SEALS
from qibi.ledger.signatures import ENDING
from qibi.ledger.store import SHEETS

if TYPE_CHECKING:
    from qibi.ledger.name_search import Inside

CODE = "private-names"
# What qibi commits and a copy of the names can be in without being an error anyway.
_COPIES = (EVIDENCE, "schemas", "README.md", ".gitattributes", ".gitignore")
_PRIVATE = re.compile(
    r"""(?:^|[{,]) *['"]?private_names['"]? *: *['"]?(?:true|yes|on|y|t|1)\b""", re.M | re.I
)
_COMMITS_SHOWN = 3
_LINES_SHOWN = 5  # of one file
_MOST_OF_A_COPY = 1024 * 1024  # bytes; names of thousands
_SUBMODULE = "160000"


def errors(root: Path, definitions: Definitions | None, git: Git | None) -> Iterator[Finding]:
    """Names where they would be published; nothing in a book whose names are not private.

    Not an error of the definitions: meanwhile everything can be shown, scored and corrected.
    """
    if definitions is None or not definitions.private_names:
        return
    yield from _in_branches(root, definitions)
    if git is None:
        return
    message = _(
        "names are private here, and git holds this file; keep it, but not in git: {command}"
    )
    held = _listed(git, "ls-files", "-z", "--", f":(icase){NAMES}")
    held += _listed(git, "ls-tree", "-z", "--name-only", "HEAD")
    for path in sorted({path for path in held if path.casefold() == NAMES}):
        command = f"git rm --cached --ignore-unmatch {path} && git commit -m 'names out of git'"
        yield Finding(path, message=message.format(command=command), code=CODE)
    message = _("an archived sheet holds names, which are private here; move it out of the book")
    known = set(_listed(git, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", SHEETS))
    found = _listed(git, "ls-files", "-z", "-co", "--exclude-standard", "--", KEPT_SHEETS)
    for path in sorted({*found} - known):
        yield Finding(path, message=message, code=CODE)
    yield from _copies(root, definitions, git)


def _copies(root: Path, definitions: Definitions, git: Git) -> Iterator[Finding]:
    """Files that git holds, or that qibi would commit, and that give ids their names, as names.yaml does."""
    bearers = members_names(definitions)
    if not bearers:
        return
    held = {p for p in _listed(git, "ls-files", "-z") if not is_recorded(p)}
    coming = _listed(git, "ls-files", "-z", "-o", "--exclude-standard", "--", *_COPIES)
    away = _(
        "it holds names as names.yaml does, and names are private here; move it out of the book"
    )
    out = _(
        "it holds names as names.yaml does, names are private here, and git holds it: {command}; then move it out of the book"
    )
    for path in sorted(held.union(coming)):
        if path.casefold() == NAMES or is_definition(path):
            continue  # told by name, and by `_in_branches`
        with suppress(OSError, NotPlain):
            if (root / path).stat().st_size > _MOST_OF_A_COPY:
                continue
            if _is_names_file(read_plain(root / path), bearers):
                command = f"git reset -q -- {argument(path)}"
                if git.run("diff", "--quiet", "HEAD", "--", path).returncode == 0:
                    command = f"git rm -q --cached -- {argument(path)} && git commit -m 'names out of git'"
                message = out.format(command=command) if path in held else away
                yield Finding(path, message=message, code=CODE)


def _is_names_file(raw: bytes, bearers: Mapping[str, Collection[str]]) -> bool:
    """Whether these bytes say of a member what their name is, in YAML or JSON."""
    from qibi.book.yaml import Document, parse
    from qibi.ledger.name_search import text_of

    text = text_of(raw)
    if text is None or ":" not in text:
        return False
    document = parse(NAMES, text.encode())
    if not isinstance(document, Document) or not isinstance(document.data, dict):
        return False
    return any(
        key in bearers.get(name, ())
        for key, value in document.data.items()
        for name in (value.values() if isinstance(value, dict) else (value,))
        if isinstance(name, str)
    )


def _in_branches(root: Path, definitions: Definitions) -> Iterator[Finding]:
    """Members who have a name in a branch file, and CPs whose name there holds that of a member."""
    namer = people_in_definitions(definitions)
    cps = {cp.id for cp in definitions.cps if namer.ids_named(f"{cp.name.zh}\n{cp.name.en}")}
    if not cps and all(m.name.zh == m.name.en == m.id for m in definitions.memberships):
        return
    from qibi.book.yaml import Document, parse

    message = _("names are private here: move it to names.yaml, as a line  {line}")
    for path in sorted((root / "branches").iterdir()):
        document = parse(f"branches/{path.name}", path.read_bytes())
        if isinstance(document, Document):
            for key, place in _named(document.data, cps):
                found = document.finding(place, message.format(line=f"{key}: …"), CODE)
                yield replace(found, shown="")  # the output of `check` may end in a public log


def _named(data: object, cps: Collection[str] = ()) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Id and place of the name of each member of a branch file who has one there, and of these CPs."""
    for part in ("members", "cps"):
        rows = data.get(part) if isinstance(data, dict) else None
        for number, row in enumerate(rows if isinstance(rows, list) else ()):
            if (
                isinstance(row, dict)
                and row.get("name")
                and (part == "members" or row.get("id") in cps)
            ):
                yield str(row.get("id")), (part, number, "name")


def entries_naming(
    entries: Iterable[Entry], definitions: Definitions
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line number of each entry whose text holds members' names, and whose they are."""
    namer = people(definitions)
    for number, entry in enumerate(entries, 1):
        if ids := namer.ids_named(free_text(entry)):
            yield number, ids


class _Search:
    """Finds members' names in the files of a book."""

    def __init__(self, definitions: Definitions) -> None:
        self._people = people(definitions)
        self._in_definitions = people_in_definitions(definitions)

    def lines(self, path: str, found: "Inside") -> list[tuple[int, tuple[str, ...]]]:
        """Lines with names, and whose; line 0 is the path, or a text that is not one of lines."""
        ids_named = (self._in_definitions if is_definition(path) else self._people).ids_named
        if not found.texts:
            lines = []
        elif path.startswith(f"{LEDGER}/"):
            lines = [_free_text_of(line) for line in found.texts[0].split("\n")]
        elif not found.texts[0].startswith("<"):  # XML has no lines that people see
            lines = found.texts[0].split("\n")
        else:
            lines = []
        hits = [(n, ids) for n, line in enumerate(lines, 1) if (ids := ids_named(line))]
        if not hits and not path.startswith(f"{LEDGER}/"):
            hits = [(0, ids)] if (ids := ids_named("\n".join(found.texts))) else []
        named = [(0, ids)] if (ids := ids_named(path)) else []
        return [*named, *hits[:_LINES_SHOWN]]


def _free_text_of(line: str) -> str:
    """What people wrote in a line of a batch; all of it where that is not an entry."""
    try:
        return free_text(decode(line.encode()))
    except BadLine:
        return line


def refuse_to_commit(root: Path, definitions: Definitions, paths: Iterable[str]) -> None:
    """Raises `Faults` where files of the book that are not committed yet hold names.

    Now a batch can still be taken out, which nothing but a new history can do later.
    """
    from qibi.ledger.name_search import inside

    search = _Search(definitions)
    findings = []
    for path in paths:
        with suppress(OSError, NotPlain):
            for line, ids in search.lines(path, inside(path, read_plain(root / path))):
                advice = _("remove the name from it")
                if path.startswith(f"{LEDGER}/"):
                    advice = _(
                        "no commit has it yet: rm {path}, then record it again without names"
                    )
                elif path.startswith(f"{EVIDENCE}/"):
                    advice = _("move it out of the book")
                message = _(
                    "names are private here, and a push would publish {ids}; {advice} (not a person? qibi commit, then git push)"
                )
                advice = advice.format(path=argument(path))
                warning = message.format(ids=listing(list(ids)), advice=advice)
                findings.append(Finding(path, line, message=warning, code=CODE))
    if findings:
        raise Faults(findings)


@dataclass(frozen=True)
class _Going:
    """What a push would bring to remotes: what names the commits, and what the remotes have of them."""

    refs: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def commits(self) -> list[str]:
        return [*self.refs, "--not", *self.known]


@dataclass(frozen=True, order=True)
class _Leak:
    """Names that a push would publish: where, below the repository's top (empty: in a message), and whose."""

    path: str
    line: int = 0
    ids: tuple[str, ...] = ()  # empty where the file is known to be one of names


@dataclass
class _Leaks:
    """The leaks with their commits; path and blob of what was read and holds names; what could not be read."""

    found: dict[_Leak, list[str]] = field(default_factory=dict)
    blobs: set[tuple[str, str]] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)


def refuse_to_publish(git: Git, definitions: Definitions) -> list[str]:
    """The files of which it can't be told whether they hold names.

    Raises `Faults` where pushing would bring names, or sheets that hold them, to a remote. Looked at are all
    commits that the remote has not, of each branch and tag that would go.
    """
    going = _going(git)
    if not going.refs:
        return []
    brought = _brought(git, going)
    leaks = _leaks(git, definitions, brought)
    for commit, ids in _messages(git, definitions, going):
        leaks.found.setdefault(_Leak("", 0, ids), []).append(commit)
    paths = {leak.path for leak in leaks.found}
    advice = {path: _advice(git, going, brought, leaks, path) for path in paths}
    findings = []
    for leak, commits in leaks.found.items():
        shown = list(dict.fromkeys(commit[:7] for commit in commits))
        if len(shown) > _COMMITS_SHOWN:
            shown[_COMMITS_SHOWN:] = ["…"]
        message = _("names are private here, and a push would publish those in {commits}; {advice}")
        if leak.ids:
            message = _(
                "names are private here, and a push would publish {ids} in {commits}; {advice} (not a person? git push)"
            )
        warning = message.format(
            commits=listing(shown), advice=advice[leak.path], ids=listing(list(leak.ids))
        )
        findings.append(Finding(leak.path or ".git", leak.line, message=warning, code=CODE))
    if findings:
        raise Faults(findings)
    return sorted(leaks.unread)


def _going(git: Git) -> _Going:
    out = git.push("--dry-run", "--porcelain", "--no-verify")
    rows = [line.split("\t") for line in out.splitlines()]
    refs = [row[1].split(":")[0] for row in rows if len(row) == 3 and row[0] != "="]
    urls = [row[0][3:] for row in rows if row[0].startswith("To ")]
    # A remote that does not say what it has counts as empty; what is not here can be no limit.
    told = [git.run("ls-remote", "--", url).stdout for url in urls]
    there = [line.split("\t")[0] for text in told for line in text.splitlines()]
    here = git.read("cat-file", "--batch-check", given="\n".join([*there, ""]).encode())
    known = [row.split()[0] for row in here.decode().splitlines() if not row.endswith(" missing")]
    return _Going(tuple(filter(None, refs)), tuple(known))


_Brought = dict[tuple[str, str], list[str]]  # path from the repository's top, blob: commits


def _brought(git: Git, going: _Going) -> _Brought:
    """Each file that these commits add or change."""
    options = ("--stdin", "-m", "--root", "-r", "-z", "--raw", "--no-abbrev", "--no-renames")
    commits = git.read("rev-list", *going.commits)
    parts = iter(git.read("diff-tree", *options, "--diff-filter=d", given=commits).split(b"\0"))
    commit = ""
    result: _Brought = {}
    for part in parts:
        if part.startswith(b":"):
            _old, mode, _old_blob, blob, _status = part.decode().split(" ")
            path = next(parts).decode("utf-8", "surrogateescape")
            if mode != _SUBMODULE:
                result.setdefault((path, blob), []).append(commit)
        else:
            commit = part.decode() or commit
    return result


def _leaks(git: Git, definitions: Definitions, brought: _Brought) -> _Leaks:
    """Names in these files."""
    from qibi.book.yaml import Document, parse
    from qibi.ledger.name_search import contents

    prefix = git.demand("rev-parse", "--show-prefix").strip("\n")
    search = _Search(definitions)
    leaks = _Leaks()
    sought = []

    @cache
    def is_of_an_open_book(folder: str) -> bool:
        return _is_of_an_open_book(git, folder, prefix)

    for (path, blob), commits in brought.items():
        folder, slash, name = path.rpartition("/")
        if is_of_an_open_book(f"{folder}{slash}"):
            continue
        if name.casefold() == NAMES:  # a disk that ignores case reads `Names.yaml` as well
            leaks.found.setdefault(_Leak(path), []).extend(commits)
        elif path.startswith(prefix) and is_below(path.removeprefix(prefix)):
            leaks.found.setdefault(_Leak(f"{prefix}{SHEETS}"), []).extend(commits)
        else:
            sought.append((path, blob))
    for path, blob, found in contents(git, sought):
        if found is None or not found.whole:
            leaks.unread.add(path)
        if found is None:
            continue
        below = path.removeprefix(prefix)
        lines = search.lines(below, found)
        if not lines and below.startswith("branches/") and found.texts:
            document = parse(path, found.texts[0].encode())
            if isinstance(document, Document) and any(_named(document.data)):
                lines = [(0, ())]
        if lines:
            leaks.blobs.add((path, blob))
        for line, ids in lines:
            leaks.found.setdefault(_Leak(path, line, ids), []).extend(brought[path, blob])
    return leaks


def _messages(
    git: Git, definitions: Definitions, going: _Going
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The commits whose message holds names, and whose."""
    namer = people(definitions)
    out = git.read("log", "-z", "--no-show-signature", "--format=%H%n%B", *going.commits, "--")
    for record in out.decode("utf-8", "replace").split("\0"):
        commit, _line, text = record.partition("\n")
        if ids := namer.ids_named(text):
            yield commit, ids


def _advice(git: Git, going: _Going, brought: _Brought, leaks: _Leaks, path: str) -> str:
    """How to take a path (empty: messages) out of the commits that were not pushed; the commands run as they are."""
    commits = list(
        dict.fromkeys(c for leak, cs in leaks.found.items() if leak.path == path for c in cs)
    )
    holding = (f"--contains={commit}" for commit in commits)
    arguments = ("for-each-ref", "--format=%(refname)", *holding, "refs/heads", "refs/tags")
    refs = git.demand(*arguments).split()
    if not path:
        reworded = f"case $GIT_COMMIT in {'|'.join(commits)}) echo reworded;; *) cat;; esac"
        advice = _("give them another message: {command}")
        return advice.format(command=_rewrite(git, going, refs, "--msg-filter", reworded))
    head = git.run("symbolic-ref", "--quiet", "HEAD").stdout.strip()
    tip = "HEAD" if head in refs or not refs else refs[0]
    at_tip = git.run("rev-parse", "--verify", "--quiet", f"{tip}:{path}").stdout.strip()
    prefix = git.demand("rev-parse", "--show-prefix").strip("\n")
    below = path.removeprefix(prefix)
    gone = [path]
    other_versions = any(path == one for one, _blob in leaks.blobs)  # may be without names
    if other_versions and is_recorded(below):
        gone += [path + ENDING, *_seals_upon(git, brought, tip, prefix, below)]
        advice = _(
            "remove it from what was not pushed: {command}; then record (and close) again, without names, what it held: git show {commit}:{path}"
        )
    elif other_versions and at_tip and (path, at_tip) not in leaks.blobs:
        one = shlex.quote(path)
        there = f"git ls-files --error-unmatch -- {one} >/dev/null 2>&1"
        newest = f"! {there} || git update-index --cacheinfo 100644,{at_tip},{one}"
        advice = _("put the file as it is now into what was not pushed: {command}")
        return advice.format(command=_rewrite(git, going, refs, "--index-filter", newest))
    elif other_versions and at_tip and not below.startswith(f"{EVIDENCE}/"):
        return _(
            "remove them from the file and commit it; the next push says how to remove them from earlier commits"
        )
    elif at_tip:
        advice = _(
            "remove it from what was not pushed: {command}; what it held: git show {commit}:{path}"
        )
    else:
        advice = _("remove it from what was not pushed, the file itself stays: {command}")
    removed = f"git rm -rq --cached --ignore-unmatch -- {shlex.join(dict.fromkeys(gone))}"
    command = _rewrite(git, going, refs, "--index-filter", removed)
    return advice.format(command=command, commit=commits[0][:12], path=argument(path))


def _seals_upon(git: Git, brought: _Brought, tip: str, prefix: str, below: str) -> list[str]:
    """The seals not pushed that can't be without a batch or seal: all, for each names the one before it."""
    folder = f"{prefix}{SEALS}/"
    arguments = ("grep", "-qF", "-e", below, tip, "--", f":(top){folder}")
    if not below.startswith(f"{SEALS}/") and git.run(*arguments).returncode != 0:
        return []
    return sorted({path for path, _blob in brought if path.startswith(folder)})


def _rewrite(git: Git, going: _Going, refs: Sequence[str], *filters: str) -> str:
    """The command that puts the commits of branches and tags, which remotes have not, through filters."""
    refs = refs or ["--all"]
    tags = ("--tag-name-filter", "cat") if any(r.startswith("refs/tags/") for r in refs) else ()
    edge = git.demand("rev-list", "--boundary", *refs, "--not", *going.known).splitlines()
    there = [row[1:] for row in edge if row.startswith("-")]
    command = ("git", "-C", str(git.repository()), "filter-branch", "-f", *filters, *tags)
    return shlex.join((*command, "--", *refs, *(("--not", *there) if there else ())))


def _is_of_an_open_book(git: Git, folder: str, here: str) -> bool:
    """Whether a folder (it ends in a slash) belongs to another book, whose names are not private."""
    while folder != here:
        text = git.run("cat-file", "blob", f"HEAD:{folder}qibi.yaml")
        if text.returncode == 0:
            return not _PRIVATE.search(text.stdout)
        if not folder:
            return False
        folder = folder[: folder.rstrip("/").rfind("/") + 1]
    return False


def _listed(git: Git, *arguments: str) -> list[str]:
    """The paths that git lists; none outside a repository, or where HEAD is not there yet."""
    try:
        return [path for path in git.run(*arguments).stdout.split("\0") if path]
    except Refusal:  # git is not installed
        return []

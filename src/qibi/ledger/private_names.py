"""A book with `private_names: true`: what git holds of its names, and what a push would publish of them.

`.gitignore` is no guard: `git add -f` gets round it, and a pull may replace it.
"""

import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, listing
from qibi.book.definitions import Definitions
from qibi.book.links import NAMES
from qibi.book.naming import Namer, members_names
from qibi.ledger.git import Git
from qibi.ledger.kept_sheets import PATHSPEC as KEPT_SHEETS
from qibi.ledger.kept_sheets import is_below
from qibi.ledger.store import SHEETS

CODE = "private-names"
_NAMES = f":(top,glob,icase)**/{NAMES}"  # a disk that ignores case reads `Names.yaml` as well
_PRIVATE = re.compile(
    r"""(?:^|[{,]) *['"]?private_names['"]? *: *['"]?(?:true|yes|on|y|t|1)\b""", re.M | re.I
)
_COMMITS_SHOWN = 3


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
        "names are private here, and git holds this file; it stays where it is with: {command}"
    )
    held = _listed(git, "ls-files", "-z", "--", f":(icase){NAMES}")
    held += _listed(git, "ls-tree", "-z", "--name-only", "HEAD")
    for path in sorted({path for path in held if path.casefold() == NAMES}):
        command = f"git rm --cached --ignore-unmatch {path} && git commit -m 'names out of git'"
        yield Finding(path, message=message.format(command=command), code=CODE)
    message = _("a kept sheet holds names, which are private here; move it out of the book")
    known = set(_listed(git, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", SHEETS))
    found = _listed(git, "ls-files", "-z", "-co", "--exclude-standard", "--", KEPT_SHEETS)
    for path in sorted({*found} - known):
        yield Finding(path, message=message, code=CODE)


def _in_branches(root: Path, definitions: Definitions) -> Iterator[Finding]:
    """Members who have a name in a branch file, and CPs whose name there holds that of a member."""
    namer = Namer(members_names(definitions))
    cps = {cp.id for cp in definitions.cps if namer.whose(f"{cp.name.zh}\n{cp.name.en}")}
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


def refuse_to_publish(git: Git) -> None:
    """Raises `Faults` where pushing would bring names, or sheets that hold them, to a remote.

    Looked at are all commits that the remote has not, of each branch and tag that would go.
    """
    going = _going(git)
    found: dict[tuple[str, str], list[str]] = {}
    for commit, path, advice in _leaks(git, going) if going else ():
        commits = found.setdefault((path, advice), [])
        if commit[:7] not in commits:
            commits.append(commit[:7])
    findings = []
    for (path, advice), commits in found.items():
        rewrite = f"git rm -rq --cached --ignore-unmatch -- {shlex.quote(path)}"
        command = ("git", "-C", str(git.repository()), "filter-branch", "--index-filter", rewrite)
        if len(commits) > _COMMITS_SHOWN:
            commits[_COMMITS_SHOWN:] = ["…"]
        message = _("names are private here, and a push would publish those in {commits}; {advice}")
        advice = advice.format(command=shlex.join((*command, "--", "HEAD", "--not", "--remotes")))
        said = message.format(commits=listing(commits), advice=advice)
        findings.append(Finding(path, message=said, code=CODE))
    if findings:
        raise Faults(findings)


def _going(git: Git) -> list[str]:
    """What names the commits that a push would bring to remotes; empty for none."""
    out = git.push("--dry-run", "--porcelain", "--no-verify")
    rows = [line.split("\t") for line in out.splitlines()]
    refs = [row[1].split(":")[0] for row in rows if len(row) == 3 and row[0] != "="]
    urls = [row[0][3:] for row in rows if row[0].startswith("To ")]
    # A remote that does not say what it has counts as empty; what is not here can be no limit.
    told = [git.run("ls-remote", "--", url).stdout for url in urls]
    there = [line.split("\t")[0] for text in told for line in text.splitlines()]
    here = git.read("cat-file", "--batch-check", given="\n".join([*there, ""]).encode())
    known = [row.split()[0] for row in here.decode().splitlines() if not row.endswith(" missing")]
    return [*filter(None, refs), "--not", *known] if any(refs) else []


def _leaks(git: Git, going: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """What brought names into these commits: commit, path from the repository's top, what to do."""
    from qibi.book.yaml import Document, parse

    take_out = _("take it out of what was not pushed, the file itself stays: {command}")
    rewrite = _("write them anew without names (docs/privacy.md): git filter-repo --replace-text")
    prefix = git.demand("rev-parse", "--show-prefix").strip("\n")
    for commit, blob, path in _brought(git, going):
        below = path.removeprefix(prefix)
        folder, _slash, name = path.rpartition("/")
        if name.casefold() == NAMES:
            if not _is_open_book(git, folder and f"{folder}/", prefix):
                yield commit, path, take_out
        elif is_below(below):
            yield commit, f"{prefix}{SHEETS}", take_out
        else:
            document = parse(path, git.read("cat-file", "blob", blob))
            if isinstance(document, Document) and any(_named(document.data)):
                yield commit, path, rewrite


def _brought(git: Git, going: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Commit, blob and path of each file that may hold names and that these commits add or change."""
    options = ("--stdin", "-m", "--root", "-r", "-z", "--raw", "--no-abbrev", "--no-renames")
    paths = ("--diff-filter=d", "--", _NAMES, KEPT_SHEETS, "branches")
    commits = git.read("rev-list", *going)
    parts = iter(git.read("diff-tree", *options, *paths, given=commits).split(b"\0"))
    commit = ""
    for part in parts:
        if part.startswith(b":"):
            yield commit, part.split()[3].decode(), next(parts).decode("utf-8", "surrogateescape")
        else:
            commit = part.decode()


def _is_open_book(git: Git, folder: str, here: str) -> bool:
    """Whether another book stands there (folders end in a slash) whose names are not private."""
    if folder == here:
        return False
    text = git.run("cat-file", "blob", f"HEAD:{folder}qibi.yaml")
    return text.returncode == 0 and not _PRIVATE.search(text.stdout)


def _listed(git: Git, *arguments: str) -> list[str]:
    """The paths that git lists; none outside a repository, or where HEAD is not there yet."""
    try:
        return [path for path in git.run(*arguments).stdout.split("\0") if path]
    except Refusal:  # git is not installed
        return []

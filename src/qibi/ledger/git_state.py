"""What keeps git from taking a commit here: its own refusals told as what they are, and a HEAD in between.

Git says "not a git repository" of a repository whose HEAD is empty, and silently takes the one around it.
So where a `.git` stands, that is the repository that is meant, or nothing is committed.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from qibi.base.findings import Refusal
from qibi.base.language import _, listing

if TYPE_CHECKING:
    import subprocess

    from qibi.ledger.git import Git

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
    if found := _OWNER.search(words):
        return Refusal(
            _(
                "git does not trust {folder}: the folder belongs to another user of this system"
            ).format(folder=found[1]),
            _("if you trust whoever owns it: {command}").format(
                command=shlex.join(
                    ["git", "config", "--global", "--add", "safe.directory", found[1]]
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
    if marker.is_file() and (found := _POINTS_TO.search(words)):
        return Refusal(
            _("{path} says that the repository is in {target}, and it is not there").format(
                path=marker, target=found[1]
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
        "restore it from a backup or another clone and keep the files beside it; a new repository would lose the history"
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
        yield _("it is a link that leads nowhere")
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
            _("git can't find the present commit: {ref} is damaged").format(ref=ref),
            _last_known(own, common / ref if head != ref else own / "HEAD"),
        )
    raise Refusal(_("git can't find the present commit: {ref} is damaged").format(ref="HEAD"))


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
    later = _("what is recorded stays where it is: {steps}; then run the same command again")
    for sign, message, steps in (
        ("rebase-merge", _("a rebase is stopped half-way"), _REBASE),
        ("rebase-apply/applying", _("git am is stopped half-way"), _AM),
        ("rebase-apply", _("a rebase is stopped half-way"), _REBASE),
        ("CHERRY_PICK_HEAD", _("a cherry-pick is stopped half-way"), _CHERRY_PICK),
        ("REVERT_HEAD", _("a revert is stopped half-way"), _REVERT),
        ("sequencer", _("a cherry-pick or revert is stopped half-way"), _CHERRY_PICK),
        ("BISECT_LOG", _("git bisect is looking for a commit"), _BISECT),
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

"""qibi commit: check the book and commit it to git, and nothing else."""

from pathlib import Path
from typing import Annotated

import typer

from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, colon, listing, many, mark
from qibi.cli import phrases
from qibi.cli.options import DryRun
from qibi.cli.session import Session, session
from qibi.ledger.batches import Batch, parse
from qibi.ledger.entries import Assessed, Score
from qibi.ledger.git import has_identity

DETAILS = mark("Errors block the commit, warnings do not. The message says what was scored.")
EXAMPLES = """
qibi commit
qibi commit -m "第47周" --push
"""
PARTS = (
    "qibi.yaml",
    "names.yaml",
    "scheme",
    "branches",
    "plans",
    "ledger",
    "seals",
    "evidence",
    "schemas",
    ".gitattributes",
    ".gitignore",
    "README.md",
)


def commit(
    message: Annotated[
        str | None,
        typer.Option("--message", "-m", metavar="TEXT", help=_("else it says what was scored")),
    ] = None,
    push: Annotated[
        bool, typer.Option("--push", help=_("push to the book's remote afterwards"))
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    commit_book(session(), message, push=push, dry_run=dry_run)


def commit_book(now: Session, message: str | None, *, push: bool, dry_run: bool = False) -> None:
    """Commit what changed in the book. Raises `Refusal`, or `Faults` where the book has errors."""
    git = now.git
    top = git.repository()
    if top is None:
        raise Refusal(
            _("{folder} is not in a git repository").format(folder=now.root),
            _("make one: git init (in the book's folder), then run qibi commit again"),
        )
    if not has_identity(git):
        raise Refusal(
            _("git does not know who you are"),
            _(
                'tell it once: git config --global user.name "NAME"; git config --global user.email MAIL'
            ),
        )
    _check(now)
    paths = [part for part in PARTS if _tracked_or_there(now, part)]
    changed = git.changed(paths)
    if not changed:
        now.console.say(_("nothing to commit: the book is as it was committed last"))
    else:
        _refuse_rewriting(now, top, changed)
        text = message or _message(now, top, changed)
        if dry_run:
            first, *rest = text.splitlines()
            now.console.say(_("would commit: {message}").format(message=first))
            for line in rest:
                now.console.say(f"  {line}" if line else "")
            for status, path in changed:
                now.console.say(f"  {status} {path}")
            return
        commit_id = git.commit(text, paths)
        now.console.say(
            _("committed {id}  {message}").format(id=commit_id, message=text.splitlines()[0]),
            "green",
        )
    if push and not dry_run:
        git.push()
        now.console.say(_("pushed"))


def _refuse_rewriting(now: Session, top: Path, changed: list[tuple[str, str]]) -> None:
    """Raises `Faults` where a merge is not resolved, or a file of the ledger is gone or changed.

    Whatever stands under `ledger/` and `seals/` is only ever added to.
    """
    findings = []
    for status, path in changed:
        below = _book_path(now, top, path)
        if "U" in status or status in ("AA", "DD"):
            message = _(
                "both sides of a merge changed it; keep what is right, then: git add {path}"
            )
            findings.append(Finding(below, message=message.format(path=path)))
        elif below.split("/")[0] in ("ledger", "seals") and set(status) & set("MDTRC"):
            message = _(
                "committed before, now gone or changed; the ledger only grows: git restore -- {path}"
            )
            findings.append(Finding(below, message=message.format(path=path)))
    if findings:
        raise Faults(findings)


def _tracked_or_there(now: Session, part: str) -> bool:
    """Whether git can be asked about this part: it is there or was, and is not ignored."""
    if git_ignores(now, part):
        return False
    return (now.root / part).exists() or bool(now.git.run("ls-files", "--", part).stdout)


def git_ignores(now: Session, part: str) -> bool:
    """Whether a `.gitignore` keeps this part of the book out (names.yaml may be)."""
    return now.git.run("check-ignore", "--quiet", "--", part).returncode == 0


def _check(now: Session) -> None:
    from qibi.checks.registry import run

    found = run(now.root, now.definitions)
    if found.errors:
        raise Faults(found.errors)
    if found.warnings:
        count = len(found.warnings)
        now.console.say(
            many(
                "{count} warning stands; 'qibi check' shows it",
                "{count} warnings stand; 'qibi check' shows them",
                count,
            ).format(count=count),
            "yellow",
        )


def _message(now: Session, top: Path, changed: list[tuple[str, str]]) -> str:
    """What was scored: one branch and week in the first line, else a tally and a line for each."""
    batches = list(_new_batches(now, top, changed))
    lines = []
    for week, branch in sorted({(b.week, b.branch) for b in batches}):
        entries = [e for b in batches if (b.week, b.branch) == (week, branch) for e in b.entries]
        scores = sum(isinstance(e, Score) for e in entries)
        said = many("{count} entry", "{count} entries", scores).format(count=scores)
        if not scores and any(isinstance(e, Assessed) for e in entries):
            said = _("assessed, nothing to report")
        lines.append(f"{phrases.branch(now.definitions, branch)} {week}{colon()}{said}")
    others = sorted({_book_path(now, top, path).split("/")[0] for _s, path in changed} - {"ledger"})
    if others:
        lines.append(_("changed: {files}").format(files=listing(others)))
    if len(lines) == 1:
        return lines[0]
    weeks = sorted({b.week for b in batches})
    branches = len({b.branch for b in batches})
    if not batches:
        return lines[0]
    title = many("{weeks}: {count} branch scored", "{weeks}: {count} branches scored", branches)
    title = title.format(weeks=listing(weeks), count=branches)
    return "\n".join([title, "", *lines])


def _book_path(now: Session, top: Path, path: str) -> str:
    """A path from the repository's top as one below the book's folder."""
    try:
        return str((top / path).relative_to(now.root.resolve()))
    except ValueError:
        return path


def _new_batches(now: Session, top: Path, changed: list[tuple[str, str]]) -> list[Batch]:
    found = []
    for _status, path in changed:
        below = _book_path(now, top, path)
        parts = below.split("/")
        if parts[0] == "ledger" and below.endswith(".jsonl") and len(parts) == 4:
            raw = (now.root / below).read_bytes() if (now.root / below).exists() else b""
            batch = parse(below, f"{parts[1]}-{parts[2]}", raw)
            if isinstance(batch, Batch):
                found.append(batch)
    return found

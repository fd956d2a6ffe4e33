"""qibi commit: check the book and commit it to git, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, colon, listing, many, mark
from qibi.base.plain import write_durably
from qibi.base.text import argument
from qibi.book.lookup import people
from qibi.cli import phrases
from qibi.cli.console import Console
from qibi.cli.options import DryRun
from qibi.cli.session import Session, current_session
from qibi.ledger.batches import Batch, parse
from qibi.ledger.entries import Assessed, Score
from qibi.ledger.git import LEFT_OUT, has_identity, head_commit, in_between
from qibi.ledger.held import Held, put_right
from qibi.ledger.kept_sheets import PATHSPEC as KEPT_SHEETS
from qibi.ledger.kept_sheets import is_below, kept_sheets, path_of, sha256_in
from qibi.ledger.private_names import refuse_to_commit, refuse_to_publish
from qibi.ledger.seals import take_yours_back
from qibi.ledger.store import (
    SHEETS,
    failures_explained,
    is_unreported,
    locked,
    tidy,
    tidy_signatures,
)

PANEL = "week", 7
SUMMARY = mark("Check the book and commit it to git, and nothing else.")
DETAILS = mark("Errors block the commit, warnings do not. The message says what was scored.")
EXAMPLES = mark("""
qibi commit
qibi commit -m "Week 47" --push
""")


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
    session = current_session()
    refuse_names(session, message or "")
    commit_book(session, message, push=push, dry_run=dry_run)


@dataclass(frozen=True)
class Committed:
    """A commit of the book that was made: its short id, and the first line of its message."""

    id: str
    title: str

    def say(self, console: Console) -> None:
        """Report it."""
        console.say(_("committed {id}  {message}").format(id=self.id, message=self.title), "green")


def commit_book(
    session: Session, message: str | None, *, push: bool, dry_run: bool = False, quiet: bool = False
) -> Committed | None:
    """Commit what changed in the book, and prove that git holds it; None where nothing had changed.

    Raises `Refusal`, or `Faults` where the book has errors or git does not hold it as it is: what
    was committed then is undone. With `quiet` the caller reports the commit.
    """
    git = session.git
    ready_to_commit(session)
    if session.definitions.signers and not dry_run:
        with locked(session.root):
            tidy_signatures(session.root)
    if not dry_run:
        tidy(session.root)
        put_right(session.root, git)
        _have_git_keep_bytes(session)
    _check(session)
    refuse_in_between(session)
    if session.definitions.private_names and not git_ignores(session, "names.yaml"):
        said = _(
            "qibi leaves names.yaml out; so that git add does too: echo /names.yaml >> .gitignore"
        )
        session.console.say(said, "yellow")
    made = None
    held = session.held()
    changed = held.changes()
    merging = _refuse_loss_by_merge(session)
    if not changed and not merging:
        if not dry_run and held.commit:
            _refuse_unheld(held)
            git.keep()  # whoever made that commit may have been killed before it was synced
        session.console.say(_("nothing to commit: no change since the last commit"))
    else:
        _refuse_rewriting(session, changed)
        if push and session.definitions.private_names:
            refuse_to_commit(session.root, session.definitions, [path for _status, path in changed])
        _name_unreported(session, changed)
        text = message or (_message(session, changed) if changed else _("merged"))
        if dry_run:
            first, *rest = text.splitlines()
            session.console.say(_("would commit: {message}").format(message=first))
            for line in rest:
                session.console.say(f"  {line}" if line else "")
            for status, path in changed:
                session.console.say(f"  {status} {path}")
            return None
        touched = {path.split("/")[0] for _status, path in changed}
        # Git refuses a folder that it knows nothing in: the ledger with a lock and no batch yet.
        named = [spec for part, spec in held.pathspecs.items() if part in touched] or ["qibi.yaml"]
        made = _commit(session, text, [*named, *LEFT_OUT], merging)
        if not quiet:
            made.say(session.console)
    if push and not dry_run:
        if session.definitions.private_names and (
            unread := refuse_to_publish(git, session.definitions)
        ):
            said = _("not searched for names (too large, damaged or locked): {files}")
            session.console.say(said.format(files=listing(unread)), "yellow")
        git.push()
        session.console.say(_("pushed"))
    return made


def _commit(session: Session, text: str, paths: list[str], merging: bool) -> Committed:
    """Make a commit, and look whether it holds what is on disk; else undo it.

    A hook may change what is committed, and a filter what is stored: then nothing was committed.
    """
    git = session.git
    before = session.held()
    changed = [path for path in before.files if before.changed(path)]
    git.add(paths)
    if wrong := before.staged(changed):
        git.run("reset", "--quiet", "--", *paths)
        raise Faults(wrong)
    made = Committed(git.commit_added(text, paths), text.splitlines()[0])
    after = session.held()
    if wrong := after.committed(before.objects):
        if after.commit == before.commit:
            message = _("git made the commit, but something undid it, perhaps a hook:")
        elif not merging and git.take_back(after.commit, before.commit):
            message = _("the commit was undone: git does not hold what the files hold:")
        else:
            message = _("commit {id} was made, but git does not hold what the files hold:")
        session.console.say(message.format(id=made.id), "red")
        raise Faults(wrong)
    git.keep()
    return made


def _refuse_unheld(held: Held) -> None:
    """Raises `Faults` where HEAD does not hold the book as it is on disk."""
    if wrong := held.committed():
        raise Faults(wrong)


def _have_git_keep_bytes(session: Session) -> None:
    """Have git keep each byte of archived sheets, also in a book that was made before there were any."""
    if not any(map(sha256_in, kept_sheets(session.root))):
        return
    asked = ("check-attr", "-z", "text", "--", path_of("2026-W01", "0" * 64, "csv"))
    if session.git.run(*asked).stdout.split("\0")[2:3] == ["unset"]:
        return
    path = session.root / ".gitattributes"
    with failures_explained(path):
        text = path.read_text("utf-8") if path.exists() else ""
        text += "\n" if text and not text.endswith("\n") else ""
        write_durably(path, f"{text}{SHEETS}/** -text\n".encode())
    said = _("added to {path}: {line} (git would change the line endings of archived sheets)")
    session.console.say(said.format(path=path.name, line=f"{SHEETS}/** -text"), "dim")


def ready_to_commit(session: Session) -> None:
    """Raises `Refusal` where git can't commit here."""
    if session.git.repository() is None:
        raise Refusal(
            _("{folder} is not in a git repository").format(folder=session.root),
            _("make one: git init (in the book's folder), then run qibi commit again"),
        )
    head_commit(session.git)  # raises where HEAD is damaged
    if not has_identity(session.git):
        raise Refusal(
            _("git does not know who you are"),
            _(
                'set it once: git config --global user.name "NAME"; git config --global user.email MAIL'
            ),
        )


def refuse_names(session: Session, text: str) -> None:
    """Raises `Refusal` where a text that git will keep holds a member's name, and names are private."""
    if session.definitions.private_names and (ids := people(session.definitions).ids_named(text)):
        raise Refusal(
            _("names are private here, and this text names {ids}").format(ids=listing(list(ids))),
            _("write ids, or other words"),
            1,
        )


def refuse_in_between(session: Session) -> None:
    """Raises `Refusal` where a commit made now would be lost; the book's own errors are told first."""
    if reason := in_between(session.git):
        raise reason


def begin_link(recorded_as: str | None, dry_run: bool) -> tuple[Session, str]:
    """A session without a cache, and who writes the next link of the chain of seals.

    Raises `Refusal` where git can't commit it by itself.
    """
    session = current_session()
    session.forgo_cache()
    who = session.who(recorded_as)
    if not dry_run:
        ready_to_commit(session)
        if is_merging(session):
            raise Refusal(
                _("a merge is not committed yet: a commit made now could not be undone alone"),
                _("finish it first: qibi commit (or git merge --abort)"),
            )
    return session, who


def approver(session: Session, text: str, week: str | None = None) -> str:
    """The member who approves a link; raises `Refusal`."""
    found = session.find_subject(text, week)
    if session.definitions.kind(found) != "member":
        raise Refusal(
            _("only a member approves, not a branch or CP"), _("name a member of this book"), 1
        )
    return found


@contextmanager
def committing(session: Session, path: str) -> Iterator[None]:
    """Say that a link is written and not committed where the commit of it fails."""
    try:
        yield
    except (Refusal, Faults):
        text = _(
            "{path} is written but not committed yet: correct what follows, then run the same command again"
        )
        session.console.say(text.format(path=path), "yellow")
        raise


def _refuse_rewriting(session: Session, changed: list[tuple[str, str]]) -> None:
    """Raises `Faults` where a file of the ledger is gone or changed.

    Whatever is under `ledger/`, `seals/` and `sheets/<year>/` is only ever added to.
    """
    findings = []
    for status, path in changed:
        if path.startswith("seals/") and status == "M " and is_merging(session):
            message = _("the other side of this merge has another; {advice}")
            text = message.format(advice=take_yours_back(merging=True))
            findings.append(Finding(path, message=text))
        elif _only_grows(path) and set(status) & set("MDTRC"):
            message = _("committed before, now gone or changed; the ledger only grows")
            findings.append(Finding(path, message=message, lost=""))
    if findings:
        raise Faults(findings)


def _only_grows(path: str) -> bool:
    return path.split("/")[0] in ("ledger", "seals") or is_below(path)


def _refuse_loss_by_merge(session: Session) -> bool:
    """Whether a merge is to be committed.

    Raises `Faults` where that takes anything from what the other side has under `ledger/`, `seals/`
    and `sheets/<year>/`: against its own side git shows it as a change, against the other nobody would see it.
    """
    if not is_merging(session):
        return False
    out = session.git.demand(
        *("diff", "--name-only", "-z", "--no-renames", "--diff-filter=MDT", "--relative"),
        *("MERGE_HEAD", "--", "ledger", "seals", KEPT_SHEETS),
    )
    findings = []
    for path in (path for path in out.split("\0") if path):
        message = _("the other side of this merge has it: git checkout MERGE_HEAD -- {path}")
        message = message.format(path=argument(path))
        if path.startswith("seals/"):
            message = _("the other side of this merge has another; {advice}")
            message = message.format(advice=take_yours_back(merging=True))
        findings.append(Finding(path, message=message))
    if findings:
        raise Faults(findings)
    return True


def is_merging(session: Session) -> bool:
    """Whether a merge was begun here and is not committed."""
    return session.git.run("rev-parse", "--quiet", "--verify", "MERGE_HEAD").returncode == 0


def _name_unreported(session: Session, changed: list[tuple[str, str]]) -> None:
    """Name the batches that were recorded by a command that was interrupted."""
    for _status, below in changed:
        if not below.endswith(".jsonl") or session.root / below in session.unreported:
            continue  # what this very command recorded is on its way
        if is_unreported(session.root, session.root / below):
            session.console.say(
                _(
                    "{path}: the command that recorded this was interrupted; it is committed with the rest"
                ).format(path=below),
                "yellow",
            )


def git_ignores(session: Session, part: str) -> bool:
    """Whether a `.gitignore` keeps this part of the book out (names.yaml may be)."""
    return session.git.run("check-ignore", "--quiet", "--", part).returncode == 0


def _check(session: Session) -> None:
    from qibi.checks.registry import run

    found = run(session.root, session.definitions, session.git, session.around.now())
    if found.errors:
        raise Faults(found.errors)
    if found.warnings:
        count = len(found.warnings)
        session.console.say(
            many(
                "{count} warning; 'qibi check' shows it",
                "{count} warnings; 'qibi check' shows them",
                count,
            ).format(count=count),
            "yellow",
        )


def _message(session: Session, changed: list[tuple[str, str]]) -> str:
    """What was scored: one branch and week in the first line, else a tally and a line for each."""
    batches = list(_new_batches(session, changed))
    lines = []
    for week, branch in sorted({(b.week, b.branch) for b in batches}):
        entries = [e for b in batches if (b.week, b.branch) == (week, branch) for e in b.entries]
        scores = sum(isinstance(e, Score) for e in entries)
        said = many("{count} entry", "{count} entries", scores).format(count=scores)
        if not scores and any(isinstance(e, Assessed) for e in entries):
            said = _("assessed, nothing to report")
        lines.append(f"{phrases.branch(session.definitions, branch)} {week}{colon()}{said}")
    others = sorted({path.split("/")[0] for _s, path in changed} - {"ledger"})
    if batches and SHEETS in others:  # those that the batches come from
        others.remove(SHEETS)
    if others:
        lines.append(_("changed: {files}").format(files=listing(others)))
    if len(lines) == 1:
        return lines[0]
    weeks = sorted({b.week for b in batches})
    branches = len({b.branch for b in batches})
    if not batches:
        return lines[0]
    title = many("{weeks}: {count} branch scored", "{weeks}: {count} branches scored", branches)
    if "branch" in session.definitions.words:  # a book's own word has no plural
        title = _("{weeks}: {branch}, {count} scored")
    word = session.definitions.word("branch", _("branch"))
    title = title.format(weeks=listing(weeks), count=branches, branch=word)
    return "\n".join([title, "", *lines])


def _new_batches(session: Session, changed: list[tuple[str, str]]) -> list[Batch]:
    found = []
    for _status, below in changed:
        parts = below.split("/")
        if parts[0] == "ledger" and below.endswith(".jsonl") and len(parts) == 4:
            raw = (session.root / below).read_bytes() if (session.root / below).exists() else b""
            batch = parse(below, f"{parts[1]}-{parts[2]}", raw)
            if isinstance(batch, Batch):
                found.append(batch)
    return found

"""qibi demo: a tour on the sample book."""

import io
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated

import typer

from qibi.base import dates, language
from qibi.base.findings import Refusal
from qibi.base.language import _, mark
from qibi.cli.console import relative
from qibi.cli.session import Session, current_session
from qibi.cli.surroundings import Surroundings

PANEL = "setup", 9
SUMMARY = mark("Take a tour: score a week of a sample book, rank it, ask why.")
DETAILS = mark(
    "The book and everybody in it is made up. It is copied to DIR or to a temporary folder; "
    "nothing else is touched."
)
EXAMPLES = """
qibi demo
qibi demo try-qibi
"""
_CHINA = timezone(timedelta(hours=8))
MONDAY = datetime(2026, 11, 23, 9, tzinfo=_CHINA)  # after the week that waits to be scored
AFTERWARDS = datetime(2026, 11, 28, 9, tzinfo=_CHINA)  # no objection is taken any more
WHO = "o1-001"
_WEEK = "2026-W47"
_SHEETS = f"sheets/{_WEEK}"


def demo(
    folder: Annotated[
        str | None,
        typer.Argument(metavar="[DIR]", help=_("where to put the sample book, to keep it")),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help=_("keep the sample book, in a new folder of its own"))
    ] = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    if folder is not None:
        root = session.around.folder / folder
        _refuse_filled(root, folder)
        session.exit_code = _tour(session, root)
        _goodbye(session, root)
    elif keep:
        root = Path(tempfile.mkdtemp(prefix="qibi-demo-"))
        session.exit_code = _tour(session, root)
        _goodbye(session, root)
    else:
        with tempfile.TemporaryDirectory(prefix="qibi-demo-") as temporary:
            session.exit_code = _tour(session, Path(temporary))
        _goodbye(session, None)


def _refuse_filled(root: Path, folder: str) -> None:
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Refusal(
            _("{folder} is not an empty folder").format(folder=folder),
            _("name one that is empty, or not there yet"),
        )


def _tour(session: Session, root: Path) -> int:
    """Copy the book and run the commands; the exit code of the first that fails, else 0."""
    from qibi.cli.app import main
    from qibi.ledger.git import Git

    Git(session.around.folder, session.around.environment).demand(
        "--version"
    )  # before anything is copied
    text = _("a sample book, wholly made up, for {week}; the tour's clock says {day}")
    session.console.say(text.format(week=_WEEK, day=dates.full_day(MONDAY)), "dim")
    _copy(root)
    around = _inside(session.around, root, MONDAY)
    _first_commit(root, around.environment)
    for shown, arguments in _commands(root):
        if "close" in arguments:
            around = _inside(session.around, root, AFTERWARDS)
        session.around.stdout.write(f"\n$ qibi {' '.join(shown)}\n")
        session.console.flush()
        color = ["--color", session.options.color] if session.options.color else []
        code = main([*color, *arguments], around)
        if code != 0:
            return code
    return _cheated(session, root)


def _cheated(session: Session, root: Path) -> int:
    """Change a line in a copy of the book, commit that, and audit it: 0 where the audit finds it."""
    from qibi.cli.app import main
    from qibi.ledger.git import Git

    with tempfile.TemporaryDirectory(prefix="qibi-demo-") as temporary:
        copy = Path(temporary) / "book"
        shutil.copytree(root, copy)
        around = _inside(session.around, copy, AFTERWARDS)
        path, before, after = _more_points(copy)
        session.console.say("")
        session.console.say(
            _("in a copy somebody turns {before} into {after}, and commits it: {path}").format(
                before=before, after=after, path=path
            ),
            "yellow",
        )
        Git(copy, around.environment).commit("Tidy up", ["."])
        session.around.stdout.write("\n$ qibi audit\n")
        session.console.flush()
        color = ["--color", session.options.color] if session.options.color else []
        return 0 if main([*color, "audit"], around) == 1 else 1


def _more_points(root: Path) -> tuple[str, str, str]:
    """Raise the points of one entry of the week: the batch, what was there and what is there now."""
    from qibi.ledger.batches import folder

    before, after = '"points":-1,', '"points":6,'
    for path in sorted((root / folder(_WEEK)).glob("*.jsonl")):
        text = path.read_text("utf-8")
        if before in text:
            path.write_text(text.replace(before, after, 1), "utf-8", newline="")
            return path.relative_to(root).as_posix(), before.rstrip(","), after.rstrip(",")
    raise AssertionError("no entry of the sample week takes a point away")


def _commands(root: Path) -> list[tuple[list[str], list[str]]]:
    """Each command as it is shown and as it is run, with the shell's star written out."""
    sheets = [p.relative_to(root).as_posix() for p in sorted((root / _SHEETS).iterdir())]
    plain = [
        ["rank", "--week", "--top", "10"],
        ["rank", "--week", "--branch", "域外一标段"],
        ["show", "党员八"],
        ["why", "党员八"],
        ["commit"],
        ["--today", AFTERWARDS.date().isoformat(), "close", _WEEK[5:]],
        ["audit"],
    ]
    score = (["score", f"{_SHEETS}/*", "--as", WHO], ["score", *sheets, "--as", WHO])
    return [score, *((words, words) for words in plain)]


def _copy(root: Path) -> None:
    """The sample book with its sheets and schemas, as one folder; raises `Refusal`."""
    from qibi.book.templates import samples
    from qibi.ledger.store import failures_explained

    with failures_explained(root):
        shutil.copytree(samples("example"), root, dirs_exist_ok=True)
        shutil.copytree(samples("example-sheets"), root / "sheets")
        shutil.copytree(samples("schemas"), root / "schemas")
        for path in root.rglob("*.yaml"):  # in qibi's repository the schemas stand two folders up
            text = path.read_text("utf-8")
            path.write_text(text.replace("$schema=../../", "$schema=", 1), "utf-8", newline="\n")
        readme = root / "README.md"
        text = readme.read_text("utf-8").replace("../example-sheets/", "sheets/")
        readme.write_text(text, "utf-8", newline="\n")


def _inside(around: Surroundings, root: Path, moment: datetime) -> Surroundings:
    """The surroundings of the tour's commands: in the copy, at this moment, with nobody to ask."""
    own = ("QIBI_BOOK", "QIBI_AS", "QIBI_TODAY")
    kept = {k: v for k, v in around.environment.items() if k not in own}
    author = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "qibi demo"), ("EMAIL", "demo@example.invalid"))
    }
    times = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), moment.isoformat())
    return replace(
        around,
        environment=kept | author | times | {"QIBI_LANG": language.current()},
        folder=root.absolute(),
        now=lambda: moment,
        stdin=io.StringIO(),
    )


def _first_commit(root: Path, environment: Mapping[str, str]) -> None:
    """Make the copy a repository of its own, with a first commit."""
    from qibi.ledger.git import Git

    git = Git(root, environment)
    git.demand("init", "--quiet")
    git.demand("symbolic-ref", "HEAD", "refs/heads/main")
    git.demand("config", "qibi.as", WHO)
    git.demand("config", "user.name", environment["GIT_AUTHOR_NAME"])
    git.demand("config", "user.email", environment["GIT_AUTHOR_EMAIL"])
    git.commit("A sample book, wholly made up", ["."])


def _goodbye(session: Session, root: Path | None) -> None:
    """Where the book is, and what to try next."""
    say = session.console.say
    say("")
    if session.exit_code:
        say(_("the tour stopped at this command"), "yellow")
    if root is None:
        say(_("that was a temporary copy; 'qibi demo DIR' makes one to try things on"))
    else:
        say(_("the book is in {folder}; try:").format(folder=relative(root, session.around.folder)))
        say(f"  cd {shlex.quote(relative(root, session.around.folder))}")
        for line in (
            "rank --month 2026-10 --top 10",
            "why 党员七",
            "log --subject 党员八",
            "check",
        ):
            say(f"  qibi {line}")
    say(_("a book of your own: qibi init DIR"))

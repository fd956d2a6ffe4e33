"""Changing branch files from a command: under the lock, checked as a whole, then replaced.

Nothing is written where the book would have a finding afterwards. Of several files, the one in
which something begins is opened, and so replaced, first: what a crash in between leaves is a person
in two places, which every command names, and never a person who is nowhere, which none would.
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing
from qibi.base.plain import write_durably
from qibi.base.text import visible
from qibi.book.definitions import CP, Branch, Group, Membership, open_span
from qibi.book.links import NAMES, Source
from qibi.book.load import fingerprint, placed, sources
from qibi.cli.session import Session
from qibi.commands.commit import git_ignores
from qibi.ledger.kept_sheets import path_of
from qibi.ledger.restore import how
from qibi.ledger.store import failures_explained, locked, make_folder

if TYPE_CHECKING:
    from qibi.book.edit import Page

_ORDER = ("id", "name", "status", "unit", "group", "posts", "mentor", "attached_to")


class Changes:
    """The YAML files of a book, and those of them that a command changes."""

    def __init__(self, session: Session, dry_run: bool) -> None:
        """Raises `Refusal` where the files changed since the book's definitions were read."""
        self.session, self.dry_run = session, dry_run
        definitions = session.definitions
        self.sources = {source.path: source for source in sources(session.root, session.names)}
        if fingerprint(list(self.sources.values())) != definitions.fingerprint:
            raise Refusal(
                _("the book's files have just changed"), _("run the same command again"), 1
            )
        self._pages: dict[str, Page] = {}
        self._new: dict[str, bytes] = {}
        self._said: list[str] = []

    def page(self, path: str) -> "Page":
        """A file to edit; raises `Refusal` for a names.yaml that only points elsewhere."""
        from qibi.book.edit import Page

        if path == NAMES and self.place(path).is_symlink():  # a plain file would take its place
            raise Refusal(
                _("names.yaml is a link, which qibi does not write through"),
                _("name the file itself: export QIBI_NAMES=FILE"),
            )
        if path not in self._pages:
            self._pages[path] = Page(self.sources[path])
        return self._pages[path]

    def branch(self, key: str) -> "Page":
        """The file of a branch."""
        stems = {p.rsplit(".", 1)[0]: p for p in self.sources}
        return self.page(stems[f"branches/{key}"])

    def make(self, path: str, raw: bytes) -> None:
        """A file that is not there yet."""
        self._new[path] = raw

    def place(self, path: str) -> Path:
        """Where a file of the book is; names.yaml may be elsewhere (`QIBI_NAMES`)."""
        elsewhere = self.session.names if path == NAMES else None
        return elsewhere or self.session.root / path

    def shown(self, path: str) -> str:
        """What a file is called in messages."""
        return str(self.session.names) if path == NAMES and self.session.names else path

    @property
    def pages(self) -> Mapping[str, bytes]:
        """The files as they would be: the path and bytes of each that was opened to be edited."""
        return {path: page.raw for path, page in self._pages.items()}

    def say(self, text: str, **values: str) -> None:
        """Something to be said once the change is made."""
        self._said.append(text.format(**values))

    def finish(self) -> None:
        """Check the whole book as it would be; then replace the files, or show what would change.

        Raises `Faults` with what would be wrong, and `Refusal` where the disk refuses: then the
        files are as they were.
        """
        changed = self.written()
        for text in self._said:
            self.session.console.say(text)
        if self.dry_run:
            self._show(changed)
            self.session.console.say(_("nothing was written"))
            return
        files = listing([self.shown(path) for path in changed])
        self.session.console.say(_("written: {path}").format(path=files))
        self.session.console.say(_("next: qibi commit"), "dim")

    def written(self) -> dict[str, bytes]:
        """Check the whole book as it would be, then replace the files; as `finish`, without a word."""
        from qibi.book.edit import validated

        changed = {path: page.raw for path, page in self._pages.items()}
        changed = {p: raw for p, raw in changed.items() if raw != self.sources[p].raw} | self._new
        with placed(self.session.names):
            validated(self.sources.values(), changed)
        if not self.dry_run:
            self._replace(changed)
        return changed

    def _show(self, changed: Mapping[str, bytes]) -> None:
        for path, raw in changed.items():
            old = self.sources.get(path, Source(path, b"")).raw
            before, after = (t.decode("utf-8-sig").splitlines() for t in (old, raw))
            for line in difflib.unified_diff(before, after, path, path, n=1, lineterm=""):
                self.session.around.stdout.write(visible(line) + "\n")

    def _replace(self, changed: Mapping[str, bytes]) -> None:
        begun: list[str] = []
        try:
            for path, raw in changed.items():
                target = self.place(path)
                begun.append(path)
                with failures_explained(target):
                    if target.is_relative_to(self.session.root):
                        make_folder(self.session.root, target)
                    write_durably(target, raw)
        except BaseException:  # an interrupt too may come between two files
            for path in reversed(begun):
                self._put_back(path)
            raise

    def _put_back(self, path: str) -> None:
        target = self.place(path)
        try:
            if path not in self.sources:
                target.unlink(missing_ok=True)
            elif target.read_bytes() != self.sources[path].raw:
                write_durably(target, self.sources[path].raw)
        except OSError:
            message = _("{path} is changed and can't be put back").format(path=self.shown(path))
            sha256 = hashlib.sha256(self.sources[path].raw).hexdigest()
            here = target.is_relative_to(self.session.root)
            advice = how({path: sha256}, self.session.root, self.session.git if here else None)
            self.session.console.problem(message, advice[path])


@contextmanager
def changing(session: Session, dry_run: bool) -> Iterator[Changes]:
    """The files to change, under the book's lock where they will be written."""
    definitions = session.definitions  # before the lock: what the command decided by
    assert definitions is not None
    with nullcontext() if dry_run else locked(session.root):
        yield Changes(session, dry_run)


def find_row(page: "Page", rows: str, thing: Membership | Group | CP) -> int:
    """Where in a list of a branch file a membership, group or CP stands."""
    for number, row in enumerate(page.data[rows]):
        span = open_span(row.get("since"), row.get("until"))
        if row["id"] == thing.id and span == (thing.since, thing.until):
            return number
    raise LookupError(thing.id)


def end_row(page: "Page", rows: str, thing: Membership | Group, until: str) -> dict[str, Any]:
    """Give a row its last week; the row as it was."""
    number = find_row(page, rows, thing)
    old: dict[str, Any] = dict(page.data[rows][number])
    page.put((rows, number), "until", until)
    return old


def new_row(old: Mapping[str, Any], changes: Mapping[str, Any], since: str) -> dict[str, Any]:
    """A row that begins in a week: what is kept of the old one, what changes, in the usual order."""
    merged = {**old, **changes}
    row = {key: merged[key] for key in _ORDER if merged.get(key)}
    row |= {"since": since}
    if merged.get("until"):
        row["until"] = merged["until"]
    return row


def week_given(session: Session, text: str | None, option: str) -> str:
    """The week of an option that is needed; raises `Refusal`."""
    if not text:
        raise Refusal(_("which week?"), _("name it: {option} 2026-W41").format(option=option), 1)
    return session.week(text)


def first_week(session: Session, text: str | None, branch: Branch | None = None) -> str:
    """The week in which something begins: as given, else this week, or the branch's first if later."""
    if text:
        return session.week(text)
    week = weeks.week_of(session.today)
    return max(week, branch.since) if branch else week


def must_be_alive(session: Session, branch: Branch, week: str) -> None:
    """Raises `Refusal` where a branch has ended by a week, or not begun."""
    if branch.until < week:
        alive = [b.id for b in session.definitions.branches if b.alive(week)]
        raise Refusal(
            _("{branch} ended with {week}").format(branch=branch.name, week=branch.until),
            _("branches that exist in {week}: {branches}").format(
                week=week, branches=listing(alive[:20]) or "–"
            ),
            1,
        )
    if week < branch.since:
        raise Refusal(
            _("{branch} begins only in {week}").format(branch=branch.name, week=branch.since),
            _("choose that week or a later one"),
            1,
        )


def say_assessed(session: Session, names: list[str], branch: str, since: str) -> None:
    """Name the weeks already assessed that a change reaches back to."""
    from qibi.cli import phrases
    from qibi.ledger.batches import read_weeks, weeks_with_batches
    from qibi.scoring.assessed import assessed_branches

    reached = [w for w in weeks_with_batches(session.root) if w >= since]
    done = {w for w, key in assessed_branches(read_weeks(session.root, reached)) if key == branch}
    if done:
        text = _("note: {weeks} is assessed already; there too {names} now count in {branch}")
        session.console.say(
            text.format(
                weeks=phrases.places(sorted(done)),
                names=phrases.places(names),
                branch=phrases.branch(session.definitions, branch),
            ),
            "yellow",
        )


def say_notes(session: Session, notes: list[str]) -> None:
    """What to look at after a change."""
    for text in notes:
        session.console.say(_("note: {text}").format(text=text), "yellow")


# Names apart from points: whether a book keeps them in names.yaml only, and putting one there.


def keeps_apart(changes: Changes, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the name of who joins these rows of a branch belongs in names.yaml, and nowhere else.

    So it is where the book's names are private, whether or not that file is here; else where it is here
    and nobody in the branch (nor, in an empty one, in the book) has a name in a branch file.
    """
    if NAMES in changes.sources:
        if rows and not any("name" in row for row in rows):
            return True
        members = changes.session.definitions.memberships
        if not rows and members and all(m.name.zh == m.name.en == m.id for m in members):
            return True
    return names_ignored(changes.session)


def names_ignored(session: Session) -> bool:
    """Whether names stay out of git: `private_names` says so; where it says nothing, a `.gitignore` does."""
    private = session.definitions.private_names
    if private is not None:
        return private
    try:
        return git_ignores(session, NAMES)
    except Refusal:
        return False


def has_private_names(session: Session) -> bool:
    """Whether the book's names stay out of git: they are elsewhere, or as `names_ignored`."""
    if session.names or names_ignored(session):
        return True
    if session.definitions.private_names is False:
        return False
    try:  # a book without git may get one later
        lines = (session.root / ".gitignore").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.strip().removeprefix("/") == NAMES for line in lines)


def keeps_sheets(session: Session, week: str, ending: str) -> bool:
    """Whether score sheets are kept in the book: they hold names, so not where names stay out of git.

    Nor where a `.gitignore` leaves archived sheets out: who audits the book would never see them.
    """
    if not session.definitions.keep_sheets or has_private_names(session):
        return False
    try:
        return not git_ignores(session, path_of(week, "0" * 64, ending))
    except Refusal:  # no git here
        return True


def put_name(changes: Changes, key: str, name: str) -> None:
    """Give names.yaml a name; where it is not here it is made, and that is said."""
    if NAMES in changes.sources:
        changes.page(NAMES).put((), key, name)
        return
    from qibi.book.edit import page_text

    head = ["# yaml-language-server: $schema=schemas/names.schema.json"]
    changes.make(NAMES, page_text(head, {key: name}))
    changes.say(
        _(
            "names.yaml was not here: a new one holds this name only; put it together with the others"
        )
    )

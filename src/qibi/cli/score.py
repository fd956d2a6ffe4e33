"""qibi score: record a branch's week, from sheets, single entries, or questions."""

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Annotated, Any

import typer

from qibi.base import points
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, many, mark
from qibi.cli import complete, options, phrases, recording
from qibi.cli.console import file_bytes
from qibi.cli.session import Session, session
from qibi.ledger.batches import Batch
from qibi.ledger.difference import Difference, difference
from qibi.ledger.entries import Entry, Exempt, Score
from qibi.ledger.store import locked
from qibi.scoring.ranking import cancelled_entries

DETAILS = mark(
    "A sheet is taken whole or not at all. Handed in again, only its difference is recorded. "
    "The week is --week, else the sheet's own; the branch --branch, else the sheet's, else "
    "its people's."
)
EXAMPLES = """
qibi score 第47周.xlsx
qibi score -e "党员八 工完场未清" --evidence 照片1118-3 --week W47
"""


def score(
    sheets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SHEET]...", help=_("csv or xlsx files; - reads standard input")),
    ] = None,
    entry: Annotated[
        list[str] | None,
        typer.Option(
            "-e",
            "--entry",
            metavar="ENTRY",
            help=_('one entry: "SUBJECT ITEM [xN] [POINTS] [note]"; may be repeated'),
            autocompletion=complete.items,
        ),
    ] = None,
    week: options.Week = None,
    branch: options.Branch = None,
    no_events: Annotated[
        bool, typer.Option("--no-events", help=_("the branch is assessed, nothing to report"))
    ] = False,
    evidence: Annotated[
        str, typer.Option("--evidence", metavar="TEXT", help=_("with -e: what shows it"))
    ] = "",
    scored_by: Annotated[
        str, typer.Option("--scored-by", metavar="WHO", help=_("with -e: who judged"))
    ] = "",
    approved_by: Annotated[
        str, typer.Option("--approved-by", metavar="WHO", help=_("with -e: who approved"))
    ] = "",
    date: Annotated[
        str, typer.Option("--date", metavar="DAY", help=_("with -e: the day of the event"))
    ] = "",
    update: Annotated[
        bool,
        typer.Option("--update", help=_("a sheet again: record the difference without asking")),
    ] = False,
    add: Annotated[
        bool, typer.Option("--add", help=_("a sheet again: keep what stands, record all of it too"))
    ] = False,
    recorded_as: options.As = None,
    commit: Annotated[
        bool | None,
        typer.Option("--commit/--no-commit", help=_("commit afterwards; asked on a terminal")),
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    given = [bool(sheets), bool(entry), no_events]
    if sum(given) > 1:
        raise Refusal(_("sheets, -e and --no-events can't go together"), _("do one at a time"))
    if update and add:
        raise Refusal(_("--update and --add can't go together"), _("choose one"))
    now.definitions  # noqa: B018  (mistakes in the book come before anything else)
    who = now.who(recorded_as)
    if sheets:
        wrote = _Sheets(now, who, week, branch, update, add, dry_run).record(sheets)
    elif entry:
        from qibi.cli.entries import record_entries

        extra = {
            "evidence": evidence,
            "scored_by": scored_by,
            "approved_by": approved_by,
            "date": date,
        }
        wrote = record_entries(now, who, entry, week, branch, extra, dry_run)
    elif no_events:
        wrote = _no_events(now, who, week, branch, dry_run)
    else:
        from qibi.cli.guided import guided

        wrote = guided(now, who, week, branch, dry_run)
    if wrote and not dry_run:
        offer_commit(now, commit)


def offer_commit(now: Session, wanted: bool | None) -> None:
    """Commit, or ask whether to, or say how."""
    from qibi.cli.commit import commit_book

    if wanted is None and now.around.on_terminal and now.git.repository():
        wanted = now.console.confirm(_("commit it to the book's history?"))
    if wanted:
        commit_book(now, None, push=False)
    elif wanted is None:
        now.console.say(_("next: qibi commit"), "dim")


@dataclass
class _Task:
    """One page of a sheet on its way into the ledger."""

    path: str
    page: Any
    week: str = ""
    branch: str = ""
    entries: list[Score | Exempt] = field(default_factory=list)
    places: recording.Places = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The file, and the worksheet where there are several."""
        name = PurePath(self.path).name
        return f"{name}:{self.page.name}" if self.page.name and self.many else name

    many: bool = False


class _Sheets:
    """Each sheet stands or falls alone."""

    def __init__(
        self,
        now: Session,
        who: str,
        week: str | None,
        branch: str | None,
        update: bool,
        add: bool,
        dry_run: bool,
    ) -> None:
        self.now, self.who, self.update, self.add, self.dry_run = now, who, update, add, dry_run
        self.week = now.past_week(week) if week else None
        self.branch = now.find_branch(branch) if branch else None

    def record(self, paths: list[str]) -> bool:
        """Record these sheets; whether anything was written. Refused ones set the exit code."""
        wrote, refused = False, 0
        for number, path in enumerate(paths):
            if number:
                self.now.around.stdout.write("\n")
            try:
                for task in self._tasks(path):
                    wrote |= self._record(task)
            except Faults as faults:
                refused += 1
                self.now.around.stdout.flush()
                self.now.console.findings(faults.findings)
                self._say_refused(path, len(faults.findings))
            except Refusal as refusal:
                if refusal.code != 1 and len(paths) == 1:
                    raise
                refused += 1
                self.now.console.problem(f"{path}: {refusal.message}", refusal.advice)
        if wrote:
            advice = _(
                "a mistake? mend the sheet and run the same command again: only the difference is recorded"
            )
            self.now.around.stdout.flush()
            self.now.console.say(advice, "dim")
        if refused:
            self.now.exit_code = 1
        return wrote

    def _say_refused(self, path: str, count: int) -> None:
        self.now.console.say(
            many(
                "{path}: {count} mistake, nothing of it was recorded; mend it and run the same command again",
                "{path}: {count} mistakes, nothing of it was recorded; mend them and run the same command again",
                count,
            ).format(path=path, count=count)
        )

    def _tasks(self, path: str) -> list[_Task]:
        """The pages of a sheet, read and admitted, all of them or none."""
        from qibi.sheets.read import has_heading, open_sheet

        now = self.now
        pages = open_sheet(path, file_bytes(now.around, path))
        if len(pages) > 1:
            week = self.week or now.definitions.schemes[-1].week
            used = [p for p in pages if has_heading(p, now.definitions, week)]
            for page in pages:
                if used and page not in used:
                    now.console.say(
                        _("{path}: the page {name} is no score sheet; passed over").format(
                            path=path, name=page.name
                        )
                    )
            pages = used or pages
        tasks = [_Task(path, page, many=len(pages) > 1) for page in pages]
        findings: list[Finding] = []
        for task in tasks:
            try:
                self._admit(task)
            except Faults as faults:
                findings += faults.findings
        if findings:
            raise Faults(findings)
        seen: set[tuple[str, str]] = set()
        for task in tasks:
            if (task.week, task.branch) in seen:
                raise Refusal(
                    _("two pages are of {branch} in {week}").format(
                        branch=now.definitions.title(task.branch), week=task.week
                    ),
                    _("put them on one page"),
                    1,
                )
            seen.add((task.week, task.branch))
        return tasks

    def _admit(self, task: _Task) -> None:
        from qibi.sheets.read import admit_page, branch_from_subjects, hints

        now = self.now
        hinted = hints(task.page, now.definitions, now.today)
        if hinted.findings:
            raise Faults(list(hinted.findings))
        if self.week and hinted.week and hinted.week != self.week:
            raise Refusal(
                _("the sheet is of {found}, but --week says {wanted}").format(
                    found=hinted.week, wanted=self.week
                ),
                _("leave --week out, or mend the sheet's title"),
                1,
            )
        task.week = self.week or (
            now.past_week(hinted.week)
            if hinted.week
            else self._ask_week(task, hinted.branch, hinted.unsure)
        )
        found = (
            self.branch
            or hinted.branch
            or branch_from_subjects(task.page, now.definitions, task.week)
        )
        if found is None:
            raise Refusal(
                _("the sheet does not say whose it is"),
                _("name the branch: --branch BRANCH, or write it above the headings"),
                1,
            )
        task.branch = found
        must_live(now, found, task.week)
        stamp = now.stamp(task.week, task.branch, self.who, task.page.source)
        admitted = admit_page(task.page, now.definitions, stamp)
        task.notices = admitted.notices
        for entry, line, cell in admitted.entries:
            task.entries.append(entry)
            if isinstance(entry, Score):
                where = cell if task.many else _("line {line}").format(line=line)
                task.places.setdefault((entry.subject, entry.item), []).append((line, where))

    def _ask_week(self, task: _Task, branch: str | None, unsure: str) -> str:
        offered = oldest_open_week(self.now, self.branch or branch)
        if self.now.around.on_terminal:
            return ask_week(self.now, offered)
        advice = _("name it: --week 2026-W41, or write it above the headings")
        message = _("the sheet does not say which week it is of")
        raise Refusal(f"{message} ({unsure})" if unsure else message, advice, 1)

    def _record(self, task: _Task) -> bool:
        now = self.now
        for notice in task.notices:
            now.console.say(f"{task.title}: {notice}", "dim")
        with locked(now.root):
            batches = recording.standing_batches(now, task.week)
            diff = self._difference(task, batches)
            open_week = not recording.is_assessed(batches, task.week, task.branch)
            if diff.empty and not open_week:
                now.console.say(
                    _("{sheet}: the ledger holds all of it already, nothing was recorded").format(
                        sheet=task.title
                    )
                )
                return False
            if (diff.kept or diff.gone) and not self._agreed(task, diff):
                return False
            stamp = now.stamp(task.week, task.branch, self.who, task.page.source)
            entries: list[Entry] = diff.entries(stamp, _("replaced by the sheet handed in again"))
            if open_week:
                first = recording.assessed_entry(
                    now, task.week, task.branch, self.who, task.page.source
                )
                entries.insert(0, first)
            batch = recording.record(now, task.week, task.branch, entries, self.dry_run)
        self._report(task, diff, batch, batches)
        return not self.dry_run

    def _difference(self, task: _Task, batches: list[Batch]) -> Difference:
        if self.add:
            return difference(task.entries, [])
        cancelled = cancelled_entries(batches)
        standing = [
            (key, e)
            for batch in batches
            for key, e in batch.numbered()
            if isinstance(e, Score | Exempt)
            and e.source
            and e.branch == task.branch
            and key not in cancelled
        ]
        return difference(task.entries, standing)

    def _agreed(self, task: _Task, diff: Difference) -> bool:
        """Show what a sheet changes in what an earlier one recorded, and whether to go on."""
        now = self.now
        now.console.say(
            _("{sheet}: handed in before; it differs in {count}:").format(
                sheet=task.title, count=len(diff.changes)
            )
        )
        for change in diff.changes:
            now.console.say("  " + _change_text(now, task.week, change.before, change.after))
        if self.update or self.dry_run:
            return True
        if now.around.on_terminal:
            return now.console.confirm(_("record this difference?"))
        raise Refusal(
            _("a sheet for {branch} in {week} was recorded before, and this one differs").format(
                branch=now.definitions.title(task.branch), week=task.week
            ),
            _("--update records the difference, --add keeps both; nothing was recorded"),
            1,
        )

    def _report(self, task: _Task, diff: Difference, batch: Batch, batches: list[Batch]) -> None:
        now = self.now
        found = recording.standings_of(now, task.week, task.branch, [*batches, batch])
        title = "  ".join(
            [
                task.title,
                phrases.branch(now.definitions, task.branch),
                phrases.week(task.week),
                _("recorded by {name}").format(name=now.definitions.title(self.who)),
            ]
        )
        done = _("would record {what}") if self.dry_run else _("recorded {what}, batch {batch}")
        said = done.format(what=recording.tally(batch.entries), batch=batch.digest[:4])
        said += _(". {people}.").format(people=recording.people(now, found, task.week, task.branch))
        view = recording.report(now, title, said, found, task.week, task.branch, task.places)
        now.console.show(view)


def _change_text(
    now: Session, week: str, before: Score | Exempt | None, after: Score | Exempt | None
) -> str:
    definitions = now.definitions
    scheme = definitions.scheme(week)

    def said(entry: Score | Exempt) -> str:
        if isinstance(entry, Exempt):
            return _("exempt ({note})").format(note=entry.note)
        thing = scheme.item(entry.item) or scheme.criterion(entry.item) if scheme else None
        times = f" x{entry.count}" if entry.count > 1 else ""
        text = f"{thing.name if thing else entry.item}{times} {points.signed(entry.hundredths)}"
        return f"{text} ({entry.note})" if entry.note else text

    if before is None and after is not None:
        return _("new      {name}  {what}").format(
            name=definitions.title(after.subject), what=said(after)
        )
    if after is None and before is not None:
        return _("gone     {name}  {what}").format(
            name=definitions.title(before.subject), what=said(before)
        )
    assert before is not None and after is not None
    if said(before) == said(after):
        return _("changed  {name}  {what}: {fields}").format(
            name=definitions.title(after.subject),
            what=said(after),
            fields=_changed_fields(before, after),
        )
    return _("changed  {name}  {before} -> {after}").format(
        name=definitions.title(after.subject), before=said(before), after=said(after)
    )


def _changed_fields(before: Score | Exempt, after: Score | Exempt) -> str:
    names = {
        "date": _("date"),
        "evidence": _("evidence"),
        "scored_by": _("judge"),
        "approved_by": _("approved by"),
        "note": _("note"),
        "count": _("count"),
    }
    return ", ".join(
        text
        for key, text in names.items()
        if getattr(before, key, None) != getattr(after, key, None)
    )


def must_live(now: Session, branch: str, week: str) -> None:
    """Raises `Refusal` where the branch does not exist in a week, or no scheme is in force."""
    found = now.definitions.branch(branch)
    if found and not found.alive(week):
        raise Refusal(
            _("{branch} does not exist in {week}").format(branch=found.name, week=week),
            _("look at since and until in branches/{id}.yaml").format(id=branch),
            1,
        )
    if now.definitions.scheme(week) is None:
        raise Refusal(
            _("no scheme is in force in {week}").format(week=week),
            _("the first begins in {week}").format(week=now.definitions.schemes[0].week),
            1,
        )


def oldest_open_week(now: Session, branch: str | None) -> str:
    """The branch's oldest week not yet assessed, after the first week of the ledger."""
    from qibi.base import weeks
    from qibi.ledger.batches import read_weeks, weeks_with_batches
    from qibi.scoring.ranking import assessed_branches

    current = weeks.week_of(now.today)
    known = [w for w in weeks_with_batches(now.root) if w <= current]
    if not known:
        return current
    for week in weeks.span(known[0], current):
        done = assessed_branches(read_weeks(now.root, [week]))
        wanted = [branch] if branch else [b.id for b in now.definitions.branches]
        if any(now.definitions.has_subjects(b, week) and (week, b) not in done for b in wanted):
            return week
    return current


def ask_week(now: Session, offered: str) -> str:
    """Ask for the week, offering one."""
    while True:
        text = now.console.ask(_("which week? [{offered}]").format(offered=phrases.week(offered)))
        try:
            return now.past_week(text or offered)
        except Refusal as refusal:
            now.console.problem(refusal.message, refusal.advice)


def ask_branch(now: Session) -> str:
    """Ask for the branch."""
    while True:
        text = now.console.ask(_("which branch? (id, name or section)"))
        try:
            return now.find_branch(text)
        except Refusal as refusal:
            now.console.problem(refusal.message, refusal.advice)


def _no_events(now: Session, who: str, week: str | None, branch: str | None, dry_run: bool) -> bool:
    """Record only that a branch is assessed."""
    asked_branch = settled_branch(now, branch, who, week)
    asked_week = settled_week(now, week, asked_branch)
    must_live(now, asked_branch, asked_week)
    with locked(now.root):
        batches = recording.standing_batches(now, asked_week)
        name = phrases.branch(now.definitions, asked_branch)
        if recording.is_assessed(batches, asked_week, asked_branch):
            now.console.say(
                _("{branch} is assessed for {week} already, nothing was recorded").format(
                    branch=name, week=asked_week
                )
            )
            return False
        entries = [recording.assessed_entry(now, asked_week, asked_branch, who)]
        recording.record(now, asked_week, asked_branch, entries, dry_run)
    text = (
        _("would record: {branch} assessed for {week}, nothing to report")
        if dry_run
        else _("recorded: {branch} assessed for {week}, nothing to report")
    )
    now.console.say(text.format(branch=name, week=phrases.week(asked_week)))
    return not dry_run


def settled_branch(now: Session, text: str | None, who: str, week: str | None = None) -> str:
    """`--branch`, else asked for on a terminal, else the recorder's own."""
    if text:
        return now.find_branch(text)
    from qibi.base import weeks

    at = now.week(week) if week else weeks.week_of(now.today)
    own = now.definitions.branch_of(who, at)
    if own:
        return own
    if now.around.on_terminal:
        return ask_branch(now)
    raise Refusal(_("which branch?"), _("name it: --branch BRANCH"), 1)


def settled_week(now: Session, text: str | None, branch: str) -> str:
    """`--week`, else asked for on a terminal, else refused."""
    if text:
        return now.past_week(text)
    if now.around.on_terminal:
        return ask_week(now, oldest_open_week(now, branch))
    raise Refusal(_("which week?"), _("name it: --week 2026-W41"), 1)

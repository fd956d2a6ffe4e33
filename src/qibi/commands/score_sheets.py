"""Sheets on their way into the ledger: read, compared with what is there, recorded, reported."""

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePath
from typing import Any

from qibi.base import points
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, aside, colon, listing, many
from qibi.cli import phrases, recording
from qibi.cli.console import choice, file_bytes
from qibi.cli.recording import ask_week, must_live, oldest_open_week
from qibi.cli.session import Session
from qibi.commands.edit_files import keeps_sheets
from qibi.commands.layout_files import raw_of
from qibi.ledger.admission import Stamp
from qibi.ledger.batches import Batch
from qibi.ledger.difference import Difference, against, difference
from qibi.ledger.entries import Entry, Exempt, Score
from qibi.ledger.evidence_files import keep_picture
from qibi.ledger.kept_sheets import ending_of, keep_sheet
from qibi.scoring.engine import prepare
from qibi.sheets.blank import with_files


@dataclass
class _Task:
    """One page of a sheet on its way into the ledger."""

    path: str
    raw: bytes
    page: Any
    hints: Any = None
    week: str = ""
    branch: str = ""
    entries: list[Score | Exempt] = field(default_factory=list)
    places: recording.Places = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    pictures: list[Any] = field(default_factory=list)  # out of cells, as evidence

    @property
    def title(self) -> str:
        """The file, and the worksheet where there are several."""
        name = PurePath(self.path).name
        return f"{name}:{self.page.name}" if self.page.name and self.many else name

    many: bool = False


class Sheets:
    """Each sheet is recorded or refused alone."""

    def __init__(
        self,
        session: Session,
        who: str,
        week: str | None,
        branch: str | None,
        update: bool,
        add: bool,
        dry_run: bool,
        hidden: str = "",
        status: str = "",
        encoding: str = "",
    ) -> None:
        from qibi.sheets.names import Names
        from qibi.sheets.read import Options

        ask = partial(choice, session.console)
        self.session, self.who, self.update, self.add, self.dry_run = (
            session,
            who,
            update,
            add,
            dry_run,
        )
        self.options = Options(hidden, status, ask if session.around.on_terminal else None)
        self.encoding = encoding
        self.names = Names(session.definitions)  # resolved once for all sheets
        self.week = session.past_week(week) if week else None
        self.branch = session.find_branch(branch) if branch else None

    def record(self, paths: list[str]) -> recording.Outcome:
        """Record these sheets. Refused ones set the exit code."""
        prepare()
        wrote, refused = False, 0
        places: list[tuple[str, str]] = []
        for number, path in enumerate(paths):
            if number:
                self.session.around.stdout.write("\n")
            try:
                for task in self._tasks(path):
                    done = self._record(task)
                    if done is not None:
                        wrote |= done
                        places.append((task.week, task.branch))
            except Faults as faults:
                refused += 1
                self.session.around.stdout.flush()
                self.session.console.findings(faults.findings)
                self._say_refused(path, len(faults.findings))
            except Refusal as refusal:
                if refusal.code != 1 and len(paths) == 1:
                    raise
                refused += 1
                self.session.console.problem(f"{path}: {refusal.message}", refusal.advice)
        if wrote:
            advice = _(
                "a mistake? correct the sheet and run the same command again: only the difference is recorded"
            )
            self.session.around.stdout.write("\n")
            self.session.around.stdout.flush()
            self.session.console.say(advice, "dim")
        if refused:
            self.session.exit_code = 1
        return recording.Outcome(wrote, tuple(dict.fromkeys(places)))

    def _say_refused(self, path: str, count: int) -> None:
        self.session.console.say(
            many(
                "{path}: {count} mistake, nothing of it was recorded; correct it and run the same command again",
                "{path}: {count} mistakes, nothing of it was recorded; correct them and run the same command again",
                count,
            ).format(path=path, count=count)
        )

    def _tasks(self, path: str) -> list[_Task]:
        """The pages of a sheet, read and admitted, all of them or none."""
        from qibi.sheets.files import open_sheet

        now = self.session
        raw = file_bytes(now.around, path)
        pages = self._score_pages(path, open_sheet(path, raw, self.encoding))
        tasks = [_Task(path, raw, page, many=len(pages) > 1) for page in pages]
        self._hint(tasks)
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

    def _score_pages(self, path: str, pages: list[Any]) -> list[Any]:
        """The pages that are score sheets; which others there are is said, or asked."""
        from qibi.sheets.read import is_score_sheet

        now = self.session
        pages = [self._laid_out(page) for page in pages]
        week = self.week or now.definitions.schemes[-1].week
        used = [p for p in pages if is_score_sheet(p, self.names, week)]
        hidden = [p for p in used if p.hidden]
        if hidden:
            names = listing([p.name for p in hidden])
            message = _("{path}: hidden pages: {names}").format(path=path, names=names)
            chosen = self.options.hidden
            if not chosen and self.options.ask:
                question = _("{what}: read them, or skip them?").format(what=message)
                chosen = choice(now.console, question, ("read", "skip"))
            if not chosen:
                advice = _("show them, or say --hidden read or --hidden skip")
                raise Refusal(message, advice, 1)
            if chosen == "skip":
                used = [p for p in used if not p.hidden]
        shown = [p for p in pages if not p.hidden]
        if not used and not shown:
            message = _("{path}: all pages are hidden").format(path=path)
            raise Refusal(message, _("show them, or say --hidden read"), 1)
        if len(pages) == 1 or not used:
            return shown
        for page in shown:
            if page not in used and not page.made:  # ours has its rules on a page of their own
                now.console.say(
                    _("{path}: the page {name} is not a score sheet; not read").format(
                        path=path, name=page.name
                    )
                )
        return used

    def _laid_out(self, page: Any) -> Any:
        from qibi.sheets.layouts import laid_out

        return laid_out(page, self.session.definitions.layouts, self.names, self.branch or "")

    def _hint(self, tasks: list[_Task]) -> None:
        """What each page says on its week and branch; raises `Refusal` for totals of longer times.

        Where the pages are of several weeks, the file's name is no sign of one.
        """
        from qibi.sheets.hints import hints

        now = self.session
        wanted = (self.week, "--week") if self.week else None
        own = {hints(t.page, self.names, now.today, by_file=False).week for t in tasks}
        for task in tasks:
            task.hints = hints(
                task.page, self.names, now.today, wanted, by_file=len(own - {None}) <= 1
            )
        long = [(t.page.name, t.hints.long) for t in tasks if t.hints.long and not t.page.made]
        if long:
            said = listing([f"{name} ({text})" if name else text for name, text in long])
            raise Refusal(
                _("this is of more than a week: {said}").format(said=said),
                _(
                    "points are recorded week by week: submit one sheet a week, and 'qibi rank 2026-11' adds them up; if it is the sheet of one week, write the week above its headings"
                ),
                1,
            )

    def _admit(self, task: _Task) -> None:
        from qibi.sheets.hints import branch_from_subjects
        from qibi.sheets.read import refuse_unknown_names

        now = self.session
        hinted = task.hints
        if hinted.findings:
            raise Faults(list(hinted.findings))
        self._refuse_foreign(task)
        if hinted.clash:
            where = f"{task.page.name}{colon()}" if task.many else ""
            raise Refusal(
                where + _("signs of the week disagree: {signs}").format(signs=hinted.clash),
                _("correct the one that is wrong"),
                1,
            )
        if task.page.made:
            task.week, task.branch = now.past_week(task.page.made.week), task.page.made.branch
            self._take(task)
            return
        task.week = (
            now.past_week(hinted.week)
            if hinted.week
            else self._ask_week(task, hinted.branch, hinted.unsure)
        )
        task.notices += hinted.notices
        found = (
            self.branch
            or hinted.branch
            or branch_from_subjects(task.page, self.names, task.week)
            or self._only_branch(task.week)
        )
        if found is None:
            stamp = now.stamp(task.week, "", self.who)
            refuse_unknown_names(task.page, self.names, stamp)  # mostly that is why
            raise Refusal(
                _("the sheet does not name its branch"),
                _("name the branch: --branch BRANCH, or write it above the headings"),
                1,
            )
        task.branch = found
        self._take(task)

    def _refuse_foreign(self, task: _Task) -> None:
        """Refuse a sheet that qibi made for another week, branch, scheme version or book."""
        from qibi.sheets.hints import retitled
        from qibi.sheets.made import mismatch

        now = self.session
        if not task.page.made:
            return
        found = mismatch(task.page.made, now.definitions, self.week, self.branch)
        if found := found or retitled(task.page, self.names, now.today):
            raise Refusal(*found, 1)

    def _take(self, task: _Task) -> None:
        """Read the entries of a page whose week and branch are known."""
        from qibi.sheets.layouts import Learned
        from qibi.sheets.read import admit_page

        now = self.session
        must_live(now, task.branch, task.week)
        options = replace(self.options, learned=Learned())
        try:
            admitted = admit_page(task.page, self.names, self._stamp(task), options)
        except Faults:
            self._save_answers(task, options.learned)
            raise
        if self._save_answers(task, options.learned):  # read as it will be from now on
            admitted = admit_page(task.page, self.names, self._stamp(task), self.options)
        for entry, line, cell in admitted.entries:
            task.entries.append(entry)
            where = cell if task.many else _("line {line}").format(line=line)
            if isinstance(entry, Score):
                task.places.setdefault((entry.subject, entry.item), []).append((line, where))
        task.notices += admitted.notices
        task.pictures = admitted.pictures

    def _stamp(self, task: _Task) -> Stamp:
        layout = task.page.layout.digest if task.page.layout else ""
        return self.session.stamp(task.week, task.branch, self.who, task.page.source, layout)

    def _save_answers(self, task: _Task, learned: Any) -> bool:
        """Save what was answered about a sheet in its layout; whether there was any, and it was saved."""
        from qibi.commands import layout_files
        from qibi.sheets.names import Names
        from qibi.sheets.read import must_have_heading

        now = self.session
        scheme = now.definitions.scheme(task.week)
        if not learned or not scheme or self.dry_run:
            return False
        heading = must_have_heading(task.page, self.names, scheme)
        learned.still_open.clear()  # the message says it
        name = layout_files.save(now, task.page, heading, task.branch, learned)
        now.console.say(
            _("saved in {path}: not asked again").format(path=layout_files.path_of(name)), "dim"
        )
        self.names = Names(now.definitions)
        [layout] = [found for found in now.definitions.layouts if found.name == name]
        task.page = replace(task.page, layout=layout)
        return True

    def _only_branch(self, week: str) -> str | None:
        """The branch, in a book that has but one in a week."""
        alive = [b.id for b in self.session.definitions.branches if b.alive(week)]
        return alive[0] if len(alive) == 1 else None

    def _ask_week(self, task: _Task, branch: str | None, unsure: str) -> str:
        offered = oldest_open_week(self.session, self.branch or branch)
        if self.session.around.on_terminal:
            return ask_week(self.session, offered)
        advice = _("name it: --week 2026-W41, or write it above the headings")
        message = _("the sheet does not name its week")
        raise Refusal(message + aside(unsure) if unsure else message, advice, 1)

    def _record(self, task: _Task) -> bool | None:
        """Whether it was written; None where the person would not have it."""
        now = self.session
        for notice in task.notices:
            now.console.say(f"{task.title}{colon()}{notice}", "dim")
        left = recording.left_by_the_same(now, task.week, lambda b: self._entries(task, b))
        with now.without([left] if left else []):
            batches = recording.standing_batches(now, task.week)
            self._refuse_empty(task, batches)
            agreed = self._difference(task, batches)
        if agreed.asks and not self._agreed(task, agreed, recorded=left is not None):
            return None

        def plan(batches: list[Batch]) -> list[Entry]:
            diff = self._difference(task, batches)
            if (diff.new, diff.gone) != (agreed.new, agreed.gone):
                raise Refusal(
                    _("someone else recorded for this branch and week meanwhile"),
                    _("run the same command again; nothing was recorded"),
                    1,
                )
            return self._entries(task, batches)

        # Asked before: nobody waits for a person.
        done = recording.record(
            now, task.week, task.branch, plan, self.dry_run, files=lambda: self._keep(task)
        )
        if done is None:
            now.console.say(
                _("{sheet}: the ledger holds all of it already, nothing was recorded").format(
                    sheet=task.title
                )
            )
            return False
        self._report(task, done)
        return not self.dry_run

    def _entries(self, task: _Task, batches: list[Batch]) -> list[Entry]:
        """What makes a week's batches say what the sheet says."""
        stamp = self._stamp(task)
        diff = self._difference(task, batches)
        entries: list[Entry] = diff.entries(stamp, _("replaced by the sheet submitted again"))
        if recording.is_assessed(batches, task.week, task.branch):
            return entries
        first = recording.assessed_entry(
            self.session, task.week, task.branch, self.who, task.page.source, stamp.layout
        )
        return [first, *entries]

    def _keep(self, task: _Task) -> None:
        """Keep the sheet and the pictures in its cells, before the batch that names them is written."""
        ending = ending_of(task.path, task.raw)
        if keeps_sheets(self.session, task.week, ending):
            keep_sheet(self.session.root, task.week, task.raw, ending)
            if task.page.layout:
                raw = raw_of(self.session, task.page.layout)
                keep_sheet(self.session.root, task.week, raw, "yaml")
        for picture in task.pictures:
            keep_picture(self.session.root, task.week, picture.name, picture.content)

    def _refuse_empty(self, task: _Task, batches: list[Batch]) -> None:
        """A sheet that qibi made and nobody filled in does not say that nothing happened."""
        named = {"branch": task.branch, "week": task.week}
        if task.page.made and not (
            task.entries or recording.is_assessed(batches, task.week, task.branch)
        ):
            raise Refusal(
                _("nothing is filled in"),
                _(
                    "nothing to report? run: qibi score --no-events --branch {branch} --week {week}"
                ).format(**named),
                1,
            )

    def _difference(self, task: _Task, batches: list[Batch]) -> Difference:
        if self.add:
            return difference(task.entries, [])
        return against(with_files(task.entries, batches), batches, task.branch)

    def _agreed(self, task: _Task, diff: Difference, *, recorded: bool) -> bool:
        """Show what a sheet changes in what an earlier one recorded, and whether to go on.

        Nobody is asked about what an interrupted command has recorded.
        """
        now = self.session
        now.console.say(
            _("{sheet}: submitted before; it differs in {count}:").format(
                sheet=task.title, count=len(diff.changes)
            )
        )
        for change in diff.changes:
            now.console.say("  " + change_text(now, task.week, change.before, change.after))
            if change.void:
                now.console.say("    " + phrases.voided(now.definitions, change.void), "yellow")
        if recorded or self.update or self.dry_run:
            return True
        if now.around.on_terminal:
            if now.console.confirm(_("record this difference?")):
                return True
            now.console.say(_("nothing was recorded"))
            return False
        raise Refusal(
            _("a sheet for {branch} in {week} was recorded before, and this one differs").format(
                branch=now.definitions.title(task.branch), week=task.week
            ),
            _("--update records the difference, --add keeps both; nothing was recorded"),
            1,
        )

    def _report(self, task: _Task, done: recording.Recorded) -> None:
        now, batch, batches = self.session, done.batch, done.before
        found = recording.standings_of(now, task.week, task.branch, [*batches, batch])
        title = "  ".join(
            [
                task.title,
                phrases.branch(now.definitions, task.branch),
                phrases.week(task.week),
                _("recorded by {name}").format(name=now.definitions.title(self.who)),
            ]
        )
        text = _("would record {what}") if self.dry_run else _("recorded {what}, batch {batch}")
        said = text.format(
            what=recording.tally(now.definitions, batch.entries), batch=batch.digest[:4]
        )
        said += _(". {people}.").format(people=recording.people(now, found, task.week, task.branch))
        view = recording.report(now, title, said, found, task.week, task.branch, task.places)
        now.console.show(view)
        if not self.dry_run:
            recording.say_closed(now, batch)
            recording.say_late(now, batches, batch)


# What a sheet that is submitted again changes, in words: a line for each row that differs.


def change_text(
    session: Session, week: str, before: Score | Exempt | None, after: Score | Exempt | None
) -> str:
    """A new, gone or changed row."""
    definitions = session.definitions
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

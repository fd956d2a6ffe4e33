"""Sheets on their way into the ledger: read, compared with what is there, recorded, reported."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from glob import glob
from itertools import combinations
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from qibi.base.findings import Faults, Refusal
from qibi.base.language import _, aside, colon, listing, many
from qibi.base.weeks import single
from qibi.cli import phrases, recording
from qibi.cli.console import choice, file_bytes
from qibi.cli.output import Cell, Column, Grid, View
from qibi.cli.recording import ask_week, must_live, oldest_open_week
from qibi.cli.session import Session
from qibi.commands import layout_files
from qibi.commands.edit_files import keeps_sheets
from qibi.commands.layout_files import raw_of
from qibi.ledger.admission import Stamp
from qibi.ledger.batches import Batch
from qibi.ledger.difference import Difference, against, difference, repeated
from qibi.ledger.entries import Assessed, Entry, Exempt, Score
from qibi.ledger.evidence_files import keep_picture
from qibi.ledger.kept_sheets import ending_of, keep_sheet, path_of
from qibi.scoring.account import of_batches
from qibi.scoring.facts import Question
from qibi.sheets.blank import with_files

if TYPE_CHECKING:
    from qibi.sheets.read import Options

T = TypeVar("T")
_SCREEN = 18  # lines of several sheets that fit a screen, next to headings and totals
_FEW = 5  # changes of a sheet that are shown where there are several sheets
_ENDINGS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".et", ".ods", ".csv", ".tsv")


@dataclass
class _Task:
    """One branch's part of a page of a sheet, on its way into the ledger.

    `says` tells whether the sheet says that it is the branch's own; else it is of events only, unless it
    lists everyone. `wrong` is why nothing of it is recorded.
    """

    path: str
    raw: bytes = b""
    page: Any = None
    hints: Any = None
    week: str = ""
    branch: str = ""
    entries: list[Score | Exempt] = field(default_factory=list)
    places: recording.Places = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    pictures: list[Any] = field(default_factory=list)  # out of cells, as evidence
    listed: frozenset[str] = frozenset()
    says: bool = True
    wrong: Faults | Refusal | None = None
    done: recording.Recorded | None = None
    remarks: list[str] = field(default_factory=list)  # for its line of the summary
    unassessed: bool = False
    declined: bool = False
    doubts: frozenset[str] = frozenset()  # those of the notices that are not so each week
    many: bool = False

    @property
    def title(self) -> str:
        """The file, and the worksheet where there are several."""
        name = PurePath(self.path).name
        return f"{name}:{self.page.name}" if self.page and self.page.name and self.many else name


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
        approved_by: str = "",
        yes: bool = False,
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
        self.options = Options(
            hidden,
            status,
            ask if session.around.on_terminal else None,
            approver=self._member(approved_by) if approved_by else "",
        )
        self.encoding, self.yes = encoding, yes
        self.several = False  # sheets, pages or branches in this run
        self.names = Names(session.definitions)  # resolved once for all sheets
        self.week = session.past_week(week) if week else None
        self.branch = session.find_branch(branch) if branch else None

    def record(self, paths: list[str]) -> recording.Outcome:
        """Record these sheets, folders of sheets or patterns. Refused ones set the exit code.

        A branch's part of a page stands or falls alone. One is reported in full, several as a table.
        """
        tasks: list[_Task] = []
        for path in sheet_files(self.session, paths):
            try:
                tasks += self._tasks(path)
            except (Faults, Refusal) as error:
                if isinstance(error, Refusal) and error.code != 1 and len(paths) == 1:
                    raise
                tasks.append(_Task(path, wrong=error))
        self._refuse_same(tasks)
        self.several = len(tasks) > 1
        self._tell(tasks)
        if self.dry_run and not self.several:
            self._show_meanings(tasks)
        elif not self._as_meant(tasks):
            self.session.console.say(_("nothing was recorded"))
            return recording.Outcome(False)
        for task in tasks:
            try:
                if not task.wrong:
                    self._record(task)
            except (Faults, Refusal) as error:
                if isinstance(error, Refusal) and error.code != 1 and not self.several:
                    raise
                task.wrong = error
            if task.wrong:
                self._say_refused(task)
        wrote = not self.dry_run and any(t.done for t in tasks)
        if self.several:
            self._summary(tasks)
        elif wrote:
            self.session.around.stdout.write("\n")
            self.session.around.stdout.flush()
            self.session.console.say(_advice(), "dim")
        if any(task.wrong for task in tasks):
            self.session.exit_code = 1
        places = [(t.week, t.branch) for t in tasks if not t.wrong and not t.declined]
        return recording.Outcome(wrote, tuple(dict.fromkeys(places)))

    def _tell(self, tasks: list[_Task]) -> None:
        """How sheets were read, what several have in common once."""
        titles: dict[str, list[str]] = {}
        for task in tasks:
            for notice in task.notices if not task.wrong else ():
                titles.setdefault(notice, []).append(task.title)
        # Of several sheets only what is not so each week, and unasked no more than a screen; the rest is
        # told when one is read alone.
        doubts = {notice for task in tasks for notice in task.doubts}
        told = [t for t in titles if t in doubts or not self.several or len(titles) == 1]
        if self.several and not self.session.around.on_terminal:
            told = told[: max(0, _SCREEN - len(tasks))]
        for notice in told:
            found = titles[notice]
            where = list(dict.fromkeys(found))
            said = where[0]
            if len(where) > 1:
                said = many("{count} sheet", "{count} sheets", len(where)).format(count=len(where))
            self.session.console.say(f"{said}{colon()}{notice}", "dim")
        for task in tasks:
            rest = 0 if task.wrong else len(set(task.notices) - set(told))
            if rest:
                task.remarks.append(many("{count} note", "{count} notes", rest).format(count=rest))
        if count := sum(not set(task.notices) <= set(told) for task in tasks if not task.wrong):
            more = many(
                "{count} sheet has notes on how it was read: qibi score SHEET --dry-run",
                "{count} sheets have notes on how they were read: qibi score SHEET --dry-run",
                count,
            )
            self.session.console.say(more.format(count=count), "dim")

    def _as_meant(self, tasks: list[_Task]) -> bool:
        """Ask once, on a terminal, whether what was told of the reading is right; else it is."""
        told = any(task.doubts and not task.wrong for task in tasks)
        if not told or self.yes or self.dry_run or not self.session.around.on_terminal:
            return True
        return self.session.console.confirm(_("is that how it was meant?"))

    def _show_meanings(self, tasks: list[_Task]) -> None:
        """What each cell that is recorded means."""
        view, definitions = View(), self.session.definitions
        heads = (_("Cell"), _("Written"), _("Name"), _("Recorded as"))
        columns = [Column(head, wraps=head is heads[-1]) for head in heads]
        rows: list[list[str | Cell]] = []
        for task in tasks if not any(t.wrong for t in tasks) else ():
            for entry in task.entries:
                what = phrases.entry_what(definitions, entry)
                if isinstance(entry, Score) and entry.note:
                    what += f" ({entry.note})"
                written = task.page.written(entry.cell)
                rows.append([entry.cell, written, definitions.title(entry.subject), what])
        if rows:
            view.blocks.append(Grid(columns, rows))
            view.line()
            self.session.console.show(view)

    def _say_refused(self, task: _Task) -> None:
        console, error = self.session.console, task.wrong
        self.session.around.stdout.flush()
        if isinstance(error, Refusal):
            where = (
                f"{task.path}{colon()}{task.page.name}" if task.page and task.many else task.path
            )
            console.problem(f"{where}: {error.message}", error.advice)
            return
        assert error
        console.findings(error.findings, most=10 if self.several else 50)
        if not self.several:
            count = len(error.findings)
            console.say(
                many(
                    "{path}: {count} mistake, nothing of it was recorded; correct it and run the same command again",
                    "{path}: {count} mistakes, nothing of it was recorded; correct them and run the same command again",
                    count,
                ).format(path=task.path, count=count)
            )

    def _summary(self, tasks: list[_Task]) -> None:
        """A line a branch, and how many there are of each kind."""
        now = self.session
        view = View()
        weeks = dict.fromkeys(t.week for t in tasks if t.week)
        columns = [
            Column(phrases.branch_heading(now.definitions)),
            Column(_("Week")),
            Column(_("Result")),
        ]
        columns += [Column(_("Remarks"), wraps=True)]
        rows = [self._line(task) for task in tasks]
        used = [0, 1, 2, 3] if len(weeks) > 1 else [0, 2, 3]
        view.blocks.append(
            Grid([columns[n] for n in used], [[row[n] for n in used] for row in rows])
        )
        done = [t for t in tasks if t.done]
        refused = [t for t in tasks if t.wrong]
        counts = [
            (len(done), _("{count} would be recorded") if self.dry_run else _("{count} recorded")),
            (len(tasks) - len(done) - len(refused), _("{count} unchanged")),
            (len(refused), _("{count} not recorded")),
        ]
        said = listing([text.format(count=count) for count, text in counts if count])
        title = [phrases.week(next(iter(weeks)))] if len(weeks) == 1 else []
        title += [said, _("recorded by {name}").format(name=now.definitions.title(self.who))]
        view.line("  ".join(title), "bold")
        if partial := [t for t in done if t.unassessed]:
            advice = _(
                "not all are listed, so these are not assessed yet: {branches}; once all is in: qibi score --no-events --branch {id} --week {week}"
            )
            names = phrases.places([phrases.branch(now.definitions, t.branch) for t in partial], 4)
            view.line(advice.format(branches=names, id=partial[0].branch, week=partial[0].week))
        if late := [t for t in done if not self.dry_run and _("late") in t.remarks]:
            advice = _("points for lateness are proposed by: qibi status --week {week}")
            view.line(advice.format(week=late[0].week))
        now.console.show(view)
        now.around.stdout.flush()
        if refused:
            now.console.say(_advice(), "dim")

    def _line(self, task: _Task) -> list[str | Cell]:
        """A task's line of the summary: whose it is, its week, the result, remarks."""
        definitions = self.session.definitions
        name = phrases.branch(definitions, task.branch) if task.branch else task.title
        remarks = list(task.remarks)
        if task.wrong:
            count = len(task.wrong.findings) if isinstance(task.wrong, Faults) else 0
            said = many("refused: {count} mistake", "refused: {count} mistakes", count)
            result = Cell(said.format(count=count) if count else _("refused"), "red")
            remarks += [task.title] if task.branch else []
        elif task.declined:
            result = Cell(_("not recorded"), "yellow")
        elif task.done:
            scores = sum(not isinstance(e, Assessed) for e in task.done.batch.entries)
            said = many("{count} entry", "{count} entries", scores)
            result = Cell(said.format(count=scores))
        else:
            result = Cell(_("unchanged"), "dim")
        return [name, task.week[5:], result, Cell(listing(remarks), "yellow")]

    def _tasks(self, path: str) -> list[_Task]:
        """The pages of a sheet and the branches of a page, read; what is wrong with one is noted there."""
        from qibi.sheets.files import open_sheet

        now = self.session
        raw = file_bytes(now.around, path)
        pages = self._score_pages(path, open_sheet(path, raw, self.encoding))
        tasks = [_Task(path, raw, page, many=len(pages) > 1) for page in pages]
        self._hint(tasks)
        found: list[_Task] = []
        for task in tasks:
            try:
                found += self._admit(task)
            except (Faults, Refusal) as error:
                task.wrong = error
                found.append(task)
        return found

    def _refuse_same(self, tasks: list[_Task]) -> None:
        """Two pages of a file for one branch and week: which of them holds?"""
        places: dict[tuple[str, str, str], list[_Task]] = {}
        for task in tasks:
            if task.branch and task.week:
                places.setdefault((task.path, task.week, task.branch), []).append(task)
        for (_path, week, branch), same in places.items():
            if len(same) > 1:
                message = _("two pages are of {branch} in {week}").format(
                    branch=self.session.definitions.title(branch), week=week
                )
                for task in same:
                    task.wrong = task.wrong or Refusal(message, _("put them on one page"), 1)
        self._refuse_twins(tasks)

    def _refuse_twins(self, tasks: list[_Task]) -> None:
        """Two files that are alike for one branch and week: each would take back the other's rows."""
        from qibi.sheets.headings import headed_alike

        schemes = self.session.definitions.schemes[::-1]
        for one, other in combinations([t for t in tasks if t.page and not t.wrong], 2):
            same = (one.week, one.branch) == (other.week, other.branch) and one.branch
            if (
                not self.add
                and same
                and one.path != other.path
                and one.page.source != other.page.source
                and headed_alike(one.page, other.page, schemes, self.names)
            ):
                message = _("{one} and {other} are both of {branch} in {week}").format(
                    one=one.title,
                    other=other.title,
                    branch=self.session.definitions.title(one.branch),
                    week=one.week,
                )
                advice = _("submit the one that holds; --add if both do")
                one.wrong = one.wrong or Refusal(message, advice, 1)
                other.wrong = other.wrong or Refusal(message, advice, 1)

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

    def _member(self, text: str) -> str:
        from qibi.book import lookup

        try:
            return lookup.subject(self.session.definitions, text, ("member",), partial=False)
        except lookup.NotFound as error:
            raise Refusal(str(error), code=1) from None

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

    def _admit(self, task: _Task) -> list[_Task]:
        """A page's week and branches, with the entries of each."""
        from qibi.sheets.hints import branch_from_subjects, branches_of_rows
        from qibi.sheets.read import refuse_unknown_names

        now = self.session
        hinted = task.hints
        if hinted.findings:
            raise Faults(list(hinted.findings))
        self._refuse_foreign(task)
        if hinted.clash:
            raise Refusal(
                _("signs of the week disagree: {signs}").format(signs=hinted.clash),
                _("correct the one that is wrong"),
                1,
            )
        if task.page.made:
            task.week, task.branch = now.past_week(task.page.made.week), task.page.made.branch
            self._take(task)
            return [task]
        task.week = (
            now.past_week(hinted.week)
            if hinted.week
            else self._ask_week(task, hinted.branch, hinted.unsure)
        )
        task.notices += hinted.notices
        said = self.branch or hinted.branch
        if not said and (branches := branches_of_rows(task.page, self.names, task.week)):
            return self._take_apart(task, branches)
        own = branch_from_subjects(task.page, self.names, task.week)
        found = said or own or self._only_branch(task.week)
        if found is None:
            stamp = now.stamp(task.week, "", self.who)
            refuse_unknown_names(task.page, self.names, stamp)  # mostly that is why
            raise Refusal(
                _("the sheet does not name its branch"),
                _("name the branch: --branch BRANCH, or write it above the headings"),
                1,
            )
        task.branch = found
        # Whoever is not of the branch may have listed only what they saw there.
        task.says = bool(said) or not own or now.definitions.branch_of(self.who, task.week) == own
        self._take(task)
        return [task]

    def _take_apart(self, task: _Task, branches: dict[int, str]) -> list[_Task]:
        """Read the entries of a page of several branches: a task for each."""
        from qibi.sheets.read import admit_branches

        now = self.session
        for branch in dict.fromkeys(branches.values()):
            must_live(now, branch, task.week)
        parts, notices = self._read(
            task,
            lambda options: admit_branches(
                task.page, self.names, self._stamp(task), branches, options
            ),
        )
        found = []
        for branch, part in parts.items():
            told = [*task.notices, *notices]
            mine = replace(task, branch=branch, says=False, notices=told)
            mine.entries, mine.places, mine.remarks = [], {}, []
            if isinstance(part, list):
                mine.wrong = Faults(part)
            else:
                mine.doubts = frozenset(told) - part.routine
                self._fill(mine, part)
            found.append(mine)
        return found

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
        from qibi.sheets.read import admit_page

        now = self.session
        must_live(now, task.branch, task.week)
        admitted = self._read(
            task, lambda options: admit_page(task.page, self.names, self._stamp(task), options)
        )
        task.notices += admitted.notices
        task.doubts = frozenset(task.notices) - admitted.routine
        self._fill(task, admitted)

    def _read(self, task: _Task, admit: "Callable[[Options], T]") -> T:
        """What a page is read as; what was answered on the way is saved in its layout."""
        from qibi.sheets.layouts import Learned

        if not task.page.layout:  # perhaps there is one since an earlier page was asked about
            task.page = self._laid_out(task.page)
        options = replace(self.options, learned=Learned())
        try:
            admitted = admit(options)
        except Faults:
            self._save_answers(task, options.learned)
            raise
        if self._save_answers(task, options.learned):  # read as it will be from now on
            admitted = admit(self.options)
        return admitted

    def _fill(self, task: _Task, admitted: Any) -> None:
        for entry, line, cell in admitted.entries:
            task.entries.append(entry)
            where = cell if task.many else _("line {line}").format(line=line)
            if isinstance(entry, Score):
                task.places.setdefault((entry.subject, entry.item), []).append((line, where))
        task.pictures, task.listed = admitted.pictures, admitted.listed

    def _unlisted(self, task: _Task) -> int:
        """How many members of the branch a sheet of events does not list: it does not assess the branch.

        0 where it says whose it is, or lists everyone.
        """
        if task.says:
            return 0
        members = self.session.definitions.members_of(task.branch, task.week)
        return len({m.id for m in members} - task.listed)

    def _stamp(self, task: _Task) -> Stamp:
        layout = task.page.layout.digest if task.page.layout else ""
        return self.session.stamp(task.week, task.branch, self.who, task.page.source, layout)

    def _save_answers(self, task: _Task, learned: Any) -> bool:
        """Save what was answered about a sheet in its layout; whether there was any, and it was saved."""
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

    def _record(self, task: _Task) -> None:
        """Record what differs from what the same sheet recorded before; `task.done` says what."""
        now = self.session
        left = recording.left_by_the_same(now, task.week, lambda b: self._entries(task, b))
        with now.without([left] if left else []):
            batches = recording.standing_batches(now, task.week)
            self._refuse_empty(task, batches)
            again = self._twins(task, batches)
            agreed = self._difference(task, batches)
        if again and left is None and not self._go_on(task, again):
            task.declined = True
            return
        if agreed.asks and not self._agreed(task, agreed, batches, recorded=left is not None):
            task.declined = True
            return

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
            if not self.several:
                now.console.say(
                    _("{sheet}: the ledger holds all of it already, nothing was recorded").format(
                        sheet=task.title
                    )
                )
            return
        task.done = done
        self._report(task, done)

    def _entries(self, task: _Task, batches: list[Batch]) -> list[Entry]:
        """What makes a week's batches say what the sheet says."""
        stamp = self._stamp(task)
        diff = self._difference(task, batches)
        entries: list[Entry] = diff.entries(stamp, _("replaced by the sheet submitted again"))
        if recording.is_assessed(batches, task.week, task.branch) or self._unlisted(task):
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
        """A sheet that qibi made and nobody filled in, or one without a row, does not say that nothing happened."""
        named = {"branch": task.branch, "week": task.week}
        if (task.page.made or not task.listed) and not (
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
        entries = with_files(task.entries, batches)
        own, twins = self._is_own(task, batches), self._twins(task, batches)
        if twins and task.page.made:  # filled in by qibi: it holds what all sheets recorded
            return against(entries, batches, task.branch)
        if not (twins and (self.update or self._holds_all(task, twins))):
            return against(entries, batches, task.branch, own)
        # The same sheet by someone else is replaced; of another kind of sheet only what both say is.
        again = {e.source for e in twins if self._same_kind(task, e.source)}
        return against(
            entries, batches, task.branch, lambda e: own(e) or e.source in again or e in twins
        )

    def _is_own(self, task: _Task, batches: list[Batch]) -> Callable[[Score | Exempt], bool]:
        """Whether the same kind of sheet by the same recorder recorded an entry, corrected since or not.

        A safety officer's list of events and a branch's sheet do not replace each other.
        """
        own: dict[str, bool] = {}
        found = [e for b in batches for e in b.entries if e.source and e.branch == task.branch]
        for entry in sorted(found, key=lambda e: e.recorded_at):  # a correction keeps the source
            if entry.source not in own:
                own[entry.source] = entry.recorded_by == self.who and (
                    entry.source == task.page.source or self._same_kind(task, entry.source)
                )
        return lambda entry: own.get(entry.source, False)

    def _same_kind(self, task: _Task, source: str) -> bool:
        """Whether an archived sheet has the headings of this one, by and large; where there is none, it may."""
        from qibi.sheets.files import open_sheet
        from qibi.sheets.headings import headed_alike

        folder = self.session.root / path_of(task.week, "", "").rpartition("/")[0]
        for path in folder.glob(f"{source}*"):
            try:
                pages = open_sheet(path.name, path.read_bytes(), self.encoding)
            except (Faults, Refusal, OSError):
                return True
            schemes = self.session.definitions.schemes[::-1]
            pages = [self._laid_out(page) for page in pages]
            alike = [headed_alike(page, task.page, schemes, self.names) for page in pages]
            return any(alike) or not alike
        return True

    def _twins(self, task: _Task, batches: list[Batch]) -> list[Score | Exempt]:
        """What others' sheets recorded just as this one says it."""
        if self.add:
            return []
        own = self._is_own(task, batches)
        entries = with_files(task.entries, batches)
        fresh = against(entries, batches, task.branch, own).new  # what no sheet of its own holds
        return repeated(fresh, batches, task.branch, lambda entry: not own(entry))

    def _holds_all(self, task: _Task, again: list[Score | Exempt]) -> bool:
        """Whether the same recorder's sheets of another kind say all that this one says: then it is new to nobody."""
        mine = all(entry.recorded_by == self.who for entry in again)
        return mine and len(again) == len(task.entries)

    def _go_on(self, task: _Task, again: list[Score | Exempt]) -> bool:
        """Whether to go on where another sheet said the same: is it that sheet again, or did it happen twice?"""
        if self.update or task.page.made or self._holds_all(task, again):
            return True
        now = self.session
        names = listing(list(dict.fromkeys(now.definitions.title(e.recorded_by) for e in again)))
        message = many(
            "{count} of its rows was recorded from another sheet already, by {names}",
            "{count} of its rows were recorded from another sheet already, by {names}",
            len(again),
        ).format(count=len(again), names=names)
        if now.around.on_terminal:
            if now.console.confirm(
                f"{task.title}{colon()}{message}; " + _("record them again?"), default=False
            ):
                return True
            now.console.say(_("nothing was recorded"))
            return False
        raise Refusal(
            message,
            _(
                "--update if it is the same that happened, --add if it happened again; nothing was recorded"
            ),
            1,
        )

    def _agreed(
        self, task: _Task, diff: Difference, batches: list[Batch], *, recorded: bool
    ) -> bool:
        """Show what a sheet changes in what an earlier one recorded, and whether to go on.

        Nobody is asked about what an interrupted command has recorded.
        """
        now = self.session
        now.console.say(
            _("{sheet}: submitted before; it differs in {count}:").format(
                sheet=task.title, count=len(diff.changes)
            )
        )
        most = _FEW if self.several and not now.around.on_terminal else len(diff.changes)
        for change in diff.changes[:most]:
            now.console.say("  " + change_text(now, change.before, change.after))
            if change.void:
                now.console.say("    " + phrases.voided(now.definitions, change.void), "yellow")
        if rest := len(diff.changes[most:]):
            now.console.say(
                many("  and {count} more", "  and {count} more", rest).format(count=rest)
            )
        if recorded or self.update or self.dry_run:
            return True
        if now.around.on_terminal:
            if now.console.confirm(_("record this difference?")):
                return True
            now.console.say(_("nothing was recorded"))
            return False
        if self._corrects_own(task, diff, batches):
            return True
        raise Refusal(
            _("a sheet for {branch} in {week} was recorded before, and this one differs").format(
                branch=now.definitions.title(task.branch), week=task.week
            ),
            _("--update records the difference, --add keeps both; nothing was recorded"),
            1,
        )

    def _corrects_own(self, task: _Task, diff: Difference, batches: list[Batch]) -> bool:
        """Whether a sheet corrects, in time, only what its recorder recorded, and not in their own favour.

        One that drops more rows than it has of the earlier one is another sheet, or half of one.
        """
        in_time = self.session.today <= recording.last_day(self.session, task.week)
        dropped = sum(c.after is None for c in diff.changes)
        same = diff.unchanged + sum(bool(c.before and c.after) for c in diff.changes) > dropped
        own = all(entry.recorded_by == self.who for _key, entry in diff.gone)
        if not (in_time and same and own) or any(c.void for c in diff.changes):
            return False
        entries = tuple(self._entries(task, batches))
        corrected = Batch("", "0" * 16, task.week, task.branch, entries)
        was, would_be = (self._own_total(task, b) for b in (batches, [*batches, corrected]))
        if was is None or would_be is None:
            return was == would_be
        return would_be <= was

    def _own_total(self, task: _Task, batches: list[Batch]) -> int | None:
        """The total of whoever records, with all caps and vetoes; None where they are not assessed."""
        behind = of_batches(self.session.definitions, batches, Question(single(task.week)))
        account = behind.accounts(task.week, self.who).get(self.who)
        return account.total if account else None

    def _report(self, task: _Task, done: recording.Recorded) -> None:
        now, batch, batches = self.session, done.batch, done.before
        unlisted = self._unlisted(task)
        assessed = recording.is_assessed([*batches, batch], task.week, task.branch)
        members = len(now.definitions.members_of(task.branch, task.week))
        found = recording.standings_of(now, task.week, task.branch, [*batches, batch])
        if self.several:
            accounts = {
                k: a for k, a in found.accounts(task.week).items() if a.branch == task.branch
            }
            cut = recording.cuts(accounts, now.definitions, task.places)
            if not assessed:
                text = _("{listed} of {members} listed")
                task.unassessed = True
                task.remarks.append(text.format(listed=members - unlisted, members=members))
            if recording.is_submitted_late(now, batches, batch):
                task.remarks.append(_("late"))
            if recording.is_pending(now, batch):
                task.remarks.append(_("pending, the week is closed"))
            if cut:
                task.remarks.append(_("{count} cut").format(count=len(cut.rows)))
            if alerts := sum(bool(standing.alert) for standing in found.ranking.standings):
                text = many("{count} alert", "{count} alerts", alerts)
                task.remarks.append(text.format(count=alerts))
            return
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
        if assessed:
            people = recording.people(now, found, task.week, task.branch)
            said += _(". {people}.").format(people=people)
        view = recording.report(now, title, said, found, task.week, task.branch, task.places)
        if not assessed:
            view.line()
            text = _(
                "{branch} is not assessed yet: the sheet lists {listed} of its {members} people and does not say that it is the branch's. Once all is in: qibi score --no-events --branch {id} --week {week}"
            )
            view.line(
                text.format(
                    branch=phrases.branch(now.definitions, task.branch),
                    listed=members - unlisted,
                    members=members,
                    id=task.branch,
                    week=task.week,
                ),
                "yellow",
            )
        now.console.show(view)
        if not self.dry_run:
            recording.say_closed(now, batch)
            recording.say_late(now, batches, batch)


def _advice() -> str:
    return _(
        "a mistake? correct the sheet and run the same command again: only the difference is recorded"
    )


def sheet_files(session: Session, paths: Sequence[str]) -> list[str]:
    """The sheets that paths name: files, those of a folder, those that a pattern matches; each once.

    Raises `Refusal` for a folder or a pattern without any.
    """
    found: list[str] = []
    for path in paths:
        place = session.around.folder / path
        if path == "-" or place.is_file():
            found.append(path)
        elif place.is_dir():
            found += _sheets_below(session, path)
        elif re.search(r"[*?\[]", path) and not place.exists():
            # Path.glob takes no absolute pattern.
            matched = sorted(glob(path, root_dir=session.around.folder))  # noqa: PTH207  (as said)
            if not matched:
                message = _("no file matches {pattern}").format(pattern=path)
                raise Refusal(message, _("check the name and the folder"))
            for name in matched:
                folder = (session.around.folder / name).is_dir()
                found += _sheets_below(session, name) if folder else [name]
        else:
            found.append(path)  # what is wrong with it is told when it is read
    return list(dict.fromkeys(found))


def _sheets_below(session: Session, path: str) -> list[str]:
    """The sheets in a folder, in the order of their names; what else is there is told."""
    sheets: list[str] = []
    others: list[str] = []
    children = (session.around.folder / path).iterdir()
    for child in sorted(
        children, key=lambda c: [int(t) if t.isdecimal() else t for t in re.split(r"(\d+)", c.name)]
    ):
        if child.name.startswith((".", "~$")):
            continue  # what the system and spreadsheet programs leave
        known = child.is_file() and child.suffix.lower() in _ENDINGS
        (sheets if known else others).append(child.name)
    if others:
        text = _("{path}: not sheets, not read: {names}")
        session.console.say(text.format(path=path, names=phrases.places(others)), "dim")
    if not sheets:
        message = _("there is no sheet in {path}").format(path=path)
        raise Refusal(
            message, _("sheets are files named {endings}").format(endings=" ".join(_ENDINGS))
        )
    return [str(PurePath(path) / name) for name in sheets]


# What a sheet that is submitted again changes, in words: a line for each row that differs.


def change_text(
    session: Session, before: Score | Exempt | None, after: Score | Exempt | None
) -> str:
    """A new, gone or changed row."""
    definitions = session.definitions

    def said(entry: Score | Exempt) -> str:
        text = phrases.entry_what(definitions, entry)
        return f"{text} ({entry.note})" if isinstance(entry, Score) and entry.note else text

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

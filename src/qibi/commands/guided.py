"""Guided entry: `qibi score` without arguments, by question and answer on a terminal.

What is answered is a list of draft entries, which can be corrected until it is recorded as one batch.
Nothing is written before; who leaves is told what was not recorded.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from qibi.base import points
from qibi.base.findings import Refusal
from qibi.base.language import _, clauses, current, many
from qibi.base.text import narrowed, plain_digits
from qibi.book import lookup
from qibi.book.definitions import Criterion, Definitions
from qibi.cli import phrases, recording
from qibi.cli.console import NO, YES
from qibi.cli.dialogue import Back, Dialogue, Option, label_option
from qibi.cli.recording import (
    Outcome,
    ask_branch,
    ask_week,
    must_live,
    oldest_open_week,
    say_few,
)
from qibi.cli.session import Session
from qibi.ledger.admission import EXEMPT_WORDS, DraftEntry, Stamp, admit, not_there
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import Entry, Score
from qibi.ledger.pricing import price_text, veto_text

_DONE = ("", "q", "完")
_HINT = "[y/n]"
_FIELDS = ("subject", "item", "points", "count", "evidence", "note", "approved_by")


def guided(
    session: Session, who: str, week: str | None, branch: str | None, dry_run: bool
) -> Outcome:
    """Ask for a branch's week, entry by entry, and record it as one batch."""
    if not session.around.on_terminal:
        raise Refusal(
            _("nothing to record: no sheet, no -e, and nobody to ask"),
            _("qibi score SHEET, qibi score -e ENTRY, or qibi score --no-events"),
        )
    dialogue = Dialogue(session.console)
    own = session.definitions.branch_of(who, session.week(None))
    asked_branch = session.find_branch(branch) if branch else own or ask_branch(session)
    asked_week = (
        session.past_week(week)
        if week
        else ask_week(session, oldest_open_week(session, asked_branch))
    )
    must_live(session, asked_branch, asked_week)
    guide = _Guide(session, dialogue, session.stamp(asked_week, asked_branch, who))
    try:
        agreed = guide.collect()
    except (KeyboardInterrupt, EOFError):
        guide.say_not_recorded()
        raise
    if not agreed:
        session.console.say(_("nothing was recorded"))
        return Outcome(False, ((asked_week, asked_branch),) if guide.assessed else ())
    return guide.record(dry_run)


class _Unwanted(Exception):
    """The entry that is being asked for is to be dropped."""


class _Guide:
    """The questions about one branch and week, and the entries that came of them so far."""

    def __init__(self, session: Session, dialogue: Dialogue, stamp: Stamp) -> None:
        self.session, self.dialogue, self.stamp = session, dialogue, stamp
        self.definitions = session.definitions
        scheme = self.definitions.scheme(stamp.week)
        assert scheme is not None
        self.scheme = scheme
        self.drafts: list[DraftEntry] = []
        self.listed: set[str | None] = set()  # the kinds of subject whose criteria were shown
        self.begun = DraftEntry("", "")  # what is answered of the entry being asked for
        with session.without(
            recording.interrupted(session, stamp.week)
        ):  # it may be this one again
            batches = recording.standing_batches(session, stamp.week)
        self.assessed = recording.is_assessed(batches, stamp.week, stamp.branch)
        self.before = sum(e.branch == stamp.branch for _key, e in Index(batches).live(Score))

    # The list: adding, correcting, agreeing to it.

    def collect(self) -> bool:
        """Ask until the list is agreed to, or not."""
        say = self.session.console.say
        place = phrases.branch(self.definitions, self.stamp.branch)
        say(f"{place}  {phrases.week(self.stamp.week)}", "bold")
        if self.before:
            text = many(
                "{count} entry is recorded already: qibi log --week {week} --branch {branch}",
                "{count} entries are recorded already: qibi log --week {week} --branch {branch}",
                self.before,
            )
            stamp = self.stamp
            say(text.format(count=self.before, week=stamp.week, branch=stamp.branch), "yellow")
        self.dialogue.show(self._people())
        say(
            _("a number, a name or a part of one; ? helps, < goes back, an empty line ends"),
            "dim",
        )
        while True:
            with suppress(_Unwanted):
                draft = self._entry(DraftEntry("", ""))
                if draft is not None:
                    self._add(draft)
                elif (answer := self._review()) is not None:
                    return answer

    def _add(self, draft: DraftEntry) -> None:
        if draft in self.drafts:
            text = _("the same as line {number}; if it is one event, drop it: -{last}")
            number, last = self.drafts.index(draft) + 1, len(self.drafts) + 1
            self.session.console.say(text.format(number=number, last=last), "yellow")
        self.drafts.append(draft)
        self.session.console.say(f"  + {self._described(draft)}", "green")

    def _review(self) -> bool | None:
        """Show the list and ask; None to go on adding."""
        console, lines = self.session.console, len(self.drafts)
        if self.assessed and not lines:
            return False
        if self.assessed:
            question = _("record the list?")
        elif lines:
            question = _("record the list, and the {branch} as assessed?")
        else:
            question = _("nothing to report: record the {branch} as assessed?")
        question = question.format(branch=self.definitions.word("branch", _("branch")))
        explain = _("y records, n does not; 2 changes line 2, -2 drops it, + adds one")
        self._list()
        if lines:
            console.say(explain, "dim")
        while True:
            # No default: an empty line has just ended the entries, and a second one may be a slip.
            answer = narrowed(console.ask(f"{question} {_HINT}", explain, topic="y/n")).lower()
            number = plain_digits(answer.removeprefix("-"))
            if answer in YES:
                return True
            if answer in NO:
                return False
            if answer in ("+", "<", "《", "〈"):
                return None
            if not (number.isdecimal() and len(number) < 6 and 1 <= int(number) <= lines):
                console.say(explain, "dim")
                continue
            at = int(number) - 1
            if answer.startswith("-"):
                console.say(f"  - {self._described(self.drafts.pop(at))}")
            else:
                with suppress(_Unwanted):
                    self.drafts[at] = self._entry(self.drafts[at]) or self.drafts[at]
            return self._review()

    def _list(self) -> None:
        digits = len(str(len(self.drafts)))
        for number, draft in enumerate(self.drafts, 1):
            self.session.console.say(f"  {number:>{digits}} {self._whole(draft)}")

    def say_not_recorded(self) -> None:
        """What was answered and is in no ledger, so that it can be entered again."""
        if not self.drafts and not self.begun.item:
            return
        if not self.session.console.reader:
            self.session.console.say("")  # the line of the last question has no end
        self.session.console.say(_("not recorded:"), "yellow")
        self._list()
        if self.begun.item:
            text = _("{entry} (not finished)").format(entry=self._whole(self.begun))
            self.session.console.say(f"  {text}")

    def _described(self, draft: DraftEntry) -> str:
        """An entry in a few words, a veto named as such."""
        entries = admit(self.definitions, self.stamp, draft)[0]
        if entries:
            said = phrases.entry_text(self.definitions, entries[0])
        else:
            said = f"{phrases.distinct(self.definitions, draft.subject)}  {self._title(draft.item)}"
        item = self.scheme.item(draft.item)
        veto = veto_text(item) if item else ""
        return f"{said}  " + _("veto: {vetoes}").format(vetoes=veto) if veto else said

    def _whole(self, draft: DraftEntry) -> str:
        """The same with its evidence, note and approval."""
        parts = [self._described(draft), draft.evidence, draft.note]
        if draft.approved_by:
            name = phrases.distinct(self.definitions, draft.approved_by)
            parts.append(_("approved by {name}").format(name=name))
        return "  ".join(filter(None, parts))

    def _title(self, key: str) -> str:
        thing = self.scheme.item(key) or self.scheme.criterion(key)
        return str(thing.name) if thing else key

    # One entry: a question a field, each asked again until its answer may be recorded.

    def _entry(self, draft: DraftEntry) -> DraftEntry | None:
        """Ask for one entry, or for a change of one; None where there is none, `_Unwanted` to drop it."""
        found = self._asked_for(draft)
        self.begun = DraftEntry("", "")
        return found

    def _asked_for(self, draft: DraftEntry) -> DraftEntry | None:
        changes, at = bool(draft.subject), 0
        while at < len(_FIELDS):
            field = _FIELDS[at]
            if not changes:
                self.begun = draft
            if not self._is_asked(field, draft):
                draft, at = _with(draft, field, ""), at + 1
                continue
            try:
                answer = self._answer(field, draft)
            except Back:
                earlier = [n for n in range(at) if self._is_asked(_FIELDS[n], draft)]
                if not earlier:
                    return None
                at = earlier[-1]
                continue
            if answer is None:
                return None
            if field == "item" and answer != draft.item:  # its price is another
                draft = replace(draft, points="", count="")
            tried = _with(draft, field, answer)
            problems = admit(self.definitions, self.stamp, tried)[1]
            if mine := [message for name, message in problems if name == field]:
                for message in mine:
                    self.session.console.problem(message)
                continue
            draft, at = tried, at + 1
            item = self.scheme.item(answer) if field == "item" else None
            if item and (veto := veto_text(item)):
                self.session.console.say(_("veto: {vetoes}").format(vetoes=veto), "yellow")
        return draft

    def _is_asked(self, field: str, draft: DraftEntry) -> bool:
        item = self.scheme.item(draft.item)
        if field in ("subject", "item"):
            return True
        if draft.exempts:
            return False
        if field == "points":
            return item is None or item.fixed is None
        if field == "count":
            return item is not None and bool(item.per)
        if field == "evidence":
            return item is not None and item.evidence
        if field == "note":
            return item is not None
        without = replace(draft, approved_by="")
        return any(name == field for name, _m in admit(self.definitions, self.stamp, without)[1])

    def _answer(self, field: str, draft: DraftEntry) -> str | None:
        """What is answered to a field's question; None to end, raises `Back`."""
        ask, given = self.dialogue.ask, getattr(draft, field)
        item = self.scheme.item(draft.item)
        if field == "subject":
            return self._subject(given)
        if field == "item":
            return self._item(draft)
        if field == "approved_by":
            question = _("approved by? (q drops this entry)")
            found = ask_approver(
                self.dialogue, self.definitions, self.stamp, draft, question, _DONE[1:]
            )
            if not found:
                raise _Unwanted
            return found
        if field == "points" and item is None:
            criterion = self.scheme.criterion(draft.item)
            assert criterion is not None
            explain = _("the score, {limits}; with + or - the difference from {base}").format(
                limits=_limits(criterion), base=points.show(criterion.base)
            )
            return ask(
                _("score ({limits})?").format(limits=_limits(criterion)),
                explain,
                default=given,
                topic="score",
            )
        if field == "points":
            assert item is not None
            explain = _("what it gives: {worth}").format(worth=price_text(item))
            question = _("points ({worth})?").format(worth=price_text(item))
            return ask(question, explain, default=given, topic="points")
        if field == "count":
            assert item is not None
            explain = (
                _("the number of days; an empty line is 1")
                if item.per == "day"
                else _("how many times it happened this week; an empty line is 1")
            )
            question = _("how often?") if given else _("how often? [1]")
            return ask(question, explain, default=given, topic="count")
        if field == "evidence":
            explain = _("what shows it: a photo's or notice's number, a letter; several with ;")
            return ask(_("evidence?"), explain, default=given, topic="evidence")
        explain = _("a few words that are kept with the entry and shown with it")
        return ask(_("note? (may stay empty)"), explain, default=given, topic="note")

    def _people(self) -> list[Option]:
        """The subjects of the branch in this week that the scheme scores."""
        kinds = {kind for criterion in self.scheme.criteria for kind in criterion.applies_to}
        keys = [m.id for m in self.definitions.members_of(self.stamp.branch, self.stamp.week)]
        keys += [*self.definitions.cp_spans, self.stamp.branch]
        return [
            subject_option(self.definitions, key)
            for key in dict.fromkeys(keys)
            if self.definitions.kind(key) in kinds
            and not_there(self.definitions, self.stamp, key) is None
        ]

    def _subject(self, given: str) -> str | None:
        def unknown(text: str) -> str:
            try:
                found = lookup.subject(
                    self.definitions, text, week=self.stamp.week, branch=self.stamp.branch
                )
            except lookup.NotFound as error:
                return str(error)
            elsewhere = not_there(self.definitions, self.stamp, found)
            return elsewhere or _("the scheme scores nothing of {name}").format(
                name=self.definitions.title(found)
            )

        people = self._people()
        explain = _("who it is about: number, id, name or part of it; an empty line ends")
        found = self.dialogue.choose(
            _("who?"),
            people,
            explain,
            unknown,
            default=given,
            words=_DONE,
            listed=people,
        )
        return None if found in _DONE else found

    def _item(self, draft: DraftEntry) -> str:
        kind = self.definitions.kind(draft.subject)
        criteria = [c for c in self.scheme.criteria if kind in c.applies_to]

        def unknown(text: str) -> str:
            try:
                key = lookup.item(self.scheme, text).id
            except lookup.NotFound as error:
                return str(error)
            tried = DraftEntry(draft.subject, key)
            problems = admit(self.definitions, self.stamp, tried)[1]
            return clauses([message for name, message in problems if name == "item"])

        leave = EXEMPT_WORDS[0] if current() == "zh" else "leave"
        options = [_criterion_option(criterion) for criterion in criteria]
        options.append(Option(leave, (leave,), _("exempt this week: no score, no place")))
        explain = _(
            "a criterion shows its items; an item by number, name or id; an empty line drops it"
        )
        if kind not in self.listed:
            self.dialogue.show(options)
            self.listed.add(kind)
        found = self.dialogue.choose(
            _("what happened?"),
            options,
            explain,
            unknown,
            default=draft.item,
            words=(*_DONE, *EXEMPT_WORDS),
            listed=options,
        )
        if found in _DONE:
            raise _Unwanted
        return found

    # Recording.

    def record(self, dry_run: bool) -> Outcome:
        """Record the list as it is, and the branch as assessed."""
        session, week, branch = self.session, self.stamp.week, self.stamp.branch
        stamp = session.stamp(week, branch, self.stamp.recorded_by)
        entries: list[Entry] = [
            e for d in self.drafts for e in admit(self.definitions, stamp, d)[0]
        ]

        def plan(batches: list[Batch]) -> list[Entry]:
            if recording.is_assessed(batches, week, branch):
                return entries
            first = recording.assessed_entry(session, week, branch, stamp.recorded_by)
            return [first, *entries]

        place = ((week, branch),)
        done = recording.record(session, week, branch, plan, dry_run)
        if done is None:
            session.console.say(_("nothing was recorded"))
            return Outcome(False, place)
        say_few(session, week, branch, done, dry_run)
        if not dry_run:
            recording.say_late(session, done.before, done.batch)
        return Outcome(not dry_run, place)


def _with(draft: DraftEntry, field: str, text: str) -> DraftEntry:
    changes: dict[str, Any] = {field: text}
    return replace(draft, **changes)


def subject_option(definitions: Definitions, key: str) -> Option:
    """A subject to choose."""
    return label_option(key, definitions.label(key))


def _criterion_option(criterion: Criterion) -> Option:
    short = criterion.short.zh, criterion.short.en
    if criterion.direct:
        said = _("score ({limits})").format(limits=_limits(criterion))
        return label_option(criterion.id, criterion.name, *short, about=said)
    items = []
    for item in criterion.items:
        veto = veto_text(item)
        said = _("veto: {vetoes}").format(vetoes=veto) if veto else price_text(item)
        items.append(label_option(item.id, item.name, item.id.rpartition(".")[2], about=said))
    said = many("{count} item", "{count} items", len(items)).format(count=len(items))
    return label_option(criterion.id, criterion.name, *short, about=said, within=tuple(items))


def _limits(criterion: Criterion) -> str:
    return f"{points.show(criterion.min)}–{points.show(criterion.max)}"


def ask_approver(
    dialogue: Dialogue,
    definitions: Definitions,
    stamp: Stamp,
    draft: DraftEntry,
    question: str,
    drops: Sequence[str],
) -> str:
    """Ask who approved an entry that needs it; empty for an answer of `drops`, raises `Back`."""

    def why(text: str) -> str:
        tried = replace(draft, approved_by=text)
        problems = admit(definitions, stamp, tried)[1]
        return clauses([message for name, message in problems if name == "approved_by"])

    wrong = why(draft.approved_by)
    dialogue.console.problem(wrong or why(""))
    others = {draft.subject, stamp.recorded_by}
    options: list[Option] = []
    for branch in definitions.branches:
        members = definitions.members_of(branch.id, stamp.week)
        people = tuple(subject_option(definitions, m.id) for m in members if m.id not in others)
        if branch.id == stamp.branch:
            options[:0] = people
        elif people:
            options.append(label_option(branch.id, branch.name, within=people))
    found = dialogue.choose(
        question,
        options,
        _("a member who is neither the scorer nor the one scored"),
        why,
        default="" if wrong else draft.approved_by,
        words=drops,
        topic="approved by",
    )
    return "" if found in drops else found

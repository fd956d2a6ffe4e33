"""Guided entry: `qibi score` without arguments, by question and answer on a terminal.

Nothing is written until the last question is answered; an interruption loses nothing recorded.
"""

from collections.abc import Sequence
from dataclasses import replace

from qibi.base import points
from qibi.base.findings import Refusal
from qibi.base.language import _, many
from qibi.book import lookup
from qibi.book.definitions import Criterion, Item, Scheme
from qibi.cli import phrases, recording
from qibi.cli.recording import (
    Outcome,
    ask_branch,
    ask_week,
    describe,
    must_live,
    oldest_open_week,
    say_few,
)
from qibi.cli.session import Session
from qibi.ledger.admission import DraftEntry, Stamp, admit, not_there
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, Score
from qibi.ledger.pricing import price_text

_DONE = ("", "q", "完")


def guided(
    session: Session, who: str, week: str | None, branch: str | None, dry_run: bool
) -> Outcome:
    """Ask for a branch's week, entry by entry, and record it as one batch."""
    if not session.around.on_terminal:
        raise Refusal(
            _("nothing to record: no sheet, no -e, and nobody to ask"),
            _("qibi score SHEET, qibi score -e ENTRY, or qibi score --no-events"),
        )
    own = session.definitions.branch_of(who, session.week(None))
    asked_branch = session.find_branch(branch) if branch else own or ask_branch(session)
    asked_week = (
        session.past_week(week)
        if week
        else ask_week(session, oldest_open_week(session, asked_branch))
    )
    must_live(session, asked_branch, asked_week)
    scheme = session.definitions.scheme(asked_week)
    assert scheme is not None
    stamp = session.stamp(asked_week, asked_branch, who)
    title = f"{phrases.branch(session.definitions, asked_branch)}  {phrases.week(asked_week)}"
    session.console.say(title, "bold")
    _say_members(session, asked_branch, asked_week)
    session.console.say(
        _("? lists the criteria, a criterion's name its items; an empty line ends"), "dim"
    )
    entries: list[Entry] = []
    while (answer := _subject(session, stamp)) is not None:
        entries += _entry(session, scheme, stamp, answer)
    return _finish(session, stamp, entries, dry_run)


def _say_members(session: Session, branch: str, week: str) -> None:
    names = [session.definitions.title(m.id) for m in session.definitions.members_of(branch, week)]
    session.console.say("  ".join(names))


def _subject(session: Session, stamp: Stamp) -> str | None:
    """Who the next entry is about; None when there are no more."""
    while True:
        text = session.console.ask(_("who?"))
        if text in _DONE:
            return None
        try:
            found = lookup.subject(session.definitions, text, week=stamp.week, branch=stamp.branch)
        except lookup.NotFound as error:
            session.console.problem(str(error))
            continue
        elsewhere = not_there(session.definitions, stamp, found)
        if elsewhere is None:
            return found
        session.console.problem(elsewhere)


def _item(session: Session, scheme: Scheme, subject: str) -> str | None:
    """What happened; None to go back."""
    kind = session.definitions.kind(subject)
    criteria = [c for c in scheme.criteria if kind in c.applies_to]
    while True:
        text = session.console.ask(_("what happened?"))
        if text in _DONE:
            return None
        asks = text.startswith(("?", "？"))
        text = text.lstrip("?？ ")
        if not text:
            _say_criteria(session, criteria)
            continue
        if not asks and DraftEntry("x", text).exempts:
            return text
        try:
            listed = _criterion(scheme, text)
            if listed and (asks or not _names_item(scheme, text)):
                _say_items(session, listed)
                continue
            return lookup.item(scheme, text).id
        except lookup.NotFound as error:
            session.console.problem(str(error))


def _criterion(scheme: Scheme, text: str) -> Criterion | None:
    """The criterion with items that a text names whole."""
    try:
        found = scheme.criterion(lookup.criterion(scheme, text))
    except lookup.NotFound:
        return None
    return found if found and found.items else None


def _names_item(scheme: Scheme, text: str) -> bool:
    """Whether a text names an item whole, too."""
    try:
        lookup.item(scheme, text, partial=False)
    except lookup.NotFound:
        return False
    return True


def _say_criteria(session: Session, criteria: Sequence[Criterion]) -> None:
    for criterion in criteria:
        if criterion.direct:
            said = _("score ({limits})").format(limits=_limits(criterion))
        else:
            count = len(criterion.items)
            said = many("{count} item", "{count} items", count).format(count=count)
        session.console.say(f"  {criterion.name}  {said}")


def _say_items(session: Session, criterion: Criterion) -> None:
    for item in criterion.items:
        session.console.say(f"  {criterion.name}  {item.name}  {price_text(item)}")


def _limits(criterion: Criterion) -> str:
    return f"{points.show(criterion.min)}–{points.show(criterion.max)}"


def _entry(session: Session, scheme: Scheme, stamp: Stamp, subject: str) -> list[Entry]:
    """Ask for the rest of one entry; what is refused is asked again, an approval by itself."""
    while True:
        item = _item(session, scheme, subject)
        if item is None:
            return []
        draft = _draft(session, scheme, subject, item)
        entries, problems = admit(session.definitions, stamp, draft)
        while problems and all(field == "approved_by" for field, _message in problems):
            for _field, message in problems:
                session.console.problem(message)
            approver = session.console.ask(_("approved by? (q drops this entry)"))
            if approver in _DONE[1:]:
                return []
            draft = replace(draft, approved_by=approver)
            entries, problems = admit(session.definitions, stamp, draft)
        if not problems:
            for entry in entries:
                session.console.say("  + " + describe(session.definitions, entry), "green")
            return list(entries)
        for _field, message in problems:
            session.console.problem(message)


def _draft(session: Session, scheme: Scheme, subject: str, item: str) -> DraftEntry:
    found = scheme.item(item)
    if found is None:
        criterion = scheme.criterion(item)
        if criterion is None:
            return DraftEntry(subject, item, partial=True)
        question = _("score ({limits})?").format(limits=_limits(criterion))
        return DraftEntry(subject, item, points=session.console.ask(question))
    return DraftEntry(
        subject,
        item,
        points=_choice(session, found),
        count=session.console.ask(_("how often? [1]")) if found.per else "",
        evidence=session.console.ask(_("evidence?")) if found.evidence else "",
        note=session.console.ask(_("note? (may stay empty)")),
    )


def _choice(session: Session, item: Item) -> str:
    if item.fixed is not None:
        return ""
    return session.console.ask(_("points ({worth})?").format(worth=price_text(item)))


def _finish(session: Session, stamp: Stamp, entries: list[Entry], dry_run: bool) -> Outcome:
    place = ((stamp.week, stamp.branch),)
    count = sum(isinstance(e, Score) for e in entries)
    text = many(
        "record {count} entry and the {branch} as assessed?",
        "record {count} entries and the {branch} as assessed?",
        count,
    )
    word = session.definitions.word("branch", _("branch"))
    if not session.console.confirm(text.format(count=count, branch=word)):
        session.console.say(_("nothing was recorded"))
        return Outcome(False)

    def plan(batches: list[Batch]) -> list[Entry]:
        if recording.is_assessed(batches, stamp.week, stamp.branch):
            return entries
        first = recording.assessed_entry(session, stamp.week, stamp.branch, stamp.recorded_by)
        return [first, *entries]

    done = recording.record(session, stamp.week, stamp.branch, plan, dry_run)
    if done is None:
        session.console.say(_("nothing was recorded"))
        return Outcome(False, place)
    say_few(session, stamp.week, stamp.branch, done, dry_run)
    if not dry_run:
        recording.say_late(session, done.before, done.batch)
    return Outcome(not dry_run, place)

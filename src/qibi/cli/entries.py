"""Single entries: reading `-e`, finding an entry by its id, and recording a few at once."""

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qibi.base import points
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, listing
from qibi.base.text import is_numeric
from qibi.book import lookup
from qibi.book.definitions import Definitions
from qibi.cli import phrases, recording
from qibi.cli.session import Session
from qibi.ledger import amounts
from qibi.ledger.admission import admit
from qibi.ledger.batches import Batch, batch_names, each_of_week, weeks_with_batches
from qibi.ledger.entries import Entry, Exempt, Score, Void
from qibi.ledger.voids import cancelled_entries
from qibi.ledger.wish import Wish, wish_of
from qibi.scoring.account import Behind

_TIMES = ("x", "X", "×", "*", "ｘ", "＊")


def parse_wish(definitions: Definitions, week: str, text: str, extra: dict[str, str]) -> Wish:
    """What `SUBJECT ITEM [xN] [POINTS] [note]` asks for; raises `NotFound`, or ValueError for bad quotes.

    Subject and item are the longest runs of words that name one.
    """
    words = shlex.split(text)
    if len(words) < 2:
        raise lookup.NotFound(_('write it as "SUBJECT ITEM [xN] [POINTS] [note]"'))
    subject, words = _longest(words, lambda t: lookup.subject(definitions, t, week=week))
    scheme = definitions.scheme(week)
    if scheme is None:
        raise lookup.NotFound(_("no scheme is in force in {week}").format(week=week))
    if words and Wish(subject, words[0]).exempts:
        return Wish(subject, words[0], note=" ".join(words[1:]), partial=True)
    if not words:
        raise lookup.NotFound(_("no item is named; write what happened"))
    item, words = _longest(words, lambda t: lookup.item(scheme, t).id)
    count = points = ""
    while words:
        if words[0] in _TIMES and len(words) > 1:
            words = [words[0] + words[1], *words[2:]]
        text = words[0]
        try:
            given = amounts.parse(text)
        except amounts.NotAnAmount as error:
            if _meant_as_amount(text):
                raise lookup.NotFound(str(error)) from None
            break
        if given.unit == "count" and not count and not amounts.is_tick(text):
            count = text
        elif given.unit != "count" and not points:
            points = text
        else:
            break
        words = words[1:]
    said = {"subject": subject, "item": item, "points": points, "count": count}
    return wish_of({**said, "note": " ".join(words), **extra})


def _meant_as_amount(text: str) -> bool:
    """Whether a word that is no amount was meant as one: `x1.5`, `x-2`, `x½`; a note begins otherwise."""
    rest = amounts.plain(text[1:])
    if text[0] in _TIMES:
        return is_numeric(rest) or rest[:1] in tuple("0123456789+-.−")
    return is_numeric(text) or re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?%?", text) is not None


def _longest(words: list[str], find: Any) -> tuple[str, list[str]]:
    """The id that the longest leading run of words names, and the words after it."""
    error: lookup.NotFound | None = None
    for end in range(min(len(words), 6), 0, -1):
        try:
            return find(" ".join(words[:end])), words[end:]
        except lookup.Ambiguous:
            raise
        except lookup.NotFound as problem:
            error = problem
    assert error is not None
    raise error


def record_entries(
    now: Session,
    who: str,
    texts: Sequence[str],
    week: str | None,
    branch: str | None,
    extra: dict[str, str],
    dry_run: bool,
    milestone: str = "",
) -> recording.Outcome:
    """Record single entries, one batch a branch; all of them or none.

    With a `milestone` (TASK/MILESTONE) it is one entry, and the points are that milestone's.
    """
    from qibi.cli.score_target import Target

    if week is None and not now.around.on_terminal:
        raise Refusal(_("which week?"), _("name it: --week 2026-W41"), 1)
    asked_branch = now.find_branch(branch) if branch else None
    if week is None:
        from qibi.cli.settle import ask_week, oldest_open_week

        asked = ask_week(now, oldest_open_week(now, asked_branch))
    else:
        asked = now.past_week(week)
    findings: list[Finding] = []
    by_branch: dict[str, list[Entry]] = {}
    target: Target | None = None
    for number, text in enumerate(texts, 1):
        line = number if len(texts) > 1 else 0
        try:
            wish = parse_wish(now.definitions, asked, text, extra)
        except (lookup.NotFound, ValueError) as error:
            findings.append(Finding("-e", line, message=str(error), shown=text))
            continue
        if milestone:
            target = Target(now, asked, wish, milestone)
            wish = target.wish
        place = asked_branch or now.definitions.branch_of(wish.subject, asked)
        if place is None:
            name = now.definitions.title(wish.subject)
            message = _("{name} is in no branch in {week}").format(name=name, week=asked)
            findings.append(Finding("-e", line, message=message, shown=text))
            continue
        entries, problems = admit(now.definitions, now.stamp(asked, place, who), wish)
        findings += [
            Finding("-e", line, message=message, shown=text) for _field, message in problems
        ]
        by_branch.setdefault(place, []).extend(target.bound(entries) if target else entries)
    if findings:
        raise Faults(findings)
    for place, entries_there in by_branch.items():
        must = target.must_be_unscored if target else None
        write_few(now, asked, place, entries_there, dry_run, must)
    if target:
        target.say_difference()
    if target and dry_run:  # the plan would propose the very same
        return recording.Outcome(False)
    return recording.Outcome(not dry_run, tuple((asked, place) for place in by_branch))


def write_few(
    now: Session,
    week: str,
    branch: str,
    entries: Sequence[Entry],
    dry_run: bool,
    must: Callable[[], None] | None = None,
    files: Callable[[], None] = lambda: None,
) -> None:
    """Write a small batch and say what it came to for whom it is about.

    `must` raises `Refusal`, under the lock, where what stands by then forbids it. `files` writes what
    the batch names, before it.
    """

    def plan(_batches: list[Batch]) -> Sequence[Entry]:
        if must:
            must()
        return entries

    if done := recording.record(now, week, branch, plan, dry_run, files=files):
        say_few(now, week, branch, done, dry_run)


def say_few(now: Session, week: str, branch: str, done: recording.Recorded, dry_run: bool) -> None:
    """What was recorded, and the totals of those it is about, before and after."""
    before, batch = done.before, done.batch
    about = _about(before, batch)
    after = recording.standings_of(now, week, branch, [*before, batch])
    earlier = recording.standings_of(now, week, branch, before)
    view = recording.report(
        now,
        "  ".join([phrases.branch(now.definitions, branch), phrases.week(week)]),
        (_("would record {what}") if dry_run else _("recorded {what}, batch {batch}")).format(
            what=recording.tally(batch.entries), batch=batch.digest[:4]
        ),
        after,
        week,
        branch,
        {(e.subject, e.item): [] for e in about if isinstance(e, Score)},
    )
    old, new = _totals(earlier, week), _totals(after, week)
    assessed = recording.is_assessed([*before, batch], week, branch)
    none, exempt = phrases.reason("unscored"), phrases.reason("exempt")
    for subject in dict.fromkeys(s for e in about if (s := getattr(e, "subject", None))):
        name = now.definitions.title(subject)
        then, now_is = old.get(subject, none), new.get(subject, none)
        if then == now_is == exempt:
            text = _("{name} is exempt in {week}: this counts for nothing")
            view.line(text.format(name=name, week=week), "yellow")
        elif assessed or then != now_is:
            text = _("{name}: {before} -> {after}")
            view.line(text.format(name=name, before=then, after=now_is))
    if not assessed:
        view.line(
            _("{branch} is not assessed for {week} yet: this counts once it is").format(
                branch=phrases.branch(now.definitions, branch), week=week
            ),
            "yellow",
        )
    now.console.show(view)
    if not dry_run:
        recording.say_closed(now, batch)


def _about(before: list[Batch], batch: Batch) -> list[Entry]:
    """A batch's entries, and those that it voids."""
    voided = {e.entry for e in batch.entries if isinstance(e, Void)}
    gone = [e for b in before for key, e in b.numbered() if key in voided]
    return [*gone, *batch.entries]


def _totals(found: Behind, week: str) -> dict[str, str]:
    """Subject: its total; or that it is exempt."""
    cancelled = cancelled_entries(found.batches)
    exempt = [
        e.subject
        for batch in found.batches
        for key, e in (batch.numbered() if batch.week == week else ())
        if isinstance(e, Exempt) and key not in cancelled
    ]
    totals = {key: points.show(a.total) for key, a in found.accounts(week).items()}
    return dict.fromkeys(exempt, phrases.reason("exempt")) | totals


def find_entry(now: Session, text: str) -> tuple[Batch, int, Entry]:
    """The entry that an id, or a unique prefix of one, names; raises `Refusal`."""
    found = re.fullmatch(r"([0-9a-f]{4,16})\.([0-9]{1,9})", text.strip().lower())
    if not found:
        raise Refusal(
            _("'{text}' is not an entry's id").format(text=text),
            _("it looks like 9c41.24; 'qibi log' and 'qibi show' list them"),
            1,
        )
    digest, number = found[1], int(found[2])
    now.definitions  # noqa: B018  (what stands in the way of reading the book is told first)
    batches = find_batches(now.root, digest)
    if len(batches) > 1:
        named = listing([f"{b.digest}.{number} ({b.branch} {b.week})" for b in batches[:4]])
        raise Refusal(
            _("'{text}' may be {options}").format(text=text, options=named),
            _("write more of its digits"),
            1,
        )
    if not batches or not 1 <= number <= len(batches[0].entries):
        raise Refusal(
            _("there is no entry '{text}'").format(text=text), _("'qibi log' lists them"), 1
        )
    return batches[0], number, batches[0].entries[number - 1]


def find_batches(root: Path, digest: str) -> list[Batch]:
    """The batches whose digest begins so; raises `Faults` where one of them is damaged."""
    found = []
    for week in weeks_with_batches(root):
        if any(name.rsplit("-", 1)[-1].startswith(digest) for name in batch_names(root, week)):
            for batch in each_of_week(root, week):
                if not isinstance(batch, Batch):
                    raise Faults(batch)
                if batch.digest.startswith(digest):
                    found.append(batch)
    return found


def may_be_live(now: Session, batch: Batch, number: int) -> None:
    """As `must_be_live`, but for what interrupted commands left: this may be one of them again."""
    with now.without(recording.interrupted(now, batch.week)):
        must_be_live(now, batch, number)


def must_be_live(now: Session, batch: Batch, number: int) -> None:
    """Raises `Refusal` where the entry is a void, or void already."""
    key = f"{batch.digest}.{number}"
    entry = batch.entries[number - 1]
    if entry.__struct_config__.tag == "void":
        raise Refusal(
            _("{entry} is itself a void").format(entry=key[:4] + key[16:]),
            _("record what it cancelled anew: qibi score -e"),
            1,
        )
    if key in cancelled_entries(recording.standing_batches(now, batch.week)):
        raise Refusal(_("{entry} is void already").format(entry=key[:4] + key[16:]), code=1)


def describe(definitions: Definitions, entry: Entry) -> str:
    """An entry in a few words."""
    if isinstance(entry, Score):
        scheme = definitions.scheme(entry.week)
        thing = (scheme.item(entry.item) or scheme.criterion(entry.item)) if scheme else None
        times = f" x{entry.count}" if entry.count > 1 else ""
        what = f"{thing.name if thing else entry.item}{times} {points.signed(entry.hundredths)}"
        return f"{definitions.title(entry.subject)}  {what}"
    if isinstance(entry, Exempt):
        return f"{definitions.title(entry.subject)}  " + _("exempt ({note})").format(
            note=entry.note
        )
    tag = str(entry.__struct_config__.tag)
    return f"{tag}  {phrases.branch(definitions, entry.branch)}"

"""Warnings: what already stands in the ledger and breaks a rule of the book.

Each check is a plain function of a `Survey` and yields findings; its docstring is its explanation.
"""

from collections.abc import Iterator

from qibi.base import points
from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.book.definitions import Item
from qibi.checks.survey import Survey, finding
from qibi.ledger.admission import needs_approval
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Assessed, Exempt, Score, Void
from qibi.ledger.pricing import price_text
from qibi.scoring.unusable import why_unusable


def unusable(survey: Survey) -> Iterator[Finding]:
    """An entry counts for nothing: its subject or item is unknown, the item does not apply to the subject, the subject is not assessed, or the week has no scheme."""
    said = {
        "unknown-subject": _(
            "unknown subject '{subject}'; it counts for nothing: add them to branches/, or void it"
        ),
        "unknown-item": _(
            "unknown item '{item}' in the scheme of {week}; it counts for nothing: void it, or mend the scheme"
        ),
        "no-scheme": _("no scheme is in force in {week}; it counts for nothing"),
        "not-assessed": _(
            "'{subject}' is not assessed in {week}, so this counts for nothing: their {branch} is not in yet, or they are exempt"
        ),
        "wrong-kind": _("'{item}' does not apply to '{subject}'; it counts for nothing: void it"),
    }
    known: dict[tuple[str, str, str | None, bool], str | None] = {}
    for batch, number, _key, e in survey.scores:
        kind, _home, assessed = survey.stance(e.subject, e.week)
        alike = (e.week, e.item, kind, assessed)
        if alike not in known:
            known[alike] = why_unusable(survey.definitions, e.week, e.subject, e.item, assessed)
        if why := known[alike]:
            yield finding(
                batch,
                number,
                said[why].format(
                    subject=e.subject,
                    item=e.item,
                    week=e.week,
                    branch=survey.definitions.word("branch", _("branch")),
                ),
            )
    for batch, number, key, entry in survey.others:
        if (
            isinstance(entry, Exempt)
            and key not in survey.cancelled
            and survey.definitions.kind(entry.subject) is None
        ):
            yield finding(batch, number, said["unknown-subject"].format(subject=entry.subject))


def unknown_branch(survey: Survey) -> Iterator[Finding]:
    """A batch is of a branch that the book does not know, or that does not exist in that week."""
    for batch in survey.batches:
        found = survey.definitions.branch(batch.branch)
        if found is None:
            message = _(
                "unknown branch '{branch}'; add branches/{branch}.yaml, or void the entries"
            )
            yield Finding(batch.path, 1, message=message.format(branch=batch.branch))
        elif not found.alive(batch.week):
            message = _(
                "{branch} does not exist in {week}; look at since and until in branches/{id}.yaml"
            )
            yield Finding(
                batch.path,
                message=message.format(branch=found.name, week=batch.week, id=batch.branch),
            )


def foreign_branch(survey: Survey) -> Iterator[Finding]:
    """An entry stands in a batch of another branch than its subject's; it counts all the same."""
    exempt = [p for p in survey.others if isinstance(p[3], Exempt) and p[2] not in survey.cancelled]
    for batch, number, _key, e in (*survey.scores, *exempt):
        assert isinstance(e, Score | Exempt)
        actual = survey.stance(e.subject, e.week).home
        if actual and actual != e.branch:
            message = _(
                "'{subject}' is in {actual} that week, the entry is of {branch}; it counts, but look at it"
            )
            yield finding(
                batch, number, message.format(subject=e.subject, actual=actual, branch=e.branch)
            )


def unknown_recorder(survey: Survey) -> Iterator[Finding]:
    """An entry was recorded by someone who is no member and no scorer of this book."""
    roles = {s.id for scheme in survey.definitions.schemes for s in scheme.scorers}
    message = _("recorded by '{who}', whom this book does not know; add them to branches/")
    for batch in survey.batches:
        recorders = [e.recorded_by for e in batch.entries]
        for who in dict.fromkeys(recorders):
            if who not in roles and who not in survey.definitions.spans:
                yield finding(batch, recorders.index(who) + 1, message.format(who=who))


def two_pairs_of_eyes(survey: Survey) -> Iterator[Finding]:
    """A score of oneself, or of many points, lacks the approval of someone else."""
    weeks = {batch.week for batch in survey.batches}
    schemes = {week: survey.definitions.scheme(week) for week in weeks}
    limits = [s.second_from for s in schemes.values() if s and s.second_from is not None]
    few = min(limits, default=100 * 10_000) / 100 - 0.01  # points that nobody has to approve
    for batch, number, _key, e in survey.scores:
        if (e.scored_by or e.recorded_by) != e.subject and -few < e.points < few:
            continue
        scheme = schemes[e.week]
        if scheme is None:
            continue
        missing = needs_approval(scheme, e, scheme.item(e.item) is not None)
        if missing:
            yield finding(batch, number, missing)


def misfit(survey: Survey) -> Iterator[Finding]:
    """An entry's points are not what the scheme lets its item be worth."""
    known: dict[tuple[str, str, int | float, int], Item | None] = {}
    for batch, number, _key, e in survey.scores:
        about = (e.week, e.item, e.points, e.count)
        if about not in known:
            known[about] = _unfit(survey, e)
        if item := known[about]:
            message = _(
                "{points} points (x{count}) are not what '{item}' is worth ({worth}); they count as written"
            )
            yield finding(
                batch,
                number,
                message.format(
                    points=points.signed(e.hundredths),
                    count=e.count,
                    item=e.item,
                    worth=price_text(item),
                ),
            )


def _unfit(survey: Survey, e: Score) -> Item | None:
    """The item that a score's points do not fit; None where they fit, or the scheme has no such item."""
    scheme = survey.definitions.scheme(e.week)
    item = scheme.item(e.item) if scheme else None
    if item is None:
        return None
    fits = e.hundredths % e.count == 0 and item.takes(e.hundredths // e.count)
    return item if not fits or (e.count > 1 and not item.per) else None


Place = tuple[Batch, int, str, Score]  # an entry with its batch, line and id


def doubles(survey: Survey) -> Iterator[tuple[Place, Place]]:
    """Pairs of live scores of two batches that say the same."""
    seen: dict[tuple[object, ...], Place] = {}
    for place in survey.scores:
        e = place[3]
        said = (e.week, e.subject, e.item, e.points, e.date, e.note, e.evidence)
        other = seen.setdefault(said, place)
        if other[0] is not place[0]:
            yield other, place


def possible_double(survey: Survey) -> Iterator[Finding]:
    """Two batches hold entries that say the same: one event may have been recorded twice."""
    message = _(
        "says the same as {other} ({path}:{line}); if it is one event, void one: qibi void {key}"
    )
    for (there, line, other, _entry), (batch, number, key, _same) in doubles(survey):
        text = message.format(other=other, path=there.path, line=line, key=key)
        yield finding(batch, number, text)


def two_direct_scores(survey: Survey) -> Iterator[Finding]:
    """A directly scored criterion has two live scores for one week; the later counts."""
    seen: dict[tuple[str, str, str], str] = {}
    for batch, number, key, e in survey.scores:
        if "." in e.item:  # an item
            continue
        scheme = survey.definitions.scheme(e.week)
        criterion = scheme.criterion(e.item) if scheme else None
        if criterion is None or not criterion.direct:
            continue
        other = seen.setdefault((e.week, e.subject, e.item), key)
        if other != key:
            message = _(
                "a second score of '{subject}' on '{item}' beside {other}; the later counts, void the other"
            )
            yield finding(
                batch, number, message.format(subject=e.subject, item=e.item, other=other)
            )


def idle_void(survey: Survey) -> Iterator[Finding]:
    """A void names no entry of its own branch and week, a void, or what is void: it does nothing."""
    seen: dict[str, str] = {}
    for batch, number, key, e in survey.others:
        if not isinstance(e, Void):
            continue
        there, _line = survey.places.get(e.entry, (None, 0))
        if e.entry in survey.voids:
            message = _(
                "voids '{entry}', which is itself a void; it does nothing: record what was cancelled anew"
            )
        elif there is None or (there.week, there.branch) != (e.week, e.branch):
            message = _(
                "voids '{entry}', which is no entry of {branch} in {week}; it does nothing (is a batch missing?)"
            )
        elif e.entry in seen:
            message = _("voids '{entry}', which {other} voids too; one of the two does nothing")
        else:
            seen[e.entry] = key
            continue
        yield finding(
            batch,
            number,
            message.format(
                entry=e.entry, branch=e.branch, week=e.week, other=seen.get(e.entry, "")
            ),
        )


def assessed_twice(survey: Survey) -> Iterator[Finding]:
    """A branch has two live `assessed` for one week; harmless, but someone worked twice."""
    seen: dict[tuple[str, str], str] = {}
    for batch, number, key, e in survey.others:
        if isinstance(e, Assessed) and key not in survey.cancelled:
            other = seen.setdefault((e.week, e.branch), key)
            if other != key:
                message = _(
                    "{branch} is assessed for {week} twice, also by {other}; void one if two people did the week"
                )
                yield finding(
                    batch, number, message.format(branch=e.branch, week=e.week, other=other)
                )

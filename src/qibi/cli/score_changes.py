"""What a sheet that is submitted again changes, in words: a line for each row that differs."""

from qibi.base import points
from qibi.base.language import _
from qibi.cli.session import Session
from qibi.ledger.entries import Exempt, Score


def change_text(
    now: Session, week: str, before: Score | Exempt | None, after: Score | Exempt | None
) -> str:
    """A new, gone or changed row."""
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

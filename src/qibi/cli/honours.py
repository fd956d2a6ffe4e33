"""How evidence is said: kinds of honours and pledges, how many of each, and a reference in words."""

from qibi.base.language import _, many
from qibi.ledger.entries import File
from qibi.ledger.evidence import HONOURS, typed

_PLAIN = ("photo", "document")  # kinds that go without saying


def kind_name(kind: str) -> str:
    """What a kind of evidence is called."""
    return {
        "photo": _("photo"),
        "letter": _("letter"),
        "pennant": _("pennant"),
        "medal": _("medal"),
        "patent": _("patent"),
        "pledge": _("pledge"),
        "document": _("document"),
    }.get(kind, kind)


def heading(kind: str) -> str:
    """The heading of a column of one kind."""
    return {
        "letter": _("Letters"),
        "pennant": _("Pennants"),
        "medal": _("Medals"),
        "patent": _("Patents"),
        "pledge": _("Pledges"),
    }[kind]


def counted(kind: str, count: int) -> str:
    """`3 letters`, `1 pennant`."""
    forms = {
        "letter": many("{count} letter", "{count} letters", count),
        "pennant": many("{count} pennant", "{count} pennants", count),
        "medal": many("{count} medal", "{count} medals", count),
        "patent": many("{count} patent", "{count} patents", count),
        "pledge": many("{count} pledge", "{count} pledges", count),
    }
    return forms[kind].format(count=count)


def said(counts: dict[str, int], kinds: tuple[str, ...] = HONOURS) -> list[str]:
    """How many of each of these kinds, without those of which there are none."""
    return [counted(kind, counts[kind]) for kind in kinds if counts.get(kind)]


def evidence_text(evidence: str | File) -> str:
    """One piece of evidence in words: `pennant 2026-003`, or a file's path with its kind."""
    if isinstance(evidence, File):
        return (
            evidence.path
            if evidence.kind in _PLAIN
            else f"{kind_name(evidence.kind)} {evidence.path}"
        )
    if found := typed(evidence):
        return f"{kind_name(found[0])} {found[1]}".strip()
    kind, _colon, reference = evidence.partition(":")
    return reference.strip() or evidence if kind in _PLAIN else evidence

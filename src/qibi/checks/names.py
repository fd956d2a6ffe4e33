"""A warning of names in notes: the ledger, which never forgets, is to know people by id only."""

from collections.abc import Iterator

from qibi.base.findings import Finding
from qibi.base.language import _, listing
from qibi.book.naming import Namer, book_words, members_names
from qibi.checks.survey import Survey


def note_names(survey: Survey) -> Iterator[Finding]:
    """A note holds a member's name, which can never be taken out of the ledger."""
    namer = Namer(members_names(survey.definitions), book_words(survey.definitions))
    if not namer:
        return
    message = _("the note names {ids}; no name leaves the ledger again: write ids in notes")
    seen: dict[str, tuple[str, ...]] = {}  # the same note stands in many entries
    for batch in survey.batches:
        for number, entry in enumerate(batch.entries, 1):
            note, measure = getattr(entry, "note", ""), getattr(entry, "measure", "")
            if not note and not measure:
                continue
            text = f"{note}\n{measure}"
            found = seen.get(text)
            if found is None:
                found = seen[text] = namer.whose(text)
            if found:  # ids only: what `check` prints may end in a log that everyone reads
                said = message.format(ids=listing(list(found)))
                yield Finding(batch.path, number, message=said)

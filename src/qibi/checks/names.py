"""A warning of names in notes: the ledger, which never forgets, is to know people by id only."""

from collections.abc import Iterator
from functools import lru_cache

from qibi.base.findings import Finding
from qibi.base.language import _, listing
from qibi.book.naming import people
from qibi.checks.survey import Survey
from qibi.ledger.entries import free_text


def note_names(survey: Survey) -> Iterator[Finding]:
    """A note holds a member's name, which can never be taken out of the ledger."""
    namer = people(survey.definitions)
    if not namer:
        return
    private = bool(survey.definitions.private_names)
    message = _("the note names {ids}; no name leaves the ledger again: write ids in notes")
    if private:
        message = _("its text names {ids}; no name leaves the ledger again: write ids")
    whose = lru_cache(None)(namer.whose)  # the same note stands in many entries
    for batch in survey.batches:
        for number, entry in enumerate(batch.entries, 1):
            note, measure = getattr(entry, "note", ""), getattr(entry, "measure", "")
            text = free_text(entry) if private else f"{note}\n{measure}" if note or measure else ""
            if text and (found := whose(text)):
                # ids only: what `check` prints may end in a log that everyone reads
                said = message.format(ids=listing(list(found)))
                yield Finding(batch.path, number, message=said)

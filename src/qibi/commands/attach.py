"""qibi attach: evidence for an entry that exists already: a photo, a letter, a patent."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, listing, mark
from qibi.cli import completion, options, recording
from qibi.cli.console import file_bytes
from qibi.cli.phrases import evidence_text, kind_name
from qibi.cli.recording import find_entry, must_be_live, write_few
from qibi.cli.session import Session, current_session
from qibi.ledger.batches import Batch, Index
from qibi.ledger.entries import Entry, File, Score, Void, moment
from qibi.ledger.evidence_files import (
    EVIDENCE,
    KINDS,
    free_name,
    kind_named,
    kind_of,
    own_record,
    part_named,
    safe_name,
    typed,
    written,
)
from qibi.ledger.kept_sheets import is_below
from qibi.ledger.store import SHEETS, write_once

PANEL = "setup", 6
SUMMARY = mark("Add evidence to an entry: a photo, a letter, a patent.")
DETAILS = mark(
    "The files are copied into the book's evidence/. Entries are never edited: the entry is voided and recorded again with them."
)
EXAMPLES = mark("""
qibi attach 9c41.24 before.jpg after.jpg
qibi attach 9c41.7 praise.pdf --kind letter --note "the owner's praise"
qibi attach 9c41.7 banner:2026-003
""")
MAX_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True)
class _Copy:
    """A file to be copied into the book: what is in it, and as what it is recorded."""

    raw: bytes
    file: File


def attach(
    entry: Annotated[
        str,
        typer.Argument(
            metavar="ENTRY", help=_("an entry's id: 9c41.24"), autocompletion=completion.entries
        ),
    ],
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help=_("a file, or a reference: pennant:2026-003")),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help=_("photo, letter, pennant, medal, patent, pledge or document; else by the file"),
        ),
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help=_("the entry's new note"))
    ] = None,
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    from qibi.commands.score import may_be_live

    session = current_session()
    meant = _kind(kind) if kind is not None else None
    if note is not None and len(note) > 500:
        raise Refusal(_("the note is longer than 500 characters"), _("shorten it"), 1)
    batch, number, old = find_entry(session, entry)
    may_be_live(session, batch, number)
    if not isinstance(old, Score):
        raise Refusal(_("only scores take evidence"), _("'qibi log' lists them"), 1)
    with session.without(
        recording.interrupted(session, batch.week)
    ):  # this may be one of them again
        _must_count(session, batch, number, old)
    who = session.who(recorded_as)
    named = [f for f in files if _is_reference(session, f)]
    copies = _copies(session, old, [f for f in files if f not in named], meant)
    new_references = _references(session, old, named)
    stamp = session.stamp(batch.week, batch.branch, who, old.source, old.layout)
    void = Void(
        week=batch.week,
        branch=batch.branch,
        recorded_by=who,
        recorded_at=stamp.recorded_at,
        entry=f"{batch.digest}.{number}",
        note=_("evidence added"),
    )
    new = msgspec.structs.replace(
        old,
        recorded_by=who,
        recorded_at=stamp.recorded_at,
        scored_by=old.scored_by or (old.recorded_by if old.recorded_by != who else ""),
        evidence=(*old.evidence, *(c.file for c in copies), *new_references),
        note=old.note if note is None else note,
    )
    both: list[Entry] = [void, new]

    def must() -> None:
        must_be_live(session, batch, number)
        _must_count(session, batch, number, old)

    copy_all = partial(_copy, session, copies)
    write_few(session, batch.week, batch.branch, both, dry_run, must, copy_all)
    text = _("would attach {path} ({kind})") if dry_run else _("attached {path} ({kind})")
    for copy in copies:
        session.console.say(text.format(path=copy.file.path, kind=kind_name(copy.file.kind)))
    text = _("would attach {evidence}") if dry_run else _("attached {evidence}")
    for reference in new_references:
        session.console.say(text.format(evidence=evidence_text(reference)))
    if not dry_run:
        session.console.say(_("next: qibi commit"), "dim")


def _kind(word: str) -> str:
    """The kind that `--kind` means, in either language; raises `Refusal`."""
    kind = kind_named(word) or word
    if kind in KINDS:
        return kind
    raise Refusal(
        _("there is no kind '{kind}'").format(kind=word),
        _("one of: {names}").format(names=listing(list(KINDS))),
        1,
    )


def _is_reference(session: Session, path: Path) -> bool:
    """Whether an argument that is not a file names an honour or a pledge: `pennant:2026-003`."""
    found = typed(str(path))
    return bool(found and found[1]) and not (session.around.folder / path).exists()


def _references(session: Session, old: Score, named: Sequence[Path]) -> list[str]:
    """The references in their one form; raises `Refusal` for one that the entry has already, or of a record."""
    names: list[str] = []
    for path in named:
        reference = written(str(path))
        if wrong := own_record(reference, session.root, session.around.folder):
            raise Refusal(wrong, code=1)
        if reference in (*old.evidence, *names):
            raise Refusal(_("{path} is attached already").format(path=path), _("leave it out"), 1)
        names.append(reference)
    return names


def _must_count(session: Session, batch: Batch, number: int, old: Score) -> None:
    """Raises `Refusal` for a direct score that a later one has replaced: recorded again, it would be the later."""
    scheme = session.definitions.scheme(old.week)
    criterion = scheme.criterion(old.item) if scheme else None
    if criterion is None or not criterion.direct:
        return
    standing = [
        (moment(e.recorded_at), *_order(key), key)
        for key, e in Index(recording.standing_batches(session, old.week)).live(Score)
        if (e.subject, e.item) == (old.subject, old.item)
    ]
    latest = max(standing, key=lambda s: s[:3])[3]
    if latest != f"{batch.digest}.{number}":
        raise Refusal(
            _("a later score, {entry}, counts in its place").format(entry=latest),
            _("attach it to that one"),
            1,
        )


def _order(key: str) -> tuple[str, int]:
    digest, number = key.split(".")
    return digest, int(number)


def _copies(session: Session, old: Score, files: Sequence[Path], kind: str | None) -> list[_Copy]:
    """What to copy where; raises `Refusal` for what is not a file, too large, empty or there already."""
    known = {e.sha256 for e in old.evidence if isinstance(e, File)}
    folder = session.root / EVIDENCE / old.week
    taken: dict[str, tuple[str, str]] = {}  # name as every file system compares it: name, digest
    found: list[_Copy] = []
    for path in files:
        raw = _content(session, path)
        sha256 = hashlib.sha256(raw).hexdigest()
        if sha256 in known:
            raise Refusal(_("{path} is attached already").format(path=path), _("leave it out"), 1)
        known.add(sha256)
        name = free_name(folder, taken, safe_name(path.name), sha256)
        taken[name.casefold()] = (name, sha256)
        file = File(kind or kind_of(path.name), f"{EVIDENCE}/{old.week}/{name}", sha256)
        found.append(_Copy(raw, file))
    return found


def _content(session: Session, path: Path) -> bytes:
    full = session.around.folder / path
    if full.is_dir():
        raise Refusal(_("{path} is a folder").format(path=path), _("name its files"), 1)
    if full.exists() and not full.is_file():
        raise Refusal(_("{path} is not a file").format(path=path), _("choose a file"), 1)
    try:
        below = full.resolve().relative_to(session.root.resolve()).as_posix()
    except (OSError, RuntimeError, ValueError):
        below = ""  # not of this book, or a chain of links without end
    part = part_named(below)
    if part and (part != SHEETS or is_below(below)):
        raise Refusal(
            _("{path} is one of the book's own records ({part}), which are not evidence").format(
                path=path, part=part
            ),
            _("choose a file outside them"),
            1,
        )
    if full.exists() and full.stat().st_size > MAX_BYTES:
        raise Refusal(
            _("{path} is larger than 20 MB").format(path=path),
            _("make it smaller, or store it elsewhere and write where: qibi fix --evidence TEXT"),
            1,
        )
    raw = file_bytes(session.around, str(full))
    if not raw:
        raise Refusal(_("{path} is empty").format(path=path), _("choose another file"), 1)
    return raw


def _copy(session: Session, copies: Sequence[_Copy]) -> None:
    """Put the files into the book before anything refers to them.

    Where the entry is then not recorded they stay: unused, and found again by the next attempt.
    """
    for copy in copies:
        write_once(session.root, copy.file.path, copy.raw)

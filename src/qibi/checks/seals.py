"""Seals: one chain, what they list is here byte for byte, and nothing was changed under a closed week."""

from collections.abc import Collection, Iterator
from pathlib import Path

from qibi.base.findings import Faults, Finding
from qibi.base.language import _
from qibi.book.definitions import Definitions
from qibi.ledger.counting import gone
from qibi.ledger.git import Git
from qibi.ledger.restore import how
from qibi.ledger.seals import (
    SEALS,
    SealedBatch,
    SealFile,
    acknowledged_losses,
    chain,
    digest,
    is_link,
    link_paths,
)
from qibi.scoring.pinned import pinned

_SIGNERS = "signers-"


def chain_of(root: Path) -> tuple[list[SealFile], list[Finding]]:
    """The seals of the book in the order of closing, and what breaks their chain."""
    files, findings = {}, []
    for path in link_paths(root):
        try:
            files[path] = (root / path).read_bytes()
        except OSError as error:
            message = _("can't be read ({reason}); check the file and its permissions")
            text = message.format(reason=error.strerror)
            findings.append(Finding(path, message=text, code="unreadable"))
    found, broken = chain(files)
    return found, findings + broken


def errors(
    root: Path,
    definitions: Definitions | None,
    here: Collection[str],
    seals: list[SealFile],
) -> Iterator[Finding]:
    """What is wrong below seals/, beside the chain: files that differ, definitions that would.

    `here` are the paths of the sound batches.
    """
    yield from _strays(root)
    known = acknowledged_losses(root)
    for file, batch in _latest(seals):
        if batch.path not in here:
            if not (root / batch.path).exists() and (batch.path, batch.sha256) not in known:
                yield gone(batch.path, file)
        elif digest((root / batch.path).read_bytes()) != batch.sha256:
            text = _("not the file that {seal} lists").format(seal=file.path)
            yield Finding(batch.path, message=text, code="sealed", lost=batch.sha256)
    if definitions is not None:
        try:
            pinned(definitions, seals)
        except Faults as faults:
            yield from faults.findings


def losses(root: Path, seals: list[SealFile], git: Git | None) -> Iterator[Finding]:
    """Batches that are gone from closed weeks, as somebody has acknowledged: results are without them."""
    known = acknowledged_losses(root)
    for file, batch in _latest(seals):
        if (path := known.get((batch.path, batch.sha256))) and not (root / batch.path).exists():
            message = _(
                "acknowledges that {batch} is missing: the results of {week} are without it; {way}"
            )
            nowhere = _(
                "no commit here has it: a copy of another clone or a backup may be put back"
            )
            way = how({batch.path: batch.sha256}, root, git, nowhere)[batch.path]
            text = message.format(batch=batch.path, week=file.seal.week, way=way)
            yield Finding(path, message=text, code="lost")


def _latest(seals: list[SealFile]) -> Iterator[tuple[SealFile, SealedBatch]]:
    """Each batch that counts in a closed week, with the latest seal of that week."""
    for file in {file.seal.week: file for file in seals}.values():
        for batch in file.seal.batches:
            yield file, batch


def _strays(root: Path) -> Iterator[Finding]:
    folder = root / SEALS
    message = _("neither a seal nor the signature of one; only qibi writes here, move it elsewhere")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = path.name.removesuffix(".sig")
        known = is_link(f"{SEALS}/{name}") or (name.startswith(_SIGNERS) and name.endswith(".json"))
        if path.suffix == ".tmp" or (known and (folder / name).exists() and path.is_file()):
            continue
        yield Finding(f"{SEALS}/{path.name}", message=message, code="stray")

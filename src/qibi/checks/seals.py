"""Seals: one chain, what they list is here byte for byte, and nothing was changed under a closed week."""

from collections.abc import Collection, Iterator
from pathlib import Path

from qibi.base.findings import Faults, Finding
from qibi.base.language import _
from qibi.book.definitions import Definitions
from qibi.ledger.counting import gone
from qibi.ledger.seals import SEALS, SealFile, chain, digest, is_link, link_paths
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
    root: Path, definitions: Definitions | None, here: Collection[str], seals: list[SealFile]
) -> Iterator[Finding]:
    """What is wrong below seals/, beside the chain: files that differ, definitions that would.

    `here` are the paths of the sound batches.
    """
    yield from _strays(root)
    latest = {file.seal.week: file for file in seals}
    for file in latest.values():
        for batch in file.seal.batches:
            if batch.path not in here:
                if not (root / batch.path).exists():
                    yield gone(batch.path, file)
            elif digest((root / batch.path).read_bytes()) != batch.sha256:
                text = _("not the file that {seal} lists").format(seal=file.path)
                yield Finding(batch.path, message=text, code="sealed", lost=batch.sha256)
    if definitions is not None:
        try:
            pinned(definitions, seals)
        except Faults as faults:
            yield from faults.findings


def _strays(root: Path) -> Iterator[Finding]:
    folder = root / SEALS
    message = _("neither a seal nor the signature of one; only qibi writes here, move it elsewhere")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = path.name.removesuffix(".sig")
        known = is_link(f"{SEALS}/{name}") or (name.startswith(_SIGNERS) and name.endswith(".json"))
        if path.suffix == ".tmp" or (known and (folder / name).exists() and path.is_file()):
            continue
        yield Finding(f"{SEALS}/{path.name}", message=message, code="stray")

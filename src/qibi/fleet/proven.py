"""A book as it is committed, once check and audit have found nothing: what a lake may take in."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, many
from qibi.book.definitions import Definitions
from qibi.book.links import NAMES
from qibi.book.load import FOLDERS, load
from qibi.checks.registry import run_all
from qibi.ledger.batches import LEDGER
from qibi.ledger.seals import SEALS
from qibi.proof.audit import audit
from qibi.proof.repository import PLAIN, Repository

_TOPS = (*FOLDERS, LEDGER, SEALS)
_FILES = ("qibi.yaml", NAMES)


@dataclass(frozen=True)
class Proven:
    """A book's committed files in a folder of our own, and what they define."""

    root: Path
    definitions: Definitions
    commit: str
    folder: str  # in the repository, with a slash at its end
    seal: str | None  # SHA-256 of the last one


def repository_of(folder: Path, environment: Mapping[str, str]) -> Repository:
    """The repository of a book; raises `Refusal` where it can't be trusted."""
    return Repository(folder, environment)


@contextmanager
def proven(
    repository: Repository,
    seal: str | None,
    trust: frozenset[str] | None,
    cache: Path | None,
    see_all: str,
    now: datetime,
    *,
    accept_acknowledged: bool = False,
) -> Iterator[Proven]:
    """The book of this repository; raises `Refusal` where check or audit finds anything wrong.

    `now` is by the clock of who collects. `seal` is the last one that was collected before: it must still be in the chain. `see_all` says
    how one comes to all that the audit has found. What was acknowledged is wrong too, unless accepted.
    """
    found = audit(repository, seal or None, trust, cache, now)
    if found.findings:
        raise _refused(
            many(
                "qibi audit has {count} finding: {first}",
                "qibi audit has {count} findings: {first}",
                len(found.findings),
            ),
            found.findings,
            see_all
            if not any(f.code == "against" for f in found.findings)
            else _(
                "the seal that was collected before is not in its history: find out why; "
                "'qibi fleet collect --afresh BOOK' takes it as it is"
            ),
        )
    if found.acknowledged and not accept_acknowledged:
        raise _refused(
            many(
                "qibi audit has {count} finding that was acknowledged: {first}",
                "qibi audit has {count} findings that were acknowledged: {first}",
                len(found.acknowledged),
            ),
            [one.finding for one in found.acknowledged],
            _("where that will do, write accept_acknowledged: true at this book in fleet.yaml"),
        )
    with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
        root = Path(folder)
        _lay_out(repository, root)
        # Evidence stays in git, where the audit has compared it with what the entries say.
        checked = run_all(root, cache, now=now, evidence=False)
        if checked.errors:
            raise _refused(
                many(
                    "qibi check has {count} error: {first}",
                    "qibi check has {count} errors: {first}",
                    len(checked.errors),
                ),
                checked.errors,
                _("mend them there and commit: qibi check, then qibi commit"),
            )
        last = found.seals[-1].digest if found.seals else None
        yield Proven(root, load(root, cache), found.commit, repository.prefix, last)


def _refused(message: str, findings: list[Finding], advice: str) -> Refusal:
    return Refusal(message.format(count=len(findings), first=findings[0]), advice, 1)


def _lay_out(repository: Repository, root: Path) -> None:
    """Write what is committed of definitions, ledger and seals; the audit has seen that all is plain."""
    wanted = [f for f in repository.files() if _is_ours(f.path) and f.mode == PLAIN]
    raw = repository.contents(f.object for f in wanted)
    for file in wanted:
        place = root / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw[file.object])


def _is_ours(path: str) -> bool:
    """Whether it is one of a book's files; nothing else of a repository touches our disk."""
    top, *below = path.split("/")
    return path in _FILES or (top in _TOPS and bool(below) and not {"", ".", ".."} & set(below))

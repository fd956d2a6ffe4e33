"""Collecting a fleet: each of its books proven, what is new of it brought into the lake."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from qibi import __version__
from qibi.base.findings import Faults, Refusal
from qibi.base.language import _
from qibi.base.text import argument
from qibi.book.fleet import FleetFile
from qibi.fleet.fill import Filling, fill, proven, repository_of
from qibi.fleet.lake import Book, Lake, Manifest, Refused, paths_of
from qibi.fleet.sources import BookSource, Patience, Remote, matched, nothing, sources
from qibi.proof.repository import Repository
from qibi.proof.signatures import trusted
from qibi.scoring.engine import rules_digest


@dataclass(frozen=True)
class CollectRequest:
    """What to collect: a fleet in a folder, into a lake; the past of the books `afresh` is forgotten."""

    fleet: FleetFile
    folder: Path
    lake: Lake
    cache: Path
    environment: Mapping[str, str]
    at: str
    afresh: frozenset[str] = frozenset()
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class _Opened:
    """A book with a readable repository, and the id that it says it has."""

    found: BookSource
    repository: Repository
    id: str
    remote: Remote | None
    anew: bool = False  # whether its clone was made in this run, the first being damaged


@dataclass
class Collected:
    """The result of a collect: books taken in, those that were refused, those that left."""

    books: list[str] = field(default_factory=list)
    refused: list[tuple[str, Refusal]] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)  # source that was reached: the id it gives
    left: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)  # the old id and the new one
    stale: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)  # files that were damaged
    new_files: int = 0
    gone_files: int = 0

    def refuse(self, one: _Opened, refusal: Refusal) -> None:
        """Note that a book could not be taken, and why."""
        self.refused.append((one.found.named, refusal))


# Given what is done and how many steps that has: gives what is called after each of them.
Progress = Callable[[str, int], AbstractContextManager[Callable[[], None]]]


def _quiet(_said: str, _count: int) -> AbstractContextManager[Callable[[], None]]:
    return nullcontext(lambda: None)


def collect(request: CollectRequest, progress: Progress = _quiet) -> Collected:
    """Bring the lake up to date, as far as the books hold."""
    request.lake.refuse_what_is_none()
    done = Collected()
    named, missing = sources(request.fleet, request.folder)
    done.refused += missing
    opened = _told_apart([o for f in named if (o := _open(request, f, done, progress))], done)
    done.refused += _away(
        request, [*(f.named for f in named), *(text for text, _r in missing)], done
    )
    before = request.lake.manifest.books
    books: dict[str, Book] = {}
    try:
        with progress(_("collecting"), len(opened)) as step:
            for one in opened:
                if made := _take(request, one, before.get(one.id), done):
                    books[one.id] = made
                    done.books.append(one.id)
                step()
    finally:  # interrupted too, what was proven stands
        _write_lake(request, named, books, done)
    return done


def _open(
    request: CollectRequest, found: BookSource, done: Collected, progress: Progress
) -> _Opened | None:
    remote = found.remote(
        request.folder, request.cache / "remotes", request.environment, request.patience
    )
    try:
        if remote:
            with progress(_("fetching {remote}").format(remote=found.named), 1):
                remote.fetched()
        try:
            one = _opened(request, found, remote)
        except Refusal:
            if remote is None or remote.sound():
                raise
            one = _opened(request, found, remote, anew=True)
        done.ids[found.named] = one.id
        return one
    except Refusal as refusal:
        done.refused.append((found.named, refusal))
    except OSError as error:
        done.refused.append((found.named, Refusal(str(error))))
    return None


def _opened(
    request: CollectRequest, found: BookSource, remote: Remote | None, *, anew: bool = False
) -> _Opened:
    """A book with its files here; `anew` where its clone is to be made again. Raises `Refusal`."""
    if remote and anew:
        remote.fetched(anew=True)
    repository = repository_of(found.place(remote.home if remote else None), request.environment)
    return _Opened(found, repository, _id_of(repository), remote, anew)


def _id_of(repository: Repository) -> str:
    """The id that the book's committed qibi.yaml says; raises `Refusal` where it says none."""
    from qibi.book.yaml import Document, parse

    for file in repository.files():
        if file.path == "qibi.yaml":
            raw = repository.contents([file.object])[file.object]
            document = parse(file.path, raw)
            if isinstance(document, Document) and isinstance(document.data, dict):
                key = document.data.get("id")
                if isinstance(key, str) and key:
                    return key
            raise Refusal(
                _("qibi.yaml has no id"),
                _("correct it there and commit: qibi check, then qibi commit"),
            )
    raise Refusal(_("the book is not committed"), _("qibi commit, then collect again"))


def _told_apart(opened: list[_Opened], done: Collected) -> list[_Opened]:
    """Without those that share an id: nobody can say which of them is meant."""
    of_id: dict[str, list[_Opened]] = {}
    for one in opened:
        of_id.setdefault(one.id, []).append(one)
    for key, several in of_id.items():
        if len(several) > 1:
            for one in several:
                others = ", ".join(o.found.named for o in several if o is not one)
                text = _("has the id '{id}', as {others} has; neither is collected")
                advice = _("name one of them only in fleet.yaml, or give one another id")
                done.refuse(one, Refusal(text.format(id=key, others=others), advice, 1))
    return [several[0] for several in of_id.values() if len(several) == 1]


def _away(request: CollectRequest, named: list[str], done: Collected) -> list[tuple[str, Refusal]]:
    """Where books were that a pattern still fits, and now no book is: they may be back later."""
    advice = _("bring it back, or remove it from the lake: qibi fleet collect --afresh {book}")
    return [
        (book.source, nothing(advice.format(book=argument(key))))
        for key, book in request.lake.manifest.books.items()
        if book.source not in named
        and key not in request.afresh
        and key not in done.ids.values()
        and matched(request.fleet, request.folder, book.source)
    ]


def _take(
    request: CollectRequest, one: _Opened, before: Book | None, done: Collected
) -> Book | None:
    """What the lake holds of a book from now on; None where it is refused."""
    if one.id in request.afresh:
        before = None
    if before and _same(request, one, before):
        return replace_source(before, one.found.named)
    try:
        made, filling = _filled(request, one, before)
    except (Refusal, Faults) as error:
        if again := _cloned_anew(request, one):
            return _take(request, again, before, done)
        done.refuse(one, _said(error))
        return None
    done.new_files += len(filling.written)
    done.repaired += filling.repaired
    return made


def _filled(request: CollectRequest, one: _Opened, before: Book | None) -> tuple[Book, Filling]:
    trust = _trust(request, one)
    seal = before.seal if before else None
    accepts = one.found.asked.accept_acknowledged
    with proven(
        *(
            one.repository,
            seal,
            trust,
            request.cache,
            one.found.audit,
            datetime.fromisoformat(request.at),
        ),
        accept_acknowledged=accepts,
    ) as book:
        return fill(request.lake, book, before, one.found.named, request.at, _made_by(one))


def _said(error: Refusal | Faults) -> Refusal:
    if isinstance(error, Refusal):
        return error
    advice = _("correct it there and commit: qibi check, then qibi commit")
    return Refusal(str(error.findings[0]), advice, 1)


def _cloned_anew(request: CollectRequest, one: _Opened) -> _Opened | None:
    """The same book out of a new clone, where the one that was read is damaged; None where it is not."""
    if one.remote is None or one.anew or one.remote.sound():
        return None
    try:
        again = _opened(request, one.found, one.remote, anew=True)
    except Refusal:  # the first reason is said; the next collect tries it again
        return None
    return again if again.id == one.id else None


def replace_source(book: Book, named: str) -> Book:
    """A book as it is in the lake, which is as fresh as it can be."""
    return msgspec.structs.replace(book, source=named, stale=None)


def _made_by(one: _Opened) -> str:
    """What a book was proven and calculated with: the same again would find the same."""
    accepting = " accepting" if one.found.asked.accept_acknowledged else ""
    return f"{__version__} {rules_digest()[:16]}{accepting}"


def _same(request: CollectRequest, one: _Opened, before: Book) -> bool:
    """Whether the book is the one that was proven before, and all its files are here as they were written."""
    there = (one.repository.commit, one.repository.prefix)
    return (
        (before.commit, before.folder, before.qibi) == (*there, _made_by(one))
        and not one.found.asked.trust
        and all(request.lake.sound(path) for path in paths_of(one.id, before))
    )


def _trust(request: CollectRequest, one: _Opened) -> frozenset[str] | None:
    if not one.found.asked.trust:
        return None
    path = request.folder / one.found.asked.trust
    try:
        return trusted(path.read_bytes())
    except OSError as error:
        raise Refusal(
            _("{path} can't be read: {reason}").format(
                path=one.found.asked.trust, reason=error.strerror
            ),
            _("check the file and its permissions"),
        ) from None


def _write_lake(
    request: CollectRequest, named: list[BookSource], books: dict[str, Book], done: Collected
) -> None:
    """Write down what the lake holds now, and remove what it does not any more."""
    kept = dict(books)
    unknown = _keep_the_refused(request, kept, done)
    still = {found.named for found in named}
    for key, book in request.lake.manifest.books.items():
        given = done.ids.get(book.source, key)
        if key in kept or key in done.lost:
            continue
        if given != key and given in kept:
            done.renamed.append((key, given))
        elif book.source in still:
            kept[key] = book  # not come to: interrupted
        else:
            done.left.append(key)
    earlier = {(r.source, r.reason): r for r in request.lake.manifest.refused}
    refused = tuple(earlier.get((r.source, r.reason), r) for r in unknown)
    request.lake.folder.mkdir(parents=True, exist_ok=True)
    request.lake.write(Manifest(books=dict(sorted(kept.items())), refused=refused))
    done.gone_files = request.lake.sweep()


def _keep_the_refused(
    request: CollectRequest, kept: dict[str, Book], done: Collected
) -> list[Refused]:
    """Keep what was collected of refused books before, as stale; those of which the lake has nothing now.

    Of a source that gives another id than it did, and is refused, the book that it was is kept. A book whose
    files are damaged is not: nobody can rebuild them.
    """
    before = request.lake.manifest.books
    unknown = []
    for source, refusal in done.refused:
        since = Refused(source, refusal.message, request.at)
        known = _known(request, source, done)
        for key in known:
            if key in kept or key in done.lost:
                continue
            if not request.lake.whole(key, before[key]):
                done.lost.append(key)
                continue
            stale = before[key].stale
            if stale and stale.reason == since.reason:
                since = stale
            kept[key] = msgspec.structs.replace(before[key], stale=since)
            done.stale.append(key)
        if not any(key in kept for key in known):
            unknown.append(since)
    return unknown


def _known(request: CollectRequest, source: str, done: Collected) -> list[str]:
    """The books in the lake that a source stands for: by the id that it gives, and collected from it before."""
    before = request.lake.manifest.books
    by_id = [key for key in before if key == done.ids.get(source)]
    return by_id + [k for k, b in before.items() if b.source == source and k not in by_id]

"""Loading a book's definitions: read, validate, cross-check, keep.

All mistakes of all files come together as `Faults`. What passed is kept in the cache folder by the
content of the files, so that the next command reads neither YAML nor models; the folder may be
deleted at any moment, and a damaged entry is simply made again.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from qibi import __version__
from qibi.base.cache import Cache
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, listing
from qibi.base.plain import NotPlain, not_own, not_plain_message, read_plain
from qibi.base.text import argument
from qibi.book.definitions import Definitions
from qibi.book.links import NAMES, Source, links

FOLDERS = ("scheme", "branches", "plans", "layouts")
ENDINGS = (".yaml", ".yml")
_FORMAT = "5"  # of the cached definitions; raise it when their records change


def sources(root: Path, names: Path | None = None) -> list[Source]:
    """All YAML files of a book, in the order of their paths; `Faults` for one not readable.

    `names` is a file elsewhere that replaces the book's names.yaml, under that path.
    """
    paths = ["qibi.yaml"]
    if names or (root / NAMES).exists():
        paths.append(NAMES)
    for folder in FOLDERS:
        directory = root / folder
        if directory.is_dir():
            paths += sorted(
                (f"{folder}/{p.name}" for p in directory.iterdir() if p.suffix in ENDINGS),
                key=_as_people_count,
            )
    found, findings = [], []
    for path in paths:
        try:
            if names and path == NAMES:
                found.append(Source(path, names.read_bytes()))
            else:
                found.append(Source(path, read_plain(root / path)))
        except NotPlain:
            kind = not_own(os.lstat(root / path))
            message = (
                not_plain_message(kind) if kind else _("a folder; a definition is a plain file")
            )
            findings.append(Finding(path, message=message, code="link"))
        except OSError as error:
            message = _("can't be read ({reason}); check the file and its permissions")
            shown = str(names) if names and path == NAMES else path
            findings.append(Finding(shown, message=message.format(reason=error.strerror)))
    if findings:
        raise Faults(findings)
    return found


def _as_people_count(path: str) -> list[tuple[int, str]]:
    """A sort key by which branch-2 is before branch-10."""
    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"([0-9]+)", path)]


def fingerprint(files: list[Source]) -> str:
    """SHA-256 over qibi's version and the files' names and contents."""
    digest = hashlib.sha256(f"qibi {__version__} {_FORMAT}\0".encode())
    for file in files:
        digest.update(f"{file.path}\0{len(file.raw)}\0".encode())
        digest.update(file.raw)
    return digest.hexdigest()


def load(root: Path, cache: Path | None = None, names: Path | None = None) -> Definitions:
    """The definitions of the book in this folder.

    Raises `Faults` with every mistake in every file, or with all that is a link. `cache` is a folder for derived data outside
    git; None does without. `names` replaces the book's names.yaml.
    """
    if found_links := list(links(root)):
        raise Faults(found_links)
    files = sources(root, names)
    key = fingerprint(files)
    stored = Cache(cache)
    if result := stored.find("definitions", key, Definitions):
        return result
    from qibi.book.validate import validate  # Pydantic and YAML only when something changed

    with placed(names):
        definitions = msgspec.structs.replace(validate(files), fingerprint=key)
    stored.keep("definitions", key, definitions)
    return definitions


@contextmanager
def placed(names: Path | None) -> Iterator[None]:
    """Findings about names.yaml name the file that replaces it, where there is one."""
    try:
        yield
    except Faults as faults:
        if names is None:
            raise
        raise Faults(
            [replace(f, path=str(names)) if f.path == NAMES else f for f in faults.findings]
        ) from None


# Finding the book that a command is about.


def find(option: str | None, environment: Mapping[str, str], start: Path) -> Path:
    """The folder of the book: `--book`, `QIBI_BOOK`, upwards from `start`, `ledgers/` of a repository.

    Raises `Refusal` where there is no book, or more than one under `ledgers/`.
    """
    for named, origin in ((option, "--book"), (environment.get("QIBI_BOOK"), "QIBI_BOOK")):
        if named:
            folder = (start / named).absolute()
            if folder.name == "qibi.yaml":
                folder = folder.parent
            if not _has_book(folder):
                raise Refusal(
                    _("{origin}: no book in {folder}").format(origin=origin, folder=named),
                    _("a book is a folder with a qibi.yaml; 'qibi init DIR' makes one"),
                )
            return folder
    for folder in (start, *start.parents):
        if _has_book(folder):
            return folder
        if (folder / ".git").exists():
            return _only_book_under(folder)
    raise _no_book()


def _has_book(folder: Path) -> bool:
    """Whether a folder has a qibi.yaml, be it a link or a pipe: whoever reads it says what is wrong."""
    return os.path.lexists(folder / "qibi.yaml")


def _only_book_under(repository: Path) -> Path:
    books = sorted(p.parent for p in (repository / "ledgers").glob("*/qibi.yaml"))
    if not books:
        raise _no_book()
    if len(books) > 1:
        names = listing([f"ledgers/{book.name}" for book in books])
        raise Refusal(
            _("more than one book here: {names}").format(names=names),
            _("say which: --book ledgers/{first}").format(first=argument(books[0].name)),
        )
    return books[0]


def _no_book() -> Refusal:
    return Refusal(
        _("no book here: no qibi.yaml in this folder or above it"),
        _("go to a book's folder, name it with --book DIR, or make one with 'qibi init DIR'"),
    )

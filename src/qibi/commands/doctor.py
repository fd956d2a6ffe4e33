"""qibi doctor: what is installed and missing."""

import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module, metadata
from pathlib import Path

from qibi.base import language
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, listing, many, mark
from qibi.cli import options
from qibi.cli.output import Cell, Column, Field, Grid, Records, View
from qibi.cli.session import Session, current_session

PANEL = "setup", 10
SUMMARY = mark("Say what is installed and what is missing.")
DETAILS = mark("Exits with 1 if something needed is missing or broken, and says what to do.")
EXAMPLES = """
qibi doctor
qibi doctor --format json --output doctor.json
"""
_STYLES = {"ok": "green", "note": "yellow", "broken": "red"}


def doctor(form: options.Format = "table", output: options.Output = None) -> None:
    """Run the command; `DETAILS` is its help."""

    session = current_session()
    checks = diagnose(session)
    words = {"ok": _("ok"), "note": _("note"), "broken": _("BROKEN")}
    rows: list[list[str | Cell]] = []
    for check in checks:
        state = Cell(words[check.state], _STYLES[check.state])
        rows.append([state, check.label, check.found])
        if check.advice:
            rows.append(["", "", Cell("-> " + check.advice, _STYLES[check.state])])
    grid = Grid([Column(""), Column(""), Column("")], rows, headed=False)
    fields: list[Field[Diagnosis]] = [
        Field("check", lambda c: c.name),
        Field("state", lambda c: c.state),
        Field("found", lambda c: c.found),
        Field("advice", lambda c: c.advice),
    ]
    records = Records(fields, list(checks))
    payload = {"qibi": 1, "command": "doctor", "checks": records}
    view = View(blocks=[grid], payload=payload, records=[records])
    broken = sum(1 for c in checks if c.state == "broken")
    view.line()
    view.line(
        _("{count} broken: see above").format(count=broken) if broken else _("ready to use"),
        "red" if broken else "green",
    )
    session.console.show(view, form, output)
    session.exit_code = 1 if broken else 0


# What `qibi doctor` looks at, one check a line.


_BROWSERS = (
    "firefox",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "microsoft-edge",
)
_MODULES = {
    "prompt-toolkit": "prompt_toolkit",
    "python-calamine": "python_calamine",
    "python-docx": "docx",
    "ruamel-yaml": "ruamel.yaml",
    "ruamel-yaml-clib": "_ruamel_yaml",
}
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*([^;]*)(?:;\s*(.*))?")
_BOUND = re.compile(r"(>=|<)\s*([0-9.]+)")
_LEAST_PYTHON = (3, 11)
_LOCK_SECONDS = 600  # a git at work holds a lock for less
_TEMP_SECONDS = 3600  # as old as the next writer takes them for left behind


@dataclass(frozen=True)
class Diagnosis:
    """One thing: `state` is ok, note (works without) or broken; `advice` says what to do."""

    name: str
    label: str
    state: str
    found: str
    advice: str = ""


def diagnose(session: Session) -> list[Diagnosis]:
    """Every check, in the order in which they are shown."""
    return [
        _python(),
        *_parts(),
        *_extra(),
        _yaml_parser(),
        *_git(session),
        _terminal(session),
        *_book(session),
        _cache(session),
        _catalog(),
        _fonts(),
        _browser(session),
    ]


def _python() -> Diagnosis:
    version = ".".join(str(n) for n in sys.version_info[:3])
    good = sys.version_info[:2] >= _LEAST_PYTHON
    return Diagnosis(
        "python",
        "Python",
        "ok" if good else "broken",
        f"{version}  {sys.executable}",
        "" if good else _("install Python 3.11 or later"),
    )


def _parts() -> Iterator[Diagnosis]:
    """qibi itself and each package that it depends on: there, of a version it takes, importable."""
    try:
        yield Diagnosis("qibi", "qibi", "ok", metadata.version("qibi"))
        required = metadata.requires("qibi") or []
    except metadata.PackageNotFoundError:
        advice = _("install it (pip install qibi), so that its parts can be checked")
        yield Diagnosis("qibi", "qibi", "note", _("not installed as a package"), advice)
        return
    for line in required:
        match = _REQUIREMENT.match(line)
        if match and _applies(match[3] or ""):
            yield _part(match[1], match[2].strip())


def _extra() -> Iterator[Diagnosis]:
    """The packages that boards and minutes need beyond qibi's own; without them all else works."""
    from qibi.board.paper import INSTALL

    try:
        required = metadata.requires("qibi") or []
    except metadata.PackageNotFoundError:
        return
    for line in required:
        match = _REQUIREMENT.match(line)
        if match and re.search(r"extra == ['\"]board['\"]", match[3] or ""):
            part = _part(match[1], match[2].strip())
            uses = _for_boards(part.name)
            if part.state == "ok":
                yield replace(part, found=f"{part.found}  {uses}")
            else:
                yield replace(part, state="note", found=f"{part.found}, {uses}", advice=INSTALL)


def _for_boards(package: str) -> str:
    """What a package of the board is for."""
    return {
        "jinja2": _("for qibi board as html"),
        "python-docx": _("for qibi minutes as docx"),
        "segno": _("for the code of a closed week's seal"),
        "typst": _("for qibi board as pdf, png and svg"),
    }.get(package, _("for qibi board"))


def _applies(marker: str) -> bool:
    """Whether a requirement with this marker is one here; those of extras are not."""
    if "extra" in marker:
        return False
    platform = re.search(r"sys_platform == ['\"](\w+)['\"]", marker)
    return platform is None or platform[1] == sys.platform


def _part(name: str, bounds: str) -> Diagnosis:
    advice = _("install it again: pip install '{requirement}'").format(requirement=name + bounds)
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Diagnosis(name, name, "broken", _("missing"), advice)
    if not _within(version, bounds):
        text = _("{version}, but qibi takes {bounds}").format(version=version, bounds=bounds)
        return Diagnosis(name, name, "broken", text, advice)
    try:
        import_module(_MODULES.get(re.sub(r"[._-]+", "-", name), name))
    except Exception as error:  # whatever a broken installation raises, it is what was asked for
        text = _("{version}, but it can't be used: {error}").format(version=version, error=error)
        return Diagnosis(name, name, "broken", text, advice)
    return Diagnosis(name, name, "ok", version)


def _within(version: str, bounds: str) -> bool:
    """Whether a version keeps to bounds such as `<0.26,>=0.25.1`."""
    own = _numbers(version)
    return all(
        own >= _numbers(limit) if sign == ">=" else own < _numbers(limit)
        for sign, limit in _BOUND.findall(bounds)
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"[0-9]+", version.split("+")[0])[:4])


def _yaml_parser() -> Diagnosis:
    label = _("YAML parser")
    try:
        compiled = import_module("ruamel.yaml").__with_libyaml__
    except ImportError:
        compiled = False
    if not compiled:
        advice = _("pip install ruamel.yaml.clib")
        return Diagnosis("yaml-parser", label, "broken", _("the C parser is missing"), advice)
    return Diagnosis("yaml-parser", label, "ok", _("libyaml, in C"))


def _git(session: Session) -> Iterator[Diagnosis]:
    from qibi.ledger.git import Git, has_identity

    try:
        root = session.root
    except Refusal:
        root = session.around.folder
    git = Git(root, session.around.environment)
    try:
        version = git.demand("--version").strip().removeprefix("git version ")
    except Refusal as refusal:
        yield Diagnosis("git", "git", "broken", refusal.message, refusal.advice)
        return
    yield Diagnosis("git", "git", "ok", version)
    label = _("git author")
    if has_identity(git):
        person = git.run("var", "GIT_AUTHOR_IDENT").stdout.rsplit(" ", 2)[0]
        yield Diagnosis("git-author", label, "ok", person)
    else:
        advice = 'git config --global user.name "NAME"; git config --global user.email MAIL'
        yield Diagnosis("git-author", label, "note", _("not set; qibi commit needs it"), advice)
    yield _recorder(session, git.config("qibi.as"))


def _recorder(session: Session, configured: str | None) -> Diagnosis:
    label = _("you record as")
    asked = session.around.environment.get("QIBI_AS") or configured
    if not asked:
        advice = _("in the book's folder: git config qibi.as YOUR-ID (or QIBI_AS, or --as)")
        return Diagnosis("qibi-as", label, "note", _("nobody yet"), advice)
    try:
        session.definitions  # noqa: B018  (without a book that holds, there is nobody to compare with)
    except (Refusal, Faults):
        return Diagnosis("qibi-as", label, "ok", asked)
    try:
        who = session.who(None, signs=False)
        return Diagnosis("qibi-as", label, "ok", f"{who}  {session.definitions.title(who)}")
    except Refusal as refusal:
        return Diagnosis("qibi-as", label, "broken", refusal.message, refusal.advice)


def _terminal(session: Session) -> Diagnosis:
    around = session.around
    text = _("{encoding}, {width} columns").format(
        encoding=around.stdout.encoding or "?", width=around.width
    )
    label = _("terminal")
    if around.shows_chinese:
        return Diagnosis("terminal", label, "ok", text)
    advice = _("for Chinese, use a UTF-8 locale: export LANG=C.UTF-8 (or PYTHONUTF8=1)")
    return Diagnosis("terminal", label, "note", text + _(", can't show Chinese"), advice)


def _book(session: Session) -> Iterator[Diagnosis]:
    """The book that other commands would find from here, and whether its definitions hold."""
    label = _("book")
    zone = "Asia/Shanghai"
    try:
        root = session.root
        definitions = session.definitions
        zone = definitions.timezone
        people = len({p.id for p in definitions.memberships})
        counted = many("{count} person", "{count} people", people).format(count=people)
        yield Diagnosis("book", label, "ok", f"{listing([str(definitions.name), counted])}  {root}")
        wrong = yield from _repository(session)
        yield from _errors(session, wrong)
        yield from _leftovers(session)
        yield from _key(session)
    except Refusal as refusal:
        asked = session.options.book or session.around.environment.get("QIBI_BOOK")
        state = "broken" if asked else "note"
        yield Diagnosis("book", label, state, refusal.message, refusal.advice)
    except Faults as faults:
        yield _broken("book", label, faults.findings, f"  {root}")
    yield _time_zones(zone)


def _repository(session: Session) -> Generator[Diagnosis, None, Sequence[Finding]]:
    """Whether the book is in git, and git holds it as it is; returns what keeps it from that."""
    from qibi.checks.registry import in_git
    from qibi.ledger.git import in_between

    label = _("book in git")
    try:
        top = session.git.repository()
        if top is None:
            advice = _("git init (in the book's folder)")
            yield Diagnosis("repository", label, "note", _("no; qibi commit needs it"), advice)
            return ()
        yield Diagnosis("repository", label, "ok", str(top))
        if stopped := in_between(session.git):
            yield Diagnosis("head", _("commits"), "note", stopped.message, stopped.advice)
    except Refusal as refusal:
        yield Diagnosis("repository", label, "broken", refusal.message, refusal.advice)
        return in_git(session.root, session.definitions, session.git)
    label = _("what git holds")
    if wrong := in_git(session.root, session.definitions, session.git):
        yield _broken("held", label, wrong)
    else:
        yield Diagnosis("held", label, "ok", _("the book as it is, byte for byte, once committed"))
    return wrong


def _errors(session: Session, told: Sequence[Finding]) -> Iterator[Diagnosis]:
    """The errors of the book that are not told yet; `commit` refuses each."""
    from qibi.checks.registry import run

    found = run(session.root, session.definitions, session.git, session.around.now()).errors
    if left := [finding for finding in found if finding not in told]:
        yield _broken("errors", _("the book's errors"), left)


def _broken(name: str, label: str, findings: Sequence[Finding], text: str = "") -> Diagnosis:
    """A check that these findings fail, with the first of them."""
    count = many("{count} finding", "{count} findings", len(findings)).format(count=len(findings))
    first = _("first: {finding}  ('qibi check' shows all)").format(finding=findings[0])
    return Diagnosis(name, label, "broken", f"{count}{text}", first)


def _leftovers(session: Session) -> Iterator[Diagnosis]:
    """Locks of git that nobody seems to hold any more, and temp files, as kills and power cuts leave."""
    from qibi.ledger.git import age_text, locks

    if _opens(session):
        found = [lock for lock in locks(session.git) if lock.age > _LOCK_SECONDS]
        label = _("git's locks")
        if found:
            advice = _("once no git runs here: rm {paths}  (nothing is lost)").format(
                paths=shlex.join(str(lock.path) for lock in found)
            )
            text = listing([str(lock) for lock in found])
            yield Diagnosis("git-locks", label, "broken", text, advice)
        else:
            yield Diagnosis("git-locks", label, "ok", _("none left behind"))
    label = _("temp files")
    old = [age for age in _ages_of_temp_files(session.root) if age > _TEMP_SECONDS]
    if old:
        count = many("{count} file", "{count} files", len(old)).format(count=len(old))
        found_old = _("{count} of a write that was interrupted, {age}").format(
            count=count, age=age_text(max(old))
        )
        advice = _("not used; the next qibi commit removes them")
        yield Diagnosis("temp-files", label, "note", found_old, advice)
    else:
        yield Diagnosis("temp-files", label, "ok", _("none left behind"))


def _opens(session: Session) -> bool:
    """Whether git opens the book's repository; where it does not, that is said already."""
    try:
        return session.git.repository() is not None
    except Refusal:
        return False


def _ages_of_temp_files(root: Path) -> Iterator[float]:
    """Seconds since each was written; marks of unreported batches are none of them."""
    from contextlib import suppress

    from qibi.ledger.store import is_mark

    for part in ("ledger", "seals"):
        for path in (root / part).rglob(".*.tmp"):
            if not is_mark(path.name):
                with suppress(OSError):  # gone by now
                    yield time.time() - path.lstat().st_mtime


def _key(session: Session) -> Iterator[Diagnosis]:
    """In a book with signers: whether the key that would sign here is there, and fits who records."""
    signing = session.signing
    if signing is None:
        return
    label = _("signing key")
    try:
        who = session.who(None, signs=False)
    except Refusal as refusal:
        yield Diagnosis("key", label, "note", _("not checked: no recorder is set"), refusal.message)
        return
    try:
        signing.must_have_key(who)
        print_of = signing.keygen.fingerprint_of(signing.file)
        yield Diagnosis("key", label, "ok", f"{signing.file}  {print_of}")
    except Refusal as refusal:
        yield Diagnosis("key", label, "broken", refusal.message, refusal.advice)
    except Faults as faults:
        first = session.advised(faults.findings)[0]
        yield Diagnosis("key", label, "broken", first.place, first.message)


def _time_zones(zone: str) -> Diagnosis:
    from zoneinfo import ZoneInfo

    label = _("time zones")
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        text = _("{zone} is not known").format(zone=zone)
        advice = _("pip install tzdata, or correct timezone: in qibi.yaml")
        return Diagnosis("time-zones", label, "broken", text, advice)
    return Diagnosis("time-zones", label, "ok", zone)


def _cache(session: Session) -> Diagnosis:
    label = _("cache")
    folder = session.around.cache
    if folder is None:
        return Diagnosis(
            "cache", label, "ok", _("none: turned off, no home folder, or it would be in a book")
        )
    try:
        files = [p for p in folder.rglob("*") if p.is_file()]
        size = f"  {sum(p.stat().st_size for p in files) / 1_000_000:.1f} MB"
        writable = _may_write(folder)
    except OSError:  # a folder above that may not even be looked into
        size, writable = "", False
    text = f"{folder}{size}"
    if writable:
        return Diagnosis("cache", label, "ok", text)
    advice = _("name another folder: QIBI_CACHE; without it everything works, slower")
    return Diagnosis("cache", label, "note", text + _(", can't be written"), advice)


def _may_write(folder: Path) -> bool:
    """Whether a file can be made there, or in the first folder above that exists."""
    nearest = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _catalog() -> Diagnosis:
    label = _("languages")
    if any(language.LOCALE.glob("zh_CN/LC_MESSAGES/qibi.mo")):
        return Diagnosis("languages", label, "ok", "en, zh")
    advice = _("qibi speaks English only; install it from a wheel")
    return Diagnosis("languages", label, "note", _("en; the Chinese catalog is missing"), advice)


def _fonts() -> Diagnosis:
    """The fonts that qibi brings along for boards."""
    from qibi.board import fonts
    from qibi.board.paper import INSTALL

    label = _("board fonts")
    wanted = [*fonts.FILES, fonts.REPERTOIRE]
    gone = [name for name in wanted if not (fonts.FOLDER / name).is_file()]
    if gone:
        text = _("missing: {files}").format(files=listing(gone))
        advice = _("reinstall qibi: {command}").format(
            command=INSTALL.replace("install", "install --force-reinstall")
        )
        return Diagnosis("fonts", label, "note", text, advice)
    return Diagnosis("fonts", label, "ok", "Noto Sans SC, Noto Sans")


def _browser(session: Session) -> Diagnosis:
    """A browser to look at html boards with, as this machine finds one."""
    label = _("browser")
    named = session.around.environment.get("BROWSER", "").split(os.pathsep)
    path = session.around.environment.get("PATH")
    found = next((f for n in (*named, *_BROWSERS) if n and (f := shutil.which(n, path=path))), None)
    if found or sys.platform in ("darwin", "win32"):  # there one always is, though not in PATH
        return Diagnosis("browser", label, "ok", found or _("the system's"))
    advice = _("open html boards on another machine, or install Firefox or Chromium")
    return Diagnosis("browser", label, "note", _("none found"), advice)

"""What one run of a command works with: the book, its definitions, git, who, today and now."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from qibi.base import language, weeks
from qibi.base.cache import Cache
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _
from qibi.base.plain import read_plain
from qibi.base.weeks import Period
from qibi.book import lookup
from qibi.book.definitions import Definitions, Signer
from qibi.book.load import find, load
from qibi.cli._click import click
from qibi.cli.console import Console
from qibi.cli.surroundings import LATEST, Anywhere, Surroundings, failure
from qibi.ledger.admission import Stamp, recorder
from qibi.ledger.clock import FIRST, LAST
from qibi.ledger.git import Git, NotInstalled
from qibi.ledger.held import Held, missing
from qibi.ledger.signatures import Keygen, fingerprint, public_key, signed_with
from qibi.ledger.signers import (
    Act,
    RecordFile,
    lacking,
    not_accepted,
    revoked_from,
    standing_records,
    week_of_moment,
)

if TYPE_CHECKING:
    from qibi.ledger.batches import Batch


def current_session() -> "Session":
    """The session of the command that is running."""
    return cast(Session, click.globals.get_current_context().find_root().obj)


def spoken(options: Anywhere, around: Surroundings, command: str = "") -> str:
    """The language to speak: `--lang`, `QIBI_LANG`, the book's, the system's; English where unknown.

    `init` and `demo` make a book of their own, so one that happens to be near does not decide.

    Where standard output can't carry Chinese, the book's and the system's wish give way to English.
    """
    if found := _language_asked(options, around):
        return found
    if not around.shows_chinese:
        return "en"
    if command not in ("init", "demo") and (declared := _language_of_book(options, around)):
        return language.normal(declared) or "en"
    return language_wanted(options, around) or "en"


def _language_asked(options: Anywhere, around: Surroundings) -> str | None:
    for asked in (options.lang, around.environment.get("QIBI_LANG")):
        if asked and (found := language.normal(asked)):
            return found
    return None


def language_wanted(options: Anywhere, around: Surroundings) -> str | None:
    """The language by `--lang`, `QIBI_LANG` or the system; None where none of them names one."""
    if found := _language_asked(options, around):
        return found
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := around.environment.get(variable):
            return language.normal(value)
    return None


def _language_of_book(options: Anywhere, around: Surroundings) -> str | None:
    """The language that the book declares, read without loading it; None where there is none."""
    try:
        root = find(options.book, around.environment, around.folder)
        text = read_plain(root / "qibi.yaml").decode("utf-8")
    except (Refusal, OSError, UnicodeDecodeError):
        return None  # the command itself says what is wrong
    found = re.search(r"^language:\s*['\"]?([A-Za-z-]+)", text, re.MULTILINE)
    return found[1] if found else None


@dataclass
class Session:
    """Each thing is looked up once, and only if the command asks for it."""

    around: Surroundings
    options: Anywhere
    console: Console
    exit_code: int = 0
    notices: list[str] = field(default_factory=list)
    unreported: list[Path] = field(default_factory=list)  # batches and seals, not yet reported
    wrote: bool = False  # whether this run wrote any of them; else an interrupted one did
    hidden: frozenset[str] = frozenset()  # paths of batches that are taken as not there

    @cached_property
    def root(self) -> Path:
        """The book's folder."""
        return find(self.options.book, self.around.environment, self.around.folder)

    @cached_property
    def definitions(self) -> Definitions:
        """The book's definitions; raises `Faults` with every mistake in them.

        Also where a part of the ledger that git holds is not on disk: nothing may be said of the rest.
        """
        found = load(self.root, self.around.cache, self.names)
        if absent := missing(self.root, Cache(self.around.cache), lambda: self.git):
            raise Faults(absent)
        language.call({key: str(word) for key, word in found.words.items()})
        return found

    def forgo_cache(self) -> None:
        """Read all from the book from here on: for what can't be taken back once it is written."""
        environment = {**self.around.environment, "QIBI_CACHE": ""}
        self.around = replace(self.around, environment=environment)
        self.__dict__.pop("definitions", None)

    def learn_words(self) -> None:
        """Speak in the words of the book that is near, if there is one that holds."""
        with suppress(Refusal, Faults, OSError):
            if re.search(rb"^words:", read_plain(self.root / "qibi.yaml"), re.MULTILINE):
                self.definitions  # noqa: B018  (loading them is what teaches the words)

    @cached_property
    def names(self) -> Path | None:
        """The file that replaces the book's names.yaml: `QIBI_NAMES`."""
        named = self.around.environment.get("QIBI_NAMES")
        return self.around.folder / named if named else None

    @cached_property
    def git(self) -> Git:
        """Git in the book's folder."""

        return Git(self.root, self.around.environment)

    def advised(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings; of each file that is not what it was the first says what restores it."""
        if all(finding.lost is None for finding in findings):
            return list(findings)
        from qibi.ledger.restore import advised

        return advised(findings, self.root, self.git)

    def held(self) -> Held:
        """What git holds of the book now."""

        return Held(self.root, self.git, private=bool(self.definitions.private_names))

    @cached_property
    def zone(self) -> tzinfo:
        """The book's time zone."""

        return ZoneInfo(self.definitions.timezone)

    @cached_property
    def today(self) -> date:
        """`--today`, `QIBI_TODAY`, or the day it is in the book's time zone."""
        for origin, text in (
            ("--today", self.options.today),
            ("QIBI_TODAY", self.around.environment.get("QIBI_TODAY")),
        ):
            if text:
                try:
                    day = date.fromisoformat(text)
                    if weeks.is_week(weeks.week_of(day)):
                        return day
                    raise ValueError
                except ValueError:
                    raise Refusal(
                        _("{origin}: '{text}' is not a day").format(origin=origin, text=text),
                        _("write it as 2026-11-18"),
                    ) from None
        return self.around.now().astimezone(self.zone).date()

    @contextmanager
    def without(self, batches: "Iterable[Batch]") -> Iterator[None]:
        """Take these batches as not there: the ledger as an interrupted command met it."""
        hidden, self.hidden = self.hidden, frozenset(b.path for b in batches)
        try:
            yield
        finally:
            self.hidden = hidden

    def standing(self, batches: "Iterable[Batch]") -> "list[Batch]":
        """Those of these batches that are not hidden."""
        return [b for b in batches if b.path not in self.hidden]

    def reported(self) -> None:
        """What was recorded has been reported: should it be asked for again, it is a new request.

        It has not where nobody read the report any more; of what an interrupted run recorded, the word
        on standard error is enough, for the advice that it gives has to work.
        """
        lost = failure(self.around.stderr)
        if self.unreported and not (lost or (self.wrote and failure(self.around.stdout))):
            from qibi.ledger.store import mark_reported

            mark_reported(self.unreported)
            self.unreported.clear()

    def recorded_at(self) -> str:
        """This moment by the clock, in the book's time zone, to the second.

        Raises `Refusal` where it can't be now: what is recorded at such a moment stands for good.
        """
        now = self.around.now()
        if not FIRST <= now < LAST:
            raise Refusal(
                _("the clock of this machine says {moment}").format(moment=now.date().isoformat()),
                _("set it, then run the same command again (--today does not change it)"),
            )
        return now.astimezone(self.zone).isoformat(timespec="seconds")

    def who(self, asked: str | None, *, signs: bool = True) -> str:
        """Who records: `--as`, `QIBI_AS`, git's `qibi.as`; raises `Refusal` where nobody does.

        With `signs`, also where the book has signers and the key at hand is none of theirs.
        """
        sources: tuple[tuple[str, Callable[[], str | None]], ...] = (
            ("--as", lambda: asked),
            ("QIBI_AS", lambda: self.around.environment.get("QIBI_AS")),
            ("git config qibi.as", lambda: self.git.config("qibi.as")),  # a process: asked last
        )
        for origin, source in sources:
            text = source()
            if not text:
                continue
            try:
                who = recorder(self.definitions, text)
            except lookup.NotFound as error:
                raise Refusal(f"{origin}: {error}", _("name a member of this book"), 1) from None
            if self.signing and signs:
                self.signing.must_have_key(who)  # before anything is typed in vain
            return who
        self._refuse_unread_settings()
        raise Refusal(
            _("no recorder is set"),
            _("set it once: git config qibi.as YOUR-ID (or --as, or QIBI_AS)"),
        )

    def _refuse_unread_settings(self) -> None:
        """Raises `Refusal` where git refuses the repository: then it gives none of its settings."""

        with suppress(NotInstalled):
            self.git.repository()

    def signer(self, who: str, right: str, branch: str = "") -> Callable[[bytes], bytes] | None:
        """What signs for this member; None in a book without signers.

        `right` is `record` (for a branch) or `close`. Raises `Refusal` where no key of theirs may.
        """
        if self.signing is None:
            return None
        return self.signing.signer(who, right, branch, self.recorded_at())

    @cached_property
    def signing(self) -> "Signing | None":
        """The keys of this book, and the one that signs here; None in a book without signers."""
        if not self.definitions.signers and not (self.root / "seals" / "signers-1.json").exists():
            return None

        return Signing(self.root, self.definitions, self.around, self.git)

    def stamp(self, week: str, branch: str, who: str, source: str = "", layout: str = "") -> Stamp:
        """What all entries of one batch have in common."""
        moment = self.recorded_at()
        return Stamp(week, branch, who, moment, source, layout, self.root, self.around.folder)

    def week(self, text: str | None) -> str:
        """One week from `--week`; bare or absent it is the latest assessed one."""
        period = self.period(text)
        if len(period.weeks) != 1:
            raise Refusal(
                _("'{text}' is more than one week").format(text=text), _("name one: 2026-W41")
            )
        return period.weeks[0]

    def period(self, text: str | None) -> Period:
        """The period meant; bare or absent it is the latest assessed week,
        in a new book the last that is over. Raises `Refusal`."""
        if text is None or text == LATEST:
            from qibi.scoring.assessed import latest_assessed

            return weeks.single(
                latest_assessed(self.root, self.definitions, cache=self.around.cache)
                or weeks.last_over(self.today)
            )
        found = weeks.parse_period(text, self.today)
        if found is None or not found.weeks:
            raise Refusal(
                _("'{text}' is not a period").format(text=text),
                _("write 2026-W41, W41, last, 2026-W38..2026-W41, 2026-09, 2026-Q4 or 2026"),
            )
        return found

    def past_week(self, text: str) -> str:
        """A week to record in: it must have begun."""
        week = self.week(text)
        if weeks.monday(week) > self.today:
            raise Refusal(
                _("{week} has not begun; today is {today}").format(
                    week=week, today=self.today.isoformat()
                ),
                _("record it once it has begun"),
                1,
            )
        return week

    def find_subject(self, text: str, week: str | None = None) -> str:
        """The id of a subject; raises `Refusal`."""
        try:
            return lookup.subject(self.definitions, text, week=week)
        except lookup.NotFound as error:
            raise Refusal(str(error), code=1) from None

    def find_branch(self, text: str) -> str:
        """The id of a branch; raises `Refusal`."""
        try:
            return lookup.branch(self.definitions, text)
        except lookup.NotFound as error:
            raise Refusal(str(error), code=1) from None


# Signing at the edge: which private key signs here, and whether it may.


Sign = Callable[[bytes], bytes]


class Signing:
    """Signs in one book; everything that is in the way is refused before anything is written."""

    def __init__(
        self, root: Path, definitions: Definitions, around: Surroundings, git: Git
    ) -> None:
        self.root, self.definitions, self.around, self.git = root, definitions, around, git
        self.keygen = Keygen(around.environment, on_terminal=around.on_terminal)

    @cached_property
    def records(self) -> list[RecordFile]:
        """The records of signers; raises `Faults` where their chain is broken."""
        return standing_records(self.root)

    def signer(self, who: str, right: str, branch: str, at: str) -> Sign:
        """What signs with the key at hand; raises `Refusal` where it may not, `Faults` for keys not accepted."""
        self._must_be_accepted()
        return self.signer_under(self.definitions.signers, who, right, branch, at)

    def signer_under(
        self, signers: tuple[Signer, ...], who: str, right: str, branch: str, at: str
    ) -> Sign:
        """The same under other signers than those of qibi.yaml."""
        key = self._key_among(signers, who)
        week = week_of_moment(at, ZoneInfo(self.definitions.timezone))
        reason = lacking(signers, key, Act(who, right, week, branch))
        if reason is None and (revoked := revoked_from(signers, key)) <= week:
            reason = _("{who}'s key is revoked from {week} on").format(who=who, week=revoked)
        if reason:
            raise Refusal(
                _("this can't be signed: {reason}").format(reason=reason),
                _("nothing was written; 'qibi signers list' says who may sign what"),
                1,
            )

        def sign(raw: bytes) -> bytes:
            signature = self.keygen.sign(raw, self.file)
            if signed_with(signature) != key:
                raise Refusal(_("{path} signed with another key").format(path=self.file))
            return signature

        return sign

    def must_have_key(self, who: str) -> None:
        """Raises `Refusal` where the key at hand is none of this member's, `Faults` as `signer`."""
        self._must_be_accepted()
        self._key_among(self.definitions.signers, who)

    def _must_be_accepted(self) -> None:
        if finding := not_accepted(self.definitions.signers, self.records):
            raise Faults([finding])

    def _key_among(self, signers: tuple[Signer, ...], who: str) -> str:
        """The public key (`type base64`) of this member that the file at hand holds."""
        if not any(s.id == who for s in signers):
            raise Refusal(
                _("{who} is not among the signers").format(who=who),
                _(
                    "record as someone who is, or add a key to 'signers' of qibi.yaml: {line}"
                ).format(line=f'{{id: {who}, key: "ssh-ed25519 …", may: [record]}}'),
                1,
            )
        own = {fingerprint(key): key for s in signers if s.id == who and (key := public_key(s.key))}
        found = self.keygen.fingerprint_of(self.file)
        if found not in own:
            raise Refusal(
                _("{path} is not a key of {who}").format(path=self.file, who=who),
                _("its fingerprint is {found}; name another key: git config qibi.key FILE").format(
                    found=found
                ),
                1,
            )
        return own[found]

    @cached_property
    def file(self) -> Path:
        """The key file that signs here: `QIBI_KEY`, git's `qibi.key`, git's `user.signingkey`."""
        if named := self.around.environment.get("QIBI_KEY"):
            home = Path(self.around.environment.get("HOME", ""))
            path = home / named[2:] if named.startswith("~/") else Path(named)
            return self._there("QIBI_KEY", self.around.folder / path)
        if named := self._setting("qibi.key"):
            return self._there("git config qibi.key", self.root / named)
        if (named := self._setting("user.signingkey")) and (self.root / named).is_file():
            return self.root / named
        raise Refusal(
            _("this book is signed, and no key is set to sign with"),
            _("set your SSH key once: git config qibi.key ~/.ssh/id_ed25519 (or QIBI_KEY)"),
        )

    def _setting(self, name: str) -> str:
        done = self.git.run("config", "--type=path", "--get", name)
        return done.stdout.rstrip("\n") if done.returncode == 0 else ""

    def _there(self, origin: str, path: Path) -> Path:
        if path.is_file():
            return path
        raise Refusal(
            _("{origin}: {path} is not there").format(origin=origin, path=path),
            _("name the file of your SSH key; make one: ssh-keygen -t ed25519"),
        )

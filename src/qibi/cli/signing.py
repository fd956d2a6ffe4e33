"""Signing at the edge: which private key signs here, and whether it may."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from qibi.base.findings import Faults, Refusal
from qibi.base.language import _
from qibi.book.definitions import Definitions, Signer
from qibi.cli.surroundings import Surroundings
from qibi.ledger.git import Git
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

Sign = Callable[[bytes], bytes]


class Signing:
    """Signs in one book; everything that stands in the way is refused before anything is written."""

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
                _("{path} is none of the keys of {who}").format(path=self.file, who=who),
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
            _("this book is signed, and no key is known to sign with"),
            _("name your SSH key once: git config qibi.key ~/.ssh/id_ed25519 (or QIBI_KEY)"),
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

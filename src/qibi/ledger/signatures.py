"""Signatures: `ssh-keygen -Y`, through one helper, and the public keys that they are made with.

A signature is next to its file as `<file>.sig`, so it survives rebase and cherry-pick. It names the
public key that made it; whether that key may is for `ledger.signers` to say.
"""

import base64
import binascii
import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qibi.base.cache import Cache, key_of
from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.ledger.entries import ID

ENDING = ".sig"
NAMESPACE = "qibi"
_KINDS = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MOST_BYTES = 16 * 1024  # of a signature; an RSA one of 16,384 bits has 6 KiB
_AT_ONCE = 4
_NEEDED = (
    *("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "TERM"),
    *("SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "SSH_SK_PROVIDER"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
)


def signature_of(path: Path) -> Path:
    """Where the signature of a file is."""
    return path.with_name(path.name + ENDING)


def public_key(text: str) -> str | None:
    """A public key as `type base64`, without its comment; None where the text is none."""
    kind, _blank, rest = text.strip().partition(" ")
    words = rest.split()
    if kind not in _KINDS or not words:
        return None
    try:
        blob = base64.b64decode(words[0], validate=True)
        named, left = _string(blob)
    except (binascii.Error, ValueError):
        return None
    if named != kind.encode() or not left:
        return None
    return f"{kind} {base64.b64encode(blob).decode()}"


def fingerprint(key: str) -> str:
    """`SHA256:…` of a public key (`type base64`), as ssh-keygen and ssh-add show it."""
    blob = base64.b64decode(key.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def signed_with(signature: bytes) -> str | None:
    """The public key that a signature says it was made with; None where it is no signature of ours.

    Nothing is proven by that: `ssh-keygen` proves it.
    """
    try:
        lines = signature[:_MOST_BYTES].decode("ascii").split("\n")
        if len(signature) > _MOST_BYTES or lines[0] != _BEGIN or lines[-2:] != [_END, ""]:
            return None
        blob = base64.b64decode("".join(lines[1:-2]), validate=True)
        if blob[:10] != b"SSHSIG\0\0\0\1":
            return None
        key, left = _string(blob[10:])
        namespace, _left = _string(left)
        kind, _rest = _string(key)
    except (UnicodeDecodeError, binascii.Error, ValueError):
        return None
    if namespace != NAMESPACE.encode():
        return None
    return public_key(f"{kind.decode('ascii', 'replace')} {base64.b64encode(key).decode()}")


def _string(blob: bytes) -> tuple[bytes, bytes]:
    """The first string of an SSH structure, and what follows it; raises `ValueError`."""
    end = 4 + int.from_bytes(blob[:4], "big")
    if len(blob) < max(4, end):
        raise ValueError
    return blob[4:end], blob[end:]


class Keygen:
    """Runs ssh-keygen, with what it needs of the environment and no more."""

    def __init__(self, environment: Mapping[str, str], *, on_terminal: bool = False) -> None:
        needed = {key: value for key, value in environment.items() if key.upper() in _NEEDED}
        self.environment = needed | {"LC_ALL": "C"}
        self.on_terminal = on_terminal

    def fingerprint_of(self, key: Path) -> str:
        """The fingerprint of a key file, private or public, without its passphrase."""
        done = self._run("-l", "-E", "sha256", "-f", str(key))
        words = done.stdout.decode("utf-8", "replace").split()
        if done.returncode != 0 or len(words) < 2 or not words[1].startswith("SHA256:"):
            raise Refusal(
                _("{path} is not an SSH key that ssh-keygen can read: {words}").format(
                    path=key, words=_words(done.stderr)
                ),
                _("make one: ssh-keygen -t ed25519; then git config qibi.key ITS-FILE"),
            )
        return words[1]

    def sign(self, raw: bytes, key: Path) -> bytes:
        """The signature of these bytes; a passphrase is asked for on the terminal by ssh-keygen."""
        done = self._run(
            *("-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key)),
            given=raw,
            asks=self.on_terminal,
        )
        if done.returncode == 0 and signed_with(done.stdout):
            return done.stdout
        words = _words(done.stderr)
        if "passphrase" in words and not self.on_terminal:
            raise Refusal(
                _("the key {path} has a passphrase, and there is no terminal to ask for it").format(
                    path=key
                ),
                _("add it to an agent first: ssh-add {path}").format(path=key),
            )
        raise Refusal(
            _("{path} could not sign: {words}").format(path=key, words=words or _("see above")),
            _("nothing was recorded; fix that and run the same command again"),
        )

    def verify(self, raw: bytes, signature: Path, principal: str, allowed: Path) -> bool:
        """Whether a signature is of these bytes and by the key in that allowed-signers file."""
        done = self._run(
            *("-Y", "verify", "-f", str(allowed), "-I", principal),
            *("-n", NAMESPACE, "-s", str(signature)),
            given=raw,
        )
        return done.returncode == 0

    def _run(
        self, *arguments: str, given: bytes = b"", asks: bool = False
    ) -> "subprocess.CompletedProcess[bytes]":
        try:
            return subprocess.run(
                ["ssh-keygen", *arguments],
                env=self.environment,
                input=given,
                stdout=subprocess.PIPE,
                # What a hardware key wants (a touch) is said there.
                stderr=None if asks else subprocess.PIPE,
                start_new_session=not asks,  # no terminal, so it never waits for an answer
                check=False,
            )
        except FileNotFoundError:
            raise Refusal(
                _("ssh-keygen is not installed"),
                _("signatures need OpenSSH 8.2 or later: install it (openssh-client)"),
            ) from None
        except OSError as error:
            raise Refusal(
                _("ssh-keygen can't be run: {reason}").format(reason=error.strerror)
            ) from None


def _words(stderr: bytes | None) -> str:
    lines = (stderr or b"").decode("utf-8", "replace").replace("\r", "").splitlines()
    return "; ".join(line.strip(" @") for line in lines if line.strip(" @"))


@dataclass(frozen=True)
class Claim:
    """That a file's signature is by a key: what ssh-keygen is to prove."""

    path: str
    raw: bytes
    signature: bytes
    principal: str  # a member's id
    key: str  # `type base64`

    @property
    def digest(self) -> str:
        """One digest for all that the answer depends on."""
        shas = [hashlib.sha256(part).hexdigest() for part in (self.raw, self.signature)]
        return key_of([NAMESPACE, *shas, self.principal, self.key])


class Verifier:
    """Proves claims, several at once; what held once is kept and not proven again."""

    def __init__(self, environment: Mapping[str, str], cache: Cache, book: str) -> None:
        self.keygen = Keygen(environment)
        self._cache = cache
        self._place = key_of(["signatures that held", book])

    def failing(self, claims: Iterable[Claim]) -> set[str]:
        """The paths of the claims that don't hold."""
        wanted = list(claims)
        held = set(self._cache.find("signatures", self._place, list[str]) or ())
        new = [claim for claim in wanted if claim.digest not in held]
        if not new:
            return set()
        from concurrent.futures import ThreadPoolExecutor

        with _private_folder() as folder, ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = list(pool.map(lambda pair: self._holds(folder, *pair), enumerate(new)))
        good = {claim.digest for claim, holds in zip(new, answers, strict=True) if holds}
        if good:
            self._cache.keep("signatures", self._place, sorted(held | good))
        return {claim.path for claim, holds in zip(new, answers, strict=True) if not holds}

    def _holds(self, folder: Path, number: int, claim: Claim) -> bool:
        if not ID.fullmatch(claim.principal):
            return False
        signature, allowed = folder / f"{number}{ENDING}", folder / f"{number}.allowed"
        signature.write_bytes(claim.signature)
        allowed.write_text(f'{claim.principal} namespaces="{NAMESPACE}" {claim.key}\n', "utf-8")
        holds = self.keygen.verify(claim.raw, signature, claim.principal, allowed)
        signature.unlink()
        allowed.unlink()
        return holds


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder that only this user may look into, gone again afterwards."""
    import tempfile

    try:
        with tempfile.TemporaryDirectory(prefix=f"qibi-{os.getpid()}-") as folder:  # mode 0700
            yield Path(folder)
    except OSError as error:
        raise Refusal(
            _("no space for temporary files: {reason}").format(reason=error.strerror),
            _("free some space in the temporary folder, or set TMPDIR to another"),
        ) from None

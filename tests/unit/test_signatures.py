"""Signatures on real keys and real git: who may sign what, and what an audit catches."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from qibi.base.cache import Cache
from qibi.base.findings import Refusal
from qibi.ledger.entries import Assessed, Entry
from qibi.ledger.seals import SealedBatch, encode_seal
from qibi.ledger.signatures import (
    Claim,
    Keygen,
    Verifier,
    fingerprint,
    public_key,
    signature_of,
    signed_with,
)
from qibi.ledger.signers import encode_record, record_number, standing_records, week_of_moment
from qibi.ledger.store import write_batch
from qibi.proof.signatures import trusted
from transcripts.harness import CHINA, HERE, Next, Scene, play

pytestmark = pytest.mark.external  # ssh-keygen

SIGNERS = HERE / "external" / "signers.txt"
PEOPLE = ("ann", "bob", "hal")
LATER = datetime(2026, 12, 1, 9, tzinfo=CHINA)  # than what is recorded in any test
ROWS = (
    "{{id: e-ann, key: {ann}, may: [record, close]}}",
    "{{id: e-bob, key: {bob}, may: [record], branches: [east], from: 2026-W40, until: 2026-W48}}",
    "{{id: w-hal, key: {hal}, may: [record, close], branches: [west]}}",
)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key for each of `PEOPLE`, `eve`, who is nobody here, and one with a passphrase."""
    folder = tmp_path_factory.mktemp("keys")
    for name in (*PEOPLE, "eve", "locked"):
        word = "secret" if name == "locked" else ""
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", word, "-f", str(folder / name)]
        subprocess.run(command, check=True)
    return folder


@dataclass
class Book:
    """A signed book: the small one of the transcripts, in git, its signers accepted by Ann."""

    scene: Scene
    keys: Path

    @property
    def root(self) -> Path:
        return self.scene.folder

    def key(self, name: str) -> str:
        found = public_key((self.keys / f"{name}.pub").read_text())
        assert found
        return found

    def signers(self, *rows: str) -> None:
        """Write these rows into qibi.yaml."""
        path = self.root / "qibi.yaml"
        head = path.read_text("utf-8").split("signers:")[0]
        spelled = {name: f'"{self.key(name)}"' for name in (*PEOPLE, "eve")}
        lines = "".join(f"  - {row.format(**spelled)}\n" for row in rows)
        path.write_text(f"{head}signers:\n{lines}", "utf-8")

    def run(self, command: str, who: str = "e-ann", key: str = "ann") -> str:
        """What a command prints; who runs it, and with which key."""
        self.scene.environment |= {"QIBI_AS": who, "QIBI_KEY": str(self.keys / key)}
        self.scene.next.writes = True
        return self.scene.run(command)

    def done(self, command: str, who: str = "e-ann", key: str = "ann") -> str:
        said = self.run(command, who, key)
        assert "[exit" not in said, said
        return said

    def git(self, command: str) -> None:
        self.scene.direct("run", f"git {command}", [])

    def commit(self) -> None:
        self.git("add -A && git commit -q -m more")

    def at(self, text: str) -> None:
        self.scene.direct("now", text, [])

    def batch(
        self,
        *,
        who: str = "e-ann",
        key: str = "ann",
        branch: str = "east",
        at: str = "2026-11-24T09:00:00+08:00",
        week: str = "2026-W47",
    ) -> Path:
        """A batch as whoever has a disk and a key may write one, qibi's own checks apart."""
        entry: Entry = Assessed(week=week, branch=branch, recorded_by=who, recorded_at=at)
        return self.root / write_batch(self.root, week, branch, [entry], sign=self.sign(key)).path

    def sign(self, key: str) -> Callable[[bytes], bytes]:
        keygen = Keygen(os.environ)
        return lambda raw: keygen.sign(raw, self.keys / key)

    def audit(self, *options: str) -> dict[str, str]:
        """Place and message of what the audit finds."""
        self.scene.environment["QIBI_KEY"] = ""
        terminal, _code = self.scene.qibi(["audit", "--format", "json", *options], Next())
        found = json.loads("".join(terminal.stdout))
        return {f["place"]: f["message"] for part in found["parts"] for f in part["findings"]}

    def seen(self) -> str:
        """What the audit says of the signatures that it looked at."""
        terminal, _code = self.scene.qibi(["audit", "--format", "json"], Next())
        parts = json.loads("".join(terminal.stdout))["parts"]
        return str(next(part["seen"] for part in parts if part["part"] == "signatures"))

    def path(self, batch: Path) -> str:
        return batch.relative_to(self.root).as_posix()


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Path:
    """A book in git whose signers are accepted; tests have copies of it."""
    book = Book(Scene(tmp_path_factory.mktemp("signed")), keys)
    book.scene.direct("book", "small", [])
    book.scene.direct("run", "printf 'ledger/.lock\\n*.tmp\\n' > .gitignore", [])
    book.git("init -q -b main && git add -A && git commit -q -m start")
    book.signers(*ROWS)
    book.done("qibi signers accept")
    book.done("qibi commit")
    return book.root


@pytest.fixture
def book(tmp_path: Path, keys: Path, signed: Path) -> Book:
    book = Book(Scene(tmp_path), keys)
    shutil.copytree(signed, book.root, dirs_exist_ok=True)
    book.at("2026-11-23 10:00")
    return book


def only(found: dict[str, str]) -> tuple[str, str]:
    """The one finding there is."""
    assert len(found) == 1, found
    return next(iter(found.items()))


def test_how_a_person_sets_it_up(tmp_path: Path, updating: bool) -> None:
    written = SIGNERS.read_text("utf-8")
    printed = play(written, Scene(tmp_path))
    if updating:
        SIGNERS.write_text(printed, "utf-8", newline="\n")
    else:
        assert printed.splitlines() == written.splitlines()


# The helper


def test_a_signature_names_its_key_and_holds_for_its_bytes_alone(
    keys: Path, tmp_path: Path
) -> None:
    raw, keygen = b"what was recorded\n", Keygen(os.environ)
    signature = keygen.sign(raw, keys / "ann")
    key = public_key((keys / "ann.pub").read_text())
    other = public_key((keys / "eve.pub").read_text())
    assert key and other and signed_with(signature) == key
    assert keygen.fingerprint_of(keys / "ann") == fingerprint(key)
    verifier = Verifier(os.environ, Cache(tmp_path / "cache"), "small")
    good = Claim("good", raw, signature, "e-ann", key)
    bad = [
        Claim("bytes", raw + b"x", signature, "e-ann", key),
        Claim("key", raw, signature, "e-ann", other),
    ]
    assert verifier.failing([good, *bad]) == {"bytes", "key"}
    assert verifier.failing([good, *bad]) == {"bytes", "key"}  # what failed is not kept as proven


def test_what_held_once_is_not_proven_again(keys: Path, tmp_path: Path) -> None:
    raw, signature = b"x", Keygen(os.environ).sign(b"x", keys / "ann")
    key = signed_with(signature)
    assert key
    claim = Claim("a", raw, signature, "e-ann", key)
    assert not Verifier(os.environ, Cache(tmp_path), "small").failing([claim])
    without = {"PATH": str(tmp_path)}  # no ssh-keygen
    assert not Verifier(without, Cache(tmp_path), "small").failing([claim])
    with pytest.raises(Refusal, match="ssh-keygen is not installed"):
        Verifier(without, Cache(tmp_path / "other"), "small").failing([claim])


def test_signatures_of_another_kind_are_none(keys: Path) -> None:
    sign = ["ssh-keygen", "-Y", "sign", "-q", "-n", "git", "-f", str(keys / "ann")]
    other = subprocess.run(sign, input=b"x", capture_output=True, check=True).stdout
    assert signed_with(other) is None
    good = Keygen(os.environ).sign(b"x", keys / "ann")
    assert signed_with(good)
    for bad in (b"", b"\xff", good[:-5], good + b"x", good.replace(b"U1NIU0lH", b"U1NIU0lI")):
        assert signed_with(bad) is None


def test_a_name_that_is_no_id_proves_nothing(keys: Path) -> None:
    """A principal goes into a file and a command line of ssh-keygen: never anything but an id."""
    signature = Keygen(os.environ).sign(b"x", keys / "ann")
    key = signed_with(signature)
    assert key
    for name in ("*", "", "a b", "-O", "e-ann\n*", "e\0a"):
        claim = Claim("a", b"x", signature, name, key)
        assert Verifier(os.environ, Cache(None), "small").failing([claim]) == {"a"}


def test_only_the_files_of_seals_are_records_of_signers() -> None:
    assert record_number("seals/signers-12.json") == 12
    for path in (
        *("signers-1.json", "seals/x/signers-1.json", "seals/signers-0.json", "seals/signers.json"),
        "seals/signers-1.json.sig",
    ):
        assert record_number(path) is None


def test_a_time_at_the_end_of_time_has_no_week() -> None:
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "yesterday", ""):
        assert week_of_moment(text, ZoneInfo("Asia/Shanghai")) == ""
    assert week_of_moment("2026-11-29T16:00:00Z", ZoneInfo("Asia/Shanghai")) == "2026-W49"


def test_public_keys() -> None:
    blob = "AAAAC3NzaC1lZDI1NTE5AAAAIO4vLf7oHKl9msbQb1VUdUeD0ourY+8MT8P8BPlLlvnT"
    assert public_key(f"ssh-ed25519 {blob} ann@host") == f"ssh-ed25519 {blob}"
    for text in ("", "ssh-ed25519", "ssh-ed25519 AAAA", f"ssh-rsa {blob}", f"ssh-dss {blob}", blob):
        assert public_key(text) is None


def test_a_passphrase_without_a_terminal_is_refused_and_nothing_waits(keys: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SSH_", "DISPLAY"))}
    with pytest.raises(Refusal, match="has a passphrase") as refused:
        Keygen(environment).sign(b"x", keys / "locked")
    assert "ssh-add" in refused.value.advice


def test_an_agent_signs_for_a_key_with_a_passphrase(keys: Path, tmp_path: Path) -> None:
    socket = f"/tmp/qibi-agent-{os.getpid()}"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        for _attempt in range(100):
            if Path(socket).exists():
                break
            agent.poll()
            subprocess.run(["sleep", "0.05"], check=True)
        ask = tmp_path / "ask"
        ask.write_text("#!/bin/sh\necho secret\n")
        ask.chmod(0o700)
        environment = {
            **os.environ,
            "SSH_AUTH_SOCK": socket,
            "SSH_ASKPASS": str(ask),
            "SSH_ASKPASS_REQUIRE": "force",
        }
        add = ["ssh-add", "-q", str(keys / "locked")]
        subprocess.run(add, env=environment, check=True, stdin=subprocess.DEVNULL)
        environment = {k: v for k, v in environment.items() if "ASKPASS" not in k}
        assert signed_with(Keygen(environment).sign(b"x", keys / "locked.pub"))
    finally:
        agent.terminate()
        agent.wait()
        Path(socket).unlink(missing_ok=True)


# Writing


def test_a_signature_is_on_the_disk_before_its_batch(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qibi.ledger import store

    written: list[str] = []
    really = store.write_durably

    def noting(path: Path, raw: bytes) -> None:
        written.append(path.name)
        if not path.name.endswith(".sig"):
            raise OSError(28, "No space left on device")
        really(path, raw)

    monkeypatch.setattr(store, "write_durably", noting)
    with pytest.raises(Refusal):
        book.batch()
    assert [name.endswith(".sig") for name in written] == [True, False]
    assert not list(
        (book.root / "ledger/2026").rglob("*.sig")
    )  # the batch failed: it is taken back


def test_a_lone_signature_is_tidied_by_the_next_writer_and_by_commit(book: Book) -> None:
    week = book.root / "ledger/2026/W47"
    week.mkdir()
    for command in ("qibi score --no-events --week W47", "qibi commit"):
        lone = week / "east-0123456789abcdef.jsonl.sig"
        lone.write_text("half a pair")
        book.done(command)
        assert not lone.exists()
    assert not book.audit()


@pytest.mark.parametrize(
    ("command", "who", "key", "why"),
    [
        ("score --no-events --week W47", "e-ann", "eve", "not a key of e-ann"),
        ("score --no-events --week W47", "e-cora", "ann", "e-cora is not among the signers"),
        ("score --no-events --week W47", "e-ann", "gone", "is not there"),
        ("score --no-events --week W47 --branch west", "e-bob", "bob", "not for branch west"),
        ("close W46", "e-bob", "bob", "e-bob's key may not close"),
    ],
)
def test_what_may_not_be_signed_is_refused_before_anything_is_written(
    book: Book, command: str, who: str, key: str, why: str
) -> None:
    before = sorted(p for p in book.root.rglob("*") if ".git/" not in str(p))
    said = book.run(f"qibi {command}", who, key)
    assert why in said and "[exit" in said
    assert sorted(p for p in book.root.rglob("*") if ".git/" not in str(p)) == before


def test_a_key_signs_from_its_first_week_to_its_last(book: Book) -> None:
    book.at("2026-11-29 23:00")  # the Sunday of W48, in the book's time zone
    book.done("qibi score --no-events --week W47", "e-bob", "bob")
    book.at("2026-11-30 00:30")
    said = book.run("qibi score --no-events --week W48", "e-bob", "bob")
    assert "e-bob's key is for 2026-W40..2026-W48, not for 2026-W49" in said


def test_a_branch_does_not_limit_closing(book: Book) -> None:
    book.done("qibi close W46", "w-hal", "hal")
    assert not book.audit()


def test_signers_that_nobody_accepted_stop_writing_and_are_an_error(book: Book) -> None:
    book.signers(*ROWS, "{{id: e-cora, key: {eve}, may: [record]}}")
    said = book.run("qibi score --no-events --week W47")
    assert "qibi.yaml: the signers differ from those accepted in seals/signers-1.json" in said
    assert "qibi signers accept" in said and "[exit 1]" in said
    assert "qibi.yaml: error: the signers differ" in book.run("qibi check")
    assert "the signers differ" in book.run("qibi commit")
    book.commit()
    assert "the signers differ" in book.audit()["qibi.yaml"]


def test_spelling_and_order_change_nothing(book: Book) -> None:
    rows = [row.replace("may: [record, close]", "may: [close, record]") for row in ROWS]
    book.signers(*reversed(rows))
    assert book.run("qibi check") == ""


def test_taking_signers_out_needs_no_less(book: Book) -> None:
    path = book.root / "qibi.yaml"
    path.write_text(path.read_text("utf-8").split("signers:")[0], "utf-8")
    assert "the signers differ" in book.run("qibi score --no-events --week W47")
    assert "nobody could close or change keys" in book.run("qibi signers accept")
    book.commit()
    assert "the signers differ" in book.audit()["qibi.yaml"]


def test_a_key_once_accepted_stays_named(book: Book) -> None:
    book.signers(ROWS[0], ROWS[2])
    said = book.run("qibi signers accept")
    assert "a key of e-bob is gone from qibi.yaml" in said and "[exit 1]" in said


def test_only_who_could_close_accepts(book: Book) -> None:
    book.signers(ROWS[0], ROWS[1].replace("may: [record]", "may: [record, close]"), ROWS[2])
    assert "e-bob's key may not close" in book.run("qibi signers accept", "e-bob", "bob")
    book.done("qibi signers accept", "w-hal", "hal")
    book.done("qibi commit")
    assert not book.audit()
    assert [r.record.changed_by for r in standing_records(book.root)] == ["e-ann", "w-hal"]


def test_books_without_signers_need_no_key(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.direct("book", "small", [])
    scene.environment["QIBI_KEY"] = "/nowhere"
    scene.environment["PATH"] = ""  # and no ssh-keygen
    assert "recorded" in scene.run("qibi score --no-events --week W47")
    assert not list(scene.folder.rglob("*.sig"))


def test_a_well_signed_seal_with_a_key_twice_is_a_finding(book: Book) -> None:
    book.done("qibi close W46")
    (seal,) = (book.root / "seals").glob("2026-W46.json")
    seal.write_bytes(seal.read_bytes().replace(b'"without":', b'"x":1,\n"x":2,\n"without":', 1))
    seal.with_name(f"{seal.name}.sig").write_bytes(book.sign("ann")(seal.read_bytes()))
    book.git("commit -q -a --amend -m forged")
    assert "not what qibi close writes" in book.audit()["seals/2026-W46.json"]


def test_check_misses_a_signature(book: Book) -> None:
    book.done("qibi score --no-events --week W47")
    (signature,) = (book.root / "ledger").rglob("*.sig")
    signature.unlink()
    path = book.path(signature.with_suffix(""))
    said = book.run("qibi check")
    assert said.startswith(f"{path}: error: its signature") and "[exit 1]" in said
    book.done(f"qibi signers accept --vouch {path}")
    assert book.run("qibi check") == ""
    book.commit()
    assert not book.audit()


# What an audit catches


def test_a_book_that_signs_is_clean(book: Book) -> None:
    book.done("qibi score --no-events --week W47 --branch east", "e-bob", "bob")
    book.done("qibi score --no-events --week W47 --branch west", "w-hal", "hal")
    book.done("qibi close W45")
    book.done("qibi commit")
    assert not book.audit()
    assert book.seen() == (
        "4 signatures; 3 keys; 4 files vouched for; "
        "the first keys taken on trust (--trust FILE proves them)"
    )


def test_forged_the_signature_of_other_content(book: Book) -> None:
    book.done("qibi score --no-events --week W47")
    (good,) = (book.root / "ledger").rglob("*.sig")
    forged = book.batch(who="e-ann")
    signature_of(forged).write_bytes(good.read_bytes())
    book.commit()
    place, message = only(book.audit())
    assert place == book.path(forged) and message.startswith("forged, or changed since")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"who": "e-ann", "key": "eve"}, "the key is not one of e-ann's"),
        ({"who": "e-ann", "key": "bob"}, "the key is not one of e-ann's"),
        ({"who": "e-cora", "key": "ann"}, "e-cora is not among the signers"),
        ({"who": "e-bob", "key": "bob", "branch": "west"}, "e-bob's key is not for branch west"),
        (
            {"who": "e-bob", "key": "bob", "at": "2026-11-30T00:30:00+08:00"},
            "e-bob's key is for 2026-W40..2026-W48, not for 2026-W49",
        ),
    ],
)
def test_signed_by_whoever_may_not(book: Book, written: dict[str, str], why: str) -> None:
    path = book.path(book.batch(**written))
    book.commit()
    book.scene.now = LATER
    assert only(book.audit()) == (path, f"invalid signature: {why}")


def test_the_week_is_that_of_the_books_time_zone(book: Book) -> None:
    book.batch(who="e-bob", key="bob", at="2026-11-29T15:59:59Z")  # a second before Monday, there
    book.commit()
    book.scene.now = LATER
    assert not book.audit()


def test_a_batch_of_two_recorders_needs_a_key_of_both(book: Book) -> None:
    entries = [
        Assessed(
            week="2026-W47",
            branch="east",
            recorded_by=who,
            recorded_at="2026-11-24T09:00:00+08:00",
        )
        for who in ("e-ann", "e-bob")
    ]
    batch = write_batch(book.root, "2026-W47", "east", entries, sign=book.sign("ann"))
    book.commit()
    assert only(book.audit()) == (batch.path, "invalid signature: the key is not one of e-bob's")


def test_no_signature_at_all(book: Book) -> None:
    path = book.batch()
    signature_of(path).unlink()
    book.commit()
    assert only(book.audit()) == (book.path(path), "its signature is missing")


def test_an_unsigned_file_is_vouched_for_by_its_bytes(book: Book) -> None:
    (record,) = standing_records(book.root)
    assert [v.path for v in record.record.vouched] == sorted(
        book.path(p) for p in (book.root / "ledger").rglob("*.jsonl")
    )
    first, *rest = record.record.vouched
    swapped = msgspec.structs.replace(
        record.record, vouched=(SealedBatch(first.path, "0" * 64), *rest)
    )
    sealed = book.root / record.path
    sealed.write_bytes(encode_record(swapped))
    signature_of(sealed).write_bytes(book.sign("ann")(sealed.read_bytes()))
    book.git("commit -q -a --amend -m start")
    assert book.audit()[first.path] == "its signature is missing"


def test_a_seal_signed_without_the_right_to_close(book: Book) -> None:
    book.done("qibi close W46")
    seal = book.root / "seals/2026-W46.json"
    whole = json.loads(seal.read_text("utf-8")) | {"closed_by": "e-bob"}
    seal.write_bytes(encode_seal(whole))
    signature_of(seal).write_bytes(book.sign("bob")(seal.read_bytes()))
    book.git("commit -q -a --amend -m forged")
    assert only(book.audit()) == (
        "seals/2026-W46.json",
        "invalid signature: e-bob's key may not close",
    )


def test_a_revoked_key_holds_for_what_was_sealed_before(book: Book) -> None:
    """Hal recorded two weeks; one was closed by Ann before his key was revoked, one was not."""
    book.done("qibi score --no-events --week W47 --branch west", "w-hal", "hal")
    book.done("qibi score --no-events --week W47 --branch east")
    book.at("2026-12-01 09:00")  # W49
    book.done("qibi close W47")
    book.done("qibi score --no-events --week W48 --branch west", "w-hal", "hal")
    book.done("qibi commit")
    assert not book.audit()
    book.at("2026-12-08 09:00")  # W50
    book.signers(ROWS[0], ROWS[1], ROWS[2].replace("]}}", "], revoked: 2026-W50}}"))
    book.done("qibi signers accept")
    book.done("qibi commit")
    said = book.run("qibi score --no-events --week W49 --branch west", "w-hal", "hal")
    assert "w-hal's key is revoked from 2026-W50 on" in said
    book.done("qibi close W48 --without east --note idle")  # in the very week: too late
    (late,) = (book.root / "ledger/2026/W48").glob("*.jsonl")
    place, message = only(book.audit())
    assert place == book.path(late)
    assert message.startswith("signed with a key of w-hal that is revoked from 2026-W50 on")
    book.done(f"qibi signers accept --vouch {place}")
    book.done("qibi commit")
    assert not book.audit()


def test_a_seal_of_a_revoked_key_holds_where_a_seal_of_another_follows_in_time(book: Book) -> None:
    book.done("qibi close W45", "w-hal", "hal")
    book.signers(ROWS[0], ROWS[1], ROWS[2].replace("]}}", "], revoked: 2026-W49}}"))
    book.done("qibi signers accept")
    book.done("qibi commit")
    place, _message = only(book.audit())
    assert place == "seals/2026-W45.json"
    book.done("qibi close W46")  # in W48, by Ann
    assert not book.audit()


def test_a_seal_of_another_key_that_came_too_late_holds_nothing(book: Book) -> None:
    book.done("qibi close W45", "w-hal", "hal")
    book.at("2026-12-01 09:00")  # W49
    book.done("qibi close W46")
    book.signers(ROWS[0], ROWS[1], ROWS[2].replace("]}}", "], revoked: 2026-W49}}"))
    book.done("qibi signers accept")
    book.done("qibi commit")
    place, message = only(book.audit())
    assert place == "seals/2026-W45.json" and "revoked from 2026-W49" in message


def forge_record(book: Book, key: str, **changes: object) -> str:
    """A second record as someone would write it past qibi."""
    before = standing_records(book.root)[-1]
    record = msgspec.structs.replace(
        before.record,
        **{
            "number": 2,
            "previous": before.digest,
            "changed_at": "2026-11-24T09:00:00+08:00",
            "vouched": (),
        }
        | changes,
    )
    path = book.root / "seals/signers-2.json"
    path.write_bytes(encode_record(record))
    signature_of(path).write_bytes(book.sign(key)(path.read_bytes()))
    book.commit()
    return book.path(path)


@pytest.mark.parametrize(
    ("key", "changes", "why"),
    [
        ("bob", {"changed_by": "e-bob"}, "invalid signature: e-bob's key may not close"),
        ("eve", {}, "invalid signature: the key is not one of e-ann's"),
        ("ann", {"previous": "0" * 64}, "does not follow the record before it"),
        ("ann", {"number": 3}, "not a record of signers (it says number 3)"),
        (
            "ann",
            {"changed_at": "2026-11-01T09:00:00+08:00"},
            "invalid signature: it says that it is older than the record before it",
        ),
    ],
)
def test_a_change_of_signers_past_the_rules(
    book: Book, key: str, changes: dict[str, object], why: str
) -> None:
    path = forge_record(book, key, **changes)
    found = book.audit()
    assert found[path].startswith(why), found


def test_a_key_that_its_own_record_lets_close_is_not_enough(book: Book) -> None:
    (first,) = standing_records(book.root)
    rows = tuple(
        msgspec.structs.replace(row, may=("close", "record")) for row in first.record.signers
    )
    path = forge_record(book, "bob", changed_by="e-bob", signers=rows)
    assert book.audit()[path] == "invalid signature: e-bob's key may not close"


def test_a_swapped_record_is_told_by_the_seals_after_it(book: Book) -> None:
    """The keeper rewrites all: Eve becomes the first signer, and Ann's seal is left as it was."""
    book.done("qibi close W46")
    (first,) = standing_records(book.root)
    rows = [r for r in first.record.signers if r.id != "e-ann"]
    eve = msgspec.structs.replace(first.record.signers[0], id="e-ann", key=book.key("eve"))
    ann = next(r for r in first.record.signers if r.id == "e-ann")
    record = msgspec.structs.replace(first.record, signers=(*rows, eve, ann))
    path = book.root / first.path
    path.write_bytes(encode_record(record))
    signature_of(path).write_bytes(book.sign("eve")(path.read_bytes()))
    book.signers(*ROWS, "{{id: e-ann, key: {eve}, may: [record, close]}}")
    book.git("checkout -q --orphan again && git add -A && git commit -q -m start")
    found = book.audit()
    assert "names a record of signers that is not here" in found["seals/2026-W46.json"]


def test_trust_names_the_first_keys_from_outside(book: Book, tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.write_text(f'# ours\ne-ann namespaces="qibi" {book.key("ann")} ann@host\n')
    assert not book.audit("--trust", str(allowed))
    allowed.write_text(f"e-ann {book.key('eve')}\n")
    assert only(book.audit("--trust", str(allowed))) == (
        "seals/signers-1.json",
        "invalid signature: the key is not among those of --trust",
    )
    kept = tmp_path / "signers-1.json"
    kept.write_bytes((book.root / "seals/signers-1.json").read_bytes())
    assert not book.audit("--trust", str(kept))
    for line in ('e-ann namespaces="git" {}\n', "e-ann cert-authority {}\n", "# e-ann {}\n"):
        with pytest.raises(Refusal, match="no key is in the file"):
            trusted(line.format(book.key("ann")).encode())
    allowed.write_text("nothing\n")
    with pytest.raises(Refusal, match="no key is in the file"):
        trusted(allowed.read_bytes())
    with pytest.raises(Refusal, match="not a record of signers"):
        trusted(b'{"format": 1}')


def test_rebase_and_cherry_pick_keep_signatures(book: Book) -> None:
    book.git("branch elsewhere")
    book.done("qibi score --no-events --week W47 --branch east", "e-bob", "bob")
    book.done("qibi commit")
    book.git("checkout -q elsewhere")
    book.done("qibi score --no-events --week W47 --branch west", "w-hal", "hal")
    book.done("qibi commit")
    book.git("rebase -q main")
    assert not book.audit()
    book.git("checkout -q main && git cherry-pick elsewhere >/dev/null")
    assert not book.audit()
    assert book.seen().startswith("3 signatures")


def test_listed(book: Book) -> None:
    book.signers(*ROWS, "{{id: e-cora, key: {eve}, may: [record]}}")
    found = json.loads(book.done("qibi signers list --format json"))
    assert [(row["member"], row["accepted"]) for row in found["signers"]] == [
        ("e-ann", True),
        ("e-bob", True),
        ("w-hal", True),
        ("e-cora", False),
    ]


def _edited_and_back(book: Book) -> None:
    path = next((book.root / "ledger/2026/W46").glob("east-*.jsonl"))
    raw = path.read_bytes()
    path.write_bytes(raw + b"\n")
    book.commit()
    path.write_bytes(raw)
    book.commit()


def _ids(book: Book) -> str:
    terminal, _code = book.scene.qibi(["audit", "--format", "json"], Next())
    parts = json.loads("".join(terminal.stdout))["parts"]
    return " ".join(f["id"] for part in parts for f in part["findings"])


def test_an_acknowledgement_is_signed_by_who_may_close_and_acknowledges_nothing_else(
    book: Book,
) -> None:
    _edited_and_back(book)
    command = f"qibi acknowledge {_ids(book)} --reason oops --approved-by"
    assert "e-bob's key may not close" in book.run(f"{command} w-ida", "e-bob", "bob")
    book.done(f"{command} w-ida", "w-hal", "hal")
    assert not book.audit()
    book.done("qibi close W46")
    book.done("qibi check")
    assert not book.audit()
    path = book.root / "seals/acknowledged-1.json"
    signature_of(path).write_bytes(book.sign("eve")(path.read_bytes()))
    book.commit()
    messages = list(book.audit().values())
    assert "invalid signature: the key is not one of w-hal's" in messages
    assert sum("records are append-only" in text for text in messages) == 2

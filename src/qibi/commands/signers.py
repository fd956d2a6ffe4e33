"""qibi signers: who may sign, and the record by which a change of keys is accepted."""

from typing import Annotated

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing, many, mark
from qibi.book.definitions import Signer
from qibi.cli import options
from qibi.cli.output import Field, Records, View
from qibi.cli.session import Session, current_session
from qibi.ledger.seals import SealedBatch, digest
from qibi.ledger.signatures import fingerprint, public_key
from qibi.ledger.signers import (
    CLOSE,
    FORMAT,
    RECORD,
    Record,
    RecordFile,
    Row,
    encode_record,
    record_name,
    rows_of,
    signed_paths,
    vouched,
    without_signature,
)
from qibi.ledger.store import locked, write_seal

PANEL = "prove", 5
SUMMARY = mark("Who may sign; accept a change of keys.")
DETAILS = mark(
    "Keys are under 'signers' in qibi.yaml. A change there takes effect once someone who could "
    "already close has accepted it with their key."
)
EXAMPLES = """
qibi signers list
qibi signers accept
qibi signers accept --vouch ledger/2026/W46/outer-1-9c4137ab02d5e6f8.jsonl
"""


def show_all(form: options.Format = "table", output: options.Output = None) -> None:
    """Run the command; `COMMANDS` has its help."""
    session = current_session()
    records = session.signing.records if session.signing else []
    accepted = rows_of(records[-1].signers) if records else ()
    rows = [(rows_of([s])[0], _fingerprint(s)) for s in session.definitions.signers]
    shown = Records(_fields(session, accepted), rows)
    payload = {"qibi": 1, "command": "signers", "signers": shown}
    view = View(payload=payload, records=[shown])
    if rows:
        view.blocks.append(shown)
    else:
        view.line(_("nobody signs in this book: qibi.yaml has no signers"))
    session.console.show(view, form, output)


def _fields(session: Session, accepted: tuple[Row, ...]) -> list[Field[tuple[Row, str]]]:
    """The fields of a signer's row with its fingerprint."""
    title, week = session.definitions.title, weeks.week_of(session.today)

    def branches(row: Row) -> str:
        return listing([title(key) for key in row.branches]) or _("all branches")

    return [
        Field("member", lambda r: r[0].id, _("Who"), lambda r: title(r[0].id)),
        Field("key", lambda r: r[0].key, csv=""),
        Field("fingerprint", lambda r: r[1], csv="key"),
        Field("may", lambda r: list(r[0].may), _("Rights"), lambda r: _rights(r[0])),
        Field(
            "branches",
            lambda r: list(r[0].branches),
            _("Branches"),
            lambda r: branches(r[0]),
            wraps=True,
        ),
        Field("from", lambda r: r[0].since, _("Period"), lambda r: _span(r[0])),
        Field("until", lambda r: r[0].until),
        Field("revoked", lambda r: r[0].revoked),
        Field(
            "accepted",
            lambda r: r[0] in accepted,
            _("Now"),
            lambda r: _state(r[0], week, r[0] in accepted),
        ),
        Field("", heading=_("Key"), shown=lambda r: r[1], wraps=True),
    ]


def _rights(row: Row) -> str:
    words = {RECORD: _("record"), CLOSE: _("close")}
    return listing([word for right, word in words.items() if right in row.may])


def _span(row: Row) -> str:
    return f"{row.since or ''}..{row.until or ''}" if row.since or row.until else ""


def _fingerprint(signer: Signer) -> str:
    key = public_key(signer.key)
    return fingerprint(key) if key else _("no public key")


def _state(row: Row, week: str, accepted: bool) -> str:
    if not accepted:
        return _("not accepted yet")
    if row.revoked:
        return _("revoked from {week}").format(week=row.revoked)
    if row.until and week > row.until:
        return _("ended")
    return _("not begun yet") if row.since and week < row.since else _("in force")


def accept(
    vouch: Annotated[
        list[str] | None,
        typer.Option(
            "--vouch",
            metavar="FILE",
            help=_("a batch or seal to accept without a valid signature; may be repeated"),
        ),
    ] = None,
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `COMMANDS` has its help."""
    session = current_session()
    who = session.who(recorded_as, signs=False)
    signing = session.signing
    if signing is None:
        raise Refusal(
            _("qibi.yaml names no signers"),
            _('add them: signers: [{id: YOUR-ID, key: "ssh-ed25519 …", may: [record, close]}]'),
            1,
        )
    with locked(session.root):
        records = signing.records
        before = records[-1] if records else None
        rows = rows_of(session.definitions.signers)
        _refuse_unsound(session, rows, before)
        paths = _vouched(session, vouch or [], records)
        if before and rows == rows_of(before.signers) and not paths:
            session.console.say(
                _("the signers of qibi.yaml are those of {path}; nothing to accept").format(
                    path=before.path
                )
            )
            return
        at = session.recorded_at()
        under = before.signers if before else session.definitions.signers
        sign = signing.signer_under(under, who, CLOSE, "", at)
        record = Record(
            format=FORMAT,
            number=len(records) + 1,
            previous=before.digest if before else None,
            changed_at=at,
            changed_by=who,
            signers=rows,
            vouched=tuple(
                SealedBatch(path, digest((session.root / path).read_bytes())) for path in paths
            ),
        )
        path = record_name(record.number)
        if not dry_run:
            write_seal(session.root, path, encode_record(record), sign)
    _say(session, record, before, path, dry_run)


def _refuse_unsound(session: Session, rows: tuple[Row, ...], before: RecordFile | None) -> None:
    for row in rows:
        if public_key(row.key) is None:
            raise Refusal(
                _("the key of {who} is not a public key").format(who=row.id),
                _("write the first two words of its .pub file"),
                1,
            )
    week = weeks.week_of(session.today)
    if not any(
        CLOSE in r.may and not r.revoked and (r.until is None or r.until >= week) for r in rows
    ):
        raise Refusal(
            _("nobody could close or change keys anymore"),
            _("at least one key that stays valid needs may: [close]"),
            1,
        )
    kept = {(row.id, row.key) for row in rows}
    gone = {(r.id, r.key) for r in rows_of(before.signers)} - kept if before else set()
    if gone:
        raise Refusal(
            _("a key of {who} is gone from qibi.yaml").format(who=min(gone)[0]),
            _(
                "what it signed must stay provable: keep it, and end it (until) or revoke it (revoked)"
            ),
            1,
        )


def _vouched(session: Session, texts: list[str], records: list[RecordFile]) -> list[str]:
    """What this record vouches for: the first for all that stands unsigned, others for what is named."""
    if not records:
        return sorted(without_signature(session.root))
    known = vouched(records)
    here = set(signed_paths(session.root))
    paths = []
    for text in texts:
        path = text.removeprefix("./")
        if path not in here:
            raise Refusal(
                _("{path} is not a batch or seal of this book").format(path=path),
                _("write it as 'qibi check' and 'qibi audit' do: ledger/2026/W46/…"),
                1,
            )
        if path not in known:
            paths.append(path)
    return sorted(set(paths))


def _say(
    session: Session, record: Record, before: RecordFile | None, path: str, dry_run: bool
) -> None:
    old = {_line(session, row) for row in rows_of(before.signers)} if before else set()
    new = {_line(session, row) for row in record.signers}
    for line in sorted(old - new):
        session.console.say(f"- {line}")
    for line in sorted(new - old):
        session.console.say(f"+ {line}")
    if count := len(record.vouched):
        text = many(
            "it vouches for {count} file without a valid signature",
            "it vouches for {count} files without a valid signature",
            count,
        )
        session.console.say(text.format(count=count))
    if dry_run:
        session.console.say(_("would be accepted: {path}").format(path=path), "bold")
        return
    session.console.say(_("accepted: {path}").format(path=path), "bold")
    session.console.say(_("next: qibi commit"))


def _line(session: Session, row: Row) -> str:
    parts = [
        session.definitions.title(row.id),
        _rights(row),
        listing([session.definitions.title(key) for key in row.branches]),
        _span(row),
        _("revoked from {week}").format(week=row.revoked) if row.revoked else "",
        fingerprint(row.key),
    ]
    return "  ".join(part for part in parts if part)


COMMANDS = {
    "list": (show_all, mark("Keys, their rights and weeks, and whether they are valid.")),
    "accept": (accept, mark("Accept the signers in qibi.yaml, with your key.")),
}

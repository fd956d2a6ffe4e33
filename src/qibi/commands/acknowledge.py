"""qibi acknowledge: explain findings of an audit in a link of the chain, approved by another, and commit it."""

from collections.abc import Sequence
from typing import Annotated

import typer
from msgspec import UNSET

from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, many, mark
from qibi.checks.registry import run
from qibi.cli import completion, options
from qibi.cli.session import Session
from qibi.commands.commit import (
    Committed,
    approver,
    begin_link,
    commit_book,
    committing,
    refuse_in_between,
    refuse_names,
)
from qibi.ledger.held import Held
from qibi.ledger.seals import (
    FORMAT,
    Acknowledged,
    Acknowledgement,
    AcknowledgementFile,
    Link,
    acknowledgement_name,
    digest,
    encode_acknowledgement,
    link_paths,
    links,
)
from qibi.ledger.signatures import ENDING
from qibi.ledger.signers import standing_records
from qibi.ledger.store import keep, locked, write_seal
from qibi.proof.acknowledged import SHOWN, causes
from qibi.proof.audit import Audit
from qibi.proof.audit import audit as audit_book
from qibi.proof.read_out import order
from qibi.proof.repository import AuditInputs, Repository

PANEL = "prove", 4
SUMMARY = mark("Explain an audit finding for good, with another's approval.")
DETAILS = mark(
    "For an accident that stays in git's history. The acknowledgement is a file in the chain of "
    "seals: what happened, who recorded it, who approved it, and the digests of the files "
    "concerned. Later audits show it. Rankings do not change, except that a lost sealed batch is "
    "left out and named. 'qibi audit' shows the ids."
)
EXAMPLES = mark("""
qibi acknowledge 1f6a0c44d2b7 --reason "edited by hand, restored at once" --approved-by o1-004
qibi acknowledge 1f6a0c44d2b7 93e1b5028ac6 --reason "mode changed by the file server" --approved-by o1-004
""")
_LEAST = 8  # digits of an id


def acknowledge(
    finding: Annotated[
        list[str],
        typer.Argument(metavar="FINDING...", help=_("ids that 'qibi audit' shows")),
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=_("what happened"))] = "",
    approved_by: Annotated[
        str | None,
        typer.Option(
            "--approved-by",
            metavar="WHO",
            help=_("who approved it; neither the recorder nor anyone involved"),
            autocompletion=completion.members,
        ),
    ] = None,
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session, who = begin_link(recorded_as, dry_run)
    if not dry_run:
        refuse_in_between(session)
    reason = reason.strip()
    if not reason:
        raise Refusal(_("how did it happen?"), _("say it: --reason TEXT"), 1)
    refuse_names(session, reason)
    if not approved_by:
        raise Refusal(
            _("an acknowledgement needs an approver"),
            _("--approved-by WHO, neither you nor anyone involved"),
            1,
        )
    other = approver(session, approved_by)
    if other == who:
        raise Refusal(
            _("you can't approve your own acknowledgement"), _("--approved-by someone else"), 1
        )
    sign = session.signer(who, "close")
    repository = Repository(session.root, session.around.environment)
    found = audit_book(repository)
    with locked(session.root):
        chain = _chain(session)
        named = list(dict.fromkeys(_named(found, text) for text in finding))
        names = [found.names[one] for one in named]
        stands = _standing(chain, names, reason, who, other)
        if stands is None:
            _refuse_partial(session, AuditInputs(repository), named, other)
            stands = _made(session, chain, names, reason, who, other)
            if not dry_run:
                raw = encode_acknowledgement(stands.record)
                if wrong := Held(session.root, session.git).refuses(stands.path, raw):
                    raise Faults(wrong)
                write_seal(session.root, stands.path, raw, sign)
                session.wrote = True
        elif not dry_run:
            keep(
                [session.root / stands.path]
            )  # whoever wrote it may have been killed before the sync
    committed = None if dry_run else _commit(session, stands, named)
    _say(session, stands, found, named, dry_run)
    if committed:
        committed.say(session.console)


def _chain(session: Session) -> list[Link]:
    """The links of the working tree; raises `Faults` where none can follow them."""
    found, findings = links({p: (session.root / p).read_bytes() for p in link_paths(session.root)})
    if broken := [finding for finding in findings if not finding.about]:
        raise Faults(broken)
    return found


def _named(result: Audit, text: str) -> Finding:
    """The finding with an id that begins so."""
    digits = text.strip().lower()
    if len(digits) < _LEAST or not set(digits) <= set("0123456789abcdef"):
        raise Refusal(
            _("'{text}' is not a finding's id").format(text=text),
            _("write at least 8 of the digits that 'qibi audit' shows before it"),
        )
    hits = [finding for finding, name in result.names.items() if name.id.startswith(digits)]
    if not hits:
        raise Refusal(
            _("the audit has no finding {id}").format(id=digits),
            _("'qibi audit' shows the findings of what is committed"),
            1,
        )
    if len(hits) > 1:
        raise Refusal(
            _("{id} may be several findings").format(id=digits), _("write more digits"), 1
        )
    if not result.names[hits[0]].about:
        raise Refusal(
            _("this can't be acknowledged: {finding}").format(finding=hits[0]),
            _("it has no digest to refer to: correct it instead"),
            1,
        )
    return hits[0]


def _standing(
    chain: Sequence[Link], names: Sequence[Acknowledged], reason: str, who: str, approver: str
) -> AcknowledgementFile | None:
    """The acknowledgement that stands and says just this: that of the same command, run before.

    Raises `Refusal` where one says something else of the same findings.
    """
    wanted = {name.id for name in names}
    for link in chain:
        if not isinstance(link, AcknowledgementFile):
            continue
        record = link.record
        ids = {name.id for name in record.findings}
        text = record.reason, record.acknowledged_by, record.approved_by
        if ids == wanted and text == (reason, who, approver):
            return link
        if twice := ids & wanted:
            raise Refusal(
                _("{id} is acknowledged already, in {path}").format(
                    id=min(twice)[:SHOWN], path=link.path
                ),
                code=1,
            )
    return None


def _refuse_partial(
    session: Session, exhibits: AuditInputs, named: Sequence[Finding], approver: str
) -> None:
    for finding in named:
        if part := causes(exhibits, finding, session.definitions).get(approver):
            raise Refusal(
                _("{name} is involved in {path} and can't approve it: {part}").format(
                    name=session.definitions.title(approver), path=finding.path, part=part
                ),
                _("--approved-by someone else"),
                1,
            )


def _made(
    session: Session,
    chain: Sequence[Link],
    names: Sequence[Acknowledged],
    reason: str,
    who: str,
    approver: str,
) -> AcknowledgementFile:
    """The next link of the chain; raises `Refusal` where the clock has gone back."""
    records = standing_records(session.root)
    record = Acknowledgement(
        format=FORMAT,
        number=1 + sum(isinstance(link, AcknowledgementFile) for link in chain),
        acknowledged_at=session.recorded_at(),
        acknowledged_by=who,
        approved_by=approver,
        reason=reason,
        previous=chain[-1].digest if chain else None,
        signers=records[-1].digest if records else UNSET,
        findings=tuple(names),
    )
    raw = encode_acknowledgement(record)
    made = AcknowledgementFile(acknowledgement_name(record.number), digest(raw), record)
    for _what, text in order(made, chain[-1] if chain else None):
        raise Refusal(text, _("check this machine's clock"), 1)
    return made


def _say(
    session: Session,
    stands: AcknowledgementFile,
    result: Audit,
    named: Sequence[Finding],
    dry_run: bool,
) -> None:
    text = _title(named)
    if dry_run:
        text = many(
            "{count} finding would be acknowledged",
            "{count} findings would be acknowledged",
            len(named),
        ).format(count=len(named))
    session.console.say(text, "bold")
    for finding in named:
        session.console.say(f"  {result.short(finding)}  {finding}")
    name = session.definitions.title(stands.record.approved_by)
    session.console.say(_("approved by {name}").format(name=name))
    session.console.say(stands.path)
    session.console.say(f"      {stands.digest}")


def _title(named: Sequence[Finding]) -> str:
    return many("{count} finding acknowledged", "{count} findings acknowledged", len(named)).format(
        count=len(named)
    )


def _commit(
    session: Session, stands: AcknowledgementFile, named: Sequence[Finding]
) -> Committed | None:
    """Commit the book; where it has errors, which an acknowledgement does not put right, this file alone."""
    title = _title(named)
    message = f"{title}\n\n{stands.path} {stands.digest}\n\n{stands.record.reason}"
    with committing(session, stands.path):
        if not run(session.root, session.definitions, session.git).errors:
            return commit_book(session, message, push=False, quiet=True)
        session.console.say(
            _("the book has errors, and nothing else is committed: qibi check"), "yellow"
        )
        paths = [p for p in (stands.path, stands.path + ENDING) if (session.root / p).exists()]
        if not session.git.changed(paths):
            return None
        before = session.git.demand("rev-parse", "HEAD").strip()
        made = Committed(session.git.commit(message, paths), title)
        for path in paths:
            if (
                session.git.read("cat-file", "blob", f"HEAD:./{path}")
                != (session.root / path).read_bytes()
            ):
                session.git.take_back(session.git.demand("rev-parse", "HEAD").strip(), before)
                text = _("git stored other bytes than the files hold; qibi doctor says why")
                raise Faults([Finding(path, message=text)])
        return made

"""qibi audit: what git proves about the book, on one page that an auditor can sign."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, colon, many, mark
from qibi.cli import options
from qibi.cli.output import Cell, Column, Grid, View
from qibi.cli.session import Session, current_session
from qibi.proof.acknowledged import SHOWN, Explained
from qibi.proof.audit import Audit, Part
from qibi.proof.audit import audit as audit_book
from qibi.proof.repository import Repository
from qibi.proof.signatures import trusted

PANEL = "prove", 3
SUMMARY = mark("Prove from git that nothing was rewritten, on a page to sign.")
DETAILS = mark(
    "Reads git's objects and history only, never the working tree. --against takes the digest of "
    "a seal as it was published: on a board, in a chat, in a minute book. --trust takes the keys "
    "that a signed book must begin with. What was acknowledged (qibi acknowledge) is on the page "
    "too, and gives exit code 1 as other findings do, unless --accept-acknowledged."
)
EXAMPLES = mark("""
qibi audit
qibi audit --against 3f0c2d1a9b7e4c55
qibi audit --trust keys.txt
qibi audit --format md -o audit.md
qibi audit --accept-acknowledged
""")
_MOST = 30  # findings shown of one part; JSON and CSV have them all


def audit(
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="DIGEST", help=_("a digest that was published earlier")),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option(
            "--trust",
            metavar="FILE",
            help=_("the first keys, from outside the book: OpenSSH's allowed signers"),
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help=_("prove all again: nothing of earlier audits is used"))
    ] = False,
    accept_acknowledged: Annotated[
        bool,
        typer.Option(
            "--accept-acknowledged", help=_("exit code 0 if all findings are acknowledged")
        ),
    ] = False,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    repository = Repository(session.root, session.around.environment)
    keys = trusted(_read(session, trust)) if trust else None
    cache = None if fresh else session.around.cache
    found = audit_book(repository, against, keys, cache, session.around.now())
    for place in found.distrusted:
        text = _("not used, others can write there: {path} (chmod -R go-w, or remove it)")
        session.console.say(text.format(path=place), "yellow")
    session.console.show(_view(session, found), form, output)
    if any(found.names[finding].about for finding in found.findings):
        session.console.say(
            _("where one was an accident: qibi acknowledge ID --reason TEXT --approved-by WHO"),
            "dim",
        )
    if found.findings or (found.acknowledged and not accept_acknowledged):
        session.exit_code = 1


def _read(session: Session, path: Path) -> bytes:
    try:
        return (session.around.folder / path).read_bytes()
    except OSError as error:
        raise Refusal(
            _("{path} can't be read: {reason}").format(path=path, reason=error.strerror),
            _("check the file and its permissions"),
        ) from None


def _view(session: Session, result: Audit) -> View:
    view = View(payload=_payload(result))
    view.header = [_("part"), _("place"), _("finding"), _("id"), _("acknowledged")]
    view.rows = [
        *(
            [p.code, f.place, f.message, result.short(f), ""]
            for p in result.parts
            for f in p.findings
        ),
        *(
            [part.code, one.finding.place, one.finding.message, one.id[:SHOWN], one.file.path]
            for part in result.parts
            for one in part.acknowledged
        ),
    ]
    view.line(_("Audit of the book {book}").format(book=result.book or session.root.name), "bold")
    view.line(_("commit {commit}").format(commit=result.commit))
    first, last = _in_zone(result.first, result.timezone), _in_zone(result.last, result.timezone)
    view.line(_("committed between {first} and {last}").format(first=first, last=last))
    view.line()
    rows: list[list[str | Cell]] = [
        [
            _(part.title),
            _verdict(part),
            part.seen,
        ]
        for part in result.parts
    ]
    columns = [Column(""), Column(""), Column("", wraps=True)]
    view.blocks.append(Grid(columns, rows, headed=False))
    if result.seals or result.pending:
        view.line()
    if result.seals:
        seal = result.seals[-1]
        view.line(_("last seal  {path}").format(path=seal.path))
        view.line(f"  {seal.digest}")
    if result.pending:
        view.line(
            many(
                "{count} batch of a closed week is pending and counts for nothing yet",
                "{count} batches of closed weeks are pending and count for nothing yet",
                len(result.pending),
            ).format(count=len(result.pending))
        )
    for part in result.parts:
        if part.findings:
            view.line()
            view.line(_(part.title), "bold")
        for finding in part.findings[:_MOST]:
            view.line(f"  {result.short(finding)}  {finding}", "red", whole=True)
        if (left := len(part.findings) - _MOST) > 0:
            view.line(many("  and {count} more", "  and {count} more", left).format(count=left))
    _show_acknowledged(view, session, result)
    view.line()
    if result.findings:
        view.line(
            many("{count} finding", "{count} findings", len(result.findings)).format(
                count=len(result.findings)
            ),
            "red",
        )
    elif result.acknowledged:
        view.line(_except(result), "yellow")
    else:
        view.line(_("No findings: nothing that was recorded has been changed since."), "green")
    view.line()
    view.line(_("Auditor: ____________________    Date: ____________"))
    return view


def _in_zone(moment: str, timezone: str) -> str:
    """A time in the book's time zone; as git has it where the book's definitions can't be read."""
    if not timezone:
        return moment
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(timezone)).isoformat()


def _verdict(part: Part) -> Cell:
    if not part.looked:
        return Cell("–", "dim")
    if part.findings:
        return Cell(_("FINDINGS"), "red")
    return Cell(_except(part), "yellow") if part.acknowledged else Cell(_("holds"), "green")


def _except(found: Audit | Part) -> str:
    count = len(found.acknowledged)
    return many(
        "holds except {count} acknowledged", "holds except {count} acknowledged", count
    ).format(count=count)


def _show_acknowledged(view: View, session: Session, result: Audit) -> None:
    """What was acknowledged: each finding under the acknowledgement that names it."""
    by_file: dict[str, list[Explained]] = {}
    for one in result.acknowledged:
        by_file.setdefault(one.file.path, []).append(one)
    if by_file:
        view.line()
        view.line(_("Acknowledged"), "bold")
    for path, explained in by_file.items():
        record = explained[0].file.record
        view.line(f"  {path}{colon()}{record.reason}", whole=True)
        text = _("{who}, {time}, approved by {approver}").format(
            who=record.acknowledged_by, time=record.acknowledged_at, approver=record.approved_by
        )
        view.line(f"    {text}")
        for one in explained[:_MOST]:
            view.line(f"    {one.id[:SHOWN]}  {one.finding}", "yellow", whole=True)
        if (left := len(explained) - _MOST) > 0:
            view.line(many("  and {count} more", "  and {count} more", left).format(count=left))


def _payload(result: Audit) -> dict[str, Any]:
    return {
        "qibi": 1,
        "command": "audit",
        "book": result.book,
        "commit": result.commit,
        "committed": {"first": result.first, "last": result.last},
        "holds": not result.findings and not result.acknowledged,
        "last_seal": {"path": result.seals[-1].path, "sha256": result.seals[-1].digest}
        if result.seals
        else None,
        "seals": len(result.seals),
        "pending": list(result.pending),
        "parts": [
            {
                "part": part.code,
                "seen": part.seen,
                "holds": not part.findings and not part.acknowledged if part.looked else None,
                "findings": [_row(result, f) for f in part.findings],
            }
            for part in result.parts
        ],
        "acknowledged": [
            {
                **_row(result, one.finding),
                "acknowledgement": one.file.path,
                "reason": one.file.record.reason,
                "by": one.file.record.acknowledged_by,
                "at": one.file.record.acknowledged_at,
                "approved_by": one.file.record.approved_by,
            }
            for one in result.acknowledged
        ],
    }


def _row(result: Audit, finding: Finding) -> dict[str, Any]:
    name = result.names[finding]
    return {
        "id": result.short(finding),
        "place": finding.place,
        "code": finding.code,
        "message": finding.message,
        "about": name.about,  # empty: it can't be acknowledged
    }

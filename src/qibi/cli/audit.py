"""qibi audit: what git proves about the book, on one page that an auditor can sign."""

from pathlib import Path
from typing import Annotated, Any

import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, many, mark
from qibi.cli import options
from qibi.cli.console import Cell, Column, Grid, View
from qibi.cli.session import Session, session
from qibi.proof.audit import Audit, Part
from qibi.proof.audit import audit as audit_book
from qibi.proof.repository import Repository
from qibi.proof.signatures import trusted

DETAILS = mark(
    "Reads git's objects and history only, never the working tree. --against takes the digest of a "
    "seal as it was published: on a board, in a chat, in a minute book. --trust takes the keys that a "
    "signed book must begin with."
)
EXAMPLES = mark("""
qibi audit
qibi audit --against 3f0c2d1a9b7e4c55
qibi audit --trust keys.txt
qibi audit --format md -o audit.md
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
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    repository = Repository(now.root, now.around.environment)
    keys = trusted(_read(now, trust)) if trust else None
    found = audit_book(repository, against, keys, now.around.cache, now.around.now())
    now.console.show(_view(now, found), form, output)
    if found.findings:
        now.exit_code = 1


def _read(now: Session, path: Path) -> bytes:
    try:
        return (now.around.folder / path).read_bytes()
    except OSError as error:
        raise Refusal(
            _("{path} can't be read: {reason}").format(path=path, reason=error.strerror),
            _("check the file and its permissions"),
        ) from None


def _view(now: Session, found: Audit) -> View:
    view = View(payload=_payload(found))
    view.header = [_("part"), _("place"), _("finding")]
    view.rows = [[part.code, f.place, f.message] for part in found.parts for f in part.findings]
    view.line(_("Audit of the book {book}").format(book=found.book or now.root.name), "bold")
    view.line(_("commit {commit}").format(commit=found.commit))
    view.line(_("committed between {first} and {last}").format(first=found.first, last=found.last))
    view.line()
    rows: list[list[str | Cell]] = [
        [
            _(part.title),
            _verdict(part),
            part.seen,
        ]
        for part in found.parts
    ]
    columns = [Column(""), Column(""), Column("", wraps=True)]
    view.blocks.append(Grid(columns, rows, headed=False))
    view.line()
    if found.seals:
        last = found.seals[-1]
        view.line(_("last seal  {path}").format(path=last.path))
        view.line(f"  {last.digest}")
    if found.pending:
        view.line(
            many(
                "{count} batch of a closed week is pending and counts for nothing yet",
                "{count} batches of closed weeks are pending and count for nothing yet",
                len(found.pending),
            ).format(count=len(found.pending))
        )
    for part in found.parts:
        if part.findings:
            view.line()
            view.line(_(part.title), "bold")
        for finding in part.findings[:_MOST]:
            view.line(f"  {finding}", "red", whole=True)
        if (left := len(part.findings) - _MOST) > 0:
            view.line(many("  and {count} more", "  and {count} more", left).format(count=left))
    view.line()
    if found.findings:
        view.line(
            many("{count} finding", "{count} findings", len(found.findings)).format(
                count=len(found.findings)
            ),
            "red",
        )
    else:
        view.line(_("No findings: nothing that was recorded has been changed since."), "green")
    view.line()
    view.line(_("Auditor: ____________________    Date: ____________"))
    return view


def _verdict(part: Part) -> Cell:
    if not part.looked:
        return Cell("–", "dim")
    return Cell(_("FINDINGS"), "red") if part.findings else Cell(_("holds"), "green")


def _payload(found: Audit) -> dict[str, Any]:
    return {
        "qibi": 1,
        "command": "audit",
        "book": found.book,
        "commit": found.commit,
        "committed": {"first": found.first, "last": found.last},
        "holds": not found.findings,
        "last_seal": {"path": found.seals[-1].path, "sha256": found.seals[-1].digest}
        if found.seals
        else None,
        "seals": len(found.seals),
        "pending": list(found.pending),
        "parts": [
            {
                "part": part.code,
                "seen": part.seen,
                "holds": not part.findings if part.looked else None,
                "findings": [
                    {"place": f.place, "code": f.code, "message": f.message} for f in part.findings
                ],
            }
            for part in found.parts
        ],
    }

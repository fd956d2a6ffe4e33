"""qibi check: every definition and every entry, file and line; silent when all is well."""

from typing import Annotated

import typer

from qibi.base.findings import Finding
from qibi.base.language import _, many, mark
from qibi.base.text import visible
from qibi.cli import options
from qibi.cli.output import Field, Records, View
from qibi.cli.session import current_session

PANEL = "prove", 1
SUMMARY = mark("Check every definition and every entry; silent when all is well.")
DETAILS = mark(
    "Errors can be corrected and give exit code 1. Warnings concern what is in the ledger: they "
    "are shown and do not block."
)
EXAMPLES = """
qibi check
qibi check --format json -o findings.json
"""


def check(
    explain: Annotated[
        bool, typer.Option("--explain", help=_("list the checks and what they look for"))
    ] = False,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    from qibi.checks.registry import WARNINGS, Check, run_all

    session = current_session()
    view = View()
    if explain:
        fields: list[Field[Check]] = [
            Field("code", lambda c: c.code, _("Check"), csv=_("Check")),
            Field("looks_for", lambda c: c.explanation, csv=""),
            Field(
                "text",
                lambda c: _(c.explanation),
                _("Looks for"),
                csv=_("Looks for"),
                json=False,
                wraps=True,
            ),
        ]
        view.records = [Records(fields, WARNINGS)]
        view.blocks += view.records
        view.payload = {"qibi": 1, "command": "check", "checks": view.records[0]}
        session.console.show(view, form, output)
        return
    found = run_all(
        session.root, session.around.cache, session.names, session.git, session.around.now()
    )
    levels = [("error", f) for f in found.errors] + [("warning", f) for f in found.warnings]
    for level, finding in levels:
        word = _("error") if level == "error" else _("warning")
        view.line(
            f"{finding.place}: {word}: {finding.message}",
            "red" if level == "error" else "yellow",
            whole=True,
        )
        if finding.shown.strip():
            view.line(f"    {visible(finding.shown.strip())[:200]}", "dim", whole=True)
    columns: list[Field[tuple[str, Finding]]] = [
        Field("level", lambda n: n[0]),
        Field("path", lambda n: n[1].path),
        Field("line", lambda n: n[1].line or None),
        Field("column", lambda n: n[1].column or None),
        Field("check", lambda n: n[1].code),
        Field("message", lambda n: n[1].message),
    ]
    view.records = [Records(columns, levels)]
    view.payload = {
        "qibi": 1,
        "command": "check",
        "batches": found.batches,
        "entries": found.entries,
        "findings": view.records[0],
    }
    session.console.show(view, form, output)
    if found.errors:
        session.exit_code = 1
    if levels:
        errors = many("{count} error", "{count} errors", len(found.errors)).format(
            count=len(found.errors)
        )
        warnings = many("{count} warning", "{count} warnings", len(found.warnings)).format(
            count=len(found.warnings)
        )
        session.console.say(f"{errors}, {warnings}")

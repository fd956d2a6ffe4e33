"""qibi check: every definition and every entry, file and line; silent when all is well."""

from typing import Annotated

import typer

from qibi.base.language import _, many, mark
from qibi.base.text import visible
from qibi.cli import options
from qibi.cli.output import Column, Grid, View
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
    from qibi.checks.registry import WARNINGS, run_all

    session = current_session()
    view = View()
    if explain:
        rows = [[c.code, _(c.explanation)] for c in WARNINGS]
        view.blocks.append(Grid([Column(_("Check")), Column(_("Looks for"), wraps=True)], rows))
        view.header, view.rows = [_("Check"), _("Looks for")], rows
        view.payload = {
            "qibi": 1,
            "command": "check",
            "checks": [{"code": c.code, "looks_for": c.explanation} for c in WARNINGS],
        }
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
    view.header = ["level", "path", "line", "column", "check", "message"]
    view.rows = [
        [level, f.path, f.line or None, f.column or None, f.code, f.message] for level, f in levels
    ]
    view.payload = {
        "qibi": 1,
        "command": "check",
        "batches": found.batches,
        "entries": found.entries,
        "findings": [
            {
                "level": level,
                "path": f.path,
                "line": f.line or None,
                "column": f.column or None,
                "check": f.code,
                "message": f.message,
            }
            for level, f in levels
        ],
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

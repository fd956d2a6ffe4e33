"""qibi doctor: what is installed and missing."""

from qibi.base.language import _, mark
from qibi.cli import options
from qibi.cli.session import session
from qibi.cli.view import Cell, Column, Grid, View

DETAILS = mark(
    "Ends with 1 where something that is needed is missing or broken, and says what to do."
)
EXAMPLES = """
qibi doctor
qibi doctor --format json --output doctor.json
"""
_STYLES = {"ok": "green", "note": "yellow", "broken": "red"}


def doctor(form: options.Format = "table", output: options.Output = None) -> None:
    """Run the command; `DETAILS` is its help."""
    from qibi.cli.diagnosis import diagnose

    now = session()
    found = diagnose(now)
    words = {"ok": _("ok"), "note": _("note"), "broken": _("BROKEN")}
    rows: list[list[str | Cell]] = []
    for check in found:
        state = Cell(words[check.state], _STYLES[check.state])
        rows.append([state, check.label, check.found])
        if check.advice:
            rows.append(["", "", Cell("-> " + check.advice, _STYLES[check.state])])
    grid = Grid([Column(""), Column(""), Column("")], rows, headed=False)
    view = View(
        blocks=[grid],
        payload={
            "qibi": 1,
            "command": "doctor",
            "checks": [
                {"check": c.name, "state": c.state, "found": c.found, "advice": c.advice}
                for c in found
            ],
        },
        header=("check", "state", "found", "advice"),
        rows=[(c.name, c.state, c.found, c.advice) for c in found],
    )
    broken = sum(1 for c in found if c.state == "broken")
    view.line()
    view.line(
        _("{count} broken: see above").format(count=broken) if broken else _("ready to use"),
        "red" if broken else "green",
    )
    now.console.show(view, form, output)
    now.exit_code = 1 if broken else 0

"""qibi schema: the JSON Schemas of the YAML files."""

from typing import Annotated

import typer

from qibi.base.findings import Refusal
from qibi.base.language import _, listing, mark
from qibi.cli.session import current_session

PANEL = "setup", 8
SUMMARY = mark("Print the JSON Schemas of the YAML files.")
DETAILS = mark(
    "Each YAML file names its schema in its first line, so that an editor completes and checks it."
)
EXAMPLES = """
qibi schema --output schemas
qibi schema branch
"""


def schema(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help=_("book, scheme, branch, plan, layout, names or fleet")
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="DIR", help=_("write all of them into DIR")),
    ] = None,
) -> None:
    """Run the command; `DETAILS` is its help."""
    from qibi.book.schemas import as_text, schemas
    from qibi.ledger.store import failures_explained, write_output

    session = current_session()
    every = schemas()
    if name and name not in every:
        raise Refusal(
            _("there is no schema '{name}'").format(name=name),
            _("one of: {names}").format(names=listing(list(every))),
        )
    if output and output != "-":
        folder = session.around.folder / output
        with failures_explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for key in [name] if name else every:
            write_output(folder / f"{key}.schema.json", as_text(every[key]).encode())
        session.console.say(_("written: {path}").format(path=output))
        return
    if name:
        session.around.stdout.write(as_text(every[name]))
        return
    session.around.stdout.write(as_text(every))

"""qibi remedy: measures with an owner and a due date, open until someone else has verified them."""

from itertools import islice
from typing import Annotated

import typer

from qibi.base.language import _, many, mark
from qibi.cli import complete, options
from qibi.cli.remedy_open import open_some
from qibi.cli.remedy_steps import reopen, report, verify
from qibi.cli.remedy_view import view_of
from qibi.cli.session import Session, session
from qibi.ledger.batches import Batch, latest_first
from qibi.ledger.remedies import RECENT, batches_with_remedies, lives, strays

DETAILS = mark(
    "A remedy is open until someone who neither owns nor reported it has verified it. All its "
    "steps stand in the week in which it was opened."
)
EXAMPLES = mark("""
qibi remedy open --from-list W46
qibi remedy verify r-46-1 --as o1-004 --note "looked at on site"
""")


def show_all(
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject",
            metavar="SUBJECT",
            help=_("of this subject, with every step"),
            autocompletion=complete.subjects,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=_("verified ones too, and of all weeks"))
    ] = False,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command; `COMMANDS` has its help."""
    now = session()
    wanted = list(islice(latest_first(now.root), None if everything else RECENT + 1))
    if len(wanted) > RECENT and not everything:
        text = _("of the latest {count} weeks; --all reads all").format(count=RECENT)
        now.console.say(text, "dim")
        wanted = wanted[:RECENT]
    batches = batches_with_remedies(now.root, sorted(wanted), now.around.cache)
    key = now.find_subject(subject) if subject else None
    found = [
        (name, life)
        for name, life in lives(batches).items()
        if (everything or not life.ended) and key in (None, life.subject)
    ]
    found.sort(key=lambda pair: (pair[1].ended, pair[1].due or "9999", pair[0]))
    _warn_of_strays(now, batches)
    now.console.show(view_of(now, found, with_steps=key is not None), form, output)


def _warn_of_strays(now: Session, batches: list[Batch]) -> None:
    lost = len(strays(batches))
    if lost:
        text = many(
            "{count} step of a remedy that nobody opened counts for nothing",
            "{count} steps of remedies that nobody opened count for nothing",
            lost,
        ).format(count=lost)
        now.console.say(_("warning: {text}").format(text=text), "yellow")


COMMANDS = {
    "list": (show_all, mark("What is to be mended, by whom and by when: overdue ones first.")),
    "open": (open_some, mark("Open a remedy, or one for each on a black list.")),
    "report": (report, mark("Say that it is done.")),
    "verify": (verify, mark("Strike it off: only by someone who neither owns nor reported it.")),
    "reopen": (reopen, mark("Open it again, with a reason.")),
}

"""qibi branch: branches begin and end, and groups move between them with their members."""

from typing import Annotated, Any

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing, mark
from qibi.book.definitions import Branch, Definitions, Group
from qibi.cli import completion, options, phrases
from qibi.cli.session import Session, current_session
from qibi.commands.edit_files import (
    Changes,
    changing,
    end_row,
    first_week,
    must_be_alive,
    new_row,
    say_assessed,
    say_notes,
    week_given,
)
from qibi.commands.member import branch_of, list_branches, still_named

PANEL = "setup", 5
SUMMARY = mark("Begin and end branches, move a group between them, or list them.")
DETAILS = mark("A branch that ends keeps its file and its past; its members end with it.")
EXAMPLES = mark("""
qibi branch move-group outer-1-g2 --to outer-2 --from W48
qibi branch end outer-8 --until 2026-W52
""")
_HEAD = "# yaml-language-server:"


def add(
    key: Annotated[str, typer.Argument(metavar="ID", help=_("its id: outer-9"))],
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help=_("its name"))] = None,
    section: Annotated[
        str | None, typer.Option("--section", metavar="NAME", help=_("its section"))
    ] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="NAME", help=_("its department"))
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WEEK", help=_("first week; else this week"))
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    if session.definitions.kind(key):
        raise Refusal(
            _("'{id}' is {name} already").format(id=key, name=session.definitions.title(key)),
            _("choose another id"),
            1,
        )
    week = first_week(session, since)
    fields = {"id": key, "name": name, "section": section, "department": department, "since": week}
    with changing(session, dry_run) as changes:
        path = f"branches/{key}.yaml"
        if (session.root / path).exists():
            raise Refusal(
                _("there is a file {path} already").format(path=path), _("choose another id"), 1
            )
        changes.make(path, _new_file(changes, {k: v for k, v in fields.items() if v}))
        changes.say(_("{branch} from {week}"), branch=name or key, week=week)
        changes.finish()
    if not dry_run:
        session.console.say(
            _("its people: qibi member add NAME --branch {id}").format(id=key), "dim"
        )


def _new_file(changes: Changes, fields: dict[str, Any]) -> bytes:
    """A branch file with the first line and the line ends of those next to it."""
    siblings = [s.raw for path, s in changes.sources.items() if path.startswith("branches/")]
    first = siblings[0].decode("utf-8-sig").split("\n")[0] if siblings else ""
    head = [first.rstrip("\r")] if first.startswith(_HEAD) else []
    from qibi.book.edit import page_text

    return page_text(head, fields, "\r\n" if first.endswith("\r") else "\n")


def end(
    branch: Annotated[
        str,
        typer.Argument(
            metavar="BRANCH", help=_("id, name or section"), autocompletion=completion.branches
        ),
    ],
    until: Annotated[
        str | None, typer.Option("--until", metavar="WEEK", help=_("its last week: 2026-W47"))
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    week = week_given(session, until, "--until")
    found = branch_of(session.definitions, session.find_branch(branch))
    if found.until <= week:
        raise Refusal(
            _("{branch} ended with {week}").format(branch=found.name, week=found.until),
            _("to continue it, correct `until` in branches/{branch}.yaml").format(branch=found.id),
            1,
        )
    must_be_alive(session, found, week)
    definitions = session.definitions
    spans = [*((m.branch, m.id, m.since) for m in definitions.memberships)]
    spans += [*((c.branch, c.id, c.since) for c in definitions.cps)]
    spans += [*((found.id, g.id, g.since) for g in found.groups)]
    later = [f"{key} ({since})" for b, key, since in spans if b == found.id and since > week]
    if later:
        raise Refusal(
            _("in {branch} begin after {week}: {names}").format(
                branch=found.name, week=week, names=phrases.places(later)
            ),
            _("choose a later week, or remove those rows from branches/{branch}.yaml").format(
                branch=found.id
            ),
            1,
        )
    with changing(session, dry_run) as changes:
        page = changes.branch(found.id)
        fields = ("id", "name", "section", "department", "since")
        page.put((), "until", week, fields)
        changes.say(_("{branch} until {week}"), branch=str(found.name), week=week)
        changes.finish()
    after = weeks.shift(week, 1)
    left = [m.id for m in definitions.members_of(found.id, week) if m.until > week]
    left = [m for m in left if not _elsewhere(definitions, m, found.id, after)]
    if left:
        text = _("note: from {week} on in no branch: {names}; qibi member move WHO --to BRANCH")
        names = phrases.places([definitions.title(key) for key in left])
        session.console.say(text.format(week=after, names=names), "yellow")
    _say_recorded_later(session, found, week)


def _elsewhere(definitions: Definitions, key: str, branch: str, week: str) -> bool:
    return any(m.until >= week and m.branch != branch for m in definitions.spans[key])


def _say_recorded_later(session: Session, branch: Branch, until: str) -> None:
    from qibi.ledger.batches import batch_names, weeks_with_batches

    found = [
        w
        for w in weeks_with_batches(session.root)
        if w > until
        and any(
            n.startswith(f"{branch.id}-") and len(n) == len(branch.id) + 23
            for n in batch_names(session.root, w)
        )
    ]
    if found:
        text = _("note: what is recorded for {branch} in {weeks} no longer counts")
        message = text.format(branch=branch.name, weeks=phrases.places(found))
        session.console.say(message, "yellow")


def move_group(
    group: Annotated[str, typer.Argument(metavar="GROUP", help=_("the group's id or name"))],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="BRANCH", help=_("where to"), autocompletion=completion.branches
        ),
    ] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="WEEK", help=_("its first week there"))
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", metavar="BRANCH", help=_("where it is now"))
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    week = week_given(session, begin, "--from")
    if not to:
        raise Refusal(_("which branch?"), _("name it: --to BRANCH"), 1)
    place = branch_of(session.definitions, session.find_branch(to))
    old, found = _group(session, group, week, session.find_branch(branch) if branch else None)
    if old.id == place.id:
        raise Refusal(
            _("{name} is in {branch} already").format(name=found.name, branch=place.name), code=1
        )
    must_be_alive(session, place, week)
    if any(g.id == found.id for g in place.groups):
        raise Refusal(
            _("{branch} already had a group '{id}'").format(branch=place.name, id=found.id),
            _(
                "remove `until` from that row in branches/{branch}.yaml, then move each member"
            ).format(branch=place.id),
            1,
        )
    people = [
        m
        for m in session.definitions.memberships
        if m.branch == old.id and m.group == found.id and m.until >= week
    ]
    fresh = [f"{m.id} ({m.since})" for m in people if m.since >= week]
    if fresh or week <= found.since:
        raise Refusal(
            _("in {week} or later begin: {names}").format(
                week=week, names=phrases.places(fresh or [f"{found.id} ({found.since})"])
            ),
            _("choose a later week, or correct those rows in branches/{branch}.yaml").format(
                branch=old.id
            ),
            1,
        )
    last = min(weeks.shift(week, -1), old.until)
    with changing(session, dry_run) as changes:
        there = changes.branch(place.id)  # opened first: what begins is written first
        here = changes.branch(old.id)
        there.append("groups", new_row(end_row(here, "groups", found, last), {}, week))
        for member in people:
            there.append("members", new_row(end_row(here, "members", member, last), {}, week))
        text = _("{group}: {before} until {until}, {after} from {week}, with {people}")
        names = [session.definitions.title(m.id) for m in people]
        changes.say(
            text,
            group=str(found.name),
            before=phrases.branch(session.definitions, old.id),
            after=phrases.branch(session.definitions, place.id),
            until=last,
            week=week,
            people=listing(names) or _("nobody"),
        )
        changes.finish()
    going = [m.id for m in people]
    say_notes(session, [t for key in going for t in still_named(session, key, last, old.id, going)])
    say_assessed(session, names, place.id, week)


def _group(session: Session, text: str, week: str, branch: str | None) -> tuple[Branch, Group]:
    """The group meant, and the branch that holds it in a week; raises `Refusal`."""
    from qibi.base.text import folded

    alive = [
        (b, g)
        for b in session.definitions.branches
        for g in b.groups
        if branch in (None, b.id) and g.since <= week <= g.until
    ]
    found = [pair for pair in alive if pair[1].id == text] or [
        pair for pair in alive if folded(text) in (folded(pair[1].name.zh), folded(pair[1].name.en))
    ]
    if len(found) == 1:
        return found[0]
    options = [g.id for _b, g in found or alive]
    message = _("'{text}' may be several groups") if found else _("there is no group '{text}'")
    raise Refusal(
        message.format(text=text),
        _("groups in {week}: {groups}").format(week=week, groups=phrases.places(options) or "–"),
        1,
    )


COMMANDS = {
    "add": (add, mark("Begin a branch, with a file of its own.")),
    "end": (end, mark("End a branch with a week; its past stays.")),
    "move-group": (move_group, mark("Move a group, with its members, to another branch.")),
    "list": (list_branches, mark("List the branches.")),
}

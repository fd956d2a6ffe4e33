"""qibi member: people who come, move, change and leave; the YAML keeps its comments and order."""

from typing import Annotated, Any

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, mark
from qibi.book.definitions import Membership
from qibi.cli import complete, options, phrases
from qibi.cli.member_files import (
    Changes,
    changing,
    end_row,
    find_row,
    first_week,
    must_be_alive,
    new_row,
    say_assessed,
    say_notes,
    week_given,
)
from qibi.cli.member_list import list_members
from qibi.cli.member_names import keeps_apart, put_name
from qibi.cli.member_people import (
    Given,
    asked_branch,
    branch_of,
    must_be_new,
    must_have_begun,
    nowhere,
    person,
    proposed_id,
    span_in,
    status_meant,
    status_word,
    still_named,
)
from qibi.cli.session import session

DETAILS = mark(
    "Whoever moves or changes ends in one row and begins in another, with the same id: past weeks stay as they were."
)
EXAMPLES = mark("""
qibi member move o1-008 --to outer-2 --group outer-2-g1 --from W48
qibi member add "Ann Example" --branch outer-1 --unit builder --dry-run
""")

Who = Annotated[
    str,
    typer.Argument(
        metavar="WHO", help=_("id, name or part of a name"), autocompletion=complete.members
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="WEEK", help=_("the first week of what is new: 2026-W48")),
]
Unit = Annotated[str | None, typer.Option("--unit", metavar="UNIT", help=_("a unit of qibi.yaml"))]
Group = Annotated[
    str | None, typer.Option("--group", metavar="GROUP", help=_("a group of the branch"))
]
Post = Annotated[
    list[str] | None,
    typer.Option("--post", metavar="POST", help=_("a post of qibi.yaml; may be repeated")),
]
Mentor = Annotated[
    str | None,
    typer.Option(
        "--mentor", metavar="WHO", help=_("their mentor"), autocompletion=complete.members
    ),
]
Status = Annotated[
    str | None,
    typer.Option("--status", metavar="STATUS", help=_("full, probationary, activist or staff")),
]


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("what they are called"))],
    branch: options.Branch = None,
    key: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help=_("else the next one of the branch's pattern")),
    ] = None,
    status: Status = None,
    unit: Unit = None,
    group: Group = None,
    post: Post = None,
    mentor: Mentor = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WEEK", help=_("first week; else this week"))
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    place = branch_of(now.definitions, asked_branch(now, branch))
    week = first_week(now, since, place)
    must_be_alive(now, place, week)
    if not name.strip():
        raise Refusal(_("the name is empty"), _("write what they are called"), 1)
    must_be_new(now, name, key)
    key = key or proposed_id(now.definitions, place.id)
    given = Given(status, unit, group, post or (), mentor).fields(now, place, week, key)
    with changing(now, dry_run) as changes:
        page = changes.branch(place.id)
        rows = page.data.get("members") or []
        if any("status" in row for row in rows):
            given = {"status": "full", **given}
        elif given.get("status") == "full":
            del given["status"]
        if keeps_apart(changes, rows):
            put_name(changes, key, name.strip())
        else:
            given["name"] = name.strip()
        page.append("members", new_row({"id": key}, given, week))
        text = _("would add: {name} as {id} to {branch} from {week}")
        text = text if dry_run else _("added: {name} as {id} to {branch} from {week}")
        changes.say(
            text,
            name=name.strip(),
            id=key,
            branch=phrases.branch(now.definitions, place.id),
            week=week,
        )
        changes.finish()
    say_assessed(now, [name.strip()], place.id, week)


def move(
    who: Who,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="BRANCH", help=_("where to"), autocompletion=complete.branches
        ),
    ] = None,
    group: Group = None,
    begin: From = None,
    status: Status = None,
    unit: Unit = None,
    post: Post = None,
    mentor: Mentor = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    week = week_given(now, begin, "--from")
    key = person(now, who, week)
    if not to:
        raise Refusal(_("which branch?"), _("name it: --to BRANCH"), 1)
    place = branch_of(now.definitions, now.find_branch(to))
    span = span_in(now.definitions, key, week)
    if span and span.branch == place.id:
        raise Refusal(
            _("{name} is in {branch} already").format(
                name=now.definitions.title(key), branch=phrases.branch(now.definitions, place.id)
            ),
            _(
                "for another status: qibi member status; for a group, edit branches/{branch}.yaml"
            ).format(branch=place.id),
            1,
        )
    must_be_alive(now, place, week)
    last = span or now.definitions.spans[key][-1]  # whoever comes back ends nowhere now
    must_have_begun(now, last, week)
    given = Given(status, unit, group, post or (), mentor).fields(now, place, week, key)
    until = weeks.shift(week, -1)
    with changing(now, dry_run) as changes:
        page = changes.branch(place.id)  # opened first: what begins is written first
        _move_row(changes, last, bool(span), place.id, given, week)
        title = now.definitions.title(key)
        there, here = (phrases.branch(now.definitions, b) for b in (last.branch, place.id))
        if span:
            changes.say(_("{name}: {branch} until {week}"), name=title, branch=there, week=until)
        changes.say(_("{name}: {branch} from {week}"), name=title, branch=here, week=week)
        changes.finish()
    notes = still_named(now, key, until, last.branch)
    alive = [g.id for g in place.groups if g.since <= week <= g.until]
    if alive and not group:
        text = _("{name} is in no group there; write group: {groups} in {path}")
        groups = "|".join(alive)
        notes.append(text.format(name=title, groups=groups, path=page.path))
    say_notes(now, notes)
    say_assessed(now, [title], place.id, week)


def _move_row(
    changes: Changes, last: Membership, ends: bool, to: str, given: dict[str, Any], week: str
) -> None:
    """End the old row, where it has not ended, and begin the new one with what goes along."""
    old_page = changes.branch(last.branch)
    number = find_row(old_page, "members", last)
    old = dict(old_page.data["members"][number])
    kept = ("id", "name", "status", "unit", "posts", "mentor", *(("until",) if ends else ()))
    row = new_row({k: old[k] for k in kept if k in old}, given, week)
    if ends:
        ended = branch_of(changes.now.definitions, last.branch)
        end_row(old_page, "members", last, min(weeks.shift(week, -1), ended.until))
    changes.branch(to).append("members", row)


def leave(
    who: Who,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WEEK", help=_("their last week: 2026-W47"))
    ] = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    week = week_given(now, until, "--until")
    key = person(now, who, week)
    span = span_in(now.definitions, key, week)
    if span is None:
        raise nowhere(now, key, week)
    title = now.definitions.title(key)
    later = [m for m in now.definitions.spans[key] if m.since > week]
    if later:
        raise Refusal(
            _("{name} begins in {branch} in {week}").format(
                name=title, branch=later[0].branch, week=later[0].since
            ),
            _("take that row out of branches/{branch}.yaml first").format(branch=later[0].branch),
            1,
        )
    if span.until == week:
        raise Refusal(_("{name} ends with {week} already").format(name=title, week=week), code=1)
    with changing(now, dry_run) as changes:
        end_row(changes.branch(span.branch), "members", span, week)
        place = phrases.branch(now.definitions, span.branch)
        changes.say(_("{name}: {branch} until {week}"), name=title, branch=place, week=week)
        changes.finish()
    say_notes(now, still_named(now, key, week, span.branch))


def status(
    who: Who,
    new: Annotated[
        str, typer.Argument(metavar="STATUS", help=_("full, probationary, activist or staff"))
    ],
    begin: From = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    now = session()
    wanted = status_meant(new)
    week = week_given(now, begin, "--from")
    key = person(now, who, week)
    span = span_in(now.definitions, key, week)
    if span is None:
        raise nowhere(now, key, week)
    title = now.definitions.title(key)
    if span.status == wanted:
        raise Refusal(
            _("{name} is {status} already").format(name=title, status=status_word(wanted)), code=1
        )
    must_be_alive(now, branch_of(now.definitions, span.branch), week)
    must_have_begun(now, span, week)
    with changing(now, dry_run) as changes:
        page = changes.branch(span.branch)
        old = end_row(page, "members", span, weeks.shift(week, -1))
        page.append("members", new_row(old, {"status": wanted}, week))
        changes.say(
            _("{name}: {before} until {until}, {after} from {week}"),
            name=title,
            before=status_word(span.status),
            after=status_word(wanted),
            until=weeks.shift(week, -1),
            week=week,
        )
        changes.finish()


COMMANDS = {
    "add": (add, mark("Add someone to a branch.")),
    "move": (move, mark("Move someone to another branch; their points go with them.")),
    "leave": (leave, mark("End someone's time in their branch.")),
    "status": (status, mark("Give someone another status from a week on.")),
    "list": (list_members, mark("List the members of a week.")),
}

"""qibi member: people who come, move, change and leave; the YAML keeps its comments and order."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing, mark
from qibi.base.text import closest, folded
from qibi.book import lookup
from qibi.book.definitions import Branch, Choice, Definitions, Membership
from qibi.book.words import STATUS_WORDS, STATUSES, status_name
from qibi.cli import completion, options, phrases
from qibi.cli.output import Field, Records, View
from qibi.cli.session import Session, current_session
from qibi.commands.edit_files import (
    Changes,
    changing,
    end_row,
    find_row,
    first_week,
    keeps_apart,
    must_be_alive,
    new_row,
    put_name,
    say_assessed,
    say_notes,
    week_given,
)

PANEL = "setup", 4
SUMMARY = mark("Add people, move them, end their time, or list them.")
DETAILS = mark(
    "A move or change ends one row and begins another with the same id: past weeks stay as they were."
)
EXAMPLES = mark("""
qibi member move o1-008 --to outer-2 --group outer-2-g1 --from W48
qibi member add "Ann Example" --branch outer-1 --unit builder --dry-run
""")

Who = Annotated[
    str,
    typer.Argument(
        metavar="WHO", help=_("id, name or part of a name"), autocompletion=completion.members
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="WEEK", help=_("the first week of the change: 2026-W48")),
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
        "--mentor", metavar="WHO", help=_("their mentor"), autocompletion=completion.members
    ),
]
Status = Annotated[
    str | None,
    typer.Option("--status", metavar="STATUS", help=_("full, probationary, activist or staff")),
]


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("their name"))],
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
    session = current_session()
    place = branch_of(session.definitions, branch_option(session, branch))
    week = first_week(session, since, place)
    must_be_alive(session, place, week)
    if not name.strip():
        raise Refusal(_("the name is empty"), _("write their name"), 1)
    must_be_new(session, name, key)
    key = key or proposed_id(session.definitions, place.id)
    given = Given(status, unit, group, post or (), mentor).fields(session, place, week, key)
    with changing(session, dry_run) as changes:
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
            branch=phrases.branch(session.definitions, place.id),
            week=week,
        )
        changes.finish()
    say_assessed(session, [name.strip()], place.id, week)


def move(
    who: Who,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="BRANCH", help=_("where to"), autocompletion=completion.branches
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
    session = current_session()
    week = week_given(session, begin, "--from")
    key = person(session, who, week)
    if not to:
        raise Refusal(_("which branch?"), _("name it: --to BRANCH"), 1)
    place = branch_of(session.definitions, session.find_branch(to))
    span = span_in(session.definitions, key, week)
    if span and span.branch == place.id:
        raise Refusal(
            _("{name} is in {branch} already").format(
                name=session.definitions.title(key),
                branch=phrases.branch(session.definitions, place.id),
            ),
            _(
                "for another status: qibi member status; for a group, edit branches/{branch}.yaml"
            ).format(branch=place.id),
            1,
        )
    must_be_alive(session, place, week)
    last = span or session.definitions.spans[key][-1]  # whoever comes back ends nowhere now
    must_have_begun(session, last, week)
    given = Given(status, unit, group, post or (), mentor).fields(session, place, week, key)
    until = weeks.shift(week, -1)
    with changing(session, dry_run) as changes:
        page = changes.branch(place.id)  # opened first: what begins is written first
        _move_row(changes, last, bool(span), place.id, given, week)
        title = session.definitions.title(key)
        there, here = (phrases.branch(session.definitions, b) for b in (last.branch, place.id))
        if span:
            changes.say(_("{name}: {branch} until {week}"), name=title, branch=there, week=until)
        changes.say(_("{name}: {branch} from {week}"), name=title, branch=here, week=week)
        changes.finish()
    notes = still_named(session, key, until, last.branch)
    alive = [g.id for g in place.groups if g.since <= week <= g.until]
    if alive and not group:
        text = _("{name} is in no group there; write group: {groups} in {path}")
        groups = "|".join(alive)
        notes.append(text.format(name=title, groups=groups, path=page.path))
    say_notes(session, notes)
    say_assessed(session, [title], place.id, week)


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
        ended = branch_of(changes.session.definitions, last.branch)
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
    session = current_session()
    week = week_given(session, until, "--until")
    key = person(session, who, week)
    span = span_in(session.definitions, key, week)
    if span is None:
        raise nowhere(session, key, week)
    title = session.definitions.title(key)
    later = [m for m in session.definitions.spans[key] if m.since > week]
    if later:
        raise Refusal(
            _("{name} begins in {branch} in {week}").format(
                name=title, branch=later[0].branch, week=later[0].since
            ),
            _("remove that row from branches/{branch}.yaml first").format(branch=later[0].branch),
            1,
        )
    if span.until == week:
        raise Refusal(_("{name} ends with {week} already").format(name=title, week=week), code=1)
    with changing(session, dry_run) as changes:
        end_row(changes.branch(span.branch), "members", span, week)
        place = phrases.branch(session.definitions, span.branch)
        changes.say(_("{name}: {branch} until {week}"), name=title, branch=place, week=week)
        changes.finish()
    say_notes(session, still_named(session, key, week, span.branch))


def status(
    who: Who,
    new: Annotated[
        str, typer.Argument(metavar="STATUS", help=_("full, probationary, activist or staff"))
    ],
    begin: From = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `DETAILS` is its help."""
    session = current_session()
    wanted = status_meant(new)
    week = week_given(session, begin, "--from")
    key = person(session, who, week)
    span = span_in(session.definitions, key, week)
    if span is None:
        raise nowhere(session, key, week)
    title = session.definitions.title(key)
    if span.status == wanted:
        raise Refusal(
            _("{name} is {status} already").format(name=title, status=status_name(wanted)), code=1
        )
    must_be_alive(session, branch_of(session.definitions, span.branch), week)
    must_have_begun(session, span, week)
    with changing(session, dry_run) as changes:
        page = changes.branch(span.branch)
        old = end_row(page, "members", span, weeks.shift(week, -1))
        page.append("members", new_row(old, {"status": wanted}, week))
        changes.say(
            _("{name}: {before} until {until}, {after} from {week}"),
            name=title,
            before=status_name(span.status),
            after=status_name(wanted),
            until=weeks.shift(week, -1),
            week=week,
        )
        changes.finish()


# qibi member list, qibi branch list: who is where in a week, and which branches there are.


def list_members(
    branch: options.Branch = None,
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command."""
    session = current_session()
    definitions = session.definitions
    text = session.week(week) if week else weeks.week_of(session.today)
    wanted = session.find_branch(branch) if branch else None
    members = [
        m
        for b in definitions.branches
        if wanted in (None, b.id)
        for m in definitions.members_of(b.id, text)
    ]
    records = Records(_member_fields(definitions, several=wanted is None), members)
    payload = {"qibi": 1, "command": "member list", "week": text, "members": records}
    view = View(payload=payload, records=[records])
    where = phrases.branch(definitions, wanted) if wanted else str(definitions.name)
    view.line(f"{where}  {phrases.week(text)}", "bold")
    view.line()
    if members:
        view.blocks.append(records)
    else:
        view.line(_("no members"))
    session.console.show(view, form, output)


def _member_fields(definitions: Definitions, several: bool) -> list[Field[Membership]]:
    """The fields of a member's row; a table has the branch where there are several."""
    title = definitions.title_of

    def heading(kind: str) -> str:
        word = phrases.kind(definitions, kind)
        return word[:1].upper() + word[1:]

    return [
        Field("id", lambda m: m.id, _("Id")),
        Field("name", lambda m: definitions.title(m.id), _("Name"), wraps=True),
        Field(
            "branch",
            lambda m: m.branch,
            phrases.branch_heading(definitions) if several else None,
            lambda m: phrases.branch(definitions, m.branch),
            wraps=True,
        ),
        Field("status", lambda m: m.status, _("Status"), lambda m: status_name(m.status)),
        Field("", heading=_("Since"), shown=lambda m: _limit(m.since) or "", optional=True),
        Field(
            "group",
            lambda m: m.group or None,
            heading("group"),
            lambda m: m.group and title("group", m.group),
            wraps=True,
            optional=True,
        ),
        Field(
            "unit",
            lambda m: m.unit or None,
            heading("unit"),
            lambda m: m.unit and title("unit", m.unit),
            wraps=True,
            optional=True,
        ),
        Field(
            "posts",
            lambda m: list(m.posts),
            _("Posts"),
            lambda m: listing([title("post", post) for post in m.posts]),
            wraps=True,
            optional=True,
        ),
        Field(
            "mentor",
            lambda m: m.mentor or None,
            _("Mentor"),
            lambda m: m.mentor and definitions.title(m.mentor),
            wraps=True,
            optional=True,
        ),
        Field("since", lambda m: _limit(m.since)),
        Field("until", lambda m: _limit(m.until)),
    ]


def list_branches(
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command."""
    session = current_session()
    definitions = session.definitions
    text = session.week(week) if week else weeks.week_of(session.today)
    fields: list[Field[Branch]] = [
        Field("id", lambda b: b.id, _("Id")),
        Field(
            "name",
            lambda b: definitions.title(b.id),
            phrases.branch_heading(definitions),
            wraps=True,
        ),
        Field("section", lambda b: b.section or None, _("Section"), wraps=True, optional=True),
        Field(
            "department", lambda b: b.department or None, _("Department"), wraps=True, optional=True
        ),
        Field("since", lambda b: _limit(b.since), _("Since"), optional=True),
        Field("until", lambda b: _limit(b.until), _("Until"), optional=True),
        Field(
            "members", lambda b: len(definitions.members_of(b.id, text)), _("Members"), right=True
        ),
        Field("groups", lambda b: [g.id for g in b.groups if g.since <= text <= g.until]),
    ]
    records = Records(fields, definitions.branches)
    payload = {"qibi": 1, "command": "branch list", "week": text, "branches": records}
    view = View(payload=payload, records=[records])
    view.line(f"{definitions.name}  {phrases.week(text)}", "bold")
    view.line()
    view.blocks.append(records)
    session.console.show(view, form, output)


# Who is meant by a member command, where they stand, and what their new row holds.


@dataclass(frozen=True)
class Given:
    """What the options say of a membership; None where nothing was said, "" to take it away."""

    status: str | None = None
    unit: str | None = None
    group: str | None = None
    posts: Sequence[str] = ()
    mentor: str | None = None

    def fields(self, session: Session, branch: Branch, week: str, key: str) -> dict[str, Any]:
        """The fields of a row that these come to, ids looked up; raises `Refusal`."""
        found: dict[str, Any] = {}
        definitions = session.definitions
        if self.status is not None:
            found["status"] = status_meant(self.status)
        if self.unit is not None:
            found["unit"] = self.unit and _choice(definitions.units, self.unit, _("unit"))
        if self.group is not None:
            found["group"] = self.group and _group(session, branch, week, self.group)
        if self.posts:
            posts = [_choice(definitions.posts, p, _("post")) for p in self.posts if p]
            found["posts"] = list(dict.fromkeys(posts))
        if self.mentor is not None:
            found["mentor"] = self.mentor and person(session, self.mentor, week)
            if found["mentor"] == key:
                raise Refusal(
                    _("a member can't be their own mentor"), _("name someone else: --mentor"), 1
                )
        return found


def _choice(choices: Sequence[Choice], text: str, what: str) -> str:
    try:
        return lookup.choice(choices, text, what)
    except lookup.NotFound as error:
        known = listing([c.id for c in choices]) or "–"
        raise Refusal(
            str(error), _("qibi.yaml has: {known}; add it there first").format(known=known), 1
        ) from None


def _group(session: Session, branch: Branch, week: str, text: str) -> str:
    """A group of this branch that exists in a week."""
    alive = [Choice(g.id, g.name) for g in branch.groups if g.since <= week <= g.until]
    try:
        return lookup.choice(alive, text, phrases.kind(session.definitions, "group"))
    except lookup.NotFound as error:
        raise Refusal(
            str(error),
            _("{branch} has in {week}: {groups}").format(
                branch=branch.name, week=week, groups=listing([g.id for g in alive]) or "–"
            ),
            1,
        ) from None


def status_meant(text: str) -> str:
    """The status meant by its id or by a word for it, as in a roster; raises `Refusal`."""
    found = STATUS_WORDS.get(folded(text))
    if found is None:
        near = closest(text, STATUS_WORDS)
        advice = (
            _("did you mean '{near}'?").format(near=STATUS_WORDS[near])
            if near
            else _("one of: {names}").format(names=listing(list(STATUSES)))
        )
        raise Refusal(_("there is no status '{text}'").format(text=text), advice, 1)
    return found


def person(session: Session, text: str, week: str) -> str:
    """The id of the member meant; raises `Refusal`."""
    try:
        return lookup.subject(session.definitions, text, ("member",), week=week)
    except lookup.NotFound as error:
        raise Refusal(error.brief, _("'qibi member list' shows them"), 1) from None


def branch_option(session: Session, text: str | None) -> str:
    """`--branch`, or the only one that there is."""
    if text:
        return session.find_branch(text)
    branches = session.definitions.branches
    if len(branches) == 1:
        return branches[0].id
    raise Refusal(_("which branch?"), _("name it: --branch BRANCH"), 1)


def must_be_new(session: Session, name: str, key: str | None) -> None:
    """Raises `Refusal` where the id is taken, or a name exists already and no id tells them apart."""
    definitions = session.definitions
    if key and definitions.kind(key):
        raise Refusal(
            _("'{id}' is {name} already").format(id=key, name=definitions.title(key)),
            _("who moves: qibi member move {id}; who is new needs another id").format(id=key),
            1,
        )
    same = [
        k
        for k in definitions.by_folded_name.get(folded(name), ())
        if definitions.kind(k) == "member"
    ]
    if same and not key:
        raise Refusal(
            _("'{name}' is {ids} already").format(name=name, ids=listing(list(same))),
            _("who moves: qibi member move {id}; who only has the same name: --id ID").format(
                id=same[0]
            ),
            1,
        )


def span_in(definitions: Definitions, key: str, week: str) -> Membership | None:
    """The row that holds a member in a week, whether or not its branch is alive then."""
    spans = definitions.spans.get(key, ())
    return next((m for m in spans if m.since <= week <= m.until), None)


def branch_of(definitions: Definitions, key: str) -> Branch:
    """A branch that is known to exist."""
    found = definitions.branch(key)
    assert found is not None
    return found


def must_have_begun(session: Session, span: Membership, week: str) -> None:
    """Raises `Refusal` where a change would end a row before it has held a week."""
    if week <= span.since:
        raise Refusal(
            _("{name} is in {branch} only since {since}").format(
                name=session.definitions.title(span.id),
                branch=phrases.branch(session.definitions, span.branch),
                since=span.since,
            ),
            _("choose a later week, or correct that row in branches/{branch}.yaml").format(
                branch=span.branch
            ),
            1,
        )


def nowhere(session: Session, key: str, week: str) -> Refusal:
    """That a member is in no branch in a week, with where they did and will."""
    spans = [
        f"{m.branch} {_limit(m.since) or ''}..{_limit(m.until) or ''}"
        for m in session.definitions.spans.get(key, ())
    ]
    return Refusal(
        _("{name} is in no branch in {week}").format(
            name=session.definitions.title(key), week=week
        ),
        _("they are in: {spans}").format(spans=listing(spans)),
        1,
    )


def _limit(week: str) -> str | None:
    """A first or last week; None where there is none."""
    return None if week in (weeks.BEGIN, weeks.END) else week


def proposed_id(definitions: Definitions, branch: str) -> str:
    """The next id after the pattern of a branch's members: `o1-012` after `o1-011`."""
    own = [m.id for m in definitions.memberships if m.branch == branch]
    found = [m for key in own if (m := re.fullmatch(r"(.*?)([0-9]+)", key))]
    counts = Counter(m[1] for m in found)
    prefix = counts.most_common(1)[0][0] if counts else f"{branch[:56]}-"
    numbers = [m[2] for m in found if m[1] == prefix]
    digits = max((len(n) for n in numbers), default=3)
    number = max((int(n) for n in numbers), default=0)
    taken = {*definitions.subjects}
    while True:
        number += 1
        key = f"{prefix}{number:0{digits}d}"
        if key not in taken:
            return key


def still_named(
    session: Session, key: str, until: str, branch: str, going: Iterable[str] = ()
) -> list[str]:
    """Where a book names someone after their last week in a branch: CPs, apprentices not going too."""
    definitions = session.definitions
    texts = [
        _("{name} still leads {cp}; see cps in branches/{branch}.yaml").format(
            name=definitions.title(key), cp=definitions.title(cp.id), branch=cp.branch
        )
        for cp in definitions.cps
        if key in cp.members.values() and cp.until > until
    ]
    apprentices = [
        definitions.title(m.id)
        for m in definitions.memberships
        if (m.mentor, m.branch) == (key, branch) and m.until > until and m.id not in going
    ]
    if apprentices:
        texts.append(
            _("{name} is still mentor of {people}").format(
                name=definitions.title(key), people=phrases.places(apprentices)
            )
        )
    return texts


COMMANDS = {
    "add": (add, mark("Add someone to a branch.")),
    "move": (move, mark("Move someone to another branch; their points go with them.")),
    "leave": (leave, mark("End someone's time in their branch.")),
    "status": (status, mark("Give someone another status from a week on.")),
    "list": (list_members, mark("List the members of a week.")),
}

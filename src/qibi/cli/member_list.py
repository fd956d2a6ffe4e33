"""qibi member list, qibi branch list: who is where in a week, and which branches there are."""

from typing import Any

from qibi.base import weeks
from qibi.base.language import _, listing
from qibi.book.definitions import Definitions, Membership
from qibi.cli import options, phrases
from qibi.cli.member_people import status_word
from qibi.cli.session import session
from qibi.cli.view import Column, Grid, View

_FIELDS = ("id", "name", "branch", "status", "group", "unit", "posts", "mentor", "since", "until")


def list_members(
    branch: options.Branch = None,
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command."""
    now = session()
    definitions = now.definitions
    asked = now.week(week) if week else weeks.week_of(now.today)
    wanted = now.find_branch(branch) if branch else None
    found = [
        m
        for b in definitions.branches
        if wanted in (None, b.id)
        for m in definitions.members_of(b.id, asked)
    ]
    now.console.show(_view(definitions, asked, found, wanted), form, output)


def _view(definitions: Definitions, week: str, found: list[Membership], branch: str | None) -> View:
    several = branch is None
    plain = [_plain(definitions, m) for m in found]
    view = View(payload={"qibi": 1, "command": "member list", "week": week, "members": plain})
    view.header = _FIELDS
    view.rows = [[" ".join(v) if isinstance(v, list) else v for v in p.values()] for p in plain]
    where = phrases.branch(definitions, branch) if branch else str(definitions.name)
    view.line(f"{where}  {phrases.week(week)}", "bold")
    view.line()
    if not found:
        view.line(_("no members"))
        return view
    titles = [_("Id"), _("Name"), *([phrases.branch_heading(definitions)] if several else [])]
    columns = [*(Column(title, wraps=n > 0) for n, title in enumerate(titles))]
    columns += [Column(_("Status")), Column(_("Since"))]
    titles = [
        _heading(definitions, "group"),
        _heading(definitions, "unit"),
        _("Posts"),
        _("Mentor"),
    ]
    columns += [Column(title, wraps=True) for title in titles]
    view.blocks.append(Grid(columns, [_row(definitions, m, several) for m in found]))
    return view


def _heading(definitions: Definitions, kind: str) -> str:
    word = phrases.kind(definitions, kind)
    return word[:1].upper() + word[1:]


def _plain(definitions: Definitions, member: Membership) -> dict[str, Any]:
    return {
        "id": member.id,
        "name": definitions.title(member.id),
        "branch": member.branch,
        "status": member.status,
        "group": member.group or None,
        "unit": member.unit or None,
        "posts": list(member.posts),
        "mentor": member.mentor or None,
        "since": None if member.since == weeks.BEGIN else member.since,
        "until": None if member.until == weeks.END else member.until,
    }


def _row(definitions: Definitions, member: Membership, several: bool) -> list[str]:
    return [
        member.id,
        definitions.title(member.id),
        *([phrases.branch(definitions, member.branch)] if several else []),
        status_word(member.status),
        "" if member.since == weeks.BEGIN else member.since,
        definitions.title_of("group", member.group) if member.group else "",
        definitions.title_of("unit", member.unit) if member.unit else "",
        listing([definitions.title_of("post", post) for post in member.posts]),
        definitions.title(member.mentor) if member.mentor else "",
    ]


def list_branches(
    week: options.Week = None,
    form: options.Format = "table",
    output: options.Output = None,
) -> None:
    """Run the command."""
    now = session()
    asked = now.week(week) if week else weeks.week_of(now.today)
    now.console.show(_branches(now.definitions, asked), form, output)


def _branches(definitions: Definitions, week: str) -> View:
    rows = [
        {
            "id": b.id,
            "name": definitions.title(b.id),
            "section": b.section or None,
            "department": b.department or None,
            "since": None if b.since == weeks.BEGIN else b.since,
            "until": None if b.until == weeks.END else b.until,
            "members": len(definitions.members_of(b.id, week)),
            "groups": [g.id for g in b.groups if g.since <= week <= g.until],
        }
        for b in definitions.branches
    ]
    view = View(payload={"qibi": 1, "command": "branch list", "week": week, "branches": rows})
    view.header = ["id", "name", "section", "department", "since", "until", "members", "groups"]
    view.rows = [[" ".join(v) if isinstance(v, list) else v for v in r.values()] for r in rows]
    view.line(f"{definitions.name}  {phrases.week(week)}", "bold")
    view.line()
    titles = [
        _("Id"),
        phrases.branch_heading(definitions),
        _("Section"),
        _("Department"),
        _("Since"),
        _("Until"),
    ]
    columns = [Column(title, wraps=n in (1, 2, 3)) for n, title in enumerate(titles)]
    columns.append(Column(_("Members"), right=True))
    view.blocks.append(
        Grid(
            columns,
            [[str(v or "") for v in list(r.values())[:6]] + [str(r["members"])] for r in rows],
        )
    )
    return view

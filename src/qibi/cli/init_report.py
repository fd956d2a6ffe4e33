"""What `qibi init` says: what it made, and the commands from there to the first committed week."""

import shlex
from datetime import date
from pathlib import Path

from qibi.base import points, weeks
from qibi.base.language import _, colon, listing, many, mark
from qibi.book.definitions import Definitions, Scheme
from qibi.cli.console import relative
from qibi.cli.session import Session
from qibi.cli.view import Column, Grid, View

_BRANCHES_SHOWN = 8
_PRIVATE = (
    ("names.yaml", mark("the names, kept out of git: you hand them over and back them up")),
    ("README.md", mark("how to keep names apart from points")),
)
_TOOLS = (
    ("schemas/", mark("for your editor: completes and checks the YAML files")),
    (".gitattributes .gitignore", mark("for git: the ledger's bytes stay as they are")),
)


def report(
    now: Session,
    root: Path,
    files: dict[str, str],
    definitions: Definitions,
    today: date,
    who: str,
    in_git: bool,
    dry_run: bool,
) -> View:
    """The files made (or, with `dry_run`, those that would be), and what to do next."""
    view = View()
    place = relative(root, now.around.folder)
    heading = _("would make a book in {folder}") if dry_run else _("made a book in {folder}")
    view.line(heading.format(folder=place), "bold")
    rows = [
        *_settings(definitions),
        *_people(definitions, _is_sample(files)),
    ]
    private = _PRIVATE if "names.yaml" in files else ()
    rows += [(path, _(what)) for path, what in (*private, *_TOOLS)]
    view.blocks.append(Grid([Column(""), Column("")], rows, headed=False, indent=2))
    if dry_run:
        return view
    view.line()
    view.line(_("next, to the first committed week:"), "bold")
    if place != ".":
        view.line(f"  cd {shlex.quote(place)}")
    for step in _steps(definitions, today, who, in_git):
        view.line(f"  {step}" if step else "")
    return view


def _is_sample(files: dict[str, str]) -> bool:
    return any(path in files for path in ("branches/branch-1.yaml", "branches/team-1.yaml"))


def _settings(definitions: Definitions) -> list[tuple[str, str]]:
    scheme = definitions.schemes[0]
    items = sum(len(c.items) for c in scheme.criteria)
    criteria = many("{count} criterion", "{count} criteria", len(scheme.criteria)).format(
        count=len(scheme.criteria)
    )
    what = many("{count} item", "{count} items", items).format(count=items)
    return [
        (
            "qibi.yaml",
            _("name, time zone ({zone}), calendar").format(zone=definitions.timezone),
        ),
        (
            f"scheme/{scheme.week}.yaml",
            f"{scheme.name}{colon()}"
            + listing([criteria, what if items else _("scored directly")]),
        ),
    ]


def _people(definitions: Definitions, sample: bool) -> list[tuple[str, str]]:
    """A line for each branch file; of many only the first ones."""
    rows = []
    for branch in definitions.branches[:_BRANCHES_SHOWN]:
        count = sum(1 for p in definitions.memberships if p.branch == branch.id)
        people = many("{count} person", "{count} people", count).format(count=count)
        text = _("{people}, made up: put your own in their place") if sample else "{people}"
        rows.append(
            (f"branches/{branch.id}.yaml", f"{branch.name}{colon()}{text.format(people=people)}")
        )
    rest = len(definitions.branches) - len(rows)
    if rest > 0:
        total = many("{count} person", "{count} people", len(definitions.memberships)).format(
            count=len(definitions.memberships)
        )
        rows.append((f"branches/… (+{rest})", _("{people} in all").format(people=total)))
    return rows


def _steps(definitions: Definitions, today: date, who: str, in_git: bool) -> list[str]:
    """The commands, one a line, and the sheet that they score."""
    week = weeks.week_of(today)
    me = who or definitions.memberships[0].id
    steps = []
    if not (who and in_git):
        who_is = _("# you: the id of a member, here {name}").format(name=definitions.title(me))
        command = "git config qibi.as " if in_git else "export QIBI_AS="
        steps.append(f"{command}{me}    {who_is}")
    sheet = _sheet(definitions, definitions.schemes[0], me)
    if sheet:
        steps.append(
            _("write a sheet, week.csv (or have 'qibi sheet --all' make some to fill in):")
        )
        steps += [f"    {line}" for line in sheet]
        steps.append(f"qibi score week.csv --week {week}")
    else:
        steps.append(f"qibi score --no-events --branch {definitions.branches[0].id} --week {week}")
    steps.append("qibi rank --week")
    steps.append("qibi commit" if in_git else "git init && qibi commit")
    return steps


def _sheet(definitions: Definitions, scheme: Scheme, me: str) -> list[str]:
    """A small sheet about this book's own people, such as it can be scored as it stands.

    Nobody scores themselves (that needs an approval): empty where there is nobody else.
    """
    branch = next(p.branch for p in definitions.memberships if p.id == me)
    others = [p.id for p in definitions.memberships if p.branch == branch and p.id != me][:2]
    people = [_called(definitions, key) for key in others]
    if not people:
        return []
    direct = [c for c in scheme.criteria if c.direct and "member" in c.applies_to][:2]
    if direct:
        scores = ",".join(points.show(c.base + 100) for c in direct)
        head = ",".join([_("name"), *(str(c.name) for c in direct)])
        return [head, f"{people[0]},{scores}"]
    easy = [
        i
        for i in scheme.items()
        if not i.evidence and not i.auto and (i.fixed or 0) > 0 and "," not in str(i.name)
    ]
    return [
        ",".join([_("name"), _("item"), _("count")]),
        *(f"{name},{item.name},1" for name, item in zip(people, easy, strict=False)),
    ]


def _called(definitions: Definitions, key: str) -> str:
    """The name of a member, or the id where the name is not theirs alone or would need quotes."""
    name = definitions.title(key)
    alone = sum(1 for k in definitions.spans if definitions.title(k) == name) == 1
    return name if alone and not any(c in name for c in ',;"\t') else key

"""What one file's model can't judge alone: references, spans, and numbers that must fit together.

Each check takes all files and yields findings; `ALL_CHECKS` is the list of them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from qibi.base import weeks
from qibi.base.findings import Finding
from qibi.base.language import _, clauses, listing, mark
from qibi.base.text import closest
from qibi.book.definitions import open_span
from qibi.book.files import Files, Read
from qibi.book.yaml import Loc

Check = Callable[[Files], Iterator[Finding]]


def _unknown(read: Read, loc: Loc, message: str, key: str, known: Iterable[str]) -> Finding:
    near = closest(key, known)
    advice = (
        _("did you mean '{near}'?").format(near=near)
        if near
        else _("known are: {known}").format(known=listing(sorted(known)[:12]) or "–")
    )
    return read.finding(loc, clauses([message.format(key=key), advice]), "unknown-id")


def book_and_scheme(files: Files) -> Iterator[Finding]:
    """A book needs a qibi.yaml, a scheme and a time zone that exists."""
    seen = [*files.invalid, *files.unreadable]
    if not files.schemes and not any(path.startswith("scheme/") for path in seen):
        yield Finding(
            "scheme",
            message=_("no scheme; write scheme/2026-W01.yaml, named by the first week in force"),
        )
    for read in files.books:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(read.model.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = _("unknown time zone '{zone}'; write it as Asia/Shanghai")
            yield read.finding(("timezone",), message.format(zone=read.model.timezone), "time-zone")


def file_names(files: Files) -> Iterator[Finding]:
    """A file bears the id (or the week, or the CP) that stands in it."""
    for read in files.schemes:
        if not weeks.is_week(read.stem):
            message = _(
                "the file's name is not a week; name it by the first week in force, 2026-W01.yaml"
            )
            yield read.finding((), message, "file-name")
    for read, key, field in (
        *((r, r.model.id, "id") for r in files.branches),
        *((r, r.model.cp, "cp") for r in files.plans),
    ):
        if read.stem != key:
            message = _("'{key}' stands in a file named {stem}.yaml; name both alike")
            yield read.finding((field,), message.format(key=key, stem=read.stem), "file-name")


def repeated_ids(files: Files) -> Iterator[Finding]:
    """No id stands twice in one list of units, posts, scorers, grades, criteria, items, groups."""
    lists: list[tuple[Read, Loc, list[Any]]] = []
    for read in files.books:
        lists += [(read, (name,), getattr(read.model, name)) for name in ("units", "posts")]
    for read in files.schemes:
        lists += [
            (read, (name,), getattr(read.model, name)) for name in ("scorers", "grades", "criteria")
        ]
        for number, criterion in enumerate(read.model.criteria):
            lists.append((read, ("criteria", number, "items"), criterion.items))
    for read in files.branches:
        lists.append((read, ("groups",), read.model.groups))
    for read in files.plans:
        lists.append((read, ("tasks",), read.model.tasks))
        for number, task in enumerate(read.model.tasks):
            lists.append((read, ("tasks", number, "milestones"), task.milestones))
    for read, loc, rows in lists:
        seen: set[str] = set()
        for number, row in enumerate(rows):
            if row.id in seen:
                message = _("the id '{key}' stands twice; give one of them another")
                yield read.finding((*loc, number, "id"), message.format(key=row.id), "id-twice")
            seen.add(row.id)


def kinds(files: Files) -> Iterator[Finding]:
    """A member, a CP and a branch never share an id."""
    owners = {
        "branch": files.branch_ids,
        "member": files.member_ids,
        "cp": files.cp_ids,
    }
    names = {"branch": mark("branch"), "member": mark("member"), "cp": mark("CP")}
    for read in files.branches:
        rows = [
            (("id",), "branch", read.model.id),
            *((("members", n, "id"), "member", p.id) for n, p in enumerate(read.model.members)),
            *((("cps", n, "id"), "cp", c.id) for n, c in enumerate(read.model.cps)),
        ]
        for loc, kind, key in rows:
            for other in owners:
                if other != kind and key in owners[other]:
                    message = _("'{key}' is a {kind} here and a {other} elsewhere; rename one")
                    yield read.finding(
                        loc,
                        message.format(key=key, kind=_(names[kind]), other=_(names[other])),
                        "id-of-two-kinds",
                    )


def references(files: Files) -> Iterator[Finding]:
    """Units, groups, posts, mentors, CP members, plans, names and signers refer to what exists."""
    for read in files.branches:
        branch = read.model
        groups = {g.id for g in branch.groups}
        for number, member in enumerate(branch.members):
            at: Loc = ("members", number)
            if member.unit and member.unit not in files.unit_ids and not files.broken("qibi.yaml"):
                yield _unknown(
                    read, (*at, "unit"), _("unknown unit '{key}'"), member.unit, files.unit_ids
                )
            if member.group and member.group not in groups:
                yield _unknown(
                    read, (*at, "group"), _("unknown group '{key}'"), member.group, groups
                )
            for index, post in enumerate(member.posts):
                if post not in files.post_ids and not files.broken("qibi.yaml"):
                    yield _unknown(
                        read, (*at, "posts", index), _("unknown post '{key}'"), post, files.post_ids
                    )
            if member.mentor == member.id:
                yield read.finding(
                    (*at, "mentor"), _("a member can't be their own mentor"), "mentor"
                )
            elif member.mentor and not _is_member(files, member.mentor):
                yield _unknown(
                    read,
                    (*at, "mentor"),
                    _("unknown mentor '{key}'"),
                    member.mentor,
                    files.member_ids,
                )
        for number, cp in enumerate(branch.cps):
            yield from _cp_members(files, read, number, cp)
    for read in files.plans:
        if read.model.cp not in files.cp_ids and not files.broken("branches"):
            yield _unknown(read, ("cp",), _("unknown CP '{key}'"), read.model.cp, files.cp_ids)
    subjects = files.branch_ids | files.member_ids | files.cp_ids
    for read in files.names:
        for key in read.model:
            if key not in subjects and not files.broken("branches"):
                yield _unknown(read, (key,), _("unknown id '{key}'"), key, subjects)
    for read in files.books:
        for number, signer in enumerate(read.model.signers):
            if not _is_member(files, signer.id):
                loc: Loc = ("signers", number, "id")
                yield _unknown(read, loc, _("unknown member '{key}'"), signer.id, files.member_ids)
            for index, branch in enumerate(signer.branches or ()):
                if branch not in files.branch_ids and not files.broken("branches"):
                    loc = ("signers", number, "branches", index)
                    yield _unknown(read, loc, _("unknown branch '{key}'"), branch, files.branch_ids)


def _is_member(files: Files, key: str) -> bool:
    return key in files.member_ids or files.broken("branches")


def _cp_members(files: Files, read: Read, number: int, cp: Any) -> Iterator[Finding]:
    seen: set[str] = set()
    for role, member in cp.members.items():
        loc: Loc = ("cps", number, "members", role)
        if not _is_member(files, member):
            yield _unknown(read, loc, _("unknown member '{key}'"), member, files.member_ids)
        if member in seen:
            message = _("'{key}' stands twice in one CP; a CP is two people or more")
            yield read.finding(loc, message.format(key=member), "cp-members")
        seen.add(member)


def spans(files: Files) -> Iterator[Finding]:
    """A span begins before it ends, and one id never stands in two places in one week."""
    placed: dict[tuple[str, str], list[tuple[str, str, Read, Loc]]] = {}
    branches: dict[str, Read] = {}
    for read in files.branches:
        if read.model.id in branches:
            message = _("the branch '{key}' also stands in {other}; keep one file")
            other = branches[read.model.id].document.path
            yield read.finding(("id",), message.format(key=read.model.id, other=other), "id-twice")
        branches[read.model.id] = read
        rows: list[tuple[Loc, Any]] = [((), read.model)]
        for name in ("groups", "members", "cps"):
            rows += [((name, n), row) for n, row in enumerate(getattr(read.model, name))]
        for loc, row in rows:
            since, until = open_span(row.since, row.until)
            if since > until:
                message = _("ends ({until}) before it begins ({since}); swap or mend the weeks")
                yield read.finding(
                    (*loc, "until"), message.format(since=since, until=until), "span"
                )
            elif loc:
                placed.setdefault((str(loc[0]), row.id), []).append((since, until, read, loc))
    for (_list, key), places in placed.items():
        for earlier, later in _overlapping([(since, until) for since, until, _r, _l in places]):
            (s1, u1, r1, l1), (s2, u2, r2, l2) = places[earlier], places[later]
            first, last = max(s1, s2), min(u1, u2)
            line, _column = r1.document.place(l1)
            where = f"{r1.document.path}:{line}"
            message = _(
                "'{key}' also stands in {where} {when}; end one (until) before the other begins (since)"
            )
            yield r2.finding(
                (*l2, "id"),
                message.format(key=key, where=where, when=_when(first, last)),
                "span-overlap",
            )


def _overlapping(spans: list[tuple[str, str]]) -> Iterator[tuple[int, int]]:
    """Each pair of spans that share a week, by their numbers, the smaller first.

    In the order in which they begin, so that a thousand moves of one person cost a thousand steps.
    """
    order = sorted(range(len(spans)), key=lambda n: spans[n])
    for at, one in enumerate(order):
        for after in range(at + 1, len(order)):
            if spans[order[after]][0] > spans[one][1]:
                break
            yield min(one, order[after]), max(one, order[after])


def _when(first: str, last: str) -> str:
    if first == weeks.BEGIN and last == weeks.END:
        return _("in every week")
    if last == weeks.END:
        return _("from {first} on").format(first=first)
    if first == weeks.BEGIN:
        return _("until {last}").format(last=last)
    return f"{first}..{last}"


def scheme_gaps(files: Files) -> Iterator[Finding]:
    """Some scheme is in force from the first week in which a branch, a member or a CP is named."""
    if (
        not files.schemes
        or files.broken("scheme")
        or any(p.startswith("scheme/") for p in files.invalid)
    ):
        return
    first = min(r.stem for r in files.schemes)
    message = _(
        "begins in {since}, but the first scheme is in force from {first}; date a scheme earlier"
    )
    for read in files.branches:
        rows: list[tuple[Loc, Any]] = [((), read.model)]
        for name in ("members", "cps"):
            rows += [((name, n), row) for n, row in enumerate(getattr(read.model, name))]
        for loc, row in rows:
            if row.since and row.since < first:
                yield read.finding(
                    (*loc, "since"), message.format(since=row.since, first=first), "scheme-gap"
                )


def scheme_numbers(files: Files) -> Iterator[Finding]:
    """Bases, limits, points, caps, vetoes, grades, alerts and weights fit together."""
    for read in files.schemes:
        scheme = read.model
        if scheme.total.min > scheme.total.max:
            yield read.finding(("total",), _("min is above max; swap them"), "limits")
        scorers = {s.id for s in scheme.scorers}
        items = {f"{c.id}.{i.id}" for c in scheme.criteria for i in c.items}
        for number, criterion in enumerate(scheme.criteria):
            yield from _criterion(read, ("criteria", number), criterion, scorers, items)
        yield from _grades(read, scheme)
        for kind in ("branch", "cp"):
            weights = getattr(scheme.rollup, kind)
            if weights and weights.own + weights.members == 0:
                message = _("both weights are 0; give own or members a weight")
                yield read.finding(("rollup", kind), message, "rollup")


def _criterion(
    read: Read, at: Loc, criterion: Any, scorers: set[str], items: set[str]
) -> Iterator[Finding]:
    if criterion.min > criterion.max:
        yield read.finding((*at, "min"), _("min is above max; swap them"), "limits")
    elif not criterion.min <= criterion.base <= criterion.max:
        yield read.finding(
            (*at, "base"), _("base is outside min and max; mend one of them"), "limits"
        )
    if criterion.scoring == "direct" and criterion.items:
        message = _("scoring: direct takes no items; delete one of the two")
        yield read.finding((*at, "items"), message, "scoring")
    if criterion.scoring != "direct" and not criterion.items:
        message = _("no items and not scored directly; add items, or scoring: direct")
        yield read.finding(at, message, "scoring")
    if criterion.scorer and criterion.scorer not in scorers:
        yield _unknown(
            read, (*at, "scorer"), _("unknown scorer '{key}'"), criterion.scorer, scorers
        )
    for number, item in enumerate(criterion.items):
        yield from _item(read, (*at, "items", number), criterion.id, item, scorers, items)


def _item(
    read: Read, at: Loc, criterion: str, item: Any, scorers: set[str], items: set[str]
) -> Iterator[Finding]:
    if item.scorer and item.scorer not in scorers:
        yield _unknown(read, (*at, "scorer"), _("unknown scorer '{key}'"), item.scorer, scorers)
    for index, excluded in enumerate(item.excludes):
        whole = excluded if "." in excluded else f"{criterion}.{excluded}"
        loc = (*at, "excludes", index)
        if whole == f"{criterion}.{item.id}":
            yield read.finding(loc, _("an item can't exclude itself"), "excludes")
        elif whole not in items:
            known = {i.removeprefix(f"{criterion}.") for i in items}
            yield _unknown(read, loc, _("unknown item '{key}'"), excluded, known)
    if hasattr(item.points, "lowest"):
        worth = [item.points.lowest, item.points.highest]
        if worth[0] > worth[1]:
            yield read.finding((*at, "points"), _("from is above to; swap them"), "limits")
    else:
        worth = item.points if isinstance(item.points, list) else [item.points]
    if item.cap is not None:
        wrong = any(p * item.cap < 0 for p in worth) or (item.cap == 0 and any(worth))
        if wrong:
            message = _("cap {cap} has not the sign of the points ({points}); change its sign")
            shown = listing([str(p) for p in worth])
            yield read.finding((*at, "cap"), message.format(cap=item.cap, points=shown), "cap-sign")


def _grades(read: Read, scheme: Any) -> Iterator[Finding]:
    seen: dict[Any, str] = {}
    for number, grade in enumerate(scheme.grades):
        if grade.lowest in seen:
            message = _("'{other}' begins at {lowest} too; two grades can't begin at one number")
            yield read.finding(
                ("grades", number, "from"),
                message.format(other=seen[grade.lowest], lowest=grade.lowest),
                "grades",
            )
        seen[grade.lowest] = grade.id
        if grade.lowest > scheme.total.max:
            message = _("begins at {lowest}, above the highest total {max}; nobody can reach it")
            yield read.finding(
                ("grades", number, "from"),
                message.format(lowest=grade.lowest, max=scheme.total.max),
                "grades",
            )
    watch, warn = scheme.alerts.watch, scheme.alerts.warn
    if watch is not None and warn is not None and warn > watch:
        message = _("warn ({warn}) is above watch ({watch}); swap them")
        yield read.finding(("alerts", "warn"), message.format(warn=warn, watch=watch), "alerts")


def list_policies(files: Files) -> Iterator[Finding]:
    """No subject can be on both lists."""
    for read in files.books:
        for kind in ("member", "cp", "branch"):
            policy = getattr(read.model.lists, kind)
            if not policy or not policy.red or not policy.black:
                continue
            at_least, below = policy.red.at_least, policy.black.below
            if at_least is not None and below is not None and below > at_least:
                message = _(
                    "black is below {below}, red from {at_least}: both at once; lower below or raise at_least"
                )
                yield read.finding(
                    ("lists", kind, "black", "below"),
                    message.format(below=below, at_least=at_least),
                    "list-policy",
                )


ALL_CHECKS: tuple[Check, ...] = (
    book_and_scheme,
    file_names,
    repeated_ids,
    kinds,
    references,
    spans,
    scheme_gaps,
    scheme_numbers,
    list_policies,
)

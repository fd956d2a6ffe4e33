"""What one file's model can't judge alone: references, spans, and numbers that must fit together.

Each check takes all files and yields findings; `ALL_CHECKS` is the list of them.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from qibi.base import weeks
from qibi.base.findings import Finding
from qibi.base.language import _, mark
from qibi.book.copies import original
from qibi.book.crosschecks_scheme import scheme_gaps, scheme_numbers
from qibi.book.definitions import open_span
from qibi.book.files import Files, Read
from qibi.book.yaml import Loc

Check = Callable[[Files], Iterator[Finding]]
# Each part begins with a capital: a disk that ignores case finds `asia/shanghai` too, others do not.
_ZONE = re.compile(r"[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*")
# Links to, and trees of, what a machine was set up with; `Factory` is that of none.
_OF_A_MACHINE = re.compile(r"localtime|posixrules|factory|(posix|right)(/.*)?", re.I)


def book_and_scheme(files: Files) -> Iterator[Finding]:
    """A book needs a qibi.yaml, a scheme and a time zone that exists."""
    seen = [*files.invalid, *files.unreadable]
    if not files.schemes and not any(path.startswith("scheme/") for path in seen):
        yield Finding(
            "scheme",
            message=_("no scheme; write scheme/2026-W01.yaml, named by the first week in force"),
        )
    for read in files.books:
        zone = read.model.timezone
        if _OF_A_MACHINE.fullmatch(zone):
            message = _(
                "time zone '{zone}' is another one on each machine; write the one of your place: Asia/Shanghai"
            )
        elif _is_zone(zone):
            continue
        else:
            message = _("unknown time zone '{zone}'; write it as Asia/Shanghai")
        yield read.finding(("timezone",), message.format(zone=zone), "time-zone")


def _is_zone(name: str) -> bool:
    """Whether the time zone database has a zone of this name, in this spelling on every disk."""
    from zoneinfo import ZoneInfo

    if not _ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True


def file_names(files: Files) -> Iterator[Finding]:
    """A file bears the id (or the week, or the CP) that stands in it."""
    for read in files.schemes:
        if not weeks.is_week(read.stem):
            message = _(
                "the file's name is not a week; name it by the first week in force, 2026-W01.yaml"
            )
            if of := original(read.stem, [r.stem for r in files.schemes if weeks.is_week(r.stem)]):
                message = _copy_of(f"scheme/{of}.yaml")
            yield read.finding((), message, "file-name")
    named = [
        *((r, r.model.id, "id") for r in files.branches),
        *((r, r.model.cp, "cp") for r in files.plans),
    ]
    stands = {(field, key): r.document.path for r, key, field in named if r.stem == key}
    for read, key, field in named:
        if read.stem != key:
            message = _("'{key}' stands in a file named {stem}.yaml; name both alike")
            if key in read.stem and (of := stands.get((field, key))):
                message = _copy_of(of)
            yield read.finding((field,), message.format(key=key, stem=read.stem), "file-name")


def _copy_of(path: str) -> str:
    message = _(
        "looks like a copy of {path}, and would be read too; keep in {path} what is right, and remove this"
    )
    return message.format(path=path)


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
                yield read.unknown(
                    (*at, "unit"), _("unknown unit '{key}'"), member.unit, files.unit_ids
                )
            if member.group and member.group not in groups:
                yield read.unknown((*at, "group"), _("unknown group '{key}'"), member.group, groups)
            for index, post in enumerate(member.posts):
                if post not in files.post_ids and not files.broken("qibi.yaml"):
                    yield read.unknown(
                        (*at, "posts", index), _("unknown post '{key}'"), post, files.post_ids
                    )
            if member.mentor == member.id:
                yield read.finding(
                    (*at, "mentor"), _("a member can't be their own mentor"), "mentor"
                )
            elif member.mentor and not _is_member(files, member.mentor):
                yield read.unknown(
                    (*at, "mentor"),
                    _("unknown mentor '{key}'"),
                    member.mentor,
                    files.member_ids,
                )
        for number, cp in enumerate(branch.cps):
            yield from _cp_members(files, read, number, cp)
    for read in files.plans:
        if read.model.cp not in files.cp_ids and not files.broken("branches"):
            yield read.unknown(("cp",), _("unknown CP '{key}'"), read.model.cp, files.cp_ids)
    subjects = files.branch_ids | files.member_ids | files.cp_ids
    for read in files.names:
        for key in read.model:
            if key not in subjects and not files.broken("branches"):
                yield read.unknown((key,), _("unknown id '{key}'"), key, subjects)
    for read in files.books:
        for number, signer in enumerate(read.model.signers):
            if not _is_member(files, signer.id):
                loc: Loc = ("signers", number, "id")
                yield read.unknown(loc, _("unknown member '{key}'"), signer.id, files.member_ids)
            for index, branch in enumerate(signer.branches or ()):
                if branch not in files.branch_ids and not files.broken("branches"):
                    loc = ("signers", number, "branches", index)
                    yield read.unknown(loc, _("unknown branch '{key}'"), branch, files.branch_ids)


def _is_member(files: Files, key: str) -> bool:
    return key in files.member_ids or files.broken("branches")


def _cp_members(files: Files, read: Read, number: int, cp: Any) -> Iterator[Finding]:
    seen: set[str] = set()
    for role, member in cp.members.items():
        loc: Loc = ("cps", number, "members", role)
        if not _is_member(files, member):
            yield read.unknown(loc, _("unknown member '{key}'"), member, files.member_ids)
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

"""From YAML files to `Definitions`, or to every finding there is."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache, lru_cache
from itertools import islice
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, TypeAdapter, ValidationError

from qibi.base import weeks
from qibi.base.findings import Faults, Finding
from qibi.base.language import _, clauses, listing, many
from qibi.base.text import closest, folded
from qibi.book import definitions as d
from qibi.book import models as m
from qibi.book.copies import original
from qibi.book.definitions import open_span
from qibi.book.links import Source
from qibi.book.words import RANKED, STATUSES
from qibi.book.yaml import Document, Loc, parse

# A book's files once read: their models where valid, and every id that is anywhere.


@dataclass(frozen=True)
class Read:
    """One file that its model accepted."""

    document: Document
    model: Any

    @property
    def stem(self) -> str:
        """The file's name without its ending: a branch's id, a scheme's week, a plan's CP."""
        return self.document.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]

    def finding(self, loc: Loc, message: str, code: str) -> Finding:
        """A finding about a place in this file."""
        return self.document.finding(loc, message, code)

    def unknown(self, loc: Loc, message: str, key: str, known: Iterable[str]) -> Finding:
        """A finding about an id that nothing bears: the nearest that there is, or the first dozen."""
        near = closest(key, known)
        advice = (
            _("did you mean '{near}'?").format(near=near)
            if near
            else _("known: {known}").format(known=listing(sorted(known)[:12]) or "–")
        )
        return self.finding(loc, clauses([message.format(key=key), advice]), "unknown-id")


@dataclass
class Files:
    """All files of a book. The `…_ids` also hold what is in files that are not valid, so that
    one mistake does not make every reference to that file look wrong too."""

    books: list[Read] = field(default_factory=list)
    names: list[Read] = field(default_factory=list)
    schemes: list[Read] = field(default_factory=list)
    branches: list[Read] = field(default_factory=list)
    plans: list[Read] = field(default_factory=list)
    layouts: list[Read] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)  # of layouts, by path
    invalid: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    unit_ids: set[str] = field(default_factory=set)
    post_ids: set[str] = field(default_factory=set)
    branch_ids: set[str] = field(default_factory=set)
    member_ids: set[str] = field(default_factory=set)
    cp_ids: set[str] = field(default_factory=set)

    def broken(self, folder: str) -> bool:
        """Whether a file there could not be read, or has a list under a wrong name: ids are missing."""
        return any(path.startswith(folder) for path in (*self.unreadable, *self.unsure))

    def note_ids(self, folder: str, data: Any) -> None:
        """Note the ids in the plain data of one file, valid or not."""
        if not isinstance(data, dict):
            return
        if folder == "qibi.yaml":
            self.unit_ids.update(_ids(data.get("units")))
            self.post_ids.update(_ids(data.get("posts")))
        elif folder == "branches":
            self.branch_ids.update(_ids([data]))
            self.member_ids.update(_ids(data.get("members")))
            self.cp_ids.update(_ids(data.get("cps")))


def _ids(rows: Any) -> Iterator[str]:
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            yield row["id"]


# What one file's model can't judge alone: references, spans, and numbers that must fit together.
#
# Each check takes all files and yields findings; `ALL_CHECKS` is the list of them. First whether a scheme
# holds together: its numbers, its references within itself, and when it begins.


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
            yield from _criterion_numbers(read, ("criteria", number), criterion, scorers, items)
        yield from _grades(read, scheme)
        for kind, weights in scheme.rollup:
            if weights and weights.own + weights.members == 0:
                message = _("both weights are 0; give own or members a weight")
                yield read.finding(("rollup", kind), message, "rollup")


def _criterion_numbers(
    read: Read, at: Loc, criterion: Any, scorers: set[str], items: set[str]
) -> Iterator[Finding]:
    if criterion.min > criterion.max:
        yield read.finding((*at, "min"), _("min is above max; swap them"), "limits")
    elif not criterion.min <= criterion.base <= criterion.max:
        yield read.finding(
            (*at, "base"), _("base is outside min and max; correct one of them"), "limits"
        )
    if criterion.scoring == "direct" and criterion.items:
        message = _("scoring: direct takes no items; delete one of the two")
        yield read.finding((*at, "items"), message, "scoring")
    if criterion.scoring != "direct" and not criterion.items:
        message = _("no items and not scored directly; add items, or scoring: direct")
        yield read.finding(at, message, "scoring")
    if criterion.scoring != "direct" and criterion.judges:
        message = _("judges goes with scoring: direct; delete it, or score the criterion directly")
        yield read.finding((*at, "judges"), message, "scoring")
    if criterion.scorer and criterion.scorer not in scorers:
        yield read.unknown((*at, "scorer"), _("unknown scorer '{key}'"), criterion.scorer, scorers)
    for number, item in enumerate(criterion.items):
        yield from _item_numbers(read, (*at, "items", number), criterion.id, item, scorers, items)


def _item_numbers(
    read: Read, at: Loc, criterion: str, item: Any, scorers: set[str], items: set[str]
) -> Iterator[Finding]:
    if item.scorer and item.scorer not in scorers:
        yield read.unknown((*at, "scorer"), _("unknown scorer '{key}'"), item.scorer, scorers)
    for index, excluded in enumerate(item.excludes):
        whole = excluded if "." in excluded else f"{criterion}.{excluded}"
        loc = (*at, "excludes", index)
        if whole == f"{criterion}.{item.id}":
            yield read.finding(loc, _("an item can't exclude itself"), "excludes")
        elif whole not in items:
            known = {i.removeprefix(f"{criterion}.") for i in items}
            yield read.unknown(loc, _("unknown item '{key}'"), excluded, known)
    if hasattr(item.points, "lowest"):
        worth = [item.points.lowest, item.points.highest]
        if worth[0] > worth[1]:
            yield read.finding((*at, "points"), _("from is above to; swap them"), "limits")
    else:
        worth = item.points if isinstance(item.points, list) else [item.points]
    if item.cap is not None:
        wrong = any(p * item.cap < 0 for p in worth) or (item.cap == 0 and any(worth))
        if wrong:
            message = _(
                "cap {cap} does not have the sign of the points ({points}); change its sign"
            )
            shown = listing([str(p) for p in worth])
            yield read.finding((*at, "cap"), message.format(cap=item.cap, points=shown), "cap-sign")


def _grades(read: Read, scheme: Any) -> Iterator[Finding]:
    seen: dict[Any, str] = {}
    for number, grade in enumerate(scheme.grades):
        if grade.lowest in seen:
            message = _(
                "'{other}' begins at {lowest} too; two grades can't begin at the same number"
            )
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
                "time zone '{zone}' differs between machines; write your own, as in Asia/Shanghai"
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
    """A file bears the id (or the week, or the CP) that is in it."""
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
    stands = {(name, key): r.document.path for r, key, name in named if r.stem == key}
    for read, key, name in named:
        if read.stem != key:
            message = _("'{key}' is in a file named {stem}.yaml; give both the same name")
            if key in read.stem and (of := stands.get((name, key))):
                message = _copy_of(of)
            yield read.finding((name,), message.format(key=key, stem=read.stem), "file-name")


def _copy_of(path: str) -> str:
    message = _(
        "looks like a copy of {path} and would be read too; merge it into {path} and delete this"
    )
    return message.format(path=path)


def repeated_ids(files: Files) -> Iterator[Finding]:
    """No id is repeated in one list of units, posts, scorers, grades, criteria, items, groups."""
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
                message = _("the id '{key}' is used twice; change one of them")
                yield read.finding((*loc, number, "id"), message.format(key=row.id), "id-twice")
            seen.add(row.id)


def kinds(files: Files) -> Iterator[Finding]:
    """A member, a CP and a branch never share an id."""
    owners = {
        "branch": files.branch_ids,
        "member": files.member_ids,
        "cp": files.cp_ids,
    }
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
                        message.format(key=key, kind=_(RANKED[kind]), other=_(RANKED[other])),
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
            message = _("'{key}' is listed twice in one CP; a CP is two people or more")
            yield read.finding(loc, message.format(key=member), "cp-members")
        seen.add(member)


def spans(files: Files) -> Iterator[Finding]:
    """A span begins before it ends, and one id never is in two places in one week."""
    placed: dict[tuple[str, str], list[tuple[str, str, Read, Loc]]] = {}
    branches: dict[str, Read] = {}
    for read in files.branches:
        if read.model.id in branches:
            message = _("the branch '{key}' is also in {other}; keep one file")
            other = branches[read.model.id].document.path
            yield read.finding(("id",), message.format(key=read.model.id, other=other), "id-twice")
        branches[read.model.id] = read
        rows: list[tuple[Loc, Any]] = [((), read.model)]
        for name in ("groups", "members", "cps"):
            rows += [((name, n), row) for n, row in enumerate(getattr(read.model, name))]
        for loc, row in rows:
            since, until = open_span(row.since, row.until)
            if since > until:
                message = _("ends ({until}) before it begins ({since}); swap or correct the weeks")
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
                "'{key}' is also in {where} {when}; end one (until) before the other begins (since)"
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


def check_list_policies(files: Files) -> Iterator[Finding]:
    """No subject can be on both lists."""
    for read in files.books:
        for kind, policy in read.model.lists:
            if not policy or not policy.red or not policy.black:
                continue
            at_least, below = policy.red.at_least, policy.black.below
            if at_least is not None and below is not None and below > at_least:
                message = _(
                    "black is below {below}, red from {at_least}: they overlap; lower below or raise at_least"
                )
                yield read.finding(
                    ("lists", kind, "black", "below"),
                    message.format(below=below, at_least=at_least),
                    "list-policy",
                )


def layouts(files: Files) -> Iterator[Finding]:
    """Layouts name what there is, and no two of them are for one sheet."""
    things = _things(files)
    subjects = files.member_ids | files.cp_ids | files.branch_ids
    for read in files.layouts:
        layout = read.model
        for branch in _branches_of(layout.match):
            if branch not in files.branch_ids and not files.broken("branches"):
                loc: Loc = ("match", "branch")
                yield read.unknown(loc, _("unknown branch '{key}'"), branch, files.branch_ids)
        for name, known in (
            ("headings", [*d.LAYOUT_FIELDS, *things]),
            ("words", [d.LEAVE, d.NOTHING, *things, *subjects]),
        ):
            for text, target in getattr(layout, name).items():
                if not things or target in known or _whole_id(target, things):
                    continue
                message = _("'{key}' is no field, item or directly scored criterion")
                if name == "words":
                    message = _(
                        "'{key}' is no item and nobody's id; write one, or leave, or nothing"
                    )
                yield read.unknown((name, text), message, target, known)
        for text, unit in layout.numbers.items():
            direct = things.get(_whole_id(layout.headings.get(text, ""), things))
            if direct is not None and direct != (unit in ("score", "difference")):
                message = _("'{target}' takes {units}, not '{unit}'").format(
                    target=layout.headings[text],
                    units="score, difference" if direct else "count, points",
                    unit=unit,
                )
                yield read.finding(("numbers", text), message, "layout")
        for number, text in enumerate(layout.leave_out):
            if text in layout.headings:
                message = _("'{text}' is in headings too; keep one of the two")
                yield read.finding(("leave_out", number), message.format(text=text), "layout")
    for number, second in enumerate(files.layouts):
        for first in files.layouts[:number]:
            if _overlap(first.model.match, second.model.match):
                message = _(
                    "a sheet may match {other} too; tell them apart by branch, file or headings"
                ).format(other=first.document.path)
                yield second.finding(("match",), message, "layout-overlap")


def _things(files: Files) -> dict[str, bool]:
    """What a cell may score, by id: whether it is a directly scored criterion. Of all schemes."""
    if files.broken("scheme") or any(p.startswith("scheme/") for p in files.invalid):
        return {}
    result: dict[str, bool] = {}
    for read in files.schemes:
        for criterion in read.model.criteria:
            if criterion.scoring == "direct":
                result[criterion.id] = True
            result |= {f"{criterion.id}.{item.id}": False for item in criterion.items}
    return result


def _whole_id(target: str, things: Iterable[str]) -> str:
    """The whole id of an item or criterion; empty where there is none, or more than one."""
    found = [key for key in things if target and target in (key, key.partition(".")[2])]
    return found[0] if len(found) == 1 else target if target in found else ""


def _branches_of(match: m.LayoutMatch) -> list[str]:
    return [match.branch] if isinstance(match.branch, str) else match.branch or []


def _overlap(first: m.LayoutMatch, second: m.LayoutMatch) -> bool:
    """Whether every sheet that is narrowly enough described by one of two layouts matches the other too."""
    one, other = set(_branches_of(first)), set(_branches_of(second))
    if one and other and not one & other:
        return False
    files = [(match.file or "*").casefold() for match in (first, second)]
    if not (fnmatchcase(*files) or fnmatchcase(*files[::-1])):
        return False
    headings = [{folded(text) for text in match.headings} for match in (first, second)]
    return headings[0] <= headings[1] or headings[1] <= headings[0]


ALL_CHECKS: tuple[Check, ...] = (
    book_and_scheme,
    file_names,
    repeated_ids,
    kinds,
    references,
    spans,
    scheme_gaps,
    scheme_numbers,
    check_list_policies,
    layouts,
)


R = TypeVar("R", bound=msgspec.Struct)
_MOST_FINDINGS = 200  # of one file in its model, and of one cross-check


def validate(sources: list[Source]) -> d.Definitions:
    """The definitions in these files; raises `Faults` with all mistakes in all of them."""
    files, findings = read(sources)
    for check in ALL_CHECKS:
        findings += islice(check(files), _MOST_FINDINGS)
    if findings:
        raise Faults(findings)
    return _Builder(files).build()


def read(sources: list[Source]) -> tuple[Files, list[Finding]]:
    """Each file through YAML and its model: what came through, and the findings."""
    files, findings = Files(), []
    for source in sources:
        document = parse(source.path, source.raw)
        if isinstance(document, Finding):
            findings.append(document)
            files.unreadable.append(source.path)
            continue
        if source.path.startswith("layouts/"):
            files.digests[source.path] = hashlib.sha256(source.raw).hexdigest()[:16]
        findings += _through_model(document, files)
    return files, findings


def _through_model(document: Document, files: Files) -> list[Finding]:
    folder = document.path.split("/")[0]
    files.note_ids(folder, document.data)
    adapter: TypeAdapter[Any]
    target: list[Any]
    match folder:
        case "qibi.yaml":
            adapter, target = TypeAdapter(m.BookFile), files.books
        case "names.yaml":
            adapter, target = TypeAdapter(dict[m.Id, m.Name]), files.names
        case "scheme":
            adapter, target = TypeAdapter(m.SchemeFile), files.schemes
        case "branches":
            adapter, target = TypeAdapter(m.BranchFile), files.branches
        case "layouts":
            adapter, target = TypeAdapter(m.LayoutFile), files.layouts
        case _:
            adapter, target = TypeAdapter(m.PlanFile), files.plans
    if document.data is None:
        return [document.finding((), _("the file is empty; fill it in or delete it"), "empty")]
    try:
        target.append(Read(document, adapter.validate_python(document.data)))
    except ValidationError as error:
        files.invalid.append(document.path)
        errors = error.errors(include_url=False)
        if any(e["type"] == "extra_forbidden" and len(e["loc"]) == 1 for e in errors):
            files.unsure.append(document.path)
        if (
            len(errors) <= _MOST_FINDINGS
        ):  # the cross-checks see the rest of the file, where they can
            repaired = _without(document.data, [e["loc"] for e in errors])
            with suppress(ValidationError):
                target.append(Read(document, adapter.validate_python(repaired)))
        return findings_of(document, errors, adapter)
    return []


def findings_of(document: Document, errors: list[Any], adapter: TypeAdapter[Any]) -> list[Finding]:
    """What a model's errors mean, each at its place in the file."""
    result = [_finding(document, error, adapter) for error in errors[:_MOST_FINDINGS]]
    if rest := len(errors) - len(result):
        message = many("and {count} more mistake here", "and {count} more mistakes here", rest)
        result.append(Finding(document.path, message=message.format(count=rest), code="field"))
    return result


def _finding(document: Document, error: Any, adapter: TypeAdapter[Any]) -> Finding:
    loc: Loc = tuple(p for p in error["loc"] if not _is_tag(p))
    error = {**error, "loc": loc}
    known: list[str] = []
    near = None
    if error["type"] == "extra_forbidden":
        known = _missing_fields(document.data, loc, adapter)
        near = closest(str(loc[-1]), known)
    elif error["type"] == "literal_error" and isinstance(error["input"], str):
        expected = error["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        near = closest(error["input"], expected.split(", "))
    return document.finding(loc, explain(error, known, near), "field")


def _without(data: Any, locs: list[tuple[str | int, ...]]) -> Any:
    """A copy of the data without the fields at these places."""
    copied = _copy(data)
    for loc in locs:
        *path, last = [p for p in loc if not _is_tag(p)] or [""]
        place = copied
        try:
            for part in path:
                place = place[part]
        except (KeyError, IndexError, TypeError):
            continue
        if isinstance(place, dict):
            place.pop(last, None)
    return copied


def _copy(data: Any) -> Any:
    """Plain data again; `deepcopy` takes ten times as long."""
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(value) for value in data] if isinstance(data, list) else data


def _is_tag(part: str | int) -> bool:
    return isinstance(part, str) and (part.startswith("<") or part == "[key]")


@lru_cache(maxsize=8)
def _schema_of(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    return adapter.json_schema(by_alias=True)


def _missing_fields(data: Any, loc: Loc, adapter: TypeAdapter[Any]) -> list[str]:
    """The names of the fields that the model at this place has and the file has not."""
    schema = _schema_of(adapter)
    definitions = schema.get("$defs", {})
    node: Any = schema
    for part in loc[:-1]:
        node = _step(node, part, definitions)
        data = data[part]
    here = data if isinstance(data, dict) else {}
    return sorted(
        key for key in _resolve(node, definitions).get("properties", {}) if key not in here
    )


def _resolve(node: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    while True:
        if "$ref" in node:
            node = definitions[node["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in node or "oneOf" in node:
            options = [_resolve(n, definitions) for n in node.get("anyOf", node.get("oneOf"))]
            node = next((o for o in options if "properties" in o or "items" in o), options[0])
        else:
            result: dict[str, Any] = node
            return result


def _step(node: Any, part: str | int, definitions: dict[str, Any]) -> Any:
    node = _resolve(node, definitions)
    if isinstance(part, int):
        return node.get("items", {})
    return node.get("properties", {}).get(part, node.get("additionalProperties") or {})


class _Builder:
    """Turns validated files into `Definitions`."""

    def __init__(self, files: Files) -> None:
        self.files = files

    def build(self) -> d.Definitions:
        book: m.BookFile = self.files.books[0].model
        names = self.files.names[0].model if self.files.names else {}
        branches = [r.model for r in self.files.branches]
        return _record(
            d.Definitions,
            book,
            score_by=book.calendar.score_by,
            meeting=book.calendar.meeting or "",
            objections=book.calendar.objections,
            units=_records(d.Choice, book.units),
            posts=_records(d.Choice, book.posts),
            lists=_policies(book.lists),
            words={k: _label(v, k) for k, v in book.words if v},
            signers=tuple(
                _record(d.Signer, s, branches=tuple(s.branches or ())) for s in book.signers
            ),
            schemes=tuple(
                sorted((_scheme(r.stem, r.model) for r in self.files.schemes), key=lambda s: s.week)
            ),
            branches=tuple(
                _record(d.Branch, b, groups=_records(d.Group, b.groups)) for b in branches
            ),
            memberships=tuple(
                _record(d.Membership, p, branch=b.id) for b in branches for p in b.members
            ),
            cps=tuple(_record(d.CP, c, branch=b.id) for b in branches for c in b.cps),
            plans=tuple(_plan(r.model) for r in self.files.plans),
            names={k: _label(v, k) for k, v in names.items()},
            layouts=tuple(self._layout(r) for r in self.files.layouts),
        )

    def _layout(self, read: Read) -> d.Layout:
        layout: m.LayoutFile = read.model
        ids = _things(self.files)
        fields = {
            text: d.LAYOUT_FIELDS[target]
            for text, target in layout.headings.items()
            if target in d.LAYOUT_FIELDS
        }
        return d.Layout(
            name=read.stem,
            digest=self.files.digests[read.document.path],
            branches=tuple(_branches_of(layout.match)),
            file=layout.match.file or "",
            match=tuple(layout.match.headings),
            fields=fields,
            things={
                text: _whole_id(target, ids)
                for text, target in layout.headings.items()
                if text not in fields
            },
            words={
                text: target if target in (d.LEAVE, d.NOTHING) else _whole_id(target, ids) or target
                for text, target in layout.words.items()
            },
            numbers=dict(layout.numbers),
            leave_out=tuple(layout.leave_out),
        )


def _label(name: Any, key: str) -> d.Label:
    if name is None:
        return d.Label(key, key)
    if isinstance(name, str):
        return d.Label(name, name)
    return d.Label(name.zh or name.en, name.en or name.zh)


# What a field of text or a week is where the model has none; a Decimal is points.
_OPEN = {"since": weeks.BEGIN, "until": weeks.END, "revoked": weeks.END}


def _record(form: type[R], model: BaseModel, **given: Any) -> R:
    """The record of a model: each field is the model's of the same name, where it is not `given`."""
    for name, absent in _fields(form, type(model)):
        if name not in given:
            value = getattr(model, name)
            if name == "name":
                given[name] = _label(value, model.id)  # type: ignore[attr-defined]  # what has a name has an id
            elif value is None:
                given[name] = absent
            elif type(value) is Decimal:
                given[name] = _hundredths(value)
            else:
                given[name] = tuple(value) if type(value) is list else value
    return form(**given)


@cache
def _fields(form: type[msgspec.Struct], model: type[BaseModel]) -> list[tuple[str, str | None]]:
    """The fields that a record and a model share, and what stands in a record for none."""
    return [
        (f.name, _OPEN.get(f.name, "") if f.type is str else None)
        for f in msgspec.structs.fields(form)
        if f.name in model.model_fields
    ]


def _records(form: type[R], models: Iterable[BaseModel]) -> tuple[R, ...]:
    return tuple(_record(form, model) for model in models)


def _hundredths(value: Any) -> int:
    return int(value * 100)


def _maybe(value: Any, turn: Callable[[Any], Any] = _hundredths) -> Any:
    return None if value is None else turn(value)


def _share(value: float) -> tuple[int, int]:
    return Fraction(str(value)).as_integer_ratio()


def _policy(policy: m.ListPolicy) -> d.ListPolicy:
    red, black = policy.red, policy.black
    return d.ListPolicy(
        red=_record(d.Red, red, share=_maybe(red.share, _share)) if red else None,
        black=_record(d.Black, black) if black else None,
    )


def list_policies(raw: bytes) -> dict[str, d.ListPolicy] | None:
    """Kind: list policy in these bytes of a qibi.yaml, whatever else it says; None where they have none."""
    document = parse("qibi.yaml", raw)
    if isinstance(document, Finding) or not isinstance(document.data, dict):
        return None
    try:
        lists = TypeAdapter(m.Lists).validate_python(document.data.get("lists", {}))
    except ValidationError:
        return None
    return _policies(lists)


def _policies(lists: m.Lists) -> dict[str, d.ListPolicy]:
    return {kind: _policy(policy) for kind, policy in lists if policy}


def _scheme(week: str, scheme: m.SchemeFile) -> d.Scheme:
    grades = _records(d.Grade, scheme.grades)
    return _record(
        d.Scheme,
        scheme,
        week=week,
        name=_label(scheme.name, week),
        total_min=_hundredths(scheme.total.min),
        total_max=_hundredths(scheme.total.max),
        min_weeks=_share(scheme.min_weeks),
        eligible=tuple(scheme.eligible if scheme.eligible is not None else STATUSES),
        grades=tuple(sorted(grades, key=lambda g: -g.lowest)),
        watch=_maybe(scheme.alerts.watch),
        warn=_maybe(scheme.alerts.warn),
        scorers=_records(d.Choice, scheme.scorers),
        criteria=tuple(_criterion(c) for c in scheme.criteria),
        rollup={k: (_hundredths(w.own), _hundredths(w.members)) for k, w in scheme.rollup if w},
    )


def _criterion(criterion: m.Criterion) -> d.Criterion:
    return _record(
        d.Criterion,
        criterion,
        short=_label(criterion.short or criterion.name, criterion.id),
        direct=criterion.scoring == "direct",
        items=tuple(_item(criterion.id, i) for i in criterion.items),
    )


def _item(criterion: str, item: m.Item) -> d.Item:
    points, low, high = _worth(item.points)
    veto = item.veto or m.Veto.model_construct()
    return _record(
        d.Item,
        item,
        id=f"{criterion}.{item.id}",
        criterion=criterion,
        points=points,
        low=low,
        high=high,
        excludes=tuple(e if "." in e else f"{criterion}.{e}" for e in item.excludes),
        evidence=item.evidence == "required",
        veto_criterion=_maybe(veto.criterion),
        veto_total=_maybe(veto.total),
        veto_total_at_most=_maybe(veto.total_at_most),
    )


def _worth(points: Any) -> tuple[tuple[int, ...], int, int]:
    if isinstance(points, m.Span):
        return (), _hundredths(points.lowest), _hundredths(points.highest)
    several = points if isinstance(points, list) else [points]
    return tuple(_hundredths(p) for p in several), 0, 0


def _plan(plan: m.PlanFile) -> d.Plan:
    tasks = (_record(d.Task, t, milestones=_records(d.Milestone, t.milestones)) for t in plan.tasks)
    return _record(d.Plan, plan, tasks=tuple(tasks))


# What Pydantic's errors mean, and what to do about them, for the person who wrote the file.


def explain(error: dict[str, Any], candidates: list[str], closest: str | None) -> str:
    """What one of Pydantic's errors means, and what to do, for the person who wrote the file."""
    kind, context, value = error["type"], error.get("ctx", {}), error.get("input")
    if kind == "extra_forbidden":
        if closest:
            return _("unknown field '{field}'; did you mean '{closest}'?").format(
                field=error["loc"][-1], closest=closest
            )
        return _("unknown field '{field}'; remove it, or use one of: {known}").format(
            field=error["loc"][-1], known=listing(candidates)
        )
    if kind == "missing":
        return _("'{field}' is missing; add it").format(field=error["loc"][-1])
    if kind == "literal_error":
        expected = context.get("expected", "").replace(" or ", ", ").replace("'", "")
        message = _("'{value}' is not one of: {expected}").format(value=value, expected=expected)
        if closest:
            message += _("; did you mean '{closest}'?").format(closest=closest)
        return message
    known = {
        "week": _("'{value}' is not a week; write it as 2026-W41"),
        "date": _("'{value}' is not a date; write it as 2026-10-09"),
        "days": _("'{value}' is not a number of days; write it as 3d"),
        "points_type": _("'{value}' is not a number; write points as 1, -2 or 0.5"),
        "points": _("{value} can't be points; at most two decimals, from -9999.99 to 9999.99"),
        "id_reserved": _("Windows reserves the name '{value}'; choose another id"),
        "string_pattern_mismatch": _(
            "'{value}' is not an id; use lower-case letters, digits and hyphens, at most 64"
        ),
        "string_type": _("text is expected here, not {value}; put it in quotes"),
        "string_too_short": _("the text is empty; write something or remove the field"),
        "string_too_long": _("the text is longer than 500 characters; shorten it"),
        "list_type": _("a list is expected here, not {value}"),
        "dict_type": _("fields are expected here (name: value), not {value}"),
        "model_type": _("fields are expected here (name: value), not {value}"),
        "veto": _("a veto has exactly one of: criterion, total, total_at_most"),
        "match_empty": _("match needs branch, file or headings"),
        "name_empty": _("a name needs zh or en"),
        "too_short": _("too few; at least {min_length} are needed"),
        "bool_type": _("true or false is expected here, not {value}"),
        "bool_parsing": _("true or false is expected here, not {value}"),
        "int_type": _("a whole number is expected here, not {value}"),
        "int_parsing": _("a whole number is expected here, not {value}"),
        "int_from_float": _("a whole number is expected here, not {value}"),
        "float_type": _("a number is expected here, not {value}"),
        "float_parsing": _("a number is expected here, not {value}"),
        "greater_than": _("{value} is too small; it must be more than {gt}"),
        "greater_than_equal": _("{value} is too small; it must be at least {ge}"),
        "less_than_equal": _("{value} is too large; it must be at most {le}"),
    }
    text = known.get(kind)
    if text is None:
        return str(error["msg"])
    shown = value if len(str(value)) <= 60 else f"{str(value)[:60]}…"
    return text.format(value=shown, **{k: v for k, v in context.items() if k != "value"})

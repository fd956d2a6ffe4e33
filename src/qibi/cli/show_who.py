"""Who a subject is: where it belongs, whom it is tied to, what it stands for."""

from typing import Any

from qibi.base.language import _, aside, colon, listing
from qibi.book.definitions import CP, Definitions, Group, Membership
from qibi.cli import phrases


def who(definitions: Definitions, key: str, week: str) -> str:
    """Name, id and where the subject belongs in a week."""
    name = definitions.title(key)
    parts = [name if name == key else f"{name} ({key})"]
    membership = definitions.membership(key, week)
    if membership:
        group = _group(definitions, membership)
        place = phrases.branch(definitions, membership.branch)
        parts.append(f"{place} {group.name if group else ''}".strip())
        if membership.unit:
            parts.append(definitions.title_of("unit", membership.unit))
        status = status_name(membership.status)
        if status:
            parts.append(status)
        if membership.mentor:
            parts.append(_("mentor {name}").format(name=definitions.title(membership.mentor)))
    else:
        where = definitions.branch_of(key, week)
        if where and where != key:
            parts.append(phrases.branch(definitions, where))
    return "  ".join(parts)


def status_name(status: str) -> str:
    """What a status is called; nothing for full members."""
    return {
        "probationary": _("probationary"),
        "activist": _("activist"),
        "staff": _("staff"),
    }.get(status, "")


def ties(definitions: Definitions, key: str, week: str) -> list[str]:
    """What else a subject is tied to in a week: apprentices, posts, workshops, a CP's leads."""
    membership = definitions.membership(key, week)
    if membership:
        return _of_member(definitions, membership, week)
    cp = _cp(definitions, key, week)
    if cp:
        return [_labelled(_("leads"), [definitions.title(m) for m in cp.members.values()])]
    return _of_branch(definitions, key, week)


def _of_member(definitions: Definitions, membership: Membership, week: str) -> list[str]:
    parts = []
    learning = apprentices(definitions, membership.id, week)
    if learning:
        parts.append(_labelled(_("apprentices"), [definitions.title(a) for a in learning]))
    if membership.posts:
        named = [definitions.title_of("post", post) for post in membership.posts]
        parts.append(_labelled(_("posts"), named))
    group = _group(definitions, membership)
    attached = list(membership.attached_to)
    if group and group.attached_to:
        attached.append(listing(list(group.attached_to)) + aside(str(group.name)))
    if attached:
        parts.append(_labelled(_("attached to"), attached))
    leading = [c.id for c in definitions.cps if membership.id in c.members.values()]
    leading = [c for c in dict.fromkeys(leading) if _leads(definitions, c, membership.id, week)]
    if leading:
        word = definitions.word("cp", _("CP"))
        parts.append(_labelled(word, [definitions.title(c) for c in leading]))
    return parts


def _of_branch(definitions: Definitions, key: str, week: str) -> list[str]:
    branch = definitions.branch(key)
    if branch is None:
        return []
    parts = [name for name in (branch.department, branch.section) if name]
    groups = [g for g in branch.groups if g.since <= week <= g.until]
    if groups:
        named = [
            str(g.name) + (aside(listing(list(g.attached_to))) if g.attached_to else "")
            for g in groups
        ]
        parts.append(_labelled(definitions.word("group", _("groups")), named))
    return parts


def _labelled(label: str, names: list[str]) -> str:
    return f"{label}{colon()}{listing(names)}"


def _group(definitions: Definitions, membership: Membership) -> Group | None:
    branch = definitions.branch(membership.branch)
    groups = branch.groups if branch else ()
    return next((g for g in groups if g.id == membership.group), None)


def _cp(definitions: Definitions, key: str, week: str) -> CP | None:
    spans = definitions.cp_spans.get(key, ())
    return next((c for c in spans if c.since <= week <= c.until), None)


def _leads(definitions: Definitions, cp: str, member: str, week: str) -> bool:
    found = _cp(definitions, cp, week)
    alive = definitions.branch_of(cp, week) is not None
    return alive and found is not None and member in found.members.values()


def apprentices(definitions: Definitions, key: str, week: str) -> list[str]:
    """The ids of those whose mentor a member is in a week."""
    return [
        m.id
        for m in definitions.memberships
        if m.mentor == key and definitions.membership(m.id, week) is m
    ]


def as_plain(definitions: Definitions, key: str, week: str) -> dict[str, Any]:
    """The same for JSON, by id; what does not apply to a kind of subject is left out."""
    membership = definitions.membership(key, week)
    if membership:
        group = _group(definitions, membership)
        return {
            "status": membership.status,
            "unit": membership.unit or None,
            "group": membership.group or None,
            "posts": list(membership.posts),
            "attached_to": list(membership.attached_to),
            "group_attached_to": list(group.attached_to) if group else [],
            "mentor": membership.mentor or None,
            "apprentices": apprentices(definitions, key, week),
        }
    cp = _cp(definitions, key, week)
    if cp:
        return {"members": dict(cp.members)}
    branch = definitions.branch(key)
    if branch is None:
        return {}
    return {
        "department": branch.department or None,
        "section": branch.section or None,
        "groups": [
            {"id": g.id, "attached_to": list(g.attached_to)}
            for g in branch.groups
            if g.since <= week <= g.until
        ],
    }

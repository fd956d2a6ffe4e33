"""What was in force in a week, as one canonical text: the digest that pins a closed week's definitions.

It holds what results depend on: the scheme in force, and each branch with the groups, members and CPs
that are active. Left out are names and other words for people (they may change or be erased), what
belongs to no week (units, posts, plans, signers), and the list policy, which a seal holds itself.
"""

import hashlib
import json
from typing import Any

from qibi.book.definitions import CP, Branch, Criterion, Definitions, Item, Membership, Scheme


def definitions_digest(definitions: Definitions, week: str) -> tuple[str, dict[str, str]]:
    """SHA-256 of all that is in force in a week, and of each file's part (path: SHA-256)."""
    stretch = definitions.stretch_of(week)
    found = definitions.digests.get(stretch)
    if found is None:
        parts = in_force(definitions, week)
        found = _digest(parts), {path: _digest(part) for path, part in parts.items()}
        definitions.digests[stretch] = found
    return found


def in_force(definitions: Definitions, week: str) -> dict[str, Any]:
    """Path of a YAML file: what it says for a week, as plain values; points in hundredths."""
    parts: dict[str, Any] = {}
    if scheme := definitions.scheme(week):
        parts[f"scheme/{scheme.week}.yaml"] = _scheme(scheme)
    for branch in definitions.branches:
        if branch.alive(week):
            parts[f"branches/{branch.id}.yaml"] = _branch(branch, definitions, week)
    return parts


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no blanks: the same bytes for the same value, everywhere."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def _scheme(scheme: Scheme) -> dict[str, Any]:
    return {
        "week": scheme.week,
        "total": [scheme.total_min, scheme.total_max],
        "period_total": scheme.period_total,
        "min_weeks": list(scheme.min_weeks),
        "eligible": sorted(scheme.eligible),
        "second_from": scheme.second_from,
        "grades": sorted([g.id, g.lowest] for g in scheme.grades),
        "alerts": [scheme.watch, scheme.warn],
        "scorers": sorted(s.id for s in scheme.scorers),
        "criteria": [_criterion(c) for c in sorted(scheme.criteria, key=lambda c: c.id)],
        "rollup": {kind: list(weights) for kind, weights in scheme.rollup.items()},
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    # What came later is here only where it is set: the digests of closed weeks stay what they are.
    later = {"judges": criterion.judges} if criterion.judges else {}
    return {
        "id": criterion.id,
        "applies_to": sorted(criterion.applies_to),
        "base": criterion.base,
        "min": criterion.min,
        "max": criterion.max,
        "direct": criterion.direct,
        "scorer": criterion.scorer,
        "items": [_item(i) for i in sorted(criterion.items, key=lambda i: i.id)],
        **later,
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "points": list(item.points) if item.points else {"from": item.low, "to": item.high},
        "per": item.per,
        "cap": item.cap,
        "only_highest": item.only_highest,
        "excludes": sorted(item.excludes),
        "evidence": item.evidence,
        "scorer": item.scorer,
        "auto": item.auto,
        "veto": [item.veto_criterion, item.veto_total, item.veto_total_at_most],
    }


def _branch(branch: Branch, definitions: Definitions, week: str) -> dict[str, Any]:
    cps = [c for c in definitions.cps if c.branch == branch.id and c.since <= week <= c.until]
    return {
        "id": branch.id,
        "section": branch.section,
        "department": branch.department,
        "groups": sorted(g.id for g in branch.groups if g.since <= week <= g.until),
        "members": [
            _membership(m)
            for m in sorted(definitions.members_of(branch.id, week), key=lambda m: m.id)
        ],
        "cps": [_cp(c) for c in sorted(cps, key=lambda c: c.id)],
    }


def _membership(member: Membership) -> dict[str, Any]:
    return {
        "id": member.id,
        "status": member.status,
        "unit": member.unit,
        "group": member.group,
        "posts": sorted(member.posts),
    }


def _cp(cp: CP) -> dict[str, Any]:
    return {"id": cp.id, "members": dict(cp.members)}

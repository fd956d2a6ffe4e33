"""By which list policy each week was read out: one that a committed qibi.yaml held, no other.

Policies belong to no week and no digest pins them, so a seal holds its own. What qibi.yaml said is in
git: in the commit that added the seal, or in one before it. Not only in the one just before, for a
seal may be rebased onto a qibi.yaml that others have changed meanwhile. Seals that came with the first
qibi.yaml, as when a book is moved, are not looked at: what held before is not in this history.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.book.validate import list_policies
from qibi.ledger.seals import SEALS
from qibi.proof.exhibits import Exhibits
from qibi.proof.moves import BOOK
from qibi.proof.repository import PLAIN, Change
from qibi.scoring.policies import plain_policy


class _ReadOut(msgspec.Struct):
    """Of a seal its lists, and the kinds of subject that it has results of."""

    standings: dict[str, msgspec.Raw]
    unranked: dict[str, msgspec.Raw]
    lists: dict[str, dict[str, Any]]


def policy_history(exhibits: Exhibits) -> Iterator[Finding]:
    """The seals whose list policies stood in no qibi.yaml by the time that they were committed."""
    if exhibits.damaged:
        return  # that is a finding, and objects that this needs may be gone
    ancestry, changes, _former = exhibits.history
    versions = list(dict.fromkeys(c.object for c in changes if c.path == BOOK and c.mode == PLAIN))
    added: dict[str, int] = defaultdict(int)  # path of a seal: the versions until it came
    standing = _standing(ancestry, changes, versions)
    moved_here: set[str] = set()
    for change in changes:
        if change.path.startswith(f"{SEALS}/"):
            added[change.path] |= standing[change.commit]
            if not any(standing[parent] for parent in ancestry[change.commit]):
                moved_here.add(change.path)
    raw = exhibits.repository.contents(versions)

    @cache
    def said_by(number: int) -> Mapping[str, Any]:
        found = list_policies(raw[versions[number]]) or {}
        return {kind: plain_policy(policy) for kind, policy in found.items()}

    @cache
    def known(policies: str, kinds: frozenset[str], until: int) -> bool:
        return any(
            _text({k: v for k, v in said_by(number).items() if k in kinds}) == policies
            for number in range(len(versions))
            if until >> number & 1
        )

    for file in exhibits.seals:
        if file.path in moved_here:
            continue
        try:
            read_out = msgspec.json.decode(exhibits.raw[file.path], type=_ReadOut)
            said = _text({kind: row["policy"] for kind, row in read_out.lists.items()})
        except (msgspec.DecodeError, KeyError, UnicodeDecodeError, RecursionError):
            continue  # found where results are recomputed
        if not known(said, frozenset((*read_out.standings, *read_out.unranked)), added[file.path]):
            message = _(
                "its lists were read out by a policy that no qibi.yaml held that was committed by then"
            )
            about = (("link", file.digest),)
            yield Finding(file.path, message=message, code="policy", about=about)


def _standing(
    ancestry: Mapping[str, tuple[str, ...]], changes: list[Change], versions: list[str]
) -> dict[str, int]:
    """Commit: the versions that it or a commit before it holds, a bit each."""
    number = {version: 1 << place for place, version in enumerate(versions)}
    own: dict[str, int] = defaultdict(int)
    for change in changes:
        if change.path == BOOK:
            own[change.commit] |= number.get(change.object, 0)
    standing: dict[str, int] = {}
    for commit, parents in reversed(list(ancestry.items())):
        found = own.get(commit, 0)
        for parent in parents:
            found |= standing[parent]
        standing[commit] = found
    return standing


def _text(policies: Mapping[str, Any]) -> str:
    return json.dumps(policies, sort_keys=True)

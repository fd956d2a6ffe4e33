"""Who is meant by a member command, where they stand, and what their new row holds."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.base.language import _, listing
from qibi.base.text import closest, folded
from qibi.book import lookup
from qibi.book.definitions import Branch, Choice, Definitions, Membership
from qibi.cli import phrases
from qibi.cli.session import Session


@dataclass(frozen=True)
class Given:
    """What the options say of a membership; None where nothing was said, "" to take it away."""

    status: str | None = None
    unit: str | None = None
    group: str | None = None
    posts: Sequence[str] = ()
    mentor: str | None = None

    def fields(self, now: Session, branch: Branch, week: str, key: str) -> dict[str, Any]:
        """The fields of a row that these come to, ids looked up; raises `Refusal`."""
        found: dict[str, Any] = {}
        definitions = now.definitions
        if self.status is not None:
            found["status"] = status_meant(self.status)
        if self.unit is not None:
            found["unit"] = self.unit and _choice(definitions.units, self.unit, _("unit"))
        if self.group is not None:
            found["group"] = self.group and _group(now, branch, week, self.group)
        if self.posts:
            posts = [_choice(definitions.posts, p, _("post")) for p in self.posts if p]
            found["posts"] = list(dict.fromkeys(posts))
        if self.mentor is not None:
            found["mentor"] = self.mentor and person(now, self.mentor, week)
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


def _group(now: Session, branch: Branch, week: str, text: str) -> str:
    """A group of this branch that exists in a week."""
    alive = [Choice(g.id, g.name) for g in branch.groups if g.since <= week <= g.until]
    try:
        return lookup.choice(alive, text, phrases.kind(now.definitions, "group"))
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
    from qibi.sheets.roster import STATUSES

    words = {folded(w): key for key, said in STATUSES.items() for w in (key, *said.split())}
    found = words.get(folded(text))
    if found is None:
        near = closest(text, words)
        advice = (
            _("did you mean '{near}'?").format(near=words[near])
            if near
            else _("one of: {names}").format(names=listing(list(STATUSES)))
        )
        raise Refusal(_("there is no status '{text}'").format(text=text), advice, 1)
    return found


def status_word(status: str) -> str:
    """What a status is called, `full` too."""
    from qibi.cli.show_who import status_name

    return status_name(status) or _("full")


def person(now: Session, text: str, week: str) -> str:
    """The id of the member meant; raises `Refusal`."""
    try:
        return lookup.subject(now.definitions, text, ("member",), week=week)
    except lookup.NotFound as error:
        raise Refusal(error.brief, _("'qibi member list' shows them"), 1) from None


def asked_branch(now: Session, text: str | None) -> str:
    """`--branch`, or the only one that there is."""
    if text:
        return now.find_branch(text)
    branches = now.definitions.branches
    if len(branches) == 1:
        return branches[0].id
    raise Refusal(_("which branch?"), _("name it: --branch BRANCH"), 1)


def must_be_new(now: Session, name: str, key: str | None) -> None:
    """Raises `Refusal` where the id is taken, or a name stands already and no id tells them apart."""
    definitions = now.definitions
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
            _("who moves: qibi member move {id}; who only bears the same name: --id ID").format(
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


def must_have_begun(now: Session, span: Membership, week: str) -> None:
    """Raises `Refusal` where a change would end a row before it has held a week."""
    if week <= span.since:
        raise Refusal(
            _("{name} is in {branch} only since {since}").format(
                name=now.definitions.title(span.id),
                branch=phrases.branch(now.definitions, span.branch),
                since=span.since,
            ),
            _("choose a later week, or mend that row in branches/{branch}.yaml").format(
                branch=span.branch
            ),
            1,
        )


def nowhere(now: Session, key: str, week: str) -> Refusal:
    """That a member stands in no branch in a week, with where they did and will."""
    spans = [
        f"{m.branch} {_open(m.since)}..{_open(m.until)}" for m in now.definitions.spans.get(key, ())
    ]
    return Refusal(
        _("{name} is in no branch in {week}").format(name=now.definitions.title(key), week=week),
        _("they are in: {spans}").format(spans=listing(spans)),
        1,
    )


def _open(week: str) -> str:
    return "" if week in (weeks.BEGIN, weeks.END) else week


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
    now: Session, key: str, until: str, branch: str, going: Iterable[str] = ()
) -> list[str]:
    """Where a book names someone after their last week in a branch: CPs, apprentices not going too."""
    definitions = now.definitions
    found = [
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
        found.append(
            _("{name} is still mentor of {people}").format(
                name=definitions.title(key), people=phrases.places(apprentices)
            )
        )
    return found

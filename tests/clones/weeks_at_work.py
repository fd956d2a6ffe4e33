"""A few weeks in an office: who does what in which clone is left to chance, by the seed."""

from datetime import timedelta
from typing import Any

import by_hand
from office import APPROVER, MONDAY, PEOPLE, Desk, Office

from qibi.ledger.entries import Assessed, Entry, Exempt, Score, Void

WEEKS = 3
ROUNDS = 2  # turns of each desk in a week
AT_WORK = 0.75  # how often someone takes their turn
BY_COMMAND = 0.08  # of what is recorded; the rest by the function that commands write with


def at_work(office: Office) -> None:
    """All weeks; then every desk brings in what it has, and takes in what the others have."""
    dice = office.dice
    for number in range(WEEKS):
        for turn in range(ROUNDS):
            office.now = MONDAY + timedelta(weeks=number, days=1 + 3 * turn)
            for desk in dice.sample(office.desks, len(office.desks)):
                if dice.random() < AT_WORK:
                    _turn(desk, number)
        twice(office, _week(number))
    office.now = MONDAY + timedelta(weeks=WEEKS)
    _come_together(office)


def _week(number: int) -> str:
    return f"2026-W{10 + number}"


def _turn(desk: Desk, number: int) -> None:
    """One sitting: take in, record, commit, hand out; each of them perhaps."""
    dice = desk.office.dice
    closer = desk is desk.office.desks[0]
    if not closer and dice.random() < 0.15:
        desk.go_aside() if desk.on == "main" else desk.come_back()
    if dice.random() < 0.5:
        _take_in(desk)
    week = _week(max(0, number - dice.choice((0, 0, 0, 1))))  # sometimes late
    for _number in range(dice.randint(1, 2)):
        _record(desk, week)
    if dice.random() < 0.3:  # what is not committed yet is no hindrance
        _take_in(desk)
    if dice.random() < 0.8:
        desk.commit()
    if closer and number and dice.random() < 0.7:
        _close(desk, _week(number - 1))
    if desk.on == "main" and dice.random() < 0.5:
        desk.push()
    desk.unstopped()


def _take_in(desk: Desk) -> None:
    dice = desk.office.dice
    others = [other for other in desk.office.desks if other is not desk]
    match dice.randrange(6):
        case 0 | 1 | 2:
            desk.pull()
        case 3:
            desk.cherry_pick(dice.choice(others))
        case 4:
            desk.merge(desk.fetch(dice.choice(others)))
        case _:
            desk.merge(*(desk.fetch(other) for other in dice.sample(others, 3)))


def _record(desk: Desk, week: str) -> None:
    dice = desk.office.dice
    word = desk.office.word()
    if dice.random() < BY_COMMAND or week in desk.sheets:
        _record_by_command(desk, week, word)
    else:
        _record_by_function(desk, week, word)


def _recorded_scores(desk: Desk) -> dict[str, by_hand.Line]:
    """The live scores in this clone that its secretary may change: not their own."""
    here = by_hand.live(by_hand.lines(by_hand.ledger(desk.root)))
    return {k: e for k, e in here.items() if e["kind"] == "score" and e["subject"] != desk.who}


def _branch(desk: Desk) -> str:
    dice = desk.office.dice
    return desk.branch if dice.random() < 0.8 else dice.choice(list(PEOPLE))


def _record_by_function(desk: Desk, week: str, word: str) -> None:
    dice = desk.office.dice
    branch = _branch(desk)
    subject = dice.choice([who for who in PEOPLE[branch] if who != desk.who])
    item, sign = dice.choice((("order.tidy", 1), ("order.late", -1)))
    count = dice.randint(1, 6)
    score = {"subject": subject, "item": item, "points": sign * count, "count": count}
    scores = _recorded_scores(desk)
    match dice.randrange(8):
        case 0 | 1 if scores:  # corrections: void alone, or void and a new entry
            key = dice.choice(list(scores))
            old = scores[key]
            wishes: list[tuple[type[Entry], dict[str, Any]]] = [
                (Void, {"entry": key, "note": word})
            ]
            if dice.random() < 0.5:
                again = {k: old[k] for k in ("subject", "item", "points")} | {
                    "points": 7,
                    "count": 7,
                }
                wishes.append((Score, again | {"item": "order.tidy"}))
            desk.record_all(word, old["week"], old["branch"], wishes)
        case 2:
            desk.write(word, Exempt, week=week, branch=branch, subject=subject, note=word)
        case 3 | 4:
            wishes = [(Assessed, {}), (Score, score | {"note": word})]
            desk.record_all(word, week, branch, wishes)
        case _:
            desk.write(word, Score, week=week, branch=branch, note=word, **score)


def _record_by_command(desk: Desk, week: str, word: str) -> None:
    dice = desk.office.dice
    branch = _branch(desk)
    scores = list(_recorded_scores(desk))
    subject = dice.choice([who for who in PEOPLE[branch] if who != desk.who])
    match dice.randrange(8):
        case 0 | 1 | 2:
            _sheet(desk, week, word)
        case 3:
            entry = f"{subject} order.{dice.choice(('tidy', 'late'))} x{dice.randint(1, 4)} {word}"
            desk.record(word, "score", "-e", entry, "--week", week)
        case 4 if scores:
            desk.record(word, "void", dice.choice(scores), "--reason", word)
        case 5 if (
            scores
        ):  # a void and a new entry: the reason stands in the one, the note in the other
            second = f"{word}xn"
            wish = ("--count", str(dice.randint(5, 9)), "--note", second, "--reason", word)
            if desk.record(word, "fix", dice.choice(scores), *wish):
                desk.office.asked[second] += 1
        case 6:
            _remedy(desk, week, subject, word)
        case _:
            task = ("pair", "pit", "dig", str(dice.randint(0, 100)), "--note", word)
            desk.record(word, "task", "progress", *task)


def _sheet(desk: Desk, week: str, word: str) -> None:
    """The branch's sheet of a week: a new one, the same once more, or with a further row."""
    dice = desk.office.dice
    sheet = desk.sheets.get(week)
    if sheet and dice.random() < 0.5:
        # The same rows are recorded already: that must be seen and nothing written.
        before = by_hand.ledger(desk.root)
        code, _said = desk.qibi("score", "-", "--week", week, "--branch", desk.branch, stdin=sheet)
        if code == 0:  # it differs where someone has voided one of its rows
            assert by_hand.ledger(desk.root) == before
        desk.office.done["sheet again"] += 1
        return
    rows = sheet or "subject,item,count,note\n"
    subject = dice.choice([who for who in PEOPLE[desk.branch] if who != desk.who])
    rows += f"{subject},order.{dice.choice(('tidy', 'late'))},{dice.randint(1, 4)},{word}\n"
    if sheet is None:
        options: tuple[str, ...] = ("--add",)
    elif desk.git("ls-files", "seals"):
        return  # rows of it that were voided would be recorded anew: another story
    else:
        options = ("--update",)
    known = {w for w in desk.office.asked if w in rows}
    before_words = by_hand.words(by_hand.lines(by_hand.ledger(desk.root)))
    wish = ("score", "-", "--week", week, "--branch", desk.branch, *options)
    if desk.record(word, *wish, stdin=rows):
        desk.sheets[week] = rows
        after = by_hand.words(by_hand.lines(by_hand.ledger(desk.root)))
        for again in known:  # a row that someone had voided is submitted again: a new entry
            desk.office.asked[again] += after[again] - before_words[again]


def _remedy(desk: Desk, week: str, subject: str, word: str) -> None:
    """A step in a remedy's life: opened, reported by one, verified by another."""
    here = by_hand.lines(by_hand.ledger(desk.root)).values()
    known = sorted({e["remedy"] for e in here if e["kind"] == "remedy"})
    step = desk.office.dice.choice(("open", "report", "verify"))
    if step == "open" or not known:
        wish = (subject, "--week", week, "--measure", word, "--due", "2026-04-01")
        named = desk.office.dice.choice(((), ("--id", f"r-{word}")))  # else two may bear one id
        desk.record(word, "remedy", "open", *wish, *named)
    else:
        desk.record(word, "remedy", step, desk.office.dice.choice(known), "--note", word)


def _close(desk: Desk, week: str) -> None:
    """Close the week before, without whoever is missing; or correct it, if anything came since."""
    found = by_hand.ledger(desk.root)
    entries = by_hand.live(by_hand.lines(found)).values()
    if not any(e["week"] == week for e in by_hand.lines(found).values()):
        return
    options: tuple[str, ...] = ()
    if f"seals/{week}.json" in by_hand.seals(desk.root):
        options = ("--approved-by", APPROVER, "--note", "so decided")
    else:
        scored = {e["branch"] for e in entries if e["week"] == week and e["kind"] == "assessed"}
        for branch in PEOPLE.keys() - scored:
            options += ("--without", branch, "--note", "away")
    code, said = desk.qibi("close", week, *options)
    assert code == 0 or "nothing was recorded since" in said, said
    desk.office.done["close" if code == 0 else "close: nothing came"] += 1


def twice(office: Office, week: str) -> None:
    """Two secretaries record one event by hand, each in their own clone."""
    first, second = office.dice.sample(office.desks, 2)
    taken = (first.who, second.who)
    subject = office.dice.choice([w for p in PEOPLE.values() for w in p if w not in taken])
    word = office.word()
    branch = next(b for b, people in PEOPLE.items() if subject in people)
    said = {"subject": subject, "item": "order.tidy", "points": 3, "count": 3, "note": word}
    for desk in (first, second):
        desk.write(word, Score, week=week, branch=branch, **said)


def _come_together(office: Office) -> None:
    """Everything is committed, merged and pushed; the closer has the last word; all pull."""
    for desk in office.desks:
        desk.come_back()
        desk.commit()
        desk.push()
    closer = office.desks[0]
    closer.pull()
    if office.dice.random() < 0.5:  # else what came late stays pending
        for number in range(WEEKS - 1):
            _close(closer, _week(number))
    closer.push()
    for desk in office.desks:
        desk.pull()
        desk.push()
    for desk in office.desks:
        desk.git("pull", "-q", "--ff-only", "origin", "main")
        desk.unstopped()

"""The labels of the board's tables and sections, in the language spoken now and the book's words."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from qibi import __version__
from qibi.base import dates
from qibi.base.language import _, clauses, colon, listing, many
from qibi.base.points import signed
from qibi.board.build import Board, Head, MilestoneRow, Slip, Sum
from qibi.book import words
from qibi.book.definitions import Definitions


def labels(definitions: Definitions, head: Head) -> dict[str, str]:
    """Each label by the name that templates know it by."""
    return {
        "gap": "  ",
        "comma": listing(["", ""]),
        "rank": _("Rank"),
        "moved": _("+/-"),
        "total": _("Total"),
        "grade": _("Grade"),
        "trend": _("Last 8 weeks"),
        "top": _("Top ten"),
        "rose": _("Rose most"),
        "heat": _("Branches by criterion"),
        "heat_note": _("difference from the base; a dot is zero"),
        "without": _("without a place") + colon(),
        "remedies": _("Remedies due and overdue"),
        "remedy": _("Remedy"),
        "measure": _("Measure"),
        "owner": _("Owner"),
        "state": _("State"),
        "due": _("Due by"),
        "overdue": _("overdue"),
        "milestones": _("Milestones gained and late"),
        "milestones_note": _("days early or late"),
        "milestone": _("Milestone"),
        "cp": words.kind(definitions, "cp"),
        "days": _("Days"),
        "done": _("Done"),
        "due_day": _("Due day"),
        "nobody": _("nobody"),
        "none": _("none"),
        "points": _("Points"),
        "criteria": _("Criteria"),
        "bars_note": _("the mark is the base"),
        "why": _("How the total is calculated"),
        "item": _("Item"),
        "due_points": _("Due"),
        "cut": _("Cap, exclusion"),
        "counts": _("Counts"),
        "criterion": _("Criterion"),
        "skip": _("Skip to the board"),
        "theme": _("Theme"),
        "theme_auto": _("As the system"),
        "theme_light": _("Light"),
        "theme_dark": _("Dark"),
        "filter": _("Filter"),
        "filter_hint": _("a name or part of one"),
        "shown": _("{shown} of {count} rows"),
        "everyone": _("All places"),
        "close": _("Close"),
        "no_match": _("no matching row"),
        "watch": _("watch"),
        "warn": _("alarm"),
        "seal": _("Seal"),
        "seal_note": _(
            "SHA-256 of {file}; it fixes this week and every week closed before it"
        ).format(file=head.seal.path)
        if head.seal
        else "",
        "open_note": _("This week is not closed: its points can still change."),
        "made": f"qibi {__version__}",
    }


def footer(head: Head) -> str:
    """Book, scheme and the day it was made for."""
    day = _("as of {day}").format(day=dates.full_day(head.today))
    return "  ".join(text for text in (head.book, head.scheme, day) if text)


def page_title(head: Head, name: str = "") -> str:
    """The title of a document."""
    return f"{name or head.title}  {head.week}  {head.book}"


def of_board(definitions: Definitions, board: Board, rows: int | None = None) -> dict[str, Any]:
    """The board as plain values for a template; `rows` bounds what a picture can take."""
    branches, remedies = board.branches[:rows], board.remedies[:rows]
    room = None if rows is None else max(rows // 3, 1)
    gained, late = board.gained[:room], board.late[:room]
    made = _plain(definitions, board, page_title(board.head))
    made |= {
        "branches": [asdict(b) for b in branches],
        "branches_more": more(len(board.branches) - len(branches)),
        "remedies": [asdict(r) for r in remedies],
        "remedies_more": more(len(board.remedies) - len(remedies)),
        "remedy_note": _remedy_note(board),
        "gained": [_milestone(m) for m in gained],
        "late": [_milestone(m) for m in late],
        "milestones": bool(definitions.plans),
        "milestones_more": more(len(board.gained) + len(board.late) - len(gained) - len(late)),
        "top_note": _top_note(board),
    }
    for riser in made["risers"]:
        riser["rank_text"] = _("place {rank}").format(rank=riser["rank"])
    for found in made["lists"]:
        for name in found["names"]:
            name["more_text"] = more(name["more"])
    return made


def of_slip(definitions: Definitions, slip: Slip) -> dict[str, Any]:
    """The slip as plain values for a template."""
    made = _plain(definitions, slip, page_title(slip.head, slip.name))
    made["sum"] = plain_sum(slip.sum) if slip.sum else None
    return made


def of_slips(definitions: Definitions, slips: Sequence[Slip]) -> dict[str, Any]:
    """Slips of one week, at least one, as plain values: what they share once, then each."""
    first = of_slip(definitions, slips[0])
    shared = {key: first[key] for key in ("head", "labels", "footer")}
    title = page_title(slips[0].head, _("Slips"))
    own = [of_slip(definitions, slip) for slip in slips]
    each = [{k: v for k, v in one.items() if k not in shared} for one in own]
    return shared | {"title": title, "slips": each}


def plain_sum(found: Sum) -> dict[str, Any]:
    """A sum with the credit of its items as text; what a terminal sets apart by blanks are clauses."""
    made = asdict(found)
    for step in made["steps"]:
        step |= {k: _clauses(v) for k, v in step.items() if isinstance(v, str)}
        for item in step["items"]:
            item["credit_text"] = signed(item.pop("credit"))
    return made


def _clauses(text: str) -> str:
    return clauses([part for part in text.split("  ") if part])


def _plain(definitions: Definitions, found: Board | Slip, title: str) -> dict[str, Any]:
    made = asdict(found)
    made["head"]["today"] = found.head.today.isoformat()
    return made | {
        "labels": labels(definitions, found.head),
        "footer": footer(found.head),
        "title": title,
    }


def more(count: int) -> str:
    """How many are left out; nothing for none."""
    return _("and {count} more").format(count=count) if count > 0 else ""


def _remedy_note(board: Board) -> str:
    late = sum(r.overdue for r in board.remedies)
    if not board.remedies:
        return ""
    count = len(board.remedies)
    texts = [many("{count} remedy", "{count} remedies", count).format(count=count)]
    return listing([*texts, _("{count} overdue").format(count=late)])


def _top_note(board: Board) -> str:
    texts = [_("mean of all {count}: {points}").format(count=board.member_count, points=board.mean)]
    if board.top_more:
        texts.append(_("{count} more share the last place").format(count=board.top_more))
    return clauses(texts) if board.member_count else ""


def _milestone(row: MilestoneRow) -> dict[str, Any]:
    made = asdict(row)
    made["days_text"] = many("{days} day", "{days} days", abs(row.days)).format(
        days=f"{row.days:+d}"
    )
    made["due_text"] = _("due {day}").format(day=row.due)
    made["done_text"] = _("done {day}").format(day=row.done) if row.done else _("overdue")
    return made

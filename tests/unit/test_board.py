"""The board of the example book: its data, its page, its paper, and what it refuses."""

import builtins
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qibi.base import language
from qibi.base.points import from_text, show
from qibi.base.weeks import single
from qibi.board import build, fonts, html, labels, paper
from qibi.board.build import Board, BoardQuery, level, trends
from qibi.book.definitions import Definitions
from qibi.book.load import load
from qibi.cli import phrases
from qibi.ledger.seals import digest
from qibi.scoring.lists import lists_of
from qibi.scoring.ranking import rank
from repositories import copied
from transcripts.harness import BOOKS, Scene

EXAMPLE = BOOKS["example"]
TODAY = date(2026, 11, 18)
OPEN, CORRECTED = "2026-W46", "2026-W36"


def asked(book: Definitions, week: str, root: Path = EXAMPLE) -> BoardQuery:
    return BoardQuery(
        root,
        book,
        week,
        TODAY,
        None,
        phrases.closure,
        lambda ranking: phrases.handed_in(ranking, book),
        lambda ranking: phrases.pending(ranking.pending),
    )


@pytest.fixture(scope="module")
def book() -> Definitions:
    return load(EXAMPLE)


@pytest.fixture(scope="module")
def opened(book: Definitions) -> Board:
    return build.board(asked(book, OPEN))


@pytest.fixture(scope="module")
def corrected(book: Definitions) -> Board:
    return build.board(asked(book, CORRECTED))


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example book with three names that want to be more than names."""
    root = tmp_path_factory.mktemp("renamed") / "book"
    copied(EXAMPLE, root)
    (root / "names.yaml").write_text(
        "o1-007: '<script>alert(1)</script>'\no1-008: '[/red]喆昇堃赟䶮'\no1-003: '党\U0001f984员'\n",
        "utf-8",
    )
    return root


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and the text outside its scripts."""

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.within: list[str] = []
        self.feed(raw.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.within and self.within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.within[-1:] not in (["script"], ["style"]):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_lists_are_those_of_the_policy(book: Definitions, opened: Board) -> None:
    found = lists_of(EXAMPLE, book, single(OPEN))["cp"]
    shown = {one.colour: one for one in opened.lists}
    assert [n.subject for n in shown["red"].names] == [s.subject for s in found.red]
    assert [n.subject for n in shown["black"].names] == [s.subject for s in found.black]
    for colour in ("red", "black"):
        for name in shown[colour].names:
            signs = {cause.points[0] for cause in name.causes}
            assert signs == ({"+"} if colour == "red" else {"-"})
            assert len(name.causes) + name.more == len(found.causes[name.subject])


def test_places_agree_with_the_ranking(book: Definitions, opened: Board) -> None:
    ranked = rank(EXAMPLE, book, single(OPEN), today=TODAY).standings
    assert [(p.rank, p.subject, p.total) for p in opened.members] == [
        (s.rank, s.subject, show(s.total)) for s in ranked
    ]
    assert [p.subject for p in opened.top] == [s.subject for s in ranked if s.rank <= 10]
    most = max(s.moved or 0 for s in ranked)
    assert {p.rose for p in opened.risers} == {most}
    branches = rank(EXAMPLE, book, single(OPEN), by="branch", today=TODAY).standings
    assert [p.subject for p in opened.branches] == [s.subject for s in branches]
    first = branches[0]
    values = [from_text(c.value) for c in opened.branches[0].cells]
    assert values == [first.criteria[c.id] for c in book.scheme(OPEN).criteria]  # type: ignore[union-attr]  # a scheme is in force


def test_every_name_has_the_sum_that_gives_its_total(opened: Board) -> None:
    sums = {one.subject: one for one in opened.sums}
    shown = [*opened.members, *opened.branches, *(n for one in opened.lists for n in one.names)]
    for place in shown:
        assert place.total in sums[place.subject].headline
        assert [s.number for s in sums[place.subject].steps] in ([*range(1, 6)], [*range(1, 7)])


def test_remedies_and_milestones_of_the_week(opened: Board, corrected: Board) -> None:
    assert [r.id for r in opened.remedies if r.overdue] == ["r-45-1", "r-45-2"]
    assert not any(r.overdue for r in opened.remedies[2:])
    assert [m.days for m in opened.late] == [-16]
    assert [m.days for m in corrected.gained] == [1]
    assert [(m.days, bool(m.done)) for m in corrected.late] == [(-5, True), (-2, False)]


def test_the_black_list_says_what_became_of_its_remedies(book: Definitions) -> None:
    board = build.board(asked(book, "2026-W45"))
    black = next(one for one in board.lists if one.colour == "black")
    said = " ".join(n.remedy for n in black.names)
    assert "r-45-1 open" in said and "r-45-2 reported" in said


def test_a_closed_week_shows_its_latest_seal(opened: Board, corrected: Board) -> None:
    assert opened.head.seal is None and "not closed" in opened.head.closure
    seal = corrected.head.seal
    assert seal is not None
    assert seal.digest == digest((EXAMPLE / seal.path).read_bytes())
    assert (seal.path, seal.correction) == ("seals/2026-W36.r2.json", 1)
    assert "correction 1" in corrected.head.closure


def test_an_open_week_names_who_is_missing(book: Definitions) -> None:
    found = build.board(asked(book, "2026-W47")).head
    assert found.provisional
    assert "missing" in found.handed_in


def test_places_within_a_branch_leave_a_gap_where_totals_are_equal(book: Definitions) -> None:
    found = asked(book, OPEN)
    places = found.places("member")
    standings = found.behind("member").ranking.standings
    assert any(a.total == b.total and a.branch == b.branch for a, b in pairwise(standings))
    for standing in standings:
        here = [s.total for s in standings if s.branch == standing.branch]
        rank_here = 1 + sum(total > standing.total for total in here)
        assert places.within(standing) == (rank_here, len(here))


def test_who_is_exempt_reads_why_on_the_slip(book: Definitions) -> None:
    found = asked(book, OPEN)
    unranked = found.behind("member").ranking.unranked
    away = next(u for u in unranked if u.reason == "exempt" and u.note)
    assert build.slip(found, away.subject, "", ()).why_none == f"exempt: {away.note}"


def test_heights_and_levels() -> None:
    drawn = trends({"a": {"w1": 100, "w2": 300}, "b": {"w2": 200}}, ["w1", "w2"], ["a", "b"])
    assert drawn["a"].heights == (0.0, 1.0)
    assert (drawn["b"].values, drawn["b"].heights) == (("", "2"), (None, 0.5))
    assert trends({"a": {"w2": 103}}, ["w1", "w2"], ["a"])["a"].heights == (None, 0.5)
    assert [level(d, 400) for d in (0, 1, 25, 100, 225, 400, -400)] == [0, 1, 1, 2, 3, 4, -4]


def test_the_page_is_whole_in_itself(book: Definitions, corrected: Board) -> None:
    raw = html.page(book, corrected)
    page = Page(raw)
    for _tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:,")), value
    assert b"@import" not in raw and b"url(" not in raw
    ids = [a["id"] for _tag, a in page.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    for link in page.of("a"):
        assert (link["href"] or "")[1:] in ids
    assert corrected.head.seal and corrected.head.seal.digest in page.text


def test_the_page_says_what_it_is_to_everyone(book: Definitions, opened: Board) -> None:
    page = Page(html.page(book, opened))
    assert page.of("html")[0]["lang"] == "en"
    tables = len(page.of("table"))
    assert tables > 150 and len(page.of("caption")) == tables
    assert all(h.get("scope") in ("col", "row") for h in page.of("th"))
    assert len(page.of("h1")) == 1
    assert {"main", "header", "footer", "dialog"} <= {tag for tag, _a in page.elements}


def test_names_stay_names(renamed: Path) -> None:
    book = load(renamed)
    board = build.board(asked(book, OPEN, renamed))
    page = Page(html.page(book, board))
    assert len(page.of("script")) == 1
    assert "<script>alert(1)</script>" in page.text and "[/red]喆昇堃赟䶮" in page.text
    drawn = paper.drawn("board", labels.of_board(book, board) | {"qr": ""}, "svg", "a4", TODAY)
    assert b"<script" not in drawn


def test_what_the_font_lacks_is_reported_and_marked(renamed: Path, tmp_path: Path) -> None:
    assert not fonts.lacking("党员一 喆昇堃赟䶮𬭎 ▁▂▃▄▅▆▇█ · Żółć")
    assert fonts.lacking("党\U0001f984员") == ["\U0001f984"]
    assert fonts.shown("党\U0001f984员") == "党〓员"
    scene = Scene(tmp_path)
    scene.environment |= {"QIBI_BOOK": str(renamed), "QIBI_LANG": "en"}
    slip = ["board", "--week", OPEN, "--member", "o1-003", "-o", "slip.png"]
    terminal, code = scene.qibi(slip)
    said = "".join(terminal.text)
    assert code == 0 and "U+1F984" in said and "(o1-003)" in said
    terminal, code = scene.qibi([*slip[:4], "o1-008", *slip[5:]])
    assert code == 0 and "font" not in "".join(terminal.text)


def test_what_is_listed_is_what_the_fonts_have() -> None:
    from fontTools import ttLib as tools

    had: set[int] = set()
    for name in fonts.FILES:
        had |= set(tools.TTFont(fonts.FOLDER / name).getBestCmap())
    assert {code for code in range(0x110000) if fonts.has(chr(code))} == had
    gbk = {
        bytes([a, b]).decode("gbk", "ignore") for a in range(0x81, 0xFF) for b in range(0x40, 0xFF)
    }
    signs = "".join(sorted(g for g in gbk if len(g) == 1 and ord(g) > 0xFF))
    assert len(signs) > 21_700 and fonts.lacking(signs) == [
        "≒"
    ]  # which Noto Sans CJK does not have


def test_all_our_own_words_can_be_shown() -> None:
    language.use("zh")
    catalog = language._catalog._catalog.values()  # type: ignore[attr-defined]  # gettext has no other way
    assert not fonts.lacking("".join(t for t in catalog if isinstance(t, str)).replace("\r", ""))


@pytest.mark.parametrize("form", ["html", "pdf", "png", "svg"])
def test_the_same_book_and_day_give_the_same_bytes(book: Definitions, form: str) -> None:
    def made() -> bytes:
        found = build.board(asked(book, CORRECTED))
        if form == "html":
            return html.page(book, found)
        assert found.head.seal
        data = labels.of_board(book, found) | {"qr": paper.svg(found.head.seal.digest)}
        return paper.drawn("board", data, form, "a4", TODAY)

    first = made()
    assert first == made()
    assert (
        first[:5] == {"html": b"<!doc", "pdf": b"%PDF-", "png": b"\x89PNG\r", "svg": b"<svg "}[form]
    )
    if form == "png":
        assert int.from_bytes(first[16:20], "big") == 1080


def test_another_day_gives_another_page(book: Definitions, opened: Board) -> None:
    later = replace(opened, head=replace(opened.head, today=date(2026, 11, 19)))
    assert html.page(book, later) != html.page(book, opened)


def test_a_slip_agrees_with_the_ranking(book: Definitions) -> None:
    found = build.slip(asked(book, OPEN), "o1-008", "who", ["ties"])
    ranked = rank(EXAMPLE, book, single(OPEN), today=TODAY)
    standing = next(s for s in ranked.standings if s.subject == "o1-008")
    assert found.total == show(standing.total)
    assert str(standing.rank) in found.rank
    assert sum(from_text(b.value) or 0 for b in found.bars) == standing.total
    assert found.trend.values[-1] == found.total
    assert [r.id for r in found.remedies] == ["2026-031"]
    page = Page(html.slip(book, found))
    assert found.total in page.text and len(page.of("caption")) == len(page.of("table"))


@pytest.mark.parametrize("subject", ["o1-cp", "outer-1"])
def test_cps_and_branches_have_slips_too(book: Definitions, subject: str) -> None:
    found = build.slip(asked(book, OPEN), subject, "who", [])
    assert found.total and found.sum and found.bars
    assert paper.drawn("slip", labels.of_slip(book, found) | {"qr": ""}, "pdf", "a3", TODAY)


def test_who_has_no_total_is_told_why(book: Definitions) -> None:
    found = build.slip(asked(book, "2026-W47"), "o1-008", "who", [])
    assert (found.total, found.why_none) == ("", "not assessed")
    assert "not assessed" in Page(html.slip(book, found)).text


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    made.environment |= {"QIBI_BOOK": str(EXAMPLE), "QIBI_LANG": "en", "QIBI_TODAY": "2026-11-18"}
    yield made


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "docx"], "no format 'docx'"),
        (["--size", "a5"], "no size 'a5'"),
        (["--format", "html", "--size", "a4"], "can't go together"),
        (["--member", "nobody-at-all"], "nobody-at-all"),
        (["--week", "2026-W48"], "nobody has been scored"),
    ],
)
def test_what_can_not_be_is_refused(scene: Scene, words: list[str], said: str) -> None:
    terminal, code = scene.qibi(
        ["board", "--week", OPEN, *words] if "--week" not in words else ["board", *words]
    )
    assert code in (1, 2) and said in "".join(terminal.text)


@pytest.mark.parametrize(("package", "form"), [("typst", "pdf"), ("jinja2", "html")])
def test_a_missing_extra_says_what_to_install(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, package: str, form: str
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == package:
            raise ModuleNotFoundError(f"No module named '{package}'", name=package)
        return real(name, *rest, **more)

    html._templates.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    terminal, code = scene.qibi(["board", "--week", OPEN, "--format", form])
    said = "".join(terminal.text)
    assert code == 2 and package in said and "pip install 'qibi[board]'" in said


def test_the_file_is_named_by_book_and_week(scene: Scene) -> None:
    terminal, code = scene.qibi(["board", "--week", OPEN])
    assert code == 0 and "example-2026-W46.html" in "".join(terminal.text)
    _terminal, code = scene.qibi(["board", "--week", OPEN, "--member", "o1-008", "-o", "a.pdf"])
    assert code == 0
    made = {path.name for path in scene.folder.rglob("*") if path.is_file()}
    assert {"example-2026-W46.html", "a.pdf"} <= made


def test_a_plain_book_shows_no_party_word_and_no_chinese(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.environment |= {"QIBI_LANG": "en", "QIBI_AS": "t1-001", "QIBI_TODAY": "2026-11-18"}
    for words in (
        ["init", ".", "--template", "plain"],
        ["score", "-e", "t1-002 delivery.on-time", "--week", "W46", "--no-commit"],
        ["score", "--no-events", "--branch", "team-1", "--week", "W46", "--no-commit"],
        ["board", "--week", "W46", "-o", "b.html"],
        ["board", "--week", "W46", "--member", "t1-002", "-o", "s.html"],
    ):
        terminal, code = scene.qibi(words)
        assert code == 0, "".join(terminal.text)
    for name in ("b.html", "s.html"):
        text = Page((scene.folder / name).read_bytes()).text
        assert "Sample B" in text and "+2" in text
        assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]|\bparty\b|\bCP\b|branch", text, re.I)

"""A book's definitions once loaded: who belongs where in which week, what is worth what."""

import shutil
from pathlib import Path

import msgspec
import pytest

from qibi.base import language, weeks
from qibi.base.findings import Faults
from qibi.book.definitions import Definitions
from qibi.book.load import load, sources
from transcripts.harness import BOOKS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(BOOKS["small"], tmp_path / "book")
    return tmp_path / "book"


@pytest.fixture
def book(root: Path) -> Definitions:
    return load(root)


@pytest.mark.parametrize(
    ("subject", "week", "branch"),
    [
        ("e-ann", "2026-W40", "east"),
        ("e-ann", "2026-W39", None),  # the branch begins in W40
        ("e-eve", "2026-W45", "east"),
        ("e-eve", "2026-W46", None),
        ("e-fay", "2026-W46", "east"),
        ("e-fay", "2026-W47", "west"),
        ("east", "2026-W40", "east"),
        ("east", "2026-W39", None),
        ("east-cp", "2026-W46", "east"),
        ("east-cp", "2026-W39", None),
        ("nobody", "2026-W46", None),
    ],
)
def test_who_belongs_where(book: Definitions, subject: str, week: str, branch: str | None) -> None:
    assert book.branch_of(subject, week) == branch


def test_members_of_a_branch_stand_in_the_order_of_the_file(book: Definitions) -> None:
    ids = [m.id for m in book.members_of("east", "2026-W46")]
    assert ids == ["e-ann", "e-bob", "e-cora", "e-dan", "e-fay", "e-gus"]
    assert book.members_of("east", "2026-W39") == []
    assert book.members_of("north", "2026-W46") == []


def test_kinds_of_subjects(book: Definitions) -> None:
    assert [book.kind(k) for k in ("e-ann", "east-cp", "west", "x")] == [
        "member",
        "cp",
        "branch",
        None,
    ]


def test_the_scheme_of_a_week_is_the_latest_in_force(root: Path) -> None:
    text = (root / "scheme/2026-W40.yaml").read_text("utf-8")
    (root / "scheme/2026-W47.yaml").write_text(text.replace("cap: 3", "cap: 5"), "utf-8")
    book = load(root)
    caps = {
        week: scheme.item("safety.hazard-closed").cap if (scheme := book.scheme(week)) else None
        for week in ("2026-W39", "2026-W40", "2026-W46", "2026-W47", "2030-W01")
    }
    assert list(caps.values()) == [None, 300, 300, 500, 500]


@pytest.mark.parametrize(
    ("item", "points", "fits"),
    [
        ("safety.stop-work", -500, True),
        ("safety.stop-work", -400, False),
        ("safety.award", 400, True),
        ("safety.award", 300, False),
        ("safety.ignored", -200, True),
        ("safety.ignored", -125, True),
        ("safety.ignored", -100, True),
        ("safety.ignored", -201, False),
        ("safety.ignored", 0, False),
    ],
)
def test_what_one_event_may_be_worth(book: Definitions, item: str, points: int, fits: bool) -> None:
    scheme = book.scheme("2026-W46")
    assert scheme and (found := scheme.item(item))
    assert found.takes(points) is fits


def test_names_in_either_language_and_from_names_yaml(root: Path) -> None:
    (root / "names.yaml").write_text("e-ann: {zh: 安, en: Ann}\nwest: Far west\n", "utf-8")
    book = load(root)
    try:
        language.use("zh")
        assert book.title("e-ann") == "安"
        language.use("en")
        assert book.title("e-ann") == "Ann"
    finally:
        language.use("en")
    assert book.title("west") == "Far west"
    assert book.title("nobody") == "nobody"
    assert book.by_folded_name["danli"] == ("e-dan", "w-dan")


def test_all_optional_fields_may_be_left_out(tmp_path: Path) -> None:
    files = {
        "qibi.yaml": "id: tiny\n",
        "scheme/2026-W01.yaml": "total: {min: 0, max: 10}\ncriteria:\n  - {id: a, applies_to: [member], base: 5, min: 0, max: 10, scoring: direct}\n",
        "branches/team.yaml": "id: team\nmembers: [{id: a1}]\n",
        "plans/team-cp.yaml": "cp: team-cp\n",
        "branches/pair.yaml": "id: pair\nmembers: [{id: b1}, {id: b2}]\ncps: [{id: team-cp, members: {x: b1, y: b2}}]\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    book = load(tmp_path)
    assert (book.language, book.timezone) == ("zh-CN", "Asia/Shanghai")
    member = book.membership("a1", "2026-W01")
    assert member and (member.status, member.since, member.until) == (
        "full",
        weeks.BEGIN,
        weeks.END,
    )
    assert book.schemes[0].period_total == "sum"
    assert book.schemes[0].eligible == ("full", "probationary", "activist", "staff")


def test_the_cache_gives_the_same_and_heals_itself(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fresh = load(root, cache)
    (kept,) = (cache / "definitions").iterdir()
    assert load(root, cache) == fresh == load(root)
    for damage in (b"", b"\xc1", kept.read_bytes()[:-5], msgspec.msgpack.encode([1, 2])):
        kept.write_bytes(damage)
        assert load(root, cache) == fresh


def test_the_cache_sees_every_change(root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load(root, cache)
    branch = root / "branches/east.yaml"
    branch.write_text(branch.read_text("utf-8").replace("Ann Berg", "Ann Bergh"), "utf-8")
    assert load(root, cache).title("e-ann") == "Ann Bergh"
    branch.write_text("id: east\nmembers: [{id: e-ann, unit: onwer}]\n", "utf-8")
    with pytest.raises(Faults):
        load(root, cache)


def test_a_cache_that_cannot_be_written_only_costs_time(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert load(root, tmp_path / "file" / "below") == load(root)


def test_files_stand_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    (tmp_path / "branches").mkdir()
    for name in ("qibi.yaml", "branches/b-10.yaml", "branches/b-2.yml", "branches/notes.txt"):
        (tmp_path / name).write_text("")
    found = [s.path for s in sources(tmp_path)]
    assert found == ["qibi.yaml", "branches/b-2.yml", "branches/b-10.yaml"]


@pytest.mark.parametrize(
    "zone",
    [
        *("localtime", "LOCALTIME", "posixrules", "Factory", "posix/Asia/Shanghai", "posix"),
        *("right/Asia/Shanghai", "leapseconds", "tzdata.zi", "zone.tab", "Asia", "asia/shanghai"),
        *("/usr/share/zoneinfo/Asia/Shanghai", "Asia/../Asia/Shanghai", "../zoneinfo/UTC"),
        *("./UTC", "Asia/", "Asia//Shanghai", "/etc/localtime", "CST-8"),
    ],
)
def test_a_zone_that_is_another_on_each_machine_is_refused(root: Path, zone: str) -> None:
    book = root / "qibi.yaml"
    book.write_text(book.read_text("utf-8").replace("Asia/Shanghai", f'"{zone}"'), "utf-8")
    with pytest.raises(Faults) as refused:
        load(root)
    (finding,) = refused.value.findings
    assert (finding.path, finding.line) == ("qibi.yaml", 5) and "Asia/Shanghai" in finding.message


@pytest.mark.parametrize(
    "zone", ["UTC", "PRC", "Etc/GMT+8", "America/Argentina/ComodRivadavia", "Africa/El_Aaiun"]
)
def test_a_zone_of_the_database_is_taken(root: Path, zone: str) -> None:
    book = root / "qibi.yaml"
    book.write_text(book.read_text("utf-8").replace("Asia/Shanghai", zone), "utf-8")
    assert load(root).timezone == zone

"""From the built wheel, in an environment that holds nothing else: roster, sheets, ranking, git."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from outside import REPOSITORY, Outside, surroundings

WEEK = "2026-W47"
ROSTER = """\
支部,姓名,身份,党小组,单位,项目CP角色
东线支部,示例甲,正式党员,第一党小组,建设单位,热力
东线支部,示例乙,正式党员,第一党小组,施工单位,工程
东线支部,示例丙,预备党员,第二党小组,设计单位,设计
西线支部,示例丁,正式党员,,施工单位,
西线支部,示例戊,正式党员,,施工单位,
西线支部,示例己,入党积极分子,,监理单位,
"""
EAST = """\
东线支部  2026年第47周考评表
姓名,评分项,次数,佐证,评分人,批准人,说明
示例乙,隐患排查并闭环,4,照片1117-1至4,安全员,示例丙,沟槽支护
示例乙,无事故周,1,,安全员,,
示例丙,工完场未清,1,照片1118-1,监理,,
示例丙,堆放/清扫/标牌,1,照片1118-1,监理,,与上条同一处
示例丙,裸土未覆盖/车辆未冲洗,7,照片1119-1至7,监理,示例乙,
"""
# A row a person, a column an item: a week on leave, one more than its cap, and a sum nobody asked for.
WEST = [
    ["西线支部  2026年第47周"],
    ["姓名", "自查无问题", "学习心得分享", "合计"],
    ["示例丁", 1, 3, 102.5],
    ["示例戊", None, None, "请假"],
    ["示例己", 1, None, 101],
]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository, built once."""
    place = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(place), str(REPOSITORY)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a fresh environment into which only the wheel was installed."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=True)
    found = place / ("Scripts" if sys.platform == "win32" else "bin")
    command = [str(found / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return found


@pytest.fixture
def outside(scripts: Path, tmp_path: Path) -> Outside:
    """A secretary's Monday after the week, on a machine that knows nothing of them."""
    return surroundings(tmp_path, "zh", python=scripts / "python")


def test_from_a_roster_to_the_committed_week(outside: Outside) -> None:
    (outside.folder / "花名册.csv").write_text(ROSTER, "utf-8-sig")
    outside.run("qibi", "init", "示例", "--roster", "花名册.csv", "--as", "示例甲")
    book = outside.at("示例")
    assert book.run("qibi", "check") == ""
    assert book.run("git", "config", "qibi.as").strip() == "b01-001"

    (outside.folder / "东线.csv").write_text(EAST, "utf-8")
    _write_xlsx(outside.folder / "西线.xlsx", WEST)
    said = book.run("qibi", "score", "../东线.csv", "../西线.xlsx")
    assert "东线支部 5条" in said and "西线支部 4条" in said
    first = _batches(book)
    assert [path.name.rpartition("-")[0] for path in first] == ["b01", "b02"]

    # By hand, from 100. Yi: 4 hazards cut at +3, +0.5. Ding: +1, three notes of 0.5 cut at +1.
    # Jia: nothing. Bing: -2, the item that -2 excludes 0, 7 x -0.5 cut at -3.
    assert _ranking(book) == [
        (1, "示例乙", 103.5, "excellent"),
        (2, "示例丁", 102, "good"),
        (3, "示例甲", 100, "good"),
        (4, "示例丙", 95, "pass"),
    ]
    assert _without_place(book) == {"示例戊": "exempt", "示例己": "ineligible"}
    assert "名次" in book.run("qibi", "rank", "--week"), "the wheel lacks its Chinese catalog"
    book.run("qibi", "commit")

    mended = EAST.replace("隐患排查并闭环,4,", "隐患排查并闭环,1,")
    (outside.folder / "东线.csv").write_text(mended, "utf-8")
    # in time, a recorder corrects the own sheet freely; the difference is shown
    assert "隐患排查并闭环 x4 +4 (沟槽支护) -> " in book.run("qibi", "score", "../东线.csv")
    (added,) = set(_batches(book)) - set(first)
    assert [json.loads(line)["kind"] for line in added.read_text("utf-8").splitlines()] == [
        "void",
        "score",
    ]
    assert _ranking(book) == [
        (1, "示例丁", 102, "good"),
        (2, "示例乙", 101.5, "good"),
        (3, "示例甲", 100, "good"),
        (4, "示例丙", 95, "pass"),
    ]
    book.run("qibi", "commit")

    book.run("qibi", "score", "../东线.csv", "../西线.xlsx")
    assert len(_batches(book)) == 3, "the same sheets again recorded something"
    assert book.run("qibi", "check") == ""
    _assert_history(book)


def test_the_tour_runs_and_leaves_nothing(outside: Outside, scripts: Path) -> None:
    said = outside.run(str(scripts / "qibi"), "demo")
    assert "$ qibi rank --week --top 10" in said and "辰零二" in said
    assert list(outside.folder.iterdir()) == []


def _assert_history(book: Outside) -> None:
    """Both commits say what they hold; nothing was ever changed in the ledger; names prove bytes."""
    newest, oldest = book.run("git", "log", "--format=%s%n%b%x1e").strip("\n\x1e").split("\x1e")
    assert "东线支部" in newest and "西线支部" not in newest and WEEK in newest
    assert "东线支部" in oldest and "西线支部" in oldest and WEEK in oldest
    assert book.run("git", "log", "--diff-filter=a", "--name-only", "--", "ledger") == ""
    committed = book.run("git", "ls-files", "-z", "ledger").split("\0")
    assert sorted(filter(None, committed)) == sorted(
        path.relative_to(book.folder).as_posix() for path in _batches(book)
    )
    for path in _batches(book):
        assert path.stem.rpartition("-")[2] == hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _batches(book: Outside) -> list[Path]:
    return sorted((book.folder / "ledger" / "2026" / "W47").glob("*.jsonl"))


def _rank(book: Outside) -> dict[str, Any]:
    book.run("qibi", "rank", "--week", WEEK, "--format", "json", "-o", "../rank.json")
    found: dict[str, Any] = json.loads((book.folder.parent / "rank.json").read_text("utf-8"))
    assert found["qibi"] == 1 and found["period"]["weeks"] == [WEEK] and not found["provisional"]
    return found


def _ranking(book: Outside) -> list[tuple[int, str, float, str]]:
    """Rank, name, total and grade, the same in JSON and in CSV."""
    found = [(s["rank"], s["name"], s["total"], s["grade"]) for s in _rank(book)["standings"]]
    text = book.run("qibi", "rank", "--week", WEEK, "--format", "csv").lstrip("\ufeff")
    rows = list(csv.reader(io.StringIO(text)))[1 : len(found) + 1]
    assert [(int(r[0]), r[3], float(r[5])) for r in rows] == [line[:3] for line in found]
    return found


def _without_place(book: Outside) -> dict[str, str]:
    return {u["name"]: u["reason"] for u in _rank(book)["unranked"]}


def _write_xlsx(path: Path, rows: list[list[Any]]) -> None:
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("第47周")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

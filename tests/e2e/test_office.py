"""LibreOffice opens what qibi writes: workbooks of standings, and minutes as docx."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from transcripts.harness import BOOKS

pytestmark = pytest.mark.external
WEEK = "2026-W44"  # closed
UTF8_CSV = "csv:Text - txt - csv (StarCalc):44,34,76"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for program in ("soffice", "pdftotext", "pdfinfo"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is not installed: apt-get install libreoffice poppler-utils")
    made = tmp_path_factory.mktemp("office")
    shutil.copytree(BOOKS["example"], made / "book")
    return made


def qibi(place: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "qibi", "--book", str(place / "book"), *arguments],
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def converted(place: Path, name: str, kind: str) -> Path:
    """A file as LibreOffice writes it in another format."""
    subprocess.run(
        [
            "soffice",
            "--headless",
            f"-env:UserInstallation={(place / 'profile').as_uri()}",
            "--convert-to",
            kind,
            "--outdir",
            str(place / "converted"),
            str(place / name),
        ],
        check=True,
        capture_output=True,
        timeout=240,
    )
    return place / "converted" / f"{Path(name).stem}.{kind.split(':')[0]}"


def text_of(pdf: Path) -> str:
    done = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True)
    return "".join(done.stdout.decode().split())


def pages(pdf: Path) -> tuple[int, str]:
    """How many pages, and their size as pdfinfo says it."""
    done = subprocess.run(["pdfinfo", str(pdf)], check=True, capture_output=True, text=True)
    facts = dict(line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
    return int(facts["Pages"]), facts["Page size"].strip()


def test_the_summary_of_a_workbook_is_read_back_as_it_was_ranked(place: Path) -> None:
    qibi(place, "export", WEEK, "-o", "standings.xlsx")
    text = converted(place, "standings.xlsx", UTF8_CSV).read_text("utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    heading = next(n for n, row in enumerate(rows) if row[0] == "名次")
    names, totals = rows[heading].index("支部"), rows[heading].index("总分")
    ranking = json.loads(qibi(place, "rank", WEEK, "--by", "branch", "--format", "json"))
    found = rows[heading + 1 : heading + 1 + len(ranking["standings"])]
    assert [(row[names], float(row[totals])) for row in found] == [
        (s["name"], s["total"]) for s in ranking["standings"]
    ]


def test_a_workbook_prints_with_every_member_on_a4_one_page_a_branch(place: Path) -> None:
    qibi(place, "export", WEEK, "-o", "print.xlsx")
    pdf = converted(place, "print.xlsx", "pdf")
    text = text_of(pdf)
    ranking = json.loads(qibi(place, "rank", WEEK, "--format", "json"))
    for standing in ranking["standings"]:
        assert standing["name"] in text and standing["subject"] in text
    assert "等级分布" in text  # a chart's title
    count, size = pages(pdf)
    assert count == 20 and size.endswith("(A4)")


def test_minutes_open_with_everything_that_the_week_says(place: Path) -> None:
    qibi(place, "minutes", "--week", WEEK, "-o", "minutes.docx")
    pdf = converted(place, "minutes.docx", "pdf")
    text = text_of(pdf)
    lists = json.loads(qibi(place, "lists", WEEK, "--format", "json"))["lists"]["cp"]
    for named in (*lists["red"], *lists["black"]):
        assert "".join(named["name"].split()) in text
    seal = json.loads((place / "book" / "seals" / f"{WEEK}.json").read_text("utf-8"))
    digest = subprocess.run(
        ["sha256sum", str(place / "book" / "seals" / f"{WEEK}.json")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()[0]
    assert digest in text and seal["closed_at"] in text
    for heading in (
        "一、考评情况",
        "红榜：介绍经验",
        "黑榜：作出检查，汇报措施",
        "议定事项",
        "签名",
    ):
        assert heading in text
    assert text.count("发言人：") == len(lists["red"]) + len(lists["black"])
    count, size = pages(pdf)
    assert 2 <= count <= 4 and size.endswith("(A4)")

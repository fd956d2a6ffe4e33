"""`qibi attach`: files go into the book under safe names, and the entry is recorded anew."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from test_init import Run
from test_member import book as book

from qibi.commands import attach
from qibi.ledger.evidence_files import safe_name

DIRECT = """\
  - {id: tidy, applies_to: [member], base: 5, min: 0, max: 10, scoring: direct}
"""


@pytest.fixture
def scored(book: Path) -> Path:
    with (book / "scheme/2026-W01.yaml").open("a") as scheme:
        scheme.write(DIRECT)
    place = ("--week", "W46", "--branch", "east", "--as", "e-03")
    assert Run(book, "score", *place, "--no-events").code == 0
    assert Run(book, "score", *place, "-e", "Ann good x3 for the pit").code == 0
    (book / "好 照片.JPG").write_bytes(b"photo")
    (book / "letter.pdf").write_bytes(b"letter")
    return book


def entries(root: Path, kind: str = "score") -> list[dict[str, Any]]:
    run = Run(root, "log", "--week", "W46", "--format", "json")
    return [e for e in json.loads(run.out)["entries"] if e["kind"] == kind]


def attached(root: Path, *arguments: str, code: int = 0) -> Run:
    run = Run(root, "attach", *arguments, QIBI_AS="e-02")
    assert run.code == code, run.err
    return run


def refused(root: Path, *arguments: str) -> str:
    before = sorted(p for p in root.rglob("*") if p.name != ".lock")
    said = attached(root, *arguments, code=1).err
    assert sorted(p for p in root.rglob("*") if p.name != ".lock") == before
    return said


def test_the_entry_is_recorded_anew_with_its_evidence(scored: Path) -> None:
    (old,) = entries(scored)
    dry = attached(scored, old["id"], "好 照片.JPG", "--dry-run")
    assert "would attach evidence/2026-W46/好-照片.jpg (photo)" in dry.err
    assert not (scored / "evidence").exists() and len(entries(scored)) == 1
    run = attached(scored, old["id"], "好 照片.JPG", "letter.pdf")
    assert "next: qibi commit" in run.err and "Ann: 18 -> 18" in run.out
    void, new = entries(scored)[0], entries(scored)[1]
    assert void["void"] and not new["void"]
    assert new["evidence"] == [
        {
            "kind": kind,
            "path": f"evidence/2026-W46/{name}",
            "sha256": hashlib.sha256(raw).hexdigest(),
        }
        for kind, name, raw in (
            ("photo", "好-照片.jpg", b"photo"),
            ("document", "letter.pdf", b"letter"),
        )
    ]
    for evidence in new["evidence"]:
        raw = (scored / evidence["path"]).read_bytes()
        assert hashlib.sha256(raw).hexdigest() == evidence["sha256"]
    same = ("subject", "item", "points", "count", "note", "week", "branch")
    assert [new[k] for k in same] == [old[k] for k in same]
    assert (new["recorded_by"], new["scored_by"]) == ("e-02", "e-03"), "the judge stays who judged"
    assert Run(scored, "check").code == 0
    assert "is void already" in refused(scored, old["id"], "letter.pdf")
    assert "is attached already" in refused(scored, new["id"], "letter.pdf")


def test_no_other_content_is_replaced(scored: Path) -> None:
    (scored / "a").mkdir()
    (scored / "a" / "LETTER.pdf").write_bytes(b"another")
    attached(scored, entries(scored)[0]["id"], "letter.pdf", "a/LETTER.pdf", "--kind", "letter")
    folder = scored / "evidence/2026-W46"
    digest = hashlib.sha256(b"another").hexdigest()[:8]
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {
        "letter.pdf": b"letter",
        f"LETTER-{digest}.pdf": b"another",
    }
    live = next(e for e in entries(scored) if not e["void"])
    (scored / "third.pdf").write_bytes(b"third")
    attached(scored, live["id"], "third.pdf", "--kind", "patent", "--note", "first prize")
    live = next(e for e in entries(scored) if not e["void"])
    assert [e["kind"] for e in live["evidence"]] == ["letter", "letter", "patent"]
    assert live["note"] == "first prize"


def test_the_same_content_is_kept_once(scored: Path) -> None:
    place = ("--week", "W46", "--branch", "east", "--as", "e-03")
    assert Run(scored, "score", *place, "-e", "Bob good").code == 0
    for entry in entries(scored):
        attached(scored, entry["id"], "letter.pdf")
    assert len(list((scored / "evidence/2026-W46").iterdir())) == 1


def test_refusals(scored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = entries(scored)[0]["id"]
    (scored / "empty.txt").touch()
    assert "is empty" in refused(scored, key, "empty.txt")
    assert "is a folder" in refused(scored, key, "branches")
    assert "no kind 'photograph'" in refused(scored, key, "letter.pdf", "--kind", "photograph")
    assert "only scores" in refused(scored, entries(scored, "assessed")[0]["id"], "letter.pdf")
    assert "there is no entry" in refused(scored, "0123.1", "letter.pdf")
    assert "500 characters" in refused(scored, key, "letter.pdf", "--note", "x" * 501)
    attached(scored, key, "nothing.pdf", code=2)
    monkeypatch.setattr(attach, "MAX_BYTES", 5)
    assert "larger than 20 MB" in refused(scored, key, "letter.pdf")
    (void,) = [e for _n in [attached(scored, key, "好 照片.JPG")] for e in entries(scored, "void")]
    assert "itself a void" in refused(scored, void["id"], "letter.pdf")


def test_a_direct_score_that_was_replaced_stays_replaced(
    scored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ("--week", "W46", "--branch", "east", "--as", "e-03")
    for points in ("7", "8"):
        assert Run(scored, "score", *place, "-e", f"Ann tidy {points}").code == 0
    direct = sorted((e for e in entries(scored) if e["item"] == "tidy"), key=lambda e: e["id"])
    earlier, later = direct  # of one second: the larger digest counts
    assert "counts in its place" in refused(scored, earlier["id"], "letter.pdf")
    attached(scored, later["id"], "letter.pdf")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a b.PDF", "a-b.pdf"),
        ("a-b..c.x y", "a-b.c.x-y"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "file"),
        (".hidden", "hidden"),
        ("CON.txt", "file-CON.txt"),
        ("a:b*c?.tar.gz", "a-b-c.tar.gz"),
        ("整改 前（一）.jpeg", "整改-前-一.jpeg"),
        ("x" * 300 + ".jpg", "x" * 60 + ".jpg"),
        ("\u202eevil\x1b.png", "evil.png"),
        ("noending", "noending"),
    ],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe

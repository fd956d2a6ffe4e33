"""Evidence that is a file of the book: what it may be, and that it stays what it was."""

import hashlib
import json

import pytest

from transcripts.harness import Scene

STAMP = {
    "week": "2026-W46",
    "branch": "east",
    "recorded_by": "e-ann",
    "recorded_at": "2026-11-17T09:00:00+08:00",
}
OWN = [
    "ledger/2026/W46/east-f91d600300a98c31.jsonl",
    "Ledger/2026/W46/east-f91d600300a98c31.jsonl",
    "./ledger/2026/W46/east-f91d600300a98c31.jsonl",
    "evidence//../ledger/x.jsonl",
    "LEDGER./x",
    "ｌｅｄｇｅｒ/x",
    "ledger::$INDEX_ALLOCATION/x",
    "seals/2026-W45.json",
    "sheets/2026/W46/x.csv",
    "qibi.yaml",
    "QIBI~1.YAM",
    "names.yaml",
    "Names.YAML",
    "scheme/2026-W40.yaml",
    "branches/east.yaml",
    "plans/x.yaml",
    "schemas/book.schema.json",
    ".gitattributes",
    ".git/config",
    "evidence/.GIT/config",
    "GIT~1/config",
]


def batch_with(scene: Scene, path: str, sha256: str = "0" * 64) -> str:
    """A batch with a score that names a file as evidence; where it stands."""
    file = {"kind": "document", "path": path, "sha256": sha256}
    entry = {"kind": "score", "subject": "e-bob", "item": "site.tidy", "points": 1} | STAMP
    raw = json.dumps(entry | {"evidence": [file]}, ensure_ascii=False).encode() + b"\n"
    place = f"ledger/2026/W46/east-{hashlib.sha256(raw).hexdigest()[:16]}.jsonl"
    (scene.folder / place).write_bytes(raw)
    return place


def test_no_entry_may_name_the_books_own_records(scene: Scene) -> None:
    backward = "..", "\\"
    places = {path: batch_with(scene, path) for path in OWN if not any(b in path for b in backward)}
    printed = scene.run("qibi check")
    for path, place in places.items():
        assert f"{place}:1: error: evidence {path} is one of the book's own records" in printed
    assert "own records" in scene.run("qibi commit")
    scene.direct("run", "git add . && git commit -qm batches", [])
    printed = scene.run("qibi audit")
    for path, place in places.items():
        assert f"{place}:1: evidence {path} is one of the book's own records" in printed


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "ledger\\x", "evidence/../ledger/x"])
def test_what_leads_out_is_no_evidence(scene: Scene, path: str) -> None:
    place = batch_with(scene, path)
    for command in ("check", "log W46", "commit"):
        printed = scene.run(f"qibi {command}")
        assert f"{place}:1: " in printed and "not a path within the book" in printed


@pytest.mark.parametrize("path", [*OWN, "evidence/../ledger/x", "ledger\\2026\\W46\\x.jsonl"])
def test_none_is_recorded(scene: Scene, path: str) -> None:
    scene.direct("file", "week.csv", ["name,item,evidence", f"e-bob,safety.hazard-closed,{path}"])
    printed = scene.run("qibi score week.csv --week W46 --add")
    assert "own records" in printed and "[exit 1]" in printed, printed
    printed = scene.run(f"qibi fix f91d.2 --reason x --evidence '{path}'")
    assert "own records" in printed and "[exit 1]" in printed, printed


@pytest.mark.parametrize(
    "command",
    [
        'score -e "e-bob hazard-closed" --week W46 --evidence "photo 1;ledger/2026/x"',
        "remedy open e-bob --week W46 --owner e-ann --due 2026-12-01 --measure m --evidence seals/x.json",
        "attach f91d.2 branches/east.yaml",
        "attach f91d.2 qibi.yaml",
        "attach f91d.2 ledger/2026/W46/east-f91d600300a98c31.jsonl",
        "attach f91d.2 linked.txt",
    ],
)
def test_nor_by_any_other_command(scene: Scene, command: str) -> None:
    (scene.folder / "linked.txt").symlink_to("branches/east.yaml")
    printed = scene.run(f"qibi {command}")
    assert "own records" in printed and "[exit 1]" in printed, printed
    assert not (scene.folder / "evidence").exists()


@pytest.mark.parametrize(
    "words",
    ["notice 2026-114", "photo 3/4", "网盘/照片", "/srv/photos/1.jpg", "ledger p. 4", "seals"],
)
def test_other_words_are_evidence(scene: Scene, words: str) -> None:
    printed = scene.run(f"qibi fix f91d.2 --reason x --evidence '{words}'")
    assert "recorded" in printed and "[exit" not in printed, printed


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_evidence_stays_what_it_was(scene: Scene, harm: str) -> None:
    scene.direct("file", "photo.jpg", ["a picture"])
    scene.run("qibi attach f91d.2 photo.jpg")
    assert "committed" in scene.run("qibi commit")
    (path,) = (p for p in (scene.folder / "evidence").rglob("*") if p.is_file())
    raw = path.read_bytes()
    path.write_bytes(raw + b"x") if harm == "changed" else path.unlink()
    place = path.relative_to(scene.folder).as_posix()
    for command in ("check", "commit", "close W46"):
        printed = scene.run(f"qibi {command}")
        assert f"{place}: " in printed and f"{harm}" in printed and "[exit 1]" in printed, printed
        assert f"git checkout -- {place}" in printed
    assert "[exit" not in scene.run("qibi rank W46")
    scene.direct("run", f"git checkout -- {place}", [])
    assert "error" not in scene.run("qibi check")
    path.write_bytes(raw + b"x")  # what is void needs no evidence
    (key,) = {
        f"{p.name[-22:-6]}.2"
        for p in (scene.folder / "ledger/2026/W46").iterdir()
        if place.encode() in p.read_bytes()
    }
    scene.run(f"qibi void {key} --reason x")
    assert "error" not in scene.run("qibi check")


@pytest.mark.parametrize(
    "path",
    [
        "{book}/qibi.yaml",
        "{book}/evidence/../ledger/2026/W46/x.jsonl",
        "{BOOK}/QIBI.YAML",
        "../{name}/qibi.yaml",
        "../{name}/evidence/../branches/east.yaml",
        "../link/scheme/2026-W40.yaml",
        "{place}/link/names.yaml",
        "{place}/rules",
        "rules.link",
        "file://{book}/qibi.yaml",
        "pennant:{book}/qibi.yaml",
        "letter:qibi.yaml",
    ],
)
def test_none_is_recorded_by_whatever_way_it_is_named(scene: Scene, path: str) -> None:
    (scene.place / "link").symlink_to(scene.folder)
    (scene.place / "rules").symlink_to(scene.folder / "scheme/2026-W40.yaml")
    (scene.folder / "rules.link").symlink_to(scene.folder / "scheme/2026-W40.yaml")
    names = {"book": scene.folder, "name": scene.folder.name, "place": scene.place}
    path = path.format(**names, BOOK=str(scene.folder).upper())
    scene.direct("file", "week.csv", ["name,item,evidence", f"e-bob,safety.hazard-closed,{path}"])
    for command in (
        "score week.csv --week W46 --add",
        f"score -e 'e-bob safety.hazard-closed' --week W46 --evidence '{path}'",
        f"fix f91d.2 --reason x --evidence '{path}'",
        f"remedy open e-bob --week W46 --owner e-ann --measure m --due 2026-11-25 --evidence '{path}'",
    ):
        printed = scene.run(f"qibi {command}")
        assert "own records" in printed and "[exit 1]" in printed, (command, printed)
    if path.startswith(("pennant", "letter")):
        assert "own records" in scene.run(f"qibi attach f91d.2 '{path}'")


@pytest.mark.parametrize(
    "text",
    ["/archive/branches/7.pdf", "../minutes/46.pdf", "notice 2026/114", "ledger p.3", "{book}x/qibi.yaml", "{book}/evidence/a.jpg"],
)  # fmt: skip
def test_what_only_looks_like_it_is_recorded(scene: Scene, text: str) -> None:
    text = text.format(book=scene.folder)
    command = "qibi score -e 'e-bob safety.hazard-closed' --week W46 --evidence"
    printed = scene.run(f"{command} '{text}'")
    assert "recorded 1 entry" in printed, printed

"""The registry of checks: what it runs, what it never hides, and what is not its business.

The exact finding of each check stands in `tests/broken_books`.
"""

from pathlib import Path

import pytest

from broken_books.test_broken_books import HERE, laid_out
from qibi.checks.registry import WARNINGS, run, run_all
from qibi.ledger.git import Git
from transcripts.harness import Scene

STAMP = '"branch":"east","recorded_by":"ann","recorded_at":"2026-11-16T09:00:00+08:00"'


@pytest.fixture
def sound(tmp_path: Path) -> Scene:
    return laid_out(HERE / "sound", tmp_path)


def test_every_check_has_a_code_of_its_own_and_says_what_it_looks_for() -> None:
    codes = [c.code for c in WARNINGS]
    assert len(set(codes)) == len(codes)
    for check in WARNINGS:
        assert check.explanation.endswith(".") and "\n" not in check.explanation


def test_mistakes_in_definitions_do_not_hide_those_in_the_ledger(sound: Scene) -> None:
    (sound.folder / "qibi.yaml").write_text("id: sound\ntimezone: Nowhere\n")
    (sound.folder / "ledger/2026/W46").mkdir(parents=True)
    (sound.folder / "ledger/2026/W46/east.jsonl").write_text("")
    found = run_all(sound.folder, None)
    assert {f.path.split("/")[0] for f in found.errors} >= {"qibi.yaml", "ledger"}


def test_what_was_looked_at_is_counted(sound: Scene) -> None:
    sound.environment["QIBI_AS"] = "ann"
    for arguments in ("score --no-events --week W46", 'score -e "bob hazard" --week W46'):
        assert "recorded" in sound.run(f"qibi {arguments}")
    found = run_all(sound.folder, None)
    assert (found.batches, found.entries, found.errors, found.warnings) == (2, 2, [], [])


def test_a_void_heals_a_warning(sound: Scene) -> None:
    sound.environment["QIBI_AS"] = "ann"
    sound.run("qibi score --no-events --week W46")
    for _twice in range(2):
        sound.run('qibi score -e "bob hazard valve" --week W46')
    (warning,) = run_all(sound.folder, None).warnings
    assert warning.code == "possible-double"
    entry = warning.message.rsplit(" ", 1)[-1]
    sound.run(f"qibi void {entry} --reason twice")
    assert run_all(sound.folder, None).warnings == []


@pytest.mark.parametrize(
    "path", [".lock", "2026/W46/.east-0123.jsonl.99.tmp", "2026/W47/", "2027/"]
)
def test_what_qibi_itself_leaves_is_no_stray(sound: Scene, path: str) -> None:
    place = sound.folder / "ledger" / path
    if path.endswith("/"):
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("")
    assert run_all(sound.folder, None).errors == []


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "2026/notes.txt",
        "2026/W46/notes.txt",
        "2026/W46/deep/er.jsonl",
        "2026/W54/a.jsonl",
        "W46/a.jsonl",
    ],
)
def test_strays_are_named(sound: Scene, path: str) -> None:
    place = sound.folder / "ledger" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("x")
    assert [f.path for f in run_all(sound.folder, None).errors] == [f"ledger/{path}"]


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("Ledger/2026/W46/x.jsonl", "ledger"),
        ("SEALS/2026-W46.json", "seals"),
        ("Qibi.yaml", "qibi.yaml"),
        ("qibi.yaml.", "qibi.yaml"),
        ("qibi.yaml ", "qibi.yaml"),
        ("qibi.yaml::$DATA", "qibi.yaml"),
        ("ledger\\2026\\w46\\x.jsonl", "ledger/2026/W46/x.jsonl"),
        ("led\u200cger/x", "ledger"),
        ("\u017feals/x", "seals"),
        ("branches/East.yaml", "branches/East.yaml"),
        ("scheme/2026-w40.yaml", "scheme/2026-W40.yaml"),
    ],
)
def test_names_that_another_file_system_takes_for_a_books_are_errors(
    sound: Scene, path: str, other: str
) -> None:
    place = sound.folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("x")
    found = [f for f in run_all(sound.folder, None).errors if f.code == "twin"]
    assert len(found) == 1 and other in found[0].path + found[0].message


def test_twins_of_evidence_and_in_two_normal_forms_are_found_in_what_git_holds(
    sound: Scene,
) -> None:
    for name in ("A.jpg", "a.jpg", "\u00e9.jpg", "e\u0301.jpg", "b.jpg"):
        (sound.folder / "evidence").mkdir(exist_ok=True)
        (sound.folder / "evidence" / name).write_text(name)
    sound.direct("run", "git init -q && git add -A", [])
    git = Git(sound.folder, sound.environment)
    found = [f.path for f in run_all(sound.folder, None, git=git).errors if f.code == "twin"]
    assert found == ["evidence/A.jpg", "evidence/e\u0301.jpg"]


def test_people_may_name_what_is_no_books_as_they_like(sound: Scene) -> None:
    for name in ("README.md", "readme.md", "notes.", "Ledgers"):
        (sound.folder / name).write_text("x")
    assert run_all(sound.folder, None).errors == []


def test_without_definitions_only_the_files_are_checked(sound: Scene) -> None:
    place = sound.folder / "ledger/2026/W46"
    place.mkdir(parents=True)
    (place / "east.jsonl").write_text(f'{{"kind":"assessed","week":"2026-W46",{STAMP}}}\n')
    found = run(sound.folder, None)
    assert len(found.errors) == 1 and not found.warnings

"""`qibi member` and `qibi branch`: people move, branches end, and points follow the person."""

import json
from pathlib import Path

import pytest
from test_init import Run

from qibi.book.load import load
from qibi.commands import edit_files

SCHEME = """\
total: {min: 0, max: 40}
period_total: sum
criteria:
  - id: work
    applies_to: [member]
    base: 10
    min: 0
    max: 20
    items:
      - {id: good, points: 1, per: count}
"""
BOOK = """\
id: works
language: en
timezone: Asia/Shanghai
units: [{id: owner}, {id: builder, name: Builder}]
posts: [{id: pioneer}, {id: area}]
"""
EAST = """\
# yaml-language-server: $schema=../schemas/branch.schema.json
id: east
name: East
since: 2026-W01
groups:
  - {id: g1, name: Mobile, attached_to: [shop]}   # goes where the work is
members:   # by age
  - {id: e-01, name: Ann, unit: owner, group: g1, posts: [pioneer], attached_to: [line]}
  # the best
  - {id: e-02, name: Bob, status: full, group: g1, mentor: e-01}
  - {id: e-03, name: Cid, unit: builder}
cps:
  - {id: e-cp, members: {heating: e-01, design: e-03}}
"""
WEST = "id: west\nname: West\ngroups: [{id: w1}]\nmembers:\n- id: w-1\n  name: Wil\n"
GONE = "id: gone\nname: Gone\nuntil: 2026-W40\nmembers: [{id: o-1, name: Old}]\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    root = tmp_path / "book"
    files = {"qibi.yaml": BOOK, "scheme/2026-W01.yaml": SCHEME, "branches/east.yaml": EAST}
    files |= {"branches/west.yaml": WEST, "branches/gone.yaml": GONE}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    return root


def texts(root: Path) -> dict[str, str]:
    found = {p.relative_to(root).as_posix(): p.read_bytes().decode() for p in root.rglob("*.yaml")}
    assert not list(root.rglob("*.tmp"))
    return found


def done(root: Path, *arguments: str) -> Run:
    """A command that succeeds and leaves a valid book; with --dry-run it first leaves all alone."""
    before, folders = texts(root), sorted(root.iterdir())
    dry = Run(root, *arguments, "--dry-run")
    assert dry.code == 0, dry.err
    assert texts(root) == before and sorted(root.iterdir()) == folders
    run = Run(root, *arguments)
    assert run.code == 0, run.err
    after = texts(root)
    load(root)
    for path in {p for p in after if after[p] != before.get(p)}:
        assert f"+++ {path}" in dry.out and path in run.err
    assert "next: qibi commit" in run.err
    return run


def refused(root: Path, *arguments: str, code: int = 1) -> str:
    """What a refused command says; nothing is written."""
    before = texts(root)
    run = Run(root, *arguments)
    assert run.code == code, run.err
    assert texts(root) == before
    return run.err


def gone_and_new(old: str, new: str) -> tuple[list[str], list[str]]:
    before, after = old.splitlines(), new.splitlines()
    return [x for x in before if x not in after], [x for x in after if x not in before]


def test_add_takes_the_next_id(book: Path) -> None:
    options = ("--unit", "Builder", "--group", "Mobile", "--post", "area", "--mentor", "Ann")
    run = done(book, "member", "add", "Eve", "--branch", "east", *options)
    assert "added: Eve as e-04 to East from 2026-W47" in run.err
    assert gone_and_new(EAST, texts(book)["branches/east.yaml"]) == (
        [],
        [
            "  - {id: e-04, name: Eve, status: full, unit: builder, group: g1, posts: [area], "
            "mentor: e-01, since: 2026-W47}"
        ],
    )
    done(book, "member", "add", "Zoe", "--branch", "west", "--since", "W45", "--status", "staff")
    assert texts(book)["branches/west.yaml"] == WEST + (
        "- id: w-2\n  name: Zoe\n  status: staff\n  since: 2026-W45\n"
    )
    assert "e-01 already" in refused(book, "member", "add", "ann", "--branch", "west")
    done(book, "member", "add", "Ann", "--branch", "west", "--id", "w-ann")


def test_a_name_kept_out_of_git_stays_out(book: Path) -> None:
    (book / "branches/west.yaml").write_text("id: west\nmembers:\n  - {id: w-1}\n")
    (book / "names.yaml").write_text("w-1: Wil\n")
    done(book, "member", "add", "Zoe", "--branch", "west")
    found = texts(book)
    assert found["names.yaml"] == "w-1: Wil\nw-2: Zoe\n"
    assert "Zoe" not in found["branches/west.yaml"]


def test_move_ends_here_and_begins_there(book: Path) -> None:
    run = done(book, "member", "move", "Ann", "--to", "West", "--group", "w1", "--from", "W48")
    assert "East until 2026-W47" in run.err and "West from 2026-W48" in run.err
    assert "Ann still leads e-cp" in run.err and "Ann is still mentor of Bob" in run.err
    found = texts(book)
    old, new = gone_and_new(EAST, found["branches/east.yaml"])
    assert [line.replace("}", ", until: 2026-W47}") for line in old] == new
    assert found["branches/west.yaml"] == WEST + (
        "- id: e-01\n  name: Ann\n  unit: owner\n  group: w1\n  posts: [pioneer]\n"
        "  since: 2026-W48\n"
    )
    done(book, "member", "move", "Ann", "--to", "east", "--from", "W50", "--unit", "builder")
    spans = load(book).spans["e-01"]
    assert [(s.branch, s.since, s.until, s.unit) for s in spans] == [
        ("east", "0000-W00", "2026-W47", "owner"),
        ("west", "2026-W48", "2026-W49", "owner"),
        ("east", "2026-W50", "9999-W99", "builder"),
    ]


def test_who_left_may_come_back(book: Path) -> None:
    done(book, "member", "leave", "Cid", "--until", "W44")
    run = done(book, "member", "move", "Cid", "--to", "east", "--from", "W48")
    assert "until" not in run.err.partition("written")[0]
    assert [s.since for s in load(book).spans["e-03"]] == ["0000-W00", "2026-W48"]


def test_who_was_to_leave_still_leaves(book: Path) -> None:
    done(book, "member", "leave", "Cid", "--until", "W50")
    done(book, "member", "move", "Cid", "--to", "west", "--from", "W48")
    assert [s.until for s in load(book).spans["e-03"]] == ["2026-W47", "2026-W50"]


def test_a_branch_that_ended_lets_its_people_go(book: Path) -> None:
    done(book, "member", "move", "Old", "--to", "west", "--from", "W45")
    spans = [(s.branch, s.since, s.until) for s in load(book).spans["o-1"]]
    assert spans == [("gone", "0000-W00", "2026-W40"), ("west", "2026-W45", "9999-W99")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("move Ann --to gone --from W48", "Gone ended with 2026-W40"),
        ("move Ann --to east --from W48", "Ann is in East already"),
        ("move Wil --to east --from 2025-W50", "East begins only in 2026-W01"),
        ("move Ann --to west", "which week?"),
        ("move Ann --from W48", "which branch?"),
        ("move Nobody --to west --from W48", "unknown member 'Nobody'"),
        ("move Ann --to nowhere --from W48", "unknown branch 'nowhere'"),
        ("move Ann --to west --from W48 --group g1", "West has in 2026-W48: w1"),
        ("move Ann --to west --from W48 --unit ownr", "did you mean owner"),
        ("move Ann --to west --from W48 --post x", "qibi.yaml has: pioneer, area"),
        ("move Ann --to west --from W48 --mentor Ann", "their own mentor"),
        ("move Ann --to west --from W48 --status good", "there is no status 'good'"),
        ("leave Ann", "which week?"),
        ("leave Old --until W48 --dry-run", ""),
        ("status Ann full --from W48", "Ann is full already"),
        ("status Old staff --from W48", "Gone ended with 2026-W40"),
        ("add Eve --branch gone", "Gone ended with 2026-W40"),
        ("add Eve", "which branch?"),
        ("add Eve --branch east --id west", "'west' is West already"),
        ("add Eve --branch east --id E!", "is not an id"),
        ("add Eve --branch east --group g9", "East has in 2026-W47: g1"),
    ],
)
def test_refusals(book: Path, arguments: str, said: str) -> None:
    if said:
        assert said in refused(book, "member", *arguments.split())


def test_a_change_before_the_row_has_begun_is_refused(book: Path) -> None:
    done(book, "member", "move", "Ann", "--to", "west", "--from", "W48")
    for week in ("W48", "W46"):
        said = refused(book, "member", "move", "Ann", "--to", "east", "--from", week)
        assert "already" in said or "only since 2026-W48" in said
    assert "only since" in refused(book, "member", "status", "Ann", "staff", "--from", "W48")
    assert "begins in west in 2026-W48" in refused(book, "member", "leave", "Ann", "--until", "W45")


def test_another_status_is_another_row(book: Path) -> None:
    done(book, "member", "status", "Bob", "预备党员", "--from", "W48")
    old, new = gone_and_new(EAST, texts(book)["branches/east.yaml"])
    assert len(old) == 1 and new == [
        "  - {id: e-02, name: Bob, status: full, group: g1, mentor: e-01, until: 2026-W47}",
        "  - {id: e-02, name: Bob, status: probationary, group: g1, mentor: e-01, since: 2026-W48}",
    ]


def test_lists(book: Path) -> None:
    done(book, "member", "move", "Ann", "--to", "west", "--from", "W48")
    found = json.loads(Run(book, "member", "list", "--week", "W48", "--format", "json").out)
    assert [(m["id"], m["branch"]) for m in found["members"]] == [
        ("e-02", "east"),
        ("e-03", "east"),
        ("w-1", "west"),
        ("e-01", "west"),
    ]
    table = Run(book, "member", "list", "--branch", "west", "--week", "W48").out
    assert "Ann" in table and "2026-W48" in table and "Bob" not in table
    assert "no members" in Run(book, "member", "list", "--branch", "gone").out
    found = json.loads(Run(book, "branch", "list", "--week", "W40", "--format", "json").out)
    assert [(b["id"], b["members"]) for b in found["branches"]] == [
        ("east", 3),
        ("gone", 1),
        ("west", 1),
    ]
    assert "East" in Run(book, "branch", "list").out


def test_branches_begin_and_end(book: Path) -> None:
    done(book, "branch", "add", "north", "--name", "North", "--section", "N 1", "--since", "W46")
    path = "branches/north.yaml"
    assert texts(book)[path] == (
        EAST.split("\n")[0] + "\nid: north\nname: North\nsection: N 1\nsince: 2026-W46\n"
    )
    done(book, "member", "add", "Nia", "--branch", "north", "--since", "W48")
    assert "north-001 (2026-W48)" in refused(book, "branch", "end", "north", "--until", "W47")
    run = done(book, "branch", "end", "north", "--until", "W50")
    assert "from 2026-W51 on in no branch: Nia" in run.err
    assert "since: 2026-W46\nuntil: 2026-W50\nmembers:\n" in texts(book)[path]
    assert "ended with 2026-W50" in refused(book, "branch", "end", "north", "--until", "W51")
    assert "begins only in" in refused(book, "branch", "end", "east", "--until", "2025-W50")
    assert "already" in refused(book, "branch", "add", "e-01")
    assert "not an id" in refused(book, "branch", "add", "No Rth")


def test_a_group_moves_with_its_members(book: Path) -> None:
    run = done(book, "branch", "move-group", "Mobile", "--to", "west", "--from", "W48")
    assert "with Ann, Bob" in run.err and "still leads" in run.err and "mentor" not in run.err
    book_now = load(book)
    assert [m.id for m in book_now.members_of("west", "2026-W48")] == ["w-1", "e-01", "e-02"]
    assert [m.id for m in book_now.members_of("east", "2026-W48")] == ["e-03"]
    there = book_now.membership("e-01", "2026-W48")
    assert there and (there.group, there.attached_to) == ("g1", ("line",))
    moved = book_now.branch("west")
    assert moved and [(g.id, g.since, g.attached_to) for g in moved.groups] == [
        ("w1", "0000-W00", ()),
        ("g1", "2026-W48", ("shop",)),
    ]
    assert "# goes where the work is" in texts(book)["branches/east.yaml"]
    said = refused(book, "branch", "move-group", "g1", "--to", "east", "--from", "W50")
    assert "already had a group 'g1'" in said
    arguments = ("branch", "move-group", "g1", "--from", "W48")
    assert "Gone ended" in refused(book, *arguments, "--to", "gone")
    done(book, "branch", "add", "north")
    assert "begin: e-01 (2026-W48), e-02" in refused(book, *arguments, "--to", "north")
    assert "no group 'g7'" in refused(
        book, "branch", "move-group", "g7", "--to", "west", "--from", "W48"
    )


def test_a_result_with_findings_is_not_written(book: Path) -> None:
    (book / "branches/east.yaml").write_text(
        EAST.replace("{id: e-03", "{id: e-03, until: 2026-W47")
    )
    west = WEST + "- {id: e-03, since: 2026-W50}\n"
    (book / "branches/west.yaml").write_text(west)
    load(book)
    done(book, "branch", "add", "north")
    said = refused(book, "member", "move", "e-03", "--to", "north", "--from", "W48")
    assert "only since 2026-W50" in said
    said = refused(book, "branch", "add", "early", "--since", "2025-W50")
    assert "branches/early.yaml:3" in said and "scheme" in said
    assert not (book / "branches/early.yaml").exists()


def test_both_files_or_none(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    real = edit_files.write_durably

    def failing(path: Path, raw: bytes) -> None:
        written.append(path.name)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        real(path, raw)

    def interrupted(path: Path, raw: bytes) -> None:
        written.append(path.name)
        real(path, raw)
        if len(written) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(edit_files, "write_durably", interrupted)
    refused(book, "member", "move", "Ann", "--to", "west", "--from", "W48", code=130)
    assert written == ["west.yaml", "east.yaml", "east.yaml", "west.yaml"]
    written.clear()
    monkeypatch.setattr(edit_files, "write_durably", failing)
    said = refused(book, "member", "move", "Ann", "--to", "west", "--from", "W48", code=2)
    assert "disk is full" in said and "next" not in said
    assert written == ["west.yaml", "east.yaml", "west.yaml"]


def test_files_changed_under_the_command_are_left(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = edit_files.sources

    def changing(root: Path, names: Path | None) -> object:
        (root / "branches/west.yaml").write_text(WEST + "  status: staff\n")
        return real(root, names)

    monkeypatch.setattr(edit_files, "sources", changing)
    run = Run(book, "member", "move", "Ann", "--to", "west", "--from", "W48")
    assert run.code == 1 and "have just changed" in run.err
    assert texts(book)["branches/east.yaml"] == EAST


def test_points_follow_the_person(book: Path) -> None:
    """W45 in East, W46 and W47 in West: the year holds all three, in the branch of the last."""

    def score(week: str, branch: str, who: str, *entries: str) -> None:
        for extra in (["--no-events"], [a for e in entries for a in ("-e", e)]):
            if extra:
                place = ("--week", week, "--branch", branch, "--as", who)
                run = Run(book, "score", *place, *extra)
                assert run.code == 0, run.err

    score("2026-W45", "east", "e-03", "Ann good x3")
    score("2026-W45", "west", "w-1")
    run = Run(book, "member", "move", "Ann", "--to", "west", "--from", "W46")
    assert run.code == 0, run.err
    score("2026-W46", "east", "e-03")
    score("2026-W46", "west", "w-1", "Ann good x2")
    before = sorted((book / "ledger").rglob("*.jsonl"))
    run = Run(book, "rank", "2026", "--format", "json")
    found = {s["subject"]: s for s in json.loads(run.out)["standings"]}
    ann = found["e-01"]
    assert (ann["total"], ann["weeks"], ann["branch"], ann["rank"]) == (25, 2, "west", 1)
    assert [found[k]["total"] for k in ("e-02", "e-03", "w-1")] == [20, 20, 20]
    assert json.loads(run.out)["warnings"] == []
    by_branch = {
        key: [s["subject"] for s in json.loads(out)["standings"]]
        for key in ("east", "west")
        for out in [Run(book, "rank", "2026", "--branch", key, "--format", "json").out]
    }
    assert "e-01" in by_branch["west"] and "e-01" not in by_branch["east"]
    run = Run(book, "member", "move", "Bob", "--to", "west", "--from", "W46")
    assert "2026-W46 is assessed already" in run.err
    assert before == sorted((book / "ledger").rglob("*.jsonl"))
    assert Run(book, "check").code == 0

"""Commands in messages are typed by people: each is run by a shell here, with names that would run something."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from test_what_git_holds import BOOK, WEEK, Book, hooked, rewriting_hook, unstaging_hook

from qibi.base.text import argument
from repositories import lay_out
from transcripts.harness import Scene

HOSTILE = "a $(touch ran)`touch ran`; touch ran & 'b\" 王"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *(("a/b-c_d.2:e,f=1@x%+", True), ("王小明", True), ("外环（一）", True)),
        *(
            (text, False)
            for text in ("", "a b", "$x", "`x`", "a;b", "a&b", "a|b", "a*", "a?", "[a]")
        ),
        *(
            (text, False)
            for text in ("~", "{a,b}", "a'b", 'a"b', "a\\b", "a\nb", "a\x1bb", "!x", "#x")
        ),
        *((text, False) for text in ("a>b", "a<b", "(a)", "a\u3000b", "a\u200bb", "^a")),
    ],
)
def test_a_word_of_a_command_line_is_one_word(text: str, plain: bool) -> None:
    assert shlex.split(argument(text)) == [text]
    assert (argument(text) == text) is plain


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.environment["QIBI_LANG"] = "en"
    return scene


def by_shell(folder: Path, command: str) -> None:
    assert not subprocess.run(["sh", "-c", command], cwd=folder, check=False).returncode, command
    assert not list(folder.rglob("ran"))


def test_a_lost_file_of_any_name_is_restored_as_the_message_says(scene: Scene) -> None:
    scene.direct("book", "small", [])
    book = scene.place / HOSTILE
    scene.folder.rename(book)
    scene.folder.mkdir()
    (book / "evidence").mkdir()
    (book / "evidence" / HOSTILE).write_text("proof")
    git = f"cd .. && git init -q && git add {shlex.quote(HOSTILE)} && git commit -qm start"
    scene.direct("run", git, [])
    (book / "evidence" / HOSTILE).unlink()
    terminal, code = scene.qibi(["--book", str(book), "commit"])
    said = next(x for x in "".join(terminal.text).splitlines() if "restore it: " in x)
    assert code == 1
    by_shell(book, said.rpartition("restore it: ")[2])
    assert (book / "evidence" / HOSTILE).read_text() == "proof"


def test_what_a_seal_lists_and_what_a_seal_is_called(scene: Scene) -> None:
    scene.direct("book", "small", [])
    scene.direct("run", "git init -q && git add . && git commit -qm start", [])
    assert scene.run("qibi close W45").count("exit") == 0
    (seal,) = (scene.folder / "seals").glob("*.json")
    data = json.loads(seal.read_text("utf-8"))
    data["batches"][0]["path"] = f"ledger/{HOSTILE}"
    seal.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    (scene.folder / "seals" / "$(touch ran).json").write_text("{}")
    terminal, code = scene.qibi(["check", "--format", "json"])
    messages = [f["message"] for f in json.loads("".join(terminal.stdout))["findings"]]
    commands = [m.partition("git checkout")[2] for m in messages if "git checkout" in m]
    assert code == 1 and commands
    for command in commands:
        assert len(shlex.split(command)) == 2, command
    for command in commands:
        subprocess.run(["sh", "-c", f"git checkout {command}"], cwd=scene.folder, check=False)
    assert not (scene.folder / "ran").exists()


def test_one_book_of_several(scene: Scene) -> None:
    scene.direct("run", "git init -q", [])
    for name in (HOSTILE.replace("/", ""), "z"):
        (scene.folder / "ledgers" / name).mkdir(parents=True)
        (scene.folder / "ledgers" / name / "qibi.yaml").write_text("id: x\n")
    terminal, code = scene.qibi(["rank"])
    command = "".join(terminal.text).partition("--book ")[2].splitlines()[0]
    assert code == 2 and shlex.split(command) == [f"ledgers/{HOSTILE}"]


# What restores a file, by where git has it


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A book in a folder of its repository, with a sheet, evidence and a closed week."""
    book = Book(tmp_path_factory.mktemp("original"))
    book.root /= HOSTILE
    lay_out(book.root, BOOK)
    (book.root / "week.csv").write_text("subject,item,note\nbob,tidy,gate\n")
    book.qibi("score", "week.csv", "--week", WEEK)
    (book.root / "week.csv").unlink()
    (book.root / "photo.jpg").write_bytes(b"photo")
    entries = json.loads(book.qibi("log", "--week", WEEK, "--format", "json"))["entries"]
    entry = next(entry["id"] for entry in entries if entry["kind"] == "score")
    book.qibi("attach", entry, "photo.jpg")
    (book.root / "photo.jpg").unlink()
    book.qibi("commit")
    book.qibi("close", WEEK)
    return book


@pytest.fixture
def closed(original: Book, tmp_path: Path) -> Book:
    shutil.copytree(original.root.parent, tmp_path / "book")
    book = Book.__new__(Book)
    book.__dict__ |= original.__dict__ | {"root": tmp_path / "book" / HOSTILE}
    return book


def file_of(book: Book, kind: str) -> Path:
    patterns = {
        "batch": "ledger/*/*/*.jsonl",
        "sheet": "sheets/*/*/*.csv",
        "evidence": "evidence/*/*.jpg",
        "seal": "seals/*.json",
    }
    return sorted(book.root.glob(patterns[kind]))[0]


def advised(book: Book, said: str, path: str = "") -> str:
    """The command at the end of the first line about a file, run by a shell in the book's folder."""
    commands = re.findall(rf"{re.escape(path)}.*: ((?:git (?!does)|rm ).*)", said)
    assert commands, said
    (command, *_more) = commands
    done = subprocess.run(
        ["sh", "-ec", command], cwd=book.root, env=book.env, capture_output=True, check=False
    )
    assert not done.returncode, (said, done.stderr)
    assert not list(book.root.rglob("ran"))
    return command


def damage(path: Path) -> None:
    path.write_bytes(b"{}" if path.suffix == ".json" else path.read_bytes() + b"\n")


def on_disk(book: Book, path: Path) -> None:
    damage(path)


def staged(book: Book, path: Path) -> None:
    damage(path)
    book.git("add", "--", book.short(path))


def unstaged(book: Book, path: Path) -> None:
    book.git("rm", "-q", "--", book.short(path))


def committed(book: Book, path: Path) -> None:
    staged(book, path)
    book.git("commit", "-q", "-m", "by hand")


def committed_twice(book: Book, path: Path) -> None:
    committed(book, path)
    path.write_bytes(b"[]")
    book.git("commit", "-q", "-am", "by hand again")


def removed(book: Book, path: Path) -> None:
    unstaged(book, path)
    book.git("commit", "-q", "-m", "by hand")


def put_back(book: Book, path: Path) -> None:
    """By hand, where the last commit holds other bytes."""
    raw = path.read_bytes()
    committed(book, path)
    path.write_bytes(raw)


def off_the_branch(book: Book, path: Path) -> None:
    """The right bytes are in a commit that only the reflog has."""
    raw = path.read_bytes()
    damage(path)
    book.git("commit", "-q", "--amend", "-am", "by hand")
    book.git("update-ref", "HEAD", book.git("commit-tree", "HEAD^{tree}", "-m", "new root"))
    assert path.read_bytes() != raw


PLACES = {
    on_disk: "git checkout -- ",
    staged: "git checkout HEAD -- ",
    unstaged: "git checkout HEAD -- ",
    committed: "; git commit -m restored -- ",
    committed_twice: "; git commit -m restored -- ",
    removed: "; git commit -m restored -- ",
    put_back: "git commit -m restored -- ",
    off_the_branch: "; git commit -m restored -- ",
}


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        *((place, kind) for place in PLACES for kind in ("batch", "seal", "evidence")),
        *((staged, "sheet"), (committed, "sheet")),
    ],
)
def test_a_file_is_restored_from_where_git_has_it(
    closed: Book, place: Callable[[Book, Path], None], kind: str
) -> None:
    if (kind, place) in (("seal", removed), ("evidence", put_back)):
        return  # that is for the audit to find; that is no fault
    path = file_of(closed, kind)
    raw = path.read_bytes()
    place(closed, path)
    name = closed.short(path)
    said = closed.qibi("check", code=1)
    assert name in closed.qibi("commit", code=1)
    assert PLACES[place] in advised(closed, said, name)
    assert path.read_bytes() == raw
    closed.qibi("check")
    closed.qibi("commit")
    assert closed.git("cat-file", "blob", f"HEAD:./{name}").encode() == raw.strip()


def test_what_no_commit_has_is_restored_from_an_object(closed: Book) -> None:
    path = closed.score()
    raw = path.read_bytes()
    closed.git("add", ".")
    closed.git("reset", "-q")
    path.write_bytes(b"{}\n")
    assert "update-index" in advised(closed, closed.qibi("check", code=1), closed.short(path))
    assert path.read_bytes() == raw
    closed.qibi("check")
    closed.qibi("commit")


@pytest.mark.parametrize("kind", ["batch", "seal"])
def test_what_is_nowhere_is_said_to_be_nowhere(tmp_path: Path, kind: str) -> None:
    book = Book(tmp_path)
    path = book.score()
    if kind == "seal":
        book.assess()
        book.qibi("close", WEEK)
        path = file_of(book, kind)
        book.git("checkout", "-q", "--orphan", "other")
        path.write_text("{}")
        book.git("commit", "-q", "-am", "by hand")
        book.git("branch", "-D", "main")
        book.git("reflog", "expire", "--all", "--expire=now")
    else:
        path.write_text("{}\n")
    said = book.qibi("check", code=1)
    assert "git does not have the original" in said and "git checkout" not in said
    if kind == "batch":  # as advised
        path.unlink()
        book.score("once more")
        book.qibi("check")
    else:
        assert "qibi acknowledge" in said


def test_outside_of_git_a_copy_is_advised(tmp_path: Path) -> None:
    book = Book(tmp_path)
    damage(book.score())
    (book.root / ".git").rename(tmp_path / "away")
    for command in ("check", "rank"):
        said = book.qibi(command, code=1)
        assert "restore it from another clone or a backup" in said and "git " not in said


def test_in_a_merge_that_stopped_at_a_batch(closed: Book) -> None:
    path = closed.score()
    raw = path.read_bytes()
    closed.git("add", ".")
    closed.git("commit", "-q", "-m", "as it was")
    closed.git("checkout", "-q", "-b", "side")
    committed(closed, path)
    closed.git("checkout", "-q", "main")
    path.write_bytes(b"[]")
    closed.git("commit", "-q", "-am", "other")
    assert closed.try_git("merge", "-q", "side") != 0
    advised(closed, closed.qibi("check", code=1), closed.short(path))
    assert path.read_bytes() == raw


# What hooks, attributes, ignore rules and flags did


@pytest.mark.parametrize("hook", [rewriting_hook, hooked, unstaging_hook])
def test_after_a_hook(tmp_path: Path, hook: Callable[[Book], None]) -> None:
    book = Book(tmp_path)
    hook(book)
    path = book.score()
    raw = path.read_bytes()
    said = book.qibi("commit", code=1)
    (book.root / ".git/hooks/pre-commit").unlink()
    if hook is rewriting_hook:
        assert path.read_bytes() != raw
        advised(book, said, book.short(path))
    assert path.read_bytes() == raw
    book.qibi("commit")
    assert book.holds_all()


@pytest.mark.parametrize(
    "file", [".git/info/attributes", ".gitattributes", "ledger/.gitattributes", "core"]
)
@pytest.mark.parametrize("text", ["* filter=shout\n", "*.jsonl working-tree-encoding=UTF-16\n"])
def test_attributes_that_convert_are_overruled_where_it_is_said(
    tmp_path: Path, file: str, text: str
) -> None:
    book = Book(tmp_path)
    book.git("rm", "-q", ".gitattributes")
    book.git("config", "filter.shout.clean", "tr a-z A-Z")
    if file == "core":
        (book.home / "attributes").write_text(text)
        book.git("config", "core.attributesFile", str(book.home / "attributes"))
    else:
        (book.root / file).parent.mkdir(exist_ok=True)
        (book.root / file).write_text(text)
    book.score()
    for _each in range(3):
        found = re.search(r"add as the last line of (\S+): (.*)", book.qibi("check", code=None))
        if not found:
            break
        with (book.root / found[1]).open("a") as attributes:
            attributes.write(f"{found[2]}\n")
    assert _each == 1
    if file.startswith("ledger"):
        (book.root / file).unlink()  # a stray there
        return
    book.qibi("commit")
    assert book.holds_all()


def test_flags_and_ignore_rules(tmp_path: Path) -> None:
    book = Book(tmp_path)
    path = book.short(book.score())
    (book.root / ".git/info").mkdir(exist_ok=True)
    (book.root / ".git/info/exclude").write_text("ledger/2026/\n")
    assert "git add -f" in advised(book, book.qibi("check", code=1), path)
    book.qibi("commit")
    (book.root / ".git/info/exclude").unlink()
    book.git("rm", "-q", "--cached", path)
    assert "git reset" in advised(book, book.qibi("check", code=1), path)
    book.git("update-index", "--assume-unchanged", "qibi.yaml")
    assert "--no-assume" in advised(book, book.qibi("check", code=1), "qibi.yaml")
    book.git("update-index", "--chmod=+x", "qibi.yaml")
    book.git("commit", "-q", "-m", "a program")
    assert "--chmod=-x" in advised(book, book.qibi("commit", code=1), "qibi.yaml")
    book.qibi("check")
    book.qibi("commit")
    assert book.holds_all()


# The repository itself


@pytest.mark.parametrize("raw", [b"", b"hello" * 20, b"DIRC\0\0\0\x09" + b"\0" * 40])
@pytest.mark.parametrize("linked", [False, True], ids=["alone", "linked"])
def test_a_damaged_index_is_made_anew(tmp_path: Path, raw: bytes, linked: bool) -> None:
    book = Book(tmp_path)
    book.score()
    book.qibi("commit")
    if linked:
        book.git("worktree", "add", "-q", "-b", "other", "../a linked one")
        book.root = book.root.parent / "a linked one"
    path = book.score("more")
    Path(book.root, book.git("rev-parse", "--git-path", "index")).write_bytes(raw)
    for command in (("check",), ("commit",), ("status",), ("doctor",), ("audit",)):
        assert "git's index is damaged" in book.qibi(*command, code=None), command
    advised(book, book.qibi("check", code=1))
    book.qibi("check")
    book.qibi("commit")
    assert book.git("ls-files", "--", book.short(path))


def remote(book: Book, name: str) -> None:
    book.git("init", "-q", "--bare", f"../{name}")
    book.git("remote", "add", name, f"../{name}")


@pytest.mark.parametrize("names", [["origin"], ["upstream"], ["a", "origin"], ["$(touch-ran)"]])
def test_a_remote_that_is_there_is_not_added_again(tmp_path: Path, names: list[str]) -> None:
    book = Book(tmp_path)
    for name in names:
        remote(book, name)
    book.score()
    said = book.qibi("commit", "--push", code=2)
    assert "remote add" not in said
    advised(book, said)
    book.score("more")
    assert "pushed" in book.qibi("commit", "--push")


def test_without_a_remote_one_is_added(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.git("init", "-q", "--bare", "../ADDRESS")
    said = book.qibi("commit", "--push", code=2)
    command = re.split(r": (?=git )", said.strip())[-1].replace("ADDRESS", "../ADDRESS")
    by_shell(book.root, command)
    assert "pushed" in book.qibi("commit", "--push")


@pytest.mark.parametrize("tracked", [False, True])
def test_what_others_have_pushed_is_merged(tmp_path: Path, tracked: bool) -> None:
    book = Book(tmp_path)
    remote(book, "origin")
    book.git("push", "-q", *(["-u"] if tracked else []), "origin", "main")
    book.git("config", "push.default", "current")
    book.git("clone", "-q", "../origin", "../other")
    book.git("-C", "../other", "checkout", "-q", "main")
    other = Book.__new__(Book)
    other.__dict__ |= book.__dict__ | {"root": tmp_path / "other"}
    other.score("theirs")
    other.qibi("commit", "--push")
    book.score("ours")
    said = book.qibi("commit", "--push", code=2)
    command = said.rpartition("git pull")[2].split(",")[0]
    done = subprocess.run(
        ["sh", "-ec", f"git pull{command}"], cwd=book.root, env=book.env | {"EDITOR": "false"}
    )
    assert not done.returncode
    assert "pushed" in book.qibi("commit", "--push")
    assert len(book.batches()) == 2


def test_a_push_that_the_other_side_refuses_is_told_as_that(tmp_path: Path) -> None:
    book = Book(tmp_path)
    remote(book, "origin")
    book.git("push", "-q", "-u", "origin", "main")
    hook = tmp_path / "origin/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    book.score()
    said = book.qibi("commit", "--push", code=2)
    assert "hook declined" in said and "others have pushed" not in said


def test_heads_that_a_power_cut_left_are_restored(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.score()
    book.qibi("commit")
    head = book.git("rev-parse", "HEAD")
    for place in (".git/HEAD", ".git/refs/heads/main"):
        (book.root / place).write_text("")
        said = book.qibi("commit", code=2)
        command = said.rpartition(": echo ")[2]
        subprocess.run(["sh", "-ec", f"echo {command}"], cwd=book.root, check=True)
        assert book.git("rev-parse", "HEAD") == head
    book.qibi("check")


def test_replace_refs_are_removed(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.score()
    book.qibi("commit")
    book.git("replace", "HEAD", "HEAD~1")
    advised(book, book.qibi("audit", code=2))
    assert "Audit" in book.qibi("audit", code=None)


def test_both_sides_of_a_merge_in_a_folder_of_the_repository(closed: Book) -> None:
    path = closed.root / "qibi.yaml"
    before = path.read_text()
    closed.git("checkout", "-q", "-b", "side")
    path.write_text(before + "# theirs\n")
    closed.git("commit", "-q", "-am", "theirs")
    closed.git("checkout", "-q", "main")
    path.write_text(before + "# ours\n")
    closed.git("commit", "-q", "-am", "ours")
    assert closed.try_git("merge", "-q", "side") != 0
    path.write_text(before)
    said = closed.qibi("commit", code=1)
    assert "both sides" in said
    advised(closed, said, "qibi.yaml")
    closed.qibi("commit")


def test_a_seal_is_taken_back_with_any_remote_and_evidence_kept(tmp_path: Path) -> None:
    book = Book(tmp_path)
    for week in ("2026-W45", WEEK):
        book.qibi("score", "--no-events", "--week", week)
    book.qibi("commit")
    remote(book, "upstream")
    book.git("branch", "-m", "book")
    book.git("push", "-q", "-u", "upstream", "book")
    book.git("clone", "-q", "-b", "book", "../upstream", "../other")
    other = Book.__new__(Book)
    other.__dict__ |= book.__dict__ | {"root": tmp_path / "other"}
    other.qibi("close", "2026-W45")
    other.git("push", "-q")
    book.score()
    entries = json.loads(book.qibi("log", "--week", WEEK, "--format", "json"))["entries"]
    entry = next(entry["id"] for entry in entries if entry["kind"] == "score")
    (book.root / "photo.jpg").write_bytes(b"photo")
    book.qibi("attach", entry, "photo.jpg")
    (book.root / "photo.jpg").unlink()
    book.qibi("commit")
    book.qibi("close", WEEK)
    book.git("pull", "-q", "--no-rebase", "--no-edit")
    said = book.qibi("check", code=1)
    command = said.partition("undo yours: ")[2].partition("; qibi commit")[0]
    by_shell(book.root, command)
    book.qibi("commit")
    book.qibi("close", WEEK)
    book.qibi("check")
    assert list(book.root.glob("evidence/*/*.jpg"))


def test_evidence_that_is_lost_is_left_out(closed: Book) -> None:
    path = file_of(closed, "evidence")
    path.write_bytes(b"other")
    command = closed.qibi("check", code=1).partition("qibi fix ")[2].split(")")[0]
    words = [word.replace("TEXT", "lost") for word in shlex.split(command)]
    closed.qibi("fix", *words)
    assert "names it as evidence" not in closed.qibi("check", code=None)

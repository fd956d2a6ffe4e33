"""`commit`, `close`, `check`, `status` and `doctor` say what git holds, whatever git has been told."""

import hashlib
import io
import json
import os
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import repositories
from qibi.cli.app import main
from qibi.cli.surroundings import Surroundings
from repositories import SCHEME, lay_out

WEEK = "2026-W46"
BOOK = {
    "qibi.yaml": "id: held\nlanguage: en\ntimezone: Asia/Shanghai\n",
    "scheme/2026-W01.yaml": SCHEME,
    "branches/east.yaml": "id: east\nmembers: [{id: ann}, {id: bob}, {id: cora}]\n",
    ".gitattributes": "* -text -eol -ident -filter -working-tree-encoding\n",
    ".gitignore": "ledger/.lock\n*.tmp\n",
}


class Book:
    """A book in a repository of its own, below a folder with a home for git's settings."""

    def __init__(self, place: Path, name: str = "book") -> None:
        self.root, self.home = place / name, place / "home"
        self.home.mkdir(parents=True)
        self.env = repositories.surroundings(self.home) | {
            "QIBI_AS": "ann",
            "QIBI_LANG": "en",
            "QIBI_TODAY": "2026-11-23",
            "QIBI_CACHE": str(place / "cache"),
        }
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=timezone(timedelta(hours=8)))
        lay_out(self.root, BOOK)
        self.git("init", "-q", "-b", "main")
        self.git("config", "gc.auto", "0")
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "start")

    def git(self, *words: str) -> str:
        return repositories.git(self.root, self.env, *words).strip()

    def try_git(self, *words: str) -> int:
        return subprocess.run(
            ["git", *words], cwd=self.root, env=self.env, capture_output=True, check=False
        ).returncode

    def qibi(self, *words: str, code: int | None = 0) -> str:
        """What a command printed on both streams; it has to end with this code."""
        self.now += timedelta(seconds=1)
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        around = Surroundings(
            environment=self.env,
            folder=self.root,
            now=lambda: self.now,
            stdin=io.TextIOWrapper(io.BytesIO(), "utf-8"),
            stdout=out,
            stderr=out,
            columns=1000,
        )
        ended = main(list(words), around)
        raw = out.buffer
        assert isinstance(raw, io.BytesIO)
        said = raw.getvalue().decode()
        assert "bug in qibi" not in said, said
        if code is not None:
            assert ended == code, (words, ended, said)
        return said

    def score(self, note: str = "gate", who: str = "bob") -> Path:
        """Record an entry; the new batch."""
        before = set(self.batches())
        self.qibi("score", "-e", f"{who} tidy x2 {note}", "--week", WEEK)
        (new,) = set(self.batches()) - before
        return new

    def assess(self) -> None:
        self.qibi("score", "--no-events", "--week", WEEK)

    def batches(self) -> list[Path]:
        return sorted(self.root.glob("ledger/*/*/*.jsonl"))

    def short(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def holds_all(self) -> bool:
        """Whether HEAD has every file of the book, byte for byte, read with git's plumbing alone."""
        for path in sorted(self.root.rglob("*")):
            short = self.short(path)
            if ".git/" in short or not path.is_file() or path.name == ".lock":
                continue
            raw = path.read_bytes()
            blob = hashlib.sha1(b"blob %d\0" % len(raw) + raw).hexdigest()
            row = self.git("ls-tree", "HEAD", "--", short)
            if not row.startswith(f"100644 blob {blob}\t"):
                return False
        return True


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def globally_ignored(book: Book) -> None:
    (book.home / "ignore").write_text("*.jsonl\n")
    (book.home / ".gitconfig").write_text(f"[core]\n\texcludesFile = {book.home}/ignore\n")


def excluded_here(book: Book) -> None:
    (book.root / ".git/info").mkdir(exist_ok=True)
    (book.root / ".git/info/exclude").write_text("ledger/\n")


def ignored_by_a_pull(book: Book) -> None:
    (book.root / ".gitignore").write_text("ledger/.lock\n*.tmp\nledger/2026/\n")
    book.git("commit", "-q", "-am", "ignore")


def ignored_below(book: Book) -> None:
    (book.root / f"ledger/2026/{WEEK[5:]}").mkdir(parents=True, exist_ok=True)
    (book.root / f"ledger/2026/{WEEK[5:]}/.gitignore").write_text("*\n")


def _attributes(text: str) -> Callable[[Book], None]:
    def set_them(book: Book) -> None:
        (book.root / ".git/info").mkdir(exist_ok=True)
        (book.root / ".git/info/attributes").write_text(text)
        book.git("config", "filter.shout.clean", "tr a-z A-Z")

    set_them.__name__ = text.split()[1].split("=")[0]
    return set_them


def hooked(book: Book) -> None:
    """A hook that changes what is committed."""
    _hook(
        book,
        "pre-commit",
        "for f in $(git diff --cached --name-only -- ledger); do\n"
        'id=$(git show ":$f" | tr a-z A-Z | git hash-object -w --stdin)\n'
        'git update-index --cacheinfo "100644,$id,$f"\ndone\n',
    )


def unstaging_hook(book: Book) -> None:
    """A hook that takes what is recorded out of the commit."""
    _hook(book, "pre-commit", "git rm -q -r --cached ledger\n")


def rewriting_hook(book: Book) -> None:
    """A hook that formats the files themselves, and adds them."""
    _hook(book, "pre-commit", "for f in ledger/*/*/*.jsonl; do echo >> $f; git add $f; done\n")


def _hook(book: Book, name: str, text: str) -> None:
    path = book.root / ".git/hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


BEFORE = (  # what is seen before anything is committed
    globally_ignored,
    excluded_here,
    ignored_by_a_pull,
    ignored_below,
    _attributes("*.jsonl filter=shout\n"),
    _attributes("*.jsonl working-tree-encoding=UTF-16\n"),
)
BEHIND = (hooked, unstaging_hook, rewriting_hook)  # what only the commit itself shows


@pytest.mark.parametrize("told", (*BEFORE, *BEHIND), ids=lambda f: f.__name__)
def test_a_batch_that_git_does_not_take_is_never_called_committed(
    book: Book, told: Callable[[Book], None]
) -> None:
    told(book)
    head = book.git("rev-parse", "HEAD")
    path = book.short(book.score())
    book.assess()
    for command in (("commit",), ("commit",), ("close", WEEK)):
        said = book.qibi(*command, code=1)
        assert path in said, said
        assert "\ncommitted" not in f"\n{said}" and "is closed" not in said
        assert "nothing to commit" not in said
        assert book.git("rev-parse", "HEAD") == head, "nothing of it stays in the history"
    if told in BEFORE:
        assert not list(book.root.glob("seals/*"))
        assert path in book.qibi("check", code=1)
        assert path in book.qibi("status", "--week", WEEK)
        assert "1 broken" in book.qibi("doctor", code=1)


@pytest.mark.parametrize("path", ["branches/*", "seals/", "qibi.yaml", "scheme/"])
def test_other_parts_that_git_ignores_are_named(book: Book, path: str) -> None:
    (book.root / ".git/info").mkdir(exist_ok=True)
    (book.root / ".git/info/exclude").write_text(f"{path}\n")
    (book.root / "branches/west.yaml").write_text("id: west\nmembers: [{id: dora}]\n")
    (book.root / "scheme/2026-W40.yaml").write_text(SCHEME)
    if path == "qibi.yaml":
        book.git("rm", "-q", "--cached", path)
        book.git("commit", "-q", "-m", "without it")
    book.score()
    book.assess()
    if path != "seals/":
        assert path.split("/")[0] in book.qibi("commit", code=1)
    else:
        book.qibi("score", "--no-events", "--week", WEEK, "--branch", "west")
        assert "seals/: seals" not in book.qibi("commit")
        assert f"seals/{WEEK}.json" in book.qibi("close", WEEK, code=1)
        assert not list(book.root.glob("seals/*.json"))


def test_what_no_entry_names_below_evidence_may_be_ignored(book: Book) -> None:
    (book.root / ".gitignore").write_text("*.mp4\n*.jpg\nledger/.lock\n*.tmp\n")
    book.git("commit", "-q", "-am", "ignore")
    (book.root / "evidence").mkdir()
    (book.root / "evidence/film.mp4").write_bytes(b"film")
    book.score()
    book.assess()
    book.qibi("commit")
    (book.root / "photo.jpg").write_bytes(b"photo")
    entry = json.loads(book.qibi("log", "--week", WEEK, "--format", "json"))["entries"][0]["id"]
    book.qibi("attach", entry, "photo.jpg")
    assert f"evidence/{WEEK}/photo.jpg" in book.qibi("commit", code=1)
    assert "film.mp4" not in book.qibi("check", code=1)


def test_pushed_is_said_when_the_remote_holds_the_commit(book: Book) -> None:
    book.git("init", "-q", "--bare", "../remote")
    book.git("remote", "add", "origin", "../remote")
    book.git("push", "-q", "-u", "origin", "main")
    book.score()
    assert "pushed" in book.qibi("commit", "--push")
    book.git("tag", "one")
    book.git("config", "remote.origin.push", "refs/tags/*:refs/tags/*")
    book.score("more")
    said = book.qibi("commit", "--push", code=2)
    assert "the remote does not hold this commit" in said and "\npushed" not in said


@pytest.mark.parametrize(
    ("attribute", "raw"),
    [
        ("text", b"id: e\r\n"),
        ("eol=lf", b"id: e\r\n"),
        ("ident", b"$Id$\n"),
        ("text=auto", b"a\r\n"),
    ],
)
def test_attributes_that_change_a_file_are_named(book: Book, attribute: str, raw: bytes) -> None:
    """Of evidence here, whose bytes an entry may have by their digest."""
    (book.root / ".gitattributes").write_text(f"* {attribute}\n")
    book.git("commit", "-q", "-am", "attributes")
    (book.root / "evidence").mkdir()
    (book.root / "evidence/letter.txt").write_bytes(raw)
    said = book.qibi("commit", code=1)
    assert "evidence/letter.txt" in said and attribute in said
    (book.root / ".gitattributes").write_text(BOOK[".gitattributes"])
    book.qibi("commit")
    assert book.holds_all()


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
@pytest.mark.parametrize("path", ["branches/east.yaml", "batch"])
def test_flags_of_the_index_are_named(book: Book, flag: str, path: str) -> None:
    if path == "batch":
        path = book.short(book.score())
        book.qibi("commit")
    book.git("update-index", f"--{flag}", path)
    with (book.root / path).open("a") as file:
        file.write("# more\n")
    for command, code in (("commit", 1), ("check", 1), ("doctor", 1)):
        said = book.qibi(command, code=code)
        assert path in said and (f"--no-{flag}" in said or path.startswith("ledger")), said
    book.git("update-index", f"--no-{flag}", path)
    if path.startswith("branches"):
        book.qibi("commit")
        assert book.holds_all()


def test_a_repository_is_only_looked_for_above_where_the_book_is(book: Book) -> None:
    """Not above the way there: `../other` begins in this repository, and is not in it."""
    said = book.qibi("init", "../other", "--template", "plain")
    assert ".git is there" not in said and (book.root.parent / "other/.git").is_dir()


def test_what_is_taken_out_of_the_index_is_named(book: Book) -> None:
    path = book.short(book.score())
    book.qibi("commit")
    book.git("rm", "-q", "--cached", path)
    for command in ("check", "commit"):
        assert f"{path}: " in book.qibi(command, code=1)
    book.git("reset", "-q", "--", path)  # as advised
    book.qibi("check")


def test_a_commit_that_a_hook_takes_back_is_not_called_one(book: Book) -> None:
    head = book.git("rev-parse", "--short=7", "HEAD")
    _hook(book, "post-commit", "git reset -q --soft HEAD~1\n")
    path = book.short(book.score())
    said = book.qibi("commit", code=1)
    assert path in said and "something took it back" in said and head not in said


@pytest.mark.parametrize(
    "name", [":b", ":!b", ":(top)b", "a*b", "[z]", "-b", "b c", "书", "'b", "$b"]
)
def test_a_book_in_a_folder_of_any_name_is_committed(tmp_path: Path, name: str) -> None:
    book = Book(tmp_path)
    inner = Book.__new__(Book)
    inner.__dict__ |= book.__dict__ | {"root": book.root / name}
    lay_out(inner.root, BOOK)
    inner.score()
    inner.assess()
    inner.qibi("commit")
    inner.qibi("close", WEEK)
    assert "nothing to commit" in inner.qibi("commit")
    tree = book.git("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", "HEAD")
    for path in (*inner.batches(), inner.root / f"seals/{WEEK}.json"):
        assert path.relative_to(book.root).as_posix() in tree.splitlines()
    assert book.git("status", "--porcelain", "--", f":(literal){name}").splitlines() in (
        [],
        [f"?? {name}/ledger/.lock"],
    )


def test_a_folder_that_is_a_repository_of_its_own_is_named(book: Book) -> None:
    path = book.score()
    subprocess.run(["git", "init", "-q", str(path.parent)], env=book.env, check=True)
    assert book.short(path.parent) in book.qibi("commit", code=1)


# HEAD in between


def _conflict(book: Book) -> None:
    """Two branches that changed the same line."""
    for branch, text in (("side", "side\n"), ("main", "main\n")):
        book.git("checkout", "-q", *(["-b"] if branch == "side" else []), branch)
        (book.root / "NOTES.md").write_text(text)
        book.git("add", "NOTES.md")
        book.git("commit", "-q", "-m", branch)


STOPPED = {
    "rebase": ("rebase", "side"),
    "cherry-pick": ("cherry-pick", "side"),
    "revert": ("revert", "--no-edit", "HEAD~1"),
    "detached": ("checkout", "-q", "--detach"),
    "on a tag": ("symbolic-ref", "HEAD", "refs/tags/one"),
    "bisect": ("bisect", "start", "HEAD", "HEAD~1"),
    "am": ("am", "../patch"),
}


@pytest.mark.parametrize("what", STOPPED)
def test_recording_works_and_committing_waits_while_head_is_in_between(
    book: Book, what: str
) -> None:
    _conflict(book)
    if what == "revert":
        (book.root / "NOTES.md").write_text("main again\n")
        book.git("commit", "-q", "-am", "again")
    if what == "am":
        patch = book.git("format-patch", "--stdout", "-1", "side")
        (book.root.parent / "patch").write_text(patch + "\n")
    book.git("tag", "one")
    book.try_git(*STOPPED[what])
    head = book.git("rev-parse", "HEAD")
    book.score()
    book.assess()
    for command in (("commit",), ("close", WEEK)):
        said = book.qibi(*command, code=2)
        assert "would be lost" in said and "git " in said.split("would be lost")[1], said
    assert book.git("rev-parse", "HEAD") == head and not list(book.root.glob("seals/*"))
    assert "would be lost" in book.qibi("status", "--week", WEEK)
    assert "would be lost" in book.qibi("doctor", code=None)
    book.qibi("check")
    back = ("symbolic-ref", "HEAD", "refs/heads/main")
    way_out = {
        "detached": ("checkout", "-q", "main"),
        "on a tag": back,
        "bisect": ("bisect", "reset"),
    }
    book.git(*way_out.get(what, (what, "--abort")))
    assert len(book.batches()) == 2
    book.qibi("commit")
    assert book.holds_all()


def test_a_merge_with_conflicts_is_not_committed_and_a_resolved_one_is(book: Book) -> None:
    _conflict(book)
    book.score()
    assert book.try_git("merge", "-q", "side") != 0
    (book.root / "scheme/2026-W30.yaml").write_text(SCHEME)
    said = book.qibi("commit", code=None)
    assert "committed" not in said
    book.assess()
    assert "merge" in book.qibi("close", WEEK, code=2)
    book.git("merge", "--abort")
    book.qibi("commit")
    assert book.holds_all()


# Missing on disk


def sparse(book: Book, path: str) -> None:
    book.git("sparse-checkout", "set", "--no-cone", "/*", f"!/{path}")


def deleted(book: Book, path: str) -> None:
    (book.root / path).unlink()


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        *((loss, kind) for loss in (sparse, deleted) for kind in ("batch", "seal")),
        (sparse, "definition"),  # one that is merely deleted is a change to be committed
    ],
)
def test_what_git_has_and_the_disk_has_not_is_an_error_everywhere(
    book: Book, loss: Callable[[Book, str], None], kind: str
) -> None:
    book.score("a", "bob")
    batch = book.score("b", "cora")
    book.assess()
    book.qibi("close", WEEK)
    path = {
        "batch": book.short(batch),
        "seal": f"seals/{WEEK}.json",
        "definition": "branches/east.yaml",
    }[kind]
    loss(book, path)
    assert not (book.root / path).exists()
    if kind == "definition":
        commands = [("check",), ("rank", WEEK), ("commit",)]
    else:
        commands = [
            ("check",),
            ("rank", WEEK),
            ("rank", "2026"),
            ("show", "bob"),
            ("log",),
            ("why", "bob"),
            ("lists",),
            ("status",),
            ("commit",),
            ("close", WEEK),
            ("score", "-e", "bob tidy", "--week", WEEK),
        ]
    for _again in range(2):  # with what the first run kept, too
        for command in commands:
            said = book.qibi(*command, code=1)
            assert path in said and "not on disk" in said, (command, said)
    assert "BROKEN" in book.qibi("doctor", code=1)
    book.git(*(("sparse-checkout", "disable") if loss is sparse else ("restore", "--", path)))
    book.qibi("check")
    assert "bob" in book.qibi("rank", WEEK)


# Git's own refusals


def dubious(book: Book) -> None:
    for path in (book.root, *book.root.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)


def bad_config(book: Book) -> None:
    with (book.root / ".git/config").open("a") as file:
        file.write("[core\n")


def bad_global_config(book: Book) -> None:
    (book.home / ".gitconfig").write_text("[user\n")


def format_version(book: Book) -> None:
    book.git("config", "core.repositoryformatversion", "99")


def unknown_extension(book: Book) -> None:
    book.git("config", "core.repositoryformatversion", "1")
    book.git("config", "extensions.nonsuch", "1")


def empty_head(book: Book) -> None:
    (book.root / ".git/HEAD").write_text("")


def missing_objects(book: Book) -> None:
    (book.root / ".git/objects").rename(book.root / ".git/objects-away")


def moved_git_dir(book: Book) -> None:
    (book.root / ".git").rename(book.root.parent / "elsewhere")
    (book.root / ".git").write_text("gitdir: ../nowhere\n")


def empty_ref(book: Book) -> None:
    (book.root / ".git/refs/heads/main").write_text("")


REFUSALS = {
    bad_config: "git can't read its configuration",
    bad_global_config: "git can't read its configuration",
    format_version: "this git can't read the repository",
    unknown_extension: "this git can't read the repository",
    empty_head: "HEAD is empty",
    missing_objects: "objects/ is missing",
    moved_git_dir: "it is not there",
    empty_ref: "refs/heads/main is damaged",
}
if hasattr(os, "geteuid") and os.geteuid() == 0:
    REFUSALS[dubious] = "git does not trust"


@pytest.mark.parametrize("cause", REFUSALS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("inside", [False, True], ids=["alone", "inside-another"])
def test_what_git_refuses_is_told_as_what_it_is(
    tmp_path: Path, cause: Callable[[Book], None], inside: bool
) -> None:
    """And never the repository around it taken instead."""
    if inside:
        around = Book(tmp_path / "around")
        book = Book(around.root, "inner")
    else:
        book = Book(tmp_path)
    path = book.short(book.score())
    book.assess()
    cause(book)
    for command in (("commit",), ("close", WEEK)):
        said = book.qibi(*command, code=2)
        assert REFUSALS[cause] in said and "git init" not in said, said
    assert REFUSALS[cause] in book.qibi("doctor", code=1)
    assert REFUSALS[cause] in book.qibi("status", "--week", WEEK)
    assert REFUSALS[cause] in book.qibi("check", code=1)
    assert "make one" not in book.qibi("audit", code=2)
    assert "bob" in book.qibi("rank", WEEK), "what is recorded can be read"
    book.score("more")
    if inside:
        assert path not in repositories.git(around.root, around.env, "ls-files")


def test_status_says_what_the_working_tree_shows_and_git_does_not_hold(book: Book) -> None:
    book.score()
    with (book.root / "branches/east.yaml").open("a") as file:
        file.write("# by hand\n")
    said = book.qibi("status", "--week", WEEK)
    assert "shown here, not in git: 1 new batch, changed branches/east.yaml" in said
    found = json.loads(book.qibi("status", "--week", WEEK, "--format", "json"))
    assert {"state": "changed", "path": "branches/east.yaml"} in found["unheld"]
    book.qibi("commit")
    assert "not in git" not in book.qibi("status", "--week", WEEK)

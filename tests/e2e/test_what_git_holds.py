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
            "QIBI_CACHE": repositories.CACHE,
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
        rows = set(self.git("ls-tree", "-r", "-z", "HEAD").split("\0"))
        for path in sorted(self.root.rglob("*")):
            short = self.short(path)
            if ".git/" in short or not path.is_file() or path.name == ".lock":
                continue
            raw = path.read_bytes()
            blob = hashlib.sha1(b"blob %d\0" % len(raw) + raw).hexdigest()
            if f"100644 blob {blob}\t{short}" not in rows:
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
        assert " broken: see above" in book.qibi("doctor", code=1)


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
    assert "the remote does not have this commit" in said and "\npushed" not in said


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
    assert path in said and "something undid it" in said and head not in said


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


def _merged_with_a_conflict(book: Book, path: str) -> None:
    """A merge that stopped at a file; what stands there now reads well."""
    text = (book.root / path).read_text() if (book.root / path).exists() else ""
    for branch in ("side", "main"):
        book.git("checkout", "-q", *(["-b"] if branch == "side" else []), branch)
        (book.root / path).write_text(f"{text}# {branch}\n")
        book.git("add", path)
        book.git("commit", "-q", "-m", branch)
    assert book.try_git("merge", "-q", "side") != 0
    (book.root / path).write_text(f"{text}# both\n")


@pytest.mark.parametrize("path", ["branches/east.yaml", "README.md", "NOTES.md"])
def test_a_merge_that_is_not_resolved_is_named_by_all(book: Book, path: str) -> None:
    book.score()
    book.qibi("commit")
    _merged_with_a_conflict(book, path)
    said = f"{path}: both sides of a merge changed it"
    for command in (("commit",), ("doctor",)):
        assert said in book.qibi(*command, code=1)
    assert said.replace(": ", ": error: ") in book.qibi("check", code=1)
    assert said in book.qibi("status", "--week", WEEK)
    book.git("add", path)  # as advised
    book.qibi("check")
    assert "committed" in book.qibi("commit")


def test_a_new_batch_outside_a_sparse_checkout_is_named_by_all(tmp_path: Path) -> None:
    """Also where the book is not the repository's top, in which git names the file from there."""
    around = Book(tmp_path)
    book = Book.__new__(Book)
    book.__dict__ |= around.__dict__ | {"root": around.root / "inner"}
    lay_out(book.root, BOOK)
    book.score()
    book.qibi("commit")
    cone = ("scheme", "branches", f"ledger/2026/{WEEK[5:]}")
    around.git("sparse-checkout", "set", *(f"inner/{folder}" for folder in cone))
    book.qibi("check")
    book.qibi("score", "-e", "bob tidy x2", "--week", "2026-W45")
    (path,) = (book.short(p) for p in book.batches() if "W45" in str(p))
    for command in (("commit",), ("check",), ("doctor",)):
        said = book.qibi(*command, code=1)
        assert path in said and "git sparse-checkout disable" in said, said
    assert path in book.qibi("status", "--week", WEEK)
    book.git("sparse-checkout", "disable")
    book.qibi("check")
    assert "committed" in book.qibi("commit")


@pytest.mark.parametrize("path", ["sheets/mine.csv", "docs/here"])
def test_a_link_that_no_commit_takes_is_named(book: Book, path: str) -> None:
    (book.root / path).parent.mkdir()
    (book.root / path).symlink_to("/etc/hostname")
    said = f"{path}: warning: a link"
    assert (said in book.qibi("check")) == path.startswith("sheets")
    assert "nothing to commit" in book.qibi("commit")
    book.git("add", path)
    book.git("commit", "-q", "-m", "by hand")
    assert said in book.qibi("check")
    assert f"{path}: not a plain file" in book.qibi("audit", code=1)
    (book.root / path).unlink()
    book.git("rm", "-q", "--cached", path)
    book.git("commit", "-q", "-m", "out of git")
    assert book.qibi("check") == ""


@pytest.mark.parametrize("path", ["README.md", "schemas/book.schema.json"])
def test_a_link_is_never_committed(book: Book, path: str) -> None:
    (book.root / path).parent.mkdir(exist_ok=True)
    (book.root / path).symlink_to("/etc/hostname")
    head = book.git("rev-parse", "HEAD")
    for command in (("commit",), ("check",), ("doctor",)):
        assert f"{path}: " in book.qibi(*command, code=1)
    assert f"{path}: a symbolic link" in book.qibi("status", "--week", WEEK)
    assert book.git("rev-parse", "HEAD") == head


@pytest.mark.parametrize("kind", ["orphan", "fetched"])
def test_no_second_history_is_begun(book: Book, kind: str) -> None:
    if kind == "orphan":
        book.git("checkout", "-q", "--orphan", "fresh")
    else:
        book.git("init", "-q", "--bare", "../remote")
        book.git("push", "-q", "../remote", "main")
        repositories.git(book.root.parent, book.env, "init", "-q", "-b", "fresh", "new")
        book.root = book.root.parent / "new"
        lay_out(book.root, BOOK)
        book.git("remote", "add", "origin", "../remote")
        book.git("fetch", "-q", "origin")
    book.score()
    book.assess()
    before = book.git("rev-list", "--all")
    for command in (("commit",), ("close", WEEK)):
        said = book.qibi(*command, code=2)
        assert "a second history" in said and "git switch main" in said, said
    assert "a second history" in book.qibi("check")
    assert "a second history" in book.qibi("status", "--week", WEEK)
    assert "a second history" in book.qibi("doctor")
    assert book.git("rev-list", "--all") == before and not list(book.root.glob("seals/*"))
    if kind == "orphan":
        book.git("switch", "-q", "main")  # as advised
        book.qibi("commit")
        assert book.holds_all() and book.git("rev-list", "--count", "HEAD") == "2"


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
    assert "shown here, not in git: 1 new batch; changed: branches/east.yaml" in said
    found = json.loads(book.qibi("status", "--week", WEEK, "--format", "json"))
    assert {"state": "changed", "path": "branches/east.yaml"} in found["unheld"]
    book.qibi("commit")
    assert "not in git" not in book.qibi("status", "--week", WEEK)


def test_status_counts_what_a_commit_would_take(book: Book) -> None:
    """Not people's own sheets next to qibi.yaml, nor in sheets/."""
    book.assess()
    book.qibi("commit")
    lay_out(book.root, {"week.csv": "name\n", "sheets/mine.csv": "name\n", "docs/a.md": "a\n"})
    said = book.qibi("status", "--week", WEEK)
    assert "not committed" not in said and "nothing to commit" in book.qibi("commit")
    lay_out(book.root, {"README.md": "new\n", "schemas/x.json": "{}\n"})
    book.score()
    assert "3 files are not committed" in book.qibi("status", "--week", WEEK)
    printed = book.qibi("commit", "--dry-run").splitlines()
    assert sum(line.startswith("  ?? ") for line in printed) == 3
    book.qibi("commit")
    assert "not committed" not in book.qibi("status", "--week", WEEK)


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_evidence_that_is_not_as_it_was_is_named_by_all(book: Book, how: str) -> None:
    book.score()
    (book.root / "photo.jpg").write_bytes(b"photo")
    entry = json.loads(book.qibi("log", "--week", WEEK, "--format", "json"))["entries"][0]["id"]
    book.qibi("attach", entry, "photo.jpg")
    book.qibi("commit")
    path = f"evidence/{WEEK}/photo.jpg"
    if how == "changed":
        (book.root / path).write_bytes(b"another")
    else:
        (book.root / path).unlink()
    for command in (("commit",), ("doctor",)):
        assert f"{path}: {how}" in book.qibi(*command, code=1)
    assert f"{path}: error: {how}" in book.qibi("check", code=1)
    assert f"git: {path}: {how}" in book.qibi("status", "--week", WEEK)
    book.git("checkout", "--", path)  # as advised
    book.qibi("check")
    (book.root / path).write_bytes(b"another")
    (batch,) = (p for p in book.batches() if b"evidence added" in p.read_bytes())
    book.qibi(
        "fix", f"{batch.stem[-16:]}.2", "--evidence", "notice 7", "--reason", "the photo is lost"
    )
    assert f"git: {path}" not in book.qibi("status", "--week", WEEK), "no live entry names it"


CASES = {  # the wrong name: the one that stands there by rights
    "Ledger/2026/x": "ledger",
    "LEDGER/x": "ledger",
    "Qibi.yaml": "qibi.yaml",
    "NAMES.yaml": "names.yaml",
    "branches/East.yaml": "branches/east.yaml",
    "branches/EAST.YAML": "branches/east.yaml",
    "scheme/2026-w01.yaml": "scheme/2026-W01.yaml",
    "ledger/2026/w46": "ledger/2026/W46",
    "ledger/2026/W46/{BATCH}": "ledger/2026/W46/{batch}",
    "evidence/2026-w46/Photo.jpg": "evidence/2026-W46/photo.jpg",
}


@pytest.mark.parametrize("wrong", CASES)
def test_of_two_names_that_are_one_elsewhere_the_wrong_one_is_named(book: Book, wrong: str) -> None:
    batch = book.score().name
    lay_out(book.root, {"evidence/2026-W46/photo.jpg": "a photo\n", "names.yaml": "{}\n"})
    book.qibi("commit")
    right = CASES[wrong].format(batch=batch)
    wrong = wrong.format(BATCH=batch.upper())
    lay_out(book.root, {f"{wrong}/{batch}" if wrong.endswith("w46") else wrong: "# x\n"})
    book.git("add", "--all")  # so that evidence is looked at, too
    names = [line for line in book.qibi("check", code=1).splitlines() if "file system" in line]
    assert names and all(line.startswith(wrong.split("/")[0]) for line in names)
    assert wrong[0].isupper() or (len(names) == 1 and names[0].startswith(wrong))
    assert f"takes this name for {right}" in names[0]
    if not wrong.startswith(("branches", "scheme")):  # else the book can't be read
        assert "takes this name" in book.qibi("status", "--week", WEEK)
        assert "takes this name" in book.qibi("doctor", code=1)


# A sealed batch that is lost


def _sealed_and_gone(book: Book, *, for_good: bool) -> str:
    """A batch of a closed week that the present commit has not; `for_good`: nor any other."""
    book.score("a", "cora")
    path = book.short(book.score("b", "bob"))
    book.assess()
    book.qibi("commit")
    book.qibi("close", WEEK)
    book.git("rm", "-q", path)
    if for_good:  # as where the folder was copied from a share that had lost it, and git begun anew
        book.git("checkout", "-q", "--orphan", "new")
    book.git("commit", "-q", "-m", "as it is")
    if for_good:
        book.git("branch", "-q", "-M", "main")
        book.git("reflog", "expire", "--expire=now", "--all")
        book.git("gc", "-q", "--prune=now")
    return path


def _found(book: Book) -> list[str]:
    """The ids of what an audit finds."""
    text = book.qibi("audit", "--format", "json", code=None)
    found = json.loads(text[text.index("{") : text.rindex("}") + 1])
    return [finding["id"] for part in found["parts"] for finding in part["findings"]]


@pytest.mark.parametrize("kept", ["history", "reflog"])
def test_a_sealed_batch_that_git_had_is_restored_as_advised(book: Book, kept: str) -> None:
    _sealed_and_gone(book, for_good=False)
    if kept == "reflog":
        book.git("checkout", "-q", "--orphan", "new")
        book.git("commit", "-q", "-m", "one commit")
        book.git("branch", "-q", "-M", "main")
    line = book.qibi("check", code=1).splitlines()[0].replace(": error: gone", ": gone")
    for command in (("commit",), ("rank", WEEK)):
        assert line in book.qibi(*command, code=1).splitlines()
    for advice in line.partition("restore it: ")[2].split("; "):
        book.git(*advice.split()[1:])
    book.qibi("check")
    book.qibi("commit")
    assert "missing" not in book.qibi("rank", WEEK)
    assert book.holds_all()


def test_a_book_is_used_on_when_the_loss_of_a_batch_is_acknowledged(book: Book) -> None:
    path = _sealed_and_gone(book, for_good=True)
    said = book.qibi("check", code=1)
    assert path in said and "git does not have the original" in said and "qibi acknowledge" in said
    assert path in book.qibi("rank", WEEK, code=1)
    told = ("--reason", "the share broke", "--approved-by", "cora")
    book.qibi("acknowledge", *_found(book), *told)
    assert f"acknowledges that {path} is missing" in book.qibi("check")
    one = "1 batch of 2026-W46 is missing, as acknowledged"
    for command in (("rank", WEEK), ("rank", "2026"), ("why", "bob", WEEK), ("show", "bob", "--week", WEEK), ("status",)):  # fmt: skip
        assert one in book.qibi(*command), command
    assert json.loads(book.qibi("rank", WEEK, "--format", "json").partition("\n")[2])["lost"] == {
        WEEK: 1
    }
    book.qibi("audit", "--accept-acknowledged")
    book.score("late")  # the week is corrected, and the next one closed
    book.qibi("commit")
    book.qibi("close", WEEK, "--approved-by", "cora")
    book.qibi("score", "--no-events", "--week", "2026-W45")
    book.qibi("close", "2026-W45")
    assert one in book.qibi("rank", WEEK)
    book.qibi("acknowledge", *_found(book), *told)
    book.qibi("audit", "--accept-acknowledged")


@pytest.mark.parametrize("made", ["approved by its writer", "of another batch", "edited"])
def test_what_acknowledges_no_loss_counts_for_none(book: Book, made: str) -> None:
    path = _sealed_and_gone(book, for_good=True)
    found = _found(book)
    book.qibi("acknowledge", *found, "--reason", "broken", "--approved-by", "cora")
    file = book.root / "seals/acknowledged-1.json"
    raw = file.read_text()
    digest = path[-22:-6]
    change = {
        "approved by its writer": ('"approved_by": "cora"', '"approved_by": "ann"'),
        "of another batch": (f"east-{digest}", f"east-{digest[::-1]}"),
        "edited": ('"reason": "broken"', '"reason":  "broken"'),
    }[made]
    file.write_text(raw.replace(*change))
    assert raw != file.read_text()
    assert path in book.qibi("rank", WEEK, code=1)
    assert path in book.qibi("check", code=1)

"""Fleets: what comes into a lake, what does not, and that nothing of it is lost on the way."""

import hashlib
import os
import re
import select
import shutil
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock
from msgspec import structs

import repositories
from attacks.world import World
from qibi.base import weeks
from qibi.base.findings import Refusal
from qibi.book.fleet import FleetFile
from qibi.fleet import collect as collecting
from qibi.fleet import ranking
from qibi.fleet.collect import Collected, CollectRequest, collect
from qibi.fleet.lake import COLUMNS, MANIFEST, NAMES, Criterion, Grading, Lake, Manifest, paths_of
from qibi.fleet.ranking import FleetQuestion, FleetRanking, before, rank
from qibi.fleet.sources import Patience
from qibi.ledger.entries import File, Score
from qibi.ledger.git import Git
from qibi.ledger.store import write_batch
from qibi.scoring import engine

DOCS = Path(__file__).parents[2] / "docs" / "fleet.md"
WEEK, NEXT = "2026-W10", "2026-W11"


@dataclass
class Fleet:
    """Books of `attacks.world` in folders of their own, and what is collected of them."""

    top: Path
    books: dict[str, World]
    file: FleetFile
    lakes: str = "lake"

    def collect(
        self,
        *afresh: str,
        at: str = "2026-11-18T09:00:00+00:00",
        patience: Patience | None = None,
        **how: Any,
    ) -> Collected:
        wish = CollectRequest(
            self.file,
            self.top,
            self.lake,
            self.top / "cache",
            repositories.surroundings(self.top),
            at,
            frozenset(afresh),
            patience or Patience(),
        )
        return collect(wish, **how)

    @property
    def lake(self) -> Lake:
        return Lake(self.top / self.lakes, self.lakes)

    @property
    def manifest(self) -> Manifest:
        return self.lake.manifest

    def files(self) -> dict[str, int]:
        here = self.top / "lake"
        return {
            str(p.relative_to(here)): p.stat().st_mtime_ns for p in here.rglob("*") if p.is_file()
        }

    def rank(self, by: str = "member", week: str = WEEK, recompute: bool = False) -> FleetRanking:
        period = weeks.single(week)
        asked = FleetQuestion(period, before(self.lake, period), by)
        return rank(self.lake, self.file, asked, recompute=recompute)

    def totals(self, week: str = WEEK) -> dict[str, int]:
        return {s.subject: s.total for s in self.rank(week=week).standings}


def a_book(root: Path, key: str, seed: int = 0) -> World:
    """A scored and committed book with this id."""
    world = World.make(root, seed)
    text = (root / "qibi.yaml").read_text("utf-8")
    (root / "qibi.yaml").write_text(text.replace("id: attacked", f"id: {key}"), "utf-8")
    for branch in ("east", "west"):
        world.score(WEEK, branch)
    return world


def named(*sources: dict) -> FleetFile:
    return FleetFile.model_validate({"books": list(sources)})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    """Two books that no test changes."""
    place = tmp_path_factory.mktemp("made")
    return {key: a_book(place / key, key, n) for n, key in enumerate(("one", "two"))}


@pytest.fixture
def fleet(made: dict[str, World], tmp_path: Path) -> Fleet:
    books = {key: world.copy(tmp_path / "books" / key) for key, world in made.items()}
    return Fleet(tmp_path, books, named({"path": "books/*"}))


def reasons(done: Collected) -> dict[str, str]:
    return {source: refusal.message for source, refusal in done.refused}


# What comes in


def test_the_files_have_the_columns_that_the_docs_promise(fleet: Fleet) -> None:
    fleet.collect()
    text = DOCS.read_text("utf-8")
    tables = {**COLUMNS, "names": NAMES}
    for table, columns in tables.items():
        row = re.search(rf"^\| `{table}` \| (.*) \|$", text, re.MULTILINE)
        assert row
        promised = re.findall(r"`([a-z_]+)`", row[1].split(":")[0].split(".")[0].split(";")[0])
        assert promised == list(columns)
        files = sorted((fleet.top / "lake" / table).rglob("*.parquet"))
        assert files
        for file in files:
            found = duckdb.sql(
                f"DESCRIBE SELECT * FROM read_parquet('{file}', hive_partitioning=0)"
            )
            assert {name: kind for name, kind, *_ in found.fetchall()} == columns


def test_what_is_not_committed_is_not_collected(fleet: Fleet) -> None:
    fleet.collect()
    before_it = fleet.totals()
    fleet.books["one"].score(WEEK, "east", assessed=False, commit=False)
    assert fleet.collect().new_files == 0
    assert fleet.totals() == before_it
    fleet.books["one"].commit("now it is")
    assert fleet.collect().new_files == 3
    assert fleet.totals() != before_it


def test_evidence_is_compared_where_it_is_in_git_and_stays_there(fleet: Fleet) -> None:
    world = fleet.books["one"]
    letter = world.root / "evidence" / "letter.txt"
    sha256 = hashlib.sha256(letter.read_bytes()).hexdigest()
    score = Score(
        week=WEEK,
        branch="east",
        recorded_by="ann",
        recorded_at=world.moment(),
        subject="bob",
        item="order.tidy",
        points=1,
        evidence=(File(kind="letter", path="evidence/letter.txt", sha256=sha256),),
    )
    write_batch(world.root, WEEK, "east", [score])
    world.commit("a letter")
    assert not fleet.collect().refused
    assert "one" in fleet.manifest.books
    letter.write_text("a letter of complaint\n", "utf-8")
    world.commit("tidy up")
    assert "swapped" in reasons(fleet.collect())["books/one"]


def test_what_came_after_a_seal_counts_once_it_is_corrected(fleet: Fleet) -> None:
    world = fleet.books["one"]
    world.close(WEEK)
    fleet.collect()
    closed = fleet.totals()
    world.score(WEEK, "east", assessed=False)
    fleet.collect()
    assert fleet.totals() == closed
    digest = world.close(WEEK, approved_by="finn")
    fleet.collect()
    assert fleet.totals() != closed
    assert fleet.manifest.books["one"].seal == digest


def test_a_remote_is_cloned_and_fetched_again(fleet: Fleet) -> None:
    world = fleet.books["one"]
    world.git("tag", "early")
    commit = world.git("rev-parse", "HEAD")
    for revision in ("main", "early", commit, commit[:12], None):
        source = {"git": "books/one"} | ({"revision": revision} if revision else {})
        fleet.file = named(source)
        assert fleet.collect().books == ["one"]
        assert fleet.manifest.books["one"].commit == commit
    world.score(NEXT, "east")
    fleet.collect()
    assert fleet.manifest.books["one"].commit == world.git("rev-parse", "HEAD")
    assert {s.subject for s in fleet.rank(week=NEXT).standings} >= {"one/ann", "one/bob"}
    fleet.file = named({"git": "books/one", "revision": "early"})
    fleet.collect()
    assert NEXT not in {w for w, week in fleet.manifest.books["one"].weeks.items() if week.held}


def test_a_remote_whose_head_names_no_branch_has_its_revisions(fleet: Fleet) -> None:
    world = fleet.books["one"]
    world.git("clone", "-q", "--bare", str(world.root), str(fleet.top / "bare.git"))
    (fleet.top / "bare.git" / "HEAD").write_text("ref: refs/heads/master\n", "utf-8")
    fleet.file = named({"git": "bare.git"})
    assert reasons(fleet.collect()) == {
        "bare.git": "can't be fetched: fatal: couldn't find remote ref HEAD"
    }
    fleet.file = named({"git": "bare.git", "revision": "main"})
    assert fleet.collect().books == ["one"]


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes every connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_remote_that_says_nothing_does_not_keep_the_others_waiting(
    fleet: Fleet, silent: str
) -> None:
    """By http git itself gives up, of any other way we do."""
    fleet.file = named(
        {"git": f"git://{silent}/far"}, {"git": f"http://{silent}/far"}, {"path": "books/*"}
    )
    said = []

    def progress(text: str, _count: int) -> AbstractContextManager[Callable[[], None]]:
        said.append(text)
        return nullcontext(lambda: None)

    done = fleet.collect(patience=Patience(silent=1, whole=5), progress=progress)
    assert done.books == ["one", "two"]
    by_git, by_http = reasons(done).values()
    assert by_git == "can't be fetched: not done within 5 seconds"
    assert "Operation too slow" in by_http
    fetched = [f"fetching {scheme}://{silent}/far" for scheme in ("git", "http")]
    assert said == [*fetched, "collecting"]


def test_what_is_ended_takes_all_that_it_started_with_it(tmp_path: Path) -> None:
    """A child of git's child holds a pipe open for as long as it lives."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        settings = ["-c", "alias.wait=!sleep 600 > pipe & wait"]
        with pytest.raises(TimeoutError):
            Git(tmp_path, repositories.surroundings(tmp_path), settings).run_within(2, "wait")
        assert select.select([reader], [], [], 60)[0] == [reader]
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)


def test_ssh_goes_about_it_as_git_is_told_to(fleet: Fleet) -> None:
    ssh = fleet.top / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" > {fleet.top}/asked\n', "utf-8")
    ssh.chmod(0o755)
    fleet.file = named({"git": "ssh://nowhere.invalid/far"})
    (fleet.top / ".gitconfig").write_text(f"[core]\nsshCommand = {ssh}\n", "utf-8")
    fleet.collect()
    assert "nowhere.invalid" in (fleet.top / "asked").read_text("utf-8")


def test_nothing_of_a_remote_is_checked_out_or_run(fleet: Fleet) -> None:
    world = fleet.books["one"]
    (world.root / ".gitattributes").write_text("* filter=evil\n", "utf-8")
    world.commit("attributes")
    hook = world.root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {fleet.top}/ran\n", "utf-8")
    hook.chmod(0o755)
    fleet.file = named({"git": str(world.root)})
    assert fleet.collect().books == ["one"]
    assert not (fleet.top / "ran").exists()
    assert [p.name for p in clone_of(fleet).iterdir()] == [".git"]


def clone_of(fleet: Fleet) -> Path:
    (clone,) = (p for p in (fleet.top / "cache" / "remotes").iterdir() if p.is_dir())
    return clone


def empty_the_packs(clone: Path) -> None:
    """Each object that is packed, and each that is not."""
    for path in (clone / ".git" / "objects").rglob("*"):
        if path.is_file():
            path.chmod(0o644)
            path.write_bytes(b"")


def lose_an_old_object(clone: Path) -> None:
    """A batch of the ledger: HEAD and all trees are still there."""
    environment = repositories.surroundings(clone)
    listed = repositories.git(clone, environment, "ls-tree", "-r", "HEAD", "--", "ledger")
    packs = sorted((clone / ".git" / "objects" / "pack").glob("*.pack"))
    for pack in packs:  # loose from now on
        pack.rename(clone / pack.name)
        repositories.git(
            clone, environment, "unpack-objects", "-q", given=(clone / pack.name).read_bytes()
        )
        (clone / pack.name).unlink()
        pack.with_suffix(".idx").unlink()
    key = listed.split()[2]
    (clone / ".git" / "objects" / key[:2] / key[2:]).unlink()


@pytest.mark.parametrize(
    "damage",
    [
        empty_the_packs,
        lose_an_old_object,
        lambda clone: shutil.rmtree(clone / ".git" / "objects"),
        lambda clone: shutil.rmtree(clone / ".git" / "refs"),
        lambda clone: shutil.rmtree(clone / ".git"),
        lambda clone: (clone / ".git" / "HEAD.lock").touch(),
        lambda clone: (clone / ".git" / "refs" / "qibi" / "heads" / "main.lock").touch(),
    ],
    ids=["packs", "object", "objects", "refs", "all", "head-lock", "ref-lock"],
)
def test_a_damaged_clone_is_made_anew(fleet: Fleet, damage: Callable[[Path], None]) -> None:
    """Whether or not there is something new to fetch."""
    fleet.file = named({"git": "books/one", "revision": "main"})
    fleet.collect()
    before_it = fleet.totals()
    fleet.books["one"].score(NEXT, "east")
    damage(clone_of(fleet))
    done = fleet.collect()
    assert (done.books, reasons(done)) == (["one"], {})
    damage(clone_of(fleet))
    shutil.rmtree(fleet.top / "lake")  # so that it is read again
    done = fleet.collect()
    assert (done.books, reasons(done)) == (["one"], {})
    assert fleet.totals() == before_it
    assert [p.name for p in (fleet.top / "cache" / "remotes").glob(".*")] == []


def test_a_damaged_clone_stays_where_the_remote_is_gone(fleet: Fleet) -> None:
    fleet.file = named({"git": "books/one"})
    fleet.collect()
    clone = clone_of(fleet)
    (clone / ".git" / "HEAD.lock").touch()
    fleet.books["one"].root.rename(fleet.top / "elsewhere")
    assert fleet.collect().stale == ["one"]
    assert clone_of(fleet) == clone


def test_two_collects_may_share_a_cache(fleet: Fleet) -> None:
    """Both begin with an empty one, and come to the same."""
    fleet.file = named({"git": "books/one"}, {"git": "books/two"})
    fleets = [replace(fleet, lakes=name) for name in ("here", "there")]
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda one: one.collect(), fleets))
    assert [(done.books, reasons(done)) for done in found] == [(["one", "two"], {})] * 2


def test_a_clone_that_another_fetches_is_waited_for(fleet: Fleet) -> None:
    fleet.file = named({"git": "books/one"})
    fleet.collect()
    with FileLock(clone_of(fleet).with_suffix(".lock")):
        done = fleet.collect(patience=Patience(whole=0.1))
    assert reasons(done) == {"books/one": "another qibi is fetching it"}


def test_the_same_folder_twice_is_one_book(fleet: Fleet) -> None:
    fleet.file = named({"path": "books/*"}, {"path": "books/../books/one"}, {"path": "books/t?o"})
    assert fleet.collect().books == ["one", "two"]


def test_another_folder_of_the_same_repository_is_another_book(fleet: Fleet) -> None:
    """Both say the same id, in the same commit."""
    both = fleet.top / "both"
    for name in ("old", "new"):
        a_book(both / name, "one", 5)
        shutil.rmtree(both / name / ".git")
    world = World(both)
    scheme = both / "new" / "scheme" / "2026-W01.yaml"
    scheme.write_text(scheme.read_text("utf-8").replace("base: 10", "base: 20"), "utf-8")
    world.git("init", "-q", "-b", "main")
    world.commit("two books")
    fleet.file = named({"path": "both/old"})
    fleet.collect()
    old = fleet.totals()
    fleet.file = named({"path": "both/new"})
    assert fleet.collect().new_files > 0
    assert fleet.totals() == {subject: total + 1000 for subject, total in old.items()}
    assert fleet.manifest.books["one"].folder == "new/"


def test_a_name_that_is_erased_leaves_the_lake(fleet: Fleet) -> None:
    world = fleet.books["one"]
    (world.root / "names.yaml").write_text("ann: 党员一\n", "utf-8")
    world.commit("a name")
    fleet.collect()
    assert fleet.rank().name("one/ann") == "党员一"
    (world.root / "names.yaml").write_text("bob: 党员二\n", "utf-8")
    world.commit("erased")
    done = fleet.collect()
    assert (done.new_files, done.gone_files) == (1, 1)
    assert fleet.rank().name("one/ann") == "ann"
    lake = fleet.top / "lake"
    assert not any("党员一".encode() in p.read_bytes() for p in lake.rglob("*") if p.is_file())


def test_a_changed_definition_replaces_the_weeks_that_it_changes(fleet: Fleet) -> None:
    world = fleet.books["one"]
    fleet.collect()
    first = fleet.files()
    east = world.root / "branches" / "east.yaml"
    east.write_text(
        east.read_text("utf-8").replace("{id: cora}", "{id: cora, until: 2026-W20}"), "utf-8"
    )
    world.commit("cora leaves")
    fleet.collect()
    now = fleet.files()
    changed = {p for p in {*first, *now} if first.get(p) != now.get(p)} - {MANIFEST}
    assert changed
    assert all(re.search(r"^active/year=2026/week=W(2[1-9]|[345].)/one-", p) for p in changed)


def test_files_that_are_gone_are_made_anew(fleet: Fleet) -> None:
    fleet.collect()
    before_it = fleet.totals()
    shutil.rmtree(fleet.top / "lake" / "totals")
    assert fleet.collect().new_files == 2
    assert fleet.totals() == before_it


def test_damaged_files_are_noticed_and_written_anew(fleet: Fleet) -> None:
    """Torn, replaced by one of the same size, and replaced by that of another table."""
    fleet.collect()
    whole = {path: (fleet.top / "lake" / path).read_bytes() for path in fleet.files()}
    asked = fleet.rank()
    totals, other = fleet.lake.files("totals", [WEEK])
    (criteria, _other) = fleet.lake.files("criteria", [WEEK])
    for damage in (
        b"torn",
        bytes(totals.stat().st_size),
        other.read_bytes(),
        criteria.read_bytes(),
    ):
        totals.write_bytes(damage)
        done = fleet.collect()
        assert (done.new_files, done.gone_files) == (1, 0)
        assert [fleet.top / "lake" / path for path in done.repaired] == [totals]
        assert {path: (fleet.top / "lake" / path).read_bytes() for path in fleet.files()} == whole
    assert fleet.rank() == asked


def test_a_lake_that_says_nothing_of_its_files_is_filled_anew_once(fleet: Fleet) -> None:
    fleet.collect()
    books = {k: structs.replace(b, files={}) for k, b in fleet.manifest.books.items()}
    fleet.lake.write(Manifest(books=books))
    (totals, _other) = fleet.lake.files("totals", [WEEK])
    whole = totals.read_bytes()
    totals.write_bytes(b"torn")
    done = fleet.collect()
    assert (done.new_files, done.repaired) == (1, [])
    assert totals.read_bytes() == whole
    assert all(
        set(book.files) == set(paths_of(k, book)) for k, book in fleet.manifest.books.items()
    )
    assert fleet.collect().new_files == 0


def test_a_file_of_another_size_or_none_is_not_ranked_by(fleet: Fleet) -> None:
    fleet.collect()
    files = fleet.lake.read_for([WEEK], recompute=True)
    fleet.lake.refuse_damaged(files)
    assert {*fleet.lake.files("entries", [WEEK]), *fleet.lake.name_files()} < set(files)
    files[0].write_bytes(b"torn")
    named = re.escape(str(files[0].relative_to(fleet.top)))
    with pytest.raises(Refusal, match=f"^{named} is damaged$"):
        fleet.lake.refuse_damaged(files)
    files[0].unlink()
    with pytest.raises(Refusal, match=f"^{named} is missing$"):
        fleet.lake.refuse_damaged(files)


def test_a_file_that_is_none_of_a_lake_is_named_by_a_ranking(fleet: Fleet) -> None:
    fleet.collect()
    (totals, _other) = fleet.lake.files("totals", [WEEK])
    (criteria, _another) = fleet.lake.files("criteria", [WEEK])
    columns = ", ".join(f"'x' AS {column}" for column in COLUMNS["totals"])
    typed = fleet.top / "typed.parquet"
    duckdb.sql(f"COPY (SELECT {columns}) TO '{typed}' (FORMAT parquet)")
    for damage in (b"torn", criteria.read_bytes(), typed.read_bytes()):
        totals.write_bytes(damage)
        with pytest.raises(Refusal, match=f"^{re.escape(str(totals))} can't be read: "):
            fleet.rank()


def test_a_stale_book_whose_files_are_damaged_is_taken_out(fleet: Fleet) -> None:
    fleet.file = named({"path": "books/two"}, {"path": "books/one"})
    fleet.collect()
    (fleet.top / "books" / "one").rename(fleet.top / "elsewhere")
    assert fleet.collect().stale == ["one"]
    fleet.lake.files("totals", [WEEK])[0].write_bytes(b"torn")
    done = fleet.collect()
    assert (done.stale, done.lost) == ([], ["one"])
    assert [refused.source for refused in fleet.manifest.refused] == ["books/one"]
    assert {s.subject[:4] for s in fleet.rank().standings} == {"two/"}


def join_a_unit(world: World) -> None:
    """Everyone is of one unit; nothing is committed."""
    for branch in ("east", "west"):
        path = world.root / "branches" / f"{branch}.yaml"
        text = re.sub(r"\{id: (\w+)\}", r"{id: \1, unit: owner}", path.read_text("utf-8"))
        path.write_text(text, "utf-8")
    book = (world.root / "qibi.yaml").read_text("utf-8")
    (world.root / "qibi.yaml").write_text(f"{book}units: [{{id: owner}}]\n", "utf-8")


def test_a_large_book_gives_the_same_files(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a size the engine numbers its texts; nothing of that shows."""
    join_a_unit(fleet.books["one"])
    fleet.books["one"].commit("a unit")

    def collected() -> dict[str, list]:
        shutil.rmtree(fleet.top / "lake", ignore_errors=True)
        fleet.collect()
        files = sorted((fleet.top / "lake").rglob("*.parquet"))
        query = (
            "SELECT typeof(COLUMNS(*)), * FROM read_parquet('{}', hive_partitioning=0) ORDER BY ALL"
        )
        return {str(p): duckdb.sql(query.format(p)).fetchall() for p in files}

    small = collected()
    monkeypatch.setattr(engine, "_LARGE", 1)
    assert collected() == small


def test_members_of_differing_scales_are_pooled_on_one(fleet: Fleet) -> None:
    """Of a base of 10, 11 is 110; of a base of 20, 21 is 105."""
    for key, base in (("one", 10), ("two", 20)):
        world = fleet.books[key]
        scheme = world.root / "scheme" / "2026-W01.yaml"
        scheme.write_text(scheme.read_text("utf-8").replace("base: 10", f"base: {base}"), "utf-8")
        join_a_unit(world)
        world.commit("a scale")
    fleet.collect()
    totals = fleet.totals()
    scaled = [t * (1000 if key.startswith("one/") else 500) for key, t in totals.items()]
    (unit,) = fleet.rank("unit").standings
    assert unit.total == (2 * sum(scaled) + 100 * len(scaled)) // (2 * 100 * len(scaled))
    assert fleet.rank().bases == (1000, 2000)
    assert fleet.rank("unit", recompute=True) == fleet.rank("unit")


@pytest.mark.parametrize("at_once", [1, 10**9])
@pytest.mark.parametrize("by", ["member", "branch", "book"])
def test_a_week_that_is_too_large_is_divided_by_books(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, at_once: int, by: str
) -> None:
    runs = []
    compute = ranking.compute

    def counted(*given: Any) -> None:
        runs.append(given[2:])
        compute(*given)

    fleet.collect()
    expected = fleet.rank(by)
    monkeypatch.setattr(ranking, "_AT_ONCE", at_once)
    monkeypatch.setattr(ranking, "compute", counted)
    assert fleet.rank(by, recompute=True) == expected
    books = len(fleet.lake.manifest.books)
    assert len(runs) == (books if at_once == 1 else 1), runs


def test_a_criterion_is_meant_by_what_any_book_calls_it(fleet: Fleet) -> None:
    def call(key: str, name: str) -> None:
        scheme = fleet.books[key].root / "scheme" / "2026-W01.yaml"
        text = scheme.read_text("utf-8").replace(
            "- id: order\n", f"- id: order\n    name: {name}\n"
        )
        scheme.write_text(text, "utf-8")
        fleet.books[key].commit("a name")

    call("one", "{zh: 秩序, en: Good order}")
    call("two", "{zh: 整洁, en: Tidiness}")
    fleet.collect()
    criteria = fleet.manifest.criteria
    assert [criteria(t) for t in ("order", "秩序", "good ORDER", "整洁")] == [["order"]] * 4
    assert criteria("ordre") == []
    book = fleet.manifest.books["two"]
    grading = {"2026-W01": Grading(criteria=(Criterion("tidy", ("Good order",)),))}
    both = {"one": fleet.manifest.books["one"], "two": structs.replace(book, grading=grading)}
    assert Manifest(books=both).criteria("Good order") == ["order", "tidy"]


# What does not come in


def test_a_rewritten_history_is_refused_and_the_book_stays_as_it_was(fleet: Fleet) -> None:
    world = fleet.books["one"]
    early = world.copy(fleet.top / "early")
    world.close(WEEK)
    fleet.collect()
    before_it = fleet.totals()
    shutil.rmtree(world.root)
    early.copy(world.root).score(NEXT, "east")
    done = fleet.collect(at="2026-11-25T09:00:00+00:00")
    assert list(reasons(done)) == ["books/one"]
    assert "this is not the ledger that was published" in reasons(done)["books/one"]
    assert "--afresh" in done.refused[0][1].advice
    assert (done.books, done.stale) == (["two"], ["one"])
    assert fleet.totals() == before_it
    stale = fleet.manifest.books["one"].stale
    assert stale and stale.at == "2026-11-25T09:00:00+00:00"
    fleet.collect(at="2026-12-02T09:00:00+00:00")
    assert fleet.manifest.books["one"].stale == stale  # since then
    assert fleet.collect("one").refused == []
    assert fleet.manifest.books["one"].stale is None
    assert fleet.manifest.books["one"].seal is None


def test_what_was_acknowledged_is_taken_in_where_the_fleet_says_so(fleet: Fleet) -> None:
    world = fleet.books["one"]
    path = world.root / world.batches()[0]
    raw = path.read_bytes()
    for text in (raw + b"\n", raw):
        path.write_bytes(text)
        world.commit("by hand")
    world.acknowledge(world.audit().findings)
    done = fleet.collect()
    assert done.books == ["two"]
    assert "2 findings that were acknowledged" in reasons(done)["books/one"]
    fleet.file = named({"path": "books/*", "accept_acknowledged": True})
    assert fleet.collect().books == ["one", "two"]
    fleet.file = named({"path": "books/*"})
    assert fleet.collect().books == ["two"], "what it was proven by is part of what it is"


def test_a_book_that_shares_its_id_later_stays_as_it_was(fleet: Fleet) -> None:
    fleet.collect()
    before_it = fleet.totals()
    fleet.books["one"].copy(fleet.top / "books" / "again")
    done = fleet.collect()
    assert reasons(done) == {
        "books/again": "has the id 'one', as books/one has; neither is collected",
        "books/one": "has the id 'one', as books/again has; neither is collected",
    }
    assert done.stale == ["one"]
    assert fleet.totals() == before_it


def rename(world: World, old: str, new: str) -> None:
    """Give a book another id, and commit that."""
    path = world.root / "qibi.yaml"
    path.write_text(path.read_text("utf-8").replace(f"id: {old}", f"id: {new}"), "utf-8")
    world.commit("another id")


def test_a_book_that_changes_its_id_is_counted_once(fleet: Fleet) -> None:
    fleet.collect()
    rename(fleet.books["two"], "two", "three")
    done = fleet.collect()
    assert (done.books, done.renamed, done.left) == (["one", "three"], [("two", "three")], [])
    assert list(fleet.manifest.books) == ["one", "three"]
    assert not [path for path in fleet.files() if "two-" in path]
    done = fleet.collect()
    assert (done.books, done.renamed) == (["one", "three"], [])


def test_a_book_that_is_refused_under_its_new_id_stays_under_the_old_one(fleet: Fleet) -> None:
    fleet.collect()
    before_it = fleet.totals()
    world = fleet.books["two"]
    rename(world, "two", "one")
    done = fleet.collect()
    assert list(reasons(done)) == ["books/one", "books/two"]
    assert done.stale == ["one", "two"]
    assert fleet.totals() == before_it
    rename(world, "one", "three")
    assert fleet.collect().renamed == [("two", "three")]
    assert list(fleet.manifest.books) == ["one", "three"]


def test_interrupted_before_its_new_id_is_taken_a_book_stays(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    fleet.collect()
    rename(fleet.books["two"], "two", "three")
    monkeypatch.setattr(collecting, "fill", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fleet.collect()
    assert list(fleet.manifest.books) == ["one", "two"]


def test_folders_that_are_away_stay_as_they_were(fleet: Fleet) -> None:
    books = fleet.top / "books"
    fleet.file = named({"path": str(books / "one")}, {"path": "./books/../books/two/"})
    fleet.collect()
    before_it = fleet.totals()
    books.rename(fleet.top / "elsewhere")
    done = fleet.collect()
    assert reasons(done) == {"books/one": "no book here", "books/two": "no book here"}
    assert (done.stale, done.left) == (["one", "two"], [])
    assert fleet.totals() == before_it
    (fleet.top / "elsewhere").rename(books)
    assert fleet.collect().books == ["one", "two"]


def test_what_a_pattern_still_fits_stays_as_it_was(fleet: Fleet) -> None:
    fleet.file = named({"path": "b*/*"}, {"path": "**/nothing"})
    fleet.collect()
    before_it = fleet.totals()
    (fleet.books["one"].root / "qibi.yaml").unlink()  # still committed
    fleet.books["two"].root.rename(fleet.top / "elsewhere")
    done = fleet.collect()
    assert {"books/one", "books/two"} < set(reasons(done))
    assert (done.stale, done.left) == (["one", "two"], [])
    assert fleet.totals() == before_it
    done = fleet.collect("two")
    assert (done.stale, done.left) == (["one"], ["two"])
    (fleet.top / "elsewhere").rename(fleet.top / "books" / "under another name")
    fleet.collect()
    (fleet.top / "books" / "under another name").rename(fleet.books["two"].root)
    done = fleet.collect()
    assert (done.books, done.stale) == (["two"], ["one"])
    fleet.file = named({"path": "books/t*"})
    assert fleet.collect().left == ["one"]


def test_a_folder_whose_name_could_be_a_pattern_is_a_folder(fleet: Fleet) -> None:
    fleet.books["one"].root.rename(fleet.top / "books" / "o[n]e *")
    fleet.file = named({"path": "books/o[n]e *"})
    assert fleet.collect().books == ["one"]
    assert fleet.manifest.books["one"].source == "books/o[n]e *"
    (fleet.top / "books" / "o[n]e *").rename(fleet.top / "elsewhere")
    assert fleet.collect().stale == ["one"]


def test_a_remote_that_is_gone_stays_as_it_was(fleet: Fleet) -> None:
    fleet.file = named({"path": "books/two"}, {"git": "books/one"})
    fleet.collect()
    before_it = fleet.totals()
    (fleet.top / "books" / "one").rename(fleet.top / "elsewhere")
    done = fleet.collect()
    assert (done.books, done.stale) == (["two"], ["one"])
    assert re.match(r"can't be fetched: fatal: .*books/one", reasons(done)["books/one"])
    assert fleet.totals() == before_it
    (fleet.top / "elsewhere").rename(fleet.top / "books" / "one")
    assert fleet.collect().refused == []
    assert fleet.manifest.books["one"].stale is None


def test_a_shallow_clone_and_what_is_no_repository_are_refused(fleet: Fleet) -> None:
    world = fleet.books["one"]
    world.git("clone", "-q", "--depth", "1", f"file://{world.root}", str(fleet.top / "shallow"))
    shutil.copytree(world.root, fleet.top / "bare", ignore=shutil.ignore_patterns(".git"))
    fleet.file = named({"path": "shallow"}, {"path": "bare"}, {"path": "books/two"})
    done = fleet.collect()
    assert done.books == ["two"]
    assert reasons(done) == {
        "shallow": "this is a shallow clone: its history is cut off",
        "bare": f"{fleet.top / 'bare'} is not in a git repository",
    }


def test_the_keys_that_a_signed_book_begins_with_may_be_named(fleet: Fleet) -> None:
    fleet.file = named({"path": "books/one", "trust": "keys"})
    assert "keys can't be read" in reasons(fleet.collect())["books/one"]


def test_an_error_of_check_keeps_a_book_out(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit sees what a check does, but for files that stand beside the ledger's."""
    from qibi.base.findings import Finding
    from qibi.checks.registry import Result
    from qibi.fleet import fill

    found = Result(errors=[Finding("ledger/x", message="not a batch of a week")])
    monkeypatch.setattr(fill, "run_all", lambda *_a, **_k: found)
    done = fleet.collect()
    assert set(reasons(done).values()) == {
        "qibi check has 1 error: ledger/x: not a batch of a week"
    }


# What a crash leaves


def test_interrupted_it_keeps_what_was_proven(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = collecting.fill

    def interrupted(lake, book, *rest):
        made = fill(lake, book, *rest)
        if book.definitions.id == "two":
            raise KeyboardInterrupt
        return made

    monkeypatch.setattr(collecting, "fill", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fleet.collect()
    monkeypatch.undo()
    assert list(fleet.manifest.books) == ["one"]
    assert not [p for p in fleet.files() if "two-" in p or ".new-" in p]
    first = fleet.files()
    assert fleet.collect().books == ["one", "two"]
    now = fleet.files()
    assert {p for p in first if now[p] != first[p]} == {MANIFEST}


def test_killed_it_leaves_the_lake_as_it_was(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tidied up: files that lake.json does not name yet count for nothing."""
    fleet.collect()
    before_it = fleet.totals()
    fleet.books["one"].score(WEEK, "east", assessed=False)
    monkeypatch.setattr(collecting, "_write_lake", lambda *_: None)
    fleet.collect()
    monkeypatch.undo()
    assert fleet.totals() == before_it
    strays = len(fleet.files())
    done = fleet.collect()
    assert (done.new_files, done.gone_files) == (0, 3)
    assert len(fleet.files()) == strays - 3
    assert fleet.totals() != before_it


def test_a_folder_that_holds_other_things_is_no_lake(fleet: Fleet) -> None:
    with pytest.raises(Refusal, match=r"^lake holds other things: branches$"):
        shutil.copytree(fleet.books["one"].root, fleet.top / "lake")
        fleet.collect()
    shutil.rmtree(fleet.top / "lake")
    fleet.collect()
    mine = fleet.top / "lake" / "names" / "mine.txt"
    mine.write_text("not the lake's", "utf-8")
    (fleet.top / "lake" / ".new-killed").mkdir()
    assert fleet.collect().gone_files == 0
    assert mine.exists()
    assert not (fleet.top / "lake" / ".new-killed").exists()


def test_an_older_lake_is_collected_anew(fleet: Fleet) -> None:
    fleet.collect()
    path = fleet.top / "lake" / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"qibi_lake":1', b'"qibi_lake":0'))
    assert fleet.manifest.books == {}
    fleet.collect()
    assert list(fleet.manifest.books) == ["one", "two"]


def test_a_newer_lake_is_refused(fleet: Fleet) -> None:
    fleet.collect()
    path = fleet.top / "lake" / MANIFEST
    path.write_bytes(b'{"qibi_lake": 2, "books": ["in another shape"]}')
    with pytest.raises(Refusal, match=r"^lake was written by a newer qibi$"):
        fleet.collect()

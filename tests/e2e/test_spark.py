"""Spark ranks as DuckDB does: on a cluster of several processes, every standing of every kind.

The cluster is Spark's own: a master, two workers, and for each of these a process that does its work.
"""

import json
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyspark
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from outside import REPOSITORY, Outside, surroundings

from qibi.base import weeks
from qibi.book.fleet import FleetFile, read_fleet
from qibi.fleet.lake import Lake
from qibi.fleet.ranking import KINDS, POOLED, FleetQuestion, FleetRanking, before, rank
from qibi.fleet.spark import Job, Spark, on

sys.path.append(str(REPOSITORY / "tests" / "property"))
from test_fleets import (
    TODAY,
    Case,
    World,
    fleet_of,
    fleets,
)

pytestmark = pytest.mark.external
CLUSTER = "local-cluster[2,1,1024]"  # workers; processors and megabytes of each
RANKING = ("rank", "2026", "--fleet", ".", "--by", "cp", "--format", "json")
# A Java process that lives for a minute spends half of it on making its code faster.
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SUBMIT = (
    f"--driver-java-options '{SHORT_LIVED}'"
    f" --conf 'spark.executor.extraJavaOptions={SHORT_LIVED}' pyspark-shell"
)
# What Spark's scripts call, without Java.
TOOLS = ("bash", "basename", "cat", "dirname", "env", "ls", "ps", "sed", "sh", "tr", "uname")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Spark as it is installed, but for where its workers keep what they write: in SPARK_HOME."""
    folder = tmp_path_factory.mktemp("spark")
    for path in Path(pyspark.__file__).parent.iterdir():
        if path.name != "work":
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def cluster(home: Path) -> Iterator[Spark]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(home))
        patch.setenv("PYSPARK_SUBMIT_ARGS", SUBMIT)
        with on(CLUSTER) as spark:
            # For a few rows a plan is worth neither many tasks nor code that is compiled for it.
            spark._spark.conf.set("spark.sql.shuffle.partitions", "2")
            spark._spark.conf.set("spark.sql.codegen.wholeStage", "false")
            yield spark


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """A fleet of the example book, collected, in a folder whose name could be taken for a pattern."""
    folder = tmp_path_factory.mktemp("example")
    outside = surroundings(folder, "en")
    shutil.copytree(REPOSITORY / "ledgers" / "example", outside.folder / "a [b] {c}" / "book")
    environment = outside.environment | {"PYSPARK_SUBMIT_ARGS": SUBMIT}
    outside = Outside(outside.folder / "a [b] {c}", environment)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a book"]):
        outside.at("book").run("git", *command)
    (outside.folder / "fleet.yaml").write_text("books: [{path: book}]\n", "utf-8")
    outside.run("qibi", "fleet", "collect")
    return outside


def fleet_at(folder: Path) -> tuple[Lake, FleetFile]:
    return Lake(folder / "lake", "lake"), read_fleet(folder / "fleet.yaml", "fleet.yaml")


def by_both(
    cluster: Spark, lake: Lake, fleet: FleetFile, question: FleetQuestion, recompute: bool
) -> tuple[FleetRanking, FleetRanking]:
    found = Job(lake, fleet, question, recompute).rank(cluster)
    return found, rank(lake, fleet, question, recompute=recompute)


# Entries are reckoned for the kinds that the lake has totals of; books and units follow from their members.
@pytest.mark.parametrize(
    ("by", "recompute"),
    [*((kind, False) for kind in KINDS), *((kind, True) for kind in KINDS if kind not in POOLED)],
)
def test_the_example_book(cluster: Spark, place: Outside, by: str, recompute: bool) -> None:
    lake, fleet = fleet_at(place.folder)
    period = weeks.parse_period("2026", TODAY)
    assert period is not None
    question = FleetQuestion(period, before(lake, period), by, criteria=True)
    found, expected = by_both(cluster, lake, fleet, question, recompute)
    assert found == expected
    assert found.standings and all(s.criteria for s in found.standings)


def test_two_processes_did_the_work(cluster: Spark, place: Outside, home: Path) -> None:
    test_the_example_book(cluster, place, "cp", False)
    begun = {path.parent.name for path in home.glob("work/app-*/*/stderr")}
    assert begun == {"0", "1"}


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(case=fleets())
def test_random_books(cluster: Spark, tmp_path_factory: pytest.TempPathFactory, case: Case) -> None:
    folder = tmp_path_factory.mktemp("fleet").resolve()
    world = World(folder, fleet_of(case.how, case.min_weeks))
    for key, book in case.books.items():
        world.put(key, book)
    assert world.collect().refused == []
    period = weeks.parse_period(case.period, TODAY)
    assert period is not None
    earlier = before(world.lake, period)
    question = FleetQuestion(period, earlier, case.by, case.criterion, criteria=True)
    for recompute in (False, True):
        found, expected = by_both(cluster, world.lake, world.fleet, question, recompute)
        assert found == expected, recompute


def test_nothing_but_the_ranking_is_printed_and_nothing_is_left(place: Outside) -> None:
    """The lake is read where a copy of it is; that is what is ranked, for no other file is there."""
    expected = json.loads(place.run("qibi", *RANKING))
    copy = place.folder.parent / "copy"
    shutil.copytree(place.folder / "lake", copy)
    bare = place.folder.parent / "bare"
    (bare / "lake").mkdir(parents=True)
    shutil.copy(place.folder / "fleet.yaml", bare)
    shutil.copy(copy / "lake.json", bare / "lake")
    at = ("--engine", "spark", "--master", "local[2]", "--lake", f"file://{copy}")
    said = replace(place, folder=bare).run("qibi", *RANKING, *at, "--recompute")
    assert json.loads(said) == expected
    left = sorted(str(path.relative_to(bare)) for path in bare.rglob("*"))
    assert left == ["fleet.yaml", "lake", "lake/lake.json"]


# What is missing is said in two lines


def refused(outside: Outside, *options: str) -> str:
    said = outside.run("qibi", *RANKING, "--engine", "spark", *options, expect=2)
    assert len(said.splitlines()) == 2, said
    return said


def test_a_lake_that_spark_does_not_find(place: Outside) -> None:
    said = refused(place, "--master", "local[2]", "--lake", "file:///nowhere")
    assert "a file of the lake can't be read" in said and "file:/nowhere/" in said


def test_a_master_that_is_not_there(place: Outside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    said = refused(place, "--master", f"spark://127.0.0.1:{port}")
    assert f"the master spark://127.0.0.1:{port}: connection refused" in said


@pytest.mark.parametrize("master", ["local[x]", "nothing://host", "spark://host"])
def test_a_master_that_is_none(place: Outside, master: str) -> None:
    assert f"can't work with the master {master}: " in refused(place, "--master", master)


def test_a_master_that_says_nothing_is_given_up(place: Outside) -> None:
    program = (
        "import sys, qibi.fleet.spark as cluster; cluster._ANSWERED = 10;"
        "from qibi.__main__ import run; sys.exit(run())"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        master = f"spark://127.0.0.1:{server.getsockname()[1]}"
        options = ("--engine", "spark", "--master", master)
        said = place.run(sys.executable, "-c", program, *RANKING, *options, expect=2)
    assert f"the master {master}: no answer within 10 seconds" in said
    assert len(said.splitlines()) == 2


def test_without_java(place: Outside, tmp_path: Path) -> None:
    for tool in (*TOOLS, "qibi"):
        if found := shutil.which(tool, path=place.environment["PATH"]):
            (tmp_path / tool).symlink_to(found)
    kept = {k: v for k, v in place.environment.items() if k not in ("JAVA_HOME", "SPARK_HOME")}
    without = replace(place, environment={**kept, "PATH": str(tmp_path)})
    said = refused(without)
    assert "needs Java" in said and "install Java 17 or later" in said


def test_a_java_that_is_not_where_it_is_said_to_be(place: Outside) -> None:
    elsewhere = replace(place, environment={**place.environment, "JAVA_HOME": "/nowhere"})
    assert "needs Java" in refused(elsewhere)


@pytest.mark.parametrize("name", ["pyspark", "sqlglot"])
def test_without_the_extra(place: Outside, name: str) -> None:
    program = (
        f"import sys; sys.modules['{name}'] = None; from qibi.__main__ import run; sys.exit(run())"
    )
    options = (*RANKING, "--engine", "spark")
    said = place.run(sys.executable, "-c", program, *options, expect=2)
    assert f"needs {name}" in said and "pip install 'qibi[spark]'" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--engine", "spark"), "--engine needs --fleet"),
        (("--fleet", ".", "--master", "local"), "--master needs --engine spark"),
        (("--fleet", ".", "--engine", "sparc"), "there is no engine 'sparc'"),
    ],
)
def test_options_that_do_not_go_together(
    place: Outside, options: tuple[str, ...], said: str
) -> None:
    assert said in place.run("qibi", "rank", *options, expect=2)

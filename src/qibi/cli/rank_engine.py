"""qibi rank --engine: on what a fleet is ranked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qibi.base.findings import Refusal
from qibi.base.language import _, listing
from qibi.cli.session import Session

if TYPE_CHECKING:
    from qibi.book.fleet import FleetFile
    from qibi.fleet.lake import Lake
    from qibi.fleet.ranking import Question, Ranking

ENGINES = ("duckdb", "spark")


@dataclass(frozen=True)
class Engine:
    """DuckDB in this process, or Spark at a master; `copy` is the URL at which Spark finds the lake."""

    name: str = ENGINES[0]
    master: str | None = None
    copy: str | None = None


def engine(fleet: str | None, name: str | None, master: str | None, copy: str | None) -> Engine:
    """What the options say; raises `Refusal` where they don't go together."""
    given = {"--engine": name, "--master": master, "--lake": copy}
    first = next((option for option, value in given.items() if value is not None), None)
    if first and fleet is None:
        raise Refusal(
            _("{option} needs --fleet").format(option=first),
            _("name the fleet: --fleet fleet.yaml"),
        )
    if name is not None and name not in ENGINES:
        raise Refusal(
            _("there is no engine '{name}'").format(name=name),
            _("one of: {names}").format(names=listing(list(ENGINES))),
        )
    sparks = next((option for option in ("--master", "--lake") if given[option] is not None), None)
    if sparks and name != "spark":
        raise Refusal(
            _("{option} needs --engine spark").format(option=sparks), _("add --engine spark")
        )
    return Engine(name or ENGINES[0], master, copy)


def ranked(
    now: Session,
    on: Engine,
    lake: "Lake",
    fleet: "FleetFile",
    question: "Question",
    recompute: bool,
) -> "Ranking":
    """The ranking of a fleet on this engine; raises `Refusal` where it can't be had."""
    if on.copy is None:
        lake.refuse_damaged(lake.read_for(question.weeks, recompute))
    if on.name != "spark":
        from qibi.fleet.ranking import rank

        return rank(lake, fleet, question, recompute=recompute)
    from qibi.fleet import spark
    from qibi.fleet.cluster import LOCAL

    job = spark.Job(lake, fleet, question, recompute)
    moved = (lake.folder, on.copy) if on.copy else None
    with (
        now.console.progress(_("ranking on Spark"), job.count) as step,
        spark.on(on.master or LOCAL, moved, step) as runner,
    ):
        return job.rank(runner)

"""Each week's result, kept: a ranking of many weeks then adds up, and reads no entry twice.

The steps up to `criterion_of` look at one week only, and batches never change. So a week's outcome is a
Parquet file of totals and one of criteria, kept by the content of what they are made from. Weeks that are not
there yet are calculated some at a time, on all processors; memory is that of a few weeks, however long the
period is.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from qibi.base.cache import Cache, key_of
from qibi.base.findings import Faults, Finding
from qibi.base.plain import read_plain
from qibi.base.weeks import single
from qibi.base.workers import each, processors
from qibi.book.definitions import Definitions
from qibi.ledger.batches import Batch, parse
from qibi.ledger.counting import Counting, read_counting, week_of_path
from qibi.ledger.records import Proofs
from qibi.scoring.assessed import Attendance, attendance
from qibi.scoring.engine import Engine, Unreadable, no_room, rules_digest, steps
from qibi.scoring.facts import SPANNING, Question, Row, tables
from qibi.scoring.unusable import unusable

LARGE = 8_000_000  # bytes of batches: some 35,000 entries
_AT_ONCE = 24_000_000  # bytes of batches that are calculated in one go
_FORM = "1"  # of the files and of `Week`
LAST_STEP = "criterion_of"

# What a week's files hold, of the kind of subject asked for. Points are hundredths.
TOTALS = """
SELECT k.week, k.subject, r.branch, r.total, t.veto_total
FROM (SELECT week, subject FROM rollup UNION SELECT week, subject FROM criterion_of) AS k
LEFT JOIN rollup AS r ON r.week = k.week AND r.subject = k.subject
LEFT JOIN question AS q ON true
LEFT JOIN week_total AS t ON t.week = k.week AND t.subject = k.subject AND t.kind = q.kind
"""
CRITERIA = "SELECT week, subject, criterion, CAST(credit AS BIGINT) AS credit FROM criterion_of"


class Unkept(Exception):
    """A week's file could not be kept, or is gone."""


class Week(msgspec.Struct, frozen=True):
    """A week's result: who was there, what was of no use, and the SHA-256 of its two files.

    A week in which nobody has anything has no files.
    """

    week: str
    seen: Attendance
    useless: dict[str, int]
    totals: str = ""
    criteria: str = ""


@dataclass(frozen=True)
class Outcome:
    """The weeks of a question: the engine that has ranked them, and what is said beside."""

    engine: Engine
    seen: dict[str, Attendance]
    useless: dict[str, dict[str, int]]


def is_large(root: Path, counts: Counting) -> bool:
    """Whether so much is to be read that keeping each week's outcome is worth it."""
    size = 0
    for path in counts.counted:
        try:
            size += (root / path).stat().st_size
        except OSError:
            return False  # whoever reads it says what is the matter
        if size > LARGE:
            return True
    return False


def outcome(
    root: Path,
    definitions: Definitions,
    question: Question,
    counts: Counting,
    kept: Cache,
    proofs: Proofs,
) -> Outcome:
    """The rules' last steps over the weeks' kept outcomes; raises `Faults` for damaged batches."""
    paths = _by_week(counts)
    keys = {week: _key(definitions, question, of_week) for week, of_week in paths.items()}
    with tempfile.TemporaryDirectory(prefix="qibi-") as temporary:
        aside = Cache(Path(temporary))
        for place in (kept if kept.folder and definitions.fingerprint else aside, aside):
            found = {week: w for week, key in keys.items() if (w := _kept(place, key))}
            if not proofs.prove(path for week in found for path in paths[week]):
                read_counting(root, counts)  # says which batch is not what its name says
                found = {}
            missing = {week: paths[week] for week in paths if week not in found}
            try:
                for w in _reckoned(root, definitions, question, missing, place, Path(temporary)):
                    place.keep("weeks", keys[w.week], w)
                    found[w.week] = w
                engine = _ranked(definitions, question, found, place)
                break
            except Unkept:  # no room in the cache, or it was emptied meanwhile
                if place is aside:
                    raise no_room("") from None
    return Outcome(
        engine,
        {week: w.seen for week, w in found.items()},
        {week: w.useless for week, w in found.items()},
    )


def _by_week(counts: Counting) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in counts.counted:
        found.setdefault(week_of_path(path), []).append(path)
    return found


def _key(definitions: Definitions, question: Question, paths: Sequence[str]) -> str:
    """What a week's outcome depends on; batches are known by their names, which hold their digests."""
    among = (question.branch, question.department, question.section)
    spanning = repr(among) if question.by in SPANNING else ""
    told = [_FORM, definitions.fingerprint, rules_digest(), question.by, spanning]
    return key_of([*told, *paths])


def _kept(kept: Cache, key: str) -> Week | None:
    """The outcome kept under a key, if its files are there and whole."""
    week = kept.find("weeks", key, Week)
    if week is None or not all(kept.file("weeks", d) for d in (week.totals, week.criteria) if d):
        return None
    return week


@dataclass(frozen=True)
class _Common:
    """What every part of the calculation needs."""

    root: Path
    definitions: Definitions
    question: Question
    folder: Path
    kept: Cache


def _reckoned(
    root: Path,
    definitions: Definitions,
    question: Question,
    missing: Mapping[str, list[str]],
    kept: Cache,
    folder: Path,
) -> Iterator[Week]:
    common = _Common(root, definitions, question, folder, kept)
    findings: list[Finding] = []
    for result in each(_reckon, common, list(portions(root, missing, _each_time(root, missing)))):
        if isinstance(result, Faults):
            findings += result.findings
        else:
            yield from result
    if findings:
        raise Faults(findings)


def _each_time(root: Path, missing: Mapping[str, list[str]]) -> int:
    """Bytes of batches that are calculated in one go, so that every processor has as much to do."""
    weeks = [sum((root / path).stat().st_size for path in paths) for paths in missing.values()]
    parts = -(-sum(weeks) // (_AT_ONCE * processors())) * processors()
    return sum(weeks) // parts + max(weeks) // 2 if parts else _AT_ONCE


def portions(
    root: Path, missing: Mapping[str, list[str]], most: int
) -> Iterator[dict[str, list[str]]]:
    """The weeks with the paths of their batches, at a time as many as hold `most` bytes, or one."""
    portion: dict[str, list[str]] = {}
    size = 0
    for week, paths in missing.items():
        here = sum((root / path).stat().st_size for path in paths)
        if portion and size + here > most:
            yield portion
            portion, size = {}, 0
        portion[week] = paths
        size += here
    if portion:
        yield portion


def _reckon(common: _Common, portion: Mapping[str, list[str]]) -> list[Week] | Faults:
    """Reckon some weeks; faults are given back, so that those of all portions are told together."""
    try:
        batches = _read(common.root, portion)
    except Faults as faults:
        return faults
    weeks = tuple(sorted(portion))
    question = replace(
        common.question, period=single(weeks[0])._replace(weeks=weeks), before=(), also=()
    )
    wanted = list(steps())[: list(steps()).index(LAST_STEP) + 1]
    given = tables(common.definitions, question)
    engine = Engine(given, batches, ids=False, wanted=wanted, threads=1)
    seen, useless = attendance(batches), unusable(common.definitions, engine)
    place = Path(tempfile.mkdtemp(dir=common.folder))
    totals = _written(engine, TOTALS, place / "totals", common.kept)
    criteria = _written(engine, CRITERIA, place / "criteria", common.kept)
    return [
        Week(
            week,
            seen.get(week, Attendance()),
            dict(useless.get(week, {})),
            totals.get(week, ""),
            criteria.get(week, ""),
        )
        for week in weeks
    ]


def _read(root: Path, portion: Mapping[str, list[str]]) -> list[Batch]:
    """The batches of some weeks; where any is not sound, as `read_counting` says it."""
    batches = []
    for week, paths in portion.items():
        for path in paths:
            try:
                batch = parse(path, week, read_plain(f"{root}/{path}"))
            except OSError:
                batch = []
            if not isinstance(batch, Batch):
                every = tuple(p for of_week in portion.values() for p in of_week)
                return read_counting(root, Counting(counted=every, weeks=tuple(portion)))
            batches.append(batch)
    return batches


def _written(engine: Engine, query: str, place: Path, kept: Cache) -> dict[str, str]:
    """Week: the SHA-256 of its file with the rows of a query."""
    found = {}
    for week, path in engine.by_week(query, place):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if not kept.take_in("weeks", digest, path):
            raise Unkept
        found[week] = digest
    return found


def _ranked(
    definitions: Definitions, question: Question, found: Mapping[str, Week], kept: Cache
) -> Engine:
    """An engine that runs the last steps over the weeks' files."""
    attended: list[Row] = []
    for w in found.values():
        attended += [("assessed", w.week, branch, None) for branch in w.seen.assessed]
        attended += [("exempt", w.week, None, subject) for subject in w.seen.exempt]
    files = {name: [getattr(w, name) for w in found.values()] for name in ("totals", "criteria")}
    totals, criteria = (
        _parquet([_there(kept, d) for d in digests if d], columns)
        for digests, columns in zip(files.values(), (_TOTALS, _CRITERIA), strict=True)
    )
    sources = {
        "week_outcome": f"SELECT * FROM {totals}",
        "rollup": "SELECT week, subject, branch, total FROM week_outcome WHERE total IS NOT NULL",
        "week_total": f"SELECT week, subject, '{question.by}' AS kind, veto_total FROM week_outcome"
        " WHERE veto_total IS NOT NULL",
        "criterion_of": f"SELECT * FROM {criteria}",
        "live": "SELECT kind, week, branch, subject FROM attended",
    }
    given = tables(definitions, question)
    every = list(steps())
    wanted = every[every.index(LAST_STEP) + 1 :]
    try:
        return Engine.over({**given, "attended": attended}, sources, wanted)
    except Unreadable:
        raise Unkept from None


def _there(kept: Cache, digest: str) -> Path:
    if path := kept.file("weeks", digest):
        return path
    raise Unkept


_TOTALS = "week VARCHAR, subject VARCHAR, branch VARCHAR, total BIGINT, veto_total BIGINT"
_CRITERIA = "week VARCHAR, subject VARCHAR, criterion VARCHAR, credit BIGINT"


def _parquet(paths: Sequence[Path], columns: str) -> str:
    """What to select from: these files, or nothing of this shape."""
    if not paths:
        names = ", ".join(f"NULL::{c.split()[1]} AS {c.split()[0]}" for c in columns.split(", "))
        return f"(SELECT {names} WHERE false)"
    return "read_parquet([" + ", ".join("'" + str(p).replace("'", "''") + "'" for p in paths) + "])"

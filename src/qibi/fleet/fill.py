"""Writing a book into a lake: the files that are not there yet, and what `lake.json` says of the book."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from qibi.base import weeks as wk
from qibi.base.cache import key_of
from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, many
from qibi.base.weeks import Period
from qibi.base.workers import portions
from qibi.book.definitions import SUBJECT_KINDS, Definitions, Label, Scheme
from qibi.book.in_force import definitions_digest
from qibi.book.links import NAMES
from qibi.book.load import FOLDERS, load
from qibi.checks.registry import run_all
from qibi.fleet import lake as lk
from qibi.fleet.lake import Book, Criterion, File, Grade, Grading, Lake, Name, Week, file_at
from qibi.fleet.ranking import Duck, Row
from qibi.fleet.sources import CRITERIA, TOTALS
from qibi.ledger.batches import LEDGER, weeks_with_batches
from qibi.ledger.counting import Counting, counting, read_counting, week_of_path
from qibi.ledger.seals import SEALS
from qibi.proof.audit import audit
from qibi.proof.repository import PLAIN, Repository
from qibi.scoring.engine import Engine, rules_digest
from qibi.scoring.facts import TABLES, Question, question_tables, tables
from qibi.scoring.pinned import pinned

# A book as it is committed, once check and audit have found nothing: what a lake may take in.


_TOPS = (*FOLDERS, LEDGER, SEALS)
_FILES = ("qibi.yaml", NAMES)


@dataclass(frozen=True)
class Proven:
    """A book's committed files in a folder of our own, and what they define."""

    root: Path
    definitions: Definitions
    commit: str
    folder: str  # in the repository, with a slash at its end
    seal: str | None  # SHA-256 of the last one


def repository_of(folder: Path, environment: Mapping[str, str]) -> Repository:
    """The repository of a book; raises `Refusal` where it can't be trusted."""
    return Repository(folder, environment)


@contextmanager
def proven(
    repository: Repository,
    seal: str | None,
    trust: frozenset[str] | None,
    cache: Path | None,
    see_all: str,
    now: datetime,
    *,
    accept_acknowledged: bool = False,
) -> Iterator[Proven]:
    """The book of this repository; raises `Refusal` where check or audit finds anything wrong.

    `now` is by the clock of who collects. `seal` is the last one that was collected before: it must still be in the chain. `see_all` says
    how one comes to all that the audit has found. What was acknowledged is wrong too, unless accepted.
    """
    found = audit(repository, seal or None, trust, cache, now)
    if found.findings:
        raise _refused(
            many(
                "qibi audit has {count} finding: {first}",
                "qibi audit has {count} findings: {first}",
                len(found.findings),
            ),
            found.findings,
            see_all
            if not any(f.code == "against" for f in found.findings)
            else _(
                "the seal that was collected before is not in its history: find out why; "
                "'qibi fleet collect --afresh BOOK' takes it as it is"
            ),
        )
    if found.acknowledged and not accept_acknowledged:
        raise _refused(
            many(
                "qibi audit has {count} finding that was acknowledged: {first}",
                "qibi audit has {count} findings that were acknowledged: {first}",
                len(found.acknowledged),
            ),
            [one.finding for one in found.acknowledged],
            _("if that is acceptable, write accept_acknowledged: true for this book in fleet.yaml"),
        )
    with tempfile.TemporaryDirectory(prefix="qibi-") as folder:
        root = Path(folder)
        _lay_out(repository, root)
        # Evidence stays in git, where the audit has compared it with what the entries say.
        checked = run_all(root, cache, now=now, evidence=False)
        if checked.errors:
            raise _refused(
                many(
                    "qibi check has {count} error: {first}",
                    "qibi check has {count} errors: {first}",
                    len(checked.errors),
                ),
                checked.errors,
                _("correct them there and commit: qibi check, then qibi commit"),
            )
        last = found.seals[-1].digest if found.seals else None
        yield Proven(root, load(root, cache), found.commit, repository.prefix, last)


def _refused(message: str, findings: list[Finding], advice: str) -> Refusal:
    return Refusal(message.format(count=len(findings), first=findings[0]), advice, 1)


def _lay_out(repository: Repository, root: Path) -> None:
    """Write what is committed of definitions, ledger and seals; the audit has seen that all is plain."""
    wanted = [f for f in repository.files() if _is_ours(f.path) and f.mode == PLAIN]
    raw = repository.contents(f.object for f in wanted)
    for file in wanted:
        place = root / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw[file.object])


def _is_ours(path: str) -> bool:
    """Whether it is one of a book's files; nothing else of a repository touches our disk."""
    top, *below = path.split("/")
    return path in _FILES or (top in _TOPS and bool(below) and not {"", ".", ".."} & set(below))


_FORM = "1"  # of the lake's files: raise it where the same book would give others
_AT_ONCE = 24_000_000  # bytes of batches that go through the rules together


@dataclass
class Filling:
    """A book on its way into a lake."""

    lake: Lake
    book: Proven
    before: Book | None
    files: dict[str, File] = field(default_factory=dict)  # all that the book needs
    written: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)  # of these, those that were damaged

    def holds(self, path: str) -> bool:
        """Whether the lake has a file as it was written; then it is one of the book's."""
        if found := self.lake.sound(path):
            self.files[path] = found
        return found is not None

    @property
    def id(self) -> str:
        """The book's id."""
        return self.book.definitions.id


def fill(
    lake: Lake, book: Proven, before: Book | None, source: str, at: str, qibi: str
) -> tuple[Book, Filling]:
    """What the lake holds of a book now, and how it came to that.

    Raises `Faults` where a closed week's seal pins other definitions or rules than are here.
    """
    filling = Filling(lake, book, before)
    definitions = book.definitions
    counts = counting(book.root, weeks_with_batches(book.root))
    pinned(definitions, counts.seals)
    found = dict(_weeks(filling, counts))
    schemes, scheme_tables, bases = _schemes(filling, found)
    made = Book(
        source=source,
        commit=book.commit,
        folder=book.folder,
        seal=book.seal,
        collected_at=at,
        qibi=qibi,
        name=Name.of(definitions.name),
        timezone=definitions.timezone,
        names=_names(filling),
        schemes=schemes,
        scheme_tables=scheme_tables,
        grading={s.week: _grading(s, bases.get(s.week)) for s in definitions.schemes},
        weeks=found,
        files=dict(sorted(filling.files.items())),
    )
    return made, filling


def _weeks(filling: Filling, counts: Counting) -> Iterator[tuple[str, Week]]:
    """Each week of the years in which anything was recorded, once its files are there."""
    paths: dict[str, list[str]] = {}
    for path in counts.counted:
        paths.setdefault(week_of_path(path), []).append(path)
    keys = {w: _keys(filling.book.definitions, w, paths.get(w, ())) for w in _covered(counts)}
    before = filling.before.weeks if filling.before else {}
    found = {}
    for week, (active, counted) in keys.items():
        known = before.get(week)
        if known and (known.active, known.counted) == (active, counted):
            named = [lk.week_path(t, week, filling.id, known.key(t)) for t in known.tables]
            if all(filling.holds(path) for path in named):
                found[week] = known
    missing = {week: paths.get(week, []) for week in keys if week not in found}
    root = filling.book.root
    weighed = (
        (week, sum((root / path).stat().st_size for path in paths))
        for week, paths in missing.items()
    )
    for portion in portions(weighed, most=_AT_ONCE):
        found |= _fill_weeks(filling, {week: missing[week] for week in portion}, keys)
    yield from sorted(found.items())


def _covered(counts: Counting) -> Sequence[str]:
    """All weeks of the ISO years from the first to the last week with batches."""
    if not counts.weeks:
        return ()
    first, last = int(counts.weeks[0][:4]), int(counts.weeks[-1][:4])
    return wk.span(f"{first}-W01", f"{last}-W{wk.weeks_in_year(last):02d}")


def _keys(definitions: Definitions, week: str, paths: Sequence[str]) -> tuple[str, str]:
    """What names a week's files: the key of `active`, and that of the others."""
    in_force = [_FORM, definitions.id, definitions_digest(definitions, week)[0]]
    return key_of(in_force)[:16], key_of([*in_force, rules_digest(), *paths])[:16]


def _fill_weeks(
    filling: Filling, portion: Mapping[str, list[str]], keys: Mapping[str, tuple[str, str]]
) -> dict[str, Week]:
    """Some weeks through the rules, by each kind of subject, and into files."""
    definitions = filling.book.definitions
    weeks = tuple(portion)
    period = Period("range", f"{weeks[0]}..{weeks[-1]}", weeks)
    question = Question(
        period, by="unit"
    )  # first: an engine is asked later about subjects it knows
    every = tuple(path for paths in portion.values() for path in paths)
    having = tuple(week for week, paths in portion.items() if paths)
    batches = read_counting(filling.book.root, Counting(counted=every, weeks=having))
    engine = Engine(tables(definitions, question), batches)
    _add(engine, "tied", "SELECT * FROM belongs", first=True)
    for kind in SUBJECT_KINDS:
        engine.ask(question_tables(definitions, msgspec.structs.replace(question, by=kind)))
        _add(engine, "lake_totals", TOTALS, first=kind == SUBJECT_KINDS[0])
        _add(engine, "lake_criteria", CRITERIA, first=kind == SUBJECT_KINDS[0])
        if kind == "cp":
            _add(engine, "tied", "SELECT * FROM belongs", first=False)
    tables_of: dict[str, list[str]] = {week: [] for week in weeks}
    for table, query in _as_in_the_lake(filling.id).items():
        for week, path in _written(filling, engine, query, table):
            tables_of[week].append(table)
            active, counted = keys[week]
            _put(
                filling,
                path,
                lk.week_path(table, week, filling.id, active if table == "active" else counted),
            )
    held = {week for (week,) in engine.rows(_HELD)}
    return {
        week: Week(_version(definitions, week), week in held, *keys[week], tuple(tables_of[week]))
        for week in weeks
    }


def _version(definitions: Definitions, week: str) -> str | None:
    scheme = definitions.scheme(week)
    return scheme.week if scheme else None


_HELD = """
SELECT DISTINCT l.week
FROM live AS l
JOIN branch AS b ON b.branch = l.branch
JOIN week AS w ON w.week = l.week AND w.version IS NOT NULL
WHERE l.kind = 'assessed'
"""


def _add(engine: Engine, name: str, query: str, *, first: bool) -> None:
    """A query's rows into a table of the engine, a new one at first."""
    for _row in engine.rows(
        f"CREATE TEMP TABLE {name} AS {query}" if first else f"INSERT INTO {name} {query}"
    ):
        pass


def _as_in_the_lake(book: str) -> dict[str, str]:
    """Table of the lake: its columns out of the engine's tables, with ids that are the book's own."""
    begin = f"'{book}' AS book, CAST({{t}}.week AS VARCHAR) AS iso_week"
    both = f"{begin}, '{book}/' || {{t}}.week AS book_week"
    return {
        "entries": f"""
            SELECT {both.format(t="e")}, e.id, CAST(e.kind AS VARCHAR) AS kind,
              '{book}/' || e.branch AS branch, '{book}/' || e.subject AS subject,
              CAST(e.item AS VARCHAR) AS item, e.points, e.entry, e.instant,
              CAST(e.batch AS VARCHAR) AS batch, e.line
            FROM entry AS e
        """,
        "active": f"""
            SELECT {both.format(t="a")}, '{book}/' || a.subject AS subject,
              CAST(a.kind AS VARCHAR) AS kind, '{book}/' || a.branch AS branch,
              CAST(a.status AS VARCHAR) AS status,
              CAST(CASE WHEN e.status IS NULL THEN 0 ELSE 1 END AS BIGINT) AS eligible,
              CAST(u.subject AS VARCHAR) AS unit, CAST(NULL AS VARCHAR) AS member,
              '{book}/' || w.version AS version
            FROM active AS a
            JOIN week AS w ON w.week = a.week
            LEFT JOIN eligible AS e ON e.version = w.version AND e.status = a.status
            LEFT JOIN tied AS u
              ON u.kind = 'unit' AND u.week = a.week AND u.member = a.subject AND a.kind = 'member'
            WHERE a.kind IN ('member', 'cp', 'branch')
            UNION ALL
            SELECT {both.format(t="c")}, '{book}/' || c.subject, 'lead', NULL, NULL,
              CAST(0 AS BIGINT), NULL, '{book}/' || c.member, '{book}/' || w.version
            FROM tied AS c
            JOIN week AS w ON w.week = c.week
            WHERE c.kind = 'cp'
        """,
        "totals": f"""
            SELECT {begin.format(t="t")}, '{book}/' || t.subject AS subject,
              CAST(t.kind AS VARCHAR) AS kind, t.total, t.veto_total, t.exempt
            FROM lake_totals AS t
        """,
        "criteria": f"""
            SELECT {begin.format(t="c")}, '{book}/' || c.subject AS subject,
              CAST(c.kind AS VARCHAR) AS kind, CAST(c.criterion AS VARCHAR) AS criterion, c.credit
            FROM lake_criteria AS c
        """,
    }


def _written(
    filling: Filling, engine: Engine, query: str, table: str
) -> Iterator[tuple[str, Path]]:
    """A query's rows as files next to the lake's, one a week that has any."""
    filling.lake.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=lk.BESIDE, dir=filling.lake.folder) as folder:
        list(engine.rows("SET threads = 1"))  # each would write a file of its own
        place = folder.replace("'", "''") + f"/{table}"
        copy = f"COPY (SELECT *, iso_week AS week FROM ({query})) TO '{place}' (FORMAT parquet, PARTITION_BY (week))"
        list(engine.rows(copy))
        for week in sorted(Path(folder, table).glob("week=*")):
            (path,) = week.glob("*.parquet")
            yield week.name.removeprefix("week="), path


def _put(filling: Filling, made: Path, named: str) -> None:
    """Give a file its name in the lake, in the place of any that is not what was once written there."""
    if filling.holds(named):
        return
    place = filling.lake.folder / named
    found = file_at(made)
    assert found
    filling.files[named] = found
    there = file_at(place)
    if there == found:  # left by a collect that was killed
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    made.replace(place)
    filling.written.append(named)
    if named in filling.lake.recorded and there:
        filling.repaired.append(named)


def _schemes(
    filling: Filling, weeks: Mapping[str, Week]
) -> tuple[str, tuple[str, ...], dict[str, int]]:
    """The scheme versions in force in these weeks, as files: their key, and which tables there are.

    Also the base of a member's week in each version.
    """
    definitions, book = filling.book.definitions, filling.id
    question = Question(Period("range", "", tuple(weeks)))
    rows = tables(definitions, question)
    rows["weight"] = [
        row
        for kind in SUBJECT_KINDS
        for row in question_tables(definitions, msgspec.structs.replace(question, by=kind))[
            "weight"
        ]
    ]
    versioned = {
        table: [(f"{book}/{row[0]}", *row[1:]) for row in rows[table]] for table in lk.SCHEMES
    }
    key = key_of([_FORM, repr(versioned)])[:16]
    held = tuple(table for table in lk.SCHEMES if versioned[table])
    _write_rows(
        filling,
        {lk.scheme_path(table, book, key): (TABLES[table], versioned[table]) for table in held},
    )
    bases = {str(v): int(base or 0) for v, kind, base in rows["scale"] if kind == "member"}
    return key, held, bases


def _names(filling: Filling) -> str:
    """The names that the book's history holds, as a file; its key."""
    definitions, book = filling.book.definitions, filling.id
    rows: list[Row] = [(book, book, "book", definitions.name.zh, definitions.name.en)]
    for subject in definitions.subjects:
        label = definitions.label(subject)
        rows.append(
            (book, f"{book}/{subject}", definitions.kind(subject) or "", label.zh, label.en)
        )
    rows += [(book, u.id, "unit", u.name.zh, u.name.en) for u in definitions.units]
    key = key_of([_FORM, repr(rows)])[:16]
    _write_rows(filling, {lk.names_path(book, key): (lk.NAMES, rows)})
    return key


def _write_rows(
    filling: Filling, wanted: Mapping[str, tuple[Mapping[str, str], Sequence[Row]]]
) -> None:
    """Files out of rows at hand: path in the lake: columns and rows."""
    lake = filling.lake.folder
    missing = {path: table for path, table in wanted.items() if not filling.holds(path)}
    if not missing:
        return
    lake.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=lk.BESIDE, dir=lake) as folder,
        Duck({"threads": 1}) as duck,
    ):
        made = Path(folder, "rows.parquet")
        for path, (columns, rows) in missing.items():
            duck.give("given", columns, rows)
            duck.write("SELECT * FROM given", made)
            _put(filling, made, path)


def _grading(scheme: Scheme, base: int | None) -> Grading:
    return Grading(
        tuple(Grade(g.id, g.name.zh, g.name.en, g.lowest) for g in scheme.grades),
        scheme.watch,
        scheme.warn,
        base,
        tuple(Criterion(c.id, _called(c.name, c.short)) for c in scheme.criteria),
    )


def _called(*labels: Label) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for label in labels for name in (label.zh, label.en) if name))

"""Would the oracle notice? Runs random books against rules.sql, then rules.py, with one mistake in it at a time.

    python benchmarks/mutants.py [BOOKS]     default: 500 books at most for each mistake

Prints for each mistake after how many books it was caught; exit code 1 where one survived.
"""

import random
import sys
import tempfile
import types
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "property")]

from test_rules import TODAY, as_the_oracle_says_it, by_sql  # noqa: E402

import books  # noqa: E402  # of tests, which is no package
import oracle  # noqa: E402
from book_files import drawing_from  # noqa: E402
from qibi.base import weeks  # noqa: E402
from qibi.book.load import load  # noqa: E402
from qibi.ledger.batches import read_weeks  # noqa: E402
from qibi.scoring import engine, ranking  # noqa: E402
from qibi.scoring import rules as rules_py  # noqa: E402
from qibi.scoring.assessed import before  # noqa: E402
from qibi.scoring.facts import Question  # noqa: E402

# step, what stands there (exactly once), what stands there instead
MUTANTS = [
    ("live", " AND c.id IS NULL", ""),
    ("live", " AND c.week = e.week", ""),
    ("live", " AND c.branch = e.branch", ""),
    ("live", "e.kind <> 'void' AND ", ""),
    ("live", "FROM entry AS v WHERE v.kind = 'void'", "FROM entry AS v WHERE v.kind = 'void' AND v.id NOT IN (SELECT entry FROM entry WHERE kind = 'void')"),
    ("assessed", "WHERE x.subject IS NULL", ""),
    ("assessed", "live WHERE kind = 'assessed'", "entry WHERE kind = 'assessed'"),
    ("assessed", "live WHERE kind = 'exempt'", "entry WHERE kind = 'exempt'"),
    ("item_credit", "THEN MAX(l.points)", "THEN MIN(l.points)"),
    ("item_credit", "THEN MAX(l.points)", "THEN SUM(l.points)"),
    ("item_credit", "LEAST(e.earned, e.cap)", "e.earned"),
    ("item_credit", "GREATEST(e.earned, e.cap)", "e.earned"),
    ("item_credit", "THEN h.capped ELSE 0", "THEN h.capped ELSE h.capped"),
    ("criterion_credit", "MIN(veto_criterion)", "MAX(veto_criterion)"),
    ("criterion_credit", "l.instant DESC", "l.instant"),
    ("criterion_credit", "l.batch DESC", "l.batch"),
    ("criterion_credit", "l.line DESC", "l.line"),
    ("criterion_credit", "LEAST(x.high, x.raw)", "x.raw"),
    ("criterion_credit", "GREATEST(x.low, LEAST(x.high, x.raw))", "LEAST(x.high, x.raw)"),
    ("criterion_credit", "COALESCE(x.veto, ", "COALESCE(NULL, "),
    ("week_total", "LEAST(t.high, COALESCE(m.summed, 0))", "COALESCE(m.summed, 0)"),
    ("week_total", "COALESCE(h.veto_at_most, h.held)", "h.held"),
    ("week_total", "COALESCE(h.veto_total, h.held)", "h.held"),
    ("week_total", "MIN(veto_total)", "MAX(veto_total)"),
    ("rollup", "JOIN eligible AS e ON e.version = t.version AND e.status = t.status", ""),
    ("rollup", "2 * (p.own_weight", "3 * (p.own_weight"),
    ("rollup", "      + (p.own_weight + p.members_weight) * p.own_base * p.members_base AS above", " AS above"),
    ("rollup", "WHEN o.total IS NULL OR so.base IS NULL THEN 0", "WHEN o.total IS NULL THEN 0"),
    ("rollup", "WHEN m.total IS NULL OR sm.base IS NULL THEN 0", "WHEN sm.base IS NULL THEN 0"),
    ("criterion_of", "2 * SUM(c.credit) + COUNT(*) AS doubled", "2 * SUM(c.credit) AS doubled"),
    ("criterion_of", "WHERE o.subject IS NULL", "WHERE o.subject IS NULL AND 1 = 0"),
    ("standing", "ORDER BY a.week DESC", "ORDER BY a.week"),
    ("standing", "MIN(exempt)", "MAX(exempt)"),
    ("standing", "2 * d.summed + d.weeks", "2 * d.summed"),
    ("standing", "d.weeks * e.share_d < e.share_n", "d.weeks * e.share_d <= e.share_n"),
    ("standing", "RANK()", "DENSE_RANK()"),
    ("standing", "RANK()", "ROW_NUMBER()"),
    ("standing", "ORDER BY total DESC", "ORDER BY total"),
    ("standing", "WHEN averaged = 1 THEN mean ELSE summed", "WHEN averaged = 1 THEN summed ELSE summed"),
    ("breakdown", "WHEN b.averaged = 1", "WHEN b.averaged = 0"),
]  # fmt: skip

# what stands in rules.py (exactly once), what stands there instead
PYTHON = [
    ("if voids and f", "if False and f"),
    ("mine[item] = max(before, points)", "mine[item] = min(before, points)"),
    ("mine[item] = before + points", "mine[item] = points"),
    ("elif item in highest:", "elif False:"),
    ("scores[item][0] < order", "scores[item][0] > order"),
    ("order = instant(entry.recorded_at), batch.digest, line", "order = 0, batch.digest, line"),
    ("found.exempt[entry.subject] = entry.note", "pass"),
    ("min(points, item.cap) if item.cap >= 0 else max(points, item.cap)", "min(points, item.cap) if item.cap >= 0 else points"),
    ("min(points, item.cap) if item.cap >= 0 else max(points, item.cap)", "points if item.cap >= 0 else max(points, item.cap)"),
    ("0 if key in out else capped", "capped"),
    ("found.criteria[place] = min(", "found.criteria[place] = max("),
    ("return min((p for p in points if p is not None), default=None)", "return max((p for p in points if p is not None), default=None)"),
    ("found.at_most = _lowest(found.at_most, item.veto_total_at_most)", "pass"),
    ("found.total = _lowest(found.total, item.veto_total)", "pass"),
    ("            raw[plan.place[key]] = points", "            raw[plan.place[key]] += points"),
    ("c.min if points < c.min else", ""),
    ("c.max if points > c.max else", ""),
    ("max(scheme.total_min, min(scheme.total_max, summed))", "max(scheme.total_min, summed)"),
    ("max(scheme.total_min, min(scheme.total_max, summed))", "min(scheme.total_max, summed)"),
    ("and branch in found.branches", ""),
    ("and subject not in found.exempt", ""),
    ("if m in own and assessed[m][2] in scheme.eligible", "if m in own"),
    ("if own is None or not own_scale:", "if own is None:"),
    ("(len(members) or 1) * (scale or 1)", "(scale or 1)"),
    ("return (2 * above + below) // (2 * below)", "return above // below"),
    ("half_up(sum(o.credits[place] for o in counted), len(counted))", "sum(o.credits[place] for o in counted)"),
    ("                    if key not in credits:\n", ""),
    ("            reason = \"exempt\"", "            reason = \"unscored\""),
    ("count * of < share * held", "count * of <= share * held"),
    ("rules.by == \"member\" and status not in eligible", "False"),
    ("last[subject][0] < end", "last[subject][0] > end"),
    ("total = mean if averaged else summed", "total = summed"),
    ("before.rank if before is not None and tied else number + 1", "number + 1"),
    ("row.veto if veto is None else min(veto, row.veto)", "None"),
    ("half_up(summed, count) if averaged else summed", "summed"),
]  # fmt: skip


def drawn(count: int) -> list[tuple]:
    """So many books as the rules are given them, each with what the oracle says; always the same."""
    numbers, found = random.Random(7), []
    for _ in range(count):
        case = books.a_case(drawing_from(numbers.randbytes(4000)))
        asked = {"by": case.by, "branch": case.branch, "criterion": case.criterion}
        period = weeks.parse_period(case.period, TODAY)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            books.write(case.book, root)
            definitions = load(root)
            question = Question(period, before(root, definitions, period), **asked)
            batches = read_weeks(root, question.weeks)
        expected = oracle.rank(case.book, case.period, **asked)
        found.append((definitions, batches, question, expected))
    return found


def caught_after(cases: list[tuple]) -> int | None:
    """The number of books until the rules as they stand now and the oracle disagree."""
    for number, (definitions, batches, question, expected) in enumerate(cases, 1):
        found = by_sql(definitions, batches, question)
        if found != {key: expected[key] for key in found}:
            return number
    return None


def python_caught_after(cases: list[tuple]) -> int | None:
    """The same for the rules in Python."""
    for number, (definitions, batches, question, expected) in enumerate(cases, 1):
        found = as_the_oracle_says_it(ranking.answer(definitions, batches, question))
        if any(found[key] != expected[key] for key in ("standings", "unranked")):
            return number
    return None


def mutants_of_python(cases: list[tuple]) -> int:
    """How many mistakes in rules.py survive."""
    text, survived = Path(rules_py.__file__).read_text("utf-8"), 0
    if python_caught_after(cases):
        raise SystemExit("the oracle and the rules in Python disagree as they stand")
    for old, new in PYTHON:
        if text.count(old) != 1:
            raise SystemExit(f"rules.py: '{old}' stands there {text.count(old)} times")
        mutant = types.ModuleType(rules_py.__name__)
        exec(compile(text.replace(old, new), "rules.py", "exec"), mutant.__dict__)
        for name in ("Rules", "standings", "breakdown"):
            setattr(ranking, name, getattr(mutant, name))
        number = python_caught_after(cases)
        survived += number is None
        print(
            f"{number or 'SURVIVED':>8}  rules.py: {old.strip()} -> {new.strip() or 'nothing'}",
            flush=True,
        )
    return survived


def main() -> int:
    cases = drawn(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    rules, shared = engine.steps(), engine._connect({"threads": 1})
    engine._connect = lambda settings: shared.cursor()
    if caught_after(cases):
        raise SystemExit("the oracle and the rules disagree as they stand")
    survived = 0
    for step, old, new in MUTANTS:
        if rules[step].count(old) != 1:
            raise SystemExit(f"{step}: '{old}' stands there {rules[step].count(old)} times")
        mutated = {**rules, step: rules[step].replace(old, new)}
        engine.steps = lambda *given, mutated=mutated: mutated
        number = caught_after(cases)
        survived += number is None
        print(f"{number or 'SURVIVED':>8}  {step}: {old} -> {new or 'nothing'}", flush=True)
    survived += mutants_of_python(cases)
    print(f"{len(MUTANTS) + len(PYTHON) - survived} caught, {survived} survived")
    return survived > 0


if __name__ == "__main__":
    sys.exit(main())

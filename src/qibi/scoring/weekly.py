"""Each week's result, calculated once: a ranking of many weeks then adds up, and reads no entry twice.

The rules up to the rows of a week look at that week alone, and batches never change. So a week's rows are kept
under the names of its batches, which hold their digests, and under what else they depend on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from qibi.base.cache import Cache, key_of
from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _
from qibi.base.plain import read_plain
from qibi.base.workers import each, processors
from qibi.ledger.batches import Batch, parse
from qibi.ledger.counting import Counting, read_counting, week_of_path
from qibi.ledger.records import Proofs
from qibi.scoring.facts import SPANNING, Question
from qibi.scoring.rules import Rules, Week, code_digest

_LARGE = 2_000_000  # bytes of batches from which a second process is worth its start


def week_results(
    root: Path, rules: Rules, question: Question, counts: Counting, kept: Cache, proofs: Proofs
) -> dict[str, Week]:
    """The result of each week that has batches that count; raises `Faults` for damaged ones."""
    paths: dict[str, list[str]] = {}
    for path in counts.counted:
        paths.setdefault(week_of_path(path), []).append(path)
    keys = {week: _key(rules, question, of_week) for week, of_week in paths.items()}
    found = {week: w for week, key in keys.items() if (w := kept.find("weeks", key, Week))}
    if not proofs.prove(path for week in found for path in paths[week]):
        # reading says which batch is not what its name says
        found = {week: w for week, w in found.items() if proofs.prove(paths[week])}
    missing = {week: paths[week] for week in paths if week not in found}
    reading = proofs.unproved(path for of_week in missing.values() for path in of_week)
    findings: list[Finding] = []
    parts = _parts(root, missing)
    for result in each(_calculated, (root, rules), parts):
        if isinstance(result, Faults):
            findings += result.findings
            continue
        for week, raw in result:
            found[week] = msgspec.msgpack.decode(raw, type=Week)
            kept.keep("weeks", keys[week], msgspec.Raw(raw))
    if findings:
        raise Faults(findings)
    proofs.proved(reading)
    return found


def _key(rules: Rules, question: Question, paths: Sequence[str]) -> str:
    """What a week's result depends on."""
    among = (question.branch, question.department, question.section)
    spanning = repr(among) if rules.by in SPANNING else ""
    return key_of([code_digest(), rules.definitions.fingerprint, rules.by, spanning, *paths])


def _parts(root: Path, missing: Mapping[str, list[str]]) -> list[dict[str, list[str]]]:
    """The weeks to calculate, in as many parts as there are processors where there is much to read."""
    size = 0
    for path in (path for of_week in missing.values() for path in of_week):
        try:
            size += (root / path).stat().st_size
        except OSError:  # whoever reads it says what is the matter
            size = 0
            break
        if size > _LARGE:
            break
    count = processors() if size > _LARGE else 1
    weeks = list(missing)
    parts = ({w: missing[w] for w in weeks[n::count]} for n in range(count))
    return [part for part in parts if part]


def _calculated(
    common: tuple[Path, Rules], part: Mapping[str, list[str]]
) -> list[tuple[str, bytes]] | Faults:
    """The results of some weeks, encoded; faults are returned, so that those of all parts are told together."""
    root, rules = common
    found = []
    for week, paths in part.items():
        batches = []
        for path in paths:
            try:
                batch = parse(path, week, read_plain(f"{root}/{path}"))
            except OSError:
                batch = []
            if not isinstance(batch, Batch):
                return _faults(root, part)
            batches.append(batch)
        found.append((week, msgspec.msgpack.encode(rules.week(week, batches))))
    return found


def _faults(root: Path, part: Mapping[str, list[str]]) -> Faults:
    """What keeps any of these batches from being read."""
    paths = tuple(path for of_week in part.values() for path in of_week)
    try:
        read_counting(root, Counting(counted=paths, weeks=tuple(part)))
    except Faults as faults:
        return faults
    raise Refusal(_("a batch was changed while it was read"), _("run the same command again"), 1)

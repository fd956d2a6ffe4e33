"""What a closed week's seal pins: the definitions in force in it, and the rules.

A ranking of a closed week under others would be another than was read out, so it is refused.
"""

from collections.abc import Iterable

from qibi.base.findings import Faults, Finding
from qibi.base.language import _
from qibi.book.definitions import Definitions
from qibi.ledger.seals import SealFile
from qibi.scoring.engine import same_rules


def pinned(definitions: Definitions, seals: Iterable[SealFile]) -> None:
    """Raises `Faults` where definitions or rules differ from what these seals pin, naming the files."""
    findings = [f for file in seals for f in (*changed(definitions, file), *_other_rules(file))]
    if findings:
        raise Faults(findings)


def changed(definitions: Definitions, file: SealFile) -> list[Finding]:
    """The definition files that would change a closed week, each named once."""
    from qibi.book.in_force import definitions_digest

    week = file.seal.week
    whole, parts = definitions_digest(definitions, week)
    if whole == file.seal.definitions:
        return []
    before = file.seal.definition_files
    paths = sorted(p for p in {*parts, *before} if parts.get(p) != before.get(p)) or [file.path]
    message = _(
        "would change {week}, which is closed; undo it, or let it begin in a later week (since, "
        "until, a new scheme file)"
    ).format(week=week)
    return [Finding(path, message=message, code="closed-definitions") for path in paths]


def _other_rules(file: SealFile) -> list[Finding]:
    if same_rules(file.seal.rules):
        return []
    message = _(
        "{week} was closed under other rules ({digest}) than this qibi's rules.sql; update qibi, or "
        "use the version that closed it"
    ).format(week=file.seal.week, digest=file.seal.rules[:16])
    return [Finding(file.path, message=message, code="rules")]

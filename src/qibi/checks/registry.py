"""All checks, and one way to run them over a book.

An error is something that can be corrected: a definition, a damaged or misnamed file. A warning is what
is already in the append-only ledger and breaks a policy: it is shown and does not block.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from qibi.base.findings import Faults, Finding, Refusal
from qibi.base.language import _, clauses
from qibi.base.text import argument
from qibi.base.workers import each, portions
from qibi.book.copies import copies
from qibi.book.definitions import Definitions
from qibi.book.links import links
from qibi.book.load import load
from qibi.checks import policy
from qibi.checks.policy import Survey
from qibi.ledger import evidence_files, kept_sheets, private_names
from qibi.ledger.batches import (
    LEDGER,
    Batch,
    Index,
    batch_names,
    each_of_week,
    weeks_with_batches,
)
from qibi.ledger.clock import can_be, clock_message, wrong_moments
from qibi.ledger.counting import gone
from qibi.ledger.entries import Entry, Remedy, Score, Task, Void
from qibi.ledger.git import Git, NotInstalled, in_between
from qibi.ledger.held import EVIDENCE, Held, standing_twins, twin_findings
from qibi.ledger.restore import advised, how
from qibi.ledger.seals import (
    SEALS,
    SealedBatch,
    SealFile,
    accepted_warnings,
    acknowledged_losses,
    chain,
    digest,
    is_link,
    link_paths,
)
from qibi.ledger.signatures import ENDING, public_key
from qibi.ledger.signers import (
    not_accepted,
    record_chain,
    record_paths,
    vouched,
    without_signature,
)
from qibi.scoring.pinned import pinned

# Entries and seals of a moment that can't be: who recorded them had a wrong clock, or this machine has.


Wrong = tuple[Finding, bool]  # with whether a void can still undo it


def wrong(batches: Sequence[Batch], now: datetime) -> list[Wrong]:
    """The lines of some weeks' batches that were recorded at no moment that can be."""
    lines = [(batch, line) for batch in batches for line in wrong_moments(batch, now)]
    return list(_wrong(lines, Index(batches).voids, now)) if lines else []


def _wrong(
    lines: list[tuple[Batch, int]], voids: Collection[str], now: datetime
) -> Iterator[Wrong]:
    for batch, line in lines:
        entry, key = batch.entries[line - 1], f"{batch.digest}.{line}"
        message = clock_message("recorded_at", entry.recorded_at, now)
        counts = not isinstance(entry, Void) and key not in voids
        if counts:
            message = _("{what}; set it, void this and record it again: qibi void {key}").format(
                what=message, key=key
            )
        yield Finding(batch.path, line, message=message, code="clock"), counts


def clock_findings(
    found: Iterable[Wrong], sealed: Sequence[SealFile], now: datetime
) -> tuple[list[Finding], list[Finding]]:
    """Errors and warnings: an error is what can be put right, so none that is void or sealed."""
    closed = {path for file in sealed for path in file.batches}
    errors = [finding for finding, counts in found if counts and finding.path not in closed]
    warnings = [finding for finding, counts in found if not counts or finding.path in closed]
    for file in sealed:
        if not can_be(file.seal.closed_at, now):
            message = clock_message("closed_at", file.seal.closed_at, now)
            warnings.append(Finding(file.path, message=message, code="clock"))
    return errors, warnings


_AT_ONCE = 500  # batches, or paths


@dataclass(frozen=True)
class Check:
    """A check of the ledger that gives warnings."""

    code: str
    function: Callable[[Survey], Iterator[Finding]]
    across: bool = False  # looks across weeks, at the entries that `_reaches` names

    @property
    def explanation(self) -> str:
        """What it looks for, in a sentence."""
        return (self.function.__doc__ or "").strip()


WARNINGS: tuple[Check, ...] = (
    Check("unusable", policy.unusable),
    Check("unknown-branch", policy.unknown_branch),
    Check("foreign-branch", policy.foreign_branch),
    Check("unknown-recorder", policy.unknown_recorder),
    Check("two-pairs-of-eyes", policy.two_pairs_of_eyes),
    Check("misfit", policy.misfit),
    Check("possible-double", policy.possible_double),
    Check("two-direct-scores", policy.two_direct_scores),
    Check("idle-void", policy.idle_void),
    Check("assessed-twice", policy.assessed_twice),
    Check("remedy-step", policy.idle_step, across=True),
    Check("remedy-stray", policy.stray_step, across=True),
    Check("remedy-opening", policy.bad_opening, across=True),
    Check("unknown-milestone", policy.unknown_milestone, across=True),
    Check("done-ahead", policy.done_ahead, across=True),
    Check("milestone-twice", policy.milestone_twice, across=True),
    Check("milestone-scored-twice", policy.milestone_scored_twice, across=True),
    Check("note-names", policy.note_names),
)


@dataclass
class Result:
    """What the checks found, and how much they looked at."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    batches: int = 0
    entries: int = 0


def run_all(
    root: Path,
    cache: Path | None,
    names_file: Path | None = None,
    git: Git | None = None,
    now: datetime | None = None,
    *,
    evidence: bool = True,
) -> Result:
    """Check definitions and ledger; mistakes in the one do not hide those in the other."""
    try:
        definitions: Definitions | None = load(root, cache, names_file)
    except Faults as faults:
        definitions = None
        errors = faults.findings
    else:
        errors = []
    result = run(root, definitions, git, now, evidence=evidence)
    result.errors[:0] = [found for found in errors if found not in result.errors]
    result.warnings += _waiting(git)
    return result


def run(
    root: Path,
    definitions: Definitions | None,
    git: Git | None = None,
    now: datetime | None = None,
    *,
    evidence: bool = True,
) -> Result:
    """Check every batch, seal and archived sheet; with definitions, also what the entries say.

    `now` is by the clock. With `git` also whether git holds the book as it is, or could, and whether it
    holds private names. Without `evidence` the files of evidence are left out: not all of a book is in `root`.

    Where anything is a link, that is all that is said: what it leads to is not read. Warnings that a seal lists as accepted are left out.
    """
    now = now or datetime.now(UTC)
    result = Result(list(links(root)))
    if result.errors:
        return result
    sound: set[str] = set()
    reaching: list[Batch] = []
    unlike: list[Wrong] = []
    for part in each(_check_weeks, (root, definitions, now, evidence), list(_portions(root))):
        result.errors += part.errors
        result.warnings += part.warnings
        result.batches += len(part.sound)
        result.entries += part.entries
        sound.update(part.sound)
        reaching += part.reaching
        unlike += part.clock
    result.warnings += copies(root)
    result.errors += strays(root)
    result.errors += _sheet_errors(root, git)
    result.errors += signing_errors(root, definitions)
    sealed, broken = chain_of(root)
    held = in_git(root, definitions, git)
    gone = {found.path for found in held if found.code == "gone"}
    wrong = seal_errors(root, definitions, sound, sealed)
    result.errors += [*broken, *(found for found in wrong if found.path not in gone)]
    result.errors += _beyond(result.errors, held)
    result.warnings += _stray_links(root, git)
    result.warnings += losses(root, sealed, git)
    errors, warnings = clock_findings(unlike, sealed, now)
    result.errors = advised([*result.errors, *errors], root, git)
    result.warnings += warnings
    if definitions is not None:
        result.warnings += _warnings(Survey(definitions, tuple(reaching)), across=True)
    accepted = accepted_warnings(sealed)
    result.warnings = sorted(w for w in result.warnings if (w.code, w.path, w.line) not in accepted)
    return result


@dataclass
class _Part:
    """What was found in some weeks: paths of sound batches, how many entries they hold."""

    errors: list[Finding]
    warnings: list[Finding]
    sound: list[str]
    entries: int
    reaching: list[Batch]  # those that checks across weeks look at
    clock: list[Wrong]


def _portions(root: Path) -> Iterator[list[str]]:
    """The weeks with batches, as many at a time as one process should look at."""
    weighed = ((week, len(batch_names(root, week))) for week in weeks_with_batches(root))
    return portions(weighed, least=_AT_ONCE)


def _check_weeks(
    common: tuple[Path, Definitions | None, datetime, bool], weeks: list[str]
) -> _Part:
    """Every line of every batch of some weeks, and what the checks find that look at one week only."""
    root, definitions, now, evidence = common
    batches: list[Batch] = []
    errors: list[Finding] = []
    for week in weeks:
        for batch in each_of_week(root, week):
            if isinstance(batch, Batch):
                batches.append(batch)
            else:
                errors += batch
    if evidence:
        errors += _evidence_errors(root, batches)
    warnings = []
    if definitions is not None:
        warnings = _warnings(Survey(definitions, tuple(batches)), across=False)
    return _Part(
        errors,
        warnings,
        [batch.path for batch in batches],
        sum(len(batch.entries) for batch in batches),
        [batch for batch in batches if any(map(_reaches, batch.entries))],
        wrong(batches, now),
    )


def _evidence_errors(root: Path, batches: list[Batch]) -> Iterator[Finding]:
    """What is wrong with the files that the live entries of some weeks name as evidence."""
    named = [
        (batch, line, file)
        for batch in batches
        for line, entry in enumerate(batch.entries, 1)
        if getattr(entry, "evidence", ())
        for file in evidence_files.files_of(entry)
    ]
    voids = Index(batches).voids if named else {}
    for batch, line, file in named:
        key = f"{batch.digest}.{line}"
        if key in voids:
            continue
        if wrong := evidence_files.misplaced(file):
            message = _("{what}; void it: qibi void {key}").format(what=wrong, key=key)
            yield Finding(batch.path, line, message=message, code="evidence")
        elif found := evidence_files.wrong_with(root, file, key):
            yield found


def _reaches(entry: Entry) -> bool:
    """Whether an entry can concern another week: a remedy, a plan, or the void of such an entry."""
    if type(entry) is Score:
        return bool(entry.task or entry.milestone)
    return isinstance(entry, Remedy | Task | Void)


def _warnings(survey: Survey, *, across: bool) -> list[Finding]:
    """What the checks find that look across weeks, or at one week only."""
    return [
        replace(found, code=check.code)
        for check in WARNINGS
        if check.across == across
        for found in check.function(survey)
    ]


def _sheet_errors(root: Path, git: Git | None) -> list[Finding]:
    """What is wrong with archived sheets. Files that git is told to ignore are people's own, wherever they are."""
    result = list(kept_sheets.wrong(root))
    try:
        if git is None or git.repository() is None:
            return result
        ignored: set[str] = set()
        for at in range(0, len(result), _AT_ONCE):
            paths = [finding.path for finding in result[at : at + _AT_ONCE]]
            ignored.update(git.run("check-ignore", "--", *paths).stdout.splitlines())
    except Refusal:
        return result
    return [finding for finding in result if finding.path not in ignored]


def in_git(root: Path, definitions: Definitions | None, git: Git | None) -> list[Finding]:
    """What keeps a commit from holding the book as it is, as far as git, names and digests of files tell it.

    No batch is read but those that name evidence which is not as the last commit has it. Nothing of git where
    there is none.
    """
    result = list(twin_findings(standing_twins(root, git)))
    try:
        private = definitions is not None and bool(definitions.private_names)
        held = Held(root, git, private=private) if git and git.repository() else None
        if held:
            evidence = list(_changed_evidence(held))
            result += [*evidence, *_beyond(evidence, held.standing())]
    except NotInstalled:
        pass
    except Refusal as refusal:
        result.append(Finding(".git", message=_said(refusal), code="git"))
    return [*result, *private_names.errors(root, definitions, git)]


def _beyond(told: list[Finding], found: list[Finding]) -> list[Finding]:
    """Those of the findings that say something of a file beyond what has been told of it."""
    evidence = {one.path for one in told if one.code == "evidence"}
    paths = {one.path for one in told}
    return [
        one
        for one in found
        if one.path not in (paths if one.code in ("unmerged", "evidence") else evidence)
    ]


def _changed_evidence(held: Held) -> Iterator[Finding]:
    """What is wrong with evidence that is not as the last commit has it, by the live entries that name it."""
    paths = [path for _state, path in held.unheld() if path.startswith(f"{EVIDENCE}/")]
    having = [path.encode() for path in paths]
    for week in weeks_with_batches(held.root) if paths else ():
        if any(True for _batch in each_of_week(held.root, week, having)):
            batches = [b for b in each_of_week(held.root, week) if isinstance(b, Batch)]
            for finding in _evidence_errors(held.root, batches):
                if finding.path in paths:
                    yield finding


def _stray_links(root: Path, git: Git | None) -> list[Finding]:
    """Links that no commit of the book takes, and that an audit refuses once git holds them."""
    try:
        return list(Held(root, git).stray_links()) if git and git.repository() else []
    except Refusal:  # told by `in_git`
        return []


def _waiting(git: Git | None) -> list[Finding]:
    """Why a commit waits although the book is in order, as where a rebase is stopped half-way."""
    try:
        reason = in_between(git) if git and git.repository() else None
    except Refusal:  # told by `in_git`
        return []
    return [Finding(".git", message=_said(reason), code="git")] if reason else []


def _said(refusal: Refusal) -> str:
    return clauses([text for text in (refusal.message, refusal.advice) if text])


def strays(root: Path) -> Iterator[Finding]:
    """Files and folders below `ledger/` that are not batches of a week."""
    ledger = root / LEDGER
    if not ledger.is_dir():
        return
    weeks = {f"{LEDGER}/{w[:4]}/{w[5:]}" for w in weeks_with_batches(root)}
    years = {w.rsplit("/", 1)[0] for w in weeks}
    message = _("not a batch of a week; only qibi writes here, move it elsewhere")
    for path in sorted(ledger.rglob("*")):
        below = path.relative_to(root).as_posix()
        if below in weeks or below in years or path.name == ".lock" or path.suffix == ".tmp":
            continue
        if path.parent.relative_to(root).as_posix() in weeks and (
            path.suffix == ".jsonl" or (path.suffix == ENDING and path.with_suffix("").exists())
        ):
            continue
        if path.is_dir() and not any(path.iterdir()):
            continue
        if path.is_file():
            yield Finding(below, message=message, code="stray")


# Signatures as far as a look tells: who may sign was accepted, and nothing stands unsigned.
#
# Whether a signature holds is for the audit to prove.


def signing_errors(root: Path, definitions: Definitions | None) -> Iterator[Finding]:
    """What is wrong with keys, records of signers and signatures, nothing being verified."""
    paths = record_paths(root)
    signers = definitions.signers if definitions else ()
    if not paths and not signers:
        return
    for signer in signers:
        if public_key(signer.key) is None:
            message = _(
                "the key of {who} is not a public key; write the first two words of its .pub file"
            )
            yield Finding("qibi.yaml", message=message.format(who=signer.id), code="signers")
    records, findings = record_chain({path: (root / path).read_bytes() for path in paths})
    yield from findings
    if findings:
        return
    if definitions and (finding := not_accepted(signers, records)):
        yield finding
    if not records:
        return  # once they are accepted, what is there is vouched for
    known = vouched(records)
    missing = [path for path in without_signature(root) if path not in known]
    missing += [path for path in paths if not (root / f"{path}{ENDING}").exists()]
    for path in missing:
        message = _(
            "its signature ({path}.sig) is missing; copy it here, or have someone who may close "
            "vouch for it: qibi signers accept --vouch {path}"
        )
        yield Finding(path, message=message.format(path=argument(path)), code="signature")


# Seals: one chain, what they list is here byte for byte, and nothing was changed under a closed week.


_SIGNERS = "signers-"


def chain_of(root: Path) -> tuple[list[SealFile], list[Finding]]:
    """The seals of the book in the order of closing, and what breaks their chain."""
    files, findings = {}, []
    for path in link_paths(root):
        try:
            files[path] = (root / path).read_bytes()
        except OSError as error:
            message = _("can't be read ({reason}); check the file and its permissions")
            text = message.format(reason=error.strerror)
            findings.append(Finding(path, message=text, code="unreadable"))
    found, broken = chain(files)
    return found, findings + broken


def seal_errors(
    root: Path,
    definitions: Definitions | None,
    here: Collection[str],
    seals: list[SealFile],
) -> Iterator[Finding]:
    """What is wrong below seals/, next to the chain: files that differ, definitions that would.

    `here` are the paths of the sound batches.
    """
    yield from _strays(root)
    known = acknowledged_losses(root)
    for file, batch in _latest(seals):
        if batch.path not in here:
            if not (root / batch.path).exists() and (batch.path, batch.sha256) not in known:
                yield gone(batch.path, file)
        elif digest((root / batch.path).read_bytes()) != batch.sha256:
            text = _("not the file that {seal} lists").format(seal=file.path)
            yield Finding(batch.path, message=text, code="sealed", lost=batch.sha256)
    if definitions is not None:
        try:
            pinned(definitions, seals)
        except Faults as faults:
            yield from faults.findings


def losses(root: Path, seals: list[SealFile], git: Git | None) -> Iterator[Finding]:
    """Batches that are gone from closed weeks, as somebody has acknowledged: results are without them."""
    known = acknowledged_losses(root)
    for file, batch in _latest(seals):
        if (path := known.get((batch.path, batch.sha256))) and not (root / batch.path).exists():
            message = _(
                "acknowledges that {batch} is missing: the results of {week} are without it; {way}"
            )
            nowhere = _("no commit here has it: look for a copy in another clone or a backup")
            way = how({batch.path: batch.sha256}, root, git, nowhere)[batch.path]
            text = message.format(batch=batch.path, week=file.seal.week, way=way)
            yield Finding(path, message=text, code="lost")


def _latest(seals: list[SealFile]) -> Iterator[tuple[SealFile, SealedBatch]]:
    """Each batch that counts in a closed week, with the latest seal of that week."""
    for file in {file.seal.week: file for file in seals}.values():
        for batch in file.seal.batches:
            yield file, batch


def _strays(root: Path) -> Iterator[Finding]:
    folder = root / SEALS
    message = _("neither a seal nor the signature of one; only qibi writes here, move it elsewhere")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = path.name.removesuffix(".sig")
        known = is_link(f"{SEALS}/{name}") or (name.startswith(_SIGNERS) and name.endswith(".json"))
        if path.suffix == ".tmp" or (known and (folder / name).exists() and path.is_file()):
            continue
        yield Finding(f"{SEALS}/{path.name}", message=message, code="stray")

"""qibi remedy report, verify, reopen: the steps of a remedy after it was opened."""

from qibi.base.findings import Refusal
from qibi.base.language import _, colon
from qibi.base.text import closest
from qibi.book.words import state_name
from qibi.cli import options, recording
from qibi.cli.remedy_words import Due, Evidence, Key, Note, known_lives, shown_by, standing_remedies
from qibi.cli.session import session
from qibi.ledger.batches import Batch
from qibi.ledger.entries import Entry, Remedy
from qibi.ledger.remedies import Life, due_day, lives, why_not


def report(
    remedy: Key,
    note: Note = "",
    evidence: Evidence = "",
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `remedy.COMMANDS` has its help."""
    _step(remedy, "reported", note, evidence, recorded_as, dry_run)


def verify(
    remedy: Key,
    note: Note = "",
    evidence: Evidence = "",
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `remedy.COMMANDS` has its help."""
    _step(remedy, "verified", note, evidence, recorded_as, dry_run)


def reopen(
    remedy: Key,
    note: Note = "",
    due: Due = "",
    evidence: Evidence = "",
    recorded_as: options.As = None,
    dry_run: options.DryRun = False,
) -> None:
    """Run the command; `remedy.COMMANDS` has its help."""
    if not note:
        raise Refusal(_("why is it reopened?"), _("say it: --note TEXT"), 1)
    _step(remedy, "reopened", note, evidence, recorded_as, dry_run, due)


def _step(
    key: str,
    state: str,
    note: str,
    evidence: str,
    recorded_as: str | None,
    dry_run: bool,
    due: str = "",
) -> None:
    """Write one step of a remedy's life, in the week and branch where it was opened."""
    now = session()
    who = now.who(recorded_as)
    life = _find(known_lives(now), key)

    def plan(_batches: list[Batch]) -> list[Entry]:
        batches = standing_remedies(now)
        life = _find(lives(batches), key)
        cause = why_not(life, state, who)
        if cause:
            advice = _("its steps: {command}").format(
                command=f"qibi remedy list --all --subject {life.subject}"
            )
            raise Refusal(key + colon() + cause, advice, 1)
        entry = Remedy(
            week=life.week,
            branch=life.branch,
            recorded_by=who,
            recorded_at=now.recorded_at(),
            remedy=life.id,
            state=state,
            subject=life.subject,
            due=due_day(life.week, due) if due else "",
            note=note,
            evidence=shown_by(now, evidence),
        )
        made = recording.unwritten(life.week, life.branch, [entry])
        after = lives([*batches, made])[key]
        if after.state != state:
            raise Refusal(
                _("{id}: the step before this one was recorded at {moment}, later than now").format(
                    id=key, moment=life.history[-1].entry.recorded_at
                ),
                _("look at the clock of this machine, and run the same command again"),
                1,
            )
        return [entry]

    recording.record(now, life.week, life.branch, plan, dry_run)
    said = _("would be {state}: {id}  {name}") if dry_run else _("{state}: {id}  {name}")
    name = now.definitions.title(life.subject)
    now.console.say(said.format(state=state_name(state), id=key, name=name))
    if not dry_run:
        now.console.say(_("next: qibi commit"), "dim")


def _find(known: dict[str, Life], key: str) -> Life:
    if key in known:
        return known[key]
    near = closest(key, known)
    raise Refusal(
        _("there is no remedy '{id}'").format(id=key),
        _("did you mean {near}?").format(near=near)
        if near
        else _("'qibi remedy list --all' names them"),
        1,
    )

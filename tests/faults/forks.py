"""Commands of qibi in processes forked from this one, which has it imported: cheap enough for thousands.

Whoever imports this must not have started threads. Each command leads a process group of its own.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import qibi.checks.registry
import qibi.commands.attach
import qibi.commands.close
import qibi.commands.commit
import qibi.commands.exempt
import qibi.commands.fix
import qibi.commands.guided
import qibi.commands.milestones
import qibi.commands.remedy
import qibi.commands.score
import qibi.commands.score_sheets
import qibi.commands.task
import qibi.commands.void
import qibi.ledger.git
import qibi.scoring.ranking  # noqa: F401  (all imported once, for all forks)
from qibi.cli.app import main
from qibi.cli.surroundings import Surroundings

_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER: a git whose qibi was killed is waited for here


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (None: killed), what it printed, and how long it took."""

    code: int | None
    stdout: str
    stderr: str
    seconds: float

    @property
    def said(self) -> str:
        return self.stdout + self.stderr


def run(
    folder: Path,
    arguments: list[str],
    environment: dict[str, str],
    *,
    kill_after: float | None = None,
    whole_group: bool = True,
    before: Callable[[], None] = lambda: None,
    at: datetime | None = None,
    typed: str = "",
) -> Ended:
    """Run `qibi ARGUMENTS`, and kill -9 it after so many seconds if it still runs.

    With `whole_group` its git dies with it, else git goes on alone and is waited for.
    `before` is called in the new process (to break something there). `at` is where its clock stands still.
    What is `typed` is typed on a terminal, on which its standard error is shown, too.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)
    home = Path(environment["HOME"])
    outputs = [home / "stdout", home / "stderr"]
    for path in outputs:
        path.write_bytes(b"")  # what is killed at once has said nothing
    person, terminal = os.openpty() if typed else (-1, -1)
    if typed:
        os.write(person, typed.encode() + b"\n")
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        _become(folder, arguments, environment, outputs, before, at, terminal)
    if kill_after is not None:
        time.sleep(kill_after)
        with suppress(ProcessLookupError, PermissionError):
            (os.killpg if whole_group else os.kill)(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    seconds = time.perf_counter() - started
    _wait_for_group(child)
    if typed:
        os.close(terminal)
        outputs[1].write_bytes(_shown(person))
    code = None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
    return Ended(code, *(path.read_text("utf-8", "replace") for path in outputs), seconds)


def _become(
    folder: Path,
    arguments: list[str],
    environment: dict[str, str],
    outputs: list[Path],
    before: Callable[[], None],
    at: datetime | None,
    terminal: int,
) -> None:
    code = 70
    try:
        os.setsid()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        streams = [os.open(os.devnull, os.O_RDONLY), *(os.open(p, flags, 0o644) for p in outputs)]
        if terminal >= 0:
            streams[0] = streams[2] = terminal
        for number, source in enumerate(streams):
            os.dup2(source, number)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  (descriptors, for the whole run)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", 1, encoding="utf-8", closefd=False)  # noqa: SIM115
        before()
        around = Surroundings.of_this_process()
        code = main(arguments, replace(around, now=lambda: at) if at else around)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _shown(person: int) -> bytes:
    """What stood on a terminal that nobody holds any more; closes this end of it, too."""
    shown = b""
    with suppress(OSError):
        while part := os.read(person, 65536):
            shown += part
    os.close(person)
    return shown


def _wait_for_group(group: int) -> None:
    """Until nothing of the group runs any more, so that what it left stays as it is."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.waitpid(-group, 0)
        except ChildProcessError:
            try:
                os.killpg(group, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.005)
    raise AssertionError(f"processes of group {group} still run")

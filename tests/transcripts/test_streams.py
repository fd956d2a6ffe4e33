"""Data on standard output, all else on standard error, and what a closed pipe means."""

import json
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from transcripts.harness import BOOKS, Next, Scene, tree


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.direct("book", "small", [])
    scene.run('qibi score -e "Hal first-pass" --week W47')  # counts for nothing yet: a warning
    return scene


@pytest.mark.parametrize(
    "command",
    [
        "rank W47",
        "rank --month",
        "show Bob",
        "why Bob",
        "why Bob 2026-11",
        "log W46",
        "status",
        "check",
        "check --explain",
        "doctor",
    ],
)
def test_json_is_all_that_standard_output_holds(scene: Scene, command: str) -> None:
    terminal, _code = scene.qibi([*command.split(), "--format", "json"])
    found = json.loads("".join(terminal.stdout))
    assert found["qibi"] == 1 and found["command"] == command.split()[0]


@pytest.mark.parametrize(
    "command",
    ["rank", "rank W47", "show Bob", "show w-dan", "why Bob", "log", "status", "check", "doctor"],
)
@pytest.mark.parametrize("form", ["csv", "md", "table"])
def test_every_reading_command_takes_every_format_and_a_file(
    scene: Scene, command: str, form: str
) -> None:
    terminal, code = scene.qibi([*command.split(), "--format", form])
    into, into_code = scene.qibi([*command.split(), "--format", form, "-o", "out.txt"])
    written = (scene.folder / "out.txt").read_text("utf-8-sig" if form == "csv" else "utf-8")
    assert (code, "".join(into.stdout)) == (into_code, "")
    assert written.splitlines() == "".join(terminal.stdout).splitlines()


def test_warnings_go_to_standard_error(scene: Scene) -> None:
    terminal, _code = scene.qibi(["rank", "W47"])
    assert "warning" in "".join(terminal.text) and "warning" not in "".join(terminal.stdout)


def test_each_finding_of_check_is_one_line_for_grep(scene: Scene) -> None:
    """Wrapped at 80 columns, `path:line: message` could be read by no editor and no grep."""
    for _twice in range(2):
        scene.run('qibi score -e "Bob first-pass valve 3" --week W46')
    terminal, _code = scene.qibi(["check"])
    lines = "".join(terminal.stdout).splitlines()
    assert lines and all(line.startswith("ledger/") for line in lines)


def test_a_month_is_provisional_while_a_week_that_is_over_is_missing(scene: Scene) -> None:
    """2026-W47 is over and nobody is in: neither it nor the month can be final."""
    for period in ("2026-W47", "2026-11", "2026-W46..2026-W47"):
        terminal, _code = scene.qibi(["rank", period, "--format", "json"])
        assert json.loads("".join(terminal.stdout))["provisional"], period


@pytest.mark.parametrize(
    "command",
    [
        "rank W46",
        "log W46",
        "show Bob",
        "why Bob",
        "status",
        "rank W46 --format csv",
        "log W46 --format json",
        "schema",
        "--version",
        "--help",
        "rank --help",
        "check --explain",
    ],
)
def test_a_pipe_that_nobody_reads_any_more(scene: Scene, command: str) -> None:
    """`qibi log | head`: whoever reads has enough, which is neither an error nor worth a word."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "qibi", *command.split()],
        cwd=scene.folder,
        env=scene.environment_now(),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


FULL = {
    "stdout": (
        *("rank W46", "rank W46 --format csv", "log W46 --format json", "why Bob", "schema"),
        *("check --explain", "--version", "--version --lang zh", "--help", "", "rank --help"),
        *("--show-completion bash", "export W46 -o -"),
    ),
    "stderr": ("export W46 -o out.xlsx", "rank W99", "no-such", "rank --no-such", "show"),
    "stdout stderr": ("rank W46", "--version", "", "rank W99"),
}


@pytest.mark.parametrize(("full", "command"), [(f, c) for f, cs in FULL.items() for c in cs])
def test_output_on_a_full_disk(scene: Scene, full: str, command: str) -> None:
    """Not all was written: told where that is possible, exit code 2, never a traceback."""
    streams = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with Path("/dev/full").open("wb") as disk:
        done = subprocess.run(
            [sys.executable, "-m", "qibi", *command.split()],
            cwd=scene.folder,
            env=scene.environment_now(),
            check=False,
            **(streams | dict.fromkeys(full.split(), disk)),
        )
    assert done.returncode == 2
    if full == "stdout":
        assert b"No space left" in done.stderr and b"Traceback" not in done.stderr


@pytest.mark.parametrize("streams", ["stdout", "stderr", "both"])
def test_a_full_disk_behind_the_output_ends_no_recording(
    scene: Scene, three_sheets: str, streams: str
) -> None:
    """All sheets are recorded; the same command again records nothing a second time."""
    before = batches(scene)
    command = [sys.executable, "-m", "qibi", "score", *three_sheets.split()]
    environment = scene.environment_now() | {"QIBI_TODAY": "2026-11-30"}
    with Path("/dev/full").open("wb") as full:
        given = {name: full for name in ("stdout", "stderr") if streams in (name, "both")}
        done = subprocess.run(command, cwd=scene.folder, env=environment, check=False, **given)
    recorded = batches(scene)
    assert done.returncode == 2 and len(recorded - before) == 3
    again = subprocess.run(command, cwd=scene.folder, env=environment, check=False)
    assert again.returncode == 0 and batches(scene) == recorded


def test_a_terminal_that_is_gone(scene: Scene) -> None:
    """The last window was closed: nothing can be written anywhere."""
    person, terminal = os.openpty()
    command = [sys.executable, "-m", "qibi", "rank", "W46"]
    process = subprocess.Popen(
        command,
        cwd=scene.folder,
        env=scene.environment_now(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    os.close(person)
    assert process.wait(60) == 2


def test_a_long_log_into_head(scene: Scene) -> None:
    """More than a pipe holds, so that the writer meets the closed end."""
    command = f"{sys.executable} -m qibi --book {BOOKS['example']} log 2026 --format csv"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"],
        cwd=scene.folder,
        env=scene.environment_now(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith("entry,kind,week")


def batches(scene: Scene) -> set[str]:
    """The batches of the ledger; what else stands there are marks of what was not said yet."""
    return {path for path in tree(scene.folder / "ledger") if path.endswith(".jsonl")}


def unread(scene: Scene, *commands: str) -> tuple[int, ...]:
    """The exit codes of commands of whose output nobody reads a word, on either stream."""
    reading, writing = os.pipe()
    os.close(reading)
    codes = []
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "qibi", *shlex.split(command)],
            cwd=scene.folder,
            env=scene.environment_now() | {"QIBI_TODAY": "2026-11-30"},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            check=False,
        )
        codes.append(done.returncode)
    os.close(writing)
    return tuple(codes)


SHEETS = {f"{week}.csv": f"Score sheet 2026-{week} East" for week in ("W43", "W44", "W47")}


@pytest.fixture
def three_sheets(scene: Scene) -> str:
    for name, title in SHEETS.items():
        scene.direct("file", name, [title, "subject,item", "Bob Chen,First pass"])
    return " ".join(SHEETS)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_ends_no_recording(scene: Scene, three_sheets: str, unbuffered: str) -> None:
    """All sheets are recorded, and the code is that of all of them."""
    scene.environment["PYTHONUNBUFFERED"] = unbuffered
    before = batches(scene)
    assert unread(scene, f"score {three_sheets}") == (0,)
    assert len(batches(scene) - before) == 3
    assert unread(scene, f"score no-such.csv {three_sheets}") == (1,)


def test_head_reads_one_line_and_all_sheets_are_recorded(scene: Scene, three_sheets: str) -> None:
    before = batches(scene)
    command = f"{sys.executable} -m qibi score {three_sheets} --today 2026-11-30"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} 2>&1 | head -1"],
        cwd=scene.folder,
        env=scene.environment_now(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"") and b"Result" in done.stdout
    assert len(batches(scene) - before) == 3


def test_what_needs_an_answer_is_refused_where_nobody_reads(
    scene: Scene, three_sheets: str
) -> None:
    unread(scene, f"score {three_sheets}")
    before = batches(scene)
    name = next(iter(SHEETS))
    scene.direct("file", name, [SHEETS[name], "subject,item", "Bob Chen,Not cleaned up"])
    assert unread(scene, f"score {name}") == (1,) and batches(scene) == before
    assert unread(scene, f"score {name} --update") == (0,) and batches(scene) > before


def test_a_difference_is_shown_where_it_is_asked_about(scene: Scene, three_sheets: str) -> None:
    """Nobody reads standard output; who sits at the terminal sees there what a sheet would change."""
    first, second, _third = SHEETS
    unread(scene, f"score {second}")
    before = batches(scene)
    scene.direct("file", second, [SHEETS[second], "subject,item", "Bob Chen,Not cleaned up"])
    reading, writing = os.pipe()
    os.close(reading)
    person, terminal = os.openpty()
    os.write(person, b"n\n")
    done = subprocess.run(
        [sys.executable, "-m", "qibi", "score", first, second, "--no-commit"],
        cwd=scene.folder,
        env=scene.environment_now() | {"QIBI_TODAY": "2026-11-30"},
        stdin=terminal,
        stdout=writing,
        stderr=terminal,
        timeout=60,
        check=False,
    )
    shown = os.read(person, 100_000).decode()
    for descriptor in (writing, terminal, person):
        os.close(descriptor)
    assert shown.index("it differs in 2") < shown.index("record this difference?")
    assert done.returncode == 0 and len(batches(scene) - before) == 1


def test_a_closed_pipe_ends_no_command_that_writes(scene: Scene) -> None:
    """Each does all of its work: what it records, the file it makes, the commit."""
    scene.run("git init -q")

    def last_commit() -> str:
        return scene.run("git log -1 --format=%s")

    assert unread(scene, "score --no-events --week W44 --branch east", "commit") == (0, 0)
    assert "W44" in last_commit()
    codes = unread(
        scene,
        'score -e "Bob first-pass" --week W46 --commit',
        "exempt Bob --week W47 --reason away",
        "board --week W46 -o board.html",
        "export W46 -o week.xlsx",
        "sheet --week W48 --branch east -o blank.xlsx",
        'member add "Zoe Park" --branch east --since W48',
        "init other --id other",
    )
    assert codes == (0,) * len(codes)
    assert "W46" in last_commit()
    assert all((scene.folder / f).stat().st_size for f in ("board.html", "week.xlsx", "blank.xlsx"))
    assert (scene.folder / "other" / "qibi.yaml").exists()
    assert "Zoe Park" in (scene.folder / "branches" / "east.yaml").read_text("utf-8")
    # Nobody read what the first close reported, so that the second reports it once more.
    assert unread(scene, "commit", "close W46", "close W46") == (0, 0, 0)
    assert "W46 closed" in last_commit()
    assert scene.run("git status --short 'seals/*.json' branches") == ""


def test_what_nobody_read_is_reported_once_more_and_recorded_once(scene: Scene) -> None:
    command = 'score -e "Bob first-pass valve 3" --week W47'
    before = batches(scene)
    assert unread(scene, command, command, "exempt Fay --week W46..W47 --reason away") == (0, 0, 0)
    assert len(batches(scene) - before) == 3
    said = scene.run(f"qibi {command}")
    assert "holds this already" in said and "recorded 1 entry" in said
    assert "exempt in 2026-W46 (" in scene.run("qibi exempt Fay --week W46..W47 --reason away")
    assert len(batches(scene) - before) == 3
    assert "holds this already" not in scene.run(f"qibi {command}")
    assert len(batches(scene) - before) == 4


def test_a_report_into_a_closed_pipe_is_told_again_on_standard_error_once(scene: Scene) -> None:
    command = 'score -e "Bob first-pass valve 3" --week W47'
    before = batches(scene)
    told = []
    for _run in range(3):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-m", "qibi", *shlex.split(command)],
            cwd=scene.folder,
            env=scene.environment_now() | {"QIBI_TODAY": "2026-11-30"},
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
        os.close(writing)
        told.append("run the command again" in done.stderr)
        time.sleep(1)  # the same in the same second is refused
    assert told == [False, True, False] and len(batches(scene) - before) == 2


def test_findings_give_their_exit_code_into_a_closed_pipe(scene: Scene) -> None:
    scene.direct("delete", "scheme/2026-W40.yaml", [])
    assert unread(scene, "check", "commit", "rank") == (1, 1, 1)


def test_a_terminal_that_cannot_show_chinese(scene: Scene) -> None:
    """A real process with an ASCII standard output; nothing crashes, nothing is lost."""
    done = subprocess.run(
        [sys.executable, "-m", "qibi", "--book", str(BOOKS["example"]), "rank", "2026-W46"],
        cwd=scene.folder,
        env=scene.environment_now() | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert done.stdout.isascii() and b"Total" in done.stdout and rb"\u" in done.stdout


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("can't start new thread"),
        RuntimeError("Out of Memory Error: failed to allocate data of size 16.0 MiB"),  # DuckDB's
        BrokenProcessPool("A process in the process pool was terminated abruptly"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("command", ["rank", "check", "status", "audit", "score --no-events"])
def test_out_of_memory_is_no_bug(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, command: str, error: Exception
) -> None:
    def full(*_arguments: object, **_more: object) -> None:
        raise error

    for place in ("cli.session.load", "checks.registry.load", "commands.audit.Repository"):
        monkeypatch.setattr(f"qibi.{place}", full)
    terminal, code = scene.qibi(command.split(), Next())
    assert code == 2
    assert "qibi: out of memory\n" in "".join(terminal.text)


def test_memory_for_little_more_than_python_is_no_traceback(scene: Scene) -> None:
    """In a real process, from too little to import qibi on: as far as Python itself has a say."""
    resource = pytest.importorskip("resource")
    for mebibytes in (40, 60, 90, 130):
        most = mebibytes << 20
        done = subprocess.run(
            [sys.executable, "-m", "qibi", "--book", str(BOOKS["example"]), "rank", "2026-W46"],
            cwd=scene.folder,
            env=scene.environment_now() | {"QIBI_CACHE": ""},
            capture_output=True,
            check=False,
            preexec_fn=lambda most=most: resource.setrlimit(resource.RLIMIT_AS, (most, most)),
        )
        assert done.returncode != 3 and b"a bug in qibi" not in done.stderr, done.stderr


def test_a_system_without_time_zones(scene: Scene) -> None:
    """As a slim container or Windows: the package tzdata has them."""
    done = subprocess.run(
        [sys.executable, "-m", "qibi", "--book", str(BOOKS["example"]), "status"],
        cwd=scene.folder,
        env=scene.environment_now() | {"PYTHONTZPATH": ""},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0 and b"a bug in qibi" not in done.stderr, done.stderr


def test_an_unexpected_error_is_a_bug_plainly_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("of a kind that nobody thought of")

    monkeypatch.setattr("qibi.cli.session.load", broken)
    with pytest.raises(AssertionError, match="a bug in qibi: RuntimeError"):
        scene.qibi(["rank"], Next())
    scene.environment["QIBI_DEBUG"] = "1"
    with pytest.raises(RuntimeError):
        scene.qibi(["rank"])

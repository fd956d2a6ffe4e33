"""What of a book is a link, a pipe or a socket is refused by every command: nothing is read or written through it."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from transcripts.harness import Scene

COMMANDS = """
rank
rank 2026-W45..2026-W46
show bob
why bob
log
lists
status
export --format json
task list
remedy list
rules
board -o ../board
minutes -o ../minutes.md
pack -o ../pack
sheet -o ../sheets
score -e "hal hazard" --week W46 --branch west
score --no-events --week W46
score week.csv --week W46
exempt bob --week W46 --reason ill
void 0123.1 --reason no
fix 0123.1 --note no
attach 0123.1 week.csv
member list
member add Zoe --branch east
branch list
erase bob --yes
signers list
commit
commit --dry-run
close W46
""".strip().splitlines()
PLACES = [
    "qibi.yaml",
    "scheme/2026-W40.yaml",
    "scheme",
    "branches/east.yaml",
    "branches",
    "ledger",
    "ledger/.lock",
    "ledger/2026",
    "ledger/2026/W46",
    "ledger/2026/W46/east-f91d600300a98c31.jsonl",
    "seals",
    "seals/2026-W45.json",
    "sheets",
    "sheets/2026",
    "sheets/2026/W46",
    "evidence",
    "evidence/2026-W46",
    "evidence/2026-W46/a.jpg",
    "names.yaml",
    "plans",
    "plans/x.yaml",
    "layouts/x.yaml",
    "branches/x.yaml",
    "branches/x.yml",
    "branches/notes.txt",
    "seals/signers-1.json",
    "seals/2026-W45.json.sig",
    "ledger/2026/W46/east-0123456789abcdef.jsonl",
    "ledger/2026/W47",
    "ledger/2027",
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with something in each of its folders."""
    scene = Scene(tmp_path_factory.mktemp("linked"))
    scene.direct("book", "small", [])
    scene.direct("run", "git init -q && git add . && git commit -qm book", [])
    scene.direct("file", "week.csv", ["name,item,count,note", "e-bob,site.tidy,1,yard"])
    assert "closed" in scene.run("qibi close W45")
    scene.run("qibi score week.csv --week W46")
    scene.direct("file", "evidence/2026-W46/a.jpg", ["a picture"])
    return scene.folder


@pytest.fixture
def scene(book: Path, tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    shutil.copytree(book, scene.folder, dirs_exist_ok=True)
    return scene


def linked(scene: Scene, place: str) -> None:
    """What stands at a place stands elsewhere, and is linked; where nothing does, the link leads nowhere."""
    path, elsewhere = scene.folder / place, scene.place / "elsewhere"
    if path.exists():
        path.rename(elsewhere)
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(elsewhere)


def all_of(folder: Path) -> dict[str, bytes | str]:
    """Every file and link below a folder, git's own apart."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if ".git" not in p.parts):
        if path.is_symlink():
            found[str(path)] = str(path.readlink())
        elif path.is_file():
            found[str(path)] = path.read_bytes()
    return found


def refused(scene: Scene, command: str, place: str) -> None:
    before = all_of(scene.folder), all_of(scene.place / "elsewhere")
    printed = scene.run(f"qibi {command}")
    assert printed.endswith("[exit 1]\n"), (command, printed)
    assert any(
        line.startswith(f"{place}:") and " itself there" in line
        for line in printed.replace("error: ", "").splitlines()
    ), (command, printed)
    assert (all_of(scene.folder), all_of(scene.place / "elsewhere")) == before, command


@pytest.mark.parametrize("place", PLACES)
def test_a_link_in_any_place_is_refused(scene: Scene, place: str) -> None:
    scene.columns = 1000
    linked(scene, place)
    for command in ("rank W46", "check", "commit", 'score -e "e-bob tidy" --week W46'):
        refused(scene, command, place)
    assert "Traceback" not in scene.run("qibi doctor")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.replace(" ", "-")[:24])
def test_every_command_refuses_a_link(scene: Scene, command: str) -> None:
    scene.columns = 1000
    linked(scene, "ledger/2026")
    refused(scene, command, "ledger/2026")


@pytest.mark.parametrize(
    ("place", "make", "said"),
    [
        ("qibi.yaml", os.mkfifo, "a named pipe"),
        ("names.yaml", os.mkfifo, "a named pipe"),
        ("branches/x.yaml", os.mkfifo, "a named pipe"),
        ("ledger/2026/W46/east-0123456789abcdef.jsonl", os.mkfifo, "a named pipe"),
        ("seals/2026-W46.json", os.mkfifo, "a named pipe"),
        ("evidence/a.jpg", os.mkfifo, "a named pipe"),
        ("plans", lambda path: socket.socket(socket.AF_UNIX).bind(str(path)), "a socket"),
        ("branches/x.yaml", Path.mkdir, "a folder"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pipes_and_sockets_are_refused(
    scene: Scene, place: str, make: Callable[[Path], object], said: str
) -> None:
    scene.columns = 1000
    (scene.folder / place).unlink(missing_ok=True)
    make(scene.folder / place)
    for command in ("rank", "check", "commit", "status"):
        printed = scene.run(f"qibi {command}")
        assert f"{place}: " in printed and said in printed and "[exit 1]" in printed, printed


def test_the_books_own_folder_may_be_reached_through_a_link(scene: Scene) -> None:
    (scene.place / "other").symlink_to(scene.folder)
    scene.environment["QIBI_BOOK"] = "../other"
    for command in ("rank", "check", 'score -e "e-bob site.tidy" --week W46', "commit"):
        assert "exit" not in scene.run(f"qibi {command}")


def test_an_editors_lock_is_called_what_it_is(scene: Scene) -> None:
    (scene.folder / "branches/.#east.yaml").symlink_to("ann@office.42:17")
    printed = scene.run("qibi rank")
    assert "branches/.#east.yaml: an editor's lock file" in printed and "[exit 1]" in printed

"""Commands in messages are typed by people: each is run by a shell here, with names that would run something."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from qibi.base.text import argument
from transcripts.harness import Scene

HOSTILE = "a $(touch ran)`touch ran`; touch ran & 'b\" 王"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *(("a/b-c_d.2:e,f=1@x%+", True), ("王小明", True), ("外环（一）", True)),
        *(
            (text, False)
            for text in ("", "a b", "$x", "`x`", "a;b", "a&b", "a|b", "a*", "a?", "[a]")
        ),
        *(
            (text, False)
            for text in ("~", "{a,b}", "a'b", 'a"b', "a\\b", "a\nb", "a\x1bb", "!x", "#x")
        ),
        *((text, False) for text in ("a>b", "a<b", "(a)", "a\u3000b", "a\u200bb", "^a")),
    ],
)
def test_a_word_of_a_command_line_is_one_word(text: str, plain: bool) -> None:
    assert shlex.split(argument(text)) == [text]
    assert (argument(text) == text) is plain


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.environment["QIBI_LANG"] = "en"
    return scene


def by_shell(folder: Path, command: str) -> None:
    assert not subprocess.run(["sh", "-c", command], cwd=folder, check=False).returncode, command
    assert not list(folder.rglob("ran"))


def test_a_lost_file_of_any_name_is_restored_as_the_message_says(scene: Scene) -> None:
    scene.direct("book", "small", [])
    book = scene.place / HOSTILE
    scene.folder.rename(book)
    scene.folder.mkdir()
    (book / "evidence").mkdir()
    (book / "evidence" / HOSTILE).write_text("proof")
    git = f"cd .. && git init -q && git add {shlex.quote(HOSTILE)} && git commit -qm start"
    scene.direct("run", git, [])
    (book / "evidence" / HOSTILE).unlink()
    terminal, code = scene.qibi(["--book", str(book), "commit"])
    said = next(x for x in "".join(terminal.text).splitlines() if "git restore" in x)
    assert code == 1
    by_shell(book, "git restore" + said.partition("git restore")[2])
    assert (book / "evidence" / HOSTILE).read_text() == "proof"


def test_what_a_seal_lists_and_what_a_seal_is_called(scene: Scene) -> None:
    scene.direct("book", "small", [])
    scene.direct("run", "git init -q && git add . && git commit -qm start", [])
    assert scene.run("qibi close W45").count("exit") == 0
    (seal,) = (scene.folder / "seals").glob("*.json")
    data = json.loads(seal.read_text("utf-8"))
    data["batches"][0]["path"] = f"ledger/{HOSTILE}"
    seal.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    (scene.folder / "seals" / "$(touch ran).json").write_text("{}")
    terminal, code = scene.qibi(["check", "--format", "json"])
    messages = [f["message"] for f in json.loads("".join(terminal.stdout))["findings"]]
    commands = [m.partition("git checkout")[2] for m in messages if "git checkout" in m]
    assert code == 1 and commands
    for command in commands:
        assert len(shlex.split(command)) == 2, command
    for command in commands:
        subprocess.run(["sh", "-c", f"git checkout {command}"], cwd=scene.folder, check=False)
    assert not (scene.folder / "ran").exists()


def test_one_book_of_several(scene: Scene) -> None:
    scene.direct("run", "git init -q", [])
    for name in (HOSTILE.replace("/", ""), "z"):
        (scene.folder / "ledgers" / name).mkdir(parents=True)
        (scene.folder / "ledgers" / name / "qibi.yaml").write_text("id: x\n")
    terminal, code = scene.qibi(["rank"])
    command = "".join(terminal.text).partition("--book ")[2].splitlines()[0]
    assert code == 2 and shlex.split(command) == [f"ledgers/{HOSTILE}"]

"""Completion in the shell: what stands in the line afterwards names the member, and nothing in a name runs."""

import json
import os
import pty
import re
import select
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from transcripts.harness import Scene

# The first letter is what is typed.
NAMES = {
    "e-ann": "A$(touch ran)",
    "e-bob": "B`touch ran`",
    "e-cora": "C; touch ran",
    "e-dan": 'Q"; touch ran; "$(touch ran)',
    "e-fay": "F'; touch ran; '",
    "e-gus": "G\\$(touch ran)",
    "w-hal": "H\n$(touch ran)",
    "w-ida": "I & touch ran | ! !! #",
    "w-lee-1": "J * [a-z]? {a,b} ~ $HOME",
    "w-lee-2": "K\u2019; touch ran; \u2019 :::",
    "e-eve": "王 小明；（甲）",
}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = Scene(tmp_path)
    scene.direct("book", "small", [])
    names = "".join(f"{key}: {json.dumps(name)}\n" for key, name in NAMES.items())
    (scene.folder / "names.yaml").write_text(names, "utf-8")
    return scene


def script(scene: Scene, shell: str) -> str:
    """What `--show-completion` says, for a `qibi` that is this one."""
    (scene.place / "qibi").write_text(f'#!/bin/sh\nexec {sys.executable} -m qibi "$@"\n')
    (scene.place / "qibi").chmod(0o755)
    scene.environment["PATH"] = f"{scene.place}:{scene.environment['PATH']}"
    return asked(scene, ["--show-completion", shell])


def asked(scene: Scene, words: list[str], **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "qibi", *words],
        cwd=scene.folder,
        env=scene.environment_now() | environment,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()


LOOP = """
cd "$1"
for begun in "${@:2}"; do
    COMP_WORDS=(qibi show "$begun") COMP_CWORD=2
    _qibi_completion qibi show
    case $begun in [\\"\\']*) quote=${begun:0:1} ;; *) quote= ;; esac
    [ ${#COMPREPLY[@]} = 1 ] && eval "word=$quote${COMPREPLY[0]}$quote" && printf '%s\\0' "$word"
done
"""


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_bash_inserts_one_word_that_names_the_member(scene: Scene, quote: str) -> None:
    """The line as bash would read it, also where a quote was typed already."""
    (scene.folder / "'J x; touch ran").touch()  # a pattern must find no file
    bash = script(scene, "bash") + LOOP
    typed = [quote + name[0] for name in NAMES.values()]
    done = subprocess.run(
        ["bash", "--norc", "-c", bash, "bash", str(scene.folder), *typed],
        env=scene.environment_now(),
        capture_output=True,
        check=True,
    )
    words = done.stdout.decode().split("\0")[:-1]
    assert len(words) == len(NAMES), words
    for word, (key, name) in zip(words, NAMES.items(), strict=True):
        assert word in (key, name)
    assert quote or sum(word == NAMES[key] for word, key in zip(words, NAMES, strict=True)) > 7
    assert not (scene.folder / "ran").exists()


@pytest.mark.parametrize("typed", ["A", '"A', "'A"])
def test_at_the_prompt_of_a_real_bash(scene: Scene, typed: str) -> None:
    start = script(scene, "bash") + "bind 'set enable-bracketed-paste off'; echo rea''dy\n"
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(scene.folder)
        environment = scene.environment_now() | {"TERM": "dumb", "INPUTRC": "/dev/null"}
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
    shown = ""

    def until(text: str) -> None:
        nonlocal shown
        end = time.monotonic() + 60
        while text not in shown:
            assert time.monotonic() < end, shown
            if select.select([terminal], [], [], 1)[0]:
                shown += os.read(terminal, 65536).decode()

    try:
        os.write(terminal, start.encode())
        until("ready")
        shown = ""
        os.write(terminal, f"qibi show {typed}\t".encode())
        until("' " if typed != '"A' else '" ')  # bash has ended the word
        os.write(terminal, b"\necho do''ne\n")
        until("done")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert "A$(touch ran) (e-ann)" in shown and not (scene.folder / "ran").exists()


@pytest.mark.external
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_at_the_prompt_of_a_shell_that_it_was_installed_in(scene: Scene, shell: str) -> None:
    """At the first Tab after `qibi --install-completion`, as the shell itself was told by it."""
    script(scene, "bash")  # a `qibi` on the path
    environment = scene.environment_now() | {"TERM": "xterm"}
    install = [shell, "-c", "qibi --install-completion; true"]  # which sees its shell
    subprocess.run(install, cwd=scene.folder, env=environment, check=True)
    if shell == "fish":
        asked = [shell, "-c", "complete -C 'qibi member li'; complete -C 'qibi show w-lee'"]
        done = subprocess.run(
            asked, cwd=scene.folder, env=environment, capture_output=True, text=True, check=True
        )
        words = [line.split("\t")[0] for line in done.stdout.splitlines()]
        assert words == ["list", "w-lee-1", "w-lee-2"]
        return
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(scene.folder)
        os.execvpe(shell, [shell, "-i"], environment)
    shown = ""
    try:
        for keys, text in ((b"echo rea''dy\n", "ready"), (b"qibi show e-bo\t", "show e-bob ")):
            os.write(terminal, keys)
            end = time.monotonic() + 60
            while text not in shown:
                assert time.monotonic() < end, shown
                if select.select([terminal], [], [], 1)[0]:
                    raw = os.read(terminal, 65536).decode()
                    shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|.\x08", "", raw)
        os.write(terminal, b"\x03exit\n")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_other_shells_are_given_nothing_that_they_would_run(scene: Scene, shell: str) -> None:
    """By what each does with it: zsh evaluates it between double quotes and quotes what it inserts, fish
    takes a line a word and quotes it, PowerShell inserts it as it stands."""
    for key, name in NAMES.items():
        begun = {
            "_QIBI_COMPLETE": f"complete_{shell}",
            "_TYPER_COMPLETE_ARGS": f"qibi show {name[0]}",
            "_TYPER_COMPLETE_WORD_TO_COMPLETE": name[0],
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }
        (line,) = asked(scene, [], **begun).splitlines()
        if shell == "zsh":
            inner = line.removeprefix("_arguments '*: :((").removesuffix("))'")
            assert not set("$`\\'!") & set(inner), inner
            word = shlex.split(inner.replace('":"', '" "'))[0]
        elif shell == "fish":
            word = line.split("\t")[0]
        else:
            word, _told = line.split(":::")
            quoted = word.startswith("'") and word.endswith("'")
            word = word[1:-1] if quoted else word
            assert not set("'\u2018\u2019\u201a\u201b") & set(word)
            assert quoted or word == key
        assert word in (key, name)

"""Writes the command reference: what `--help` says, of every command, in each language.

    .venv/bin/python docs/make_commands.py

`tests/e2e/test_docs.py` holds the pages in step with the program.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qibi.base import language
from qibi.cli.app import panel_title, panels

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Edition:
    """The words of one language that are not the program's own."""

    language: str
    path: str
    title: str
    about: str


EDITIONS = (
    Edition(
        "en",
        "commands.md",
        "Commands",
        "What `qibi --help` and `qibi COMMAND --help` say. This page is made from the program by\n"
        "`docs/make_commands.py`; change the help, not the page.",
    ),
    Edition(
        "zh",
        "commands.zh-CN.md",
        "命令",
        "以下是 `qibi --help` 和 `qibi 命令 --help` 的输出。本页由 `docs/make_commands.py` 从程序生成，\n"
        "要改请改程序里的帮助，不要改本页。",
    ),
)


def main() -> None:
    """Write the pages beside this script."""
    for edition in EDITIONS:
        (HERE / edition.path).write_text(page(edition), "utf-8", newline="\n")


def page(edition: Edition) -> str:
    """The whole reference in one language."""
    language.use(edition.language)
    shown = helps(edition.language, ["", *(n for names in panels().values() for n in names)])
    parts = [f"# {edition.title}", edition.about, _links(), _block(shown[""])]
    for key, names in panels().items():
        parts.append(f"## {panel_title(key)}")
        for name in names:
            parts += [f"### qibi {name}", _block(shown[name])]
    return "\n\n".join(parts) + "\n"


def _links() -> str:
    lines = []
    for key, names in panels().items():
        links = " · ".join(f"[{name}](#qibi-{name})" for name in names)
        lines.append(f"- {panel_title(key)}: {links}")
    return "\n".join(lines)


_EACH = """
import io, json, sys
from qibi.cli.app import main
from qibi.cli.surroundings import Surroundings
found = {}
for command in json.load(sys.stdin):
    sys.stdout = io.TextIOWrapper(io.BytesIO(), "utf-8")
    code = main([*command.split(), "--help"], Surroundings.of_this_process())
    sys.stdout.flush()
    found[command] = sys.stdout.buffer.getvalue().decode()
    assert code == 0, command
sys.__stdout__.write(json.dumps(found))
"""


def helps(code: str, commands: Iterable[str], folder: Path | None = None) -> dict[str, str]:
    """Command: what a person reads at 80 columns; raises `CalledProcessError` where there is no help.

    One process a language: the help of options is fixed where a module is first imported.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QIBI_")}
    environment |= {"QIBI_LANG": code, "COLUMNS": "80", "PYTHONUTF8": "1", "NO_COLOR": "1"}
    found: dict[str, str] = json.loads(
        subprocess.run(
            [sys.executable, "-c", _EACH],
            cwd=folder,
            env=environment,
            input=json.dumps(list(commands)),
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        ).stdout
    )
    return found


def _block(text: str) -> str:
    return f"```text\n{text.strip()}\n```"


if __name__ == "__main__":
    main()

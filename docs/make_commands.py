"""Writes the command reference: what `--help` says, of every command, in each language.

    .venv/bin/python docs/make_commands.py

`tests/e2e/test_docs.py` holds the pages in step with the program.
"""

import os
import subprocess
import sys
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
    parts = [f"# {edition.title}", edition.about, _links(), _block(_help(edition.language))]
    for key, names in panels().items():
        parts.append(f"## {panel_title(key)}")
        for name in names:
            parts += [f"### qibi {name}", _block(_help(edition.language, name))]
    return "\n\n".join(parts) + "\n"


def _links() -> str:
    lines = []
    for key, names in panels().items():
        links = " · ".join(f"[{name}](#qibi-{name})" for name in names)
        lines.append(f"- {panel_title(key)}: {links}")
    return "\n".join(lines)


def _help(code: str, *command: str) -> str:
    """What a person reads at 80 columns; raises `CalledProcessError` where there is no help."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QIBI_")}
    return subprocess.run(
        [sys.executable, "-m", "qibi", "--lang", code, *command, "--help"],
        env=environment | {"COLUMNS": "80", "PYTHONUTF8": "1", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout


def _block(text: str) -> str:
    return f"```text\n{text.strip()}\n```"


if __name__ == "__main__":
    main()

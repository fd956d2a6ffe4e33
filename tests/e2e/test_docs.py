"""The documents are in step with the program."""

import re

import make_commands
import pytest
from make_commands import Edition
from outside import REPOSITORY

from qibi.cli.app import PANELS
from qibi.ledger.entries import decode

DOCS = REPOSITORY / "docs"
COMMANDS = [name for names in PANELS.values() for name in names]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)\s]*)?\)")
PAGES = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for path in [*REPOSITORY.glob("*.md"), *DOCS.glob("*.md")]
)


@pytest.mark.parametrize("edition", make_commands.EDITIONS, ids=lambda edition: edition.language)
def test_the_reference_is_what_help_says(edition: Edition) -> None:
    path = DOCS / edition.path
    assert path.read_text("utf-8") == make_commands.page(edition), (
        "make it anew: .venv/bin/python docs/make_commands.py"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page_with_two_examples(command: str) -> None:
    page = (DOCS / "commands.md").read_text("utf-8")
    section = page.partition(f"\n### qibi {command}\n")[2].partition("\n### ")[0]
    examples = section.partition("\nExamples:\n")[2].partition("\n\n")[0].splitlines()
    assert len(examples) >= 2
    assert all(re.match(rf"  (\S+ \| )?qibi {command}\b", line) for line in examples)


def test_the_lines_shown_are_lines_of_a_ledger() -> None:
    for path in (DOCS / "formats.md", REPOSITORY / "README.md", REPOSITORY / "README.zh-CN.md"):
        blocks = re.findall(r"^```json\n(.*?)^```", path.read_text("utf-8"), re.DOTALL | re.M)
        lines = [line for block in blocks for line in block.splitlines()]
        assert lines, f"{path.name} shows no line of a ledger"
        for line in lines:
            decode(line.encode())


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = REPOSITORY / page
    for target in LINK.findall(path.read_text("utf-8")):
        assert (path.parent / target).exists(), f"{page}: {target}"

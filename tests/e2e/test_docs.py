"""The documents are in step with the program."""

import ast
import re

import make_commands
import pytest
from make_commands import Edition
from outside import REPOSITORY

from qibi.cli.app import panels
from qibi.ledger.entries import decode

DOCS = REPOSITORY / "docs"
COMMANDS = [name for names in panels().values() for name in names]
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


def _defined() -> dict[str, set[str]]:
    """Module below src/qibi: the names that it defines, methods as `Class.method`."""
    source = REPOSITORY / "src" / "qibi"
    found = {}
    for path in source.rglob("*.py"):
        names = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    names.add(name)
                case (
                    ast.Assign(targets=[ast.Name(id=name)])
                    | ast.AnnAssign(target=ast.Name(id=name))
                ):
                    names.add(name)
            if isinstance(node, ast.ClassDef):
                inner = [n.name for n in node.body if isinstance(n, ast.FunctionDef)]
                names.update(f"{node.name}.{name}" for name in inner)
        found[path.relative_to(source).as_posix()] = names
    return found


def test_the_architecture_names_what_is_there() -> None:
    defined = _defined()
    text = (REPOSITORY / "ARCHITECTURE.md").read_text("utf-8")
    named = re.findall(r"`((?:\w+/)?[a-z_]+\.py)(?:: ?([\w.]+))?`", text)
    assert len(named) > 100
    for file, name in named:
        if file == "file.py":  # how a place is written
            continue
        modules = [m for m in defined if m == file or m.endswith(f"/{file}")]
        assert modules or list(REPOSITORY.glob(f"**/{file}")), file
        assert not name or any(name in defined[m] for m in modules), f"{file}: {name}"

"""What the READMEs show is what happens: every command of the walk-through, scheme and picture."""

import re
import subprocess
from pathlib import Path

import make_pictures
import make_readme
import pytest
from make_readme import CUT, PAGES, Page
from outside import REPOSITORY, surroundings

EXAMPLE = REPOSITORY / "ledgers" / "example"


def _text(page: Page) -> str:
    return (REPOSITORY / page.path).read_text("utf-8")


def _language(page: Page) -> str:
    return page.language


each_page = pytest.mark.parametrize("page", PAGES, ids=_language)


@each_page
def test_the_commands_print_what_the_page_shows(page: Page) -> None:
    text = _text(page)
    assert make_readme.refreshed(page, text) == text, (
        "read what differs; to take it over: .venv/bin/python docs/make_readme.py"
    )


def test_both_pages_have_the_same_commands() -> None:
    english, chinese = (_commands(_text(page)) for page in PAGES)
    assert english == chinese
    assert not any("@@" in _text(page) for page in PAGES), "a place left open"
    assert "$ qibi init heat --roster roster.csv --as e1" in english
    assert sum(line.startswith(("setup:", "test:")) for line in english) == 2


def _commands(text: str) -> list[str]:
    """Every command of a page, every file that it has one write, and what is shown of outputs at all."""
    found = []
    for block in make_readme.blocks(text):
        if block.role == "command":
            found.append(f"{block.name}: {block.text}")
        elif block.role == "file":
            found.append(f"write {block.name}")
        elif block.language == "console":
            found += [f"$ {step.command}" for step in make_readme.steps(block)]
    return found


@each_page
def test_the_pages_are_shortened_only_where_they_say_so(page: Page) -> None:
    """A `…` in an output stands for lines that are there; only the first command's has one."""
    for block in make_readme.blocks(_text(page)):
        if block.language == "console":
            shortened = [s.command for s in make_readme.steps(block) if CUT in s.shown]
            assert all(command.startswith("qibi init") for command in shortened)


def test_an_output_is_shortened_as_it_was() -> None:
    printed = ["one", "two", "three", "four"]
    assert make_readme.shortened(["1", CUT, "4"], printed) == ["one", CUT, "four"]
    assert make_readme.shortened(["1", CUT], printed) == ["one", CUT]
    assert make_readme.shortened(["1", "2", CUT, "3", "4"], printed) == printed
    assert make_readme.shortened([], printed) == printed


@each_page
def test_a_page_that_shows_something_else_is_found(page: Page) -> None:
    text = _text(page)
    other = text.replace("103.5", "104.5")
    assert other != text
    assert make_readme.refreshed(page, other).count("103.5") == text.count("103.5")


@each_page
def test_the_picture_is_what_a_terminal_shows(page: Page) -> None:
    path = REPOSITORY / "docs" / make_pictures.PICTURES[page.language]
    assert f"(docs/{path.name})" in _text(page)
    drawn = make_pictures.drawn(make_pictures.ranked(page.language))
    assert path.read_text("utf-8") == drawn, "draw it anew: .venv/bin/python docs/make_pictures.py"


@each_page
def test_the_scheme_of_the_first_screen_works(page: Page, tmp_path: Path) -> None:
    (scheme,) = [b.text for b in make_readme.blocks(_text(page)) if "criteria:" in b.text]
    assert len(scheme.splitlines()) == 12
    outside = surroundings(tmp_path, page.language)
    outside.run("qibi", "init", "book", "--template", "plain")
    book = outside.at("book")
    (path,) = (book.folder / "scheme").iterdir()
    path.write_text(scheme, "utf-8")
    assert book.run("qibi", "check") == ""
    book.run("qibi", "score", "-e", "t1-002 hazard-closed x4", "--week", "last", "--as", "t1-001")
    book.run(
        "qibi", "score", "--no-events", "--week", "last", "--branch", "team-1", "--as", "t1-001"
    )
    assert re.search(r"\+3 +13\b", book.run("qibi", "rank", "--week"))


@each_page
def test_the_book_on_the_first_screen_is_the_example_book(page: Page) -> None:
    found = list(make_readme.blocks(_text(page)))
    (tree,) = [b.text for b in found if b.language == "text"]
    paths = [line.split()[0] for line in tree.splitlines()]
    assert paths[0] == "ledgers/example/"
    assert all((EXAMPLE / path).is_file() for path in paths[1:])
    (person,) = [b.text for b in found if b.text.startswith("  - {id: ")]
    assert person in (EXAMPLE / "branches" / "outer-1.yaml").read_text("utf-8")
    (line,) = [b.text for b in found if b.language == "json"]
    assert line in (EXAMPLE / paths[-1]).read_text("utf-8")


def test_ci_runs_the_commands_of_the_page() -> None:
    """`.ci/run` takes both commands from README by their marks; bash can read it."""
    script = REPOSITORY / ".ci" / "run"
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert set(re.findall(r"\$\(readme (\w+)\)", script.read_text("utf-8"))) == {"setup", "test"}

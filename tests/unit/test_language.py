"""The Chinese catalog: complete, compiled, in Chinese punctuation, and nothing shown goes round it.

pybabel reads the sources through `extracted` here (babel.cfg), so that what a translator is given and
what these tests want can't differ: see docs/translating.md.
"""

import ast
import io
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from qibi.checks.registry import WARNINGS

SOURCES = Path(__file__).parents[2] / "src/qibi"
LIBRARIES = tuple(Path(module.__file__).parent for module in (click, typer))
PO = SOURCES / "locale/zh_CN/LC_MESSAGES/qibi.po"
HAN = "\u3400-\u9fff"
# Lines of a csv, which need the commas of a csv.
SAMPLES = {
    "team,name,crew,unit",
    "name,item,points,count,note",
    "branch,name,status,group,unit,CP role",
}


def extracted(
    file: io.BufferedIOBase, _keywords: Any, _tags: Any, options: Any
) -> Iterator[tuple[int, str, Any, list[str]]]:
    """Babel's extraction method: messages, also those in f-strings, and docstrings that are shown."""
    tree = ast.parse(file.read())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    for node in sorted(calls, key=lambda n: (n.lineno, n.col_offset)):
        if (name := _function(node)) in _PLACES:
            texts = [_constant(a) for a in node.args[: _PLACES[name]]]
            if len(texts) == _PLACES[name] and all(texts):
                keyword = "ngettext" if len(texts) == 2 else "_"
                yield node.lineno, keyword, tuple(texts) if len(texts) == 2 else texts[0], []
    for function in _explained(tree, Path(getattr(file, "name", ""))):
        text = ast.get_docstring(function)
        if text:
            yield function.lineno, "_", text, []


_PLACES = {"_": 1, "gettext": 1, "mark": 1, "many": 2, "ngettext": 2}


def _function(call: ast.Call) -> str:
    """The name that a call calls, without what stands before its dot."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _explained(tree: ast.Module, path: Path) -> Iterator[ast.FunctionDef]:
    """Functions whose docstring a person sees: the checks (`qibi check --explain`)."""
    module = f"qibi.checks.{path.stem}"
    names = {c.function.__name__ for c in WARNINGS if c.function.__module__ == module}
    if path.parts[-2] == "checks":
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in names:
                yield node


def _wanted(*folders: Path) -> Catalog:
    """All messages in these folders, with the places where they stand."""
    found = Catalog()
    for folder in folders:
        for name, line, texts, _comments, _context in extract_from_dir(
            folder, method_map=[("**.py", extracted)]
        ):
            found.add(texts, locations=[(f"{folder.name}/{name}", line)])
    return found


def _spoken() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="zh_CN")


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (m for m in catalog if m.id)


def _texts(found: Any) -> tuple[str, ...]:
    return tuple(found) if isinstance(found, tuple | list) else (found,)


def _by_text(catalog: Catalog) -> dict[tuple[str, ...], tuple[str, ...]]:
    return {_texts(m.id): _texts(m.string) for m in _messages(catalog)}


def _placeholders(text: str) -> set[str]:
    parts = string.Formatter().parse(text)
    return {f"{name}!{conversion}" for _text, name, _spec, conversion in parts if name is not None}


@pytest.mark.parametrize("folder", [SOURCES, *LIBRARIES], ids=lambda folder: folder.name)
def test_every_message_is_translated(folder: Path) -> None:
    spoken = _spoken()
    missing = []
    for message in _messages(_wanted(folder)):
        found = spoken.get(message.id)
        if found is None or found.fuzzy or not all(_texts(found.string)):
            missing.append((message.locations, message.id))
    assert not missing, "extract, update and translate: docs/translating.md"


def test_placeholders_are_those_of_the_message() -> None:
    own = {m.id for m in _messages(_wanted(SOURCES))}
    different = []
    for message in _messages(_spoken()):
        wanted = set().union(*(_placeholders(t) for t in _texts(message.id)))
        for text in _texts(message.string):
            found = _placeholders(text)
            # What Click puts in may be an English word: its messages may leave one out.
            if found != wanted if message.id in own else not found <= wanted:
                different.append((message.id, text))
    assert not different


def test_babel_finds_nothing_wrong() -> None:
    assert [(m.id, errors) for m, errors in _spoken().check()] == []


def test_the_compiled_catalog_is_in_step() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, _spoken())
    compiled.seek(0)
    with PO.with_suffix(".mo").open("rb") as file:
        there = _by_text(read_mo(file))
    assert there == _by_text(read_mo(compiled)), "pybabel compile: docs/translating.md"


def test_chinese_has_chinese_punctuation() -> None:
    ascii_sign = re.compile(
        rf"[{HAN}][,;:!?()]|[{HAN}]\.(?![0-9])|[,;:!()] ?[{HAN}]|\}}[,;:!?] (?!git )|[{HAN}]\.\.\."
    )
    found = [
        text
        for message in _messages(_spoken())
        if message.id not in SAMPLES
        for text in _texts(message.string)
        if ascii_sign.search(text) and not text.startswith("\nqibi ")  # commands to type
    ]
    assert not found


def test_the_translation_is_chinese() -> None:
    """Whoever translates by copying the message has not translated; commands may stand as they are."""
    copied = [
        text
        for message in _messages(_spoken())
        for text in _texts(message.string)
        if text in _texts(message.id) and not text.startswith("pip install")
    ]
    assert not copied


# Where what a person reads is handed over, and how many of the arguments are text.
_SHOWN = {
    "Refusal": 2,
    "problem": 2,
    "say": 1,
    "ask": 1,
    "confirm": 1,
    "line": 1,
    "Line": 1,
    "Column": 1,
}
# What is to be typed is the same in every language.
_COMMAND = re.compile(r"\s*((cd|qibi|git) |--[a-z])")


def _bare(node: ast.expr) -> Iterator[ast.expr]:
    """The literals with letters that an expression shows without translating them."""
    match node:
        case ast.Constant(value=str(text)):
            if re.search(rf"[A-Za-z{HAN}]", text) and not _COMMAND.match(text):
                yield node
        case ast.JoinedStr(values=values):
            for value in values:
                yield from _bare(value)
        case ast.FormattedValue(value=inner) | ast.NamedExpr(value=inner):
            yield from _bare(inner)
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            yield from (*_bare(one), *_bare(other))
        case ast.BoolOp(values=values):
            for value in values:
                yield from _bare(value)
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=arguments):
            if name in ("format", "strip"):
                yield from _bare(inner)
            elif name == "join":
                for argument in arguments:
                    yield from _bare(argument)
        case ast.List(elts=values) | ast.Tuple(elts=values):
            for value in values:
                yield from _bare(value)


def test_nothing_goes_round_the_catalog() -> None:
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (count := _SHOWN.get(_function(node))):
                texts = node.args[:count]
                texts += [k.value for k in node.keywords if k.arg in ("message", "advice", "text")]
                for text in texts:
                    place = path.relative_to(SOURCES.parent)
                    found += [f"{place}:{b.lineno}: {ast.unparse(b)}" for b in _bare(text)]
    assert not found, "wrap these in _()"

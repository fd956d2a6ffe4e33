"""The Chinese catalog: complete, compiled, in Chinese punctuation, and nothing shown goes round it.

pybabel reads the sources through `extracted` here (babel.cfg), so that what a translator is given and
what these tests want can't differ: see docs/translating.md.
"""

import ast
import inspect
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

TOP = Path(__file__).parents[2]
SOURCES = TOP / "src/qibi"
PO = SOURCES / "locale/zh_CN/LC_MESSAGES/qibi.po"
MO = PO.with_suffix(".mo")
HAN = "\u3400-\u9fff"


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
    if path.parts[-2:] == ("checks", "policy.py"):
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.returns and not node.name.startswith("_"):
                if ast.unparse(node.returns) == "Iterator[Finding]":
                    yield node

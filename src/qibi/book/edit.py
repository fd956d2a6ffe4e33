"""Edits of a YAML file that people write: only the lines that are meant change.

The parser says where a value ends; text is put in there, in the file's own indentation, style and
line endings, and every other byte stays. After each edit the file is read again: where it does not
hold exactly the old data with the change, the edit is refused. Nothing is written here.

Not by ruamel.yaml's round-trip mode, which keeps comments and order, but writes the whole file anew:
`{id: a,   name: A}` loses its columns, a row over two lines becomes one, lists are indented alike, line
endings become LF, `until: null` becomes `until:`, `min: +3` becomes `min: 3`, a first line `---` goes,
and a file in JSON (`{"members": [{"id": "a"}]}`) is none any more (`{"members": ["id": "a"]}`).
"""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from qibi.base.findings import Faults, Refusal
from qibi.base.language import _
from qibi.base.weeks import is_week
from qibi.book.definitions import Definitions
from qibi.book.links import Source
from qibi.book.validate import validate
from qibi.book.yaml import Document, Loc, events, parse

_BOM = b"\xef\xbb\xbf"
_PLAIN = re.compile(r"[A-Za-z\u3400-\u9fff][0-9A-Za-z\u3400-\u9fff ()·（）._/-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


@dataclass
class _Node:
    """Where a value is in the text: `end` is just behind its last character that counts."""

    kind: str  # "scalar", "mapping", "sequence"
    start: int
    end: int
    column: int
    flow: bool = False
    quoted: bool = False  # a mapping whose first key is in double quotes, as in JSON
    values: dict[str | int, "_Node"] = field(default_factory=dict)
    keys: dict[str | int, int] = field(default_factory=dict)  # where the key of each value begins

    @property
    def last(self) -> "_Node | None":
        """The last value in it; None where it is empty."""
        return next(reversed(self.values.values()), None)


class Page:
    """One file of a book while it is edited."""

    def __init__(self, source: Source) -> None:
        """Raises `Faults` where the file can't be read as YAML."""
        self.path = source.path
        self._mark = _BOM if source.raw.startswith(_BOM) else b""
        document = parse(source.path, source.raw)
        if not isinstance(document, Document):
            raise Faults([document])
        self._text, self.data = document.text, document.data
        self._newline = "\r\n" if "\r\n" in self._text else "\n"

    @property
    def raw(self) -> bytes:
        """The bytes of the file as edited so far."""
        return self._mark + self._text.encode()

    def append(self, name: str, row: Mapping[str, Any]) -> None:
        """Put a row behind the last one of a list, which is made where it is missing.

        Raises `Refusal` where the file is written in a way in which that can't be done.
        """
        wanted = copy.deepcopy(self.data)
        wanted[name] = [*(wanted.get(name) or []), dict(row)]
        root = _tree(self._text)
        rows = root.values.get(name)
        if rows is None and root.flow:
            text = f"{_scalar(name, root.quoted)}: [{_flow(row, root.quoted)}]"
            self._into_flow(root, text)
        elif rows is None:
            self._below(root, f"{name}:{self._newline}  - {_flow(row)}")
        elif rows.kind == "scalar":
            self._below(rows, f"  - {_flow(row)}")
        elif rows.flow:
            quoted = root.quoted or (rows.last.quoted if rows.last else False)
            self._into_flow(rows, _flow(row, quoted))
        else:
            self._below(rows, self._block_row(rows, row))
        self._must_hold(wanted)

    def put(self, loc: Loc, name: str, value: str, after: Sequence[str] = ()) -> None:
        """Give the mapping at `loc` a field, or the field another value.

        A new field comes behind the last of the fields `after` that are there, else behind all.
        Raises `Refusal` where the file is written in a way in which that can't be done.
        """
        wanted = copy.deepcopy(self.data)
        node = _tree(self._text)
        target = wanted
        for part in loc:
            node, target = node.values[part], target[part]
        target[name] = value
        if name in node.values:
            old = node.values[name]
            gap = "" if old.end > old.start else " "
            quoted = node.quoted or self._text[old.start : old.start + 1] == '"'
            self._replace(old.start, old.end, gap + _scalar(value, quoted))
        else:
            text = f"{_scalar(name, node.quoted)}: {_scalar(value, node.quoted)}"
            before = [node.values[key] for key in after if key in node.values]
            anchor = max(before, key=lambda n: n.end) if before else node.last
            if anchor is None or node.flow:
                self._into_flow(node, text, anchor)
            else:
                self._below(anchor, " " * node.column + text)
        self._must_hold(wanted)

    def extend(self, name: str, values: Mapping[str, str] | Sequence[str]) -> None:
        """Put fields into a mapping of the file, or texts behind those of a list; made where it is missing.

        Raises `Refusal` where the file is written in a way in which that can't be done.
        """
        if isinstance(values, Mapping):
            if self.data.get(name):
                for key, value in values.items():
                    self.put((name,), key, value)
                return
            wanted = {**self.data, name: dict(values)}
        else:
            wanted = {**self.data, name: [*(self.data.get(name) or []), *values]}
        node = _tree(self._text)
        old = node.values.get(name)
        if old is None:
            self._below(node, self._newline.join(_block(name, values)))
        elif old.flow and old.last:
            self._into_flow(old, ", ".join(_scalar(text) for text in values))
        elif old.last:
            lines = [f"{' ' * old.column}- {_scalar(text)}" for text in values]
            self._below(old, self._newline.join(lines))
        self._must_hold(wanted)

    def comment(self, lines: Sequence[str]) -> None:
        """Put comment lines at the end of the file."""
        if lines:
            end = "" if self._text.endswith(self._newline) else self._newline
            self._text += end + "".join(line + self._newline for line in lines)
            self._must_hold(self.data)

    def take(self, loc: Loc, name: str) -> None:
        """Take a field away from the mapping at `loc`, with its lines where it is on its own.

        Raises `Refusal` where the file is written in a way in which that can't be done.
        """
        wanted = copy.deepcopy(self.data)
        node = _tree(self._text)
        target = wanted
        for part in loc:
            node, target = node.values[part], target[part]
        del target[name]
        names = list(node.values)
        at = names.index(name)
        begin, end = node.keys[name], node.values[name].end
        following = node.keys[names[at + 1]] if at + 1 < len(names) else None
        head = self._text[self._text.rfind("\n", 0, begin) + 1 : begin]
        if not node.flow and head.strip() == "" and len(names) > 1:
            begin -= len(head)
            line_end = self._text.find("\n", end)
            self._replace(begin, len(self._text) if line_end < 0 else line_end + 1, "")
        elif len(names) == 1:
            text = (
                self._text[node.start : begin] + self._text[end : node.end] if node.flow else "{}"
            )
            self._replace(node.start, node.end, text)
        elif following is not None:
            self._replace(begin, following, "")
        else:
            before = node.values[names[at - 1]].end
            plain = re.fullmatch(r"\s*,\s*", self._text[before:begin])
            self._replace(before if plain else begin, end, "")
        self._must_hold(wanted)

    def _into_flow(self, node: _Node, text: str, anchor: _Node | None = None) -> None:
        """Put text behind a value between braces or brackets; on a line of its own where all are."""
        anchor = anchor or node.last
        if anchor is None:
            self._replace(node.start + 1, node.start + 1, text)
            return
        head = self._text[self._text.rfind("\n", 0, anchor.start) + 1 : anchor.start]
        alone = node.kind == "sequence" and not head.strip()
        blank = f"{self._newline}{head}" if alone else " "
        self._replace(anchor.end, anchor.end, f",{blank}{text}")

    def _below(self, node: _Node, text: str) -> None:
        """Put lines below the line on which a value ends."""
        end = self._text.find("\n", node.end)
        end = len(self._text) if end < 0 else end
        if end and self._text[end - 1 : end] == "\r":
            end -= 1
        self._replace(end, end, self._newline + text)

    def _block_row(self, rows: _Node, row: Mapping[str, Any]) -> str:
        """A row in the style of the last one: on one line, or with a line for each field."""
        dash = " " * rows.column + "-"
        last = rows.last
        if last is None or last.flow or last.kind != "mapping":
            return f"{dash} {_flow(row)}"
        indent = " " * max(last.column, rows.column + 2)
        lines = [f"{key}: {_flow(value)}" for key, value in row.items()]
        return dash + indent[len(dash) :] + f"{self._newline}{indent}".join(lines)

    def _replace(self, start: int, end: int, text: str) -> None:
        self._text = self._text[:start] + text + self._text[end:]

    def _must_hold(self, wanted: Any) -> None:
        """Take the text as it is now if it reads as the data that are wanted."""
        document = parse(self.path, self._text.encode())
        if not isinstance(document, Document) or document.data != wanted:
            raise Refusal(
                _("qibi can't edit {path} without rewriting it").format(path=self.path),
                _("write one row per line there (or edit it by hand), then run the command again"),
                1,
            )
        self.data = document.data


def validated(sources: Iterable[Source], changed: Mapping[str, bytes]) -> Definitions:
    """The definitions of a book with these files changed or added.

    Raises `Faults` with every finding that the result would have.
    """
    files = {source.path: source for source in sources}
    files |= {path: Source(path, raw) for path, raw in changed.items()}
    return validate(list(files.values()))


def page_text(head: Sequence[str], fields: Mapping[str, Any], newline: str = "\n") -> bytes:
    """A new file: comment lines, then a line for each field; a line for each field of a mapping."""
    lines = [*head, *(line for key, value in fields.items() for line in _block(key, value))]
    return "".join(line + newline for line in lines).encode()


def _tree(text: str) -> _Node:
    """The one document in a text that `parse` has accepted."""
    rest = events(text)
    first = next(e for e in rest if isinstance(e, ScalarEvent | MappingStartEvent))
    return _node(first, rest, text)


def _node(event: Any, rest: Iterator[Any], text: str) -> _Node:
    start, column = event.start_mark.index, event.start_mark.column
    if isinstance(event, ScalarEvent):
        end = event.end_mark.index
        end = start + len(text[start:end].rstrip())  # a block scalar ends behind its line feeds
        return _Node("scalar", start, end, column)
    is_mapping = isinstance(event, MappingStartEvent)
    result = _Node("mapping" if is_mapping else "sequence", start, start, column)
    result.flow = bool(event.flow_style)
    for inner in rest:
        if isinstance(inner, MappingEndEvent | SequenceEndEvent):
            # the end of a block is only seen at what follows it, comments passed
            result.end = inner.end_mark.index if result.flow else max(result.end, start)
            return result
        key: str | int = len(result.values)
        begin = inner.start_mark.index
        if is_mapping:
            key = inner.value
            result.quoted = result.quoted or (not result.values and inner.style == '"')
            inner = next(rest)
        assert isinstance(inner, ScalarEvent | MappingStartEvent | SequenceStartEvent)
        value = _node(inner, rest, text)
        result.values[key] = value
        result.keys[key] = begin
        result.end = max(result.end, value.end)
    return result


def _block(name: str, value: Any) -> list[str]:
    """A field as lines: a mapping a line for each of its own fields, all else on one."""
    if isinstance(value, Mapping):
        return [f"{name}:", *(f"  {_scalar(str(k))}: {_flow(v)}" for k, v in value.items())]
    return [f"{name}: {_flow(value)}"]


def _flow(value: Any, quoted: bool = False) -> str:
    """A value on one line, as a person would write it."""
    if isinstance(value, Mapping):
        pairs = (f"{_scalar(str(k), quoted)}: {_flow(v, quoted)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(v, quoted) for v in value) + "]"
    return _scalar(str(value), quoted)


def _scalar(text: str, quoted: bool = False) -> str:
    """Text plain where every YAML reader takes it for just that, else in double quotes."""
    plain = is_week(text) or (
        _PLAIN.fullmatch(text) and text == text.strip() and text.casefold() not in _WORDS
    )
    if plain and not quoted:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'

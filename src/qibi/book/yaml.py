"""Reading YAML that strangers wrote: plain data only, and nothing that costs before it is refused.

libyaml's parser gives events; data are built from them here, so that anchors, aliases, tags and
directives never take effect, depth and size are bounded while reading, and a key that is repeated
is seen. Scalars follow YAML 1.2's core schema: only `true`, `false`, `null`, numbers and text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML, __with_libyaml__
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from qibi.base.findings import Finding
from qibi.base.language import _

if (
    not __with_libyaml__
):  # else ruamel.yaml would parse in Python, ten times as slowly, and not say so
    raise ImportError("ruamel.yaml has no C parser: pip install ruamel.yaml.clib")

MAX_BYTES = 8 * 1024 * 1024  # 10,000 members take about 2 MB
MAX_DEPTH = 16
MAX_VALUES = 400_000  # 60,000 members
_TAGGED = (False, False)  # what the parser says is implicit of a scalar that has a tag
_SHOWN = 1000  # of a line, characters

_INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,15}|[0-9]{1,15}(\.[0-9]{0,15})?)([eE][-+]?[0-9]{1,2})?")
_WORDS = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}

Place = tuple[int, int]  # line and column, from 1
Loc = tuple[str | int, ...]  # where in the data: keys and indexes


class Refused(Exception):
    """The text is no YAML that qibi takes: what and where."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


@dataclass
class Document:
    """The data of one file, and the means to say where in it something is."""

    path: str
    text: str
    data: Any
    # Where each value is, as far as that was asked for; read again, and only for mistakes.
    _places: dict[Loc, Place] = field(default_factory=dict)
    _whole: bool = False

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    def place(self, loc: Loc) -> Place:
        """Line and column of a value, or of the nearest thing around it that exists."""
        if not self._whole and loc not in self._places:
            self._look_further(loc)
        for end in range(len(loc), -1, -1):
            if loc[:end] in self._places:
                return self._places[loc[:end]]
        return (1, 1)

    def _look_further(self, loc: Loc) -> None:
        """Note places up to this one and four times as far as before; where it isn't there, all of them.

        Mistakes are told in the order of the file, and no more than a few hundred: the end of a large file is
        seldom wanted.
        """
        builder = _Builder(self.text, {}, sought=loc, least=4 * len(self._places))
        try:
            builder.build()
            self._whole = True
        except _Enough:
            pass
        self._places = builder.places or {}

    def finding(self, loc: Loc, message: str, code: str = "") -> Finding:
        """A finding about the value at `loc`, with the line that it is in."""
        line, column = self.place(loc)
        shown = self._lines[line - 1] if line <= len(self._lines) else ""
        return Finding(self.path, line, column, message, shown=shown[:_SHOWN], code=code)


def parse(path: str, raw: bytes) -> Document | Finding:
    """The document in these bytes, or the finding that says why it is refused."""
    text = ""
    try:
        if len(raw) > MAX_BYTES:
            raise Refused(_("the file is larger than 8 MB; split it into several files"), 0, 0)
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise Refused(_("not UTF-8 text; save the file as UTF-8"), line, 0) from None
        if "\x00" in text:
            line = text.count("\n", 0, text.index("\x00")) + 1
            raise Refused(_("a NUL character; this is not a text file"), line, 0)
        if conflict := re.search(r"^(<{7} |={7}$|>{7} )", text, re.MULTILINE):
            line = text.count("\n", 0, conflict.start()) + 1
            raise Refused(
                _(
                    "a merge stopped here; keep one side and delete the lines <<<<<<<, =======, >>>>>>>"
                ),
                line,
                1,
            )
        return Document(path, text, _Builder(text).build())
    except Refused as refused:
        lines = text.splitlines()
        shown = lines[refused.line - 1] if 0 < refused.line <= len(lines) else ""
        return Finding(
            path, refused.line, refused.column, refused.message, shown=shown[:_SHOWN], code="yaml"
        )


def events(text: str) -> Iterator[Any]:
    """The events of libyaml's parser; raises `YAMLError` where there is no next one.

    Not `YAML().load`: it builds nested data before anything could be refused.
    """
    result: Iterator[Any] = YAML(typ="safe").parse(text)
    return result


class _Enough(Exception):
    """The place that was sought is known."""


class _Builder:
    """Builds plain data from the parser's events; notes each value's place where asked to."""

    def __init__(
        self,
        text: str,
        places: dict[Loc, Place] | None = None,
        *,
        sought: Loc | None = None,
        least: int = 0,
    ) -> None:
        """With `places`, stops behind the one that is sought, once it has at least so many."""
        self.events = self._read(text)
        self.places = places
        self.values = 0
        self.sought, self.least, self.found = sought, least, False

    @staticmethod
    def _read(text: str) -> Iterator[Any]:
        try:
            yield from events(text)
        except YAMLError as error:
            raise _unreadable(error, text) from None

    def build(self) -> Any:
        """The data of the only document; None for an empty file."""
        data, documents = None, 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refused(event, _("a second document; keep one document in a file"))
                if event.version or event.tags:
                    raise self._refused(event, _("a directive (%); delete that line"))
            elif isinstance(
                event, AliasEvent | ScalarEvent | MappingStartEvent | SequenceStartEvent
            ):
                data = self._node(event, (), 0)
        return data

    @staticmethod
    def _refused(event: Any, message: str) -> Refused:
        return Refused(message, event.start_mark.line + 1, event.start_mark.column + 1)

    def _node(self, event: Any, loc: Loc, depth: int) -> Any:
        # Of a million nodes each question counts. Who has no tag is "implicit"; an alias has an anchor.
        if event.anchor or not event.implicit or event.implicit == _TAGGED:
            self._refuse_what_is_not_plain(event)
        self.values += 1
        if self.values > MAX_VALUES:
            raise self._refused(event, _("more values than one file may hold; split it"))
        if self.places is not None:
            if self.found and len(self.places) >= self.least:
                raise _Enough
            self.found = self.found or loc == self.sought
            self.places[loc] = (event.start_mark.line + 1, event.start_mark.column + 1)
        kind = type(event)
        if kind is ScalarEvent:
            return _scalar(event.value) if event.implicit[0] else event.value
        if depth >= MAX_DEPTH:
            raise self._refused(event, _("nested deeper than any qibi file; remove a level"))
        if kind is SequenceStartEvent:
            return self._sequence(loc, depth)
        return self._mapping(loc, depth)

    def _refuse_what_is_not_plain(self, event: Any) -> None:
        if isinstance(event, AliasEvent):
            raise self._refused(event, _("an alias (*name); write the value out"))
        if event.anchor:
            raise self._refused(event, _("an anchor (&name); write the value out where it is used"))
        if event.tag:
            raise self._refused(event, _("a tag ({tag}); delete it").format(tag=event.tag))

    def _sequence(self, loc: Loc, depth: int) -> list[Any]:
        result: list[Any] = []
        for event in self.events:
            if type(event) is SequenceEndEvent:
                break
            inner = loc if self.places is None else (*loc, len(result))
            result.append(self._node(event, inner, depth + 1))
        return result

    def _mapping(self, loc: Loc, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        inner = loc
        for event in self.events:
            kind = type(event)
            if kind is MappingEndEvent:
                break
            if event.anchor or not event.implicit or event.implicit == _TAGGED:
                self._refuse_what_is_not_plain(event)
            if kind is not ScalarEvent:
                raise self._refused(event, _("a key must be a word"))
            key = event.value
            if key == "<<" and event.implicit[0]:
                raise self._refused(event, _("a merge key (<<); write the values out"))
            if key in result:
                raise self._refused(
                    event, _("duplicate key '{key}'; keep one of them").format(key=key)
                )
            if self.places is not None:
                inner = (*loc, key)
            result[key] = value = self._node(next(self.events), inner, depth + 1)
            if value is None and self.places is not None:
                self.places[inner] = (event.start_mark.line + 1, event.start_mark.column + 1)
        return result


def _unreadable(error: Any, text: str) -> Refused:
    """What libyaml could not read, in one line, and where."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    message = _("not valid YAML: {problem}").format(problem=problem)
    if mark := getattr(error, "problem_mark", None):
        return Refused(message, mark.line + 1, mark.column + 1)
    before = text[: getattr(error, "position", 0)]
    return Refused(message, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text

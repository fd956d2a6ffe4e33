"""Hostile input that starts from valid input: texts, bytes, data, YAML, ledger lines, workbooks.

Random bytes are refused at the first gate; a valid file with one thing wrong gets further in.
Everything is drawn from hypothesis, so that a failure shrinks to the smallest file that fails.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import xlsxwriter
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

SMALL = Path(__file__).parents[1] / "transcripts" / "books" / "small"
YAML_FILES = sorted(p.relative_to(SMALL).as_posix() for p in SMALL.rglob("*.yaml"))
BATCHES = sorted(p.relative_to(SMALL).as_posix() for p in SMALL.rglob("*.jsonl"))
SHEETS = sorted(p.relative_to(SMALL).as_posix() for p in SMALL.rglob("*.csv"))

# What has broken readers and terminals elsewhere.
NASTY = [
    "",
    " ",
    "\t",
    "\n",
    "\r",
    "\0",
    "\x1b[31m\x1b]0;x\x07",
    "\x9b2J",
    "\u202etxt.exe",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\x85",
    "\ud800",
    "\udcff",
    "\U0010ffff",
    "é",
    "e\u0301",
    "𝟙２٣",
    "½",
    "²",
    "👩‍👩‍👧‍👦",
    "[/red]",
    "[bold]",
    "=cmd|' /C calc'!A0",
    "{0}",
    "{name}",
    "%s",
    "%",
    "'",
    '"',
    "\\",
    "--",
    "-",
    "../../etc/passwd",
    "/dev/null",
    "con",
    "null",
    "true",
    "nan",
    "inf",
    "-0",
    "1e400",
    "9" * 400,
    "0x10",
    "2026-W53",
    "2025-W53",
    "9999-W52",
    "0000-W00",
    "2026-02-30",
    "x" * 501,
    "七" * 501,
    "\u0301" * 300,
    "ﷺ" * 60,
]
ANY = st.text(alphabet=st.characters(), max_size=12)  # lone surrogates included
TEXTS = st.one_of(st.sampled_from(NASTY), ANY)
NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from([0, -1, 1e308, 1e-308, 0.005, 9999.99, -0.0, 2**63, 2**64]),
)
LEAVES = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none())
DATA = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


def few(examples: int) -> Any:
    """Settings by which every run tries the same: so many examples, no clock, no memory of failures."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def altered(draw: st.DrawFn, data: Any) -> Any:
    """Plain data with one to three things in it replaced, removed, doubled or added."""
    whole = [json.loads(json.dumps(data))]
    for _n in range(draw(st.integers(1, 3))):
        places = list(_places(whole))
        holder, key = draw(st.sampled_from(places))
        match draw(st.integers(0, 5)):
            case 0 | 1 | 2:
                holder[key] = draw(DATA)
            case 3 if holder is not whole:
                holder.pop(key)
            case 4 if isinstance(holder, dict):
                holder[draw(st.sampled_from([*holder, *NASTY]))] = holder[key]
            case _ if isinstance(holder[key], str):
                at = draw(st.integers(0, len(holder[key])))
                holder[key] = holder[key][:at] + draw(TEXTS) + holder[key][at:]
            case _ if isinstance(holder[key], list):
                holder[key] += holder[key]
    return whole[0]


def _places(node: Any) -> Any:
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from _places(node[key])


@st.composite
def damaged(draw: st.DrawFn, raw: bytes) -> bytes:
    """Bytes with one to four pieces cut out, doubled, overwritten or put in."""
    for _n in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        length = draw(st.sampled_from([0, 1, 1, 2, 4, 16, 200]))
        piece = draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([text.encode("utf-8", "surrogatepass") for text in NASTY]),
                st.just(raw[start : start + length] * 2),
            )
        )
        raw = raw[:start] + piece + raw[start + length :]
    return raw


def yaml_data(path: str) -> Any:
    """The data of one of the small book's YAML files."""
    return YAML(typ="safe", pure=True).load((SMALL / path).read_text("utf-8"))


def as_yaml(data: Any) -> bytes:
    """Data as YAML: JSON is that, where surrogates are paired."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")


def workbook(rows: list[list[Any]], name: str = "Sheet1") -> bytes:
    """A workbook as XlsxWriter saves it."""
    buffer = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif value is not None:
                    sheet.write(number, column, value)
    return buffer.getvalue()


def parts_of(raw: bytes) -> dict[str, bytes]:
    """The parts of a workbook."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()

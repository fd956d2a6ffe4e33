"""What hostile input costs: `python benchmarks/limits.py`, a table of times and of memory.

Each case is read in a process of its own, once the modules are imported: the time is the processor's
(others may be at work on the machine) and that of the reader alone, the memory how much the peak of
the process has grown by it. The limits are those of
`docs/reliability.md`: 100 ms for what is over a limit, 2 s for 1 MiB of YAML, 300 ms for the rest.
"""

import argparse
import io
import json
import random
import re
import resource
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1] / "tests")
SMALL = Path(__file__).parents[1] / "tests" / "transcripts" / "books" / "small"
MIB = 1024 * 1024
CASES: dict[str, tuple[int, str, Callable[[], bytes]]] = {}  # limit in ms, reader, what makes it


def case(limit: int, reader: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Registers a case under its function's name."""

    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        CASES[make.__name__.replace("_", " ")] = limit, reader, make
        return make

    return register


def filled(piece: bytes, size: int = MIB) -> bytes:
    """The piece again and again, up to this size."""
    return piece * (size // len(piece))


# YAML


@case(100, "yaml")
def yaml_over_8_MiB() -> bytes:
    return filled(b"a: b\n", 9 * MIB)


@case(100, "yaml")
def yaml_billion_laughs() -> bytes:
    lines = [b"a0: &a0 [x, x]\n"]
    lines += [b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 30)]
    return b"".join(lines)


@case(100, "yaml")
def yaml_nested_1_MiB_deep() -> bytes:
    return b"a: " + b"[" * MIB


@case(100, "yaml")
def yaml_nested_in_blocks() -> bytes:
    return b"- " * (MIB // 2)


@case(2000, "yaml")
def yaml_1_MiB_members() -> bytes:
    head = b"id: east\nname: East\nmembers:\n"
    return head + b"".join(
        b"  - {id: m%06d, name: Somebody Else %06d}\n" % (n, n) for n in range(24_000)
    )


@case(2000, "yaml")
def yaml_1_MiB_unknown_fields() -> bytes:
    return b"id: east\n" + b"".join(b"field%06d: x\n" % n for n in range(70_000))


@case(2000, "yaml")
def yaml_1_MiB_bad_members() -> bytes:
    return b"id: east\nmembers:\n" + b"".join(b"  - {id: M%06d}\n" % n for n in range(60_000))


@case(2000, "yaml")
def yaml_1_MiB_misspelt_in_members() -> bytes:
    rows = (b"  - {id: m%06d, nmae: x}\n" % n for n in range(40_000))
    return b"id: east\nmembers:\n" + b"".join(rows)


@case(2000, "yaml")
def yaml_1_MiB_ids_twice() -> bytes:
    return b"id: east\nmembers:\n" + filled(b"  - {id: m1, name: x}\n")


@case(2000, "yaml")
def yaml_1_MiB_unknown_units() -> bytes:
    rows = (b"  - {id: m%06d, unit: nowhere}\n" % n for n in range(33_000))
    return b"id: east\nmembers:\n" + b"".join(rows)


@case(2000, "yaml")
def yaml_1_MiB_one_scalar() -> bytes:
    return b"id: east\nname: '" + filled(b"x") + b"'\n"


@case(2000, "yaml")
def yaml_1_MiB_one_line() -> bytes:
    return b"id: east\nname: [" + filled(b"a,") + b"]\n"


@case(2000, "yaml")
def yaml_1_MiB_question_marks() -> bytes:
    return filled(b"? a\n")


# The ledger


@case(300, "batch")
def batch_1_MiB_valid() -> bytes:
    line = b'{"kind":"score","week":"2026-W46","branch":"east","recorded_by":"e-ann","recorded_at":"2026-11-16T09:00:00+08:00","subject":"e-ann","item":"safety.hazard-closed","points":1}\n'
    return filled(line)


@case(300, "batch")
def batch_1_MiB_bad_lines() -> bytes:
    return filled(b"{}\n")


@case(300, "batch")
def batch_1_MiB_nested() -> bytes:
    return b'{"kind":' + filled(b"[") + b"\n"


@case(300, "batch")
def batch_1_MiB_one_key_again() -> bytes:
    return b"{" + filled(b'"note":"",') + b'"kind":"score"}\n'


@case(300, "batch")
def batch_1_MiB_escapes() -> bytes:
    line = b'{"kind":"void","week":"2026-W46","branch":"east","recorded_by":"a","recorded_at":"2026-11-16T09:00:00Z","entry":"0123456789abcdef.1","note":"%s"}\n'
    return line % filled(b"\\u0041")


# Csv


@case(100, "csv")
def csv_over_10_MB() -> bytes:
    return filled(b"a,b\n", 11 * MIB)


@case(100, "csv")
def csv_10_MB_of_rows() -> bytes:
    return filled(b"a\n", 9 * MIB)


@case(100, "csv")
def csv_10_MB_of_columns() -> bytes:
    return filled(b"a,", 9 * MIB)


@case(100, "csv")
def csv_10_MB_of_commas() -> bytes:
    return filled(b",", 9 * MIB)


@case(100, "csv")
def csv_10_MB_of_line_feeds() -> bytes:
    return filled(b"\n", 9 * MIB)


@case(100, "csv")
def csv_10_MB_of_one_open_quote() -> bytes:
    return b'a,"' + filled(b"x\n", 9 * MIB)


@case(300, "csv")
def csv_1_MiB_of_quotes() -> bytes:
    return filled(b'"')


@case(300, "csv")
def csv_1_MiB_of_unknown_people() -> bytes:
    rows = (b"nobody %06d,safety.hazard-closed,1\n" % n for n in range(19_000))
    return b"member,item,count\n" + b"".join(rows)


@case(300, "csv")
def csv_300_columns_1_MiB() -> bytes:
    return b"member" + b",x" * 299 + b"\n" + filled(b"1" + b",1" * 299 + b"\n")


@case(300, "csv")
def csv_1_MiB_no_heading() -> bytes:
    return filled(b"abc,def,ghi\n", 200_000)


@case(300, "csv")
def csv_neither_encoding_1_MiB() -> bytes:
    return filled("七".encode()) + b"\xff\xff"


# Workbooks


def _book(sheet: bytes, **more: bytes) -> bytes:
    from fuzz.hostile import parts_of, workbook, zipped

    parts = parts_of(workbook([["member", "item"], ["Ann Berg", "safety"]]))
    parts["xl/worksheets/sheet1.xml"] = sheet
    return zipped({**parts, **{k.replace("__", "/").replace("_", "."): v for k, v in more.items()}})


_OPEN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_CLOSE = b"</sheetData></worksheet>"


def _lying(raw: bytes, name: bytes, size: int) -> bytes:
    """The archive with the unpacked size of one part changed to a smaller one, CRC to match."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        head = archive.read(name.decode())[:size]
        old = archive.getinfo(name.decode())
    now = zlib.crc32(head).to_bytes(4, "little"), size.to_bytes(4, "little")
    before = old.CRC.to_bytes(4, "little"), old.file_size.to_bytes(4, "little")
    return raw.replace(before[0], now[0]).replace(before[1], now[1])


@case(100, "xlsx")
def xlsx_bomb_of_1_GB() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _n in range(1000):
                part.write(b" " * 1_000_000)
    return buffer.getvalue()


@case(100, "xlsx")
def xlsx_bomb_that_lies_about_its_size() -> bytes:
    return _lying(_book(_OPEN + b" " * 400_000_000 + _CLOSE), b"xl/worksheets/sheet1.xml", 9000)


@case(100, "xlsx")
def xlsx_strings_that_lie_about_their_size() -> bytes:
    strings = b"<sst><si><t>" + b"A" * 400_000_000 + b"</t></si></sst>"
    return _lying(
        _book(_OPEN + _CLOSE, xl__sharedStrings_xml=strings), b"xl/sharedStrings.xml", 9000
    )


@case(100, "xlsx")
def xlsx_two_far_cells() -> bytes:
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return _book(_OPEN + cells + _CLOSE)


@case(100, "xlsx")
def xlsx_huge_dimension_declared() -> bytes:
    return _book(
        _OPEN.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>') + _CLOSE
    )


@case(100, "xlsx")
def xlsx_a_million_rows() -> bytes:
    rows = (
        b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (n, n, n * 7919)
        for n in range(1, 1_000_001)
    )
    return _book(_OPEN + b"".join(rows) + _CLOSE)


@case(300, "xlsx")
def xlsx_a_million_formatted_rows() -> bytes:
    rows = (b'<row r="%d" ht="15" customHeight="1"/>' % n for n in range(1, 1_000_001))
    return _book(_OPEN + b"".join(rows) + _CLOSE)


@case(300, "xlsx")
def xlsx_500_rows_of_300_cells() -> bytes:
    cells = (b"<c><v>%d</v></c>" % random.Random(n).randint(0, 10**9) for n in range(150_000))
    rows = (b"<row>" + b"".join(islice(cells, 300)) + b"</row>" for _n in range(500))
    return _book(_OPEN + b"".join(rows) + _CLOSE)


@case(100, "xlsx")
def xlsx_two_cells_just_within_the_limits() -> bytes:
    cells = (
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="20000"><c r="KN20000"><v>1</v></c></row>'
    )
    return _book(_OPEN + cells + _CLOSE)


@case(100, "xlsx")
def xlsx_one_long_string_in_many_cells() -> bytes:
    strings = b"<sst><si><t>" + b"A" * 32_000 + b"</t></si></sst>"
    row = b"<row>" + b'<c t="s"><v>0</v></c>' * 100 + b"</row>"
    return _book(_OPEN + row * 200 + _CLOSE, xl__sharedStrings_xml=strings)


@case(300, "xlsx")
def xlsx_one_text_of_many_lines() -> bytes:
    pieces = random.Random(1).choices((b"\n", b"&amp;", b"x", b"&#10;"), k=3_000_000)
    return _book(
        _OPEN
        + b'<row><c t="inlineStr"><is><t>'
        + b"".join(pieces)
        + b"</t></is></c></row>"
        + _CLOSE
    )


@case(100, "xlsx")
def xlsx_empty_elements() -> bytes:
    pieces = random.Random(1).choices((b"<a/>", b"<b/>", b"<cc/>"), k=3_000_000)
    return _book(_OPEN + b"".join(pieces) + _CLOSE)


@case(100, "xlsx")
def xlsx_merges_over_each_other() -> bytes:
    merges = b"<mergeCells>" + b'<mergeCell ref="A1:XFD20000"/>' * 20_000 + b"</mergeCells>"
    body = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="20000"><c r="A20000"><v>1</v></c></row></sheetData>'
    return _book(_OPEN + body + merges + b"</worksheet>")


@case(100, "xlsx")
def xlsx_of_90_000_parts() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for n in range(90_000):
            archive.writestr(zipfile.ZipInfo(f"x{n}"), b"")
    return buffer.getvalue()


@case(100, "xlsx")
def xlsx_billion_laughs() -> bytes:
    lines = b"".join(
        b'<!ENTITY a%d "&a%d;&a%d;&a%d;&a%d;">' % (n, *[n - 1] * 4) for n in range(1, 20)
    )
    return _book(b'<!DOCTYPE x [<!ENTITY a0 "ha">' + lines + b"]><worksheet>&a19;</worksheet>")


@case(300, "xlsx")
def xlsx_with_9_MB_of_pictures() -> bytes:
    return _book(_OPEN + _CLOSE, xl__media__a_png=random.Random(1).randbytes(9_000_000))


@case(100, "xlsx")
def xlsx_9_MB_of_nothing_but_PK() -> bytes:
    return filled(b"PK\x01\x02", 9 * MIB)


# Measuring


def peak() -> int:
    """The most memory that this process has held, in kB.

    Linux hands a process what its parent held as getrusage's peak, so its own is asked for first.
    """
    with suppress(FileNotFoundError, AttributeError):
        return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def read(reader: str, raw: bytes) -> str:
    """Read it as a command would; the first finding, or nothing."""
    from qibi.base.findings import Faults
    from qibi.book.links import Source
    from qibi.book.load import load, sources
    from qibi.book.validate import validate
    from qibi.ledger import batches
    from qibi.ledger.admission import Stamp
    from qibi.sheets.files import open_sheet
    from qibi.sheets.names import Names
    from qibi.sheets.read import admit_page

    small = sources(SMALL)
    definitions = load(SMALL)
    if reader == "xlsx":  # has the modules imported
        from fuzz.hostile import workbook

        open_sheet("warm.xlsx", workbook([["a"]]))
    before, start = peak(), time.process_time()
    said = ""
    try:
        if reader == "yaml":
            validate(
                [Source(s.path, raw if s.path.endswith("east.yaml") else s.raw) for s in small]
            )
        elif reader == "batch":
            path = f"ledger/2026/W46/{batches.name('east', raw)}"
            found = batches.parse(path, "2026-W46", raw)
            said = str(found[0]) if isinstance(found, list) else ""
        else:
            for page in open_sheet(f"a.{reader}", raw):
                stamp = Stamp("2026-W46", "east", "e-ann", "2026-11-23T09:00:00+08:00", "")
                admit_page(page, Names(definitions), stamp)
    except Faults as faults:
        said = f"{len(faults.findings)}: {faults.findings[0].message}"
    took = time.process_time() - start
    grown = peak() - before
    return json.dumps([took * 1000, grown / 1024, said[:60]])


def main() -> int:
    """Print the table; 1 where a case takes longer than its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only the cases whose name holds one of these")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(read(CASES[options.one][1], sys.stdin.buffer.read()))
        return 0
    late = 0
    print(f"{'case':42} {'size':>9} {'ms':>8} {'limit':>6} {'MB':>6}  says")
    for name, (limit, _reader, make) in CASES.items():
        if options.words and not any(word in name for word in options.words):
            continue
        raw = make()
        command = [sys.executable, __file__, "--one", name]
        try:
            done = subprocess.run(command, input=raw, capture_output=True, check=True, timeout=20)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            print(f"{name:42} {len(raw):9} failed: {error}")
            late += 1
            continue
        took, grown, said = json.loads(done.stdout)
        late += took > limit
        mark = "!" if took > limit else " "
        print(f"{name:42} {len(raw):9} {took:8.1f}{mark}{limit:6} {grown:6.1f}  {said}", flush=True)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())

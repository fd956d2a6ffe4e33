"""Coverage-guided fuzzing of every reader with atheris: `python benchmarks/fuzz.py --seconds 300`.

Needs the extra `fuzz`. Starts from the small book of the tests. A finding (any exception but a
refusal) ends the run with its traceback, and the input that caused it is kept as `crash-…`.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parent / "tests")  # this file itself bears the name of a folder there

import atheris  # noqa: E402  (after the path, like all below)

with atheris.instrument_imports(include=["qibi", "csv", "zipfile"]):
    from qibi.base.findings import Faults, Finding
    from qibi.base.text import visible
    from qibi.book.links import Source
    from qibi.book.load import load, sources
    from qibi.book.validate import validate
    from qibi.ledger import batches, seals
    from qibi.ledger.admission import Stamp
    from qibi.ledger.entries import decode, encode
    from qibi.sheets.files import open_sheet
    from qibi.sheets.names import Names
    from qibi.sheets.read import admit_page
    from qibi.sheets.roster import read_roster

from fuzz.hostile import BATCHES, SHEETS, SMALL, YAML_FILES, parts_of, workbook, zipped  # noqa: E402

BOOK = sources(SMALL)
DEFINITIONS = load(SMALL)
STAMP = Stamp("2026-W46", "east", "e-ann", "2026-11-23T09:00:00+08:00", "")
PARTS = parts_of(workbook([["member", "safety"], ["Ann Berg", 2]]))
SHEET_XML = "xl/worksheets/sheet1.xml"
counts = dict.fromkeys(("yaml", "batch", "seal", "csv", "xlsx", "xml", "strings", "roster"), 0)


def one(data: bytes) -> None:
    """Hand the bytes to the reader that their first byte names."""
    if not data:
        return
    reader = list(counts)[data[0] % len(counts)]
    counts[reader] += 1
    try:
        READERS[reader](data[1:])
    except Faults as faults:
        for finding in faults.findings:
            visible(str(finding)).encode()


def _yaml(raw: bytes) -> None:
    path = YAML_FILES[raw[0] % len(YAML_FILES)] if raw else YAML_FILES[0]
    validate([Source(s.path, raw[1:] if s.path == path else s.raw) for s in BOOK])


def _batch(raw: bytes) -> None:
    found = batches.parse(f"ledger/2026/W46/{batches.name('east', raw)}", "2026-W46", raw)
    for entry in found.entries if isinstance(found, batches.Batch) else ():
        assert decode(encode(entry)) == entry


def _seal(raw: bytes) -> None:
    if not isinstance(seals.parse_seal("seals/2026-W46.json", raw), Finding):
        seals.parse_whole(raw)
    seals.chain({"seals/2026-W46.json": raw})


def _sheet(path: str, raw: bytes) -> None:
    for page in open_sheet(path, raw):
        for entry, _line, _cell in admit_page(page, Names(DEFINITIONS), STAMP).entries:
            assert decode(encode(entry)) == entry


READERS = {
    "yaml": _yaml,
    "batch": _batch,
    "seal": _seal,
    "csv": lambda raw: _sheet("a.csv", raw),
    "xlsx": lambda raw: _sheet("a.xlsx", raw),
    "xml": lambda raw: _sheet("a.xlsx", zipped({**PARTS, SHEET_XML: raw}, 0)),
    "strings": lambda raw: _sheet("a.xlsx", zipped({**PARTS, "xl/sharedStrings.xml": raw}, 0)),
    "roster": lambda raw: read_roster("a.csv", raw, "zh", "一", []) and None,
}


def seed(folder: Path) -> None:
    """Write valid inputs to begin with."""
    number = {name: bytes([n]) for n, name in enumerate(READERS)}
    found = [
        *(number["yaml"] + bytes([n]) + (SMALL / p).read_bytes() for n, p in enumerate(YAML_FILES)),
        *(number["batch"] + (SMALL / p).read_bytes() for p in BATCHES),
        *(number["csv"] + (SMALL / p).read_bytes() for p in SHEETS),
        number["xlsx"] + zipped(PARTS),
        number["xml"] + PARTS[SHEET_XML],
        number["strings"] + PARTS["xl/sharedStrings.xml"],
        number["roster"] + "支部,姓名,编号,状态\n一,王喆,y-1,正式\n".encode(),
    ]
    batch = {"path": "ledger/2026/W46/x.jsonl", "sha256": "0" * 64}
    texts = {"closed_at": "2026-11-23T09:00:00Z", "closed_by": "a", "definitions": "", "rules": ""}
    numbers = {"format": 1, "week": "2026-W46", "revision": 1, "previous": None}
    found.append(number["seal"] + json.dumps({**numbers, **texts, "batches": [batch]}).encode())
    for n, raw in enumerate(found):
        (folder / f"seed-{n}").write_bytes(raw)


def main() -> None:
    """Fuzz for so many seconds; libFuzzer prints what it tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=300)
    options = parser.parse_args()
    corpus = Path(tempfile.mkdtemp(prefix="qibi-fuzz-"))
    seed(corpus)
    print(f"corpus: {corpus}; crashes are kept here: {Path.cwd()}", file=sys.stderr)
    limits = [f"-max_total_time={options.seconds}", "-max_len=20000", "-timeout=10"]
    atheris.Setup(
        [sys.argv[0], *limits, "-rss_limit_mb=2000", "-print_final_stats=1", str(corpus)], one
    )
    try:
        atheris.Fuzz()
    finally:
        print(counts, file=sys.stderr)
        shutil.rmtree(corpus, ignore_errors=True)


if __name__ == "__main__":
    main()

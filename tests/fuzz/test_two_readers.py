"""The quick reader of a batch takes nothing that the strict one refuses, and reads the same from it."""

import random
import re
from pathlib import Path

import pytest

from qibi.ledger.entries import BadLine, decode, decode_all

EXAMPLE = Path(__file__).parents[2] / "ledgers" / "example" / "ledger"
PAIR = re.compile(rb'"[a-z_0-9]+":(?:"[^"]*"|\[[^\]]*\]|-?[0-9.]+)')
NUMBERS = (b"1e2", b"1.005", b"1.50", b"99999", b"NaN", b"-0", b"0.1e1", b"true", b'"1"', b"-0.0")
FIELDS = (
    *(b'"evidence":["a"]', b'"note":"a\\u0022b"', b'"note":"\\"item\\":"', b'"evidence":[]'),
    *(b'"task":"A B"', b'"milestone":""', b'"source":"zz"', b'"count":0', b'"count":10000'),
    *(b'"count":1', b'"count":2', b'"count":1.0', b'"date":"2026-02-30"', b'"date":"2026-02-28"'),
    *(b'"evidence":[{"kind":"photo","path":"../x","sha256":"00"}]', b'"cell":"A1"', b'"cell":"a1"'),
)


def mutated(line: bytes, dice: random.Random) -> bytes:
    """A line of a batch with one thing in it changed."""
    pairs = PAIR.findall(line)
    pair, place = dice.choice(pairs), dice.randrange(len(line))
    match dice.randrange(12):
        case 0:
            return line.replace(pair, pair + b"," + pair, 1)
        case 1:
            return line.replace(pair, pair + b',"x":1', 1)
        case 2:
            blank = dice.choice([b'" :', b'": ', b'":\t', b'"  :', b'"\n:', b'":\n'])
            hidden = pair.replace(b'":', blank, 1)
            return line.replace(pair, dice.choice([hidden, hidden + b"," + pair]), 1)
        case 3:
            return line[:place] + bytes([dice.randrange(256)]) + line[place + 1 :]
        case 4:
            return line[:place] + line[place + 1 :]
        case 5:
            return re.sub(rb'("points":)-?[0-9.]+', rb"\g<1>" + dice.choice(NUMBERS), line)
        case 6:
            return line.replace(pair, b"", 1).replace(b",,", b",").replace(b",}", b"}")
        case 7 | 8:
            dice.shuffle(pairs)
            return b"{" + b",".join(pairs) + b"}"
        case 9 if dice.random() < 0.3:
            return line + dice.choice([line, b" " + line, b"{}"])
        case 9:
            return line + dice.choice([b" ", b"\r", b"\t", b"}", b"\n", b",", b"\x0b"])
        case 10:
            return line[:-1] + b"," + dice.choice(FIELDS) + b"}"
        case _:
            return line.replace(b'":"', b'":"x', 1)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_batches(seed: int) -> None:
    dice = random.Random(seed)
    sound = [path.read_bytes() for path in sorted(EXAMPLE.rglob("*.jsonl"))[seed::4]]
    taken = refused = 0
    for _round in range(500):
        lines = dice.choice(sound).split(b"\n")
        place = dice.randrange(len(lines) - 1)
        lines[place] = mutated(lines[place], dice)
        raw = b"\n".join(lines)
        raw = raw[:-1] if dice.random() < 0.03 else raw
        quick = decode_all(raw)
        taken += quick is not None
        *whole, rest = raw.split(b"\n")
        try:
            strict = [decode(line) for line in whole]
        except BadLine:
            strict = None
            refused += 1
        if quick is not None:
            assert rest == b"" and quick == strict, lines[place]
    assert taken > 100 and refused > 50


def test_every_batch_of_the_example_is_read_quickly() -> None:
    assert all(decode_all(path.read_bytes()) for path in EXAMPLE.rglob("*.jsonl"))

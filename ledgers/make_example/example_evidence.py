"""Evidence that is a file of the book: a scanned letter, a pennant and a pledge, made of nothing."""

import hashlib
import struct
import zlib

WIDTH, HEIGHT = 96, 64


def png(rows: list[bytes]) -> bytes:
    """A grey picture of one byte a pixel; stored, not compressed, so that any zlib gives the same."""
    raw = b"".join(b"\0" + row for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 0)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def chunk(name: bytes, content: bytes) -> bytes:
    size, check = len(content), zlib.crc32(name + content)
    return struct.pack(">I", size) + name + content + struct.pack(">I", check)


def letter() -> bytes:
    """A sheet with lines of handwriting and a square seal."""
    sheet = [bytearray(b"\xf4" * WIDTH) for _ in range(HEIGHT)]
    for line in range(10, 46, 6):
        for x in range(10, 86 if line < 40 else 52):
            if (x * 7 + line * 3) % 5:
                sheet[line + (x * x + line) % 2][x] = 0x38
    for y in range(46, 58):
        for x in range(70, 82):
            if y in (46, 57) or x in (70, 81) or (x + y) % 4 == 0:
                sheet[y][x] = 0x80
    return png([bytes(row) for row in sheet])


def pennant() -> bytes:
    """A pennant: a field that ends in two points, with a border and two columns of characters."""
    field = [bytearray(b"\xff" * 48) for _ in range(HEIGHT)]
    for y in range(4, 60):
        for x in range(6, 42):
            if y < 60 - abs(abs(x - 24) - 9):
                edge = x < 8 or x > 39 or y < 6
                written = x in range(16, 21) or x in range(28, 33)
                field[y][x] = 0xC0 if edge or (written and 10 < y < 46 and y % 6 > 1) else 0x50
    return png([bytes(row) for row in field])


PLEDGE = """\
责任书（示例，全部虚构）  编号 责任书2026-01

域外四标段临时党支部承诺：
一、节点按任务单完成，不拖一天；
二、隐患当日发现、当日上账、限期销项；
三、工完场清，出场车辆冲洗干净。

责任人：丙零一    监督人：丙零四    2026年7月27日
""".encode()

FILES = {
    "evidence/2026-W31/pledge-2026-01.txt": PLEDGE,
    "evidence/2026-W32/letter-of-praise.png": letter(),
    "evidence/2026-W35/pennant.png": pennant(),
}


def file(kind: str, path: str) -> dict[str, str]:
    """How an entry names a file of the book."""
    return {"kind": kind, "path": path, "sha256": hashlib.sha256(FILES[path]).hexdigest()}

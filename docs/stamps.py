"""A mark inside a PNG that says what it was drawn from, so that a picture out of date is found.

A photograph differs by a pixel from machine to machine; what it shows does not. The mark is a text
chunk of the PNG: nobody sees it, every program keeps it or drops it whole.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEY = b"qibi-drawn-from\0"


def drawn_from(*shown: bytes) -> str:
    """The digest of what a picture shows."""
    return hashlib.sha256(b"\0".join(shown)).hexdigest()


def stamped(png: bytes, mark: str) -> bytes:
    """The picture with a mark; raises ValueError for what is no PNG."""
    if not png.startswith(SIGNATURE):
        raise ValueError("no PNG")
    text = b"tEXt" + _KEY + mark.encode("ascii")
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    after_header = len(SIGNATURE) + 25  # IHDR is always first and of that length
    return png[:after_header] + chunk + png[after_header:]


def mark_of(png: bytes) -> str | None:
    """The mark in a picture; None where it has none."""
    texts = (body for kind, body in _chunks(png) if kind == b"tEXt")
    found = next((body for body in texts if body.startswith(_KEY)), None)
    return found[len(_KEY) :].decode("ascii") if found else None


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    _kind, header = next(_chunks(png))
    width, height = struct.unpack(">II", header[:8])
    return width, height


def with_fonts(folder: Path) -> dict[str, str]:
    """An environment in which programs find the board's own fonts too: a machine may have no Chinese one."""
    fonts = Path(__file__).resolve().parents[1] / "src" / "qibi" / "board" / "fonts"
    config = folder / "fonts.conf"
    config.write_text(
        f"<fontconfig><dir>{fonts}</dir><dir>/usr/share/fonts</dir>"
        f"<cachedir>{folder / 'fonts'}</cachedir></fontconfig>\n",
        "utf-8",
    )
    return os.environ | {"FONTCONFIG_FILE": str(config)}


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length

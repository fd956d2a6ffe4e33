"""Cuts the fonts of the weekly board out of Noto Sans CJK and Noto Sans; lists what they can show.

    apt-get install fonts-noto-cjk fonts-noto-core
    .venv/bin/python docs/board_font.py [/usr/share/fonts]

Regular has all that GBK has (but for one sign that the source lacks), and every further ideograph of
the source. Bold, for headings, has GB2312; what it lacks is set in Regular. Latin, Greek and Cyrillic
letters that Noto Sans CJK lacks come from Noto Sans. `src/qibi/board/fonts/README.md` says more.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

FONTS = Path(__file__).resolve().parents[1] / "src" / "qibi" / "board" / "fonts"
SOURCE = Path("/usr/share/fonts")
FAMILY = "Noto Sans SC"
FACE = "Noto Sans CJK SC"  # of the collection
WEIGHTS = {"Regular": "gbk", "Bold": "gb2312"}
LETTERS = [
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x2B0, 0x2FF),
    (0x370, 0x52F),
    (0x1E00, 0x1EFF),
    (0x2000, 0x206F),
    (0x20A0, 0x20BF),
    (0x2100, 0x218F),
    (0x2190, 0x22FF),
    (0x2460, 0x25FF),
    (0x2600, 0x267F),
    (0x2E80, 0x2FDF),
    (0x3000, 0x33FF),
    (0xFE10, 0xFE6F),
    (0xFF00, 0xFFEF),
]
# Ideographs: all that the face has, for names are written with any of them. (The list of standard
# characters of 2013 has 196 that are in no older Chinese character set.)
IDEOGRAPHS = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)]


def main() -> None:
    """Write the fonts and `repertoire.txt` beside them."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
    shown: set[int] = set()
    for weight, charset in WEIGHTS.items():
        chinese = face(source / f"opentype/noto/NotoSansCJK-{weight}.ttc")
        has = set(chinese.getBestCmap())
        wanted = has & wanted_of(charset, has)
        cut(chinese, wanted)
        chinese.save(FONTS / f"NotoSansSC-{weight}.otf")
        shown |= wanted | latin(source, weight, has)
    (FONTS / "repertoire.txt").write_text(ranges(shown), "ascii", newline="\n")


def latin(source: Path, weight: str, beyond: set[int]) -> set[int]:
    """Write the letters of Noto Sans that are not among these code points; those they are."""
    font = TTFont(source / f"truetype/noto/NotoSans-{weight}.ttf")
    wanted = (set(font.getBestCmap()) & letters()) - beyond
    cut(font, wanted)
    font.save(FONTS / f"NotoSans-{weight}.ttf")
    return wanted


def letters() -> set[int]:
    """Letters and signs of other scripts than Chinese."""
    return {c for first, last in LETTERS for c in range(first, last + 1)}


def face(path: Path) -> TTFont:
    """The simplified Chinese face of a collection."""
    for font in TTCollection(path, lazy=True):
        if font["name"].getDebugName(1) == FACE or font["name"].getDebugName(16) == FACE:
            return font
    raise SystemExit(f"{path} has no face {FACE}")


def wanted_of(charset: str, has: Iterable[int]) -> set[int]:
    """The code points that a weight is to have."""
    coded = {c for c in has if encodes(c, charset)}
    if charset == "gb2312":
        return coded | {c for c in letters() if c < 0x2000 or 0x2190 <= c < 0x2600}
    return coded | letters() | {c for a, b in IDEOGRAPHS for c in range(a, b + 1)}


def encodes(code: int, charset: str) -> bool:
    """Whether a character is in a Chinese character set."""
    try:
        chr(code).encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def cut(font: TTFont, wanted: set[int]) -> None:
    """Leave these characters only: no hints, no alternative forms, no vertical writing."""
    options = subset.Options(
        hinting=False,
        desubroutinize=False,
        layout_features=["kern", "mark", "mkmk", "ccmp"],
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        name_languages=[0x409],
        notdef_outline=True,
        drop_tables=["DSIG", "BASE", "VORG", "vhea", "vmtx"],
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    for record in font["name"].names:
        text = record.toUnicode()
        if FACE in text or "NotoSansCJKsc" in text:
            new = text.replace(FACE, FAMILY).replace("NotoSansCJKsc", "NotoSansSC")
            record.string = new
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False


def ranges(codes: Iterable[int]) -> str:
    """Code points as lines of `first-last` in hexadecimal digits."""
    spans: list[list[int]] = []
    for code in sorted(codes):
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"{a:X}-{b:X}\n" if a != b else f"{a:X}\n" for a, b in spans)


if __name__ == "__main__":
    main()

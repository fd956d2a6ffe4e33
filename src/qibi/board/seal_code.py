"""A seal's digest as a QR code."""

from functools import cache
from io import BytesIO

from qibi.board.extra import needed


@cache  # a pack shows one code on every slip
def svg(digest: str) -> str:
    """The digest as an SVG document, dark on light whatever is behind it; nothing for none."""
    if not digest:
        return ""
    with needed():
        import segno
    out = BytesIO()
    code = segno.make(digest, error="m", micro=False, boost_error=False)
    code.save(
        out,
        kind="svg",
        border=2,
        dark="#1f1b18",
        light="#ffffff",
        xmldecl=True,
        nl=False,
        omitsize=True,  # it fills whatever room it is given
    )
    return out.getvalue().decode()

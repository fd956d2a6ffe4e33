"""A file's bytes to its pages: what kind of file it is goes by its content, not by its name."""

from collections.abc import Callable

from qibi.base.language import _
from qibi.ledger.batches import digest
from qibi.sheets.page import MAX_BYTES, Page, refusal

_ZIP = b"PK"
_OLE = b"\xd0\xcf\x11\xe0"


def open_sheet(path: str, raw: bytes, encoding: str = "") -> list[Page]:
    """The pages of a csv (one) or of a workbook: each worksheet that holds something, hidden or not.

    `path` is how the file is called in findings, `-` for standard input. `encoding` is that of a
    text, where the caller knows it. Raises `Faults` for a file that can't be taken, `Refusal` for
    an encoding that there is not.
    """
    if not raw:
        raise refusal(path, _("is empty; save the sheet again"))
    if len(raw) > MAX_BYTES:
        message = _("is larger than {limit} MB; remove pictures and other sheets from it")
        raise refusal(path, message.format(limit=MAX_BYTES // 1_000_000))
    if raw.startswith(_ZIP):
        return _archive_reader(path, raw)(path, raw, digest(raw))
    if raw.startswith(_OLE):
        from qibi.sheets.older import open_xls

        return open_xls(path, raw, digest(raw))
    from qibi.sheets.csvfile import csv_page, other_kind

    if kind := other_kind(raw):
        raise refusal(path, kind)
    return [csv_page(path, raw, encoding)]


def _archive_reader(path: str, raw: bytes) -> Callable[[str, bytes, str], list[Page]]:
    """What reads a zip archive, by the parts in it; raises `Faults` where nothing does."""
    from qibi.sheets.archive import opened
    from qibi.sheets.ods import SPREADSHEET, open_ods
    from qibi.sheets.older import BINARY, open_xlsb
    from qibi.sheets.xlsx import WORKBOOK, open_workbook

    with opened(path, raw) as archive:
        if BINARY in archive:
            return open_xlsb
        if WORKBOOK in archive or any(name.endswith("/workbook.xml") for name in archive):
            return open_workbook
        kind = archive.read("mimetype") if "mimetype" in archive else b""
        if kind.startswith(SPREADSHEET):
            return open_ods
        names = list(archive)
    if any(name.startswith("word/") for name in names) or b"opendocument.text" in kind:
        message = _("is a text document (Word); copy its table into a sheet and save it as xlsx")
    elif any(name.startswith("ppt/") for name in names) or b"opendocument.presentation" in kind:
        message = _("is a presentation; copy its table into a sheet and save it as xlsx")
    elif any(name.endswith(".iwa") for name in names):
        message = _("is a document of Apple's programs; export it as Excel (xlsx)")
    elif any(name.endswith((".xlsx", ".xls", ".csv", ".et", ".ods")) for name in names):
        message = _("is a compressed archive; unpack it and submit the sheet in it")
    else:
        message = _("is not csv or xlsx; open it in a spreadsheet program and save it as xlsx")
    raise refusal(path, message)

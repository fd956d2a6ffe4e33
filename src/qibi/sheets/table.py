"""A file's bytes to its pages: what kind of file it is goes by its content, not by its name."""

from pathlib import PurePath

from qibi.base.findings import Faults
from qibi.base.language import _
from qibi.ledger.batches import digest
from qibi.sheets.page import MAX_BYTES, Page, refusal

_ZIP = b"PK"
_OLE = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OLD = {".xls", ".et", ".xlt", ".ett"}
_WORKBOOKS = {".xlsx", ".xlsm"}


def read_pages(path: str, raw: bytes) -> list[Page]:
    """The pages of a csv (one) or a workbook (each visible worksheet that holds something).

    `path` is how the file is called in findings, `-` for standard input. Raises `Faults` for a file
    that can't be taken.
    """
    ending = PurePath(path).suffix.lower()
    if not raw:
        raise refusal(path, _("is empty; save the sheet once more"))
    if len(raw) > MAX_BYTES:
        message = _("is larger than {limit} MB; remove pictures and other sheets from it")
        raise refusal(path, message.format(limit=MAX_BYTES // 1_000_000))
    if raw.startswith(_ZIP):
        from qibi.sheets.workbook import workbook_pages

        return workbook_pages(path, raw, digest(raw))
    if raw.startswith(_OLE):
        raise _ole_refusal(path, raw, ending)
    if ending in _OLD:
        raise refusal(path, _as_xlsx(ending))
    if ending in _WORKBOOKS:
        message = _("is no workbook, whatever its name says; open it and save it as xlsx")
        raise refusal(path, message)
    from qibi.sheets.delimited import csv_page

    return [csv_page(path, raw)]


def _ole_refusal(path: str, raw: bytes, ending: str) -> Faults:
    if _ENCRYPTED in raw or ending in _WORKBOOKS:
        return refusal(path, _("is protected with a password; save a copy without one"))
    return refusal(path, _as_xlsx(ending if ending in _OLD else ".xls"))


def _as_xlsx(ending: str) -> str:
    message = _("is an old workbook ({ending}); open it and save it as xlsx")
    return message.format(ending=ending)

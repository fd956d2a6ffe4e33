"""Files that are made as bytes: where they go, and what a person is told."""

from qibi.base.findings import Refusal
from qibi.base.language import _
from qibi.base.text import argument
from qibi.cli.session import Session


def put(now: Session, raw: bytes, output: str | None, usual: str) -> None:
    """Write bytes to the file named, to `usual` where none is, for `-` to standard output.

    Raises `Refusal` where the disk refuses, or where standard output is a terminal.
    """
    from qibi.ledger.store import failures_explained, write_durably

    if output == "-":
        _to_stream(now, raw, usual)
        return
    path = now.around.folder / (output or usual)
    with failures_explained(path):
        path = path.resolve()  # a link stays a link
        if path.exists() and not path.is_file():
            path.write_bytes(raw)  # a device or a pipe is written to; a folder refuses
        else:
            write_durably(path, raw)
    now.console.say(_("written: {path}").format(path=output or usual))


def _to_stream(now: Session, raw: bytes, usual: str) -> None:
    stream = now.around.stdout
    if stream.isatty() or not hasattr(stream, "buffer"):
        raise Refusal(
            _("{file} is no text for a terminal").format(file=usual),
            _("write it to a file: -o {file}").format(file=argument(usual)),
        )
    stream.flush()
    stream.buffer.write(raw)
    stream.buffer.flush()

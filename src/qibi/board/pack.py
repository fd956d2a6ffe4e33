"""A week's folder for those who print and send it on: its index page, and how it comes to the disk.

The index says by digest what the folder held when it was made. That is how qibi knows a folder of its
own, and that nobody has written in it since: only such a folder is rebuilt.
"""

import hashlib
import html
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from qibi.base.findings import Refusal
from qibi.base.language import _, current
from qibi.base.plain import sync, write_durably
from qibi.base.text import visible
from qibi.ledger.store import failures_explained

INDEX = "index.html"
_MARK = re.compile(r'<script type="application/json" id="qibi-pack">(.*?)</script>', re.DOTALL)
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.6 "Noto Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif;
  max-width: 44rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 1.6rem 0 .3rem; }
p { margin: .2rem 0; }
ul { margin: .2rem 0; padding-left: 1.2rem; }
li { padding: .15rem 0; }
.names { columns: 3 10rem; }
@media print { a { color: inherit; text-decoration: none; } }
"""


@dataclass(frozen=True)
class Entry:
    """A file of the folder: its path in it, what its link says, what it holds."""

    path: str
    title: str
    raw: bytes


@dataclass(frozen=True)
class Part:
    """Files that belong together, under a heading."""

    title: str
    entries: Sequence[Entry]


def write(
    folder: Path, title: str, lines: Iterable[str], parts: Sequence[Part], step: Callable[[], None]
) -> None:
    """Write all parts and the index into a folder; whole or not at all, but for a crash at the last
    step, which leaves the earlier one next to it under a name that ends in `.old`.

    Raises `Refusal` where the folder is not one that qibi made, or was written in since.
    """
    files = {entry.path: entry.raw for part in parts for entry in part.entries}
    files[INDEX] = _index(title, lines, parts, files).encode()
    name = f".{folder.name}.{os.getpid()}-{os.urandom(4).hex()}"
    coming, going = folder.with_name(f"{name}.tmp"), folder.with_name(f"{name}.old")
    with failures_explained(folder):
        there = _must_be_ours(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            coming.mkdir()
            for path, raw in files.items():
                (coming / path).parent.mkdir(parents=True, exist_ok=True)
                write_durably(coming / path, raw)
                step()
            if there:
                folder.rename(going)
            try:
                coming.rename(folder)
            except OSError:
                if there:
                    going.rename(folder)
                raise
            sync(folder.parent)
        finally:
            shutil.rmtree(coming, ignore_errors=True)
    shutil.rmtree(going, ignore_errors=True)


def _must_be_ours(folder: Path) -> bool:
    """Whether the folder is there; raises `Refusal` where replacing it would lose anything."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise _not_ours(folder, _("it is not a folder"))
    if not folder.exists():
        return False
    found = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    if not found:
        return True
    made = _made(folder / INDEX)
    if made is None:
        raise _not_ours(folder, _("qibi did not make it"))
    changed = sorted(
        path
        for path, file in found.items()
        if path != INDEX and (file.is_symlink() or _digest(file.read_bytes()) != made.get(path))
    )
    if changed:
        text = _("{path} in it was added or changed since").format(path=changed[0])
        raise _not_ours(folder, text)
    return True


def _not_ours(folder: Path, why: str) -> Refusal:
    return Refusal(
        _("{folder} is not replaced: {why}").format(folder=folder, why=why),
        _("name another folder: -o DIR"),
        1,
    )


def _made(index: Path) -> Mapping[str, str] | None:
    """Path and digest of each file, as the index of a folder says it; None where it says nothing."""
    with suppress(OSError, UnicodeDecodeError, json.JSONDecodeError):
        if match := _MARK.search(index.read_text("utf-8")):
            files = json.loads(match[1])
            return files if isinstance(files, dict) else None
    return None


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _index(
    title: str, lines: Iterable[str], parts: Sequence[Part], files: Mapping[str, bytes]
) -> str:
    """The page that links to everything; it loads nothing."""
    language = "zh-CN" if current() == "zh" else "en"
    mark = json.dumps({path: _digest(raw) for path, raw in files.items()}, ensure_ascii=True)
    body = "\n".join(
        [
            f"<h1>{_text(title)}</h1>",
            *(f"<p>{_text(line)}</p>" for line in lines),
            *(_section(part) for part in parts if part.entries),
        ]
    )
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="qibi">
<title>{_text(title)}</title>
<style>{_STYLE}</style>
<script type="application/json" id="qibi-pack">{mark.replace("<", chr(92) + "u003c")}</script>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _section(part: Part) -> str:
    many = ' class="names"' if len(part.entries) > 6 else ""
    links = "\n".join(
        f'<li><a href="{html.escape(quote(entry.path))}">{_text(entry.title)}</a></li>'
        for entry in part.entries
    )
    return f"<h2>{_text(part.title)}</h2>\n<ul{many}>\n{links}\n</ul>"


def _text(text: str) -> str:
    return html.escape(visible(text))

"""The only user of Rich and the one place where results become text.

Commands hand over a `View`: blocks for people, a payload for JSON, a table for CSV. Data goes to
standard output (or `-o FILE`), everything else to standard error.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, listing, many
from qibi.base.text import visible, width
from qibi.cli.surroundings import Surroundings

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # full-width ones too, where a spreadsheet speaks Chinese
FORMATS = ("table", "json", "csv", "md")
_PATIENCE = 1.0  # seconds of work before a bar shows


@dataclass(frozen=True)
class Cell:
    """Text with a style that Rich knows: `bold`, `red`, `dim`."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a grid. `wraps`: long text goes on below; else the column takes what it needs."""

    title: str
    right: bool = False
    wraps: bool = False


@dataclass(frozen=True)
class Grid:
    """Rows under headings. Ambiguous-width characters may stand in the last column only."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Cell]]
    headed: bool = True
    indent: int = 0


@dataclass(frozen=True)
class Line:
    """A line of text between grids; `whole` ones are never broken, so that grep finds them."""

    text: str = ""
    style: str = ""
    whole: bool = False


@dataclass
class View:
    """One result: for people, as JSON (`payload`), as CSV (`header` and `rows`)."""

    blocks: list[Grid | Line] = field(default_factory=list)
    payload: dict[str, Any] = field(default_factory=dict)
    header: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()

    def line(self, text: str = "", style: str = "", whole: bool = False) -> None:
        """Add a line."""
        self.blocks.append(Line(text, style, whole))


class Console:
    """Writes to the streams of the surroundings."""

    def __init__(self, around: Surroundings, color: str | None = None) -> None:
        self.around = around
        self.color = color or "auto"
        if self.color not in ("auto", "always", "never"):
            self.color = "auto"

    def colored(self, stream: Any) -> bool:
        """Whether to write colours there: `--color`, then NO_COLOR, then whether it is a terminal."""
        if self.color != "auto":
            return self.color == "always"
        if self.around.environment.get("NO_COLOR"):
            return False
        return bool(stream.isatty()) and self.around.environment.get("TERM") != "dumb"

    def show(self, view: View, form: str = "table", output: str | None = None) -> None:
        """Write a result in a format, to a file or standard output."""
        if form not in FORMATS:
            raise Refusal(
                _("there is no format '{form}'").format(form=form),
                _("one of: {formats}").format(formats=listing(list(FORMATS))),
            )
        if output and output != "-":
            self._to_file(view, form, output)
            return
        text = self._rendered(view, form, self.colored(self.around.stdout))
        if form == "csv" and self.around.stdout.isatty():
            text = "".join(visible(line) + "\n" for line in text.splitlines())
        self.around.stdout.write(text)
        self._say_if_lost(text)

    def _say_if_lost(self, text: str) -> None:
        """Where the terminal could not show all of it, say so and what helps."""
        try:
            text.encode(self.around.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            self.problem(
                _("this terminal can't show Chinese; it stands as codes above"),
                _("set a UTF-8 locale: export LC_ALL=C.UTF-8 (on Windows: set PYTHONUTF8=1)"),
            )

    def _to_file(self, view: View, form: str, output: str) -> None:
        from qibi.ledger.store import failures_explained, write_durably

        text = self._rendered(view, form, colored=False)
        path = self.around.folder / output
        encoding = "utf-8-sig" if form == "csv" else "utf-8"  # Excel needs the mark
        with failures_explained(path):
            path = path.resolve()  # a link stays a link
            if path.exists() and not path.is_file():
                path.write_bytes(text.encode(encoding))  # a device or a pipe is written to
            else:
                write_durably(path, text.encode(encoding))
        self.say(_("written: {path}").format(path=output))

    def _rendered(self, view: View, form: str, colored: bool) -> str:
        if form == "json":
            import msgspec

            return msgspec.json.format(msgspec.json.encode(view.payload)).decode() + "\n"
        if form == "csv":
            return _as_csv(view.header, view.rows)
        return _as_markdown(view) if form == "md" else self._as_text(view, colored)

    def _as_text(self, view: View, colored: bool) -> str:
        out = io.StringIO()
        for block in view.blocks:
            if isinstance(block, Line):
                text = visible(block.text)
                pieces = [text] if block.whole else folded_line(text, self.around.width)
                lines: list[list[Cell]] | None = [[Cell(p, block.style)] for p in pieces]
            else:
                lines = aligned(block, self.around.width)
            if lines is None:
                assert isinstance(block, Grid)
                _wrapped_grid(self._rich(out, colored), block)
            elif colored:
                self._rich(out, colored).print(_styled(lines), end="", soft_wrap=True)
            else:  # nothing for Rich to do, and its import takes as long as all the rest
                out.writelines("".join(cell.text for cell in line) + "\n" for line in lines)
        return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())

    def _rich(self, out: TextIO, colored: bool, terminal: bool = False) -> Any:
        from rich.console import Console as RichConsole

        return RichConsole(
            file=out,
            width=self.around.width,
            force_terminal=colored or terminal,
            no_color=not colored,
            color_system="standard" if colored else None,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )

    def say(self, text: str, style: str = "") -> None:
        """A line for the person, on standard error."""
        self._error_line(visible(text), style)

    def problem(self, message: str, advice: str = "") -> None:
        """What stopped the command, and what to do."""
        self._error_line("qibi: " + "\n".join(visible(m) for m in message.split("\n")), "red")
        if advice:
            self._error_line("  " + visible(advice), "")

    def findings(self, findings: Sequence[Finding], most: int = 50) -> None:
        """Every finding with its line; a tally under them."""
        for finding in findings[:most]:
            self._error_line(visible(str(finding)), "red")
            if finding.shown.strip():
                self._error_line(f"    {visible(finding.shown.strip())[:200]}", "dim")
        if len(findings) > most:
            rest = len(findings) - most
            self._error_line(
                many("and {count} more finding", "and {count} more findings", rest).format(
                    count=rest
                ),
                "",
            )

    def _error_line(self, text: str, style: str) -> None:
        if self.around.stderr.isatty():
            text = "\n".join(part for line in text.split("\n") for part in self._wrapped(line))
        code = {"red": "31", "yellow": "33", "dim": "2", "bold": "1", "green": "32"}.get(style)
        if code and self.colored(self.around.stderr):
            text = f"\x1b[{code}m{text}\x1b[0m"
        self.around.stderr.write(text + "\n")

    def _wrapped(self, line: str) -> list[str]:
        """A line in pieces that fit the terminal, broken between words, the indent kept."""
        from qibi.cli.help import wrap

        indent = line[: len(line) - len(line.lstrip())]
        return [indent + part for part in wrap(line.strip(), self.around.width - len(indent))] or [
            ""
        ]

    def ask(self, question: str) -> str:
        """What the person answers; raises EOFError where nobody is there any more."""
        self.around.stderr.write(visible(question) + " ")
        self.around.stderr.flush()
        try:
            answer = self.around.stdin.readline()
        except UnicodeDecodeError:
            raise Refusal(_("what was typed is no UTF-8 text"), _("type it once more")) from None
        if not answer:
            raise EOFError
        return answer.encode("utf-8", "replace").decode().strip()

    def confirm(self, question: str, default: bool = True) -> bool:
        """Yes or no, the default on a bare return."""
        hint = "[Y/n]" if default else "[y/N]"
        while True:
            answer = self.ask(f"{question} {hint}").lower()
            if not answer:
                return default
            if answer in ("y", "yes", "是", "好"):
                return True
            if answer in ("n", "no", "否", "不"):
                return False

    @contextmanager
    def progress(self, said: str, count: int) -> Iterator[Callable[[], None]]:
        """A bar over so many steps on the terminal, once they have taken over a second.

        Gives what to call after each step. Nothing else may be written meanwhile.
        """
        if not self.around.stderr.isatty() or self.around.environment.get("TERM") == "dumb":
            yield lambda: None
            return
        from threading import Timer

        bar = _Bar(self, visible(said), count)
        waiting = Timer(_PATIENCE, bar.show)
        waiting.daemon = True
        waiting.start()
        try:
            yield bar.step
        finally:
            waiting.cancel()
            waiting.join()
            bar.hide()

    def flush(self) -> None:
        """Push out what is written, so that a closed pipe shows here and not at exit."""
        self.around.stdout.flush()
        self.around.stderr.flush()


class _Bar:
    """A progress bar on standard error that is drawn only if `show` is called in time."""

    def __init__(self, console: Console, said: str, count: int) -> None:
        self.console, self.said, self.count = console, said, count
        self.done = 0
        self.shown: Any = None

    def show(self) -> None:
        """Draw it; Rich keeps it moving from a thread of its own."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        around = self.console.around
        colored = self.console.colored(around.stderr)
        shown = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            console=self.console._rich(around.stderr, colored, terminal=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        task = shown.add_task(self.said, total=self.count)
        shown.start()
        self.shown = shown
        shown.update(task, completed=self.done)  # what was done until here

    def step(self) -> None:
        """One more is done."""
        self.done += 1
        if self.shown:
            self.shown.update(self.shown.task_ids[0], completed=self.done)

    def hide(self) -> None:
        """Take it from the screen."""
        if self.shown:
            self.shown.stop()


def folded_line(text: str, columns: int) -> list[str]:
    """A line in pieces that fit: broken first where two blanks part its parts, then between words."""
    from qibi.cli.help import wrap

    indent = text[: len(text) - len(text.lstrip())]
    if width(text) <= columns:
        return [text]
    lines = [indent]
    for part in re.split(r"(?<=\S)(?= {2,})", text[len(indent) :]):
        if width(lines[-1] + part) <= columns:
            lines[-1] += part
        elif width(indent + part.strip()) <= columns:
            lines.append(indent + part.strip())
        else:
            first, *rest = wrap(part.strip(), columns - len(indent))
            lines += [indent + first, *(indent + more for more in rest)]
    return [line for line in lines if line.strip()]


def aligned(grid: Grid, columns: int) -> list[list[Cell]] | None:
    """A grid as lines of cells, padded to their column; None where it is wider than the terminal.

    A Rich table of 190 rows takes 85 ms to lay out, this 3.
    """
    rows, titles, widths = _measured(grid)
    if grid.indent + sum(widths) + len(widths) - 1 > columns:
        return None
    lines = []
    for row in [titles, *rows] if grid.headed else rows:
        line = [Cell(" " * grid.indent)]
        for number, cell in enumerate(row):
            pad = Cell(" " * (widths[number] - width(cell.text)))
            blank = Cell(" " if number else "")
            line += [blank, pad, cell] if grid.columns[number].right else [blank, cell, pad]
        lines.append(line)
    return lines


def _measured(grid: Grid) -> tuple[list[list[Cell]], list[Cell], list[int]]:
    """Rows and titles made safe to show, and the width that each column needs."""
    rows = [[_as_cell(c) for c in row] for row in grid.rows]
    titles = [Cell(visible(c.title), "dim") for c in grid.columns]
    widths = [
        max([width(titles[n].text) if grid.headed else 0, *(width(row[n].text) for row in rows)])
        for n in range(len(titles))
    ]
    return rows, titles, widths


def _styled(lines: list[list[Cell]]) -> Any:
    from rich.text import Text

    text = Text(no_wrap=True)
    for line in lines:
        for cell in line:
            text.append(cell.text, cell.style)
        text.append("\n")
    return text


def _as_cell(cell: str | Cell) -> Cell:
    return Cell(visible(cell)) if isinstance(cell, str) else Cell(visible(cell.text), cell.style)


def _wrapped_grid(rich: Any, grid: Grid) -> None:
    from rich.table import Table
    from rich.text import Text

    rows, titles, widths = _measured(grid)
    table = Table(box=None, show_header=grid.headed, pad_edge=False, padding=(0, 1, 0, 0))
    if grid.indent:
        table.add_column("", width=grid.indent - 1)
    last = len(grid.columns) - 1
    flexible = [n for n, c in enumerate(grid.columns) if c.wraps or (n == last and n > 0)]
    fixed = sum(w for n, w in enumerate(widths) if n not in flexible)
    least = _narrowest(rows, flexible, rich.width - grid.indent - fixed - last)
    for number, column in enumerate(grid.columns):
        table.add_column(
            Text(titles[number].text),
            justify="right" if column.right else "left",
            no_wrap=number not in flexible,
            overflow="fold",
            min_width=least.get(number, widths[number]),
            header_style="dim",
        )
    for row in rows:
        cells = [Text(c.text, c.style) for c in row]
        table.add_row(*([""] if grid.indent else []), *cells)
    rich.print(table)


def _narrowest(rows: list[list[Cell]], flexible: list[int], room: int) -> dict[int, int]:
    """What each column that gives way needs at least, so that no word is cut in half.

    Where that is more than there is room for, the longest words are cut after all.
    """
    longest = {
        n: max((width(word) for row in rows for word in row[n].text.split()), default=1)
        for n in flexible
    }
    for limit in (14, 12, 10, 8, 6, 4):
        needs = {n: min(need, limit) for n, need in longest.items()}
        if sum(needs.values()) <= room:
            return needs
    return dict.fromkeys(flexible, 1)


def _as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_safe(h) for h in header])
    writer.writerows([[_safe(c) for c in row] for row in rows])
    return out.getvalue()


def _safe(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe; None is empty."""
    if value is None:
        return ""
    if isinstance(value, str) and value[:1] in _FORMULA:
        return "'" + value
    return value


def _as_markdown(view: View) -> str:
    out = []
    for block in view.blocks:
        if isinstance(block, Line):
            mark = "**" if block.style == "bold" and block.text else ""
            out.append(f"{mark}{_md(block.text)}{mark}\n" if block.text else "")
            continue
        titles = [c.title for c in block.columns]
        out.append("| " + " | ".join(_md(t) for t in titles) + " |")
        out.append("|" + "|".join("---:" if c.right else "---" for c in block.columns) + "|")
        for row in block.rows:
            texts = [(c if isinstance(c, str) else c.text).strip() for c in row]
            out.append("| " + " | ".join(_md(t) for t in texts) + " |")
        out.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out).strip()) + "\n"


def _md(text: str) -> str:
    text = visible(text)
    for character in "\\`*_{}[]<>|#":
        text = text.replace(character, "\\" + character)
    return text


def file_bytes(around: Surroundings, path: str) -> bytes:
    """What a file, or standard input for `-`, holds; raises `Refusal`."""
    if path == "-":
        buffer = getattr(around.stdin, "buffer", None)
        return buffer.read() if buffer is not None else around.stdin.read().encode()
    try:
        return (around.folder / path).read_bytes()
    except FileNotFoundError:
        raise Refusal(
            _("there is no file {path}").format(path=path), _("check the name and the folder")
        ) from None
    except OSError as error:
        raise Refusal(
            _("{path} can't be read: {reason}").format(path=path, reason=error.strerror),
            _("check the file and its permissions"),
        ) from None


def relative(path: Path, folder: Path) -> str:
    """A path as a person in this folder would write it."""
    try:
        return str(path.relative_to(folder))
    except ValueError:
        return str(path)

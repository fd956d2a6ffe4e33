"""The only user of Rich and the one place where results become text.

Commands pass a `View`: blocks for people, a payload for JSON, a table for CSV. Data goes to
standard output (or `-o FILE`), everything else to standard error.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from qibi.base.findings import Finding, Refusal
from qibi.base.language import _, listing, many
from qibi.base.text import encodable, visible
from qibi.cli.output import Line, Records, View, as_markdown, folded_line, table, view_as_csv, wrap
from qibi.cli.surroundings import Surroundings

FORMATS = ("table", "json", "csv", "md")
_MOVING = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # what JSON itself leaves as it is
_IN_A_LINE = 3  # answers to a question
YES, NO = ("y", "yes", "是", "好"), ("n", "no", "否", "不")
_PATIENCE = 1.0  # seconds of work before a bar shows


class Console:
    """Writes to the streams of the surroundings."""

    def __init__(self, around: Surroundings, color: str | None = None) -> None:
        self.around = around
        self.color = color or "auto"
        if self.color not in ("auto", "always", "never"):
            self.color = "auto"
        # A line editor: from question, default, options and topic to what is answered.
        self.reader: Callable[[str, str, Any, str], str] | None = None

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
            text = text.replace("\r\n", "\n")
        self.around.stdout.write(text)
        self._say_if_lost(text)

    def _say_if_lost(self, text: str) -> None:
        """Where the terminal could not show all of it, say so and what helps."""
        try:
            text.encode(self.around.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            self.problem(
                _("this terminal can't show Chinese; it is shown as codes above"),
                _("set a UTF-8 locale: export LC_ALL=C.UTF-8 (on Windows: set PYTHONUTF8=1)"),
            )

    def _to_file(self, view: View, form: str, output: str) -> None:
        from qibi.ledger.store import write_output

        text = self._rendered(view, form, colored=False)
        encoding = "utf-8-sig" if form == "csv" else "utf-8"  # Excel needs the mark
        write_output(self.around.folder / output, text.encode(encoding))
        self.say(_("written: {path}").format(path=output))

    def _rendered(self, view: View, form: str, colored: bool) -> str:
        if form == "json":
            import msgspec

            try:
                raw = msgspec.json.encode(view.payload, enc_hook=Records.plain)
            except UnicodeEncodeError:
                plain = msgspec.to_builtins(view.payload, enc_hook=Records.plain)
                raw = msgspec.json.encode(_encodable(plain))
            text = msgspec.json.format(raw).decode() + "\n"
            return _MOVING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        if form == "table":
            return self._as_text(view, colored)
        return encodable(view_as_csv(view) if form == "csv" else as_markdown(view))

    def _as_text(self, view: View, colored: bool) -> str:
        out = io.StringIO()
        for block in view.shown():
            if isinstance(block, Line):
                text = visible(block.text)
                pieces = [text] if block.whole else folded_line(text, self.around.width)
                if colored and block.style:
                    console = self._rich(out, colored)
                    for piece in pieces:
                        console.print(piece, style=block.style, soft_wrap=True)
                else:
                    out.writelines(piece + "\n" for piece in pieces)
            else:
                made = table(block, self.around.width)
                needed = sum(column.width or 0 for column in made.columns)
                self._rich(out, colored, width=max(needed, self.around.width)).print(made)
        return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())

    def _rich(
        self, out: TextIO, colored: bool, terminal: bool = False, width: int | None = None
    ) -> Any:
        from rich.console import Console as RichConsole

        return RichConsole(
            file=out,
            width=width or self.around.width,
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
        indent = line[: len(line) - len(line.lstrip())]
        return [indent + part for part in wrap(line.strip(), self.around.width - len(indent))] or [
            ""
        ]

    def ask(
        self,
        question: str,
        explain: str = "",
        *,
        default: str = "",
        options: Any = (),
        topic: str = "",
    ) -> str:
        """What the person answers; raises EOFError where nobody is there any more.

        `?` is answered with `explain`, where there is one. A `default` is what is there to be changed:
        a bare return leaves it, `-` empties it.
        """
        text = f"{question} [{default}]" if default else question
        while True:
            self.flush()
            answer = self.reader(text, default, options, topic) if self.reader else self._line(text)
            answer = {"": default, "-": ""}.get(answer, answer) if default else answer
            if not explain or answer not in ("?", "？"):
                return answer
            self.say(explain, "dim")

    def _line(self, question: str) -> str:
        """A line from standard input, as it comes."""
        self.around.stderr.write(visible(question) + " ")
        self.around.stderr.flush()
        try:
            answer = self.around.stdin.readline()
        except UnicodeDecodeError:
            raise Refusal(_("the input is not UTF-8 text"), _("type it again")) from None
        if not answer:
            raise EOFError
        return answer.encode("utf-8", "replace").decode().strip()

    def ask_lines(self, question: str) -> str:
        """As `ask`, with a question of several lines."""
        *lines, last = question.split("\n")
        for line in lines:
            self.say(line)
        return self.ask(last)

    def confirm(self, question: str, default: bool = True, explain: str = "") -> bool:
        """Yes or no, the default on a bare return."""
        hint = "[Y/n]" if default else "[y/N]"
        while True:
            answer = self.ask(f"{question} {hint}", explain, topic="y/n").lower()
            if not answer:
                return default
            if answer in YES:
                return True
            if answer in NO:
                return False

    def choose(self, question: str, answers: Sequence[str]) -> str:
        """One of the answers, which are numbered; asked until it is one."""
        numbered = "  ".join(f"{n}) {text}" for n, text in enumerate(answers, 1))
        while True:
            text = self.ask(f"{question}  {numbered}")
            if text in answers:
                return text
            if text.isdecimal() and 1 <= int(text) <= len(answers):
                return answers[int(text) - 1]

    @contextmanager
    def progress(self, text: str, count: int) -> Iterator[Callable[[], None]]:
        """A bar over so many steps on the terminal, once they have taken over a second.

        Gives what to call after each step. Nothing else may be written meanwhile.
        """
        if not self.around.stderr.isatty() or self.around.environment.get("TERM") == "dumb":
            yield lambda: None
            return
        from threading import Timer

        bar = _Bar(self, visible(text), count)
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
        """Push out what is written, so that what another writes comes after it."""
        self.around.stdout.flush()
        self.around.stderr.flush()


class _Bar:
    """A progress bar on standard error that is drawn only if `show` is called in time."""

    def __init__(self, console: Console, text: str, count: int) -> None:
        self.console, self.text, self.count = console, text, count
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
        task = shown.add_task(self.text, total=self.count)
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


def choice(
    console: Console,
    question: str,
    answers: Sequence[str],
    meant: Callable[[str], str] = lambda _text: "",
) -> str:
    """Put a question with numbered answers; one of the answers, or what `meant` makes of another text."""
    numbered = [f"{n}) {text}" for n, text in enumerate(answers, 1)]
    if len(numbered) > _IN_A_LINE:
        message = "\n".join([question, *(f"  {text}" for text in numbered), ">"])
    else:
        message = "  ".join([question, *numbered])
    while True:
        text = console.ask_lines(message)
        if text in answers:
            return text
        if text.isdecimal() and 1 <= int(text) <= len(answers):
            return answers[int(text) - 1]
        if answer := meant(text):
            return answer


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


def _encodable(value: Any) -> Any:
    """Plain values with every text encodable."""
    if isinstance(value, dict):
        return {_encodable(key): _encodable(found) for key, found in value.items()}
    if isinstance(value, list):
        return [_encodable(found) for found in value]
    return encodable(value) if isinstance(value, str) else value

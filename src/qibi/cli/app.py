"""The program: which commands there are, in which panel, and what happens around each of them."""

import gettext
import os
import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperGroup

from qibi.base import language
from qibi.base.findings import Faults, Refusal
from qibi.base.language import _, colon, placeholders
from qibi.base.memory import is_out_of_memory, out_of_memory
from qibi.base.text import width
from qibi.cli import surroundings
from qibi.cli._click import click
from qibi.cli.console import Console
from qibi.cli.output import wrap
from qibi.cli.session import Session, spoken
from qibi.cli.surroundings import Surroundings

# Help in plain text, aligned where Chinese takes two columns, in four panels.


class Formatter(click.HelpFormatter):
    """Click's formatter with East Asian widths, so that nothing runs over the edge."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        text = prefix or _("Usage:")
        self.write(f"{text}{'' if text.endswith('：') else ' '}{prog} {placeholders(args)}\n")

    def write_heading(self, heading: str) -> None:
        self.write(f"{' ' * self.current_indent}{heading}{colon().rstrip()}\n")

    def write_text(self, text: str) -> None:
        for number, paragraph in enumerate(text.split("\n\n")):
            if number:
                self.write("\n")
            for line in wrap(
                paragraph.replace("\n", " ").strip(), self.width - self.current_indent
            ):
                self.write(" " * self.current_indent + line + "\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = [(placeholders(term), text) for term, text in rows]
        first = min(max((width(a) for a, _b in rows), default=0), col_max) + col_spacing
        room = max(self.width - self.current_indent - first, 20)
        for term, text in rows:
            head = " " * self.current_indent + term
            lines = wrap(text, room) or [""]
            if width(term) > first - col_spacing:
                self.write(head + "\n")
                head = " " * (self.current_indent + first)
            else:
                head += " " * (first - width(term))
            self.write((head + lines[0]).rstrip() + "\n")
            for line in lines[1:]:
                self.write(" " * (self.current_indent + first) + line + "\n")


def panel_title(name: str) -> str:
    """The title of a panel."""
    return {
        "week": _("Every week"),
        "look": _("Look"),
        "setup": _("Set up"),
        "prove": _("Prove"),
    }[name]


def let_click_speak(language: str, catalogs: str) -> None:
    """Have Click's own words (Usage, Options, Missing argument) come from our catalogs."""
    gettext.bindtextdomain("qibi", catalogs)
    gettext.textdomain("qibi")


FOLDER = Path(__file__).parents[1] / "commands"
# What a command says of itself in its module, to be known before the module is imported: the panel of
# `qibi --help` that it is in and its place there, and what it does, in a sentence.
_ABOUT = re.compile(r'^PANEL = "(\w+)", (\d+)\nSUMMARY = mark\(\s*"(.+)"\s*\)$', re.MULTILINE)
PANELS = ("week", "look", "setup", "prove")


@cache
def panels() -> dict[str, dict[str, str]]:
    """Panel: command: its summary in English, of every module in `commands/` that is a command."""
    found: dict[str, list[tuple[int, str, str]]] = {panel: [] for panel in PANELS}
    for path in FOLDER.glob("*.py"):
        if about := _ABOUT.search(path.read_text("utf-8")):
            found[about[1]].append((int(about[2]), path.stem, about[3]))
    return {
        panel: {name: text for _place, name, text in sorted(commands)}
        for panel, commands in found.items()
    }


def summaries() -> dict[str, str]:
    """Command: its summary in English, in the order in which help lists them."""
    return {name: text for names in panels().values() for name, text in names.items()}


OK, FINDINGS, CANNOT_RUN, BUG, INTERRUPTED = 0, 1, 2, 3, 130


class Context(click.Context):
    formatter_class = Formatter


class Commands(TyperGroup):
    """Imports a command's module only when it is asked for."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(summaries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _module(cmd_name)
        if module is None:
            return None
        parts = [_(t) for t in (module.SUMMARY, module.DETAILS) if t]
        app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=False)
        several = getattr(module, "COMMANDS", None)
        if several is None:
            app.command(name=cmd_name, help="\n\n".join(parts))(getattr(module, cmd_name))
            return _dressed(typer.main.get_command(app), _(module.EXAMPLES))
        app.callback(help="\n\n".join(parts))(_nothing)
        for name, (function, summary) in several.items():
            app.command(name=name, help=_(summary))(function)
        return _dressed(typer.main.get_command(app), _(module.EXAMPLES))

    def invoke(self, ctx: click.Context) -> Any:
        # Click and Typer would answer these two themselves, in their own words and codes.
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(file=sys.stderr)
            raise click.exceptions.Abort from None
        except BrokenPipeError as error:  # not of our own streams, which outlast their readers
            raise Refusal(_("can't continue: {reason}").format(reason=error)) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and _module(name) is None:
            from qibi.base.text import closest

            near = closest(name, self.list_commands(ctx))
            advice = (
                _("did you mean 'qibi {near}'?").format(near=near)
                if near
                else _("'qibi --help' lists the commands")
            )
            raise Refusal(_("there is no command '{name}'").format(name=name), advice)
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        longest = max(len(name) for name in summaries())
        for panel, names in panels().items():
            with formatter.section(panel_title(panel)):
                formatter.write_dl([(f"{n:<{longest}}", _(text)) for n, text in names.items()])
        with formatter.section(_("Everywhere")):
            formatter.write_dl(_everywhere())


def _module(name: str) -> ModuleType | None:
    """The module of a command; None where there is no command of this name."""
    if not (name.isidentifier() and (FOLDER / f"{name}.py").is_file()):
        return None
    module = import_module(f"qibi.commands.{name}")
    return module if hasattr(module, "SUMMARY") else None


def _nothing() -> None:
    """A command of several (`qibi remedy open`) does nothing by itself."""


def _dressed(command: click.Command, examples: str) -> click.Command:
    """A command with our help formatter and its examples below; the same for each part of it."""
    command.context_class = Context
    command.format_epilog = _Examples(examples)  # type: ignore[method-assign]  # Click has no other way in
    if isinstance(command, TyperGroup):
        for name, part in command.commands.items():
            about = [n for n in examples.splitlines() if f" {name} " in n or n.endswith(name)]
            _dressed(part, "\n".join(about) or examples)
    return command


def _everywhere() -> list[tuple[str, str]]:
    return [
        ("--book DIR", _("the book; else QIBI_BOOK, this folder or one above, ledgers/")),
        ("--lang zh|en", _("the language; else QIBI_LANG, the book's, the system's")),
        ("--today DAY", _("use this day as today (never as the time of recording)")),
        ("--color WHEN", _("auto, always or never; NO_COLOR is obeyed")),
        ("--version", _("show the version")),
        ("--help", _("show this help, or that of one command")),
    ]


class _Examples:
    """Writes a command's examples under its help."""

    def __init__(self, examples: str) -> None:
        self.examples = examples

    def __call__(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Examples")):
            for line in self.examples.strip().splitlines():
                formatter.write(f"  {line.strip()}\n")
        formatter.write("\n")
        formatter.write_text(_("Everywhere: --book DIR, --lang zh|en, --today DAY, --color WHEN"))


def _program() -> click.Command:
    app = typer.Typer(
        cls=Commands, name="qibi", rich_markup_mode=None, add_completion=True, no_args_is_help=True
    )

    @app.callback(
        help=_("A points ledger over plain files: score every week, rank, prove it with git.")
    )
    def qibi(
        version: bool = typer.Option(False, "--version", is_eager=True, callback=_print_version),
    ) -> None:
        pass

    program = typer.main.get_command(app)
    if "_QIBI_COMPLETE" in os.environ:
        from qibi.cli import completion

        completion.register()
    return program


def _print_version(value: bool) -> None:
    if value:
        from qibi import __version__

        click.echo(f"qibi {__version__}")
        raise typer.Exit()


def main(arguments: list[str], around: Surroundings) -> int:
    """Run one command; its exit code. Whatever happens, no traceback reaches a person."""
    try:
        code = _main(arguments, around)
        if lost := around.lost:
            Console(around).problem(
                _("not all of the output could be written: {reason}").format(reason=lost.strerror),
                _("free some space or write it elsewhere, then run the same command again"),
            )
            return CANNOT_RUN
        return code
    except OSError:  # nor can a person be told: the terminal is gone
        _discard_output()
        return CANNOT_RUN


def _main(arguments: list[str], around: Surroundings) -> int:
    options, rest = surroundings.split(arguments)
    code = spoken(options, around, rest[0] if rest else "")
    language.use(code)
    console = Console(around, options.color)
    session = Session(around, options, console)
    try:
        surroundings.refuse_unknown_values(options)
        if not rest or "--help" in rest:
            session.learn_words()
        with _streams(around):
            let_click_speak(code, str(language.LOCALE))
            if around.environment is os.environ:
                os.environ["LANGUAGE"] = "zh_CN" if code == "zh" else "en"
            if rest and rest[0].startswith(("--install-completion", "--show-completion")):
                from qibi.cli import completion

                completion.complete_at_once()
            result = _program().main(
                rest,
                prog_name="qibi",
                standalone_mode=False,
                obj=session,
                max_content_width=100,
                terminal_width=min(around.width, 100),
            )
        session.reported()
        return result if isinstance(result, int) else session.exit_code
    except click.ClickException as error:
        return _usage(console, error)
    except Refusal as refusal:
        console.problem(refusal.message, refusal.advice)
        return refusal.code
    except Faults as faults:
        console.findings(session.advised(faults.findings))
        return FINDINGS
    except (click.exceptions.Abort, KeyboardInterrupt, EOFError):
        console.problem(_("interrupted; nothing more was written"))
        return INTERRUPTED
    except SystemExit as leaving:  # Click answers a shell's request for completions so
        return leaving.code if isinstance(leaving.code, int) else OK
    except OSError as error:
        console.problem(
            _("can't continue: {reason}").format(reason=error),
            _("what was reported as recorded is recorded; fix that and check with qibi status"),
        )
        return CANNOT_RUN
    except Exception as error:  # the last line before a traceback: a bug, said plainly
        if is_out_of_memory(error):
            console.problem(*out_of_memory())
            return CANNOT_RUN
        if around.environment.get("QIBI_DEBUG"):
            raise
        console.problem(
            _("a bug in qibi: {kind}: {error}").format(kind=type(error).__name__, error=error),
            _("run it again with QIBI_DEBUG=1 and report what it prints"),
        )
        return BUG


def _usage(console: Console, error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        console.around.stdout.write(error.format_message() + "\n")
        return CANNOT_RUN
    advice = ""
    if isinstance(error, click.exceptions.UsageError) and error.ctx is not None:
        advice = _("see '{command} --help'").format(command=error.ctx.command_path)
    console.problem(error.format_message().rstrip("."), advice)
    return CANNOT_RUN


class _streams:
    """Has Click write where the surroundings say, so that a run in a test is like any other."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    def __enter__(self) -> None:
        self.kept = sys.stdin, sys.stdout, sys.stderr
        sys.stdin, sys.stdout, sys.stderr = (
            self.around.stdin,
            self.around.stdout,
            self.around.stderr,
        )

    def __exit__(self, *_error: Any) -> None:
        sys.stdin, sys.stdout, sys.stderr = self.kept


def _discard_output() -> None:
    """Point both streams at nothing, so that Python's last flush does not complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except (OSError, ValueError):
            continue

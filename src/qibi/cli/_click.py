"""The Click that Typer runs on: since Typer 0.26 a copy of its own, with classes that Click's own don't know.

The copy has no public name, yet a program's context, group and exceptions have to be of the same Click as
Typer's: with another, `--help` and each usage error end in an exception that nobody catches.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click import shell_completion
else:
    try:
        click = import_module("typer._click")
    except ImportError:
        click = import_module("click")
    shell_completion = import_module(f"{click.__name__}.shell_completion")


__all__ = ["click", "shell_completion"]

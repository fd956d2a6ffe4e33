"""The steps of `qibi why` on a terminal; what they say comes from `scoring.sums`."""

from collections.abc import Iterable

from qibi.base.language import _
from qibi.base.points import signed
from qibi.cli.view import Column, Grid, View
from qibi.scoring.sums import Step


def show_steps(result: View, steps: Iterable[Step]) -> None:
    """Each step with its number; what is below it is indented."""
    for step in steps:
        result.line(f"{step.number} {step.name}  {step.text}")
        if step.entries:
            result.line(f"   {step.entries}", "dim")
        for text in step.lines:
            result.line(f"    {text}")
        if step.items:
            rows = [[i.name, i.due, i.cut, signed(i.credit)] for i in step.items]
            result.blocks.append(Grid(item_columns(), rows, indent=4))
        if step.result:
            result.line(f"    {step.result}", "bold")
        if step.aside:
            result.line(f"    {step.aside}", "dim")


def item_columns() -> list[Column]:
    """The headings over the items of a sum."""
    return [
        Column(_("Item"), wraps=True),
        Column(_("Due"), right=True),
        Column(_("Cap, exclusion"), wraps=True),
        Column(_("Counts"), right=True),
    ]

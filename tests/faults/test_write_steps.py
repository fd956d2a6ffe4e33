"""Every write step fails: before it took effect, after, in part; once and for good; all is made good."""

import pytest


def _part(number: int) -> list[str]:
    return ["--part", f"{number + 1}/2"]


def test_every_write_step_of_an_entry(in_parts) -> None:
    found = in_parts("steps.py", "--commands", "entry", each=_part)
    assert found["entry"] > 40
    assert found["errors shown"] > 30, "the faults did not reach the command"


@pytest.mark.external
def test_every_write_step_of_what_else_records(in_parts) -> None:
    found = in_parts("steps.py", "--commands", "sheet,void,fix", each=_part)
    assert min(found["sheet"], found["void"], found["fix"]) > 35
    assert found["errors shown"] > 80, "the faults did not reach the command"

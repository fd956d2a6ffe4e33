"""Killed at every system call that changes the disk, and every such call failing, under strace."""

import pytest

pytestmark = pytest.mark.external


@pytest.mark.parametrize("fault", ["kill", "error"])
@pytest.mark.parametrize("commands", ["entry,sheet,void,fix", "commit"])
def test_at_every_system_call(commands: str, fault: str, in_parts, strace: str) -> None:
    found = in_parts(
        "syscalls.py",
        *("--commands", commands, "--fault", fault),
        each=lambda n: ["--part", f"{n + 1}/2"],
    )
    for command in commands.split(","):
        assert found[command] >= (80 if command == "commit" else 12), found


@pytest.mark.parametrize("fault", ["kill", "error"])
def test_at_every_eighth_system_call_of_close(fault: str, in_parts, strace: str) -> None:
    """Most of them are those of the commit that it ends with."""
    found = in_parts(
        "syscalls.py",
        *("--commands", "close", "--fault", fault),
        each=lambda n: ["--part", f"{8 * n + 1}/16"],
    )
    assert found["close"] >= 15, found

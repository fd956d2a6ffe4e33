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

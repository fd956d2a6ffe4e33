"""Bombs: an audit refuses them, says what is too large, and takes little memory to find out."""

import os
import subprocess
import sys
from pathlib import Path

import bombs
import pytest
from world import World

MOST = 300 * 1024  # KiB that any process of an audit has in memory at once
# Runs an audit, then prints its exit code and the most that it, or any git that it ran, had in memory.
MEASURED = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "qibi", "audit", "--fresh"], timeout=120)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
SLOW = {
    bombs.nested_and_gone,
    bombs.gigabyte_of_zeros,
    bombs.deltas_of_zeros,
    bombs.long_chain,
    bombs.deep_folders,
    bombs.million_refs,
}


def _marked(found: tuple[bombs.Bomb, ...]) -> list[object]:
    return [
        pytest.param(bomb, id=bomb.__name__, marks=[pytest.mark.external] if bomb in SLOW else [])
        for bomb in found
    ]


def audited(world: World) -> tuple[int, int, str]:
    """Exit code, KiB of memory, and what was said."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED],
        cwd=world.root,
        env=os.environ | world.environment | {"QIBI_LANG": "en"},
        capture_output=True,
        text=True,
        check=True,
    )
    code, memory = done.stdout.splitlines()[-1].split()
    return int(code), int(memory), done.stderr


@pytest.mark.parametrize("bomb", _marked(bombs.REFUSED))
def test_a_bomb_is_refused(honest: World, tmp_path: Path, bomb: bombs.Bomb) -> None:
    world = honest.copy(tmp_path / "book")
    bomb(world)
    code, memory, said = audited(world)
    assert code == 2
    assert "too large to audit: " in said and "Traceback" not in said
    assert memory < MOST


@pytest.mark.parametrize("bomb", _marked(bombs.HARMLESS))
def test_what_does_no_harm_is_audited(honest: World, tmp_path: Path, bomb: bombs.Bomb) -> None:
    world = honest.copy(tmp_path / "book")
    bomb(world)
    code, memory, said = audited(world)
    assert (code, said) == (0, "")
    assert memory < MOST

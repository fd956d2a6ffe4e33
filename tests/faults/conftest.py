"""Fault tests run scripts that fork and trace; two at a time, each with its own book."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
WORKERS = 2
Script = Callable[..., Counter[str]]


def _run(name: str, arguments: list[str]) -> dict[str, object]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("QIBI_", "GIT_"))}
    done = subprocess.run(
        [sys.executable, str(HERE / name), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{name} {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def in_parts() -> Script:
    """Runs a script on all workers at once, each with its part of the arguments; the sum of its counts."""

    def run(name: str, *arguments: str, each: Callable[[int], list[str]]) -> Counter[str]:
        lists = [[*arguments, *each(n)] for n in range(WORKERS)]
        print(name, lists)  # shown when it fails: how to repeat it
        with ThreadPoolExecutor(WORKERS) as pool:
            results = list(pool.map(lambda given: _run(name, given), lists))
        counts: Counter[str] = Counter()
        for result in results:
            for key, value in result.items():
                counts[key] += value if isinstance(value, int) else sum(value.values())  # type: ignore[attr-defined]  # a number, or counts by command
        return counts

    return run


@pytest.fixture
def strace() -> str:
    """The strace that external tests need: without it they fail, for a test not run proves nothing."""
    found = shutil.which("strace")
    assert found, "strace is not installed: apt-get install strace"
    return found

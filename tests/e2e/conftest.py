"""A book in git that many tests begin with."""

from pathlib import Path

import pytest

from transcripts.harness import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """The small book, committed; lines are not folded."""
    scene = Scene(tmp_path)
    scene.columns = 1000
    scene.direct("book", "small", [])
    scene.direct("run", "git init -q && git add . && git commit -qm book", [])
    return scene

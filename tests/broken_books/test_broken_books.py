"""Each mistake has a small book, and the exact findings that `qibi check` must give for it.

A folder holds only what is broken: it is laid over a copy of `sound/`, a book without a mistake. In
names of batches, `DIGEST` stands for the digest of the file; a file `DELETE` lists what is missing.
`pytest tests/broken_books --update-transcripts` writes the findings given now; read the diff.
"""

import hashlib
import shutil
from pathlib import Path

import pytest

from qibi.checks.registry import WARNINGS
from transcripts.harness import Scene

HERE = Path(__file__).parent
BOOKS = sorted(p for p in HERE.iterdir() if p.is_dir() and p.name not in ("sound", "__pycache__"))


def laid_out(mistake: Path, tmp_path: Path) -> Scene:
    """The sound book in a folder of its own, with the mistake laid over it."""
    scene = Scene(tmp_path)
    scene.columns = 1000
    for source in (HERE / "sound", mistake):
        shutil.copytree(source, scene.folder, dirs_exist_ok=True)
    for batch in list(scene.folder.rglob("*-DIGEST*.jsonl")):
        digest = hashlib.sha256(batch.read_bytes()).hexdigest()[:16]
        batch.rename(batch.with_name(f"{batch.name.partition('-DIGEST')[0]}-{digest}.jsonl"))
    missing = scene.folder / "DELETE"
    for path in missing.read_text("utf-8").split() if missing.exists() else ():
        (scene.folder / path).unlink()
    return scene


def test_the_sound_book_is_sound(tmp_path: Path) -> None:
    assert laid_out(HERE / "sound", tmp_path).run("qibi check") == ""


@pytest.mark.parametrize("mistake", BOOKS, ids=lambda path: path.name)
def test_findings(mistake: Path, tmp_path: Path, updating: bool) -> None:
    expected = mistake / "expected.txt"
    printed = laid_out(mistake, tmp_path).run("qibi check")
    if updating:
        expected.write_text(printed, "utf-8", newline="\n")
    else:
        assert printed.splitlines() == expected.read_text("utf-8").splitlines()


@pytest.mark.parametrize("check", WARNINGS, ids=lambda check: check.code)
def test_every_warning_has_a_book(check, tmp_path: Path) -> None:
    mistake = HERE / f"warning-{check.code}"
    _terminal, code = (scene := laid_out(mistake, tmp_path)).qibi(["check", "--format", "csv"])
    assert code == 0, "a warning does not block"
    assert f",{check.code}," in "".join(_terminal.stdout)
    assert scene.run("qibi rank W46") and "exit" not in scene.run("qibi rank W46")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# " + "a" * 8 * 1024 * 1024, "branches/east.yaml: error: the file is larger than 8 MB"),
        ("[" * 100_000, "branches/east.yaml:1:17: error: nested deeper"),
        ("{a: " * 100_000, "nested deeper"),
        ("- " * 100_000 + "a", "nested deeper"),
        ("? " * 100_000 + "a", "branches/east.yaml:1:"),
        ("a: &a [x, x]\nb: [*a, *a]\n", "an anchor"),
        ("id: east\nmembers: " + "[" * 100_000 + "]" * 100_000, "nested deeper"),
        ("a: 1" + "0" * 1_000_000, "unknown field"),
    ],
    ids=["size", "depth", "maps", "dashes", "keys", "aliases", "closed", "digits"],
)
def test_bombs_are_refused(text: str, said: str, tmp_path: Path) -> None:
    scene = laid_out(HERE / "sound", tmp_path)
    scene.direct("file", "branches/east.yaml", text.splitlines())
    printed = scene.run("qibi check")
    assert said in printed and printed.endswith("[exit 1]\n"), printed[:500]
    assert len(printed) < 5000

"""Seals that say what no seal says: whatever stands in one is a finding, never a traceback."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import cheats
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from world import BRANCHES, World

from qibi.base.findings import Faults
from qibi.book.in_force import canonical
from qibi.scoring.policies import policy_of

Seal = dict[str, Any]
WEEK = "2026-W10"


def _standing(**changed: Any) -> Callable[[Seal], object]:
    return lambda seal: seal["standings"]["member"][0].update(changed)


def _red(**changed: Any) -> Callable[[Seal], object]:
    return lambda seal: seal["lists"]["member"]["policy"]["red"].update(changed)


MANGLED: dict[str, Callable[[Seal], object]] = {
    "standings of a number": lambda seal: seal["standings"].update(member=5),
    "a standing that is a number": lambda seal: seal["standings"].update(member=[5]),
    "a standing of nobody": lambda seal: seal["standings"].update(member=[{}]),
    "standings of nothing": lambda seal: seal["standings"].update(member=None),
    "no standings": lambda seal: seal.pop("standings"),
    "unranked that is a list": lambda seal: seal.update(unranked=[]),
    "a red list that is a number": lambda seal: seal["lists"]["member"].update(red=5),
    "no policy": lambda seal: seal["lists"]["member"].pop("policy"),
    "a subject that is a list": _standing(subject=[]),
    "a place that is true": _standing(rank=True),
    "a key more in a standing": _standing(bonus=5),
    "a share by nothing": _red(share=[1, 0]),
    "a share of more than all": _red(share=[3, 2]),
    "a share of one number": _red(share=[1]),
    "a limit too large": _red(at_least=1e300),
    "a list of nobody": _red(top=0),
    "a key that no seal has": lambda seal: seal.update(read_out={"member": ["eve 1st"]}),
    "changes of nothing": lambda seal: seal.update(changes=None),
    "a time that is none": lambda seal: seal.update(closed_at="yesterday"),
    "a time before its week": lambda seal: seal.update(closed_at="2026-03-01T23:59:59+08:00"),
    "deep": lambda seal: seal.update(lists=_deep(400)),
}


def _deep(levels: int) -> Any:
    found: Any = {}
    for _level in range(levels):
        found = {"member": found}
    return found


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A book with a week that can be closed; its tests put it back to where it was."""
    world = World.make(tmp_path_factory.mktemp("mangled") / "book")
    for branch in BRANCHES:
        world.score(WEEK, branch)
    world.git("tag", "open")
    world.close(WEEK)
    world.score(WEEK, "east", assessed=False)
    world.git("tag", "corrected")
    return world


@pytest.mark.parametrize("mangle", MANGLED.values(), ids=MANGLED)
def test_what_no_seal_says_is_found(book: World, mangle: Callable[[Seal], object]) -> None:
    book.git("reset", "-q", "--hard", "open")
    book.close(WEEK, forge=mangle)
    assert {f.code for f in book.audit().findings} & {"seal", "read-out", "chain", "statement"}


def test_a_mangled_seal_is_not_corrected(book: World) -> None:
    book.git("reset", "-q", "--hard", "open")
    book.close(WEEK, forge=MANGLED["a standing that is a number"])
    book.score(WEEK, "east", assessed=False)
    with pytest.raises(Faults, match="not what qibi close writes"):
        book.close(WEEK, approved_by="finn")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(10**7, 2**70) | st.just(0.5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def _mangled(seal: Seal, data: st.DataObject) -> None:
    """Put something else in one place, take it out, or add to it."""
    place: Any = seal
    while True:
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner and data.draw(st.booleans())):
            break
        place = inner
    what = data.draw(st.sampled_from(("replace", "replace", "remove", "add")))
    if what == "remove":
        del place[key]
    elif what == "add" and isinstance(inner, dict):
        inner[data.draw(st.text(max_size=5))] = data.draw(JUNK)
    elif what == "add" and isinstance(inner, list):
        inner.append(data.draw(JUNK))
    else:
        place[key] = data.draw(JUNK)


@pytest.mark.parametrize(("tag", "approved_by"), [("open", ""), ("corrected", "finn")])
@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # an audit a step is too slow for shrinking
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_mangled_by_chance(book: World, tag: str, approved_by: str, data: st.DataObject) -> None:
    book.git("reset", "-q", "--hard", tag)
    harmless: list[bool] = []  # a note is all of a seal that stands nowhere else

    def forge(seal: Seal) -> None:
        honest = deepcopy(seal)
        _mangled(seal, data)
        as_it_was = deepcopy(seal)
        for one in (honest, as_it_was):
            if isinstance(changes := one.get("changes"), dict) and isinstance(
                changes.get("note"), str
            ):
                changes["note"] = ""
        harmless.append(canonical(as_it_was) == canonical(honest))  # 1 is no `true`

    book.close(WEEK, approved_by, forge=forge)
    assert bool(book.audit().findings) != harmless[0]


@pytest.mark.parametrize(
    "plain",
    [{"red": {"top": 3, "at_least": None, "share": [1, 0]}}, {"red": 5}, [], None, {"a": 1}],
)
def test_a_policy_that_is_none_is_refused(plain: Any) -> None:
    with pytest.raises(ValueError):
        policy_of(plain)


def test_names_that_are_no_text_can_be_written(book: World, tmp_path: Path) -> None:
    """A file below ledger/ whose name is not UTF-8: named in every format, on screen and in files."""
    import os
    import subprocess
    import sys

    book.git("reset", "-q", "--hard", "open")
    stray = os.fsencode(book.root) + b"/ledger/2026/bad\xff.txt"
    with open(stray, "wb") as file:  # noqa: PTH123  (a name in bytes)
        file.write(b"x")
    book.commit("a stray file")
    source = str(Path(__file__).parents[2] / "src")
    environment = book.environment | {"PYTHONPATH": source, "QIBI_CACHE": str(tmp_path)}
    for form in ("table", "json", "csv", "md"):
        out = tmp_path / f"audit.{form}"
        for command in (["--format", form], ["--format", form, "-o", str(out)]):
            done = subprocess.run(
                [sys.executable, "-m", "qibi", "--lang", "en", "audit", *command],
                cwd=book.root,
                env=environment,
                capture_output=True,
                check=False,
            )
            assert done.returncode == 1, done.stderr.decode()
        assert b"bad<U+DCFF>.txt" in out.read_bytes().replace(b"\\", b""), form


def test_evidence_that_is_another_repository(book: World) -> None:
    """A submodule in place of evidence is a finding at its path, whether its commit is here or not."""
    book.git("reset", "-q", "--hard", "open")
    cheats.swapped_evidence(book)
    for commit in (book.git("rev-parse", "HEAD"), "1" * 40):
        book.git("rm", "-q", "--cached", "--ignore-unmatch", "evidence/letter.txt")
        book.git("update-index", "--add", "--cacheinfo", f"160000,{commit},evidence/letter.txt")
        book.git("commit", "-q", "-m", "elsewhere")
        found = {(f.path, f.code) for f in book.audit().findings}
        assert ("evidence/letter.txt", "evidence") in found

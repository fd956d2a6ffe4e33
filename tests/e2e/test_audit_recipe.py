"""The recipe of docs/audit.md, run as it stands there: git, sha256sum and jq alone, nothing of qibi.

On an honest book it prints the chain of seals and nothing else. What it can't see of the attacks is named
here and in the document.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "tests" / "attacks"))
import cheats  # noqa: E402  (beside the attacks' own tests)
from world import World, grown  # noqa: E402  (the same)

pytestmark = pytest.mark.external
# Each adds what digests say nothing of, or changes what no digest here is of: `qibi audit` sees them.
UNSEEN = (
    cheats.junk_in_ledger,
    cheats.definition_under_closed_week,
    cheats.member_under_closed_week,
    cheats.definition_under_corrected_week,
    cheats.own_rules,
    *cheats.IN_A_SEAL,
    cheats.swapped_evidence,
    cheats.recorded_at_no_moment_that_can_be,
    cheats.closed_at_no_moment_that_can_be,
    cheats.evidence_of_its_own_records,
    cheats.evidence_in_another_case,
    cheats.linked_definition,
    cheats.linked_evidence,
    *cheats.TWINS,
)
_LINK = re.compile(
    r"[0-9a-f]{64}  seals/[0-9]{4}-W[0-9]{2}(\.r[0-9]+)?\.json  closed .+ by .+"
    r"|[0-9a-f]{64}  seals/acknowledged-[0-9]+\.json  acknowledged .+ by .+, approved by .+: .+"
)


def recipe() -> str:
    """The script in the document."""
    text = (REPOSITORY / "docs" / "audit.md").read_text("utf-8")
    found = re.search(r"<!-- command: recipe -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def run(world: World) -> tuple[int, list[str], list[str]]:
    """The recipe's exit code, the lines of the chain, and all other lines."""
    done = subprocess.run(
        ["sh", "-c", recipe()],
        cwd=world.root,
        env=world.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    links = [line for line in lines if _LINK.fullmatch(line)]
    return done.returncode, links, [line for line in lines if line not in links]


@pytest.mark.parametrize("seed", range(4))
def test_an_honest_book_prints_the_chain_alone(seed: int, tmp_path: Path) -> None:
    world = grown(tmp_path, seed)
    code, links, others = run(world)
    assert (code, others) == (0, [])
    assert [line.split("  ")[1] for line in links] == [s.path for s in world.audit().seals]
    assert links[-1].startswith(world.audit().seals[-1].digest)


@pytest.mark.parametrize("attack", cheats.INSIDE, ids=lambda a: a.__name__)
def test_what_the_recipe_sees(attack: cheats.Attack, tmp_path: Path) -> None:
    world = grown(tmp_path, 3)
    attack(world)
    code, _links, others = run(world)
    assert bool(others or code) == (attack not in UNSEEN), "\n".join(others)
    assert not code or others, "it stopped without a word"


def test_an_acknowledgement_is_a_link_that_says_what_it_is_about(tmp_path: Path) -> None:
    world = grown(tmp_path, 3)
    findings = cheats._accident(world)
    world.acknowledge(findings)
    for branch in ("east", "west"):
        world.score("2026-W20", branch)
    world.close("2026-W20")
    code, links, others = run(world)
    assert code == 0
    assert [line.split("  ")[1] for line in links[-2:]] == [
        "seals/acknowledged-1.json",
        "seals/2026-W20.json",
    ]
    commits = [dict(finding.about)["commit"] for finding in findings]
    said = [line for line in others if line.startswith("  history ")]
    assert [line.split() for line in said] == [["history", c, findings[0].path] for c in commits]
    assert sum(line.startswith("REWRITTEN in ") for line in others) == len(others) - len(said) == 2

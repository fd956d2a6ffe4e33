"""`qibi init`: every template in both languages, with and without a roster, and every refusal."""

import io
import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import msgspec
import pytest

from qibi.book import templates
from qibi.book.definitions import Definitions, Scheme
from qibi.book.load import load, sources
from qibi.book.templates import TEMPLATES, Start, book_files, edition, samples
from qibi.book.yaml import Document, parse
from qibi.cli.app import main
from qibi.cli.surroundings import Surroundings
from repositories import CACHE, QUICK_GIT

CHINESE = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")
ROSTER = """某项目花名册,,,,,,,
序号,支部,姓名,类别,党小组,单位,项目CP角色,标段
1,甲支部,张三,正式党员,第一党小组,建设单位,热力,一标段
2,甲支部,李四,预备党员,第一党小组,某施工公司,工程,一标段
3,乙支部,王五,,,某施工公司,,二标段
"""


class Run:
    """One run of qibi: its exit code and what it wrote."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _n in range(2))
        around = Surroundings(
            environment={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                **QUICK_GIT,
                "QIBI_LANG": "en",
                "QIBI_CACHE": CACHE,
            }
            | environment,
            folder=folder,
            now=lambda: datetime(2026, 11, 20, 4, tzinfo=UTC),
            stdin=io.StringIO(),
            stdout=out,
            stderr=err,
            columns=80,
        )
        self.code = main(list(arguments), around)
        self.out, self.err = (_text(stream) for stream in (out, err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def files_of(root: Path) -> dict[str, bytes]:
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file() and ".git/" not in p.as_posix()
    }


def valid_by_schema(root: Path) -> None:
    """Every YAML file keeps to the schema that its first line names."""
    for source in sources(root):
        first = source.raw.decode().splitlines()[0]
        found = re.fullmatch(r"# yaml-language-server: \$schema=(.+)", first)
        assert found, source.path
        schema = json.loads(((root / source.path).parent / found[1]).read_text("utf-8"))
        document = parse(source.path, source.raw)
        assert isinstance(document, Document)
        jsonschema.validate(document.data, schema)


@pytest.mark.parametrize("roster", [False, True])
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_new_book_loads(tmp_path: Path, template: str, language: str, roster: bool) -> None:
    (tmp_path / "r.csv").write_text(ROSTER, "utf-8")
    extra = ["--roster", "r.csv"] if roster else []
    run = Run(tmp_path, "init", "book", "--template", template, "--lang", language, *extra)
    assert run.code == 0, run.err
    definitions = load(tmp_path / "book")
    assert definitions.language == ("zh-CN" if language == "zh" else "en")
    assert [s.week for s in definitions.schemes] == ["2026-W01"]
    assert len(definitions.memberships) == 3
    valid_by_schema(tmp_path / "book")
    assert f"scheme/{definitions.schemes[0].week}.yaml" in run.out


@pytest.mark.parametrize("template", TEMPLATES)
def test_an_english_book_has_no_chinese(tmp_path: Path, template: str) -> None:
    Run(tmp_path, "init", "book", "--template", template, "--lang", "en")
    for path, raw in files_of(tmp_path / "book").items():
        text = raw.decode()
        if path.startswith("scheme/") and template != "plain":  # sheets may name items in Chinese
            text = re.sub(r"\{zh: [^,]*(, |\"[^\"]*\", )en: ", "{en: ", text)
        assert not CHINESE.search(text), path


@pytest.mark.parametrize("language", ["zh", "en"])
def test_plain_knows_no_party(tmp_path: Path, language: str) -> None:
    Run(tmp_path, "init", "book", "--template", "plain", "--lang", language)
    for path, raw in files_of(tmp_path / "book").items():
        lines = [line for line in raw.decode().splitlines() if "$schema=" not in line]
        text = "\n".join(lines).replace("branch:", "")  # the key, in words and rollup
        if not path.startswith("schemas/"):
            assert not re.search("party|branch|党|支部", text, re.I), path
    assert set(load(tmp_path / "book").words) == {"branch", "group", "member", "cp"}


def test_full_is_the_scheme_of_the_example(tmp_path: Path) -> None:
    example = load(samples("example"))
    Run(tmp_path, "init", "zh", "--lang", "zh")
    Run(tmp_path, "init", "en", "--lang", "en")
    made = load(tmp_path / "zh")
    assert made.schemes[0] == _from_w01(example)
    assert (made.lists, made.units, made.posts) == (example.lists, example.units, example.posts)
    assert _in_english(load(tmp_path / "en")) == _in_english(example)


def _from_w01(definitions: Definitions) -> Scheme:
    """The scheme in force now, as if it were in force from 2026-W01."""
    return msgspec.structs.replace(definitions.schemes[-1], week="2026-W01")


def _in_english(definitions: Definitions) -> str:
    """The scheme in force now, each name in English only."""
    return re.sub(r"Label\(zh=.*?, en=", "Label(en=", repr(_from_w01(definitions)))


def test_simple_is_its_frame_scored_directly(tmp_path: Path) -> None:
    Run(tmp_path, "init", "book", "--template", "simple", "--lang", "zh")
    full = load(samples("example")).schemes[-1]
    simple = load(tmp_path / "book").schemes[0]
    assert all(c.direct and not c.items for c in simple.criteria)
    frame = [(c.id, c.name, c.base, c.min, c.max, c.applies_to) for c in full.criteria]
    assert [(c.id, c.name, c.base, c.min, c.max, c.applies_to) for c in simple.criteria] == frame
    assert (simple.grades, simple.watch, simple.rollup) == (full.grades, full.watch, full.rollup)
    assert simple.second_from is None


@pytest.mark.parametrize(
    ("template", "sheet", "item"),
    [
        ("full", "姓名,评分项,次数\nSample B,学习心得分享,1\n", "five-type.sharing"),
        ("simple", "姓名,比安全\nSample B,11\n", "safety"),
    ],
)
def test_an_english_book_knows_the_chinese_names_of_its_template(
    tmp_path: Path, template: str, sheet: str, item: str
) -> None:
    Run(tmp_path, "init", "book", "--template", template, "--lang", "en")
    (tmp_path / "book/w.csv").write_text(sheet, "utf-8")
    run = Run(tmp_path / "book", "score", "w.csv", "--week", "2026-W46", QIBI_AS="b1-001")
    assert run.code == 0, run.err
    (batch,) = (tmp_path / "book/ledger/2026/W46").glob("*.jsonl")
    assert f'"item":"{item}"' in batch.read_text("utf-8")
    assert not CHINESE.search(Run(tmp_path / "book", "rank", "--week", "2026-W46").out)


def test_edition_takes_one_language_of_names_and_comments() -> None:
    text = 'a: {zh: "甲,乙", en: "A, B"}  # 低于 / below\n# 只有中文\nb: 1  # kept\n'
    assert edition(text, "en") == 'a: "A, B"  # below\nb: 1  # kept\n'
    assert edition(text, "zh") == 'a: {zh: "甲,乙", en: "A, B"}  # 低于\n# 只有中文\nb: 1  # kept\n'


@pytest.mark.parametrize(
    "name", ["x: y", "#1", "null", "[a]", "'q\"", "back\\slash", "\u202eabc", "12"]
)
def test_any_name_is_written_so_that_it_reads_back(tmp_path: Path, name: str) -> None:
    start = Start("plain", "b", name, "en", "UTC", "2026-W01")
    text = book_files(start)["qibi.yaml"]
    document = parse("qibi.yaml", text.encode())
    assert isinstance(document, Document)
    assert document.data["name"] == name


def test_the_book_is_a_repository_without_a_commit(tmp_path: Path) -> None:
    run = Run(tmp_path, "init", "book", "--as", "Sample B")
    git = ["git", "-C", str(tmp_path / "book")]
    assert run.code == 0, run.err
    assert (tmp_path / "book/.git/HEAD").read_text() == "ref: refs/heads/main\n"
    assert subprocess.run([*git, "log"], capture_output=True).returncode == 128
    assert subprocess.check_output([*git, "config", "qibi.as"], text=True) == "b1-002\n"
    assert "git config qibi.as" not in run.out
    kept = "* -text -eol -ident -filter -working-tree-encoding\n"
    assert (tmp_path / "book/.gitattributes").read_text() == kept
    assert (tmp_path / "book/.gitignore").read_text() == "ledger/.lock\n*.tmp\n"


def test_inside_a_repository_none_is_made(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert Run(tmp_path, "init", "book").code == 0
    assert not (tmp_path / "book/.git").exists()


def test_no_git_is_made_where_none_is_wanted_or_there(tmp_path: Path) -> None:
    run = Run(tmp_path, "init", "one", "--no-git")
    assert run.code == 0 and not (tmp_path / "one/.git").exists()
    assert "export QIBI_AS=b1-001" in run.out
    run = Run(tmp_path, "init", "two", PATH="")
    assert run.code == 0 and load(tmp_path / "two")
    assert "git is not installed" in run.err


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path, "init", "book", "--dry-run")
    assert run.code == 0 and "would make a book in book" in run.out
    assert not list(tmp_path.iterdir())


def test_the_steps_it_names_lead_to_a_committed_week(tmp_path: Path) -> None:
    who = {
        f"GIT_{r}_{w}": "a@b.invalid" for r in ("AUTHOR", "COMMITTER") for w in ("NAME", "EMAIL")
    }
    for template in TEMPLATES:
        for language, head in (("en", "name,"), ("zh", "姓名,")):
            said = Run(
                tmp_path,
                "init",
                f"{template}-{language}",
                "--template",
                template,
                "--lang",
                language,
            )
            root = tmp_path / f"{template}-{language}"
            lines = [line.strip() for line in said.out.splitlines()]
            first = next(n for n, line in enumerate(lines) if line.startswith(head))
            last = next(n for n, line in enumerate(lines) if line.startswith("qibi score"))
            (root / "week.csv").write_text("\n".join(lines[first:last]) + "\n", "utf-8")
            me = load(root).memberships[0].id
            for command in (lines[last][5:], *(line[5:] for line in lines[last + 1 :] if line)):
                run = Run(root, *command.split(), **who, QIBI_AS=me)
                assert run.code == 0, (command, run.err)
            log = subprocess.check_output(["git", "-C", str(root), "log", "--oneline"], text=True)
            assert len(log.splitlines()) == 1


@pytest.mark.parametrize("who", ["甲", "乙", "丁"])
def test_the_sheet_it_shows_scores_nobody_by_themselves(tmp_path: Path, who: str) -> None:
    (tmp_path / "r.csv").write_text("支部,姓名,编号\n一,甲,\n一,乙,\n二,丁,\n三,丙,c-1\n", "utf-8")
    run = Run(tmp_path, "init", "book", "--roster", "r.csv", "--as", who, "--no-git")
    lines = [line.strip() for line in run.out.splitlines()]
    sheet = [line for line in lines if line.startswith(("name,", "甲,", "乙,"))]
    (tmp_path / "book/week.csv").write_text("\n".join(sheet), "utf-8")
    command = next(line for line in lines if line.startswith("qibi score"))
    me = next(line for line in lines if line.startswith("export")).split()[1].split("=")[1]
    scored = Run(tmp_path / "book", *command.split()[1:], QIBI_AS=me)
    assert scored.code == 0, scored.err
    assert ("--no-events" in command) is (who == "丁")


def test_a_book_is_never_made_twice(tmp_path: Path) -> None:
    Run(tmp_path, "init", "book")
    before = files_of(tmp_path)
    run = Run(tmp_path, "init", "book", "--template", "plain")
    assert run.code == 2 and "qibi: book is a book already" in run.err
    assert files_of(tmp_path) == before


def test_parts_of_a_book_are_refused(tmp_path: Path) -> None:
    (tmp_path / "scheme").mkdir()
    (tmp_path / "scheme/2025-W01.yaml").write_text("name: x\n")
    run = Run(tmp_path, "init")
    assert run.code == 2 and "scheme/2025-W01.yaml already exists" in run.err
    assert list(files_of(tmp_path)) == ["scheme/2025-W01.yaml"]


def test_other_files_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "notes.txt").write_text("mine")
    run = Run(tmp_path, "init")
    assert run.code == 0
    assert (tmp_path / ".gitignore").read_text() == "build/\n"
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert "add to it: ledger/.lock  *.tmp" in run.err


def test_after_a_crash_the_same_command_goes_on(tmp_path: Path) -> None:
    Run(tmp_path, "init", "book")
    whole = files_of(tmp_path / "book")
    for gone in ("qibi.yaml", "scheme/2026-W01.yaml", ".gitignore"):
        (tmp_path / "book" / gone).unlink()
    assert Run(tmp_path, "init", "book").code == 0
    assert files_of(tmp_path / "book") == whole


def test_where_the_disk_refuses_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qibi.base import plain

    real = plain.write_durably

    def full(path: Path, raw: bytes) -> None:
        if path.name == "qibi.yaml":
            raise OSError(28, "No space left on device")
        real(path, raw)

    monkeypatch.setattr(plain, "write_durably", full)
    run = Run(tmp_path, "init", "book")
    assert run.code == 2 and "the disk is full" in run.err
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "book").write_text("")
    run = Run(tmp_path, "init", "book")
    assert run.code == 2 and "can't be written" in run.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--template", "fulll"], "did you mean 'full'? one of: full, simple, plain"),
        (["--template", "zzz"], "one of: full, simple, plain"),
        (["--id", "Bad Id"], "'Bad Id' is not an id"),
        (["--id", "con"], "'con' is not an id"),
        (["--lang", "fr"], "--lang: there is no 'fr'"),
        (["--as", "nobody"], "--as: "),
        (["--roster", "nowhere.csv"], "there is no file nowhere.csv"),
    ],
)
def test_refusals(tmp_path: Path, arguments: list[str], says: str) -> None:
    run = Run(tmp_path, "init", "book", *arguments)
    assert run.code in (1, 2)
    assert says in run.err
    assert not list(tmp_path.iterdir())


def test_a_bad_roster_writes_nothing_and_names_every_row(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("支部,姓名,类别\n甲,,x\n,乙,党员\n", "utf-8")
    run = Run(tmp_path, "init", "book", "--roster", "r.csv")
    assert run.code == 1
    assert [line.split(": ")[0] for line in run.err.splitlines() if line.startswith("r.csv")] == [
        "r.csv:2",
        "r.csv:2",
        "r.csv:3",
    ]
    assert not (tmp_path / "book").exists()


def test_id_and_name_come_from_the_folder_or_the_options(tmp_path: Path) -> None:
    Run(tmp_path, "init", "East Site")
    made = load(tmp_path / "East Site")
    assert (made.id, str(made.name)) == ("east-site", "East Site")
    Run(tmp_path, "init", "东区")
    assert (load(tmp_path / "东区").id, str(load(tmp_path / "东区").name)) == ("book", "东区")
    Run(tmp_path, "init", "x", "--id", "heat", "--name", "Heat: 1")
    assert (load(tmp_path / "x").id, str(load(tmp_path / "x").name)) == ("heat", "Heat: 1")


def test_the_first_scheme_holds_from_the_week_of_new_year(tmp_path: Path) -> None:
    Run(tmp_path, "init", "book", "--today", "2027-06-01")
    assert load(tmp_path / "book").schemes[0].week == "2026-W53"


def test_known_units_are_those_of_the_example() -> None:
    assert [u.id for u in templates.known_units("en")] == [
        u.id for u in load(samples("example")).units
    ]

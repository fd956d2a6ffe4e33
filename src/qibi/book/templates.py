"""What a new book holds: three templates in either language, from one set of numbers.

`full` is the scheme of the example book that ships with qibi, `simple` the same criteria scored
directly, `plain` a scheme without branches and Party words (templates/plain.*.yaml). All of them are
written in both languages, `{zh: …, en: …}` and `# … / …`; `edition` makes a book's own text of them.
The scheme of an English book has the Chinese names too, except `plain`: sheets may name either.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from qibi.book import models as m
from qibi.book.schemas import as_text, schemas

TEMPLATES = ("full", "simple", "plain")
GIT_FILES = {
    # Git stores each byte as it is, whatever attributes are set elsewhere (ledger.held says the same).
    ".gitattributes": "* -text -eol -ident -filter -working-tree-encoding\n",
    ".gitignore": "ledger/.lock\n*.tmp\n",
}
_PRIVATE = """\
# 姓名和写有姓名的评分表不进 git，见 README.md / Names, and sheets that hold them, stay out of git: see README.md
/names.yaml
/*.csv
/*.xlsx
/sheets/
"""
_NAMES_HEAD = (
    "# 姓名只在这里，git 不收：交接和备份见 README.md"
    " / Names are only here, not in git: README.md says how to share and back them up"
)
# Without CPs the lists of the example's book name members.
_LISTS_OF_CPS = (
    "# 只有项目CP上红黑榜 / only CPs are named on lists",
    "# 党员上红黑榜 / members are named on lists",
)
_LISTS_OF_MEMBERS = ("  cp: {red:", "  member: {red:")

_HERE = Path(__file__).parent
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_NAMES = re.compile(
    rf"\{{zh: (?:{_QUOTED}|[^\",{{}}][^,{{}}]*), en: ({_QUOTED}|[^\"{{}}][^{{}}]*)\}}"
)
_COMMENT = re.compile(r"(^|\s)# (.*)$")
_CHINESE = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")
_PLAIN = re.compile(r"[A-Za-z\u3400-\u9fff][0-9A-Za-z\u3400-\u9fff ()·（）/._-]*")
_YAML_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


@dataclass(frozen=True)
class Start:
    """What is to be known of a book before there is one. Without branches it gets a sample."""

    template: str
    id: str
    name: str
    language: str  # "zh" or "en"
    timezone: str
    week: str  # the first in which the scheme is in force
    branches: tuple[m.BranchFile, ...] = ()
    units: tuple[m.Choice, ...] = ()
    private: bool = False  # names in names.yaml only, and that out of git


def book_files(start: Start) -> dict[str, str]:
    """Path and text of each file of a new book; `qibi.yaml`, which makes it one, comes last."""
    branches = start.branches or (sample_branch(start.template, start.language),)
    files = dict(GIT_FILES)
    files |= {f"schemas/{name}.schema.json": as_text(s) for name, s in schemas().items()}
    if start.private:
        files[".gitignore"] += edition(_PRIVATE, start.language)
        files["README.md"] = _readme(start)
        files["names.yaml"] = _page("names", 0, _names_text(branches, start.language))
        branches = tuple(_unnamed(branch) for branch in branches)
    files |= {f"branches/{b.id}.yaml": _page("branch", 1, _branch_text(b, start)) for b in branches}
    both = start.template != "plain"
    scheme = edition(_scheme_text(start.template), start.language, both_names=both)
    files[f"scheme/{start.week}.yaml"] = _page("scheme", 1, scheme)
    files["qibi.yaml"] = _page("book", 0, _book_text(start))
    return files


def _readme(start: Start) -> str:
    text = (_HERE / "templates" / f"private.{start.language}.md").read_text("utf-8")
    return text.replace("{name}", " ".join(start.name.split()))


def _names_text(branches: tuple[m.BranchFile, ...], language: str) -> str:
    """names.yaml: a line for each member who has a name."""
    people = [p for branch in branches for p in branch.members if p.name is not None]
    lines = [f"{p.id}: {_flow(p.name)}" for p in people]
    return "\n".join([edition(_NAMES_HEAD, language).rstrip("\n"), *(lines or ["{}"])])


def _unnamed(branch: m.BranchFile) -> m.BranchFile:
    """A branch whose members are ids only."""
    people = [person.model_copy(update={"name": None}) for person in branch.members]
    return branch.model_copy(update={"members": people})


def samples(name: str) -> Path:
    """`example`, `example-sheets` or `schemas`, as shipped; in a source checkout, where they are made."""
    shipped = _HERE.parent / "samples" / name
    if shipped.exists():
        return shipped
    repository = _HERE.parents[2]
    return repository / name if name == "schemas" else repository / "ledgers" / name


def known_units(language: str) -> list[m.Choice]:
    """The units that the templates with branches know."""
    from qibi.book.yaml import Document, parse

    text = edition((samples("example") / "qibi.yaml").read_text("utf-8"), language)
    document = parse("qibi.yaml", text.encode())
    assert isinstance(document, Document)
    return m.BookFile.model_validate(document.data).units


def words(template: str, language: str) -> dict[str, str]:
    """What a book from a template calls its branches and members, where it has words of its own."""
    from qibi.book.yaml import Document, parse

    if template != "plain":
        return {}
    text = (_HERE / "templates" / "plain.book.yaml").read_text("utf-8")
    document = parse("qibi.yaml", text.encode())
    assert isinstance(document, Document)
    return {key: names[language] for key, names in document.data["words"].items()}


def sample_branch(template: str, language: str) -> m.BranchFile:
    """A made-up branch of three, so that the first commands have something to work on."""
    people = [("样例甲", "Sample A"), ("样例乙", "Sample B"), ("样例丙", "Sample C")]
    key = "t1" if template == "plain" else "b1"
    members: list[dict[str, Any]] = [
        {"id": f"{key}-{n:03d}", "name": _name(*name, language)} for n, name in enumerate(people, 1)
    ]
    if template == "plain":
        title = _name("样例团队", "Sample team", language)
        return m.BranchFile.model_validate({"id": "team-1", "name": title, "members": members})
    for member, unit in zip(members, ("owner", "builder", "designer"), strict=True):
        member |= {"unit": unit, "group": "branch-1-g1"}
    cp = {"heating": "b1-001", "engineering": "b1-002", "design": "b1-003"}
    return m.BranchFile.model_validate(
        {
            "id": "branch-1",
            "name": _name("样例支部", "Sample branch", language),
            "section": "样例标段" if language == "zh" else "Sample section",
            "groups": [{"id": "branch-1-g1", "name": _name("第一党小组", "Group 1", language)}],
            "members": members,
            "cps": [
                {"id": "b1-cp", "name": _name("样例项目CP", "Sample CP", language), "members": cp}
            ],
        }
    )


def edition(text: str, language: str, *, both_names: bool = False) -> str:
    """A text in both languages for a book in one: comments in that language; names in English only
    for an English book, in both for a Chinese one, or with `both_names`: sheets may name either."""
    lines = []
    for line in text.splitlines():
        if language == "en" and not both_names:
            line = _NAMES.sub(r"\1", line)
        if (match := _COMMENT.search(line)) and _CHINESE.search(match[2]):
            chinese, _slash, english = match[2].partition(" / ")
            comment = english if language == "en" else chinese
            line = line[: match.start()] + (f"{match[1]}# {comment}" if comment else "")
            if not line.strip():
                continue
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def _name(zh: str, en: str, language: str) -> Any:
    return {"zh": zh, "en": en} if language == "zh" else en


def _page(schema: str, depth: int, text: str) -> str:
    """The text under the line that tells an editor which schema it follows."""
    lines = [line for line in text.splitlines() if not line.startswith("# yaml-language-server:")]
    modeline = f"# yaml-language-server: $schema={'../' * depth}schemas/{schema}.schema.json"
    return "\n".join([modeline, *lines]) + "\n"


def _scheme_text(template: str) -> str:
    if template == "plain":
        return (_HERE / "templates" / "plain.scheme.yaml").read_text("utf-8")
    latest = max((samples("example") / "scheme").glob("*.yaml"))
    text = latest.read_text("utf-8")
    return text if template == "full" else _direct(text)


def _direct(text: str) -> str:
    """The scheme with each criterion scored directly: without items, and what only items use."""
    lines = ["# 模板，可改：每项直接打分 / A template to edit: each criterion is given its score"]
    block = ""
    for line in text.splitlines():
        if not line.startswith((" ", "#")):
            block = line.partition(":")[0]
        if not block or block in ("scorers", "second_from") or line.startswith("      - "):
            continue
        lines.append("    scoring: direct" if line == "    items:" else line)
    return "\n".join(lines)


def _book_text(start: Start) -> str:
    """qibi.yaml: the template's, with this book's own id, name, language, time zone and units."""
    if start.template == "plain":
        text = (_HERE / "templates" / "plain.book.yaml").read_text("utf-8")
    else:
        text = (samples("example") / "qibi.yaml").read_text("utf-8")
        text = text.replace(
            "# 全部虚构 / everything here is made up: see README.md",
            "# 改成你们自己的 / Edit whatever differs with you",
        )
    own = {
        "id": start.id,
        "name": start.name,
        "language": "zh-CN" if start.language == "zh" else "en",
        "timezone": start.timezone,
    }
    if start.branches and not any(branch.cps for branch in start.branches):
        text = text.replace(*_LISTS_OF_CPS).replace(*_LISTS_OF_MEMBERS)
    lines, block = [], ""
    for line in edition(text, start.language).splitlines():
        if not line.startswith((" ", "#")):
            block = line.partition(":")[0]
        if block in own and not line.startswith("#"):
            lines.append(f"{block}: {_scalar(own[block])}")
            if block == "timezone" and start.private:
                lines.append("private_names: true")
        elif not (block == "units" and start.branches and not line.startswith("#")):
            lines.append(line)
    if start.units:
        lines += _rows("units", list(start.units))
    return "\n".join(lines)


def _branch_text(branch: m.BranchFile, start: Start) -> str:
    """A branch file, with what to edit said at its head."""
    lines = []
    if not start.branches:
        lines.append(
            "# 样例，均为虚构：换成你们自己的 / A made-up sample: put your own in its place"
        )
    lines.append(
        "# 有人离开，写上最后一周 until: 2026-W41；有人加入，写上第一周 since"
        " / Who leaves gets a last week, until: 2026-W41; who joins a first week, since"
    )
    data = branch.model_dump(exclude_defaults=True)
    for key in ("id", "name", "section", "department"):
        if key in data:
            lines.append(f"{key}: {_flow(data[key])}")
    for key in ("groups", "members", "cps"):
        lines += _rows(key, getattr(branch, key))
    return _comments_only("\n".join(lines), start.language)


def _comments_only(text: str, language: str) -> str:
    """Comments in the book's language; the lines that hold data stay as they are."""
    return "\n".join(
        edition(line, language).rstrip("\n") if line.startswith("#") else line
        for line in text.splitlines()
    )


def _rows(key: str, rows: list[Any]) -> list[str]:
    """A list with one row a line; nothing where it is empty."""
    return [f"{key}:", *(f"  - {_flow(row)}" for row in rows)] if rows else []


def _flow(value: Any) -> str:
    """A value on one line, as a person would write it."""
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_defaults=True)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return _scalar(str(value))


def _scalar(text: str) -> str:
    """Text plain where every YAML reader takes it for just that, else in quotes."""
    plain = _PLAIN.fullmatch(text) and text == text.strip()
    if plain and text.casefold() not in _YAML_WORDS:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped)
    return f'"{shown}"'

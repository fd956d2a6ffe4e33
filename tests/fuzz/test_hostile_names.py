"""Names and notes that would move a terminal, run in a spreadsheet or pass for another's."""

import csv
import io
import json
import re

import pytest

from fuzz.test_command_line import TERMINAL, Place
from fuzz.test_command_line import place as place  # the fixture

HOSTILE = {
    "markup": "An [/red][bold]n",
    "escape": "An\x1b[31m\x1b]0;owned\x07n",
    "c1": "An\x9b2Jn",
    "bidi": "An\u202egnp\u2066n",
    "zero": "A\u200bn\ufeffn\u00ad",
    "separators": "An\u2028n\x85\x0b\x0c\x1cn",
    "tab": "An\tn",
    "lines": "An\r\nforged  1  100.00\nn",
    "formula": "=cmd|' /C calc'!A0",
    "fullwidth": "＝cmd|' /C calc'!A0",
    "emoji": "👩‍👩‍👧‍👦 \U0001f1e8\U0001f1f3",
    "combining": "A" + "\u0301" * 300,
    "braces": "{0} {name} %s %(x)s",
    "pipe": "a|b`c*d_e<script>alert(1)</script>",
    "digits": "١٢٣ 𝟙２٣ ½",
    "nfd": "Jose\u0301 Nu\u0301n\u0303ez",
}
# What no csv and no JSON holds as it is: all that moves a terminal or reorders a line, line feeds excepted.
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
READ = [
    ["rank", "2026-W46"],
    ["show", "e-ann", "--week", "2026-W46"],
    ["why", "e-ann", "--week", "2026-W46"],
    ["log", "--week", "2026-W46"],
    ["status", "--week", "2026-W46"],
    ["member", "list"],
    ["check"],
]
FORMATS = ["table", "json", "csv", "md"]


def quoted(text: str) -> str:
    """The text as YAML between double quotes, what is not ASCII as its code."""
    return '"' + "".join(f"\\U{ord(c):08X}" for c in text) + '"'


def with_name(place: Place, name: str) -> None:
    """The book, with e-ann called so, and a note of hers that says the same."""
    place.fresh()
    path = place.book / "branches" / "east.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("name: Ann Berg", f"name: {quoted(name)}"), "utf-8")


@pytest.mark.parametrize("kind", HOSTILE)
def test_names_and_notes_move_nothing_and_stay_exact(place: Place, kind: str) -> None:
    name = HOSTILE[kind]
    with_name(place, name)
    event = ["-e", f"e-ann hazard-closed x1 seen {name}", "--evidence", name, "--as", "w-hal"]
    code, printed = place.run(["score", "--week", "2026-W46", "--branch", "east", *event])
    assert not TERMINAL.search(printed), repr(printed)
    assert code == 0 or "longer than" in printed, printed
    for words in READ:
        for form in FORMATS:
            if words == ["check"] and form != "json":
                continue
            code, printed = place.run([*words, "--format", form])
            assert code in (0, 1, 2), printed
            if form in ("table", "md"):
                assert not TERMINAL.search(printed), (words, repr(printed))
                assert "\nforged" not in printed
            if form == "json" and code == 0:
                assert not RAW.search(place.data), (words, repr(place.data))
                json.loads(place.data)
            if form == "csv" and code == 0:
                assert not RAW.search(place.data.replace("\r\n", "\n")), (words, repr(place.data))
                for row in csv.reader(io.StringIO(place.data, newline="")):
                    for cell in row:
                        assert not re.match(r"[=@\t\r\n＝＠]", cell), (words, cell)
    place.run(["show", "e-ann", "--week", "2026-W46", "--format", "json"])
    texts = set(strings(json.loads(place.data)))
    assert name in texts, texts


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_csv_sheet_with_any_name_and_note_is_plain_text_and_read_back(
    place: Place, kind: str
) -> None:
    """Also one that is written out with what was recorded: it holds nothing new."""
    with_name(place, HOSTILE[kind])
    out = io.StringIO(newline="")
    heading = ["姓名", "评分项", "说明", "佐证"]
    row = ["e-ann", "quality.first-pass", f"seen {HOSTILE[kind]}"[:200], "7"]
    csv.writer(out).writerows([["East 2026-W47"], heading, row])
    (place.book / "week.csv").write_text(out.getvalue(), "utf-8", newline="")
    code, printed = place.run(["score", "week.csv", "--branch", "east", "--as", "w-hal"])
    assert code == 0, printed
    for form in ("long", "grid"):
        words = ["sheet", "--week", "2026-W47", "--branch", "east", "--form", form]
        words += ["--format", "csv", "-o", f"{form}.csv", *(["--filled"] * (form == "long"))]
        code, printed = place.run(words)
        assert code == 0, printed
        text = (place.book / f"{form}.csv").read_text("utf-8-sig")
        assert not RAW.search(text.replace("\r\n", "\n")), repr(text)
    code, printed = place.run(["score", "long.csv", "--branch", "east", "--as", "w-hal"])
    assert code == 0 and "holds all of it already" in printed, printed


def strings(node: object) -> list[str]:
    if isinstance(node, dict):
        return [t for value in node.values() for t in strings(value)]
    if isinstance(node, list):
        return [t for value in node for t in strings(value)]
    return [node] if isinstance(node, str) else []


LOOKS = {
    "full-width": ("王 AB1", "王ＡＢ１"),
    "composed": ("Jos\u00e9 N", "Jose\u0301 N"),
    "zero width": ("Joe Long", "Joe\u200b Lo\u200dng\ufeff"),
    "soft hyphen": ("Joe Long", "Joe Lo\u00adng"),
    "bidi": ("Joe Long", "Joe \u202aLong\u202c"),
    "case and blanks": ("Joe Long", "JOE  long"),
    "variation": ("葛 一", "葛\ufe00 一"),
}


@pytest.mark.parametrize("kind", LOOKS)
def test_names_that_look_alike_are_found_or_asked_about(place: Place, kind: str) -> None:
    """One person under either form; two people with one form each are never mixed up in silence."""
    plain, alike = LOOKS[kind]
    with_name(place, plain)
    code, printed = place.run(["show", alike, "--week", "2026-W46", "--format", "json"])
    assert code == 0, printed
    path = place.book / "branches" / "east.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("name: Bob Chen", f"name: {quoted(alike)}"), "utf-8")
    for asked in (plain, alike):
        event = ["-e", f'"{asked}" safety.hazard-closed x1', "--evidence", "7", "--as", "w-hal"]
        score = ["score", "--week", "2026-W46", "--branch", "east", *event]
        for words in (["show", asked, "--week", "2026-W46"], score):
            code, printed = place.run(words)
            assert code == 1, printed
            assert "e-ann" in printed and "e-bob" in printed
            assert not TERMINAL.search(printed)


@pytest.mark.parametrize("digits", ["２", "٢", "𝟚", "²", "२", "Ⅱ", "二"])
def test_look_alike_digits_count_as_what_they_are_or_are_refused(place: Place, digits: str) -> None:
    place.fresh()
    event = [
        "-e",
        f"e-ann safety.hazard-closed x{digits}",
        "--evidence",
        "7",
        "--as",
        "w-hal",
        "--dry-run",
    ]
    words = ["score", "--week", "2026-W46", "--branch", "east", *event]
    code, printed = place.run(words)
    assert code == 1 or (code == 0 and "Ann Berg: 100 -> 102" in printed), printed


@pytest.mark.parametrize(
    "id", ["ｅ-ann", "e-аnn", "e-ann\u200b", "é", "١", "e_ann", "E-Ann", "con"]
)
def test_ids_are_plain_ascii(place: Place, id: str) -> None:
    place.fresh()
    path = place.book / "branches" / "east.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("id: e-dan", f"id: {json.dumps(id)}"), "utf-8")
    code, printed = place.run(["check"])
    assert code == 1 and "branches/east.yaml:" in printed, printed
    assert not TERMINAL.search(printed)


def test_a_name_of_500_characters_and_a_longer_one(place: Place) -> None:
    with_name(place, "七" * 500)
    assert place.run(["rank", "2026-W46"])[0] == 0
    with_name(place, "七" * 501)
    code, printed = place.run(["rank", "2026-W46"])
    assert code == 1 and "longer than 500 characters" in printed


def test_lone_surrogates_are_refused_or_shown_as_codes(place: Place) -> None:
    place.fresh()
    bad = "x\udc80\ud800"
    before = place.state()
    lines = [
        ["score", "--week", "2026-W46", "-e", "e-ann hazard-closed", "--evidence", bad],
        ["score", "--week", "2026-W46", "--branch", "east", "-e", f"e-ann hazard-closed {bad}"],
        ["exempt", "e-dan", "--week", "2026-W46", bad],
        ["void", "f91d600300a98c31.2", "--reason", bad],
        ["show", bad, "--format", "json"],
        ["log", "--subject", bad, "--format", "json"],
        ["member", "add", bad, "--branch", "east"],
        ["rank", "2026-W46", "--format", bad],
    ]
    for words in lines:
        code, printed = place.run(words)
        assert code in (1, 2), (words, printed)
        assert not TERMINAL.search(printed)
        assert place.state() == before, words

"""The JSON Schemas that are committed are those of the models, and the example book keeps to them."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from qibi.book.schemas import as_text, schemas
from qibi.book.yaml import Document, parse

TOP = Path(__file__).parents[2]
EXAMPLE = TOP / "ledgers" / "example"
MODELINE = "# yaml-language-server: $schema="
FILES = sorted(EXAMPLE.rglob("*.yaml"))


@pytest.mark.parametrize("name", schemas())
def test_a_committed_schema_is_that_of_the_model(name: str) -> None:
    assert (TOP / "schemas" / f"{name}.schema.json").read_text("utf-8") == as_text(schemas()[name])


def test_no_other_schema_is_committed() -> None:
    assert {p.name for p in (TOP / "schemas").iterdir()} == {f"{n}.schema.json" for n in schemas()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_names_its_schema_and_keeps_to_it(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    assert first.startswith(MODELINE)
    schema = json.loads((path.parent / first.removeprefix(MODELINE)).resolve().read_text("utf-8"))
    document = parse(path.name, path.read_bytes())
    assert isinstance(document, Document)
    assert not list(Draft202012Validator(schema).iter_errors(document.data))


def test_a_schema_refuses_what_the_model_refuses() -> None:
    validator = Draft202012Validator(schemas()["branch"])
    assert list(validator.iter_errors({"id": "east", "members": [{"id": "a", "untit": "owner"}]}))
    assert list(validator.iter_errors({"id": "East"}))

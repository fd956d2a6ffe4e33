"""JSON Schemas of the YAML files, made from the models, so that an editor completes and checks."""

from typing import Any

import msgspec
from pydantic import TypeAdapter

from qibi.book import models
from qibi.book.fleet import FleetFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Schema name (`book`, `scheme`, `branch`, `plan`, `layout`, `names`, `fleet`): its JSON Schema."""
    adapters: dict[str, TypeAdapter[Any]] = {
        "book": TypeAdapter(models.BookFile),
        "scheme": TypeAdapter(models.SchemeFile),
        "branch": TypeAdapter(models.BranchFile),
        "plan": TypeAdapter(models.PlanFile),
        "layout": TypeAdapter(models.LayoutFile),
        "names": TypeAdapter(dict[models.Id, models.Name]),
        "fleet": TypeAdapter(FleetFile),
    }
    return {
        name: {"$schema": DIALECT, "title": f"qibi {name}", **_tidy(adapter.json_schema())}
        for name, adapter in adapters.items()
    }


def as_text(schema: dict[str, Any]) -> str:
    """A schema as it is written to a file."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def _tidy(node: Any) -> Any:
    """Pydantic's defaults of optional fields are None, which no YAML file should be told to write."""
    if isinstance(node, list):
        return [_tidy(n) for n in node]
    if not isinstance(node, dict):
        return node
    node = {k: _tidy(v) for k, v in node.items() if not (k == "default" and v is None)}
    options = [n for n in node.get("anyOf", ()) if n != {"type": "null"}]
    if options and len(options) < len(node["anyOf"]):
        node.pop("anyOf")
        node |= options[0] if len(options) == 1 else {"anyOf": options}
    if "title" in node and "type" in node and node["type"] != "object":
        node.pop("title")
    return node

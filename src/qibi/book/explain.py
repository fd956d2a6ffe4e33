"""What Pydantic's errors mean, and what to do about them, for the person who wrote the file."""

from typing import Any

from qibi.base.language import _, listing


def explain(error: dict[str, Any], candidates: list[str], closest: str | None) -> str:
    """What one of Pydantic's errors means, and what to do, for the person who wrote the file."""
    kind, context, value = error["type"], error.get("ctx", {}), error.get("input")
    if kind == "extra_forbidden":
        if closest:
            return _("unknown field '{field}'; did you mean '{closest}'?").format(
                field=error["loc"][-1], closest=closest
            )
        return _("unknown field '{field}'; take it out, or use one of: {known}").format(
            field=error["loc"][-1], known=listing(candidates)
        )
    if kind == "missing":
        return _("'{field}' is missing; add it").format(field=error["loc"][-1])
    if kind == "literal_error":
        expected = context.get("expected", "").replace(" or ", ", ").replace("'", "")
        message = _("'{value}' is not one of: {expected}").format(value=value, expected=expected)
        if closest:
            message += _("; did you mean '{closest}'?").format(closest=closest)
        return message
    known = {
        "week": _("'{value}' is not a week; write it as 2026-W41"),
        "date": _("'{value}' is not a date; write it as 2026-10-09"),
        "days": _("'{value}' is not a number of days; write it as 3d"),
        "points_type": _("'{value}' is not a number; write points as 1, -2 or 0.5"),
        "points": _("{value} can't be points; at most two decimals, from -9999.99 to 9999.99"),
        "id_reserved": _("Windows reserves the name '{value}'; choose another id"),
        "string_pattern_mismatch": _(
            "'{value}' is not an id; use lower-case letters, digits and hyphens, at most 64"
        ),
        "string_type": _("text is expected here, not {value}; put it in quotes"),
        "string_too_short": _("the text is empty; write something or take the field out"),
        "string_too_long": _("the text is longer than 500 characters; shorten it"),
        "list_type": _("a list is expected here, not {value}"),
        "dict_type": _("fields are expected here (name: value), not {value}"),
        "model_type": _("fields are expected here (name: value), not {value}"),
        "veto": _("a veto has exactly one of: criterion, total, total_at_most"),
        "name_empty": _("a name needs zh or en"),
        "too_short": _("too few; at least {min_length} are needed"),
        "bool_type": _("true or false is expected here, not {value}"),
        "bool_parsing": _("true or false is expected here, not {value}"),
        "int_type": _("a whole number is expected here, not {value}"),
        "int_parsing": _("a whole number is expected here, not {value}"),
        "int_from_float": _("a whole number is expected here, not {value}"),
        "float_type": _("a number is expected here, not {value}"),
        "float_parsing": _("a number is expected here, not {value}"),
        "greater_than": _("{value} is too small; it must be more than {gt}"),
        "greater_than_equal": _("{value} is too small; it must be at least {ge}"),
        "less_than_equal": _("{value} is too large; it must be at most {le}"),
    }
    text = known.get(kind)
    if text is None:
        return str(error["msg"])
    shown = value if len(str(value)) <= 60 else f"{str(value)[:60]}…"
    return text.format(value=shown, **{k: v for k, v in context.items() if k != "value"})

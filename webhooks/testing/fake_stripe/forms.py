"""Form-encoded parameters as Stripe's clients send them: `items[0][price]=…`, `expand[]=…`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from webhooks.testing.fake_stripe.problems import invalid
from webhooks.testing.fake_stripe.shapes import Json

PART = re.compile(r"\[([^\]]*)\]")


def parse(encoded: str) -> Json:
    """Return the parameters as nested JSON; every leaf is a string."""
    tree: Json = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        head, *_ = name.split("[", 1)
        place = tree
        path = [head, *PART.findall(name)]
        for part in path[:-1]:
            # `[]` is the next place of a list; a place that holds a text can't hold more.
            inner = place.setdefault(part or str(len(place)), {})
            if not isinstance(inner, dict):
                raise invalid("Invalid parameters.", code="parameter_invalid", param=head)
            place = inner
        place[path[-1] or str(len(place))] = value
    return {name: _as_list(value) for name, value in tree.items()}


def _as_list(value: object) -> object:
    if not isinstance(value, dict):
        return value
    inner = {key: _as_list(part) for key, part in value.items()}
    # Stripe's clients number the members of lists: `items[0]`. Metadata whose keys are all numbers
    # would be taken for one.
    if inner and all(key.isdecimal() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def number(params: Json, name: str) -> int | None:
    """Return a whole number, or None when it isn't given. Raises `ApiError`."""
    value = params.get(name)
    if value in (None, ""):
        return None
    # `int` would take blanks, underscores and other scripts' digits, which Stripe refuses.
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise invalid(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def truth_value(params: Json, name: str) -> bool | None:
    """Return a boolean, or None when it isn't given. Raises `ApiError`."""
    value = params.get(name)
    if value in (None, ""):
        return None
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", code="parameter_invalid", param=name)
    return bool(value == "true")


def metadata(params: Json, known: Json) -> Json:
    """Merge metadata: given keys are set, empty ones removed, an empty whole clears it."""
    given = params.get("metadata")
    if given is None:
        return known
    if given == "":
        return {}
    return {key: value for key, value in (known | dict(given)).items() if value != ""}


def plain(params: Json, names: tuple[str, ...]) -> Json:
    """Return the parameters among these that are given, as keys of an object."""
    # An empty string unsets.
    return {name: params[name] or None for name in names if name in params}


def tags(params: Json) -> dict[str, Any]:
    """Return the metadata of a new object, as a key of it."""
    return {"metadata": metadata(params, {})}


def items(params: Json, name: str, *, needed: bool) -> list[tuple[str, int]]:
    """Return prices (id, quantity). Raises `ApiError`."""
    given = params.get(name) or []
    if needed and not given:
        raise invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    wanted = []
    for index, item in enumerate(given):
        if not isinstance(item, dict) or not item.get("price"):
            param = f"{name}[{index}][price]"
            raise invalid(
                f"Missing required param: {param}.", code="parameter_missing", param=param
            )
        quantity = number(item, "quantity")
        wanted.append((item["price"], 1 if quantity is None else quantity))
    return wanted

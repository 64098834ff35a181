"""JSON that others wrote, read within bounds.

Time and memory are bounded by the size of the text, whoever wrote it: nothing here, or in the
parser below it, takes longer than in proportion to it. What was read can be computed with and
written as JSON again. Its text may still hold NUL and lone surrogates, which no database takes.
"""

import json
import re
import sys
from typing import Any, Final

MAX_DEPTH: Final = 100
"""The deepest nesting of objects and lists; the payloads that providers document have about ten."""

MAX_VALUES: Final = 250_000
"""The most values there may be: small ones take up thirty times the memory that their text does."""

MAX_DIGITS: Final = 4300
"""The most digits of a number. Reading a whole number takes the square of that, so that Python
itself sets this limit; but there, the environment can lift it."""

_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)', re.DOTALL)


class NotJson(ValueError):
    """The text to be read isn't JSON, or not within bounds. The message tells none of it."""


def read(body: bytes) -> Any:
    """Return the value that a body is, in UTF-8.

    A name that is given twice would mean one thing to us and another to others, so it is refused.
    A number beyond what a float holds is read as the largest that it does. Raises `NotJson`.
    """
    if _has_too_many_values(body):
        raise NotJson(f"The body has more than {MAX_VALUES} values.")
    try:
        value = _DECODER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise NotJson("The body is not JSON in UTF-8.") from error
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise NotJson(f"The body is nested more than {MAX_DEPTH} levels deep.")
    return value


def _has_too_many_values(body: bytes) -> bool:
    if _marks(body) < MAX_VALUES:
        return False
    # With a name for each value and a value that is text, there are two texts to one.
    most = 2 * MAX_VALUES
    rest, texts = _STRING.subn(b"", body, most)
    return texts == most or _marks(rest) >= MAX_VALUES


def _marks(body: bytes) -> int:
    """No fewer than there are values but one, unless it is no JSON anyway."""
    return body.count(b",") + body.count(b"{") + body.count(b"[")


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return depth


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        raise NotJson("A name is given twice.")
    return whole


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise NotJson("A number is too long.")
    return int(digits)


def _fraction(digits: str) -> float:
    if len(digits) > MAX_DIGITS:
        raise NotJson("A number is too long.")
    return max(-sys.float_info.max, min(float(digits), sys.float_info.max))


def _no_number(name: str) -> Any:
    raise NotJson(f"{name} is not JSON.")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unambiguous,
    parse_int=_whole,
    parse_float=_fraction,
    parse_constant=_no_number,
)

"""Input that a stranger, or a provider that is broken or no longer itself, might send.

`SUITE_EXAMPLES` is how many examples each test draws: the same ones in the suite, others when
there are more.
"""

import json
import os
from collections.abc import Callable
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Json = dict[str, Any]

IN_THE_SUITE: Final = 40
EXAMPLES: Final = int(os.environ.get("SUITE_EXAMPLES", IN_THE_SUITE))

INFINITE: Final = float("inf")
"""Written as a number that no float holds (see `as_body`)."""

SHARP: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, -0.0, 0.1, 1e308, -1e308, INFINITE, -INFINITE),
    *(2**31, 2**63 - 1, 2**63, -(2**63), 2**64, 10**18, 10**308, 10**400),
    *(253_402_300_799, 253_402_300_800, -62_135_596_800, -62_135_596_801, 1_700_000_000),
    *("", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "\u202e", "\U0001f600" * 255, "'--", "%s"),
    *("x" * 255, "x" * 256, "x" * 513, "x" * 70_000, "1e999", "NaN", "None", "../..", "{0.__x__}"),
    *("2016-12-31T23:59:60Z", "9999-12-31T23:59:60-14:00", "0001-01-01T00:00:00+14:00"),
    *([], {}, [None], [[]], {"id": None}, {"id": "x"}, {"data": []}, {"data": [{}] * 3}),
    *([{"id": "x"}] * 101, {"\0": "x"}, {"\ud800": 1}, {"": ""}, {"data": {"data": 1}}),
    *({str(number): "x" * 500 for number in range(200)}, {"__proto__": {"x": 1}}),
)
"""Values at the borders of what anything can hold."""

VALUES: Final = st.sampled_from(SHARP) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

HEADERS: Final = st.text(st.characters(), max_size=300) | st.from_regex(
    r"\A(t=[+-]?\d{0,20},?|v[01]=[0-9a-f]{0,70},?|[,= \x00-\xff]){0,8}\Z"
)
"""The characters that a header may hold, and more: not every server refuses the same."""


def drawn(**strategies: st.SearchStrategy[Any]) -> Callable[..., Callable[..., None]]:
    """Have a test tried with what is drawn."""
    chosen = settings(
        max_examples=EXAMPLES,
        deadline=None,
        # The suite must fail for a change and not by chance; the night draws others.
        derandomize=EXAMPLES == IN_THE_SUITE,
        # Nothing is remembered from one run for the next, so every run is alike; what to type to
        # have one failure again is printed with it.
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: chosen(given(**strategies)(test))


def as_body(value: Any) -> bytes:
    """Return JSON, in which an infinite number is one that is merely too large."""
    return json.dumps(value, separators=(",", ":")).replace("Infinity", "1e999").encode()


@st.composite
def spoiled(draw: st.DrawFn, whole: Any, *, most: int = 3) -> Any:
    """Return a value in which up to so many parts are gone, or something else, or doubled."""
    for _ in range(draw(st.integers(1, most))):
        whole = _spoil(draw, whole)
    return whole


def _spoil(draw: st.DrawFn, whole: Any) -> Any:
    # Mostly further down: what is spoiled at the top is refused before the rest is looked at.
    if isinstance(whole, dict) and whole and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(whole)))
        if not draw(st.integers(0, 9)):
            return {name: value for name, value in whole.items() if name != key}
        return {**whole, key: _spoil(draw, whole[key])}
    if isinstance(whole, list) and whole and draw(st.integers(0, 3)):
        place = draw(st.integers(0, len(whole) - 1))
        return [*whole[:place], _spoil(draw, whole[place]), *whole[place:]]
    return draw(VALUES)

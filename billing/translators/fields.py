"""Reads a provider's JSON: each value is of the type that was asked for, and can be stored.

A key that is absent is `UNKNOWN`, and null is None or an empty string. Whatever else is not as
asked raises `PermanentFailure`, which names the place and never the value: it may be anybody's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from billing.changes import UNKNOWN, Flag, Integer, Metadata, Moment, Text, Unknown
from webhooks import events
from webhooks.exceptions import PermanentFailure
from webhooks.monitoring.scrubbing import scrub_cards

BIGGEST: Final = 2**63 - 1
"""The largest integer that a database column holds."""

MOST: Final = 100
"""How many there may be in a list. No page of Stripe's lists is longer, and those within other
objects are shorter; each may become a row, so a longer one would keep a worker for minutes."""

MOST_PAIRS: Final = 1000
"""How many pairs of metadata there may be; Stripe has fifty."""

LONGEST: Final = 65_536
"""How many characters free text may have, and metadata altogether. What is said of an object is
kept some thirty times over (see `billing.ordering`) and compared, so it must not grow at will."""

_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the JSON, and what is there."""

    value: Any
    path: str = ""

    def __getitem__(self, key: str) -> "Node":
        """The place under a key. Under what is absent or null it is the same."""
        path = f"{self.path}.{key}" if self.path else key
        if self.value is None or self.value is UNKNOWN:
            return Node(self.value, path)
        if not isinstance(self.value, Mapping):
            raise _unexpected(self, "an object")
        return Node(self.value.get(key, UNKNOWN), path)

    def __iter__(self) -> Iterator["Node"]:
        """The places in a list; none in what is absent or null."""
        if self.value is None or self.value is UNKNOWN:
            return
        if not isinstance(self.value, list):
            raise _unexpected(self, "a list")
        if len(self.value) > MOST:
            raise _unexpected(self, f"a list of at most {MOST}")
        for number, value in enumerate(self.value):
            yield Node(value, f"{self.path}[{number}]")

    def __contains__(self, key: str) -> bool:
        return self[key].value is not UNKNOWN


def text(node: Node, *, limit: int = 255) -> Text:
    """Text of at most `limit` characters that a database can store."""
    value = node.value
    if value is UNKNOWN or value is None:
        return UNKNOWN if value is UNKNOWN else ""
    if not isinstance(value, str):
        raise _unexpected(node, "text")
    if len(value) > limit:
        raise _unexpected(node, f"at most {limit} characters")
    if _UNSTORABLE.search(value):
        raise _unexpected(node, "text without NUL or lone surrogates")
    return value


def prose(node: Node) -> Text:
    """Text that people write, without the card numbers that they put anywhere."""
    told = text(node, limit=LONGEST)
    return told if told is UNKNOWN else scrub_cards(told)


def integer(node: Node) -> Integer:
    """A whole number that fits a database column; money is in minor units."""
    value = node.value
    if value is UNKNOWN or value is None:
        return UNKNOWN if value is UNKNOWN else None
    # In Python, true and false are integers as well.
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > BIGGEST:
        raise _unexpected(node, "an integer of at most 64 bits")
    return value


def boolean(node: Node) -> Flag:
    """True or false."""
    value = node.value
    if value is UNKNOWN or value is None:
        return UNKNOWN if value is UNKNOWN else None
    if not isinstance(value, bool):
        raise _unexpected(node, "true or false")
    return value


def moment(node: Node) -> Moment:
    """A moment, in UTC, from whole seconds since 1970."""
    seconds = integer(node)
    if seconds is UNKNOWN or seconds is None:
        return seconds
    found = events.moment(seconds)
    if found is None:
        raise _unexpected(node, "a time in seconds since 1970")
    return found


def reference(node: Node) -> Text:
    """The id of an object that is named, or given whole."""
    if not isinstance(node.value, Mapping):
        return text(node)
    identifier = text(node["id"])
    if not identifier or identifier is UNKNOWN:
        raise _unexpected(node, "an object with an id")
    return identifier


def metadata(node: Node) -> Metadata:
    """Whatever pairs of text somebody has attached to an object."""
    pairs = node.value
    if pairs is UNKNOWN or pairs is None:
        return UNKNOWN if pairs is UNKNOWN else {}
    if not isinstance(pairs, Mapping):
        raise _unexpected(node, "an object")
    if len(pairs) > MOST_PAIRS:
        raise _unexpected(node, f"at most {MOST_PAIRS} pairs")
    told = {_any_text(key, node): _any_text(value, node) for key, value in pairs.items()}
    if sum(len(key) + len(value) for key, value in told.items()) > LONGEST:
        raise _unexpected(node, f"at most {LONGEST} characters")
    return told


def first(*candidates: Text) -> Text:
    """The first that says something, else one that says there is nothing, else `UNKNOWN`."""
    for candidate in candidates:
        if candidate is not UNKNOWN and candidate:
            return candidate
    return "" if "" in candidates else UNKNOWN


def known(value: Value | Unknown, otherwise: Value) -> Value:
    """The value, or another one where it is `UNKNOWN`."""
    return otherwise if value is UNKNOWN else value


def _any_text(value: Any, within: Node) -> str:
    # The place is that of the whole: a key that somebody made up is as private as its value.
    return known(prose(Node(value, within.path)), "")


def _unexpected(node: Node, expected: str) -> PermanentFailure:
    return PermanentFailure(f"{node.path}: expected {expected}")

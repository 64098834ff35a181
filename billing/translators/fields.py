"""Reads a provider's JSON: each value is of the type expected, and can be stored.

An absent key is `UNKNOWN`, and null is None or an empty string. Anything else that is not as
expected raises `PermanentFailure`, which names the path and never the value: that may be personal.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from billing.changes import UNKNOWN, Flag, Integer, Metadata, Text, Unknown
from webhooks.database.text import is_storable
from webhooks.exceptions import PermanentFailure
from webhooks.monitoring.scrubbing import mask_cards

BIGGEST: Final = 2**63 - 1
"""The largest integer that a database column holds."""

MOST: Final = 100
"""The most items in a list. No page of Stripe's lists is longer, and those within other
objects are shorter; each may become a row, so a longer one would keep a worker for minutes."""

MOST_LISTED: Final = 500
"""The most entries of a list that was fetched to its end, page by page."""

MOST_PAIRS: Final = 1000
"""The most pairs of metadata; Stripe has fifty."""

LONGEST: Final = 65_536
"""The most characters of free text, and of metadata altogether. Some thirty snapshots of an
object are kept and compared (see `billing.ordering`), so they must not grow at will."""


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Node:
    """A value in the JSON, with its path."""

    value: Any
    path: str = ""

    def __getitem__(self, key: str) -> "Node":
        """Return the value under a key. Under an absent one or null it is the same."""
        path = f"{self.path}.{key}" if self.path else key
        if self.value is None or self.value is UNKNOWN:
            return Node(self.value, path)
        if not isinstance(self.value, Mapping):
            raise unexpected(self, "an object")
        return Node(self.value.get(key, UNKNOWN), path)

    def __iter__(self) -> Iterator["Node"]:
        """Yield the values in a list of at most `MOST`; none where it is absent or null."""
        return self.up_to(MOST)

    def up_to(self, most: int) -> Iterator["Node"]:
        """Yield the values in a list of at most so many; none where it is absent or null."""
        if self.value is None or self.value is UNKNOWN:
            return
        if not isinstance(self.value, list):
            raise unexpected(self, "a list")
        if len(self.value) > most:
            raise unexpected(self, f"a list of at most {most}")
        for number, value in enumerate(self.value):
            yield Node(value, f"{self.path}[{number}]")

    def __contains__(self, key: str) -> bool:
        return self[key].value is not UNKNOWN


def text(node: Node, *, limit: int = 255) -> Text:
    """Return text of at most `limit` characters that a database can store."""
    value = node.value
    if value is UNKNOWN or value is None:
        return UNKNOWN if value is UNKNOWN else ""
    if not isinstance(value, str):
        raise unexpected(node, "text")
    if len(value) > limit:
        raise unexpected(node, f"at most {limit} characters")
    if not is_storable(value):
        raise unexpected(node, "text without NUL or lone surrogates")
    return value


def prose(node: Node) -> Text:
    """Return text that people write, without the card numbers that they put anywhere."""
    written = text(node, limit=LONGEST)
    return written if written is UNKNOWN else mask_cards(written)


def word(node: Node, ours: Mapping[str, str]) -> Text:
    """Return a provider's word as ours; one that is in no table as it is, in small letters."""
    theirs = text(node)
    if theirs is UNKNOWN:
        return UNKNOWN
    return ours.get(theirs.lower(), theirs.lower())


def currency(node: Node) -> Text:
    """Return a currency's code, in small letters as it is stored."""
    return word(node, {})


def identity(node: Node) -> str:
    """Return an object's id, a text or a whole number. Raises `PermanentFailure` without one."""
    found = known(text(node), "") if isinstance(node.value, str) else known(integer(node), None)
    if found in ("", None):
        raise unexpected(node, "an id")
    return str(found)


def named(node: Node) -> Text:
    """Return the id of another object, a text or a whole number; empty where there is none."""
    return text(node) if node.value is UNKNOWN or node.value is None else identity(node)


def integer(node: Node) -> Integer:
    """Return a whole number that fits a database column; money is in minor units."""
    value = node.value
    if value is UNKNOWN or value is None:
        return UNKNOWN if value is UNKNOWN else None
    # In Python, true and false are integers as well.
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > BIGGEST:
        raise unexpected(node, "an integer of at most 64 bits")
    return value


def boolean(node: Node) -> Flag:
    """Return true or false."""
    value = node.value
    if value is UNKNOWN or value is None:
        return UNKNOWN if value is UNKNOWN else None
    if not isinstance(value, bool):
        raise unexpected(node, "true or false")
    return value


def reference(node: Node) -> Text:
    """Return the id of an object that is named, or expanded in place."""
    if not isinstance(node.value, Mapping):
        return text(node)
    identifier = text(node["id"])
    if not identifier or identifier is UNKNOWN:
        raise unexpected(node, "an object with an id")
    return identifier


def metadata(node: Node) -> Metadata:
    """Return the pairs of text that somebody has attached to an object."""
    pairs = node.value
    if pairs is UNKNOWN or pairs is None:
        return UNKNOWN if pairs is UNKNOWN else {}
    if not isinstance(pairs, Mapping):
        raise unexpected(node, "an object")
    # Before the pairs are read, each of which costs a look for card numbers.
    if len(pairs) > MOST_PAIRS:
        raise unexpected(node, f"at most {MOST_PAIRS} pairs")
    found = {_any_text(key, node): _any_text(value, node) for key, value in pairs.items()}
    if sum(len(key) + len(value) for key, value in found.items()) > LONGEST:
        raise unexpected(node, f"at most {LONGEST} characters")
    return found


def attached(node: Node) -> Metadata:
    """Return the pairs that somebody has attached to an object, of any JSON: what is no text is
    written as JSON."""
    pairs = node.value
    # Some providers have an empty list where there are none.
    if pairs == []:
        return {}
    if isinstance(pairs, Mapping) and len(pairs) <= MOST_PAIRS:
        texts = {
            key: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
            for key, value in pairs.items()
        }
        return metadata(Node(texts, node.path))
    return metadata(node)


def first(*candidates: Text) -> Text:
    """Return the first text that is known and not empty; else an empty one, else `UNKNOWN`."""
    for candidate in candidates:
        if candidate is not UNKNOWN and candidate:
            return candidate
    return "" if "" in candidates else UNKNOWN


def known(value: Value | Unknown, otherwise: Value) -> Value:
    """Return the value, or another one where it is `UNKNOWN`."""
    return otherwise if value is UNKNOWN else value


def _any_text(value: Any, within: Node) -> str:
    # The path is that of the whole: a key that somebody made up is as private as its value.
    return known(prose(Node(value, within.path)), "")


def unexpected(node: Node, expected: str) -> PermanentFailure:
    """Return the error for a value that is not as expected; it tells the place, and no value."""
    return PermanentFailure(f"{node.path}: expected {expected}")

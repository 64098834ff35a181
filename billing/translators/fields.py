"""Reads a provider's JSON: each value is of the type expected, and can be stored.

An absent key is `UNKNOWN`, and null is None or an empty string. Anything else that is not as
expected raises `PermanentFailure`, which names the path and never the value: that may be personal.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from billing.changes import UNKNOWN, Flag, Integer, Metadata, Moment, Text, Unknown
from billing.currencies import exponent
from webhooks import events
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


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# No more digits than a column's number has, so that scaling them is exact.
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{1,8})?", re.ASCII)

_EXACT: Final = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,12})?", re.ASCII)
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)

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
            raise _unexpected(self, "an object")
        return Node(self.value.get(key, UNKNOWN), path)

    def __iter__(self) -> Iterator["Node"]:
        """Yield the values in a list of at most `MOST`; none where it is absent or null."""
        return self.up_to(MOST)

    def up_to(self, most: int) -> Iterator["Node"]:
        """Yield the values in a list of at most so many; none where it is absent or null."""
        if self.value is None or self.value is UNKNOWN:
            return
        if not isinstance(self.value, list):
            raise _unexpected(self, "a list")
        if len(self.value) > most:
            raise _unexpected(self, f"a list of at most {most}")
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
        raise _unexpected(node, "text")
    if len(value) > limit:
        raise _unexpected(node, f"at most {limit} characters")
    if not is_storable(value):
        raise _unexpected(node, "text without NUL or lone surrogates")
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
        raise _unexpected(node, "an id")
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
        raise _unexpected(node, "an integer of at most 64 bits")
    return value


def decimal(node: Node) -> Text:
    """Return a decimal number as text, from a text or a number of JSON's; no more digits than a
    column's."""
    value = node.value
    if value is UNKNOWN or value is None:
        return UNKNOWN if value is UNKNOWN else ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _unexpected(node, "a decimal number")
    # The shortest text of a float is the one that it was read from.
    written = value if isinstance(value, str) else f"{Decimal(str(value)):f}"
    if not _EXACT.fullmatch(written):
        raise _unexpected(node, "a decimal number")
    return written


def whole_number(node: Node) -> Integer:
    """Return a whole number that is written as text; money is in minor units."""
    written = text(node)
    if written is UNKNOWN or not written:
        return UNKNOWN if written is UNKNOWN else None
    if not _WHOLE.fullmatch(written):
        raise _unexpected(node, "a whole number, as text")
    return integer(Node(int(written), node.path))


def boolean(node: Node) -> Flag:
    """Return true or false."""
    value = node.value
    if value is UNKNOWN or value is None:
        return UNKNOWN if value is UNKNOWN else None
    if not isinstance(value, bool):
        raise _unexpected(node, "true or false")
    return value


def moment(node: Node) -> Moment:
    """Return a moment in UTC, from whole seconds since 1970."""
    seconds = integer(node)
    if seconds is UNKNOWN or seconds is None:
        return seconds
    found = events.moment(seconds)
    if found is None:
        raise _unexpected(node, "a time in seconds since 1970")
    return found


def instant(node: Node) -> Moment:
    """Return a moment in UTC, from ISO 8601; one without a time zone is in UTC."""
    written = text(node)
    if written is UNKNOWN or not written:
        return UNKNOWN if written is UNKNOWN else None
    try:
        said = datetime.fromisoformat(written.upper())
        found = said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise _unexpected(node, "a time in ISO 8601") from error
    if events.moment(found.timestamp()) is None:
        raise _unexpected(node, "a time in ISO 8601")
    return found


def microseconds(node: Node) -> int | None:
    """Return a moment in ISO 8601 as microseconds since 1970, for a revision; None without one."""
    found = known(instant(node), None)
    return None if found is None else (found - _EPOCH) // timedelta(microseconds=1)


def decimal_minor(node: Node, currency: Text) -> Integer:
    """Return an amount in minor units, exactly, from decimal text such as `10.00`.

    `currency` is its code in lower case. A number of JSON's is no such text: it may have been
    rounded. Refuses more decimals than the currency has, unless they are zeros.
    """
    written = text(node, limit=40)
    if written is UNKNOWN or not written:
        return UNKNOWN if written is UNKNOWN else None
    if not _DECIMAL.fullmatch(written):
        raise _unexpected(node, "an amount in decimals")
    if currency is UNKNOWN or not currency:
        raise _unexpected(node, "an amount with a currency")
    units = Decimal(written).scaleb(exponent(currency))
    if units != units.to_integral_value() or abs(units) > BIGGEST:
        raise _unexpected(node, f"an amount in {exponent(currency)} decimals")
    return int(units)


def reference(node: Node) -> Text:
    """Return the id of an object that is named, or expanded in place."""
    if not isinstance(node.value, Mapping):
        return text(node)
    identifier = text(node["id"])
    if not identifier or identifier is UNKNOWN:
        raise _unexpected(node, "an object with an id")
    return identifier


def metadata(node: Node) -> Metadata:
    """Return the pairs of text that somebody has attached to an object."""
    pairs = node.value
    if pairs is UNKNOWN or pairs is None:
        return UNKNOWN if pairs is UNKNOWN else {}
    if not isinstance(pairs, Mapping):
        raise _unexpected(node, "an object")
    # Before the pairs are read, each of which costs a look for card numbers.
    if len(pairs) > MOST_PAIRS:
        raise _unexpected(node, f"at most {MOST_PAIRS} pairs")
    found = {_any_text(key, node): _any_text(value, node) for key, value in pairs.items()}
    if sum(len(key) + len(value) for key, value in found.items()) > LONGEST:
        raise _unexpected(node, f"at most {LONGEST} characters")
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


def _unexpected(node: Node, expected: str) -> PermanentFailure:
    return PermanentFailure(f"{node.path}: expected {expected}")

"""Reads amounts: in whole units, or as decimal text."""

import re
from decimal import Decimal
from typing import Final

from billing.changes import UNKNOWN, Integer, Text
from billing.currencies import exponent
from billing.translators.fields import BIGGEST, Node, integer, text, unexpected

# No more digits than a column's number has, so that scaling them is exact.
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{1,8})?", re.ASCII)
_EXACT: Final = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,12})?", re.ASCII)
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)


def decimal_minor(node: Node, currency: Text) -> Integer:
    """Return an amount in minor units, exactly, from decimal text such as `10.00`.

    `currency` is its code in lower case. A number of JSON's is no such text: it may have been
    rounded. Refuses more decimals than the currency has, unless they are zeros.
    """
    written = text(node, limit=40)
    if written is UNKNOWN or not written:
        return UNKNOWN if written is UNKNOWN else None
    if not _DECIMAL.fullmatch(written):
        raise unexpected(node, "an amount in decimals")
    if currency is UNKNOWN or not currency:
        raise unexpected(node, "an amount with a currency")
    units = Decimal(written).scaleb(exponent(currency))
    if units != units.to_integral_value() or abs(units) > BIGGEST:
        raise unexpected(node, f"an amount in {exponent(currency)} decimals")
    return int(units)


def whole_number(node: Node) -> Integer:
    """Return a whole number that is written as text; money is in minor units."""
    written = text(node)
    if written is UNKNOWN or not written:
        return UNKNOWN if written is UNKNOWN else None
    if not _WHOLE.fullmatch(written):
        raise unexpected(node, "a whole number, as text")
    return integer(Node(int(written), node.path))


def decimal(node: Node) -> Text:
    """Return a decimal number as text, from a text or a number of JSON's; no more digits than a
    column's."""
    value = node.value
    if value is UNKNOWN or value is None:
        return UNKNOWN if value is UNKNOWN else ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise unexpected(node, "a decimal number")
    # The shortest text of a float is the one that it was read from.
    written = value if isinstance(value, str) else f"{Decimal(str(value)):f}"
    if not _EXACT.fullmatch(written):
        raise unexpected(node, "a decimal number")
    return written

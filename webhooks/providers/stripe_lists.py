"""The lists within Stripe's objects, to their end: an object carries their first entries only."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

PATHS: Final[Mapping[str, tuple[str, str]]] = {
    "subscription": ("items", "/v1/subscription_items?subscription={}"),
    "charge": ("refunds", "/v1/refunds?charge={}"),
    "invoice": ("payments", "/v1/invoice_payments?invoice={}"),
}
"""By the type of an object, the list in it that may go on, and the path of that list."""

PAGE: Final = 100
"""The most entries that Stripe puts on a page."""

MOST: Final = 500
"""The most entries of a list. One that is longer keeps its `has_more`."""


def completed(
    object_type: str, subject: Mapping[str, Any], get: Callable[[str], Any]
) -> Mapping[str, Any]:
    """Return an object with the list in it to its end, or up to `MOST` entries.

    `get` returns the page at a path.
    """
    name, path = PATHS.get(object_type, ("", ""))
    listed = subject.get(name)
    if not isinstance(listed, Mapping) or listed.get("has_more") is not True:
        return subject
    own = path.format(quote(str(subject.get("id", "")), safe=""))
    entries, known = _by_id(listed), 0
    page: Mapping[str, Any] = listed
    # One that brings nothing new ends it, or the same page would be asked for again and again.
    while page.get("has_more") is True and known < len(entries) < MOST:
        known = len(entries)
        after = quote(next(reversed(entries)), safe="")
        page = get(f"{own}&limit={min(PAGE, MOST - known)}&starting_after={after}")
        entries |= _by_id(page)
    goes_on = page.get("has_more") is True
    return {**subject, name: {**listed, "data": list(entries.values()), "has_more": goes_on}}


def _by_id(page: Mapping[str, Any]) -> dict[str, Any]:
    listed = page.get("data")
    entries = listed if isinstance(listed, list) else []
    return {str(one["id"]): one for one in entries if isinstance(one, Mapping) and "id" in one}

"""Answers to GET requests: an object, a page of objects, references expanded."""

import operator
from collections.abc import Callable, Sequence

from webhooks.testing.fake_stripe.forms import number, truth_value
from webhooks.testing.fake_stripe.problems import invalid, missing
from webhooks.testing.fake_stripe.records import RecordedEvent
from webhooks.testing.fake_stripe.shapes import Json, copied
from webhooks.testing.fake_stripe.world import Account

# Stripe's own bounds: https://docs.stripe.com/api/events and https://docs.stripe.com/api/pagination
EVENT_DAYS = 30
MOST = 100
MOST_TYPES = 20

BOUNDS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}

REFERENCES = {
    "charge": "charge",
    "customer": "customer",
    "invoice": "invoice",
    "latest_charge": "charge",
    "latest_invoice": "invoice",
    "payment_intent": "payment_intent",
    "subscription": "subscription",
}


def shown(account: Account, kind: str, object_id: str) -> Json:
    """Return an object as the API answers it; of a deleted one, little more than the id."""
    subject = account.get(kind, object_id)
    if account.is_deleted(kind, object_id):
        return {"id": object_id, "object": kind, "deleted": True}
    return subject


def expanded(account: Account, subject: Json, names: Sequence[str]) -> Json:
    """Return the object with these references (dotted ones within others) spelled out."""
    # A copy: what is spelled out in one answer stays an id in the world.
    whole: Json = copied(subject)
    for name in names:
        _expand(account, whole, name, name)
    return whole


def _expand(account: Account, place: Json, path: str, name: str) -> None:
    head, _, rest = path.partition(".")
    if head == "payments" and place.get("object") == "invoice":
        links = [copied(one) for one in account.all("invoice_payment", invoice=place["id"])][::-1]
        place.setdefault("payments", page_of(links, "/v1/invoice_payments", more=False))
    elif head == "refunds" and place.get("object") == "charge":
        refunds = [copied(one) for one in account.all("refund", charge=place["id"])][::-1]
        place.setdefault("refunds", page_of(refunds, "/v1/refunds", more=False))
    elif head in REFERENCES and isinstance(place.get(head), str):
        place[head] = copied(shown(account, REFERENCES[head], place[head]))
    elif head not in place or not isinstance(place[head], dict | list | None):
        raise invalid(f"This property cannot be expanded ({name}).", param="expand")
    if rest:
        inner = place[head] if isinstance(place[head], list) else [place[head]]
        for each in inner:
            if isinstance(each, dict):
                _expand(account, each, rest, name)


def page_of(data: list[Json], url: str, *, more: bool) -> Json:
    """Return a list object."""
    return {"object": "list", "data": data, "has_more": more, "url": url}


def page(found: list[Json], params: Json, url: str) -> Json:
    """Return the page asked for, of objects that come oldest first; it shows the newest first."""
    limit = number(params, "limit")
    limit = 10 if limit is None else limit
    if not 1 <= limit <= MOST:
        message = "Invalid integer: limit must be between 1 and 100."
        raise invalid(message, code="parameter_invalid_integer", param="limit")
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise invalid("You may not use both `starting_after` and `ending_before`.")
    # Stripe lists the newest first, and pages with `ending_before` towards the newer ones.
    rows = found[::-1]
    if before:
        newer = rows[: _place(rows, before, "ending_before")]
        return page_of(newer[-limit:], url, more=len(newer) > limit)
    if after:
        rows = rows[_place(rows, after, "starting_after") + 1 :]
    return page_of(rows[:limit], url, more=len(rows) > limit)


def _place(rows: list[Json], cursor: str, param: str) -> int:
    for place, row in enumerate(rows):
        if row["id"] == cursor:
            return place
    refusal = missing("object", cursor)
    # A cursor that is unknown is a mistake in the request, so not 404.
    refusal.status, refusal.param = 400, param
    raise refusal


def within(params: Json) -> Callable[[int], bool]:
    """True if a time satisfies the parameter `created`. Raises `ApiError`."""
    given = params.get("created")
    if given is None:
        return lambda _: True
    if not isinstance(given, dict):
        exact = number(params, "created")
        return lambda moment: moment == exact
    for name in given:
        if name not in BOUNDS:
            message = f"Received unknown parameter: created[{name}]"
            raise invalid(message, code="parameter_unknown", param=f"created[{name}]")
    bounds = [(BOUNDS[name], number(given, name) or 0) for name in given]
    return lambda moment: all(holds(moment, bound) for holds, bound in bounds)


def events(account: Account, params: Json) -> Json:
    """Return a page of the account's events of the last 30 days."""
    kinds = params.get("types") or []
    # Stripe's own limits, which a caller that asks for all types at once would meet in production.
    if kinds and params.get("type"):
        raise invalid("You may only specify one of these parameters: type, types.")
    if len(kinds) > MOST_TYPES:
        raise invalid(f"You may only specify up to {MOST_TYPES} types.", param="types")
    kinds = kinds or ([params["type"]] if params.get("type") else [])
    delivered, is_wanted = truth_value(params, "delivery_success"), within(params)
    found = [
        recorded.rendered()
        for recorded in account.world.events
        if _is_visible(account, recorded)
        and (not kinds or any(_matches(recorded.event["type"], kind) for kind in kinds))
        and delivered in (None, recorded.pending == 0)
        and is_wanted(recorded.event["created"])
    ]
    return page(found, params, "/v1/events")


def event(account: Account, event_id: str) -> Json:
    """Return an event of the last 30 days. Raises `ApiError` (404)."""
    for recorded in account.world.events:
        if recorded.event["id"] == event_id and _is_visible(account, recorded):
            return recorded.rendered()
    raise missing("event", event_id)


def _matches(kind: str, wanted: str) -> bool:
    return kind == wanted or (wanted.endswith(".*") and kind.startswith(wanted[:-1]))


def _is_visible(account: Account, recorded: RecordedEvent) -> bool:
    event = recorded.event
    # A key sees the events of its own account and mode, and of no other.
    if (recorded.account, event["livemode"]) != (account.id, account.livemode):
        return False
    return bool(event["created"] >= account.now - EVENT_DAYS * 24 * 3600)

"""Objects in the shape of API version 2020-08-27, which real endpoints are still at."""

from collections.abc import Callable, Iterator
from typing import Protocol

from webhooks.testing.fake_stripe.shapes import Json, copied


class Objects(Protocol):
    """The part of an account that shapes read; the account itself imports this module."""

    def all(self, kind: str, **having: object) -> Iterator[Json]: ...

    def get(self, kind: str, object_id: str) -> Json: ...

    def has(self, kind: str, object_id: str) -> bool: ...


def old_shape(account: Objects, subject: Json) -> Json:
    """Return the object as it is now, in the old shape."""
    translate = _TRANSLATIONS.get(subject["object"])
    shape: Json = copied(subject)
    return translate(account, shape) if translate else shape


def _invoice(account: Objects, shape: Json) -> Json:
    parent = shape.pop("parent") or {}
    details = parent.get("subscription_details") or {}
    payment_intent = next(
        (
            link["payment"]["payment_intent"]
            for link in account.all("invoice_payment", invoice=shape["id"])
        ),
        None,
    )
    charge = None
    if payment_intent and account.has("payment_intent", payment_intent):
        charge = account.get("payment_intent", payment_intent)["latest_charge"]
    # Keys that came later than this version: a translator must not find them.
    for name in ("amount_overpaid", "confirmation_secret", "total_taxes", "customer_account"):
        shape.pop(name, None)
    for line in shape["lines"]["data"]:
        _old_line(line)
    return shape | {
        "application_fee_amount": None,
        "charge": charge,
        "discount": None,
        "paid": shape["status"] == "paid",
        "payment_intent": payment_intent,
        "quote": None,
        "subscription": details.get("subscription"),
        "tax": None,
        "total_tax_amounts": [],
        "transfer_data": None,
    }


def _old_line(line: Json) -> None:
    details = (line.pop("parent", None) or {}).get("subscription_item_details") or {}
    line.pop("pricing", None)
    line.pop("taxes", None)
    line |= {
        "proration": details.get("proration", False),
        "subscription": details.get("subscription"),
        "subscription_item": details.get("subscription_item"),
        "tax_amounts": [],
        "type": "subscription" if details.get("subscription") else "invoiceitem",
    }


def _subscription(_: Objects, shape: Json) -> Json:
    items = shape["items"]["data"]
    periods = [(item.pop("current_period_start"), item.pop("current_period_end")) for item in items]
    shape.pop("discounts")
    shape.pop("billing_mode")
    # With several items there was no one plan to name, and both keys were null.
    only = items[0] if len(items) == 1 else None
    return shape | {
        "current_period_end": max(end for _, end in periods),
        "current_period_start": min(start for start, _ in periods),
        "discount": None,
        "plan": copied(only["plan"]) if only else None,
        "quantity": only["quantity"] if only else None,
        "tax_percent": None,
    }


def _payment_intent(account: Objects, shape: Json) -> Json:
    # The newest first, as in every list of Stripe's.
    charges = list(account.all("charge", payment_intent=shape["id"]))[::-1]
    url = f"/v1/charges?payment_intent={shape['id']}"
    shape.pop("latest_charge")
    return shape | {
        "charges": _list([_charge(account, copied(charge)) for charge in charges], url),
        "invoice": _invoice_of(account, shape["id"]),
    }


def _charge(account: Objects, shape: Json) -> Json:
    refunds = list(account.all("refund", charge=shape["id"]))[::-1]
    return shape | {
        "destination": None,
        "dispute": next((d["id"] for d in account.all("dispute", charge=shape["id"])), None),
        "invoice": _invoice_of(account, shape["payment_intent"]),
        "order": None,
        "refunds": _list(copied(refunds), f"/v1/charges/{shape['id']}/refunds"),
    }


def _invoice_of(account: Objects, payment_intent: str | None) -> str | None:
    for link in account.all("invoice_payment"):
        if link["payment"]["payment_intent"] == payment_intent:
            invoice: str = link["invoice"]
            return invoice
    return None


def _list(data: list[Json], url: str) -> Json:
    return {
        "object": "list",
        "data": data,
        "has_more": False,
        "total_count": len(data),
        "url": url,
    }


_TRANSLATIONS: dict[str, Callable[[Objects, Json], Json]] = {
    "charge": _charge,
    "invoice": _invoice,
    "payment_intent": _payment_intent,
    "subscription": _subscription,
}

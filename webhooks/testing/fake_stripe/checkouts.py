"""Events in the life of checkout sessions, and of what comes out of them."""

from collections.abc import Sequence
from typing import Literal

from webhooks.testing.fake_stripe import (
    catalog,
    customers,
    payments,
    session_objects,
    subscriptions,
)
from webhooks.testing.fake_stripe.problems import invalid
from webhooks.testing.fake_stripe.shapes import Json, detailed
from webhooks.testing.fake_stripe.world import Account, happening

Mode = Literal["payment", "subscription", "setup"]


@happening
def create(
    account: Account,
    /,
    mode: Mode = "subscription",
    items: Sequence[tuple[str, int]] = (("price_monthly", 1),),
    *,
    for_payment: Json | None = None,
    for_subscription: Json | None = None,
    **details: object,
) -> Json:
    """Open a session for prices (id, quantity); `details` are keys of the object, the others of
    the payment intent or subscription that comes out of it. No event tells of it."""
    interval = "month" if mode == "subscription" else None
    prices = [(catalog.price(account, price, interval=interval), count) for price, count in items]
    amount = None if mode == "setup" else sum(p["unit_amount"] * n for p, n in prices)
    given = dict(for_subscription or {})
    # During a trial nothing is due at the checkout, whatever the prices.
    if given.get("trial_days"):
        amount = 0
    session = detailed(session_objects.checkout_session(account, mode, amount), details)
    if mode == "payment" and not session["customer"]:
        session["customer_creation"] = session["customer_creation"] or "if_required"
    cart = {"items": list(items), "for_payment": for_payment or {}, "for_subscription": given}
    account.world.carts[session["id"]] = cart
    return account.create(session)


@happening
def complete(account: Account, session: str, *, paid: bool = True) -> Json:
    """Let the customer go through with it; unless `paid`, the money is yet to come."""
    subject = _in_state(account, session, "open")
    cart = account.world.carts[session]
    email = subject["customer_email"] or "customer@example.com"
    customer = subject["customer"]
    # A single payment needs no customer; everything that goes on afterwards does.
    if not customer and (subject["mode"] != "payment" or subject["customer_creation"] == "always"):
        customer = customers.create(account, email=email)["id"]
    changes: Json = {"customer": customer, "customer_details": _details(email), "url": None}
    if subject["mode"] == "payment":
        changes["payment_intent"] = _pay(account, subject, customer, cart, paid)
    elif subject["mode"] == "subscription":
        changes |= _subscribe(account, customer, cart, paid)
    if paid and subject["payment_status"] == "unpaid":
        changes["payment_status"] = "paid"
    return account.change(subject, {**changes, "status": "complete"}, "checkout.session.completed")


@happening
def settle(account: Account, session: str, outcome: Literal["succeeded", "failed"]) -> Json:
    """Settle a payment that was yet to come."""
    subject = _in_state(account, session, "complete")
    if subject["payment_status"] != "unpaid":
        raise invalid(f"This session's payment status is {subject['payment_status']}.")
    payments.settle(account, intent_of(account, subject), outcome)
    paid = {"payment_status": "paid"} if outcome == "succeeded" else {}
    return account.change(subject, paid, f"checkout.session.async_payment_{outcome}")


@happening
def expire(account: Account, session: str) -> Json:
    """Close a session that nobody went through with."""
    subject = _in_state(account, session, "open")
    changes = {"status": "expired", "url": None}
    return account.change(subject, changes, "checkout.session.expired")


def _pay(account: Account, session: Json, customer: str | None, cart: Json, paid: bool) -> str:
    amount = session["amount_total"]
    intent = payments.create(account, amount, customer=customer, **cart["for_payment"])
    payments.confirm(account, intent["id"], "succeeded" if paid else "processing")
    intent_id: str = intent["id"]
    return intent_id


def _subscribe(account: Account, customer: str, cart: Json, paid: bool) -> Json:
    outcome: Literal["succeeded", "processing"] = "succeeded" if paid else "processing"
    subscription = subscriptions.create(
        account, customer, cart["items"], outcome=outcome, **cart["for_subscription"]
    )
    return {"invoice": subscription["latest_invoice"], "subscription": subscription["id"]}


def intent_of(account: Account, session: Json) -> str:
    """Return the payment intent that pays a session, its invoice's for a subscription."""
    # A session for a subscription has none of its own: the first invoice's takes the money.
    direct: str | None = session["payment_intent"]
    if direct:
        return direct
    link = next(account.all("invoice_payment", invoice=session["invoice"]))
    intent_id: str = link["payment"]["payment_intent"]
    return intent_id


def _details(email: str) -> Json:
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def _in_state(account: Account, session: str, status: str) -> Json:
    subject = account.get("checkout.session", session)
    if subject["status"] != status:
        raise invalid(f"This Session's status is {subject['status']}, not {status}.")
    return subject

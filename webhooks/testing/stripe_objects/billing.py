"""The objects that are billed by: customers, subscriptions, invoices, checkout sessions."""

import secrets
from typing import Any

from webhooks.testing.stripe_objects.ids import Object, new_id

MONTH = 30 * 24 * 3600


def customer(now: int, **changes: Any) -> Object:
    """Return a customer with a mail address and nothing owed."""
    return {
        "id": new_id("cus"),
        "object": "customer",
        "balance": 0,
        "created": now,
        "currency": "usd",
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": "ada@example.com",
        "invoice_prefix": secrets.token_hex(4).upper(),
        "livemode": False,
        "metadata": {},
        "name": "Ada Example",
        "phone": None,
        "tax_exempt": "none",
    } | changes


def subscription(now: int, period_start: int | None = None, **changes: Any) -> Object:
    """Return an active monthly subscription, in its first period unless another is given."""
    own_id = changes.get("id") or new_id("sub")
    item = {
        "id": own_id.replace("sub", "si", 1),
        "object": "subscription_item",
        "created": now,
        "current_period_end": (period_start or now) + MONTH,
        "current_period_start": period_start or now,
        "price": {
            "id": "price_pro_monthly",
            "object": "price",
            "currency": "usd",
            "product": "prod_pro",
            "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
            "type": "recurring",
            "unit_amount": 2900,
        },
        "quantity": 1,
    }
    return {
        "id": own_id,
        "object": "subscription",
        "billing_cycle_anchor": now,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": "usd",
        "customer": new_id("cus"),
        "default_payment_method": None,
        "ended_at": None,
        "items": {"object": "list", "data": [item], "has_more": False, "total_count": 1},
        "latest_invoice": None,
        "livemode": False,
        "metadata": {},
        "pause_collection": None,
        "start_date": now,
        "status": "active",
        "trial_end": None,
        "trial_start": None,
    } | changes


def invoice(now: int, **changes: Any) -> Object:
    """Return a paid invoice, which names its subscription under `parent`."""
    own_id = changes.get("id") or new_id("in")
    paid = {"amount_paid": 2900, "amount_remaining": 0, "status": "paid"}
    times = {
        "finalized_at": now,
        "marked_uncollectible_at": None,
        "paid_at": now,
        "voided_at": None,
    }
    return {
        "id": own_id,
        "object": "invoice",
        "amount_due": 2900,
        **paid,
        "attempt_count": 1,
        "attempted": True,
        "billing_reason": "subscription_cycle",
        "collection_method": "charge_automatically",
        "created": now,
        "currency": "usd",
        "customer": new_id("cus"),
        "customer_email": "ada@example.com",
        "due_date": None,
        "lines": {"object": "list", "data": [], "has_more": False, "total_count": 0},
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": f"{own_id[-8:].upper()}-0001",
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": new_id("sub")},
            "type": "subscription_details",
        },
        "period_end": now,
        "period_start": now - MONTH,
        "status_transitions": times,
        "subtotal": 2900,
        "total": 2900,
    } | changes


def invoice_payment(now: int, **changes: Any) -> Object:
    """Return the link between an invoice and the payment intent that paid it."""
    return {
        "id": new_id("inpay"),
        "object": "invoice_payment",
        "amount_paid": 2900,
        "amount_requested": 2900,
        "created": now,
        "currency": "usd",
        "invoice": new_id("in"),
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": new_id("pi"), "type": "payment_intent"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": now},
    } | changes


def checkout_session(now: int, **changes: Any) -> Object:
    """Return a completed and paid Checkout for a subscription."""
    return {
        "id": new_id("cs_test"),
        "object": "checkout.session",
        "amount_subtotal": 2900,
        "amount_total": 2900,
        "client_reference_id": "user-1001",
        "created": now,
        "currency": "usd",
        "customer": new_id("cus"),
        "customer_details": {"email": "ada@example.com", "name": "Ada Example", "phone": None},
        "customer_email": None,
        "expires_at": now + 24 * 3600,
        "invoice": new_id("in"),
        "livemode": False,
        "metadata": {},
        "mode": "subscription",
        "payment_intent": None,
        "payment_status": "paid",
        "status": "complete",
        "subscription": new_id("sub"),
    } | changes

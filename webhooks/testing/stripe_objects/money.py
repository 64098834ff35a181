"""The objects that money moves by: payments, charges, refunds, disputes, payouts."""

from typing import Any

from webhooks.testing.stripe_objects.ids import Object, new_id


def payment_intent(now: int, **changes: Any) -> Object:
    """Return a payment that succeeded."""
    return {
        "id": new_id("pi"),
        "object": "payment_intent",
        "amount": 2900,
        "amount_capturable": 0,
        "amount_received": 2900,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "created": now,
        "currency": "usd",
        "customer": new_id("cus"),
        "description": "Subscription update",
        "last_payment_error": None,
        "latest_charge": new_id("ch"),
        "livemode": False,
        "metadata": {},
        "payment_method": new_id("pm"),
        "status": "succeeded",
    } | changes


def charge(now: int, **changes: Any) -> Object:
    """Return a card charge that succeeded."""
    card = {"brand": "visa", "exp_month": 12, "exp_year": 2030, "last4": "4242"}
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": 2900,
        "amount_captured": 2900,
        "amount_refunded": 0,
        "billing_details": {"email": None, "name": "Ada Example", "phone": None},
        "captured": True,
        "created": now,
        "currency": "usd",
        "customer": new_id("cus"),
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "outcome": {"network_status": "approved_by_network", "type": "authorized"},
        "paid": True,
        "payment_intent": new_id("pi"),
        "payment_method_details": {"card": card, "type": "card"},
        "refunded": False,
        "status": "succeeded",
    } | changes


def refund(now: int, **changes: Any) -> Object:
    """Return a refund of a part."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": 1000,
        "charge": new_id("ch"),
        "created": now,
        "currency": "usd",
        "metadata": {},
        "payment_intent": new_id("pi"),
        "reason": "requested_by_customer",
        "status": "succeeded",
    } | changes


def dispute(now: int, **changes: Any) -> Object:
    """Return a dispute that waits for our answer."""
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": 2900,
        "charge": new_id("ch"),
        "created": now,
        "currency": "usd",
        "evidence_details": {"due_by": now + 7 * 24 * 3600, "has_evidence": False},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": new_id("pi"),
        "reason": "fraudulent",
        "status": "needs_response",
    } | changes


def payout(now: int, **changes: Any) -> Object:
    """Return a payout that has arrived."""
    return {
        "id": new_id("po"),
        "object": "payout",
        "amount": 83000,
        "arrival_date": now,
        "automatic": True,
        "created": now,
        "currency": "usd",
        "description": "STRIPE PAYOUT",
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "status": "paid",
        "type": "bank_account",
    } | changes

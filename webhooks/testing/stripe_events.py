"""Stripe's events about those objects: one of any type."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from webhooks.testing import stripe_objects as objects
from webhooks.testing.stripe_objects import Object, new_id

API_VERSION = "2025-11-17.clover"

_MAKERS: dict[str, Callable[..., Object]] = {
    "charge": objects.charge,
    "charge.dispute": objects.dispute,
    "charge.refund": objects.refund,
    "checkout.session": objects.checkout_session,
    "customer": objects.customer,
    "customer.subscription": objects.subscription,
    "invoice": objects.invoice,
    "invoice_payment": objects.invoice_payment,
    "payment_intent": objects.payment_intent,
    "payout": objects.payout,
    "refund": objects.refund,
}

UNPAID = {"amount_paid": 0, "amount_remaining": 2900}
UNSETTLED = {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None}

# What an object looks like when its event is not the one that its maker tells of.
_STATES: dict[str, dict[str, Any]] = {
    "charge.failed": {"status": "failed", "paid": False, "failure_code": "card_declined"},
    "charge.refunded": {"refunded": True, "amount_refunded": 2900},
    "charge.dispute.closed": {"status": "lost"},
    "checkout.session.expired": {"status": "expired", "payment_status": "unpaid"},
    "customer.subscription.deleted": {"status": "canceled"},
    "customer.subscription.paused": {"status": "paused"},
    "customer.subscription.trial_will_end": {"status": "trialing"},
    "invoice.created": {"status": "draft", **UNPAID, "status_transitions": UNSETTLED},
    "invoice.finalized": {"status": "open", **UNPAID},
    "invoice.marked_uncollectible": {"status": "uncollectible", **UNPAID},
    "invoice.payment_failed": {"status": "open", **UNPAID},
    "invoice.voided": {"status": "void", **UNPAID},
    "payment_intent.canceled": {"status": "canceled", "amount_received": 0},
    "payment_intent.created": {"status": "requires_payment_method", "amount_received": 0},
    "payment_intent.payment_failed": {"status": "requires_payment_method", "amount_received": 0},
    "payment_intent.processing": {"status": "processing", "amount_received": 0},
    "payment_intent.requires_action": {"status": "requires_action", "amount_received": 0},
    "payout.canceled": {"status": "canceled"},
    "payout.failed": {"status": "failed", "failure_code": "account_closed"},
    "refund.failed": {"status": "failed", "failure_reason": "expired_or_canceled_card"},
}


def envelope(event_type: str, subject: Object, now: int, **changes: Any) -> Object:
    """Return the event of this type about an object, made at `now`, with an id of its own."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    } | changes


def sample(event_type: str, /, *, created: int | None = None, **changes: Any) -> Object:
    """Return one event of a type, about a new object; `changes` go to the object.

    Both were made at `created`, in unix seconds: now, unless it is given. An unknown type gets an
    object that says no more than its kind.
    """
    now = int(time.time()) if created is None else created
    family = event_type.rpartition(".")[0]
    make = _MAKERS.get(family)
    if make is None:
        subject = {"id": new_id("obj"), "object": family or event_type, **changes}
    else:
        subject = make(now, **(_STATES.get(event_type, {}) | changes))
    return envelope(event_type, subject, now)


def thin_sample(event_type: str, /, *, created: int | None = None, **changes: Any) -> Object:
    """Return a thin event of a type, such as `v1.customer.created`, about a new object.

    It names the object and carries nothing of it; `changes` go to the event.
    """
    snapshot = sample(event_type.partition(".")[2], created=created)
    return thinned(snapshot) | {"type": event_type} | changes


def thinned(event: Object) -> Object:
    """Return the thin event that tells of the same change as a snapshot event.

    Its id is its own, and the same each time. https://docs.stripe.com/event-destinations
    """
    subject = event["data"]["object"]
    kind = subject["object"]
    return {
        "id": event["id"].replace("_", "_thin_", 1),
        "object": "v2.core.event",
        "context": event.get("account"),
        "created": f"{datetime.fromtimestamp(event['created'], UTC):%Y-%m-%dT%H:%M:%S}.250Z",
        "livemode": event["livemode"],
        "reason": None,
        "related_object": {
            "id": subject["id"],
            "type": kind,
            "url": f"/v1/{kind}s/{subject['id']}",
        },
        "type": f"v1.{event['type']}",
    }

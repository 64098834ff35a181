"""Stripe's events about those objects: one of any type, or a whole story."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from webhooks.testing import stripe_objects as objects
from webhooks.testing.stripe_objects import MONTH, Object, new_id

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

_UNPAID = {"amount_paid": 0, "amount_remaining": 2900}
_UNSETTLED = {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None}

# What an object looks like when its event is not the one that its maker tells of.
_STATES: dict[str, dict[str, Any]] = {
    "charge.failed": {"status": "failed", "paid": False, "failure_code": "card_declined"},
    "charge.refunded": {"refunded": True, "amount_refunded": 2900},
    "charge.dispute.closed": {"status": "lost"},
    "checkout.session.expired": {"status": "expired", "payment_status": "unpaid"},
    "customer.subscription.deleted": {"status": "canceled"},
    "customer.subscription.paused": {"status": "paused"},
    "customer.subscription.trial_will_end": {"status": "trialing"},
    "invoice.created": {"status": "draft", **_UNPAID, "status_transitions": _UNSETTLED},
    "invoice.finalized": {"status": "open", **_UNPAID},
    "invoice.marked_uncollectible": {"status": "uncollectible", **_UNPAID},
    "invoice.payment_failed": {"status": "open", **_UNPAID},
    "invoice.voided": {"status": "void", **_UNPAID},
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
    now = int(time.time()) if created is None else created
    subject = sample(event_type.partition(".")[2], created=now)["data"]["object"]
    kind = subject["object"]
    return {
        "id": new_id("evt"),
        "object": "v2.core.event",
        "context": None,
        "created": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%S}.250Z",
        "livemode": False,
        "reason": None,
        "related_object": {
            "id": subject["id"],
            "type": kind,
            "url": f"/v1/{kind}s/{subject['id']}",
        },
        "type": event_type,
    } | changes


def story(now: int) -> list[Object]:
    """Return some weeks in the life of a small subscription business, ending at `now`.

    Three customers: one pays and is partly refunded, one falls behind and recovers, one disputes
    and leaves. As Stripe would deliver it: two events come late, one comes twice.
    """
    events = [*_pays(now), *_falls_behind(now), *_leaves(now)]
    events.append(envelope("payout.paid", objects.payout(now - 3600), now - 3600))
    # Of a type that billing doesn't handle, as many of Stripe's are.
    events.append(sample("customer.tax_id.created", created=now - 3000))
    events.sort(key=lambda event: int(event["created"]))
    # Stripe promises no order, and a sample that came in order would hide what that means.
    events[0], events[1] = events[1], events[0]
    return [*events, events[5]]


def _for_subscription(subscription_id: str) -> Object:
    details = {"metadata": {}, "subscription": subscription_id}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def _purchase(start: int, customer: Object, reference: str) -> tuple[dict[str, str], list[Object]]:
    """Return a first payment through Checkout: the ids of its objects, and its events."""
    names = {key: new_id(key) for key in ("sub", "in", "pi", "ch")}
    owner = {"customer": customer["id"]}
    parent = _for_subscription(names["sub"])
    bill = {"id": names["in"], "billing_reason": "subscription_create", "parent": parent, **owner}
    payment = {"id": names["pi"], "latest_charge": names["ch"], **owner}
    draft = {"status": "draft", **_UNPAID, "status_transitions": _UNSETTLED}
    subscribed = {"id": names["sub"], "latest_invoice": names["in"], **owner}
    unpaid = {"status": "requires_payment_method", "amount_received": 0, "latest_charge": None}
    linked = {"payment_intent": names["pi"], "type": "payment_intent"}
    session = {"subscription": names["sub"], "invoice": names["in"], **owner}
    steps = [
        ("customer.created", customer),
        (
            "customer.subscription.created",
            objects.subscription(start, **subscribed, status="incomplete"),
        ),
        ("invoice.created", objects.invoice(start, **(bill | draft))),
        ("invoice.finalized", objects.invoice(start, **bill, **_UNPAID, status="open")),
        ("payment_intent.created", objects.payment_intent(start, **(payment | unpaid))),
        (
            "charge.succeeded",
            objects.charge(start, id=names["ch"], payment_intent=names["pi"], **owner),
        ),
        ("payment_intent.succeeded", objects.payment_intent(start, **payment)),
        (
            "invoice_payment.paid",
            objects.invoice_payment(start, invoice=names["in"], payment=linked),
        ),
        ("invoice.paid", objects.invoice(start, **bill)),
        ("customer.subscription.updated", objects.subscription(start, **subscribed)),
        (
            "checkout.session.completed",
            objects.checkout_session(start, **session, client_reference_id=reference),
        ),
    ]
    return names, [envelope(kind, subject, start + i) for i, (kind, subject) in enumerate(steps)]


def _pays(now: int) -> list[Object]:
    start = now - 20 * 24 * 3600
    ada = objects.customer(start, email="ada@example.com", name="Ada Example")
    names, events = _purchase(start, ada, "user-1001")
    later = start + 5 * 24 * 3600
    back = objects.refund(later, charge=names["ch"], payment_intent=names["pi"])
    charged = objects.charge(
        start,
        id=names["ch"],
        customer=ada["id"],
        payment_intent=names["pi"],
        amount_refunded=1000,
    )
    return [
        *events,
        envelope("refund.created", back, later),
        envelope("charge.refunded", charged, later),
    ]


def _falls_behind(now: int) -> list[Object]:
    start = now - MONTH - 4 * 24 * 3600
    bob = objects.customer(start, email="bob@example.org", name="Bob Example")
    names, events = _purchase(start, bob, "user-1002")
    due = start + MONTH
    parent = _for_subscription(names["sub"])
    bill = {"id": new_id("in"), "customer": bob["id"], "parent": parent}
    retry = due + 3 * 24 * 3600
    failed = objects.invoice(due, **bill, **_UNPAID, status="open", next_payment_attempt=retry)
    behind: Object = {"id": names["sub"], "customer": bob["id"], "latest_invoice": bill["id"]}
    decline = {"code": "card_declined", "message": "Your card has insufficient funds."}
    attempt = objects.payment_intent(
        due,
        customer=bob["id"],
        status="requires_payment_method",
        amount_received=0,
        last_payment_error=decline,
    )
    return [
        *events,
        envelope("payment_intent.payment_failed", attempt, due),
        envelope("invoice.payment_failed", failed, due + 1),
        envelope(
            "customer.subscription.updated",
            objects.subscription(start, due, **behind, status="past_due"),
            due + 2,
        ),
        envelope("invoice.paid", objects.invoice(due, **bill, attempt_count=2), retry),
        envelope(
            "customer.subscription.updated", objects.subscription(start, due, **behind), retry + 1
        ),
    ]


def _leaves(now: int) -> list[Object]:
    start = now - 10 * 24 * 3600
    cleo = objects.customer(start, email="cleo@example.net", name="Cleo Example")
    names, events = _purchase(start, cleo, "user-1003")
    disputed = start + 3 * 24 * 3600
    case = {"id": new_id("du"), "charge": names["ch"], "payment_intent": names["pi"]}
    gone = now - 24 * 3600
    ended: Object = {"canceled_at": gone, "ended_at": gone, "status": "canceled"}
    return [
        *events,
        envelope("charge.dispute.created", objects.dispute(disputed, **case), disputed),
        envelope("charge.dispute.closed", objects.dispute(disputed, **case, status="lost"), gone),
        envelope(
            "customer.subscription.deleted",
            objects.subscription(start, id=names["sub"], customer=cleo["id"], **ended),
            gone + 60,
        ),
    ]

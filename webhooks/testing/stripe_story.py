"""A story in Stripe's events: some weeks of a small business, as they would be delivered."""

from webhooks.testing import stripe_objects as objects
from webhooks.testing.stripe_events import UNPAID, UNSETTLED, envelope, sample
from webhooks.testing.stripe_objects import MONTH, Object, new_id


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
    draft = {"status": "draft", **UNPAID, "status_transitions": UNSETTLED}
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
        ("invoice.finalized", objects.invoice(start, **bill, **UNPAID, status="open")),
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
    failed = objects.invoice(due, **bill, **UNPAID, status="open", next_payment_attempt=retry)
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

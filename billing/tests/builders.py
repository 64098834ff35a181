"""Stripe's objects and events, as small as a test needs them."""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Model

from billing.models import MODELS, BillingChange
from billing.operations import apply_all
from billing.translators.stripe import translate
from webhooks.events import Event
from webhooks.testing.stripe_objects import catalog

Json = dict[str, Any]

NOON = 1_770_000_000


def moment(seconds: int) -> datetime:
    """A time of Stripe's as it is stored."""
    return datetime.fromtimestamp(seconds, UTC)


def event(
    event_type: str,
    subject: Json | None,
    *,
    id: str = "",  # noqa: A002
    created: int | None = NOON,
    livemode: bool = False,
    account: str = "",
) -> Event:
    """An event that carries an object. Its id is made from the rest when none is given."""
    return Event(
        provider="stripe",
        id=id or f"evt_{event_type}_{created}_{(subject or {}).get('status', '')}",
        type=event_type,
        payload={"type": event_type, "data": {"object": subject}},
        created_at=None if created is None else moment(created),
        livemode=livemode,
        account=account,
    )


def send(told: Event) -> list[BillingChange]:
    """Translate an event and apply it."""
    return apply_all(told, translate(told))


def everything() -> dict[str, list[Json]]:
    """Every row of billing's, to compare with later."""
    models: list[type[Model]] = [*MODELS.values(), BillingChange]
    return {
        model.__name__: list(model._default_manager.order_by("pk").values()) for model in models
    }


def customer(**values: Any) -> Json:
    return {
        "id": "cus_1",
        "object": "customer",
        "created": NOON,
        "metadata": {"plan": "gold"},
        "email": "jo@example.com",
        "name": "Jo",
        "phone": None,
        "currency": "eur",
        "balance": -500,
        "delinquent": False,
    } | values


def subscription(**values: Any) -> Json:
    """A subscription of today: its items have the period."""
    item = {
        "id": "si_1",
        "price": {
            "id": "price_1",
            "product": "prod_1",
            "unit_amount": 900,
            "recurring": {"interval": "month"},
        },
        "quantity": 2,
        "current_period_start": NOON,
        "current_period_end": NOON + 2_592_000,
    }
    return {
        "id": "sub_1",
        "object": "subscription",
        "created": NOON,
        "customer": "cus_1",
        "status": "active",
        "currency": "eur",
        "collection_method": "charge_automatically",
        "latest_invoice": "in_1",
        "items": {"object": "list", "data": [item]},
        "start_date": NOON,
        "trial_start": None,
        "trial_end": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "metadata": {},
    } | values


def old_subscription(**values: Any) -> Json:
    """A subscription of 2020: it has the period itself, and plans beside prices."""
    plan = {"id": "plan_1", "product": "prod_1", "amount": 900, "interval": "month"}
    return subscription(
        current_period_start=NOON,
        current_period_end=NOON + 2_592_000,
        items={"object": "list", "data": [{"id": "si_1", "plan": plan, "quantity": 2}]},
        **values,
    )


def bare_invoice(**values: Any) -> Json:
    return {
        "id": "in_1",
        "object": "invoice",
        "created": NOON,
        "customer": "cus_1",
        "number": "A-1",
        "status": "open",
        "currency": "eur",
        "amount_due": 1800,
        "amount_paid": 0,
        "amount_remaining": 1800,
        "subtotal": 1500,
        "total": 1800,
        "billing_reason": "subscription_cycle",
        "collection_method": "charge_automatically",
        "attempt_count": 1,
        "next_payment_attempt": None,
        "due_date": None,
        "period_start": NOON,
        "period_end": NOON,
        "status_transitions": {
            "finalized_at": NOON,
            "paid_at": None,
            "voided_at": None,
            "marked_uncollectible_at": None,
        },
        "metadata": {},
    } | values


def invoice(**values: Any) -> Json:
    """An invoice of today: it names its subscription in `parent`."""
    parent = {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}}
    return bare_invoice(parent=parent) | values


def old_invoice(**values: Any) -> Json:
    """An invoice of 2020: it names its subscription and its payment itself."""
    named = {"subscription": "sub_1", "payment_intent": "pi_1", "charge": "ch_1"}
    return bare_invoice(**named) | values


def paid_invoice(**values: Any) -> Json:
    transitions = bare_invoice()["status_transitions"] | {"paid_at": NOON + 5}
    return (
        invoice(status="paid", amount_paid=1800, amount_remaining=0, status_transitions=transitions)
        | values
    )


def invoice_payment(**values: Any) -> Json:
    return {
        "id": "inpay_1",
        "object": "invoice_payment",
        "invoice": "in_1",
        "status": "paid",
        "is_default": True,
        "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
    } | values


def payment_intent(**values: Any) -> Json:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "created": NOON,
        "customer": "cus_1",
        "latest_charge": "ch_1",
        "status": "requires_payment_method",
        "currency": "eur",
        "amount": 1800,
        "amount_received": 0,
        "amount_capturable": 0,
        "description": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "last_payment_error": {"code": "card_declined", "message": "Your card was declined."},
        "metadata": {},
    } | values


def charge(**values: Any) -> Json:
    return {
        "id": "ch_1",
        "object": "charge",
        "created": NOON,
        "customer": "cus_1",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "currency": "eur",
        "amount": 1800,
        "amount_captured": 1800,
        "amount_refunded": 0,
        "paid": True,
        "captured": True,
        "refunded": False,
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
        "metadata": {},
    } | values


def refund(**values: Any) -> Json:
    return {
        "id": "re_1",
        "object": "refund",
        "created": NOON,
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "currency": "eur",
        "amount": 600,
        "reason": "requested_by_customer",
        "metadata": {},
    } | values


def dispute(**values: Any) -> Json:
    return {
        "id": "dp_1",
        "object": "dispute",
        "created": NOON,
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "status": "needs_response",
        "currency": "eur",
        "amount": 1800,
        "reason": "fraudulent",
        "evidence_details": {"due_by": NOON + 604_800},
        "metadata": {},
    } | values


def checkout_session(**values: Any) -> Json:
    return {
        "id": "cs_1",
        "object": "checkout.session",
        "created": NOON,
        "customer": "cus_1",
        "subscription": "sub_1",
        "payment_intent": None,
        "invoice": "in_1",
        "client_reference_id": "order-7",
        "customer_details": {"email": "jo@example.com"},
        "customer_email": None,
        "mode": "subscription",
        "status": "complete",
        "payment_status": "paid",
        "currency": "eur",
        "amount_subtotal": 1500,
        "amount_total": 1800,
        "expires_at": NOON + 86_400,
        "metadata": {},
    } | values


def payout(**values: Any) -> Json:
    return {
        "id": "po_1",
        "object": "payout",
        "created": NOON,
        "status": "paid",
        "currency": "eur",
        "amount": 90_000,
        "arrival_date": NOON + 172_800,
        "method": "standard",
        "automatic": True,
        "failure_code": None,
        "failure_message": None,
        "metadata": {},
    } | values


def credit_note(**values: Any) -> Json:
    return catalog.credit_note(NOON) | values


def balance_transaction(**values: Any) -> Json:
    return catalog.balance_transaction(NOON) | values


def payment_method(**values: Any) -> Json:
    return catalog.payment_method(NOON) | values


def setup_intent(**values: Any) -> Json:
    return catalog.setup_intent(NOON) | values


def product(**values: Any) -> Json:
    return catalog.product(NOON) | values


def price(**values: Any) -> Json:
    return catalog.price(NOON) | values


def coupon(**values: Any) -> Json:
    return catalog.coupon(NOON) | values


def promotion_code(**values: Any) -> Json:
    return catalog.promotion_code(NOON) | values


def discount(**values: Any) -> Json:
    return catalog.discount(NOON) | values

"""Every fact of every object of Stripe's, as its key is there, null, expanded or absent."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from billing.changes import CHANGES, Change
from billing.tests.builders import NOON, Json, event, moment
from billing.translators import stripe

pytestmark = pytest.mark.one_database

METADATA = {"plan": "gold"}

CUSTOMER: Json = {
    "invoice_settings": {"default_payment_method": "pm_1"},
    "email": "jo@example.com",
    "name": "Jo",
    "phone": "+43 1 1234",
    "currency": "eur",
    "balance": -500,
    "delinquent": True,
}

ITEM: Json = {
    "id": "si_1",
    "price": {
        "id": "price_1",
        "product": "prod_1",
        "unit_amount": 900,
        "recurring": {"interval": "month"},
    },
    "plan": {"id": "plan_1", "product": "prod_2", "amount": 800, "interval": "year"},
    "quantity": 2,
    "current_period_start": NOON + 1,
    "current_period_end": NOON + 2,
}

SUBSCRIPTION: Json = {
    "customer": "cus_1",
    "latest_invoice": "in_1",
    "status": "active",
    "currency": "eur",
    "collection_method": "send_invoice",
    "items": {"data": [ITEM], "has_more": True},
    "trial_start": NOON + 3,
    "trial_end": NOON + 4,
    "start_date": NOON + 5,
    "cancel_at": NOON + 6,
    "cancel_at_period_end": True,
    "canceled_at": NOON + 7,
    "ended_at": NOON + 8,
    # As before 2025-03-31, where no item tells it.
    "current_period_start": NOON + 11,
    "current_period_end": NOON + 12,
}

PAYMENT: Json = {
    "status": "open",
    "is_default": True,
    "payment": {"payment_intent": "pi_1", "charge": "ch_1"},
}

INVOICE: Json = {
    "customer": "cus_1",
    "parent": {"subscription_details": {"subscription": "sub_1"}},
    "subscription": "sub_0",
    "payments": {"data": [PAYMENT], "has_more": True},
    "payment_intent": "pi_0",
    "charge": "ch_0",
    "number": "A-1",
    "status": "open",
    "currency": "eur",
    "amount_due": 11,
    "amount_paid": 12,
    "amount_remaining": 13,
    "subtotal": 14,
    "total": 15,
    "billing_reason": "manual",
    "collection_method": "send_invoice",
    "attempt_count": 3,
    "next_payment_attempt": NOON + 1,
    "due_date": NOON + 2,
    "period_start": NOON + 3,
    "period_end": NOON + 4,
    "status_transitions": {
        "finalized_at": NOON + 5,
        "paid_at": NOON + 6,
        "voided_at": NOON + 7,
        "marked_uncollectible_at": NOON + 8,
    },
}

PAYMENT_INTENT: Json = {
    "customer": "cus_1",
    "invoice": "in_1",
    "latest_charge": "ch_1",
    "charges": {"data": ["ch_0"]},
    "status": "canceled",
    "currency": "eur",
    "amount": 11,
    "amount_received": 12,
    "amount_capturable": 13,
    "description": "Seat 4",
    "canceled_at": NOON + 1,
    "cancellation_reason": "duplicate",
    "last_payment_error": {"code": "card_declined", "message": "Declined."},
}

CHARGE: Json = {
    "customer": "cus_1",
    "payment_intent": "pi_1",
    "invoice": "in_1",
    "status": "failed",
    "currency": "eur",
    "amount": 11,
    "amount_captured": 12,
    "amount_refunded": 13,
    "paid": True,
    "captured": True,
    "refunded": True,
    "disputed": True,
    "failure_code": "card_declined",
    "failure_message": "Declined.",
    "payment_method_details": {"card": {"brand": "visa", "last4": "4242"}},
}

REFUND: Json = {
    "charge": "ch_1",
    "payment_intent": "pi_1",
    "status": "failed",
    "currency": "eur",
    "amount": 11,
    "reason": "duplicate",
    "failure_reason": "lost_or_stolen_card",
}

DISPUTE: Json = {
    "charge": "ch_1",
    "payment_intent": "pi_1",
    "status": "needs_response",
    "currency": "eur",
    "amount": 11,
    "reason": "fraudulent",
    "evidence_details": {"due_by": NOON + 1},
}

CHECKOUT_SESSION: Json = {
    "customer": "cus_1",
    "subscription": "sub_1",
    "payment_intent": "pi_1",
    "invoice": "in_1",
    "client_reference_id": "order-7",
    "customer_details": {"email": "typed@example.com"},
    "customer_email": "given@example.com",
    "mode": "payment",
    "status": "complete",
    "payment_status": "paid",
    "currency": "eur",
    "amount_subtotal": 11,
    "amount_total": 12,
    "expires_at": NOON + 1,
}

PAYOUT: Json = {
    "status": "failed",
    "currency": "eur",
    "amount": 11,
    "arrival_date": NOON + 1,
    "method": "instant",
    "automatic": True,
    "failure_code": "no_account",
    "failure_message": "No such account.",
}

CREDIT_NOTE: Json = {
    "customer": "cus_1",
    "invoice": "in_1",
    "number": "F-1-CN-1",
    "status": "void",
    "type": "mixed",
    "reason": "fraudulent",
    "memo": "A mistake.",
    "currency": "eur",
    "amount": 11,
    "subtotal": 12,
    "total": 13,
    "out_of_band_amount": 14,
    "voided_at": NOON + 1,
}

BALANCE_TRANSACTION: Json = {
    "type": "charge",
    "reporting_category": "fee",
    "status": "available",
    "currency": "eur",
    "amount": 11,
    "fee": 2,
    "net": 9,
    "source": "ch_1",
    "available_on": NOON + 1,
}

PAYMENT_METHOD: Json = {
    "customer": "cus_1",
    "type": "card",
    "card": {
        "brand": "visa",
        "funding": "debit",
        "last4": "4242",
        "exp_month": 4,
        "exp_year": 2030,
    },
}

SETUP_INTENT: Json = {
    "customer": "cus_1",
    "payment_method": "pm_1",
    "status": "canceled",
    "usage": "off_session",
    "cancellation_reason": "abandoned",
    "last_setup_error": {"code": "card_declined", "message": "Declined."},
}

PRODUCT: Json = {
    "name": "Gold",
    "description": "All of it",
    "active": True,
    "default_price": "price_1",
}

PRICE: Json = {
    "product": "prod_1",
    "active": True,
    "nickname": "Monthly",
    "lookup_key": "gold",
    "type": "recurring",
    "currency": "eur",
    "unit_amount": None,
    "unit_amount_decimal": "0.5",
    "billing_scheme": "tiered",
    "tiers": [
        {"up_to": 5, "unit_amount": 10, "unit_amount_decimal": "10", "flat_amount": None},
        {"up_to": None, "unit_amount": None, "unit_amount_decimal": "0.25", "flat_amount": 3},
    ],
    "tiers_mode": "graduated",
    "recurring": {"interval": "month", "interval_count": 3, "usage_type": "metered"},
    "tax_behavior": "inclusive",
}

COUPON: Json = {
    "name": "Spring",
    "percent_off": 12.5,
    "amount_off": 11,
    "currency": "eur",
    "duration": "repeating",
    "duration_in_months": 12,
    "max_redemptions": 13,
    "times_redeemed": 14,
    "redeem_by": NOON + 1,
    "valid": True,
}

PROMOTION_CODE: Json = {
    "code": "HELLO",
    "coupon": "SPRING",
    "customer": "cus_1",
    "active": True,
    "max_redemptions": 11,
    "times_redeemed": 12,
    "expires_at": NOON + 1,
}

DISCOUNT: Json = {
    "coupon": {"id": "SPRING"},
    "promotion_code": "promo_1",
    "customer": "cus_1",
    "subscription": "sub_1",
    "invoice": "in_1",
    "start": NOON + 1,
    "end": NOON + 2,
}

SUBJECTS = {
    "customer": CUSTOMER,
    "subscription": SUBSCRIPTION,
    "invoice": INVOICE,
    "payment_intent": PAYMENT_INTENT,
    "charge": CHARGE,
    "refund": REFUND,
    "dispute": DISPUTE,
    "checkout.session": CHECKOUT_SESSION,
    "payout": PAYOUT,
    "credit_note": CREDIT_NOTE,
    "balance_transaction": BALANCE_TRANSACTION,
    "payment_method": PAYMENT_METHOD,
    "setup_intent": SETUP_INTENT,
    "product": PRODUCT,
    "price": PRICE,
    "coupon": COUPON,
    "promotion_code": PROMOTION_CODE,
    "discount": DISCOUNT,
}

# Facts whose names are not the keys'; the rest are looked up.
ELSEWHERE: dict[str, Json] = {
    "subscription": {
        "items": [
            {
                "id": "si_1",
                "price_id": "price_1",
                "product_id": "prod_1",
                "quantity": 2,
                "unit_amount": 900,
                "interval": "month",
                "current_period_end": moment(NOON + 2).isoformat(),
            }
        ],
        "abridged": True,
        "current_period_start": moment(NOON + 1),
        "current_period_end": moment(NOON + 2),
        "started_at": moment(NOON + 5),
    },
    "invoice": {
        "subscription_id": "sub_1",
        "payment_intent_id": "pi_1",
        "charge_id": "ch_1",
        "abridged": True,
        "next_payment_attempt_at": moment(NOON + 1),
        "due_at": moment(NOON + 2),
        "finalized_at": moment(NOON + 5),
        "paid_at": moment(NOON + 6),
        "voided_at": moment(NOON + 7),
        "marked_uncollectible_at": moment(NOON + 8),
    },
    "payment_intent": {"error_code": "card_declined", "error_message": "Declined."},
    "charge": {"card_brand": "visa", "card_last4": "4242"},
    "dispute": {"evidence_due_at": moment(NOON + 1)},
    "checkout.session": {"customer_email": "typed@example.com"},
    "payout": {"arrival_at": moment(NOON + 1)},
    "customer": {"default_payment_method_id": "pm_1"},
    "balance_transaction": {"available_at": moment(NOON + 1)},
    "payment_method": {
        "card_brand": "visa",
        "card_funding": "debit",
        "card_last4": "4242",
        "exp_month": 4,
        "exp_year": 2030,
    },
    "setup_intent": {"error_code": "card_declined", "error_message": "Declined."},
    "price": {
        "interval": "month",
        "interval_count": 3,
        "usage_type": "metered",
        "tiers": [
            {"up_to": 5, "unit_amount": "10", "flat_amount": ""},
            {"up_to": None, "unit_amount": "0.25", "flat_amount": "3"},
        ],
    },
    "coupon": {"percent_off": "12.5"},
    "discount": {
        "coupon_id": "SPRING",
        "started_at": moment(NOON + 1),
        "ends_at": moment(NOON + 2),
    },
}

KINDS = pytest.mark.parametrize("kind", sorted(SUBJECTS))


def translated(kind: str, subject: Json) -> Change:
    whole = {"created": NOON, "metadata": METADATA, **subject, "id": "x_1", "object": kind}
    [change, *_] = stripe.translate(event("any.updated", whole))
    assert (change.object_type, change.provider_id) == (kind, "x_1")
    return change


def expected(kind: str) -> dict[str, Any]:
    """Every fact that such an object can have: most are named like their keys."""
    known = {"created_at": moment(NOON), "metadata": METADATA, **ELSEWHERE.get(kind, {})}
    for name in {*CHANGES[kind].names()} - {"deleted", *known}:
        value = SUBJECTS[kind].get(name, SUBJECTS[kind].get(name.removesuffix("_id")))
        known[name] = moment(value) if isinstance(value, int) and value >= NOON else value
    return known


def expanded(value: Any) -> Any:
    """The same, with every object that is named written out in its name's place."""
    if isinstance(value, dict):
        return {key: one if key == "id" else expanded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [expanded(one) for one in value]
    is_named = isinstance(value, str) and re.fullmatch(r"(cus|sub|in|pi|ch|prod)_\d", value)
    return {"id": value, "status": "other"} if is_named else value


@KINDS
@pytest.mark.parametrize("shape", [dict, expanded])
def test_every_fact_is_read_from_its_key(kind: str, shape: Callable[[Json], Json]) -> None:
    assert translated(kind, shape(SUBJECTS[kind])).facts() == expected(kind)


@KINDS
def test_null_clears_every_fact(kind: str) -> None:
    nothing = {"metadata": None, "created": None, **dict.fromkeys(SUBJECTS[kind])}
    empty = {"metadata": {}, "items": [], "abridged": False, "tiers": []}
    assert translated(kind, nothing).facts() == {
        name: empty.get(name, "" if isinstance(value, str) else None)
        for name, value in expected(kind).items()
    }


@KINDS
def test_an_absent_key_tells_nothing(kind: str) -> None:
    assert translated(kind, {}).facts() == {"created_at": moment(NOON), "metadata": METADATA}


@pytest.mark.parametrize("nothing", [{}, {"price": None, "plan": None, "quantity": None}])
def test_an_item_may_tell_nothing(nothing: Json) -> None:
    assert translated("subscription", {"items": {"data": [nothing]}}).facts()["items"] == [
        {
            "id": "",
            "price_id": "",
            "product_id": "",
            "quantity": None,
            "unit_amount": None,
            "interval": "",
            "current_period_end": None,
        }
    ]


def test_an_item_of_before_2020_has_a_plan() -> None:
    item = {key: value for key, value in ITEM.items() if key != "price"}
    [found] = translated("subscription", {"items": {"data": [item]}}).facts()["items"]
    assert (found["price_id"], found["product_id"]) == ("plan_1", "prod_2")
    assert (found["unit_amount"], found["interval"]) == (800, "year")
    # Nothing is a price as well.
    free = {**ITEM, "price": {"id": "price_1", "unit_amount": 0}}
    [found] = translated("subscription", {"items": {"data": [free]}}).facts()["items"]
    assert (found["unit_amount"], found["product_id"]) == (0, "prod_2")


@pytest.mark.parametrize(
    ("previous", "before"),
    [
        (None, None),
        ([], None),
        ("status", None),
        ({}, {}),
        ({"livemode": False}, {}),
        ({"status": "open"}, {}),
        ({"status": "draft"}, {"status": "draft"}),
        ({"number": None, "due_date": None}, {"number": "", "due_at": None}),
        # Of what is within another, the changed keys alone are told.
        ({"status_transitions": {"paid_at": None}}, {"paid_at": None}),
        (
            {"parent": {"subscription_details": {"subscription": "sub_9"}}},
            {"subscription_id": "sub_9"},
        ),
        (
            {"status_transitions": None},
            {
                "finalized_at": None,
                "paid_at": None,
                "voided_at": None,
                "marked_uncollectible_at": None,
            },
        ),
        # Lists are told whole.
        (
            {"payments": {"data": [{"payment": {"payment_intent": "pi_9", "charge": "ch_1"}}]}},
            {"payment_intent_id": "pi_9"},
        ),
        ({"metadata": {"plan": "silver"}}, {"metadata": {"plan": "silver"}}),
        ({"metadata": {"plan": None}}, {"metadata": {}}),
        ({"metadata": {"seat": "4"}}, {"metadata": {"plan": "gold", "seat": "4"}}),
        ({"metadata": None}, {"metadata": {}}),
        # What was before can't be known from what is not of Stripe's shape.
        ({"status": 7}, None),
        ({"id": None}, None),
    ],
)
def test_an_update_tells_what_was_before(previous: Any, before: Json | None) -> None:
    subject = {"created": NOON, "metadata": METADATA, **INVOICE, "id": "in_1", "object": "invoice"}
    told = event("invoice.updated", subject)
    told.payload["data"]["previous_attributes"] = previous
    [change] = stripe.translate(told)
    assert (change.before, change.is_first) == (before, False)

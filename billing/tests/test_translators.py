"""What Stripe's events mean, whatever API version they are written in."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.changes import UNKNOWN, Change
from billing.models import MODELS
from billing.tests import builders as build
from billing.tests.builders import NOON, Json, event, moment
from billing.translators import stripe
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure
from webhooks.signals import matches

pytestmark = pytest.mark.one_database

FOLLOWED: list[tuple[str, Json]] = [
    *(
        (f"checkout.session.{name}", build.checkout_session())
        for name in ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
    ),
    *(
        (f"payment_intent.{name}", build.payment_intent())
        for name in (
            "created",
            "succeeded",
            "payment_failed",
            "processing",
            "requires_action",
            "canceled",
            "amount_capturable_updated",
        )
    ),
    *(
        (f"charge.{name}", build.charge())
        for name in ("succeeded", "failed", "refunded", "updated")
    ),
    *((f"refund.{name}", build.refund()) for name in ("created", "updated", "failed")),
    ("charge.refund.updated", build.refund()),
    *(
        (f"charge.dispute.{name}", build.dispute())
        for name in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
    ),
    *(
        (f"invoice.{name}", build.invoice())
        for name in (
            "created",
            "finalized",
            "finalization_failed",
            "paid",
            "payment_succeeded",
            "payment_failed",
            "payment_action_required",
            "updated",
            "voided",
            "marked_uncollectible",
            "overdue",
        )
    ),
    ("invoice_payment.paid", build.invoice_payment()),
    *((f"customer.{name}", build.customer()) for name in ("created", "updated", "deleted")),
    *(
        (f"customer.subscription.{name}", build.subscription())
        for name in (
            "created",
            "updated",
            "deleted",
            "paused",
            "resumed",
            "trial_will_end",
            "pending_update_applied",
            "pending_update_expired",
        )
    ),
    *((f"payout.{name}", build.payout()) for name in ("paid", "failed", "canceled", "updated")),
]

OBJECTS: list[Json] = [
    build.customer(),
    build.subscription(),
    build.old_subscription(),
    build.invoice(),
    build.old_invoice(),
    build.invoice_payment(),
    build.payment_intent(),
    build.charge(refunds={"data": [build.refund()]}),
    build.refund(),
    build.dispute(),
    build.checkout_session(),
    build.payout(),
]


def translated(subject: Json, event_type: str = "any.updated") -> Change:
    change, *_ = stripe.translate(event(event_type, subject))
    return change


@pytest.mark.parametrize(
    ("event_type", "subject"), FOLLOWED, ids=[event_type for event_type, _ in FOLLOWED]
)
def test_every_followed_event_type_is_translated(event_type: str, subject: Json) -> None:
    assert matches(event_type, stripe.EVENT_TYPES)
    assert stripe.translate(event(event_type, subject))


@pytest.mark.parametrize("change", Change.__subclasses__(), ids=lambda change: change.__name__)
def test_a_change_has_the_fields_of_its_model(change: type[Change]) -> None:
    kept = {field.name for field in MODELS[change.object_type]._meta.get_fields()}
    ours = {"id", "provider", "account", "livemode", "snapshot_at", "snapshot_event_id"}
    ours |= {"updated_at", "snapshots", "in_doubt", "fetched_at", "ask_after"}
    assert {"provider_id", *change.names()} == kept - ours


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(
            build.customer(),
            {
                "email": "jo@example.com",
                "phone": "",
                "balance": -500,
                "delinquent": False,
                "metadata": {"plan": "gold"},
                "created_at": moment(NOON),
            },
            id="customer",
        ),
        pytest.param(
            build.subscription(),
            {
                "current_period_start": moment(NOON),
                "current_period_end": moment(NOON + 2_592_000),
                "items": [
                    {
                        "id": "si_1",
                        "price_id": "price_1",
                        "product_id": "prod_1",
                        "quantity": 2,
                        "unit_amount": 900,
                        "interval": "month",
                        "current_period_end": moment(NOON + 2_592_000).isoformat(),
                    }
                ],
                "canceled_at": None,
            },
            id="subscription",
        ),
        pytest.param(
            build.old_subscription(),
            {
                "current_period_start": moment(NOON),
                "current_period_end": moment(NOON + 2_592_000),
                "items": [
                    {
                        "id": "si_1",
                        "price_id": "plan_1",
                        "product_id": "prod_1",
                        "quantity": 2,
                        "unit_amount": 900,
                        "interval": "month",
                        "current_period_end": None,
                    }
                ],
            },
            id="subscription of 2020",
        ),
        pytest.param(
            build.invoice(),
            {"subscription_id": "sub_1", "payment_intent_id": UNKNOWN, "charge_id": UNKNOWN},
            id="invoice",
        ),
        pytest.param(
            build.old_invoice(),
            {
                "subscription_id": "sub_1",
                "payment_intent_id": "pi_1",
                "charge_id": "ch_1",
                "amount_due": 1800,
                "currency": "eur",
                "finalized_at": moment(NOON),
                "paid_at": None,
            },
            id="invoice of 2020",
        ),
        pytest.param(
            build.invoice(
                payments={
                    "data": [
                        build.invoice_payment(
                            status="canceled", payment={"payment_intent": "pi_0"}
                        ),
                        build.invoice_payment(),
                    ]
                }
            ),
            {"payment_intent_id": "pi_1", "charge_id": UNKNOWN},
            id="invoice with its payments",
        ),
        pytest.param(
            build.invoice(
                payments={
                    "data": [
                        build.invoice_payment(
                            status="open", is_default=False, payment={"payment_intent": "pi_0"}
                        ),
                        build.invoice_payment(status="open"),
                    ]
                }
            ),
            {"payment_intent_id": "pi_1"},
            id="invoice with the payment that its customer is asked to make",
        ),
        pytest.param(build.invoice(parent=None), {"subscription_id": ""}, id="invoice of nothing"),
        pytest.param(
            build.invoice_payment(payment={"type": "charge", "charge": "ch_1"}),
            {"provider_id": "in_1", "complete": False, "charge_id": "ch_1", "status": UNKNOWN},
            id="invoice payment",
        ),
        pytest.param(
            build.payment_intent(),
            {
                "latest_charge_id": "ch_1",
                "invoice_id": UNKNOWN,
                "error_code": "card_declined",
                "error_message": "Your card was declined.",
            },
            id="payment intent",
        ),
        pytest.param(
            {
                key: value
                for key, value in build.payment_intent(
                    invoice="in_1", charges={"data": [build.charge()]}, last_payment_error=None
                ).items()
                if key != "latest_charge"
            },
            {"latest_charge_id": "ch_1", "invoice_id": "in_1", "error_code": ""},
            id="payment intent of 2020",
        ),
        pytest.param(
            build.charge(customer=build.customer()),
            {"customer_id": "cus_1", "card_brand": "visa", "card_last4": "4242", "paid": True},
            id="charge with its customer in it",
        ),
        pytest.param(
            build.charge(payment_method_details=None),
            {"card_brand": "", "amount_refunded": 0},
            id="charge without a card",
        ),
        pytest.param(
            build.refund(), {"charge_id": "ch_1", "amount": 600, "failure_reason": UNKNOWN}
        ),
        pytest.param(build.dispute(), {"evidence_due_at": moment(NOON + 604_800)}, id="dispute"),
        pytest.param(
            build.checkout_session(),
            {"customer_email": "jo@example.com", "payment_intent_id": "", "amount_total": 1800},
            id="checkout session",
        ),
        pytest.param(
            build.checkout_session(customer_email="given@example.com"),
            {"customer_email": "jo@example.com"},
            id="checkout session whose customer typed in another address",
        ),
        pytest.param(
            build.checkout_session(customer_email="given@example.com", customer_details=None),
            {"customer_email": "given@example.com"},
            id="checkout session that nobody has filled in",
        ),
        pytest.param(
            build.payout(),
            {"arrival_at": moment(NOON + 172_800), "automatic": True, "amount": 90_000},
            id="payout",
        ),
    ],
)
def test_an_object_is_understood(subject: Json, expected: dict[str, Any]) -> None:
    change = translated(subject)
    assert {name: getattr(change, name) for name in expected} == expected


def test_a_period_ends_when_the_first_item_does() -> None:
    items = [
        {"id": "si_1", "current_period_start": NOON, "current_period_end": NOON + 300},
        {"id": "si_2", "current_period_start": NOON + 100, "current_period_end": NOON + 200},
    ]
    facts = translated(build.subscription(items={"data": items})).facts()
    assert facts["current_period_start"] == moment(NOON + 100)
    assert facts["current_period_end"] == moment(NOON + 200)


def test_absent_keys_give_no_facts() -> None:
    stub = {"id": "cus_1", "object": "customer", "deleted": True}
    assert translated(stub).facts() == {"deleted": True}


@pytest.mark.parametrize(
    ("event_type", "subject"),
    [("customer.deleted", build.customer()), ("invoice.deleted", build.invoice(status="deleted"))],
)
def test_a_deletion_is_translated(event_type: str, subject: Json) -> None:
    assert translated(subject, event_type).deleted


def test_an_ended_subscription_is_not_a_deleted_one() -> None:
    change = translated(build.subscription(status="canceled"), "customer.subscription.deleted")
    assert not change.deleted


@pytest.mark.parametrize(
    ("event_type", "subject"),
    [
        ("invoice.upcoming", build.invoice(id=None)),
        ("invoice.upcoming", build.invoice(id="upcoming_in_1")),
        ("customer.subscription.updated", {"id": "x_1", "object": "something.else"}),
        ("customer.updated", {"id": "cus_1"}),
        ("customer.updated", {}),
        ("customer.updated", None),
        ("invoice_payment.paid", build.invoice_payment(status="open")),
    ],
)
def test_irrelevant_events_give_no_changes(event_type: str, subject: Json | None) -> None:
    assert stripe.translate(event(event_type, subject)) == []


def test_a_pair_of_metadata_that_was_not_there_before_is_not_empty_before() -> None:
    told = event("customer.updated", build.customer(metadata={"plan": "gold", "seat": "4"}))
    told.payload["data"]["previous_attributes"] = {"metadata": {"plan": None, "seat": "3"}}
    [change] = stripe.translate(told)
    assert change.before == {"metadata": {"seat": "3"}}


def test_a_charge_of_2020_brings_its_refunds() -> None:
    refunds = {"data": [build.refund(), build.refund(id="re_2", amount=1200)]}
    told = event("charge.refunded", build.charge(amount_refunded=1800, refunds=refunds))
    assert [(change.object_type, change.provider_id) for change in stripe.translate(told)] == [
        ("charge", "ch_1"),
        ("refund", "re_1"),
        ("refund", "re_2"),
    ]


KIND = "(an? (integer|object|list|time)|text|true or false|at most)[^{]*"


@pytest.mark.parametrize(
    ("subject", "place"),
    [
        (build.charge(amount="1800"), "data.object.amount"),
        (build.charge(amount=True), "data.object.amount"),
        (build.charge(amount=18.5), "data.object.amount"),
        (build.charge(amount=2**63), "data.object.amount"),
        (build.charge(paid=1), "data.object.paid"),
        (build.charge(created=10**18), "data.object.created"),
        (build.charge(created="today"), "data.object.created"),
        (build.charge(id="ch_" + "x" * 255), "data.object.id"),
        (build.charge(id=7), "data.object.id"),
        (build.charge(customer={"object": "customer"}), "data.object.customer"),
        (build.charge(customer=["cus_1"]), "data.object.customer"),
        (build.charge(description="", status="a\0b"), "data.object.status"),
        (build.charge(failure_message="\ud800"), "data.object.failure_message"),
        (build.charge(metadata={"secret-key": 7}), "data.object.metadata"),
        (build.charge(metadata={"\0": "x"}), "data.object.metadata"),
        (build.charge(metadata=[]), "data.object.metadata"),
        (build.charge(payment_method_details="card"), "data.object.payment_method_details"),
        (build.charge(refunds={"data": {}}), "data.object.refunds.data"),
        (
            build.charge(refunds={"data": [build.refund(), build.refund(amount="6")]}),
            "data.object.refunds.data[1].amount",
        ),
        (
            build.subscription(items={"data": [{"price": {"id": "price_1", "product": 7}}]}),
            "data.object.items.data[0].price.product",
        ),
    ],
)
def test_a_malformed_field_is_named_by_its_path(subject: Json, place: str) -> None:
    with pytest.raises(PermanentFailure, match=rf"^{re.escape(place)}: expected {KIND}$") as caught:
        stripe.translate(event("any.updated", subject))
    assert "secret-key" not in str(caught.value)


def items(count: int) -> Json:
    return {"data": [{"id": f"si_{number}"} for number in range(count)]}


LIMITS: list[tuple[Json, Json, str]] = [
    (build.charge(amount=2**63 - 1), build.charge(amount=2**63), "an integer"),
    (build.charge(amount=1 - 2**63), build.charge(amount=-(2**63)), "an integer"),
    (build.charge(id="x" * 255), build.charge(id="x" * 256), "at most 255 characters"),
    (build.charge(status="x" * 255), build.charge(status="x" * 256), "at most 255 characters"),
    (build.customer(email="x" * 512), build.customer(email="x" * 513), "at most 512 characters"),
    *(
        (make(**{name: "x" * 65_536}), make(**{name: "x" * 65_537}), "at most 65536 characters")
        for make, name in [
            (build.customer, "name"),
            (build.customer, "phone"),
            (build.payment_intent, "description"),
            (build.payout, "failure_message"),
        ]
    ),
    (
        build.checkout_session(customer_email="x" * 512),
        build.checkout_session(customer_email="x" * 513),
        "at most 512 characters",
    ),
    (
        build.checkout_session(customer_details={"email": "x" * 512}),
        build.checkout_session(customer_details={"email": "x" * 513}),
        "at most 512 characters",
    ),
    (
        build.charge(metadata={str(number): "" for number in range(1000)}),
        build.charge(metadata={str(number): "" for number in range(1001)}),
        "at most 1000 pairs",
    ),
    (
        build.charge(metadata={"ab": "x" * 65_534}),
        build.charge(metadata={"ab": "x" * 65_535}),
        "at most 65536 characters",
    ),
    (
        build.charge(refunds={"data": [build.refund()] * 100}),
        build.charge(refunds={"data": [build.refund()] * 101}),
        "a list of at most 100",
    ),
    (
        build.subscription(items=items(500)),
        build.subscription(items=items(501)),
        "a list of at most 500",
    ),
]


@pytest.mark.parametrize(("largest", "too_large", "limit"), LIMITS)
def test_what_is_too_large_to_keep_is_refused(largest: Json, too_large: Json, limit: str) -> None:
    assert stripe.translate(event("any.updated", largest))
    with pytest.raises(PermanentFailure, match=f"expected {limit}"):
        stripe.translate(event("any.updated", too_large))


def test_card_numbers_that_people_write_are_masked() -> None:
    card = "4242 4242 4242 4242"
    change = translated(build.payment_intent(description=f"of {card}", metadata={card: card}))
    assert card not in str(change.facts())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=[]), max_size=8)
    | st.text("x", min_size=250, max_size=260),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@st.composite
def spoiled(draw: st.DrawFn) -> Json:
    """An object in which anything may be at any place."""
    subject = draw(st.sampled_from(OBJECTS))
    places = draw(st.lists(st.sampled_from(sorted(subject)), max_size=4))
    return spoil(draw, subject, places)


def spoil(draw: st.DrawFn, subject: Json, places: list[str]) -> Json:
    changed = dict(subject)
    for place in places:
        inner = changed[place]
        if isinstance(inner, dict) and inner and draw(st.booleans()):
            changed[place] = spoil(draw, inner, [draw(st.sampled_from(sorted(inner)))])
        else:
            changed[place] = draw(JSON)
    return changed


@settings(deadline=None)
@given(subject=spoiled() | JSON)
def test_hostile_input_is_a_permanent_failure(subject: Any) -> None:
    told = Event(provider="stripe", id="evt_1", type="x", payload={"data": {"object": subject}})
    try:
        changes = stripe.translate(told)
    except PermanentFailure:
        return
    assert all(0 < len(change.provider_id) <= 255 for change in changes)

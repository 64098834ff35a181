"""What events do to billing state: in any order, and any number of times."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from billing.history import Cause
from billing.models import (
    MODELS,
    BillingChange,
    Charge,
    CheckoutSession,
    Customer,
    Dispute,
    Invoice,
    PaymentIntent,
    Payout,
    Refund,
    Subscription,
)
from billing.operations import apply_answer
from billing.ordering import Snapshot
from billing.tests import builders as build
from billing.tests.builders import NOON, Json, event, everything, moment, send
from billing.translators.stripe import translate_object
from webhooks.events import Event, ObjectScope
from webhooks.exceptions import PermanentFailure
from webhooks.signals import Handler, event_received

pytestmark = pytest.mark.django_db


def state_of(event_type: str, subject: Json, status: str, created: int) -> Event:
    return event(event_type, subject | {"status": status}, created=created)


def status_of(subject: Json) -> str:
    """The status stored of the only object of its type."""
    found: str = vars(MODELS[subject["object"]]._default_manager.get())["status"]
    return found


def test_an_event_becomes_state_through_the_signal() -> None:
    told = event("customer.created", build.customer())

    def run(name: str, handler: Handler, event: Event) -> None:
        handler(event)

    event_received.send(sender=None, event=told, run=run)
    customer = Customer.objects.get()
    assert (customer.provider, customer.provider_id) == ("stripe", "cus_1")
    assert (customer.email, customer.balance, customer.currency) == ("jo@example.com", -500, "eur")
    assert (customer.snapshot_at, customer.snapshot_event_id) == (moment(NOON), told.id)


def test_the_history_tells_what_an_event_changed() -> None:
    send(event("customer.subscription.created", build.subscription(status="trialing")))
    told = event(
        "customer.subscription.updated",
        build.subscription(cancel_at=NOON + 60),
        created=NOON + 1,
    )
    [change] = send(told)
    change.refresh_from_db()
    assert change.fields == {
        "status": ["trialing", "active"],
        "cancel_at": [None, moment(NOON + 60).isoformat()],
    }
    assert (change.verdict, change.event_id, change.event_type, change.object_type) == (
        BillingChange.Verdict.APPLIED,
        told.id,
        "customer.subscription.updated",
        "subscription",
    )


def test_the_history_holds_the_fields_of_a_new_object() -> None:
    [change] = send(event("refund.created", build.refund()))
    assert change.fields["amount"] == [None, 600]
    assert change.fields["charge_id"] == ["", "ch_1"]
    assert "failure_reason" not in change.fields


def test_an_absent_key_keeps_and_null_clears() -> None:
    send(event("customer.created", build.customer(phone="123")))
    partial = {"id": "cus_1", "object": "customer", "email": None, "balance": None}
    send(event("customer.updated", partial, created=NOON + 1))
    customer = Customer.objects.get()
    assert (customer.email, customer.balance) == ("", None)
    assert (customer.phone, customer.name) == ("123", "Jo")


def test_objects_that_come_before_their_customer_find_it_later() -> None:
    send(event("customer.subscription.created", build.subscription()))
    send(event("payment_intent.created", build.payment_intent()))
    send(event("invoice.paid", build.paid_invoice()))
    subscription = Subscription.objects.get()
    assert subscription.follow(Customer) is None
    send(event("customer.created", build.customer()))
    customer = Customer.objects.get()
    assert subscription.follow(Customer) == customer
    assert subscription.follow(Invoice, "latest_invoice_id") == Invoice.objects.get()
    assert list(customer.related(Subscription)) == [subscription]
    assert list(customer.related(PaymentIntent)) == [PaymentIntent.objects.get()]
    assert list(subscription.related(Invoice)) == [Invoice.objects.get()]


def test_an_object_that_names_no_customer_leads_to_none() -> None:
    send(event("charge.succeeded", build.charge(customer=None)))
    send(event("customer.created", build.customer()))
    assert Charge.objects.get().follow(Customer) is None


@pytest.mark.parametrize("other", [{"livemode": True}, {"account": "acct_1"}])
def test_mode_and_account_are_part_of_identity(other: dict[str, Any]) -> None:
    send(event("customer.created", build.customer()))
    send(event("customer.subscription.created", build.subscription()))
    send(event("customer.updated", build.customer(name="Al"), created=NOON + 9, **other))
    ours, theirs = Customer.objects.order_by("pk")
    assert (ours.name, theirs.name) == ("Jo", "Al")
    assert Subscription.objects.get().follow(Customer) == ours
    assert not theirs.related(Subscription).exists()


def test_a_payment_tells_which_one_paid_an_invoice() -> None:
    send(event("invoice_payment.paid", build.invoice_payment(), created=NOON + 9))
    send(event("invoice.created", build.invoice(status="draft")))
    send(event("invoice.paid", build.paid_invoice(), created=NOON + 5))
    invoice = Invoice.objects.get()
    assert (invoice.payment_intent_id, invoice.charge_id) == ("pi_1", "")
    assert (invoice.status, invoice.paid_at) == ("paid", moment(NOON + 5))


def test_a_refund_may_come_before_its_charge() -> None:
    send(event("refund.created", build.refund()))
    send(event("charge.refunded", build.charge(amount_refunded=600), created=NOON + 1))
    send(event("charge.succeeded", build.charge()))
    charge = Charge.objects.get()
    assert charge.amount_refunded == 600
    assert charge.related(Refund).get().follow(Charge) == charge


def test_partial_refunds_add_up_in_any_order() -> None:
    told = [
        event("charge.refunded", build.charge(amount_refunded=amount), id=f"evt_{amount}")
        for amount in (600, 1200)
    ] + [event("charge.refunded", build.charge(amount_refunded=1800, refunded=True), id="evt_all")]
    for order in permutations(told):
        Charge.objects.all().delete()
        BillingChange.objects.all().delete()
        for one in order:
            send(one)
        charge = Charge.objects.get()
        assert (charge.amount_refunded, charge.refunded) == (1800, True)


@pytest.mark.parametrize("created", [NOON - 5, NOON, NOON + 5])
def test_a_deletion_is_not_undone(created: int) -> None:
    send(event("customer.deleted", build.customer()))
    [change] = send(event("customer.created", build.customer(email="x@y.z"), created=created))
    assert (change.verdict, change.fields) == (BillingChange.Verdict.OLDER, {})
    customer = Customer.objects.get()
    assert (customer.deleted, customer.email) == (True, "jo@example.com")


def test_a_deletion_comes_through_whatever_the_clock_says() -> None:
    send(event("customer.updated", build.customer(), created=NOON + 5))
    send(event("customer.deleted", build.customer()))
    assert Customer.objects.get().deleted


FINAL: list[tuple[str, Json, str, str]] = [
    ("customer.subscription.x", build.subscription(), "incomplete", "incomplete_expired"),
    ("customer.subscription.x", build.subscription(), "active", "canceled"),
    ("customer.subscription.x", build.subscription(), "past_due", "canceled"),
    ("invoice.x", build.invoice(), "draft", "paid"),
    ("invoice.x", build.invoice(), "open", "paid"),
    ("invoice.x", build.invoice(), "open", "void"),
    ("invoice.x", build.invoice(), "uncollectible", "paid"),
    ("payment_intent.x", build.payment_intent(), "processing", "succeeded"),
    ("payment_intent.x", build.payment_intent(), "requires_action", "canceled"),
    ("charge.x", build.charge(), "pending", "succeeded"),
    ("checkout.session.x", build.checkout_session(), "open", "complete"),
    ("checkout.session.x", build.checkout_session(), "open", "expired"),
    ("refund.x", build.refund(), "pending", "succeeded"),
    ("refund.x", build.refund(), "requires_action", "canceled"),
    ("charge.dispute.x", build.dispute(), "under_review", "lost"),
    ("charge.dispute.x", build.dispute(), "needs_response", "won"),
    ("payout.x", build.payout(), "in_transit", "paid"),
    ("payout.x", build.payout(), "pending", "canceled"),
]


@pytest.mark.parametrize("seconds", [-5, 0, 5])
@pytest.mark.parametrize("final_first", [True, False])
@pytest.mark.parametrize(("event_type", "subject", "before", "final"), FINAL)
def test_a_final_state_stands_in_any_order(
    event_type: str, subject: Json, before: str, final: str, final_first: bool, seconds: int
) -> None:
    on_the_way = state_of(event_type, subject, before, NOON)
    at_the_end = state_of(event_type, subject, final, NOON + seconds)
    for told in (at_the_end, on_the_way) if final_first else (on_the_way, at_the_end):
        send(told)
    assert status_of(subject) == final


@pytest.mark.parametrize("seconds", [0, 5])
@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize(
    ("event_type", "subject", "before", "after"),
    [
        ("refund.x", build.refund(), "succeeded", "failed"),
        ("charge.dispute.x", build.dispute(), "lost", "won"),
        ("charge.dispute.x", build.dispute(), "lost", "appeal_under_review"),
        ("payout.x", build.payout(), "paid", "failed"),
        ("invoice.x", build.invoice(), "draft", "open"),
        ("customer.subscription.x", build.subscription(), "incomplete", "active"),
    ],
)
def test_states_that_look_final_may_have_successors(
    event_type: str, subject: Json, before: str, after: str, in_order: bool, seconds: int
) -> None:
    told = [
        state_of(event_type, subject, before, NOON),
        state_of(event_type, subject, after, NOON + seconds),
    ]
    for one in told if in_order else reversed(told):
        send(one)
    assert status_of(subject) == after


def test_subscription_statuses_may_cycle_with_created() -> None:
    for seconds, status in enumerate(["active", "past_due", "active"]):
        send(
            state_of("customer.subscription.updated", build.subscription(), status, NOON + seconds)
        )
    late = state_of("customer.subscription.updated", build.subscription(), "unpaid", NOON + 1)
    [change] = send(late)
    assert change.verdict == BillingChange.Verdict.OLDER
    assert Subscription.objects.get().status == "active"


def test_an_unknown_status_is_ordered_by_created() -> None:
    send(state_of("payout.updated", build.payout(), "paid", NOON))
    send(state_of("payout.updated", build.payout(), "teleported", NOON + 1))
    assert Payout.objects.get().status == "teleported"


def test_an_invoice_keeps_the_moments_it_has_been_through() -> None:
    send(event("invoice.paid", build.paid_invoice()))
    forgetful = build.paid_invoice(status_transitions=None, attempt_count=0)
    send(event("invoice.updated", forgetful, created=NOON + 1))
    invoice = Invoice.objects.get()
    assert (invoice.paid_at, invoice.attempt_count) == (moment(NOON + 5), 1)


def test_a_cancellation_may_be_taken_back() -> None:
    send(event("customer.subscription.updated", build.subscription(canceled_at=NOON)))
    send(event("customer.subscription.updated", build.subscription(), created=NOON + 1))
    assert Subscription.objects.get().canceled_at is None


def test_an_event_without_a_time_is_told_by_its_state_alone() -> None:
    send(event("payment_intent.created", build.payment_intent()))
    send(state_of("payment_intent.succeeded", build.payment_intent(), "succeeded", NOON + 5))
    send(event("payment_intent.processing", build.payment_intent(), created=None))
    payment = PaymentIntent.objects.get()
    assert (payment.status, payment.in_doubt) == ("succeeded", False)
    assert payment.snapshot_at == moment(NOON + 5)
    other = build.payment_intent(status="succeeded", amount=7)
    [change] = send(event("payment_intent.succeeded", other, created=None))
    assert change.verdict == BillingChange.Verdict.UNDECIDABLE
    assert PaymentIntent.objects.get().in_doubt


def test_a_dispute_is_of_a_charge() -> None:
    send(event("charge.dispute.created", build.dispute()))
    send(event("charge.succeeded", build.charge()))
    assert Dispute.objects.get().follow(Charge) == Charge.objects.get()


@pytest.mark.parametrize(
    ("status", "payment_status", "fulfillable"),
    [
        ("complete", "paid", True),
        ("complete", "no_payment_required", True),
        ("complete", "unpaid", False),
        ("complete", None, False),
        ("open", "unpaid", False),
        ("expired", "unpaid", False),
    ],
)
def test_a_session_is_fulfilled_once_its_money_has_come(
    status: str, payment_status: str | None, fulfillable: bool
) -> None:
    session = build.checkout_session(status=status, payment_status=payment_status)
    send(event("checkout.session.completed", session))
    assert CheckoutSession.objects.get().fulfillable is fulfillable


def test_a_session_paid_later_stays_paid() -> None:
    unpaid = build.checkout_session(payment_status="unpaid")
    paid = event("checkout.session.async_payment_succeeded", build.checkout_session())
    send(paid)
    send(event("checkout.session.completed", unpaid))
    assert CheckoutSession.objects.get().fulfillable


STORY = [
    event("customer.created", build.customer(currency=None)),
    event("customer.updated", build.customer(), id="evt_a"),
    event("customer.updated", build.customer(name="Al"), id="evt_b"),
    event("customer.updated", build.customer(name="Al"), id="evt_c"),
    event("customer.updated", build.customer(name="Ed"), id="evt_d"),
    event("invoice.created", build.old_invoice(status="draft", payment_intent=None)),
    event("invoice_payment.paid", build.invoice_payment(), created=NOON + 2),
    event("invoice.paid", build.paid_invoice(), created=NOON + 5),
    event("invoice.payment_succeeded", build.paid_invoice(), created=NOON + 6),
    event("invoice.updated", build.invoice(), created=NOON + 3),
    event("customer.deleted", build.customer(), created=NOON + 9),
    event("charge.refunded", build.charge(refunds={"data": [build.refund()]})),
]


def test_a_repeated_event_changes_nothing() -> None:
    for told in STORY:
        send(told)
        before = everything()
        assert send(told) == []
        assert everything() == before


@pytest.mark.parametrize("backwards", [False, True])
def test_a_story_told_again_changes_nothing(backwards: bool) -> None:
    for told in STORY:
        send(told)
    before = everything()
    for told in reversed(STORY) if backwards else STORY:
        assert send(told) == []
    assert everything() == before


def test_a_re_run_of_an_old_event_leaves_its_place_in_the_past_as_it_was() -> None:
    told = [
        state_of("customer.subscription.updated", build.subscription(), status, NOON + seconds)
        # The last comes too late, and nobody can tell what else was in that second.
        for status, seconds in (("paused", 0), ("active", 900), ("unpaid", 0))
    ]
    for one in told:
        send(one)
    [summary, _] = Subscription.objects.get().snapshots
    assert (summary["base"], summary["patchy"]) == (True, True)
    before = everything()
    for one in told:
        assert send(one) == []
        assert everything() == before


def test_a_re_run_of_the_last_event_puts_right_what_went_wrong() -> None:
    told = event("payout.paid", build.payout())
    send(told)
    Payout.objects.update(arrival_at=None)
    [change] = send(told)
    assert list(change.fields) == ["arrival_at"]
    assert Payout.objects.get().arrival_at == moment(build.payout()["arrival_date"])


def answer(subject: Json, asked: int, answered: int) -> BillingChange:
    """What Stripe answers, so many seconds after noon, when it is asked for an object."""
    change = translate_object(subject)
    assert change
    seconds = {"asked_from": NOON + asked, "at": NOON + answered}
    told = Snapshot.of_answer(change, asked_at=moment(NOON + asked), **seconds)
    scope = ObjectScope(provider="stripe", account="", livemode=False)
    cause = Cause(scope, BillingChange.Source.FETCH, "evt_asked", "payout.paid")
    return apply_answer(change, told, cause)


def test_of_two_answers_the_one_asked_for_last_stands() -> None:
    first = answer(build.payout(amount=1), 0, 9)
    payout = Payout.objects.get()
    assert (first.verdict, first.reason) == (BillingChange.Verdict.APPLIED, "answer")
    assert (payout.fetched_at, payout.snapshot_event_id) == (moment(NOON), "")
    answer(build.payout(amount=2), 5, 6)
    late = answer(build.payout(amount=1), 2, 8)
    late.refresh_from_db()
    assert (late.verdict, late.reason, late.fields) == (BillingChange.Verdict.OLDER, "answer", {})
    assert (late.source, late.event_id, late.provider_id) == ("fetch", "evt_asked", "po_1")
    payout.refresh_from_db()
    assert (payout.amount, payout.fetched_at) == (2, moment(NOON + 5))
    assert payout.snapshot_at == moment(NOON + 6)


def test_what_others_name_is_known_by_no_event() -> None:
    send(event("charge.dispute.created", build.dispute()))
    charge = Charge.objects.get()
    assert (charge.snapshot_at, charge.snapshot_event_id) == (None, "")
    assert (charge.fetched_at, charge.in_doubt) == (None, True)


def test_a_row_says_when_it_was_last_written() -> None:
    send(event("payout.created", build.payout(amount=1)))
    Payout.objects.update(updated_at=moment(NOON))
    send(event("payout.updated", build.payout(amount=2), created=NOON + 9))
    assert Payout.objects.get().updated_at > moment(NOON)


def test_a_snapshot_that_says_nothing_new_is_the_latest_all_the_same() -> None:
    send(event("payout.updated", build.payout(method="standard")))
    [change] = send(event("payout.paid", build.payout(method="standard"), created=NOON + 9))
    assert (change.verdict, change.fields) == (BillingChange.Verdict.UNCHANGED, {})
    send(event("payout.updated", build.payout(method="instant"), created=NOON + 5))
    payout = Payout.objects.get()
    assert payout.method == "standard"
    assert payout.snapshot_at == moment(NOON) + timedelta(seconds=9)


@pytest.mark.parametrize("charge_first", [True, False])
def test_a_dispute_marks_its_charge_as_disputed(charge_first: bool) -> None:
    told = [
        event("charge.succeeded", build.charge()),
        event("charge.dispute.created", build.dispute(), created=NOON + 5),
    ]
    for one in told if charge_first else reversed(told):
        send(one)
    charge = Charge.objects.get()
    assert (charge.disputed, charge.amount, charge.in_doubt) == (True, 1800, False)


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_money_that_comes_home_leaves_its_charge_in_doubt_until_it_is_told_of(status: str) -> None:
    send(event("charge.refunded", build.charge(amount_refunded=600)))
    returned = build.refund(status=status)
    changes = send(event("refund.updated", returned, created=NOON + 5))
    assert {change.object_type: change.verdict for change in changes} == {
        "charge": BillingChange.Verdict.UNDECIDABLE,
        "refund": BillingChange.Verdict.APPLIED,
    }
    assert Charge.objects.get().in_doubt
    told = event("charge.updated", build.charge(amount_refunded=0), created=NOON + 9)
    told.payload["data"]["previous_attributes"] = {"amount_refunded": 600}
    send(told)
    charge = Charge.objects.get()
    assert (charge.amount_refunded, charge.in_doubt) == (0, False)


SUBJECTS = [
    ("customer.updated", build.customer(), 3),
    ("customer.subscription.updated", build.subscription(), 3),
    ("invoice.updated", build.invoice(), 3),
    ("invoice_payment.paid", build.invoice_payment(), 3),
    ("payment_intent.processing", build.payment_intent(), 3),
    ("charge.updated", build.charge(), 3),
    ("refund.updated", build.refund(), 3),
    # These tell of their charge as well.
    ("refund.failed", build.refund(status="failed"), 6),
    ("charge.dispute.updated", build.dispute(), 6),
    ("checkout.session.completed", build.checkout_session(), 3),
    ("payout.updated", build.payout(), 3),
]
"""Per object: an event of it, and how many queries it takes once the object is known."""

MORE_FOR_A_NEW_ONE = 2


@pytest.mark.parametrize(("event_type", "subject", "queries"), SUBJECTS)
def test_an_event_takes_few_queries(
    event_type: str,
    subject: Json,
    queries: int,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    objects = queries // 3
    with (
        transaction.atomic(),
        django_assert_max_num_queries(queries + objects * MORE_FOR_A_NEW_ONE),
    ):
        send(replace(event(event_type, subject, id="evt_new"), is_first_attempt=True))
    for number, seconds in enumerate([1, 1, 0, 99, -99]):
        changed = subject | {"metadata": {"number": str(number)}}
        told = event(event_type, changed, id=f"evt_{number}", created=NOON + seconds)
        with transaction.atomic(), django_assert_max_num_queries(queries):
            send(replace(told, is_first_attempt=True))


def test_an_event_that_cannot_be_stored_changes_nothing() -> None:
    with pytest.raises(PermanentFailure):
        send(event("charge.succeeded", build.charge(amount=2**63)))
    assert not Charge.objects.exists()

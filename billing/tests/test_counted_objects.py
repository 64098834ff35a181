"""Objects whose changes the provider counts, and charges whose refunds it never sums up."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any, Final

import pytest
from django.db import connection, transaction

from billing.changes import Change, ChargeChange, DisputeChange, InvoiceChange, RefundChange
from billing.models import BillingChange, Charge, Dispute, Invoice
from billing.operations import apply_all
from billing.order_rules import OrderRules, lifecycle
from billing.translators import Translator
from webhooks.events import Event

pytestmark = pytest.mark.django_db

AT: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)


def told(number: int, **payload: Any) -> Event:
    return Event(
        provider="acme", id=f"e{number}", type="told", payload=payload, created_at=AT, livemode=True
    )


def translate(event: Event) -> list[Change]:
    facts = dict(event.payload)
    if "refund" in facts:
        return [
            RefundChange(
                provider_id=facts["refund"], charge_id="c1", status=facts["status"], amount=40
            ),
            ChargeChange(provider_id="c1", complete=False, sums_refunds=True),
        ]
    if "charge" in facts:
        return [
            ChargeChange(provider_id="c1", status="succeeded", amount=80, sums_refunds=True),
        ]
    if "dispute" in facts:
        return [DisputeChange(provider_id="d1", **facts["dispute"])]
    return [InvoiceChange(provider_id="i1", **facts)]


ACME: Final = Translator(
    provider="acme",
    event_types=("told",),
    translate=translate,
    # Here a refund is over once it has succeeded.
    order={
        "refund": OrderRules(lifecycle=lifecycle([{"failed"}], [{"succeeded"}])),
        "dispute": OrderRules(required=("amount",)),
    },
)


def ends(events: Sequence[Event]) -> list[tuple[Any, ...]]:
    """Return what is stored after events in this order; nothing of it stays."""
    with transaction.atomic():
        for event in (*events, *reversed(events)):
            apply_all(event, ACME.changes_of(event))
        found = [
            *Invoice.objects.values_list("status", "amount_paid", "in_doubt", "snapshot_event_id"),
            *Charge.objects.values_list("status", "amount_refunded", "refunded", "in_doubt"),
        ]
        transaction.set_rollback(True)
    return found


def test_the_greatest_revision_counts_whatever_clocks_and_states_say() -> None:
    # All of one second, back from a state that others never leave, and with less than before.
    life = [
        told(1, revision=0, status="open", amount_paid=0),
        told(2, revision=1, status="paid", amount_paid=900),
        told(3, revision=7, status="open", amount_paid=300),
    ]
    for order in permutations(life):
        assert ends(order) == [("open", 300, False, "e3")]


def test_two_that_differ_within_one_revision_are_in_doubt() -> None:
    life = [
        told(1, revision=1, status="draft"),
        told(2, revision=2, status="open", amount_paid=100),
        told(3, revision=2, status="open", amount_paid=300),
    ]
    for order in permutations(life):
        [(*_, in_doubt, _)] = ends(order)
        assert in_doubt


def test_what_lacks_a_fact_that_is_required_is_in_doubt_until_it_is_told() -> None:
    opened = told(1, dispute={"amount": 40, "status": "needs_response"})
    lost = replace(told(2, dispute={"status": "lost"}), created_at=AT + timedelta(hours=1))

    apply_all(lost, ACME.changes_of(lost))
    row = Dispute.objects.get()
    assert (row.status, row.amount, row.in_doubt) == ("lost", None, True)
    assert BillingChange.objects.get().reason == "only_named"

    apply_all(opened, ACME.changes_of(opened))
    row.refresh_from_db()
    assert (row.status, row.amount, row.in_doubt) == ("lost", 40, False)


def test_a_charge_has_what_its_refunds_come_to_in_every_order() -> None:
    life = [
        told(1, charge=True),
        told(2, refund="r1", status="succeeded"),
        told(3, refund="r2", status="failed"),
        told(4, refund="r2", status="succeeded"),
    ]
    for order in permutations(life):
        assert ends(order) == [("succeeded", 80, True, False)]
    assert ends(life[:3]) == [("succeeded", 40, False, False)]


def test_the_sum_is_in_the_history_with_its_reason() -> None:
    for event in (told(1, charge=True), told(2, refund="r1", status="succeeded")):
        apply_all(event, ACME.changes_of(event))

    entry = BillingChange.objects.get(object_type="charge", reason="summed", event_id="e2")
    assert entry.fields["amount_refunded"] == [0, 40]


def deliver(number: int) -> None:
    try:
        with transaction.atomic():
            event = told(number, refund=f"r{number}", status="succeeded")
            apply_all(event, ACME.changes_of(event))
    finally:
        connection.close()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_refunds_that_come_at_once_are_all_in_the_sum() -> None:
    with transaction.atomic():
        apply_all(told(99, charge=True), ACME.changes_of(told(99, charge=True)))
    with ThreadPoolExecutor(max_workers=8) as workers:
        list(workers.map(deliver, range(24)))
    assert Charge.objects.get().amount_refunded == 24 * 40

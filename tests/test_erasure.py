"""After a person was erased, nothing that identifies them is left or comes back."""

import json
import logging
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from billing.admin.values import is_money
from billing.models import MODELS
from billing.privacy.redaction import is_personal
from tests import marked
from tests.delivering import Json, deliver
from tests.marked import MARK, NAME, mark
from webhooks.events import Event
from webhooks.models import Scope, Trigger, WebhookEvent
from webhooks.privacy import unmasking
from webhooks.processing.replay import replay, request_replay
from webhooks.testing.api_client import caller
from webhooks.testing.fake_stripe import (
    Served,
    World,
    checkouts,
    customers,
    deliverable,
    disputes,
    invoices,
    payments,
    refunds,
    subscriptions,
)
from webhooks.testing.plugin import Subscribe
from webhooks.testing.stripe_events import envelope

pytestmark = pytest.mark.django_db(transaction=True)

TWIN = "acct_twin"

LATE = slice(2, None, 7)
"""Those of the person's events that come after the person was erased."""

MISSED = slice(1, None, 4)
"""Those of what follows that never come, and must be asked for."""


def live(world: World) -> str:
    """A customer's life with everything in it; the customer's id."""
    home = world.account()
    customer: str = customers.create(home, name="Jo")["id"]
    subscription = subscriptions.create(home, customer)["id"]
    world.advance(40)
    subscriptions.renew(home, subscription)
    payment = payments.create(home, 1800, customer=customer)["id"]
    payments.confirm(home, payment, "failed")
    charge = payments.confirm(home, payment)["latest_charge"]
    world.advance(5)
    refunds.create(home, charge, 600)
    disputed = disputes.create(home, charge)["id"]
    disputes.submit(home, disputed)
    session = checkouts.create(home, "payment", customer=customer)["id"]
    checkouts.complete(home, session)
    invoices.void(home, invoices.finalize(home, invoices.create(home, customer, 500)["id"])["id"])
    customers.update(home, customer, name="Jo the Second")
    return customer


def go_on(world: World, customer: str) -> None:
    """What happens after the person was erased here, and not at Stripe."""
    home = world.account()
    world.advance(90)
    customers.update(home, customer, name="Jo the Third", balance=-700)
    charge = payments.confirm(home, payments.create(home, 900, customer=customer)["id"])
    case = disputes.create(home, charge["latest_charge"])["id"]
    disputes.submit(home, case)
    disputes.close(home, case, "lost")
    paid = payments.confirm(home, payments.create(home, 70, customer=customer)["id"])
    refunds.create(home, paid["latest_charge"], 30)


def beside(customer: str, charge: str) -> list[Json]:
    """What billing keeps nothing of, and yet is about the person, by name or by a chain only."""
    method = {"id": "pm_beside", "object": "payment_method", "customer": None}
    guest = {"id": "cs_guest", "object": "checkout.session", "customer": None, "status": "complete"}
    return [
        envelope("review.opened", {"id": "prv_1", "object": "review", "charge": charge}, 5),
        envelope("payment_method.attached", method | {"customer": customer}, 6, id="evt_method"),
        envelope("payment_method.updated", method, 7),
        envelope(
            "checkout.session.completed",
            guest | {"amount_total": 300, "payment_intent": "pi_guest", "payment_status": "paid"},
            8,
        ),
        envelope(
            "payment_intent.succeeded",
            {"id": "pi_guest", "object": "payment_intent", "amount": 300, "status": "succeeded"},
            9,
        ),
    ]


def twin(event: Json) -> Json:
    """The same event in the life of a twin, whom nobody erases, in another account."""
    text = json.dumps(event).replace(MARK, "Twinmark").replace(event["id"], f"{event['id']}_twin")
    for trace in marked.TRACES[1:]:
        text = text.replace(trace, "")
    return {**json.loads(text), "account": TWIN}


def tell(events: list[Json]) -> None:
    """Deliver these events, and a twin's."""
    for event in events:
        deliver(mark(event))
        deliver(twin(mark(event)))


def mark_world(world: World) -> None:
    """Have Stripe itself know the person by all that is marked."""
    for key, subject in list(world.objects.items()):
        world.keep(key, marked.marked(subject))
    for recorded in world.events:
        recorded.event["data"] = mark(recorded.event)["data"]


def money(account: str) -> dict[str, list[Any]]:
    """All that is kept of an account, but what identifies somebody and how it came to be known."""
    beside_money = {"id", "account", "snapshots", "updated_at", "in_doubt", "fetched_at"}
    beside_money |= {"snapshot_event_id", "snapshot_at"}
    return {
        kind: [
            {
                name: value
                for name, value in row.items()
                if name not in beside_money and not is_personal(kind, name)
            }
            for row in model._default_manager.filter(account=account)
            .order_by("provider_id")
            .values()
        ]
        for kind, model in MODELS.items()
    }


def sums(account: str) -> dict[str, tuple[Any, ...]]:
    """The amounts and states of an account's objects, by id."""
    return {
        row["provider_id"]: tuple(
            value
            for name, value in row.items()
            if is_money(name) or name in ("status", "payment_status", "currency")
        )
        for rows in money(account).values()
        for row in rows
    }


def erase(customer: str, *arguments: str) -> str:
    """What the command says."""
    out = StringIO()
    reason = f"--reason={NAME} asked for it"
    call_command("erase_customer", customer, reason, "--account=", *arguments, stdout=out)
    return out.getvalue()


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged since the person was first heard of."""
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    assert records
    return "\n".join(logging.Formatter().format(record) for record in records)


@pytest.fixture
def world() -> World:
    """What Stripe knows at first, lately enough for it to list."""
    return World(0, now=int(timezone.now().timestamp()) - 3600)


@pytest.fixture
def talkative(subscribe: Subscribe) -> None:
    """A handler that fails, and tells everything that it knows."""

    def tell_all(event: Event) -> None:
        raise ValueError(f"{json.dumps(event.payload)} is too much")

    subscribe(tell_all, "charge.*", "review.*")


@pytest.fixture
def customer(stripe: Served, settings: Settings, talkative: None) -> str:
    """Somebody of whom everything was told that can be, in every way that there is."""
    settings.STRIPE_FETCH = "never"
    customer = live(stripe.world)
    events = deliverable(stripe.world)
    tell([event for event in events if event not in events[LATE]])
    charge = str(next(stripe.world.account().all("charge", customer=customer))["id"])
    tell(beside(customer, charge))
    mark_world(stripe.world)

    theirs = WebhookEvent.objects.filter(customer_id=customer, account="")
    for asked, reason in [
        (theirs.filter(type="customer.updated"), "she called about it"),
        (WebhookEvent.objects.filter(type="charge.succeeded"), f"{NAME.upper()} & others called"),
    ]:
        order = request_replay(
            trigger=Trigger.STAFF, actor="anna", reason=reason, now=timezone.now(), force=True
        )
        replay(asked, order)
    till = caller("add_paymentintent", scopes=[Scope.BILLING_WRITE])
    for key in ("key-1", f"order-of-{marked.EMAIL}"):
        answer = till.post(
            "/api/v1/payment-intents",
            {"amount": 1800, "currency": "eur", "customer": customer, "description": NAME},
            headers={"Idempotency-Key": key},
        )
        assert answer.status_code == 201, answer.content
    return customer


def test_no_trace_is_left_and_the_money_stays(
    customer: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    before = money("")
    assert len(marked.traces_in_database()) > 100
    assert before == money(TWIN)
    theirs = WebhookEvent.objects.filter(customer_id=customer, account="")
    event = theirs.exclude(body=None).latest("pk")
    unmasking.unmask(event, actor="anna", reason=f"as {marked.MARK} asks", now=timezone.now())
    call_command("audit", "seal", stdout=StringIO())
    said = erase(customer)
    call_command("audit", "verify", stdout=StringIO())
    assert marked.traces_in_database() == []
    assert money("") == before
    assert erase(customer) == "nothing is left to erase\n"
    assert not marked.traces(logged(caplog) + said + "".join(capsys.readouterr()))


def test_late_deliveries_reruns_and_fetches_bring_nothing_back(
    stripe: Served, customer: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    erase(customer)
    # Late, for the first time or again.
    seen = len(stripe.world.events)
    go_on(stripe.world, customer)
    mark_world(stripe.world)
    tell(deliverable(stripe.world)[LATE])
    events = deliverable(stripe.world, since=seen)
    for event in events:
        deliver(twin(mark(event)))
    tell([event for event in events if event not in events[MISSED]])
    tell(deliverable(stripe.world)[:20])
    assert marked.traces_in_database() == []
    with suppress(CommandError):  # the talkative handler fails again
        call_command("reconcile_events", "--since=29d", stdout=StringIO(), stderr=StringIO())
    assert WebhookEvent.objects.filter(endpoint="(fetched)").exists()
    assert marked.traces_in_database() == []
    assert sums(TWIN).items() <= sums("").items()

    # By force.
    order = request_replay(
        trigger=Trigger.STAFF, actor="anna", reason="", now=timezone.now(), force=True
    )
    replay(WebhookEvent.objects.filter(account=""), order)
    assert marked.traces_in_database() == []
    assert sums(TWIN).items() <= sums("").items()

    call_command("audit", "seal", stdout=StringIO())
    call_command("audit", "verify", stdout=StringIO())

    # From Stripe, which has everything still.
    settings.STRIPE_FETCH = "always"
    out = StringIO()
    for chosen in MODELS.values():
        chosen._default_manager.filter(account="").update(in_doubt=True)
    with suppress(CommandError):  # the guest's visit is not of Stripe's own making
        call_command("reconcile_billing", "--account=", "--repair", stdout=out, stderr=StringIO())
    assert "0 failed" in out.getvalue()
    assert marked.traces_in_database() == []
    assert not marked.traces(logged(caplog) + out.getvalue())
    # Stripe tells more than events did, but no other amounts.
    assert sums(TWIN).items() <= sums("").items()

"""Telegram's payments, refunds and subscriptions, in any order and twice."""

import itertools
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.entitlements import entitlement
from billing.models import Charge, Customer, Refund, Subscription
from webhooks.models import WebhookEvent
from webhooks.testing.client import post

pytestmark = pytest.mark.django_db

TOKEN = "OursAndNobodyElses_OursAndNobodyElses"
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = timedelta(days=30)


@pytest.fixture(autouse=True)
def _bot(settings: Any) -> None:
    settings.WEBHOOK_ENDPOINTS = {
        "telegram": {"provider": "telegram", "secrets_setting": "TELEGRAM_WEBHOOK_SECRET"}
    }
    settings.TELEGRAM_WEBHOOK_SECRET = TOKEN


def message(update_id: int, at: datetime, **content: Any) -> dict[str, Any]:
    return {
        "update_id": update_id,
        "message": {
            "message_id": update_id,
            "from": {"id": 42, "is_bot": False, "first_name": "Ada", "last_name": "L"},
            "chat": {"id": 42, "type": "private"},
            "date": int(at.timestamp()),
            **content,
        },
    }


def paid(update_id: int, at: datetime, charge: str, **more: Any) -> dict[str, Any]:
    payment = {
        "currency": "XTR",
        "total_amount": 250,
        "invoice_payload": "gold",
        "telegram_payment_charge_id": charge,
        "provider_payment_charge_id": "",
        **more,
    }
    return message(update_id, at, successful_payment=payment)


def refunded(update_id: int, at: datetime, charge: str) -> dict[str, Any]:
    payment = {
        "currency": "XTR",
        "total_amount": 250,
        "invoice_payload": "gold",
        "telegram_payment_charge_id": charge,
    }
    return message(update_id, at, refunded_payment=payment)


def renewal(update_id: int, number: int) -> dict[str, Any]:
    at = FIRST + number * MONTH
    return paid(
        update_id,
        at,
        f"stx{number}",
        subscription_expiration_date=int((at + MONTH).timestamp()),
        is_recurring=True,
    )


STORY = [
    renewal(1, 0),
    renewal(7, 1),
    renewal(9, 2),
    refunded(12, FIRST + MONTH + timedelta(hours=1), "stx1"),
]


def send(updates: Iterable[dict[str, Any]]) -> None:
    for update in updates:
        headers = {"X-Telegram-Bot-Api-Secret-Token": TOKEN}
        answer = post(json.dumps(update).encode(), headers, "/webhooks/telegram")
        assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))])
def test_a_lifecycle_ends_the_same_in_every_order_and_twice(order: tuple[int, ...]) -> None:
    send(STORY[place] for place in order)
    send(STORY[place] for place in reversed(order))

    charges = {one.provider_id: one for one in Charge.objects.all()}
    assert {name: (one.amount, one.currency, one.status) for name, one in charges.items()} == {
        f"stx{number}": (250, "xtr", "succeeded") for number in range(3)
    }
    assert [charges[f"stx{number}"].amount_refunded for number in range(3)] == [None, 250, None]
    assert not any(one.in_doubt for one in charges.values())
    refund = Refund.objects.get()
    assert (refund.charge_id, refund.amount, refund.status) == ("stx1", 250, "succeeded")
    customer = Customer.objects.get()
    assert (customer.provider_id, customer.name) == ("42", "Ada L")
    subscription = Subscription.objects.get()
    assert subscription.current_period_end == FIRST + 3 * MONTH
    assert not subscription.in_doubt
    assert set(WebhookEvent.objects.values_list("status", flat=True)) == {"processed"}


def test_a_subscription_entitles_until_its_time() -> None:
    send([renewal(1, 0)])
    customer = Customer.objects.get()

    during = entitlement(customer, "gold", now=FIRST + timedelta(days=29))
    after = entitlement(customer, "gold", now=FIRST + 3 * MONTH)

    assert (during.allowed, after.allowed) == (True, False)
    assert not entitlement(customer, "silver", now=FIRST + timedelta(days=1)).allowed


@pytest.mark.parametrize(
    "spoilt",
    [
        {"telegram_payment_charge_id": ""},
        {"telegram_payment_charge_id": None},
        {"total_amount": "250"},
        {"subscription_expiration_date": "soon"},
        {"invoice_payload": 7},
    ],
)
def test_what_is_of_another_shape_fails_with_the_place_named(spoilt: dict[str, Any]) -> None:
    send([paid(1, FIRST, "stx1", **spoilt)])

    event = WebhookEvent.objects.get()
    assert event.status == "failed"
    assert next(iter(spoilt)) in event.last_error
    assert not Charge.objects.exists()

"""Events whose sender waits for an answer: a payer has confirmed, and is to pay or not."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from webhooks import signals
from webhooks.events import Event
from webhooks.exceptions import Declined
from webhooks.intake import answers
from webhooks.models import Attempt, WebhookEvent
from webhooks.testing.client import post
from webhooks.testing.plugin import Subscribe

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "OursAndNobodyElses_OursAndNobodyElses"


@pytest.fixture(autouse=True)
def _bot(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ENDPOINTS = {
        "telegram": {"provider": "telegram", "secrets_setting": "TELEGRAM_WEBHOOK_SECRET"}
    }
    settings.TELEGRAM_WEBHOOK_SECRET = TOKEN
    # What one test registers must not answer in the next.
    monkeypatch.setattr(signals, "_answering", {})


def ask(update_id: int = 1, query_id: str = "q1") -> Any:
    update = {
        "update_id": update_id,
        "pre_checkout_query": {
            "id": query_id,
            "from": {"id": 42, "is_bot": False, "first_name": "Ada"},
            "currency": "XTR",
            "total_amount": 250,
            "invoice_payload": "order-17",
        },
    }
    headers = {"X-Telegram-Bot-Api-Secret-Token": TOKEN}
    return post(json.dumps(update).encode(), headers, "/webhooks/telegram")


def test_who_confirms_is_answered_in_the_deliverys_own_response() -> None:
    @signals.answers("telegram", "pre_checkout_query")
    def check(event: Event) -> None:
        if event.payload["pre_checkout_query"]["id"] != "q1":
            raise Declined("This offer has ended.")

    assert ask().json() == {
        "method": "answerPreCheckoutQuery",
        "pre_checkout_query_id": "q1",
        "ok": True,
    }
    declined = ask(2, "q2").json()

    assert (declined["ok"], declined["error_message"]) == (False, "This offer has ended.")
    given = Attempt.objects.filter(number=0).order_by("pk")
    assert [each.handlers[0]["outcome"] for each in given] == ["accepted", "declined"]
    assert {each.trigger for each in given} == {"answer"}


def test_nobody_who_answers_is_a_refusal() -> None:
    answer = ask()

    assert (answer.status_code, answer.json()["ok"]) == (200, False)
    assert answer.json()["error_message"] == answers.NOBODY
    assert WebhookEvent.objects.get().event_id == "telegram:1"


def test_whoever_fails_or_hangs_is_a_refusal_on_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "DEADLINE_SECONDS", 0.2)
    go_on = threading.Event()

    @signals.answers("telegram", "pre_checkout_query")
    def hang(event: Event) -> None:
        if event.object_id == "fails":
            raise LookupError("the stock is unknown")
        go_on.wait(30)

    for number, query in enumerate(("fails", "hangs"), 1):
        answer = ask(number, query).json()
        assert (answer["ok"], answer["error_message"]) == (False, answers.NOT_NOW)
    go_on.set()

    given = Attempt.objects.filter(number=0).order_by("pk")
    assert [each.handlers[0]["outcome"] for each in given] == ["failed", "late"]


def test_each_delivery_of_a_query_has_the_same_answer() -> None:
    seats = iter([None, Declined("Sold out.")])

    @signals.answers("telegram", "pre_checkout_query")
    def check(_: Event) -> None:
        if refusal := next(seats):
            raise refusal

    assert [ask().json()["ok"] for _ in range(3)] == [True] * 3
    assert Attempt.objects.filter(number=0).count() == 1


def test_deliveries_of_a_query_at_once_have_the_same_answer() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("one connection at a time")
    decided = iter(range(100))

    @signals.answers("telegram", "pre_checkout_query")
    def check(_: Event) -> None:
        if next(decided) % 2:
            raise Declined("Every other one.")

    def deliver(_: int) -> bytes:
        try:
            return bytes(ask().content)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(deliver, range(16)))
    assert len(told) == 1
    assert Attempt.objects.filter(number=0).count() == 1


def test_it_is_an_event_like_any_other(subscribe: Subscribe) -> None:
    @signals.answers("telegram", "pre_checkout_query")
    def check(event: Event) -> None:
        Group.objects.create(name="checked")

    def handler(event: Event) -> None:
        # The answer was on record before, and the payer does not wait for this.
        assert Attempt.objects.get(number=0).handlers[0]["outcome"] == "accepted"
        Group.objects.create(name="handled")

    subscribe(handler, "pre_checkout_query", provider="telegram")
    ask()

    assert WebhookEvent.objects.get().status == "processed"
    assert set(Group.objects.values_list("name", flat=True)) >= {"checked", "handled"}


def test_a_second_one_to_answer_is_a_mistake() -> None:
    signals.answers("telegram", "pre_checkout_query")(lambda event: None)
    with pytest.raises(ValueError, match="is answered by"):
        signals.answers("telegram", "pre_checkout_query")(print)


def test_an_answer_that_cannot_be_recorded_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    @signals.answers("telegram", "pre_checkout_query")
    def check(_: Event) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE webhooks_attempt RENAME TO webhooks_attempt_gone")

    try:
        refused = ask()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE webhooks_attempt_gone RENAME TO webhooks_attempt")
    assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
    assert WebhookEvent.objects.count() == 1

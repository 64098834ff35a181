"""Thin events: they name what they are about, and carry nothing of it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import strategies as st

from webhooks.events import Event
from webhooks.models import WebhookEvent
from webhooks.testing import deliver, thin_sample
from webhooks.testing.client import post, sign
from webhooks.testing.hostile import as_body, drawn, spoiled
from webhooks.testing.plugin import Subscribe

pytestmark = pytest.mark.django_db


def recorded(event: dict[str, Any]) -> WebhookEvent:
    assert deliver(event).json() == {"status": "received"}
    return WebhookEvent.objects.get(event_id=event["id"])


def test_one_without_a_handler_is_recorded_and_ignored() -> None:
    event = thin_sample("v1.terminal.reader.created", context="acct_1", livemode=True)
    row = recorded(event)

    assert row.status == WebhookEvent.Status.IGNORED
    assert (row.type, row.account, row.livemode) == ("v1.terminal.reader.created", "acct_1", True)
    assert (row.object_type, row.object_id) == ("terminal.reader", event["related_object"]["id"])
    assert row.customer_id == ""
    assert deliver(event).json() == {"status": "received", "idempotent_replay": True}


def test_one_about_a_customer_is_the_customers() -> None:
    event = thin_sample("v1.customer.created")

    assert recorded(event).customer_id == event["related_object"]["id"]


def test_a_handler_gets_a_thin_event_whole(subscribe: Subscribe) -> None:
    seen: list[Event] = []
    subscribe(seen.append, "v1.terminal.reader.*")
    event = thin_sample("v1.terminal.reader.updated", created=1_790_000_000)
    row = recorded(event)

    assert row.status == WebhookEvent.Status.PROCESSED
    assert [one.payload for one in seen] == [event]
    assert seen[0].created_at == datetime.fromtimestamp(1_790_000_000.25, UTC)


@pytest.mark.parametrize(
    ("created", "moment"),
    [
        ("2026-09-17T06:20:52.246Z", datetime(2026, 9, 17, 6, 20, 52, 246_000, UTC)),
        ("2026-09-17t06:20:52z", datetime(2026, 9, 17, 6, 20, 52, 0, UTC)),
        ("2026-09-17T06:20:52Z", datetime(2026, 9, 17, 6, 20, 52, 0, UTC)),
        ("2026-09-17T08:20:52+02:00", datetime(2026, 9, 17, 6, 20, 52, 0, UTC)),
        ("2026-09-17T06:20:52", datetime(2026, 9, 17, 6, 20, 52, 0, UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31t15:59:60.5-08:00", datetime(2017, 1, 1, 0, 0, 0, 500_000, UTC)),
        ("2016-12-31T23:59:60", datetime(2017, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", None),
        ("9999-12-31T23:59:60Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1_790_000_000, datetime.fromtimestamp(1_790_000_000, UTC)),
    ],
)
def test_a_thin_event_s_time_of_creation_is_read(created: Any, moment: datetime | None) -> None:
    row = recorded(thin_sample("v1.customer.created") | {"created": created})

    assert row.provider_created_at == moment


@pytest.mark.parametrize(
    "created",
    [
        *("now", "", True, None, [], "2026-13-01T00:00:00Z"),
        *("2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z"),
    ],
)
def test_a_time_that_is_none_is_refused(created: Any) -> None:
    answer = deliver(thin_sample("v1.customer.created") | {"created": created})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_event")


@pytest.mark.parametrize("related", [None, {}, "cus_1", [], {"id": 7, "type": {}}, {"id": "x\0"}])
def test_one_that_names_no_object_is_recorded(related: Any) -> None:
    row = recorded(thin_sample("v1.customer.created") | {"related_object": related})

    assert (row.object_type, row.object_id, row.customer_id) == ("", "", "")


@pytest.mark.parametrize(
    ("context", "account"),
    [("acct_1", "acct_1"), ("org_1/acct_1", "acct_1"), (None, ""), ({}, ""), ("a/", ""), (7, "")],
)
def test_its_context_tells_the_account(context: Any, account: str) -> None:
    assert recorded(thin_sample("v1.customer.created", context=context)).account == account


def test_what_it_carries_besides_is_no_object() -> None:
    event = thin_sample("v1.billing.meter.error_report_triggered")
    row = recorded(event | {"data": {"object": "in_1", "developer_message_summary": "x"}})

    assert row.object_type == "billing.meter"


@drawn(data=st.data())
def test_an_odd_one_is_recorded_or_refused_and_settled_at_once(data: st.DataObject) -> None:
    odd = data.draw(spoiled(thin_sample("v1.terminal.reader.updated")))
    body = as_body(odd)
    answer = post(body, sign(body))

    assert answer.status_code == 200 or answer.json()["code"] == "malformed_event"
    assert not WebhookEvent.objects.exclude(status=WebhookEvent.Status.IGNORED).exists()


def test_staff_find_it_by_its_object(admin_client: Client) -> None:
    event = thin_sample("v1.customer.updated")
    row = recorded(event)
    found = admin_client.get(
        reverse("admin:webhooks_webhookevent_changelist"), {"q": event["related_object"]["id"]}
    )
    shown = admin_client.get(reverse("admin:webhooks_webhookevent_change", args=[row.pk]))

    assert event["id"] in found.content.decode()
    assert "v1.customer.updated" in shown.content.decode()

"""Of every provider's events a person is erased, late ones too, and masked until then."""

import json
from collections.abc import Iterator
from copy import deepcopy
from html import unescape
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils import timezone

from webhooks.models import ErasureRequest, SuppressedId, WebhookEvent
from webhooks.privacy.erasure import request_erasure
from webhooks.privacy.suppression import remember
from webhooks.providers import PROVIDERS, Provider
from webhooks.testing.browser import log_in, text
from webhooks.testing.client import post
from webhooks.tests.personal_cases import PERSONAL, TRACES, WRITTEN, Personal, values_at
from webhooks.tests.provider_cases import CASES, TRIED

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("name", sorted(PROVIDERS)),
]


@pytest.fixture
def provider(name: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Provider:
    case = CASES[name]
    monkeypatch.setitem(PROVIDERS, name, TRIED[name])
    settings.OURS_WEBHOOK_SECRET = case.secret
    settings.WEBHOOK_ENDPOINTS = {
        "ours": {"provider": name, "secrets_setting": "OURS_WEBHOOK_SECRET", **case.options}
    }
    return TRIED[name]


@pytest.fixture
def person(name: str) -> Personal:
    return PERSONAL[name]


def send(provider: Provider, payload: Any) -> None:
    case = CASES[provider.name]
    body = case.write(payload)
    options = {"endpoint": "ours", **case.options}
    proof = provider.sign(body, secret=case.secret, now=timezone.now(), options=options)
    sent, headers = provider.sent(body, proof)
    answer = post(sent, headers, "/webhooks/ours", media_type=provider.media_types[0])
    assert answer.status_code == 200, answer.content


def erase(person: Personal) -> str:
    out = StringIO()
    if person.customer:
        call_command("erase_customer", person.customer, "--reason=asked for", stdout=out)
    else:
        begin(person)
        call_command("erase_customer", "--unfinished", stdout=out)
    return out.getvalue()


def begin(person: Personal) -> None:
    """Have it be known whose the events are; where they name nobody, by what they are about."""
    event = WebhookEvent.objects.earliest("pk")
    erasure, _ = request_erasure(
        event.provider,
        event.account,
        event.livemode,
        person.customer or "somebody",
        actor="anna",
        now=timezone.now(),
    )
    remember(erasure, WebhookEvent.objects.values_list("object_id", flat=True))


def traces() -> list[str]:
    """Return where in the database anything tells of the person."""
    return [
        f"{model.__name__}.{name}: {trace}"
        for model in apps.get_models()
        for row in model._default_manager.values()
        for name, value in row.items()
        for trace in (*TRACES, WRITTEN)
        if trace in readable(value)
    ]


def readable(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        value = bytes(value).decode(errors="replace")
    return (value if isinstance(value, str) else json.dumps(value, default=str)).casefold()


def payloads() -> Iterator[Any]:
    for event in WebhookEvent.objects.order_by("pk"):
        yield json.loads(bytes(event.body or b""))


def kept(person: Personal) -> list[list[Any]]:
    """Return what the events have of what must stay."""
    return [[values_at(event, path) for path in person.kept] for event in payloads()]


def again(name: str, payload: Any) -> Any:
    """Return a delivery of further events that say the same of the same objects."""
    told = deepcopy(payload)
    if name == "adyen":
        for item in told["notificationItems"]:
            item["NotificationRequestItem"]["eventCode"] = "REPORT_AVAILABLE"
    elif name == "gocardless":
        for event in told["events"]:
            event["id"] += "9"
    elif name == "telegram":
        told["update_id"] += 1
    else:
        *parents, last = _id_path(name).split(".")
        holder = values_at(told, ".".join(parents))
        holder[last] = f"{holder.get(last, '')}9"
    return told


def _id_path(name: str) -> str:
    naming: Any = getattr(PROVIDERS[name], "naming", None)
    return naming.id[0] if naming and naming.id else "id" if name == "stripe" else "nonce"


def test_every_provider_has_a_case(name: str) -> None:
    assert set(PERSONAL) == set(PROVIDERS)


def test_nothing_personal_is_left_and_the_event_is_one_still(
    provider: Provider, person: Personal
) -> None:
    send(provider, person.payload)
    before = kept(person)
    columns = list(WebhookEvent.objects.order_by("pk").values(*COLUMNS))
    assert {trace.partition(": ")[2] for trace in traces()} >= {"quillfeather", WRITTEN}
    assert all(any(value is not None for value in values) for values in zip(*before, strict=True))

    erase(person)

    assert traces() == []
    assert kept(person) == before
    assert list(WebhookEvent.objects.order_by("pk").values(*COLUMNS)) == columns
    assert not WebhookEvent.objects.filter(erased_at=None).exists()
    assert ErasureRequest.objects.get().finished_at
    if person.customer:
        assert erase(person) == "nothing is left to erase\n"


COLUMNS = (
    *("event_id", "type", "object_id", "customer_id", "account", "sha256", "provider_created_at"),
)


def test_what_was_erased_and_comes_again_is_a_duplicate(
    provider: Provider, person: Personal
) -> None:
    send(provider, person.payload)
    erase(person)
    rows = WebhookEvent.objects.count()

    send(provider, person.payload)

    assert WebhookEvent.objects.count() == rows
    assert set(WebhookEvent.objects.values_list("deliveries", flat=True)) == {2}
    assert traces() == []


@pytest.mark.parametrize("processing", ["request", "loop"])
def test_what_comes_late_is_stored_without_the_person(
    provider: Provider, person: Personal, name: str, processing: str, settings: Any
) -> None:
    settings.WEBHOOK_PROCESSING = processing
    send(provider, person.payload)
    erase(person)
    before, rows = kept(person), WebhookEvent.objects.count()

    send(provider, again(name, person.payload))

    assert WebhookEvent.objects.count() == 2 * rows
    assert not WebhookEvent.objects.filter(erased_at=None).exists()
    assert traces() == []
    assert [len([one for one in each if one is not None]) for each in kept(person)[rows:]] == [
        len([one for one in each if one is not None]) for each in before
    ]


def test_what_comes_late_is_known_by_what_it_is_about(
    provider: Provider, person: Personal, name: str
) -> None:
    send(provider, person.payload)
    erase(person)

    send(provider, without_customer(again(name, person.payload), person.customer))

    assert not WebhookEvent.objects.filter(erased_at=None).exists()
    assert traces() == []


def without_customer(value: Any, customer: str) -> Any:
    if isinstance(value, dict):
        return {
            key: without_customer(each, customer)
            for key, each in value.items()
            if not customer or str(each) != customer
        }
    return [without_customer(one, customer) for one in value] if isinstance(value, list) else value


def test_staff_are_shown_nothing_personal(provider: Provider, person: Personal) -> None:
    send(provider, person.payload)
    anna = log_in("view_webhookevent")
    shown = {trace for trace in TRACES if "7391" not in trace and "zoe" not in trace}

    for event in WebhookEvent.objects.all():
        pages = text(anna, f"/admin/webhooks/webhookevent/{event.pk}/change/")
        pages += text(anna, f"/api/v1/events/{event.event_id}")
        told = unescape(pages).casefold()
        assert [trace for trace in shown if trace in told] == []
        assert event.object_id.casefold() in told


def test_an_id_of_a_stranger_s_is_not_theirs(provider: Provider, person: Personal) -> None:
    send(provider, person.payload)
    erase(person)

    known = set(SuppressedId.objects.values_list("object_id", flat=True))
    shared = {values_at(event, path) for event in payloads() for path in SHARED}
    assert known.isdisjoint(shared - {None})
    assert not any(trace in one.casefold() for one in known for trace in TRACES)


SHARED = (
    *("merchant_id", "account_id", "data.items.0.price.id", "resource.plan_id"),
    *("links.organisation", "NotificationRequestItem.merchantAccountCode", "source_merchant_id"),
    *("data.object.payment.location_id", "subject.transaction.plan_id"),
)

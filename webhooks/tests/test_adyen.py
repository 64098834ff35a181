"""Adyen's signatures, each of which covers a few values of one notification."""

import json
from typing import Any

import pytest

from webhooks.exceptions import Rejected
from webhooks.providers import PROVIDERS
from webhooks.testing.hostile import as_body
from webhooks.testing.provider_samples import SAMPLES
from webhooks.tests.provider_cases import CASES, NOW

pytestmark = pytest.mark.one_database

ADYEN, CASE = PROVIDERS["adyen"], CASES["adyen"]


def signed() -> dict[str, Any]:
    body = as_body(SAMPLES["adyen"])
    sent, _ = ADYEN.sent(body, ADYEN.sign(body, secret=CASE.secret, now=NOW))
    payload: dict[str, Any] = json.loads(sent)
    return payload


def items_of(payload: dict[str, Any]) -> list[dict[str, Any]]:
    return [each["NotificationRequestItem"] for each in payload["notificationItems"]]


def is_accepted(payload: dict[str, Any]) -> bool:
    try:
        ADYEN.verify(as_body(payload), {}, secrets=[CASE.secret], now=NOW)
    except Rejected:
        return False
    return True


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    "changes",
    [
        {"pspReference": "7914073381342299"},
        {"originalReference": "7914073381342299"},
        {"merchantAccountCode": "Another"},
        {"merchantReference": "order: 2"},
        {"amount": {"value": 1, "currency": "EUR"}},
        {"amount": {"value": 1130, "currency": "USD"}},
        {"amount": {"value": 1130}},
        {"amount": None},
        {"eventCode": "REFUND"},
        {"success": "false"},
        {"success": True},
        {"additionalData": {}},
    ],
    ids=str,
)
def test_one_notification_that_is_not_proven_has_all_refused(
    number: int, changes: dict[str, Any]
) -> None:
    payload = signed()
    assert is_accepted(payload)
    items_of(payload)[number].update(changes)
    assert not is_accepted(payload)


def test_nothing_moves_from_one_signed_value_to_the_next() -> None:
    payload = signed()
    first = items_of(payload)[0]
    # The same text is signed: "…::TestMerchant:order: 1:…".
    first |= {"originalReference": "", "merchantAccountCode": "TestMerchant:order"}
    first["merchantReference"] = " 1"
    assert not is_accepted(payload)


def test_a_signature_is_its_own_notifications() -> None:
    payload = signed()
    first, second = items_of(payload)
    first["additionalData"], second["additionalData"] = (
        second["additionalData"],
        first["additionalData"],
    )
    assert not is_accepted(payload)


@pytest.mark.parametrize("times", [0, 51])
def test_a_delivery_brings_some_notifications_and_not_too_many(times: int) -> None:
    payload = signed()
    payload["notificationItems"] *= times
    assert not is_accepted(payload)

"""Braintree's XML: what is read in it, and what is refused though it is signed."""

import base64
from typing import Any
from urllib.parse import urlencode

import pytest
from braintree import BraintreeGateway, Configuration, Environment, WebhookNotification

from webhooks.exceptions import MalformedEvent
from webhooks.providers import PROVIDERS
from webhooks.tests.provider_cases import CASES, NOW

pytestmark = pytest.mark.one_database

BRAINTREE, CASE = PROVIDERS["braintree"], CASES["braintree"]

ENTITY = "<!DOCTYPE notification [<!ENTITY a 'aaaa'>]>"
BOMB = """<!DOCTYPE notification [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>"""
FILE = '<!DOCTYPE notification [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def read(xml: str) -> Any:
    body = xml.encode()
    sent, headers = BRAINTREE.sent(body, BRAINTREE.sign(body, secret=CASE.secret, now=NOW))
    [event] = BRAINTREE.verify(sent, headers, secrets=[CASE.secret], now=NOW)
    return event


def notification(subject: str, before: str = "") -> str:
    return f"{before}<notification><kind>check</kind><subject>{subject}</subject></notification>"


def test_xml_becomes_the_values_that_json_has() -> None:
    event = read(
        notification(
            """<check type="boolean"> true </check><a-count type="integer">-3</a-count>
            <none nil="true"/><day type="date">2026-01-01</day><text>a &lt; b</text>
            <ids type="array"><item>1</item><item>2</item></ids>
            <twin>1</twin><twin>2</twin><address><city>B</city></address>"""
        )
    )
    assert event.payload["subject"] == {
        "check": True,
        "a_count": -3,
        "none": None,
        "day": "2026-01-01",
        "text": "a < b",
        "ids": ["1", "2"],
        "twin": ["1", "2"],
        "address": {"city": "B"},
    }


@pytest.mark.parametrize(
    "xml",
    [
        *(notification("&a;", before) for before in (ENTITY, BOMB, FILE)),
        notification("<a>" * 200 + "</a>" * 200),
        notification("<a>" * 100_000 + "</a>" * 100_000),
        notification('<a type="integer">' + "1" * 5000 + "</a>"),
        notification('<a type="integer">one</a>'),
        notification("&nbsp;"),
        notification("text").replace("notification", "other"),
        *("", "<notification/>", "<notification>text</notification>", "<notification>"),
    ],
    ids=range(13),
)
def test_what_is_signed_and_no_notification_is_refused(xml: str) -> None:
    with pytest.raises(MalformedEvent):
        read(xml)


def test_a_sample_of_their_package_is_accepted_with_and_without_its_last_line_s_end() -> None:
    public, _, private = CASE.secret.partition(":")
    gateway = BraintreeGateway(Configuration(Environment.Sandbox, "merchant", public, private))
    sample = gateway.webhook_testing.sample_notification(
        WebhookNotification.Kind.SubscriptionChargedSuccessfully, "sub_1", "merchant_1"
    )
    payload = sample["bt_payload"].decode()
    for sent in (payload, payload.removesuffix("\n")):
        form = urlencode({"bt_signature": sample["bt_signature"], "bt_payload": sent}).encode()
        [event] = BRAINTREE.verify(form, {}, secrets=[CASE.other, CASE.secret], now=NOW)
        assert (event.type, event.object_id) == ("subscription_charged_successfully", "sub_1")
        assert event.account == "merchant_1"
        assert event.payload["subject"]["subscription"]["transactions"][0]["amount"] == "49.99"


def test_a_field_is_sent_once() -> None:
    payload = base64.encodebytes(CASE.body)
    proof = BRAINTREE.sign(CASE.body, secret=CASE.secret, now=NOW)
    twice = urlencode([*proof.items(), ("bt_payload", payload), ("bt_payload", b"AAAA")])
    with pytest.raises(Exception, match="twice"):
        BRAINTREE.verify(twice.encode(), {}, secrets=[CASE.secret], now=NOW)
